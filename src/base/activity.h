/* src/base/activity.h - the inside of what connectors are handed. */
#ifndef DS_BASE_ACTIVITY_H
#define DS_BASE_ACTIVITY_H

#include "base/clock.h"
#include <durable_sync/activity.h>
#include <stdatomic.h>

struct ds_activity {
    ds_arena *arena; /* borrowed */
    ds_clock *clock;
    const atomic_bool *stop;  /* NULL: never */
    const atomic_bool *left;  /* nobody waits for the answer any more; NULL: somebody does */
    const char *route, *unit; /* for warnings */
};

#endif
