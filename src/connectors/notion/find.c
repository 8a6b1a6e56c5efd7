/* src/connectors/notion/find.c
 *
 * Rows by their keys, 100 in one query, several queries at once.  Notion compares text without
 * regard to case: what it finds is compared again.  Of a long relation a page shows the beginning:
 * the rest is asked for, or the row would differ from what was written in each look.
 */
#include "connectors/notion/writer.h"

#include <string.h>

#define CUT_MOST ((size_t)500) /* properties that are read by themselves for one look-up */
#define PAGES_MOST 1000        /* of rows that hold one of 100 keys */

typedef struct cut { /* properties of the rows found that their pages show a part of */
    ds_notion_long *items;
    ds_record **rows; /* [n] */
    size_t n, cap;
} cut;

typedef struct asking {
    ds_notion_writer *w;
    ds_activity *act;
    cut *cut; /* of all that are asked together */
    const char *const *keys;
    size_t n;
    ds_found *out;
    const char *cursor; /* NULL: the first page */
    int pages;
    bool asks;
} asking;

/* Of those that can be in the column at all; *asked is how many that are. */
static void write_filter(const asking *q, ds_json_writer *json, size_t *asked)
{
    const ds_notion_column *c = q->w->key_column;

    ds_json_w_name(json, "filter");
    ds_json_w_begin_object(json);
    ds_json_w_name(json, "or");
    ds_json_w_begin_list(json);
    for (size_t i = 0; i < q->n; i++) {
        if (ds_notion_key_problem(c, q->keys[i], ds_activity_arena(q->act)))
            continue;
        ++*asked;
        ds_json_w_begin_object(json);
        ds_json_w_name(json, "property");
        ds_json_w_text(json, c->id);
        ds_json_w_name(json, c->type_name);
        ds_json_w_begin_object(json);
        ds_json_w_name(json, "equals");
        if (c->type == DS_NOTION_NUMBER)
            ds_json_w_raw(json, q->keys[i], strlen(q->keys[i]));
        else
            ds_json_w_text(json, q->keys[i]);
        ds_json_w_end_object(json);
        ds_json_w_end_object(json);
    }
    ds_json_w_end_list(json);
    ds_json_w_end_object(json);
}

/* The oldest first: of several rows with one key it is the one that was there before. */
static const char *query(const asking *q, size_t *n, size_t *asked)
{
    DS_AUTO_BUF(out, 4 * DS_MIB);
    ds_json_writer json = ds_json_w(&out, false);
    static const char sorts[] = "[{\"timestamp\":\"created_time\",\"direction\":\"ascending\"}]";

    ds_json_w_begin_object(&json);
    write_filter(q, &json, asked);
    ds_json_w_name(&json, "sorts");
    ds_json_w_raw(&json, sorts, strlen(sorts));
    ds_json_w_name(&json, "page_size");
    ds_json_w_int(&json, (int64_t)DS_NOTION_LIST_MAX);
    if (q->cursor) {
        ds_json_w_name(&json, "start_cursor");
        ds_json_w_text(&json, q->cursor);
    }
    ds_json_w_end_object(&json);
    *n = out.n;
    return ds_arena_strndup(ds_activity_arena(q->act), out.data, out.n);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The property whose column has that id, whatever it is called. */
static const ds_json *property_of(const ds_json *page, const ds_notion_column *c)
{
    const ds_json *properties = ds_json_get(page, "properties");
    const ds_json *named = ds_json_get(properties, c->name);
    const char *id = ds_json_text(named, "id");

    if (id && strcmp(id, c->id) == 0)
        return named;
    DS_JSON_EACH (properties, property) {
        id = ds_json_text(property, "id");
        if (id && strcmp(id, c->id) == 0)
            return property;
    }
    return NULL;
}

static void note_cut(const asking *q, const ds_json *page, ds_record *row, const char *name,
                     const ds_json *property)
{
    ds_arena *a = ds_activity_arena(q->act);
    cut *c = q->cut;

    if (c->n == CUT_MOST)
        return;
    if (c->n == c->cap) {
        size_t cap = 2 * c->cap + 16;

        c->items = ds_arena_grow(a, c->items, c->n * sizeof(*c->items), cap * sizeof(*c->items));
        c->rows = ds_arena_grow(a, c->rows, c->n * sizeof(*c->rows), cap * sizeof(*c->rows));
        c->cap = cap;
    }
    c->items[c->n] = (ds_notion_long){.page = ds_json_text(page, "id"),
                                      .name = name,
                                      .property = property,
                                      .most = DS_NOTION_LIST_MAX,
                                      .err = DS_ERR_INIT};
    c->rows[c->n++] = row;
}

static void put_value(const asking *q, const ds_json *page, ds_record *row, const char *name,
                      const ds_notion_column *c)
{
    const ds_json *property = property_of(page, c);

    ds_record_set(row, name, ds_notion_value(property, ds_activity_arena(q->act)));
    if (ds_notion_is_writable(c->type) && ds_notion_is_cut(property))
        note_cut(q, page, row, name, property);
}

static ds_record *row_of(const asking *q, const ds_json *page, const char *key)
{
    ds_notion_writer *w = q->w;
    ds_arena *a = ds_activity_arena(q->act);
    ds_record *row = ds_new_in(a, ds_record);

    row->arena = a;
    row->primary_key = key;
    for (size_t i = 0; i < w->bound_n; i++)
        if (w->bound[i].column)
            put_value(q, page, row, w->bound[i].name, w->bound[i].column);
    for (size_t i = 0; i < w->table.columns_n && !w->wanted_n; i++) {
        const ds_notion_column *c = &w->table.columns[i];

        if (!ds_record_get(row, c->name))
            put_value(q, page, row, c->name, c);
    }
    return row;
}

/* The first row goes into the answer itself, those of the same key behind it. */
static void add_row(const asking *q, const ds_json *page, const char *id, ds_found *found)
{
    ds_arena *a = ds_activity_arena(q->act);
    ds_found *one = found;

    if (found->n++) {
        one = ds_new_in(a, ds_found);
        *one = (ds_found){.key = found->key, .n = 1, .other = found->other};
        found->other = one;
    }
    one->id = id;
    one->row = row_of(q, page, found->key);
}

static void take_page(const asking *q, const ds_json *page)
{
    ds_arena *a = ds_activity_arena(q->act);
    const char *key = ds_value_text(a, ds_notion_value(property_of(page, q->w->key_column), a));
    const char *id = ds_json_text(page, "id");

    for (size_t i = 0; i < q->n && key && id; i++)
        if (strcmp(q->keys[i], key) == 0)
            add_row(q, page, id, &q->out[i]);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* false: none of the keys can be there. */
static bool make_request(const asking *q, ds_http_request *req)
{
    size_t asked = 0;

    *req = (ds_http_request){
        .method = "POST",
        .path = ds_notion_path(&q->w->settings, &q->w->table, "/query", ds_activity_arena(q->act)),
        .repeatable = true,
        .endpoint = "POST /v1/data_sources/{id}/query"};
    req->body = query(q, &req->body_n, &asked);
    return asked > 0;
}

/* What is not all of the rows that have the keys would have some of them made twice. */
static bool is_whole(const ds_json *doc, const ds_json *pages, ds_err *err)
{
    const char *status = ds_json_text(ds_json_get(doc, "request_status"), "type");

    if (status && strcmp(status, "incomplete") == 0)
        return ds_fail(err, DS_ERR_PERMANENT,
                       "more rows have the keys of one look-up than a query gives");
    DS_JSON_EACH (pages, page) {
        if (ds_json_kind_of(ds_json_get(page, "properties")) != DS_JSON_OBJECT)
            return ds_fail(err, DS_ERR_CONFIG,
                           "Notion shows that rows are there, and nothing of them: give the "
                           "integration the capability to read content");
    }
    return true;
}

static bool take_answer(asking *q, const ds_http_request *req, ds_err *err)
{
    const ds_json *doc, *pages;

    if (req->err.kind != DS_ERR_NONE) {
        *err = req->err;
        return false;
    }
    doc = ds_http_json(q->act, req, err);
    if (!doc || !ds_notion_list(doc, q->cursor, &pages, &q->cursor, err) ||
        !is_whole(doc, pages, err))
        return false;
    DS_JSON_EACH (pages, page)
        take_page(q, page);
    q->asks = q->cursor != NULL;
    return ++q->pages < PAGES_MOST || !q->asks ||
           ds_fail(err, DS_ERR_TRANSIENT, "a look-up of %zu keys has no end: %d pages of rows came",
                   q->n, q->pages);
}

/* One page for each of those that still ask, all on their way at once. *any: there were some. */
static bool ask_pages(asking *asked, size_t n, bool *any, ds_err *err)
{
    ds_notion_writer *w = asked->w;
    ds_activity *act = asked->act;
    ds_http_request *requests = ds_arena_alloc(ds_activity_arena(act), n * sizeof(*requests));
    asking **of = ds_arena_alloc(ds_activity_arena(act), n * sizeof(*of));
    size_t sent = 0;

    for (size_t i = 0; i < n; i++)
        if (asked[i].asks && make_request(&asked[i], &requests[sent]))
            of[sent++] = &asked[i];
    *any = sent > 0;
    if (sent && !ds_http_send(w->http, act, requests, sent, err))
        return false;
    for (size_t i = 0; i < sent; i++)
        if (!take_answer(of[i], &requests[i], err))
            return false;
    return true;
}

static bool ask_all(const asking *q, ds_err *err)
{
    size_t n = (q->n + DS_NOTION_LIST_MAX - 1) / DS_NOTION_LIST_MAX;
    asking *parts = ds_arena_alloc(ds_activity_arena(q->act), n * sizeof(*parts));
    bool any = q->n > 0;

    q->cut->n = 0;
    for (size_t i = 0; i < q->n; i++)
        q->out[i] = (ds_found){.key = q->keys[i]};
    for (size_t i = 0; i < n; i++) {
        size_t at = i * DS_NOTION_LIST_MAX;

        parts[i] = (asking){.w = q->w,
                            .act = q->act,
                            .cut = q->cut,
                            .keys = q->keys + at,
                            .n = DS_MIN(q->n - at, DS_NOTION_LIST_MAX),
                            .out = q->out + at,
                            .asks = true};
    }
    while (any)
        if (!ask_pages(parts, n, &any, err))
            return false;
    return true;
}

/* What could not be read stays as it was shown, and then counts as different. One beyond what a
 * write could set is different. */
static bool complete(const asking *q, ds_err *err)
{
    cut *c = q->cut;
    bool ok = !c->n || ds_notion_long_read(q->w->http, q->act, c->items, c->n, err);

    for (size_t i = 0; ok && i < c->n; i++)
        if (c->items[i].err.kind == DS_ERR_NONE && !c->items[i].too_long)
            ds_record_set(c->rows[i], c->items[i].name,
                          ds_notion_value(c->items[i].property, ds_activity_arena(q->act)));
    c->n = 0;
    return ok;
}

/* What is refused may be so because the table has changed since it was asked for; then it is no
 * longer there, or not for us. */
static bool ask_with_care(const asking *q, ds_err *err)
{
    bool refused;

    if (ask_all(q, err))
        return true;
    refused = err->kind == DS_ERR_PERMANENT;
    if (refused && !q->w->recent)
        return ds_notion_renew(q->w, q->act, err) && ask_all(q, err);
    if (refused && (err->http_status == 404 || err->http_status == 403))
        err->kind = DS_ERR_CONFIG;
    return false;
}

/* A copy that outlives the answer; what is nested is left out: it then counts as different. */
static ds_value copy_of(ds_value v, ds_arena *a)
{
    const char **texts;

    switch (v.type) {
    case DS_NESTED:
        return DS_VALUE_ABSENT;
    case DS_LIST:
        texts = ds_arena_alloc(a, (v.n + 1) * sizeof(*texts));
        for (uint32_t i = 0; i < v.n; i++)
            texts[i] = ds_arena_strdup(a, v.as.list[i]);
        v.as.list = texts;
        return v;
    case DS_NUMBER:
    case DS_TEXT:
    case DS_DATE:
    case DS_DATETIME:
        v.as.text = ds_arena_strndup(a, v.as.text, v.n);
        return v;
    case DS_ABSENT:
    case DS_NULL:
    case DS_BOOL:
    case DS_INT:
        break;
    }
    return v;
}

static ds_notion_seen seen_of(const ds_found *found, ds_arena *a)
{
    ds_record *row = ds_new_in(a, ds_record);

    row->arena = a;
    for (uint32_t i = 0; i < found->row->props_n; i++) {
        const ds_prop *prop = &found->row->props[i];

        ds_record_append(row, ds_arena_strdup(a, prop->name), copy_of(prop->value, a));
    }
    return (ds_notion_seen){ds_arena_strdup(a, found->id), row};
}

static void remember(ds_notion_writer *w, const ds_found *found, size_t n)
{
    size_t rows = 0;

    for (size_t i = 0; i < n; i++)
        rows += found[i].n;
    ds_arena_reset(w->seen_arena);
    w->seen = ds_arena_zalloc(w->seen_arena, (rows + 1) * sizeof(*w->seen));
    w->seen_n = 0;
    for (size_t i = 0; i < n; i++)
        for (const ds_found *one = found[i].n ? &found[i] : NULL; one; one = one->other)
            w->seen[w->seen_n++] = seen_of(one, w->seen_arena);
}

bool ds_notion_find(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                    ds_found *out, ds_err *err)
{
    ds_notion_writer *w = (ds_notion_writer *)self;
    cut long_ones = {.n = 0};
    asking q = {.w = w, .act = act, .cut = &long_ones, .keys = keys, .n = n, .out = out};

    w->seen_n = 0;
    if (!ds_notion_ready(w, act, err) || !ask_with_care(&q, err) || !complete(&q, err))
        return false;
    remember(w, out, n);
    return true;
}

bool ds_notion_shows(ds_notion_writer *w, ds_activity *act, const char *key, bool *shows,
                     ds_err *err)
{
    cut unused = {.n = 0};
    ds_found found = {.n = 0};
    asking q = {.w = w, .act = act, .cut = &unused, .keys = &key, .n = 1, .out = &found};

    if (!ask_with_care(&q, err))
        return false;
    *shows = found.n > 0;
    return true;
}

const ds_record *ds_notion_seen_row(const ds_notion_writer *w, const char *id)
{
    for (size_t i = 0; i < w->seen_n; i++)
        if (strcmp(w->seen[i].id, id) == 0)
            return w->seen[i].row;
    return NULL;
}
