/* tests/unit/test_store_away.c
 *
 * A store whose database is a server that goes away.  Here the server is SQLite, and when it is
 * lost, how long it stays away and what became of the last commit is what the test has written
 * down.
 */
#include "store_fixture.h"

#include "store/driver.h"
#include "store/schema.h"
#include <time.h>
#include <unistd.h>

static struct script {
    const ds_db_ops *real;
    bool away;
    int lose_begins;  /* so many transactions cannot be begun */
    int lose_commits; /* so many commits are not answered */
    bool applied;     /* and are done all the same */
    bool silent;      /* a commit's answer takes long */
    int stays;        /* so often it is asked for in vain */
    ds_err_kind why;  /* of those answers */
    int asked;
    int seen_away; /* when asked, the store said that it is away */
    bool not_ready, nobody_reads;
    ds_store *store;
} script;

/* The pauses between two tries: nobody waits here. */
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
    (void)time, (void)left;
    return 0;
}

/* ---- the server ------------------------------------------------------------------------------ */

static bool lost(ds_err *err)
{
    script.away = true;
    return ds_fail(err, DS_ERR_TRANSIENT, "the connection is lost");
}

static bool begin(ds_db *db, ds_err *err)
{
    if (script.lose_begins > 0) {
        script.lose_begins--;
        return lost(err);
    }
    return script.real->begin(db, err);
}

static bool commit(ds_db *db, ds_err *err)
{
    if (script.silent) {
        db->silent(db);
        script.seen_away += ds_store_is_away(script.store);
    }
    if (script.lose_commits == 0)
        return script.real->commit(db, err);
    script.lose_commits--;
    if (script.applied && !script.real->commit(db, err))
        fail_msg("%s", err->text);
    return lost(err);
}

static ds_db_fate fate(ds_db *db)
{
    return script.away ? DS_DB_AWAY : script.real->fate(db);
}

static bool come_back(ds_db *db, bool *committed, ds_err *err)
{
    (void)db;
    script.asked++;
    script.seen_away += ds_store_is_away(script.store);
    if (script.stays > 0) {
        script.stays--;
        return ds_fail(err, script.why, "it stays away");
    }
    script.away = false;
    *committed = script.applied;
    return true;
}

static ds_db *open_server(const ds_store_at *at, ds_db_mode mode, pid_t *holder, ds_err *err)
{
    static ds_db_ops ops;
    FILE *file = fopen(at->path, "a");
    ds_db *db;

    assert_non_null(file);
    fclose(file);
    *holder = 0;
    if (mode != DS_DB_WRITE && script.nobody_reads) {
        lost(err);
        return NULL;
    }
    db = ds_db_open(at->path, mode, err);
    if (!db || mode != DS_DB_WRITE)
        return db;
    must(&(fixture){.err = *err}, ds_db_use_wal(db, err));
    script.real = db->ops;
    ops = *db->ops;
    ops.begin = begin;
    ops.commit = commit;
    ops.fate = fate;
    ops.come_back = come_back;
    db->ops = &ops;
    return db;
}

static bool ready(ds_db *db, ds_err *err)
{
    (void)db;
    return !script.not_ready || lost(err);
}

static const char *holder(const ds_store_at *at, pid_t *pid, ds_arena *a)
{
    (void)at, (void)a;
    *pid = -1;
    return "process 7 on far";
}

static const ds_db_driver driver = {.open = open_server, .ready = ready, .holder = holder};

static fixture on_server(void)
{
    fixture f = {.dir = tmpdir_new(), .err = DS_ERR_INIT};

    script = (struct script){.why = DS_ERR_TRANSIENT};
    f.path = tmpdir_file(f.dir, "server.db");
    f.url = ds_secret_new("u", 1);
    f.at = (ds_store_at){.path = f.path, .driver = &driver, .url = f.url, .schema = "s"};
    fixture_open(&f);
    script.store = f.store;
    return f;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static int ran; /* how often the job below was done */

static bool put(ds_tx *tx, void *arg, ds_err *err)
{
    (void)arg;
    ran++;
    return ds_tx_listing_note(tx, "r", "said", err);
}

static bool lost_inside(ds_tx *tx, void *arg, ds_err *err)
{
    if (++ran > 1)
        return put(tx, arg, err);
    script.real->rollback(tx->db);
    return lost(err);
}

static const char *said(fixture *f)
{
    DS_AUTO(ds_reader) r = reader_of(f);
    const char *error;

    must(f, ds_reader_listing(r, "r", scratch, &error, &f->err));
    return error;
}

/* ---- the tests ------------------------------------------------------------------------------- */

static const struct row {
    const char *name;
    struct script script;
    in_tx job;
    int ran, asked, seen_away;
} rows[] = {
    {"nothing is lost", {.why = DS_ERR_TRANSIENT}, put, 1, 0, 0},
    {"lost before the transaction", {.lose_begins = 1, .why = DS_ERR_TRANSIENT}, put, 1, 1, 0},
    {"lost inside of it", {.why = DS_ERR_TRANSIENT}, lost_inside, 3, 1, 0},
    {"lost with a commit that was not done",
     {.lose_commits = 1, .why = DS_ERR_TRANSIENT},
     put,
     2,
     1,
     0},
    {"lost with the answer to a commit",
     {.lose_commits = 1, .applied = true, .why = DS_ERR_TRANSIENT},
     put,
     1,
     1,
     0},
    {"away for a while", {.lose_begins = 1, .stays = 9, .why = DS_ERR_TRANSIENT}, put, 1, 10, 9},
    {"silent, and it answers", {.silent = true, .why = DS_ERR_TRANSIENT}, put, 1, 0, 1},
    {"back, and lost again", {.lose_commits = 3, .why = DS_ERR_TRANSIENT}, put, 4, 3, 2},
};

static void a_job_is_done_once(void **state)
{
    const struct row *row = *state;
    fixture f = on_server();
    const ds_db_ops *real = script.real;

    script = row->script;
    script.real = real;
    script.store = f.store;
    ran = 0;
    must(&f, do_tx(&f, row->job, NULL));
    assert_int_equal(ran, row->ran);
    assert_int_equal(script.asked, row->asked);
    assert_int_equal(script.seen_away, row->seen_away);
    assert_false(ds_store_is_away(f.store));
    assert_string_equal(said(&f), "said");
    fixture_end(&f);
}

static void note_fatal(void *to, const ds_err *err)
{
    *(ds_err *)to = *err;
}

static void a_store_that_others_took_ends_it(void **state)
{
    fixture f = on_server();
    ds_err fatal = DS_ERR_INIT;

    (void)state;
    ds_writer_on_fatal(ds_store_writer(f.store), note_fatal, &fatal);
    script.lose_begins = script.stays = 1;
    script.why = DS_ERR_CONFIG;
    assert_false(do_tx(&f, put, NULL));
    assert_says(&f, DS_ERR_CONFIG, "it stays away");
    assert_string_equal(fatal.text, f.err.text);
    fixture_end(&f);
}

/* Who is to end waits a few seconds in all, not for each job. */
static void an_end_does_not_wait_for_ever(void **state)
{
    fixture f = on_server();
    int asked;

    (void)state;
    script.lose_begins = 1;
    script.stays = 1000000;
    ds_store_hurry(f.store);
    assert_false(do_tx(&f, put, NULL));
    assert_says(&f, DS_ERR_TRANSIENT, "it stays away");
    asked = script.asked;
    script.lose_begins = 1;
    assert_false(do_tx(&f, put, NULL));
    assert_in_range(script.asked, asked + 1, asked + 2);
    assert_true(ds_store_is_away(f.store));
    script.stays = 0;
    script.lose_begins = 1;
    must(&f, do_tx(&f, put, NULL)); /* but one that is back is used */
    fixture_end(&f);
}

static void a_store_knows_its_place(void **state)
{
    fixture f = on_server();
    const char *who;

    (void)state;
    assert_string_equal(ds_store_path(f.store), f.path);
    assert_string_equal(ds_store_place(f.store)->schema, "s");
    assert_string_equal(ds_secret_reveal(ds_store_place(f.store)->url), "u");
    assert_int_equal(ds_store_holder_at(&f.at, scratch, &who), -1);
    assert_string_equal(who, "process 7 on far");
    fixture_end(&f);
}

static void a_file_names_its_holder(void **state)
{
    fixture f = fixture_new();
    const char *who;

    (void)state;
    assert_int_equal(ds_store_holder_at(&f.at, scratch, &who), getpid());
    assert_string_equal(who, ds_arena_printf(scratch, "process %ld", (long)getpid()));
    ds_store_close(f.store);
    assert_int_equal(ds_store_holder_at(&f.at, scratch, &who), 0);
    assert_null(who);
    tmpdir_free(f.dir);
}

static void a_pass_reads_beside_the_writer(void **state)
{
    fixture f = on_server();
    ds_ledger *l = pass_of(&f, "r", "all");
    ds_memo memo = {.key = "k", .value = "v"};
    const char *value;

    (void)state;
    must(&f, commit_to(&f, l, (ds_commit){.memos = &memo, .memos_n = 1}));
    must(&f, l->ops->recall(l, false, "k", scratch, &value, &f.err));
    assert_string_equal(value, "v");
    ds_ledger_close(l);
    fixture_end(&f);
}

static void opening_fails(fixture *f, ds_err_kind kind, const char *says)
{
    f->err = DS_ERR_INIT;
    assert_null(ds_store_open_at(&f->at, NULL, &f->err));
    assert_says(f, kind, says);
}

/* Each of its steps in turn. */
static void a_store_that_cannot_be_opened(void **state)
{
    fixture f = on_server();

    (void)state;
    ds_store_close(f.store);
    script.not_ready = true;
    opening_fails(&f, DS_ERR_TRANSIENT, "the connection is lost");
    script.not_ready = false;
    tamper_here(&f, "PRAGMA user_version = 3");
    script.lose_begins = 1;
    opening_fails(&f, DS_ERR_TRANSIENT, "the connection is lost");
    tamper_here(&f, "PRAGMA user_version = 99");
    opening_fails(&f, DS_ERR_CONFIG, "newer version");
    assert_null(ds_reader_open_at(&f.at, &f.err));
    script.nobody_reads = true;
    assert_null(ds_reader_open_at(&f.at, &f.err));
    tamper_here(&f, ds_arena_printf(scratch,
                                    "DELETE FROM meta WHERE key = 'id'; PRAGMA user_version = %d",
                                    DS_STORE_VERSION));
    opening_fails(&f, DS_ERR_CONFIG, "it has no id");
    ds_secret_free(f.url);
    tmpdir_free(f.dir);
}

static void nobody_has_written_yet(void **state)
{
    fixture f = on_server();
    ds_reader *r;
    ds_unit_row *units;
    size_t n;

    (void)state;
    ds_store_close(f.store);
    assert_int_equal(remove(f.path), 0);
    r = reader_of(&f);
    must(&f, ds_reader_units(r, NULL, NULL, scratch, &units, &n, &f.err));
    assert_int_equal(n, 0);
    ds_reader_close(r);
    ds_secret_free(f.url);
    tmpdir_free(f.dir);
}

int main(void)
{
    add_table(rows, a_job_is_done_once);
    add_test(a_store_that_others_took_ends_it);
    add_test(an_end_does_not_wait_for_ever);
    add_test(a_store_knows_its_place);
    add_test(a_file_names_its_holder);
    add_test(a_pass_reads_beside_the_writer);
    add_test(a_store_that_cannot_be_opened);
    add_test(nobody_has_written_yet);
    return run_tests("a server that goes away");
}
