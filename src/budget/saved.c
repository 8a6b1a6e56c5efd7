/* src/budget/saved.c - what was learnt, as a line that the next process can take up. */
#include "budget/internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define FORM "1 pace %lf paused %" PRId64 " limit %" PRId64 " remaining %" PRId64 " reset %" PRId64

void ds_budget_save(const ds_budget *b, int64_t now_ms, int64_t offset_ms, ds_buf *out)
{
    int64_t paused = b->paused_until > now_ms ? b->paused_until + offset_ms : 0;
    bool told = b->remaining >= 0 && b->reset_ms > now_ms;

    ds_buf_printf(out,
                  "1 pace %.9f paused %" PRId64 " limit %" PRId64 " remaining %" PRId64
                  " reset %" PRId64,
                  b->pace, paused, told ? b->limit : -1, told ? b->remaining : -1,
                  told ? b->reset_ms + offset_ms : 0);
}

/* A time that was saved, on this clock; 0: it is over, or nothing that a day could bring. */
static int64_t still_to_come(int64_t utc_ms, int64_t now_ms, int64_t offset_ms)
{
    int64_t now_utc = now_ms + offset_ms;

    if (utc_ms <= now_utc || utc_ms - now_utc > DS_DAY_MS)
        return 0;
    return now_ms + (utc_ms - now_utc);
}

void ds_budget_load(ds_budget *b, const char *text, int64_t now_ms, int64_t offset_ms)
{
    int64_t paused, limit, remaining, reset;
    double pace;

    if (sscanf(text, FORM, &pace, &paused, &limit, &remaining, &reset) != 5)
        return;
    if (isfinite(pace) && pace > 0 && pace < 1000)
        b->pace = b->pace_most > 0 ? DS_MIN(pace, b->pace_most) : pace;
    b->paused_until = DS_MAX(b->paused_until, still_to_come(paused, now_ms, offset_ms));
    reset = still_to_come(reset, now_ms, offset_ms);
    if (reset && limit > 0 && remaining >= 0 && remaining <= limit) {
        b->limit = limit;
        b->remaining = remaining;
        b->reset_ms = reset;
    }
}
