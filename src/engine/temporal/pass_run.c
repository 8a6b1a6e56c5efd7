/* src/engine/temporal/pass_run.c
 *
 * One pass: the activity's input becomes a task of the host's, and what the host says of its end
 * the activity's result.  A pass that did not go well is a result too: what to make of it is the
 * unit's to decide.  A failed activity is one that another worker is to take up.
 */
#include "engine/temporal/failure.h"
#include "engine/temporal/payload.h"
#include "engine/temporal/worker.h"

#include "base/log.h"
#include "store/names.h"
#include "store/state_json.h"
#include <string.h>

#define TAKE_UP_MS 10                /* what another worker is to go on with at once */
#define OTHER_WORKER_MS DS_SECOND_MS /* between tries to find one that has the route */
#define OTHER_WORKER_TRIES 5
#define FAILED_FIRST_MS DS_SECOND_MS /* what no worker can do now is tried at growing intervals */
#define FAILED_MOST_MS DS_MINUTE_MS
#define RESPOND_MS DS_MINUTE_MS

typedef struct attempt {
    ds_worker *w;
    const Ds__PollActivityTaskQueueResponse *task;
    ds_arena *a;
    ds_running_pass run;
    ds_beat *beat;
} attempt;

/* ---- the input ------------------------------------------------------------------------------- */

static bool has_begun(const attempt *t)
{
    ds_err ignored = DS_ERR_INIT;

    return ds_json_bool(ds_payloads_read(t->task->heartbeat_details, 0, t->a, &ignored), "begun");
}

static const char *const *read_items(const ds_json *list, ds_arena *a, size_t *n)
{
    const char **items;

    *n = 0;
    if (ds_json_kind_of(list) != DS_JSON_LIST)
        return NULL;
    items = ds_arena_alloc(a, (ds_json_size(list) + 1) * sizeof(*items));
    DS_JSON_EACH (list, item) {
        const char *key = ds_json_str(item, NULL);

        if (key)
            items[(*n)++] = key;
    }
    return items;
}

static bool read_task(attempt *t, ds_err *err)
{
    const ds_json *in = ds_payloads_read(t->task->input, 0, t->a, err);
    ds_host_task *task = &t->run.task;

    if (!in)
        return ds_wrap(err, "the pass's input");
    *task = (ds_host_task){
        .route = ds_json_text(in, "route"),
        .unit = ds_json_text(in, "unit"),
        .kind = ds_kind_of_word(ds_json_text(in, "kind")),
        .since_ms = ds_json_integer(in, "since_ms", -1),
        .started_ms = ds_json_integer(in, "started_ms", 0),
        .approved = ds_json_bool(in, "approved"),
        .sweep = ds_json_bool(in, "sweep"),
        .regular = ds_json_bool(in, "regular"),
        .fresh = !ds_json_bool(in, "go_on") && !has_begun(t),
    };
    task->items = read_items(ds_json_get(in, "items"), t->a, &task->items_n);
    if (task->route && task->unit)
        return true;
    return ds_fail(err, DS_ERR_PERMANENT, "the pass's input names no route and unit");
}

/* ---- answers --------------------------------------------------------------------------------- */

static char *copy(const attempt *t, const char *text)
{
    return ds_arena_strdup(t->a, text);
}

static char *ns(const attempt *t)
{
    return copy(t, ds_client_settings(t->w->client)->namespace_);
}

static char *self(const attempt *t)
{
    return copy(t, ds_client_identity(t->w->client));
}

/* Beats go on meanwhile: as long as the server is away the pass stays ours. */
static void respond(const attempt *t, const char *method, ProtobufCMessage *request)
{
    const ds_call call = {method, NULL, DS_CALL_MS, RESPOND_MS};
    ds_grpc_failure failure = {.status = DS_GRPC_OK};
    ds_err err = DS_ERR_INIT;

    if (ds_client_call(t->w->client, &call, request, t->a, NULL, &failure, &err) ||
        failure.status == DS_GRPC_NOT_FOUND)
        return;
    ds_log(DS_LOG_WARN, "pass_not_answered", "route", t->run.task.route, "unit", t->run.task.unit,
           "error", err.text, NULL);
}

static Ds__Payloads *result(const attempt *t, const ds_event *ended)
{
    DS_AUTO_BUF(text, DS_PAYLOAD_MAX);
    ds_json_writer w = ds_json_w(&text, false);
    ds_err ignored = DS_ERR_INIT;

    ds_event_write(&w, ended);
    return ds_payloads_of_text(&text, t->a, &ignored);
}

static void complete(const attempt *t, const ds_event *ended)
{
    Ds__RespondActivityTaskCompletedRequest *r =
        ds_wire_new(&ds__respond_activity_task_completed_request__descriptor, t->a);

    r->has_task_token = true;
    r->task_token = t->task->task_token;
    r->namespace_ = ns(t);
    r->identity = self(t);
    r->deployment_options = ds_deployment_of(t->w->client, t->a);
    r->result = result(t, ended);
    respond(t, "RespondActivityTaskCompleted", &r->base);
}

static void confirm_cancel(const attempt *t, const ds_event *ended)
{
    Ds__RespondActivityTaskCanceledRequest *r =
        ds_wire_new(&ds__respond_activity_task_canceled_request__descriptor, t->a);

    r->has_task_token = true;
    r->task_token = t->task->task_token;
    r->namespace_ = ns(t);
    r->identity = self(t);
    r->deployment_options = ds_deployment_of(t->w->client, t->a);
    r->details = result(t, ended);
    respond(t, "RespondActivityTaskCanceled", &r->base);
}

static int64_t grown_ms(const attempt *t)
{
    int doublings = DS_MIN(DS_MAX(t->task->attempt - 1, 0), 6);

    return DS_MIN(FAILED_FIRST_MS << doublings, FAILED_MOST_MS);
}

static void fail(attempt *t, Ds__Failure *failure, int64_t again_ms)
{
    Ds__RespondActivityTaskFailedRequest *r =
        ds_wire_new(&ds__respond_activity_task_failed_request__descriptor, t->a);

    if (!failure->application_failure_info->next_retry_delay)
        failure->application_failure_info->next_retry_delay = ds_duration_of(again_ms, t->a);
    r->has_task_token = true;
    r->task_token = t->task->task_token;
    r->namespace_ = ns(t);
    r->identity = self(t);
    r->deployment_options = ds_deployment_of(t->w->client, t->a);
    r->failure = failure;
    r->last_heartbeat_details = ds_beat_details(&t->run, t->a);
    respond(t, "RespondActivityTaskFailed", &r->base);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void hand_over(attempt *t)
{
    fail(t, ds_failure_new("WorkerShutdown", false, "the worker stops; another one goes on", t->a),
         TAKE_UP_MS);
}

static void no_such_route(attempt *t)
{
    const char *route = t->run.task.route;
    const char *text = ds_arena_printf(
        t->a, "no route is called \"%s\" in the configuration of worker %s", route, self(t));
    const ds_event ended = {.type = DS_EV_PASS_ENDED,
                            .outcome = DS_PASS_FAILED,
                            .error = text,
                            .error_kind = ds_err_kind_name(DS_ERR_CONFIG),
                            .retry_after_ms = -1};

    if (t->task->attempt < OTHER_WORKER_TRIES)
        fail(t, ds_failure_new("NotFoundError", false, text, t->a), OTHER_WORKER_MS);
    else
        complete(t, &ended);
}

static void answer(attempt *t, ds_host_end end, const ds_event *ended, const ds_err *err)
{
    ds_beaten beaten = ds_beat_look(t->beat);

    if (beaten.lost || end == DS_HOST_LOST)
        return; /* another one answers for it */
    switch (end) {
    case DS_HOST_ENDED:
        if (ended->outcome != DS_PASS_CANCELLED || ended->put_off)
            complete(t, ended);
        else if (beaten.cancelled)
            confirm_cancel(t, ended);
        else
            hand_over(t);
        break;
    case DS_HOST_NO_ROUTE:
        no_such_route(t);
        break;
    case DS_HOST_FAILED:
        if (err->kind == DS_ERR_CANCELLED || atomic_load(&t->w->stopping))
            hand_over(t); /* another worker's store may be there */
        else
            fail(t, ds_failure_of(err, t->a), grown_ms(t));
        break;
    case DS_HOST_LOST:
        break;
    }
}

/* ---- among those that run -------------------------------------------------------------------- */

static void link_run(ds_worker *w, ds_running_pass *run)
{
    pthread_mutex_lock(&w->lock);
    run->next = w->running;
    w->running = run;
    w->running_n++;
    if (atomic_load(&w->stopping))
        atomic_store(&run->pass.stop, true);
    pthread_mutex_unlock(&w->lock);
}

static void unlink_run(ds_worker *w, ds_running_pass *run)
{
    ds_running_pass **at;

    pthread_mutex_lock(&w->lock);
    for (at = &w->running; *at != run; at = &(*at)->next)
        continue;
    *at = run->next;
    w->running_n--;
    pthread_mutex_unlock(&w->lock);
}

void ds_running_passes_stop(ds_worker *w)
{
    for (ds_running_pass *run = w->running; run; run = run->next)
        atomic_store(&run->pass.stop, true);
}

static void run_it(attempt *t)
{
    ds_event ended = {.type = DS_EV_PASS_ENDED};
    ds_err err = DS_ERR_INIT;
    ds_host_end end;

    link_run(t->w, &t->run);
    end = t->w->host->run_pass(t->w->host, &t->run.task, &t->run.pass, t->a, &ended, &err);
    unlink_run(t->w, &t->run);
    answer(t, end, &ended, &err);
}

static int64_t timeout_of(const Ds__PollActivityTaskQueueResponse *task)
{
    const Ds__Duration *d = task->heartbeat_timeout;

    return d ? d->seconds * 1000 + d->nanos / 1000000 : 0;
}

void ds_worker_pass(ds_worker *w, Ds__PollActivityTaskQueueResponse *task, ds_arena *a)
{
    const char *type = task->activity_type ? task->activity_type->name : "";
    attempt t = {.w = w, .task = task, .a = a, .run.worker = w};
    int64_t got_us = w->host->clock->mono_us(w->host->clock);
    ds_err err = DS_ERR_INIT;

    atomic_init(&t.run.pass.progress.total, -1);
    t.run.pass.begun = has_begun(&t); /* beats go on saying so */
    if (strcmp(type, DS_ACTIVITY_TYPE) != 0) {
        const char *text = ds_arena_printf(a, "this worker knows no activity \"%.80s\"", type);

        fail(&t, ds_failure_new("NotFoundError", false, text, a), grown_ms(&t));
        return;
    }
    if (!read_task(&t, &err) ||
        !(t.beat = ds_beat_start(&t.run, task->task_token, timeout_of(task), got_us, &err))) {
        fail(&t, ds_failure_of(&err, a), grown_ms(&t));
        return;
    }
    if (atomic_load(&w->stopping))
        hand_over(&t);
    else
        run_it(&t);
    ds_beat_stop(t.beat);
}
