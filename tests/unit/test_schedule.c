/* tests/unit/test_schedule.c - quiet hours, and cron around them. */
#include "zone_fixture.h"

/* "22:00-06:00 12:00-13:00": the periods, between blanks. */
static ds_schedule with_quiet(const char *zone, const char *quiet)
{
    ds_schedule s = {.zone = zone_named(zone), .has_quiet = *quiet != '\0'};
    ds_err err = DS_ERR_INIT;
    char *rest = ds_arena_strdup(scratch, quiet), *next;

    while ((next = strsep(&rest, " ")) != NULL) {
        if (*next && !ds_quiet_add(&s.quiet, next, &err))
            fail_msg("%s", err.text);
    }
    return s;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const struct bad {
    const char *name, *text, *says;
} bads[] = {
    {"nothing", "", "expected hours such as 22:00-06:00, found \"\""},
    {"an hour alone", "22-6", "expected hours such as 22:00-06:00, found \"22-6\""},
    {"one end", "22:00", "expected hours"},
    {"an open end", "22:00-", "expected hours"},
    {"minute 60", "21:60-22:00", "expected hours"},
    {"hour 25", "25:00-26:00", "expected hours"},
    {"after the end of the day", "22:00-24:01", "expected hours"},
    {"from the end of the day", "24:00-06:00", "expected hours"},
    {"one digit of minutes", "22:0-06:00", "expected hours"},
    {"three digits", "022:00-06:00", "expected hours"},
    {"seconds", "22:00:00-06:00:00", "expected hours"},
    {"a blank", "22:00 - 06:00", "expected hours"},
    {"text behind", "22:00-06:00h", "expected hours"},
    {"no time at all", "06:00-06:00", "06:00-06:00 ends when it begins"},
};

static void bad_row(void **state)
{
    const struct bad *row = *state;
    ds_quiet quiet = {0};
    ds_err err = DS_ERR_INIT;

    assert_false(ds_quiet_add(&quiet, row->text, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    if (!strstr(err.text, row->says))
        fail_msg("\"%s\" does not say \"%s\"", err.text, row->says);
}

static bool is_all_day(const char *quiet)
{
    ds_schedule s = with_quiet("UTC", quiet);

    return ds_quiet_is_all_day(&s.quiet);
}

static void all_day_is_seen(void **state)
{
    (void)state;
    assert_true(is_all_day("00:00-24:00"));
    assert_true(is_all_day("22:00-06:00 06:00-22:00"));
    assert_false(is_all_day("22:00-06:00 06:01-22:00"));
    assert_false(is_all_day(""));
}

/* ---- until when ------------------------------------------------------------------------------ */

static const struct until_row {
    const char *name, *zone, *quiet, *at, *until;
} untils[] = {
    {"before", "UTC", "22:00-06:00", "2026-01-15T21:59:59.999Z", "-"},
    {"at its begin", "UTC", "22:00-06:00", "2026-01-15T22:00:00Z", "2026-01-16T06:00:00Z"},
    {"in the evening", "UTC", "22:00-06:00", "2026-01-15T23:59:59Z", "2026-01-16T06:00:00Z"},
    {"at midnight", "UTC", "22:00-06:00", "2026-01-16T00:00:00Z", "2026-01-16T06:00:00Z"},
    {"in the morning", "UTC", "22:00-06:00", "2026-01-16T05:59:59.999Z", "2026-01-16T06:00:00Z"},
    {"at its end", "UTC", "22:00-06:00", "2026-01-16T06:00:00Z", "-"},
    {"within a day", "UTC", "9:30-17:00", "2026-01-16T12:00:00Z", "2026-01-16T17:00:00Z"},
    {"to the end of the day", "UTC", "20:00-24:00", "2026-01-16T20:00:00Z", "2026-01-17T00:00:00Z"},
    {"from the begin of the day", "UTC", "00:00-06:00", "2026-01-16T00:00:00Z",
     "2026-01-16T06:00:00Z"},
    {"two that meet are one", "UTC", "22:00-24:00 00:00-06:00", "2026-01-16T22:30:00Z",
     "2026-01-17T06:00:00Z"},
    {"two that overlap are one", "UTC", "22:00-03:00 02:00-06:00", "2026-01-16T22:30:00Z",
     "2026-01-17T06:00:00Z"},
    {"between two", "UTC", "22:00-06:00 12:00-13:00", "2026-01-16T11:00:00Z", "-"},
    {"in the second", "UTC", "22:00-06:00 12:00-13:00", "2026-01-16T12:30:00Z",
     "2026-01-16T13:00:00Z"},
    {"no quiet hours", "UTC", "", "2026-01-16T12:30:00Z", "-"},
    {"by the clock of Berlin", "Europe/Berlin", "22:00-06:00", "2026-01-15T21:00:00Z",
     "2026-01-16T05:00:00Z"},
    {"a night that is an hour shorter", "Europe/Berlin", "22:00-06:00", "2026-03-28T21:00:00Z",
     "2026-03-29T04:00:00Z"},
    {"a night that is an hour longer", "Europe/Berlin", "22:00-06:00", "2026-10-24T20:00:00Z",
     "2026-10-25T05:00:00Z"},
    {"an end that the clock leaves out", "Europe/Berlin", "22:00-02:30", "2026-03-28T21:00:00Z",
     "2026-03-29T01:00:00Z"},
    {"an hour that the clock leaves out", "Europe/Berlin", "02:00-03:00", "2026-03-29T01:00:00Z",
     "-"},
    {"an end that is there twice", "Europe/Berlin", "22:00-02:30", "2026-10-24T21:00:00Z",
     "2026-10-25T00:30:00Z"},
    {"quiet again where the clock is put back into it", "Europe/Berlin", "22:00-02:30",
     "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"},
    {"put back from the end into the hours", "Europe/Berlin", "02:15-03:00", "2026-10-25T00:20:00Z",
     "2026-10-25T01:00:00Z"},
    {"Kathmandu", "Asia/Kathmandu", "22:00-06:00", "2026-01-15T16:15:00Z", "2026-01-16T00:15:00Z"},
};

static void until_row(void **state)
{
    const struct until_row *row = *state;
    ds_schedule s = with_quiet(row->zone, row->quiet);

    assert_string_equal(time_text(ds_schedule_quiet_until(&s, at(row->at))), row->until);
}

/* ---- cron around them ------------------------------------------------------------------------ */

static const struct next_row {
    const char *name, *zone, *quiet, *cron, *after, *next[4];
} nexts[] = {
    {"no quiet hours",
     "UTC",
     "",
     "0 * * * *",
     "2026-01-15T21:30:00Z",
     {"2026-01-15T22:00:00Z", "2026-01-15T23:00:00Z"}},
    {"all of a night come at its end, once",
     "UTC",
     "22:00-06:00",
     "30 * * * *",
     "2026-01-15T20:45:00Z",
     {"2026-01-15T21:30:00Z", "2026-01-16T06:00:00Z", "2026-01-16T06:30:00Z"}},
    {"one at the end is the same",
     "UTC",
     "22:00-06:00",
     "0 * * * *",
     "2026-01-15T20:45:00Z",
     {"2026-01-15T21:00:00Z", "2026-01-16T06:00:00Z", "2026-01-16T07:00:00Z"}},
    {"a time within them moves",
     "UTC",
     "22:00-06:00",
     "0 3 * * *",
     "2026-01-15T12:00:00Z",
     {"2026-01-16T06:00:00Z", "2026-01-17T06:00:00Z"}},
    {"over a change of the clock",
     "Europe/Berlin",
     "22:00-06:00",
     "30 2 * * *",
     "2026-03-28T12:00:00Z",
     {"2026-03-29T04:00:00Z", "2026-03-30T04:00:00Z"}},
    {"one that has come within them is ahead until their end",
     "UTC",
     "22:00-06:00",
     "0 3 * * *",
     "2026-01-16T03:00:00Z",
     {"2026-01-16T06:00:00Z", "2026-01-17T06:00:00Z"}},
    {"so is one of the evening before",
     "UTC",
     "22:00-06:00",
     "0 22 * * *",
     "2026-01-16T05:59:59.999Z",
     {"2026-01-16T06:00:00Z", "2026-01-17T06:00:00Z"}},
    {"one that came before they began is not",
     "UTC",
     "22:00-06:00",
     "59 21 * * *",
     "2026-01-16T01:00:00Z",
     {"2026-01-16T21:59:00Z", "2026-01-17T21:59:00Z"}},
    {"one that came in quiet hours before these is not",
     "UTC",
     "22:00-06:00 07:00-09:00",
     "0 5 * * *",
     "2026-01-16T08:00:00Z",
     {"2026-01-17T06:00:00Z"}},
    {"one that has come before the clock was put forward",
     "Europe/Berlin",
     "01:00-06:00",
     "30 1 * * *",
     "2026-03-29T02:30:00Z",
     {"2026-03-29T04:00:00Z", "2026-03-30T04:00:00Z"}},
    {"one that has come before the clock was put back into them",
     "Europe/Berlin",
     "02:15-03:00",
     "20 2 * * *",
     "2026-10-25T00:40:00Z",
     {"2026-10-25T01:00:00Z", "2026-10-26T02:00:00Z"}},
    {"one that came the first time is not there in the second",
     "Europe/Berlin",
     "02:15-02:45",
     "20 2 * * *",
     "2026-10-25T01:30:00Z",
     {"2026-10-26T01:45:00Z"}},
};

static void next_row(void **state)
{
    const struct next_row *row = *state;
    ds_schedule s = with_quiet(row->zone, row->quiet);
    ds_err err = DS_ERR_INIT;
    int64_t now = at(row->after);

    s.cron = row->cron;
    assert_true(ds_cron_parse(row->cron, &s.times, &err));
    for (size_t i = 0; i < DS_COUNT(row->next) && row->next[i]; i++) {
        now = ds_schedule_next(&s, now);
        assert_string_equal(time_text(now), row->next[i]);
    }
}

static void without_a_schedule_there_is_nothing_to_say(void **state)
{
    ds_schedule quiet_only = with_quiet("UTC", "22:00-06:00");

    (void)state;
    assert_int_equal(ds_schedule_next(NULL, 0), 0);
    assert_int_equal(ds_schedule_quiet_until(NULL, 0), 0);
    assert_int_equal(ds_schedule_next(&quiet_only, 0), 0);
    quiet_only.cron = "never";
    assert_int_equal(ds_schedule_next(&quiet_only, 0), 0);
}

int main(void)
{
    add_table(bads, bad_row);
    add_test(all_day_is_seen);
    add_table(untils, until_row);
    add_table(nexts, next_row);
    add_test(without_a_schedule_there_is_nothing_to_say);
    return run_tests("schedule");
}
