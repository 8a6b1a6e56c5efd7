/* src/fakes/notion/databases.c - databases of both versions, and the data sources in them. */
#include "fakes/notion/calls.h"

#include "json/member.h"

#include <stdlib.h>
#include <string.h>

/* ---- showing --------------------------------------------------------------------------------- */

static void show_title(const ds_ws *ws, const char *name, const char *json, ds_arena *a,
                       ds_json_writer *w)
{
    ds_json_w_name(w, name);
    ds_ws_show_rich_text(ws, json, a, w);
}

static void show_sources(const ds_ws *ws, const ds_ws_database *base, ds_arena *a,
                         ds_json_writer *w)
{
    ds_json_w_name(w, "data_sources");
    ds_json_w_begin_list(w);
    for (uint32_t i = 0; i < base->sources.n; i++) {
        const ds_ws_source *source = (const ds_ws_source *)base->sources.at[i];

        if (source->thing.trashed)
            continue;
        ds_json_w_begin_object(w);
        ds_ws_show_id("id", source->thing.id, w);
        ds_w_text(w, "name", ds_ws_title_text(ws, source->title, a));
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
}

static void show_base(const ds_ws *ws, const ds_ws_database *base, const ds_fake_call *call,
                      ds_json_writer *w)
{
    bool old = ds_ws_is_old(call);

    ds_w_text(w, "object", "database");
    ds_ws_show_id("id", base->thing.id, w);
    show_title(ws, "title", base->title, call->arena, w);
    show_title(ws, "description", base->description, call->arena, w);
    ds_ws_show_parent(&base->thing, old, w);
    if (old)
        ds_ws_show_stamps(ws, &base->thing, w);
    else
        ds_ws_show_times(&base->thing, w);
    ds_w_bool(w, "is_inline", base->is_inline);
    ds_ws_show_trashed(base->thing.trashed, call, w);
    ds_ws_show_json("icon", base->icon, w);
    ds_ws_show_json("cover", base->cover, w);
    ds_ws_show_url(&base->thing, w);
    if (old) {
        ds_ws_show_columns(ws, ds_ws_first_source(base), true, call->arena, w);
        return;
    }
    ds_w_bool(w, "is_locked", base->thing.locked);
    show_sources(ws, base, call->arena, w);
}

void ds_ws_show_database(const ds_ws *ws, const ds_ws_database *base, const ds_fake_call *call,
                         ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    show_base(ws, base, call, w);
    ds_json_w_end_object(w);
}

static void show_source(const ds_ws *ws, const ds_ws_source *source, const ds_fake_call *call,
                        ds_json_writer *w)
{
    const ds_ws_database *base = (const ds_ws_database *)source->thing.parent;
    const ds_ws_thing *above = base->thing.parent;

    ds_w_text(w, "object", "data_source");
    ds_ws_show_id("id", source->thing.id, w);
    show_title(ws, "title", source->title, call->arena, w);
    show_title(ws, "description", source->description, call->arena, w);
    ds_ws_show_parent(&source->thing, false, w);
    ds_json_w_name(w, "database_parent");
    ds_json_w_begin_object(w);
    ds_w_text(w, "type", above ? "page_id" : "workspace");
    if (above)
        ds_ws_show_id("page_id", above->id, w);
    else
        ds_w_bool(w, "workspace", true);
    ds_json_w_end_object(w);
    ds_ws_show_stamps(ws, &source->thing, w);
    ds_w_bool(w, "is_inline", base->is_inline);
    ds_ws_show_trashed(ds_ws_is_trashed(&source->thing), call, w);
    ds_ws_show_json("icon", base->icon, w);
    ds_ws_show_json("cover", base->cover, w);
    ds_ws_show_url(&source->thing, w);
    ds_ws_show_columns(ws, source, false, call->arena, w);
}

void ds_ws_show_source(const ds_ws *ws, const ds_ws_source *source, const ds_fake_call *call,
                       ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    show_source(ws, source, call, w);
    ds_json_w_end_object(w);
}

static void answer_database(const ds_ws *ws, const ds_ws_database *base, ds_fake_call *call)
{
    ds_json_writer *w = ds_ws_begin(call);

    show_base(ws, base, call, w);
    ds_ws_end(call, w);
}

static void answer_source(const ds_ws *ws, const ds_ws_source *source, ds_fake_call *call)
{
    ds_json_writer *w = ds_ws_begin(call);

    show_source(ws, source, call, w);
    ds_ws_end(call, w);
}

/* ---- databases ------------------------------------------------------------------------------- */

static void keep(char **at, const ds_json *value)
{
    if (!value)
        return;
    free(*at);
    *at = ds_ws_keep_json(value);
}

static void keep_typed(char **at, const ds_json *value)
{
    if (!value)
        return;
    free(*at);
    *at = ds_ws_keep_typed(value);
}

static void set_looks(ds_ws_database *base, const ds_json *body)
{
    keep(&base->title, ds_json_get(body, "title"));
    keep(&base->description, ds_json_get(body, "description"));
    keep_typed(&base->icon, ds_json_get(body, "icon"));
    keep_typed(&base->cover, ds_json_get(body, "cover"));
    if (ds_json_get(body, "is_inline"))
        base->is_inline = ds_json_bool(body, "is_inline");
}

/* A title alone, when nobody says what columns there are. */
static const ds_json *one_title(ds_arena *a)
{
    static const char columns[] = "{\"Name\":{\"title\":{}}}";
    ds_err err = DS_ERR_INIT;

    return ds_json_read(a, columns, sizeof(columns) - 1, &err);
}

/* The page a database is to stand on. false: refused. */
static bool place_asked(ds_ws *ws, ds_fake_call *call, const ds_json *body, ds_ws_thing **parent)
{
    const char *page = ds_json_text(ds_json_get(body, "parent"), "page_id");

    *parent = page ? ds_ws_by_id(ws, call, page, DS_WS_PAGE, "page") : NULL;
    if (page && *parent && ds_ws_is_trashed(*parent)) {
        ds_ws_why why;

        ds_ws_no_trashed(&why);
        ds_ws_refuse(call, &why);
        return false;
    }
    if (!page)
        ds_ws_refuse_with(call, 400, "validation_error",
                          "Provided \"parent\" must be a page: an internal integration makes "
                          "nothing at the top of a workspace.");
    return *parent != NULL;
}

void ds_ws_create_database(void *state, ds_fake_call *call)
{
    ds_ws *ws = state;
    bool old = ds_ws_is_old(call);
    const ds_json *body =
        ds_ws_body(call, old ? &ds_shape_create_database_old : &ds_shape_create_database);
    const ds_json *columns =
        ds_json_get(old ? body : ds_json_get(body, "initial_data_source"), "properties");
    ds_ws_thing *parent;
    ds_ws_database *base;
    ds_ws_source *source;
    ds_ws_why why;

    if (!body || !place_asked(ws, call, body, &parent))
        return;
    if (!columns)
        columns = one_title(call->arena);
    if (!ds_ws_columns_check(ws, NULL, columns, true, &why)) {
        ds_ws_refuse(call, &why);
        return;
    }
    base = ds_ws_add_database(ws, ds_ws_new_id(ws), parent, call->now_ms);
    source = ds_ws_add_source(ws, ds_ws_new_id(ws), base, call->now_ms);
    set_looks(base, body);
    keep(&source->title, ds_json_get(body, "title"));
    ds_ws_columns_apply(ws, source, columns);
    answer_database(ws, base, call);
}

/* A database that this version can show. NULL: refused. */
static ds_ws_database *database_named(ds_ws *ws, ds_fake_call *call)
{
    ds_ws_database *base = ds_ws_named(ws, call, DS_WS_DATABASE, "database");

    if (base && ds_ws_is_old(call) && !ds_ws_only_source(call, base))
        return NULL;
    return base;
}

void ds_ws_get_database(void *state, ds_fake_call *call)
{
    ds_ws_database *base = database_named(state, call);

    if (base)
        answer_database(state, base, call);
}

static bool change_columns(ds_ws *ws, ds_ws_source *source, const ds_json *columns, int64_t now_ms,
                           ds_ws_why *why)
{
    if (!columns)
        return true;
    if (!ds_ws_columns_check(ws, source, columns, false, why))
        return false;
    ds_ws_columns_apply(ws, source, columns);
    ds_ws_touch(ws, &source->thing, DS_WS_BOT, now_ms);
    return true;
}

void ds_ws_update_database(void *state, ds_fake_call *call)
{
    ds_ws *ws = state;
    ds_ws_database *base = database_named(ws, call);
    const ds_json *body = base ? ds_ws_body(call, ds_ws_is_old(call) ? &ds_shape_update_database_old
                                                                     : &ds_shape_update_database)
                               : NULL;
    ds_ws_source *first;
    bool trashed;
    ds_ws_why why;

    if (!body)
        return;
    first = ds_ws_first_source(base);
    if (!change_columns(ws, first, ds_json_get(body, "properties"), call->now_ms, &why)) {
        ds_ws_refuse(call, &why);
        return;
    }
    set_looks(base, body);
    if (base->sources.n == 1) /* the one inside goes by the same name */
        keep(&first->title, ds_json_get(body, "title"));
    if (ds_ws_trash_asked(body, &trashed))
        base->thing.trashed = trashed;
    if (ds_json_get(body, "is_locked"))
        base->thing.locked = ds_json_bool(body, "is_locked");
    ds_ws_touch(ws, &base->thing, DS_WS_BOT, call->now_ms);
    answer_database(ws, base, call);
}

/* ---- data sources ---------------------------------------------------------------------------- */

/* Old clients know no data sources. false: refused. */
static bool knows_sources(ds_fake_call *call)
{
    if (!ds_ws_is_old(call))
        return true;
    ds_ws_refuse_with(call, 400, "invalid_request_url", "Invalid request URL.");
    return false;
}

static ds_ws_source *source_named(ds_ws *ws, ds_fake_call *call)
{
    return knows_sources(call) ? ds_ws_named(ws, call, DS_WS_SOURCE, "data source") : NULL;
}

void ds_ws_create_source(void *state, ds_fake_call *call)
{
    ds_ws *ws = state;
    const ds_json *body = knows_sources(call) ? ds_ws_body(call, &ds_shape_create_source) : NULL;
    const ds_json *columns = ds_json_get(body, "properties");
    ds_ws_database *base;
    ds_ws_source *source;
    ds_ws_why why;

    if (!body)
        return;
    base = ds_ws_by_id(ws, call, ds_json_text(ds_json_get(body, "parent"), "database_id"),
                       DS_WS_DATABASE, "database");
    if (!base)
        return;
    if (!ds_ws_columns_check(ws, NULL, columns, true, &why)) {
        ds_ws_refuse(call, &why);
        return;
    }
    source = ds_ws_add_source(ws, ds_ws_new_id(ws), base, call->now_ms);
    keep(&source->title, ds_json_get(body, "title"));
    ds_ws_columns_apply(ws, source, columns);
    answer_source(ws, source, call);
}

void ds_ws_get_source(void *state, ds_fake_call *call)
{
    ds_ws_source *source = source_named(state, call);

    if (source)
        answer_source(state, source, call);
}

void ds_ws_update_source(void *state, ds_fake_call *call)
{
    ds_ws *ws = state;
    ds_ws_source *source = source_named(ws, call);
    const ds_json *body = source ? ds_ws_body(call, &ds_shape_update_source) : NULL;
    bool trashed;
    ds_ws_why why;

    if (!body)
        return;
    if (!change_columns(ws, source, ds_json_get(body, "properties"), call->now_ms, &why)) {
        ds_ws_refuse(call, &why);
        return;
    }
    keep(&source->title, ds_json_get(body, "title"));
    keep(&source->description, ds_json_get(body, "description"));
    if (ds_ws_trash_asked(body, &trashed))
        source->thing.trashed = trashed;
    ds_ws_touch(ws, &source->thing, DS_WS_BOT, call->now_ms);
    answer_source(ws, source, call);
}

/* Templates are made by hand, and nobody has made any. */
void ds_ws_list_templates(void *state, ds_fake_call *call)
{
    ds_ws_source *source = source_named(state, call);
    ds_json_writer *w;

    if (!source)
        return;
    w = ds_ws_begin(call);
    ds_json_w_name(w, "templates");
    ds_json_w_begin_list(w);
    ds_json_w_end_list(w);
    ds_w_bool(w, "has_more", false);
    ds_w_null(w, "next_cursor");
    ds_ws_end(call, w);
}
