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
    ds_control *control;   /* NULL: none */
} ds_store_host_of;

/* As the options have it: with those who tell people, and where the store is a file with the
 * control socket. */
DS_MUST_USE bool ds_host_open(ds_store_host_of *out, ds_store *store,
                              const ds_engine_options *options, ds_err *err);
void ds_host_close(ds_store_host_of *host); /* fine where it was not opened and is all zero */

#endif
