/* src/connectors/notion/table.c - which table the settings name, and its columns. */
#include "connectors/notion/notion.h"

#include <stdio.h>
#include <string.h>

static const struct known {
    const char *name;
    ds_notion_type type;
} known[] = {
    {"title", DS_NOTION_TITLE},
    {"rich_text", DS_NOTION_RICH_TEXT},
    {"number", DS_NOTION_NUMBER},
    {"checkbox", DS_NOTION_CHECKBOX},
    {"select", DS_NOTION_SELECT},
    {"status", DS_NOTION_STATUS},
    {"multi_select", DS_NOTION_MULTI_SELECT},
    {"date", DS_NOTION_DATE},
    {"people", DS_NOTION_PEOPLE},
    {"relation", DS_NOTION_RELATION},
    {"url", DS_NOTION_URL},
    {"email", DS_NOTION_EMAIL},
    {"phone_number", DS_NOTION_PHONE},
    {"files", DS_NOTION_FILES},
    {"place", DS_NOTION_PLACE},
    {"verification", DS_NOTION_VERIFICATION},
    {"formula", DS_NOTION_FORMULA},
    {"rollup", DS_NOTION_ROLLUP},
    {"unique_id", DS_NOTION_UNIQUE_ID},
    {"created_time", DS_NOTION_CREATED_TIME},
    {"last_edited_time", DS_NOTION_LAST_EDITED_TIME},
    {"created_by", DS_NOTION_CREATED_BY},
    {"last_edited_by", DS_NOTION_LAST_EDITED_BY},
    {"button", DS_NOTION_BUTTON},
};

bool ds_notion_is_writable(ds_notion_type type)
{
    return type <= DS_NOTION_PLACE;
}

static ds_notion_type type_of(const char *name)
{
    for (size_t i = 0; i < DS_COUNT(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].type;
    return DS_NOTION_OTHER;
}

/* ---- columns --------------------------------------------------------------------------------- */

static ds_notion_column column_of(const char *name, const ds_json *property, ds_arena *a)
{
    const char *type = ds_json_text(property, "type"), *id = ds_json_text(property, "id");

    if (!type)
        type = "";
    return (ds_notion_column){.name = ds_arena_strdup(a, name),
                              .id = id ? id : name,
                              .type_name = type,
                              .type = type_of(type),
                              .options = ds_json_get(ds_json_get(property, type), "options")};
}

bool ds_notion_table_read(const char *text, size_t n, ds_arena *a, ds_notion_table *out)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *doc = ds_json_read(a, text, n, &err);
    const ds_json *properties = ds_json_get(doc, "properties"), *property;
    ds_json_iter it = ds_json_iterate(properties);
    ds_notion_column *columns =
        ds_arena_zalloc(a, (ds_json_size(properties) + 1) * sizeof(*columns));

    *out = (ds_notion_table){.id = ds_json_text(doc, "id"), .columns = columns, .text_n = n};
    if (!out->id || ds_json_kind_of(properties) != DS_JSON_OBJECT)
        return false;
    out->text = ds_arena_strndup(a, text, n);
    out->database = ds_json_text(ds_json_get(doc, "parent"), "database_id");
    while ((property = ds_json_next(&it)) != NULL)
        columns[out->columns_n++] = column_of(it.name, property, a);
    return true;
}

const ds_notion_column *ds_notion_column_named(const ds_notion_table *table, const char *name)
{
    for (size_t i = 0; i < table->columns_n; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    return NULL;
}

const ds_notion_column *ds_notion_column_of_id(const ds_notion_table *table, const char *id)
{
    for (size_t i = 0; i < table->columns_n; i++)
        if (strcmp(table->columns[i].id, id) == 0)
            return &table->columns[i];
    return NULL;
}

const char *ds_notion_path(const ds_notion_settings *s, const ds_notion_table *table,
                           const char *more, ds_arena *a)
{
    return ds_arena_printf(a, "/v1/%s/%s%s", ds_notion_is_old(s) ? "databases" : "data_sources",
                           table->id, more);
}

/* ---- which one ------------------------------------------------------------------------------- */

#define NOT_SHARED                                                                                 \
    "it is not there, or not shared with the integration: open it in Notion, and add the "         \
    "integration under ... > Connections"

static bool is_missing(const ds_err *err)
{
    return err->kind == DS_ERR_PERMANENT && err->http_status == 404;
}

/* A refusal of the table is a matter of settings. */
static bool refuse(const char *what, const char *id, ds_err *err)
{
    if (is_missing(err))
        return ds_fail(err, DS_ERR_CONFIG, "%s %s: " NOT_SHARED, what, id);
    if (err->kind == DS_ERR_PERMANENT)
        err->kind = DS_ERR_CONFIG;
    return ds_wrap(err, "%s %s", what, id);
}

static bool take(const ds_http_request *req, ds_activity *act, ds_notion_table *out, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    const ds_json *doc = ds_http_json(act, req, err);

    if (!doc)
        return false;
    if (ds_json_bool(doc, "in_trash") || ds_json_bool(doc, "archived"))
        return ds_fail(err, DS_ERR_CONFIG, "it is in the trash of Notion: take it out of there");
    return ds_notion_table_read(req->answer.body, req->answer.body_n, a, out) ||
           ds_fail(err, DS_ERR_TRANSIENT, "the answer describes no table");
}

static bool ask_table(ds_http *http, ds_activity *act, const char *path, const char *endpoint,
                      ds_notion_table *out, ds_err *err)
{
    ds_http_request req = {.method = "GET", .path = path, .repeatable = true, .endpoint = endpoint};

    return ds_notion_ask(http, act, &req, err) && take(&req, act, out, err);
}

static bool ask_source(ds_http *http, ds_activity *act, const char *id, ds_notion_table *out,
                       ds_err *err)
{
    return ask_table(http, act, ds_arena_printf(ds_activity_arena(act), "/v1/data_sources/%s", id),
                     "GET /v1/data_sources/{id}", out, err);
}

/* The one data source of a database. NULL with CONFIG: it has several, which are listed, or none.
 */
static const char *only_source(const ds_json *database, ds_err *err)
{
    const ds_json *sources = ds_json_get(database, "data_sources");
    DS_AUTO_BUF(list, 300);

    if (ds_json_size(sources) == 1 && ds_json_text(ds_json_at(sources, 0), "id"))
        return ds_json_text(ds_json_at(sources, 0), "id");
    if (!ds_json_size(sources)) {
        ds_fail(
            err, DS_ERR_CONFIG,
            "it has no data source of its own, only views of others: name the one that they show");
        return NULL;
    }
    DS_JSON_EACH (sources, source) {
        const char *name = ds_json_text(source, "name"), *source_id = ds_json_text(source, "id");

        ds_buf_printf(&list, "%s%s (%.40s)", list.n ? ", " : "", source_id ? source_id : "?",
                      name ? name : "");
    }
    ds_fail(err, DS_ERR_CONFIG,
            "it is a database of %zu data sources: write `data_source` with one of %s",
            ds_json_size(sources), list.data ? list.data : "them");
    return NULL;
}

static bool ask_database(ds_http *http, ds_activity *act, const char *id, ds_notion_table *out,
                         ds_err *err)
{
    const char *path = ds_arena_printf(ds_activity_arena(act), "/v1/databases/%s", id);
    const ds_json *database = ds_notion_get(http, act, path, "GET /v1/databases/{id}", err);
    const char *source;

    if (!database)
        return false;
    source = only_source(database, err);
    return source && ask_source(http, act, source, out, err);
}

/* The oldest version does not even tell which data sources a database has. */
static bool refuse_old(const char *id, ds_err *err)
{
    bool refused = err->http_status == 400;

    refuse("database", id, err);
    return refused ? ds_wrap(err, "version 2022-06-28 takes databases of one data source; without "
                                  "`version` the others are listed")
                   : false;
}

bool ds_notion_table_fetch(const ds_notion_settings *s, ds_http *http, ds_activity *act,
                           ds_notion_table *out, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    const char *id = ds_notion_id(s->data_source ? s->data_source : s->database, a);
    ds_err other = DS_ERR_INIT;

    if (ds_notion_is_old(s))
        return ask_table(http, act, ds_arena_printf(a, "/v1/databases/%s", id),
                         "GET /v1/databases/{id}", out, err) ||
               refuse_old(id, err);
    if (s->database)
        return ask_database(http, act, id, out, err) || refuse("database", id, err);
    if (ask_source(http, act, id, out, err))
        return true;
    if (!is_missing(err))
        return refuse("data source", id, err);
    if (ask_database(http, act, id, out, &other)) /* its address was taken for the table's */
        return true;
    if (!is_missing(&other))
        *err = other;
    return refuse("data source", id, err);
}
