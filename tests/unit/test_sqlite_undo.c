/* tests/unit/test_sqlite_undo.c
 *
 * Rows that would take others along: by a trigger that rolls the whole transaction back, or by a
 * foreign key that COMMIT alone would ask for.  Such a row is held, and no other one.  And rows
 * that have to wait for others: unique values that move.
 */
#include "sqlite_fixture.h"

#define ROLLS_BACK                                                                                 \
    "CREATE TABLE t (id TEXT PRIMARY KEY, a);"                                                     \
    "CREATE TRIGGER r BEFORE INSERT ON t WHEN NEW.a > 5 BEGIN SELECT RAISE(ROLLBACK, 'all of "     \
    "it'); END"

#define DEFERS                                                                                     \
    "CREATE TABLE p (id TEXT PRIMARY KEY); INSERT INTO p VALUES ('there');"                        \
    "CREATE TABLE t (id TEXT PRIMARY KEY,"                                                         \
    " a REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED,"                                          \
    " up REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)"

/* One batch of creates, a property `a` each. */
static ds_write *batch(const char *const *keys, const int *values, size_t n)
{
    ds_write *rows = ds_arena_zalloc(scratch, n * sizeof(*rows));

    for (size_t i = 0; i < n; i++) {
        ds_prop *prop = ds_new_in(scratch, ds_prop);

        *prop = (ds_prop){.name = "a", .value = ds_int(values[i])};
        rows[i] = (ds_write){.op = DS_OP_CREATE, .key = keys[i], .props = prop, .props_n = 1};
    }
    if (!ds_sqlite_write(&to.base, seam_activity(), rows, n, &seam_err))
        fail_msg("%s", seam_err.text);
    return rows;
}

static void a_trigger_that_rolls_back_holds_its_row(void **state)
{
    const char *keys[] = {"a", "bad", "b", "worse", "c"};
    const int values[] = {1, 6, 2, 7, 3};
    ds_write *rows;

    (void)state;
    begin(ROLLS_BACK);
    must_open(NULL);
    assert_true(opened.fragile);
    rows = batch(keys, values, 5);
    for (size_t i = 0; i < 5; i += 2)
        assert_outcome(&rows[i], CREATED);
    assert_held(&rows[1], "all of it");
    assert_held(&rows[3], "all of it");
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t"), "a|1 b|2 c|3");
    end();
}

static void what_only_looks_at_its_own_rows_is_not_fragile(void **state)
{
    (void)state;
    begin(
        "CREATE TABLE t (id TEXT PRIMARY KEY, a);"
        "CREATE TRIGGER r BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'no') WHERE NEW.a > 5; END");
    must_open(NULL);
    assert_false(opened.fragile);
    end();
}

static void a_key_that_commit_would_ask_for_holds_its_row(void **state)
{
    (void)state;
    begin(DEFERS);
    must_open(NULL);
    assert_outcome(create("a", "{\"a\": \"there\"}"), CREATED);
    assert_held(create("b", "{\"a\": \"nowhere\"}"), "FOREIGN KEY constraint failed");
    assert_outcome(create("c", "{\"a\": null}"), CREATED);
    assert_held(update("a", "{\"a\": \"nowhere\"}"), "FOREIGN KEY constraint failed");
    assert_outcome(update("c", "{\"a\": \"there\"}"), UPDATED);
    finish(NULL);
    assert_string_equal(query("SELECT id, a FROM t"), "a|there c|there");
    end();
}

/* As with a key that is asked for at once: the one it refers to has to be there. */
static void what_refers_to_a_row_behind_it_comes_the_next_time(void **state)
{
    const char *generation;

    (void)state;
    begin(DEFERS);
    must_open(NULL);
    assert_held(create("child", "{\"up\": \"parent\"}"), "FOREIGN KEY constraint failed");
    assert_outcome(create("parent", "{\"up\": null}"), CREATED);
    assert_outcome(create("own", "{\"up\": \"own\"}"), CREATED);
    generation = finish(NULL);
    ds_sqlite_target_close(&to.base);
    must_open(generation);
    assert_outcome(create("child", "{\"up\": \"parent\"}"), CREATED);
    finish(generation);
    assert_string_equal(query("SELECT id, up FROM t ORDER BY id"),
                        "child|parent own|own parent|NULL");
    end();
}

static void a_batch_of_refused_rows_writes_nothing(void **state)
{
    const char *generation, *again;

    (void)state;
    begin(DEFERS);
    must_open(NULL);
    generation = finish(NULL);
    assert_held(create("b", "{\"a\": \"nowhere\"}"), "FOREIGN KEY constraint failed");
    again = finish(generation);
    assert_string_equal(again, generation);
    end();
}

static const struct moving_row {
    const char *name;
    const char *keys[4];
    int values[4]; /* what they become; a has 1, b 2, c 3 */
    const char *held, *is;
} moving_rows[] = {
    {"all move up", {"a", "b", "c"}, {2, 3, 4}, "", "a|2 b|3 c|4"},
    {"all move down", {"a", "b", "c"}, {0, 1, 2}, "", "a|0 b|1 c|2"},
    {"a new one in front", {"A", "a", "b", "c"}, {1, 2, 3, 4}, "", "A|1 a|2 b|3 c|4"},
    {"a chain in no order", {"b", "c", "a"}, {3, 1, 9}, "", "a|9 b|3 c|1"},
    {"a circle is held", {"a", "b", "c"}, {2, 1, 4}, "ab", "a|1 b|2 c|4"},
    {"of one key the last counts", {"a", "b", "a"}, {2, 5, 7}, "", "a|7 b|5 c|3"},
};

static void moving(void **state)
{
    const struct moving_row *row = *state;
    size_t n = 0;
    ds_write *rows;

    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a UNIQUE);"
          "INSERT INTO t VALUES ('a', 1), ('b', 2), ('c', 3)");
    must_open(NULL);
    while (n < DS_COUNT(row->keys) && row->keys[n])
        n++;
    rows = batch(row->keys, row->values, n);
    for (size_t i = 0; i < n; i++)
        if (strstr(row->held, rows[i].key))
            assert_held(&rows[i], "UNIQUE constraint failed: t.a");
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t ORDER BY id"), row->is);
    end();
}

int main(void)
{
    add_table(moving_rows, moving);
    add_test(a_trigger_that_rolls_back_holds_its_row);
    add_test(what_only_looks_at_its_own_rows_is_not_fragile);
    add_test(a_key_that_commit_would_ask_for_holds_its_row);
    add_test(what_refers_to_a_row_behind_it_comes_the_next_time);
    add_test(a_batch_of_refused_rows_writes_nothing);
    return run_tests("sqlite undo");
}
