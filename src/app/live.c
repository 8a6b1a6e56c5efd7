/* src/app/live.c - the daemon where one runs, else the store itself. */
#include "app/live.h"

#include "app/server.h"
#include <string.h>
#include <time.h>

#define PATIENCE_STEPS 10
#define PATIENCE_STEP_NS 100000000L /* 0.1 s */

static bool answers(const char *socket, int64_t *pid)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    const ds_running *running;
    size_t n = 0;
    ds_err err = DS_ERR_INIT;

    return ds_control_running(socket, a, pid, &running, &n, &err);
}

static void look_for_holder(const ds_app *app, ds_live *live)
{
    ds_err err = DS_ERR_INIT;
    ds_store_at at;

    live->holder = 0;
    if (ds_app_store(app, &at, &err)) /* else the one who opens it says why */
        live->holder = ds_store_holder_at(&at, app->arena, &live->who);
}

ds_live ds_live_look(const ds_app *app, bool patient)
{
    ds_live live = {.socket = ds_control_path(app->config->store_local, app->arena)};
    int64_t pid = 0;

    /* A daemon is there even where its server is not. */
    if (app->config->store_url && answers(live.socket, &pid)) {
        live.holder = (pid_t)pid;
        live.daemon = true;
        return live;
    }
    look_for_holder(app, &live);
    for (int step = 0; live.holder && step <= (patient ? PATIENCE_STEPS : 0); step++) {
        if (step)
            nanosleep(&(struct timespec){.tv_nsec = PATIENCE_STEP_NS}, NULL);
        look_for_holder(app, &live);
        if (live.holder && answers(live.socket, &pid)) {
            live.daemon = true;
            return live;
        }
    }
    return live;
}

bool ds_live_units(const ds_app *app, const ds_unit_ref *ref, ds_live *live, ds_unit_row **rows,
                   size_t *n, const ds_running **running, size_t *running_n, ds_err *err)
{
    DS_AUTO(ds_reader) reader = NULL;
    int64_t pid = 0;

    if (ds_app_is_temporal(app))
        return ds_server_look(app, ref, live, rows, n, running, running_n, err);
    *live = ds_live_look(app, false);
    *running_n = 0;
    if (live->daemon &&
        !ds_control_running(live->socket, app->arena, &pid, running, running_n, err))
        live->daemon = false; /* it went away between two words: the store still tells */
    reader = ds_app_reader(app, err);
    return reader && ds_reader_units(reader, ref->route, ref->unit, app->arena, rows, n, err);
}

int ds_live_signal(ds_app *app, const ds_unit_ref *ref, const ds_event *event, int64_t *units,
                   bool *daemon)
{
    if (ds_app_is_temporal(app))
        return ds_server_signal(app, ref, event, units, daemon);

    ds_live live = ds_live_look(app, true);
    ds_err err = DS_ERR_INIT;
    int code = DS_EXIT_DONE;

    *daemon = live.daemon;
    if (live.daemon) {
        if (ds_control_signal(live.socket, ref, event, units, &err))
            return DS_EXIT_DONE;
        return ds_app_fail(app, &err);
    }
    if (live.holder)
        return ds_app_in_use(app, live.who);

    DS_AUTO(ds_store) store = ds_app_store_open(app, &code);

    if (!store)
        return code;
    if (!ds_engine_signal_offline(store, ref, event, app->clock->now_ms(app->clock), units, &err))
        return ds_app_fail(app, &err);
    return DS_EXIT_DONE;
}

/* ---- held records ---------------------------------------------------------------------------- */

typedef struct held_job {
    ds_job job;
    const char *verb, *route, *key, *id;
    bool found;
} held_job;

static bool change_held(ds_job *job, ds_tx *tx, ds_err *err)
{
    held_job *h = (held_job *)job;

    if (strcmp(h->verb, "adopt") == 0)
        return ds_tx_held_adopt(tx, h->route, h->key, h->id, &h->found, err);
    if (strcmp(h->verb, "drop") == 0)
        return ds_tx_held_drop(tx, h->route, h->key, &h->found, err);
    return ds_tx_held_retry(tx, h->route, h->key, &h->found, err);
}

int ds_live_held(ds_app *app, const char *verb, const char *route, const char *key, const char *id,
                 bool *found)
{
    ds_live live = ds_live_look(app, true);
    held_job job = {
        .job = {.run = change_held}, .verb = verb, .route = route, .key = key, .id = id};
    ds_err err = DS_ERR_INIT;
    int code = DS_EXIT_DONE;

    if (live.daemon) {
        if (ds_control_held(live.socket, verb, route, key, id, found, &err))
            return DS_EXIT_DONE;
        return ds_app_fail(app, &err);
    }
    if (live.holder)
        return ds_app_in_use(app, live.who);

    DS_AUTO(ds_store) store = ds_app_store_open(app, &code);

    if (!store)
        return code;
    if (!ds_store_do(store, DS_LANE_EVENT, &job.job, &err))
        return ds_app_fail(app, &err);
    *found = job.found;
    return DS_EXIT_DONE;
}

/* ---- once ------------------------------------------------------------------------------------ */

typedef struct listener {
    void (*ended)(void *to, const ds_run_row *run);
    void *to;
} listener;

static bool on_run(void *to, const ds_run_row *run)
{
    const listener *l = to;

    l->ended(l->to, run);
    return true;
}

bool ds_live_once(const ds_live *live, const ds_unit_ref *refs, size_t refs_n,
                  const char *const *items, size_t items_n,
                  void (*ended)(void *to, const ds_run_row *run), void *to, ds_err *err)
{
    listener l = {ended, to};

    return ds_control_once(live->socket, refs, refs_n, items, items_n, on_run, &l, err);
}
