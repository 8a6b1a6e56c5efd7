/* src/store/db.h
 *
 * One connection to the database that holds the store, and its prepared statements.  A connection
 * belongs to one thread at a time; statements are prepared once and lent: DS_AUTO(ds_stmt) gives
 * one back on every way out.
 *
 * What is behind it is a table of functions: sqlite.c is one, and another is a shared object that
 * is loaded when a store asks for it.  The SQL is written once, in what both understand: ?1 or ?
 * for parameters, RETURNING, ON CONFLICT.  A SELECT may end in DS_SQL_FOR_UPDATE.
 */
#ifndef DS_STORE_DB_H
#define DS_STORE_DB_H

#include "base/ledger.h"
#include <assert.h>
#include <durable_sync/base.h>
#include <stdatomic.h>
#include <string.h>

typedef struct ds_db ds_db;
typedef struct ds_stmt ds_stmt;

typedef enum ds_db_mode {
    DS_DB_WRITE,     /* there is something to write into */
    DS_DB_READ,      /* beside a writer; SQLite needs the -shm file or the right to make it */
    DS_DB_IMMUTABLE, /* a directory in which nothing can be written: the file alone */
} ds_db_mode;

typedef enum ds_db_fate {                /* what an error means for the transaction it came in */
                          DS_DB_GOES_ON, /* rolled back to a savepoint, it can be used */
                          DS_DB_AWAY, /* the server is gone, and with it all that was not committed
                                       */
                          DS_DB_TRANSACTION_OVER, /* it is rolled back */
                          DS_DB_HOPELESS, /* the database cannot be trusted or written: going on
                                             does not help */
} ds_db_fate;

typedef enum ds_db_moment { DS_DB_COMMITTED, DS_DB_IDLE, DS_DB_CLOSING } ds_db_moment;

/* The rows that a statement reads stay as they are until the transaction ends: others wait. */
#define DS_SQL_FOR_UPDATE " FOR UPDATE"

typedef struct ds_db_ops {
    void (*close)(ds_db *db);
    DS_MUST_USE bool (*exec)(ds_db *db, const char *sql, ds_err *err);

    /* Never NULL without *err. `sql` outlives the statement. */
    ds_stmt *(*prepare)(ds_db *db, const char *sql, ds_err *err);
    void (*finalize)(ds_db *db, ds_stmt *st);
    bool (*is_lent)(ds_stmt *st); /* a row of it is being looked at; NULL: cannot be told */
    bool (*next)(ds_db *db, ds_stmt *st, bool *row, ds_err *err);
    bool (*run)(ds_db *db, ds_stmt *st, int64_t *changes, ds_err *err);
    bool (*settle)(ds_db *db, ds_err *err);
    void (*reset)(ds_stmt *st);
    void (*bind_int)(ds_stmt *st, int at, int64_t value);
    void (*bind_text)(ds_stmt *st, int at, const char *text);
    void (*bind_blob)(ds_stmt *st, int at, const void *data, size_t n);
    int64_t (*col_int)(ds_stmt *st, int at);
    const char *(*col_text)(ds_stmt *st, int at, size_t *n);
    const void *(*col_blob)(ds_stmt *st, int at, size_t *n);
    bool (*col_null)(ds_stmt *st, int at);

    bool (*begin)(ds_db *db, ds_err *err);
    bool (*commit)(ds_db *db, ds_err *err);
    /* Between transactions: whether commits from now on wait until they are durable, and all before
     * them with them. NULL: they always do. */
    bool (*soften)(ds_db *db, bool soft, ds_err *err);
    void (*rollback)(ds_db *db);
    bool (*view)(ds_db *db, ds_err *err);
    void (*view_end)(ds_db *db);

    bool (*damaged)(const ds_db *db, ds_err *err, const char *what);
    ds_db_fate (*fate)(ds_db *db);
    /* Inside a transaction: what is written is still what others will open. NULL: always. */
    bool (*in_place)(ds_db *db, ds_err *err);
    /* Housekeeping. false: the writer cannot go on. NULL: none. */
    bool (*tidy)(ds_db *db, ds_db_moment moment, ds_err *err);
    /* Waits for a server that is away. *committed: the last commit, which was not answered, is
     * durable. false: it gave up (TRANSIENT, ds_db_hurry), or the store is somebody else's now. */
    bool (*come_back)(ds_db *db, bool *committed, ds_err *err);
    void (*give_up)(ds_db *db); /* closing writes nothing more; NULL: it never does */
    void (*rest)(ds_db *db);    /* memory that only makes things faster; NULL: none */

    /* Rows with numbers of the caller's were added to a table that numbers its rows: the next are
     * numbered behind them. NULL: they are anyway. */
    bool (*ids_taken)(ds_db *db, const char *table, ds_err *err);
    /* The time by the server's clock, inside a transaction. NULL: it has none. */
    bool (*now)(ds_db *db, int64_t *ms, ds_err *err);

    /* The format and who wrote it (schema.h). */
    bool (*marks)(ds_db *db, int64_t *application, int64_t *version, int64_t *tables, ds_err *err);
    bool (*stamp)(ds_db *db, int64_t application, int64_t version, ds_err *err);
    bool (*quick_check)(ds_db *db, ds_arena *a, const char **finding, ds_err *err);
} ds_db_ops;

enum { DS_DB_STATEMENTS_MAX = 128, DS_DB_SILENT_MS = 20000 };

struct ds_db { /* first member of every implementation */
    const ds_db_ops *ops;
    const char *place;   /* as messages name it: a path, or where a server is, without a password */
    atomic_bool hurry;   /* give up soon where the server is away */
    atomic_bool is_away; /* somebody waits for the server */
    /* Called, from inside whatever is waited for, once nothing has come for DS_DB_SILENT_MS. NULL:
     * nobody wants to know. */
    void (*silent)(ds_db *db);
    struct {
        const char *sql; /* the literal itself: compared by address */
        ds_stmt *st;
    } statements[DS_DB_STATEMENTS_MAX];
};

/* SQLite (sqlite.c). */
DS_MUST_USE ds_db *ds_db_open(const char *path, ds_db_mode mode, ds_err *err);
void ds_db_close(ds_db *db);
const char *ds_db_path(const ds_db *db); /* where it is, for messages */

/* Sets *err: what a row that no program of ours has written means for the store, and the remedy. */
bool ds_db_damaged(const ds_db *db, ds_err *err, const char *what);

DS_MUST_USE bool ds_db_exec(ds_db *db, const char *sql, ds_err *err);
/* The first column of the first row; *out is `other` where there is none. */
DS_MUST_USE bool ds_db_int(ds_db *db, const char *sql, int64_t other, int64_t *out, ds_err *err);

/* `sql` must be a literal or static: its address is what the statement is found by. */
DS_MUST_USE ds_stmt *ds_db_stmt(ds_db *db, const char *sql, ds_err *err);
/* *row false: no more rows. */
DS_MUST_USE bool ds_db_next(ds_db *db, ds_stmt *st, bool *row, ds_err *err);
/* Runs a statement that answers nothing and makes it ready for the next parameters. A server may
 * get it together with those behind it: then an error of it is told by one of these. */
DS_MUST_USE bool ds_db_run(ds_db *db, ds_stmt *st, ds_err *err);
/* The same, and *changes, which must stay where it is, tells the rows changed after ds_db_settle.
 */
DS_MUST_USE bool ds_db_run_counted(ds_db *db, ds_stmt *st, int64_t *changes, ds_err *err);
DS_MUST_USE bool ds_db_settle(ds_db *db, ds_err *err);
/* One row changed or more, told at once. */
DS_MUST_USE bool ds_db_run_met(ds_db *db, ds_stmt *st, bool *met, ds_err *err);
/* One view of the database for several reads, given back soon: a view that is held keeps SQLite's
 * log from being moved into the file. */
DS_MUST_USE bool ds_db_view(ds_db *db, ds_err *err);
void ds_db_view_end(ds_db *db);

static inline void ds_stmt_give_back(ds_stmt *st);
DS_AUTO_DEFINE(ds_db, ds_db_close)
DS_AUTO_DEFINE(ds_stmt, ds_stmt_give_back)

struct ds_stmt { /* first member of every implementation */
    const ds_db_ops *ops;
};

static inline void ds_stmt_give_back(ds_stmt *st)
{
    if (st)
        st->ops->reset(st);
}

/* Parameters. Text and bytes are borrowed until the statement is given back; NULL is null. */
static inline void ds_bind_int(ds_stmt *st, int at, int64_t value)
{
    st->ops->bind_int(st, at, value);
}

static inline void ds_bind_text(ds_stmt *st, int at, const char *text)
{
    st->ops->bind_text(st, at, text);
}

static inline void ds_bind_blob(ds_stmt *st, int at, const void *data, size_t n)
{
    st->ops->bind_blob(st, at, data, n);
}

/* Columns. A truth is 0 or 1, null is 0. */
static inline int64_t ds_col_int(ds_stmt *st, int at)
{
    return st->ops->col_int(st, at);
}

static inline bool ds_col_null(ds_stmt *st, int at)
{
    return st->ops->col_null(st, at);
}

/* Until the next row; ended by NUL. NULL: null. */
static inline const char *ds_col_peek(ds_stmt *st, int at, size_t *n)
{
    return st->ops->col_text(st, at, n);
}

static inline const char *ds_col_text(ds_stmt *st, int at, ds_arena *a)
{
    size_t n;
    const char *text = ds_col_peek(st, at, &n);

    return text ? ds_arena_strndup(a, text, n) : NULL;
}

/* *n bytes in `a`; NULL: null, or none. */
static inline const void *ds_col_blob(ds_stmt *st, int at, ds_arena *a, size_t *n)
{
    const void *data = st->ops->col_blob(st, at, n);

    return data ? memcpy(ds_arena_alloc(a, *n), data, *n) : NULL;
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
    size_t n;
    const uint8_t *bytes = st->ops->col_blob(st, at, &n);
    ds_hash hash = {0, 0};

    if (!bytes || n != 16)
        return hash; /* void: the record will be compared with the destination's */
    for (unsigned i = 0; i < 8; i++) {
        hash.low |= (uint64_t)bytes[i] << (8 * i);
        hash.high |= (uint64_t)bytes[8 + i] << (8 * i);
    }
    return hash;
}

#endif
