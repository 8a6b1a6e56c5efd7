/* src/fakes/notion/values.c - values of properties out of a body: looked at, then put into cells.
 */
#include "fakes/notion/values.h"

#include "fakes/notion/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- checking -------------------------------------------------------------------------------- */

/* The one member that names the type of a value. */
static ds_ws_type type_of(const ds_json *value)
{
    for (size_t type = 0; type < DS_WS_TYPES; type++)
        if (ds_json_get(value, ds_ws_type_names[type]))
            return (ds_ws_type)type;
    return DS_WS_TYPES;
}

static bool check_choice(const ds_ws_property *p, const ds_json *asked, ds_ws_why *why)
{
    const char *id = ds_json_text(asked, "id"), *name = ds_json_text(asked, "name");

    if (ds_json_kind_of(asked) == DS_JSON_NULL || (id && ds_ws_option_by_id(p, id)))
        return true;
    if (!name)
        return ds_ws_invalid(why, "%s is expected to have an option with the id or name given: %s",
                             p->name, id ? id : "`undefined`");
    if (strchr(name, ','))
        return ds_ws_invalid(why, "Invalid select option, commas not allowed: %s", name);
    if (p->type == DS_WS_STATUS && !ds_ws_option_find(p, name))
        return ds_ws_invalid(why, "Invalid status option. Status option \"%s\" does not exist\".",
                             name);
    if (!ds_ws_option_find(p, name) && p->options_n >= DS_WS_OPTIONS_MOST)
        return ds_ws_invalid(why, "Too many options in %s.", p->name);
    return true;
}

static bool check_date(const ds_ws_property *p, const ds_json *date, ds_ws_why *why)
{
    const char *start = ds_json_text(date, "start"), *end = ds_json_text(date, "end");
    const char *zone = ds_json_text(date, "time_zone");
    ds_ws_time from, to;

    if (!start || !ds_ws_time_read(start, &from))
        return true; /* null; its shape was seen to */
    if (end && ds_ws_time_read(end, &to)) {
        if (to.ms < from.ms)
            return ds_ws_invalid(why,
                                 "body failed validation: body.properties.%s.date.end should be "
                                 "not earlier than start, instead was `\"%s\"`.",
                                 p->name, end);
        if (to.clock != from.clock)
            return ds_ws_invalid(why,
                                 "%s: start and end of a date must both have a time or "
                                 "neither of them.",
                                 p->name);
    }
    if (zone && from.zone)
        return ds_ws_invalid(why, "%s: a date with a time_zone must have no offset in start.",
                             p->name);
    if (zone && !from.clock)
        return ds_ws_invalid(why, "%s: a date with a time_zone must have a time.", p->name);
    return true;
}

static bool check_refs(const ds_ws *ws, const ds_json *list, ds_ws_kind kind, ds_ws_why *why)
{
    DS_JSON_EACH (list, entry) {
        const char *text = ds_json_text(entry, "id");
        ds_ws_thing *thing = NULL;
        ds_ws_id id;

        if (text && ds_ws_id_read(text, &id))
            thing = ds_ws_find(ws, id);
        if (thing && thing->kind == kind && !ds_ws_is_hidden(thing))
            continue;
        if (kind == DS_WS_USER)
            return ds_ws_invalid(why, "Could not find user with ID: %s.", text ? text : "");
        return ds_ws_no(why, 404, "object_not_found",
                        "Could not find page with ID: %s. Make sure the relevant pages and "
                        "databases are shared with your integration.",
                        text ? text : "");
    }
    return true;
}

static bool check_value(const ds_ws *ws, const ds_ws_property *p, const ds_json *value,
                        ds_ws_why *why)
{
    const ds_json *inner = ds_json_get(value, ds_ws_type_names[p->type]);

    switch (p->type) {
    case DS_WS_SELECT:
    case DS_WS_STATUS:
        return check_choice(p, inner, why);
    case DS_WS_MULTI_SELECT:
        DS_JSON_EACH (inner, asked) {
            if (!check_choice(p, asked, why))
                return false;
        }
        return true;
    case DS_WS_DATE:
        return check_date(p, inner, why);
    case DS_WS_PEOPLE:
        return check_refs(ws, inner, DS_WS_USER, why);
    case DS_WS_RELATION:
        return check_refs(ws, inner, DS_WS_PAGE, why);
    default:
        return true;
    }
}

bool ds_ws_values_check(const ds_ws *ws, const ds_ws_source *source, const ds_json *values,
                        bool person, ds_ws_why *why)
{
    ds_json_iter it = ds_json_iterate(values);
    const ds_json *value;

    while ((value = ds_json_next(&it)) != NULL) {
        const ds_ws_property *p = ds_ws_property_find(source, it.name);

        if (!p)
            return ds_ws_invalid(why, "%s is not a property that exists.", it.name);
        if (type_of(value) != p->type)
            return ds_ws_invalid(why, "%s is expected to be %s.", p->name,
                                 ds_ws_type_names[p->type]);
        if (!person && p->type >= DS_WS_VERIFICATION)
            return ds_ws_invalid(why,
                                 "%s is a %s property, which cannot be updated through the "
                                 "API.",
                                 p->name, ds_ws_type_names[p->type]);
        if (!check_value(ws, p, value, why))
            return false;
    }
    return true;
}

/* ---- applying -------------------------------------------------------------------------------- */

static uint16_t choice_number(ds_ws *ws, ds_ws_property *p, const ds_json *asked)
{
    const char *id = ds_json_text(asked, "id"), *name = ds_json_text(asked, "name");
    ds_ws_option *option = id ? ds_ws_option_by_id(p, id) : NULL;

    if (!option)
        option = ds_ws_option_find(p, name);
    if (!option)
        option = ds_ws_option_add(ws, p, name, ds_json_text(asked, "color"));
    return option->number;
}

static ds_ws_cell choices(ds_ws *ws, ds_ws_property *p, const ds_json *inner, ds_arena *a)
{
    size_t n = 0, most = ds_json_kind_of(inner) == DS_JSON_LIST ? ds_json_size(inner) : 1;
    uint16_t *numbers = ds_arena_alloc(a, (most + 1) * sizeof(*numbers));

    if (ds_json_kind_of(inner) == DS_JSON_OBJECT)
        numbers[n++] = choice_number(ws, p, inner);
    else
        DS_JSON_EACH (inner, asked) {
            uint16_t number = choice_number(ws, p, asked);
            size_t seen = 0;

            while (seen < n && numbers[seen] != number)
                seen++;
            numbers[seen] = number;
            n += seen == n;
        }
    return (ds_ws_cell){.form = DS_WS_OPTIONS,
                        .data = (const char *)numbers,
                        .n = (uint32_t)(n * sizeof(*numbers))};
}

static ds_ws_cell refs(const ds_json *list, ds_arena *a)
{
    ds_ws_id *ids = ds_arena_alloc(a, (ds_json_size(list) + 1) * sizeof(*ids));
    size_t n = 0;

    DS_JSON_EACH (list, entry) {
        if (ds_ws_id_read(ds_json_text(entry, "id"), &ids[n]))
            n++;
    }
    return (ds_ws_cell){
        .form = DS_WS_IDS, .data = (const char *)ids, .n = (uint32_t)(n * sizeof(*ids))};
}

/* A time as answers have it: milliseconds and an offset, whatever it came with. */
static void add_time(const ds_json *date, const char *name, bool zoned, ds_json_writer *w)
{
    const char *text = ds_json_text(date, name), *offset;
    ds_ws_time time;
    char out[48];

    ds_json_w_name(w, name);
    if (!text || !ds_ws_time_read(text, &time) || !time.clock) {
        ds_json_w_text(w, text);
        return;
    }
    offset = strpbrk(text + 10, "Z+-");
    snprintf(out, sizeof(out), "%.10sT%.5s:%.2s.%03d%s", text, text + 11,
             text[16] == ':' ? text + 17 : "00", (int)(time.ms % 1000),
             zoned                       ? ""
             : !offset || *offset == 'Z' ? "+00:00"
                                         : offset);
    ds_json_w_text(w, out);
}

static void write_date(const ds_json *date, ds_json_writer *w)
{
    bool zoned = ds_json_text(date, "time_zone") != NULL;

    ds_json_w_begin_object(w);
    add_time(date, "start", zoned, w);
    add_time(date, "end", zoned, w);
    ds_json_w_name(w, "time_zone");
    ds_json_w_text(w, ds_json_text(date, "time_zone"));
    ds_json_w_end_object(w);
}

static void write_file(const ds_json *file, ds_json_writer *w)
{
    const char *type = ds_json_get(file, "external") ? "external" : "file";

    ds_json_w_begin_object(w);
    ds_json_w_name(w, "name");
    ds_json_w_text(w, ds_json_text(file, "name"));
    ds_json_w_name(w, "type");
    ds_json_w_text(w, type);
    ds_json_w_name(w, type);
    ds_json_w_json(w, ds_json_get(file, type));
    ds_json_w_end_object(w);
}

static ds_ws_cell as_json(ds_ws_type type, const ds_json *inner, ds_arena *a)
{
    DS_AUTO_BUF(out, 16 * DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);

    w.exact = true;
    if (type == DS_WS_DATE) {
        write_date(inner, &w);
    } else if (type == DS_WS_FILES) {
        ds_json_w_begin_list(&w);
        DS_JSON_EACH (inner, file)
            write_file(file, &w);
        ds_json_w_end_list(&w);
    } else {
        ds_json_w_json(&w, inner);
    }
    return (ds_ws_cell){
        .form = DS_WS_JSON, .data = ds_arena_strndup(a, out.data, out.n), .n = (uint32_t)out.n};
}

static ds_ws_cell as_text(const ds_json *inner)
{
    size_t n;
    const char *text = ds_json_str(inner, &n);

    return (ds_ws_cell){.form = DS_WS_PLAIN, .data = text, .n = (uint32_t)n};
}

static ds_ws_cell as_real(const ds_json *inner, ds_arena *a)
{
    double *real = ds_arena_alloc(a, sizeof(*real));

    *real = strtod(ds_json_str(inner, NULL), NULL);
    return (ds_ws_cell){.form = DS_WS_REAL, .data = (const char *)real, .n = sizeof(*real)};
}

/* null, false and what has no entries: no cell. */
static bool is_empty(const ds_json *inner)
{
    switch (ds_json_kind_of(inner)) {
    case DS_JSON_NULL:
        return true;
    case DS_JSON_BOOL:
        return !ds_json_truth(inner);
    case DS_JSON_LIST:
        return !ds_json_size(inner);
    default:
        return false;
    }
}

static ds_ws_cell cell_of(ds_ws *ws, ds_ws_property *p, const ds_json *inner, ds_arena *a)
{
    switch (p->type) {
    case DS_WS_TITLE:
    case DS_WS_RICH_TEXT:
        return ds_ws_rich_cell(inner, a);
    case DS_WS_NUMBER:
        return as_real(inner, a);
    case DS_WS_SELECT:
    case DS_WS_STATUS:
    case DS_WS_MULTI_SELECT:
        return choices(ws, p, inner, a);
    case DS_WS_PEOPLE:
    case DS_WS_RELATION:
        return refs(inner, a);
    case DS_WS_CHECKBOX:
        return (ds_ws_cell){.form = DS_WS_YES};
    case DS_WS_URL:
    case DS_WS_EMAIL:
    case DS_WS_PHONE:
        return as_text(inner);
    default:
        return as_json(p->type, inner, a);
    }
}

void ds_ws_values_apply(ds_ws *ws, ds_ws_source *source, ds_ws_page *page, const ds_json *values,
                        ds_arena *a)
{
    ds_json_iter it = ds_json_iterate(values);
    const ds_json *value;

    while ((value = ds_json_next(&it)) != NULL) {
        ds_ws_property *p = ds_ws_property_find(source, it.name);
        const ds_json *inner = ds_json_get(value, ds_ws_type_names[p->type]);
        ds_ws_cell cell;

        if (is_empty(inner)) {
            ds_ws_cell_drop(&page->cells, p->slot);
            continue;
        }
        cell = cell_of(ws, p, inner, a);
        cell.slot = p->slot;
        ds_ws_cell_put(&page->cells, cell);
    }
    ws->generation++;
}
