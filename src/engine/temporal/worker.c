/* src/engine/temporal/worker.c - the threads that poll, and what becomes of polls that fail. */
#include "engine/temporal/worker.h"

#include "base/log.h"
#include "base/thread.h"
#include "engine/temporal/remote.h"
#include <errno.h>
#include <stdlib.h>

#define WORKFLOW_POLLERS 4       /* a queue has four partitions, and a poll waits at one of them */
#define PATIENCE_MS DS_MINUTE_MS /* with a server that refuses: it may be just being set up */
#define REFUSED_AGAIN_MS (5 * DS_SECOND_MS)
#define SYSTEM "GetSystemInfo"
#define AWAY_AFTER 3 /* polls in a row: said once, whichever of the threads meets it */

static int64_t mono_ms(const ds_worker *w)
{
    return w->host->clock->mono_us(w->host->clock) / 1000;
}

void ds_worker_give_up(ds_worker *w, const ds_err *err)
{
    bool first;

    pthread_mutex_lock(&w->lock);
    first = w->fatal.kind == DS_ERR_NONE;
    if (first)
        w->fatal = *err;
    pthread_mutex_unlock(&w->lock);
    if (first)
        w->failed(w);
}

/* ---- one poll -------------------------------------------------------------------------------- */

typedef struct poller {
    ds_worker *w;
    const char *method;
    const ProtobufCMessageDescriptor *answer;
    int64_t timeout_ms;
    unsigned failures;  /* in a row */
    int64_t refused_ms; /* since when the server refuses; 0: it does not */
} poller;

/* A refusal of a moment ends no worker, however long it has lived. False: the worker ends. */
static bool bear(poller *p, const ds_err *err)
{
    if (!atomic_exchange(&p->w->refused, true))
        ds_log(DS_LOG_WARN, "poll_refused", "method", p->method, "error", err->text, NULL);
    if (!p->refused_ms)
        p->refused_ms = mono_ms(p->w);
    if (mono_ms(p->w) - p->refused_ms < PATIENCE_MS)
        return ds_worker_rest(p->w, REFUSED_AGAIN_MS);
    ds_worker_give_up(p->w, err);
    return false;
}

/* The same. */
static bool recover(poller *p, const ds_grpc_failure *failure, const ds_err *err)
{
    int64_t again_ms = ds_grpc_again_ms(failure, true, ++p->failures, (uint32_t)mono_ms(p->w));

    if (atomic_load(&p->w->stopping))
        return false;
    if (failure->status == DS_GRPC_UNAVAILABLE || again_ms < 0)
        atomic_store(&p->w->lost, true);
    if (again_ms >= 0) {
        p->refused_ms = 0; /* what it refused before it was away it may take afterwards */
        if (p->failures == AWAY_AFTER)
            ds_client_lost(p->w->client, err);
        return ds_worker_rest(p->w, again_ms);
    }
    return bear(p, err);
}

static void tell_back(ds_worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->back = true;
    pthread_cond_broadcast(&w->stopped);
    pthread_mutex_unlock(&w->lock);
}

/* *answer NULL: there was none that can be used. False: the worker ends. */
static bool poll(poller *p, ProtobufCMessage *request, ds_arena *a, void **answer)
{
    const ds_call call = {p->method, p->answer, p->timeout_ms, 0};
    ds_grpc_failure failure = {.text = "", .detail_type = ""};
    ds_err err = DS_ERR_INIT;

    *answer = NULL;
    if (!ds_client_call(p->w->client, &call, request, a, answer, &failure, &err))
        return failure.status == DS_GRPC_OK ? ds_worker_rest(p->w, DS_SECOND_MS)
                                            : recover(p, &failure, &err);
    p->failures = 0;
    p->refused_ms = 0;
    atomic_store(&p->w->refused, false);
    if (atomic_exchange(&p->w->lost, false))
        tell_back(p->w);
    return true;
}

/* ---- whether it is fit ----------------------------------------------------------------------- */

static void refuse(ds_worker *w, const Ds__GetSystemInfoResponse *info)
{
    ds_err err = DS_ERR_INIT;

    ds_fail(&err, DS_ERR_CONFIG, DS_TEMPORAL_TOO_OLD "; " DS_TEMPORAL_USE,
            ds_client_settings(w->client)->address, ds_remote_version(info));
    ds_worker_give_up(w, &err);
}

/* Borne as polls are: it may be away, or be just being set up. */
bool ds_worker_knows_server(ds_worker *w)
{
    poller p = {.w = w,
                .method = SYSTEM,
                .answer = &ds__get_system_info_response__descriptor,
                .timeout_ms = DS_CALL_MS};
    DS_AUTO(ds_arena) a = ds_arena_new();
    void *info = NULL;

    while (!info) {
        Ds__GetSystemInfoRequest *r;

        ds_arena_reset(a); /* it may be away for days */
        r = ds_wire_new(&ds__get_system_info_request__descriptor, a);
        if (!poll(&p, &r->base, a, &info))
            return false;
        w->waits(w);
    }
    if (!ds_remote_keeps_memos(info))
        refuse(w, info);
    return ds_remote_keeps_memos(info);
}

/* ---- workflow tasks -------------------------------------------------------------------------- */

static Ds__PollWorkflowTaskQueueRequest *workflow_request(const ds_worker *w, ds_arena *a)
{
    Ds__PollWorkflowTaskQueueRequest *r =
        ds_wire_new(&ds__poll_workflow_task_queue_request__descriptor, a);

    r->namespace_ = ds_arena_strdup(a, ds_client_settings(w->client)->namespace_);
    r->identity = ds_arena_strdup(a, ds_client_identity(w->client));
    r->task_queue = ds_task_queue_of(w->client, a);
    r->deployment_options = ds_deployment_of(w->client, a);
    return r;
}

static void *poll_workflows(void *arg)
{
    poller p = {.w = arg,
                .method = DS_POLL_WORKFLOW,
                .answer = &ds__poll_workflow_task_queue_response__descriptor,
                .timeout_ms = DS_POLL_MS};
    DS_AUTO(ds_arena) a = ds_arena_new();
    void *answer;

    while (!atomic_load(&p.w->stopping) && poll(&p, &workflow_request(p.w, a)->base, a, &answer)) {
        Ds__PollWorkflowTaskQueueResponse *task = answer;

        if (task && task->task_token.len > 0)
            ds_worker_task(p.w, task, a);
        ds_arena_reset(a);
    }
    return NULL;
}

/* ---- passes ---------------------------------------------------------------------------------- */

static Ds__PollActivityTaskQueueRequest *activity_request(const ds_worker *w, ds_arena *a)
{
    Ds__PollActivityTaskQueueRequest *r =
        ds_wire_new(&ds__poll_activity_task_queue_request__descriptor, a);

    r->namespace_ = ds_arena_strdup(a, ds_client_settings(w->client)->namespace_);
    r->identity = ds_arena_strdup(a, ds_client_identity(w->client));
    r->task_queue = ds_task_queue_of(w->client, a);
    r->deployment_options = ds_deployment_of(w->client, a);
    return r;
}

/* A worker that stops waits for the end of these polls, so they are short: a poll cancelled in the
 * moment in which the server hands a pass out loses it until its beats are missed. */
static void *poll_activities(void *arg)
{
    poller p = {.w = arg,
                .method = DS_POLL_ACTIVITY,
                .answer = &ds__poll_activity_task_queue_response__descriptor,
                .timeout_ms = DS_PASS_POLL_MS};
    DS_AUTO(ds_arena) a = ds_arena_new();
    void *answer;

    while (!atomic_load(&p.w->stopping) && poll(&p, &activity_request(p.w, a)->base, a, &answer)) {
        Ds__PollActivityTaskQueueResponse *task = answer;

        if (task && task->task_token.len > 0)
            ds_worker_pass(p.w, task, a);
        ds_arena_reset(a);
    }
    return NULL;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool start_one(ds_worker *w, void *(*run)(void *), const char *what, ds_err *err)
{
    if (!ds_thread_start(&w->threads[w->threads_n], run, w, what, err))
        return false;
    w->threads_n++;
    return true;
}

void ds_worker_init(ds_worker *w)
{
    pthread_condattr_t steady;

    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&w->stopped, &steady);
    pthread_condattr_destroy(&steady);
    w->fatal = DS_ERR_INIT;
}

bool ds_worker_rest(ds_worker *w, int64_t ms)
{
    return ds_worker_rest_until_back(w, ms, NULL);
}

bool ds_worker_rest_until_back(ds_worker *w, int64_t ms, bool *back)
{
    struct timespec until = ds_steady_in(ms);
    bool goes_on;

    pthread_mutex_lock(&w->lock);
    while (!atomic_load(&w->stopping) && !(back && w->back) &&
           pthread_cond_timedwait(&w->stopped, &w->lock, &until) != ETIMEDOUT)
        continue;
    goes_on = !atomic_load(&w->stopping);
    if (back) {
        *back = w->back;
        w->back = false;
    }
    pthread_mutex_unlock(&w->lock);
    return goes_on;
}

bool ds_worker_start(ds_worker *w, ds_err *err)
{
    bool ok = true;

    w->threads = ds_calloc((size_t)(WORKFLOW_POLLERS + w->passes), sizeof(*w->threads));
    for (int i = 0; ok && i < WORKFLOW_POLLERS; i++)
        ok = start_one(w, poll_workflows, "for workflow tasks", err);
    return ok;
}

bool ds_worker_begin_passes(ds_worker *w, ds_err *err)
{
    bool ok = true;

    for (int i = 0; ok && i < w->passes; i++)
        ok = start_one(w, poll_activities, "for passes", err);
    return ok;
}

void ds_worker_stop(ds_worker *w)
{
    pthread_mutex_lock(&w->lock);
    atomic_store(&w->stopping, true);
    ds_running_passes_stop(w);
    pthread_cond_broadcast(&w->stopped);
    pthread_mutex_unlock(&w->lock);
    ds_grpc_cancel(ds_client_grpc(w->client), SYSTEM);
    /* A task lost here comes again after ten seconds. */
    ds_grpc_cancel(ds_client_grpc(w->client), DS_POLL_WORKFLOW);
}

void ds_worker_join(ds_worker *w)
{
    for (int i = 0; i < w->threads_n; i++)
        pthread_join(w->threads[i], NULL);
    w->threads_n = 0;
}

void ds_worker_fini(ds_worker *w)
{
    free(w->threads);
    pthread_cond_destroy(&w->stopped);
    pthread_mutex_destroy(&w->lock);
}
