/* src/engine/temporal/client_unit.c - what a client does with the workflow of a unit. */
#include "engine/temporal/client.h"

#include "engine/temporal/attributes.h"
#include "engine/temporal/payload.h"
#include "engine/temporal/replay.h"
#include "engine/temporal/settings.h"
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define PAGE 500
#define QUERY_TRIES_MS (15 * DS_SECOND_MS)

/* ---- names ----------------------------------------------------------------------------------- */

const char *ds_client_id(const ds_client *c, ds_arena *a, const char *route, const char *unit)
{
    return ds_temporal_workflow_id(ds_client_settings(c), route, unit, a);
}

Ds__WorkflowExecution *ds_client_execution(const char *id, ds_arena *a)
{
    Ds__WorkflowExecution *e = ds_wire_new(&ds__workflow_execution__descriptor, a);

    e->workflow_id = ds_arena_strdup(a, id);
    return e;
}

/* The same for every try of one intent: what was applied before its answer was lost counts once. */
static char *request_id(ds_arena *a)
{
    uint8_t bytes[16] = {0};
    char *text = ds_arena_alloc(a, 2 * sizeof(bytes) + 1);

    (void)!getrandom(bytes, sizeof(bytes), 0);
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

/* ---- the memo -------------------------------------------------------------------------------- */

static void add_memo(Ds__Memo *memo, const char *name, const char *text, ds_arena *a)
{
    Ds__Memo__FieldsEntry *entry = ds_wire_new(&ds__memo__fields_entry__descriptor, a);

    entry->key = ds_arena_strdup(a, name);
    entry->value = ds_payload_of_words(text, 4 * DS_KIB, a);
    memo->fields[memo->n_fields++] = entry;
}

Ds__Memo *ds_client_memo(const ds_carry *carry, const char *word, ds_arena *a)
{
    Ds__Memo *memo = ds_wire_new(&ds__memo__descriptor, a);

    memo->fields = ds_arena_alloc(a, 4 * sizeof(*memo->fields));
    add_memo(memo, "config", carry->config, a);
    add_memo(memo, "route", carry->route, a);
    add_memo(memo, "state", word, a);
    add_memo(memo, "unit", carry->unit_name, a);
    return memo;
}

const Ds__Payload *ds_client_memo_field(const Ds__Memo *memo, const char *name)
{
    for (size_t i = 0; memo && i < memo->n_fields; i++) {
        if (memo->fields[i]->key && strcmp(memo->fields[i]->key, name) == 0)
            return memo->fields[i]->value;
    }
    return NULL;
}

const char *ds_client_memo_text(const Ds__Memo *memo, const char *name, ds_arena *a)
{
    const Ds__Payload *field = ds_client_memo_field(memo, name);
    ds_err ignored = DS_ERR_INIT;

    return field ? ds_json_str(ds_payload_read(field, a, &ignored), NULL) : NULL;
}

/* ---- start ----------------------------------------------------------------------------------- */

static Ds__UserMetadata *label(const char *text, ds_arena *a)
{
    Ds__UserMetadata *m = ds_wire_new(&ds__user_metadata__descriptor, a);

    m->summary = ds_payload_of_words(text, 200, a);
    return m;
}

static Ds__StartWorkflowExecutionRequest *
start_request(ds_client *c, const char *id, const ds_carry *carry, ds_arena *a, ds_err *err)
{
    Ds__StartWorkflowExecutionRequest *r =
        ds_wire_new(&ds__start_workflow_execution_request__descriptor, a);
    DS_AUTO_BUF(text, DS_PAYLOAD_MAX);
    ds_json_writer w = ds_json_w(&text, false);

    ds_carry_write(&w, carry);
    r->namespace_ = ds_arena_strdup(a, ds_client_settings(c)->namespace_);
    r->workflow_id = ds_arena_strdup(a, id);
    r->workflow_type = ds_wire_new(&ds__workflow_type__descriptor, a);
    r->workflow_type->name = ds_arena_strdup(a, DS_WORKFLOW_TYPE);
    r->task_queue = ds_task_queue_of(c, a);
    r->identity = ds_arena_strdup(a, ds_client_identity(c));
    r->request_id = request_id(a);
    r->has_workflow_id_conflict_policy = true;
    r->workflow_id_conflict_policy =
        DS__WORKFLOW_ID_CONFLICT_POLICY__WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING;
    r->user_metadata = label(ds_arena_printf(a, "%s/%s", carry->route, carry->unit_name), a);
    r->memo = ds_client_memo(carry, ds_replay_word(&carry->unit), a);
    r->search_attributes = ds_attributes_of(c, carry, ds_replay_word(&carry->unit), a);
    r->input = ds_payloads_of_text(&text, a, err);
    return r->input ? r : NULL;
}

bool ds_client_start(ds_client *c, const char *id, const ds_carry *carry, bool *started,
                     ds_err *err)
{
    static const ds_call call = {"StartWorkflowExecution",
                                 &ds__start_workflow_execution_response__descriptor, DS_CALL_MS,
                                 DS_CALL_MS};
    DS_AUTO(ds_arena) a = ds_arena_new();
    Ds__StartWorkflowExecutionRequest *r;
    Ds__StartWorkflowExecutionResponse *answer;
    ds_grpc_failure failure = {.text = ""};
    void *out;

    do {
        *err = DS_ERR_INIT;
        r = start_request(c, id, carry, a, err);
        if (r && ds_client_call(c, &call, &r->base, a, &out, &failure, err)) {
            answer = out;
            *started = answer->started;
            return true;
        }
    } while (r && ds_attributes_refused(c, r->search_attributes != NULL, &failure));
    return ds_wrap(err, "start %.200s", id); /* what is wrong with it stands behind */
}

/* ---- signal, query, describe ----------------------------------------------------------------- */

bool ds_client_is_missing(const ds_grpc_failure *failure, ds_err *err)
{
    if (failure->status != DS_GRPC_NOT_FOUND ||
        strcmp(failure->detail_type, "NamespaceNotFoundFailure") == 0)
        return false;
    *err = DS_ERR_INIT;
    return true;
}

bool ds_client_signal(ds_client *c, const char *id, const char *name, const char *json, bool *found,
                      ds_err *err)
{
    static const ds_call call = {"SignalWorkflowExecution", NULL, DS_CALL_MS, DS_CALL_MS};
    DS_AUTO(ds_arena) a = ds_arena_new();
    Ds__SignalWorkflowExecutionRequest *r =
        ds_wire_new(&ds__signal_workflow_execution_request__descriptor, a);
    ds_grpc_failure failure = {.detail_type = ""};
    Ds__Payload *argument = NULL;

    *found = true;
    if (json && !(argument = ds_payload_of_text(json, strlen(json), a, err)))
        return false;
    r->namespace_ = ds_arena_strdup(a, ds_client_settings(c)->namespace_);
    r->workflow_execution = ds_client_execution(id, a);
    r->signal_name = ds_arena_strdup(a, name);
    r->identity = ds_arena_strdup(a, ds_client_identity(c));
    r->request_id = request_id(a);
    r->input = argument ? ds_payloads_of(argument, a) : NULL;
    if (ds_client_call(c, &call, &r->base, a, NULL, &failure, err))
        return true;
    *found = !ds_client_is_missing(&failure, err);
    return !*found || ds_wrap(err, "signal %s to %s", name, id);
}

bool ds_client_query(ds_client *c, const char *id, const char *query, ds_arena *a,
                     const ds_json **answer, ds_err *err)
{
    static const ds_call call = {"QueryWorkflow", &ds__query_workflow_response__descriptor,
                                 DS_CALL_MS, QUERY_TRIES_MS};
    Ds__QueryWorkflowRequest *r = ds_wire_new(&ds__query_workflow_request__descriptor, a);
    ds_grpc_failure failure = {.detail_type = ""};
    Ds__QueryWorkflowResponse *got;
    void *out;

    *answer = NULL;
    r->namespace_ = ds_arena_strdup(a, ds_client_settings(c)->namespace_);
    r->execution = ds_client_execution(id, a);
    r->query = ds_wire_new(&ds__workflow_query__descriptor, a);
    r->query->query_type = ds_arena_strdup(a, query);
    if (!ds_client_call(c, &call, &r->base, a, &out, &failure, err))
        return ds_client_is_missing(&failure, err) || ds_wrap(err, "ask %s for its %s", id, query);
    got = out;
    if (got->query_rejected)
        return ds_fail(err, DS_ERR_PERMANENT, "%s is paused by an operator of the server", id);
    *answer = ds_payloads_read(got->query_result, 0, a, err);
    return *answer != NULL;
}

bool ds_client_describe(ds_client *c, const char *id, ds_arena *a,
                        Ds__DescribeWorkflowExecutionResponse **out, ds_err *err)
{
    static const ds_call call = {"DescribeWorkflowExecution",
                                 &ds__describe_workflow_execution_response__descriptor, DS_CALL_MS,
                                 DS_CALL_MS};
    Ds__DescribeWorkflowExecutionRequest *r =
        ds_wire_new(&ds__describe_workflow_execution_request__descriptor, a);
    ds_grpc_failure failure = {.detail_type = ""};
    void *got;

    *out = NULL;
    r->namespace_ = ds_arena_strdup(a, ds_client_settings(c)->namespace_);
    r->execution = ds_client_execution(id, a);
    if (!ds_client_call(c, &call, &r->base, a, &got, &failure, err))
        return ds_client_is_missing(&failure, err) || ds_wrap(err, "describe %s", id);
    *out = got;
    return true;
}

/* ---- list ------------------------------------------------------------------------------------ */

/* As the text of a query of lists. */
static const char *quoted(const char *text, ds_arena *a)
{
    char *out = ds_arena_alloc(a, 2 * strlen(text) + 1), *to = out;

    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            *to++ = '\\';
        *to++ = *text;
    }
    *to = '\0';
    return out;
}

static const char *list_query(const ds_client *c, const char *route, ds_arena *a)
{
    return ds_arena_printf(a,
                           "WorkflowType = '" DS_WORKFLOW_TYPE "' AND ExecutionStatus = 'Running' "
                           "AND WorkflowId STARTS_WITH '%s'",
                           quoted(ds_client_id(c, a, route, ""), a));
}

/* A prefix without the route's name is also what the ids of other configurations' units begin with.
 * Those that were started by hand have no memo. */
static bool is_of(const Ds__Memo *memo, const char *route, ds_arena *a)
{
    const char *name = ds_client_memo_text(memo, "route", a);

    return !ds_client_memo_field(memo, "route") || (name && strcmp(name, route) == 0);
}

static void add_listed(const ds_client *c, const char *route, ds_arena *a,
                       const Ds__WorkflowExecutionInfo *info, ds_listed *out, size_t *n)
{
    const char *front = ds_client_id(c, a, route, "");
    const char *id = info->execution ? info->execution->workflow_id : NULL;

    if (!id || strncmp(id, front, strlen(front)) != 0 || !is_of(info->memo, route, a))
        return;
    out[(*n)++] = (ds_listed){.id = id,
                              .unit = id + strlen(front),
                              .config = ds_client_memo_text(info->memo, "config", a),
                              .word = ds_client_memo_text(info->memo, "state", a)};
}

bool ds_client_list(ds_client *c, const char *route, ds_arena *a, ds_listed **out, size_t *n,
                    ds_err *err)
{
    static const ds_call call = {"ListWorkflowExecutions",
                                 &ds__list_workflow_executions_response__descriptor, DS_CALL_MS,
                                 2 * DS_CALL_MS};
    ProtobufCBinaryData token = {0};

    *out = NULL;
    *n = 0;
    do {
        Ds__ListWorkflowExecutionsRequest *r =
            ds_wire_new(&ds__list_workflow_executions_request__descriptor, a);
        Ds__ListWorkflowExecutionsResponse *page;
        void *got;

        r->namespace_ = ds_arena_strdup(a, ds_client_settings(c)->namespace_);
        r->has_page_size = true;
        r->page_size = PAGE;
        r->query = (char *)(uintptr_t)list_query(c, route, a);
        r->has_next_page_token = token.len > 0;
        r->next_page_token = token;
        if (!ds_client_call(c, &call, &r->base, a, &got, NULL, err))
            return ds_wrap(err, "list the workflows of route %s", route);
        page = got;
        *out = ds_arena_grow(a, *out, *n * sizeof(**out),
                             (*n + page->n_executions + 1) * sizeof(**out));
        for (size_t i = 0; i < page->n_executions; i++)
            add_listed(c, route, a, page->executions[i], *out, n);
        token = page->next_page_token;
    } while (token.len > 0);
    return true;
}
