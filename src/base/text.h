/* src/base/text.h - small helpers on text: UTF-8, durations, times, numbers. */
#ifndef DS_BASE_TEXT_H
#define DS_BASE_TEXT_H

#include <durable_sync/base.h>
#include <durable_sync/value.h>

/* "90s", "15m", "12h", "1d", "2w", "500ms" to milliseconds; false: not one. */
bool ds_parse_duration(const char *text, int64_t *ms);
/* "15m", "1h30m", "45s", for people. */
const char *ds_duration_text(ds_arena *a, int64_t ms);
/* "2026-01-31T09:30:00Z"; with milliseconds only when there are any. `offset_form`: "+00:00". */
const char *ds_time_text(ds_arena *a, int64_t utc_ms, bool offset_form);
/* RFC 3339 or "YYYY-MM-DD[ HH:MM[:SS[.fff]]]" to UTC milliseconds; false: not one. */
bool ds_parse_time(const char *text, int64_t *utc_ms);
/* Days since 1970-01-01 of a date in the Gregorian calendar, for any year, and back. */
int64_t ds_days_from_date(int64_t year, int64_t month, int64_t day);
void ds_date_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day);
int64_t ds_weekday(int64_t days); /* of that day: Sunday is 0 */
/* The quotient rounded down, below zero too; `by` is positive. */
int64_t ds_floor_div(int64_t number, int64_t by);
/* A whole decimal integer of 64 bits; false: anything else. */
bool ds_parse_int(const char *text, int64_t *out);
/* The text is a JSON number ("-1.5e3"). */
bool ds_is_number(const char *text, size_t n);

/* Length of the valid UTF-8 sequence at text[0..n), 0 where there is none. */
size_t ds_utf8_step(const char *text, size_t n);
bool ds_utf8_ok(const char *text, size_t n);

#endif
