/* src/app/passes.c - asks the daemon or the workers where there are some, else is the engine itself
 * for a while. */
#include "app/passes.h"

#include "app/live.h"
#include "app/results.h"
#include "app/serve.h"
#include "app/server.h"

static int run_through_daemon(ds_app *app, const ds_live *live, const ds_unit_ref *refs,
                              size_t refs_n, const char *const *items, size_t items_n)
{
    ds_results results;
    ds_err err = DS_ERR_INIT;

    ds_results_begin(&results, app, NULL);

    bool ok = ds_live_once(live, refs, refs_n, items, items_n, ds_results_add, &results, &err);
    int code = ds_results_end(&results, ok ? refs : NULL, ok ? refs_n : 0);

    if (ok)
        return code;
    ds_app_fail(app, &err);
    return err.kind == DS_ERR_CONFIG ? DS_EXIT_USAGE : DS_EXIT_FAILED;
}

static int run_here(ds_app *app, const ds_unit_ref *refs, size_t refs_n, const char *const *items,
                    size_t items_n)
{
    ds_meter meter;
    ds_results results;
    int stopped_by = 0;

    ds_meter_init(&meter, app);
    ds_results_begin(&results, app, &meter);

    ds_serve serve = {
        .once = true,
        .only = refs,
        .only_n = refs_n,
        .items = items,
        .items_n = items_n,
        .meter = &meter,
        .ended = ds_results_add,
        .to = &results,
    };
    int code = ds_serve_run(app, &serve, &stopped_by);
    bool complete = code == DS_EXIT_DONE && !stopped_by;
    int result = ds_results_end(&results, complete ? refs : NULL, complete ? refs_n : 0);

    ds_meter_fini(&meter);
    if (code)
        return code;
    return stopped_by ? 128 + stopped_by : result; /* as a shell reports a signal */
}

int ds_passes_run(ds_app *app, const ds_unit_ref *refs, size_t refs_n, const char *const *items,
                  size_t items_n)
{
    if (ds_app_is_temporal(app))
        return ds_server_passes(app, refs, refs_n, items, items_n);

    ds_live live = ds_live_look(app, true);

    if (live.daemon)
        return run_through_daemon(app, &live, refs, refs_n, items, items_n);
    if (live.holder)
        return ds_app_in_use(app, live.who);
    return run_here(app, refs, refs_n, items, items_n);
}
