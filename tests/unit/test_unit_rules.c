/* tests/unit/test_unit_rules.c - the rules of intervals, requests and changes, in figures. */
#include "unit_life.h"

/* ---- ensure and intervals -------------------------------------------------------------------- */

static void first_pass_within_spread(void **state)
{
    int64_t earliest = INT64_MAX, latest = 0, span = 50 * DS_SECOND_MS;
    char key[32];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        life l = {.arena = scratch, .now = T0};

        snprintf(key, sizeof(key), "repos:unit%d", i);
        ds_unit_init(&l.unit, key, T0);
        tell(&l, ensure_event(EVERY, false, span));
        assert_false(acted(&l, DS_ACT_START_PASS));
        assert_in_range(wake(&l), T0 + 1, T0 + span);
        assert_int_equal(wake(&l), l.unit.due_ms);
        earliest = DS_MIN(earliest, wake(&l));
        latest = DS_MAX(latest, wake(&l));
    }
    assert_true(earliest < T0 + span / 50); /* they use the span, and from its start to its end */
    assert_true(latest > T0 + span - span / 50);
}

static void first_pass_without_spread_is_now(void **state)
{
    life *l = idle(state);

    ds_unit_init(&l->unit, "repos:new", T0);
    tell(l, ensure_event(EVERY, false, 0));
    assert_true(acted(l, DS_ACT_START_PASS));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
    assert_int_equal(l->unit.due_ms, T0 + EVERY);
}

static void the_spread_is_the_same_every_time(void **state)
{
    life *l = idle(state);
    int64_t first;

    ds_unit_init(&l->unit, "repos:new", T0);
    tell(l, ensure_event(EVERY, false, EVERY));
    first = l->unit.due_ms;
    ds_unit_init(&l->unit, "repos:new", T0);
    tell(l, ensure_event(EVERY, false, EVERY));
    assert_int_equal(l->unit.due_ms, first);
}

static void an_overdue_unit_is_spread(void **state)
{
    life *l = idle(state);

    l->now = l->unit.due_ms + DS_DAY_MS;
    tell(l, ensure_event(EVERY, false, 10 * DS_SECOND_MS));
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_in_range(wake(l), l->now + 1, l->now + 10 * DS_SECOND_MS);
}

static void a_unit_not_yet_due_is_not_spread(void **state)
{
    life *l = idle(state);
    int64_t due = l->unit.due_ms;

    l->now = due - 1;
    tell(l, ensure_event(EVERY, false, 10 * DS_SECOND_MS));
    assert_int_equal(wake(l), due);
}

static void an_overdue_unit_keeps_its_phase(void **state)
{
    life *l = idle(state);
    int64_t due = l->unit.due_ms;

    l->now = due + 5 * EVERY + 17;
    tell(l, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_START_PASS));
    assert_int_equal(l->unit.due_ms, due + 6 * EVERY);
}

static void a_changed_every_resets_the_interval_set_by_hand(void **state)
{
    life *l = idle(state);

    tell(l, (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = 5 * DS_MINUTE_MS});
    tell(l, ensure_event(EVERY, false, 0));
    assert_int_equal(l->unit.interval_ms, 5 * DS_MINUTE_MS);
    l->now += 1000;
    tell(l, ensure_event(EVERY * 3, false, 0));
    assert_int_equal(l->unit.interval_ms, EVERY * 3);
    assert_int_equal(wake(l), l->now + EVERY * 3);
}

static const struct interval_row {
    const char *name;
    int64_t asked, becomes;
} intervals[] = {
    {"set_interval: zero becomes a minute", 0, DS_MINUTE_MS},
    {"set_interval: negative becomes a minute", -1, DS_MINUTE_MS},
    {"set_interval: the least there is becomes a minute", INT64_MIN, DS_MINUTE_MS},
    {"set_interval: a second becomes a minute", 1000, DS_MINUTE_MS},
    {"set_interval: a minute stays", DS_MINUTE_MS, DS_MINUTE_MS},
    {"set_interval: 90 seconds stay", 90000, 90000},
    {"set_interval: the most there is becomes ten years", INT64_MAX, 3650 * DS_DAY_MS},
};

static void set_interval_row(void **state)
{
    const struct interval_row *row = *state;
    life l = {0};

    life_idle(&l, false);
    l.now += 12345;
    tell(&l, (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = row->asked});
    assert_int_equal(l.unit.interval_ms, row->becomes);
    assert_int_equal(wake(&l), l.now + row->becomes);
}

static void every_of_a_second_is_allowed(void **state)
{
    life *l = idle(state);

    tell(l, ensure_event(DS_SECOND_MS, false, 0));
    assert_int_equal(l->unit.interval_ms, DS_SECOND_MS);
    tell(l, ensure_event(0, false, 0));
    assert_int_equal(l->unit.interval_ms, DS_SECOND_MS);
}

static void an_interval_set_while_gone_counts_from_the_return(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_GONE));
    tell(l, (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = 2 * DS_MINUTE_MS});
    assert_int_equal(l->unit.due_ms, 0);
    tell(l, ensure_event(EVERY, false, 0));
    assert_true(acted(l, DS_ACT_START_PASS));
    assert_int_equal(l->unit.due_ms, l->now + 2 * DS_MINUTE_MS);
}

static void a_clock_set_back_does_not_stop_the_unit(void **state)
{
    life *l = idle(state);

    l->now -= 365 * DS_DAY_MS;
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(wake(l), l->now + EVERY);
}

static void a_clock_set_back_does_not_hold_a_retry(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_WAITING, "HTTP 429", "rate_limited"));
    l->now -= 365 * DS_DAY_MS;
    tell(l, event_of(DS_EV_TIMER));
    assert_true(wake(l) <= l->now + DS_DAY_MS);
}

static void a_clock_set_back_does_not_hold_a_pass_that_was_stopped(void **state)
{
    life *l = idle(state);
    ds_event ended;

    tell(l, event_of(DS_EV_SYNC_NOW));
    l->now += 365 * DS_DAY_MS;
    ended = ended_event(DS_PASS_CANCELLED, NULL, NULL);
    ds_unit_apply(&l->unit, &ended, l->now, l->arena); /* and the process leaves */
    l->now -= 365 * DS_DAY_MS;
    tell(l, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_GO_ON_PASS));
}

static void a_clock_set_back_does_not_hold_a_back_off(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    l->now -= 365 * DS_DAY_MS;
    tell(l, event_of(DS_EV_TIMER));
    assert_true(wake(l) <= l->now + DS_UNIT_RETRY_MOST_MS);
}

static void a_state_without_interval_is_repaired(void **state)
{
    life *l = idle(state);

    l->unit.interval_ms = 0;
    tell(l, event_of(DS_EV_TIMER));
    assert_true(wake(l) > l->now);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void items_are_kept_once_each_and_in_order(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_PAUSE));
    tell(l, items_event(ITEMS("b", "a", "b"), 3));
    tell(l, items_event(ITEMS("a", "c", "", NULL), 4));
    assert_int_equal(l->unit.want.items_n, 3);
    assert_string_equal(l->unit.want.items[0], "b");
    assert_string_equal(l->unit.want.items[1], "a");
    assert_string_equal(l->unit.want.items[2], "c");
    assert_true(l->unit.want.any);
    assert_false(l->unit.want.full);
}

static void items_are_copied(void **state)
{
    life *l = idle(state);
    char item[] = "octo/hello";

    tell(l, items_event(ITEMS(item), 1));
    memset(item, 'x', sizeof(item) - 1);
    assert_int_equal(l->unit.run_kind, DS_PASS_TARGETED);
    assert_string_equal(l->unit.run.items[0], "octo/hello");
}

static void an_empty_list_of_items_asks_for_everything(void **state)
{
    life *l = idle(state);

    tell(l, items_event(ITEMS("x"), 0));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
}

static void items_that_name_no_record_ask_for_nothing(void **state)
{
    life *l = idle(state);
    char *key = calloc(1, 2000);

    memset(key, 'k', 1999);
    tell(l, items_event(ITEMS("", NULL, key), 3));
    free(key);
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_false(l->unit.want.any);
}

static void a_full_request_swallows_items_and_is_never_swallowed(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_PAUSE));
    tell(l, items_event(ITEMS("a"), 1));
    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, items_event(ITEMS("b"), 1));
    assert_true(l->unit.want.full);
    assert_int_equal(l->unit.want.items_n, 0);
}

static void too_many_items_become_a_full_pass(void **state)
{
    life *l = idle(state);
    char(*names)[16] = calloc(DS_UNIT_ITEMS_MAX + 1, sizeof(*names));
    const char **items = calloc(DS_UNIT_ITEMS_MAX + 1, sizeof(*items));

    for (size_t i = 0; i <= DS_UNIT_ITEMS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "key%zu", i);
        items[i] = names[i];
    }
    tell(l, event_of(DS_EV_PAUSE));
    tell(l, items_event(items, DS_UNIT_ITEMS_MAX));
    assert_false(l->unit.want.full);
    assert_int_equal(l->unit.want.items_n, DS_UNIT_ITEMS_MAX);
    tell(l, items_event(items, DS_UNIT_ITEMS_MAX)); /* all there already */
    assert_false(l->unit.want.full);
    tell(l, items_event(items + DS_UNIT_ITEMS_MAX, 1));
    free(items);
    free(names);
    assert_true(l->unit.want.full);
    assert_int_equal(l->unit.want.items_n, 0);
}

static void too_much_text_becomes_a_full_pass(void **state)
{
    life *l = idle(state);
    char key[1025];

    tell(l, event_of(DS_EV_PAUSE));
    memset(key, 'k', sizeof(key));
    key[1024] = '\0';
    for (int i = 0; i < 1100 && !l->unit.want.full; i++) {
        snprintf(key, 8, "%07d", i);
        key[7] = 'k';
        tell(l, items_event(ITEMS(key), 1));
        assert_true(l->unit.want.full || l->unit.want.items_n == (size_t)i + 1);
    }
    assert_true(l->unit.want.full);
}

static void items_of_a_failed_pass_are_asked_for_again(void **state)
{
    life *l = idle(state);

    tell(l, items_event(ITEMS("a", "b"), 2));
    tell(l, items_event(ITEMS("b", "c"), 2));
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    assert_int_equal(l->unit.want.items_n, 3);
    assert_false(l->unit.running);
    l->now = wake(l);
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_TARGETED);
    assert_int_equal(l->unit.run.items_n, 3);
    assert_int_equal(l->unit.want.items_n, 0);
}

static void a_failed_full_pass_stays_full(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, items_event(ITEMS("a"), 1));
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    assert_true(l->unit.want.full);
    assert_int_equal(l->unit.want.items_n, 0); /* the full pass reads it as well */
}

static void items_under_a_refused_credential_are_not_lost(void **state)
{
    life *l = idle(state);

    tell(l, items_event(ITEMS("a"), 1));
    tell(l, ended_event(DS_PASS_PAUSED, "HTTP 401", "auth"));
    assert_true(l->unit.paused);
    assert_string_equal(l->unit.error_kind, "auth");
    assert_int_equal(l->unit.want.items_n, 1);
    tell(l, event_of(DS_EV_RESUME));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
}

/* ---- sources that list changes --------------------------------------------------------------- */

static void the_interval_asks_for_changes(void **state)
{
    life *l = idle_with_changes(state);

    l->now = l->unit.due_ms;
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_CHANGES);
    assert_int_equal(l->unit.run_since_ms, T0 - DS_UNIT_OVERLAP_MS);
}

static void changes_are_counted_from_the_start_of_the_last_pass(void **state)
{
    life *l = idle_with_changes(state);
    int64_t started = l->now = l->unit.due_ms;

    tell(l, event_of(DS_EV_TIMER));
    l->now += 7 * DS_MINUTE_MS;
    tell(l, ended_event(DS_PASS_PARTIAL, NULL, NULL));
    assert_int_equal(l->unit.changes_from_ms, started);
    l->now = l->unit.due_ms;
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_since_ms, started - DS_UNIT_OVERLAP_MS);
}

static void a_failed_changes_pass_does_not_move_the_start(void **state)
{
    life *l = idle_with_changes(state);

    l->now = l->unit.due_ms;
    tell(l, event_of(DS_EV_TIMER));
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    assert_int_equal(l->unit.changes_from_ms, T0);
    l->now = wake(l);
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_CHANGES);
    assert_int_equal(l->unit.run_since_ms, T0 - DS_UNIT_OVERLAP_MS);
}

static void a_targeted_pass_does_not_move_the_start(void **state)
{
    life *l = idle_with_changes(state);

    l->now += 1000;
    tell(l, items_event(ITEMS("a"), 1));
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    assert_int_equal(l->unit.changes_from_ms, T0);
    assert_int_equal(l->unit.full_due_ms, T0 + DS_DAY_MS);
}

static void a_full_pass_comes_when_it_is_due(void **state)
{
    life *l = idle_with_changes(state);

    l->now = T0 + DS_DAY_MS;
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    assert_int_equal(l->unit.full_due_ms, l->now + DS_DAY_MS);
}

static void a_clock_set_back_asks_for_everything(void **state)
{
    life *l = idle_with_changes(state);

    l->now =
        l->unit.changes_from_ms - DS_DAY_MS; /* what changes until then would be told of never */
    tell(l, event_of(DS_EV_TIMER));
    l->now = wake(l);
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
    assert_int_equal(l->unit.run_since_ms, -1);
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    l->now = wake(l);
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_CHANGES);
}

static void another_full_every_moves_the_full_pass(void **state)
{
    life *l = idle_with_changes(state);
    ds_event ev = ensure_event(EVERY, true, 0);

    ev.full_every_ms = DS_HOUR_MS;
    tell(l, ev);
    assert_int_equal(l->unit.full_due_ms, T0 + DS_HOUR_MS);
}

static void a_request_reads_everything(void **state)
{
    life *l = idle_with_changes(state);

    tell(l, event_of(DS_EV_SYNC_NOW));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
    assert_int_equal(l->unit.run_since_ms, -1);
}

static void changes_leave_named_items_to_the_next_pass(void **state)
{
    life *l = idle_with_changes(state);

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, items_event(ITEMS("a"), 1));
    l->unit.want.any = l->unit.want.changes = true;
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    assert_int_equal(l->unit.run_kind, DS_PASS_CHANGES);
    assert_int_equal(l->unit.run.items_n, 0);
    assert_int_equal(l->unit.want.items_n, 1);
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    assert_int_equal(l->unit.run_kind, DS_PASS_TARGETED);
    assert_string_equal(l->unit.run.items[0], "a");
}

static void a_source_that_no_longer_lists_changes_is_read_whole(void **state)
{
    life *l = idle_with_changes(state);

    tell(l, ensure_event(EVERY, false, 0));
    l->now = l->unit.due_ms;
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
}

int main(void)
{
    add_test(first_pass_within_spread);
    add_test(first_pass_without_spread_is_now);
    add_test(the_spread_is_the_same_every_time);
    add_test(an_overdue_unit_is_spread);
    add_test(a_unit_not_yet_due_is_not_spread);
    add_test(an_overdue_unit_keeps_its_phase);
    add_test(a_changed_every_resets_the_interval_set_by_hand);
    add_table(intervals, set_interval_row);
    add_test(every_of_a_second_is_allowed);
    add_test(an_interval_set_while_gone_counts_from_the_return);
    add_test(a_clock_set_back_does_not_stop_the_unit);
    add_test(a_clock_set_back_does_not_hold_a_retry);
    add_test(a_clock_set_back_does_not_hold_a_pass_that_was_stopped);
    add_test(a_clock_set_back_does_not_hold_a_back_off);
    add_test(a_state_without_interval_is_repaired);
    add_test(items_are_kept_once_each_and_in_order);
    add_test(items_are_copied);
    add_test(an_empty_list_of_items_asks_for_everything);
    add_test(items_that_name_no_record_ask_for_nothing);
    add_test(a_full_request_swallows_items_and_is_never_swallowed);
    add_test(too_many_items_become_a_full_pass);
    add_test(too_much_text_becomes_a_full_pass);
    add_test(items_of_a_failed_pass_are_asked_for_again);
    add_test(a_failed_full_pass_stays_full);
    add_test(items_under_a_refused_credential_are_not_lost);
    add_test(the_interval_asks_for_changes);
    add_test(changes_are_counted_from_the_start_of_the_last_pass);
    add_test(a_failed_changes_pass_does_not_move_the_start);
    add_test(a_targeted_pass_does_not_move_the_start);
    add_test(a_full_pass_comes_when_it_is_due);
    add_test(a_clock_set_back_asks_for_everything);
    add_test(another_full_every_moves_the_full_pass);
    add_test(a_request_reads_everything);
    add_test(changes_leave_named_items_to_the_next_pass);
    add_test(a_source_that_no_longer_lists_changes_is_read_whole);
    return run_tests("sync unit: intervals, requests, changes");
}
