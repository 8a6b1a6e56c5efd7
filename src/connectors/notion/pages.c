/* src/connectors/notion/pages.c - the table's rows, page by page. */
#include "connectors/notion/stand.h"
#include "connectors/notion/reader.h"

#include <string.h>

#define QUERY_MAX (64 * DS_KIB)

const ds_json *ds_notion_query(ds_notion_reader *r, ds_activity *act, const ds_buf *body,
                               ds_http_request *req, ds_err *err)
{
    *req = (ds_http_request){.method = "POST",
                             .path = r->query_path,
                             .body = body->data,
                             .body_n = body->n,
                             .repeatable = true, /* it reads */
                             .endpoint = "POST /v1/data_sources/{id}/query"};
    return ds_notion_ask(r->http, act, req, err);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* A cursor has its time, and what it says afterwards names it. */
static bool is_cursor_refused(const ds_http_request *req, ds_arena *a)
{
    return req->status == 400 && strcmp(ds_notion_code(&req->answer, a), "validation_error") == 0 &&
           memmem(req->answer.body, req->answer.body_n, "start_cursor", 12);
}

/* The query gave all it may, and there is more. Where it does not say so, its number tells. */
static bool is_cut(const ds_json *doc, const ds_notion_stand *place)
{
    const ds_json *status = ds_json_get(doc, "request_status");
    const char *type = ds_json_text(status, "type");

    if (type)
        return strcmp(type, "incomplete") == 0;
    return place->served >= DS_NOTION_CAP;
}

static bool stuck(const ds_notion_stand *place, ds_err *err)
{
    return ds_fail(err, DS_ERR_PERMANENT,
                   "Notion gives no more rows of the minute %s: more than one query yields were "
                   "created and edited within the same two minutes; an edit of some of them parts "
                   "them",
                   place->edited ? place->edited : "?");
}

static bool refuse(const ds_notion_reader *r, const ds_http_request *req, ds_err *err)
{
    if (req->status == 404)
        return ds_fail(err, DS_ERR_CONFIG,
                       "the table %s is not there any more, or not shared with the integration",
                       r->table.id);
    return ds_wrap(err, "the rows of table %s", r->table.id);
}

/* Takes the rows of an answer that have not come by before. */
static ds_notion_row *new_rows(const ds_json *results, ds_notion_stand *place, ds_arena *a,
                               size_t *n)
{
    ds_notion_row *rows = ds_arena_alloc(a, (ds_json_size(results) + 1) * sizeof(*rows));

    *n = 0;
    DS_JSON_EACH (results, json) {
        ds_notion_row row;
        bool is_row = ds_notion_row_read(json, &row);

        if (row.id && ds_notion_stand_pass(place, row.id, row.edited, row.created, a) && is_row)
            rows[(*n)++] = row;
    }
    return rows;
}

static bool take(ds_notion_reader *r, ds_activity *act, const ds_json *doc, ds_notion_stand *place,
                 ds_page *page, ds_err *err)
{
    const ds_json *results;
    const char *next;
    size_t n;
    ds_notion_row *rows;

    if (!ds_notion_list(doc, place->at, &results, &next, err))
        return ds_wrap(err, "the rows of table %s", r->table.id);
    rows = new_rows(results, place, page->arena, &n);
    if (!ds_notion_rows_put(r, act, rows, n, page, err))
        return false;
    switch (ds_notion_stand_on(place, next, is_cut(doc, place))) {
    case DS_NOTION_ON:
        page->next_cursor = ds_notion_stand_text(place, page->arena);
        return true;
    case DS_NOTION_END:
        return true;
    default:
        return stuck(place, err);
    }
}

/* ---- a page ---------------------------------------------------------------------------------- */

static void begin_since(ds_notion_stand *place, int64_t since_ms, ds_arena *a)
{
    int64_t from = DS_MAX(since_ms - DS_NOTION_OVERLAP_MS, INT64_C(0));

    place->from = ds_datetime_ms(a, from - from % DS_MINUTE_MS).as.text;
}

static size_t rows_wanted(const ds_notion_reader *r, const ds_fetch *want)
{
    size_t most = r->reads_bodies ? DS_NOTION_ROWS_BODIES : DS_NOTION_ROWS;

    return DS_MAX(DS_MIN(want->limit, most), (size_t)1);
}

/* A cursor that is not taken any more costs nothing: the query begins anew at the last row. */
static bool go_on_without_cursor(ds_notion_stand *place, ds_page *page, ds_err *err)
{
    if (ds_notion_stand_again(place) == DS_NOTION_STUCK)
        return ds_fail(err, DS_ERR_TRANSIENT, "Notion does not take the cursors that it gives");
    page->next_cursor = ds_notion_stand_text(place, page->arena);
    return true;
}

bool ds_notion_fetch(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                     ds_err *err)
{
    ds_notion_reader *r = (ds_notion_reader *)self;
    DS_AUTO_BUF(body, QUERY_MAX);
    ds_notion_stand place;
    ds_http_request req;
    const ds_json *doc;

    if (want->items)
        return ds_notion_fetch_items(r, act, want, page, err);
    if (!ds_notion_stand_read(want->cursor, page->arena, &place)) {
        page->restart = true; /* of another program: from the start */
        place = (ds_notion_stand){0};
    }
    if (want->since_ms >= 0 && !place.from)
        begin_since(&place, want->since_ms, page->arena);
    ds_notion_stand_query(&place, rows_wanted(r, want), &body);
    doc = ds_notion_query(r, act, &body, &req, err);
    if (doc)
        return take(r, act, doc, &place, page, err);
    if (err->kind != DS_ERR_PERMANENT)
        return false;
    if (place.at && is_cursor_refused(&req, page->arena))
        return go_on_without_cursor(&place, page, err);
    return refuse(r, &req, err);
}
