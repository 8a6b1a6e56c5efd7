/* tests/unit/test_fake_notion_filter.c - filters of Notion's stand-in: what they let through, what
 * they are refused for. */
#include "notion_fixture.h"

static const char columns[] =
    "{\"Name\":{\"title\":{}},\"Text\":{\"rich_text\":{}},\"Stars\":{\"number\":{}},"
    "\"Kind\":{\"select\":{\"options\":[{\"name\":\"Blog\"},{\"name\":\"Book\"}]}},"
    "\"Tags\":{\"multi_select\":{}},\"State\":{\"status\":{}},\"Due\":{\"date\":{}},"
    "\"Who\":{\"people\":{}},\"Files\":{\"files\":{}},\"Done\":{\"checkbox\":{}},"
    "\"Link\":{\"url\":{}},\"Mail\":{\"email\":{}},\"Phone\":{\"phone_number\":{}},"
    "\"Sum\":{\"formula\":{\"expression\":\"1\"}},\"No\":{\"unique_id\":{}},"
    "\"Made\":{\"created_time\":{}},\"By\":{\"last_edited_by\":{}}}";

/* a has everything, b other things, c nothing but its name. */
static const char *const values[] = {
    "{\"Name\":{\"title\":[{\"text\":{\"content\":\"a\"}}]},"
    "\"Text\":{\"rich_text\":[{\"text\":{\"content\":\"Hello \"}},"
    "{\"text\":{\"content\":\"World\"},\"annotations\":{\"bold\":true}}]},"
    "\"Stars\":{\"number\":5},\"Kind\":{\"select\":{\"name\":\"Blog\"}},"
    "\"Tags\":{\"multi_select\":[{\"name\":\"x\"},{\"name\":\"y\"}]},"
    "\"State\":{\"status\":{\"name\":\"Done\"}},\"Due\":{\"date\":{\"start\":\"2026-02-28\"}},"
    "\"Files\":{\"files\":[{\"name\":\"f\",\"external\":{\"url\":\"https://example.org/f\"}}]},"
    "\"Done\":{\"checkbox\":true},\"Link\":{\"url\":\"https://example.org/A\"},"
    "\"Mail\":{\"email\":\"a@example.org\"},\"Phone\":{\"phone_number\":\"+1 2\"},"
    "\"Sum\":{\"formula\":{\"type\":\"number\",\"number\":7}}}",
    "{\"Name\":{\"title\":[{\"text\":{\"content\":\"b\"}}]},"
    "\"Text\":{\"rich_text\":[{\"text\":{\"content\":\"\xC3\x84pfel\"}}]},"
    "\"Stars\":{\"number\":-1.5},\"Kind\":{\"select\":{\"name\":\"Book\"}},"
    "\"Tags\":{\"multi_select\":[{\"name\":\"y\"}]},"
    "\"Due\":{\"date\":{\"start\":\"2026-03-05T12:30:00+02:00\"}}}",
    "{\"Name\":{\"title\":[{\"text\":{\"content\":\"c\"}}]}}",
};

static const struct row {
    const char *name, *filter, *found;
} rows[] = {
    /* ---- text -------------------------------------------------------------------------------- */
    {"equals", "{\"property\":\"Text\",\"rich_text\":{\"equals\":\"Hello World\"}}", "a"},
    {"equals is blind to case",
     "{\"property\":\"Text\",\"rich_text\":{\"equals\":\"hELLO wORLD\"}}", "a"},
    {"equals is blind to the case of other alphabets",
     "{\"property\":\"Text\",\"rich_text\":{\"equals\":\"\xC3\xA4PFEL\"}}", "b"},
    {"equals takes all of it", "{\"property\":\"Text\",\"rich_text\":{\"equals\":\"Hello\"}}", ""},
    {"equals nothing", "{\"property\":\"Text\",\"rich_text\":{\"equals\":\"\"}}", "c"},
    {"does_not_equal has the empty ones",
     "{\"property\":\"Text\",\"rich_text\":{\"does_not_equal\":\"hello world\"}}", "b c"},
    {"contains", "{\"property\":\"Text\",\"rich_text\":{\"contains\":\"O W\"}}", "a"},
    {"does_not_contain", "{\"property\":\"Text\",\"rich_text\":{\"does_not_contain\":\"o w\"}}",
     "b c"},
    {"starts_with", "{\"property\":\"Text\",\"rich_text\":{\"starts_with\":\"hell\"}}", "a"},
    {"ends_with", "{\"property\":\"Text\",\"rich_text\":{\"ends_with\":\"fel\"}}", "b"},
    {"is_empty", "{\"property\":\"Text\",\"rich_text\":{\"is_empty\":true}}", "c"},
    {"is_not_empty", "{\"property\":\"Text\",\"rich_text\":{\"is_not_empty\":true}}", "a b"},
    {"a title", "{\"property\":\"Name\",\"title\":{\"equals\":\"B\"}}", "b"},
    {"a title asked as text", "{\"property\":\"Name\",\"rich_text\":{\"equals\":\"b\"}}", "b"},
    {"by id", "{\"property\":\"title\",\"title\":{\"equals\":\"b\"}}", "b"},
    {"an address", "{\"property\":\"Link\",\"url\":{\"equals\":\"https://example.org/a\"}}", "a"},
    {"a mail address", "{\"property\":\"Mail\",\"email\":{\"contains\":\"@\"}}", "a"},
    {"a phone number", "{\"property\":\"Phone\",\"phone_number\":{\"is_empty\":true}}", "b c"},

    /* ---- numbers, boxes ---------------------------------------------------------------------- */
    {"a number equals", "{\"property\":\"Stars\",\"number\":{\"equals\":5}}", "a"},
    {"a number differs: the empty too",
     "{\"property\":\"Stars\",\"number\":{\"does_not_equal\":5}}", "b c"},
    {"greater_than", "{\"property\":\"Stars\",\"number\":{\"greater_than\":-1.5}}", "a"},
    {"greater_than_or_equal_to",
     "{\"property\":\"Stars\",\"number\":{\"greater_than_or_equal_to\":-1.5}}", "a b"},
    {"less_than", "{\"property\":\"Stars\",\"number\":{\"less_than\":5}}", "b"},
    {"less_than_or_equal_to", "{\"property\":\"Stars\",\"number\":{\"less_than_or_equal_to\":5}}",
     "a b"},
    {"no number", "{\"property\":\"Stars\",\"number\":{\"is_empty\":true}}", "c"},
    {"a unique id", "{\"property\":\"No\",\"unique_id\":{\"less_than\":3}}", "a b"},
    {"a ticked box", "{\"property\":\"Done\",\"checkbox\":{\"equals\":true}}", "a"},
    {"an empty box", "{\"property\":\"Done\",\"checkbox\":{\"equals\":false}}", "b c"},
    {"not a ticked box", "{\"property\":\"Done\",\"checkbox\":{\"does_not_equal\":true}}", "b c"},

    /* ---- choices ----------------------------------------------------------------------------- */
    {"a select equals", "{\"property\":\"Kind\",\"select\":{\"equals\":\"Blog\"}}", "a"},
    {"a select one of", "{\"property\":\"Kind\",\"select\":{\"equals\":[\"Blog\",\"Book\"]}}",
     "a b"},
    {"an option that is not there", "{\"property\":\"Kind\",\"select\":{\"equals\":\"No\"}}", ""},
    {"a select differs", "{\"property\":\"Kind\",\"select\":{\"does_not_equal\":\"Blog\"}}", "b c"},
    {"a select is empty", "{\"property\":\"Kind\",\"select\":{\"is_empty\":true}}", "c"},
    {"a status", "{\"property\":\"State\",\"status\":{\"equals\":\"Done\"}}", "a"},
    {"a multi-select contains", "{\"property\":\"Tags\",\"multi_select\":{\"contains\":\"y\"}}",
     "a b"},
    {"a multi-select lacks",
     "{\"property\":\"Tags\",\"multi_select\":{\"does_not_contain\":\"x\"}}", "b c"},
    {"files", "{\"property\":\"Files\",\"files\":{\"is_not_empty\":true}}", "a"},
    {"people, nobody", "{\"property\":\"Who\",\"people\":{\"is_empty\":true}}", "a b c"},
    {"people, myself", "{\"property\":\"Who\",\"people\":{\"contains\":\"me\"}}", ""},
    {"edited by me", "{\"property\":\"By\",\"last_edited_by\":{\"contains\":\"me\"}}", "a b c"},

    /* ---- times ------------------------------------------------------------------------------- */
    {"a date equals", "{\"property\":\"Due\",\"date\":{\"equals\":\"2026-02-28\"}}", "a"},
    {"a time is within its day", "{\"property\":\"Due\",\"date\":{\"equals\":\"2026-03-05\"}}",
     "b"},
    {"before", "{\"property\":\"Due\",\"date\":{\"before\":\"2026-03-05T10:30:00Z\"}}", "a"},
    {"on_or_before", "{\"property\":\"Due\",\"date\":{\"on_or_before\":\"2026-03-05T10:30:00Z\"}}",
     "a b"},
    {"after", "{\"property\":\"Due\",\"date\":{\"after\":\"2026-02-28\"}}", "b"},
    {"on_or_after", "{\"property\":\"Due\",\"date\":{\"on_or_after\":\"2026-02-28\"}}", "a b"},
    {"yesterday", "{\"property\":\"Due\",\"date\":{\"equals\":\"yesterday\"}}", "a"},
    {"next week", "{\"property\":\"Due\",\"date\":{\"next_week\":{}}}", "b"},
    {"this week", "{\"property\":\"Due\",\"date\":{\"this_week\":{}}}", "b"},
    {"past month", "{\"property\":\"Due\",\"date\":{\"past_month\":{}}}", "a"},
    {"no date", "{\"property\":\"Due\",\"date\":{\"is_empty\":true}}", "c"},
    {"when it was made, to the minute",
     "{\"timestamp\":\"created_time\",\"created_time\":{\"equals\":\"2026-03-01T10:01:00Z\"}}",
     "b"},
    {"the seconds of a row are gone",
     "{\"timestamp\":\"created_time\",\"created_time\":{\"on_or_after\":\"2026-03-01T10:01:10Z\"}}",
     "c"},
    {"last edited",
     "{\"timestamp\":\"last_edited_time\","
     "\"last_edited_time\":{\"on_or_after\":\"2026-03-01T10:01:00Z\"}}",
     "b c"},
    {"a column of that",
     "{\"property\":\"Made\",\"created_time\":{\"before\":\"2026-03-01T10:01:00Z\"}}", "a"},
    {"a formula", "{\"property\":\"Sum\",\"formula\":{\"number\":{\"greater_than\":6}}}", "a"},

    /* ---- groups ------------------------------------------------------------------------------ */
    {"and",
     "{\"and\":[{\"property\":\"Stars\",\"number\":{\"is_not_empty\":true}},"
     "{\"property\":\"Done\",\"checkbox\":{\"equals\":false}}]}",
     "b"},
    {"or",
     "{\"or\":[{\"property\":\"Done\",\"checkbox\":{\"equals\":true}},"
     "{\"property\":\"Name\",\"title\":{\"equals\":\"c\"}}]}",
     "a c"},
    {"two levels",
     "{\"and\":[{\"or\":[{\"property\":\"Name\",\"title\":{\"equals\":\"a\"}},"
     "{\"property\":\"Name\",\"title\":{\"equals\":\"b\"}}]},"
     "{\"property\":\"Done\",\"checkbox\":{\"equals\":true}}]}",
     "a"},
    {"many keys at once",
     "{\"or\":[{\"property\":\"Name\",\"title\":{\"equals\":\"q\"}},"
     "{\"property\":\"Name\",\"title\":{\"equals\":\"A\"}},"
     "{\"property\":\"Name\",\"title\":{\"equals\":\"r\"}},"
     "{\"property\":\"Name\",\"title\":{\"equals\":\"s\"}},"
     "{\"property\":\"Name\",\"title\":{\"equals\":\"c\"}}]}",
     "a c"},

    /* ---- refused ----------------------------------------------------------------------------- */
    {"a column that is not there", "{\"property\":\"Nope\",\"number\":{\"equals\":5}}",
     "Could not find property with name or id: Nope"},
    {"a column of another type", "{\"property\":\"Text\",\"number\":{\"equals\":5}}",
     "database property rich_text does not match filter number"},
    {"a text asked as a title", "{\"property\":\"Text\",\"title\":{\"equals\":\"a\"}}",
     "database property rich_text does not match filter title"},
    {"an operator of another type", "{\"property\":\"Stars\",\"number\":{\"contains\":5}}",
     "body failed validation: body.filter.number.contains should be not present, instead was "
     "`5`."},
    {"a value of another type", "{\"property\":\"Stars\",\"number\":{\"equals\":\"5\"}}",
     "body failed validation: body.filter.number.equals should be a number, instead was "
     "`\"5\"`."},
    {"two operators", "{\"property\":\"Stars\",\"number\":{\"equals\":5,\"less_than\":6}}",
     "body failed validation: body.filter.number.less_than should be not present, instead was "
     "`6`."},
    {"is_empty is true or not there", "{\"property\":\"Stars\",\"number\":{\"is_empty\":false}}",
     "body failed validation: body.filter.number.is_empty should be `true`, instead was `false`."},
    {"no date", "{\"property\":\"Due\",\"date\":{\"equals\":\"2026-02-30\"}}",
     "body failed validation: body.filter.date.equals should be a valid ISO 8601 date string, "
     "instead was `\"2026-02-30\"`."},
    {"three levels", "{\"and\":[{\"or\":[{\"and\":[]}]}]}",
     "body failed validation: body.filter.and[0].or[0].and should be not present: a filter has at "
     "most two levels of `and` and `or`."},
    {"and beside or", "{\"and\":[],\"or\":[]}",
     "body failed validation: body.filter.or should be not present: a filter has `and` or `or` and "
     "nothing beside it."},
    {"a timestamp that is asked as the other",
     "{\"timestamp\":\"created_time\",\"last_edited_time\":{\"is_empty\":true}}",
     "body failed validation: body.filter.created_time should be defined, instead was "
     "`undefined`."},
    {"a person who is none", "{\"property\":\"Who\",\"people\":{\"contains\":\"you\"}}",
     "body failed validation: body.filter.people should be a valid uuid or `me`, instead was "
     "`\"you\"`."},
};

static void filtered(void **state)
{
    const struct row *row = *state;
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);
    char next[DS_WS_ID_TEXT];
    const char *found;

    for (size_t i = 0; i < DS_COUNT(values); i++)
        add_row(ws, source, values[i], NOW_MS + (int64_t)i * (DS_MINUTE_MS + DS_SECOND_MS));
    found = asked(ws, source,
                  ds_arena_printf(scratch,
                                  "{\"filter\":%s,\"sorts\":[{\"property\":\"Name\","
                                  "\"direction\":\"ascending\"}]}",
                                  row->filter),
                  NOW_MS, next);
    assert_string_equal(found, row->found);
}

static void a_hundred_and_one_entries(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);
    DS_AUTO_BUF(body, DS_MIB);
    char next[DS_WS_ID_TEXT];

    (void)state;
    ds_buf_text(&body, "{\"filter\":{\"or\":[");
    for (int i = 0; i < 101; i++)
        ds_buf_printf(&body, "%s{\"property\":\"Name\",\"title\":{\"equals\":\"%d\"}}",
                      i ? "," : "", i);
    ds_buf_text(&body, "]}}");
    assert_string_equal(asked(ws, source, body.data, NOW_MS, next),
                        "body failed validation: body.filter.or.length should be \xE2\x89\xA4 "
                        "`100`, instead was `101`.");
}

/* One of many things would mend it: each is named. */
static void no_filter_at_all(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    char next[DS_WS_ID_TEXT];
    const char *why = asked(ws, new_table(ws, columns), "{\"filter\":{}}", NOW_MS, next);

    (void)state;
    assert_ptr_equal(strstr(why, "body failed validation. Fix one:\nbody.filter.title should be"),
                     why);
    assert_non_null(
        strstr(why, "\nbody.filter.number should be defined, instead was `undefined`."));
}

int main(void)
{
    add_test(no_filter_at_all);
    add_test(a_hundred_and_one_entries);
    return run_table("fake notion: filters", rows, filtered);
}
