/* src/engine/embedded/unit_step.c
 *
 * Units as a kind of machine: read the unit, apply what came, let flow/unit.c decide, save, and
 * record the activity that this starts or ends.  Once that is durable, the pass begins.
 */
#include "engine/embedded/internal.h"

#include "base/log.h"
#include <assert.h>
#include <stdlib.h>

static ds_unit_step *of_step(ds_step *step)
{
    return (ds_unit_step *)step;
}

ds_unit_step *ds_unit_step_add(ds_activation *act, ds_unit_step made)
{
    ds_unit_step *s = ds_new_in(act->arena, ds_unit_step);

    *s = made;
    s->step.kind = &ds_unit_kind;
    ds_activation_add(act, &s->step);
    return s;
}

/* ---- on the store's writer ------------------------------------------------------------------- */

static bool read_row(ds_unit_step *s, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    if (s->step.id)
        return ds_tx_unit_by_id(tx, s->step.id, a, &s->row, err);
    if (!s->unit)
        return true; /* a whole route, of which nothing is known yet */
    if (!ds_tx_unit_get(tx, s->route, s->unit, a, &s->row, err))
        return false;
    if (s->row || !s->ensure)
        return true;
    s->added = true;
    return ds_tx_unit_add(tx, s->route, s->unit, now_ms, a, &s->row, err);
}

static bool is_void(const ds_unit_step *s)
{
    return !s->row || (s->epoch && s->epoch != s->row->epoch);
}

static bool find(ds_step *step, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    ds_unit_step *s = of_step(step);

    s->added = s->start = s->go_on = s->cancel = false; /* a step may be taken again */
    if (!read_row(s, tx, now_ms, a, err))
        return false;
    step->found = !is_void(s);
    if (!step->found)
        return true;
    s->was_running = s->row->state.running;
    s->was_paused = s->row->state.paused;
    s->asked_approval = s->row->state.approval != NULL;
    return true;
}

static bool under_way(const ds_unit *u)
{
    return u->running && u->retry_ms == 0;
}

static const ds_emb_route *route_of(ds_engine *e, const ds_unit_step *s)
{
    return e ? ds_emb_route_named(e, s->row->route) : NULL;
}

/* What the route's schedule says now. A begin that has just been asked for does not come again
 * where the clock is put right by a little. */
static ds_event times_of(ds_engine *e, const ds_unit_step *s, int64_t now_ms)
{
    const ds_emb_route *route = route_of(e, s);
    int64_t planned_ms = s->row->state.planned_ms, after_ms = now_ms;

    if (!route)
        return (ds_event){.tells_times = false};
    if (planned_ms > now_ms && planned_ms - now_ms < DS_EMB_SET_BACK_MS)
        after_ms = planned_ms;
    return (ds_event){
        .tells_times = true,
        .next_ms = ds_schedule_next(route->route->schedule, after_ms),
        .quiet_until_ms = ds_schedule_quiet_until(route->route->schedule, now_ms),
    };
}

static void tell(ds_unit *u, ds_event event, const ds_event *times, int64_t now_ms, ds_arena *a)
{
    event.tells_times = times->tells_times;
    event.next_ms = times->next_ms;
    event.quiet_until_ms = times->quiet_until_ms;
    ds_unit_apply(u, &event, now_ms, a);
}

/* ENSURE comes first: what was left in the inbox for a unit not yet known is meant for one that has
 * its interval. */
static bool apply(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    static const ds_event death = {
        .type = DS_EV_PASS_ENDED, .outcome = DS_PASS_CANCELLED, .retry_after_ms = -1};
    ds_unit_step *s = of_step(step);
    ds_unit *u = &s->row->state;
    const ds_event times = times_of(e, s, now_ms);
    const ds_event *left = NULL;
    size_t left_n = 0;

    if (s->ensure && !ds_tx_inbox_take(tx, s->row->route, s->row->unit, a, &left, &left_n, err))
        return false;
    if (s->died && under_way(u))
        tell(u, death, &times, now_ms, a);
    for (size_t i = 0; i < s->events_n; i++)
        tell(u, s->events[i], &times, now_ms, a);
    for (size_t i = 0; i < left_n; i++)
        tell(u, left[i], &times, now_ms, a);
    return true;
}

static void take_actions(ds_unit_step *s, const ds_actions *actions)
{
    for (size_t i = 0; i < actions->n; i++) {
        switch (actions->items[i].type) {
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
            s->step.wake_ms = actions->items[i].at_ms;
            break;
        }
    }
}

/* On hold the next start decides; until then the interval's time is shown. */
static void decide(ds_step *step, ds_engine *e, int64_t now_ms)
{
    ds_unit_step *s = of_step(step);
    ds_actions actions;

    if (!route_of(e, s) || step->hold) {
        step->wake_ms = e ? 0 : s->row->state.due_ms;
        return;
    }
    ds_unit_decide(&s->row->state, now_ms, &actions);
    take_actions(s, &actions);
}

static bool record_activity(ds_unit_step *s, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_err *err)
{
    const ds_emb_route *route = route_of(e, s);

    if (route && (s->start || s->go_on)) /* who decided to start has the route */
        return ds_tx_activity_start(tx, s->row, route->route->fingerprint, s->start, now_ms, err);
    if (s->was_running && !s->row->state.running)
        return ds_tx_activity_end(tx, s->row, err);
    return true;
}

static bool save(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_err *err)
{
    ds_unit_step *s = of_step(step);

    if (!record_activity(s, e, tx, now_ms, err))
        return false;
    if (s->run && !ds_tx_run_add(tx, s->run, err))
        return false;
    if (!ds_notices_record(s, e, tx, now_ms, err))
        return false;
    return ds_tx_unit_save(tx, s->row, step->wake_ms, err);
}

/* ---- on the engine thread -------------------------------------------------------------------- */

static void log_unit(const char *event, const ds_emb_unit *unit)
{
    ds_log(DS_LOG_INFO, event, "route", unit->route->route->name, "unit", unit->name, NULL);
}

static void carry_out(ds_engine *e, ds_activation *act, const ds_step *step)
{
    const ds_unit_step *s = (const ds_unit_step *)step;
    ds_emb_route *route = ds_emb_route_named(e, s->row->route);
    ds_emb_unit *unit;

    ds_notices_recorded(e, s);
    if (!route)
        return;
    unit = ds_emb_unit_add(e, route, s->row->id, s->row->unit);
    if (s->added)
        log_unit("unit_new", unit);
    if (s->row->state.gone && !unit->gone)
        log_unit("unit_gone", unit);
    ds_emb_unit_is_gone(e, unit, s->row->state.gone);
    if (s->cancel && unit->pass)
        ds_emb_pass_stop(unit->pass);
    if ((s->start || s->go_on) && !atomic_load(&e->stopping)) {
        assert(!unit->pass); /* never two passes of one unit */
        unit->starts += s->start;
        ds_emb_pass_begin(e, unit, s->row);
    }
    if (!unit->pass)
        ds_follow_unserved(e, unit, s);
    if (s->asked)
        ds_follow_step(e, act->follow, unit, s);
}

static void add_timer(ds_activation *act, int64_t id)
{
    static const ds_event timer = {.type = DS_EV_TIMER};

    ds_unit_step_add(act, (ds_unit_step){.step.id = id, .events = &timer, .events_n = 1});
}

const ds_machine_kind ds_unit_kind = {
    .name = "unit",
    .find = find,
    .apply = apply,
    .decide = decide,
    .save = save,
    .carry_out = carry_out,
    .add_timer = add_timer,
    .take_up = ds_emb_take_up,
};

/* ---- signals to those that are not there yet ------------------------------------------------- */

/* What was sent to the whole route before it had units goes to each of them. */
bool ds_unit_steps_inbox(ds_activation *act, ds_tx *tx, ds_err *err)
{
    const ds_event *left;
    size_t n;

    if (!ds_tx_inbox_take_route(tx, act->inbox_of, act->arena, &left, &n, err))
        return false;
    for (size_t i = 0; n > 0 && i < act->steps_n; i++) {
        ds_unit_step *s = of_step(act->steps[i]);
        ds_event *all;

        if (!s->ensure)
            continue; /* it is gone */
        if (s->own) { /* taken before, and undone with its transaction */
            s->events = s->own;
            s->events_n = s->own_n;
        }
        s->own = s->events;
        s->own_n = s->events_n;
        all = ds_arena_alloc(act->arena, (s->events_n + n) * sizeof(*all));

        for (size_t k = 0; k < s->events_n + n; k++)
            all[k] = k < s->events_n ? s->events[k] : left[k - s->events_n];
        s->events = all;
        s->events_n += n;
    }
    return true;
}

bool ds_unit_step_keep(const ds_activation *act, const ds_step *step, ds_tx *tx, int64_t now_ms,
                       ds_err *err)
{
    const ds_unit_step *s = (const ds_unit_step *)step;

    for (size_t i = 0; i < s->events_n; i++) {
        if (!ds_tx_inbox_put(tx, act->unknown_to, s->unit, &s->events[i], now_ms, err))
            return false;
    }
    return true;
}

/* ---- events ---------------------------------------------------------------------------------- */

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
    copy->cron = ds_arena_strdup(a, event->cron);
    copy->zone = ds_arena_strdup(a, event->zone);
    return copy;
}
