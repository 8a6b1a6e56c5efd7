/* tests/integration/test_pass_late.c
 *
 * Creates whose answer was lost, where time does not go as it was thought: one arrives when it was
 * given up, and the clock is set right while one is waited for.
 */
#include "tests/integration/memory_world.h"

#include <unistd.h>

/* The pass behind the one that made it looks once more, and says so; the row it knows stays ours.
 */
static void a_create_that_arrives_after_all_is_reported(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .unknown_lost = true});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->clock.now_ms += ds_memory_destination_b.settle_ms;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    ds_memory_put("out", "late", "a", "{\"Name\": \"one\"}");
    ds_memory_counted("out");
    ds_log_setup(DS_LOG_WARN, false, w->log_fd);
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    ds_log_setup(DS_LOG_ERROR, false, STDERR_FILENO);
    assert_non_null(strstr(world_read(w, "log"), "rows_doubled"));
    assert_int_equal(ds_memory_counted("out").finds, 1);
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_counted("out").finds, 0);
}

/* The second look needs no room under `limits`, whatever a hand has made of the row meanwhile. */
static void the_second_look_is_no_change(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "    limits: {changes: 0%}\n");
    put("a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .unknown_lost = true});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->clock.now_ms += ds_memory_destination_b.settle_ms;
    w->approved = true;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    w->approved = false;
    ds_memory_put("out", "all", "a", "{\"Name\": \"by hand\"}");
    assert_string_equal(world_plan(w), "1 0 0 1 0 0 missing 0");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "by hand");
}

/* Written while the clock was a year ahead: it does not wait for that year. */
static void a_clock_that_was_set_right_holds_up_nothing(void **state)
{
    world *w = *state;
    const int64_t year_ms = 365 * DS_DAY_MS;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    w->clock.now_ms += year_ms;
    put("a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .unknown_lost = true});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->clock.now_ms -= year_ms;
    assert_string_equal(world_totals(w), "1 0 0 0 0 1"); /* it settles from here on */
    w->clock.now_ms += ds_memory_destination_b.settle_ms;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

/* So does a record that the destination refuses: it is tried again within a day. */
static void nor_does_it_hold_up_what_was_refused(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    w->clock.now_ms += 365 * DS_DAY_MS;
    put("a", "one");
    ds_memory_put("out", "all", "a", "{\"Name\": \"x\"}");
    ds_memory_put("out", "other", "a", "{\"Name\": \"y\"}");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    ds_memory_take("out", "other", "a");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1"); /* it is not due */
    w->clock.now_ms -= 365 * DS_DAY_MS;
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_create_that_arrives_after_all_is_reported),
        CASE(the_second_look_is_no_change),
        CASE(a_clock_that_was_set_right_holds_up_nothing),
        CASE(nor_does_it_hold_up_what_was_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
