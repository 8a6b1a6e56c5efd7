/* src/connectors/postgresql/source.c - rows of a table or of a query as records. */
#include "connectors/postgresql/postgresql.h"
#include "connectors/postgresql/reader.h"

#include <stddef.h>

static const ds_option options[] = {
    DS_PG_OPTIONS(ds_pg_reader, server),
    {.name = "table",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(ds_pg_reader, table),
     .help = "the table or view to read, with its schema where it needs one; or `query`",
     .one_of = "what"},
    {.name = "query",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(ds_pg_reader, query),
     .keeps = "since",
     .help = "a SELECT to read; or `table`. ${since} in it is the time, a timestamptz, since which "
             "a pass wants changes",
     .one_of = "what"},
    DS_OPT_TEXT(ds_pg_reader, key, "the column that is the primary key"),
    DS_OPT_END,
};

static bool validate(const ds_source *self, ds_err *err)
{
    const ds_pg_reader *r = (const ds_pg_reader *)self;

    if (!r->table == !r->query)
        return ds_fail(err, DS_ERR_CONFIG, "a `table` or a `query` is read: give %s",
                       r->table ? "one of the two, not both" : "one of the two");
    if ((r->table && !*r->table) || (r->query && !*r->query) || !*r->key)
        return ds_fail(err, DS_ERR_CONFIG, "`%s` is empty",
                       !*r->key   ? "key"
                       : r->table ? "table"
                                  : "query");
    return ds_pg_settings_check(&r->server, err);
}

static bool open_source(ds_source *self, ds_activity *act, ds_err *err)
{
    return validate(self, err) && ds_pg_reader_open((ds_pg_reader *)self, act, err);
}

static void close_source(ds_source *self)
{
    ds_pg_reader_close((ds_pg_reader *)self);
}

/* Of what is behind json anything may come. A time may be infinite, and a number none: that is text
 * then, and no column of another type takes it either. */
static ds_type type_of(const ds_pg_type *type)
{
    switch (type->kind) {
    case DS_PG_BOOL:
        return DS_BOOL;
    case DS_PG_INT:
        return DS_INT;
    case DS_PG_FLOAT:
    case DS_PG_NUMERIC:
        return DS_NUMBER;
    case DS_PG_DATE:
        return DS_DATE;
    case DS_PG_TIMESTAMP:
    case DS_PG_TIMESTAMPTZ:
        return DS_DATETIME;
    case DS_PG_ARRAY:
        return type->element == DS_PG_TEXT || type->element == DS_PG_ENUM ||
                       type->element == DS_PG_UUID
                   ? DS_LIST
                   : DS_ABSENT;
    case DS_PG_OTHER:
    case DS_PG_TEXT:
    case DS_PG_UUID:
    case DS_PG_ENUM:
    case DS_PG_BYTEA:
        return DS_TEXT;
    case DS_PG_JSON:
    case DS_PG_JSONB:
        break;
    }
    return DS_ABSENT;
}

static bool describe(ds_source *self, ds_activity *act, const ds_property **out, size_t *n,
                     ds_err *err)
{
    const ds_pg_reader *r = (const ds_pg_reader *)self;
    ds_arena *a = ds_activity_arena(act);
    ds_property *all = ds_arena_alloc(a, (r->columns_n + 1) * sizeof(*all));

    (void)err;
    for (size_t i = 0; i < r->columns_n; i++)
        all[i] = (ds_property){ds_arena_strdup(a, r->names[i]), type_of(&r->types[i])};
    *out = all;
    *n = r->columns_n;
    return true;
}

static bool lists_changes(const ds_source *self)
{
    const ds_pg_reader *r = (const ds_pg_reader *)self;

    return r->query && ds_pg_since_is_in(r->query);
}

const ds_source_ops ds_postgresql_source = {
    .kind = "postgresql",
    .help = "a table or a query of a PostgreSQL database",
    .abi = DS_CONNECTOR_ABI,
    .options = options,
    .instance_size = sizeof(ds_pg_reader),
    .units = ds_one_unit,
    .fetch_page = ds_pg_fetch,
    .open = open_source,
    .close = close_source,
    .validate = validate,
    .lists_changes = lists_changes,
    .targets_items = true,
    .describe = describe,
};
