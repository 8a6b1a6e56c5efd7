/* tests/fuzz/fuzz_github.c
 *
 * What GitHub answers, or somebody in its place: a page of GraphQL or of REST never makes a record
 * that the core could not take, a refusal always means something, and a cursor that is believed is
 * written the same again.
 *
 * Input: a byte (what it is), then the text.
 */
#include "fuzz/fuzz.h"

#include "connectors/github/cursor.h"
#include "connectors/github/enrich.h"
#include "connectors/github/graphql.h"
#include "connectors/github/judge.h"
#include "connectors/github/repo.h"

#include <string.h>
#include <strings.h>

static void check_page(const ds_page *page, ds_arena *a)
{
    for (size_t i = 0; i < page->records_n; i++) {
        const char *key = page->records[i].primary_key;

        fuzz_record(&page->records[i], a);
        fuzz_must(!key || (*key && strspn(key, "0123456789") == strlen(key)), "%s", key);
    }
}

static void graphql(const ds_json *doc, ds_arena *a)
{
    ds_github_graphql_answer out;
    ds_page page;

    ds_page_init(&page, a);
    ds_github_graphql_read(doc, "https://api.github.com", a, &out);
    if (out.end != DS_GITHUB_GRAPHQL_READ) {
        fuzz_must(out.why && !out.n, "a page that failed");
        return;
    }
    for (size_t i = 0; i < out.n; i++) {
        if (out.repos[i])
            ds_github_add_repo(&page, out.repos[i]);
    }
    check_page(&page, a);
}

/* What was reduced once stays as it is. */
static void rest(const ds_json *doc, ds_arena *a)
{
    DS_AUTO_BUF(once, DS_MIB);
    DS_AUTO_BUF(twice, DS_MIB);
    ds_json_writer w = ds_json_w(&once, false), v = ds_json_w(&twice, false);
    ds_err err = DS_ERR_INIT;
    const ds_json *reduced;
    ds_page page;

    w.exact = v.exact = true;
    ds_github_reduce(&w, doc, ds_github_repo_members);
    if (once.overflow)
        return;
    reduced = ds_json_read(a, once.data, once.n, &err);
    fuzz_must(reduced, "%s: %s", err.text, once.data);
    ds_github_reduce(&v, reduced, ds_github_repo_members);
    fuzz_must(strcmp(once.data, twice.data) == 0, "%s\n%s", once.data, twice.data);
    ds_page_init(&page, a);
    ds_github_add_repo(&page, reduced);
    check_page(&page, a);
}

static void names(const ds_json *doc, ds_arena *a)
{
    const ds_json *lists[] = {ds_github_language_names(doc, a), ds_github_logins(doc, a)};

    for (size_t i = 0; i < DS_COUNT(lists); i++)
        fuzz_must(!lists[i] || ds_json_kind_of(lists[i]) == DS_JSON_LIST, "no list");
}

static void refusal(int status, const char *text, size_t n, ds_arena *a)
{
    ds_http_header header = {"x-github-sso", text};
    ds_http_answer answer = {
        .status = status, .headers = &header, .headers_n = 1, .body = text, .body_n = n};
    ds_http_verdict v = {.sign = DS_HTTP_PERMANENT, .wait_ms = -1, .reset_ms = -1};
    const char *said;

    fuzz_must(ds_github_meaning_of(&answer, a, &said) != DS_GITHUB_FINE || status == 200, "fine");
    ds_github_judge(&answer, a, &v);
    fuzz_must(v.sign != DS_HTTP_FINE || status == 200, "fine");
    ds_github_judge_graphql(&answer, a, &v);
}

static void cursor(const char *text, ds_arena *a)
{
    ds_github gh = {.http = {.base_url = "https://h.example"}};
    const char *url = ds_github_next_of(&gh, text);
    ds_github_place place, again;

    fuzz_must(!url || strncasecmp(url, "https://h.example/", 18) == 0, "%s", url);
    if (!ds_github_place_read(text, &place))
        return;
    fuzz_must(ds_github_place_read(ds_github_place_text(&place, a), &again), "%s", text);
    fuzz_must(place.n == again.n && place.good == again.good &&
                  strcmp(place.after, again.after) == 0,
              "%s", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int statuses[] = {200, 301, 401, 403, 404, 409, 410, 422, 429, 451, 500, 502};
    fuzz_input in = {(const char *)data, n};
    DS_AUTO(ds_arena) a = ds_arena_new();
    unsigned what = fuzz_byte(&in);
    ds_err err = DS_ERR_INIT;
    const ds_json *doc;
    size_t text_n;
    const char *text = fuzz_rest(&in, a, &text_n);

    if (what >= 'a' && what < 'a' + DS_COUNT(statuses))
        refusal(statuses[what - 'a'], text, text_n, a);
    else if (what == 'C')
        cursor(text, a);
    doc = ds_json_read(a, text, text_n, &err);
    if (!doc)
        return 0;
    if (what == 'G')
        graphql(doc, a);
    else if (what == 'R')
        rest(doc, a);
    else if (what == 'N')
        names(doc, a);
    return 0;
}
