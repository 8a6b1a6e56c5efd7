/* src/store/reader.c - what the commands look at, beside a daemon or without one. */
#include "store/driver.h"
#include "store/internal.h"
#include "store/rows.h"
#include "store/schema.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool log_is_empty(const char *path)
{
    char *log_path = NULL;
    struct stat log;

    if (asprintf(&log_path, "%s-wal", path) < 0)
        ds_out_of_memory(strlen(path));
    bool empty = stat(log_path, &log) != 0 || log.st_size == 0;

    free(log_path);
    return empty;
}

/* *version 0: nothing in it yet. */
static ds_db *open_checked(const char *path, ds_db_mode mode, int64_t *version, ds_err *err)
{
    DS_AUTO(ds_db) db = ds_db_open(path, mode, err);

    if (!db || !ds_schema_version(db, DS_STORE_VERSION, version, err))
        return NULL;
    return DS_TAKE(&db);
}

/* Reading needs SQLite's shared memory file. Where that cannot be made (the directory is read-only,
 * or belongs to another user), the file alone is still good if its log is empty. */
static ds_db *open_any(const char *path, int64_t *version, ds_err *err)
{
    ds_err first = DS_ERR_INIT;
    ds_db *db = open_checked(path, DS_DB_READ, version, &first);

    if (db || first.kind != DS_ERR_CONFIG || !log_is_empty(path)) {
        if (!db)
            *err = first;
        return db;
    }
    db = open_checked(path, DS_DB_IMMUTABLE, version, err);
    if (!db)
        *err = first;
    return db;
}

/* false: the file is there, and cannot be read. */
static bool open_file(ds_reader *r, const char *path, int64_t *version, ds_err *err)
{
    struct stat file;

    if (stat(path, &file) == 0) {
        r->db = open_any(path, version, err);
        return r->db != NULL;
    }
    return errno == ENOENT ||
           ds_fail(err, DS_ERR_CONFIG, "store %s: %s%s", path, strerror(errno),
                   errno == EACCES ? "; run this as root, or as the user it belongs to" : "");
}

static bool open_server(ds_reader *r, const ds_store_at *at, int64_t *version, ds_err *err)
{
    pid_t nobody;

    r->db = at->driver->open(at, DS_DB_READ, &nobody, err);
    return r->db && ds_schema_version(r->db, DS_STORE_VERSION, version, err);
}

ds_reader *ds_reader_open_at(const ds_store_at *at, ds_err *err)
{
    DS_AUTO(ds_reader) r = ds_calloc(1, sizeof *r);
    int64_t version = 0;

    r->at = *at;
    if (!(at->driver ? open_server(r, at, &version, err) : open_file(r, at->path, &version, err)))
        return NULL;
    if (version == 0) { /* its first start is under way, or broke off: the next one goes on */
        ds_db_close(r->db);
        r->db = NULL;
    } else if (version < DS_STORE_VERSION) {
        ds_fail(err, DS_ERR_CONFIG,
                "store %s was written by an older version; `durable-sync run` or `once` brings it "
                "up to date",
                at->path);
        return NULL;
    }
    return DS_TAKE(&r);
}

ds_reader *ds_reader_open(const char *path, ds_err *err)
{
    return ds_reader_open_at(&(ds_store_at){.path = path}, err);
}

void ds_reader_close(ds_reader *r)
{
    if (!r)
        return;
    ds_db_close(r->db);
    free(r);
}

bool ds_reader_units(ds_reader *r, const char *route, const char *unit, ds_arena *a,
                     ds_unit_row **out, size_t *n, ds_err *err)
{
    *out = NULL;
    *n = 0;
    if (!r->db)
        return true;
    if (!ds_units_list(r->db, route, unit, a, out, n, err))
        return false;
    for (size_t i = 0; i < *n; i++)
        if ((*out)[i].held > 0 && !ds_held_unsure(r->db, &(*out)[i], err))
            return false;
    return true;
}

bool ds_reader_runs(ds_reader *r, const char *route, const char *unit, size_t max, ds_arena *a,
                    ds_run_row **out, size_t *n, ds_err *err)
{
    *out = NULL;
    *n = 0;
    return !r->db || ds_runs_list(r->db, route, unit, max, a, out, n, err);
}

bool ds_reader_held(ds_reader *r, const char *route, ds_arena *a, ds_held_row **out, size_t *n,
                    ds_err *err)
{
    *out = NULL;
    *n = 0;
    return !r->db || ds_held_list(r->db, route, a, out, n, err);
}

bool ds_reader_link_counts(ds_reader *r, ds_arena *a, ds_link_count **out, size_t *n, ds_err *err)
{
    bool row = false;

    *out = NULL;
    *n = 0;
    if (!r->db)
        return true;

    static const char sql[] = "SELECT r.name, m.unit, l.links FROM ledger l"
                              " JOIN machine m ON m.id = l.unit_id"
                              " JOIN route r ON r.id = m.route_id WHERE l.links > 0"
                              " ORDER BY r.name, m.unit";
    DS_AUTO(ds_stmt) st = ds_db_stmt(r->db, sql, err);

    if (!st)
        return false;
    for (;;) {
        if (!ds_db_next(r->db, st, &row, err))
            return false;
        if (!row)
            break;

        ds_link_count *count = DS_ROWS_ADD(a, *out, *n);

        count->route = ds_col_text(st, 0, a);
        count->unit = ds_col_text(st, 1, a);
        count->links = ds_col_int(st, 2);
    }
    return true;
}

bool ds_reader_quick_check(ds_reader *r, ds_arena *a, const char **finding, ds_err *err)
{
    *finding = NULL;
    return !r->db || r->db->ops->quick_check(r->db, a, finding, err);
}
