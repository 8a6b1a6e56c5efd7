/* How the API of the task lists speaks where that is not plain HTTP. */
#include "tasks.h"

#include <string.h>

/* An error is {"error": "locked", "text": "...", "seconds": 2}. */
static void judge(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *verdict)
{
    ds_err ignored = DS_ERR_INIT; /* no JSON: the status says enough */
    const ds_json *doc;
    const char *code;

    if (verdict->sign == DS_HTTP_FINE)
        return;
    doc = ds_json_read(a, answer->body, answer->body_n, &ignored);
    code = ds_json_text(doc, "error");
    verdict->text = ds_json_text(doc, "text");
    if (code && strcmp(code, "locked") == 0) { /* a 409 that is over in a moment */
        verdict->sign = DS_HTTP_BUSY;
        verdict->wait_ms = ds_json_integer(doc, "seconds", 1) * DS_SECOND_MS;
    }
}

ds_http *tasks_open(const struct tasks_api *api, ds_activity *act, ds_err *err)
{
    return ds_http_open(
        act,
        &(ds_http_setup){
            .settings = &api->http, .token = api->token, .in_flight = 8, .judge = judge},
        err);
}

const ds_json *tasks_get(ds_http *http, ds_activity *act, const char *path, const char *endpoint,
                         ds_err *err)
{
    ds_http_request req = {.method = "GET", .path = path, .repeatable = true, .endpoint = endpoint};

    if (!ds_http_send(http, act, &req, 1, err))
        return NULL; /* refused login, rate limit, cancelled: as it is */
    if (req.err.kind != DS_ERR_NONE) {
        *err = req.err;
        return NULL;
    }
    return ds_http_json(act, &req, err);
}

DS_CONNECTOR(&tasks_source, &tasks_destination)
