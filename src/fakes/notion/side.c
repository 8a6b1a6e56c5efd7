/* src/fakes/notion/side.c
 *
 * The side door of the stand-in: what a person does with the hand in Notion, and what a test wants
 * to know and to set.
 *
 *     GET  /_fake/state      pages, databases, data sources, their columns, how many rows
 *     GET  /_fake/rows       ?source=ID or name: the rows with plain values; &in_trash=true
 *     POST /_fake/add        {"source", "properties"}          a row made by hand
 *     POST /_fake/edit       {"page" or "title", "properties"} a row changed by hand
 *     POST /_fake/trash      {"page" or "title", "in_trash"}   a row thrown away or taken back
 *     POST /_fake/columns    {"source", "properties"}          columns made, renamed, deleted
 *     POST /_fake/share      {"id", "shared"}                  shared with the integration or not
 *     POST /_fake/settings   {"lag_ms", "cap", "most_rows", "insert", "update", "users", "token",
 *                             "forget_cursors"}
 *
 * `source` may be left out: the first database's.  Properties are as in the API's bodies; a hand
 * may set the result of a formula or rollup too.
 */
#include "fakes/notion/calls.h"

#include "fakes/notion/query.h"
#include "json/member.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is meant --------------------------------------------------------------------------- */

static ds_ws_source *source_called(const ds_ws *ws, const char *name, ds_arena *a)
{
    ds_ws_thing *thing;
    ds_ws_id id;

    if (!name)
        return ds_ws_first_source((const ds_ws_database *)ws->databases.at[0]);
    if (ds_ws_id_read(name, &id)) {
        thing = ds_ws_find(ws, id);
        if (thing && thing->kind == DS_WS_DATABASE)
            return ds_ws_first_source((const ds_ws_database *)thing);
        return thing && thing->kind == DS_WS_SOURCE ? (ds_ws_source *)thing : NULL;
    }
    for (uint32_t i = 0; i < ws->databases.n; i++) {
        const ds_ws_database *base = (const ds_ws_database *)ws->databases.at[i];

        for (uint32_t j = 0; j < base->sources.n; j++) {
            ds_ws_source *source = (ds_ws_source *)base->sources.at[j];

            if (!strcmp(ds_ws_title_text(ws, source->title, a), name))
                return source;
        }
    }
    return NULL;
}

/* NULL: refused. */
static ds_ws_source *source_meant(const ds_ws *ws, ds_fake_call *call, const char *name)
{
    ds_ws_source *source = source_called(ws, name, call->arena);

    if (!source)
        ds_ws_refuse_missing(call, "data source", name);
    return source;
}

/* The page of an id, or the first row of that title. NULL: refused. */
static ds_ws_page *page_meant(const ds_ws *ws, ds_fake_call *call)
{
    const char *id_text = ds_json_text(call->json, "page");
    const char *title = ds_json_text(call->json, "title");
    ds_ws_source *source = source_called(ws, ds_json_text(call->json, "source"), call->arena);
    ds_ws_thing *thing;
    ds_ws_id id;

    if (id_text && ds_ws_id_read(id_text, &id)) {
        thing = ds_ws_find(ws, id);
        if (thing && thing->kind == DS_WS_PAGE)
            return (ds_ws_page *)thing;
    }
    for (uint32_t i = 0; title && source && i < source->rows.n; i++) {
        ds_ws_page *page = (ds_ws_page *)source->rows.at[i];

        if (!strcmp(ds_ws_page_title(ws, page, call->arena), title))
            return page;
    }
    ds_ws_refuse_missing(call, "page", id_text ? id_text : title ? title : "");
    return NULL;
}

/* Whether they are what the body of that shape has as `properties`. */
static bool properties_fit(const ds_shape *body, const ds_json *properties, ds_ws_why *why)
{
    size_t at = 0;

    while (strcmp(body->members[at].name, "properties") != 0)
        at++;
    return ds_shape_check(body->members[at].shape, properties, "body.properties", why);
}

/* The member `properties` by its shape. NULL: refused. */
static const ds_json *values_given(ds_fake_call *call)
{
    const ds_json *values = ds_json_get(call->json, "properties");
    ds_ws_why why;

    if (properties_fit(&ds_shape_update_page, values, &why))
        return values;
    ds_ws_refuse(call, &why);
    return NULL;
}

static void answer_thing(const ds_ws_thing *thing, ds_fake_call *call)
{
    ds_json_writer *w = ds_fake_json(call, 200);

    ds_json_w_begin_object(w);
    ds_ws_show_id("id", thing->id, w);
    ds_json_w_end_object(w);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void show_source_state(const ds_ws *ws, const ds_ws_source *source, ds_arena *a,
                              ds_json_writer *w)
{
    size_t living = 0;

    for (uint32_t i = 0; i < source->rows.n; i++)
        living += !source->rows.at[i]->trashed;
    ds_json_w_begin_object(w);
    ds_ws_show_id("id", source->thing.id, w);
    ds_w_text(w, "name", ds_ws_title_text(ws, source->title, a));
    ds_w_int(w, "rows", (int64_t)living);
    ds_w_int(w, "in_trash", (int64_t)(source->rows.n - living));
    ds_json_w_name(w, "columns");
    ds_json_w_begin_object(w);
    for (uint32_t i = 0; i < source->properties_n; i++)
        if (!source->properties[i].gone)
            ds_w_text(w, source->properties[i].name, ds_ws_type_names[source->properties[i].type]);
    ds_json_w_end_object(w);
    ds_json_w_end_object(w);
}

static void show_head(const ds_ws_thing *thing, const char *title, ds_json_writer *w)
{
    ds_ws_show_id("id", thing->id, w);
    ds_w_text(w, "title", title);
    ds_w_bool(w, "shared", !ds_ws_is_hidden(thing));
}

static void show_pages(const ds_ws *ws, ds_arena *a, ds_json_writer *w)
{
    ds_json_w_name(w, "pages");
    ds_json_w_begin_list(w);
    for (uint32_t i = 0; i < ws->pages.n; i++) {
        const ds_ws_page *page = (const ds_ws_page *)ws->pages.at[i];

        ds_json_w_begin_object(w);
        show_head(&page->thing, ds_ws_page_title(ws, page, a), w);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
}

void ds_ws_side_state(void *state, ds_fake_call *call)
{
    const ds_ws *ws = state;
    ds_json_writer *w = ds_fake_json(call, 200);

    ds_json_w_begin_object(w);
    show_pages(ws, call->arena, w);
    ds_json_w_name(w, "databases");
    ds_json_w_begin_list(w);
    for (uint32_t i = 0; i < ws->databases.n; i++) {
        const ds_ws_database *base = (const ds_ws_database *)ws->databases.at[i];

        ds_json_w_begin_object(w);
        show_head(&base->thing, ds_ws_title_text(ws, base->title, call->arena), w);
        ds_json_w_name(w, "data_sources");
        ds_json_w_begin_list(w);
        for (uint32_t j = 0; j < base->sources.n; j++)
            show_source_state(ws, (const ds_ws_source *)base->sources.at[j], call->arena, w);
        ds_json_w_end_list(w);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
    ds_json_w_end_object(w);
}

/* A value as a person would say it. */
static void show_plain(const ds_ws *ws, const ds_ws_page *page, const ds_ws_property *p,
                       ds_arena *a, ds_json_writer *w)
{
    ds_ws_cell cell;
    ds_ws_option *option;
    char id[DS_WS_ID_TEXT];
    bool one = p->type == DS_WS_SELECT || p->type == DS_WS_STATUS;

    if (!ds_ws_cell_find(&page->cells, p->slot, &cell) || p->type > DS_WS_ROLLUP) {
        ds_ws_show_value(ws, page, p, a, w);
        return;
    }
    if (cell.form == DS_WS_RUNS || cell.form == DS_WS_RICH) {
        ds_json_w_text(w, ds_ws_cell_plain(ws, &cell, a));
        return;
    }
    if (cell.form != DS_WS_OPTIONS && cell.form != DS_WS_IDS) {
        ds_ws_show_value(ws, page, p, a, w);
        return;
    }
    if (!one)
        ds_json_w_begin_list(w);
    for (size_t i = 0; i < ds_ws_cell_entries(&cell); i++) {
        option =
            cell.form == DS_WS_OPTIONS ? ds_ws_option_at(p, ds_ws_cell_option(&cell, i)) : NULL;
        ds_json_w_text(w, cell.form == DS_WS_IDS ? ds_ws_id_text(ds_ws_cell_id(&cell, i), id)
                          : option               ? option->name
                                                 : NULL);
    }
    if (!one)
        ds_json_w_end_list(w);
}

static void show_row(const ds_ws *ws, const ds_ws_source *source, const ds_ws_page *page,
                     ds_arena *a, ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    ds_ws_show_id("id", page->thing.id, w);
    ds_w_int(w, "created_ms", page->thing.created_ms);
    ds_w_int(w, "edited_ms", page->thing.edited_ms);
    ds_w_bool(w, "by_hand", page->thing.created_by != DS_WS_BOT);
    ds_w_int(w, "blocks", page->children.n);
    ds_json_w_name(w, "properties");
    ds_json_w_begin_object(w);
    for (uint32_t i = 0; i < source->properties_n; i++) {
        if (source->properties[i].gone)
            continue;
        ds_json_w_name(w, source->properties[i].name);
        show_plain(ws, page, &source->properties[i], a, w);
    }
    ds_json_w_end_object(w);
    ds_json_w_end_object(w);
}

void ds_ws_side_rows(void *state, ds_fake_call *call)
{
    const ds_ws *ws = state;
    const char *in_trash = ds_fake_query(call, "in_trash");
    bool trashed = in_trash && !strcmp(in_trash, "true");
    ds_ws_source *source = source_meant(ws, call, ds_fake_query(call, "source"));
    DS_AUTO(ds_arena) moment = ds_arena_new();
    ds_json_writer *w;

    if (!source)
        return;
    w = ds_fake_json(call, 200);
    ds_json_w_begin_object(w);
    ds_json_w_name(w, "rows");
    ds_json_w_begin_list(w);
    for (uint32_t i = 0; i < source->rows.n; i++) {
        if (source->rows.at[i]->trashed == trashed)
            show_row(ws, source, (const ds_ws_page *)source->rows.at[i], moment, w);
        ds_arena_reset(moment);
    }
    ds_json_w_end_list(w);
    ds_json_w_end_object(w);
}

/* ---- by hand --------------------------------------------------------------------------------- */

void ds_ws_side_add(void *state, ds_fake_call *call)
{
    ds_ws_source *source = source_meant(state, call, ds_json_text(call->json, "source"));
    const ds_json *values = source ? values_given(call) : NULL;
    ds_ws_page *page;
    ds_ws_why why;

    if (!values)
        return;
    page = ds_ws_make_row(state, source, values, true, call, &why);
    if (page)
        answer_thing(&page->thing, call);
    else
        ds_ws_refuse(call, &why);
}

void ds_ws_side_edit(void *state, ds_fake_call *call)
{
    ds_ws_page *page = page_meant(state, call);
    const ds_json *values = page ? values_given(call) : NULL;
    ds_ws_why why;

    if (!values)
        return;
    if (ds_ws_source_of(page) ? ds_ws_change_row(state, page, values, true, call, &why)
                              : ds_ws_invalid(&why, "The page is no row."))
        answer_thing(&page->thing, call);
    else
        ds_ws_refuse(call, &why);
}

void ds_ws_side_trash(void *state, ds_fake_call *call)
{
    ds_ws_page *page = page_meant(state, call);
    const ds_json *asked = ds_json_get(call->json, "in_trash");

    if (!page)
        return;
    ds_ws_trash_page(state, page, asked ? ds_json_truth(asked) : true, DS_WS_PERSON, call->now_ms);
    answer_thing(&page->thing, call);
}

void ds_ws_side_columns(void *state, ds_fake_call *call)
{
    ds_ws_source *source = source_meant(state, call, ds_json_text(call->json, "source"));
    const ds_json *columns = ds_json_get(call->json, "properties");
    ds_ws_why why;

    if (!source)
        return;
    if (!properties_fit(&ds_shape_update_source, columns, &why) ||
        !ds_ws_columns_check(state, source, columns, false, &why)) {
        ds_ws_refuse(call, &why);
        return;
    }
    ds_ws_columns_apply(state, source, columns);
    ds_ws_touch(state, &source->thing, DS_WS_PERSON, call->now_ms);
    answer_thing(&source->thing, call);
}

void ds_ws_side_share(void *state, ds_fake_call *call)
{
    const char *text = ds_json_text(call->json, "id");
    ds_ws *ws = state;
    ds_ws_thing *thing = NULL;
    ds_ws_id id;

    if (text && ds_ws_id_read(text, &id))
        thing = ds_ws_find(ws, id);
    if (!thing) {
        ds_ws_refuse_missing(call, "anything", text ? text : "");
        return;
    }
    thing->hidden = !ds_json_bool(call->json, "shared");
    ws->generation++;
    answer_thing(thing, call);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void set_number(const ds_json *body, const char *name, int64_t *number)
{
    *number = DS_MIN(DS_MAX(ds_json_integer(body, name, *number), 0), DS_DAY_MS);
}

/* A capability: true is having it. */
static void set_lack(const ds_json *body, const char *name, bool *lacks)
{
    const ds_json *given = ds_json_get(body, name);

    if (given)
        *lacks = !ds_json_truth(given);
}

void ds_ws_side_settings(void *state, ds_fake_call *call)
{
    ds_ws *ws = state;
    const ds_json *token = ds_json_get(call->json, "token");
    ds_json_writer *w;

    set_number(call->json, "lag_ms", &ws->limits.lag_ms);
    set_number(call->json, "cap", &ws->limits.cap);
    set_number(call->json, "most_rows", &ws->limits.rows);
    set_lack(call->json, "insert", &ws->limits.no_insert);
    set_lack(call->json, "update", &ws->limits.no_update);
    set_lack(call->json, "users", &ws->limits.no_users);
    if (token) {
        free(ws->token);
        ws->token =
            ds_json_kind_of(token) == DS_JSON_TEXT ? ds_strdup(ds_json_str(token, NULL)) : NULL;
    }
    if (ds_json_bool(call->json, "forget_cursors"))
        ds_ws_forget_cursors(ws);
    w = ds_fake_json(call, 200);
    ds_json_w_begin_object(w);
    ds_w_int(w, "lag_ms", ws->limits.lag_ms);
    ds_w_int(w, "cap", ws->limits.cap);
    ds_w_int(w, "most_rows", ws->limits.rows);
    ds_w_bool(w, "insert", !ws->limits.no_insert);
    ds_w_bool(w, "update", !ws->limits.no_update);
    ds_w_bool(w, "users", !ws->limits.no_users);
    ds_json_w_end_object(w);
}
