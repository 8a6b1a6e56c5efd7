/* src/store/db.c
 *
 * Opens SQLite the way the store needs it, keeps prepared statements, and turns SQLite's result
 * codes into the errors a person can act on.
 */
#include "store/db.h"

#include <errno.h>
#include <stdlib.h>

enum { STATEMENTS_MAX = 128 };

struct ds_db {
    sqlite3 *handle;
    char *path;
    struct {
        const char *sql; /* the literal itself: compared by address */
        ds_stmt *st;
    } statements[STATEMENTS_MAX];
};

sqlite3 *ds_db_handle(ds_db *db)
{
    return db->handle;
}

const char *ds_db_path(const ds_db *db)
{
    return db->path;
}

int64_t ds_db_changes(ds_db *db)
{
    return sqlite3_changes64(db->handle);
}

/* ---- errors ---------------------------------------------------------------------------------- */

bool ds_db_damaged(const ds_db *db, ds_err *err, const char *what)
{
    return ds_fail(
        err, DS_ERR_CONFIG,
        "store %s is damaged or no store (%s); move it away (mv '%s' '%s.damaged') and "
        "start again: rows that are at the destination already are found and linked again",
        db->path, what, db->path, db->path);
}

static const char *io_step(int extended)
{
    switch (extended) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
        return "reading";
    case SQLITE_IOERR_WRITE:
        return "writing";
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
        return "syncing";
    case SQLITE_IOERR_TRUNCATE:
        return "changing its length";
    default:
        return "input or output";
    }
}

static bool fail_io(const ds_db *db, ds_err *err)
{
    int number = sqlite3_system_errno(db->handle); /* 0 where SQLite did not note it */

    return ds_fail(
        err, DS_ERR_TRANSIENT,
        "store %s: %s failed%s%s; check the disk and its limits and start again: it holds "
        "all that was committed before",
        db->path, io_step(sqlite3_extended_errcode(db->handle)), number ? ": " : "",
        number ? strerror(number) : "");
}

bool ds_db_fail(ds_db *db, ds_err *err)
{
    switch (sqlite3_errcode(db->handle) & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return ds_db_damaged(db, err, sqlite3_errmsg(db->handle));
    case SQLITE_FULL:
        return ds_fail(err, DS_ERR_TRANSIENT,
                       "store %s: the disk is full; free some space and start again: it holds all "
                       "that was committed before",
                       db->path);
    case SQLITE_IOERR:
        return fail_io(db, err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ds_fail(err, DS_ERR_TRANSIENT,
                       "store %s is locked by another program; close what has it open", db->path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
        return ds_fail(err, DS_ERR_CONFIG,
                       "store %s cannot be opened or written (%s); make the file and its directory "
                       "writable for this user, or set `store` to another path",
                       db->path, sqlite3_errmsg(db->handle));
    default:
        return ds_fail(err, DS_ERR_PERMANENT, "store %s: %s", db->path, sqlite3_errmsg(db->handle));
    }
}

bool ds_db_hopeless(ds_db *db)
{
    switch (sqlite3_errcode(db->handle) & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return true;
    default:
        return false;
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

/* file: URI of a path; letters that mean something in a URI are escaped. */
static void immutable_uri(ds_buf *uri, const char *path)
{
    ds_buf_text(uri, "file:");
    for (const char *c = path; *c; c++) {
        if (*c > ' ' && *c < 127 && !strchr("%?#&=", *c))
            ds_buf_char(uri, *c);
        else
            ds_buf_printf(uri, "%%%02X", (unsigned)(unsigned char)*c);
    }
    ds_buf_text(uri, "?immutable=1");
}

static int open_handle(const char *path, ds_db_mode mode, sqlite3 **handle)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;

    if (mode == DS_DB_WRITE)
        return sqlite3_open_v2(path, handle, flags | SQLITE_OPEN_READWRITE, NULL);
    if (mode == DS_DB_READ)
        return sqlite3_open_v2(path, handle, flags | SQLITE_OPEN_READONLY, NULL);

    DS_AUTO_BUF(uri, DS_MIB);

    immutable_uri(&uri, path);
    return sqlite3_open_v2(uri.data, handle, flags | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
}

ds_db *ds_db_open(const char *path, ds_db_mode mode, ds_err *err)
{
    DS_AUTO(ds_db) db = ds_calloc(1, sizeof *db);

    db->path = ds_strdup(path);
    if (open_handle(path, mode, &db->handle) != SQLITE_OK) {
        ds_db_fail(db, err);
        return NULL;
    }
    sqlite3_busy_timeout(db->handle, DS_DB_BUSY_MS);
    /* The file is ours, but whoever may write it is no reason to run what its schema says. */
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!ds_db_exec(db, mode == DS_DB_WRITE ? "PRAGMA cache_size=-4096" : "PRAGMA cache_size=-2048",
                    err) ||
        !ds_db_exec(db, "PRAGMA temp_store=MEMORY", err))
        return NULL;
    return DS_TAKE(&db);
}

void ds_db_close(ds_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < STATEMENTS_MAX; i++)
        sqlite3_finalize(db->statements[i].st);
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
}

/* ---- statements ------------------------------------------------------------------------------ */

bool ds_db_exec(ds_db *db, const char *sql, ds_err *err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK || ds_db_fail(db, err);
}

bool ds_db_int(ds_db *db, const char *sql, int64_t other, int64_t *out, ds_err *err)
{
    ds_stmt *st = NULL;
    bool ok = sqlite3_prepare_v2(db->handle, sql, -1, &st, NULL) == SQLITE_OK;
    bool row = false;

    ok = ok ? ds_db_next(db, st, &row, err) : ds_db_fail(db, err);
    *out = row ? sqlite3_column_int64(st, 0) : other;
    sqlite3_finalize(st);
    return ok;
}

ds_stmt *ds_db_stmt(ds_db *db, const char *sql, ds_err *err)
{
    size_t at = (size_t)(((uintptr_t)sql >> 3) * 0x9E3779B9u % STATEMENTS_MAX);

    for (size_t tried = 0; db->statements[at].sql && db->statements[at].sql != sql; tried++) {
        assert(tried < STATEMENTS_MAX); /* raise it when the store knows more statements */
        at = (at + 1) % STATEMENTS_MAX;
    }
    if (db->statements[at].sql) {
        assert(!sqlite3_stmt_busy(db->statements[at].st)); /* lent to one at a time */
        return db->statements[at].st;
    }
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &db->statements[at].st,
                           NULL) != SQLITE_OK) {
        ds_db_fail(db, err);
        return NULL;
    }
    db->statements[at].sql = sql;
    return db->statements[at].st;
}

bool ds_db_next(ds_db *db, ds_stmt *st, bool *row, ds_err *err)
{
    int rc = sqlite3_step(st);

    *row = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE || ds_db_fail(db, err);
}

bool ds_db_run(ds_db *db, ds_stmt *st, ds_err *err)
{
    int rc = sqlite3_step(st);

    if (rc != SQLITE_DONE)
        ds_db_fail(db, err);
    sqlite3_reset(st);
    return rc == SQLITE_DONE;
}

bool ds_db_view(ds_db *db, ds_err *err)
{
    DS_AUTO(ds_stmt) begin = ds_db_stmt(db, "BEGIN", err);

    return begin && ds_db_run(db, begin, err);
}

void ds_db_view_end(ds_db *db)
{
    /* A view writes nothing: it has nothing to lose either. */
    sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}
