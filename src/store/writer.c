/* src/store/writer.c
 *
 * One thread owns the write connection.  It takes what waits, runs it inside one transaction and
 * makes it durable with one sync, so a hundred signals that come together cost one.  Pages are
 * large and run alone, each behind the events that were there before it; none of the two can starve
 * the other.  A group of soft jobs alone is not waited for.
 *
 * What the disk refused once cannot be trusted by trying again (after a failed fsync the kernel may
 * have thrown the pages away and call them clean): the process ends, the next one recovers.
 */
#include "store/writer.h"

#include "base/log.h"
#include "base/thread.h"
#include "store/internal.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { GROUP_MAX = 1024 }; /* jobs in one transaction */

struct ds_writer {
    ds_db *db;
    ds_queue *queue;
    pthread_t thread;
    bool here;          /* there is no thread */
    bool working;       /* here: inside a job */
    int64_t hurried_ms; /* waited for a server since the process is to end */
    bool dead;          /* a commit failed and the process was left alive (tests) */
    ds_err why;
    void (*fatal)(void *to, const ds_err *err);
    void *fatal_to;
    ds_job *group[GROUP_MAX];
    ds_err *failed[GROUP_MAX]; /* NULL: the job went well */
    size_t n;
};

/* GCOVR_EXCL_START counts are not written by _exit; tests/unit/test_store_open.c sees it end */
static void leave_process(void *to, const ds_err *err)
{
    (void)to;
    ds_log(DS_LOG_ERROR, "store_failed", "error", err->text, NULL);
    _exit(1);
}
/* GCOVR_EXCL_STOP */

static void die(ds_writer *w, const ds_err *err)
{
    w->dead = true;
    w->why = *err;
    if (w->db->ops->give_up)
        w->db->ops->give_up(w->db);
    w->fatal(w->fatal_to, err);
}

static void job_failed(ds_writer *w, size_t at, const ds_err *err)
{
    if (w->failed[at])
        return; /* its own error says more */
    w->failed[at] = ds_calloc(1, sizeof *err);
    *w->failed[at] = *err;
}

static void all_failed(ds_writer *w, const ds_err *err)
{
    for (size_t i = 0; i < w->n; i++)
        job_failed(w, i, err);
}

/* ---- one group ------------------------------------------------------------------------------- */

static bool exec_cached(ds_db *db, const char *literal, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, literal, err);

    return st && ds_db_run(db, st, err);
}

/* false: the transaction is lost. A job alone needs no savepoint: its failure is the group's, and a
 * page would be copied for nothing. */
static bool run_job(ds_writer *w, size_t at, ds_err *err)
{
    bool alone = w->n == 1;
    ds_job *job = w->group[at];
    ds_tx tx = {.db = w->db};
    ds_err own = DS_ERR_INIT, heard = DS_ERR_INIT;

    if (!alone && !exec_cached(w->db, "SAVEPOINT job", err))
        return false;
    if (job->run(job, &tx, &own) && ds_db_settle(w->db, &own))
        return alone || exec_cached(w->db, "RELEASE job", err);
    if (own.kind == DS_ERR_NONE)
        ds_fail(&own, DS_ERR_PERMANENT, "a job of the store failed without a reason");
    job_failed(w, at, &own);
    (void)!ds_db_settle(w->db, &heard); /* what it left unheard is not the next one's */
    if (w->db->ops->fate(w->db) != DS_DB_GOES_ON) {
        *err = own;
        return false;
    }
    return alone ||
           (exec_cached(w->db, "ROLLBACK TO job", err) && exec_cached(w->db, "RELEASE job", err));
}

static bool run_group(ds_writer *w, ds_err *err)
{
    if (w->db->ops->in_place && !w->db->ops->in_place(w->db, err))
        return false;
    for (size_t i = 0; i < w->n; i++) {
        if (!run_job(w, i, err))
            return false;
    }
    if (w->n == 1 && w->failed[0]) {
        w->db->ops->rollback(w->db);
        return true;
    }
    ds_crashpoint("store commit");
    if (!w->db->ops->commit(w->db, err))
        return false;
    ds_crashpoint("store committed");
    return true;
}

static void forget_failures(ds_writer *w)
{
    for (size_t i = 0; i < w->n; i++) {
        free(w->failed[i]);
        w->failed[i] = NULL;
    }
}

static void answer_group(ds_writer *w)
{
    for (size_t i = 0; i < w->n; i++) {
        ds_job *job = w->group[i];

        if (job->done)
            job->done(job, w->failed[i]); /* may free the job */
    }
    forget_failures(w);
    w->n = 0;
}

static bool all_soft(const ds_writer *w)
{
    for (size_t i = 0; i < w->n; i++) {
        if (!w->group[i]->soft)
            return false;
    }
    return true;
}

static bool begin(ds_writer *w, ds_err *err)
{
    const ds_db_ops *ops = w->db->ops;

    return (!ops->soften || ops->soften(w->db, all_soft(w), err)) && ops->begin(w->db, err);
}

/* Once. false: *err, with nothing of the group durable; *hopeless: and nothing ever will be. */
static bool try_group(ds_writer *w, bool *hopeless, ds_err *err)
{
    if (!begin(w, err)) {
        /* Another program has the file locked: nothing is lost, the jobs may be tried again. */
        *hopeless = w->db->ops->fate(w->db) == DS_DB_HOPELESS;
        return false;
    }
    *hopeless = !run_group(w, err);
    if (*hopeless)
        w->db->ops->rollback(w->db);
    return !*hopeless;
}

/* ---- a server that is away ------------------------------------------------------------------- */

enum { PAUSE_MS = 100, PAUSE_MOST_MS = 5000, HURRY_MS = 5000 };

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What a server that says nothing took of our time is time waited for it, too. */
static void note_waited(ds_writer *w, int64_t since_ms)
{
    if (atomic_load(&w->db->hurry))
        w->hurried_ms += mono_ms() - since_ms;
}

/* The wait before the next try grows with each. false: whoever closes the store has waited long
 * enough for this server. */
static bool pause_before(ds_writer *w, int tries)
{
    int ms = tries < 6 ? PAUSE_MS << tries : PAUSE_MOST_MS;

    for (; ms > 0; ms -= PAUSE_MS) {
        if (atomic_load(&w->db->hurry) && (w->hurried_ms += PAUSE_MS) > HURRY_MS)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    }
    return true;
}

static void tell_away(ds_db *db, const ds_err *err)
{
    if (!atomic_exchange(&db->is_away, true))
        ds_log(DS_LOG_WARN, "store_away", "error", err->text, NULL);
}

/* It may yet answer: whoever looks for the reason of a standstill is to find it before. */
static void tell_silent(ds_db *db)
{
    ds_err err = DS_ERR_INIT;

    ds_fail(&err, DS_ERR_TRANSIENT, "store %s: no answer for %d seconds; it is waited for",
            ds_db_path(db), DS_DB_SILENT_MS / 1000);
    tell_away(db, &err);
}

static void tell_back(ds_writer *w)
{
    if (atomic_exchange(&w->db->is_away, false))
        ds_log(DS_LOG_INFO, "store_back", "store", ds_db_path(w->db), NULL);
}

/* As ds_db_ops.come_back, but until it is; *tries goes on counting. */
static bool await_server(ds_writer *w, int *tries, bool *committed, ds_err *err)
{
    do {
        int64_t began_ms;

        if (*tries && !pause_before(w, *tries - 1))
            return false;
        (*tries)++;
        began_ms = mono_ms();
        if (w->db->ops->come_back(w->db, committed, err))
            return true;
        note_waited(w, began_ms);
        if (err->kind != DS_ERR_TRANSIENT)
            return false;
        tell_away(w->db, err);
    } while (true);
}

/* Until the group is durable, whatever happens to a server meanwhile. The jobs are done again from
 * what is durable, unless only the answer to their commit was lost. */
static bool do_group(ds_writer *w, bool *hopeless, ds_err *err)
{
    bool committed = false;
    int64_t began_ms = mono_ms();
    int tries = 0;

    while (!committed && !try_group(w, hopeless, err)) {
        if (w->db->ops->fate(w->db) != DS_DB_AWAY)
            return false;
        note_waited(w, began_ms);
        *hopeless = false;
        if (tries) /* it is there, and still it does not work */
            tell_away(w->db, err);
        if (!await_server(w, &tries, &committed, err)) {
            forget_failures(w); /* why it did not come back says more */
            *hopeless = err->kind != DS_ERR_TRANSIENT;
            return false;
        }
        if (!committed)
            forget_failures(w);
        *err = DS_ERR_INIT;
        began_ms = mono_ms();
    }
    tell_back(w);
    return true;
}

static void serve_group(ds_writer *w)
{
    ds_err err = DS_ERR_INIT;
    bool hopeless;

    if (w->dead) {
        all_failed(w, &w->why);
    } else if (!do_group(w, &hopeless, &err)) {
        if (hopeless)
            die(w, &err);
        all_failed(w, &err);
    }
    answer_group(w);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void tidy(ds_writer *w, ds_db_moment moment)
{
    ds_err err = DS_ERR_INIT;

    if (!w->dead && w->db->ops->tidy && !w->db->ops->tidy(w->db, moment, &err))
        die(w, &err);
}

static ds_job *take(ds_writer *w, int64_t deadline)
{
    return (ds_job *)ds_queue_take(w->queue, deadline);
}

/* Fills the group with events that wait; a page that comes out of the queue behind them is handed
 * back, and goes next. */
static ds_job *gather_events(ds_writer *w, ds_job *first)
{
    w->group[w->n++] = first;
    while (w->n < GROUP_MAX) {
        ds_job *job = take(w, 0);

        if (!job || job->lane != DS_LANE_EVENT)
            return job;
        w->group[w->n++] = job;
    }
    return NULL;
}

static ds_job *next_job(ds_writer *w)
{
    ds_job *job = take(w, 0);

    if (job)
        return job;
    tidy(w, DS_DB_IDLE);
    return take(w, -1);
}

static void *writer_main(void *arg)
{
    ds_writer *w = arg;
    ds_job *job;

    while ((job = next_job(w)) != NULL) {
        ds_job *page = job;

        if (job->lane == DS_LANE_EVENT) {
            page = gather_events(w, job);
            serve_group(w);
        }
        if (page) {
            w->group[w->n++] = page;
            serve_group(w);
        }
        tidy(w, DS_DB_COMMITTED);
    }
    tidy(w, DS_DB_CLOSING);
    return NULL;
}

static void free_writer(ds_writer *w)
{
    ds_queue_free(w->queue);
    free(w);
}

static ds_writer *new_writer(ds_db *db)
{
    ds_writer *w = ds_calloc(1, sizeof *w);

    w->db = db;
    db->silent = tell_silent;
    w->queue = ds_queue_new(2);
    w->fatal = leave_process;
    return w;
}

ds_writer *ds_writer_here(ds_db *db)
{
    ds_writer *w = new_writer(db);

    w->here = true;
    return w;
}

ds_writer *ds_writer_start(ds_db *db, ds_err *err)
{
    ds_writer *w = new_writer(db);

    if (ds_thread_start(&w->thread, writer_main, w, "that writes the store", err))
        return w;
    free_writer(w);
    return NULL;
}

void ds_writer_stop(ds_writer *w)
{
    if (!w)
        return;
    ds_queue_close(w->queue);
    if (w->here)
        tidy(w, DS_DB_CLOSING);
    else
        pthread_join(w->thread, NULL);
    free_writer(w);
}

static void serve_here(ds_writer *w, ds_job *job)
{
    assert(!w->working);
    w->working = true;
    w->group[w->n++] = job;
    serve_group(w);
    tidy(w, DS_DB_COMMITTED);
    w->working = false;
}

void ds_writer_submit(ds_writer *w, int lane, ds_job *job)
{
    job->lane = lane;
    if (w->here) {
        serve_here(w, job);
        return;
    }
    ds_queue_put(w->queue, lane, &job->message);
}

bool ds_writer_is_me(const ds_writer *w)
{
    return w->here ? w->working : pthread_equal(w->thread, pthread_self());
}

void ds_writer_on_fatal(ds_writer *w, void (*fatal)(void *to, const ds_err *err), void *to)
{
    w->fatal = fatal;
    w->fatal_to = to;
}
