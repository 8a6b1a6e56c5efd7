/* src/sync/internal.h
 *
 * The pass in parts, in the order of the data: fetch -> prepare (map, guard, match, diff) -> write
 * -> group (commit) -> missing.  Shared by the files of this folder only.
 */
#ifndef DS_SYNC_INTERNAL_H
#define DS_SYNC_INTERNAL_H

#include "base/activity.h"
#include "base/plant.h"
#include "sync/map.h"
#include "sync/pass.h"

#include <string.h>

#define PAGE_RECORDS ((size_t)500)     /* asked of the source, and the most in one write */
#define GROUP_RECORDS ((size_t)32000)  /* a local destination commits after so many changes */
#define GROUP_US INT64_C(1000000)      /* or after a second with anything to tell */
#define INTENT_BATCH ((size_t)64)      /* creates in flight whose answer a crash can lose */
#define FIND_BATCH ((size_t)100)       /* keys looked up at once... */
#define FIND_FRESH_US INT64_C(5000000) /* ...or more, as many as are written within this */
#define HELD_KNOWN INT64_C(2000)       /* held records kept in mind; of more, each is looked up */
#define HELD_FIRST_MS DS_MINUTE_MS     /* a held record is tried again after this, doubling */
#define HELD_MOST_MS DS_DAY_MS
#define HELD_FOR_A_PERSON INT64_MAX /* next try of what only a person can settle */

/* ---- keys: a hash table from key to index, emptied in one stroke ----------------------------- */

typedef struct keyset {
    uint32_t *slots; /* index + 1; 0: empty */
    uint64_t *hashes;
    size_t cap, n;
} keyset;

void keyset_fini(keyset *set);
void keyset_clear(keyset *set);
void keyset_put(keyset *set, uint64_t hash, uint32_t index); /* beside others of the same hash */
/* Indexes with this hash, one a call: start with *at = 0; UINT32_MAX: no more. */
uint32_t keyset_next(const keyset *set, uint64_t hash, size_t *at);
/* The index whose key, as key_at tells it, is just this one; UINT32_MAX: none. */
uint32_t keyset_find(const keyset *set, uint64_t hash, const char *key,
                     const char *(*key_at)(const void *of, uint32_t index), const void *of);

/* ---- trail: where a source was told to go on ------------------------------------------------- */

typedef struct trail {
    ds_buf cursor; /* the last; its data is what is handed to the source */
    ds_buf mark;   /* one of those before */
    bool marked;
    uint64_t pages, stretch; /* since the mark; until the next one */
    int restarts;
} trail;

void trail_init(trail *t, const char *from); /* NULL: from the first page */
void trail_fini(trail *t);
/* On to the page's next_cursor. PERMANENT where the source has named it before, TRANSIENT where it
 * begins anew again and again. */
DS_MUST_USE bool trail_follow(trail *t, const ds_source *src, const ds_page *page, ds_arena *a,
                              ds_err *err);

/* ---- keeper: what connectors keep between passes --------------------------------------------- */

typedef struct keeper keeper;

keeper *keeper_new(ds_ledger *ledger, bool reads_only);
void keeper_free(keeper *k);
ds_memory *keeper_source(keeper *k); /* for the thread that fetches */
ds_memory *keeper_destination(keeper *k);
void keeper_page_done(keeper *k); /* the records of one more page have been dealt with */
bool keeper_has_news(keeper *k);  /* something may be committed */
/* What may be committed; borrowed until keeper_committed, which is not called if it fails. */
const ds_memo *keeper_take(keeper *k, size_t *n);
void keeper_committed(keeper *k);

/* ---- fetch: the next page comes in while this one is written --------------------------------- */

typedef struct fetcher fetcher;

typedef struct fetched {
    ds_page page;
    ds_arena *arena; /* the page's; the pass may use it too while it has the page */
    bool ok;
    ds_err err;
} fetched;

fetcher *fetcher_start(ds_source *src, const ds_activity *like, const ds_fetch *want);
/* The same without a thread: the next page is read when this one is given out. */
fetcher *fetcher_start_here(ds_source *src, const ds_activity *like, const ds_fetch *want);
/* Until the next page is there, at most so long; the page before is given back. */
bool fetcher_wait(fetcher *f, int64_t us);
/* The next page is there, and is none: what its source said must not be forgotten. */
bool fetcher_failed(fetcher *f, ds_err *err);
fetched *fetcher_next(fetcher *f); /* gives the page before back; NULL after the last page */
/* What the source asked for, once fetcher_next has said that there is no more. */
void fetcher_calls(const fetcher *f, ds_cost *out);
void fetcher_stop(fetcher *f); /* joins */
DS_AUTO_DEFINE(fetcher, fetcher_stop)

/* ---- one record on its way ------------------------------------------------------------------- */

typedef enum decision {
    DO_SKIP,    /* dropped by `where`, superseded, or not asked for */
    DO_HOLD,    /* reason */
    DO_NOTHING, /* unchanged */
    DO_COMPARE, /* believed unchanged, but the row is to be looked at */
    DO_WRITE,
} decision;

typedef struct item {
    const ds_record *rec;
    ds_mapped mapped;
    const char *key;
    uint64_t key_hash;
    const ds_link *link; /* NULL: none */
    const ds_link *left; /* without a link: the one of a unit that is gone, to be taken over */
    const ds_held *held; /* as set aside before; NULL */
    const ds_intent *intent;
    const char *reason;  /* HOLD */
    bool placed;         /* held under `key` as a place */
    bool quiet;          /* HOLD: already recorded just so */
    bool dropped;        /* SKIP by `where` or `transform`: still seen */
    bool counted;        /* against limits */
    bool sent;           /* its write went out */
    bool gone;           /* the row its link names was not there */
    bool looked;         /* under an intent, in vain: to be looked for once more */
    bool keep_intent;    /* HELD under it */
    int64_t next_try_ms; /* HOLD: fixed by the reason; 0: by the back-off */
    const char *why;     /* the decision in words, for `explain` */
    decision decision;
    const ds_record *row; /* the destination's, where it was looked at */
} item;

/* ---- changes that wait for their commit ------------------------------------------------------ */

typedef struct key_list { /* copies of keys */
    const char **items;
    size_t n, cap;
} key_list;
void key_list_add(key_list *list, ds_arena *a, const char *key);

typedef struct group {
    ds_arena *arena;
    ds_link_put *puts;
    size_t puts_n, puts_cap;
    keyset put_keys;
    int64_t *doubts; /* links whose rows were written since the last flush */
    size_t doubts_n, doubts_cap;
    ds_link_put *taken; /* of `puts`: rows of another unit until now; the same, and void */
    size_t taken_n, taken_cap;
    ds_link *removes;
    size_t removes_n, removes_cap;
    ds_held *held;
    size_t held_n, held_cap;
    key_list met;      /* held as before */
    key_list released; /* held no more */
    key_list cleared;  /* their intents are settled */
    ds_intent *sent;   /* creates whose answer was lost */
    size_t sent_n, sent_cap;
    ds_claimed *claimed; /* answers for `sent`, of a commit ahead; NULL: nobody asks */
    bool dirty;          /* the destination was written to since the last flush */
    char *generation;    /* of a flush that no commit has told of yet; NULL: none */
} group;

typedef struct pass {
    const ds_pass_in *in;
    const ds_route *route;
    ds_source *src;
    ds_destination *dst;
    const ds_destination_ops *to;
    bool planning; /* no write anywhere */
    ds_mapping *map;
    ds_transform *transform; /* NULL: not needed yet */
    ds_arena *keep;          /* lives as long as the pass */
    ds_arena *batch;         /* a write batch's... */
    ds_arena *slice;         /* ...and what the destination makes while a slice of it is written */
    ds_activity act;
    ds_ledger_begin begin;
    bool destination_exists;
    int64_t settle_ms, lag_ms; /* the destination's, by its settings */
    bool whole_rows;           /* what its rows lack has no place there */

    ds_totals totals;
    int64_t changes, allowed; /* allowed -1: no limit */
    int64_t doubled;          /* records whose key another one of this pass has */
    uint8_t *met;             /* one bit a link: its record has come in this run */
    size_t met_n;
    keyset unsure_keys; /* of creates of this run whose answer was lost: they have no link yet */
    key_list unsure;
    int64_t source_calls, destination_calls;
    int64_t opening_calls; /* of the source */
    int64_t counted;       /* of act.calls: in destination_calls already */
    keeper *keeper;
    size_t find_batch;  /* keys to be looked up at once, as writing goes... */
    bool found_some;    /* ...since some of the last ones were there */
    int64_t looked_ms;  /* when the last look-up began; 0: rows need none */
    const char *cursor; /* checkpoint: where the next page begins; in cursor_buf */
    ds_buf cursor_buf;
    ds_totals page_totals; /* at the last page boundary */
    bool source_done;

    keyset page_keys;    /* of the page in hand */
    keyset items_wanted; /* targeted... */
    uint8_t *items_came; /* ...and which of them a record has come for */
    ds_held *held;       /* set aside before, by key */
    size_t held_n;
    bool held_many; /* too many to keep in mind */
    keyset held_keys;
    keyset intent_keys;
    uint8_t *intent_seen;
    bool skip_lookup;  /* nobody can have links for unknown keys */
    bool distrust;     /* planning: the destination is not as the links know it... */
    bool compares_all; /* it was not as it was left */
    bool wants_full;   /* and this pass meets some records alone */
    bool forgets;      /* ...or is another one: they count for nothing */
    int64_t next_seq;
    int64_t walk_after; /* links are walked in step with the source from here */
    bool walk_misses;   /* the last page was in another order */
    uint8_t *seen;      /* bits; NULL: not needed, or not to be trusted */
    size_t seen_n;
    int64_t missing_found; /* by count_missing */
    int64_t marks_lost;    /* the same, and not among them: marked once, to be marked again */
    bool seen_void;        /* something unreadable came: nothing is taken for gone */

    group group;
    int64_t started_us;
    int64_t checkpoint_us; /* when the last one was committed */
    ds_totals committed_totals;
    bool fragile; /* a row can undo what was not flushed */
    bool lost; /* the destination took back what was not flushed: the group must not be committed */
    _Atomic int64_t own_pace_us;
} pass;

/* prepare.c: maps, guards, matches and compares the records of a page. */
DS_MUST_USE bool prepare_page(pass *p, const ds_page *page, ds_arena *a, item **items, size_t *n,
                              ds_err *err);
/* out[i]: how keys[i] was set aside before; NULL: it was not. */
DS_MUST_USE bool held_before(pass *p, const char *const *keys, size_t n, ds_arena *a,
                             const ds_held **out, ds_err *err);
/* asked.c: the items of a targeted pass. Whether a record of this key is wanted; notes that it
 * came.
 */
bool asked_for(pass *p, const char *key, uint64_t hash);
void asked_begin(pass *p);
void asked_came(pass *p, const ds_page *page); /* under other names than keys */
void asked_tell(const pass *p, ds_err *out);   /* which did not come, as a text of kind NONE */
/* transform.c: what the route's transform makes of what is to be written. */
DS_MUST_USE bool transform_items(pass *p, item *items, size_t n, ds_arena *a, ds_err *err);
/* match.c: finds each item's link; marks links as seen. */
DS_MUST_USE bool match_items(pass *p, item *items, size_t n, ds_arena *a, ds_err *err);
void mark_seen(pass *p, int64_t seq);
bool meet_link(pass *p, int64_t seq);      /* true: for the second time */
void meet_unsure(pass *p, const item *it); /* its create may or may not have arrived */
/* Its next try is still to come. One further ahead than any wait was set by a clock that has been
 * set back since. */
bool held_waits(pass *p, const ds_held *held);
void warn_doubled(pass *p, const char *key);
bool was_seen(const pass *p, int64_t seq);

/* group.c */
void group_init(group *g);
void group_fini(group *g);
void group_put(pass *p, const ds_link *link, bool is_new);
void group_remove(pass *p, const ds_link *link);
void group_hold(pass *p, const ds_held *held);
void group_meet(pass *p, const char *key); /* held as before */
/* The row is being written: should the commit that says so be lost, the next pass has to compare.
 */
void group_doubt(pass *p, const ds_link *link);
/* The put of this key takes a row over, which is being written: should that commit be lost, the
 * unit that had the row must not believe any more what it knows of it. */
void group_take_over(pass *p, const ds_link *left);
/* What is known of the row before it is written. */
uint8_t flags_taken_over(const ds_link *left);
bool link_may_mislead(const ds_link *link); /* once its row has been written, and it has not */
void group_release(pass *p, const char *key);
void group_sent(pass *p, const ds_intent *intent); /* nobody knows whether it has arrived */
void group_clear_intent(pass *p, const char *key);
const ds_link *group_find(pass *p, const char *key, uint64_t hash);
bool group_is_due(const pass *p);
/* Flushes the destination, then commits all that waits. `at_page`: with the checkpoint. */
DS_MUST_USE bool group_commit(pass *p, bool at_page, ds_err *err);
/* The same, and in the same transaction the puts and intents of `ahead`, which are borrowed. */
DS_MUST_USE bool group_commit_ahead(pass *p, const ds_commit *ahead, ds_err *err);
DS_MUST_USE bool group_finish(pass *p,
                              ds_err *err); /* the last one of a pass that came to its end */

/* After a call of the destination's: the requests that it counted itself, else one; `quiet` calls
 * count as none unless it did. */
void count_call(pass *p, bool quiet);
/* write.c: writes what was decided, in batches; counts every item of the page. */
typedef enum write_result { WROTE, WROTE_LIMIT, WROTE_FAILED } write_result;
DS_MUST_USE write_result write_items(pass *p, item *items, size_t n, ds_err *err);
/* Whether the row must be looked at first: the destination does not meet it by key itself. */
bool needs_find(const pass *p, const item *it);
/* The row may bear the mark of those that are gone, and its record is back: it is written. */
bool loses_mark(const pass *p, const item *it);
/* It would not be written, but that its create was sent twice: one row of its key is left alone. */
bool is_looked_at_only(const pass *p, const item *it);
/* One slice to the destination, between crash points. */
DS_MUST_USE bool send_writes(pass *p, ds_write *writes, size_t n, ds_err *err);
/* The route's pace: how many at once, and until n more may go. CANCELLED: stopped meanwhile. */
int64_t pace_slice(const pass *p);
DS_MUST_USE bool wait_for_turn(pass *p, size_t n, ds_err *err);

/* settle.c: from answers to memory. */
void hold_item(pass *p, const item *it);
/* What the write came to: counted, and a link, a held record or an unknown of a later pass. */
void settle_write(pass *p, item *it, const ds_write *w);
void settle_link(pass *p, const item *it, const ds_write *w); /* the link that w makes true */
void settle_met(pass *p, const item *it); /* a link that an earlier pass did not meet */

/* intent.c: writes whose answer may be lost. */
bool intent_needed(const pass *p);
/* What an earlier pass left of the key; NULL: nothing. */
const ds_intent *intent_of(const pass *p, const char *key, uint64_t hash);
/* A row found under one that has no link is of our making. */
bool intent_means_ours(const pass *p);
/* What a pass makes of one that an earlier pass left: sets HOLD, or leaves it to be looked up. */
void intent_settle(pass *p, item *it, ds_arena *a);
/* No row has the key. True: it is held for now, it may be there and not show yet... */
bool intent_looks_again(pass *p, item *it);
/* ...or for a person, at a destination where absence cannot be told. */
bool intent_refuses_create(pass *p, item *it);
/* What was sent before then has arrived, or never will, and shows in look-ups. */
int64_t intent_settled_ms(pass *p);
/* How rows were looked for that are about to be made. */
ds_look intent_look(pass *p);
/* One synced commit before a slice leaves; what another unit was faster with is HELD then;
 * `with_group`: which also tells how the one before it ended. */
DS_MUST_USE bool intent_declare(pass *p, item **items, ds_write *writes, size_t n, bool with_group,
                                ds_err *err);
/* Reasons, in words that a person can act on. */
const char *intent_lost_answer(const pass *p, const item *it, bool is_create, ds_arena *a);
const char *intent_looked_in_vain(const pass *p, ds_arena *a);
const char *intent_for_a_person(const pass *p, const item *it, ds_arena *a);

/* find.c: looks rows up where the destination does not meet them by key itself. */
DS_MUST_USE bool find_keys(pass *p, const char *const *keys, size_t n, ds_found *found,
                           ds_err *err);
DS_MUST_USE bool find_rows(pass *p, item *const *items, size_t n, ds_found *found, ds_err *err);
/* What the row says of a property. false: it has no place for it, and nothing would be written. */
bool row_value(const pass *p, const ds_record *row, const char *name, ds_value *out);
/* Of a property: a write would leave the row as it is. */
bool is_same_there(const pass *p, const char *name, ds_value wanted, ds_value there);
/* The row holds all that the item would write. */
bool row_is_same(const pass *p, const item *it, const ds_record *row);

/* missing.c */
typedef enum missing_result { MISSING_DONE, MISSING_APPROVAL, MISSING_FAILED } missing_result;
/* What is done with a page that comes late; false ends it. */
typedef bool (*page_taker)(pass *p, fetched *got, void *to, ds_err *err);
DS_MUST_USE missing_result handle_missing(pass *p, page_taker take, void *to,
                                          ds_err *err); /* where p->seen is kept */
/* After a complete full pass of one unit of several: links whose records did not come no longer
 * keep another unit from them. */
DS_MUST_USE bool note_unmet(pass *p, ds_err *err);
DS_MUST_USE bool count_missing(pass *p, int64_t *missing, ds_err *err);
bool looks_for_missing(const pass *p); /* what was seen is known, and is to be trusted */
/* Calls `each` with every batch of missing links; `each` false ends it. */
DS_MUST_USE bool for_missing(pass *p,
                             bool (*each)(pass *, void *, const ds_link *, size_t, ds_err *),
                             void *to, ds_err *err);
/* confirm.c: asks the source once more for what seems gone, where its listing may pass over rows;
 * `take` is given what comes. */
DS_MUST_USE bool confirm_missing(pass *p, page_taker take, void *to, ds_err *err);

/* changed.c: whether the route is as the last full pass had it; which this one ends as. */
bool route_changed(pass *p);
void route_was_read(pass *p);

/* open.c: what comes before the first page. */
typedef enum open_result { OPENED, OPEN_APPROVAL, OPEN_FAILED } open_result;
DS_MUST_USE open_result pass_open(pass *p, const ds_pass_in *in, bool planning, ds_err *err);
DS_MUST_USE fetcher *pass_fetch(pass *p); /* from the checkpoint on */
DS_MUST_USE fetcher *pass_fetch_items(pass *p, const char *const *keys, size_t n);
void pass_close(pass *p);
void pass_restart(pass *p); /* the source starts over */

bool over_limit(const pass *p, int64_t more);

#endif
