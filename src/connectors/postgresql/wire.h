/* src/connectors/postgresql/wire.h
 *
 * The inside of a connection, shared by its files: waiting for the other end, and what it said.
 */
#ifndef DS_CONNECTORS_POSTGRESQL_WIRE_H
#define DS_CONNECTORS_POSTGRESQL_WIRE_H

#include "connectors/postgresql/conn.h"

/* While waiting we look up this often: whether to stop, and how long nothing has come. */
enum {
    DS_PG_SLICE_MS = 100,
    DS_PG_CONNECT_SLICES = 100,
    DS_PG_STOP_SLICES = 10,
    DS_PG_CANCEL_SLICES = 30,
};

typedef struct ds_pg_patience { /* in slices in which nothing came */
    int64_t silent, most;       /* most 0: no limit */
    int64_t stopped;            /* since we were asked to stop */
} ds_pg_patience;

/* open.c */
DS_MUST_USE bool ds_pg_reach(ds_pg *db, const char *application, ds_err *err); /* no set-up */
/* Ends what the server is at, by a connection of its own: a cancel request of libpq would wait for
 * a server that says nothing for as long as it takes. */
void ds_pg_cancel(ds_pg *db);

/* wire.c */
bool ds_pg_stopping(const ds_pg *db);
bool ds_pg_wait_slice(const PGconn *handle, short events); /* false: nothing came in it */
ds_pg_patience ds_pg_patience_of(const ds_pg *db);
/* Until something can be read, or sent. false: the connection was given up. */
DS_MUST_USE bool ds_pg_await(ds_pg *db, short events, ds_pg_patience *p);
/* Sends what is left while reading what comes: both ends may be full of the other's words. */
DS_MUST_USE bool ds_pg_pump(ds_pg *db, ds_pg_patience *p);
bool ds_pg_lose(ds_pg *db); /* false, always */

/* To a line of DS_PG_WORDS_MAX bytes: blanks and line breaks become one blank. */
void ds_pg_add_words(char *words, const char *before, const char *text);
void ds_pg_note_error(ds_pg *db, const PGresult *res);
/* The connection is gone; what the server said last is why (`told`), else what libpq knows. */
bool ds_pg_fail_lost(ds_pg *db, bool told, ds_err *err);
/* A statement was refused. */
bool ds_pg_fail_run(ds_pg *db, const char *sql, ds_err *err);

#endif
