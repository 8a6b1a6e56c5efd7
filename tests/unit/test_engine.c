/* tests/unit/test_engine.c
 *
 * The embedded engine as a daemon: signals, timers, pauses, restarts, units that come and go, and
 * who gets a thread.  Between memory tables, on a clock that stands still.
 */
#include "engine_rig.h"

#include "store/internal.h"
#include "support/leave.h"

#include <poll.h>
#include <sys/wait.h>

/* ---- signals and timers ---------------------------------------------------------------------- */

static void the_first_pass_comes_by_itself(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 3);
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_DONE);
    assert_string_equal(r.runs[0].unit, "a/all");
    assert_int_equal(r.runs[0].run.kind, DS_PASS_FULL);
    assert_int_equal(r.runs[0].run.totals.created, 3);
    assert_int_equal(ds_memory_count("to-a", NULL), 3);
    rig_end(&r);
}

static void a_signal_starts_a_pass(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 3);
    rig_start(&r);
    rig_run(&r, 1);
    assert_int_equal(rig_signal(&r, "all", DS_EV_SYNC_NOW), 1);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    assert_int_equal(r.runs[1].run.totals.unchanged, 3);
    assert_int_equal(rig_signal(&r, NULL, DS_EV_SYNC_NOW), 1); /* the whole route */
    rig_outcome(rig_run(&r, 3), DS_PASS_DONE);
    rig_end(&r);
}

static void a_signal_may_name_items(void **state)
{
    static const char *const items[] = {"all-0001"};
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 3);
    rig_start(&r);
    rig_run(&r, 1);
    ds_memory_put("from-a", "all", "all-0001", "{\"Name\":\"two\"}");
    ds_memory_put("from-a", "all", "all-0002", "{\"Name\":\"two\"}");
    rig_signal_items(&r, "all", DS_EV_SYNC_NOW, items, 1);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    assert_int_equal(r.runs[1].run.kind, DS_PASS_TARGETED);
    assert_int_equal(r.runs[1].run.totals.updated, 1);
    assert_string_equal(ds_memory_text("to-a", "all-0002", "Name", scratch), "one");
    rig_end(&r);
}

static void a_signal_for_nobody_reaches_nobody(void **state)
{
    ds_event event = {.type = DS_EV_SYNC_NOW};
    ds_unit_ref ref = {"nobody", NULL};
    ds_err err = DS_ERR_INIT;
    int64_t units = -1;
    rig r;

    (void)state;
    rig_init(&r);
    rig_start(&r);
    rig_run(&r, 1);
    assert_true(ds_engine_signal(r.engine, &ref, &event, &units, &err));
    assert_int_equal(units, 0);
    assert_int_equal(rig_signal(&r, "nobody", DS_EV_SYNC_NOW), 0);
    rig_end(&r);
}

static void the_interval_starts_passes(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 1);
    rig_start(&r);
    for (size_t n = 1; n <= 5; n++) {
        rig_outcome(rig_run(&r, n), DS_PASS_DONE);
        rig_move(&r, EVERY);
    }
    rig_outcome(rig_run(&r, 6), DS_PASS_DONE);
    assert_int_equal(r.runs[5].run.started_ms, T0 + 5 * EVERY);
    rig_end(&r);
}

static void a_clock_set_back_holds_nobody(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 1);
    rig_start(&r);
    rig_run(&r, 1);
    fake_clock_set(&r.clock, -30 * DS_DAY_MS);
    ds_emb_wake(r.engine);
    while (rig_unit(&r, "a", "all")->state.due_ms > T0) /* until it has counted anew */
        sched_yield();
    rig_move(&r, EVERY);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    rig_end(&r);
}

static void a_failed_pass_is_retried(void **state)
{
    ds_memory_faults faults = {.fail_page = 1, .kind = DS_ERR_TRANSIENT};
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 1);
    ds_memory_fail("from-a", &faults);
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_FAILED);
    assert_string_equal(r.runs[0].error_kind, "transient");
    ds_memory_fail("from-a", &(ds_memory_faults){0});
    rig_move(&r, DS_UNIT_RETRY_FIRST_MS);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    rig_end(&r);
}

static void a_rate_limit_goes_on_from_the_checkpoint(void **state)
{
    ds_memory_faults faults = {.fail_page = 3,
                               .page_rows = 1,
                               .kind = DS_ERR_RATE_LIMITED,
                               .retry_after_ms = 2 * DS_MINUTE_MS};
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 5);
    ds_memory_fail("from-a", &faults);
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_WAITING);
    assert_int_equal(ds_memory_counted("from-a").pages, 3);
    ds_memory_fail("from-a", &(ds_memory_faults){.page_rows = 1});
    rig_move(&r, 2 * DS_MINUTE_MS);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    assert_int_equal(r.runs[1].run.started_ms, T0);
    assert_int_equal(r.runs[1].run.totals.total, 5);
    assert_true(ds_memory_counted("from-a").pages <= 4); /* two were read before */
    rig_end(&r);
}

static void a_refused_login_pauses_until_resume(void **state)
{
    ds_memory_faults faults = {.fail_page = 1, .kind = DS_ERR_AUTH};
    const ds_unit_row *row;
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 1);
    ds_memory_fail("from-a", &faults);
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_PAUSED);
    row = rig_unit(&r, "a", "all");
    assert_true(row->state.paused);
    assert_string_equal(row->state.error_kind, "auth");
    ds_memory_fail("from-a", &(ds_memory_faults){0});
    rig_signal(&r, "all", DS_EV_RESUME);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    rig_end(&r);
}

/* ---- a pass that does not end by itself ------------------------------------------------------ */

typedef struct endless { /* a row more with each page that is read */
    atomic_bool on;
    atomic_size_t pages;
} endless;

static void one_row_more(void *to, const char *what)
{
    endless *more = to;
    char key[32];

    if (!atomic_load(&more->on) || strcmp(what, "page") != 0)
        return;
    snprintf(key, sizeof(key), "more-%06zu", atomic_fetch_add(&more->pages, 1));
    ds_memory_put("from-a", "all", key, "{\"Name\":\"more\"}");
}

static void never_ends(rig *r, endless *more)
{
    rig_init(r);
    rig_rows("all", 2);
    ds_memory_fail("from-a", &(ds_memory_faults){.page_rows = 1});
    atomic_init(&more->on, true);
    atomic_init(&more->pages, 0);
    ds_memory_watch("from-a", one_row_more, more);
}

static void pass_is_at(const endless *more, size_t page)
{
    while (atomic_load(&more->pages) < page)
        sched_yield();
}

static void a_pause_is_felt_inside_a_running_pass(void **state)
{
    endless more;
    const ds_running *running;
    rig r;

    (void)state;
    never_ends(&r, &more);
    rig_start(&r);
    pass_is_at(&more, 3);
    assert_int_equal(ds_engine_running(r.engine, scratch, &running), 1);
    assert_string_equal(running[0].unit, "all");
    assert_int_equal(running[0].since_ms, T0);
    rig_signal(&r, "all", DS_EV_PAUSE);
    rig_outcome(rig_run(&r, 1), DS_PASS_CANCELLED);
    assert_true(rig_unit(&r, "a", "all")->state.paused);
    assert_int_equal(ds_engine_running(r.engine, scratch, &running), 0);

    atomic_store(&more.on, false);
    rig_signal(&r, "all", DS_EV_RESUME); /* goes on, then catches up */
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    rig_outcome(rig_run(&r, 3), DS_PASS_DONE);
    assert_int_equal(r.runs[2].run.totals.total, r.runs[2].run.totals.unchanged);
    assert_int_equal(ds_memory_count("to-a", NULL), ds_memory_count("from-a", NULL));
    rig_end(&r);
}

static void a_stopped_engine_resumes_at_the_next_start(void **state)
{
    endless more;
    int64_t read_before, all;
    rig r;

    (void)state;
    never_ends(&r, &more);
    r.options.group_records = 1; /* a write that the stop meets takes back what is not committed */
    rig_start(&r);
    while (ds_memory_count("to-a", NULL) < 5) /* so much was written, at least */
        sched_yield();
    rig_stop(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_CANCELLED);
    assert_true(rig_unit(&r, "a", "all")->state.running);
    read_before = r.runs[0].run.totals.total;
    assert_true(read_before > 0);

    atomic_store(&more.on, false);
    ds_memory_counted("from-a");
    fake_clock_move(&r.clock, DS_MINUTE_MS);
    rig_restart(&r);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    all = (int64_t)ds_memory_count("from-a", NULL);
    assert_int_equal(r.runs[1].run.started_ms, T0);
    assert_int_equal(r.runs[1].run.totals.total, all);
    assert_true(ds_memory_counted("from-a").pages <= all - read_before + 1);
    assert_int_equal(ds_memory_count("to-a", NULL), all);
    rig_end(&r);
}

static void die_at_a_page(void *to, const char *what)
{
    endless *more = to;

    one_row_more(more, what);
    if (atomic_load(&more->pages) == 20)
        leave(86);
}

/* In a process of its own: runs until it is dead. */
static void live_and_die(rig *r, endless *more)
{
    ds_memory_watch("from-a", die_at_a_page, more);
    rig_store_open(r);
    rig_start(r);
    for (;;)
        pause();
}

static void a_killed_engine_resumes_at_the_next_start(void **state)
{
    endless more;
    const ds_unit_row *row;
    int status = 0;
    pid_t child;
    rig r;

    (void)state;
    never_ends(&r, &more);
    ds_store_close(r.store);
    r.store = NULL;
    child = fork();
    if (child == 0)
        live_and_die(&r, &more);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 86);
    row = rig_unit(&r, "a", "all");
    assert_true(row->state.running);
    assert_int_equal(row->state.retry_ms, 0);

    atomic_store(&more.on, false);
    fake_clock_move(&r.clock, DS_MINUTE_MS);
    rig_store_open(&r);
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_DONE);
    assert_int_equal(r.runs[0].run.started_ms, T0); /* it is that one, not another */
    rig_end(&r);
}

static void a_slice_that_is_over_is_no_end(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 50);
    ds_memory_fail("from-a", &(ds_memory_faults){.page_rows = 10});
    r.options.slice_ms = 1;
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_DONE);
    assert_int_equal(r.runs[0].run.totals.total, 50);
    rig_end(&r);
}

/* ---- stopping -------------------------------------------------------------------------------- */

static void what_waits_for_a_thread_is_taken_up_by_the_next_start(void **state)
{
    gate g;
    rig r;
    char unit[16];

    (void)state;
    rig_init(&r);
    for (int i = 0; i < 10; i++) {
        snprintf(unit, sizeof(unit), "u%d", i);
        rig_rows(unit, 1);
    }
    gate_init(&g, true);
    ds_memory_watch("from-a", gate_seen, &g);
    r.options.workers = 1;
    rig_start(&r);
    gate_await(&g, 1);
    ds_engine_stop(r.engine);
    gate_open(&g);
    rig_join(&r);
    assert_true(r.runs_n <= 1);
    rig_restart(&r);
    rig_run(&r, r.runs_n && r.runs[0].run.outcome == DS_PASS_CANCELLED ? 11 : 10);
    assert_int_equal(ds_memory_count("to-a", NULL), 10);
    rig_end(&r);
}

static atomic_int polled; /* descriptors that the source waits on, without an end of its own */

static bool wait_to_be_woken(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                             ds_err *err)
{
    int fds[DS_WAKE_FDS];
    struct pollfd polls[DS_WAKE_FDS];
    size_t n = ds_activity_wake_fds(act, fds);

    (void)self;
    (void)want;
    (void)page;
    for (size_t i = 0; i < n; i++)
        polls[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    polled = (int)n;
    poll(polls, n, -1);
    return ds_fail(err, ds_activity_stopping(act) ? DS_ERR_CANCELLED : DS_ERR_PERMANENT, "woken");
}

static void run_woken(bool by_pause)
{
    ds_source_ops waits = ds_memory_source;
    rig r;

    rig_init(&r);
    rig_rows("all", 1);
    waits.fetch_page = wait_to_be_woken;
    r.routes[0].source = &waits;
    polled = -1;
    rig_start(&r);
    while (polled < 0)
        sched_yield();
    assert_int_equal(polled, 2); /* of the pass, and of whoever reads ahead for it */
    if (by_pause)
        rig_signal(&r, "all", DS_EV_PAUSE);
    else
        ds_engine_stop(r.engine);
    rig_outcome(rig_run(&r, 1), DS_PASS_CANCELLED);
    rig_end(&r);
}

static void who_stops_a_pass_wakes_it(void **state)
{
    (void)state;
    run_woken(false);
    run_woken(true);
}

static void a_second_stop_does_not_wait(void **state)
{
    gate g;
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 1);
    gate_init(&g, true);
    ds_memory_watch("from-a", gate_seen, &g);
    rig_start(&r);
    gate_await(&g, 1);
    ds_engine_stop(r.engine);
    ds_engine_stop(r.engine);
    pthread_join(r.thread, NULL); /* though the pass still hangs */
    assert_true(r.run_ok);
    gate_open(&g);
    ds_engine_free(r.engine);
    r.engine = NULL;
    assert_true(rig_unit(&r, "a", "all")->state.running);
    rig_restart(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_DONE);
    rig_end(&r);
}

static void a_signal_while_stopped_waits_for_the_start(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 1);
    rig_start(&r);
    rig_run(&r, 1);
    ds_engine_stop(r.engine);
    pthread_join(r.thread, NULL);
    assert_int_equal(rig_signal(&r, "all", DS_EV_SYNC_NOW), 1);
    ds_engine_free(r.engine);
    r.engine = NULL;
    assert_true(rig_unit(&r, "a", "all")->state.want.full);
    rig_restart(&r);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    rig_end(&r);
}

static void stopping_before_the_start_runs_nothing(void **state)
{
    rig r;

    (void)state;
    rig_init(&r);
    rig_settle(&r, 0);
    r.engine = ds_engine_embedded(r.store, &r.options, &r.err);
    assert_non_null(r.engine);
    ds_engine_stop(r.engine);
    assert_true(ds_engine_run(r.engine, &r.err));
    ds_engine_free(r.engine);
    r.engine = NULL;
    assert_int_equal(r.runs_n, 0);
    rig_end(&r);
}

/* ---- what cannot go on ----------------------------------------------------------------------- */

static bool break_the_store(ds_job *job, ds_tx *tx, ds_err *err)
{
    (void)job;
    return ds_db_exec(tx->db, "DROP TABLE activity", err);
}

static void a_broken_store_ends_the_engine(void **state)
{
    ds_job job = {.run = break_the_store};
    rig r;

    (void)state;
    rig_init(&r);
    rig_rows("all", 1);
    rig_start(&r);
    rig_run(&r, 1);
    assert_true(ds_store_do(r.store, DS_LANE_EVENT, &job, &r.err));
    rig_move(&r, EVERY);
    pthread_join(r.thread, NULL); /* by itself */
    assert_false(r.run_ok);
    assert_non_null(strstr(r.err.text, "activity"));
    ds_engine_free(r.engine);
    r.engine = NULL;
    rig_end(&r);
}

static void two_routes_of_one_name_are_refused(void **state)
{
    ds_err err = DS_ERR_INIT;
    rig r;

    (void)state;
    rig_init(&r);
    rig_route(&r, 1, "a");
    rig_settle(&r, 0);
    rig_settle(&r, 1);
    r.options.routes_n = 2;
    assert_null(ds_engine_embedded(r.store, &r.options, &err));
    assert_string_equal(err.text, "two routes are called \"a\"");
    rig_end(&r);
}

int main(void)
{
    add_test(the_first_pass_comes_by_itself);
    add_test(a_signal_starts_a_pass);
    add_test(a_signal_may_name_items);
    add_test(a_signal_for_nobody_reaches_nobody);
    add_test(the_interval_starts_passes);
    add_test(a_clock_set_back_holds_nobody);
    add_test(a_failed_pass_is_retried);
    add_test(a_rate_limit_goes_on_from_the_checkpoint);
    add_test(a_refused_login_pauses_until_resume);
    add_test(a_pause_is_felt_inside_a_running_pass);
    add_test(a_stopped_engine_resumes_at_the_next_start);
    add_test(a_killed_engine_resumes_at_the_next_start);
    add_test(a_slice_that_is_over_is_no_end);
    add_test(what_waits_for_a_thread_is_taken_up_by_the_next_start);
    add_test(who_stops_a_pass_wakes_it);
    add_test(a_second_stop_does_not_wait);
    add_test(a_signal_while_stopped_waits_for_the_start);
    add_test(stopping_before_the_start_runs_nothing);
    add_test(a_broken_store_ends_the_engine);
    add_test(two_routes_of_one_name_are_refused);
    return run_tests("embedded engine");
}
