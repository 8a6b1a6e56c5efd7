/* src/store/sqlite.c
 *
 * Opens SQLite the way the store needs it, and turns SQLite's result codes into the errors a person
 * can act on.
 */
#include "store/sqlite.h"

#include "store/store.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    WAL_PAGES_MAX = 4000,  /* 16 MiB: then its pages go into the file */
    WAL_PAGES_IDLE = 1000, /* the same when nothing waits */
};

typedef struct sqlite_db {
    ds_db base; /* first */
    sqlite3 *handle;
    int wal_pages_max; /* then they go into the file */
    int wal_pages;     /* as of the last commit */
    bool soft;         /* commits do not wait for the disk */
} sqlite_db;

typedef struct sqlite_stmt {
    ds_stmt base; /* first */
    sqlite3_stmt *handle;
} sqlite_stmt;

static sqlite3 *handle_of(const ds_db *db)
{
    return ((const sqlite_db *)db)->handle;
}

static sqlite3_stmt *stmt_of(ds_stmt *st)
{
    return ((sqlite_stmt *)st)->handle;
}

sqlite3 *ds_db_handle(ds_db *db)
{
    return handle_of(db);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static bool damaged(const ds_db *db, ds_err *err, const char *what)
{
    return ds_fail(
        err, DS_ERR_CONFIG,
        "store %s is damaged or no store (%s); move it away (mv '%s' '%s.damaged') and "
        "start again: rows that are at the destination already are found and linked again",
        db->place, what, db->place, db->place);
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
    int number = sqlite3_system_errno(handle_of(db)); /* 0 where SQLite did not note it */

    return ds_fail(
        err, DS_ERR_TRANSIENT,
        "store %s: %s failed%s%s; check the disk and its limits and start again: it holds "
        "all that was committed before",
        db->place, io_step(sqlite3_extended_errcode(handle_of(db))), number ? ": " : "",
        number ? strerror(number) : "");
}

static bool fail_rights(const ds_db *db, ds_err *err)
{
    if (sqlite3_system_errno(handle_of(db)) == EMFILE)
        return ds_fail(err, DS_ERR_TRANSIENT,
                       "store %s cannot be opened: %s; raise the limit (ulimit -n, LimitNOFILE)",
                       db->place, strerror(EMFILE));
    return ds_fail(err, DS_ERR_CONFIG,
                   "store %s cannot be opened or written (%s); make the file and its directory "
                   "writable for this user, or set `store` to another path",
                   db->place, sqlite3_errmsg(handle_of(db)));
}

static bool fail_now(ds_db *db, ds_err *err)
{
    switch (sqlite3_errcode(handle_of(db)) & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return damaged(db, err, sqlite3_errmsg(handle_of(db)));
    case SQLITE_FULL:
        return ds_fail(err, DS_ERR_TRANSIENT,
                       "store %s: the disk is full; free some space and start again: it holds all "
                       "that was committed before",
                       db->place);
    case SQLITE_IOERR:
        return fail_io(db, err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ds_fail(err, DS_ERR_TRANSIENT,
                       "store %s is locked by another program; close what has it open", db->place);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
        return fail_rights(db, err);
    default:
        return ds_fail(err, DS_ERR_PERMANENT, "store %s: %s", db->place,
                       sqlite3_errmsg(handle_of(db)));
    }
}

static ds_db_fate fate(ds_db *db)
{
    switch (sqlite3_errcode(handle_of(db)) & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return DS_DB_HOPELESS;
    default:
        return sqlite3_get_autocommit(handle_of(db)) ? DS_DB_TRANSACTION_OVER : DS_DB_GOES_ON;
    }
}

/* ---- statements ------------------------------------------------------------------------------ */

static bool exec(ds_db *db, const char *sql, ds_err *err)
{
    return sqlite3_exec(handle_of(db), sql, NULL, NULL, NULL) == SQLITE_OK || fail_now(db, err);
}

/* SQLite has one writer at a time, and no word for what it need not say. */
static int length_of(const char *sql)
{
    size_t n = strlen(sql), more = strlen(DS_SQL_FOR_UPDATE);

    if (n > more && strcmp(sql + n - more, DS_SQL_FOR_UPDATE) == 0)
        n -= more;
    return (int)n;
}

static const ds_db_ops ops;

static ds_stmt *prepare(ds_db *db, const char *sql, ds_err *err)
{
    sqlite3_stmt *handle = NULL;

    if (sqlite3_prepare_v3(handle_of(db), sql, length_of(sql), SQLITE_PREPARE_PERSISTENT, &handle,
                           NULL) != SQLITE_OK) {
        fail_now(db, err);
        return NULL;
    }

    sqlite_stmt *st = ds_calloc(1, sizeof *st);

    st->base.ops = &ops;
    st->handle = handle;
    return &st->base;
}

static void finalize(ds_db *db, ds_stmt *st)
{
    (void)db;
    sqlite3_finalize(stmt_of(st));
    free(st);
}

static bool is_lent(ds_stmt *st)
{
    return sqlite3_stmt_busy(stmt_of(st)) != 0;
}

static bool next(ds_db *db, ds_stmt *st, bool *row, ds_err *err)
{
    int rc = sqlite3_step(stmt_of(st));

    *row = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE || fail_now(db, err);
}

static bool run(ds_db *db, ds_stmt *st, int64_t *changes, ds_err *err)
{
    int rc = sqlite3_step(stmt_of(st));

    if (rc != SQLITE_DONE)
        fail_now(db, err);
    else if (changes)
        *changes = sqlite3_changes64(handle_of(db));
    sqlite3_reset(stmt_of(st));
    return rc == SQLITE_DONE;
}

static bool settle(ds_db *db, ds_err *err)
{
    (void)db;
    (void)err;
    return true; /* nothing is ever left to be done */
}

static void reset(ds_stmt *st)
{
    sqlite3_reset(stmt_of(st));
    sqlite3_clear_bindings(stmt_of(st));
}

/* Binding can only fail for a wrong number (our bug) or without memory. */
static void bind_int(ds_stmt *st, int at, int64_t value)
{
    int rc = sqlite3_bind_int64(stmt_of(st), at, value);

    assert(rc == SQLITE_OK);
    (void)rc;
}

static void bind_text(ds_stmt *st, int at, const char *text)
{
    sqlite3_stmt *to = stmt_of(st);
    int rc = text ? sqlite3_bind_text(to, at, text, -1, SQLITE_STATIC) : sqlite3_bind_null(to, at);

    assert(rc == SQLITE_OK);
    (void)rc;
}

static void bind_blob(ds_stmt *st, int at, const void *data, size_t n)
{
    sqlite3_stmt *to = stmt_of(st);
    int rc = data ? sqlite3_bind_blob64(to, at, data, n, SQLITE_STATIC) : sqlite3_bind_null(to, at);

    assert(rc == SQLITE_OK);
    (void)rc;
}

static int64_t col_int(ds_stmt *st, int at)
{
    return sqlite3_column_int64(stmt_of(st), at);
}

static bool col_null(ds_stmt *st, int at)
{
    return sqlite3_column_type(stmt_of(st), at) == SQLITE_NULL;
}

static const char *col_text(ds_stmt *st, int at, size_t *n)
{
    const char *text = (const char *)sqlite3_column_text(stmt_of(st), at);

    *n = (size_t)sqlite3_column_bytes(stmt_of(st), at);
    if (!text && !col_null(st, at)) /* GCOVR_EXCL_BR_LINE memory is there, or the process ends */
        ds_out_of_memory(*n);       /* it is not a NULL for that */
    return text;
}

static const void *col_blob(ds_stmt *st, int at, size_t *n)
{
    const void *data = sqlite3_column_blob(stmt_of(st), at);

    *n = (size_t)sqlite3_column_bytes(stmt_of(st), at);
    return data;
}

/* ---- transactions ---------------------------------------------------------------------------- */

static bool run_cached(ds_db *db, const char *literal, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, literal, err);

    return st && run(db, st, NULL, err);
}

static bool begin(ds_db *db, ds_err *err)
{
    return run_cached(db, "BEGIN IMMEDIATE", err);
}

static bool commit(ds_db *db, ds_err *err)
{
    return run_cached(db, "COMMIT", err);
}

/* What is committed softly is in the log, in its place: the next sync of it takes all. */
static bool soften(ds_db *db, bool soft, ds_err *err)
{
    sqlite_db *s = (sqlite_db *)db;

    if (s->soft == soft)
        return true;
    if (!exec(db, soft ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL", err))
        return false;
    s->soft = soft;
    return true;
}

static void rollback(ds_db *db)
{
    sqlite3_exec(handle_of(db), "ROLLBACK", NULL, NULL, NULL); /* the first error is the one */
}

static bool view(ds_db *db, ds_err *err)
{
    return run_cached(db, "BEGIN", err);
}

/* What is written into a file that has lost its name is lost with the process. */
static bool in_place(ds_db *db, ds_err *err)
{
    int moved = 0;

    sqlite3_file_control(handle_of(db), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (!moved)
        return true;
    return ds_fail(err, DS_ERR_CONFIG,
                   "store %s was moved, replaced or deleted while it was in use: put it back where "
                   "it was and start again",
                   db->place);
}

/* ---- housekeeping ---------------------------------------------------------------------------- */

static int note_wal(void *to, sqlite3 *handle, const char *name, int pages)
{
    sqlite_db *db = to;

    (void)handle;
    (void)name;
    db->wal_pages = pages;
    return SQLITE_OK;
}

void ds_db_wal_limit(ds_db *base, int pages)
{
    ((sqlite_db *)base)->wal_pages_max = pages;
}

/* Moves the log's pages into the file, as far as no reader still needs the old ones. */
static bool checkpoint(sqlite_db *db, int mode, ds_err *err)
{
    ds_crashpoint("store checkpoint");
    int rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, NULL, NULL);

    db->wal_pages = 0; /* counted anew by the next commit: at most one try a commit */
    return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY || fail_now(&db->base, err);
}

static bool tidy(ds_db *base, ds_db_moment moment, ds_err *err)
{
    sqlite_db *db = (sqlite_db *)base;

    if (moment == DS_DB_CLOSING) /* the file alone holds it all, once this is closed */
        return checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE, err);
    if (db->wal_pages < (moment == DS_DB_IDLE ? WAL_PAGES_IDLE : db->wal_pages_max))
        return true;
    return checkpoint(db, SQLITE_CHECKPOINT_PASSIVE, err);
}

/* Closing would try again what the disk has just refused. */
static void give_up(ds_db *db)
{
    sqlite3_db_config(handle_of(db), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static void rest(ds_db *db)
{
    sqlite3_db_release_memory(handle_of(db));
}

/* All from one moment: another process may just be making the tables. */
static bool marks(ds_db *db, int64_t *application, int64_t *version, int64_t *tables, ds_err *err)
{
    if (!exec(db, "BEGIN", err))
        return false;

    bool ok = ds_db_int(db, "PRAGMA application_id", 0, application, err) &&
              ds_db_int(db, "PRAGMA user_version", 0, version, err) &&
              ds_db_int(db, "SELECT count(*) FROM sqlite_schema", 0, tables, err);

    sqlite3_exec(handle_of(db), "COMMIT", NULL, NULL, NULL); /* nothing was written */
    return ok;
}

static bool stamp(ds_db *db, int64_t application, int64_t version, ds_err *err)
{
    char sql[96];

    snprintf(sql, sizeof sql, "PRAGMA application_id=%lld; PRAGMA user_version=%lld",
             (long long)application, (long long)version);
    return exec(db, sql, err);
}

static bool quick_check(ds_db *db, ds_arena *a, const char **finding, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, "PRAGMA quick_check(1)", err);
    bool row;

    if (!st || !next(db, st, &row, err))
        return false;
    *finding = ds_col_text(st, 0, a);
    assert(*finding); /* the check's answer is a text */
    if (strcmp(*finding, "ok") == 0)
        *finding = NULL;
    return true;
}

/* ---- opening and closing --------------------------------------------------------------------- */

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

static void close_db(ds_db *base)
{
    sqlite_db *db = (sqlite_db *)base;

    sqlite3_close(db->handle);
    free((char *)(uintptr_t)base->place);
    free(db);
}

static const ds_db_ops ops = {
    .close = close_db,
    .exec = exec,
    .prepare = prepare,
    .finalize = finalize,
    .is_lent = is_lent,
    .next = next,
    .run = run,
    .settle = settle,
    .reset = reset,
    .bind_int = bind_int,
    .bind_text = bind_text,
    .bind_blob = bind_blob,
    .col_int = col_int,
    .col_text = col_text,
    .col_blob = col_blob,
    .col_null = col_null,
    .begin = begin,
    .commit = commit,
    .soften = soften,
    .rollback = rollback,
    .view = view,
    .view_end = rollback, /* it wrote nothing: it has nothing to lose either */
    .damaged = damaged,
    .fate = fate,
    .in_place = in_place,
    .tidy = tidy,
    .give_up = give_up,
    .rest = rest,
    .marks = marks,
    .stamp = stamp,
    .quick_check = quick_check,
};

ds_db *ds_db_open(const char *path, ds_db_mode mode, ds_err *err)
{
    sqlite_db *s = ds_calloc(1, sizeof *s);
    DS_AUTO(ds_db) db = &s->base;

    db->ops = &ops;
    db->place = ds_strdup(path);
    s->wal_pages_max = WAL_PAGES_MAX;
    if (open_handle(path, mode, &s->handle) != SQLITE_OK) {
        fail_now(db, err);
        return NULL;
    }
    sqlite3_busy_timeout(s->handle, DS_DB_BUSY_MS);
    /* The file is ours, but whoever may write it is no reason to run what its schema says. */
    sqlite3_db_config(s->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!exec(db, mode == DS_DB_WRITE ? "PRAGMA cache_size=-2048" : "PRAGMA cache_size=-1024",
              err) ||
        !exec(db, "PRAGMA temp_store=MEMORY", err))
        return NULL;
    return DS_TAKE(&db);
}

bool ds_db_use_wal(ds_db *db, ds_err *err)
{
    if (!exec(db,
              "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
              "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864",
              err))
        return false;
    sqlite3_wal_hook(handle_of(db), note_wal, db); /* in the place of the automatic one */

    DS_AUTO(ds_stmt) mode = ds_db_stmt(db, "PRAGMA journal_mode", err);
    bool row;
    size_t n;

    if (!mode || !next(db, mode, &row, err))
        return false;
    if (sqlite3_stricmp(col_text(mode, 0, &n), "wal") == 0)
        return true;
    return ds_fail(err, DS_ERR_CONFIG,
                   "store %s: this file system has no shared memory for SQLite's log; keep the "
                   "store on a local disk",
                   db->place);
}

const char *ds_store_library(void)
{
    return sqlite3_libversion();
}
