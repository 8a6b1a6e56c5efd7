/* tests/unit/test_postgresql_guard.c
 *
 * Rows larger than a record can be are held, and stay where they are: what comes over the wire is
 * seen by the most memory that this process ever had.  Run by tests/support/pgserver.py.
 */
#include "postgresql_source_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define NOISE_KIB 16384L /* half of the least that a row takes that has come whole */

static long peak_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *f = fopen("/proc/self/status", "re");

    assert_non_null(f);
    while (kib < 0 && fgets(line, sizeof(line), f))
        (void)sscanf(line, "VmHWM: %ld", &kib);
    (void)fclose(f);
    assert_true(kib > 0);
    return kib;
}

static void forget_peak(void) /* it is now what is in use */
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "5", 1), 1);
    close(fd);
}

static const struct large_row {
    const char *name, *columns;
    const char *value; /* as SQL, of the row with key 2 */
    const char *bytes; /* said about it */
} large_rows[] = {
    {"text, packed", "a text", "repeat('x', 34 << 20)", "35651584"},
    {"bytes are two digits each", "a bytea", "decode(repeat('00', 17 << 20), 'hex')", "35651586"},
    {"jsonb", "a jsonb", "to_jsonb(repeat('x', 34 << 20))", "35651586"},
    {"an array", "a text[]", "ARRAY[repeat('x', 34 << 20)]", "35651586"},
    {"a composite type", "a pair", "ROW(repeat('x', 34 << 20), 1)::pair", "35651588"},
    {"several columns together", "a text, b jsonb, c bytea",
     "repeat('x', 12 << 20), to_jsonb(repeat('x', 12 << 20)), decode(repeat('00', 6 << 20), 'hex')",
     "37748740"},
};

static void make_large(const struct large_row *row)
{
    begin("CREATE TYPE pair AS (x text, y int)");
    sql(ds_arena_printf(scratch, "CREATE TABLE t (id int PRIMARY KEY, %s)", row->columns));
    sql(ds_arena_printf(scratch,
                        "INSERT INTO t VALUES (1), (3); INSERT INTO t SELECT 2, %s; ANALYZE t",
                        row->value));
}

static void holds_it(const ds_fetch *more, const char *all, const char *bytes)
{
    ds_fetch want = *more;
    DS_AUTO_BUF(met, DS_KIB);
    ds_page page;
    long before;

    want.unit = "all";
    want.since_ms = -1;
    want.limit = 10;
    forget_peak();
    before = peak_kib();
    assert_true(fetches(want, &page));
    assert_true(peak_kib() - before < NOISE_KIB);
    add_keys(&met, &page);
    assert_string_equal(met.n ? met.data : "", all);
    for (size_t i = 0; i < page.records_n; i++) {
        const char *hold = page.records[i].hold;

        if (hold && !strstr(hold, bytes))
            fail_msg("\"%s\" does not say %s", hold, bytes);
    }
}

static void large(void **state)
{
    const struct large_row *row = *state;
    const char *items[] = {"3", "2"};

    make_large(row);
    holds_it(&(ds_fetch){0}, "1 ! 3", row->bytes);
    holds_it(&(ds_fetch){.items = items, .items_n = 2}, "3", row->bytes);
    settings(NULL, "SELECT * FROM t");
    holds_it(&(ds_fetch){0}, "1 ! 3", row->bytes);
}

static void what_just_fits_comes_whole(void **state)
{
    ds_page page;
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 1};

    (void)state;
    begin("CREATE TABLE t (id int, a text, b text); INSERT INTO t SELECT 1,"
          " repeat('x', 20 << 20), repeat('y', (12 << 20) - 1)");
    assert_true(fetches(want, &page));
    assert_null(page.records[0].hold);
    assert_int_equal(strlen(seam_text(&page.records[0], "a")), 20 << 20);
    assert_int_equal(strlen(seam_text(&page.records[0], "b")), (12 << 20) - 1);
}

/* The place of a row whose key stayed behind is that of the row before it. */
static void a_key_that_is_too_large(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id text); INSERT INTO t VALUES ('a'), ('c'), (NULL), (NULL);"
          "INSERT INTO t SELECT 'b' || repeat('x', 34 << 20)");
    assert_string_equal(keys(1, false), "a|!|c|-|-");
    assert_string_equal(keys(2, false), "a !|c -|-");
}

/* Where the order is the sender's, the guard leaves it as it is: spelled keys, and a place to go on
 * from. */
static void the_order_stays(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id numeric, a text); INSERT INTO t VALUES (1.10), (1.1), (3), (2);"
          "INSERT INTO t SELECT 2.5, repeat('x', 34 << 20)");
    assert_string_equal(keys(1, true), "1.1|1.10|2|!|3");
}

static bool is_guarded(const char *text, const char *table)
{
    ds_page page;

    begin(text);
    settings(table, NULL);
    assert_true(fetches((ds_fetch){.unit = "all", .since_ms = -1, .limit = 1}, &page));
    return reader.guarded;
}

/* What has no large values pays nothing. */
static void where_the_guard_stands(void **state)
{
    (void)state;
    assert_false(is_guarded("CREATE TABLE t (id int, a text); INSERT INTO t VALUES (1, 'x')", "t"));
    assert_true(is_guarded("CREATE TABLE t (id int, a text); INSERT INTO t SELECT 1,"
                           " repeat('x', 34 << 20)",
                           "t"));
    assert_true(is_guarded("CREATE TABLE t (id int, a text) PARTITION BY LIST (id);"
                           "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);"
                           "INSERT INTO t SELECT 1, repeat('x', 34 << 20)",
                           "t"));
    assert_false(is_guarded("CREATE TABLE t (id int, a text) PARTITION BY LIST (id);"
                            "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
                            "t"));
    assert_true(is_guarded("CREATE VIEW v AS SELECT 1 AS id, 'x'::text AS a", "v"));
}

int main(void)
{
    int failed;

    if (!find_server())
        return 77;
    add_table(large_rows, large);
    add_test(what_just_fits_comes_whole);
    add_test(a_key_that_is_too_large);
    add_test(the_order_stays);
    add_test(where_the_guard_stands);
    failed = run_tests("postgresql guard");
    end();
    return failed;
}
