/* src/budget/budget.c - when one more request may go, and what answers teach. */
#include "budget/internal.h"

#include <stdlib.h>
#include <string.h>

#define LESS 0.98        /* of what was let through: the pace after a refusal */
#define LEAST 0.5        /* but of the pace before, at least this... */
#define LEAST_CALM 0.8   /* ...this where nobody had minded it: it may be a stray refusal... */
#define LEAST_SHORT 0.9  /* ...and this where the first wait was enough: it was our guess */
#define STEP_FIRST 0.002 /* the pace grows by this... */
#define STEP_MOST 0.2    /* ...and by more each time nobody minds, up to this... */
#define STEP_GROWS 1.2
#define STEP_MS INT64_C(15000)       /* ...so often, but not before... */
#define STEP_COST 45                 /* ...so much was let through... */
#define STEP_LATE_MS INT64_C(120000) /* ...or so long has passed */
#define BURST_MS 2000.0              /* what an idle budget saves up at most */
#define LOOK_AGAIN_MS INT64_C(50)
#define IDLE_MS INT64_C(10000) /* a pause after which the count since the last refusal is void */
#define PAUSE_MOST_MS (5 * DS_MINUTE_MS)
#define TOLD_MOST_MS DS_DAY_MS
#define RESET_SLACK_MS DS_SECOND_MS /* clocks differ by this */
#define NARROW_BUSY 0.5       /* of those in flight: what is left to a server that is busy... */
#define NARROW_SLOW 0.8       /* ...or that answers slower and slower... */
#define NARROW_SLOW_LEAST 4.0 /* ...and that much in any case: requests differ */
#define SLOW_TIMES 8.0        /* what is slow, against its best */
#define FAST_LEAST_MS 250.0   /* its best counts as no better: eight times that is no wait */
#define WIDTH_MOST 64.0       /* wider is no limit */

ds_budget *ds_budget_new(int64_t allowed, int64_t allowed_ms)
{
    ds_budget *b = ds_calloc(1, sizeof(*b));

    if (allowed > 0 && allowed_ms > 0)
        b->pace_most = (double)allowed / (double)allowed_ms;
    b->pace = b->pace_most;
    b->step = STEP_FIRST;
    b->tokens = b->burst = 1;
    b->limit = b->remaining = -1;
    return b;
}

int64_t ds_budget_refusals(const ds_budget *b)
{
    return b->refusals;
}

double ds_budget_pace(const ds_budget *b)
{
    return b->pace * 1000;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* A limit that counts by the second minds what one that counts by the minute does not: after a
 * refusal nothing is saved up, then more and more. */
static double saved_most(const ds_budget *b)
{
    return DS_MAX(DS_MIN(b->pace * BURST_MS, b->burst), 1.0);
}

static void refill(ds_budget *b, int64_t now)
{
    double most = saved_most(b);

    if (b->pace > 0 && now > b->filled_ms)
        b->tokens = DS_MIN(b->tokens + b->pace * (double)(now - b->filled_ms), most);
    b->filled_ms = now;
}

/* What the told window leaves to those in less haste: none of it may starve those in more. */
static int64_t reserve(const ds_budget *b, ds_haste haste)
{
    return haste == DS_HASTE_ASKED ? 0 : haste == DS_HASTE_USUAL ? b->limit / 50 : b->limit / 10;
}

static int64_t window_wait(ds_budget *b, const ds_seat *seat, int64_t cost, int64_t now)
{
    if (b->remaining < 0)
        return 0;
    if (now >= b->reset_ms) { /* a new window: nobody has told of it yet */
        b->remaining = -1;
        return 0;
    }
    if (b->remaining - reserve(b, seat->haste) >= cost)
        return 0;
    return b->reset_ms - now;
}

/* Those before this seat take theirs first, and nobody's cost is more than can be saved up. */
static int64_t pace_wait(const ds_budget *b, int64_t cost, size_t before)
{
    double need = DS_MIN((double)cost, saved_most(b)) + (double)before;

    if (b->pace <= 0 || b->tokens >= need)
        return 0;
    return (int64_t)((need - b->tokens) / b->pace) + 1;
}

/* Until one of those in flight ends: whoever sent it asks again then. */
static int64_t width_wait(const ds_budget *b)
{
    return b->width > 0 && (double)b->in_flight >= b->width ? LOOK_AGAIN_MS : 0;
}

static int64_t pause_wait(const ds_budget *b, int64_t now)
{
    if (now < b->paused_until)
        return b->paused_until - now;
    /* After a pause whose length was a guess one request goes ahead. */
    return b->guessing && b->in_flight > 0 ? LOOK_AGAIN_MS : 0;
}

int64_t ds_budget_ask(ds_seat *seat, int64_t cost, int64_t now_ms)
{
    ds_budget *b = seat->budget;
    int64_t wait;
    size_t before;

    cost = DS_MAX(cost, 1);
    refill(b, now_ms);
    seat_wants(seat, now_ms);
    before = seats_before(seat, now_ms);
    wait = DS_MAX(pause_wait(b, now_ms), window_wait(b, seat, cost, now_ms));
    wait = DS_MAX(wait, width_wait(b));
    if (wait == 0 || b->pace > 0)
        wait = DS_MAX(wait, pace_wait(b, cost, before));
    if (wait > 0) {
        b->held_back |= now_ms >= b->paused_until;
        seat->back_ms = now_ms + wait;
        return wait;
    }
    seat_served(seat, cost);
    b->tokens -= b->pace > 0 ? (double)cost : 0;
    b->remaining -= b->remaining >= 0 ? DS_MIN(cost, b->remaining) : 0;
    b->in_flight++;
    if (now_ms - b->last_ms > IDLE_MS && b->in_flight == 1 && !b->guessing)
        b->span_ms = now_ms, b->let_through = 0;
    b->last_ms = now_ms;
    return 0;
}

/* ---- learning -------------------------------------------------------------------------------- */

static void learn_window(ds_budget *b, const ds_budget_news *news, int64_t now)
{
    if (news->limit <= 0 || news->remaining < 0 || news->reset_ms < 0 ||
        news->reset_ms > TOLD_MOST_MS)
        return;
    b->limit = news->limit;
    b->reset_ms = now + news->reset_ms + RESET_SLACK_MS;
    /* Those on their way may be counted or not. */
    b->remaining = DS_MAX(news->remaining - b->in_flight, 0);
}

/* Nobody minded for a while although more was wanted: a little more. */
static void creep_up(ds_budget *b, int64_t now)
{
    int64_t since = now - b->raised_ms;

    if (b->pace <= 0 || since < STEP_MS || (b->since_raised < STEP_COST && since < STEP_LATE_MS))
        return;
    b->raised_ms = now;
    b->since_raised = 0;
    b->minded = false;
    b->burst += 1;
    if (!b->held_back)
        return;
    b->held_back = false;
    b->pace *= 1 + b->step;
    if (b->pace_most > 0)
        b->pace = DS_MIN(b->pace, b->pace_most);
    b->step = DS_MIN(b->step * STEP_GROWS, STEP_MOST);
}

static int64_t pause_length(ds_budget *b, const ds_budget_news *news)
{
    int64_t length = news->first_ms > 0 ? news->first_ms : DS_SECOND_MS;

    if (news->wait_ms >= 0)
        return DS_MIN(news->wait_ms, TOLD_MOST_MS);
    for (int i = 1; i < b->in_a_row && length < PAUSE_MOST_MS; i++)
        length *= 2;
    return DS_MIN(length, DS_MAX(PAUSE_MOST_MS, news->first_ms));
}

/* Fewer at one time, `of` those that there were; not again before answers to fewer have come. */
static void narrow(ds_budget *b, double of, double least, int64_t sent, int64_t now)
{
    double were = (double)(b->in_flight + 1);

    if (were < 2 || (b->narrowed_ms && sent <= b->narrowed_ms))
        return;
    b->width = DS_MAX(DS_MIN(were, b->width > 0 ? b->width : were) * of, least);
    b->narrowed_ms = now;
}

/* One more at one time whenever as many answers have come as there may be. */
static void widen(ds_budget *b)
{
    if (b->width > 0)
        b->width += 1 / b->width;
    if (b->width > WIDTH_MOST)
        b->width = 0;
}

static void took(ds_budget *b, int64_t sent, int64_t now)
{
    double ms = (double)DS_MAX(now - sent, 1);

    b->fast_ms = b->fast_ms > 0 ? DS_MIN(ms, b->fast_ms * 1.001) : ms;
    b->usual_ms = b->usual_ms > 0 ? b->usual_ms * 0.8 + ms * 0.2 : ms;
    if (b->usual_ms <= SLOW_TIMES * DS_MAX(b->fast_ms, FAST_LEAST_MS))
        widen(b);
    else if (b->in_flight + 1 > (int64_t)NARROW_SLOW_LEAST)
        narrow(b, NARROW_SLOW, NARROW_SLOW_LEAST, sent, now);
}

/* What was let through since the last pause, over all the time until the next. */
static void slow_down(ds_budget *b, int64_t until, double at_least)
{
    double let = (double)b->let_through, pace;

    if (b->pace <= 0) /* the first time: answers to many may still be on their way */
        let += (double)b->in_flight;
    pace = let / (double)DS_MAX(until - b->span_ms, 1) * LESS;
    if (b->pace > 0)
        pace = DS_MIN(DS_MAX(pace, b->pace * at_least), b->pace * LESS);
    if (b->pace_most > 0)
        pace = DS_MIN(pace, b->pace_most);
    b->pace = DS_MAX(pace, 1.0 / DS_MINUTE_MS);
    b->step = STEP_FIRST;
    b->minded = true;
}

static void start_over(ds_budget *b, int64_t from)
{
    b->span_ms = b->raised_ms = b->last_ms = b->filled_ms = from;
    b->let_through = b->since_raised = 0;
    b->tokens = b->burst = 1;
}

static void refused(ds_budget *b, const ds_budget_news *news, int64_t sent, int64_t now)
{
    bool same =
        b->refusals && sent <= b->refused_ms; /* it left before the last refusal was heard */
    bool told = news->remaining == 0 && news->reset_ms >= 0; /* an empty window says nothing new */
    int64_t until;

    b->refusals++;
    b->in_a_row += !same;
    if (told && news->wait_ms < 0) {
        b->paused_until = DS_MAX(b->paused_until, now + news->reset_ms + RESET_SLACK_MS);
        return;
    }
    until = now + pause_length(b, news);
    b->refused_ms = now;
    b->paused_until = DS_MAX(b->paused_until, until);
    if (news->end == DS_BUDGET_BUSY)
        narrow(b, NARROW_BUSY, 1, sent, now);
    if (same || told || news->end == DS_BUDGET_BUSY)
        return;
    if (news->wait_ms < 0) { /* how long it was is known when the first one gets through again */
        b->guessing = true;
        return;
    }
    b->guessing = false;
    slow_down(b, b->paused_until, b->minded ? LEAST : LEAST_CALM);
    start_over(b, b->paused_until);
}

static void let_through(ds_budget *b, int64_t cost, int64_t sent, int64_t now)
{
    bool after = !b->refusals || sent > b->refused_ms;

    if (after && b->guessing) {
        b->guessing = false;
        slow_down(b, sent, b->in_a_row > 1 ? LEAST : LEAST_SHORT);
        start_over(b, sent);
    }
    if (after)
        b->in_a_row = 0;
    b->let_through += cost;
    b->since_raised += cost;
    took(b, sent, now);
    creep_up(b, now);
}

void ds_budget_answer(ds_seat *seat, int64_t cost, int64_t sent_ms, int64_t now_ms,
                      const ds_budget_news *news)
{
    ds_budget *b = seat->budget;

    b->in_flight -= b->in_flight > 0;
    learn_window(b, news, now_ms);
    switch (news->end) {
    case DS_BUDGET_LET_THROUGH:
        let_through(b, DS_MAX(cost, 1), sent_ms, now_ms);
        break;
    case DS_BUDGET_REFUSED:
    case DS_BUDGET_BUSY:
        refused(b, news, sent_ms, now_ms);
        break;
    case DS_BUDGET_UNKNOWN:
        break;
    }
}
