/* tests/unit/replay_rig.h
 *
 * A server for one workflow, played in memory by the rules that a real one follows: what arrives
 * while a task runs is kept back until its end (a fired timer that the task cancels is dropped,
 * ends of activities go last), a run that continues as new begins afresh with its input alone. Each
 * task replays the whole history with a new ds_replay, so each is a test of determinism as well.
 */
#ifndef TESTS_UNIT_REPLAY_RIG_H
#define TESTS_UNIT_REPLAY_RIG_H

#include "../support/run.h"
#include "engine/temporal/replay.h"
#include "store/state_json.h"
#include <stdio.h>
#include <string.h>

#define RIG_START INT64_C(1700000000000)
#define RIG_EVERY_MS (30 * DS_MINUTE_MS)

typedef struct rig {
    ds_hevent *events;
    size_t n, cap;
    int64_t now_ms;
    ds_hevent kept[64]; /* while a task runs */
    size_t kept_n;
    bool running, scheduled;
    size_t page; /* events fed at once; 0: all */
    ds_replay_limits limits;
    struct {
        bool open, started, cancelled;
        int64_t event_id;
        char id[24];
    } activity;
    struct {
        bool open;
        char id[24];
        int64_t at_ms;
    } timer;
    bool closed;
    int runs;
    ds_replay *last; /* of the newest task */
    ds_err err;
} rig;

static DS_UNUSED const ds_json *rig_json(const char *text)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(scratch, text, strlen(text), &err);

    if (!json)
        fail_msg("%s: %s", text, err.text);
    return json;
}

static DS_UNUSED ds_hevent *rig_push(rig *g, ds_hevent ev)
{
    if (g->n == g->cap) {
        g->events =
            ds_arena_grow(scratch, g->events, g->cap * sizeof(ev), (2 * g->cap + 64) * sizeof(ev));
        g->cap = 2 * g->cap + 64;
    }
    ev.id = (int64_t)g->n + 1;
    if (ev.at_ms == 0)
        ev.at_ms = ++g->now_ms;
    g->events[g->n++] = ev;
    return &g->events[g->n - 1];
}

static DS_UNUSED void rig_begin(rig *g, const ds_json *input)
{
    static const char memo;
    const ds_json **args = ds_arena_alloc(scratch, sizeof(*args));

    args[0] = input;
    g->n = g->kept_n = 0;
    g->events = NULL; /* a replay may still look at the old ones */
    g->cap = 0;
    g->activity.open = g->timer.open = g->scheduled = false;
    g->runs++;
    rig_push(g, (ds_hevent){.type = DS_HE_STARTED, .args = args, .args_n = 1, .memo = &memo});
}

static DS_UNUSED const ds_json *rig_input_of(const ds_carry *carry)
{
    DS_AUTO_BUF(text, DS_MIB);
    ds_json_writer w = ds_json_w(&text, false);

    ds_carry_write(&w, carry);
    return rig_json(text.data);
}

/* A unit that has just been found in the configuration: its first pass is due. */
static DS_UNUSED rig rig_new(void)
{
    const ds_event ensure = {.type = DS_EV_ENSURE,
                             .interval_ms = RIG_EVERY_MS,
                             .full_every_ms = DS_DAY_MS,
                             .retry_after_ms = -1};
    ds_carry carry = {.route = "tasks", .unit_name = "all", .config = "c"};
    rig g = {.now_ms = RIG_START, .err = DS_ERR_INIT};

    ds_unit_init(&carry.unit, "tasks:all", RIG_START);
    ds_unit_apply(&carry.unit, &ensure, RIG_START, scratch);
    rig_begin(&g, rig_input_of(&carry));
    return g;
}

/* ---- what arrives ---------------------------------------------------------------------------- */

static DS_UNUSED void rig_event(rig *g, ds_hevent ev)
{
    if (g->closed)
        return;
    if (g->running)
        g->kept[g->kept_n++] = ev;
    else
        rig_push(g, ev);
}

static DS_UNUSED ds_hevent rig_signal(const char *name, const char *json)
{
    const ds_json **args = ds_arena_alloc(scratch, sizeof(*args));
    ds_hevent ev = {.type = DS_HE_SIGNALED, .name = name, .args = args};

    if (json) {
        args[0] = rig_json(json);
        ev.args_n = 1;
    }
    return ev;
}

static DS_UNUSED void rig_fire(rig *g)
{
    if (!g->timer.open)
        return;
    g->timer.open = false;
    g->now_ms = DS_MAX(g->now_ms, g->timer.at_ms);
    rig_event(
        g, (ds_hevent){.type = DS_HE_TIMER_FIRED, .name = ds_arena_strdup(scratch, g->timer.id)});
}

static DS_UNUSED const ds_json *rig_result(const ds_event *event)
{
    DS_AUTO_BUF(text, DS_MIB);
    ds_json_writer w = ds_json_w(&text, false);

    ds_event_write(&w, event);
    return rig_json(text.data);
}

/* The activity ends: `type`, and for its result an outcome. */
static DS_UNUSED void rig_end(rig *g, int type, ds_pass_outcome outcome, ds_err_kind error)
{
    bool waits = outcome == DS_PASS_WAITING, failed = outcome == DS_PASS_FAILED;
    ds_err_kind kind = waits ? DS_ERR_RATE_LIMITED : DS_ERR_TRANSIENT;
    const ds_event event = {.type = DS_EV_PASS_ENDED,
                            .outcome = outcome,
                            .totals = {.total = 3, .created = 3},
                            .error = waits || failed ? "it broke" : NULL,
                            .error_kind = waits || failed ? ds_err_kind_name(kind) : NULL,
                            .retry_after_ms = -1};
    const ds_json **args = ds_arena_alloc(scratch, sizeof(*args));
    bool has_result = type == DS_HE_ACTIVITY_COMPLETED;

    if (!g->activity.open)
        return;
    args[0] = has_result ? rig_result(&event) : NULL;
    g->activity.open = false;
    if (type != DS_HE_ACTIVITY_CANCELED || g->activity.started)
        rig_event(g, (ds_hevent){.type = DS_HE_ACTIVITY_STARTED, .ref = g->activity.event_id});
    rig_event(g, (ds_hevent){.type = type,
                             .ref = g->activity.event_id,
                             .args = args,
                             .args_n = has_result,
                             .error = "the words of the failure",
                             .error_kind = error});
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static DS_UNUSED int64_t rig_start_task(rig *g)
{
    if (!g->scheduled)
        rig_push(g, (ds_hevent){.type = DS_HE_TASK_SCHEDULED});
    g->scheduled = false;
    g->running = true;
    return rig_push(g, (ds_hevent){.type = DS_HE_TASK_STARTED, .bytes = 100})->id;
}

static DS_UNUSED bool is_end(int type)
{
    return type >= DS_HE_ACTIVITY_COMPLETED && type <= DS_HE_ACTIVITY_CANCELED &&
           type != DS_HE_ACTIVITY_CANCEL_REQUESTED;
}

/* Ends of activities go last. */
static DS_UNUSED void rig_flush(rig *g)
{
    g->running = false;
    for (int ends = 0; ends < 2; ends++) {
        for (size_t i = 0; i < g->kept_n; i++) {
            if (is_end(g->kept[i].type) == (ends == 1))
                rig_push(g, g->kept[i]);
        }
    }
    g->kept_n = 0;
}

/* A new ds_replay over all there is, up to the task in hand (0: none). */
static DS_UNUSED ds_replay *rig_replay(rig *g, int64_t started_id)
{
    ds_replay *r = ds_replay_new(scratch, &g->limits);
    size_t page = g->page ? g->page : g->n;
    bool ok = true;

    g->err = DS_ERR_INIT;
    for (size_t at = 0; ok && at < g->n; at += page)
        ok = ds_replay_feed(r, g->events + at, DS_MIN(page, g->n - at), &g->err);
    ok = ok && ds_replay_end(r, started_id, &g->err);
    g->last = r;
    return ok ? r : NULL;
}

static DS_UNUSED void rig_lost_task(rig *g, int type)
{
    rig_start_task(g);
    rig_push(g, (ds_hevent){.type = type});
    rig_flush(g);
}

static DS_UNUSED void drop_fired(rig *g)
{
    for (size_t i = 0; i < g->kept_n; i++) {
        if (g->kept[i].type == DS_HE_TIMER_FIRED)
            g->kept[i--] = g->kept[--g->kept_n];
    }
}

static DS_UNUSED void rig_schedule(rig *g, const ds_rcommand *c)
{
    snprintf(g->activity.id, sizeof(g->activity.id), "%lld", (long long)c->number);
    g->activity.event_id = rig_push(g, (ds_hevent){.type = DS_HE_ACTIVITY_SCHEDULED,
                                                   .name = ds_arena_strdup(scratch, g->activity.id),
                                                   .what = DS_ACTIVITY_TYPE})
                               ->id;
    g->activity.open = g->activity.started = true;
}

static DS_UNUSED void rig_timer(rig *g, const ds_rcommand *c)
{
    snprintf(g->timer.id, sizeof(g->timer.id), "%lld", (long long)c->number);
    g->timer.open = true;
    g->timer.at_ms = g->now_ms + c->delay_ms;
    rig_push(
        g, (ds_hevent){.type = DS_HE_TIMER_STARTED, .name = ds_arena_strdup(scratch, g->timer.id)});
}

static DS_UNUSED void rig_cancel(rig *g, const ds_rcommand *c)
{
    rig_push(g, (ds_hevent){.type = DS_HE_ACTIVITY_CANCEL_REQUESTED, .ref = c->event_id});
    g->activity.cancelled = true;
    if (g->activity.open && !g->activity.started) { /* nobody has it: it is cancelled on the spot */
        rig_push(g, (ds_hevent){.type = DS_HE_ACTIVITY_CANCELED, .ref = c->event_id});
        g->activity.open = false;
    }
}

static DS_UNUSED void rig_take(rig *g, const ds_rcommand *c, ds_replay *r)
{
    char id[24];

    snprintf(id, sizeof(id), "%lld", (long long)c->number);
    switch (c->type) {
    case DS_RC_CANCEL_ACTIVITY:
        rig_cancel(g, c);
        break;
    case DS_RC_CANCEL_TIMER:
        assert_string_equal(id, g->timer.id);
        drop_fired(g);
        g->timer.open = false;
        rig_push(g,
                 (ds_hevent){.type = DS_HE_TIMER_CANCELED, .name = ds_arena_strdup(scratch, id)});
        break;
    case DS_RC_SCHEDULE:
        assert_false(g->activity.open); /* never two passes of one unit */
        rig_schedule(g, c);
        break;
    case DS_RC_START_TIMER:
        assert_false(g->timer.open);
        assert_true(c->delay_ms > 0);
        rig_timer(g, c);
        break;
    case DS_RC_MEMO:
        rig_push(g, (ds_hevent){.type = DS_HE_PROPERTIES_MODIFIED});
        break;
    case DS_RC_CONTINUE:
        assert_false(g->activity.open); /* its result would be lost with the run */
        rig_push(g, (ds_hevent){.type = DS_HE_CONTINUED_AS_NEW});
        rig_begin(g, rig_input_of(ds_replay_state(r)));
        break;
    case DS_RC_STOP:
        rig_push(g, (ds_hevent){.type = DS_HE_CANCELED});
        g->closed = true;
        break;
    }
}

/* The server refuses to close a run for which something has arrived meanwhile. */
static DS_UNUSED bool refuses(const rig *g, const ds_rcommand *commands, size_t n)
{
    ds_rcommand_type last = n ? commands[n - 1].type : DS_RC_MEMO;

    return g->kept_n > 0 && (last == DS_RC_CONTINUE || last == DS_RC_STOP);
}

/* The started task is answered. Its commands as letters: A activity, G one that goes on, C stop it,
 * T timer, U timer cancelled, M memo, N a new run, X the end, R refused. */
static DS_UNUSED void rig_answer(rig *g, int64_t started_id, char *letters, size_t letters_n)
{
    static const char names[] = {[DS_RC_CANCEL_ACTIVITY] = 'C',
                                 [DS_RC_CANCEL_TIMER] = 'U',
                                 [DS_RC_SCHEDULE] = 'A',
                                 [DS_RC_START_TIMER] = 'T',
                                 [DS_RC_MEMO] = 'M',
                                 [DS_RC_CONTINUE] = 'N',
                                 [DS_RC_STOP] = 'X'};
    ds_replay *r = rig_replay(g, started_id);
    const ds_rcommand *commands;
    size_t n, at = strlen(letters);

    if (!r)
        fail_msg("%s", g->err.text);
    commands = ds_replay_commands(r, &n);
    if (refuses(g, commands, n)) {
        rig_push(g, (ds_hevent){.type = DS_HE_TASK_FAILED});
        rig_flush(g);
        snprintf(letters + at, letters_n - at, "R");
        return;
    }
    rig_push(
        g, (ds_hevent){.type = DS_HE_TASK_COMPLETED, .what = started_id < 4 ? DS_SDK_NAME : NULL});
    for (size_t i = 0; i < n; i++) {
        char letter = commands[i].go_on ? 'G' : names[commands[i].type];

        if (at + 1 < letters_n)
            letters[at++] = letter;
        rig_take(g, &commands[i], r);
    }
    letters[at] = '\0';
    rig_flush(g);
}

static DS_UNUSED void rig_task(rig *g, char *letters, size_t letters_n)
{
    if (!g->closed)
        rig_answer(g, rig_start_task(g), letters, letters_n);
}

static DS_UNUSED const ds_unit *rig_unit(const rig *g)
{
    const ds_carry *carry = ds_replay_state(g->last);

    assert_non_null(carry);
    return &carry->unit;
}

#endif
