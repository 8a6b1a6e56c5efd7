/* tests/unit/test_replay.c - lives of a unit's workflow as tables: what arrives, what is answered.
 */
#include "replay_rig.h"

#define LETTERS 256

/* s sync_now  p pause  r resume  a approve  t the timer fires  i set_interval, an hour
 * d the pass ends well  f it failed  l login refused  c it was cancelled  q sliced  w rate limit
 * e the server gave it up  u nobody had begun it
 * x the workflow is cancelled  ? a signal that nobody knows  ! one with a bad argument
 * W a task  F a task that fails  O a task that times out  [..] arrives while a task runs
 * . half an hour goes by */
static void arrive(rig *g, char letter)
{
    switch (letter) {
    case 's':
        rig_event(g, rig_signal("sync_now", "[]"));
        break;
    case 'p':
        rig_event(g, rig_signal("pause", NULL));
        break;
    case 'r':
        rig_event(g, rig_signal("resume", "[]"));
        break;
    case 'a':
        rig_event(g, rig_signal("approve", NULL));
        break;
    case 'i':
        rig_event(g, rig_signal("set_interval", "60"));
        break;
    case '?':
        rig_event(g, rig_signal("dance", "{}"));
        break;
    case '!':
        rig_event(g, rig_signal("set_interval", "\"soon\""));
        break;
    case 'x':
        rig_event(g, (ds_hevent){.type = DS_HE_CANCEL_REQUESTED});
        break;
    case 't':
        rig_fire(g);
        break;
    case 'u':
        g->activity.started = false;
        break;
    case '.':
        g->now_ms += 30 * DS_MINUTE_MS;
        break;
    default:
        fail_msg("no letter %c", letter);
    }
}

static bool ends(rig *g, char letter)
{
    static const struct {
        char letter;
        int type;
        ds_pass_outcome outcome;
        ds_err_kind error;
    } all[] = {
        {'d', DS_HE_ACTIVITY_COMPLETED, DS_PASS_DONE, DS_ERR_NONE},
        {'f', DS_HE_ACTIVITY_COMPLETED, DS_PASS_FAILED, DS_ERR_TRANSIENT},
        {'q', DS_HE_ACTIVITY_COMPLETED, DS_PASS_SLICED, DS_ERR_NONE},
        {'w', DS_HE_ACTIVITY_COMPLETED, DS_PASS_WAITING, DS_ERR_NONE},
        {'l', DS_HE_ACTIVITY_FAILED, DS_PASS_PAUSED, DS_ERR_AUTH},
        {'e', DS_HE_ACTIVITY_TIMED_OUT, DS_PASS_FAILED, DS_ERR_TRANSIENT},
        {'c', DS_HE_ACTIVITY_CANCELED, DS_PASS_CANCELLED, DS_ERR_NONE},
        {'h', DS_HE_ACTIVITY_FAILED, DS_PASS_FAILED, DS_ERR_CANCELLED},
    };

    for (size_t i = 0; i < DS_COUNT(all); i++) {
        if (all[i].letter != letter)
            continue;
        rig_end(g, all[i].type, all[i].outcome, all[i].error);
        return true;
    }
    return false;
}

static void play(rig *g, const char *life, char *letters)
{
    int64_t started = 0;

    for (; *life; life++) {
        if (*life == '[')
            started = rig_start_task(g);
        else if (*life == ']' || *life == 'W') {
            if (*life == 'W')
                rig_task(g, letters, LETTERS);
            else
                rig_answer(g, started, letters, LETTERS);
            snprintf(letters + strlen(letters), 2, " ");
        } else if (*life == 'F')
            rig_lost_task(g, DS_HE_TASK_FAILED);
        else if (*life == 'O')
            rig_lost_task(g, DS_HE_TASK_TIMED_OUT);
        else if (!ends(g, *life))
            arrive(g, *life);
    }
}

static const struct row {
    const char *name;
    const char *life;
    const char *answers; /* as rig_answer writes them, a blank behind each task's */
} rows[] = {
    {"a new unit's first pass starts with its first task", "W", "A "},
    {"the end of a pass starts the timer of the next", "WdW", "A T "},
    {"the timer starts the next pass", "WdW.tW", "A T A "},
    {"a signal before the first task belongs to it", "sW", "A "},
    {"a pause before the first task keeps all away", "pWsW", "M  "},
    {"sync_now leaves the timer as it is", "WdWsW", "A T A "},
    {"and the end of its pass too", "WdWsWdW", "A T A  "},
    {"a request during a pass is served right after it", "WsWdW", "A  A "},
    {"two requests during a pass become one", "WsWsWdWdW", "A   A T "},
    {"a timer that fires in a pass is looked at after it", "WdWsW.tWdW", "A T A  T "},
    {"a pause asks the running pass to stop", "WpW", "A CM "},
    {"and is asked once", "WpWpW", "A CM  "},
    {"a resume catches up when it has stopped", "WpWcWrW", "A CM  GM "},
    {"a pass nobody had begun is cancelled on the spot", "WupWW", "A CM  "},
    {"and goes on after the resume", "WupWWrW", "A CM  GM "},
    {"a pass that ends before it hears of the pause has ended", "WpWdWrW", "A CM  AM "},
    {"a worker that stops before its pass hears of the pause", "WpWhWrW", "A CM  GM "},
    {"and one that dies before", "WpWeWrW", "A CM  GM "},
    {"a resume during the cancel", "WpWrWcW", "A CM M G "},
    {"pause and resume in one task change nothing", "WdWprW", "A T A "},
    {"a slice goes on at once", "WqW", "A G "},
    {"a rate limit waits for its timer", "WwW.tW", "A T G "},
    {"a failed pass is tried again", "WfW.tW", "A TM A "},
    {"and is no longer told of when it ends well", "WfW.tWdW", "A TM A TM "},
    {"an earlier time takes the open timer's place", "WdWsWfW", "A T A UTM "},
    {"a login that was refused pauses", "WlWsWrW", "A M  AM "},
    {"a pass that the server gave up is a failed one", "WeW", "A TM "},
    {"a longer interval is left to the open timer", "WdWiW.tW", "A T  T "},
    {"a task that failed is none: its events come with the next", "FW", "A "},
    {"nor is one that timed out", "WdWsOOW", "A T A "},
    {"what arrives while a task fails is seen by the next", "WdWsF[p]W", "A T A CM "},
    {"what arrives while a task runs is seen by the next", "[s]WdW", "A  A "},
    {"the end of a pass that arrives with a signal before it", "W[ds]W", "A  A "},
    {"a timer that fires while a task cancels it is forgotten", "WdWsWf[t]W", "A T A UTM A "},
    {"a timer that fires while a task runs", "WdW.[ti]W", "A T A  "},
    {"an unknown signal is passed over", "WdW?W", "A T  "},
    {"so is an argument that cannot be meant", "WdW!W", "A T  "},
    {"cancel ends an idle workflow", "WdWxW", "A T X "},
    {"cancel waits for the running pass", "WxWcW", "A C X "},
    {"even for one that ends well", "WxWsWdW", "A C  X "},
    {"cancel before anything", "xW", "X "},
    {"a close that something else has overtaken is refused", "WdWx[s]W", "A T R X "},
    {"approve of what waits for nothing", "WdWaW", "A T  "},
};

static void lives(void **state)
{
    const struct row *row = *state;

    for (size_t page = 0; page < 9; page++) {
        char letters[LETTERS] = "";
        rig g = rig_new();

        g.page = page;
        play(&g, row->life, letters);
        assert_string_equal(letters, row->answers);
    }
}

/* ---- new runs -------------------------------------------------------------------------------- */

static void a_long_history_is_followed_by_a_new_run(void **state)
{
    char letters[LETTERS] = "";
    rig g = rig_new();

    (void)state;
    g.limits.events = 15;
    play(&g, "WdWsWpW", letters);
    assert_string_equal(letters, "A T A CM "); /* not while a pass is open */
    play(&g, "cW", letters);
    assert_string_equal(letters, "A T A CM N ");
    assert_int_equal(g.runs, 2);
    play(&g, "WrWdW", letters); /* the pass that was interrupted goes on in the new run */
    assert_string_equal(letters, "A T A CM N  GM A ");
}

static void a_new_run_knows_all_that_the_old_one_knew(void **state)
{
    char letters[LETTERS] = "";
    rig g = rig_new();
    DS_AUTO_BUF(before, DS_MIB);
    DS_AUTO_BUF(after, DS_MIB);
    ds_json_writer w = ds_json_w(&before, false);

    (void)state;
    play(&g, "WdWpW", letters);
    g.limits.events = 2;
    play(&g, "?W", letters);
    assert_int_equal(g.runs, 2);
    ds_state_write(&w, rig_unit(&g));
    g.limits.events = 0;
    play(&g, "W", letters);
    w = ds_json_w(&after, false);
    ds_state_write(&w, rig_unit(&g));
    assert_string_equal(before.data, after.data);
    assert_int_equal(rig_unit(&g)->runs_completed, 1);
    assert_true(rig_unit(&g)->paused);
}

static void a_paused_unit_that_is_signalled_for_ever_gets_new_runs(void **state)
{
    char letters[LETTERS] = "";
    rig g = rig_new();

    (void)state;
    play(&g, "WdWpW", letters);
    for (int i = 0; i < 2000; i++) {
        letters[0] = '\0';
        play(&g, "sW", letters);
        assert_true(g.n < 500);
    }
    assert_true(g.runs > 10);
    assert_true(rig_unit(&g)->want.full);
}

static void a_pass_makes_room_for_a_new_run(void **state)
{
    char letters[LETTERS] = "";
    rig g = rig_new();

    (void)state;
    g.limits.most = 12;
    g.limits.events = 8;
    play(&g, "W", letters);
    for (int i = 0; i < 3; i++)
        play(&g, "?W", letters);
    assert_string_equal(letters, "A  C  ");
    play(&g, "cWW", letters);
    assert_string_equal(letters, "A  C  N G ");
}

static void the_server_may_ask_for_a_new_run(void **state)
{
    char letters[LETTERS] = "";
    rig g = rig_new();
    int64_t started;

    (void)state;
    play(&g, "WdWsWdWsWdWs", letters);
    started = rig_start_task(&g);
    g.events[g.n - 1].suggests = true;
    rig_answer(&g, started, letters, LETTERS);
    assert_string_equal(letters, "A T A  A  N");
}

/* What decides over a new run may change from release to release: it is read off the history. */
static void limits_of_another_worker_do_not_matter(void **state)
{
    char letters[LETTERS] = "";
    rig g = rig_new();

    (void)state;
    play(&g, "WdWsWdWsWdW", letters);
    g.limits = (ds_replay_limits){.events = 5, .bytes = 1, .most = 5};
    assert_non_null(rig_replay(&g, 0));
    g.limits = (ds_replay_limits){0};
    play(&g, "sW", letters);
    assert_string_equal(letters, "A T A  A  A ");
}

/* ---- states from elsewhere ------------------------------------------------------------------- */

static void a_unit_that_the_peer_would_start(void **state)
{
    char letters[LETTERS] = "";
    rig g = {.now_ms = RIG_START, .err = DS_ERR_INIT};

    (void)state;
    rig_begin(&g, rig_json("{\"paused\":true,\"pending_items\":[\"a\"],\"runs_completed\":7,"
                           "\"spec\":{\"interval_minutes\":30,\"key\":\"tasks:all\",\"params\":{}},"
                           "\"sync_requested\":false}"));
    play(&g, "WrW", letters);
    assert_string_equal(letters, " AM ");
    assert_int_equal(rig_unit(&g)->runs_completed, 7);
    assert_int_equal(rig_unit(&g)->interval_ms, 30 * DS_MINUTE_MS);
    assert_string_equal(ds_replay_state(g.last)->route, "tasks");
    assert_string_equal(ds_replay_state(g.last)->unit_name, "all");
}

static void a_pass_that_was_left_elsewhere_goes_on(void **state)
{
    ds_carry carry = {.route = "r", .unit_name = "u", .config = ""};
    char letters[LETTERS] = "";
    rig g = {.now_ms = RIG_START, .err = DS_ERR_INIT};

    (void)state;
    ds_unit_init(&carry.unit, "r:u", 0);
    carry.unit.running = true;
    rig_begin(&g, rig_input_of(&carry));
    play(&g, "W", letters);
    assert_string_equal(letters, "G ");
}

static void ensure_is_the_configurations_word(void **state)
{
    char letters[LETTERS] = "";
    rig g = rig_new();

    (void)state;
    play(&g, "WdW", letters);
    rig_event(&g, rig_signal("ensure", "{\"config\":\"new\",\"event\":{\"type\":\"ensure\","
                                       "\"interval_ms\":60000,\"full_every_ms\":3600000,"
                                       "\"lists_changes\":true}}"));
    play(&g, "W", letters);
    assert_string_equal(letters, "A T UTM ");
    assert_int_equal(rig_unit(&g)->interval_ms, DS_MINUTE_MS);
    assert_true(rig_unit(&g)->lists_changes);
    assert_string_equal(ds_replay_state(g.last)->config, "new");
    rig_event(&g, rig_signal("gone", NULL));
    play(&g, "WsW", letters);
    assert_string_equal(letters, "A T UTM M  ");
    assert_string_equal(ds_replay_state(g.last)->config, "");
}

static void too_many_keys_become_everything(void **state)
{
    DS_AUTO_BUF(text, DS_MIB);
    char letters[LETTERS] = "";
    rig g = rig_new();

    (void)state;
    ds_buf_char(&text, '[');
    for (int i = 0; i < 6000; i++)
        ds_buf_printf(&text, "%s\"a key of some length, number %d\"", i ? "," : "", i);
    ds_buf_char(&text, ']');
    play(&g, "WdWpW", letters);
    rig_event(&g, rig_signal("sync_now", text.data));
    play(&g, "W", letters);
    assert_true(rig_unit(&g)->want.full);
    assert_int_equal(rig_unit(&g)->want.items_n, 0);
}

int main(void)
{
    add_table(rows, lives);
    add_test(a_long_history_is_followed_by_a_new_run);
    add_test(a_new_run_knows_all_that_the_old_one_knew);
    add_test(a_paused_unit_that_is_signalled_for_ever_gets_new_runs);
    add_test(a_pass_makes_room_for_a_new_run);
    add_test(the_server_may_ask_for_a_new_run);
    add_test(limits_of_another_worker_do_not_matter);
    add_test(a_unit_that_the_peer_would_start);
    add_test(a_pass_that_was_left_elsewhere_goes_on);
    add_test(ensure_is_the_configurations_word);
    add_test(too_many_keys_become_everything);
    return run_tests("replay");
}
