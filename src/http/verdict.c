/* src/http/verdict.c - what an answer means, and how a failure is told. */
#include "http/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATE_MOST INT64_C(253402300800) /* seconds, the year 10000 */

/* ---- HTTP's own signs -------------------------------------------------------------------------
 */

static ds_http_sign sign_of(int status)
{
    if ((status >= 200 && status < 300) || status == 304)
        return DS_HTTP_FINE;
    if (status == 401)
        return DS_HTTP_AUTH;
    if (status == 429)
        return DS_HTTP_LIMITED;
    if (status == 408 || status >= 500)
        return DS_HTTP_TRANSIENT;
    return DS_HTTP_PERMANENT;
}

/* A whole number, what is too large as the largest; -1: it is none. */
static int64_t number(const char *text)
{
    int64_t n = 0;

    if (!text || !isdigit((unsigned char)*text))
        return -1;
    for (; isdigit((unsigned char)*text); text++)
        n = n > INT64_MAX / 10 - 10 ? INT64_MAX : n * 10 + (*text - '0');
    return *text ? -1 : n;
}

/* A date of HTTP's, in milliseconds; -1: none, or one beyond the year 9999. */
static int64_t date_ms(const char *text)
{
    int64_t at = text && strlen(text) < 64 ? (int64_t)curl_getdate(text, NULL) : -1;

    return at < 0 || at > DATE_MOST ? -1 : at * 1000;
}

int64_t retry_after_ms(const char *text, int64_t utc_ms)
{
    int64_t seconds = number(text), at;

    if (!text)
        return -1;
    if (seconds >= 0)
        return seconds > WAIT_MOST_MS / 1000 ? WAIT_MOST_MS : seconds * 1000;
    at = date_ms(text);
    if (at < 0)
        return -1;
    return DS_MIN(DS_MAX(at - utc_ms, 0), WAIT_MOST_MS);
}

/* From now on; the header says a time since 1970 (seconds, or some say milliseconds) or a span. */
static int64_t reset_of(const char *text, int64_t utc_ms)
{
    int64_t n = number(text);

    if (n < 0 || n > INT64_MAX / 1000)
        return -1;
    if (n > INT64_C(1000000000000))
        n = n - utc_ms;
    else if (n > 1000000000)
        n = n * 1000 - utc_ms;
    else
        n = n * 1000;
    return DS_MIN(DS_MAX(n, 0), WAIT_MOST_MS);
}

/* The server's own clock where it tells it: its times are by that one. */
static int64_t server_now(const ds_http_answer *answer, int64_t utc_ms)
{
    int64_t at = date_ms(ds_http_header_of(answer, "date"));

    return at > 0 ? at : utc_ms;
}

void verdict_of(const ds_http *http, const ds_http_answer *answer, int64_t utc_ms, ds_arena *a,
                ds_http_verdict *out)
{
    int64_t now = server_now(answer, utc_ms), told;

    told = retry_after_ms(ds_http_header_of(answer, "retry-after"), now);
    *out = (ds_http_verdict){
        .sign = sign_of(answer->status),
        .wait_ms = told,
        .limit = number(ds_http_header_of(answer, "x-ratelimit-limit")),
        .remaining = number(ds_http_header_of(answer, "x-ratelimit-remaining")),
        .reset_ms = reset_of(ds_http_header_of(answer, "x-ratelimit-reset"), now),
    };
    if (http->judge)
        http->judge(answer, a, out);
    out->wait_ms = DS_MIN(DS_MAX(out->wait_ms, told), WAIT_MOST_MS);
}

/* ---- telling it -------------------------------------------------------------------------------
 */

const char *request_name(const ds_http_request *req, char *out, size_t n)
{
    const char *path = strstr(req->path, "://");

    if (req->endpoint) {
        snprintf(out, n, "%s", req->endpoint);
        return out;
    }
    path = path ? path + 3 + strcspn(path + 3, "/?#") : req->path;
    snprintf(out, n, "%s %.*s", req->method, (int)DS_MIN(strcspn(path, "?#"), (size_t)200), path);
    return out;
}

/* What a server wrote may be anything. */
static void clean(const ds_http *http, const char *from, ds_buf *out)
{
    ds_buf_text(out, from);
    veil_over(http->veil, out);
    for (size_t i = 0; i < out->n; i++) {
        if ((unsigned char)out->data[i] < ' ' || out->data[i] == 127)
            out->data[i] = ' ';
    }
}

/* What an answer means that says nothing itself; NULL: its number tells. */
static const char *meaning_of(int status)
{
    return status >= 300 && status < 400 && status != 304
               ? "it leads elsewhere, and only reading follows there, three times and on the same "
                 "host: look at the address"
               : NULL;
}

bool fail_answer(ds_err *err, ds_err_kind kind, const ds_http *http, const ds_http_request *req,
                 int status, const char *text)
{
    DS_AUTO_BUF(said, 64 * DS_KIB);
    char name[256];

    if (!text || !*text)
        text = meaning_of(status);
    if (text)
        clean(http, text, &said);
    ds_fail(err, kind, "%s: HTTP %d%s%.*s", request_name(req, name, sizeof(name)), status,
            said.n ? ": " : "", (int)TEXT_MOST, said.n ? said.data : "");
    err->http_status = status;
    return false;
}

bool is_about_host(CURLcode result)
{
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return true;
    default:
        return false;
    }
}

static bool fail_cut(ds_err *err, const slot *s, const char *name)
{
    switch (s->cut) {
    case CUT_HEAD:
        return ds_fail(err, DS_ERR_PERMANENT, "%s: the answer has more than %zu KiB of headers",
                       name, HEAD_MAX / DS_KIB);
    case CUT_RATIO:
        return ds_fail(err, DS_ERR_PERMANENT,
                       "%s: the answer is packed more than %zu times, as no honest one is", name,
                       RATIO_MAX);
    default:
        return ds_fail(err, DS_ERR_PERMANENT, "%s: the answer is larger than %zu KiB", name,
                       s->answer_max / DS_KIB);
    }
}

static bool fail_certificate(ds_err *err, const slot *s, CURLcode result, const char *said)
{
    const char *host = s->http->base.host;
    bool named = strstr(said, "match") != NULL; /* it is another host's, or of another address */

    if (result == CURLE_SSL_CACERT_BADFILE)
        return ds_fail(
            err, DS_ERR_CONFIG, "ca_file %s holds no certificate that can be read (PEM): %s",
            s->http->settings.ca_file ? s->http->settings.ca_file : "of the system", said);
    return ds_fail(err, DS_ERR_CONFIG, "%s: its certificate is not trusted: %s (%s)", host, said,
                   named ? "look at the host in base_url"
                         : "is this machine's clock right? an authority of your own goes into "
                           "ca_file");
}

/* A proxy that is asked again and again with a wrong password may lock its user out. */
static bool is_refused_by_proxy(const slot *s)
{
    long code = 0;

    curl_easy_getinfo(s->easy, CURLINFO_HTTP_CONNECTCODE, &code);
    return code == 407;
}

bool fail_transfer(ds_err *err, const slot *s, CURLcode result)
{
    DS_AUTO_BUF(said, DS_KIB);
    char name[256];
    const char *host = s->http->base.host;

    request_name(s->job->req, name, sizeof(name));
    if (s->cut != CUT_NONE)
        return fail_cut(err, s, name);
    if (s->refused[0] && result == CURLE_COULDNT_CONNECT)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s has the private address %s: set private_network: true where that is "
                       "meant",
                       host, s->refused);
    clean(s->http, s->why[0] ? s->why : curl_easy_strerror(result), &said);
    if (result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE)
        return fail_certificate(err, s, result, said.data);
    if (is_refused_by_proxy(s))
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s: the proxy wants a user and a password that it knows (HTTP 407): write "
                       "them into proxy, http://USER:PASSWORD@HOST:PORT",
                       host);
    if (is_about_host(result))
        return ds_fail(err, DS_ERR_TRANSIENT, "%s: %s", host, said.data);
    return ds_fail(err, DS_ERR_TRANSIENT, "%s: %s: %s", host, name, said.data);
}
