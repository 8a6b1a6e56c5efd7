/* src/engine/temporal/look.c - how a unit is, by its history. */
#include "engine/temporal/look.h"

#include "engine/temporal/payload.h"
#include "json/member.h"
#include <string.h>

#define HISTORY_MS (20 * DS_SECOND_MS)
#define WAIT_MS (40 * DS_SECOND_MS) /* the server itself ends a wait after twenty */

/* ---- history --------------------------------------------------------------------------------- */

bool ds_client_feed(ds_replay *r, const Ds__History *history, ds_arena *a, ds_err *err)
{
    size_t n = history ? history->n_events : 0;
    ds_hevent *events = ds_arena_alloc(a, (n + 1) * sizeof(*events));

    return n == 0 || (ds_history_read(history->events, n, a, events, err) &&
                      ds_replay_feed(r, events, n, err));
}

/* Some servers are set to hand out a history as it is stored, batch by batch. */
static bool feed_raw(ds_client *c, ds_replay *r,
                     const Ds__GetWorkflowExecutionHistoryResponse *page, ds_arena *a, ds_err *err)
{
    for (size_t i = 0; i < page->n_raw_history; i++) {
        const ProtobufCBinaryData *blob = &page->raw_history[i]->data;
        Ds__History *batch = ds_wire_unpack(&ds__history__descriptor, blob->data, blob->len, a);

        if (!batch)
            return ds_fail(err, DS_ERR_TRANSIENT, "a page of history is not understood");
        ds_client_decode(c, &batch->base, a);
        if (!ds_client_feed(r, batch, a, err))
            return false;
    }
    return true;
}

bool ds_client_feed_page(ds_client *c, ds_replay *r, Ds__WorkflowExecution *run, bool wait,
                         ProtobufCBinaryData *token, ds_arena *a, ds_err *err)
{
    const ds_call call = {"GetWorkflowExecutionHistory",
                          &ds__get_workflow_execution_history_response__descriptor,
                          wait ? WAIT_MS : HISTORY_MS, HISTORY_MS};
    Ds__GetWorkflowExecutionHistoryRequest *request =
        ds_wire_new(&ds__get_workflow_execution_history_request__descriptor, a);
    Ds__GetWorkflowExecutionHistoryResponse *page;
    void *answer;

    request->namespace_ = ds_arena_strdup(a, ds_client_settings(c)->namespace_);
    request->execution = run;
    request->has_wait_new_event = wait;
    request->wait_new_event = wait;
    request->has_next_page_token = token->len > 0;
    request->next_page_token = *token;
    if (!ds_client_call(c, &call, &request->base, a, &answer, NULL, err))
        return ds_wrap(err, "fetch the history");
    page = answer;
    *token = page->next_page_token;
    return ds_client_feed(r, page->history, a, err) && feed_raw(c, r, page, a, err);
}

/* ---- the pass that runs ---------------------------------------------------------------------- */

static ds_totals totals_of(const ds_json *details)
{
    ds_totals totals = {
        .created = ds_json_integer(details, "created", 0),
        .updated = ds_json_integer(details, "updated", 0),
        .unchanged = ds_json_integer(details, "unchanged", 0),
        .skipped = ds_json_integer(details, "skipped", 0),
        .held = ds_json_integer(details, "held", 0),
    };

    totals.total =
        totals.created + totals.updated + totals.unchanged + totals.skipped + totals.held;
    return totals;
}

/* As its last sign of life had it. */
static void see_pass(const Ds__PendingActivityInfo *pending, const ds_unit_ref *ref, ds_arena *a,
                     ds_remote_unit *out)
{
    ds_err ignored = DS_ERR_INIT;
    const ds_json *details = ds_payloads_read(pending->heartbeat_details, 0, a, &ignored);

    out->waits = true;
    out->at_work =
        pending->state == DS__PENDING_ACTIVITY_STATE__PENDING_ACTIVITY_STATE_STARTED ||
        pending->state == DS__PENDING_ACTIVITY_STATE__PENDING_ACTIVITY_STATE_CANCEL_REQUESTED;
    out->pass = (ds_running){
        .route = ref->route,
        .unit = ref->unit,
        .kind = out->state->run_kind,
        .since_ms = out->state->run_started_ms,
        .done = ds_json_integer(details, "done", 0),
        .total = ds_json_integer(details, "total", -1),
        .source_calls = ds_json_integer(details, "source_calls", 0),
        .destination_calls = ds_json_integer(details, "destination_calls", 0),
        .totals = totals_of(details),
    };
}

/* ---- a unit ---------------------------------------------------------------------------------- */

typedef struct looking {
    ds_client *c;
    const ds_unit_ref *ref;
    ds_arena *a;
    Ds__WorkflowExecution *run; /* the newest; NULL: there is none that runs */
    ProtobufCBinaryData token;
} looking;

/* By id alone the newest run is found; while we read, a newer one may come. */
static bool find_run(looking *l, Ds__DescribeWorkflowExecutionResponse **found, ds_err *err)
{
    const char *id = ds_client_id(l->c, l->a, l->ref->route, l->ref->unit);
    const Ds__WorkflowExecutionInfo *info;

    l->run = NULL;
    if (!ds_client_describe(l->c, id, l->a, found, err))
        return false;
    info = *found ? (*found)->workflow_execution_info : NULL;
    if (info && info->status == DS__WORKFLOW_EXECUTION_STATUS__WORKFLOW_EXECUTION_STATUS_RUNNING)
        l->run = info->execution;
    return true;
}

static bool replay_run(looking *l, int64_t length, int64_t now_ms, ds_replay *r, ds_err *err)
{
    l->token = (ProtobufCBinaryData){0};
    do {
        if (!ds_client_feed_page(l->c, r, l->run, true, &l->token, l->a, err))
            return false;
    } while (l->token.len > 0 && ds_replay_tally_of(r).events < length);
    return ds_replay_end(r, 0, err) && ds_replay_catch_up(r, now_ms, err);
}

/* A history that this version would not have written: a worker of the one that did may tell. */
static bool ask_worker(looking *l, ds_replay *r, const ds_carry **carry, ds_err *err)
{
    const char *id = ds_client_id(l->c, l->a, l->ref->route, l->ref->unit);
    ds_replay_trouble trouble = ds_replay_trouble_of(r);
    ds_carry *answered = ds_new_in(l->a, ds_carry);
    ds_err why = DS_ERR_INIT;
    const ds_json *json;

    if ((trouble != DS_REPLAY_OTHER && trouble != DS_REPLAY_CANNOT) ||
        !ds_client_query(l->c, id, "state", l->a, &json, &why) || !json ||
        !ds_carry_read(json, l->a, answered, &why))
        return false;
    *err = DS_ERR_INIT;
    *carry = answered;
    return true;
}

static bool look(looking *l, int64_t now_ms, ds_remote_unit *out, ds_err *err)
{
    Ds__DescribeWorkflowExecutionResponse *found;
    ds_replay *r = ds_replay_new(l->a, NULL);
    const ds_carry *carry;

    *out = (ds_remote_unit){.there = false};
    if (!find_run(l, &found, err))
        return false;
    if (!l->run)
        return true;
    if (replay_run(l, found->workflow_execution_info->history_length, now_ms, r, err))
        carry = ds_replay_state(r);
    else if (!ask_worker(l, r, &carry, err))
        return ds_wrap(err, "unit %s/%s", l->ref->route, l->ref->unit);
    if (!carry)
        return ds_fail(err, DS_ERR_TRANSIENT, "unit %s/%s has not begun yet; ask again in a moment",
                       l->ref->route, l->ref->unit);
    out->there = true;
    out->state = &carry->unit;
    out->config = carry->config;
    if (carry->unit.running && found->n_pending_activities > 0)
        see_pass(found->pending_activities[0], l->ref, l->a, out);
    return true;
}

bool ds_client_look(ds_client *c, const ds_unit_ref *ref, int64_t now_ms, ds_arena *a,
                    ds_remote_unit *out, ds_err *err)
{
    looking l = {.c = c, .ref = ref, .a = a};

    return look(&l, now_ms, out, err);
}

/* ---- until it rests -------------------------------------------------------------------------- */

static bool rests(const ds_remote_unit *found)
{
    const ds_unit *u = found->state;

    if (u->running) /* it sits out a rate limit, or was interrupted by a pause */
        return !found->waits && (u->retry_ms > 0 || u->paused);
    return !u->want.any || u->paused || u->approval || u->gone || u->retry_ms > 0;
}

/* Until there is one event more, or the server is tired of waiting. What it says is read anew. */
static bool wait_for_event(looking *l, ds_err *err)
{
    Ds__GetWorkflowExecutionHistoryRequest *r =
        ds_wire_new(&ds__get_workflow_execution_history_request__descriptor, l->a);
    static const ds_call call = {"GetWorkflowExecutionHistory", NULL, WAIT_MS, HISTORY_MS};

    if (l->token.len == 0)
        return true; /* the run has ended: there is a newer one */
    r->namespace_ = ds_arena_strdup(l->a, ds_client_settings(l->c)->namespace_);
    r->execution = l->run;
    r->has_wait_new_event = r->wait_new_event = true;
    r->has_next_page_token = true;
    r->next_page_token = l->token;
    return ds_client_call(l->c, &call, &r->base, l->a, NULL, NULL, err);
}

bool ds_client_settle(ds_client *c, const ds_unit_ref *ref, ds_clock *clock, ds_arena *a,
                      ds_remote_unit *out, ds_err *err)
{
    for (;;) {
        DS_AUTO(ds_arena) turn = ds_arena_new();
        looking l = {.c = c, .ref = ref, .a = turn};

        if (!look(&l, clock->now_ms(clock), out, err))
            return false;
        if (!out->there || rests(out))
            return ds_client_look(c, ref, clock->now_ms(clock), a, out, err);
        if (!wait_for_event(&l, err))
            return false;
    }
}
