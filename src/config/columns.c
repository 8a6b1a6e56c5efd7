/* src/config/columns.c
 *
 * The names of destination properties within one route: `owns`, `create_only`, `stamp` and the mark
 * of missing rows against what `fields` maps and against the destination's key.  And `body` against
 * what the destination takes.
 */
#include "config/load.h"

#include <string.h>
#include <strings.h>

typedef struct names { /* what the route says it writes */
    const char **items;
    size_t n;
    bool any;         /* no fields: the source decides; or the transform */
    const char *from; /* the setting that says so, for messages */
} names;

static bool has(const names *all, const char *name)
{
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->items[i], name))
            return true;
    return false;
}

static names mapped(ds_load *ld, const ds_route *route)
{
    names all = {.any = !route->has_fields || route->transform, .from = "fields"};

    all.items = ds_arena_alloc(ld->arena, (route->fields_n + 1) * sizeof(char *));
    for (size_t i = 0; i < route->fields_n; i++)
        all.items[all.n++] = route->fields[i].to;
    return all;
}

static names owned(ds_load *ld, const ds_route *route, const names *map)
{
    names all = {.from = "owns"};

    if (!route->has_owns)
        return *map;
    all.items = ds_arena_alloc(ld->arena, (route->owns.n + 1) * sizeof(char *));
    for (size_t i = 0; i < route->owns.n; i++)
        all.items[all.n++] = route->owns.items[i];
    return all;
}

/* Each entry of the list must be among `all`. */
static void check_list(ds_load *ld, const ds_node *table, const char *key, const ds_texts *list,
                       const names *all)
{
    const ds_member *m = ds_node_member(table, key);

    for (size_t i = 0; m && !all->any && i < list->n; i++)
        if (!has(all, list->items[i]))
            ds_issue(ld->issues, m->value->items[i]->at, "%s: \"%s\" is not in %s%s", key,
                     list->items[i], all->from, ds_guess(ld, list->items[i], all->items, all->n));
}

/* A name that must be free for this route's own use. */
static void check_free(ds_load *ld, const ds_member *m, const char *name, const names *map,
                       const names *own)
{
    if (name && has(map, name))
        ds_issue(ld->issues, m->value->at, "%s: \"%s\" is mapped by fields too", m->name, name);
    else if (name && has(own, name))
        ds_issue(ld->issues, m->value->at, "%s: \"%s\" is in owns too", m->name, name);
}

static void refuse_key(ds_load *ld, const ds_route *route, ds_at at, const char *name,
                       const char *key)
{
    if (*key && (route->destination->any_case ? !strcasecmp(name, key) : !strcmp(name, key)))
        ds_issue(ld->issues, at,
                 "\"%s\" holds the key, which is written by itself; leave it out here", name);
}

static void check_key(ds_load *ld, const ds_node *table, const ds_route *route)
{
    const ds_member *owns = ds_node_member(table, "owns"), *stamp = ds_node_member(table, "stamp");
    const ds_member *missing = ds_node_member(table, "missing");
    const char *key = "";

    if (route->destination_settings)
        key = ds_settings_key(route->destination->options, route->destination_settings);
    for (size_t i = 0; i < route->fields_n; i++)
        refuse_key(ld, route, route->fields[i].at, route->fields[i].to, key);
    for (size_t i = 0; !route->has_fields && i < route->owns.n; i++)
        refuse_key(ld, route, owns->value->items[i]->at, route->owns.items[i], key);
    if (route->stamp)
        refuse_key(ld, route, stamp->value->at, route->stamp, key);
    if (route->missing_mark)
        refuse_key(ld, route, missing->value->at, route->missing_mark, key);
}

static void check_body(ds_load *ld, const ds_node *table, const ds_route *route)
{
    const ds_member *m = ds_node_member(table, "body");

    if (!m)
        return;
    if (!route->has_fields)
        ds_issue(ld->issues, m->at,
                 "body: needs `fields` beside it; without them every property goes under its own "
                 "name, this one too");
    if (!route->destination)
        return; /* has been said */
    if (!route->destination->has_bodies)
        ds_issue(ld->issues, m->at,
                 "body: a destination of kind %s has no bodies; put the text into a property",
                 route->destination->kind);
    else if (!strcmp(ds_body_choice(route), "none"))
        ds_issue(ld->issues, m->at,
                 "body: the destination's own `body` is none, so it would not be written; set that "
                 "too (`durable-sync connectors %s` says to what)",
                 route->destination->kind);
}

void ds_columns_check(ds_load *ld, const ds_node *table, const ds_route *route)
{
    const ds_member *stamp = ds_node_member(table, "stamp"),
                    *missing = ds_node_member(table, "missing");
    names map = mapped(ld, route), own = owned(ld, route, &map);

    check_list(ld, table, "owns", &route->owns, &map);
    check_list(ld, table, "create_only", &route->create_only, &own);
    check_free(ld, stamp, route->stamp, &map, &own);
    check_free(ld, missing, route->missing_mark, &map, &own);
    if (route->stamp && route->missing_mark && !strcmp(route->stamp, route->missing_mark))
        ds_issue(ld->issues, missing->value->at, "missing: \"%s\" is the stamp already",
                 route->stamp);
    check_key(ld, table, route);
    check_body(ld, table, route);
}
