/* tests/support/h2_peer.c - see h2_peer.h. */
#include "support/h2_peer.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FRAME_MOST ((size_t)16384)
#define FRAME_HEAD 9

void h2_peer_init(h2_peer *p, http_conn *c)
{
    *p = (h2_peer){.c = c, .window = 65535, .window_of_new = 65535};
    if (nghttp2_hd_inflate_new(&p->inflater))
        abort();
}

void h2_peer_fini(h2_peer *p)
{
    for (size_t i = 0; i < p->open_n; i++)
        free(p->open[i].body);
    free(p->open);
    free(p->frame.data);
    nghttp2_hd_inflate_del(p->inflater);
}

/* ---- out ------------------------------------------------------------------------------------- */

static void put32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

void h2_peer_send(h2_peer *p, uint8_t type, uint8_t flags, uint32_t stream, const void *data,
                  size_t n)
{
    uint8_t head[FRAME_HEAD] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, type, flags};

    put32(head + 5, stream);
    http_conn_write(p->c, head, sizeof(head));
    http_conn_write(p->c, data, n);
}

static void add_length(ds_buf *out, size_t n)
{
    if (n < 127) {
        ds_buf_char(out, (char)n);
        return;
    }
    ds_buf_char(out, 127);
    for (n -= 127; n > 127; n >>= 7)
        ds_buf_char(out, (char)((n & 127) | 128));
    ds_buf_char(out, (char)n);
}

static void add_text(ds_buf *out, const char *text)
{
    add_length(out, strlen(text));
    ds_buf_text(out, text);
}

void h2_peer_headers(h2_peer *p, uint32_t stream, unsigned flags, ...)
{
    DS_AUTO_BUF(block, DS_MIB);
    va_list args;

    va_start(args, flags);
    for (const char *name; (name = va_arg(args, const char *));) {
        ds_buf_char(&block, 0); /* a literal that goes into no table */
        add_text(&block, name);
        add_text(&block, va_arg(args, const char *));
    }
    va_end(args);
    if (block.n <= FRAME_MOST) {
        h2_peer_send(p, H2_HEADERS, (uint8_t)(flags | H2_END_HEADERS), stream, block.data, block.n);
        return;
    }
    h2_peer_send(p, H2_HEADERS, (uint8_t)flags, stream, block.data, FRAME_MOST);
    for (size_t at = FRAME_MOST; at < block.n; at += FRAME_MOST) {
        bool last = block.n - at <= FRAME_MOST;

        h2_peer_send(p, H2_CONTINUATION, last ? H2_END_HEADERS : 0, stream, block.data + at,
                     last ? block.n - at : FRAME_MOST);
    }
}

void h2_peer_answer(h2_peer *p, uint32_t stream, const char *text)
{
    h2_peer_headers(p, stream, 0, ":status", "200", "content-type", "application/grpc", NULL);
    h2_peer_message(p, stream, text, strlen(text));
    h2_peer_headers(p, stream, H2_END_STREAM, "grpc-status", "0", NULL);
}

void h2_peer_refuse(h2_peer *p, uint32_t stream, const char *status, const char *message,
                    const char *details)
{
    h2_peer_headers(p, stream, H2_END_STREAM, ":status", "200", "content-type", "application/grpc",
                    "grpc-status", status, "grpc-message", message,
                    details ? "grpc-status-details-bin" : NULL, details, NULL);
}

void h2_peer_reset(h2_peer *p, uint32_t stream, uint32_t code)
{
    uint8_t data[4];

    put32(data, code);
    h2_peer_send(p, H2_RST_STREAM, 0, stream, data, sizeof(data));
}

void h2_peer_goaway(h2_peer *p, uint32_t last, uint32_t code, const char *words)
{
    uint8_t data[8 + 64];
    size_t n = strlen(words);

    put32(data, last);
    put32(data + 4, code);
    memcpy(data + 8, words, n);
    h2_peer_send(p, H2_GOAWAY, 0, 0, data, 8 + n);
}

/* ---- in -------------------------------------------------------------------------------------- */

static bool read_exactly(h2_peer *p, void *to, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t got = recv(p->c->fd, (char *)to + at, n - at, 0);

        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

static uint32_t get32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static h2_request *request_of(h2_peer *p, uint32_t stream)
{
    for (size_t i = 0; i < p->open_n; i++) {
        if (p->open[i].stream == stream)
            return &p->open[i];
    }
    p->open = ds_realloc(p->open, p->open_n + 1, sizeof(*p->open));
    p->open[p->open_n] = (h2_request){.stream = stream, .window = p->window_of_new};
    return &p->open[p->open_n++];
}

static void add_header(h2_request *r, const nghttp2_nv *nv)
{
    size_t n = strlen(r->headers);

    snprintf(r->headers + n, sizeof(r->headers) - n, "%.*s: %.*s\n", (int)nv->namelen,
             (const char *)nv->name, (int)nv->valuelen, (const char *)nv->value);
    if (nv->namelen == 5 && !memcmp(nv->name, ":path", 5))
        snprintf(r->path, sizeof(r->path), "%.*s", (int)nv->valuelen, (const char *)nv->value);
}

static void read_headers(h2_peer *p, h2_request *r)
{
    size_t skip = p->frame.flags & 0x20 ? 5 : 0; /* a priority that nobody asked for */
    const uint8_t *at = p->frame.data + skip;
    size_t left = p->frame.n - skip;

    r->block_n = DS_MIN(left, sizeof(r->block));
    memcpy(r->block, at, r->block_n);
    for (int flags = 0; !(flags & NGHTTP2_HD_INFLATE_FINAL);) {
        nghttp2_nv nv;
        ssize_t n = nghttp2_hd_inflate_hd2(p->inflater, &nv, &flags, at, left, 1);

        if (n < 0)
            abort();
        at += n;
        left -= (size_t)n;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            add_header(r, &nv);
    }
    nghttp2_hd_inflate_end_headers(p->inflater);
}

static void read_data(h2_peer *p, h2_request *r)
{
    uint8_t more[4];

    if (r->body_n + p->frame.n > r->body_cap) { /* a large one comes in thousands of frames */
        r->body_cap = 2 * (r->body_n + p->frame.n);
        r->body = ds_realloc(r->body, r->body_cap, 1);
    }
    if (!p->frame.n)
        return;
    memcpy(r->body + r->body_n, p->frame.data, p->frame.n);
    r->body_n += p->frame.n;
    if (p->keep_windows)
        return;
    put32(more, (uint32_t)p->frame.n);
    h2_peer_send(p, H2_WINDOW_UPDATE, 0, 0, more, 4);
    if (!(p->frame.flags & H2_END_STREAM))
        h2_peer_send(p, H2_WINDOW_UPDATE, 0, p->frame.stream, more, 4);
}

static void read_windows(h2_peer *p)
{
    const h2_frame *f = &p->frame;

    if (f->type == H2_SETTINGS) {
        for (size_t i = 0; i + 6 <= f->n; i += 6) {
            if (f->data[i + 1] == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)
                p->window_of_new = get32(f->data + i + 2);
        }
    }
    if (f->type == H2_WINDOW_UPDATE && f->stream)
        request_of(p, f->stream)->window += get32(f->data);
    if (f->type == H2_WINDOW_UPDATE && !f->stream)
        p->window += get32(f->data);
}

static void take_frame(h2_peer *p)
{
    const h2_frame *f = &p->frame;

    if (f->type == H2_SETTINGS && !(f->flags & H2_ACK))
        h2_peer_send(p, H2_SETTINGS, H2_ACK, 0, "", 0);
    read_windows(p);
    if (f->type == H2_PING && f->flags & H2_ACK)
        p->acks++;
    if (f->type == H2_PING && !(f->flags & H2_ACK)) {
        p->pings++;
        if (!p->mute_pings)
            h2_peer_send(p, H2_PING, H2_ACK, 0, f->data, f->n);
    }
    if (f->type == H2_GOAWAY)
        p->gone = true;
    if (f->type == H2_RST_STREAM) {
        p->resets++;
        p->reset_stream = f->stream;
        p->reset_code = get32(f->data);
    }
    if (f->type == H2_HEADERS)
        read_headers(p, request_of(p, f->stream));
    if (f->type == H2_DATA)
        read_data(p, request_of(p, f->stream));
    if ((f->type == H2_HEADERS || f->type == H2_DATA) && f->flags & H2_END_STREAM)
        request_of(p, f->stream)->whole = true;
}

bool h2_peer_frame(h2_peer *p)
{
    uint8_t head[FRAME_HEAD];
    h2_frame *f = &p->frame;

    if (!read_exactly(p, head, sizeof(head)))
        return false;
    f->n = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    f->type = head[3];
    f->flags = head[4];
    f->stream = get32(head + 5);
    f->data = ds_realloc(f->data, f->n + 1, 1);
    if (!read_exactly(p, f->data, f->n))
        return false;
    take_frame(p);
    return true;
}

bool h2_peer_greet(h2_peer *p, uint16_t setting, uint32_t value)
{
    char preface[24];
    uint8_t entry[6] = {(uint8_t)(setting >> 8), (uint8_t)setting};

    if (!read_exactly(p, preface, sizeof(preface)) ||
        memcmp(preface, NGHTTP2_CLIENT_MAGIC, sizeof(preface)))
        return false;
    put32(entry + 2, value);
    h2_peer_send(p, H2_SETTINGS, 0, 0, entry, setting ? sizeof(entry) : 0);
    return true;
}

static bool send_data(h2_peer *p, uint32_t stream, const void *data, size_t n)
{
    while (p->window < (int64_t)n || request_of(p, stream)->window < (int64_t)n) {
        if (!h2_peer_frame(p))
            return false;
    }
    p->window -= (int64_t)n;
    request_of(p, stream)->window -= (int64_t)n;
    h2_peer_send(p, H2_DATA, 0, stream, data, n);
    return true;
}

void h2_peer_message(h2_peer *p, uint32_t stream, const void *data, size_t n)
{
    uint8_t head[5] = {0};
    bool fine;

    put32(head + 1, (uint32_t)n);
    fine = send_data(p, stream, head, sizeof(head));
    for (size_t at = 0; at < n && fine; at += FRAME_MOST)
        fine = send_data(p, stream, (const char *)data + at, DS_MIN(n - at, FRAME_MOST));
}

h2_request *h2_peer_request(h2_peer *p)
{
    while (h2_peer_frame(p)) {
        bool ends = (p->frame.type == H2_HEADERS || p->frame.type == H2_DATA) &&
                    p->frame.flags & H2_END_STREAM;

        if (ends)
            return request_of(p, p->frame.stream);
    }
    return NULL;
}

void h2_peer_drain(h2_peer *p)
{
    while (h2_peer_frame(p))
        continue;
}
