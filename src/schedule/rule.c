/* src/schedule/rule.c - the POSIX notation of daylight saving, and when it changes the clock. */
#include "schedule/rule.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define MINUTE_S INT64_C(60)
#define HOUR_S INT64_C(3600)
#define DAY_S INT64_C(86400)
#define HOURS_MAX 167            /* of a change: a week less an hour, either way */
#define OFFSET_HOURS_MAX 24      /* of a zone */
#define CHANGE_AT_S (2 * HOUR_S) /* where the rule names no time */
#define YEARS 5                  /* looked at: a change may be a week off its year */

/* ---- reading --------------------------------------------------------------------------------- */

/* Digits that make at most `max`; false: there are none, or too many. */
static bool number(const char **at, int max, int *out)
{
    int value = 0;

    if (!isdigit((unsigned char)**at))
        return false;
    for (; isdigit((unsigned char)**at); (*at)++) {
        value = value * 10 + (**at - '0');
        if (value > max)
            return false;
    }
    *out = value;
    return true;
}

static bool skip(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

/* "CET" or "<+1030>": what it is called does not matter here. */
static bool name(const char **at)
{
    const char *from = *at;
    bool quoted = skip(at, '<');

    while (isalpha((unsigned char)**at) ||
           (quoted && (isdigit((unsigned char)**at) || **at == '+' || **at == '-')))
        (*at)++;
    return *at - from >= 3 && (!quoted || skip(at, '>'));
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool clock_time(const char **at, int hours_max, int64_t *out)
{
    int64_t sign = **at == '-' ? -1 : 1;
    int hours, minutes = 0, seconds = 0;

    if (**at == '-' || **at == '+')
        (*at)++;
    if (!number(at, hours_max, &hours) || (skip(at, ':') && !number(at, 59, &minutes)) ||
        (skip(at, ':') && !number(at, 59, &seconds)))
        return false;
    *out = sign * (hours * HOUR_S + minutes * MINUTE_S + seconds);
    return true;
}

static bool change_day(const char **at, ds_rule_change *out)
{
    if (skip(at, 'M')) {
        out->form = DS_RULE_WEEK;
        return number(at, 12, &out->month) && out->month > 0 && skip(at, '.') &&
               number(at, 5, &out->week) && out->week > 0 && skip(at, '.') &&
               number(at, 6, &out->day);
    }
    if (skip(at, 'J')) {
        out->form = DS_RULE_JULIAN;
        return number(at, 365, &out->day) && out->day > 0;
    }
    out->form = DS_RULE_DAY;
    return number(at, 365, &out->day);
}

static bool change(const char **at, ds_rule_change *out)
{
    out->at_s = CHANGE_AT_S;
    return skip(at, ',') && change_day(at, out) &&
           (!skip(at, '/') || clock_time(at, HOURS_MAX, &out->at_s));
}

/* POSIX counts offsets to the west. A zone with summer time but no days for it has no meaning of
 * its own. */
bool ds_rule_parse(const char *text, ds_rule *out)
{
    int64_t west_s;

    *out = (ds_rule){0};
    if (!name(&text) || !clock_time(&text, OFFSET_HOURS_MAX, &west_s))
        return false;
    out->standard_s = -west_s;
    if (!*text)
        return true;
    out->changes = true;
    out->summer_s = out->standard_s + HOUR_S;
    if (!name(&text))
        return false;
    if (*text != ',') {
        if (!clock_time(&text, OFFSET_HOURS_MAX, &west_s))
            return false;
        out->summer_s = -west_s;
    }
    return change(&text, &out->to_summer) && change(&text, &out->to_standard) && !*text;
}

/* ---- when it changes ------------------------------------------------------------------------- */

/* The given weekday of the given week of a month; the fifth is the last one there is. */
static int64_t day_by_week(const ds_rule_change *c, int64_t year)
{
    int64_t first = ds_days_from_date(year, c->month, 1);
    int64_t next = c->month == 12 ? ds_days_from_date(year + 1, 1, 1)
                                  : ds_days_from_date(year, c->month + 1, 1);
    int64_t day = first + (c->day - ds_weekday(first) + 7) % 7 + (c->week - 1) * INT64_C(7);

    return day < next ? day : day - 7;
}

/* Seconds since 1970 by the clock that is about to change. */
static int64_t local_time(const ds_rule_change *c, int64_t year)
{
    int64_t first = ds_days_from_date(year, 1, 1), day = 0;
    bool leap = ds_days_from_date(year + 1, 1, 1) - first == 366;

    switch (c->form) {
    case DS_RULE_JULIAN:
        day = first + c->day - 1 + (leap && c->day >= 60);
        break;
    case DS_RULE_DAY:
        day = first + c->day;
        break;
    case DS_RULE_WEEK:
        day = day_by_week(c, year);
        break;
    }
    return day * DAY_S + c->at_s;
}

typedef struct moment {
    int64_t at_s, offset_s; /* which holds from then on */
} moment;

/* Kept in order; of two at the same time the later one given comes last, and holds. */
static void put(moment *all, size_t n, moment next)
{
    for (; n > 0 && all[n - 1].at_s > next.at_s; n--)
        all[n] = all[n - 1];
    all[n] = next;
}

ds_span ds_rule_span(const ds_rule *rule, int64_t utc_s)
{
    moment all[2 * YEARS];
    size_t n = 0, next = 0;
    int64_t year, month, day;

    if (!rule->changes)
        return (ds_span){-DS_ZONE_EVER, DS_ZONE_EVER, rule->standard_s, rule->standard_s};
    ds_date_from_days(ds_floor_div(utc_s, DAY_S), &year, &month, &day);
    for (int64_t y = year - YEARS / 2; y <= year + YEARS / 2; y++) {
        put(all, n++, (moment){local_time(&rule->to_summer, y) - rule->standard_s, rule->summer_s});
        put(all, n++,
            (moment){local_time(&rule->to_standard, y) - rule->summer_s, rule->standard_s});
    }
    while (next < n && all[next].at_s <= utc_s)
        next++;
    return (ds_span){
        .from_s = all[next - 1].at_s,
        .until_s = all[next].at_s,
        .offset_s = all[next - 1].offset_s,
        .before_s = all[next - 2].offset_s,
    };
}
