/* src/engine/embedded/work.c
 *
 * Whose turn it is.  Passes and listings wait in one line for the pool's threads; where routes
 * compete, one of them gets at most half of the threads, so that a slow host never holds them all.
 * Routes that share rows which only look-ups show write by turns.
 */
#include "engine/common/units.h"
#include "engine/embedded/internal.h"

#include <stdlib.h>

/* ---- routes that share a destination --------------------------------------------------------- */

void ds_work_find_shares(ds_engine *e)
{
    e->shares = ds_calloc(e->routes_n, sizeof(*e->shares));
    for (size_t i = 0; i < e->routes_n; i++) {
        for (size_t k = 0; k < i && !e->routes[i].share; k++) {
            if (!ds_routes_share_rows(e->routes[k].route, e->routes[i].route))
                continue;
            e->routes[k].share = e->routes[k].share ? e->routes[k].share : &e->shares[k];
            e->routes[i].share = e->routes[k].share;
        }
    }
}

/* A clock that was set back must not hold it for longer than that. */
static bool waits_for_rows(const ds_emb_share *share, int64_t now_ms)
{
    return share->shows_ms > now_ms && share->shows_ms - now_ms <= share->lag_ms;
}

/* Whoever is first in line for it goes first. */
static bool is_its_turn(const ds_work *work)
{
    ds_emb_share *share = work->route->share;

    if (!share || !work->writes)
        return true;
    share->first = share->first ? share->first : work->route;
    if (share->first != work->route || (share->writing && share->writing != work->route))
        return false;
    return share->wrote == work->route || !waits_for_rows(share, ds_emb_now(work->engine));
}

static void look_anew(ds_engine *e)
{
    for (size_t i = 0; i < e->routes_n; i++)
        e->shares[i].first = NULL;
}

static void takes_turn(const ds_work *work)
{
    ds_emb_share *share = work->route->share;

    if (!share || !work->writes)
        return;
    share->writing = share->wrote = work->route;
    share->passes++;
}

static void leaves_turn(const ds_work *work)
{
    ds_emb_share *share = work->route->share;

    if (share && work->writes && --share->passes == 0)
        share->writing = NULL;
}

void ds_work_shows_after(ds_work *work, int64_t ms)
{
    ds_emb_share *share = work->route->share;
    int64_t now_ms = ds_emb_now(work->engine);

    if (!share || !ms || (waits_for_rows(share, now_ms) && share->shows_ms - now_ms > ms))
        return;
    share->lag_ms = ms;
    share->shows_ms = now_ms + ms;
}

int64_t ds_work_next_turn(const ds_engine *e)
{
    int64_t now_ms = ds_emb_now(e), at_ms = 0;

    for (size_t i = 0; i < e->routes_n; i++) {
        const ds_emb_share *share = &e->shares[i];

        if (waits_for_rows(share, now_ms) && (!at_ms || share->shows_ms < at_ms))
            at_ms = share->shows_ms;
    }
    return at_ms;
}

/* ---- threads --------------------------------------------------------------------------------- */

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
    look_anew(e);
    for (ds_work **at = &e->waiting; *at; at = &(*at)->next) {
        ds_emb_route *route = (*at)->route;

        if (is_its_turn(*at) && route->at_work < threads_for(e, others_wait(e, route)))
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
        takes_turn(work);
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
    leaves_turn(work);
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
