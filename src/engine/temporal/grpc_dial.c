/* src/engine/temporal/grpc_dial.c
 *
 * How the next connection comes about: the host's addresses are looked up (in a thread of their
 * own, since that may block), tried one after the other, and after all have failed there is a
 * pause.
 */
#include "engine/temporal/grpc_internal.h"

#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

uint32_t ds_grpc_random(ds_grpc *g) /* xorshift */
{
    g->random ^= g->random << 13;
    g->random ^= g->random >> 17;
    g->random ^= g->random << 5;
    return g->random;
}

/* ---- the look-up ----------------------------------------------------------------------------- */

static int look_up(ds_lookup *l, int flags)
{
    struct addrinfo want = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};

    return getaddrinfo(l->host, l->port, &want, &l->list);
}

static void *look_up_thread(void *arg)
{
    ds_grpc *g = arg;

    g->lookup.failed = look_up(&g->lookup, AI_ADDRCONFIG);
    if (g->lookup.failed)
        g->lookup.failed = look_up(&g->lookup, 0); /* a machine with the loopback alone */
    atomic_store(&g->lookup.done, true);
    ds_grpc_wake(g);
    return NULL;
}

static void forget_addresses(ds_lookup *l)
{
    if (l->list)
        freeaddrinfo(l->list);
    l->list = l->next = NULL;
}

static void begin_lookup(ds_grpc *g)
{
    ds_lookup *l = &g->lookup;
    ds_err err = DS_ERR_INIT;

    g->wanted = false;
    forget_addresses(l);
    if (look_up(l, AI_NUMERICHOST | AI_NUMERICSERV) == 0) {
        l->next = l->list;
        return;
    }
    atomic_store(&l->done, false);
    l->running = ds_thread_start(&l->thread, look_up_thread, g, "to look up the server", &err);
    if (!l->running)
        ds_dial_failed(g, &err);
}

static void end_lookup(ds_grpc *g)
{
    ds_lookup *l = &g->lookup;
    ds_err err = DS_ERR_INIT;

    (void)pthread_join(l->thread, NULL);
    l->running = false;
    l->next = l->list;
    if (!l->failed)
        return;
    l->list = l->next = NULL;
    ds_fail(&err, DS_ERR_TRANSIENT, "no address of \"%s\": %s", l->host, gai_strerror(l->failed));
    ds_dial_failed(g, &err);
}

/* ---- connections ----------------------------------------------------------------------------- */

static void try_next(ds_grpc *g)
{
    ds_conn *c = ds_conn_new(g, g->lookup.next);

    g->lookup.next = g->lookup.next->ai_next;
    c->next = g->conns;
    g->conns = c;
    g->conns_n++;
    g->current = c;
}

void ds_dial_step(ds_grpc *g)
{
    if (g->current || g->conns_n == DS_CONNS_MAX)
        return;
    if (g->lookup.running) {
        if (!atomic_load(&g->lookup.done))
            return;
        end_lookup(g);
    } else if (!g->lookup.next && (g->wanted || g->waiting.first) &&
               (g->now_ms >= g->dial_at_ms || g->options.fail_fast)) {
        begin_lookup(g);
    }
    if (!g->lookup.running && g->lookup.next)
        try_next(g);
}

/* 100 ms, doubled up to 5 s, a fifth more or less. */
static int64_t pause_ms(ds_grpc *g)
{
    int64_t wait = g->options.again_ms;

    for (unsigned i = 1; i < g->tries && wait < DS_AGAIN_MOST_MS; i++)
        wait *= 2;
    wait = DS_MIN(wait, DS_AGAIN_MOST_MS);
    return wait * 4 / 5 + wait * (int64_t)(ds_grpc_random(g) % 400) / 1000;
}

static void fail_waiting(ds_grpc *g)
{
    ds_call *call;

    while ((call = ds_call_list_pop(&g->waiting))) {
        call->why = g->why;
        ds_call_finish(g, call, DS_CALL_UNSENT);
    }
}

static void count_try(ds_grpc *g)
{
    if (g->tries++ == 0)
        g->down_ms = g->now_ms;
}

void ds_dial_failed(ds_grpc *g, const ds_err *err)
{
    g->why = *err;
    if (g->lookup.next)
        return; /* another address */
    forget_addresses(&g->lookup);
    count_try(g);
    g->dial_at_ms = g->now_ms + pause_ms(g);
    pthread_mutex_lock(&g->lock);
    g->tally.refused++;
    pthread_mutex_unlock(&g->lock);
    if (g->options.fail_fast)
        fail_waiting(g);
    if (g->options.down && g->now_ms - g->down_ms >= g->options.down_ms)
        g->options.down(g->options.down_to, &g->why);
}

/* Those who lost the same server do not come back in the same moment. One that came up and was of
 * no use is for a command as one that did not come up: it waits for no pause. */
void ds_dial_lost(ds_grpc *g, bool useful)
{
    if (!useful)
        count_try(g);
    g->dial_at_ms =
        g->now_ms +
        (useful ? (int64_t)(ds_grpc_random(g) % 100) * g->options.again_ms / 100 : pause_ms(g));
    if (!useful && g->options.fail_fast)
        fail_waiting(g);
}

void ds_dial_stop(ds_grpc *g)
{
    if (g->lookup.running)
        (void)pthread_join(g->lookup.thread, NULL);
    forget_addresses(&g->lookup);
}
