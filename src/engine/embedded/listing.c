/* src/engine/embedded/listing.c
 *
 * Which units a route has: asked of its source on the pool, since that may take its time, once at
 * the start and again with every interval of the route, or at its times by cron.  New ones become
 * machines, those that are not there any more become `gone`; a listing that fails changes nothing.
 */
#include "engine/embedded/internal.h"

#include "base/log.h"
#include <stdlib.h>
#include <string.h>

typedef struct listing {
    ds_work work; /* first */
    ds_arena *arena;
    ds_units units;
    bool ok;
    ds_err err;
} listing;

/* ---- on the pool's thread -------------------------------------------------------------------- */

static void run_listing(ds_task *task)
{
    listing *l = (listing *)task;

    ds_engine *e = l->work.engine;

    l->ok = ds_list_units(l->work.route->route, e->clock, &e->stopping, &e->stop_bell, &l->units,
                          &l->err);
    ds_work_done(&l->work);
}

/* ---- what came out --------------------------------------------------------------------------- */

static void free_listing(listing *l)
{
    l->work.route->listing = false;
    ds_arena_free(l->arena);
    free(l);
}

static void drop_listing(ds_note *note)
{
    free_listing((listing *)ds_work_of(note));
}

static void add_step(ds_activation *act, const listing *l, const ds_emb_unit *unit,
                     const char *name, const ds_event *events, size_t events_n)
{
    bool ensure = events[0].type == DS_EV_ENSURE;

    ds_unit_step_add(act, (ds_unit_step){
                              .route = l->work.route->route->name,
                              .unit = ds_arena_strdup(act->arena, name),
                              .events = events,
                              .events_n = events_n,
                              .ensure = ensure,
                              .asked = act->follow && ensure,
                              .died = unit && unit->gone && !unit->pass,
                          });
}

static bool is_listed(const listing *l, const ds_emb_unit *unit)
{
    return !l->ok || unit->listed; /* a failed listing says nothing */
}

static size_t mark_listed(ds_engine *e, const listing *l)
{
    size_t unknown = 0;

    for (ds_emb_unit *unit = l->work.route->units; unit; unit = unit->next_of_route)
        unit->listed = false;
    for (size_t i = 0; i < l->units.n; i++) {
        ds_emb_unit *unit = ds_emb_unit_named(e, l->work.route, l->units.keys[i]);

        if (unit)
            unit->listed = true;
        else
            unknown++;
    }
    return unknown;
}

/* A step without events: starts what waits in the unit, now that it is surely gone. */
static void add_look(ds_activation *act, const ds_emb_unit *unit)
{
    ds_unit_step_add(
        act,
        (ds_unit_step){.step.id = unit->id, .died = !unit->pass, .asked = act->follow != NULL});
}

static void add_gone(ds_activation *act, const listing *l)
{
    static const ds_event gone = {.type = DS_EV_GONE};
    const ds_emb_route *route = l->work.route;

    for (ds_emb_unit *unit = route->units; unit; unit = unit->next_of_route) {
        if (is_listed(l, unit))
            continue;
        if (!unit->gone)
            add_step(act, l, unit, unit->name, &gone, 1);
        else if (!route->listed && (!act->follow || ds_emb_asked_for(route, unit->name)))
            add_look(act, unit);
    }
}

/* How many units are there in all, before the other routes have been listed for the first time? As
 * many each as this one. */
static int64_t spread_of_new(const ds_engine *e, const listing *l, size_t unknown)
{
    size_t guess = unknown;

    if (!l->work.route->listed)
        guess = DS_MAX(e->table.n + unknown, e->routes_n * unknown);
    return ds_spread_ms(l->work.route->route, guess);
}

static void daemon_steps(ds_engine *e, ds_activation *act, const listing *l, size_t unknown)
{
    const ds_route *route = l->work.route->route;
    ds_event *ensure = ds_new_in(act->arena, ds_event);

    *ensure = ds_ensure_event(route, spread_of_new(e, l, unknown));
    ensure->first_ms = l->work.route->planned_ms; /* found at that time: it begins with it */
    for (size_t i = 0; i < l->units.n; i++) {
        ds_emb_unit *unit = ds_emb_unit_named(e, l->work.route, l->units.keys[i]);

        if (!unit || unit->gone)
            add_step(act, l, unit, l->units.keys[i], ensure, 1);
    }
    if (act->steps_n > 0)
        act->inbox_of = route->name; /* what was said before there was any unit to hear it */
}

/* ---- `once` ---------------------------------------------------------------------------------- */

static bool lists(const listing *l, const char *unit)
{
    for (size_t i = 0; i < l->units.n; i++) {
        if (strcmp(l->units.keys[i], unit) == 0)
            return true;
    }
    return false;
}

static void refuse_unknown(ds_engine *e, const listing *l)
{
    const ds_emb_route *route = l->work.route;

    for (size_t i = 0; l->ok && i < route->refs_n; i++) {
        const char *unit = route->refs[i]->unit;

        if (unit && !lists(l, unit))
            ds_follow_refused(e, e->own, route->route->name, unit, DS_PASS_FAILED, "config",
                              "the source has no such unit");
    }
}

/* Its timers do not count: an interval that is over asks for nothing, the request does. */
static const ds_event *once_events(ds_engine *e, const ds_route *route, ds_arena *a)
{
    ds_event *events = ds_arena_zalloc(a, 2 * sizeof(*events));
    const ds_event asked = ds_sync_event(e->options.items, e->options.items_n);

    events[0] = ds_ensure_event(route, route->every_ms);
    events[1] = *ds_event_copy(&asked, a);
    return events;
}

static void once_steps(ds_engine *e, ds_activation *act, const listing *l)
{
    ds_emb_route *route = l->work.route;
    const ds_event *events = once_events(e, route->route, act->arena);

    for (size_t i = 0; i < l->units.n; i++) {
        const char *name = l->units.keys[i];

        if (ds_emb_asked_for(route, name))
            add_step(act, l, ds_emb_unit_named(e, route, name), name, events, 2);
    }
    if (act->steps_n > 0 && act->steps_n == l->units.n)
        act->inbox_of = route->route->name; /* a pause before the first run is one all the same */
    for (ds_emb_unit *unit = route->units; !l->ok && unit; unit = unit->next_of_route) {
        if (!unit->gone && ds_emb_asked_for(route, unit->name))
            add_step(act, l, unit, unit->name, events, 2);
    }
    refuse_unknown(e, l);
}

/* ---- both ------------------------------------------------------------------------------------ */

static void submit_steps(ds_engine *e, const listing *l)
{
    size_t unknown = mark_listed(e, l);
    ds_activation *act = ds_activation_new(e);

    act->retries = true;
    if (e->own) {
        act->follow = e->own; /* opened when the listing began */
        once_steps(e, act, l);
    } else {
        daemon_steps(e, act, l, unknown);
    }
    if (l->ok)
        add_gone(act, l);
    ds_activation_submit(act);
}

static int64_t out_of_quiet(const ds_emb_route *route, int64_t at_ms)
{
    int64_t until_ms = ds_schedule_quiet_until(route->route->schedule, at_ms);

    return until_ms ? until_ms : at_ms;
}

int64_t ds_emb_list_next(const ds_emb_route *route, int64_t now_ms)
{
    int64_t next_ms = ds_schedule_next(route->route->schedule, now_ms);

    return next_ms ? next_ms : out_of_quiet(route, now_ms + route->route->every_ms);
}

/* ---- what `status` is to know of it
 * -------------------------------------------------------------- */

typedef struct listing_note {
    ds_job job; /* first */
    const char *route;
    char *error; /* NULL: it went well */
} listing_note;

static bool write_note(ds_job *job, ds_tx *tx, ds_err *err)
{
    listing_note *note = (listing_note *)job;

    return ds_tx_listing_note(tx, note->route, note->error, err);
}

static void free_note(ds_job *job, const ds_err *err)
{
    listing_note *note = (listing_note *)job;

    (void)err; /* the next listing notes again how it went */
    free(note->error);
    free(note);
}

/* A failed listing is no pass of any unit: without this, nobody would know of it but the log. */
static void note_listing(ds_engine *e, ds_emb_route *route, const char *error)
{
    listing_note *note;

    if (!error && route->list_well)
        return;
    route->list_well = !error;
    note = ds_calloc(1, sizeof(*note));
    note->job = (ds_job){.run = write_note, .done = free_note};
    note->route = route->route->name;
    note->error = error ? ds_strdup(error) : NULL;
    ds_store_submit(e->store, DS_LANE_EVENT, &note->job);
}

/* What a person must mend is asked again with the interval, the rest with a growing distance. */
static int64_t list_again_after(const ds_emb_route *route, const ds_err *err)
{
    int64_t doublings = DS_MIN(route->list_failures - 1, (int64_t)7);
    int64_t ms = DS_MIN(DS_UNIT_RETRY_FIRST_MS << doublings, DS_UNIT_RETRY_MOST_MS);

    if (err->kind != DS_ERR_TRANSIENT && err->kind != DS_ERR_RATE_LIMITED)
        return route->route->every_ms;
    if (err->kind == DS_ERR_RATE_LIMITED)
        return DS_MIN(DS_MAX(err->retry_after_ms, ms), DS_DAY_MS);
    return DS_MIN(ms, route->route->every_ms);
}

static void listing_failed(ds_engine *e, listing *l)
{
    ds_emb_route *route = l->work.route;
    const char *kind = ds_err_kind_name(l->err.kind);

    route->list_failures++;
    route->list_ms = out_of_quiet(route, ds_emb_now(e) + list_again_after(route, &l->err));
    ds_wrap(&l->err, "list the units");
    ds_log(DS_LOG_WARN, "listing_failed", "route", route->route->name, "kind", kind, "error",
           l->err.text, NULL);
    note_listing(e, route, l->err.text);
    if (e->own)
        ds_follow_refused(e, e->own, route->route->name, NULL,
                          l->err.kind == DS_ERR_AUTH ? DS_PASS_PAUSED : DS_PASS_FAILED, kind,
                          l->err.text);
}

/* A source that is one piece stays one: it need not be asked again. */
static void listing_went_well(ds_engine *e, const listing *l)
{
    ds_emb_route *route = l->work.route;
    bool one_piece = route->route->source->units == ds_one_unit;

    route->list_failures = 0;
    note_listing(e, l->work.route, NULL);
    route->list_ms = one_piece ? 0 : ds_emb_list_next(route, ds_emb_now(e));
    if (l->units.n == 0)
        ds_log(DS_LOG_WARN, "no_units", "route", route->route->name, "text",
               "the source lists nothing to mirror", NULL);
}

static void listing_returned(ds_engine *e, ds_note *note)
{
    listing *l = (listing *)ds_work_of(note);

    ds_work_ended(&l->work);
    if (l->err.kind == DS_ERR_CANCELLED || atomic_load(&e->stopping)) {
        free_listing(l);
        return;
    }
    if (l->ok)
        listing_went_well(e, l);
    else
        listing_failed(e, l);
    if (l->ok || e->own)
        submit_steps(e, l);
    if (l->ok) {
        l->work.route->listed = true;
        l->work.route->planned_ms = 0;
    }
    free_listing(l);
}

void ds_emb_list(ds_engine *e, ds_emb_route *route)
{
    listing *l = ds_calloc(1, sizeof(*l));

    l->arena = ds_arena_new();
    l->units.arena = l->arena;
    l->err = DS_ERR_INIT;
    l->work.task.run = run_listing;
    l->work.note.read = listing_returned;
    l->work.note.drop = drop_listing;
    route->listing = true;
    route->list_ms = 0;
    ds_work_add(e, &l->work, route);
}

void ds_emb_list_due(ds_engine *e, int64_t now_ms)
{
    for (size_t i = 0; i < e->routes_n; i++) {
        ds_emb_route *route = &e->routes[i];

        if (route->listing || !route->list_ms || now_ms < route->list_ms)
            continue;
        if (!route->planned_ms && route->route->schedule && route->route->schedule->cron)
            route->planned_ms = route->list_ms;
        ds_emb_list(e, route);
    }
}
