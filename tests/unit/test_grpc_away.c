/* tests/unit/test_grpc_away.c - nobody is there, somebody else is, or one that takes no calls. */
#include "grpc_rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a server that takes no calls ------------------------------------------------------------ */

/* None takes a call, as where a proxy is on its way out. */
static void serve_none(http_conn *c)
{
    h2_peer p;

    h2_peer_init(&p, c);
    if (h2_peer_greet(&p, 0, 0)) {
        h2_peer_goaway(&p, 0, 0, "draining");
        h2_peer_drain(&p);
    }
    h2_peer_fini(&p);
}

static void a_command_does_not_storm_a_server_that_takes_no_calls(void **state)
{
    rig r = {0};
    asked q;

    (void)state;
    rig_open(&r, serve_none, (ds_grpc_options){.fail_fast = true});
    q = ask(&r, "Do", "", LONG_MS);
    assert_failed(&q, DS_GRPC_UNAVAILABLE, false, "not sent: the server ");
    assert_true(http_server_connections(r.server) <= 2);
    rig_close(&r);
}

/* ---- a server that speaks something else ----------------------------------------------------- */

static void speak_http(http_conn *c)
{
    http_conn_say(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    http_conn_hang(c);
}

static void speak_tls(http_conn *c)
{
    http_conn_write(c, "\x15\x03\x01\x00\x02\x02\x46", 7);
    http_conn_hang(c);
}

static void speak_nonsense(http_conn *c)
{
    http_conn_say(c, "220 mail.example ESMTP, what can I do for you?\r\n");
    http_conn_hang(c);
}

static void speak_no_word(http_conn *c)
{
    char preface[24];

    (void)!read(c->fd, preface, sizeof(preface));
}

static void stay_silent(http_conn *c)
{
    http_conn_hang(c);
}

static const struct tongue {
    const char *name;
    http_serve serve;
    ds_err_kind kind;
    const char *text;
    int64_t connect_ms; /* 0: the usual */
} tongues[] = {
    {"HTTP/1.1", speak_http, DS_ERR_CONFIG, "speaks HTTP/1.1, no gRPC", 0},
    {"TLS", speak_tls, DS_ERR_CONFIG, "speaks TLS, and we spoke plain text: set tls: true", 0},
    {"something of its own", speak_nonsense, DS_ERR_CONFIG, "broke the rules of HTTP/2", 0},
    {"no word, and it hangs up", speak_no_word, DS_ERR_TRANSIENT, "without a word", 0},
    {"no word at all", stay_silent, DS_ERR_TRANSIENT, "in 30 ms", 30},
};

static void a_command_is_told_at_once(void **state)
{
    const struct tongue *row = *state;
    rig r = {0};
    asked q;

    rig_open(&r, row->serve, (ds_grpc_options){.fail_fast = true, .connect_ms = row->connect_ms});
    q = ask(&r, "Do", "", LONG_MS);
    assert_failed(&q, DS_GRPC_UNAVAILABLE, false, row->text);
    assert_int_equal(q.err.kind, row->kind);
    assert_non_null(strstr(q.err.text, "127.0.0.1:"));
    rig_close(&r);
}

/* A port that is ours, and at which we do not listen. */
static int closed_port(char *address, size_t n)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t at_n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &at_n), 0);
    snprintf(address, n, "127.0.0.1:%d", ntohs(at.sin_port));
    return fd;
}

/* A command is told at once; a worker waits as long as it may. */
static void nobody_is_there(void **state)
{
    char address[32];
    int fd = closed_port(address, sizeof(address));
    ds_grpc_options options = {.address = address, .again_ms = 1};
    ds_err err = DS_ERR_INIT;

    (void)state;
    for (int fast = 0; fast < 2; fast++) {
        rig r = {0};
        asked q;

        options.fail_fast = fast;
        r.g = ds_grpc_open(&options, &err);
        assert_non_null(r.g);
        q = ask(&r, "Do", "", fast ? LONG_MS : 100);
        assert_failed(&q, DS_GRPC_UNAVAILABLE, false, fast ? "not sent: Connection refused" : "");
        assert_int_equal(q.err.kind, DS_ERR_TRANSIENT);
        ds_grpc_close(r.g);
    }
    close(fd);
}

static void note_down(void *to, const ds_err *why)
{
    if (strcmp(why->text, "Connection refused") == 0)
        rig_tell(to);
}

/* The calls wait meanwhile, so nobody else would say why. */
static void a_server_that_stays_away_is_told(void **state)
{
    char address[32];
    int fd = closed_port(address, sizeof(address));
    rig r = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
    ds_grpc_options options = {
        .address = address, .again_ms = 1, .down_ms = 1, .down = note_down, .down_to = &r};
    ds_err err = DS_ERR_INIT;
    asked *q;

    (void)state;
    r.g = ds_grpc_open(&options, &err);
    assert_non_null(r.g);
    q = ask_begin(&r, "Do", "", LONG_MS);
    rig_await(&r, 2);
    ds_grpc_close(r.g);
    ask_end(q);
    assert_failed(q, DS_GRPC_CANCELLED, false, "");
    ask_free(q);
    close(fd);
}

int main(void)
{
    add_test(a_command_does_not_storm_a_server_that_takes_no_calls);
    add_table(tongues, a_command_is_told_at_once);
    add_test(nobody_is_there);
    add_test(a_server_that_stays_away_is_told);
    return run_tests("grpc away");
}
