/* src/connectors/github/repo.c */
#include "connectors/github/repo.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Not: what only the single form has (subscribers_count), what depends on who asks (permissions),
 * templates of addresses, and what newer versions of the API leave out. */
const char *const ds_github_repo_members[] = {
    "id",
    "node_id",
    "name",
    "full_name",
    "private",
    "owner",
    "html_url",
    "description",
    "fork",
    "url",
    "created_at",
    "updated_at",
    "pushed_at",
    "homepage",
    "ssh_url",
    "clone_url",
    "size",
    "stargazers_count",
    "watchers_count",
    "language",
    "has_issues",
    "has_projects",
    "has_wiki",
    "has_discussions",
    "forks_count",
    "mirror_url",
    "archived",
    "disabled",
    "open_issues_count",
    "license",
    "is_template",
    "topics",
    "visibility",
    "default_branch",
    NULL,
};

const char *ds_github_key(const ds_json *object, ds_arena *a)
{
    int64_t id;

    if (!ds_json_int(ds_json_get(object, "id"), &id) || id <= 0)
        return NULL;
    return ds_arena_printf(a, "%" PRId64, id);
}

/* ---- properties -------------------------------------------------------------------------------
 */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), end_n = strlen(end);

    return n >= end_n && strcmp(text + n - end_n, end) == 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Nobody says that they come in an order. */
static ds_value sorted(ds_value list, ds_arena *a)
{
    const char **texts;

    if (list.type != DS_LIST)
        return list;
    texts = ds_arena_alloc(a, (list.n + 1) * sizeof(*texts));
    memcpy(texts, list.as.list, list.n * sizeof(*texts));
    qsort(texts, list.n, sizeof(*texts), by_text);
    return ds_list(texts, list.n);
}

static ds_value value_of(const char *name, const ds_json *json, ds_arena *a)
{
    ds_value value = ds_from_json(a, json), time;
    ds_err err = DS_ERR_INIT;

    if (value.type == DS_TEXT && ends_with(name, "_at") &&
        ds_value_as(a, value, DS_DATETIME, &time, &err))
        return time;
    return strcmp(name, "topics") == 0 ? sorted(value, a) : value;
}

void ds_github_set_members(ds_record *rec, const ds_json *object, ds_arena *a)
{
    ds_json_iter it = ds_json_iterate(object);
    const ds_json *value;

    while ((value = ds_json_next(&it)))
        ds_record_set(rec, ds_arena_strndup(a, it.name, it.name_n), value_of(it.name, value, a));
}

void ds_github_add_repo(ds_page *page, const ds_json *repo)
{
    ds_record *rec = ds_page_add(page);
    const char *name = ds_json_text(repo, "full_name");

    rec->primary_key = ds_github_key(repo, page->arena);
    rec->place = ds_arena_printf(page->arena, "repo:%.200s", name ? name : "?");
    ds_github_set_members(rec, repo, page->arena);
}

void ds_github_hold_hidden(ds_page *page, const char *hidden)
{
    if (hidden)
        ds_record_hold(ds_page_add(page), "organizations:hidden",
                       "GitHub hides the repositories of organisations %.100s: authorise the token "
                       "for their single sign-on, at github.com/settings/tokens",
                       hidden);
}

/* ---- gates ------------------------------------------------------------------------------------
 */

/* What is not known passes: a repository is not dropped for a member that was left out. */
static bool passes_choice(const char *choice, const ds_json *flag)
{
    if (ds_json_kind_of(flag) != DS_JSON_BOOL || strcmp(choice, "include") == 0)
        return true;
    return ds_json_truth(flag) == (strcmp(choice, "only") == 0);
}

static bool passes_visibility(const char *choice, const ds_json *repo)
{
    const char *is = ds_json_text(repo, "visibility");

    if (!is && ds_json_get(repo, "private"))
        is = ds_json_bool(repo, "private") ? "private" : "public";
    return !is || strcmp(choice, "all") == 0 || strcmp(choice, is) == 0;
}

static bool names(ds_texts list, const char *text)
{
    for (size_t i = 0; text && i < list.n; i++) {
        if (strcasecmp(list.items[i], text) == 0)
            return true;
    }
    return false;
}

static bool has_topic(ds_texts wanted, const ds_json *repo)
{
    bool any = !wanted.n || !ds_json_get(repo, "topics");

    DS_JSON_EACH (ds_json_get(repo, "topics"), topic) {
        any |= names(wanted, ds_json_str(topic, NULL));
    }
    return any;
}

bool ds_github_passes(const ds_github *gh, const ds_json *repo)
{
    return passes_visibility(gh->visibility, repo) &&
           passes_choice(gh->forks, ds_json_get(repo, "fork")) &&
           passes_choice(gh->archived, ds_json_get(repo, "archived")) &&
           has_topic(gh->topics, repo) &&
           (!gh->languages.n || names(gh->languages, ds_json_text(repo, "language")));
}
