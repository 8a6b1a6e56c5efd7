/* src/connectors/github/enrich.c */
#include "connectors/github/enrich.h"
#include "connectors/github/api.h"
#include "connectors/github/judge.h"
#include "connectors/github/readme.h"

#include <string.h>

#define RAW "application/vnd.github.raw+json"
#define README_MAX                                                                                 \
    (DS_MIB - 1024) /* so that it can be kept; the API itself gives a little more                  \
                     */

static const struct {
    const char *name, *path, *accept, *endpoint;
    int none; /* the status that means there is none */
} extras[DS_GITHUB_EXTRAS] = {
    {"readme", "readme", RAW, "GET /repos/{owner}/{repo}/readme", 404},
    {"languages", "languages", NULL, "GET /repos/{owner}/{repo}/languages", 0},
    {"contributors", "contributors?per_page=100", NULL, "GET /repos/{owner}/{repo}/contributors",
     204},
};

/* ---- what was kept: "STAMP\nVALUE" ------------------------------------------------------------
 */

typedef enum state { UNKNOWN = '?', NONE = '0', KNOWN = '=' } state;

typedef struct fact {
    state state;
    const char *text; /* KNOWN: a README's text, a list as JSON */
} fact;

typedef struct question {
    size_t record;
    ds_github_extra extra;
    const char *stamp; /* what a push would change */
    fact old;
} question;

static const char *key_of(const ds_record *rec, ds_github_extra extra, ds_arena *a)
{
    return ds_arena_printf(a, "%s:%s", extras[extra].name, rec->primary_key);
}

static const char *text_of(const ds_record *rec, const char *name)
{
    const ds_value *value = ds_record_get(rec, name);

    return value && (value->type == DS_TEXT || value->type == DS_DATETIME) ? value->as.text : NULL;
}

/* NULL: nobody can say whether it changed. */
static const char *stamp_of(const ds_record *rec, ds_arena *a)
{
    const char *pushed = text_of(rec, "pushed_at"), *branch = text_of(rec, "default_branch");

    if (!pushed || (branch && strpbrk(branch, "\r\n")))
        return NULL;
    return ds_arena_printf(a, "%s %s", pushed, branch ? branch : "");
}

/* *fresh: it is of this stamp. */
static fact recall(ds_activity *act, const ds_record *rec, question *q, bool *fresh)
{
    const char *kept = ds_activity_recall(act, key_of(rec, q->extra, ds_activity_arena(act)));
    const char *end = kept ? strchr(kept, '\n') : NULL;

    *fresh = false;
    if (!end || !strchr("?0=", end[1]) || !end[1])
        return (fact){UNKNOWN, NULL};
    *fresh = q->stamp && strlen(q->stamp) == (size_t)(end - kept) &&
             strncmp(kept, q->stamp, (size_t)(end - kept)) == 0;
    return (fact){(state)end[1], end + 2};
}

static void keep(ds_activity *act, const ds_record *rec, const question *q, fact now)
{
    ds_arena *a = ds_activity_arena(act);

    if (q->stamp)
        ds_activity_keep(act, key_of(rec, q->extra, a),
                         ds_arena_printf(a, "%s\n%c%s", q->stamp, (char)now.state,
                                         now.state == KNOWN ? now.text : ""));
}

/* ---- into the record --------------------------------------------------------------------------
 */

static void set(ds_record *rec, ds_github_extra extra, fact is, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *list;

    if (is.state == UNKNOWN)
        return;
    if (extra == DS_GITHUB_README) {
        ds_record_set(rec, extras[extra].name, is.state == NONE ? DS_VALUE_NULL : ds_text(is.text));
        return;
    }
    list = is.state == NONE ? NULL : ds_json_read(a, is.text, strlen(is.text), &err);
    if (is.state == NONE || ds_json_size(list) == 0)
        ds_record_set(rec, extras[extra].name, ds_list(NULL, 0));
    else
        ds_record_set(rec, extras[extra].name, ds_from_json(a, list));
}

/* ---- the answers ------------------------------------------------------------------------------
 */

static fact read_list(ds_activity *act, ds_github_extra extra, const ds_http_request *req)
{
    ds_arena *a = ds_activity_arena(act);
    DS_AUTO_BUF(text, DS_MIB);
    ds_json_writer w = ds_json_w(&text, false);
    ds_err err = DS_ERR_INIT;
    const ds_json *doc = ds_http_json(act, req, &err), *names;

    names =
        extra == DS_GITHUB_LANGUAGES ? ds_github_language_names(doc, a) : ds_github_logins(doc, a);
    if (!names)
        return (fact){UNKNOWN, NULL};
    ds_json_w_json(&w, names);
    return (fact){KNOWN, ds_arena_strdup(a, text.data)};
}

static fact read_answer(ds_activity *act, ds_github_extra extra, const ds_http_request *req)
{
    size_t n = req->answer.body_n;

    if (req->status && req->status == extras[extra].none)
        return (fact){NONE, NULL};
    if (req->err.kind != DS_ERR_NONE || req->status != 200)
        return (fact){UNKNOWN, NULL};
    if (extra == DS_GITHUB_README)
        return (fact){KNOWN, ds_utf8_repair(ds_activity_arena(act), req->answer.body, &n)};
    return read_list(act, extra, req);
}

/* A refusal for good is not asked about again before the next push. */
static bool is_for_good(const ds_http_request *req)
{
    return req->err.kind == DS_ERR_NONE || req->err.kind == DS_ERR_PERMANENT;
}

static bool answer(ds_activity *act, ds_page *page, question *q, const ds_http_request *req,
                   ds_err *err)
{
    ds_record *rec = &page->records[q->record];
    fact now = read_answer(act, q->extra, req);
    const char *said;

    if (now.state == UNKNOWN && req->status == 403 &&
        ds_github_meaning_of(&req->answer, page->arena, &said) == DS_GITHUB_NO_PERMISSION)
        return ds_github_fail(req, act, extras[q->extra].name, err);
    if (now.state == UNKNOWN) {
        ds_activity_warn(act, "%s of %s is not known, it stays as it was: %s",
                         extras[q->extra].name, rec->primary_key,
                         req->err.kind == DS_ERR_NONE ? "its answer cannot be read"
                                                      : req->err.text);
        now = q->old;
    }
    if (is_for_good(req))
        keep(act, rec, q, now);
    set(rec, q->extra, now, page->arena);
    return true;
}

/* ---- the questions ----------------------------------------------------------------------------
 */

static ds_http_request ask(const ds_record *rec, const question *q, ds_arena *a)
{
    ds_http_header *accept = ds_new_in(a, ds_http_header);

    *accept = (ds_http_header){"Accept", extras[q->extra].accept};
    return (ds_http_request){
        .method = "GET",
        .path =
            ds_arena_printf(a, "/repos/%s/%s", text_of(rec, "full_name"), extras[q->extra].path),
        .headers = accept,
        .headers_n = accept->value != NULL,
        .repeatable = true,
        .endpoint = extras[q->extra].endpoint,
        .answer_max = q->extra == DS_GITHUB_README ? README_MAX : 4 * DS_MIB,
    };
}

/* Sets what is known already; true: it has to be asked for. */
static bool is_open(ds_activity *act, ds_record *rec, question *q)
{
    ds_arena *a = ds_activity_arena(act);
    const char *full = text_of(rec, "full_name"), *owner, *name;
    bool fresh;

    if (!rec->primary_key || rec->hold || ds_record_get(rec, extras[q->extra].name) || !full ||
        !ds_github_split(full, a, &owner, &name))
        return false;
    q->stamp = stamp_of(rec, a);
    q->old = recall(act, rec, q, &fresh);
    if (fresh)
        set(rec, q->extra, q->old, a);
    return !fresh;
}

static size_t collect(const ds_github *gh, ds_activity *act, ds_page *page, question *questions)
{
    size_t n = 0;

    for (size_t i = 0; i < page->records_n; i++) {
        for (int extra = 0; extra < DS_GITHUB_EXTRAS; extra++) {
            questions[n] = (question){.record = i, .extra = (ds_github_extra)extra};
            n += gh->wants[extra] && is_open(act, &page->records[i], &questions[n]);
        }
    }
    return n;
}

/* Of a question about a README, GraphQL's name of its repository; NULL: it is not for GraphQL. */
static const char *node_of(const ds_page *page, const question *q)
{
    return q->extra == DS_GITHUB_README ? text_of(&page->records[q->record], "node_id") : NULL;
}

/* Answers what GraphQL can of the READMEs; what is left of the questions comes to the front. */
static bool by_graphql(ds_github *gh, ds_activity *act, ds_page *page, question *questions,
                       size_t *n, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    const char **ids = ds_arena_zalloc(a, (*n + 1) * sizeof(*ids));
    ds_github_readme *readmes = ds_arena_zalloc(a, (*n + 1) * sizeof(*readmes));
    size_t asked = 0, at = 0, left = 0;

    for (size_t i = 0; i < *n; i++) {
        ids[asked] = node_of(page, &questions[i]);
        asked += ids[asked] != NULL;
    }
    if (!ds_github_readmes(gh, act, ids, asked, readmes, err))
        return ds_wrap(err, "readme");
    for (size_t i = 0; i < *n; i++) {
        const question *q = &questions[i];
        ds_github_readme is = node_of(page, q) ? readmes[at++] : (ds_github_readme){.none = false};
        fact now = {is.none ? NONE : KNOWN, is.text};

        if (!is.none && !is.text) {
            questions[left++] = *q;
            continue;
        }
        keep(act, &page->records[q->record], q, now);
        set(&page->records[q->record], q->extra, now, a);
    }
    *n = left;
    return true;
}

bool ds_github_enrich(ds_github *gh, ds_activity *act, ds_page *page, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    size_t most = page->records_n * DS_GITHUB_EXTRAS + 1, n;
    question *questions;
    ds_http_request *requests;

    if (!ds_github_wants_extras(gh))
        return true;
    questions = ds_arena_alloc(a, most * sizeof(*questions));
    n = collect(gh, act, page, questions);
    if (n && gh->graphql && !by_graphql(gh, act, page, questions, &n, err))
        return false;
    requests = ds_arena_alloc(a, (n + 1) * sizeof(*requests));
    for (size_t i = 0; i < n; i++)
        requests[i] = ask(&page->records[questions[i].record], &questions[i], a);
    if (n && !ds_http_send(gh->rest, act, requests, n, err))
        return ds_wrap(err, "readme, languages, contributors");
    for (size_t i = 0; i < n; i++) {
        if (!answer(act, page, &questions[i], &requests[i], err))
            return false;
    }
    return true;
}
