/* tests/fuzz/fuzz_schedule.c
 *
 * Time tables: any cron expression, quiet hours and bytes of a TZif file.  What is refused is
 * refused with a word; in what is not, pieces of local time meet without a gap, the next time is
 * later and stays the next one until it comes, and quiet hours end.
 *
 * Input: a line (cron), a line (quiet hours, separated by commas), then 8 bytes (a time) and the
 * zone; nothing: UTC.
 */
#include "fuzz/fuzz.h"

#include "schedule/schedule.h"

#include <inttypes.h>
#include <string.h>

#define OFFSET_MOST_S INT64_C(93600)
#define YEAR_1_MS (-INT64_C(62135596800000))
#define YEAR_9000_MS INT64_C(221845392000000)

static int64_t read_time(fuzz_input *in)
{
    uint64_t bits = 0;

    for (int i = 0; i < 8; i++)
        bits = bits << 8 | fuzz_byte(in);
    return YEAR_1_MS + (int64_t)(bits % (uint64_t)(YEAR_9000_MS - YEAR_1_MS));
}

static const ds_zone *read_zone(const fuzz_input *in, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    const ds_zone *zone;

    if (!in->left)
        return ds_zone_utc();
    zone = ds_zone_parse("fuzz", in->at, in->left, a, &err);
    if (!zone)
        fuzz_error(&err);
    return zone;
}

static void pieces(const ds_zone *zone, int64_t at_s)
{
    for (int i = 0; i < 20; i++) {
        ds_span span = ds_zone_span(zone, at_s), next;

        fuzz_must(span.from_s <= at_s && at_s < span.until_s,
                  "%" PRId64 " is not in %" PRId64 "..%" PRId64, at_s, span.from_s, span.until_s);
        fuzz_must(span.offset_s <= OFFSET_MOST_S && span.offset_s >= -OFFSET_MOST_S,
                  "offset %" PRId64, span.offset_s);
        if (span.until_s >= DS_ZONE_EVER)
            return;
        next = ds_zone_span(zone, span.until_s);
        fuzz_must(next.from_s == span.until_s, "a gap from %" PRId64 " to %" PRId64, span.until_s,
                  next.from_s);
        fuzz_must(next.before_s == span.offset_s,
                  "before %" PRId64 " was %" PRId64 ", not %" PRId64, span.until_s, span.offset_s,
                  next.before_s);
        at_s = span.until_s;
    }
}

static void next_times(const ds_cron *cron, const ds_zone *zone, int64_t after_ms)
{
    for (int i = 0; i < 5; i++) {
        int64_t next_ms = ds_cron_next(cron, zone, after_ms), again_ms;

        if (!next_ms)
            return;
        fuzz_must(next_ms > after_ms && next_ms % 1000 == 0, "%" PRId64 " after %" PRId64, next_ms,
                  after_ms);
        again_ms = ds_cron_next(cron, zone, after_ms + (next_ms - after_ms) / 2);
        fuzz_must(again_ms == next_ms, "%" PRId64 ", then %" PRId64, next_ms, again_ms);
        after_ms = next_ms;
    }
}

static bool read_quiet(const char *text, ds_quiet *quiet, ds_arena *a)
{
    fuzz_input in = {text, strlen(text)};
    bool any = false;

    while (in.left) {
        ds_err err = DS_ERR_INIT;

        if (ds_quiet_add(quiet, fuzz_piece(&in, ",", a, NULL), &err))
            any = true;
        else
            fuzz_error(&err);
    }
    return any && !ds_quiet_is_all_day(quiet);
}

static void quiet_hours(const ds_schedule *s, int64_t at_ms)
{
    int64_t until_ms = ds_schedule_quiet_until(s, at_ms), next_ms = ds_schedule_next(s, at_ms);

    fuzz_must(!until_ms || until_ms > at_ms, "quiet at %" PRId64 " until %" PRId64, at_ms,
              until_ms);
    fuzz_must(!until_ms || !ds_schedule_quiet_until(s, until_ms), "quiet at its end, %" PRId64,
              until_ms);
    fuzz_must(!next_ms || next_ms > at_ms, "%" PRId64 " after %" PRId64, next_ms, at_ms);
    fuzz_must(!next_ms || !ds_schedule_quiet_until(s, next_ms), "begins in quiet hours, %" PRId64,
              next_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    const char *cron = fuzz_piece(&in, "\n", a, NULL), *quiet = fuzz_piece(&in, "\n", a, NULL);
    int64_t at_ms = read_time(&in);
    ds_schedule s = {.zone = read_zone(&in, a)};
    ds_err err = DS_ERR_INIT;

    s.has_quiet = read_quiet(quiet, &s.quiet, a);
    if (ds_cron_parse(cron, &s.times, &err))
        s.cron = cron;
    else
        fuzz_error(&err);
    if (!s.zone)
        return 0;
    pieces(s.zone, at_ms / 1000);
    if (s.cron)
        next_times(&s.times, s.zone, at_ms);
    quiet_hours(&s, at_ms);
    return 0;
}
