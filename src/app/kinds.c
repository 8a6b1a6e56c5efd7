/* src/app/kinds.c - the sides of each connector, and what they can do. */
#include "app/kinds.h"

#include <string.h>

size_t ds_kind_sides(const ds_connectors *c, const char *kind, ds_arena *a, ds_kind_side **out)
{
    ds_kind_side *sides =
        ds_arena_zalloc(a, (c->sources_n + c->destinations_n + 1) * sizeof(*sides));
    size_t n = 0;

    for (size_t i = 0; i < c->sources_n; i++) {
        const ds_source_ops *ops = c->sources[i];

        if ((!kind || !strcmp(kind, ops->kind)) && ds_connectors_source(c, ops->kind) == ops)
            sides[n++] = (ds_kind_side){ops->kind, "source", ops->help, ops->options, ops, NULL};
    }
    for (size_t i = 0; i < c->destinations_n; i++) {
        const ds_destination_ops *ops = c->destinations[i];

        if ((!kind || !strcmp(kind, ops->kind)) && ds_connectors_destination(c, ops->kind) == ops)
            sides[n++] =
                (ds_kind_side){ops->kind, "destination", ops->help, ops->options, NULL, ops};
    }
    *out = sides;
    return n;
}

static void source_abilities(const ds_source_ops *ops, const char **out)
{
    const struct {
        bool has;
        const char *text;
    } all[] = {
        {ops->lists_changes != NULL, "lists what has changed, where its settings say how"},
        {!ops->lists_changes, "reads everything in each pass"},
        {ops->targets_items, "reads single records by key"},
        {ops->describe != NULL, "knows the types of its properties"},
    };

    for (size_t i = 0; i < DS_COUNT(all); i++)
        if (all[i].has)
            *out++ = all[i].text;
}

static void destination_abilities(const ds_destination_ops *ops, const char **out)
{
    const struct {
        bool has;
        const char *text;
    } all[] = {
        {ops->find != NULL, "looks rows up by key"},
        {ops->upserts, "meets existing rows as it writes"},
        {ops->has_bodies, "takes bodies"},
        {ops->flush != NULL, "makes many writes durable at once"},
        {ops->check_schema != NULL, "compares its columns with the fields (`check`)"},
        {ops->misfit != NULL, "says of values whether their columns take them (`check`)"},
        {ops->list_columns != NULL, "shows its columns (`schema`)"},
        {ops->ensure_schema != NULL, "makes missing tables and columns (`schema --create`)"},
        {ops->archive != NULL, "archives rows (`missing: archive`)"},
        {ops->remove != NULL, "deletes rows (`missing: delete`)"},
    };

    for (size_t i = 0; i < DS_COUNT(all); i++)
        if (all[i].has)
            *out++ = all[i].text;
}

#define ABILITIES_MAX 16
const char *const *ds_kind_abilities(const ds_kind_side *side, ds_arena *a)
{
    const char **out = ds_arena_zalloc(a, ABILITIES_MAX * sizeof(*out));

    if (side->source)
        source_abilities(side->source, out);
    else
        destination_abilities(side->destination, out);
    return out;
}

const char *ds_promise_text(ds_promise promise)
{
    switch (promise) {
    case DS_PROMISE_A:
        return "promise A: exactly one row, whatever happens";
    case DS_PROMISE_B:
        return "promise B: exactly one row within the settle time, a later double is reported";
    case DS_PROMISE_C:
        return "promise C: never a blind second create, such a record is held for a person";
    }
    return "no promise";
}

/* "or `query`" for one of several of which one is needed. */
static const char *others(const ds_option *option, const ds_option *all, ds_arena *a)
{
    const char *text = "required";

    for (; all->name; all++)
        if (all != option && all->one_of && !strcmp(all->one_of, option->one_of))
            text = ds_arena_printf(a, "%s, or %s", text, all->name);
    return text;
}

const char *ds_option_default(const ds_option *option, const ds_option *all, ds_arena *a)
{
    if (option->one_of)
        return others(option, all, a);
    if (option->fallback)
        return *option->fallback ? option->fallback : "none";
    if (option->env)
        return ds_arena_printf(a, "%s$%s", option->required ? "required, or " : "", option->env);
    if (option->required)
        return "required";
    return option->type == DS_OPTION_BOOL ? "false" : "none";
}
