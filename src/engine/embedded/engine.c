/* src/engine/embedded/engine.c
 *
 * The engine's life and its loop.  The thread that calls ds_engine_run reads notes, looks at
 * timers, gives work to the pool, and sleeps until the next note or timer: an idle engine does not
 * wake up.
 */
#include "engine/embedded/internal.h"

#include "base/log.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_MS 200

int64_t ds_emb_now(const ds_engine *e)
{
    return e->clock->now_ms(e->clock);
}

bool ds_emb_starts_nothing(const ds_engine *e)
{
    return !atomic_load(&e->live) || atomic_load(&e->stopping);
}

void ds_emb_note(ds_engine *e, ds_note *note)
{
    ds_queue_put(e->notes, 0, &note->message);
}

static void woken(ds_engine *e, ds_note *note)
{
    (void)note; /* the engine's own: it is there only to end a sleep */
    atomic_store(&e->waking, false);
}

static void keep(ds_note *note)
{
    (void)note;
}

void ds_emb_wake(ds_engine *e)
{
    if (!atomic_exchange(&e->waking, true))
        ds_emb_note(e, &e->wake);
}

void ds_emb_wind_down(ds_engine *e)
{
    atomic_store(&e->stopping, true);
    ds_bell_ring(&e->stop_bell);
    ds_emb_wake(e);
}

static void stop(ds_engine *e)
{
    atomic_fetch_add(&e->stops, 1);
    ds_store_hurry(e->store);
    ds_emb_wind_down(e);
}

static void fail_engine(ds_engine *e, const ds_err *err)
{
    if (e->fatal.kind == DS_ERR_NONE)
        e->fatal = *err;
    ds_emb_wind_down(e);
}

/* ---- carrying out what was decided ----------------------------------------------------------- */

static void sooner(int64_t *at_ms, int64_t candidate_ms)
{
    if (candidate_ms && (*at_ms == 0 || candidate_ms < *at_ms))
        *at_ms = candidate_ms;
}

static void carry_out(ds_engine *e, ds_activation *act)
{
    for (size_t i = 0; i < act->steps_n; i++) {
        const ds_step *s = act->steps[i];

        sooner(&e->due_ms, s->wake_ms);
        if (s->found)
            s->kind->carry_out(e, act, s);
    }
}

/* The store is locked by a stranger: nothing is lost, and its own wait has passed by then. */
static bool tried_again(ds_engine *e, ds_activation *act)
{
    if (!act->retries || act->err.kind != DS_ERR_TRANSIENT || atomic_load(&e->stops) > 1)
        return false;
    ds_log(DS_LOG_WARN, "store_busy", "error", act->err.text, NULL);
    act->failed = false;
    ds_activation_submit(act);
    return true;
}

void ds_activation_read(ds_engine *e, ds_note *note)
{
    ds_activation *act = (ds_activation *)note;

    atomic_fetch_sub(&e->in_flight, 1);
    if (act->pulse) {
        ds_emb_health_answered(e);
        ds_activation_free(act);
        return;
    }
    if (act->failed && tried_again(e, act))
        return;
    if (act->failed && !act->answer) /* who waits for an answer has it already */
        fail_engine(e, &act->err);
    if (act->takes_due) {
        e->taking_due = false;
        e->due_ms = act->next_due_ms;
    } else {
        sooner(&e->due_ms, act->next_due_ms);
    }
    if (act->pass)
        ds_emb_pass_recorded(e, act->pass, !act->failed && act->steps[0]->found);
    if (!act->failed)
        carry_out(e, act);
    if (act->follow)
        ds_follow_closed(e, act->follow);
    ds_activation_free(act);
}

/* ---- timers ---------------------------------------------------------------------------------- */

static void take_due(ds_engine *e)
{
    ds_activation *act = ds_activation_new(e);

    act->takes_due = true;
    act->retries = true;
    e->taking_due = true;
    ds_activation_submit(act);
}

/* Every time that is stored is now too far ahead: each unit counts its own from now, and the routes
 * are listed with their interval. */
static void count_from_now(ds_engine *e, int64_t now_ms)
{
    ds_activation *act = ds_activation_new(e);

    if (!e->count_again)
        ds_log(DS_LOG_WARN, "clock_set_back", "text", "the units count their intervals from now",
               NULL);
    e->count_again = atomic_load(&e->in_flight) > 0; /* units may be in there, with old times */
    for (size_t i = 0; i < e->routes_n; i++) {
        ds_emb_route *route = &e->routes[i];

        for (ds_emb_unit *unit = route->units; unit; unit = unit->next_of_route)
            ds_unit_kind.add_timer(act, unit->id);
        if (route->list_ms)
            route->list_ms = DS_MIN(route->list_ms, ds_emb_list_next(route, now_ms));
    }
    act->retries = true;
    e->due_ms = 0;
    ds_activation_submit(act);
    ds_notices_take_up(e);
}

/* Whether less time has gone by in UTC than on the clock that nobody can set. */
static bool was_set_back(ds_engine *e, int64_t now_ms)
{
    int64_t steady_ms = e->clock->mono_us(e->clock) / 1000;
    int64_t behind_ms = (steady_ms - e->steady_ms) - (now_ms - e->utc_ms);

    e->steady_ms = steady_ms;
    e->utc_ms = now_ms;
    return behind_ms >= DS_EMB_SET_BACK_MS;
}

/* `once` has no timers but for the rate limits that it sits out. */
static int64_t next_of_once(const ds_engine *e)
{
    int64_t at_ms = 0;

    for (size_t i = 0; i < e->routes_n; i++)
        for (const ds_emb_unit *u = e->routes[i].units; u; u = u->next_of_route)
            sooner(&at_ms, u->goes_on_ms);
    return at_ms;
}

static void go_on_with_once(ds_engine *e, int64_t now_ms)
{
    ds_activation *act = ds_activation_new(e);

    for (size_t i = 0; i < e->routes_n; i++) {
        for (ds_emb_unit *u = e->routes[i].units; u; u = u->next_of_route) {
            if (!u->goes_on_ms || u->goes_on_ms > now_ms)
                continue;
            u->goes_on_ms = 0;
            ds_unit_kind.add_timer(act, u->id);
        }
    }
    act->retries = true;
    ds_activation_submit(act);
}

static void look_at_timers(ds_engine *e)
{
    int64_t now_ms = ds_emb_now(e);
    bool set_back = was_set_back(e, now_ms);
    int64_t once_ms = e->options.once ? next_of_once(e) : 0;

    if (once_ms && once_ms <= now_ms && !ds_emb_starts_nothing(e))
        go_on_with_once(e, now_ms);
    if (e->options.once || ds_emb_starts_nothing(e))
        return;
    if (set_back || (e->count_again && !atomic_load(&e->in_flight)))
        count_from_now(e, now_ms);
    if (e->due_ms && now_ms >= e->due_ms && !e->taking_due)
        take_due(e);
    ds_emb_list_due(e, now_ms);
}

/* 0: no timer runs. */
static int64_t next_timer(const ds_engine *e)
{
    int64_t at_ms = e->taking_due ? 0 : e->due_ms;

    if (ds_emb_starts_nothing(e))
        return 0;
    if (e->options.once)
        at_ms = next_of_once(e);
    for (size_t i = 0; i < e->routes_n && !e->options.once; i++) {
        if (!e->routes[i].listing)
            sooner(&at_ms, e->routes[i].list_ms);
    }
    sooner(&at_ms, ds_work_next_turn(e));
    return at_ms;
}

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* There is something to be seen: passes that run, or that are waited for. */
static bool ticks(const ds_engine *e)
{
    return e->options.tick && (e->at_work || e->own);
}

/* For ds_queue_take: -1 sleeps until there is a note. */
static int64_t sleep_until(const ds_engine *e)
{
    int64_t timer_ms = next_timer(e), wait_ms = ds_emb_health_wait(e);

    if (timer_ms) {
        timer_ms = DS_MAX(timer_ms - ds_emb_now(e) + 1, (int64_t)1);
        wait_ms = wait_ms < 0 ? timer_ms : DS_MIN(wait_ms, timer_ms);
    }
    if (ticks(e) && (wait_ms < 0 || wait_ms > TICK_MS))
        wait_ms = TICK_MS;
    return wait_ms < 0 ? -1 : mono_ms() + wait_ms;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void stop_all(ds_engine *e)
{
    ds_work_drop_waiting(e);
    ds_emb_passes_stop(e);
    if (atomic_load(&e->stops))
        ds_notices_stop(e);
}

static bool finished(const ds_engine *e)
{
    if (!atomic_load(&e->stopping))
        return false;
    if (atomic_load(&e->stops) > 1)
        return true;
    return e->at_work == 0 && e->sending == 0 && atomic_load(&e->in_flight) == 0;
}

static void read_notes(ds_engine *e, int64_t deadline_ms)
{
    ds_message *message = ds_queue_take(e->notes, deadline_ms);

    for (; message; message = ds_queue_take(e->notes, 0)) {
        ds_note *note = (ds_note *)message;

        note->read(e, note);
    }
}

/* What passes needed to be fast is not kept while a daemon sleeps. */
static void come_to_rest(ds_engine *e)
{
    if (!e->worked || e->at_work || e->waiting || atomic_load(&e->in_flight) || e->options.once)
        return;
    e->worked = false;
    ds_store_rest(e->store);
}

static void serve(ds_engine *e)
{
    int64_t ticked_ms = 0;

    (void)was_set_back(e, ds_emb_now(e)); /* from here on */
    while (!finished(e)) {
        ds_work_dispatch(e);
        come_to_rest(e);
        ds_emb_health_look(e);
        read_notes(e, sleep_until(e));
        if (atomic_load(&e->stopping))
            stop_all(e);
        look_at_timers(e);
        if (ticks(e) && mono_ms() - ticked_ms >= TICK_MS) {
            ticked_ms = mono_ms();
            e->options.tick(e->options.to, e);
        }
    }
}

/* ---- beginning and end ----------------------------------------------------------------------- */

/* `once`: which routes are asked for what. */
static bool spread_refs(ds_engine *e, ds_err *err)
{
    if (e->options.only_n == 0) {
        e->all_refs = ds_calloc(e->routes_n, sizeof(*e->all_refs));
        for (size_t i = 0; i < e->routes_n; i++)
            e->all_refs[i].route = e->routes[i].route->name;
        e->options.only = e->all_refs;
        e->options.only_n = e->routes_n;
    }
    for (size_t i = 0; i < e->options.only_n; i++) {
        const ds_unit_ref *ref = &e->options.only[i];
        ds_emb_route *route = ds_emb_route_named(e, ref->route);

        if (!route)
            return ds_fail(err, DS_ERR_CONFIG, "no route is called \"%s\"", ref->route);
        route->refs = ds_realloc(route->refs, route->refs_n + 1, sizeof(*route->refs));
        route->refs[route->refs_n++] = ref;
    }
    return true;
}

static void list_routes(ds_engine *e)
{
    for (size_t i = 0; i < e->routes_n; i++) {
        ds_emb_route *route = &e->routes[i];

        if (e->own && route->refs_n == 0)
            continue;
        if (e->own)
            ds_follow_opened(e->own);
        ds_emb_list(e, route);
    }
}

static bool take_up(ds_engine *e, ds_err *err)
{
    for (size_t i = 0; i < e->kinds_n; i++) {
        if (!e->kinds[i]->take_up)
            e->due_ms = ds_emb_now(e); /* looks for what is due, or will be */
        else if (!e->kinds[i]->take_up(e, err))
            return false;
    }
    return true;
}

static bool begin(ds_engine *e, ds_err *err)
{
    if (e->options.once && !spread_refs(e, err))
        return false;
    if (!take_up(e, err))
        return false;
    if (e->options.once) {
        e->own = ds_follow_new(e, 0, e->options.items_n > 0);
        ds_follow_opened(e->own);
    }
    list_routes(e);
    if (e->own)
        ds_follow_closed(e, e->own); /* nothing asked for: nothing to wait for */
    return ds_control_start(e->control, err);
}

static bool run(ds_engine *e, ds_err *err)
{
    if (!begin(e, err))
        return false;
    serve(e);
    ds_emb_health_look(e);
    ds_follow_end_all(e);
    ds_control_stop(e->control);
    if (e->fatal.kind == DS_ERR_NONE)
        return true;
    *err = e->fatal;
    return false;
}

static bool check_routes(const ds_engine_options *options, ds_err *err)
{
    for (size_t i = 0; i < options->routes_n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(options->routes[i]->name, options->routes[k]->name) == 0)
                return ds_fail(err, DS_ERR_CONFIG, "two routes are called \"%s\"",
                               options->routes[i]->name);
        }
    }
    return true;
}

/* Everything that can still come back is waited for: the pool's tasks, the store's jobs. */
static void drain(ds_engine *e)
{
    ds_message *message;

    ds_pool_free(e->pool);
    ds_notices_close(e);
    while ((message = ds_queue_take(e->notes, atomic_load(&e->in_flight) ? -1 : 0)) != NULL) {
        ds_note *note = (ds_note *)message;

        if (note->read == ds_activation_read)
            atomic_fetch_sub(&e->in_flight, 1);
        note->drop(note);
    }
}

static void free_engine(ds_engine *e)
{
    ds_control_stop(e->control);
    ds_work_drop_waiting(e);
    ds_follow_end_all(e);
    ds_control_close(e->control);
    drain(e);
    ds_notices_free(e);
    ds_emb_units_free(e);
    for (size_t i = 0; i < e->routes_n; i++)
        free(e->routes[i].refs);
    free(e->routes);
    free(e->shares);
    free(e->all_refs);
    free(e->kinds);
    ds_queue_free(e->notes);
    pthread_mutex_destroy(&e->lock);
    ds_bell_fini(&e->stop_bell);
    free(e);
}

static const ds_engine_ops ops = {
    .run = run,
    .stop = stop,
    .free = free_engine,
    .signal = ds_emb_signal,
    .running = ds_emb_running,
    .sitting = ds_follow_sitting,
};

ds_engine *ds_engine_embedded(ds_store *store, const ds_engine_options *options, ds_err *err)
{
    DS_AUTO(ds_engine) e = NULL;

    if (!check_routes(options, err))
        return NULL;
    e = ds_calloc(1, sizeof(*e));
    e->ops = &ops;
    e->store = store;
    e->store_id = ds_store_id(store);
    e->options = *options;
    e->clock = options->clock ? options->clock : ds_clock_system();
    e->workers = options->workers > 0 ? options->workers : DS_EMB_WORKERS;
    e->routes_n = options->routes_n;
    e->routes = ds_calloc(e->routes_n, sizeof(*e->routes));
    for (size_t i = 0; i < e->routes_n; i++)
        e->routes[i].route = options->routes[i];
    ds_work_find_shares(e);
    e->notes = ds_queue_new(1);
    e->wake = (ds_note){.read = woken, .drop = keep};
    e->waiting_end = &e->waiting;
    ds_emb_host(e, &ds_unit_kind);
    e->fatal = DS_ERR_INIT;
    pthread_mutex_init(&e->lock, NULL);
    ds_bell_init(&e->stop_bell);
    e->pool = ds_pool_new(e->workers, err);
    if (!e->pool || !ds_notices_open(e, err))
        return NULL;
    if (options->socket && !(e->control = ds_control_open(e, options->socket, err)))
        return NULL;
    return DS_TAKE(&e);
}
