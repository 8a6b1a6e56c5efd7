/* src/base/queue.c - a lock, a condition on the monotonic clock, a list a lane. */
#include "base/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define LANES_MOST 4

typedef struct lane {
    ds_message *first;
    ds_message **end;
} lane;

struct ds_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    lane lanes[LANES_MOST];
    int lanes_n;
    bool closed;
};

ds_queue *ds_queue_new(int lanes)
{
    ds_queue *q = ds_calloc(1, sizeof(*q));
    pthread_condattr_t attr;

    q->lanes_n = DS_MIN(DS_MAX(lanes, 1), LANES_MOST);
    for (int i = 0; i < q->lanes_n; i++)
        q->lanes[i].end = &q->lanes[i].first;
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&q->filled, &attr);
    pthread_condattr_destroy(&attr);
    return q;
}

void ds_queue_free(ds_queue *q)
{
    if (!q)
        return;
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

void ds_queue_put(ds_queue *q, int lane_at, ds_message *message)
{
    lane *l = &q->lanes[DS_MIN(DS_MAX(lane_at, 0), q->lanes_n - 1)];

    message->next = NULL;
    pthread_mutex_lock(&q->lock);
    *l->end = message;
    l->end = &message->next;
    pthread_cond_signal(&q->filled);
    pthread_mutex_unlock(&q->lock);
}

static ds_message *take_first(ds_queue *q)
{
    for (int i = 0; i < q->lanes_n; i++) {
        lane *l = &q->lanes[i];
        ds_message *message = l->first;

        if (!message)
            continue;
        l->first = message->next;
        if (!l->first)
            l->end = &l->first;
        message->next = NULL;
        return message;
    }
    return NULL;
}

/* false: the time is up. */
static bool wait_filled(ds_queue *q, int64_t deadline_mono_ms)
{
    struct timespec at = {.tv_sec = (time_t)(deadline_mono_ms / 1000),
                          .tv_nsec = (long)(deadline_mono_ms % 1000) * 1000000};

    if (deadline_mono_ms < 0)
        return pthread_cond_wait(&q->filled, &q->lock) == 0;
    return deadline_mono_ms > 0 && pthread_cond_timedwait(&q->filled, &q->lock, &at) == 0;
}

ds_message *ds_queue_take(ds_queue *q, int64_t deadline_mono_ms)
{
    ds_message *message;

    pthread_mutex_lock(&q->lock);
    while (!(message = take_first(q)) && !q->closed && wait_filled(q, deadline_mono_ms))
        ;
    if (!message)
        message = take_first(q); /* put between the time-out and the lock */
    pthread_mutex_unlock(&q->lock);
    return message;
}

void ds_queue_close(ds_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->filled);
    pthread_mutex_unlock(&q->lock);
}
