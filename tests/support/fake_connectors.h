/* tests/support/fake_connectors.h
 *
 * Connectors without a system behind them, for tests of the configuration: `file` and `sqlite` have
 * the settings of the real ones, `api` has one option of each type.
 */
#ifndef TESTS_SUPPORT_FAKE_CONNECTORS_H
#define TESTS_SUPPORT_FAKE_CONNECTORS_H

#include "config/config.h"

#include <string.h>

typedef struct fake_file {
    ds_source base;
    const char *path, *format, *key, *items;
} fake_file;

typedef struct fake_sqlite {
    ds_destination base;
    const char *path, *table, *key;
    bool create_table;
} fake_sqlite;

typedef struct fake_api { /* the same settings as a source and as a destination */
    union {
        ds_source source;
        ds_destination destination;
    } base;
    const char *list_id, *base_url, *mode, *cache, *query;
    ds_secret *token, *dsn;
    int64_t page, wait_ms;
    bool archived;
    ds_texts orgs;
} fake_api;

static inline bool fake_file_valid(const ds_source *self, ds_err *err)
{
    const fake_file *file = (const fake_file *)self;

    if (file->items && file->format && !strcmp(file->format, "csv"))
        return ds_fail(err, DS_ERR_CONFIG, "items is for json, not for csv");
    return true;
}

static inline const char *fake_sqlite_identity(const ds_destination *self, ds_arena *a)
{
    const fake_sqlite *db = (const fake_sqlite *)self;

    return ds_arena_printf(a, "sqlite:%s#%s", db->path, db->table);
}

static inline const char *fake_api_identity(const ds_destination *self, ds_arena *a)
{
    return ds_arena_printf(a, "api:%s", ((const fake_api *)self)->list_id);
}

static inline bool fake_remove(ds_destination *self, ds_activity *act, const char *const *keys,
                               const char *const *ids, size_t n, ds_err *err)
{
    (void)self, (void)act, (void)keys, (void)ids, (void)n;
    return ds_fail(err, DS_ERR_PERMANENT, "nothing is here");
}

static inline bool fake_find(ds_destination *self, ds_activity *act, const char *const *keys,
                             size_t n, ds_found *out, ds_err *err)
{
    (void)self, (void)act, (void)keys, (void)n, (void)out;
    return ds_fail(err, DS_ERR_PERMANENT, "nothing is here");
}

static const ds_option fake_file_options[] = {
    DS_OPT_PATH(fake_file, path, "the file, or a pattern such as data/*.jsonl"),
    DS_OPT_CHOICE(fake_file, format, "jsonl|json|csv", NULL, "how it is written"),
    DS_OPT_TEXT(fake_file, key, "the property that is the primary key"),
    DS_OPT_TEXT_OR(fake_file, items, NULL, "the member that holds the rows"),
    DS_OPT_END,
};

static const ds_option fake_sqlite_options[] = {
    DS_OPT_PATH(fake_sqlite, path, "the database file"),
    DS_OPT_TEXT(fake_sqlite, table, "the table"),
    DS_OPT_TEXT(fake_sqlite, key, "the column that holds the primary key"),
    DS_OPT_BOOL(fake_sqlite, create_table, "create the table where there is none"),
    DS_OPT_END,
};

static const ds_option fake_api_options[] = {
    DS_OPT_TEXT(fake_api, list_id, "list to read, from its URL"),
    DS_OPT_SECRET(fake_api, token, "FAKE_API_TOKEN", "personal access token"),
    DS_OPT_TEXT_OR(fake_api, base_url, "https://api.example", "address of the API"),
    DS_OPT_CHOICE(fake_api, mode, "fast|slow", "fast", "how to read"),
    DS_OPT_BOOL(fake_api, archived, "archived ones too"),
    {.name = "cache",
     .type = DS_OPTION_PATH,
     .offset = offsetof(fake_api, cache),
     .fallback = "cache.db",
     .help = "where answers are kept"},
    {.name = "page",
     .type = DS_OPTION_INT,
     .offset = offsetof(fake_api, page),
     .fallback = "50",
     .min = 1,
     .max = 100,
     .help = "rows a request"},
    {.name = "wait",
     .type = DS_OPTION_DURATION,
     .offset = offsetof(fake_api, wait_ms),
     .fallback = "90s",
     .min = DS_SECOND_MS,
     .max = DS_HOUR_MS,
     .help = "time between requests"},
    {.name = "dsn", .type = DS_OPTION_SECRET, .offset = offsetof(fake_api, dsn), .help = "address"},
    {.name = "query",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(fake_api, query),
     .keeps = "since",
     .help = "what to ask for"},
    {.name = "orgs", .type = DS_OPTION_LIST, .offset = offsetof(fake_api, orgs), .help = "whose"},
    DS_OPT_END,
};

static const ds_source_ops fake_file_source = {.kind = "file",
                                               .abi = DS_CONNECTOR_ABI,
                                               .options = fake_file_options,
                                               .instance_size = sizeof(fake_file),
                                               .validate = fake_file_valid};
static const ds_source_ops fake_api_source = {.kind = "api",
                                              .abi = DS_CONNECTOR_ABI,
                                              .options = fake_api_options,
                                              .instance_size = sizeof(fake_api)};
static const ds_destination_ops fake_sqlite_destination = {.kind = "sqlite",
                                                           .abi = DS_CONNECTOR_ABI,
                                                           .options = fake_sqlite_options,
                                                           .instance_size = sizeof(fake_sqlite),
                                                           .promise = DS_PROMISE_A,
                                                           .any_case = true,
                                                           .identity = fake_sqlite_identity,
                                                           .find = fake_find,
                                                           .remove = fake_remove};
static const ds_destination_ops fake_api_destination = {.kind = "api",
                                                        .abi = DS_CONNECTOR_ABI,
                                                        .options = fake_api_options,
                                                        .instance_size = sizeof(fake_api),
                                                        .promise = DS_PROMISE_C,
                                                        .identity = fake_api_identity,
                                                        .archive = fake_remove};

static const ds_source_ops *const fake_sources[] = {&fake_file_source, &fake_api_source};
static const ds_destination_ops *const fake_destinations[] = {&fake_sqlite_destination,
                                                              &fake_api_destination};
static const ds_connectors fake_connectors = {.sources = fake_sources,
                                              .sources_n = 2,
                                              .destinations = fake_destinations,
                                              .destinations_n = 2};

#endif
