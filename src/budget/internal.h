/* src/budget/internal.h - the inside of a budget, shared by the files of this folder. */
#ifndef DS_BUDGET_INTERNAL_H
#define DS_BUDGET_INTERNAL_H

#include "budget/budget.h"

typedef struct route_share { /* what a route has had, whoever sat for it */
    uint64_t name;           /* hash */
    double had;              /* cost, weighed by haste */
} route_share;

struct ds_seat {
    ds_budget *budget;
    ds_seat *next;
    size_t route; /* index of its share */
    ds_haste haste;
    bool waits;
    int64_t back_ms; /* when it said it would ask again */
};

struct ds_budget {
    /* pace, in cost per millisecond; 0: not known */
    double pace, pace_most, tokens, step;
    double burst; /* this much is saved up at most */
    int64_t since_raised;
    int64_t filled_ms, raised_ms;
    bool held_back; /* somebody had to wait for the pace since it was raised */
    bool minded;    /* a refusal has slowed it down, and it was not raised since */
    /* since the end of the last pause */
    int64_t span_ms, let_through, last_ms;
    /* pause */
    int64_t paused_until, refused_ms, refusals;
    int in_a_row;
    bool guessing; /* nobody said how long */
    /* window as told; remaining -1: not told */
    int64_t limit, remaining, reset_ms;

    int64_t in_flight;
    double width;             /* so many in flight at most; 0: as many as are wanted */
    double fast_ms, usual_ms; /* how long answers take at best, and of late; 0: not known */
    int64_t narrowed_ms;
    ds_seat *seats;
    route_share *routes;
    size_t routes_n, routes_cap;
    double served; /* what the route that went last had had */
};

/* share.c */
void seat_wants(ds_seat *seat, int64_t now_ms);
size_t seats_before(const ds_seat *seat, int64_t now_ms); /* that wait and have had less */
void seat_served(ds_seat *seat, int64_t cost);

#endif
