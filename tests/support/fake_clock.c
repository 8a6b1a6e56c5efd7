/* tests/support/fake_clock.c - see fake_clock.h. */
#include "support/fake_clock.h"

static int64_t now_ms(ds_clock *clock)
{
    return ((fake_clock *)clock)->us / 1000 + ((fake_clock *)clock)->set_ms;
}

static int64_t mono_us(ds_clock *clock)
{
    return ((fake_clock *)clock)->us;
}

static void wait_us(ds_clock *clock, int64_t us, const atomic_bool *stop)
{
    fake_clock *fake = (fake_clock *)clock;

    if (us <= 0 || (stop && atomic_load(stop)))
        return;
    fake->us += us;
    fake->waited += us;
}

void fake_clock_init(fake_clock *fake, int64_t utc_ms)
{
    fake->clock = (ds_clock){.now_ms = now_ms, .mono_us = mono_us, .wait_us = wait_us};
    fake->us = utc_ms * 1000;
    fake->waited = 0;
    fake->set_ms = 0;
}

void fake_clock_move(fake_clock *fake, int64_t ms)
{
    fake->us += ms * 1000;
}

void fake_clock_set(fake_clock *fake, int64_t by_ms)
{
    fake->set_ms += by_ms;
}
