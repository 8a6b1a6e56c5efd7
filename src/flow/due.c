/* src/flow/due.c
 *
 * An interval is counted here, since that is arithmetic.  Times by cron are not: they need time
 * zones, so whoever hosts the unit computes the next one and tells it with the events.
 */
#include "flow/due.h"

#include "flow/want.h"

#include <string.h>

#define INTERVAL_LEAST_MS DS_SECOND_MS /* of a route's `every` */

static int64_t sane_interval(int64_t ms)
{
    return DS_MIN(DS_MAX(ms, INTERVAL_LEAST_MS), DS_UNIT_INTERVAL_MAX_MS);
}

bool ds_due_is_quiet(const ds_unit *u, int64_t now_ms)
{
    return now_ms < u->quiet_until_ms;
}

void ds_due_limits_retry(ds_unit *u)
{
    if (!u->running && u->due_ms && u->retry_ms > u->due_ms)
        u->retry_ms = u->due_ms;
}

/* ---- what is told ---------------------------------------------------------------------------- */

/* What is ahead is told anew each time, so that a clock that was set, or a zone that its country
 * changed, never leaves a stale time behind. What is past is left for the tick. */
void ds_due_learn(ds_unit *u, const ds_event *ev, int64_t now_ms)
{
    if (!ev->tells_times)
        return;
    u->quiet_until_ms = ev->quiet_until_ms;
    u->next_ms = ev->next_ms;
    if (!u->cron || u->gone || (u->due_ms && u->due_ms <= now_ms))
        return;
    u->due_ms = u->next_ms;
    ds_due_limits_retry(u);
}

/* A unit's own place within a span: 1..span, so that units that could all start now do not. */
static int64_t own_delay(const ds_unit *u, int64_t span_ms)
{
    if (span_ms <= 0)
        return 0;
    return 1 + (int64_t)(ds_flow_hash(u->key) % (uint64_t)span_ms);
}

/* Counted from now, and shown at once: a new interval, or a clock that was set back. */
static void count_from(ds_unit *u, int64_t now_ms)
{
    u->due_ms = now_ms + u->interval_ms;
    ds_due_limits_retry(u);
}

void ds_due_every(ds_unit *u, int64_t interval_ms, int64_t now_ms)
{
    u->interval_ms = sane_interval(interval_ms);
    if (!u->gone)
        count_from(u, now_ms);
}

static void ensure_interval(ds_unit *u, const ds_event *ev, bool back, int64_t now_ms)
{
    int64_t every_ms = sane_interval(ev->interval_ms);
    bool first = u->every_ms == 0 && !u->cron;

    u->cron = u->zone = NULL;
    u->planned_ms = 0;
    if (u->every_ms != every_ms) { /* what was set by hand lives until here */
        u->every_ms = every_ms;
        ds_due_every(u, every_ms, now_ms);
    }
    if (first || back || (u->due_ms <= now_ms && ev->spread_ms > 0))
        u->due_ms = now_ms + own_delay(u, DS_MIN(ev->spread_ms, u->interval_ms));
}

static bool same_text(const char *known, const char *told)
{
    return known && strcmp(known, told) == 0;
}

/* The same times as before: one that was missed is still to be served. */
static void ensure_cron(ds_unit *u, const ds_event *ev, bool back, ds_arena *a)
{
    bool same = same_text(u->cron, ev->cron) && same_text(u->zone, ev->zone);

    u->every_ms = 0; /* an interval that comes back is a new one */
    if (same && !back)
        return;
    u->cron = ds_arena_strdup(a, ev->cron);
    u->zone = ds_arena_strdup(a, ev->zone);
    u->planned_ms = 0;
    u->due_ms = ev->first_ms ? ev->first_ms : ev->next_ms;
    ds_due_limits_retry(u);
}

void ds_due_ensure(ds_unit *u, const ds_event *ev, bool back, int64_t now_ms, ds_arena *a)
{
    int64_t full_every_ms = sane_interval(ev->full_every_ms);

    if (u->full_due_ms)
        u->full_due_ms += full_every_ms - u->full_every_ms;
    u->full_every_ms = full_every_ms;
    if (ev->cron)
        ensure_cron(u, ev, back, a);
    else
        ensure_interval(u, ev, back, now_ms);
}

/* ---- a time that has come -------------------------------------------------------------------- */

/* The pass is due unless it makes no sense now: the unit waits for a person (what it missed is
 * caught up with in full afterwards), or the pass that runs reads the same anyway. */
static bool tick_counts(const ds_unit *u)
{
    if (u->paused || u->approval)
        return false;
    return !u->running || u->run_kind == DS_PASS_TARGETED;
}

/* However many times were missed, one pass serves them. Without word of the next time there is
 * none until the pass that starts now has ended and tells. */
static void tick_cron(ds_unit *u, int64_t now_ms)
{
    if (u->due_ms > now_ms)
        return;
    if (tick_counts(u))
        ds_want_changes(&u->want);
    u->planned_ms = u->due_ms;
    u->due_ms = u->next_ms > now_ms ? u->next_ms : 0;
}

/* Due times keep their phase however long a pass takes, and are never left in the past. One in
 * quiet hours waits for their end, and the next are counted from there. */
static void tick_interval(ds_unit *u, int64_t now_ms)
{
    bool quiet = ds_due_is_quiet(u, now_ms);

    u->interval_ms = sane_interval(u->interval_ms);
    if (u->due_ms - now_ms > u->interval_ms && !(quiet && u->due_ms <= u->quiet_until_ms))
        count_from(u, now_ms);
    if (u->due_ms > now_ms)
        return;
    if (quiet) {
        u->due_ms = u->quiet_until_ms;
        return;
    }
    if (tick_counts(u))
        ds_want_changes(&u->want);
    u->due_ms += ((now_ms - u->due_ms) / u->interval_ms + 1) * u->interval_ms;
}

void ds_due_tick(ds_unit *u, int64_t now_ms)
{
    if (u->due_ms == 0)
        return;
    if (u->cron)
        tick_cron(u, now_ms);
    else
        tick_interval(u, now_ms);
}
