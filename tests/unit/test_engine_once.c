/* tests/unit/test_engine_once.c - `once` without a daemon: what is asked for, once each, and no
 * more. */
#include "engine_rig.h"

/* Runs `once` on the refs (none: all) until it returns. */
static void run_once(rig *r, const ds_unit_ref *refs, size_t n)
{
    r->runs_n = 0;
    r->options.once = true;
    r->options.only = refs;
    r->options.only_n = n;
    rig_start(r);
    rig_join(r);
}

static const seen_run *run_of(const rig *r, const char *unit)
{
    for (size_t i = 0; i < r->runs_n; i++) {
        if (strcmp(r->runs[i].unit, unit) == 0)
            return &r->runs[i];
    }
    fail_msg("no pass of %s", unit);
    return NULL;
}

static void signal_offline(rig *r, const char *unit, ds_event_type type)
{
    ds_event event = {.type = type};
    ds_unit_ref ref = {"a", unit};
    ds_err err = DS_ERR_INIT;
    int64_t units;

    if (!ds_engine_signal_offline(r->store, &ref, &event, T0, &units, &err))
        fail_msg("%s", err.text);
}

static void two_units(rig *r)
{
    rig_init(r);
    rig_rows("one", 2);
    rig_rows("two", 2);
}

static void every_unit_gets_one_full_pass(void **state)
{
    rig r;

    (void)state;
    two_units(&r);
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 2);
    for (size_t i = 0; i < 2; i++) {
        rig_outcome(&r.runs[i], DS_PASS_DONE);
        assert_int_equal(r.runs[i].run.kind, DS_PASS_FULL);
        assert_int_equal(r.runs[i].run.totals.created, 2);
    }
    fake_clock_move(&r.clock, 5 * EVERY); /* an interval that is over asks for nothing more */
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 2);
    assert_int_equal(r.runs[0].run.totals.unchanged, 2);
    assert_false(rig_unit(&r, "a", "one")->state.want.any);
    rig_end(&r);
}

static void a_thousand_units_are_not_spread(void **state)
{
    char unit[16];
    rig r;

    (void)state;
    rig_init(&r);
    for (int i = 0; i < 1000; i++) {
        snprintf(unit, sizeof(unit), "u%d", i);
        ds_memory_add_unit("from-a", unit);
    }
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 1000);
    rig_end(&r);
}

static void one_unit_can_be_named(void **state)
{
    static const ds_unit_ref refs[] = {{"a", "two"}, {"a", "two"}};
    rig r;

    (void)state;
    two_units(&r);
    run_once(&r, refs, 2);
    assert_int_equal(r.runs_n, 1);
    assert_string_equal(r.runs[0].unit, "a/two");
    assert_null(rig_unit(&r, "a", "one"));
    rig_end(&r);
}

static void items_make_it_targeted(void **state)
{
    static const char *const items[] = {"one-0001"};
    static const ds_unit_ref refs[] = {{"a", "one"}};
    rig r;

    (void)state;
    two_units(&r);
    r.options.items = items;
    r.options.items_n = 1;
    run_once(&r, refs, 1);
    assert_int_equal(r.runs_n, 1);
    rig_outcome(&r.runs[0], DS_PASS_DONE);
    assert_int_equal(r.runs[0].run.kind, DS_PASS_TARGETED);
    assert_int_equal(ds_memory_count("to-a", NULL), 1);
    fake_clock_move(&r.clock, 5 * EVERY); /* overdue, but targeted all the same */
    run_once(&r, refs, 1);
    assert_int_equal(r.runs_n, 1);
    assert_int_equal(r.runs[0].run.kind, DS_PASS_TARGETED);
    rig_end(&r);
}

static void a_unit_that_is_not_there_is_told(void **state)
{
    static const ds_unit_ref refs[] = {{"a", "three"}, {"a", "one"}};
    rig r;

    (void)state;
    two_units(&r);
    run_once(&r, refs, 2);
    assert_int_equal(r.runs_n, 2);
    rig_outcome(run_of(&r, "a/three"), DS_PASS_FAILED);
    assert_string_equal(run_of(&r, "a/three")->error, "the source has no such unit");
    rig_outcome(run_of(&r, "a/one"), DS_PASS_DONE);
    rig_end(&r);
}

static void a_route_that_is_not_there_is_an_error(void **state)
{
    static const ds_unit_ref refs[] = {{"nobody", NULL}};
    ds_err err = DS_ERR_INIT;
    rig r;

    (void)state;
    two_units(&r);
    rig_settle(&r, 0);
    r.options.once = true;
    r.options.only = refs;
    r.options.only_n = 1;
    r.engine = ds_engine_embedded(r.store, &r.options, &err);
    assert_non_null(r.engine);
    assert_false(ds_engine_run(r.engine, &err));
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    assert_string_equal(err.text, "no route is called \"nobody\"");
    ds_engine_free(r.engine);
    r.engine = NULL;
    rig_end(&r);
}

static void a_paused_unit_is_not_run(void **state)
{
    rig r;

    (void)state;
    two_units(&r);
    run_once(&r, NULL, 0);
    signal_offline(&r, "one", DS_EV_PAUSE);
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 2);
    rig_outcome(run_of(&r, "a/one"), DS_PASS_PAUSED);
    assert_string_equal(run_of(&r, "a/one")->error, "paused");
    rig_outcome(run_of(&r, "a/two"), DS_PASS_DONE);
    signal_offline(&r, "one", DS_EV_RESUME);
    run_once(&r, NULL, 0);
    rig_outcome(run_of(&r, "a/one"), DS_PASS_DONE);
    assert_int_equal(r.runs_n, 2); /* resume's catching up and ours are one pass */
    rig_end(&r);
}

static void a_refused_login_is_paused_and_stays_so(void **state)
{
    ds_memory_faults faults = {.fail_page = 1, .kind = DS_ERR_AUTH};
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 2);
    ds_memory_fail("from-a", &faults);
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 1);
    rig_outcome(&r.runs[0], DS_PASS_PAUSED);
    assert_string_equal(r.runs[0].error_kind, "auth");
    ds_memory_fail("from-a", &(ds_memory_faults){0});
    run_once(&r, NULL, 0);
    rig_outcome(&r.runs[0], DS_PASS_PAUSED);
    assert_string_equal(r.runs[0].error_kind, "paused");
    assert_non_null(strstr(r.runs[0].error, "paused: "));
    rig_end(&r);
}

static void a_failed_pass_is_not_retried(void **state)
{
    ds_memory_faults faults = {.fail_page = 1, .kind = DS_ERR_TRANSIENT};
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 2);
    ds_memory_fail("from-a", &faults);
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 1);
    rig_outcome(&r.runs[0], DS_PASS_FAILED);
    assert_true(rig_unit(&r, "a", "all")->state.want.full);
    ds_memory_fail("from-a", &(ds_memory_faults){0});
    run_once(&r, NULL, 0); /* nor does its back-off hold up the next one */
    assert_int_equal(r.runs_n, 1);
    rig_outcome(&r.runs[0], DS_PASS_DONE);
    rig_end(&r);
}

static void a_rate_limit_ends_it(void **state)
{
    ds_memory_faults faults = {
        .fail_page = 1, .kind = DS_ERR_RATE_LIMITED, .retry_after_ms = DS_HOUR_MS};
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 2);
    ds_memory_fail("from-a", &faults);
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 1);
    rig_outcome(&r.runs[0], DS_PASS_WAITING);
    ds_memory_fail("from-a", &(ds_memory_faults){0});
    ds_memory_counted("from-a");
    run_once(&r, NULL, 0); /* too early: not even asked */
    assert_int_equal(r.runs_n, 1);
    rig_outcome(&r.runs[0], DS_PASS_WAITING);
    assert_int_equal(ds_memory_counted("from-a").pages, 0);
    fake_clock_move(&r.clock, DS_HOUR_MS);
    run_once(&r, NULL, 0);
    rig_outcome(&r.runs[r.runs_n - 1], DS_PASS_DONE);
    rig_end(&r);
}

/* Servers say "a minute" most: that it is not sat out must not hang on how long ago they said it.
 */
static void a_minute_ends_it(void **state)
{
    for (int64_t ago_ms = 0; ago_ms < 10 * DS_SECOND_MS; ago_ms += 999) {
        ds_memory_faults faults = {
            .fail_page = 1, .kind = DS_ERR_RATE_LIMITED, .retry_after_ms = DS_MINUTE_MS - ago_ms};
        rig r;

        (void)state;
        rig_init(&r);
        rig_rows("all", 2);
        ds_memory_fail("from-a", &faults);
        run_once(&r, NULL, 0);
        assert_int_equal(r.runs_n, 1);
        rig_outcome(&r.runs[0], DS_PASS_WAITING);
        rig_end(&r);
    }
}

#define REFUSED_MS (44 * DS_SECOND_MS)

/* Each page is refused for a while, so many times; the clock moves once that is known. */
static void run_once_refused(rig *r, int times)
{
    static const ds_memory_faults refuse = {
        .fail_page = 1, .kind = DS_ERR_RATE_LIMITED, .retry_after_ms = REFUSED_MS};

    ds_memory_fail("from-a", &refuse);
    r->runs_n = 0;
    r->options.once = true;
    rig_start(r);
    for (int i = 1; i <= times; i++) {
        const ds_unit_row *row = rig_unit(r, "a", "all");

        while (!row || !row->state.running || row->state.retry_ms < T0 + i * REFUSED_MS) {
            sched_yield();
            row = rig_unit(r, "a", "all");
        }
        if (i < times)
            ds_memory_fail("from-a", &refuse);
        rig_move(r, REFUSED_MS);
    }
    rig_join(r);
}

static void a_short_rate_limit_is_sat_out(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 2);
    run_once_refused(&r, 2);
    assert_int_equal(r.runs_n, 1); /* the waits are no ends of it */
    rig_outcome(&r.runs[0], DS_PASS_DONE);
    assert_int_equal(r.runs[0].run.totals.created, 2);
    rig_end(&r);
}

typedef struct watched { /* by the ticks of an engine */
    ds_running sitting;
    size_t n;
    atomic_bool seen;
} watched;

static watched eyes;

static void watch_sitting(void *to, ds_engine *engine)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    const ds_running *sitting;
    size_t n = ds_engine_sitting(engine, a, &sitting);

    (void)to;
    if (n && !atomic_load(&eyes.seen)) {
        eyes.n = n;
        eyes.sitting = sitting[0];
        atomic_store(&eyes.seen, true);
    }
}

static void one_that_is_sat_out_is_seen(void **state)
{
    static const ds_memory_faults refuse = {
        .fail_page = 1, .kind = DS_ERR_RATE_LIMITED, .retry_after_ms = REFUSED_MS};
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 2);
    ds_memory_fail("from-a", &refuse);
    r.options.once = true;
    r.options.tick = watch_sitting;
    eyes = (watched){0};
    rig_start(&r);
    while (!atomic_load(&eyes.seen))
        sched_yield();
    rig_move(&r, REFUSED_MS);
    rig_join(&r);
    assert_int_equal(eyes.n, 1);
    assert_int_equal(eyes.sitting.limited_ms, T0 + REFUSED_MS);
    assert_int_equal(eyes.sitting.done, 0);
    rig_outcome(&r.runs[0], DS_PASS_DONE);
    rig_end(&r);
}

static void but_not_for_ever(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 2);
    run_once_refused(&r, 4);
    assert_int_equal(r.runs_n, 1);
    rig_outcome(&r.runs[0], DS_PASS_WAITING);
    rig_end(&r);
}

static void what_is_left_of_one_is_sat_out_too(void **state)
{
    ds_memory_faults faults = {
        .fail_page = 1, .kind = DS_ERR_RATE_LIMITED, .retry_after_ms = DS_HOUR_MS};
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 2);
    ds_memory_fail("from-a", &faults);
    run_once(&r, NULL, 0);
    rig_outcome(&r.runs[0], DS_PASS_WAITING);
    fake_clock_move(&r.clock, DS_HOUR_MS - DS_SECOND_MS);
    r.runs_n = 0;
    rig_start(&r);
    rig_move(&r, DS_SECOND_MS);
    rig_join(&r);
    rig_outcome(&r.runs[r.runs_n - 1], DS_PASS_DONE);
    rig_end(&r);
}

static void limits_wait_for_approve(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 20);
    run_once(&r, NULL, 0);
    r.routes[0].limit_changes = 0.25;
    for (int i = 0; i < 20; i++) {
        char key[32];

        snprintf(key, sizeof(key), "all-%04d", i);
        ds_memory_put("from-a", "all", key, "{\"Name\":\"other\"}");
    }
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 1);
    rig_outcome(&r.runs[0], DS_PASS_APPROVAL);
    run_once(&r, NULL, 0);
    rig_outcome(&r.runs[0], DS_PASS_APPROVAL);
    assert_string_equal(r.runs[0].error_kind, "approval");
    signal_offline(&r, "all", DS_EV_APPROVE);
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 1);
    rig_outcome(&r.runs[0], DS_PASS_DONE);
    rig_end(&r);
}

static bool no_listing(ds_source *self, ds_activity *act, ds_units *units, ds_err *err)
{
    (void)self, (void)act, (void)units;
    return ds_fail(err, DS_ERR_AUTH, "HTTP 401");
}

static void a_source_that_cannot_be_listed_is_told(void **state)
{
    ds_source_ops moody = ds_memory_source;
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 2);
    r.routes[0].source = &moody;
    run_once(&r, NULL, 0);
    moody.units = no_listing;
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 2);
    rig_outcome(run_of(&r, "a/-"), DS_PASS_PAUSED);
    assert_string_equal(run_of(&r, "a/-")->error, "list the units: HTTP 401");
    rig_outcome(run_of(&r, "a/all"), DS_PASS_DONE); /* what is known goes on */
    rig_end(&r);
}

static bool no_units(ds_source *self, ds_activity *act, ds_units *units, ds_err *err)
{
    (void)self, (void)act, (void)units, (void)err;
    return true;
}

static void a_source_without_units_is_done_at_once(void **state)
{
    ds_source_ops empty = ds_memory_source;
    rig r;

    (void)state;
    empty.units = no_units;
    rig_init(&r);
    r.routes[0].source = &empty;
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 0);
    rig_end(&r);
}

static void a_unit_that_is_gone_is_not_run(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    ds_memory_add_unit("from-a", "gone");
    run_once(&r, NULL, 0);
    ds_memory_drop_unit("from-a", "gone");
    rig_rows("new", 1);
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 1);
    assert_string_equal(r.runs[0].unit, "a/new");
    assert_true(rig_unit(&r, "a", "gone")->state.gone);
    rig_end(&r);
}

static atomic_bool told_to_stop;

static void stop_in_the_middle(void *to, const char *what)
{
    ds_engine *e = ((rig *)to)->engine;
    bool told = false;

    if (strcmp(what, "page") != 0 || atomic_exchange(&told_to_stop, true))
        return;
    ds_engine_stop(e);
    while (!told) { /* until the pass knows */
        sched_yield();
        pthread_mutex_lock(&e->lock);
        told = atomic_load(&e->passes->stop);
        pthread_mutex_unlock(&e->lock);
    }
}

static void an_interrupted_one_goes_on_where_it_was(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 5);
    ds_memory_fail("from-a", &(ds_memory_faults){.page_rows = 1});
    ds_memory_watch("from-a", stop_in_the_middle, &r);
    run_once(&r, NULL, 0);
    assert_int_equal(r.runs_n, 1);
    rig_outcome(&r.runs[0], DS_PASS_CANCELLED);
    ds_memory_watch("from-a", NULL, NULL);
    fake_clock_move(&r.clock, DS_MINUTE_MS);
    run_once(&r, NULL, 0);
    rig_outcome(&r.runs[0], DS_PASS_DONE); /* that one, to its end */
    assert_int_equal(r.runs[0].run.started_ms, T0);
    assert_int_equal(r.runs[0].run.totals.total, 5);
    assert_int_equal(r.runs_n, 2); /* and the one asked for now, which sees what came meanwhile */
    assert_int_equal(r.runs[1].run.started_ms, T0 + DS_MINUTE_MS);
    rig_end(&r);
}

int main(void)
{
    add_test(every_unit_gets_one_full_pass);
    add_test(a_thousand_units_are_not_spread);
    add_test(one_unit_can_be_named);
    add_test(items_make_it_targeted);
    add_test(a_unit_that_is_not_there_is_told);
    add_test(a_route_that_is_not_there_is_an_error);
    add_test(a_paused_unit_is_not_run);
    add_test(a_refused_login_is_paused_and_stays_so);
    add_test(a_failed_pass_is_not_retried);
    add_test(a_rate_limit_ends_it);
    add_test(a_minute_ends_it);
    add_test(a_short_rate_limit_is_sat_out);
    add_test(one_that_is_sat_out_is_seen);
    add_test(but_not_for_ever);
    add_test(what_is_left_of_one_is_sat_out_too);
    add_test(limits_wait_for_approve);
    add_test(a_source_that_cannot_be_listed_is_told);
    add_test(a_source_without_units_is_done_at_once);
    add_test(a_unit_that_is_gone_is_not_run);
    add_test(an_interrupted_one_goes_on_where_it_was);
    return run_tests("embedded engine: once");
}
