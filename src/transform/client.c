/* src/transform/client.c
 *
 * A page of records through a worker.  They go out in batches and come back in their order; where
 * the worker is lost, the record it was at is held with the reason, a new worker is started, and
 * what has no result yet is sent again without it.
 */
#include "transform/internal.h"

#include "base/text.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH_BYTES DS_MIB    /* of records in one message; a larger one goes alone */
#define IN_VAIN_MAX 3         /* workers lost in a row, with nothing to blame and nothing done */
#define LOST_MAX INT64_C(20)  /* workers that records may cost, and one more for each... */
#define GOOD_EACH INT64_C(10) /* ...of so many that came through: else the program is at fault */

struct ds_transform {
    const ds_jq *jq;
    char *program;
    ds_jq_process *p; /* NULL: none runs */
    int64_t good, lost;
    int in_vain;
};

typedef struct batch {
    const ds_transform_in *in;
    ds_transform_out *out;
    size_t *which; /* indexes of the records in it */
    size_t n, got;
    ds_arena *arena;
} batch;

/* ---- a worker that has the program ----------------------------------------------------------- */

static void let_go(ds_transform *t)
{
    ds_jq_stop(t->p);
    t->p = NULL;
}

static const char *worker_path(const ds_jq *jq, ds_arena *a, ds_err *err)
{
    const char *path = jq->worker ? jq->worker : ds_jq_find_worker(a);

    if (!path)
        ds_fail(err, DS_ERR_CONFIG,
                "the transform worker durable-sync-jq is not beside the library: install "
                "durable-sync whole");
    return path;
}

static ds_jq_process *start(const ds_jq *jq, ds_activity *act, uint32_t *fence, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    const char *path = worker_path(jq, a, err);
    DS_AUTO(ds_jq_process) p = path ? ds_jq_start(path, err) : NULL;
    ds_wire_in frame;
    uint32_t type = 0, version = 0;
    ds_jq_end end;

    if (!p)
        return NULL;
    end = ds_jq_exchange(p, act, DS_JQ_COMPILE_MS, &type, &frame);
    if (end == DS_JQ_STOPPED) {
        ds_fail(err, DS_ERR_CANCELLED, "stopped");
        return NULL;
    }
    if (end == DS_JQ_FRAME) {
        version = ds_wire_u32(&frame);
        *fence = ds_wire_u32(&frame);
    }
    if (end == DS_JQ_FRAME && type == DS_WIRE_HELLO && version == DS_WIRE_VERSION && !frame.bad)
        return DS_TAKE(&p);
    ds_fail(err, DS_ERR_CONFIG,
            "the transform worker %s does not answer: is it of another version, or a library of it "
            "missing?",
            path);
    return NULL;
}

typedef struct verdicts { /* what is said of a program, on its way to who asked */
    ds_arena *arena;
    const char *program;
    ds_transform_say *say;
    void *to;
} verdicts;

static void say(const verdicts *v, const char *text)
{
    v->say(v->to, 0, 0, text);
}

static bool say_messages(const verdicts *v, ds_wire_in *frame)
{
    uint32_t count = ds_wire_u32(frame);

    for (uint32_t i = 0; i < count && !frame->bad; i++) {
        size_t n;
        const char *text = ds_wire_text(frame, &n);

        if (text)
            ds_jq_message(v->arena, v->program, text, n, v->say, v->to);
    }
    return !frame->bad;
}

/* Compiles the program; what is wrong with it is said. false: stopped. */
static bool compile(ds_jq_process *p, ds_activity *act, const verdicts *v, ds_err *err)
{
    ds_buf *out = ds_jq_out(p);
    size_t began = ds_wire_begin(out, DS_WIRE_PROGRAM);
    ds_wire_in frame;
    uint32_t type = 0;

    ds_buf_text(out, v->program);
    ds_wire_end(out, began);
    switch (ds_jq_exchange(p, act, DS_JQ_COMPILE_MS, &type, &frame)) {
    case DS_JQ_FRAME:
        if (type != DS_WIRE_COMPILED || !say_messages(v, &frame))
            say(v, "the worker's answer to it makes no sense");
        return true;
    case DS_JQ_STOPPED:
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    case DS_JQ_TOO_LONG:
        say(v, "jq takes longer than 2 s to compile it");
        return true;
    case DS_JQ_NO_MEMORY:
        say(v, "jq needs more than 512 MiB of memory to compile it");
        return true;
    case DS_JQ_CRASHED:
        say(v, "jq crashes when it compiles it");
        return true;
    case DS_JQ_LOST:
    case DS_JQ_SPENT:
    case DS_JQ_GARBAGE:
        break;
    }
    return ds_fail(err, DS_ERR_TRANSIENT, "the transform worker was lost while it compiled");
}

static void keep_first(void *to, int line, int col, const char *text)
{
    ds_err *err = to;

    (void)col;
    if (err->kind == DS_ERR_NONE && line)
        ds_fail(err, DS_ERR_CONFIG, "transform: line %d: %s", line, text);
    else if (err->kind == DS_ERR_NONE)
        ds_fail(err, DS_ERR_CONFIG, "transform: %s", text);
}

static bool ready(ds_transform *t, ds_activity *act, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_err said = DS_ERR_INIT;
    const verdicts v = {a, t->program, keep_first, &said};
    uint32_t fence;

    if (t->p)
        return true;
    t->p = start(t->jq, act, &fence, err);
    if (!t->p)
        return false;
    if (compile(t->p, act, &v, err) && said.kind == DS_ERR_NONE)
        return true;
    let_go(t);
    if (said.kind != DS_ERR_NONE)
        *err = said;
    return false;
}

/* ---- what became of a worker ----------------------------------------------------------------- */

static const char *reason_of(const ds_transform *t, ds_jq_end end, ds_arena *a)
{
    int number = ds_jq_signal(t->p);

    switch (end) {
    case DS_JQ_TOO_LONG:
        return ds_arena_printf(a, "transform: took longer than %d ms", (int)DS_JQ_RECORD_MS);
    case DS_JQ_NO_MEMORY:
        return "transform: needs more than 512 MiB of memory";
    case DS_JQ_GARBAGE:
        return "transform: the worker's answer makes no sense";
    case DS_JQ_LOST:
        return "transform: its worker was ended from outside again and again";
    case DS_JQ_CRASHED:
        if (number)
            return ds_arena_printf(a, "transform: jq crashed on it (signal %d, %s)", number,
                                   strsignal(number));
        return "transform: jq ended on it";
    case DS_JQ_SPENT:
        return "transform: it halts, or makes values without end";
    case DS_JQ_FRAME:
    case DS_JQ_STOPPED:
        break;
    }
    return "transform: failed";
}

/* The record it was at, where that can be so: what it has answered for it is through with. */
static ds_transform_out *culprit_of(const ds_transform *t, const batch *b)
{
    size_t at = ds_jq_at(t->p);

    return at > b->got && at <= b->n ? &b->out[b->which[at - 1]] : NULL;
}

static bool too_many(const ds_transform *t, const char *reason, ds_err *err)
{
    if (t->lost <= LOST_MAX + t->good / GOOD_EACH)
        return false;
    ds_fail(err, DS_ERR_PERMANENT,
            "%lld records cost a worker each and %lld came through: the program is at fault; the "
            "last one: %s",
            (long long)t->lost, (long long)t->good, reason);
    return true;
}

/* The worker is gone: who is to blame? false: the pass cannot go on. */
static bool lost_worker(ds_transform *t, batch *b, ds_jq_end end, ds_err *err)
{
    const char *reason = reason_of(t, end, b->arena);
    ds_transform_out *culprit = culprit_of(t, b);

    if (!culprit && end == DS_JQ_GARBAGE)
        culprit = &b->out[b->which[b->got]];
    let_go(t);
    if (end == DS_JQ_STOPPED)
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    if (end == DS_JQ_SPENT) {
        t->lost++;
        return !too_many(t, reason, err);
    }
    t->in_vain = b->got ? 0 : t->in_vain + 1;
    if ((!culprit || end == DS_JQ_LOST) && t->in_vain < IN_VAIN_MAX)
        return true; /* once more, all that is open */
    if (!culprit)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s, and it was at no record", reason);
    t->in_vain = 0;
    t->lost++;
    *culprit = (ds_transform_out){.fate = DS_TRANSFORM_HELD, .reason = reason};
    return !too_many(t, reason, err);
}

/* ---- a batch --------------------------------------------------------------------------------- */

/* The open records from `first` on, as many as fit. One that fits nowhere is held. */
static void fill(ds_transform *t, batch *b, size_t first, size_t all)
{
    ds_buf *out = ds_jq_out(t->p);
    size_t began = ds_wire_begin(out, DS_WIRE_BATCH);

    b->n = b->got = 0;
    ds_wire_put_u32(out, 0);
    for (size_t i = first; i < all && out->n < BATCH_BYTES; i++) {
        if (b->out[i].fate != DS_TRANSFORM_OPEN)
            continue;
        if (ds_jq_put_record(out, b->arena, &b->in[i]))
            b->which[b->n++] = i;
        else if (b->n)
            break;
        else
            b->out[i] = (ds_transform_out){.fate = DS_TRANSFORM_HELD,
                                           .reason = "transform: the record is too large for it"};
    }
    ds_wire_patch(out, began + DS_WIRE_HEAD, (uint32_t)b->n);
    ds_wire_end(out, began);
}

static bool take_results(batch *b, uint32_t type, ds_wire_in *frame)
{
    uint32_t count = ds_wire_u32(frame);

    if (type != DS_WIRE_RESULTS || frame->bad || !count || count > b->n - b->got)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        size_t at = b->which[b->got];

        if (!ds_jq_take_result(frame, &b->in[at], b->arena, &b->out[at]))
            return false;
        b->got++;
    }
    return !frame->left;
}

/* Until the batch is through or the worker is lost. false: the pass cannot go on. */
static bool run(ds_transform *t, ds_activity *act, batch *b, ds_err *err)
{
    while (b->got < b->n) {
        ds_wire_in frame;
        uint32_t type;
        size_t before = b->got;
        ds_jq_end end = ds_jq_exchange(t->p, act, DS_JQ_RECORD_MS, &type, &frame);
        bool ok = end == DS_JQ_FRAME && take_results(b, type, &frame);

        t->good += (int64_t)(b->got - before);
        if (!ok)
            return lost_worker(t, b, end == DS_JQ_FRAME ? DS_JQ_GARBAGE : end, err);
        t->in_vain = 0;
    }
    return true;
}

static bool apply(ds_transform *t, ds_activity *act, const ds_transform_in *in, size_t n,
                  ds_arena *a, ds_transform_out *out, ds_err *err)
{
    batch b = {.in = in, .out = out, .arena = a};
    size_t first = 0;

    b.which = ds_arena_alloc(a, (n + 1) * sizeof(*b.which));
    memset(out, 0, n * sizeof(*out));
    for (;;) {
        while (first < n && out[first].fate != DS_TRANSFORM_OPEN)
            first++;
        if (first == n)
            return true;
        if (!ready(t, act, err))
            return false;
        fill(t, &b, first, n);
        if (!run(t, act, &b, err))
            return false;
    }
}

/* ---- the seam -------------------------------------------------------------------------------- */

static ds_transform *open_program(const ds_transformer *self, const char *program)
{
    ds_transform *t = ds_calloc(1, sizeof(*t));

    t->jq = (const ds_jq *)self;
    t->program = ds_strdup(program);
    return t;
}

static void close_program(ds_transform *t)
{
    if (!t)
        return;
    let_go(t);
    free(t->program);
    free(t);
}

static bool check(const ds_transformer *self, const char *program, ds_transform_say *told, void *to,
                  ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    uint32_t fence;
    DS_AUTO(ds_jq_process) p = start((const ds_jq *)self, NULL, &fence, err);
    const verdicts v = {a, program, told, to};

    return p && compile(p, NULL, &v, err);
}

#define OPS                                                                                        \
    {                                                                                              \
        .check = check, .open = open_program, .apply = apply, .close = close_program               \
    }

const ds_jq ds_jq_installed = {.base = OPS};

ds_jq ds_jq_with(const char *worker)
{
    return (ds_jq){.base = OPS, .worker = worker};
}

/* ---- for doctor ------------------------------------------------------------------------------ */

static void note_problem(void *to, int line, int col, const char *text)
{
    (void)line, (void)col, (void)text;
    *(bool *)to = true;
}

/* libjq does not say its version: what it knows tells. */
static const char *version_of(ds_jq_process *p, ds_arena *a, ds_err *err)
{
    static const struct {
        const char *version, *knows;
    } known[] = {{"1.8 or newer", "trimstr(\"x\")"}, {"1.7", "pick(.a)"}, {"1.6", "@base64d"}};

    for (size_t i = 0; i < DS_COUNT(known); i++) {
        bool problem = false;
        const verdicts v = {a, known[i].knows, note_problem, &problem};

        if (!compile(p, NULL, &v, err))
            return NULL;
        if (!problem)
            return known[i].version;
    }
    return "older than 1.6";
}

bool ds_jq_look(const ds_jq *jq, ds_arena *a, ds_jq_facts *out, ds_err *err)
{
    uint32_t fence = 0;
    DS_AUTO(ds_jq_process) p = start(jq, NULL, &fence, err);

    if (!p)
        return false;
    *out = (ds_jq_facts){.worker = worker_path(jq, a, err),
                         .calls = fence & DS_FENCE_SECCOMP,
                         .privileges = fence & DS_FENCE_NO_NEW_PRIVS,
                         .memory = fence & DS_FENCE_MEMORY};
    out->libjq = version_of(p, a, err);
    return out->libjq != NULL;
}
