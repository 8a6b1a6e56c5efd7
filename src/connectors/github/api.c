/* src/connectors/github/api.c
 *
 * What is kept of an answer is its reduced form, with the credential's fingerprint, the ETag and
 * the next address beside it: an answer 304 has no body, and no Link header that one may rely on.
 */
#include "connectors/github/api.h"
#include "connectors/github/judge.h"
#include "connectors/github/repo.h"

#include <stdlib.h>
#include <string.h>

#define VERSION "2022-11-28" /* nothing is read that a later one leaves out */
#define ACCEPT "application/vnd.github+json"
#define IN_FLIGHT ((size_t)3) /* GitHub asks for few at a time */
#define LEAST_PAGE 25         /* a page that takes too long is not made smaller than this */

static const ds_http_header headers[] = {{"Accept", ACCEPT}, {"X-GitHub-Api-Version", VERSION}};

static const char *without_slash(const char *url, ds_arena *a)
{
    size_t n = strlen(url);

    while (n && url[n - 1] == '/')
        n--;
    return ds_arena_strndup(a, url, n);
}

/* An enterprise's REST is at /api/v3, its GraphQL beside that at /api/graphql. */
static const char *graphql_base(ds_github *gh)
{
    const char *base = gh->http.base_url;
    size_t n = strlen(base);

    if (n > 3 && strncmp(base + n - 3, "/v3", 3) == 0)
        n -= 3;
    return ds_arena_strndup(gh->arena, base, n);
}

bool ds_github_open(ds_github *gh, ds_activity *act, bool by_graphql, ds_err *err)
{
    ds_http_setup setup = {.settings = &gh->http,
                           .token = gh->token,
                           .headers = headers,
                           .headers_n = DS_COUNT(headers),
                           .in_flight = IN_FLIGHT,
                           .judge = ds_github_judge};

    gh->http.base_url = without_slash(gh->http.base_url, gh->arena);
    gh->rest = ds_http_open(act, &setup, err);
    if (!gh->rest)
        return false;
    gh->fingerprint = ds_http_fingerprint(gh->rest, gh->arena);
    if (!by_graphql)
        return true;
    gh->graphql_http = gh->http;
    gh->graphql_http.base_url = graphql_base(gh);
    setup.settings = &gh->graphql_http;
    setup.judge = ds_github_judge_graphql;
    gh->graphql = ds_http_open(act, &setup, err);
    return gh->graphql != NULL;
}

bool ds_github_is_ours(const ds_github *gh, const char *url)
{
    const char *base = gh->http.base_url, *host = strstr(base, "://");
    size_t n = host ? (size_t)(host - base) + 3 + strcspn(host + 3, "/") : 0;

    return n && strncasecmp(url, base, n) == 0 && url[n] == '/';
}

/* ---- what was kept ----------------------------------------------------------------------------
 */

typedef struct known { /* lines: fingerprint, ETag, next; then the JSON */
    const char *etag, *next, *json;
} known;

static const char *key_of(const ds_github_get *get, ds_arena *a)
{
    return ds_arena_printf(a, "page:%s %s", ACCEPT, get->url);
}

static const char *take_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');

    if (!end)
        return NULL;
    *end = '\0';
    *at = end + 1;
    return line;
}

/* The number of a query's `name`; -1: it has none. *at: where its digits are. */
static long query_number(const char *url, const char *name, const char **at)
{
    const char *query = strchr(url, '?');
    size_t n = strlen(name);

    for (; query; query = strchr(query, '&')) {
        query++;
        if (strncmp(query, name, n) == 0 && query[n] == '=') {
            *at = query + n + 1;
            return strtol(*at, NULL, 10);
        }
    }
    return -1;
}

/* Where a list ends with a full page, its next row comes on another one, and this one stays the
 * same, ETag and all: a 304 would hide that the list goes on. */
static bool may_go_on(const known *it, const ds_github_get *get, ds_arena *a)
{
    const char *at;
    long most = query_number(get->url, "per_page", &at);
    ds_err err = DS_ERR_INIT;

    return most > 0 && !*it->next &&
           ds_json_size(ds_json_read(a, it->json, strlen(it->json), &err)) >= (size_t)most;
}

static known recall(const ds_github *gh, ds_activity *act, const ds_github_get *get)
{
    ds_arena *a = ds_activity_arena(act);
    char *at = get->fleeting ? NULL : ds_arena_strdup(a, ds_activity_recall(act, key_of(get, a)));
    known it = {.etag = NULL};
    const char *who;

    who = at ? take_line(&at) : NULL;
    if (!who || strcmp(who, gh->fingerprint) != 0)
        return it;
    it.etag = take_line(&at);
    it.next = it.etag ? take_line(&at) : NULL;
    it.json = at;
    return it.next && !may_go_on(&it, get, a) ? it : (known){.etag = NULL};
}

/* What can be sent as a header, and kept as a line. */
static bool is_line(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 127)
            return false;
    }
    return true;
}

static void keep(const ds_github *gh, ds_activity *act, const ds_github_get *get, const char *json)
{
    ds_arena *a = ds_activity_arena(act);
    const char *etag = ds_http_header_of(&get->req.answer, "etag"), *next = get->next;

    if (get->fleeting || ds_github_hidden(&get->req.answer) || !etag || !is_line(etag) ||
        (next && !is_line(next)))
        return;
    ds_activity_keep(
        act, key_of(get, a),
        ds_arena_printf(a, "%s\n%s\n%s\n%s", gh->fingerprint, etag, next ? next : "", json));
}

/* ---- one answer -------------------------------------------------------------------------------
 */

static const ds_json *list_in(const ds_json *doc)
{
    const ds_json *inner = ds_json_get(doc, "repositories"); /* of /installation/repositories */

    return ds_json_kind_of(inner) == DS_JSON_LIST ? inner : doc;
}

static void reduce(ds_buf *out, const ds_json *doc, const char *const *members)
{
    ds_json_writer w = ds_json_w(out, false);
    const ds_json *list = list_in(doc);

    w.exact = true;
    if (ds_json_kind_of(list) != DS_JSON_LIST) {
        ds_github_reduce(&w, list, members);
        return;
    }
    ds_json_w_begin_list(&w);
    DS_JSON_EACH (list, item) {
        ds_github_reduce(&w, item, members);
    }
    ds_json_w_end_list(&w);
}

static bool fail_here(ds_github_get *get, const ds_err *err)
{
    get->req.err = *err;
    return false;
}

static bool read_fresh(const ds_github *gh, ds_activity *act, ds_github_get *get)
{
    DS_AUTO_BUF(json, 64 * DS_MIB);
    ds_arena *a = ds_activity_arena(act);
    ds_err err = DS_ERR_INIT;
    const ds_json *doc = ds_http_json(act, &get->req, &err);
    ds_json_kind kind = ds_json_kind_of(list_in(doc));

    if (doc && kind != DS_JSON_LIST && kind != DS_JSON_OBJECT)
        ds_fail(&err, DS_ERR_TRANSIENT, "%s: the answer is neither a list nor an object",
                get->endpoint);
    if (err.kind != DS_ERR_NONE)
        return fail_here(get, &err);
    reduce(&json, doc, get->members);
    if (!ds_buf_ok(&json, get->endpoint, &err))
        return fail_here(get, &err);
    get->doc = ds_json_read(a, json.data, json.n, &err);
    if (!get->doc)
        return fail_here(get, &err);
    get->next = ds_http_link(&get->req.answer, "next", a);
    keep(gh, act, get, json.data);
    return true;
}

/* A next that leads here again would never end. */
static void check_next(ds_github_get *get)
{
    if (get->next && (!*get->next || strcmp(get->next, get->url) == 0))
        get->next = NULL;
}

static void read_answer(const ds_github *gh, ds_activity *act, ds_github_get *get, const known *old)
{
    ds_err err = DS_ERR_INIT;

    if (get->req.err.kind != DS_ERR_NONE || get->req.fate != DS_HTTP_ANSWERED)
        return;
    if (get->req.status == 204)
        return;
    if (get->req.status != 304) {
        if (read_fresh(gh, act, get))
            check_next(get);
        return;
    }
    get->next = old->etag ? old->next : NULL;
    get->doc =
        old->etag ? ds_json_read(ds_activity_arena(act), old->json, strlen(old->json), &err) : NULL;
    if (!get->doc)
        ds_fail(&get->req.err, DS_ERR_TRANSIENT, "%s: an answer 304 to what was never read",
                get->endpoint);
    check_next(get);
}

bool ds_github_get_all(ds_github *gh, ds_activity *act, ds_github_get *gets, size_t n, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    ds_http_request *requests = ds_arena_zalloc(a, (n + 1) * sizeof(*requests));
    ds_http_header *conditions = ds_arena_zalloc(a, (n + 1) * sizeof(*conditions));
    known *olds = ds_arena_zalloc(a, (n + 1) * sizeof(*olds));
    bool sent;

    for (size_t i = 0; i < n; i++) {
        olds[i] = recall(gh, act, &gets[i]);
        conditions[i] = (ds_http_header){"If-None-Match", olds[i].etag};
        requests[i] = (ds_http_request){.method = "GET",
                                        .path = gets[i].url,
                                        .headers = &conditions[i],
                                        .headers_n = olds[i].etag != NULL,
                                        .repeatable = true,
                                        .endpoint = gets[i].endpoint};
    }
    sent = ds_http_send(gh->rest, act, requests, n, err);
    for (size_t i = 0; i < n; i++) {
        gets[i].req = requests[i];
        gets[i].doc = NULL;
        gets[i].next = NULL;
        if (sent)
            read_answer(gh, act, &gets[i], &olds[i]);
    }
    return sent;
}

/* ---- lists ------------------------------------------------------------------------------------
 */

static const char *replace_number(const char *url, const char *at, long number, ds_arena *a)
{
    return ds_arena_printf(a, "%.*s%ld%s", (int)(at - url), url, number,
                           at + strspn(at, "0123456789"));
}

/* The first half of the page that an address names; NULL: it cannot be halved. */
static const char *halved(const char *url, ds_arena *a)
{
    const char *at;
    long size = query_number(url, "per_page", &at), page;

    if (size < 2 * LEAST_PAGE || size % 2)
        return NULL;
    url = replace_number(url, at, size / 2, a);
    page = query_number(url, "page", &at);
    return page > 1 && page < 1000000 ? replace_number(url, at, 2 * page - 1, a) : url;
}

/* Only base_url's host gets the token, so a list that goes on elsewhere is not read to its end.
 * Where that is nobody is told: the server may say what it likes there, the token too. */
static bool next_is_ours(const ds_github *gh, const ds_github_get *get, const char *what,
                         ds_err *err)
{
    if (!get->next || ds_github_is_ours(gh, get->next))
        return true;
    return ds_fail(err, DS_ERR_PERMANENT,
                   "%s: the next page is said to be at what is not base_url's host (header Link of "
                   "the answer), and the token goes nowhere else: set base_url to the name that "
                   "the server has for itself",
                   what);
}

bool ds_github_get_list(ds_github *gh, ds_activity *act, ds_github_get *get, const char *what,
                        ds_err *err)
{
    const char *smaller = get->url;

    while (smaller) {
        get->url = smaller;
        if (!ds_github_get_all(gh, act, get, 1, err))
            return ds_wrap(err, "%s", what);
        if (get->doc && ds_json_kind_of(get->doc) == DS_JSON_LIST)
            return next_is_ours(gh, get, what, err);
        if (get->req.status != 502 && get->req.status != 504)
            break;
        smaller = halved(get->url, ds_activity_arena(act));
    }
    return ds_github_fail(&get->req, act, what, err);
}

/* ---- what a refusal means for the pass --------------------------------------------------------
 */

bool ds_github_fail(const ds_http_request *req, ds_activity *act, const char *what, ds_err *err)
{
    const char *said, *why = NULL;

    *err = req->err;
    if (err->kind == DS_ERR_NONE)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s: the answer is not what was asked for", what);
    if (err->kind != DS_ERR_PERMANENT || !req->status)
        return ds_wrap(err, "%s", what);
    switch (ds_github_meaning_of(&req->answer, ds_activity_arena(act), &said)) {
    case DS_GITHUB_NO_PERMISSION:
        why = "the token lacks a permission that this needs";
        break;
    case DS_GITHUB_NOT_THERE:
        why = "there is none of that name, or the token may not see it";
        break;
    case DS_GITHUB_FAILED:
        err->kind = DS_ERR_TRANSIENT;
        break;
    default:
        break;
    }
    if (!why)
        return ds_wrap(err, "%s", what);
    err->kind = DS_ERR_CONFIG;
    return ds_wrap(err, "%s: %s", what, why);
}
