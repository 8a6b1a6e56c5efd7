/* tests/unit/test_convert.c - `as`: each neutral type to each other, or why not. */
#include "base/text.h"
#include "support/run.h"
#include "support/values.h"

#include <stdio.h>
#include <string.h>

static const struct row {
    const char *name;
    const char *value;
    ds_type as;
    const char *out; /* NULL: refused */
    const char *error;
} rows[] = {
    {"null stays null", "null", DS_INT, "null", NULL},
    {"absent stays absent", "absent", DS_DATE, "absent", NULL},

    {"integer: an integer", "42", DS_INT, "42", NULL},
    {"integer: a text", "\"42\"", DS_INT, "42", NULL},
    {"integer: a negative text", "\"-42\"", DS_INT, "-42", NULL},
    {"integer: leading zeros", "\"007\"", DS_INT, "7", NULL},
    {"integer: 5.0 is 5", "5.0", DS_INT, "5", NULL},
    {"integer: -0.00 is 0", "-0.00", DS_INT, "0", NULL},
    {"integer: 1e3 is 1000", "1e3", DS_INT, "1000", NULL},
    {"integer: 1E+16 in a text", "\"1E+16\"", DS_INT, "10000000000000000", NULL},
    {"integer: -1.50e1 is -15", "-1.50e1", DS_INT, "-15", NULL},
    {"integer: 5e-1", "5e-1", DS_INT, NULL, "number \"5e-1\" is not an integer"},
    {"integer: digits that a double would round", "9007199254740993e0", DS_INT, NULL,
     "number \"9007199254740993e0\" is not an integer"},
    {"integer: 1e19", "1e19", DS_INT, NULL, "number \"1e19\" is not an integer"},
    {"integer: a word with an e", "\"e3\"", DS_INT, NULL, "\"e3\" is not an integer"},
    {"integer: true is 1", "true", DS_INT, "1", NULL},
    {"integer: false is 0", "false", DS_INT, "0", NULL},
    {"integer: 2^53+1", "\"9007199254740993\"", DS_INT, "9007199254740993", NULL},
    {"integer: the largest", "\"9223372036854775807\"", DS_INT, "9223372036854775807", NULL},
    {"integer: 2^63", "9223372036854775808", DS_INT, NULL,
     "number \"9223372036854775808\" is not an integer of 64 bits"},
    {"integer: 2^64 in a text", "\"18446744073709551616\"", DS_INT, NULL,
     "\"18446744073709551616\" is not an integer of 64 bits"},
    {"integer: 5.5", "5.5", DS_INT, NULL, "number \"5.5\" is not an integer"},
    {"integer: 1.", "\"1.\"", DS_INT, NULL, "\"1.\" is not an integer"},
    {"integer: .0", "\".0\"", DS_INT, NULL, "\".0\" is not an integer"},
    {"integer: a point and letters", "\"1.0x\"", DS_INT, NULL, "\"1.0x\" is not an integer"},
    {"integer: an empty text", "\"\"", DS_INT, NULL, "\"\" is not an integer"},
    {"integer: a word", "\"abc\"", DS_INT, NULL, "\"abc\" is not an integer"},
    {"integer: a space", "\"4 2\"", DS_INT, NULL, "\"4 2\" is not an integer"},
    {"integer: a list", "[\"1\",\"2\"]", DS_INT, NULL, "list \"1, 2\" is not an integer"},
    {"integer: an object", "{\"a\":1}", DS_INT, NULL, "nested \"{\"a\":1}\" is not an integer"},

    {"number: an integer stays one", "42", DS_NUMBER, "42", NULL},
    {"number: 1.10 keeps its zero", "\"1.10\"", DS_NUMBER, "1.10", NULL},
    {"number: a text of an integer", "\"42\"", DS_NUMBER, "42", NULL},
    {"number: 1e400", "\"1e400\"", DS_NUMBER, "1e400", NULL},
    {"number: 2^64", "\"18446744073709551616\"", DS_NUMBER, "18446744073709551616", NULL},
    {"number: true is 1", "true", DS_NUMBER, "1", NULL},
    {"number: 01", "\"01\"", DS_NUMBER, NULL, "\"01\" is not a number"},
    {"number: NaN", "\"NaN\"", DS_NUMBER, NULL, "\"NaN\" is not a number"},
    {"number: Infinity", "\"Infinity\"", DS_NUMBER, NULL, "\"Infinity\" is not a number"},
    {"number: a comma", "\"1,5\"", DS_NUMBER, NULL, "\"1,5\" is not a number"},
    {"number: an empty text", "\"\"", DS_NUMBER, NULL, "\"\" is not a number"},
    {"number: hexadecimal", "\"0x10\"", DS_NUMBER, NULL, "\"0x10\" is not a number"},

    {"boolean: true", "\"true\"", DS_BOOL, "true", NULL},
    {"boolean: No", "\"No\"", DS_BOOL, "false", NULL},
    {"boolean: YES", "\"YES\"", DS_BOOL, "true", NULL},
    {"boolean: off", "\"off\"", DS_BOOL, "false", NULL},
    {"boolean: t", "\"t\"", DS_BOOL, "true", NULL},
    {"boolean: N", "\"N\"", DS_BOOL, "false", NULL},
    {"boolean: 1", "1", DS_BOOL, "true", NULL},
    {"boolean: 0", "0", DS_BOOL, "false", NULL},
    {"boolean: 2", "2", DS_BOOL, NULL, "integer \"2\" is not a boolean"},
    {"boolean: an empty text", "\"\"", DS_BOOL, NULL, "\"\" is not a boolean"},
    {"boolean: a word", "\"maybe\"", DS_BOOL, NULL, "\"maybe\" is not a boolean"},

    {"text: an integer", "42", DS_TEXT, "\"42\"", NULL},
    {"text: 1.10", "1.10", DS_TEXT, "\"1.10\"", NULL},
    {"text: a boolean", "false", DS_TEXT, "\"false\"", NULL},
    {"text: a date", "date:2026-01-31", DS_TEXT, "\"2026-01-31\"", NULL},
    {"text: a list", "[\"a\",\"b\"]", DS_TEXT, "\"a, b\"", NULL},
    {"text: an empty list", "[]", DS_TEXT, "\"\"", NULL},
    {"text: an object", "{\"a\":[1]}", DS_TEXT, "\"{\\\"a\\\":[1]}\"", NULL},

    {"list: a text", "\"a, b\"", DS_LIST, "[\"a, b\"]", NULL},
    {"list: an integer", "42", DS_LIST, "[\"42\"]", NULL},
    {"list: a list", "[\"a\",\"b\"]", DS_LIST, "[\"a\",\"b\"]", NULL},
    {"list: a mixed list", "[\"a\",1.10,true,{\"b\":1}]", DS_LIST,
     "[\"a\",\"1.10\",\"true\",\"{\\\"b\\\":1}\"]", NULL},
    {"list: nulls in a list are dropped", "[null,1,null]", DS_LIST, "[\"1\"]", NULL},
    {"list: an object", "{\"a\":1}", DS_LIST, "[\"{\\\"a\\\":1}\"]", NULL},

    {"datetime: RFC 3339", "\"2026-01-31T09:30:00Z\"", DS_DATETIME, "datetime:2026-01-31T09:30:00Z",
     NULL},
    {"datetime: a zone becomes UTC", "\"2026-01-31T01:30:00+02:00\"", DS_DATETIME,
     "datetime:2026-01-30T23:30:00Z", NULL},
    {"datetime: no zone is UTC", "\"2026-01-31 09:30\"", DS_DATETIME,
     "datetime:2026-01-31T09:30:00Z", NULL},
    {"datetime: nine digits of a fraction", "\"2026-01-31T09:30:00.123456789Z\"", DS_DATETIME,
     "datetime:2026-01-31T09:30:00.123456789Z", NULL},
    {"datetime: a fraction keeps its zeros", "\"2026-01-31T09:30:00.500000+01:00\"", DS_DATETIME,
     "datetime:2026-01-31T08:30:00.500000Z", NULL},
    {"datetime: more than nine digits are cut", "\"2026-01-31T09:30:00.1234567891234Z\"",
     DS_DATETIME, "datetime:2026-01-31T09:30:00.123456789Z", NULL},
    {"datetime: a fraction behind a comma", "\"2026-01-31T09:30:00,5Z\"", DS_DATETIME,
     "datetime:2026-01-31T09:30:00.5Z", NULL},
    {"datetime: a fraction before 1970", "\"1969-12-31T23:59:59.75Z\"", DS_DATETIME,
     "datetime:1969-12-31T23:59:59.75Z", NULL},
    {"datetime: a leap second", "\"2016-12-31T23:59:60Z\"", DS_DATETIME,
     "datetime:2017-01-01T00:00:00Z", NULL},
    {"datetime: a leap day", "\"2024-02-29\"", DS_DATETIME, "datetime:2024-02-29T00:00:00Z", NULL},
    {"datetime: no leap day", "\"2023-02-29\"", DS_DATETIME, NULL,
     "\"2023-02-29\" is not a datetime"},
    {"datetime: a date", "date:2026-01-31", DS_DATETIME, "datetime:2026-01-31T00:00:00Z", NULL},
    {"datetime: a date that is none", "date:soon", DS_DATETIME, NULL,
     "date \"soon\" is not a datetime"},
    {"datetime: Unix seconds", "1769851800", DS_DATETIME, "datetime:2026-01-31T09:30:00Z", NULL},
    {"datetime: Unix seconds in a text", "\"1769851800\"", DS_DATETIME,
     "datetime:2026-01-31T09:30:00Z", NULL},
    {"datetime: Unix milliseconds", "1769851800123", DS_DATETIME,
     "datetime:2026-01-31T09:30:00.123Z", NULL},
    {"datetime: Unix zero", "0", DS_DATETIME, "datetime:1970-01-01T00:00:00Z", NULL},
    {"datetime: Unix seconds before 1970", "-1", DS_DATETIME, "datetime:1969-12-31T23:59:59Z",
     NULL},
    {"datetime: the last of the seconds", "99999999999", DS_DATETIME,
     "datetime:5138-11-16T09:46:39Z", NULL},
    {"datetime: the first of the milliseconds", "100000000000", DS_DATETIME,
     "datetime:1973-03-03T09:46:40Z", NULL},
    {"datetime: seconds before year 1", "-62135596801", DS_DATETIME, NULL,
     "integer \"-62135596801\" is not a datetime"},
    {"datetime: year 1", "-62135596800", DS_DATETIME, "datetime:0001-01-01T00:00:00Z", NULL},
    {"datetime: milliseconds beyond 9999", "253402300800000", DS_DATETIME, NULL,
     "integer \"253402300800000\" is not a datetime"},
    {"datetime: the largest integer", "9223372036854775807", DS_DATETIME, NULL,
     "integer \"9223372036854775807\" is not a datetime"},
    {"datetime: the smallest integer", "-9223372036854775808", DS_DATETIME, NULL,
     "integer \"-9223372036854775808\" is not a datetime"},
    {"datetime: a zone that leads beyond 9999", "\"9999-12-31T23:59:59-01:00\"", DS_DATETIME, NULL,
     "\"9999-12-31T23:59:59-01:00\" is not a datetime"},
    {"datetime: a zone that leads before year 1", "\"0001-01-01T00:00:00+01:00\"", DS_DATETIME,
     NULL, "\"0001-01-01T00:00:00+01:00\" is not a datetime"},
    {"datetime: year 0", "\"0000-01-01\"", DS_DATETIME, NULL, "\"0000-01-01\" is not a datetime"},
    {"datetime: a few digits are no time", "\"20260131\"", DS_DATETIME, NULL,
     "\"20260131\" is not a datetime"},
    {"datetime: a number with a fraction", "1769851800.5", DS_DATETIME, NULL,
     "number \"1769851800.5\" is not a datetime"},
    {"datetime: a boolean", "true", DS_DATETIME, NULL, "boolean \"true\" is not a datetime"},
    {"datetime: an empty text", "\"\"", DS_DATETIME, NULL, "\"\" is not a datetime"},
    {"datetime: a word", "\"yesterday\"", DS_DATETIME, NULL, "\"yesterday\" is not a datetime"},

    {"date: a date", "\"2026-01-31\"", DS_DATE, "date:2026-01-31", NULL},
    {"date: the day as written, whatever the zone", "\"2026-01-31T01:30:00+02:00\"", DS_DATE,
     "date:2026-01-31", NULL},
    {"date: of a datetime", "datetime:2026-01-31T23:30:00Z", DS_DATE, "date:2026-01-31", NULL},
    {"date: of Unix seconds", "1769851800", DS_DATE, "date:2026-01-31", NULL},
    {"date: of Unix seconds in a text", "\"1769851800\"", DS_DATE, "date:2026-01-31", NULL},
    {"date: no such day", "\"2026-02-30\"", DS_DATE, NULL, "\"2026-02-30\" is not a date"},
    {"date: day first", "\"31.01.2026\"", DS_DATE, NULL, "\"31.01.2026\" is not a date"},
};

static void convert(void **state)
{
    const struct row *row = *state;
    ds_err err = DS_ERR_INIT;
    ds_value v = value_of(scratch, row->value), out;
    bool ok = ds_value_as(scratch, v, row->as, &out, &err);

    if (row->out) {
        if (!ok)
            fail_msg("%s", err.text);
        assert_string_equal(show_value(scratch, out), row->out);
        if (out.type >= DS_NUMBER && out.type != DS_LIST)
            assert_int_equal(strlen(out.as.text), out.n);
    } else {
        assert_false(ok);
        assert_int_equal(err.kind, DS_ERR_PERMANENT);
        assert_string_equal(err.text, row->error);
    }
}

static void what_has_the_type_already_stays(void **state)
{
    static const char *const values[] = {"absent",
                                         "null",
                                         "true",
                                         "1",
                                         "1.5",
                                         "\"x\"",
                                         "[\"x\"]",
                                         "date:2026-01-31",
                                         "datetime:2026-01-31T09:30:00Z",
                                         "{\"a\":1}"};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(values); i++) {
        ds_value v = value_of(scratch, values[i]), out;
        ds_err err = DS_ERR_INIT;

        assert_int_equal(v.type, i);
        assert_true(ds_value_as(scratch, v, v.type, &out, &err));
        assert_string_equal(show_value(scratch, out), values[i]);
        assert_true(ds_value_as(scratch, v, DS_ABSENT, &out, &err)); /* no wish, no change */
        assert_string_equal(show_value(scratch, out), values[i]);
    }
}

/* An error shows the beginning of a long value, whole characters only. */
static void a_long_value_is_shown_cut(void **state)
{
    static const char *const letters[] = {"x", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(letters); i++) {
        for (size_t before = 0; before < 4; before++) {
            DS_AUTO_BUF(text, 10000);
            ds_err err = DS_ERR_INIT;
            ds_value out;

            ds_buf_add(&text, "abc", before);
            for (int n = 0; n < 100; n++)
                ds_buf_text(&text, letters[i]);
            assert_false(ds_value_as(scratch, ds_text(text.data), DS_INT, &out, &err));
            assert_true(ds_utf8_ok(err.text, strlen(err.text)));
            assert_non_null(strstr(err.text, "...\" is not an integer"));
            assert_true(strlen(err.text) >= 77 + strlen("\"...\" is not an integer"));
            assert_true(strlen(err.text) <= 80 + strlen("\"...\" is not an integer"));
        }
    }
}

static void a_value_of_eighty_bytes_is_shown_whole(void **state)
{
    const char *text = ds_arena_printf(scratch, "%080d.", 0);
    ds_err err = DS_ERR_INIT;
    ds_value out;

    (void)state;
    assert_false(ds_value_as(scratch, ds_text(text + 1), DS_NUMBER, &out, &err));
    assert_string_equal(err.text, ds_arena_printf(scratch, "\"%s\" is not a number", text + 1));
    assert_false(ds_value_as(scratch, ds_text(text), DS_NUMBER, &out, &err));
    assert_string_equal(err.text, ds_arena_printf(scratch, "\"%.80s...\" is not a number", text));
}

/* Every value to every type: what comes out has the type asked for, and converts to itself. */
static void what_comes_out_has_the_type_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        for (int type = DS_BOOL; type < DS_NESTED; type++) {
            ds_err err = DS_ERR_INIT;
            ds_value v = value_of(scratch, rows[i].value), out, again;

            if (!ds_value_as(scratch, v, (ds_type)type, &out, &err) || v.type <= DS_NULL)
                continue;
            if (out.type != (ds_type)type && !(type == DS_NUMBER && out.type == DS_INT))
                fail_msg("%s as %s", rows[i].value, ds_type_name((ds_type)type));
            assert_true(ds_value_as(scratch, out, (ds_type)type, &again, &err));
            assert_true(ds_value_same(out, again));
        }
    }
}

int main(void)
{
    add_table(rows, convert);
    add_test(what_has_the_type_already_stays);
    add_test(a_long_value_is_shown_cut);
    add_test(a_value_of_eighty_bytes_is_shown_whole);
    add_test(what_comes_out_has_the_type_asked_for);
    return run_tests("conversion");
}
