/* src/engine/common/host.h - the host of an engine, on a store of this process. */
#ifndef DS_ENGINE_COMMON_HOST_H
#define DS_ENGINE_COMMON_HOST_H

#include "engine/common/notifier.h"
#include "engine/engine.h"
#include "engine/host.h"

typedef struct ds_store_host_of { /* the caller's memory; outlives the engine */
    ds_engine_host host;          /* first */
    ds_store *store;
    const ds_engine_options *options;
    atomic_int running;    /* passes */
    ds_notifier *notifier; /* NULL: nobody is told of anything */
} ds_store_host_of;

void ds_host_init(ds_store_host_of *out, ds_store *store, const ds_engine_options *options);

#endif
