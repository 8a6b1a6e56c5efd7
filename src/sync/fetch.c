/* src/sync/fetch.c
 *
 * The source runs on a thread of its own, one page ahead of the pass: two pages, each with its
 * arena, go back and forth.
 */
#include "base/thread.h"
#include "sync/internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define PAGE_BYTES DS_MIB /* what a page takes, with all that is made of it, about */
#define PAGE_LEAST ((size_t)20)

struct fetcher {
    pthread_t thread;
    bool alive; /* it could be started */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    ds_source *src;
    ds_activity act;
    ds_fetch want;
    size_t most;  /* records of a page */
    size_t ahead; /* as many as fit, going by the newest page, of which nothing is made yet */
    trail trail;
    fetched slots[2];
    unsigned made, taken; /* pages filled; pages given to the pass */
    bool holding;         /* the pass has page taken-1 */
    bool ended;           /* no page after `made` */
    bool here;            /* there is no thread */
    atomic_bool stop;     /* a source that waits for its server hears of it, too */
    ds_bell bell;
};

/* Whether there is a slot to fill; false: stop. */
static bool wait_for_slot(fetcher *f)
{
    bool go_on;

    pthread_mutex_lock(&f->lock);
    while (!f->stop && f->made - f->taken + f->holding >= 2)
        pthread_cond_wait(&f->moved, &f->lock);
    go_on = !f->stop;
    pthread_mutex_unlock(&f->lock);
    return go_on;
}

/* How many records a page like this one may have. */
static size_t fitting(const fetcher *f, const fetched *slot)
{
    size_t n = slot->page.records_n;

    if (n < PAGE_LEAST) /* they tell nothing of others */
        return f->want.limit;
    return DS_MIN(f->most, DS_MAX(PAGE_BYTES / (ds_arena_used(slot->arena) / n + 1), PAGE_LEAST));
}

/* Once the pass has done with a page it is known what its records take: of large ones fewer come at
 * once. */
static void clear(fetcher *f, fetched *slot)
{
    bool was_large = ds_arena_used(slot->arena) > 2 * PAGE_BYTES;

    f->want.limit = DS_MIN(fitting(f, slot), f->ahead);
    if (was_large) { /* what is reset stays as large as it was */
        ds_arena_free(slot->arena);
        slot->arena = ds_arena_new();
    }
    ds_arena_reset(slot->arena);
}

/* Fills a slot; true: more pages follow. */
static bool fill(fetcher *f, fetched *slot)
{
    clear(f, slot);
    ds_page_init(&slot->page, slot->arena);
    slot->err = DS_ERR_INIT;
    f->act.arena = slot->arena;
    f->act.calls = 0;
    if (f->act.memory && f->act.memory->page_begins)
        f->act.memory->page_begins(f->act.memory);
    slot->ok = f->src->ops->fetch_page(f->src, &f->act, &f->want, &slot->page, &slot->err);
    slot->page.calls += f->act.calls;
    f->ahead = fitting(f, slot);
    if (!slot->ok || !slot->page.next_cursor)
        return false;
    slot->ok = trail_follow(&f->trail, f->src, &slot->page, slot->arena, &slot->err);
    f->want.cursor = f->trail.cursor.data;
    return slot->ok;
}

static void *fetch_thread(void *arg)
{
    fetcher *f = arg;
    bool more = true;

    while (more && wait_for_slot(f)) {
        more = fill(f, &f->slots[f->made % 2]);
        pthread_mutex_lock(&f->lock);
        f->made++;
        f->ended = !more;
        pthread_cond_broadcast(&f->moved);
        pthread_mutex_unlock(&f->lock);
    }
    return NULL;
}

static fetcher *new_fetcher(ds_source *src, const ds_activity *like, const ds_fetch *want)
{
    fetcher *f = ds_calloc(1, sizeof(*f));
    pthread_condattr_t steady;

    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->moved, &steady);
    pthread_condattr_destroy(&steady);
    f->src = src;
    f->act = *like;
    ds_bell_init(&f->bell);
    f->act.left = &f->stop;
    f->act.left_bell = &f->bell;
    f->want = *want;
    f->most = f->ahead = want->limit;
    trail_init(&f->trail, want->cursor);
    if (want->cursor)
        f->want.cursor = f->trail.cursor.data;
    for (int i = 0; i < 2; i++)
        f->slots[i].arena = ds_arena_new();
    return f;
}

fetcher *fetcher_start_here(ds_source *src, const ds_activity *like, const ds_fetch *want)
{
    fetcher *f = new_fetcher(src, like, want);

    f->here = true;
    return f;
}

static fetched *next_here(fetcher *f)
{
    while (!f->ended && f->made - f->taken < 2)
        f->ended = !fill(f, &f->slots[f->made++ % 2]);
    return f->made != f->taken ? &f->slots[f->taken++ % 2] : NULL;
}

fetcher *fetcher_start(ds_source *src, const ds_activity *like, const ds_fetch *want)
{
    fetcher *f = new_fetcher(src, like, want);

    f->alive = ds_thread_start(&f->thread, fetch_thread, f, "that reads", &f->slots[0].err);
    if (!f->alive) { /* one page, which failed */
        f->made = 1;
        f->ended = true;
    }
    return f;
}

bool fetcher_wait(fetcher *f, int64_t us)
{
    struct timespec until;
    int64_t ns;
    bool there;

    if (f->here)
        return true;
    clock_gettime(CLOCK_MONOTONIC, &until);
    ns = until.tv_nsec + us % 1000000 * 1000;
    until.tv_sec += us / 1000000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&f->lock);
    f->holding = false;
    pthread_cond_broadcast(&f->moved);
    while (f->made == f->taken && !f->ended)
        if (pthread_cond_timedwait(&f->moved, &f->lock, &until) == ETIMEDOUT)
            break;
    there = f->made != f->taken || f->ended;
    pthread_mutex_unlock(&f->lock);
    return there;
}

bool fetcher_failed(fetcher *f, ds_err *err)
{
    const fetched *next = &f->slots[f->taken % 2];
    bool failed;

    pthread_mutex_lock(&f->lock);
    failed = f->made != f->taken && !next->ok && next->err.kind != DS_ERR_CANCELLED;
    if (failed)
        *err = next->err;
    pthread_mutex_unlock(&f->lock);
    return failed;
}

fetched *fetcher_next(fetcher *f)
{
    fetched *slot = NULL;

    if (f->here)
        return next_here(f);
    pthread_mutex_lock(&f->lock);
    f->holding = false;
    pthread_cond_broadcast(&f->moved);
    while (f->made == f->taken && !f->ended)
        pthread_cond_wait(&f->moved, &f->lock);
    if (f->made != f->taken) {
        slot = &f->slots[f->taken++ % 2];
        f->holding = true;
    }
    pthread_mutex_unlock(&f->lock);
    return slot;
}

void fetcher_calls(const fetcher *f, ds_cost *out)
{
    for (size_t i = 0; i < DS_ENDPOINTS_COUNTED && f->act.endpoints[i].endpoint; i++)
        ds_cost_add(out, f->act.endpoints[i].endpoint, f->act.endpoints[i].n);
}

void fetcher_stop(fetcher *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    ds_bell_ring(&f->bell);
    pthread_cond_broadcast(&f->moved);
    pthread_mutex_unlock(&f->lock);
    if (f->alive)
        pthread_join(f->thread, NULL);
    ds_activity_log_calls(&f->act, "source");
    for (int i = 0; i < 2; i++)
        ds_arena_free(f->slots[i].arena);
    trail_fini(&f->trail);
    ds_bell_fini(&f->bell);
    pthread_cond_destroy(&f->moved);
    pthread_mutex_destroy(&f->lock);
    free(f);
}
