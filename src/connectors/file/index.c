/* src/connectors/file/index.c - open addressing with linear probing, never more than 5/8 full. */
#include "connectors/file/index.h"
#include "connectors/file/names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Folds the 128 bits of a product: every bit of either factor reaches every bit of the result. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_with(uint64_t seed, uint64_t factor, const void *data, size_t n)
{
    const unsigned char *at = data;
    uint64_t h = seed ^ n, word;

    for (; n >= 8; n -= 8, at += 8) {
        memcpy(&word, at, 8);
        h = fold(h ^ word, factor) + word;
    }
    word = 0;
    memcpy(&word, at, n);
    return fold(fold(h ^ word, factor) + word, factor ^ UINT64_C(0xD6E8FEB86659FD93));
}

uint64_t ds_file_checksum(const void *data, size_t n)
{
    return hash_with(UINT64_C(0x9E3779B97F4A7C15), UINT64_C(0xA0761D6478BD642F), data, n);
}

uint64_t ds_file_seed(void)
{
    uint64_t seed = 0;

    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = (uint64_t)(uintptr_t)&seed; /* at boot: where the stack lies is random as well */
    return seed | 1;
}

uint64_t ds_file_hash(uint64_t seed, const char *text)
{
    return hash_with(seed, seed * 2 + UINT64_C(0x8EBC6AF09C88C6E3), text, strlen(text));
}

static void put(ds_file_index *index, ds_file_slot slot)
{
    size_t at = (size_t)slot.hash & (index->cap - 1);

    while (index->slots[at].offset)
        at = (at + 1) & (index->cap - 1);
    index->slots[at] = slot;
}

static void grow(ds_file_index *index)
{
    ds_file_index bigger = {.n = index->n, .cap = index->cap ? index->cap * 2 : 256};

    bigger.slots = ds_calloc(bigger.cap, sizeof(*bigger.slots));
    for (size_t i = 0; i < index->cap; i++)
        if (index->slots[i].offset)
            put(&bigger, index->slots[i]);
    free(index->slots);
    *index = bigger;
}

void ds_file_index_add(ds_file_index *index, uint64_t hash, int64_t offset)
{
    if (index->n >= index->cap / 8 * 5)
        grow(index);
    put(index, (ds_file_slot){hash, offset + 1});
    index->n++;
}

int64_t ds_file_index_next(const ds_file_index *index, uint64_t hash, size_t *at)
{
    size_t i = *at == SIZE_MAX ? (size_t)hash : *at + 1;

    if (!index->cap)
        return -1;
    for (i &= index->cap - 1; index->slots[i].offset; i = (i + 1) & (index->cap - 1)) {
        if (index->slots[i].hash != hash)
            continue;
        *at = i;
        return index->slots[i].offset - 1;
    }
    return -1;
}

void ds_file_index_move(ds_file_index *index, size_t at, int64_t offset)
{
    index->slots[at].offset = offset + 1;
}

void ds_file_index_free(ds_file_index *index)
{
    free(index->slots);
    *index = (ds_file_index){0};
}

/* ---- names ----------------------------------------------------------------------------------- */

ds_names ds_names_new(ds_arena *a)
{
    return (ds_names){.arena = a, .seed = ds_file_seed()};
}

static size_t *slot_of(const ds_names *names, const char *name)
{
    size_t at = (size_t)ds_file_hash(names->seed, name) & (names->slots_n - 1);

    while (names->slots[at] && strcmp(names->items[names->slots[at] - 1], name) != 0)
        at = (at + 1) & (names->slots_n - 1);
    return &names->slots[at];
}

size_t ds_names_find(const ds_names *names, const char *name)
{
    return names->slots_n ? *slot_of(names, name) - 1 : SIZE_MAX;
}

void ds_names_add(ds_names *names, const char *name)
{
    if (names->n == names->cap) {
        size_t cap = names->cap ? names->cap * 2 : 16;

        names->items = ds_arena_grow(names->arena, names->items, names->cap * sizeof(*names->items),
                                     cap * sizeof(*names->items));
        names->cap = cap;
        names->slots_n = cap * 2;
        names->slots = ds_arena_zalloc(names->arena, names->slots_n * sizeof(*names->slots));
        for (size_t i = 0; i < names->n; i++)
            *slot_of(names, names->items[i]) = i + 1;
    }
    names->items[names->n++] = name;
    *slot_of(names, name) = names->n;
}
