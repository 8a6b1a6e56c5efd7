/* src/engine/embedded/pool.c - threads that run tasks, started when there is none free. */
#include "engine/embedded/internal.h"

#include "base/thread.h"

#include <stdlib.h>

struct ds_pool {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    ds_task *first, **end;
    size_t waiting; /* tasks */
    size_t free;    /* threads that wait for one, or begin to */
    bool closed;
    int threads_most, threads_n;
    pthread_t threads[];
};

/* Waits for a task, `again` after one that is done; NULL: the pool is closed and empty. */
static ds_task *take(ds_pool *pool, bool again)
{
    ds_task *task;

    pthread_mutex_lock(&pool->lock);
    pool->free += again;
    while (!pool->first && !pool->closed)
        pthread_cond_wait(&pool->filled, &pool->lock);
    task = pool->first;
    if (task) {
        pool->free--;
        pool->waiting--;
        pool->first = task->next;
        if (!pool->first)
            pool->end = &pool->first;
    }
    pthread_mutex_unlock(&pool->lock);
    return task;
}

static void *work(void *arg)
{
    bool again = false;
    ds_task *task;

    while ((task = take(arg, again)) != NULL) {
        task->run(task);
        again = true;
    }
    return NULL;
}

static bool start_one(ds_pool *pool, ds_err *err)
{
    if (!ds_thread_start(&pool->threads[pool->threads_n], work, pool, "for passes", err))
        return false;
    pool->threads_n++;
    pool->free++;
    return true;
}

ds_pool *ds_pool_new(int threads, ds_err *err)
{
    ds_pool *pool = ds_calloc(1, sizeof(*pool) + (size_t)threads * sizeof(pthread_t));
    bool started;

    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->filled, NULL);
    pool->end = &pool->first;
    pool->threads_most = threads;
    pthread_mutex_lock(&pool->lock); /* the thread looks at `free` */
    started = start_one(pool, err);
    pthread_mutex_unlock(&pool->lock);
    if (started)
        return pool;
    ds_pool_free(pool);
    return NULL;
}

void ds_pool_put(ds_pool *pool, ds_task *task)
{
    ds_err err = DS_ERR_INIT;

    task->next = NULL;
    pthread_mutex_lock(&pool->lock);
    *pool->end = task;
    pool->end = &task->next;
    pool->waiting++;
    if (pool->waiting > pool->free && pool->threads_n < pool->threads_most)
        (void)!start_one(pool, &err); /* else it waits for one of those there are */
    pthread_cond_signal(&pool->filled);
    pthread_mutex_unlock(&pool->lock);
}

void ds_pool_free(ds_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->closed = true;
    pthread_cond_broadcast(&pool->filled);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->threads_n; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->filled);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
