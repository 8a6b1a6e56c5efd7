/* src/engine/temporal/replay.c
 *
 * Cuts a history into activations, lets the unit decide at the end of each, and compares what that
 * commands with what the history has.  A start of a task counts when its end follows, or when it is
 * the last event of all; one that failed or timed out is none, and what it saw is seen by the next.
 */
#include "engine/temporal/replay_state.h"

#include <stdio.h>
#include <string.h>

#define EVENTS_USUAL 150
#define BYTES_USUAL ((int64_t)DS_MIB)
#define MOST_USUAL 4000
#define SUGGESTED_AFTER 20 /* events: with limits that small a run is still of some use */
#define REDO "[TMPRL1100] nondeterminism: "

/* ---- what went wrong ------------------------------------------------------------------------- */

bool ds_replay_other(ds_replay *r, ds_err *err, const char *fmt, ...)
{
    char text[400];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    r->trouble = DS_REPLAY_OTHER;
    return ds_fail(err, DS_ERR_PERMANENT, REDO "%s", text);
}

bool ds_replay_cannot(ds_replay *r, ds_err *err, const char *fmt, ...)
{
    char text[400];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    r->trouble = DS_REPLAY_CANNOT;
    if (err->kind == DS_ERR_NONE)
        return ds_fail(err, DS_ERR_PERMANENT, "%s", text);
    return ds_wrap(err, "%s", text);
}

/* ---- deciding -------------------------------------------------------------------------------- */

static ds_rcommand *add(ds_replay *r, ds_rcommand_type type)
{
    ds_rcommand *c = &r->commands[r->commands_n++];

    *c = (ds_rcommand){.type = type};
    return c;
}

static void add_cancel(ds_replay *r)
{
    if (!r->activity.open || r->activity.cancelled)
        return;
    r->activity.cancelled = true;
    add(r, DS_RC_CANCEL_ACTIVITY)->event_id = r->activity.event_id;
}

static void add_schedule(ds_replay *r, bool go_on)
{
    ds_rcommand *c = add(r, DS_RC_SCHEDULE);

    r->activity.open = true;
    r->activity.cancelled = false;
    r->activity.event_id = 0; /* the history will say */
    c->number = ++r->activity.number;
    c->go_on = go_on;
}

static void add_timer(ds_replay *r, int64_t at_ms)
{
    ds_rcommand *c = add(r, DS_RC_START_TIMER);

    r->timer.open = true;
    r->timer.at_ms = at_ms;
    c->number = ++r->timer.number;
    c->delay_ms = DS_MAX(at_ms - r->now_ms, 1);
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static void add_memo(ds_replay *r)
{
    const char *word = ds_replay_word(&r->carry.unit);

    if (same(word, r->shown_word) && same(r->carry.config, r->shown_config))
        return;
    r->shown_word = word;
    r->shown_config = r->carry.config;
    add(r, DS_RC_MEMO);
}

/* The unit's wishes, in an order that is the same for ever. */
static void add_wishes(ds_replay *r, bool interrupt)
{
    bool cancel = interrupt, start = false, go_on = false;
    int64_t wake_ms = 0;
    ds_actions actions;

    ds_unit_decide(&r->carry.unit, r->now_ms, &actions);
    for (size_t i = 0; i < actions.n; i++) {
        cancel = cancel || actions.items[i].type == DS_ACT_CANCEL_PASS;
        start = start || actions.items[i].type == DS_ACT_START_PASS;
        go_on = go_on || actions.items[i].type == DS_ACT_GO_ON_PASS;
        if (actions.items[i].type == DS_ACT_TIMER)
            wake_ms = actions.items[i].at_ms;
    }
    bool sooner = wake_ms && (!r->timer.open || wake_ms < r->timer.at_ms);

    if (cancel)
        add_cancel(r);
    if (sooner && r->timer.open)
        add(r, DS_RC_CANCEL_TIMER)->number = r->timer.number;
    if (start || go_on)
        add_schedule(r, go_on);
    if (sooner)
        add_timer(r, wake_ms);
    add_memo(r);
}

/* `roll`: a new run; `interrupt`: the pass stops to make room for one. */
static void decide(ds_replay *r, bool roll, bool interrupt)
{
    r->commands_n = r->matched_n = 0;
    if (r->stopping && r->activity.open)
        add_cancel(r);
    else if (r->stopping)
        add(r, DS_RC_STOP);
    else if (roll && !r->activity.open)
        add(r, DS_RC_CONTINUE);
    else
        add_wishes(r, interrupt);
}

static bool wants_new_run(const ds_replay *r)
{
    const ds_hevent *task = r->task;

    if (r->activity.open)
        return false;
    return task->id >= r->limits.events || task->bytes >= r->limits.bytes ||
           (task->suggests && task->id > SUGGESTED_AFTER);
}

static bool apply_seen(ds_replay *r, ds_err *err)
{
    for (size_t i = 0; i < r->seen_n; i++) {
        if (!ds_replay_apply(r, r->seen[i], err))
            return false;
    }
    r->seen_n = 0;
    return true;
}

/* `next` is the event behind the task's end, which tells what was decided then; NULL: the task is
 * in hand. */
static bool activate(ds_replay *r, const ds_hevent *next, bool in_hand, ds_err *err)
{
    r->now_ms = DS_MAX(r->now_ms, r->task->at_ms);
    r->tally.activations++;
    r->turn = (ds_replay_turn){.was_paused = r->carry.unit.paused,
                               .asked_approval = r->carry.unit.approval != NULL};
    if (!apply_seen(r, err))
        return false;
    if (!r->began)
        return ds_replay_other(r, err, "a task before the run has started");
    if (in_hand)
        decide(r, wants_new_run(r), r->task->id >= r->limits.most);
    else
        decide(r, next && next->type == DS_HE_CONTINUED_AS_NEW,
               next && next->type == DS_HE_ACTIVITY_CANCEL_REQUESTED);
    r->task = NULL;
    return true;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static const char schedule_text[] = "schedule activity %lld (" DS_ACTIVITY_TYPE ")";

static const char *command_text(const ds_rcommand *c, char *out, size_t n)
{
    static const char *const texts[] = {
        [DS_RC_CANCEL_ACTIVITY] = "ask the activity of event %lld to stop",
        [DS_RC_CANCEL_TIMER] = "cancel timer %lld",
        [DS_RC_SCHEDULE] = schedule_text,
        [DS_RC_START_TIMER] = "start timer %lld",
        [DS_RC_MEMO] = "change the memo",
        [DS_RC_CONTINUE] = "continue as new",
        [DS_RC_STOP] = "end as cancelled",
    };
    const char *text = texts[c->type], *at = strstr(text, "%lld");

    if (at)
        snprintf(out, n, "%.*s%lld%s", (int)(at - text), text,
                 (long long)(c->type == DS_RC_CANCEL_ACTIVITY ? c->event_id : c->number), at + 4);
    else
        snprintf(out, n, "%s", text);
    return out;
}

static bool is_number(const char *id, int64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)number);
    return id && strcmp(id, text) == 0;
}

static bool matches(const ds_rcommand *c, const ds_hevent *ev)
{
    switch (c->type) {
    case DS_RC_CANCEL_ACTIVITY:
        return ev->type == DS_HE_ACTIVITY_CANCEL_REQUESTED && ev->ref == c->event_id;
    case DS_RC_CANCEL_TIMER:
        return ev->type == DS_HE_TIMER_CANCELED && is_number(ev->name, c->number);
    case DS_RC_SCHEDULE:
        return ev->type == DS_HE_ACTIVITY_SCHEDULED && is_number(ev->name, c->number) &&
               same(ev->what, DS_ACTIVITY_TYPE);
    case DS_RC_START_TIMER:
        return ev->type == DS_HE_TIMER_STARTED && is_number(ev->name, c->number);
    case DS_RC_MEMO:
        return ev->type == DS_HE_PROPERTIES_MODIFIED;
    case DS_RC_CONTINUE:
        return ev->type == DS_HE_CONTINUED_AS_NEW;
    case DS_RC_STOP:
        return ev->type == DS_HE_CANCELED;
    }
    return false;
}

static const char *event_text(const ds_hevent *ev, char *out, size_t n)
{
    static const char *const names[] = {
        [DS_HE_COMPLETED] = "the workflow completed",
        [DS_HE_FAILED] = "the workflow failed",
        [DS_HE_ACTIVITY_SCHEDULED] = "scheduled activity",
        [DS_HE_ACTIVITY_CANCEL_REQUESTED] = "asked an activity to stop",
        [DS_HE_TIMER_STARTED] = "started timer",
        [DS_HE_TIMER_CANCELED] = "cancelled timer",
        [DS_HE_CANCELED] = "the workflow ended as cancelled",
        [DS_HE_MARKER] = "recorded a marker",
        [DS_HE_CONTINUED_AS_NEW] = "continued as new",
        [DS_HE_PROPERTIES_MODIFIED] = "changed the memo",
    };
    const char *name = (size_t)ev->type < DS_COUNT(names) ? names[ev->type] : NULL;

    snprintf(out, n, "%s%s%.40s%s%.40s%s", name ? name : "something else", ev->name ? " " : "",
             ev->name ? ev->name : "", ev->what ? " (" : "", ev->what ? ev->what : "",
             ev->what ? ")" : "");
    return out;
}

static bool match(ds_replay *r, const ds_hevent *ev, ds_err *err)
{
    const ds_rcommand *c = r->matched_n < r->commands_n ? &r->commands[r->matched_n] : NULL;
    char found[160], wanted[80];

    event_text(ev, found, sizeof(found));
    if (!c)
        return ds_replay_other(r, err, "event %lld has %s, where this worker would do nothing",
                               (long long)ev->id, found);
    if (!matches(c, ev))
        return ds_replay_other(r, err, "event %lld has %s, where this worker would %s",
                               (long long)ev->id, found, command_text(c, wanted, sizeof(wanted)));
    r->matched_n++;
    if (c->type == DS_RC_SCHEDULE)
        r->activity.event_id = ev->id;
    r->closed = c->type == DS_RC_CONTINUE || c->type == DS_RC_STOP;
    return true;
}

static bool all_matched(ds_replay *r, ds_err *err)
{
    char wanted[80];

    if (r->matched_n == r->commands_n)
        return true;
    return ds_replay_other(
        r, err, "before event %lld this worker would %s, and the history does not",
        (long long)r->next_id, command_text(&r->commands[r->matched_n], wanted, sizeof(wanted)));
}

/* ---- walking --------------------------------------------------------------------------------- */

static void see(ds_replay *r, const ds_hevent *ev)
{
    if (r->seen_n == r->seen_cap) {
        size_t cap = r->seen_cap ? 2 * r->seen_cap : 16;

        r->seen = ds_arena_grow(r->a, r->seen, r->seen_cap * sizeof(ds_hevent *),
                                cap * sizeof(ds_hevent *));
        r->seen_cap = cap;
    }
    r->seen[r->seen_n++] = ev;
}

/* Whose history this is stands at the end of its first task. */
static bool is_ours(ds_replay *r, const ds_hevent *ev, ds_err *err)
{
    if (!ev->what || !*ev->what || strcmp(ev->what, DS_SDK_NAME) == 0)
        return true;
    return ds_replay_cannot(
        r, err,
        "the history of this run was written by a worker of another kind (%.60s), which this one "
        "cannot go on with: note its status, terminate it and let durable-sync start the unit "
        "anew, or give the two workers task queues of their own",
        ev->what);
}

static bool end_task(ds_replay *r, const ds_hevent *ev, ds_err *err)
{
    if (!r->task)
        return ds_replay_other(r, err, "event %lld ends a task that was not started",
                               (long long)ev->id);
    if (!is_ours(r, ev, err))
        return false;
    r->task_done = true;
    return true;
}

static bool foreign(ds_replay *r, const ds_hevent *ev, ds_err *err)
{
    if (ev->may_ignore)
        return true;
    return ds_replay_cannot(r, err,
                            "event %lld is of type %d, which a unit of durable-sync never writes",
                            (long long)ev->id, ev->type);
}

static bool take(ds_replay *r, const ds_hevent *ev, ds_err *err)
{
    switch (ev->type) {
    case DS_HE_STARTED:
        r->start = ev;
        r->searched = ev->search;
        r->now_ms = ev->at_ms;
        see(r, ev);
        return true;
    case DS_HE_TIMER_FIRED: /* it is due, whatever the clocks of the server's hosts say */
        if (r->timer.open)
            r->now_ms = DS_MAX(r->now_ms, r->timer.at_ms);
        see(r, ev);
        return true;
    case DS_HE_SIGNALED:
    case DS_HE_ACTIVITY_COMPLETED:
    case DS_HE_ACTIVITY_FAILED:
    case DS_HE_ACTIVITY_TIMED_OUT:
    case DS_HE_ACTIVITY_CANCELED:
    case DS_HE_CANCEL_REQUESTED:
        see(r, ev);
        return true;
    case DS_HE_TASK_STARTED:
        r->task = ev;
        return true;
    case DS_HE_TASK_COMPLETED:
        return end_task(r, ev, err);
    case DS_HE_SEARCH_ATTRIBUTES: /* the last command of its task, where there is one */
        r->searched = ev->search;
        return all_matched(r, err);
    case DS_HE_TASK_SCHEDULED:
        return all_matched(r, err);
    case DS_HE_TASK_TIMED_OUT:
    case DS_HE_TASK_FAILED:
    case DS_HE_ACTIVITY_STARTED:
    case 44: /* properties changed from outside, updates that were admitted: */
    case 45: /* nothing of them concerns a unit */
    case 47:
        return true;
    case DS_HE_TERMINATED:
    case DS_HE_TIMED_OUT:
        r->closed = true;
        return true;
    case DS_HE_COMPLETED:
    case DS_HE_FAILED:
    case DS_HE_CANCELED:
    case DS_HE_CONTINUED_AS_NEW:
    case DS_HE_ACTIVITY_SCHEDULED:
    case DS_HE_ACTIVITY_CANCEL_REQUESTED:
    case DS_HE_TIMER_STARTED:
    case DS_HE_TIMER_CANCELED:
    case DS_HE_MARKER:
    case DS_HE_PROPERTIES_MODIFIED:
        return match(r, ev, err);
    default:
        return foreign(r, ev, err);
    }
}

static bool step(ds_replay *r, const ds_hevent *ev, ds_err *err)
{
    if (ev->id != r->next_id) {
        r->trouble = DS_REPLAY_GAP;
        return ds_fail(err, DS_ERR_TRANSIENT, "the history goes on with event %lld, not %lld",
                       (long long)ev->id, (long long)r->next_id);
    }
    r->next_id++;
    r->tally.events++;
    if (r->task_done) {
        r->task_done = false;
        if (!activate(r, ev, false, err))
            return false;
    } else if (r->task && ev->type != DS_HE_TASK_COMPLETED) {
        r->task = NULL; /* it failed, or nobody answered it */
    }
    return take(r, ev, err);
}

bool ds_replay_feed(ds_replay *r, const ds_hevent *events, size_t n, ds_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!step(r, &events[i], err))
            return false;
    }
    return true;
}

bool ds_replay_end(ds_replay *r, int64_t started_id, ds_err *err)
{
    int64_t last = r->next_id - 1;

    if (started_id && (last != started_id || !r->task || r->task->id != started_id)) {
        r->trouble = DS_REPLAY_GAP;
        return ds_fail(err, DS_ERR_TRANSIENT,
                       "the history ends with event %lld, not with the start of the task (%lld)",
                       (long long)last, (long long)started_id);
    }
    if (r->task_done) {
        r->task_done = false;
        return activate(r, NULL, false, err); /* without commands, or all the rest is missing */
    }
    if (!all_matched(r, err))
        return false;
    return !started_id || activate(r, NULL, true, err);
}

bool ds_replay_catch_up(ds_replay *r, int64_t now_ms, ds_err *err)
{
    r->now_ms = DS_MAX(r->now_ms, now_ms);
    return apply_seen(r, err);
}

/* ---- around it ------------------------------------------------------------------------------- */

ds_replay *ds_replay_new(ds_arena *a, const ds_replay_limits *limits)
{
    ds_replay *r = ds_new_in(a, ds_replay);

    r->a = a;
    r->next_id = 1;
    if (limits)
        r->limits = *limits;
    if (r->limits.events == 0)
        r->limits.events = EVENTS_USUAL;
    if (r->limits.bytes == 0)
        r->limits.bytes = BYTES_USUAL;
    if (r->limits.most == 0)
        r->limits.most = MOST_USUAL;
    return r;
}

ds_replay_trouble ds_replay_trouble_of(const ds_replay *r)
{
    return r->trouble;
}

const ds_rcommand *ds_replay_commands(const ds_replay *r, size_t *n)
{
    *n = r->commands_n;
    return r->commands;
}

const ds_carry *ds_replay_state(const ds_replay *r)
{
    return r->began ? &r->carry : NULL;
}

int64_t ds_replay_now(const ds_replay *r)
{
    return r->now_ms;
}

ds_replay_turn ds_replay_turn_of(const ds_replay *r)
{
    return r->turn;
}

ds_replay_tally ds_replay_tally_of(const ds_replay *r)
{
    return r->tally;
}

const void *ds_replay_searched(const ds_replay *r)
{
    return r->searched;
}

const ds_hevent *ds_replay_start(const ds_replay *r)
{
    return r->start;
}

const char *ds_replay_word(const ds_unit *u)
{
    if (u->gone)
        return "gone";
    if (u->paused)
        return "paused";
    if (u->approval)
        return "approval";
    return u->attempts > 0 ? "failing" : "active";
}
