/* src/config/command.c
 *
 * ${command:...}: what a shell command prints, with a limit in time and bytes.  The command runs in
 * a process group of its own, so that at the limit all it started goes with it.
 */
#include "config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int spawn_shell(const char *command, const char *dir, int out_fd, pid_t *pid)
{
    char shell[] = "sh", option[] = "-c", *text = ds_strdup(command);
    char *const argv[] = {shell, option, text, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all_default;
    int failed;

    sigemptyset(&none);
    sigemptyset(&all_default);
    sigaddset(&all_default, SIGPIPE); /* the daemon ignores these two; a shell must not */
    sigaddset(&all_default, SIGXFSZ);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
    posix_spawn_file_actions_addchdir_np(&files, dir);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all_default);
    failed = posix_spawn(pid, "/bin/sh", &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    explicit_bzero(text, strlen(text));
    free(text);
    return failed;
}

/* What is in the pipe now; false: it is closed. */
static bool drain(int fd, ds_buf *out)
{
    char block[4096];
    ssize_t got;

    do {
        got = read(fd, block, sizeof(block));
        if (got > 0)
            ds_buf_add(out, block, (size_t)got);
    } while (got > 0 && !out->overflow);
    explicit_bzero(block, sizeof(block));
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Collects until the shell is gone; false with `err`: it has to be ended. */
static bool collect(int pipe_fd, int pid_fd, int64_t limit_ms, ds_buf *out, ds_err *err)
{
    int64_t deadline = mono_ms() + limit_ms;
    struct pollfd fds[2] = {{.fd = pid_fd, .events = POLLIN}, {.fd = pipe_fd, .events = POLLIN}};

    while (!fds[0].revents && !out->overflow) {
        int64_t left = deadline - mono_ms();

        if (left <= 0)
            return ds_fail(err, DS_ERR_CONFIG, "the command did not end within %lld s",
                           (long long)(limit_ms / DS_SECOND_MS));
        if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
            return ds_fail(err, DS_ERR_CONFIG, "the command cannot be waited for: %s",
                           strerror(errno));
        if (fds[1].revents && !drain(pipe_fd, out))
            fds[1].fd = -1; /* closed its output; its end is still to come */
    }
    drain(pipe_fd, out);
    return !out->overflow || ds_fail(err, DS_ERR_CONFIG, "the command prints more than 64 KiB");
}

static bool ended_well(bool known, int status, ds_err *err)
{
    if (!known)
        return ds_fail(err, DS_ERR_CONFIG, "how the command ended is not known: %s",
                       strerror(errno));
    if (WIFSIGNALED(status))
        return ds_fail(err, DS_ERR_CONFIG, "the command was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status))
        return ds_fail(err, DS_ERR_CONFIG, "the command failed with exit code %d",
                       WEXITSTATUS(status));
    return true;
}

bool ds_command_read(const char *command, const char *dir, int64_t limit_ms, ds_buf *out,
                     ds_err *err)
{
    int ends[2], failed, pid_fd, status = 0;
    bool ok;
    pid_t pid, ended;

    if (pipe2(ends, O_CLOEXEC))
        return ds_fail(err, DS_ERR_CONFIG, "no pipe for the command: %s", strerror(errno));
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK); /* our end only; a pipe of ours takes it */
    failed = spawn_shell(command, dir, ends[1], &pid);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        return ds_fail(err, DS_ERR_CONFIG, "the command cannot be started: %s", strerror(failed));
    }
    pid_fd = pidfd_open(pid, 0);
    ok = pid_fd >= 0 ? collect(ends[0], pid_fd, limit_ms, out, err)
                     : ds_fail(err, DS_ERR_CONFIG,
                               "the command cannot be watched: this needs Linux 5.3 or newer");
    if (!ok)
        kill(-pid, SIGKILL);
    close(ends[0]);
    if (pid_fd >= 0)
        close(pid_fd);
    while ((ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        ;
    return ok && ended_well(ended == pid, status, err);
}
