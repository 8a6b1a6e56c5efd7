/* tests/unit/test_http_limits.c - refusals, waits, cancelling, and what of it outlives a client. */
#include "http_rig.h"

#include "base/log.h"
#include <pthread.h>

/* ---- waits -------------------------------------------------------------------------------------
 */

static void limit_once(http_conn *c)
{
    while (http_conn_read(c)) {
        if (c->request == 1)
            http_conn_answer(c, 429, "Retry-After: 1\r\n", "");
        else
            http_conn_answer(c, 200, "", "ok");
    }
}

static void a_short_wait_is_sat_out(void **state)
{
    http_rig *rig = rig_new(limit_once, NULL, true);
    ds_clock *clock = ds_clock_system();
    int64_t before = clock->mono_us(clock);
    ds_http_request req = create("{}"); /* refused is not done: it may go again */

    (void)state;
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(req.fate, DS_HTTP_ANSWERED);
    assert_string_equal(req.answer.body, "ok");
    assert_int_equal(http_server_requests(rig->server), 2);
    assert_true(clock->mono_us(clock) - before >= 1000000); /* never before it was told */
    rig_free(rig);
}

typedef struct watching { /* a clock that sees, whenever it is asked, what was told */
    ds_clock base;        /* first */
    _Atomic int64_t told, most;
} watching;

static int64_t look(ds_clock *clock)
{
    watching *w = (watching *)clock;

    if (atomic_load(&w->told) > atomic_load(&w->most))
        atomic_store(&w->most, atomic_load(&w->told));
    return ds_clock_system()->now_ms(ds_clock_system());
}

static void a_wait_is_told_while_it_lasts(void **state)
{
    http_rig *rig = rig_new(limit_once, NULL, true);
    watching watch = {.base = *ds_clock_system()};
    ds_http_request req = create("{}");
    int64_t began = look(&watch.base);

    (void)state;
    watch.base.now_ms = look;
    rig->act.clock = &watch.base;
    rig->act.limited_ms = &watch.told;
    assert_true(rig_send(rig, &req, 1));
    assert_in_range(atomic_load(&watch.most), began + 500, look(&watch.base) + 1000);
    assert_int_equal(atomic_load(&watch.told), 0);
    rig_free(rig);
}

static void limit_long(http_conn *c)
{
    while (http_conn_read(c)) {
        if (c->request == 2)
            http_conn_answer(c, 429, "Retry-After: 40\r\n", "");
        else
            http_conn_answer(c, 200, "", "ok");
    }
}

static void a_long_wait_is_the_engines(void **state)
{
    http_rig *rig = rig_new(limit_long, NULL, true);
    ds_http_request reqs[] = {get("/1"), get("/2"), get("/3")}, later = get("/4");

    (void)state;
    assert_false(rig_send(rig, reqs, 3));
    assert_int_equal(rig->err.kind, DS_ERR_RATE_LIMITED);
    assert_in_range(rig->err.retry_after_ms, 5001, 40000);
    assert_int_equal(reqs[0].fate, DS_HTTP_ANSWERED);
    assert_int_equal(reqs[1].fate, DS_HTTP_NOT_SENT);
    assert_int_equal(reqs[2].fate, DS_HTTP_NOT_SENT);
    assert_false(rig_send(rig, &later, 1)); /* the budget knows, without asking */
    assert_int_equal(rig->err.kind, DS_ERR_RATE_LIMITED);
    assert_int_equal(http_server_requests(rig->server), 2);
    rig_free(rig);
}

static void limit_by_date(http_conn *c)
{
    while (http_conn_read(c)) /* by the server's own clock, which is off by years */
        http_conn_answer(c, 429,
                         "Date: Fri, 01 Jan 2010 00:00:00 GMT\r\n"
                         "Retry-After: Fri, 01 Jan 2010 00:02:00 GMT\r\n",
                         "");
}

static void a_date_is_by_the_servers_clock(void **state)
{
    http_rig *rig = rig_new(limit_by_date, NULL, true);
    ds_http_request req = get("/");

    (void)state;
    assert_false(rig_send(rig, &req, 1));
    assert_in_range(rig->err.retry_after_ms, 5001, 120000);
    rig_free(rig);
}

static void window_is_empty(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 200,
                         "x-ratelimit-limit: 5000\r\nx-ratelimit-remaining: 0\r\n"
                         "x-ratelimit-reset: 600\r\n",
                         "");
}

static void a_told_window_is_kept_without_a_refusal(void **state)
{
    http_rig *rig = rig_new(window_is_empty, NULL, true);
    ds_http_request reqs[] = {get("/1"), get("/2")}, other = get("/3");

    (void)state;
    assert_false(rig_send(rig, reqs, 2));
    assert_int_equal(rig->err.kind, DS_ERR_RATE_LIMITED);
    assert_in_range(rig->err.retry_after_ms, 5001, 601000);
    assert_int_equal(reqs[0].err.kind, DS_ERR_NONE);
    assert_int_equal(http_server_requests(rig->server), 1);
    other.pool = "search"; /* has a budget of its own */
    assert_true(rig_send(rig, &other, 1));
    rig_free(rig);
}

static void refuse_always(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 429, "", "slow down");
}

static void without_a_hint_the_wait_doubles_until_it_is_the_engines(void **state)
{
    http_rig *rig = rig_new(refuse_always, &(ds_http_setup){.in_flight = 8}, true);
    ds_http_request reqs[8];

    (void)state;
    for (size_t i = 0; i < DS_COUNT(reqs); i++)
        reqs[i] = get("/");
    assert_false(rig_send(rig, reqs, DS_COUNT(reqs)));
    assert_int_equal(rig->err.kind, DS_ERR_RATE_LIMITED);
    assert_in_range(rig->err.retry_after_ms, 5001, DS_MINUTE_MS);
    /* After 1, 2 and 4 seconds; more of them only where this machine stood still for a while. */
    assert_in_range(http_server_requests(rig->server), 4, 7);
    rig_free(rig);
}

static void judge_secondary(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *v)
{
    (void)a;
    if (answer->status != 403)
        return;
    v->sign = DS_HTTP_LIMITED;
    v->first_ms = DS_MINUTE_MS;
}

static void forbid(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 403, "", "You have exceeded a secondary rate limit");
}

static void a_judge_names_the_first_wait(void **state)
{
    http_rig *rig = rig_new(forbid, &(ds_http_setup){.judge = judge_secondary}, true);
    ds_http_request req = get("/");

    (void)state;
    assert_false(rig_send(rig, &req, 1));
    assert_int_equal(rig->err.kind, DS_ERR_RATE_LIMITED);
    assert_in_range(rig->err.retry_after_ms, 5001, 60000);
    assert_int_equal(http_server_requests(rig->server), 1);
    rig_free(rig);
}

static void judge_conflict(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *v)
{
    (void)a;
    if (answer->status == 409)
        v->sign = DS_HTTP_BUSY;
}

static void conflict_twice(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, c->request <= 2 ? 409 : 200, "", "");
}

static void what_was_not_applied_is_sent_again(void **state)
{
    http_rig *rig = rig_new(conflict_twice, &(ds_http_setup){.judge = judge_conflict}, false);
    ds_http_request req = create("{}");

    (void)state;
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(req.status, 200);
    assert_int_equal(http_server_requests(rig->server), 3);
    rig_free(rig);
}

/* ---- cancelling --------------------------------------------------------------------------------
 */

static void hold(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_hang(c);
}

static void *stop_when_asked(void *arg)
{
    http_rig *rig = arg;

    http_server_wait(rig->server, 1);
    rig->stop = true;
    return NULL;
}

static void a_stop_is_heard_while_it_waits(void **state)
{
    static const bool writes[] = {false, true};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(writes); i++) {
        http_rig *rig = rig_new(hold, NULL, false);
        ds_http_request reqs[] = {writes[i] ? create("{}") : get("/"), get("/2")};
        pthread_t other;

        assert_int_equal(pthread_create(&other, NULL, stop_when_asked, rig), 0);
        assert_false(rig_send(rig, reqs, 2));
        pthread_join(other, NULL);
        assert_int_equal(rig->err.kind, DS_ERR_CANCELLED);
        assert_int_equal(reqs[0].fate, writes[i] ? DS_HTTP_UNKNOWN : DS_HTTP_NOT_SENT);
        assert_int_equal(reqs[0].err.kind, DS_ERR_CANCELLED);
        assert_int_equal(reqs[1].fate, DS_HTTP_NOT_SENT);
        assert_int_equal(http_server_requests(rig->server), 1);
        rig_free(rig);
    }
}

static void answer_when_stopped(http_conn *c)
{
    http_rig *rig = c->to;

    if (!http_conn_read(c))
        return;
    while (!rig->stop)
        sched_yield();
    http_conn_answer(c, 201, "", "{\"id\":1}");
    http_conn_hang(c);
}

static void a_write_on_its_way_may_end(void **state)
{
    http_rig *rig = rig_new(answer_when_stopped, NULL, false);
    ds_http_request req = create("{}");
    pthread_t other;

    (void)state;
    assert_int_equal(pthread_create(&other, NULL, stop_when_asked, rig), 0);
    (void)!rig_send(rig, &req, 1);
    pthread_join(other, NULL);
    /* On a machine that stands still for half a second the answer comes too late. */
    assert_true(req.fate == DS_HTTP_UNKNOWN || (req.fate == DS_HTTP_ANSWERED && req.status == 201));
    rig_free(rig);
}

static void nothing_starts_in_a_stopped_pass(void **state)
{
    http_rig *rig = rig_new(hold, NULL, false);
    ds_http_request req = get("/");

    (void)state;
    rig->stop = true;
    assert_false(rig_send(rig, &req, 1));
    assert_int_equal(rig->err.kind, DS_ERR_CANCELLED);
    assert_int_equal(http_server_connections(rig->server), 0);
    rig_free(rig);
}

/* ---- the memory of budgets ---------------------------------------------------------------------
 */

typedef struct kept {
    ds_memory memory;
    char key[64], value[256];
    int recalled;
} kept;

static const char *recall_kept(ds_memory *memory, bool shared, const char *key, ds_arena *a)
{
    kept *k = (kept *)memory;

    assert_true(shared);
    k->recalled++;
    return strcmp(k->key, key) == 0 ? ds_arena_strdup(a, k->value) : NULL;
}

static void keep_kept(ds_memory *memory, bool shared, const char *key, const char *value)
{
    kept *k = (kept *)memory;

    assert_true(shared);
    snprintf(k->key, sizeof(k->key), "%s", key);
    snprintf(k->value, sizeof(k->value), "%s", value);
}

static void a_refusal_is_kept_for_the_next_process(void **state)
{
    http_rig *rig = rig_new(limit_long, NULL, true);
    ds_http_request reqs[] = {get("/1"), get("/2")};
    kept k = {.memory = {.recall = recall_kept, .keep = keep_kept}};

    (void)state;
    rig->act.memory = &k.memory;
    assert_false(rig_send(rig, reqs, 2));
    assert_int_equal(k.recalled, 1);
    assert_memory_equal(k.key, "budget:", 7);
    assert_int_equal(strlen(k.key), 7 + 32);
    assert_null(strstr(k.key, RIG_TOKEN));
    assert_memory_equal(k.value, "1 pace ", 7);
    rig_free(rig);
}

static void clients_of_one_credential_share_its_budget(void **state)
{
    http_rig *rig = rig_new(limit_long, NULL, true);
    ds_http_request reqs[] = {get("/1"), get("/2")}, other = get("/3");
    ds_activity act = rig->act;
    ds_http_setup setup = {.settings = &rig->settings, .token = rig->token};
    ds_http *http;

    (void)state;
    act.route = "another";
    assert_false(rig_send(rig, reqs, 2));
    http = ds_http_open(&act, &setup, &rig->err);
    assert_non_null(http);
    assert_false(ds_http_send(http, &act, &other, 1, &rig->err));
    assert_int_equal(rig->err.kind, DS_ERR_RATE_LIMITED);
    ds_http_close(http);
    setup.token = NULL; /* another credential */
    http = ds_http_open(&act, &setup, &rig->err);
    assert_true(ds_http_send(http, &act, &other, 1, &rig->err));
    ds_http_close(http);
    rig_free(rig);
}

static void the_pace_is_told_once_it_is_known(void **state)
{
    ds_http_setup documented = {.in_flight = 1, .allowed = 50, .allowed_ms = DS_SECOND_MS};
    http_rig *rig = rig_new(limit_once, &documented, true);
    ds_http_request req = create("{}");

    (void)state;
    assert_true(ds_http_pace(rig->http, &rig->act) > 49.9);
    assert_true(ds_http_pace(rig->http, &rig->act) < 50.1);
    rig_free(rig);

    rig = rig_new(limit_once, NULL, true);
    assert_true(ds_http_pace(rig->http, &rig->act) <= 0);
    assert_true(rig_send(rig, &req, 1)); /* is refused once */
    assert_true(ds_http_pace(rig->http, &rig->act) > 0);
    rig_free(rig);
}

/* What is known of the pace when another client comes; a token and a limit of its own. */
static double pace_of(http_rig *rig, int token_nr, int64_t allowed)
{
    char text[32];
    ds_secret *token;
    ds_http *http;
    double pace;

    snprintf(text, sizeof(text), "hourly_%d", token_nr);
    token = ds_secret_new(text, strlen(text));
    http = ds_http_open(&rig->act,
                        &(ds_http_setup){.settings = &rig->settings,
                                         .token = token,
                                         .allowed = allowed,
                                         .allowed_ms = DS_SECOND_MS},
                        &rig->err);
    assert_non_null(http);
    pace = ds_http_pace(http, &rig->act);
    ds_http_close(http);
    ds_secret_free(token);
    return pace;
}

static void tokens_of_the_past_are_forgotten(void **state)
{
    http_rig *rig = rig_new(limit_once, NULL, true);

    (void)state;
    assert_true(pace_of(rig, 0, 50) > 49.9);
    assert_true(pace_of(rig, 1, 50) > 49.9);
    for (int nr = 2; nr < 200; nr++)
        (void)pace_of(rig, nr, 0);
    assert_true(pace_of(rig, 0, 0) > 49.9); /* kept, and in use again */
    for (int nr = 200; nr < 400; nr++)
        (void)pace_of(rig, nr, 0);
    assert_true(pace_of(rig, 0, 0) > 49.9);
    assert_true(pace_of(rig, 1, 0) <= 0);
    rig_free(rig);
}

int main(void)
{
    add_test(a_short_wait_is_sat_out);
    add_test(a_wait_is_told_while_it_lasts);
    add_test(a_long_wait_is_the_engines);
    add_test(a_date_is_by_the_servers_clock);
    add_test(a_told_window_is_kept_without_a_refusal);
    add_test(without_a_hint_the_wait_doubles_until_it_is_the_engines);
    add_test(a_judge_names_the_first_wait);
    add_test(what_was_not_applied_is_sent_again);
    add_test(a_stop_is_heard_while_it_waits);
    add_test(a_write_on_its_way_may_end);
    add_test(nothing_starts_in_a_stopped_pass);
    add_test(a_refusal_is_kept_for_the_next_process);
    add_test(clients_of_one_credential_share_its_budget);
    add_test(the_pace_is_told_once_it_is_known);
    add_test(tokens_of_the_past_are_forgotten);
    return run_tests("http limits");
}
