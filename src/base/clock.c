/* src/base/clock.c - the system's clocks. */
#include "base/clock.h"

#include <time.h>

#define LOOK_EVERY_US 20000 /* how long a stop may go unnoticed */

static int64_t read_clock_us(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t now_ms(ds_clock *clock)
{
    (void)clock;
    return read_clock_us(CLOCK_REALTIME) / 1000;
}

static int64_t mono_us(ds_clock *clock)
{
    (void)clock;
    return read_clock_us(CLOCK_MONOTONIC);
}

static void wait_us(ds_clock *clock, int64_t us, const atomic_bool *stop)
{
    int64_t end = mono_us(clock) + us;

    while (us > 0 && !(stop && atomic_load(stop))) {
        int64_t part = DS_MIN(us, LOOK_EVERY_US);
        struct timespec t = {.tv_sec = part / 1000000, .tv_nsec = part % 1000000 * 1000};

        nanosleep(&t, NULL);
        us = end - mono_us(clock);
    }
}

ds_clock *ds_clock_system(void)
{
    static ds_clock system_clock = {.now_ms = now_ms, .mono_us = mono_us, .wait_us = wait_us};

    return &system_clock;
}
