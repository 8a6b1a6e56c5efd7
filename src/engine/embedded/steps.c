/* src/engine/embedded/steps.c
 *
 * Steps on the store's writer: read the unit, apply what came, decide, save, record what was
 * started; one transaction, so that a kill leaves either all of it or nothing.
 */
#include "engine/embedded/internal.h"

#include <stdlib.h>

/* ---- one step -------------------------------------------------------------------------------- */

static bool find_unit(ds_step *s, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    if (s->unit_id)
        return ds_tx_unit_by_id(tx, s->unit_id, a, &s->row, err);
    if (!s->unit)
        return true; /* a whole route, of which nothing is known yet */
    if (!ds_tx_unit_get(tx, s->route, s->unit, a, &s->row, err))
        return false;
    if (s->row || !s->ensure)
        return true;
    s->added = true;
    return ds_tx_unit_add(tx, s->route, s->unit, now_ms, a, &s->row, err);
}

static bool under_way(const ds_unit *u)
{
    return u->running && u->retry_ms == 0;
}

/* ENSURE comes first: what was left in the inbox for a unit not yet known is meant for one that has
 * its interval. */
static bool apply_all(ds_step *s, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    static const ds_event death = {
        .type = DS_EV_PASS_ENDED, .outcome = DS_PASS_CANCELLED, .retry_after_ms = -1};
    ds_unit *u = &s->row->state;
    const ds_event *left = NULL;
    size_t left_n = 0;

    if (s->ensure && !ds_tx_inbox_take(tx, s->row->route, s->row->unit, a, &left, &left_n, err))
        return false;
    if (s->died && under_way(u))
        ds_unit_apply(u, &death, now_ms, a);
    for (size_t i = 0; i < s->events_n; i++)
        ds_unit_apply(u, &s->events[i], now_ms, a);
    for (size_t i = 0; i < left_n; i++)
        ds_unit_apply(u, &left[i], now_ms, a);
    return true;
}

static void decide(ds_step *s, int64_t now_ms)
{
    ds_actions actions;

    ds_unit_decide(&s->row->state, now_ms, &actions);
    for (size_t i = 0; i < actions.n; i++) {
        switch (actions.items[i].type) {
        case DS_ACT_START_PASS:
            s->start = true;
            break;
        case DS_ACT_GO_ON_PASS:
            s->go_on = true;
            break;
        case DS_ACT_CANCEL_PASS:
            s->cancel = true;
            break;
        case DS_ACT_TIMER:
            s->wake_ms = actions.items[i].at_ms;
            break;
        }
    }
}

static bool record_activity(ds_step *s, const ds_emb_route *route, bool was_running, ds_tx *tx,
                            int64_t now_ms, ds_err *err)
{
    if (route && (s->start || s->go_on))
        return ds_tx_activity_start(tx, s->row, route->route->fingerprint, s->start, now_ms, err);
    if (was_running && !s->row->state.running)
        return ds_tx_activity_end(tx, s->row, err);
    return true;
}

static bool is_void(const ds_step *s)
{
    return !s->row || (s->epoch && s->epoch != s->row->epoch);
}

bool ds_step_take(ds_step *s, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    const ds_emb_route *route;
    bool was_running;

    if (!find_unit(s, tx, now_ms, a, err))
        return false;
    if (is_void(s)) {
        s->row = NULL;
        return true;
    }
    was_running = s->row->state.running;
    route = e ? ds_emb_route_named(e, s->row->route) : NULL;
    if (!apply_all(s, tx, now_ms, a, err))
        return false;
    if (!route || s->hold) /* the next start decides; until then the interval's time is shown */
        s->wake_ms = e ? 0 : s->row->state.due_ms;
    else
        decide(s, now_ms);
    if (!record_activity(s, route, was_running, tx, now_ms, err))
        return false;
    if (s->run && !ds_tx_run_add(tx, s->run, err))
        return false;
    return ds_tx_unit_save(tx, s->row, s->wake_ms, err);
}

/* ---- an activation --------------------------------------------------------------------------- */

static bool add_due_steps(ds_activation *act, ds_tx *tx, int64_t now_ms, ds_err *err)
{
    static const ds_event timer = {.type = DS_EV_TIMER};
    const int64_t *ids;
    size_t n;

    if (!ds_tx_units_due(tx, now_ms, DS_EMB_DUE_MAX, act->arena, &ids, &n, &act->next_due_ms, err))
        return false;
    act->steps = ds_arena_zalloc(act->arena, n * sizeof(*act->steps));
    act->steps_n = n;
    for (size_t i = 0; i < n; i++)
        act->steps[i] = (ds_step){.unit_id = ids[i], .events = &timer, .events_n = 1};
    return true;
}

/* What was sent to the whole route before it had units goes to each of them. */
static bool add_inbox(ds_activation *act, ds_tx *tx, ds_err *err)
{
    const ds_event *left;
    size_t n;

    if (!ds_tx_inbox_take_route(tx, act->inbox_of, act->arena, &left, &n, err))
        return false;
    for (size_t i = 0; n > 0 && i < act->steps_n; i++) {
        ds_step *s = &act->steps[i];
        ds_event *all;

        if (!s->ensure)
            continue; /* it is gone */
        all = ds_arena_alloc(act->arena, (s->events_n + n) * sizeof(*all));

        for (size_t k = 0; k < s->events_n + n; k++)
            all[k] = k < s->events_n ? s->events[k] : left[k - s->events_n];
        s->events = all;
        s->events_n += n;
    }
    return true;
}

static bool keep_for_later(ds_activation *act, const ds_step *s, ds_tx *tx, int64_t now_ms,
                           ds_err *err)
{
    for (size_t i = 0; i < s->events_n; i++) {
        if (!ds_tx_inbox_put(tx, act->unknown_to, s->unit, &s->events[i], now_ms, err))
            return false;
    }
    return true;
}

static ds_activation *of_job(ds_job *job)
{
    return (ds_activation *)(void *)((char *)job - offsetof(ds_activation, job));
}

static bool run_steps(ds_job *job, ds_tx *tx, ds_err *err)
{
    ds_activation *act = of_job(job);
    ds_engine *e = act->engine;
    int64_t now_ms = ds_emb_now(e);
    bool hold = act->starts_engine ? atomic_load(&e->stopping) : ds_emb_starts_nothing(e);

    act->reached = 0;
    if (act->takes_due && !add_due_steps(act, tx, now_ms, err))
        return false;
    if (act->inbox_of && !add_inbox(act, tx, err))
        return false;
    for (size_t i = 0; i < act->steps_n; i++) {
        ds_step *s = &act->steps[i];

        s->hold = s->hold || hold;
        if (!ds_step_take(s, e, tx, now_ms, act->arena, err))
            return false;
        act->reached += s->row != NULL;
        if (!s->row && act->unknown_to && !keep_for_later(act, s, tx, now_ms, err))
            return false;
    }
    if (act->starts_engine)
        atomic_store(&e->live, true);
    return true;
}

static void steps_taken(ds_job *job, const ds_err *err)
{
    ds_activation *act = of_job(job);

    act->failed = err != NULL;
    if (err)
        act->err = *err;
    if (act->answer)
        act->answer(act, act->answer_to);
    ds_emb_note(act->engine, &act->note);
}

static void drop(ds_note *note)
{
    ds_activation *act = (ds_activation *)note;

    if (act->pass)
        act->pass->work.note.drop(&act->pass->work.note);
    ds_activation_free(act);
}

ds_activation *ds_activation_new(ds_engine *e, size_t steps)
{
    ds_arena *a = ds_arena_new();
    ds_activation *act = ds_new_in(a, ds_activation);

    act->arena = a;
    act->engine = e;
    act->note.read = ds_activation_read;
    act->note.drop = drop;
    act->job.run = run_steps;
    act->job.done = steps_taken;
    act->steps = ds_arena_zalloc(a, steps * sizeof(*act->steps));
    act->steps_n = steps;
    return act;
}

void ds_activation_submit(ds_activation *act)
{
    atomic_fetch_add(&act->engine->in_flight, 1);
    ds_store_submit(act->engine->store, DS_LANE_EVENT, &act->job);
}

void ds_activation_free(ds_activation *act)
{
    if (act)
        ds_arena_free(act->arena);
}

/* ---- events ---------------------------------------------------------------------------------- */

ds_event ds_ensure_event(const ds_route *route, int64_t spread_ms)
{
    return (ds_event){
        .type = DS_EV_ENSURE,
        .interval_ms = route->every_ms,
        .full_every_ms = route->full_every_ms,
        .lists_changes = route->source->lists_changes,
        .spread_ms = spread_ms,
        .retry_after_ms = -1,
    };
}

ds_event ds_sync_event(const char *const *items, size_t items_n)
{
    return (ds_event){
        .type = DS_EV_SYNC_NOW,
        .items = items_n ? items : NULL,
        .items_n = items_n,
        .retry_after_ms = -1,
    };
}

const ds_event *ds_event_copy(const ds_event *event, ds_arena *a)
{
    ds_event *copy = ds_new_in(a, ds_event);
    const char **items = ds_arena_alloc(a, (event->items_n + 1) * sizeof(*items));

    *copy = *event;
    for (size_t i = 0; i < event->items_n; i++)
        items[i] = ds_arena_strdup(a, event->items[i]);
    copy->items = event->items ? items : NULL;
    copy->error = ds_arena_strdup(a, event->error);
    copy->error_kind = ds_arena_strdup(a, event->error_kind);
    return copy;
}

int64_t ds_spread_ms(const ds_route *route, size_t units)
{
    if (units <= DS_EMB_SPREAD_FREE)
        return 0;
    return DS_MIN(route->every_ms, (int64_t)units * DS_EMB_SPREAD_EACH_MS);
}
