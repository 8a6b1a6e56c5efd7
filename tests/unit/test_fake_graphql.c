/* tests/unit/test_fake_graphql.c - GraphQL documents, as read and written again; ETags' SHA-256. */
#include "fakes/github/world.h"
#include "support/gql_print.h"
#include "support/run.h"

#include <string.h>

static const struct good {
    const char *name, *text, *read;
} goods[] = {
    {"the short form", "{viewer{login}}", "query {viewer:viewer{login:login}}\n"},
    {"a name and variables",
     "query Q($org: String!, $n: Int = 30, $ids: [ID!]!) { a(login: $org) { b } }",
     "query Q($org:String! $n:Int=30 $ids:[ID]!){a:a(login:$org){b:b}}\n"},
    {"commas, comments and a byte order mark are blanks", "\xEF\xBB\xBF# one\n{ a, b # two\n , c }",
     "query {a:a b:b c:c}\n"},
    {"an alias", "{r1: object(expression: \"HEAD:README.md\") {... on Blob {oid}}}",
     "query {r1:object(expression:\"HEAD:README.md\"){...on Blob{oid:oid}}}\n"},
    {"fragments", "query { a { ...F ... @include(if: true) { c } } } fragment F on T { b }",
     "query {a:a{...F ...@include(if:true){c:c}}}\nfragment F on T{b:b}\n"},
    {"every kind of value", "{a(x: [1, -2.5e3, \"t\", null, true, false, RED, $v, {k: {l: []}}])}",
     "query {a:a(x:[1 -2.5e3 \"t\" null true false RED $v {k:{l:[]}}])}\n"},
    {"escapes", "{a(x: \"q\\\" \\\\ \\/ \\u00e9 \\uD83D\\uDE00 \\t\")}",
     "query {a:a(x:\"q\\\" \\\\ / \xC3\xA9 \xF0\x9F\x98\x80 \\u0009\")}\n"},
    {"an empty string", "{a(x: \"\")}", "query {a:a(x:\"\")}\n"},
    {"a block string is dedented",
     "{a(x: \"\"\"\n    one\n      two \\\"\"\"\n\n    three\n  \"\"\")}",
     "query {a:a(x:\"one\\u000a  two \\\"\\\"\\\"\\u000a\\u000athree\")}\n"},
    {"a block string of blanks", "{a(x: \"\"\"   \n  \n\"\"\")}", "query {a:a(x:\"\")}\n"},
    {"words that mean something elsewhere are names", "{query fragment on true: type}",
     "query {query:query fragment:fragment on:on true:type}\n"},
    {"a mutation", "mutation M { a }", "mutation M{a:a}\n"},
    {"two operations", "query A {a} query B {b}", "query A{a:a}\nquery B{b:b}\n"},
};

static void reads(void **state)
{
    const struct good *row = *state;
    ds_gql_place place;
    ds_err err = DS_ERR_INIT;
    ds_gql_document *doc = ds_gql_parse(scratch, row->text, strlen(row->text), &place, &err);
    ds_buf out;

    if (!doc)
        fail_msg("%d:%d: %s", place.line, place.column, err.text);
    ds_buf_init(&out, DS_MIB);
    gql_print(&out, doc);
    const char *text = ds_arena_strdup(scratch, out.data);

    ds_buf_fini(&out);
    assert_string_equal(text, row->read);
}

static const struct bad {
    const char *name, *text;
    int line, column;
    const char *says;
} bads[] = {
    {"nothing", "", 1, 1, "the end, where a query was expected"},
    {"only a fragment", "fragment F on T {a}", 1, 20, "a query was expected"},
    {"no selections", "query Q", 1, 8, "where \"{\" was expected"},
    {"an empty selection", "{a {}}", 1, 5, "\"}\", where a name"},
    {"empty arguments", "{a() }", 1, 4, "\")\", where a name"},
    {"a missing value", "{a(x:)}", 1, 6, "\")\", where a value"},
    {"a missing end", "{a {b}", 1, 7, "the end, where a name"},
    {"a stray sign", "{a} }", 1, 5, "\"}\", where a query"},
    {"a type definition", "type A {b: C}", 1, 1, "\"type\", where a query"},
    {"a string without an end", "{a(x: \"b)}", 1, 7, "a string that does not end"},
    {"a string over two lines", "{a(x: \"b\nc\")}", 1, 7, "does not end on its line"},
    {"a block string without an end", "{a(x: \"\"\"b\")}", 1, 7, "a block string"},
    {"half a pair", "{a(x: \"\\uD83D\")}", 1, 7, "an escape"},
    {"an escape of nothing", "{a(x: \"\\q\")}", 1, 7, "an escape"},
    {"a zero in front", "{a(x: 012)}", 1, 7, "a number"},
    {"a number with a tail", "{a(x: 1x)}", 1, 7, "a number"},
    {"a point without digits", "{a(x: 1.)}", 1, 7, "a number"},
    {"an exponent without digits", "{a(x: 1e)}", 1, 7, "a number"},
    {"a minus alone", "{a(x: -)}", 1, 7, "a number"},
    {"a character without a place", "{a\n  ~}", 2, 3, "a character"},
    {"a fragment named on", "{a} fragment on on T {b}", 1, 14, "the fragment's name"},
    {"a fragment on nothing", "{a} fragment F {b}", 1, 16, "\"on\" was expected"},
    {"an unnamed variable", "query ($: Int) {a}", 1, 9, "a name was expected"},
    {"a variable without a type", "query ($a) {b}", 1, 10, "\":\" was expected"},
    {"an open list of types", "query ($a: [Int) {b}", 1, 16, "\"]\" was expected"},
};

static void is_refused(void **state)
{
    const struct bad *row = *state;
    ds_gql_place place;
    ds_err err = DS_ERR_INIT;

    assert_null(ds_gql_parse(scratch, row->text, strlen(row->text), &place, &err));
    if (!strstr(err.text, row->says))
        fail_msg("%s", err.text);
    assert_int_equal(place.line, row->line);
    assert_int_equal(place.column, row->column);
}

static const char *nested(const char *open, const char *middle, const char *close, int times)
{
    const char *text = "";

    for (int i = 0; i < times; i++)
        text = ds_arena_printf(scratch, "%s%s", text, open);
    text = ds_arena_printf(scratch, "%s%s", text, middle);
    for (int i = 0; i < times; i++)
        text = ds_arena_printf(scratch, "%s%s", text, close);
    return text;
}

static void depth_has_an_end(void **state)
{
    const char *const texts[] = {
        nested("{a", "", "}", 1000),
        ds_arena_printf(scratch, "{a(x:%s)}", nested("[", "1", "]", 1000)),
        ds_arena_printf(scratch, "{a(x:%s)}", nested("{k:", "1", "}", 1000)),
        ds_arena_printf(scratch, "query($a:%s){b}", nested("[", "Int", "]", 1000)),
        nested("{...on T", "{a}", "}", 1000),
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(texts); i++) {
        ds_gql_place place;
        ds_err err = DS_ERR_INIT;

        assert_null(ds_gql_parse(scratch, texts[i], strlen(texts[i]), &place, &err));
        assert_non_null(strstr(err.text, "nested deeper"));
    }
}

static void length_has_an_end(void **state)
{
    size_t n = DS_GQL_TEXT_MAX + 1;
    char *text = ds_arena_alloc(scratch, n);
    ds_gql_place place;
    ds_err err = DS_ERR_INIT;

    (void)state;
    memset(text, ' ', n);
    assert_null(ds_gql_parse(scratch, text, n, &place, &err));
    assert_non_null(strstr(err.text, "longer than"));
}

static const struct sum {
    const char *name, *text;
    int times;
    const char *hex;
} sums[] = {
    {"nothing", "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"a million letters", "a", 1000000,
     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static void sums_up(void **state)
{
    const struct sum *row = *state;
    ds_sha256 sum;
    char hex[65];

    ds_sha256_init(&sum);
    for (int i = 0; i < row->times; i++)
        ds_sha256_add(&sum, row->text, strlen(row->text));
    ds_sha256_hex(&sum, hex);
    assert_string_equal(hex, row->hex);
}

int main(void)
{
    add_table(goods, reads);
    add_table(bads, is_refused);
    add_test(depth_has_an_end);
    add_test(length_has_an_end);
    add_table(sums, sums_up);
    return run_tests("GraphQL documents");
}
