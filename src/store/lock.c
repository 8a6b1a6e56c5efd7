/* src/store/lock.c
 *
 * Locks of the open file description (F_OFD_SETLK): unlike classic record locks they also keep a
 * second opener of the same process out, and no close() elsewhere drops them by accident.
 */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The holder writes its id right after it has the lock; whoever asks in between looks again. */
enum { LOOKS = 200 };

static char *lock_path(const char *store_path)
{
    char *path = NULL;

    if (asprintf(&path, "%s.lock", store_path) < 0)
        ds_out_of_memory(strlen(store_path));
    return path;
}

static pid_t written_pid(int fd)
{
    char text[32];

    for (int i = 0; i < LOOKS; i++) {
        ssize_t n = pread(fd, text, sizeof text - 1, 0);

        text[n > 0 ? n : 0] = '\0';
        long pid = strtol(text, NULL, 10);

        if (pid > 0 && pid <= INT32_MAX && (kill((pid_t)pid, 0) == 0 || errno == EPERM))
            return (pid_t)pid;
        sched_yield();
    }
    return -1;
}

static bool write_pid(int fd)
{
    char text[32];
    ssize_t n = snprintf(text, sizeof text, "%ld\n", (long)getpid()), done = 0;

    if (ftruncate(fd, 0) != 0)
        return false;
    while (done < n) {
        ssize_t put = pwrite(fd, text + done, (size_t)(n - done), done);

        if (put < 0 && errno != EINTR)
            return false;
        done += DS_MAX(put, (ssize_t)0);
    }
    return true;
}

static bool fail_held(const char *store_path, pid_t holder, ds_err *err)
{
    if (holder > 0)
        return ds_fail(err, DS_ERR_CONFIG, "store %s is in use by process %ld", store_path,
                       (long)holder);
    return ds_fail(err, DS_ERR_CONFIG, "store %s is in use by another process", store_path);
}

static bool fail_open(const char *store_path, int number, ds_err *err)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return ds_fail(err, DS_ERR_CONFIG,
                       "store %s: its directory does not exist; create it, or set `store` to "
                       "another path",
                       store_path);
    case EACCES:
    case EPERM:
    case EROFS:
        return ds_fail(err, DS_ERR_CONFIG,
                       "store %s: its directory cannot be written (%s); run this as root or as "
                       "the user it belongs to, or set `store` to another path",
                       store_path, strerror(number));
    case ENOSPC:
    case EDQUOT:
        return ds_fail(err, DS_ERR_TRANSIENT,
                       "store %s: the disk is full; free some space and start again", store_path);
    default:
        return ds_fail(err, DS_ERR_CONFIG, "store %s.lock: %s", store_path, strerror(number));
    }
}

/* It is there, so it is not its directory that keeps us out. */
static bool fail_others(const char *store_path, ds_err *err)
{
    return ds_fail(err, DS_ERR_CONFIG,
                   "store %s: %s.lock belongs to another user, who has run it here; run it as that "
                   "one, or give the store's files to this one (chown)",
                   store_path, store_path);
}

static int take(const char *store_path, pid_t *holder, ds_err *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char *path = lock_path(store_path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int number = errno;
    bool others = fd < 0 && number == EACCES && access(path, F_OK) == 0;

    free(path);
    *holder = 0;
    if (fd < 0) {
        (void)(others ? fail_others(store_path, err) : fail_open(store_path, number, err));
        return -1;
    }
    if (fcntl(fd, F_OFD_SETLK, &whole) == 0 && write_pid(fd))
        return fd;
    number = errno;
    if (number == EAGAIN || number == EACCES) {
        *holder = written_pid(fd);
        fail_held(store_path, *holder, err);
    } else {
        fail_open(store_path, number, err);
    }
    close(fd);
    return -1;
}

/* Who had it took it away with a store of which nothing came: it keeps nobody out any more. */
static bool is_gone(int lock)
{
    struct stat st = {.st_nlink = 1};

    (void)fstat(lock, &st);
    return st.st_nlink == 0;
}

int ds_lock_take(const char *store_path, pid_t *holder, ds_err *err)
{
    int lock;

    while ((lock = take(store_path, holder, err)) >= 0 && is_gone(lock))
        close(lock);
    return lock;
}

void ds_lock_remove(const char *store_path)
{
    char *path = lock_path(store_path);

    (void)unlink(path);
    free(path);
}

void ds_lock_release(int lock)
{
    if (lock < 0)
        return;
    if (ftruncate(lock, 0) != 0) {
        /* an id that is left behind names a process that no longer has the lock: harmless */
    }
    close(lock);
}

pid_t ds_lock_holder(const char *store_path)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char *path = lock_path(store_path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    pid_t holder = 0;

    free(path);
    if (fd < 0)
        return 0;
    if (fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK)
        holder = written_pid(fd);
    close(fd);
    return holder;
}
