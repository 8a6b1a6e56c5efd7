/* src/fakes/notion/schema.c - columns and their options: found, made, changed. */
#include "fakes/notion/schema.h"

#include "fakes/notion/cells.h"
#include "fakes/notion/shape.h"
#include "fakes/router.h"

#include <stdlib.h>
#include <string.h>

const char *const ds_ws_type_names[DS_WS_TYPES] = {"title",
                                                   "rich_text",
                                                   "number",
                                                   "select",
                                                   "multi_select",
                                                   "status",
                                                   "date",
                                                   "people",
                                                   "files",
                                                   "checkbox",
                                                   "url",
                                                   "email",
                                                   "phone_number",
                                                   "relation",
                                                   "place",
                                                   "verification",
                                                   "formula",
                                                   "rollup",
                                                   "unique_id",
                                                   "created_time",
                                                   "created_by",
                                                   "last_edited_time",
                                                   "last_edited_by",
                                                   "button"};

ds_ws_type ds_ws_type_of(const char *name)
{
    size_t type = 0;

    while (type < DS_WS_TYPES && strcmp(ds_ws_type_names[type], name) != 0)
        type++;
    return (ds_ws_type)type;
}

/* ---- finding --------------------------------------------------------------------------------- */

const char *ds_ws_property_id(const ds_ws_property *property, ds_arena *a)
{
    char *out = ds_arena_alloc(a, strlen(property->id) * 3 + 1), *to = out;

    for (const char *at = property->id; *at; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                     (*at >= '0' && *at <= '9') || strchr("-_.~", *at);

        if (plain) {
            *to++ = *at;
            continue;
        }
        *to++ = '%';
        *to++ = "0123456789ABCDEF"[(unsigned char)*at >> 4];
        *to++ = "0123456789ABCDEF"[*at & 15];
    }
    *to = '\0';
    return out;
}

bool ds_ws_property_is(const ds_ws_property *property, const char *name)
{
    DS_AUTO(ds_arena) a = NULL;

    if (property->gone)
        return false;
    if (!strcmp(property->name, name) || !strcmp(property->id, name))
        return true;
    if (!strchr(name, '%'))
        return false;
    a = ds_arena_new();
    return !strcmp(property->id, ds_fake_decode(a, name, strlen(name), false));
}

ds_ws_property *ds_ws_property_find(const ds_ws_source *source, const char *name)
{
    for (uint32_t i = 0; i < source->properties_n; i++)
        if (ds_ws_property_is(&source->properties[i], name))
            return &source->properties[i];
    return NULL;
}

ds_ws_option *ds_ws_option_find(const ds_ws_property *property, const char *name)
{
    for (uint32_t i = 0; i < property->options_n; i++)
        if (!property->options[i].gone && !strcmp(property->options[i].name, name))
            return &property->options[i];
    return NULL;
}

ds_ws_option *ds_ws_option_by_id(const ds_ws_property *property, const char *id)
{
    for (uint32_t i = 0; i < property->options_n; i++)
        if (!property->options[i].gone && !strcmp(property->options[i].id, id))
            return &property->options[i];
    return NULL;
}

ds_ws_option *ds_ws_option_at(const ds_ws_property *property, uint16_t number)
{
    bool there = number < property->options_n && !property->options[number].gone;

    return there ? &property->options[number] : NULL;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Four characters, some of which an address cannot hold as they are. */
static char *new_short_id(ds_ws *ws)
{
    static const char letters[] =
        "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ:;<=>?@[]^`{|}~";
    char id[5] = "";

    ws->made++;
    for (size_t i = 0; i < 4; i++)
        id[i] = letters[ds_fake_mix(ws->seed * 7 + i, ws->made) % (sizeof(letters) - 1)];
    return ds_strdup(id);
}

static const char *constant_color(const char *color)
{
    for (size_t i = 0; color && ds_shape_colors[i]; i++)
        if (!strcmp(ds_shape_colors[i], color))
            return ds_shape_colors[i];
    return ds_shape_colors[0];
}

ds_ws_option *ds_ws_option_add(ds_ws *ws, ds_ws_property *property, const char *name,
                               const char *color)
{
    char id[DS_WS_ID_TEXT];
    ds_ws_option *option;

    property->options =
        ds_realloc(property->options, property->options_n + 1, sizeof(*property->options));
    option = &property->options[property->options_n];
    *option = (ds_ws_option){.id = ds_strdup(ds_ws_id_text(ds_ws_new_id(ws), id)),
                             .name = ds_strdup(name),
                             .color = constant_color(color),
                             .number = (uint16_t)property->options_n++};
    ws->generation++;
    return option;
}

static ds_ws_property *new_property(ds_ws *ws, ds_ws_source *source, const char *name,
                                    ds_ws_type type)
{
    ds_ws_property *p;

    source->properties =
        ds_realloc(source->properties, source->properties_n + 1, sizeof(*source->properties));
    p = &source->properties[source->properties_n];
    *p = (ds_ws_property){.id = type == DS_WS_TITLE ? ds_strdup("title") : new_short_id(ws),
                          .name = ds_strdup(name),
                          .type = type,
                          .slot = (uint16_t)source->properties_n};
    source->properties_n++;
    return p;
}

/* ---- options of a column --------------------------------------------------------------------- */

static ds_ws_option *option_meant(const ds_ws_property *p, const ds_json *asked)
{
    const char *id = ds_json_text(asked, "id"), *name = ds_json_text(asked, "name");
    ds_ws_option *option = id ? ds_ws_option_by_id(p, id) : NULL;

    return option || !name ? option : ds_ws_option_find(p, name);
}

static bool check_options(const ds_ws_property *p, const ds_json *options, ds_ws_why *why)
{
    if (p && p->options_n >= DS_WS_OPTIONS_MOST)
        return ds_ws_invalid(why, "Too many options in %s.", p->name);
    DS_JSON_EACH (options, asked) {
        const char *name = ds_json_text(asked, "name"), *color = ds_json_text(asked, "color");
        ds_ws_option *known = p ? option_meant(p, asked) : NULL;

        if (name && strchr(name, ','))
            return ds_ws_invalid(why, "Invalid select option, commas not allowed: %s", name);
        if (!known && !name)
            return ds_ws_invalid(why, "Could not find option with id: %s",
                                 ds_json_text(asked, "id") ? ds_json_text(asked, "id") : "");
        if (known && color && strcmp(color, known->color) != 0)
            return ds_ws_invalid(why, "Cannot update color of select with name: %s.", known->name);
    }
    return true;
}

/* The list given is the list there is from now on: what it leaves out is lost. */
static void apply_options(ds_ws *ws, ds_ws_property *p, const ds_json *options)
{
    uint32_t before = p->options_n;
    bool *kept = ds_calloc(before + 1, sizeof(bool));

    DS_JSON_EACH (options, asked) {
        const char *name = ds_json_text(asked, "name");
        const char *description = ds_json_text(asked, "description");
        ds_ws_option *option = option_meant(p, asked);

        if (!option)
            option = ds_ws_option_add(ws, p, name, ds_json_text(asked, "color"));
        else if (name && strcmp(name, option->name) != 0) {
            free(option->name);
            option->name = ds_strdup(name);
        }
        if (option->number < before)
            kept[option->number] = true;
        if (description) {
            free(option->description);
            option->description = ds_strdup(description);
        }
    }
    for (uint32_t i = 0; i < before; i++)
        p->options[i].gone |= !kept[i];
    free(kept);
}

static void default_status(ds_ws *ws, ds_ws_property *p)
{
    ds_ws_option_add(ws, p, "Not started", "default");
    ds_ws_option_add(ws, p, "In progress", "blue");
    ds_ws_option_add(ws, p, "Done", "green");
}

/* ---- columns --------------------------------------------------------------------------------- */

/* The type a configuration is of; DS_WS_TYPES: it names none. */
static ds_ws_type type_asked(const ds_json *column)
{
    for (size_t type = 0; type < DS_WS_TYPES; type++)
        if (ds_json_get(column, ds_ws_type_names[type]))
            return (ds_ws_type)type;
    return DS_WS_TYPES;
}

static bool check_relation(const ds_ws *ws, const ds_json *config, ds_ws_why *why)
{
    const char *text = ds_json_text(config, "data_source_id");
    ds_ws_thing *target = NULL;
    ds_ws_id id;

    if (ds_json_get(config, "dual_property"))
        return ds_ws_invalid(why, "The stand-in makes relations of one side: single_property.");
    if (!text)
        text = ds_json_text(config, "database_id");
    if (!text)
        return ds_ws_invalid(why, "body failed validation: relation.data_source_id should be "
                                  "defined, instead was `undefined`.");
    if (ds_ws_id_read(text, &id))
        target = ds_ws_find(ws, id);
    if (!target || (target->kind != DS_WS_SOURCE && target->kind != DS_WS_DATABASE) ||
        ds_ws_is_hidden(target))
        return ds_ws_no(why, 404, "object_not_found",
                        "Could not find database with ID: %s. Make sure the relevant pages and "
                        "databases are shared with your integration.",
                        text);
    return true;
}

static bool check_column(const ds_ws *ws, const ds_ws_source *source, const char *name,
                         const ds_json *column, ds_ws_why *why)
{
    ds_ws_property *p = source ? ds_ws_property_find(source, name) : NULL;
    ds_ws_type type = type_asked(column);
    const char *new_name = ds_json_text(column, "name");
    const ds_json *config = type < DS_WS_TYPES ? ds_json_get(column, ds_ws_type_names[type]) : NULL;
    ds_ws_property *other = source && new_name ? ds_ws_property_find(source, new_name) : NULL;

    if (!p && (ds_json_kind_of(column) == DS_JSON_NULL || type == DS_WS_TYPES))
        return ds_ws_invalid(why, "Could not find property with name or id: %s", name);
    if (p && ds_json_kind_of(column) == DS_JSON_NULL)
        return p->type != DS_WS_TITLE || ds_ws_invalid(why, "Cannot delete the title property.");
    if (p && type < DS_WS_TYPES && type != p->type &&
        (type == DS_WS_TITLE || p->type == DS_WS_TITLE))
        return ds_ws_invalid(why, "Cannot change the type of or add a second title property: %s",
                             name);
    if (!p && source && type == DS_WS_TITLE)
        return ds_ws_invalid(why, "Cannot create new title property.");
    if (p && other && other != p)
        return ds_ws_invalid(why, "A property with the name %s exists already.", new_name);
    if (type == DS_WS_RELATION && !check_relation(ws, config, why))
        return false;
    return check_options(p && p->type == type ? p : NULL, ds_json_get(config, "options"), why);
}

bool ds_ws_columns_check(const ds_ws *ws, const ds_ws_source *source, const ds_json *columns,
                         bool first, ds_ws_why *why)
{
    ds_json_iter it = ds_json_iterate(columns);
    const ds_json *column;
    size_t there = source ? source->properties_n : 0;
    int titles = 0;

    if (there + ds_json_size(columns) > DS_WS_COLUMNS_MOST)
        return ds_ws_invalid(why, "The data source has too many properties.");
    while ((column = ds_json_next(&it)) != NULL) {
        titles += type_asked(column) == DS_WS_TITLE;
        if (!check_column(ws, first ? NULL : source, it.name, column, why))
            return false;
    }
    if (first && titles == 0)
        return ds_ws_invalid(why, "Title is not provided");
    if (first && titles > 1)
        return ds_ws_invalid(why, "Only one property may be of type title");
    return true;
}

/* A column of another type: what stood in it is lost. */
static void change_type(ds_ws *ws, ds_ws_source *source, ds_ws_property *p, ds_ws_type type)
{
    for (uint32_t i = 0; i < source->rows.n; i++)
        ds_ws_cell_drop(&((ds_ws_page *)source->rows.at[i])->cells, p->slot);
    for (uint32_t i = 0; i < p->options_n; i++)
        p->options[i].gone = true;
    p->type = type;
    free(p->config);
    p->config = NULL;
    if (type == DS_WS_STATUS)
        default_status(ws, p);
}

static void configure(ds_ws *ws, ds_ws_property *p, const ds_json *column, bool made)
{
    const ds_json *config = ds_json_get(column, ds_ws_type_names[p->type]);
    const ds_json *options = ds_json_get(config, "options");
    const char *description = ds_json_text(column, "description");
    bool choice =
        p->type == DS_WS_SELECT || p->type == DS_WS_MULTI_SELECT || p->type == DS_WS_STATUS;

    if (description) {
        free(p->description);
        p->description = ds_strdup(description);
    }
    if (options)
        apply_options(ws, p, options);
    else if (made && p->type == DS_WS_STATUS)
        default_status(ws, p);
    if (config && !choice) {
        free(p->config);
        p->config = ds_ws_keep_json(config);
    }
}

static void apply_column(ds_ws *ws, ds_ws_source *source, const char *name, const ds_json *column)
{
    ds_ws_property *p = ds_ws_property_find(source, name);
    ds_ws_type type = type_asked(column);
    const char *new_name = ds_json_text(column, "name");
    bool made = !p;

    if (ds_json_kind_of(column) == DS_JSON_NULL) {
        if (p)
            p->gone = true;
        return;
    }
    if (made)
        p = new_property(ws, source, name, type);
    else if (type < DS_WS_TYPES && type != p->type)
        change_type(ws, source, p, type);
    if (new_name && strcmp(new_name, p->name) != 0) {
        free(p->name);
        p->name = ds_strdup(new_name);
    }
    configure(ws, p, column, made);
}

void ds_ws_columns_apply(ds_ws *ws, ds_ws_source *source, const ds_json *columns)
{
    ds_json_iter it = ds_json_iterate(columns);
    const ds_json *column;

    while ((column = ds_json_next(&it)) != NULL)
        apply_column(ws, source, it.name, column);
    ws->generation++;
}

/* ---- showing --------------------------------------------------------------------------------- */

static void show_option(const ds_ws_option *option, ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    ds_json_w_name(w, "id");
    ds_json_w_text(w, option->id);
    ds_json_w_name(w, "name");
    ds_json_w_text(w, option->name);
    ds_json_w_name(w, "color");
    ds_json_w_text(w, option->color);
    ds_json_w_name(w, "description");
    ds_json_w_text(w, option->description);
    ds_json_w_end_object(w);
}

/* Which of the three groups an option of a status is in: those one begins with have their own. */
static size_t group_of(const ds_ws_option *option)
{
    return !strcmp(option->name, "In progress") ? 1 : !strcmp(option->name, "Done") ? 2 : 0;
}

static void show_groups(const ds_ws_property *p, ds_json_writer *w)
{
    static const char *const names[] = {"To-do", "In progress", "Complete"};
    static const char *const colors[] = {"gray", "blue", "green"};
    static const char *const ids[] = {"todo-status-group", "in-progress-status-group",
                                      "complete-status-group"};

    ds_json_w_name(w, "groups");
    ds_json_w_begin_list(w);
    for (size_t group = 0; group < DS_COUNT(names); group++) {
        ds_json_w_begin_object(w);
        ds_json_w_name(w, "id");
        ds_json_w_text(w, ids[group]);
        ds_json_w_name(w, "name");
        ds_json_w_text(w, names[group]);
        ds_json_w_name(w, "color");
        ds_json_w_text(w, colors[group]);
        ds_json_w_name(w, "option_ids");
        ds_json_w_begin_list(w);
        for (uint32_t i = 0; i < p->options_n; i++)
            if (!p->options[i].gone && group_of(&p->options[i]) == group)
                ds_json_w_text(w, p->options[i].id);
        ds_json_w_end_list(w);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
}

static void show_choice(const ds_ws_property *p, ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    ds_json_w_name(w, "options");
    ds_json_w_begin_list(w);
    for (uint32_t i = 0; i < p->options_n; i++)
        if (!p->options[i].gone)
            show_option(&p->options[i], w);
    ds_json_w_end_list(w);
    if (p->type == DS_WS_STATUS)
        show_groups(p, w);
    ds_json_w_end_object(w);
}

/* A member of the configuration, or what stands there without one. */
static void show_setting(const ds_json *config, const char *name, const char *otherwise,
                         ds_json_writer *w)
{
    const char *text = ds_json_text(config, name);

    ds_json_w_name(w, name);
    ds_json_w_text(w, text ? text : otherwise);
}

static void show_relation(const ds_ws *ws, const ds_json *config, bool old, ds_json_writer *w)
{
    const char *text = ds_json_text(config, "data_source_id");
    ds_ws_thing *target;
    ds_ws_id id = {{0}};
    char dashed[DS_WS_ID_TEXT];

    if (!text)
        text = ds_json_text(config, "database_id");
    target = text && ds_ws_id_read(text, &id) ? ds_ws_find(ws, id) : NULL;
    if (target && target->kind == DS_WS_DATABASE && ((ds_ws_database *)target)->sources.n)
        target = ((ds_ws_database *)target)->sources.at[0];
    ds_json_w_begin_object(w);
    ds_json_w_name(w, "database_id");
    ds_json_w_text(w, ds_ws_id_text(target && target->parent ? target->parent->id : id, dashed));
    if (!old) {
        ds_json_w_name(w, "data_source_id");
        ds_json_w_text(w, ds_ws_id_text(target ? target->id : id, dashed));
    }
    ds_json_w_name(w, "type");
    ds_json_w_text(w, "single_property");
    ds_json_w_name(w, "single_property");
    ds_json_w_begin_object(w);
    ds_json_w_end_object(w);
    ds_json_w_end_object(w);
}

static void show_rollup(const ds_json *config, ds_json_writer *w)
{
    static const char *const settings[] = {"function", "rollup_property_name",
                                           "relation_property_name", "rollup_property_id",
                                           "relation_property_id"};

    ds_json_w_begin_object(w);
    for (size_t i = 0; i < DS_COUNT(settings); i++)
        show_setting(config, settings[i], "", w);
    ds_json_w_end_object(w);
}

static void show_config(const ds_ws *ws, const ds_ws_property *p, bool old, ds_arena *a,
                        ds_json_writer *w)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *config = p->config ? ds_json_read(a, p->config, strlen(p->config), &err) : NULL;

    if (p->type == DS_WS_SELECT || p->type == DS_WS_MULTI_SELECT || p->type == DS_WS_STATUS) {
        show_choice(p, w);
        return;
    }
    if (p->type == DS_WS_RELATION) {
        show_relation(ws, config, old, w);
        return;
    }
    if (p->type == DS_WS_ROLLUP) {
        show_rollup(config, w);
        return;
    }
    ds_json_w_begin_object(w);
    if (p->type == DS_WS_NUMBER)
        show_setting(config, "format", "number", w);
    if (p->type == DS_WS_FORMULA)
        show_setting(config, "expression", "", w);
    if (p->type == DS_WS_UNIQUE_ID)
        show_setting(config, "prefix", NULL, w);
    ds_json_w_end_object(w);
}

void ds_ws_show_columns(const ds_ws *ws, const ds_ws_source *source, bool old, ds_arena *a,
                        ds_json_writer *w)
{
    ds_json_w_name(w, "properties");
    ds_json_w_begin_object(w);
    for (uint32_t i = 0; i < source->properties_n; i++) {
        const ds_ws_property *p = &source->properties[i];

        if (p->gone)
            continue;
        ds_json_w_name(w, p->name);
        ds_json_w_begin_object(w);
        ds_json_w_name(w, "id");
        ds_json_w_text(w, ds_ws_property_id(p, a));
        ds_json_w_name(w, "name");
        ds_json_w_text(w, p->name);
        ds_json_w_name(w, "description");
        ds_json_w_text(w, p->description);
        ds_json_w_name(w, "type");
        ds_json_w_text(w, ds_ws_type_names[p->type]);
        ds_json_w_name(w, ds_ws_type_names[p->type]);
        show_config(ws, p, old, a, w);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_object(w);
}
