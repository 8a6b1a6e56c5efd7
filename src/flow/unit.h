/* src/flow/unit.h
 *
 * The whole life of one sync unit as two pure functions: no I/O, no clock, no allocation outside
 * the arena given.  The embedded engine feeds them stored events and the Temporal engine history
 * events; both arrive at the same state.
 *
 * Workflow type `SourceSyncWorkflow`; one instance is named by its unit key, ROUTE:UNIT.
 */
#ifndef DS_FLOW_UNIT_H
#define DS_FLOW_UNIT_H

#include "base/ledger.h" /* ds_totals */
#include <durable_sync/base.h>

#define DS_UNIT_LOGIC                                                                              \
    2                           /* revision of the rules below, stored with each unit: 1 knew no   \
                                 * cron and no quiet hours; its states are read as they are */
#define DS_UNIT_ITEMS_MAX 10000 /* more pending items than this: a full pass instead */
#define DS_UNIT_INTERVAL_MIN_MS DS_MINUTE_MS       /* of the set_interval signal */
#define DS_UNIT_INTERVAL_MAX_MS (3650 * DS_DAY_MS) /* sums of times stay far from overflow */
#define DS_UNIT_ATTEMPTS_MAX 1000000               /* counted; more change nothing */
#define DS_UNIT_RETRY_FIRST_MS (5 * DS_SECOND_MS)
#define DS_UNIT_RETRY_MOST_MS (5 * DS_MINUTE_MS)
#define DS_UNIT_OVERLAP_MS DS_MINUTE_MS /* a changes pass looks this far behind the last one */

typedef enum ds_pass_kind { DS_PASS_FULL, DS_PASS_CHANGES, DS_PASS_TARGETED } ds_pass_kind;

typedef enum ds_pass_outcome {
    DS_PASS_DONE,      /* all went well */
    DS_PASS_PARTIAL,   /* went to the end, but records are held */
    DS_PASS_FAILED,    /* an error ended it */
    DS_PASS_PAUSED,    /* a credential was refused: the unit pauses for a person */
    DS_PASS_WAITING,   /* rate limit: goes on after retry_after_ms */
    DS_PASS_CANCELLED, /* pause or shutdown: goes on from its checkpoint later */
    DS_PASS_APPROVAL,  /* `limits`, a changed key, an empty source: waits for `approve` */
    DS_PASS_SLICED,    /* its time slice is over: goes on from its checkpoint at once */
} ds_pass_outcome;

const char *ds_pass_kind_name(ds_pass_kind kind);          /* "full", "changes", "targeted" */
const char *ds_pass_outcome_name(ds_pass_outcome outcome); /* APPROVAL is "paused" */
bool ds_pass_ended_well(ds_pass_outcome outcome);          /* it went to its end */

/* What is asked for and not yet served. A full request is never swallowed by a targeted one. */
typedef struct ds_want {
    bool any;
    bool full;                /* everything, whatever the source could list as changed */
    bool changes;             /* what changed; full where the source cannot tell */
    const char *const *items; /* these keys */
    size_t items_n;
} ds_want;

typedef struct ds_unit {
    const char *key; /* ROUTE:UNIT */
    /* the peer's status */
    bool paused;
    int64_t interval_ms;
    int64_t runs_completed; /* passes that ended well */
    int64_t last_run_ms;    /* when the last pass that ended well ended; 0: never */
    ds_totals last_stats;
    bool has_stats;
    const char *last_error; /* NULL: none */
    /* ours */
    const char *error_kind; /* of last_error: "auth", "transient", ...; NULL */
    int64_t error_status;   /* HTTP status of last_error; 0: none */
    const char *last_note;  /* what the last pass said though it ended well; NULL: nothing */
    const char *approval;   /* why it waits for `approve`; NULL: it does not */
    bool approved;          /* the next pass may go beyond limits */
    bool gone;              /* no longer among the source's units */
    bool sweep;             /* a person said: treat the rows it left as rows that are gone */
    bool running;           /* a pass is under way or interrupted */
    ds_pass_kind run_kind;
    ds_want run; /* what the running pass serves: comes back if it fails */
    bool run_approved;
    bool run_sweep; /* the running pass sweeps; with `gone` and none running: it has been swept */
    int64_t run_since_ms; /* CHANGES: changed since then */
    int64_t run_started_ms;
    bool cancelling; /* the running pass was told to stop */
    ds_want want;
    int64_t due_ms;   /* next pass by the interval or by cron; 0: none, or not known yet */
    int64_t retry_ms; /* not before: back-off or rate limit; 0: none. With `running`: the pass
                       * is interrupted and goes on then */
    int64_t attempts; /* failed passes in a row */
    int64_t every_ms; /* the route's `every` as last seen; a change resets interval_ms */
    int64_t full_every_ms;
    int64_t full_due_ms;     /* next full pass where the source lists changes */
    int64_t changes_from_ms; /* start of the last pass that saw all changes; 0: none */
    bool lists_changes;
    /* the schedule, as the engine last told */
    const char *cron;       /* NULL: by interval. Another one, or another zone, counts from now */
    const char *zone;       /* of cron */
    int64_t next_ms;        /* the next begin by cron; 0: by interval */
    int64_t planned_ms;     /* the begin by cron that was last asked for; 0: none */
    int64_t quiet_until_ms; /* until then the timer starts nothing; 0: it may */
} ds_unit;

typedef enum ds_event_type {
    DS_EV_ENSURE,   /* the unit is in the configuration: interval, abilities, spread */
    DS_EV_GONE,     /* its source no longer has it */
    DS_EV_SYNC_NOW, /* items, or everything */
    DS_EV_TIMER,    /* due_ms or retry_ms has come */
    DS_EV_PAUSE,
    DS_EV_RESUME,
    DS_EV_SET_INTERVAL,
    DS_EV_APPROVE,
    DS_EV_PASS_ENDED, /* CANCELLED also tells that the process under a pass has died */
} ds_event_type;

typedef struct ds_event {
    ds_event_type type;
    /* SYNC_NOW: NULL: everything. PASS_ENDED: what it had no reason to meet and is wanted next. */
    const char *const *items;
    size_t items_n;
    int64_t interval_ms;   /* ENSURE: the route's every; SET_INTERVAL */
    int64_t full_every_ms; /* ENSURE */
    bool lists_changes;    /* ENSURE */
    int64_t spread_ms;     /* ENSURE: a first or overdue pass starts within this, by hash of key */
    ds_pass_outcome outcome; /* PASS_ENDED */
    ds_totals totals;
    /* PASS_ENDED: text; for APPROVAL what waits, for DONE and PARTIAL a note; NULL: none */
    const char *error;
    const char *error_kind; /* "transient", ... */
    int64_t error_status;
    int64_t retry_after_ms; /* WAITING; -1: not said */
    bool wants_full;        /* PASS_ENDED: a full pass is to follow, whatever the outcome */
    bool put_off;           /* CANCELLED: it was not begun, since nobody but the timer asked for it
                             * and the route is in its quiet hours by now */
    /* With any event, from an engine that knows the route: what its schedule says at that time. */
    bool tells_times;
    int64_t next_ms;         /* the next begin by cron; 0: by interval */
    int64_t quiet_until_ms;  /* when the quiet hours end that it is in; 0: in none */
    const char *cron, *zone; /* ENSURE: both NULL: by interval */
    int64_t first_ms;        /* ENSURE, by cron: a new unit's first pass; 0: next_ms */
} ds_event;

typedef enum ds_action_type {
    DS_ACT_START_PASS, /* as u->run_kind, u->run say */
    DS_ACT_GO_ON_PASS, /* the same activity from its checkpoint (sliced, or resumed after a wait) */
    DS_ACT_CANCEL_PASS, /* the running one is to stop soon */
    DS_ACT_TIMER,       /* wake at at_ms; replaces the one before; 0: none */
} ds_action_type;

typedef struct ds_action {
    ds_action_type type;
    int64_t at_ms;
} ds_action;

typedef struct ds_actions {
    ds_action items[4];
    size_t n;
} ds_actions;

void ds_unit_init(ds_unit *u, const char *key, int64_t now_ms); /* a new unit; ENSURE comes next */
void ds_unit_apply(ds_unit *u, const ds_event *ev, int64_t now_ms, ds_arena *a);
/* What to do, once every event of an activation is in. */
void ds_unit_decide(ds_unit *u, int64_t now_ms, ds_actions *out);

/* "idle", "running", "waiting" (back-off, rate limit, approval), "paused" */
const char *ds_unit_state_name(const ds_unit *u, int64_t now_ms);

#endif
