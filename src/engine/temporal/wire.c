/* src/engine/temporal/wire.c
 *
 * protobuf-c over an arena.  Its reader recurses as deep as the bytes say, takes any bytes as text
 * and allocates hundreds of bytes for two of the wire, so the bytes are walked before it sees them
 * and its memory is counted while it works.
 */
#include "engine/temporal/wire.h"

#include "base/text.h"

#include <string.h>

#define VARINT_MOST 10 /* bytes */
/* What a message may take in memory. Real histories take four times their size, events that hold
 * next to nothing eleven times; a list of empty messages, which nobody sends, a hundred times. */
#define MEMORY_LEAST (64 * DS_KIB)
#define MEMORY_TIMES 24

typedef struct span {
    const uint8_t *at, *end;
} span;

static bool take_varint(span *s, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < VARINT_MOST && s->at < s->end; i++) {
        uint8_t byte = *s->at++;

        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool take_bytes(span *s, uint64_t n, span *out)
{
    if (n > (uint64_t)(s->end - s->at))
        return false;
    *out = (span){s->at, s->at + n};
    s->at += n;
    return true;
}

static bool walk(const ProtobufCMessageDescriptor *d, span s, unsigned depth);

/* A field of bytes: a text must be UTF-8, a message is walked, and all else is as it is. */
static bool walk_counted(const ProtobufCFieldDescriptor *field, span inner, unsigned depth)
{
    if (field && field->type == PROTOBUF_C_TYPE_STRING)
        return ds_utf8_ok((const char *)inner.at, (size_t)(inner.end - inner.at));
    if (field && field->type == PROTOBUF_C_TYPE_MESSAGE)
        return walk(field->descriptor, inner, depth + 1);
    return true;
}

static bool walk(const ProtobufCMessageDescriptor *d, span s, unsigned depth)
{
    if (depth > DS_WIRE_DEPTH_MAX)
        return false;
    while (s.at < s.end) {
        uint64_t key, number;
        span inner;
        bool ok = take_varint(&s, &key) && key >> 3 > 0 && key >> 3 <= UINT32_MAX >> 3;

        if (!ok)
            return false;
        switch (key & 7) {
        case PROTOBUF_C_WIRE_TYPE_VARINT:
            ok = take_varint(&s, &number);
            break;
        case PROTOBUF_C_WIRE_TYPE_64BIT:
            ok = take_bytes(&s, 8, &inner);
            break;
        case PROTOBUF_C_WIRE_TYPE_32BIT:
            ok = take_bytes(&s, 4, &inner);
            break;
        case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
            ok = take_varint(&s, &number) && take_bytes(&s, number, &inner) &&
                 walk_counted(protobuf_c_message_descriptor_get_field(d, (unsigned)(key >> 3)),
                              inner, depth);
            break;
        default: /* groups, which proto3 has not */
            ok = false;
        }
        if (!ok)
            return false;
    }
    return true;
}

typedef struct budget {
    ds_arena *arena;
    size_t left;
} budget;

static void *budget_alloc(void *self, size_t n)
{
    budget *b = self;

    if (n > b->left)
        return NULL;
    b->left -= n;
    return ds_arena_alloc(b->arena, n);
}

static void budget_free(void *self, void *block)
{
    (void)self;
    (void)block;
}

void *ds_wire_unpack(const ProtobufCMessageDescriptor *d, const uint8_t *bytes, size_t n,
                     ds_arena *a)
{
    budget b = {a,
                n > SIZE_MAX / MEMORY_TIMES - MEMORY_LEAST ? 0 : MEMORY_LEAST + n * MEMORY_TIMES};
    ProtobufCAllocator allocator = {budget_alloc, budget_free, &b};

    if (!bytes)
        n = 0;
    if (n && !walk(d, (span){bytes, bytes + n}, 0))
        return NULL;
    return protobuf_c_message_unpack(d, &allocator, n, bytes);
}

const uint8_t *ds_wire_pack(const ProtobufCMessage *m, ds_arena *a, size_t *n)
{
    uint8_t *bytes = ds_arena_alloc(a, protobuf_c_message_get_packed_size(m));

    *n = protobuf_c_message_pack(m, bytes);
    return bytes;
}

void *ds_wire_new(const ProtobufCMessageDescriptor *d, ds_arena *a)
{
    ProtobufCMessage *m = ds_arena_alloc(a, d->sizeof_message);

    protobuf_c_message_init(d, m);
    return m;
}
