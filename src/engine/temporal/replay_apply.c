/* src/engine/temporal/replay_apply.c
 *
 * What an event of the history means to the unit.  A signal comes from anybody: one that cannot be
 * meant is counted and dropped, since a task that fails over it would hold up the unit for ever.
 */
#include "engine/temporal/replay_state.h"

#include "store/names.h"
#include "store/state_json.h"

#define FULL_EVERY_BY_HAND_MS DS_DAY_MS /* of a unit whose configuration nobody has told yet */

static void tell(ds_replay *r, const ds_event *event)
{
    ds_unit_apply(&r->carry.unit, event, r->now_ms, r->a);
}

static const ds_json *argument(const ds_hevent *ev)
{
    return ev->args_n ? ev->args[0] : NULL;
}

/* ---- the beginning --------------------------------------------------------------------------- */

static bool under_way(const ds_unit *u)
{
    return u->running && u->retry_ms == 0;
}

/* No pass outlives its run: one that the state takes for running was left elsewhere. */
static bool begin(ds_replay *r, const ds_hevent *ev, ds_err *err)
{
    const ds_event left = {
        .type = DS_EV_PASS_ENDED, .outcome = DS_PASS_CANCELLED, .retry_after_ms = -1};
    ds_unit *u = &r->carry.unit;

    if (!ds_carry_read(argument(ev), r->a, &r->carry, err))
        return ds_replay_cannot(r, err, "event %lld", (long long)ev->id);
    r->began = true;
    r->turn.was_paused = u->paused;
    r->turn.asked_approval = u->approval != NULL;
    if (ev->memo) {
        r->shown_word = ds_replay_word(u);
        r->shown_config = r->carry.config;
    }
    if (under_way(u))
        tell(r, &left);
    if (r->carry.made_by_hand) {
        const ds_event ensure = {.type = DS_EV_ENSURE,
                                 .interval_ms = u->interval_ms,
                                 .full_every_ms = FULL_EVERY_BY_HAND_MS,
                                 .retry_after_ms = -1};

        tell(r, &ensure);
    }
    return true;
}

/* ---- signals --------------------------------------------------------------------------------- */

/* A list of keys, or everything: nothing, null and an empty list. */
static bool read_sync_now(const ds_hevent *ev, ds_arena *a, ds_event *out)
{
    const ds_json *list = argument(ev);
    const char **items;

    if (ds_json_kind_of(list) == DS_JSON_NULL)
        return true;
    if (ds_json_kind_of(list) != DS_JSON_LIST)
        return false;
    if (ds_json_size(list) == 1 && ds_json_kind_of(ds_json_at(list, 0)) == DS_JSON_LIST)
        list = ds_json_at(list, 0); /* the list of arguments, given as the one argument */
    items = ds_arena_alloc(a, (ds_json_size(list) + 1) * sizeof(*items));
    DS_JSON_EACH (list, item) {
        const char *key = ds_json_str(item, NULL);

        if (!key)
            return false;
        items[out->items_n++] = key;
    }
    out->items = items;
    return true;
}

static bool read_interval(const ds_hevent *ev, ds_event *out)
{
    int64_t minutes;

    if (!ds_json_int(argument(ev), &minutes))
        return false;
    minutes = DS_MIN(DS_MAX(minutes, 1), DS_UNIT_INTERVAL_MAX_MS / DS_MINUTE_MS);
    out->interval_ms = minutes * DS_MINUTE_MS;
    return true;
}

/* The configuration's word, as it was written by a worker or a client of ours. */
static bool read_ensure(ds_replay *r, const ds_hevent *ev, ds_event *out)
{
    const char *config = ds_json_text(argument(ev), "config");
    const ds_json *event = ds_json_get(argument(ev), "event");
    ds_err ignored = DS_ERR_INIT;

    if (!config || !ds_event_read(event, r->a, out, &ignored) || out->type != DS_EV_ENSURE ||
        (out->interval_ms <= 0 && !out->cron))
        return false;
    r->carry.config = ds_arena_strdup(r->a, config);
    return true;
}

static bool read_signal(ds_replay *r, const ds_hevent *ev, ds_event *out)
{
    *out = (ds_event){.retry_after_ms = -1};
    if (!ev->name || !ds_event_of_word(ev->name, &out->type))
        return false;
    switch (out->type) {
    case DS_EV_SYNC_NOW:
        return !ev->unread && read_sync_now(ev, r->a, out);
    case DS_EV_SET_INTERVAL:
        return !ev->unread && read_interval(ev, out);
    case DS_EV_ENSURE:
        return !ev->unread && read_ensure(r, ev, out);
    case DS_EV_GONE:
        r->carry.config = ""; /* whoever finds it again tells it anew */
        return true;
    case DS_EV_PAUSE:
    case DS_EV_RESUME:
    case DS_EV_APPROVE:
        return true; /* whatever came with it */
    case DS_EV_TIMER:
    case DS_EV_PASS_ENDED:
        return false; /* no signals */
    }
    return false;
}

static void take_signal(ds_replay *r, const ds_hevent *ev)
{
    ds_event event;

    if (!read_signal(r, ev, &event)) {
        r->tally.strays++;
        return;
    }
    tell(r, &event);
    ds_carry_limit(&r->carry.unit);
}

/* ---- the end of a pass ----------------------------------------------------------------------- */

/* Whatever is not for a person to mend may be gone at the next try. */
static ds_event failed_event(const ds_hevent *ev)
{
    bool lasts = ev->error_kind == DS_ERR_AUTH || ev->error_kind == DS_ERR_CONFIG ||
                 ev->error_kind == DS_ERR_PERMANENT;
    ds_err_kind kind = lasts ? ev->error_kind : DS_ERR_TRANSIENT;

    return (ds_event){
        .type = DS_EV_PASS_ENDED,
        .outcome = kind == DS_ERR_AUTH ? DS_PASS_PAUSED : DS_PASS_FAILED,
        .error = ev->error && *ev->error ? ev->error : "the pass was given up by the server",
        .error_kind = ds_err_kind_name(kind),
        .retry_after_ms = -1,
    };
}

/* A result of another version that is not understood is a pass that failed, and is tried again. */
static ds_event result_event(ds_replay *r, const ds_hevent *ev)
{
    ds_event event;
    ds_err ignored = DS_ERR_INIT;

    if (ds_event_read(argument(ev), r->a, &event, &ignored) && event.type == DS_EV_PASS_ENDED)
        return event;
    if (ev->type == DS_HE_ACTIVITY_CANCELED)
        return (ds_event){
            .type = DS_EV_PASS_ENDED, .outcome = DS_PASS_CANCELLED, .retry_after_ms = -1};
    return (ds_event){.type = DS_EV_PASS_ENDED,
                      .outcome = DS_PASS_FAILED,
                      .error = "the result of the pass is not understood",
                      .error_kind = ds_err_kind_name(DS_ERR_TRANSIENT),
                      .retry_after_ms = -1};
}

/* A pass that was asked to stop is not tried again by the server: one whose worker stopped or died
 * before it heard of it has stopped, too, and goes on from its checkpoint. */
static bool has_stopped(const ds_replay *r, const ds_hevent *ev)
{
    if (!r->activity.cancelled)
        return false;
    return ev->type == DS_HE_ACTIVITY_TIMED_OUT ||
           (ev->type == DS_HE_ACTIVITY_FAILED && ev->error_kind == DS_ERR_CANCELLED);
}

static ds_event end_event(ds_replay *r, const ds_hevent *ev)
{
    if (has_stopped(r, ev))
        return (ds_event){
            .type = DS_EV_PASS_ENDED, .outcome = DS_PASS_CANCELLED, .retry_after_ms = -1};
    if (ev->type == DS_HE_ACTIVITY_FAILED || ev->type == DS_HE_ACTIVITY_TIMED_OUT)
        return failed_event(ev);
    return result_event(r, ev);
}

static bool end_pass(ds_replay *r, const ds_hevent *ev, ds_err *err)
{
    const ds_event event = end_event(r, ev);

    if (!r->activity.open || r->activity.event_id != ev->ref)
        return ds_replay_other(r, err, "event %lld ends an activity that is not open",
                               (long long)ev->id);
    r->activity.open = false;
    r->turn.ended = true;
    r->turn.ended_well = ds_pass_ended_well(event.outcome);
    tell(r, &event);
    ds_carry_limit(&r->carry.unit); /* what it was to serve may be asked for again */
    return true;
}

/* ---- a timer --------------------------------------------------------------------------------- */

static bool fire(ds_replay *r, const ds_hevent *ev, ds_err *err)
{
    const ds_event event = {.type = DS_EV_TIMER, .retry_after_ms = -1};

    if (!r->timer.open)
        return ds_replay_other(r, err, "event %lld: a timer fires that is not open",
                               (long long)ev->id);
    r->timer.open = false;
    tell(r, &event);
    return true;
}

bool ds_replay_apply(ds_replay *r, const ds_hevent *ev, ds_err *err)
{
    switch (ev->type) {
    case DS_HE_STARTED:
        return begin(r, ev, err);
    case DS_HE_SIGNALED:
        take_signal(r, ev);
        return true;
    case DS_HE_TIMER_FIRED:
        return fire(r, ev, err);
    case DS_HE_CANCEL_REQUESTED:
        r->stopping = true;
        return true;
    default:
        return end_pass(r, ev, err);
    }
}
