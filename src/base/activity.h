/* src/base/activity.h - the inside of what connectors are handed. */
#ifndef DS_BASE_ACTIVITY_H
#define DS_BASE_ACTIVITY_H

#include "base/bell.h"
#include "base/clock.h"
#include <durable_sync/activity.h>
#include <stdatomic.h>

/* What an activity recalls and keeps. Called on the activity's thread; its own affair is whether
 * two activities share one. */
typedef struct ds_memory {
    /* `shared`: of all routes, else of the unit. In `a`; NULL: nothing is known. */
    const char *(*recall)(struct ds_memory *memory, bool shared, const char *key, ds_arena *a);
    void (*keep)(struct ds_memory *memory, bool shared, const char *key, const char *value);
    void (*page_begins)(struct ds_memory *memory); /* of a source; NULL: nobody needs to know */
} ds_memory;

typedef struct ds_endpoint_calls {
    const char *endpoint;
    int64_t n;
} ds_endpoint_calls;

#define DS_ENDPOINTS_COUNTED ((size_t)16) /* each by itself; the others are in `calls` only */

struct ds_activity {
    ds_arena *arena; /* borrowed */
    ds_clock *clock;
    const atomic_bool *stop; /* NULL: never */
    const atomic_bool *left; /* nobody waits for the answer any more; NULL: somebody does */
    const ds_bell *stop_bell, *left_bell; /* rung once these are set; NULL: none */
    const _Atomic int64_t *lease_us; /* on the clock's mono_us: later than that somebody else may do
                                      * the same work; NULL: nobody can */
    const char *route, *unit;        /* for warnings */
    ds_haste haste;
    const char *const *wanted; /* names and paths of what is read of the records; NULL: all */
    size_t wanted_n;
    int64_t calls;               /* requests that a connector has counted itself */
    _Atomic int64_t *asked;      /* those of the whole pass, at once; NULL: nobody watches */
    _Atomic int64_t *limited_ms; /* until when a rate limit is sat out; NULL: nobody watches */
    ds_endpoint_calls endpoints[DS_ENDPOINTS_COUNTED]; /* of those, up to the first NULL */
    ds_memory *memory;                                 /* NULL: nothing is known, nothing is kept */
};

/* What was counted, a line for each endpoint, for whoever wants to know (debug). `side`: "source",
 * "destination". */
void ds_activity_log_calls(const ds_activity *act, const char *side);

#endif
