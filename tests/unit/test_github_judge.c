/* tests/unit/test_github_judge.c - what GitHub means by an answer, row by row of its own list. */
#include "connectors/github/judge.h"
#include "support/run.h"

#include <string.h>

#define SECONDARY                                                                                  \
    "{\"message\":\"You have exceeded a secondary rate limit. Please wait a few minutes before "   \
    "you try again.\",\"documentation_url\":\"https://docs.github.com/\"}"
#define MESSAGE(text_) "{\"message\":\"" text_ "\",\"documentation_url\":\"https://docs/rest\"}"

static const struct row {
    const char *name;
    int status;
    ds_http_header header; /* beside it; name NULL: none */
    const char *body;
    ds_github_meaning meaning;
    ds_http_sign sign;
    int64_t wait_ms, first_ms;
} rows[] = {
    {"fine", 200, {0}, "[]", DS_GITHUB_FINE, DS_HTTP_FINE, -1, 0},
    {"nothing in it", 204, {0}, "", DS_GITHUB_FINE, DS_HTTP_FINE, -1, 0},
    {"not modified", 304, {0}, "", DS_GITHUB_FINE, DS_HTTP_FINE, -1, 0},
    {"a secondary limit with a hint",
     403,
     {"retry-after", "30"},
     SECONDARY,
     DS_GITHUB_SECONDARY,
     DS_HTTP_LIMITED,
     -1,
     60000},
    {"any 403 with retry-after",
     403,
     {"retry-after", "30"},
     MESSAGE("x"),
     DS_GITHUB_SECONDARY,
     DS_HTTP_LIMITED,
     -1,
     60000},
    {"429 with a hint",
     429,
     {"retry-after", "30"},
     "",
     DS_GITHUB_SECONDARY,
     DS_HTTP_LIMITED,
     -1,
     60000},
    {"nothing left",
     403,
     {"x-ratelimit-remaining", "0"},
     MESSAGE("x"),
     DS_GITHUB_PRIMARY,
     DS_HTTP_LIMITED,
     91000,
     0},
    {"nothing left, as 429",
     429,
     {"x-ratelimit-remaining", "0"},
     "",
     DS_GITHUB_PRIMARY,
     DS_HTTP_LIMITED,
     91000,
     0},
    {"a secondary limit without a hint",
     403,
     {"x-ratelimit-remaining", "14"},
     SECONDARY,
     DS_GITHUB_SECONDARY,
     DS_HTTP_LIMITED,
     -1,
     60000},
    {"a limit by its address alone",
     403,
     {0},
     "{\"message\":\"Slow\",\"documentation_url\":\"https://docs/rest/rate-limits\"}",
     DS_GITHUB_SECONDARY,
     DS_HTTP_LIMITED,
     -1,
     60000},
    {"the hour's limit by its words",
     403,
     {0},
     MESSAGE("API rate limit exceeded for 1.2.3.4."),
     DS_GITHUB_PRIMARY,
     DS_HTTP_LIMITED,
     91000,
     0},
    {"single sign-on",
     403,
     {"x-github-sso", "required; url=https://github.com/orgs/a/sso?s=1"},
     MESSAGE("Resource protected"),
     DS_GITHUB_SSO,
     DS_HTTP_AUTH,
     -1,
     0},
    {"some rows were hidden for it",
     403,
     {"x-github-sso", "partial-results; organizations=1"},
     MESSAGE("x"),
     DS_GITHUB_FORBIDDEN,
     DS_HTTP_PERMANENT,
     -1,
     0},
    {"a list too large",
     403,
     {0},
     MESSAGE("The history or contributor list is too large to list contributors"),
     DS_GITHUB_TOO_LARGE,
     DS_HTTP_PERMANENT,
     -1,
     0},
    {"a list too large, with a hint to try it again",
     403,
     {"retry-after", "1"},
     MESSAGE("The history or contributor list is too large to list contributors"),
     DS_GITHUB_TOO_LARGE,
     DS_HTTP_PERMANENT,
     -1,
     0},
    {"access blocked",
     403,
     {0},
     MESSAGE("Repository access blocked"),
     DS_GITHUB_BLOCKED,
     DS_HTTP_PERMANENT,
     -1,
     0},
    {"taken down", 451, {0}, MESSAGE("DMCA"), DS_GITHUB_BLOCKED, DS_HTTP_PERMANENT, -1, 0},
    {"a permission that lacks",
     403,
     {0},
     MESSAGE("Resource not accessible by integration"),
     DS_GITHUB_NO_PERMISSION,
     DS_HTTP_PERMANENT,
     -1,
     0},
    {"no User-Agent",
     403,
     {0},
     "\r\nRequest forbidden by administrative rules.\r\n",
     DS_GITHUB_NO_AGENT,
     DS_HTTP_PERMANENT,
     -1,
     0},
    {"too many failed logins",
     403,
     {0},
     MESSAGE("Maximum number of login attempts exceeded. Please try again later."),
     DS_GITHUB_BAD_LOGIN,
     DS_HTTP_AUTH,
     -1,
     0},
    {"403 for another reason",
     403,
     {0},
     MESSAGE("No"),
     DS_GITHUB_FORBIDDEN,
     DS_HTTP_PERMANENT,
     -1,
     0},
    {"bad credentials",
     401,
     {0},
     MESSAGE("Bad credentials"),
     DS_GITHUB_BAD_LOGIN,
     DS_HTTP_AUTH,
     -1,
     0},
    {"not found", 404, {0}, MESSAGE("Not Found"), DS_GITHUB_NOT_THERE, DS_HTTP_PERMANENT, -1, 0},
    {"gone", 410, {0}, MESSAGE("This issue was deleted"), DS_GITHUB_GONE, DS_HTTP_PERMANENT, -1, 0},
    {"empty",
     409,
     {0},
     MESSAGE("Git Repository is empty."),
     DS_GITHUB_EMPTY,
     DS_HTTP_PERMANENT,
     -1,
     0},
    {"a bad request", 400, {0}, MESSAGE("x"), DS_GITHUB_REFUSED, DS_HTTP_PERMANENT, -1, 0},
    {"moved, by an answer that was not followed",
     301,
     {0},
     MESSAGE("Moved Permanently"),
     DS_GITHUB_REFUSED,
     DS_HTTP_PERMANENT,
     -1,
     0},
    {"invalid",
     422,
     {0},
     MESSAGE("Validation Failed"),
     DS_GITHUB_REFUSED,
     DS_HTTP_PERMANENT,
     -1,
     0},
    {"a server's error", 500, {0}, "", DS_GITHUB_FAILED, DS_HTTP_TRANSIENT, -1, 0},
    {"a proxy's page", 502, {0}, "<html>", DS_GITHUB_FAILED, DS_HTTP_TRANSIENT, -1, 0},
    {"overload", 503, {0}, MESSAGE("x"), DS_GITHUB_FAILED, DS_HTTP_TRANSIENT, -1, 0},
    {"took too long", 504, {0}, MESSAGE("x"), DS_GITHUB_FAILED, DS_HTTP_TRANSIENT, -1, 0},
};

static ds_http_answer answer_of(int status, const ds_http_header *header, const char *body)
{
    return (ds_http_answer){.status = status,
                            .headers = header,
                            .headers_n = header->name != NULL,
                            .body = body,
                            .body_n = strlen(body)};
}

/* As HTTP itself fills it, with a window that ends in 90 seconds. */
static ds_http_verdict before(int status)
{
    return (ds_http_verdict){.sign = status < 300 ? DS_HTTP_FINE : DS_HTTP_PERMANENT,
                             .wait_ms = -1,
                             .limit = -1,
                             .remaining = -1,
                             .reset_ms = 90000};
}

static void each(void **state)
{
    const struct row *row = *state;
    ds_http_answer answer = answer_of(row->status, &row->header, row->body);
    ds_http_verdict v = before(row->status == 304 ? 200 : row->status);
    const char *said;

    assert_int_equal(ds_github_meaning_of(&answer, scratch, &said), row->meaning);
    ds_github_judge(&answer, scratch, &v);
    assert_int_equal(v.sign, row->sign);
    assert_int_equal(v.wait_ms, row->wait_ms);
    assert_int_equal(v.first_ms, row->first_ms);
}

static void the_way_to_sign_on_has_no_query(void **state)
{
    ds_http_header header = {"x-github-sso",
                             "required; url=https://github.com/orgs/a/sso?s=secret"};
    ds_http_answer answer = answer_of(403, &header, "{}");
    ds_http_verdict v = before(403);

    (void)state;
    ds_github_judge(&answer, scratch, &v);
    assert_non_null(strstr(v.text, "https://github.com/orgs/a/sso"));
    assert_null(strstr(v.text, "secret"));
}

static const struct graphql {
    const char *name;
    int status;
    ds_http_header header;
    const char *body;
    ds_http_sign sign;
    int64_t wait_ms;
} answers[] = {
    {"graphql: data", 200, {"x-ratelimit-remaining", "0"}, "{\"data\":{}}", DS_HTTP_FINE, -1},
    {"graphql: an error of its own",
     200,
     {0},
     "{\"errors\":[{\"type\":\"NOT_FOUND\"}]}",
     DS_HTTP_FINE,
     -1},
    {"graphql: the limit by its type",
     200,
     {0},
     "{\"errors\":[{\"type\":\"RATE_LIMITED\",\"message\":\"API rate limit exceeded\"}]}",
     DS_HTTP_LIMITED,
     -1},
    {"graphql: the hour is used up",
     200,
     {"x-ratelimit-remaining", "0"},
     "{\"errors\":[{\"type\":\"RATE_LIMITED\"}]}",
     DS_HTTP_LIMITED,
     91000},
    {"graphql: an error with nothing left",
     200,
     {"x-ratelimit-remaining", "0"},
     "{\"errors\":[{\"message\":\"x\"}]}",
     DS_HTTP_LIMITED,
     91000},
    {"graphql: a secondary limit",
     200,
     {0},
     "{\"errors\":[{\"message\":\"You have exceeded a secondary rate limit\"}]}",
     DS_HTTP_LIMITED,
     -1},
    {"graphql: the word in the data is no error",
     200,
     {"x-ratelimit-remaining", "0"},
     "{\"data\":{\"name\":\"\\\"errors\\\"\"}}",
     DS_HTTP_FINE,
     -1},
    {"graphql: took too long", 502, {0}, "", DS_HTTP_PERMANENT, -1},
    {"graphql: took too long, too", 504, {0}, "", DS_HTTP_PERMANENT, -1},
    {"graphql: a server's error", 500, {0}, "", DS_HTTP_TRANSIENT, -1},
    {"graphql: 403 of a limit", 403, {0}, SECONDARY, DS_HTTP_LIMITED, -1},
    {"graphql: bad credentials", 401, {0}, MESSAGE("Bad credentials"), DS_HTTP_AUTH, -1},
};

static void each_of_graphql(void **state)
{
    const struct graphql *row = *state;
    ds_http_answer answer = answer_of(row->status, &row->header, row->body);
    ds_http_verdict v = before(row->status);

    ds_github_judge_graphql(&answer, scratch, &v);
    assert_int_equal(v.sign, row->sign);
    assert_int_equal(v.wait_ms, row->wait_ms);
}

int main(void)
{
    add_table(rows, each);
    add_test(the_way_to_sign_on_has_no_query);
    add_table(answers, each_of_graphql);
    return run_tests("github_judge");
}
