/* src/engine/temporal/module.h
 *
 * What the shared object gives out: one table, with the engine on a server.  It is loaded where the
 * configuration names that engine, so that nobody else maps an HTTP/2 library.
 */
#ifndef DS_ENGINE_TEMPORAL_MODULE_H
#define DS_ENGINE_TEMPORAL_MODULE_H

#include "base/temporal.h"
#include "engine/engine.h"
#include "engine/host.h"

#define DS_TEMPORAL_REVISION 1 /* another one: the two are not of one release */
#define DS_TEMPORAL_SYMBOL "ds_temporal_module"

/* On a server; `ensures`: it also sees to the units of the routes, else it is a worker alone. All
 * that is given outlives it. CONFIG: settings that cannot be used. */
DS_MUST_USE ds_engine *ds_engine_temporal(const ds_engine_host *host, const ds_temporal *settings,
                                          const ds_engine_options *options, bool ensures,
                                          ds_err *err);

typedef struct ds_temporal_table {
    int revision;
    ds_engine *(*engine)(const ds_engine_host *host, const ds_temporal *settings,
                         const ds_engine_options *options, bool ensures, ds_err *err);
} ds_temporal_table;

#endif
