/* src/connectors/github/types.c
 *
 * Which type each property has, as the API's documentation says.  Left out are lists whose entries
 * a column of options may not take: labels may have commas in them, addresses of files are long.
 */
#include "connectors/github/repo.h"

#include <string.h>

static const ds_property of_repos[] = {
    {"id", DS_INT},
    {"node_id", DS_TEXT},
    {"name", DS_TEXT},
    {"full_name", DS_TEXT},
    {"private", DS_BOOL},
    {"owner", DS_NESTED},
    {"html_url", DS_TEXT},
    {"description", DS_TEXT},
    {"fork", DS_BOOL},
    {"url", DS_TEXT},
    {"created_at", DS_DATETIME},
    {"updated_at", DS_DATETIME},
    {"pushed_at", DS_DATETIME},
    {"homepage", DS_TEXT},
    {"ssh_url", DS_TEXT},
    {"clone_url", DS_TEXT},
    {"size", DS_INT},
    {"stargazers_count", DS_INT},
    {"watchers_count", DS_INT},
    {"language", DS_TEXT},
    {"has_issues", DS_BOOL},
    {"has_projects", DS_BOOL},
    {"has_wiki", DS_BOOL},
    {"has_discussions", DS_BOOL},
    {"forks_count", DS_INT},
    {"mirror_url", DS_TEXT},
    {"archived", DS_BOOL},
    {"disabled", DS_BOOL},
    {"open_issues_count", DS_INT},
    {"license", DS_NESTED},
    {"license.key", DS_TEXT},
    {"license.name", DS_TEXT},
    {"license.spdx_id", DS_TEXT},
    {"is_template", DS_BOOL},
    {"topics", DS_LIST},
    {"visibility", DS_TEXT},
    {"default_branch", DS_TEXT},
    {"readme", DS_TEXT},
    {"languages", DS_LIST},
    {"contributors", DS_LIST},
};

static const ds_property inside[] = {
    {"id", DS_INT},
    {"node_id", DS_TEXT},
    {"number", DS_INT},
    {"title", DS_TEXT},
    {"state", DS_TEXT},
    {"state_reason", DS_TEXT},
    {"body", DS_TEXT},
    {"user", DS_NESTED},
    {"author", DS_NESTED},
    {"assignees", DS_LIST},
    {"requested_reviewers", DS_LIST},
    {"milestone", DS_NESTED},
    {"milestone.number", DS_INT},
    {"milestone.title", DS_TEXT},
    {"milestone.state", DS_TEXT},
    {"milestone.html_url", DS_TEXT},
    {"locked", DS_BOOL},
    {"comments", DS_INT},
    {"html_url", DS_TEXT},
    {"url", DS_TEXT},
    {"created_at", DS_DATETIME},
    {"updated_at", DS_DATETIME},
    {"closed_at", DS_DATETIME},
    {"merged_at", DS_DATETIME},
    {"published_at", DS_DATETIME},
    {"draft", DS_BOOL},
    {"prerelease", DS_BOOL},
    {"head", DS_NESTED},
    {"head.label", DS_TEXT},
    {"head.ref", DS_TEXT},
    {"head.sha", DS_TEXT},
    {"base", DS_NESTED},
    {"base.label", DS_TEXT},
    {"base.ref", DS_TEXT},
    {"base.sha", DS_TEXT},
    {"active_lock_reason", DS_TEXT},
    {"author_association", DS_TEXT},
    {"repository_url", DS_TEXT},
    {"repository.full_name", DS_TEXT},
    {"tag_name", DS_TEXT},
    {"name", DS_TEXT},
    {"tarball_url", DS_TEXT},
    {"zipball_url", DS_TEXT},
    {"target_commitish", DS_TEXT},
};

/* Members of the people that objects name. */
static const ds_property of_people[] = {
    {"login", DS_TEXT}, {"id", DS_INT},        {"node_id", DS_TEXT},
    {"type", DS_TEXT},  {"html_url", DS_TEXT},
};
static const char *const people[] = {"owner", "user", "author"};

bool ds_github_describe(ds_source *self, ds_activity *act, const ds_property **out, size_t *n,
                        ds_err *err)
{
    bool repos = ds_github_items_of((const ds_github *)self) == DS_GITHUB_REPOS;
    const ds_property *known = repos ? of_repos : inside;
    size_t known_n = repos ? DS_COUNT(of_repos) : DS_COUNT(inside);
    ds_arena *a = ds_activity_arena(act);
    ds_property *all;

    (void)err;
    all = ds_arena_alloc(a, (known_n + DS_COUNT(people) * DS_COUNT(of_people)) * sizeof(*all));
    memcpy(all, known, known_n * sizeof(*all));
    for (size_t i = 0; i < DS_COUNT(people); i++)
        for (size_t k = 0; k < DS_COUNT(of_people); k++)
            all[known_n++] = (ds_property){
                ds_arena_printf(a, "%s.%s", people[i], of_people[k].name), of_people[k].type};
    *out = all;
    *n = known_n;
    return true;
}
