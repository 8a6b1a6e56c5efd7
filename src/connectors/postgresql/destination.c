/* src/connectors/postgresql/destination.c - a table that records are written to. */
#include "connectors/postgresql/postgresql.h"
#include "connectors/postgresql/writer.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const ds_option options[] = {
    DS_PG_OPTIONS(ds_pg_writer, settings),
    DS_OPT_TEXT(ds_pg_writer, table, "the table to write to: TABLE or SCHEMA.TABLE"),
    DS_OPT_TEXT(ds_pg_writer, key, "the column that holds the primary key; it must be unique"),
    DS_OPT_BOOL(ds_pg_writer, create_table,
                "make the table and its columns where they are missing"),
    DS_OPT_END,
};

static bool validate(const ds_destination *self, ds_err *err)
{
    const ds_pg_writer *w = (const ds_pg_writer *)self;
    DS_AUTO(ds_arena) a = ds_arena_new();
    const char *schema, *table;

    if (!*w->table || !*w->key)
        return ds_fail(err, DS_ERR_CONFIG, "`%s` is empty", *w->table ? "key" : "table");
    if (!ds_pg_split_name(w->table, a, &schema, &table))
        return ds_fail(err, DS_ERR_CONFIG,
                       "`table`: \"%.100s\" is no name: write TABLE or SCHEMA.TABLE, and a name "
                       "with a dot in it in double quotes",
                       w->table);
    if (strlen(table) > DS_PG_NAME_MAX || strlen(w->key) > DS_PG_NAME_MAX)
        return ds_fail(err, DS_ERR_CONFIG, "`%s`: a name has at most %zu bytes in PostgreSQL",
                       strlen(w->key) > DS_PG_NAME_MAX ? "key" : "table", DS_PG_NAME_MAX);
    if (strcmp(table, DS_PG_STATE) == 0)
        return ds_fail(err, DS_ERR_CONFIG, "`table`: the name \"%s\" is taken", table);
    return ds_pg_settings_check(&w->settings, err);
}

static const char *identity(const ds_destination *self, ds_arena *a)
{
    const ds_pg_writer *w = (const ds_pg_writer *)self;

    return ds_arena_printf(a, "postgresql:%s#%s", ds_pg_place(&w->settings, a), w->table);
}

static bool open_destination(ds_destination *self, ds_activity *act, const ds_open_in *in,
                             ds_open_out *out, ds_err *err)
{
    return validate(self, err) && ds_pg_target_open(self, act, in, out, err);
}

/* ---- looking up ------------------------------------------------------------------------------ */

static const char *find_sql(const ds_pg_writer *w, ds_arena *a)
{
    DS_AUTO_BUF(sql, DS_PG_SQL_MAX);

    ds_buf_text(&sql, "SELECT v.o");
    for (size_t i = 0; i < w->shape.columns_n; i++) {
        if (w->shape.columns[i].may_select)
            ds_buf_printf(&sql, ", t.%s", ds_sql_quoted(a, w->shape.columns[i].name));
    }
    ds_buf_printf(&sql,
                  " FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS v (k, o)"
                  " JOIN %s AS t ON t.%s " DS_PG_EQ " %s",
                  w->shape.sql, ds_sql_quoted(a, w->key_column->name), w->key_value);
    return ds_arena_strdup(a, sql.data);
}

static ds_record *row_of(const ds_pg_writer *w, const PGresult *res, int row, const char *key,
                         ds_arena *a)
{
    ds_record *rec = ds_new_in(a, ds_record);
    int at = 1;

    rec->arena = a;
    rec->primary_key = key;
    for (size_t i = 0; i < w->shape.columns_n; i++) {
        const ds_pg_column *c = &w->shape.columns[i];

        if (c->may_select)
            ds_record_append(rec, ds_arena_strdup(a, c->name),
                             ds_pg_value(a, res, row, at++, &c->type));
    }
    return rec;
}

/* at[i] is where keys[i] of those that fit is in `out`. */
static bool look_up(ds_pg_writer *w, const ds_pg_cell *keys, const size_t *at, size_t n,
                    ds_found *out, ds_arena *a, ds_err *err)
{
    DS_AUTO_BUF(array, DS_MIB * 16);
    DS_AUTO(PGresult) res = NULL;
    const char *value;
    int length, format = 1;
    const ds_pg_statement find = {
        .sql = find_sql(w, a), .n = 1, .values = &value, .lengths = &length, .formats = &format};

    if (!ds_pg_text_array(&array, keys, n, 1))
        return ds_fail(err, DS_ERR_PERMANENT, "%zu keys are too many at once", n);
    value = array.data;
    length = (int)array.n;
    if (!ds_pg_run(&w->db, &find, 1, &res, err))
        return false;
    for (int row = 0; row < PQntuples(res); row++) {
        size_t number = strtoul(PQgetvalue(res, row, 0), NULL, 10);
        ds_found *found;

        if (number < 1 || number > n)
            continue;
        found = &out[at[number - 1]];
        found->n = 1; /* the key is unique */
        found->row = row_of(w, res, row, found->key, a);
    }
    return true;
}

static bool find(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                 ds_found *out, ds_err *err)
{
    ds_pg_writer *w = (ds_pg_writer *)self;
    ds_arena *a = ds_activity_arena(act);
    ds_pg_cell *fit = ds_arena_alloc(a, (n + 1) * sizeof(*fit));
    size_t *at = ds_arena_alloc(a, (n + 1) * sizeof(*at)), fit_n = 0;

    w->db.act = act;
    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    for (size_t i = 0; i < n; i++) {
        out[i] = (ds_found){.key = keys[i]};
        if (!w->shape.oid || ds_pg_fit_key(w->key_column, keys[i], a))
            continue; /* no such key in a column of this type */
        at[fit_n] = i;
        fit[fit_n++] = (ds_pg_cell){keys[i], strlen(keys[i])};
    }
    return !fit_n || look_up(w, fit, at, fit_n, out, a, err);
}

const ds_destination_ops ds_postgresql_destination = {
    .kind = "postgresql",
    .help = "a table of a PostgreSQL database",
    .abi = DS_CONNECTOR_ABI,
    .options = options,
    .instance_size = sizeof(ds_pg_writer),
    .promise = DS_PROMISE_A,
    .upserts = true,
    .identity = identity,
    .write = ds_pg_write,
    .find = find,
    .open = open_destination,
    .close = ds_pg_target_close,
    .flush = ds_pg_flush,
    .finish = ds_pg_flush,
    .remove = ds_pg_remove,
    .check_schema = ds_pg_target_check,
    .misfit = ds_pg_target_misfit,
    .list_columns = ds_pg_list_columns,
    .ensure_schema = ds_pg_ensure_schema,
    .validate = validate,
};
