/* src/engine/temporal/client.c - calls with messages in and out; repeated where that is safe. */
#include "engine/temporal/client.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/temporal/identity.h"
#include "engine/temporal/payload.h"
#include "engine/temporal/settings.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define IMPATIENT_MS (2 * DS_SECOND_MS)

struct ds_client {
    const ds_temporal *settings;
    ds_grpc *grpc;
    ds_codec *codec;
    char identity[DS_IDENTITY_BYTES];
    pthread_mutex_t lock;
    pthread_cond_t hurried;
    bool hurry, impatient;
    atomic_bool away; /* and that has been said */
    atomic_uint attributes;
};

/* ---- its life -------------------------------------------------------------------------------- */

static bool open_codec(ds_client *c, ds_err *err)
{
    const ds_temporal *t = c->settings;

    if (t->encryption_key)
        c->codec = ds_codec_open(ds_secret_reveal(t->encryption_key), t->encryption_required, err);
    return c->codec || !t->encryption_key;
}

static void tell_down(void *to, const ds_err *why)
{
    ds_client *c = to;
    ds_err err = *why;

    ds_wrap(&err, "%s", c->settings->address);
    ds_client_lost(c, &err);
}

ds_client *ds_client_open(const ds_temporal *settings, bool impatient, ds_err *err)
{
    DS_AUTO(ds_client) c = ds_calloc(1, sizeof(*c));
    ds_grpc_options options;
    pthread_condattr_t steady;

    c->settings = settings;
    c->impatient = impatient;
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&c->hurried, &steady);
    pthread_condattr_destroy(&steady);
    ds_identity_make(c->identity);
    if (!open_codec(c, err))
        return NULL;
    options = ds_temporal_options(settings, impatient);
    options.down = impatient ? NULL : tell_down;
    options.down_to = c;
    c->grpc = ds_grpc_open(&options, err);
    return c->grpc ? DS_TAKE(&c) : NULL;
}

void ds_client_close(ds_client *c)
{
    if (!c)
        return;
    ds_grpc_close(c->grpc);
    ds_codec_close(c->codec);
    pthread_cond_destroy(&c->hurried);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

const ds_temporal *ds_client_settings(const ds_client *c)
{
    return c->settings;
}

const char *ds_client_identity(const ds_client *c)
{
    return c->identity;
}

ds_grpc *ds_client_grpc(ds_client *c)
{
    return c->grpc;
}

void ds_client_lost(ds_client *c, const ds_err *why)
{
    if (!atomic_exchange(&c->away, true))
        ds_log(DS_LOG_WARN, "server_away", "error", why->text, "text",
               "it is tried again until it answers; `durable-sync check` says what may be wrong",
               NULL);
}

bool ds_client_is_lost(const ds_client *c)
{
    return atomic_load(&c->away);
}

unsigned ds_client_attributes(const ds_client *c)
{
    return atomic_load(&c->attributes);
}

void ds_client_set_attributes(ds_client *c, unsigned which)
{
    atomic_store(&c->attributes, which);
}

struct timespec ds_steady_in(int64_t ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

bool ds_client_wait(ds_client *c, int64_t ms)
{
    struct timespec until = ds_steady_in(ms);
    bool goes_on;

    pthread_mutex_lock(&c->lock);
    while (!c->hurry && pthread_cond_timedwait(&c->hurried, &c->lock, &until) != ETIMEDOUT)
        continue;
    goes_on = !c->hurry;
    pthread_mutex_unlock(&c->lock);
    return goes_on;
}

void ds_client_hurry(ds_client *c)
{
    pthread_mutex_lock(&c->lock);
    c->hurry = true;
    pthread_cond_broadcast(&c->hurried);
    pthread_mutex_unlock(&c->lock);
    ds_grpc_hurry(c->grpc);
}

/* ---- one call -------------------------------------------------------------------------------- */

static int64_t mono_ms(void)
{
    ds_clock *clock = ds_clock_system();

    return clock->mono_us(clock) / 1000;
}

static uint32_t some_number(void)
{
    uint32_t number = 0;

    (void)!getrandom(&number, sizeof(number), GRND_NONBLOCK); /* spreads what failed together */
    return number;
}

static bool take_answer(const ds_client *c, const ds_call *call, const uint8_t *bytes, size_t n,
                        ds_arena *a, void **answer, ds_err *err)
{
    if (!call->answer)
        return true;
    *answer = ds_wire_unpack(call->answer, bytes, n, a);
    if (!*answer)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s: the server's answer is not understood",
                       call->method);
    ds_codec_decode(c->codec, *answer, a);
    return true;
}

bool ds_client_call(ds_client *c, const ds_call *call, ProtobufCMessage *request, ds_arena *a,
                    void **answer, ds_grpc_failure *failure, ds_err *err)
{
    int64_t until_ms =
        mono_ms() + (c->impatient ? DS_MIN(call->patience_ms, IMPATIENT_MS) : call->patience_ms);
    ds_grpc_failure why = {0};
    const uint8_t *sent, *got = NULL;
    size_t sent_n, got_n = 0;

    if (!ds_codec_encode(c->codec, request, a, err))
        return false;
    sent = ds_wire_pack(request, a, &sent_n);
    for (unsigned tries = 1;; tries++) {
        int64_t again_ms;

        *err = DS_ERR_INIT;
        if (ds_grpc_call(c->grpc, call->method, sent, sent_n, call->timeout_ms, a, &got, &got_n,
                         &why, err)) {
            if (atomic_exchange(&c->away, false))
                ds_log(DS_LOG_INFO, "server_back", "method", call->method, NULL);
            return take_answer(c, call, got, got_n, a, answer, err);
        }
        if (failure)
            *failure = why;
        again_ms = ds_grpc_again_ms(&why, false, tries, some_number());
        if (again_ms < 0 || mono_ms() + again_ms > until_ms || !ds_client_wait(c, again_ms))
            return false;
    }
}

void ds_client_decode(const ds_client *c, ProtobufCMessage *m, ds_arena *a)
{
    ds_codec_decode(c->codec, m, a);
}

/* ---- small parts of messages ----------------------------------------------------------------- */

Ds__Duration *ds_duration_of(int64_t ms, ds_arena *a)
{
    Ds__Duration *d = ds_wire_new(&ds__duration__descriptor, a);

    d->has_seconds = ms / 1000 != 0;
    d->seconds = ms / 1000;
    d->has_nanos = ms % 1000 != 0;
    d->nanos = (int32_t)(ms % 1000) * 1000000;
    return d;
}

Ds__TaskQueue *ds_task_queue_of(const ds_client *c, ds_arena *a)
{
    Ds__TaskQueue *q = ds_wire_new(&ds__task_queue__descriptor, a);

    q->name = ds_arena_strdup(a, c->settings->task_queue);
    q->has_kind = true;
    q->kind = DS__TASK_QUEUE_KIND__TASK_QUEUE_KIND_NORMAL;
    return q;
}

Ds__Payloads *ds_payloads_of_text(const ds_buf *json, ds_arena *a, ds_err *err)
{
    Ds__Payload *p;

    if (!ds_buf_ok(json, "the payload", err))
        return NULL;
    p = ds_payload_of_text(json->data, json->n, a, err);
    return p ? ds_payloads_of(p, a) : NULL;
}

const char *ds_deployment_name(void)
{
    const char *name = getenv("DURABLE_SYNC_DEPLOYMENT_NAME");

    return name && *name ? name : "durable-sync";
}

Ds__WorkerDeploymentOptions *ds_deployment_of(const ds_client *c, ds_arena *a)
{
    Ds__WorkerDeploymentOptions *d;

    if (!c->settings->build_id)
        return NULL;
    d = ds_wire_new(&ds__worker_deployment_options__descriptor, a);
    d->deployment_name = ds_arena_strdup(a, ds_deployment_name());
    d->build_id = ds_arena_strdup(a, c->settings->build_id);
    d->has_worker_versioning_mode = true;
    d->worker_versioning_mode = DS__WORKER_VERSIONING_MODE__WORKER_VERSIONING_MODE_VERSIONED;
    return d;
}
