/* tests/unit/test_time.c - RFC 3339 and its relatives, against the C library's calendar. */
#include "base/text.h"
#include "support/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOT INT64_MIN
#define T0 INT64_C(1769851800000) /* 2026-01-31T09:30:00Z */

static const struct row {
    const char *name;
    const char *text;
    int64_t ms; /* NOT: refused */
} rows[] = {
    {"RFC 3339", "2026-01-31T09:30:00Z", T0},
    {"small letters", "2026-01-31t09:30:00z", T0},
    {"a space between date and time", "2026-01-31 09:30:00Z", T0},
    {"no zone is UTC", "2026-01-31T09:30:00", T0},
    {"no seconds", "2026-01-31 09:30", T0},
    {"no seconds but a zone", "2026-01-31T10:30+01:00", T0},
    {"a date alone", "2026-01-31", T0 - 9 * DS_HOUR_MS - 30 * DS_MINUTE_MS},
    {"a zone to the east", "2026-01-31T11:30:00+02:00", T0},
    {"a zone to the west", "2026-01-31T04:00:00-05:30", T0},
    {"a zone without colon", "2026-01-31T11:30:00+0200", T0},
    {"a zone of hours alone", "2026-01-31 11:30:00+02", T0},
    {"a zone behind a space", "2026-01-31 11:30:00 +0200", T0},
    {"a zone that is unknown", "2026-01-31T09:30:00-00:00", T0},
    {"a zone that moves the day", "2026-02-01T08:30:00+23:00", T0},
    {"the widest zone", "2026-02-01T09:29:00+23:59", T0},
    {"milliseconds", "2026-01-31T09:30:00.123Z", T0 + 123},
    {"one digit of a fraction", "2026-01-31T09:30:00.5Z", T0 + 500},
    {"nine digits of a fraction", "2026-01-31T09:30:00.123456789Z", T0 + 123},
    {"a fraction without end", "2026-01-31T09:30:00.9999999999999999999999999999999Z", T0 + 999},
    {"a fraction behind a comma", "2026-01-31T09:30:00,25Z", T0 + 250},
    {"a leap second is the next second", "2016-12-31T23:59:60Z", INT64_C(1483228800000)},
    {"29 February of a leap year", "2024-02-29", INT64_C(1709164800000)},
    {"29 February of a year of four hundreds", "2000-02-29", INT64_C(951782400000)},
    {"29 February of a common year", "2023-02-29", NOT},
    {"29 February of a year of hundreds", "1900-02-29", NOT},
    {"30 February", "2024-02-30", NOT},
    {"31 April", "2024-04-31", NOT},
    {"31 December", "2024-12-31", INT64_C(1735603200000)},
    {"the last moment of 9999", "9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    {"the first moment of year 1", "0001-01-01T00:00:00Z", -INT64_C(62135596800000)},
    {"a zone that leads beyond 9999", "9999-12-31T23:59:59-00:01", NOT},
    {"a leap second that leads beyond 9999", "9999-12-31T23:59:60Z", NOT},
    {"a zone that leads before year 0", "0000-01-01T00:00:00+00:01", NOT},
    {"the first moment of year 0", "0000-01-01T00:00:00Z", -INT64_C(62167219200000)},
    {"before 1970", "1969-12-31T23:59:59.999Z", -1},
    {"1970", "1970-01-01T00:00:00Z", 0},
    {"month 0", "2026-00-10", NOT},
    {"month 13", "2026-13-10", NOT},
    {"day 0", "2026-01-00", NOT},
    {"day 32", "2026-01-32", NOT},
    {"hour 24", "2026-01-31T24:00:00Z", NOT},
    {"minute 60", "2026-01-31T09:60:00Z", NOT},
    {"second 61", "2026-01-31T09:30:61Z", NOT},
    {"a zone of 24 hours", "2026-01-31T09:30:00+24:00", NOT},
    {"a zone of 60 minutes", "2026-01-31T09:30:00+01:60", NOT},
    {"a zone cut in its hours", "2026-01-31T09:30:00+0", NOT},
    {"a zone cut behind its colon", "2026-01-31T09:30:00+02:", NOT},
    {"a zone cut in its minutes", "2026-01-31T09:30:00+02:0", NOT},
    {"a zone without digits", "2026-01-31T09:30:00+", NOT},
    {"a zone by name", "2026-01-31T09:30:00 CET", NOT},
    {"a zone and something", "2026-01-31T09:30:00Zx", NOT},
    {"a space behind", "2026-01-31T09:30:00 ", NOT},
    {"a space behind the zone", "2026-01-31T09:30:00Z ", NOT},
    {"a space before", " 2026-01-31", NOT},
    {"a T and no time", "2026-01-31T", NOT},
    {"hours alone", "2026-01-31T09", NOT},
    {"a minute of one digit", "2026-01-31T09:3", NOT},
    {"a second of one digit", "2026-01-31T09:30:0", NOT},
    {"a point and no fraction", "2026-01-31T09:30:00.Z", NOT},
    {"a date and a zone", "2026-01-31Z", NOT},
    {"a year of two digits", "26-01-31", NOT},
    {"a year of five digits", "12026-01-31", NOT},
    {"a negative year", "-2026-01-31", NOT},
    {"no dashes", "20260131", NOT},
    {"slashes", "2026/01/31", NOT},
    {"day first", "31.01.2026", NOT},
    {"a month by name", "31 Jan 2026", NOT},
    {"a date cut behind its month", "2026-01", NOT},
    {"a date cut behind its dash", "2026-01-", NOT},
    {"a day of one digit", "2026-01-3", NOT},
    {"a sign within", "2026-+1-31", NOT},
    {"a space within", "2026- 1-31", NOT},
    {"nothing", "", NOT},
    {"words", "yesterday", NOT},
};

static void parse(void **state)
{
    const struct row *row = *state;
    int64_t ms = 12345;

    assert_int_equal(ds_parse_time(row->text, &ms), row->ms != NOT);
    assert_int_equal(ms, row->ms != NOT ? row->ms : 12345);
}

/* A text cut anywhere is refused or a date by itself, and never read past its end. */
static void cut_anywhere(void **state)
{
    const char *whole = "2026-01-31T09:30:00.123456789+02:00";

    (void)state;
    for (size_t n = 0; n <= strlen(whole); n++) {
        char *part = ds_strdup(whole); /* of its own size, so that a sanitizer sees its end */
        int64_t ms;
        bool ok,
            expected = n == 10 || n == 16 || n == 19 || (n >= 21 && n <= 29) || n == 32 || n == 35;

        part = ds_realloc(part, n + 1, 1);
        part[n] = '\0';
        ok = ds_parse_time(part, &ms);
        free(part);
        if (ok != expected)
            fail_msg("cut at %zu", n);
    }
}

static const struct text_row {
    const char *name;
    int64_t ms;
    bool offset_form;
    const char *text;
} texts[] = {
    {"written: whole seconds", T0, false, "2026-01-31T09:30:00Z"},
    {"written: milliseconds", T0 + 7, false, "2026-01-31T09:30:00.007Z"},
    {"written: with an offset", T0 + 120, true, "2026-01-31T09:30:00.120+00:00"},
    {"written: 1970", 0, false, "1970-01-01T00:00:00Z"},
    {"written: just before 1970", -1, false, "1969-12-31T23:59:59.999Z"},
    {"written: a day before 1970", -DS_DAY_MS, false, "1969-12-31T00:00:00Z"},
    {"written: year 1", -INT64_C(62135596800000), false, "0001-01-01T00:00:00Z"},
    {"written: the end of 9999", INT64_C(253402300799999), false, "9999-12-31T23:59:59.999Z"},
};

static void write(void **state)
{
    const struct text_row *row = *state;

    assert_string_equal(ds_time_text(scratch, row->ms, row->offset_form), row->text);
}

static void the_farthest_times_can_be_written(void **state)
{
    (void)state;
    assert_string_equal(ds_time_text(scratch, INT64_MAX, false), "292278994-08-17T07:12:55.807Z");
    assert_non_null(ds_time_text(scratch, INT64_MIN, false));
}

/* Every 11th day of ten thousand years, at changing times of the day, as the C library has it. */
static void agrees_with_the_c_library(void **state)
{
    const int64_t end = INT64_C(253402300800000);

    (void)state;
    for (int64_t ms = -INT64_C(62135596800000); ms < end; ms += 11 * DS_DAY_MS + 3723045) {
        time_t seconds = (time_t)((ms - ((ms % 1000) + 1000) % 1000) / 1000);
        struct tm tm;
        char expected[40];
        int64_t again;

        gmtime_r(&seconds, &tm);
        snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        const char *text = ds_time_text(scratch, ms, false);
        if (strncmp(text, expected, 19) != 0)
            fail_msg("%s, expected %s", text, expected);
        assert_true(ds_parse_time(text, &again));
        assert_int_equal(again, ms);
    }
}

int main(void)
{
    add_table(rows, parse);
    add_test(cut_anywhere);
    add_table(texts, write);
    add_test(the_farthest_times_can_be_written);
    add_test(agrees_with_the_c_library);
    return run_tests("time");
}
