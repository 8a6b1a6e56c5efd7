/* tests/unit/test_replay_trouble.c - histories that are not ours, or not whole: each is named. */
#include "replay_rig.h"

/* A run with a pass behind it and a timer open, up to a task that has just been started. */
static rig lived(void)
{
    char letters[16] = "";
    rig g = rig_new();

    rig_task(&g, letters, sizeof(letters));
    rig_end(&g, DS_HE_ACTIVITY_COMPLETED, DS_PASS_DONE, DS_ERR_NONE);
    rig_task(&g, letters, sizeof(letters));
    assert_string_equal(letters, "AT");
    rig_event(&g, rig_signal("sync_now", NULL));
    rig_task(&g, letters, sizeof(letters));
    rig_end(&g, DS_HE_ACTIVITY_COMPLETED, DS_PASS_DONE, DS_ERR_NONE);
    return g;
}

static size_t find(const rig *g, int type)
{
    for (size_t i = 0; i < g->n; i++) {
        if (g->events[i].type == type)
            return i;
    }
    fail_msg("no event of type %d", type);
    return 0;
}

static const struct row {
    const char *name;
    int event; /* the first of this type .. */
    int becomes;
    const char *called, *what; /* .. gets these; NULL: as it is */
    int64_t ref;
    ds_replay_trouble trouble;
    const char *text;
} rows[] = {
    {"another activity's number", DS_HE_ACTIVITY_SCHEDULED, 0, "7", NULL, 0, DS_REPLAY_OTHER,
     "event 5 has scheduled activity 7 (sync_pass), where this worker would schedule activity 1"},
    {"another activity", DS_HE_ACTIVITY_SCHEDULED, 0, NULL, "fetch_source", 0, DS_REPLAY_OTHER,
     "(fetch_source), where"},
    {"a timer in place of an activity", DS_HE_ACTIVITY_SCHEDULED, DS_HE_TIMER_STARTED, NULL, NULL,
     0, DS_REPLAY_OTHER, "has started timer 1"},
    {"another timer's number", DS_HE_TIMER_STARTED, 0, "9", NULL, 0, DS_REPLAY_OTHER,
     "would start timer 1"},
    {"a timer without an id", DS_HE_TIMER_STARTED, 0, "", NULL, 0, DS_REPLAY_OTHER,
     "would start timer 1"},
    {"a timer that was cancelled instead", DS_HE_TIMER_STARTED, DS_HE_TIMER_CANCELED, NULL, NULL, 0,
     DS_REPLAY_OTHER, "has cancelled timer 1"},
    {"a timer that fired instead", DS_HE_TIMER_STARTED, DS_HE_TIMER_FIRED, NULL, NULL, 0,
     DS_REPLAY_OTHER, "would start timer 1, and the history does not"},
    {"an end of an activity that there is none of", DS_HE_ACTIVITY_COMPLETED, 0, NULL, NULL, 4,
     DS_REPLAY_OTHER, "ends an activity that is not open"},
    {"a marker", DS_HE_SIGNALED, DS_HE_MARKER, "core_patch", NULL, 0, DS_REPLAY_OTHER,
     "has recorded a marker core_patch, where this worker would do nothing"},
    {"search attributes before a command is carried out", DS_HE_ACTIVITY_SCHEDULED,
     DS_HE_SEARCH_ATTRIBUTES, NULL, NULL, 0, DS_REPLAY_OTHER,
     "would schedule activity 1 (sync_pass), and the history does not"},
    {"a workflow that completed", DS_HE_SIGNALED, DS_HE_COMPLETED, NULL, NULL, 0, DS_REPLAY_OTHER,
     "has the workflow completed"},
    {"an end of a task that was not started", DS_HE_SIGNALED, DS_HE_TASK_COMPLETED, NULL, NULL, 0,
     DS_REPLAY_OTHER, "ends a task that was not started"},
    {"a history of the Python worker", DS_HE_TASK_COMPLETED, 0, NULL, "temporal-python", 0,
     DS_REPLAY_CANNOT, "written by a worker of another kind (temporal-python)"},
    {"a child workflow", DS_HE_SIGNALED, 30, NULL, NULL, 0, DS_REPLAY_CANNOT,
     "is of type 30, which a unit of durable-sync never writes"},
};

static void troubles(void **state)
{
    const struct row *row = *state;
    rig g = lived();
    ds_hevent *ev = &g.events[find(&g, row->event)];

    if (row->becomes)
        ev->type = row->becomes;
    if (row->called)
        ev->name = row->called;
    if (row->what)
        ev->what = row->what;
    if (row->ref)
        ev->ref = row->ref;
    assert_null(rig_replay(&g, rig_start_task(&g)));
    assert_int_equal(ds_replay_trouble_of(g.last), row->trouble);
    assert_non_null(strstr(g.err.text, row->text));
    assert_int_equal(strncmp(g.err.text, "[TMPRL1100]", 11) == 0, row->trouble == DS_REPLAY_OTHER);
}

static void a_timer_fires_once(void **state)
{
    rig g = lived();

    (void)state;
    rig_event(&g, (ds_hevent){.type = DS_HE_TIMER_FIRED, .name = "1"});
    rig_event(&g, (ds_hevent){.type = DS_HE_TIMER_FIRED, .name = "1"});
    assert_null(rig_replay(&g, rig_start_task(&g)));
    assert_int_equal(ds_replay_trouble_of(g.last), DS_REPLAY_OTHER);
    assert_non_null(strstr(g.err.text, "a timer fires that is not open"));
}

static void what_may_be_ignored_is(void **state)
{
    static const struct {
        int type;
        bool flagged;
    } passed_over[] = {{44, false}, {45, false}, {47, false}, {55, true}, {58, true}, {1000, true}};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(passed_over); i++) {
        rig g = lived();

        rig_event(&g,
                  (ds_hevent){.type = passed_over[i].type, .may_ignore = passed_over[i].flagged});
        assert_non_null(rig_replay(&g, rig_start_task(&g)));
    }
}

/* A worker that knows of some sets them, one that does not replays it all the same. */
static void search_attributes_are_set_behind_all_else(void **state)
{
    static const char given, changed;
    rig g = rig_new();
    char letters[16] = "";

    (void)state;
    g.events[0].search = &given;
    rig_task(&g, letters, sizeof(letters));
    assert_ptr_equal(ds_replay_searched(g.last), &given);
    rig_event(&g, (ds_hevent){.type = DS_HE_SEARCH_ATTRIBUTES, .search = &changed});
    rig_end(&g, DS_HE_ACTIVITY_COMPLETED, DS_PASS_DONE, DS_ERR_NONE);
    rig_task(&g, letters, sizeof(letters));
    assert_string_equal(letters, "AT");
    assert_ptr_equal(ds_replay_searched(g.last), &changed);
}

/* ---- not whole ------------------------------------------------------------------------------- */

static void a_gap_is_no_nondeterminism(void **state)
{
    rig g = lived();
    int64_t started = rig_start_task(&g);

    (void)state;
    g.events[7].id++;
    assert_null(rig_replay(&g, started));
    assert_int_equal(ds_replay_trouble_of(g.last), DS_REPLAY_GAP);
    g.events[7].id--;
    g.n--;
    assert_null(rig_replay(&g, started)); /* what a page token that is not understood leads to */
    assert_int_equal(ds_replay_trouble_of(g.last), DS_REPLAY_GAP);
    g.n++;
    assert_null(rig_replay(&g, started + 1));
    assert_int_equal(ds_replay_trouble_of(g.last), DS_REPLAY_GAP);
    assert_non_null(rig_replay(&g, started));
}

/* A history may be cut between what a task commanded and the rest only by a server's mistake. */
static void every_cut_is_noticed_or_harmless(void **state)
{
    rig g = lived();
    size_t n = g.n;

    (void)state;
    for (g.n = 1; g.n < n; g.n++) {
        bool between = g.events[g.n].type == DS_HE_ACTIVITY_SCHEDULED ||
                       g.events[g.n].type == DS_HE_TIMER_STARTED;

        if (rig_replay(&g, 0))
            continue; /* a query at that time */
        assert_true(between);
    }
}

static void a_query_of_a_closed_run_sees_its_end(void **state)
{
    char letters[16] = "";
    rig g = lived();

    (void)state;
    rig_event(&g, (ds_hevent){.type = DS_HE_CANCEL_REQUESTED});
    rig_task(&g, letters, sizeof(letters));
    assert_string_equal(letters, "X");
    assert_non_null(rig_replay(&g, 0));
    assert_int_equal(ds_replay_state(g.last)->unit.runs_completed, 2);

    g = lived();
    rig_start_task(&g);
    rig_push(&g, (ds_hevent){.type = DS_HE_TERMINATED});
    assert_non_null(rig_replay(&g, 0));
    assert_int_equal(ds_replay_state(g.last)->unit.runs_completed,
                     1); /* its last task saw no more */
}

static void a_query_before_the_first_task_finds_nothing(void **state)
{
    rig g = rig_new();

    (void)state;
    assert_non_null(rig_replay(&g, 0));
    assert_null(ds_replay_state(g.last));
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static const struct input {
    const char *name, *json, *text;
} inputs[] = {
    {"nothing at all", "null", "\"spec\" has no \"key\""},
    {"no object", "[1,2]", "\"spec\" has no \"key\""},
    {"no key", "{\"spec\":{\"interval_minutes\":3}}", "\"spec\" has no \"key\""},
    {"an empty key", "{\"spec\":{\"key\":\"\"}}", "\"spec\" has no \"key\""},
    {"rules that are yet to be made", "{\"logic\":99,\"spec\":{\"key\":\"a:b\"}}",
     "rules of revision 99"},
};

static void bad_inputs(void **state)
{
    const struct input *input = *state;
    rig g = {.now_ms = RIG_START, .err = DS_ERR_INIT};

    rig_begin(&g, rig_json(input->json));
    assert_null(rig_replay(&g, rig_start_task(&g)));
    assert_int_equal(ds_replay_trouble_of(g.last), DS_REPLAY_CANNOT);
    assert_non_null(strstr(g.err.text, input->text));
}

/* Whatever a signal brings, the task succeeds. */
static const struct signal {
    const char *name, *signal, *json;
    int strays;
} signals[] = {
    {"sync_now of null", "sync_now", "null", 0},
    {"sync_now of keys", "sync_now", "[\"a\",\"b\"]", 0},
    {"sync_now of numbers", "sync_now", "[9007199254740993]", 0},
    {"sync_now of text", "sync_now", "\"a\"", 1},
    {"sync_now of a list in a list", "sync_now", "[[\"a\",\"b\"]]", 0},
    {"sync_now of lists", "sync_now", "[[\"a\"],[\"b\"]]", 1},
    {"set_interval of nothing", "set_interval", NULL, 1},
    {"set_interval of text", "set_interval", "\"5\"", 1},
    {"set_interval of a fraction", "set_interval", "1.5", 1},
    {"set_interval of less than nothing", "set_interval", "-3", 0},
    {"set_interval of all time", "set_interval", "9223372036854775807", 0},
    {"set_interval beyond all time", "set_interval", "92233720368547758070", 1},
    {"pause with something", "pause", "[1]", 0},
    {"ensure of nothing", "ensure", NULL, 1},
    {"ensure of an empty object", "ensure", "{}", 1},
    {"ensure without times", "ensure", "{\"event\":{\"type\":\"ensure\"},\"config\":\"x\"}", 1},
    {"ensure that is another event", "ensure", "{\"event\":{\"type\":\"gone\"},\"config\":\"x\"}",
     1},
    {"the end of a pass", "pass_ended", "{}", 1},
    {"a timer", "timer", NULL, 1},
};

static void any_signal(void **state)
{
    const struct signal *row = *state;
    rig g = lived();

    rig_event(&g, rig_signal(row->signal, row->json));
    assert_non_null(rig_replay(&g, rig_start_task(&g)));
    assert_int_equal(ds_replay_tally_of(g.last).strays, row->strays);
    assert_true(rig_unit(&g)->interval_ms >= DS_MINUTE_MS);
}

static void arguments_that_are_no_json(void **state)
{
    rig g = lived();

    (void)state;
    rig_event(&g, (ds_hevent){.type = DS_HE_SIGNALED, .name = "sync_now", .unread = true});
    rig_event(&g, (ds_hevent){.type = DS_HE_SIGNALED});
    assert_non_null(rig_replay(&g, rig_start_task(&g)));
    assert_int_equal(ds_replay_tally_of(g.last).strays, 2);
}

static void a_result_that_is_not_understood_is_a_failed_pass(void **state)
{
    rig g = lived();

    (void)state;
    for (size_t i = 0; i < g.n; i++) {
        if (g.events[i].type == DS_HE_ACTIVITY_COMPLETED)
            g.events[i].args_n = 0;
    }
    g.n -= 2; /* back to the open activity */
    rig_push(&g, (ds_hevent){.type = DS_HE_ACTIVITY_COMPLETED, .ref = g.activity.event_id});
    assert_null(rig_replay(&g, 0)); /* the failed first pass would have set another timer */
    assert_int_equal(ds_replay_trouble_of(g.last), DS_REPLAY_OTHER);

    g = lived();
    g.events[g.n - 1].args_n = 0;
    assert_non_null(rig_replay(&g, rig_start_task(&g)));
    assert_string_equal(rig_unit(&g)->last_error, "the result of the pass is not understood");
}

int main(void)
{
    add_table(rows, troubles);
    add_table(inputs, bad_inputs);
    add_table(signals, any_signal);
    add_test(a_timer_fires_once);
    add_test(what_may_be_ignored_is);
    add_test(search_attributes_are_set_behind_all_else);
    add_test(a_gap_is_no_nondeterminism);
    add_test(every_cut_is_noticed_or_harmless);
    add_test(a_query_of_a_closed_run_sees_its_end);
    add_test(a_query_before_the_first_task_finds_nothing);
    add_test(arguments_that_are_no_json);
    add_test(a_result_that_is_not_understood_is_a_failed_pass);
    return run_tests("replay_trouble");
}
