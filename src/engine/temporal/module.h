/* src/engine/temporal/module.h
 *
 * What the shared object gives out: one table, with the engine on a server, and what commands ask
 * of it.  It is loaded where the configuration names that engine, so that nobody else maps an
 * HTTP/2 library.
 */
#ifndef DS_ENGINE_TEMPORAL_MODULE_H
#define DS_ENGINE_TEMPORAL_MODULE_H

#include "base/temporal.h"
#include "engine/engine.h"
#include "engine/host.h"

#define DS_TEMPORAL_REVISION 5 /* another one: the two are not of one release */
#define DS_TEMPORAL_SYMBOL "ds_temporal_module"

/* Of its address and its version; and what is to be done. */
#define DS_TEMPORAL_TOO_OLD "the server at %s is too old: version %s"
#define DS_TEMPORAL_USE "use a server of version " DS_TEMPORAL_OLDEST " or later"

/* On a server; `ensures`: it also sees to the units of the routes, else it is a worker alone. All
 * that is given outlives it. CONFIG: settings that cannot be used. */
DS_MUST_USE ds_engine *ds_engine_temporal(const ds_engine_host *host, const ds_temporal *settings,
                                          const ds_engine_options *options, bool ensures,
                                          ds_err *err);

/* ---- for commands ---------------------------------------------------------------------------- */

typedef struct ds_client ds_client;

typedef struct ds_remote_unit { /* a unit as its workflow has it, in the caller's arena */
    bool there;                 /* false: it has none that runs */
    const ds_unit *state;
    const char *config; /* what the configuration said of it last; "": nothing yet */
    bool waits;         /* its pass waits for a worker, or a worker has it */
    bool at_work;       /* a worker has it; `pass` as of its last sign of life */
    ds_running pass;
} ds_remote_unit;

typedef struct ds_remote_workers { /* those that have asked for work lately */
    const char **identities;       /* identity.h */
    int64_t *asked_ms;             /* each of them, last, by the server's clock */
    size_t n;
    int64_t pid;            /* of one of this machine; 0: there is none */
    const char *build_id;   /* of one that is versioned, rather of the current; NULL: none is */
    const char *deployment; /* whose version that is */
    const char *current;    /* build id that new work goes to; NULL: workers without one */
    bool served;            /* new work is handed to one of them at least */
} ds_remote_workers;

typedef struct ds_remote_facts {
    const char *version;    /* of the server */
    bool keeps_memos;       /* false: it is older than DS_TEMPORAL_OLDEST; no more is known then */
    int64_t ahead_ms;       /* its clock of ours, or (negative) behind it; 0: not that is known */
    const char *deployment; /* whose versions the build ids are */
    ds_remote_workers workers;
} ds_remote_facts;

typedef struct ds_temporal_table {
    int revision;
    ds_engine *(*engine)(const ds_engine_host *host, const ds_temporal *settings,
                         const ds_engine_options *options, bool ensures, ds_err *err);
    /* For a command: a server that is away fails it within seconds. The settings outlive it. */
    ds_client *(*open)(const ds_temporal *settings, ds_level log_most, bool log_json, int log_fd,
                       ds_err *err);
    void (*close)(ds_client *c);
    /* Units of a route that have a workflow, as the server's lists have them: late by seconds. */
    bool (*names)(ds_client *c, const char *route, ds_arena *a, const char ***units, size_t *n,
                  ds_err *err);
    /* *found false: it has no workflow. */
    bool (*signal)(ds_client *c, const ds_unit_ref *ref, const ds_event *event, bool *found,
                   ds_err *err);
    /* `settled`: once nothing is asked of it, or it waits for a person or its time. */
    bool (*look)(ds_client *c, const ds_unit_ref *ref, bool settled, ds_arena *a,
                 ds_remote_unit *out, ds_err *err);
    /* A workflow with that state; *started false: it has one, which is left alone. */
    bool (*start)(ds_client *c, const ds_unit_ref *ref, const ds_unit *state, bool *started,
                  ds_err *err);
    /* Terminates its workflow, where it has one. */
    bool (*end)(ds_client *c, const ds_unit_ref *ref, const char *reason, ds_err *err);
    bool (*workers)(ds_client *c, ds_arena *a, ds_remote_workers *out, ds_err *err);
    bool (*ask)(ds_client *c, ds_arena *a, ds_remote_facts *out, ds_err *err);
} ds_temporal_table;

#endif
