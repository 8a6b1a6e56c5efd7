/* tests/unit/test_postgresql_triggers.c
 *
 * Tables that have a mind of their own: triggers and row security that leave a row out, keep one
 * that is to go, or give it another key.
 */
#include "unit/postgresql_fixture.h"

#define FUNCTION(body)                                                                             \
    "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN " body " END $$ LANGUAGE plpgsql;"
#define TABLE "CREATE TABLE t (id text PRIMARY KEY, a int); INSERT INTO t VALUES ('k', 1);"
#define BEFORE(what) "CREATE TRIGGER r BEFORE " what " ON t FOR EACH ROW EXECUTE FUNCTION f();"
#define CLERK                                                                                      \
    "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN; GRANT USAGE, CREATE ON SCHEMA public TO " \
    "clerk; GRANT ALL ON t TO clerk; ALTER TABLE t ENABLE ROW LEVEL SECURITY;"                     \
    "CREATE POLICY s ON t FOR SELECT USING (true); CREATE POLICY i ON t FOR INSERT WITH CHECK "    \
    "(true);"

static void begin_with(const char *text)
{
    begin(text);
    if (strstr(text, "clerk"))
        use_url(ds_arena_printf(scratch, "%s&user=clerk", getenv("DS_PG_URL")));
    must_open(NULL);
}

static void leave(const char *text)
{
    ds_postgresql_destination.close(&to.base);
    if (strstr(text, "clerk"))
        sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP ROLE clerk");
    end();
}

/* ---- updates --------------------------------------------------------------------------------- */

static const struct update_row {
    const char *name, *sql;
    const char *held; /* NULL: it is written */
} update_rows[] = {
    {"a trigger that ignores", TABLE FUNCTION("RETURN NULL;") BEFORE("UPDATE"),
     "the table ignores this row"},
    {"a trigger that keeps what was", TABLE FUNCTION("RETURN OLD;") BEFORE("UPDATE"), NULL},
    {"a trigger that gives another key",
     TABLE FUNCTION("NEW.id = 'x' || NEW.id; RETURN NEW;") BEFORE("UPDATE"),
     "gives this row another key"},
    {"a trigger of a partition",
     "CREATE TABLE t (id text PRIMARY KEY, a int) PARTITION BY HASH (id);"
     "CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
     "INSERT INTO t VALUES ('k', 1);" FUNCTION(
         "RETURN NULL;") "CREATE TRIGGER r BEFORE UPDATE ON t0 FOR EACH ROW EXECUTE FUNCTION f()",
     "the table ignores this row"},
    {"row security that lets nobody update", TABLE CLERK, "the table ignores this row"},
    {"row security that lets one", TABLE CLERK "CREATE POLICY u ON t FOR UPDATE USING (true)",
     NULL},
};

/* One that has no effect must not be taken for one that was not needed. */
static void an_update(void **state)
{
    const struct update_row *row = *state;

    begin_with(row->sql);
    assert_outcome(update("k", "{\"a\": 1}"), UNCHANGED);
    if (row->held)
        assert_held(update("k", "{\"a\": 2}"), row->held);
    else
        assert_outcome(update("k", "{\"a\": 2}"), UPDATED);
    assert_outcome(create("other", "{\"a\": 5}"), CREATED);
    finish(NULL);
    assert_string_equal(query("SELECT id FROM t ORDER BY id"), "k other");
    leave(row->sql);
}

/* ---- inserts --------------------------------------------------------------------------------- */

static const struct insert_row {
    const char *name, *body, *held;
} insert_rows[] = {
    {"another key", "NEW.id = NEW.id || clock_timestamp(); RETURN NEW;",
     "gives this row another key"},
    {"the key of another one", "NEW.id = 'a'; RETURN NEW;", "the table ignores this row"},
    {"nothing at all", "RETURN NULL;", "the table ignores this row"},
};

/* A row that is made under another key would be made once more with every try. */
static void an_insert(void **state)
{
    const struct insert_row *row = *state;
    ds_prop props[4];
    ds_write rows[4];

    begin_with(ds_arena_printf(
        scratch,
        "CREATE TABLE t (id text PRIMARY KEY, a int);"
        "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN %s END $$ LANGUAGE plpgsql;"
        "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.a = 2) EXECUTE FUNCTION f()",
        row->body));
    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        props[i] = (ds_prop){"a", ds_int((int64_t)i)};
        rows[i] = (ds_write){.op = DS_OP_CREATE,
                             .key = ds_arena_printf(scratch, "%c", "abcd"[i]),
                             .props = &props[i],
                             .props_n = 1};
    }
    for (int round = 0; round < 2; round++) {
        if (!ds_pg_write(&to.base, seam_activity(), rows, DS_COUNT(rows), &seam_err))
            fail_msg("%s", seam_err.text);
        for (size_t i = 0; i < DS_COUNT(rows); i++) {
            if (i == 2)
                assert_held(&rows[i], row->held);
            else
                assert_int_equal(rows[i].outcome, round ? DS_OUT_UNCHANGED : DS_OUT_CREATED);
        }
    }
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t ORDER BY id"), "a|0 b|1 d|3");
    leave("");
}

/* ---- removing -------------------------------------------------------------------------------- */

static const struct remove_row {
    const char *name, *sql;
    bool stays;
} remove_rows[] = {
    {"a trigger that keeps it", TABLE FUNCTION("RETURN NULL;") BEFORE("DELETE"), true},
    {"row security that keeps it", TABLE CLERK, true},
    {"a trigger that looks on", TABLE FUNCTION("RETURN OLD;") BEFORE("DELETE"), false},
};

static void a_removal(void **state)
{
    const struct remove_row *row = *state;
    const char *keys[] = {"k"}, *ids[] = {NULL};
    bool done;

    begin_with(row->sql);
    done = ds_pg_remove(&to.base, seam_activity(), keys, ids, 1, &seam_err);
    assert_int_equal(done, !row->stays);
    if (row->stays)
        assert_err(DS_ERR_PERMANENT, "the table keeps the row \"k\" that is to be removed");
    else
        finish(NULL);
    assert_string_equal(query("SELECT count(*) FROM t"), row->stays ? "1" : "0");
    leave(row->sql);
}

/* ---- what comes between a look and a write ----------------------------------------------------
 */

/* Another route may make the row after it was looked for; here a trigger of the statement does. */
static void a_row_that_another_makes_meanwhile_is_met(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a int, b int);"
          "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN IF pg_trigger_depth() = 1 THEN INSERT "
          "INTO t VALUES ('k', 1, 7); END IF; RETURN NULL; END $$ LANGUAGE plpgsql;"
          "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION f()");
    must_open(NULL);
    assert_outcome(update("k", "{\"a\": 2}"), UPDATED);
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t"), "k|2|7");
    end();
}

int main(void)
{
    add_table(update_rows, an_update);
    add_table(insert_rows, an_insert);
    add_table(remove_rows, a_removal);
    add_test(a_row_that_another_makes_meanwhile_is_met);
    return run_tests("postgresql triggers");
}
