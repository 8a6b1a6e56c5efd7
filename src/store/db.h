/* src/store/db.h
 *
 * One SQLite connection and its prepared statements.  A connection belongs to one thread at a time;
 * statements are prepared once and lent: DS_AUTO(ds_stmt) gives one back on every way out.
 */
#ifndef DS_STORE_DB_H
#define DS_STORE_DB_H

#include "base/ledger.h"
#include <assert.h>
#include <durable_sync/base.h>
#include <sqlite3.h>
#include <string.h>

typedef struct ds_db ds_db;
typedef struct sqlite3_stmt ds_stmt;

typedef enum ds_db_mode {
    DS_DB_WRITE,     /* the file must exist */
    DS_DB_READ,      /* beside a writer; needs the -shm file or the right to make it */
    DS_DB_IMMUTABLE, /* a directory in which nothing can be written: the file alone */
} ds_db_mode;

#define DS_DB_BUSY_MS 5000 /* how long another program may keep the file locked */

DS_MUST_USE ds_db *ds_db_open(const char *path, ds_db_mode mode, ds_err *err);
void ds_db_close(ds_db *db);
sqlite3 *ds_db_handle(ds_db *db);
const char *ds_db_path(const ds_db *db);

/* Sets *err from the connection's last error: what it means for the store, and the remedy. */
bool ds_db_fail(ds_db *db, ds_err *err);
/* The same for a row that no program of ours has written. */
bool ds_db_damaged(const ds_db *db, ds_err *err, const char *what);
/* The file cannot be trusted or written any more: going on would not help. */
bool ds_db_hopeless(ds_db *db);

DS_MUST_USE bool ds_db_exec(ds_db *db, const char *sql, ds_err *err);
/* The first column of the first row; *out is `other` where there is none. */
DS_MUST_USE bool ds_db_int(ds_db *db, const char *sql, int64_t other, int64_t *out, ds_err *err);

/* `sql` must be a literal or static: its address is what the statement is found by. */
DS_MUST_USE ds_stmt *ds_db_stmt(ds_db *db, const char *sql, ds_err *err);
/* *row false: no more rows. */
DS_MUST_USE bool ds_db_next(ds_db *db, ds_stmt *st, bool *row, ds_err *err);
/* Runs a statement that answers nothing and makes it ready for the next parameters. */
DS_MUST_USE bool ds_db_run(ds_db *db, ds_stmt *st, ds_err *err);
/* One view of the file for several reads, given back soon: a view that is held keeps the log from
 * being moved into the file. */
DS_MUST_USE bool ds_db_view(ds_db *db, ds_err *err);
void ds_db_view_end(ds_db *db);
/* Rows changed by the statement that ran last. */
int64_t ds_db_changes(ds_db *db);

static inline void ds_stmt_give_back(ds_stmt *st)
{
    if (!st)
        return;
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
}
DS_AUTO_DEFINE(ds_db, ds_db_close)
DS_AUTO_DEFINE(ds_stmt, ds_stmt_give_back)

/* Parameters. Text and bytes are borrowed until the statement is given back; binding can only fail
 * for a wrong number (our bug) or without memory. */
static inline void ds_bind_int(ds_stmt *st, int at, int64_t value)
{
    int rc = sqlite3_bind_int64(st, at, value);
    assert(rc == SQLITE_OK);
    (void)rc;
}

static inline void ds_bind_text(ds_stmt *st, int at, const char *text)
{
    int rc = text ? sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC) : sqlite3_bind_null(st, at);
    assert(rc == SQLITE_OK);
    (void)rc;
}

static inline void ds_bind_blob(ds_stmt *st, int at, const void *data, size_t n)
{
    int rc = data ? sqlite3_bind_blob64(st, at, data, n, SQLITE_STATIC) : sqlite3_bind_null(st, at);
    assert(rc == SQLITE_OK);
    (void)rc;
}

/* Columns. */
static inline int64_t ds_col_int(ds_stmt *st, int at)
{
    return sqlite3_column_int64(st, at);
}

static inline const char *ds_col_text(ds_stmt *st, int at, ds_arena *a)
{
    const char *text = (const char *)sqlite3_column_text(st, at);

    if (!text && sqlite3_column_type(st, at) != SQLITE_NULL)
        ds_out_of_memory((size_t)sqlite3_column_bytes(st, at)); /* it is not a NULL for that */
    return text ? ds_arena_strndup(a, text, (size_t)sqlite3_column_bytes(st, at)) : NULL;
}

/* A hash as 16 bytes, low half first, each little-endian. */
typedef struct ds_hash_bytes {
    uint8_t b[16];
} ds_hash_bytes;

static inline ds_hash_bytes ds_hash_pack(ds_hash hash)
{
    ds_hash_bytes out;

    for (unsigned i = 0; i < 8; i++) {
        out.b[i] = (uint8_t)(hash.low >> (8 * i));
        out.b[8 + i] = (uint8_t)(hash.high >> (8 * i));
    }
    return out;
}

static inline ds_hash ds_col_hash(ds_stmt *st, int at)
{
    const uint8_t *bytes = sqlite3_column_blob(st, at);
    ds_hash hash = {0, 0};

    if (!bytes || sqlite3_column_bytes(st, at) != 16)
        return hash; /* void: the record will be compared with the destination's */
    for (unsigned i = 0; i < 8; i++) {
        hash.low |= (uint64_t)bytes[i] << (8 * i);
        hash.high |= (uint64_t)bytes[8 + i] << (8 * i);
    }
    return hash;
}

#endif
