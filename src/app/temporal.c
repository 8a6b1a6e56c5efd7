/* src/app/temporal.c
 *
 * From the configuration to an engine on a Temporal server.  The engine is an object of its own
 * beside the library, so that nobody else maps what it needs.
 */
#include "app/temporal.h"

bool ds_app_is_temporal(const ds_app *app)
{
    return app->config->temporal != NULL;
}

const ds_temporal_table *ds_app_temporal_table(const ds_app *app, ds_err *err)
{
    const ds_temporal_table *temporal =
        ds_loader_part(app->loader, "temporal.so", DS_TEMPORAL_SYMBOL, err);

    if (temporal && temporal->revision != DS_TEMPORAL_REVISION) {
        ds_fail(err, DS_ERR_CONFIG,
                "temporal.so is of another release; install durable-sync whole");
        return NULL;
    }
    return temporal;
}

ds_engine *ds_app_temporal(ds_app *app, ds_store *store, const ds_engine_options *options,
                           ds_store_host_of *host, ds_err *err)
{
    const ds_temporal_table *temporal = ds_app_temporal_table(app, err);

    if (!temporal || !ds_host_open(host, store, options, err))
        return NULL;
    return temporal->engine(&host->host, app->config->temporal, options,
                            !ds_args_flag(app->args, "no-start"), err);
}
