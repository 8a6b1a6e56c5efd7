/* src/engine/embedded/units.c
 *
 * The units this engine knows, as small rows: by id for timers and ends, by name for signals and
 * listings.  Their state is in the store; here is what only a living process has.  The engine
 * thread alone changes the table; under `lock`, for the threads that give signals to whole routes.
 */
#include "engine/embedded/internal.h"

#include <stdlib.h>
#include <string.h>

ds_emb_route *ds_emb_route_named(ds_engine *e, const char *name)
{
    for (size_t i = 0; i < e->routes_n; i++) {
        if (strcmp(e->routes[i].route->name, name) == 0)
            return &e->routes[i];
    }
    return NULL;
}

static uint64_t mix(uint64_t h)
{
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 32;
}

static uint64_t hash_name(const ds_emb_route *route, const char *name)
{
    uint64_t h = (uint64_t)(uintptr_t)route;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return mix(h);
}

static ds_emb_unit **id_slot(const ds_emb_table *t, int64_t id)
{
    return &t->by_id[mix((uint64_t)id) & (t->slots - 1)];
}

static ds_emb_unit **name_slot(const ds_emb_table *t, const ds_emb_route *route, const char *name)
{
    return &t->by_name[hash_name(route, name) & (t->slots - 1)];
}

static void put_in(const ds_emb_table *t, ds_emb_unit *unit)
{
    ds_emb_unit **by_id = id_slot(t, unit->id);
    ds_emb_unit **by_name = name_slot(t, unit->route, unit->name);

    unit->next_by_id = *by_id;
    *by_id = unit;
    unit->next_by_name = *by_name;
    *by_name = unit;
}

static void grow(ds_engine *e)
{
    ds_emb_table *t = &e->table;
    ds_emb_table bigger = {.slots = t->slots ? t->slots * 2 : 64, .n = t->n};

    bigger.by_id = ds_calloc(bigger.slots, sizeof(*bigger.by_id));
    bigger.by_name = ds_calloc(bigger.slots, sizeof(*bigger.by_name));
    for (size_t i = 0; i < e->routes_n; i++) {
        for (ds_emb_unit *unit = e->routes[i].units; unit; unit = unit->next_of_route)
            put_in(&bigger, unit);
    }
    free(t->by_id);
    free(t->by_name);
    *t = bigger;
}

ds_emb_unit *ds_emb_unit_by_id(ds_engine *e, int64_t id)
{
    ds_emb_unit *unit = e->table.slots ? *id_slot(&e->table, id) : NULL;

    while (unit && unit->id != id)
        unit = unit->next_by_id;
    return unit;
}

ds_emb_unit *ds_emb_unit_named(ds_engine *e, const ds_emb_route *route, const char *name)
{
    ds_emb_unit *unit = e->table.slots ? *name_slot(&e->table, route, name) : NULL;

    while (unit && !(unit->route == route && strcmp(unit->name, name) == 0))
        unit = unit->next_by_name;
    return unit;
}

ds_emb_unit *ds_emb_unit_add(ds_engine *e, ds_emb_route *route, int64_t id, const char *name)
{
    ds_emb_unit *unit = ds_emb_unit_by_id(e, id);

    if (unit)
        return unit;
    unit = ds_calloc(1, sizeof(*unit));
    unit->id = id;
    unit->route = route;
    unit->name = ds_strdup(name);
    pthread_mutex_lock(&e->lock);
    if (e->table.n >= e->table.slots)
        grow(e);
    e->table.n++;
    put_in(&e->table, unit);
    unit->next_of_route = route->units;
    route->units = unit;
    route->units_n++;
    pthread_mutex_unlock(&e->lock);
    return unit;
}

void ds_emb_unit_is_gone(ds_engine *e, ds_emb_unit *unit, bool gone)
{
    if (unit->gone == gone)
        return;
    pthread_mutex_lock(&e->lock);
    unit->gone = gone;
    pthread_mutex_unlock(&e->lock);
    if (gone)
        e->gone_n++;
    else
        e->gone_n--;
}

void ds_emb_units_free(ds_engine *e)
{
    for (size_t i = 0; i < e->routes_n; i++) {
        while (e->routes[i].units) {
            ds_emb_unit *unit = e->routes[i].units;

            e->routes[i].units = unit->next_of_route;
            free(unit->name);
            free(unit);
        }
    }
    free(e->table.by_id);
    free(e->table.by_name);
    e->table = (ds_emb_table){0};
}

/* ---- taking up what the store knows ---------------------------------------------------------- */

bool ds_emb_asked_for(const ds_emb_route *route, const char *unit)
{
    for (size_t i = 0; i < route->refs_n; i++) {
        if (!route->refs[i]->unit || strcmp(route->refs[i]->unit, unit) == 0)
            return true;
    }
    return false;
}

/* The daemon takes up all; `once` only the interrupted passes of what it was asked for: its
 * requests come with the listing. */
static bool to_take_up(const ds_engine *e, const ds_emb_route *route, const ds_unit_row *row)
{
    if (row->state.gone)
        return false;
    return !e->options.once || (row->state.running && ds_emb_asked_for(route, row->unit));
}

static size_t know_units(ds_engine *e, ds_unit_row *rows, size_t n)
{
    size_t take_up = 0;

    for (size_t i = 0; i < n; i++) {
        ds_emb_route *route = ds_emb_route_named(e, rows[i].route);

        if (!route)
            continue; /* its route is no longer in the configuration: left as it is */
        ds_emb_unit_is_gone(e, ds_emb_unit_add(e, route, rows[i].id, rows[i].unit),
                            rows[i].state.gone);
        take_up += to_take_up(e, route, &rows[i]);
    }
    return take_up;
}

/* Known units go on whether or not their source can be listed now. All in one transaction: from its
 * end on every unit is decided for, so that a signal may start passes as well. */
static void submit_take_up(ds_engine *e, const ds_unit_row *rows, size_t n, size_t take_up)
{
    ds_activation *act = ds_activation_new(e);

    act->starts_engine = true;
    act->retries = true;
    for (size_t i = 0; i < n; i++) {
        ds_emb_route *route = ds_emb_route_named(e, rows[i].route);
        ds_event *ensure;

        if (!route || !to_take_up(e, route, &rows[i]))
            continue;
        ensure = ds_new_in(act->arena, ds_event);
        *ensure =
            ds_ensure_event(route->route, e->options.once ? route->route->every_ms
                                                          : ds_spread_ms(route->route, take_up));
        ds_unit_step_add(act, (ds_unit_step){.step.id = rows[i].id,
                                             .events = ensure,
                                             .events_n = 1,
                                             .ensure = true,
                                             .died = true});
    }
    ds_activation_submit(act);
}

bool ds_emb_take_up(ds_engine *e, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO(ds_reader) reader = ds_reader_open_at(ds_store_place(e->store), err);
    ds_unit_row *rows;
    size_t n;

    if (!reader || !ds_reader_units(reader, NULL, NULL, a, &rows, &n, err))
        return ds_wrap(err, "read the units");
    submit_take_up(e, rows, n, know_units(e, rows, n));
    return true;
}
