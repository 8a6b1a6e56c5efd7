/* tests/fuzz/fuzz_protobuf.c
 *
 * Messages of a Temporal server: what is read is written and read again as the same, its payloads
 * are read or refused with a word, its failures have words, and it comes through encryption as it
 * was.
 *
 * Input: a byte that says which message, then its bytes.
 */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "engine/temporal/codec.h"
#include "engine/temporal/failure.h"
#include "engine/temporal/payload.h"
#include "engine/temporal/visit.h"

#include <stdlib.h>
#include <string.h>

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static const ProtobufCMessageDescriptor *const messages[] = {
    &ds__history__descriptor,
    &ds__poll_workflow_task_queue_response__descriptor,
    &ds__poll_activity_task_queue_response__descriptor,
    &ds__get_workflow_execution_history_response__descriptor,
    &ds__describe_workflow_execution_response__descriptor,
    &ds__list_workflow_executions_response__descriptor,
    &ds__query_workflow_response__descriptor,
    &ds__describe_namespace_response__descriptor,
    &ds__describe_task_queue_response__descriptor,
    &ds__respond_workflow_task_completed_request__descriptor,
    &ds__status__descriptor,
    &ds__failure__descriptor,
    &ds__payload__descriptor,
};

typedef struct bytes {
    const uint8_t *at;
    size_t n;
} bytes;

static bytes packed(const ProtobufCMessage *m, ds_arena *a)
{
    bytes out;

    out.at = ds_wire_pack(m, a, &out.n);
    return out;
}

static void must_be_same(bytes one, bytes other, const char *when)
{
    fuzz_must(one.n == other.n && (!one.n || memcmp(one.at, other.at, one.n) == 0),
              "another message %s", when);
}

static bool read_payload(void *to, Ds__Payload *p)
{
    ds_arena *a = to;
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_payload_read(p, a, &err);
    Ds__Payload *again;

    if (!json) {
        fuzz_error(&err);
        return true;
    }
    again = ds_payload_of(json, a, &err);
    fuzz_must(again, "%s", err.text);
    fuzz_must(ds_payload_read(again, a, &err), "%s", err.text);
    return true;
}

static bool read_failure(void *to, Ds__Failure *f)
{
    const char *text = ds_failure_text(f, to);
    ds_err err;

    fuzz_must(*text && ds_utf8_ok(text, strlen(text)), "%s", text);
    ds_failure_read(f, &err);
    fuzz_error(&err);
    fuzz_must(err.kind != DS_ERR_NONE, "%s", err.text);
    return true;
}

static void through_encryption(ProtobufCMessage *m, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_codec) codec = ds_codec_open(KEY, false, &err);
    bytes before = packed(m, a);

    fuzz_must(codec && ds_codec_encode(codec, m, a, &err), "%s", err.text);
    ds_codec_decode(codec, m, a);
    must_be_same(before, packed(m, a), "behind encryption");
}

/* A failure's words may be in a payload, and then take the place of those beside it. */
static bool has_no_encoded_words(void *to, Ds__Failure *f)
{
    (void)to;
    return !f->encoded_attributes;
}

static bool pass(void *to, Ds__Payload *p)
{
    (void)to;
    (void)p;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    const ProtobufCMessageDescriptor *d = messages[fuzz_byte(&in) % DS_COUNT(messages)];
    size_t rest_n;
    const char *rest = fuzz_rest(&in, a, &rest_n);
    ProtobufCMessage *m = ds_wire_unpack(d, (const uint8_t *)rest, rest_n, a), *again;
    bytes first;

    if (!m)
        return 0;
    first = packed(m, a);
    again = ds_wire_unpack(d, first.at, first.n, a);
    fuzz_must(again || first.n < rest_n, "what was written is not read"); /* its memory's share */
    if (again)
        must_be_same(first, packed(again, a), "written again");
    ds_visit_payloads(m, &(ds_visitor){read_payload, read_failure, a});
    must_be_same(first, packed(m, a), "read");
    if (ds_visit_payloads(m, &(ds_visitor){pass, has_no_encoded_words, NULL}))
        through_encryption(m, a);
    return 0;
}
