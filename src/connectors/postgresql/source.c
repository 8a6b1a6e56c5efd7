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
};
