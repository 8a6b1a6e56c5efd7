/* src/schedule/zone_file.c - zones by name: below the system's directory, or the machine's own. */
#include "schedule/zone.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONE_BYTES_MAX (256 * DS_KIB)
#define NAMES_BYTES_MAX (1 * DS_MIB)
#define NAMES_MAX ((size_t)2000)
#define NAME_BYTES_MAX ((size_t)64)

static bool read_all(int fd, ds_buf *out)
{
    char block[4096];
    ssize_t got;

    while ((got = read(fd, block, sizeof(block))) > 0 && !out->overflow)
        ds_buf_add(out, block, (size_t)got);
    return got >= 0;
}

/* errno tells why not. */
static bool read_file(const char *path, ds_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), why;
    struct stat st;
    bool ok;

    if (fd < 0)
        return false;
    ok = fstat(fd, &st) == 0;
    if (ok && !S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        ok = false;
    }
    ok = ok && read_all(fd, out);
    why = errno;
    close(fd);
    errno = why;
    return ok;
}

/* "Europe/Berlin", "Etc/GMT+5": no name that leads out of the directory. */
static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_+-/";
    size_t n = strlen(name);

    return n > 0 && n <= NAME_BYTES_MAX && strspn(name, letters) == n && name[0] != '/' &&
           name[n - 1] != '/';
}

static bool is_utc(const char *name)
{
    return strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0;
}

static const ds_zone *from_file(const char *path, const char *name, ds_arena *a, ds_err *err)
{
    DS_AUTO_BUF(bytes, ZONE_BYTES_MAX);

    if (!read_file(path, &bytes)) {
        ds_fail(err, DS_ERR_CONFIG, "time zone %s: %s: %s", name, path, strerror(errno));
        return NULL;
    }
    if (bytes.overflow) {
        ds_fail(err, DS_ERR_CONFIG, "time zone %s: %s has more than %zu bytes", name, path,
                ZONE_BYTES_MAX);
        return NULL;
    }
    return ds_zone_parse(name, bytes.data ? bytes.data : "", bytes.n, a, err);
}

/* ---- a guess --------------------------------------------------------------------------------- */

/* The name in a line of tzdata.zi: "Z NAME ..." is a zone, "L TARGET NAME" another name of one. */
static const char *name_in_line(const char *line, size_t n, ds_arena *a)
{
    const char *end = line + n, *name = line + 2, *blank;

    if (n < 3 || (line[0] != 'Z' && line[0] != 'L') || line[1] != ' ')
        return NULL;
    blank = memchr(name, ' ', (size_t)(end - name));
    if (line[0] == 'L') {
        if (!blank)
            return NULL;
        name = blank + 1;
        blank = memchr(name, ' ', (size_t)(end - name));
    }
    return ds_arena_strndup(a, name, (size_t)((blank ? blank : end) - name));
}

static const char *nearest_name(const char *dir, const char *name, ds_arena *a)
{
    DS_AUTO_BUF(list, NAMES_BYTES_MAX);
    const char **names = ds_arena_alloc(a, (NAMES_MAX + 1) * sizeof(*names));
    size_t n = 0;

    names[n++] = "UTC";
    if (!read_file(ds_arena_printf(a, "%s/tzdata.zi", dir), &list) || !list.data)
        return ds_nearest(name, names, n);
    for (const char *at = list.data; *at && n < NAMES_MAX;) {
        size_t len = strcspn(at, "\n");
        const char *found = name_in_line(at, len, a);

        if (found)
            names[n++] = found;
        at += len + (at[len] == '\n');
    }
    return ds_nearest(name, names, n);
}

static const ds_zone *unknown(const char *dir, const char *name, ds_arena *a, ds_err *err)
{
    const char *near;

    if (access(dir, F_OK) != 0) {
        ds_fail(
            err, DS_ERR_CONFIG,
            "time zone %s: this machine has no time zones in %s; install the package tzdata, or "
            "take UTC",
            name, dir);
        return NULL;
    }
    near = nearest_name(dir, name, a);
    ds_fail(err, DS_ERR_CONFIG, "there is no time zone \"%s\"%s%s%s", name,
            near ? "; did you mean \"" : " (a name is such as Europe/Berlin)", near ? near : "",
            near ? "\"?" : "");
    return NULL;
}

/* ---- by name, and the machine's own ---------------------------------------------------------- */

static bool is_no_file(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR;
    return S_ISDIR(st.st_mode); /* "Europe" */
}

const ds_zone *ds_zone_named(const char *dir, const char *name, ds_arena *a, ds_err *err)
{
    const char *path;

    if (is_utc(name))
        return ds_zone_utc();
    if (!is_name(name)) {
        ds_fail(err, DS_ERR_CONFIG, "\"%.80s\" is no name of a time zone; one is Europe/Berlin",
                name);
        return NULL;
    }
    path = ds_arena_printf(a, "%s/%s", dir, name);
    if (is_no_file(path))
        return unknown(dir, name, a, err);
    return from_file(path, name, a, err);
}

const ds_zone *ds_zone_local(const char *path, ds_arena *a, ds_err *err)
{
    static const char mark[] = "zoneinfo/";
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof(target) - 1);
    const char *name = NULL;

    if (n < 0 && errno == ENOENT)
        return ds_zone_utc();
    if (n > 0) {
        target[n] = '\0';
        name = strstr(target, mark);
        name = name && is_name(name + sizeof(mark) - 1) ? name + sizeof(mark) - 1 : NULL;
    }
    if (name && is_utc(name))
        return ds_zone_utc();
    return from_file(path, name ? name : "local", a, err);
}
