/* tests/unit/test_temporal_codec.c - encrypted payloads, and what is not opened. */
#include "base/base64.h"
#include "engine/temporal/codec.h"
#include "engine/temporal/payload.h"
#include "temporal_fixture.h"

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" /* bytes 00 to 1f */
#define KEY_B "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

/* "hello" as json/plain, under KEY_A with the nonce 00 to 0b. */
#define HELLO                                                                                      \
    "0a1c0a08656e636f64696e67121062696e6172792f656e63727970746564123d"                             \
    "000102030405060708090a0b4d14dc13a08ba174e928f9eca3e3121eecb8a8449c1a36122a60c7ed78056cdd"     \
    "233e4fbc54257ed240000e7081621c3c45"

static Ds__Payload *payload_of_hex(const char *digits)
{
    size_t n;
    const uint8_t *bytes = unhex(digits, &n);
    Ds__Payload *p = ds_wire_unpack(&ds__payload__descriptor, bytes, n, scratch);

    assert_non_null(p);
    return p;
}

static ds_codec *codec_of(const char *keys, bool required)
{
    ds_err err = DS_ERR_INIT;
    ds_codec *codec = ds_codec_open(keys, required, &err);

    assert_non_null(codec);
    return codec;
}

static void opens_what_others_made(void **state)
{
    DS_AUTO(ds_codec) codec = codec_of(KEY_A, false);
    Ds__Payload *p = payload_of_hex(HELLO);

    (void)state;
    ds_codec_decode(codec, &p->base, scratch);
    assert_string_equal(packed_hex(&p->base), packed_hex(&json_payload("\"hello\"")->base));
}

static void there_and_back(void **state)
{
    DS_AUTO(ds_codec) codec = codec_of(KEY_A, true);
    Ds__Payload *p = json_payload("{\"a\":1}"), *again = json_payload("{\"a\":1}");
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(ds_codec_encode(codec, &p->base, scratch, &err));
    assert_true(ds_codec_encode(codec, &again->base, scratch, &err));
    assert_true(ds_payload_is(p, DS_ENCODING_ENCRYPTED));
    assert_int_equal(p->n_metadata, 1);
    assert_int_equal(p->data.len, again->data.len);
    assert_memory_not_equal(p->data.data, again->data.data, p->data.len); /* a nonce of its own */
    ds_codec_decode(codec, &p->base, scratch);
    assert_string_equal(packed_hex(&p->base), packed_hex(&json_payload("{\"a\":1}")->base));
}

static void the_first_key_encrypts_and_all_decrypt(void **state)
{
    DS_AUTO(ds_codec) old = codec_of(KEY_A, false);
    DS_AUTO(ds_codec) both = codec_of(" " KEY_B " ,\n" KEY_A "\n", false);
    DS_AUTO(ds_codec) new = codec_of(KEY_B, false);
    Ds__Payload *of_old = json_payload("1"), *of_both = json_payload("2");
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(ds_codec_encode(old, &of_old->base, scratch, &err));
    assert_true(ds_codec_encode(both, &of_both->base, scratch, &err));
    ds_codec_decode(old, &of_both->base, scratch);
    assert_true(ds_payload_is(of_both, DS_ENCODING_ENCRYPTED));
    ds_codec_decode(new, &of_both->base, scratch);
    assert_true(ds_payload_is(of_both, DS_ENCODING_JSON));
    ds_codec_decode(both, &of_old->base, scratch);
    assert_true(ds_payload_is(of_old, DS_ENCODING_JSON));
}

static const struct broken {
    const char *name;
    size_t n;    /* of the data that are left */
    size_t flip; /* which byte is another one; beyond the data: none */
} broken[] = {
    {"the nonce is another one", 61, 0},
    {"a byte of the text is", 61, 20},
    {"a byte of the tag is", 61, 60},
    {"cut by a byte", 60, 99},
    {"no more than nonce and tag", 28, 99},
    {"less than nonce and tag", 27, 99},
    {"nothing", 0, 99},
};

static void stays_closed(void **state)
{
    const struct broken *row = *state;
    DS_AUTO(ds_codec) codec = codec_of(KEY_B "," KEY_A, true);
    Ds__Payload *p = payload_of_hex(HELLO);
    ds_err err = DS_ERR_INIT;

    p->data.len = row->n;
    if (row->flip < row->n)
        p->data.data[row->flip] ^= 1;
    ds_codec_decode(codec, &p->base, scratch);
    assert_true(ds_payload_is(p, DS_ENCODING_ENCRYPTED));
    assert_null(ds_payload_read(p, scratch, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
}

/* Whoever encrypts twice gets back what was encrypted. */
static void one_layer_is_taken_off(void **state)
{
    DS_AUTO(ds_codec) codec = codec_of(KEY_A, false);
    Ds__Payload *p = payload_of_hex(HELLO);
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(ds_codec_encode(codec, &p->base, scratch, &err));
    ds_codec_decode(codec, &p->base, scratch);
    assert_string_equal(packed_hex(&p->base), HELLO);
}

static void clear_payloads_pass_or_are_refused(void **state)
{
    DS_AUTO(ds_codec) lax = codec_of(KEY_A, false);
    DS_AUTO(ds_codec) strict = codec_of(KEY_A, true);
    Ds__Payload *p = json_payload("[]"), *nothing = ds_payload_raw("binary/null", NULL, 0, scratch);
    ds_err err = DS_ERR_INIT;

    (void)state;
    ds_codec_decode(NULL, &p->base, scratch);
    ds_codec_decode(lax, &p->base, scratch);
    assert_non_null(ds_payload_read(p, scratch, &err));
    ds_codec_decode(strict, &nothing->base, scratch);
    assert_non_null(ds_payload_read(nothing, scratch, &err));
    ds_codec_decode(strict, &p->base, scratch);
    assert_null(ds_payload_read(p, scratch, &err));
    assert_int_equal(err.kind, DS_ERR_PERMANENT);
    assert_non_null(strstr(err.text, "encryption_required"));
}

static Ds__Memo *memo_of(Ds__Payload *p)
{
    Ds__Memo *memo = new_message(memo);

    memo->n_fields = 1;
    memo->fields = ds_arena_alloc(scratch, sizeof(void *));
    memo->fields[0] = new_message(memo__fields_entry);
    memo->fields[0]->key = text("unit");
    memo->fields[0]->value = p;
    return memo;
}

static Ds__SearchAttributes *attributes_of(Ds__Payload *p)
{
    Ds__SearchAttributes *s = new_message(search_attributes);

    s->n_indexed_fields = 1;
    s->indexed_fields = ds_arena_alloc(scratch, sizeof(void *));
    s->indexed_fields[0] = new_message(search_attributes__indexed_fields_entry);
    s->indexed_fields[0]->key = text("Unit");
    s->indexed_fields[0]->value = p;
    return s;
}

static void whole_messages_without_search_attributes(void **state)
{
    DS_AUTO(ds_codec) codec = codec_of(KEY_A, true);
    Ds__StartWorkflowExecutionRequest *m = new_message(start_workflow_execution_request);
    ds_err err = DS_ERR_INIT;
    const char *before;

    (void)state;
    m->input = json_payloads("{}");
    ds_payloads_add(m->input, json_payload("2"), scratch);
    m->memo = memo_of(json_payload("\"m\""));
    m->search_attributes = attributes_of(json_payload("\"s\""));
    m->user_metadata = new_message(user_metadata);
    m->user_metadata->summary = json_payload("\"u\"");
    before = packed_hex(&m->base);
    assert_true(ds_codec_encode(NULL, &m->base, scratch, &err));
    assert_string_equal(packed_hex(&m->base), before);
    assert_true(ds_codec_encode(codec, &m->base, scratch, &err));
    assert_true(ds_payload_is(m->input->payloads[0], DS_ENCODING_ENCRYPTED));
    assert_true(ds_payload_is(m->input->payloads[1], DS_ENCODING_ENCRYPTED));
    assert_true(ds_payload_is(m->memo->fields[0]->value, DS_ENCODING_ENCRYPTED));
    assert_true(ds_payload_is(m->user_metadata->summary, DS_ENCODING_ENCRYPTED));
    assert_true(ds_payload_is(m->search_attributes->indexed_fields[0]->value, DS_ENCODING_JSON));
    ds_codec_decode(codec, &m->base, scratch);
    assert_string_equal(packed_hex(&m->base), before);
}

static void a_failures_words_come_back(void **state)
{
    DS_AUTO(ds_codec) codec = codec_of(KEY_A, true);
    Ds__HistoryEvent *e = new_message(history_event);
    Ds__Failure *f = new_message(failure);
    ds_err err = DS_ERR_INIT;

    (void)state;
    e->attributes_case = DS__HISTORY_EVENT__ATTRIBUTES_ACTIVITY_TASK_FAILED_EVENT_ATTRIBUTES;
    e->activity_task_failed_event_attributes = new_message(activity_task_failed_event_attributes);
    e->activity_task_failed_event_attributes->failure = new_message(failure);
    e->activity_task_failed_event_attributes->failure->cause = f;
    f->message = text("Encoded failure");
    f->encoded_attributes = json_payload("{\"message\":\"why\",\"stack_trace\":\"where\"}");
    assert_true(ds_codec_encode(codec, &e->base, scratch, &err));
    assert_true(ds_payload_is(f->encoded_attributes, DS_ENCODING_ENCRYPTED));
    ds_codec_decode(codec, &e->base, scratch);
    assert_string_equal(f->message, "why");
    assert_string_equal(f->stack_trace, "where");
}

static const struct keys {
    const char *name;
    const char *keys;
    const char *says; /* NULL: they are taken */
} keys[] = {
    {"one", KEY_A, NULL},
    {"one in the alphabet of URLs, unpadded", "--__AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", NULL},
    {"several", KEY_A "," KEY_B "," KEY_A, NULL},
    {"none", "", "key 1 of"},
    {"nothing behind a comma", KEY_A ",", "key 2 of"},
    {"nothing before a comma", "," KEY_A, "key 1 of"},
    {"31 bytes", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", "key 1 of"},
    {"33 bytes", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g", "key 1 of"},
    {"no base64", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8!", "key 1 of"},
    {"hexadecimal", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "key 1 of"},
    {"more than there may be",
     KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A
           "," KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A,
     "has more than 16 keys"},
};

static void keys_are_taken_or_named(void **state)
{
    const struct keys *row = *state;
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_codec) codec = ds_codec_open(row->keys, false, &err);

    assert_int_equal(codec != NULL, row->says == NULL);
    if (!row->says)
        return;
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_non_null(strstr(err.text, row->says));
    assert_null(strstr(err.text, "AAEC")); /* nothing of a key */
}

static void a_new_key_is_one(void **state)
{
    char one[45], other[45];
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(ds_codec_keygen(one, &err));
    assert_true(ds_codec_keygen(other, &err));
    assert_int_equal(strlen(one), 44);
    assert_string_not_equal(one, other);
    ds_codec_close(codec_of(one, false));
}

static const struct coded {
    const char *name;
    const char *hex;
    const char *base64;
} coded[] = {
    {"nothing", "", ""},
    {"one byte", "00", "AA=="},
    {"two bytes", "fbef", "++8="},
    {"three bytes", "ffffff", "////"},
    {"four bytes", "01020304", "AQIDBA=="},
};

static void base64_both_ways(void **state)
{
    const struct coded *row = *state;
    size_t n, back_n = 99;
    const uint8_t *bytes = unhex(row->hex, &n);
    const uint8_t *back = ds_base64_read(row->base64, strlen(row->base64), scratch, &back_n);

    assert_string_equal(ds_base64_write(bytes, n, scratch), row->base64);
    assert_non_null(back);
    assert_string_equal(hex(back, back_n), row->hex);
}

static const struct no_base64 {
    const char *name;
    const char *base64;
} no_base64[] = {
    {"one digit", "A"},           {"five digits", "AAAAA"},  {"bits that mean nothing", "AB=="},
    {"likewise in two", "AAB="},  {"padding alone", "===="}, {"padding in the middle", "AA==AAAA"},
    {"three of padding", "A==="}, {"a blank", "AA =="},      {"a line's end", "AAAA\n"},
};

static void is_no_base64(void **state)
{
    const struct no_base64 *row = *state;
    size_t n;

    assert_null(ds_base64_read(row->base64, strlen(row->base64), scratch, &n));
}

int main(void)
{
    add_test(opens_what_others_made);
    add_test(there_and_back);
    add_test(the_first_key_encrypts_and_all_decrypt);
    add_table(broken, stays_closed);
    add_test(one_layer_is_taken_off);
    add_test(clear_payloads_pass_or_are_refused);
    add_test(whole_messages_without_search_attributes);
    add_test(a_failures_words_come_back);
    add_table(keys, keys_are_taken_or_named);
    add_test(a_new_key_is_one);
    add_table(coded, base64_both_ways);
    add_table(no_base64, is_no_base64);
    return run_tests("temporal codec");
}
