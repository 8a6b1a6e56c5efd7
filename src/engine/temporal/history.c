/* src/engine/temporal/history.c - the wire's events as plain ones. */
#include "engine/temporal/history.h"

#include "engine/temporal/failure.h"
#include "engine/temporal/payload.h"

#define HAS(ev, name) ((ev)->attributes_case == DS__HISTORY_EVENT__ATTRIBUTES_##name)

static int64_t time_ms(const Ds__Timestamp *t)
{
    return t ? t->seconds * 1000 + t->nanos / 1000000 : 0;
}

/* What is no JSON is somebody's mistake; what cannot be decrypted is ours to mend. */
static bool read_args(const Ds__Payloads *list, ds_arena *a, ds_hevent *out, ds_err *err)
{
    ds_err why = DS_ERR_INIT;
    const ds_json *first;
    const ds_json **args;

    if (!list || list->n_payloads == 0)
        return true;
    first = ds_payloads_read(list, 0, a, &why);
    if (!first && why.kind == DS_ERR_CONFIG) {
        *err = why;
        return ds_wrap(err, "event %lld", (long long)out->id);
    }
    out->unread = !first;
    if (!first)
        return true;
    args = ds_arena_alloc(a, sizeof(*args));
    args[0] = first; /* nothing of ours has more than one that counts */
    out->args = args;
    out->args_n = 1;
    return true;
}

static void read_failure(const Ds__Failure *failure, ds_arena *a, ds_hevent *out)
{
    ds_err why = DS_ERR_INIT;

    ds_failure_read(failure, &why);
    out->error = ds_failure_text(failure, a);
    out->error_kind = why.kind;
}

/* ---- by what they are about ------------------------------------------------------------------ */

static bool read_run(const Ds__HistoryEvent *ev, ds_arena *a, ds_hevent *out, ds_err *err)
{
    if (HAS(ev, WORKFLOW_EXECUTION_STARTED_EVENT_ATTRIBUTES)) {
        const Ds__WorkflowExecutionStartedEventAttributes *m =
            ev->workflow_execution_started_event_attributes;

        out->memo = m->memo;
        out->search = m->search_attributes;
        return read_args(m->input, a, out, err);
    }
    if (HAS(ev, WORKFLOW_EXECUTION_SIGNALED_EVENT_ATTRIBUTES)) {
        const Ds__WorkflowExecutionSignaledEventAttributes *m =
            ev->workflow_execution_signaled_event_attributes;

        out->name = m->signal_name;
        return read_args(m->input, a, out, err);
    }
    if (HAS(ev, UPSERT_WORKFLOW_SEARCH_ATTRIBUTES_EVENT_ATTRIBUTES))
        out->search = ev->upsert_workflow_search_attributes_event_attributes->search_attributes;
    if (HAS(ev, MARKER_RECORDED_EVENT_ATTRIBUTES))
        out->name = ev->marker_recorded_event_attributes->marker_name;
    return true;
}

static void read_task(const Ds__HistoryEvent *ev, ds_hevent *out)
{
    if (HAS(ev, WORKFLOW_TASK_STARTED_EVENT_ATTRIBUTES)) {
        const Ds__WorkflowTaskStartedEventAttributes *m =
            ev->workflow_task_started_event_attributes;

        out->bytes = m->history_size_bytes;
        /* Also where the version that new work goes to is another one by now: a pinned run gets
         * there by a new run alone. A server that tells this as a suggestion says so at once in the
         * next run, too; a run of some use comes between. */
        out->suggests = m->suggest_continue_as_new || m->target_worker_deployment_version_changed;
    } else if (HAS(ev, WORKFLOW_TASK_COMPLETED_EVENT_ATTRIBUTES)) {
        const Ds__WorkflowTaskCompletedMetadata *who =
            ev->workflow_task_completed_event_attributes->sdk_metadata;

        out->what = who ? who->sdk_name : NULL;
    }
}

static void read_timer(const Ds__HistoryEvent *ev, ds_hevent *out)
{
    if (HAS(ev, TIMER_STARTED_EVENT_ATTRIBUTES))
        out->name = ev->timer_started_event_attributes->timer_id;
    else if (HAS(ev, TIMER_FIRED_EVENT_ATTRIBUTES))
        out->name = ev->timer_fired_event_attributes->timer_id;
    else if (HAS(ev, TIMER_CANCELED_EVENT_ATTRIBUTES))
        out->name = ev->timer_canceled_event_attributes->timer_id;
}

static void read_activity(const Ds__HistoryEvent *ev, ds_hevent *out)
{
    if (HAS(ev, ACTIVITY_TASK_SCHEDULED_EVENT_ATTRIBUTES)) {
        const Ds__ActivityTaskScheduledEventAttributes *m =
            ev->activity_task_scheduled_event_attributes;

        out->name = m->activity_id;
        out->what = m->activity_type ? m->activity_type->name : NULL;
    } else if (HAS(ev, ACTIVITY_TASK_CANCEL_REQUESTED_EVENT_ATTRIBUTES)) {
        out->ref = ev->activity_task_cancel_requested_event_attributes->scheduled_event_id;
    }
}

static bool read_end(const Ds__HistoryEvent *ev, ds_arena *a, ds_hevent *out, ds_err *err)
{
    if (HAS(ev, ACTIVITY_TASK_COMPLETED_EVENT_ATTRIBUTES)) {
        out->ref = ev->activity_task_completed_event_attributes->scheduled_event_id;
        return read_args(ev->activity_task_completed_event_attributes->result, a, out, err);
    }
    if (HAS(ev, ACTIVITY_TASK_CANCELED_EVENT_ATTRIBUTES)) {
        out->ref = ev->activity_task_canceled_event_attributes->scheduled_event_id;
        return read_args(ev->activity_task_canceled_event_attributes->details, a, out, err);
    }
    if (HAS(ev, ACTIVITY_TASK_FAILED_EVENT_ATTRIBUTES)) {
        out->ref = ev->activity_task_failed_event_attributes->scheduled_event_id;
        read_failure(ev->activity_task_failed_event_attributes->failure, a, out);
    } else if (HAS(ev, ACTIVITY_TASK_TIMED_OUT_EVENT_ATTRIBUTES)) {
        out->ref = ev->activity_task_timed_out_event_attributes->scheduled_event_id;
        read_failure(ev->activity_task_timed_out_event_attributes->failure, a, out);
    }
    return true;
}

bool ds_history_read(Ds__HistoryEvent *const *events, size_t n, ds_arena *a, ds_hevent *out,
                     ds_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const Ds__HistoryEvent *ev = events[i];

        out[i] = (ds_hevent){.id = ev->event_id,
                             .at_ms = time_ms(ev->event_time),
                             .type = (int)ev->event_type,
                             .may_ignore = ev->worker_may_ignore};
        if (!read_run(ev, a, &out[i], err) || !read_end(ev, a, &out[i], err))
            return false;
        read_task(ev, &out[i]);
        read_timer(ev, &out[i]);
        read_activity(ev, &out[i]);
    }
    return true;
}
