/* tests/unit/engine_rig.h
 *
 * An engine on a store in a directory of its own, between memory tables, with a clock that only the
 * test moves.  It runs on a thread beside the test, which waits for what it reports; nothing
 * sleeps.
 */
#ifndef TESTS_UNIT_ENGINE_RIG_H
#define TESTS_UNIT_ENGINE_RIG_H

#include "connectors/memory/memory.h"
#include "engine/embedded/internal.h"
#include "support/fake_clock.h"
#include "support/run.h"
#include "support/tmpdir.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define T0 INT64_C(1700000000000)
#define EVERY (30 * DS_MINUTE_MS)
#define RIG_ROUTES 3
#define RIG_RUNS 4096
#define RIG_TIMEOUT_S 120 /* of a test that hangs */

typedef struct seen_run { /* a pass that ended, as the engine told */
    char unit[96];        /* ROUTE/UNIT */
    ds_run_row run;
    char error[128], error_kind[32];
} seen_run;

typedef struct rig {
    tmpdir *dir;
    const char *path, *socket;
    ds_store *store;
    fake_clock clock;
    ds_route routes[RIG_ROUTES];
    const ds_route *route_list[RIG_ROUTES];
    ds_memory_settings from[RIG_ROUTES], to[RIG_ROUTES];
    ds_engine_options options;
    const ds_machine_kind *const *kinds; /* hosted beside the units */
    size_t kinds_n;
    ds_engine *engine;
    pthread_t thread;
    bool running, run_ok;
    ds_err err;

    pthread_mutex_t lock;
    pthread_cond_t news;
    seen_run *runs;
    size_t runs_n;
} rig;

/* What a memory source waits at, before each page. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool shut;
    size_t arrived, passed;
} gate;

/* ---- the gate -------------------------------------------------------------------------------- */

static inline void gate_init(gate *g, bool shut)
{
    *g = (gate){.shut = shut};
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->moved, NULL);
}

static inline void gate_seen(void *to, const char *what)
{
    gate *g = to;

    if (strcmp(what, "page") != 0)
        return;
    pthread_mutex_lock(&g->lock);
    g->arrived++;
    pthread_cond_broadcast(&g->moved);
    while (g->shut)
        pthread_cond_wait(&g->moved, &g->lock);
    g->passed++;
    pthread_mutex_unlock(&g->lock);
}

static inline void gate_await(gate *g, size_t arrived)
{
    pthread_mutex_lock(&g->lock);
    while (g->arrived < arrived)
        pthread_cond_wait(&g->moved, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static inline size_t gate_arrived(gate *g)
{
    size_t arrived;

    pthread_mutex_lock(&g->lock);
    arrived = g->arrived;
    pthread_mutex_unlock(&g->lock);
    return arrived;
}

static inline void gate_open(gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->shut = false;
    pthread_cond_broadcast(&g->moved);
    pthread_mutex_unlock(&g->lock);
}

/* ---- the rig --------------------------------------------------------------------------------- */

static inline void rig_route(rig *r, size_t at, const char *name)
{
    r->from[at].store = ds_arena_printf(scratch, "from-%s", name);
    r->to[at].store = ds_arena_printf(scratch, "to-%s", name);
    r->routes[at] = (ds_route){
        .name = name,
        .source = &ds_memory_source,
        .destination = &ds_memory_destination,
        .identity = r->to[at].store,
        .every_ms = EVERY,
        .full_every_ms = DS_DAY_MS,
        .limit_changes = -1,
        .key_signature = "id",
        .fingerprint = "f1",
    };
}

/* The settings are behind the base of each instance: a copy of the whole is what a route holds. */
static inline void rig_settle(rig *r, size_t at)
{
    struct source {
        ds_source base;
        ds_memory_settings set;
    } *source = ds_arena_zalloc(scratch, r->routes[at].source->instance_size);
    struct destination {
        ds_destination base;
        ds_memory_settings set;
    } *destination = ds_arena_zalloc(scratch, r->routes[at].destination->instance_size);

    source->set = r->from[at];
    destination->set = r->to[at];
    r->routes[at].source_settings = source;
    r->routes[at].destination_settings = destination;
    r->route_list[at] = &r->routes[at];
}

static inline void rig_heard(void *to, const ds_run_row *run)
{
    rig *r = to;
    seen_run *seen;

    pthread_mutex_lock(&r->lock);
    seen = &r->runs[r->runs_n < RIG_RUNS ? r->runs_n++ : RIG_RUNS - 1];
    seen->run = *run;
    snprintf(seen->unit, sizeof(seen->unit), "%s/%s", run->route, run->unit);
    snprintf(seen->error, sizeof(seen->error), "%s", run->error ? run->error : "");
    snprintf(seen->error_kind, sizeof(seen->error_kind), "%s",
             run->error_kind ? run->error_kind : "");
    pthread_cond_broadcast(&r->news);
    pthread_mutex_unlock(&r->lock);
}

static inline void rig_store_open(rig *r)
{
    r->err = DS_ERR_INIT;
    r->store = ds_store_open(r->path, NULL, &r->err);
    if (!r->store)
        fail_msg("%s", r->err.text);
}

/* One route "a" with what the test puts into "from-a"; nothing runs yet. */
static inline void rig_init(rig *r)
{
    memset(r, 0, sizeof(*r));
    alarm(RIG_TIMEOUT_S);
    ds_memory_drop_all();
    r->dir = tmpdir_new();
    r->path = tmpdir_file(r->dir, "s.db");
    r->socket = ds_control_path(r->path, scratch);
    fake_clock_init(&r->clock, T0);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->news, NULL);
    r->runs = ds_arena_zalloc(scratch, RIG_RUNS * sizeof(*r->runs));
    rig_route(r, 0, "a");
    r->options = (ds_engine_options){
        .routes = r->route_list,
        .routes_n = 1,
        .clock = &r->clock.clock,
        .pass_ended = rig_heard,
        .to = r,
    };
    rig_store_open(r);
}

static inline void *rig_main(void *arg)
{
    rig *r = arg;
    ds_err err = DS_ERR_INIT;
    bool ok = ds_engine_run(r->engine, &err);

    pthread_mutex_lock(&r->lock);
    r->run_ok = ok;
    r->err = err;
    r->running = false;
    pthread_cond_broadcast(&r->news);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static inline void rig_start(rig *r)
{
    for (size_t i = 0; i < r->options.routes_n; i++)
        rig_settle(r, i);
    r->err = DS_ERR_INIT;
    r->engine = ds_engine_embedded(r->store, &r->options, &r->err);
    if (!r->engine)
        fail_msg("%s", r->err.text);
    for (size_t i = 0; i < r->kinds_n; i++)
        ds_emb_host(r->engine, r->kinds[i]);
    r->running = true;
    if (pthread_create(&r->thread, NULL, rig_main, r) != 0)
        fail_msg("no thread");
}

/* Until ds_engine_run has returned. */
static inline void rig_join(rig *r)
{
    pthread_join(r->thread, NULL);
    if (!r->run_ok)
        fail_msg("%s", r->err.text);
    ds_engine_free(r->engine);
    r->engine = NULL;
}

static inline void rig_stop(rig *r)
{
    ds_engine_stop(r->engine);
    rig_join(r);
}

static inline void rig_end(rig *r)
{
    if (r->engine)
        rig_stop(r);
    ds_store_close(r->store);
    tmpdir_free(r->dir);
    pthread_cond_destroy(&r->news);
    pthread_mutex_destroy(&r->lock);
    alarm(0);
}

static inline void rig_restart(rig *r)
{
    if (r->engine)
        rig_stop(r);
    ds_store_close(r->store);
    rig_store_open(r);
    rig_start(r);
}

/* The n-th pass that ended (from 1), once it has. */
static inline const seen_run *rig_run(rig *r, size_t n)
{
    pthread_mutex_lock(&r->lock);
    while (r->runs_n < n && r->running)
        pthread_cond_wait(&r->news, &r->lock);
    pthread_mutex_unlock(&r->lock);
    if (r->runs_n < n)
        fail_msg("the engine ended after %zu passes, before the %zuth", r->runs_n, n);
    return &r->runs[n - 1];
}

static inline void rig_move(rig *r, int64_t ms)
{
    fake_clock_move(&r->clock, ms);
    ds_emb_wake(r->engine);
}

static inline void rig_outcome(const seen_run *seen, ds_pass_outcome outcome)
{
    if (seen->run.outcome != outcome)
        fail_msg("%s: outcome %d and not %d: %s", seen->unit, (int)seen->run.outcome, (int)outcome,
                 seen->error);
}

static inline int64_t rig_signal_items(rig *r, const char *unit, ds_event_type type,
                                       const char *const *items, size_t n)
{
    ds_event event = {.type = type, .items = items, .items_n = n, .retry_after_ms = -1};
    ds_unit_ref ref = {"a", unit};
    ds_err err = DS_ERR_INIT;
    int64_t units = -1;

    if (!ds_engine_signal(r->engine, &ref, &event, &units, &err))
        fail_msg("%s", err.text);
    return units;
}

static inline int64_t rig_signal(rig *r, const char *unit, ds_event_type type)
{
    return rig_signal_items(r, unit, type, NULL, 0);
}

/* The unit as the store has it; NULL: it does not know it. */
static inline const ds_unit_row *rig_unit(rig *r, const char *route, const char *unit)
{
    ds_err err = DS_ERR_INIT;
    ds_reader *reader = ds_reader_open(r->path, &err);
    ds_unit_row *rows;
    size_t n = 0;

    if (!reader || !ds_reader_units(reader, route, unit, scratch, &rows, &n, &err))
        fail_msg("%s", err.text);
    ds_reader_close(reader);
    return n ? &rows[0] : NULL;
}

static inline void rig_rows(const char *unit, size_t n)
{
    char key[32];

    for (size_t i = 0; i < n; i++) {
        snprintf(key, sizeof(key), "%s-%04zu", unit, i);
        ds_memory_put("from-a", unit, key, "{\"Name\":\"one\"}");
    }
}

#endif
