/* tests/unit/test_child.c
 *
 * Programs run for their answer, and a system that refuses what running one asks of it: the linker
 * (--wrap) catches those calls.
 */
#include "base/child.h"
#include "support/run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef enum call {
    CALL_NONE,
    CALL_MEMFD,
    CALL_WRITE,
    CALL_LSEEK,
    CALL_PIPE,
} call;

static call refused; /* the next one of that call fails */
static int flood;    /* so many of the next reads find a whole block */

static bool is_refused(call which)
{
    if (refused != which)
        return false;
    refused = CALL_NONE;
    errno = ENFILE;
    return true;
}

int __real_memfd_create(const char *name, unsigned flags);
int __wrap_memfd_create(const char *name, unsigned flags);
int __wrap_memfd_create(const char *name, unsigned flags)
{
    return is_refused(CALL_MEMFD) ? -1 : __real_memfd_create(name, flags);
}

ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    return is_refused(CALL_WRITE) ? -1 : __real_write(fd, bytes, n);
}

off_t __real_lseek64(int fd, off_t at, int whence);
off_t __wrap_lseek64(int fd, off_t at, int whence);
off_t __wrap_lseek64(int fd, off_t at, int whence)
{
    return is_refused(CALL_LSEEK) ? -1 : __real_lseek64(fd, at, whence);
}

int __real_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags)
{
    return is_refused(CALL_PIPE) ? -1 : __real_pipe2(ends, flags);
}

ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n)
{
    if (flood <= 0)
        return __real_read(fd, to, n);
    flood--;
    memset(to, 'x', n);
    return (ssize_t)n;
}

/* ---- what it prints, and how it ends ----------------------------------------------------------
 */

static char shell[] = "sh", option[] = "-c", word[] = "WORD=from the environment";
static char *const own_env[] = {word, NULL};

#define RUNS(...)                                                                                  \
    {                                                                                              \
        .file = "sh", .dir = "/", .limit_ms = 60 * DS_SECOND_MS, __VA_ARGS__                       \
    }

static const struct row {
    const char *name, *script;
    ds_child child; /* what `run` does not fill in */
    const char *out, *error;
} rows[] = {
    {"what it prints", "echo some; echo words", {0}, "some\nwords\n", NULL},
    {"nothing", "exec >&-; sleep 0", {0}, "", NULL},
    {"it is where it was told to be", "pwd", {.dir = "/usr"}, "/usr\n", NULL},
    {"a path is not looked for", "echo here", {.file = "/bin/sh"}, "here\n", NULL},
    {"its input", "cat", {.input = "a line\n"}, "a line\n", NULL},
    {"an empty input", "cat", {.input = ""}, "", NULL},
    {"an input that it does not read", "echo done", {.input = "a line\n"}, "done\n", NULL},
    {"no input: the terminal is not asked", "cat", {0}, "", NULL},
    {"an environment of its own",
     "echo $WORD $HOME",
     {.env = own_env},
     "from the environment\n",
     NULL},
    {"its errors as well", "echo bad >&2", {.errors_too = true}, "bad\n", NULL},
    {"a long output is refused",
     "head -c 5000 /dev/zero",
     {0},
     NULL,
     "the command prints more than 4 KiB"},
    {"an exit code", "exit 3", {0}, "", "the command failed with exit code 3"},
    {"a signal", "kill -KILL $$", {0}, "", "the command was ended by signal 9"},
    {"no such program",
     "",
     {.file = "/nowhere/program"},
     "",
     "the command cannot be started: No such file or directory"},
    {"no such program for the input",
     "",
     {.file = "/nowhere/program", .input = "x"},
     "",
     "the command cannot be started: No such file or directory"},
    {"one that does not end",
     "sleep 600",
     {.limit_ms = -1},
     "",
     "the command did not end within 0 s"},
};

static bool run(const ds_child *like, const char *script, ds_buf *out, ds_err *err)
{
    char *const argv[] = {shell, option, ds_arena_strdup(scratch, script), NULL};
    ds_child child = *like;

    child.argv = argv;
    child.file = like->file ? like->file : "sh";
    child.dir = like->dir ? like->dir : "/";
    child.limit_ms = like->limit_ms ? like->limit_ms : 60 * DS_SECOND_MS;
    return ds_child_run(&child, out, err);
}

static void row(void **state)
{
    const struct row *row = *state;
    DS_AUTO_BUF(out, 4 * DS_KIB);
    ds_err err = DS_ERR_INIT;

    assert_int_equal(run(&row->child, row->script, &out, &err), !row->error);
    if (row->out)
        assert_string_equal(out.n ? out.data : "", row->out);
    if (row->error) {
        assert_string_equal(err.text, row->error);
        assert_int_equal(err.kind, DS_ERR_PERMANENT);
    }
}

static void a_long_output_may_be_cut(void **state)
{
    const ds_child child = {.discard = true};
    DS_AUTO_BUF(out, 100);
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(run(&child, "head -c 300000 /dev/zero", &out, &err));
    assert_int_equal(out.n, 99);
}

/* A program that prints faster than it is read does not keep us from looking at the time. */
static void a_flood_is_left_for_the_next_look(void **state)
{
    const ds_child child = {.discard = true};
    DS_AUTO_BUF(out, DS_MIB);
    ds_err err = DS_ERR_INIT;

    (void)state;
    flood = 100;
    assert_true(run(&child, "echo end", &out, &err));
    assert_int_equal(flood, 0);
    assert_int_equal(out.n, 100 * 4096 + 4);
}

/* ---- stopped -----------------------------------------------------------------------------------
 */

static void who_stops_it_waits_no_longer_than_its_grace(void **state)
{
    atomic_bool stop = true;
    const ds_child child = {.stop = &stop};
    DS_AUTO_BUF(out, DS_KIB);
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_false(run(&child, "sleep 600", &out, &err));
    assert_int_equal(err.kind, DS_ERR_CANCELLED);
    assert_string_equal(err.text, "the command was stopped");
}

static void what_ends_within_its_grace_has_ended_well(void **state)
{
    atomic_bool stop = false;
    const ds_child child = {.stop = &stop, .grace_ms = 60 * DS_SECOND_MS};
    DS_AUTO_BUF(out, DS_KIB);
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(run(&child, "echo one", &out, &err));
    stop = true;
    assert_true(run(&child, "echo two", &out, &err));
    assert_string_equal(out.data, "one\ntwo\n");
}

/* ---- refused -----------------------------------------------------------------------------------
 */

static const struct refusal {
    const char *name;
    call call;
    const char *error;
} refusals[] = {
    {"no memory for the input", CALL_MEMFD,
     "no input for the command: Too many open files in system"},
    {"no room for the input", CALL_WRITE,
     "no input for the command: Too many open files in system"},
    {"an input that cannot be read again", CALL_LSEEK,
     "no input for the command: Too many open files in system"},
    {"no pipe", CALL_PIPE, "no pipe for the command: Too many open files in system"},
};

static void refusal(void **state)
{
    const struct refusal *row = *state;
    const ds_child child = {.input = "words"};
    DS_AUTO_BUF(out, DS_KIB);
    ds_err err = DS_ERR_INIT;

    refused = row->call;
    assert_false(run(&child, "cat", &out, &err));
    assert_int_equal(refused, CALL_NONE);
    assert_int_equal(err.kind, DS_ERR_PERMANENT);
    assert_string_equal(err.text, row->error);
}

int main(void)
{
    add_table(rows, row);
    add_test(a_long_output_may_be_cut);
    add_test(a_flood_is_left_for_the_next_look);
    add_test(who_stops_it_waits_no_longer_than_its_grace);
    add_test(what_ends_within_its_grace_has_ended_well);
    add_table(refusals, refusal);
    return run_tests("child");
}
