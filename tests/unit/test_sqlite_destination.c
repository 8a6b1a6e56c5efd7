/* tests/unit/test_sqlite_destination.c
 *
 * Tables that are written: their rules, their columns, and what stays untouched.
 */
#include "sqlite_fixture.h"

#include <unistd.h>

/* ---- somebody else's table ------------------------------------------------------------------- */

static const struct rule_row {
    const char *name, *sql, *props;
    const char *held; /* SQLite's own words */
} rule_rows[] = {
    {"a CHECK", "CREATE TABLE t (id TEXT PRIMARY KEY, a CHECK (a > 0))", "{\"a\": -1}",
     "CHECK constraint failed"},
    {"a NOT NULL", "CREATE TABLE t (id TEXT PRIMARY KEY, a NOT NULL)", "{\"a\": null}",
     "NOT NULL constraint failed: t.a"},
    {"a NOT NULL that no property fills", "CREATE TABLE t (id TEXT PRIMARY KEY, a, b NOT NULL)",
     "{\"a\": 1}", "NOT NULL constraint failed: t.b"},
    {"another unique column",
     "CREATE TABLE t (id TEXT PRIMARY KEY, a UNIQUE);"
     "INSERT INTO t VALUES ('hand', 5)",
     "{\"a\": 5}", "UNIQUE constraint failed: t.a"},
    {"another unique column with REPLACE deletes nobody",
     "CREATE TABLE t (id TEXT PRIMARY KEY, a UNIQUE ON CONFLICT REPLACE);"
     "INSERT INTO t VALUES ('hand', 5)",
     "{\"a\": 5}", "UNIQUE constraint failed: t.a"},
    {"another unique column with IGNORE is no silence",
     "CREATE TABLE t (id TEXT PRIMARY KEY, a UNIQUE ON CONFLICT IGNORE);"
     "INSERT INTO t VALUES ('hand', 5)",
     "{\"a\": 5}", "UNIQUE constraint failed: t.a"},
    {"another unique column with ROLLBACK takes nothing back",
     "CREATE TABLE t (id TEXT PRIMARY KEY, a UNIQUE ON CONFLICT ROLLBACK);"
     "INSERT INTO t VALUES ('hand', 5)",
     "{\"a\": 5}", "UNIQUE constraint failed: t.a"},
    {"a foreign key",
     "CREATE TABLE p (id TEXT PRIMARY KEY);"
     "CREATE TABLE t (id TEXT PRIMARY KEY, a REFERENCES p (id))",
     "{\"a\": \"nobody\"}", "FOREIGN KEY constraint failed"},
    {"a trigger that aborts",
     "CREATE TABLE t (id TEXT PRIMARY KEY, a); CREATE TRIGGER r BEFORE INSERT"
     " ON t WHEN NEW.a = 6 BEGIN SELECT RAISE(ABORT, 'no sixes here'); END",
     "{\"a\": 6}", "no sixes here"},
    {"a trigger that ignores",
     "CREATE TABLE t (id TEXT PRIMARY KEY, a); CREATE TRIGGER r BEFORE INSERT"
     " ON t WHEN NEW.a = 6 BEGIN SELECT RAISE(IGNORE); END",
     "{\"a\": 6}", "the table ignores this row"},
    {"a trigger that is broken",
     "CREATE TABLE t (id TEXT PRIMARY KEY, a); CREATE TRIGGER r AFTER INSERT"
     " ON t WHEN NEW.a = 6 BEGIN SELECT abs(-9223372036854775807 - 1); END",
     "{\"a\": 6}", "integer overflow"},
    {"a STRICT column", "CREATE TABLE t (id TEXT PRIMARY KEY, a BLOB) STRICT", "{\"a\": \"x\"}",
     "cannot store TEXT value in BLOB column"},
    {"a type that does not fit", "CREATE TABLE t (id TEXT PRIMARY KEY, a INTEGER)",
     "{\"a\": \"x\"}", "column \"a\" is INTEGER: \"x\" does not fit"},
    {"two properties of one column", "CREATE TABLE t (id TEXT PRIMARY KEY, a)",
     "{\"a\": 1, \"A\": 2}", "two properties are column \"a\""},
};

static void rule(void **state)
{
    const struct rule_row *row = *state;
    const char *hands;

    begin(row->sql);
    hands = query("SELECT count(*) FROM t");
    must_open(NULL);
    assert_held(create("k", row->props), row->held);
    assert_held(update("k", row->props), row->held);
    finish(NULL);
    assert_string_equal(query("SELECT count(*) FROM t"), hands);
    assert_string_equal(query("SELECT count(*) FROM t WHERE id = 'k'"), "0");
    end();
}

static void what_is_refused_takes_nothing_else_along(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a CHECK (a > 0))");
    must_open(NULL);
    assert_outcome(create("a", "{\"a\": 1}"), CREATED);
    assert_held(create("b", "{\"a\": -1}"), "CHECK constraint failed");
    assert_held(update("a", "{\"a\": -1}"), "CHECK constraint failed");
    assert_outcome(create("c", "{\"a\": 3}"), CREATED);
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t"), "a|1 c|3");
    end();
}

/* A trigger may take the transaction itself away: then nothing that was said before counts. */
static void a_trigger_that_rolls_back_fails_the_batch(void **state)
{
    const char *generation = "7";
    ds_write row = {.op = DS_OP_CREATE, .key = "k"};

    (void)state;
    begin(
        "CREATE TABLE t (id TEXT PRIMARY KEY, a); CREATE TRIGGER r BEFORE INSERT ON t WHEN NEW.id ="
        " 'k' BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END");
    must_open(NULL);
    create("before", "{\"a\": 1}");
    assert_false(ds_sqlite_write(&to.base, seam_activity(), &row, 1, &seam_err));
    assert_err(DS_ERR_PERMANENT, "rolled back at key \"k\"");
    assert_false(ds_sqlite_flush(&to.base, seam_activity(), &generation, &seam_err));
    assert_string_equal(generation, "7");
    assert_string_equal(query("SELECT count(*) FROM t"), "0");
    end();
}

static void what_is_not_ours_stays(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a, hand, n INTEGER DEFAULT 9);"
          "CREATE TABLE log (what); CREATE INDEX i ON t (a);"
          "CREATE TRIGGER r AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (NEW.id); END;"
          "INSERT INTO t VALUES ('k', 1, 'mine', 4), ('hand', 2, 'mine', 5)");
    must_open(NULL);
    assert_outcome(create("k", "{\"a\": 1}"), UNCHANGED);
    assert_outcome(update("k", "{\"a\": 3}"), UPDATED);
    assert_outcome(create("new", "{\"a\": 4}"), CREATED);
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t"), "k|3|mine|4 hand|2|mine|5 new|4|NULL|9");
    assert_string_equal(query("SELECT * FROM log"), "k"); /* the unchanged row woke no trigger */
    assert_string_equal(
        query("SELECT name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND"
              " name IN ('i', 'r')"),
        "i r");
    end();
}

/* What refuses a new row says nothing about one that is there. */
static void a_row_that_could_not_be_new_is_met(void **state)
{
    (void)state;
    begin(
        "CREATE TABLE t (id TEXT PRIMARY KEY, a, b NOT NULL);"
        "CREATE TRIGGER r BEFORE INSERT ON t WHEN NEW.b > 5 BEGIN SELECT RAISE(ABORT, 'big'); END;"
        "INSERT INTO t VALUES ('k', 1, 2), ('l', 1, 2)");
    must_open(NULL);
    assert_outcome(create("k", "{\"a\": 2}"), UPDATED);
    to.look_first = false;
    assert_outcome(create("l", "{\"a\": 1}"), UNCHANGED);
    assert_held(create("m", "{\"a\": 1}"), "NOT NULL");
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t"), "k|2|2 l|1|2");
    end();
}

static void case_alone_is_a_difference(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id TEXT COLLATE NOCASE, a TEXT COLLATE NOCASE);"
          "CREATE UNIQUE INDEX i ON t (id COLLATE BINARY)");
    must_open(NULL);
    create("k", "{\"a\": \"x\"}");
    assert_outcome(update("k", "{\"a\": \"X\"}"), UPDATED);
    assert_outcome(create("K", "{\"a\": \"y\"}"), CREATED);
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t"), "k|X K|y");
    assert_string_equal(seam_text(seam_find(&to.base, "K"), "a"), "y");
    end();
}

/* ---- properties ------------------------------------------------------------------------------ */

static void properties_without_a_column_are_left_out(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a, g AS (a || 'g'))");
    must_open(NULL);
    assert_outcome(create("k", "{\"a\": 1, \"b\": 2, \"g\": 3}"), CREATED);
    assert_true(to.warned_columns);
    assert_outcome(update("k", "{\"b\": 5}"), UNCHANGED);
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t"), "k|1|1g");
    end();
}

static void columns_come_with_the_records(void **state)
{
    (void)state;
    begin("");
    must_create(NULL);
    create("a", "{\"x\": 1}");
    create("b", "{\"y\": \"two\", \"x\": 2}");
    finish(NULL);
    create("c", "{\"z\": [\"three\"]}");
    create("a", "{\"z\": null}");
    finish(NULL);
    look();
    assert_string_equal(query("SELECT * FROM t"),
                        "a|1|NULL|NULL b|2|two|NULL c|NULL|NULL|[\"three\"]");
    assert_string_equal(seam_text(seam_find(&to.base, "c"), "z"), "[\"three\"]");
    end();
}

static void more_columns_than_fit_are_held(void **state)
{
    DS_AUTO_BUF(props, DS_MIB);

    (void)state;
    begin("");
    must_create(NULL);
    sqlite3_limit(to.db.handle, SQLITE_LIMIT_COLUMN, 20);
    ds_buf_char(&props, '{');
    for (int i = 0; i < 30; i++)
        ds_buf_printf(&props, "%s\"p%d\": %d", i ? ", " : "", i, i);
    ds_buf_char(&props, '}');
    assert_held(create("a", props.data), "has 20 columns, no more fit");
    assert_outcome(create("b", "{\"p1\": 1}"), CREATED);
    assert_held(create("c", ds_arena_printf(scratch, "{\"%01200d\": 1}", 7)),
                "a property's name is 1200 bytes long");
    finish(NULL);
    end();
}

/* More sets of properties than statements are kept for. */
static void many_sets_of_properties(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a, b, c, d, e, f, g, h)");
    must_open(NULL);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned set = 0; set < 256; set++) {
            DS_AUTO_BUF(props, DS_KIB);

            ds_buf_char(&props, '{');
            for (unsigned bit = 0; bit < 8; bit++) {
                if (set & 1u << bit)
                    ds_buf_printf(&props, "%s\"%c\": %u", props.n > 1 ? ", " : "",
                                  (char)('a' + bit), set);
            }
            ds_buf_char(&props, '}');
            assert_int_equal(create(ds_arena_printf(scratch, "%u", set), props.data)->outcome,
                             round ? DS_OUT_UNCHANGED : DS_OUT_CREATED);
        }
    }
    assert_int_equal(to.plans.n, DS_SQL_PLANS);
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t WHERE id = '130'"),
                        "130|NULL|130|NULL|NULL|NULL|NULL|NULL|130");
    end();
}

static void the_key_is_a_column_not_a_property(void **state)
{
    (void)state;
    begin("");
    must_create(NULL);
    assert_outcome(create("k", "{\"id\": \"k\", \"a\": 1}"), CREATED);
    assert_false(to.warned_key);
    assert_outcome(update("k", "{\"Id\": \"else\", \"a\": 2}"), UPDATED);
    assert_true(to.warned_key);
    finish(NULL);
    look();
    assert_string_equal(query("SELECT * FROM t"), "k|2");
    end();
}

static const struct how_row {
    const char *name;
    ds_op op;
    const char *before; /* the row that is there: a, b, c; "" for none */
    uint8_t how[3];     /* of the properties a, b, c = 1, 2, 3 */
    ds_outcome outcome;
    const char *after;
} how_rows[] = {
    {"all of a new row is written", DS_OP_CREATE, "", {0, 1, 2}, DS_OUT_CREATED, "1|2|3"},
    {"only_new is left out of an update",
     DS_OP_UPDATE,
     "9,9,9",
     {0, 1, 0},
     DS_OUT_UPDATED,
     "1|9|3"},
    {"only_new is left out of an adoption",
     DS_OP_CREATE,
     "9,9,9",
     {0, 1, 0},
     DS_OUT_UPDATED,
     "1|9|3"},
    {"only_new alone changes nothing", DS_OP_UPDATE, "1,9,3", {0, 1, 0}, DS_OUT_UNCHANGED, "1|9|3"},
    {"along goes with what is written", DS_OP_UPDATE, "9,2,9", {0, 0, 2}, DS_OUT_UPDATED, "1|2|3"},
    {"along alone is not written", DS_OP_UPDATE, "1,2,9", {0, 0, 2}, DS_OUT_UNCHANGED, "1|2|9"},
    {"a row that is gone is made again, only_new and all",
     DS_OP_UPDATE,
     "",
     {0, 1, 2},
     DS_OUT_CREATED,
     "1|2|3"},
    {"nothing but only_new and along", DS_OP_UPDATE, "9,9,9", {1, 2, 1}, DS_OUT_UNCHANGED, "9|9|9"},
};

static void how(void **state)
{
    const struct how_row *row = *state;
    const ds_prop props[] = {{"a", ds_int(1)}, {"b", ds_int(2)}, {"c", ds_int(3)}};
    ds_write w = {.op = row->op, .key = "k", .props = props, .props_n = 3, .how = row->how};

    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a, b, c)");
    if (*row->before)
        sql(ds_arena_printf(scratch, "INSERT INTO t VALUES ('k', %s)", row->before));
    must_open(NULL);
    assert_true(ds_sqlite_write(&to.base, seam_activity(), &w, 1, &seam_err));
    assert_int_equal(w.outcome, row->outcome);
    assert_int_equal(w.adopted, row->op == DS_OP_CREATE && *row->before);
    finish(NULL);
    assert_string_equal(query("SELECT a, b, c FROM t"), row->after);
    end();
}

/* ---- looking, removing, checking ------------------------------------------------------------- */

static void find_gives_the_row_as_it_is(void **state)
{
    static const ds_column named[] = {{.name = "Name", .type = DS_TEXT, .typed = false}};
    const char *keys[] = {"a", "nobody", "b"};
    ds_found found[3];

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY, name, done BOOLEAN);"
          "INSERT INTO t VALUES ('a', 'x', 1), ('b', NULL, 0)");
    columns = named;
    columns_n = 1;
    must_open(NULL);
    assert_true(to.base.ops->find(&to.base, seam_activity(), keys, 3, found, &seam_err));
    assert_int_equal(found[0].n, 1);
    assert_int_equal(found[1].n, 0);
    assert_string_equal(seam_text(found[0].row, "Name"), "x"); /* as the route spells it */
    assert_int_equal(ds_record_get(found[0].row, "done")->type, DS_BOOL);
    assert_string_equal(seam_text(found[0].row, "id"), "a");
    assert_int_equal(ds_record_get(found[2].row, "Name")->type, DS_NULL);
    end();
}

static void removing_is_done_once_and_can_be_asked_again(void **state)
{
    const char *keys[] = {"a", "nobody", "c"}, *ids[3] = {0};
    const char *generation;

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('a'), ('b'), ('c')");
    must_open(NULL);
    generation = finish(NULL);
    assert_true(ds_sqlite_remove(&to.base, seam_activity(), keys, ids, 3, &seam_err));
    assert_string_not_equal(finish(generation), generation);
    generation = finish(generation);
    assert_true(ds_sqlite_remove(&to.base, seam_activity(), keys, ids, 3, &seam_err));
    assert_string_equal(finish(generation), generation); /* nothing was there to remove */
    assert_string_equal(query("SELECT * FROM t"), "b");
    end();
}

static void a_row_that_a_trigger_keeps_is_not_gone(void **state)
{
    const char *keys[] = {"a"}, *ids[] = {NULL};

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('a');"
          "CREATE TRIGGER r BEFORE DELETE ON t BEGIN SELECT RAISE(IGNORE); END");
    must_open(NULL);
    assert_false(ds_sqlite_remove(&to.base, seam_activity(), keys, ids, 1, &seam_err));
    assert_err(DS_ERR_PERMANENT, "the table keeps the row \"a\" that is to be removed");
    end();
}

/* Not taken for one that was not needed. */
static void an_update_that_a_trigger_ignores_is_held(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a, b); INSERT INTO t VALUES ('k', 1, 1);"
          "CREATE TRIGGER r BEFORE UPDATE ON t WHEN NEW.a = 6 BEGIN SELECT RAISE(IGNORE); END");
    must_open(NULL);
    assert_outcome(update("k", "{\"a\": 1}"), UNCHANGED);
    assert_held(update("k", "{\"a\": 6}"), "the table ignores this row");
    assert_held(create("k", "{\"a\": 6, \"b\": 2}"), "the table ignores this row");
    assert_outcome(update("k", "{\"a\": 2}"), UPDATED);
    assert_outcome(create("other", "{\"a\": 6}"), CREATED);
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t ORDER BY id"), "k|2|1 other|6|NULL");
    end();
}

static void removing_what_others_refer_to_fails(void **state)
{
    const char *keys[] = {"a"}, *ids[] = {NULL};

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY); CREATE TABLE c (t REFERENCES t (id));"
          "INSERT INTO t VALUES ('a'); INSERT INTO c VALUES ('a')");
    must_open(NULL);
    assert_false(ds_sqlite_remove(&to.base, seam_activity(), keys, ids, 1, &seam_err));
    assert_err(DS_ERR_PERMANENT, "delete key \"a\": FOREIGN KEY constraint failed");
    end();
}

static void say(void *out, bool is_error, const char *text, const char *remedy)
{
    ds_buf_printf(out, "%s: %s (%s)\n", is_error ? "error" : "warning", text, remedy);
}

static void check_says_every_finding(void **state)
{
    static const ds_column wanted[] = {
        {.name = "Strs", .type = DS_TEXT, .typed = false},
        {.name = "a", .type = DS_TEXT, .typed = true},
        {.name = "zip", .type = DS_TEXT, .typed = true},
        {.name = "g", .type = DS_INT, .typed = true},
        {.name = "b", .type = DS_INT, .typed = true},
    };
    DS_AUTO_BUF(out, DS_MIB);

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY, Stars, a INTEGER, zip STRING, b TEXT, g AS (a))");
    assert_true(opens_as(NULL, true));
    assert_true(to.base.ops->check_schema(&to.base, seam_activity(), wanted, DS_COUNT(wanted), say,
                                          &out, &seam_err));
    assert_string_equal(
        out.data,
        "error: table \"t\" has no column \"Strs\"; did you mean \"Stars\"? (ALTER TABLE \"t\" ADD "
        "COLUMN \"Strs\", or say `create_table: true`)\n"
        "warning: column \"a\" is INTEGER, the route writes text (records whose value is no number "
        "will be held: change the column or `as`)\n"
        "warning: column \"zip\" is declared STRING, which SQLite keeps as a number (text that "
        "looks "
        "like a number will be held: declare the column TEXT)\n"
        "error: column \"g\" is generated (take it out of `fields`: SQLite computes it)\n");
    end();
}

int main(void)
{
    add_table(rule_rows, rule);
    add_table(how_rows, how);
    add_test(what_is_refused_takes_nothing_else_along);
    add_test(a_trigger_that_rolls_back_fails_the_batch);
    add_test(what_is_not_ours_stays);
    add_test(a_row_that_could_not_be_new_is_met);
    add_test(case_alone_is_a_difference);
    add_test(properties_without_a_column_are_left_out);
    add_test(columns_come_with_the_records);
    add_test(more_columns_than_fit_are_held);
    add_test(many_sets_of_properties);
    add_test(the_key_is_a_column_not_a_property);
    add_test(find_gives_the_row_as_it_is);
    add_test(removing_is_done_once_and_can_be_asked_again);
    add_test(a_row_that_a_trigger_keeps_is_not_gone);
    add_test(an_update_that_a_trigger_ignores_is_held);
    add_test(removing_what_others_refer_to_fails);
    add_test(check_says_every_finding);
    return run_tests("sqlite destination");
}
