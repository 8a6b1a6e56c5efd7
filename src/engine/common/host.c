/* src/engine/common/host.c
 *
 * Passes for an engine that keeps its units elsewhere.  The store has links, checkpoint and history
 * as ever; each attempt raises the epoch, so one that was given up can no longer commit anything.
 */
#include "engine/common/host.h"

#include "engine/common/news.h"
#include "engine/common/pass_end.h"
#include "engine/common/units.h"
#include "schedule/schedule.h"
#include <string.h>

#define SLICE_MS (10 * DS_MINUTE_MS)

static const ds_store_host_of *of(const ds_engine_host *host)
{
    return (const ds_store_host_of *)(const void *)host;
}

static const ds_route *route_named(const ds_engine_host *host, const char *name)
{
    for (size_t i = 0; i < host->routes_n; i++) {
        if (strcmp(host->routes[i]->name, name) == 0)
            return host->routes[i];
    }
    return NULL;
}

/* ---- its beginning, in the store ------------------------------------------------------------- */

/* Nothing of it counts before the pass has committed something: without that the next attempt is as
 * fresh as this one. So the source is asked before the disk has taken it. */
typedef struct begin_job {
    ds_job job; /* first */
    ds_arena *arena;
    const ds_route *route;
    const ds_host_task *task;
    int64_t now_ms;
    ds_unit_row *row; /* out */
} begin_job;

static bool find_unit(ds_tx *tx, const char *route, const char *unit, int64_t now_ms, ds_arena *a,
                      ds_unit_row **row, ds_err *err)
{
    if (!ds_tx_unit_get(tx, route, unit, a, row, err))
        return false;
    return *row || ds_tx_unit_add(tx, route, unit, now_ms, a, row, err);
}

/* The store has no other word of it: as long as the rows of a unit that is gone are being removed
 * no other unit may take them over. */
static bool note_sweep(ds_tx *tx, ds_unit_row *row, bool sweeps, ds_err *err)
{
    if (row->state.sweep == sweeps)
        return true;
    row->state.sweep = sweeps;
    return ds_tx_unit_save(tx, row, 0, err);
}

static bool begin(ds_job *job, ds_tx *tx, ds_err *err)
{
    begin_job *b = (begin_job *)job;

    return find_unit(tx, b->route->name, b->task->unit, b->now_ms, b->arena, &b->row, err) &&
           note_sweep(tx, b->row, b->task->sweep, err) &&
           ds_tx_activity_start(tx, b->row, b->route->fingerprint, b->task->fresh, b->now_ms, err);
}

/* ---- its end, in the store ------------------------------------------------------------------- */

typedef struct end_job {
    ds_job job; /* first */
    ds_arena *arena;
    int64_t unit_id, epoch;
    const ds_run_row *run;
    bool lost; /* out */
} end_job;

static bool goes_on(ds_pass_outcome outcome)
{
    return outcome == DS_PASS_WAITING || outcome == DS_PASS_CANCELLED || outcome == DS_PASS_SLICED;
}

static bool end(ds_job *job, ds_tx *tx, ds_err *err)
{
    end_job *e = (end_job *)job;
    ds_unit_row *row = NULL;

    if (!ds_tx_unit_by_id(tx, e->unit_id, e->arena, &row, err))
        return false;
    e->lost = !row || row->epoch != e->epoch;
    if (e->lost)
        return true;
    if (!goes_on(e->run->outcome) &&
        (!note_sweep(tx, row, false, err) || !ds_tx_activity_end(tx, row, err)))
        return false;
    return e->run->outcome == DS_PASS_SLICED || ds_tx_run_add(tx, e->run, err);
}

/* ---- a pass ---------------------------------------------------------------------------------- */

static ds_pass_in pass_in(const ds_engine_host *host, const ds_route *route,
                          const ds_host_task *task, ds_host_pass *pass, ds_arena *a)
{
    const ds_store_host_of *h = of(host);
    const ds_engine_options *options = h->options;

    return (ds_pass_in){
        .route = route,
        .unit = task->unit,
        .owner = ds_arena_printf(a, "%s/%s/%s", ds_store_id(h->store), route->name, task->unit),
        .kind = task->kind,
        .items = task->items,
        .items_n = task->items_n,
        .since_ms = task->since_ms,
        .approved = task->approved,
        .sweep = task->sweep,
        .clock = host->clock,
        .stop = &pass->stop,
        .lease_us = &pass->lease_us,
        .slice_ms = options->slice_ms ? options->slice_ms : SLICE_MS,
        .page_records = options->page_records,
        .group_records = options->group_records,
        .progress = &pass->progress,
    };
}

/* The next regular times, as the route's schedule has them now. `after_ms`: a begin at that time
 * has been served, whatever this machine's clock says. */
static void tell_times(const ds_route *route, int64_t after_ms, int64_t now_ms, ds_event *event)
{
    event->tells_times = true;
    event->next_ms = ds_schedule_next(route->schedule, DS_MAX(after_ms, now_ms));
    event->quiet_until_ms = ds_schedule_quiet_until(route->schedule, now_ms);
}

static ds_host_end conclude(const ds_engine_host *host, const begin_job *b, const ds_pass_in *in,
                            const ds_pass_result *result, ds_event *ended, ds_err *err)
{
    int64_t began_ms = b->task->started_ms, now_ms = host->clock->now_ms(host->clock);
    ds_run_row run = ds_pass_row(in, result, began_ms, DS_MAX(began_ms, now_ms));
    end_job e = {.job.run = end,
                 .arena = b->arena,
                 .unit_id = b->row->id,
                 .epoch = b->row->epoch,
                 .run = &run};
    size_t due_n;
    const char *const *due =
        ds_pass_due(of(host)->store, e.unit_id, e.epoch, in, result, b->arena, &due_n);

    if (!ds_store_do(of(host)->store, DS_LANE_EVENT, &e.job, err))
        return DS_HOST_FAILED;
    if (e.lost)
        run.outcome = DS_PASS_CANCELLED;
    ds_pass_log(&run);
    if (e.lost)
        return DS_HOST_LOST;
    *ended = ds_pass_event(result, &run);
    ended->error = ds_arena_strdup(b->arena, run.error);
    ended->items = due;
    ended->items_n = due_n;
    tell_times(b->route, began_ms, now_ms, ended);
    return DS_HOST_ENDED;
}

static ds_host_end run_one(const ds_engine_host *host, const ds_host_task *task, ds_host_pass *pass,
                           ds_arena *a, ds_event *ended, ds_err *err)
{
    const ds_route *route = route_named(host, task->route);
    begin_job b = {.job = {.run = begin, .soft = true},
                   .arena = a,
                   .route = route,
                   .task = task,
                   .now_ms = host->clock->now_ms(host->clock)};
    ds_pass_result result = {.outcome = DS_PASS_FAILED, .err = DS_ERR_INIT};
    ds_pass_in in;

    if (!route)
        return DS_HOST_NO_ROUTE;
    if (task->regular && task->fresh && ds_schedule_quiet_until(route->schedule, b.now_ms)) {
        *ended = (ds_event){.type = DS_EV_PASS_ENDED,
                            .outcome = DS_PASS_CANCELLED,
                            .put_off = true,
                            .retry_after_ms = -1};
        tell_times(route, task->started_ms, b.now_ms, ended);
        return DS_HOST_ENDED;
    }
    if (!ds_store_do(of(host)->store, DS_LANE_EVENT, &b.job, err))
        return DS_HOST_FAILED;
    in = pass_in(host, route, task, pass, a);
    ds_pass_on_store(of(host)->store, b.row->id, b.row->epoch, &in, &result);
    return conclude(host, &b, &in, &result, ended, err);
}

/* What passes needed to be fast is not kept while none runs. */
static ds_host_end run_pass(const ds_engine_host *host, const ds_host_task *task,
                            ds_host_pass *pass, ds_arena *a, ds_event *ended, ds_err *err)
{
    ds_store_host_of *h = (ds_store_host_of *)(uintptr_t)of(host); /* ours, and not constant */
    ds_host_end how;

    atomic_fetch_add(&h->running, 1);
    how = run_one(host, task, pass, a, ended, err);
    if (atomic_fetch_sub(&h->running, 1) == 1)
        ds_store_rest(h->store);
    return how;
}

/* ---- units ----------------------------------------------------------------------------------- */

static bool list(const ds_engine_host *host, const ds_route *route, const atomic_bool *stop,
                 ds_arena *a, const char *const **units, size_t *n, ds_err *err)
{
    ds_units found = {.arena = a};

    if (!ds_list_units(route, host->clock, stop, NULL, &found, err))
        return ds_wrap(err, "list the units");
    *units = (const char *const *)found.keys;
    *n = found.n;
    return true;
}

static ds_event ensure(const ds_engine_host *host, const ds_route *route, size_t units)
{
    ds_event event = ds_ensure_event(route, ds_spread_ms(route, units));

    tell_times(route, 0, host->clock->now_ms(host->clock), &event);
    return event;
}

typedef struct gone_job {
    ds_job job; /* first */
    ds_arena *arena;
    const char *route, *unit;
    bool gone;
} gone_job;

static bool save_gone(ds_job *job, ds_tx *tx, ds_err *err)
{
    gone_job *g = (gone_job *)job;
    ds_unit_row *row = NULL;

    if (!ds_tx_unit_get(tx, g->route, g->unit, g->arena, &row, err))
        return false;
    if (!row || row->state.gone == g->gone)
        return true;
    row->state.gone = g->gone;
    row->state.sweep = false; /* what was asked for was asked of the other state */
    return ds_tx_unit_save(tx, row, 0, err);
}

static bool note_gone(const ds_engine_host *host, const char *route, const char *unit, bool gone,
                      ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    gone_job g = {.job.run = save_gone, .arena = a, .route = route, .unit = unit, .gone = gone};

    return ds_store_do(of(host)->store, DS_LANE_EVENT, &g.job, err);
}

/* ---- what people are told -------------------------------------------------------------------- */

typedef struct turn_job {
    ds_job job; /* first */
    ds_arena *arena;
    const ds_store_host_of *host;
    const ds_host_turn *turn;
    int64_t now_ms;
} turn_job;

static bool record_turn(ds_job *job, ds_tx *tx, ds_err *err)
{
    const turn_job *t = (turn_job *)job;
    const ds_host_turn *from = t->turn;
    int64_t machines[DS_NOTICE_CHANNELS], now_ms;
    ds_unit_row *row;

    if (!ds_tx_now(tx, t->now_ms, &now_ms, err) ||
        !find_unit(tx, from->route, from->unit, now_ms, t->arena, &row, err))
        return false;
    row->state = *from->state;

    const ds_turn turn = {.row = row,
                          .was_paused = from->was_paused,
                          .asked_approval = from->asked_approval,
                          .ended = from->ended,
                          .ended_well = from->ended_well,
                          .base = from->base};

    return ds_news_record(&turn, t->host->options->notices, ds_store_id(t->host->store), tx, now_ms,
                          machines, err);
}

static bool turned(const ds_engine_host *host, const ds_host_turn *turn, ds_err *err)
{
    const ds_store_host_of *h = of(host);
    const ds_unit_row as = {.state = *turn->state};
    const ds_turn news = {.row = &as,
                          .was_paused = turn->was_paused,
                          .asked_approval = turn->asked_approval,
                          .ended_well = turn->ended_well};
    DS_AUTO(ds_arena) a = NULL;

    if (!h->notifier || !ds_news_are_there(&news))
        return true;
    if (ds_store_is_away(h->store))
        return ds_fail(err, DS_ERR_TRANSIENT, "the store is away");
    a = ds_arena_new();

    turn_job t = {.job.run = record_turn,
                  .arena = a,
                  .host = h,
                  .turn = turn,
                  .now_ms = host->clock->now_ms(host->clock)};

    if (!ds_store_do(h->store, DS_LANE_EVENT, &t.job, err))
        return false;
    ds_notifier_hurry(h->notifier);
    return true;
}

static void stopping(const ds_engine_host *host)
{
    ds_store_hurry(of(host)->store);
}

static void init(ds_store_host_of *out, ds_store *store, const ds_engine_options *options)
{
    *out = (ds_store_host_of){
        .host = {.revision = DS_ENGINE_HOST_REVISION,
                 .routes = options->routes,
                 .routes_n = options->routes_n,
                 .clock = options->clock ? options->clock : ds_clock_system(),
                 .own_store = ds_store_place(store)->driver ? NULL : ds_store_path(store),
                 .run_pass = run_pass,
                 .list = list,
                 .ensure = ensure,
                 .note_gone = note_gone,
                 .turned = turned,
                 .stopping = stopping},
        .store = store,
        .options = options,
    };
    ds_log_settings(&out->host.log_most, &out->host.log_json, &out->host.log_fd);
}

bool ds_host_open(ds_store_host_of *out, ds_store *store, const ds_engine_options *options,
                  ds_err *err)
{
    init(out, store, options);
    if (options->notices && options->notices->n) {
        out->notifier = ds_notifier_start(store, options->notices, out->host.clock, err);
        if (!out->notifier)
            return false;
    }
    if (options->socket && out->host.own_store)
        out->control = ds_control_of_worker(store, options->socket, err);
    return out->control || !options->socket || !out->host.own_store;
}

void ds_host_close(ds_store_host_of *host)
{
    ds_control_close(host->control);
    ds_notifier_stop(host->notifier);
    host->control = NULL;
    host->notifier = NULL;
}
