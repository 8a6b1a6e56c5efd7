/* tests/unit/test_sqlite_since.c - ${since} of a query: what a pass gets to see by it. */
#include "sqlite_source_fixture.h"

#define MORNING INT64_C(1767259800000) /* 2026-01-01T09:30:00Z */

/* The keys of a pass, separated by blanks. */
static const char *keys(int64_t since_ms, const char *const *items, size_t items_n, size_t limit)
{
    DS_AUTO_BUF(out, DS_MIB);
    ds_fetch want = {
        .unit = "all", .since_ms = since_ms, .limit = limit, .items = items, .items_n = items_n};

    do {
        ds_page *page = ds_new_in(scratch, ds_page);

        ds_page_init(page, scratch);
        if (!ds_sqlite_fetch(&reader.base, seam_activity(), &want, page, &seam_err))
            fail_msg("%s", seam_err.text);
        for (size_t i = 0; i < page->records_n; i++)
            ds_buf_printf(&out, "%s%s", out.n ? " " : "", page->records[i].primary_key);
        want.cursor = page->next_cursor;
        if (want.cursor)
            another_instance(); /* as after a crash */
    } while (want.cursor);
    return ds_arena_strdup(scratch, out.n ? out.data : "");
}

static const struct form_row {
    const char *name, *since_as, *rows;
} form_rows[] = {
    {"times as RFC 3339", "rfc3339",
     "('a', '2026-01-01T09:29:59Z'), ('b', '2026-01-01T09:30:00Z'), ('c', '2026-01-01T09:30:01Z'),"
     "('old', '0005-01-01T00:00:00Z')"},
    {"times as datetime() writes them", "datetime",
     "('a', '2026-01-01 09:29:59'), ('b', '2026-01-01 09:30:00'), ('c', '2026-01-01 09:30:01'),"
     "('old', '0005-01-01 00:00:00')"},
    {"times in seconds", "seconds",
     "('a', 1767259799), ('b', 1767259800), ('c', 1767259801), ('old', -62000000000)"},
    {"times in milliseconds", "milliseconds",
     "('a', 1767259799999), ('b', 1767259800000), ('c', 1767259800001), ('old', -1)"},
};

static void form(void **state)
{
    const struct form_row *row = *state;
    const char *item = "a";

    begin(ds_arena_printf(scratch, "CREATE TABLE t (id TEXT, at); INSERT INTO t VALUES %s",
                          row->rows));
    reader.query = "SELECT * FROM t WHERE at >= ${since}";
    reader.since_as = row->since_as;
    must_open();
    assert_true(ds_sqlite_source.lists_changes(&reader.base));
    assert_string_equal(keys(MORNING, NULL, 0, 10), "b c");
    assert_string_equal(keys(MORNING, NULL, 0, 1), "b c");
    assert_string_equal(keys(-1, NULL, 0, 2), "a b c old");
    assert_string_equal(keys(-1, &item, 1, 10), "a");
    end();
}

/* A fraction of a second is cut off: rather one row too many. */
static void since_is_whole_seconds(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id TEXT, at); INSERT INTO t VALUES ('a', '2026-01-01T09:30:00Z')");
    reader.query = "SELECT * FROM t WHERE at >= ${since}";
    must_open();
    assert_string_equal(keys(MORNING + 999, NULL, 0, 10), "a");
    assert_string_equal(keys(MORNING + 1000, NULL, 0, 10), "");
    end();
}

static void since_may_stand_twice(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id TEXT, made, changed); INSERT INTO t VALUES ('a', '2020', '2026-06'),"
          "('b', '2026-06', '2020'), ('c', '2020', '2020')");
    reader.query = "SELECT * FROM t WHERE made >= ${since} OR changed >= ${since} -- both";
    must_open();
    assert_string_equal(keys(MORNING, NULL, 0, 1), "a b");
    assert_string_equal(keys(-1, NULL, 0, 1), "a b c");
    end();
}

static void without_it_a_query_lists_no_changes(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('a')");
    reader.query = "SELECT id FROM t WHERE id <> '$since'";
    must_open();
    assert_false(ds_sqlite_source.lists_changes(&reader.base));
    assert_string_equal(keys(MORNING, NULL, 0, 10), "a");
    reader.table = "t";
    reader.query = NULL;
    assert_false(ds_sqlite_source.lists_changes(&reader.base));
    end();
}

static const struct error_row {
    const char *name, *query, *says;
} error_rows[] = {
    {"in a string", "SELECT * FROM t WHERE at >= '${since}'", "in a string or a comment"},
    {"in a string, once of twice", "SELECT * FROM t WHERE at >= ${since} OR at = '${since}'",
     "in a string or a comment"},
    {"in a comment", "SELECT * FROM t -- ${since}", "in a string or a comment"},
    {"beside another parameter", "SELECT * FROM t WHERE at >= ${since} AND id <> ?",
     "has parameters"},
    {"beside a named parameter", "SELECT * FROM t WHERE at >= ${since} AND id <> :skip",
     "has parameters"},
    {"another parameter alone", "SELECT * FROM t WHERE id <> ?7", "has parameters"},
};

static void error(void **state)
{
    const struct error_row *row = *state;

    begin("CREATE TABLE t (id TEXT, at)");
    reader.query = row->query;
    assert_false(opens());
    assert_err(DS_ERR_CONFIG, row->says);
    end();
}

int main(void)
{
    add_table(form_rows, form);
    add_test(since_is_whole_seconds);
    add_test(since_may_stand_twice);
    add_test(without_it_a_query_lists_no_changes);
    add_table(error_rows, error);
    return run_tests("sqlite since");
}
