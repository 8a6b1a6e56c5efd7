/* src/http/transfer.c
 *
 * One try of one request.  A body goes out through a callback that refuses to rewind: where a kept
 * connection dies under a request libcurl would send it once more by itself, and a row would be
 * made twice.  What comes in is counted once decoded: libcurl's own limit is blind to that.
 */
#include "http/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool is_read(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* ---- what libcurl calls -----------------------------------------------------------------------
 */

static size_t give_body(char *out, size_t size, size_t n, void *from)
{
    slot *s = from;
    size_t left = s->job->req->body_n - s->handed, take = DS_MIN(size * n, left);

    memcpy(out, s->job->req->body + s->handed, take);
    s->handed += take;
    s->handed_most = DS_MAX(s->handed_most, s->handed);
    return take;
}

static int rewind_body(void *from, curl_off_t offset, int origin)
{
    slot *s = from;

    if (origin != SEEK_SET || offset != 0 || (s->handed && !s->job->req->repeatable))
        return CURL_SEEKFUNC_FAIL;
    s->handed = 0;
    return CURL_SEEKFUNC_OK;
}

static bool is_bomb(slot *s, size_t n)
{
    curl_off_t wire = 0;

    if (s->body.n + n <= RATIO_FREE)
        return false;
    curl_easy_getinfo(s->easy, CURLINFO_SIZE_DOWNLOAD_T, &wire);
    return (s->body.n + n) / RATIO_MAX > (size_t)DS_MAX(wire, 0);
}

static size_t take_body(char *data, size_t size, size_t n, void *to)
{
    slot *s = to;

    n *= size;
    if (n > s->answer_max - DS_MIN(s->body.n, s->answer_max))
        s->cut = CUT_BODY;
    else if (is_bomb(s, n))
        s->cut = CUT_RATIO;
    else
        ds_buf_add(&s->body, data, n);
    return s->cut == CUT_NONE ? n : 0;
}

static size_t take_head(char *data, size_t size, size_t n, void *to)
{
    slot *s = to;

    n *= size;
    if (n > 5 && memcmp(data, "HTTP/", 5) == 0) { /* another one came before: 100, 103 */
        ds_buf_clear(&s->head);
        ds_buf_clear(&s->body);
        s->head_whole = false;
    }
    if (++s->head_lines > HEAD_LINES_MAX || n > HEAD_MAX - s->head.n)
        s->cut = CUT_HEAD;
    else if (!s->head_whole) /* what comes behind the body is none of it */
        ds_buf_add(&s->head, data, n);
    s->head_whole |= *data == '\r' || *data == '\n';
    return s->cut == CUT_NONE ? n : 0;
}

/* The address that is connected to, not the name: what a name means can change in between. */
static curl_socket_t open_socket(void *from, curlsocktype purpose, struct curl_sockaddr *to)
{
    slot *s = from;
    const ds_http *http = s->http;
    bool open = http->settings.private_network || http->base.is_literal || http->base.is_local ||
                http->settings.proxy;

    (void)purpose;
    if (!open && address_is_private(&to->addr)) {
        address_text(&to->addr, s->refused, sizeof(s->refused));
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* ---- handles ----------------------------------------------------------------------------------
 */

static void set_security(CURL *easy, const ds_http *http)
{
    const ds_http_settings *set = &http->settings;

    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, http->base.is_https ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    if (set->ca_file) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, set->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    /* "": libcurl would look into the environment otherwise. */
    curl_easy_setopt(easy, CURLOPT_PROXY, set->proxy ? ds_secret_reveal(set->proxy) : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (set->proxy && http->base.is_https)
        curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
}

static void set_callbacks(slot *s)
{
    curl_easy_setopt(s->easy, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(s->easy, CURLOPT_READDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_SEEKFUNCTION, rewind_body);
    curl_easy_setopt(s->easy, CURLOPT_SEEKDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(s->easy, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(s->easy, CURLOPT_OPENSOCKETDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->why);
    curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
}

bool slot_init(slot *s, ds_http *http)
{
    s->http = http;
    ds_buf_init(&s->head, HEAD_MAX);
    ds_buf_init(&s->body, ANSWER_MAX);
    s->easy = curl_easy_init();
    if (!s->easy)
        return false;
    curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->easy, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(s->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(s->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(s->easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(s->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(s->easy, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
    curl_easy_setopt(s->easy, CURLOPT_USERAGENT, "durable-sync/" DS_VERSION);
    set_security(s->easy, http);
    set_callbacks(s);
    return true;
}

void slot_fini(slot *s)
{
    if (!s->easy)
        return;
    slot_free_job(s);
    curl_easy_cleanup(s->easy);
    ds_buf_fini(&s->head);
    ds_buf_fini(&s->body);
}

/* ---- a request on the handle ------------------------------------------------------------------
 */

static bool has_header(const ds_http_header *headers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcasecmp(headers[i].name, name) == 0)
            return true;
    }
    return false;
}

static void append(slot *s, const char *line)
{
    struct curl_slist *longer = curl_slist_append(s->headers, line);

    if (!longer)
        ds_out_of_memory(strlen(line));
    s->headers = longer;
}

static void append_header(slot *s, const ds_http_header *header)
{
    DS_AUTO_BUF(line, HEAD_MAX + 8);

    /* The form with a semicolon is libcurl's for a header without a value. */
    ds_buf_printf(&line, *header->value ? "%s: %s" : "%s;%s", header->name, header->value);
    append(s, line.data);
}

static void load_headers(slot *s, const ds_http_request *req)
{
    const ds_http *http = s->http;

    for (size_t i = 0; i < http->headers_n; i++) {
        if (!has_header(req->headers, req->headers_n, http->headers[i].name))
            append_header(s, &http->headers[i]);
    }
    for (size_t i = 0; i < req->headers_n; i++)
        append_header(s, &req->headers[i]);
    if (!has_header(req->headers, req->headers_n, "accept") &&
        !has_header(http->headers, http->headers_n, "accept"))
        append(s, "Accept: application/json");
    if (req->body && !has_header(req->headers, req->headers_n, "content-type") &&
        !has_header(http->headers, http->headers_n, "content-type"))
        append(s, "Content-Type: application/json");
    append(s, "Expect:"); /* no waiting for 100 Continue */
    if (http->authorization)
        append(s, http->authorization);
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
}

static void load_method(slot *s, const ds_http_request *req)
{
    bool sends_body = req->body || strcmp(req->method, "POST") == 0;

    curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
    if (sends_body) {
        curl_easy_setopt(s->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_n);
    }
    if (strcmp(req->method, "HEAD") == 0)
        curl_easy_setopt(s->easy, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, req->method);
}

void slot_load(slot *s, job *j)
{
    const ds_http_request *req = j->req;

    s->job = j;
    s->handed = s->handed_most = s->head_lines = 0;
    s->cut = CUT_NONE;
    s->head_whole = false;
    s->refused[0] = s->why[0] = '\0';
    s->answer_max = req->answer_max ? DS_MIN(req->answer_max, ANSWER_MAX) : ANSWER_MAX;
    ds_buf_clear(&s->head);
    ds_buf_clear(&s->body);
    load_method(s, req);
    load_headers(s, req);
    curl_easy_setopt(s->easy, CURLOPT_URL, j->url);
    curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, (long)j->timeout_ms);
    curl_easy_setopt(s->easy, CURLOPT_MAXAGE_CONN,
                     req->repeatable ? STALE_SECONDS : STALE_CREATE_SECONDS);
    /* Nothing refuses to rewind what has no body: it gets a connection that libcurl does not
     * believe to be worth a second try. */
    curl_easy_setopt(s->easy, CURLOPT_FRESH_CONNECT, !req->repeatable && !req->body_n ? 1L : 0L);
}

void slot_free_job(slot *s)
{
    curl_slist_free_all(s->headers);
    s->headers = NULL;
    s->job = NULL;
    if (s->body.cap > DS_MIB)
        ds_buf_fini(&s->body);
}

bool slot_may_have_left(const slot *s)
{
    long sent = 0;

    if (s->job->req->body_n)
        return s->handed_most == s->job->req->body_n;
    curl_easy_getinfo(s->easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0;
}

/* ---- its answer -------------------------------------------------------------------------------
 */

static void add_line(ds_http_answer *out, ds_http_header *headers, char *line)
{
    char *colon = strchr(line, ':'), *end = line + strlen(line);

    if (!colon || colon == line)
        return;
    *colon = '\0';
    for (char *at = line; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    for (colon++; *colon == ' ' || *colon == '\t';)
        colon++;
    while (end > colon && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        *--end = '\0';
    headers[out->headers_n++] = (ds_http_header){line, colon};
}

void slot_answer(const slot *s, ds_arena *a, ds_http_answer *out)
{
    char *text = ds_arena_strndup(a, s->head.data ? s->head.data : "", s->head.n), *next;
    ds_http_header *headers = ds_arena_alloc(a, (s->head_lines + 1) * sizeof(*headers));
    long status = 0;

    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    *out = (ds_http_answer){.status = (int)status, .headers = headers};
    for (; text; text = next) {
        next = strchr(text, '\n');
        if (next)
            *next++ = '\0';
        add_line(out, headers, text);
    }
    out->body = s->body.n ? ds_arena_strndup(a, s->body.data, s->body.n) : "";
    out->body_n = s->body.n;
}

const char *ds_http_header_of(const ds_http_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->headers_n; i++) {
        if (strcasecmp(answer->headers[i].name, name) == 0)
            return answer->headers[i].value;
    }
    return NULL;
}
