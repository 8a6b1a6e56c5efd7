/* src/connectors/notion/long.c
 *
 * Properties of which a page shows the first 25 entries, read by themselves, entry by entry, and
 * put together again as a page would show them.
 */
#include "connectors/notion/notion.h"

#include <string.h>

#define PROPERTY_MAX (16 * DS_MIB)
#define ENTRIES "100"
#define PIECES_MOST 4000 /* of 100 entries: more than the 16 MiB could hold */
#define BARREN_MOST 16   /* pieces in a row without any entry */

typedef struct reading {
    ds_notion_long *of;
    const char *type, *id;
    ds_buf entries; /* a JSON list without its brackets */
    size_t entries_n;
    int pieces, barren;
    const char *cursor;    /* of the next piece */
    const ds_json *rollup; /* what a rollup comes to, of the last piece */
    bool done;
} reading;

static void begin(reading *one, ds_notion_long *of)
{
    *one = (reading){.of = of,
                     .type = ds_json_text(of->property, "type"),
                     .id = ds_json_text(of->property, "id"),
                     .entries = {.max = PROPERTY_MAX}};
    if (!one->id) {
        one->done = true;
        ds_fail(&of->err, DS_ERR_PERMANENT, "a long property has no id to ask for it");
    }
}

static ds_http_request request_of(const reading *one, ds_arena *a)
{
    const char *path =
        ds_arena_printf(a, "/v1/pages/%s/properties/%s?page_size=" ENTRIES, one->of->page, one->id);

    if (one->cursor)
        path = ds_arena_printf(a, "%s&start_cursor=%s", path, ds_http_escape(a, one->cursor));
    return (ds_http_request){.method = "GET",
                             .path = path,
                             .repeatable = true,
                             .endpoint = "GET /v1/pages/{id}/properties/{property}"};
}

/* An entry as a page has it: those of a rollup are properties, of which lists come one by one. */
static void add_entry(reading *one, const ds_json *item)
{
    const char *type = ds_json_text(item, "type");
    const ds_json *value = type ? ds_json_get(item, type) : NULL;
    ds_json_writer w = ds_json_w(&one->entries, false);
    bool alone = strcmp(one->type, "rollup") != 0;
    bool listed = type && (strcmp(type, "title") == 0 || strcmp(type, "rich_text") == 0 ||
                           strcmp(type, "people") == 0 || strcmp(type, "relation") == 0);

    if (!value)
        return;
    one->entries_n++;
    w.exact = true;
    if (one->entries.n)
        ds_buf_char(&one->entries, ',');
    if (alone) {
        ds_json_w_json(&w, value);
        return;
    }
    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "type");
    ds_json_w_text(&w, type);
    ds_json_w_name(&w, type);
    if (listed && ds_json_kind_of(value) == DS_JSON_OBJECT) {
        ds_json_w_begin_list(&w);
        ds_json_w_json(&w, value);
        ds_json_w_end_list(&w);
    } else {
        ds_json_w_json(&w, value);
    }
    ds_json_w_end_object(&w);
}

static void finish(reading *one, ds_arena *a)
{
    const char *what = ds_json_text(one->rollup, "type");
    DS_AUTO_BUF(out, PROPERTY_MAX + DS_KIB);
    ds_json_writer w = ds_json_w(&out, false);
    ds_err err = DS_ERR_INIT;

    w.exact = true;
    one->done = true;
    if (one->entries.overflow || one->cursor) {
        ds_fail(&one->of->err, DS_ERR_PERMANENT,
                one->entries.overflow ? "it is larger than 16 MiB" : "it has no end");
        return;
    }
    if (what && strcmp(what, "array") != 0) {
        ds_buf_text(&out, "{\"type\":\"rollup\",\"rollup\":");
        ds_json_w_json(&w, one->rollup);
    } else if (strcmp(one->type, "rollup") == 0) {
        ds_buf_printf(&out, "{\"type\":\"rollup\",\"rollup\":{\"type\":\"array\",\"array\":[%s]}",
                      one->entries.n ? one->entries.data : "");
    } else {
        ds_buf_printf(&out, "{\"type\":\"%s\",\"%s\":[%s]", one->type, one->type,
                      one->entries.n ? one->entries.data : "");
    }
    ds_buf_char(&out, '}');
    one->of->property = ds_json_read(a, out.data, out.n, &err);
    if (!one->of->property)
        one->of->err = err;
}

/* A server may always say that there is more. */
static bool goes_on(const reading *one)
{
    return one->cursor && !one->entries.overflow && one->pieces < PIECES_MOST &&
           one->barren < BARREN_MOST;
}

static bool take(reading *one, const ds_json *doc, ds_arena *a, ds_err *err)
{
    const char *object = ds_json_text(doc, "object");
    size_t before = one->entries_n;
    const ds_json *entries;

    if (!object || strcmp(object, "list") != 0) { /* one value that is no list */
        one->of->property = doc;
        one->done = true;
        return true;
    }
    if (!ds_notion_list(doc, NULL, &entries, &one->cursor, err))
        return false;
    DS_JSON_EACH (entries, item)
        add_entry(one, item);
    one->pieces++;
    one->barren = one->entries_n > before ? 0 : one->barren + 1;
    one->rollup = ds_json_get(ds_json_get(doc, "property_item"), "rollup");
    one->of->too_long = one->of->most && one->entries_n + (one->cursor ? 1 : 0) > one->of->most;
    if (one->of->too_long)
        one->done = true;
    else if (!goes_on(one))
        finish(one, a);
    return true;
}

/* The next piece of some of them. */
static bool read_some(ds_http *http, ds_activity *act, reading **some, size_t n, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    ds_http_request requests[DS_NOTION_FLIGHT];

    for (size_t i = 0; i < n; i++)
        requests[i] = request_of(some[i], a);
    if (!ds_http_send(http, act, requests, n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const ds_json *doc;

        if (requests[i].err.kind == DS_ERR_PERMANENT) {
            some[i]->of->err = requests[i].err;
            some[i]->done = true;
            continue;
        }
        *err = requests[i].err;
        doc = err->kind == DS_ERR_NONE ? ds_http_json(act, &requests[i], err) : NULL;
        if (!doc || !take(some[i], doc, a, err))
            return ds_wrap(err, "property \"%.60s\" of page %s", some[i]->of->name,
                           some[i]->of->page);
    }
    return true;
}

static bool read_all(ds_http *http, ds_activity *act, reading *all, size_t n, ds_err *err)
{
    for (size_t left = n; left;) {
        reading *some[DS_NOTION_FLIGHT];

        left = 0;
        for (size_t i = 0; i < n && left < DS_NOTION_FLIGHT; i++)
            if (!all[i].done)
                some[left++] = &all[i];
        if (left && !read_some(http, act, some, left, err))
            return false;
    }
    return true;
}

bool ds_notion_long_read(ds_http *http, ds_activity *act, ds_notion_long *longs, size_t n,
                         ds_err *err)
{
    reading *all = ds_arena_alloc(ds_activity_arena(act), n * sizeof(*all));
    bool ok;

    for (size_t i = 0; i < n; i++)
        begin(&all[i], &longs[i]);
    ok = read_all(http, act, all, n, err);
    for (size_t i = 0; i < n; i++)
        ds_buf_fini(&all[i].entries);
    return ok;
}
