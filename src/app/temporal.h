/* src/app/temporal.h - the engine on a Temporal server, where that is asked for. */
#ifndef DS_APP_TEMPORAL_H
#define DS_APP_TEMPORAL_H

#include "app/app.h"
#include "engine/common/host.h"
#include "engine/temporal/module.h"

bool ds_app_is_temporal(const ds_app *app);
/* What the engine's object gives out, loaded; NULL with *err. */
DS_MUST_USE const ds_temporal_table *ds_app_temporal_table(const ds_app *app, ds_err *err);
/* Loads the engine and opens it; `host` is the caller's memory and outlives it. */
DS_MUST_USE ds_engine *ds_app_temporal(ds_app *app, ds_store *store,
                                       const ds_engine_options *options, ds_store_host_of *host,
                                       ds_err *err);

#endif
