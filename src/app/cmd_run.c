/* src/app/cmd_run.c - the daemon: every unit by its interval, until told to stop. */
#include "app/commands.h"
#include "app/live.h"
#include "app/serve.h"
#include "app/temporal.h"
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

static int run(ds_app *app, ds_service *service)
{
    int stopped_by = 0;
    int code = ds_app_config_to_run(app);

    if (code)
        return code;

    if (ds_args_flag(app->args, "no-start") && !ds_app_is_temporal(app))
        return ds_app_refuse(app, "--no-start is for workers of engine temporal, and this "
                                  "configuration's engine is embedded");

    const char *who = ds_app_holder(app);

    if (who)
        return ds_app_in_use(app, who);
    if (app->config->routes_n == 0)
        return ds_app_refuse(app, "%s has no routes: there is nothing to run", app->config->path);

    ds_serve serve = {.service = service};

    ds_log(DS_LOG_INFO, "run_started", "version", ds_version(), "config", app->config->path,
           "store", app->config->store_path, DS_LOG_INT("routes"),
           number_of((int64_t)app->config->routes_n).text, DS_LOG_INT("pid"),
           number_of(getpid()).text, NULL);
    code = ds_serve_run(app, &serve, &stopped_by);
    ds_log(DS_LOG_INFO, "run_stopped", "signal", stopped_by ? sigabbrev_np(stopped_by) : "none",
           NULL);
    return code;
}

/* The service manager's variables are taken before the configuration may start commands. */
int ds_cmd_run(ds_app *app)
{
    ds_service service;

    ds_service_open(&service);

    int code = run(app, &service);

    ds_service_close(&service);
    return code;
}
