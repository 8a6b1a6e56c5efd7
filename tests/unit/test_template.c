/* tests/unit/test_template.c - "{owner.login}/{name}" over records. */
#include "support/run.h"
#include "support/values.h"
#include "sync/map.h"

#include <string.h>

static const struct row {
    const char *name;
    const char *template;
    const char *record;
    const char *value;
} rows[] = {
    {"a path", "{a}", "{\"a\": \"x\"}", "\"x\""},
    {"a path into an object", "{o.login}/{name}",
     "{\"o\": {\"login\": \"octo\"}, \"name\": \"hello\"}", "\"octo/hello\""},
    {"text around", "<{a}>", "{\"a\": \"x\"}", "\"<x>\""},
    {"text alone", "Platform", "{}", "\"Platform\""},
    {"nothing at all", "", "{}", "\"\""},
    {"the same path twice", "{a}{a}", "{\"a\": \"x\"}", "\"xx\""},
    {"braces", "{{a}} {{}}", "{\"a\": \"x\"}", "\"{a} {}\""},
    {"braces around a path", "{{{a}}}", "{\"a\": \"x\"}", "\"{x}\""},
    {"an integer", "{a}", "{\"a\": 5}", "\"5\""},
    {"a number keeps its text", "{a}", "{\"a\": 1.10}", "\"1.10\""},
    {"a boolean", "{a}", "{\"a\": false}", "\"false\""},
    {"a list", "{a}", "{\"a\": [\"x\", \"y\"]}", "\"x, y\""},
    {"an object", "{a}", "{\"a\": {\"b\": 1}}", "\"{\\\"b\\\":1}\""},
    {"a date", "{a}!", "{\"a\": \"date:2026-01-31\"}", "\"2026-01-31!\""},
    {"what a value holds is not looked into", "{a}", "{\"a\": \"{b}\", \"b\": \"no\"}", "\"{b}\""},
    {"one of two missing is empty", "{a}/{b}", "{\"b\": \"x\"}", "\"/x\""},
    {"one of two null is empty", "{a}/{b}", "{\"a\": null, \"b\": \"x\"}", "\"/x\""},
    {"all missing is absent", "{a}/{b}", "{}", "absent"},
    {"all null is null", "{a}", "{\"a\": null}", "null"},
    {"null beside missing is null", "{b}/{a}", "{\"a\": null}", "null"},
    {"an empty text is there", "{a}", "{\"a\": \"\"}", "\"\""},
    {"a name with spaces", "{full name}", "{\"full name\": \"x\"}", "\"x\""},
    {"other letters", "\xE2\x82\xAC {a}", "{\"a\": \"\xC3\xA9\"}", "\"\xE2\x82\xAC \xC3\xA9\""},
    {"a brace that never closes is itself", "a{b", "{\"b\": 1}", "\"a{b\""},
    {"a closing brace alone is itself", "a}b", "{}", "\"a}b\""},
};

static void fill(void **state)
{
    const struct row *row = *state;
    ds_err err = DS_ERR_INIT;
    ds_value v = DS_VALUE_NULL;

    assert_true(
        ds_template_fill(row->template, record_of(scratch, row->record), scratch, &v, &err));
    assert_string_equal(show_value(scratch, v), row->value);
    if (v.type == DS_TEXT)
        assert_int_equal(v.n, strlen(v.as.text));
}

int main(void)
{
    return run_table("template", rows, fill);
}
