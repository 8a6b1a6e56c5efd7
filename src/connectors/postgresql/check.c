/* src/connectors/postgresql/check.c - what a table must be like, said at `check` and at each open.
 */
#include "connectors/postgresql/writer.h"

#include <string.h>

bool ds_pg_is_writable(const ds_pg_column *c)
{
    return !c->generated && c->may_select && c->may_insert && c->may_update;
}

const char *ds_pg_state_remedy(const ds_pg_writer *w, ds_arena *a)
{
    const char *schema = w->shape.schema ? ds_sql_quoted(a, w->shape.schema) : "public";

    if (w->shape.state)
        return ds_arena_printf(a, "GRANT SELECT, INSERT, UPDATE, DELETE ON %s.%s TO the user",
                               schema, DS_PG_STATE);
    return ds_arena_printf(a,
                           "it needs a table of its own, %s, there: GRANT CREATE ON SCHEMA %s TO "
                           "the user",
                           DS_PG_STATE, schema);
}

/* ---- the key --------------------------------------------------------------------------------- */

static bool is_key_type(const ds_pg_column *c)
{
    switch (c->type.kind) {
    case DS_PG_INT:
    case DS_PG_UUID:
    case DS_PG_DATE:
    case DS_PG_TEXT:
        return true;
    case DS_PG_NUMERIC: /* 5 and 5.00 are one number, but two texts */
        return strchr(c->declared, ',') == NULL || strstr(c->declared, ",0)") != NULL;
    case DS_PG_OTHER:
    case DS_PG_BOOL:
    case DS_PG_FLOAT:
    case DS_PG_TIMESTAMP:
    case DS_PG_TIMESTAMPTZ:
    case DS_PG_ENUM:
    case DS_PG_JSON:
    case DS_PG_JSONB:
    case DS_PG_BYTEA:
    case DS_PG_ARRAY:
        break;
    }
    return false;
}

/* NULL; else what is wrong with it. */
static const char *key_problem(const ds_pg_writer *w, const ds_pg_column *c, ds_arena *a)
{
    const char *name = ds_arena_printf(a, "%.25s_%.25s_key", w->shape.name, c->name);

    if (c->generated)
        return "is generated: it cannot be written";
    if (!is_key_type(c))
        return ds_arena_printf(a, "is %.80s: a key is text, an integer, a uuid or a date",
                               c->declared);
    if (!c->may_select || !c->may_insert)
        return ds_arena_printf(a,
                               "may not be read and inserted: GRANT SELECT, INSERT, UPDATE ON "
                               "%.140s TO the user",
                               w->shape.sql);
    if (c->blurred)
        return ds_arena_printf(a,
                               "takes keys for one that are not the same: ALTER TABLE %.140s ALTER "
                               "%s TYPE %.60s COLLATE \"C\"",
                               w->shape.sql, ds_sql_quoted(a, c->name), c->declared);
    if (c->deferrable) /* with ON CONFLICT the server refuses every row, whatever else there is */
        return ds_arena_printf(a,
                               "is kept unique by a deferrable constraint: ALTER TABLE %.140s DROP "
                               "CONSTRAINT %.70s, ADD UNIQUE (%s)",
                               w->shape.sql, ds_sql_quoted(a, c->deferrable),
                               ds_sql_quoted(a, c->name));
    if (!c->unique)
        return ds_arena_printf(a,
                               "is kept unique by nothing: CREATE UNIQUE INDEX %s ON %.140s (%s)",
                               ds_sql_quoted(a, name), w->shape.sql, ds_sql_quoted(a, c->name));
    return NULL;
}

static bool check_key(ds_pg_writer *w, ds_err *err)
{
    const ds_pg_column *c = ds_pg_column_named(&w->shape, w->key);
    const char *problem;

    if (!c)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s: table \"%.100s\" has no column \"%.100s\" for `key`%s", w->db.at,
                       w->table, w->key, ds_pg_guess_column(&w->shape, w->key, w->arena));
    problem = key_problem(w, c, w->arena);
    if (problem)
        return ds_fail(err, DS_ERR_CONFIG, "%s: table \"%.100s\": the key column \"%.63s\" %s",
                       w->db.at, w->table, w->key, problem);
    w->key_column = c;
    return true;
}

bool ds_pg_check_table(ds_pg_writer *w, ds_err *err)
{
    if (!w->shape.writable_kind)
        return ds_fail(err, DS_ERR_CONFIG, "%s: \"%.100s\" is a %s: rows are written to tables",
                       w->db.at, w->table, w->shape.what);
    if (w->shape.has_rules)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s: table \"%.100s\" has rules (CREATE RULE), with which no row can be met "
                       "by its key: make triggers of them",
                       w->db.at, w->table);
    return check_key(w, err);
}

/* ---- the columns ----------------------------------------------------------------------------- */

/* NULL; else why the route cannot write it. */
static const char *column_problem(const ds_pg_writer *w, const char *name, ds_arena *a)
{
    const ds_pg_column *c = ds_pg_column_named(&w->shape, name);

    if (!c)
        return ds_arena_printf(a, "table \"%.100s\" has no column \"%.63s\"%s", w->table, name,
                               ds_pg_guess_column(&w->shape, name, a));
    if (c->generated)
        return ds_arena_printf(a,
                               "column \"%.63s\" of table \"%.100s\" is generated: it cannot be "
                               "written",
                               name, w->table);
    if (!ds_pg_is_writable(c))
        return ds_arena_printf(a,
                               "column \"%.63s\" of table \"%.100s\" may not be read, inserted "
                               "and updated by the user",
                               name, w->table);
    return NULL;
}

bool ds_pg_check_columns(ds_pg_writer *w, ds_err *err)
{
    const char *first = NULL;
    size_t more = 0;

    for (size_t i = 0; i < w->columns.n; i++) {
        const char *problem = column_problem(w, w->columns.items[i].name, w->arena);

        more += first && problem;
        first = first ? first : problem;
    }
    if (!first)
        return true;
    return ds_fail(err, DS_ERR_CONFIG, "%s: %s%s", w->db.at, first,
                   more ? ds_arena_printf(w->arena, " (and %zu more)", more) : "");
}

/* ---- check ----------------------------------------------------------------------------------- */

typedef struct say_to {
    void (*say)(void *to, bool is_error, const char *text, const char *remedy);
    void *to;
} say_to;

static const char *column_remedy(const ds_pg_writer *w, const ds_column *wanted, ds_arena *a)
{
    const ds_pg_column *c = ds_pg_column_named(&w->shape, wanted->name);

    if (!c)
        return ds_arena_printf(a, "ALTER TABLE %s ADD COLUMN %s text, or say `create_table: true`",
                               w->shape.sql, ds_sql_quoted(a, wanted->name));
    if (c->generated)
        return "take it out of `fields`: the server fills it";
    return ds_arena_printf(a, "GRANT SELECT, INSERT, UPDATE ON %s TO the user", w->shape.sql);
}

static bool takes(ds_pg_kind kind, ds_type type)
{
    bool number = kind == DS_PG_INT || kind == DS_PG_FLOAT || kind == DS_PG_NUMERIC;
    bool time = kind == DS_PG_TIMESTAMP || kind == DS_PG_TIMESTAMPTZ;

    switch (type) {
    case DS_BOOL:
        return !time && kind != DS_PG_DATE && kind != DS_PG_UUID && kind != DS_PG_ARRAY;
    case DS_INT:
    case DS_NUMBER:
        return !time && kind != DS_PG_DATE && kind != DS_PG_UUID && kind != DS_PG_ARRAY &&
               kind != DS_PG_BOOL;
    case DS_DATE:
        return !number && kind != DS_PG_BOOL && kind != DS_PG_UUID && kind != DS_PG_ARRAY;
    case DS_DATETIME:
        return !number && kind != DS_PG_DATE && kind != DS_PG_BOOL && kind != DS_PG_UUID &&
               kind != DS_PG_ARRAY;
    case DS_LIST:
    case DS_NESTED:
        return kind == DS_PG_TEXT || kind == DS_PG_JSON || kind == DS_PG_JSONB ||
               kind == DS_PG_ARRAY || kind == DS_PG_OTHER;
    case DS_ABSENT:
    case DS_NULL:
    case DS_TEXT: /* a text may spell anything */
        break;
    }
    return true;
}

static void check_column(const ds_pg_writer *w, const ds_column *wanted, const say_to *out,
                         ds_arena *a)
{
    const ds_pg_column *c = ds_pg_column_named(&w->shape, wanted->name);
    const char *problem = column_problem(w, wanted->name, a);

    if (problem && (c || !w->create_table))
        out->say(out->to, wanted->type != DS_ABSENT, problem, column_remedy(w, wanted, a));
    else if (c && wanted->typed && !takes(c->type.kind, wanted->type))
        out->say(out->to, false,
                 ds_arena_printf(a, "column \"%s\" is %s, the route writes %s", c->name,
                                 c->declared, ds_type_name(wanted->type)),
                 "records whose value does not fit will be held: change the column or `as`");
}

/* What `takes` doubts, a value may do all the same: 0 and 1 are booleans. */
static bool never_fits(ds_type type, ds_pg_kind kind)
{
    bool number = type == DS_INT || type == DS_NUMBER;

    return !takes(kind, type) && !(number && kind == DS_PG_BOOL);
}

/* What the server alone can read (a date in words, a value of an enum) is left to it. */
const char *ds_pg_target_misfit(ds_destination *self, ds_activity *act, const char *column,
                                ds_type type, const ds_value *value)
{
    ds_pg_writer *w = (ds_pg_writer *)self;
    const ds_pg_column *c = w->shape.oid ? ds_pg_column_named(&w->shape, column) : NULL;
    ds_arena *a = ds_activity_arena(act);
    ds_pg_cell cell;

    if (!c || !ds_pg_is_writable(c))
        return NULL;
    if (value)
        return ds_pg_fit(c, *value, a, &cell);
    return never_fits(type, c->type.kind)
               ? ds_arena_printf(a, "column \"%s\" is %s", c->name, c->declared)
               : NULL;
}

static void check_state(const ds_pg_writer *w, const say_to *out, ds_arena *a)
{
    if (!w->shape.schema_there)
        out->say(out->to, true,
                 ds_arena_printf(a, "there is no schema \"%s\" to make the table in",
                                 w->shape.schema ? w->shape.schema : "(none in the search path)"),
                 "CREATE SCHEMA, or name another one in `table`");
    else if (!w->shape.may_make && (!w->shape.state || !w->shape.oid))
        out->say(out->to, true,
                 ds_arena_printf(a, "no table can be made in schema \"%s\"", w->shape.schema),
                 w->shape.state ? ds_arena_printf(a, "GRANT CREATE ON SCHEMA %s TO the user",
                                                  ds_sql_quoted(a, w->shape.schema))
                                : ds_pg_state_remedy(w, a));
}

static bool check_takes_writes(ds_pg_writer *w, const say_to *out, ds_err *err)
{
    DS_AUTO(PGresult)
    res = ds_pg_query(&w->db,
                      "SELECT 1 WHERE pg_catalog.pg_is_in_recovery() OR EXISTS (SELECT 1 FROM"
                      " pg_catalog.pg_settings WHERE name " DS_PG_EQ
                      " 'default_transaction_read_only'"
                      " AND reset_val " DS_PG_EQ " 'on')",
                      0, NULL, err);

    if (res && PQntuples(res) > 0)
        out->say(out->to, true, "the server takes no writes: a standby, or set to read only",
                 "name the primary in `url`, or ALTER ROLE the user SET "
                 "default_transaction_read_only = off");
    return res != NULL;
}

bool ds_pg_target_check(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                        void (*say)(void *to, bool is_error, const char *text, const char *remedy),
                        void *to, ds_err *err)
{
    ds_pg_writer *w = (ds_pg_writer *)self;
    const say_to out = {say, to};

    w->db.act = act;
    check_state(w, &out, ds_activity_arena(act));
    for (size_t i = 0; w->shape.oid && i < n; i++)
        check_column(w, &columns[i], &out, ds_activity_arena(act));
    return check_takes_writes(w, &out, err);
}
