/* tests/unit/test_json.c - reading JSON, most of it bad. */
#include "base/text.h"
#include "support/run.h"
#include <durable_sync/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FFFD "\xEF\xBF\xBD"

static const ds_json *read_ok(const char *text, size_t n)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(scratch, text, n, &err);

    if (!json)
        fail_msg("%.*s: %s", (int)DS_MIN(n, (size_t)200), text, err.text);
    return json;
}

static const char *written(const ds_json *json)
{
    DS_AUTO_BUF(out, 100 * DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);

    w.exact = true;
    ds_json_w_json(&w, json);
    return ds_arena_strndup(scratch, out.data, out.n);
}

/* ---- documents ------------------------------------------------------------------------------- */

#define TEXT_N(text) (text), sizeof(text) - 1

static const struct row {
    const char *name;
    const char *text;
    size_t n;
    const char *written; /* NULL: refused */
    const char *error;   /* as the reader that knows lines puts it */
} rows[] = {
    {"null", TEXT_N("null"), "null", NULL},
    {"true and false", TEXT_N("[true, false]"), "[true,false]", NULL},
    {"space around and between", TEXT_N(" \t\r\n{ \"a\" : [ ] } \n"), "{\"a\":[]}", NULL},
    {"empty list and object", TEXT_N("[{}, []]"), "[{},[]]", NULL},
    {"a text alone", TEXT_N("\"abc\""), "\"abc\"", NULL},
    {"an empty text", TEXT_N("\"\""), "\"\"", NULL},
    {"a member without letters", TEXT_N("{\"\": 1}"), "{\"\":1}", NULL},
    {"all escapes", TEXT_N("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""),
     "\"\\\"\\\\/\\b\\f\\n\\r\\t\xC3\xA9\"", NULL},
    {"a pair of surrogates", TEXT_N("\"\\ud83d\\ude00\""), "\"\xF0\x9F\x98\x80\"", NULL},

    {"number: 1.10 keeps its zero", TEXT_N("1.10"), "1.10", NULL},
    {"number: 2^53+1", TEXT_N("9007199254740993"), "9007199254740993", NULL},
    {"number: 2^63", TEXT_N("[9223372036854775808]"), "[9223372036854775808]", NULL},
    {"number: 2^64", TEXT_N("18446744073709551616"), "18446744073709551616", NULL},
    {"number: -0", TEXT_N("-0"), "-0", NULL},
    {"number: 1e400", TEXT_N("{\"a\":1e400}"), "{\"a\":1e400}", NULL},
    {"number: 1E-400", TEXT_N("1E-400"), "1E-400", NULL},
    {"number: 01", TEXT_N("01"), NULL, "line 1, column 1: number with leading zero is not allowed"},
    {"number: -01", TEXT_N("[-01]"), NULL,
     "line 1, column 3: number with leading zero is not allowed"},
    {"number: +1", TEXT_N("+1"), NULL, ""},
    {"number: 1.", TEXT_N("1."), NULL, ""},
    {"number: .5", TEXT_N(".5"), NULL, ""},
    {"number: 1e", TEXT_N("1e"), NULL, ""},
    {"number: -", TEXT_N("-"), NULL, ""},
    {"number: 0x10", TEXT_N("0x10"), NULL, ""},
    {"number: NaN", TEXT_N("{\"a\": NaN}"), NULL,
     "line 1, column 7: unexpected character, expected a valid JSON value"},
    {"number: -NaN", TEXT_N("-NaN"), NULL, ""},
    {"number: Infinity", TEXT_N("[Infinity]"), NULL, ""},
    {"number: -Infinity", TEXT_N("[-Infinity]"), NULL, ""},

    {"\\u0000 becomes U+FFFD", TEXT_N("\"a\\u0000b\""), "\"a" FFFD "b\"", NULL},
    {"\\u0000 in a member's name", TEXT_N("{\"a\\u0000\":1}"), "{\"a" FFFD "\":1}", NULL},
    {"an escaped backslash before u0000 stays", TEXT_N("\"a\\\\u0000b\""), "\"a\\\\u0000b\"", NULL},
    {"a lone high surrogate", TEXT_N("\"\\ud800\""), "\"" FFFD "\"", NULL},
    {"a lone low surrogate", TEXT_N("\"x\\udc00y\""), "\"x" FFFD "y\"", NULL},
    {"surrogates the wrong way round", TEXT_N("\"\\udc00\\ud800\""), "\"" FFFD FFFD "\"", NULL},
    {"a high surrogate before another escape", TEXT_N("\"\\ud800\\n\""), "\"" FFFD "\\n\"", NULL},
    {"a high surrogate before a pair", TEXT_N("\"\\ud83d\\ud83d\\ude00\""),
     "\"" FFFD "\xF0\x9F\x98\x80\"", NULL},
    {"a high surrogate at the end", TEXT_N("[\"\\uDBFF\"]"), "[\"" FFFD "\"]", NULL},
    {"invalid UTF-8 becomes U+FFFD", TEXT_N("\"caf\xE9\""), "\"caf" FFFD "\"", NULL},
    {"invalid UTF-8 in a member's name", TEXT_N("{\"\xFF\":1}"), "{\"" FFFD "\":1}", NULL},
    {"a surrogate in bytes", TEXT_N("\"\xED\xA0\x80\""), "\"" FFFD FFFD FFFD "\"", NULL},
    {"a character cut by the quote", TEXT_N("\"\xE2\x82\""), "\"" FFFD FFFD "\"", NULL},
    {"bad bytes and good ones and an escape",
     TEXT_N("[\"\xC3\xA9\xC3\",\"\\u0000\xF0\x9F\x98\x80\"]"),
     "[\"\xC3\xA9" FFFD "\",\"" FFFD "\xF0\x9F\x98\x80\"]", NULL},
    {"U+007F and U+2028 go through", TEXT_N("\"\x7f\xE2\x80\xA8\""), "\"\\u007f\xE2\x80\xA8\"",
     NULL},

    {"the last of doubled members counts in its place", TEXT_N("{\"a\":1,\"b\":2,\"a\":3}"),
     "{\"a\":1,\"b\":2,\"a\":3}", NULL},

    {"nothing", TEXT_N(""), NULL, "line 1, column 1: empty"},
    {"space alone", TEXT_N(" \n "), NULL, "empty"},
    {"a raw NUL in a text", TEXT_N("\"a\0b\""), NULL, ""},
    {"a raw NUL behind", TEXT_N("1\0"), NULL, ""},
    {"a raw NUL before",
     TEXT_N("\0"
            "1"),
     NULL, ""},
    {"a raw line break in a text", TEXT_N("\"a\nb\""), NULL, ""},
    {"a raw tab in a text", TEXT_N("\"a\tb\""), NULL, ""},
    {"a bad escape", TEXT_N("\"\\x\""), NULL, ""},
    {"a bad escape of a character", TEXT_N("\"\\\xC3\xA9\""), NULL, ""},
    {"a bad escape of a bad byte", TEXT_N("\"\\\xFF\""), NULL, ""},
    {"an escape cut short", TEXT_N("\"\\u12\""), NULL, ""},
    {"an escape with a letter that is none", TEXT_N("\"\\u00g0\""), NULL, ""},
    {"a backslash at the end", TEXT_N("\"\\"), NULL, ""},
    {"invalid UTF-8 outside of texts", TEXT_N("[1,\xFF]"), NULL, ""},
    {"a comma too many in a list", TEXT_N("[1,]"), NULL, ""},
    {"a comma too many in an object", TEXT_N("{\"a\":1,}"), NULL, ""},
    {"a colon missing", TEXT_N("{\"a\" 1}"), NULL, ""},
    {"a name without quotes", TEXT_N("{a:1}"), NULL, ""},
    {"single quotes", TEXT_N("['a']"), NULL, ""},
    {"a comment", TEXT_N("[1] // one"), NULL, ""},
    {"two values", TEXT_N("{} {}"), NULL, ""},
    {"brackets that do not pair", TEXT_N("[1}"), NULL, ""},
    {"a closing bracket alone", TEXT_N("]"), NULL, ""},
    {"True", TEXT_N("True"), NULL, ""},
    {"a byte order mark", TEXT_N("\xEF\xBB\xBF{}"), NULL, "byte order mark"},
    {"the place of an error is its line and column", TEXT_N("{\n \"a\": 1,\n  b\n}"), NULL,
     "line 3, column 3: "},
    {"columns count characters", TEXT_N("[\"\xC3\xA9\xE2\x82\xAC\", x]"), NULL,
     "line 1, column 8: "},
    {"the place of an error behind repaired text", TEXT_N("[\"\xFF\xFF\xFF\",\n\"\\u0000\", x]"),
     NULL, "line 2, column 6: "},
};

/* Reads in place, from memory of its own size, so that a sanitizer sees a step beyond. */
static const ds_json *read_insitu(const char *text, size_t n, ds_err *err, char **memory)
{
    *memory = ds_calloc(n + 4, 1);
    memcpy(*memory, text, n);
    memset(*memory + n, '1', 4); /* the spare bytes may hold anything */
    return ds_json_read_insitu(scratch, *memory, n, err);
}

static void document(void **state)
{
    const struct row *row = *state;
    ds_err err = DS_ERR_INIT;
    char *memory;
    const ds_json *json = ds_json_read(scratch, row->text, row->n, &err);
    const ds_json *insitu = read_insitu(row->text, row->n, &(ds_err){0}, &memory);

    assert_int_equal(json != NULL, row->written != NULL);
    assert_int_equal(insitu != NULL, row->written != NULL);
    if (row->written) {
        assert_string_equal(written(json), row->written);
        assert_string_equal(written(insitu), row->written);
        assert_string_equal(written(read_ok(row->written, strlen(row->written))), row->written);
    } else {
        assert_int_equal(err.kind, DS_ERR_PERMANENT);
        assert_int_equal(strncmp(err.text, "line ", 5), 0);
        if (!strstr(err.text, row->error))
            fail_msg("%s, expected %s", err.text, row->error);
    }
    free(memory);
}

static void an_error_in_place_names_its_byte(void **state)
{
    ds_err err = DS_ERR_INIT;
    char *memory;

    (void)state;
    assert_null(read_insitu("[1, x]", 6, &err, &memory));
    assert_int_equal(strncmp(err.text, "character 5: ", 13), 0);
    free(memory);
}

/* ---- cut, nested, huge ----------------------------------------------------------------------- */

static const char sample[] = "{\"id\": 9007199254740993, \"name\": \"caf\xC3\xA9 \\u00e9 "
                             "\\ud83d\\ude00\", \"tags\": [\"a\", \"b\"],\n"
                             " \"owner\": {\"login\": \"octo\", \"deep\": [[{\"x\": null}]]}, "
                             "\"size\": -1.50e+3, \"on\": true}";

static void cut_anywhere_it_is_refused(void **state)
{
    (void)state;
    read_ok(sample, sizeof(sample) - 1);
    for (size_t n = 0; n < sizeof(sample) - 1; n++) {
        ds_err err = DS_ERR_INIT;
        char *memory = NULL;

        if (ds_json_read(scratch, sample, n, &err) || read_insitu(sample, n, &err, &memory))
            fail_msg("cut at %zu", n);
        assert_int_equal(err.kind, DS_ERR_PERMANENT);
        free(memory);
    }
}

static const struct deep_row {
    const char *name;
    const char *open, *close; /* `depth` times around `core` */
    size_t depth;
    const char *core;
    const char *error; /* NULL: read */
} deeps[] = {
    {"deep: 64 lists", "[", "]", 64, "1", NULL},
    {"deep: 65 lists", "[", "]", 65, "1", "nested deeper than 64 at byte 65"},
    {"deep: 64 objects", "{\"a\":", "}", 64, "1", NULL},
    {"deep: 65 objects", "{\"a\":", "}", 65, "1", "nested deeper than 64 at byte 321"},
    {"deep: both in turn", "[{\"a\":", "}]", 33, "1", "nested deeper than 64 at byte 193"},
    {"deep: 100,000 lists", "[", "]", 100000, "1", "nested deeper than 64 at byte 65"},
    {"deep: 100,000 objects", "{\"a\":", "}", 100000, "1", "nested deeper than 64 at byte 321"},
    {"deep: 100,000 lists that never end", "[", "", 100000, "", "nested deeper than 64 at byte 65"},
    {"deep: a million brackets in a text", "\"", "\"", 1, "@[", NULL},
    {"deep: a million brackets behind an escaped quote", "\"", "\"", 1, "\\\"@{", NULL},
    {"deep: many lists side by side", "[", "]", 1, "@[],0", NULL},
};

/* '@': what follows, 100,000 times. */
static void add_core(ds_buf *b, const char *core)
{
    const char *many = strchr(core, '@');

    ds_buf_add(b, core, many ? (size_t)(many - core) : strlen(core));
    if (many && many[1] == '[' && many[2] == ']') {
        for (int i = 0; i < 100000; i++)
            ds_buf_text(b, "[],");
        ds_buf_text(b, "0");
    } else if (many) {
        for (int i = 0; i < 1000000; i++)
            ds_buf_text(b, many + 1);
    }
}

static void nested(void **state)
{
    const struct deep_row *row = *state;
    DS_AUTO_BUF(text, 10 * DS_MIB);
    ds_err err = DS_ERR_INIT;
    const ds_json *json;

    for (size_t i = 0; i < row->depth; i++)
        ds_buf_text(&text, row->open);
    add_core(&text, row->core);
    for (size_t i = 0; i < row->depth; i++)
        ds_buf_text(&text, row->close);
    json = ds_json_read(scratch, text.data, text.n, &err);
    assert_int_equal(json == NULL, row->error != NULL);
    assert_string_equal(err.text, row->error ? row->error : "");
    if (json)
        assert_memory_equal(written(json), text.data, text.n);
}

static void a_huge_text_is_whole(void **state)
{
    enum { N = 20000000 };
    char *text = malloc(N + 3);
    const ds_json *json;
    size_t n;

    (void)state;
    memset(text, 'x', N + 2);
    text[0] = text[N + 1] = '"';
    memcpy(text + N - 5, "\\u0000", 6); /* one thing to repair, at the end */
    json = read_ok(text, N + 2);
    free(text);
    assert_int_equal(strlen(ds_json_str(json, &n)), N - 3);
    assert_int_equal(n, N - 3);
    assert_string_equal(ds_json_str(json, NULL) + N - 8, "xx" FFFD);
}

static void a_huge_number_keeps_its_digits(void **state)
{
    char *text = ds_arena_alloc(scratch, 100001);
    int64_t number;

    (void)state;
    memset(text, '9', 100000);
    text[100000] = '\0';
    assert_string_equal(written(read_ok(text, 100000)), text);
    assert_false(ds_json_int(read_ok(text, 100000), &number));
}

/* Bytes of the sample changed at random: what is read must be valid and read the same again. */
static void damage_is_refused_or_read_as_it_is(void **state)
{
    static const char spice[] = "\"\\[]{},:u0d8\xC3\xFF\x00\n1e.-";
    uint64_t random = 88172645463325252u;
    size_t good = 0;

    (void)state;
    for (int round = 0; round < 30000; round++) {
        char text[sizeof(sample)];
        ds_err err = DS_ERR_INIT;
        const ds_json *json;

        memcpy(text, sample, sizeof(sample));
        for (int change = 0; change <= round % 3; change++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            text[random % (sizeof(sample) - 1)] = spice[(random >> 32) % sizeof(spice)];
        }
        json = ds_json_read(scratch, text, sizeof(sample) - 1, &err);
        if (json) {
            const char *once = written(json);

            assert_true(ds_utf8_ok(once, strlen(once)));
            assert_string_equal(written(read_ok(once, strlen(once))), once);
            good++;
        }
        ds_arena_reset(scratch);
    }
    assert_true(good > 1000 && good < 29000);
}

/* ---- looking things up ----------------------------------------------------------------------- */

static const char lookup[] =
    "{\"a\": 1, \"b\": {\"c\": [10, {\"d\": \"deep\"}, null]}, \"x.y\": 2, \"b.c\": {\"z\": 3}, "
    "\"\": 4, \"n\": null,"
    " \"a/b\": 5, \"m~n\": 6, \"0\": 7, \"two\": 1, \"two\": 2, \"p\": {\"q.r\": {\"s\": 8}}}";

static const struct find_row {
    const char *name;
    const char *path, *found; /* NULL: nothing there */
} paths[] = {
    {"path: a member", "a", "1"},
    {"path: a member of a member", "b.c", "{\"z\":3}"},
    {"path: an index", "b.c.0", "10"},
    {"path: a member of an entry", "b.c.1.d", "\"deep\""},
    {"path: a null is there", "n", "null"},
    {"path: a null in a list", "b.c.2", "null"},
    {"path: a name with a dot", "x.y", "2"},
    {"path: behind a name with a dot", "b.c.z", "3"},
    {"path: a name with a dot further in", "p.q.r.s", "8"},
    {"path: a member without letters", "", "4"},
    {"path: a member named by a digit", "0", "7"},
    {"path: the last of doubled members", "two", "2"},
    {"path: no such member", "nope", NULL},
    {"path: no such step", "b.nope.c", NULL},
    {"path: through a number", "a.b", NULL},
    {"path: through a null", "n.x", NULL},
    {"path: an index too large", "b.c.3", NULL},
    {"path: a negative index", "b.c.-1", NULL},
    {"path: an index that wraps", "b.c.18446744073709551616", NULL},
    {"path: an index that is none", "b.c.first", NULL},
    {"path: dots alone", "...", NULL},
    {"path: a dot at the end", "a.", NULL},
};

static void path(void **state)
{
    const struct find_row *row = *state;
    const ds_json *found = ds_json_path(read_ok(lookup, sizeof(lookup) - 1), row->path);

    assert_int_equal(found != NULL, row->found != NULL);
    if (found)
        assert_string_equal(written(found), row->found);
    assert_null(ds_json_path(NULL, row->path));
}

static const struct find_row pointers[] = {
    {"pointer: a member", "/a", "1"},
    {"pointer: into a list", "/b/c/1/d", "\"deep\""},
    {"pointer: a null", "/n", "null"},
    {"pointer: a slash in a name", "/a~1b", "5"},
    {"pointer: a tilde in a name", "/m~0n", "6"},
    {"pointer: a name with a dot", "/x.y", "2"},
    {"pointer: a member without letters", "/", "4"},
    {"pointer: a member named by a digit", "/0", "7"},
    {"pointer: no slash first", "a", NULL},
    {"pointer: no such member", "/nope", NULL},
    {"pointer: past a member", "/a/b", NULL},
    {"pointer: an index too large", "/b/c/3", NULL},
    {"pointer: behind the last entry", "/b/c/-", NULL},
    {"pointer: a slash too many", "/a/", NULL},
};

static void pointer(void **state)
{
    const struct find_row *row = *state;
    const ds_json *found = ds_json_pointer(read_ok(lookup, sizeof(lookup) - 1), row->path);

    assert_int_equal(found != NULL, row->found != NULL);
    if (found)
        assert_string_equal(written(found), row->found);
    assert_null(ds_json_pointer(NULL, row->path));
}

static void a_pointer_to_everything_and_to_a_name_beyond_measure(void **state)
{
    const ds_json *json = read_ok(lookup, sizeof(lookup) - 1);
    char *longest = ds_arena_zalloc(scratch, 2000);

    (void)state;
    assert_ptr_equal(ds_json_pointer(json, ""), json);
    memset(longest, 'x', 1999);
    longest[0] = '/';
    assert_null(ds_json_pointer(json, longest));
}

static const struct kind_row {
    const char *name;
    const char *text; /* NULL: no value at all */
    ds_json_kind kind;
    size_t size;
    const char *str;
    bool truth;
    int64_t integer; /* -99: none */
} kinds[] = {
    {"kind: null", "null", DS_JSON_NULL, 0, NULL, false, -99},
    {"kind: no value", NULL, DS_JSON_NULL, 0, NULL, false, -99},
    {"kind: true", "true", DS_JSON_BOOL, 0, NULL, true, -99},
    {"kind: false", "false", DS_JSON_BOOL, 0, NULL, false, -99},
    {"kind: an integer", "42", DS_JSON_NUMBER, 0, "42", false, 42},
    {"kind: the largest integer", "9223372036854775807", DS_JSON_NUMBER, 0, "9223372036854775807",
     false, INT64_MAX},
    {"kind: 2^63 is no integer", "9223372036854775808", DS_JSON_NUMBER, 0, "9223372036854775808",
     false, -99},
    {"kind: a fraction", "1.10", DS_JSON_NUMBER, 0, "1.10", false, -99},
    {"kind: 5.0 is no integer", "5.0", DS_JSON_NUMBER, 0, "5.0", false, -99},
    {"kind: a text", "\"true\"", DS_JSON_TEXT, 0, "true", false, -99},
    {"kind: a text of digits", "\"42\"", DS_JSON_TEXT, 0, "42", false, -99},
    {"kind: a list", "[1, [2, 3], {}]", DS_JSON_LIST, 3, NULL, false, -99},
    {"kind: an object", "{\"a\": [1, 2], \"b\": 3}", DS_JSON_OBJECT, 2, NULL, false, -99},
};

static void kind(void **state)
{
    const struct kind_row *row = *state;
    const ds_json *json = row->text ? read_ok(row->text, strlen(row->text)) : NULL;
    const char *str = ds_json_str(json, NULL);
    int64_t integer = -99;

    assert_int_equal(ds_json_kind_of(json), row->kind);
    assert_int_equal(ds_json_size(json), row->size);
    assert_int_equal(str != NULL, row->str != NULL);
    if (str)
        assert_string_equal(str, row->str);
    assert_int_equal(ds_json_truth(json), row->truth);
    assert_int_equal(ds_json_int(json, &integer), row->integer != -99);
    assert_int_equal(integer, row->integer);
    if (row->kind != DS_JSON_OBJECT)
        assert_null(ds_json_get(json, "a"));
    if (row->kind != DS_JSON_LIST)
        assert_null(ds_json_at(json, 0));
}

static void members_by_name(void **state)
{
    const char *text = "{\"t\": \"x\", \"n\": 12, \"b\": true, \"l\": [5, 6]}";
    const ds_json *json = read_ok(text, strlen(text));

    (void)state;
    assert_string_equal(ds_json_text(json, "t"), "x");
    assert_string_equal(ds_json_text(json, "n"), "12");
    assert_null(ds_json_text(json, "b"));
    assert_null(ds_json_text(json, "nope"));
    assert_true(ds_json_bool(json, "b"));
    assert_false(ds_json_bool(json, "t"));
    assert_int_equal(ds_json_integer(json, "n", 7), 12);
    assert_int_equal(ds_json_integer(json, "t", 7), 7);
    assert_int_equal(ds_json_integer(NULL, "n", 7), 7);
    assert_string_equal(written(ds_json_at(ds_json_get(json, "l"), 1)), "6");
    assert_null(ds_json_at(ds_json_get(json, "l"), 2));
    assert_null(ds_json_at(json, 0));
}

static void iterating_names_members_and_counts_entries(void **state)
{
    const char *text = "{\"a\": [1, 2, [3, 4]], \"b\": {\"c\": 1}, \"d\": []}";
    const ds_json *json = read_ok(text, strlen(text));
    ds_json_iter it = ds_json_iterate(json);
    const char *all = "";
    int n = 0;

    (void)state;
    for (const ds_json *value; (value = ds_json_next(&it)) != NULL;)
        all = ds_arena_printf(scratch, "%s%.*s=%s ", all, (int)it.name_n, it.name, written(value));
    assert_string_equal(all, "a=[1,2,[3,4]] b={\"c\":1} d=[] ");
    assert_null(ds_json_next(&it));
    DS_JSON_EACH (ds_json_get(json, "a"), entry)
        n += ds_json_kind_of(entry) == DS_JSON_NUMBER ? 1 : 10;
    assert_int_equal(n, 12);
    DS_JSON_EACH (ds_json_get(json, "d"), entry)
        fail_msg("%s", written(entry));
    DS_JSON_EACH (NULL, entry)
        fail_msg("%s", written(entry));
}

int main(void)
{
    add_table(rows, document);
    add_test(an_error_in_place_names_its_byte);
    add_test(cut_anywhere_it_is_refused);
    add_table(deeps, nested);
    add_test(a_huge_text_is_whole);
    add_test(a_huge_number_keeps_its_digits);
    add_test(damage_is_refused_or_read_as_it_is);
    add_table(paths, path);
    add_table(pointers, pointer);
    add_test(a_pointer_to_everything_and_to_a_name_beyond_measure);
    add_table(kinds, kind);
    add_test(members_by_name);
    add_test(iterating_names_members_and_counts_entries);
    return run_tests("JSON");
}
