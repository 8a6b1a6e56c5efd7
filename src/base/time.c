/* src/base/time.c - RFC 3339 and its relatives, to and from UTC milliseconds. */
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define YEAR_0_MS (-INT64_C(62167219200000))
#define YEAR_10000_MS INT64_C(253402300800000)

/* The era arithmetic counts years from March so that the leap day comes last. */
int64_t ds_days_from_date(int64_t year, int64_t month, int64_t day)
{
    int64_t era, year_of_era, day_of_year;

    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    year_of_era = year - era * 400;
    day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

void ds_date_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    int64_t era, day_of_era, year_of_era, day_of_year, shifted;

    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    day_of_era = days - era * 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    shifted = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

int64_t ds_floor_div(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

int64_t ds_weekday(int64_t days)
{
    int64_t since_sunday = days + 4; /* 1970-01-01 was a Thursday */

    return since_sunday - ds_floor_div(since_sunday, 7) * 7;
}

const char *ds_time_text(ds_arena *a, int64_t utc_ms, bool offset_form)
{
    int64_t days = ds_floor_div(utc_ms, DS_DAY_MS), rest = utc_ms % DS_DAY_MS;
    int64_t year, month, day;
    char fraction[8] = "";

    rest += rest < 0 ? DS_DAY_MS : 0;
    ds_date_from_days(days, &year, &month, &day);
    if (rest % 1000) {
        int ms = (int)(rest % 1000);

        fraction[0] = '.';
        fraction[1] = (char)('0' + ms / 100);
        fraction[2] = (char)('0' + ms / 10 % 10);
        fraction[3] = (char)('0' + ms % 10);
    }
    return ds_arena_printf(a, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld%s%s", (long long)year,
                           (long long)month, (long long)day, (long long)(rest / DS_HOUR_MS),
                           (long long)(rest / DS_MINUTE_MS % 60), (long long)(rest / 1000 % 60),
                           fraction, offset_form ? "+00:00" : "Z");
}

/* Exactly n digits; -1: not that. Moves *at past them. */
static int64_t fixed_digits(const char **at, int n)
{
    int64_t number = 0;

    for (int i = 0; i < n; i++, (*at)++) {
        if (!isdigit((unsigned char)**at))
            return -1;
        number = number * 10 + (**at - '0');
    }
    return number;
}

static bool expect(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool parse_date(const char **at, int64_t *days)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year = fixed_digits(at, 4), month, day;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    if (year < 0 || !expect(at, '-') || (month = fixed_digits(at, 2)) < 1 || month > 12 ||
        !expect(at, '-') || (day = fixed_digits(at, 2)) < 1)
        return false;
    if (day > lengths[month - 1] + (month == 2 && leap))
        return false;
    *days = ds_days_from_date(year, month, day);
    return true;
}

static bool parse_clock(const char **at, int64_t *ms)
{
    int64_t hour = fixed_digits(at, 2), minute, second = 0, fraction = 0, scale = 100;

    if (hour < 0 || hour > 23 || !expect(at, ':') || (minute = fixed_digits(at, 2)) < 0 ||
        minute > 59)
        return false;
    if (expect(at, ':')) {
        second = fixed_digits(at, 2);
        if (second < 0 || second > 60) /* 60: a leap second; counted as the next one */
            return false;
        if (**at == '.' || **at == ',') {
            (*at)++;
            if (!isdigit((unsigned char)**at))
                return false;
            for (; isdigit((unsigned char)**at); (*at)++, scale /= 10)
                fraction += (**at - '0') * scale;
        }
    }
    *ms = ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
    return true;
}

static bool parse_zone(const char **at, int64_t *ms)
{
    int64_t hours, minutes, sign = **at == '-' ? -1 : 1;

    *ms = 0;
    if (!**at)
        return true; /* no zone: UTC */
    if (**at == 'Z' || **at == 'z') {
        (*at)++;
        return true;
    }
    if (**at != '+' && **at != '-')
        return false;
    (*at)++;
    hours = fixed_digits(at, 2);
    if (!expect(at, ':') && !**at)
        minutes = 0; /* "+02", as PostgreSQL writes it */
    else
        minutes = fixed_digits(at, 2);
    if (hours < 0 || minutes < 0 || hours > 23 || minutes > 59)
        return false;
    *ms = sign * (hours * DS_HOUR_MS + minutes * DS_MINUTE_MS);
    return true;
}

bool ds_parse_time(const char *text, int64_t *utc_ms)
{
    int64_t days, clock_ms = 0, zone_ms = 0, ms;

    if (!parse_date(&text, &days))
        return false;
    if (*text == 'T' || *text == 't' || *text == ' ') {
        text++;
        if (!parse_clock(&text, &clock_ms))
            return false;
        if (text[0] == ' ' && text[1])
            text++;
        if (!parse_zone(&text, &zone_ms))
            return false;
    }
    if (*text)
        return false;
    ms = days * DS_DAY_MS + clock_ms - zone_ms;
    if (ms < YEAR_0_MS || ms >= YEAR_10000_MS) /* its zone leads out of what can be written */
        return false;
    *utc_ms = ms;
    return true;
}
