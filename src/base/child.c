/* src/base/child.c - a program run for its answer: started, watched, ended. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS INT64_C(100) /* how often `stop` is looked at */

extern char **environ;

static int64_t mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- its start ------------------------------------------------------------------------------- */

/* The whole input at once, as a file in memory: a program that reads none of it blocks nobody. */
static int open_input(const char *text)
{
    size_t n = strlen(text);
    int fd = memfd_create("input", MFD_CLOEXEC);

    if (fd >= 0 && write(fd, text, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void set_files(posix_spawn_file_actions_t *files, const ds_child *child, int in_fd,
                      int out_fd)
{
    if (in_fd >= 0)
        posix_spawn_file_actions_adddup2(files, in_fd, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(files, out_fd, STDOUT_FILENO);
    if (child->errors_too)
        posix_spawn_file_actions_adddup2(files, out_fd, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(files, child->dir);
}

static int spawn(const ds_child *child, int in_fd, int out_fd, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all_default;
    char *const *env = child->env ? child->env : environ;
    int failed;

    sigemptyset(&none);
    sigemptyset(&all_default);
    sigaddset(&all_default, SIGPIPE); /* the daemon ignores these two; a program must not */
    sigaddset(&all_default, SIGXFSZ);
    posix_spawn_file_actions_init(&files);
    set_files(&files, child, in_fd, out_fd);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all_default);
    failed = strchr(child->file, '/')
                 ? posix_spawn(pid, child->file, &files, &attr, child->argv, env)
                 : posix_spawnp(pid, child->file, &files, &attr, child->argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return failed;
}

/* ---- its output ------------------------------------------------------------------------------ */

static void take(const ds_child *child, ds_buf *out, const char *block, size_t n)
{
    if (child->discard)
        n = DS_MIN(n, out->max - DS_MIN(out->n + 1, out->max));
    if (n)
        ds_buf_add(out, block, n);
}

/* What is in the pipe now; false: it is closed. A flood is left for the next look. */
static bool drain(const ds_child *child, int fd, ds_buf *out)
{
    char block[4096];
    ssize_t got;
    int looks = 0;

    do {
        got = read(fd, block, sizeof(block));
        if (got > 0)
            take(child, out, block, (size_t)got);
    } while (got > 0 && !out->overflow && ++looks < 64);
    explicit_bzero(block, sizeof(block));
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool stopped(const ds_child *child)
{
    return child->stop && atomic_load(child->stop);
}

/* In how many ms there is something to look at; 0: its time is over. */
static int64_t time_left(const ds_child *child, int64_t *deadline)
{
    int64_t now = mono_ms();

    if (stopped(child))
        *deadline = DS_MIN(*deadline, now + child->grace_ms);
    if (*deadline <= now)
        return 0;
    return child->stop ? DS_MIN(*deadline - now, LOOK_MS) : *deadline - now;
}

static bool out_of_time(const ds_child *child, ds_err *err)
{
    if (stopped(child))
        return ds_fail(err, DS_ERR_CANCELLED, "the command was stopped");
    return ds_fail(err, DS_ERR_PERMANENT, "the command did not end within %lld s",
                   (long long)(child->limit_ms / DS_SECOND_MS));
}

/* Collects until it is gone; false with `err`: it has to be ended. */
static bool collect(const ds_child *child, int pipe_fd, int pid_fd, ds_buf *out, ds_err *err)
{
    int64_t deadline = mono_ms() + child->limit_ms;
    struct pollfd fds[2] = {{.fd = pid_fd, .events = POLLIN}, {.fd = pipe_fd, .events = POLLIN}};

    while (!fds[0].revents && !out->overflow) {
        int64_t left = time_left(child, &deadline);

        if (left <= 0)
            return out_of_time(child, err);
        if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
            return ds_fail(err, DS_ERR_PERMANENT, "the command cannot be waited for: %s",
                           strerror(errno));
        if (fds[1].revents && !drain(child, pipe_fd, out))
            fds[1].fd = -1; /* closed its output; its end is still to come */
    }
    drain(child, pipe_fd, out);
    return !out->overflow || ds_fail(err, DS_ERR_PERMANENT, "the command prints more than %zu KiB",
                                     out->max / DS_KIB);
}

/* ---- its end --------------------------------------------------------------------------------- */

static bool ended_well(bool known, int status, ds_err *err)
{
    if (!known)
        return ds_fail(err, DS_ERR_PERMANENT, "how the command ended is not known: %s",
                       strerror(errno));
    if (WIFSIGNALED(status))
        return ds_fail(err, DS_ERR_PERMANENT, "the command was ended by signal %d",
                       WTERMSIG(status));
    if (WEXITSTATUS(status))
        return ds_fail(err, DS_ERR_PERMANENT, "the command failed with exit code %d",
                       WEXITSTATUS(status));
    return true;
}

static bool watch(const ds_child *child, pid_t pid, int pipe_fd, ds_buf *out, ds_err *err)
{
    int pid_fd = pidfd_open(pid, 0), status = 0;
    pid_t ended;
    bool ok = pid_fd >= 0 ? collect(child, pipe_fd, pid_fd, out, err)
                          : ds_fail(err, DS_ERR_PERMANENT,
                                    "the command cannot be watched: this needs Linux 5.3 or newer");

    if (!ok)
        kill(-pid, SIGKILL);
    if (pid_fd >= 0)
        close(pid_fd);
    while ((ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        ;
    return ok && ended_well(ended == pid, status, err);
}

bool ds_child_run(const ds_child *child, ds_buf *out, ds_err *err)
{
    int ends[2], failed, in_fd = -1;
    pid_t pid;
    bool ok;

    if (child->input && (in_fd = open_input(child->input)) < 0)
        return ds_fail(err, DS_ERR_PERMANENT, "no input for the command: %s", strerror(errno));
    if (pipe2(ends, O_CLOEXEC)) {
        ds_fail(err, DS_ERR_PERMANENT, "no pipe for the command: %s", strerror(errno));
        if (in_fd >= 0)
            close(in_fd);
        return false;
    }
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK); /* our end only; a pipe of ours takes it */
    failed = spawn(child, in_fd, ends[1], &pid);
    close(ends[1]);
    if (in_fd >= 0)
        close(in_fd);
    ok = failed
             ? ds_fail(err, DS_ERR_PERMANENT, "the command cannot be started: %s", strerror(failed))
             : watch(child, pid, ends[0], out, err);
    close(ends[0]);
    return ok;
}
