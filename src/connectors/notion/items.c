/* src/connectors/notion/items.c
 *
 * Rows that somebody named: by the ids of their pages, each asked for by itself, or by their keys,
 * many in one query.
 */
#include "connectors/notion/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MOST ((size_t)24)
#define KEYS_MOST ((size_t)50)
#define QUERIES_MOST 20 /* for as many keys: then a key has more than a thousand rows */

/* The cursor is the number of the next item. */
static size_t first_of(const ds_fetch *want)
{
    unsigned long at = want->cursor ? strtoul(want->cursor, NULL, 10) : 0;

    return DS_MIN((size_t)at, want->items_n);
}

static void lead_on(const ds_fetch *want, size_t at, ds_page *page)
{
    if (at < want->items_n)
        page->next_cursor = ds_arena_printf(page->arena, "%zu", at);
}

/* ---- by id ----------------------------------------------------------------------------------- */

/* A page may be anywhere: only those of this table are its rows. */
static bool is_ours(const ds_notion_reader *r, const ds_json *json)
{
    const ds_json *parent = ds_json_get(json, "parent");
    const char *name = ds_notion_is_old(&r->settings) ? "database_id" : "data_source_id";
    const char *id = ds_json_text(parent, name);

    return id && strcmp(id, r->table.id) == 0;
}

/* It is gone, was never there, or is something else. Any other refusal does not tell. */
static bool is_no_row(const ds_http_request *req)
{
    return req->err.kind == DS_ERR_PERMANENT && (req->status == 404 || req->status == 400);
}

/* `names`: the ids, as whoever asks has spelt them. */
static bool ask_pages(ds_notion_reader *r, ds_activity *act, const char *const *names,
                      const char *const *ids, size_t n, ds_page *page, ds_err *err)
{
    ds_arena *a = page->arena;
    ds_http_request requests[PAGES_MOST];
    ds_notion_row rows[PAGES_MOST];
    size_t rows_n = 0;

    for (size_t i = 0; i < n; i++)
        requests[i] = (ds_http_request){.method = "GET",
                                        .path = ds_arena_printf(a, "/v1/pages/%s", ids[i]),
                                        .repeatable = true,
                                        .endpoint = "GET /v1/pages/{id}"};
    if (!ds_http_send(r->http, act, requests, n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const ds_json *doc;

        if (is_no_row(&requests[i]))
            continue;
        if (requests[i].err.kind == DS_ERR_PERMANENT) {
            ds_record_hold(ds_page_add(page), ds_arena_printf(a, "page:%s", ids[i]), "%s",
                           requests[i].err.text);
            ds_page_answers(page, names[i]); /* what became of it is told */
            continue;
        }
        *err = requests[i].err;
        doc = err->kind == DS_ERR_NONE ? ds_http_json(act, &requests[i], err) : NULL;
        if (!doc)
            return ds_wrap(err, "page %s", ids[i]);
        if (!ds_notion_row_read(doc, &rows[rows_n]) || !is_ours(r, doc))
            continue;
        rows_n++;
        ds_page_answers(page, names[i]);
    }
    return ds_notion_rows_put(r, act, rows, rows_n, page, err);
}

static bool fetch_by_id(ds_notion_reader *r, ds_activity *act, const ds_fetch *want, ds_page *page,
                        ds_err *err)
{
    size_t at = first_of(want), n = 0;
    size_t most = DS_MIN(PAGES_MOST, DS_MAX(want->limit, (size_t)1));
    const char *ids[PAGES_MOST], *names[PAGES_MOST];

    for (; at < want->items_n && n < most; at++) {
        names[n] = want->items[at];
        ids[n] = ds_notion_id(want->items[at], page->arena);
        n += ids[n] != NULL; /* what is no id names no row */
    }
    if (n && !ask_pages(r, act, names, ids, n, page, err))
        return false;
    lead_on(want, at, page);
    return true;
}

/* ---- by key ---------------------------------------------------------------------------------- */

/* The number of "ABC-12"; of a number itself, as a JSON number. NULL: the key can be no row's. */
static const char *number_of(const ds_notion_reader *r, const char *key)
{
    const char *dash = strrchr(key, '-');
    const char *digits = r->key_column->type == DS_NOTION_UNIQUE_ID && dash ? dash + 1 : key;
    size_t n = strlen(digits);
    const char *from = *digits == '-' ? digits + 1 : digits;
    size_t whole = strspn(from, "0123456789"), part = 0;

    if (from[whole] == '.')
        part = 1 + strspn(from + whole + 1, "0123456789");
    if (!whole || whole > 18 || part == 1 || (size_t)(from - digits) + whole + part != n ||
        (*from == '0' && whole > 1))
        return NULL;
    return digits;
}

/* One `equals` of the filter; false: nothing was written. */
static bool put_equals(const ds_notion_reader *r, const char *key, ds_json_writer *w)
{
    bool number =
        r->key_column->type == DS_NOTION_NUMBER || r->key_column->type == DS_NOTION_UNIQUE_ID;
    const char *digits = number ? number_of(r, key) : NULL;

    if (number && !digits)
        return false;
    ds_json_w_begin_object(w);
    ds_json_w_name(w, "property");
    ds_json_w_text(w, r->key_column->name);
    ds_json_w_name(w, r->key_column->type_name);
    ds_json_w_begin_object(w);
    ds_json_w_name(w, "equals");
    if (digits)
        ds_json_w_raw(w, digits, strlen(digits));
    else
        ds_json_w_text(w, key);
    ds_json_w_end_object(w);
    ds_json_w_end_object(w);
    return true;
}

/* false: none of the keys can be a row's. */
static bool put_question(const ds_notion_reader *r, const char *const *keys, size_t n,
                         const char *cursor, ds_buf *out)
{
    ds_json_writer w = ds_json_w(out, false);
    size_t asked = 0;

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "filter");
    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "or");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < n; i++)
        asked += put_equals(r, keys[i], &w);
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
    ds_json_w_name(&w, "page_size");
    ds_json_w_int(&w, (int64_t)DS_NOTION_ROWS);
    if (cursor) {
        ds_json_w_name(&w, "start_cursor");
        ds_json_w_text(&w, cursor);
    }
    ds_json_w_end_object(&w);
    return asked > 0;
}

static bool is_asked_for(const char *key, const char *const *keys, size_t n)
{
    for (size_t i = 0; key && i < n; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

/* `equals` is blind for upper and lower case: what was meant is compared here. */
static bool put_rows(ds_notion_reader *r, ds_activity *act, const ds_json *results,
                     const char *const *keys, size_t n, ds_page *page, ds_err *err)
{
    ds_notion_row *rows = ds_arena_alloc(page->arena, (ds_json_size(results) + 1) * sizeof(*rows));
    size_t rows_n = 0;

    DS_JSON_EACH (results, json)
        if (ds_notion_row_read(json, &rows[rows_n]) &&
            is_asked_for(ds_notion_row_key(r, &rows[rows_n], page->arena), keys, n))
            rows_n++;
    return ds_notion_rows_put(r, act, rows, rows_n, page, err);
}

static bool ask_keys(ds_notion_reader *r, ds_activity *act, const char *const *keys, size_t n,
                     ds_page *page, ds_err *err)
{
    const char *cursor = NULL;

    for (int i = 0; i < QUERIES_MOST; i++) {
        DS_AUTO_BUF(body, DS_MIB);
        ds_http_request req;
        const ds_json *doc, *results;

        if (!put_question(r, keys, n, cursor, &body))
            return true;
        doc = ds_notion_query(r, act, &body, &req, err);
        if (!doc || !ds_notion_list(doc, cursor, &results, &cursor, err))
            return ds_wrap(err, "the rows of table %s by their keys", r->table.id);
        if (!put_rows(r, act, results, keys, n, page, err))
            return false;
        if (!cursor)
            return true;
    }
    return ds_fail(err, DS_ERR_PERMANENT, "more than %zu rows have the keys asked for",
                   QUERIES_MOST * DS_NOTION_ROWS);
}

static bool fetch_by_key(ds_notion_reader *r, ds_activity *act, const ds_fetch *want, ds_page *page,
                         ds_err *err)
{
    size_t at = first_of(want);
    size_t n = DS_MIN(DS_MIN(KEYS_MOST, want->items_n - at), DS_MAX(want->limit, (size_t)1));

    if (n && !ask_keys(r, act, want->items + at, n, page, err))
        return false;
    lead_on(want, at + n, page);
    return true;
}

bool ds_notion_fetch_items(ds_notion_reader *r, ds_activity *act, const ds_fetch *want,
                           ds_page *page, ds_err *err)
{
    return r->key_column ? fetch_by_key(r, act, want, page, err)
                         : fetch_by_id(r, act, want, page, err);
}
