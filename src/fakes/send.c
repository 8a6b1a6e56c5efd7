/* src/fakes/send.c - the answer on its way out: whole, zipped, in drops, cut, or replaced. */
#include "fakes/server.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <zlib.h>

#define GZIP_BITS (15 + 16) /* zlib's way to say: gzip, the largest window */
#define DROP_EVERY_US 20000
#define ZIP_LEVEL 1
#define BOMB_LEVEL 9

/* ---- gzip ------------------------------------------------------------------------------------ */

/* Gzips `times` copies of data into `out`. */
static void zip(ds_buf *out, const void *data, size_t n, int64_t times, int level)
{
    z_stream z = {.zalloc = NULL};
    unsigned char piece[16384];
    int end = Z_OK;

    if (deflateInit2(&z, level, Z_DEFLATED, GZIP_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        ds_out_of_memory(n);
    while (end != Z_STREAM_END) {
        if (z.avail_in == 0 && times > 0) {
            z.next_in = (unsigned char *)(uintptr_t)data;
            z.avail_in = (unsigned)n;
            times--;
        }
        z.next_out = piece;
        z.avail_out = sizeof piece;
        end = deflate(&z, times > 0 ? Z_NO_FLUSH : Z_FINISH);
        ds_buf_add(out, piece, sizeof piece - z.avail_out);
    }
    deflateEnd(&z);
}

static void zip_answer(ds_fake_call *call)
{
    ds_buf zipped;

    ds_buf_init(&zipped, DS_FAKE_ANSWER_MAX);
    zip(&zipped, call->out.data, call->out.n, 1, ZIP_LEVEL);
    ds_buf_fini(&call->out);
    call->out = zipped;
    ds_fake_set(call, "content-encoding", "gzip");
}

/* ---- answers that are not the API's ---------------------------------------------------------- */

static void send_bomb(ds_exchange *x)
{
    int64_t mib = x->fault.number > 0 ? x->fault.number : 64;
    char *blanks = ds_arena_alloc(x->call.arena, DS_MIB);
    ds_buf zipped;

    memset(blanks, ' ', DS_MIB);
    ds_buf_init(&zipped, DS_FAKE_ANSWER_MAX);
    zip(&zipped, blanks, DS_MIB, mib, BOMB_LEVEL);
    ds_fake_raw(&x->call, 200, "application/json; charset=utf-8", zipped.data, zipped.n);
    ds_fake_set(&x->call, "content-encoding", "gzip");
    ds_buf_fini(&zipped);
}

void ds_send_stand_in(ds_exchange *x)
{
    static const char page[] =
        "<!DOCTYPE html>\n<html><head><title>Unicorn!</title></head>\n"
        "<body><p>We had issues producing the response to your request.</p></body></html>\n";
    static const char garbage[] = "{\"id\": 1, \"name\": \"\xC3\x28\xFF\x00 \x01]}}{\"id\":";

    switch (x->fault.what) {
    case DS_FAULT_HTML:
        ds_fake_raw(&x->call, (int)x->fault.number, "text/html; charset=utf-8", page,
                    sizeof page - 1);
        if (x->fault.retry_after >= 0)
            ds_fake_set(&x->call, "retry-after", "%" PRId64, x->fault.retry_after);
        return;
    case DS_FAULT_REDIRECT:
        ds_fake_raw(&x->call, 302, "text/plain", "", 0);
        ds_fake_set(&x->call, "location", "%s", x->fault.text);
        return;
    case DS_FAULT_BOMB:
        send_bomb(x);
        return;
    default:
        ds_fake_raw(&x->call, 200, "application/json; charset=utf-8", garbage, sizeof garbage - 1);
    }
}

void ds_send_noise(ds_exchange *x)
{
    static const char noise[] = "\x16\x03\x01 no protocol at all\r\n\x00\xFF\xFE";
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (info && send(info->connect_fd, noise, sizeof noise - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return; /* the other side has gone */
}

/* ---- sending --------------------------------------------------------------------------------- */

static ssize_t give_drops(void *to, uint64_t at, char *out, size_t most)
{
    ds_exchange *x = to;
    size_t left = x->call.out.n - (size_t)at;
    size_t drop = x->fault.number > 0 ? (size_t)x->fault.number : 1;

    if (x->server->stopping)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (at > 0 && ds_fake_mono_us() < x->due_us) {
        ds_exchange_wait(x, x->due_us - ds_fake_mono_us());
        return 0;
    }
    most = DS_MIN(DS_MIN(most, left), drop);
    memcpy(out, x->call.out.data + at, most);
    x->due_us = ds_fake_mono_us() + DROP_EVERY_US;
    return (ssize_t)most;
}

static ssize_t give_a_part(void *to, uint64_t at, char *out, size_t most)
{
    ds_exchange *x = to;
    size_t end = x->fault.number >= 0 ? (size_t)x->fault.number : x->call.out.n / 2;

    if (at >= end)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    most = DS_MIN(most, end - (size_t)at);
    memcpy(out, x->call.out.data + at, most);
    return (ssize_t)most;
}

static struct MHD_Response *make_response(ds_exchange *x)
{
    ds_buf *out = &x->call.out;
    size_t block = 4096;

    if (x->fault.what == DS_FAULT_SLOW && out->n > 0)
        return MHD_create_response_from_callback(out->n, block, give_drops, x, NULL);
    if (x->fault.what == DS_FAULT_TRUNCATE && out->n > 0 && x->fault.number < (int64_t)out->n)
        return MHD_create_response_from_callback(out->n, block, give_a_part, x, NULL);
    return MHD_create_response_from_buffer(out->n, out->n ? out->data : (void *)(uintptr_t) "",
                                           MHD_RESPMEM_MUST_COPY);
}

static void add_date(const ds_fake_call *call, struct MHD_Response *response)
{
    time_t seconds = (time_t)ds_floor_div(call->now_ms, 1000);
    struct tm parts;
    char text[64];

    gmtime_r(&seconds, &parts);
    if (strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0)
        MHD_add_response_header(response, "date", text);
}

enum MHD_Result ds_send_answer(ds_exchange *x)
{
    ds_fake_call *call = &x->call;
    struct MHD_Response *response;
    enum MHD_Result sent;

    assert(!call->out.overflow);
    if (ds_fake_zips(call) && !ds_fake_get(call, "content-encoding"))
        zip_answer(call);
    response = make_response(x);
    if (!response)
        return MHD_NO;
    if (call->type)
        MHD_add_response_header(response, "content-type", call->type);
    for (size_t i = 0; i < call->headers_n; i++)
        MHD_add_response_header(response, call->headers[i].name, call->headers[i].value);
    add_date(call, response);
    sent = MHD_queue_response(x->mhd, (unsigned)call->status, response);
    MHD_destroy_response(response);
    return sent;
}
