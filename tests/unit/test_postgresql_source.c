/* tests/unit/test_postgresql_source.c
 *
 * Tables and queries of a real server as records: order, cursors, types, named rows, ${since},
 * errors.  Run by tests/support/pgserver.py, which says in $DS_PG_URL where the server is.
 */
#include "postgresql_source_fixture.h"

/* ---- order ----------------------------------------------------------------------------------- */

static const struct order_row {
    const char *name, *sql, *query;
    const char *keys; /* pages of two */
} order_rows[] = {
    {"text keys in their order",
     "CREATE TABLE t (id text PRIMARY KEY); INSERT INTO t VALUES ('b'), ('a'), ('c')", NULL,
     "a b|c"},
    {"integers in their order",
     "CREATE TABLE t (id bigint PRIMARY KEY); INSERT INTO t VALUES (10), (9), (100), (-1)", NULL,
     "-1 9|10 100"},
    {"numeric keys keep their digits",
     "CREATE TABLE t (id numeric); INSERT INTO t VALUES (1.10), (1.1), (12345678901234567890)",
     NULL, "1.1 1.10|12345678901234567890"},
    {"uuids",
     "CREATE TABLE t (id uuid UNIQUE); INSERT INTO t VALUES"
     " ('00000000-0000-0000-0000-00000000000b'), ('00000000-0000-0000-0000-00000000000a')",
     NULL, "00000000-0000-0000-0000-00000000000a 00000000-0000-0000-0000-00000000000b"},
    {"times",
     "CREATE TABLE t (id timestamptz); INSERT INTO t VALUES"
     " ('2026-01-31 10:30:00.000001+01'), ('2026-01-31 10:30+01'), ('2025-01-01Z')",
     NULL, "2025-01-01T00:00:00Z 2026-01-31T09:30:00Z|2026-01-31T09:30:00.000001Z"},
    {"a key that comes often is cut anywhere",
     "CREATE TABLE t (id text); INSERT INTO t VALUES ('b'), ('a'), ('b'), ('b'), ('b'), ('c')",
     NULL, "a b|b b|b c"},
    {"NULL keys come last and are counted",
     "CREATE TABLE t (id text UNIQUE); INSERT INTO t VALUES (NULL), ('a'), (NULL), (NULL), ('b')",
     NULL, "a b|- -|-"},
    {"NULL keys alone",
     "CREATE TABLE t (id text); INSERT INTO t VALUES (NULL), (NULL), (NULL), (NULL), (NULL)", NULL,
     "- -|- -|-"},
    {"an empty table", "CREATE TABLE t (id text)", NULL, ""},
    {"a query", "CREATE TABLE t (n int); INSERT INTO t VALUES (3), (1), (2)",
     "SELECT 'k' || n AS id, n FROM t WHERE n > 1 -- with a comment", "k2 k3"},
    {"a query that ends in a semicolon", "CREATE TABLE t (n int); INSERT INTO t VALUES (3), (1)",
     "SELECT n AS id FROM t ORDER BY n DESC LIMIT 5;\n", "1 3"},
    {"a query with a common table expression", "CREATE TABLE t (n int); INSERT INTO t VALUES (1)",
     "WITH c AS (SELECT n AS id FROM t) SELECT * FROM c", "1"},
    {"enums in their own order",
     "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE TABLE t (id mood PRIMARY KEY);"
     "INSERT INTO t VALUES ('happy'), ('ok'), ('sad')",
     NULL, "sad ok|happy"},
    {"arrays of texts, joined where that says what they are",
     "CREATE TABLE t (id text[]); INSERT INTO t VALUES ('{a,b}'), ('{\"a, b\"}'), ('{}'), "
     "('{\"{a\"}')",
     NULL, "{} a, b|{\"a, b\"} {\"{a\"}"},
    {"arrays of numbers",
     "CREATE TABLE t (id int[]); INSERT INTO t VALUES ('{1,2}'), ('{1}'), ('{{1},{2}}')", NULL,
     "[1] [1,2]|[[1],[2]]"},
    {"lists of JSON",
     "CREATE TABLE t (id jsonb); INSERT INTO t VALUES ('[\"a\", \"b\"]'), ('[\"a, b\"]')", NULL,
     "[\"a, b\"] a, b"},
    {"two columns", "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1,'x'),(2,'y'),(0,'z')",
     "SELECT (a, b) AS id FROM t", "(0,z) (1,x)|(2,y)"},
    {"a composite type",
     "CREATE TYPE p AS (a int, b text); CREATE TABLE t (id p); INSERT INTO t VALUES "
     "((1,'x')),((2,'y')),((0,'z'))",
     NULL, "(0,z) (1,x)|(2,y)"},
    {"a row", "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1,'x'),(2,'y'),(0,'z')",
     "SELECT t AS id FROM t", "(0,z) (1,x)|(2,y)"},
    {"keys with quotes and line breaks",
     "CREATE TABLE t (id text PRIMARY KEY); INSERT INTO t VALUES ('a''b'), (E'a\nb'), ('a:b')",
     NULL, "a\nb a'b|a:b"},
};

static void order(void **state)
{
    const struct order_row *row = *state;

    begin(row->sql);
    if (row->query)
        settings(NULL, row->query);
    assert_string_equal(keys(2, false), row->keys);
    assert_string_equal(keys(2, true), row->keys);
    assert_int_equal(strlen(keys(1, true)), strlen(row->keys));
}

/* ---- going on -------------------------------------------------------------------------------- */

/* The stream of a living instance does not see what is changed meanwhile, a fresh one does. */
static void rows_that_go_and_come_meanwhile(void **state)
{
    ds_page page;
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 2};

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY); INSERT INTO t VALUES ('a'), ('b'), ('c'), ('d')");
    assert_true(fetches(want, &page));
    assert_non_null(page.next_cursor);
    want.cursor = page.next_cursor;
    sql("DELETE FROM t WHERE id = 'b'; INSERT INTO t VALUES ('bb')");
    settings("t", NULL);
    assert_string_equal(
        keys_of((ds_fetch){.cursor = want.cursor, .since_ms = -1, .limit = 9}, false), "bb c d");
}

static void a_cursor_of_something_else_starts_over(void **state)
{
    ds_page page;
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 1};

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY); INSERT INTO t VALUES ('a'), ('b')");
    assert_true(fetches(want, &page));
    want.cursor = page.next_cursor;
    settings("t", NULL); /* while it reads, the table cannot be altered */
    sql("ALTER TABLE t ADD COLUMN more int");
    assert_true(fetches(want, &page));
    assert_true(page.restart);
    assert_string_equal(page.records[0].primary_key, "a");
    want.cursor = "0:0:0:tx";
    assert_true(fetches(want, &page));
    assert_true(page.restart);
    want.cursor = "nonsense";
    assert_true(fetches(want, &page));
    assert_true(page.restart);
}

/* Earlier versions read such keys in another order: (2,x) before (10,x). */
static void a_cursor_of_another_order_starts_over(void **state)
{
    ds_page page;
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 1};

    (void)state;
    begin("CREATE TYPE p AS (a int, b text); CREATE TABLE t (id p);"
          "INSERT INTO t VALUES ((2,'x')), ((10,'x'))");
    assert_true(fetches(want, &page));
    settings("t", NULL);
    want.cursor = "8a6e00fe9cb1f717:1:1:t(2,x)"; /* of such a version */
    assert_true(fetches(want, &page));
    assert_true(page.restart);
    assert_string_equal(page.records[0].primary_key, "(10,x)");
}

/* What no cursor can hold does not end a page's growth: the cursor names a place before it. */
static void keys_too_long_for_a_cursor(void **state)
{
    ds_page page;
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 1};
    int pages = 1;

    (void)state;
    begin("CREATE TABLE t (id text); INSERT INTO t SELECT i || repeat('x', 5000) FROM"
          " generate_series(1, 4) AS i; INSERT INTO t VALUES ('0'), ('5')");
    for (; fetches(want, &page) && page.next_cursor; pages++) {
        assert_int_equal(page.records_n, 1);
        assert_true(strlen(page.next_cursor) < 100);
        want.cursor = page.next_cursor;
    }
    assert_int_equal(pages, 6);
    assert_string_equal(page.records[0].primary_key, "5");
}

static void a_page_ends_after_4_mib(void **state)
{
    ds_page page;
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 1000};

    (void)state;
    begin("CREATE TABLE t (id int, a text); INSERT INTO t SELECT i, repeat('x', 1000000) FROM"
          " generate_series(1, 12) AS i");
    assert_true(fetches(want, &page));
    assert_int_equal(page.records_n, 5);
    assert_non_null(page.next_cursor);
}

/* ---- values ---------------------------------------------------------------------------------- */

static const struct value_row {
    const char *name, *sql, *json;
} value_rows[] = {
    {"booleans", "true AS a, false AS b, NULL::bool AS c", "{\"a\":true,\"b\":false,\"c\":null}"},
    {"integers of all sizes", "1::int2 AS a, -2::int4 AS b, 9223372036854775807 AS c",
     "{\"a\":1,\"b\":-2,\"c\":\"9223372036854775807\"}"},
    {"numerics keep their digits", "1.10 AS a, 12345678901234567890.5 AS b, 'NaN'::numeric AS c",
     "{\"a\":1.10,\"b\":\"12345678901234567890.5\",\"c\":\"NaN\"}"},
    {"floats", "0.1::float8 AS a, 1e20::float8 AS b, '-Infinity'::float8 AS c",
     "{\"a\":0.1,\"b\":\"1e+20\",\"c\":\"-Infinity\"}"},
    {"times",
     "'2026-01-31 10:30:00.5+01'::timestamptz AS a, '2026-01-31 10:30'::timestamp AS b,"
     " '2026-01-31'::date AS c, '10:30'::time AS d",
     "{\"a\":\"2026-01-31T09:30:00.5Z\",\"b\":\"2026-01-31T10:30:00Z\",\"c\":\"2026-01-31\","
     "\"d\":\"10:30:00\"}"},
    {"times beyond the calendar",
     "'infinity'::timestamptz AS a, '0044-03-15 BC'::date AS b,"
     " '12026-01-01'::date AS c",
     "{\"a\":\"infinity\",\"b\":\"0044-03-15 BC\",\"c\":\"12026-01-01\"}"},
    {"json is nested", "'{\"x\": [1, {\"y\": null}]}'::jsonb AS a, '\"t\"'::json AS b",
     "{\"a\":{\"x\":[1,{\"y\":null}]},\"b\":\"t\"}"},
    {"arrays",
     "'{a,\"b c\",\"d\\\"e\"}'::text[] AS a, '{1,NULL,3}'::int[] AS b,"
     " '{{1.5},{2}}'::numeric[] AS c, '{t,f}'::bool[] AS d, '{}'::text[] AS e",
     "{\"a\":[\"a\",\"b c\",\"d\\\"e\"],\"b\":[1,null,3],\"c\":[[1.5],[2]],\"d\":[true,false],"
     "\"e\":[]}"},
    {"arrays of json", "ARRAY['{\"x\": 1}', '\"t\"', '[1]', NULL]::jsonb[] AS a",
     "{\"a\":[{\"x\":1},\"t\",\"[1]\",null]}"},
    {"bytes, enums, domains, the rest",
     "'\\x00ff'::bytea AS a, 'ok'::mood AS b, 5::small AS c,"
     " '1 day'::interval AS d, '10.0.0.1'::inet AS e, ROW(1, 'x') AS f",
     "{\"a\":\"\\\\x00ff\",\"b\":\"ok\",\"c\":5,\"d\":\"1 "
     "day\",\"e\":\"10.0.0.1\",\"f\":\"(1,x)\"}"},
};

static void value(void **state)
{
    const struct value_row *row = *state;
    DS_AUTO_BUF(out, DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);
    ds_page page;

    begin("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN small AS int CHECK (VALUE < 10)");
    settings(NULL, ds_arena_printf(scratch, "SELECT 1 AS id, %s", row->sql));
    if (!fetches((ds_fetch){.unit = "all", .since_ms = -1, .limit = 10}, &page))
        fail_msg("%s", seam_err.text);
    ds_json_w_begin_object(&w);
    for (size_t i = 1; i < page.records[0].props_n; i++) {
        ds_json_w_name(&w, page.records[0].props[i].name);
        ds_json_w_value(&w, page.records[0].props[i].value);
    }
    ds_json_w_end_object(&w);
    assert_string_equal(out.data, row->json);
}

/* The form of values does not hang on what a database or a role is set to. */
static void settings_of_the_server_do_not_matter(void **state)
{
    ds_page page;

    (void)state;
    begin("CREATE TABLE t (id text, at timestamptz, b bytea, f float8);"
          "INSERT INTO t VALUES ('a', '2026-01-31T09:30:00Z', '\\x01', 0.1);"
          "ALTER ROLE postgres SET TimeZone = 'Asia/Tokyo';"
          "ALTER ROLE postgres SET DateStyle = 'German';"
          "ALTER ROLE postgres SET bytea_output = 'escape';"
          "ALTER ROLE postgres SET extra_float_digits = -10;"
          "ALTER ROLE postgres SET default_transaction_isolation = 'serializable'");
    assert_true(fetches((ds_fetch){.unit = "all", .since_ms = -1, .limit = 10}, &page));
    sql("ALTER ROLE postgres RESET ALL");
    assert_string_equal(seam_text(&page.records[0], "at"), "2026-01-31T09:30:00Z");
    assert_string_equal(seam_text(&page.records[0], "b"), "\\x01");
    assert_string_equal(seam_text(&page.records[0], "f"), "0.1");
}

/* ---- named rows ------------------------------------------------------------------------------ */

static const char *named(const char *const *items, size_t n, size_t limit)
{
    return keys_of((ds_fetch){.since_ms = -1, .limit = limit, .items = items, .items_n = n}, true);
}

static void rows_named_by_their_keys(void **state)
{
    const char *texts[] = {"b", "x\"\\y", "none", "{a,b}", "a"};
    const char *numbers[] = {"2", "02", "x", "3", "99999999999999999999"};

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY); INSERT INTO t VALUES ('a'), ('b'), ('x\"\\y'),"
          " ('{a,b}'), ('c')");
    assert_string_equal(named(texts, 2, 1), "b|x\"\\y");
    assert_int_equal(strlen(named(texts, 5, 10)), strlen("b x\"\\y {a,b} a"));
    begin("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)");
    assert_string_equal(named(numbers, 1, 10), "2");
    assert_string_equal(named(numbers + 1, 1, 10), "");
    assert_string_equal(named(numbers, 5, 10), "2 3");
    settings(NULL, "SELECT id * 10 AS id FROM t");
    numbers[0] = "30";
    assert_string_equal(named(numbers, 1, 10), "30");
}

static void rows_named_by_keys_of_several_parts(void **state)
{
    const char *array[] = {"a, b", "{\"a, b\"}"}, *numbers[] = {"[1,2]"}, *row[] = {"(a,1)"};
    const char *json[] = {"b", "{\"a\":1}", "a, b", "2", "3", "[4,5]", "[\"x, y\"]"};

    (void)state;
    begin("CREATE TABLE t (id text[]); INSERT INTO t VALUES ('{a,b}'), ('{\"a, b\"}')");
    assert_string_equal(named(array, 2, 1), "a, b|{\"a, b\"}");
    settings(NULL, "SELECT (id[1], 1) AS id FROM t");
    assert_string_equal(named(row, 1, 10), "(a,1)");
    begin("CREATE TABLE t (id int[]); INSERT INTO t VALUES ('{1,2}'), ('{1}')");
    assert_string_equal(named(numbers, 1, 10), "[1,2]");
    begin("CREATE TABLE t (id jsonb PRIMARY KEY); INSERT INTO t VALUES ('\"b\"'), ('\"2\"'), ('3'),"
          " ('{\"a\":1}'), ('[\"a\",\"b\"]'), ('[4, 5]'), ('[\"x, y\"]')");
    assert_string_equal(named(json, 7, 1), "b|{\"a\":1}|a, b|2|3|[4,5]|[\"x, y\"]");
    json[0] = "{no json";
    assert_string_equal(named(json, 2, 1), "|{\"a\":1}");
}

/* ---- since ----------------------------------------------------------------------------------- */

static const char *changed(int64_t since_ms)
{
    return keys_of((ds_fetch){.since_ms = since_ms, .limit = 1}, true);
}

#define MORNING INT64_C(1767259800000) /* 2026-01-01T09:30:00Z */

static void changes_since(void **state)
{
    (void)state;
    seam_now_ms = 0; /* ours is behind the server's: since stays what it is */
    begin("CREATE TABLE t (id text, made timestamptz, changed timestamptz); INSERT INTO t VALUES"
          " ('a', '2026-01-01 09:29:59.999Z', NULL), ('b', '2026-01-01 09:30Z', '2020-01-01Z'),"
          " ('c', '2020-01-01Z', '2026-01-01 09:30:00.001Z'), ('d', '-infinity', NULL)");
    settings(NULL, "SELECT * FROM t WHERE made >= ${since} OR changed >= ${since}");
    assert_true(ds_postgresql_source.lists_changes(&reader.base));
    assert_string_equal(changed(MORNING), "b|c");
    assert_string_equal(changed(MORNING + 1), "c");
    assert_string_equal(changed(-1), "a|b|c|d");
    settings(NULL, "SELECT * FROM t WHERE made > ${since} - interval '1 second'");
    assert_string_equal(changed(MORNING), "a|b");
    settings("t", NULL);
    assert_false(ds_postgresql_source.lists_changes(&reader.base));
}

/* Rows are stamped by the database's clock: where it is a day behind ours, so is `since`. */
static void since_goes_by_the_databases_clock(void **state)
{
    int64_t server;

    (void)state;
    begin("CREATE TABLE t (id text, at timestamptz); INSERT INTO t VALUES"
          " ('just now', now()), ('an hour ago', now() - interval '1 hour')");
    settings(NULL, "SELECT * FROM t WHERE at >= ${since}");
    server = strtoll(sql("SELECT (extract(epoch FROM now()) * 1000)::int8"), NULL, 10);
    seam_now_ms = server + DS_DAY_MS;
    assert_string_equal(changed(seam_now_ms - DS_MINUTE_MS), "just now");
    assert_string_equal(changed(seam_now_ms - 2 * DS_HOUR_MS), "an hour ago|just now");
    seam_now_ms = server - DS_DAY_MS; /* never forward */
    assert_string_equal(changed(seam_now_ms), "an hour ago|just now");
    seam_now_ms = 0;
}

/* ---- errors ---------------------------------------------------------------------------------- */

static const struct error_row {
    const char *name, *table, *query, *key;
    ds_err_kind kind;
    const char *says;
} error_rows[] = {
    {"a table that is not there", "nowhere", NULL, "id", DS_ERR_CONFIG,
     "relation \"nowhere\" does not exist"},
    {"a schema that is not there", "no.t", NULL, "id", DS_ERR_CONFIG,
     "relation \"no.t\" does not exist"},
    {"a name that is none", "a..b", NULL, "id", DS_ERR_CONFIG, "is no name of a table"},
    {"a key that is not there", "t", NULL, "idd", DS_ERR_CONFIG, "column \"idd\" does not exist"},
    {"a key of a type without order", "t", NULL, "j", DS_ERR_CONFIG,
     "could not identify an ordering operator for type json"},
    {"a slip of the pen", NULL, "SELEC 1", "id", DS_ERR_CONFIG, "syntax error"},
    {"two statements", NULL, "SELECT 1 AS id; SELECT 2 AS id", "id", DS_ERR_CONFIG,
     "syntax error at or near \";\""},
    {"a semicolon before a comment", NULL, "SELECT 1 AS id; -- end", "id", DS_ERR_CONFIG,
     "`query` is one SELECT, with no semicolon but at its end"},
    {"a WITH that deletes", NULL, "WITH x AS (DELETE FROM t RETURNING id) SELECT * FROM x", "id",
     DS_ERR_CONFIG, "data-modifying statement must be at the top level"},
    {"two columns of one name", NULL, "SELECT 1 AS id, 2 AS a, 3 AS a", "id", DS_ERR_CONFIG,
     "two columns named \"a\""},
    {"a parameter", NULL, "SELECT $1::int AS id", "id", DS_ERR_CONFIG, "has parameters ($1)"},
    {"a query that writes", NULL, "SELECT writes() AS id", "id", DS_ERR_CONFIG,
     "cannot execute INSERT in a read-only transaction"},
    {"since in a string that is text", NULL, "SELECT id FROM t WHERE id = '${since}'", "id",
     DS_ERR_CONFIG, "`query` has ${since} in a string or a comment"},
    {"since in a string that is a time", NULL, "SELECT id FROM t WHERE at > '${since}'", "id",
     DS_ERR_CONFIG, "stands without quotes"},
    {"since in a string, once of twice", NULL,
     "SELECT id FROM t WHERE id = '${since}' OR at > ${since}", "id", DS_ERR_CONFIG,
     "stands without quotes"},
    {"since in a comment", NULL, "SELECT id FROM t -- ${since}", "id", DS_ERR_CONFIG,
     "in a string or a comment"},
    {"since beside a column of another type", NULL, "SELECT id FROM t WHERE id > ${since}", "id",
     DS_ERR_CONFIG, "operator does not exist: text > timestamp with time zone"},
};

static void error(void **state)
{
    const struct error_row *row = *state;
    ds_page page;

    begin("CREATE TABLE t (id text, j json, at timestamptz); INSERT INTO t VALUES ('a');"
          "CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS"
          " 'INSERT INTO t VALUES (''b''); SELECT 1'");
    settings(row->table, row->query);
    reader.key = row->key;
    assert_false(opens() && fetches((ds_fetch){.unit = "all", .since_ms = -1, .limit = 9}, &page));
    assert_err(row->kind, row->says);
    assert_string_equal(sql("SELECT count(*) FROM t"), "1");
}

static void an_error_among_the_rows(void **state)
{
    ds_page page;
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 1};

    (void)state;
    begin("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 5000)");
    sql("ANALYZE t; ALTER ROLE postgres SET enable_seqscan = off;"
        " ALTER ROLE postgres SET enable_sort = off");
    settings(NULL, "SELECT id, 1 / (id - 4000) AS a FROM t");
    assert_true(opens());
    while (fetches(want, &page) && page.next_cursor) {
        want.cursor = page.next_cursor;
        want.limit = 1000;
    }
    sql("ALTER ROLE postgres RESET ALL");
    assert_err(DS_ERR_PERMANENT, "division by zero");
    assert_non_null(want.cursor);
    settings("t", NULL); /* the next pass is none the worse for it */
    assert_true(fetches((ds_fetch){.unit = "all", .since_ms = -1, .limit = 9}, &page));
}

static void a_session_that_is_ended(void **state)
{
    ds_page page;
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 1};

    (void)state;
    begin("CREATE TABLE t (id int PRIMARY KEY, a text);"
          "INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) AS i");
    assert_true(fetches(want, &page));
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'durable-sync test'");
    want.limit = 1000;
    do
        want.cursor = page.next_cursor;
    while (want.cursor && fetches(want, &page));
    assert_err(DS_ERR_TRANSIENT, "lost the connection"); /* its words may be behind unread rows */
    assert_true(fetches(want, &page)); /* a new connection goes on from the cursor */
    assert_false(page.restart);
    assert_int_equal(atoi(page.records[0].primary_key) % 1000, 2);
}

static void a_stop_is_heard(void **state)
{
    ds_page page;
    ds_activity *act;
    ds_fetch want = {.unit = "all", .since_ms = -1, .limit = 1};

    (void)state;
    begin("CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    assert_true(opens());
    act = seam_activity();
    atomic_store(&seam_stop, true);
    ds_page_init(&page, scratch);
    assert_false(ds_pg_fetch(&reader.base, act, &want, &page, &seam_err));
    assert_int_equal(seam_err.kind, DS_ERR_CANCELLED);
}

int main(void)
{
    int failed;

    if (!find_server())
        return 77;
    add_table(order_rows, order);
    add_test(rows_that_go_and_come_meanwhile);
    add_test(a_cursor_of_something_else_starts_over);
    add_test(a_cursor_of_another_order_starts_over);
    add_test(keys_too_long_for_a_cursor);
    add_test(a_page_ends_after_4_mib);
    add_table(value_rows, value);
    add_test(settings_of_the_server_do_not_matter);
    add_test(rows_named_by_their_keys);
    add_test(rows_named_by_keys_of_several_parts);
    add_test(changes_since);
    add_test(since_goes_by_the_databases_clock);
    add_table(error_rows, error);
    add_test(an_error_among_the_rows);
    add_test(a_session_that_is_ended);
    add_test(a_stop_is_heard);
    failed = run_tests("postgresql source");
    end();
    return failed;
}
