/* tests/unit/test_postgresql_state.c
 *
 * Transactions of the postgresql destination, and how it knows a table again: generations, two
 * units of one table, crashes.
 */
#include "postgresql_fixture.h"

#include "base/crashpoint.h"
#include "support/leave.h"
#include "support/tmpdir.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- generations ----------------------------------------------------------------------------- */

/* One letter a step:
 *   O  open with what the core knows      C  close
 *   w  write a new row                    u  write a row that is there already, unchanged
 *   f  flush, the core commits            F  flush, the core crashes before it commits
 *   s  save a copy of the schema          r  put the copy back: other tables of the same names
 *   i  save what is in the tables         b  put it back into these very tables
 *   t  drop the table                     T  drop the table and make it again by hand
 *   z  TRUNCATE                           v  VACUUM FULL
 *   n  another program makes a table      x  drop the state
 *   a  add a column by hand               c  drop a column and make it again
 *   k  save what the core knows           K  put that back
 * After each O the expectation says + (continues) or - (does not).
 */
static const struct generation_row {
    const char *name, *steps, *continues;
} generation_rows[] = {
    {"a first open does not continue", "OC", "-"},
    {"a pass continues the one before", "OwfCOwfCO", "-++"},
    {"one that wrote nothing is continued too", "OwfCOfCO", "-++"},
    {"one that found all unchanged is continued too", "OwfCOufCO", "-++"},
    {"a crash between our commit and the core's is seen through", "OwfCOwFCO", "-++"},
    {"and the next pass goes on from there", "OwfCOwFCOwfCO", "-+++"},
    {"a crash in the first pass starts over", "OwFCO", "--"},
    {"unflushed rows do not count", "OwfCOwCO", "-++"},
    {"a dropped table", "OwfCtO", "--"},
    {"a dropped table is noticed even after a crash", "OwfCtOCO", "---"},
    {"a table made again by hand", "OwfCTO", "--"},
    {"a dump put back", "OwfsCOwfwfCrO", "-+-"},
    {"a dump of right now is other tables, too", "OwfCsrO", "--"},
    {"old rows put back into the same tables", "OwfiCOwfwfCbO", "-+-"},
    {"of one commit ago", "OwfCiOwfCbO", "-+-"},
    {"that then catch up in number", "OwfCiOwfCbOwFCO", "-+--"},
    {"and another time", "OwfCiOwfCbOwfCbO", "-+--"},
    {"a TRUNCATE", "OwfCzO", "--"},
    {"a TRUNCATE, and a pass that wrote", "OwfCzOwfCO", "--+"},
    {"a VACUUM FULL", "OwfCvOufCO", "-++"},
    {"another program's new table is none of ours", "OwfCnO", "-+"},
    {"a lost state", "OwfCxO", "--"},
    {"a column that came by hand", "OwfCaO", "-+"},
    {"a column made again", "OwfCcO", "--"},
    {"and the pass after that", "OwfCcOwfCO", "--+"},
    {"a column made again before others that came by hand", "OwfCaOwfCcO", "-+-"},
    {"an old copy of what the core knows", "OwfCkOwfwfCKO", "-+-"},
    {"with which nothing is to be written", "OwfCkOwfwfCKOufCO", "-+-+"},
};

static char known[32], kept[32];

static void flush_now(bool core_commits)
{
    const char *generation = NULL;

    assert_true(ds_pg_flush(&to.base, seam_activity(), &generation, &seam_err));
    if (generation && core_commits)
        snprintf(known, sizeof(known), "%s", generation);
}

static const struct hand_row {
    char letter;
    const char *sql;
} hands[] = {
    {'s', "DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept;"
          "CREATE TABLE kept.t (LIKE t INCLUDING ALL); INSERT INTO kept.t SELECT * FROM t;"
          "CREATE TABLE kept.durable_sync_state (LIKE durable_sync_state INCLUDING ALL);"
          "INSERT INTO kept.durable_sync_state SELECT * FROM durable_sync_state"},
    {'r', "DROP SCHEMA public CASCADE; ALTER SCHEMA kept RENAME TO public"},
    {'i', "DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept;"
          "CREATE TABLE kept.t AS TABLE t; CREATE TABLE kept.s AS TABLE durable_sync_state"},
    {'b', "DELETE FROM t; INSERT INTO t TABLE kept.t; DELETE FROM durable_sync_state;"
          "INSERT INTO durable_sync_state TABLE kept.s"},
    {'t', "DROP TABLE t"},
    {'T', "DROP TABLE t; CREATE TABLE t (id text PRIMARY KEY, a text)"},
    {'z', "TRUNCATE t"},
    {'v', "VACUUM FULL t"},
    {'n', "CREATE TABLE of_another (a int)"},
    {'x', "DROP TABLE durable_sync_state"},
    {'a', "ALTER TABLE t ADD COLUMN b text"},
    {'c', "ALTER TABLE t DROP COLUMN a; ALTER TABLE t ADD COLUMN a text"},
};

static void by_hand(char letter)
{
    for (size_t i = 0; i < DS_COUNT(hands); i++) {
        if (hands[i].letter == letter)
            sql(hands[i].sql);
    }
}

static void step(char what, char **answers)
{
    static int rows;

    switch (what) {
    case 'O':
        must_create(*known ? known : NULL);
        *(*answers)++ = opened.continues ? '+' : '-';
        break;
    case 'C':
        ds_postgresql_destination.close(&to.base);
        break;
    case 'w':
        assert_outcome(create(ds_arena_printf(scratch, "k%d", rows++), "{\"a\": 1}"), CREATED);
        break;
    case 'u':
        assert_outcome(create("k", "{\"a\": 1}"), UNCHANGED);
        break;
    case 'f':
    case 'F':
        flush_now(what == 'f');
        break;
    case 'k':
        memcpy(kept, known, sizeof(kept));
        break;
    case 'K':
        memcpy(known, kept, sizeof(kept));
        break;
    default:
        by_hand(what);
    }
}

static void generation(void **state)
{
    const struct generation_row *row = *state;
    char answers[16] = "", *at = answers;

    begin("DROP SCHEMA IF EXISTS kept CASCADE;"
          "CREATE TABLE t (id text PRIMARY KEY, a text); INSERT INTO t VALUES ('k', 1)");
    known[0] = '\0';
    for (const char *what = row->steps; *what; what++)
        step(*what, &at);
    assert_string_equal(answers, row->continues);
    sql("DROP SCHEMA IF EXISTS kept CASCADE");
    end();
}

/* What the catalogue does not tell of these, the last key does. */
static void tables_whose_rows_can_go_without_a_trace(void **state)
{
    static const char *const made[] = {
        "CREATE UNLOGGED TABLE t (id text PRIMARY KEY, a text)",
        "CREATE TABLE t (id text PRIMARY KEY, a text) PARTITION BY HASH (id);"
        "CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(made); i++) {
        begin(made[i]);
        sql("INSERT INTO t VALUES ('k', 1)");
        known[0] = '\0';
        must_open(NULL);
        assert_outcome(create("k", "{\"a\": 1}"),
                       UNCHANGED); /* adopted: nothing to write but this */
        flush_now(true);
        ds_postgresql_destination.close(&to.base);
        must_open(known);
        assert_true(opened.continues);
        ds_postgresql_destination.close(&to.base);
        sql("TRUNCATE t");
        must_open(known);
        assert_false(opened.continues);
        end();
    }
}

/* Whose it is, a route that takes what comes cannot know; one that names its columns can. */
static void a_column_that_comes_by_hand_may_be_for_us(void **state)
{
    static const ds_column wanted = {.name = "a"};
    const char *generation;

    (void)state;
    for (int named = 0; named < 2; named++) {
        begin("CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT)");
        columns = named ? &wanted : NULL;
        columns_n = (size_t)named;
        must_open(NULL);
        create("k", "{\"a\": \"1\", \"b\": \"2\"}");
        generation = finish(NULL);
        ds_postgresql_destination.close(&to.base);
        sql("ALTER TABLE t ADD COLUMN b TEXT");
        must_open(generation);
        assert_int_equal(opened.continues, named);
        generation = finish(generation);
        ds_postgresql_destination.close(&to.base);
        must_open(generation);
        assert_true(opened.continues);
        end();
    }
}

/* ---- what is written, and what is not -------------------------------------------------------- */

static void an_unchanged_pass_writes_no_byte(void **state)
{
    const char *before, *generation;

    (void)state;
    begin("CREATE TABLE t (n serial, id text PRIMARY KEY, a text)");
    must_open(NULL);
    create("x", "{\"a\": 1}");
    create("y", "{\"a\": \"2\"}");
    generation = finish(NULL);
    ds_postgresql_destination.close(&to.base);
    sql("CHECKPOINT");
    before = query("SELECT pg_current_wal_insert_lsn()");
    must_open(generation);
    assert_true(opened.continues);
    assert_outcome(create("x", "{\"a\": 1}"), UNCHANGED); /* also what would number a new row */
    assert_outcome(update("y", "{\"a\": \"2\"}"), UNCHANGED);
    assert_string_equal(finish(generation), generation);
    ds_postgresql_destination.close(&to.base);
    assert_string_equal(query("SELECT pg_current_wal_insert_lsn()"), before);
    end();
}

static void looking_changes_nothing(void **state)
{
    const char *before;

    (void)state;
    begin("CHECKPOINT");
    before = query("SELECT pg_current_wal_insert_lsn()");
    to.create_table = true;
    assert_true(opens_as(NULL, true));
    assert_false(opened.exists);
    assert_int_equal(opened.rows, 0);
    assert_null(seam_find(&to.base, "k"));
    ds_postgresql_destination.close(&to.base);
    to.create_table = false;
    assert_false(opens_as(NULL, true));
    assert_err(DS_ERR_CONFIG, "no such table: \"t\"");
    assert_string_equal(query("SELECT pg_current_wal_insert_lsn()"), before);
    sql("CREATE TABLE t (id text PRIMARY KEY); INSERT INTO t VALUES ('k')");
    assert_true(opens_as(NULL, true));
    assert_true(opened.exists);
    assert_non_null(seam_find(&to.base, "k"));
    assert_false(ds_pg_write(&to.base, seam_activity(), &(ds_write){.op = DS_OP_CREATE, .key = "l"},
                             1, &seam_err));
    assert_err(DS_ERR_TRANSIENT, "read-only transaction"); /* the server itself keeps us to it */
    end();
}

static void rows_are_there_with_the_flush_not_before(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id text PRIMARY KEY, a text)");
    must_open(NULL);
    create("k", "{\"a\": 1}");
    assert_string_equal(query("SELECT count(*) FROM t"), "0");
    finish(NULL);
    assert_string_equal(query("SELECT count(*) FROM t"), "1");
    create("l", "{\"a\": 1}");
    ds_postgresql_destination.close(&to.base); /* without a flush */
    assert_string_equal(query("SELECT count(*) FROM t"), "1");
    end();
}

/* ---- others ---------------------------------------------------------------------------------- */

static void two_units_share_a_table(void **state)
{
    ds_pg_writer first;
    const char *generation;

    (void)state;
    begin("SELECT 1");
    must_create(NULL);
    create("a", "{\"x\": 1}");
    generation = finish(NULL);
    first = to; /* it stays open while the second makes columns */
    to = (ds_pg_writer){
        .base = first.base, .settings = first.settings, .table = "public.t", .key = "id"};
    owner = "store/route/other";
    must_create(NULL);
    create("b", "{\"y\": 2}");
    finish(NULL);
    ds_postgresql_destination.close(&to.base);
    to = first;
    to.db.settings = &to.settings;
    assert_outcome(create("c", "{\"y\": 3, \"z\": 4}"), CREATED); /* y is there by now */
    generation = finish(generation);
    ds_postgresql_destination.close(&to.base);
    owner = "store/route/unit";
    must_open(generation);
    assert_true(opened.continues);
    assert_string_equal(query("SELECT * FROM t ORDER BY id"),
                        "a|1|NULL|NULL b|NULL|2|NULL c|NULL|3|4");
    end();
}

/* ---- crashes --------------------------------------------------------------------------------- */

static int countdown;

static void crash(const char *where)
{
    (void)where;
    if (--countdown == 0)
        leave(86);
}

static void one_pass(void)
{
    must_create(*known ? known : NULL);
    for (int i = 0; i < 3; i++)
        create(ds_arena_printf(scratch, "k%d", i), ds_arena_printf(scratch, "{\"a\": %d}", i));
    flush_now(true);
    update("k1", "{\"a\": 11, \"b\": 1}");
    flush_now(true);
    ds_postgresql_destination.close(&to.base);
}

/* Killed at every crash point of a pass; what the next pass finds is a state it can finish from. */
static void a_kill_at_every_step(void **state)
{
    bool finished = false;
    int status;

    (void)state;
    for (int at = 1; !finished && at < 100; at++) {
        begin("SELECT 1");
        known[0] = '\0';
        PQfinish(other); /* the child must not speak over it */
        other = NULL;
        if (fork() == 0) {
            countdown = at;
            ds_crash_hook = crash;
            one_pass();
            leave(0);
        }
        wait(&status);
        assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 86 || WEXITSTATUS(status) == 0));
        finished = WEXITSTATUS(status) == 0;
        assert_true(!finished || at > 8);
        one_pass();
        other = connect_other();
        assert_string_equal(query("SELECT * FROM t ORDER BY id"), "k0|0|NULL k1|11|1 k2|2|NULL");
        end();
    }
    assert_true(finished);
}

int main(void)
{
    add_table(generation_rows, generation);
    add_test(tables_whose_rows_can_go_without_a_trace);
    add_test(a_column_that_comes_by_hand_may_be_for_us);
    add_test(an_unchanged_pass_writes_no_byte);
    add_test(looking_changes_nothing);
    add_test(rows_are_there_with_the_flush_not_before);
    add_test(two_units_share_a_table);
    add_test(a_kill_at_every_step);
    return run_tests("postgresql state");
}
