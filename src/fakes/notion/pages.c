/* src/fakes/notion/pages.c - pages: made, read, changed; one property of a page. */
#include "fakes/notion/calls.h"

#include "base/text.h"
#include "json/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- showing --------------------------------------------------------------------------------- */

/* Whether the query names this property, or none at all. */
static bool is_wanted(const ds_ws_property *p, const ds_fake_call *call)
{
    bool any = false;

    for (const char *at = call->query; *at;) {
        size_t n = strcspn(at, "&"), name_n = strcspn(at, "=&");
        const char *name = ds_fake_decode(call->arena, at, name_n, true);

        if (!strcmp(name, "filter_properties") || !strcmp(name, "filter_properties[]")) {
            size_t from = DS_MIN(name_n + 1, n);

            any = true;
            if (ds_ws_property_is(p, ds_fake_decode(call->arena, at + from, n - from, true)))
                return true;
        }
        at += n + (at[n] == '&');
    }
    return !any;
}

static void show_value(const ds_ws *ws, const ds_ws_page *page, const ds_ws_property *p,
                       ds_arena *a, ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    ds_w_text(w, "id", ds_ws_property_id(p, a));
    ds_w_text(w, "type", ds_ws_type_names[p->type]);
    ds_json_w_name(w, ds_ws_type_names[p->type]);
    ds_ws_show_value(ws, page, p, a, w);
    ds_json_w_end_object(w);
}

/* The only property of a page that is no row. */
static char title_name[] = "title";
static const ds_ws_property page_title = {
    .id = title_name, .name = title_name, .type = DS_WS_TITLE, .slot = DS_WS_TITLE_SLOT};

static void show_values(const ds_ws *ws, const ds_ws_page *page, const ds_fake_call *call,
                        ds_json_writer *w)
{
    const ds_ws_source *source = ds_ws_source_of(page);

    ds_json_w_name(w, "properties");
    ds_json_w_begin_object(w);
    if (!source) {
        ds_json_w_name(w, page_title.name);
        show_value(ws, page, &page_title, call->arena, w);
    }
    for (uint32_t i = 0; source && i < source->properties_n; i++) {
        const ds_ws_property *p = &source->properties[i];

        if (p->gone || !is_wanted(p, call))
            continue;
        ds_json_w_name(w, p->name);
        show_value(ws, page, p, call->arena, w);
    }
    ds_json_w_end_object(w);
}

static void show_members(const ds_ws *ws, const ds_ws_page *page, const ds_fake_call *call,
                         ds_json_writer *w)
{
    ds_w_text(w, "object", "page");
    ds_ws_show_id("id", page->thing.id, w);
    ds_ws_show_stamps(ws, &page->thing, w);
    ds_ws_show_json("cover", page->cover, w);
    ds_ws_show_json("icon", page->icon, w);
    ds_ws_show_parent(&page->thing, ds_ws_is_old(call), w);
    ds_ws_show_trashed(page->thing.trashed, call, w);
    if (!ds_ws_is_old(call)) {
        ds_w_bool(w, "is_archived", false);
        ds_w_bool(w, "is_locked", page->thing.locked);
    }
    show_values(ws, page, call, w);
    ds_ws_show_url(&page->thing, w);
}

void ds_ws_show_page(const ds_ws *ws, const ds_ws_page *page, const ds_fake_call *call,
                     ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    show_members(ws, page, call, w);
    ds_json_w_end_object(w);
}

static void answer_page(const ds_ws *ws, const ds_ws_page *page, ds_fake_call *call)
{
    ds_json_writer *w = ds_ws_begin(call);

    show_members(ws, page, call, w);
    ds_ws_end(call, w);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static size_t living_rows(const ds_ws_source *source)
{
    size_t n = 0;

    for (uint32_t i = 0; i < source->rows.n; i++)
        n += !source->rows.at[i]->trashed;
    return n;
}

ds_ws_page *ds_ws_make_row(ds_ws *ws, ds_ws_source *source, const ds_json *values, bool person,
                           const ds_fake_call *call, ds_ws_why *why)
{
    ds_ws_page *page;

    if (!ds_ws_values_check(ws, source, values, person, why))
        return NULL;
    if (ws->limits.rows && living_rows(source) >= (size_t)ws->limits.rows) {
        ds_ws_no(why, 409, "row_limit_exceeded",
                 "The data source has reached its limit of %lld rows.", (long long)ws->limits.rows);
        return NULL;
    }
    page = ds_ws_add_page(ws, ds_ws_new_id(ws), &source->thing, person ? DS_WS_PERSON : DS_WS_BOT,
                          call->now_ms);
    ds_ws_remember(ws, page, true, call->now_ms);
    ds_ws_values_apply(ws, source, page, values, call->arena);
    return page;
}

bool ds_ws_change_row(ds_ws *ws, ds_ws_page *page, const ds_json *values, bool person,
                      const ds_fake_call *call, ds_ws_why *why)
{
    ds_ws_source *source = ds_ws_source_of(page);

    if (!ds_ws_values_check(ws, source, values, person, why))
        return false;
    ds_ws_remember(ws, page, false, call->now_ms);
    ds_ws_values_apply(ws, source, page, values, call->arena);
    ds_ws_touch(ws, &page->thing, person ? DS_WS_PERSON : DS_WS_BOT, call->now_ms);
    return true;
}

void ds_ws_trash_page(ds_ws *ws, ds_ws_page *page, bool trashed, uint8_t user, int64_t now_ms)
{
    if (page->thing.trashed == trashed)
        return;
    ds_ws_remember(ws, page, false, now_ms);
    page->thing.trashed = trashed;
    ds_ws_touch(ws, &page->thing, user, now_ms);
}

/* ---- making ---------------------------------------------------------------------------------- */

/* A page that is no row has a title and nothing else. */
static bool check_title_only(const ds_json *values, ds_ws_why *why)
{
    ds_json_iter it = ds_json_iterate(values);
    const ds_json *value;

    while ((value = ds_json_next(&it)) != NULL) {
        if (strcmp(it.name, "title") != 0)
            return ds_ws_invalid(why, "%s is not a property that exists.", it.name);
        if (!ds_json_get(value, "title"))
            return ds_ws_invalid(why, "title is expected to be title.");
    }
    return true;
}

static void apply_title(ds_ws *ws, ds_ws_page *page, const ds_json *values, ds_arena *a)
{
    const ds_json *title = ds_json_get(ds_json_get(values, "title"), "title");

    if (title)
        ds_ws_cell_put(&page->cells, ds_ws_rich_cell(title, a));
    ws->generation++;
}

/* What a new page is to be put into. NULL: refused. */
static ds_ws_thing *parent_asked(ds_ws *ws, ds_fake_call *call, const ds_json *parent)
{
    const char *page = ds_json_text(parent, "page_id");
    const char *source = ds_json_text(parent, "data_source_id");
    ds_ws_database *base;

    if (page)
        return ds_ws_by_id(ws, call, page, DS_WS_PAGE, "page");
    if (source && ds_ws_is_old(call)) {
        ds_ws_refuse_with(call, 400, "validation_error",
                          "body failed validation: body.parent.data_source_id should be not "
                          "present, instead was `\"%s\"`.",
                          source);
        return NULL;
    }
    if (source)
        return ds_ws_by_id(ws, call, source, DS_WS_SOURCE, "data source");
    base = ds_ws_by_id(ws, call, ds_json_text(parent, "database_id"), DS_WS_DATABASE, "database");
    return base ? (ds_ws_thing *)ds_ws_only_source(call, base) : NULL;
}

static ds_ws_page *make_page(ds_ws *ws, ds_ws_thing *parent, const ds_json *values,
                             ds_fake_call *call, ds_ws_why *why)
{
    ds_ws_page *page;

    if (ds_ws_is_trashed(parent)) {
        ds_ws_no_trashed(why);
        return NULL;
    }
    if (parent->kind == DS_WS_SOURCE)
        return ds_ws_make_row(ws, (ds_ws_source *)parent, values, false, call, why);
    if (!check_title_only(values, why))
        return NULL;
    page = ds_ws_add_page(ws, ds_ws_new_id(ws), parent, DS_WS_BOT, call->now_ms);
    apply_title(ws, page, values, call->arena);
    return page;
}

static void set_looks(ds_ws_page *page, const ds_json *body)
{
    const ds_json *icon = ds_json_get(body, "icon"), *cover = ds_json_get(body, "cover");

    if (icon) {
        free(page->icon);
        page->icon = ds_ws_keep_typed(icon);
    }
    if (cover) {
        free(page->cover);
        page->cover = ds_ws_keep_typed(cover);
    }
}

void ds_ws_create_page(void *state, ds_fake_call *call)
{
    ds_ws *ws = state;
    const ds_json *body = ds_ws_body(call, &ds_shape_create_page), *children;
    ds_ws_thing *parent = body ? parent_asked(ws, call, ds_json_get(body, "parent")) : NULL;
    ds_ws_page *page;
    ds_ws_why why;

    if (!parent)
        return;
    if (ws->limits.no_insert) {
        ds_ws_refuse_with(call, 403, "restricted_resource",
                          "Insufficient permissions for this endpoint.");
        return;
    }
    page = make_page(ws, parent, ds_json_get(body, "properties"), call, &why);
    if (!page) {
        ds_ws_refuse(call, &why);
        return;
    }
    set_looks(page, body);
    children = ds_json_get(body, "children");
    ds_ws_add_blocks(ws, &page->thing, children ? children : ds_json_get(body, "content"), 0,
                     call->now_ms);
    answer_page(ws, page, call);
}

/* ---- reading and changing -------------------------------------------------------------------- */

void ds_ws_get_page(void *state, ds_fake_call *call)
{
    ds_ws_page *page = ds_ws_named(state, call, DS_WS_PAGE, "page");

    if (page)
        answer_page(state, page, call);
}

static bool change_page(ds_ws *ws, ds_ws_page *page, const ds_json *body, ds_fake_call *call,
                        ds_ws_why *why)
{
    const ds_json *values = ds_json_get(body, "properties");
    bool trashed, asked = ds_ws_trash_asked(body, &trashed);

    if (page->thing.trashed && (!asked || trashed) && ds_json_size(body) > (asked ? 1 : 0))
        return ds_ws_no_trashed(why);
    if (values && ds_ws_source_of(page)) {
        if (!ds_ws_change_row(ws, page, values, false, call, why))
            return false;
    } else if (values) {
        if (!check_title_only(values, why))
            return false;
        apply_title(ws, page, values, call->arena);
    }
    if (asked)
        ds_ws_trash_page(ws, page, trashed, DS_WS_BOT, call->now_ms);
    if (ds_json_get(body, "is_locked"))
        page->thing.locked = ds_json_bool(body, "is_locked");
    if (ds_json_bool(body, "erase_content"))
        for (uint32_t i = 0; i < page->children.n; i++)
            page->children.at[i]->trashed = true;
    set_looks(page, body);
    if (ds_json_size(body) && !asked)
        ds_ws_touch(ws, &page->thing, DS_WS_BOT, call->now_ms);
    return true;
}

void ds_ws_update_page(void *state, ds_fake_call *call)
{
    ds_ws *ws = state;
    ds_ws_page *page = ds_ws_named(ws, call, DS_WS_PAGE, "page");
    const ds_json *body = page ? ds_ws_body(call, &ds_shape_update_page) : NULL;
    ds_ws_why why;

    if (!body)
        return;
    if (ws->limits.no_update) {
        ds_ws_refuse_with(call, 403, "restricted_resource",
                          "Insufficient permissions for this endpoint.");
        return;
    }
    if (change_page(ws, page, body, call, &why))
        answer_page(ws, page, call);
    else
        ds_ws_refuse(call, &why);
}

/* ---- one property ---------------------------------------------------------------------------- */

static void begin_item(const ds_ws_property *p, ds_arena *a, ds_json_writer *w)
{
    ds_w_text(w, "object", "property_item");
    ds_w_text(w, "type", ds_ws_type_names[p->type]);
    ds_w_text(w, "id", ds_ws_property_id(p, a));
}

/* The entries of a long property as one list of JSON values, all of them. */
static const ds_json *entries_of(const ds_ws *ws, const ds_ws_page *page, const ds_ws_property *p,
                                 ds_arena *a)
{
    DS_AUTO_BUF(out, 32 * DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);
    ds_ws_cell cell;
    ds_err err = DS_ERR_INIT;

    ds_ws_cell_find(&page->cells, p->slot, &cell);
    if (cell.form != DS_WS_IDS) {
        if (cell.form == DS_WS_RICH)
            ds_ws_show_rich(ws, ds_ws_cell_json(&cell, a), a, &w);
        else
            ds_ws_show_value(ws, page, p, a, &w);
        return ds_json_read(a, out.data, out.n, &err);
    }
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < ds_ws_cell_entries(&cell); i++) {
        ds_ws_thing *thing = ds_ws_find(ws, ds_ws_cell_id(&cell, i));

        if (p->type == DS_WS_PEOPLE && thing) {
            ds_ws_show_user((ds_ws_user *)thing, true, &w);
            continue;
        }
        ds_json_w_begin_object(&w);
        ds_ws_show_id("id", ds_ws_cell_id(&cell, i), &w);
        ds_json_w_end_object(&w);
    }
    ds_json_w_end_list(&w);
    return ds_json_read(a, out.data, out.n, &err);
}

static void show_items(const ds_json *entries, const ds_ws_property *p, size_t from, size_t to,
                       ds_arena *a, ds_json_writer *w)
{
    ds_json_w_name(w, "results");
    ds_json_w_begin_list(w);
    for (size_t i = from; i < to; i++) {
        ds_json_w_begin_object(w);
        begin_item(p, a, w);
        ds_json_w_name(w, ds_ws_type_names[p->type]);
        ds_json_w_json(w, ds_json_at(entries, i));
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
}

static void answer_items(const ds_ws *ws, const ds_ws_page *page, const ds_ws_property *p,
                         ds_fake_call *call)
{
    const ds_json *entries = entries_of(ws, page, p, call->arena);
    ds_ws_window window;
    ds_json_writer *w;
    int64_t from = 0;
    size_t n = ds_json_size(entries), to;
    char next[24];

    if (!ds_ws_window_read(call, &window))
        return;
    if (window.start && (!ds_parse_int(window.start, &from) || from < 0 || from > (int64_t)n)) {
        ds_ws_refuse_cursor(call, window.start);
        return;
    }
    to = DS_MIN(n, (size_t)from + window.size);
    snprintf(next, sizeof(next), "%zu", to);
    w = ds_ws_begin(call);
    ds_w_text(w, "object", "list");
    show_items(entries, p, (size_t)from, to, call->arena, w);
    ds_w_text(w, "next_cursor", to < n ? next : NULL);
    ds_w_bool(w, "has_more", to < n);
    ds_w_text(w, "type", "property_item");
    ds_json_w_name(w, "property_item");
    ds_json_w_begin_object(w);
    ds_w_text(w, "id", ds_ws_property_id(p, call->arena));
    ds_w_null(w, "next_url");
    ds_w_text(w, "type", ds_ws_type_names[p->type]);
    ds_json_w_name(w, ds_ws_type_names[p->type]);
    ds_json_w_begin_object(w);
    ds_json_w_end_object(w);
    ds_json_w_end_object(w);
    ds_ws_end(call, w);
}

void ds_ws_get_property(void *state, ds_fake_call *call)
{
    ds_ws_page *page = ds_ws_named(state, call, DS_WS_PAGE, "page");
    const char *name = ds_fake_param(call, "property");
    const ds_ws_property *p;
    ds_json_writer *w;

    if (!page)
        return;
    p = ds_ws_source_of(page)        ? ds_ws_property_find(ds_ws_source_of(page), name)
        : strcmp(name, "title") == 0 ? &page_title
                                     : NULL;
    if (!p) {
        ds_ws_refuse_with(call, 404, "object_not_found",
                          "Could not find property with name or id: %s", name);
        return;
    }
    if (p->type == DS_WS_TITLE || p->type == DS_WS_RICH_TEXT || p->type == DS_WS_PEOPLE ||
        p->type == DS_WS_RELATION) {
        answer_items(state, page, p, call);
        return;
    }
    w = ds_ws_begin(call);
    begin_item(p, call->arena, w);
    ds_json_w_name(w, ds_ws_type_names[p->type]);
    ds_ws_show_value(state, page, p, call->arena, w);
    ds_ws_end(call, w);
}
