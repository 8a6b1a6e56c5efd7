/* src/connectors/sqlite/db.h
 *
 * One connection to a database that belongs to somebody else: opened with care, waiting for locks
 * in steps so that a pass can be stopped, and with every refusal of SQLite turned into an error
 * that says what to do.
 */
#ifndef DS_CONNECTORS_SQLITE_DB_H
#define DS_CONNECTORS_SQLITE_DB_H

#include "connectors/sql/sql.h"
#include <durable_sync/activity.h>
#include <durable_sync/base.h>
#include <sqlite3.h>

typedef struct ds_sqlite {
    sqlite3 *handle;
    const char *path;
    ds_activity *act; /* of the call under way: asked whether to stop while a lock is awaited */
    int64_t waited;   /* steps of the wait under way */
} ds_sqlite;

typedef enum ds_sqlite_mode {
    DS_SQLITE_READ,
    DS_SQLITE_WRITE,
    DS_SQLITE_CREATE, /* WRITE; a file that is not there is made */
} ds_sqlite_mode;

/* CONFIG where there is no such file (or directory, for CREATE), TRANSIENT where it stays locked.
 */
DS_MUST_USE bool ds_sqlite_open(ds_sqlite *db, const char *path, ds_sqlite_mode mode,
                                ds_activity *act, ds_err *err);
/* *absent: the file is yet to be made. CONFIG where its directory is not there either. */
DS_MUST_USE bool ds_sqlite_absent(const char *path, bool *absent, ds_err *err);
bool ds_sqlite_may_make(const char *path); /* the folder can be written by this user */
void ds_sqlite_close(ds_sqlite *db);       /* what is not committed is rolled back */

/* Long reads end soon after the pass was told to stop. Never while a transaction writes: an
 * interrupted statement would take the whole of it with it. */
void ds_sqlite_interruptible(ds_sqlite *db);

/* What the last call on the connection said, with the reaction it asks for: "PATH: DOING: ...". */
DS_PRINTF(3, 4) bool ds_sqlite_fail(ds_sqlite *db, ds_err *err, const char *doing, ...);

/* NULL with *err set. `sql` is remembered by SQLite, not by us. */
DS_MUST_USE sqlite3_stmt *ds_sqlite_prepare(ds_sqlite *db, const char *sql, ds_err *err);
DS_MUST_USE bool ds_sqlite_exec(ds_sqlite *db, const char *sql, ds_err *err);
/* The first column of the first row; `other` where there is none. */
DS_MUST_USE bool ds_sqlite_number(ds_sqlite *db, const char *sql, int64_t other, int64_t *out,
                                  ds_err *err);

#define DS_SQLITE_SQL_MAX (4 * DS_MIB)

static inline void ds_sqlite_finalize(sqlite3_stmt *st)
{
    sqlite3_finalize(st);
}
DS_AUTO_DEFINE(sqlite3_stmt, ds_sqlite_finalize)

#endif
