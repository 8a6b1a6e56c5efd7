/* src/transform/worker.c
 *
 * durable-sync-jq: runs one jq expression over the records it is sent, behind a fence.  It is
 * started by durable-sync, never by hand: descriptor 3 is the socket to it, 4 the shared page in
 * which this program notes what it is at, so that whoever waits knows which record to blame.
 *
 * libjq aborts when it cannot go on, has no limit on time and shows its environment to expressions;
 * this process has nothing to lose but the record at hand.
 */
#include "transform/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define RESULTS_BYTES (256 * DS_KIB) /* sent on when there is so much */
#define DRAIN_MAX 1000               /* values past the first that are looked at and let go */

typedef struct worker {
    jq_state *jq;
    ds_watch *watch;
    ds_buf in, out, messages;
    uint32_t messages_n;
    bool spent; /* libjq was left in the middle of a program: it starts none again */
} worker;

#if DS_SANITIZED
/* The environment is empty here, so the options come from the program itself. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=512";
}
#endif

/* ---- the socket ------------------------------------------------------------------------------ */

/* Without the other end there is nothing to do here. */
static void read_all(char *at, size_t n)
{
    while (n) {
        ssize_t got = read(DS_WIRE_SOCKET, at, n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            _exit(0);
        at += got;
        n -= (size_t)got;
    }
}

static void write_all(const char *at, size_t n)
{
    while (n) {
        ssize_t put = write(DS_WIRE_SOCKET, at, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            _exit(0);
        at += put;
        n -= (size_t)put;
    }
}

static uint32_t read_frame(worker *w)
{
    uint32_t head[2];

    ds_buf_fini(&w->in); /* a large one is not kept */
    read_all((char *)head, sizeof(head));
    if (head[0] > DS_WIRE_FRAME_MAX)
        _exit(2);
    w->in.data = ds_realloc(NULL, head[0] + 1, 1);
    w->in.cap = w->in.n = head[0];
    read_all(w->in.data, head[0]);
    w->in.data[head[0]] = '\0';
    return head[1];
}

static void send_out(worker *w, size_t began)
{
    ds_wire_end(&w->out, began);
    if (w->out.overflow)
        _exit(2);
    write_all(w->out.data, w->out.n);
    ds_buf_clear(&w->out);
}

/* ---- the expression -------------------------------------------------------------------------- */

static void on_message(void *to, jv message)
{
    worker *w = to;
    jv text = jv_get_kind(message) == JV_KIND_STRING ? message : jv_dump_string(message, 0);

    ds_wire_put_text(&w->messages, jv_string_value(text),
                     (size_t)jv_string_length_bytes(jv_copy(text)));
    w->messages_n++;
    jv_free(text);
}

/* Without it libjq says "break". */
static jv no_input(jq_state *jq, void *unused)
{
    (void)jq, (void)unused;
    return jv_invalid_with_msg(
        jv_string("input and inputs have nothing to read here: the record is `.`"));
}

static ds_watch *the_watch; /* libjq 1.6 hands its handler anything but what it was given */

static void no_memory(void *unused)
{
    (void)unused;
    atomic_store(&the_watch->no_memory, 1u);
    _exit(3);
}

/* import and include find nothing: without these two, libjq 1.6 aborts at the sight of them. */
static void compile(worker *w)
{
    size_t began = ds_wire_begin(&w->out, DS_WIRE_COMPILED);
    bool ok;

    w->messages_n = 0;
    ds_buf_clear(&w->messages);
    jq_set_attr(w->jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
    jq_set_attr(w->jq, jv_string("JQ_ORIGIN"), jv_string("/"));
    jq_set_attr(w->jq, jv_string("PROGRAM_ORIGIN"), jv_string("/"));
    ok = memchr(w->in.data, '\0', w->in.n) == NULL && jq_compile(w->jq, w->in.data);
    if (!ok && !w->messages_n)
        on_message(w, jv_string("jq: error: it does not compile"));
    ds_wire_put_u32(&w->out, ok ? 0 : w->messages_n);
    if (!ok)
        ds_buf_add(&w->out, w->messages.data, w->messages.n);
    send_out(w, began);
}

/* Why jq_next gave nothing; NULL: because nothing is left. Consumes `end`. */
static jv failure(worker *w, jv end)
{
    jv message = jv_invalid_get_msg(end);

    if (jq_halted(w->jq)) {
        jv_free(message);
        return jv_string(
            "the program halts: use `empty` to drop a record, error(\"...\") to hold it");
    }
    if (jv_get_kind(message) == JV_KIND_STRING || jv_get_kind(message) == JV_KIND_NULL)
        return message;
    return jv_dump_string(message, 0);
}

/* What comes after a value: why the record is held, or null. A program is gone through to its end,
 * as libjq 1.6 aborts at its next start where it was left inside of `path(..)` or an assignment. */
static jv rest(worker *w)
{
    for (int i = 0; i < DRAIN_MAX; i++) {
        jv more = jq_next(w->jq);
        jv why;

        if (jv_is_valid(more)) {
            jv_free(more);
            continue;
        }
        why = failure(w, more);
        if (!i)
            return why;
        jv_free(why);
        return jv_string("more than one value comes out");
    }
    w->spent = true;
    return jv_string("more than one value comes out");
}

/* The one value of the program over `input`, or a result that says why there is none. */
static void run(worker *w, const ds_worker_record *rec, jv input)
{
    jv made, why;

    jq_start(w->jq, input, 0);
    made = jq_next(w->jq);
    if (!jv_is_valid(made)) {
        why = failure(w, made);
        made = jv_null();
    } else {
        why = rest(w);
    }
    w->spent |= jq_halted(w->jq);
    if (jv_get_kind(why) == JV_KIND_STRING) {
        ds_worker_hold(&w->out, jv_string_value(why));
        jv_free(made);
    } else {
        ds_worker_put(&w->out, rec, made);
    }
    jv_free(why);
}

static void run_batch(worker *w)
{
    ds_wire_in in = {.at = w->in.data, .left = w->in.n};
    uint32_t n = ds_wire_u32(&in), in_frame = 0;
    size_t began = ds_wire_begin(&w->out, DS_WIRE_RESULTS);

    ds_wire_put_u32(&w->out, 0);
    for (uint32_t i = 0; i < n; i++) {
        ds_worker_record rec;
        jv input;

        atomic_store(&w->watch->at, i + 1);
        input = ds_worker_take(&in, &rec);
        if (in.bad)
            _exit(2);
        run(w, &rec, input);
        ds_worker_record_free(&rec);
        ds_wire_patch(&w->out, began + DS_WIRE_HEAD, ++in_frame);
        if (i + 1 < n && w->out.n < RESULTS_BYTES && !w->spent)
            continue;
        if (i + 1 == n || w->spent)
            atomic_store(&w->watch->at, 0u);
        send_out(w, began);
        if (w->spent)
            _exit(DS_WIRE_SPENT);
        in_frame = 0;
        began = ds_wire_begin(&w->out, DS_WIRE_RESULTS);
        ds_wire_put_u32(&w->out, 0);
    }
    ds_buf_clear(&w->out);
}

/* ---- from the start to the end --------------------------------------------------------------- */

static void settle(worker *w)
{
    uint32_t fence;

    signal(SIGINT, SIG_IGN); /* of a terminal, or of systemd to all: whoever started this decides */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_range(DS_WIRE_WATCH + 1, ~0U, 0);
    w->watch = mmap(NULL, sizeof(*w->watch), PROT_READ | PROT_WRITE, MAP_SHARED, DS_WIRE_WATCH, 0);
    if (w->watch == MAP_FAILED)
        _exit(2);
    close(DS_WIRE_WATCH);
    the_watch = w->watch;
    fence = ds_fence_limits();
    w->jq = jq_init();
    if (!w->jq)
        _exit(2);
    jq_set_error_cb(w->jq, on_message, w);
    jq_set_input_cb(w->jq, no_input, NULL);
    jq_set_debug_cb(w->jq, NULL, NULL); /* libjq 1.6 leaves it to chance */
    jq_set_nomem_handler(w->jq, no_memory, NULL);
    fence |= ds_fence_calls();

    size_t began = ds_wire_begin(&w->out, DS_WIRE_HELLO);

    ds_wire_put_u32(&w->out, DS_WIRE_VERSION);
    ds_wire_put_u32(&w->out, fence);
    send_out(w, began);
}

int main(void)
{
    worker w = {.in = {.max = DS_WIRE_FRAME_MAX},
                .out = {.max = DS_WIRE_FRAME_MAX},
                .messages = {.max = DS_MIB}};

    if (lseek(DS_WIRE_SOCKET, 0, SEEK_CUR) >= 0 || errno != ESPIPE) {
        fputs("durable-sync-jq is started by durable-sync, for `transform`\n", stderr);
        return 2;
    }
    settle(&w);
    for (;;) {
        switch (read_frame(&w)) {
        case DS_WIRE_PROGRAM:
            compile(&w);
            break;
        case DS_WIRE_BATCH:
            run_batch(&w);
            break;
        default:
            _exit(2);
        }
    }
}
