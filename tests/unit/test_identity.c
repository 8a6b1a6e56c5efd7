/* tests/unit/test_identity.c - names of workers: which of them can be seen to have left. */
#include "engine/temporal/identity.h"
#include "support/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A name as another process of this machine has it. */
static const char *neighbour(const char *ours, long pid)
{
    return ds_arena_printf(scratch, "%ld%.*s-%08x", pid,
                           (int)(strrchr(ours, '-') - strchr(ours, '@')), strchr(ours, '@'), 7u);
}

static pid_t one_that_has_left(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return pid;
}

static void each_is_another(void **state)
{
    char one[DS_IDENTITY_BYTES], other[DS_IDENTITY_BYTES], host[80] = "";

    (void)state;
    ds_identity_make(one);
    ds_identity_make(other);
    assert_string_not_equal(one, other);
    gethostname(host, sizeof(host) - 1);
    assert_ptr_equal(strstr(one, ds_arena_printf(scratch, "%d@%s@", (int)getpid(), host)), one);
}

static void neighbours_are_seen(void **state)
{
    char ours[DS_IDENTITY_BYTES];
    pid_t gone = one_that_has_left();

    (void)state;
    ds_identity_make(ours);
    assert_int_equal(ds_identity_pid(ours, ours), getpid());
    assert_int_equal(ds_identity_pid(ours, neighbour(ours, getppid())), getppid());
    assert_int_equal(ds_identity_pid(ours, neighbour(ours, gone)), gone);
    assert_false(ds_identity_has_left(ours, ours));
    assert_false(ds_identity_has_left(ours, neighbour(ours, getppid())));
    assert_true(ds_identity_has_left(ours, neighbour(ours, gone)));
    assert_true(ds_identity_has_left(ours, neighbour(ours, getpid()))); /* our number is ours now */
}

/* Containers of one host name count their processes from 1 each. */
static void of_others_nothing_is_known(void **state)
{
    static const char *const ends[] = {"@%s@00000000-00000007", "@%s", "@%s@0000-7", "@%s-x@1", ""};
    char ours[DS_IDENTITY_BYTES];
    const char *host;

    (void)state;
    ds_identity_make(ours);
    host = ds_arena_strndup(scratch, strchr(ours, '@') + 1,
                            (size_t)(strrchr(ours, '@') - strchr(ours, '@') - 1));
    for (size_t i = 0; i < DS_COUNT(ends); i++) {
        char *other = ds_arena_printf(scratch, "%d", (int)getpid());
        const char *end = strstr(ends[i], "%s");

        if (end)
            other = ds_arena_printf(scratch, "%s%.*s%s%s", other, (int)(end - ends[i]), ends[i],
                                    host, end + 2);
        assert_int_equal(ds_identity_pid(ours, other), 0);
        assert_false(ds_identity_has_left(ours, other));
        assert_int_equal(ds_identity_pid(other, ours), 0);
    }
    assert_false(ds_identity_has_left(ours, neighbour(ours, -1)));
    assert_false(ds_identity_has_left(ours, neighbour(ours, 1L << 40)));
}

int main(void)
{
    add_test(each_is_another);
    add_test(neighbours_are_seen);
    add_test(of_others_nothing_is_known);
    return run_tests("identity");
}
