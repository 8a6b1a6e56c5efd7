/* tests/unit/test_store_format.c
 *
 * The format of the file: how one becomes the next, that every format ever written opens, and that
 * damage within is found.
 */
#include "store/schema.h"
#include "store_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- steps ----------------------------------------------------------------------------------- */

static const char *const first[] = {"CREATE TABLE t(a)", "INSERT INTO t VALUES(1)", NULL};
static const char *const second[] = {"ALTER TABLE t ADD COLUMN b", "UPDATE t SET b = a + 1", NULL};
static const char *const broken[] = {"DELETE FROM t", "ALTER TABLE nothing ADD COLUMN c", NULL};
static const char *const *const two_steps[] = {first, second};
static const char *const *const bad_steps[] = {first, second, broken};

static ds_db *new_db(tmpdir *dir)
{
    ds_err err = DS_ERR_INIT;
    ds_db *db;

    tmpdir_write(dir, "t.db", "", 0);
    db = ds_db_open(tmpdir_file(dir, "t.db"), DS_DB_WRITE, &err);
    if (!db)
        fail_msg("%s", err.text);
    return db;
}

static int64_t number(ds_db *db, const char *sql)
{
    ds_err err = DS_ERR_INIT;
    int64_t value;

    if (!ds_db_int(db, sql, -1, &value, &err))
        fail_msg("%s", err.text);
    return value;
}

static void an_old_file_goes_through_every_step_it_lacks(void **state)
{
    tmpdir *dir = tmpdir_new();
    ds_db *db = new_db(dir);
    ds_err err = DS_ERR_INIT;
    int64_t version;

    (void)state;
    assert_true(ds_schema_version(db, 1, &version, &err));
    assert_int_equal(version, 0);
    assert_true(ds_schema_upgrade(db, version, two_steps, 1, &err));
    assert_true(ds_schema_version(db, 1, &version, &err));
    assert_int_equal(version, 1);
    assert_true(ds_schema_upgrade(db, version, two_steps, 2, &err));
    assert_int_equal(number(db, "SELECT b FROM t"), 2);
    assert_true(ds_schema_version(db, 2, &version, &err));
    assert_true(ds_schema_upgrade(db, version, two_steps, 2, &err)); /* nothing to do */
    assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
    assert_false(ds_schema_version(db, 1, &version, &err)); /* the program before cannot read it */
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    ds_db_close(db);
    tmpdir_free(dir);
}

static void a_step_that_fails_leaves_the_old_file(void **state)
{
    tmpdir *dir = tmpdir_new();
    ds_db *db = new_db(dir);
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(ds_schema_upgrade(db, 0, bad_steps, 1, &err));
    assert_false(ds_schema_upgrade(db, 1, bad_steps, 3, &err));
    assert_non_null(strstr(err.text, "bring the store to format 3"));
    assert_int_equal(number(db, "PRAGMA user_version"), 1);
    assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
    assert_int_equal(number(db, "SELECT count(*) FROM pragma_table_info('t')"), 1);
    ds_db_close(db);
    tmpdir_free(dir);
}

/* ---- files of released formats --------------------------------------------------------------- */

static const char *data_file(const char *name)
{
    const char *path = ds_arena_printf(scratch, "%s/%s", TEST_DATA, name);
    FILE *file = fopen(path, "r");
    char *text = ds_arena_zalloc(scratch, 256 * DS_KIB);

    if (!file || !fread(text, 1, 256 * DS_KIB - 1, file))
        fail_msg("cannot read %s", path);
    fclose(file);
    return text;
}

static fixture from_sql(const char *name)
{
    tmpdir *dir = tmpdir_new();
    fixture f = {.dir = dir, .path = tmpdir_file(dir, "s.db"), .err = DS_ERR_INIT};
    sqlite3 *db = NULL;

    if (sqlite3_open(f.path, &db) != SQLITE_OK ||
        sqlite3_exec(db, data_file(name), NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    return f;
}

static void assert_version_1_links(fixture *f, ds_ledger *l)
{
    const ds_link *links;
    size_t n;

    must(f, l->ops->walk(l, 0, 9, scratch, &links, &n, &f->err));
    assert_int_equal(n, 2);
    assert_string_equal(links[0].key, "42");
    assert_string_equal(links[0].id, "page-1");
    assert_int_equal(links[0].hash.low, 0x0102030405060708);
    assert_int_equal(links[0].hash.high, 0x1112131415161718);
    assert_int_equal(links[0].flags, DS_LINK_CREATED);
    assert_true(links[0].valid);
}

/* The state was written by the first revision of a unit's rules, which knew no times. */
static void assert_it_knows_no_times(const ds_unit *u)
{
    assert_null(u->cron);
    assert_int_equal(u->next_ms, 0);
    assert_int_equal(u->quiet_until_ms, 0);
    assert_int_equal(u->every_ms, 15 * DS_MINUTE_MS);
}

static void format_1_opens(void **state)
{
    fixture f = from_sql("store-v1.sql");
    ds_unit_row *row;
    ds_ledger_begin begin;
    ds_ledger *l;
    ds_run_row *runs;
    ds_reader *r;
    size_t n;

    (void)state;
    fixture_open(&f);
    assert_string_equal(ds_store_id(f.store), "0123456789abcdef0123456789abcdef");
    row = start_pass(&f, "repos", "github:acme", "fingerprint-1", false);
    assert_int_equal(row->epoch, 2);
    assert_int_equal(row->held, 2);
    assert_true(row->state.running);
    assert_int_equal(row->state.interval_ms, 15 * DS_MINUTE_MS);
    assert_int_equal(row->state.last_stats.held, 2);
    assert_it_knows_no_times(&row->state);
    l = ledger_of(&f, row);
    begin = begin_of(&f, l);
    assert_true(begin.resumed);
    assert_string_equal(begin.checkpoint.cursor, "page 2");
    assert_int_equal(begin.checkpoint.totals.created, 2);
    assert_int_equal(begin.checkpoint.seen[0], 3);
    assert_int_equal(begin.next_seq, 3);
    assert_string_equal(begin.identity, "notion:1");
    assert_int_equal(begin.intents_n, 1);
    assert_version_1_links(&f, l);
    ds_ledger_close(l);
    r = ds_reader_open(f.path, &f.err);
    must(&f, r);
    must(&f, ds_reader_runs(r, NULL, NULL, 9, scratch, &runs, &n, &f.err));
    assert_int_equal(n, 1);
    assert_int_equal(runs[0].outcome, DS_PASS_PARTIAL);
    ds_reader_close(r);
    fixture_end(&f);
}

static const char *schema_of(const char *path)
{
    ds_err err = DS_ERR_INIT;
    ds_db *db = ds_db_open(path, DS_DB_READ, &err);
    DS_AUTO_BUF(text, DS_MIB);
    bool row = true;
    ds_stmt *st;

    if (!db)
        fail_msg("%s", err.text);
    st = ds_db_stmt(db, "SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name", &err);
    while (st && row && ds_db_next(db, st, &row, &err)) {
        if (row)
            ds_buf_printf(&text, "%s;\n", ds_col_text(st, 0, scratch));
    }
    ds_db_close(db);
    return ds_arena_strdup(scratch, text.data);
}

/* Its second pass deleted a row, which this format did not keep; its third died with one link in
 * doubt. */
static void format_2_opens(void **state)
{
    fixture f = from_sql("store-v2.sql");
    const ds_link *links;
    ds_run_row *runs;
    ds_unit_row *row;
    ds_ledger *l;
    ds_reader *r;
    size_t n;

    (void)state;
    fixture_open(&f);
    row = start_pass(&f, "tasks", "all", "fingerprint-2", false);
    assert_int_equal(row->epoch, 4);
    assert_string_equal(row->state.cron, "0 6 * * 1-5");
    assert_int_equal(row->state.last_stats.updated, 1);
    assert_int_equal(row->state.last_stats.missing, 0);
    l = ledger_of(&f, row);
    assert_int_equal(begin_of(&f, l).checkpoint.totals.missing, 1);
    must(&f, l->ops->walk(l, 0, 9, scratch, &links, &n, &f.err));
    assert_int_equal(n, 2);
    assert_true(links[0].valid);
    assert_false(links[1].valid);
    ds_ledger_close(l);
    r = ds_reader_open(f.path, &f.err);
    must(&f, r);
    must(&f, ds_reader_runs(r, NULL, NULL, 9, scratch, &runs, &n, &f.err));
    assert_int_equal(n, 2);
    assert_int_equal(runs[0].totals.unchanged, 1);
    assert_int_equal(runs[0].totals.missing, 0);
    assert_int_equal(runs[0].destination_calls, 2);
    ds_reader_close(r);
    fixture_end(&f);
}

/* Whoever changes a table without a step of its own is told here. */
static void an_upgraded_file_has_the_tables_of_a_new_one(void **state)
{
    static const char *const names[] = {"store-v1.sql", "store-v2.sql"};
    fixture new = fixture_new();

    (void)state;
    for (size_t i = 0; i < DS_COUNT(names); i++) {
        fixture old = from_sql(names[i]);

        fixture_open(&old);
        assert_string_equal(schema_of(old.path), schema_of(new.path));
        fixture_end(&old);
    }
    fixture_end(&new);
}

/* ---- damage that opening does not see -------------------------------------------------------- */

static void quick_check_finds_what_opening_does_not(void **state)
{
    fixture f = from_sql("store-v1.sql");
    const char *finding;
    ds_reader *r;
    int64_t page, version;
    ds_db *db;
    int fd;

    (void)state;
    assert_null(ds_reader_open(f.path, &f.err)); /* nobody reads it before that */
    assert_non_null(strstr(f.err.text, "was written by an older version; `durable-sync run`"));
    fixture_open(&f); /* which brings it up to date */
    ds_store_close(f.store);
    db = ds_db_open(f.path, DS_DB_READ, &f.err);
    must(&f, db);
    page = number(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'link'");
    ds_db_close(db);
    r = ds_reader_open(f.path, &f.err);
    must(&f, r);
    must(&f, ds_reader_quick_check(r, scratch, &finding, &f.err));
    assert_null(finding);
    must(&f, ds_reader_format(r, &version, &f.err));
    assert_int_equal(version, DS_STORE_VERSION);
    ds_reader_close(r);

    fd = open(f.path, O_WRONLY);
    assert_int_equal(pwrite(fd, "\x0d\x00\x00\x00\x7f\xff", 6, (page - 1) * 4096), 6);
    close(fd);
    r = ds_reader_open(f.path, &f.err);
    must(&f, r);
    must(&f, ds_reader_quick_check(r, scratch, &finding, &f.err));
    assert_non_null(finding);
    ds_reader_close(r);
    tmpdir_free(f.dir);
}

static void damage_met_by_a_pass_says_what_to_do(void **state)
{
    fixture f = from_sql("store-v1.sql");
    ds_db *db = ds_db_open(f.path, DS_DB_READ, &f.err);
    const ds_link *links;
    ds_ledger *l;
    int64_t page;
    size_t n;
    int fd;

    (void)state;
    must(&f, db);
    page = number(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'link'");
    ds_db_close(db);
    fd = open(f.path, O_WRONLY);
    assert_int_equal(pwrite(fd, "\x77\x77\x77\x77\x77\x77", 6, (page - 1) * 4096), 6);
    close(fd);
    fixture_open(&f);
    l = ledger_of(&f, start_pass(&f, "repos", "github:acme", "fp", true));
    assert_false(l->ops->walk(l, 0, 9, scratch, &links, &n, &f.err));
    assert_int_equal(f.err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(f.err.text, "move it away (mv "));
    ds_ledger_close(l);
    fixture_end(&f);
}

static void its_library_has_a_version(void **state)
{
    (void)state;
    assert_int_equal(strncmp(ds_store_library(), "3.", 2), 0);
}

int main(void)
{
    add_test(an_old_file_goes_through_every_step_it_lacks);
    add_test(a_step_that_fails_leaves_the_old_file);
    add_test(format_1_opens);
    add_test(format_2_opens);
    add_test(an_upgraded_file_has_the_tables_of_a_new_one);
    add_test(quick_check_finds_what_opening_does_not);
    add_test(damage_met_by_a_pass_says_what_to_do);
    add_test(its_library_has_a_version);
    return run_tests("store format");
}
