/* src/engine/temporal/remote.c - what the program's commands ask of a server and of its units. */
#include "engine/temporal/remote.h"

#include "base/clock.h"
#include "engine/temporal/identity.h"
#include "engine/temporal/look.h"
#include <stdlib.h>
#include <string.h>

#define FACTS_MS (5 * DS_SECOND_MS)
#define CLOCK_LOOK_MS DS_SECOND_MS
#define CLOCK_CLOSE_MS (DS_PASS_POLL_MS + CLOCK_LOOK_MS)
#define POLLED_WITHIN_MS (DS_POLL_MS + 15 * DS_SECOND_MS)

static int64_t now_ms(void)
{
    ds_clock *clock = ds_clock_system();

    return clock->now_ms(clock);
}

/* ---- units ----------------------------------------------------------------------------------- */

bool ds_remote_names(ds_client *c, const char *route, ds_arena *a, const char ***units, size_t *n,
                     ds_err *err)
{
    ds_listed *listed;

    if (!ds_client_list(c, route, a, &listed, n, err))
        return false;
    *units = ds_arena_alloc(a, (*n + 1) * sizeof(**units));
    for (size_t i = 0; i < *n; i++)
        (*units)[i] = listed[i].unit;
    return true;
}

bool ds_remote_signal(ds_client *c, const ds_unit_ref *ref, const ds_event *event, bool *found,
                      ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();

    return ds_client_tell(c, ds_client_id(c, a, ref->route, ref->unit), event, found, err);
}

bool ds_remote_look(ds_client *c, const ds_unit_ref *ref, bool settled, ds_arena *a,
                    ds_remote_unit *out, ds_err *err)
{
    return settled ? ds_client_settle(c, ref, ds_clock_system(), a, out, err)
                   : ds_client_look(c, ref, now_ms(), a, out, err);
}

bool ds_remote_start(ds_client *c, const ds_unit_ref *ref, const ds_unit *state, bool *started,
                     ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    const ds_carry carry = {
        .route = ref->route, .unit_name = ref->unit, .config = "", .unit = *state};

    return ds_client_start(c, ds_client_id(c, a, ref->route, ref->unit), &carry, started, err);
}

bool ds_remote_end(ds_client *c, const ds_unit_ref *ref, const char *reason, ds_err *err)
{
    static const ds_call call = {"TerminateWorkflowExecution", NULL, DS_CALL_MS, DS_CALL_MS};
    DS_AUTO(ds_arena) a = ds_arena_new();
    const char *id = ds_client_id(c, a, ref->route, ref->unit);
    Ds__TerminateWorkflowExecutionRequest *r =
        ds_wire_new(&ds__terminate_workflow_execution_request__descriptor, a);
    ds_grpc_failure failure = {.detail_type = ""};

    r->namespace_ = ds_arena_strdup(a, ds_client_settings(c)->namespace_);
    r->workflow_execution = ds_client_execution(id, a);
    r->reason = ds_arena_strdup(a, reason);
    r->identity = ds_arena_strdup(a, ds_client_identity(c));
    return ds_client_call(c, &call, &r->base, a, NULL, &failure, err) ||
           ds_client_is_missing(&failure, err) || ds_wrap(err, "terminate %s", id);
}

/* ---- workers --------------------------------------------------------------------------------- */

static Ds__DescribeTaskQueueResponse *describe_queue(ds_client *c, Ds__TaskQueueType type,
                                                     ds_arena *a, ds_err *err)
{
    static const ds_call call = {"DescribeTaskQueue", &ds__describe_task_queue_response__descriptor,
                                 DS_CALL_MS, DS_CALL_MS};
    Ds__DescribeTaskQueueRequest *r = ds_wire_new(&ds__describe_task_queue_request__descriptor, a);
    void *out;

    r->namespace_ = ds_arena_strdup(a, ds_client_settings(c)->namespace_);
    r->task_queue = ds_task_queue_of(c, a);
    r->has_task_queue_type = true;
    r->task_queue_type = type;
    return ds_client_call(c, &call, &r->base, a, &out, NULL, err) ? out : NULL;
}

static int64_t polled_ms(const Ds__PollerInfo *p)
{
    const Ds__Timestamp *at = p->last_access_time;

    return at ? at->seconds * DS_SECOND_MS + at->nanos / 1000000 : 0;
}

static int64_t newest_ms(const Ds__DescribeTaskQueueResponse *q)
{
    int64_t ms = 0;

    for (size_t i = 0; i < q->n_pollers; i++)
        ms = DS_MAX(ms, polled_ms(q->pollers[i]));
    return ms;
}

static bool has_left(const ds_client *c, const char *identity)
{
    return ds_identity_has_left(ds_client_identity(c), identity);
}

/* By the server's clock, where that can be told: who asks for work itself is on the list. */
static int64_t server_now_ms(const ds_client *c, const Ds__DescribeTaskQueueResponse *q)
{
    for (size_t i = 0; i < q->n_pollers; i++) {
        const char *identity = q->pollers[i]->identity;

        if (identity && strcmp(identity, ds_client_identity(c)) == 0)
            return newest_ms(q);
    }
    return now_ms();
}

static void add_worker(const ds_client *c, const Ds__PollerInfo *p, ds_arena *a,
                       ds_remote_workers *out)
{
    int64_t pid = ds_identity_pid(ds_client_identity(c), p->identity);
    size_t at = 0;

    while (at < out->n && strcmp(out->identities[at], p->identity) != 0)
        at++;
    if (at == out->n) {
        out->identities[at] = ds_arena_strdup(a, p->identity);
        out->asked_ms[at] = 0;
        out->n++;
    }
    out->asked_ms[at] = DS_MAX(out->asked_ms[at], polled_ms(p));
    out->pid = pid > 0 ? pid : out->pid;
}

static const char *current_of(const Ds__DescribeTaskQueueResponse *q)
{
    const Ds__TaskQueueVersioningInfo *v = q->versioning_info;
    const char *build =
        v && v->current_deployment_version ? v->current_deployment_version->build_id : NULL;

    return build && *build ? build : NULL;
}

/* A version that is brought in by and by gets its share beside the current one. */
static bool is_served(const Ds__DescribeTaskQueueResponse *q, const char *build)
{
    const Ds__TaskQueueVersioningInfo *v = q->versioning_info;
    const char *current = current_of(q);

    if (v && build && v->ramping_deployment_version && v->ramping_deployment_version->build_id &&
        strcmp(build, v->ramping_deployment_version->build_id) == 0)
        return true;
    return current ? build && strcmp(build, current) == 0 : !build;
}

static void note_version(const Ds__DescribeTaskQueueResponse *q, const Ds__PollerInfo *p,
                         ds_remote_workers *out)
{
    const Ds__WorkerDeploymentOptions *options = p->deployment_options;
    const char *build =
        options && options->build_id && *options->build_id ? options->build_id : NULL;
    bool served = is_served(q, build);

    if (build && (served || !out->build_id)) {
        out->build_id = build;
        out->deployment = options->deployment_name;
    }
    out->served |= served;
}

/* A server remembers pollers for five minutes: those of this machine that are gone are known to
 * be. */
static void read_workers(const ds_client *c, const Ds__DescribeTaskQueueResponse *q, int64_t at_ms,
                         ds_arena *a, ds_remote_workers *out)
{
    *out = (ds_remote_workers){
        .identities = ds_arena_alloc(a, (q->n_pollers + 1) * sizeof(*out->identities)),
        .asked_ms = ds_arena_alloc(a, (q->n_pollers + 1) * sizeof(*out->asked_ms)),
        .current = current_of(q)};
    for (size_t i = 0; i < q->n_pollers; i++) {
        const Ds__PollerInfo *p = q->pollers[i];

        if (p->identity && at_ms - polled_ms(p) < POLLED_WITHIN_MS && !has_left(c, p->identity)) {
            add_worker(c, p, a, out);
            note_version(q, p, out);
        }
    }
}

static bool ask_for_workers(ds_client *c, Ds__TaskQueueType of, ds_arena *a, ds_remote_workers *out,
                            ds_err *err)
{
    Ds__DescribeTaskQueueResponse *q = describe_queue(c, of, a, err);

    *out = (ds_remote_workers){.n = 0};
    if (!q)
        return false;
    read_workers(c, q, server_now_ms(c, q), a, out);
    return true;
}

bool ds_remote_workers_of(ds_client *c, ds_arena *a, ds_remote_workers *out, ds_err *err)
{
    return ask_for_workers(c, DS__TASK_QUEUE_TYPE__TASK_QUEUE_TYPE_WORKFLOW, a, out, err);
}

bool ds_remote_runners_of(ds_client *c, ds_arena *a, ds_remote_workers *out, ds_err *err)
{
    return ask_for_workers(c, DS__TASK_QUEUE_TYPE__TASK_QUEUE_TYPE_ACTIVITY, a, out, err);
}

/* ---- clocks ---------------------------------------------------------------------------------- */

static bool somebody_may_live(const ds_client *c, const Ds__DescribeTaskQueueResponse *q)
{
    for (size_t i = 0; i < q->n_pollers; i++) {
        if (q->pollers[i]->identity && !has_left(c, q->pollers[i]->identity))
            return true;
    }
    return false;
}

/* Whoever lives asks for passes all the time, so the newest of those times is the server's of a
 * moment ago.  Where it looks older nobody is left, or our clock is ahead: who asks again tells. */
static bool compare_clocks(ds_client *c, ds_arena *a, int64_t *ahead_ms, ds_err *err)
{
    int64_t first_ms = 0, last_ms;

    *ahead_ms = 0;
    for (int64_t waited_ms = 0;; waited_ms += CLOCK_LOOK_MS) {
        Ds__DescribeTaskQueueResponse *q =
            describe_queue(c, DS__TASK_QUEUE_TYPE__TASK_QUEUE_TYPE_ACTIVITY, a, err);

        if (!q)
            return false;
        last_ms = newest_ms(q);
        first_ms = first_ms ? first_ms : last_ms;
        if (last_ms > first_ms || last_ms > now_ms()) {
            *ahead_ms = last_ms - now_ms();
            return true;
        }
        if (last_ms > now_ms() - CLOCK_CLOSE_MS || waited_ms > CLOCK_CLOSE_MS ||
            !somebody_may_live(c, q))
            return true;
        if (!ds_client_wait(c, CLOCK_LOOK_MS))
            return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    }
}

/* ---- the server ------------------------------------------------------------------------------ */

const char *ds_remote_version(const Ds__GetSystemInfoResponse *info)
{
    return info->server_version && *info->server_version ? info->server_version : "unknown";
}

bool ds_remote_keeps_memos(const Ds__GetSystemInfoResponse *info)
{
    return info->capabilities && info->capabilities->upsert_memo;
}

static bool ask_system(ds_client *c, ds_arena *a, ds_remote_facts *out, ds_err *err)
{
    static const ds_call call = {"GetSystemInfo", &ds__get_system_info_response__descriptor,
                                 FACTS_MS, FACTS_MS};
    Ds__GetSystemInfoRequest *r = ds_wire_new(&ds__get_system_info_request__descriptor, a);
    void *got;

    if (!ds_client_call(c, &call, &r->base, a, &got, NULL, err))
        return false;
    out->version = ds_remote_version(got);
    out->keeps_memos = ds_remote_keeps_memos(got);
    return true;
}

static bool ask_namespace(ds_client *c, ds_arena *a, ds_err *err)
{
    static const ds_call call = {"DescribeNamespace", NULL, FACTS_MS, FACTS_MS};
    Ds__DescribeNamespaceRequest *r = ds_wire_new(&ds__describe_namespace_request__descriptor, a);

    r->namespace_ = ds_arena_strdup(a, ds_client_settings(c)->namespace_);
    return ds_client_call(c, &call, &r->base, a, NULL, NULL, err);
}

bool ds_remote_ask(ds_client *c, ds_arena *a, ds_remote_facts *out, ds_err *err)
{
    Ds__DescribeTaskQueueResponse *q;

    *out = (ds_remote_facts){.version = "", .deployment = ds_deployment_name()};
    if (!ask_system(c, a, out, err))
        return false;
    if (!out->keeps_memos)
        return true; /* nothing more that it says is of use */
    if (!ask_namespace(c, a, err) || !compare_clocks(c, a, &out->ahead_ms, err))
        return false;
    q = describe_queue(c, DS__TASK_QUEUE_TYPE__TASK_QUEUE_TYPE_WORKFLOW, a, err);
    if (!q)
        return false;
    read_workers(c, q, now_ms() + out->ahead_ms, a, &out->workers);
    return true;
}
