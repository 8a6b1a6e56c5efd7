/* src/engine/temporal/answer.c - commands. */
#include "engine/temporal/answer.h"

#include "engine/temporal/attributes.h"
#include "engine/temporal/payload.h"
#include "json/member.h"
#include <string.h>

#define RETRY_MS DS_SECOND_MS
#define SUMMARY_MOST 200

static char *number_text(int64_t number, ds_arena *a)
{
    return ds_arena_printf(a, "%lld", (long long)number);
}

static Ds__UserMetadata *summary(const char *text, ds_arena *a)
{
    Ds__UserMetadata *m = ds_wire_new(&ds__user_metadata__descriptor, a);

    m->summary = ds_payload_of_words(text, SUMMARY_MOST, a);
    return m;
}

/* ---- a pass ---------------------------------------------------------------------------------- */

static void write_items(ds_json_writer *w, const ds_unit *u)
{
    ds_json_w_name(w, "items");
    if (u->run_kind != DS_PASS_TARGETED) {
        ds_json_w_null(w);
        return;
    }
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < u->run.items_n; i++)
        ds_json_w_text(w, u->run.items[i]);
    ds_json_w_end_list(w);
}

/* Nobody but the timer asks. */
static bool is_regular(const ds_unit *u)
{
    return u->run.changes && !u->run.full && u->run.items_n == 0 && !u->run_approved;
}

static Ds__Payloads *pass_input(const ds_carry *carry, bool go_on, ds_arena *a, ds_err *err)
{
    const ds_unit *u = &carry->unit;
    DS_AUTO_BUF(text, DS_PAYLOAD_MAX);
    ds_json_writer w = ds_json_w(&text, false);

    w.exact = true;
    ds_json_w_begin_object(&w);
    ds_w_text(&w, "route", carry->route);
    ds_w_text(&w, "unit", carry->unit_name);
    ds_w_text(&w, "kind", ds_pass_kind_name(u->run_kind));
    write_items(&w, u);
    ds_w_int(&w, "since_ms", u->run_kind == DS_PASS_CHANGES ? u->run_since_ms : -1);
    ds_w_int(&w, "started_ms", u->run_started_ms);
    ds_w_bool(&w, "approved", u->run_approved);
    ds_w_bool(&w, "sweep", u->run_sweep);
    ds_w_bool(&w, "regular", is_regular(u));
    ds_w_bool(&w, "go_on", go_on);
    ds_json_w_end_object(&w);
    return ds_payloads_of_text(&text, a, err);
}

/* Retried for ever: what a worker cannot finish another one may, and the unit would only ask again.
 * What the pass itself comes to is a result, never a failure. The wait does not grow: missed beats
 * are slow enough to be noticed, and of workers that die in turn the tenth is as innocent as the
 * first. A worker that lives and fails says itself how long to wait. */
static Ds__RetryPolicy *retries(ds_arena *a)
{
    Ds__RetryPolicy *p = ds_wire_new(&ds__retry_policy__descriptor, a);

    p->initial_interval = ds_duration_of(RETRY_MS, a);
    p->has_backoff_coefficient = true;
    p->backoff_coefficient = 1.0;
    return p;
}

static bool schedule(const ds_client *c, const ds_replay *r, const ds_rcommand *from,
                     Ds__Command *to, ds_arena *a, ds_err *err)
{
    Ds__ScheduleActivityTaskCommandAttributes *m =
        ds_wire_new(&ds__schedule_activity_task_command_attributes__descriptor, a);
    const ds_carry *carry = ds_replay_state(r);

    to->attributes_case = DS__COMMAND__ATTRIBUTES_SCHEDULE_ACTIVITY_TASK_COMMAND_ATTRIBUTES;
    to->schedule_activity_task_command_attributes = m;
    to->user_metadata =
        summary(ds_arena_printf(a, "%s pass of %s/%s", ds_pass_kind_name(carry->unit.run_kind),
                                carry->route, carry->unit_name),
                a);
    m->activity_id = number_text(from->number, a);
    m->activity_type = ds_wire_new(&ds__activity_type__descriptor, a);
    m->activity_type->name = ds_arena_strdup(a, DS_ACTIVITY_TYPE);
    m->task_queue = ds_task_queue_of(c, a);
    m->start_to_close_timeout = ds_duration_of(DS_PASS_ATTEMPT_MS, a);
    m->heartbeat_timeout = ds_duration_of(DS_HEARTBEAT_TIMEOUT_MS, a);
    m->retry_policy = retries(a);
    m->input = pass_input(carry, from->go_on, a, err);
    return m->input != NULL;
}

/* ---- timers and stops ------------------------------------------------------------------------ */

static void cancel_activity(const ds_rcommand *from, Ds__Command *to, ds_arena *a)
{
    Ds__RequestCancelActivityTaskCommandAttributes *m =
        ds_wire_new(&ds__request_cancel_activity_task_command_attributes__descriptor, a);

    to->attributes_case = DS__COMMAND__ATTRIBUTES_REQUEST_CANCEL_ACTIVITY_TASK_COMMAND_ATTRIBUTES;
    to->request_cancel_activity_task_command_attributes = m;
    m->has_scheduled_event_id = true;
    m->scheduled_event_id = from->event_id;
}

static void start_timer(const ds_rcommand *from, Ds__Command *to, ds_arena *a)
{
    Ds__StartTimerCommandAttributes *m =
        ds_wire_new(&ds__start_timer_command_attributes__descriptor, a);

    to->attributes_case = DS__COMMAND__ATTRIBUTES_START_TIMER_COMMAND_ATTRIBUTES;
    to->start_timer_command_attributes = m;
    to->user_metadata = summary("next sync", a);
    m->timer_id = number_text(from->number, a);
    m->start_to_fire_timeout = ds_duration_of(from->delay_ms, a);
}

static void cancel_timer(const ds_rcommand *from, Ds__Command *to, ds_arena *a)
{
    Ds__CancelTimerCommandAttributes *m =
        ds_wire_new(&ds__cancel_timer_command_attributes__descriptor, a);

    to->attributes_case = DS__COMMAND__ATTRIBUTES_CANCEL_TIMER_COMMAND_ATTRIBUTES;
    to->cancel_timer_command_attributes = m;
    m->timer_id = number_text(from->number, a);
}

/* ---- the workflow itself --------------------------------------------------------------------- */

static Ds__Memo *memo_now(const ds_replay *r, ds_arena *a)
{
    const ds_carry *carry = ds_replay_state(r);

    return ds_client_memo(carry, ds_replay_word(&carry->unit), a);
}

static void change_memo(const ds_replay *r, Ds__Command *to, ds_arena *a)
{
    Ds__ModifyWorkflowPropertiesCommandAttributes *m =
        ds_wire_new(&ds__modify_workflow_properties_command_attributes__descriptor, a);

    to->attributes_case = DS__COMMAND__ATTRIBUTES_MODIFY_WORKFLOW_PROPERTIES_COMMAND_ATTRIBUTES;
    to->modify_workflow_properties_command_attributes = m;
    m->upserted_memo = memo_now(r, a);
}

/* What others put into the memo goes along. */
static Ds__Memo *memo_of_next(const ds_replay *r, ds_arena *a)
{
    const Ds__Memo *old = ds_replay_start(r)->memo;
    Ds__Memo *memo = memo_now(r, a);
    size_t n = memo->n_fields;

    if (!old)
        return memo;
    memo->fields = ds_arena_grow(a, memo->fields, n * sizeof(*memo->fields),
                                 (n + old->n_fields) * sizeof(*memo->fields));
    for (size_t i = 0; i < old->n_fields; i++) {
        if (old->fields[i]->key && !ds_client_memo_field(memo, old->fields[i]->key))
            memo->fields[memo->n_fields++] = old->fields[i];
    }
    return memo;
}

/* Of what a run has, its input, memo and search attributes are not handed on by the server. */
static bool continue_as_new(const ds_client *c, const ds_replay *r, Ds__Command *to, ds_arena *a,
                            ds_err *err)
{
    Ds__ContinueAsNewWorkflowExecutionCommandAttributes *m =
        ds_wire_new(&ds__continue_as_new_workflow_execution_command_attributes__descriptor, a);
    DS_AUTO_BUF(text, DS_PAYLOAD_MAX);
    ds_json_writer w = ds_json_w(&text, false);

    ds_carry_write(&w, ds_replay_state(r));
    to->attributes_case =
        DS__COMMAND__ATTRIBUTES_CONTINUE_AS_NEW_WORKFLOW_EXECUTION_COMMAND_ATTRIBUTES;
    to->continue_as_new_workflow_execution_command_attributes = m;
    m->has_initiator = true;
    m->initiator = DS__CONTINUE_AS_NEW_INITIATOR__CONTINUE_AS_NEW_INITIATOR_WORKFLOW;
    m->memo = memo_of_next(r, a);
    m->search_attributes = ds_attributes_of_next(c, r, a);
    if (ds_client_settings(c)->build_id) { /* else a run that is pinned hands its pin on */
        m->has_initial_versioning_behavior = true;
        m->initial_versioning_behavior =
            DS__CONTINUE_AS_NEW_VERSIONING_BEHAVIOR__CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_AUTO_UPGRADE;
    }
    m->input = ds_payloads_of_text(&text, a, err);
    return m->input != NULL;
}

static void stop(Ds__Command *to, ds_arena *a)
{
    to->attributes_case = DS__COMMAND__ATTRIBUTES_CANCEL_WORKFLOW_EXECUTION_COMMAND_ATTRIBUTES;
    to->cancel_workflow_execution_command_attributes =
        ds_wire_new(&ds__cancel_workflow_execution_command_attributes__descriptor, a);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static Ds__CommandType type_of(ds_rcommand_type type)
{
    switch (type) {
    case DS_RC_CANCEL_ACTIVITY:
        return DS__COMMAND_TYPE__COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK;
    case DS_RC_CANCEL_TIMER:
        return DS__COMMAND_TYPE__COMMAND_TYPE_CANCEL_TIMER;
    case DS_RC_SCHEDULE:
        return DS__COMMAND_TYPE__COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK;
    case DS_RC_START_TIMER:
        return DS__COMMAND_TYPE__COMMAND_TYPE_START_TIMER;
    case DS_RC_MEMO:
        return DS__COMMAND_TYPE__COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES;
    case DS_RC_CONTINUE:
        return DS__COMMAND_TYPE__COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION;
    case DS_RC_STOP:
        return DS__COMMAND_TYPE__COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION;
    }
    return DS__COMMAND_TYPE__COMMAND_TYPE_UNSPECIFIED;
}

static bool fill(const ds_client *c, const ds_replay *r, const ds_rcommand *from, Ds__Command *to,
                 ds_arena *a, ds_err *err)
{
    to->has_command_type = true;
    to->command_type = type_of(from->type);
    switch (from->type) {
    case DS_RC_CANCEL_ACTIVITY:
        cancel_activity(from, to, a);
        return true;
    case DS_RC_CANCEL_TIMER:
        cancel_timer(from, to, a);
        return true;
    case DS_RC_SCHEDULE:
        return schedule(c, r, from, to, a, err);
    case DS_RC_START_TIMER:
        start_timer(from, to, a);
        return true;
    case DS_RC_MEMO:
        change_memo(r, to, a);
        return true;
    case DS_RC_CONTINUE:
        return continue_as_new(c, r, to, a, err);
    case DS_RC_STOP:
        stop(to, a);
        return true;
    }
    return true;
}

static bool ends_run(const ds_rcommand *commands, size_t n)
{
    return n > 0 && (commands[n - 1].type == DS_RC_CONTINUE || commands[n - 1].type == DS_RC_STOP);
}

/* Behind all others: replay knows it there. */
static Ds__Command *change_attributes(Ds__SearchAttributes *to, ds_arena *a)
{
    Ds__UpsertWorkflowSearchAttributesCommandAttributes *m =
        ds_wire_new(&ds__upsert_workflow_search_attributes_command_attributes__descriptor, a);
    Ds__Command *command = ds_wire_new(&ds__command__descriptor, a);

    m->search_attributes = to;
    command->has_command_type = true;
    command->command_type = DS__COMMAND_TYPE__COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES;
    command->attributes_case =
        DS__COMMAND__ATTRIBUTES_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES_COMMAND_ATTRIBUTES;
    command->upsert_workflow_search_attributes_command_attributes = m;
    return command;
}

Ds__Command **ds_answer_commands(const ds_client *c, const ds_replay *r, ds_arena *a, size_t *n,
                                 ds_err *err)
{
    const ds_rcommand *from = ds_replay_commands(r, n);
    Ds__Command **all = ds_arena_alloc(a, (*n + 1) * sizeof(*all));
    Ds__SearchAttributes *changed = ends_run(from, *n) ? NULL : ds_attributes_changed(c, r, a);

    for (size_t i = 0; i < *n; i++) {
        all[i] = ds_wire_new(&ds__command__descriptor, a);
        if (!fill(c, r, &from[i], all[i], a, err))
            return NULL;
    }
    if (changed)
        all[(*n)++] = change_attributes(changed, a);
    return all;
}
