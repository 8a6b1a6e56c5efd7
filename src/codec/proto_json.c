/* src/codec/proto_json.c */
#include "codec/proto_json.h"

#include "base/base64.h"
#include "engine/temporal/payload.h"

static bool read_bytes(const ds_json *json, ProtobufCBinaryData *out, ds_arena *a)
{
    size_t n = 0;
    const char *text = ds_json_str(json, &n);

    *out = (ProtobufCBinaryData){0, NULL};
    if (ds_json_kind_of(json) == DS_JSON_NULL)
        return true;
    if (ds_json_kind_of(json) != DS_JSON_TEXT)
        return false;
    out->data = ds_base64_read(text, n, a, &out->len);
    return out->data != NULL;
}

static bool read_metadata(const ds_json *json, Ds__Payload *p, ds_arena *a)
{
    ds_json_iter it = ds_json_iterate(json);
    const ds_json *value;

    if (ds_json_kind_of(json) == DS_JSON_NULL)
        return true;
    if (ds_json_kind_of(json) != DS_JSON_OBJECT)
        return false;
    p->metadata = ds_arena_alloc(a, it.left * sizeof(Ds__Payload__MetadataEntry *));
    while ((value = ds_json_next(&it)) != NULL) {
        Ds__Payload__MetadataEntry *e = ds_wire_new(&ds__payload__metadata_entry__descriptor, a);

        e->key = ds_arena_strndup(a, it.name, it.name_n);
        e->has_value = true;
        if (!read_bytes(value, &e->value, a))
            return false;
        p->metadata[p->n_metadata++] = e;
    }
    return true;
}

static Ds__Payload *read_payload(const ds_json *json, ds_arena *a)
{
    Ds__Payload *p = ds_wire_new(&ds__payload__descriptor, a);

    if (ds_json_kind_of(json) != DS_JSON_OBJECT ||
        !read_metadata(ds_json_get(json, "metadata"), p, a) ||
        !read_bytes(ds_json_get(json, "data"), &p->data, a))
        return NULL;
    p->has_data = p->data.len > 0;
    return p;
}

Ds__Payloads *ds_payloads_from_json(const char *text, size_t n, ds_arena *a, ds_err *err)
{
    const ds_json *document = ds_json_read(a, text, n, err);
    const ds_json *payloads = ds_json_get(document, "payloads");
    Ds__Payloads *list = ds_wire_new(&ds__payloads__descriptor, a);

    if (!document)
        return NULL;
    if (ds_json_kind_of(document) != DS_JSON_OBJECT ||
        (payloads && ds_json_kind_of(payloads) != DS_JSON_LIST)) {
        ds_fail(err, DS_ERR_PERMANENT, "a body is {\"payloads\": [...]}");
        return NULL;
    }
    list->payloads = ds_arena_alloc(a, ds_json_size(payloads) * sizeof(Ds__Payload *));
    DS_JSON_EACH (payloads, item) {
        Ds__Payload *p = read_payload(item, a);

        if (!p) {
            ds_fail(err, DS_ERR_PERMANENT,
                    "payload %zu is not {\"metadata\": {NAME: BASE64}, \"data\": BASE64}",
                    list->n_payloads + 1);
            return NULL;
        }
        list->payloads[list->n_payloads++] = p;
    }
    return list;
}

static const char *base64(const ProtobufCBinaryData *bytes, ds_arena *a)
{
    return ds_base64_write(bytes->data, bytes->len, a);
}

void ds_payloads_to_json(const Ds__Payloads *list, ds_buf *out, ds_arena *a)
{
    ds_json_writer w = ds_json_w(out, false);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "payloads");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < list->n_payloads; i++) {
        const Ds__Payload *p = list->payloads[i];

        ds_json_w_begin_object(&w);
        ds_json_w_name(&w, "metadata");
        ds_json_w_begin_object(&w);
        for (size_t k = 0; k < p->n_metadata; k++) {
            ds_json_w_name(&w, p->metadata[k]->key ? p->metadata[k]->key : "");
            ds_json_w_text(&w, base64(&p->metadata[k]->value, a));
        }
        ds_json_w_end_object(&w);
        ds_json_w_name(&w, "data");
        ds_json_w_text(&w, base64(&p->data, a));
        ds_json_w_end_object(&w);
    }
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
}
