/* tests/simulate/process.c
 *
 * The daemon without its threads: it takes up the unit, takes steps as the engine does (with the
 * engine's own code), runs the passes they start, and dies when the world says so.
 */
#include "tests/simulate/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

sim w;

static ds_engine engine;
static ds_emb_route emb_route;

void violation(const char *fmt, ...)
{
    va_list args;

    if (w.failed)
        return;
    w.failed = true;
    va_start(args, fmt);
    vsnprintf(w.why, sizeof(w.why), fmt, args);
    va_end(args);
}

/* ---- dying ----------------------------------------------------------------------------------- */

static _Noreturn void die(int how)
{
    trace("crash", how);
    disk_cut(how);
    service_crashed();
    longjmp(w.boot, 1);
}

void sim_op(const char *what)
{
    if (w.looking)
        return;
    w.ops++;
    trace(what, w.ops);
    if (w.failed)
        die(0);
    if (w.ops == w.k.crash_at)
        die(w.k.crash_how);
    if (!w.calm && event("crash", w.k.crash))
        die((int)dice(8));
    if (!w.calm && !w.booted && event("crash at the start", w.k.early))
        die(dice(2) ? 0 : (int)dice(8));
}

static void at_crashpoint(const char *where)
{
    sim_op(where);
}

/* ---- time ------------------------------------------------------------------------------------ */

static int64_t clock_now(ds_clock *clock)
{
    (void)clock;
    return w.now_ms;
}

static int64_t clock_mono(ds_clock *clock)
{
    (void)clock;
    return w.mono_us;
}

static void clock_wait(ds_clock *clock, int64_t us, const atomic_bool *stop)
{
    (void)clock;
    (void)stop;
    pass_time(us / 1000);
}

static ds_clock sim_clock = {clock_now, clock_mono, clock_wait};

static void set_time(int64_t to_ms)
{
    if (to_ms <= w.now_ms)
        return;
    w.mono_us += (to_ms - w.now_ms) * 1000;
    w.now_ms = to_ms;
}

static int64_t next_of_others(void)
{
    int64_t next_ms = service_next_late();

    if (w.calm)
        return next_ms;
    next_ms = DS_MIN(next_ms, w.next_people_ms);
    return w.store ? DS_MIN(next_ms, w.next_operator_ms) : next_ms; /* nobody hears a dead one */
}

static int64_t some_time(unsigned rate)
{
    return rate ? w.now_ms + 1000 + dice(1000000000 / rate) : INT64_MAX;
}

static void others_act(void)
{
    service_apply_late(w.now_ms);
    if (!w.calm && w.now_ms >= w.next_people_ms) {
        w.next_people_ms = w.k.script ? people_script() : some_time(w.k.people);
        if (!w.k.script)
            people_act();
    }
    if (!w.calm && w.now_ms >= w.next_operator_ms && w.store) {
        w.next_operator_ms = some_time(w.k.operators);
        operator_acts();
    }
}

/* The control threads hear of the passes, and keep their leases. */
static void keep_leases(int64_t ms)
{
    for (pass_run *p = w.top; p; p = p->below)
        if (p->other || p->epoch == w.epoch)
            atomic_store(&p->lease_us, w.mono_us + (ms + LEASE_MS) * 1000);
}

void pass_time(int64_t ms)
{
    int64_t until_ms = w.now_ms + ms;
    int64_t next_ms;

    keep_leases(ms);
    while ((next_ms = next_of_others()) <= until_ms) {
        set_time(next_ms);
        others_act();
        if (!w.top && w.store && (w.start || w.restart))
            return; /* there is something to do */
    }
    set_time(until_ms);
    keep_leases(0);
}

/* ---- steps ----------------------------------------------------------------------------------- */

typedef struct step_job {
    ds_job job; /* first */
    ds_unit_step step;
    ds_arena *arena;
} step_job;

static bool take(ds_job *job, ds_tx *tx, ds_err *err)
{
    step_job *j = (step_job *)job;

    return ds_step_take(&j->step.step, &engine, tx, w.now_ms, j->arena, err);
}

static void run_pass(const ds_unit_row *row);

static void carry_out(const ds_unit_step *s)
{
    pass_run *p = w.top;

    w.wake_ms = s->step.wake_ms;
    while (p && p->other)
        p = p->below;
    if (s->cancel && p)
        atomic_store(&p->stop, true);
    w.stopped |= s->cancel && !p && w.start; /* before it has begun */
    if (!s->start && !s->go_on)
        return;
    w.start = true;
    w.stopped = false;
}

static bool ended_well(const ds_event *event)
{
    return event->type == DS_EV_PASS_ENDED &&
           (event->outcome == DS_PASS_DONE || event->outcome == DS_PASS_PARTIAL);
}

/* What a 429 said is durable once the end of its pass is. */
static void told_to_wait(void)
{
    w.gate_told[0] = w.gate_told[1] = true;
}

bool step_take(const ds_event *event, bool boots, const ds_run_row *run, int64_t epoch)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    step_job j = {.job.run = take, .arena = a};
    ds_err err = DS_ERR_INIT;
    bool well = ended_well(event);

    j.step = (ds_unit_step){.step.kind = &ds_unit_kind,
                            .route = "r",
                            .unit = "all",
                            .events = event,
                            .events_n = 1,
                            .ensure = boots,
                            .died = boots,
                            .run = run,
                            .epoch = epoch};
    if (!boots) { /* should it die in this step, nobody knows */
        w.maybe_completed = well;
        w.maybe_paused = event->type == DS_EV_PAUSE || event->type == DS_EV_RESUME ||
                         (event->type == DS_EV_PASS_ENDED && event->outcome == DS_PASS_PAUSED);
    }
    if (!ds_store_do(w.store, DS_LANE_EVENT, &j.job, &err)) {
        violation("a step failed: %s", err.text);
        return false;
    }
    if (!j.step.step.found)
        return false;
    w.unit_id = j.step.row->id;
    w.epoch = j.step.row->epoch;
    check_state(&j.step.row->state, well);
    w.maybe_completed = w.maybe_paused = false;
    if (event->type == DS_EV_PASS_ENDED)
        told_to_wait();
    carry_out(&j.step);
    return true;
}

/* ---- a pass ---------------------------------------------------------------------------------- */

static struct {
    ds_ledger_ops ops;
    bool (*commit)(ds_ledger *, ds_commit *, ds_err *);
} watched;

static bool commit_watched(ds_ledger *l, ds_commit *c, ds_err *err)
{
    bool ok;

    other_between();
    ok = watched.commit(l, c, err);
    if (ok && w.top->epoch != w.epoch)
        violation("I11: pass %lld committed, though %lld has followed it", (long long)w.top->epoch,
                  (long long)w.epoch);
    if (ok && c->checkpoint)
        w.last_changes = (int)c->checkpoint->totals.updated + (int)c->checkpoint->totals.created;
    return ok;
}

static void watch(ds_ledger *l)
{
    watched.ops = *l->ops;
    watched.commit = l->ops->commit;
    watched.ops.commit = commit_watched;
    l->ops = &watched.ops;
}

static void read_held(pass_run *p, ds_ledger *l)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_err err = DS_ERR_INIT;
    const ds_held *held;
    size_t n;

    if (!l->ops->held(l, NULL, 1000, a, &held, &n, &err))
        violation("held records cannot be read: %s", err.text);
    for (size_t i = 0; i < n; i++)
        p->held[key_of(held[i].key)] = true;
}

static ds_progress progress; /* which nobody looks at */

void pass_settings(pass_run *p, ds_pass_in *in)
{
    atomic_store(&p->lease_us, w.mono_us + LEASE_MS * 1000);
    in->unit = "all";
    in->kind = p->kind;
    in->clock = &sim_clock;
    in->stop = &p->stop;
    in->lease_us = &p->lease_us;
    in->one_thread = true;
    in->page_records = (size_t)w.k.page;
    in->intent_records = (size_t)(w.k.page + 1) / 2;
}

static ds_pass_in input_of(pass_run *p, const ds_unit *u, ds_arena *a)
{
    bool targeted = u->run_kind == DS_PASS_TARGETED;
    const char **items = ds_arena_alloc(a, (u->run.items_n + 1) * sizeof(*items));
    ds_pass_in in;

    for (size_t i = 0; i < u->run.items_n; i++)
        items[i] = ds_arena_strdup(a, u->run.items[i]);
    in = (ds_pass_in){
        .route = the_route(),
        .owner = "simulated/r/all",
        .items = targeted ? items : NULL,
        .items_n = targeted ? u->run.items_n : 0,
        .since_ms = u->run_kind == DS_PASS_CHANGES ? u->run_since_ms : -1,
        .progress = &progress,
        .slice_ms = w.k.slice_ms,
    };
    pass_settings(p, &in);
    return in;
}

static void pass_ended(const pass_run *p, const ds_pass_result *result)
{
    bool well = result->outcome == DS_PASS_DONE || result->outcome == DS_PASS_PARTIAL;
    const char *why = !well && result->err.text[0] ? result->err.text : NULL;
    ds_run_row run = {
        .route = "r",
        .unit = "all",
        .kind = p->kind,
        .outcome = result->outcome,
        .started_ms = p->started_ms,
        .ended_ms = w.now_ms,
        .totals = result->totals,
        .error = why,
        .error_kind = why ? ds_err_kind_name(result->err.kind) : NULL,
    };
    ds_event ended = {
        .type = DS_EV_PASS_ENDED,
        .outcome = result->outcome,
        .totals = result->totals,
        .error = why,
        .error_kind = run.error_kind,
        .retry_after_ms = result->err.retry_after_ms,
        .wants_full = result->wants_full,
    };

    w.last_outcome = result->outcome;
    w.last_calls = p->calls;
    (void)step_take(&ended, false, result->outcome == DS_PASS_SLICED ? NULL : &run, p->epoch);
}

static void run_pass(const ds_unit_row *row)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    pass_run me = {.below = w.top,
                   .epoch = row->epoch,
                   .kind = row->state.run_kind,
                   .started_ms = row->state.run_started_ms};
    ds_pass_in in = input_of(&me, &row->state, a);
    ds_pass_result result;
    ds_err err = DS_ERR_INIT;

    trace("pass", me.kind);
    in.ledger = ds_store_ledger(w.store, row->id, row->epoch, &err);
    if (!in.ledger) {
        violation("no ledger: %s", err.text);
        return;
    }
    watch(in.ledger);
    atomic_store(&me.stop, w.stopped);
    w.stopped = false;
    w.top = &me;
    w.load_from = w.load_from ? w.load_from : w.ops + 1;
    ds_pass_run(&in, &result);
    w.load_to = w.load_to ? w.load_to : w.ops;
    read_held(&me, in.ledger);
    if (me.epoch == w.epoch)
        check_pass_end(&me, &result);
    ds_ledger_close(in.ledger);
    w.top = me.below;
    trace(ds_pass_outcome_name(result.outcome), result.totals.total);
    pass_ended(&me, &result);
}

/* The unit as the store has it: the pass that was started or goes on. */
typedef struct read_job {
    ds_job job; /* first */
    ds_arena *arena;
    ds_unit_row *row;
} read_job;

static bool read_row(ds_job *job, ds_tx *tx, ds_err *err)
{
    read_job *r = (read_job *)job;

    return ds_tx_unit_by_id(tx, w.unit_id, r->arena, &r->row, err);
}

static void run_started(void)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    read_job r = {.job.run = read_row, .arena = a};
    ds_err err = DS_ERR_INIT;

    w.start = false;
    if (!ds_store_do(w.store, DS_LANE_EVENT, &r.job, &err) || !r.row)
        violation("the unit cannot be read: %s", err.text);
    else
        run_pass(r.row);
}

static ds_event ensure_event(void)
{
    return (ds_event){.type = DS_EV_ENSURE,
                      .interval_ms = EVERY_MS,
                      .full_every_ms = 2 * EVERY_MS,
                      .lists_changes = w.k.changes,
                      .retry_after_ms = -1};
}

/* SIGSTOP, a cut line, a sleeping machine: somebody notices, and starts another pass in its place.
 */
void suspend_here(void)
{
    ds_event ensure = ensure_event();

    if (!w.top || w.top->below || w.top->other || w.top->epoch != w.epoch)
        return;
    set_time(w.now_ms + 2 * LEASE_MS);
    others_act();
    if (w.paused_now)
        return; /* nobody takes its place */
    (void)step_take(&ensure, true, NULL, 0);
    if (w.start)
        run_started();
}

void pass_now(void)
{
    static const ds_event all = {.type = DS_EV_SYNC_NOW, .retry_after_ms = -1};

    if (!w.start && !w.paused_now)
        (void)step_take(&all, false, NULL, 0);
    if (w.start)
        run_started();
}

/* ---- life ------------------------------------------------------------------------------------ */

static void boot(void)
{
    ds_err err = DS_ERR_INIT;
    ds_event ensure = ensure_event();

    w.top = NULL;
    w.start = w.restart = w.booted = w.stopped = false;
    w.store = ds_store_open_on(&disk_host, "/sim/state.db", &err);
    if (!w.store) {
        violation("the store does not open: %s", err.text);
        return;
    }
    route_settings();
    emb_route = (ds_emb_route){.route = the_route()};
    engine =
        (ds_engine){.store = w.store, .clock = &sim_clock, .routes = &emb_route, .routes_n = 1};
    if (!step_take(&ensure, true, NULL, 0))
        violation("the unit was not taken up");
    w.booted = true;
}

static void shut_down(void)
{
    ds_store *store = w.store;

    w.store = NULL;
    ds_store_close(store);
    w.restart = false;
}

/* One that died at each start until then has its quiet time yet. */
static void calm_down(void)
{
    w.calm = true;
    if (w.k.other)
        w.end_ms = DS_MAX(w.end_ms, w.now_ms + w.end_ms - w.calm_ms);
}

/* One thing after the other: what is due, or the wait for it. */
static void live(void)
{
    static const ds_event timer = {.type = DS_EV_TIMER, .retry_after_ms = -1};

    while (!w.failed && (w.now_ms < w.end_ms || w.start)) {
        if (!w.calm && w.now_ms >= w.calm_ms)
            calm_down();
        if (w.restart) {
            shut_down();
            boot();
        } else if (w.start) {
            run_started();
        } else if (w.wake_ms && w.wake_ms <= w.now_ms) {
            (void)step_take(&timer, false, NULL, 0);
        } else if (w.k.other && w.other_next_ms <= w.now_ms) {
            other_pass();
        } else {
            int64_t until_ms = DS_MIN(w.wake_ms ? w.wake_ms : w.end_ms, w.end_ms);

            if (!w.calm)
                until_ms = DS_MIN(until_ms, w.calm_ms);
            pass_time(DS_MIN(DS_MAX(until_ms - w.now_ms, 1), DS_MINUTE_MS));
            if (w.calm)
                person_settles_held();
        }
    }
}

static void process_died(void)
{
    heap_drop();
    vfs_crashed();
    vfs_start();
    w.store = NULL;
    w.top = NULL;
    w.looking = false;
    for (int i = 0; i < 2; i++)
        if (!w.gate_told[i])
            w.gate_ms[i] = 0; /* nobody knows of it any more */
    if (!w.failed)
        pass_time(1000 + dice(w.calm ? 10000 : 600000));
}

void process_run(void)
{
    w.next_people_ms = w.k.script ? w.now_ms + EVERY_MS / 2 : some_time(w.k.people);
    w.next_operator_ms = some_time(w.k.operators);
    ds_crash_hook = at_crashpoint;
    if (setjmp(w.boot))
        process_died();
    if (!w.failed)
        boot();
    live();
    if (w.k.other && !w.failed)
        other_pass();
    if (!w.failed)
        check_end();
    if (w.store && !w.failed)
        shut_down();
}
