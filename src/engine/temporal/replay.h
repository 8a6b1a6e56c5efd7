/* src/engine/temporal/replay.h
 *
 * One run of a unit's workflow: events of its history in, commands out.  Pure: no input or output,
 * no clock, memory only from the arena given, so that any worker comes to the same end.
 *
 * A workflow task that succeeded saw all events before its start at once: an *activation*.  All of
 * them are applied to the unit first, at the time of the task's start, then the unit decides once.
 * What an activation of the past commanded must be what stands in the history behind it; what the
 * last one commands is what this worker answers.
 *
 * How a unit's wishes become commands:
 *   a pass          SCHEDULE of the one activity; at most one is open
 *   stop the pass   CANCEL of it
 *   a timer         one is open at most. A later time is left to the open one, which looks again;
 *                   an earlier one takes its place
 *   what lists show MEMO, when it changes
 * When to begin a new run is no rule but a matter of taste of the worker that does: for the past it
 * is read off the history.  So are search attributes: a worker may set them behind all that it
 * commands, where the server has some.
 */
#ifndef DS_ENGINE_TEMPORAL_REPLAY_H
#define DS_ENGINE_TEMPORAL_REPLAY_H

#include "engine/temporal/carry.h"
#include "engine/temporal/history.h"

#define DS_ACTIVITY_TYPE "sync_pass"
#define DS_SDK_NAME "durable-sync-c"

typedef enum ds_rcommand_type {
    DS_RC_CANCEL_ACTIVITY,
    DS_RC_CANCEL_TIMER,
    DS_RC_SCHEDULE,
    DS_RC_START_TIMER,
    DS_RC_MEMO,
    DS_RC_CONTINUE, /* as new; the last one */
    DS_RC_STOP,     /* the workflow ends as cancelled; the last one */
} ds_rcommand_type;

typedef struct ds_rcommand {
    ds_rcommand_type type;
    int64_t number;   /* of the activity or timer, 1, 2, ... in this run */
    int64_t event_id; /* CANCEL_ACTIVITY: of its scheduling */
    int64_t delay_ms; /* START_TIMER */
    bool go_on;       /* SCHEDULE: from the unit's checkpoint */
} ds_rcommand;

#define DS_RCOMMANDS_MAX 6

/* When a run is to be followed by a new one. 0: the usual. */
typedef struct ds_replay_limits {
    int64_t events; /* 150: a server needs milliseconds to read more of them, for each task anew */
    int64_t bytes;  /* 1 MiB */
    int64_t most;   /* 4,000 events: a pass is interrupted for it */
} ds_replay_limits;

typedef enum ds_replay_trouble {
    DS_REPLAY_SOUND,
    DS_REPLAY_GAP,    /* events are missing: the task is dropped, it comes again */
    DS_REPLAY_OTHER,  /* cause NON_DETERMINISTIC_ERROR: the history is not what we would write */
    DS_REPLAY_CANNOT, /* cause WORKFLOW_WORKER_UNHANDLED_FAILURE: not for this worker */
} ds_replay_trouble;

typedef struct ds_replay ds_replay;

ds_replay *ds_replay_new(ds_arena *a, const ds_replay_limits *limits); /* lives in `a` */
/* The next events, in any portions. They live as long as `a`. false: *err, and
 * ds_replay_trouble_of.
 */
DS_MUST_USE bool ds_replay_feed(ds_replay *r, const ds_hevent *events, size_t n, ds_err *err);
/* Behind the last event: `started_id` is the start of the task in hand, which ends the history; 0:
 * a query alone, for which nothing is decided. */
DS_MUST_USE bool ds_replay_end(ds_replay *r, int64_t started_id, ds_err *err);
/* After ds_replay_end for a query: what no task has seen yet is applied at that time. Nothing is
 * decided. */
DS_MUST_USE bool ds_replay_catch_up(ds_replay *r, int64_t now_ms, ds_err *err);
ds_replay_trouble ds_replay_trouble_of(const ds_replay *r);

/* After ds_replay_end. */
const ds_rcommand *ds_replay_commands(const ds_replay *r, size_t *n);
const ds_carry *ds_replay_state(const ds_replay *r); /* NULL: it never began */
int64_t ds_replay_now(const ds_replay *r);           /* of the last activation */
/* What the last activation changed. A run begins as the one before has ended: that is no change. */
typedef struct ds_replay_turn {
    bool was_paused, asked_approval;
    bool ended, ended_well; /* a pass */
} ds_replay_turn;
ds_replay_turn ds_replay_turn_of(const ds_replay *r);
/* What lists show of the unit: "active", "failing", "approval", "paused", "gone". */
const char *ds_replay_word(const ds_unit *u);
typedef struct ds_replay_tally {
    int64_t events, activations;
    int64_t strays; /* signals that nobody knows, or whose arguments cannot be meant */
} ds_replay_tally;
ds_replay_tally ds_replay_tally_of(const ds_replay *r);
const ds_hevent *ds_replay_start(const ds_replay *r); /* STARTED; NULL */
/* The search attributes that the run was given last, as the wire has them; NULL. */
const void *ds_replay_searched(const ds_replay *r);

#endif
