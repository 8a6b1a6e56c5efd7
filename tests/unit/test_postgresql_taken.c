/* tests/unit/test_postgresql_taken.c
 *
 * Unique values that move from row to row within a batch: each record arrives where the table lets
 * it, whatever the order; what a row outside the batch has stays refused.
 */
#include "postgresql_fixture.h"

#define UNIQUE "CREATE TABLE t (id text PRIMARY KEY, a int UNIQUE, hand text);"
#define ROWS "INSERT INTO t VALUES ('a', 1, 'x'), ('b', 2, 'x'), ('c', 3, 'x'), ('d', 4, 'x')"
#define REFUSING(when)                                                                             \
    "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN INSERT INTO log VALUES (NEW.id); RETURN NEW;" \
    " END $$ LANGUAGE plpgsql; CREATE TABLE log (id text);"                                        \
    "CREATE TRIGGER r " when " ON t FOR EACH ROW EXECUTE FUNCTION f()"

static const struct taken_row {
    const char *name, *sql;
    const char *writes; /* KEY=VALUE, in any order; 0: NULL */
    const char *held;   /* keys */
    const char *is;     /* id|a of all rows */
} taken_rows[] = {
    {"all move up", UNIQUE ROWS, "a=2 b=3 c=4 d=5", "", "a|2 b|3 c|4 d|5"},
    {"all move down", UNIQUE ROWS, "a=0 b=1 c=2 d=3", "", "a|NULL b|1 c|2 d|3"},
    {"a new one in front", UNIQUE ROWS, "new=1 a=2 b=3 c=4 d=5", "", "a|2 b|3 c|4 d|5 new|1"},
    {"a new one gets what is given up", UNIQUE ROWS, "a2=1 a=0", "", "a|NULL a2|1 b|2 c|3 d|4"},
    {"a chain in no order", UNIQUE ROWS, "b=9 d=2 a=4 c=1", "", "a|4 b|9 c|1 d|2"},
    {"two change places", UNIQUE ROWS, "a=2 b=1", "", "a|2 b|1 c|3 d|4"},
    {"all in a circle", UNIQUE ROWS, "a=2 b=3 c=4 d=1", "", "a|2 b|3 c|4 d|1"},
    {"two circles", UNIQUE ROWS, "a=2 b=1 c=4 d=3", "", "a|2 b|1 c|4 d|3"},
    {"a circle beside one that is refused", UNIQUE ROWS ", ('other', 9, 'x')", "a=2 b=1 c=9", "c",
     "a|2 b|1 c|3 d|4 other|9"},
    {"what would be free if another were not refused", UNIQUE ROWS ", ('other', 9, 'x')",
     "a=2 b=1 c=9 d=3", "cd", "a|2 b|1 c|3 d|4 other|9"},
    {"two want the same", UNIQUE ROWS, "a=5 b=5", "b", "a|5 b|2 c|3 d|4"},
    {"two columns together",
     "CREATE TABLE t (id text PRIMARY KEY, a int, hand text, UNIQUE (hand, a));" ROWS, "a=2 b=1",
     "", "a|2 b|1 c|3 d|4"},
    {"where nothing may be empty",
     "CREATE TABLE t (id text PRIMARY KEY, a int UNIQUE NOT NULL, hand text);" ROWS,
     "a=2 b=1 c=4 d=5", "ab", "a|1 b|2 c|4 d|5"},
    {"where a CHECK says so",
     "CREATE TABLE t (id text PRIMARY KEY, a int UNIQUE CHECK (a IS NOT NULL), hand text);" ROWS,
     "a=2 b=1 c=4 d=5", "ab", "a|1 b|2 c|4 d|5"},
    {"where others refer to it",
     UNIQUE ROWS "; CREATE TABLE u (a int REFERENCES t (a) ON UPDATE CASCADE);"
                 "INSERT INTO u VALUES (1)",
     "a=2 b=1 c=4 d=5", "ab", "a|1 b|2 c|4 d|5"},
    {"where a trigger looks on", UNIQUE ROWS ";" REFUSING("AFTER UPDATE"), "a=2 b=1 c=4 d=5", "ab",
     "a|1 b|2 c|4 d|5"},
    {"where a trigger may change it", UNIQUE ROWS ";" REFUSING("BEFORE INSERT OR UPDATE"),
     "a=2 b=1 c=4 d=5", "ab", "a|1 b|2 c|4 d|5"},
    {"a constraint that waits needs none of it",
     "CREATE TABLE t (id text PRIMARY KEY, a int NOT NULL UNIQUE DEFERRABLE, hand text);" ROWS,
     "a=2 b=1 c=4 d=3", "", "a|2 b|1 c|4 d|3"},
    {"not even beside one that is refused",
     "CREATE TABLE t (id text PRIMARY KEY, a int NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED,"
     " hand text);" ROWS ", ('other', 9, 'x')",
     "a=2 b=1 c=9 d=5", "c", "a|2 b|1 c|3 d|5 other|9"},
    {"ranges that may not overlap",
     "CREATE TABLE t (id text PRIMARY KEY, a int, hand text, EXCLUDE USING btree (a WITH =));" ROWS,
     "a=2 b=3 c=4 d=5", "", "a|2 b|3 c|4 d|5"},
};

enum { MOST = 8 };

static size_t read_writes(const char *text, ds_write *writes, ds_prop *props)
{
    size_t n = 0;

    for (const char *at = text; *at; n++) {
        size_t key_n = strcspn(at, "=");
        long value = strtol(at + key_n + 1, NULL, 10);

        assert_true(n < MOST);
        props[n] = (ds_prop){"a", value ? ds_int(value) : DS_VALUE_NULL};
        writes[n] = (ds_write){.op = strncmp(at, "new", 3) == 0 ? DS_OP_CREATE : DS_OP_UPDATE,
                               .key = ds_arena_strndup(scratch, at, key_n),
                               .props = &props[n],
                               .props_n = 1};
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return n;
}

static void taken(void **state)
{
    const struct taken_row *row = *state;
    ds_write writes[MOST];
    ds_prop props[MOST];
    size_t n = read_writes(row->writes, writes, props);

    begin(row->sql);
    must_open(NULL);
    put_all(writes, n);
    for (size_t i = 0; i < n; i++) {
        bool held = strlen(writes[i].key) == 1 && strchr(row->held, *writes[i].key);

        if (held)
            assert_held(&writes[i], "already exists.");
        else if (writes[i].reason)
            fail_msg("%s: %s", writes[i].key, writes[i].reason);
        assert_int_equal(writes[i].outcome == DS_OUT_HELD, held);
    }
    finish(NULL);
    assert_string_equal(query("SELECT id, a FROM t ORDER BY id"), row->is);
    assert_string_equal(query("SELECT count(*) FROM t WHERE hand <> 'x'"), "0");
    put_all(writes, n);
    for (size_t i = 0; i < n; i++)
        assert_true(writes[i].outcome == DS_OUT_UNCHANGED || strchr(row->held, *writes[i].key));
    end();
}

enum { MANY = 500 };

/* Positions of a whole batch move up by one: nothing is held. */
static void a_whole_batch_moves(void **state)
{
    ds_write writes[MANY];
    ds_prop props[MANY];

    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a int NOT NULL UNIQUE); INSERT INTO t SELECT"
          " 'k' || to_char(i, 'FM000'), i FROM generate_series(0, 499) AS i");
    must_open(NULL);
    for (size_t i = 0; i < MANY; i++) {
        props[i] = (ds_prop){"a", ds_int((int64_t)i + 1)};
        writes[i] = (ds_write){.op = DS_OP_UPDATE,
                               .key = ds_arena_printf(scratch, "k%03zu", i),
                               .props = &props[i],
                               .props_n = 1};
    }
    put_all(writes, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(writes[i].outcome, DS_OUT_UPDATED);
    finish(NULL);
    assert_string_equal(query("SELECT min(a), max(a), count(*) FROM t"), "1|500|500");
    end();
}

int main(void)
{
    add_table(taken_rows, taken);
    add_test(a_whole_batch_moves);
    return run_tests("postgresql, taken values");
}
