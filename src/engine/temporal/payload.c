/* src/engine/temporal/payload.c */
#include "engine/temporal/payload.h"

#include "base/text.h"

#include <string.h>

Ds__Payload *ds_payload_raw(const char *encoding, const void *bytes, size_t n, ds_arena *a)
{
    Ds__Payload *p = ds_wire_new(&ds__payload__descriptor, a);
    Ds__Payload__MetadataEntry *entry = ds_wire_new(&ds__payload__metadata_entry__descriptor, a);

    entry->key = ds_arena_strdup(a, "encoding");
    entry->has_value = true;
    entry->value.len = strlen(encoding);
    entry->value.data = (uint8_t *)ds_arena_strdup(a, encoding);
    p->n_metadata = 1;
    p->metadata = ds_arena_alloc(a, sizeof(Ds__Payload__MetadataEntry *));
    p->metadata[0] = entry;
    p->has_data = n > 0;
    p->data.len = n;
    p->data.data = (uint8_t *)(uintptr_t)bytes; /* protobuf-c only reads it */
    return p;
}

Ds__Payload *ds_payload_of(const ds_json *value, ds_arena *a, ds_err *err)
{
    DS_AUTO_BUF(text, DS_PAYLOAD_MAX);

    if (ds_json_kind_of(value) == DS_JSON_NULL)
        return ds_payload_raw(DS_ENCODING_NULL, NULL, 0, a);
    ds_python_json(value, &text);
    if (!ds_buf_ok(&text, "the payload", err))
        return NULL;
    return ds_payload_raw(DS_ENCODING_JSON, ds_arena_strndup(a, text.data, text.n), text.n, a);
}

Ds__Payload *ds_payload_of_text(const char *json, size_t n, ds_arena *a, ds_err *err)
{
    const ds_json *value = ds_json_read(a, json, n, err);

    return value ? ds_payload_of(value, a, err) : NULL;
}

Ds__Payload *ds_payload_of_words(const char *words, size_t most, ds_arena *a)
{
    DS_AUTO_BUF(quoted, 8 * most + 64);
    size_t n = strlen(words), at = 0;
    const char *clean = ds_utf8_repair(a, words, &n);
    ds_json_writer w = ds_json_w(&quoted, false);
    ds_err err = DS_ERR_INIT;
    Ds__Payload *made;

    for (size_t step; at < n && (step = ds_utf8_step(clean + at, n - at)) + at <= most;)
        at += step;
    ds_json_w_text_n(&w, clean, at);
    made = ds_payload_of_text(quoted.data, quoted.n, a, &err);
    return made ? made : ds_payload_raw(DS_ENCODING_NULL, NULL, 0, a);
}

static const ProtobufCBinaryData *metadata(const Ds__Payload *p, const char *name)
{
    const ProtobufCBinaryData *found = NULL;

    for (size_t i = 0; p && i < p->n_metadata; i++)
        if (p->metadata[i]->key && strcmp(p->metadata[i]->key, name) == 0)
            found = &p->metadata[i]->value; /* of two the last one counts, as in every map */
    return found;
}

const char *ds_payload_meta(const Ds__Payload *p, const char *name, ds_arena *a)
{
    const ProtobufCBinaryData *found = metadata(p, name);

    return found && found->len ? ds_arena_strndup(a, (const char *)found->data, found->len) : "";
}

bool ds_payload_is(const Ds__Payload *p, const char *encoding)
{
    const ProtobufCBinaryData *found = metadata(p, "encoding");

    return found && found->len == strlen(encoding) &&
           memcmp(found->data, encoding, found->len) == 0;
}

static bool refuse(const Ds__Payload *p, ds_arena *a, ds_err *err)
{
    const char *encoding = ds_payload_meta(p, "encoding", a);
    size_t n = strlen(encoding);

    if (ds_payload_is(p, DS_ENCODING_ENCRYPTED))
        return ds_fail(
            err, DS_ERR_CONFIG,
            "the payload is encrypted, and no key opens it; see DURABLE_SYNC_ENC_KEY, or "
            "`encryption_key` of the engine");
    if (ds_payload_is(p, DS_ENCODING_REFUSED))
        return ds_fail(
            err, DS_ERR_PERMANENT,
            "the payload is not encrypted, and `encryption_required` of the engine asks for "
            "that");
    return ds_fail(err, DS_ERR_PERMANENT, "a payload of encoding \"%.60s\" is no JSON",
                   ds_utf8_repair(a, encoding, &n));
}

const ds_json *ds_payload_read(const Ds__Payload *p, ds_arena *a, ds_err *err)
{
    if (!p || ds_payload_is(p, DS_ENCODING_NULL))
        return ds_json_read(a, "null", 4, err);
    if (!ds_payload_is(p, DS_ENCODING_JSON) && !ds_payload_is(p, DS_ENCODING_PROTO_JSON)) {
        refuse(p, a, err);
        return NULL;
    }
    return ds_json_read(a, p->data.data ? (const char *)p->data.data : "", p->data.len, err);
}

void ds_payloads_add(Ds__Payloads *list, Ds__Payload *p, ds_arena *a)
{
    size_t n = list->n_payloads;

    list->payloads = ds_arena_grow(a, list->payloads, n * sizeof(Ds__Payload *),
                                   (n + 1) * sizeof(Ds__Payload *));
    list->payloads[n] = p;
    list->n_payloads = n + 1;
}

Ds__Payloads *ds_payloads_of(Ds__Payload *p, ds_arena *a)
{
    Ds__Payloads *list = ds_wire_new(&ds__payloads__descriptor, a);

    ds_payloads_add(list, p, a);
    return list;
}

const ds_json *ds_payloads_read(const Ds__Payloads *list, size_t index, ds_arena *a, ds_err *err)
{
    bool there = list && index < list->n_payloads;

    return ds_payload_read(there ? list->payloads[index] : NULL, a, err);
}
