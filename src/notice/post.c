/* src/notice/post.c
 *
 * A notice as the body of a POST.  The address itself is often the secret, so that no error tells
 * more of it than its host.
 */
#include "base/activity.h"
#include "notice/notice.h"

#include <string.h>

typedef struct by_post {
    ds_notice_channel base; /* first */
    const ds_http_table *http;
    ds_notice_post post;
    ds_http_settings settings;
    ds_clock *clock;
} by_post;

/* "https://host:port" of an address. */
static const char *origin_of(ds_arena *a, const char *url)
{
    const char *host = strstr(url, "://");

    host = host ? host + 3 : url;
    return ds_arena_strndup(a, url, (size_t)(host - url) + strcspn(host, "/?#"));
}

static ds_http *open_client(const by_post *by, ds_activity *act, ds_err *err)
{
    static const ds_http_header headers[] = {{"accept", "*/*"}};

    return by->http->open(act,
                          &(ds_http_setup){.settings = &by->settings,
                                           .token = by->post.token,
                                           .headers = headers,
                                           .headers_n = DS_COUNT(headers)},
                          err);
}

/* Of an answer no more than its number is told, and when it is to be asked again. */
static bool fail_status(const char *origin, int status, ds_err *err)
{
    int64_t retry_after_ms = err->retry_after_ms;

    ds_fail(err, DS_ERR_TRANSIENT, "%.200s answers HTTP %d", origin, status);
    err->retry_after_ms = retry_after_ms;
    return false;
}

static bool judged(const by_post *by, const ds_http_request *req, bool sent, ds_err *err)
{
    const char *origin = by->settings.base_url;

    if (sent && req->err.kind == DS_ERR_NONE && req->status >= 200 && req->status < 300)
        return true;
    if (sent)
        *err = req->err;
    if (err->kind == DS_ERR_CANCELLED)
        return false;
    if (req->status)
        return fail_status(origin, req->status, err);
    if (err->kind == DS_ERR_CONFIG || err->kind == DS_ERR_RATE_LIMITED)
        return false; /* the certificate, the network, the limit: they name the host alone */
    return ds_fail(err, DS_ERR_TRANSIENT, "%.200s does not answer", origin);
}

static bool post(ds_notice_channel *self, const char *text, const char *id, const atomic_bool *stop,
                 ds_err *err)
{
    const by_post *by = (const by_post *)self;
    DS_AUTO(ds_arena) a = ds_arena_new_hidden(); /* the request's address is a secret */
    ds_activity act = {.arena = a, .clock = by->clock, .stop = stop, .route = "notify"};
    const ds_http_header headers[] = {{"idempotency-key", id}};
    ds_http_request req = {
        .method = "POST",
        .path = by->post.url,
        .headers = headers,
        .headers_n = DS_COUNT(headers),
        .body = text,
        .body_n = strlen(text),
        .endpoint = "POST",
        .answer_max = 64 * DS_KIB,
        .timeout_ms = DS_NOTICE_LIMIT_MS,
    };
    ds_http *http = open_client(by, &act, err);
    bool sent;

    if (!http)
        return false;
    sent = by->http->send(http, &act, &req, 1, err);
    by->http->close(http);
    return judged(by, &req, sent, err);
}

ds_notice_channel *ds_notice_by_post(const ds_http_table *http, const ds_notice_post *settings,
                                     ds_clock *clock, ds_arena *a, ds_err *err)
{
    by_post *by = ds_new_in(a, by_post);
    ds_activity act = {.arena = a, .clock = clock, .route = "notify"};
    ds_http *client;

    by->base = (ds_notice_channel){.name = "url", .send = post};
    by->http = http;
    by->post = *settings;
    by->clock = clock;
    by->settings = (ds_http_settings){.base_url = origin_of(a, settings->url),
                                      .ca_file = settings->ca_file,
                                      .private_network = settings->private_network};
    client = open_client(by, &act, err);
    if (!client)
        return NULL;
    by->http->close(client);
    return &by->base;
}
