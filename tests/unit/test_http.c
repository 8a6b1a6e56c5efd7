/* tests/unit/test_http.c - requests and answers with a server that means well. */
#include "http_rig.h"

#include <pthread.h>

static void echo(http_conn *c)
{
    while (http_conn_read(c)) {
        DS_AUTO_BUF(body, DS_MIB);

        ds_buf_printf(&body, "%s|%s", c->head, c->body);
        http_conn_answer(c, 200, "X-One: 1\r\nx-two:\t 2  \r\n", body.data);
    }
}

static void an_answer_comes_with_status_headers_and_body(void **state)
{
    http_rig *rig = rig_new(echo, NULL, false);
    ds_http_request req = get("/a?b=c%20d");

    (void)state;
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(req.fate, DS_HTTP_ANSWERED);
    assert_int_equal(req.status, 200);
    assert_int_equal(req.err.kind, DS_ERR_NONE);
    assert_string_equal(ds_http_header_of(&req.answer, "X-ONE"), "1");
    assert_string_equal(ds_http_header_of(&req.answer, "X-Two"), "2");
    assert_null(ds_http_header_of(&req.answer, "x-three"));
    assert_memory_equal(req.answer.body, "GET /a?b=c%20d HTTP/1.1\r\n", 25);
    assert_non_null(strstr(req.answer.body, "\r\nUser-Agent: durable-sync/"));
    assert_non_null(strstr(req.answer.body, "\r\nAccept: application/json\r\n"));
    assert_null(strstr(req.answer.body, "Authorization"));
    assert_int_equal(rig->act.calls, 1);
    rig_free(rig);
}

static void a_body_goes_out_whole_and_headers_replace_the_clients(void **state)
{
    const ds_http_header of_client[] = {{"X-Version", "1"}, {"X-Empty", ""}};
    const ds_http_header own[] = {{"x-version", "2"}, {"Content-Type", "text/plain"}};
    http_rig *rig = rig_new(echo, &(ds_http_setup){.headers = of_client, .headers_n = 2}, true);
    DS_AUTO_BUF(large, DS_MIB);
    ds_http_request reqs[2];

    (void)state;
    while (large.n < 300 * DS_KIB)
        ds_buf_printf(&large, "%zu,", large.n);
    reqs[0] = create("{\"a\":1}");
    reqs[1] = create(large.data);
    reqs[1].method = "PATCH";
    reqs[1].headers = own;
    reqs[1].headers_n = 2;
    assert_true(rig_send(rig, reqs, 2));
    assert_non_null(strstr(reqs[0].answer.body, "POST /pages HTTP/1.1\r\n"));
    assert_non_null(strstr(reqs[0].answer.body, "\r\nX-Version: 1\r\n"));
    assert_non_null(strstr(reqs[0].answer.body, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(reqs[0].answer.body, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(reqs[0].answer.body, "\r\nAuthorization: Bearer " RIG_TOKEN));
    assert_non_null(strstr(reqs[0].answer.body, "\r\n\r\n|{\"a\":1}"));
    assert_non_null(strstr(reqs[1].answer.body, "PATCH /pages HTTP/1.1\r\n"));
    assert_non_null(strstr(reqs[1].answer.body, "\r\nx-version: 2\r\n"));
    assert_null(strstr(reqs[1].answer.body, "X-Version: 1"));
    assert_non_null(strstr(reqs[1].answer.body, "\r\nContent-Type: text/plain\r\n"));
    assert_string_equal(strchr(reqs[1].answer.body, '|') + 1, large.data);
    assert_int_equal(http_server_connections(rig->server), 1);
    rig_free(rig);
}

static void methods_without_a_body(void **state)
{
    static const char *const methods[] = {"DELETE", "POST", "HEAD", "GET"};
    http_rig *rig = rig_new(echo, NULL, false);

    (void)state;
    for (size_t i = 0; i < DS_COUNT(methods); i++) {
        ds_http_request req = get("/x");

        req.method = methods[i];
        if (strcmp(methods[i], "HEAD") == 0)
            req.timeout_ms = 1000; /* echo sends a body that is none: the connection is given up */
        assert_true(rig_send(rig, &req, 1));
        assert_int_equal(req.status, 200);
        if (strcmp(methods[i], "HEAD") != 0)
            assert_memory_equal(req.answer.body, methods[i], strlen(methods[i]));
    }
    rig_free(rig);
}

static void answer_when_eight_are_here(http_conn *c)
{
    while (http_conn_read(c)) {
        http_server_wait(c->server, c->request <= 8 ? 8 : c->request);
        http_conn_answer(c, 200, "", c->head);
    }
}

static void many_are_in_flight_at_once(void **state)
{
    http_rig *rig = rig_new(answer_when_eight_are_here, &(ds_http_setup){.in_flight = 8}, false);
    ds_http_request reqs[24];

    (void)state;
    for (size_t i = 0; i < DS_COUNT(reqs); i++)
        reqs[i] = get(ds_arena_printf(scratch, "/%zu", i));
    assert_true(rig_send(rig, reqs, DS_COUNT(reqs)));
    for (size_t i = 0; i < DS_COUNT(reqs); i++) {
        char line[32];

        snprintf(line, sizeof(line), "GET /%zu HTTP", i);
        assert_memory_equal(reqs[i].answer.body, line, strlen(line));
    }
    assert_int_equal(http_server_connections(rig->server), 8);
    assert_int_equal(http_server_requests(rig->server), 24);
    rig_free(rig);
}

static void refuse_first_token(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 401, "", "{\"message\":\"Bad credentials\"}");
}

static void a_dead_token_is_tried_once(void **state)
{
    http_rig *rig = rig_new(refuse_first_token, &(ds_http_setup){.in_flight = 8}, true);
    ds_http_request reqs[8];

    (void)state;
    for (size_t i = 0; i < DS_COUNT(reqs); i++)
        reqs[i] = get("/x");
    assert_false(rig_send(rig, reqs, DS_COUNT(reqs)));
    assert_int_equal(rig->err.kind, DS_ERR_AUTH);
    assert_int_equal(rig->err.http_status, 401);
    assert_int_equal(http_server_requests(rig->server), 1);
    assert_int_equal(reqs[0].fate, DS_HTTP_ANSWERED);
    assert_int_equal(reqs[7].fate, DS_HTTP_NOT_SENT);
    rig_free(rig);
}

static void redirects(http_conn *c)
{
    static const char *const to[] = {"/a", "/b?x=1", "../c/./d"};
    char header[64];

    while (http_conn_read(c)) {
        if (c->request <= 3) {
            snprintf(header, sizeof(header), "Location: %s\r\n", to[c->request - 1]);
            http_conn_answer(c, 301, header, "moved");
        } else {
            http_conn_answer(c, 200, "", c->head);
        }
    }
}

static void a_redirect_at_the_same_host_is_followed(void **state)
{
    http_rig *rig = rig_new(redirects, NULL, true);
    ds_http_request req = get("/start");

    (void)state;
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(req.status, 200);
    assert_memory_equal(req.answer.body, "GET /c/d HTTP", 13);
    rig_free(rig);
}

static void redirect_for_ever(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 302, "Location: /again\r\n", "");
}

static void redirects_end_and_writes_follow_none(void **state)
{
    http_rig *rig = rig_new(redirect_for_ever, NULL, false);
    ds_http_request req = get("/start"), post = create("{}");

    (void)state;
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(req.err.kind, DS_ERR_PERMANENT);
    assert_int_equal(req.status, 302);
    assert_int_equal(http_server_requests(rig->server), 4);
    assert_true(rig_send(rig, &post, 1));
    assert_int_equal(post.err.kind, DS_ERR_PERMANENT);
    assert_int_equal(http_server_requests(rig->server), 5);
    rig_free(rig);
}

static void lead_away(http_conn *c)
{
    static const char *const to[] = {"http://localhost:1/x", "https://127.0.0.1/x", "//evil.test/x",
                                     "ftp://127.0.0.1/x", "http://u:p@127.0.0.1/x"};
    char header[64];

    while (http_conn_read(c)) {
        snprintf(header, sizeof(header), "Location: %s\r\n", to[(c->request - 1) % 5]);
        http_conn_answer(c, 302, header, "");
    }
}

static void a_redirect_to_another_host_is_not_followed(void **state)
{
    http_rig *rig = rig_new(lead_away, NULL, true);

    (void)state;
    for (int i = 1; i <= 5; i++) {
        ds_http_request req = get("/start");

        assert_true(rig_send(rig, &req, 1));
        assert_int_equal(req.err.kind, DS_ERR_PERMANENT);
        assert_int_equal(http_server_requests(rig->server), i);
    }
    rig_free(rig);
}

static void json_or_a_login_page(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 200,
                         "Link: <http://h/2?page=2>; rel=\"next\", <http://h/9>; rel=last\r\n",
                         http_conn_has(c, "GET /json") ? "{\"a\": [1]}" : "<html>Log in</html>");
}

static void an_answer_is_json_or_an_error(void **state)
{
    http_rig *rig = rig_new(json_or_a_login_page, NULL, false);
    ds_http_request good = get("/json"), page = get("/page?secret=1");
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(rig_send(rig, &good, 1));
    assert_int_equal(ds_json_size(ds_json_get(ds_http_json(&rig->act, &good, &err), "a")), 1);
    assert_string_equal(ds_http_link(&good.answer, "next", scratch), "http://h/2?page=2");
    assert_string_equal(ds_http_link(&good.answer, "last", scratch), "http://h/9");
    assert_null(ds_http_link(&good.answer, "prev", scratch));
    assert_true(rig_send(rig, &page, 1));
    assert_null(ds_http_json(&rig->act, &page, &err));
    assert_int_equal(err.kind, DS_ERR_TRANSIENT);
    assert_non_null(strstr(err.text, "GET /page: the answer is no JSON"));
    assert_null(strstr(err.text, "secret"));
    rig_free(rig);
}

static void judge_by_body(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *v)
{
    if (strstr(answer->body, "disabled"))
        v->sign = DS_HTTP_AUTH;
    if (strstr(answer->body, "gone"))
        v->sign = DS_HTTP_FINE;
    v->text = ds_arena_printf(a, "it said \"%s\"", answer->body);
}

static void say_path(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 403, "",
                         http_conn_has(c, "/disabled") ? "disabled"
                         : http_conn_has(c, "/gone")   ? "gone"
                         : http_conn_has(c, "/token")  ? strstr(c->head, "Bearer ")
                                                       : "for\x01"
                                                         "bidden\x1b[2J\n");
}

static void a_judge_reads_the_apis_own_signs(void **state)
{
    http_rig *rig = rig_new(say_path, &(ds_http_setup){.judge = judge_by_body}, true);
    ds_http_request reqs[] = {get("/gone"), get("/x?q=1"), get("/token"), get("/disabled"),
                              get("/never")};

    (void)state;
    assert_false(rig_send(rig, reqs, 5));
    assert_int_equal(rig->err.kind, DS_ERR_AUTH);
    assert_int_equal(reqs[0].err.kind, DS_ERR_NONE);
    assert_int_equal(reqs[1].err.kind, DS_ERR_PERMANENT);
    assert_int_equal(reqs[1].err.http_status, 403);
    assert_string_equal(reqs[1].err.text, "GET /x: HTTP 403: it said \"for bidden [2J \"");
    assert_null(strstr(reqs[2].err.text, RIG_TOKEN));
    assert_non_null(strstr(reqs[2].err.text, "Bearer ****"));
    assert_int_equal(reqs[4].fate, DS_HTTP_NOT_SENT);
    rig_free(rig);
}

static void the_credentials_schemes(void **state)
{
    static const struct {
        ds_http_scheme scheme;
        const char *header, *token, *line;
    } rows[] = {
        {DS_HTTP_BEARER, NULL, "abc", "\r\nAuthorization: Bearer abc\r\n"},
        {DS_HTTP_BASIC, NULL, "Aladdin:open sesame",
         "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"},
        {DS_HTTP_BASIC, NULL, "a:b", "\r\nAuthorization: Basic YTpi\r\n"},
        {DS_HTTP_BASIC, NULL, "a:bc", "\r\nAuthorization: Basic YTpiYw==\r\n"},
        {DS_HTTP_OWN, "X-Api-Key", "abc", "\r\nX-Api-Key: abc\r\n"},
    };
    http_rig *rig = rig_new(echo, NULL, false);

    (void)state;
    for (size_t i = 0; i < DS_COUNT(rows); i++) {
        ds_secret *token = ds_secret_new(rows[i].token, strlen(rows[i].token));
        ds_http_setup setup = {.settings = &rig->settings,
                               .token = token,
                               .scheme = rows[i].scheme,
                               .token_header = rows[i].header};
        ds_http_request req = get("/");
        ds_http *http = ds_http_open(&rig->act, &setup, &rig->err);

        assert_non_null(http);
        assert_true(ds_http_send(http, &rig->act, &req, 1, &rig->err));
        assert_non_null(strstr(req.answer.body, rows[i].line));
        ds_http_close(http);
        ds_secret_free(token);
    }
    rig_free(rig);
}

/* ---- one credential, many threads --------------------------------------------------------------
 */

enum { THREADS = 4, EACH = 25 };

static void *send_some(void *arg)
{
    http_rig *rig = arg;
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_activity act = {.arena = a, .clock = ds_clock_system(), .route = "shared"};
    ds_http_setup setup = {.settings = &rig->settings, .token = rig->token, .in_flight = 2};
    ds_http_request reqs[EACH];
    ds_err err = DS_ERR_INIT;
    ds_http *http = ds_http_open(&act, &setup, &err);
    uintptr_t well = 0;

    for (size_t i = 0; i < EACH; i++)
        reqs[i] = get("/x");
    if (http && ds_http_send(http, &act, reqs, EACH, &err)) {
        for (size_t i = 0; i < EACH; i++)
            well += reqs[i].status == 200;
    }
    ds_http_close(http);
    return (void *)well;
}

static void threads_with_one_credential(void **state)
{
    http_rig *rig = rig_new(echo, NULL, true);
    pthread_t threads[THREADS];
    void *well;

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_some, rig), 0);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &well);
        assert_int_equal((uintptr_t)well, EACH);
    }
    assert_int_equal(http_server_requests(rig->server), THREADS * EACH);
    rig_free(rig);
}

int main(void)
{
    add_test(an_answer_comes_with_status_headers_and_body);
    add_test(a_body_goes_out_whole_and_headers_replace_the_clients);
    add_test(methods_without_a_body);
    add_test(many_are_in_flight_at_once);
    add_test(a_dead_token_is_tried_once);
    add_test(a_redirect_at_the_same_host_is_followed);
    add_test(redirects_end_and_writes_follow_none);
    add_test(a_redirect_to_another_host_is_not_followed);
    add_test(an_answer_is_json_or_an_error);
    add_test(a_judge_reads_the_apis_own_signs);
    add_test(the_credentials_schemes);
    add_test(threads_with_one_credential);
    return run_tests("http");
}
