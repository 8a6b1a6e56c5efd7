/* tests/unit/test_fake_notion_query.c - queries of Notion's stand-in: order, pages by cursor, the
 * end at the cap, the index that lags behind. */
#include "notion_fixture.h"

#include <stdio.h>

static const char columns[] = "{\"Name\":{\"title\":{}},\"Stars\":{\"number\":{}},"
                              "\"Kind\":{\"select\":{\"options\":[{\"name\":\"z\"},"
                              "{\"name\":\"a\"}]}},\"Done\":{\"checkbox\":{}}}";

static ds_ws_page *named_row(ds_ws *ws, ds_ws_source *source, const char *name, const char *more,
                             int64_t now_ms)
{
    return add_row(ws, source,
                   ds_arena_printf(scratch,
                                   "{\"Name\":{\"title\":[{\"text\":{\"content\":\"%s\"}}]}%s}",
                                   name, more),
                   now_ms);
}

/* ---- order ----------------------------------------------------------------------------------- */

static const struct row {
    const char *name, *sorts, *found;
} rows[] = {
    {"without an order: the newest first", "[]", "d c b a"},
    {"by number, what has none last", "[{\"property\":\"Stars\",\"direction\":\"ascending\"}]",
     "b c a d"},
    {"the other way, what has none last", "[{\"property\":\"Stars\",\"direction\":\"descending\"}]",
     "a b c d"},
    {"by two",
     "[{\"property\":\"Stars\",\"direction\":\"ascending\"},"
     "{\"property\":\"Name\",\"direction\":\"descending\"}]",
     "c b a d"},
    {"a select in the order of its options",
     "[{\"property\":\"Kind\",\"direction\":\"ascending\"}]", "d b a c"},
    {"boxes", "[{\"property\":\"Done\",\"direction\":\"descending\"}]", "c a b d"},
    {"by time of making, to the minute",
     "[{\"timestamp\":\"created_time\",\"direction\":\"descending\"}]", "d a b c"},
    {"a column that is not there", "[{\"property\":\"Nope\",\"direction\":\"ascending\"}]",
     "Could not find sort property with name or id: Nope"},
    {"no direction", "[{\"property\":\"Stars\"}]",
     "body failed validation: body.sorts[0].direction should be defined, instead was "
     "`undefined`."},
    {"a direction that is none", "[{\"property\":\"Stars\",\"direction\":\"up\"}]",
     "body failed validation: body.sorts[0].direction should be `\"ascending\"`, or "
     "`\"descending\"`, instead was `\"up\"`."},
};

static void ordered(void **state)
{
    const struct row *row = *state;
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);
    char next[DS_WS_ID_TEXT];

    named_row(ws, source, "a", ",\"Stars\":{\"number\":9}", NOW_MS);
    named_row(ws, source, "b", ",\"Stars\":{\"number\":2},\"Kind\":{\"select\":{\"name\":\"a\"}}",
              NOW_MS + 1000);
    named_row(ws, source, "c", ",\"Stars\":{\"number\":2},\"Done\":{\"checkbox\":true}",
              NOW_MS + 2000);
    named_row(ws, source, "d", ",\"Kind\":{\"select\":{\"name\":\"z\"}}", NOW_MS + DS_MINUTE_MS);
    assert_string_equal(
        asked(ws, source, ds_arena_printf(scratch, "{\"sorts\":%s}", row->sorts), NOW_MS, next),
        row->found);
}

/* ---- pages ----------------------------------------------------------------------------------- */

#define BY_EDIT "\"sorts\":[{\"timestamp\":\"last_edited_time\",\"direction\":\"ascending\"}]"

static ds_ws_source *five_rows(ds_ws *ws)
{
    ds_ws_source *source = new_table(ws, columns);

    for (int i = 1; i <= 5; i++)
        named_row(ws, source, ds_arena_printf(scratch, "%d", i), "", NOW_MS + i * DS_MINUTE_MS);
    return source;
}

static const char *page_after(ds_ws *ws, const ds_ws_source *source, char next[DS_WS_ID_TEXT])
{
    return asked(ws, source,
                 *next ? ds_arena_printf(
                             scratch, "{" BY_EDIT ",\"page_size\":2,\"start_cursor\":\"%s\"}", next)
                       : "{" BY_EDIT ",\"page_size\":2}",
                 NOW_MS, next);
}

static void pages_follow_each_other(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = five_rows(ws);
    char next[DS_WS_ID_TEXT] = "";

    (void)state;
    assert_string_equal(page_after(ws, source, next), "1 2+");
    assert_string_equal(page_after(ws, source, next), "3 4+");
    assert_string_equal(page_after(ws, source, next), "5");
    assert_string_equal(next, "");
}

static void an_edited_row_comes_again_at_the_end(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = five_rows(ws);
    char next[DS_WS_ID_TEXT] = "";

    (void)state;
    assert_string_equal(page_after(ws, source, next), "1 2+");
    ds_ws_touch(ws, source->rows.at[1], DS_WS_BOT, NOW_MS + DS_HOUR_MS); /* the cursor's own row */
    assert_string_equal(page_after(ws, source, next), "3 4+");
    assert_string_equal(page_after(ws, source, next), "5 2");
}

static void a_cursor_is_for_its_own_question(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = five_rows(ws);
    char next[DS_WS_ID_TEXT] = "", other[DS_WS_ID_TEXT];
    const char *refusal;

    (void)state;
    page_after(ws, source, next);
    refusal = ds_arena_printf(scratch, "The start_cursor provided is invalid: %s", next);
    assert_string_equal(asked(ws, source,
                              ds_arena_printf(scratch, "{\"start_cursor\":\"%s\"}", next), NOW_MS,
                              other),
                        refusal);
    ds_ws_forget_cursors(ws);
    assert_string_equal(page_after(ws, source, next), refusal);
}

static void the_cap_ends_a_query(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = five_rows(ws);
    char next[DS_WS_ID_TEXT] = "";

    (void)state;
    ws->limits.cap = 3;
    assert_string_equal(page_after(ws, source, next), "1 2+");
    assert_string_equal(page_after(ws, source, next), "3!");
    ws->limits.cap = 5;
    *next = '\0';
    assert_string_equal(asked(ws, source, "{" BY_EDIT "}", NOW_MS, next), "1 2 3 4 5");
}

static void the_trash_is_asked_for(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = five_rows(ws);
    char next[DS_WS_ID_TEXT];

    (void)state;
    source->rows.at[2]->trashed = true;
    ws->generation++;
    assert_string_equal(asked(ws, source, "{" BY_EDIT "}", NOW_MS, next), "1 2 4 5");
    assert_string_equal(asked(ws, source, "{" BY_EDIT ",\"in_trash\":true}", NOW_MS, next), "3");
}

/* ---- lag ------------------------------------------------------------------------------------- */

static void a_query_lags_behind(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = five_rows(ws);
    int64_t then = NOW_MS + DS_HOUR_MS;
    char next[DS_WS_ID_TEXT];
    ds_ws_page *page;
    const char *nine = "{\"filter\":{\"property\":\"Stars\",\"number\":{\"equals\":9}}}";

    (void)state;
    ws->limits.lag_ms = 5000;
    page = named_row(ws, source, "6", "", then);
    ds_ws_remember(ws, page, true, then);
    assert_string_equal(asked(ws, source, "{}", then + 4999, next), "5 4 3 2 1");
    assert_string_equal(asked(ws, source, "{}", then + 5000, next), "6 5 4 3 2 1");

    page = (ds_ws_page *)source->rows.at[0];
    then += DS_HOUR_MS;
    ds_ws_remember(ws, page, false, then);
    ds_ws_values_apply(ws, source, page, json_of("{\"Stars\":{\"number\":9}}"), scratch);
    ds_ws_touch(ws, &page->thing, DS_WS_BOT, then);
    assert_string_equal(asked(ws, source, nine, then + 4999, next), "");
    assert_string_equal(asked(ws, source, nine, then + 5000, next), "1");
}

/* ---- shapes of queries ----------------------------------------------------------------------- */

static const struct body {
    const char *name, *body, *why;
} bodies[] = {
    {"too large a page", "{\"page_size\":101}",
     "body failed validation: body.page_size should be \xE2\x89\xA4 `100`, instead was `101`."},
    {"no page at all", "{\"page_size\":0}",
     "body failed validation: body.page_size should be \xE2\x89\xA5 `1`, instead was `0`."},
    {"half a row", "{\"page_size\":1.5}",
     "body failed validation: body.page_size should be a whole number, instead was `1.5`."},
    {"a page size that is text", "{\"page_size\":\"10\"}",
     "body failed validation: body.page_size should be a number, instead was `\"10\"`."},
    {"a cursor that is none", "{\"start_cursor\":\"abc\"}",
     "body failed validation: body.start_cursor should be a valid uuid, instead was `\"abc\"`."},
    {"a cursor that nobody gave", "{\"start_cursor\":\"11111111111141118111111111111111\"}",
     "The start_cursor provided is invalid: 11111111111141118111111111111111"},
    {"a name that is none", "{\"limit\":5}",
     "body failed validation: body.limit should be not present, instead was `5`."},
    {"filter is no list", "{\"filter\":[]}",
     "body failed validation: body.filter should be an object, instead was `[]`."},
};

static void refused(void **state)
{
    const struct body *row = *state;
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = five_rows(ws);
    char next[DS_WS_ID_TEXT];

    assert_string_equal(asked(ws, source, row->body, NOW_MS, next), row->why);
}

/* ---- size ------------------------------------------------------------------------------------ */

/* Rows are small: 20,000 of them come and go in a moment, each found by its key. */
static void many_rows(void **state)
{
    DS_AUTO(ds_ws) ws = ds_ws_open(1);
    ds_ws_source *source = new_table(ws, columns);
    char next[DS_WS_ID_TEXT] = "";
    size_t bytes = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        ds_ws_page *page = named_row(ws, source, ds_arena_printf(scratch, "n%d", i),
                                     ",\"Stars\":{\"number\":1}", NOW_MS);

        bytes += page->cells.n;
    }
    assert_true(bytes / 20000 < 64);
    assert_string_equal(asked(ws, source,
                              "{\"filter\":{\"property\":\"Name\",\"title\":{\"equals\":"
                              "\"N19999\"}}}",
                              NOW_MS, next),
                        "n19999");
}

int main(void)
{
    add_table(rows, ordered);
    add_table(bodies, refused);
    add_test(pages_follow_each_other);
    add_test(an_edited_row_comes_again_at_the_end);
    add_test(a_cursor_is_for_its_own_question);
    add_test(the_cap_ends_a_query);
    add_test(the_trash_is_asked_for);
    add_test(a_query_lags_behind);
    add_test(many_rows);
    return run_tests("fake notion: queries");
}
