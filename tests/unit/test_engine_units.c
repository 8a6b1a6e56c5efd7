/* tests/unit/test_engine_units.c
 *
 * The embedded engine and its units: they come and go, there may be a thousand, routes compete for
 * threads, signals for commits, and some are given while no engine runs.
 */
#include "engine_rig.h"

#include "base/crashpoint.h"

/* ---- units that come and go ------------------------------------------------------------------ */

static void units_come_and_go(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("one", 1);
    rig_rows("two", 1);
    rig_start(&r);
    rig_run(&r, 2);
    ds_memory_drop_unit("from-a", "two");
    rig_rows("three", 1);
    rig_move(&r, EVERY); /* "one" and "two" are due, and the source is listed again */
    rig_run(&r, 5);
    assert_non_null(rig_unit(&r, "a", "three"));
    rig_stop(&r);
    assert_true(rig_unit(&r, "a", "two")->state.gone);
    assert_int_equal(rig_unit(&r, "a", "two")->state.due_ms, 0);

    rig_rows("two", 1);
    r.runs_n = 0;
    rig_restart(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_DONE); /* back at once; the others are not due */
    assert_string_equal(r.runs[0].unit, "a/two");
    assert_false(rig_unit(&r, "a", "two")->state.gone);
    rig_end(&r);
}

static atomic_bool listing_fails;

static bool moody_units(ds_source *self, ds_activity *act, ds_units *units, ds_err *err)
{
    if (atomic_load(&listing_fails))
        return ds_fail(err, DS_ERR_TRANSIENT, "no answer");
    return ds_memory_source.units(self, act, units, err);
}

static void known_units_go_on_when_listing_fails(void **state)
{
    ds_source_ops moody = ds_memory_source;
    rig r;

    (void)state;
    moody.units = moody_units;
    rig_init(&r);
    r.routes[0].source = &moody;
    rig_rows("one", 1);
    atomic_store(&listing_fails, false);
    rig_start(&r);
    rig_run(&r, 1);
    rig_stop(&r);
    atomic_store(&listing_fails, true);
    fake_clock_move(&r.clock, EVERY);
    rig_restart(&r);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);

    rig_rows("two", 1); /* and it is asked again until it answers */
    atomic_store(&listing_fails, false);
    rig_move(&r, DS_UNIT_RETRY_FIRST_MS);
    rig_outcome(rig_run(&r, 3), DS_PASS_DONE);
    assert_string_equal(r.runs[2].unit, "a/two");
    rig_end(&r);
}

static void units_of_a_route_that_left_the_configuration_stay_as_they_are(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 1);
    rig_route(&r, 1, "b");
    r.options.routes_n = 2;
    ds_memory_put("from-b", "all", "k", "{}");
    rig_start(&r);
    rig_run(&r, 2);
    r.options.routes_n = 1;
    fake_clock_move(&r.clock, EVERY);
    rig_restart(&r);
    rig_run(&r, 3);
    rig_move(&r, EVERY);
    rig_run(&r, 4);
    assert_string_equal(r.runs[2].unit, "a/all");
    assert_string_equal(r.runs[3].unit, "a/all");
    assert_int_equal(rig_unit(&r, "b", "all")->state.runs_completed, 1);
    rig_end(&r);
}

/* ---- many ------------------------------------------------------------------------------------ */

static void a_thousand_units_do_not_start_at_once(void **state)
{
    enum { UNITS = 1000 };
    char unit[16];
    rig r;

    (void)state;
    rig_init(&r);
    for (int i = 0; i < UNITS; i++) {
        snprintf(unit, sizeof(unit), "u%d", i);
        ds_memory_add_unit("from-a", unit);
    }
    rig_start(&r);
    while (rig_unit(&r, "a", "u0") == NULL)
        sched_yield(); /* until they are known: all in one transaction */
    rig_signal(&r, "u0", DS_EV_PAUSE);
    assert_int_equal(r.runs_n, 0); /* the clock stands still: not one is due yet */
    rig_move(&r, UNITS * DS_SPREAD_EACH_MS / 2);
    rig_run(&r, UNITS / 2 - 100);
    rig_move(&r, UNITS * DS_SPREAD_EACH_MS / 2);
    rig_run(&r, UNITS - 1);
    rig_stop(&r);
    assert_int_equal(r.runs_n, UNITS - 1); /* each once, and the paused one not */
    rig_end(&r);
}

typedef struct signaller {
    pthread_t thread;
    rig *r;
    int64_t units;
} signaller;

static void *send_signal(void *arg)
{
    signaller *s = arg;

    s->units = rig_signal(s->r, "all", DS_EV_SYNC_NOW);
    return NULL;
}

static gate writer_gate;

static bool hold_the_writer(ds_job *job, ds_tx *tx, ds_err *err)
{
    (void)job, (void)tx, (void)err;
    gate_seen(&writer_gate, "page");
    return true;
}

static atomic_int commits;

static void count_commits(const char *where)
{
    if (strcmp(where, "store commit") == 0)
        atomic_fetch_add(&commits, 1);
}

static void signals_that_come_together_share_a_commit(void **state)
{
    enum { SIGNALS = 64 };
    signaller all[SIGNALS];
    ds_job job = {.run = hold_the_writer};
    rig r;

    (void)state;
    ds_crash_hook = count_commits;
    rig_init(&r);
    rig_rows("all", 1);
    rig_start(&r);
    rig_run(&r, 1);
    gate_init(&writer_gate, true);
    ds_store_submit(r.store, DS_LANE_EVENT, &job);
    gate_await(&writer_gate, 1);
    atomic_store(&commits, 0);
    for (int i = 0; i < SIGNALS; i++) {
        all[i] = (signaller){.r = &r, .units = -1};
        assert_int_equal(pthread_create(&all[i].thread, NULL, send_signal, &all[i]), 0);
    }
    while (atomic_load(&r.engine->in_flight) < SIGNALS)
        sched_yield();
    gate_open(&writer_gate);
    for (int i = 0; i < SIGNALS; i++) {
        pthread_join(all[i].thread, NULL);
        assert_int_equal(all[i].units, 1);
    }
    rig_run(&r, 2);
    rig_stop(&r);
    ds_crash_hook = NULL;
    assert_true(atomic_load(&commits) < SIGNALS / 2);
    assert_true(r.runs_n <= 3); /* the one that started, and one for all that came during it */
    rig_end(&r);
}

static void two_engines_share_a_process(void **state)
{
    rig first, second;
    pid_t holder = 0;
    ds_err err = DS_ERR_INIT;

    (void)state;
    rig_init(&first);
    rig_init(&second);
    rig_route(&second, 0, "b");
    rig_rows("all", 2);
    ds_memory_put("from-b", "all", "k", "{}");
    rig_start(&first);
    rig_start(&second);
    rig_outcome(rig_run(&first, 1), DS_PASS_DONE);
    rig_outcome(rig_run(&second, 1), DS_PASS_DONE);
    assert_null(ds_store_open(first.path, &holder, &err)); /* but not a store */
    assert_int_equal(holder, getpid());
    rig_end(&second);
    rig_end(&first);
}

static void a_slow_route_leaves_a_thread_to_the_others(void **state)
{
    gate g;
    rig r;
    char unit[16];

    (void)state;
    rig_init(&r);
    for (int i = 0; i < 5; i++) {
        snprintf(unit, sizeof(unit), "u%d", i);
        rig_rows(unit, 1);
    }
    rig_route(&r, 1, "b");
    r.options.routes_n = 2;
    r.options.workers = 4;
    ds_memory_put("from-b", "all", "k", "{}");
    gate_init(&g, true);
    ds_memory_watch("from-a", gate_seen, &g);
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_DONE); /* while route a hangs in its source */
    assert_string_equal(r.runs[0].unit, "b/all");
    gate_await(&g, 2);
    for (int i = 0; i < 5; i++) {
        ds_unit_ref ref = {"b", NULL};
        ds_event event = {.type = DS_EV_SYNC_NOW};
        int64_t units;

        assert_true(ds_engine_signal(r.engine, &ref, &event, &units, &r.err));
        rig_outcome(rig_run(&r, (size_t)i + 2), DS_PASS_DONE);
    }
    assert_true(gate_arrived(&g) <= 3);
    gate_open(&g);
    rig_run(&r, 11);
    rig_end(&r);
}

/* ---- two routes on one destination -------------------------------------------------------------
 */

/* Passes that run, or wait for a thread. */
static size_t running_but(rig *r, const char *route)
{
    const ds_running *all;
    size_t all_n = ds_engine_running(r->engine, scratch, &all), n = 0;

    for (size_t i = 0; i < all_n; i++)
        n += strcmp(all[i].route, route) != 0;
    return n;
}

static void put_on_shared(rig *r, size_t at, const char *name)
{
    rig_route(r, at, name);
    r->to[at].store = r->routes[at].identity = "shared";
    r->routes[at].destination = &ds_memory_destination_b;
    ds_memory_put(r->from[at].store, "all", "k", "{\"Name\":\"one\"}");
}

/* Where a create does not meet a row by its key, both would look for it in vain and make it. */
static void routes_that_share_rows_write_by_turns(void **state)
{
    const ds_event event = {.type = DS_EV_SYNC_NOW};
    const ds_unit_ref other = {"c", NULL};
    int64_t units;
    gate g;
    rig r;

    (void)state;
    rig_init(&r);
    put_on_shared(&r, 0, "a");
    put_on_shared(&r, 1, "b");
    rig_route(&r, 2, "c");
    r.options.routes_n = 3;
    r.options.workers = 4;
    gate_init(&g, true);
    ds_memory_watch("from-a", gate_seen, &g);
    ds_memory_watch("from-b", gate_seen, &g);
    rig_start(&r);
    gate_await(&g, 1);
    while (running_but(&r, "c") < 2)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_string_equal(rig_run(&r, 1)->unit, "c/all"); /* which is not concerned */
    for (size_t i = 2; i < 6; i++) {
        assert_true(ds_engine_signal(r.engine, &other, &event, &units, &r.err));
        assert_string_equal(rig_run(&r, i)->unit, "c/all");
    }
    assert_int_equal(gate_arrived(&g), 1);
    gate_open(&g);
    rig_outcome(rig_run(&r, 7), DS_PASS_DONE);
    assert_int_equal(ds_memory_count("shared", NULL), 1);
    rig_end(&r);
}

/* Nor does the second one look before it could see what the first has made. */
static void rows_of_the_other_route_are_waited_for(void **state)
{
    static ds_destination_ops late;
    rig r;

    (void)state;
    rig_init(&r);
    late = ds_memory_destination_b;
    late.lag_ms = DS_MINUTE_MS;
    put_on_shared(&r, 0, "a");
    put_on_shared(&r, 1, "b");
    r.routes[0].destination = r.routes[1].destination = &late;
    r.options.routes_n = 2;
    ds_memory_fail("shared", &(ds_memory_faults){.lag_ms = DS_MINUTE_MS - 1});
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_DONE);
    while (running_but(&r, "c") < 1)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    rig_move(&r, DS_MINUTE_MS);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    assert_int_equal(r.runs[1].run.totals.created, 0);
    assert_int_equal(ds_memory_count("shared", NULL), 1);
    rig_end(&r);
}

/* ---- without an engine ----------------------------------------------------------------------- */

static int64_t signal_offline(rig *r, const char *unit, ds_event_type type)
{
    ds_event event = {.type = type};
    ds_unit_ref ref = {"a", unit};
    ds_err err = DS_ERR_INIT;
    int64_t units = -1;

    if (!ds_engine_signal_offline(r->store, &ref, &event, T0, &units, &err))
        fail_msg("%s", err.text);
    return units;
}

static void a_signal_without_a_daemon_is_kept(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 1);
    rig_start(&r);
    rig_run(&r, 1);
    rig_stop(&r);
    assert_int_equal(signal_offline(&r, "all", DS_EV_SYNC_NOW), 1);
    assert_true(rig_unit(&r, "a", "all")->state.want.full);
    rig_restart(&r);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    rig_stop(&r);
    assert_int_equal(signal_offline(&r, NULL, DS_EV_PAUSE), 1);
    assert_true(rig_unit(&r, "a", "all")->state.paused);
    rig_end(&r);
}

static void a_signal_for_units_not_yet_known_is_kept(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("one", 1);
    rig_rows("two", 1);
    assert_int_equal(signal_offline(&r, "one", DS_EV_PAUSE), 0);
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_DONE);
    rig_stop(&r);
    assert_string_equal(r.runs[0].unit, "a/two");
    assert_int_equal(r.runs_n, 1);
    assert_true(rig_unit(&r, "a", "one")->state.paused);
    rig_end(&r);
}

static void a_signal_for_a_route_not_yet_known_is_kept(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("one", 1);
    rig_rows("two", 1);
    assert_int_equal(signal_offline(&r, NULL, DS_EV_PAUSE), 0);
    rig_start(&r);
    while (rig_unit(&r, "a", "two") == NULL)
        sched_yield();
    rig_stop(&r);
    assert_int_equal(r.runs_n, 0);
    assert_true(rig_unit(&r, "a", "one")->state.paused);
    assert_true(rig_unit(&r, "a", "two")->state.paused);
    rig_end(&r);
}

int main(void)
{
    add_test(units_come_and_go);
    add_test(known_units_go_on_when_listing_fails);
    add_test(units_of_a_route_that_left_the_configuration_stay_as_they_are);
    add_test(a_thousand_units_do_not_start_at_once);
    add_test(signals_that_come_together_share_a_commit);
    add_test(two_engines_share_a_process);
    add_test(a_slow_route_leaves_a_thread_to_the_others);
    add_test(routes_that_share_rows_write_by_turns);
    add_test(rows_of_the_other_route_are_waited_for);
    add_test(a_signal_without_a_daemon_is_kept);
    add_test(a_signal_for_units_not_yet_known_is_kept);
    add_test(a_signal_for_a_route_not_yet_known_is_kept);
    return run_tests("embedded engine: units");
}
