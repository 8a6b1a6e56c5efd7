/* src/engine/engine.h
 *
 * The seam of engines: what hosts the pure machines of flow/ durably.  Internal.
 */
#ifndef DS_ENGINE_ENGINE_H
#define DS_ENGINE_ENGINE_H

#include "base/clock.h"
#include "base/notice.h"
#include "base/route.h"
#include "flow/unit.h"
#include "store/store.h"
#include "sync/pass.h"
#include <durable_sync/base.h>
#include <durable_sync/json.h>

typedef struct ds_engine ds_engine;

typedef struct ds_unit_ref { /* ROUTE, ROUTE/UNIT or ROUTE:UNIT */
    const char *route;
    const char *unit; /* NULL: every unit of the route */
} ds_unit_ref;

/* How the engine is, for whoever watches over the process. */
typedef struct ds_health {
    size_t units;   /* those that are gone left out */
    size_t running; /* passes */
    int64_t work;   /* of those: records and calls so far; another number when they get on */
} ds_health;

typedef enum ds_health_why {
    DS_HEALTH_LIVE,    /* the store's units are taken up, the control socket listens */
    DS_HEALTH_CHANGED, /* units or running; told at most once a second */
    DS_HEALTH_PULSE,   /* the engine's thread and the store's writer both answered */
    DS_HEALTH_STOPPING /* it was told to stop, or cannot go on */
} ds_health_why;

typedef struct ds_engine_options {
    const ds_route *const *routes;
    size_t routes_n;
    ds_clock *clock;
    int workers;                        /* pass threads; 0: 4 */
    int64_t slice_ms;                   /* 0: ten minutes */
    size_t page_records, group_records; /* as in ds_pass_in; 0: the usual */
    const char *socket;                 /* path of the control socket; NULL: none */
    /* `once`: serve only this and return when served. NULL and 0: for ever. */
    bool once;
    const ds_unit_ref *only;
    size_t only_n;
    const char *const *items; /* once: a targeted pass of these */
    size_t items_n;
    /* Called on the engine thread when a pass ended (SLICED excepted), for output. */
    void (*pass_ended)(void *to, const ds_run_row *run);
    /* Called about 5 times a second while passes run; for a progress line. May be NULL. */
    void (*tick)(void *to, ds_engine *engine);
    /* Called on the engine thread. May be NULL. While the engine is stopping there is a pulse every
     * few seconds, whatever pulse_ms says. */
    void (*health)(void *to, ds_health_why why, const ds_health *health);
    int64_t pulse_ms;          /* how often there is a pulse; 0: never */
    const ds_notices *notices; /* NULL: nobody is told of anything. Outlives the engine */
    void *to;
} ds_engine_options;

struct ds_running;

/* What an engine is: its own struct begins with a pointer to these. */
typedef struct ds_engine_ops {
    bool (*run)(ds_engine *e, ds_err *err);
    void (*stop)(ds_engine *e);
    void (*free)(ds_engine *e);
    bool (*signal)(ds_engine *e, const ds_unit_ref *ref, const ds_event *event, int64_t *units,
                   ds_err *err);
    size_t (*running)(ds_engine *e, ds_arena *a, const struct ds_running **out);
    /* NULL: it sits out nothing. */
    size_t (*sitting)(ds_engine *e, ds_arena *a, const struct ds_running **out);
} ds_engine_ops;

/* Embedded: on a store that this process holds. */
DS_MUST_USE ds_engine *ds_engine_embedded(ds_store *store, const ds_engine_options *options,
                                          ds_err *err);
/* Until ds_engine_stop, or with `once` until all is served. false: it could not go on at all. */
DS_MUST_USE bool ds_engine_run(ds_engine *e, ds_err *err);
/* From any thread or a signal handler's thread. First call: no new passes, running ones stop at
 * their next checkpoint. Second: at once. */
void ds_engine_stop(ds_engine *e);
void ds_engine_free(ds_engine *e);

DS_AUTO_DEFINE(ds_engine, ds_engine_free)

/* A signal, durable when this returns. *units: how many it reached (0: no such unit). */
DS_MUST_USE bool ds_engine_signal(ds_engine *e, const ds_unit_ref *ref, const ds_event *event,
                                  int64_t *units, ds_err *err);

/* What runs right now. */
typedef struct ds_running {
    const char *route, *unit;
    ds_pass_kind kind;
    int64_t since_ms;
    int64_t done, total; /* total -1: unknown */
    int64_t waiting_ms;  /* waits for its pace; 0: no */
    int64_t limited_ms;  /* until when it sits out a rate limit; 0: it does not */
    int64_t source_calls, destination_calls;
    ds_totals totals;
} ds_running;
size_t ds_engine_running(ds_engine *e, ds_arena *a, const ds_running **out);
/* `once`: whose passes ended at a rate limit that is sat out, until limited_ms, with what they had
 * come to. To be asked within `tick` only. */
size_t ds_engine_sitting(ds_engine *e, ds_arena *a, const ds_running **out);

/* ---- without a daemon: the same signal straight on the store --------------------------------- */

/* Applies the event to the unit's machine in one transaction; a pass that this starts waits for the
 * next daemon. A unit that is not known yet gets it through the inbox once it is. */
DS_MUST_USE bool ds_engine_signal_offline(ds_store *store, const ds_unit_ref *ref,
                                          const ds_event *event, int64_t now_ms, int64_t *units,
                                          ds_err *err);

/* ---- the control socket: what the commands say to a running daemon --------------------------- */

typedef struct ds_control ds_control; /* the daemon's end */

/* For a worker whose store is a file: it changes held records for those who ask, and nothing else,
 * until it is closed. */
DS_MUST_USE ds_control *ds_control_of_worker(ds_store *store, const char *path, ds_err *err);
void ds_control_close(ds_control *c); /* says what is left to say. NULL is fine */

/* The socket's path for a store: PATH.sock, or a short name in the same directory where that is
 * longer than a socket's name may be. */
const char *ds_control_path(const char *store_path, ds_arena *a);

/* All of these: TRANSIENT when nobody listens or the daemon went away in mid-sentence, PERMANENT
 * with the daemon's own words when it refused. */

/* ds_engine_signal through a daemon. */
DS_MUST_USE bool ds_control_signal(const char *socket_path, const ds_unit_ref *ref,
                                   const ds_event *event, int64_t *units, ds_err *err);
/* ds_engine_running through a daemon; *pid is its process. */
DS_MUST_USE bool ds_control_running(const char *socket_path, ds_arena *a, int64_t *pid,
                                    const ds_running **out, size_t *n, ds_err *err);
/* ds_tx_held_retry, _drop or _adopt (`verb`) through a daemon, durable when it returns. */
DS_MUST_USE bool ds_control_held(const char *socket_path, const char *verb, const char *route,
                                 const char *key, const char *id, bool *found, ds_err *err);
/* `once` through a daemon: asks for a pass of every unit named (targeted at `items`, if any) and
 * calls `each` with every pass as it ends, until all have, or until `each` returns false. */
DS_MUST_USE bool ds_control_once(const char *socket_path, const ds_unit_ref *only, size_t only_n,
                                 const char *const *items, size_t items_n,
                                 bool (*each)(void *to, const ds_run_row *run), void *to,
                                 ds_err *err);

/* The bare protocol, one line of JSON each way (its words: engine/embedded/control.c). A call has
 * one answer, in `a`; timeout_ms -1: none. A conversation answers many lines: `each` sees every one
 * and returns false to hang up; it ends with {"end": true}. */
DS_MUST_USE bool ds_control_call(const char *socket_path, const char *request, int64_t timeout_ms,
                                 ds_arena *a, const ds_json **answer, ds_err *err);
DS_MUST_USE bool ds_control_follow(const char *socket_path, const char *request,
                                   bool (*each)(void *to, const ds_json *line), void *to,
                                   ds_err *err);

#endif
