/* tests/unit/test_fake_notion_shape.c - bodies against the shapes of Notion's stand-in, and the
 * words for what is wrong with them. */
#include "notion_fixture.h"

#define ID "11111111-1111-4111-8111-111111111111"
#define PARENT "\"parent\":{\"data_source_id\":\"" ID "\"}"
#define BLOCKS(inner) "{" PARENT ",\"properties\":{},\"children\":[" inner "]}"
#define VALUE(inner) "{" PARENT ",\"properties\":{\"P\":" inner "}}"
#define TEXT(inner) VALUE("{\"rich_text\":[" inner "]}")

static const struct row {
    const char *name;
    const ds_shape *shape;
    const char *body, *why; /* why NULL: it is good */
} rows[] = {
    /* ---- pages ------------------------------------------------------------------------------- */
    {"the smallest page", &ds_shape_create_page, "{" PARENT ",\"properties\":{}}", NULL},
    {"an id without dashes", &ds_shape_create_page,
     "{\"parent\":{\"database_id\":\"11111111111141118111111111111111\"},\"properties\":{}}", NULL},
    {"no parent", &ds_shape_create_page, "{\"properties\":{}}",
     "body failed validation: body.parent should be defined, instead was `undefined`."},
    {"no properties", &ds_shape_create_page, "{" PARENT "}",
     "body failed validation: body.properties should be defined, instead was `undefined`."},
    {"a parent that is no uuid", &ds_shape_create_page,
     "{\"parent\":{\"page_id\":\"home\"},\"properties\":{}}",
     "body failed validation: body.parent.page_id should be a valid uuid, instead was "
     "`\"home\"`."},
    {"a parent by two ways", &ds_shape_create_page,
     "{\"parent\":{\"page_id\":\"" ID "\",\"database_id\":\"" ID "\"},\"properties\":{}}",
     "body failed validation: body.parent.database_id should be not present, instead was "
     "`\"" ID "\"`."},
    {"a parent whose type is another", &ds_shape_create_page,
     "{\"parent\":{\"type\":\"page_id\",\"database_id\":\"" ID "\"},\"properties\":{}}",
     "body failed validation: body.parent.type should be `\"database_id\"`, instead was "
     "`\"page_id\"`."},
    {"a name that is none", &ds_shape_create_page, "{" PARENT ",\"properties\":{},\"title\":\"x\"}",
     "body failed validation: body.title should be not present, instead was `\"x\"`."},
    {"no object", &ds_shape_create_page, "[]",
     "body failed validation: body should be an object, instead was `[]`."},

    /* ---- values ------------------------------------------------------------------------------ */
    {"text", &ds_shape_create_page, TEXT("{\"text\":{\"content\":\"x\"}}"), NULL},
    {"text as an answer has it", &ds_shape_create_page,
     TEXT("{\"type\":\"text\",\"text\":{\"content\":\"x\",\"link\":null},\"annotations\":{\"bold\":"
          "true,\"color\":\"red_background\"},\"plain_text\":\"x\",\"href\":null}"),
     NULL},
    {"a mention", &ds_shape_create_page, TEXT("{\"mention\":{\"page\":{\"id\":\"" ID "\"}}}"),
     NULL},
    {"an equation", &ds_shape_create_page, TEXT("{\"equation\":{\"expression\":\"x\"}}"), NULL},
    {"text that is none", &ds_shape_create_page, TEXT("{\"text\":\"x\"}"),
     "body failed validation: body.properties.P.rich_text[0].text should be an object, instead was "
     "`\"x\"`."},
    {"text without content", &ds_shape_create_page, TEXT("{\"text\":{}}"),
     "body failed validation: body.properties.P.rich_text[0].text.content should be defined, "
     "instead was `undefined`."},
    {"text beside a mention", &ds_shape_create_page,
     TEXT("{\"text\":{\"content\":\"x\"},\"equation\":{\"expression\":\"x\"}}"),
     "body failed validation: body.properties.P.rich_text[0].equation should be not present, "
     "instead was `{\"expression\":\"x\"}`."},
    {"a color that is none", &ds_shape_create_page,
     TEXT("{\"text\":{\"content\":\"x\"},\"annotations\":{\"bold\":1}}"),
     "body failed validation: body.properties.P.rich_text[0].annotations.bold should be a boolean, "
     "instead was `1`."},
    {"a value without a type", &ds_shape_create_page, VALUE("{\"text\":[]}"),
     "body failed validation: body.properties.P.text should be not present, instead was `[]`."},
    {"a value of two types", &ds_shape_create_page, VALUE("{\"number\":1,\"url\":\"x\"}"),
     "body failed validation: body.properties.P.url should be not present, instead was `\"x\"`."},
    {"null is no value", &ds_shape_create_page, VALUE("null"),
     "body failed validation: body.properties.P should be an object, instead was `null`."},
    {"number", &ds_shape_create_page, VALUE("{\"number\":1.5}"), NULL},
    {"number cleared", &ds_shape_create_page, VALUE("{\"number\":null}"), NULL},
    {"number as text", &ds_shape_create_page, VALUE("{\"number\":\"1.5\"}"),
     "body failed validation: body.properties.P.number should be a number, instead was "
     "`\"1.5\"`."},
    {"number too large", &ds_shape_create_page, VALUE("{\"number\":1e999}"),
     "body failed validation: body.properties.P.number should be a finite number, instead was "
     "`1e999`."},
    {"text is not cleared by null", &ds_shape_create_page, VALUE("{\"rich_text\":null}"),
     "body failed validation: body.properties.P.rich_text should be an array, instead was `null`."},
    {"a select", &ds_shape_create_page, VALUE("{\"select\":{\"name\":\"x\"}}"), NULL},
    {"a select cleared", &ds_shape_create_page, VALUE("{\"select\":null}"), NULL},
    {"a select without a name", &ds_shape_create_page, VALUE("{\"select\":{\"name\":\"\"}}"),
     "body failed validation: body.properties.P.select.name.length should be \xE2\x89\xA5 `1`, "
     "instead was `0`."},
    {"a multi-select is not cleared by null", &ds_shape_create_page,
     VALUE("{\"multi_select\":null}"),
     "body failed validation: body.properties.P.multi_select should be an array, instead was "
     "`null`."},
    {"a date", &ds_shape_create_page, VALUE("{\"date\":{\"start\":\"2026-01-31\"}}"), NULL},
    {"a date with a time", &ds_shape_create_page,
     VALUE("{\"date\":{\"start\":\"2026-01-31T10:00:00.000+02:00\",\"end\":null}}"), NULL},
    {"a date that is none", &ds_shape_create_page, VALUE("{\"date\":{\"start\":\"31.1.2026\"}}"),
     "body failed validation: body.properties.P.date.start should be a valid ISO 8601 date string, "
     "instead was `\"31.1.2026\"`."},
    {"a day that is none", &ds_shape_create_page, VALUE("{\"date\":{\"start\":\"2026-02-29\"}}"),
     "body failed validation: body.properties.P.date.start should be a valid ISO 8601 date string, "
     "instead was `\"2026-02-29\"`."},
    {"a box", &ds_shape_create_page, VALUE("{\"checkbox\":false}"), NULL},
    {"a box is not cleared", &ds_shape_create_page, VALUE("{\"checkbox\":null}"),
     "body failed validation: body.properties.P.checkbox should be a boolean, instead was `null`."},
    {"an address", &ds_shape_create_page, VALUE("{\"url\":\"https://example.org\"}"), NULL},
    {"an empty address", &ds_shape_create_page, VALUE("{\"url\":\"\"}"),
     "body failed validation: body.properties.P.url.length should be \xE2\x89\xA5 `1`, instead was "
     "`0`."},
    {"people", &ds_shape_create_page,
     VALUE("{\"people\":[{\"object\":\"user\",\"id\":\"" ID "\"}]}"), NULL},
    {"a relation", &ds_shape_create_page, VALUE("{\"relation\":[{\"id\":\"" ID "\"}]}"), NULL},
    {"a relation to a name", &ds_shape_create_page, VALUE("{\"relation\":[{\"id\":\"x\"}]}"),
     "body failed validation: body.properties.P.relation[0].id should be a valid uuid, instead was "
     "`\"x\"`."},
    {"a file", &ds_shape_create_page,
     VALUE("{\"files\":[{\"name\":\"f\",\"external\":{\"url\":\"https://example.org/f\"}}]}"),
     NULL},
    {"a file without a name", &ds_shape_create_page,
     VALUE("{\"files\":[{\"external\":{\"url\":\"https://example.org/f\"}}]}"),
     "body failed validation: body.properties.P.files[0].name should be defined, instead was "
     "`undefined`."},

    /* ---- blocks ------------------------------------------------------------------------------ */
    {"blocks", &ds_shape_create_page,
     BLOCKS("{\"paragraph\":{\"rich_text\":[]}},{\"object\":\"block\",\"type\":\"divider\","
            "\"divider\":{}},{\"code\":{\"language\":\"plain text\",\"rich_text\":[]}},"
            "{\"image\":{\"external\":{\"url\":\"https://example.org/i\"}}},"
            "{\"table\":{\"table_width\":1,\"children\":[{\"table_row\":{\"cells\":[[]]}}]}}"),
     NULL},
    {"three lists deep", &ds_shape_create_page,
     BLOCKS("{\"toggle\":{\"rich_text\":[],\"children\":[{\"toggle\":{\"rich_text\":[],"
            "\"children\":[{\"divider\":{}}]}}]}}"),
     NULL},
    {"four lists deep", &ds_shape_create_page,
     BLOCKS("{\"toggle\":{\"rich_text\":[],\"children\":[{\"toggle\":{\"rich_text\":[],"
            "\"children\":[{\"toggle\":{\"rich_text\":[],\"children\":[]}}]}}]}}"),
     "body failed validation: body.children[0].toggle.children[0].toggle.children[0].toggle."
     "children should be not present, instead was `[]`."},
    {"a block type that is none", &ds_shape_create_page, BLOCKS("{\"para\":{\"rich_text\":[]}}"),
     "body failed validation: body.children[0].para should be not present, instead was "
     "`{\"rich_text\":[]}`."},
    {"a language that is none", &ds_shape_create_page, BLOCKS("{\"equation\":{\"expression\":5}}"),
     "body failed validation: body.children[0].equation.expression should be a string, instead was "
     "`5`."},

    /* ---- updates ----------------------------------------------------------------------------- */
    {"nothing to update", &ds_shape_update_page, "{}", NULL},
    {"into the trash", &ds_shape_update_page, "{\"in_trash\":true}", NULL},
    {"a parent cannot be changed", &ds_shape_update_page, "{" PARENT "}",
     "body failed validation: body.parent should be not present, instead was "
     "`{\"data_source_id\":\"" ID "\"}`."},

    /* ---- tables ------------------------------------------------------------------------------ */
    {"a database of 2025", &ds_shape_create_database,
     "{\"parent\":{\"type\":\"page_id\",\"page_id\":\"" ID "\"},\"title\":[{\"text\":{\"content\":"
     "\"x\"}}],\"initial_data_source\":{\"properties\":{\"Name\":{\"title\":{}}}}}",
     NULL},
    {"columns of 2022 in 2025", &ds_shape_create_database,
     "{\"parent\":{\"page_id\":\"" ID "\"},\"properties\":{}}",
     "body failed validation: body.properties should be not present, instead was `{}`."},
    {"columns of 2025 in 2022", &ds_shape_create_database_old,
     "{\"parent\":{\"page_id\":\"" ID "\"},\"initial_data_source\":{}}",
     "body failed validation: body.initial_data_source should be not present, instead was `{}`."},
    {"a column of no type", &ds_shape_update_source, "{\"properties\":{\"A\":{\"txt\":{}}}}",
     "body failed validation: body.properties.A.txt should be not present, instead was `{}`."},
    {"a column renamed, one dropped", &ds_shape_update_source,
     "{\"properties\":{\"A\":{\"name\":\"B\"},\"C\":null}}", NULL},
};

static void shaped(void **state)
{
    const struct row *row = *state;
    ds_ws_why why = {0};

    if (ds_shape_check(row->shape, json_of(row->body), "body", &why)) {
        assert_null(row->why);
        return;
    }
    assert_int_equal(why.status, 400);
    assert_string_equal(why.code, "validation_error");
    assert_string_equal(why.text, row->why ? row->why : "");
}

/* ---- lengths --------------------------------------------------------------------------------- */

static const struct length {
    const char *name, *before, *unit, *after; /* so many units are one too many */
    int most;
    const char *why;
} lengths[] = {
    {"text of 2000", "{" PARENT ",\"properties\":{\"P\":{\"rich_text\":[{\"text\":{\"content\":\"",
     "x", "\"}}]}}}", 2000, "body.properties.P.rich_text[0].text.content.length"},
    {"text counts in UTF-16: two for what is beyond the first plane",
     "{" PARENT ",\"properties\":{\"P\":{\"rich_text\":[{\"text\":{\"content\":\"",
     "\xF0\x9F\x9A\x80", "\"}}]}}}", 1000, "body.properties.P.rich_text[0].text.content.length"},
    {"text counts in UTF-16: one for an umlaut",
     "{" PARENT ",\"properties\":{\"P\":{\"rich_text\":[{\"text\":{\"content\":\"", "\xC3\xA4",
     "\"}}]}}}", 2000, "body.properties.P.rich_text[0].text.content.length"},
    {"100 items of text",
     "{" PARENT ",\"properties\":{\"P\":{\"rich_text\":[{\"text\":{\"content\":"
     "\"\"}}",
     ",{\"text\":{\"content\":\"\"}}", "]}}}", 99, "body.properties.P.rich_text.length"},
    {"100 options", "{" PARENT ",\"properties\":{\"P\":{\"multi_select\":[{\"name\":\"a\"}",
     ",{\"name\":\"a\"}", "]}}}", 99, "body.properties.P.multi_select.length"},
    {"100 relations", "{" PARENT ",\"properties\":{\"P\":{\"relation\":[{\"id\":\"" ID "\"}",
     ",{\"id\":\"" ID "\"}", "]}}}", 99, "body.properties.P.relation.length"},
    {"an address of 2000", "{" PARENT ",\"properties\":{\"P\":{\"url\":\"", "u", "\"}}}", 2000,
     "body.properties.P.url.length"},
    {"a mail address of 200", "{" PARENT ",\"properties\":{\"P\":{\"email\":\"", "u", "\"}}}", 200,
     "body.properties.P.email.length"},
    {"an option's name of 100", "{" PARENT ",\"properties\":{\"P\":{\"select\":{\"name\":\"", "u",
     "\"}}}}", 100, "body.properties.P.select.name.length"},
    {"an equation of 1000",
     "{" PARENT ",\"properties\":{\"P\":{\"rich_text\":[{\"equation\":"
     "{\"expression\":\"",
     "u", "\"}}]}}}", 1000, "body.properties.P.rich_text[0].equation.expression.length"},
    {"100 blocks", "{" PARENT ",\"properties\":{},\"children\":[{\"divider\":{}}",
     ",{\"divider\":{}}", "]}", 99, "body.children.length"},
};

static const char *repeated(const struct length *row, int n)
{
    DS_AUTO_BUF(out, DS_MIB);

    ds_buf_text(&out, row->before);
    for (int i = 0; i < n; i++)
        ds_buf_text(&out, row->unit);
    ds_buf_text(&out, row->after);
    return ds_arena_strdup(scratch, out.data);
}

static void limited(void **state)
{
    const struct length *row = *state;
    ds_ws_why why = {0};

    if (!ds_shape_check(&ds_shape_create_page, json_of(repeated(row, row->most)), "body", &why))
        fail_msg("%s", why.text);
    assert_false(
        ds_shape_check(&ds_shape_create_page, json_of(repeated(row, row->most + 1)), "body", &why));
    assert_non_null(strstr(why.text, row->why));
    assert_non_null(strstr(why.text, "should be \xE2\x89\xA4"));
}

/* 1000 blocks in all, however they are spread. */
static void a_thousand_blocks(void **state)
{
    DS_AUTO_BUF(body, DS_MIB);
    ds_ws_why why = {0};

    (void)state;
    ds_buf_text(&body, "{\"children\":[");
    for (int i = 0; i < 11; i++) {
        ds_buf_printf(&body, "%s{\"toggle\":{\"rich_text\":[],\"children\":[", i ? "," : "");
        for (int j = 0; j < 90; j++)
            ds_buf_printf(&body, "%s{\"divider\":{}}", j ? "," : "");
        ds_buf_text(&body, "]}}");
        if (i == 10)
            break;
    }
    ds_buf_text(&body, "]}");
    assert_false(ds_shape_check(&ds_shape_append, json_of(body.data), "body", &why));
    assert_string_equal(why.text, "body failed validation: the body has more than 1000 blocks at "
                                  "body.children[10].toggle.children.");
}

/* What a client cannot know may be long; what is said of it is not. */
static void a_long_name_is_cut(void **state)
{
    DS_AUTO_BUF(body, DS_MIB);
    ds_ws_why why = {0};

    (void)state;
    ds_buf_text(&body, "{\"properties\":{\"");
    for (int i = 0; i < 100000; i++)
        ds_buf_char(&body, 'n');
    ds_buf_text(&body, "\":5}}");
    assert_false(ds_shape_check(&ds_shape_update_page, json_of(body.data), "body", &why));
    assert_true(strlen(why.text) < sizeof(why.text));
}

/* ---- times ----------------------------------------------------------------------------------- */

static const struct time {
    const char *name, *text;
    bool good, clock, zone;
    int64_t ms;
} times[] = {
    {"a date", "2026-03-01", true, false, false, 1772323200000},
    {"minutes", "2026-03-01T10:00", true, true, false, NOW_MS},
    {"seconds", "2026-03-01T10:00:01", true, true, false, NOW_MS + 1000},
    {"UTC", "2026-03-01T10:00:00.25Z", true, true, true, NOW_MS + 250},
    {"an offset", "2026-03-01T12:00:00+02:00", true, true, true, NOW_MS},
    {"an offset to the west", "2026-03-01T05:30:00-0430", true, true, true, NOW_MS},
    {"a leap day", "2024-02-29", true, false, false, 1709164800000},
    {"a month alone", "2026-03", false, false, false, 0},
    {"an hour alone", "2026-03-01T10", false, false, false, 0},
    {"25 hours", "2026-03-01T25:00", false, false, false, 0},
    {"something behind", "2026-03-01T10:00Z!", false, false, false, 0},
    {"the thirteenth month", "2026-13-01", false, false, false, 0},
    {"nothing", "", false, false, false, 0},
};

static void timed(void **state)
{
    const struct time *row = *state;
    ds_ws_time time;

    assert_int_equal(ds_ws_time_read(row->text, &time), row->good);
    if (!row->good)
        return;
    assert_int_equal(time.ms, row->ms);
    assert_int_equal(time.clock, row->clock);
    assert_int_equal(time.zone, row->zone);
}

int main(void)
{
    add_table(rows, shaped);
    add_table(lengths, limited);
    add_table(times, timed);
    add_test(a_thousand_blocks);
    add_test(a_long_name_is_cut);
    return run_tests("fake notion: shapes");
}
