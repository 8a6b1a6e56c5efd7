/* tests/unit/test_encode.c
 *
 * What is hashed.  The hashes below are stored in people's databases: a change to any of them makes
 * every row look changed, and must raise DS_ENCODER, by which the pass knows to compare instead of
 * write.
 */
#include "base/hash.h"
#include "support/run.h"
#include "support/values.h"
#include "sync/map.h"

#include <stdio.h>
#include <string.h>

static ds_hash hash_props(const ds_prop *props, const uint32_t *order, size_t n, const uint8_t *how,
                          const char *body)
{
    DS_AUTO_BUF(buf, SIZE_MAX / 4);

    return ds_encode_hash(&buf, props, order, n, how, body);
}

static const uint32_t in_order[] = {0, 1, 2, 3};

static ds_hash hash_value(ds_value v)
{
    ds_prop prop = {"p", v};

    return hash_props(&prop, in_order, 1, NULL, NULL);
}

static const char *hex(ds_hash hash)
{
    return ds_arena_printf(scratch, "%016llx%016llx", (unsigned long long)hash.high,
                           (unsigned long long)hash.low);
}

/* ---- pinned ---------------------------------------------------------------------------------- */

static const struct golden_row {
    const char *name;
    const char *value;
    const char *hash;
} golden[] = {
    {"pinned: null", "null", "2b75d152fd5331c2c55013618266faed"},
    {"pinned: true", "true", "f24571d464a4c83a33f51babf3881d71"},
    {"pinned: false", "false", "61efc1eaffff3a3a67680cfac027a856"},
    {"pinned: an integer", "42", "e851fe7beaef83a06860c8604323b385"},
    {"pinned: a negative integer", "-9223372036854775808", "ef0d5fef95724c2f105232b309784ccf"},
    {"pinned: a number", "1.10", "ff40f74d74aade09b4086c466bfd189e"},
    {"pinned: a text", "\"caf\xC3\xA9\"", "5b8ac8fcf3dbb6627cf39472e18d92f8"},
    {"pinned: an empty text", "\"\"", "19c36beda8c3d8e9d2cf59d13304c2fc"},
    {"pinned: a list", "[\"a\",\"\",\"b\"]", "16a5f12136a293de877a9f4081f583c0"},
    {"pinned: a date", "date:2026-01-31", "e0d63c71aaab4f313dbed1feeff256eb"},
    {"pinned: a datetime", "datetime:2026-01-31T09:30:00Z", "4e82d42cc67425829ec7f78e20bd672d"},
};

static void pinned(void **state)
{
    const struct golden_row *row = *state;

    assert_int_equal(DS_ENCODER, 1); /* with a new one come new hashes, below and beside */
    assert_string_equal(hex(hash_value(value_of(scratch, row->value))), row->hash);
}

static void a_whole_record_is_pinned(void **state)
{
    ds_record *rec =
        record_of(scratch, "{\"Name\": \"octo/hello\", \"Stars\": 7, \"Topics\": [\"c\"]}");
    const uint8_t how[] = {DS_HOW_ALWAYS, DS_HOW_ONLY_NEW, DS_HOW_ALWAYS};

    (void)state;
    assert_string_equal(hex(hash_props(rec->props, in_order, 3, NULL, NULL)),
                        "21124c9d5bc4ef2f701dcbc533041e4d");
    assert_string_equal(hex(hash_props(rec->props, in_order, 3, NULL, "# Hello")),
                        "1f93f45bc7c07bb6b59a4b2f056cfbe5");
    assert_string_equal(hex(hash_props(rec->props, in_order, 3, how, NULL)),
                        "0bd518077f632141b5e8651b937f4ce0");
    assert_string_equal(hex(hash_props(rec->props, in_order, 0, NULL, NULL)),
                        "99aa06d3014798d86001c324468d497f");
}

/* ---- apart ----------------------------------------------------------------------------------- */

static const char *const apart[] = {"null",
                                    "true",
                                    "false",
                                    "0",
                                    "1",
                                    "-1",
                                    "256",
                                    "72057594037927936",
                                    "-0",
                                    "0.0",
                                    "1.0",
                                    "1.10",
                                    "1.1",
                                    "\"\"",
                                    "\"0\"",
                                    "\"1\"",
                                    "\"1.0\"",
                                    "\"true\"",
                                    "\"false\"",
                                    "\"null\"",
                                    "\"a\"",
                                    "\"A\"",
                                    "\"ab\"",
                                    "[]",
                                    "[\"\"]",
                                    "[\"\",\"\"]",
                                    "[\"a\"]",
                                    "[\"a\",\"b\"]",
                                    "[\"b\",\"a\"]",
                                    "[\"ab\"]",
                                    "[\"a\",\"\",\"b\"]",
                                    "\"a, b\"",
                                    "date:2026-01-31",
                                    "\"2026-01-31\"",
                                    "datetime:2026-01-31",
                                    "datetime:2026-01-31T00:00:00Z"};

static void different_values_have_different_hashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < DS_COUNT(apart); i++) {
        for (size_t j = 0; j < DS_COUNT(apart); j++) {
            bool same = ds_hash_same(hash_value(value_of(scratch, apart[i])),
                                     hash_value(value_of(scratch, apart[j])));

            if (same != (i == j))
                fail_msg("%s and %s", apart[i], apart[j]);
        }
    }
}

/* Properties whose names and values run into one another when they are put side by side. */
static const struct pair_row {
    const char *name;
    const char *a, *b;
} pairs[] = {
    {"apart: a letter between name and value", "{\"ab\": \"c\"}", "{\"a\": \"bc\"}"},
    {"apart: a property and none", "{\"a\": null}", "{}"},
    {"apart: one property and two", "{\"a\": \"x\"}", "{\"a\": \"x\", \"b\": null}"},
    {"apart: a text between two properties", "{\"a\": \"xy\", \"b\": \"z\"}",
     "{\"a\": \"x\", \"b\": \"yz\"}"},
    {"apart: a name without letters", "{\"\": \"x\"}", "{\"x\": \"\"}"},
    {"apart: an entry between two lists", "{\"a\": [\"x\", \"y\"], \"b\": [\"z\"]}",
     "{\"a\": [\"x\"], \"b\": [\"y\", \"z\"]}"},
};

static ds_hash hash_record(const char *json, const char *body)
{
    ds_record *rec = record_of(scratch, json);

    return hash_props(rec->props, in_order, rec->props_n, NULL, body);
}

static void pair(void **state)
{
    const struct pair_row *row = *state;

    assert_false(ds_hash_same(hash_record(row->a, NULL), hash_record(row->b, NULL)));
}

static void a_body_is_no_property(void **state)
{
    (void)state;
    assert_false(ds_hash_same(hash_record("{}", "x"), hash_record("{}", NULL)));
    assert_false(ds_hash_same(hash_record("{}", "x"), hash_record("{\"\": \"x\"}", NULL)));
    assert_false(ds_hash_same(hash_record("{}", ""), hash_record("{}", NULL)));
    assert_false(
        ds_hash_same(hash_record("{\"a\": \"x\"}", "y"), hash_record("{\"a\": \"y\"}", "x")));
}

/* ---- order, and what is left out
 * ------------------------------------------------------------------ */

static void the_order_given_counts_not_the_places(void **state)
{
    ds_record *rec = record_of(scratch, "{\"b\": 2, \"a\": 1}");
    const uint32_t by_name[] = {1, 0};

    (void)state;
    assert_true(ds_hash_same(hash_props(rec->props, by_name, 2, NULL, NULL),
                             hash_record("{\"a\": 1, \"b\": 2}", NULL)));
    assert_false(ds_hash_same(hash_props(rec->props, in_order, 2, NULL, NULL),
                              hash_record("{\"a\": 1, \"b\": 2}", NULL)));
}

static void what_is_not_always_written_is_left_out(void **state)
{
    static const uint8_t hows[] = {DS_HOW_ONLY_NEW, DS_HOW_ALONG};
    ds_record *rec = record_of(scratch, "{\"a\": 1, \"b\": 2, \"c\": 3}");

    (void)state;
    for (size_t i = 0; i < DS_COUNT(hows); i++) {
        const uint8_t how[] = {DS_HOW_ALWAYS, hows[i], DS_HOW_ALWAYS};

        assert_true(ds_hash_same(hash_props(rec->props, in_order, 3, how, NULL),
                                 hash_record("{\"a\": 1, \"c\": 3}", NULL)));
    }
}

static void the_scratch_grows_and_leaves_nothing_behind(void **state)
{
    DS_AUTO_BUF(buf, SIZE_MAX / 4);

    (void)state;
    for (size_t n = 0; n < 300000; n = n * 2 + 1) {
        char *text = ds_arena_alloc(scratch, n + 1);
        const char *list[] = {text, "", text};
        ds_prop props[] = {{text, ds_text_n(text, n)}, {"p", ds_list(list, 3)}};
        ds_hash first;

        memset(text, 'x', n);
        text[n] = '\0';
        first = ds_encode_hash(&buf, props, in_order, 2, NULL, text);
        assert_true(ds_hash_same(first, hash_props(props, in_order, 2, NULL, text)));
        ds_encode_hash(&buf, props, in_order, 1, NULL, NULL);
        assert_true(ds_hash_same(first, ds_encode_hash(&buf, props, in_order, 2, NULL, text)));
    }
}

int main(void)
{
    add_table(golden, pinned);
    add_test(a_whole_record_is_pinned);
    add_test(different_values_have_different_hashes);
    add_table(pairs, pair);
    add_test(a_body_is_no_property);
    add_test(the_order_given_counts_not_the_places);
    add_test(what_is_not_always_written_is_left_out);
    add_test(the_scratch_grows_and_leaves_nothing_behind);
    return run_tests("encoding");
}
