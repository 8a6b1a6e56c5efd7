/* tests/unit/test_cron.c - cron expressions: what they say, what is none, and when they come. */
#include "zone_fixture.h"

#include <stdlib.h>

static ds_cron cron_of(const char *text)
{
    ds_err err = DS_ERR_INIT;
    ds_cron cron;

    if (!ds_cron_parse(text, &cron, &err))
        fail_msg("%s: %s", text, err.text);
    return cron;
}

/* ---- what is written ------------------------------------------------------------------------- */

static const struct same {
    const char *name, *one, *other;
} sames[] = {
    {"names of months", "0 0 1 jan,FEB,Mar *", "0 0 1 1,2,3 *"},
    {"a range of months", "0 0 1 oct-dec *", "0 0 1 10-12 *"},
    {"names of days", "0 0 * * sun,Mon,SAT", "0 0 * * 0,1,6"},
    {"0 and 7 are Sunday", "0 0 * * 0", "0 0 * * 7"},
    {"a range to Sunday", "0 0 * * fri-sun", "0 0 * * 5,6,7"},
    {"a range to Sunday as 7", "0 0 * * 5-7", "0 0 * * 0,5,6"},
    {"a range to Sunday as 0", "0 0 * * 6-0", "0 0 * * 0,6"},
    {"all days as a range", "0 0 1 * 0-7", "0 0 1 * 0-6"},
    {"a step", "*/15 * * * *", "0,15,30,45 * * * *"},
    {"a step in a range", "5-20/5 * * * *", "5,10,15,20 * * * *"},
    {"a step that does not fit", "0-10/3 * * * *", "0,3,6,9 * * * *"},
    {"lists of ranges", "1-3,7,9-10 * * * *", "1,2,3,7,9,10 * * * *"},
    {"a range of one", "5-5 * * * *", "5 * * * *"},
    {"zeros in front", "05 06 07 08 *", "5 6 7 8 *"},
    {"blanks and tabs", " \t5   6\t7 8 * ", "5 6 7 8 *"},
    {"@hourly", "@hourly", "0 * * * *"},
    {"@daily", "@daily", "0 0 * * *"},
    {"@midnight", "@MIDNIGHT", "0 0 * * *"},
    {"@weekly", "@weekly", "0 0 * * sun"},
    {"@monthly", "@monthly", "0 0 1 * *"},
    {"@yearly", "@yearly", "0 0 1 jan *"},
    {"@annually", "@annually", "0 0 1 1 *"},
};

static void same_row(void **state)
{
    const struct same *row = *state;
    ds_cron one = cron_of(row->one), other = cron_of(row->other);

    assert_int_equal(one.minutes, other.minutes);
    assert_int_equal(one.hours, other.hours);
    assert_int_equal(one.days, other.days);
    assert_int_equal(one.months, other.months);
    assert_int_equal(one.weekdays, other.weekdays);
    assert_int_equal(one.any_day, other.any_day);
    assert_int_equal(one.any_weekday, other.any_weekday);
}

static const struct bad {
    const char *name, *text, *says;
} bads[] = {
    {"nothing", "", "found 0 fields and not 5"},
    {"one field", "5", "found 1 field and not 5"},
    {"four fields", "0 6 * *", "found 4 fields and not 5: minute, hour,"},
    {"seconds", "0 0 6 * * *",
     "found 6 fields and not 5: minute, hour, day of the month, month, "
     "day of the week (there are no seconds)"},
    {"minute 60", "60 * * * *", "minute: 60 is not within 0 and 59"},
    {"hour 24", "0 24 * * *", "hour: 24 is not within 0 and 23"},
    {"day 0", "0 0 0 * *", "day of the month: 0 is not within 1 and 31"},
    {"day 32", "0 0 32 * *", "day of the month: 32 is not within 1 and 31"},
    {"month 13", "0 0 1 13 *", "month: 13 is not within 1 and 12"},
    {"weekday 8", "0 0 * * 8", "day of the week: 8 is not within 0 and 7"},
    {"a number without end", "99999999999999999999999 * * * *", "is not within 0 and 59"},
    {"a negative number", "-1 * * * *",
     "minute: \"-1\" is a range with an end missing; write both, as in 1-5"},
    {"a full name", "0 0 * * monday",
     "day of the week: \"monday\" is no number and no name (sun, ... in three letters)"},
    {"a name in the wrong place", "mon 0 * * *", "minute: \"mon\" is no number"},
    {"a month among the weekdays", "0 0 * * jan", "\"jan\" is no number and no name"},
    {"a range that runs backwards", "0 22-6 * * *", "hour: 22-6 runs backwards"},
    {"weekdays that run backwards", "0 0 * * fri-mon", "fri-mon runs backwards"},
    {"hours to 0", "0 5-0 * * *", "hour: 5-0 runs backwards"},
    {"a step without end", "*/99999999999999999999 * * * *", "is not within 1 and 59"},
    {"an open range", "0 5- * * *",
     "hour: \"5-\" is a range with an end missing; write both, as in 1-5"},
    {"a step of nothing", "/5 * * * *", "minute: the step of /5 has no range; write */5"},
    {"a dash alone", "- * * * *", "minute: \"-\" is a range with an end missing"},
    {"three ends", "0 1-2-3 * * *", "hour: \"2-3\" is no number"},
    {"a range of *", "0 *-5 * * *", "hour: \"*\" is no number"},
    {"an empty place", "0,,5 * * * *", "minute: an empty place in the list"},
    {"a comma at the end", "0, * * * *", "minute: an empty place in the list"},
    {"a step without a range", "5/15 * * * *",
     "minute: the step of 5/15 has no range; write 5-59/15"},
    {"a step without a range of weekdays", "0 0 * * 1/2", "write 1-6/2"},
    {"step 0", "*/0 * * * *", "minute: a step of 0 is not within 1 and 59"},
    {"every 90 minutes", "*/90 * * * *",
     "a step of 90 is not within 1 and 59, so many as there "
     "are from 0 to 59"},
    {"every 7 weekdays", "0 0 * * */7", "a step of 7 is not within 1 and 6"},
    {"a step that is no number", "*/x * * * *", "minute: the step \"x\" is no number"},
    {"no step", "*/ * * * *", "minute: the step \"\" is no number"},
    {"two steps", "*/5/5 * * * *", "minute: the step \"5/5\" is no number"},
    {"the last day", "0 0 L * *", "day of the month: \"L\" is no number"},
    {"a question mark", "0 0 ? * *", "day of the month: \"?\" is no number"},
    {"the 30th of February", "0 0 30 2 *", "it never comes"},
    {"the 31st of short months", "0 0 31 apr,jun,sep,nov *", "it never comes"},
    {"the 30th and 31st of February", "0 0 30,31 2 *", "it never comes"},
    {"a nickname with a letter wrong", "@dayly", "unknown \"@dayly\"; did you mean \"@daily\"?"},
    {"at the start", "@reboot", "unknown \"@reboot\"; there are @hourly, @daily"},
    {"a nickname and more", "@daily 5", "unknown \"@daily 5\""},
};

static void bad_row(void **state)
{
    const struct bad *row = *state;
    ds_err err = DS_ERR_INIT;
    ds_cron cron;

    assert_false(ds_cron_parse(row->text, &cron, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    if (!strstr(err.text, row->says))
        fail_msg("\"%s\" does not say \"%s\"", err.text, row->says);
}

static void a_long_expression_is_refused(void **state)
{
    char *text = ds_arena_zalloc(scratch, 400);
    ds_err err = DS_ERR_INIT;
    ds_cron cron;

    (void)state;
    memset(text, '0', 300);
    assert_false(ds_cron_parse(text, &cron, &err));
    assert_string_equal(err.text, "more than 256 bytes");
}

/* ---- when it comes --------------------------------------------------------------------------- */

static const struct next_row {
    const char *name, *zone, *cron, *after, *next[5];
} nexts[] = {
    {"every minute",
     "UTC",
     "* * * * *",
     "2026-01-31T23:59:30Z",
     {"2026-02-01T00:00:00Z", "2026-02-01T00:01:00Z"}},
    {"a time that is now comes the next day",
     "UTC",
     "0 6 * * *",
     "2026-01-31T06:00:00Z",
     {"2026-02-01T06:00:00Z"}},
    {"a moment before it comes",
     "UTC",
     "0 6 * * *",
     "2026-01-31T05:59:59.999Z",
     {"2026-01-31T06:00:00Z"}},
    {"a moment after it does not",
     "UTC",
     "0 6 * * *",
     "2026-01-31T06:00:00.001Z",
     {"2026-02-01T06:00:00Z"}},
    {"on workdays", "UTC", "0 6 * * 1-5", "2026-01-30T07:00:00Z", {"2026-02-02T06:00:00Z"}},
    {"either day will do",
     "UTC",
     "0 0 13 * fri",
     "2026-02-01T00:00:00Z",
     {"2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z",
      "2026-02-27T00:00:00Z", "2026-03-06T00:00:00Z"}},
    {"the 13th that is no Friday",
     "UTC",
     "0 0 13 * fri",
     "2026-04-11T00:00:00Z",
     {"2026-04-13T00:00:00Z"}},
    {"a step from * is not a day of its own: both must fit",
     "UTC",
     "0 0 */10 * mon",
     "2026-01-01T00:00:00Z",
     {"2026-05-11T00:00:00Z", "2026-06-01T00:00:00Z"}},
    {"the 31st leaves months out",
     "UTC",
     "0 0 31 * *",
     "2026-01-31T00:00:00Z",
     {"2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z", "2026-07-31T00:00:00Z"}},
    {"the 29th of February",
     "UTC",
     "0 0 29 2 *",
     "2026-01-01T00:00:00Z",
     {"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
    {"and over 2100", "UTC", "0 0 29 2 *", "2096-02-29T00:00:00Z", {"2104-02-29T00:00:00Z"}},
    {"a rare day", "UTC", "0 0 29 2 */6", "2072-03-01T00:00:00Z", {"2076-02-29T00:00:00Z"}},
    {"over the end of a year",
     "UTC",
     "59 23 31 12 *",
     "2026-12-31T23:59:00Z",
     {"2027-12-31T23:59:00Z"}},
    {"before 1970", "UTC", "0 6 * * *", "1969-12-30T07:30:00Z", {"1969-12-31T06:00:00Z"}},

    {"Berlin in winter",
     "Europe/Berlin",
     "0 6 * * *",
     "2026-01-15T00:00:00Z",
     {"2026-01-15T05:00:00Z"}},
    {"Berlin in summer",
     "Europe/Berlin",
     "0 6 * * *",
     "2026-07-15T00:00:00Z",
     {"2026-07-15T04:00:00Z"}},
    {"a time that is left out comes at the jump",
     "Europe/Berlin",
     "30 2 * * *",
     "2026-03-27T12:00:00Z",
     {"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
    {"so it does in 2027",
     "Europe/Berlin",
     "30 2 * * *",
     "2027-03-27T12:00:00Z",
     {"2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"}},
    {"many that are left out come once",
     "Europe/Berlin",
     "*/15 2 * * *",
     "2026-03-28T12:00:00Z",
     {"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-30T00:15:00Z"}},
    {"the last moment before is not left out",
     "Europe/Berlin",
     "59 1 * * *",
     "2026-03-28T12:00:00Z",
     {"2026-03-29T00:59:00Z", "2026-03-29T23:59:00Z"}},
    {"the first one after either",
     "Europe/Berlin",
     "0 3 * * *",
     "2026-03-28T12:00:00Z",
     {"2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"}},
    {"one that is left out and one at the jump are one",
     "Europe/Berlin",
     "0 2,3 * * *",
     "2026-03-28T12:00:00Z",
     {"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}},
    {"a day that is not wanted has no jump",
     "Europe/Berlin",
     "30 2 * * mon",
     "2026-03-28T12:00:00Z",
     {"2026-03-30T00:30:00Z"}},
    {"a time that is there twice comes once",
     "Europe/Berlin",
     "30 2 * * *",
     "2026-10-24T12:00:00Z",
     {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
    {"so it does in 2027, the other way",
     "Europe/Berlin",
     "30 2 * * *",
     "2027-10-30T12:00:00Z",
     {"2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"}},
    {"after the first of two the second does not come",
     "Europe/Berlin",
     "30 2 * * *",
     "2026-10-25T01:10:00Z",
     {"2026-10-26T01:30:00Z"}},
    {"many that are there twice come once each",
     "Europe/Berlin",
     "*/30 2 * * *",
     "2026-10-24T23:59:00Z",
     {"2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z"}},
    {"the hour after two is there once",
     "Europe/Berlin",
     "0 3 * * *",
     "2026-10-24T12:00:00Z",
     {"2026-10-25T02:00:00Z"}},
    {"every hour: none is left out",
     "Europe/Berlin",
     "0 * * * *",
     "2026-03-28T23:30:00Z",
     {"2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"}},
    {"every hour: no extra one at the jump",
     "Europe/Berlin",
     "15 * * * *",
     "2026-03-29T00:00:00Z",
     {"2026-03-29T00:15:00Z", "2026-03-29T01:15:00Z"}},
    {"every hour: each real one",
     "Europe/Berlin",
     "0 * * * *",
     "2026-10-24T23:30:00Z",
     {"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"}},
    {"every hour as a range is every hour",
     "Europe/Berlin",
     "0 0-23 * * *",
     "2026-10-25T00:00:00Z",
     {"2026-10-25T01:00:00Z"}},
    {"every other hour names hours",
     "Europe/Berlin",
     "0 */2 * * *",
     "2026-10-24T22:00:00Z",
     {"2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z"}},

    {"New York, left out",
     "America/New_York",
     "30 2 * * *",
     "2026-03-07T12:00:00Z",
     {"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"}},
    {"New York, twice",
     "America/New_York",
     "30 1 * * *",
     "2027-11-06T12:00:00Z",
     {"2027-11-07T05:30:00Z", "2027-11-08T06:30:00Z"}},
    {"Lord Howe, a half hour left out",
     "Australia/Lord_Howe",
     "15 2 * * *",
     "2026-10-03T00:00:00Z",
     {"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
    {"Lord Howe, the half hour that is there",
     "Australia/Lord_Howe",
     "45 2 * * *",
     "2026-10-03T00:00:00Z",
     {"2026-10-03T15:45:00Z", "2026-10-04T15:45:00Z"}},
    {"Lord Howe, a half hour twice",
     "Australia/Lord_Howe",
     "45 1 * * *",
     "2027-04-02T00:00:00Z",
     {"2027-04-02T14:45:00Z", "2027-04-03T14:45:00Z", "2027-04-04T15:15:00Z"}},
    {"Lord Howe, every half hour is a real one",
     "Australia/Lord_Howe",
     "*/30 * * * *",
     "2027-04-03T14:00:00Z",
     {"2027-04-03T14:30:00Z", "2027-04-03T15:00:00Z", "2027-04-03T15:30:00Z"}},
    {"Kathmandu", "Asia/Kathmandu", "0 6 * * *", "2026-01-15T00:00:00Z", {"2026-01-15T00:15:00Z"}},
    {"a midnight that is left out",
     "America/Santiago",
     "0 0 * * *",
     "2026-09-05T12:00:00Z",
     {"2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"}},
    {"a midnight that is there twice",
     "America/Havana",
     "30 0 * * *",
     "2026-10-31T12:00:00Z",
     {"2026-11-01T04:30:00Z", "2026-11-02T05:30:00Z"}},
    {"a day that was left out",
     "Pacific/Apia",
     "0 12 30 12 *",
     "2011-12-01T00:00:00Z",
     {"2011-12-30T10:00:00Z", "2012-12-29T22:00:00Z"}},
    {"many years from now",
     "Europe/Berlin",
     "30 2 * * *",
     "2060-03-27T12:00:00Z",
     {"2060-03-28T01:00:00Z", "2060-03-29T00:30:00Z"}},
};

static void next_row(void **state)
{
    const struct next_row *row = *state;
    const ds_zone *zone = zone_named(row->zone);
    ds_cron cron = cron_of(row->cron);
    int64_t now = at(row->after);

    for (size_t i = 0; i < DS_COUNT(row->next) && row->next[i]; i++) {
        now = ds_cron_next(&cron, zone, now);
        assert_string_equal(time_text(now), row->next[i]);
    }
}

static void what_never_comes_ends(void **state)
{
    const ds_cron never = {.minutes = 1,
                           .hours = 1,
                           .days = UINT32_C(1) << 30,
                           .months = 1 << 2,
                           .any_weekday = true,
                           .weekdays = 0x7f};

    (void)state;
    assert_int_equal(ds_cron_next(&never, ds_zone_utc(), 0), 0);
    assert_int_equal(ds_cron_next(&never, zone_named("Europe/Berlin"), 0), 0);
}

/* ---- against the clock itself ---------------------------------------------------------------- */

static bool names_minute(const ds_cron *c, int64_t local_s)
{
    int64_t days = ds_floor_div(local_s, 86400), minute = (local_s - days * 86400) / 60;
    int64_t year, month, day;
    bool by_day, by_weekday;

    ds_date_from_days(days, &year, &month, &day);
    by_day = c->days >> day & 1;
    by_weekday = c->weekdays >> ds_weekday(days) & 1;
    if (!(c->minutes >> minute % 60 & 1) || !(c->hours >> minute / 60 & 1) ||
        !(c->months >> month & 1))
        return false;
    return c->any_day || c->any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

/* Goes through the minutes one by one and remembers how late the clock has been. `until`: none. */
static int64_t walked(const ds_cron *c, const ds_zone *zone, int64_t after_s, int64_t until_s)
{
    bool hourly = c->hours == 0xffffff;
    int64_t high_s = INT64_MIN, before_s = INT64_MIN;

    for (int64_t at_s = after_s - 86400; at_s < until_s; at_s += 60) {
        int64_t local_s = at_s + ds_zone_span(zone, at_s).offset_s;
        bool comes = names_minute(c, local_s) && (hourly || local_s > high_s);

        for (int64_t out_s = before_s + 60; !hourly && before_s != INT64_MIN && out_s < local_s;
             out_s += 60)
            comes = comes || (out_s > high_s && names_minute(c, out_s));
        high_s = DS_MAX(high_s, local_s);
        before_s = local_s;
        if (comes && at_s > after_s)
            return at_s;
    }
    return until_s;
}

static uint64_t dice(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static ds_cron random_cron(uint64_t *seed)
{
    ds_cron c = {.hours = 0xffffff,
                 .days = ~UINT32_C(1),
                 .months = 0x1ffe,
                 .weekdays = 0x7f,
                 .any_day = true,
                 .any_weekday = true};

    for (uint64_t n = dice(seed) % 3 + 1; n > 0; n--)
        c.minutes |= UINT64_C(1) << dice(seed) % 60;
    if (dice(seed) % 3)
        c.hours = (uint32_t)(dice(seed) & dice(seed) & 0xffffff) | UINT32_C(1) << dice(seed) % 4;
    if (dice(seed) % 4 == 0) {
        c.weekdays = (uint32_t)dice(seed) & 0x7f;
        c.any_weekday = false;
    }
    return c;
}

static void every_minute_of_the_changes_agrees(void **state)
{
    static const char *const zones[] = {"Europe/Berlin",       "America/New_York",
                                        "Australia/Lord_Howe", "Africa/Casablanca",
                                        "America/Havana",      "Asia/Kathmandu"};
    uint64_t seed = 4;

    (void)state;
    for (size_t i = 0; i < 3000; i++) {
        const ds_zone *zone = zone_named(zones[i % DS_COUNT(zones)]);
        ds_span span = ds_zone_span(zone, at("2026-01-01T00:00:00Z") / 1000);
        ds_cron cron = random_cron(&seed);
        int64_t after_s, until_s, next_s;

        for (uint64_t n = dice(&seed) % 4; n > 0 && span.until_s < DS_ZONE_EVER; n--)
            span = ds_zone_span(zone, span.until_s);
        after_s = DS_MAX(span.from_s / 60 * 60, INT64_C(1767225600)) - 7200 +
                  (int64_t)(dice(&seed) % 240) * 60;
        until_s = after_s + 30 * INT64_C(3600);
        next_s = ds_cron_next(&cron, zone, after_s * 1000) / 1000;
        assert_int_equal(next_s == 0 || next_s > until_s ? until_s : next_s,
                         walked(&cron, zone, after_s, until_s));
    }
}

int main(void)
{
    add_table(sames, same_row);
    add_table(bads, bad_row);
    add_test(a_long_expression_is_refused);
    add_table(nexts, next_row);
    add_test(what_never_comes_ends);
    add_test(every_minute_of_the_changes_agrees);
    return run_tests("cron");
}
