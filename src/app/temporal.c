/* src/app/temporal.c
 *
 * From the environment to an engine on a Temporal server.  The engine is an object of its own
 * beside the library, so that nobody else maps what it needs.
 */
#include "app/temporal.h"

#include <stdlib.h>
#include <string.h>

static const char *variable(const char *name, const char *other)
{
    const char *value = getenv(name);

    return value && *value ? value : other;
}

bool ds_app_is_temporal(const ds_app *app)
{
    (void)app;
    return strcmp(variable("DURABLE_SYNC_ENGINE", "embedded"), "temporal") == 0;
}

static void read_settings(ds_app *app, ds_temporal_settings *out)
{
    const char *key = variable("TEMPORAL_API_KEY", NULL);

    *out = (ds_temporal_settings){
        .grpc.address = variable("TEMPORAL_ADDRESS", "localhost:7233"),
        .namespace_ = variable("TEMPORAL_NAMESPACE", "default"),
        .task_queue = variable("DURABLE_SYNC_TASK_QUEUE", "durable-sync"),
        .prefix = "durable-sync",
        .keys = variable("DURABLE_SYNC_ENC_KEY", NULL),
        .build_id = variable("DURABLE_SYNC_BUILD_ID", NULL),
        .deployment = variable("DURABLE_SYNC_DEPLOYMENT_NAME", "durable-sync"),
    };
    out->grpc.namespace_ = out->namespace_;
    out->grpc.tls = key != NULL;
    if (key)
        out->grpc.api_key = ds_secret_new(key, strlen(key));
    (void)app;
}

ds_engine *ds_app_temporal(ds_app *app, ds_store *store, const ds_engine_options *options,
                           ds_app_temporal_options *out, ds_err *err)
{
    const ds_temporal_table *temporal =
        ds_loader_part(app->loader, "temporal.so", DS_TEMPORAL_SYMBOL, err);

    if (!temporal)
        return NULL;
    if (temporal->revision != DS_TEMPORAL_REVISION) {
        ds_fail(err, DS_ERR_CONFIG,
                "temporal.so is of another release; install durable-sync whole");
        return NULL;
    }
    read_settings(app, &out->settings);
    ds_host_init(&out->host, store, options);
    return temporal->engine(&out->host.host, &out->settings, options,
                            !ds_args_flag(app->args, "no-start"), err);
}
