/* tests/unit/unit_life.h
 *
 * A sync unit, what happens to it, and what it wants done: shared by the tests of flow/unit.c.
 * Everything lives in the running test's memory.
 */
#ifndef TESTS_UNIT_UNIT_LIFE_H
#define TESTS_UNIT_UNIT_LIFE_H

#include "flow/unit.h"
#include "support/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0 INT64_C(1700000000000)
#define EVERY (30 * DS_MINUTE_MS)
#define ITEMS(...) ((const char *const[]){__VA_ARGS__})

typedef struct life {
    ds_unit unit;
    ds_arena *arena;
    int64_t now;
    int64_t timer; /* as last set; 0: none */
    ds_actions last;
    /* what the engine tells with every event: a begin each `cron_ms` counted from 1970, and quiet
     * hours from 22:00 to 06:00 UTC */
    int64_t cron_ms; /* 0: by interval */
    bool quiet;
} life;

static inline int64_t quiet_until(int64_t at_ms)
{
    int64_t midnight = at_ms / DS_DAY_MS * DS_DAY_MS, hour = (at_ms - midnight) / DS_HOUR_MS;

    if (hour >= 6 && hour < 22)
        return 0;
    return midnight + (hour < 6 ? 0 : DS_DAY_MS) + 6 * DS_HOUR_MS;
}

static inline int64_t next_by_cron(const life *l)
{
    int64_t next = (l->now / l->cron_ms + 1) * l->cron_ms;
    int64_t until = l->quiet ? quiet_until(next) : 0;

    return until ? until : next;
}

static inline ds_event with_times(const life *l, ds_event ev)
{
    if (!l->cron_ms && !l->quiet)
        return ev;
    ev.tells_times = true;
    ev.quiet_until_ms = l->quiet ? quiet_until(l->now) : 0;
    if (!l->cron_ms)
        return ev;
    ev.next_ms = next_by_cron(l);
    if (ev.type == DS_EV_ENSURE && !ev.cron) {
        ev.cron = "0 */2 * * *";
        ev.zone = "UTC";
    }
    return ev;
}

static inline ds_event event_of(ds_event_type type)
{
    return (ds_event){.type = type, .retry_after_ms = -1};
}

static inline ds_event ensure_event(int64_t every_ms, bool lists_changes, int64_t spread_ms)
{
    ds_event ev = event_of(DS_EV_ENSURE);

    ev.interval_ms = every_ms;
    ev.full_every_ms = DS_DAY_MS;
    ev.lists_changes = lists_changes;
    ev.spread_ms = spread_ms;
    return ev;
}

static inline ds_event ended_event(ds_pass_outcome outcome, const char *error, const char *kind)
{
    ds_event ev = event_of(DS_EV_PASS_ENDED);

    ev.outcome = outcome;
    ev.error = error;
    ev.error_kind = kind;
    ev.totals = (ds_totals){.total = 3, .created = 1, .unchanged = 2};
    return ev;
}

static inline ds_event items_event(const char *const *items, size_t n)
{
    ds_event ev = event_of(DS_EV_SYNC_NOW);

    ev.items = items;
    ev.items_n = n;
    return ev;
}

static inline void tell(life *l, ds_event ev)
{
    ev = with_times(l, ev);
    ds_unit_apply(&l->unit, &ev, l->now, l->arena);
    ds_unit_decide(&l->unit, l->now, &l->last);
}

static inline bool acted(const life *l, ds_action_type type)
{
    for (size_t i = 0; i < l->last.n; i++) {
        if (l->last.items[i].type == type)
            return true;
    }
    return false;
}

static inline int64_t wake(const life *l)
{
    for (size_t i = 0; i < l->last.n; i++) {
        if (l->last.items[i].type == DS_ACT_TIMER)
            return l->last.items[i].at_ms;
    }
    return -1;
}

/* A unit that has done its first pass and waits for its interval. */
static inline void life_idle(life *l, bool lists_changes)
{
    l->arena = scratch;
    l->now = T0;
    ds_unit_init(&l->unit, "repos:all", T0);
    tell(l, ensure_event(EVERY, lists_changes, 0));
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    l->timer = wake(l);
}

static inline life *idle(void **state)
{
    life *l = ds_new_in(scratch, life);

    (void)state;
    life_idle(l, false);
    return l;
}

static inline life *idle_with_changes(void **state)
{
    life *l = ds_new_in(scratch, life);

    (void)state;
    life_idle(l, true);
    return l;
}

/* ---- events and actions by letter ------------------------------------------------------------ */

/* s sync_now  w webhook (one item)  t the interval is over  y the retry is due  p pause
 * r resume  i set_interval  A approve  g gone  e ensure  q ensure with another `every`
 * d done  h done, records held  a 401  f failed  F failed for good  c cancelled  l sliced
 * v rate limit  x limits trip */
static inline int64_t retry_or_due(const life *l)
{
    return l->unit.retry_ms ? l->unit.retry_ms : l->unit.due_ms;
}

static inline void move_to(life *l, int64_t at_ms)
{
    l->now = DS_MAX(l->now, at_ms);
}

static inline ds_event event_for(life *l, char letter)
{
    static const char *const one_item[] = {"octo/hello"};

    switch (letter) {
    case 's':
        return event_of(DS_EV_SYNC_NOW);
    case 'w':
        return items_event(one_item, 1);
    case 't':
        move_to(l, l->unit.due_ms);
        return event_of(DS_EV_TIMER);
    case 'y':
        move_to(l, retry_or_due(l));
        return event_of(DS_EV_TIMER);
    case 'p':
        return event_of(DS_EV_PAUSE);
    case 'r':
        return event_of(DS_EV_RESUME);
    case 'i':
        return (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = 7 * DS_MINUTE_MS};
    case 'A':
        return event_of(DS_EV_APPROVE);
    case 'g':
        return event_of(DS_EV_GONE);
    case 'e':
        return ensure_event(EVERY, false, 0);
    case 'q':
        return ensure_event(EVERY * 2, false, 0);
    case 'd':
        return ended_event(DS_PASS_DONE, NULL, NULL);
    case 'h':
        return ended_event(DS_PASS_PARTIAL, NULL, NULL);
    case 'a':
        return ended_event(DS_PASS_PAUSED, "HTTP 401", "auth");
    case 'f':
        return ended_event(DS_PASS_FAILED, "connection refused", "transient");
    case 'F':
        return ended_event(DS_PASS_FAILED, "no such table", "config");
    case 'c':
        return ended_event(DS_PASS_CANCELLED, NULL, NULL);
    case 'l':
        return ended_event(DS_PASS_SLICED, NULL, NULL);
    case 'v':
        return ended_event(DS_PASS_WAITING, "HTTP 429", "rate_limited");
    case 'x':
        return ended_event(DS_PASS_APPROVAL, "25 of 50 rows would change", "approval");
    default:
        fail_msg("no event is called %c", letter);
        return event_of(DS_EV_TIMER);
    }
}

static inline void note_timer(life *l, int64_t at_ms, char **out)
{
    if (at_ms == 0)
        return;
    *(*out)++ = at_ms == l->timer ? 'K' : 'T';
    l->timer = at_ms;
}

/* S start a pass  G go on with it  C cancel it  T timer at a new time  K timer as it was */
static inline void play(life *l, char letter, char **out)
{
    tell(l, event_for(l, letter));
    for (size_t i = 0; i < l->last.n; i++) {
        switch (l->last.items[i].type) {
        case DS_ACT_START_PASS:
            *(*out)++ = 'S';
            break;
        case DS_ACT_GO_ON_PASS:
            *(*out)++ = 'G';
            break;
        case DS_ACT_CANCEL_PASS:
            *(*out)++ = 'C';
            break;
        case DS_ACT_TIMER:
            note_timer(l, l->last.items[i].at_ms, out);
            break;
        }
    }
}

#endif
