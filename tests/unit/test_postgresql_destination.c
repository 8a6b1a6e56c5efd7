/* tests/unit/test_postgresql_destination.c
 *
 * Properties and columns of a table that is written; looking at its rows, removing and checking.
 */
#include "postgresql_fixture.h"

/* ---- properties ------------------------------------------------------------------------------ */

static void properties_without_a_column_are_left_out(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a + 1) STORED)");
    must_open(NULL);
    assert_outcome(create("k", "{\"a\": 1, \"b\": 2, \"g\": 3}"), CREATED);
    assert_true(to.warned_columns);
    assert_outcome(update("k", "{\"b\": 5}"), UNCHANGED);
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t"), "k|1|2");
    end();
}

static void columns_come_with_the_records(void **state)
{
    (void)state;
    begin("SELECT 1");
    must_create(NULL);
    create("a", "{\"x\": 1}");
    create("b", "{\"y\": \"two\", \"x\": 2}");
    finish(NULL);
    create("c", "{\"z\": [\"three\"]}");
    create("a", "{\"z\": null}");
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t ORDER BY id"),
                        "a|1|NULL|NULL b|2|two|NULL c|NULL|NULL|[\"three\"]");
    assert_string_equal(seam_text(seam_find(&to.base, "c"), "z"), "[\"three\"]");
    assert_held(create("d", ds_arena_printf(scratch, "{\"%070d\": 1}", 7)),
                "a property's name is 70 bytes long, a column's at most 63");
    assert_held(create("e", "{\"\": 1}"), "its columns cannot be made: zero-length");
    assert_held(create("f", "{\"ctid\": 1}"), "conflicts with a system column name");
    assert_outcome(create("g", "{\"x\": 3}"), CREATED);
    end();
}

static void more_columns_than_fit_are_held(void **state)
{
    DS_AUTO_BUF(props, DS_MIB);

    (void)state;
    begin("SELECT 1");
    must_create(NULL);
    ds_buf_char(&props, '{');
    for (int i = 0; i < 1700; i++)
        ds_buf_printf(&props, "%s\"p%d\": %d", i ? ", " : "", i, i);
    ds_buf_char(&props, '}');
    assert_held(create("a", props.data), "has 1 columns, no 1700 more fit");
    assert_outcome(create("b", "{\"p1\": 1}"), CREATED);
    finish(NULL);
    sql("DO $$ BEGIN FOR i IN 1..1590 LOOP EXECUTE 'ALTER TABLE t ADD COLUMN x' || i || ' int';"
        " IF i % 2 = 0 THEN EXECUTE 'ALTER TABLE t DROP COLUMN x' || i; END IF; END LOOP; END $$");
    must_create(NULL); /* columns that were dropped take their room all the same */
    ds_buf_clear(&props);
    ds_buf_char(&props, '{');
    for (int i = 0; i < 20; i++)
        ds_buf_printf(&props, "%s\"q%d\": %d", i ? ", " : "", i, i);
    ds_buf_char(&props, '}');
    assert_held(create("c", props.data),
                "its columns cannot be made: tables can have at most 1600");
    assert_outcome(create("d", "{\"p1\": 1}"), CREATED);
    finish(NULL);
    assert_string_equal(query("SELECT id, p1 FROM t ORDER BY id"), "b|1 d|1");
    end();
}

/* More sets of properties in one batch than plans are kept for. */
static void many_sets_of_properties(void **state)
{
    enum { SETS = 256 };
    ds_write rows[SETS];

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a int, b int, c int, d int, e int, f int, g int,"
          " h int)");
    must_open(NULL);
    for (unsigned set = 0; set < SETS; set++) {
        ds_prop *props = ds_arena_alloc(scratch, 8 * sizeof(*props));
        size_t n = 0;

        for (unsigned bit = 0; bit < 8; bit++) {
            if (set & 1u << bit)
                props[n++] = (ds_prop){ds_arena_printf(scratch, "%c", (char)('a' + bit)),
                                       ds_int((int64_t)set)};
        }
        rows[set] = (ds_write){.op = DS_OP_CREATE,
                               .key = ds_arena_printf(scratch, "%u", set),
                               .props = props,
                               .props_n = n};
    }
    for (unsigned round = 0; round < 2; round++) {
        put_all(rows, SETS);
        for (unsigned set = 0; set < SETS; set++)
            assert_int_equal(rows[set].outcome, round ? DS_OUT_UNCHANGED : DS_OUT_CREATED);
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
    begin("SELECT 1");
    must_create(NULL);
    assert_outcome(create("k", "{\"id\": \"k\", \"a\": 1}"), CREATED);
    assert_false(to.warned_key);
    assert_outcome(update("k", "{\"id\": \"else\", \"a\": 2}"), UPDATED);
    assert_true(to.warned_key);
    finish(NULL);
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

    begin("CREATE TABLE t (id text PRIMARY KEY, a int, b int, c int)");
    if (*row->before)
        sql(ds_arena_printf(scratch, "INSERT INTO t VALUES ('k', %s)", row->before));
    must_open(NULL);
    put_all(&w, 1);
    assert_int_equal(w.outcome, row->outcome);
    assert_int_equal(w.adopted, row->op == DS_OP_CREATE && *row->before);
    finish(NULL);
    assert_string_equal(query("SELECT a, b, c FROM t"), row->after);
    end();
}

/* ---- looking, removing, checking ------------------------------------------------------------- */

static void find_gives_the_row_as_it_is(void **state)
{
    const char *keys[] = {"a", "nobody", "b"};
    ds_found found[3];

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, name text, done boolean);"
          "INSERT INTO t VALUES ('a', 'x', true), ('b', NULL, false)");
    must_open(NULL);
    assert_true(to.base.ops->find(&to.base, seam_activity(), keys, 3, found, &seam_err));
    assert_int_equal(found[0].n, 1);
    assert_int_equal(found[1].n, 0);
    assert_string_equal(seam_text(found[0].row, "name"), "x");
    assert_int_equal(ds_record_get(found[0].row, "done")->type, DS_BOOL);
    assert_string_equal(seam_text(found[0].row, "id"), "a");
    assert_int_equal(ds_record_get(found[2].row, "name")->type, DS_NULL);
    end();
}

static void removing_is_done_once_and_can_be_asked_again(void **state)
{
    const char *keys[] = {"a", "nobody", "c"}, *ids[3] = {0};
    const char *generation;

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY); INSERT INTO t VALUES ('a'), ('b'), ('c')");
    must_open(NULL);
    generation = finish(NULL);
    assert_true(ds_pg_remove(&to.base, seam_activity(), keys, ids, 3, &seam_err));
    assert_string_not_equal(finish(generation), generation);
    generation = finish(generation);
    assert_true(ds_pg_remove(&to.base, seam_activity(), keys, ids, 3, &seam_err));
    assert_string_equal(finish(generation), generation); /* nothing was there to remove */
    assert_string_equal(query("SELECT * FROM t"), "b");
    end();
}

static void removing_what_others_refer_to_fails(void **state)
{
    const char *keys[] = {"a"}, *ids[] = {NULL};

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY); CREATE TABLE c (t text REFERENCES t (id));"
          "INSERT INTO t VALUES ('a'); INSERT INTO c VALUES ('a')");
    must_open(NULL);
    assert_false(ds_pg_remove(&to.base, seam_activity(), keys, ids, 1, &seam_err));
    assert_err(DS_ERR_PERMANENT, "Key (id)=(a) is still referenced from table \"c\".");
    end();
}

static void say(void *out, bool is_error, const char *text, const char *remedy)
{
    ds_buf_printf(out, "%s: %s (%s)\n", is_error ? "error" : "warning", text, remedy);
}

static void check_says_every_finding(void **state)
{
    static const ds_column wanted[] = {
        {.name = "strs", .type = DS_TEXT, .typed = false},
        {.name = "a", .type = DS_DATETIME, .typed = true},
        {.name = "b", .type = DS_INT, .typed = true},
        {.name = "g", .type = DS_INT, .typed = true},
        {.name = "c", .type = DS_LIST, .typed = true},
    };
    DS_AUTO_BUF(out, DS_MIB);

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, stars int, a date, b bigint, c text[],"
          " g bigint GENERATED ALWAYS AS (b) STORED)");
    assert_true(opens_as(NULL, true));
    assert_true(to.base.ops->check_schema(&to.base, seam_activity(), wanted, DS_COUNT(wanted), say,
                                          &out, &seam_err));
    assert_string_equal(
        out.data,
        "error: table \"t\" has no column \"strs\"; did you mean \"stars\"? (ALTER TABLE "
        "\"public\".\"t\" ADD COLUMN \"strs\" text, or say `create_table: true`)\n"
        "warning: column \"a\" is date, the route writes datetime (records whose value does not "
        "fit "
        "will be held: change the column or `as`)\n"
        "error: column \"g\" of table \"t\" is generated: it cannot be written (take it out of "
        "`fields`: the server fills it)\n");
    assert_string_equal(query("SELECT to_regclass('durable_sync_state')"), "NULL");
    end();
}

static void check_says_that_nothing_can_be_written(void **state)
{
    DS_AUTO_BUF(out, DS_MIB);

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY)");
    use_url(ds_arena_printf(scratch, "%s&options=-cdefault_transaction_read_only%%3Don",
                            getenv("DS_PG_URL")));
    assert_true(opens_as(NULL, true));
    assert_true(
        to.base.ops->check_schema(&to.base, seam_activity(), NULL, 0, say, &out, &seam_err));
    assert_non_null(strstr(out.data, "error: the server takes no writes"));
    assert_false(opens_as(NULL, false));
    assert_err(DS_ERR_TRANSIENT, "the server takes no writes");
    end();
}

static void check_says_that_no_table_can_be_made(void **state)
{
    DS_AUTO_BUF(out, DS_MIB);

    (void)state;
    begin("DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA public TO "
          "clerk");
    must_create(NULL); /* its state with it */
    finish(NULL);
    ds_postgresql_destination.close(&to.base);
    sql("DROP TABLE t; GRANT SELECT, INSERT, UPDATE, DELETE ON durable_sync_state TO clerk");
    use_url(ds_arena_printf(scratch, "%s&user=clerk", getenv("DS_PG_URL")));
    assert_true(opens_as(NULL, true));
    assert_true(
        to.base.ops->check_schema(&to.base, seam_activity(), NULL, 0, say, &out, &seam_err));
    assert_string_equal(out.data,
                        "error: no table can be made in schema \"public\" (GRANT CREATE ON "
                        "SCHEMA \"public\" TO the user)\n");
    ds_postgresql_destination.close(&to.base);
    sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP ROLE clerk");
    end();
}

int main(void)
{
    add_table(how_rows, how);
    add_test(properties_without_a_column_are_left_out);
    add_test(columns_come_with_the_records);
    add_test(more_columns_than_fit_are_held);
    add_test(many_sets_of_properties);
    add_test(the_key_is_a_column_not_a_property);
    add_test(find_gives_the_row_as_it_is);
    add_test(removing_is_done_once_and_can_be_asked_again);
    add_test(removing_what_others_refer_to_fails);
    add_test(check_says_every_finding);
    add_test(check_says_that_nothing_can_be_written);
    add_test(check_says_that_no_table_can_be_made);
    return run_tests("postgresql destination");
}
