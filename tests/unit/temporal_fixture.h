/* tests/unit/temporal_fixture.h - messages by a word each, and bytes as hexadecimal. */
#ifndef TESTS_UNIT_TEMPORAL_FIXTURE_H
#define TESTS_UNIT_TEMPORAL_FIXTURE_H

#include "engine/temporal/wire.h"
#include "support/run.h"

#include <stdio.h>
#include <string.h>

#define new_message(name) ds_wire_new(&ds__##name##__descriptor, scratch)

static inline DS_UNUSED char *text(const char *words)
{
    return ds_arena_strdup(scratch, words);
}

static inline DS_UNUSED const char *hex(const uint8_t *bytes, size_t n)
{
    char *out = ds_arena_alloc(scratch, 2 * n + 1);

    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    out[2 * n] = '\0';
    return out;
}

static inline DS_UNUSED uint8_t *unhex(const char *digits, size_t *n)
{
    uint8_t *out = ds_arena_alloc(scratch, strlen(digits) / 2 + 1);

    *n = strlen(digits) / 2;
    for (size_t i = 0; i < *n; i++) {
        char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};
        unsigned value = 0;

        assert_int_equal(sscanf(pair, "%x", &value), 1);
        out[i] = (uint8_t)value;
    }
    return out;
}

static inline DS_UNUSED const char *packed_hex(const ProtobufCMessage *m)
{
    size_t n;
    const uint8_t *bytes = ds_wire_pack(m, scratch, &n);

    return hex(bytes, n);
}

static inline DS_UNUSED ProtobufCBinaryData bytes_of(const char *words)
{
    return (ProtobufCBinaryData){strlen(words), (uint8_t *)text(words)};
}

/* A payload of encoding json/plain with that text. */
static inline DS_UNUSED Ds__Payload *json_payload(const char *json)
{
    Ds__Payload *p = new_message(payload);
    Ds__Payload__MetadataEntry *entry = new_message(payload__metadata_entry);

    entry->key = text("encoding");
    entry->has_value = true;
    entry->value = bytes_of("json/plain");
    p->n_metadata = 1;
    p->metadata = ds_arena_alloc(scratch, sizeof(void *));
    p->metadata[0] = entry;
    p->has_data = true;
    p->data = bytes_of(json);
    return p;
}

static inline DS_UNUSED Ds__Payloads *json_payloads(const char *json)
{
    Ds__Payloads *list = new_message(payloads);

    list->n_payloads = 1;
    list->payloads = ds_arena_alloc(scratch, sizeof(void *));
    list->payloads[0] = json_payload(json);
    return list;
}

static inline DS_UNUSED Ds__Duration *seconds(int64_t n)
{
    Ds__Duration *d = new_message(duration);

    d->has_seconds = true;
    d->seconds = n;
    return d;
}

static inline DS_UNUSED Ds__TaskQueue *normal_queue(const char *name)
{
    Ds__TaskQueue *q = new_message(task_queue);

    q->name = text(name);
    q->has_kind = true;
    q->kind = DS__TASK_QUEUE_KIND__TASK_QUEUE_KIND_NORMAL;
    return q;
}

#endif
