/* tests/support/run.c - the tests of one program, gathered and handed to cmocka. */
#include "support/run.h"

#include <assert.h>
#include <string.h>

#define TESTS_MOST 2000

ds_arena *scratch;

static struct CMUnitTest tests[TESTS_MOST];
static size_t tests_n;

static int set_up(void **state)
{
    (void)state; /* the row stays */
    scratch = ds_arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ds_arena_free(scratch);
    scratch = NULL;
    return 0;
}

static void add(const char *name, CMUnitTestFunction test, const void *row)
{
    union { /* cmocka hands rows on as they are, but asks for a pointer that could change them */
        const void *in;
        void *out;
    } both = {row};

    assert(tests_n < TESTS_MOST);
    tests[tests_n++] = (struct CMUnitTest){name, test, set_up, tear_down, both.out};
}

void add_rows(const void *rows, size_t n, size_t row_n, CMUnitTestFunction test)
{
    for (size_t i = 0; i < n; i++) {
        const char *row = (const char *)rows + i * row_n, *name;

        memcpy(&name, row, sizeof(name));
        add(name, test, row);
    }
}

void add_named(const char *name, CMUnitTestFunction test)
{
    add(name, test, NULL);
}

int run_tests(const char *group)
{
    return _cmocka_run_group_tests(group, tests, tests_n, NULL, NULL);
}
