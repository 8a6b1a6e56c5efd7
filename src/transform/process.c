/* src/transform/process.c
 *
 * Starting and watching a worker.  Its limit is in processor time: on a busy machine a record that
 * waits for its turn is not one that takes long.  Which record it is at stands in a page that both
 * share, so a look now and then costs no message.
 */
#include "transform/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 25              /* how often it is looked at while it works */
#define STILL_MS INT64_C(60000) /* no step and no processor time for so long: lost */
#define KEPT_BYTES (4 * DS_MIB) /* of a buffer, for the next batch */
#define AWAY_FD 64              /* out of the way of the worker's own numbers */

struct ds_jq_process {
    pid_t pid;
    clockid_t cpu;
    int fd;
    ds_watch *watch;
    ds_buf out, in;
    size_t sent, used; /* bytes of `out` that are gone; of `in` that were given away */
    int status;        /* of waitpid, once reaped */
    bool reaped;
};

typedef struct sight { /* what was seen of it at the last change */
    uint32_t at;
    int64_t cpu_us, mono_us;
} sight;

/* ---- starting -------------------------------------------------------------------------------- */

static int watch_page(ds_watch **watch)
{
    int fd = memfd_create("durable-sync-jq", MFD_CLOEXEC);

    if (fd < 0)
        return -1;
    *watch = MAP_FAILED;
    if (ftruncate(fd, sizeof(**watch)) == 0)
        *watch = mmap(NULL, sizeof(**watch), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (*watch != MAP_FAILED)
        return fd;
    close(fd);
    return -1;
}

/* The descriptors at the worker's numbers, and nothing else of ours. */
static int spawn(const char *path, int socket_fd, int watch_fd, pid_t *pid)
{
    char name[] = "durable-sync-jq", *const argv[] = {name, NULL}, *const nothing[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int failed;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, socket_fd, DS_WIRE_SOCKET);
    posix_spawn_file_actions_adddup2(&files, watch_fd, DS_WIRE_WATCH);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addchdir_np(&files, "/");
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    failed = posix_spawn(pid, path, &files, &attr, argv, nothing);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return failed;
}

/* A copy out of the way, so that no dup2 in the child lands on the other's number. */
static int away(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, AWAY_FD);

    close(fd);
    return copy;
}

static bool fail_start(const char *path, int number, ds_err *err)
{
    bool settled = number == ENOENT || number == EACCES || number == ENOEXEC;

    return ds_fail(err, settled ? DS_ERR_CONFIG : DS_ERR_TRANSIENT,
                   "the transform worker %s cannot be started: %s%s", path, strerror(number),
                   number == ENOENT ? "; install durable-sync whole" : "");
}

static ds_jq_process *start(const char *path, int fds[2], int watch_fd, ds_watch *watch,
                            ds_err *err)
{
    ds_jq_process *p;
    pid_t pid;
    int failed = spawn(path, fds[1], watch_fd, &pid);

    if (failed) {
        fail_start(path, failed, err);
        return NULL;
    }
    p = ds_calloc(1, sizeof(*p));
    p->pid = pid;
    p->fd = fds[0];
    p->watch = watch;
    ds_buf_init(&p->out, DS_WIRE_FRAME_MAX + DS_WIRE_HEAD);
    ds_buf_init(&p->in, DS_WIRE_FRAME_MAX + DS_WIRE_HEAD);
    (void)clock_getcpuclockid(pid, &p->cpu);
    return p;
}

ds_jq_process *ds_jq_start(const char *path, ds_err *err)
{
    ds_jq_process *p = NULL;
    ds_watch *watch;
    int fds[2], watch_fd = watch_page(&watch);

    if (watch_fd < 0) {
        fail_start(path, errno, err);
        return NULL;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0) {
        watch_fd = away(watch_fd);
        fds[1] = away(fds[1]);
        p = watch_fd < 0 || fds[1] < 0 || fcntl(fds[0], F_SETFL, O_NONBLOCK)
                ? NULL
                : start(path, fds, watch_fd, watch, err);
        if (!p && err->kind == DS_ERR_NONE)
            fail_start(path, errno, err);
        if (!p)
            close(fds[0]);
        if (fds[1] >= 0)
            close(fds[1]);
    } else {
        fail_start(path, errno, err);
    }
    if (watch_fd >= 0)
        close(watch_fd);
    if (!p)
        munmap(watch, sizeof(*watch));
    return p;
}

static void reap(ds_jq_process *p)
{
    while (!p->reaped && waitpid(p->pid, &p->status, 0) < 0 && errno == EINTR)
        ;
    p->reaped = true;
}

void ds_jq_stop(ds_jq_process *p)
{
    if (!p)
        return;
    if (!p->reaped)
        kill(p->pid, SIGKILL);
    reap(p);
    close(p->fd);
    munmap(p->watch, sizeof(*p->watch));
    ds_buf_fini(&p->out);
    ds_buf_fini(&p->in);
    free(p);
}

/* ---- watching -------------------------------------------------------------------------------- */

static int64_t clock_us(clockid_t which)
{
    struct timespec now = {0};

    clock_gettime(which, &now); /* of a process that is gone: 0, and its end is seen elsewhere */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint32_t ds_jq_at(const ds_jq_process *p)
{
    return atomic_load(&p->watch->at);
}

static sight look(const ds_jq_process *p)
{
    return (sight){ds_jq_at(p), clock_us(p->cpu), clock_us(CLOCK_MONOTONIC)};
}

/* Nothing came for a moment: is it still at what it was at? DS_JQ_FRAME: all is well. */
static ds_jq_end judge(const ds_jq_process *p, sight *last, int64_t limit_ms)
{
    sight now = look(p);

    if (now.at != last->at) {
        *last = now;
        return DS_JQ_FRAME;
    }
    if (now.cpu_us - last->cpu_us > limit_ms * 1000)
        return DS_JQ_TOO_LONG;
    if (now.mono_us - last->mono_us > STILL_MS * 1000)
        return DS_JQ_LOST;
    return DS_JQ_FRAME;
}

int ds_jq_signal(ds_jq_process *p)
{
    return p->reaped && WIFSIGNALED(p->status) ? WTERMSIG(p->status) : 0;
}

/* Its end of the socket is closed: what became of it? */
static ds_jq_end autopsy(ds_jq_process *p)
{
    kill(p->pid, SIGKILL); /* it may have closed the socket alone */
    reap(p);
    if (atomic_load(&p->watch->no_memory))
        return DS_JQ_NO_MEMORY;
    if (WIFEXITED(p->status) && WEXITSTATUS(p->status) == DS_WIRE_SPENT && !ds_jq_at(p))
        return DS_JQ_SPENT;
    switch (ds_jq_signal(p)) {
    case SIGXCPU:
    case SIGKILL: /* the kernel out of memory, or somebody */
        return DS_JQ_LOST;
    default:
        return DS_JQ_CRASHED;
    }
}

/* ---- talking --------------------------------------------------------------------------------- */

ds_buf *ds_jq_out(ds_jq_process *p)
{
    if (p->out.cap > KEPT_BYTES)
        ds_buf_fini(&p->out);
    ds_buf_clear(&p->out);
    p->sent = 0;
    return &p->out;
}

static bool would_wait(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* false: the other end is gone. */
static bool push(ds_jq_process *p)
{
    ssize_t put = send(p->fd, p->out.data + p->sent, p->out.n - p->sent, MSG_NOSIGNAL);

    if (put >= 0)
        p->sent += (size_t)put;
    return put >= 0 || would_wait();
}

static bool pull(ds_jq_process *p)
{
    char block[64 * 1024];
    ssize_t got = recv(p->fd, block, sizeof(block), 0);

    if (got > 0)
        ds_buf_add(&p->in, block, (size_t)got);
    return got > 0 || (got < 0 && would_wait());
}

/* false: it is not whole yet, or (*bad) will never be. */
static bool take_frame(ds_jq_process *p, uint32_t *type, ds_wire_in *frame, bool *bad)
{
    ds_wire_in in = {.at = p->in.data + p->used, .left = p->in.n - p->used};
    uint32_t n = ds_wire_u32(&in);

    *type = ds_wire_u32(&in);
    *bad = p->in.overflow || (!in.bad && n > DS_WIRE_FRAME_MAX);
    if (*bad || in.bad || in.left < n)
        return false;
    *frame = (ds_wire_in){.at = in.at, .left = n};
    p->used += DS_WIRE_HEAD + n;
    return true;
}

/* What was given away is no longer needed. */
static void drop_used(ds_jq_process *p)
{
    size_t left = p->in.n - p->used;

    if (!p->used)
        return;
    memmove(p->in.data, p->in.data + p->used, left);
    p->in.n = left;
    p->used = 0;
    if (!left && p->in.cap > KEPT_BYTES)
        ds_buf_fini(&p->in);
}

ds_jq_end ds_jq_exchange(ds_jq_process *p, ds_activity *act, int64_t limit_ms, uint32_t *type,
                         ds_wire_in *frame)
{
    sight last = look(p);

    drop_used(p);
    for (;;) {
        struct pollfd fd = {.fd = p->fd, .events = POLLIN};
        bool bad, open = true;
        ds_jq_end verdict;

        if (take_frame(p, type, frame, &bad))
            return DS_JQ_FRAME;
        if (bad)
            return DS_JQ_GARBAGE;
        if (act && ds_activity_stopping(act))
            return DS_JQ_STOPPED;
        if (p->sent < p->out.n)
            fd.events |= POLLOUT;
        if (poll(&fd, 1, LOOK_MS) > 0) {
            if (fd.revents & POLLOUT)
                open = push(p);
            if (fd.revents & (POLLIN | POLLHUP | POLLERR))
                open = pull(p);
        }
        if (!open)
            return autopsy(p);
        verdict = judge(p, &last, limit_ms);
        if (verdict != DS_JQ_FRAME)
            return verdict;
    }
}
