/* tests/unit/test_sqlite_state.c
 *
 * Transactions of the sqlite destination, and how it knows a database again: generations, crashes,
 * locks, full disks, and other programs that change tables.
 */
#include "sqlite_fixture.h"

#include "base/crashpoint.h"
#include "support/leave.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The connector waits for locks with SQLite's own sleep: here time only passes on paper. */
static int64_t slept_ms;
static void (*while_asleep)(void);

int sqlite3_sleep(int ms)
{
    slept_ms += ms;
    if (while_asleep)
        while_asleep();
    return ms;
}

/* ---- generations ----------------------------------------------------------------------------- */

/* One letter a step:
 *   O  open with what the core knows      C  close
 *   w  write a new row                    u  write a row that is there already, unchanged
 *   f  flush, the core commits            F  flush, the core crashes before it commits
 *   s  save a copy of the file            r  put the copy back
 *   d  delete the file                    t  drop the table
 *   T  drop the table and make it again by hand
 *   n  another program makes a table      v  VACUUM
 *   x  drop the state
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
    {"a deleted file", "OwfCdO", "--"},
    {"a dropped table", "OwfCtO", "--"},
    {"a dropped table is noticed even after a crash", "OwfCtOCO", "---"},
    {"a table made again by hand", "OwfCTO", "--"},
    {"an old copy", "OwfsCOwfwfCrO", "-+-"},
    {"an old copy of one commit ago", "OwfCsOwfCrO", "-+-"},
    {"a copy of right now is no old one", "OwfCsrO", "-+"},
    {"an old copy that then catches up in number", "OwfCsOwfCrOwFCO", "-+--"},
    {"another copy after the first was put back", "OwfCsOwfCrOwfCrO", "-+--"},
    {"another program's new table is none of ours", "OwfCnO", "-+"},
    {"nor after the next pass", "OwfCnOufCO", "-++"},
    {"nor in a pass that writes nothing at all", "OwfCnOfCO", "-++"},
    {"a VACUUM", "OwfCvOufCO", "-++"},
    {"another table and ours made again", "OwfCnTO", "--"},
    {"and again after a pass that wrote", "OwfCnOwfCTO", "-+-"},
    {"a lost state", "OwfCxO", "--"},
    {"a column that came by hand", "OwfCaO", "-+"},
    {"a column made again", "OwfCcO", "--"},
    {"and the pass after that", "OwfCcOwfCO", "--+"},
    {"a column made again before others that came by hand", "OwfCaOwfCcO", "-+-"},
    {"an old copy of what the core knows", "OwfCkOwfwfCKO", "-+-"},
    {"with which nothing is to be written", "OwfCkOwfwfCKOufCO", "-+-+"},
};

static char known[32], kept[32];

static void copy(const char *from, const char *into)
{
    size_t n;
    const char *bytes = tmpdir_read(dir, from, &n);

    tmpdir_write(dir, into, bytes, n);
}

static void by_hand(const char *text)
{
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    sql("PRAGMA synchronous = OFF");
    sql(text);
    sqlite3_close(other);
    other = NULL;
}

static void flush_now(bool core_commits)
{
    const char *generation = NULL;

    assert_true(ds_sqlite_flush(&to.base, seam_activity(), &generation, &seam_err));
    if (generation && core_commits)
        snprintf(known, sizeof(known), "%s", generation);
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
        ds_sqlite_destination.close(&to.base);
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
    case 's':
        copy("a.db", "copy.db");
        break;
    case 'r':
        copy("copy.db", "a.db");
        break;
    case 'd':
        assert_int_equal(unlink(path), 0);
        break;
    case 'k':
        memcpy(kept, known, sizeof(kept));
        break;
    case 'K':
        memcpy(known, kept, sizeof(kept));
        break;
    default:
        by_hand(what == 't'   ? "DROP TABLE t"
                : what == 'T' ? "DROP TABLE t; CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL, a)"
                : what == 'n' ? "CREATE TABLE of_another (a)"
                : what == 'v' ? "VACUUM"
                : what == 'a' ? "ALTER TABLE t ADD COLUMN b; UPDATE t SET b = 1"
                : what == 'c' ? "ALTER TABLE t DROP COLUMN a; ALTER TABLE t ADD COLUMN a"
                              : "DROP TABLE durable_sync_state");
    }
}

static void generation(void **state)
{
    const struct generation_row *row = *state;
    char answers[16] = "", *at = answers;

    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a); INSERT INTO t VALUES ('k', 1)");
    sqlite3_close(other);
    other = NULL;
    known[0] = '\0';
    for (const char *what = row->steps; *what; what++)
        step(*what, &at);
    assert_string_equal(answers, row->continues);
    end();
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
        ds_sqlite_destination.close(&to.base);
        sql("ALTER TABLE t ADD COLUMN b TEXT");
        must_open(generation);
        assert_int_equal(opened.continues, named);
        generation = finish(generation);
        ds_sqlite_destination.close(&to.base);
        must_open(generation);
        assert_true(opened.continues);
        end();
    }
}

/* ---- what is written, and what is not -------------------------------------------------------- */

static void an_unchanged_pass_writes_no_byte(void **state)
{
    const char *before, *after, *generation;
    size_t n, m;

    (void)state;
    begin("CREATE TABLE t (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, a)");
    must_open(NULL);
    create("x", "{\"a\": 1}");
    create("y", "{\"a\": \"2\"}");
    generation = finish(NULL);
    ds_sqlite_destination.close(&to.base);
    before = tmpdir_read(dir, "a.db", &n);
    must_open(generation);
    assert_true(opened.continues);
    assert_outcome(create("x", "{\"a\": 1}"), UNCHANGED); /* also what would number a new row */
    assert_outcome(update("y", "{\"a\": \"2\"}"), UNCHANGED);
    assert_string_equal(finish(generation), generation);
    ds_sqlite_destination.close(&to.base);
    after = tmpdir_read(dir, "a.db", &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    end();
}

static void looking_changes_nothing(void **state)
{
    const char *before, *after;
    size_t n, m;

    (void)state;
    begin("");
    to.create_table = true;
    assert_true(opens_as(NULL, true));
    assert_false(opened.exists);
    assert_int_equal(opened.rows, 0);
    assert_null(seam_find(&to.base, "k"));
    assert_int_not_equal(access(path, F_OK), 0); /* no file was made */
    ds_sqlite_destination.close(&to.base);
    by_hand("CREATE TABLE u (a)");
    before = tmpdir_read(dir, "a.db", &n);
    assert_true(opens_as(NULL, true));
    assert_false(opened.exists);
    assert_null(seam_find(&to.base, "k"));
    to.create_table = false;
    assert_false(opens_as(NULL, true));
    assert_err(DS_ERR_CONFIG, "no such table: \"t\"");
    to.table = "u";
    to.key = "a";
    assert_false(opens_as(NULL, true));
    assert_err(DS_ERR_CONFIG, "nothing keeps \"a\" unique");
    after = tmpdir_read(dir, "a.db", &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    end();
}

static void the_journal_mode_is_the_owners(void **state)
{
    (void)state;
    begin("PRAGMA journal_mode = WAL; CREATE TABLE t (id TEXT PRIMARY KEY, a)");
    must_open(NULL);
    create("k", "{\"a\": 1}");
    finish(NULL);
    assert_string_equal(query("PRAGMA journal_mode"), "wal");
    assert_string_equal(query("SELECT * FROM t"), "k|1");
    end();
}

static void rows_are_there_with_the_flush_not_before(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a)");
    must_open(NULL);
    create("k", "{\"a\": 1}");
    assert_string_equal(query("SELECT count(*) FROM t"), "0");
    finish(NULL);
    assert_string_equal(query("SELECT count(*) FROM t"), "1");
    create("l", "{\"a\": 1}");
    ds_sqlite_destination.close(&to.base); /* without a flush */
    assert_string_equal(query("SELECT count(*) FROM t"), "1");
    end();
}

/* ---- others ---------------------------------------------------------------------------------- */

static void two_units_share_a_table(void **state)
{
    ds_sqlite_writer first;
    const char *generation;

    (void)state;
    begin("");
    must_create(NULL);
    create("a", "{\"x\": 1}");
    generation = finish(NULL);
    first = to; /* it stays open while the second makes columns */
    to = (ds_sqlite_writer){.base = first.base, .path = path, .table = "t", .key = "id"};
    owner = "store/route/other";
    must_create(NULL);
    create("b", "{\"y\": 2}");
    finish(NULL);
    ds_sqlite_destination.close(&to.base);
    to = first;
    assert_outcome(create("c", "{\"y\": 3, \"z\": 4}"), CREATED); /* y is there by now */
    generation = finish(generation);
    ds_sqlite_destination.close(&to.base);
    owner = "store/route/unit";
    must_open(generation);
    assert_true(opened.continues);
    look();
    assert_string_equal(query("SELECT * FROM t"), "a|1|NULL|NULL b|NULL|2|NULL c|NULL|3|4");
    end();
}

static void another_programs_change_of_tables_ends_the_pass(void **state)
{
    ds_write row = {.op = DS_OP_CREATE, .key = "k"};

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY)");
    must_open(NULL);
    create("a", "{}");
    finish(NULL);
    sql("DROP TABLE t; CREATE TABLE t (id TEXT PRIMARY KEY)");
    assert_false(ds_sqlite_write(&to.base, seam_activity(), &row, 1, &seam_err));
    assert_err(DS_ERR_TRANSIENT, "another program changed the tables");
    must_open("1000"); /* the next pass looks again */
    assert_false(opened.continues);
    create("a", "{}");
    finish(NULL);
    assert_string_equal(query("SELECT * FROM t"), "a");
    end();
}

static void a_lock_is_awaited_for_5_seconds(void **state)
{
    ds_write row = {.op = DS_OP_CREATE, .key = "k"};

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY)");
    must_open(NULL);
    sql("BEGIN IMMEDIATE");
    slept_ms = 0;
    assert_false(ds_sqlite_write(&to.base, seam_activity(), &row, 1, &seam_err));
    assert_err(DS_ERR_TRANSIENT, "another program holds it locked");
    assert_int_equal(slept_ms, 5000);
    sql("COMMIT");
    assert_outcome(create("k", "{}"), CREATED); /* nothing was lost by it */
    sql("BEGIN; SELECT * FROM t");              /* a reader is in the way of the commit */
    slept_ms = 0;
    assert_false(ds_sqlite_flush(&to.base, seam_activity(), &(const char *){NULL}, &seam_err));
    assert_err(DS_ERR_TRANSIENT, "another program holds it locked");
    assert_int_equal(slept_ms, 5000);
    sql("COMMIT");
    finish(NULL); /* the transaction waited */
    assert_string_equal(query("SELECT * FROM t"), "k");
    end();
}

static void stop_while_asleep(void)
{
    atomic_store(&seam_stop, true);
}

static void a_stop_ends_the_wait(void **state)
{
    ds_write row = {.op = DS_OP_CREATE, .key = "k"};

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY)");
    must_open(NULL);
    sql("BEGIN IMMEDIATE");
    slept_ms = 0;
    while_asleep = stop_while_asleep;
    assert_false(ds_sqlite_write(&to.base, seam_activity(), &row, 1, &seam_err));
    while_asleep = NULL;
    assert_int_equal(seam_err.kind, DS_ERR_CANCELLED);
    assert_true(slept_ms <= 5);
    assert_int_equal(row.outcome, DS_OUT_NONE);
    sql("COMMIT");
    end();
}

static void a_full_disk_loses_nothing_silently(void **state)
{
    const char *text = ds_arena_printf(scratch, "{\"a\": \"%05000d\"}", 7), *generation = NULL;
    const ds_record rec = {.props = &(ds_prop){"a", ds_text(text)}, .props_n = 1};
    ds_write row = {.op = DS_OP_CREATE, .key = "k", .props = rec.props, .props_n = 1};

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY, a)");
    must_open(NULL);
    create("before", "{\"a\": 1}");
    sqlite3_exec(to.db.handle, "PRAGMA max_page_count = 1", NULL, NULL, NULL); /* what it has now */
    assert_false(ds_sqlite_write(&to.base, seam_activity(), &row, 1, &seam_err));
    assert_err(DS_ERR_TRANSIENT, "the disk is full");
    assert_false(ds_sqlite_flush(&to.base, seam_activity(), &generation, &seam_err));
    assert_null(generation);
    assert_string_equal(query("SELECT count(*) FROM t"), "0");
    end();
}

static void a_file_deleted_under_us_is_noticed(void **state)
{
    ds_write row = {.op = DS_OP_CREATE, .key = "k"};
    bool failed;

    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY)");
    must_open(NULL);
    create("a", "{}");
    finish(NULL);
    sqlite3_close(other);
    other = NULL;
    unlink(path);
    failed = !ds_sqlite_write(&to.base, seam_activity(), &row, 1, &seam_err) ||
             !ds_sqlite_flush(&to.base, seam_activity(), &(const char *){NULL}, &seam_err);
    assert_true(failed);
    assert_err(DS_ERR_TRANSIENT, "the file was moved or deleted while in use");
    end();
}

static void a_file_that_must_not_be_written(void **state)
{
    (void)state;
    begin("CREATE TABLE t (id TEXT PRIMARY KEY)");
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(tmpdir_path(dir), 0755), 0);
    if (geteuid() == 0)
        assert_int_equal(seteuid(65534), 0); /* root may write it all the same */
    assert_false(opens_as(NULL, false));
    assert_int_equal(seteuid(getuid()), 0);
    assert_err(DS_ERR_CONFIG, "let this user write it");
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
    ds_sqlite_destination.close(&to.base);
}

/* Killed at every crash point of a pass; what the next pass finds is a state it can finish from. */
static void a_kill_at_every_step(void **state)
{
    bool finished = false;
    int status;

    (void)state;
    for (int at = 1; !finished && at < 100; at++) {
        begin("");
        known[0] = '\0';
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
        look();
        assert_string_equal(query("SELECT * FROM t ORDER BY id"), "k0|0|NULL k1|11|1 k2|2|NULL");
        assert_string_equal(query("PRAGMA integrity_check"), "ok");
        end();
    }
    assert_true(finished);
}

int main(void)
{
    add_table(generation_rows, generation);
    add_test(a_column_that_comes_by_hand_may_be_for_us);
    add_test(an_unchanged_pass_writes_no_byte);
    add_test(looking_changes_nothing);
    add_test(the_journal_mode_is_the_owners);
    add_test(rows_are_there_with_the_flush_not_before);
    add_test(two_units_share_a_table);
    add_test(another_programs_change_of_tables_ends_the_pass);
    add_test(a_lock_is_awaited_for_5_seconds);
    add_test(a_stop_ends_the_wait);
    add_test(a_full_disk_loses_nothing_silently);
    add_test(a_file_deleted_under_us_is_noticed);
    add_test(a_file_that_must_not_be_written);
    add_test(a_kill_at_every_step);
    return run_tests("sqlite state");
}
