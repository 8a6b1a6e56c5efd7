/* src/engine/temporal/ensure.h
 *
 * Every unit of the configuration has its workflow: started where there is none, told where the
 * configuration says something else by now, and told when its source no longer has it.
 */
#ifndef DS_ENGINE_TEMPORAL_ENSURE_H
#define DS_ENGINE_TEMPORAL_ENSURE_H

#include "engine/temporal/worker.h"

typedef struct ds_ensure_route {
    const ds_route *route;
    int64_t next_ms; /* UTC: when to list it again */
    int64_t failures;
} ds_ensure_route;

/* Lists the route's units and sees to each; sets next_ms. What fails is logged and tried again. */
void ds_ensure_units(ds_worker *w, ds_ensure_route *route);

#endif
