/* src/engine/embedded/follow.c
 *
 * Who waits for passes: this process's own `once`, and clients of the control socket that asked for
 * one.  A pass serves a request when it started after the request was durable; one that ends badly
 * ends the waiting as well, for a request is answered and not retried.
 */
#include "engine/embedded/internal.h"

#include <stdlib.h>
#include <string.h>

/* A longer rate limit ends the waiting.  Most of those that are said are of a whole minute, which
 * must not be waited for or not as the milliseconds since it was said come out. */
#define OUTWAIT_BELOW_MS (45 * DS_SECOND_MS)
#define BARREN_MOST 3 /* as do so many in a row between which nothing was done */

ds_follow *ds_follow_new(ds_engine *e, uint64_t client, bool targeted)
{
    ds_follow *f = ds_calloc(1, sizeof(*f));

    f->client = client;
    f->targeted = targeted;
    f->next = e->follows;
    e->follows = f;
    return f;
}

void ds_follow_opened(ds_follow *f)
{
    f->open++;
}

static void end_follow(ds_engine *e, ds_follow *f)
{
    ds_follow **at = &e->follows;

    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    if (f->client)
        ds_control_end(e->control, f->client);
    if (e->own == f)
        e->own = NULL;
    free(f);
}

void ds_follow_closed(ds_engine *e, ds_follow *f)
{
    bool own = f == e->own;

    if (--f->open > 0)
        return;
    end_follow(e, f);
    if (own)
        ds_emb_wind_down(e);
}

static void tell(ds_engine *e, const ds_follow *f, const ds_run_row *run)
{
    if (f->client)
        ds_control_run(e->control, f->client, run);
}

/* ---- passes that there are none of ----------------------------------------------------------- */

void ds_follow_refused(ds_engine *e, ds_follow *f, const char *route, const char *unit,
                       ds_pass_outcome outcome, const char *kind, const char *text)
{
    int64_t now_ms = ds_emb_now(e);
    ds_run_row run = {
        .route = route,
        .unit = unit ? unit : "-",
        .kind = f->targeted ? DS_PASS_TARGETED : DS_PASS_FULL,
        .outcome = outcome,
        .started_ms = now_ms,
        .ended_ms = now_ms,
        .error = text,
        .error_kind = kind,
    };

    tell(e, f, &run);
    if (f == e->own && e->options.pass_ended)
        e->options.pass_ended(e->options.to, &run);
}

/* The unit was asked, and neither starts nor runs. */
static void refuse_unit(ds_engine *e, ds_follow *f, const ds_emb_unit *unit,
                        const ds_unit_step *step)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    const ds_unit *u = &step->row->state;
    const char *route = unit->route->route->name;

    if (u->gone) {
        ds_follow_refused(e, f, route, unit->name, DS_PASS_FAILED, "config",
                          "the source no longer has this unit");
    } else if (u->paused) {
        ds_follow_refused(e, f, route, unit->name, DS_PASS_PAUSED, "paused",
                          u->last_error ? ds_arena_printf(a, "paused: %s", u->last_error)
                                        : "paused");
    } else if (u->approval) {
        ds_follow_refused(e, f, route, unit->name, DS_PASS_APPROVAL, "approval", u->approval);
    } else if (ds_emb_starts_nothing(e)) {
        ds_follow_refused(e, f, route, unit->name, DS_PASS_CANCELLED, "cancelled",
                          "the engine is stopping");
    } else {
        ds_follow_refused(e, f, route, unit->name, DS_PASS_WAITING, u->error_kind,
                          u->last_error ? u->last_error : "it waits for its rate limit");
    }
}

/* ---- passes ---------------------------------------------------------------------------------- */

/* Its pass goes on by itself, and soon. */
static bool goes_on_soon(ds_engine *e, const ds_unit *u)
{
    return u->running && u->retry_ms && !u->paused && !u->approval && !u->gone &&
           u->retry_ms - ds_emb_now(e) < OUTWAIT_BELOW_MS && !ds_emb_starts_nothing(e);
}

void ds_follow_step(ds_engine *e, ds_follow *f, ds_emb_unit *unit, const ds_unit_step *step)
{
    ds_waiting *waiting;

    bool starts = step->start || step->row->state.run_sweep; /* this is the one, not the next */

    if (!unit->pass && step->events_n == 0)
        return; /* nothing waited in it */
    if (!unit->pass && !goes_on_soon(e, &step->row->state)) {
        refuse_unit(e, f, unit, step);
        return;
    }
    unit->goes_on_ms = unit->pass ? 0 : step->row->state.retry_ms;
    waiting = ds_calloc(1, sizeof(*waiting));
    waiting->follow = f;
    waiting->target = starts ? unit->starts : unit->starts + 1;
    waiting->next = unit->waiting;
    unit->waiting = waiting;
    ds_follow_opened(f);
}

static bool ends_badly(ds_pass_outcome outcome)
{
    switch (outcome) {
    case DS_PASS_DONE:
    case DS_PASS_PARTIAL:
    case DS_PASS_SLICED:
        return false;
    case DS_PASS_FAILED:
    case DS_PASS_PAUSED:
    case DS_PASS_WAITING:
    case DS_PASS_CANCELLED:
    case DS_PASS_APPROVAL:
        return true;
    }
    return true;
}

bool ds_follow_outwaits(const ds_engine *e, const ds_emb_pass *pass)
{
    int64_t ms = pass->result.err.retry_after_ms;

    return pass->result.outcome == DS_PASS_WAITING && pass->unit->waiting && ms >= 0 &&
           ms < OUTWAIT_BELOW_MS && pass->unit->barren < BARREN_MOST && !atomic_load(&e->stopping);
}

static void count_barren(ds_emb_unit *unit, const ds_emb_pass *pass)
{
    int64_t total = pass->result.totals.total;

    unit->barren = total == unit->waited_at ? unit->barren + 1 : 0;
    unit->waited_at = total;
    unit->waited_source_calls = pass->run.source_calls;
    unit->waited_destination_calls = pass->run.destination_calls;
}

size_t ds_follow_sitting(ds_engine *e, ds_arena *a, const ds_running **out)
{
    ds_running *all = ds_arena_alloc(a, (e->table.n + 1) * sizeof(*all));
    size_t n = 0;

    for (size_t i = 0; i < e->routes_n; i++) {
        for (const ds_emb_unit *u = e->routes[i].units; u; u = u->next_of_route) {
            if (!u->goes_on_ms || !u->waiting)
                continue;
            all[n++] = (ds_running){.route = e->routes[i].route->name,
                                    .unit = u->name,
                                    .done = u->waited_at,
                                    .total = -1,
                                    .limited_ms = u->goes_on_ms,
                                    .source_calls = u->waited_source_calls,
                                    .destination_calls = u->waited_destination_calls};
        }
    }
    *out = all;
    return n;
}

static bool serves(const ds_waiting *waiting, const ds_emb_pass *pass)
{
    if (pass->result.outcome == DS_PASS_SLICED)
        return false;
    return pass->start >= waiting->target || ends_badly(pass->result.outcome);
}

bool ds_follow_serves(const ds_engine *e, const ds_emb_unit *unit, const ds_emb_pass *pass)
{
    if (ds_follow_outwaits(e, pass))
        return false;
    for (const ds_waiting *waiting = unit->waiting; waiting; waiting = waiting->next) {
        if (serves(waiting, pass))
            return true;
    }
    return false;
}

void ds_follow_pass(ds_engine *e, ds_emb_unit *unit, const ds_emb_pass *pass)
{
    ds_waiting **at = &unit->waiting;

    if (ds_follow_outwaits(e, pass)) {
        count_barren(unit, pass);
        return;
    }
    unit->barren = 0;
    while (*at) {
        ds_waiting *waiting = *at;

        if (!serves(waiting, pass)) {
            at = &waiting->next;
            continue;
        }
        *at = waiting->next;
        tell(e, waiting->follow, &pass->run);
        ds_follow_closed(e, waiting->follow);
        free(waiting);
    }
}

/* A pass has ended, and what keeps the next one back (a pause that came too late for the first) may
 * do so for ever. */
void ds_follow_unserved(ds_engine *e, ds_emb_unit *unit, const ds_unit_step *step)
{
    if (unit->waiting && goes_on_soon(e, &step->row->state)) {
        unit->goes_on_ms = step->row->state.retry_ms;
        return;
    }
    while (unit->waiting) {
        ds_waiting *waiting = unit->waiting;

        unit->waiting = waiting->next;
        refuse_unit(e, waiting->follow, unit, step);
        ds_follow_closed(e, waiting->follow);
        free(waiting);
    }
}

void ds_follow_end_all(ds_engine *e)
{
    for (size_t i = 0; i < e->routes_n; i++) {
        for (ds_emb_unit *unit = e->routes[i].units; unit; unit = unit->next_of_route) {
            while (unit->waiting) {
                ds_waiting *waiting = unit->waiting;

                unit->waiting = waiting->next;
                free(waiting);
            }
        }
    }
    while (e->follows)
        end_follow(e, e->follows);
}

/* ---- asked through the control socket -------------------------------------------------------- */

static bool meant(const ds_unit_ref *ref, const ds_emb_unit *unit)
{
    return ref->unit ? strcmp(ref->unit, unit->name) == 0 : !unit->gone;
}

static size_t units_meant(ds_engine *e, const ds_unit_ref *ref, ds_emb_unit **out)
{
    ds_emb_route *route = ds_emb_route_named(e, ref->route);
    size_t n = 0;

    for (ds_emb_unit *unit = route ? route->units : NULL; unit; unit = unit->next_of_route) {
        if (!meant(ref, unit))
            continue;
        if (out)
            out[n] = unit;
        n++;
    }
    return n;
}

static void refuse_ref(ds_engine *e, ds_follow *f, const ds_unit_ref *ref)
{
    ds_emb_route *route = ds_emb_route_named(e, ref->route);
    const char *why = !route      ? "the daemon's configuration has no such route"
                      : ref->unit ? "the source has no such unit"
                                  : "no units are known yet: its source was not listed so far";

    ds_follow_refused(e, f, ref->route, ref->unit, DS_PASS_FAILED, "config", why);
}

static void ask_units(ds_engine *e, ds_follow *f, ds_emb_unit *const *units, size_t n,
                      const ds_event *asked)
{
    ds_activation *act = ds_activation_new(e);
    const ds_event *event = ds_event_copy(asked, act->arena);

    act->follow = f;
    act->retries = true;
    for (size_t i = 0; i < n; i++)
        ds_unit_step_add(
            act,
            (ds_unit_step){.step.id = units[i]->id, .events = event, .events_n = 1, .asked = true});
    ds_follow_opened(f);
    ds_activation_submit(act);
}

void ds_follow_ask(ds_engine *e, uint64_t client, const ds_unit_ref *only, size_t only_n,
                   const ds_event *event)
{
    ds_follow *f = ds_follow_new(e, client, event->items_n > 0);

    ds_follow_opened(f);
    for (size_t i = 0; i < only_n; i++) {
        size_t n = units_meant(e, &only[i], NULL);
        ds_emb_unit **units = ds_calloc(n + 1, sizeof(*units));

        units_meant(e, &only[i], units);
        if (n)
            ask_units(e, f, units, n, event);
        else
            refuse_ref(e, f, &only[i]);
        free(units);
    }
    ds_follow_closed(e, f);
}
