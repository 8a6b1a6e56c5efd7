/* src/app/server_passes.c - `once` and `sync --wait` where workers run the passes. */
#include "app/results.h"
#include "app/server.h"

#include <string.h>

typedef struct awaited {
    ds_unit_ref ref;
    ds_run_row before; /* the last pass of the time before; .route NULL: none */
} awaited;

typedef struct asking {
    ds_app *app;
    ds_server s;
    ds_reader *reader;
    ds_event event;
    ds_results *results;
} asking;

/* ---- what came of it ------------------------------------------------------------------------- */

static bool last_run(const asking *k, const ds_unit_ref *ref, ds_run_row *out, ds_err *err)
{
    ds_run_row *runs;
    size_t n;

    *out = (ds_run_row){.route = NULL};
    if (!ds_reader_runs(k->reader, ref->route, ref->unit, 1, k->app->arena, &runs, &n, err))
        return false;
    if (n > 0)
        *out = runs[0];
    return true;
}

static bool is_new(const awaited *w, const ds_run_row *run)
{
    return run->route && (!w->before.route || run->started_ms != w->before.started_ms ||
                          run->ended_ms != w->before.ended_ms);
}

/* The unit was asked, and no pass of it has ended since. */
static void add_refused(const asking *k, const awaited *w, const ds_remote_unit *found)
{
    int64_t now_ms = k->app->clock->now_ms(k->app->clock);
    const ds_unit *u = found->state;
    ds_run_row run = {
        .route = w->ref.route,
        .unit = w->ref.unit,
        .kind = k->event.items_n ? DS_PASS_TARGETED : DS_PASS_FULL,
        .outcome = DS_PASS_WAITING,
        .started_ms = now_ms,
        .ended_ms = now_ms,
        .error = u && u->last_error ? u->last_error : "it could not begin",
        .error_kind = u ? u->error_kind : NULL,
    };

    if (!found->there || !u || u->gone) {
        run.outcome = DS_PASS_FAILED;
        run.error_kind = "config";
        run.error =
            found->there && u ? "the source no longer has this unit" : "its workflow has ended";
    } else if (u->paused) {
        run.outcome = DS_PASS_PAUSED;
        run.error_kind = "paused";
        run.error =
            u->last_error ? ds_arena_printf(k->app->arena, "paused: %s", u->last_error) : "paused";
    } else if (u->approval) {
        run.outcome = DS_PASS_APPROVAL;
        run.error_kind = "approval";
        run.error = u->approval;
    }
    ds_results_add(k->results, &run);
}

static bool await(const asking *k, const awaited *w, ds_err *err)
{
    ds_remote_unit found;
    ds_run_row run;

    if (!k->s.table->look(k->s.client, &w->ref, true, k->app->arena, &found, err) ||
        !last_run(k, &w->ref, &run, err))
        return false;
    if (is_new(w, &run))
        ds_results_add(k->results, &run);
    else
        add_refused(k, w, &found);
    return true;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool ask_route(const asking *k, const ds_unit_ref *ref, awaited **all, size_t *n,
                      ds_err *err)
{
    const char **names;
    size_t names_n, first = *n;

    if (!ds_server_units(&k->s, ref, &names, &names_n, err))
        return false;
    *all =
        ds_arena_grow(k->app->arena, *all, *n * sizeof(**all), (*n + names_n + 1) * sizeof(**all));
    for (size_t i = 0; i < names_n; i++) {
        awaited *w = &(*all)[*n];
        bool found;

        *w = (awaited){.ref = {ref->route, names[i]}};
        if (!last_run(k, &w->ref, &w->before, err) ||
            !k->s.table->signal(k->s.client, &w->ref, &k->event, &found, err))
            return false;
        *n += found;
    }
    return *n > first || ds_fail(err, DS_ERR_CONFIG,
                                 "%s%s%s has no workflow at %s: `durable-sync run` starts those of "
                                 "the configuration",
                                 ref->route, ref->unit ? "/" : "", ref->unit ? ref->unit : "",
                                 k->app->config->temporal->address);
}

/* Of whoever is there. */
static bool fail_unserved(const asking *k, const ds_remote_workers *w, ds_err *err)
{
    const char *queue = k->app->config->temporal->task_queue;

    if (!w->build_id)
        return ds_fail(
            err, DS_ERR_TRANSIENT,
            "work of task queue %s goes to version %s, and the workers there are of none: "
            "the pass waits for a worker with DURABLE_SYNC_BUILD_ID=%s",
            queue, w->current, w->current);
    return ds_fail(err, DS_ERR_TRANSIENT,
                   "version %s of the workers of task queue %s is not the current one, so that "
                   "nothing is handed to them: the pass waits for `temporal worker deployment "
                   "set-current-version --deployment-name %s --build-id %s`",
                   w->build_id, queue, w->deployment ? w->deployment : "NAME", w->build_id);
}

static bool somebody_works(const asking *k, ds_err *err)
{
    const ds_temporal *t = k->app->config->temporal;
    ds_remote_workers workers;

    if (!k->s.table->workers(k->s.client, k->app->arena, &workers, err))
        return false;
    if (workers.n > 0)
        return workers.served || fail_unserved(k, &workers, err);
    return ds_fail(err, DS_ERR_TRANSIENT,
                   "no worker asks for work of task queue %s at %s: the pass waits for a "
                   "`durable-sync run`",
                   t->task_queue, t->address);
}

static bool ask_all(const asking *k, const ds_unit_ref *refs, size_t refs_n, ds_err *err)
{
    awaited *all = NULL;
    size_t n = 0;

    for (size_t i = 0; i < refs_n; i++) {
        if (!ask_route(k, &refs[i], &all, &n, err))
            return false;
    }
    if (!somebody_works(k, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!await(k, &all[i], err))
            return false;
    }
    return true;
}

int ds_server_passes(ds_app *app, const ds_unit_ref *refs, size_t refs_n, const char *const *items,
                     size_t items_n)
{
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_reader) reader = ds_app_reader(app, &err);
    ds_results results;
    asking k = {.app = app,
                .s.app = app,
                .reader = reader,
                .results = &results,
                .event = {.type = DS_EV_SYNC_NOW,
                          .items = items_n ? items : NULL,
                          .items_n = items_n,
                          .retry_after_ms = -1}};

    ds_results_begin(&results, app, NULL);

    bool ok = reader && ds_server_open(app, &k.s, &err) && ask_all(&k, refs, refs_n, &err);

    ds_server_close(&k.s);

    int code = ds_results_end(&results, ok ? refs : NULL, ok ? refs_n : 0);

    if (ok)
        return code;
    ds_app_fail(app, &err);
    return err.kind == DS_ERR_CONFIG ? DS_EXIT_USAGE : DS_EXIT_FAILED;
}
