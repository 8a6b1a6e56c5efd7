/* src/engine/temporal/grpc_conn.c - one connection: its socket, its bytes, whether it lives. */
#include "engine/temporal/grpc_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_MOST (64 * DS_KIB)           /* of frames, at once */
#define OUT_CAP (OUT_MOST + 64 * DS_KIB) /* and the last frame */
#define REFUSED_MAX 3u
#define LATE_SLACK_MS 20 /* of a deadline that the server has seen coming a little earlier */

static void die(ds_conn *c, ds_err_kind kind, const char *text)
{
    if (c->state == DS_CONN_DEAD)
        return;
    if (kind != DS_ERR_NONE)
        ds_fail(&c->err, kind, "%s", text);
    c->state = DS_CONN_DEAD;
}

/* ---- calls that the session gives back ------------------------------------------------------- */

static void call_ended(void *to, ds_h2_call *h2, ds_h2_end end, uint32_t code)
{
    ds_conn *c = to;
    ds_grpc *g = c->g;
    ds_call *call = (ds_call *)h2;

    switch (end) {
    case DS_H2_REFUSED:
        call->code = code;
        if (!h2->framed || c->h2->draining || call->refused++ < REFUSED_MAX)
            ds_call_again(g, call);
        else
            ds_call_finish(g, call, DS_CALL_RESET);
        break;
    case DS_H2_RESET:
        call->code = code;
        call->late = g->now_ms + LATE_SLACK_MS >= call->deadline_ms;
        ds_call_finish(g, call, DS_CALL_RESET);
        break;
    case DS_H2_ANSWERED:
    case DS_H2_WRONG:
        c->useful = true;
        g->tries = 0;
        ds_call_finish(g, call, DS_CALL_ANSWERED);
        break;
    }
}

/* A dead connection's calls: what never left begins anew, the rest cannot be known. */
static void drop_calls(ds_conn *c)
{
    while (c->h2->calls) {
        ds_call *call = (ds_call *)c->h2->calls;

        ds_h2_take(c->h2, &call->h2);
        if (!call->h2.framed || call->h2.framed_at >= c->flushed) {
            ds_call_again(c->g, call);
        } else {
            call->why = c->err;
            ds_call_finish(c->g, call, DS_CALL_LOST);
        }
    }
}

bool ds_conn_begin(ds_conn *c, ds_call *call)
{
    int64_t left = DS_MAX(call->deadline_ms - c->g->now_ms, INT64_C(1));

    snprintf(call->timeout, sizeof(call->timeout), "%lldm", (long long)left);
    ds_answer_fini(&call->h2.answer); /* of a try before */
    ds_answer_init(&call->h2.answer, c->g->options.answer_max);
    c->begun = true;
    return ds_h2_begin(c->h2, &call->h2);
}

/* ---- coming up ------------------------------------------------------------------------------- */

ds_conn *ds_conn_new(ds_grpc *g, const struct addrinfo *to)
{
    ds_conn *c = ds_calloc(1, sizeof(*c));
    int on = 1;

    c->g = g;
    c->err = DS_ERR_INIT;
    c->h2 = ds_h2_new(call_ended, c);
    ds_buf_init(&c->out, OUT_CAP);
    c->born_ms = c->heard_ms = g->now_ms;
    c->limit_ms = g->now_ms + g->options.connect_ms;
    c->age_ms = g->options.age_ms - (int64_t)(ds_grpc_random(g) % 100) * g->options.age_ms / 500;
    c->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        die(c, DS_ERR_TRANSIENT, strerror(errno));
        return c;
    }
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(c->fd, to->ai_addr, to->ai_addrlen) && errno != EINPROGRESS)
        die(c, DS_ERR_TRANSIENT, strerror(errno));
    return c;
}

void ds_conn_free(ds_conn *c)
{
    if (!c)
        return;
    drop_calls(c);
    ds_tls_free(c->tls);
    ds_h2_free(c->h2);
    if (c->out.data)
        explicit_bzero(c->out.data, c->out.cap); /* a key may be in it */
    ds_buf_fini(&c->out);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}

static void connected(ds_conn *c)
{
    int failed = 0;
    socklen_t n = sizeof(failed);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failed, &n) || failed) {
        die(c, DS_ERR_TRANSIENT, strerror(failed ? failed : errno));
        return;
    }
    if (!c->g->options.tls) {
        c->state = DS_CONN_GREETS;
        return;
    }
    c->tls = ds_tls_new(&c->g->options, c->g->host, c->fd, &c->err);
    if (c->tls)
        c->state = DS_CONN_SHAKES;
    else
        die(c, DS_ERR_NONE, "");
}

static void shake(ds_conn *c)
{
    switch (ds_tls_shake(c->tls, &c->err)) {
    case DS_TLS_DONE:
        c->state = DS_CONN_GREETS;
        c->tls_wants_write = false;
        break;
    case DS_TLS_WANTS_READ:
        c->tls_wants_write = false;
        break;
    case DS_TLS_WANTS_WRITE:
        c->tls_wants_write = true;
        break;
    case DS_TLS_CLOSED:
        die(c, DS_ERR_TRANSIENT, "the server closed the connection in the TLS handshake");
        break;
    case DS_TLS_FAILED:
        die(c, DS_ERR_NONE, "");
        break;
    }
}

/* ---- bytes in -------------------------------------------------------------------------------- */

static void closed_by_server(ds_conn *c)
{
    if (c->state == DS_CONN_UP)
        die(c, DS_ERR_TRANSIENT, "the server closed the connection");
    else if (c->heard)
        die(c, DS_ERR_TRANSIENT, "the server closed the connection while it began");
    else if (c->tls)
        die(c, DS_ERR_TRANSIENT, "the server closed the connection without a word of HTTP/2");
    else
        die(c, DS_ERR_TRANSIENT,
            "the server closed the connection without a word: does it want TLS (tls: true)?");
}

static void socket_failed(ds_conn *c, int failed_as)
{
    bool hung_up = failed_as == ECONNRESET || failed_as == EPIPE;

    if (hung_up && c->state == DS_CONN_GREETS)
        closed_by_server(c);
    else
        die(c, DS_ERR_TRANSIENT, strerror(failed_as));
}

/* Bytes as they come; 0: none for now, -1: the end (the connection is dead). */
static ssize_t read_some(ds_conn *c)
{
    size_t n = 0;
    ssize_t got;

    if (!c->tls) {
        got = recv(c->fd, c->g->scratch, DS_READ_ONCE, 0);
        if (got > 0)
            return got;
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (got < 0)
            socket_failed(c, errno);
        else
            closed_by_server(c);
        return -1;
    }
    switch (ds_tls_read(c->tls, c->g->scratch, DS_READ_ONCE, &n, &c->err)) {
    case DS_TLS_DONE:
        return (ssize_t)n;
    case DS_TLS_WANTS_READ:
        return 0;
    case DS_TLS_WANTS_WRITE:
        c->tls_wants_write = true;
        return 0;
    case DS_TLS_CLOSED:
        closed_by_server(c);
        return -1;
    case DS_TLS_FAILED:
        die(c, DS_ERR_NONE, "");
        return -1;
    }
    return -1;
}

/* A server that speaks something else says so with its first bytes. */
static bool speaks_other(ds_conn *c, const uint8_t *data, size_t n)
{
    if (c->heard)
        return false;
    c->heard = true;
    if (!c->tls && n >= 2 && data[0] == 0x15 && data[1] == 3)
        die(c, DS_ERR_CONFIG, "the server speaks TLS, and we spoke plain text: set tls: true");
    else if (n >= 5 && !memcmp(data, "HTTP/", 5))
        die(c, DS_ERR_CONFIG,
            "the server speaks HTTP/1.1, no gRPC: is this the port of the web page (8233, 8080) "
            "in place of 7233, or does it want TLS (tls: true)?");
    return c->state == DS_CONN_DEAD;
}

/* The session wants nothing any more: after a GOAWAY that is in order. */
static void session_over(ds_conn *c)
{
    char text[300];

    if (c->h2->draining && !c->h2->calls && !*c->h2->why) {
        die(c, DS_ERR_TRANSIENT, "the server is done with the connection");
        return;
    }
    snprintf(text, sizeof(text), "the server broke the rules of HTTP/2%s%s",
             *c->h2->why ? ": " : "", c->h2->why);
    die(c, c->state == DS_CONN_UP ? DS_ERR_TRANSIENT : DS_ERR_CONFIG, text);
}

static void read_bytes(ds_conn *c)
{
    c->write_wants_read = false;
    for (int rounds = 0; rounds < 16 && c->state != DS_CONN_DEAD; rounds++) {
        ssize_t n = read_some(c);

        if (n <= 0 || speaks_other(c, c->g->scratch, (size_t)n))
            return;
        c->heard_ms = c->g->now_ms;
        if (!ds_h2_read(c->h2, c->g->scratch, (size_t)n)) {
            session_over(c);
            return;
        }
        if (c->h2->greeted && c->state == DS_CONN_GREETS) {
            c->state = DS_CONN_UP;
            c->was_up = true;
        }
    }
}

/* ---- bytes out ------------------------------------------------------------------------------- */

/* Nothing can be written any more. What the server said before it hung up, answers among it, is
 * still there to be read. */
static void hung_up(ds_conn *c, int failed_as)
{
    read_bytes(c);
    socket_failed(c, failed_as);
}

/* 0: not now; -1: dead. */
static ssize_t write_some(ds_conn *c)
{
    const char *data = c->out.data + c->out_at;
    size_t n = c->out.n - c->out_at, written = 0;
    ssize_t got;

    if (!c->tls) {
        got = send(c->fd, data, n, MSG_NOSIGNAL);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (got < 0)
            hung_up(c, errno);
        return got;
    }
    switch (ds_tls_write(c->tls, data, n, &written, &c->err)) {
    case DS_TLS_DONE:
        return (ssize_t)written;
    case DS_TLS_WANTS_READ:
        c->write_wants_read = true;
        return 0;
    case DS_TLS_WANTS_WRITE:
        return 0;
    case DS_TLS_CLOSED:
        hung_up(c, EPIPE);
        return -1;
    case DS_TLS_FAILED:
        die(c, DS_ERR_NONE, "");
        return -1;
    }
    return -1;
}

void ds_conn_write(ds_conn *c)
{
    if (c->state != DS_CONN_GREETS && c->state != DS_CONN_UP)
        return;
    c->tls_wants_write = false;
    while (c->state != DS_CONN_DEAD) {
        ssize_t n;

        if (c->out_at == c->out.n) {
            c->out_at = 0;
            ds_buf_clear(&c->out);
            if (!ds_h2_write(c->h2, &c->out, OUT_MOST) && !c->out.n) {
                session_over(c);
                return;
            }
        }
        if (!c->out.n)
            return;
        n = write_some(c);
        if (n <= 0)
            return;
        c->out_at += (size_t)n;
        c->flushed += (uint64_t)n;
    }
}

/* ---- whether it lives ------------------------------------------------------------------------ */

short ds_conn_events(const ds_conn *c)
{
    bool write = c->state == DS_CONN_CONNECTS || c->tls_wants_write ||
                 (c->out_at < c->out.n && !c->write_wants_read);

    return (short)(POLLIN | (write ? POLLOUT : 0));
}

void ds_conn_ready(ds_conn *c)
{
    if (!c->ready)
        return;
    if (c->state == DS_CONN_CONNECTS && (c->ready & ~POLLIN))
        connected(c);
    if (c->state == DS_CONN_SHAKES)
        shake(c);
    if (c->state == DS_CONN_GREETS || c->state == DS_CONN_UP)
        read_bytes(c);
    c->ready = 0;
}

static void not_up_in_time(ds_conn *c)
{
    char text[160];
    const char *what = c->state == DS_CONN_CONNECTS ? "no connection"
                       : c->state == DS_CONN_SHAKES ? "the TLS handshake did not end"
                                                    : "no word of HTTP/2 from the server";

    snprintf(text, sizeof(text), "%s in %lld ms%s", what, (long long)c->g->options.connect_ms,
             c->state == DS_CONN_GREETS && !c->tls ? ": does it want TLS (tls: true)?" : "");
    die(c, DS_ERR_TRANSIENT, text);
}

static void tend_ping(ds_conn *c)
{
    ds_grpc *g = c->g;
    char text[80];

    if (c->h2->ping_out && g->now_ms - c->pinged_ms >= g->options.pong_ms) {
        snprintf(text, sizeof(text), "the server has not answered a ping in %lld ms",
                 (long long)g->options.pong_ms);
        die(c, DS_ERR_TRANSIENT, text);
    } else if (!c->h2->ping_out && g->now_ms - DS_MAX(c->heard_ms, c->pinged_ms) >= g->ping_ms) {
        ds_h2_ping(c->h2);
        c->pinged_ms = g->now_ms;
    }
}

void ds_conn_tend(ds_conn *c)
{
    ds_grpc *g = c->g;

    if (c->state == DS_CONN_DEAD)
        return;
    if (c->state != DS_CONN_UP) {
        if (g->now_ms >= c->limit_ms)
            not_up_in_time(c);
        return;
    }
    tend_ping(c);
    if (c->begun && g->now_ms - c->born_ms >= c->age_ms)
        c->h2->draining = true;
    if (c->h2->draining && !c->h2->calls && c->state != DS_CONN_DEAD) {
        ds_h2_goodbye(c->h2);
        ds_conn_write(c);
        die(c, DS_ERR_TRANSIENT, "the connection has done its work");
    }
}

int64_t ds_conn_due_ms(const ds_conn *c)
{
    const ds_grpc *g = c->g;
    int64_t due;

    if (c->state != DS_CONN_UP)
        return c->limit_ms;
    due = c->h2->ping_out ? c->pinged_ms + g->options.pong_ms
                          : DS_MAX(c->heard_ms, c->pinged_ms) + g->ping_ms;
    return c->h2->draining || !c->begun ? due : DS_MIN(due, c->born_ms + c->age_ms);
}
