/* include/durable_sync/http.h
 *
 * Requests to an HTTP API, for connectors.  Link with durable_sync_http (libdurable_sync_http.so).
 *
 * A connector says what to ask and how its API speaks; everything else is inherited: connections
 * are kept and used again, several requests are in flight at once, what may be repeated is repeated
 * with back-off, the credential's budget is kept (shared by all routes that use the credential),
 * Retry-After is obeyed, answers are capped, a cancelled pass is noticed while it waits.
 *
 *     ds_http *http = ds_http_open(act, &(ds_http_setup){.settings = &src->http,
 *                                                        .token = src->token,
 *                                                        .judge = judge}, err);
 *     ds_http_request req = {.method = "GET", .path = "/orgs/acme", .repeatable = true,
 *                            .endpoint = "GET /orgs/{org}"};
 *     if (!ds_http_send(http, act, &req, 1, err))
 *         return false;                      // concerns all: login refused, rate limit, cancelled
 *     if (req.err.kind == DS_ERR_PERMANENT)  // this one alone: req.status, req.err.text
 *         ...
 *     const ds_json *doc = ds_http_json(act, &req, err);
 *
 * A client serves one thread at a time (a source's pages come from a thread of their own: source
 * and destination each open one).  Nothing here prints a token, a body or a query string.
 */
#ifndef DURABLE_SYNC_HTTP_H
#define DURABLE_SYNC_HTTP_H

#include <durable_sync/activity.h>
#include <durable_sync/base.h>
#include <durable_sync/json.h>
#include <durable_sync/option.h>

typedef struct ds_http ds_http; /* one base URL with one credential, within one pass */

/* ---- settings: what every connector of an HTTP API lets a user set ------------------------ */

typedef struct ds_http_settings {
    const char *base_url; /* "https://api.github.com"; a path in it goes before each request's */
    const char *ca_file;  /* PEM: trusted in place of the system's; NULL: the system's */
    ds_secret *proxy;     /* "http://[user:password@]host:port"; NULL: none, whatever the
                             environment says */
    bool private_network; /* the host may have a private address */
} ds_http_settings;

/* Their rows of an option table; `member` is a ds_http_settings, `url` the usual base_url (NULL: it
 * must be given). */
#define DS_HTTP_OPTIONS(type_, member_, url_)                                                      \
    {.name = "base_url",                                                                           \
     .type = DS_OPTION_TEXT,                                                                       \
     .offset = offsetof(type_, member_.base_url),                                                  \
     .fallback = (url_),                                                                           \
     .required = (url_) == NULL,                                                                   \
     .help = "address of the API, for an enterprise host or a stand-in"},                          \
        {.name = "ca_file",                                                                        \
         .type = DS_OPTION_PATH,                                                                   \
         .offset = offsetof(type_, member_.ca_file),                                               \
         .help = "certificate authorities (PEM) that are trusted in place of the system's"},       \
        {.name = "proxy",                                                                          \
         .type = DS_OPTION_SECRET,                                                                 \
         .offset = offsetof(type_, member_.proxy),                                                 \
         .harmless = ds_http_proxy_is_harmless,                                                    \
         .help = "HTTP proxy, http://host:port; the environment's is not used"},                   \
    {                                                                                              \
        .name = "private_network", .type = DS_OPTION_BOOL,                                         \
        .offset = offsetof(type_, member_.private_network),                                        \
        .help = "the host may have a private address"                                              \
    }

DS_API bool ds_http_proxy_is_harmless(const char *proxy); /* it holds no password */
/* For a connector's `validate`: false with DS_ERR_CONFIG where a setting cannot be used: base_url
 * is no http or https address, has a user, a query or a fragment; or is plain http to a host that
 * is neither this machine nor allowed by private_network. No I/O. */
DS_API DS_MUST_USE bool ds_http_settings_ok(const ds_http_settings *settings, ds_err *err);

/* ---- what an answer means ----------------------------------------------------------------- */

typedef struct ds_http_header {
    const char *name, *value;
} ds_http_header;

typedef enum ds_http_sign {
    DS_HTTP_FINE,      /* the connector reads it: 2xx, 304 */
    DS_HTTP_LIMITED,   /* too many requests: not applied; the budget learns and waits */
    DS_HTTP_BUSY,      /* not applied, again after a while: overload, a conflict that passes */
    DS_HTTP_AUTH,      /* the credential itself is refused (not: one object is forbidden) */
    DS_HTTP_TRANSIENT, /* the server failed; a write may have been applied */
    DS_HTTP_PERMANENT, /* this request is refused for good */
} ds_http_sign;

typedef struct ds_http_answer {
    int status;
    const ds_http_header *headers; /* names in small letters, in the order they came */
    size_t headers_n;
    const char *body; /* NUL-terminated; "" where there is none */
    size_t body_n;
} ds_http_answer;

/* The first header of that name (any case); NULL: none. */
DS_API const char *ds_http_header_of(const ds_http_answer *answer, const char *name);

typedef struct ds_http_verdict {
    ds_http_sign sign;
    /* LIMITED, BUSY: how long to wait from now; -1: not said. Then the wait doubles from first_ms
     * (0: one second) to five minutes while the answers go on like that. */
    int64_t wait_ms;
    int64_t first_ms;
    /* What the API says went wrong, in one line: for the error text; NULL: the status alone. Must
     * not hold a secret. Control characters become blanks, and it is cut at 300 bytes. */
    const char *text;
    /* What the answer tells of the budget, whatever its sign; -1: nothing. */
    int64_t limit, remaining; /* requests (or points) in the window */
    int64_t reset_ms;         /* until the window ends, from now */
} ds_http_verdict;

/* Reads the API's own signs. `verdict` comes filled with what HTTP itself says, and a judge changes
 * what its API means otherwise:
 *
 *   sign       FINE 2xx, 304 · AUTH 401 · LIMITED 429 · TRANSIENT 408, 5xx · PERMANENT the rest
 *   wait_ms    from Retry-After, seconds or date, within 0 and 24 hours; a judge may lengthen it,
 *              and one that is shorter is not believed; else -1
 *   limit ...  from x-ratelimit-limit, -remaining, -reset (seconds from now, or since 1970); else
 * -1 first_ms 0, text NULL
 *
 * Called on the thread of ds_http_send, once an answer. No I/O; texts it makes live in `a` (the
 * activity's arena). */
typedef void (*ds_http_judge)(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *verdict);

/* ---- the client --------------------------------------------------------------------------- */

typedef enum ds_http_scheme {
    DS_HTTP_BEARER, /* Authorization: Bearer TOKEN */
    DS_HTTP_BASIC,  /* Authorization: Basic; the token is "user:password" */
    DS_HTTP_OWN,    /* token_header: TOKEN */
} ds_http_scheme;

typedef struct ds_http_setup {
    const ds_http_settings *settings; /* borrowed, like the token */
    const ds_secret *token;           /* NULL: anonymous */
    ds_http_scheme scheme;
    const char *token_header;      /* OWN */
    const ds_http_header *headers; /* sent with every request ("Notion-Version"); copied */
    size_t headers_n;
    size_t in_flight;    /* requests at once, at most 64; 0: one */
    ds_http_judge judge; /* NULL: HTTP's own signs */
    /* What the API's documentation allows one credential, where it says so: so much cost in so
     * much time, kept for each pool. 0: unknown, it is learnt from refusals and headers. */
    int64_t allowed, allowed_ms;
} ds_http_setup;

/* Makes no connection. NULL with DS_ERR_CONFIG: settings (as ds_http_settings_ok), ca_file cannot
 * be read, a token or header that holds a line break or another control character. */
DS_API DS_MUST_USE ds_http *ds_http_open(ds_activity *act, const ds_http_setup *setup, ds_err *err);
DS_API void ds_http_close(ds_http *http); /* NULL is fine */
DS_AUTO_DEFINE(ds_http, ds_http_close)

typedef enum ds_http_fate {
    DS_HTTP_NOT_SENT = 0, /* certainly not applied: not tried, refused before it left, or refused by
                             the server's limits */
    DS_HTTP_ANSWERED,     /* `status` and `answer` say what became of it */
    DS_HTTP_UNKNOWN,      /* it left, may have been applied, and nobody knows: no answer, a cut one,
                             408 or 5xx (then with status and answer). Never a GET's or HEAD's */
} ds_http_fate;

typedef struct ds_http_request {
    const char *method; /* "GET" */
    /* "/orgs/acme/repos?page=2", appended to base_url; or an address of the same scheme, host and
     * port in full (a `next` link). Percent-encoded: ds_http_escape. */
    const char *path;
    const ds_http_header *headers; /* beside the client's; one of the same name replaces that */
    size_t headers_n;
    const char *body; /* NULL: none. Sent as application/json unless a header says otherwise */
    size_t body_n;
    /* True: doing it twice is as good as once (reads, updates, a create with an idempotency key):
     * it is sent again when its fate is not known. False: it leaves at most once, and again only
     * when it certainly was not applied. */
    bool repeatable;
    const char *endpoint; /* for counts: "GET /orgs/{org}/repos"; NULL: the method alone. Lives as
                             long as the program: a literal */
    const char *pool;   /* APIs with several budgets a credential ("search"); NULL: the usual one */
    int64_t cost;       /* what it takes from the budget; 0: one */
    size_t answer_max;  /* bytes once decoded; 0: 64 MiB, which is the most */
    int64_t timeout_ms; /* for one try; 0: one minute */

    /* answers; texts in the activity's arena */
    ds_http_fate fate;
    int status; /* 0: no answer */
    ds_http_answer answer;
    ds_err err; /* kind NONE where the judge said FINE; else TRANSIENT or PERMANENT */
} ds_http_request;

/* Sends n requests, up to `in_flight` at once, in their order, and waits for all. Each ends by
 * itself: with an answer, or with an err of its own after its repeats (TRANSIENT) or at once
 * (PERMANENT: 404, an answer beyond its cap, a path or a header that cannot be sent, an address of
 * another host). With a token, the first request of a client goes alone: one that is dead is tried
 * once. Redirects are followed for GET, to the same scheme, host and port, at most three; any other
 * 3xx is PERMANENT.
 *
 * true: all were tried. false: something that concerns them all; those that had ended before keep
 * their answers, the others are NOT_SENT (or UNKNOWN, where they were on their way):
 *
 * - AUTH: the credential is refused;
 * - RATE_LIMITED: the budget opens in err->retry_after_ms, more than a few seconds from now; the
 *   engine makes a timer of it. Shorter waits are sat out;
 * - TRANSIENT: the host cannot be reached, or fails again and again: no use in trying the rest;
 * - CONFIG: a certificate that is not trusted, an address that is not allowed;
 * - CANCELLED: the pass is to end. A write on its way gets half a second to come to its end. */
DS_API DS_MUST_USE bool ds_http_send(ds_http *http, ds_activity *act, ds_http_request *requests,
                                     size_t n, ds_err *err);

/* How many requests a second the credential's budget lets through: as documented (`allowed`), or as
 * it was learnt from refusals, in this process or before it; 0: not known. For `estimate`. */
DS_API double ds_http_pace(ds_http *http, ds_activity *act);

/* ---- helpers ------------------------------------------------------------------------------ */

/* The answer as JSON, in the activity's arena; NULL with TRANSIENT where it is none (a login page
 * of a network, a proxy's error): never taken for an empty answer. */
DS_API DS_MUST_USE const ds_json *ds_http_json(ds_activity *act, const ds_http_request *req,
                                               ds_err *err);
/* The address of a Link header with that `rel` ("next"), in `a`; NULL: none. */
DS_API const char *ds_http_link(const ds_http_answer *answer, const char *rel, ds_arena *a);
/* 32 hex digits that say host and credential and tell nothing of either: what is kept by credential
 * (ETags depend on the token) is kept with it. In `a`. */
DS_API const char *ds_http_fingerprint(const ds_http *http, ds_arena *a);
/* One part of a path or a query: all but letters, digits, - . _ ~ becomes %XX. */
DS_API const char *ds_http_escape(ds_arena *a, const char *text);

#endif
