/* src/engine/host.h
 *
 * What the program does for an engine that lives in a shared object of its own and only decides: it
 * has the store, the routes and their connectors, and runs passes.  All functions from any thread.
 */
#ifndef DS_ENGINE_HOST_H
#define DS_ENGINE_HOST_H

#include "base/clock.h"
#include "base/log.h"
#include "base/route.h"
#include "flow/unit.h"
#include "sync/pass.h"

#define DS_ENGINE_HOST_REVISION 3 /* another one: the two are not of one release */

typedef struct ds_host_task { /* what a pass is to do */
    const char *route, *unit;
    ds_pass_kind kind;
    const char *const *items; /* TARGETED */
    size_t items_n;
    int64_t since_ms;   /* CHANGES; else -1 */
    int64_t started_ms; /* when the pass began, whoever ran it then */
    bool approved, sweep;
    bool regular; /* nobody but the timer asks for it: put off in quiet hours */
    bool fresh;   /* from the start; else from the checkpoint of the one that was interrupted */
} ds_host_task;

/* While it runs; the engine's. */
typedef struct ds_host_pass {
    atomic_bool stop;         /* unwind soon */
    _Atomic int64_t lease_us; /* on the clock's mono_us: later than that another may be at it */
    ds_progress progress;
    bool begun; /* an earlier attempt came to a checkpoint */
} ds_host_pass;

typedef enum ds_host_end {
    DS_HOST_ENDED,    /* *ended says how, the schedule's times with it */
    DS_HOST_NO_ROUTE, /* of that name in this process's configuration */
    DS_HOST_LOST,     /* another has the unit by now: nothing is to be said of this one */
    DS_HOST_FAILED,   /* *err: the store could not be asked; nothing is known to have ended */
} ds_host_end;

typedef struct ds_host_turn { /* of a unit, by what was decided at one time */
    const char *route, *unit;
    const ds_unit *state; /* behind it */
    bool was_paused, asked_approval;
    bool ended, ended_well; /* a pass */
    const char *base;       /* what it is known by, where it comes again */
} ds_host_turn;

typedef struct ds_engine_host ds_engine_host;

struct ds_engine_host {
    int revision;
    ds_level log_most; /* as the program logs */
    bool log_json;
    int log_fd;
    const ds_route *const *routes;
    size_t routes_n;
    ds_clock *clock;
    const char *own_store; /* a store that no other worker can have, by its path; NULL: it can */
    ds_host_end (*run_pass)(const ds_engine_host *host, const ds_host_task *task,
                            ds_host_pass *pass, ds_arena *a, ds_event *ended, ds_err *err);
    /* The units of a route, in `a`. */
    bool (*list)(const ds_engine_host *host, const ds_route *route, const atomic_bool *stop,
                 ds_arena *a, const char *const **units, size_t *n, ds_err *err);
    /* What the configuration says of a unit of this route, at this time; `units`: of all routes. */
    ds_event (*ensure)(const ds_engine_host *host, const ds_route *route, size_t units);
    /* A unit that its source has, or no longer has: another one may take its rows over. */
    bool (*note_gone)(const ds_engine_host *host, const char *route, const char *unit, bool gone,
                      ds_err *err);
    /* A change of a unit: what there is to tell people of it is durable when this returns, and is
     * told once, also where the same change comes again. TRANSIENT while the store is away. */
    bool (*turned)(const ds_engine_host *host, const ds_host_turn *turn, ds_err *err);
    /* The worker ends: a store that is away is waited for no longer than a few seconds. */
    void (*stopping)(const ds_engine_host *host);
};

#endif
