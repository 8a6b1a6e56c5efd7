/* src/connectors/sqlite/source.c - rows of a table or of a query as records. */
#include "connectors/sqlite/reader.h"
#include "connectors/sqlite/sqlite.h"

#include <stddef.h>
#include <string.h>

static const ds_option options[] = {
    DS_OPT_PATH(ds_sqlite_reader, path, "the database file"),
    {.name = "table",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(ds_sqlite_reader, table),
     .help = "the table or view to read; or `query`",
     .one_of = "what"},
    {.name = "query",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(ds_sqlite_reader, query),
     .keeps = "since",
     .help = "a SELECT to read; or `table`. ${since} in it is the time since which a pass wants "
             "changes",
     .one_of = "what"},
    DS_OPT_CHOICE(ds_sqlite_reader, since_as, "rfc3339|datetime|seconds|milliseconds", "rfc3339",
                  "how the database writes times: 2026-01-31T09:30:00Z, 2026-01-31 09:30:00, or "
                  "a number since 1970"),
    DS_OPT_TEXT(ds_sqlite_reader, key, "the column that is the primary key"),
    DS_OPT_END,
};

static bool validate(const ds_source *self, ds_err *err)
{
    const ds_sqlite_reader *r = (const ds_sqlite_reader *)self;

    if (!r->table == !r->query)
        return ds_fail(err, DS_ERR_CONFIG, "a `table` or a `query` is read: give %s",
                       r->table ? "one of the two, not both" : "one of the two");
    if ((r->table && !*r->table) || (r->query && !*r->query) || !*r->key)
        return ds_fail(err, DS_ERR_CONFIG, "`%s` is empty",
                       !*r->key   ? "key"
                       : r->table ? "table"
                                  : "query");
    return true;
}

static bool lists_changes(const ds_source *self)
{
    const ds_sqlite_reader *r = (const ds_sqlite_reader *)self;

    return r->query && strstr(r->query, DS_SQL_SINCE);
}

static bool open_source(ds_source *self, ds_activity *act, ds_err *err)
{
    return validate(self, err) && ds_sqlite_reader_open((ds_sqlite_reader *)self, act, err);
}

static void close_source(ds_source *self)
{
    ds_sqlite_reader_close((ds_sqlite_reader *)self);
}

const ds_source_ops ds_sqlite_source = {
    .kind = "sqlite",
    .help = "a table or a query of an SQLite database",
    .abi = DS_CONNECTOR_ABI,
    .options = options,
    .instance_size = sizeof(ds_sqlite_reader),
    .units = ds_one_unit,
    .fetch_page = ds_sqlite_fetch,
    .open = open_source,
    .close = close_source,
    .validate = validate,
    .lists_changes = lists_changes,
    .targets_items = true,
    .describe = ds_sqlite_describe,
};
