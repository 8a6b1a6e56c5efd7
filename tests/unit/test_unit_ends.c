/* tests/unit/test_unit_ends.c - how passes end, what is kept of it, and who may go beyond limits.
 */
#include "unit_life.h"

/* ---- ends of passes -------------------------------------------------------------------------- */

static void only_passes_that_ended_well_count(void **state)
{
    static const ds_pass_outcome not_well[] = {DS_PASS_FAILED,  DS_PASS_PAUSED,    DS_PASS_APPROVAL,
                                               DS_PASS_WAITING, DS_PASS_CANCELLED, DS_PASS_SLICED};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(not_well); i++) {
        life l = {0};
        ds_event ev = ended_event(not_well[i], "no", "transient");

        life_idle(&l, false);
        l.now += 1000;
        ev.totals = (ds_totals){.total = 99};
        tell(&l, event_of(DS_EV_SYNC_NOW));
        tell(&l, ev);
        assert_int_equal(l.unit.runs_completed, 1);
        assert_int_equal(l.unit.last_run_ms, T0);
        assert_int_equal(l.unit.last_stats.total, 3);
    }
}

static void a_pass_that_ends_well_clears_the_error(void **state)
{
    life *l = idle(state);
    ds_event ev = ended_event(DS_PASS_FAILED, "HTTP 503", "transient");

    ev.error_status = 503;
    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ev);
    assert_string_equal(l->unit.last_error, "HTTP 503");
    assert_string_equal(l->unit.error_kind, "transient");
    assert_int_equal(l->unit.error_status, 503);
    assert_int_equal(l->unit.attempts, 1);
    tell(l, event_of(DS_EV_SYNC_NOW));
    assert_string_equal(l->unit.last_error, "HTTP 503"); /* until the next has ended */
    l->now += 5;
    tell(l, ended_event(DS_PASS_PARTIAL, "nothing came for x", NULL));
    assert_string_equal(l->unit.last_note, "nothing came for x"); /* which is no error */
    assert_null(l->unit.last_error);
    assert_null(l->unit.error_kind);
    assert_int_equal(l->unit.error_status, 0);
    assert_int_equal(l->unit.attempts, 0);
    assert_int_equal(l->unit.runs_completed, 2);
    assert_int_equal(l->unit.last_run_ms, T0 + 5);
    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    assert_null(l->unit.last_note);
}

static void errors_without_text_are_shown_too(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_FAILED, NULL, NULL));
    assert_non_null(l->unit.last_error);
    assert_null(l->unit.error_kind);
}

static void the_back_off_doubles_up_to_five_minutes(void **state)
{
    life *l = idle(state);
    int64_t most = DS_UNIT_RETRY_FIRST_MS;

    tell(l, event_of(DS_EV_SYNC_NOW));
    for (int attempt = 1; attempt <= 70; attempt++) {
        l->unit.due_ms = l->now + EVERY; /* far away */
        tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
        assert_int_equal(l->unit.attempts, attempt);
        assert_in_range(wake(l) - l->now, most - most / 5, most);
        l->now = wake(l);
        tell(l, event_of(DS_EV_TIMER));
        assert_true(acted(l, DS_ACT_START_PASS));
        most = DS_MIN(most * 2, DS_UNIT_RETRY_MOST_MS);
    }
}

static void units_that_failed_together_come_back_apart(void **state)
{
    life *l = idle(state);
    int64_t first = 0, differ = 0;
    char key[16];

    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "repos:%d", i);
        ds_unit_init(&l->unit, key, T0);
        tell(l, ensure_event(EVERY, false, 0));
        tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
        differ += i > 0 && wake(l) != first;
        first = wake(l);
    }
    assert_true(differ >= 17);
}

static void a_retry_is_never_later_than_the_interval(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_SYNC_NOW));
    l->now = l->unit.due_ms - 100;
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    assert_int_equal(wake(l), l->now + 100);
}

static void a_shorter_interval_brings_a_retry_nearer(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_FAILED, "no such table", "permanent"));
    assert_int_equal(wake(l), T0 + EVERY);
    tell(l, (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = DS_MINUTE_MS});
    assert_int_equal(wake(l), T0 + DS_MINUTE_MS);
}

static const struct wait_row {
    const char *name;
    int64_t told, waits;
} waits[] = {
    {"rate limit: not said is a minute", -1, DS_MINUTE_MS},
    {"rate limit: nothing is a second", 0, DS_SECOND_MS},
    {"rate limit: as told", 90000, 90000},
    {"rate limit: at most a day", INT64_MAX, DS_DAY_MS},
    {"rate limit: longer than the interval", 2 * DS_HOUR_MS, 2 * DS_HOUR_MS},
};

static void wait_row(void **state)
{
    const struct wait_row *row = *state;
    ds_event ev = ended_event(DS_PASS_WAITING, "HTTP 429", "rate_limited");
    life l = {0};

    life_idle(&l, false);
    ev.retry_after_ms = row->told;
    tell(&l, event_of(DS_EV_SYNC_NOW));
    tell(&l, ev);
    assert_int_equal(wake(&l), T0 + row->waits);
    assert_string_equal(ds_unit_state_name(&l.unit, T0), "waiting");
    assert_string_equal(l.unit.last_error, "HTTP 429");
    assert_int_equal(l.unit.attempts, 0);
    l.now = T0 + row->waits - 1;
    tell(&l, event_of(DS_EV_TIMER));
    assert_false(acted(&l, DS_ACT_GO_ON_PASS));
    l.now++;
    tell(&l, event_of(DS_EV_TIMER));
    assert_true(acted(&l, DS_ACT_GO_ON_PASS));
    assert_true(l.unit.due_ms > l.now);
}

static void going_on_keeps_when_and_what(void **state)
{
    life *l = idle(state);

    tell(l, items_event(ITEMS("a"), 1));
    l->now += 1000;
    tell(l, ended_event(DS_PASS_SLICED, NULL, NULL));
    assert_true(acted(l, DS_ACT_GO_ON_PASS));
    assert_int_equal(l->unit.run_started_ms, T0);
    assert_int_equal(l->unit.run_kind, DS_PASS_TARGETED);
    assert_string_equal(l->unit.run.items[0], "a");
}

static void a_death_is_a_cancel(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_SYNC_NOW)); /* and the process is gone; the next one starts: */
    tell(l, ended_event(DS_PASS_CANCELLED, NULL, NULL));
    assert_true(acted(l, DS_ACT_GO_ON_PASS));
    assert_null(l->unit.last_error);
}

static void a_full_pass_follows_one_that_asks_for_it(void **state)
{
    life *l = idle_with_changes(state);
    ds_event ev = ended_event(DS_PASS_WAITING, "HTTP 429", "rate_limited");

    ev.wants_full = true;
    ev.retry_after_ms = DS_MINUTE_MS;
    tell(l, items_event(ITEMS("a"), 1));
    tell(l, ev);
    assert_true(l->unit.want.full);
    l->now += DS_MINUTE_MS;
    tell(l, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_GO_ON_PASS)); /* that one first: it knows where it was */
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    assert_true(acted(l, DS_ACT_START_PASS));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void approve_is_for_one_pass(void **state)
{
    life *l = idle(state);

    tell(l, items_event(ITEMS("a"), 1));
    tell(l, ended_event(DS_PASS_APPROVAL, "25 of 50 rows would change", "approval"));
    assert_string_equal(l->unit.approval, "25 of 50 rows would change");
    assert_string_equal(ds_unit_state_name(&l->unit, l->now), "waiting");
    tell(l, event_of(DS_EV_APPROVE));
    assert_null(l->unit.approval);
    assert_true(l->unit.run_approved);
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    tell(l, event_of(DS_EV_SYNC_NOW));
    assert_false(l->unit.run_approved);
}

static void an_approved_pass_that_failed_is_still_approved(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_APPROVAL, "shrunk", "approval"));
    tell(l, event_of(DS_EV_APPROVE));
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    assert_true(l->unit.approved);
    l->now = wake(l);
    tell(l, event_of(DS_EV_TIMER));
    assert_true(l->unit.run_approved);
    assert_false(l->unit.approved);
}

static void an_approved_pass_that_goes_on_is_still_approved(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_APPROVAL, "shrunk", "approval"));
    tell(l, event_of(DS_EV_APPROVE));
    tell(l, ended_event(DS_PASS_SLICED, NULL, NULL));
    assert_true(acted(l, DS_ACT_GO_ON_PASS));
    assert_true(l->unit.run_approved);
}

static void an_early_approve_is_no_blank_cheque(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_APPROVE));
    tell(l, event_of(DS_EV_SYNC_NOW));
    assert_false(l->unit.run_approved);
}

/* The word that lets a sweep go on is for the sweep, and beyond limits it counts as one anyway. */
static void a_sweep_that_failed_is_swept_again(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_GONE));
    tell(l, event_of(DS_EV_APPROVE));
    assert_true(l->unit.run_sweep && l->unit.run_approved);
    tell(l, ended_event(DS_PASS_FAILED, "cut", "transient"));
    assert_true(l->unit.sweep);
    assert_false(l->unit.approved);
    l->now = wake(l);
    tell(l, event_of(DS_EV_TIMER));
    assert_true(l->unit.run_sweep);
}

/* The word came while a pass from before the unit was gone was under way: that one has nothing left
 * to read, however it ends. */
static void a_sweep_does_not_wait_for_a_pass_that_never_goes_on(void **state)
{
    static const ds_pass_outcome goes_on[] = {DS_PASS_WAITING, DS_PASS_CANCELLED, DS_PASS_SLICED};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(goes_on); i++) {
        life l = {0};

        life_idle(&l, false);
        tell(&l, event_of(DS_EV_SYNC_NOW));
        tell(&l, event_of(DS_EV_GONE));
        tell(&l, event_of(DS_EV_APPROVE));
        assert_false(l.unit.run_sweep);
        tell(&l, ended_event(goes_on[i], "HTTP 429", "rate_limited"));
        assert_true(acted(&l, DS_ACT_START_PASS));
        assert_true(l.unit.run_sweep);
        tell(&l, ended_event(DS_PASS_DONE, NULL, NULL));
        assert_false(l.unit.running || l.unit.sweep);
    }
}

/* What has changed since then says nothing of the rows that have left. */
static void a_unit_that_is_back_is_read_whole(void **state)
{
    life *l = idle_with_changes(state);

    tell(l, event_of(DS_EV_GONE));
    tell(l, event_of(DS_EV_APPROVE));
    assert_true(l->unit.run_sweep);
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    l->now += DS_HOUR_MS;
    tell(l, ensure_event(EVERY, true, 0));
    assert_true(acted(l, DS_ACT_START_PASS));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
    tell(l, ended_event(DS_PASS_DONE, NULL, NULL));
    l->now = l->unit.due_ms;
    tell(l, event_of(DS_EV_TIMER));
    assert_int_equal(l->unit.run_kind, DS_PASS_CHANGES);
}

/* As no machine of ours leaves it, but a file may say so. */
static void an_approved_pass_is_a_full_one_whatever_is_asked_for(void **state)
{
    static const char *const items[] = {"a"};
    life *l = idle(state);

    l->unit.approved = true;
    tell(l, items_event(items, 1));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
}

static void what_waits_for_nothing_is_idle(void **state)
{
    life *l = idle(state);

    l->unit.want.any = true; /* the moment before decide */
    l->unit.retry_ms = l->now;
    assert_string_equal(ds_unit_state_name(&l->unit, l->now), "idle");
    l->unit.retry_ms = l->now + 1;
    assert_string_equal(ds_unit_state_name(&l->unit, l->now), "waiting");
}

int main(void)
{
    add_test(only_passes_that_ended_well_count);
    add_test(a_pass_that_ends_well_clears_the_error);
    add_test(errors_without_text_are_shown_too);
    add_test(the_back_off_doubles_up_to_five_minutes);
    add_test(units_that_failed_together_come_back_apart);
    add_test(a_retry_is_never_later_than_the_interval);
    add_test(a_shorter_interval_brings_a_retry_nearer);
    add_table(waits, wait_row);
    add_test(going_on_keeps_when_and_what);
    add_test(a_death_is_a_cancel);
    add_test(a_full_pass_follows_one_that_asks_for_it);
    add_test(approve_is_for_one_pass);
    add_test(an_approved_pass_that_failed_is_still_approved);
    add_test(an_approved_pass_that_goes_on_is_still_approved);
    add_test(an_early_approve_is_no_blank_cheque);
    add_test(a_sweep_that_failed_is_swept_again);
    add_test(a_sweep_does_not_wait_for_a_pass_that_never_goes_on);
    add_test(a_unit_that_is_back_is_read_whole);
    add_test(an_approved_pass_is_a_full_one_whatever_is_asked_for);
    add_test(what_waits_for_nothing_is_idle);
    return run_tests("sync unit: ends of passes");
}
