/* src/sync/pass.h
 *
 * One pass of one unit, page by page: fetch, map, guard, match, diff, write, commit.  Both engines
 * run this function as one activity; all I/O goes through the source, the destination and the
 * ledger it is given.
 */
#ifndef DS_SYNC_PASS_H
#define DS_SYNC_PASS_H

#include "base/bell.h"
#include "base/clock.h"
#include "base/ledger.h"
#include "base/route.h"
#include "flow/unit.h"
#include <durable_sync/base.h>
#include <stdatomic.h>

/* Read by `status` while the pass runs. */
typedef struct ds_progress {
    _Atomic int64_t done;  /* records handled */
    _Atomic int64_t total; /* records expected; -1 unknown */
    _Atomic int64_t created, updated, unchanged, skipped, held;
    _Atomic int64_t source_calls, destination_calls;
    _Atomic int64_t waiting_ms; /* since when it waits for its pace; 0: it does not */
    /* Until when each side sits out a rate limit; 0: it does not. */
    _Atomic int64_t source_limited_ms, destination_limited_ms;
    atomic_bool kept; /* there is a checkpoint, durable: an attempt that follows goes on from it */
} ds_progress;

typedef struct ds_pass_in {
    const ds_route *route;
    const char *unit;  /* as the source names it */
    const char *owner; /* unique and stable name of this store, route and unit */
    ds_pass_kind kind;
    const char *const *items;
    size_t items_n;
    int64_t since_ms; /* CHANGES; else -1 */
    bool approved;    /* limits, a changed key and an empty source do not stop it */
    bool sweep; /* the source no longer has the unit: nothing is read, all its rows are gone */
    ds_ledger *ledger;
    ds_clock *clock;
    const atomic_bool *stop;  /* set from another thread: unwind at the next record */
    const ds_bell *stop_bell; /* rung when it is set; NULL: whoever waits has to look */
    /* On the clock's mono_us, raised by whoever hears of the pass: later than that nothing is
     * written, since another may have taken its place. NULL: nobody can. */
    const _Atomic int64_t *lease_us;
    bool one_thread;       /* the source is read on the caller's thread, still a page ahead */
    int64_t slice_ms;      /* works at most this long, then hands back SLICED; 0: no limit */
    ds_progress *progress; /* of ds_pass_run; a plan has none */
    size_t page_records;   /* 0: 500; crash tests choose small ones to have many steps */
    size_t group_records;  /* 0: 32,000 */
    size_t intent_records; /* announced at once; 0: 64 */
} ds_pass_in;

typedef struct ds_pass_result {
    ds_pass_outcome outcome;
    ds_totals totals;
    int64_t source_calls, destination_calls;
    /* FAILED, PAUSED, WAITING: why; APPROVAL: text says what waits; DONE, PARTIAL: of kind NONE,
     * the text is what there is to say all the same, or "" */
    ds_err err;
    /* Every row is to be compared (the destination was lost, the route is another one), and this
     * pass meets some of them alone: a full one is to follow, whatever the outcome. */
    bool wants_full;
    /* Rows that it has made, or may have made, may be missing in look-ups for so long; 0: they
     * show, or there are none. */
    int64_t shows_after_ms;
} ds_pass_result;

void ds_pass_run(const ds_pass_in *in, ds_pass_result *out);

/* ---- the same way without a single write: `plan` and `explain` ------------------------------- */

typedef struct ds_change { /* one property of an update */
    const char *name;
    ds_value from, to;
} ds_change;

typedef struct ds_body_change { /* a body, in short: the first line that differs */
    size_t bytes;               /* of the new one */
    size_t line;                /* from 1 */
    const char *from, *to;      /* that line; NULL: there is none, or nobody has read it */
} ds_body_change;

typedef struct ds_planned {
    ds_outcome outcome; /* CREATED, UPDATED, UNCHANGED, HELD: what a pass would make of it */
    bool skipped;       /* by where, or superseded */
    const char *key;
    const char *id;
    const char *reason;      /* HELD */
    const ds_record *source; /* as read */
    const ds_prop *props;    /* as mapped */
    size_t props_n;
    const ds_change *changes; /* UPDATED */
    size_t changes_n;
    const ds_body_change *body; /* CREATED, UPDATED; NULL: it stays as it is */
    const ds_link *link;        /* NULL: none */
    const ds_record *row;       /* the destination's; NULL: not there or not looked at */
    ds_hash hash;
    const char *why; /* the decision in words */
} ds_planned;

typedef struct ds_plan_result {
    ds_totals totals;
    int64_t writes; /* destination writes a pass would send */
    bool has_cost;  /* the destination has said what that costs */
    ds_cost cost;
    ds_cost reading; /* calls of the source's, as they were made; n 0: it counts none */
    bool over_limits;
    const char *approval; /* static text or in nothing: why it would wait; NULL */
    ds_err err;
} ds_plan_result;

/* `each` sees every record that is not plainly unchanged (all of them with `everything`); what it
 * is given dies when it returns. `items`: only these keys. false with out->err set. */
bool ds_pass_plan(const ds_pass_in *in, bool everything,
                  bool (*each)(void *to, const ds_planned *planned), void *to, ds_plan_result *out);

/* ---- one record through the mapping alone: `try` --------------------------------------------- */

typedef struct ds_try_in {
    const ds_route *route;
    const char *unit;
    const char *key; /* NULL: the first that `where` keeps, or the first of all */
    ds_clock *clock;
    const atomic_bool *stop;
    struct ds_memory *memory; /* NULL: nothing is recalled */
} ds_try_in;

typedef enum ds_try_end { DS_TRY_WRITTEN, DS_TRY_DROPPED, DS_TRY_HELD } ds_try_end;

typedef struct ds_tried {    /* a stage that was not reached has no properties: NULL */
    const ds_record *source; /* NULL: there is no such record */
    const ds_prop *mapped;   /* after `where` and `fields` */
    size_t mapped_n;
    const ds_prop *made; /* after `transform`; NULL where the route has none, too */
    size_t made_n;
    const ds_prop *props; /* after `owns`: as it is written */
    size_t props_n;
    const char *body; /* at the last stage that was reached; NULL: absent */
    const uint8_t *how;
    ds_try_end end;
    const char *reason; /* DROPPED, HELD */
} ds_tried;

/* Shows what it finds, once; what it shows dies when that returns. No store is asked and no
 * destination. */
DS_MUST_USE bool ds_pass_try(const ds_try_in *in, void (*show)(void *to, const ds_tried *tried),
                             void *to, ds_err *err);

#endif
