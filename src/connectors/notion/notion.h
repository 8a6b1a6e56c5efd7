/* src/connectors/notion/notion.h
 *
 * What source and destination share: settings, ids, the client, what a table looks like, and how a
 * property is read.
 *
 * Since version 2025-09-03 of the API a table is a data source, and a database holds one or more of
 * them; before, a database was its table.  Here a table is called a table, and ds_notion_path knows
 * what it is called on the wire.
 */
#ifndef DS_CONNECTORS_NOTION_NOTION_H
#define DS_CONNECTORS_NOTION_NOTION_H

#include <durable_sync/destination.h>
#include <durable_sync/http.h>
#include <durable_sync/source.h>

extern const ds_source_ops ds_notion_source;
extern const ds_destination_ops ds_notion_destination;

/* ---- settings -------------------------------------------------------------------------------- */

typedef struct ds_notion_settings {
    ds_secret *token;
    const char *data_source, *database; /* as written: an id or an address */
    const char *version;
    ds_http_settings http;
} ds_notion_settings;

#define DS_NOTION_OLD "2022-06-28"
#define DS_NOTION_NEW "2025-09-03"
#define DS_NOTION_NEWEST "2026-03-11" /* nothing that is asked here is another thing in it */

/* Their rows of an option table; `member_` is a ds_notion_settings. */
#define DS_NOTION_OPTIONS(type_, member_)                                                          \
    {.name = "token",                                                                              \
     .type = DS_OPTION_SECRET,                                                                     \
     .offset = offsetof(type_, member_.token),                                                     \
     .required = true,                                                                             \
     .env = "NOTION_TOKEN",                                                                        \
     .help = "the integration's secret (ntn_...), from notion.so/profile/integrations"},           \
        {.name = "data_source",                                                                    \
         .type = DS_OPTION_TEXT,                                                                   \
         .offset = offsetof(type_, member_.data_source),                                           \
         .one_of = "table",                                                                        \
         .help = "the data source (table), by id or address"},                                     \
        {.name = "database",                                                                       \
         .type = DS_OPTION_TEXT,                                                                   \
         .offset = offsetof(type_, member_.database),                                              \
         .one_of = "table",                                                                        \
         .help = "the database, by id or address, where it has one data source"},                  \
        {.name = "version",                                                                        \
         .type = DS_OPTION_CHOICE,                                                                 \
         .offset = offsetof(type_, member_.version),                                               \
         .choices = DS_NOTION_NEW "|" DS_NOTION_NEWEST "|" DS_NOTION_OLD,                          \
         .fallback = DS_NOTION_NEW,                                                                \
         .help = "of the API; the oldest one knows no data sources"},                              \
        DS_HTTP_OPTIONS(type_, member_.http, "https://api.notion.com")

/* For `validate`: CONFIG where they cannot be used. `may_lack`: neither of the two names a table.
 */
DS_MUST_USE bool ds_notion_settings_ok(const ds_notion_settings *s, bool may_lack, ds_err *err);
/* "notion:ID" of what the settings name, made in `a`. */
const char *ds_notion_place(const ds_notion_settings *s, ds_arena *a);
bool ds_notion_is_old(const ds_notion_settings *s);

/* ---- ids ------------------------------------------------------------------------------------- */

#define DS_NOTION_ID_N ((size_t)36)

/* The id in a text, as answers write it (dashes, small letters), made in `a`: of an id with or
 * without dashes, or an address that ends in one ("https://www.notion.so/acme/Items-3f2a...?v=1",
 * "collection://3f2a..."). NULL: there is none. */
const char *ds_notion_id(const char *text, ds_arena *a);

/* ---- the client ------------------------------------------------------------------------------ */

/* As ds_http_open. `in_flight` requests at once. */
DS_MUST_USE ds_http *ds_notion_open(const ds_notion_settings *s, ds_activity *act, size_t in_flight,
                                    ds_err *err);
/* Sends one; its answer as JSON in the activity's arena. NULL: with what ds_http_send says, or with
 * what became of this request. */
DS_MUST_USE const ds_json *ds_notion_ask(ds_http *http, ds_activity *act, ds_http_request *req,
                                         ds_err *err);
/* GET `path`, as ds_notion_ask; `endpoint` a literal. */
DS_MUST_USE const ds_json *ds_notion_get(ds_http *http, ds_activity *act, const char *path,
                                         const char *endpoint, ds_err *err);
/* The entries of a list in an answer, and the cursor of what comes after them (NULL: that was all).
 * `at` is the cursor that it was asked with. false with TRANSIENT: it is no list, or there is more
 * and nobody can say where. Then it must not be taken for all there is: rows would be made twice,
 * or be taken for gone. */
DS_MUST_USE bool ds_notion_list(const ds_json *doc, const char *at, const ds_json **entries,
                                const char **next, ds_err *err);
/* The code of a refusal ("validation_error"), in `a`; "" where the answer has none. */
const char *ds_notion_code(const ds_http_answer *answer, ds_arena *a);

/* ---- tables ---------------------------------------------------------------------------------- */

typedef enum ds_notion_type {
    DS_NOTION_TITLE,
    DS_NOTION_RICH_TEXT,
    DS_NOTION_NUMBER,
    DS_NOTION_CHECKBOX,
    DS_NOTION_SELECT,
    DS_NOTION_STATUS,
    DS_NOTION_MULTI_SELECT,
    DS_NOTION_DATE,
    DS_NOTION_PEOPLE,
    DS_NOTION_RELATION,
    DS_NOTION_URL,
    DS_NOTION_EMAIL,
    DS_NOTION_PHONE,
    DS_NOTION_FILES,
    DS_NOTION_PLACE, /* the last one that can be written */
    DS_NOTION_VERIFICATION,
    DS_NOTION_FORMULA,
    DS_NOTION_ROLLUP,
    DS_NOTION_UNIQUE_ID,
    DS_NOTION_CREATED_TIME,
    DS_NOTION_LAST_EDITED_TIME,
    DS_NOTION_CREATED_BY,
    DS_NOTION_LAST_EDITED_BY,
    DS_NOTION_BUTTON,
    DS_NOTION_OTHER, /* of a later day */
} ds_notion_type;

typedef struct ds_notion_column {
    const char *name;
    const char *id; /* stays when the column is renamed; as the API writes it: percent-encoded */
    const char *type_name; /* in Notion's words */
    ds_notion_type type;
    const ds_json *options; /* SELECT, STATUS, MULTI_SELECT: a list of {"name"} */
} ds_notion_column;

typedef struct ds_notion_table {
    const char *id;       /* the data source's; of the old version the database's */
    const char *database; /* the database it belongs to; NULL: not said */
    const ds_notion_column *columns;
    size_t columns_n;
    const char *text; /* the answer it was made of */
    size_t text_n;
} ds_notion_table;

/* What the settings name, as it is now, in the activity's arena. CONFIG: not there or not shared,
 * in the trash, or a database of several data sources (which are listed); else as ds_notion_ask. */
DS_MUST_USE bool ds_notion_table_fetch(const ds_notion_settings *s, ds_http *http, ds_activity *act,
                                       ds_notion_table *out, ds_err *err);
/* A table out of the text of such an answer, in `a`. false: it is none. */
DS_MUST_USE bool ds_notion_table_read(const char *text, size_t n, ds_arena *a,
                                      ds_notion_table *out);
/* NULL: no such column. */
const ds_notion_column *ds_notion_column_named(const ds_notion_table *table, const char *name);
const ds_notion_column *ds_notion_column_of_id(const ds_notion_table *table, const char *id);
bool ds_notion_is_writable(ds_notion_type type);
/* "/v1/data_sources/ID" or "/v1/databases/ID", with `more` ("/query", "") behind it. */
const char *ds_notion_path(const ds_notion_settings *s, const ds_notion_table *table,
                           const char *more, ds_arena *a);

/* ---- values ---------------------------------------------------------------------------------- */

/* One property of a page, {"id", "type", TYPE: ...}, as a neutral value in `a`:
 *
 *   title, rich_text           text
 *   number, checkbox           number, boolean
 *   select, status             text, the option's name
 *   multi_select               list of names
 *   date                       date or datetime; with an end: text "START/END"
 *   people                     list of ids; relation: list of ids of pages; files: list of
 * addresses url, email, phone_number   text created_time, ...          datetime; created_by, ...:
 * text, the id unique_id                  text "DS-12", or the integer where it has no prefix
 *   formula, rollup            what they come to; a rollup's array: list, or nested
 *   place, verification        nested
 *
 * What is empty is null. */
ds_value ds_notion_value(const ds_json *property, ds_arena *a);
/* A piece of a value by its path below the type: "end" of a date, "person.email" of people (then a
 * list with the text of each). Null where nothing is there. */
ds_value ds_notion_part(const ds_json *property, const char *part, ds_arena *a);
#define DS_NOTION_SHOWN ((size_t)25) /* entries of a long list that a page shows */
/* The page may not show all of the property: it must be asked for by itself. */
bool ds_notion_is_cut(const ds_json *property);
/* One of them. */
typedef struct ds_notion_long {
    const char *page, *name;
    const ds_json *property; /* as shown; afterwards as it is, whole */
    size_t record;           /* the caller's */
    size_t most;             /* entries that are of use, more are not read; 0: all */
    bool too_long;           /* it has more: property is as it was shown */
    ds_err err;              /* it could not be read */
} ds_notion_long;

#define DS_NOTION_FLIGHT ((size_t)8) /* requests of a reader that are on their way at once */

/* long.c: reads all of them; false: something that concerns the whole pass. */
DS_MUST_USE bool ds_notion_long_read(ds_http *http, ds_activity *act, ds_notion_long *all, size_t n,
                                     ds_err *err);
/* The text of a list of rich text items, in `a`; "" where there is none. */
const char *ds_notion_plain(const ds_json *rich_text, ds_arena *a, size_t *n);
/* Where a file is: {"type": "external", "external": {"url"}}; one that Notion keeps ("file")
 * without the signature of its address, which is another one in each answer. NULL: nowhere. */
const char *ds_notion_file_url(const ds_json *file, ds_arena *a);
/* A date or time as the API writes it, as a neutral one in UTC. */
ds_value ds_notion_time(const char *text, ds_arena *a);

#endif
