/* src/engine/temporal/settings.h - from the configuration's settings to what a connection and a
 * workflow's id need. */
#ifndef DS_ENGINE_TEMPORAL_SETTINGS_H
#define DS_ENGINE_TEMPORAL_SETTINGS_H

#include "base/temporal.h"
#include "engine/temporal/grpc.h"

/* Borrows from `t`. `fail_fast` as in the options: for commands. */
ds_grpc_options ds_temporal_options(const ds_temporal *t, bool fail_fast);

/* The workflow id of a unit: the prefix, its {route} filled in, and the unit's key. */
const char *ds_temporal_workflow_id(const ds_temporal *t, const char *route, const char *unit,
                                    ds_arena *a);

#endif
