/* tests/integration/test_pass_intents.c
 *
 * Writes whose answer was lost, at destinations that cannot refuse a second row: announced before
 * they leave, looked up once nothing can arrive late any more, made again only then.
 */
#include "tests/integration/memory_world.h"

/* ---- looked up, once settled ----------------------------------------------------------------- */

static void an_unknown_create_is_looked_up_once_settled(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "one");
    put("b", "two");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1});
    assert_string_equal(world_totals(w), "2 1 0 0 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    ds_memory_counted("out");
    assert_string_equal(world_totals(w), "2 0 0 1 0 1"); /* not before it has settled */
    assert_int_equal(ds_memory_counted("out").writes, 0);
    w->clock.now_ms += ds_memory_destination_b.settle_ms;
    assert_string_equal(world_totals(w), "2 0 0 2 0 0"); /* found and adopted */
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(world_held(w), "");
}

static void an_unknown_create_that_never_arrived_is_made_again(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "one");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .unknown_lost = true});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->clock.now_ms += ds_memory_destination_b.settle_ms;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
}

static void an_unknown_update_is_sent_again(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    put("a", "two");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .unknown_lost = true});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    ds_memory_fail("out", &(ds_memory_faults){0});
    w->clock.now_ms += DS_HOUR_MS;
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_string_equal(ds_memory_text("out", "a", "Name", w->arena), "two");
}

static void two_rows_of_one_key_are_reported_and_left_alone(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    put("a", "one");
    ds_memory_put("out", "all", "a", "{\"Name\": \"x\"}");
    ds_memory_put("out", "other", "a", "{\"Name\": \"y\"}");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_true(strncmp(world_held(w), "a: 2 rows at the destination have this key", 42) == 0);
}

/* ---- destinations of a test's own, made of memory-b and memory-c ----------------------------- */

static ds_destination_ops shaped;

/* The route's destination becomes `like`, for good as soon as it is written, like a service. */
static void shape(world *w, const ds_destination_ops *like, int64_t settle_ms, int64_t lag_ms)
{
    shaped = *like;
    shaped.settle_ms = settle_ms;
    shaped.lag_ms = lag_ms;
    shaped.flush = shaped.finish = NULL;
    shaped.open = NULL; /* which knows nothing of generations */
    ((ds_route *)(uintptr_t)w->config->routes[0])->destination = &shaped;
}

static void lose_answer(int64_t of_write, bool never_arrives)
{
    ds_memory_fail("out",
                   &(ds_memory_faults){.unknown_write = of_write, .unknown_lost = never_arrives});
}

static void answers(void)
{
    ds_memory_fail("out", &(ds_memory_faults){0});
}

/* Whoever else looks rows up there waits for what was made, and for what may have been. */
static void what_may_show_later_is_told(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    shape(w, &ds_memory_destination_b, 2000, 300);
    put("a", "one");
    assert_int_equal(world_pass(w).shows_after_ms, 300);
    assert_int_equal(world_pass(w).shows_after_ms, 0);
    put("b", "one");
    lose_answer(1, false);
    assert_int_equal(world_pass(w).shows_after_ms, 2300);
    answers();
}

static const char *name_of(world *w, const char *key)
{
    const char *name = ds_memory_text("out", key, "Name", w->arena);

    return name ? name : "(none)";
}

static void assert_held(world *w, const char *part)
{
    if (!strstr(world_held(w), part))
        fail_msg("\"%s\" is not in \"%s\"", part, world_held(w));
}

static void a_row_that_shows_late_is_looked_for_twice(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    shape(w, &ds_memory_destination_b, 1000, 5000);
    put("a", "one");
    put("b", "two");
    ds_memory_fail("out", &(ds_memory_faults){.unknown_write = 1, .lag_ms = 4000});
    assert_string_equal(world_totals(w), "2 1 0 0 0 1");
    w->clock.now_ms += 1000; /* settled, and does not show yet */
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    assert_held(w, "looked up once more by the first pass after 5 s");
    w->clock.now_ms += 4999;
    ds_memory_counted("out");
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    assert_int_equal(ds_memory_counted("out").finds, 0);
    w->clock.now_ms += 1;
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

static void a_row_that_is_not_there_twice_is_made_again(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    shape(w, &ds_memory_destination_b, 1000, 5000);
    put("a", "one");
    lose_answer(1, true);
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    answers();
    w->clock.now_ms += 1000;
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    w->clock.now_ms += 5000;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

static void a_look_up_that_fails_loses_no_intent(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    shape(w, &ds_memory_destination_b, 1000, 5000);
    put("a", "one");
    lose_answer(1, false);
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    w->clock.now_ms += 1000;
    ds_memory_fail("out", &(ds_memory_faults){.fail_find = 1, .kind = DS_ERR_TRANSIENT});
    assert_int_equal(world_pass(w).outcome, DS_PASS_FAILED);
    ds_memory_fail("out", &(ds_memory_faults){.lag_ms = 3000}); /* shows late: looked for twice */
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    w->clock.now_ms += 5000;
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

/* ---- updates --------------------------------------------------------------------------------- */

/* Else the old value, applied late, would be the last word. */
static void a_changed_record_waits_for_its_unknown_update(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    shape(w, &ds_memory_destination_b, 1000, 0);
    put("a", "one");
    put("b", "one");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    put("a", "two");
    lose_answer(1, true);
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    assert_held(w, "written again by the first pass after 1 s");
    answers();
    put("a", "three");
    put("b", "three");
    assert_string_equal(world_totals(w), "2 0 1 0 0 1");     /* which blocks nobody else */
    ds_memory_put("out", "all", "a", "{\"Name\": \"two\"}"); /* there it comes */
    w->clock.now_ms += 1000;
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    assert_string_equal(name_of(w, "a"), "three");
}

/* That the batch failed is no fault of the row that was to be made again: its record is not held.
 */
static void a_row_removed_by_hand_is_made_again_after_its_batch_failed(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    shape(w, &ds_memory_destination_b, 1000, 0);
    put("a", "one");
    put("b", "one");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    ds_memory_take("out", "all", "a");
    put("a", "two");
    put("b", "two");
    ds_memory_fail("out", &(ds_memory_faults){.fail_write = 2, .kind = DS_ERR_TRANSIENT});
    assert_int_equal(world_pass(w).outcome, DS_PASS_FAILED); /* a is gone, b never left */
    answers();
    assert_string_equal(world_held(w), "");
    assert_string_equal(world_totals(w), "2 1 1 0 0 0");
    assert_string_equal(name_of(w, "a"), "two");
}

/* Else the first refusal after a long wait would be followed by a day's. */
static void a_pass_that_waits_for_an_answer_is_no_try(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    shape(w, &ds_memory_destination_b, 1000, 0);
    put("a", "one");
    lose_answer(1, true);
    for (int i = 0; i < 12; i++)
        assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    w->clock.now_ms += 1000;
    ds_memory_fail("out", &(ds_memory_faults){.hold_key = "a"});
    assert_string_equal(world_totals(w), "1 0 0 0 0 1"); /* the second try is refused */
    assert_string_equal(world_held(w), "a: refused");
    answers();
    w->clock.now_ms += (int64_t)2 * DS_MINUTE_MS;
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
}

static void a_row_removed_by_hand_is_made_again_once(void **state)
{
    world *w = *state;
    place p = {.w = w, .at = "write", .left = 1};

    start(w, FROM_MEMORY, TO("memory-b"), "");
    shape(w, &ds_memory_destination_b, 1000, 0);
    put("a", "one");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    ds_memory_take("out", "all", "a");
    put("a", "two");
    ds_memory_watch("out", die_there, &p); /* it is made again, and then the process dies */
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    assert_int_equal(ds_memory_count("out", "a"), 1);
    put("a", "three");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    w->clock.now_ms += 1000;
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(name_of(w, "a"), "three");
}

static void an_adopted_row_does_not_become_ours_by_an_unknown_update(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "    missing: delete\n");
    shape(w, &ds_memory_destination_b, 1000, 0);
    ds_memory_put("out", "all", "a", "{\"Name\": \"by hand\"}");
    put("a", "one");
    put("b", "one");
    assert_string_equal(world_totals(w), "2 1 1 0 0 0");
    put("a", "two");
    lose_answer(1, false);
    assert_string_equal(world_totals(w), "2 0 0 1 0 1");
    answers();
    ds_memory_take("in", "all", "a");
    w->clock.now_ms += 1000;
    assert_int_equal(world_pass(w).totals.missing, 0);
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

static void a_mark_set_before_a_crash_is_taken_back_by_look_up_too(void **state)
{
    world *w = *state;
    place p = {.w = w, .at = "write", .left = 0};

    start(w, FROM_MEMORY, TO("memory-b"), "    missing: {mark: Gone}\n");
    shape(w, &ds_memory_destination_b, 1000, 0);
    put("a", "one");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    ds_memory_take("in", "all", "b");
    ds_memory_watch("out", die_there, &p);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "true");
    put("b", "two");
    assert_string_equal(world_totals(w), "2 0 0 1 0 1"); /* the mark may still be on its way */
    w->clock.now_ms += 1000;
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    assert_string_equal(ds_memory_text("out", "b", "Gone", w->arena), "false");
}

static size_t intents_left(world *w, int64_t epoch)
{
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_ledger) l = ds_store_ledger(w->store, 1, epoch, &err);
    ds_ledger_begin begin;

    if (!l || !l->ops->begin(l, w->arena, &begin, &err))
        fail_msg("%s", err.text);
    return begin.intents_n;
}

static void a_batch_that_never_left_takes_back_its_own_intents_alone(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    shape(w, &ds_memory_destination_b, 1000, 0);
    put("a", "one");
    lose_answer(1, true);
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    put("b", "two");
    w->clock.now_ms += 1000;
    ds_memory_fail("out", &(ds_memory_faults){.fail_write = 1, .kind = DS_ERR_TRANSIENT});
    assert_int_equal(world_pass(w).outcome, DS_PASS_FAILED);
    assert_int_equal(intents_left(w, 2), 1); /* of a: nobody knows more of it than before */
    answers();
    assert_string_equal(world_totals(w), "2 2 0 0 0 0");
    assert_int_equal(intents_left(w, 3), 0);
}

static void a_row_of_ours_that_was_lost_and_found_is_ours_to_remove(void **state)
{
    world *w = *state;
    place p = {.w = w, .at = "write", .left = 0};

    start(w, FROM_MEMORY, TO("memory-b"), "    missing: delete\n");
    shape(w, &ds_memory_destination_b, 1000, 0);
    put("a", "one");
    put("b", "one");
    ds_memory_watch("out", die_there, &p);
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    put("a", "two"); /* so that it is written when it is met */
    assert_string_equal(world_totals(w), "2 0 0 0 0 2");
    w->clock.now_ms += 1000;
    assert_string_equal(world_totals(w), "2 0 1 1 0 0");
    ds_memory_take("in", "all", "a");
    assert_int_equal(world_pass(w).totals.missing, 1);
    assert_int_equal(ds_memory_count("out", "a"), 0);
}

/* ---- promise C ------------------------------------------------------------------------------- */

static void a_create_that_cannot_be_looked_up_waits_for_a_person(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-c"), "");
    shape(w, &ds_memory_destination_c, 0, 0);
    shaped.find = NULL;
    put("a", "one");
    lose_answer(1, false);
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_held(w, "`held adopt things a ID` if the row is there, `held retry things a` if it");
    answers();
    w->clock.now_ms += 365 * DS_DAY_MS;
    ds_memory_counted("out");
    put("a", "two");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_int_equal(ds_memory_counted("out").writes, 0);
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

static void a_row_that_is_found_needs_no_person(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-c"), "");
    shape(w, &ds_memory_destination_c, 1000, 0);
    put("a", "one");
    put("b", "two");
    lose_answer(1, false);
    assert_string_equal(world_totals(w), "2 1 0 0 0 1");
    answers();
    w->clock.now_ms += 1000;
    assert_string_equal(world_totals(w), "2 0 0 2 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

static void a_row_that_is_not_found_does(void **state)
{
    world *w = *state;

    start(w, FROM_MEMORY, TO("memory-c"), "");
    shape(w, &ds_memory_destination_c, 1000, 0);
    put("a", "one");
    lose_answer(1, true);
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    answers();
    w->clock.now_ms += 1000;
    for (int i = 0; i < 2; i++) {
        assert_string_equal(world_totals(w), "1 0 0 0 0 1");
        assert_held(w, "nobody but you can tell");
        w->clock.now_ms += DS_DAY_MS;
    }
    assert_int_equal(ds_memory_count("out", "a"), 0);
}

typedef struct by_hand {
    ds_job job; /* first */
    const char *verb;
} by_hand;

static bool do_by_hand(ds_job *job, ds_tx *tx, ds_err *err)
{
    const char *verb = ((by_hand *)job)->verb;
    bool found = false;
    bool ok = !strcmp(verb, "retry")  ? ds_tx_held_retry(tx, "things", "a", &found, err)
              : !strcmp(verb, "drop") ? ds_tx_held_drop(tx, "things", "a", &found, err)
                                      : ds_tx_held_adopt(tx, "things", "a", "id-1", &found, err);

    return ok && found;
}

static void held(world *w, const char *verb)
{
    by_hand hand = {.job.run = do_by_hand, .verb = verb};
    ds_err err = DS_ERR_INIT;

    if (!ds_store_do(w->store, DS_LANE_EVENT, &hand.job, &err))
        fail_msg("%s", err.text);
}

static void hold_unknown_create(world *w, bool never_arrives)
{
    start(w, FROM_MEMORY, TO("memory-c"), "");
    shape(w, &ds_memory_destination_c, 0, 0);
    shaped.find = NULL;
    put("a", "one");
    lose_answer(1, never_arrives);
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    answers();
}

static void a_person_may_adopt_it(void **state)
{
    world *w = *state;

    hold_unknown_create(w, false);
    held(w, "adopt");
    assert_int_equal(world_pass(w).outcome, DS_PASS_DONE);
    put("a", "two");
    assert_string_equal(world_totals(w), "1 0 1 0 0 0");
    assert_int_equal(ds_memory_count("out", "a"), 1);
    assert_string_equal(name_of(w, "a"), "two");
}

static void a_person_may_have_it_made(void **state)
{
    world *w = *state;

    hold_unknown_create(w, true);
    held(w, "retry");
    assert_string_equal(world_totals(w), "1 1 0 0 0 0");
    assert_string_equal(world_totals(w), "1 0 0 1 0 0");
}

static void what_is_dropped_is_asked_again(void **state)
{
    world *w = *state;

    hold_unknown_create(w, false);
    held(w, "drop");
    assert_string_equal(world_totals(w), "1 0 0 0 0 1");
    assert_held(w, "nobody but you can tell");
    assert_int_equal(ds_memory_count("out", "a"), 1);
}

/* ---- who may write --------------------------------------------------------------------------- */

static void nothing_is_written_once_the_lease_is_over(void **state)
{
    world *w = *state;
    static _Atomic int64_t lease_us;

    start(w, FROM_MEMORY, TO("memory-b"), "");
    shape(w, &ds_memory_destination_b, 1000, 0);
    put("a", "one");
    lease_us = w->clock.mono_us;
    w->lease_us = &lease_us;
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    assert_int_equal(ds_memory_count("out", NULL), 0);
    lease_us = w->clock.mono_us + 1;
    w->clock.now_ms += DS_MINUTE_MS;
    assert_string_equal(world_totals(w),
                        "1 1 0 0 0 0"); /* it was never sent: nothing to wait for */
}

static void what_is_linked_is_linked_batch_by_batch(void **state)
{
    world *w = *state;
    place p = {.w = w, .at = "write", .left = 2};
    char key[16];

    start(w, FROM_MEMORY, TO("memory-c"), "");
    shape(w, &ds_memory_destination_c, 0, 0);
    shaped.find = NULL;
    w->intent_records = 32;
    for (int i = 0; i < 96; i++) {
        snprintf(key, sizeof(key), "k%03d", i);
        put(key, "one");
    }
    ds_memory_watch("out", die_there, &p); /* with the third batch: one page, no checkpoint */
    assert_int_equal(world_pass(w).outcome, DS_PASS_CANCELLED);
    ds_memory_watch("out", NULL, NULL);
    assert_string_equal(world_totals(w), "96 0 0 64 0 32");
    assert_int_equal(ds_memory_count("out", NULL), 96);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_unknown_create_is_looked_up_once_settled),
        CASE(an_unknown_create_that_never_arrived_is_made_again),
        CASE(an_unknown_update_is_sent_again),
        CASE(what_may_show_later_is_told),
        CASE(two_rows_of_one_key_are_reported_and_left_alone),
        CASE(a_row_that_shows_late_is_looked_for_twice),
        CASE(a_row_that_is_not_there_twice_is_made_again),
        CASE(a_look_up_that_fails_loses_no_intent),
        CASE(a_changed_record_waits_for_its_unknown_update),
        CASE(a_row_removed_by_hand_is_made_again_after_its_batch_failed),
        CASE(a_pass_that_waits_for_an_answer_is_no_try),
        CASE(a_row_removed_by_hand_is_made_again_once),
        CASE(an_adopted_row_does_not_become_ours_by_an_unknown_update),
        CASE(a_mark_set_before_a_crash_is_taken_back_by_look_up_too),
        CASE(a_batch_that_never_left_takes_back_its_own_intents_alone),
        CASE(a_row_of_ours_that_was_lost_and_found_is_ours_to_remove),
        CASE(a_create_that_cannot_be_looked_up_waits_for_a_person),
        CASE(a_row_that_is_found_needs_no_person),
        CASE(a_row_that_is_not_found_does),
        CASE(a_person_may_adopt_it),
        CASE(a_person_may_have_it_made),
        CASE(what_is_dropped_is_asked_again),
        CASE(nothing_is_written_once_the_lease_is_over),
        CASE(what_is_linked_is_linked_batch_by_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
