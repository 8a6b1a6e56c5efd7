/* src/base/ledger.h
 *
 * What one pass reads and commits: the links of its unit, held records, intents, the checkpoint.
 * The seam between the pass (sync/) and the store (store/): one ledger serves one pass on one
 * thread and has a reader of its own; commits go to the store's single writer.
 *
 * A lost link becomes a duplicate row, so links are committed together with the checkpoint that
 * moves past them, never later.
 */
#ifndef DS_BASE_LEDGER_H
#define DS_BASE_LEDGER_H

#include <durable_sync/base.h>

typedef struct ds_hash { /* XXH3-128 of an encoded record; all zero: void */
    uint64_t low, high;
} ds_hash;

enum {
    DS_LINK_CREATED = 1, /* this route created the row: only such rows are its to remove */
    DS_LINK_MARKED = 2,  /* gone from the source and marked, or archived */
    DS_LINK_LEAVING = 4, /* about to be marked, archived or removed: whether it was is not known */
    DS_LINK_UNMET = 8,   /* the last complete full pass did not meet its record: it is there for
                            another unit of the route that does */
    DS_LINK_TWICE = 16,  /* its create was sent twice: the next pass looks whether both arrived */
};

/* Of a row that is written as one whose record is back: should the link of that be lost, whether
 * the row bears the mark is not known. */
static inline uint8_t ds_link_mark_in_doubt(uint8_t flags)
{
    return flags & DS_LINK_MARKED ? (uint8_t)((flags & ~DS_LINK_MARKED) | DS_LINK_LEAVING) : flags;
}

/* Links of a unit are numbered by `seq` in the order their records first came: walked in step with
 * the source, they cost one sequential read. */
typedef struct ds_link {
    int64_t seq;
    const char *key;
    const char *id; /* at the destination; NULL: the key itself */
    ds_hash hash;   /* of what was last written */
    uint8_t flags;
    bool valid; /* false: the destination has changed under us; compare before believing `hash` */
} ds_link;

typedef struct ds_held {
    const char *key; /* or the place ("line:7") where there is none */
    bool placed;     /* key is a place */
    const char *reason;
    int64_t since_ms;
    int64_t attempts;
    int64_t next_try_ms;
    ds_hash hash; /* of the record that was refused: another one is tried at once */
} ds_held;

typedef struct ds_intent { /* "we are about to write this key" */
    const char *key;
    int64_t issued_ms; /* when it left at the latest; 0: it may be leaving now (a pass that finds
                        * one of an earlier pass is told when it began itself) */
    int64_t looked_ms; /* when it was looked for in vain, after it had settled; 0: not yet */
    bool theirs; /* of an earlier pass: another route with that destination has made the row */
    bool claims; /* only for ds_commit.claimed: no link leads to its row... */
    bool makes;  /* ...and the write makes one, which others may not see at once */
} ds_intent;

typedef struct ds_totals { /* the first is the sum of the five behind it */
    int64_t total, created, updated, unchanged, skipped, held;
    int64_t missing; /* rows found gone from the source, and marked, archived or deleted */
} ds_totals;

typedef struct ds_checkpoint {
    const char *cursor; /* NULL: from the start */
    bool source_done;   /* all pages are in; what is left is the handling of missing rows */
    ds_totals totals;
    int64_t changes; /* counted against limits.changes */
    int64_t source_calls, destination_calls;
    const uint8_t *seen; /* one bit a link, by seq; NULL where `missing` does not need it */
    size_t seen_n;       /* bytes */
} ds_checkpoint;

typedef struct ds_ledger_begin { /* what the store knows when a pass starts; in the arena given */
    int64_t links;               /* how many */
    bool alone;                  /* the route has no other unit: nobody else can claim a key */
    int64_t next_seq;            /* number for the next new link */
    bool first;             /* no full pass has ended well yet, at this destination with this key */
    const char *generation; /* the destination's last; NULL: none */
    const char *identity;   /* of the destination the links belong to; NULL: none yet */
    const char *key_signature; /* NULL: none yet */
    int64_t encoder;           /* version of the encoder that made the hashes; 0: none yet */
    bool resumed;              /* `checkpoint` is of this very pass, interrupted; a plan never is */
    ds_checkpoint checkpoint;
    const ds_intent *intents;
    size_t intents_n;
    int64_t held; /* records */
} ds_ledger_begin;

typedef struct ds_link_match {
    const ds_link *link;    /* NULL: this unit has none for the key */
    const char *claimed_by; /* another unit of the route that has it; else NULL */
    const ds_link *left;    /* a unit had it that is gone, or whose source no longer brings it: the
                               next put of the key takes it over */
} ds_link_match;

typedef struct ds_link_put {
    ds_link link;  /* `valid` is ignored: what is put is valid */
    bool is_new;   /* else seq names an existing one. A new one whose key this unit has already (a
                      record that came twice) updates that link */
    bool conflict; /* answer: another unit took the key in the meantime; nothing was stored */
} ds_link_put;

typedef struct ds_memo { /* what a connector keeps for its next pass; it may be lost */
    bool shared;         /* by all routes; else it is the unit's */
    const char *key;
    const char *value; /* NULL: forget it */
} ds_memo;

typedef struct ds_claimed { /* who has been faster with a key */
    const char *by;         /* a unit of the route, or another route; NULL: nobody */
    bool route; /* it makes the row, or has made it so lately that it may not show yet */
} ds_claimed;

/* Where no write meets its row by its key, rows are looked up before they are made. Times are by
 * one clock; a commit that makes rows after an old look-up fails, TRANSIENT. */
typedef struct ds_look {
    int64_t at_ms, now_ms; /* when those that are to be made were looked for; 0: none was */
    int64_t settle_ms;     /* so long what was sent may not have arrived... */
    int64_t lag_ms;        /* ...and what has arrived may not show */
} ds_look;

typedef struct ds_commit {
    ds_link_put *puts;
    size_t puts_n;
    const ds_link *removes; /* by seq and key */
    size_t removes_n;
    const ds_held *held;
    size_t held_n;
    const char *const *met; /* held keys that were met again and left as they are */
    size_t met_n;
    const char *const *released; /* keys no longer held */
    size_t released_n;
    /* Links whose rows are about to be written for good, by `seq`: void, should the next commit of
     * this pass not come. */
    const int64_t *doubts;
    size_t doubts_n;
    const ds_intent *intents;
    size_t intents_n;
    /* NULL, or one for each intent: answers for those that claim their key or make a row, in
     * `arena`. Where somebody was faster the intent was not stored, nor a new link of that key. */
    ds_claimed *claimed;
    ds_arena *arena;
    int64_t settled_ms;         /* with it: what left before then has arrived, or never will */
    ds_look look;               /* for intents that make rows, and for cleared ones */
    const char *const *cleared; /* keys whose intent is settled */
    size_t cleared_n;
    const ds_memo
        *memos; /* in their order. A unit's are all forgotten with void_hashes, drop_links */
    size_t memos_n;
    const ds_checkpoint *checkpoint; /* NULL: leave it */
    const char *generation;          /* NULL: leave it */

    /* Set at the start of a pass only: */
    const char *identity;
    const char *key_signature;
    int64_t encoder;  /* 0: leave it */
    bool void_hashes; /* every link becomes invalid until it is put again */
    bool drop_links;  /* another destination; or the key changed and a person approved */
    /* Set at the end of a complete full pass only: */
    bool replace_held; /* held records that this pass neither put nor met are gone */
} ds_commit;

typedef struct ds_ledger ds_ledger;

typedef struct ds_ledger_ops {
    bool (*begin)(ds_ledger *l, ds_arena *a, ds_ledger_begin *out, ds_err *err);
    /* Up to `max` links with seq > after, ascending. *n 0: no more. */
    bool (*walk)(ds_ledger *l, int64_t after, size_t max, ds_arena *a, const ds_link **out,
                 size_t *n, ds_err *err);
    /* out[i] answers keys[i]; keys in any order. */
    bool (*match)(ds_ledger *l, const char *const *keys, size_t n, ds_arena *a, ds_link_match *out,
                  ds_err *err);
    /* All held records of the unit, ordered by key, at most `max` after `after` (NULL: first). */
    bool (*held)(ds_ledger *l, const char *after, size_t max, ds_arena *a, const ds_held **out,
                 size_t *n, ds_err *err);
    /* out[i] answers keys[i]: how it is held, by its key; NULL: it is not. */
    bool (*held_of)(ds_ledger *l, const char *const *keys, size_t n, ds_arena *a,
                    const ds_held **out, ds_err *err);
    /* A memo that was committed, in `a`; *value NULL: there is none. On any thread beside the one
     * of the others, one call at a time. */
    bool (*recall)(ds_ledger *l, bool shared, const char *key, ds_arena *a, const char **value,
                   ds_err *err);
    /* One transaction, durable when it returns. CANCELLED: the unit belongs to another pass now. */
    bool (*commit)(ds_ledger *l, ds_commit *commit, ds_err *err);
    void (*close)(ds_ledger *l);
} ds_ledger_ops;

struct ds_ledger { /* first member of every implementation */
    const ds_ledger_ops *ops;
};

static inline void ds_ledger_close(ds_ledger *l)
{
    if (l)
        l->ops->close(l);
}
DS_AUTO_DEFINE(ds_ledger, ds_ledger_close)

#endif
