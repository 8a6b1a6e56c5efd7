/* tests/unit/test_same.c
 *
 * Whether two values mean the same.  What a destination keeps in a type of its own must compare
 * equal when it is read back: else a row would be written in every pass.
 */
#include "support/run.h"
#include "support/values.h"

#include <string.h>

static const struct row {
    const char *name;
    const char *a, *b;
    bool same;
} rows[] = {
    {"null and absent", "null", "absent", true},
    {"null and an empty text", "null", "\"\"", false},
    {"null and zero", "null", "0", false},
    {"absent and false", "absent", "false", false},
    {"null and an empty list", "null", "[]", false},

    {"integers", "5", "5", true},
    {"other integers", "5", "6", false},
    {"integers beyond 2^53", "9007199254740993", "9007199254740992", false},
    {"5 and 5.0", "5", "5.0", true},
    {"5 and 5e0", "5", "5e0", true},
    {"1.10 and 1.1", "1.10", "1.1", true},
    {"1.10 and 1.01", "1.10", "1.01", false},
    {"100 and 1e2", "100", "1e2", true},
    {"100 and 1E+2", "100", "1E+2", true},
    {"0.05 and 5e-2", "0.05", "5e-2", true},
    {"0.05 and 0.5", "0.05", "0.5", false},
    {"12.34 and 1234e-2", "12.34", "1234e-2", true},
    {"1234 and 12.34e2", "1234", "12.34e2", true},
    {"0.001 and 1e-3", "0.001", "1e-3", true},
    {"1000.5 and 1.0005e3", "1000.5", "1.0005e3", true},
    {"0 and -0", "0", "-0", true},
    {"0 and 0.000", "0", "0.000", true},
    {"0 and 0e10", "0", "0e10", true},
    {"0 and 1e-400", "0", "1e-400", false},
    {"1 and -1", "1", "-1", false},
    {"1.5 and -1.5", "1.5", "-1.5", false},
    {"1e400 and 1e401", "1e400", "1e401", false},
    {"1e400 and 10e399", "1e400", "10e399", true},
    {"2^64 and 2^64", "18446744073709551616", "18446744073709551616.0", true},
    {"2^64 and 2^64+1", "18446744073709551616", "18446744073709551617", false},
    {"a tenth and a double's tenth", "0.1", "0.1000000000000000055511151231257827", false},
    {"exponents that just fit", "1e99999999999", "10e99999999998", true},
    {"exponents beyond measure are compared as written", "1e9223372036854775807",
     "1e9223372036854775807", true},
    {"exponents beyond measure that differ", "1e99999999999999999999", "1e99999999999999999998",
     false},
    {"negative exponents beyond measure", "-1.5e-9223372036854775808", "-1.5e-9223372036854775809",
     false},

    {"a number and the text that spells it", "1.10", "\"1.10\"", true},
    {"a number and a text of its value", "1.10", "\"1.1\"", true},
    {"an integer and a text", "5", "\"5\"", true},
    {"an integer and a text of 5.0", "5", "\"5.0\"", true},
    {"an integer and a text that is no number", "5", "\"05\"", false},
    {"an integer and a text with a space", "5", "\"5 \"", false},
    {"an integer and an empty text", "0", "\"\"", false},
    {"texts of one number are texts", "\"5\"", "\"5.0\"", false},

    {"true and 1", "true", "1", true},
    {"true and 1.0", "true", "1.0", true},
    {"false and 0", "false", "0", true},
    {"true and 2", "true", "2", false},
    {"true and \"true\"", "true", "\"true\"", true},
    {"true and \"1\"", "true", "\"1\"", true},
    {"true and \"True\"", "true", "\"True\"", false},
    {"true and \"yes\"", "true", "\"yes\"", false},
    {"true and false", "true", "false", false},
    {"false and \"true\"", "false", "\"true\"", false},
    {"false and an empty text", "false", "\"\"", false},

    {"texts", "\"a\"", "\"a\"", true},
    {"texts of other case", "\"a\"", "\"A\"", false},
    {"a text and its beginning", "\"ab\"", "\"a\"", false},
    {"a text and a longer one", "\"a\"", "\"ab\"", false},
    {"a date and its text", "date:2026-01-31", "\"2026-01-31\"", true},
    {"a datetime and its text", "datetime:2026-01-31T09:30:00Z", "\"2026-01-31T09:30:00Z\"", true},
    {"a date and its midnight", "date:2026-01-31", "datetime:2026-01-31T00:00:00Z", false},

    {"lists", "[\"a\",\"b\"]", "[\"a\",\"b\"]", true},
    {"lists in another order", "[\"a\",\"b\"]", "[\"b\",\"a\"]", false},
    {"a list and a shorter one", "[\"a\",\"b\"]", "[\"a\"]", false},
    {"lists that join to the same text", "[\"a, b\"]", "[\"a\",\"b\"]", false},
    {"an empty list and one of an empty text", "[]", "[\"\"]", false},
    {"a list and its JSON", "[\"a\",\"\xC3\xA9\"]", "\"[\\\"a\\\",\\\"\xC3\xA9\\\"]\"", true},
    {"a list and its joined text", "[\"a\",\"b\"]", "\"a, b\"", false},
    {"a list of one and its text", "[\"a\"]", "\"a\"", false},
    {"a list of one number and the number", "[\"1\"]", "1", false},
    {"a list of one truth and true", "[\"true\"]", "true", false},
    {"objects", "{\"a\":1}", "{\"a\": 1}", true},
    {"objects in another order", "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", false},
    {"an object and its JSON", "{\"a\":[1.10]}", "\"{\\\"a\\\":[1.10]}\"", true},
    {"a nested list and its JSON", "[1,9007199254740993]", "\"[1,9007199254740993]\"", true},
    {"a nested list and a list", "[1]", "[\"1\"]", false},
};

static void same(void **state)
{
    const struct row *row = *state;
    ds_value a = value_of(scratch, row->a), b = value_of(scratch, row->b);

    assert_int_equal(ds_value_same(a, b), row->same);
    assert_int_equal(ds_value_same(b, a), row->same);
}

/* ---- brute force ----------------------------------------------------------------------------- */

#define VALUES (2 * DS_COUNT(rows))

static ds_value value_at(size_t i)
{
    return value_of(scratch, i % 2 ? rows[i / 2].b : rows[i / 2].a);
}

static bool is_number(ds_value v)
{
    return v.type == DS_INT || v.type == DS_NUMBER || v.type == DS_BOOL;
}

/* A text stands for a number by its value, yet texts are compared byte for byte: so two spellings
 * of a number ("5", "5.0"), or a word and a digit ("true", 1), may share a neighbour without being
 * the same. Nothing else may. */
static bool may_part(ds_value a, ds_value between, ds_value c)
{
    return is_number(between) && (!is_number(a) || !is_number(c));
}

static void the_same_as_itself_both_ways_and_along_a_chain(void **state)
{
    static ds_value values[VALUES];
    static bool is_same[VALUES][VALUES];

    (void)state;
    for (size_t i = 0; i < VALUES; i++)
        values[i] = value_at(i);
    for (size_t i = 0; i < VALUES; i++)
        for (size_t j = 0; j < VALUES; j++)
            is_same[i][j] = ds_value_same(values[i], values[j]);
    for (size_t i = 0; i < VALUES; i++) {
        assert_true(is_same[i][i]);
        for (size_t j = 0; j < VALUES; j++) {
            assert_int_equal(is_same[i][j], is_same[j][i]);
            for (size_t k = 0; is_same[i][j] && k < VALUES; k++) {
                if (is_same[j][k] && !is_same[i][k] && !may_part(values[i], values[j], values[k]))
                    fail_msg("%s, %s, %s", show_value(scratch, values[i]),
                             show_value(scratch, values[j]), show_value(scratch, values[k]));
            }
        }
    }
}

/* One number in several spellings, beside all others in theirs. */
static const char *spelled(int hundredths, int form)
{
    int whole = hundredths / 100, rest = hundredths % 100;

    switch (form) {
    case 0:
        return ds_arena_printf(scratch, "%d.%02d", whole, rest);
    case 1:
        return ds_arena_printf(scratch, "%d.%02d000", whole, rest);
    case 2:
        return ds_arena_printf(scratch, "%d.%02dE+00", whole, rest);
    case 3:
        return ds_arena_printf(scratch, "%de-2", hundredths);
    case 4:
        return ds_arena_printf(scratch, "0.00%03de3", hundredths);
    default:
        return ds_arena_printf(scratch, "%d.00e-2", hundredths);
    }
}

static void numbers_are_the_same_by_value(void **state)
{
    (void)state;
    for (int a = 0; a < 300; a += 7) {
        for (int b = 0; b < 300; b += 10) {
            for (int form = 0; form < 6; form++) {
                const char *x = spelled(a, a % 6), *y = spelled(b, form);

                if (ds_value_same(value_of(scratch, x), value_of(scratch, y)) != (a == b))
                    fail_msg("%s and %s", x, y);
            }
        }
    }
}

int main(void)
{
    add_table(rows, same);
    add_test(the_same_as_itself_both_ways_and_along_a_chain);
    add_test(numbers_are_the_same_by_value);
    return run_tests("same");
}
