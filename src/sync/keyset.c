/* src/sync/keyset.c - open addressing by a 64-bit hash that the caller has already. */
#include "sync/internal.h"

#include <stdlib.h>

void keyset_fini(keyset *set)
{
    free(set->slots);
    free(set->hashes);
    *set = (keyset){0};
}

void keyset_clear(keyset *set)
{
    if (set->n)
        memset(set->slots, 0, set->cap * sizeof(*set->slots));
    set->n = 0;
}

static void place(keyset *set, uint64_t hash, uint32_t slot)
{
    size_t at = hash & (set->cap - 1);

    while (set->slots[at])
        at = (at + 1) & (set->cap - 1);
    set->slots[at] = slot;
    set->hashes[at] = hash;
}

static void grow(keyset *set)
{
    keyset old = *set;

    set->cap = old.cap ? old.cap * 2 : 256;
    set->slots = ds_calloc(set->cap, sizeof(*set->slots));
    set->hashes = ds_calloc(set->cap, sizeof(*set->hashes));
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i])
            place(set, old.hashes[i], old.slots[i]);
    free(old.slots);
    free(old.hashes);
}

void keyset_put(keyset *set, uint64_t hash, uint32_t index)
{
    if ((set->n + 1) * 2 > set->cap)
        grow(set);
    place(set, hash, index + 1);
    set->n++;
}

uint32_t keyset_next(const keyset *set, uint64_t hash, size_t *at)
{
    if (!set->n)
        return UINT32_MAX;
    for (;;) { /* ends at an empty slot: at most half are taken */
        size_t slot = (hash + (*at)++) & (set->cap - 1);

        if (!set->slots[slot])
            return UINT32_MAX;
        if (set->hashes[slot] == hash)
            return set->slots[slot] - 1;
    }
}

uint32_t keyset_find(const keyset *set, uint64_t hash, const char *key,
                     const char *(*key_at)(const void *of, uint32_t index), const void *of)
{
    size_t at = 0;
    uint32_t index;

    do
        index = keyset_next(set, hash, &at);
    while (index != UINT32_MAX && strcmp(key_at(of, index), key) != 0);
    return index;
}
