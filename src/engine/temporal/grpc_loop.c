/* src/engine/temporal/grpc_loop.c - the one thread that does all input and output. */
#include "engine/temporal/grpc_internal.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define CALM_PING_MOST_MS (5 * DS_MINUTE_MS)
#define POLL_LEAST_MS INT64_C(2200)

int64_t ds_mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void ds_grpc_wake(ds_grpc *g)
{
    (void)!eventfd_write(g->wake, 1);
}

/* ---- lists ----------------------------------------------------------------------------------- */

void ds_call_list_init(ds_call_list *list)
{
    *list = (ds_call_list){.last = &list->first};
}

void ds_call_list_put(ds_call_list *list, ds_call *call)
{
    call->next = NULL;
    *list->last = call;
    list->last = &call->next;
}

ds_call *ds_call_list_pop(ds_call_list *list)
{
    ds_call *call = list->first;

    if (!call)
        return NULL;
    list->first = call->next;
    if (!list->first)
        list->last = &list->first;
    return call;
}

void ds_call_again(ds_grpc *g, ds_call *call)
{
    call->next = g->waiting.first;
    g->waiting.first = call;
    if (!call->next)
        g->waiting.last = &call->next;
    pthread_mutex_lock(&g->lock);
    g->tally.resent++;
    pthread_mutex_unlock(&g->lock);
}

void ds_call_finish(ds_grpc *g, ds_call *call, ds_call_end end)
{
    pthread_mutex_lock(&g->lock);
    call->end = end;
    call->done = true;
    pthread_cond_signal(&call->over);
    pthread_mutex_unlock(&g->lock);
}

/* ---- what callers want ----------------------------------------------------------------------- */

static void take_incoming(ds_grpc *g)
{
    ds_call *call;

    pthread_mutex_lock(&g->lock);
    while ((call = ds_call_list_pop(&g->incoming)))
        ds_call_list_put(&g->waiting, call);
    pthread_mutex_unlock(&g->lock);
}

static bool is_cancelled(ds_grpc *g, const ds_call *call)
{
    bool found;

    pthread_mutex_lock(&g->lock);
    found = g->hurry;
    for (size_t i = 0; i < g->cancelled_n && !found; i++)
        found = !strcmp(g->cancelled[i], call->method);
    pthread_mutex_unlock(&g->lock);
    return found;
}

static bool anything_cancelled(ds_grpc *g)
{
    bool any;

    pthread_mutex_lock(&g->lock);
    any = g->hurry || g->cancelled_n;
    pthread_mutex_unlock(&g->lock);
    return any;
}

/* Ends the calls of which `ends` says how; DS_CALL_RUNS: it goes on. */
typedef ds_call_end (*judge)(ds_grpc *g, const ds_call *call, bool waits);

static ds_call_end judge_cancel(ds_grpc *g, const ds_call *call, bool waits)
{
    (void)waits;
    return is_cancelled(g, call) ? DS_CALL_STOPPED : DS_CALL_RUNS;
}

static ds_call_end judge_deadline(ds_grpc *g, const ds_call *call, bool waits)
{
    if (waits)
        return g->now_ms >= call->deadline_ms ? DS_CALL_UNSENT : DS_CALL_RUNS;
    return g->now_ms >= call->deadline_ms + call->grace_ms ? DS_CALL_LATE : DS_CALL_RUNS;
}

static void unsent_why(ds_grpc *g, ds_call *call)
{
    call->why = g->why;
    if (g->current && g->current->state == DS_CONN_UP)
        ds_fail(&call->why, DS_ERR_TRANSIENT,
                "as many calls are under way as the server lets in at once");
    else if (g->why.kind == DS_ERR_NONE)
        ds_fail(&call->why, DS_ERR_TRANSIENT, "the connection takes longer than the call may");
}

static void judge_waiting(ds_grpc *g, judge ends)
{
    ds_call_list all = g->waiting;
    ds_call *call;

    if (!all.first)
        return;
    ds_call_list_init(&g->waiting);
    while (all.first) {
        ds_call_end end;

        call = all.first;
        all.first = call->next;
        end = ends(g, call, true);
        if (end == DS_CALL_RUNS) {
            ds_call_list_put(&g->waiting, call);
            continue;
        }
        unsent_why(g, call);
        ds_call_finish(g, call, end);
    }
}

static void judge_calls(ds_grpc *g, judge ends)
{
    judge_waiting(g, ends);
    for (ds_conn *c = g->conns; c; c = c->next) {
        ds_h2_call *next;

        for (ds_h2_call *h2 = c->h2->calls; h2; h2 = next) {
            ds_call_end end = ends(g, (ds_call *)h2, false);

            next = h2->next;
            if (end == DS_CALL_RUNS)
                continue;
            ds_h2_take(c->h2, h2);
            ((ds_call *)h2)->sent = h2->framed && h2->framed_at < c->flushed;
            ds_call_finish(g, (ds_call *)h2, end);
        }
    }
}

/* ---- connections ----------------------------------------------------------------------------- */

/* The server refuses a poll that has less than two seconds left as if it were a mistake of ours. */
static bool comes_too_late(const ds_grpc *g, const ds_call *call)
{
    return !strncmp(call->method, "Poll", 4) && call->timeout_ms >= POLL_LEAST_MS &&
           call->deadline_ms - g->now_ms < POLL_LEAST_MS;
}

static void assign(ds_grpc *g)
{
    ds_conn *c = g->current;

    while (c && c->state == DS_CONN_UP && g->waiting.first && ds_h2_has_room(c->h2)) {
        ds_call *call = ds_call_list_pop(&g->waiting);

        assert(call);
        if (comes_too_late(g, call)) {
            ds_fail(&call->why, DS_ERR_TRANSIENT, "the connection came too late for the poll");
            ds_call_finish(g, call, DS_CALL_UNSENT);
        } else if (!ds_conn_begin(c, call)) {
            ds_call_again(g, call);
        }
    }
}

/* A connection that takes no new calls: the next one begins while its calls run out. */
static void drain(ds_grpc *g)
{
    ds_conn *c = g->current;

    if (!c || c->state != DS_CONN_UP || !c->h2->draining)
        return;
    g->current = NULL;
    g->wanted = c->h2->calls;
    if (c->useful) {
        g->dial_at_ms = g->now_ms;
    } else {
        ds_fail(&g->why, DS_ERR_TRANSIENT, "the server takes no calls on a new connection");
        ds_dial_lost(g, false);
    }
    if (c->h2->calm)
        g->ping_ms = DS_MIN(g->ping_ms * 2, CALM_PING_MOST_MS);
}

static void count(ds_grpc *g, const ds_conn *c, bool was_current)
{
    pthread_mutex_lock(&g->lock);
    g->tally.connections += c->was_up;
    g->tally.goaways += c->h2->goaways > 0;
    g->tally.lost += c->was_up && was_current && !c->h2->draining;
    pthread_mutex_unlock(&g->lock);
}

/* true: there was one. What its calls become may need another round. */
static bool bury(ds_grpc *g)
{
    bool any = false;

    for (ds_conn **at = &g->conns; *at;) {
        ds_conn *c = *at;
        bool was_current = c == g->current;

        if (c->state != DS_CONN_DEAD) {
            at = &c->next;
            continue;
        }
        any = true;
        *at = c->next;
        g->conns_n--;
        if (was_current)
            g->current = NULL;
        count(g, c, was_current);
        if (was_current && c->was_up) {
            g->why = c->err;
            ds_dial_lost(g, c->useful);
        }
        if (was_current && !c->was_up)
            ds_dial_failed(g, &c->err);
        ds_conn_free(c);
    }
    return any;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static int64_t due_ms(const ds_grpc *g)
{
    int64_t due = INT64_MAX;
    bool dials = !g->current && !g->lookup.running && (g->wanted || g->waiting.first);

    for (const ds_call *call = g->waiting.first; call; call = call->next)
        due = DS_MIN(due, call->deadline_ms);
    for (const ds_conn *c = g->conns; c; c = c->next) {
        due = DS_MIN(due, ds_conn_due_ms(c));
        for (const ds_h2_call *h2 = c->h2->calls; h2; h2 = h2->next) {
            const ds_call *call = (const ds_call *)h2;

            due = DS_MIN(due, call->deadline_ms + call->grace_ms);
        }
    }
    return dials ? DS_MIN(due, g->dial_at_ms) : due;
}

static int timeout_of(const ds_grpc *g)
{
    int64_t due = due_ms(g);

    if (due == INT64_MAX)
        return -1;
    return (int)DS_MIN(DS_MAX(due - g->now_ms, INT64_C(0)), INT64_C(3600000));
}

static void wait_for_bytes(ds_grpc *g)
{
    struct pollfd fds[DS_CONNS_MAX + 1] = {{.fd = g->wake, .events = POLLIN}};
    ds_conn *polled[DS_CONNS_MAX + 1];
    nfds_t n = 1;
    eventfd_t ignored;

    for (ds_conn *c = g->conns; c && n <= DS_CONNS_MAX; c = c->next, n++) {
        polled[n] = c;
        fds[n] = (struct pollfd){.fd = c->fd, .events = ds_conn_events(c)};
    }
    if (poll(fds, n, timeout_of(g)) < 0)
        return;
    g->now_ms = ds_mono_ms();
    if (fds[0].revents)
        (void)!eventfd_read(g->wake, &ignored);
    for (nfds_t i = 1; i < n; i++) {
        polled[i]->ready = fds[i].revents;
        ds_conn_ready(polled[i]);
    }
}

static void round_of(ds_grpc *g)
{
    do {
        g->now_ms = ds_mono_ms();
        take_incoming(g);
        if (anything_cancelled(g))
            judge_calls(g, judge_cancel);
        judge_calls(g, judge_deadline);
        for (ds_conn *c = g->conns; c; c = c->next)
            ds_conn_tend(c);
        drain(g);
        ds_dial_step(g);
        assign(g);
        for (ds_conn *c = g->conns; c; c = c->next)
            ds_conn_write(c);
    } while (bury(g));
}

static bool is_closing(ds_grpc *g)
{
    bool closing;

    pthread_mutex_lock(&g->lock);
    closing = g->closing;
    pthread_mutex_unlock(&g->lock);
    return closing;
}

static void close_all(ds_grpc *g)
{
    while (g->conns) {
        ds_conn *c = g->conns;

        g->conns = c->next;
        ds_h2_goodbye(c->h2);
        ds_conn_write(c);
        ds_conn_free(c);
    }
    ds_dial_stop(g);
}

void *ds_grpc_run(void *arg)
{
    ds_grpc *g = arg;
    sigset_t all;

    sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL); /* SIGPIPE among them: OpenSSL just writes */
    for (;;) {
        bool closing = is_closing(g); /* before the round that ends its calls */

        round_of(g);
        if (closing)
            break;
        wait_for_bytes(g);
    }
    close_all(g);
    return NULL;
}
