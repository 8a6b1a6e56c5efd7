/* src/record/convert.c - `as`: one neutral type to another, or a reason why not. */
#include "base/text.h"
#include <durable_sync/value.h>

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define YEAR_1_MS (-INT64_C(62135596800000))
#define YEAR_10000_MS INT64_C(253402300800000)

static bool misfit(ds_arena *a, ds_value v, const char *what, ds_err *err)
{
    const char *text = ds_value_text(a, v);
    const char *kind = v.type == DS_TEXT ? "" : ds_type_name(v.type);
    size_t n = strlen(text), shown = 0, step;

    while (shown < n &&
           (step = DS_MAX(ds_utf8_step(text + shown, n - shown), (size_t)1)) + shown <= 80)
        shown += step;
    return ds_fail(err, DS_ERR_PERMANENT, "%s%s\"%.*s%s\" is not %s", kind, *kind ? " " : "",
                   (int)shown, text, shown < n ? "..." : "", what);
}

static bool is_digits(const char *text)
{
    text += *text == '-';
    return *text && !text[strspn(text, "0123456789")];
}

/* 1e3 is 1000, as many programs write large numbers. false: it has a fraction, or more than a
 * double holds exactly. */
static bool from_exponent(const char *text, ds_value *out)
{
    size_t n = strlen(text);
    double number;

    if (!strpbrk(text, "eE") || !ds_is_number(text, n))
        return false;
    number = strtod(text, NULL);
    if (!(fabs(number) < 0x1p63))
        return false;
    *out = ds_int((int64_t)number);
    return ds_value_same(ds_number(text, n), *out);
}

static bool to_int(ds_arena *a, ds_value v, ds_value *out, ds_err *err)
{
    const char *text = ds_value_text(a, v);
    const char *point = strchr(text, '.');
    int64_t integer;

    if (v.type == DS_BOOL) {
        *out = ds_int(v.as.boolean);
        return true;
    }
    if (from_exponent(text, out))
        return true;
    if (point && point[1] && strspn(point + 1, "0") == strlen(point + 1)) /* 5.0 is 5 */
        text = ds_arena_strndup(a, text, (size_t)(point - text));
    if (!ds_parse_int(text, &integer))
        return misfit(a, v, is_digits(text) ? "an integer of 64 bits" : "an integer", err);
    *out = ds_int(integer);
    return true;
}

static bool to_number(ds_arena *a, ds_value v, ds_value *out, ds_err *err)
{
    const char *text = ds_value_text(a, v);

    if (v.type == DS_BOOL) {
        *out = ds_int(v.as.boolean);
        return true;
    }
    if (!ds_is_number(text, strlen(text)))
        return misfit(a, v, "a number", err);
    *out = ds_number(text, strlen(text));
    return true;
}

static bool to_bool(ds_arena *a, ds_value v, ds_value *out, ds_err *err)
{
    static const char *const yes[] = {"true", "yes", "1", "on", "t", "y"};
    static const char *const no[] = {"false", "no", "0", "off", "f", "n"};
    const char *text = ds_value_text(a, v);

    for (size_t i = 0; i < DS_COUNT(yes); i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *out = ds_bool(strcasecmp(text, yes[i]) == 0);
            return true;
        }
    }
    return misfit(a, v, "a boolean", err);
}

/* Unix seconds, or milliseconds from 10^11 (the year 5138 in seconds) on. */
static int64_t unix_ms(int64_t number)
{
    bool is_ms = number >= INT64_C(100000000000) || number <= -INT64_C(100000000000);

    return is_ms ? number : number * 1000;
}

/* The digits behind the seconds, with their point, at most nine; "" where there are none. */
static const char *fraction_of(ds_arena *a, const char *text)
{
    const char *point = strpbrk(text, ".,");
    size_t n = 0;

    if (!point)
        return "";
    while (n < 9 && isdigit((unsigned char)point[1 + n]))
        n++;
    return ds_arena_printf(a, ".%.*s", (int)n, point + 1);
}

static const char *without_fraction(ds_arena *a, int64_t utc_ms)
{
    int64_t rest = ((utc_ms % 1000) + 1000) % 1000;

    return ds_time_text(a, utc_ms - rest, false);
}

/* "YYYY-MM-DDTHH:MM:SS[.fff]Z" of any time from year 1 to 9999; NULL: not one. */
static const char *utc_text(ds_arena *a, ds_value v, const char *text)
{
    int64_t ms;
    bool is_unix = ds_parse_int(text, &ms) && (v.type == DS_INT || strlen(text) > 8);

    if (is_unix)
        ms = unix_ms(ms);
    else if (!ds_parse_time(text, &ms))
        return NULL;
    if (ms < YEAR_1_MS || ms >= YEAR_10000_MS)
        return NULL;
    if (is_unix)
        return ds_time_text(a, ms, false);
    return ds_arena_printf(a, "%.19s%sZ", without_fraction(a, ms), fraction_of(a, text));
}

static bool to_time(ds_arena *a, ds_value v, bool with_clock, ds_value *out, ds_err *err)
{
    const char *text = ds_value_text(a, v), *utc = utc_text(a, v, text);

    if (!utc)
        return misfit(a, v, with_clock ? "a datetime" : "a date", err);
    if (with_clock)
        *out = ds_datetime(utc);
    else if (v.type == DS_TEXT && strlen(text) >= 10 && text[4] == '-')
        *out = ds_date(ds_arena_strndup(a, text, 10)); /* the day as written, whatever the zone */
    else
        *out = ds_date(ds_arena_strndup(a, utc, 10));
    return true;
}

static bool to_list(ds_arena *a, ds_value v, ds_value *out)
{
    size_t n = v.type == DS_NESTED ? ds_json_size(v.as.nested) : 1, at = 0;
    const char **texts = ds_arena_alloc(a, (n + 1) * sizeof(*texts));

    if (v.type != DS_NESTED || ds_json_kind_of(v.as.nested) != DS_JSON_LIST) {
        texts[0] = ds_value_text(a, v);
        *out = ds_list(texts, 1);
        return true;
    }
    DS_JSON_EACH (v.as.nested, item) {
        const char *text = ds_value_text(a, ds_from_json(a, item));

        if (text)
            texts[at++] = text;
    }
    *out = ds_list(texts, at);
    return true;
}

bool ds_value_as(ds_arena *a, ds_value v, ds_type type, ds_value *out, ds_err *err)
{
    *out = v;
    if (v.type == DS_NULL || v.type == DS_ABSENT || v.type == type)
        return true;
    switch (type) {
    case DS_BOOL:
        return to_bool(a, v, out, err);
    case DS_INT:
        return to_int(a, v, out, err);
    case DS_NUMBER:
        return to_number(a, v, out, err);
    case DS_DATE:
        return to_time(a, v, false, out, err);
    case DS_DATETIME:
        return to_time(a, v, true, out, err);
    case DS_LIST:
        return to_list(a, v, out);
    case DS_TEXT:
        *out = ds_text(ds_value_text(a, v));
        return true;
    case DS_ABSENT:
    case DS_NULL:
    case DS_NESTED:
        return true;
    }
    return true;
}
