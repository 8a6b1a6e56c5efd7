/* src/fakes/notion/calls.c - bodies read, errors and lists answered, heads of things shown. */
#include "fakes/notion/calls.h"

#include "base/text.h"
#include "json/member.h"

#include <stdio.h>
#include <string.h>

/* ---- refusing -------------------------------------------------------------------------------- */

static const struct {
    int status;
    const char *code, *text;
} errors[] = {
    {400, "validation_error",
     "The request body does not match the schema for the expected "
     "parameters."},
    {401, "unauthorized", "API token is invalid."},
    {403, "restricted_resource", "Insufficient permissions for this endpoint."},
    {404, "object_not_found", "Could not find object."},
    {405, "invalid_request_url", "Invalid request URL."},
    {409, "conflict_error", "Conflict occurred while saving. Please try again."},
    {413, "validation_error", "The request body is too large: at most 500 KB are taken."},
    {429, "rate_limited", "You have been rate limited. Please try again in a few minutes."},
    {500, "internal_server_error", "Unexpected error occurred."},
    {502, "bad_gateway", "Notion is unavailable. Please try again later."},
    {503, "service_unavailable", "Notion is unavailable. Please try again later."},
    {504, "gateway_timeout", "Notion took too long to answer. Please try again later."},
    {529, "service_overload", "Notion is overloaded. Please try again later."},
};

const char *ds_ws_code_of(int status)
{
    for (size_t i = 0; i < DS_COUNT(errors); i++)
        if (errors[i].status == status)
            return errors[i].code;
    return status < 500 ? "invalid_request" : "internal_server_error";
}

static const char *text_of(int status)
{
    for (size_t i = 0; i < DS_COUNT(errors); i++)
        if (errors[i].status == status)
            return errors[i].text;
    return "The request could not be answered.";
}

void ds_ws_refuse(ds_fake_call *call, const ds_ws_why *why)
{
    ds_json_writer *w = ds_fake_json(call, why->status);

    ds_json_w_begin_object(w);
    ds_w_text(w, "object", "error");
    ds_w_int(w, "status", why->status);
    ds_w_text(w, "code", why->code ? why->code : ds_ws_code_of(why->status));
    ds_w_text(w, "message", *why->text ? why->text : text_of(why->status));
    if (why->status == 429) {
        ds_json_w_name(w, "additional_data");
        ds_json_w_begin_object(w);
        ds_w_text(w, "rate_limit_reason", "integration_rate_limit");
        ds_json_w_end_object(w);
    }
    ds_ws_end(call, w);
}

void ds_ws_refuse_with(ds_fake_call *call, int status, const char *code, const char *fmt, ...)
{
    ds_ws_why why = {.status = status, .code = code};
    va_list args;

    va_start(args, fmt);
    vsnprintf(why.text, sizeof(why.text), fmt, args);
    va_end(args);
    ds_ws_refuse(call, &why);
}

void ds_ws_refuse_missing(ds_fake_call *call, const char *what, const char *id)
{
    ds_ws_refuse_with(call, 404, "object_not_found",
                      "Could not find %s with ID: %s. Make sure the relevant pages and databases "
                      "are shared with your integration.",
                      what, id);
}

bool ds_ws_no_trashed(ds_ws_why *why)
{
    return ds_ws_invalid(why, "Can't edit block that is archived. You must unarchive the block "
                              "before editing.");
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *const versions[] = {"2022-06-28", "2025-09-03", "2026-03-11"};

bool ds_ws_is_version(const char *version)
{
    for (size_t i = 0; i < DS_COUNT(versions); i++)
        if (!strcmp(version, versions[i]))
            return true;
    return false;
}

static bool is_of(const ds_fake_call *call, const char *version)
{
    const char *asked = ds_fake_header(call, "Notion-Version");

    return asked && !strcmp(asked, version);
}

bool ds_ws_is_old(const ds_fake_call *call)
{
    return is_of(call, versions[0]);
}

bool ds_ws_is_newest(const ds_fake_call *call)
{
    return is_of(call, versions[2]);
}

/* Members that one version has and another has not. */
static bool has_members_of_version(const ds_fake_call *call, const ds_json *body, ds_ws_why *why)
{
    static const char *const gone[] = {"archived", "after"}, *const come[] = {"position"};
    bool newest = ds_ws_is_newest(call);
    const char *const *names = newest ? gone : come;

    for (size_t i = 0; i < (newest ? DS_COUNT(gone) : DS_COUNT(come)); i++)
        if (ds_json_get(body, names[i]))
            return ds_ws_invalid(why,
                                 "body failed validation: body.%s should be not present, instead "
                                 "was `%s`.",
                                 names[i], ds_json_text(body, names[i]) ? "a string" : "a value");
    return true;
}

const ds_json *ds_ws_body(ds_fake_call *call, const ds_shape *shape)
{
    ds_err err = DS_ERR_INIT;
    ds_ws_why why;
    const ds_json *body = call->json;

    if (!body && !call->body_n)
        body = ds_json_read(call->arena, "{}", 2, &err);
    if (!body) { /* it says of itself that it is no JSON */
        ds_ws_refuse_with(call, 400, "invalid_json", "Error parsing JSON body.");
        return NULL;
    }
    if (ds_shape_check(shape, body, "body", &why) && has_members_of_version(call, body, &why))
        return body;
    ds_ws_refuse(call, &why);
    return NULL;
}

void *ds_ws_by_id(ds_ws *ws, ds_fake_call *call, const char *text, ds_ws_kind kind,
                  const char *what)
{
    ds_ws_thing *thing;
    ds_ws_id id;
    char dashed[DS_WS_ID_TEXT];

    if (!ds_ws_id_read(text, &id)) {
        ds_ws_refuse_with(call, 400, "validation_error",
                          "path failed validation: path.%s_id should be a valid uuid, instead was "
                          "`\"%s\"`.",
                          what, text);
        return NULL;
    }
    thing = ds_ws_find(ws, id);
    if (thing && thing->kind == kind && !ds_ws_is_hidden(thing))
        return thing;
    ds_ws_refuse_missing(call, what, ds_ws_id_text(id, dashed));
    return NULL;
}

void *ds_ws_named(ds_ws *ws, ds_fake_call *call, ds_ws_kind kind, const char *what)
{
    return ds_ws_by_id(ws, call, ds_fake_param(call, "id"), kind, what);
}

ds_ws_source *ds_ws_only_source(ds_fake_call *call, const ds_ws_database *base)
{
    ds_ws_source *only = NULL;
    size_t there = 0;

    for (uint32_t i = 0; i < base->sources.n; i++) {
        if (base->sources.at[i]->trashed)
            continue;
        only = (ds_ws_source *)base->sources.at[i];
        there++;
    }
    if (there == 1)
        return only;
    ds_ws_refuse_with(call, 400, "validation_error",
                      "Databases with multiple data sources are not supported in this API "
                      "version.");
    return NULL;
}

bool ds_ws_trash_asked(const ds_json *body, bool *trashed)
{
    const ds_json *asked = ds_json_get(body, "in_trash");

    if (!asked)
        asked = ds_json_get(body, "archived");
    *trashed = ds_json_truth(asked);
    return asked != NULL;
}

bool ds_ws_window_read(ds_fake_call *call, ds_ws_window *window)
{
    const char *size = ds_fake_query(call, "page_size");
    int64_t number = DS_WS_SHOWN * 4;

    window->start = ds_fake_query(call, "start_cursor");
    if (size && (!ds_parse_int(size, &number) || number < 1 || number > 100)) {
        ds_ws_refuse_with(call, 400, "validation_error",
                          "query failed validation: query.page_size should be a number from 1 to "
                          "100, instead was `\"%s\"`.",
                          size);
        return false;
    }
    window->size = (size_t)number;
    return true;
}

void ds_ws_refuse_cursor(ds_fake_call *call, const char *start)
{
    ds_ws_refuse_with(call, 400, "validation_error", "The start_cursor provided is invalid: %s",
                      start);
}

bool ds_ws_begins_at(const ds_ws *ws, ds_fake_call *call, const ds_ws_list *list, const char *start,
                     uint32_t *at)
{
    ds_ws_id id;

    *at = 0;
    if (!start)
        return true;
    *at = ds_ws_id_read(start, &id) ? ds_ws_list_find(list, ds_ws_find(ws, id)) : list->n;
    if (*at < list->n)
        return true;
    ds_ws_refuse_cursor(call, start);
    return false;
}

/* ---- answering ------------------------------------------------------------------------------- */

ds_json_writer *ds_ws_begin(ds_fake_call *call)
{
    ds_json_writer *w = ds_fake_json(call, 200);

    ds_json_w_begin_object(w);
    return w;
}

void ds_ws_end(ds_fake_call *call, ds_json_writer *w)
{
    ds_w_text(w, "request_id", ds_fake_get(call, "x-notion-request-id"));
    ds_json_w_end_object(w);
}

ds_json_writer *ds_ws_begin_list(ds_fake_call *call)
{
    ds_json_writer *w = ds_ws_begin(call);

    ds_w_text(w, "object", "list");
    ds_json_w_name(w, "results");
    ds_json_w_begin_list(w);
    return w;
}

void ds_ws_close_list(ds_json_writer *w, const char *type, const ds_ws_id *next)
{
    ds_json_w_end_list(w);
    if (next)
        ds_ws_show_id("next_cursor", *next, w);
    else
        ds_w_null(w, "next_cursor");
    ds_w_bool(w, "has_more", next != NULL);
    ds_w_text(w, "type", type);
    ds_json_w_name(w, type);
    ds_json_w_begin_object(w);
    ds_json_w_end_object(w);
}

void ds_ws_end_list(ds_fake_call *call, ds_json_writer *w, const char *type, const ds_ws_id *next)
{
    ds_ws_close_list(w, type, next);
    ds_ws_end(call, w);
}

/* ---- heads of things ------------------------------------------------------------------------- */

void ds_ws_show_parent(const ds_ws_thing *thing, bool old, ds_json_writer *w)
{
    const ds_ws_thing *parent = thing->parent;
    static const char *const names[] = {[DS_WS_PAGE] = "page_id",
                                        [DS_WS_BLOCK] = "block_id",
                                        [DS_WS_DATABASE] = "database_id",
                                        [DS_WS_SOURCE] = "data_source_id"};

    ds_json_w_name(w, "parent");
    ds_json_w_begin_object(w);
    if (!parent) {
        ds_w_text(w, "type", "workspace");
        ds_w_bool(w, "workspace", true);
    } else if (parent->kind == DS_WS_SOURCE && old) {
        ds_w_text(w, "type", "database_id");
        ds_ws_show_id("database_id", parent->parent->id, w);
    } else {
        ds_w_text(w, "type", names[parent->kind]);
        ds_ws_show_id(names[parent->kind], parent->id, w);
        if (parent->kind == DS_WS_SOURCE)
            ds_ws_show_id("database_id", parent->parent->id, w);
    }
    ds_json_w_end_object(w);
}

void ds_ws_show_trashed(bool trashed, const ds_fake_call *call, ds_json_writer *w)
{
    if (!ds_ws_is_newest(call))
        ds_w_bool(w, "archived", trashed);
    ds_w_bool(w, "in_trash", trashed);
}

void ds_ws_show_times(const ds_ws_thing *thing, ds_json_writer *w)
{
    ds_ws_show_time("created_time", thing->created_ms, w);
    ds_ws_show_time("last_edited_time", thing->edited_ms, w);
}

void ds_ws_show_stamps(const ds_ws *ws, const ds_ws_thing *thing, ds_json_writer *w)
{
    ds_ws_show_times(thing, w);
    ds_json_w_name(w, "created_by");
    ds_ws_show_person(ws, thing->created_by, false, w);
    ds_json_w_name(w, "last_edited_by");
    ds_ws_show_person(ws, thing->edited_by, false, w);
}

void ds_ws_show_url(const ds_ws_thing *thing, ds_json_writer *w)
{
    char id[DS_WS_ID_TEXT], url[80], *to;

    ds_ws_id_text(thing->id, id);
    to = url + snprintf(url, sizeof(url), "https://www.notion.so/");
    for (const char *at = id; *at; at++)
        if (*at != '-')
            *to++ = *at;
    *to = '\0';
    ds_w_text(w, "url", url);
    ds_w_null(w, "public_url");
}

void ds_ws_show_json(const char *name, const char *json, ds_json_writer *w)
{
    ds_json_w_name(w, name);
    if (json)
        ds_json_w_raw(w, json, strlen(json));
    else
        ds_json_w_null(w);
}
