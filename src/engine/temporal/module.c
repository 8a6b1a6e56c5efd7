/* src/engine/temporal/module.c - the one name that the shared object gives out. */
#include "engine/temporal/module.h"

#include "engine/temporal/client.h"
#include "engine/temporal/remote.h"

extern DS_API const ds_temporal_table ds_temporal_module;

/* The object has a log of its own, which is to look like the program's. */
static ds_engine *engine(const ds_engine_host *host, const ds_temporal *settings,
                         const ds_engine_options *options, bool ensures, ds_err *err)
{
    ds_log_setup(host->log_most, host->log_json, host->log_fd);
    return ds_engine_temporal(host, settings, options, ensures, err);
}

static ds_client *open_client(const ds_temporal *settings, ds_level log_most, bool log_json,
                              int log_fd, ds_err *err)
{
    ds_log_setup(log_most, log_json, log_fd);
    return ds_client_open(settings, true, err);
}

const ds_temporal_table ds_temporal_module = {
    .revision = DS_TEMPORAL_REVISION,
    .engine = engine,
    .open = open_client,
    .close = ds_client_close,
    .names = ds_remote_names,
    .signal = ds_remote_signal,
    .look = ds_remote_look,
    .start = ds_remote_start,
    .end = ds_remote_end,
    .workers = ds_remote_workers_of,
    .ask = ds_remote_ask,
};
