/* src/engine/embedded/pool.c - threads that run tasks, started when there is none free. */
#include "engine/embedded/internal.h"

#include <stdlib.h>

struct ds_pool {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    ds_task *first, **end;
    size_t waiting; /* tasks */
    size_t free;    /* threads that wait for one */
    bool closed;
    int threads_most, threads_n;
    pthread_t threads[];
};

ds_pool *ds_pool_new(int threads)
{
    ds_pool *pool = ds_calloc(1, sizeof(*pool) + (size_t)threads * sizeof(pthread_t));

    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->filled, NULL);
    pool->end = &pool->first;
    pool->threads_most = threads;
    return pool;
}

/* Waits for a task; NULL: the pool is closed and empty. */
static ds_task *take(ds_pool *pool)
{
    ds_task *task;

    pthread_mutex_lock(&pool->lock);
    pool->free++;
    while (!pool->first && !pool->closed)
        pthread_cond_wait(&pool->filled, &pool->lock);
    pool->free--;
    task = pool->first;
    if (task) {
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
    ds_task *task;

    while ((task = take(arg)) != NULL)
        task->run(task);
    return NULL;
}

void ds_pool_put(ds_pool *pool, ds_task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&pool->lock);
    *pool->end = task;
    pool->end = &task->next;
    pool->waiting++;
    if (pool->waiting > pool->free && pool->threads_n < pool->threads_most) {
        if (pthread_create(&pool->threads[pool->threads_n], NULL, work, pool) == 0)
            pool->threads_n++;
        else if (pool->threads_n == 0)
            ds_out_of_memory(0); /* not even one thread */
    }
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
