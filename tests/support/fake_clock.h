/* tests/support/fake_clock.h - a clock that stands still until a test, or a wait, moves it. */
#ifndef TESTS_SUPPORT_FAKE_CLOCK_H
#define TESTS_SUPPORT_FAKE_CLOCK_H

#include "base/clock.h"

typedef struct fake_clock {
    ds_clock clock;         /* first: hand out &fake.clock */
    _Atomic int64_t us;     /* UTC since 1970 and monotonic, both */
    _Atomic int64_t waited; /* us spent in wait_us, which returns at once */
    _Atomic int64_t set_ms; /* the UTC time was set by so much since it began */
} fake_clock;

void fake_clock_init(fake_clock *fake, int64_t utc_ms);
void fake_clock_move(fake_clock *fake, int64_t ms);
void fake_clock_set(fake_clock *fake, int64_t by_ms); /* somebody sets it: no time passes */

#endif
