/* src/store/keys.c
 *
 * Sorting by key compares eight bytes in a register nearly always: those behind the beginning that
 * all keys share ("key-000...").
 */
#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

void ds_key_order_clear(ds_key_order *o, size_t most)
{
    o->n = 0;
    if (most <= o->cap)
        return;
    o->refs = ds_realloc(o->refs, most, sizeof *o->refs);
    o->cap = most;
}

void ds_key_order_add(ds_key_order *o, uint64_t head, const char *key, size_t at)
{
    o->refs[o->n++] = (ds_key_ref){.head = head, .key = key, .at = at};
}

void ds_key_order_fini(ds_key_order *o)
{
    free(o->refs);
    *o = (ds_key_order){0};
}

static int compare(const void *left, const void *right)
{
    const ds_key_ref *a = left, *b = right;

    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    int order = a->key ? strcmp(a->key, b->key) : 0;

    return order ? order : (a->at > b->at) - (a->at < b->at);
}

void ds_key_order_by_head(ds_key_order *o)
{
    for (size_t i = 1; i < o->n; i++) {
        if (compare(&o->refs[i - 1], &o->refs[i]) > 0) {
            qsort(o->refs, o->n, sizeof *o->refs, compare);
            return;
        }
    }
}

static size_t shared_beginning(const ds_key_order *o)
{
    const char *first = o->refs[0].key;
    size_t shared = strlen(first);

    for (size_t i = 1; i < o->n && shared; i++) {
        const char *key = o->refs[i].key;
        size_t same = 0;

        while (same < shared && key[same] == first[same])
            same++;
        shared = same;
    }
    return shared;
}

static uint64_t head_of(const char *text)
{
    uint64_t head = 0;

    for (unsigned i = 0; i < 8; i++) {
        head = head << 8 | (unsigned char)*text;
        if (*text)
            text++;
    }
    return head;
}

void ds_key_order_by_key(ds_key_order *o)
{
    size_t shared = o->n ? shared_beginning(o) : 0;

    for (size_t i = 0; i < o->n; i++)
        o->refs[i].head = head_of(o->refs[i].key + shared);
    ds_key_order_by_head(o);
}
