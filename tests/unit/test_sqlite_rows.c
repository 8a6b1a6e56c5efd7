/* tests/unit/test_sqlite_rows.c - what a row becomes: its values, its key or its place, by item. */
#include "sqlite_source_fixture.h"

#include <stdlib.h>

/* ---- values ---------------------------------------------------------------------------------- */

static const struct value_row {
    const char *name, *type, *value;
    ds_type is;
    const char *text;
} value_rows[] = {
    {"an integer", "INTEGER", "42", DS_INT, "42"},
    {"an integer beyond 2^53", "", "9007199254740993", DS_INT, "9007199254740993"},
    {"the largest integer", "", "9223372036854775807", DS_INT, "9223372036854775807"},
    {"a real is the shortest text that names it", "REAL", "0.1", DS_NUMBER, "0.1"},
    {"a real that is whole stays a real", "REAL", "5", DS_NUMBER, "5.0"},
    {"an infinite real is not lost", "REAL", "9e999", DS_TEXT, "Infinity"},
    {"and a negative one", "REAL", "-9e999", DS_TEXT, "-Infinity"},
    {"text", "TEXT", "'a b'", DS_TEXT, "a b"},
    {"text that spells a number stays text", "TEXT", "'1.10'", DS_TEXT, "1.10"},
    {"empty text is not null", "TEXT", "''", DS_TEXT, ""},
    {"null", "TEXT", "NULL", DS_NULL, NULL},
    {"bad UTF-8 becomes U+FFFD", "TEXT", "CAST(x'61ff62' AS TEXT)", DS_TEXT,
     "a\xEF\xBF\xBD"
     "b"},
    {"a surrogate becomes U+FFFD", "TEXT", "CAST(x'eda080' AS TEXT)", DS_TEXT,
     "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"NUL becomes U+FFFD", "TEXT", "CAST(x'610062' AS TEXT)", DS_TEXT,
     "a\xEF\xBF\xBD"
     "b"},
    {"a blob is base64", "BLOB", "x'00ff10'", DS_TEXT, "AP8Q"},
    {"a blob of one byte", "BLOB", "x'ff'", DS_TEXT, "/w=="},
    {"a blob of two", "BLOB", "x'fffe'", DS_TEXT, "//4="},
    {"an empty blob", "BLOB", "x''", DS_TEXT, ""},
    {"1 of a BOOLEAN is true", "BOOLEAN", "1", DS_BOOL, "true"},
    {"0 of a BOOL is false", "bool", "0", DS_BOOL, "false"},
    {"2 of a BOOLEAN is 2", "BOOLEAN", "2", DS_INT, "2"},
    {"1 of an INTEGER is 1", "INTEGER", "1", DS_INT, "1"},
    {"a date is text", "DATE", "'2026-01-31'", DS_TEXT, "2026-01-31"},
};

static void check_value(const ds_page *page, const struct value_row *row)
{
    const ds_value *value = ds_record_get(&page->records[0], "a");

    assert_int_equal(page->records_n, 1);
    assert_non_null(value);
    assert_string_equal(ds_type_name(value->type), ds_type_name(row->is));
    if (!row->text)
        return;
    assert_string_equal(ds_value_text(scratch, *value), row->text);
}

static void value(void **state)
{
    const struct value_row *row = *state;

    begin(ds_arena_printf(scratch,
                          "CREATE TABLE t (id TEXT PRIMARY KEY, a %s); INSERT INTO t VALUES"
                          " ('k', %s)",
                          row->type, row->value));
    reader.table = "t";
    must_open();
    check_value(seam_fetch(&reader.base, "all", NULL, 10), row);
    reader.table = NULL; /* and the same through a snapshot */
    reader.query = "SELECT id, a FROM t";
    another_instance();
    check_value(seam_fetch(&reader.base, "all", NULL, 10), row);
    end();
}

static void all_columns_become_properties(void **state)
{
    const ds_record *rec;

    (void)state;
    begin("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b AS (a || '!'), \"C d\");"
          "INSERT INTO t (id, a) VALUES (7, 'x')");
    reader.table = "T"; /* names of SQLite know no case */
    reader.key = "ID";
    must_open();
    rec = &seam_fetch(&reader.base, "all", NULL, 10)->records[0];
    assert_string_equal(rec->primary_key, "7");
    assert_null(rec->place);
    assert_int_equal(rec->props_n, 4);
    assert_string_equal(seam_text(rec, "id"), "7");
    assert_string_equal(seam_text(rec, "b"), "x!");
    assert_int_equal(ds_record_get(rec, "C d")->type, DS_NULL);
    end();
}

static void rows_without_a_usable_key_have_a_place(void **state)
{
    ds_page *page;

    (void)state;
    begin("CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('a'), (NULL), (''), ('b'),"
          " (hex(zeroblob(1000)))");
    reader.table = "t";
    must_open();
    page = seam_fetch(&reader.base, "all", NULL, 2);
    assert_null(page->records[0].place);
    assert_string_equal(page->records[1].place, "row:2");
    page = seam_fetch(&reader.base, "all", page->next_cursor, 10);
    assert_string_equal(page->records[0].place, "row:3"); /* counted over pages */
    assert_null(page->records[1].place);
    assert_string_equal(page->records[2].place, "row:5");
    end();
}

static void a_row_beyond_the_limit_is_held(void **state)
{
    ds_page *page;

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a); INSERT INTO t VALUES ('a', 1),"
          " ('b', zeroblob(33600000)), ('c', 3)");
    reader.table = "t";
    must_open();
    page = seam_fetch(&reader.base, "all", NULL, 10);
    assert_int_equal(page->records_n, 3);
    assert_non_null(strstr(page->records[1].hold, "33600001 bytes"));
    assert_string_equal(page->records[1].place, "row:2");
    assert_string_equal(page->records[2].primary_key, "c");
    end();
}

/* A cursor cannot hold such a key: the page goes on until one that it can. */
static void keys_too_long_for_a_cursor_are_passed(void **state)
{
    ds_page *page;

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('a'), ('b' || hex(zeroblob("
          "3000))), ('c' || hex(zeroblob(3000))), ('d'), ('e')");
    reader.table = "t";
    must_open();
    page = seam_fetch(&reader.base, "all", NULL, 2);
    assert_int_equal(page->records_n, 4);
    page = seam_fetch(&reader.base, "all", page->next_cursor, 2);
    assert_int_equal(page->records_n, 1);
    assert_string_equal(page->records[0].primary_key, "e");
    end();
}

/* ---- items ----------------------------------------------------------------------------------- */

static const struct items_row {
    const char *name, *sql, *table, *query, *items, *found;
} items_rows[] = {
    {"of a text key",
     "CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('a'), ('b'), ('1')", "t", NULL,
     "b,1,nobody", "1 b"},
    {"of an integer key",
     "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2), (12)", "t", NULL,
     "12,1,01,x", "1 12"},
    {"of a key without a type",
     "CREATE TABLE t (id UNIQUE); INSERT INTO t VALUES (1), ('1'), ('a'), (2)", "t", NULL, "1,a",
     "1 1 a"},
    {"of a key that is not unique",
     "CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('a'), ('b'), ('a')", "t", NULL, "a", "a a"},
    {"of a query", "CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('a'), ('b')", NULL,
     "SELECT * FROM t", "b,c", "b"},
    {"a NOCASE column tells them apart all the same",
     "CREATE TABLE t (id TEXT COLLATE NOCASE); INSERT INTO t VALUES ('a'), ('A')", "t", NULL, "A",
     "A"},
    {"5.0 is not 5", "CREATE TABLE t (id REAL UNIQUE); INSERT INTO t VALUES (5), (6.5)", "t", NULL,
     "5,6.5", "6.5"},
};

static const char *items(const char *list)
{
    const char *wanted[8], *cursor = NULL;
    DS_AUTO_BUF(out, DS_MIB);
    size_t n = 0;

    for (char *item = strtok(ds_arena_strdup(scratch, list), ","); item; item = strtok(NULL, ","))
        wanted[n++] = item;
    do {
        ds_fetch want = {.unit = "all",
                         .cursor = cursor,
                         .items = wanted,
                         .items_n = n,
                         .since_ms = -1,
                         .limit = 2};
        ds_page page;

        ds_page_init(&page, scratch);
        if (!ds_sqlite_fetch(&reader.base, seam_activity(), &want, &page, &seam_err))
            fail_msg("%s", seam_err.text);
        for (size_t i = 0; i < page.records_n; i++)
            ds_buf_printf(&out, "%s%s", out.n ? " " : "", page.records[i].primary_key);
        cursor = page.next_cursor;
    } while (cursor);
    return ds_arena_strdup(scratch, out.data ? out.data : "");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *sorted(const char *words)
{
    char *copy = ds_arena_strdup(scratch, words), *list[16] = {0};
    DS_AUTO_BUF(out, DS_MIB);
    size_t n = 0;

    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        list[n++] = word;
    qsort(list, n, sizeof(*list), by_text);
    for (size_t i = 0; i < n; i++)
        ds_buf_printf(&out, "%s%s", i ? " " : "", list[i]);
    return ds_arena_strdup(scratch, out.data ? out.data : "");
}

static void targeted(void **state)
{
    const struct items_row *row = *state;

    begin(row->sql);
    reader.table = row->table;
    reader.query = row->query;
    must_open();
    assert_string_equal(sorted(items(row->items)), row->found);
    end();
}

int main(void)
{
    add_table(value_rows, value);
    add_table(items_rows, targeted);
    add_test(all_columns_become_properties);
    add_test(rows_without_a_usable_key_have_a_place);
    add_test(a_row_beyond_the_limit_is_held);
    add_test(keys_too_long_for_a_cursor_are_passed);
    return run_tests("sqlite rows");
}
