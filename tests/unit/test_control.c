/* tests/unit/test_control.c - what is said over the control socket, and what is refused. */
#include "control_rig.h"

/* ---- the words ------------------------------------------------------------------------------- */

static const struct refusal {
    const char *name, *request, *error;
} refusals[] = {
    {"nothing", "", "line 1"},
    {"no JSON", "hello", "unexpected"},
    {"cut JSON", "{\"cmd\":\"ping\"", NULL},
    {"no object", "[1]", "no command \"\""},
    {"no command", "{}", "no command \"\""},
    {"an unknown command", "{\"cmd\":\"dance\"}", "no command \"dance\""},
    {"a command that is no text", "{\"cmd\":[]}", "no command \"\""},
    {"a signal without route", "{\"cmd\":\"signal\",\"event\":{\"type\":\"pause\"}}",
     "\"route\" is missing"},
    {"a signal to an unknown route",
     "{\"cmd\":\"signal\",\"route\":\"x\",\"event\":{\"type\":\"pause\"}}", "no route \"x\""},
    {"a signal to a unit that is no text",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"unit\":[],\"event\":{\"type\":\"pause\"}}", "\"unit\""},
    {"a signal without event", "{\"cmd\":\"signal\",\"route\":\"a\"}", "no event is called \"\""},
    {"an unknown event", "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"x\"}}",
     "no event is called \"x\""},
    {"an event that is the engine's own",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"pass_ended\"}}",
     "no event is called"},
    {"items that are no list",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"sync_now\",\"items\":\"k\"}}",
     "not a list"},
    {"items that are no text",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"sync_now\",\"items\":[{}]}}",
     "not text"},
    {"an interval of nothing",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"set_interval\"}}", "interval_ms"},
    {"an interval below zero",
     "{\"cmd\":\"signal\",\"route\":\"a\",\"event\":{\"type\":\"set_interval\",\"interval_ms\":-5}"
     "}",
     "interval_ms"},
    {"once with refs that are none", "{\"cmd\":\"once\",\"only\":[7]}", "\"route\" is missing"},
    {"held without verb", "{\"cmd\":\"held\",\"route\":\"a\",\"key\":\"k\"}", "no verb"},
    {"held without key", "{\"cmd\":\"held\",\"verb\":\"retry\",\"route\":\"a\"}", "needs"},
    {"adopt without id", "{\"cmd\":\"held\",\"verb\":\"adopt\",\"route\":\"a\",\"key\":\"k\"}",
     "\"id\""},
};

static rig shared;

static void is_refused(void **state)
{
    const struct refusal *row = *state;
    const ds_json *answer = ask(&shared, row->request);
    const char *error = ds_json_text(answer, "error");

    assert_false(ds_json_bool(answer, "ok"));
    assert_non_null(error);
    if (row->error && !strstr(error, row->error))
        fail_msg("\"%s\" does not say \"%s\"", error, row->error);
}

static void ping_tells_the_process(void **state)
{
    rig r;

    (void)state;
    daemon_with(&r, 1);
    assert_int_equal(ds_json_integer(ask(&r, "{\"cmd\":\"ping\"}"), "pid", 0), getpid());
    rig_end(&r);
}

static void a_signal_is_durable_when_it_is_answered(void **state)
{
    ds_event event = {.type = DS_EV_PAUSE};
    ds_unit_ref ref = {"a", "all"};
    ds_err err = DS_ERR_INIT;
    int64_t units = -1;
    rig r;

    (void)state;
    daemon_with(&r, 1);
    assert_true(ds_control_signal(r.socket, &ref, &event, &units, &err));
    assert_int_equal(units, 1);
    assert_true(rig_unit(&r, "a", "all")->state.paused);
    event = (ds_event){.type = DS_EV_SET_INTERVAL, .interval_ms = 90000};
    ref.unit = NULL;
    assert_true(ds_control_signal(r.socket, &ref, &event, &units, &err));
    assert_int_equal(rig_unit(&r, "a", "all")->state.interval_ms, 90000);
    ref.route = "nobody";
    assert_false(ds_control_signal(r.socket, &ref, &event, &units, &err));
    assert_int_equal(err.kind, DS_ERR_PERMANENT);
    assert_non_null(strstr(err.text, "no route \"nobody\""));
    rig_end(&r);
}

static void a_signal_carries_items(void **state)
{
    static const char *const items[] = {"all-0000", "with \"quotes\" and \xc3\xa4"};
    ds_event event = {.type = DS_EV_SYNC_NOW, .items = items, .items_n = 2};
    ds_unit_ref ref = {"a", "all"};
    ds_err err = DS_ERR_INIT;
    const ds_unit *unit;
    int64_t units;
    rig r;

    (void)state;
    daemon_with(&r, 1);
    rig_signal(&r, "all", DS_EV_PAUSE);
    assert_true(ds_control_signal(r.socket, &ref, &event, &units, &err));
    unit = &rig_unit(&r, "a", "all")->state;
    assert_int_equal(unit->want.items_n, 2);
    assert_string_equal(unit->want.items[1], items[1]);
    rig_end(&r);
}

static void what_runs_is_told(void **state)
{
    const ds_running *running;
    ds_err err = DS_ERR_INIT;
    int64_t pid;
    size_t n;
    gate g;
    rig r;

    (void)state;
    daemon_with(&r, 3);
    assert_true(ds_control_running(r.socket, scratch, &pid, &running, &n, &err));
    assert_int_equal(pid, getpid());
    assert_int_equal(n, 0);
    gate_init(&g, true);
    ds_memory_watch("from-a", gate_seen, &g);
    rig_signal(&r, "all", DS_EV_SYNC_NOW);
    gate_await(&g, 1);
    assert_true(ds_control_running(r.socket, scratch, &pid, &running, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(running[0].route, "a");
    assert_string_equal(running[0].unit, "all");
    assert_int_equal(running[0].kind, DS_PASS_FULL);
    assert_int_equal(running[0].since_ms, T0);
    gate_open(&g);
    rig_outcome(rig_run(&r, 2), DS_PASS_DONE);
    rig_end(&r);
}

static void a_held_record_is_changed_through_it(void **state)
{
    ds_err err = DS_ERR_INIT;
    bool found = true;
    rig r;

    (void)state;
    rig_init(&r);
    r.options.socket = r.socket;
    rig_rows("all", 2);
    ds_memory_fail("to-a", &(ds_memory_faults){.hold_key = "all-0001", .hold_reason = "too long"});
    rig_start(&r);
    rig_outcome(rig_run(&r, 1), DS_PASS_PARTIAL);
    assert_true(ds_control_held(r.socket, "drop", "a", "all-0000", NULL, &found, &err));
    assert_false(found);
    assert_true(ds_control_held(r.socket, "retry", "a", "all-0001", NULL, &found, &err));
    assert_true(found);
    assert_true(ds_control_held(r.socket, "drop", "a", "all-0001", NULL, &found, &err));
    assert_true(found);
    assert_int_equal(rig_unit(&r, "a", "all")->held, 0);
    rig_end(&r);
}

/* ---- once through a daemon ------------------------------------------------------------------- */

typedef struct heard {
    seen_run runs[16];
    size_t n;
    size_t hang_up_after;
} heard;

static bool hear_run(void *to, const ds_run_row *run)
{
    heard *h = to;
    seen_run *seen = &h->runs[h->n++];

    seen->run = *run;
    snprintf(seen->unit, sizeof(seen->unit), "%s/%s", run->route, run->unit);
    snprintf(seen->error, sizeof(seen->error), "%s", run->error ? run->error : "");
    return h->n != h->hang_up_after;
}

static void once_through(rig *r, const ds_unit_ref *refs, size_t n, heard *h)
{
    ds_err err = DS_ERR_INIT;

    memset(h, 0, sizeof(*h));
    if (!ds_control_once(r->socket, refs, n, NULL, 0, hear_run, h, &err))
        fail_msg("%s", err.text);
}

static void once_waits_for_the_pass_it_asked_for(void **state)
{
    static const ds_unit_ref whole[] = {{"a", NULL}};
    heard h;
    rig r;

    (void)state;
    daemon_with(&r, 3);
    ds_memory_put("from-a", "all", "new", "{\"Name\":\"new\"}");
    once_through(&r, whole, 1, &h);
    assert_int_equal(h.n, 1);
    rig_outcome(&h.runs[0], DS_PASS_DONE);
    assert_int_equal(h.runs[0].run.totals.created, 1);
    assert_int_equal(h.runs[0].run.totals.unchanged, 3);
    once_through(&r, NULL, 0, &h); /* all there is */
    assert_int_equal(h.n, 1);
    assert_int_equal(h.runs[0].run.totals.unchanged, 4);
    rig_end(&r);
}

static void once_is_not_content_with_a_pass_that_ran_before(void **state)
{
    static const ds_unit_ref whole[] = {{"a", "all"}};
    pthread_t opener;
    heard h;
    gate g;
    rig r;

    (void)state;
    daemon_with(&r, 3);
    gate_init(&g, true);
    ds_memory_watch("from-a", gate_seen, &g);
    rig_signal(&r, "all", DS_EV_SYNC_NOW);
    gate_await(&g, 1);
    ds_memory_put("from-a", "all", "new", "{\"Name\":\"new\"}");
    fake_clock_move(&r.clock, 1000);
    assert_int_equal(
        pthread_create(&opener, NULL, (void *(*)(void *))(void (*)(void))gate_open, &g), 0);
    once_through(&r, whole, 1, &h);
    pthread_join(opener, NULL);
    assert_int_equal(h.n, 1);
    rig_outcome(&h.runs[0], DS_PASS_DONE);
    assert_int_equal(h.runs[0].run.started_ms, T0 + 1000);
    rig_end(&r);
}

static void gate_at_flush(void *to, const char *what)
{
    if (strcmp(what, "flush") == 0)
        gate_seen(to, "page");
}

static void *once_of_all(void *arg)
{
    static const ds_unit_ref whole[] = {{"a", "all"}};
    void *const *both = arg;

    once_through(both[0], whole, 1, both[1]);
    return NULL;
}

/* The pass that runs is past the point where it can be stopped, the next one is asked for, and the
 * pause comes in between. */
static void once_does_not_wait_for_a_pass_that_a_pause_keeps_back(void **state)
{
    pthread_t asker;
    heard h;
    gate g;
    rig r;
    void *both[] = {&r, &h};

    (void)state;
    daemon_with(&r, 3);
    gate_init(&g, true);
    ds_memory_put("from-a", "all", "new", "{\"Name\":\"new\"}");
    ds_memory_watch("to-a", gate_at_flush, &g);
    rig_signal(&r, "all", DS_EV_SYNC_NOW);
    gate_await(&g, 1);
    assert_int_equal(pthread_create(&asker, NULL, once_of_all, both), 0);
    while (!rig_unit(&r, "a", "all")->state.want.any)
        sched_yield();
    rig_signal(&r, "all", DS_EV_PAUSE);
    gate_open(&g);
    pthread_join(asker, NULL);
    assert_int_equal(h.n, 1);
    rig_outcome(&h.runs[0], DS_PASS_PAUSED);
    assert_string_equal(h.runs[0].error, "paused");
    rig_end(&r);
}

static void once_tells_what_cannot_run(void **state)
{
    static const ds_unit_ref refs[] = {{"a", "all"}, {"a", "three"}, {"nobody", NULL}};
    heard h;
    rig r;

    (void)state;
    daemon_with(&r, 1);
    rig_signal(&r, "all", DS_EV_PAUSE);
    once_through(&r, refs, 3, &h);
    assert_int_equal(h.n, 3);
    for (size_t i = 0; i < h.n; i++)
        rig_outcome(&h.runs[i],
                    strcmp(h.runs[i].unit, "a/all") == 0 ? DS_PASS_PAUSED : DS_PASS_FAILED);
    rig_end(&r);
}

static void a_stopping_daemon_ends_the_conversation(void **state)
{
    static const ds_unit_ref whole[] = {{"a", NULL}};
    ds_err err = DS_ERR_INIT;
    heard h = {.n = 0};
    gate g;
    rig r;

    (void)state;
    daemon_with(&r, 3);
    gate_init(&g, false);
    ds_memory_watch("from-a", gate_seen, &g);
    rig_stop(&r);
    assert_false(ds_control_once(r.socket, whole, 1, NULL, 0, hear_run, &h, &err));
    assert_int_equal(err.kind, DS_ERR_TRANSIENT); /* nobody listens: the socket is gone */
    assert_int_equal(access(r.socket, F_OK), -1);
    rig_end(&r);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static ds_arena *shared_memory;

/* One daemon for the whole table: what it refuses leaves no trace. */
static void open_shared(void **state)
{
    ds_arena *own = scratch;

    (void)state;
    shared_memory = scratch = ds_arena_new();
    daemon_with(&shared, 1);
    scratch = own;
}

static void close_shared(void **state)
{
    ds_arena *own = scratch;

    (void)state;
    scratch = shared_memory;
    rig_end(&shared);
    scratch = own;
    ds_arena_free(shared_memory);
}

int main(void)
{
    add_named("(a daemon)", open_shared);
    add_table(refusals, is_refused);
    add_named("(and its end)", close_shared);
    add_test(ping_tells_the_process);
    add_test(a_signal_is_durable_when_it_is_answered);
    add_test(a_signal_carries_items);
    add_test(what_runs_is_told);
    add_test(a_held_record_is_changed_through_it);
    add_test(once_waits_for_the_pass_it_asked_for);
    add_test(once_is_not_content_with_a_pass_that_ran_before);
    add_test(once_does_not_wait_for_a_pass_that_a_pause_keeps_back);
    add_test(once_tells_what_cannot_run);
    add_test(a_stopping_daemon_ends_the_conversation);
    return run_tests("control");
}
