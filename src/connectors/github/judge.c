/* src/connectors/github/judge.c */
#include "connectors/github/judge.h"

#include <string.h>
#include <strings.h>

#define RESET_GRACE_MS DS_SECOND_MS     /* its window ends at a whole second, of its own clock */
#define SECONDARY_FIRST_MS DS_MINUTE_MS /* "wait a few minutes": then twice that */
#define BODY_READ_MAX (64 * DS_KIB)     /* an error's; more is a page of somebody else's */

typedef struct complaint {
    const char *message, *docs; /* "" where there is none */
} complaint;

static complaint read_complaint(const ds_http_answer *answer, ds_arena *a)
{
    complaint said = {"", ""};
    ds_err err = DS_ERR_INIT;
    const ds_json *doc = NULL;
    const char *text;

    if (answer->body_n <= BODY_READ_MAX && answer->body_n)
        doc = ds_json_read(a, answer->body, answer->body_n, &err);
    text = ds_json_text(doc, "message");
    said.message = text  ? text
                   : doc ? ""
                         : ds_arena_strndup(a, answer->body, strnlen(answer->body, 200));
    text = ds_json_text(doc, "documentation_url");
    said.docs = text ? text : "";
    return said;
}

static bool has(const char *text, const char *words)
{
    return strcasestr(text, words) != NULL;
}

static bool nothing_left(const ds_http_answer *answer)
{
    const char *left = ds_http_header_of(answer, "x-ratelimit-remaining");

    return left && strcmp(left, "0") == 0;
}

/* 403 and 429. Headers come first: they say how long to wait. */
static ds_github_meaning meaning_of_limit(const ds_http_answer *answer, const complaint *said)
{
    if (ds_http_header_of(answer, "retry-after"))
        return has(said->message, "too large to list") ? DS_GITHUB_TOO_LARGE : DS_GITHUB_SECONDARY;
    if (nothing_left(answer) || has(said->message, "API rate limit exceeded"))
        return DS_GITHUB_PRIMARY;
    if (has(said->message, "secondary rate limit") || has(said->docs, "rate-limits") ||
        answer->status == 429)
        return DS_GITHUB_SECONDARY;
    return DS_GITHUB_FORBIDDEN;
}

static ds_github_meaning meaning_of_403(const ds_http_answer *answer, const complaint *said)
{
    const char *sso = ds_http_header_of(answer, "x-github-sso");
    ds_github_meaning limit = meaning_of_limit(answer, said);

    if (limit != DS_GITHUB_FORBIDDEN)
        return limit;
    if (sso && strncasecmp(sso, "required", 8) == 0)
        return DS_GITHUB_SSO;
    if (has(said->message, "too large to list"))
        return DS_GITHUB_TOO_LARGE;
    if (has(said->message, "access blocked"))
        return DS_GITHUB_BLOCKED;
    if (has(said->message, "Resource not accessible by"))
        return DS_GITHUB_NO_PERMISSION;
    if (has(said->message, "administrative rules"))
        return DS_GITHUB_NO_AGENT;
    if (has(said->message, "login attempts exceeded"))
        return DS_GITHUB_BAD_LOGIN;
    return DS_GITHUB_FORBIDDEN;
}

ds_github_meaning ds_github_meaning_of(const ds_http_answer *answer, ds_arena *a, const char **said)
{
    int status = answer->status;
    complaint words;

    *said = NULL;
    if ((status >= 200 && status < 300) || status == 304)
        return DS_GITHUB_FINE;
    words = read_complaint(answer, a);
    *said = *words.message ? words.message : NULL;
    switch (status) {
    case 401:
        return DS_GITHUB_BAD_LOGIN;
    case 403:
        return meaning_of_403(answer, &words);
    case 404:
        return DS_GITHUB_NOT_THERE;
    case 409:
        return DS_GITHUB_EMPTY;
    case 410:
        return DS_GITHUB_GONE;
    case 429:
        return meaning_of_limit(answer, &words);
    case 451:
        return DS_GITHUB_BLOCKED;
    default:
        return status == 408 || status >= 500 ? DS_GITHUB_FAILED : DS_GITHUB_REFUSED;
    }
}

const char *ds_github_hidden(const ds_http_answer *answer)
{
    const char *sso = ds_http_header_of(answer, "x-github-sso"), *of;

    if (!sso || strncasecmp(sso, "partial-results", 15) != 0)
        return NULL;
    of = strstr(sso, "organizations=");
    return of ? of + strlen("organizations=") : "";
}

/* ---- verdicts ---------------------------------------------------------------------------------
 */

static void wait_for_window(ds_http_verdict *v)
{
    v->sign = DS_HTTP_LIMITED;
    v->wait_ms =
        DS_MAX(v->wait_ms, v->reset_ms >= 0 ? v->reset_ms + RESET_GRACE_MS : SECONDARY_FIRST_MS);
}

/* Where one goes to authorise the token; its query may hold a request's secret. */
static const char *sso_text(const ds_http_answer *answer, ds_arena *a)
{
    const char *url = strstr(ds_http_header_of(answer, "x-github-sso"), "url=");
    size_t n = url ? strcspn(url + 4, "?#; \t") : 0;
    const char *where = "github.com/settings/tokens";

    if (n)
        where = ds_arena_strndup(a, url + 4, DS_MIN(n, (size_t)150));
    return ds_arena_printf(a,
                           "the token is not authorised for the organisation's single sign-on: "
                           "authorise it at %s",
                           where);
}

void ds_github_judge(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *v)
{
    const char *said;

    switch (ds_github_meaning_of(answer, a, &said)) {
    case DS_GITHUB_FINE:
        return;
    case DS_GITHUB_BAD_LOGIN:
        v->sign = DS_HTTP_AUTH;
        break;
    case DS_GITHUB_SSO:
        v->sign = DS_HTTP_AUTH;
        said = sso_text(answer, a);
        break;
    case DS_GITHUB_PRIMARY:
        wait_for_window(v);
        break;
    case DS_GITHUB_SECONDARY: /* retry-after is in wait_ms already */
        v->sign = DS_HTTP_LIMITED;
        v->first_ms = SECONDARY_FIRST_MS;
        break;
    case DS_GITHUB_FAILED:
        v->sign = DS_HTTP_TRANSIENT;
        break;
    default:
        v->sign = DS_HTTP_PERMANENT;
        break;
    }
    v->text = said;
}

/* GraphQL's own words in an answer with 200: a limit is the one that concerns the budget. */
static const char *limit_of_errors(const ds_http_answer *answer, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *doc;

    if (!memmem(answer->body, answer->body_n, "\"errors\"", 8))
        return NULL;
    doc = ds_json_read(a, answer->body, answer->body_n, &err);
    DS_JSON_EACH (ds_json_get(doc, "errors"), error) {
        const char *type = ds_json_text(error, "type"), *message = ds_json_text(error, "message");

        if (type && (strcmp(type, "RATE_LIMITED") == 0 || strcmp(type, "RATE_LIMIT") == 0))
            return message ? message : type;
        if (message && (has(message, "secondary rate limit") || has(message, "API rate limit")))
            return message;
    }
    return ds_json_get(doc, "errors") && nothing_left(answer) ? "the rate limit is reached" : NULL;
}

void ds_github_judge_graphql(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *v)
{
    const char *limit = answer->status == 200 ? limit_of_errors(answer, a) : NULL;

    if (limit) {
        v->text = limit;
        v->first_ms = SECONDARY_FIRST_MS;
        v->sign = DS_HTTP_LIMITED;
        if (nothing_left(answer))
            wait_for_window(v);
        return;
    }
    ds_github_judge(answer, a, v);
    if (answer->status == 502 || answer->status == 504)
        v->sign = DS_HTTP_PERMANENT; /* the same again would take as long */
}
