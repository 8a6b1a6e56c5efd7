/* src/engine/embedded/signal.c - signals: durable when they are answered, with an engine or
 * without. */
#include "engine/embedded/internal.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

/* ---- an engine's units ----------------------------------------------------------------------- */

/* Gone units hear nothing that was meant for a whole route. */
static void add_units(ds_activation *act, const ds_emb_route *route, const ds_event *event)
{
    for (const ds_emb_unit *unit = route->units; unit; unit = unit->next_of_route) {
        if (!unit->gone)
            ds_unit_step_add(act,
                             (ds_unit_step){.step.id = unit->id, .events = event, .events_n = 1});
    }
}

/* What reaches nobody yet waits in the inbox: for the unit named, or for the route's first ones. */
static ds_activation *to_named(ds_engine *e, const ds_unit_ref *ref, const ds_event *event)
{
    ds_activation *act = ds_activation_new(e);

    act->unknown_to = ds_arena_strdup(act->arena, ref->route);
    ds_unit_step_add(act, (ds_unit_step){
                              .route = act->unknown_to,
                              .unit = ds_arena_strdup(act->arena, ref->unit),
                              .events = ds_event_copy(event, act->arena),
                              .events_n = 1,
                          });
    return act;
}

static ds_activation *to_route(ds_engine *e, const ds_emb_route *route, const ds_event *event)
{
    ds_activation *act = ds_activation_new(e);

    pthread_mutex_lock(&e->lock); /* `gone` may be a moment old: a unit that is starts nothing */
    add_units(act, route, ds_event_copy(event, act->arena));
    pthread_mutex_unlock(&e->lock);
    return act;
}

bool ds_signal_fits(ds_engine *e, const ds_unit_ref *ref, const ds_event *event, ds_err *err)
{
    const ds_emb_route *route = ds_emb_route_named(e, ref->route);
    const ds_schedule *schedule = route ? route->route->schedule : NULL;

    if (event->type != DS_EV_SET_INTERVAL || !schedule || !schedule->cron)
        return true;
    return ds_fail(
        err, DS_ERR_PERMANENT,
        "route %s runs by cron \"%s\", which no interval takes the place of: change cron "
        "in the configuration",
        route->route->name, schedule->cron);
}

ds_activation *ds_signal_new(ds_engine *e, const ds_unit_ref *ref, const ds_event *event)
{
    const ds_emb_route *route = ds_emb_route_named(e, ref->route);
    ds_activation *act;

    if (!route)
        return NULL;
    if (ref->unit)
        return to_named(e, ref, event);
    act = to_route(e, route, event);
    if (act->steps_n > 0)
        return act;
    ds_activation_free(act);
    return to_named(e, ref, event);
}

typedef struct waiter {
    sem_t answered;
    bool failed;
    int64_t reached;
    ds_err err;
} waiter;

/* Hundreds may wait, and this is the writer's time: a semaphore leaves no lock behind for the one
 * who wakes to run into. */
static void wake_waiter(ds_activation *act, void *to)
{
    waiter *w = to;

    w->failed = act->failed;
    w->err = act->err;
    w->reached = act->reached;
    sem_post(&w->answered); /* the last word: then `w` may be gone */
}

static bool wait_for(waiter *w, ds_activation *act)
{
    sem_init(&w->answered, 0, 0);
    act->answer = wake_waiter;
    act->answer_to = w;
    ds_activation_submit(act);
    while (sem_wait(&w->answered) != 0)
        ; /* a signal of the system's came by */
    sem_destroy(&w->answered);
    return !w->failed;
}

bool ds_emb_signal(ds_engine *e, const ds_unit_ref *ref, const ds_event *event, int64_t *units,
                   ds_err *err)
{
    ds_activation *act;
    waiter w = {.failed = false};

    *units = 0;
    if (!ds_signal_fits(e, ref, event, err))
        return false;
    act = ds_signal_new(e, ref, event);
    if (!act)
        return true; /* no such route */
    if (!wait_for(&w, act)) {
        *err = w.err;
        return false;
    }
    *units = w.reached;
    return true;
}

/* ---- without an engine ----------------------------------------------------------------------- */

typedef struct offline {
    ds_job job; /* first */
    ds_arena *arena;
    const ds_unit_ref *ref;
    const ds_event *event;
    const ds_unit_row *known; /* of a whole route */
    size_t known_n;
    int64_t now_ms, reached;
} offline;

static bool give(offline *o, int64_t unit_id, ds_tx *tx, ds_err *err)
{
    ds_unit_step s = {.step = {.kind = &ds_unit_kind, .id = unit_id, .hold = true},
                      .route = o->ref->route,
                      .unit = o->ref->unit,
                      .events = o->event,
                      .events_n = 1};

    if (!ds_step_take(&s.step, NULL, tx, o->now_ms, o->arena, err))
        return false;
    o->reached += s.step.found;
    return true;
}

static bool run_offline(ds_job *job, ds_tx *tx, ds_err *err)
{
    offline *o = (offline *)job;

    o->reached = 0;
    for (size_t i = 0; i < o->known_n; i++) {
        if (!o->known[i].state.gone && !give(o, o->known[i].id, tx, err))
            return false;
    }
    if (o->ref->unit && !give(o, 0, tx, err))
        return false;
    return o->reached > 0 ||
           ds_tx_inbox_put(tx, o->ref->route, o->ref->unit, o->event, o->now_ms, err);
}

static bool read_known(offline *o, ds_store *store, ds_err *err)
{
    DS_AUTO(ds_reader) reader = ds_reader_open_at(ds_store_place(store), err);
    ds_unit_row *rows;

    if (!reader || !ds_reader_units(reader, o->ref->route, NULL, o->arena, &rows, &o->known_n, err))
        return false;
    o->known = rows;
    return true;
}

bool ds_engine_signal_offline(ds_store *store, const ds_unit_ref *ref, const ds_event *event,
                              int64_t now_ms, int64_t *units, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    offline o = {.job.run = run_offline, .arena = a, .ref = ref, .event = event, .now_ms = now_ms};

    *units = 0;
    if (!ref->unit && !read_known(&o, store, err))
        return false;
    if (!ds_store_do(store, DS_LANE_EVENT, &o.job, err))
        return false;
    *units = o.reached;
    return true;
}
