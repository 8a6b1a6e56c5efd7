/* tests/fuzz/fuzz_http.c
 *
 * What a server (or a record, or an old store) says to the network layer: addresses, Location,
 * Link, Retry-After and the other headers, the reason of a refusal, a budget that was kept.  An
 * address that is asked is the API's own, a wait ends within a day, no text tells the token.
 *
 * Input, a line each: a path, a Location, a part of a path, a budget, a body; then headers.
 */
#include "fuzz/fuzz.h"

#include "http/internal.h"
#include <inttypes.h>
#include <string.h>

#define TOKEN "tok_fuzz_1a2b"

static void own_address(const url_base *base, const char *url)
{
    size_t n = strlen(base->origin);

    fuzz_must(strncmp(url, base->origin, n) == 0 && (!url[n] || strchr("/?", url[n])), "%s", url);
    for (const char *at = url; *at; at++)
        fuzz_must((unsigned char)*at > ' ' && (unsigned char)*at < 127, "%s", url);
    for (const char *at = strstr(url, "/."); at && at < url + strcspn(url, "?");
         at = strstr(at + 1, "/."))
        fuzz_must(strspn(at + 1, ".") > 2 || !strchr("/?", at[1 + strspn(at + 1, ".")]), "%s", url);
}

static void addresses(fuzz_input *in, ds_arena *a)
{
    const char *path = fuzz_piece(in, "\n", a, NULL), *location = fuzz_piece(in, "\n", a, NULL),
               *part = ds_http_escape(a, fuzz_piece(in, "\n", a, NULL)), *url;
    ds_err err = DS_ERR_INIT;
    url_base base;

    fuzz_must(url_read_base("https://api.test:8443/v3", a, &base, &err), "%s", err.text);
    url = url_of(&base, path, a, &err);
    if (url)
        own_address(&base, url);
    else
        fuzz_error(&err);
    url = url_redirect(&base, "https://api.test:8443/v3/a/b?c", location, a);
    if (url)
        own_address(&base, url);
    fuzz_must(strspn(part, "-._~%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") ==
                  strlen(part),
              "%s", part);
    err = DS_ERR_INIT;
    if (!url_read_base(path, a, &base, &err))
        fuzz_error(&err);
}

static void within_a_day(int64_t ms)
{
    fuzz_must(ms >= -1 && ms <= DS_DAY_MS, "%" PRId64, ms);
}

static void budgets(const char *text, const ds_http_verdict *v)
{
    ds_budget *b = ds_budget_new(0, 0);
    ds_seat *seat = ds_seat_take(b, "fuzz", DS_HASTE_USUAL);
    ds_budget_news news = {.end = DS_BUDGET_REFUSED,
                           .wait_ms = v->wait_ms,
                           .limit = v->limit,
                           .remaining = v->remaining,
                           .reset_ms = v->reset_ms};
    int64_t wait;

    ds_budget_load(b, text, 5000, INT64_C(1700000000000));
    for (int i = 0; i < 3; i++) {
        wait = ds_budget_ask(seat, 1, 5000 + i);
        fuzz_must(wait >= 0 && wait <= 2 * DS_DAY_MS, "%" PRId64, wait);
        if (!wait)
            ds_budget_answer(seat, 1, 5000 + i, 5000 + i, &news);
    }
    ds_budget_free(b);
}

static size_t headers(fuzz_input *in, ds_arena *a, ds_http_header *out, size_t most)
{
    size_t n = 0;

    while (in->left && n < most) {
        char *line = fuzz_piece(in, "\n", a, NULL), *colon = strchr(line, ':');

        if (!colon)
            continue;
        *colon = '\0';
        out[n++] = (ds_http_header){line, colon + 1};
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    ds_secret *token = ds_secret_new(TOKEN, strlen(TOKEN));
    ds_http http = {.token = token, .veil = veil_new(token, false, NULL)};
    ds_http_request req = {.method = "GET", .path = "/a?b"};
    ds_http_header list[16];
    ds_http_answer answer = {.headers = list};
    const char *budget, *body, *link;
    ds_http_verdict v;
    ds_err err = DS_ERR_INIT;

    fuzz_must(http_start(), "libcurl does not start");
    addresses(&in, a);
    budget = fuzz_piece(&in, "\n", a, NULL);
    body = fuzz_piece(&in, "\n", a, NULL);
    answer.status = 200 + (int)(fuzz_byte(&in) * 2);
    answer.headers_n = headers(&in, a, list, DS_COUNT(list));
    verdict_of(&http, &answer, INT64_C(1700000000000), a, &v);
    within_a_day(v.wait_ms);
    within_a_day(v.reset_ms);
    link = ds_http_link(&answer, "next", a);
    fuzz_must(!link || !strchr(link, '>'), "%s", link);
    fail_answer(&err, DS_ERR_PERMANENT, &http, &req, answer.status, body);
    fuzz_error(&err);
    fuzz_must(!strstr(err.text, TOKEN), "%s", err.text);
    budgets(budget, &v);
    veil_free(http.veil);
    ds_secret_free(token);
    return 0;
}
