/* src/sync/match.c
 *
 * Which link belongs to which record.  A source yields its records in much the same order each
 * time, so the links are walked in step with it, one sequential read a page; only what does not
 * meet its link there is looked up by key.
 */
#include "base/hash.h"
#include "sync/internal.h"

#define LOOK_AHEAD ((size_t)16) /* links passed over for records that are gone */

void mark_seen(pass *p, int64_t seq)
{
    size_t byte = (size_t)seq / 8;

    if (p->seen && byte < p->seen_n)
        p->seen[byte] |= (uint8_t)(1u << (seq % 8));
}

bool was_seen(const pass *p, int64_t seq)
{
    size_t byte = (size_t)seq / 8;

    return byte >= p->seen_n || (p->seen[byte] >> (seq % 8) & 1);
}

static bool needs_link(const pass *p, const item *it)
{
    if (it->placed)
        return false;
    return it->decision != DO_SKIP || (it->dropped && p->seen);
}

/* The link that waits for its commit, in the page's own memory: the group may move, and may be
 * committed, before the item is written. */
static const ds_link *pending(pass *p, const item *it, ds_arena *a)
{
    const ds_link *waiting = group_find(p, it->key, it->key_hash);
    ds_link *copy;

    if (!waiting)
        return NULL;
    copy = ds_new_in(a, ds_link);
    *copy = *waiting;
    copy->key = it->key;
    copy->id = ds_arena_strdup(a, waiting->id);
    return copy;
}

/* The link of `key` among the next ones of the walk; *at moves past it. */
static const ds_link *in_step(const ds_link *walked, size_t n, size_t *at, const char *key,
                              size_t look_ahead)
{
    for (size_t ahead = 0; ahead <= look_ahead && *at + ahead < n; ahead++) {
        const ds_link *link = &walked[*at + ahead];

        if (!strcmp(link->key, key)) {
            *at += ahead + 1;
            return link;
        }
    }
    return NULL;
}

/* Walks; fills `left` with the items that did not meet their link. */
static bool walk(pass *p, item *items, size_t n, ds_arena *a, item **left, size_t *left_n,
                 ds_err *err)
{
    size_t look_ahead = p->walk_misses ? 1 : LOOK_AHEAD, want = n + LOOK_AHEAD, at = 0, met = 0;
    const ds_link *walked = NULL;
    size_t walked_n = 0;

    if (p->walk_misses)
        want = LOOK_AHEAD * 2; /* enough to notice that the order is back */
    if (p->begin.links &&
        !p->in->ledger->ops->walk(p->in->ledger, p->walk_after, want, a, &walked, &walked_n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        item *it = &items[i];

        if (!needs_link(p, it))
            continue;
        it->link = pending(p, it, a);
        if (!it->link)
            it->link = in_step(walked, walked_n, &at, it->key, look_ahead);
        if (it->link)
            met++;
        else
            left[(*left_n)++] = it;
    }
    if (walked && at)
        p->walk_after = walked[at - 1].seq;
    p->walk_misses = p->begin.links && n >= LOOK_AHEAD && met * 4 < n;
    return true;
}

static bool look_up(pass *p, item **left, size_t n, ds_arena *a, ds_err *err)
{
    const char **keys = ds_arena_alloc(a, n * sizeof(*keys));
    ds_link_match *matches = ds_arena_zalloc(a, n * sizeof(*matches));

    for (size_t i = 0; i < n; i++)
        keys[i] = left[i]->key;
    if (!p->in->ledger->ops->match(p->in->ledger, keys, n, a, matches, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        left[i]->link = matches[i].link;
        left[i]->left = matches[i].left;
        if (!matches[i].link && matches[i].claimed_by && left[i]->decision != DO_SKIP) {
            left[i]->decision = DO_HOLD;
            left[i]->reason = ds_arena_printf(a, "claimed by %s", matches[i].claimed_by);
            left[i]->mapped.hash = (ds_hash){0, 0}; /* tried as soon as that one lets go of it */
        }
    }
    for (size_t i = n; i-- > 0;) { /* the walk goes on behind the last one found */
        if (left[i]->link) {
            p->walk_after = left[i]->link->seq;
            break;
        }
    }
    return true;
}

/* What a plan reads of a destination that has changed: the links are there as they were. */
static void forget_hash(item *it, ds_arena *a)
{
    ds_link *copy = ds_new_in(a, ds_link);

    *copy = *it->link;
    copy->valid = false;
    it->link = copy;
}

bool meet_link(pass *p, int64_t seq)
{
    size_t byte = (size_t)seq / 8;
    uint8_t bit = (uint8_t)(1u << (seq % 8));
    bool again;

    if (byte >= p->met_n) {
        size_t n = DS_MAX(byte + 1, DS_MAX(p->met_n * 2, (size_t)p->begin.next_seq / 8 + 64));

        p->met = ds_realloc(p->met, n, 1);
        memset(p->met + p->met_n, 0, n - p->met_n);
        p->met_n = n;
    }
    again = p->met[byte] & bit;
    p->met[byte] |= bit;
    return again;
}

/* One write per key and pass: of records that share a key on different pages the first is kept.
 * Else each would write over the other in every pass. */
static void skip_doubled(pass *p, item *it)
{
    if (it->decision != DO_WRITE || !meet_link(p, it->link->seq))
        return;
    it->decision = DO_SKIP;
    it->why = "an earlier record of this pass has this key";
    warn_doubled(p, it->key);
}

static const char *key_of_unsure(const void *unsure, uint32_t index)
{
    return ((const key_list *)unsure)->items[index];
}

void meet_unsure(pass *p, const item *it)
{
    keyset_put(&p->unsure_keys, it->key_hash, (uint32_t)p->unsure.n);
    key_list_add(&p->unsure, p->keep, it->key);
}

/* A listing that shifts shows a record twice. What became of the first one's create is known to a
 * later pass alone. */
static void skip_unsure(pass *p, item *it)
{
    if (it->decision != DO_WRITE || keyset_find(&p->unsure_keys, it->key_hash, it->key,
                                                key_of_unsure, &p->unsure) == UINT32_MAX)
        return;
    it->decision = DO_SKIP;
    it->why = "an earlier record of this pass has this key";
    warn_doubled(p, it->key);
}

bool match_items(pass *p, item *items, size_t n, ds_arena *a, ds_err *err)
{
    item **left = ds_arena_alloc(a, n * sizeof(*left));
    size_t left_n = 0;

    if (!walk(p, items, n, a, left, &left_n, err))
        return ds_wrap(err, "walk the links");
    if (left_n && !p->skip_lookup && !look_up(p, left, left_n, a, err))
        return ds_wrap(err, "look up links");
    for (size_t i = 0; i < n; i++) {
        if (!items[i].link) {
            skip_unsure(p, &items[i]);
            continue;
        }
        mark_seen(p, items[i].link->seq);
        skip_doubled(p, &items[i]);
        if (p->distrust)
            forget_hash(&items[i], a);
    }
    return true;
}
