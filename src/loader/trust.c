/* src/loader/trust.c - one step of a path at a time, each judged by its descriptor. */
#include "loader/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as many as Linux follows itself */

typedef struct walk {
    int fd; /* where we are; a path only, good for nothing but going on */
    char rest[PATH_MAX];
    int links;
    ds_trust_end end;
    const ds_trust *also;
    ds_err *err;
} walk;

/* What a descriptor stands for, as a path for people. */
static const char *name_of(int fd, char out[PATH_MAX])
{
    char link[64];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, out, PATH_MAX - 1);
    out[n > 0 ? n : 0] = '\0';
    return n > 0 ? out : "it";
}

static bool may_own(const ds_trust *also, uid_t uid)
{
    return uid == 0 || uid == geteuid() || (also && uid == also->uid);
}

static bool others_write(const ds_trust *also, const struct stat *st)
{
    if (st->st_mode & S_IWOTH)
        return true;
    return (st->st_mode & S_IWGRP) && !(also && also->group && st->st_gid == also->gid);
}

static bool judge(const walk *w, int fd, const struct stat *st, bool last)
{
    char name[PATH_MAX];

    if (!may_own(w->also, st->st_uid))
        return ds_fail(w->err, DS_ERR_CONFIG,
                       "%.300s belongs to user %u, who could put any code there; only root or "
                       "user %u may own it",
                       name_of(fd, name), st->st_uid, geteuid());
    if (S_ISLNK(st->st_mode) || (!last && (st->st_mode & S_ISVTX)))
        return true;
    if (others_write(w->also, st))
        return ds_fail(w->err, DS_ERR_CONFIG,
                       "%.300s may be written by others (mode %03o), who could put any code there; "
                       "chmod go-w",
                       name_of(fd, name), st->st_mode & 0777U);
    return true;
}

static void go_to(walk *w, int fd)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = fd;
}

static bool go_to_root(walk *w)
{
    struct stat st;

    go_to(w, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (w->fd < 0 || fstat(w->fd, &st) != 0)
        return ds_fail(w->err, DS_ERR_CONFIG, "/: %s", strerror(errno));
    return judge(w, w->fd, &st, false);
}

/* Takes the first name off what is left of the path; false: nothing is left. */
static bool next_name(walk *w, char name[NAME_MAX + 1], bool *last)
{
    size_t start = strspn(w->rest, "/"), n = strcspn(w->rest + start, "/");
    size_t after = start + n + strspn(w->rest + start + n, "/");

    if (n == 0)
        return false;
    n = DS_MIN(n, (size_t)NAME_MAX); /* a longer one does not exist, cut or not */
    memcpy(name, w->rest + start, n);
    name[n] = '\0';
    *last = w->rest[after] == '\0';
    memmove(w->rest, w->rest + after, strlen(w->rest + after) + 1);
    return true;
}

static bool follow(walk *w, int link)
{
    char target[PATH_MAX], whole[PATH_MAX];
    ssize_t n = readlinkat(link, "", target, sizeof target - 1);

    close(link);
    if (n <= 0 || ++w->links > LINKS_MAX)
        return ds_fail(w->err, DS_ERR_CONFIG, "too many symbolic links");
    target[n] = '\0';
    if (snprintf(whole, sizeof whole, "%s%s%s", target, *w->rest ? "/" : "", w->rest) >=
        (int)sizeof whole)
        return ds_fail(w->err, DS_ERR_CONFIG, "%s", strerror(ENAMETOOLONG));
    memcpy(w->rest, whole, strlen(whole) + 1);
    return *target != '/' || go_to_root(w);
}

static bool right_kind(const walk *w, const struct stat *st, bool last)
{
    if (!last) /* a file on the way: what is looked for below it is not there */
        return S_ISDIR(st->st_mode);
    if (w->end == DS_TRUST_FOLDER)
        return S_ISDIR(st->st_mode) || ds_fail(w->err, DS_ERR_CONFIG, "%s", strerror(ENOTDIR));
    return S_ISREG(st->st_mode) || ds_fail(w->err, DS_ERR_CONFIG, "it is no regular file");
}

static bool step(walk *w, const char *name, bool last)
{
    int fd = openat(w->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 && errno == ENOENT && w->links == 0)
        return false; /* with no error: it is not there */
    if (fd < 0 && errno == ENOENT)
        return ds_fail(w->err, DS_ERR_CONFIG, "a symbolic link that leads nowhere");
    if (fd < 0 || fstat(fd, &st) != 0) {
        ds_fail(w->err, DS_ERR_CONFIG, "%s", strerror(errno));
    } else if (S_ISLNK(st.st_mode)) {
        if (judge(w, fd, &st, last))
            return follow(w, fd);
    } else if (right_kind(w, &st, last) && judge(w, fd, &st, last)) {
        go_to(w, fd);
        return true;
    }
    if (fd >= 0)
        close(fd);
    return false;
}

/* What was judged may be read now: the same thing again, by its descriptor. */
static int open_to_read(const walk *w)
{
    char link[64];
    int fd;

    snprintf(link, sizeof link, "/proc/self/fd/%d", w->fd);
    fd = open(link, O_RDONLY | O_CLOEXEC | (w->end == DS_TRUST_FOLDER ? O_DIRECTORY : 0));
    if (fd < 0)
        ds_fail(w->err, DS_ERR_CONFIG, "%s%s", strerror(errno),
                errno == ENOENT ? "; is /proc mounted?" : "");
    return fd;
}

int ds_trust_open(int from, const char *path, ds_trust_end end, const ds_trust *also, ds_err *err)
{
    walk w = {.fd = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, 0),
              .end = end,
              .also = also,
              .err = err};
    char name[NAME_MAX + 1];
    bool ok = true, last;
    int fd = -1;

    if (snprintf(w.rest, sizeof w.rest, "%s", path) >= (int)sizeof w.rest)
        ok = ds_fail(err, DS_ERR_CONFIG, "%s", strerror(ENAMETOOLONG));
    else if (from < 0)
        ok = go_to_root(&w);
    while (ok && next_name(&w, name, &last))
        ok = step(&w, name, last);
    if (ok)
        fd = open_to_read(&w);
    if (w.fd >= 0)
        close(w.fd);
    return fd;
}
