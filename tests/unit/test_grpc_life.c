/* tests/unit/test_grpc_life.c - connections come and go; calls are neither lost nor made twice. */
#include "grpc_rig.h"

#include <poll.h>

static void answer_all(h2_peer *p)
{
    h2_request *r;

    while ((r = h2_peer_request(p)))
        h2_peer_answer(p, r->stream, "hello");
}

/* ---- GOAWAY ---------------------------------------------------------------------------------- */

#define LAST_OF_ALL 0x7fffffffu

/* As grpc-go does it at the end of a connection's age: a warning shot, a ping, then the number. Two
 * polls have come; the first one is answered long after the second has been taken up elsewhere. */
static void serve_two_phases(http_conn *c)
{
    rig *r = c->to;
    h2_peer p;
    h2_request *first;

    h2_peer_init(&p, c);
    if (!h2_peer_greet(&p, 0, 0)) {
        h2_peer_fini(&p);
        return;
    }
    if (c->number == 1) {
        uint32_t stream;

        first = h2_peer_request(&p);
        stream = first->stream;
        rig_tell(r); /* the second poll may come */
        (void)!h2_peer_request(&p);
        h2_peer_goaway(&p, LAST_OF_ALL, 0, "max_age");
        h2_peer_send(&p, H2_PING, 0, 0, "\1\2\3\4\5\6\7\10", 8);
        while (!p.acks && h2_peer_frame(&p))
            continue;
        h2_peer_goaway(&p, stream, 0, "max_age");
        rig_await(r, 2); /* the second poll has been answered on the next connection */
        h2_peer_answer(&p, stream, "from the old one");
        h2_peer_drain(&p); /* the client goes by itself */
    } else {
        h2_request *again = h2_peer_request(&p);

        h2_peer_answer(&p, again->stream, "from the new one");
        answer_all(&p);
    }
    h2_peer_fini(&p);
}

static void a_connection_that_ages_loses_no_poll(void **state)
{
    rig r = {0};
    asked *first, *second;
    ds_grpc_tally tally;

    (void)state;
    rig_open(&r, serve_two_phases, (ds_grpc_options){0});
    first = ask_begin(&r, "Poll", "1", LONG_MS);
    rig_await(&r, 1);
    second = ask_begin(&r, "Poll", "2", LONG_MS);
    ask_end(second);
    assert_answer(second, "from the new one");
    rig_tell(&r);
    ask_end(first);
    assert_answer(first, "from the old one");
    assert_int_equal(http_server_connections(r.server), 2);
    ds_grpc_tally_of(r.g, &tally);
    assert_int_equal(tally.resent, 1);
    assert_int_equal(tally.failed, 0);
    ask_free(first);
    ask_free(second);
    rig_close(&r);
}

/* The connection is cut when the grace ends: nothing is said of the stream that was open. */
static void serve_cut_at_the_end(http_conn *c)
{
    h2_peer p;
    h2_request *r;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        if (c->number == 1 && (r = h2_peer_request(&p)))
            h2_peer_goaway(&p, r->stream, 0, "max_age");
        else
            answer_all(&p);
    }
    h2_peer_fini(&p);
}

static void a_call_that_is_cut_off_is_told_so(void **state)
{
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_cut_at_the_end, (ds_grpc_options){0});
    q = ask(&r, "Poll", "", LONG_MS);
    assert_failed(&q, DS_GRPC_UNAVAILABLE, true, "the connection was lost after the request");
    assert_int_equal(q.err.kind, DS_ERR_TRANSIENT);
    q = ask(&r, "Poll", "", LONG_MS);
    assert_answer(&q, "hello");
    rig_close(&r);
}

/* Every connection takes no call at all, but the fourth. */
static void serve_none_but_the_fourth(http_conn *c)
{
    h2_peer p;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        if (c->number < 4)
            h2_peer_goaway(&p, 0, 11, "too_many_pings");
        if (c->number < 4)
            h2_peer_drain(&p);
        else
            answer_all(&p);
    }
    h2_peer_fini(&p);
}

static void a_call_follows_through_any_number_of_goaways(void **state)
{
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_none_but_the_fourth, (ds_grpc_options){0});
    q = ask(&r, "Do", "", LONG_MS);
    assert_answer(&q, "hello");
    assert_int_equal(http_server_connections(r.server), 4);
    rig_close(&r);
}

/* ---- refused unread -------------------------------------------------------------------------- */

/* "Once" is refused the first time, "Ever" each time. */
static void serve_refusals(http_conn *c)
{
    h2_peer p;
    h2_request *r;
    int once = 0;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        while ((r = h2_peer_request(&p))) {
            if (strstr(r->path, "/Ever") || (strstr(r->path, "/Once") && !once++))
                h2_peer_reset(&p, r->stream, 7);
            else
                h2_peer_answer(&p, r->stream, "hello");
        }
    }
    h2_peer_fini(&p);
}

static void what_is_refused_unread_is_sent_again(void **state)
{
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_refusals, (ds_grpc_options){0});
    q = ask(&r, "Once", "", LONG_MS);
    assert_answer(&q, "hello");
    q = ask(&r, "Ever", "", LONG_MS);
    assert_failed(&q, DS_GRPC_UNAVAILABLE, false, "refused the stream unread");
    assert_int_equal(http_server_connections(r.server), 1);
    rig_close(&r);
}

/* ---- lost connections ------------------------------------------------------------------------ */

/* 1: hangs up at once. 2: greets, lets nobody in, hangs up. 3: takes the request and hangs up
 * without ceremony. 4: says what is no HTTP/2 in the middle of an answer. 5: serves. */
static void serve_losses(http_conn *c)
{
    h2_peer p;
    h2_request *r;

    h2_peer_init(&p, c);
    if (c->number > 1 && h2_peer_greet(&p, 3, c->number == 2 ? 0 : 100)) {
        if (c->number == 2)
            (void)!h2_peer_frame(&p);
        if (c->number == 3 && h2_peer_request(&p))
            http_conn_reset(c);
        if (c->number == 4 && (r = h2_peer_request(&p))) {
            h2_peer_headers(&p, r->stream, 0, ":status", "200", NULL);
            h2_peer_send(&p, H2_WINDOW_UPDATE, 0, r->stream, "\0\0\0\0\0", 5);
            h2_peer_drain(&p);
        }
        if (c->number == 5)
            answer_all(&p);
    }
    h2_peer_fini(&p);
}

static void only_what_was_written_is_lost_with_its_connection(void **state)
{
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_losses, (ds_grpc_options){0});
    q = ask(&r, "Do", "", LONG_MS); /* waits through the first and the second */
    assert_failed(&q, DS_GRPC_UNAVAILABLE, true, "lost after the request");
    q = ask(&r, "Do", "", LONG_MS);
    assert_failed(&q, DS_GRPC_UNAVAILABLE, true, "broke the rules of HTTP/2");
    q = ask(&r, "Do", "", LONG_MS);
    assert_answer(&q, "hello");
    assert_int_equal(http_server_connections(r.server), 5);
    rig_close(&r);
}

/* ---- whether it lives ------------------------------------------------------------------------ */

/* Answers a call once three pings have come. */
static void serve_pinged(http_conn *c)
{
    h2_peer p;
    h2_request *r;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0) && (r = h2_peer_request(&p))) {
        uint32_t stream = r->stream;

        while (p.pings < 3 && h2_peer_frame(&p))
            continue;
        h2_peer_answer(&p, stream, "hello");
        h2_peer_drain(&p);
    }
    h2_peer_fini(&p);
}

static void a_silent_connection_is_asked(void **state)
{
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_pinged, (ds_grpc_options){.ping_ms = 5, .pong_ms = LONG_MS});
    q = ask(&r, "Poll", "", LONG_MS);
    assert_answer(&q, "hello");
    assert_int_equal(http_server_connections(r.server), 1);
    rig_close(&r);
}

/* Half dead from its first request on: it takes all and says nothing. */
static void serve_half_dead(http_conn *c)
{
    h2_peer p;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0) && h2_peer_request(&p)) {
        p.mute_pings = true;
        h2_peer_drain(&p);
    }
    h2_peer_fini(&p);
}

static void one_that_does_not_answer_is_dead(void **state)
{
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_half_dead, (ds_grpc_options){.ping_ms = 200, .pong_ms = 50});
    q = ask(&r, "Poll", "", LONG_MS);
    assert_failed(&q, DS_GRPC_UNAVAILABLE, true, "has not answered a ping in 50 ms");
    rig_close(&r);
}

/* Its pings are answered, even before the first call. */
static void serve_pinging(http_conn *c)
{
    h2_peer p;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        for (int i = 1; i <= 3; i++) {
            h2_peer_send(&p, H2_PING, 0, 0, "12345678", 8);
            while (p.acks < i && h2_peer_frame(&p))
                continue;
        }
        rig_tell(c->to);
        answer_all(&p);
    }
    h2_peer_fini(&p);
}

static void the_servers_pings_are_answered(void **state)
{
    rig r = {0};

    (void)state;
    rig_open(&r, serve_pinging, (ds_grpc_options){0});
    rig_await(&r, 1);
    rig_close(&r);
}

static void serve_all(http_conn *c)
{
    h2_peer p;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0))
        answer_all(&p);
    h2_peer_fini(&p);
}

static void an_old_connection_gives_way_to_a_new_one(void **state)
{
    rig r = {0};

    (void)state;
    rig_open(&r, serve_all, (ds_grpc_options){.age_ms = 1});
    while (http_server_connections(r.server) < 4) {
        asked q = ask(&r, "Do", "", LONG_MS);

        assert_answer(&q, "hello");
    }
    rig_close(&r);
}

/* ---- stopping -------------------------------------------------------------------------------- */

static void waiting_frame(h2_peer *p, int *resets)
{
    bool ends = p->frame.type == H2_DATA && p->frame.flags & H2_END_STREAM;

    for (size_t i = 0; i < p->open_n && ends; i++) {
        if (p->open[i].stream != p->frame.stream)
            continue;
        rig_tell(p->c->to);
        if (strstr(p->open[i].path, "/Do"))
            h2_peer_answer(p, p->frame.stream, "hello");
    }
    for (; *resets < p->resets; ++*resets)
        rig_tell(p->c->to);
}

/* Tells of each request, answers none but "Do", and tells of each reset. */
static void serve_waiting(http_conn *c)
{
    h2_peer p;
    int resets = 0;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        while (h2_peer_frame(&p))
            waiting_frame(&p, &resets);
    }
    h2_peer_fini(&p);
}

static void polls_can_be_called_off(void **state)
{
    rig r = {0};
    asked *wanted, *other, q;

    (void)state;
    rig_open(&r, serve_waiting, (ds_grpc_options){0});
    wanted = ask_begin(&r, "PollWorkflowTaskQueue", "", LONG_MS);
    other = ask_begin(&r, "PollActivityTaskQueue", "", LONG_MS);
    rig_await(&r, 2);
    ds_grpc_cancel(r.g, "PollWorkflowTaskQueue");
    ask_end(wanted);
    assert_failed(wanted, DS_GRPC_CANCELLED, true, "stopped");
    assert_int_equal(wanted->err.kind, DS_ERR_CANCELLED);
    rig_await(&r, 3); /* the server knows */
    q = ask(&r, "PollWorkflowTaskQueue", "", LONG_MS);
    assert_failed(&q, DS_GRPC_CANCELLED, false, "stopped");
    q = ask(&r, "Do", "", LONG_MS);
    assert_answer(&q, "hello");
    ds_grpc_hurry(r.g);
    ask_end(other);
    assert_failed(other, DS_GRPC_CANCELLED, true, "stopped");
    q = ask(&r, "Do", "", LONG_MS);
    assert_failed(&q, DS_GRPC_CANCELLED, false, "stopped");
    ask_free(wanted);
    ask_free(other);
    rig_close(&r);
}

static void closing_waits_for_those_who_call(void **state)
{
    rig r = {0};
    asked *all[8];

    (void)state;
    rig_open(&r, serve_waiting, (ds_grpc_options){0});
    for (size_t i = 0; i < DS_COUNT(all); i++)
        all[i] = ask_begin(&r, "Poll", "", LONG_MS);
    rig_await(&r, DS_COUNT(all));
    rig_close(&r);
    for (size_t i = 0; i < DS_COUNT(all); i++) {
        ask_end(all[i]);
        assert_failed(all[i], DS_GRPC_CANCELLED, true, "stopped");
        ask_free(all[i]);
    }
}

/* ---- a connection that comes late ------------------------------------------------------------ */

/* Greets a little later than it could; tells of every poll that has less than two seconds left. */
static void serve_late_greeting(http_conn *c)
{
    h2_peer p;
    h2_request *r;

    h2_peer_init(&p, c);
    rig_await(c->to, 1);
    (void)poll(NULL, 0, 150);
    if (h2_peer_greet(&p, 0, 0)) {
        while ((r = h2_peer_request(&p))) {
            if (strtoll(strstr(r->headers, "grpc-timeout: ") + 14, NULL, 10) < 2000)
                abort();
            h2_peer_answer(&p, r->stream, "hello");
        }
    }
    h2_peer_fini(&p);
}

static void no_poll_is_sent_that_the_server_would_refuse(void **state)
{
    rig r = {0};
    asked *wanted, *other;

    (void)state;
    rig_open(&r, serve_late_greeting, (ds_grpc_options){0});
    wanted = ask_begin(&r, "PollActivityTaskQueue", "", 2300);
    other = ask_begin(&r, "Do", "", LONG_MS);
    rig_tell(&r);
    ask_end(wanted);
    if (!wanted->fine) /* else this machine was so slow that it began late itself */
        assert_failed(wanted, DS_GRPC_UNAVAILABLE, false, "not sent: ");
    ask_end(other);
    assert_answer(other, "hello");
    ask_free(wanted);
    ask_free(other);
    rig_close(&r);
}

int main(void)
{
    add_test(a_connection_that_ages_loses_no_poll);
    add_test(a_call_that_is_cut_off_is_told_so);
    add_test(a_call_follows_through_any_number_of_goaways);
    add_test(what_is_refused_unread_is_sent_again);
    add_test(only_what_was_written_is_lost_with_its_connection);
    add_test(a_silent_connection_is_asked);
    add_test(one_that_does_not_answer_is_dead);
    add_test(the_servers_pings_are_answered);
    add_test(an_old_connection_gives_way_to_a_new_one);
    add_test(polls_can_be_called_off);
    add_test(closing_waits_for_those_who_call);
    add_test(no_poll_is_sent_that_the_server_would_refuse);
    return run_tests("grpc life");
}
