/* src/engine/temporal/module.c - the one name that the shared object gives out. */
#include "engine/temporal/module.h"

#include "engine/temporal/client.h"

extern DS_API const ds_temporal_table ds_temporal_module;

/* The object has a log of its own, which is to look like the program's. */
static ds_engine *engine(const ds_engine_host *host, const ds_temporal *settings,
                         const ds_engine_options *options, bool ensures, ds_err *err)
{
    ds_log_setup(host->log_most, host->log_json, host->log_fd);
    return ds_engine_temporal(host, settings, options, ensures, err);
}

const ds_temporal_table ds_temporal_module = {
    .revision = DS_TEMPORAL_REVISION,
    .engine = engine,
};
