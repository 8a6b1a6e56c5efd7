/* src/connectors/postgresql/ensure.c
 *
 * The table by itself: which columns it has, and making what a route would miss, in one
 * transaction.
 */
#include "connectors/postgresql/writer.h"

#include <string.h>

typedef struct notes { /* what was made; said once it is durable */
    const char **items;
    size_t n;
} notes;

static bool open_table(ds_pg_writer *w, ds_activity *act, const ds_open_in *in, ds_err *err)
{
    ds_pg_target_close(&w->base);
    w->arena = ds_arena_new();
    ds_pg_remember(w, in);
    return ds_pg_split_name(w->table, w->arena, &w->schema, &w->name) &&
           (in->reading_only || ds_pg_names_fit(w, err)) &&
           ds_pg_connect(w, act, in->reading_only, err);
}

static const char *wanted_for(const char *name, const ds_column *columns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(columns[i].name, name) == 0)
            return columns[i].name;
    return NULL;
}

bool ds_pg_list_columns(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                        const ds_column_there **out, size_t *out_n, ds_err *err)
{
    ds_pg_writer *w = (ds_pg_writer *)self;
    ds_arena *a = ds_activity_arena(act);
    ds_column_there *all;
    bool ok = open_table(w, act, &(ds_open_in){.reading_only = true}, err) &&
              ds_pg_table_read(&w->db, w->schema, w->name, w->arena, &w->shape, err);

    all = ds_arena_zalloc(a, (w->shape.columns_n + 1) * sizeof(*all));
    *out_n = 0;
    for (size_t i = 0; ok && i < w->shape.columns_n; i++) {
        const ds_pg_column *c = &w->shape.columns[i];

        all[(*out_n)++] = (ds_column_there){
            .name = ds_arena_strdup(a, c->name),
            .type = ds_arena_strdup(a, c->declared),
            .is_key = strcmp(c->name, w->key) == 0,
            .takes = wanted_for(c->name, columns, n),
        };
    }
    *out = all;
    ds_pg_target_close(self);
    return ok;
}

/* ---- making ---------------------------------------------------------------------------------- */

static void note(notes *done, const char *what)
{
    done->items[done->n++] = what;
}

static bool make_table(ds_pg_writer *w, notes *done, ds_err *err)
{
    if (w->shape.oid)
        return true;
    if (!ds_pg_create_table(w, err))
        return false;
    note(done,
         ds_arena_printf(w->arena, "table \"%s\" made, with \"%s\" as its key", w->table, w->key));
    return true;
}

static bool has_rows(ds_pg_writer *w, bool *has, ds_err *err)
{
    DS_AUTO(PGresult)
    res = ds_pg_query(&w->db, ds_arena_printf(w->arena, "SELECT 1 FROM %s LIMIT 1", w->shape.sql),
                      0, NULL, err);

    *has = res && PQntuples(res) > 0;
    return res != NULL;
}

/* A table with rows that has no such column was hardly meant to be matched by it: each of its rows
 * would come a second time. */
static bool make_key(ds_pg_writer *w, notes *done, ds_err *err)
{
    const char *guess;
    bool rows;

    if (ds_pg_column_named(&w->shape, w->key))
        return true;
    if (!has_rows(w, &rows, err))
        return false;
    guess = ds_pg_guess_column(&w->shape, w->key, w->arena);
    if (rows)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s: table \"%.100s\" has rows and no column \"%.63s\" for `key`%s A key is "
                       "not added to rows that are there: name a column that tells them apart",
                       w->db.at, w->table, w->key, *guess ? guess : ".");
    if (!ds_pg_add_column(w, w->key, DS_PG_KEY_TYPE, err))
        return false;
    note(done, ds_arena_printf(w->arena, "column \"%s\" added, for the key", w->key));
    return true;
}

static bool make_columns(ds_pg_writer *w, notes *done, ds_err *err)
{
    for (size_t i = 0; i < w->columns.n; i++) {
        const ds_pg_made_type type = ds_pg_type_for(&w->columns.items[i]);

        if (ds_pg_column_named(&w->shape, w->columns.items[i].name))
            continue;
        if (!ds_pg_add_column(w, w->columns.items[i].name, type.sql, err))
            return false;
        note(done, ds_arena_printf(w->arena, "column \"%s\" added as %s", w->columns.items[i].name,
                                   type.name));
    }
    return true;
}

static bool make_index(ds_pg_writer *w, notes *done, ds_err *err)
{
    const ds_pg_column *key = ds_pg_column_named(&w->shape, w->key);

    if (key->unique)
        return true;
    if (!ds_pg_exec(&w->db,
                    ds_arena_printf(w->arena, "CREATE UNIQUE INDEX ON %s (%s)", w->shape.sql,
                                    ds_sql_quoted(w->arena, w->key)),
                    err))
        return ds_wrap(err, "make the key \"%.63s\" unique", w->key);
    w->changed = true;
    note(done, ds_arena_printf(w->arena, "unique index on \"%s\" made", w->key));
    return true;
}

static bool make_in_transaction(ds_pg_writer *w, notes *done, ds_err *err)
{
    if (!ds_pg_look(w, NULL, err)) /* between the look and the lock another unit may have made it */
        return false;
    if (w->shape.oid && !w->shape.writable_kind)
        return ds_fail(err, DS_ERR_CONFIG, "%s: \"%.100s\" is a %s: nothing can be added to it",
                       w->db.at, w->table, w->shape.what);
    return make_table(w, done, err) && make_key(w, done, err) && make_columns(w, done, err) &&
           make_index(w, done, err) && ds_pg_commit(w, err);
}

static bool make_all(ds_pg_writer *w, notes *done, ds_err *err)
{
    if (!ds_pg_look(w, NULL, err) || !ds_pg_lock(w, err))
        return false;
    if (make_in_transaction(w, done, err))
        return true;
    ds_pg_rollback(w);
    return false;
}

bool ds_pg_ensure_schema(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                         void (*did)(void *to, const char *what), void *to, ds_err *err)
{
    ds_pg_writer *w = (ds_pg_writer *)self;
    const ds_open_in in = {.columns = columns, .columns_n = n};
    notes done = {.items = ds_arena_zalloc(ds_activity_arena(act), (n + 3) * sizeof(char *))};
    bool ok = open_table(w, act, &in, err) && make_all(w, &done, err);

    for (size_t i = 0; ok && i < done.n; i++)
        did(to, done.items[i]);
    ds_pg_target_close(self);
    return ok;
}
