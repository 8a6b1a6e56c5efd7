/* src/flow/want.c
 *
 * Requests of a unit.  A full request covers every key, so it swallows them and is never swallowed
 * itself; keys are kept once each, and so many of them that a full pass is cheaper become one.
 */
#include "flow/want.h"

#include <string.h>

#define ITEM_BYTES_MAX ((size_t)1024) /* longer keys name no record */
#define ITEMS_BYTES_MAX DS_MIB

uint64_t ds_flow_hash(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    return h ^ (h >> 33);
}

void ds_want_full(ds_want *want)
{
    want->any = true;
    want->full = true;
    want->items = NULL;
    want->items_n = 0;
}

void ds_want_changes(ds_want *want)
{
    want->any = true;
    want->changes = true;
}

/* Open addressing over texts: only to see whether one is there already. */
typedef struct seen {
    const char **slots;
    size_t mask;
} seen;

static seen seen_new(size_t for_n, ds_arena *a)
{
    size_t size = 16;

    while (size < for_n * 2)
        size *= 2;
    return (seen){ds_arena_zalloc(a, size * sizeof(const char *)), size - 1};
}

/* Where `text` is, or the free slot where it would be. */
static const char **seen_slot(const seen *s, const char *text)
{
    size_t at = (size_t)ds_flow_hash(text) & s->mask;

    while (s->slots[at] && strcmp(s->slots[at], text) != 0)
        at = (at + 1) & s->mask;
    return &s->slots[at];
}

static size_t bytes_of(const ds_want *want)
{
    size_t bytes = 0;

    for (size_t i = 0; i < want->items_n; i++)
        bytes += strlen(want->items[i]) + 1;
    return bytes;
}

static bool names_a_record(const char *item)
{
    return item && *item && strlen(item) <= ITEM_BYTES_MAX;
}

void ds_want_items(ds_want *want, const char *const *items, size_t n, ds_arena *a)
{
    size_t cap = DS_MIN(want->items_n + n, (size_t)DS_UNIT_ITEMS_MAX);
    const char **all = ds_arena_alloc(a, (cap + 1) * sizeof(*all));
    seen have = seen_new(cap, a);
    size_t all_n = 0, bytes = bytes_of(want);

    if (want->full)
        return;
    for (size_t i = 0; i < want->items_n; i++)
        *seen_slot(&have, want->items[i]) = all[all_n++] = want->items[i];
    for (size_t i = 0; i < n; i++) {
        const char **slot = names_a_record(items[i]) ? seen_slot(&have, items[i]) : NULL;

        if (!slot || *slot)
            continue;
        bytes += strlen(items[i]) + 1;
        if (all_n == DS_UNIT_ITEMS_MAX || bytes > ITEMS_BYTES_MAX) {
            ds_want_full(want);
            return;
        }
        *slot = all[all_n++] = ds_arena_strdup(a, items[i]);
    }
    if (all_n == 0)
        return;
    want->any = true;
    want->items = all;
    want->items_n = all_n;
}

void ds_want_back(ds_want *want, const ds_want *unserved, ds_arena *a)
{
    if (unserved->full)
        ds_want_full(want);
    if (unserved->changes)
        ds_want_changes(want);
    if (unserved->items_n)
        ds_want_items(want, unserved->items, unserved->items_n, a);
}
