/* src/connectors/sqlite/destination.c - a table that records are written to. */
#include "connectors/sqlite/sqlite.h"
#include "connectors/sqlite/value.h"
#include "connectors/sqlite/writer.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const ds_option options[] = {
    DS_OPT_PATH(ds_sqlite_writer, path, "the database file"),
    DS_OPT_TEXT(ds_sqlite_writer, table, "the table to write to"),
    DS_OPT_TEXT(ds_sqlite_writer, key, "the column that holds the primary key; it must be unique"),
    DS_OPT_BOOL(ds_sqlite_writer, create_table,
                "make the file, the table and its columns where they are missing"),
    DS_OPT_END,
};

static bool validate(const ds_destination *self, ds_err *err)
{
    const ds_sqlite_writer *w = (const ds_sqlite_writer *)self;

    if (!*w->table || !*w->key)
        return ds_fail(err, DS_ERR_CONFIG, "`%s` is empty", *w->table ? "key" : "table");
    if (sqlite3_strnicmp(w->table, "sqlite_", 7) == 0 ||
        sqlite3_stricmp(w->table, DS_SQLITE_STATE) == 0)
        return ds_fail(err, DS_ERR_CONFIG, "`table`: the name \"%.100s\" is taken", w->table);
    return true;
}

/* The path as the system knows it: the file's own where it is there, else its directory's. */
static const char *real_path(const char *path, ds_arena *a)
{
    char real[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dir = slash ? ds_arena_strndup(a, path, (size_t)(slash - path) + 1) : ".";

    if (realpath(path, real))
        return ds_arena_strdup(a, real);
    if (realpath(dir, real))
        return ds_arena_printf(a, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
    return path;
}

static const char *identity(const ds_destination *self, ds_arena *a)
{
    const ds_sqlite_writer *w = (const ds_sqlite_writer *)self;
    char *table = ds_arena_strdup(a, w->table);

    for (char *c = table; *c; c++) /* "T" and "t" are one table */
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    return ds_arena_printf(a, "sqlite:%s#%s", real_path(w->path, a), table);
}

static bool open_destination(ds_destination *self, ds_activity *act, const ds_open_in *in,
                             ds_open_out *out, ds_err *err)
{
    return validate(self, err) && ds_sqlite_target_open(self, act, in, out, err);
}

/* ---- looking up ------------------------------------------------------------------------------ */

/* The route's name of a column, where the two differ in case. */
static const char *name_of(const ds_sqlite_writer *w, const ds_sqlite_column *c)
{
    for (size_t i = 0; i < w->columns.n; i++) {
        if (sqlite3_stricmp(w->columns.items[i].name, c->name) == 0)
            return w->columns.items[i].name;
    }
    return c->name;
}

static bool prepare_find(ds_sqlite_writer *w, ds_err *err)
{
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);

    if (w->find)
        return true;
    ds_buf_text(&sql, "SELECT ");
    for (size_t i = 0; i < w->shape.columns_n; i++) {
        ds_buf_text(&sql, i ? ", " : "");
        ds_sql_name(&sql, w->shape.columns[i].name);
    }
    ds_buf_printf(&sql, " FROM main.%s WHERE %s", w->name, w->match);
    if (!ds_buf_ok(&sql, "a SELECT", err))
        return false;
    w->find = ds_sqlite_prepare(&w->db, sql.data, err);
    return w->find != NULL;
}

static ds_record *row_of(const ds_sqlite_writer *w, const char *key, ds_arena *a)
{
    ds_record *rec = ds_new_in(a, ds_record);

    rec->arena = a;
    rec->primary_key = key;
    for (size_t i = 0; i < w->shape.columns_n; i++) {
        const ds_sqlite_column *c = &w->shape.columns[i];

        ds_record_append(rec, name_of(w, c), ds_sqlite_value(a, w->find, (int)i, c->kind));
    }
    return rec;
}

static bool find_one(ds_sqlite_writer *w, const char *key, ds_found *out, ds_arena *a, ds_err *err)
{
    int rc;

    if (ds_sqlite_bind_key(w->find, 1, &w->key_column, key, a))
        return true; /* no such key in a column of this type */
    rc = sqlite3_step(w->find);
    if (rc == SQLITE_ROW) {
        out->n = 1; /* the key is unique */
        out->row = row_of(w, key, a);
    } else if (rc != SQLITE_DONE) {
        ds_sqlite_fail(&w->db, err, "look up key \"%.100s\"", key);
    }
    sqlite3_reset(w->find);
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

static bool find(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                 ds_found *out, ds_err *err)
{
    ds_sqlite_writer *w = (ds_sqlite_writer *)self;

    w->db.act = act;
    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    if (w->shape.name && !prepare_find(w, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        out[i] = (ds_found){.key = keys[i]};
        if (w->shape.name && !find_one(w, keys[i], &out[i], ds_activity_arena(act), err))
            return false;
    }
    return true;
}

const ds_destination_ops ds_sqlite_destination = {
    .kind = "sqlite",
    .help = "a table of an SQLite database",
    .abi = DS_CONNECTOR_ABI,
    .options = options,
    .instance_size = sizeof(ds_sqlite_writer),
    .promise = DS_PROMISE_A,
    .upserts = true,
    .any_case = true,
    .identity = identity,
    .write = ds_sqlite_write,
    .find = find,
    .open = open_destination,
    .close = ds_sqlite_target_close,
    .flush = ds_sqlite_flush,
    .finish = ds_sqlite_flush,
    .remove = ds_sqlite_remove,
    .check_schema = ds_sqlite_target_check,
    .misfit = ds_sqlite_target_misfit,
    .list_columns = ds_sqlite_list_columns,
    .ensure_schema = ds_sqlite_ensure_schema,
    .validate = validate,
};
