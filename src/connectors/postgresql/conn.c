/* src/connectors/postgresql/conn.c - statements, and rows one at a time. */
#include "connectors/postgresql/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- statements ------------------------------------------------------------------------------ */

static bool send_all(ds_pg *db, const ds_pg_statement *statements, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const ds_pg_statement *s = &statements[i];

        if (!PQsendQueryParams(db->handle, s->sql, s->n, s->types, s->values, s->lengths,
                               s->formats, 0))
            return false;
    }
    return PQpipelineSync(db->handle) != 0;
}

static bool is_answer(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);

    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
}

/* The answers up to the sync point. *failed: one of the statements was refused. */
static bool receive(ds_pg *db, PGresult **results, size_t n, bool *failed, ds_pg_patience *p)
{
    size_t at = 0;

    while (ds_pg_pump(db, p)) {
        PGresult *res = PQgetResult(db->handle);
        ExecStatusType status = PQresultStatus(res);

        if (res && status == PGRES_FATAL_ERROR && !*failed) { /* NULL parts the statements */
            ds_pg_note_error(db, res);
            *failed = true;
        }
        if (res && is_answer(res) && at < n)
            results[at++] = DS_TAKE(&res);
        PQclear(res);
        if (status == PGRES_PIPELINE_SYNC)
            return true;
        if (PQstatus(db->handle) == CONNECTION_BAD)
            return false;
    }
    return false;
}

static void clear_all(PGresult **results, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
}

/* Those before the one that was refused have an answer. */
static const char *refused_one(const ds_pg_statement *statements, PGresult *const *results,
                               size_t n)
{
    size_t at = 0;

    while (at + 1 < n && results[at])
        at++;
    return statements[at].what ? statements[at].what : statements[at].sql;
}

enum { RUN_MOST = 16 };

bool ds_pg_run(ds_pg *db, const ds_pg_statement *statements, size_t n, PGresult **results,
               ds_err *err)
{
    PGresult *own[RUN_MOST] = {NULL}, **out = results ? results : own;
    ds_pg_patience p = ds_pg_patience_of(db);
    const char *refused;
    bool failed = false, ok;

    if (n > RUN_MOST)
        return ds_fail(err, DS_ERR_PERMANENT, "%zu statements at once", n);
    memset(out, 0, n * sizeof(PGresult *));
    *db->notices = '\0';
    db->said = (ds_pg_said){0};
    if (!db->handle)
        return ds_pg_fail_lost(db, true, err);
    ok = send_all(db, statements, n) && receive(db, out, n, &failed, &p);
    refused = refused_one(statements, out, n);
    if (!results || !ok || failed)
        clear_all(out, n);
    if (!ok)
        return ds_pg_fail_lost(db, failed || !db->handle, err);
    return !failed || ds_pg_fail_run(db, refused, err);
}

PGresult *ds_pg_query(ds_pg *db, const char *sql, int n, const char *const *values, ds_err *err)
{
    const ds_pg_statement one = {.sql = sql, .n = n, .values = values};
    PGresult *res;

    return ds_pg_run(db, &one, 1, &res, err) ? res : NULL;
}

bool ds_pg_exec(ds_pg *db, const char *sql, ds_err *err)
{
    PGresult *res = ds_pg_query(db, sql, 0, NULL, err);

    PQclear(res);
    return res != NULL;
}

/* ---- rows one at a time ---------------------------------------------------------------------- */

bool ds_pg_rows_begin(ds_pg *db, const ds_pg_statement *statement, ds_err *err)
{
    *db->notices = '\0';
    db->said = (ds_pg_said){0};
    if (!db->handle)
        return ds_pg_fail_lost(db, true, err);
    if (send_all(db, statement, 1) && PQsetSingleRowMode(db->handle))
        return true;
    return ds_pg_fail_lost(db, false, err);
}

/* All that is left of a statement that was refused, so that others can be run. */
static bool fail_rows(ds_pg *db, const PGresult *refusal, ds_pg_patience *p, ds_err *err)
{
    PGresult *none;
    bool failed = true;

    ds_pg_note_error(db, refusal);
    if (!receive(db, &none, 0, &failed, p))
        return ds_pg_fail_lost(db, true, err);
    return ds_pg_fail_run(db, "read", err);
}

bool ds_pg_rows_next(ds_pg *db, PGresult **row, ds_err *err)
{
    ds_pg_patience p = ds_pg_patience_of(db);

    *row = NULL;
    if (!db->handle)
        return ds_pg_fail_lost(db, true, err);
    while (ds_pg_pump(db, &p)) {
        DS_AUTO(PGresult) res = PQgetResult(db->handle);
        ExecStatusType status = PQresultStatus(res);

        if (status == PGRES_SINGLE_TUPLE) {
            *row = DS_TAKE(&res);
            return true;
        }
        if (res && status == PGRES_PIPELINE_SYNC)
            return true;
        if (res && status == PGRES_FATAL_ERROR)
            return fail_rows(db, res, &p, err);
        if (PQstatus(db->handle) == CONNECTION_BAD)
            break;
    }
    return ds_pg_fail_lost(db, !db->handle, err);
}
