/* tests/unit/test_notion_read.c - properties of a page, of each type, as neutral values. */
#include "connectors/notion/notion.h"
#include "support/run.h"
#include "support/values.h"

#include <string.h>

#define PROPERTY(type_, value_) "{\"id\":\"a\",\"type\":\"" type_ "\",\"" type_ "\":" value_ "}"
#define RUN(text_) "{\"type\":\"text\",\"plain_text\":\"" text_ "\"}"
#define DATE(start_, end_, zone_) "{\"start\":" start_ ",\"end\":" end_ ",\"time_zone\":" zone_ "}"
#define FORMULA(type_, value_)                                                                     \
    PROPERTY("formula", "{\"type\":\"" type_ "\",\"" type_ "\":" value_ "}")
#define ROLLUP(type_, value_)                                                                      \
    PROPERTY("rollup", "{\"type\":\"" type_ "\",\"function\":\"x\",\"" type_ "\":" value_ "}")

static const struct row {
    const char *name, *property, *value;
} rows[] = {
    {"title", PROPERTY("title", "[" RUN("a") "," RUN("b") "]"), "\"ab\""},
    {"rich text", PROPERTY("rich_text", "[" RUN("a") "]"), "\"a\""},
    {"a title that looks like a list stays text", PROPERTY("title", "[" RUN("[1]") "]"), "\"[1]\""},
    {"no text", PROPERTY("rich_text", "[]"), "null"},
    {"number", PROPERTY("number", "1.5"), "1.5"},
    {"a number keeps its digits", PROPERTY("number", "9007199254740993"), "9007199254740993"},
    {"no number", PROPERTY("number", "null"), "null"},
    {"checkbox", PROPERTY("checkbox", "true"), "true"},
    {"select", PROPERTY("select", "{\"id\":\"1\",\"name\":\"Blog\"}"), "\"Blog\""},
    {"no select", PROPERTY("select", "null"), "null"},
    {"status", PROPERTY("status", "{\"id\":\"1\",\"name\":\"Done\"}"), "\"Done\""},
    {"multi-select", PROPERTY("multi_select", "[{\"name\":\"a\"},{\"name\":\"b\"}]"),
     "[\"a\",\"b\"]"},
    {"no multi-select", PROPERTY("multi_select", "[]"), "null"},

    {"a day", PROPERTY("date", DATE("\"2026-03-01\"", "null", "null")), "date:2026-03-01"},
    {"a time", PROPERTY("date", DATE("\"2026-03-01T10:00:00.000+02:00\"", "null", "null")),
     "datetime:2026-03-01T08:00:00Z"},
    {"days from to", PROPERTY("date", DATE("\"2026-03-01\"", "\"2026-03-05\"", "null")),
     "\"2026-03-01/2026-03-05\""},
    {"a time of a zone that only its name tells",
     PROPERTY("date", DATE("\"2026-03-01T10:00:00.000\"", "null", "\"Europe/Berlin\"")),
     "\"2026-03-01T10:00:00.000[Europe/Berlin]\""},
    {"a time with its offset, and a zone beside it",
     PROPERTY("date", DATE("\"2026-03-01T10:00:00.000+01:00\"", "null", "\"Europe/Berlin\"")),
     "datetime:2026-03-01T09:00:00Z"},
    {"a date that is none", PROPERTY("date", DATE("\"soon\"", "null", "null")), "\"soon\""},
    {"no date", PROPERTY("date", "null"), "null"},

    {"people", PROPERTY("people", "[{\"object\":\"user\",\"id\":\"u1\",\"name\":\"Ada\"}]"),
     "[\"u1\"]"},
    {"relation", PROPERTY("relation", "[{\"id\":\"p1\"},{\"id\":\"p2\"}]"), "[\"p1\",\"p2\"]"},
    {"url", PROPERTY("url", "\"https://a.example\""), "\"https://a.example\""},
    {"e-mail", PROPERTY("email", "null"), "null"},
    {"phone", PROPERTY("phone_number", "\"+49 1\""), "\"+49 1\""},
    {"files",
     PROPERTY("files", "[{\"name\":\"a\",\"type\":\"external\",\"external\":{\"url\":\"https://"
                       "a.example/a?b=1\"}},{\"name\":\"b\",\"type\":\"file\",\"file\":{\"url\":"
                       "\"https://s.example/b?sig=2\"}},{\"name\":\"c\",\"type\":\"file_upload\","
                       "\"file_upload\":{\"id\":\"f\"}}]"),
     "[\"https://a.example/a?b=1\",\"https://s.example/b\",\"c\"]"},
    {"place", PROPERTY("place", "{\"lat\":1.5,\"lon\":2}"), "{\"lat\":1.5,\"lon\":2}"},
    {"verification", PROPERTY("verification", "{\"state\":\"verified\"}"),
     "{\"state\":\"verified\"}"},

    {"created time", PROPERTY("created_time", "\"2026-03-01T10:00:00.000Z\""),
     "datetime:2026-03-01T10:00:00Z"},
    {"last edited time", PROPERTY("last_edited_time", "\"2026-03-01T10:00:00.000Z\""),
     "datetime:2026-03-01T10:00:00Z"},
    {"created by", PROPERTY("created_by", "{\"object\":\"user\",\"id\":\"u1\"}"), "\"u1\""},
    {"last edited by", PROPERTY("last_edited_by", "{\"object\":\"user\",\"id\":\"u1\"}"), "\"u1\""},
    {"unique id", PROPERTY("unique_id", "{\"prefix\":\"ABC\",\"number\":12}"), "\"ABC-12\""},
    {"unique id without prefix", PROPERTY("unique_id", "{\"prefix\":null,\"number\":12}"), "12"},
    {"unique id not yet there", PROPERTY("unique_id", "{\"prefix\":null,\"number\":null}"), "null"},
    {"button", PROPERTY("button", "{}"), "null"},

    {"formula: text", FORMULA("string", "\"a\""), "\"a\""},
    {"formula: nothing", FORMULA("string", "null"), "null"},
    {"formula: number", FORMULA("number", "3"), "3"},
    {"formula: boolean", FORMULA("boolean", "false"), "false"},
    {"formula: date", FORMULA("date", DATE("\"2026-03-01\"", "null", "null")), "date:2026-03-01"},
    {"formula: nobody tells", FORMULA("unsupported", "{}"), "absent"},
    {"rollup: number", ROLLUP("number", "3"), "3"},
    {"rollup: date", ROLLUP("date", DATE("\"2026-03-01\"", "null", "null")), "date:2026-03-01"},
    {"rollup: texts",
     ROLLUP("array", "[{\"type\":\"title\",\"title\":[" RUN(
                         "a") "]},"
                              "{\"type\":\"select\",\"select\":{\"name\":\"b\"}}]"),
     "[\"a\",\"b\"]"},
    {"rollup: numbers", ROLLUP("array", "[{\"type\":\"number\",\"number\":1}]"), "[1]"},
    {"rollup: of nothing", ROLLUP("array", "[]"), "null"},
    {"rollup: not reckoned", ROLLUP("incomplete", "{}"), "absent"},
    {"rollup: nobody tells", ROLLUP("unsupported", "{}"), "absent"},
    {"a type of a later day", PROPERTY("mood", "\"good\""), "\"good\""},
    {"no type", "{\"id\":\"a\"}", "null"},
    {"no property", "null", "null"},
};

static const ds_json *json_of(const char *text)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(scratch, text, strlen(text), &err);

    if (!json)
        fail_msg("%s: %s", text, err.text);
    return json;
}

static void steps(void **state)
{
    const struct row *row = *state;

    assert_string_equal(show_value(scratch, ds_notion_value(json_of(row->property), scratch)),
                        row->value);
}

static const struct part {
    const char *name, *property, *part, *value;
} parts[] = {
    {"the end of a date", PROPERTY("date", DATE("\"2026-03-01\"", "\"2026-03-05\"", "null")), "end",
     "\"2026-03-05\""},
    {"of one without", PROPERTY("date", DATE("\"2026-03-01\"", "null", "null")), "end", "null"},
    {"of no date", PROPERTY("date", "null"), "end", "null"},
    {"addresses of people",
     PROPERTY("people", "[{\"id\":\"u1\",\"person\":{\"email\":\"ada@a.example\"}},"
                        "{\"id\":\"u2\",\"bot\":{}}]"),
     "person.email", "[\"ada@a.example\"]"},
    {"of nobody", PROPERTY("people", "[]"), "person.email", "null"},
    {"the number of a unique id", PROPERTY("unique_id", "{\"prefix\":\"A\",\"number\":12}"),
     "number", "12"},
    {"the name of a person", PROPERTY("created_by", "{\"id\":\"u1\",\"name\":\"Ada\"}"), "name",
     "\"Ada\""},
    {"of nothing", "null", "name", "null"},
};

static void a_part(void **state)
{
    const struct part *row = *state;

    assert_string_equal(
        show_value(scratch, ds_notion_part(json_of(row->property), row->part, scratch)),
        row->value);
}

/* A list of n entries of one kind. */
static const char *list(const char *entry, size_t n)
{
    const char *all = "";

    for (size_t i = 0; i < n; i++)
        all = ds_arena_printf(scratch, "%s%s%s", all, i ? "," : "", entry);
    return ds_arena_printf(scratch, "[%s]", all);
}

static void what_a_page_cuts(void **state)
{
    const struct {
        const char *type, *value;
        bool cut;
    } values[] = {
        {"relation", list("{\"id\":\"p\"}", 24), false},
        {"relation", list("{\"id\":\"p\"}", 25), true},
        {"people", list("{\"id\":\"p\"}", 25), true},
        {"rich_text", list("{\"type\":\"text\"}", 99), false},
        {"rich_text", list("{\"type\":\"mention\"}", 25), true},
        {"title", list("{\"type\":\"mention\"}", 24), false},
        {"multi_select", list("{\"name\":\"a\"}", 99), false},
        {"rollup", "{\"type\":\"incomplete\",\"incomplete\":{}}", true},
        {"rollup", "{\"type\":\"number\",\"number\":3}", false},
        {"rollup", ds_arena_printf(scratch, "{\"type\":\"array\",\"array\":%s}", list("{}", 25)),
         true},
        {"date", "null", false},
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(values); i++) {
        const char *text = ds_arena_printf(scratch, "{\"type\":\"%s\",\"%s\":%s}", values[i].type,
                                           values[i].type, values[i].value);

        if (ds_notion_is_cut(json_of(text)) != values[i].cut)
            fail_msg("%s", text);
    }
    assert_true(ds_notion_is_cut(
        json_of("{\"type\":\"relation\",\"relation\":[{\"id\":\"p\"}],\"has_more\":true}")));
    assert_false(ds_notion_is_cut(NULL));
}

int main(void)
{
    add_table(rows, steps);
    add_table(parts, a_part);
    add_test(what_a_page_cuts);
    return run_tests("notion properties");
}
