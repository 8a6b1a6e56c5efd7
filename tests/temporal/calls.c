/* tests/temporal/calls.c ADDRESS MODE - the transport on a real server, for test_transport.py.
 *
 *   many       fifty polls at once; how each ended, and on how many connections
 *   refusals   what the server says to what it does not like
 *   live       calls and polls from many threads, until the standard input ends. Each of its lines,
 *              "ok N" or "goaways N", is answered with what has been counted once there are so many
 */
#include "engine/temporal/grpc.h"
#include "engine/temporal/wire.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLLS 50
#define LIVE_THREADS 12

static ds_grpc *grpc;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static long ok_n, lost_n, other_n;
static bool stopping;

static const uint8_t *poll_request(int queue, ds_arena *a, size_t *n)
{
    Ds__PollWorkflowTaskQueueRequest *m =
        ds_wire_new(&ds__poll_workflow_task_queue_request__descriptor, a);

    m->namespace_ = ds_arena_strdup(a, "default");
    m->task_queue = ds_wire_new(&ds__task_queue__descriptor, a);
    m->task_queue->name = ds_arena_printf(a, "nobody-%d", queue);
    m->identity = ds_arena_strdup(a, "calls");
    return ds_wire_pack(&m->base, a, n);
}

/* One call: 0 or gRPC's code. */
static int call(const char *method, const uint8_t *request, size_t n, int64_t ms, ds_arena *a,
                ds_grpc_failure *failure, ds_err *err)
{
    const uint8_t *answer;
    size_t answer_n;

    *err = DS_ERR_INIT;
    return ds_grpc_call(grpc, method, request, n, ms, a, &answer, &answer_n, failure, err)
               ? 0
               : failure->status;
}

static int poll_once(int queue, int64_t ms, ds_arena *a, ds_grpc_failure *failure, ds_err *err)
{
    size_t n;
    const uint8_t *request = poll_request(queue, a, &n);

    return call("PollWorkflowTaskQueue", request, n, ms, a, failure, err);
}

static void print_tally(void)
{
    ds_grpc_tally t;

    ds_grpc_tally_of(grpc, &t);
    printf("ok=%ld lost=%ld other=%ld failed=%llu connections=%llu goaways=%llu resent=%llu\n",
           ok_n, lost_n, other_n, (unsigned long long)t.failed, (unsigned long long)t.connections,
           (unsigned long long)t.goaways, (unsigned long long)t.resent);
    fflush(stdout);
}

/* ---- many, refusals -------------------------------------------------------------------------- */

static void *one_of_many(void *arg)
{
    ds_arena *a = ds_arena_new();
    ds_grpc_failure failure;
    ds_err err;
    int status = poll_once((int)(intptr_t)arg, 3500, a, &failure, &err);

    pthread_mutex_lock(&lock);
    ok_n += !status;
    other_n += status != 0;
    if (status)
        printf("%s\n", err.text);
    pthread_mutex_unlock(&lock);
    ds_arena_free(a);
    return NULL;
}

static void many(void)
{
    pthread_t threads[POLLS];

    for (int i = 0; i < POLLS; i++) {
        if (pthread_create(&threads[i], NULL, one_of_many, (void *)(intptr_t)i))
            abort();
    }
    for (int i = 0; i < POLLS; i++)
        pthread_join(threads[i], NULL);
    print_tally();
}

static void refusals(void)
{
    ds_arena *a = ds_arena_new();
    Ds__DescribeNamespaceRequest *m = ds_wire_new(&ds__describe_namespace_request__descriptor, a);
    ds_grpc_failure failure;
    ds_err err;
    size_t n;
    const uint8_t *request;

    m->namespace_ = ds_arena_strdup(a, "nowhere");
    request = ds_wire_pack(&m->base, a, &n);
    call("DescribeNamespace", request, n, 10000, a, &failure, &err);
    printf("%d %s: %s\n", failure.status, failure.detail_type, err.text);
    call("NoSuchMethod", NULL, 0, 10000, a, &failure, &err);
    printf("%d %s: %s\n", failure.status, failure.detail_type, err.text);
    poll_once(0, 1500, a, &failure, &err);
    printf("%d %s: %s\n", failure.status, failure.detail_type, err.text);
    n = 5 * DS_MIB;
    call("StartWorkflowExecution", memset(ds_arena_alloc(a, n), 0, n), n, 10000, a, &failure, &err);
    printf("%d %s: %s\n", failure.status, failure.detail_type, err.text);
    printf("%d\n", call("GetSystemInfo", NULL, 0, 10000, a, &failure, &err));
    ds_arena_free(a);
}

/* ---- live ------------------------------------------------------------------------------------ */

static bool is_stopping(void)
{
    bool now;

    pthread_mutex_lock(&lock);
    now = stopping;
    pthread_mutex_unlock(&lock);
    return now;
}

static void count(int status, const ds_err *err)
{
    pthread_mutex_lock(&lock);
    if (!status)
        ok_n++;
    else if (status == DS_GRPC_UNAVAILABLE)
        lost_n++;
    else if (!stopping && other_n++ < 20)
        printf("%s\n", err->text);
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

/* Polls, or calls that are answered at once. */
static void *live_thread(void *arg)
{
    int number = (int)(intptr_t)arg;
    ds_arena *a = ds_arena_new();

    for (unsigned tries = 0; !is_stopping();) {
        ds_grpc_failure failure;
        ds_err err;
        int status = number % 2 ? poll_once(number, 3000, a, &failure, &err)
                                : call("GetSystemInfo", NULL, 0, 3000, a, &failure, &err);
        int64_t wait = status ? ds_grpc_again_ms(&failure, true, ++tries, 0) : number % 2 ? 0 : 10;

        if (!status)
            tries = 0;
        count(status, &err);
        ds_arena_reset(a);
        if (wait > 0)
            (void)poll(NULL, 0, (int)DS_MIN(wait, INT64_C(500)));
    }
    ds_arena_free(a);
    return NULL;
}

static void await(const char *what, long n)
{
    bool there = false;

    pthread_mutex_lock(&lock);
    while (!there) {
        ds_grpc_tally t;

        ds_grpc_tally_of(grpc, &t);
        there = !strcmp(what, "ok") ? ok_n >= n : (long)t.goaways >= n;
        if (!there)
            pthread_cond_wait(&moved, &lock);
    }
    print_tally();
    pthread_mutex_unlock(&lock);
}

static void live(void)
{
    pthread_t threads[LIVE_THREADS];
    char line[64], what[16];
    long n;

    for (int i = 0; i < LIVE_THREADS; i++) {
        if (pthread_create(&threads[i], NULL, live_thread, (void *)(intptr_t)i))
            abort();
    }
    while (fgets(line, sizeof(line), stdin)) {
        if (sscanf(line, "%15s %ld", what, &n) == 2)
            await(what, n);
    }
    pthread_mutex_lock(&lock);
    stopping = true;
    pthread_mutex_unlock(&lock);
    ds_grpc_hurry(grpc);
    for (int i = 0; i < LIVE_THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    ds_grpc_options options = {.namespace_ = "default"};
    ds_err err = DS_ERR_INIT;

    if (argc != 3)
        return 2;
    options.address = argv[1];
    grpc = ds_grpc_open(&options, &err);
    if (!grpc) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    if (!strcmp(argv[2], "many"))
        many();
    else if (!strcmp(argv[2], "refusals"))
        refusals();
    else
        live();
    ds_grpc_close(grpc);
    return 0;
}
