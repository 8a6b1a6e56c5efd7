/* tests/unit/test_config_faults.c
 *
 * The system refuses what reading a configuration asks it for: the linker (--wrap) catches the
 * calls.  Each refusal is said with its words, or does not matter and the same comes out.
 */
#include "config_fixture.h"
#include "support/tmpdir.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OF_MACHINE "/etc/durable-sync/durable-sync.yaml"
#define OF_SERVICE "/run/credentials/durable-sync.service"

typedef enum call {
    CALL_NONE,
    CALL_OPEN,
    CALL_READ,
    CALL_FSTAT,
    CALL_PIPE,
    CALL_SPAWN,
    CALL_PIDFD,
    CALL_POLL,
    CALL_WAIT,
    CALL_ZONE,
} call;

static struct {
    call call;
    int number; /* the next one of that call fails with it */
} refused_call;

static const char *there; /* the one path that access() finds; NULL: as it is */

static bool is_refused(call which)
{
    if (refused_call.call != which)
        return false;
    refused_call.call = CALL_NONE;
    errno = refused_call.number;
    return true;
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
    return is_refused(CALL_OPEN) ? -1 : __real_open64(path, flags, 0600);
}

ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n)
{
    return is_refused(CALL_READ) ? -1 : __real_read(fd, to, n);
}

int __real_fstat64(int fd, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st)
{
    return is_refused(CALL_FSTAT) ? -1 : __real_fstat64(fd, st);
}

int __real_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags)
{
    return is_refused(CALL_PIPE) ? -1 : __real_pipe2(ends, flags);
}

int __real_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
                       const posix_spawnattr_t *attr, char *const argv[], char *const env[]);
int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
                       const posix_spawnattr_t *attr, char *const argv[], char *const env[]);
int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
                       const posix_spawnattr_t *attr, char *const argv[], char *const env[])
{
    return is_refused(CALL_SPAWN) ? refused_call.number
                                  : __real_posix_spawn(pid, path, files, attr, argv, env);
}

int __real_pidfd_open(pid_t pid, unsigned flags);
int __wrap_pidfd_open(pid_t pid, unsigned flags);
int __wrap_pidfd_open(pid_t pid, unsigned flags)
{
    return is_refused(CALL_PIDFD) ? -1 : __real_pidfd_open(pid, flags);
}

int __real_poll(struct pollfd *fds, nfds_t n, int ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
    return is_refused(CALL_POLL) ? -1 : __real_poll(fds, n, ms);
}

pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
    return is_refused(CALL_WAIT) ? -1 : __real_waitpid(pid, status, options);
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
    if (!there)
        return __real_access(path, mode);
    errno = ENOENT;
    return strcmp(path, there) == 0 ? 0 : -1;
}

const ds_zone *__real_ds_zone_local(const char *path, ds_arena *a, ds_err *err);
const ds_zone *__wrap_ds_zone_local(const char *path, ds_arena *a, ds_err *err);
const ds_zone *__wrap_ds_zone_local(const char *path, ds_arena *a, ds_err *err)
{
    if (!is_refused(CALL_ZONE))
        return __real_ds_zone_local(path, a, err);
    ds_fail(err, DS_ERR_CONFIG, "time zone cannot be read");
    return NULL;
}

static void refuse(call which, int number)
{
    refused_call.call = which;
    refused_call.number = number;
}

/* ---- a file of its own ----------------------------------------------------------------------- */

static char path_of_file[] = "/tmp/test-config-XXXXXX";

static void put_file(const char *text)
{
    FILE *to = fopen(path_of_file, "w");

    assert_non_null(to);
    fputs(text, to);
    assert_int_equal(fclose(to), 0);
    assert_int_equal(chmod(path_of_file, 0600), 0);
}

static const struct row {
    const char *name;
    call call;
    int number;
    const char *want; /* behind the file's name; NULL: all goes well */
} file_rows[] = {
    {"it may not be opened", CALL_OPEN, EACCES,
     "cannot be read: Permission denied; let the user that runs this read it, and keep secrets in "
     "${credential:NAME} or ${file:PATH}\n"},
    {"no more files may be open", CALL_OPEN, EMFILE, "cannot be read: Too many open files\n"},
    {"the disk does not answer", CALL_READ, EIO, "cannot be read: Input/output error\n"},
    {"a signal comes while it is read", CALL_READ, EINTR, NULL},
};

static void file_row(void **state)
{
    const struct row *row = *state;
    DS_AUTO_BUF(errors, DS_MIB);
    ds_config *config;

    put_file(API("      list_id: l\n      token: t\n"));
    refuse(row->call, row->number);
    config = ds_config_load(path_of_file, &fake_connectors, &errors);
    assert_int_equal(refused_call.call, CALL_NONE);
    if (row->want) {
        assert_null(config);
        assert_string_equal(errors.data,
                            ds_arena_printf(scratch, "%s: %s", path_of_file, row->want));
        return;
    }
    assert_non_null(config);
    ds_config_free(config);
}

/* Who may read it is not known then: a secret that is written out is refused. */
static void a_file_that_cannot_be_looked_at(void **state)
{
    DS_AUTO_BUF(errors, DS_MIB);

    (void)state;
    put_file(API("      list_id: l\n      token: t\n"));
    refuse(CALL_FSTAT, EIO);
    assert_null(ds_config_load(path_of_file, &fake_connectors, &errors));
    assert_int_equal(refused_call.call, CALL_NONE);
    assert_non_null(strstr(errors.data, "token is written out in a file that others may read"));
}

static void names_of_a_file_that_cannot_be_read(void **state)
{
    const char *const *names;

    (void)state;
    put_file(ROUTE(""));
    refuse(CALL_READ, EIO);
    assert_int_equal(ds_config_route_names(path_of_file, scratch, &names), 0);
    assert_int_equal(ds_config_route_names(path_of_file, scratch, &names), 1);
    assert_string_equal(names[0], "r");
}

/* ---- where it is ----------------------------------------------------------------------------- */

static void found_only_for_the_whole_machine(void **state)
{
    (void)state;
    unsetenv("DURABLE_SYNC_CONFIG");
    there = OF_MACHINE;
    assert_string_equal(ds_config_find(NULL, scratch), OF_MACHINE);
    there = "durable-sync.yaml";
    assert_string_equal(ds_config_find(NULL, scratch), "durable-sync.yaml");
    setenv("DURABLE_SYNC_CONFIG", "", 1); /* empty: nothing is named */
    assert_string_equal(ds_config_find(NULL, scratch), "durable-sync.yaml");
    unsetenv("DURABLE_SYNC_CONFIG");
    there = "/nowhere";
    assert_null(ds_config_find(NULL, scratch));
    there = NULL;
}

static void credentials_of_the_service(void **state)
{
    const char *said;

    (void)state;
    there = OF_SERVICE;
    refuse(CALL_OPEN, EACCES);
    said = refused("store: ${credential:db}\n" ROUTE(""));
    there = NULL;
    assert_string_equal(first_line(said),
                        "t.yaml:1:8: ${credential:db}: " OF_SERVICE "/db: Permission denied");
}

/* ---- references ------------------------------------------------------------------------------ */

static const struct reference {
    const char *name, *store;
    call call;
    int number;
    const char *want; /* NULL: the store's path is "/x" */
} reference_rows[] = {
    {"a file that does not answer", "${file:/etc/passwd}", CALL_READ, EIO,
     "${file:/etc/passwd}: /etc/passwd: Input/output error"},
    {"a file that cannot be looked at", "${file:/etc/passwd}", CALL_FSTAT, EIO,
     "${file:/etc/passwd}: /etc/passwd: not a plain file"},
    {"no pipe", "${command:echo sqlite:x}", CALL_PIPE, EMFILE,
     "${command:...}: no pipe for the command: Too many open files"},
    {"no process", "${command:echo sqlite:x}", CALL_SPAWN, EAGAIN,
     "${command:...}: the command cannot be started: Resource temporarily unavailable"},
    {"a system that watches no process", "${command:echo sqlite:x}", CALL_PIDFD, ENOSYS,
     "${command:...}: the command cannot be watched: this needs Linux 5.3 or newer"},
    {"no memory to wait with", "${command:echo sqlite:x}", CALL_POLL, ENOMEM,
     "${command:...}: the command cannot be waited for: Cannot allocate memory"},
    {"a signal comes in the wait for output", "${command:echo sqlite:x}", CALL_POLL, EINTR, NULL},
    {"a signal comes in the wait for the end", "${command:echo sqlite:x}", CALL_WAIT, EINTR, NULL},
    {"an end that somebody else has seen", "${command:echo sqlite:x}", CALL_WAIT, ECHILD,
     "${command:...}: how the command ended is not known: No child processes"},
    {"a signal comes while output is read", "${command:echo sqlite:x}", CALL_READ, EINTR, NULL},
    {"output that is announced and not there yet", "${command:echo sqlite:x}", CALL_READ, EAGAIN,
     NULL},
    {"output that is not readable at first", "${command:echo sqlite:x}", CALL_READ, EIO, NULL},
};

static void reference_row(void **state)
{
    const struct reference *row = *state;
    const char *text = ds_arena_printf(scratch, "store: '%s'\n" ROUTE(""), row->store);
    ds_config *config;

    refuse(row->call, row->number);
    if (row->want) {
        assert_string_equal(first_line(refused(text)),
                            ds_arena_printf(scratch, "t.yaml:1:8: %s", row->want));
    } else {
        config = sound(text);
        assert_string_equal(config->store_path, "/x");
        ds_config_free(config);
    }
    assert_int_equal(refused_call.call, CALL_NONE);
}

/* ---- the profile of a Temporal server ----------------------------------------------------------
 */

static const struct profile {
    const char *name;
    call call;
    int number;
    const char *want; /* behind its name; NULL: all goes well */
} profile_rows[] = {
    {"one that others keep to themselves", CALL_OPEN, EACCES, NULL},
    {"no more files may be open", CALL_OPEN, EMFILE,
     "Too many open files; the profile \"default\" is looked for there: write it, or name another "
     "file in `profile_file` or $TEMPORAL_CONFIG_FILE"},
    {"one that cannot be looked at", CALL_FSTAT, EIO, "not a plain file"},
    {"the disk does not answer", CALL_READ, EIO, "cannot be read, or is larger than 1 MiB"},
};

static void profile_row(void **state)
{
    static const char text[] = "engine: temporal\n" ROUTE("");
    const struct profile *row = *state;
    DS_AUTO(tmpdir) dir = tmpdir_new();
    const char *home = tmpdir_path(dir);

    assert_int_equal(mkdir(tmpdir_file(dir, "temporalio"), 0700), 0);
    tmpdir_write(dir, "temporalio/temporal.toml", "", 0);
    unsetenv("TEMPORAL_CONFIG_FILE");
    unsetenv("TEMPORAL_PROFILE");
    assert_int_equal(setenv("XDG_CONFIG_HOME", home, 1), 0);
    refuse(row->call, row->number);
    if (row->want)
        assert_string_equal(first_line(refused(text)),
                            ds_arena_printf(scratch, "t.yaml:1:9: %s/temporalio/temporal.toml: %s",
                                            home, row->want));
    else
        ds_config_free(sound(text));
    assert_int_equal(refused_call.call, CALL_NONE);
}

/* ---- the machine's own zone ------------------------------------------------------------------ */

static void no_zone_of_the_machine(void **state)
{
    (void)state;
    refuse(CALL_ZONE, 0);
    assert_string_equal(first_line(refused(ROUTE("    cron: '@daily'\n"))),
                        "t.yaml:5:5: cron: the machine's own time zone cannot be read; name one "
                        "by zone");
    refuse(CALL_ZONE, 0);
    assert_string_equal(first_line(refused(ROUTE("    quiet: 22:00-06:00\n"))),
                        "t.yaml:5:5: quiet: the machine's own time zone cannot be read; name one "
                        "by zone");
    assert_int_equal(refused_call.call, CALL_NONE);
}

int main(void)
{
    int fd = mkstemp(path_of_file), failed;

    assert_true(fd >= 0);
    close(fd);
    unsetenv("CREDENTIALS_DIRECTORY");
    unsetenv("FAKE_API_TOKEN");
    add_table(file_rows, file_row);
    add_test(a_file_that_cannot_be_looked_at);
    add_test(names_of_a_file_that_cannot_be_read);
    add_test(found_only_for_the_whole_machine);
    add_test(credentials_of_the_service);
    add_table(reference_rows, reference_row);
    add_table(profile_rows, profile_row);
    add_test(no_zone_of_the_machine);
    failed = run_tests("a system that refuses a configuration");
    remove(path_of_file);
    return failed;
}
