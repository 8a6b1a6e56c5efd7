/* src/app/cmd_run.c - the daemon: every unit by its interval, until told to stop. */
#include "app/commands.h"
#include "app/live.h"
#include "app/serve.h"
#include "base/log.h"
#include <durable_sync/durable_sync.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct number { /* an integer as a log value */
    char text[24];
} number;

static number number_of(int64_t value)
{
    number n;

    snprintf(n.text, sizeof n.text, "%" PRId64, value);
    return n;
}

static void log_pass(void *to, const ds_run_row *run)
{
    const ds_totals *t = &run->totals;
    bool bad = run->outcome == DS_PASS_FAILED || run->outcome == DS_PASS_PAUSED;
    char unit[512];

    (void)to;
    snprintf(unit, sizeof unit, "%s:%s", run->route, run->unit);
    ds_log(bad ? DS_LOG_ERROR : DS_LOG_INFO, bad ? "pass_failed" : "pass_done", "unit", unit,
           "kind", ds_pass_kind_name(run->kind), "outcome", ds_pass_outcome_name(run->outcome),
           "total", number_of(t->total).text, "created", number_of(t->created).text, "updated",
           number_of(t->updated).text, "unchanged", number_of(t->unchanged).text, "skipped",
           number_of(t->skipped).text, "held", number_of(t->held).text, "ms",
           number_of(run->ended_ms - run->started_ms).text, run->error ? "error" : NULL, run->error,
           NULL);
}

int ds_cmd_run(ds_app *app)
{
    int stopped_by = 0;
    int code = ds_app_config(app);

    if (code)
        return code;

    pid_t holder = ds_store_holder(app->config->store_path);

    if (holder)
        return ds_app_in_use(app, holder);
    if (app->config->routes_n == 0)
        return ds_app_refuse(app, "%s has no routes: there is nothing to run", app->config->path);

    ds_serve serve = {.ended = log_pass};

    ds_log(DS_LOG_INFO, "run_started", "version", ds_version(), "config", app->config->path,
           "store", app->config->store_path, "routes",
           number_of((int64_t)app->config->routes_n).text, "pid", number_of(getpid()).text, NULL);
    code = ds_serve_run(app, &serve, &stopped_by);
    ds_log(DS_LOG_INFO, "run_stopped", "signal", stopped_by ? sigabbrev_np(stopped_by) : "none",
           NULL);
    return code;
}
