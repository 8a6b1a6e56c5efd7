/* tests/support/budget_world.h
 *
 * A server with a limit that nobody is told of, and routes that always have more to send: hours in
 * virtual time.  For the test of the budget and for its bench.
 */
#ifndef TESTS_SUPPORT_BUDGET_WORLD_H
#define TESTS_SUPPORT_BUDGET_WORLD_H

#include "budget/budget.h"

#include <stdlib.h>
#include <string.h>

#define WORLD_ROUTES 64
#define WORLD_FLYING 256

typedef struct budget_world {
    /* the server */
    int64_t allowed, window_ms, window_at; /* the first window began at -window_at */
    bool says_when;                        /* Retry-After, in whole seconds */
    int64_t answer_ms;                     /* a request takes this, and up to as much again */
    int64_t window, in_window;
    /* the routes */
    size_t routes;
    int in_flight; /* of each route */
    uint64_t seed;
    /* the outcome */
    int64_t sent, refused, served, served_by[WORLD_ROUTES];
} budget_world;

typedef struct world_request {
    int64_t sent_ms, done_ms;
    size_t route;
    ds_budget_news news;
} world_request;

static inline uint64_t world_random(budget_world *w, uint64_t below)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (w->seed >> 33) % below;
}

static inline ds_budget_news world_serve(budget_world *w, size_t route, int64_t now)
{
    ds_budget_news news = {.limit = -1, .remaining = -1, .reset_ms = -1, .wait_ms = -1};
    int64_t window = (now + w->window_at) / w->window_ms;

    if (window != w->window)
        w->window = window, w->in_window = 0;
    if (w->in_window < w->allowed) {
        w->in_window++;
        w->served++;
        w->served_by[route]++;
        return news;
    }
    w->refused++;
    news.end = DS_BUDGET_REFUSED;
    if (w->says_when)
        news.wait_ms = ((window + 1) * w->window_ms - w->window_at - now + 999) / 1000 * 1000;
    return news;
}

/* Runs the world from `now` to `end`; all requests that were on their way have come back then. */
static inline void world_run(budget_world *w, ds_budget *b, int64_t now, int64_t end)
{
    ds_seat *seats[WORLD_ROUTES];
    int64_t again[WORLD_ROUTES] = {0};
    int flying_of[WORLD_ROUTES] = {0};
    world_request flying[WORLD_FLYING];
    size_t flying_n = 0;

    for (size_t i = 0; i < w->routes; i++) {
        char name[16] = {'r', (char)('a' + i / 26), (char)('a' + i % 26)};

        seats[i] = ds_seat_take(b, name, DS_HASTE_USUAL);
        again[i] = now;
    }
    while (now < end || flying_n) {
        int64_t next = INT64_MAX;

        for (size_t i = 0; i < flying_n;) {
            world_request *r = &flying[i];

            if (r->done_ms > now) {
                next = DS_MIN(next, r->done_ms);
                i++;
                continue;
            }
            ds_budget_answer(seats[r->route], 1, r->sent_ms, now, &r->news);
            flying_of[r->route]--;
            *r = flying[--flying_n];
        }
        for (size_t k = 0, first = world_random(w, w->routes); k < w->routes; k++) {
            size_t i = (first + k) % w->routes;

            while (now < end && again[i] <= now && flying_of[i] < w->in_flight &&
                   flying_n < WORLD_FLYING) {
                int64_t wait = ds_budget_ask(seats[i], 1, now);

                if (wait > 0) {
                    again[i] = now + wait;
                    break;
                }
                w->sent++;
                flying_of[i]++;
                flying[flying_n++] =
                    (world_request){.sent_ms = now,
                                    .done_ms = now + w->answer_ms +
                                               (int64_t)world_random(w, (uint64_t)w->answer_ms),
                                    .route = i,
                                    .news = world_serve(w, i, now)};
            }
            if (flying_of[i] < w->in_flight && now < end)
                next = DS_MIN(next, DS_MAX(again[i], now + 1));
        }
        for (size_t i = 0; i < flying_n; i++)
            next = DS_MIN(next, DS_MAX(flying[i].done_ms, now + 1));
        if (next == INT64_MAX)
            break;
        now = next;
    }
    for (size_t i = 0; i < w->routes; i++)
        ds_seat_leave(seats[i]);
}

#endif
