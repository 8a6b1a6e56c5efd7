/* tests/unit/test_json_write.c - writing JSON: commas, escapes, numbers, depth. */
#include "base/text.h"
#include "support/run.h"
#include <durable_sync/json.h>

#include <string.h>

static const struct row {
    const char *name;
    const char *json;
    const char *pretty;
} rows[] = {
    {"a scalar", "5", "5"},
    {"an empty object", "{}", "{}"},
    {"an empty list", "[]", "[]"},
    {"a list", "[1,true,null,\"x\"]", "[\n  1,\n  true,\n  null,\n  \"x\"\n]"},
    {"an object", "{\"a\":1,\"b\":[]}", "{\n  \"a\": 1,\n  \"b\": []\n}"},
    {"objects in a list", "[{\"a\":1},{},{\"b\":{\"c\":[2]}}]",
     "[\n  {\n    \"a\": 1\n  },\n  {},\n  {\n    \"b\": {\n      \"c\": [\n        2\n      ]\n   "
     " }\n  }\n]"},
    {"a list after a list", "[[1],[2]]", "[\n  [\n    1\n  ],\n  [\n    2\n  ]\n]"},
};

static const ds_json *read_ok(const char *text)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(scratch, text, strlen(text), &err);

    if (!json)
        fail_msg("%s: %s", text, err.text);
    return json;
}

static void layout(void **state)
{
    const struct row *row = *state;
    const ds_json *json = read_ok(row->json);

    for (int pretty = 0; pretty < 2; pretty++) {
        DS_AUTO_BUF(out, 1000);
        ds_json_writer w = ds_json_w(&out, pretty);

        ds_json_w_json(&w, json);
        assert_string_equal(out.data, pretty ? row->pretty : row->json);
        assert_int_equal(w.depth, 0);
    }
}

static void a_document_by_hand(void **state)
{
    DS_AUTO_BUF(out, 1000);
    ds_json_writer w = ds_json_w(&out, false);

    (void)state;
    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "n\"ame");
    ds_json_w_text(&w, "text");
    ds_json_w_name(&w, "none");
    ds_json_w_text(&w, NULL);
    ds_json_w_name(&w, "list");
    ds_json_w_begin_list(&w);
    ds_json_w_int(&w, -5);
    ds_json_w_bool(&w, true);
    ds_json_w_bool(&w, false);
    ds_json_w_begin_object(&w);
    ds_json_w_end_object(&w);
    ds_json_w_text_n(&w, "cut here", 3);
    ds_json_w_end_list(&w);
    ds_json_w_name(&w, "raw");
    ds_json_w_raw(&w, "[1, 2]", 6);
    ds_json_w_name(&w, "json");
    ds_json_w_json(&w, NULL);
    ds_json_w_end_object(&w);
    assert_string_equal(out.data,
                        "{\"n\\\"ame\":\"text\",\"none\":null,\"list\":[-5,true,false,{},\"cut\"],"
                        "\"raw\":[1, 2],\"json\":null}");
}

/* ---- texts ----------------------------------------------------------------------------------- */

static const struct text_row {
    const char *name;
    const char *text;
    size_t n;
    const char *written;
} texts[] = {
    {"text: nothing", "", 0, "\"\""},
    {"text: plain", "plain text / with a slash", 25, "\"plain text / with a slash\""},
    {"text: quotes and backslashes", "\"\\", 2, "\"\\\"\\\\\""},
    {"text: the short escapes", "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
    {"text: other controls", "\x01\x1f\x7f", 3, "\"\\u0001\\u001f\\u007f\""},
    {"text: a NUL within", "a\0b", 3, "\"a\\u0000b\""},
    {"text: characters of all lengths", "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10,
     "\"a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
    {"text: invalid bytes", "a\xFFz\xC3", 4, "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\""},
};

static void text(void **state)
{
    const struct text_row *row = *state;
    DS_AUTO_BUF(out, 1000);
    ds_json_writer w = ds_json_w(&out, false);

    ds_json_w_text_n(&w, row->text, row->n);
    assert_string_equal(out.data, row->written);
}

static void every_byte_can_be_written_and_read(void **state)
{
    char all[256];
    size_t n;

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    for (int from = 0; from < 256; from++) {
        DS_AUTO_BUF(out, 10000);
        ds_json_writer w = ds_json_w(&out, false);
        size_t all_n = (size_t)(256 - from);

        ds_json_w_text_n(&w, all + from, all_n);
        const char *expected = ds_utf8_repair(scratch, all + from, &all_n);
        assert_string_equal(ds_json_str(read_ok(out.data), &n), expected);
        assert_int_equal(n, all_n);
    }
}

/* ---- numbers --------------------------------------------------------------------------------- */

static const struct number_row {
    const char *name;
    const char *text;
    bool safe; /* may stand as a number before readers that know only doubles */
} numbers[] = {
    {"number: zero", "0", true},
    {"number: 2^53", "9007199254740992", true},
    {"number: 2^53+1", "9007199254740993", false},
    {"number: -2^53", "-9007199254740992", true},
    {"number: -2^53-1", "-9007199254740993", false},
    {"number: the largest of 64 bits", "9223372036854775807", false},
    {"number: the smallest of 64 bits", "-9223372036854775808", false},
    {"number: 2^64", "18446744073709551616", false},
    {"number: 1.10", "1.10", true},
    {"number: -0", "-0", true},
    {"number: many digits behind the point", "0.1234567890123456789012345678901234567890", true},
    {"number: large with a fraction", "123456789012345678901234567890.5", false},
    {"number: 1e400", "1e400", false},
    {"number: -1e400", "-1e400", false},
    {"number: 1e-400", "1e-400", true},
    {"number: 1e15", "1e15", true},
    {"number: 1e16", "1e16", false},
};

static void number(void **state)
{
    const struct number_row *row = *state;
    const char *quoted = ds_arena_printf(scratch, "\"%s\"", row->text);
    int64_t integer;

    for (int exact = 0; exact < 2; exact++) {
        DS_AUTO_BUF(out, 1000);
        const char *expected = exact || row->safe ? row->text : quoted;
        ds_json_writer w = ds_json_w(&out, false);

        w.exact = exact;
        ds_json_w_number(&w, row->text, strlen(row->text));
        assert_string_equal(out.data, expected);
        ds_buf_clear(&out);
        w = ds_json_w(&out, false);
        w.exact = exact;
        ds_json_w_json(&w, read_ok(row->text));
        assert_string_equal(out.data, expected);
        ds_buf_clear(&out);
        w = ds_json_w(&out, false);
        w.exact = exact;
        if (!ds_parse_int(row->text, &integer) || row->text[1] == '0')
            continue;
        ds_json_w_int(&w, integer);
        assert_string_equal(out.data, expected);
    }
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void the_deepest_document_fits_deep_inside_another(void **state)
{
    DS_AUTO_BUF(deep, 1000);
    DS_AUTO_BUF(out, 100000);
    ds_json_writer w = ds_json_w(&out, true);

    (void)state;
    for (int i = 0; i < DS_JSON_DEPTH_MAX; i++)
        ds_buf_char(&deep, '[');
    for (int i = 0; i < DS_JSON_DEPTH_MAX; i++)
        ds_buf_char(&deep, ']');
    for (int i = 0; i < 30; i++) {
        ds_json_w_begin_object(&w);
        ds_json_w_name(&w, "in");
    }
    ds_json_w_json(&w, read_ok(deep.data));
    for (int i = 0; i < 30; i++)
        ds_json_w_end_object(&w);
    assert_int_equal(w.depth, 0);
    assert_false(out.overflow);
    assert_string_equal(out.data + out.n - 6, "\n  }\n}");
}

static void a_cap_is_felt_not_overrun(void **state)
{
    const char *json = "{\"a\":[1,\"text\",{}],\"b\":true}";
    ds_err err = DS_ERR_INIT;

    (void)state;
    for (size_t max = 0; max < strlen(json) + 5; max++) {
        DS_AUTO_BUF(out, max);
        ds_json_writer w = ds_json_w(&out, false);

        ds_json_w_json(&w, read_ok(json));
        assert_true(out.n <= max);
        assert_int_equal(ds_buf_ok(&out, "the answer", &err), max >= strlen(json));
    }
}

int main(void)
{
    add_table(rows, layout);
    add_test(a_document_by_hand);
    add_table(texts, text);
    add_test(every_byte_can_be_written_and_read);
    add_table(numbers, number);
    add_test(the_deepest_document_fits_deep_inside_another);
    add_test(a_cap_is_felt_not_overrun);
    return run_tests("JSON writing");
}
