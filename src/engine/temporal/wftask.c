/* src/engine/temporal/wftask.c
 *
 * One workflow task: the whole history is replayed, what the unit decides at its end is answered.
 * A task that fails is told once, with its cause, and then left to time out, since the server gives
 * it out again at once; the workflow itself never fails: it waits for a worker that can.
 */
#include "engine/temporal/answer.h"
#include "engine/temporal/attributes.h"
#include "engine/temporal/failure.h"
#include "engine/temporal/look.h"
#include "engine/temporal/worker.h"

#include "base/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKEW_MS (10 * DS_SECOND_MS)   /* a task that took longer to come here is lost anyway */
#define RESPOND_MS (8 * DS_SECOND_MS) /* of tries; the task is lost after ten seconds anyway */

typedef struct wftask {
    ds_worker *w;
    Ds__PollWorkflowTaskQueueResponse *task;
    ds_arena *a;
    ds_replay *replay;
    const char *id;
    bool sent_attributes;
} wftask;

static char *copy(const wftask *t, const char *text)
{
    return ds_arena_strdup(t->a, text);
}

static const char *ns(const wftask *t)
{
    return ds_client_settings(t->w->client)->namespace_;
}

/* ---- its history ----------------------------------------------------------------------------- */

static bool replay(wftask *t, ds_err *err)
{
    ProtobufCBinaryData token = t->task->next_page_token;
    ds_client *c = t->w->client;
    int64_t started = t->task->query ? 0 : t->task->started_event_id;

    if (!ds_client_feed(t->replay, t->task->history, t->a, err))
        return false;
    while (token.len > 0) { /* always on with the token of the task: a history asked for anew
                             * lacks what the server keeps with the task alone */
        if (!ds_client_feed_page(c, t->replay, t->task->workflow_execution, false, &token, t->a,
                                 err))
            return false;
    }
    return ds_replay_end(t->replay, started, err);
}

static bool is_known(const wftask *t, ds_err *err)
{
    const char *type = t->task->workflow_type ? t->task->workflow_type->name : "";

    if (strcmp(type, DS_WORKFLOW_TYPE) == 0)
        return true;
    return ds_fail(err, DS_ERR_PERMANENT,
                   "this worker knows no workflow type \"%.80s\": give its workers a task queue of "
                   "their own",
                   type);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void log_failure(const wftask *t, const char *event, const ds_err *err)
{
    ds_log(DS_LOG_WARN, event, "workflow", t->id, "error", err->text, NULL);
}

static void respond(const wftask *t, const char *method, ProtobufCMessage *request)
{
    const ds_call call = {method, NULL, DS_CALL_MS, RESPOND_MS};
    ds_grpc_failure failure = {.text = ""};
    ds_err err = DS_ERR_INIT;

    if (ds_client_call(t->w->client, &call, request, t->a, NULL, &failure, &err))
        return;
    if (failure.status == DS_GRPC_NOT_FOUND || err.kind == DS_ERR_CANCELLED)
        return; /* somebody else has it, or nobody needs it any more */
    if (strcmp(failure.text, "UnhandledCommand") == 0)
        return; /* something has arrived meanwhile: the task comes again with it */
    if (ds_attributes_refused(t->w->client, t->sent_attributes, &failure))
        return; /* somebody removed them: the task comes again, and is answered without */
    log_failure(t, "task_not_answered", &err);
}

static Ds__WorkflowTaskFailedCause cause_of(const wftask *t)
{
    return ds_replay_trouble_of(t->replay) == DS_REPLAY_OTHER
               ? DS__WORKFLOW_TASK_FAILED_CAUSE__WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
               : DS__WORKFLOW_TASK_FAILED_CAUSE__WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE;
}

static void fail_task(wftask *t, const ds_err *why)
{
    Ds__RespondWorkflowTaskFailedRequest *r =
        ds_wire_new(&ds__respond_workflow_task_failed_request__descriptor, t->a);

    log_failure(t, "task_failed", why);
    if (t->task->attempt > 1)
        return; /* it has been told: now it is left to time out, ever more slowly */
    r->has_task_token = true;
    r->task_token = t->task->task_token;
    r->namespace_ = copy(t, ns(t));
    r->identity = copy(t, ds_client_identity(t->w->client));
    r->has_cause = true;
    r->cause = cause_of(t);
    r->failure = ds_failure_of(why, t->a);
    r->deployment_options = ds_deployment_of(t->w->client, t->a);
    respond(t, "RespondWorkflowTaskFailed", &r->base);
}

/* ---- queries --------------------------------------------------------------------------------- */

static Ds__Payloads *ask(const wftask *t, const Ds__WorkflowQuery *query, ds_err *err)
{
    ds_clock *clock = t->w->host->clock;
    const char *type = query && query->query_type ? query->query_type : "";

    return ds_answer_query(t->replay, type, clock->now_ms(clock), t->a, err);
}

static void answer_query(wftask *t, ds_err *why)
{
    Ds__RespondQueryTaskCompletedRequest *r =
        ds_wire_new(&ds__respond_query_task_completed_request__descriptor, t->a);
    bool sound = why->kind == DS_ERR_NONE;

    r->has_task_token = true;
    r->task_token = t->task->task_token;
    r->namespace_ = copy(t, ns(t));
    r->query_result = sound ? ask(t, t->task->query, why) : NULL;
    r->has_completed_type = true;
    r->completed_type = r->query_result ? DS__QUERY_RESULT_TYPE__QUERY_RESULT_TYPE_ANSWERED
                                        : DS__QUERY_RESULT_TYPE__QUERY_RESULT_TYPE_FAILED;
    if (!r->query_result) {
        r->error_message = copy(t, why->text);
        r->failure = ds_failure_of(why, t->a);
    }
    if (!sound) {
        r->has_cause = true;
        r->cause = cause_of(t);
    }
    respond(t, "RespondQueryTaskCompleted", &r->base);
}

static Ds__WorkflowQueryResult *result_of(const wftask *t, const Ds__WorkflowQuery *query)
{
    Ds__WorkflowQueryResult *result = ds_wire_new(&ds__workflow_query_result__descriptor, t->a);
    ds_err why = DS_ERR_INIT;

    result->answer = ask(t, query, &why);
    result->has_result_type = true;
    result->result_type = result->answer ? DS__QUERY_RESULT_TYPE__QUERY_RESULT_TYPE_ANSWERED
                                         : DS__QUERY_RESULT_TYPE__QUERY_RESULT_TYPE_FAILED;
    if (!result->answer)
        result->error_message = copy(t, why.text);
    return result;
}

static void answer_queries(const wftask *t, Ds__RespondWorkflowTaskCompletedRequest *r)
{
    size_t n = t->task->n_queries;

    r->query_results = ds_arena_alloc(t->a, (n + 1) * sizeof(*r->query_results));
    for (size_t i = 0; i < n; i++) {
        const Ds__PollWorkflowTaskQueueResponse__QueriesEntry *asked = t->task->queries[i];
        Ds__RespondWorkflowTaskCompletedRequest__QueryResultsEntry *entry = ds_wire_new(
            &ds__respond_workflow_task_completed_request__query_results_entry__descriptor, t->a);

        entry->key = copy(t, asked->key ? asked->key : ""); /* a map leaves out what is empty */
        entry->value = result_of(t, asked->value);
        r->query_results[r->n_query_results++] = entry;
    }
}

/* ---- the end of a sound task ----------------------------------------------------------------- */

static void name_the_writer(const wftask *t, Ds__RespondWorkflowTaskCompletedRequest *r)
{
    r->sdk_metadata = ds_wire_new(&ds__workflow_task_completed_metadata__descriptor, t->a);
    r->sdk_metadata->sdk_name = copy(t, DS_SDK_NAME);
    r->sdk_metadata->sdk_version = copy(t, DS_VERSION);
}

static void complete(wftask *t, Ds__Command **commands, size_t n)
{
    Ds__RespondWorkflowTaskCompletedRequest *r =
        ds_wire_new(&ds__respond_workflow_task_completed_request__descriptor, t->a);

    r->has_task_token = true;
    r->task_token = t->task->task_token;
    r->n_commands = n;
    r->commands = commands;
    r->namespace_ = copy(t, ns(t));
    r->identity = copy(t, ds_client_identity(t->w->client));
    r->deployment_options = ds_deployment_of(t->w->client, t->a);
    if (r->deployment_options) {
        r->has_versioning_behavior = true;
        r->versioning_behavior = DS__VERSIONING_BEHAVIOR__VERSIONING_BEHAVIOR_AUTO_UPGRADE;
    }
    if (t->task->previous_started_event_id == 0)
        name_the_writer(t, r);
    answer_queries(t, r);
    t->sent_attributes = ds_attributes_sent(commands, n);
    respond(t, "RespondWorkflowTaskCompleted", &r->base);
}

/* Before the answer: once that is there nobody sees this change again. */
static bool tell_host(const wftask *t, ds_err *err)
{
    const ds_engine_host *host = t->w->host;
    const ds_carry *carry = ds_replay_state(t->replay);
    ds_replay_turn turn = ds_replay_turn_of(t->replay);
    const ds_host_turn what = {
        .route = carry->route,
        .unit = carry->unit_name,
        .state = &carry->unit,
        .was_paused = turn.was_paused,
        .asked_approval = turn.asked_approval,
        .ended = turn.ended,
        .ended_well = turn.ended_well,
        .base = ds_arena_printf(t->a, "%s/%lld", t->task->workflow_execution->run_id,
                                (long long)t->task->previous_started_event_id),
    };

    if (host->turned(host, &what, err))
        return true;
    err->kind = DS_ERR_TRANSIENT; /* whatever it is, it is not the unit's fault */
    return ds_wrap(err, "what people are to be told");
}

/* The server began the task a moment ago, by its clock. Told once. */
static void watch_clock(ds_worker *w, const Ds__Timestamp *began)
{
    int64_t began_ms = began ? began->seconds * DS_SECOND_MS + began->nanos / 1000000 : 0;
    int64_t ahead_ms = w->host->clock->now_ms(w->host->clock) - began_ms;
    char text[24];

    if (!began_ms || llabs(ahead_ms) < SKEW_MS || atomic_exchange(&w->clock_told, true))
        return;
    snprintf(text, sizeof(text), "%lld", llabs(ahead_ms) / DS_SECOND_MS);
    ds_log(DS_LOG_WARN, "clock_differs", DS_LOG_INT("seconds"), text, "text",
           ahead_ms > 0 ? "this machine's clock is ahead of the server's"
                        : "this machine's clock is behind the server's",
           NULL);
}

void ds_worker_task(ds_worker *w, Ds__PollWorkflowTaskQueueResponse *task, ds_arena *a)
{
    wftask t = {.w = w, .task = task, .a = a, .replay = ds_replay_new(a, NULL)};
    ds_err err = DS_ERR_INIT;
    Ds__Command **commands;
    size_t n;
    bool sound;

    if (!task->workflow_execution || !task->workflow_execution->workflow_id)
        return;
    t.id = task->workflow_execution->workflow_id;
    watch_clock(w, task->started_time);
    sound = is_known(&t, &err) && replay(&t, &err);
    if (task->query) {
        answer_query(&t, &err);
        return;
    }
    sound = sound && tell_host(&t, &err);
    if (!sound && err.kind == DS_ERR_CANCELLED)
        return;
    if (!sound &&
        err.kind == DS_ERR_TRANSIENT) { /* nothing is wrong with the unit: it comes again */
        log_failure(&t, "task_dropped", &err);
        return;
    }
    commands = sound ? ds_answer_commands(w->client, t.replay, a, &n, &err) : NULL;
    if (commands)
        complete(&t, commands, n);
    else
        fail_task(&t, &err);
}
