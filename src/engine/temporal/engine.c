/* src/engine/temporal/engine.c
 *
 * The engine that `run` drives: a worker, and on the thread that called it the care for the units:
 * they are listed and ensured at the start and again as their routes say.
 */
#include "engine/temporal/module.h"

#include "base/log.h"
#include "engine/temporal/attributes.h"
#include "engine/temporal/ensure.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSES_USUAL 8
#define HEALTH_MOST_MS DS_MINUTE_MS
#define ALONE_MS (5 * DS_SECOND_MS)       /* between looks whether it still is */
#define ATTRIBUTES_MS (10 * DS_MINUTE_MS) /* between looks whether there are some by now */

typedef struct temporal_engine {
    const ds_engine_ops *ops; /* first */
    ds_client *client;
    ds_worker worker;
    ds_engine_options options;
    bool ensures;
    ds_ensure_route *routes;
    int64_t attributes_ms; /* when to look for search attributes next; mono */
    int64_t alone_ms;      /* and whether it is alone */
    atomic_int stops;
} temporal_engine;

static temporal_engine *of(ds_engine *e)
{
    return (temporal_engine *)(void *)e;
}

/* ---- stopping -------------------------------------------------------------------------------- */

static void stop(ds_engine *engine)
{
    temporal_engine *e = of(engine);

    if (atomic_fetch_add(&e->stops, 1) > 0)
        ds_client_hurry(e->client);
    e->worker.host->stopping(e->worker.host);
    ds_worker_stop(&e->worker);
}

static void worker_failed(ds_worker *w)
{
    w->host->stopping(w->host);
    ds_worker_stop(w);
}

/* ---- how it is ------------------------------------------------------------------------------- */

static void tell_health(temporal_engine *e, ds_health_why why)
{
    ds_health health = {.units = 0};

    if (!e->options.health)
        return;
    pthread_mutex_lock(&e->worker.lock);
    health.running = e->worker.running_n;
    for (const ds_running_pass *run = e->worker.running; run; run = run->next)
        health.work += run->pass.progress.done + run->pass.progress.source_calls +
                       run->pass.progress.destination_calls;
    pthread_mutex_unlock(&e->worker.lock);
    e->options.health(e->options.to, why, &health);
}

/* A service manager that hears nothing would end a worker whose server is away. */
static void worker_waits(ds_worker *w)
{
    tell_health(w->to, DS_HEALTH_PULSE);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static int64_t now_ms(const temporal_engine *e)
{
    return e->worker.host->clock->now_ms(e->worker.host->clock);
}

static int64_t until_next(const temporal_engine *e)
{
    int64_t wait_ms = HEALTH_MOST_MS, now = now_ms(e);

    for (size_t i = 0; e->ensures && i < e->options.routes_n; i++)
        wait_ms = DS_MIN(wait_ms, e->routes[i].next_ms - now);
    if (e->worker.host->own_store)
        wait_ms = DS_MIN(wait_ms, ALONE_MS);
    if (e->options.health && e->options.pulse_ms > 0)
        wait_ms = DS_MIN(wait_ms, e->options.pulse_ms);
    return DS_MAX(wait_ms, 1);
}

static void ensure_due(temporal_engine *e, bool all)
{
    for (size_t i = 0; i < e->options.routes_n; i++) {
        if ((all || e->routes[i].next_ms <= now_ms(e)) && !atomic_load(&e->worker.stopping))
            ds_ensure_units(&e->worker, &e->routes[i]);
    }
}

static bool is_time(const temporal_engine *e, int64_t *next_ms, int64_t every_ms)
{
    int64_t now = e->worker.host->clock->mono_us(e->worker.host->clock) / 1000;

    if (now < *next_ms)
        return false;
    *next_ms = now + every_ms;
    return true;
}

/* A worker that only begins its work is not held up by it: nothing depends on them. */
static void look_for_attributes(temporal_engine *e)
{
    if (is_time(e, &e->attributes_ms, ATTRIBUTES_MS))
        ds_attributes_look(e->client);
}

static void look_for_others(temporal_engine *e)
{
    const char *store = e->worker.host->own_store;
    ds_err err = DS_ERR_INIT;

    if (store && is_time(e, &e->alone_ms, ALONE_MS) &&
        !ds_worker_stays_alone(&e->worker, store, &err))
        ds_worker_give_up(&e->worker, &err);
}

static void log_version(const char *build_id)
{
    char text[512];

    snprintf(text, sizeof(text),
             "nothing is handed to it before its version is the current one: temporal worker "
             "deployment set-current-version --deployment-name %s --build-id %s",
             ds_deployment_name(), build_id);
    ds_log(DS_LOG_INFO, "worker_version", "deployment", ds_deployment_name(), "build_id", build_id,
           "text", text, NULL);
}

static void log_start(const temporal_engine *e)
{
    const ds_temporal *s = ds_client_settings(e->client);

    ds_log(DS_LOG_INFO, "worker_started", "address", s->address, "namespace", s->namespace_,
           "task_queue", s->task_queue, "identity", ds_client_identity(e->client), NULL);
    if (s->build_id)
        log_version(s->build_id);
}

/* *goes false: it was told to stop meanwhile. */
static bool begin_passes(temporal_engine *e, bool *goes, ds_err *err)
{
    const char *store = e->worker.host->own_store;

    *goes = true;
    if (store && (!ds_worker_is_alone(&e->worker, store, goes, err) || !*goes))
        return err->kind == DS_ERR_NONE;
    return ds_worker_begin_passes(&e->worker, err);
}

static bool run(ds_engine *engine, ds_err *err)
{
    temporal_engine *e = of(engine);
    bool ok = true, goes, back = false;

    log_start(e);
    tell_health(e, DS_HEALTH_LIVE);
    goes = ds_worker_knows_server(&e->worker);
    if (goes)
        ok = ds_worker_start(&e->worker, err) && begin_passes(e, &goes, err);
    if (ok && goes) {
        do {
            look_for_others(e);
            look_for_attributes(e);
            if (e->ensures)
                ensure_due(e, back); /* a server that was away may know no unit any more */
            tell_health(e, DS_HEALTH_PULSE);
        } while (ds_worker_rest_until_back(&e->worker, until_next(e), &back));
    }
    tell_health(e, DS_HEALTH_STOPPING);
    ds_worker_stop(&e->worker);
    ds_worker_join(&e->worker);
    if (ok && e->worker.fatal.kind != DS_ERR_NONE) {
        *err = e->worker.fatal;
        return false;
    }
    return ok;
}

/* ---- signals --------------------------------------------------------------------------------- */

static bool send(ds_client *c, const char *id, const ds_event *event, int64_t *units, ds_err *err)
{
    bool found;

    if (!ds_client_tell(c, id, event, &found, err))
        return false;
    *units += found;
    return true;
}

static bool signal_units(ds_engine *engine, const ds_unit_ref *ref, const ds_event *event,
                         int64_t *units, ds_err *err)
{
    temporal_engine *e = of(engine);
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_listed *all;
    size_t n;

    *units = 0;
    if (ref->unit)
        return send(e->client, ds_client_id(e->client, a, ref->route, ref->unit), event, units,
                    err);
    if (!ds_client_list(e->client, ref->route, a, &all, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!send(e->client, all[i].id, event, units, err))
            return false;
    }
    return true;
}

/* ---- what runs here -------------------------------------------------------------------------- */

static ds_running look_at(ds_running_pass *run, ds_arena *a)
{
    ds_progress *p = &run->pass.progress;
    ds_totals totals = {.created = p->created,
                        .updated = p->updated,
                        .unchanged = p->unchanged,
                        .skipped = p->skipped,
                        .held = p->held};

    totals.total =
        totals.created + totals.updated + totals.unchanged + totals.skipped + totals.held;
    return (ds_running){
        .route = ds_arena_strdup(a, run->task.route),
        .unit = ds_arena_strdup(a, run->task.unit),
        .kind = run->task.kind,
        .since_ms = run->task.started_ms,
        .done = p->done,
        .total = p->total,
        .waiting_ms = p->waiting_ms,
        .limited_ms = DS_MAX(p->source_limited_ms, p->destination_limited_ms),
        .source_calls = p->source_calls,
        .destination_calls = p->destination_calls,
        .totals = totals,
    };
}

static size_t running(ds_engine *engine, ds_arena *a, const ds_running **out)
{
    temporal_engine *e = of(engine);
    ds_running *all;
    size_t n = 0;

    pthread_mutex_lock(&e->worker.lock);
    all = ds_arena_alloc(a, (e->worker.running_n + 1) * sizeof(*all));
    for (ds_running_pass *run = e->worker.running; run; run = run->next)
        all[n++] = look_at(run, a);
    pthread_mutex_unlock(&e->worker.lock);
    *out = all;
    return n;
}

/* ---- its life -------------------------------------------------------------------------------- */

static void free_engine(ds_engine *engine)
{
    temporal_engine *e = of(engine);

    ds_client_close(e->client);
    ds_worker_fini(&e->worker);
    free(e->routes);
    free(e);
}

static const ds_engine_ops ops = {
    .run = run,
    .stop = stop,
    .free = free_engine,
    .signal = signal_units,
    .running = running,
};

ds_engine *ds_engine_temporal(const ds_engine_host *host, const ds_temporal *settings,
                              const ds_engine_options *options, bool ensures, ds_err *err)
{
    ds_client *client = ds_client_open(settings, false, err);
    temporal_engine *e;

    if (!client)
        return NULL;
    e = ds_calloc(1, sizeof(*e));
    e->ops = &ops;
    e->client = client;
    e->options = *options;
    e->ensures = ensures;
    e->worker = (ds_worker){.host = host,
                            .client = client,
                            .passes = options->workers > 0 ? options->workers : PASSES_USUAL,
                            .failed = worker_failed,
                            .waits = worker_waits,
                            .to = e};
    ds_worker_init(&e->worker);
    e->routes = ds_calloc(options->routes_n + 1, sizeof(*e->routes));
    for (size_t i = 0; i < options->routes_n; i++)
        e->routes[i].route = options->routes[i];
    return (ds_engine *)(void *)e;
}
