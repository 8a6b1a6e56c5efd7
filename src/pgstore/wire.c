/* src/pgstore/wire.c - statements out, answers in, with a limit on how long nothing may come. */
#include "pgstore/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#define SILENCE_MS 120000 /* a commit on a slow disk may take long; longer than this it is lost */
#define HURRIED_MS 3000   /* of silence, for whoever is to end */
#define HURRY_TIMES 10    /* so much faster goes all other patience */

static bool is_in_a_hurry(const ds_pgs *db)
{
    return atomic_load(&db->base.hurry) || (db->hurry && atomic_load(db->hurry));
}

/* Waits until the socket can be used. *patience_ms is used up by waiting alone. */
bool ds_pgs_wait(ds_pgs *db, short events, int *patience_ms)
{
    struct pollfd fd = {.fd = PQsocket(db->handle), .events = events};

    while (*patience_ms > 0) {
        int n = poll(&fd, 1, DS_PGS_SLICE_MS);

        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
        if (is_in_a_hurry(db))
            *patience_ms = DS_MIN(*patience_ms, HURRY_TIMES * HURRIED_MS) -
                           (HURRY_TIMES - 1) * DS_PGS_SLICE_MS;
        *patience_ms -= DS_PGS_SLICE_MS;
        if (*patience_ms == SILENCE_MS - DS_DB_SILENT_MS && db->base.silent)
            db->base.silent(&db->base);
    }
    return false;
}

bool ds_pgs_fail_lost(ds_pgs *db, ds_err *err)
{
    if (!db->refused) /* what the server said before it left says more */
        ds_pgs_note_lost(db);
    ds_pgs_lose(db);
    return ds_pgs_fail(&db->base, err);
}

/* ---- out ------------------------------------------------------------------------------------- */

bool ds_pgs_expect(ds_pgs *db, ds_pgs_due due, ds_err *err)
{
    db->due[db->due_n++] = due;
    return db->due_n < DS_PGS_PENDING_MAX || ds_pgs_settle(&db->base, err);
}

bool ds_pgs_send(ds_pgs *db, const char *sql, int n, const char *const *values, ds_pgs_due due,
                 ds_err *err)
{
    if (!ds_pgs_batch_send(db, err))
        return false;
    if (!db->handle || !PQsendQueryParams(db->handle, sql, n, NULL, values, NULL, NULL, 0))
        return ds_pgs_fail_lost(db, err);
    return ds_pgs_expect(db, due, err);
}

/* ---- in -------------------------------------------------------------------------------------- */

static bool flush(ds_pgs *db, int *patience_ms)
{
    int left;

    while ((left = PQflush(db->handle)) > 0) {
        /* The server may be waiting for us to take its answers before it reads on. */
        if (!ds_pgs_wait(db, POLLIN | POLLOUT, patience_ms) || !PQconsumeInput(db->handle))
            return false;
    }
    return left == 0;
}

static bool have_answer(ds_pgs *db, int *patience_ms)
{
    while (PQisBusy(db->handle)) {
        if (!ds_pgs_wait(db, POLLIN, patience_ms) || !PQconsumeInput(db->handle))
            return false;
    }
    return true;
}

static void take(ds_pgs *db, size_t at, PGresult **res)
{
    ExecStatusType status = PQresultStatus(*res);
    const ds_pgs_due *due = &db->due[at];

    if (status == PGRES_FATAL_ERROR && !db->refused) {
        ds_pgs_note(db, *res);
        db->refused = true;
    }
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        if (due->prepares) /* refused, or not even read behind a refusal */
            due->prepares->session = 0;
        return;
    }
    if (due->changes)
        *due->changes = atoll(PQcmdTuples(*res));
    if (due->rows)
        due->rows->res = DS_TAKE(res);
    else if (due->res)
        *due->res = DS_TAKE(res);
}

/* One answer each, NULL between them, and the sync point behind all. */
static bool receive(ds_pgs *db)
{
    int patience_ms = SILENCE_MS;
    size_t at = 0;

    if (!flush(db, &patience_ms))
        return false;
    while (have_answer(db, &patience_ms)) {
        PGresult *res = PQgetResult(db->handle);
        bool over = PQresultStatus(res) == PGRES_PIPELINE_SYNC;

        patience_ms = SILENCE_MS;
        if (res && !over && at < db->due_n)
            take(db, at++, &res);
        PQclear(res);
        if (over)
            return true;
        if (PQstatus(db->handle) == CONNECTION_BAD)
            return false;
    }
    return false;
}

bool ds_pgs_settle(ds_db *base, ds_err *err)
{
    ds_pgs *db = (ds_pgs *)base;

    if (!ds_pgs_batch_send(db, err))
        return false;
    if (!db->handle)
        return ds_pgs_fail_lost(db, err);
    if (db->due_n == 0)
        return true;
    db->refused = false;
    if (!PQpipelineSync(db->handle) || !receive(db))
        return ds_pgs_fail_lost(db, err);
    db->due_n = 0;
    if (!db->refused)
        return true;
    if (ds_pgs_passes(db->code)) /* from the start, over a connection that has no past */
        ds_pgs_lose(db);
    return ds_pgs_fail(base, err);
}

bool ds_pgs_ask(ds_pgs *db, const char *sql, int n, const char *const *values, PGresult **res,
                ds_err *err)
{
    return ds_pgs_send(db, sql, n, values, (ds_pgs_due){.res = res}, err) &&
           ds_pgs_settle(&db->base, err);
}
