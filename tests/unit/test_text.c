/* tests/unit/test_text.c - numbers, durations, the nearest name. */
#include "base/text.h"
#include "support/run.h"

#include <string.h>

/* ---- integers -------------------------------------------------------------------------------- */

static const struct int_row {
    const char *name;
    const char *text;
    bool ok;
    int64_t number;
} ints[] = {
    {"integer: zero", "0", true, 0},
    {"integer: minus zero is zero", "-0", true, 0},
    {"integer: a negative one", "-42", true, -42},
    {"integer: leading zeros", "007", true, 7},
    {"integer: the largest", "9223372036854775807", true, INT64_MAX},
    {"integer: 2^63 is too large", "9223372036854775808", false, 0},
    {"integer: the smallest", "-9223372036854775808", true, INT64_MIN},
    {"integer: one below the smallest", "-9223372036854775809", false, 0},
    {"integer: 2^64", "18446744073709551616", false, 0},
    {"integer: a thousand digits are too many",
     "1"
     "0000000000000000000000000000000000000",
     false, 0},
    {"integer: nothing", "", false, 0},
    {"integer: a sign alone", "-", false, 0},
    {"integer: two signs", "--1", false, 0},
    {"integer: a plus", "+1", false, 0},
    {"integer: a space before", " 1", false, 0},
    {"integer: a space behind", "1 ", false, 0},
    {"integer: a space behind the sign", "- 1", false, 0},
    {"integer: a fraction", "1.0", false, 0},
    {"integer: an exponent", "1e3", false, 0},
    {"integer: hexadecimal", "0x10", false, 0},
    {"integer: other digits", "\xD9\xA1", false, 0},
};

static void parse_int(void **state)
{
    const struct int_row *row = *state;
    int64_t number = 12345;

    assert_int_equal(ds_parse_int(row->text, &number), row->ok);
    assert_int_equal(number, row->ok ? row->number : 12345); /* untouched where it is none */
}

/* ---- JSON's numbers -------------------------------------------------------------------------- */

static const struct number_row {
    const char *name;
    const char *text;
    bool ok;
} numbers[] = {
    {"number: zero", "0", true},
    {"number: minus zero", "-0", true},
    {"number: 1.10", "1.10", true},
    {"number: far beyond a double", "1e400", true},
    {"number: 2^64", "18446744073709551616", true},
    {"number: all its parts", "-12.5e+10", true},
    {"number: a small e", "1e-5", true},
    {"number: a large E", "1E5", true},
    {"number: a zero exponent", "1e00", true},
    {"number: 0.0", "0.0", true},
    {"number: 01", "01", false},
    {"number: -01", "-01", false},
    {"number: 00", "00", false},
    {"number: a plus", "+1", false},
    {"number: no whole part", ".5", false},
    {"number: no fraction behind the point", "1.", false},
    {"number: a point before the exponent", "1.e5", false},
    {"number: no exponent behind the e", "1e", false},
    {"number: a sign for an exponent", "1e+", false},
    {"number: two points", "1.2.3", false},
    {"number: two exponents", "1e2e3", false},
    {"number: a sign alone", "-", false},
    {"number: nothing", "", false},
    {"number: NaN", "NaN", false},
    {"number: Infinity", "Infinity", false},
    {"number: -inf", "-inf", false},
    {"number: hexadecimal", "0x1", false},
    {"number: a space behind", "1 ", false},
    {"number: a comma", "1,5", false},
};

static void is_number(void **state)
{
    const struct number_row *row = *state;
    size_t n = strlen(row->text);

    assert_int_equal(ds_is_number(row->text, n), row->ok);
    assert_int_equal(ds_is_number(ds_arena_printf(scratch, "%sx", row->text), n), row->ok);
    assert_false(ds_is_number(row->text, n + 1)); /* with its NUL */
}

/* ---- durations ------------------------------------------------------------------------------- */

static const struct duration_row {
    const char *name;
    const char *text;
    int64_t ms;        /* -1: none */
    const char *shown; /* NULL: as written */
} durations[] = {
    {"duration: seconds", "45s", 45000, NULL},
    {"duration: minutes", "15m", 900000, NULL},
    {"duration: hours", "12h", 43200000, NULL},
    {"duration: days", "1d", 86400000, NULL},
    {"duration: weeks are shown as days", "2w", 1209600000, "14d"},
    {"duration: milliseconds", "500ms", 500, NULL},
    {"duration: parts add up", "1h30m", 5400000, NULL},
    {"duration: ninety seconds", "90s", 90000, "1m30s"},
    {"duration: all parts", "1d2h3m4s5ms", 93784005, NULL},
    {"duration: nothing at all", "0s", 0, NULL},
    {"duration: zero milliseconds", "0ms", 0, "0s"},
    {"duration: leading zeros", "007s", 7000, "7s"},
    {"duration: the same unit twice", "1m1m", 120000, "2m"},
    {"duration: the largest", "9223372036854ms", 9223372036854, "106751d23h47m16s854ms"},
    {"duration: too large for 64 bits", "99999999999999w", -1, NULL},
    {"duration: a sum too large for 64 bits", "106751991167d106751991167d", -1, NULL},
    {"duration: sixteen digits", "1000000000000000s", -1, NULL},
    {"duration: an empty text", "", -1, NULL},
    {"duration: no unit", "15", -1, NULL},
    {"duration: no number", "m", -1, NULL},
    {"duration: an unknown unit", "15x", -1, NULL},
    {"duration: a unit in full", "15min", -1, NULL},
    {"duration: capital letters", "15M", -1, NULL},
    {"duration: a space between", "15 m", -1, NULL},
    {"duration: a space behind", "15m ", -1, NULL},
    {"duration: negative", "-15m", -1, NULL},
    {"duration: a fraction", "1.5h", -1, NULL},
    {"duration: a second part without unit", "1h30", -1, NULL},
};

static void duration(void **state)
{
    const struct duration_row *row = *state;
    int64_t ms = 12345;

    assert_int_equal(ds_parse_duration(row->text, &ms), row->ms >= 0);
    assert_int_equal(ms, row->ms >= 0 ? row->ms : 12345);
    if (row->ms >= 0)
        assert_string_equal(ds_duration_text(scratch, ms), row->shown ? row->shown : row->text);
}

static void durations_read_back_as_written(void **state)
{
    (void)state;
    assert_string_equal(ds_duration_text(scratch, -5), "0s");
    for (int64_t ms = 1; ms > 0 && ms < INT64_MAX / 4; ms = ms * 3 + 7) {
        int64_t again = -1;

        assert_true(ds_parse_duration(ds_duration_text(scratch, ms), &again));
        assert_int_equal(again, ms);
    }
}

/* ---- nearest --------------------------------------------------------------------------------- */

static const char *const known[] = {"source", "destination", "every", "fields", NULL, "on", "url"};

static const struct near_row {
    const char *name;
    const char *written, *meant;
} nears[] = {
    {"nearest: a letter dropped", "sorce", "source"},
    {"nearest: a letter added", "fieldss", "fields"},
    {"nearest: a letter changed", "evary", "every"},
    {"nearest: two letters swapped", "fiedls", "fields"},
    {"nearest: swapped letters of another case", "URL", "url"},
    {"nearest: swapped and of another case count once", "UlR", "url"},
    {"nearest: several in a long one", "destniaton", "destination"},
    {"nearest: the name itself", "every", "every"},
    {"nearest: too far away", "wildcard", NULL},
    {"nearest: nothing in common", "zz", NULL},
    {"nearest: a single letter is no hint", "x", NULL},
    {"nearest: no letters at all", "", NULL},
    {"nearest: one of two letters", "in", "on"},
    {"nearest: half a swap is none", "xo", NULL},
    {"nearest: two of four letters", "eray", NULL},
};

static void nearest(void **state)
{
    const struct near_row *row = *state;
    const char *found = ds_nearest(row->written, known, DS_COUNT(known));

    if (row->meant) {
        assert_non_null(found);
        assert_string_equal(found, row->meant);
    } else {
        assert_null(found);
    }
}

static void names_beyond_measure_are_far_away(void **state)
{
    char longest[65], longer[66];
    const char *const names[] = {longest, longer};

    (void)state;
    memset(longest, 'x', 64);
    longest[64] = '\0';
    memset(longer, 'x', 65);
    longer[65] = '\0';
    assert_ptr_equal(ds_nearest(longest, names, 2), longest);
    assert_null(ds_nearest(longer, names, 2));
    assert_null(ds_nearest("a", NULL, 0));
    assert_null(ds_nearest("a", &(const char *){"b"}, 1)); /* no letter of it is right */
}

int main(void)
{
    add_table(ints, parse_int);
    add_table(numbers, is_number);
    add_table(durations, duration);
    add_test(durations_read_back_as_written);
    add_table(nears, nearest);
    add_test(names_beyond_measure_are_far_away);
    return run_tests("text");
}
