/* src/engine/temporal/grpc_status.c - what a failed call means, and whether to repeat it. */
#include "engine/temporal/grpc_status.h"

#include <string.h>

/* Error codes of HTTP/2. */
#define RESET_NONE 0
#define RESET_REFUSED 7
#define RESET_CANCEL 8
#define RESET_CALM 11
#define RESET_SECURITY 12

const char *ds_grpc_status_name(int status)
{
    static const char *const names[] = {"OK",
                                        "CANCELLED",
                                        "UNKNOWN",
                                        "INVALID_ARGUMENT",
                                        "DEADLINE_EXCEEDED",
                                        "NOT_FOUND",
                                        "ALREADY_EXISTS",
                                        "PERMISSION_DENIED",
                                        "RESOURCE_EXHAUSTED",
                                        "FAILED_PRECONDITION",
                                        "ABORTED",
                                        "OUT_OF_RANGE",
                                        "UNIMPLEMENTED",
                                        "INTERNAL",
                                        "UNAVAILABLE",
                                        "DATA_LOSS",
                                        "UNAUTHENTICATED"};

    return status >= 0 && (size_t)status < DS_COUNT(names) ? names[status] : "UNKNOWN";
}

void ds_grpc_of_reset(uint32_t code, bool late, ds_grpc_failure *out)
{
    *out = (ds_grpc_failure){.status = DS_GRPC_INTERNAL,
                             .text = "the server broke off the stream",
                             .detail_type = "",
                             .sent = true};
    if (late && code == RESET_CANCEL) {
        out->status = DS_GRPC_DEADLINE_EXCEEDED;
        out->text = "no answer in time";
    } else if (code == RESET_CANCEL || code == RESET_NONE) {
        out->status = DS_GRPC_UNAVAILABLE;
        out->text = "the server or a proxy gave the call up";
    } else if (code == RESET_REFUSED) {
        out->status = DS_GRPC_UNAVAILABLE;
        out->text = "the server refused the stream unread";
        out->sent = false;
    } else if (code == RESET_CALM) {
        out->status = DS_GRPC_RESOURCE_EXHAUSTED;
        out->text = "the server asks to be calm";
    } else if (code == RESET_SECURITY) {
        out->status = DS_GRPC_PERMISSION_DENIED;
        out->text = "the connection is not secure enough for the server";
    }
}

/* ---- in our own terms ------------------------------------------------------------------------ */

static bool has_detail(const ds_grpc_failure *f, const char *type)
{
    return !strcmp(f->detail_type, type);
}

/* The only sign of it: the limit is the transport's, which knows no details. */
static bool is_too_large(const ds_grpc_failure *f)
{
    return f->status == DS_GRPC_RESOURCE_EXHAUSTED && !*f->detail_type &&
           strstr(f->text, "larger than max");
}

static bool passes_by_itself(const ds_grpc_failure *f)
{
    return has_detail(f, "WorkflowNotReadyFailure") || has_detail(f, "NamespaceNotActiveFailure");
}

static ds_err_kind kind_of(const ds_grpc_failure *f)
{
    switch (f->status) {
    case DS_GRPC_UNAUTHENTICATED:
    case DS_GRPC_PERMISSION_DENIED:
        return DS_ERR_AUTH;
    case DS_GRPC_RESOURCE_EXHAUSTED:
        return is_too_large(f) ? DS_ERR_PERMANENT : DS_ERR_RATE_LIMITED;
    case DS_GRPC_NOT_FOUND:
        return has_detail(f, "NamespaceNotFoundFailure") ? DS_ERR_CONFIG : DS_ERR_PERMANENT;
    case DS_GRPC_FAILED_PRECONDITION:
        return passes_by_itself(f) ? DS_ERR_TRANSIENT : DS_ERR_PERMANENT;
    case DS_GRPC_CANCELLED:
        return f->answered ? DS_ERR_TRANSIENT : DS_ERR_CANCELLED;
    case DS_GRPC_INVALID_ARGUMENT:
    case DS_GRPC_ALREADY_EXISTS:
    case DS_GRPC_UNIMPLEMENTED:
        return DS_ERR_PERMANENT;
    default:
        return DS_ERR_TRANSIENT;
    }
}

static const char *method_name(const char *method)
{
    const char *slash = strrchr(method, '/');

    return slash ? slash + 1 : method;
}

static bool fail_auth(ds_err *err, const ds_grpc_scene *s, const ds_grpc_failure *f)
{
    if (f->status == DS_GRPC_PERMISSION_DENIED)
        return ds_fail(err, DS_ERR_AUTH,
                       "%s at %s is not allowed with this %s in the namespace \"%s\": %s; grant it "
                       "the right to write there, or correct api_key, tls or namespace",
                       method_name(s->method), s->address,
                       s->has_key ? "API key" : "certificate or without an API key",
                       s->namespace_ ? s->namespace_ : "", f->text);
    if (s->has_key)
        return ds_fail(err, DS_ERR_AUTH,
                       "%s refused the API key: %s; is it of this namespace's account, and still "
                       "valid?",
                       s->address, f->text);
    return ds_fail(err, DS_ERR_AUTH,
                   "%s wants an API key or a client certificate: %s; set api_key or tls in the "
                   "engine's settings",
                   s->address, f->text);
}

bool ds_grpc_fail(ds_err *err, const ds_grpc_scene *s, const ds_grpc_failure *f)
{
    ds_err_kind kind = kind_of(f);

    if (kind == DS_ERR_AUTH)
        return fail_auth(err, s, f);
    if (kind == DS_ERR_CONFIG)
        return ds_fail(err, kind,
                       "there is no namespace \"%s\" at %s: create it (`temporal operator "
                       "namespace create`), or set the engine's namespace",
                       s->namespace_ ? s->namespace_ : "", s->address);
    if (f->status == DS_GRPC_UNIMPLEMENTED)
        return ds_fail(
            err, kind,
            "%s does not know %s: a server that is too old, or none of Temporal's: %s; use "
            "one of version " DS_TEMPORAL_OLDEST " or later, or correct the address",
            s->address, method_name(s->method), f->text);
    if (!f->answered)
        return ds_fail(err, kind, "%s at %s: %s", method_name(s->method), s->address, f->text);
    return ds_fail(err, kind, "%s at %s: %s: %s", method_name(s->method), s->address,
                   ds_grpc_status_name(f->status), f->text);
}

/* ---- whether to repeat it -------------------------------------------------------------------- */

#define TRIES_MAX 10

static bool may_pass(const ds_grpc_failure *f, bool poll)
{
    switch (f->status) {
    case DS_GRPC_UNKNOWN:
    case DS_GRPC_RESOURCE_EXHAUSTED:
    case DS_GRPC_ABORTED:
    case DS_GRPC_OUT_OF_RANGE:
    case DS_GRPC_INTERNAL:
    case DS_GRPC_UNAVAILABLE:
    case DS_GRPC_DATA_LOSS:
        return !is_too_large(f);
    case DS_GRPC_CANCELLED:
        return poll && f->answered; /* else it was us */
    case DS_GRPC_DEADLINE_EXCEEDED:
        return poll;
    default:
        return passes_by_itself(f);
    }
}

int64_t ds_grpc_again_ms(const ds_grpc_failure *f, bool poll, unsigned tries, uint32_t random)
{
    bool calm = f->status == DS_GRPC_RESOURCE_EXHAUSTED;
    double wait = calm ? 1000 : poll ? 200 : 100;
    double factor = calm || poll ? 2 : 1.7, most = calm || poll ? 10000 : 5000;

    if (!may_pass(f, poll) || (!poll && tries >= TRIES_MAX))
        return -1;
    for (unsigned i = 1; i < tries && wait < most; i++)
        wait *= factor;
    wait = DS_MIN(wait, most);
    return (int64_t)(wait * (0.8 + 0.4 * (double)random / (double)UINT32_MAX));
}
