/* src/fakes/exchange.c
 *
 * One request from its arrival to its answer.  Every wait (latency, a rule's delay, an answer that
 * hangs) suspends the connection, so that nobody else waits; when it is over, libmicrohttpd asks
 * for the answer again and the exchange goes on at its stage.
 */
#include "fakes/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_DOOR "/_fake/"

/* ---- waiting --------------------------------------------------------------------------------- */

void ds_exchange_wait(ds_exchange *x, int64_t us)
{
    ds_fake_server *s = x->server;

    x->due_us = ds_fake_mono_us() + us;
    x->listed = true;
    x->previous = NULL;
    x->next = s->waiting;
    if (s->waiting)
        s->waiting->previous = x;
    s->waiting = x;
    MHD_suspend_connection(x->mhd);
}

void ds_exchange_wake(ds_exchange *x)
{
    if (x->next)
        x->next->previous = x->previous;
    if (x->previous)
        x->previous->next = x->next;
    else
        x->server->waiting = x->next;
    x->listed = false;
    x->hangs = false;
    MHD_resume_connection(x->mhd);
}

/* ---- the request ----------------------------------------------------------------------------- */

ds_exchange *ds_exchange_new(ds_fake_server *s, struct MHD_Connection *mhd, const char *target)
{
    ds_exchange *x = ds_calloc(1, sizeof *x);

    x->server = s;
    x->mhd = mhd;
    x->call.arena = ds_arena_new();
    x->call.connection = mhd;
    x->target = ds_arena_strdup(x->call.arena, target);
    x->fault.what = DS_FAULT_NONE;
    ds_buf_init(&x->in, DS_FAKE_BODY_MAX);
    ds_buf_init(&x->call.out, DS_FAKE_ANSWER_MAX);
    return x;
}

static void end_count(ds_exchange *x, int status)
{
    if (!x->counted)
        return;
    x->counted = false;
    x->server->in_flight--;
    ds_tally_ended(x->server->tally, x->number, status);
    if (x->server->options.log)
        fprintf(stderr, "%s %s %d\n", x->call.method, x->target, status);
}

void ds_exchange_free(ds_exchange *x)
{
    if (!x)
        return;
    end_count(x, x->stage == DS_STAGE_SENT ? x->call.status : 0);
    ds_buf_fini(&x->in);
    ds_buf_fini(&x->call.out);
    ds_arena_free(x->call.arena);
    free(x);
}

static void read_request(ds_exchange *x)
{
    ds_fake_call *call = &x->call;
    size_t path_n = strcspn(x->target, "?");
    const char *host = ds_fake_header(call, "host");

    call->path = ds_arena_strndup(call->arena, x->target, path_n);
    call->query = x->target[path_n] ? x->target + path_n + 1 : "";
    call->origin = ds_arena_printf(call->arena, "http://%s", host ? host : "127.0.0.1");
    call->body = x->in.data ? x->in.data : "";
    call->body_n = x->in.n;
    call->now_ms = ds_fake_now(x->server);
}

/* Whatever it says of itself, as the APIs do. */
static bool read_json(ds_fake_call *call)
{
    ds_err err = DS_ERR_INIT;

    if (call->body_n == 0)
        return true;
    call->json = ds_json_read(call->arena, call->body, call->body_n, &err);
    return call->json != NULL;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void refuse(ds_exchange *x, int status, const char *text)
{
    x->server->kind->refuse(x->server->state, &x->call, status, text);
}

static void answer_route(ds_exchange *x)
{
    ds_fake_call *call = &x->call;
    int refusal = call->route ? 0 : ds_route_find(x->server->kind, call);

    if (x->in.overflow)
        refuse(x, 413, NULL);
    else if (!read_json(call))
        refuse(x, 400, NULL);
    else if (refusal)
        refuse(x, refusal, NULL);
    else
        call->route->answer(x->server->state, call);
}

/* The kind's answer, or what the kind says in its place. */
static void answer_as_kind(ds_exchange *x)
{
    const ds_fake_kind *kind = x->server->kind;
    ds_fake_call *call = &x->call;

    if (!kind->before || kind->before(x->server->state, call)) {
        if (x->fault.what == DS_FAULT_STATUS)
            refuse(x, (int)x->fault.number, x->fault.text);
        else if (x->fault.what == DS_FAULT_OWN)
            kind->fault(x->server->state, call, x->fault.name, x->fault.text);
        else
            answer_route(x);
    }
    if (x->fault.retry_after >= 0)
        ds_fake_set(call, "retry-after", "%lld", (long long)x->fault.retry_after);
    if (kind->after)
        kind->after(x->server->state, call);
}

static void answer(ds_exchange *x)
{
    x->call.now_ms = ds_fake_now(x->server);
    switch (x->fault.what) {
    case DS_FAULT_HTML:
    case DS_FAULT_REDIRECT:
    case DS_FAULT_BOMB:
        ds_send_stand_in(x);
        return;
    case DS_FAULT_GARBAGE:
        answer_as_kind(x);
        ds_send_stand_in(x);
        return;
    default:
        answer_as_kind(x);
    }
}

static enum MHD_Result hang_up(ds_exchange *x)
{
    end_count(x, 0);
    return MHD_NO;
}

static ds_link_marks *marks_of(const ds_exchange *x)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static enum MHD_Result send_it(ds_exchange *x)
{
    ds_link_marks *marks = marks_of(x);

    if (x->fault.what == DS_FAULT_STALE && marks)
        marks->stale = true;
    x->stage = DS_STAGE_SENT;
    return ds_send_answer(x);
}

static enum MHD_Result perform(ds_exchange *x)
{
    switch (x->fault.what) {
    case DS_FAULT_NOISE:
        ds_send_noise(x);
        return hang_up(x);
    case DS_FAULT_CUT_BEFORE:
        return hang_up(x);
    case DS_FAULT_CUT_AFTER:
        answer(x);
        return hang_up(x);
    case DS_FAULT_HANG_AFTER:
        answer(x);
        x->stage = DS_STAGE_HELD;
        x->hangs = true;
        ds_exchange_wait(x, 0);
        return MHD_YES;
    default:
        answer(x);
        return send_it(x);
    }
}

/* The side door: no counts, no faults, no waiting. */
static enum MHD_Result answer_beside(ds_exchange *x)
{
    ds_fake_call *call = &x->call;
    int refusal;

    if (ds_fake_header(call, "origin") || x->in.overflow || !read_json(call)) {
        ds_fake_raw(call, 400, "text/plain", "not a request of this stand-in\n", 31);
    } else if (!ds_control_answer(x->server, call)) {
        refusal = ds_route_find(x->server->kind, call);
        if (refusal)
            ds_fake_raw(call, refusal, "text/plain", "no such side door\n", 18);
        else
            call->route->answer(x->server->state, call);
    }
    return send_it(x);
}

static enum MHD_Result arrive(ds_exchange *x)
{
    ds_fake_server *s = x->server;
    ds_fake_call *call = &x->call;
    const ds_link_marks *marks = marks_of(x);
    int64_t wait_ms;

    read_request(x);
    if (x->malformed) {
        ds_fake_raw(call, 400, "text/plain", "a malformed request\n", 20);
        ds_fake_set(call, "connection", "close");
        return send_it(x);
    }
    if (marks && marks->stale)
        return MHD_NO;
    if (strncmp(call->path, SIDE_DOOR, strlen(SIDE_DOOR)) == 0)
        return answer_beside(x);
    ds_route_find(s->kind, call);
    x->counted = true;
    call->in_flight = ++s->in_flight;
    x->number = ds_tally_arrived(s->tally, call);
    x->fault = ds_faults_choose(s->faults, call->method, call->path);
    x->fault.name = ds_arena_strdup(call->arena, x->fault.name); /* the rules may go meanwhile */
    x->fault.text = ds_arena_strdup(call->arena, x->fault.text);
    x->hangs = x->fault.what == DS_FAULT_HANG;
    wait_ms = s->latency_ms + x->fault.delay_ms;
    x->stage = DS_STAGE_DELAY;
    if (!x->hangs && wait_ms == 0)
        return perform(x);
    ds_exchange_wait(x, wait_ms * 1000);
    return MHD_YES;
}

enum MHD_Result ds_exchange_go(ds_exchange *x)
{
    if (x->server->stopping)
        return hang_up(x);
    switch (x->stage) {
    case DS_STAGE_BODY:
        return arrive(x);
    case DS_STAGE_DELAY:
        return perform(x);
    case DS_STAGE_HELD:
        return send_it(x);
    case DS_STAGE_HEAD:
    case DS_STAGE_SENT:
        break;
    }
    return MHD_NO;
}
