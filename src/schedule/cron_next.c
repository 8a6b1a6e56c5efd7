/* src/schedule/cron_next.c
 *
 * The next time a cron expression names.  Local time is a line of pieces (zone.h), each with one
 * offset: within a piece the calendar is searched as if there were no zones at all, and where two
 * pieces meet it is known what the clock left out or showed twice.
 */
#include "schedule/cron.h"

#include "base/text.h"

#define MINUTE_S INT64_C(60)
#define MINUTES_A_DAY INT64_C(1440)
#define EVERY_HOUR ((UINT32_C(1) << 24) - 1)
#define SEARCHED_S                                                                                 \
    (INT64_C(50) * 366 * 86400) /* a Sunday that is the 29th of February: 40 years                 \
                                 */

static bool day_fits(const ds_cron *c, int64_t days, int64_t day)
{
    bool by_day = c->days >> day & 1, by_weekday = c->weekdays >> ds_weekday(days) & 1;

    return c->any_day || c->any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

/* The first minute of a day that is not before `minute`; -1: none. */
static int64_t minute_of_day(const ds_cron *c, int64_t minute)
{
    for (int64_t hour = minute / 60; hour < 24; hour++) {
        uint64_t left = c->hours >> hour & 1 ? c->minutes : 0;

        if (hour == minute / 60)
            left &= ~UINT64_C(0) << minute % 60;
        if (left)
            return hour * 60 + __builtin_ctzll(left);
    }
    return -1;
}

/* The first local time in [from_s, until_s) that the expression names; until_s: there is none. */
static int64_t local_match(const ds_cron *c, int64_t from_s, int64_t until_s)
{
    int64_t minute = ds_floor_div(from_s + MINUTE_S - 1, MINUTE_S);
    int64_t days = ds_floor_div(minute, MINUTES_A_DAY), year, month, day, found;

    minute -= days * MINUTES_A_DAY;
    while ((days * MINUTES_A_DAY + minute) * MINUTE_S < until_s) {
        ds_date_from_days(days, &year, &month, &day);
        if (!(c->months >> month & 1)) {
            days = month == 12 ? ds_days_from_date(year + 1, 1, 1)
                               : ds_days_from_date(year, month + 1, 1);
            minute = 0;
            continue;
        }
        found = day_fits(c, days, day) ? minute_of_day(c, minute) : -1;
        if (found >= 0)
            return DS_MIN((days * MINUTES_A_DAY + found) * MINUTE_S, until_s);
        days++;
        minute = 0;
    }
    return until_s;
}

/* The first time in this piece that is not before at_s; until_s: there is none. */
static int64_t match_in(const ds_cron *c, const ds_span *span, int64_t at_s)
{
    int64_t begins_s = span->from_s + span->offset_s; /* the local time that the piece begins */
    int64_t before_s = span->from_s + span->before_s; /* and the one that would have come */
    int64_t ends_s = span->until_s + span->offset_s;
    int64_t from_s = at_s + span->offset_s;

    if (c->hours != EVERY_HOUR) {
        if (at_s == span->from_s && local_match(c, before_s, begins_s) < begins_s)
            return at_s;                   /* one of those that were left out */
        from_s = DS_MAX(from_s, before_s); /* those before have been */
    }
    return local_match(c, from_s, ends_s) - span->offset_s;
}

int64_t ds_cron_next(const ds_cron *cron, const ds_zone *zone, int64_t after_ms)
{
    int64_t at_s = ds_floor_div(after_ms, 1000) + 1, last_s = at_s + SEARCHED_S;

    while (at_s < last_s) {
        ds_span span = ds_zone_span(zone, at_s);
        int64_t found_s;

        span.until_s = DS_MIN(span.until_s, last_s);
        found_s = match_in(cron, &span, at_s);
        if (found_s < span.until_s)
            return found_s * 1000;
        at_s = span.until_s;
    }
    return 0;
}
