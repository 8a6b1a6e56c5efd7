/* tests/fuzz/fuzz_grpc.c
 *
 * What a Temporal server, or who stands in between, says: the frames of HTTP/2, and the headers,
 * messages, trailers and details of gRPC.  Every call ends once or goes on, what ended well holds a
 * message within its limit, what failed says so in text that can be shown.
 *
 * Input: a byte; its low bits are how many calls there are and how the bytes are cut. With its
 * highest bit the rest are lines of one answer: "=" and "$" begin blocks of headers, "name: value"
 * is one, all others are data. Without it the rest are the server's bytes.
 */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "engine/temporal/grpc_status.h"
#include "engine/temporal/h2.h"
#include <string.h>

#define ANSWER_MAX ((size_t)2000)
#define CALLS_MAX 4

static void shown(const char *text)
{
    fuzz_must(ds_utf8_ok(text, strlen(text)), "%s", text);
    for (; *text; text++)
        fuzz_must((unsigned char)*text >= ' ' && *text != 127, "%d", *text);
}

static void check_failure(const ds_grpc_failure *f)
{
    static const ds_grpc_scene scene = {"h:1", "n", "Poll", true};
    ds_err err = DS_ERR_INIT;
    uint8_t sum = 0;

    fuzz_must(f->status >= DS_GRPC_CANCELLED && f->status <= DS_GRPC_UNAUTHENTICATED, "%d",
              f->status);
    shown(f->text);
    shown(f->detail_type);
    for (size_t i = 0; i < f->detail_n; i++)
        sum ^= f->detail[i];
    (void)sum;
    fuzz_must(!ds_grpc_fail(&err, &scene, f), "%s", err.text);
    fuzz_error(&err);
    fuzz_must(ds_grpc_again_ms(f, true, 3, 7) <= 12000, "%d", f->status);
}

static void check_answer(const ds_answer *an, ds_arena *a)
{
    ds_grpc_failure failure;
    const uint8_t *message;
    size_t n;

    if (ds_answer_read(an, a, &message, &n, &failure))
        fuzz_must(n <= ANSWER_MAX && an->status == 0 && !an->wrong, "%zu", n);
    else
        check_failure(&failure);
}

/* ---- lines of one answer --------------------------------------------------------------------- */

static void one_answer(fuzz_input *in, ds_arena *a)
{
    ds_answer an;
    bool fine = true;

    ds_answer_init(&an, ANSWER_MAX);
    while (in->left && fine) {
        size_t n;
        char *line = fuzz_piece(in, "\n", a, &n), *colon = memmem(line, n, ": ", 2);

        if (!strcmp(line, "=") || !strcmp(line, "$"))
            ds_answer_block(&an, *line == '$');
        else if (colon)
            fine = ds_answer_header(&an, (uint8_t *)line, (size_t)(colon - line),
                                    (uint8_t *)colon + 2, n - (size_t)(colon + 2 - line));
        else
            fine = ds_answer_data(&an, (uint8_t *)line, n);
    }
    fuzz_must(fine == !an.wrong, "%d", an.wrong);
    check_answer(&an, a);
    ds_answer_fini(&an);
}

/* ---- the server's bytes ---------------------------------------------------------------------- */

typedef struct world {
    ds_arena *a;
    ds_h2_call calls[CALLS_MAX];
    bool over[CALLS_MAX];
} world;

static void ended(void *to, ds_h2_call *call, ds_h2_end end, uint32_t code)
{
    world *w = to;
    size_t i = (size_t)(call - w->calls);
    ds_grpc_failure failure;

    fuzz_must(i < CALLS_MAX && !w->over[i], "%zu", i);
    w->over[i] = true;
    if (end == DS_H2_ANSWERED || end == DS_H2_WRONG) {
        check_answer(&call->answer, w->a);
    } else {
        ds_grpc_of_reset(code, code & 1, &failure);
        check_failure(&failure);
    }
}

static void begin_calls(world *w, ds_h2 *h, size_t n)
{
    static const ds_grpc_header headers[] = {{":method", "POST"},
                                             {":scheme", "http"},
                                             {":authority", "h:1"},
                                             {":path", "/s/Poll"},
                                             {"te", "trailers"}};

    for (size_t i = 0; i < n; i++) {
        w->calls[i] = (ds_h2_call){.headers = headers,
                                   .headers_n = DS_COUNT(headers),
                                   .request = (const uint8_t *)"request",
                                   .n = 7};
        ds_answer_init(&w->calls[i].answer, ANSWER_MAX);
        w->over[i] = !ds_h2_begin(h, &w->calls[i]);
    }
}

static bool write_out(ds_h2 *h)
{
    DS_AUTO_BUF(out, 256 * DS_KIB);

    return ds_h2_write(h, &out, 64 * DS_KIB);
}

static void server_bytes(fuzz_input *in, unsigned mode, ds_arena *a)
{
    size_t calls = 1 + (mode & 3), piece = mode & 4 ? 1 : mode & 8 ? 13 : 5000, n;
    world w = {.a = a};
    ds_h2 *h = ds_h2_new(ended, &w);
    const char *data = fuzz_rest(in, a, &n);
    bool fine = write_out(h);

    begin_calls(&w, h, calls);
    fine = fine && write_out(h);
    for (size_t at = 0; at < n && fine; at += piece) {
        fine = ds_h2_read(h, (const uint8_t *)data + at, DS_MIN(piece, n - at));
        if (mode & 16 && at == piece && !w.over[0]) {
            ds_h2_take(h, &w.calls[0]);
            w.over[0] = true;
        }
        fine = write_out(h) && fine;
    }
    shown(h->why);
    while (h->calls) {
        w.over[h->calls - w.calls] = true;
        ds_h2_take(h, h->calls);
    }
    for (size_t i = 0; i < calls; i++) {
        fuzz_must(w.over[i], "%zu", i);
        ds_answer_fini(&w.calls[i].answer);
    }
    ds_h2_free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_input in = {(const char *)data, n};
    DS_AUTO(ds_arena) a = ds_arena_new();
    unsigned mode = fuzz_byte(&in);

    if (mode & 128)
        one_answer(&in, a);
    else
        server_bytes(&in, mode, a);
    return 0;
}
