/* tests/unit/test_temporal_payload.c
 *
 * JSON in payloads.  What stands in the column `python` was written by Python's
 * json.dumps(json.loads(...), sort_keys=True, separators=(",", ":")).
 */
#include "engine/temporal/payload.h"
#include "temporal_fixture.h"

static const struct form {
    const char *name;
    const char *json;
    const char *python;
} forms[] = {
    {"members in order", "{\"b\": 1, \"a\" : 2 , \"B\":3}", "{\"B\":3,\"a\":2,\"b\":1}"},
    {"a name that another one begins with", "{\"ab\":1,\"a\":2,\"\":3}",
     "{\"\":3,\"a\":2,\"ab\":1}"},
    {"names beyond ASCII, by code point", "{\"\U0001F600\":1,\"\uFFFD\":2,\"\u00e9\":3,\"z\":4}",
     "{\"z\":4,\"\\u00e9\":3,\"\\ufffd\":2,\"\\ud83d\\ude00\":1}"},
    {"all levels", "[{\"b\":{\"d\":[],\"c\":{}},\"a\":null}]",
     "[{\"a\":null,\"b\":{\"c\":{},\"d\":[]}}]"},
    {"of a name that comes twice the last one counts", "{\"a\":1,\"b\":0,\"a\":2,\"a\":3}",
     "{\"a\":3,\"b\":0}"},
    {"what has a short escape, and what has none",
     "\"\\u0008\\t\\n\\f\\r\\\"\\\\\\/\\u0001\\u001f\"",
     "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\\u001f\""},
    {"DEL is no printable character", "\"\\u007f~\"", "\"\\u007f~\""},
    {"text beyond ASCII", "\"Gr\u00fc\u00dfe \u65e5\u672c \U0001F600\"",
     "\"Gr\\u00fc\\u00dfe \\u65e5\\u672c \\ud83d\\ude00\""},
    {"numbers stay as they were written", "[0,-1,1.5,1e3,9007199254740993,18446744073709551616]",
     "[0,-1,1.5,1e3,9007199254740993,18446744073709551616]"},
    {"truths", "[true,false]", "[true,false]"},
    {"a text alone", "\"\"", "\"\""},
};

static const char *data_of(const Ds__Payload *p)
{
    return ds_arena_strndup(scratch, (const char *)p->data.data, p->data.len);
}

static void is_pythons_form(void **state)
{
    const struct form *row = *state;
    ds_err err = DS_ERR_INIT;
    Ds__Payload *p = ds_payload_of_text(row->json, strlen(row->json), scratch, &err);
    const ds_json *back;

    assert_non_null(p);
    assert_string_equal(ds_payload_meta(p, "encoding", scratch), "json/plain");
    assert_string_equal(data_of(p), row->python);
    back = ds_payload_read(p, scratch, &err);
    assert_non_null(back);
    assert_string_equal(data_of(ds_payload_of(back, scratch, &err)), row->python);
}

static void nothing_is_an_encoding_of_its_own(void **state)
{
    ds_err err = DS_ERR_INIT;
    const Ds__Payload *p = ds_payload_of_text(" null ", 6, scratch, &err);

    (void)state;
    assert_string_equal(packed_hex(&p->base), "0a170a08656e636f64696e67120b62696e6172792f6e756c6c");
    p = ds_payload_of(NULL, scratch, &err);
    assert_true(ds_payload_is(p, DS_ENCODING_NULL));
    assert_int_equal(ds_json_kind_of(ds_payload_read(p, scratch, &err)), DS_JSON_NULL);
    assert_int_equal(ds_json_kind_of(ds_payload_read(NULL, scratch, &err)), DS_JSON_NULL);
    assert_non_null(ds_payload_read(NULL, scratch, &err));
}

static const struct reading {
    const char *name;
    const char *encoding;
    const char *data;
    ds_err_kind kind; /* DS_ERR_NONE: it is read */
    const char *says;
} readings[] = {
    {"any JSON", "json/plain", " {\"a\": [1, 2]} ", DS_ERR_NONE, NULL},
    {"proto-JSON", "json/protobuf", "{}", DS_ERR_NONE, NULL},
    {"null as JSON", "json/plain", "null", DS_ERR_NONE, NULL},
    {"no JSON", "json/plain", "{a}", DS_ERR_PERMANENT, "line 1"},
    {"no data", "json/plain", "", DS_ERR_PERMANENT, ""},
    {"bytes", "binary/plain", "abc", DS_ERR_PERMANENT, "\"binary/plain\" is no JSON"},
    {"an encoding nobody has", "\x01\xffx", "1", DS_ERR_PERMANENT, "is no JSON"},
    {"no encoding", "", "1", DS_ERR_PERMANENT, "\"\" is no JSON"},
    {"encrypted without a key", "binary/encrypted", "abc", DS_ERR_CONFIG, "DURABLE_SYNC_ENC_KEY"},
    {"in clear where it must not be", DS_ENCODING_REFUSED, "", DS_ERR_PERMANENT, "not encrypted"},
};

static void is_read_or_refused(void **state)
{
    const struct reading *row = *state;
    ds_err err = DS_ERR_INIT;
    const Ds__Payload *p = ds_payload_raw(row->encoding, row->data, strlen(row->data), scratch);
    const ds_json *json = ds_payload_read(p, scratch, &err);

    assert_int_equal(json != NULL, row->kind == DS_ERR_NONE);
    assert_int_equal(err.kind, row->kind);
    if (row->says)
        assert_non_null(strstr(err.text, row->says));
}

static void arguments_that_are_missing_are_null(void **state)
{
    ds_err err = DS_ERR_INIT;
    Ds__Payloads *list = ds_payloads_of(json_payload("1"), scratch);

    (void)state;
    ds_payloads_add(list, json_payload("[\"x\"]"), scratch);
    assert_int_equal(list->n_payloads, 2);
    assert_int_equal(ds_json_kind_of(ds_payloads_read(list, 0, scratch, &err)), DS_JSON_NUMBER);
    assert_int_equal(ds_json_kind_of(ds_payloads_read(list, 1, scratch, &err)), DS_JSON_LIST);
    assert_int_equal(ds_json_kind_of(ds_payloads_read(list, 2, scratch, &err)), DS_JSON_NULL);
    assert_int_equal(ds_json_kind_of(ds_payloads_read(NULL, 0, scratch, &err)), DS_JSON_NULL);
    assert_int_equal(err.kind, DS_ERR_NONE);
}

static void words_are_cut_between_characters(void **state)
{
    (void)state;
    assert_string_equal(data_of(ds_payload_of_words("next sync", 400, scratch)), "\"next sync\"");
    assert_string_equal(data_of(ds_payload_of_words("a\u00fcb", 3, scratch)), "\"a\\u00fc\"");
    assert_string_equal(data_of(ds_payload_of_words("a\u00fcb", 2, scratch)), "\"a\"");
    assert_string_equal(data_of(ds_payload_of_words("a\xff", 9, scratch)), "\"a\\ufffd\"");
    assert_string_equal(data_of(ds_payload_of_words("", 9, scratch)), "\"\"");
}

static void of_two_entries_of_one_name_the_last_counts(void **state)
{
    Ds__Payload *p = json_payload("1"), *other = ds_payload_raw("binary/null", NULL, 0, scratch);
    Ds__Payload__MetadataEntry *both[] = {p->metadata[0], other->metadata[0]};

    (void)state;
    p->metadata = both;
    p->n_metadata = 2;
    assert_true(ds_payload_is(p, DS_ENCODING_NULL));
    assert_string_equal(ds_payload_meta(p, "messageType", scratch), "");
}

/* A map's entry without a key is one with an empty key. */
static void metadata_without_a_name(void **state)
{
    size_t n;
    const uint8_t *bytes = unhex("0a0c120a6a736f6e2f706c61696e0a00120131", &n);
    const Ds__Payload *p = ds_wire_unpack(&ds__payload__descriptor, bytes, n, scratch);
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_non_null(p);
    assert_int_equal(p->n_metadata, 2);
    assert_null(ds_payload_read(p, scratch, &err));
    assert_int_equal(err.kind, DS_ERR_PERMANENT);
}

static void a_value_beyond_the_limit_is_refused(void **state)
{
    size_t n = DS_PAYLOAD_MAX + 1;
    char *json = ds_arena_alloc(scratch, n + 2);
    ds_err err = DS_ERR_INIT;

    (void)state;
    memset(json, 'x', n + 2);
    json[0] = json[n + 1] = '"';
    assert_null(ds_payload_of_text(json, n + 2, scratch, &err));
    assert_int_equal(err.kind, DS_ERR_PERMANENT);
}

int main(void)
{
    add_table(forms, is_pythons_form);
    add_table(readings, is_read_or_refused);
    add_test(nothing_is_an_encoding_of_its_own);
    add_test(arguments_that_are_missing_are_null);
    add_test(words_are_cut_between_characters);
    add_test(of_two_entries_of_one_name_the_last_counts);
    add_test(metadata_without_a_name);
    add_test(a_value_beyond_the_limit_is_refused);
    return run_tests("temporal payload");
}
