/* src/sync/group.c
 *
 * What waits for its commit: links, held records, settled intents.  The destination is flushed
 * first; links and checkpoint never commit before what they speak of is durable there.
 */
#include "base/hash.h"
#include "sync/internal.h"

#include <stdlib.h>

void group_init(group *g)
{
    *g = (group){.arena = ds_arena_new()};
}

void group_fini(group *g)
{
    free(g->puts);
    free(g->doubts);
    free(g->taken);
    free(g->removes);
    free(g->held);
    free(g->met.items);
    free(g->released.items);
    free(g->cleared.items);
    free(g->sent);
    free(g->generation);
    keyset_fini(&g->put_keys);
    ds_arena_free(g->arena);
    *g = (group){0};
}

static void empty(group *g)
{
    g->puts_n = g->doubts_n = g->taken_n = g->removes_n = g->held_n = g->sent_n = 0;
    g->met.n = g->released.n = g->cleared.n = 0;
    keyset_clear(&g->put_keys);
    free(g->generation);
    g->generation = NULL;
    ds_arena_reset(g->arena);
}

/* Room for one more entry of an array that keeps its memory from commit to commit. */
static void *grown(void *array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return array;
    *cap = *cap ? *cap * 2 : 64;
    return ds_realloc(array, *cap, size);
}

#define GROW(array, n, cap) ((array) = grown((array), (n), &(cap), sizeof(*(array))))

static const char *key_of_put(const void *puts, uint32_t index)
{
    return ((const ds_link_put *)puts)[index].link.key;
}

const ds_link *group_find(pass *p, const char *key, uint64_t hash)
{
    const group *g = &p->group;
    uint32_t index = keyset_find(&g->put_keys, hash, key, key_of_put, g->puts);

    return index == UINT32_MAX ? NULL : &g->puts[index].link;
}

void group_put(pass *p, const ds_link *link, bool is_new)
{
    group *g = &p->group;
    uint64_t hash = ds_hash64(link->key, strlen(link->key));
    const ds_link *waiting = group_find(p, link->key, hash);
    ds_link_put *put;

    if (waiting) { /* the key came twice within the group: one link, the last word counts */
        put = &g->puts[(const ds_link_put *)(const void *)waiting - g->puts];
        put->link.hash = link->hash;
        put->link.flags = link->flags;
        put->link.id = ds_arena_strdup(g->arena, link->id);
        return;
    }
    GROW(g->puts, g->puts_n, g->puts_cap);
    keyset_put(&g->put_keys, hash, (uint32_t)g->puts_n);
    put = &g->puts[g->puts_n++];
    *put = (ds_link_put){.link = *link, .is_new = is_new};
    put->link.key = ds_arena_strdup(g->arena, link->key);
    put->link.id = ds_arena_strdup(g->arena, link->id);
    put->link.valid = true;
    if (is_new)
        put->link.seq = p->next_seq++;
    mark_seen(p, put->link.seq);
    (void)meet_link(p, put->link.seq);
}

void group_doubt(pass *p, const ds_link *link)
{
    group *g = &p->group;

    if (group_find(p, link->key, ds_hash64(link->key, strlen(link->key))))
        return; /* new, or in doubt already */
    GROW(g->doubts, g->doubts_n, g->doubts_cap);
    g->doubts[g->doubts_n++] = link->seq;
}

/* A hash that is believed, a mark that the row is taken to bear. */
bool link_may_mislead(const ds_link *link)
{
    return link->valid || (link->flags & DS_LINK_MARKED);
}

uint8_t flags_taken_over(const ds_link *left)
{
    return ds_link_mark_in_doubt(left->flags) & (uint8_t)~DS_LINK_UNMET;
}

void group_take_over(pass *p, const ds_link *left)
{
    group *g = &p->group;
    ds_link link = *group_find(p, left->key, ds_hash64(left->key, strlen(left->key)));

    link.hash = (ds_hash){0, 0};
    link.flags = flags_taken_over(left);
    GROW(g->taken, g->taken_n, g->taken_cap);
    g->taken[g->taken_n++] = (ds_link_put){.link = link, .is_new = true};
}

void group_remove(pass *p, const ds_link *link)
{
    group *g = &p->group;

    GROW(g->removes, g->removes_n, g->removes_cap);
    g->removes[g->removes_n] = *link;
    g->removes[g->removes_n++].key = ds_arena_strdup(g->arena, link->key);
}

void group_hold(pass *p, const ds_held *held)
{
    group *g = &p->group;
    ds_held *kept;

    GROW(g->held, g->held_n, g->held_cap);
    kept = &g->held[g->held_n++];
    *kept = *held;
    kept->key = ds_arena_strdup(g->arena, held->key);
    kept->reason = ds_arena_strdup(g->arena, held->reason);
}

void key_list_add(key_list *list, ds_arena *a, const char *key)
{
    GROW(list->items, list->n, list->cap);
    list->items[list->n++] = ds_arena_strdup(a, key);
}

void group_meet(pass *p, const char *key)
{
    key_list_add(&p->group.met, p->group.arena, key);
}

void group_release(pass *p, const char *key)
{
    key_list_add(&p->group.released, p->group.arena, key);
}

void group_sent(pass *p, const ds_intent *intent)
{
    group *g = &p->group;

    GROW(g->sent, g->sent_n, g->sent_cap);
    g->sent[g->sent_n] = *intent;
    g->sent[g->sent_n++].key = ds_arena_strdup(g->arena, intent->key);
}

void group_clear_intent(pass *p, const char *key)
{
    key_list_add(&p->group.cleared, p->group.arena, key);
}

bool group_is_due(const pass *p)
{
    const group *g = &p->group;
    int64_t now_us = p->in->clock->mono_us(p->in->clock);
    size_t full = p->in->group_records ? p->in->group_records : GROUP_RECORDS;
    /* Remote ones are durable batch by batch. */
    size_t most = p->to->flush && !p->fragile ? full : 1;

    if (g->puts_n + g->held_n + g->met.n + g->released.n >= most)
        return true;
    return now_us - p->checkpoint_us >= GROUP_US;
}

static void fill_checkpoint(pass *p, ds_checkpoint *c)
{
    *c = (ds_checkpoint){
        .cursor = p->cursor,
        .source_done = p->source_done,
        .totals = p->page_totals,
        .changes = p->changes,
        .source_calls = p->source_calls,
        .destination_calls = p->destination_calls,
        .seen = p->seen_void ? NULL : p->seen,
        .seen_n = p->seen_void ? 0 : p->seen_n,
    };
}

/* Another unit took the key between our look-up and this commit: the record is its. */
static void report_conflicts(pass *p)
{
    const char *first = NULL;
    size_t n = 0;

    for (size_t i = 0; i < p->group.puts_n; i++) {
        if (!p->group.puts[i].conflict)
            continue;
        first = first ? first : p->group.puts[i].link.key;
        n++;
    }
    if (n)
        ds_activity_warn(&p->act,
                         "another unit claimed %zu of the same keys at the same time (%s is one "
                         "of them): they are its rows, and its next pass writes them again",
                         n, first);
}

/* What was flushed stays so, even if the commit behind it fails: the one that follows, with the
 * same links, must tell of it too. */
static void keep_generation(group *g, const char *generation)
{
    if (!generation)
        return;
    free(g->generation);
    g->generation = ds_strdup(generation);
}

static bool flush(pass *p, bool last, ds_err *err)
{
    const char *generation = NULL;
    bool ok;
    bool (*call)(ds_destination *, ds_activity *, const char **, ds_err *) =
        last && p->to->finish ? p->to->finish : p->to->flush;

    if (!call || (!p->group.dirty && !last))
        return true;
    ds_crashpoint("flush");
    ok = call(p->dst, &p->act, &generation, err);
    count_call(p, true);
    if (!ok) {
        p->lost = true;
        return false;
    }
    ds_crashpoint("flushed");
    keep_generation(&p->group, generation);
    p->group.dirty = false;
    return true;
}

/* Rows made since the last flush: should the commit that links them be lost, the next pass still
 * knows that they are of our making and may be taken for gone. */
static size_t note_created(pass *p, ds_intent *out)
{
    group *g = &p->group;
    size_t n = 0;

    if (p->route->missing == DS_MISSING_IGNORE)
        return 0;
    for (size_t i = 0; i < g->puts_n; i++) {
        const ds_link_put *put = &g->puts[i];

        if (!put->is_new || !(put->link.flags & DS_LINK_CREATED))
            continue;
        out[n++] = (ds_intent){.key = put->link.key, .issued_ms = ds_activity_now_ms(&p->act)};
        group_clear_intent(p, put->link.key);
    }
    return n;
}

/* Written down before the destination is flushed, for the case that nothing can be after it: which
 * rows are new, which ones another unit has made, and which ones may no longer be what their links
 * say. */
static bool note_ahead(pass *p, ds_err *err)
{
    group *g = &p->group;
    ds_intent *intents;
    ds_commit c = {
        .doubts = g->doubts, .doubts_n = g->doubts_n, .puts = g->taken, .puts_n = g->taken_n};
    bool ok;

    if (!p->to->flush || !g->dirty || !g->puts_n)
        return true;
    intents = ds_calloc(g->puts_n, sizeof(*intents));
    c.intents = intents;
    c.intents_n = note_created(p, intents);
    ok = (!c.intents_n && !c.doubts_n && !c.puts_n) ||
         p->in->ledger->ops->commit(p->in->ledger, &c, err) ||
         ds_wrap(err, "note rows before they are written for good");
    free(intents);
    if (ok)
        g->doubts_n = g->taken_n = 0;
    return ok;
}

static bool commit_group(pass *p, bool at_page, bool last, ds_err *err)
{
    group *g = &p->group;
    ds_checkpoint checkpoint;
    ds_commit c = {
        .puts = g->puts,
        .puts_n = g->puts_n,
        .removes = g->removes,
        .removes_n = g->removes_n,
        .held = g->held,
        .held_n = g->held_n,
        .met = g->met.items,
        .met_n = g->met.n,
        .released = g->released.items,
        .released_n = g->released.n,
        .intents = g->sent,
        .intents_n = g->sent_n,
        .claimed = g->claimed,
        .arena = p->batch,
        .settled_ms = intent_settled_ms(p),
        .look = intent_look(p),
        .cleared = g->cleared.items,
        .cleared_n = g->cleared.n,
        .replace_held = last && p->in->kind == DS_PASS_FULL,
        .generation = g->generation,
    };

    c.memos = keeper_take(p->keeper, &c.memos_n);
    if (at_page) {
        p->committed_totals = p->page_totals;
        p->checkpoint_us = p->in->clock->mono_us(p->in->clock);
        fill_checkpoint(p, &checkpoint);
        c.checkpoint = &checkpoint;
    }
    if (!p->in->ledger->ops->commit(p->in->ledger, &c, err))
        return ds_wrap(err, "commit links and checkpoint");
    if (at_page)
        atomic_store(&p->in->progress->kept, true);
    keeper_committed(p->keeper);
    report_conflicts(p);
    empty(g);
    return true;
}

static bool commit(pass *p, bool at_page, bool last, ds_err *err)
{
    return note_ahead(p, err) && flush(p, last, err) && commit_group(p, at_page, last, err);
}

bool group_commit_ahead(pass *p, const ds_commit *ahead, ds_err *err)
{
    group *g = &p->group;
    size_t puts_n = g->puts_n, sent_n = g->sent_n;
    bool ok;

    for (size_t i = 0; i < ahead->puts_n; i++) {
        GROW(g->puts, g->puts_n, g->puts_cap);
        g->puts[g->puts_n++] = ahead->puts[i];
    }
    for (size_t i = 0; i < ahead->intents_n; i++) {
        GROW(g->sent, g->sent_n, g->sent_cap);
        g->sent[g->sent_n++] = ahead->intents[i];
    }
    if (ahead->claimed)
        g->claimed = ds_arena_zalloc(p->batch, g->sent_n * sizeof(*g->claimed));
    ok = commit(p, false, false, err);
    if (ahead->claimed)
        memcpy(ahead->claimed, g->claimed + sent_n, ahead->intents_n * sizeof(*g->claimed));
    g->claimed = NULL;
    if (ok)
        return true;
    g->puts_n = puts_n; /* what was not announced is not sent, and may be forgotten */
    g->sent_n = sent_n;
    return false;
}

bool group_commit(pass *p, bool at_page, ds_err *err)
{
    return commit(p, at_page, false, err);
}

bool group_finish(pass *p, ds_err *err)
{
    return commit(p, true, true, err);
}
