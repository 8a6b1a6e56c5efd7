/* src/engine/temporal/crew.c - several threads, and whoever called is one of them. */
#include "engine/temporal/crew.h"

#include "base/thread.h"

#define HELPERS ((size_t)7)

typedef struct crew {
    const ds_crew_work *work;
    atomic_size_t next;
    atomic_bool failed; /* and not for what one of the things is like */
    pthread_mutex_t lock;
    ds_err why; /* the first; under `lock` */
} crew;

static void note(crew *c, const ds_err *err)
{
    pthread_mutex_lock(&c->lock);
    if (c->why.kind == DS_ERR_NONE)
        c->why = *err;
    pthread_mutex_unlock(&c->lock);
    if (err->kind != DS_ERR_PERMANENT)
        atomic_store(&c->failed, true);
}

static bool goes_on(crew *c)
{
    return !atomic_load(&c->failed) && !atomic_load(c->work->stop);
}

static void *lend_a_hand(void *arg)
{
    crew *c = arg;
    DS_AUTO(ds_arena) a = ds_arena_new();
    size_t i;

    while (goes_on(c) && (i = atomic_fetch_add(&c->next, 1)) < c->work->n) {
        ds_err err = DS_ERR_INIT;

        if (!c->work->one(c->work->to, i, a, &err))
            note(c, &err);
        ds_arena_reset(a);
    }
    return NULL;
}

bool ds_crew_do(const ds_crew_work *work, ds_err *err)
{
    crew c = {.work = work, .why = DS_ERR_INIT};
    pthread_t helpers[HELPERS];
    ds_err ignored = DS_ERR_INIT;
    size_t n = 0;

    pthread_mutex_init(&c.lock, NULL);
    while (n < HELPERS && n + 1 < work->n &&
           ds_thread_start(&helpers[n], lend_a_hand, &c, "for many units at once", &ignored))
        n++;
    lend_a_hand(&c);
    while (n > 0)
        pthread_join(helpers[--n], NULL);
    pthread_mutex_destroy(&c.lock);
    if (c.why.kind == DS_ERR_NONE)
        return true;
    *err = c.why;
    return false;
}
