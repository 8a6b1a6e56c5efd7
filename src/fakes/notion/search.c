/* src/fakes/notion/search.c - queries of data sources, searches through all, users. */
#include "fakes/notion/calls.h"

#include "fakes/notion/filter.h"
#include "fakes/notion/query.h"
#include "json/member.h"

#include <stdlib.h>
#include <string.h>

/* ---- queries --------------------------------------------------------------------------------- */

/* The end of a list of pages or tables, and whether that is all there is. */
static void end_mixed(ds_fake_call *call, ds_json_writer *w, const ds_ws_id *next, bool capped)
{
    bool old = ds_ws_is_old(call);

    ds_ws_close_list(w, old ? "page_or_database" : "page_or_data_source", next);
    if (!old) {
        ds_json_w_name(w, "request_status");
        ds_json_w_begin_object(w);
        ds_w_text(w, "type", capped ? "incomplete" : "complete");
        if (capped)
            ds_w_text(w, "incomplete_reason", "query_result_limit_reached");
        ds_json_w_end_object(w);
    }
    ds_ws_end(call, w);
}

static void query(ds_ws *ws, ds_ws_source *source, ds_fake_call *call)
{
    const ds_json *body = ds_ws_body(call, &ds_shape_query);
    ds_ws_result result;
    ds_ws_why why;
    ds_json_writer *w;

    if (!body)
        return;
    if (!ds_ws_query(ws, source, body, call->now_ms, call->arena, &result, &why)) {
        ds_ws_refuse(call, &why);
        return;
    }
    w = ds_ws_begin_list(call);
    for (size_t i = 0; i < result.n; i++)
        ds_ws_show_page(ws, result.at[i], call, w);
    end_mixed(call, w, result.has_more ? &result.next : NULL, result.capped);
}

void ds_ws_query_source(void *state, ds_fake_call *call)
{
    ds_ws_source *source;

    if (ds_ws_is_old(call)) {
        ds_ws_refuse_with(call, 400, "invalid_request_url", "Invalid request URL.");
        return;
    }
    source = ds_ws_named(state, call, DS_WS_SOURCE, "data source");
    if (source)
        query(state, source, call);
}

void ds_ws_query_database(void *state, ds_fake_call *call)
{
    ds_ws_database *base;
    ds_ws_source *source;

    if (!ds_ws_is_old(call)) {
        ds_ws_refuse_with(call, 400, "invalid_request_url", "Invalid request URL.");
        return;
    }
    base = ds_ws_named(state, call, DS_WS_DATABASE, "database");
    source = base ? ds_ws_only_source(call, base) : NULL;
    if (source)
        query(state, source, call);
}

/* ---- searches -------------------------------------------------------------------------------- */

typedef struct found {
    const ds_ws_thing **at;
    size_t n;
} found;

static const char *title_of(const ds_ws *ws, const ds_ws_thing *thing, ds_arena *a)
{
    if (thing->kind == DS_WS_PAGE)
        return ds_ws_page_title(ws, (const ds_ws_page *)thing, a);
    if (thing->kind == DS_WS_SOURCE)
        return ds_ws_title_text(ws, ((const ds_ws_source *)thing)->title, a);
    return ds_ws_title_text(ws, ((const ds_ws_database *)thing)->title, a);
}

/* Which kinds this version finds: pages, and databases or what is in them. */
static bool is_sought(const ds_ws_thing *thing, const char *value, bool old)
{
    ds_ws_kind table = old ? DS_WS_DATABASE : DS_WS_SOURCE;

    if (thing->kind == DS_WS_PAGE)
        return !value || !strcmp(value, "page");
    return thing->kind == table && (!value || strcmp(value, "page") != 0);
}

static found find_all(const ds_ws *ws, const ds_json *body, const ds_fake_call *call)
{
    const char *query = ds_json_text(body, "query");
    const ds_json *filter = ds_json_get(body, "filter");
    const char *wanted = query ? ds_ws_fold(query, call->arena) : "";
    found f = {.at = ds_arena_alloc(call->arena, (ws->table_n + 1) * sizeof(ds_ws_thing *))};
    DS_AUTO(ds_arena) moment = ds_arena_new();

    for (size_t i = 0; i < ws->table_cap; i++) {
        const ds_ws_thing *thing = ws->table[i];

        if (!thing || !is_sought(thing, ds_json_text(filter, "value"), ds_ws_is_old(call)) ||
            ds_ws_is_hidden(thing) || ds_ws_is_trashed(thing) != ds_json_bool(filter, "in_trash") ||
            thing->created_ms + ws->limits.lag_ms > call->now_ms)
            continue;
        if (!*wanted || strstr(ds_ws_fold(title_of(ws, thing, moment), moment), wanted))
            f.at[f.n++] = thing;
        ds_arena_reset(moment);
    }
    return f;
}

/* The latest edited first; what is of one minute, the latest made first. */
static int later(const void *a, const void *b)
{
    const ds_ws_thing *x = *(const ds_ws_thing *const *)a, *y = *(const ds_ws_thing *const *)b;
    int64_t mx = ds_ws_minute(x->edited_ms), my = ds_ws_minute(y->edited_ms);

    if (mx != my)
        return mx < my ? 1 : -1;
    return (x->serial < y->serial) - (x->serial > y->serial);
}

static void show_found(const ds_ws *ws, const ds_ws_thing *thing, const ds_fake_call *call,
                       ds_json_writer *w)
{
    if (thing->kind == DS_WS_PAGE)
        ds_ws_show_page(ws, (const ds_ws_page *)thing, call, w);
    else if (thing->kind == DS_WS_SOURCE)
        ds_ws_show_source(ws, (const ds_ws_source *)thing, call, w);
    else
        ds_ws_show_database(ws, (const ds_ws_database *)thing, call, w);
}

/* A cursor is the id of what comes next. f->n: it is not among these. */
static size_t begins_at(const found *f, const char *start)
{
    ds_ws_id id;
    size_t at = 0;

    if (!start)
        return 0;
    if (!ds_ws_id_read(start, &id))
        return f->n;
    while (at < f->n && !ds_ws_id_same(f->at[at]->id, id))
        at++;
    return at;
}

static bool is_ascending(const ds_json *body)
{
    const char *direction = ds_json_text(ds_json_get(body, "sort"), "direction");

    return direction && !strcmp(direction, "ascending");
}

void ds_ws_search(void *state, ds_fake_call *call)
{
    const ds_json *body =
        ds_ws_body(call, ds_ws_is_old(call) ? &ds_shape_search_old : &ds_shape_search);
    const char *start = ds_json_text(body, "start_cursor");
    size_t size, from, to;
    ds_json_writer *w;
    found f;

    if (!body)
        return;
    f = find_all(state, body, call);
    qsort(f.at, f.n, sizeof(*f.at), later);
    for (size_t i = 0; is_ascending(body) && i < f.n / 2; i++) {
        const ds_ws_thing *other = f.at[i];

        f.at[i] = f.at[f.n - 1 - i];
        f.at[f.n - 1 - i] = other;
    }
    from = begins_at(&f, start);
    if (start && from == f.n) {
        ds_ws_refuse_cursor(call, start);
        return;
    }
    size = (size_t)ds_json_integer(body, "page_size", DS_WS_PAGE_SIZE);
    to = DS_MIN(f.n, from + size);
    w = ds_ws_begin_list(call);
    for (size_t i = from; i < to; i++)
        show_found(state, f.at[i], call, w);
    end_mixed(call, w, to < f.n ? &f.at[to]->id : NULL, false);
}
