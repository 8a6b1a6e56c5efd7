/* src/flow/unit.c
 *
 * The whole life of one sync unit as two pure functions: no I/O, no clock.  The embedded engine
 * feeds them stored events and the Temporal engine history events; both arrive at the same state.
 *
 * A pass is in one of three states.  None: `running` is false.  Under way: `running`, retry_ms 0.
 * Interrupted: `running` with the retry_ms at which it may go on from its checkpoint.
 */
#include "flow/unit.h"

#include "base/plant.h"
#include "flow/due.h"
#include "flow/want.h"

#include <string.h>

#define WAIT_LEAST_MS DS_SECOND_MS /* of a rate limit */
#define WAIT_MOST_MS DS_DAY_MS
#define WAIT_DEFAULT_MS DS_MINUTE_MS
#define BACK_OFF_DOUBLINGS 7 /* 5 s doubled as often is past 5 min */

static bool under_way(const ds_unit *u)
{
    return u->running && u->retry_ms == 0;
}

static bool interrupted(const ds_unit *u)
{
    return u->running && u->retry_ms != 0;
}

bool ds_pass_ended_well(ds_pass_outcome outcome)
{
    return outcome == DS_PASS_DONE || outcome == DS_PASS_PARTIAL;
}

static int64_t clamp(int64_t ms, int64_t least, int64_t most)
{
    return DS_MIN(DS_MAX(ms, least), most);
}

/* ---- in the configuration, or gone ----------------------------------------------------------- */

/* A pass that was interrupted does not go on: another takes its place. */
static void drop_interrupted(ds_unit *u)
{
    u->running = false;
    u->run = (ds_want){0};
    u->retry_ms = 0;
}

/* A unit that is back while the pass over what it left waits: nothing of it is gone any more. */
static void forget_sweep(ds_unit *u)
{
    u->sweep = false;
    if (!interrupted(u) || !u->run_sweep)
        return;
    drop_interrupted(u);
    ds_want_full(&u->want);
}

static void ensure(ds_unit *u, const ds_event *ev, int64_t now_ms, ds_arena *a)
{
    bool back = u->gone;

    u->gone = false;
    if (back) {
        forget_sweep(u);
        u->changes_from_ms = 0; /* its rows may have left, or gone to another unit: all is read */
    }
    u->lists_changes = ev->lists_changes;
    ds_due_ensure(u, ev, back, now_ms, a);
}

static void gone(ds_unit *u)
{
    u->gone = true;
    u->due_ms = 0;
    if (!u->running)
        u->run_sweep = false;
}

/* ---- requests -------------------------------------------------------------------------------- */

static void back_off_is_over(ds_unit *u)
{
    if (!u->running)
        u->retry_ms = 0;
}

/* Someone asks: that ends a back-off, but neither a rate limit nor a pause. */
static void sync_now(ds_unit *u, const ds_event *ev, ds_arena *a)
{
    if (ev->items && ev->items_n)
        ds_want_items(&u->want, ev->items, ev->items_n, a);
    else
        ds_want_full(&u->want);
    back_off_is_over(u);
}

static void resume(ds_unit *u)
{
    u->paused = false;
    u->approval = NULL; /* limits are counted again; only APPROVE goes beyond them */
    u->attempts = 0;
    ds_want_full(&u->want); /* catch up on what the pause missed */
    back_off_is_over(u);
}

/* Lets just the pass go on that asked: one that waits for nothing gets no blank cheque. For a unit
 * that is gone it is the word that its rows may be taken for gone as well: a pass of its own, in
 * place of any that was interrupted. */
static void approve(ds_unit *u)
{
    bool sweeps_already = u->gone && u->running && u->run_sweep;

    if ((!u->approval && !u->gone) || sweeps_already)
        return;
    if (u->gone && interrupted(u))
        drop_interrupted(u);
    u->approval = NULL;
    u->sweep = u->gone;
    u->approved = !u->gone;
    ds_want_full(&u->want);
    back_off_is_over(u);
}

/* ---- the end of a pass ----------------------------------------------------------------------- */

static void remember_error(ds_unit *u, const ds_event *ev, ds_arena *a)
{
    u->last_error = ds_arena_strdup(a, ev->error ? ev->error : "no reason given");
    u->error_kind = ds_arena_strdup(a, ev->error_kind);
    u->error_status = ev->error_status;
}

static void ended_well(ds_unit *u, const ds_event *ev, int64_t now_ms, ds_arena *a)
{
    u->runs_completed++;
    u->last_run_ms = now_ms;
    u->last_stats = ev->totals;
    u->has_stats = true;
    u->last_error = u->error_kind = NULL;
    u->last_note = ds_arena_strdup(a, ev->error);
    u->error_status = 0;
    u->attempts = 0;
    if (u->run_kind != DS_PASS_TARGETED)
        u->changes_from_ms = u->run_started_ms;
    if (u->run_kind == DS_PASS_FULL)
        u->full_due_ms = u->run_started_ms + u->full_every_ms;
}

/* What it was to serve is asked for again. */
static void not_served(ds_unit *u, ds_arena *a)
{
    if (DS_PLANT("request lost"))
        return;
    ds_want_back(&u->want, &u->run, a);
    u->approved |= u->run_approved && !u->run_sweep;
    u->sweep = u->sweep || (u->run_sweep && u->gone);
}

static bool may_pass_by_itself(const char *error_kind)
{
    return !error_kind || (strcmp(error_kind, ds_err_kind_name(DS_ERR_CONFIG)) != 0 &&
                           strcmp(error_kind, ds_err_kind_name(DS_ERR_PERMANENT)) != 0);
}

/* 5 s doubling to 5 min, up to a fifth of it less, so that units that failed together come back
 * one by one. */
static int64_t back_off(const ds_unit *u)
{
    int64_t doublings = DS_MIN(u->attempts - 1, BACK_OFF_DOUBLINGS);
    int64_t ms = DS_MIN(DS_UNIT_RETRY_FIRST_MS << doublings, DS_UNIT_RETRY_MOST_MS);
    uint64_t dice = ds_flow_hash(u->key) ^ ((uint64_t)u->attempts * UINT64_C(0x9e3779b97f4a7c15));

    return ms - (int64_t)((dice ^ dice >> 29) % (uint64_t)(ms / 5));
}

static void failed(ds_unit *u, const ds_event *ev, int64_t now_ms, ds_arena *a)
{
    remember_error(u, ev, a);
    not_served(u, a);
    u->attempts = DS_MIN(u->attempts + 1, DS_UNIT_ATTEMPTS_MAX);
    u->retry_ms = now_ms + back_off(u);
    if (!may_pass_by_itself(ev->error_kind) && u->due_ms)
        u->retry_ms = u->due_ms;
    ds_due_limits_retry(u);
}

static int64_t wait_asked_for(const ds_event *ev)
{
    int64_t ms = ev->retry_after_ms < 0 ? WAIT_DEFAULT_MS : ev->retry_after_ms;

    if (DS_PLANT("no wait"))
        return WAIT_LEAST_MS;
    return clamp(ms, WAIT_LEAST_MS, WAIT_MOST_MS);
}

static void interrupt_until(ds_unit *u, int64_t at_ms)
{
    u->running = true;
    u->retry_ms = DS_MAX(at_ms, 1); /* 0 would say that it is under way */
}

static void pass_ended(ds_unit *u, const ds_event *ev, int64_t now_ms, ds_arena *a)
{
    if (!under_way(u))
        return; /* a stray one */
    u->running = false;
    u->cancelling = false;

    switch (ev->outcome) {
    case DS_PASS_DONE:
    case DS_PASS_PARTIAL:
        ended_well(u, ev, now_ms, a);
        break;
    case DS_PASS_FAILED:
        failed(u, ev, now_ms, a);
        break;
    case DS_PASS_PAUSED:
        remember_error(u, ev, a);
        not_served(u, a);
        u->paused = true;
        break;
    case DS_PASS_APPROVAL:
        remember_error(u, ev, a);
        not_served(u, a);
        u->approved = false;
        u->approval = u->last_error;
        break;
    case DS_PASS_WAITING:
        remember_error(u, ev, a);
        interrupt_until(u, now_ms + wait_asked_for(ev));
        break;
    case DS_PASS_CANCELLED:
        if (ev->put_off)
            not_served(u, a);
        else
            interrupt_until(u, now_ms);
        break;
    case DS_PASS_SLICED:
        interrupt_until(u, now_ms);
        break;
    }
    if (!u->gone)
        forget_sweep(u);
    else if (u->sweep && interrupted(u)) /* the word came while it was under way */
        drop_interrupted(u);
    if (!u->running)
        u->run = (ds_want){0};
    if (ev->wants_full)
        ds_want_full(&u->want);
    if (ev->items_n)
        ds_want_items(&u->want, ev->items, ev->items_n, a);
}

/* ---- apply ----------------------------------------------------------------------------------- */

void ds_unit_init(ds_unit *u, const char *key, int64_t now_ms)
{
    *u = (ds_unit){.key = key, .interval_ms = DS_UNIT_INTERVAL_MIN_MS};
    (void)now_ms; /* ENSURE, which comes next, sets the first due time */
}

void ds_unit_apply(ds_unit *u, const ds_event *ev, int64_t now_ms, ds_arena *a)
{
    /* A begin that came while the pass ran is over with it. One that its end tells, and that has
     * come until that arrived, is not. */
    if (ev->type == DS_EV_PASS_ENDED && under_way(u))
        ds_due_tick(u, now_ms);
    ds_due_learn(u, ev, now_ms);
    switch (ev->type) { /* no default: the compiler names the event that is not handled */
    case DS_EV_ENSURE:
        ensure(u, ev, now_ms, a);
        break;
    case DS_EV_GONE:
        gone(u);
        break;
    case DS_EV_SYNC_NOW:
        sync_now(u, ev, a);
        break;
    case DS_EV_TIMER:
        break; /* that it is later now is all it says: decide looks */
    case DS_EV_PAUSE:
        u->paused = true;
        break;
    case DS_EV_RESUME:
        resume(u);
        break;
    case DS_EV_SET_INTERVAL:
        if (!u->cron) /* its times are the file's */
            ds_due_every(u, DS_MAX(ev->interval_ms, DS_UNIT_INTERVAL_MIN_MS), now_ms);
        break;
    case DS_EV_APPROVE:
        approve(u);
        break;
    case DS_EV_PASS_ENDED:
        pass_ended(u, ev, now_ms, a);
        break;
    }
}

/* ---- decide ---------------------------------------------------------------------------------- */

static void add(ds_actions *out, ds_action_type type, int64_t at_ms)
{
    out->items[out->n++] = (ds_action){type, at_ms};
}

/* Of the regular passes the one nearest to its time is the full one, so that a pass a day is full
 * every day, even where that day has 23 hours. */
static bool full_is_due(const ds_unit *u, int64_t now_ms)
{
    int64_t early_ms = u->full_due_ms - now_ms;

    return early_ms <= 0 || u->due_ms - u->full_due_ms > early_ms;
}

/* With a clock that was set back, "since then" would be in the future and tell of nothing. */
static bool changes_will_do(const ds_unit *u, int64_t now_ms)
{
    return u->lists_changes && u->changes_from_ms && now_ms >= u->changes_from_ms &&
           !full_is_due(u, now_ms);
}

/* Moves the request that the next pass serves out of `want`. A full pass serves all of it; in quiet
 * hours only what somebody asked for is served. */
static void take_request(ds_unit *u, int64_t now_ms)
{
    ds_want *want = &u->want;
    bool regular = want->changes && !ds_due_is_quiet(u, now_ms);

    u->run = *want;
    if (want->full || u->approved || (regular && !changes_will_do(u, now_ms))) {
        u->run_kind = DS_PASS_FULL;
        *want = (ds_want){0};
    } else if (regular) { /* named items may be none of what changed: they come next */
        u->run_kind = DS_PASS_CHANGES;
        u->run.items = NULL;
        u->run.items_n = 0;
        want->changes = false;
        want->any = want->items_n > 0;
    } else {
        u->run_kind = DS_PASS_TARGETED;
        u->run.changes = false;
        *want = (ds_want){.any = want->changes, .changes = want->changes};
    }
}

static void start_pass(ds_unit *u, int64_t now_ms)
{
    take_request(u, now_ms);
    u->running = true;
    u->run_approved = u->approved || u->sweep;
    u->run_sweep = u->sweep;
    u->approved = u->sweep = false;
    u->run_started_ms = now_ms;
    u->run_since_ms = -1;
    if (u->run_kind == DS_PASS_CHANGES)
        u->run_since_ms = DS_MAX(u->changes_from_ms - DS_UNIT_OVERLAP_MS, 0);
    u->retry_ms = 0;
}

/* Nothing but the timer asks. */
static bool only_regular(const ds_unit *u)
{
    return !u->running && !u->want.full && u->want.items_n == 0;
}

/* A pass that was stopped waits for nothing; one that was told to wait has that for its error. */
static bool was_just_stopped(const ds_unit *u)
{
    return u->running &&
           (!u->error_kind || strcmp(u->error_kind, ds_err_kind_name(DS_ERR_RATE_LIMITED)) != 0);
}

/* A clock that was set back must not hold a unit for longer than its wait can be. A pass that was
 * interrupted goes on in quiet hours too. */
static bool may_start(ds_unit *u, int64_t now_ms)
{
    if (was_just_stopped(u))
        return true;

    int64_t most_ms = u->running ? WAIT_MOST_MS : DS_UNIT_RETRY_MOST_MS;
    bool for_due = !u->running && !may_pass_by_itself(u->error_kind);

    if (only_regular(u) && ds_due_is_quiet(u, now_ms)) {
        u->retry_ms = u->quiet_until_ms;
        return false;
    }
    if (u->retry_ms - now_ms > most_ms && !for_due)
        u->retry_ms = now_ms + most_ms;
    return now_ms >= u->retry_ms;
}

static bool sweeps(const ds_unit *u)
{
    return u->running ? u->run_sweep : u->sweep;
}

static bool is_paused(const ds_unit *u)
{
    return u->paused && !DS_PLANT("pause ignored");
}

/* A unit that waits for a person starts nothing; one that its source no longer has just the pass
 * over what it left. */
static bool waits_for_someone(const ds_unit *u)
{
    return is_paused(u) || u->approval || (u->gone && !sweeps(u));
}

void ds_unit_decide(ds_unit *u, int64_t now_ms, ds_actions *out)
{
    int64_t wake_ms = 0;

    out->n = 0;
    ds_due_tick(u, now_ms);
    if (under_way(u)) {                       /* PASS_ENDED brings us back here */
        if (is_paused(u) && !u->cancelling) { /* a pause is felt inside a running pass */
            u->cancelling = true;
            add(out, DS_ACT_CANCEL_PASS, 0);
        }
    } else if (waits_for_someone(u)) {
        wake_ms = 0; /* RESUME, APPROVE or ENSURE does */
    } else if (u->running || u->want.any) {
        if (!may_start(u, now_ms)) {
            wake_ms = u->retry_ms;
        } else if (u->running) {
            u->retry_ms = 0;
            add(out, DS_ACT_GO_ON_PASS, 0);
        } else {
            start_pass(u, now_ms);
            add(out, DS_ACT_START_PASS, 0);
        }
    } else {
        wake_ms = u->due_ms;
    }
    add(out, DS_ACT_TIMER, wake_ms);
}

/* ---- names ----------------------------------------------------------------------------------- */

const char *ds_unit_state_name(const ds_unit *u, int64_t now_ms)
{
    if (u->paused)
        return "paused";
    if (under_way(u))
        return "running";
    if (u->approval)
        return "waiting";
    if (u->gone && !sweeps(u))
        return "idle";
    if (interrupted(u))
        return "waiting";
    return u->want.any && u->retry_ms > now_ms ? "waiting" : "idle";
}

const char *ds_pass_kind_name(ds_pass_kind kind)
{
    switch (kind) {
    case DS_PASS_FULL:
        return "full";
    case DS_PASS_CHANGES:
        return "changes";
    case DS_PASS_TARGETED:
        return "targeted";
    }
    return "unknown";
}

const char *ds_pass_outcome_name(ds_pass_outcome outcome)
{
    switch (outcome) {
    case DS_PASS_DONE:
        return "done";
    case DS_PASS_PARTIAL:
        return "partial";
    case DS_PASS_FAILED:
        return "failed";
    case DS_PASS_PAUSED:
    case DS_PASS_APPROVAL: /* both wait for a person */
        return "paused";
    case DS_PASS_WAITING:
        return "waiting";
    case DS_PASS_CANCELLED:
        return "cancelled";
    case DS_PASS_SLICED:
        return "sliced";
    }
    return "unknown";
}
