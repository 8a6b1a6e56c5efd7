/* tests/unit/test_record.c - records, pages, keys, units. */
#include "base/text.h"
#include "support/run.h"
#include "support/values.h"
#include <durable_sync/source.h>

#include <string.h>

static ds_record *fresh(void)
{
    return record_of(scratch, "{}");
}

/* ---- properties ------------------------------------------------------------------------------ */

static const struct json_row {
    const char *name;
    const char *json;
    const char *props;
} objects[] = {
    {"object: members in their order", "{\"b\": 1, \"a\": \"x\", \"c\": null}",
     "b=1 a=\"x\" c=null"},
    {"object: nothing", "{}", ""},
    {"object: the last of doubled members counts", "{\"a\": 1, \"b\": 2, \"a\": 3}", "a=3 b=2"},
    {"object: doubled members that share a first and last letter",
     "{\"axc\": 1, \"ayc\": 2, \"axc\": 3}", "axc=3 ayc=2"},
    {"object: a name without letters", "{\"\": 1, \"\": 2}", "=2"},
    {"object: a list sets nothing", "[1]", ""},
    {"object: a text sets nothing", "\"x\"", ""},
};

static void object(void **state)
{
    const struct json_row *row = *state;
    ds_record *rec = record_of(scratch, row->json);

    assert_string_equal(show_props(scratch, rec->props, rec->props_n), row->props);
}

static void a_second_set_replaces_the_first(void **state)
{
    ds_record *rec = fresh();

    (void)state;
    ds_record_set(rec, "a", ds_int(1));
    ds_record_set(rec, "b", ds_text("x"));
    ds_record_set(rec, "a", DS_VALUE_NULL);
    assert_string_equal(show_props(scratch, rec->props, rec->props_n), "a=null b=\"x\"");
    assert_int_equal(ds_record_get(rec, "b")->type, DS_TEXT);
    assert_null(ds_record_get(rec, "c"));
    assert_null(ds_record_get(rec, ""));
}

static void an_object_over_what_is_set_replaces_it(void **state)
{
    ds_record *rec = fresh();
    ds_err err = DS_ERR_INIT;

    (void)state;
    ds_record_set(rec, "b", ds_int(1));
    ds_record_set_json(rec, ds_json_read(scratch, "{\"a\":2,\"b\":3}", 13, &err));
    assert_string_equal(show_props(scratch, rec->props, rec->props_n), "b=3 a=2");
}

static const char *numbered_name(size_t i)
{
    return ds_arena_printf(scratch, "p%zu", i);
}

static void ten_thousand_properties_and_no_more(void **state)
{
    ds_record *rec = fresh();

    (void)state;
    for (size_t i = 0; i < DS_PROPERTIES_MAX; i++)
        ds_record_append(rec, numbered_name(i), ds_int((int64_t)i));
    assert_null(rec->hold);
    assert_int_equal(ds_record_get(rec, "p9999")->as.integer, 9999);
    ds_record_set(rec, "p9999", ds_int(1)); /* no new one */
    assert_null(rec->hold);
    ds_record_set(rec, "one more", ds_int(1));
    assert_string_equal(rec->hold, "more than 10,000 properties");
    assert_int_equal(rec->props_n, DS_PROPERTIES_MAX);
}

/* Ends soon: what is held needs no look at the members that are left. */
static void an_object_of_a_million_members_is_held(void **state)
{
    DS_AUTO_BUF(json, 32 * DS_MIB);
    ds_err err = DS_ERR_INIT;
    ds_record *rec = fresh();

    (void)state;
    ds_buf_char(&json, '{');
    for (int i = 0; i < 1000000; i++)
        ds_buf_printf(&json, "\"%d\":%d,", i, i);
    ds_buf_text(&json, "\"x\":1}");
    ds_record_set_json(rec, ds_json_read(scratch, json.data, json.n, &err));
    assert_string_equal(rec->hold, "more than 10,000 properties");
    assert_int_equal(rec->props_n, DS_PROPERTIES_MAX);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static const char nest[] =
    "{\"id\": 7, \"owner\": {\"login\": \"octo\", \"plan\": {\"name\": \"free\"}, \"none\": null},"
    " \"labels\": [{\"name\": \"bug\"}, {\"name\": \"new\"}], \"topics\": [\"c\", \"sync\"],"
    " \"a.b\": 1, \"x\": {\"y.z\": 2}, \"x.y\": {\"w\": 3}, \"n\": null, \"owner.id\": 5}";

static const struct path_row {
    const char *name;
    const char *path, *value;
} paths[] = {
    {"path: a property", "id", "7"},
    {"path: a member", "owner.login", "\"octo\""},
    {"path: a member of a member", "owner.plan.name", "\"free\""},
    {"path: an object", "owner.plan", "{\"name\":\"free\"}"},
    {"path: a null is null, not absent", "owner.none", "null"},
    {"path: a property that is null", "n", "null"},
    {"path: an entry's member", "labels.1.name", "\"new\""},
    {"path: an entry of a list of texts", "topics.1", "\"sync\""},
    {"path: an entry behind the end", "topics.2", "null"},
    {"path: an object's behind the end", "labels.2.name", "null"},
    {"path: no such member of an entry", "labels.1.nope", "absent"},
    {"path: an entry's by no index", "labels.first.name", "absent"},
    {"path: an entry's by a negative index", "labels.-1.name", "absent"},
    {"path: an entry by a negative index", "topics.-1", "absent"},
    {"path: an entry by no index", "topics.first", "absent"},
    {"path: a property with a dot", "a.b", "1"},
    {"path: a property with a dot beside an object", "owner.id", "5"},
    {"path: a member with a dot", "x.y.z", "2"},
    {"path: behind a property with a dot", "x.y.w", "3"},
    {"path: nothing there", "nope", "absent"},
    {"path: no such member", "owner.nope", "absent"},
    {"path: through a number", "id.x", "absent"},
    {"path: through a null", "n.x", "null"},
    {"path: through a member that is null", "owner.none.x", "null"},
    {"path: through nulls", "owner.none.x.y", "null"},
    {"path: the beginning of a name", "own.login", "absent"},
    {"path: a longer name", "owner2.login", "absent"},
    {"path: nothing at all", "", "absent"},
    {"path: a dot", ".", "absent"},
};

static void path(void **state)
{
    const struct path_row *row = *state;
    ds_record *rec = record_of(scratch, nest);

    assert_string_equal(show_value(scratch, ds_record_path(rec, row->path, scratch)), row->value);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const struct key_row {
    const char *name;
    const char *key; /* '@' in front: that many letters */
    const char *problem;
} keys[] = {
    {"key: a word", "repo-1", NULL},
    {"key: one letter", "x", NULL},
    {"key: a zero", "0", NULL},
    {"key: spaces and signs", " a/b?c=d&e ", NULL},
    {"key: other letters", "caf\xC3\xA9 \xF0\x9F\x98\x80", NULL},
    {"key: 1,024 bytes", "@1024", NULL},
    {"key: 1,025 bytes", "@1025", "the key is 1025 bytes long, the limit is 1024"},
    {"key: 2,000 bytes", "@2000", "the key is 2000 bytes long, the limit is 1024"},
    {"key: missing", NULL, "the key is missing"},
    {"key: empty", "", "the key is empty"},
    {"key: a line break", "a\nb", "the key has a control character"},
    {"key: a tab at the end", "a\t", "the key has a control character"},
    {"key: a delete character", "\x7f", "the key has a control character"},
    {"key: an escape sequence", "\x1b[31m", "the key has a control character"},
    {"key: invalid UTF-8", "caf\xE9", "the key is not valid UTF-8"},
    {"key: a cut character", "a\xE2\x82", "the key is not valid UTF-8"},
};

static void key(void **state)
{
    const struct key_row *row = *state;
    const char *text = row->key, *problem;
    char letters[3000] = "";
    int64_t n;

    if (text && *text == '@' && ds_parse_int(text + 1, &n)) {
        memset(letters, 'k', (size_t)n);
        text = letters;
    }
    problem = ds_key_problem(scratch, text);
    assert_int_equal(problem != NULL, row->problem != NULL);
    if (problem)
        assert_string_equal(problem, row->problem);
}

/* ---- pages and held records
 * ---------------------------------------------------------------------- */

static void a_page_grows_and_keeps_its_records(void **state)
{
    ds_page page;

    (void)state;
    ds_page_init(&page, scratch);
    assert_int_equal(page.total_hint, -1);
    assert_null(page.next_cursor);
    for (int64_t i = 0; i < 1000; i++) {
        ds_record *rec = ds_page_add(&page);

        assert_true(!rec->primary_key && !rec->hold && !rec->place && !rec->body && !rec->props_n);
        rec->primary_key = numbered_name((size_t)i);
        ds_record_set(rec, "i", ds_int(i));
    }
    assert_int_equal(page.records_n, 1000);
    for (size_t i = 0; i < 1000; i++) {
        assert_string_equal(page.records[i].primary_key, numbered_name(i));
        assert_int_equal(ds_record_get(&page.records[i], "i")->as.integer, i);
    }
}

static void a_held_record_says_where_and_why(void **state)
{
    ds_record *rec = fresh();

    (void)state;
    ds_record_hold(rec, "line:7", "character %d: %s", 3, "unexpected character");
    assert_string_equal(rec->place, "line:7");
    assert_string_equal(rec->hold, "character 3: unexpected character");
}

static void a_reason_is_valid_text_of_some_length(void **state)
{
    (void)state;
    for (size_t n = 480; n < 520; n++) {
        ds_record *rec = fresh();
        DS_AUTO_BUF(why, 2000);

        while (why.n < n)
            ds_buf_char(&why, 'x');
        ds_buf_text(&why, "\xE2\x82\xAC\xE2\x82\xAC \xFF");
        ds_record_hold(rec, "line:1", "%s", why.data);
        assert_true(ds_utf8_ok(rec->hold, strlen(rec->hold)));
        assert_true(strlen(rec->hold) >= DS_MIN(n, (size_t)511) && strlen(rec->hold) < 530);
    }
}

/* ---- values in JSON, units ------------------------------------------------------------------- */

static const struct write_row {
    const char *name;
    const char *value;
    bool exact;
    const char *json;
} writes[] = {
    {"JSON: absent", "absent", false, "null"},
    {"JSON: null", "null", false, "null"},
    {"JSON: true", "true", false, "true"},
    {"JSON: an integer", "5", false, "5"},
    {"JSON: an integer beyond 2^53", "9007199254740993", false, "\"9007199254740993\""},
    {"JSON: the same exactly", "9007199254740993", true, "9007199254740993"},
    {"JSON: 2^64", "18446744073709551616", false, "\"18446744073709551616\""},
    {"JSON: 1.10", "1.10", false, "1.10"},
    {"JSON: 1e400", "1e400", false, "\"1e400\""},
    {"JSON: the same exactly too", "1e400", true, "1e400"},
    {"JSON: a text", "\"a\\\"b\"", false, "\"a\\\"b\""},
    {"JSON: a date", "date:2026-01-31", false, "\"2026-01-31\""},
    {"JSON: a datetime", "datetime:2026-01-31T09:30:00Z", false, "\"2026-01-31T09:30:00Z\""},
    {"JSON: a list", "[\"a\",\"b\"]", false, "[\"a\",\"b\"]"},
    {"JSON: an object", "{\"a\": [1, 9007199254740993]}", false,
     "{\"a\":[1,\"9007199254740993\"]}"},
    {"JSON: an object exactly", "{\"a\": [1, 9007199254740993]}", true,
     "{\"a\":[1,9007199254740993]}"},
};

static void value_in_json(void **state)
{
    const struct write_row *row = *state;
    DS_AUTO_BUF(out, 1000);
    ds_json_writer w = ds_json_w(&out, false);

    w.exact = row->exact;
    ds_json_w_value(&w, value_of(scratch, row->value));
    assert_string_equal(out.data, row->json);
}

static void units_are_copied_and_doubles_dropped(void **state)
{
    ds_units units = {.arena = scratch};
    char name[8] = "a";
    ds_err err = DS_ERR_INIT;

    (void)state;
    ds_units_add(&units, name);
    name[0] = 'b';
    ds_units_add(&units, name);
    ds_units_add(&units, "a");
    assert_int_equal(units.n, 2);
    assert_string_equal(units.keys[0], "a");
    assert_string_equal(units.keys[1], "b");
    for (size_t i = 0; i < 1000; i++)
        ds_units_add(&units, numbered_name(i));
    assert_int_equal(units.n, 1002);
    assert_string_equal(units.keys[1001], "p999");
    assert_true(ds_one_unit(NULL, NULL, &units, &err));
    assert_string_equal(units.keys[1002], "all");
}

static void doubles_are_dropped_however_far_apart(void **state)
{
    ds_units units = {.arena = scratch};

    (void)state;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < 500; i++)
            ds_units_add(&units, numbered_name(i));
    assert_int_equal(units.n, 500);
}

int main(void)
{
    add_table(objects, object);
    add_test(a_second_set_replaces_the_first);
    add_test(an_object_over_what_is_set_replaces_it);
    add_test(ten_thousand_properties_and_no_more);
    add_test(an_object_of_a_million_members_is_held);
    add_table(paths, path);
    add_table(keys, key);
    add_test(a_page_grows_and_keeps_its_records);
    add_test(a_held_record_says_where_and_why);
    add_test(a_reason_is_valid_text_of_some_length);
    add_table(writes, value_in_json);
    add_test(units_are_copied_and_doubles_dropped);
    add_test(doubles_are_dropped_however_far_apart);
    return run_tests("records");
}
