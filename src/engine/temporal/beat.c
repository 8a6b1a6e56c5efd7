/* src/engine/temporal/beat.c
 *
 * While a pass runs, a thread beside it tells the server that it lives and how far it is, and hears
 * whether it is still wanted.  What the server has acknowledged is also the pass's lease: for so
 * long, and a margin less, nobody else can have been given the pass, and only then may it write.
 */
#include "engine/temporal/worker.h"

#include "base/thread.h"
#include "engine/temporal/payload.h"
#include "json/member.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define MARGIN_MS (5 * DS_SECOND_MS) /* what is on its way by then has arrived */
#define CALL_MS (4 * DS_SECOND_MS)

struct ds_beat {
    ds_running_pass *run;
    ProtobufCBinaryData token;
    int64_t timeout_ms;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool over;
    ds_beaten beaten;
};

static ds_client *client_of(const ds_beat *b)
{
    return b->run->worker->client;
}

static int64_t mono_us(const ds_beat *b)
{
    ds_clock *clock = b->run->worker->host->clock;

    return clock->mono_us(clock);
}

static void extend_lease(ds_beat *b, int64_t from_us)
{
    atomic_store(&b->run->pass.lease_us, from_us + (b->timeout_ms - MARGIN_MS) * 1000);
}

/* ---- how far it is --------------------------------------------------------------------------- */

static int64_t peek(_Atomic int64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

Ds__Payloads *ds_beat_details(ds_running_pass *run, ds_arena *a)
{
    ds_progress *p = &run->pass.progress;
    DS_AUTO_BUF(text, 4 * DS_KIB);
    ds_json_writer w = ds_json_w(&text, false);
    ds_err ignored = DS_ERR_INIT;

    ds_json_w_begin_object(&w);
    ds_w_bool(&w, "begun", run->pass.begun || atomic_load(&p->kept));
    ds_w_int(&w, "done", peek(&p->done));
    ds_w_int(&w, "total", peek(&p->total));
    ds_w_int(&w, "created", peek(&p->created));
    ds_w_int(&w, "updated", peek(&p->updated));
    ds_w_int(&w, "unchanged", peek(&p->unchanged));
    ds_w_int(&w, "skipped", peek(&p->skipped));
    ds_w_int(&w, "held", peek(&p->held));
    ds_w_int(&w, "source_calls", peek(&p->source_calls));
    ds_w_int(&w, "destination_calls", peek(&p->destination_calls));
    ds_json_w_end_object(&w);
    return ds_payloads_of_text(&text, a, &ignored);
}

/* ---- one beat -------------------------------------------------------------------------------- */

static void set_beaten(ds_beat *b, bool cancelled, bool lost)
{
    pthread_mutex_lock(&b->lock);
    b->beaten.cancelled = b->beaten.cancelled || cancelled;
    b->beaten.lost = b->beaten.lost || lost;
    pthread_mutex_unlock(&b->lock);
}

static void hear(ds_beat *b, const Ds__RecordActivityTaskHeartbeatResponse *answer)
{
    if (answer->cancel_requested)
        set_beaten(b, true, false);
    if (answer->cancel_requested || answer->activity_paused || answer->activity_reset)
        atomic_store(&b->run->pass.stop, true);
}

static void beat(ds_beat *b, ds_arena *a)
{
    static const ds_call call = {"RecordActivityTaskHeartbeat",
                                 &ds__record_activity_task_heartbeat_response__descriptor, CALL_MS,
                                 0};
    Ds__RecordActivityTaskHeartbeatRequest *r =
        ds_wire_new(&ds__record_activity_task_heartbeat_request__descriptor, a);
    int64_t sent_us = mono_us(b);
    ds_grpc_failure failure = {.status = DS_GRPC_OK};
    ds_err err = DS_ERR_INIT;
    void *answer;

    r->has_task_token = true;
    r->task_token = b->token;
    r->namespace_ = ds_arena_strdup(a, ds_client_settings(client_of(b))->namespace_);
    r->identity = ds_arena_strdup(a, ds_client_identity(client_of(b)));
    r->details = ds_beat_details(b->run, a); /* a beat without any would erase the last one's */
    if (ds_client_call(client_of(b), &call, &r->base, a, &answer, &failure, &err)) {
        extend_lease(b, sent_us);
        hear(b, answer);
    } else if (failure.status == DS_GRPC_NOT_FOUND) {
        set_beaten(b, false, true);
        atomic_store(&b->run->pass.stop, true);
    } /* else the lease runs out by itself, unless the next one gets through */
}

/* False: it is over. */
static bool sleep_until_next(ds_beat *b)
{
    struct timespec until = ds_steady_in(b->timeout_ms / 5);
    bool over;

    pthread_mutex_lock(&b->lock);
    while (!b->over && pthread_cond_timedwait(&b->ended, &b->lock, &until) != ETIMEDOUT)
        continue;
    over = b->over || b->beaten.lost;
    pthread_mutex_unlock(&b->lock);
    return !over;
}

static void *beat_on(void *arg)
{
    ds_beat *b = arg;
    DS_AUTO(ds_arena) a = ds_arena_new();

    while (sleep_until_next(b)) {
        beat(b, a);
        ds_arena_reset(a);
    }
    return NULL;
}

/* ---- its life -------------------------------------------------------------------------------- */

static void free_beat(ds_beat *b)
{
    pthread_cond_destroy(&b->ended);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

ds_beat *ds_beat_start(ds_running_pass *run, ProtobufCBinaryData token, int64_t timeout_ms,
                       int64_t got_us, ds_err *err)
{
    ds_beat *b = ds_calloc(1, sizeof(*b));
    pthread_condattr_t steady;

    b->run = run;
    b->token = token;
    b->timeout_ms = DS_MAX(timeout_ms, 2 * MARGIN_MS);
    pthread_mutex_init(&b->lock, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&b->ended, &steady);
    pthread_condattr_destroy(&steady);
    extend_lease(b, got_us);
    if (ds_thread_start(&b->thread, beat_on, b, "that tells the server of a pass", err))
        return b;
    free_beat(b);
    return NULL;
}

ds_beaten ds_beat_look(ds_beat *b)
{
    ds_beaten beaten;

    pthread_mutex_lock(&b->lock);
    beaten = b->beaten;
    pthread_mutex_unlock(&b->lock);
    return beaten;
}

void ds_beat_stop(ds_beat *b)
{
    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->over = true;
    pthread_cond_signal(&b->ended);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    free_beat(b);
}
