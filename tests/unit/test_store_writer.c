/* tests/unit/test_store_writer.c
 *
 * The one writer: what is committed together, in which order, what a failed job and a failed commit
 * leave, and that a process killed anywhere leaves the last commit.
 */
#include "base/crashpoint.h"
#include "store_fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- jobs that wait together ----------------------------------------------------------------- */

static atomic_int commits;

static void count_commits(const char *where)
{
    if (strcmp(where, "store committed") == 0)
        atomic_fetch_add(&commits, 1);
}

typedef struct step {
    ds_job base;
    char name;
    bool fails;
    char *log; /* names in the order they ran, upper case when they were done */
    sem_t *gate, *reached;
    ds_err_kind kind;
} step;

static void log_to(char *log, char c)
{
    size_t n = strlen(log); /* the writer's thread alone comes here */

    log[n] = c;
    log[n + 1] = '\0';
}

static bool step_run(ds_job *job, ds_tx *tx, ds_err *err)
{
    step *s = (step *)job;
    char sql[96];

    if (s->reached)
        sem_post(s->reached);
    if (s->gate)
        sem_wait(s->gate);
    log_to(s->log, s->name);
    snprintf(sql, sizeof sql, "INSERT INTO meta VALUES('%c', 1)", s->name);
    if (!ds_db_exec(tx->db, sql, err))
        return false;
    return !s->fails || ds_fail(err, DS_ERR_PERMANENT, "as asked");
}

static void step_done(ds_job *job, const ds_err *err)
{
    step *s = (step *)job;

    s->kind = err ? err->kind : DS_ERR_NONE;
    log_to(s->log, (char)(s->name - 'a' + 'A'));
}

static step step_of(char name, char *log)
{
    return (step){.base = {.run = step_run, .done = step_done}, .name = name, .log = log};
}

static int64_t count_rows(fixture *f, const char *sql)
{
    ds_db *db = ds_db_open(f->path, DS_DB_READ, &f->err);
    int64_t n = -1;

    if (!db || !ds_db_int(db, sql, -1, &n, &f->err))
        fail_msg("%s", f->err.text);
    ds_db_close(db);
    return n;
}

#define STEP_ROWS "SELECT count(*) FROM meta WHERE length(key) = 1"

/* The first job keeps the writer busy until the others wait behind it. */
static void run_steps(fixture *f, step *steps, const int *lanes, size_t n)
{
    sem_t gate, reached;

    sem_init(&gate, 0, 0);
    sem_init(&reached, 0, 0);
    steps[0].gate = &gate;
    steps[0].reached = &reached;
    ds_store_submit(f->store, lanes[0], &steps[0].base);
    sem_wait(&reached);
    for (size_t i = 1; i < n; i++)
        ds_store_submit(f->store, lanes[i], &steps[i].base);
    sem_post(&gate);
    ds_store_close(f->store); /* does them all */
    sem_destroy(&gate);
    sem_destroy(&reached);
    fixture_open(f);
}

static const struct order_row {
    const char *name;
    const char *jobs;  /* letters; p to z are pages, f fails */
    const char *order; /* as they ran, upper case as they were answered */
    int commits;
    int rows;
} order_rows[] = {
    {"events that wait together are one commit", "abcde", "aAbcdeBCDE", 2, 5},
    {"a job that fails takes nobody with it", "abfd", "aAbfdBFD", 2, 3},
    {"events go before pages that came first",
     "ap"
     "qbc",
     "aAbcBCpPqQ", 4, 5},
    {"each page is a commit of its own", "pqr", "pPqQrR", 3, 3},
    {"a page that fails leaves nothing", "f", "fF", 0, 0},
    {"all fail: nothing is left, all are told", "aff", "aAffFF", 2, 1},
};

static void runs_in_order(void **state)
{
    const struct order_row *row = *state;
    fixture f = fixture_new();
    char log[64] = "";
    step steps[8];
    int lanes[8];
    size_t n = strlen(row->jobs);

    for (size_t i = 0; i < n; i++) {
        steps[i] = step_of(row->jobs[i], log);
        steps[i].fails = row->jobs[i] == 'f';
        lanes[i] = row->jobs[i] >= 'p' ? DS_LANE_PAGE : DS_LANE_EVENT;
    }
    ds_crash_hook = count_commits;
    atomic_store(&commits, 0);
    run_steps(&f, steps, lanes, n);
    ds_crash_hook = NULL;
    assert_string_equal(log, row->order);
    assert_int_equal(atomic_load(&commits), row->commits);
    assert_int_equal(count_rows(&f, STEP_ROWS), row->rows);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(steps[i].kind, steps[i].fails ? DS_ERR_PERMANENT : DS_ERR_NONE);
    fixture_end(&f);
}

#define MANY 1100

static bool nothing_run(ds_job *job, ds_tx *tx, ds_err *err)
{
    (void)job, (void)tx, (void)err;
    return true;
}

/* More than one transaction takes at once: the rest is the next. */
static void very_many_that_wait_together(void **state)
{
    fixture f = fixture_new();
    char log[8] = "";
    step first = step_of('a', log);
    ds_job *jobs = ds_calloc(MANY, sizeof(*jobs));
    sem_t gate, reached;

    (void)state;
    sem_init(&gate, 0, 0);
    sem_init(&reached, 0, 0);
    first.gate = &gate;
    first.reached = &reached;
    ds_crash_hook = count_commits;
    atomic_store(&commits, 0);
    ds_store_submit(f.store, DS_LANE_EVENT, &first.base);
    sem_wait(&reached);
    for (size_t i = 0; i < MANY; i++) {
        jobs[i].run = nothing_run;
        ds_store_submit(f.store, DS_LANE_EVENT, &jobs[i]);
    }
    sem_post(&gate);
    ds_store_close(f.store);
    ds_crash_hook = NULL;
    assert_int_equal(atomic_load(&commits), 3);
    free(jobs);
    sem_destroy(&gate);
    sem_destroy(&reached);
    tmpdir_free(f.dir);
}

static atomic_int checkpoints;

static void count_checkpoints(const char *where)
{
    if (strcmp(where, "store checkpoint") == 0)
        atomic_fetch_add(&checkpoints, 1);
}

/* A log that is full is moved at once, one of a few megabytes as soon as nothing waits. */
static void a_large_log_is_moved(void **state)
{
    static char full[] = "INSERT INTO meta VALUES('full', zeroblob(20000000))";
    static char large[] = "INSERT INTO meta VALUES('large', zeroblob(5000000))";
    static char *const sqls[] = {full, large};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(sqls); i++) {
        fixture f = fixture_new();

        ds_crash_hook = count_checkpoints;
        atomic_store(&checkpoints, 0);
        must(&f, do_tx(&f, exec_in_tx, sqls[i]));
        ds_store_close(f.store);
        ds_crash_hook = NULL;
        assert_int_equal(atomic_load(&checkpoints), 2); /* then, and at the end */
        tmpdir_free(f.dir);
    }
}

static void who_waits_is_told_why(void **state)
{
    fixture f = fixture_new();
    char log[8] = "";
    step s = step_of('a', log);

    (void)state;
    s.fails = true;
    f.err = DS_ERR_INIT;
    assert_false(ds_store_do(f.store, DS_LANE_PAGE, &s.base, &f.err));
    assert_string_equal(f.err.text, "as asked");
    assert_string_equal(log, "aA"); /* its own done is called as well */
    s.fails = false;
    must(&f, ds_store_do(f.store, DS_LANE_PAGE, &s.base, &f.err));
    assert_int_equal(count_rows(&f, STEP_ROWS), 1);
    fixture_end(&f);
}

/* ---- a commit that fails --------------------------------------------------------------------- */

static void note_fatal(void *to, const ds_err *err)
{
    *(ds_err *)to = *err;
}

static void a_full_disk_ends_it_and_keeps_what_was_committed(void **state)
{
    static char full[] = "PRAGMA max_page_count=1";
    static char big[] = "INSERT INTO meta VALUES('big', zeroblob(3000000))";
    fixture f = fixture_new();
    ds_err fatal = DS_ERR_INIT;
    char log[8] = "";
    step before = step_of('a', log), after = step_of('b', log);

    (void)state;
    ds_writer_on_fatal(ds_store_writer(f.store), note_fatal, &fatal);
    must(&f, ds_store_do(f.store, DS_LANE_EVENT, &before.base, &f.err));
    must(&f, do_tx(&f, exec_in_tx, full)); /* SQLite takes the present size for less than that */
    assert_false(do_tx(&f, exec_in_tx, big));
    assert_int_equal(f.err.kind, DS_ERR_TRANSIENT);
    assert_non_null(strstr(f.err.text, "the disk is full; free some space"));
    assert_string_equal(fatal.text, f.err.text);
    assert_false(ds_store_do(f.store, DS_LANE_EVENT, &after.base, &f.err));
    assert_string_equal(fatal.text, f.err.text);
    fixture_reopen(&f);
    assert_int_equal(count_rows(&f, STEP_ROWS), 1);
    fixture_end(&f);
}

/* Nothing is acknowledged that went into a file nobody will find again. */
static void a_store_that_is_moved_away_ends_it(void **state)
{
    fixture f = fixture_new();
    const char *elsewhere = tmpdir_file(f.dir, "elsewhere.db");
    ds_err fatal = DS_ERR_INIT;
    char log[8] = "";
    step before = step_of('a', log), after = step_of('b', log);

    (void)state;
    ds_writer_on_fatal(ds_store_writer(f.store), note_fatal, &fatal);
    must(&f, ds_store_do(f.store, DS_LANE_EVENT, &before.base, &f.err));
    assert_int_equal(rename(f.path, elsewhere), 0);
    assert_false(ds_store_do(f.store, DS_LANE_EVENT, &after.base, &f.err));
    assert_int_equal(f.err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(f.err.text, "was moved, replaced or deleted while it was in use"));
    assert_string_equal(fatal.text, f.err.text);
    assert_int_equal(rename(elsewhere, f.path), 0);
    fixture_reopen(&f);
    assert_int_equal(count_rows(&f, STEP_ROWS), 1);
    fixture_end(&f);
}

static bool no_patience(ds_tx *tx, void *arg, ds_err *err)
{
    (void)arg, (void)err;
    return sqlite3_busy_timeout(ds_db_handle(tx->db), 0) == SQLITE_OK;
}

/* SQLite has undone by itself what others of the transaction did: nobody may take it for done. */
static void a_transaction_that_is_gone_ends_it(void **state)
{
    static char undone[] = "INSERT INTO meta VALUES('x', 1); ROLLBACK; SELECT no_such_column";
    fixture f = fixture_new();
    ds_err fatal = DS_ERR_INIT;

    (void)state;
    ds_writer_on_fatal(ds_store_writer(f.store), note_fatal, &fatal);
    assert_false(do_tx(&f, exec_in_tx, undone));
    assert_non_null(strstr(f.err.text, "no such column"));
    assert_string_equal(fatal.text, f.err.text);
    fixture_reopen(&f);
    assert_int_equal(count_rows(&f, STEP_ROWS), 0);
    fixture_end(&f);
}

static void a_store_locked_by_another_program_can_be_tried_again(void **state)
{
    fixture f = fixture_new();
    sqlite3 *other = NULL;
    char log[8] = "";
    step s = step_of('a', log);

    (void)state;
    must(&f, do_tx(&f, no_patience, NULL));
    assert_int_equal(sqlite3_open(f.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_false(ds_store_do(f.store, DS_LANE_EVENT, &s.base, &f.err));
    assert_int_equal(f.err.kind, DS_ERR_TRANSIENT);
    assert_non_null(strstr(f.err.text, "locked by another program"));
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    must(&f, ds_store_do(f.store, DS_LANE_EVENT, &s.base, &f.err));
    fixture_end(&f);
}

/* ---- a kill at any moment -------------------------------------------------------------------- */

static const char *kill_where;
static int kill_count; /* how many times the place may be passed */

static void kill_there(const char *where)
{
    if (strcmp(where, kill_where) == 0 && kill_count-- == 0)
        _exit(86);
}

/* A pass of ten commits; after the n-th the cursor says n, and there are 100 n links. */
static void ten_commits(const char *path)
{
    fixture f = {.path = path, .err = DS_ERR_INIT};
    ds_ledger *l;

    scratch = ds_arena_new();
    f.store = ds_store_open(path, NULL, &f.err);
    if (!f.store)
        _exit(1);
    l = pass_of(&f, "r", "all");
    for (int64_t n = 1; n <= 10; n++) {
        ds_link_put puts[100];
        ds_checkpoint mark = {.cursor = ds_arena_printf(scratch, "%d", (int)n)};

        for (int64_t i = 0; i < 100; i++)
            puts[i] =
                (ds_link_put){.link = {.seq = (n - 1) * 100 + i + 1,
                                       .key = ds_arena_printf(scratch, "%d.%d", (int)n, (int)i)},
                              .is_new = true};
        if (!commit_to(&f, l, (ds_commit){PUTS(puts), .checkpoint = &mark}))
            _exit(2);
    }
    ds_ledger_close(l);
    ds_store_close(f.store);
    _exit(0);
}

/* Links, keys and the checkpoint tell the same story, and the file is sound. */
static int64_t commits_found(fixture *f)
{
    const char *finding;
    int64_t n;
    ds_reader *r;

    fixture_open(f);
    n = count_rows(f, "SELECT cursor FROM activity");
    assert_int_equal(count_rows(f, "SELECT count(*) FROM link"), n < 0 ? 0 : n * 100);
    assert_int_equal(count_rows(f, "SELECT count(*) FROM link_key"), n < 0 ? 0 : n * 100);
    assert_int_equal(count_rows(f, "SELECT links FROM ledger"), n < 0 ? -1 : n * 100);
    r = ds_reader_open(f->path, &f->err);
    must(f, r);
    must(f, ds_reader_quick_check(r, scratch, &finding, &f->err));
    assert_null(finding);
    ds_reader_close(r);
    return n;
}

static const struct kill_row {
    const char *name;
    const char *where;
    int after;
    int64_t commits;
} kill_rows[] = {
    {"killed when the file was just made", "store created", 0, -1},
    {"killed before its tables are", "store schema", 0, -1},
    {"killed when its tables are", "store schema made", 0, -1},
    {"killed before the first commit", "store commit", 0, -1},
    {"killed after the pass began", "store committed", 0, 0},
    {"killed before the fifth page", "store commit", 5, 4},
    {"killed after the fifth page", "store committed", 5, 5},
    {"not killed at all", "store commit", 99, 10},
};

static void survives_a_kill(void **state)
{
    const struct kill_row *row = *state;
    tmpdir *dir = tmpdir_new();
    fixture f = {.dir = dir, .path = tmpdir_file(dir, "s.db"), .err = DS_ERR_INIT};
    int status;
    pid_t child = fork();

    if (child == 0) {
        kill_where = row->where;
        kill_count = row->after;
        ds_crash_hook = kill_there;
        ten_commits(f.path);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), row->after == 99 ? 0 : 86);
    assert_int_equal(commits_found(&f), row->commits);
    fixture_end(&f);
}

/* SIGKILL from outside, at whatever instruction: what was acknowledged is there. */
static void survives_kills_from_outside(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        tmpdir *dir = tmpdir_new();
        fixture f = {.dir = dir, .path = tmpdir_file(dir, "s.db"), .err = DS_ERR_INIT};
        int told[2], acknowledged = 0;
        char byte;
        pid_t child;

        assert_int_equal(pipe(told), 0);
        child = fork();
        if (child == 0) {
            char log[256] = "";

            f.store = ds_store_open(f.path, NULL, &f.err);
            for (char c = 'a'; f.store && c <= 'z'; c++) {
                step s = step_of(c, log);

                s.base.done = NULL;
                s.base.soft = c % 2; /* not durable, and there all the same */
                if (!ds_store_do(f.store, DS_LANE_EVENT, &s.base, &f.err) ||
                    write(told[1], &c, 1) != 1)
                    _exit(1);
            }
            pause();
        }
        close(told[1]);
        while (acknowledged <= round && read(told[0], &byte, 1) == 1)
            acknowledged++;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(told[0], &byte, 1) == 1)
            acknowledged++;
        close(told[0]);
        fixture_open(&f);
        assert_in_range(count_rows(&f, STEP_ROWS), acknowledged, acknowledged + 1);
        fixture_end(&f);
    }
}

/* ---- the log --------------------------------------------------------------------------------- */

static void the_log_is_moved_into_the_file_while_a_pass_reads(void **state)
{
    static char big[] = "INSERT OR REPLACE INTO meta VALUES('big', zeroblob(9000000))";
    fixture f = fixture_new();
    ds_ledger *l = pass_of(&f, "r", "all");
    struct stat log;
    size_t n;

    (void)state;
    for (int i = 0; i < 6; i++) {
        const ds_link *links;

        must(&f, l->ops->walk(l, 0, 10, scratch, &links, &n, &f.err));
        begin_of(&f, l);
        must(&f, do_tx(&f, exec_in_tx, big));
    }
    assert_int_equal(stat(tmpdir_file(f.dir, "s.db-wal"), &log), 0);
    assert_in_range(log.st_size, 1, 40000000); /* 54 MB were written */
    ds_ledger_close(l);
    ds_store_close(f.store);
    assert_int_equal(access(tmpdir_file(f.dir, "s.db-wal"), F_OK),
                     -1); /* nothing is left beside it */
    fixture_open(&f);
    fixture_end(&f);
}

/* ---- many threads ---------------------------------------------------------------------------- */

typedef struct hand {
    pthread_t thread;
    fixture *f;
    ds_ledger *l;
    int number;
    int64_t bad;
} hand;

static bool mark_row(ds_tx *tx, void *arg, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, "INSERT INTO meta VALUES(?, 1)", err);

    if (!st)
        return false;
    ds_bind_text(st, 1, arg);
    return ds_db_run(tx->db, st, err);
}

static void *signaller(void *arg)
{
    hand *h = arg;
    fixture own = *h->f;

    for (int i = 0; i < 50; i++) {
        char key[32];

        snprintf(key, sizeof key, "signal-%d-%d", h->number, i);
        h->bad += !do_tx(&own, mark_row, key);
    }
    return NULL;
}

static void *worker(void *arg)
{
    hand *h = arg;
    fixture own = *h->f;
    ds_arena *a = ds_arena_new();

    for (int i = 0; i < 20; i++) {
        const char *key = ds_arena_printf(a, "%d-%d", h->number, i);
        ds_link_put puts[] = {LINK(i + 1, key, 1)};
        ds_link_match match;

        h->bad += !commit_to(&own, h->l, (ds_commit){PUTS(puts)});
        h->bad += !h->l->ops->match(h->l, &key, 1, a, &match, &own.err);
        h->bad += !match.link;
    }
    ds_arena_free(a);
    return NULL;
}

static void many_threads_share_the_writer(void **state)
{
    fixture f = fixture_new();
    hand hands[8];
    int64_t bad = 0;

    (void)state;
    for (int i = 0; i < 8; i++) {
        hands[i] = (hand){.f = &f, .number = i};
        if (i % 2)
            hands[i].l = pass_of(&f, "r", ds_arena_printf(scratch, "unit%d", i));
    }
    for (int i = 0; i < 8; i++)
        pthread_create(&hands[i].thread, NULL, i % 2 ? worker : signaller, &hands[i]);
    for (int i = 0; i < 8; i++) {
        pthread_join(hands[i].thread, NULL);
        bad += hands[i].bad;
        ds_ledger_close(hands[i].l);
    }
    assert_int_equal(bad, 0);
    assert_int_equal(count_rows(&f, "SELECT count(*) FROM meta WHERE key LIKE 'signal-%'"), 200);
    assert_int_equal(count_rows(&f, "SELECT count(*) FROM link"), 80);
    fixture_end(&f);
}

int main(void)
{
    add_table(order_rows, runs_in_order);
    add_test(very_many_that_wait_together);
    add_test(a_large_log_is_moved);
    add_test(who_waits_is_told_why);
    add_test(a_full_disk_ends_it_and_keeps_what_was_committed);
    add_test(a_store_that_is_moved_away_ends_it);
    add_test(a_transaction_that_is_gone_ends_it);
    add_test(a_store_locked_by_another_program_can_be_tried_again);
    add_table(kill_rows, survives_a_kill);
    add_test(survives_kills_from_outside);
    add_test(the_log_is_moved_into_the_file_while_a_pass_reads);
    add_test(many_threads_share_the_writer);
    return run_tests("store writer");
}
