/* src/engine/temporal/worker.h
 *
 * A worker: threads that ask the server for workflow tasks, which are replayed and answered at
 * once, and threads that ask for passes and run them.  No state of a unit outlives a task, so any
 * number of workers share the units, and a worker that dies is missed by nobody for long.
 *
 *   workflow pollers (4)   poll ──► fetch the rest of the history ──► replay ──► answer
 *   pass threads (8)       poll ──► the host runs the pass ──► its end
 *                                   └─ beat: a thread beside it says that it lives
 */
#ifndef DS_ENGINE_TEMPORAL_WORKER_H
#define DS_ENGINE_TEMPORAL_WORKER_H

#include "engine/engine.h"
#include "engine/host.h"
#include "engine/temporal/client.h"
#include "engine/temporal/replay.h"
#include <pthread.h>

#define DS_POLL_WORKFLOW "PollWorkflowTaskQueue"
#define DS_POLL_ACTIVITY "PollActivityTaskQueue"

typedef struct ds_running_pass ds_running_pass;

typedef struct ds_worker {
    const ds_engine_host *host;
    ds_client *client;
    int passes; /* at once */
    atomic_bool stopping;
    atomic_bool refused; /* it refuses polls, and that has been said */
    atomic_bool lost;    /* a poll lost its connection or was refused; none answered since */
    bool back;           /* under `lock`: one has; the server may have lost what it knew of units */
    /* for the engine */
    void (*failed)(struct ds_worker *w); /* `fatal` is set: nothing more can come of it */
    void (*waits)(struct ds_worker *w);  /* its thread, for the server at the start: it lives */
    void *to;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    ds_err fatal;
    ds_running_pass *running; /* under `lock` */
    size_t running_n;
    int64_t alone_ms; /* alone.c: since when it has asked for passes, by the server's clock */
    atomic_bool clock_told;
    pthread_t *threads;
    int threads_n;
} ds_worker;

void ds_worker_init(ds_worker *w);
/* Waits until the server has said what it is. False: the worker ends, before that or since the
 * server is too old. */
DS_MUST_USE bool ds_worker_knows_server(ds_worker *w);
/* Starts its threads for workflow tasks, */
DS_MUST_USE bool ds_worker_start(ds_worker *w, ds_err *err);
/* and those for passes. */
DS_MUST_USE bool ds_worker_begin_passes(ds_worker *w, ds_err *err);
/* alone.c: of a worker that has started and whose store is a file of its own: waits for the server,
 * and for up to DS_POLL_MS and a bit where another was there lately. CONFIG: another one lives.
 * *alone false: it was told to stop before that was known. */
DS_MUST_USE bool ds_worker_is_alone(ds_worker *w, const char *store, bool *alone, ds_err *err);
/* alone.c: of one that runs passes. One whose store is shared may come any time, and cannot know
 * of the file: whoever has that leaves. CONFIG: there is one. */
DS_MUST_USE bool ds_worker_stays_alone(ds_worker *w, const char *store, ds_err *err);
/* It ends with this error, unless there is one before it. From any thread. */
void ds_worker_give_up(ds_worker *w, const ds_err *err);
/* No new tasks; passes stop at their next checkpoint and go on elsewhere. Polls for passes end by
 * themselves, within seconds, and what one still brings is handed over unbegun. */
void ds_worker_stop(ds_worker *w);
/* Waits that long, or until the worker stops: false. */
bool ds_worker_rest(ds_worker *w, int64_t ms);
/* The same, but no longer than until the server is *back. */
bool ds_worker_rest_until_back(ds_worker *w, int64_t ms, bool *back);
void ds_worker_join(ds_worker *w);
void ds_worker_fini(ds_worker *w);

/* ---- one task (wftask.c) --------------------------------------------------------------------- */

/* Answers it, in whatever way it can be. `task` is one poll's answer, with a token. */
void ds_worker_task(ds_worker *w, Ds__PollWorkflowTaskQueueResponse *task, ds_arena *a);

/* ---- one pass (pass_run.c) ------------------------------------------------------------------- */

void ds_worker_pass(ds_worker *w, Ds__PollActivityTaskQueueResponse *task, ds_arena *a);
/* Under `lock`. */
void ds_running_passes_stop(ds_worker *w);

struct ds_running_pass {
    ds_running_pass *next;
    ds_worker *worker;
    ds_host_task task;
    ds_host_pass pass;
};

/* ---- the sign of life of a pass (beat.c) ----------------------------------------------------- */

typedef struct ds_beat ds_beat;

/* Beats until ds_beat_stop. The token is borrowed. `got_us`: when the task was received, on the
 * host's mono_us. */
DS_MUST_USE ds_beat *ds_beat_start(ds_running_pass *run, ProtobufCBinaryData token,
                                   int64_t timeout_ms, int64_t got_us, ds_err *err);
typedef struct ds_beaten {
    bool cancelled; /* the workflow wants it to stop */
    bool lost;      /* the server has given it to another, or its workflow is gone */
} ds_beaten;
ds_beaten ds_beat_look(ds_beat *b);
void ds_beat_stop(ds_beat *b); /* NULL is fine */
/* What each beat carries: how far the pass is. */
Ds__Payloads *ds_beat_details(ds_running_pass *run, ds_arena *a);

#endif
