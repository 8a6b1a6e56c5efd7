/* src/connectors/github/graphql.c
 *
 * A page of an organisation's sweep.  Time is GraphQL's limit, not points: a page that took too
 * long (502, 504, an error of resources) is asked for again with half as many repositories.
 */
#include "connectors/github/graphql.h"
#include "connectors/github/api.h"
#include "connectors/github/enrich.h"
#include "connectors/github/judge.h"
#include "connectors/github/node.h"
#include "connectors/github/repo.h"
#include "connectors/github/sweep.h"

#include <string.h>

#define NODES_MAX ((size_t)1000) /* more were not asked for */

/* ---- the answer -------------------------------------------------------------------------------
 */

typedef struct node_of { /* errors that concern one field of one node */
    const ds_json *errors;
    int64_t index;
} node_of;

/* ["organization", "repositories", "nodes", 3, "languages", ...]; -1: of no node. */
static int64_t node_index(const ds_json *error)
{
    const ds_json *path = ds_json_get(error, "path");
    const char *list = ds_json_str(ds_json_at(path, 2), NULL);
    int64_t index;

    if (!list || strcmp(list, "nodes") != 0 || !ds_json_int(ds_json_at(path, 3), &index))
        return -1;
    return index;
}

static bool has_failed(const void *of, const char *field)
{
    const node_of *node = of;

    DS_JSON_EACH (node->errors, error) {
        const char *name = ds_json_str(ds_json_at(ds_json_get(error, "path"), 4), NULL);

        if (node_index(error) == node->index && name && strcmp(name, field) == 0)
            return true;
    }
    return false;
}

static bool is_about_right(const char *type)
{
    static const char *const types[] = {"NOT_FOUND", "FORBIDDEN", "INSUFFICIENT_SCOPES"};

    for (size_t i = 0; type && i < DS_COUNT(types); i++) {
        if (strcmp(type, types[i]) == 0)
            return true;
    }
    return false;
}

/* What concerns more than one node: then the page is not to be trusted. */
static bool read_errors(const ds_json *errors, ds_github_graphql_answer *out)
{
    DS_JSON_EACH (errors, error) {
        const char *message = ds_json_text(error, "message"), *type = ds_json_text(error, "type");

        if (node_index(error) >= 0)
            continue;
        out->why = message ? message : type ? type : "it does not say why";
        out->end = is_about_right(type) ? DS_GITHUB_GRAPHQL_REFUSED : DS_GITHUB_GRAPHQL_TOO_MUCH;
        return false;
    }
    return true;
}

static void read_node(const ds_json *node, const ds_json *errors, const char *base_url, ds_arena *a,
                      ds_github_graphql_answer *out)
{
    node_of of = {errors, (int64_t)out->n};
    int64_t number;

    out->repos[out->n] = NULL;
    out->lost[out->n] = NULL;
    if (ds_json_kind_of(node) == DS_JSON_OBJECT)
        out->repos[out->n] = ds_github_node_read(node, base_url, has_failed, &of, a);
    if (out->repos[out->n] && !ds_json_int(ds_json_get(node, "databaseId"), &number))
        out->lost[out->n] = ds_json_text(node, "nameWithOwner");
    out->n++;
}

void ds_github_graphql_read(const ds_json *doc, const char *base_url, ds_arena *a,
                            ds_github_graphql_answer *out)
{
    const ds_json *errors = ds_json_get(doc, "errors");
    const ds_json *list = ds_json_path(doc, "data.organization.repositories");
    const ds_json *nodes = ds_json_get(list, "nodes"), *info = ds_json_get(list, "pageInfo");

    *out = (ds_github_graphql_answer){.total = ds_json_integer(list, "totalCount", -1)};
    if (!read_errors(errors, out))
        return;
    if (ds_json_kind_of(nodes) != DS_JSON_LIST || ds_json_kind_of(info) != DS_JSON_OBJECT ||
        ds_json_size(nodes) > NODES_MAX) {
        out->end = DS_GITHUB_GRAPHQL_TOO_MUCH;
        out->why = "the answer holds no list of repositories";
        return;
    }
    out->repos = ds_arena_alloc(a, (ds_json_size(nodes) + 1) * sizeof(*out->repos));
    out->lost = ds_arena_alloc(a, (ds_json_size(nodes) + 1) * sizeof(*out->lost));
    DS_JSON_EACH (nodes, node) {
        read_node(node, errors, base_url, a, out);
    }
    if (ds_json_bool(info, "hasNextPage"))
        out->next = ds_json_text(info, "endCursor");
    if (ds_json_kind_of(ds_json_get(info, "hasNextPage")) == DS_JSON_BOOL &&
        !out->next == !ds_json_bool(info, "hasNextPage"))
        return;
    out->end = DS_GITHUB_GRAPHQL_TOO_MUCH; /* else what it leaves out would count as gone */
    out->why = "the answer does not say where the list goes on";
}

/* ---- the request ------------------------------------------------------------------------------
 */

/* What the API wrote, without our token in it. */
static const char *without_token(const ds_github *gh, const char *text, ds_arena *a)
{
    const char *token = ds_secret_reveal(gh->token);

    return strstr(text, token) ? "(what it says holds the token)"
                               : ds_arena_strndup(a, text, DS_MIN(strlen(text), (size_t)200));
}

static bool send(ds_github *gh, ds_activity *act, const char *body, int64_t n, ds_http_request *req,
                 ds_err *err)
{
    *req = (ds_http_request){.method = "POST",
                             .path = "/graphql",
                             .body = body,
                             .body_n = strlen(body),
                             .repeatable = true, /* it asks, and changes nothing */
                             .endpoint = "POST /graphql",
                             .pool = "graphql",
                             .cost = ds_github_graphql_cost(gh, n)};
    return ds_http_send(gh->graphql, act, req, 1, err);
}

static bool took_too_long(const ds_http_request *req)
{
    return req->status == 502 || req->status == 504;
}

/* One try at this size. *smaller: it was too much. */
static bool ask(ds_github *gh, ds_activity *act, const char *org, const ds_github_place *place,
                ds_github_graphql_answer *out, bool *smaller, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    ds_http_request req;
    const ds_json *doc;

    *smaller = false;
    if (!send(gh, act, ds_github_graphql_query(gh, org, place, a), place->n, &req, err))
        return ds_wrap(err, "%s", org);
    if (req.err.kind != DS_ERR_NONE) {
        *smaller = took_too_long(&req);
        return ds_github_fail(&req, act, org, err);
    }
    doc = ds_http_json(act, &req, err);
    if (!doc)
        return false;
    ds_github_graphql_read(doc, gh->http.base_url, a, out);
    out->hidden = ds_github_hidden(&req.answer);
    if (out->end == DS_GITHUB_GRAPHQL_READ)
        return true;
    *smaller = out->end == DS_GITHUB_GRAPHQL_TOO_MUCH;
    return ds_fail(err, *smaller ? DS_ERR_TRANSIENT : DS_ERR_CONFIG, "%s: GraphQL: %s", org,
                   without_token(gh, out->why, a));
}

static bool ask_smaller(ds_github *gh, ds_activity *act, const char *org, ds_github_place *place,
                        ds_github_graphql_answer *out, ds_err *err)
{
    bool smaller;

    for (;;) {
        if (ask(gh, act, org, place, out, &smaller, err))
            return true;
        if (!smaller || ds_activity_stopping(act) || !ds_github_shrink(place))
            return false;
        *err = DS_ERR_INIT;
    }
}

/* ---- the page ---------------------------------------------------------------------------------
 */

/* Numbers that GraphQL's integers cannot hold: REST has them. */
static bool add_lost(ds_github *gh, ds_activity *act, const ds_github_graphql_answer *answer,
                     ds_page *page, ds_err *err)
{
    ds_github_get *gets = ds_arena_zalloc(page->arena, (answer->n + 1) * sizeof(*gets));
    const char *owner, *name;
    size_t n = 0;

    for (size_t i = 0; i < answer->n; i++) {
        if (!answer->lost[i] || !ds_github_split(answer->lost[i], page->arena, &owner, &name))
            continue;
        gets[n].url = ds_arena_printf(page->arena, "/repos/%s/%s", owner, name);
        gets[n].endpoint = "GET /repos/{owner}/{repo}";
        gets[n++].members = ds_github_repo_members;
    }
    if (n && !ds_github_get_all(gh, act, gets, n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!gets[i].doc)
            return ds_github_fail(&gets[i].req, act, gets[i].url, err);
        if (ds_github_passes(gh, gets[i].doc))
            ds_github_add_repo(page, gets[i].doc);
    }
    return true;
}

static void add_repos(const ds_github *gh, const ds_github_graphql_answer *answer,
                      const char *after, ds_page *page)
{
    for (size_t i = 0; i < answer->n; i++) {
        const ds_json *repo = answer->repos[i];

        if (answer->lost[i])
            continue;
        if (!repo)
            ds_record_hold(ds_page_add(page),
                           ds_arena_printf(page->arena, "node:%.100s:%zu", after, i + 1),
                           "GitHub hides this repository from the token");
        else if (ds_github_passes(gh, repo))
            ds_github_add_repo(page, repo);
    }
}

bool ds_github_graphql_page(ds_github *gh, ds_activity *act, const ds_fetch *want, ds_page *page,
                            ds_err *err)
{
    const char *org = ds_github_org_of(gh, want->unit);
    ds_github_place place = {.n = DS_GITHUB_BATCH_MOST};
    ds_github_graphql_answer answer = {.n = 0};

    page->restart = want->cursor && !ds_github_place_read(want->cursor, &place);
    if (page->restart)
        place = (ds_github_place){.n = DS_GITHUB_BATCH_MOST};
    place.n = DS_MIN(place.n, (int64_t)DS_MAX(want->limit, (size_t)1));
    if (!ask_smaller(gh, act, org, &place, &answer, err))
        return false;
    page->total_hint = answer.total;
    add_repos(gh, &answer, place.after ? place.after : "", page);
    ds_github_hold_hidden(page, answer.hidden);
    if (!add_lost(gh, act, &answer, page, err))
        return false;
    ds_github_grow(&place);
    place.after = answer.next;
    if (answer.next)
        page->next_cursor = ds_github_place_text(&place, page->arena);
    return ds_github_enrich(gh, act, page, err);
}
