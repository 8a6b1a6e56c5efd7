/* src/schedule/schedule.c - quiet hours, and cron around them. */
#include "schedule/schedule.h"

#include "base/text.h"

#include <ctype.h>

#define MINUTE_S INT64_C(60)
#define PIECES_MAX 64 /* of local time, until quiet hours count as endless */

/* ---- reading --------------------------------------------------------------------------------- */

/* "6:00", "06:00"; "24:00" is the end of a day. */
static bool read_minute(const char **at, int *out)
{
    int hour = 0, minute = 0, digits = 0;

    for (; digits < 2 && isdigit((unsigned char)**at); digits++, (*at)++)
        hour = hour * 10 + (**at - '0');
    if (digits == 0 || *(*at)++ != ':')
        return false;
    for (digits = 0; digits < 2 && isdigit((unsigned char)**at); digits++, (*at)++)
        minute = minute * 10 + (**at - '0');
    *out = hour * 60 + minute;
    return digits == 2 && minute < 60 && *out <= DS_DAY_MINUTES;
}

bool ds_quiet_add(ds_quiet *quiet, const char *text, ds_err *err)
{
    const char *at = text;
    int from, to, n;

    if (!read_minute(&at, &from) || *at++ != '-' || !read_minute(&at, &to) || *at ||
        from == DS_DAY_MINUTES)
        return ds_fail(err, DS_ERR_CONFIG, "expected hours such as 22:00-06:00, found \"%.40s\"",
                       text);
    if (from == to)
        return ds_fail(err, DS_ERR_CONFIG, "%.40s ends when it begins", text);
    n = to > from ? to - from : to + DS_DAY_MINUTES - from;
    for (int i = 0; i < n; i++) {
        int minute = (from + i) % DS_DAY_MINUTES;

        quiet->minutes[minute / 64] |= UINT64_C(1) << minute % 64;
    }
    return true;
}

/* A local minute, of whatever day. */
static bool is_quiet(const ds_quiet *quiet, int64_t minute)
{
    minute -= ds_floor_div(minute, DS_DAY_MINUTES) * DS_DAY_MINUTES;
    return quiet->minutes[minute / 64] >> minute % 64 & 1;
}

bool ds_quiet_is_all_day(const ds_quiet *quiet)
{
    for (int64_t minute = 0; minute < DS_DAY_MINUTES; minute++) {
        if (!is_quiet(quiet, minute))
            return false;
    }
    return true;
}

/* ---- times ----------------------------------------------------------------------------------- */

/* The first local time from local_s on that is not quiet. */
static int64_t loud_from(const ds_quiet *quiet, int64_t local_s)
{
    int64_t minute = ds_floor_div(local_s, MINUTE_S), begin = minute;

    while (is_quiet(quiet, minute) && minute - begin < DS_DAY_MINUTES)
        minute++;
    return minute == begin ? local_s : minute * MINUTE_S;
}

int64_t ds_schedule_quiet_until(const ds_schedule *s, int64_t at_ms)
{
    int64_t begin_s = ds_floor_div(at_ms, 1000), at_s = begin_s;

    if (!s || !s->has_quiet)
        return 0;
    for (int piece = 0; piece < PIECES_MAX; piece++) {
        ds_span span = ds_zone_span(s->zone, at_s);
        int64_t loud_s = loud_from(&s->quiet, at_s + span.offset_s) - span.offset_s;

        if (loud_s < span.until_s)
            return loud_s == begin_s ? 0 : loud_s * 1000;
        at_s = span.until_s; /* the clock is changed in between */
    }
    return 0;
}

/* The first local time of the quiet hours that local_s is in; where it is in none, one behind it.
 */
static int64_t quiet_from(const ds_quiet *quiet, int64_t local_s)
{
    int64_t minute = ds_floor_div(local_s, MINUTE_S) + 1, end = minute;

    while (is_quiet(quiet, minute - 1) && end - minute < DS_DAY_MINUTES)
        minute--;
    return minute * MINUTE_S;
}

/* When the quiet hours began that at_s is in. */
static int64_t quiet_since(const ds_schedule *s, int64_t at_s)
{
    for (int piece = 0; piece < PIECES_MAX; piece++) {
        ds_span span = ds_zone_span(s->zone, at_s);
        int64_t begin_s = quiet_from(&s->quiet, at_s + span.offset_s) - span.offset_s;

        if (begin_s > span.from_s)
            return begin_s;
        at_s = span.from_s - 1; /* the clock was changed in between */
    }
    return at_s;
}

/* A time that has come in quiet hours is still ahead as long as they last. */
int64_t ds_schedule_next(const ds_schedule *s, int64_t after_ms)
{
    int64_t next_ms, until_ms;

    if (!s || !s->cron)
        return 0;
    if (ds_schedule_quiet_until(s, after_ms))
        after_ms = quiet_since(s, ds_floor_div(after_ms, 1000)) * 1000 - 1;
    next_ms = ds_cron_next(&s->times, s->zone, after_ms);
    until_ms = next_ms ? ds_schedule_quiet_until(s, next_ms) : 0;
    return until_ms ? until_ms : next_ms;
}
