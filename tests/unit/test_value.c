/* tests/unit/test_value.c - making neutral values, and reading them as text. */
#include "support/run.h"
#include "support/values.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers by their text ------------------------------------------------------------------- */

static const struct number_row {
    const char *name;
    const char *text;
    ds_type type;
    int64_t integer;
} numbers[] = {
    {"number: zero", "0", DS_INT, 0},
    {"number: negative", "-17", DS_INT, -17},
    {"number: eighteen digits", "999999999999999999", DS_INT, 999999999999999999},
    {"number: nineteen digits", "1000000000000000000", DS_INT, 1000000000000000000},
    {"number: 2^53+1", "9007199254740993", DS_INT, 9007199254740993},
    {"number: the largest of 64 bits", "9223372036854775807", DS_INT, INT64_MAX},
    {"number: 2^63", "9223372036854775808", DS_NUMBER, 0},
    {"number: the smallest of 64 bits", "-9223372036854775808", DS_INT, INT64_MIN},
    {"number: one less", "-9223372036854775809", DS_NUMBER, 0},
    {"number: 2^64", "18446744073709551616", DS_NUMBER, 0},
    {"number: minus zero keeps its sign", "-0", DS_NUMBER, 0},
    {"number: 1.10 keeps its zero", "1.10", DS_NUMBER, 0},
    {"number: 5.0 keeps its point", "5.0", DS_NUMBER, 0},
    {"number: 1e400", "1e400", DS_NUMBER, 0},
    {"number: 01 is a text", "01", DS_TEXT, 0},
    {"number: -01 is a text", "-01", DS_TEXT, 0},
    {"number: a sign is a text", "-", DS_TEXT, 0},
    {"number: nothing is a text", "", DS_TEXT, 0},
    {"number: NaN is a text", "NaN", DS_TEXT, 0},
    {"number: inf is a text", "-inf", DS_TEXT, 0},
    {"number: digits and a letter are a text", "12a", DS_TEXT, 0},
    {"number: a space is a text", "1 ", DS_TEXT, 0},
};

static void number(void **state)
{
    const struct number_row *row = *state;
    ds_value v = ds_number(row->text, strlen(row->text));

    assert_int_equal(v.type, row->type);
    if (v.type == DS_INT) {
        assert_int_equal(v.as.integer, row->integer);
    } else {
        assert_ptr_equal(v.as.text, row->text);
        assert_int_equal(v.n, strlen(row->text));
    }
    assert_string_equal(ds_value_text(scratch, v), row->text);
}

static const struct real_row {
    const char *name;
    double real;
    const char *text; /* NULL: null */
} reals[] = {
    {"real: a whole one stays real", 5, "5.0"},
    {"real: zero", 0, "0.0"},
    {"real: minus zero", -0.0, "-0.0"},
    {"real: a tenth is not seventeen digits", 0.1, "0.1"},
    {"real: a sum that is not three tenths", 0.1 + 0.2, "0.30000000000000004"},
    {"real: a third", 1.0 / 3, "0.3333333333333333"},
    {"real: 2^53", 9007199254740992.0, "9007199254740992.0"},
    {"real: large", 1e300, "1e+300"},
    {"real: the largest", DBL_MAX, "1.7976931348623157e+308"},
    {"real: the smallest", 4.9406564584124654e-324, "4.94065645841247e-324"},
    {"real: NaN is null", NAN, NULL},
    {"real: infinity is null", INFINITY, NULL},
    {"real: minus infinity is null", -INFINITY, NULL},
};

static void real(void **state)
{
    const struct real_row *row = *state;
    ds_value v = ds_real(scratch, row->real);

    if (!row->text) {
        assert_int_equal(v.type, DS_NULL);
        return;
    }
    assert_int_equal(v.type, DS_NUMBER);
    assert_string_equal(v.as.text, row->text);
    assert_int_equal(v.n, strlen(row->text));
    assert_true(strtod(v.as.text, NULL) == row->real);
}

static void reals_read_back_as_they_were(void **state)
{
    uint64_t bits = 88172645463325252u;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        double real, again;

        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        memcpy(&real, &bits, sizeof(real));
        if (!isfinite(real))
            continue;
        again = strtod(ds_real(scratch, real).as.text, NULL);
        assert_memory_equal(&again, &real, sizeof(real));
    }
}

/* ---- from JSON, and as text ------------------------------------------------------------------ */

static const struct json_row {
    const char *name;
    const char *json;
    ds_type type;
    const char *text; /* NULL: none */
} from_json[] = {
    {"JSON: null", "null", DS_NULL, NULL},
    {"JSON: true", "true", DS_BOOL, "true"},
    {"JSON: false", "false", DS_BOOL, "false"},
    {"JSON: an integer", "12", DS_INT, "12"},
    {"JSON: a number", "1.10", DS_NUMBER, "1.10"},
    {"JSON: a text", "\"a b\"", DS_TEXT, "a b"},
    {"JSON: an empty text is no null", "\"\"", DS_TEXT, ""},
    {"JSON: a text that looks like a date stays text", "\"2026-01-31\"", DS_TEXT, "2026-01-31"},
    {"JSON: a list of texts", "[\"a\", \"\", \"b\"]", DS_LIST, "a, , b"},
    {"JSON: a list of one", "[\"a\"]", DS_LIST, "a"},
    {"JSON: an empty list", "[]", DS_LIST, ""},
    {"JSON: a mixed list stays nested", "[\"a\", 1]", DS_NESTED, "[\"a\",1]"},
    {"JSON: a list of numbers stays nested", "[1, 2.50]", DS_NESTED, "[1,2.50]"},
    {"JSON: a null in a list keeps it nested", "[\"a\", null]", DS_NESTED, "[\"a\",null]"},
    {"JSON: a list of lists", "[[\"a\"]]", DS_NESTED, "[[\"a\"]]"},
    {"JSON: an object", "{\"b\": 1, \"a\": [true]}", DS_NESTED, "{\"b\":1,\"a\":[true]}"},
    {"JSON: large integers within stay numbers", "[9007199254740993]", DS_NESTED,
     "[9007199254740993]"},
};

static void json_value(void **state)
{
    const struct json_row *row = *state;
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(scratch, row->json, strlen(row->json), &err);
    ds_value v = ds_from_json(scratch, json);
    const char *text = ds_value_text(scratch, v);

    assert_non_null(json);
    assert_int_equal(v.type, row->type);
    assert_int_equal(text != NULL, row->text != NULL);
    if (text)
        assert_string_equal(text, row->text);
    assert_int_equal(ds_from_json(scratch, NULL).type, DS_NULL);
}

static void a_list_keeps_its_entries(void **state)
{
    ds_value v = value_of(scratch, "[\"a\", \"caf\xC3\xA9\", \"\"]");

    (void)state;
    assert_int_equal(v.n, 3);
    assert_string_equal(v.as.list[0], "a");
    assert_string_equal(v.as.list[1], "caf\xC3\xA9");
    assert_string_equal(v.as.list[2], "");
}

static void values_by_hand(void **state)
{
    (void)state;
    assert_int_equal(ds_text(NULL).type, DS_NULL);
    assert_int_equal(ds_text_n(NULL, 0).type, DS_NULL);
    assert_int_equal(ds_number(NULL, 0).type, DS_NULL);
    assert_int_equal(ds_date(NULL).type, DS_NULL);
    assert_int_equal(ds_datetime(NULL).type, DS_NULL);
    assert_int_equal(DS_VALUE_ABSENT.type, DS_ABSENT);
    assert_string_equal(show_value(scratch, DS_VALUE_NULL), "null");
    assert_string_equal(show_value(scratch, ds_text("x")), "\"x\"");
    assert_string_equal(show_value(scratch, ds_bool(true)), "true");
    assert_string_equal(show_value(scratch, ds_int(INT64_MIN)), "-9223372036854775808");
    assert_string_equal(show_value(scratch, ds_date("2026-01-31")), "date:2026-01-31");
    assert_string_equal(show_value(scratch, ds_datetime_ms(scratch, 1500)),
                        "datetime:1970-01-01T00:00:01.500Z");
    assert_null(ds_value_text(scratch, DS_VALUE_ABSENT));
    assert_null(ds_value_text(scratch, DS_VALUE_NULL));
    assert_string_equal(ds_value_text(scratch, ds_datetime("x")), "x");
}

static void types_have_names_of_their_own(void **state)
{
    (void)state;
    for (int a = DS_ABSENT; a <= DS_NESTED; a++)
        for (int b = DS_ABSENT; b < a; b++)
            assert_string_not_equal(ds_type_name((ds_type)a), ds_type_name((ds_type)b));
    assert_string_equal(ds_type_name(DS_INT), "integer");
    assert_string_equal(ds_type_name(DS_NESTED), "nested");
}

int main(void)
{
    add_table(numbers, number);
    add_table(reals, real);
    add_test(reals_read_back_as_they_were);
    add_table(from_json, json_value);
    add_test(a_list_keeps_its_entries);
    add_test(values_by_hand);
    add_test(types_have_names_of_their_own);
    return run_tests("values");
}
