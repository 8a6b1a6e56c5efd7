/* src/engine/temporal/remote.c - what the program's commands ask of a server and of its units. */
#include "engine/temporal/remote.h"

#include "base/clock.h"
#include "engine/temporal/look.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_MS (5 * DS_SECOND_MS)
#define POLLED_WITHIN_MS (75 * DS_SECOND_MS) /* a poll lasts a minute */

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
           ds_client_is_missing(&failure) || ds_wrap(err, "terminate %s", id);
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

static bool is_known(const ds_remote_workers *w, const char *identity)
{
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->identities[i], identity) == 0)
            return true;
    }
    return false;
}

static int64_t polled_ms(const Ds__PollerInfo *p)
{
    return p->last_access_time ? p->last_access_time->seconds * DS_SECOND_MS : 0;
}

static bool polled_lately(const Ds__PollerInfo *p)
{
    return now_ms() - polled_ms(p) < POLLED_WITHIN_MS;
}

/* Identities are PID@HOST. */
static int64_t pid_here(const ds_client *c, const char *identity)
{
    const char *host = strchr(identity, '@'), *ours = strchr(ds_client_identity(c), '@');

    return host && ours && strcmp(host, ours) == 0 ? strtoll(identity, NULL, 10) : 0;
}

/* A server remembers pollers for five minutes: those of this machine that are gone are known to
 * be. */
static void add_worker(const ds_client *c, const char *identity, ds_arena *a,
                       ds_remote_workers *out)
{
    int64_t pid = pid_here(c, identity);

    if (is_known(out, identity) || (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH))
        return;
    out->identities[out->n++] = ds_arena_strdup(a, identity);
    out->pid = pid > 0 ? pid : out->pid;
}

bool ds_remote_workers_of(ds_client *c, ds_arena *a, ds_remote_workers *out, ds_err *err)
{
    Ds__DescribeTaskQueueResponse *q =
        describe_queue(c, DS__TASK_QUEUE_TYPE__TASK_QUEUE_TYPE_WORKFLOW, a, err);
    const Ds__TaskQueueVersioningInfo *v;

    *out = (ds_remote_workers){.n = 0};
    if (!q)
        return false;
    out->identities = ds_arena_alloc(a, (q->n_pollers + 1) * sizeof(*out->identities));
    for (size_t i = 0; i < q->n_pollers; i++) {
        const Ds__PollerInfo *p = q->pollers[i];

        if (!p->identity || !polled_lately(p))
            continue;
        out->last_ms = DS_MAX(out->last_ms, polled_ms(p));
        add_worker(c, p->identity, a, out);
        if (p->deployment_options && p->deployment_options->build_id)
            out->build_id = p->deployment_options->build_id;
    }
    v = q->versioning_info;
    if (v && v->current_deployment_version)
        out->current = v->current_deployment_version->build_id;
    return true;
}

/* ---- the server ------------------------------------------------------------------------------ */

static bool ask_system(ds_client *c, ds_arena *a, ds_remote_facts *out, ds_err *err)
{
    static const ds_call call = {"GetSystemInfo", &ds__get_system_info_response__descriptor,
                                 FACTS_MS, FACTS_MS};
    Ds__GetSystemInfoRequest *r = ds_wire_new(&ds__get_system_info_request__descriptor, a);
    Ds__GetSystemInfoResponse *info;
    void *got;

    if (!ds_client_call(c, &call, &r->base, a, &got, NULL, err))
        return false;
    info = got;
    out->version = info->server_version ? info->server_version : "";
    out->keeps_memos = info->capabilities && info->capabilities->upsert_memo;
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
    *out = (ds_remote_facts){.version = "", .deployment = ds_deployment_name()};
    if (!ask_system(c, a, out, err) || !ask_namespace(c, a, err) ||
        !ds_remote_workers_of(c, a, &out->workers, err))
        return false;
    out->ahead_ms = DS_MAX(out->workers.last_ms - now_ms(), INT64_C(0));
    return true;
}
