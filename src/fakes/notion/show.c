/* src/fakes/notion/show.c - values of properties as answers have them. */
#include "fakes/notion/values.h"

#include "base/text.h"
#include "json/member.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- small ones ------------------------------------------------------------------------------ */

void ds_ws_show_id(const char *name, ds_ws_id id, ds_json_writer *w)
{
    char text[DS_WS_ID_TEXT];

    ds_w_text(w, name, ds_ws_id_text(id, text));
}

const char *ds_ws_time_text(int64_t ms, char out[32])
{
    int64_t days = ds_floor_div(ms, DS_DAY_MS), minutes = (ms - days * DS_DAY_MS) / DS_MINUTE_MS;
    int64_t year, month, day;

    ds_date_from_days(days, &year, &month, &day);
    snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:00.000Z", (int)year, (int)month, (int)day,
             (int)(minutes / 60), (int)(minutes % 60));
    return out;
}

void ds_ws_show_time(const char *name, int64_t ms, ds_json_writer *w)
{
    char text[32];

    ds_w_text(w, name, ds_ws_time_text(ms, text));
}

void ds_ws_show_user(const ds_ws_user *user, bool whole, ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    ds_w_text(w, "object", "user");
    ds_ws_show_id("id", user->thing.id, w);
    if (whole) {
        ds_w_text(w, "name", user->name);
        ds_w_null(w, "avatar_url");
        ds_w_text(w, "type", user->email ? "person" : "bot");
        ds_json_w_name(w, user->email ? "person" : "bot");
        ds_json_w_begin_object(w);
        if (user->email)
            ds_w_text(w, "email", user->email);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_object(w);
}

void ds_ws_show_person(const ds_ws *ws, size_t user, bool whole, ds_json_writer *w)
{
    ds_ws_show_user((const ds_ws_user *)ws->users.at[DS_MIN(user, (size_t)ws->users.n - 1)], whole,
                    w);
}

/* ---- rich text ------------------------------------------------------------------------------- */

static void show_annotations(const ds_json *given, ds_json_writer *w)
{
    static const char *const names[] = {"bold", "italic", "strikethrough", "underline", "code"};
    const char *color = ds_json_text(given, "color");

    ds_json_w_name(w, "annotations");
    ds_json_w_begin_object(w);
    for (size_t i = 0; i < DS_COUNT(names); i++)
        ds_w_bool(w, names[i], ds_json_bool(given, names[i]));
    ds_w_text(w, "color", color ? color : "default");
    ds_json_w_end_object(w);
}

/* A run of text; `link` NULL: without one. */
static void show_run(const char *text, size_t n, const char *link, const ds_json *annotations,
                     ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    ds_w_text(w, "type", "text");
    ds_json_w_name(w, "text");
    ds_json_w_begin_object(w);
    ds_json_w_name(w, "content");
    ds_json_w_text_n(w, text, n);
    ds_json_w_name(w, "link");
    if (link) {
        ds_json_w_begin_object(w);
        ds_w_text(w, "url", link);
        ds_json_w_end_object(w);
    } else {
        ds_json_w_null(w);
    }
    ds_json_w_end_object(w);
    show_annotations(annotations, w);
    ds_json_w_name(w, "plain_text");
    ds_json_w_text_n(w, text, n);
    ds_w_text(w, "href", link);
    ds_json_w_end_object(w);
}

static const char *kind_of_mention(const ds_json *mention)
{
    static const char *const kinds[] = {"user", "date", "page", "database"};

    for (size_t i = 0; i < DS_COUNT(kinds); i++)
        if (ds_json_get(mention, kinds[i]))
            return kinds[i];
    return "user";
}

/* A person whole, a date with all its members, a page by its id. */
static void show_mentioned(const ds_ws *ws, const ds_json *inner, const char *kind,
                           ds_json_writer *w)
{
    const char *text = ds_json_text(inner, "id");
    ds_ws_thing *thing;
    ds_ws_id id;

    if (!strcmp(kind, "date")) {
        ds_json_w_begin_object(w);
        ds_w_text(w, "start", ds_json_text(inner, "start"));
        ds_w_text(w, "end", ds_json_text(inner, "end"));
        ds_w_text(w, "time_zone", ds_json_text(inner, "time_zone"));
        ds_json_w_end_object(w);
        return;
    }
    thing = text && ds_ws_id_read(text, &id) ? ds_ws_find(ws, id) : NULL;
    if (!strcmp(kind, "user") && thing && thing->kind == DS_WS_USER)
        ds_ws_show_user((const ds_ws_user *)thing, true, w);
    else
        ds_json_w_json(w, inner);
}

/* A mention or an equation: one member named by its type. */
static void show_other(const ds_ws *ws, const ds_json *list, const ds_json *item, const char *type,
                       ds_arena *a, ds_json_writer *w)
{
    const ds_json *inner = ds_json_get(item, type);
    const char *plain = ds_json_text(inner, "expression");

    ds_json_w_begin_object(w);
    ds_w_text(w, "type", type);
    ds_json_w_name(w, type);
    ds_json_w_begin_object(w);
    if (plain) {
        ds_w_text(w, "expression", plain);
    } else {
        const char *kind = kind_of_mention(inner);

        ds_w_text(w, "type", kind);
        ds_json_w_name(w, kind);
        show_mentioned(ws, ds_json_get(inner, kind), kind, w);
        plain = ds_ws_rich_plain(ws, list, a);
    }
    ds_json_w_end_object(w);
    show_annotations(ds_json_get(item, "annotations"), w);
    ds_w_text(w, "plain_text", plain);
    ds_w_null(w, "href");
    ds_json_w_end_object(w);
}

static void show_item(const ds_ws *ws, const ds_json *item, ds_arena *a, ds_json_writer *w)
{
    const ds_json *text = ds_json_get(item, "text");
    const char *content;
    size_t n;
    ds_err err = DS_ERR_INIT;
    DS_AUTO_BUF(alone, DS_MIB);
    ds_json_writer alone_w = ds_json_w(&alone, false);

    if (text) {
        content = ds_json_str(ds_json_get(text, "content"), &n);
        show_run(content, n, ds_json_text(ds_json_get(text, "link"), "url"),
                 ds_json_get(item, "annotations"), w);
        return;
    }
    ds_json_w_begin_list(&alone_w); /* what it reads like is asked for as of a list of one */
    ds_json_w_json(&alone_w, item);
    ds_json_w_end_list(&alone_w);
    show_other(ws, ds_json_read(a, alone.data, alone.n, &err), item,
               ds_json_get(item, "mention") ? "mention" : "equation", a, w);
}

static void show_rich(const ds_ws *ws, const ds_json *list, int most_mentions, ds_arena *a,
                      ds_json_writer *w)
{
    int mentions = 0;

    ds_json_w_begin_list(w);
    DS_JSON_EACH (list, item) {
        mentions += ds_json_get(item, "mention") != NULL;
        if (mentions > most_mentions)
            break;
        show_item(ws, item, a, w);
    }
    ds_json_w_end_list(w);
}

void ds_ws_show_rich(const ds_ws *ws, const ds_json *list, ds_arena *a, ds_json_writer *w)
{
    show_rich(ws, list, INT_MAX, a, w);
}

void ds_ws_show_rich_text(const ds_ws *ws, const char *json, ds_arena *a, ds_json_writer *w)
{
    ds_err err = DS_ERR_INIT;

    ds_ws_show_rich(ws, json ? ds_json_read(a, json, strlen(json), &err) : NULL, a, w);
}

static void show_text_cell(const ds_ws *ws, const ds_ws_cell *cell, ds_arena *a, ds_json_writer *w)
{
    size_t at = 0, n;
    const char *text;

    if (cell->form == DS_WS_RICH) {
        show_rich(ws, ds_ws_cell_json(cell, a), DS_WS_SHOWN, a, w);
        return;
    }
    ds_json_w_begin_list(w);
    while (cell->form == DS_WS_RUNS && ds_ws_cell_run(cell, &at, &text, &n))
        show_run(text, n, NULL, NULL, w);
    ds_json_w_end_list(w);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void show_option(const ds_ws_option *option, ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    ds_w_text(w, "id", option->id);
    ds_w_text(w, "name", option->name);
    ds_w_text(w, "color", option->color);
    ds_json_w_end_object(w);
}

static void show_choice(const ds_ws_property *p, const ds_ws_cell *cell, ds_json_writer *w)
{
    ds_ws_option *option = cell->n ? ds_ws_option_at(p, ds_ws_cell_option(cell, 0)) : NULL;

    if (option)
        show_option(option, w);
    else
        ds_json_w_null(w);
}

static void show_choices(const ds_ws_property *p, const ds_ws_cell *cell, ds_json_writer *w)
{
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < ds_ws_cell_entries(cell); i++) {
        ds_ws_option *option = ds_ws_option_at(p, ds_ws_cell_option(cell, i));

        if (option)
            show_option(option, w);
    }
    ds_json_w_end_list(w);
}

static void show_refs(const ds_ws *ws, const ds_ws_property *p, const ds_ws_cell *cell,
                      ds_json_writer *w)
{
    size_t n = cell->form == DS_WS_IDS ? ds_ws_cell_entries(cell) : 0;

    ds_json_w_begin_list(w);
    for (size_t i = 0; i < DS_MIN(n, (size_t)DS_WS_SHOWN); i++) {
        ds_ws_thing *thing = ds_ws_find(ws, ds_ws_cell_id(cell, i));

        if (p->type == DS_WS_PEOPLE && thing) {
            ds_ws_show_user((ds_ws_user *)thing, true, w);
            continue;
        }
        ds_json_w_begin_object(w);
        ds_ws_show_id("id", ds_ws_cell_id(cell, i), w);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
    if (p->type == DS_WS_RELATION)
        ds_w_bool(w, "has_more", n > DS_WS_SHOWN);
}

/* What a formula or rollup is before anybody has set its result. */
static void show_computed(const ds_ws_property *p, const ds_ws_cell *cell, ds_json_writer *w)
{
    if (cell->form == DS_WS_JSON) {
        ds_json_w_raw(w, cell->data, cell->n);
        return;
    }
    ds_json_w_begin_object(w);
    ds_w_text(w, "type", p->type == DS_WS_FORMULA ? "string" : "number");
    ds_w_null(w, p->type == DS_WS_FORMULA ? "string" : "number");
    if (p->type == DS_WS_ROLLUP)
        ds_w_text(w, "function", "count");
    ds_json_w_end_object(w);
}

static void show_unique_id(const ds_ws_page *page, const ds_ws_property *p, ds_arena *a,
                           ds_json_writer *w)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *config = p->config ? ds_json_read(a, p->config, strlen(p->config), &err) : NULL;

    ds_json_w_begin_object(w);
    ds_w_text(w, "prefix", ds_json_text(config, "prefix"));
    ds_w_int(w, "number", page->number);
    ds_json_w_end_object(w);
}

static void show_scalar(const ds_ws_property *p, const ds_ws_cell *cell, ds_json_writer *w)
{
    char number[32];

    if (cell->form == DS_WS_REAL) {
        ds_ws_real_text(ds_ws_cell_real(cell), number);
        ds_json_w_raw(w, number, strlen(number));
    } else if (cell->form == DS_WS_JSON)
        ds_json_w_raw(w, cell->data, cell->n);
    else if (cell->form == DS_WS_PLAIN)
        ds_json_w_text_n(w, cell->data, cell->n);
    else if (p->type == DS_WS_FILES)
        ds_json_w_raw(w, "[]", 2);
    else
        ds_json_w_null(w);
}

/* What a row has without anybody writing it. */
static void show_own(const ds_ws *ws, const ds_ws_page *page, const ds_ws_property *p, ds_arena *a,
                     ds_json_writer *w)
{
    const ds_ws_thing *row = &page->thing;
    bool made = p->type == DS_WS_CREATED_TIME || p->type == DS_WS_CREATED_BY;
    char time[32];

    switch (p->type) {
    case DS_WS_UNIQUE_ID:
        show_unique_id(page, p, a, w);
        break;
    case DS_WS_CREATED_TIME:
    case DS_WS_EDITED_TIME:
        ds_json_w_text(w, ds_ws_time_text(made ? row->created_ms : row->edited_ms, time));
        break;
    case DS_WS_CREATED_BY:
    case DS_WS_EDITED_BY:
        ds_ws_show_person(ws, made ? row->created_by : row->edited_by, true, w);
        break;
    default: /* a button */
        ds_json_w_raw(w, "{}", 2);
    }
}

void ds_ws_show_value(const ds_ws *ws, const ds_ws_page *page, const ds_ws_property *p, ds_arena *a,
                      ds_json_writer *w)
{
    ds_ws_cell cell;

    ds_ws_cell_find(&page->cells, p->slot, &cell);
    switch (p->type) {
    case DS_WS_TITLE:
    case DS_WS_RICH_TEXT:
        show_text_cell(ws, &cell, a, w);
        break;
    case DS_WS_SELECT:
    case DS_WS_STATUS:
        show_choice(p, &cell, w);
        break;
    case DS_WS_MULTI_SELECT:
        show_choices(p, &cell, w);
        break;
    case DS_WS_PEOPLE:
    case DS_WS_RELATION:
        show_refs(ws, p, &cell, w);
        break;
    case DS_WS_CHECKBOX:
        ds_json_w_bool(w, cell.form == DS_WS_YES);
        break;
    case DS_WS_FORMULA:
    case DS_WS_ROLLUP:
        show_computed(p, &cell, w);
        break;
    case DS_WS_UNIQUE_ID:
    case DS_WS_CREATED_TIME:
    case DS_WS_EDITED_TIME:
    case DS_WS_CREATED_BY:
    case DS_WS_EDITED_BY:
    case DS_WS_BUTTON:
        show_own(ws, page, p, a, w);
        break;
    default:
        show_scalar(p, &cell, w);
    }
}
