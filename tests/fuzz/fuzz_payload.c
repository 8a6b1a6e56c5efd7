/* tests/fuzz/fuzz_payload.c
 *
 * Payloads as operators and browsers give them: keys, lists of payloads in protobuf's JSON, and any
 * JSON in the form that Python gives it.
 *
 * Input: a line of keys, then the text.
 */
#include "fuzz/fuzz.h"

#include "codec/proto_json.h"
#include "base/base64.h"
#include "engine/temporal/codec.h"
#include "engine/temporal/payload.h"

#include <stdlib.h>
#include <string.h>

#define CAP (8 * DS_MIB)

static void as_python(const char *text, size_t n, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    Ds__Payload *p = ds_payload_of_text(text, n, a, &err), *again;

    if (!p) {
        fuzz_error(&err);
        return;
    }
    for (size_t i = 0; i < p->data.len; i++)
        fuzz_must(p->data.data[i] >= ' ' && p->data.data[i] <= '~', "no ASCII at %zu", i);
    again = ds_payload_of(ds_payload_read(p, a, &err), a, &err);
    fuzz_must(again, "%s", err.text);
    fuzz_must(again->data.len == p->data.len &&
                  (!p->data.len || memcmp(again->data.data, p->data.data, p->data.len) == 0),
              "another form of %.*s", (int)p->data.len, (const char *)p->data.data);
}

static const char *json_of(const Ds__Payloads *list, ds_arena *a)
{
    DS_AUTO_BUF(out, CAP);

    ds_payloads_to_json(list, &out, a);
    fuzz_must(!out.overflow, "%zu payloads", list->n_payloads);
    return ds_arena_strndup(a, out.data, out.n);
}

static void as_payloads(const char *text, size_t n, const ds_codec *codec, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    Ds__Payloads *list = ds_payloads_from_json(text, n, a, &err), *again;
    const char *json;

    if (!list) {
        fuzz_error(&err);
        return;
    }
    json = json_of(list, a);
    again = ds_payloads_from_json(json, strlen(json), a, &err);
    fuzz_must(again && strcmp(json_of(again, a), json) == 0, "%s: %s", json, err.text);
    if (!codec)
        return;
    fuzz_must(ds_codec_encode(codec, &again->base, a, &err), "%s", err.text);
    ds_codec_decode(codec, &again->base, a);
    fuzz_must(strcmp(json_of(again, a), json) == 0, "%s became %s", json, json_of(again, a));
}

static void as_base64(const char *text, size_t n, ds_arena *a)
{
    size_t bytes_n, again_n;
    const uint8_t *bytes = ds_base64_read(text, n, a, &bytes_n), *again;
    const char *written;

    if (!bytes)
        return;
    written = ds_base64_write(bytes, bytes_n, a);
    again = ds_base64_read(written, strlen(written), a, &again_n);
    fuzz_must(again && again_n == bytes_n && (!bytes_n || memcmp(again, bytes, bytes_n) == 0), "%s",
              written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    size_t keys_n, text_n;
    const char *keys = fuzz_piece(&in, "\n", a, &keys_n);
    const char *text = fuzz_rest(&in, a, &text_n);
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_codec) codec = ds_codec_open(keys, false, &err);

    if (!codec)
        fuzz_error(&err);
    as_python(text, text_n, a);
    as_payloads(text, text_n, codec, a);
    as_base64(keys, keys_n, a);
    return 0;
}
