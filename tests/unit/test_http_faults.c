/* tests/unit/test_http_faults.c - servers that break off, stall, lie and overwhelm. */
#include "http_rig.h"

/* ---- what must not be done twice --------------------------------------------------------------
 */

/* Takes the second request on a kept connection, does it, and hangs up without a word. */
static void apply_and_hang_up(http_conn *c)
{
    while (http_conn_read(c)) {
        if (c->request == 2)
            return;
        http_conn_answer(c, 200, "", "{}");
    }
}

static void a_create_whose_connection_dies_is_sent_once(void **state)
{
    http_rig *rig = rig_new(apply_and_hang_up, NULL, false);
    ds_http_request first = get("/"), req = create("{\"key\":1}");

    (void)state;
    assert_true(rig_send(rig, &first, 1));
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(http_server_requests(rig->server), 2);
    assert_int_equal(req.fate, DS_HTTP_UNKNOWN);
    assert_int_equal(req.err.kind, DS_ERR_TRANSIENT);
    assert_int_equal(req.status, 0);
    rig_free(rig);
}

static void a_write_without_a_body_is_sent_once_too(void **state)
{
    http_rig *rig = rig_new(apply_and_hang_up, NULL, false);
    ds_http_request first = get("/"), req = get("/run");

    (void)state;
    req.method = "POST";
    req.repeatable = false;
    assert_true(rig_send(rig, &first, 1));
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(http_server_requests(rig->server), 2);
    assert_int_equal(req.fate, DS_HTTP_UNKNOWN);
    rig_free(rig);
}

static void an_update_whose_connection_dies_is_sent_again(void **state)
{
    http_rig *rig = rig_new(apply_and_hang_up, NULL, false);
    ds_http_request first = get("/"), req = create("{\"stars\":1}");

    (void)state;
    req.method = "PATCH";
    req.repeatable = true;
    assert_true(rig_send(rig, &first, 1));
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(http_server_requests(rig->server), 3);
    assert_int_equal(req.fate, DS_HTTP_ANSWERED);
    assert_int_equal(req.err.kind, DS_ERR_NONE);
    rig_free(rig);
}

typedef struct ending {
    const char *name;
    http_serve serve;
    bool may_be_done; /* a create may have been applied */
    bool hangs;
} ending;

static void reset_before_reading(http_conn *c)
{
    char byte;

    (void)!read(c->fd, &byte, 1); /* of a body larger than what a socket takes at once */
    http_conn_reset(c);
}

static void reset_after_reading(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_reset(c);
}

static void half_a_head(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_say(c, "HTTP/1.1 200 OK\r\nContent-Le");
}

static void half_a_body(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":");
}

static void half_a_chunk(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_say(
            c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n{\"id\":\r\n9\r\n1");
}

static void garbage(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_say(c, "\x16\x03\x01\x02 this is no HTTP at all\r\n\r\n");
}

static void no_more_than_100(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_say(c, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void no_more_than_103(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_say(c, "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n");
}

static void say_nothing(http_conn *c)
{
    if (http_conn_read(c))
        http_conn_hang(c);
}

static void half_and_silence(http_conn *c)
{
    if (!http_conn_read(c))
        return;
    http_conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{");
    http_conn_hang(c);
}

static void fail_inside(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 500, "", "oops");
}

static void time_out_inside(http_conn *c)
{
    while (http_conn_read(c))
        http_conn_answer(c, 408, "", "");
}

static const ending endings[] = {
    {"reset before the body was out", reset_before_reading, false, false},
    {"reset after the request", reset_after_reading, true, false},
    {"half a head", half_a_head, true, false},
    {"half a body", half_a_body, true, false},
    {"half a chunk", half_a_chunk, true, false},
    {"garbage in place of HTTP", garbage, true, false},
    {"100, and no more", no_more_than_100, true, false},
    {"103, and no more", no_more_than_103, true, false},
    {"silence", say_nothing, true, true},
    {"a body that does not come to its end", half_and_silence, true, true},
    {"500", fail_inside, true, false},
    {"408", time_out_inside, true, false},
};

static void a_create_that_ends_badly(void **state)
{
    const ending *row = *state;
    http_rig *rig = rig_new(row->serve, NULL, false);
    char *large = ds_arena_alloc(scratch, 32 * DS_MIB + 1); /* no socket takes that at once */
    ds_http_request req;

    memset(large, ' ', 32 * DS_MIB);
    large[32 * DS_MIB] = '\0';
    req = row->may_be_done ? create("{\"a\":1}") : create(large);
    req.timeout_ms = row->hangs ? 1500 : 0;
    if (row->may_be_done) {
        assert_true(rig_send(rig, &req, 1));
        assert_int_equal(req.fate, DS_HTTP_UNKNOWN);
        assert_true(http_server_requests(rig->server) == 1 || row->hangs); /* or not yet */
    } else {
        (void)!rig_send(rig, &req, 1);
        assert_int_equal(req.fate, DS_HTTP_NOT_SENT);
        assert_int_equal(http_server_requests(rig->server), 0);
    }
    assert_int_equal(req.err.kind, DS_ERR_TRANSIENT);
    assert_true(strlen(req.err.text) > 10);
    rig_free(rig);
}

static void fail_twice(http_conn *c)
{
    while (http_conn_read(c)) {
        if (c->request == 1) {
            http_conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[");
            return;
        }
        if (c->request == 2)
            http_conn_answer(c, 502, "", "<html>");
        else
            http_conn_answer(c, 200, "", "[1]");
    }
}

static void a_read_is_tried_again(void **state)
{
    http_rig *rig = rig_new(fail_twice, NULL, false);
    ds_http_request req = get("/");

    (void)state;
    assert_true(rig_send(rig, &req, 1));
    assert_int_equal(http_server_requests(rig->server), 3);
    assert_string_equal(req.answer.body, "[1]");
    assert_int_equal(req.err.kind, DS_ERR_NONE);
    assert_int_equal(rig->act.calls, 3);
    rig_free(rig);
}

static void a_host_that_only_fails_is_left_alone(void **state)
{
    http_rig *rig = rig_new(fail_inside, &(ds_http_setup){.in_flight = 4}, false);
    ds_http_request reqs[40];

    (void)state;
    for (size_t i = 0; i < DS_COUNT(reqs); i++)
        reqs[i] = create("{}");
    assert_false(rig_send(rig, reqs, DS_COUNT(reqs)));
    assert_int_equal(rig->err.kind, DS_ERR_TRANSIENT);
    assert_int_equal(rig->err.http_status, 500);
    assert_in_range(http_server_requests(rig->server), 3, 6);
    assert_int_equal(reqs[0].fate, DS_HTTP_UNKNOWN);
    assert_int_equal(reqs[39].fate, DS_HTTP_NOT_SENT);
    rig_free(rig);
}

static void nobody_listens(void **state)
{
    http_rig *rig = rig_new(fail_inside, NULL, false);
    ds_http_request reqs[] = {create("{}"), create("{}")};

    (void)state;
    http_server_free(rig->server);
    rig->server = NULL;
    assert_false(rig_send(rig, reqs, 2));
    assert_int_equal(rig->err.kind, DS_ERR_TRANSIENT);
    assert_int_equal(reqs[0].fate, DS_HTTP_NOT_SENT);
    assert_int_equal(reqs[1].fate, DS_HTTP_NOT_SENT);
    rig_free(rig);
}

/* Does it, says nothing, and is gone. */
static void apply_and_vanish(http_conn *c)
{
    if (http_conn_read(c))
        http_server_vanish(c->server);
}

static void an_update_that_was_perhaps_done_is_not_called_unsent(void **state)
{
    http_rig *rig = rig_new(apply_and_vanish, NULL, false);
    ds_http_request reqs[] = {create("{}"), create("{}")};

    (void)state;
    reqs[0].method = reqs[1].method = "PATCH";
    reqs[0].repeatable = reqs[1].repeatable = true;
    assert_false(rig_send(rig, reqs, 2));
    assert_int_equal(rig->err.kind, DS_ERR_TRANSIENT);
    assert_int_equal(reqs[0].fate, DS_HTTP_UNKNOWN);
    assert_int_equal(reqs[1].fate, DS_HTTP_NOT_SENT);
    rig_free(rig);
}

/* ---- too much ----------------------------------------------------------------------------------
 */

static void endless(http_conn *c)
{
    char block[4096];

    if (!http_conn_read(c))
        return;
    memset(block, 'x', sizeof(block));
    http_conn_say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 1000; i++) {
        http_conn_say(c, "1000\r\n");
        http_conn_write(c, block, sizeof(block));
        http_conn_say(c, "\r\n");
    }
    http_conn_hang(c);
}

/* Four MiB of zeros, packed a thousand times. */
static void bomb(http_conn *c)
{
    char packed[8192];
    FILE *file = fopen(TEST_DATA "/http/zeros.gz", "re");
    size_t n = file ? fread(packed, 1, sizeof(packed), file) : 0;

    if (file)
        fclose(file);
    if (!n || !http_conn_read(c))
        return;
    http_conn_say(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", n);
    http_conn_write(c, packed, n);
    http_conn_hang(c);
}

static void endless_headers(http_conn *c)
{
    if (!http_conn_read(c))
        return;
    http_conn_say(c, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 20000; i++)
        http_conn_say(c, "X-%d: a header among many\r\n", i);
    http_conn_hang(c);
}

static void one_long_header(http_conn *c)
{
    char block[4096];

    if (!http_conn_read(c))
        return;
    memset(block, 'x', sizeof(block));
    http_conn_say(c, "HTTP/1.1 200 OK\r\nX: ");
    for (int i = 0; i < 64; i++)
        http_conn_write(c, block, sizeof(block));
    http_conn_hang(c);
}

static const struct too_much {
    const char *name;
    http_serve serve;
    const char *text;
} too_much[] = {
    {"a body beyond its cap", endless, "larger than 1024 KiB"},
    {"a bomb", bomb, "packed more than 200 times"},
    {"headers without end", endless_headers, "KiB of headers"},
    {"one header without end", one_long_header, ""},
};

static void too_much_is_refused(void **state)
{
    const struct too_much *row = *state;
    http_rig *rig = rig_new(row->serve, NULL, false);
    ds_http_request req = get("/");

    req.answer_max = strstr(row->name, "bomb") ? 0 : DS_MIB;
    (void)!rig_send(rig, &req, 1);
    assert_true(req.err.kind == DS_ERR_PERMANENT || !*row->text);
    assert_non_null(strstr(req.err.text, row->text));
    assert_int_equal(req.answer.body_n, 0);
    rig_free(rig);
}

/* ---- what cannot be sent -----------------------------------------------------------------------
 */

static const struct bad_path {
    const char *name, *path;
} bad_paths[] = {
    {"a line break", "/a\r\nX: 1"},
    {"a blank", "/a b"},
    {"a letter beyond ASCII", "/\xc3\xa4"},
    {"a fragment", "/a#b"},
    {"a backslash", "/a\\b"},
    {"climbing", "/repos/../admin"},
    {"climbing at the end", "/repos/.."},
    {"climbing in disguise", "/repos/%2E%2e/admin"},
    {"standing still", "/repos/./admin"},
    {"no path", "repos"},
    {"another host", "http://evil.test/x"},
    {"another port", "http://127.0.0.1:1/x"},
    {"another scheme", "https://127.0.0.1/x"},
    {"a user", "http://user@127.0.0.1/x"},
    {"another scheme altogether", "file:///etc/passwd"},
    {"no scheme", "//evil.test/x"},
};

static void a_path_that_is_none(void **state)
{
    const struct bad_path *row = *state;
    http_rig *rig = rig_new(fail_inside, NULL, true);
    ds_http_request req = get(row->path);

    if (strcmp(row->name, "no scheme") == 0) { /* a path like any other, at our host */
        req.repeatable = false;
        req.method = "POST";
        (void)!rig_send(rig, &req, 1);
        assert_int_equal(http_server_requests(rig->server), 1);
    } else {
        assert_true(rig_send(rig, &req, 1));
        assert_int_equal(req.err.kind, DS_ERR_PERMANENT);
        assert_int_equal(http_server_requests(rig->server), 0);
        assert_int_equal(http_server_connections(rig->server), 0);
    }
    rig_free(rig);
}

static void a_header_that_is_none(void **state)
{
    static const ds_http_header bad[] = {
        {"X-Key", "a\r\nX: 1"}, {"X-Key", "a\nb"}, {"X Key", "1"},      {"", "1"},
        {"X-Key:", "1"},        {"X-Key", "\x01"}, {"X-\xc3\xa4", "1"},
    };
    http_rig *rig = rig_new(fail_inside, NULL, false);

    (void)state;
    for (size_t i = 0; i < DS_COUNT(bad); i++) {
        ds_http_request req = get("/");
        ds_http_setup setup = {.settings = &rig->settings, .headers = &bad[i], .headers_n = 1};

        req.headers = &bad[i];
        req.headers_n = 1;
        assert_true(rig_send(rig, &req, 1));
        assert_int_equal(req.err.kind, DS_ERR_PERMANENT);
        assert_null(ds_http_open(&rig->act, &setup, &rig->err));
        assert_int_equal(rig->err.kind, DS_ERR_CONFIG);
    }
    assert_int_equal(http_server_connections(rig->server), 0);
    rig_free(rig);
}

int main(void)
{
    add_test(a_create_whose_connection_dies_is_sent_once);
    add_test(a_write_without_a_body_is_sent_once_too);
    add_test(an_update_whose_connection_dies_is_sent_again);
    add_table(endings, a_create_that_ends_badly);
    add_test(a_read_is_tried_again);
    add_test(a_host_that_only_fails_is_left_alone);
    add_test(nobody_listens);
    add_test(an_update_that_was_perhaps_done_is_not_called_unsent);
    add_table(too_much, too_much_is_refused);
    add_table(bad_paths, a_path_that_is_none);
    add_test(a_header_that_is_none);
    return run_tests("http faults");
}
