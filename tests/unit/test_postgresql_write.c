/* tests/unit/test_postgresql_write.c
 *
 * Batches of rows into somebody else's table: its rules hold the rows that break them, many new
 * rows are copied, and what is not ours stays untouched.
 */
#include "postgresql_fixture.h"

/* ---- somebody else's table ------------------------------------------------------------------- */

static const struct rule_row {
    const char *name, *sql, *props;
    const char *held; /* the server's own words */
} rule_rows[] = {
    {"a CHECK", "CREATE TABLE t (id text PRIMARY KEY, a int CHECK (a > 0))", "{\"a\": -1}",
     "violates check constraint \"t_a_check\" (SQLSTATE 23514)"},
    {"a NOT NULL", "CREATE TABLE t (id text PRIMARY KEY, a int NOT NULL)", "{\"a\": null}",
     "null value in column \"a\""},
    {"a NOT NULL that no property fills",
     "CREATE TABLE t (id text PRIMARY KEY, a int, b int NOT NULL)", "{\"a\": 1}",
     "null value in column \"b\""},
    {"another unique column",
     "CREATE TABLE t (id text PRIMARY KEY, a int UNIQUE); INSERT INTO t VALUES ('hand', 5)",
     "{\"a\": 5}", "\"t_a_key\" (SQLSTATE 23505): Key (a)=(5) already exists."},
    {"a foreign key",
     "CREATE TABLE p (id text PRIMARY KEY); CREATE TABLE t (id text PRIMARY KEY, a text REFERENCES"
     " p (id))",
     "{\"a\": \"nobody\"}", "Key (a)=(nobody) is not present in table \"p\"."},
    {"a deferred foreign key",
     "CREATE TABLE p (id text PRIMARY KEY); CREATE TABLE t (id text PRIMARY KEY, a text REFERENCES"
     " p (id) DEFERRABLE INITIALLY DEFERRED)",
     "{\"a\": \"nobody\"}", "Key (a)=(nobody) is not present in table \"p\"."},
    {"an exclusion",
     "CREATE TABLE t (id text PRIMARY KEY, a int4range, EXCLUDE USING gist (a WITH &&));"
     "INSERT INTO t VALUES ('hand', '[1,5]')",
     "{\"a\": \"[3,9]\"}", "conflicting key value violates exclusion constraint"},
    {"a trigger that raises",
     "CREATE TABLE t (id text PRIMARY KEY, a int); CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN"
     " RAISE NOTICE 'look here'; IF NEW.a = 6 THEN RAISE EXCEPTION 'no sixes here' USING HINT ="
     " 'take five'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql;"
     "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
     "{\"a\": 6}", "no sixes here (SQLSTATE P0001); hint: take five; notice: look here"},
    {"a deferred trigger that raises",
     "CREATE TABLE t (id text PRIMARY KEY, a int); CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN"
     " RAISE EXCEPTION 'late'; END $$ LANGUAGE plpgsql; CREATE CONSTRAINT TRIGGER r AFTER INSERT ON"
     " t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()",
     "{\"a\": 6}", "late (SQLSTATE P0001)"},
    {"a trigger with a code of its own",
     "CREATE TABLE t (id text PRIMARY KEY, a int); CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN"
     " RAISE EXCEPTION 'mine' USING ERRCODE = 'ZZ123'; END $$ LANGUAGE plpgsql;"
     "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
     "{\"a\": 6}", "mine (SQLSTATE ZZ123)"},
    {"a trigger that is broken",
     "CREATE TABLE t (id text PRIMARY KEY, a int); CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN"
     " PERFORM * FROM nowhere; RETURN NEW; END $$ LANGUAGE plpgsql;"
     "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
     "{\"a\": 6}", "relation \"nowhere\" does not exist (SQLSTATE 42P01)"},
    {"a trigger that ignores",
     "CREATE TABLE t (id text PRIMARY KEY, a int); CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN"
     " RETURN NULL; END $$ LANGUAGE plpgsql;"
     "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
     "{\"a\": 6}", "the table ignores this row"},
    {"a trigger that makes another key of it",
     "CREATE TABLE t (id text PRIMARY KEY, a int); CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN"
     " NEW.id = 'x' || NEW.id; RETURN NEW; END $$ LANGUAGE plpgsql;"
     "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.a = 6) EXECUTE FUNCTION f();"
     "INSERT INTO t VALUES ('xk', 5)",
     "{\"a\": 6}", "the table ignores this row"},
    {"no partition for it",
     "CREATE TABLE t (id text PRIMARY KEY, a int) PARTITION BY LIST (id);"
     "CREATE TABLE t0 PARTITION OF t FOR VALUES IN ('other')",
     "{\"a\": 6}", "no partition of relation \"t\" found for row"},
    {"a key longer than an index takes",
     "CREATE TABLE t (id text PRIMARY KEY, a text); CREATE INDEX i ON t (a)", NULL, "index row"},
};

static void rule(void **state)
{
    const struct rule_row *row = *state;
    const char *hands, *props = row->props;

    begin(row->sql);
    if (!props) /* what compresses fits all the same */
        props = ds_arena_printf(
            scratch, "{\"a\": \"%s\"}",
            query("SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) AS i"));
    hands = query("SELECT count(*) FROM t");
    must_open(NULL);
    assert_held(create("k", props), row->held);
    assert_held(update("k", props), row->held);
    finish(NULL);
    assert_string_equal(query("SELECT count(*) FROM t"), hands);
    assert_string_equal(query("SELECT count(*) FROM t WHERE id = 'k'"), "0");
    end();
}

/* What a row holds that is none of ours is in no reason: it is shown to others. */
static void the_rest_of_the_row_stays_out_of_the_reason(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a int CHECK (a > 0), hand text DEFAULT 'private')");
    must_open(NULL);
    assert_null(strstr(create("k", "{\"a\": -1}")->reason, "private"));
    end();
}

enum { MANY = 500 };

/* Bad rows among good ones, in one batch: each is found, the rest is written. */
static void a_batch_with_bad_rows(void **state)
{
    static const size_t bad[] = {0, 1, 17, 250, 251, 499};
    ds_write rows[MANY];
    ds_prop props[MANY];

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a int CHECK (a >= 0))");
    must_open(NULL);
    for (size_t i = 0; i < MANY; i++) {
        props[i] = (ds_prop){"a", ds_int((int64_t)i)};
        for (size_t b = 0; b < DS_COUNT(bad); b++)
            props[i].value = bad[b] == i ? ds_int(-1) : props[i].value;
        rows[i] = (ds_write){.op = i % 2 ? DS_OP_CREATE : DS_OP_UPDATE,
                             .key = ds_arena_printf(scratch, "k%03zu", i),
                             .props = &props[i],
                             .props_n = 1};
    }
    put_all(rows, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(rows[i].outcome,
                         props[i].value.as.integer < 0 ? DS_OUT_HELD : DS_OUT_CREATED);
    finish(NULL);
    assert_string_equal(query("SELECT count(*), sum(a) FROM t"),
                        ds_arena_printf(scratch, "494|%d", 499 * 500 / 2 - 1 - 17 - 501 - 499));
    end();
}

/* `n` new rows with the keys k000, k001, ... from `first`, each with what a COPY has to escape. */
static void put_new_rows(ds_write *rows, ds_prop *props, size_t first, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        props[i] = (ds_prop){"a", i % 7 ? ds_text(text) : DS_VALUE_NULL};
        rows[i] = (ds_write){.op = DS_OP_CREATE,
                             .key = ds_arena_printf(scratch, "k\t%03zu", first + i),
                             .props = &props[i],
                             .props_n = 1};
    }
    put_all(rows, n);
}

static size_t count_outcomes(const ds_write *rows, size_t n, ds_outcome outcome)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += rows[i].outcome == outcome;
    return found;
}

static void many_new_rows_are_copied(void **state)
{
    ds_write rows[MANY];
    ds_prop props[MANY];
    char text[2000] = "a\tb\nc\rd\\e \\N \\.\n\\.\n";

    (void)state;
    memset(text + strlen(text), 'x', sizeof(text) - 1 - strlen(text));
    begin("CREATE TABLE t (id text PRIMARY KEY, a text)");
    must_open(NULL);
    to.look_first = false;
    put_new_rows(rows, props, 0, MANY, text);
    assert_int_equal(count_outcomes(rows, MANY, DS_OUT_CREATED), MANY);
    assert_false(rows[5].adopted);
    assert_int_equal(to.db.copied, MANY);
    finish(NULL);
    assert_string_equal(query("SELECT count(*), count(a), min(length(a)) FROM t"), "500|428|1999");
    assert_string_equal(seam_text(seam_find(&to.base, "k\t001"), "a"), text);
    put_new_rows(rows, props, 0, MANY, text);
    assert_int_equal(count_outcomes(rows, MANY, DS_OUT_UNCHANGED), MANY);
    assert_true(rows[5].adopted);
    end();
}

/* Where COPY does not work out, nothing of it is left, and the rows are written all the same. */
static const struct copy_row {
    const char *name, *sql;
    size_t created, updated, held;
} copy_rows[] = {
    {"a row is there already",
     "CREATE TABLE t (id text PRIMARY KEY, a text); INSERT INTO t VALUES (E'k\\t017', 'mine')", 19,
     1, 0},
    {"a row is refused", "CREATE TABLE t (id text PRIMARY KEY, a text CHECK (id <> E'k\\t017'))",
     19, 0, 1},
    {"a trigger refuses a row",
     "CREATE TABLE t (id text PRIMARY KEY, a text); CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN"
     " RAISE 'no'; END $$ LANGUAGE plpgsql; CREATE TRIGGER r AFTER INSERT ON t FOR EACH ROW WHEN"
     " (NEW.id = E'k\\t017') EXECUTE FUNCTION f()",
     19, 0, 1},
    {"a trigger makes something else of it",
     "CREATE TABLE t (id text PRIMARY KEY, a text); CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN"
     " RETURN NULL; END $$ LANGUAGE plpgsql; CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW WHEN"
     " (NEW.id = E'k\\t017') EXECUTE FUNCTION f()",
     19, 0, 1},
    {"rows have their own security",
     "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN; GRANT ALL ON SCHEMA public TO clerk;"
     "CREATE TABLE t (id text PRIMARY KEY, a text); GRANT ALL ON t TO clerk;"
     "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (id <> E'k\\t017')",
     19, 0, 1},
    {"a partitioned table",
     "CREATE TABLE t (id text PRIMARY KEY, a text) PARTITION BY HASH (id);"
     "CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
     20, 0, 0},
};

static void copying(void **state)
{
    const struct copy_row *row = *state;
    ds_write rows[20];
    ds_prop props[20];

    begin(row->sql);
    if (strstr(row->sql, "clerk"))
        use_url(ds_arena_printf(scratch, "%s&user=clerk", getenv("DS_PG_URL")));
    must_open(NULL);
    to.look_first = false;
    put_new_rows(rows, props, 0, 20, "x");
    assert_int_equal(count_outcomes(rows, 20, DS_OUT_CREATED), row->created);
    assert_int_equal(count_outcomes(rows, 20, DS_OUT_UPDATED), row->updated);
    assert_int_equal(count_outcomes(rows, 20, DS_OUT_HELD), row->held);
    assert_int_equal(rows[17].outcome == DS_OUT_CREATED, row->created == 20);
    finish(NULL);
    assert_string_equal(query("SELECT count(*) FROM t"),
                        ds_arena_printf(scratch, "%zu", row->created + row->updated));
    ds_postgresql_destination.close(&to.base);
    if (strstr(row->sql, "clerk"))
        sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP ROLE clerk");
    end();
}

/* New, changed and unchanged ones, with properties of several kinds, and a key that comes twice. */
static void a_batch_of_all_kinds(void **state)
{
    static const ds_prop one[] = {{"a", {.type = DS_INT, .as = {.integer = 1}}}};
    static const ds_prop two[] = {{"b", {.type = DS_INT, .as = {.integer = 2}}}};
    static const ds_prop both[] = {{"a", {.type = DS_INT, .as = {.integer = 1}}},
                                   {"b", {.type = DS_INT, .as = {.integer = 2}}}};
    ds_write rows[] = {
        {.op = DS_OP_CREATE, .key = "new", .props = one, .props_n = 1},
        {.op = DS_OP_CREATE, .key = "there", .props = one, .props_n = 1},
        {.op = DS_OP_UPDATE, .key = "same", .props = both, .props_n = 2},
        {.op = DS_OP_UPDATE, .key = "gone", .props = two, .props_n = 1},
        {.op = DS_OP_CREATE, .key = "new", .props = two, .props_n = 1},
        {.op = DS_OP_CREATE, .key = "empty", .props = NULL, .props_n = 0},
    };
    static const ds_outcome expected[] = {DS_OUT_CREATED, DS_OUT_UPDATED, DS_OUT_UNCHANGED,
                                          DS_OUT_CREATED, DS_OUT_UPDATED, DS_OUT_CREATED};

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a int, b int);"
          "INSERT INTO t VALUES ('there', 0, 0), ('same', 1, 2)");
    must_open(NULL);
    for (int round = 0; round < 2; round++) {
        put_all(rows, DS_COUNT(rows));
        for (size_t i = 0; i < DS_COUNT(rows); i++)
            assert_int_equal(rows[i].outcome, round ? DS_OUT_UNCHANGED : expected[i]);
        assert_int_equal(rows[0].adopted, round == 1);
        assert_true(rows[1].adopted && rows[4].adopted);
    }
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t ORDER BY id"),
                        "empty|NULL|NULL gone|NULL|2 new|1|2 same|1|2 there|1|0");
    end();
}

static void what_is_not_ours_stays(void **state)
{
    (void)state;
    begin(
        "CREATE TABLE t (id text PRIMARY KEY, a int, hand text, n int DEFAULT 9);"
        "CREATE TABLE log (what text); CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN INSERT INTO"
        " log VALUES (NEW.id); RETURN NEW; END $$ LANGUAGE plpgsql;"
        "CREATE TRIGGER r AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();"
        "INSERT INTO t VALUES ('k', 1, 'mine', 4), ('hand', 2, 'mine', 5)");
    must_open(NULL);
    assert_outcome(create("k", "{\"a\": 1}"), UNCHANGED);
    assert_outcome(update("k", "{\"a\": 3}"), UPDATED);
    assert_outcome(create("new", "{\"a\": 4}"), CREATED);
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t ORDER BY a"),
                        "hand|2|mine|5 k|3|mine|4 new|4|NULL|9");
    assert_string_equal(query("SELECT * FROM log"), "k"); /* the unchanged row woke no trigger */
    end();
}

/* What refuses a new row says nothing about one that is there. */
static void a_row_that_could_not_be_new_is_met(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a int, b int NOT NULL);"
          "INSERT INTO t VALUES ('k', 1, 2), ('l', 1, 2)");
    must_open(NULL);
    assert_outcome(create("k", "{\"a\": 2}"), UPDATED);
    to.look_first = false;
    assert_outcome(create("l", "{\"a\": 1}"), UNCHANGED);
    to.look_first = false;
    assert_held(create("m", "{\"a\": 1}"), "null value in column \"b\"");
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t ORDER BY id"), "k|2|2 l|1|2");
    end();
}

static void case_alone_is_a_difference(void **state)
{
    (void)state;
    begin("CREATE COLLATION nc (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
          "CREATE TABLE t (id text PRIMARY KEY, a text COLLATE nc)");
    must_open(NULL);
    create("k", "{\"a\": \"x\"}");
    assert_outcome(update("k", "{\"a\": \"X\"}"), UPDATED);
    assert_outcome(create("K", "{\"a\": \"y\"}"), CREATED);
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t ORDER BY a"), "k|X K|y");
    end();
}

/* A row that already says so is not written: no sequence, no lock, no log. */
static void unchanged_rows_leave_no_trace(void **state)
{
    const char *before;

    (void)state;
    begin("CREATE TABLE t (n serial, id text PRIMARY KEY, a numeric(9,2), b json, c point);");
    must_open(NULL);
    create("k", "{\"a\": 1.105, \"b\": {\"x\": 1}, \"c\": \"(1,2)\"}");
    finish(NULL);
    sql("CHECKPOINT");
    before = query("SELECT pg_current_wal_insert_lsn()");
    assert_outcome(create("k", "{\"a\": 1.105, \"b\": {\"x\": 1}, \"c\": \"(1,2)\"}"), UNCHANGED);
    assert_outcome(create("k", "{\"a\": 1.105, \"b\": {\"x\": 1}, \"c\": \"(1,2)\"}"), UNCHANGED);
    finish("1000000");
    assert_string_equal(query("SELECT xmax FROM t"), "0");
    assert_string_equal(query("SELECT last_value FROM t_n_seq"), "1");
    (void)before;
    end();
}

int main(void)
{
    add_table(rule_rows, rule);
    add_table(copy_rows, copying);
    add_test(many_new_rows_are_copied);
    add_test(the_rest_of_the_row_stays_out_of_the_reason);
    add_test(a_batch_with_bad_rows);
    add_test(a_batch_of_all_kinds);
    add_test(what_is_not_ours_stays);
    add_test(a_row_that_could_not_be_new_is_met);
    add_test(case_alone_is_a_difference);
    add_test(unchanged_rows_leave_no_trace);
    return run_tests("postgresql write");
}
