/* tests/unit/test_store_damage.c
 *
 * Rows that no program of ours has written: each is void, passed over or told, and none is
 * believed.
 */
#include "store_fixture.h"

static void hashes_of_another_length_are_void(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_link_put puts[] = {LINK(1, "a", 1), LINK(2, "b", 2), LINK(3, "c", 3)};
    const ds_link *links;
    size_t n;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts)}));
    ds_ledger_close(l);
    tamper(&f, "UPDATE link SET hash = x'' WHERE key = 'a';"
               "UPDATE link SET hash = x'0102' WHERE key = 'b'");
    l = pass_of(&f, "r", "all");
    must(&f, l->ops->walk(l, 0, 9, scratch, &links, &n, &f.err));
    assert_int_equal(n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(links[i].hash.low, i == 2 ? 3 : 0);
        assert_int_equal(links[i].hash.high, i == 2 ? 9 : 0);
    }
    ds_ledger_close(l);
    fixture_end(&f);
}

static void a_key_of_a_unit_that_is_gone(void **state)
{
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "old");
    ds_link_put puts[] = {LINK(1, "a", 1), LINK(2, "b", 2)};
    const char *const keys[] = {"a", "b"};
    ds_link_match match[2];

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){PUTS(puts)}));
    ds_ledger_close(l);
    unit_of(&f, "r", "new");
    tamper(&f, "PRAGMA foreign_keys=OFF; DELETE FROM machine WHERE unit = 'old'");
    l = pass_of(&f, "r", "new");
    must(&f, l->ops->match(l, keys, 2, scratch, match, &f.err));
    assert_string_equal(match[0].claimed_by, "a unit that is gone");
    assert_string_equal(match[1].claimed_by, "a unit that is gone");
    ds_ledger_close(l);
    fixture_end(&f);
}

#define LOOSE_MACHINE                                                                              \
    "PRAGMA foreign_keys=OFF; CREATE TABLE m2 AS SELECT * FROM machine; DROP TABLE machine;"       \
    "CREATE TABLE machine(id INTEGER PRIMARY KEY, kind, name, route_id, unit, logic, state, "      \
    "epoch,"                                                                                       \
    " next_due, running);"                                                                         \
    "INSERT INTO machine SELECT id, kind, name, route_id, unit, logic, state, epoch, next_due,"    \
    " running FROM m2; DROP TABLE m2;"

static const struct odd_row {
    const char *name, *sql, *says;
} odd_rows[] = {
    {"a unit without a key", LOOSE_MACHINE "UPDATE machine SET name = NULL", "a unit has no name"},
    {"a unit without a name", LOOSE_MACHINE "UPDATE machine SET unit = NULL", "a unit has no name"},
    {"a unit without a state", LOOSE_MACHINE "UPDATE machine SET state = NULL", "state of r:all: "},
    {"a state that is no JSON", "UPDATE machine SET state = '{'", "state of r:all: "},
    {"a route without a name",
     "PRAGMA foreign_keys=OFF; DROP TABLE route; CREATE TABLE route(id INTEGER PRIMARY KEY, name);"
     "INSERT INTO route VALUES(1, NULL)",
     "a unit has no name"},
};

static void a_row_that_is_damaged(void **state)
{
    const struct odd_row *row = *state;
    fixture f = fixture_new();
    ds_unit_row *units;
    ds_reader *r;
    size_t n;

    unit_of(&f, "r", "all");
    tamper(&f, row->sql);
    r = reader_of(&f);
    assert_false(ds_reader_units(r, NULL, NULL, scratch, &units, &n, &f.err));
    assert_says(&f, DS_ERR_CONFIG, "is damaged or no store");
    assert_says(&f, DS_ERR_CONFIG, row->says);
    ds_reader_close(r);
    fixture_end(&f);
}

/* What a state says in words that cannot be: the words are passed over. */
static void a_state_with_odd_values(void **state)
{
    fixture f = fixture_new();
    ds_unit_row *row;

    (void)state;
    unit_of(&f, "r", "all");
    tamper(&f, "UPDATE machine SET state = '{\"last_run\": \"soon\", \"want\": {\"any\": true,"
               " \"items\": [{}, \"a\", null, \"b\"]}}'");
    row = unit_of(&f, "r", "all");
    assert_int_equal(row->state.last_run_ms, 0);
    assert_int_equal(row->state.want.items_n, 2);
    assert_string_equal(row->state.want.items[1], "b");
    fixture_end(&f);
}

typedef struct taken_events {
    const ds_event *events;
    size_t n;
} taken_events;

static bool take_events(ds_tx *tx, void *arg, ds_err *err)
{
    taken_events *taken = arg;

    return ds_tx_inbox_take(tx, "r", "all", scratch, &taken->events, &taken->n, err);
}

static void signals_that_cannot_be_read_are_passed_over(void **state)
{
    fixture f = fixture_new();
    taken_events taken = {NULL, 0};

    (void)state;
    unit_of(&f, "r", "all");
    tamper(&f, "DROP TABLE inbox; CREATE TABLE inbox(id INTEGER PRIMARY KEY, route, unit, event,"
               " at); INSERT INTO inbox VALUES(1,'r','all',NULL,1),(2,'r','all','{}',1),"
               "(3,'r','all','{\"type\":\"dance\"}',1),(4,'r','all','{\"type\":\"pause\"}',1)");
    must(&f, do_tx(&f, take_events, &taken));
    assert_int_equal(taken.n, 1);
    assert_int_equal(taken.events[0].type, DS_EV_PAUSE);
    must(&f, do_tx(&f, take_events, &taken));
    assert_int_equal(taken.n, 0); /* all of them are gone */
    fixture_end(&f);
}

static void a_store_without_an_id(void **state)
{
    fixture f = fixture_new();
    ds_reader *r;
    const char *id = "";
    sqlite3 *db = NULL;
    static const char *const ways[] = {"UPDATE meta SET value = 'short' WHERE key = 'id'",
                                       "DELETE FROM meta WHERE key = 'id'"};

    (void)state;
    ds_store_close(f.store);
    for (size_t i = 0; i < DS_COUNT(ways); i++) {
        assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, ways[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        f.err = DS_ERR_INIT;
        assert_null(ds_store_open(f.path, NULL, &f.err));
        assert_says(&f, DS_ERR_CONFIG, "is damaged: it has no id");
    }
    f.err = DS_ERR_INIT;
    r = reader_of(&f);
    must(&f, ds_reader_id(r, scratch, &id, &f.err));
    assert_null(id);
    ds_reader_close(r);
    tmpdir_free(f.dir);
}

static void a_check_that_finds_a_row_that_may_not_be(void **state)
{
    fixture f = fixture_new();
    const char *finding;
    ds_reader *r;

    (void)state;
    tamper(&f, "CREATE TABLE extra(a); INSERT INTO extra VALUES(NULL); PRAGMA writable_schema=ON;"
               "UPDATE sqlite_schema SET sql = 'CREATE TABLE extra(a NOT NULL)'"
               " WHERE name = 'extra'");
    r = reader_of(&f);
    must(&f, ds_reader_quick_check(r, scratch, &finding, &f.err));
    assert_string_equal(finding, "NULL value in extra.a");
    ds_reader_close(r);
    fixture_end(&f);
}

int main(void)
{
    add_test(hashes_of_another_length_are_void);
    add_test(a_key_of_a_unit_that_is_gone);
    add_table(odd_rows, a_row_that_is_damaged);
    add_test(a_state_with_odd_values);
    add_test(signals_that_cannot_be_read_are_passed_over);
    add_test(a_store_without_an_id);
    add_test(a_check_that_finds_a_row_that_may_not_be);
    return run_tests("rows of a damaged store");
}
