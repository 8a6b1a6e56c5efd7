/* src/sync/keeper.c
 *
 * What the two connectors of a pass recall and keep.  What a source keeps while it makes a page
 * waits until the page's records have been dealt with, and goes into the commit behind that: an
 * ETag that outlived its records would hide them for ever.  What the destination keeps, and what
 * concerns all routes, goes with the next commit.
 *
 * The source is on a thread of its own, so everything here happens under one lock.
 */
#include "base/hash.h"
#include "sync/internal.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct kept {
    ds_memo memo;
    uint64_t hash;
    int64_t page; /* not before this one is done */
} kept;

typedef struct side { /* one connector's way in */
    ds_memory base;   /* first */
    keeper *keeper;
    bool is_source;
} side;

struct keeper {
    pthread_mutex_t lock;
    ds_ledger *ledger;
    bool reads_only;
    side source, destination;
    ds_arena *arena; /* of what waits */
    kept *waiting;
    size_t n, cap;
    size_t taken;   /* so many from the front are in the commit under way... */
    ds_memo *memos; /* ...as these */
    keyset keys;
    int64_t begun, done; /* pages */
};

static uint64_t hash_of(bool shared, const char *key)
{
    return ds_hash64(key, strlen(key)) ^ (shared ? UINT64_C(0x9e3779b97f4a7c15) : 0);
}

/* The newest of that key; NULL: none waits. */
static const kept *find_waiting(const keeper *k, bool shared, const char *key)
{
    uint64_t hash = hash_of(shared, key);
    const kept *found = NULL;
    uint32_t index;

    for (size_t at = 0; (index = keyset_next(&k->keys, hash, &at)) != UINT32_MAX;) {
        const kept *it = &k->waiting[index];

        /* GCOVR_EXCL_START another key of the same 64-bit hash is not to be had in a test, and a
         * set that grows while a chain goes round its end may turn the order */
        if (it->memo.shared == shared && strcmp(it->memo.key, key) == 0 && (!found || it > found))
            found = it;
        /* GCOVR_EXCL_STOP */
    }
    return found;
}

static const char *recall(ds_memory *memory, bool shared, const char *key, ds_arena *a)
{
    keeper *k = ((side *)memory)->keeper;
    const char *value = NULL;
    ds_err err = DS_ERR_INIT; /* what cannot be read is not known */
    const kept *found;

    pthread_mutex_lock(&k->lock);
    found = find_waiting(k, shared, key);
    if (found)
        value = ds_arena_strdup(a, found->memo.value);
    else
        (void)!k->ledger->ops->recall(k->ledger, shared, key, a, &value, &err);
    pthread_mutex_unlock(&k->lock);
    return value;
}

static void add(keeper *k, bool shared, const char *key, const char *value, int64_t page)
{
    if (k->n == k->cap) {
        size_t cap = DS_MAX(2 * k->cap, (size_t)64);

        k->waiting = ds_realloc(k->waiting, cap, sizeof(*k->waiting));
        k->cap = cap;
    }
    k->waiting[k->n] = (kept){.memo = {.shared = shared,
                                       .key = ds_arena_strdup(k->arena, key),
                                       .value = ds_arena_strdup(k->arena, value)},
                              .hash = hash_of(shared, key),
                              .page = page};
    keyset_put(&k->keys, k->waiting[k->n].hash, (uint32_t)k->n);
    k->n++;
}

static void keep(ds_memory *memory, bool shared, const char *key, const char *value)
{
    const side *from = (side *)memory;
    keeper *k = from->keeper;

    if (k->reads_only)
        return;
    pthread_mutex_lock(&k->lock);
    add(k, shared, key, value, from->is_source && !shared ? k->begun : 0);
    pthread_mutex_unlock(&k->lock);
}

static void page_begins(ds_memory *memory)
{
    keeper *k = ((side *)memory)->keeper;

    pthread_mutex_lock(&k->lock);
    k->begun++;
    pthread_mutex_unlock(&k->lock);
}

keeper *keeper_new(ds_ledger *ledger, bool reads_only)
{
    keeper *k = ds_calloc(1, sizeof(*k));

    pthread_mutex_init(&k->lock, NULL);
    k->ledger = ledger;
    k->reads_only = reads_only;
    k->arena = ds_arena_new();
    k->source = (side){{recall, keep, page_begins}, k, true};
    k->destination = (side){{recall, keep, NULL}, k, false};
    return k;
}

void keeper_free(keeper *k)
{
    pthread_mutex_destroy(&k->lock);
    ds_arena_free(k->arena);
    keyset_fini(&k->keys);
    free(k->waiting);
    free(k->memos);
    free(k);
}

ds_memory *keeper_source(keeper *k)
{
    return &k->source.base;
}

ds_memory *keeper_destination(keeper *k)
{
    return &k->destination.base;
}

void keeper_page_done(keeper *k)
{
    pthread_mutex_lock(&k->lock);
    k->done++;
    pthread_mutex_unlock(&k->lock);
}

/* Those that may go, to the front, in their order. */
static size_t sort_out(keeper *k)
{
    kept *later = ds_calloc(k->n + 1, sizeof(*later));
    size_t ready = 0, n = 0;

    for (size_t i = 0; i < k->n; i++) {
        if (k->waiting[i].page <= k->done)
            k->waiting[ready++] = k->waiting[i];
        else
            later[n++] = k->waiting[i];
    }
    memcpy(k->waiting + ready, later, n * sizeof(*later));
    free(later);
    keyset_clear(&k->keys);
    for (size_t i = 0; i < k->n; i++)
        keyset_put(&k->keys, k->waiting[i].hash, (uint32_t)i);
    return ready;
}

const ds_memo *keeper_take(keeper *k, size_t *n)
{
    pthread_mutex_lock(&k->lock);
    k->taken = k->n ? sort_out(k) : 0;
    k->memos = ds_realloc(k->memos, k->taken + 1, sizeof(*k->memos));
    for (size_t i = 0; i < k->taken; i++)
        k->memos[i] = k->waiting[i].memo;
    *n = k->taken;
    pthread_mutex_unlock(&k->lock);
    return k->memos;
}

void keeper_committed(keeper *k)
{
    ds_arena *old;
    kept *waiting;
    size_t n;

    pthread_mutex_lock(&k->lock);
    if (k->taken) { /* those that still wait move to fresh memory */
        old = k->arena;
        waiting = k->waiting;
        n = k->n;
        k->arena = ds_arena_new();
        k->waiting = NULL;
        k->n = k->cap = 0;
        keyset_clear(&k->keys);
        for (size_t i = k->taken; i < n; i++)
            add(k, waiting[i].memo.shared, waiting[i].memo.key, waiting[i].memo.value,
                waiting[i].page);
        k->taken = 0;
        free(waiting);
        ds_arena_free(old);
    }
    pthread_mutex_unlock(&k->lock);
}

bool keeper_has_news(keeper *k)
{
    bool any = false;

    pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < k->n && !any; i++)
        any = k->waiting[i].page <= k->done;
    pthread_mutex_unlock(&k->lock);
    return any;
}
