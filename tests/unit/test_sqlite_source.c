/* tests/unit/test_sqlite_source.c - tables and queries as records: order, cursors, errors. */
#include "sqlite_source_fixture.h"

/* Keys in the order they come, "-" for a row without one, "!" for a held one, "|" between pages;
 * each page by a new instance, as after a crash. */
static const char *keys(size_t limit)
{
    DS_AUTO_BUF(out, DS_MIB);
    const char *cursor = NULL;

    for (int pages = 0; pages < 100; pages++) {
        ds_page *page = seam_fetch(&reader.base, "all", cursor, limit);

        ds_buf_text(&out, pages ? "|" : "");
        for (size_t i = 0; i < page->records_n; i++) {
            const ds_record *rec = &page->records[i];

            ds_buf_printf(&out, "%s%s", i ? " " : "",
                          rec->hold          ? "!"
                          : rec->primary_key ? rec->primary_key
                                             : "-");
        }
        cursor = page->next_cursor;
        if (!cursor)
            return ds_arena_strdup(scratch, out.data ? out.data : "");
        another_instance();
    }
    fail_msg("the pages do not end: %s", out.data);
    return NULL;
}

/* ---- order ----------------------------------------------------------------------------------- */

static const struct order_row {
    const char *name, *sql, *table, *query;
    ds_sqlite_order order;
    const char *keys; /* pages of two */
} order_rows[] = {
    {"a text primary key is read in its order",
     "CREATE TABLE t (id TEXT PRIMARY KEY, a); INSERT INTO t VALUES ('b', 1), ('a', 2), ('c', 3)",
     "t", NULL, DS_ORDER_KEY, "a b|c"},
    {"an integer primary key is read in its order",
     "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (10, 1), (9, 2), (100, 3)",
     "t", NULL, DS_ORDER_KEY, "9 10|100"},
    {"integers and texts in one key column meet no gap",
     "CREATE TABLE t (id UNIQUE, a); INSERT INTO t VALUES ('b', 1), (2, 2), (1, 3), (1.5, 4), "
     "('a', 5)",
     "t", NULL, DS_ORDER_KEY, "1 1.5|2 a|b"},
    {"NULL keys are counted, none is lost and none comes twice",
     "CREATE TABLE t (id TEXT UNIQUE); INSERT INTO t VALUES (NULL), ('a'), (NULL), (NULL), ('b')",
     "t", NULL, DS_ORDER_KEY, "- -|- a|b"},
    {"a table of NULL keys ends",
     "CREATE TABLE t (id TEXT UNIQUE); INSERT INTO t VALUES (NULL), (NULL), (NULL), (NULL)", "t",
     NULL, DS_ORDER_KEY, "- -|- -"},
    {"a key that is not unique is read by rowid",
     "CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('b'), ('a'), ('b'), (NULL), ('a')", "t", NULL,
     DS_ORDER_ROWID, "b a|b -|a"},
    {"a NOCASE index does not make a key unique",
     "CREATE TABLE t (id TEXT COLLATE NOCASE UNIQUE); INSERT INTO t VALUES ('b'), ('A')", "t", NULL,
     DS_ORDER_ROWID, "b A"},
    {"a BINARY index beside a NOCASE column does",
     "CREATE TABLE t (id TEXT COLLATE NOCASE); CREATE UNIQUE INDEX i ON t (id COLLATE BINARY);"
     "INSERT INTO t VALUES ('a'), ('B'), ('A')",
     "t", NULL, DS_ORDER_KEY, "A B|a"},
    {"a partial index does not make a key unique",
     "CREATE TABLE t (id TEXT, a); CREATE UNIQUE INDEX i ON t (id) WHERE a;"
     "INSERT INTO t VALUES ('x', 0), ('x', 0)",
     "t", NULL, DS_ORDER_ROWID, "x x"},
    {"an index on two columns does not make a key unique",
     "CREATE TABLE t (id TEXT, a, UNIQUE (id, a)); INSERT INTO t VALUES ('x', 0), ('x', 1)", "t",
     NULL, DS_ORDER_ROWID, "x x"},
    {"a column called rowid does not hide the rowid",
     "CREATE TABLE t (rowid TEXT, id TEXT); INSERT INTO t VALUES ('2', 'b'), ('1', 'a'), ('0', "
     "'c')",
     "t", NULL, DS_ORDER_ROWID, "b a|c"},
    {"a table without rowid and without a unique key is sorted",
     "CREATE TABLE t (a INTEGER PRIMARY KEY, id TEXT) WITHOUT ROWID;"
     "INSERT INTO t VALUES (1, 'b'), (2, 'a'), (3, 'b')",
     "t", NULL, DS_ORDER_SNAPSHOT, "a b|b"},
    {"a view is sorted",
     "CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('b'), ('a'), ('c'), ('c'), ('c'), ('d');"
     "CREATE VIEW v AS SELECT id FROM t",
     "v", NULL, DS_ORDER_SNAPSHOT, "a b|c c|c d"},
    {"a query is sorted, keys that come twice included",
     "CREATE TABLE t (id, a); INSERT INTO t VALUES ('x', 1), ('x', 2), ('x', 3), (NULL, 4), (7, 5)",
     NULL, "SELECT id, a FROM t WHERE a > 0", DS_ORDER_SNAPSHOT, "- 7|x x|x"},
    {"a query may end in a semicolon and a comment",
     "CREATE TABLE t (id); INSERT INTO t VALUES (1)", NULL, "SELECT id FROM t; -- all",
     DS_ORDER_SNAPSHOT, "1"},
    {"a query may end in a comment alone", "CREATE TABLE t (id); INSERT INTO t VALUES (1)", NULL,
     "SELECT id FROM t -- all", DS_ORDER_SNAPSHOT, "1"},
    {"a query with ORDER BY and LIMIT of its own",
     "CREATE TABLE t (id); INSERT INTO t VALUES (1), (3), (2)", NULL,
     "SELECT id FROM t ORDER BY id DESC LIMIT 2", DS_ORDER_SNAPSHOT, "2 3"},
    {"an empty table is one empty page", "CREATE TABLE t (id TEXT PRIMARY KEY)", "t", NULL,
     DS_ORDER_KEY, ""},
    {"an empty query is one empty page", "CREATE TABLE t (id)", NULL, "SELECT * FROM t",
     DS_ORDER_SNAPSHOT, ""},
    {"names with quotes in them",
     "CREATE TABLE \"a \"\"t\"\"\" (\"id\" TEXT PRIMARY KEY, \"x\"\"; DROP TABLE t\");"
     "INSERT INTO \"a \"\"t\"\"\" VALUES ('a', 1), ('b', 2), ('c', 3)",
     "a \"t\"", NULL, DS_ORDER_KEY, "a b|c"},
    {"keys with bad UTF-8 and NUL have cursors",
     "CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES (CAST(x'61ff' AS TEXT)),"
     "(CAST(x'610062' AS TEXT)), ('b'), (CAST(x'ff' AS TEXT)), (x'00ff'), (x'01')",
     "t", NULL, DS_ORDER_KEY,
     "a\xEF\xBF\xBD"
     "b a\xEF\xBF\xBD|b \xEF\xBF\xBD|AP8= AQ=="},
};

static void order(void **state)
{
    const struct order_row *row = *state;

    begin(row->sql);
    reader.table = row->table;
    reader.query = row->query;
    must_open();
    assert_int_equal(reader.order, row->order);
    assert_string_equal(keys(2), row->keys);
    end();
}

/* The same instance goes on without a new snapshot, and a page is no larger for it. */
static void one_instance_reads_a_query_to_its_end(void **state)
{
    const char *cursor = NULL;
    size_t n = 0;

    (void)state;
    begin(
        "CREATE TABLE t (id); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE"
        " x < 1000) INSERT INTO t SELECT x % 10 FROM c");
    reader.query = "SELECT * FROM t";
    must_open();
    do {
        ds_page *page = seam_fetch(&reader.base, "all", cursor, 7);

        assert_true(page->records_n <= 7);
        assert_int_equal(page->total_hint, 1000);
        n += page->records_n;
        cursor = page->next_cursor;
        sql("INSERT INTO t VALUES (5)"); /* not in this reading */
    } while (cursor);
    assert_int_equal(n, 1000);
    end();
}

static void a_page_ends_after_4_mib(void **state)
{
    ds_page *page;

    (void)state;
    begin(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL"
        " SELECT x + 1 FROM c WHERE x < 12) INSERT INTO t SELECT x, hex(zeroblob(500000)) FROM c");
    reader.table = "t";
    must_open();
    page = seam_fetch(&reader.base, "all", NULL, 1000);
    assert_int_equal(page->records_n, 5);
    assert_non_null(page->next_cursor);
    page = seam_fetch(&reader.base, "all", page->next_cursor, 1000);
    assert_string_equal(page->records[0].primary_key, "6");
    end();
}

/* No lock is left behind by a page: others write between two. */
static void nothing_is_locked_between_pages(void **state)
{
    ds_page *page;

    (void)state;
    begin(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)");
    reader.table = "t";
    must_open();
    page = seam_fetch(&reader.base, "all", NULL, 1);
    sql("BEGIN EXCLUSIVE; INSERT INTO t VALUES (4, 4); COMMIT");
    page = seam_fetch(&reader.base, "all", page->next_cursor, 10);
    assert_int_equal(page->records_n, 3);
    end();
}

/* Pages must not sort: the plan is pinned. */
static void pages_are_cut_by_an_index(void **state)
{
    static const char *const tables[] = {"CREATE TABLE t (id TEXT PRIMARY KEY, a, b)",
                                         "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)",
                                         "CREATE TABLE t (id TEXT, a, b)"};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(tables); i++) {
        sqlite3_stmt *st;

        begin(tables[i]);
        reader.table = "t";
        must_open();
        for (int next = 0; next < 2; next++) {
            const char *text = ds_arena_printf(scratch, "EXPLAIN QUERY PLAN %s",
                                               sqlite3_sql(next ? reader.next : reader.first));

            assert_int_equal(sqlite3_prepare_v2(other, text, -1, &st, NULL), SQLITE_OK);
            while (sqlite3_step(st) == SQLITE_ROW)
                assert_null(strstr((const char *)sqlite3_column_text(st, 3), "TEMP B-TREE"));
            sqlite3_finalize(st);
        }
        end();
    }
}

/* ---- cursors --------------------------------------------------------------------------------- */

static const struct restart_row {
    const char *name, *sql, *change;
    bool restarts;
} restart_rows[] = {
    {"a new column starts over", "CREATE TABLE t (id TEXT PRIMARY KEY)",
     "ALTER TABLE t ADD COLUMN b", true},
    {"a table beside it does not", "CREATE TABLE t (id TEXT PRIMARY KEY)", "CREATE TABLE u (a)",
     false},
    {"a VACUUM does where rowids count", "CREATE TABLE t (id TEXT)", "VACUUM", true},
    {"a VACUUM does not where keys count", "CREATE TABLE t (id TEXT PRIMARY KEY)", "VACUUM", false},
    {"new rows do not", "CREATE TABLE t (id TEXT PRIMARY KEY)", "INSERT INTO t VALUES ('z')",
     false},
};

static void restart(void **state)
{
    const struct restart_row *row = *state;
    ds_page *page, *before;

    for (int fresh = 0; fresh < 2; fresh++) {
        begin(row->sql);
        sql("INSERT INTO t VALUES ('a'), ('b'), ('c')");
        reader.table = "t";
        must_open();
        page = before = seam_fetch(&reader.base, "all", NULL, 2);
        sql(row->change);
        if (fresh)
            another_instance();
        page = seam_fetch(&reader.base, "all", page->next_cursor, 2);
        assert_int_equal(page->restart, row->restarts);
        assert_string_equal(page->records[0].primary_key, row->restarts ? "a" : "c");
        assert_non_null(ds_record_get(&before->records[0], "id")); /* it may still be written */
        end();
    }
}

static void a_cursor_of_something_else_starts_over(void **state)
{
    static const char *const cursors[] = {
        "", "x", "1:2", "0000000000000000:1:1:ta", "9999:-1:0:ta", "ffffffffffffffffffff:1:1:ta"};
    static const char *const numbers[] = {"-1:0", "9223372036854775807:1", "1:2", "1:-1",
                                          "99999999999999999999:1"};

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('a'), ('b')");
    reader.table = "t";
    must_open();
    for (size_t i = 0; i < DS_COUNT(cursors); i++) {
        ds_page *page = seam_fetch(&reader.base, "all", cursors[i], 5);

        assert_true(page->restart);
        assert_int_equal(page->records_n, 2);
    }
    for (size_t i = 0; i < DS_COUNT(numbers); i++) { /* of this very table, and never handed out */
        ds_page *page = seam_fetch(&reader.base, "all", NULL, 1);
        const char *mine = ds_arena_printf(scratch, "%.16s:%s:ta", page->next_cursor, numbers[i]);

        page = seam_fetch(&reader.base, "all", mine, 5);
        assert_true(page->restart);
        assert_int_equal(page->records_n, 2);
    }
    end();
}

/* ---- errors ---------------------------------------------------------------------------------- */

static const struct error_row {
    const char *name, *table, *query, *key;
    ds_err_kind kind;
    const char *says;
} error_rows[] = {
    {"no such table", "person", NULL, "id", DS_ERR_CONFIG,
     "no such table: \"person\"; did you mean \"persons\"?"},
    {"no table near", "zzzz", NULL, "id", DS_ERR_CONFIG, "no such table: \"zzzz\""},
    {"no such key column", "persons", NULL, "ids", DS_ERR_CONFIG,
     "no such column: \"ids\"; did you mean \"id\"?"},
    {"no such key in a query", NULL, "SELECT age FROM persons", "id", DS_ERR_CONFIG,
     "no such column: \"id\""},
    {"a query that is no SQL", NULL, "SELEC 1", "id", DS_ERR_CONFIG, "syntax error"},
    {"a query of a table that is not there", NULL, "SELECT * FROM nobody", "id", DS_ERR_CONFIG,
     "no such table: nobody"},
    {"a query that writes", NULL, "DELETE FROM persons RETURNING id", "id", DS_ERR_CONFIG,
     "is no SELECT"},
    {"two statements", NULL, "SELECT id FROM persons; DELETE FROM persons", "id", DS_ERR_CONFIG,
     "more than one statement"},
    {"a query out of its parentheses", NULL, "SELECT id FROM persons) UNION (SELECT 1", "id",
     DS_ERR_CONFIG, "syntax error"},
    {"a query with parameters", NULL, "SELECT id FROM persons WHERE age = ?", "id", DS_ERR_CONFIG,
     "has parameters"},
    {"two columns of one name", NULL, "SELECT id, age, age FROM persons", "id", DS_ERR_CONFIG,
     "two columns named \"age\""},
    {"neither table nor query", NULL, NULL, "id", DS_ERR_CONFIG, "give one of the two"},
    {"both", "persons", "SELECT 1", "id", DS_ERR_CONFIG, "not both"},
    {"an empty key", "persons", NULL, "", DS_ERR_CONFIG, "`key` is empty"},
};

static void error(void **state)
{
    const struct error_row *row = *state;

    begin("CREATE TABLE persons (id TEXT PRIMARY KEY, age)");
    reader.table = row->table;
    reader.query = row->query;
    reader.key = row->key;
    assert_false(opens());
    assert_err(row->kind, row->says);
    end();
}

static void files_that_are_no_database(void **state)
{
    const char *noise = ds_arena_zalloc(scratch, 5000);

    (void)state;
    begin("CREATE TABLE t (id)");
    reader.table = "t";
    reader.path = tmpdir_file(dir, "missing.db");
    assert_false(opens());
    assert_err(DS_ERR_CONFIG, "missing.db: no such file");
    reader.path = tmpdir_path(dir);
    assert_false(opens());
    assert_err(DS_ERR_CONFIG, "not a file");
    tmpdir_write(dir, "noise.db", noise + 1, 4999);
    reader.path = tmpdir_file(dir, "noise.db");
    assert_false(opens());
    assert_err(DS_ERR_PERMANENT, "no SQLite database");
    end();
}

static void a_corrupt_database_is_said_so(void **state)
{
    char *bytes;
    size_t n;
    ds_page page;
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 10000};

    (void)state;
    begin(
        "CREATE TABLE t (id TEXT PRIMARY KEY, a); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT"
        " x + 1 FROM c WHERE x < 2000) INSERT INTO t SELECT x, hex(zeroblob(20)) FROM c");
    sqlite3_close(other);
    other = NULL;
    bytes = ds_arena_strdup(scratch, "");
    tmpdir_read(dir, "a.db", &n);
    bytes = ds_arena_alloc(scratch, n);
    memcpy(bytes, tmpdir_read(dir, "a.db", &n), n);
    memset(bytes + 4096 * 2, 0xAA, n - 4096 * 2);
    tmpdir_write(dir, "a.db", bytes, n);
    reader.table = "t";
    ds_page_init(&page, scratch);
    assert_true(!opens() ||
                !ds_sqlite_fetch(&reader.base, seam_activity(), &want, &page, &seam_err));
    assert_err(DS_ERR_PERMANENT, ".recover");
    end();
}

/* A lock is waited for, but not by one who was told to stop. */
static void a_locked_database_does_not_hold_up_a_stop(void **state)
{
    ds_page page;
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 10};
    ds_activity *act;

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('a')");
    reader.table = "t";
    must_open();
    sql("BEGIN EXCLUSIVE");
    act = seam_activity();
    atomic_store(&seam_stop, true);
    ds_page_init(&page, scratch);
    assert_false(ds_sqlite_fetch(&reader.base, act, &want, &page, &seam_err));
    assert_int_equal(seam_err.kind, DS_ERR_CANCELLED);
    sql("COMMIT");
    end();
}

static void nothing_is_written(void **state)
{
    const char *before, *after;
    size_t n, m;

    (void)state;
    begin("CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('a'), ('b'), ('c')");
    before = tmpdir_read(dir, "a.db", &n);
    reader.query = "SELECT * FROM t";
    must_open();
    assert_string_equal(keys(1), "a|b|c");
    after = tmpdir_read(dir, "a.db", &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    end();
}

int main(void)
{
    add_table(order_rows, order);
    add_table(restart_rows, restart);
    add_table(error_rows, error);
    add_test(one_instance_reads_a_query_to_its_end);
    add_test(a_page_ends_after_4_mib);
    add_test(nothing_is_locked_between_pages);
    add_test(pages_are_cut_by_an_index);
    add_test(a_cursor_of_something_else_starts_over);
    add_test(files_that_are_no_database);
    add_test(a_corrupt_database_is_said_so);
    add_test(a_locked_database_does_not_hold_up_a_stop);
    add_test(nothing_is_written);
    return run_tests("sqlite source");
}
