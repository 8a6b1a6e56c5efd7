/* tests/unit/test_clock.c - the system's clocks, and waits that end when they are told to. */
#include "base/clock.h"
#include "support/run.h"

#include <pthread.h>
#include <time.h>

static int64_t ms_of(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void both_clocks_run(void **state)
{
    ds_clock *clock = ds_clock_system();
    int64_t before = clock->mono_us(clock), now_ms;
    struct timespec then, later;

    (void)state;
    clock_gettime(CLOCK_REALTIME, &then);
    now_ms = clock->now_ms(clock);
    clock_gettime(CLOCK_REALTIME, &later);
    assert_in_range(now_ms, ms_of(then), ms_of(later));
    assert_true(clock->mono_us(clock) >= before);
}

static void a_wait_is_as_long_as_it_was_asked_for(void **state)
{
    ds_clock *clock = ds_clock_system();
    int64_t begin = clock->mono_us(clock);
    atomic_bool stop = false;

    (void)state;
    clock->wait_us(clock, 0, NULL);
    clock->wait_us(clock, -5, NULL);
    clock->wait_us(clock, 3000, NULL);
    clock->wait_us(clock, 25000, &stop); /* in two parts */
    assert_true(clock->mono_us(clock) - begin >= 28000);
}

static void *stop_it(void *stop)
{
    atomic_store((atomic_bool *)stop, true);
    return NULL;
}

/* A wait of a day: this ends because it is told to, or not at all. */
static void a_wait_ends_when_it_is_told_to(void **state)
{
    ds_clock *clock = ds_clock_system();
    atomic_bool stop = true;
    pthread_t thread;

    (void)state;
    clock->wait_us(clock, DS_DAY_MS * 1000, &stop);
    stop = false;
    assert_int_equal(pthread_create(&thread, NULL, stop_it, &stop), 0);
    clock->wait_us(clock, DS_DAY_MS * 1000, &stop);
    pthread_join(thread, NULL);
    assert_true(stop);
}

int main(void)
{
    add_test(both_clocks_run);
    add_test(a_wait_is_as_long_as_it_was_asked_for);
    add_test(a_wait_ends_when_it_is_told_to);
    return run_tests("clock");
}
