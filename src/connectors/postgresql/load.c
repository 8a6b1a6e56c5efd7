/* src/connectors/postgresql/load.c - COPY: many rows to the server, while it works on them. */
#include "connectors/postgresql/wire.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* It is the one thing that cannot be done in pipeline mode. */
bool ds_pg_copy_open(ds_pg *db, const char *sql, ds_err *err)
{
    DS_AUTO_BUF(all, DS_PG_SQL_MAX);

    *db->notices = '\0';
    db->said = (ds_pg_said){0};
    db->copy = DS_PG_COPY_ASKED;
    db->copied = 0;
    if (!db->handle)
        return ds_pg_fail_lost(db, true, err);
    ds_buf_printf(&all, "SAVEPOINT ds; %s; RELEASE SAVEPOINT ds", sql);
    if (!ds_buf_ok(&all, "a COPY", err))
        return false;
    if (PQexitPipelineMode(db->handle) && PQsendQuery(db->handle, all.data) &&
        PQflush(db->handle) >= 0)
        return true;
    return ds_pg_fail_lost(db, false, err);
}

/* Answers, up to the one that asks for data or to the end of them. */
static void take_answers(ds_pg *db, ds_pg_patience *p)
{
    while (ds_pg_pump(db, p)) {
        DS_AUTO(PGresult) res = PQgetResult(db->handle);
        ExecStatusType status = PQresultStatus(res);

        if (!res) {
            db->copy = DS_PG_COPY_OVER;
            return;
        }
        if (status == PGRES_COPY_IN) {
            db->copy = DS_PG_COPY_ON;
            return;
        }
        if (status == PGRES_FATAL_ERROR && !*db->said.words)
            ds_pg_note_error(db, res);
        if (strncmp(PQcmdStatus(res), "COPY ", 5) == 0)
            db->copied = strtoll(PQcmdTuples(res), NULL, 10);
        if (PQstatus(db->handle) == CONNECTION_BAD)
            break;
    }
    db->copy = DS_PG_COPY_LOST;
}

/* Waits for room in what goes out, and no longer. */
static bool make_room(ds_pg *db, ds_pg_patience *p)
{
    int unsent;

    while ((unsent = PQflush(db->handle)) > 0) {
        if (!ds_pg_await(db, POLLIN | POLLOUT, p) || !PQconsumeInput(db->handle))
            return false;
    }
    return unsent == 0;
}

void ds_pg_copy_put(ds_pg *db, const ds_buf *data)
{
    ds_pg_patience p = ds_pg_patience_of(db);

    if (db->copy == DS_PG_COPY_ASKED)
        take_answers(db, &p);
    if (db->copy != DS_PG_COPY_ON || data->overflow || !data->n)
        return;
    if (PQputCopyData(db->handle, data->data, (int)data->n) <= 0 || !make_room(db, &p))
        db->copy = DS_PG_COPY_LOST;
}

bool ds_pg_copy_close(ds_pg *db, const char *why, int64_t *rows, ds_err *err)
{
    ds_pg_patience p = ds_pg_patience_of(db);

    if (db->copy == DS_PG_COPY_ASKED)
        take_answers(db, &p);
    if (db->copy == DS_PG_COPY_ON) {
        if (PQputCopyEnd(db->handle, why) > 0)
            take_answers(db, &p);
        else
            db->copy = DS_PG_COPY_LOST;
    }
    *rows = db->copied;
    if (db->copy != DS_PG_COPY_OVER || !PQenterPipelineMode(db->handle))
        return ds_pg_fail_lost(db, *db->said.words || !db->handle, err);
    if (why) /* for the server it was cancelled; it was too much for it */
        memcpy(db->said.code, "54000", sizeof(db->said.code));
    return !*db->said.words || ds_pg_fail_run(db, "COPY", err);
}
