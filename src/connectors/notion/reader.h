/* src/connectors/notion/reader.h - the source: its instance, and what its files ask of each other.
 */
#ifndef DS_CONNECTORS_NOTION_READER_H
#define DS_CONNECTORS_NOTION_READER_H

#include "connectors/notion/notion.h"

#define DS_NOTION_ROWS ((size_t)100) /* the most that a query gives at once */
#define DS_NOTION_ROWS_BODIES                                                                      \
    ((size_t)25) /* a page whose bodies are read is smaller: they stay in                          \
                    memory until it is written */
/* Times have whole minutes, and a query may not know yet what was written a moment ago: what is
 * younger than this may change without a new time. */
#define DS_NOTION_OVERLAP_MS (2 * DS_MINUTE_MS)

typedef struct ds_notion_reader {
    ds_source base; /* first */
    ds_notion_settings settings;
    const char *key; /* NULL: the row's page is known by its id */
    bool body;       /* the text of each page is read, whatever the route names */

    /* from open on */
    ds_arena *arena; /* lives as long as the instance */
    ds_http *http;
    ds_notion_table table;
    const ds_notion_column *key_column; /* NULL: the page's id */
    const char *const *wanted;          /* NULL: all */
    size_t wanted_n;
    const char *query_path; /* with the columns that are wanted, where few are */
    bool reads_bodies;
} ds_notion_reader;

/* A row as the API shows it, on its way to a record. */
typedef struct ds_notion_row {
    const ds_json *json;
    const char *id;
    const char *edited, *created; /* as the API writes them; NULL: it does not tell */
    size_t record;                /* where it stands on the page */
} ds_notion_row;

/* ---- record.c -------------------------------------------------------------------------------- */

/* What a pass wants to know of its rows, from the route; and whether that can be. CONFIG: `key` is
 * no column, or one that cannot be a key. */
DS_MUST_USE bool ds_notion_reader_plan(ds_notion_reader *r, ds_activity *act, ds_err *err);
/* false: it is no row (any more): in the trash, no page. */
bool ds_notion_row_read(const ds_json *json, ds_notion_row *row);
/* Puts the rows on the page: properties, the long ones whole, and bodies. */
DS_MUST_USE bool ds_notion_rows_put(ds_notion_reader *r, ds_activity *act, ds_notion_row *rows,
                                    size_t n, ds_page *page, ds_err *err);
/* The key of a row, in `a`; NULL: it has none. */
const char *ds_notion_row_key(const ds_notion_reader *r, const ds_notion_row *row, ds_arena *a);

/* ---- fetch_body.c ---------------------------------------------------------------------------- */

/* The bodies of the rows on the page: those that have not changed since are recalled. */
DS_MUST_USE bool ds_notion_bodies_put(ds_notion_reader *r, ds_activity *act,
                                      const ds_notion_row *rows, size_t n, ds_page *page,
                                      ds_err *err);

/* ---- pages.c, items.c ------------------------------------------------------------------------ */

DS_MUST_USE bool ds_notion_fetch(ds_source *self, ds_activity *act, const ds_fetch *want,
                                 ds_page *page, ds_err *err);
DS_MUST_USE bool ds_notion_fetch_items(ds_notion_reader *r, ds_activity *act, const ds_fetch *want,
                                       ds_page *page, ds_err *err);
/* POST to the table's query. *req says what became of it; NULL as ds_notion_ask. */
DS_MUST_USE const ds_json *ds_notion_query(ds_notion_reader *r, ds_activity *act,
                                           const ds_buf *body, ds_http_request *req, ds_err *err);

#endif
