/* src/http/internal.h
 *
 * The network layer in parts: an address (url.c, address.c), a client (client.c), one try of one
 * request (transfer.c), what its answer means (verdict.c), and the batch that is sent (send.c).
 * Shared by the files of this folder only; it stands on the public headers, as a connector does.
 */
#ifndef DS_HTTP_INTERNAL_H
#define DS_HTTP_INTERNAL_H

#include "budget/budget.h"
#include <curl/curl.h>
#include <durable_sync/http.h>
#include <sys/socket.h>

#define IN_FLIGHT_MAX ((size_t)64)
#define HEAD_MAX (64 * DS_KIB)
#define HEAD_LINES_MAX ((size_t)1000)
#define ANSWER_MAX (64 * DS_MIB)
#define RATIO_MAX ((size_t)200) /* decoded bytes a byte on the wire... */
#define RATIO_FREE DS_MIB       /* ...once there are more than this */
#define CONNECT_MS 10000L
#define SLOW_SECONDS 30L /* without a byte */
#define TIMEOUT_MS DS_MINUTE_MS
#define STALE_SECONDS 30L       /* a kept connection is not used again after this... */
#define STALE_CREATE_SECONDS 5L /* ...for what must not be sent twice */
#define TRIES 4
#define BACKOFF_FIRST_MS INT64_C(250)
#define SIT_OUT_MS INT64_C(5000) /* a longer wait is the engine's */
#define FAILS_IN_A_ROW 3         /* requests that failed through: no use in trying the rest */
#define REDIRECTS 3
#define GRACE_MS INT64_C(500) /* a write on its way may end when the pass is cancelled */
#define WAIT_MOST_MS DS_DAY_MS
#define TEXT_MOST ((size_t)300)

/* ---- addresses (url.c, address.c) -------------------------------------------------------------
 */

typedef struct url_base {
    const char *origin; /* "https://api.github.com", with a port where it is not the usual one */
    const char *prefix; /* "/api/v3" or "" */
    const char *host;   /* without the brackets of IPv6 */
    bool is_literal;    /* the host is an address */
    bool is_local;      /* this machine: 127.0.0.0/8, ::1, localhost */
    bool is_https;
} url_base;

/* CONFIG; names what is wrong without quoting a password that may be in it. */
DS_MUST_USE bool url_read_base(const char *text, ds_arena *a, url_base *out, ds_err *err);
/* http://HOST:PORT, or https://, with a user and a password before the host or without. */
bool url_is_proxy(const char *text);
/* The address of a request; NULL with PERMANENT. */
DS_MUST_USE const char *url_of(const url_base *base, const char *path, ds_arena *a, ds_err *err);
/* Where `location` leads from `from`: NULL when that is no address of the same origin. */
const char *url_redirect(const url_base *base, const char *from, const char *location, ds_arena *a);

/* What nobody but this network's own can mean: loopback, private, link-local, shared, reserved,
 * multicast, and all that maps such an IPv4 address into IPv6. */
bool address_is_private(const struct sockaddr *address);
bool address_is_private_text(const char *text, bool *is_literal, bool *is_loopback);
void address_text(const struct sockaddr *address, char *out, size_t n);

/* ---- budgets of the process (registry.c) ------------------------------------------------------
 */

typedef struct pool_budget pool_budget;

/* Of this credential at this host; shared by whoever names the same three. Reads what earlier
 * processes have learnt, the first time. */
pool_budget *pool_open(ds_activity *act, const char *origin, const ds_secret *token,
                       const char *pool, int64_t allowed, int64_t allowed_ms);
void pool_close(pool_budget *pool);
int64_t pool_ask(pool_budget *pool, int64_t cost, int64_t now_ms);
void pool_give_up(pool_budget *pool);
void pool_answer(pool_budget *pool, int64_t cost, int64_t sent_ms, int64_t now_ms,
                 const ds_budget_news *news);
double pool_pace(pool_budget *pool);                 /* a second; 0: not known */
void pool_keep(pool_budget *pool, ds_activity *act); /* what was learnt, where there is news */

/* ---- what is not told (veil.c) ----------------------------------------------------------------
 */

typedef struct veil veil;

/* `is_login`: the token is "name:password". */
veil *veil_new(const ds_secret *token, bool is_login, const ds_secret *proxy);
void veil_free(veil *v);
void veil_over(const veil *v, ds_buf *text); /* stars in place of each form of a credential */
void base64_text(const char *text, size_t n, char *out); /* `out` has room for 2n + 8 */

/* ---- the client (client.c) --------------------------------------------------------------------
 */

typedef struct client_pool {
    const char *name;
    pool_budget *budget;
} client_pool;

struct slot;

struct ds_http {
    ds_arena *arena; /* lives as long as the client */
    const ds_secret *token;
    url_base base;
    ds_http_settings settings;
    ds_http_header *headers;
    size_t headers_n;
    ds_http_judge judge;
    int64_t allowed, allowed_ms;
    char *authorization; /* the whole line; hidden memory; NULL: none */
    struct veil *veil;   /* over what a server says */
    client_pool *pools;
    size_t pools_n;
    CURLM *multi;
    struct slot *slots;
    size_t slots_n;
    bool proven; /* the credential has been taken: until then requests go one by one */
};

pool_budget *client_pool_of(ds_http *http, ds_activity *act, const char *name);
int64_t mono_ms(void);
bool http_start(void); /* libcurl, once a process */
bool header_is_sound(const ds_http_header *header);

/* ---- one request on its way (transfer.c) ------------------------------------------------------
 */

typedef enum job_state { JOB_WAITS, JOB_FLIES, JOB_ENDED } job_state;

typedef struct job {
    ds_http_request *req;
    const char *url;
    job_state state;
    int tries, redirects, limited;
    bool left; /* a try of it may have been applied */
    int64_t not_before_ms;
    pool_budget *pool;
    int64_t cost;
    int64_t timeout_ms;
} job;

typedef enum cut { CUT_NONE, CUT_HEAD, CUT_BODY, CUT_RATIO } cut;

typedef struct slot {
    ds_http *http;
    CURL *easy; /* NULL: not needed yet */
    struct curl_slist *headers;
    job *job; /* NULL: free */
    ds_buf head, body;
    size_t head_lines;
    bool head_whole; /* its empty line has come: libcurl does not mind one that breaks off */
    size_t answer_max;
    size_t handed;      /* bytes of the request's body that libcurl has taken */
    size_t handed_most; /* before it had to begin again */
    int64_t sent_ms;
    cut cut;          /* why we ended it ourselves */
    char refused[64]; /* an address that is not allowed */
    char why[CURL_ERROR_SIZE];
} slot;

bool is_read(const char *method); /* GET, HEAD: changes nothing */
/* Makes the slot's handle; false when there is no memory for it. */
bool slot_init(slot *s, ds_http *http);
void slot_fini(slot *s);
void slot_load(slot *s, job *j); /* all but starting it */
/* Whether the request may have been applied, whatever came back. */
bool slot_may_have_left(const slot *s);
/* The answer, copied into `a`. */
void slot_answer(const slot *s, ds_arena *a, ds_http_answer *out);
void slot_free_job(slot *s);

/* ---- what it means (verdict.c) ----------------------------------------------------------------
 */

void verdict_of(const ds_http *http, const ds_http_answer *answer, int64_t utc_ms, ds_arena *a,
                ds_http_verdict *out);
/* -1: none of both forms. */
int64_t retry_after_ms(const char *text, int64_t utc_ms);
/* "GET /orgs/{org}: HTTP 404: Not Found", without a secret, a control character or a query. */
bool fail_answer(ds_err *err, ds_err_kind kind, const ds_http *http, const ds_http_request *req,
                 int status, const char *text);
/* What libcurl says, in words of ours where they help. Sets the kind. */
bool fail_transfer(ds_err *err, const slot *s, CURLcode result);
const char *request_name(const ds_http_request *req, char *out, size_t n);
/* Which failures no other request could help: no name, no connection, no trust. */
bool is_about_host(CURLcode result);

#endif
