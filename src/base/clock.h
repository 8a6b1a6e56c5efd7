/* src/base/clock.h - the time, as something that can be handed in and set by tests. */
#ifndef DS_BASE_CLOCK_H
#define DS_BASE_CLOCK_H

#include <durable_sync/base.h>
#include <stdatomic.h>

typedef struct ds_clock {
    int64_t (*now_ms)(struct ds_clock *clock);  /* UTC since 1970 */
    int64_t (*mono_us)(struct ds_clock *clock); /* for durations; never jumps */
    /* Waits, at most until *stop is set (NULL: nobody sets it). Only a pass's pace waits so. */
    void (*wait_us)(struct ds_clock *clock, int64_t us, const atomic_bool *stop);
} ds_clock;

ds_clock *ds_clock_system(void);

#endif
