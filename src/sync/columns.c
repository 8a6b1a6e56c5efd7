/* src/sync/columns.c
 *
 * The columns that a route writes, before any record is read: what the mapping says of each, and
 * what the source knows of the property that goes into it.
 */
#include "sync/map.h"

#include <string.h>

static size_t entries(ds_value v)
{
    return v.type == DS_LIST ? v.n : 1;
}

static size_t add_texts(const char **texts, size_t n, ds_value v)
{
    if (v.type == DS_TEXT)
        texts[n++] = v.as.text;
    for (uint32_t i = 0; v.type == DS_LIST && i < v.n; i++)
        texts[n++] = v.as.list[i];
    return n;
}

/* What is written whatever the source says, and what it is translated into. */
static void list_texts(const ds_field *field, ds_arena *a, ds_column *column)
{
    size_t most = entries(field->value) + entries(field->fallback), n = 0;
    const char **texts;

    for (size_t i = 0; i < field->map_n; i++)
        most += entries(field->map[i].to);
    texts = ds_arena_alloc(a, (most + 1) * sizeof(*texts));
    if (field->kind == DS_FIELD_VALUE && !field->map_n)
        n = add_texts(texts, n, field->value);
    n = add_texts(texts, n, field->fallback);
    for (size_t i = 0; i < field->map_n; i++)
        n = add_texts(texts, n, field->map[i].to);
    column->texts = texts;
    column->texts_n = n;
}

static ds_column column_of(const ds_field *field, ds_arena *a)
{
    ds_column column = {.name = field->to, .type = DS_TEXT};

    if (field->kind == DS_FIELD_VALUE && field->value.type != DS_NULL)
        column.type = field->value.type;
    else if (field->join)
        column.type = DS_TEXT;
    else if (field->as != DS_ABSENT)
        column.type = field->as;
    else if (field->split)
        column.type = DS_LIST;
    else if (field->fallback.type != DS_ABSENT && field->fallback.type != DS_NULL)
        column.type = field->fallback.type;
    column.typed = column.type != DS_TEXT || field->as == DS_TEXT || field->join ||
                   field->kind != DS_FIELD_FROM;
    list_texts(field, a, &column);
    return column;
}

static bool is_field(const ds_route *route, const char *name)
{
    for (size_t i = 0; i < route->fields_n; i++)
        if (!strcmp(route->fields[i].to, name))
            return true;
    return false;
}

ds_column *ds_mapping_columns(const ds_route *route, ds_arena *a, size_t *n)
{
    ds_column *columns =
        ds_arena_alloc(a, (route->fields_n + route->owns.n + 2) * sizeof(*columns));

    *n = 0;
    if (!route->has_fields)
        return columns;
    for (size_t i = 0; i < route->fields_n; i++)
        if (!route->has_owns || ds_mapping_lists(route->owns, route->fields[i].to))
            columns[(*n)++] = column_of(&route->fields[i], a);
    for (size_t i = 0; route->transform && i < route->owns.n; i++)
        if (!is_field(route, route->owns.items[i])) /* the transform makes it */
            columns[(*n)++] = (ds_column){.name = route->owns.items[i], .type = DS_TEXT};
    if (route->missing == DS_MISSING_MARK)
        columns[(*n)++] = (ds_column){.name = route->missing_mark, .type = DS_BOOL, .typed = true};
    if (route->stamp)
        columns[(*n)++] = (ds_column){.name = route->stamp, .type = DS_DATETIME, .typed = true};
    return columns;
}

/* ---- what the source knows ------------------------------------------------------------------- */

static ds_type type_of(const ds_property *known, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(known[i].name, name))
            return known[i].type;
    return DS_ABSENT;
}

/* The property that goes into the column just as it comes; NULL: there is none. */
static const char *property_of(const ds_route *route, const char *column)
{
    if (!route->has_fields)
        return column;
    for (size_t i = 0; i < route->fields_n; i++) {
        const ds_field *field = &route->fields[i];

        if (!strcmp(field->to, column))
            return field->map_n ? NULL : field->from;
    }
    return NULL;
}

/* Nothing, where it goes through a transform: that makes of it what it likes. */
bool ds_mapping_known(const ds_route *route, ds_source *source, ds_activity *act,
                      const ds_property **known, size_t *n, ds_err *err)
{
    *known = NULL;
    *n = 0;
    return route->transform || !source->ops->describe ||
           source->ops->describe(source, act, known, n, err) ||
           ds_wrap(err, "types of its properties");
}

bool ds_mapping_learn(const ds_route *route, ds_source *source, ds_activity *act,
                      ds_column *columns, size_t n, ds_err *err)
{
    const ds_property *known;
    size_t known_n = 0;

    if (n && !ds_mapping_known(route, source, act, &known, &known_n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *from = columns[i].typed ? NULL : property_of(route, columns[i].name);

        if (from)
            columns[i].comes = type_of(known, known_n, from);
    }
    return true;
}
