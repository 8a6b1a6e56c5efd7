/* src/connectors/postgresql/conn.h
 *
 * One connection: opened and waited on with a limit and so that a stop is heard, with every refusal
 * turned into an error that says what to do.
 *
 * All statements go out in pipeline mode: several travel together and cost one round trip.  Where
 * one of them fails, those behind it are not run; inside a transaction ROLLBACK TO makes it usable
 * again.
 */
#ifndef DS_CONNECTORS_POSTGRESQL_CONN_H
#define DS_CONNECTORS_POSTGRESQL_CONN_H

#include "connectors/postgresql/settings.h"
#include "connectors/sql/sql.h"
#include <durable_sync/activity.h>
#include <durable_sync/base.h>
#include <libpq-fe.h>

#define DS_PG_SQL_MAX (4 * DS_MIB)
#define DS_PG_WORDS_MAX 512

/* Operators of the server's own. A bare one, as a function without a schema, may be somebody
 * else's: one whose types fit better wins, wherever it stands in the search path. */
#define DS_PG_EQ "OPERATOR(pg_catalog.=)"
#define DS_PG_NE "OPERATOR(pg_catalog.<>)"
#define DS_PG_GT "OPERATOR(pg_catalog.>)"
#define DS_PG_GE "OPERATOR(pg_catalog.>=)"
#define DS_PG_TIMES "OPERATOR(pg_catalog.*)"
#define DS_PG_PLUS "OPERATOR(pg_catalog.+)"
#define DS_PG_BITS "OPERATOR(pg_catalog.&)"

typedef struct ds_pg_said {      /* by the server, about the last statement that failed */
    char code[6];                /* SQLSTATE; "": it was not the server that refused */
    char words[DS_PG_WORDS_MAX]; /* one line: message, code, detail, notices */
} ds_pg_said;

typedef struct ds_pg {
    PGconn *handle;   /* NULL: closed, or lost */
    const char *at;   /* "host:port/database": for messages, never with a password */
    ds_activity *act; /* of the call under way: asked whether to stop */
    const ds_pg_settings *settings;
    ds_pg_said said;
    char notices[DS_PG_WORDS_MAX]; /* what came beside the answers of the last run; "": nothing */
    enum { DS_PG_COPY_OVER, DS_PG_COPY_ASKED, DS_PG_COPY_ON, DS_PG_COPY_LOST } copy;
    int64_t copied;   /* rows of the last COPY */
    int64_t hurry_ms; /* 0, or how long nothing may come, whatever the settings say */
    int pid;          /* of the server's process; 0: not known yet */
} ds_pg;

/* `at` is made in `a`. AUTH where the login is refused, CONFIG where there is no such database,
 * TRANSIENT where nobody answers. The session speaks UTF-8, ISO dates, UTC. */
DS_MUST_USE bool ds_pg_open(ds_pg *db, const ds_pg_settings *settings, const char *route,
                            ds_activity *act, ds_arena *a, ds_err *err);
void ds_pg_close(ds_pg *db); /* what is not committed is rolled back; closed is fine */

typedef struct ds_pg_statement {
    const char *sql;
    const char *what;          /* as errors call it; NULL: by its first words */
    int n;                     /* parameters */
    const char *const *values; /* [n] text, NULL is null; or binary where formats[i] is 1 */
    const int *lengths;        /* [n] of binary ones; NULL: all are text */
    const int *formats;
    const Oid *types; /* NULL, or 0: as the server infers */
} ds_pg_statement;

/* Sends n statements together and waits for all answers. `results` (NULL, or [n]) gets them, to be
 * freed with PQclear; on failure none is left. false: *err says why, db->said what the server said.
 * A connection that is lost is closed: db->handle is NULL. */
DS_MUST_USE bool ds_pg_run(ds_pg *db, const ds_pg_statement *statements, size_t n,
                           PGresult **results, ds_err *err);
/* One statement; NULL with *err. The parameters are text. */
DS_MUST_USE PGresult *ds_pg_query(ds_pg *db, const char *sql, int n, const char *const *values,
                                  ds_err *err);
DS_MUST_USE bool ds_pg_exec(ds_pg *db, const char *sql, ds_err *err);

/* COPY ... FROM STDIN (`sql`) in the savepoint `ds`, inside a transaction: open, put as often as
 * one likes, close. What goes wrong on the way is told at the end, where *rows is how many were
 * made. `why` gives it up (54000). Refused, it is for the caller to roll back to the savepoint. */
DS_MUST_USE bool ds_pg_copy_open(ds_pg *db, const char *sql, ds_err *err);
void ds_pg_copy_put(ds_pg *db, const ds_buf *data);
DS_MUST_USE bool ds_pg_copy_close(ds_pg *db, const char *why, int64_t *rows, ds_err *err);

/* The rows of one statement, one at a time in constant memory: the server waits while nobody takes
 * them. *row NULL: there are no more, and other statements can be run again. Whoever leaves before
 * that has to close the connection. */
DS_MUST_USE bool ds_pg_rows_begin(ds_pg *db, const ds_pg_statement *statement, ds_err *err);
DS_MUST_USE bool ds_pg_rows_next(ds_pg *db, PGresult **row, ds_err *err);

/* "AT: DOING: what the server said", with the reaction it asks for; for the last failed run. */
DS_PRINTF(3, 4) bool ds_pg_fail(ds_pg *db, ds_err *err, const char *doing, ...);
/* The reaction to a SQLSTATE; PERMANENT for those that are about the statement or its values. */
ds_err_kind ds_pg_kind_of_error(const char *code, const char **remedy);

DS_AUTO_DEFINE(PGresult, PQclear)

#endif
