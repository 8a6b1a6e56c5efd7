/* src/budget/budget.h
 *
 * What one credential may spend at one host, shared by all routes that use it.  Pure arithmetic:
 * the time is an argument (milliseconds of any clock that does not jump), nothing waits, nothing
 * locks.
 *
 * Four things limit it, each learnt from what is known:
 *
 *   window   the server tells with each answer what is left until when: spent freely down to a
 *            reserve for those in more haste, then it waits for the next window
 *   pace     the limit is not told: at a refusal the pace becomes a little less than what was let
 *            through since the last one, but only at a second one more than a fifth less at once,
 *            since one may be astray; then it creeps up again. Even spacing means that a limit
 *            that counts in windows is met at a window's end, where waiting costs next to nothing
 *   pause    a refusal says how long to wait, or the wait doubles
 *   width    a server that is busy, or answers ever slower, gets half or four fifths of what was in
 *            flight at one time, then one more with each round of answers
 *
 * Whoever wants to send has a seat. The one whose route has had the least goes first; a route in
 * haste is charged less.
 */
#ifndef DS_BUDGET_BUDGET_H
#define DS_BUDGET_BUDGET_H

#include <durable_sync/activity.h>
#include <durable_sync/base.h>

typedef struct ds_budget ds_budget;
typedef struct ds_seat ds_seat; /* of one client, which waits for one thing at a time */

/* allowed in allowed_ms: what the documentation says; 0: unknown. */
ds_budget *ds_budget_new(int64_t allowed, int64_t allowed_ms);
void ds_budget_free(ds_budget *b); /* with its seats */

ds_seat *ds_seat_take(ds_budget *b, const char *route, ds_haste haste);
void ds_seat_leave(ds_seat *seat); /* NULL is fine */

/* 0: go, the cost is taken. Else ask again in so many milliseconds. */
int64_t ds_budget_ask(ds_seat *seat, int64_t cost, int64_t now_ms);
void ds_budget_give_up(ds_seat *seat); /* does not wait any more */

typedef enum ds_budget_end {
    DS_BUDGET_LET_THROUGH, /* an answer that is no refusal */
    DS_BUDGET_REFUSED,     /* too fast, or nothing left */
    DS_BUDGET_BUSY,        /* refused for the server's own reasons */
    DS_BUDGET_UNKNOWN,     /* no answer */
} ds_budget_end;

typedef struct ds_budget_news {
    ds_budget_end end;
    int64_t wait_ms;                    /* REFUSED, BUSY: as told; -1: doubles from first_ms */
    int64_t first_ms;                   /* 0: one second */
    int64_t limit, remaining, reset_ms; /* of the window, reset from now; -1: not told */
} ds_budget_news;

/* What became of a request that left at sent_ms. */
void ds_budget_answer(ds_seat *seat, int64_t cost, int64_t sent_ms, int64_t now_ms,
                      const ds_budget_news *news);

/* What was learnt, for the next process: one line. offset_ms turns this clock into UTC. The text in
 * `out`. */
void ds_budget_save(const ds_budget *b, int64_t now_ms, int64_t offset_ms, ds_buf *out);
/* Takes up what was saved, if it still means anything; any text is safe. */
void ds_budget_load(ds_budget *b, const char *text, int64_t now_ms, int64_t offset_ms);
/* Counts refusals: what is saved has changed since it said another number. */
int64_t ds_budget_refusals(const ds_budget *b);
double ds_budget_pace(const ds_budget *b); /* a second; 0: not known */

DS_AUTO_DEFINE(ds_budget, ds_budget_free)

#endif
