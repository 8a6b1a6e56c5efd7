/* src/engine/embedded/work.c
 *
 * Whose turn it is.  Passes and listings wait in one line for the pool's threads; where routes
 * compete, one of them gets at most half of the threads, so that a slow host never holds them all.
 */
#include "engine/embedded/internal.h"

/* Even where nobody else waits, one thread stays free for a route that comes a moment later. */
static size_t threads_for(const ds_engine *e, bool others_wait)
{
    size_t all = (size_t)e->workers;

    if (e->routes_n <= 1)
        return all;
    return DS_MAX(others_wait ? all / 2 : all - 1, (size_t)1);
}

static bool others_wait(const ds_engine *e, const ds_emb_route *route)
{
    return e->waiting_n > route->waiting_n;
}

/* The first in line whose route may have a thread more. */
static ds_work **next_turn(ds_engine *e)
{
    for (ds_work **at = &e->waiting; *at; at = &(*at)->next) {
        ds_emb_route *route = (*at)->route;

        if (route->at_work < threads_for(e, others_wait(e, route)))
            return at;
    }
    return NULL;
}

static ds_work *take_out(ds_engine *e, ds_work **at)
{
    ds_work *work = *at;

    *at = work->next;
    if (!*at && e->waiting_end == &work->next)
        e->waiting_end = at;
    work->next = NULL;
    e->waiting_n--;
    work->route->waiting_n--;
    return work;
}

void ds_work_dispatch(ds_engine *e)
{
    while (e->waiting && e->at_work < (size_t)e->workers) {
        ds_work **at = next_turn(e);
        ds_work *work = at ? take_out(e, at) : NULL;

        if (!work)
            return;
        e->at_work++;
        e->worked = true;
        work->route->at_work++;
        ds_pool_put(e->pool, &work->task);
    }
}

void ds_work_add(ds_engine *e, ds_work *work, ds_emb_route *route)
{
    work->engine = e;
    work->route = route;
    work->next = NULL;
    *e->waiting_end = work;
    e->waiting_end = &work->next;
    e->waiting_n++;
    route->waiting_n++;
}

void ds_work_done(ds_work *work)
{
    ds_emb_note(work->engine, &work->note);
}

void ds_work_ended(ds_work *work)
{
    work->engine->at_work--;
    work->route->at_work--;
}

/* What has not begun does not begin. A unit whose pass is dropped says in the store that it runs:
 * the next start takes that up like any other that was interrupted. */
void ds_work_drop_waiting(ds_engine *e)
{
    while (e->waiting) {
        ds_work *work = take_out(e, &e->waiting);

        work->note.drop(&work->note);
    }
}
