/* tests/unit/test_store_faults.c
 *
 * SQLite fails at each place where the store asks it for anything, one place after the other: every
 * statement is once not understood, every step of it once not done.  Then whoever asked is told,
 * with words; what was half done leaves no trace; and the same asked again goes well.
 */
#include "store_faults.h"

#include <semaphore.h>
#include <unistd.h>

static const char *const keys[] = {"a", "b", "c", "taken", "none", "held", "left"};

/* Every value of every table. */
static const char *all_there_is(const stand *s)
{
    static const char *const tables[] = {"meta",   "route", "machine",  "inbox",  "activity",
                                         "ledger", "link",  "link_key", "intent", "doubt",
                                         "held",   "run",   "memo"};
    DS_AUTO_BUF(out, DS_MIB);
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(s->f.path, &db), SQLITE_OK);
    for (size_t i = 0; i < DS_COUNT(tables); i++) {
        const char *sql = ds_arena_printf(scratch, "SELECT * FROM %s", tables[i]);
        sqlite3_stmt *st = NULL;

        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
        while (sqlite3_step(st) == SQLITE_ROW) {
            for (int c = 0; c < sqlite3_column_count(st); c++)
                ds_buf_printf(&out, "%s|", (const char *)sqlite3_column_text(st, c));
            ds_buf_char(&out, '\n');
        }
        sqlite3_finalize(st);
    }
    sqlite3_close(db);
    return ds_arena_strdup(scratch, out.data);
}

/* ---- what is asked --------------------------------------------------------------------------- */

typedef bool asked(stand *s);

static bool job_of(stand *s, in_tx fn)
{
    return do_tx(&s->f, fn, s);
}

static bool unit_tx(ds_tx *tx, void *arg, ds_err *err)
{
    static const ds_event event = {.type = DS_EV_PAUSE};
    stand *s = arg;
    ds_unit_row *row;
    const int64_t *ids;
    int64_t next;
    size_t n;

    return ds_tx_unit_get(tx, "r", "all", scratch, &row, err) &&
           ds_tx_unit_by_id(tx, s->row->id, scratch, &row, err) &&
           ds_tx_machines_due(tx, "token", NOW, 1, scratch, &ids, &n, &next, err) &&
           ds_tx_unit_save(tx, row, NOW, err) &&
           ds_tx_unit_add(tx, "new", "all", NOW, scratch, &row, err) &&
           ds_tx_inbox_put(tx, "r", "x", &event, NOW, err);
}

static bool unit_job(stand *s)
{
    return job_of(s, unit_tx);
}

static bool machine_tx(ds_tx *tx, void *arg, ds_err *err)
{
    ds_machine_row fresh = {.name = "u", .state = "{}", .logic = 1}, *row;

    (void)arg;
    if (!ds_tx_machine_lock(tx, "token", 0, "t", err) ||
        !ds_tx_machine_get(tx, "token", 0, "t", scratch, &row, err) ||
        !ds_tx_machine_save(tx, row, NOW, err) ||
        !ds_tx_machine_get(tx, "token", 0, "nobody", scratch, &row, err))
        return false;
    return !row && ds_tx_machine_add(tx, "token", &fresh, NOW, err);
}

static bool machine_job(stand *s)
{
    return job_of(s, machine_tx);
}

static bool inbox_tx(ds_tx *tx, void *arg, ds_err *err)
{
    const ds_event *events;
    size_t n, all;

    (void)arg;
    return ds_tx_inbox_take(tx, "r", "all", scratch, &events, &n, err) &&
           ds_tx_inbox_take_route(tx, "r", scratch, &events, &all, err);
}

static bool inbox_job(stand *s)
{
    return job_of(s, inbox_tx);
}

static bool start_tx(ds_tx *tx, void *arg, ds_err *err)
{
    stand *s = arg;
    ds_unit_row row = *s->row;

    return ds_tx_activity_start(tx, &row, "fp", false, NOW, err) &&
           ds_tx_activity_start(tx, &row, "other", false, NOW, err) &&
           ds_tx_activity_end(tx, &row, err);
}

static bool start_job(stand *s)
{
    return job_of(s, start_tx);
}

static bool run_tx(ds_tx *tx, void *arg, ds_err *err)
{
    const ds_run_row run = {.route = "r", .unit = "all", .started_ms = 1, .ended_ms = 2};

    (void)arg;
    return ds_tx_run_add(tx, &run, err);
}

static bool run_job(stand *s)
{
    return job_of(s, run_tx);
}

static bool hand_tx(ds_tx *tx, void *arg, ds_err *err)
{
    stand *s = arg;
    bool found;

    return ds_tx_held_retry(tx, "r", "held", &found, err) &&
           ds_tx_held_adopt(tx, "r", "kept", "K", &found, err) && /* a pass is under way */
           ds_tx_activity_end(tx, s->row, err) &&
           ds_tx_held_adopt(tx, "r", "held", "H", &found, err) &&
           ds_tx_held_drop(tx, "r", "line:1", &found, err);
}

static bool hand_job(stand *s)
{
    return job_of(s, hand_tx);
}

static bool commit_all(stand *s)
{
    ds_link_put puts[] = {LINK(4, "new", 5),
                          LINK(5, "taken", 6),
                          LINK(6, "c", 7),
                          LINK(7, "left", 8),
                          {.link = {.seq = 1, .key = "a", .hash = {.low = 9}}}};
    const ds_link removes[] = {{.seq = 2, .key = "b"}};
    const ds_held held[] = {{.key = "held", .reason = "again"}, {.key = "more", .reason = "new"}};
    const char *const released[] = {"kept"}, *const met[] = {"held"}, *const cleared[] = {"i"};
    const ds_intent intents[] = {{.key = "i2", .claims = true, .makes = true},
                                 {.key = "sent", .claims = true}};
    ds_claimed claimed[DS_COUNT(intents)] = {{0}};
    const ds_checkpoint checkpoint = {.cursor = "c"};
    const ds_memo memos[] = {{false, "page", "7"}, {true, "etag", "x"}, {false, "old", NULL}};

    return commit_to(&s->f, s->ledger,
                     (ds_commit){PUTS(puts),
                                 .removes = removes,
                                 .removes_n = 1,
                                 .held = held,
                                 .held_n = 2,
                                 .released = released,
                                 .released_n = 1,
                                 .met = met,
                                 .met_n = 1,
                                 .cleared = cleared,
                                 .cleared_n = 1,
                                 .intents = intents,
                                 .intents_n = DS_COUNT(intents),
                                 .claimed = claimed,
                                 .arena = scratch,
                                 .look = {.at_ms = 1, .now_ms = 1},
                                 .checkpoint = &checkpoint,
                                 .generation = "g",
                                 .void_hashes = true,
                                 .replace_held = true,
                                 .memos = memos,
                                 .memos_n = DS_COUNT(memos)});
}

static bool commit_drop(stand *s)
{
    return commit_to(&s->f, s->ledger,
                     (ds_commit){.drop_links = true,
                                 .identity = "x",
                                 .key_signature = "y",
                                 .encoder = 2,
                                 .doubts = doubts,
                                 .doubts_n = 1});
}

static bool read_ledger(stand *s)
{
    DS_AUTO(ds_ledger) l = ds_store_ledger(s->f.store, s->row->id, s->row->epoch, &s->f.err);
    ds_ledger_begin begin;
    ds_link_match matches[DS_COUNT(keys)];
    const ds_link *links;
    const ds_held *helds, *of[DS_COUNT(keys)];
    ds_err *err = &s->f.err;
    const char *value;
    size_t n;

    return l && l->ops->begin(l, scratch, &begin, err) &&
           l->ops->recall(l, false, "page", scratch, &value, err) &&
           l->ops->walk(l, 0, 10, scratch, &links, &n, err) &&
           l->ops->match(l, keys, DS_COUNT(keys), scratch, matches, err) &&
           l->ops->held(l, NULL, 2, scratch, &helds, &n, err) &&
           l->ops->held_of(l, keys, DS_COUNT(keys), scratch, of, err);
}

static bool read_plan(stand *s)
{
    DS_AUTO(ds_reader) r = ds_reader_open(s->f.path, &s->f.err);
    DS_AUTO(ds_ledger) l = r ? ds_reader_ledger(r, "r", "all", &s->f.err) : NULL;
    ds_ledger_begin begin;

    return l && l->ops->begin(l, scratch, &begin, &s->f.err);
}

static bool read_all(stand *s)
{
    DS_AUTO(ds_reader) r = ds_reader_open(s->f.path, &s->f.err);
    ds_err *err = &s->f.err;
    const char *text;
    ds_unit_row *units;
    ds_run_row *runs;
    ds_held_row *held;
    ds_link_count *counts;
    int64_t version;
    size_t n;

    return r && ds_reader_listing(r, "r", scratch, &text, err) &&
           ds_reader_id(r, scratch, &text, err) && ds_reader_format(r, &version, err) &&
           ds_reader_units(r, NULL, NULL, scratch, &units, &n, err) &&
           ds_reader_runs(r, "r", "all", 5, scratch, &runs, &n, err) &&
           ds_reader_held(r, "r", scratch, &held, &n, err) &&
           ds_reader_link_counts(r, scratch, &counts, &n, err) &&
           ds_reader_quick_check(r, scratch, &text, err);
}

static bool listing_tx(ds_tx *tx, void *arg, ds_err *err)
{
    (void)arg;
    return ds_tx_listing_note(tx, "other", NULL, err) &&
           ds_tx_listing_note(tx, "r", "no folder", err);
}

static bool listing_job(stand *s)
{
    return job_of(s, listing_tx);
}

static bool look_tx(ds_tx *tx, void *arg, ds_err *err)
{
    int64_t units;

    (void)arg;
    return ds_db_int(tx->db, "SELECT count(*) FROM machine", 0, &units, err);
}

/* SQLite is told before each what its commit waits for. */
static bool soft_job(stand *s)
{
    call_job soft = {.base = {.run = call_run, .soft = true}, .fn = look_tx};

    return ds_store_do(s->f.store, DS_LANE_EVENT, &soft.base, &s->f.err) && job_of(s, look_tx);
}

static bool open_new(stand *s)
{
    const char *path = tmpdir_file(s->f.dir, "new.db");
    DS_AUTO(ds_store) store = ds_store_open(path, NULL, &s->f.err);

    return store != NULL;
}

/* ---- jobs that wait together ----------------------------------------------------------------- */

typedef struct member {
    ds_job base;
    sem_t *reached, *gate, *ended;
    const char *sql; /* NULL: it fails, and does not say why */
    ds_err err;
} member;

static bool member_run(ds_job *job, ds_tx *tx, ds_err *err)
{
    member *m = (member *)job;

    if (m->gate) {
        sem_post(m->reached);
        sem_wait(m->gate);
    }
    (void)err;
    return m->sql && __real_sqlite3_exec(ds_db_handle(tx->db), m->sql, NULL, NULL, NULL) ==
                         SQLITE_OK; /* what fails is the writer's own */
}

static void member_done(ds_job *job, const ds_err *err)
{
    member *m = (member *)job;

    m->err = err ? *err : DS_ERR_INIT;
    sem_post(m->ended);
}

/* The first keeps the writer busy until the others wait behind it: those are one transaction, and
 * the one of them that fails takes nobody with it. What is to fail fails from then on. */
static bool group_job(stand *s)
{
    static const char *const sqls[] = {"", "INSERT INTO meta VALUES('b', 1)", NULL,
                                       "INSERT INTO meta VALUES('d', 1)"};
    const bool statements = faults.statements;
    const int step = faults.step;
    member members[DS_COUNT(sqls)];
    sem_t gate, reached, ended;
    bool ok = true;

    sem_init(&gate, 0, 0);
    sem_init(&reached, 0, 0);
    sem_init(&ended, 0, 0);
    faults.statements = false;
    faults.step = 0;
    for (size_t i = 0; i < DS_COUNT(sqls); i++) {
        members[i] = (member){.base = {.run = member_run, .done = member_done},
                              .reached = &reached,
                              .gate = i ? NULL : &gate,
                              .ended = &ended,
                              .sql = sqls[i]};
        ds_store_submit(s->f.store, DS_LANE_EVENT, &members[i].base);
        if (i == 0)
            sem_wait(&reached);
    }
    faults.statements = statements;
    faults.step = step;
    sem_post(&gate);
    for (size_t i = 0; i < DS_COUNT(sqls); i++)
        sem_wait(&ended);
    for (size_t i = 0; i < DS_COUNT(sqls); i++) {
        bool went = members[i].err.kind == DS_ERR_NONE;

        ok = ok && went == (sqls[i] != NULL);
        if (!went)
            s->f.err = members[i].err;
    }
    if (ok)
        assert_string_equal(s->f.err.text, "a job of the store failed without a reason");
    sem_destroy(&gate);
    sem_destroy(&reached);
    sem_destroy(&ended);
    return ok;
}

/* ---- one after the other --------------------------------------------------------------------- */

/* One try, with statements that fail or (else) the n-th step. *went: no fault was met, and it went
 * well. */
static void try(stand *s, asked *ask, int step, bool *went)
{
    const char *before = all_there_is(s);
    bool ok;

    s->f.err = DS_ERR_INIT;
    faults.code = SQLITE_ERROR;
    faults.statements = !step;
    faults.step = step;
    ok = ask(s);
    faults.statements = false; /* what follows is our own look */
    faults.step = 0;
    *went = !faults.hit;
    if (*went && !ok)
        fail_msg("without a fault: %s", s->f.err.text);
    if (faults.hit && ok)
        fail_msg("nobody heard that this failed: %s", faults.sql);
    if (!ok && (s->f.err.kind == DS_ERR_NONE || !*s->f.err.text))
        fail_msg("failed without a word: %s", faults.sql);
    if (!ok && strcmp(all_there_is(s), before) != 0)
        fail_msg("half done after a fault in %s:\n%s\n%s", faults.sql, before, all_there_is(s));
    faults.hit = false;
    if (s->dead) { /* the next process takes over */
        stand_down(s);
        stand_up(s);
    }
}

static void forget_statements(void)
{
    for (size_t i = 0; i < faults.failed_n; i++)
        free(faults.failed[i]);
    faults.failed_n = 0;
}

static const struct scenario {
    const char *name;
    asked *ask;
} scenarios[] = {
    {"a store is made", open_new},
    {"units are looked up, saved and added", unit_job},
    {"machines of other kinds", machine_job},
    {"signals are taken", inbox_job},
    {"a pass starts, and ends", start_job},
    {"a pass enters the history", run_job},
    {"held records by hand", hand_job},
    {"a listing is noted", listing_job},
    {"a job that need not be durable, and one that must", soft_job},
    {"jobs that wait together", group_job},
    {"a commit of everything", commit_all},
    {"a commit that drops all links", commit_drop},
    {"a pass reads", read_ledger},
    {"a plan reads", read_plan},
    {"commands read", read_all},
};

static void every_statement_fails_once(void **state)
{
    const struct scenario *row = *state;
    bool went = false;
    stand s;

    stand_up(&s);
    while (!went) {
        try(&s, row->ask, 0, &went);
    }
    assert_true(faults.failed_n > 0);
    forget_statements();
    stand_down(&s);
}

static void every_step_fails_once(void **state)
{
    const struct scenario *row = *state;
    bool went = false;
    int n = 0;
    stand s;

    stand_up(&s);
    while (!went) {
        assert_true(n < STEPS_MOST);
        try(&s, row->ask, ++n, &went);
    }
    assert_true(n > 1);
    stand_down(&s);
}

int main(void)
{
    alarm(300); /* of a test that hangs */
    add_table(scenarios, every_statement_fails_once);
    add_table(scenarios, every_step_fails_once);
    return run_tests("store faults");
}
