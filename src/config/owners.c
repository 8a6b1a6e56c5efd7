/* src/config/owners.c
 *
 * One column of one destination has one owner.  All claims of all routes are sorted by destination
 * and column, so that neighbours that are equal are what two routes claim.
 */
#include "config/load.h"

#include <stdlib.h>
#include <string.h>

typedef struct claim {
    const char *identity, *column; /* column NULL: every one */
    const char *letters;           /* of the column, by which the destination knows it */
    const ds_route *route;
    size_t order; /* of the route in the file */
    ds_at at;
} claim;

typedef struct claims {
    claim *items;
    size_t n, cap;
} claims;

typedef struct clash { /* what is said about a route: the first column in the file, how many more */
    const claim *claim, *owner;
    size_t more;
} clash;

static void add(ds_load *ld, claims *all, claim one)
{
    if (all->n == all->cap) {
        size_t cap = all->cap ? all->cap * 2 : 64;

        all->items =
            ds_arena_grow(ld->arena, all->items, all->cap * sizeof(claim), cap * sizeof(claim));
        all->cap = cap;
    }
    all->items[all->n++] = one;
}

static const char *letters_of(ds_load *ld, const ds_route *route, const char *column)
{
    char *letters = ds_arena_strdup(ld->arena, column);

    for (char *c = letters; *c && route->destination->any_case; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    return letters;
}

static void add_column(ds_load *ld, claims *all, claim one, const char *column, ds_at at)
{
    one.column = column;
    one.letters = letters_of(ld, one.route, column);
    one.at = at;
    add(ld, all, one);
}

/* Its identity; where that is a path, the one it leads to: two routes that get to a file by links
 * of their own share it. */
static const char *place_of(ds_load *ld, const ds_route *route)
{
    const ds_option *options = route->destination->options, *o = NULL;
    const char *identity = route->identity, *path;

    while ((o = ds_next_path(options, route->destination_settings, o, &path)) != NULL) {
        const char *at = strstr(identity, path);

        if (at && !at[strlen(path)])
            return ds_arena_printf(ld->arena, "%.*s%s", (int)(at - identity), identity,
                                   ds_path_end(ld->arena, path));
    }
    return identity;
}

/* What a claim of the body is called; a column of this very name is taken for one. */
static const char the_body[] = "the body";

/* Of a setting that the route has. */
static const ds_node *value_of(const ds_node *table, const char *name)
{
    return ds_node_member(table, name)->value;
}

static void collect(ds_load *ld, claims *all, const ds_route *route, const ds_node *table,
                    size_t order)
{
    claim one = {.identity = place_of(ld, route), .route = route, .order = order, .at = route->at};

    for (size_t i = 0; route->has_owns && i < route->owns.n; i++)
        add_column(ld, all, one, route->owns.items[i], value_of(table, "owns")->items[i]->at);
    if (!route->has_owns && (!route->has_fields || route->transform))
        add(ld, all, one); /* what comes out of a transform, nobody knows before */
    for (size_t i = 0; !route->has_owns && !route->transform && i < route->fields_n; i++)
        add_column(ld, all, one, route->fields[i].to, route->fields[i].at);
    if (route->body)
        add_column(ld, all, one, the_body, route->body->at);
    if (route->stamp)
        add_column(ld, all, one, route->stamp, value_of(table, "stamp")->at);
    if (route->missing_mark)
        add_column(ld, all, one, route->missing_mark, value_of(table, "missing")->at);
}

static int by_column(const void *a, const void *b)
{
    const claim *left = a, *right = b;
    int order = strcmp(left->identity, right->identity);

    if (!order)
        order = !right->column - !left->column; /* every column comes first */
    if (!order && left->column)
        order = strcmp(left->letters, right->letters);
    if (!order)
        order = (left->order > right->order) - (left->order < right->order);
    if (!order && left->column) /* GCOVR_EXCL_BR_LINE one route claims all columns but once */
        order = strcmp(left->column, right->column);
    return order;
}

static void note(clash *clashes, const claim *one, const claim *owner)
{
    clash *c = &clashes[one->order];

    if (!c->claim) {
        *c = (clash){one, owner, 0};
        return;
    }
    c->more += one->column && owner->column;
    if (one->at.line < c->claim->at.line)
        *c = (clash){one, owner, c->more};
}

/* The later route of the two is the one that is told; or the only one, where it spells the column
 * in two ways. */
static void note_pair(clash *clashes, const claim *a, const claim *b)
{
    bool spelt = a->order == b->order && a->column && strcmp(a->column, b->column);

    if (a->order < b->order || spelt)
        note(clashes, b, a);
    else if (a->order > b->order)
        note(clashes, a, b);
}

static bool same_column(const claim *a, const claim *b)
{
    return a && a->column && b->column && !strcmp(a->identity, b->identity) &&
           !strcmp(a->letters, b->letters);
}

static void find_clashes(const claims *all, clash *clashes)
{
    const claim *every = NULL, *first = NULL;

    for (size_t i = 0; i < all->n; i++) {
        const claim *one = &all->items[i];

        if (!first || strcmp(first->identity, one->identity) != 0)
            every = one->column ? NULL : one;
        if (every)
            note_pair(clashes, every, one);
        if (same_column(first, one))
            note_pair(clashes, first, one);
        else /* the first owner of a column stays the one that is named */
            first = one;
    }
}

static void report(ds_load *ld, const clash *c)
{
    const char *name = c->claim->route->name, *other = c->owner->route->name;
    const char *where = c->claim->identity;

    if (c->claim->route == c->owner->route)
        ds_issue(ld->issues, c->claim->at, "\"%s\" and \"%s\" are one column of %s; leave one out",
                 c->claim->column, c->owner->column, where);
    else if (c->claim->column && c->owner->column && c->more)
        ds_issue(ld->issues, c->claim->at,
                 "routes \"%s\" and \"%s\" both own \"%s\" and %zu more of %s; leave each to one "
                 "of them",
                 name, other, c->claim->column, c->more, where);
    else if (c->claim->column && c->owner->column)
        ds_issue(ld->issues, c->claim->at,
                 "routes \"%s\" and \"%s\" both own \"%s\" of %s; leave it to one of them", name,
                 other, c->claim->column, where);
    else
        ds_issue(ld->issues, c->claim->route->at,
                 "routes \"%s\" and \"%s\" share %s, and \"%s\" owns all of it; give it \"owns\"",
                 name, other, where, c->claim->column ? other : name);
}

/* A destination that cannot look rows up never meets those of another route: nothing is shared. */
static bool shares_rows(const ds_route *route)
{
    return route->identity && route->destination->find;
}

void ds_owners_check(ds_load *ld, const ds_route *const *routes, const ds_node *const *tables,
                     size_t n)
{
    claims all = {0};
    clash *clashes = ds_arena_zalloc(ld->arena, (n + 1) * sizeof(*clashes));

    for (size_t i = 0; i < n; i++)
        if (shares_rows(routes[i]))
            collect(ld, &all, routes[i], tables[i], i);
    if (all.n)
        qsort(all.items, all.n, sizeof(claim), by_column);
    find_clashes(&all, clashes);
    for (size_t i = 0; i < n; i++)
        if (clashes[i].claim)
            report(ld, &clashes[i]);
}
