/* tests/unit/test_grpc.c - one call at a time, and many at once, to a server that follows a script.
 */
#include "grpc_rig.h"

#include <poll.h>

/* ---- every way in which a call may end ------------------------------------------------------- */

static void say_hello(h2_peer *p, h2_request *r)
{
    h2_peer_answer(p, r->stream, "hello");
}

static void say_nothing(h2_peer *p, h2_request *r)
{
    h2_peer_answer(p, r->stream, "");
}

static void say_no(h2_peer *p, h2_request *r)
{
    h2_peer_refuse(p, r->stream, "5", "no such%20thing", "CAUaBwoFeC5ZLlo");
}

static void say_no_behind_headers(h2_peer *p, h2_request *r)
{
    h2_peer_headers(p, r->stream, 0, ":status", "200", "content-type", "application/grpc", NULL);
    h2_peer_headers(p, r->stream, H2_END_STREAM, "grpc-status", "3", "grpc-message", "bad", NULL);
}

static void say_no_end(h2_peer *p, h2_request *r)
{
    h2_peer_headers(p, r->stream, 0, ":status", "200", "content-type", "application/grpc", NULL);
    h2_peer_message(p, r->stream, "hi", 2);
    h2_peer_send(p, H2_DATA, H2_END_STREAM, r->stream, "", 0);
}

static void say_page(h2_peer *p, h2_request *r)
{
    h2_peer_headers(p, r->stream, 0, ":status", "503", "content-type", "text/html", NULL);
    h2_peer_send(p, H2_DATA, H2_END_STREAM, r->stream, "<html>", 6);
}

static void say_too_much(h2_peer *p, h2_request *r)
{
    h2_peer_headers(p, r->stream, 0, ":status", "200", "content-type", "application/grpc", NULL);
    h2_peer_send(p, H2_DATA, 0, r->stream, "\0\4\0\0\1", 5);
}

static void say_long_headers(h2_peer *p, h2_request *r)
{
    char *value = ds_calloc(60001, 1);

    memset(value, 'x', 60000);
    h2_peer_headers(p, r->stream, 0, ":status", "200", "a", value, "b", value, NULL);
    free(value);
}

static void say_bad_header(h2_peer *p, h2_request *r)
{
    h2_peer_headers(p, r->stream, 0, ":status", "200", ":status", "200", NULL);
}

static void reset_cancel(h2_peer *p, h2_request *r)
{
    h2_peer_reset(p, r->stream, 8);
}

static void reset_calm(h2_peer *p, h2_request *r)
{
    h2_peer_reset(p, r->stream, 11);
}

static void reset_internal(h2_peer *p, h2_request *r)
{
    h2_peer_headers(p, r->stream, 0, ":status", "200", "content-type", "application/grpc", NULL);
    h2_peer_reset(p, r->stream, 2);
}

static const struct ending {
    const char *name;
    void (*say)(h2_peer *p, h2_request *r);
    const char *answer; /* NULL: */
    int status;
    ds_err_kind kind;
    const char *text;
} endings[] = {
    {"an answer", say_hello, "hello", 0, DS_ERR_NONE, ""},
    {"an empty answer", say_nothing, "", 0, DS_ERR_NONE, ""},
    {"a refusal in one block", say_no, NULL, DS_GRPC_NOT_FOUND, DS_ERR_PERMANENT,
     "NOT_FOUND: no such thing"},
    {"a refusal behind headers", say_no_behind_headers, NULL, DS_GRPC_INVALID_ARGUMENT,
     DS_ERR_PERMANENT, "bad"},
    {"an end without trailers", say_no_end, NULL, DS_GRPC_UNKNOWN, DS_ERR_TRANSIENT,
     "no grpc-status"},
    {"a proxy's page", say_page, NULL, DS_GRPC_UNAVAILABLE, DS_ERR_TRANSIENT, "HTTP 503"},
    {"an answer that is too large", say_too_much, NULL, DS_GRPC_RESOURCE_EXHAUSTED,
     DS_ERR_PERMANENT, "larger than max"},
    {"headers without end", say_long_headers, NULL, DS_GRPC_INTERNAL, DS_ERR_TRANSIENT, "headers"},
    {"a header that breaks the rules", say_bad_header, NULL, DS_GRPC_INTERNAL, DS_ERR_TRANSIENT,
     "broke off"},
    {"a reset: cancelled", reset_cancel, NULL, DS_GRPC_UNAVAILABLE, DS_ERR_TRANSIENT, "gave the"},
    {"a reset: be calm", reset_calm, NULL, DS_GRPC_RESOURCE_EXHAUSTED, DS_ERR_RATE_LIMITED, "calm"},
    {"a reset in the middle", reset_internal, NULL, DS_GRPC_INTERNAL, DS_ERR_TRANSIENT,
     "broke off"},
};

/* The first call as the row says, all others well. */
static void serve_ending(http_conn *c)
{
    const struct ending *row = ((rig *)c->to)->row;
    h2_peer p;
    h2_request *r;
    int n = 0;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        while ((r = h2_peer_request(&p)))
            (n++ ? say_hello : row->say)(&p, r);
    }
    h2_peer_fini(&p);
}

static void an_ending(void **state)
{
    const struct ending *row = *state;
    rig r = {.row = row};
    asked first, second;

    rig_open(&r, serve_ending, (ds_grpc_options){.answer_max = 64 * DS_MIB});
    first = ask(&r, "Do", "please", LONG_MS);
    if (row->answer) {
        assert_answer(&first, row->answer);
    } else {
        assert_failed(&first, row->status, true, row->text);
        assert_int_equal(first.err.kind, row->kind);
    }
    second = ask(&r, "Do", "please", LONG_MS); /* the connection goes on */
    assert_answer(&second, "hello");
    assert_int_equal(http_server_connections(r.server), 1);
    rig_close(&r);
}

static void the_first_detail_is_told(void **state)
{
    const struct ending row = {.say = say_no};
    rig r = {.row = &row};
    asked q;

    (void)state;
    rig_open(&r, serve_ending, (ds_grpc_options){0});
    q = ask(&r, "Do", "", LONG_MS);
    assert_string_equal(q.failure.detail_type, "Z");
    assert_int_equal(q.failure.detail_n, 0);
    assert_true(q.failure.answered);
    rig_close(&r);
}

/* ---- what is sent ---------------------------------------------------------------------------- */

static char seen[4096];
static bool key_is_hidden;

static void serve_seen(http_conn *c)
{
    h2_peer p;
    h2_request *r;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0) && (r = h2_peer_request(&p))) {
        memcpy(seen, r->headers, sizeof(r->headers));
        /* a field that is never indexed, its name that of the static table's 23rd entry */
        key_is_hidden = memmem(r->block, r->block_n, "\x1f\x08", 2);
        rig_tell(c->to);
        h2_peer_answer(&p, r->stream,
                       r->body_n == 5 + 3 && !memcmp(r->body, "\0\0\0\0\3abc", 8)
                           ? "as it should be"
                           : "another body");
        h2_peer_drain(&p);
    }
    h2_peer_fini(&p);
}

static void a_request_has_all_it_needs(void **state)
{
    static const ds_grpc_header own[] = {{"x-own", "1"}};
    ds_secret *key = ds_secret_new("key-4711", 8);
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_seen,
             (ds_grpc_options){.namespace_ = "main",
                               .api_key = key,
                               .authority = "a.example",
                               .headers = own,
                               .headers_n = 1});
    q = ask(&r, "PollWorkflowTaskQueue", "abc", 99000);
    assert_answer(&q, "as it should be");
    rig_await(&r, 1);
    assert_non_null(strstr(seen, ":method: POST\n:scheme: http\n:authority: a.example\n"));
    assert_non_null(strstr(
        seen, ":path: /temporal.api.workflowservice.v1.WorkflowService/PollWorkflowTaskQueue\n"));
    assert_non_null(strstr(seen, "te: trailers\ncontent-type: application/grpc\n"));
    assert_non_null(strstr(seen, "client-name: durable-sync-c\n"));
    assert_non_null(strstr(seen, "temporal-namespace: main\n"));
    assert_non_null(strstr(seen, "authorization: Bearer key-4711\n"));
    assert_non_null(strstr(seen, "x-own: 1\n"));
    assert_in_range(strtoll(strstr(seen, "grpc-timeout: ") + 14, NULL, 10), 1, 99000);
    assert_true(key_is_hidden);
    rig_close(&r);
    ds_secret_free(key);
}

static void another_service_is_a_whole_path(void **state)
{
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_seen, (ds_grpc_options){0});
    q = ask(&r, "/grpc.health.v1.Health/Check", "abc", LONG_MS);
    assert_answer(&q, "as it should be");
    rig_await(&r, 1);
    assert_non_null(strstr(seen, ":path: /grpc.health.v1.Health/Check\n"));
    assert_null(strstr(seen, "authorization"));
    assert_null(strstr(seen, "temporal-namespace"));
    rig_close(&r);
}

/* ---- large ones, windows --------------------------------------------------------------------- */

#define LARGE (5 * DS_MIB) /* more than a stream's window */

static void serve_echo(http_conn *c)
{
    h2_peer p;
    h2_request *r;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        while ((r = h2_peer_request(&p))) {
            uint32_t stream = r->stream;
            char *copy = ds_calloc(r->body_n, 1); /* requests move as new ones come */
            size_t n = r->body_n - 5;

            memcpy(copy, r->body + 5, n);
            h2_peer_headers(&p, stream, 0, ":status", "200", "content-type", "application/grpc",
                            NULL);
            h2_peer_message(&p, stream, copy, n);
            h2_peer_headers(&p, stream, H2_END_STREAM, "grpc-status", "0", NULL);
            free(copy);
        }
    }
    h2_peer_fini(&p);
}

static void large_messages_pass_both_ways(void **state)
{
    char *body = ds_arena_alloc(scratch, LARGE + 1);
    rig r = {0};
    asked q;

    (void)state;
    for (size_t i = 0; i < LARGE; i++)
        body[i] = (char)('a' + i % 23);
    body[LARGE] = '\0';
    rig_open(&r, serve_echo, (ds_grpc_options){0});
    q = ask(&r, "Echo", body, LONG_MS);
    if (!q.fine)
        fail_msg("%s", q.err.text);
    assert_int_equal(q.answer_n, LARGE);
    assert_memory_equal(q.answer, body, LARGE);
    rig_close(&r);
}

/* A refusal before the request has been read: what is left of it is not sent. */
static void serve_refusal_at_once(http_conn *c)
{
    h2_peer p;
    h2_request *r;

    h2_peer_init(&p, c);
    p.keep_windows = true;
    if (h2_peer_greet(&p, 0, 0)) {
        while (h2_peer_frame(&p) && p.frame.type != H2_HEADERS)
            continue;
        h2_peer_refuse(&p, p.frame.stream, "8", "grpc: received message larger than max", NULL);
        while (!p.resets && h2_peer_frame(&p))
            continue;
        h2_peer_send(&p, H2_WINDOW_UPDATE, 0, 0, "\0\0\377\377", 4);
        if ((r = h2_peer_request(&p)))
            h2_peer_answer(&p, r->stream, "hello");
        h2_peer_drain(&p);
    }
    h2_peer_fini(&p);
}

static void a_request_refused_unread_stops(void **state)
{
    char *body = ds_arena_alloc(scratch, DS_MIB + 1);
    rig r = {0};
    asked q;

    (void)state;
    memset(body, 'x', DS_MIB);
    body[DS_MIB] = '\0';
    rig_open(&r, serve_refusal_at_once, (ds_grpc_options){0});
    q = ask(&r, "Big", body, LONG_MS);
    assert_failed(&q, DS_GRPC_RESOURCE_EXHAUSTED, true, "larger than max");
    assert_int_equal(q.err.kind, DS_ERR_PERMANENT);
    q = ask(&r, "Small", "", LONG_MS);
    assert_answer(&q, "hello");
    rig_close(&r);
}

/* ---- deadlines ------------------------------------------------------------------------------- */

/* "Late": the server ends it itself, when its time has come. "Never": nobody does. */
static void serve_late(http_conn *c)
{
    h2_peer p;
    h2_request *r;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        while ((r = h2_peer_request(&p))) {
            if (strstr(r->path, "/Late")) {
                (void)poll(NULL, 0, 110); /* the server's own timer */
                h2_peer_reset(&p, r->stream, 8);
            } else if (strstr(r->path, "/Never")) {
                while (p.reset_stream != r->stream && h2_peer_frame(&p))
                    continue;
                if (p.reset_code == 8)
                    rig_tell(c->to);
            } else {
                h2_peer_answer(&p, r->stream, "hello");
            }
        }
    }
    h2_peer_fini(&p);
}

static void deadlines_come(void **state)
{
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_late, (ds_grpc_options){0});
    q = ask_sent(&r, "Late", 100);
    assert_failed(&q, DS_GRPC_DEADLINE_EXCEEDED, true, "no answer in time");
    q = ask_sent(&r, "Never", 50);
    assert_failed(&q, DS_GRPC_DEADLINE_EXCEEDED, true, "no answer in time");
    assert_int_equal(q.err.kind, DS_ERR_TRANSIENT);
    rig_await(&r, 1); /* the server has been told */
    q = ask(&r, "Do", "", LONG_MS);
    assert_answer(&q, "hello");
    rig_close(&r);
}

/* ---- many at once ---------------------------------------------------------------------------- */

#define MANY 50

/* Answers none before all are there, and the last one first. */
static void serve_all_at_once(http_conn *c)
{
    h2_peer p;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        for (int i = 0; i < MANY && h2_peer_request(&p); i++)
            continue;
        for (size_t i = p.open_n; i > 0; i--) {
            char text[8] = "";

            memcpy(text, p.open[i - 1].body + 5, DS_MIN(p.open[i - 1].body_n - 5, (size_t)7));
            h2_peer_answer(&p, p.open[i - 1].stream, text);
        }
        h2_peer_drain(&p);
    }
    h2_peer_fini(&p);
}

static void fifty_calls_at_once_on_one_connection(void **state)
{
    static char bodies[MANY][8];
    rig r = {0};
    asked *all[MANY];

    (void)state;
    rig_open(&r, serve_all_at_once, (ds_grpc_options){0});
    for (int i = 0; i < MANY; i++) {
        snprintf(bodies[i], sizeof(bodies[i]), "%d", i);
        all[i] = ask_begin(&r, "Poll", bodies[i], LONG_MS);
    }
    for (int i = 0; i < MANY; i++) {
        ask_end(all[i]);
        assert_answer(all[i], bodies[i]);
        ask_free(all[i]);
    }
    assert_int_equal(http_server_connections(r.server), 1);
    rig_close(&r);
}

/* Two at a time: a third one that comes would be refused. */
static void serve_two(http_conn *c)
{
    h2_peer p;
    size_t answered = 0;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 3, 2)) {
        while (h2_peer_request(&p)) {
            if (p.open_n - answered > 2)
                abort();
            if (p.open_n - answered == 2)
                h2_peer_answer(&p, p.open[answered++].stream, "hello");
            if (p.open_n == 7) /* nobody comes any more */
                h2_peer_answer(&p, p.open[answered++].stream, "hello");
        }
    }
    h2_peer_fini(&p);
}

static void the_servers_limit_is_kept(void **state)
{
    rig r = {0};
    asked *all[7];

    (void)state;
    rig_open(&r, serve_two, (ds_grpc_options){0});
    for (size_t i = 0; i < DS_COUNT(all); i++)
        all[i] = ask_begin(&r, "Do", "", LONG_MS);
    for (size_t i = 0; i < DS_COUNT(all); i++) {
        ask_end(all[i]);
        assert_answer(all[i], "hello");
        ask_free(all[i]);
    }
    rig_close(&r);
}

/* ---- a key that is no longer taken ----------------------------------------------------------- */

static atomic_int looks;

static ds_secret *newer_key(const void *of)
{
    atomic_fetch_add(&looks, 1);
    return of ? ds_secret_new(of, strlen(of)) : NULL;
}

/* Takes the new key alone. */
static void serve_new_key(http_conn *c)
{
    h2_peer p;
    h2_request *r;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        while ((r = h2_peer_request(&p))) {
            if (strstr(r->headers, "authorization: Bearer new\n"))
                h2_peer_answer(&p, r->stream, "hello");
            else
                h2_peer_refuse(&p, r->stream, "16", "expired: old, Bearer old", NULL);
        }
    }
    h2_peer_fini(&p);
}

static void a_key_that_was_renewed_is_read_again(void **state)
{
    ds_secret *key = ds_secret_new("old", 3);
    rig r = {0};
    asked *all[8], q;

    (void)state;
    atomic_store(&looks, 0);
    rig_open(&r, serve_new_key,
             (ds_grpc_options){.api_key = key, .key_now = newer_key, .key_of = "new"});
    for (size_t i = 0; i < DS_COUNT(all); i++)
        all[i] = ask_begin(&r, "Do", "", LONG_MS);
    for (size_t i = 0; i < DS_COUNT(all); i++) {
        ask_end(all[i]);
        assert_answer(all[i], "hello");
        ask_free(all[i]);
    }
    q = ask(&r, "Do", "", LONG_MS);
    assert_answer(&q, "hello");
    assert_int_equal(atomic_load(&looks), 1);
    rig_close(&r);
    ds_secret_free(key);
}

static void one_that_was_not_is_told(void **state)
{
    static const char *const keys[] = {NULL, "old", "other", "bro ken"};
    ds_secret *key = ds_secret_new("old", 3);

    (void)state;
    for (size_t i = 0; i < DS_COUNT(keys); i++) {
        rig r = {0};
        asked q;

        atomic_store(&looks, 0);
        rig_open(&r, serve_new_key,
                 (ds_grpc_options){.api_key = key, .key_now = newer_key, .key_of = keys[i]});
        for (int j = 0; j < 3; j++) {
            q = ask(&r, "Do", "", LONG_MS);
            assert_failed(&q, DS_GRPC_UNAUTHENTICATED, true,
                          "refused the API key: expired: [secret], Bearer [secret]");
            assert_int_equal(q.err.kind, DS_ERR_AUTH);
        }
        assert_int_equal(atomic_load(&looks), 1); /* within the minute */
        rig_close(&r);
    }
    ds_secret_free(key);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void settings_that_cannot_be(void **state)
{
    ds_secret *key = ds_secret_new("k", 1), *broken = ds_secret_new("k\n", 2);
    ds_grpc_header bad = {"Upper", "1"}, own = {"grpc-timeout", "1S"}, split = {"x", "a\r\nb: c"};
    const struct {
        ds_grpc_options options;
        const char *text;
    } rows[] = {
        {{.address = "nowhere:port"}, "\"nowhere:port\" is no address"},
        {{.address = "192.0.2.1", .api_key = key}, "in plain text"},
        {{.address = "localhost", .api_key = broken}, "line break"},
        {{.address = "localhost", .headers = &bad, .headers_n = 1}, "\"Upper\""},
        {{.address = "localhost", .headers = &own, .headers_n = 1}, "\"grpc-timeout\""},
        {{.address = "localhost", .headers = &split, .headers_n = 1}, "\"x\""},
        {{.address = "localhost", .namespace_ = "a\nb"}, "control character"},
        {{.address = "localhost", .tls = true, .ca_file = "/nowhere/ca.pem"}, "/nowhere/ca.pem"},
        {{.address = "localhost", .tls = true, .ca_file = "/dev/null"}, "no certificate"},
        {{.address = "localhost", .tls = true, .ca_data = key}, "no certificate"},
        {{.address = "localhost", .tls = true, .cert_file = "/dev/null"}, "without its key"},
        {{.address = "localhost", .tls = true, .key_data = key}, "without its certificate"},
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        ds_err err = DS_ERR_INIT;

        assert_null(ds_grpc_open(&rows[i].options, &err));
        assert_int_equal(err.kind, DS_ERR_CONFIG);
        if (!strstr(err.text, rows[i].text))
            fail_msg("%s", err.text);
    }
    ds_secret_free(key);
    ds_secret_free(broken);
}

int main(void)
{
    add_table(endings, an_ending);
    add_test(the_first_detail_is_told);
    add_test(a_request_has_all_it_needs);
    add_test(another_service_is_a_whole_path);
    add_test(large_messages_pass_both_ways);
    add_test(a_request_refused_unread_stops);
    add_test(deadlines_come);
    add_test(fifty_calls_at_once_on_one_connection);
    add_test(the_servers_limit_is_kept);
    add_test(a_key_that_was_renewed_is_read_again);
    add_test(one_that_was_not_is_told);
    add_test(settings_that_cannot_be);
    return run_tests("grpc");
}
