/* src/fakes/notion/blocks.c - blocks: what stands on a page, and pages and databases as blocks. */
#include "fakes/notion/calls.h"

#include "json/member.h"

#include <stdlib.h>
#include <string.h>

/* ---- making ---------------------------------------------------------------------------------- */

/* The type a block of the right shape is of; its constant name. */
static const char *type_of(const ds_json *block)
{
    ds_json_iter it = ds_json_iterate(block);

    while (ds_json_next(&it) != NULL) {
        const char *name = it.name;

        if (ds_shape_block_content(&name))
            return name;
    }
    return NULL;
}

/* The content without what is below, which becomes blocks of its own. */
static char *keep_content(const ds_json *content, const ds_json *before)
{
    DS_AUTO_BUF(out, 16 * DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);
    const ds_json *from[] = {before, content};

    w.exact = true;
    ds_json_w_begin_object(&w);
    for (size_t i = 0; i < DS_COUNT(from); i++) {
        ds_json_iter it = ds_json_iterate(from[i]);
        const ds_json *value;

        while ((value = ds_json_next(&it)) != NULL) {
            if (!strcmp(it.name, "children") || (!i && ds_json_get(content, it.name)))
                continue;
            ds_json_w_name(&w, it.name);
            ds_json_w_json(&w, value);
        }
    }
    ds_json_w_end_object(&w);
    return ds_strdup(out.data);
}

void ds_ws_add_blocks(ds_ws *ws, ds_ws_thing *parent, const ds_json *list, uint32_t at,
                      int64_t now_ms)
{
    DS_JSON_EACH (list, asked) {
        const char *type = type_of(asked);
        const ds_json *content = ds_json_get(asked, type);
        ds_ws_block *block = ds_ws_add_block(ws, type, parent, at++, now_ms);

        block->content = keep_content(content, NULL);
        ds_ws_add_blocks(ws, &block->thing, ds_json_get(content, "children"), 0, now_ms);
    }
}

/* ---- showing --------------------------------------------------------------------------------- */

static bool is_rich(const char *name)
{
    return !strcmp(name, "rich_text") || !strcmp(name, "caption");
}

static void show_cells(const ds_ws *ws, const ds_json *rows, ds_arena *a, ds_json_writer *w)
{
    ds_json_w_begin_list(w);
    DS_JSON_EACH (rows, cell)
        ds_ws_show_rich(ws, cell, a, w);
    ds_json_w_end_list(w);
}

/* What an answer has although the request left it out. */
static void show_missing(const char *type, const ds_json *content, ds_json_writer *w)
{
    static const struct {
        const char *name, *json;
    } missing[] = {{"color", "\"default\""},
                   {"is_toggleable", "false"},
                   {"checked", "false"},
                   {"caption", "[]"},
                   {"icon", NULL},
                   {"has_column_header", "false"},
                   {"has_row_header", "false"}};
    const ds_shape *shape = ds_shape_block_content(&type);

    for (size_t i = 0; i < DS_COUNT(missing); i++)
        for (size_t j = 0; j < shape->n; j++)
            if (!strcmp(shape->members[j].name, missing[i].name) &&
                !ds_json_get(content, missing[i].name))
                ds_ws_show_json(missing[i].name, missing[i].json, w);
    if (!ds_json_get(content, "type"))
        for (size_t j = 0; j < shape->n; j++)
            if (shape->members[j].need == DS_VARIANT &&
                ds_json_get(content, shape->members[j].name))
                ds_w_text(w, "type", shape->members[j].name);
}

static void show_content(const ds_ws *ws, const ds_ws_block *block, ds_arena *a, ds_json_writer *w)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *content = ds_json_read(a, block->content, strlen(block->content), &err), *value;
    ds_json_iter it = ds_json_iterate(content);

    ds_w_text(w, "type", block->type);
    ds_json_w_name(w, block->type);
    ds_json_w_begin_object(w);
    while ((value = ds_json_next(&it)) != NULL) {
        ds_json_w_name(w, it.name);
        if (is_rich(it.name))
            ds_ws_show_rich(ws, value, a, w);
        else if (!strcmp(it.name, "cells"))
            show_cells(ws, value, a, w);
        else if (!strcmp(it.name, "icon"))
            ds_ws_show_typed(value, w);
        else
            ds_json_w_json(w, value);
    }
    show_missing(block->type, content, w);
    ds_json_w_end_object(w);
}

/* A page or a database where it stands: its title. */
static void show_child(const ds_ws *ws, const ds_ws_thing *thing, ds_arena *a, ds_json_writer *w)
{
    bool page = thing->kind == DS_WS_PAGE;
    const char *type = page ? "child_page" : "child_database";

    ds_w_text(w, "type", type);
    ds_json_w_name(w, type);
    ds_json_w_begin_object(w);
    ds_w_text(w, "title",
              page ? ds_ws_page_title(ws, (const ds_ws_page *)thing, a)
                   : ds_ws_title_text(ws, ((const ds_ws_database *)thing)->title, a));
    ds_json_w_end_object(w);
}

static bool has_children(const ds_ws_thing *thing)
{
    const ds_ws_list *children = thing->kind == DS_WS_PAGE ? &((const ds_ws_page *)thing)->children
                                 : thing->kind == DS_WS_BLOCK
                                     ? &((const ds_ws_block *)thing)->children
                                     : NULL;

    for (uint32_t i = 0; children && i < children->n; i++)
        if (!children->at[i]->trashed)
            return true;
    return false;
}

static void show_members(const ds_ws *ws, const ds_ws_thing *thing, const ds_fake_call *call,
                         ds_json_writer *w)
{
    ds_w_text(w, "object", "block");
    ds_ws_show_id("id", thing->id, w);
    ds_ws_show_parent(thing, ds_ws_is_old(call), w);
    ds_ws_show_stamps(ws, thing, w);
    ds_w_bool(w, "has_children", has_children(thing));
    ds_ws_show_trashed(thing->trashed, call, w);
    if (thing->kind == DS_WS_BLOCK)
        show_content(ws, (const ds_ws_block *)thing, call->arena, w);
    else
        show_child(ws, thing, call->arena, w);
}

void ds_ws_show_block(const ds_ws *ws, const ds_ws_thing *block, const ds_fake_call *call,
                      ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    show_members(ws, block, call, w);
    ds_json_w_end_object(w);
}

static void answer_block(const ds_ws *ws, const ds_ws_thing *thing, ds_fake_call *call)
{
    ds_json_writer *w = ds_ws_begin(call);

    show_members(ws, thing, call, w);
    ds_ws_end(call, w);
}

/* ---- one block ------------------------------------------------------------------------------- */

/* A block, or a page or database as one. NULL: refused. */
static ds_ws_thing *block_named(ds_ws *ws, ds_fake_call *call)
{
    const char *text = ds_fake_param(call, "id");
    ds_ws_thing *thing;
    ds_ws_id id;

    if (ds_ws_id_read(text, &id)) {
        thing = ds_ws_find(ws, id);
        if (thing && !ds_ws_is_hidden(thing) &&
            (thing->kind == DS_WS_PAGE || thing->kind == DS_WS_DATABASE))
            return thing;
    }
    return ds_ws_by_id(ws, call, text, DS_WS_BLOCK, "block");
}

void ds_ws_get_block(void *state, ds_fake_call *call)
{
    ds_ws_thing *thing = block_named(state, call);

    if (thing)
        answer_block(state, thing, call);
}

static bool change_block(ds_ws *ws, ds_ws_block *block, const ds_json *body, ds_fake_call *call,
                         ds_ws_why *why)
{
    const char *type = type_of(body);
    const ds_json *content = type ? ds_json_get(body, type) : NULL;
    ds_err err = DS_ERR_INIT;
    bool trashed, asked = ds_ws_trash_asked(body, &trashed);
    char *before = block->content;

    if (ds_ws_is_trashed(&block->thing) && !(asked && !trashed))
        return ds_ws_no_trashed(why);
    if (type && strcmp(type, block->type) != 0)
        return ds_ws_invalid(why,
                             "body failed validation: body.%s should be defined, instead was "
                             "`undefined`.",
                             block->type);
    if (ds_json_get(content, "children"))
        return ds_ws_invalid(why, "body failed validation: body.%s.children should be not present.",
                             type);
    if (content) {
        block->content =
            keep_content(content, ds_json_read(call->arena, before, strlen(before), &err));
        free(before);
    }
    if (asked)
        block->thing.trashed = trashed;
    ds_ws_touch(ws, &block->thing, DS_WS_BOT, call->now_ms);
    return true;
}

void ds_ws_update_block(void *state, ds_fake_call *call)
{
    ds_ws_block *block = ds_ws_named(state, call, DS_WS_BLOCK, "block");
    const ds_json *body = block ? ds_ws_body(call, &ds_shape_update_block) : NULL;
    ds_ws_why why;

    if (!body)
        return;
    if (change_block(state, block, body, call, &why))
        answer_block(state, &block->thing, call);
    else
        ds_ws_refuse(call, &why);
}

void ds_ws_delete_block(void *state, ds_fake_call *call)
{
    ds_ws_thing *thing = block_named(state, call);

    if (!thing)
        return;
    if (ds_ws_is_trashed(thing)) {
        ds_ws_why why;

        ds_ws_no_trashed(&why);
        ds_ws_refuse(call, &why);
        return;
    }
    if (thing->kind == DS_WS_PAGE)
        ds_ws_trash_page(state, (ds_ws_page *)thing, true, DS_WS_BOT, call->now_ms);
    thing->trashed = true;
    ds_ws_touch(state, thing, DS_WS_BOT, call->now_ms);
    answer_block(state, thing, call);
}

/* ---- children -------------------------------------------------------------------------------- */

/* The next one from `at` on that is not in the trash; the list's end: none. */
static uint32_t next_living(const ds_ws_list *list, uint32_t at)
{
    while (at < list->n && list->at[at]->trashed)
        at++;
    return at;
}

void ds_ws_list_children(void *state, ds_fake_call *call)
{
    static const ds_ws_list none;
    ds_ws_thing *thing = block_named(state, call);
    const ds_ws_list *list;
    ds_ws_window window;
    ds_json_writer *w;
    uint32_t at;

    if (!thing || !ds_ws_window_read(call, &window))
        return;
    list = ds_ws_children(thing);
    list = list ? list : &none;
    if (!ds_ws_begins_at(state, call, list, window.start, &at))
        return;
    w = ds_ws_begin_list(call);
    at = next_living(list, at);
    for (size_t i = 0; i < window.size && at < list->n; i++) {
        ds_ws_show_block(state, list->at[at], call, w);
        at = next_living(list, at + 1);
    }
    ds_ws_end_list(call, w, "block", at < list->n ? &list->at[at]->id : NULL);
}

/* Where new children begin. false: `after` is no child. */
static bool place_asked(const ds_ws *ws, const ds_ws_list *list, const ds_json *body, uint32_t *at,
                        ds_ws_why *why)
{
    const ds_json *position = ds_json_get(body, "position");
    const char *type = ds_json_text(position, "type");
    const char *after = position ? ds_json_text(ds_json_get(position, "after_block"), "id")
                                 : ds_json_text(body, "after");
    ds_ws_id id;

    *at = type && !strcmp(type, "start") ? 0 : list->n;
    if (!after || !ds_ws_id_read(after, &id))
        return true;
    *at = ds_ws_list_find(list, ds_ws_find(ws, id));
    if (*at == list->n)
        return ds_ws_invalid(why, "Block with ID %s to be put behind is no child of the block.",
                             after);
    (*at)++;
    return true;
}

static bool may_append(const ds_ws *ws, ds_ws_thing *thing, const ds_json *body, uint32_t *at,
                       ds_ws_why *why)
{
    const ds_ws_list *list = ds_ws_children(thing);

    *at = 0;
    if (!list)
        return ds_ws_invalid(why, "A database takes no blocks.");
    if (ds_ws_is_trashed(thing))
        return ds_ws_no_trashed(why);
    return place_asked(ws, list, body, at, why);
}

void ds_ws_append_children(void *state, ds_fake_call *call)
{
    ds_ws *ws = state;
    ds_ws_thing *thing = block_named(ws, call);
    const ds_json *body = thing ? ds_ws_body(call, &ds_shape_append) : NULL, *children;
    ds_ws_why why;
    ds_json_writer *w;
    uint32_t at;

    if (!body)
        return;
    if (!may_append(ws, thing, body, &at, &why)) {
        ds_ws_refuse(call, &why);
        return;
    }
    children = ds_json_get(body, "children");
    ds_ws_add_blocks(ws, thing, children, at, call->now_ms);
    ds_ws_touch(ws, thing, DS_WS_BOT, call->now_ms);
    w = ds_ws_begin_list(call);
    for (uint32_t i = at; i < at + ds_json_size(children); i++)
        ds_ws_show_block(ws, ds_ws_children(thing)->at[i], call, w);
    ds_ws_end_list(call, w, "block", NULL);
}
