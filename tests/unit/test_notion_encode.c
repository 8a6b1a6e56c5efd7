/* tests/unit/test_notion_encode.c - ids, and neutral values as Notion's columns take them. */
#include "support/run.h"

#include "connectors/notion/encode.h"

#include <string.h>

static void ids(void **state)
{
    static const char id[] = "0f0e1111-2222-3333-4444-5555aaaabbbb";
    static const char *const good[] = {
        "0f0e1111-2222-3333-4444-5555aaaabbbb",
        "0F0E11112222333344445555AAAABBBB",
        "https://www.notion.so/acme/Some-title-0f0e11112222333344445555aaaabbbb?v=1#x",
        "https://app.notion.com/p/0f0e11112222333344445555aaaabbbb/",
        "collection://0f0e1111-2222-3333-4444-5555aaaabbbb",
        "https://www.notion.so/a-0f0e1111-2222-3333-4444-5555aaaabbbb",
    };
    static const char *const bad[] = {
        "",
        "/",
        "0f0e1111-2222-3333-4444-5555aaaabbb",
        "10f0e11112222333344445555aaaabbbb",
        "0f0e1111_2222-3333-4444-5555aaaabbbb",
        "https://www.notion.so/?p=0f0e11112222333344445555aaaabbbb",
        "0g0e11112222333344445555aaaabbbb",
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(good); i++)
        assert_string_equal(ds_notion_id(good[i], scratch), id);
    for (size_t i = 0; i < DS_COUNT(bad); i++)
        assert_null(ds_notion_id(bad[i], scratch));
    assert_null(ds_notion_id(NULL, scratch));
}

/* ---- text ------------------------------------------------------------------------------------ */

static const char *repeated(const char *text, size_t times)
{
    size_t n = strlen(text);
    char *out = ds_arena_alloc(scratch, n * times + 1);

    for (size_t i = 0; i < times; i++)
        memcpy(out + i * n, text, n);
    out[n * times] = '\0';
    return out;
}

static void units_and_prefixes(void **state)
{
    static const struct {
        const char *text;
        size_t units, most, fits; /* bytes within `most` units */
    } all[] = {
        {"", 0, 5, 0},
        {"abc", 3, 2, 2},
        {"\u00e9\u00e9", 2, 1, 2},
        {"\u20ac", 1, 1, 3},
        {"\U0001f600", 2, 1, 0}, /* not half of it */
        {"a\U0001f600b", 4, 3, 5},
        {"a\U0001f600b", 4, 2, 1},
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(all); i++) {
        size_t n = strlen(all[i].text);

        assert_int_equal(ds_notion_units(all[i].text, n), all[i].units);
        assert_int_equal(ds_notion_prefix(all[i].text, n, all[i].most), all[i].fits);
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

static ds_notion_column column(ds_notion_type type, const char *name, const char *options)
{
    ds_err err = DS_ERR_INIT;

    return (ds_notion_column){
        .name = "C",
        .id = "c",
        .type_name = name,
        .type = type,
        .options = options ? ds_json_read(scratch, options, strlen(options), &err) : NULL};
}

/* What the column is set to, or why not. */
static const char *encoded(const ds_notion_column *c, ds_value v, ds_notion_overflow overflow,
                           bool create)
{
    const ds_notion_policy policy = {overflow, create};
    ds_notion_cell cell;
    const char *problem = ds_notion_encode(c, v, &policy, scratch, &cell);

    return problem ? problem : cell.json;
}

static void values(void **state)
{
    static const char options[] = "[{\"name\":\"one\"},{\"name\":\"two\"}]";
    const ds_notion_column text = column(DS_NOTION_RICH_TEXT, "rich_text", NULL);
    const ds_notion_column number = column(DS_NOTION_NUMBER, "number", NULL);
    const ds_notion_column box = column(DS_NOTION_CHECKBOX, "checkbox", NULL);
    const ds_notion_column date = column(DS_NOTION_DATE, "date", NULL);
    const ds_notion_column select = column(DS_NOTION_SELECT, "select", options);
    const ds_notion_column status = column(DS_NOTION_STATUS, "status", options);
    const ds_notion_column multi = column(DS_NOTION_MULTI_SELECT, "multi_select", options);
    const ds_notion_column url = column(DS_NOTION_URL, "url", NULL);
    const ds_notion_column formula = column(DS_NOTION_FORMULA, "formula", NULL);
    const char *twice[] = {"one", "one", "", "two"};
    const struct {
        const ds_notion_column *column;
        ds_value value;
        const char *json;
    } all[] = {
        {&text, ds_text("a"), "{\"rich_text\":[{\"text\":{\"content\":\"a\"}}]}"},
        {&text, DS_VALUE_NULL, "{\"rich_text\":[]}"},
        {&text, ds_int(5), "{\"rich_text\":[{\"text\":{\"content\":\"5\"}}]}"},
        {&number, ds_int(5), "{\"number\":5}"},
        {&number, ds_text("1.10"), "{\"number\":1.10}"},
        {&number, ds_bool(true), "{\"number\":1}"},
        {&number, DS_VALUE_NULL, "{\"number\":null}"},
        {&number, ds_int(INT64_C(9007199254740992)), "{\"number\":9007199254740992}"},
        {&number, ds_int(INT64_C(9007199254740993)),
         "\"9007199254740993\" would be rounded: Notion keeps 53 bits of a number"},
        {&box, DS_VALUE_NULL, "{\"checkbox\":false}"},
        {&box, ds_text("yes"), "{\"checkbox\":true}"},
        {&date, ds_date("2026-01-02"), "{\"date\":{\"start\":\"2026-01-02\",\"end\":null}}"},
        {&date, ds_text("2026-01-02/2026-01-03"),
         "{\"date\":{\"start\":\"2026-01-02\",\"end\":\"2026-01-03\"}}"},
        {&date, DS_VALUE_NULL, "{\"date\":null}"},
        {&select, ds_text("one"), "{\"select\":{\"name\":\"one\"}}"},
        {&select, ds_text(""), "{\"select\":null}"},
        {&select, ds_text("new"), "it has no option \"new\"; it has one, two"},
        {&status, ds_text("two"), "{\"status\":{\"name\":\"two\"}}"},
        {&multi, ds_list(twice, 4), "{\"multi_select\":[{\"name\":\"one\"},{\"name\":\"two\"}]}"},
        {&multi, ds_text(" one ,,two"),
         "{\"multi_select\":[{\"name\":\"one\"},{\"name\":\"two\"}]}"},
        {&multi, DS_VALUE_NULL, "{\"multi_select\":[]}"},
        {&url, ds_text(""), "{\"url\":null}"},
        {&formula, ds_text("x"), "it is a formula, which Notion fills in by itself"},
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(all); i++)
        assert_string_equal(encoded(all[i].column, all[i].value, DS_NOTION_SPLIT, false),
                            all[i].json);
    assert_string_equal(encoded(&select, ds_text("new"), DS_NOTION_SPLIT, true),
                        "{\"select\":{\"name\":\"new\"}}");
    assert_string_equal(encoded(&status, ds_text("new"), DS_NOTION_SPLIT, true),
                        "it has no option \"new\"; it has one, two");
}

static void long_text_is_in_runs(void **state)
{
    const ds_notion_column c = column(DS_NOTION_TITLE, "title", NULL);
    const char *text = repeated("\U0001f600", 1001); /* 2,002 units */
    const char *json = encoded(&c, ds_text(text), DS_NOTION_SPLIT, false);
    ds_err err = DS_ERR_INIT;
    const ds_json *runs = ds_json_get(ds_json_read(scratch, json, strlen(json), &err), "title");

    (void)state;
    assert_int_equal(ds_json_size(runs), 2);
    assert_int_equal(strlen(ds_json_text(ds_json_path(runs, "0.text"), "content")), 4000);
    assert_int_equal(strlen(ds_json_text(ds_json_path(runs, "1.text"), "content")), 4);
    assert_string_equal(encoded(&c, ds_text(text), DS_NOTION_HOLD, false),
                        "the text has 2002 characters, the most is 2000");
}

static void keys(void **state)
{
    const ds_notion_column number = column(DS_NOTION_NUMBER, "number", NULL);
    const ds_notion_column title = column(DS_NOTION_TITLE, "title", NULL);
    static const char *const good[] = {"0", "7", "-3", "9007199254740992"};
    static const char *const bad[] = {"007", "1.5", "x", "9007199254740993", "-0", "1e3"};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(good); i++)
        assert_null(ds_notion_key_problem(&number, good[i], scratch));
    for (size_t i = 0; i < DS_COUNT(bad); i++) {
        assert_non_null(ds_notion_key_problem(&number, bad[i], scratch));
        assert_null(ds_notion_key_problem(&title, bad[i], scratch));
    }
}

int main(void)
{
    add_test(ids);
    add_test(units_and_prefixes);
    add_test(values);
    add_test(long_text_is_in_runs);
    add_test(keys);
    return run_tests("values for Notion");
}
