/* tests/unit/test_engine_times.c
 *
 * The engine by cron and in quiet hours: over the changes of the clock, over times it was off, and
 * when somebody sets the clock under it.
 */
#include "engine_rig.h"

#include "engine/embedded/control.h"
#include "zone_fixture.h"

#include <errno.h>
#include <sys/eventfd.h>

typedef struct timed { /* a rig whose route has a schedule */
    rig rig;           /* first */
    ds_schedule schedule;
} timed;

static void set_cron(timed *t, const char *cron)
{
    ds_err err = DS_ERR_INIT;

    t->schedule.cron = cron;
    if (!ds_cron_parse(cron, &t->schedule.times, &err))
        fail_msg("%s", err.text);
}

/* `cron` or `quiet` may be NULL. */
static void timed_init(timed *t, const char *now, const char *zone, const char *cron,
                       const char *quiet)
{
    ds_err err = DS_ERR_INIT;

    rig_init(&t->rig);
    fake_clock_init(&t->rig.clock, at(now));
    t->schedule = (ds_schedule){.zone = zone_named(zone), .has_quiet = quiet != NULL};
    if (cron)
        set_cron(t, cron);
    if (quiet && !ds_quiet_add(&t->schedule.quiet, quiet, &err))
        fail_msg("%s", err.text);
    t->rig.routes[0].schedule = &t->schedule;
    rig_rows("all", 1);
}

static void move_to(timed *t, int64_t at_ms)
{
    rig_move(&t->rig, at_ms - t->rig.clock.clock.now_ms(&t->rig.clock.clock));
}

static int64_t due_of(timed *t, const char *unit)
{
    const ds_unit_row *row = rig_unit(&t->rig, "a", unit);

    return row ? row->state.due_ms : 0;
}

/* Until the unit's next pass is due then: what is told to the engine is not done at once. */
static void await_due(timed *t, const char *unit, const char *when)
{
    while (due_of(t, unit) != at(when))
        sched_yield();
}

/* ---- over the changes of the clock ----------------------------------------------------------- */

static const struct row {
    const char *name, *zone, *cron, *from, *begins[5];
} rows[] = {
    {"Berlin, spring 2026",
     "Europe/Berlin",
     "30 2 * * *",
     "2026-03-27T12:00:00Z",
     {"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
    {"Berlin, autumn 2026",
     "Europe/Berlin",
     "30 2 * * *",
     "2026-10-24T12:00:00Z",
     {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
    {"Berlin, autumn 2026, every hour",
     "Europe/Berlin",
     "0 * * * *",
     "2026-10-24T23:10:00Z",
     {"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"}},
    {"New York, spring 2027",
     "America/New_York",
     "15 2 * * *",
     "2027-03-13T12:00:00Z",
     {"2027-03-14T07:00:00Z", "2027-03-15T06:15:00Z"}},
    {"New York, autumn 2027",
     "America/New_York",
     "15 1 * * *",
     "2027-11-06T12:00:00Z",
     {"2027-11-07T05:15:00Z", "2027-11-08T06:15:00Z"}},
    {"Lord Howe, spring 2026",
     "Australia/Lord_Howe",
     "15 2 * * *",
     "2026-10-03T00:00:00Z",
     {"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
    {"Lord Howe, autumn 2027",
     "Australia/Lord_Howe",
     "45 1 * * *",
     "2027-04-03T00:00:00Z",
     {"2027-04-03T14:45:00Z", "2027-04-04T15:15:00Z"}},
};

/* The moment before each begin is visited too: a pass that began then would say so. */
static void passes_begin_by_cron(void **state)
{
    const struct row *row = *state;
    timed t;

    timed_init(&t, row->from, row->zone, row->cron, NULL);
    rig_start(&t.rig);
    await_due(&t, "all", row->begins[0]);
    for (size_t i = 0; i < DS_COUNT(row->begins) && row->begins[i]; i++) {
        const seen_run *seen;

        move_to(&t, at(row->begins[i]) - 1);
        move_to(&t, at(row->begins[i]));
        seen = rig_run(&t.rig, i + 1);
        rig_outcome(seen, DS_PASS_DONE);
        assert_string_equal(time_text(seen->run.started_ms), row->begins[i]);
    }
    rig_end(&t.rig);
}

/* ---- off for a while ------------------------------------------------------------------------- */

static void what_was_missed_is_one_pass(void **state)
{
    timed t;

    (void)state;
    timed_init(&t, "2026-01-15T12:00:00Z", "UTC", "0 * * * *", NULL);
    rig_start(&t.rig);
    await_due(&t, "all", "2026-01-15T13:00:00Z");
    rig_stop(&t.rig);
    fake_clock_move(&t.rig.clock, 100 * DS_HOUR_MS + DS_MINUTE_MS);
    rig_restart(&t.rig);
    rig_outcome(rig_run(&t.rig, 1), DS_PASS_DONE);
    await_due(&t, "all", "2026-01-19T17:00:00Z");
    assert_false(rig_unit(&t.rig, "a", "all")->state.want.any);
    assert_int_equal(t.rig.runs_n, 1);
    rig_end(&t.rig);
}

static void another_cron_holds_from_the_next_start_on(void **state)
{
    timed t;

    (void)state;
    timed_init(&t, "2026-01-15T12:00:00Z", "Europe/Berlin", "0 * * * *", NULL);
    rig_start(&t.rig);
    await_due(&t, "all", "2026-01-15T13:00:00Z");
    rig_stop(&t.rig);
    fake_clock_move(&t.rig.clock, DS_DAY_MS); /* what the old one missed is nothing to the new */
    set_cron(&t, "0 6 * * *");
    rig_restart(&t.rig);
    await_due(&t, "all", "2026-01-17T05:00:00Z");
    rig_stop(&t.rig);
    t.schedule.zone = zone_named("America/New_York");
    rig_restart(&t.rig);
    await_due(&t, "all", "2026-01-17T11:00:00Z");
    rig_stop(&t.rig);
    t.rig.routes[0].schedule = NULL; /* every 30 minutes */
    rig_restart(&t.rig);
    await_due(&t, "all", "2026-01-16T12:30:00Z");
    assert_null(rig_unit(&t.rig, "a", "all")->state.cron);
    assert_int_equal(t.rig.runs_n, 0);
    rig_end(&t.rig);
}

/* Found by the listing that the time itself brings, not by the next one. */
static void a_new_unit_begins_with_the_time_it_was_found_at(void **state)
{
    timed t;

    (void)state;
    timed_init(&t, "2026-01-15T12:00:00Z", "UTC", "0 6 * * *", NULL);
    rig_start(&t.rig);
    await_due(&t, "all", "2026-01-16T06:00:00Z");
    rig_rows("new", 1);
    move_to(&t, at("2026-01-16T06:00:00Z"));
    rig_run(&t.rig, 2);
    for (size_t i = 0; i < 2; i++) {
        rig_outcome(&t.rig.runs[i], DS_PASS_DONE);
        assert_string_equal(time_text(t.rig.runs[i].run.started_ms), "2026-01-16T06:00:00Z");
    }
    assert_string_not_equal(t.rig.runs[0].unit, t.rig.runs[1].unit);
    await_due(&t, "new", "2026-01-17T06:00:00Z");
    rig_end(&t.rig);
}

/* ---- quiet hours ----------------------------------------------------------------------------- */

static void quiet_hours_are_kept(void **state)
{
    timed t;

    (void)state;
    timed_init(&t, "2026-01-15T20:50:00Z", "Europe/Berlin", NULL, "22:00-06:00");
    rig_start(&t.rig);
    rig_outcome(rig_run(&t.rig, 1), DS_PASS_DONE);
    await_due(&t, "all", "2026-01-15T21:20:00Z");
    move_to(&t, at("2026-01-15T21:20:00Z"));
    await_due(&t, "all", "2026-01-16T05:00:00Z");
    assert_int_equal(rig_signal(&t.rig, "all", DS_EV_SYNC_NOW), 1); /* a person need not wait */
    rig_outcome(rig_run(&t.rig, 2), DS_PASS_DONE);
    assert_string_equal(time_text(t.rig.runs[1].run.started_ms), "2026-01-15T21:20:00Z");
    move_to(&t, at("2026-01-16T05:00:00Z"));
    rig_outcome(rig_run(&t.rig, 3), DS_PASS_DONE);
    assert_string_equal(time_text(t.rig.runs[2].run.started_ms), "2026-01-16T05:00:00Z");
    rig_end(&t.rig);
}

static void started_in_quiet_hours_it_waits(void **state)
{
    timed t;

    (void)state;
    timed_init(&t, "2026-03-28T23:00:00Z", "Europe/Berlin", NULL, "22:00-06:00");
    rig_start(&t.rig);
    await_due(&t, "all", "2026-03-29T04:00:00Z"); /* a short night */
    move_to(&t, at("2026-03-29T04:00:00Z"));
    rig_outcome(rig_run(&t.rig, 1), DS_PASS_DONE);
    rig_end(&t.rig);
}

/* `once` is a person's word. */
static void once_does_not_wait(void **state)
{
    timed t;

    (void)state;
    timed_init(&t, "2026-01-15T23:00:00Z", "UTC", "0 6 * * *", "22:00-06:00");
    t.rig.options.once = true;
    rig_start(&t.rig);
    rig_join(&t.rig);
    assert_int_equal(t.rig.runs_n, 1);
    rig_outcome(&t.rig.runs[0], DS_PASS_DONE);
    assert_string_equal(time_text(due_of(&t, "all")), "2026-01-16T06:00:00Z");
    rig_end(&t.rig);
}

/* ---- the clock is set ------------------------------------------------------------------------ */

static void a_clock_set_back_by_little_repeats_nothing(void **state)
{
    timed t;

    (void)state;
    timed_init(&t, "2026-01-15T12:00:00Z", "UTC", "0 * * * *", NULL);
    rig_start(&t.rig);
    await_due(&t, "all", "2026-01-15T13:00:00Z");
    move_to(&t, at("2026-01-15T13:00:00Z"));
    rig_outcome(rig_run(&t.rig, 1), DS_PASS_DONE);
    fake_clock_set(&t.rig.clock, -30 * DS_SECOND_MS);
    rig_signal(&t.rig, "all", DS_EV_SYNC_NOW);
    rig_outcome(rig_run(&t.rig, 2), DS_PASS_DONE);
    await_due(&t, "all", "2026-01-15T14:00:00Z");
    rig_end(&t.rig);
}

static void a_clock_set_back_by_much_is_followed(void **state)
{
    timed t;

    (void)state;
    timed_init(&t, "2026-01-15T12:00:00Z", "UTC", "0 6 * * *", NULL);
    rig_start(&t.rig);
    await_due(&t, "all", "2026-01-16T06:00:00Z");
    fake_clock_set(&t.rig.clock, -10 * DS_DAY_MS);
    ds_emb_wake(t.rig.engine);
    await_due(&t, "all", "2026-01-06T06:00:00Z");
    move_to(&t, at("2026-01-06T06:00:00Z"));
    rig_outcome(rig_run(&t.rig, 1), DS_PASS_DONE);
    rig_end(&t.rig);
}

static void a_clock_set_forward_is_one_pass(void **state)
{
    timed t;

    (void)state;
    timed_init(&t, "2026-01-15T12:00:00Z", "UTC", "0 6 * * *", NULL);
    rig_start(&t.rig);
    await_due(&t, "all", "2026-01-16T06:00:00Z");
    fake_clock_set(&t.rig.clock, 365 * DS_DAY_MS);
    ds_emb_wake(t.rig.engine);
    rig_outcome(rig_run(&t.rig, 1), DS_PASS_DONE);
    await_due(&t, "all", "2027-01-16T06:00:00Z");
    assert_int_equal(t.rig.runs_n, 1);
    rig_end(&t.rig);
}

/* The system tells by a descriptor: here it is one that the test can make readable, put in its
 * place before anybody waits for it. Nothing else wakes the engine. */
static void the_system_tells_that_the_clock_was_set(void **state)
{
    const uint64_t one = 1;
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    timed t;

    (void)state;
    timed_init(&t, "2026-01-15T12:00:00Z", "UTC", "0 6 * * *", NULL);
    t.rig.options.socket = t.rig.socket;
    rig_settle(&t.rig, 0);
    t.rig.engine = ds_engine_embedded(t.rig.store, &t.rig.options, &t.rig.err);
    assert_non_null(t.rig.engine);
    assert_true(t.rig.engine->control->clock_fd >= 0);
    assert_true(dup2(event, t.rig.engine->control->clock_fd) >= 0);
    t.rig.running = true;
    assert_int_equal(pthread_create(&t.rig.thread, NULL, rig_main, &t.rig), 0);
    await_due(&t, "all", "2026-01-16T06:00:00Z");
    fake_clock_set(&t.rig.clock, DS_DAY_MS);
    assert_int_equal(write(event, &one, sizeof(one)), sizeof(one));
    rig_outcome(rig_run(&t.rig, 1), DS_PASS_DONE);
    close(event);
    rig_end(&t.rig);
}

static void the_watch_itself_is_silent(void **state)
{
    int fd = ds_clock_watch_open();
    uint64_t ends;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(read(fd, &ends, sizeof(ends)), -1); /* nobody sets the clock of a test */
    assert_int_equal(errno, EAGAIN);
    ds_clock_watch_again(fd); /* and asking again does no harm */
    assert_int_equal(read(fd, &ends, sizeof(ends)), -1);
    assert_int_equal(errno, EAGAIN);
    close(fd);
}

/* ---- by hand --------------------------------------------------------------------------------- */

static void an_interval_by_hand_is_refused(void **state)
{
    ds_event event = {.type = DS_EV_SET_INTERVAL, .interval_ms = DS_HOUR_MS};
    ds_unit_ref ref = {"a", "all"};
    ds_err err = DS_ERR_INIT;
    int64_t units = -1;
    timed t;

    (void)state;
    timed_init(&t, "2026-01-15T12:00:00Z", "UTC", "0 6 * * *", NULL);
    rig_start(&t.rig);
    await_due(&t, "all", "2026-01-16T06:00:00Z");
    assert_false(ds_engine_signal(t.rig.engine, &ref, &event, &units, &err));
    assert_int_equal(units, 0);
    assert_non_null(strstr(err.text, "route a runs by cron \"0 6 * * *\""));
    assert_string_equal(time_text(due_of(&t, "all")), "2026-01-16T06:00:00Z");
    rig_end(&t.rig);
}

/* ---- held records ---------------------------------------------------------------------------- */

/* Their source has nothing new to tell of them. */
static void a_held_record_that_is_due_follows_a_changes_pass(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 3);
    r.routes[0].source = &ds_memory_source_changes;
    ds_memory_fail("to-a", &(ds_memory_faults){.hold_key = "all-0001", .hold_reason = "too long"});
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_PARTIAL);
    ds_memory_fail("to-a", &(ds_memory_faults){0});
    rig_move(&r, EVERY);
    rig_outcome(rig_run(&r, 3), DS_PASS_DONE);
    assert_int_equal(r.runs[1].run.kind, DS_PASS_CHANGES);
    assert_int_equal(r.runs[1].run.totals.total, 0);
    assert_int_equal(r.runs[2].run.kind, DS_PASS_TARGETED);
    assert_int_equal(r.runs[2].run.totals.created, 1);
    rig_move(&r, EVERY); /* and none does where none is held */
    rig_outcome(rig_run(&r, 4), DS_PASS_DONE);
    assert_int_equal(r.runs[3].run.kind, DS_PASS_CHANGES);
    assert_false(rig_unit(&r, "a", "all")->state.want.any);
    rig_end(&r);
}

static bool retry_second(ds_job *job, ds_tx *tx, ds_err *err)
{
    bool found;

    (void)job;
    return ds_tx_held_retry(tx, "a", "all-0001", &found, err) && found;
}

/* A person has said so, long before it were due by itself. */
static void one_that_is_to_be_tried_again_follows_too(void **state)
{
    ds_job job = {.run = retry_second};
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 3);
    r.routes[0].source = &ds_memory_source_changes;
    r.routes[0].every_ms = 5 * DS_SECOND_MS;
    ds_memory_fail("to-a", &(ds_memory_faults){.hold_key = "all-0001", .hold_reason = "too long"});
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_PARTIAL);
    ds_memory_fail("to-a", &(ds_memory_faults){0});
    assert_true(ds_store_do(r.store, DS_LANE_EVENT, &job, &r.err));
    rig_move(&r, 5 * DS_SECOND_MS);
    rig_outcome(rig_run(&r, 3), DS_PASS_DONE);
    assert_int_equal(r.runs[1].run.kind, DS_PASS_CHANGES);
    assert_int_equal(r.runs[2].run.kind, DS_PASS_TARGETED);
    assert_int_equal(r.runs[2].run.totals.created, 1);
    rig_end(&r);
}

/* However many are held before it that are not. */
static void one_of_very_many_that_is_due_follows_too(void **state)
{
    char place[16];
    rig r;

    (void)state;
    rig_init(&r);
    for (int i = 0; i < 1200; i++) {
        snprintf(place, sizeof(place), "a:%04d", i);
        ds_memory_put_held("from-a", "all", place, "it has no key");
    }
    rig_rows("all", 3);
    r.routes[0].source = &ds_memory_source_changes;
    ds_memory_fail("to-a", &(ds_memory_faults){.hold_key = "all-0001", .hold_reason = "too long"});
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_PARTIAL);
    ds_memory_fail("to-a", &(ds_memory_faults){0});
    rig_move(&r, EVERY);
    rig_outcome(rig_run(&r, 3), DS_PASS_DONE);
    assert_int_equal(r.runs[2].run.kind, DS_PASS_TARGETED);
    assert_int_equal(r.runs[2].run.totals.created, 1);
    rig_end(&r);
}

/* ---- a destination that has to be filled ----------------------------------------------------- */

static void changes_init(rig *r)
{
    rig_init(r);
    rig_rows("all", 3);
    r->routes[0].source = &ds_memory_source_changes;
    rig_start(r);
    rig_outcome(rig_run(r, 1), DS_PASS_DONE);
    assert_int_equal(ds_memory_count("to-a", NULL), 3);
}

/* What lists changes alone tells nothing of the rows that were lost. */
static void a_table_that_was_lost_is_filled_by_a_full_pass_behind_it(void **state)
{
    rig r;

    (void)state;
    changes_init(&r);
    ds_memory_drop("to-a");
    rig_move(&r, EVERY);
    rig_outcome(rig_run(&r, 3), DS_PASS_DONE);
    assert_int_equal(r.runs[1].run.kind, DS_PASS_CHANGES);
    assert_int_equal(r.runs[2].run.kind, DS_PASS_FULL);
    assert_int_equal(ds_memory_count("to-a", NULL), 3);
    rig_move(&r, EVERY);
    rig_outcome(rig_run(&r, 4), DS_PASS_DONE);
    assert_int_equal(r.runs[3].run.kind, DS_PASS_CHANGES);
    rig_end(&r);
}

static void another_table_is_filled_by_a_full_pass(void **state)
{
    static const char *const items[] = {"all-0001"};
    rig r;

    (void)state;
    changes_init(&r);
    rig_stop(&r);
    r.to[0].store = r.routes[0].identity = "to-another";
    rig_start(&r);
    rig_signal_items(&r, "all", DS_EV_SYNC_NOW, items, 1);
    rig_outcome(rig_run(&r, 3), DS_PASS_DONE);
    assert_int_equal(r.runs[1].run.kind, DS_PASS_TARGETED);
    assert_int_equal(r.runs[2].run.kind, DS_PASS_FULL);
    assert_int_equal(ds_memory_count("to-another", NULL), 3);
    rig_end(&r);
}

/* With another field, say: no record has changed for that. */
static void another_configuration_is_applied_to_all_records(void **state)
{
    rig r;

    (void)state;
    changes_init(&r);
    rig_stop(&r);
    r.routes[0].fingerprint = "f2";
    rig_start(&r);
    rig_move(&r, EVERY);
    rig_outcome(rig_run(&r, 3), DS_PASS_DONE);
    assert_int_equal(r.runs[1].run.kind, DS_PASS_CHANGES);
    assert_int_equal(r.runs[2].run.kind, DS_PASS_FULL);
    rig_move(&r, EVERY);
    rig_outcome(rig_run(&r, 4), DS_PASS_DONE);
    assert_int_equal(r.runs[3].run.kind, DS_PASS_CHANGES);
    rig_end(&r);
}

int main(void)
{
    add_table(rows, passes_begin_by_cron);
    add_test(what_was_missed_is_one_pass);
    add_test(another_cron_holds_from_the_next_start_on);
    add_test(a_new_unit_begins_with_the_time_it_was_found_at);
    add_test(quiet_hours_are_kept);
    add_test(started_in_quiet_hours_it_waits);
    add_test(once_does_not_wait);
    add_test(a_clock_set_back_by_little_repeats_nothing);
    add_test(a_clock_set_back_by_much_is_followed);
    add_test(a_clock_set_forward_is_one_pass);
    add_test(the_system_tells_that_the_clock_was_set);
    add_test(the_watch_itself_is_silent);
    add_test(an_interval_by_hand_is_refused);
    add_test(a_held_record_that_is_due_follows_a_changes_pass);
    add_test(one_that_is_to_be_tried_again_follows_too);
    add_test(one_of_very_many_that_is_due_follows_too);
    add_test(a_table_that_was_lost_is_filled_by_a_full_pass_behind_it);
    add_test(another_table_is_filled_by_a_full_pass);
    add_test(another_configuration_is_applied_to_all_records);
    return run_tests("engine: times");
}
