/* src/connectors/sqlite/db.c - opening, waiting, and saying what went wrong. */
#include "connectors/sqlite/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A lock is awaited for 5 seconds: 1 ms steps at first, since most are held for one commit. */
enum { QUICK_STEPS = 200, SLOW_STEP_MS = 5, STEPS_MOST = QUICK_STEPS + 4800 / SLOW_STEP_MS };

static int wait_for_lock(void *arg, int waited_before)
{
    ds_sqlite *db = arg;

    if (waited_before >= STEPS_MOST || (db->act && ds_activity_stopping(db->act)))
        return 0;
    sqlite3_sleep(waited_before < QUICK_STEPS ? 1 : SLOW_STEP_MS);
    return 1;
}

static int stop_asked(void *arg)
{
    ds_sqlite *db = arg;

    return db->act && ds_activity_stopping(db->act);
}

void ds_sqlite_interruptible(ds_sqlite *db)
{
    sqlite3_progress_handler(db->handle, 10000, stop_asked, db);
}

/* ---- errors ---------------------------------------------------------------------------------- */

struct reaction {
    int code; /* extended where it matters, else primary */
    ds_err_kind kind;
    const char *remedy; /* NULL: SQLite's words say it all */
};

static const struct reaction reactions[] = {
    {SQLITE_READONLY_DBMOVED, DS_ERR_TRANSIENT, "the file was moved or deleted while in use"},
    {SQLITE_READONLY_ROLLBACK, DS_ERR_TRANSIENT,
     "another program left a change unfinished; open it once with that program"},
    {SQLITE_READONLY_RECOVERY, DS_ERR_TRANSIENT,
     "another program left a change unfinished; open it once with that program"},
    {SQLITE_BUSY, DS_ERR_TRANSIENT, "another program holds it locked"},
    {SQLITE_LOCKED, DS_ERR_TRANSIENT, "another program holds it locked"},
    {SQLITE_INTERRUPT, DS_ERR_CANCELLED, "stopped"},
    {SQLITE_FULL, DS_ERR_TRANSIENT, "the disk is full: make room"},
    {SQLITE_IOERR, DS_ERR_TRANSIENT, NULL},
    {SQLITE_NOMEM, DS_ERR_TRANSIENT, NULL},
    {SQLITE_PROTOCOL, DS_ERR_TRANSIENT, NULL},
    {SQLITE_SCHEMA, DS_ERR_TRANSIENT, "its tables keep changing"},
    {SQLITE_CANTOPEN, DS_ERR_TRANSIENT, "see that the file and its directory can be written"},
    {SQLITE_CORRUPT, DS_ERR_PERMANENT, "put back a copy, or try `sqlite3 FILE .recover`"},
    {SQLITE_NOTADB, DS_ERR_PERMANENT, "the file is no SQLite database"},
    {SQLITE_READONLY, DS_ERR_CONFIG, "let this user write the file and its directory"},
    {SQLITE_PERM, DS_ERR_CONFIG, "let this user write the file and its directory"},
};

static const struct reaction *reaction_to(int code)
{
    for (size_t i = 0; i < DS_COUNT(reactions); i++) {
        if (reactions[i].code == code || reactions[i].code == (code & 0xff))
            return &reactions[i];
    }
    return NULL;
}

bool ds_sqlite_fail(ds_sqlite *db, ds_err *err, const char *doing, ...)
{
    int code = db->handle ? sqlite3_extended_errcode(db->handle) : SQLITE_NOMEM;
    const char *words = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code);
    const struct reaction *to = reaction_to(code);
    char what[256];
    va_list args;

    va_start(args, doing);
    vsnprintf(what, sizeof(what), doing, args);
    va_end(args);
    if (db->act && (code & 0xff) == SQLITE_BUSY && ds_activity_stopping(db->act))
        return ds_fail(err, DS_ERR_CANCELLED, "%s: %s: stopped", db->path, what);
    if (to && to->remedy)
        return ds_fail(err, to->kind, "%s: %s: %s (%s)", db->path, what, words, to->remedy);
    return ds_fail(err, to ? to->kind : DS_ERR_PERMANENT, "%s: %s: %s", db->path, what, words);
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool has_directory(const char *path, ds_err *err)
{
    const char *slash = strrchr(path, '/');
    char dir[4096] = ".";
    struct stat st;

    if (slash && (size_t)(slash - path) >= sizeof(dir))
        return ds_fail(err, DS_ERR_CONFIG, "the path is %zu bytes long", strlen(path));
    if (slash)
        snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
    if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    return ds_fail(err, DS_ERR_CONFIG, "%s: no such directory: make it, or correct `path`", dir);
}

bool ds_sqlite_absent(const char *path, bool *absent, ds_err *err)
{
    struct stat st;

    *absent = stat(path, &st) != 0 && errno == ENOENT;
    return !*absent || has_directory(path, err);
}

bool ds_sqlite_may_make(const char *path)
{
    const char *slash = strrchr(path, '/');
    char dir[4096] = ".";

    if (slash && (size_t)snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path),
                                  path) >= sizeof(dir))
        return false;
    return faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0;
}

static bool may_open(const char *path, ds_sqlite_mode mode, ds_err *err)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        if (errno == ENOENT && mode == DS_SQLITE_CREATE)
            return has_directory(path, err);
        if (errno == ENOENT || errno == ENOTDIR)
            return ds_fail(err, DS_ERR_CONFIG, "%s: no such file: correct `path`%s", path,
                           mode == DS_SQLITE_WRITE ? ", or say `create_table: true`" : "");
        return ds_fail(err, DS_ERR_CONFIG, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode))
        return ds_fail(err, DS_ERR_CONFIG, "%s: not a file", path);
    if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
        return ds_fail(err, DS_ERR_CONFIG, "%s: %s: let this user read it", path, strerror(errno));
    if (mode != DS_SQLITE_READ && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        return ds_fail(err, DS_ERR_CONFIG, "%s: %s: let this user write it", path, strerror(errno));
    return true;
}

static int open_flags(ds_sqlite_mode mode)
{
    switch (mode) {
    case DS_SQLITE_READ:
        return SQLITE_OPEN_READONLY;
    case DS_SQLITE_WRITE:
        return SQLITE_OPEN_READWRITE;
    case DS_SQLITE_CREATE:
        return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    }
    return SQLITE_OPEN_READONLY;
}

/* SQLite takes "file:..." and ":memory:" for something else than a file of that name. */
static bool open_file(ds_sqlite *db, ds_sqlite_mode mode)
{
    char plain[4096 + 2];

    if (db->path[0] == '/')
        return sqlite3_open_v2(db->path, &db->handle, open_flags(mode) | SQLITE_OPEN_NOMUTEX,
                               NULL) == SQLITE_OK;
    if ((size_t)snprintf(plain, sizeof(plain), "./%s", db->path) >= sizeof(plain))
        return false;
    return sqlite3_open_v2(plain, &db->handle, open_flags(mode) | SQLITE_OPEN_NOMUTEX, NULL) ==
           SQLITE_OK;
}

bool ds_sqlite_open(ds_sqlite *db, const char *path, ds_sqlite_mode mode, ds_activity *act,
                    ds_err *err)
{
    int64_t schema;

    *db = (ds_sqlite){.path = path, .act = act};
    if (!may_open(path, mode, err))
        return false;
    if (!open_file(db, mode)) {
        ds_sqlite_fail(db, err, "open");
        ds_sqlite_close(db);
        return false;
    }
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_handler(db->handle, wait_for_lock, db);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    /* Nothing is read before the first statement: this one finds out what kind of file it is. */
    if (sqlite3_exec(db->handle, "PRAGMA cache_size = -4096", NULL, NULL, NULL) != SQLITE_OK) {
        ds_sqlite_fail(db, err, "open");
        ds_sqlite_close(db);
        return false;
    }
    if (!ds_sqlite_number(db, "PRAGMA schema_version", 0, &schema, err)) {
        ds_sqlite_close(db);
        return false;
    }
    return true;
}

void ds_sqlite_close(ds_sqlite *db)
{
    sqlite3_close(db->handle);
    db->handle = NULL;
}

/* ---- statements ------------------------------------------------------------------------------ */

sqlite3_stmt *ds_sqlite_prepare(ds_sqlite *db, const char *sql, ds_err *err)
{
    sqlite3_stmt *st = NULL;

    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) == SQLITE_OK)
        return st;
    ds_sqlite_fail(db, err, "prepare");
    return NULL;
}

bool ds_sqlite_exec(ds_sqlite *db, const char *sql, ds_err *err)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    return ds_sqlite_fail(db, err, "%.60s", sql);
}

bool ds_sqlite_number(ds_sqlite *db, const char *sql, int64_t other, int64_t *out, ds_err *err)
{
    DS_AUTO(sqlite3_stmt) st = ds_sqlite_prepare(db, sql, err);
    int rc;

    if (!st)
        return false;
    *out = other;
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL)
        *out = sqlite3_column_int64(st, 0);
    return rc == SQLITE_ROW || rc == SQLITE_DONE || ds_sqlite_fail(db, err, "%.60s", sql);
}
