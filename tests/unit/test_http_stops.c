/* tests/unit/test_http_stops.c
 *
 * How a request ends that nobody waits for any more: who stops the pass wakes it, and no request
 * outlives the lease of its pass.  Nothing here depends on time: the waits have no end of their
 * own, and the clock is the test's.
 */
#include "unit/http_rig.h"

#include <curl/curl.h>

#define MONO_US INT64_C(1000000000)
#define LEASE_US INT64_C(60000000)

static atomic_bool endless; /* the wait ends by what happens alone */

CURLMcode __real_curl_multi_poll(CURLM *multi, struct curl_waitfd *fds, unsigned n, int ms,
                                 int *ready);
CURLMcode __wrap_curl_multi_poll(CURLM *multi, struct curl_waitfd *fds, unsigned n, int ms,
                                 int *ready);

CURLMcode __wrap_curl_multi_poll(CURLM *multi, struct curl_waitfd *fds, unsigned n, int ms,
                                 int *ready)
{
    int got = 0;
    CURLMcode code;

    do
        code = __real_curl_multi_poll(multi, fds, n, ms, &got);
    while (endless && n && code == CURLM_OK && got == 0);
    if (ready)
        *ready = got;
    return code;
}

/* ---- who rings ------------------------------------------------------------------------------- */

static ds_bell bell;

static void stop_and_hang(http_conn *c)
{
    http_rig *rig = c->to;

    if (!http_conn_read(c))
        return;
    rig->stop = true;
    ds_bell_ring(&bell);
    http_conn_hang(c);
}

static http_rig *bell_rig(http_serve serve)
{
    http_rig *rig = rig_new(serve, NULL, false);

    ds_bell_init(&bell);
    rig->act.stop_bell = &bell;
    endless = true;
    return rig;
}

static void bell_rig_free(http_rig *rig)
{
    endless = false;
    rig_free(rig);
    ds_bell_fini(&bell);
}

static void who_stops_the_pass_wakes_a_read(void **state)
{
    http_rig *rig = bell_rig(stop_and_hang);
    ds_http_request req = get("/slow");

    (void)state;
    assert_false(rig_send(rig, &req, 1));
    assert_int_equal(rig->err.kind, DS_ERR_CANCELLED);
    assert_int_equal(req.fate, DS_HTTP_NOT_SENT);
    bell_rig_free(rig);
}

/* It has its grace: there the bell is of no use, it would ring all the time. */
static void a_write_that_has_left_is_waited_for(void **state)
{
    http_rig *rig = bell_rig(stop_and_hang);
    ds_http_request req = create("{}");

    (void)state;
    assert_false(rig_send(rig, &req, 1));
    assert_int_equal(rig->err.kind, DS_ERR_CANCELLED);
    assert_int_equal(req.fate, DS_HTTP_UNKNOWN);
    bell_rig_free(rig);
}

static void a_page_that_nobody_waits_for_any_more(void **state)
{
    http_rig *rig = bell_rig(stop_and_hang);
    atomic_bool never = false;
    ds_http_request req = get("/page");

    (void)state;
    ds_bell silent;
    ds_bell_init(&silent);
    rig->act.left = rig->act.stop;
    rig->act.left_bell = &bell;
    rig->act.stop = &never;
    rig->act.stop_bell = &silent;
    assert_false(rig_send(rig, &req, 1));
    assert_int_equal(rig->err.kind, DS_ERR_CANCELLED);
    bell_rig_free(rig);
    ds_bell_fini(&silent);
}

/* A bell that could not be had, and another flag without one: who waits looks. */
static void without_a_bell_one_looks(void **state)
{
    static const ds_bell none = {.fd = -1};
    http_rig *rig = bell_rig(stop_and_hang);
    ds_http_request req = get("/slow");

    (void)state;
    rig->act.stop_bell = &none;
    assert_false(rig_send(rig, &req, 1));
    assert_int_equal(rig->err.kind, DS_ERR_CANCELLED);
    bell_rig_free(rig);
}

/* ---- what is left behind ---------------------------------------------------------------------
 */

/* The first is never answered, the second one is refused without a word on how long. */
static void stop_then_refuse(http_conn *c)
{
    http_rig *rig = c->to;

    while (http_conn_read(c)) {
        if (c->request == 1) {
            rig->stop = true;
            http_conn_hang(c);
            return;
        }
        http_conn_answer(c, c->request == 2 ? 429 : 200, "", "{}");
    }
}

static void a_moment(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *verdict)
{
    (void)answer, (void)a;
    verdict->first_ms = 1;
}

/* After a guess one request goes ahead, while no other is on its way: one that was cut off is on
 * its way no more. */
static void what_was_cut_off_is_not_waited_for(void **state)
{
    http_rig *rig = rig_new(stop_then_refuse, &(ds_http_setup){.judge = a_moment}, false);
    ds_http_request req = get("/slow");

    (void)state;
    assert_false(rig_send(rig, &req, 1));
    rig->stop = false;
    req = get("/again");
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(req.status, 200);
    assert_int_equal(http_server_requests(rig->server), 3);
    rig_free(rig);
}

/* ---- the lease ------------------------------------------------------------------------------- */

static struct {
    ds_clock clock;
    _Atomic int64_t lease_us;
    atomic_int looked; /* at the clock */
    int prolong_at;    /* with that look; 0: never */
    int end_at;
} leased;

static int64_t utc(ds_clock *clock)
{
    (void)clock;
    return INT64_C(1767225600000);
}

static int64_t mono(ds_clock *clock)
{
    int nth = ++leased.looked;

    (void)clock;
    if (nth == leased.prolong_at)
        leased.lease_us = MONO_US + LEASE_US;
    if (nth == leased.end_at)
        leased.lease_us = MONO_US;
    return MONO_US;
}

static http_rig *lease_rig(http_serve serve, int64_t left_us)
{
    http_rig *rig = rig_new(serve, NULL, false);

    leased.clock = (ds_clock){.now_ms = utc, .mono_us = mono};
    leased.lease_us = MONO_US + left_us;
    leased.looked = leased.prolong_at = leased.end_at = 0;
    rig->act.clock = &leased.clock;
    rig->act.lease_us = &leased.lease_us;
    return rig;
}

static void end_lease_and_hang(http_conn *c)
{
    if (!http_conn_read(c))
        return;
    leased.lease_us = MONO_US;
    http_conn_hang(c);
}

static void no_request_outlives_the_lease(void **state)
{
    http_rig *rig = lease_rig(end_lease_and_hang, LEASE_US);
    ds_http_request req = create("{}");

    (void)state;
    req.repeatable = true; /* not even once more */
    assert_false(rig_send(rig, &req, 1));
    assert_int_equal(rig->err.kind, DS_ERR_CANCELLED);
    assert_int_equal(req.fate, DS_HTTP_UNKNOWN);
    assert_int_equal(http_server_requests(rig->server), 1);
    rig_free(rig);
}

static void answer(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 200, "", "{}");
}

static void a_write_waits_where_little_is_left(void **state)
{
    http_rig *rig = lease_rig(answer, 500000);
    ds_http_request req = create("{}");

    (void)state;
    leased.prolong_at = 6;
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(req.fate, DS_HTTP_ANSWERED);
    rig_free(rig);
}

static void and_is_not_begun_where_that_is_all(void **state)
{
    http_rig *rig = lease_rig(answer, 500000);
    ds_http_request req = create("{}");

    (void)state;
    leased.end_at = 6;
    assert_false(rig_send(rig, &req, 1));
    assert_int_equal(rig->err.kind, DS_ERR_CANCELLED);
    assert_int_equal(req.fate, DS_HTTP_NOT_SENT);
    assert_int_equal(http_server_requests(rig->server), 0);
    rig_free(rig);
}

static void a_read_needs_no_more_than_a_moment(void **state)
{
    http_rig *rig = lease_rig(answer, 500000);
    ds_http_request req = get("/page");

    (void)state;
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(req.fate, DS_HTTP_ANSWERED);
    rig_free(rig);
}

int main(void)
{
    add_test(who_stops_the_pass_wakes_a_read);
    add_test(a_write_that_has_left_is_waited_for);
    add_test(a_page_that_nobody_waits_for_any_more);
    add_test(without_a_bell_one_looks);
    add_test(what_was_cut_off_is_not_waited_for);
    add_test(no_request_outlives_the_lease);
    add_test(a_write_waits_where_little_is_left);
    add_test(and_is_not_begun_where_that_is_all);
    add_test(a_read_needs_no_more_than_a_moment);
    return run_tests("http, stopped");
}
