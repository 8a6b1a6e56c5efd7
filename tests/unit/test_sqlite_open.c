/* tests/unit/test_sqlite_open.c
 *
 * Opening a table to write to it: made or found, with its types and its identity.
 */
#include "sqlite_fixture.h"

#include <unistd.h>

/* ---- opening --------------------------------------------------------------------------------- */

static const struct open_row {
    const char *name, *sql, *table, *column;
    const char *says; /* NULL: it opens */
} open_rows[] = {
    {"a text primary key", "CREATE TABLE t (id TEXT PRIMARY KEY, a)", "t", NULL, NULL},
    {"an integer primary key", "CREATE TABLE t (id INTEGER PRIMARY KEY, a)", "t", NULL, NULL},
    {"an integer primary key of another spelling", "CREATE TABLE t (id INT PRIMARY KEY, a)", "t",
     NULL, NULL},
    {"a unique index beside a primary key",
     "CREATE TABLE t (n INTEGER PRIMARY KEY, id TEXT); CREATE UNIQUE INDEX i ON t (id)", "t", NULL,
     NULL},
    {"a table without rowid", "CREATE TABLE t (id TEXT PRIMARY KEY) WITHOUT ROWID", "t", NULL,
     NULL},
    {"a STRICT table", "CREATE TABLE t (id TEXT PRIMARY KEY, a ANY) STRICT", "t", NULL, NULL},
    {"a key without a type", "CREATE TABLE t (id PRIMARY KEY); INSERT INTO t VALUES ('a')", "t",
     NULL, NULL},
    {"a key without a type that holds numbers",
     "CREATE TABLE t (id PRIMARY KEY); INSERT INTO t VALUES (1)", "t", NULL,
     "has no type and holds numbers"},
    {"a key without a type that holds blobs",
     "CREATE TABLE t (id PRIMARY KEY); INSERT INTO t VALUES (x'01')", "t", NULL,
     "has no type and holds numbers or blobs"},
    {"a floating key", "CREATE TABLE t (id REAL PRIMARY KEY)", "t", NULL, "of a floating type"},
    {"a key that nothing keeps unique", "CREATE TABLE t (id TEXT, a)", "t", NULL,
     "CREATE UNIQUE INDEX \"t_id\" ON \"t\" (\"id\" COLLATE BINARY)"},
    {"a key unique only with another column", "CREATE TABLE t (id TEXT, a, UNIQUE (id, a))", "t",
     NULL, "nothing keeps \"id\" unique"},
    {"a key unique only in part",
     "CREATE TABLE t (id TEXT, a); CREATE UNIQUE INDEX i ON t (id) WHERE a > 0", "t", NULL,
     "nothing keeps \"id\" unique"},
    {"a key unique without regard to case", "CREATE TABLE t (id TEXT COLLATE NOCASE UNIQUE)", "t",
     NULL, "nothing keeps \"id\" unique"},
    {"a unique expression", "CREATE TABLE t (id TEXT); CREATE UNIQUE INDEX i ON t (lower(id))", "t",
     NULL, "nothing keeps \"id\" unique"},
    {"a generated key", "CREATE TABLE t (a, id TEXT AS (a) UNIQUE)", "t", NULL,
     "is generated: it cannot be written"},
    {"no key column", "CREATE TABLE t (ids TEXT PRIMARY KEY)", "t", NULL,
     "has no column \"id\" for `key`; did you mean \"ids\"?"},
    {"no such table", "CREATE TABLE persons (id TEXT PRIMARY KEY)", "person", NULL,
     "no such table: \"person\"; did you mean \"persons\"? Make it, or say `create_table: true`"},
    {"a view", "CREATE TABLE x (id TEXT PRIMARY KEY); CREATE VIEW t AS SELECT * FROM x", "t", NULL,
     "is a view: rows are written to tables"},
    {"a virtual table", "CREATE VIRTUAL TABLE t USING fts5(id)", "t", NULL, "is a virtual table"},
    {"a table of SQLite's own", "CREATE TABLE t (id)", "sqlite_schema", NULL, "is taken"},
    {"the table of the state", "CREATE TABLE t (id)", "Durable_Sync_State", NULL, "is taken"},
    {"a column of the route that is there", "CREATE TABLE t (id TEXT PRIMARY KEY, Stars)", "t",
     "stars", NULL},
    {"a column of the route that is not", "CREATE TABLE t (id TEXT PRIMARY KEY, Stars)", "t",
     "Strs", "has no column \"Strs\"; did you mean \"Stars\"?"},
    {"a column of the route that is generated", "CREATE TABLE t (id TEXT PRIMARY KEY, a, b AS (a))",
     "t", "b", "column \"b\" of table \"t\" is generated"},
};

static void opening(void **state)
{
    const struct open_row *row = *state;
    const ds_column column = {.name = row->column, .type = DS_TEXT};

    begin(row->sql);
    to.table = row->table;
    columns = row->column ? &column : NULL;
    columns_n = row->column != NULL;
    if (row->says) {
        assert_false(opens_as(NULL, false));
        assert_err(DS_ERR_CONFIG, row->says);
    } else {
        must_open(NULL);
    }
    end();
}

static void files_that_cannot_be_opened(void **state)
{
    (void)state;
    begin("");
    assert_false(opens_as(NULL, false));
    assert_err(DS_ERR_CONFIG, "a.db: no such file: correct `path`, or say `create_table: true`");
    to.create_table = true;
    to.path = tmpdir_file(dir, "none/a.db");
    assert_false(opens_as(NULL, false));
    assert_err(DS_ERR_CONFIG, "none: no such directory");
    assert_false(opens_as(NULL, true));
    assert_err(DS_ERR_CONFIG, "none: no such directory");
    to.path = tmpdir_path(dir);
    assert_false(opens_as(NULL, false));
    assert_err(DS_ERR_CONFIG, "not a file");
    tmpdir_write(dir, "noise.db", "this is a text of some length and no database at all, is it",
                 59);
    to.path = tmpdir_file(dir, "noise.db");
    assert_false(opens_as(NULL, false));
    assert_err(DS_ERR_PERMANENT, "the file is no SQLite database");
    end();
}

static void a_table_is_made_as_the_route_says(void **state)
{
    static const ds_column made[] = {
        {.name = "plain", .type = DS_TEXT, .typed = false},
        {.name = "words", .type = DS_TEXT, .typed = true},
        {.name = "count", .type = DS_INT, .typed = true},
        {.name = "price", .type = DS_NUMBER, .typed = true},
        {.name = "done", .type = DS_BOOL, .typed = true},
        {.name = "day", .type = DS_DATE, .typed = true},
        {.name = "at", .type = DS_DATETIME, .typed = true},
        {.name = "tags", .type = DS_LIST, .typed = true},
        {.name = "a \"b\"; --", .type = DS_TEXT},
        {.name = "ID", .type = DS_TEXT, .typed = false},
    };

    (void)state;
    begin("");
    columns = made;
    columns_n = DS_COUNT(made);
    must_create(NULL);
    look();
    assert_string_equal(
        query("SELECT name, type FROM pragma_table_info('t')"),
        "id|TEXT plain| words|TEXT count|INTEGER price|NUMERIC done|BOOLEAN day|DATE "
        "at|DATETIME tags|TEXT a \"b\"; --|");
    assert_string_equal(query("PRAGMA journal_mode"), "delete");
    assert_false(opened.continues);
    assert_true(opened.exists);
    assert_int_equal(opened.rows, 0);
    end();
}

static void missing_columns_are_added_where_we_may(void **state)
{
    static const ds_column wanted[] = {{.name = "a", .type = DS_TEXT, .typed = false},
                                       {.name = "b", .type = DS_INT, .typed = true}};

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a); INSERT INTO t VALUES ('x', 1)");
    columns = wanted;
    columns_n = 2;
    must_create(NULL);
    assert_string_equal(query("SELECT name, type FROM pragma_table_info('t')"),
                        "id|TEXT a| b|INTEGER");
    create("y", "{\"new\": 5, \"a\": 1}"); /* a property no field names */
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t"), "x|1|NULL|NULL y|1|NULL|5");
    end();
}

static const struct identity_row {
    const char *name, *path, *table, *is; /* %s is the directory */
} identity_rows[] = {
    {"a file that is there", "%s/a.db", "t", "sqlite:%s/a.db#t"},
    {"a file that is not", "%s/b.db", "t", "sqlite:%s/b.db#t"},
    {"another way to the same file", "%s/../%s/./a.db", "t", "sqlite:%s/a.db#t"},
    {"a link to it", "%s/link.db", "t", "sqlite:%s/a.db#t"},
    {"names of tables know no case", "%s/a.db", "Persons", "sqlite:%s/a.db#persons"},
};

static const char *in_dir(const char *pattern)
{
    const char *base = strrchr(tmpdir_path(dir), '/') + 1;
    const char *rest = strstr(pattern, "%s");
    int head = (int)(rest - pattern);
    const char *again = strstr(rest + 2, "%s");

    if (!again)
        return ds_arena_printf(scratch, "%.*s%s%s", head, pattern, tmpdir_path(dir), rest + 2);
    return ds_arena_printf(scratch, "%s%.*s%s%s", tmpdir_path(dir), (int)(again - rest - 2),
                           rest + 2, base, again + 2);
}

static void identity(void **state)
{
    const struct identity_row *row = *state;

    begin("CREATE TABLE t (id)");
    assert_int_equal(symlink(path, tmpdir_file(dir, "link.db")), 0);
    to.path = in_dir(row->path);
    to.table = row->table;
    assert_string_equal(ds_sqlite_destination.identity(&to.base, scratch), in_dir(row->is));
    end();
}

int main(void)
{
    add_table(open_rows, opening);
    add_table(identity_rows, identity);
    add_test(files_that_cannot_be_opened);
    add_test(a_table_is_made_as_the_route_says);
    add_test(missing_columns_are_added_where_we_may);
    return run_tests("sqlite open");
}
