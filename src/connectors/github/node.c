/* src/connectors/github/node.c
 *
 * The table says which field of GraphQL holds which member of REST.  What the answer leaves out, or
 * tells an error of, is left out here: it is not known.
 */
#include "connectors/github/node.h"
#include "connectors/github/enrich.h"

#include <string.h>

typedef struct node {
    const ds_json *json;
    const char *base_url;
    bool (*failed)(const void *of, const char *field);
    const void *of;
    ds_arena *arena;
    ds_json_writer *w;
} node;

typedef struct member {
    const char *name, *field;
    void (*write)(const node *n, const ds_json *value); /* NULL: as it is */
} member;

static void write_visibility(const node *n, const ds_json *value)
{
    const char *text = ds_json_str(value, NULL);
    char *lower = ds_arena_strdup(n->arena, text ? text : "");

    for (char *at = lower; *at; at++)
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at + 32 : *at);
    ds_json_w_text(n->w, text ? lower : NULL);
}

static void write_name(const node *n, const ds_json *value)
{
    ds_json_w_text(n->w, ds_json_text(value, "name"));
}

static void write_clone_url(const node *n, const ds_json *value)
{
    const char *url = ds_json_str(value, NULL);

    ds_json_w_text(n->w, url ? ds_arena_printf(n->arena, "%s.git", url) : NULL);
}

static void write_api_url(const node *n, const ds_json *value)
{
    const char *full = ds_json_str(value, NULL);

    ds_json_w_text(n->w, full ? ds_arena_printf(n->arena, "%s/repos/%s", n->base_url, full) : NULL);
}

static void write_as(const node *n, const char *name, const ds_json *value)
{
    ds_json_w_name(n->w, name);
    ds_json_w_json(n->w, value);
}

static void write_license(const node *n, const ds_json *value)
{
    if (ds_json_kind_of(value) != DS_JSON_OBJECT) {
        ds_json_w_null(n->w);
        return;
    }
    ds_json_w_begin_object(n->w);
    write_as(n, "key", ds_json_get(value, "key"));
    write_as(n, "name", ds_json_get(value, "name"));
    write_as(n, "spdx_id", ds_json_get(value, "spdxId"));
    ds_json_w_end_object(n->w);
}

static void write_owner(const node *n, const ds_json *value)
{
    ds_json_w_begin_object(n->w);
    write_as(n, "login", ds_json_get(value, "login"));
    write_as(n, "id", ds_json_get(value, "databaseId"));
    write_as(n, "node_id", ds_json_get(value, "id"));
    write_as(n, "type", ds_json_get(value, "__typename"));
    write_as(n, "html_url", ds_json_get(value, "url"));
    ds_json_w_end_object(n->w);
}

static void write_topics(const node *n, const ds_json *value)
{
    ds_json_w_begin_list(n->w);
    DS_JSON_EACH (ds_json_get(value, "nodes"), one) {
        const char *name = ds_json_text(ds_json_get(one, "topic"), "name");

        if (name)
            ds_json_w_text(n->w, name);
    }
    ds_json_w_end_list(n->w);
}

static const member members[] = {
    {"id", "databaseId", NULL},
    {"node_id", "id", NULL},
    {"name", "name", NULL},
    {"full_name", "nameWithOwner", NULL},
    {"private", "isPrivate", NULL},
    {"owner", "owner", write_owner},
    {"html_url", "url", NULL},
    {"description", "description", NULL},
    {"fork", "isFork", NULL},
    {"url", "nameWithOwner", write_api_url},
    {"created_at", "createdAt", NULL},
    {"updated_at", "updatedAt", NULL},
    {"pushed_at", "pushedAt", NULL},
    {"homepage", "homepageUrl", NULL},
    {"ssh_url", "sshUrl", NULL},
    {"clone_url", "url", write_clone_url},
    {"size", "diskUsage", NULL},
    {"stargazers_count", "stargazerCount", NULL},
    {"watchers_count", "stargazerCount", NULL},
    {"language", "primaryLanguage", write_name},
    {"has_issues", "hasIssuesEnabled", NULL},
    {"has_projects", "hasProjectsEnabled", NULL},
    {"has_wiki", "hasWikiEnabled", NULL},
    {"has_discussions", "hasDiscussionsEnabled", NULL},
    {"forks_count", "forkCount", NULL},
    {"mirror_url", "mirrorUrl", NULL},
    {"archived", "isArchived", NULL},
    {"disabled", "isDisabled", NULL},
    {"license", "licenseInfo", write_license},
    {"is_template", "isTemplate", NULL},
    {"topics", "repositoryTopics", write_topics},
    {"visibility", "visibility", write_visibility},
};

/* ---- what has to be worked out ----------------------------------------------------------------
 */

/* An empty repository has no branch here, and one by REST: not known. */
static void write_branch(const node *n)
{
    const char *name = ds_json_text(ds_json_get(n->json, "defaultBranchRef"), "name");

    if (!name)
        return;
    ds_json_w_name(n->w, "default_branch");
    ds_json_w_text(n->w, name);
}

/* REST counts pull requests among the issues. */
static void write_open_issues(const node *n)
{
    const ds_json *issues = ds_json_get(n->json, "issues");
    const ds_json *pulls = ds_json_get(n->json, "pullRequests");
    int64_t of_issues = ds_json_integer(issues, "totalCount", -1);
    int64_t of_pulls = ds_json_integer(pulls, "totalCount", -1), sum;

    if (of_issues < 0 || of_pulls < 0 || n->failed(n->of, "issues") ||
        n->failed(n->of, "pullRequests") || __builtin_add_overflow(of_issues, of_pulls, &sum))
        return;
    ds_json_w_name(n->w, "open_issues_count");
    ds_json_w_int(n->w, sum);
}

/* More than came are asked for by REST. */
static void write_languages(const node *n)
{
    const ds_json *languages = ds_json_get(n->json, "languages");
    const ds_json *edges = ds_json_get(languages, "edges"), *names;
    DS_AUTO_BUF(bytes, DS_MIB);
    ds_json_writer w = ds_json_w(&bytes, false);
    ds_err err = DS_ERR_INIT;

    if (ds_json_kind_of(edges) != DS_JSON_LIST || n->failed(n->of, "languages") ||
        ds_json_integer(languages, "totalCount", -1) != (int64_t)ds_json_size(edges))
        return;
    ds_json_w_begin_object(&w);
    DS_JSON_EACH (edges, edge) {
        const char *name = ds_json_text(ds_json_get(edge, "node"), "name");

        if (!name)
            return;
        write_as(&(node){.w = &w}, name, ds_json_get(edge, "size"));
    }
    ds_json_w_end_object(&w);
    names = bytes.overflow ? NULL : ds_json_read(n->arena, bytes.data, bytes.n, &err);
    names = ds_github_language_names(names, n->arena);
    if (names)
        write_as(n, "languages", names);
}

static void write_member(const node *n, const member *m)
{
    const ds_json *value = ds_json_get(n->json, m->field);

    if (!value || n->failed(n->of, m->field))
        return;
    ds_json_w_name(n->w, m->name);
    if (m->write)
        m->write(n, value);
    else
        ds_json_w_json(n->w, value);
}

const ds_json *ds_github_node_read(const ds_json *json, const char *base_url,
                                   bool (*failed)(const void *of, const char *field),
                                   const void *of, ds_arena *a)
{
    DS_AUTO_BUF(out, DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);
    node n = {json, base_url, failed, of, a, &w};
    ds_err err = DS_ERR_INIT;

    w.exact = true;
    ds_json_w_begin_object(&w);
    for (size_t i = 0; i < DS_COUNT(members); i++)
        write_member(&n, &members[i]);
    write_branch(&n);
    write_open_issues(&n);
    write_languages(&n);
    ds_json_w_end_object(&w);
    return out.overflow ? NULL : ds_json_read(a, out.data, out.n, &err);
}
