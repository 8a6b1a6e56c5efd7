/* src/engine/common/units.c - units as the source lists them and the configuration wants them. */
#include "engine/common/units.h"

#include "base/activity.h"
#include "schedule/schedule.h"
#include <string.h>

/* A unit's name is stored, printed and typed. One that cannot be is left out aloud: a store on a
 * server refuses it, and all the other units with it. */
static void leave_out(ds_units *units, ds_activity *act)
{
    size_t kept = 0;

    for (size_t i = 0; i < units->n; i++) {
        const char *problem = ds_key_problem(units->arena, units->keys[i]);

        if (problem)
            ds_activity_warn(act, "unit \"%.100s\" is left out: %s", units->keys[i], problem);
        else
            units->keys[kept++] = units->keys[i];
    }
    units->n = kept;
}

bool ds_list_units(const ds_route *route, ds_clock *clock, const atomic_bool *stop,
                   const ds_bell *stop_bell, ds_units *out, ds_err *err)
{
    ds_activity act = {.arena = out->arena,
                       .clock = clock,
                       .stop = stop,
                       .stop_bell = stop_bell,
                       .route = route->name,
                       .unit = ""};
    DS_AUTO(ds_source) source = ds_source_new(route);

    if (source->ops->units == ds_one_unit) /* known without a look: spares a database a session */
        return ds_one_unit(source, &act, out, err);
    if (source->ops->open && !source->ops->open(source, &act, err))
        return false;
    if (!source->ops->units(source, &act, out, err))
        return false;
    leave_out(out, &act);
    return true;
}

int64_t ds_spread_ms(const ds_route *route, size_t units)
{
    if (units <= DS_SPREAD_FREE)
        return 0;
    return DS_MIN(route->every_ms, (int64_t)units * DS_SPREAD_EACH_MS);
}

static bool lists_changes(const ds_route *route)
{
    return route->source->lists_changes && route->source->lists_changes(route->source_settings);
}

static bool looks_rows_up(const ds_route *route)
{
    return route->identity && route->destination->find && !route->destination->upserts;
}

bool ds_routes_share_rows(const ds_route *one, const ds_route *other)
{
    return looks_rows_up(one) && looks_rows_up(other) &&
           strcmp(one->identity, other->identity) == 0;
}

ds_event ds_ensure_event(const ds_route *route, int64_t spread_ms)
{
    const ds_schedule *schedule = route->schedule;
    bool by_cron = schedule && schedule->cron;

    return (ds_event){
        .type = DS_EV_ENSURE,
        .interval_ms = route->every_ms,
        .full_every_ms = route->full_every_ms,
        .lists_changes = lists_changes(route),
        .spread_ms = spread_ms,
        .retry_after_ms = -1,
        .cron = by_cron ? schedule->cron : NULL,
        .zone = by_cron ? ds_zone_name(schedule->zone) : NULL,
    };
}
