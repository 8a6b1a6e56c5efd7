/* src/engine/temporal/h2.c - calls as streams of one HTTP/2 session. */
#include "engine/temporal/h2.h"

#include <assert.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_WINDOW (4 * DS_MIB)
#define CONNECTION_WINDOW (16 * DS_MIB)
#define HEADER_LIST_MAX (64 * DS_KIB)
#define HEADERS_MAX ((size_t)64) /* of a request */

/* ---- memory: a key goes through it, so it is hidden and wiped as it goes --------------------- */

static void *hidden_malloc(size_t n, void *to)
{
    (void)to;
    return ds_hidden_alloc(n);
}

static void hidden_free(void *block, void *to)
{
    (void)to;
    ds_hidden_free(block);
}

static void *hidden_calloc(size_t n, size_t size, void *to)
{
    size_t whole;

    (void)to;
    return __builtin_mul_overflow(n, size, &whole) ? NULL : ds_hidden_alloc(whole);
}

static void *hidden_realloc(void *block, size_t n, void *to)
{
    void *grown = ds_hidden_alloc(n);

    (void)to;
    if (block)
        memcpy(grown, block, DS_MIN(n, ds_hidden_size(block)));
    ds_hidden_free(block);
    return grown;
}

static nghttp2_mem memory = {.malloc = hidden_malloc,
                             .free = hidden_free,
                             .calloc = hidden_calloc,
                             .realloc = hidden_realloc};

/* ---- the list of calls ----------------------------------------------------------------------- */

static void list_add(ds_h2 *h, ds_h2_call *call)
{
    call->prev = NULL;
    call->next = h->calls;
    if (h->calls)
        h->calls->prev = call;
    h->calls = call;
}

static void list_take(ds_h2 *h, ds_h2_call *call)
{
    if (call->prev)
        call->prev->next = call->next;
    else
        h->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
    call->next = call->prev = NULL;
}

static ds_h2_call *call_of(ds_h2 *h, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(h->session, stream);
}

/* The stream may live on for a while; the call is out of it. */
static void detach(ds_h2 *h, ds_h2_call *call)
{
    list_take(h, call);
    (void)nghttp2_session_set_stream_user_data(h->session, call->stream, NULL);
}

static void end(ds_h2 *h, ds_h2_call *call, ds_h2_end how, uint32_t code)
{
    detach(h, call);
    h->ended(h->to, call, how, code);
}

static void reset(ds_h2 *h, int32_t stream)
{
    if (nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL))
        ds_out_of_memory(0);
}

/* An answer that is not read on. */
static void end_wrong(ds_h2 *h, ds_h2_call *call)
{
    reset(h, call->stream);
    end(h, call, DS_H2_WRONG, 0);
}

/* ---- what nghttp2 tells ---------------------------------------------------------------------- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *to)
{
    ds_h2_call *call = call_of(to, frame->hd.stream_id);

    (void)session;
    if (call && frame->hd.type == NGHTTP2_HEADERS)
        ds_answer_block(&call->answer, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags, void *to)
{
    ds_h2_call *call = call_of(to, frame->hd.stream_id);

    (void)session;
    (void)flags;
    if (call && frame->hd.type == NGHTTP2_HEADERS &&
        !ds_answer_header(&call->answer, name, name_n, value, value_n))
        end_wrong(to, call);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
                   size_t n, void *to)
{
    ds_h2_call *call = call_of(to, stream);

    (void)session;
    (void)flags;
    if (call && !ds_answer_data(&call->answer, data, n))
        end_wrong(to, call);
    return 0;
}

/* The server's last frame for a stream: what it did not read of the request is not sent. */
static void ends_stream(ds_h2 *h, int32_t stream)
{
    ds_h2_call *call = call_of(h, stream);

    if (!call)
        return;
    if (!nghttp2_session_get_stream_local_close(h->session, stream))
        reset(h, stream);
    end(h, call, DS_H2_ANSWERED, 0);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *to)
{
    ds_h2 *h = to;

    (void)session;
    switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
        if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
            h->greeted = true;
        break;
    case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK)
            h->ping_out = false;
        break;
    case NGHTTP2_GOAWAY:
        h->draining = true;
        h->goaways++;
        if (frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM)
            h->calm = true;
        break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
            ends_stream(h, frame->hd.stream_id);
        break;
    default:
        break;
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t code, void *to)
{
    ds_h2 *h = to;
    ds_h2_call *call = call_of(h, stream);

    (void)session;
    h->open_n -= h->open_n ? 1 : 0;
    if (call)
        end(h, call, !call->framed || code == NGHTTP2_REFUSED_STREAM ? DS_H2_REFUSED : DS_H2_RESET,
            code);
    return 0;
}

static int on_before_send(nghttp2_session *session, const nghttp2_frame *frame, void *to)
{
    ds_h2 *h = to;
    ds_h2_call *call = frame->hd.type == NGHTTP2_HEADERS ? call_of(h, frame->hd.stream_id) : NULL;

    (void)session;
    if (call) {
        call->framed = true;
        call->framed_at = h->written;
    }
    return 0;
}

static int on_error(nghttp2_session *session, int code, const char *text, size_t n, void *to)
{
    ds_h2 *h = to;

    (void)session;
    (void)code;
    if (!*h->why)
        snprintf(h->why, sizeof(h->why), "%.*s", (int)DS_MIN(n, sizeof(h->why) - 1), text);
    for (char *c = h->why; *c; c++)
        *c = *c >= ' ' && *c < 127 ? *c : '?';
    return 0;
}

/* ---- the request's body ---------------------------------------------------------------------- */

static ssize_t read_request(nghttp2_session *session, int32_t stream, uint8_t *out, size_t most,
                            uint32_t *flags, nghttp2_data_source *source, void *to)
{
    ds_h2_call *call = call_of(to, stream);
    uint8_t head[DS_FRAME_HEAD] = {0};
    size_t n = 0;

    (void)session;
    (void)source;
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* taken back: its reset is on its way */
    for (int i = 0; i < 4; i++)
        head[1 + i] = (uint8_t)(call->n >> (24 - 8 * i));
    if (call->handed < DS_FRAME_HEAD) {
        n = DS_MIN(most, DS_FRAME_HEAD - call->handed);
        memcpy(out, head + call->handed, n);
        call->handed += n;
    }
    if (call->handed >= DS_FRAME_HEAD) {
        size_t at = call->handed - DS_FRAME_HEAD, rest = DS_MIN(most - n, call->n - at);

        if (rest)
            memcpy(out + n, call->request + at, rest);
        call->handed += rest;
        n += rest;
    }
    if (call->handed == DS_FRAME_HEAD + call->n)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

/* ---- a session ------------------------------------------------------------------------------- */

static nghttp2_session *new_session(ds_h2 *h)
{
    nghttp2_session_callbacks *on = NULL;
    nghttp2_session *session = NULL;

    if (nghttp2_session_callbacks_new(&on))
        ds_out_of_memory(0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(on, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(on, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(on, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(on, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(on, on_stream_close);
    nghttp2_session_callbacks_set_before_frame_send_callback(on, on_before_send);
    nghttp2_session_callbacks_set_error_callback2(on, on_error);
    if (nghttp2_session_client_new3(&session, on, h, NULL, &memory))
        ds_out_of_memory(0);
    nghttp2_session_callbacks_del(on);
    return session;
}

ds_h2 *ds_h2_new(ds_h2_ended ended, void *to)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST_MAX},
    };
    ds_h2 *h = ds_calloc(1, sizeof(*h));

    h->ended = ended;
    h->to = to;
    h->session = new_session(h);
    if (nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, DS_COUNT(settings)) ||
        nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW))
        ds_out_of_memory(0);
    return h;
}

void ds_h2_free(ds_h2 *h)
{
    if (!h)
        return;
    nghttp2_session_del(h->session);
    free(h);
}

bool ds_h2_has_room(const ds_h2 *h)
{
    return h->greeted && !h->draining && nghttp2_session_check_request_allowed(h->session) &&
           h->open_n < nghttp2_session_get_remote_settings(h->session,
                                                           NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool ds_h2_begin(ds_h2 *h, ds_h2_call *call)
{
    nghttp2_nv nv[HEADERS_MAX];
    nghttp2_data_provider body = {.read_callback = read_request};
    size_t n = DS_MIN(call->headers_n, HEADERS_MAX);

    for (size_t i = 0; i < n; i++) {
        const ds_grpc_header *from = &call->headers[i];
        bool hidden = !strcmp(from->name, "authorization"); /* in no table, ours or the server's */

        memcpy(&nv[i].name, &from->name, sizeof(nv[i].name));
        memcpy(&nv[i].value, &from->value, sizeof(nv[i].value));
        nv[i].namelen = strlen(from->name);
        nv[i].valuelen = strlen(from->value);
        nv[i].flags = hidden ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
    }
    call->handed = 0;
    call->framed = false;
    call->stream = nghttp2_submit_request(h->session, NULL, nv, n, &body, call);
    if (call->stream == NGHTTP2_ERR_NOMEM)
        ds_out_of_memory(0);
    if (call->stream < 0) { /* the numbers of streams are used up */
        h->draining = true;
        return false;
    }
    list_add(h, call);
    h->open_n++;
    return true;
}

void ds_h2_take(ds_h2 *h, ds_h2_call *call)
{
    reset(h, call->stream);
    detach(h, call);
}

void ds_h2_ping(ds_h2 *h)
{
    if (nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL))
        ds_out_of_memory(0);
    h->ping_out = true;
}

void ds_h2_goodbye(ds_h2 *h)
{
    h->draining = true;
    (void)nghttp2_session_terminate_session(h->session, NGHTTP2_NO_ERROR);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static bool is_over(const ds_h2 *h)
{
    return !nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session);
}

static bool broken(ds_h2 *h, ssize_t code)
{
    if (code == NGHTTP2_ERR_NOMEM)
        ds_out_of_memory(0);
    if (!*h->why)
        snprintf(h->why, sizeof(h->why), "%s", nghttp2_strerror((int)code));
    return false;
}

bool ds_h2_read(ds_h2 *h, const uint8_t *data, size_t n)
{
    ssize_t read = nghttp2_session_mem_recv(h->session, data, n);

    return read >= 0 ? !is_over(h) : broken(h, read);
}

bool ds_h2_write(ds_h2 *h, ds_buf *out, size_t most)
{
    while (out->n < most) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(h->session, &data);

        if (n < 0)
            return broken(h, n);
        if (!n)
            return !is_over(h);
        ds_buf_add(out, data, (size_t)n);
        assert(!out->overflow); /* a frame of ours is never larger than 16 KiB */
        h->written += (uint64_t)n;
    }
    return true;
}
