/* src/sync/encode.c
 *
 * The canonical form of a mapped record, for its hash.  What is hashed must say the same for the
 * same record in every version of the program: a change here raises DS_ENCODER.
 *
 *     name NUL type value   for each property, in the order of the names
 *
 * Integers are eight bytes, little end first; texts their length in four bytes and their bytes; a
 * list its count and its texts.
 */
#include "base/hash.h"
#include "sync/map.h"

#include <string.h>

static char *put_u32(char *at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        *at++ = (char)(number >> (8 * i));
    return at;
}

static char *put_text(char *at, const char *text, uint32_t n)
{
    at = put_u32(at, n);
    memcpy(at, text, n);
    return at + n;
}

static char *put_value(char *at, ds_value v)
{
    *at++ = (char)('a' + v.type);
    switch (v.type) {
    case DS_ABSENT:
    case DS_NULL:
    case DS_NESTED: /* mapped values are text by now */
        break;
    case DS_BOOL:
        *at++ = (char)v.as.boolean;
        break;
    case DS_INT:
        at = put_u32(at, (uint32_t)(uint64_t)v.as.integer);
        at = put_u32(at, (uint32_t)((uint64_t)v.as.integer >> 32));
        break;
    case DS_NUMBER:
    case DS_TEXT:
    case DS_DATE:
    case DS_DATETIME:
        at = put_text(at, v.as.text, v.n);
        break;
    case DS_LIST:
        at = put_u32(at, v.n);
        for (uint32_t i = 0; i < v.n; i++)
            at = put_text(at, v.as.list[i], (uint32_t)strlen(v.as.list[i]));
        break;
    }
    return at;
}

static size_t value_room(ds_value v)
{
    size_t n = 16;

    if (v.type == DS_LIST)
        for (uint32_t i = 0; i < v.n; i++)
            n += strlen(v.as.list[i]) + 4;
    else if (v.type >= DS_NUMBER)
        n += v.n;
    return n;
}

/* Room for n bytes behind what is there; the buffer is ours and grows to the largest record. */
static char *room(ds_buf *b, size_t n)
{
    if (b->cap < b->n + n) {
        b->cap = (b->n + n) * 2;
        b->data = ds_realloc(b->data, b->cap, 1);
    }
    return b->data + b->n;
}

ds_hash ds_encode_hash(ds_buf *scratch, const ds_prop *props, const uint32_t *order, size_t n,
                       const uint8_t *how, const char *body)
{
    scratch->n = 0;
    for (size_t i = 0; i < n; i++) {
        const ds_prop *prop = &props[order[i]];
        size_t name_n = strlen(prop->name) + 1;
        char *at;

        if (how && how[order[i]] != DS_HOW_ALWAYS)
            continue;
        at = room(scratch, name_n + value_room(prop->value));
        memcpy(at, prop->name, name_n);
        scratch->n = (size_t)(put_value(at + name_n, prop->value) - scratch->data);
    }
    if (body) {
        size_t body_n = strlen(body);
        char *at = room(scratch, body_n + 8);

        *at++ = '\0'; /* no property has an empty name and this type */
        *at++ = 'B';
        scratch->n = (size_t)(put_text(at, body, (uint32_t)body_n) - scratch->data);
    }
    return ds_hash128(scratch->n ? scratch->data : "", scratch->n);
}
