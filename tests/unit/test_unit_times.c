/* tests/unit/test_unit_times.c - a sync unit by cron, in quiet hours, and its full passes. */
#include "unit_life.h"

#define DAY (T0 / DS_DAY_MS * DS_DAY_MS) /* midnight, UTC */
#define NOON (DAY + 12 * DS_HOUR_MS)
#define CRON (2 * DS_HOUR_MS)

/* A unit that is new at `now`. */
static life *new_unit(int64_t now, int64_t cron_ms, bool quiet)
{
    life *l = ds_new_in(scratch, life);

    *l = (life){.arena = scratch, .now = now, .cron_ms = cron_ms, .quiet = quiet};
    ds_unit_init(&l->unit, "repos:all", now);
    tell(l, ensure_event(EVERY, false, 0));
    l->timer = wake(l);
    return l;
}

static void at_time(life *l, int64_t now, ds_event ev)
{
    l->now = now;
    tell(l, ev);
}

static ds_event done(void)
{
    return ended_event(DS_PASS_DONE, NULL, NULL);
}

/* ---- by cron --------------------------------------------------------------------------------- */

static const struct row {
    const char *name, *events, *actions;
} rows[] = {
    {"its time starts a pass and the next one is armed", "td", "ST"},
    {"so it goes on", "tdtdtd", "STSTST"},
    {"a time that comes during a pass starts no second one", "ttd", "ST"},
    {"a request starts a pass at once and keeps the time", "sd", "SK"},
    {"a time that comes during a small pass is served after it", "wtdd", "SST"},
    {"ensuring it again changes nothing", "eee", "KKK"},
    {"an interval by hand changes nothing", "i", "K"},
    {"times that a pause misses are caught up with at once", "ptttrd", "ST"},
    {"a failed pass is tried again before its next time", "tfyd", "STST"},
    {"one that failed for good waits for its next time", "tFtd", "STST"},
    {"tripped limits wait for a person, not for a time", "txttA", "SS"},
    {"a rate limit goes on when told", "tvyd", "STGT"},
    {"a unit that is gone has no times", "gtt", ""},
    {"one that is back waits for the next", "ge", "K"},
};

static void steps(void **state)
{
    const struct row *row = *state;
    life *l = new_unit(NOON + 5, CRON, false);
    char actions[64] = "", *out = actions;

    for (const char *event = row->events; *event; event++)
        play(l, *event, &out);
    assert_string_equal(actions, row->actions);
}

static void the_first_pass_waits_for_its_time(void **state)
{
    life *l = new_unit(NOON + 5, CRON, false);

    (void)state;
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_int_equal(wake(l), NOON + CRON);
    assert_string_equal(l->unit.cron, "0 */2 * * *");
    assert_string_equal(l->unit.zone, "UTC");
}

static void many_missed_times_are_one_pass(void **state)
{
    life *l = new_unit(NOON, CRON, false);

    (void)state;
    at_time(l, NOON + 9 * CRON + 7, ensure_event(EVERY, false, EVERY)); /* and it is not spread */
    assert_true(acted(l, DS_ACT_START_PASS));
    tell(l, done());
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_int_equal(wake(l), NOON + 10 * CRON);
}

/* What the old times missed is none of the new ones. */
static void other_times_count_from_now(void **state)
{
    life *l = new_unit(NOON, CRON, false);
    ds_event ev = ensure_event(EVERY, false, 0);

    (void)state;
    ev.cron = "0 */6 * * *";
    ev.zone = "UTC";
    l->cron_ms = 6 * DS_HOUR_MS;
    at_time(l, NOON + CRON + 1, ev);
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_int_equal(wake(l), NOON + 6 * DS_HOUR_MS);
    ev.zone = "Asia/Tokyo";
    at_time(l, NOON + 7 * DS_HOUR_MS, ev);
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_string_equal(l->unit.zone, "Asia/Tokyo");
    at_time(l, NOON + 12 * DS_HOUR_MS, ev);
    assert_true(acted(l, DS_ACT_START_PASS));
}

static void from_an_interval_to_cron_and_back(void **state)
{
    life *l = idle(state);

    l->cron_ms = CRON;
    at_time(l, NOON + DS_DAY_MS, ensure_event(EVERY, false, 0));
    assert_false(acted(l, DS_ACT_START_PASS)); /* though the interval was over */
    assert_int_equal(wake(l), NOON + DS_DAY_MS + CRON);
    l->cron_ms = 0;
    tell(l, ensure_event(EVERY, false, 0));
    assert_null(l->unit.cron);
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_int_equal(wake(l), l->now + EVERY);
}

static void a_state_without_times_takes_them(void **state)
{
    life *l = idle(state); /* as the first revision of the rules left it */

    l->cron_ms = CRON;
    l->now = NOON + DS_DAY_MS;
    l->unit.due_ms = NOON;
    tell(l, ensure_event(EVERY, false, 0));
    assert_int_equal(l->unit.due_ms, NOON + DS_DAY_MS + CRON);
}

static void a_unit_that_was_found_at_its_time_runs_at_once(void **state)
{
    life *l = ds_new_in(scratch, life);
    ds_event ev = ensure_event(EVERY, false, 0);

    (void)state;
    *l = (life){.arena = scratch, .now = NOON + 5, .cron_ms = CRON};
    ev.first_ms = NOON;
    ds_unit_init(&l->unit, "repos:new", l->now);
    tell(l, ev);
    assert_true(acted(l, DS_ACT_START_PASS));
    tell(l, done());
    assert_int_equal(wake(l), NOON + CRON);
}

static void a_clock_that_is_set_is_followed(void **state)
{
    life *l = new_unit(NOON, CRON, false);

    (void)state;
    at_time(l, NOON - DS_DAY_MS, event_of(DS_EV_TIMER));
    assert_int_equal(wake(l), NOON - DS_DAY_MS + CRON);
    at_time(l, NOON + 365 * DS_DAY_MS, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_START_PASS)); /* one for a year */
    tell(l, done());
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_int_equal(wake(l), NOON + 365 * DS_DAY_MS + CRON);
}

/* An engine that cannot compute times when it decides tells them with a pass's end. */
static void without_word_of_the_next_time_the_pass_brings_it(void **state)
{
    life *l = new_unit(NOON, CRON, false);
    ds_event ev = done();

    (void)state;
    l->cron_ms = 0; /* nothing is told */
    at_time(l, NOON + CRON, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_START_PASS));
    assert_int_equal(l->unit.due_ms, 0);
    ev.tells_times = true;
    ev.next_ms = NOON + 2 * CRON;
    at_time(l, NOON + CRON + 5, ev);
    assert_int_equal(wake(l), NOON + 2 * CRON);
}

static void a_pass_that_failed_for_good_without_a_next_time_does_not_storm(void **state)
{
    life *l = new_unit(NOON, CRON, false);

    (void)state;
    l->cron_ms = 0;
    at_time(l, NOON + CRON, event_of(DS_EV_TIMER));
    tell(l, ended_event(DS_PASS_FAILED, "no such table", "config"));
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_in_range(wake(l), l->now + 1, l->now + DS_UNIT_RETRY_MOST_MS);
}

static void nor_does_a_sweep_that_failed_for_good(void **state)
{
    life *l = idle(state);

    tell(l, event_of(DS_EV_GONE));
    tell(l, event_of(DS_EV_APPROVE));
    assert_true(acted(l, DS_ACT_START_PASS));
    tell(l, ended_event(DS_PASS_FAILED, "no such table", "config"));
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_in_range(wake(l), l->now + 1, l->now + DS_UNIT_RETRY_MOST_MS);
}

/* ---- quiet hours ----------------------------------------------------------------------------- */

#define TEN (DAY + 22 * DS_HOUR_MS)            /* they begin */
#define SIX (DAY + DS_DAY_MS + 6 * DS_HOUR_MS) /* they end */

/* Idle, its next pass due at 22:10. */
static life *due_at_ten_past_ten(int64_t cron_ms)
{
    life *l = new_unit(TEN - 20 * DS_MINUTE_MS, cron_ms, true);

    tell(l, done());
    return l;
}

static void a_pass_that_is_due_waits_for_their_end(void **state)
{
    life *l = due_at_ten_past_ten(0);

    (void)state;
    assert_int_equal(wake(l), TEN + 10 * DS_MINUTE_MS);
    at_time(l, wake(l), event_of(DS_EV_TIMER));
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_int_equal(wake(l), SIX);
    assert_string_equal(ds_unit_state_name(&l->unit, l->now), "idle");
    at_time(l, TEN + DS_HOUR_MS, event_of(DS_EV_TIMER)); /* whatever comes, it stays so */
    assert_int_equal(wake(l), SIX);
    at_time(l, SIX, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_START_PASS));
    tell(l, done());
    assert_int_equal(wake(l), SIX + EVERY);
}

static void a_new_unit_waits_too(void **state)
{
    life *l = new_unit(TEN, 0, true);

    (void)state;
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_int_equal(wake(l), SIX);
}

static void who_asks_by_hand_is_served_at_once(void **state)
{
    static const ds_event_type types[] = {DS_EV_SYNC_NOW, DS_EV_RESUME};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(types); i++) {
        life *l = due_at_ten_past_ten(0);

        at_time(l, TEN + 10 * DS_MINUTE_MS, event_of(DS_EV_TIMER));
        tell(l, event_of(types[i]));
        assert_true(acted(l, DS_ACT_START_PASS));
        tell(l, done());
        assert_false(acted(l, DS_ACT_START_PASS));
        assert_int_equal(wake(l), SIX);
    }
}

static void a_pass_that_runs_is_not_cut(void **state)
{
    life *l = new_unit(TEN - 1, 0, true);

    (void)state;
    assert_true(acted(l, DS_ACT_START_PASS));
    at_time(l, TEN, ended_event(DS_PASS_SLICED, NULL, NULL));
    assert_true(acted(l, DS_ACT_GO_ON_PASS));
    tell(l, ended_event(DS_PASS_WAITING, "HTTP 429", "rate_limited"));
    at_time(l, wake(l), event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_GO_ON_PASS));
    at_time(l, TEN + DS_HOUR_MS, done());
    assert_int_equal(wake(l), SIX);
}

/* By an engine that learns of the hours only where the pass would begin. */
static void a_pass_that_was_put_off_begins_at_their_end(void **state)
{
    life *l = new_unit(TEN - 1, 0, true);
    ds_event off = ended_event(DS_PASS_CANCELLED, NULL, NULL);

    (void)state;
    off.put_off = true;
    assert_true(acted(l, DS_ACT_START_PASS));
    at_time(l, TEN, off);
    assert_false(acted(l, DS_ACT_GO_ON_PASS));
    assert_false(l->unit.running);
    assert_int_equal(wake(l), SIX);
    at_time(l, SIX, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_START_PASS));
}

static void a_retry_waits_for_their_end(void **state)
{
    life *l = new_unit(TEN - 1, 0, true);

    (void)state;
    at_time(l, TEN, ended_event(DS_PASS_FAILED, "connection refused", "transient"));
    assert_int_equal(wake(l), SIX);
    assert_string_equal(ds_unit_state_name(&l->unit, l->now), "waiting");
    at_time(l, SIX, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_START_PASS));
}

static void a_retry_of_what_was_asked_for_does_not(void **state)
{
    life *l = due_at_ten_past_ten(0);

    (void)state;
    at_time(l, TEN, event_of(DS_EV_SYNC_NOW));
    tell(l, ended_event(DS_PASS_FAILED, "connection refused", "transient"));
    assert_in_range(wake(l), TEN + 1, TEN + DS_UNIT_RETRY_FIRST_MS);
    at_time(l, wake(l), event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_START_PASS));
}

static void named_items_leave_the_regular_pass_waiting(void **state)
{
    life *l = new_unit(TEN - 1, 0, true);

    (void)state;
    at_time(l, TEN, ended_event(DS_PASS_FAILED, "connection refused", "transient"));
    tell(l, items_event(ITEMS("a"), 1));
    assert_true(acted(l, DS_ACT_START_PASS));
    assert_int_equal(l->unit.run_kind, DS_PASS_TARGETED);
    assert_false(l->unit.run.changes);
    tell(l, done());
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_int_equal(wake(l), SIX);
    at_time(l, SIX, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_START_PASS));
    assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
}

static void a_time_that_was_missed_waits_for_their_end(void **state)
{
    life *l = new_unit(TEN - 5 * DS_HOUR_MS, CRON, true);

    (void)state;
    at_time(l, TEN + 1, ensure_event(EVERY, false, 0)); /* it was off at 18:00 and at 20:00 */
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_int_equal(wake(l), SIX);
    assert_true(l->unit.want.changes);
    at_time(l, TEN + DS_HOUR_MS, ensure_event(EVERY, false, 0)); /* another start */
    assert_int_equal(wake(l), SIX);
    at_time(l, SIX, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_START_PASS));
    tell(l, done());
    assert_false(acted(l, DS_ACT_START_PASS)); /* the one at the end of the night is the same */
    assert_int_equal(wake(l), SIX + CRON);
}

static void a_clock_set_back_into_them_counts_anew(void **state)
{
    life *l = new_unit(NOON, 0, true);

    (void)state;
    tell(l, done());
    at_time(l, NOON - 14 * DS_HOUR_MS, event_of(DS_EV_TIMER));
    assert_int_equal(wake(l), NOON - 14 * DS_HOUR_MS + EVERY);
    at_time(l, wake(l), event_of(DS_EV_TIMER));
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_int_equal(wake(l), DAY + 6 * DS_HOUR_MS);
}

static void without_quiet_hours_what_waits_goes_on(void **state)
{
    life *l = new_unit(TEN - 1, 0, true);

    (void)state;
    at_time(l, TEN, ended_event(DS_PASS_FAILED, "connection refused", "transient"));
    l->quiet = false;
    l->cron_ms = 0;
    at_time(l, TEN + 1, (ds_event){.type = DS_EV_TIMER, .tells_times = true});
    assert_in_range(wake(l), l->now, l->now + DS_UNIT_RETRY_MOST_MS);
}

/* ---- full passes where a source lists changes ------------------------------------------------ */

static const struct full_row {
    const char *name;
    int64_t every_ms, full_every_ms;
    int64_t late_ms;   /* a pass starts so long after its time, less each time */
    const char *kinds; /* of the passes after the first: F full, c changes */
} fulls[] = {
    {"an hour and a day", DS_HOUR_MS, DS_DAY_MS, 0, "cccccccccccccccccccccccFccccc"},
    {"a day and a day", DS_DAY_MS, DS_DAY_MS, 0, "FFFF"},
    {"a day and a day, never in time", DS_DAY_MS, DS_DAY_MS, 500, "FFFF"},
    {"more often than there are passes", DS_DAY_MS, DS_HOUR_MS, 0, "FFFF"},
    {"every other one", DS_HOUR_MS, 2 * DS_HOUR_MS, 20, "cFcFcF"},
    {"the nearest one", DS_HOUR_MS, 100 * DS_MINUTE_MS, 0, "cFcFcF"},
};

static void full_row(void **state)
{
    const struct full_row *row = *state;
    life l = {.arena = scratch, .now = NOON};
    ds_event ev = ensure_event(row->every_ms, true, 0);
    int64_t late_ms = row->late_ms;

    ev.full_every_ms = row->full_every_ms;
    ds_unit_init(&l.unit, "repos:all", NOON - late_ms);
    tell(&l, ev);
    l.unit.due_ms -= late_ms;
    tell(&l, done());
    for (const char *kind = row->kinds; *kind; kind++) {
        late_ms = late_ms * 3 / 4;
        at_time(&l, l.unit.due_ms + late_ms, event_of(DS_EV_TIMER));
        assert_true(acted(&l, DS_ACT_START_PASS));
        assert_int_equal(l.unit.run_kind, *kind == 'F' ? DS_PASS_FULL : DS_PASS_CHANGES);
        tell(&l, done());
    }
}

/* Six in the morning, on the days around a change of the clock. */
static void a_day_of_23_hours_is_a_day(void **state)
{
    static const int64_t hours[] = {24, 23, 24, 25, 24};
    life *l = new_unit(NOON, CRON, false);

    (void)state;
    l->unit.lists_changes = true;
    at_time(l, NOON + CRON, event_of(DS_EV_TIMER));
    for (size_t i = 0; i < DS_COUNT(hours); i++) {
        ds_event ev = done();

        ev.tells_times = true;
        ev.next_ms = l->now + hours[i] * DS_HOUR_MS;
        l->cron_ms = 0;
        tell(l, ev);
        assert_false(acted(l, DS_ACT_START_PASS));
        ev = event_of(DS_EV_TIMER);
        ev.tells_times = true;
        ev.next_ms = wake(l) + (i + 1 < DS_COUNT(hours) ? hours[i + 1] : 24) * DS_HOUR_MS;
        at_time(l, wake(l), ev);
        assert_true(acted(l, DS_ACT_START_PASS));
        assert_int_equal(l->unit.run_kind, DS_PASS_FULL);
    }
}

/* The pass ended just before a begin, and its word of that comes just after it. */
static void a_begin_that_passed_before_it_was_told_is_served(void **state)
{
    life *l = new_unit(NOON + 5, CRON, false);
    ds_event ev = done();

    (void)state;
    l->cron_ms = 0; /* nobody else tells */
    at_time(l, NOON + CRON, event_of(DS_EV_TIMER));
    assert_true(acted(l, DS_ACT_START_PASS));
    ev.tells_times = true;
    ev.next_ms = NOON + 2 * CRON;
    at_time(l, NOON + 2 * CRON + 1, ev);
    assert_true(acted(l, DS_ACT_START_PASS));
    ev.next_ms = NOON + 3 * CRON;
    at_time(l, l->now + 5, ev);
    assert_false(acted(l, DS_ACT_START_PASS));
    assert_int_equal(wake(l), NOON + 3 * CRON);
}

int main(void)
{
    add_table(rows, steps);
    add_test(a_begin_that_passed_before_it_was_told_is_served);
    add_test(the_first_pass_waits_for_its_time);
    add_test(many_missed_times_are_one_pass);
    add_test(other_times_count_from_now);
    add_test(from_an_interval_to_cron_and_back);
    add_test(a_state_without_times_takes_them);
    add_test(a_unit_that_was_found_at_its_time_runs_at_once);
    add_test(a_clock_that_is_set_is_followed);
    add_test(without_word_of_the_next_time_the_pass_brings_it);
    add_test(a_pass_that_failed_for_good_without_a_next_time_does_not_storm);
    add_test(nor_does_a_sweep_that_failed_for_good);
    add_test(a_pass_that_is_due_waits_for_their_end);
    add_test(a_new_unit_waits_too);
    add_test(who_asks_by_hand_is_served_at_once);
    add_test(a_pass_that_runs_is_not_cut);
    add_test(a_pass_that_was_put_off_begins_at_their_end);
    add_test(a_retry_waits_for_their_end);
    add_test(a_retry_of_what_was_asked_for_does_not);
    add_test(named_items_leave_the_regular_pass_waiting);
    add_test(a_time_that_was_missed_waits_for_their_end);
    add_test(a_clock_set_back_into_them_counts_anew);
    add_test(without_quiet_hours_what_waits_goes_on);
    add_table(fulls, full_row);
    add_test(a_day_of_23_hours_is_a_day);
    return run_tests("sync unit: times");
}
