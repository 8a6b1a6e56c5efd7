/* src/fakes/notion/query.c - rows chosen, put in order and given out page by page. */
#include "fakes/notion/query.h"

#include "base/hash.h"
#include "fakes/notion/sort.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURSORS 1024 /* remembered; the oldest gives way */
#define ORDERS 4     /* results kept in order while nothing changes */
#define RESET_EACH 256

typedef struct cursor {
    ds_ws_id id;
    uint64_t asked;      /* source, filter and order, as a number */
    uint64_t generation; /* of the workspace when it was given */
    size_t offset;       /* where it stands as long as that generation lasts */
    size_t served;       /* rows given up to here */
    ds_arena *memory;    /* of `last` */
    ds_ws_place last;    /* the row before it, as it was */
} cursor;

typedef struct ordered {
    uint64_t asked, generation;
    ds_arena *memory; /* NULL: nothing is kept here */
    ds_ws_place *places;
    size_t n;
} ordered;

struct ds_ws_cursors {
    cursor at[CURSORS];
    size_t given;
    ordered kept[ORDERS];
    size_t kept_next;
};

typedef struct question {
    const ds_ws_source *source;
    const ds_ws_filter *filter;
    ds_ws_order order;
    bool trashed;
    int64_t now_ms;
    uint64_t asked;
    size_t page_size;
} question;

/* ---- what is asked --------------------------------------------------------------------------- */

/* One number for all that must not change from one page to the next. */
static uint64_t number_of(const ds_ws_source *source, const ds_json *body, bool trashed,
                          int64_t now_ms)
{
    DS_AUTO_BUF(all, 16 * DS_MIB);
    ds_json_writer w = ds_json_w(&all, false);
    char id[DS_WS_ID_TEXT];

    ds_json_w_begin_list(&w);
    ds_json_w_text(&w, ds_ws_id_text(source->thing.id, id));
    ds_json_w_bool(&w, trashed);
    ds_json_w_int(&w, now_ms / DS_DAY_MS); /* "today" is another one tomorrow */
    ds_json_w_json(&w, ds_json_get(body, "filter"));
    ds_json_w_json(&w, ds_json_get(body, "sorts"));
    ds_json_w_end_list(&w);
    return ds_hash64(all.data, all.n);
}

static bool read_question(const ds_ws *ws, const ds_ws_source *source, const ds_json *body,
                          int64_t now_ms, ds_arena *a, question *q, ds_ws_why *why)
{
    bool trashed = ds_json_bool(body, "in_trash") || ds_json_bool(body, "archived");

    *q = (question){.source = source,
                    .now_ms = now_ms,
                    .trashed = trashed,
                    .asked = number_of(source, body, trashed, now_ms),
                    .page_size = (size_t)ds_json_integer(body, "page_size", DS_WS_PAGE_SIZE)};
    q->filter = ds_ws_filter_read(ws, source, ds_json_get(body, "filter"), now_ms, a, why);
    return q->filter && ds_ws_order_read(source, ds_json_get(body, "sorts"), a, &q->order, why);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The row as the index knows it; false: it does not know it. */
static bool seen_row(const ds_ws_page *page, const question *q, ds_ws_row *row)
{
    const ds_ws_before *before = page->before;
    bool behind = before && before->until_ms > q->now_ms;

    if (page->thing.hidden || (behind && before->absent))
        return false;
    *row = (ds_ws_row){.page = page,
                       .cells = behind ? &before->cells : &page->cells,
                       .edited_ms = behind ? before->edited_ms : page->thing.edited_ms};
    return (behind ? before->trashed : page->thing.trashed) == q->trashed;
}

static size_t choose(const ds_ws *ws, const question *q, ds_ws_place *places, ds_arena *memory)
{
    DS_AUTO(ds_arena) moment = ds_arena_new();
    size_t n = 0;

    for (uint32_t i = 0; i < q->source->rows.n; i++) {
        const ds_ws_page *page = (const ds_ws_page *)q->source->rows.at[i];
        ds_ws_row row;

        if (i % RESET_EACH == 0)
            ds_arena_reset(moment);
        if (!seen_row(page, q, &row) || !ds_ws_filter_meets(q->filter, ws, row, moment))
            continue;
        places[n++] = (ds_ws_place){.page = page,
                                    .serial = page->thing.serial,
                                    .keys = ds_ws_order_keys(&q->order, ws, row, memory)};
    }
    return n;
}

static struct ds_ws_cursors *cursors_of(ds_ws *ws)
{
    if (!ws->cursors)
        ws->cursors = ds_calloc(1, sizeof(*ws->cursors));
    return ws->cursors;
}

/* All rows that meet the question, in order. Kept for the pages to come. */
static const ordered *ordered_rows(ds_ws *ws, const question *q)
{
    struct ds_ws_cursors *all = cursors_of(ws);
    ordered *o;

    for (size_t i = 0; i < ORDERS; i++) {
        o = &all->kept[i];
        if (o->memory && o->asked == q->asked && o->generation == ws->generation &&
            !ws->limits.lag_ms)
            return o;
    }
    o = &all->kept[all->kept_next++ % ORDERS];
    ds_arena_free(o->memory);
    *o = (ordered){.asked = q->asked, .generation = ws->generation, .memory = ds_arena_new()};
    o->places = ds_arena_alloc(o->memory, (q->source->rows.n + (size_t)1) * sizeof(ds_ws_place));
    o->n = choose(ws, q, o->places, o->memory);
    ds_ws_order_sort(&q->order, o->places, o->n);
    return o;
}

/* ---- cursors --------------------------------------------------------------------------------- */

static const cursor *find_cursor(ds_ws *ws, const char *text)
{
    struct ds_ws_cursors *all = cursors_of(ws);
    ds_ws_id id;

    if (!ds_ws_id_read(text, &id))
        return NULL;
    for (size_t i = 0; i < CURSORS; i++)
        if (all->at[i].memory && ds_ws_id_same(all->at[i].id, id))
            return &all->at[i];
    return NULL;
}

/* The same place in an order that may have changed since: the first row behind the last given. */
static size_t stands_at(const ds_ws *ws, const question *q, const cursor *c, const ordered *o)
{
    size_t low = 0, high = o->n;

    if (c->generation == ws->generation && !ws->limits.lag_ms)
        return c->offset;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ds_ws_order_compare(&q->order, &o->places[middle], &c->last) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static ds_ws_id give_cursor(ds_ws *ws, const question *q, const ordered *o, size_t offset,
                            size_t served)
{
    struct ds_ws_cursors *all = cursors_of(ws);
    cursor *c = &all->at[all->given++ % CURSORS];
    const ds_ws_place *last = &o->places[offset - 1];
    char name[40];

    snprintf(name, sizeof(name), "cursor %zu", all->given);
    ds_arena_free(c->memory);
    *c = (cursor){.id = ds_ws_named_id(ws, name),
                  .asked = q->asked,
                  .generation = ws->generation,
                  .offset = offset,
                  .served = served,
                  .memory = ds_arena_new()};
    c->last = (ds_ws_place){.serial = last->serial};
    c->last.keys = ds_arena_alloc(c->memory, (q->order.n + 1) * sizeof(ds_ws_key));
    for (size_t i = 0; i < q->order.n; i++) {
        c->last.keys[i] = last->keys[i];
        c->last.keys[i].text = ds_arena_strdup(c->memory, last->keys[i].text);
    }
    return c->id;
}

void ds_ws_forget_cursors(ds_ws *ws)
{
    struct ds_ws_cursors *all = cursors_of(ws);

    for (size_t i = 0; i < CURSORS; i++) {
        ds_arena_free(all->at[i].memory);
        all->at[i].memory = NULL;
    }
}

void ds_ws_free_cursors(ds_ws *ws)
{
    if (!ws->cursors)
        return;
    ds_ws_forget_cursors(ws);
    for (size_t i = 0; i < ORDERS; i++)
        ds_arena_free(ws->cursors->kept[i].memory);
    free(ws->cursors);
    ws->cursors = NULL;
}

/* ---- a page ---------------------------------------------------------------------------------- */

static void fill_page(ds_ws *ws, const question *q, const ordered *o, size_t offset, size_t served,
                      ds_arena *a, ds_ws_result *result)
{
    size_t left = ws->limits.cap > (int64_t)served ? (size_t)ws->limits.cap - served : 0;
    size_t there = o->n - DS_MIN(offset, o->n);
    size_t n = DS_MIN(DS_MIN(there, q->page_size), left);

    result->n = n;
    result->at = ds_arena_alloc(a, (n + 1) * sizeof(ds_ws_page *));
    for (size_t i = 0; i < n; i++)
        result->at[i] = (ds_ws_page *)(uintptr_t)o->places[offset + i].page;
    result->has_more = n < there && n < left;
    result->capped = n < there && n == left;
    if (result->has_more)
        result->next = give_cursor(ws, q, o, offset + n, served + n);
}

bool ds_ws_query(ds_ws *ws, const ds_ws_source *source, const ds_json *body, int64_t now_ms,
                 ds_arena *a, ds_ws_result *result, ds_ws_why *why)
{
    const char *start = ds_json_text(body, "start_cursor");
    const cursor *c = start ? find_cursor(ws, start) : NULL;
    const ordered *o;
    size_t offset = 0, served = 0;
    question q;

    *result = (ds_ws_result){0};
    if (!read_question(ws, source, body, now_ms, a, &q, why))
        return false;
    if (start && (!c || c->asked != q.asked))
        return ds_ws_invalid(why, "The start_cursor provided is invalid: %s", start);
    o = ordered_rows(ws, &q);
    if (c) {
        offset = stands_at(ws, &q, c, o);
        served = c->served;
    }
    fill_page(ws, &q, o, offset, served, a, result);
    return true;
}
