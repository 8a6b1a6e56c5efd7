/* tests/unit/grpc_rig.h - a server that follows a script, calls to it, calls from many threads. */
#ifndef TESTS_UNIT_GRPC_RIG_H
#define TESTS_UNIT_GRPC_RIG_H

#include "support/h2_peer.h"
#include "support/run.h"

#include "engine/temporal/grpc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_MS 60000 /* a deadline that does not come */

typedef struct rig {
    http_server *server;
    ds_grpc *g;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int events; /* that the script and the test tell one another */
    const void *row;
} rig;

/* The script's and the test's way to wait for one another. */
static DS_UNUSED void rig_tell(rig *r)
{
    pthread_mutex_lock(&r->lock);
    r->events++;
    pthread_cond_broadcast(&r->moved);
    pthread_mutex_unlock(&r->lock);
}

static DS_UNUSED void rig_await(rig *r, int events)
{
    pthread_mutex_lock(&r->lock);
    while (r->events < events)
        pthread_cond_wait(&r->moved, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

static void rig_open(rig *r, http_serve serve, ds_grpc_options options)
{
    ds_err err = DS_ERR_INIT;

    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->moved, NULL);
    r->server = http_server_new(serve, r);
    options.address = http_server_url(r->server) + strlen("http://");
    options.again_ms = options.again_ms ? options.again_ms : 1;
    r->g = ds_grpc_open(&options, &err);
    if (!r->g)
        fail_msg("%s", err.text);
}

static void rig_close(rig *r)
{
    ds_grpc_close(r->g);
    http_server_free(r->server);
    pthread_cond_destroy(&r->moved);
    pthread_mutex_destroy(&r->lock);
}

typedef struct asked { /* one call and how it ended */
    pthread_t thread;
    ds_grpc *g;
    const char *method, *body;
    int64_t timeout_ms;
    ds_arena *arena;
    bool fine;
    const char *answer; /* NULL where it failed */
    size_t answer_n;
    ds_grpc_failure failure;
    ds_err err;
} asked;

static void *ask_thread(void *arg)
{
    asked *q = arg;
    const uint8_t *answer;

    q->err = DS_ERR_INIT;
    q->answer = NULL;
    q->fine = ds_grpc_call(q->g, q->method, (const uint8_t *)q->body, strlen(q->body),
                           q->timeout_ms, q->arena, &answer, &q->answer_n, &q->failure, &q->err);
    if (q->fine)
        q->answer = ds_arena_strndup(q->arena, (const char *)answer, q->answer_n);
    return NULL;
}

static DS_UNUSED asked *ask_begin(rig *r, const char *method, const char *body, int64_t timeout_ms)
{
    asked *q = ds_calloc(1, sizeof(*q));

    *q = (asked){.g = r->g, .method = method, .body = body, .timeout_ms = timeout_ms};
    q->arena = ds_arena_new();
    if (pthread_create(&q->thread, NULL, ask_thread, q))
        fail_msg("no thread");
    return q;
}

static DS_UNUSED void ask_end(asked *q)
{
    pthread_join(q->thread, NULL);
}

static DS_UNUSED void ask_free(asked *q)
{
    ds_arena_free(q->arena);
    free(q);
}

/* In this thread. */
static DS_UNUSED asked ask(rig *r, const char *method, const char *body, int64_t timeout_ms)
{
    asked q = {
        .g = r->g, .method = method, .body = body, .timeout_ms = timeout_ms, .arena = scratch};

    ask_thread(&q);
    return q;
}

/* Again until its request has left, so that a deadline that is too short on a busy machine only
 * costs another try. */
static DS_UNUSED asked ask_sent(rig *r, const char *method, int64_t timeout_ms)
{
    asked q = ask(r, method, "", timeout_ms);

    for (int i = 0; i < 100 && !q.fine && !q.failure.sent; i++)
        q = ask(r, method, "", timeout_ms);
    return q;
}

static DS_UNUSED void assert_answer(const asked *q, const char *text)
{
    if (!q->fine)
        fail_msg("%s", q->err.text);
    assert_string_equal(q->answer, text);
}

static DS_UNUSED void assert_failed(const asked *q, int status, bool sent, const char *text)
{
    assert_false(q->fine);
    if (q->failure.status != status || q->failure.sent != sent || !strstr(q->err.text, text))
        fail_msg("%s (%s, %s)", q->err.text, ds_grpc_status_name(q->failure.status),
                 q->failure.sent ? "sent" : "not sent");
}

#endif
