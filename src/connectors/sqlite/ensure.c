/* src/connectors/sqlite/ensure.c
 *
 * The table by itself: which columns it has, and making what a route would miss, in one
 * transaction.
 */
#include "connectors/sqlite/writer.h"

#include <string.h>

typedef struct notes { /* what was made; said once it is durable */
    const char **items;
    size_t n;
} notes;

static bool open_table(ds_sqlite_writer *w, ds_activity *act, const ds_open_in *in,
                       ds_sqlite_mode mode, ds_err *err)
{
    ds_sqlite_target_close(&w->base);
    w->arena = ds_arena_new();
    ds_sqlite_remember(w, in);
    return ds_sqlite_open(&w->db, w->path, mode, act, err);
}

/* SQLite does not tell "Name" from "name". */
static const char *wanted_for(const ds_sqlite_column *c, const ds_column *columns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (sqlite3_stricmp(columns[i].name, c->name) == 0)
            return columns[i].name;
    return NULL;
}

bool ds_sqlite_list_columns(ds_destination *self, ds_activity *act, const ds_column *columns,
                            size_t n, const ds_column_there **out, size_t *out_n, ds_err *err)
{
    ds_sqlite_writer *w = (ds_sqlite_writer *)self;
    ds_arena *a = ds_activity_arena(act);
    ds_column_there *all;
    bool absent, ok;

    *out_n = 0;
    if (!ds_sqlite_absent(w->path, &absent, err) || absent)
        return absent;
    ok = open_table(w, act, &(ds_open_in){0}, DS_SQLITE_READ, err) &&
         ds_sqlite_table_read(&w->db, w->table, w->arena, &w->shape, err);
    all = ds_arena_zalloc(a, (w->shape.columns_n + 1) * sizeof(*all));
    for (size_t i = 0; ok && i < w->shape.columns_n; i++) {
        const ds_sqlite_column *c = &w->shape.columns[i];

        all[(*out_n)++] = (ds_column_there){
            .name = ds_arena_strdup(a, c->name),
            .type = ds_arena_strdup(a, c->type),
            .is_key = sqlite3_stricmp(c->name, w->key) == 0,
            .takes = wanted_for(c, columns, n),
        };
    }
    *out = all;
    ds_sqlite_target_close(self);
    return ok;
}

/* ---- making ---------------------------------------------------------------------------------- */

static void note(notes *done, const char *what)
{
    done->items[done->n++] = what;
}

static bool make_table(ds_sqlite_writer *w, notes *done, ds_err *err)
{
    if (w->shape.name)
        return true;
    if (!ds_sqlite_create_table(w, err))
        return false;
    note(done,
         ds_arena_printf(w->arena, "table \"%s\" made, with \"%s\" as its key", w->table, w->key));
    return true;
}

/* A table with rows that has no such column was hardly meant to be matched by it: each of its rows
 * would come a second time. */
static bool make_key(ds_sqlite_writer *w, notes *done, ds_err *err)
{
    int64_t rows;

    if (ds_sqlite_column_named(&w->shape, w->key))
        return true;
    if (!ds_sqlite_number(&w->db,
                          ds_arena_printf(w->arena,
                                          "SELECT count(*) FROM (SELECT 1 FROM main.%s LIMIT 1)",
                                          w->name),
                          0, &rows, err))
        return false;
    if (rows)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s: table \"%.100s\" has rows and no column \"%.100s\" for `key`%s A key "
                       "is not added to rows that are there: name a column that tells them apart",
                       w->path, w->shape.name, w->key,
                       *ds_sqlite_guess_column(&w->shape, w->key, w->arena)
                           ? ds_sqlite_guess_column(&w->shape, w->key, w->arena)
                           : ".");
    if (!ds_sqlite_add_column(w, w->key, "TEXT", err))
        return false;
    note(done, ds_arena_printf(w->arena, "column \"%s\" added, for the key", w->key));
    return true;
}

static bool make_columns(ds_sqlite_writer *w, notes *done, ds_err *err)
{
    for (size_t i = 0; i < w->columns.n; i++) {
        const ds_column *c = &w->columns.items[i];
        const char *type = ds_sqlite_type_for(c);

        if (ds_sqlite_column_named(&w->shape, c->name))
            continue;
        if (!ds_sqlite_add_column(w, c->name, type, err))
            return false;
        note(done, ds_arena_printf(w->arena, "column \"%s\" added%s%s", c->name,
                                   *type ? " as " : "", type));
    }
    return true;
}

static bool make_index(ds_sqlite_writer *w, notes *done, ds_err *err)
{
    const ds_sqlite_column *key = ds_sqlite_column_named(&w->shape, w->key);
    const char *name = ds_arena_printf(w->arena, "%s_%s", w->table, w->key);
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);
    bool unique;

    if (!ds_sqlite_is_unique(&w->db, &w->shape, key, &unique, err))
        return false;
    if (unique)
        return true;
    ds_buf_text(&sql, "CREATE UNIQUE INDEX main.");
    ds_sql_name(&sql, name);
    ds_buf_text(&sql, " ON ");
    ds_sql_name(&sql, w->table);
    ds_buf_text(&sql, " (");
    ds_sql_name(&sql, w->key);
    ds_buf_text(&sql, " COLLATE BINARY)");
    if (!ds_buf_ok(&sql, "an index", err) || !ds_sqlite_exec(&w->db, sql.data, err))
        return ds_wrap(err, "make the key \"%.100s\" unique", w->key);
    w->ddl = true;
    note(done, ds_arena_printf(w->arena, "unique index \"%s\" made", name));
    return true;
}

static bool make_all(ds_sqlite_writer *w, notes *done, ds_err *err)
{
    if (!ds_sqlite_exec(&w->db, "PRAGMA synchronous = FULL", err) || !ds_sqlite_lock(w, err))
        return false;
    if (!ds_sqlite_table_read(&w->db, w->table, w->arena, &w->shape, err) ||
        !ds_sqlite_state_read(w, NULL, err))
        return false;
    if (w->shape.name && strcmp(w->shape.what, "table") != 0)
        return ds_fail(err, DS_ERR_CONFIG, "%s: \"%.100s\" is a %s: nothing can be added to it",
                       w->path, w->table, w->shape.what);
    return make_table(w, done, err) && make_key(w, done, err) && make_columns(w, done, err) &&
           make_index(w, done, err) && ds_sqlite_commit(w, err);
}

bool ds_sqlite_ensure_schema(ds_destination *self, ds_activity *act, const ds_column *columns,
                             size_t n, void (*did)(void *to, const char *what), void *to,
                             ds_err *err)
{
    ds_sqlite_writer *w = (ds_sqlite_writer *)self;
    const ds_open_in in = {.columns = columns, .columns_n = n};
    notes done = {0};
    bool ok;

    done.items = ds_arena_zalloc(ds_activity_arena(act), (n + 3) * sizeof(char *));
    ok = open_table(w, act, &in, DS_SQLITE_CREATE, err) && make_all(w, &done, err);
    for (size_t i = 0; ok && i < done.n; i++)
        did(to, done.items[i]);
    ds_sqlite_target_close(self);
    return ok;
}
