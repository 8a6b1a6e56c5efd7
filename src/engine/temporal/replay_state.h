/* src/engine/temporal/replay_state.h - what replay.c and replay_apply.c share. */
#ifndef DS_ENGINE_TEMPORAL_REPLAY_STATE_H
#define DS_ENGINE_TEMPORAL_REPLAY_STATE_H

#include "engine/temporal/replay.h"

struct ds_replay {
    ds_arena *a;
    ds_replay_limits limits;
    const ds_hevent *start;
    bool began;     /* `carry` is there */
    ds_carry carry; /* the unit as it is */
    int64_t now_ms;
    /* where in the history */
    int64_t next_id;
    const ds_hevent *task;  /* started, and it is not known yet how it ended; NULL */
    bool task_done;         /* it ended well: what it commanded comes next */
    const ds_hevent **seen; /* by no activation yet */
    size_t seen_n, seen_cap;
    bool closed;
    /* what is open */
    struct {
        bool open, cancelled;
        int64_t number, event_id;
    } activity;
    struct {
        bool open;
        int64_t number, at_ms;
    } timer;
    bool stopping; /* somebody cancelled the workflow */
    const char *shown_word, *shown_config;
    const void *searched;
    /* of the last activation */
    ds_rcommand commands[DS_RCOMMANDS_MAX];
    size_t commands_n, matched_n;
    ds_replay_turn turn;
    ds_replay_tally tally;
    ds_replay_trouble trouble;
};

/* Both fail with `trouble` set. */
DS_MUST_USE bool ds_replay_other(ds_replay *r, ds_err *err, const char *fmt, ...) DS_PRINTF(3, 4);
DS_MUST_USE bool ds_replay_cannot(ds_replay *r, ds_err *err, const char *fmt, ...) DS_PRINTF(3, 4);

/* One event that an activation sees. */
DS_MUST_USE bool ds_replay_apply(ds_replay *r, const ds_hevent *ev, ds_err *err);

#endif
