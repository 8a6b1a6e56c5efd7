/* src/engine/embedded/internal.h - what the files of this folder share.
 *
 * Who does what.  Every change of a machine is a *step*: events go in, the pure machine decides,
 * state and activity are saved, all inside one transaction on the store's writer (steps.c).  A unit
 * is one kind of machine; the engine hosts others beside it (ds_machine_kind).  Steps that belong
 * together make one *activation*.  Once it is durable it comes back to the engine thread as
 * a note, and only then are its actions carried out.  Notes arrive in the order of the commits.
 *
 *   any thread ──activation──► store's writer ──note──► engine thread ──work──► pool of threads
 *                                                            ▲                        │
 *                                                            └────────── note ────────┘
 *
 * The engine thread alone owns the units below; `lock` is for others that look at them.
 */
#ifndef DS_ENGINE_EMBEDDED_INTERNAL_H
#define DS_ENGINE_EMBEDDED_INTERNAL_H

#include "base/queue.h"
#include "engine/common/units.h"
#include "engine/engine.h"
#include "schedule/schedule.h"
#include <pthread.h>
#include <stdatomic.h>

#define DS_EMB_WORKERS 4
#define DS_EMB_SLICE_MS (10 * DS_MINUTE_MS)
#define DS_EMB_DUE_MAX 256              /* machines of a kind in one activation of timers */
#define DS_EMB_SET_BACK_MS DS_MINUTE_MS /* of the clock; less than that, the timers just wait */

typedef struct ds_emb_unit ds_emb_unit;
typedef struct ds_emb_route ds_emb_route;
typedef struct ds_emb_pass ds_emb_pass;
typedef struct ds_follow ds_follow;
typedef struct ds_pool ds_pool;

/* ---- notes to the engine thread -------------------------------------------------------------- */

typedef struct ds_note {
    ds_message message; /* first */
    /* On the engine thread; both own the note. `drop` when the engine is taken down. */
    void (*read)(ds_engine *e, struct ds_note *note);
    void (*drop)(struct ds_note *note);
} ds_note;

/* ---- machines and their steps (steps.c) ------------------------------------------------------ */

typedef struct ds_activation ds_activation;
typedef struct ds_machine_kind ds_machine_kind;

typedef struct ds_step { /* first member of each kind's own step */
    const ds_machine_kind *kind;
    int64_t id; /* of the machine; 0: the kind's step names it in another way */
    bool hold;  /* applies the events and starts nothing */
    /* out */
    bool found;      /* there is such a machine, and the step was meant for it */
    int64_t wake_ms; /* 0: no timer */
} ds_step;

/* What the engine must know of a kind of machine; its states are the kind's own affair.  The first
 * four run on the store's writer, one after the other, inside the step's transaction. */
struct ds_machine_kind {
    const char *name; /* in the store */
    /* Reads the machine, makes it where the step asks for that, and sets `found`. */
    bool (*find)(ds_step *step, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err);
    bool (*apply)(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err);
    void (*decide)(ds_step *step, ds_engine *e, int64_t now_ms); /* sets `wake_ms` */
    bool (*save)(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_err *err);
    /* On the engine thread, once the step is durable and where it was `found`. */
    void (*carry_out)(ds_engine *e, ds_activation *act, const ds_step *step);
    /* Adds the step of a machine whose time has come. */
    void (*add_timer)(ds_activation *act, int64_t id);
    /* When the engine starts. NULL: what is due says it all. */
    bool (*take_up)(ds_engine *e, ds_err *err);
};

/* From its start on (ds_engine_run) the engine takes the steps of this kind's machines too; their
 * `hold` is set while nothing may start. Machines of a kind that is not hosted are left alone. */
void ds_emb_host(ds_engine *e, const ds_machine_kind *kind);

struct ds_activation {
    ds_note note; /* first */
    ds_job job;
    ds_engine *engine;
    ds_arena *arena; /* everything below lives in it */
    ds_step **steps;
    size_t steps_n, steps_cap;
    bool starts_engine; /* from now on signals may start passes */
    bool takes_due;     /* steps are made for the machines that are due */
    /* Steps are made for all of its machines that have a timer, due or not; NULL: no. */
    const ds_machine_kind *takes_all_of;
    int64_t next_due_ms;    /* takes_due, takes_all_of: the earliest after those; 0: none */
    const char *inbox_of;   /* the route whose inbox every step is given; NULL: none */
    const char *unknown_to; /* signal: units that are not there get it through this route's inbox */
    bool retries;           /* the engine's own: tried again while the store is locked */
    bool pulse;             /* nothing but a question whether the writer answers */
    int64_t reached;        /* steps that found their machine */
    ds_emb_pass *pass;      /* whose end this is; NULL: none */
    ds_follow *follow;      /* who waits for the passes that this starts (opened); NULL: nobody */
    bool failed;
    ds_err err;
    /* On the writer thread once the outcome is certain; NULL: nobody waits. */
    void (*answer)(struct ds_activation *act, void *to);
    void *answer_to;
};

ds_activation *ds_activation_new(ds_engine *e);
void ds_activation_add(ds_activation *act, ds_step *step); /* it lives in the arena */
void ds_activation_submit(ds_activation *act);
void ds_activation_free(ds_activation *act);
/* Reads an activation's note: carries out what its steps decided. */
void ds_activation_read(ds_engine *e, ds_note *note);
/* One step. Without an engine (`e` NULL) it must hold. */
DS_MUST_USE bool ds_step_take(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_arena *a,
                              ds_err *err);

/* ---- steps of units (unit_step.c) ------------------------------------------------------------ */

typedef struct ds_unit_step {
    ds_step step; /* first; without an id the unit is known by route and name */
    const char *route, *unit;
    const ds_event *events;
    size_t events_n;
    const ds_event *own; /* its events without those from the route's inbox; NULL: none came */
    size_t own_n;
    bool ensure;           /* the first event is ENSURE: makes the unit, reads its inbox */
    bool died;             /* if a pass is under way, the process under it has died */
    bool asked;            /* the activation's follower asks for this one */
    const ds_run_row *run; /* a pass that ended, for the history */
    int64_t epoch;         /* of that pass: another one makes the step void */
    /* out */
    ds_unit_row *row; /* as saved */
    bool added, start, go_on, cancel, was_running;
    bool was_paused, asked_approval;     /* before its events */
    int64_t notices[DS_NOTICE_CHANNELS]; /* machines that have something to send; 0: none */
} ds_unit_step;

extern const ds_machine_kind ds_unit_kind;

ds_unit_step *ds_unit_step_add(ds_activation *act, ds_unit_step made);
/* Gives every unit of the activation what waits for its whole route. */
DS_MUST_USE bool ds_unit_steps_inbox(ds_activation *act, ds_tx *tx, ds_err *err);
/* Keeps the events of a unit that is not there for the day it is. */
DS_MUST_USE bool ds_unit_step_keep(const ds_activation *act, const ds_step *step, ds_tx *tx,
                                   int64_t now_ms, ds_err *err);
ds_event ds_sync_event(const char *const *items, size_t items_n); /* none: everything */
const ds_event *ds_event_copy(const ds_event *event, ds_arena *a);

/* ---- what people are told (notices.c) ---------------------------------------------------------
 */

typedef struct ds_notice_send ds_notice_send;

typedef struct ds_emb_channel {
    ds_notice_channel *channel;
    ds_pool *pool; /* of one thread: what leaves by this way leaves one by one */
    bool failed;   /* the last try */
} ds_emb_channel;

extern const ds_machine_kind ds_notice_kind;

/* Makes the channels' threads, and hosts the kind. */
DS_MUST_USE bool ds_notices_open(ds_engine *e, ds_err *err);
/* All that waits is sent without waiting for its next try's time. */
void ds_notices_take_up(ds_engine *e);
void ds_notices_stop(ds_engine *e);  /* what is on its way comes to its end soon */
void ds_notices_close(ds_engine *e); /* waits for it */
void ds_notices_free(ds_engine *e);
/* Within a unit's step: what there is to tell goes into the store with it. */
DS_MUST_USE bool ds_notices_record(ds_unit_step *s, ds_engine *e, ds_tx *tx, int64_t now_ms,
                                   ds_err *err);
/* Once that is durable. */
void ds_notices_recorded(ds_engine *e, const ds_unit_step *s);

/* ---- units and routes (units.c, listing.c) --------------------------------------------------- */

typedef struct ds_waiting { /* a follower waits for a pass of this unit */
    struct ds_waiting *next;
    ds_follow *follow;
    int64_t target; /* the unit's start that serves it */
} ds_waiting;

struct ds_emb_unit {
    int64_t id;
    ds_emb_route *route;
    char *name;
    ds_emb_unit *next_of_route;
    ds_emb_unit *next_by_id, *next_by_name;
    ds_emb_pass *pass; /* from its start until its end is recorded; NULL: none */
    int64_t starts;    /* passes started since the engine runs */
    ds_waiting *waiting;
    int64_t goes_on_ms; /* `once`: when a rate limit is over that is sat out; 0: none is */
    int64_t waited_at;  /* records handled when one was sat out last, and calls made */
    int64_t waited_source_calls, waited_destination_calls;
    int barren; /* so often in a row that brought nothing */
    bool listed, gone;
};

/* A destination that several routes write to and that does not meet rows by key itself: two passes
 * at once would both look for a row in vain, and both make it. Units of one route may: whose a key
 * is the store says. */
typedef struct ds_emb_share {
    const ds_emb_route *writing; /* the route whose passes are at work; NULL: none is */
    size_t passes;               /* of them */
    const ds_emb_route *first;   /* in line, while somebody looks along it */
    const ds_emb_route *wrote;   /* last */
    int64_t shows_ms, lag_ms;    /* not before then are all the rows seen that it has made */
} ds_emb_share;

struct ds_emb_route {
    const ds_route *route;
    ds_emb_share *share; /* with the other routes there; NULL: it is alone */
    ds_emb_unit *units;
    size_t units_n;
    size_t at_work;           /* threads of the pool that work for it */
    size_t waiting_n;         /* works that wait for one */
    bool listing;             /* being listed now */
    bool list_well;           /* the store knows that it went well the last time */
    bool listed;              /* once, since the engine runs */
    int64_t list_ms;          /* when to list again; 0: never */
    int64_t planned_ms;       /* the begin by cron that the next listing is for; 0: none */
    int64_t list_failures;    /* in a row */
    const ds_unit_ref **refs; /* `once`: what is asked of it */
    size_t refs_n;
};

typedef struct ds_emb_table { /* units by id and by name */
    ds_emb_unit **by_id, **by_name;
    size_t slots, n;
} ds_emb_table;

ds_emb_route *ds_emb_route_named(ds_engine *e, const char *name); /* NULL: none */
ds_emb_unit *ds_emb_unit_by_id(ds_engine *e, int64_t id);
ds_emb_unit *ds_emb_unit_named(ds_engine *e, const ds_emb_route *route, const char *name);
ds_emb_unit *ds_emb_unit_add(ds_engine *e, ds_emb_route *route, int64_t id, const char *name);
void ds_emb_unit_is_gone(ds_engine *e, ds_emb_unit *unit, bool gone);
void ds_emb_units_free(ds_engine *e);
bool ds_emb_asked_for(const ds_emb_route *route, const char *unit); /* by `once` */
/* Reads the store's units, takes up what was interrupted, and makes the engine live. */
DS_MUST_USE bool ds_emb_take_up(ds_engine *e, ds_err *err);
void ds_emb_list(ds_engine *e, ds_emb_route *route);
void ds_emb_list_due(ds_engine *e, int64_t now_ms);
/* When to list a route again that was listed now. */
int64_t ds_emb_list_next(const ds_emb_route *route, int64_t now_ms);

/* ---- work on the pool (pool.c, work.c, passes.c) --------------------------------------------- */

typedef struct ds_task {
    struct ds_task *next;
    void (*run)(struct ds_task *task);
} ds_task;

/* The first thread is started at once, for one there must be; the others as they are needed. */
DS_MUST_USE ds_pool *ds_pool_new(int threads, ds_err *err);
void ds_pool_put(ds_pool *pool, ds_task *task);
void ds_pool_free(ds_pool *pool); /* waits for all tasks */

typedef struct ds_work { /* first member of passes and listings */
    ds_task task;        /* first */
    ds_note note;
    struct ds_work *next;
    ds_engine *engine;
    ds_emb_route *route;
    bool writes; /* a pass */
} ds_work;

static inline ds_work *ds_work_of(ds_note *note)
{
    return (ds_work *)(void *)((char *)note - offsetof(ds_work, note));
}

/* Waits its turn for a thread; its `task.run` ends with ds_work_done. */
void ds_work_add(ds_engine *e, ds_work *work, ds_emb_route *route);
void ds_work_done(ds_work *work); /* on the pool's thread: the note goes to the engine */
void ds_work_dispatch(ds_engine *e);
void ds_work_find_shares(ds_engine *e);              /* which routes write by turns */
void ds_work_shows_after(ds_work *work, int64_t ms); /* what it has written; after ds_work_ended */
int64_t ds_work_next_turn(const ds_engine *e);       /* when to dispatch again; 0: never */
/* Called first by the note's reader. */
void ds_work_ended(ds_work *work);
void ds_work_drop_waiting(ds_engine *e);

struct ds_emb_pass {
    ds_work work;               /* first */
    ds_emb_pass *next, *before; /* among all that run; under `lock` */
    ds_emb_unit *unit;
    ds_arena *arena; /* items, names */
    int64_t epoch, start, started_ms;
    ds_pass_in in;
    ds_pass_result result;
    const char *const *due; /* keys of held records that a changes pass had no reason to meet */
    size_t due_n;
    ds_progress progress;
    atomic_bool stop;
    ds_bell stop_bell;
    ds_run_row run;
};

void ds_emb_pass_begin(ds_engine *e, ds_emb_unit *unit, const ds_unit_row *row);
/* Tells, and frees it. `counted` false: the unit belongs to another pass by now. */
void ds_emb_pass_recorded(ds_engine *e, ds_emb_pass *pass, bool counted);
void ds_emb_pass_stop(ds_emb_pass *pass); /* at the next record, at once where it waits */
void ds_emb_passes_stop(ds_engine *e);
size_t ds_emb_running(ds_engine *e, ds_arena *a, const ds_running **out);

/* ---- who waits for passes (follow.c) --------------------------------------------------------- */

struct ds_follow {
    ds_follow *next;
    uint64_t client; /* of the control socket; 0: this process's own `once` */
    size_t open;     /* passes and listings still waited for */
    bool targeted;
};

ds_follow *ds_follow_new(ds_engine *e, uint64_t client, bool targeted);
void ds_follow_opened(ds_follow *f);
void ds_follow_closed(ds_engine *e, ds_follow *f); /* the last one ends it */
/* After the step's actions were carried out. */
void ds_follow_step(ds_engine *e, ds_follow *f, ds_emb_unit *unit, const ds_unit_step *step);
/* After a step's actions: nothing runs that somebody could wait for. */
void ds_follow_unserved(ds_engine *e, ds_emb_unit *unit, const ds_unit_step *step);
/* That `run` ends what a follower of this unit waits for. */
bool ds_follow_serves(const ds_engine *e, const ds_emb_unit *unit, const ds_emb_pass *pass);
/* A rate limit has ended the pass that is so short that those who wait for it go on waiting. */
size_t ds_follow_sitting(ds_engine *e, ds_arena *a, const ds_running **out);
bool ds_follow_outwaits(const ds_engine *e, const ds_emb_pass *pass);
void ds_follow_pass(ds_engine *e, ds_emb_unit *unit, const ds_emb_pass *pass);
/* A pass that there is none of: `text` says why. unit NULL: the route as a whole. */
void ds_follow_refused(ds_engine *e, ds_follow *f, const char *route, const char *unit,
                       ds_pass_outcome outcome, const char *kind, const char *text);
void ds_follow_end_all(ds_engine *e);
/* A client of the control socket wants a pass of these, and to hear of its end. */
void ds_follow_ask(ds_engine *e, uint64_t client, const ds_unit_ref *only, size_t only_n,
                   const ds_event *event);

/* ---- the control socket (control.c, requests.c) ---------------------------------------------- */

/* Binds at once, so that its errors are the start's; serves on a thread of its own. For all but
 * open NULL is fine: there is no socket. */
DS_MUST_USE ds_control *ds_control_open(ds_engine *e, const char *path, ds_err *err);
DS_MUST_USE bool ds_control_start(ds_control *c, ds_err *err);
void ds_control_stop(ds_control *c); /* hears nobody any more */
/* To a client that follows, if it is still there. */
void ds_control_run(ds_control *c, uint64_t client, const ds_run_row *run);
void ds_control_end(ds_control *c, uint64_t client);

/* ---- signals (signal.c) ---------------------------------------------------------------------- */

/* An activation that gives one event to a unit, or to all of a route; NULL: no such route. */
DS_MUST_USE bool ds_emb_signal(ds_engine *e, const ds_unit_ref *ref, const ds_event *event,
                               int64_t *units, ds_err *err);
ds_activation *ds_signal_new(ds_engine *e, const ds_unit_ref *ref, const ds_event *event);
/* false: the route has no use for it. */
DS_MUST_USE bool ds_signal_fits(ds_engine *e, const ds_unit_ref *ref, const ds_event *event,
                                ds_err *err);

/* ---- the system's clock (clock_watch.c) ------------------------------------------------------ */

/* A descriptor that can be read once the clock was set, or the machine has slept; -1: there is no
 * such thing here. A sleep is measured by another clock and would not end in time. */
int ds_clock_watch_open(void);
void ds_clock_watch_again(int fd); /* after it could be read */

/* ---- who watches over us (health.c) ---------------------------------------------------------- */

typedef struct ds_emb_health {
    bool live, stopping;   /* told */
    size_t units, running; /* as told last */
    int64_t told_ms;       /* when; the clock that nobody can set */
    bool pulsing;          /* the writer is being asked */
    int64_t pulsed_ms;     /* when it was asked last; 0: never */
} ds_emb_health;

void ds_emb_health_look(ds_engine *e); /* once in each turn of the loop */
/* In how many ms there is something to look at; -1: nothing to wait for. */
int64_t ds_emb_health_wait(const ds_engine *e);
void ds_emb_health_answered(ds_engine *e); /* by the writer */

/* ---- the engine (engine.c) ------------------------------------------------------------------- */

struct ds_engine {
    const ds_engine_ops *ops; /* first */
    ds_store *store;
    ds_engine_options options;
    ds_clock *clock;
    const char *store_id;
    int workers;
    ds_emb_route *routes;
    size_t routes_n;
    ds_emb_share *shares; /* [routes_n] */
    const ds_machine_kind **kinds;
    size_t kinds_n;

    ds_queue *notes;
    atomic_size_t in_flight; /* activations whose note has not been read yet */
    atomic_bool live;        /* units are taken up: steps may start passes */
    atomic_int stops;        /* how often it was asked to stop */
    bool count_again;        /* the clock was set back while activations were under way */
    atomic_bool stopping;    /* read by steps and listings */
    ds_bell stop_bell;
    ds_note wake; /* the stop's own note: one is enough */
    atomic_bool waking;

    pthread_mutex_t lock; /* for readers of units and passes on other threads */
    ds_emb_table table;
    ds_emb_pass *passes;
    size_t gone_n, passes_n; /* of these; the engine thread's */

    ds_pool *pool;
    ds_work *waiting, **waiting_end; /* for a thread */
    size_t waiting_n;
    size_t at_work; /* threads */
    bool worked;    /* since it last came to rest */

    bool taking_due;
    int64_t due_ms;            /* earliest timer of a machine; 0: none */
    int64_t utc_ms, steady_ms; /* both clocks when the timers were looked at last */
    ds_follow *follows;
    ds_follow *own;        /* of `once` */
    ds_unit_ref *all_refs; /* of `once` that names nothing: every route */
    ds_control *control;
    ds_emb_channel channels[DS_NOTICE_CHANNELS];
    size_t channels_n;
    ds_notice_send *sends; /* from their start until their outcome is recorded */
    size_t sending;        /* of those: still on their way */
    atomic_bool stop_sends;
    ds_emb_health health;
    ds_err fatal;
};

int64_t ds_emb_now(const ds_engine *e);
bool ds_emb_starts_nothing(const ds_engine *e); /* not live yet, or stopping */
void ds_emb_note(ds_engine *e, ds_note *note);
void ds_emb_wake(ds_engine *e);      /* looks at its timers again: the clock was moved */
void ds_emb_wind_down(ds_engine *e); /* starts nothing more, and ends when nothing runs */

#endif
