/* src/connectors/notion/fetch_body.c
 *
 * Bodies: the blocks of a page, level by level, as Markdown.  What was read once is kept with the
 * time of the page's last edit, and read again when that has moved.
 */
#include "connectors/notion/body.h"
#include "connectors/notion/reader.h"

#include <string.h>

#define BLOCKS_MOST ((size_t)20000) /* of a page */
#define BODY_MAX (16 * DS_MIB)

typedef struct body {
    const ds_notion_row *row;
    ds_notion_body_blocks blocks;
    size_t read; /* blocks so far */
    ds_err err;  /* it cannot be read */
} body;

/* A list of blocks to read. */
typedef struct list {
    body *of;
    ds_notion_body_blocks *into;
    const char *id, *cursor;
    int depth;
} list;

typedef struct lists {
    list *items;
    size_t n, cap;
    ds_arena *arena;
} lists;

static void push(lists *to, list one)
{
    if (to->n == to->cap) {
        size_t cap = 2 * to->cap + 32;

        to->items = ds_arena_grow(to->arena, to->items, to->n * sizeof(list), cap * sizeof(list));
        to->cap = cap;
    }
    to->items[to->n++] = one;
}

/* ---- reading --------------------------------------------------------------------------------- */

static ds_http_request request_of(const list *one, ds_arena *a)
{
    const char *path = ds_arena_printf(a, "/v1/blocks/%s/children?page_size=100", one->id);

    if (one->cursor)
        path = ds_arena_printf(a, "%s&start_cursor=%s", path, ds_http_escape(a, one->cursor));
    return (ds_http_request){.method = "GET",
                             .path = path,
                             .repeatable = true,
                             .endpoint = "GET /v1/blocks/{id}/children"};
}

/* The lists within those that have been read to their end: only then do they stay where they are.
 */
static void push_below(const list *one, lists *unread)
{
    for (size_t i = 0; i < one->into->n; i++) {
        ds_notion_body_block *block = &one->into->items[i];
        const char *id = ds_json_text(block->json, "id");

        if (!id || !ds_notion_body_has_below(block->json))
            continue;
        if (one->depth >= DS_NOTION_BODY_DEPTH) {
            ds_fail(&one->of->err, DS_ERR_PERMANENT, "its blocks are nested deeper than %d levels",
                    DS_NOTION_BODY_DEPTH);
            return;
        }
        push(unread,
             (list){.of = one->of, .into = &block->below, .id = id, .depth = one->depth + 1});
    }
}

static void take(list one, const ds_json *results, const char *next, lists *unread)
{
    one.of->read += DS_MAX(ds_json_size(results), (size_t)1);
    if (one.of->read > BLOCKS_MOST) {
        ds_fail(&one.of->err, DS_ERR_PERMANENT, "it has more than %zu blocks", BLOCKS_MOST);
        return;
    }
    ds_notion_body_add(one.into, results, unread->arena);
    if (!next) {
        push_below(&one, unread);
        return;
    }
    one.cursor = next;
    push(unread, one);
}

/* A block within the page that nobody shows us (it is synced from a page that is not shared) stays
 * empty; the page itself must be readable. */
static void refuse(const list *one, const ds_http_request *req)
{
    if (req->status != 404 || one->depth == 1)
        one->of->err = req->err;
}

static bool read_some(ds_notion_reader *r, ds_activity *act, const list *some, size_t n,
                      lists *unread, ds_err *err)
{
    ds_http_request requests[DS_NOTION_FLIGHT];

    for (size_t i = 0; i < n; i++)
        requests[i] = request_of(&some[i], unread->arena);
    if (!ds_http_send(r->http, act, requests, n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const ds_json *doc, *results;
        const char *next;

        if (requests[i].err.kind == DS_ERR_PERMANENT) {
            refuse(&some[i], &requests[i]);
            continue;
        }
        *err = requests[i].err;
        doc = err->kind == DS_ERR_NONE ? ds_http_json(act, &requests[i], err) : NULL;
        if (!doc || !ds_notion_list(doc, some[i].cursor, &results, &next, err))
            return ds_wrap(err, "the body of page %s", some[i].of->row->id);
        take(some[i], results, next, unread);
    }
    return true;
}

static bool read_all(ds_notion_reader *r, ds_activity *act, lists *unread, ds_err *err)
{
    while (unread->n) {
        list some[DS_NOTION_FLIGHT];
        size_t n = 0;

        while (unread->n && n < DS_NOTION_FLIGHT) {
            list one = unread->items[--unread->n];

            if (one.of->err.kind == DS_ERR_NONE)
                some[n++] = one;
        }
        if (n && !read_some(r, act, some, n, unread, err))
            return false;
    }
    return true;
}

/* ---- what was read before -------------------------------------------------------------------- */

static const char *memory_key(const ds_notion_row *row, ds_arena *a)
{
    return ds_arena_printf(a, "body:%s", row->id);
}

/* Kept as "TIME\nTEXT". */
static const char *recall(ds_activity *act, const ds_notion_row *row)
{
    const char *kept = ds_activity_recall(act, memory_key(row, ds_activity_arena(act)));
    size_t n = row->edited ? strlen(row->edited) : 0;

    return kept && n && strncmp(kept, row->edited, n) == 0 && kept[n] == '\n' ? kept + n + 1 : NULL;
}

/* A page that was edited this very minute may be edited again without a new time. */
static bool is_settled(ds_activity *act, const ds_notion_row *row, ds_arena *a)
{
    ds_value limit = ds_datetime_ms(a, ds_activity_now_ms(act) - DS_NOTION_OVERLAP_MS);
    ds_value edited = ds_notion_time(row->edited, a);

    return edited.type == DS_DATETIME && strcmp(edited.as.text, limit.as.text) < 0;
}

static void keep(ds_activity *act, const ds_notion_row *row, const char *text)
{
    ds_arena *a = ds_activity_arena(act);
    const char *key = memory_key(row, a);

    ds_activity_keep(
        act, key, is_settled(act, row, a) ? ds_arena_printf(a, "%s\n%s", row->edited, text) : NULL);
}

/* ---- all of a page --------------------------------------------------------------------------- */

static void set_body(const ds_notion_reader *r, ds_record *rec, const char *text)
{
    rec->body = text;
    for (size_t i = 0; i < r->wanted_n; i++)
        if (strcmp(r->wanted[i], "body") == 0 && !ds_notion_column_named(&r->table, "body"))
            ds_record_set(rec, "body", ds_text(text));
}

static void put(ds_notion_reader *r, ds_activity *act, const body *one, ds_record *rec)
{
    DS_AUTO_BUF(out, BODY_MAX);
    ds_err err = one->err;

    if (err.kind == DS_ERR_NONE) {
        ds_notion_body_text(&one->blocks, rec->arena, &out);
        if (out.overflow)
            ds_fail(&err, DS_ERR_PERMANENT, "it is larger than 16 MiB");
    }
    if (err.kind != DS_ERR_NONE) {
        ds_record_hold(rec, rec->place, "the page's body: %.400s", err.text);
        return;
    }
    set_body(r, rec, ds_arena_strndup(rec->arena, out.n ? out.data : "", out.n));
    keep(act, one->row, rec->body);
}

bool ds_notion_bodies_put(ds_notion_reader *r, ds_activity *act, const ds_notion_row *rows,
                          size_t n, ds_page *page, ds_err *err)
{
    body *bodies = ds_arena_zalloc(page->arena, (n + 1) * sizeof(*bodies));
    lists unread = {.arena = page->arena};
    size_t bodies_n = 0;

    for (size_t i = 0; i < n; i++) {
        ds_record *rec = &page->records[rows[i].record];
        const char *kept = rec->hold ? NULL : recall(act, &rows[i]);

        if (kept)
            set_body(r, rec, kept);
        if (kept || rec->hold)
            continue;
        bodies[bodies_n] = (body){.row = &rows[i], .err = DS_ERR_INIT};
        push(&unread, (list){.of = &bodies[bodies_n],
                             .into = &bodies[bodies_n].blocks,
                             .id = rows[i].id,
                             .depth = 1});
        bodies_n++;
    }
    if (!read_all(r, act, &unread, err))
        return false;
    for (size_t i = 0; i < bodies_n; i++)
        put(r, act, &bodies[i], &page->records[bodies[i].row->record]);
    return true;
}
