/* tests/support/faults.c
 *
 * Loaded before everything else (LD_PRELOAD), it makes one chosen call of the real program fail:
 * the n-th of its group, counted over all threads.  Programs that the program starts are left
 * alone.
 *
 *   DS_FAULT_PROGRAM  the program that counts, as /proc/self/exe says it
 *   DS_FAULT_CALL     write fsync truncate rename unlink create open connect send recv mmap malloc
 *                     start (a thread or a process)
 *   DS_FAULT_AT       which one, from 1; 0 only counts
 *   DS_FAULT_HOW      an errno's number; "short": half of what was given, or there was room for;
 *                     "end": the other end has nothing more to say; "lost": the connection is
 *   DS_FAULT_FILE     calls count for files alone whose name begins like that; unset: for all
 *   DS_FAULT_REPORT   a file of sizeof(report) bytes, mapped: what it says outlives an abort
 *
 * It watches one rule by itself: what a sync refused once is not synced again by the same process
 * as if nothing had been, since the kernel may have dropped the pages and call them clean.
 */
#undef _FILE_OFFSET_BITS /* with it each name here would mean its twin of 64 bits */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define REFUSED_MAX 16

typedef struct report {
    _Atomic int64_t seen;      /* calls of the group */
    _Atomic int64_t fired;     /* that were made to fail */
    _Atomic int64_t again;     /* syncs of a file whose sync had failed */
    _Atomic int64_t unwritten; /* those of them with nothing written to it in between */
    char what[480];            /* the file that was meant */
} report;

static struct {
    const char *call; /* NULL: nothing is done */
    const char *file; /* NULL: any */
    int64_t at;
    int code;
    bool cut, ends, lost;
    report *out;
    struct {
        dev_t dev;
        ino_t ino;
        atomic_bool written; /* since then */
    } refused[REFUSED_MAX];
    _Atomic int refused_n;
} f;

static void name_file(int fd, char *out, size_t size)
{
    char link[64];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
}

static bool is_meant(int fd, const char *path)
{
    char there[4096];
    const char *slash;

    if (!path) {
        name_file(fd, there, sizeof there);
        path = there;
    }
    slash = strrchr(path, '/');
    return strncmp(slash ? slash + 1 : path, f.file, strlen(f.file)) == 0;
}

/* The next call of this group: is it the one? Sets errno. */
static bool strikes(const char *call, int fd, const char *path)
{
    if (!f.call || strcmp(f.call, call) != 0 || (fd >= 0 && fd <= STDERR_FILENO))
        return false;
    if (f.file && !is_meant(fd, path))
        return false;
    if (atomic_fetch_add(&f.out->seen, 1) + 1 != f.at)
        return false;
    atomic_fetch_add(&f.out->fired, 1);
    if (path)
        snprintf(f.out->what, sizeof f.out->what, "%s", path);
    else if (fd >= 0)
        name_file(fd, f.out->what, sizeof f.out->what);
    errno = f.code;
    return true;
}

__attribute__((constructor)) static void begin(void)
{
    const char *program = getenv("DS_FAULT_PROGRAM"), *path = getenv("DS_FAULT_REPORT");
    const char *call = getenv("DS_FAULT_CALL"), *at = getenv("DS_FAULT_AT"),
               *how = getenv("DS_FAULT_HOW");
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    int fd;

    self[n > 0 ? n : 0] = '\0';
    if (!program || !path || !call || !at || !how || strcmp(self, program) != 0)
        return;
    fd = open(path, O_RDWR | O_CLOEXEC);
    f.out = mmap(NULL, sizeof(report), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || f.out == MAP_FAILED) {
        fprintf(stderr, "faults: %s cannot be mapped\n", path);
        _exit(99);
    }
    close(fd);
    f.at = atoll(at);
    f.file = getenv("DS_FAULT_FILE");
    f.cut = strcmp(how, "short") == 0;
    f.ends = strcmp(how, "end") == 0;
    f.lost = strcmp(how, "lost") == 0;
    f.code = f.lost ? ECONNRESET : f.cut || f.ends ? 0 : atoi(how);
    f.call = call;
}

/* The function behind ours, looked up once. */
#define NEXT(name) ((__typeof__(&name))next_of(&(static_##name), #name))
#define HOLD(name) static _Atomic(void *) static_##name

static void *next_of(_Atomic(void *) *held, const char *name)
{
    void *found = atomic_load(held);

    if (!found) {
        found = dlsym(RTLD_NEXT, name);
        if (!found)
            _exit(99);
        atomic_store(held, found);
    }
    return found;
}

/* The place of a file in the list of those whose sync failed; -1: it is not there. */
static int was_refused(int fd, struct stat *st)
{
    if (fstat(fd, st) != 0)
        return -1;
    for (int i = 0; i < atomic_load(&f.refused_n) && i < REFUSED_MAX; i++)
        if (f.refused[i].dev == st->st_dev && f.refused[i].ino == st->st_ino)
            return i;
    return -1;
}

static void note_written(int fd)
{
    struct stat st;
    int saved = errno, at = atomic_load(&f.refused_n) ? was_refused(fd, &st) : -1;

    if (at >= 0)
        atomic_store(&f.refused[at].written, true);
    errno = saved;
}

/* ---- writing --------------------------------------------------------------------------------- */

HOLD(write);
HOLD(pwrite);
HOLD(pwrite64);
HOLD(writev);

/* How much of n bytes may go out; 0: the call fails. */
static size_t allowed(int fd, size_t n)
{
    note_written(fd);
    if (!strikes("write", fd, NULL))
        return n;
    return f.cut ? (n + 1) / 2 : 0;
}

EXPORT ssize_t write(int fd, const void *from, size_t n)
{
    size_t some = allowed(fd, n);

    return some || !n ? NEXT(write)(fd, from, some) : -1;
}

EXPORT ssize_t pwrite(int fd, const void *from, size_t n, off_t at)
{
    size_t some = allowed(fd, n);

    return some || !n ? NEXT(pwrite)(fd, from, some, at) : -1;
}

EXPORT ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at)
{
    size_t some = allowed(fd, n);

    return some || !n ? NEXT(pwrite64)(fd, from, some, at) : -1;
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int n)
{
    note_written(fd);
    return strikes("write", fd, NULL) && !f.cut ? -1 : NEXT(writev)(fd, parts, n);
}

/* ---- making durable -------------------------------------------------------------------------- */

HOLD(fsync);
HOLD(fdatasync);

static bool sync_fails(int fd)
{
    struct stat st;
    int n;

    if (!f.call || strcmp(f.call, "fsync") != 0)
        return false;
    n = was_refused(fd, &st);
    if (n >= 0) {
        atomic_fetch_add(&f.out->again, S_ISREG(st.st_mode));
        atomic_fetch_add(&f.out->unwritten, S_ISREG(st.st_mode) && !f.refused[n].written);
        return false;
    }
    if (!strikes("fsync", fd, NULL))
        return false;
    n = atomic_fetch_add(&f.refused_n, 1);
    if (n < REFUSED_MAX) {
        f.refused[n].dev = st.st_dev;
        f.refused[n].ino = st.st_ino;
    }
    errno = f.code;
    return true;
}

EXPORT int fsync(int fd)
{
    return sync_fails(fd) ? -1 : NEXT(fsync)(fd);
}

EXPORT int fdatasync(int fd)
{
    return sync_fails(fd) ? -1 : NEXT(fdatasync)(fd);
}

/* ---- names and sizes ------------------------------------------------------------------------- */

HOLD(ftruncate);
HOLD(ftruncate64);
HOLD(rename);
HOLD(link);
HOLD(unlink);

EXPORT int ftruncate(int fd, off_t n)
{
    note_written(fd);
    return strikes("truncate", fd, NULL) ? -1 : NEXT(ftruncate)(fd, n);
}

EXPORT int ftruncate64(int fd, off64_t n)
{
    note_written(fd);
    return strikes("truncate", fd, NULL) ? -1 : NEXT(ftruncate64)(fd, n);
}

EXPORT int rename(const char *from, const char *to)
{
    return strikes("rename", -1, to) ? -1 : NEXT(rename)(from, to);
}

EXPORT int link(const char *from, const char *to)
{
    return strikes("rename", -1, to) ? -1 : NEXT(link)(from, to);
}

EXPORT int unlink(const char *path)
{
    return strikes("unlink", -1, path) ? -1 : NEXT(unlink)(path);
}

/* ---- opening --------------------------------------------------------------------------------- */

HOLD(open);
HOLD(open64);
HOLD(openat);
HOLD(openat64);

static bool open_fails(const char *path, int flags)
{
    return strikes(flags & O_CREAT ? "create" : "open", -1, path);
}

static mode_t mode_of(int flags, va_list more)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
    EXPORT int name(const char *path, int flags, ...)                                              \
    {                                                                                              \
        va_list more;                                                                              \
                                                                                                   \
        va_start(more, flags);                                                                     \
        mode_t mode = mode_of(flags, more);                                                        \
        va_end(more);                                                                              \
        return open_fails(path, flags) ? -1 : NEXT(name)(path, flags, mode);                       \
    }
#define OPENAT(name)                                                                               \
    EXPORT int name(int folder, const char *path, int flags, ...)                                  \
    {                                                                                              \
        va_list more;                                                                              \
                                                                                                   \
        va_start(more, flags);                                                                     \
        mode_t mode = mode_of(flags, more);                                                        \
        va_end(more);                                                                              \
        return open_fails(path, flags) ? -1 : NEXT(name)(folder, path, flags, mode);               \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* ---- talking --------------------------------------------------------------------------------- */

HOLD(connect);
HOLD(send);
HOLD(recv);

EXPORT int connect(int fd, const struct sockaddr *to, socklen_t n)
{
    return strikes("connect", fd, NULL) ? -1 : NEXT(connect)(fd, to, n);
}

/* For both ends, and for each call that comes behind. */
static void lose(int fd)
{
    int saved = errno;

    if (f.lost)
        (void)shutdown(fd, SHUT_RDWR);
    errno = saved;
}

EXPORT ssize_t send(int fd, const void *from, size_t n, int flags)
{
    if (!strikes("send", fd, NULL))
        return NEXT(send)(fd, from, n, flags);
    lose(fd);
    return f.cut && n ? NEXT(send)(fd, from, (n + 1) / 2, flags) : -1;
}

EXPORT ssize_t recv(int fd, void *to, size_t n, int flags)
{
    if (!strikes("recv", fd, NULL))
        return NEXT(recv)(fd, to, n, flags);
    lose(fd);
    if (f.cut && n)
        return NEXT(recv)(fd, to, (n + 1) / 2, flags);
    return f.ends ? 0 : -1;
}

/* ---- threads and processes ------------------------------------------------------------------- */

HOLD(pthread_create);
HOLD(posix_spawn);

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *arg),
                          void *arg)
{
    return strikes("start", -1, NULL) ? f.code : NEXT(pthread_create)(thread, attr, run, arg);
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
                       const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
    return strikes("start", -1, path) ? f.code
                                      : NEXT(posix_spawn)(pid, path, files, attr, argv, envp);
}

/* ---- memory ---------------------------------------------------------------------------------- */

HOLD(mmap);
HOLD(mmap64);

EXPORT void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t from)
{
    return strikes("mmap", fd, NULL) ? MAP_FAILED : NEXT(mmap)(at, n, prot, flags, fd, from);
}

EXPORT void *mmap64(void *at, size_t n, int prot, int flags, int fd, off64_t from)
{
    return strikes("mmap", fd, NULL) ? MAP_FAILED : NEXT(mmap64)(at, n, prot, flags, fd, from);
}

#ifdef WITH_MALLOC /* a sanitizer has an allocator of its own */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *block, size_t n);

EXPORT void *malloc(size_t n)
{
    return strikes("malloc", -1, NULL) ? NULL : __libc_malloc(n);
}

EXPORT void *calloc(size_t n, size_t size)
{
    return strikes("malloc", -1, NULL) ? NULL : __libc_calloc(n, size);
}

EXPORT void *realloc(void *block, size_t n)
{
    return strikes("malloc", -1, NULL) ? NULL : __libc_realloc(block, n);
}
#endif
