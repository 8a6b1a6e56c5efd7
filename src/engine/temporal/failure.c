/* src/engine/temporal/failure.c */
#include "engine/temporal/failure.h"

#include "base/text.h"
#include "engine/temporal/payload.h"

#include <string.h>
#include <strings.h>

#define TEXT_MOST (4 * DS_KIB)
#define MESSAGE_MOST (1 * DS_KIB)
#define BETWEEN " ← "

static const struct type {
    ds_err_kind kind;
    const char *name;
    bool non_retryable;
} types[] = {
    {DS_ERR_AUTH, "AuthError", true},
    {DS_ERR_CONFIG, "ConfigError", true},
    {DS_ERR_PERMANENT, "PermanentError", true},
    {DS_ERR_RATE_LIMITED, "RateLimited", false},
    {DS_ERR_TRANSIENT, "TransientError", false},
    {DS_ERR_CANCELLED, "WorkerShutdown", false},
};

static const struct type *type_of(ds_err_kind kind)
{
    for (size_t i = 0; i < DS_COUNT(types); i++)
        if (types[i].kind == kind)
            return &types[i];
    return type_of(DS_ERR_TRANSIENT);
}

/* ---- ours to theirs -------------------------------------------------------------------------- */

Ds__Failure *ds_failure_new(const char *type, bool non_retryable, const char *message, ds_arena *a)
{
    Ds__Failure *f = ds_wire_new(&ds__failure__descriptor, a);
    Ds__ApplicationFailureInfo *info = ds_wire_new(&ds__application_failure_info__descriptor, a);
    size_t n = strlen(message);

    f->message = ds_arena_strdup(a, ds_utf8_repair(a, message, &n));
    f->source = ds_arena_strdup(a, DS_FAILURE_SOURCE);
    f->failure_info_case = DS__FAILURE__FAILURE_INFO_APPLICATION_FAILURE_INFO;
    f->application_failure_info = info;
    info->type = ds_arena_strdup(a, type);
    info->has_non_retryable = info->non_retryable = non_retryable;
    return f;
}

static Ds__Duration *milliseconds(int64_t ms, ds_arena *a)
{
    Ds__Duration *d = ds_wire_new(&ds__duration__descriptor, a);

    d->has_seconds = d->has_nanos = true;
    d->seconds = ms / 1000;
    d->nanos = (int32_t)(ms % 1000) * 1000000;
    return d;
}

static Ds__Payloads *status_details(int status, ds_arena *a)
{
    const char *json = ds_arena_printf(a, "{\"http_status\":%d}", status);

    return ds_payloads_of(ds_payload_raw(DS_ENCODING_JSON, json, strlen(json), a), a);
}

Ds__Failure *ds_failure_of(const ds_err *err, ds_arena *a)
{
    const struct type *type = type_of(err->kind);
    Ds__Failure *f = ds_failure_new(type->name, type->non_retryable, err->text, a);

    if (type->kind == DS_ERR_RATE_LIMITED && err->retry_after_ms >= 0)
        f->application_failure_info->next_retry_delay = milliseconds(err->retry_after_ms, a);
    if (err->http_status > 0)
        f->application_failure_info->details = status_details(err->http_status, a);
    return f;
}

/* ---- theirs to ours -------------------------------------------------------------------------- */

static const Ds__ApplicationFailureInfo *application(const Ds__Failure *f)
{
    return f->failure_info_case == DS__FAILURE__FAILURE_INFO_APPLICATION_FAILURE_INFO
               ? f->application_failure_info
               : NULL;
}

static const struct type *known_type(const Ds__Failure *f)
{
    const Ds__ApplicationFailureInfo *info = application(f);

    for (size_t i = 0; info && info->type && i < DS_COUNT(types); i++)
        if (strcmp(types[i].name, info->type) == 0)
            return &types[i];
    return NULL;
}

/* What a failure says that has none of our types; DS_ERR_NONE: nothing, its cause may. */
static ds_err_kind other_kind(const Ds__Failure *f)
{
    switch (f->failure_info_case) {
    case DS__FAILURE__FAILURE_INFO_APPLICATION_FAILURE_INFO:
        if (f->application_failure_info->non_retryable)
            return DS_ERR_PERMANENT;
        return f->cause ? DS_ERR_NONE : DS_ERR_TRANSIENT;
    case DS__FAILURE__FAILURE_INFO_SERVER_FAILURE_INFO:
        return f->server_failure_info->non_retryable ? DS_ERR_PERMANENT : DS_ERR_TRANSIENT;
    case DS__FAILURE__FAILURE_INFO_CANCELED_FAILURE_INFO:
    case DS__FAILURE__FAILURE_INFO_TERMINATED_FAILURE_INFO:
        return DS_ERR_CANCELLED;
    case DS__FAILURE__FAILURE_INFO_TIMEOUT_FAILURE_INFO:
    case DS__FAILURE__FAILURE_INFO_RESET_WORKFLOW_FAILURE_INFO:
        return DS_ERR_TRANSIENT;
    default:
        return DS_ERR_NONE;
    }
}

/* The failure that decides, and what it means. */
static const Ds__Failure *deciding(const Ds__Failure *failure, ds_err_kind *kind)
{
    for (const Ds__Failure *f = failure; f; f = f->cause)
        if (known_type(f) && known_type(f)->kind == DS_ERR_AUTH) {
            *kind = DS_ERR_AUTH;
            return f;
        }
    for (const Ds__Failure *f = failure; f; f = f->cause) {
        *kind = known_type(f) ? known_type(f)->kind : other_kind(f);
        if (*kind != DS_ERR_NONE)
            return f;
    }
    *kind = DS_ERR_TRANSIENT;
    return NULL;
}

static int http_status(const Ds__ApplicationFailureInfo *info, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *details = ds_payloads_read(info->details, 0, a, &err);
    int64_t status = ds_json_integer(details, "http_status", 0);

    return status >= 100 && status <= 599 ? (int)status : 0;
}

static int64_t delay_ms(const Ds__Duration *d)
{
    if (!d || d->seconds < 0 || d->seconds > INT64_C(366) * 86400)
        return -1;
    return d->seconds * 1000 + DS_MAX(d->nanos, 0) / 1000000;
}

void ds_failure_read(const Ds__Failure *failure, ds_err *out)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_err_kind kind;
    const Ds__Failure *f = deciding(failure, &kind);
    const Ds__ApplicationFailureInfo *info = f ? application(f) : NULL;

    *out = DS_ERR_INIT;
    ds_fail(out, kind, "%s", ds_failure_text(failure, a));
    if (info)
        out->http_status = http_status(info, a);
    if (info && kind == DS_ERR_RATE_LIMITED)
        out->retry_after_ms = delay_ms(info->next_retry_delay);
}

/* ---- in words -------------------------------------------------------------------------------- */

/* What SDKs put around the failure of an activity. */
static bool is_wrapper(const char *message)
{
    static const char *const known[] = {"activity task failed", "activity error"};
    size_t n = strlen(message);

    while (n && message[n - 1] == '.')
        n--;
    for (size_t i = 0; i < DS_COUNT(known); i++)
        if (n == strlen(known[i]) && strncasecmp(message, known[i], n) == 0)
            return true;
    return false;
}

static const char *message_of(const Ds__Failure *f, ds_arena *a)
{
    const char *from = f->message ? f->message : "";
    size_t n = strlen(from);

    from = ds_utf8_repair(a, from, &n);
    while (n && strchr(" \t\r\n", *from)) {
        from++;
        n--;
    }
    while (n && strchr(" \t\r\n", from[n - 1]))
        n--;
    if (n > MESSAGE_MOST)
        for (n = MESSAGE_MOST; ((unsigned char)from[n] & 0xC0) == 0x80;)
            n--;
    return ds_arena_strndup(a, from, n);
}

const char *ds_failure_text(const Ds__Failure *failure, ds_arena *a)
{
    DS_AUTO_BUF(out, TEXT_MOST);
    const char *last = "";

    for (const Ds__Failure *f = failure; f; f = f->cause) {
        const char *message = message_of(f, a);

        if (!*message || strcmp(message, last) == 0)
            continue;
        if (out.n && is_wrapper(last) && strlen(last) == out.n)
            ds_buf_clear(&out); /* there is something better than the wrapper */
        if (out.n + strlen(BETWEEN) + strlen(message) > TEXT_MOST)
            break;
        if (out.n)
            ds_buf_text(&out, BETWEEN);
        ds_buf_text(&out, message);
        last = message;
    }
    return out.n ? ds_arena_strndup(a, out.data, out.n) : "unknown error";
}
