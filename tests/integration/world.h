/* tests/integration/world.h
 *
 * A directory with a configuration, a real store and real connectors, and a clock that stands still
 * until it is moved: one pass at a time, its result looked at.  For tests of the pass (sync/).
 */
#ifndef TESTS_INTEGRATION_WORLD_H
#define TESTS_INTEGRATION_WORLD_H

#include "base/log.h"
#include "config/config.h"
#include "engine/engine.h"

#include <sqlite3.h>

typedef struct world_clock {
    ds_clock base; /* first */
    int64_t now_ms, mono_us;
    int64_t waited_us; /* by wait_us */
    const ds_progress *progress;
    int64_t shown_ms; /* since when `status` says that the pass waits, in the last wait_us */
} world_clock;

typedef struct world {
    char dir[256];
    int log_fd; /* of the file "log", for ds_log_setup; errors go to stderr else */
    world_clock clock;
    ds_store *store;
    ds_config *config;
    ds_arena *arena; /* results live here */
    atomic_bool stop;
    int64_t slice_ms;
    int64_t since_ms; /* CHANGES; -1 */
    size_t page_records, group_records, intent_records;
    bool approved, sweep;
    const char *unit;         /* "all" */
    ds_pass_kind kind;        /* FULL */
    const char *const *items; /* TARGETED */
    size_t items_n;
    int refuse_commit; /* this one of the next pass's commits fails, as where the store is locked */
    int stop_at_commit; /* at this one of the next pass's commits, which goes well, it is stopped */
    void (*at_commit)(struct world *w); /* ... or this happens right before it; NULL: the stop */
    bool one_thread;                    /* the source is read on the pass's own */
    const _Atomic int64_t *lease_us;    /* of the passes; NULL: for ever */
    bool resume;                        /* the next pass goes on from the last one's checkpoint */
    ds_progress progress;               /* of the passes */
    bool plan_everything;               /* shows what is unchanged, too */
    int plan_most;         /* a plan's reader has seen enough after so many records; 0: never */
    const char *plan_cost; /* of the last plan: "find 1, create 3, 40 ms"; NULL: none was told */
} world;

/* What runs the `transform` of configurations that are read after this; NULL: nothing does. */
extern const ds_transformer *world_transformer;
/* Connectors of the test's own, for configurations that are read after this; NULL: none. */
extern const ds_source_ops *world_source;
extern const ds_destination_ops *world_destination;

world *world_new(void);
void world_free(world *w);
void world_file(world *w, const char *name, const char *text);
/* The routes of the configuration, indented as under `routes:`; replaces the one before. */
void world_config(world *w, const char *routes);
/* A pass of the first route (or the one named). The result's text dies with the next call. */
ds_pass_result world_pass(world *w);
ds_pass_result world_pass_of(world *w, const char *route);
/* From within a pass: its process has died as far as the store can tell. It commits nothing more.
 */
void world_steal(world *w);
/* "total created updated unchanged skipped held" of a pass that ended well; else its outcome and
 * error: "failed: source: ...". */
const char *world_totals(world *w);
const char *world_totals_of(world *w, const char *route);
/* All rows of a query on DIR/out.db: columns joined by '|', rows by '\n'. */
const char *world_sql(world *w, const char *sql);
const char *world_read(world *w, const char *name);
/* Held records of all routes: "key: reason" lines. */
const char *world_held(world *w);
const char *world_path(world *w, const char *name);
/* What a plan says: totals as above and "missing N"; changed properties as "key.Name: from -> to",
 * held records as "key: reason", with plan_everything also "key: why" of what is unchanged. */
const char *world_plan(world *w);

#endif
