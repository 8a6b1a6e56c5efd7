/* src/budget/share.c - whose turn it is: the route that has had the least goes first. */
#include "budget/internal.h"

#include <stdlib.h>

#define LATE_MS 300 /* one that does not come back this long after it said so is not waited for */

static const double weight[] = {[DS_HASTE_ASKED] = 1, [DS_HASTE_USUAL] = 4, [DS_HASTE_FILL] = 16};

static uint64_t name_hash(const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return hash;
}

static size_t route_index(ds_budget *b, const char *route)
{
    uint64_t name = name_hash(route);

    for (size_t i = 0; i < b->routes_n; i++) {
        if (b->routes[i].name == name)
            return i;
    }
    if (b->routes_n == b->routes_cap) {
        b->routes_cap = DS_MAX(2 * b->routes_cap, (size_t)8);
        b->routes = ds_realloc(b->routes, b->routes_cap, sizeof(*b->routes));
    }
    b->routes[b->routes_n] = (route_share){.name = name, .had = b->served};
    return b->routes_n++;
}

ds_seat *ds_seat_take(ds_budget *b, const char *route, ds_haste haste)
{
    ds_seat *seat = ds_calloc(1, sizeof(*seat));

    *seat =
        (ds_seat){.budget = b, .next = b->seats, .route = route_index(b, route), .haste = haste};
    b->seats = seat;
    return seat;
}

void ds_seat_leave(ds_seat *seat)
{
    if (!seat)
        return;
    for (ds_seat **at = &seat->budget->seats; *at; at = &(*at)->next) {
        if (*at == seat) {
            *at = seat->next;
            break;
        }
    }
    free(seat);
}

void ds_budget_free(ds_budget *b)
{
    if (!b)
        return;
    for (ds_seat *next, *seat = b->seats; seat; seat = next) {
        next = seat->next;
        free(seat);
    }
    free(b->routes);
    free(b);
}

void ds_budget_give_up(ds_seat *seat)
{
    seat->waits = false;
}

/* A route that wanted nothing for a while does not save up turns: it comes in level with those that
 * are being served, and in front of them. */
void seat_wants(ds_seat *seat, int64_t now_ms)
{
    ds_budget *b = seat->budget;
    route_share *share = &b->routes[seat->route];
    double level = b->served - weight[DS_HASTE_FILL];

    if (!seat->waits && share->had < level)
        share->had = level;
    seat->waits = true;
    seat->back_ms = now_ms;
}

size_t seats_before(const ds_seat *seat, int64_t now_ms)
{
    const ds_budget *b = seat->budget;
    double had = b->routes[seat->route].had;
    size_t n = 0;

    for (const ds_seat *other = b->seats; other; other = other->next)
        n += other != seat && other->waits && now_ms <= other->back_ms + LATE_MS &&
             b->routes[other->route].had < had;
    return n;
}

void seat_served(ds_seat *seat, int64_t cost)
{
    ds_budget *b = seat->budget;
    route_share *share = &b->routes[seat->route];

    b->served = DS_MAX(share->had, b->served);
    share->had += (double)cost * weight[seat->haste];
    seat->waits = false;
}
