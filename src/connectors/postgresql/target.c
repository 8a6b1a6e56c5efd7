/* src/connectors/postgresql/target.c
 *
 * The table that is written: made where the settings say so, looked at closely where it is somebody
 * else's.  Everything that would go wrong with every row is said here, before the first one.
 */
#include "connectors/postgresql/writer.h"

#include <string.h>

/* ---- SQL ------------------------------------------------------------------------------------- */

/* A column of which nobody knows what comes takes whatever does: that is text. */
ds_pg_made_type ds_pg_type_for(const ds_column *c)
{
    static const ds_pg_made_type text = {"text", "pg_catalog.text"};

    switch (ds_column_holds(c)) {
    case DS_BOOL:
        return (ds_pg_made_type){"boolean", "pg_catalog.bool"};
    case DS_INT:
        return (ds_pg_made_type){"bigint", "pg_catalog.int8"};
    case DS_NUMBER:
        return (ds_pg_made_type){"numeric", "pg_catalog.numeric"};
    case DS_DATE:
        return (ds_pg_made_type){"date", "pg_catalog.date"};
    case DS_DATETIME:
        return (ds_pg_made_type){"timestamp with time zone", "pg_catalog.timestamptz"};
    case DS_LIST:
        return (ds_pg_made_type){"text[]", "pg_catalog.text[]"};
    case DS_NESTED:
        return (ds_pg_made_type){"jsonb", "pg_catalog.jsonb"};
    case DS_ABSENT:
    case DS_NULL:
    case DS_TEXT:
        break;
    }
    return text;
}

bool ds_pg_reload(ds_pg_writer *w, ds_err *err)
{
    if (!ds_pg_table_read(&w->db, w->schema, w->name, w->arena, &w->shape, err))
        return false;
    w->key_column = ds_pg_column_named(&w->shape, w->key);
    return true;
}

bool ds_pg_add_column(ds_pg_writer *w, const char *name, const char *type, ds_err *err)
{
    const char *sql = ds_arena_printf(w->arena, "ALTER TABLE %s ADD COLUMN IF NOT EXISTS %s %s",
                                      w->shape.sql, ds_sql_quoted(w->arena, name), type);

    if (!ds_pg_exec(&w->db, sql, err))
        return false;
    w->changed = true;
    return ds_pg_reload(w, err);
}

/* COLLATE "C": keys are compared byte by byte, which is what they are, and twice as fast. */
bool ds_pg_create_table(ds_pg_writer *w, ds_err *err)
{
    DS_AUTO_BUF(sql, DS_PG_SQL_MAX);

    if (!w->shape.schema_there)
        return ds_fail(err, DS_ERR_CONFIG, "%s: there is no schema \"%.63s\" to make the table in",
                       w->db.at, w->shape.schema ? w->shape.schema : "(none in the search path)");
    if (!w->shape.may_make)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s: the user may not make tables in schema \"%.63s\": GRANT CREATE ON "
                       "SCHEMA %.70s TO it",
                       w->db.at, w->shape.schema, ds_sql_quoted(w->arena, w->shape.schema));
    ds_buf_printf(&sql, "CREATE TABLE %s (%s " DS_PG_KEY_TYPE " PRIMARY KEY", w->shape.sql,
                  ds_sql_quoted(w->arena, w->key));
    for (size_t i = 0; i < w->columns.n; i++) {
        if (strcmp(w->columns.items[i].name, w->key) == 0)
            continue;
        ds_buf_text(&sql, ", ");
        ds_sql_name(&sql, w->columns.items[i].name);
        ds_buf_printf(&sql, " %s", ds_pg_type_for(&w->columns.items[i]).sql);
    }
    ds_buf_text(&sql, ")");
    return ds_buf_ok(&sql, "the table's columns", err) && ds_pg_exec(&w->db, sql.data, err) &&
           ds_pg_reload(w, err);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* The instance outlives neither the pass nor what it is told of it; the rest is copied. */
void ds_pg_remember(ds_pg_writer *w, const ds_open_in *in)
{
    ds_sql_columns_keep(&w->columns, in, w->arena);
    w->owner = ds_arena_strdup(w->arena, in->owner ? in->owner : "");
}

/* Names longer than this are cut by the server, and then belong to something else. */
bool ds_pg_names_fit(const ds_pg_writer *w, ds_err *err)
{
    for (size_t i = 0; i < w->columns.n; i++) {
        if (strlen(w->columns.items[i].name) > DS_PG_NAME_MAX)
            return ds_fail(err, DS_ERR_CONFIG,
                           "column \"%.100s\": a name has at most %zu bytes in PostgreSQL",
                           w->columns.items[i].name, DS_PG_NAME_MAX);
    }
    return true;
}

static bool fail_missing(ds_pg_writer *w, ds_err *err)
{
    const char *guess;

    if (!ds_pg_guess_table(&w->db, w->table, w->arena, &guess, err))
        return false;
    return ds_fail(err, DS_ERR_CONFIG,
                   "%s: no such table: \"%.100s\"%s Make it, or say `create_table: true`", w->db.at,
                   w->table, *guess ? guess : ".");
}

static bool add_missing_columns(ds_pg_writer *w, ds_err *err)
{
    for (size_t i = 0; i < w->columns.n; i++) {
        if (!ds_pg_column_named(&w->shape, w->columns.items[i].name) &&
            !ds_pg_add_column(w, w->columns.items[i].name, ds_pg_type_for(&w->columns.items[i]).sql,
                              err))
            return false;
    }
    return true;
}

/* Where the lines are, and what they call the table. */
static void find_state(ds_pg_writer *w)
{
    w->target = w->shape.name;
    w->state = w->shape.state
                   ? ds_arena_printf(w->arena, "%s.%s", ds_sql_quoted(w->arena, w->shape.schema),
                                     DS_PG_STATE)
                   : NULL;
}

bool ds_pg_look(ds_pg_writer *w, const char *known, ds_err *err)
{
    if (!ds_pg_reload(w, err))
        return false;
    find_state(w);
    if (w->state && !w->shape.may_keep_state)
        return ds_fail(err, DS_ERR_CONFIG, "%s: the table %.150s may not be written: %s", w->db.at,
                       w->state, ds_pg_state_remedy(w, w->arena));
    return ds_pg_state_read(w, known, err);
}

/* Inside the transaction: what is missing is made, and from here on we follow the table. */
static bool settle(ds_pg_writer *w, const char *known, ds_err *err)
{
    bool is_new;

    /* Between the look and the lock another unit may have made it. */
    if (!ds_pg_look(w, known, err))
        return false;
    is_new = !w->shape.oid;
    if (is_new && !ds_pg_create_table(w, err))
        return false;
    if (!ds_pg_check_table(w, err))
        return false;
    if ((w->create_table && !add_missing_columns(w, err)) || !ds_pg_check_columns(w, err))
        return false;
    if (is_new) {
        *w->probe = '\0';
        w->shape.rows = 0;
    }
    return w->continues || ds_pg_state_begin(w, is_new, err);
}

static bool needs_settling(const ds_pg_writer *w)
{
    if (!w->shape.oid || !w->continues)
        return true;
    for (size_t i = 0; i < w->columns.n; i++) {
        if (!ds_pg_column_named(&w->shape, w->columns.items[i].name))
            return true;
    }
    return false;
}

static bool open_to_write(ds_pg_writer *w, const char *known, ds_err *err)
{
    if (!w->shape.oid && !w->create_table)
        return fail_missing(w, err);
    if (!needs_settling(w))
        return ds_pg_check_table(w, err) && ds_pg_check_columns(w, err);
    if (!ds_pg_lock(w, err))
        return false;
    if (settle(w, known, err) && ds_pg_commit(w, err))
        return true;
    ds_pg_rollback(w);
    return false;
}

static bool open_to_read(ds_pg_writer *w, ds_open_out *out, ds_err *err)
{
    out->exists = w->shape.oid != 0;
    if (!out->exists)
        return w->create_table || fail_missing(w, err);
    return ds_pg_check_table(w, err);
}

/* A batch is found by its keys, one after the other, and never by reading the table from end to
 * end: what the server takes a jump on the disk to cost decides that. */
bool ds_pg_connect(ds_pg_writer *w, ds_activity *act, bool reading_only, ds_err *err)
{
    const char *values[] = {reading_only ? "on" : NULL};
    PGresult *res;

    if (!ds_pg_open(&w->db, &w->settings, w->base.route, act, w->arena, err))
        return false;
    res = ds_pg_query(&w->db,
                      "SELECT pg_catalog.set_config('random_page_cost', '1.1', false),"
                      " pg_catalog.set_config('default_transaction_read_only', coalesce($1,"
                      " pg_catalog.current_setting('default_transaction_read_only')), false)",
                      1, values, err);
    PQclear(res);
    return res != NULL;
}

static bool all_may_be_read(const ds_pg_table *t)
{
    for (size_t i = 0; i < t->columns_n; i++)
        if (!t->columns[i].may_select)
            return false;
    return true;
}

static bool open_database(ds_pg_writer *w, ds_activity *act, const ds_open_in *in, ds_open_out *out,
                          ds_err *err)
{
    if (!ds_pg_connect(w, act, in->reading_only, err) || !ds_pg_look(w, in->generation, err))
        return false;
    if (in->reading_only ? !open_to_read(w, out, err) : !open_to_write(w, in->generation, err))
        return false;
    w->look_first = w->shape.rows != 0 || w->shape.leaves_traces;
    if (w->key_column)
        w->key_value = ds_pg_as_type(w->key_column, "v.k", w->arena);
    out->rows = w->shape.oid ? w->shape.rows : 0;
    out->continues = w->continues;
    out->whole_rows = !w->create_table && all_may_be_read(&w->shape);
    return true;
}

bool ds_pg_target_open(ds_destination *self, ds_activity *act, const ds_open_in *in,
                       ds_open_out *out, ds_err *err)
{
    ds_pg_writer *w = (ds_pg_writer *)self;

    ds_pg_target_close(self);
    *out = (ds_open_out){.exists = true, .rows = -1};
    w->arena = ds_arena_new();
    ds_pg_remember(w, in);
    if (ds_pg_split_name(w->table, w->arena, &w->schema, &w->name) &&
        (!w->create_table || ds_pg_names_fit(w, err)) && open_database(w, act, in, out, err))
        return true;
    ds_pg_target_close(self);
    return false;
}

void ds_pg_target_close(ds_destination *self)
{
    ds_pg_writer *w = (ds_pg_writer *)self;

    if (!w->arena)
        return;
    ds_pg_plans_free(w);
    ds_pg_arrays_free(w);
    ds_buf_fini(&w->copy_data);
    ds_pg_close(&w->db);
    ds_arena_free(w->arena);
    w->arena = NULL;
    w->shape = (ds_pg_table){0};
    w->key_column = NULL;
    w->in_tx = w->changed = w->lost = false;
}
