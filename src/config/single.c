/* src/config/single.c
 *
 * The configuration of a program that is one route (ds_main_route): every option comes from an
 * environment variable or its default.  Variables are named after the route: for `tasks` and the
 * option `list_id` TASKS_LIST_ID; where both ends have an option of that name, TASKS_SOURCE_PATH
 * and TASKS_DESTINATION_PATH tell them apart.
 */
#include "config/load.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static char *variable(ds_arena *a, const char *route, const char *middle, const char *option)
{
    char *name = ds_arena_printf(a, "%s_%s%s", route, middle, option);

    for (char *c = name; *c; c++)
        *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
    return name;
}

static const char *lookup(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* The variable that is to be used; *value NULL: it is not set. */
static const char *find_variable(ds_load *ld, const ds_option *option, const char *route,
                                 const char *middle, bool shared, const char **value)
{
    const char *names[] = {option->env, variable(ld->arena, route, middle, option->name),
                           variable(ld->arena, route, "", option->name)};

    for (size_t i = 0; i < DS_COUNT(names); i++) {
        *value = names[i] ? lookup(names[i]) : NULL;
        if (*value)
            return names[i];
    }
    return option->env ? option->env : shared ? names[1] : names[2];
}

/* "a, b" as a list. */
static ds_node *list_node(ds_arena *a, const char *text)
{
    ds_node *list = ds_new_in(a, ds_node);

    list->kind = DS_NODE_LIST;
    list->items = ds_arena_zalloc(a, (strlen(text) + 1) * sizeof(ds_node *));
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, ","), skip = strspn(at, " "), end = n;

        while (end > skip && at[end - 1] == ' ')
            end--;
        if (end > skip)
            list->items[list->n++] = ds_node_scalar(a, ds_arena_strndup(a, at + skip, end - skip));
        at += n + (at[n] == ',');
    }
    return list;
}

static void read_option(ds_load *ld, const ds_option *option, const ds_side *side,
                        const ds_side *other, const char *route)
{
    const char *middle = side->word == DS_SOURCE ? "source_" : "destination_", *value;
    bool shared = ds_option_find(other->options, option->name);
    ds_member m = {.name = find_variable(ld, option, route, middle, shared, &value)};

    if (value) {
        m.value = option->type == DS_OPTION_LIST ? list_node(ld->arena, value)
                                                 : ds_node_scalar(ld->arena, value);
        (void)!ds_option_read(ld, option, &m, side->settings);
        return;
    }
    if (!ds_option_fallback(ld, option, side->settings) && option->required)
        ds_issue(ld->issues, (ds_at){0}, "%s is not set: %s", m.name,
                 option->help ? option->help : option->name);
}

static void read_side(ds_load *ld, ds_side *side, const ds_side *other, const char *route)
{
    size_t before = ds_issues_count(ld->issues);

    ds_side_begin(ld, side, route);
    for (const ds_option *o = side->options; o && o->name; o++)
        read_option(ld, o, side, other, route);
    if (ds_issues_count(ld->issues) == before)
        ds_side_validate(ld, side, (ds_at){0});
}

static ds_route *make_route(ds_load *ld, const char *name, ds_side *source, ds_side *destination)
{
    ds_route *route = ds_new_in(ld->arena, ds_route);

    read_side(ld, source, destination, name);
    read_side(ld, destination, source, name);
    *route = (ds_route){.name = name,
                        .source = source->source,
                        .source_settings = source->settings,
                        .destination = destination->destination,
                        .destination_settings = destination->settings,
                        .every_ms = DS_INTERVAL_DEFAULT_MS,
                        .full_every_ms = DS_DAY_MS,
                        .limit_changes = -1};
    if (ds_issues_count(ld->issues))
        return route;
    route->identity = ds_route_identity(ld, route->destination, destination->settings);
    ds_route_seal(ld, route);
    return route;
}

ds_config *ds_config_single(const char *name, const char *store_path, const ds_source_ops *source,
                            const ds_destination_ops *destination, ds_buf *errors)
{
    const ds_connectors both = {
        .sources = &source, .sources_n = 1, .destinations = &destination, .destinations_n = 1};
    ds_load ld;
    ds_config *config = ds_load_begin(&ld, name, ".", &both);
    const ds_route **routes = ds_arena_zalloc(ld.arena, sizeof(*routes));
    ds_side ends[2];

    ld.path = NULL;
    ld.issues = ds_issues_new(ld.arena, NULL, NULL, 0);
    config->store_path = ds_path_of_store(ld.arena, ld.dir, store_path);
    config->store_local = config->store_path;
    ds_side_of_kind(&both, source->kind, DS_SOURCE, &ends[0]);
    ds_side_of_kind(&both, destination->kind, DS_DESTINATION, &ends[1]);
    routes[0] = make_route(&ld, config->path, &ends[0], &ends[1]);
    config->routes = routes;
    config->routes_n = 1;
    return ds_load_end(&ld, config, errors);
}
