/* src/fakes/github/kind.c - the stand-in of GitHub as the router takes it: its routes, its start.
 */
#include "fakes/github/routes.h"
#include "fakes/kinds.h"

#include <stdlib.h>

/* The same below a repository's name and below its id, as Link headers and moves lead to it. */
#define OF_REPO(below, function)                                                                   \
    {"GET", "/repos/{owner}/{repo}" below, function, 0},                                           \
    {                                                                                              \
        "GET", "/repositories/{id}" below, function, 0                                             \
    }

static const ds_fake_route routes[] = {
    {"GET", "/orgs/{org}/repos", ds_gh_org_repos, 0},
    {"GET", "/organizations/{id}/repos", ds_gh_org_repos, 0},
    {"GET", "/users/{user}/repos", ds_gh_user_repos, 0},
    {"GET", "/user/repos", ds_gh_my_repos, 0},
    {"GET", "/user/{id}/repos", ds_gh_user_repos, 0},
    {"GET", "/installation/repositories", ds_gh_installation_repos, 0},
    OF_REPO("", ds_gh_one_repo),
    OF_REPO("/readme", ds_gh_readme),
    OF_REPO("/languages", ds_gh_languages),
    OF_REPO("/contributors", ds_gh_contributors),
    OF_REPO("/issues", ds_gh_issues),
    OF_REPO("/issues/{number}", ds_gh_one_issue),
    OF_REPO("/pulls", ds_gh_pulls),
    OF_REPO("/pulls/{number}", ds_gh_one_pull),
    OF_REPO("/releases", ds_gh_releases),
    OF_REPO("/releases/{release}", ds_gh_one_release),
    {"GET", "/user", ds_gh_me, 0},
    {"GET", "/users/{user}", ds_gh_user, 0},
    {"GET", "/user/{id}", ds_gh_user, 0},
    {"GET", "/orgs/{org}", ds_gh_org, 0},
    {"GET", "/organizations/{id}", ds_gh_org, 0},
    {"GET", "/orgs/{org}/members", ds_gh_members, 0},
    {"GET", "/organizations/{id}/members", ds_gh_members, 0},
    {"GET", "/rate_limit", ds_gh_rate_limit, 0},
    {"GET", "/versions", ds_gh_versions, 0},
    {"POST", "/graphql", ds_gh_graphql, 0},

    {"POST", "/_fake/repos", ds_gh_add_repo, 0},
    {"PATCH", "/_fake/repos/{owner}/{repo}", ds_gh_edit_repo, 0},
    {"DELETE", "/_fake/repos/{owner}/{repo}", ds_gh_delete_repo, 0},
    {"POST", "/_fake/repos/{owner}/{repo}/push", ds_gh_push, 0},
    {"POST", "/_fake/repos/{owner}/{repo}/issues", ds_gh_add_issue, 0},
    {"PATCH", "/_fake/repos/{owner}/{repo}/issues/{number}", ds_gh_edit_inside, 0},
    {"DELETE", "/_fake/repos/{owner}/{repo}/issues/{number}", ds_gh_delete_inside, 0},
    {"POST", "/_fake/repos/{owner}/{repo}/releases", ds_gh_add_release, 0},
    {"PATCH", "/_fake/repos/{owner}/{repo}/releases/{release}", ds_gh_edit_inside, 0},
    {"DELETE", "/_fake/repos/{owner}/{repo}/releases/{release}", ds_gh_delete_inside, 0},
    {"PATCH", "/_fake/owners/{user}", ds_gh_edit_owner, 0},
    {"POST", "/_fake/tokens", ds_gh_set_token, 0},
    {"POST", "/_fake/limits", ds_gh_set_limits, 0},
};

bool ds_gh_read_limits(ds_gh *g, const char *text, ds_err *err)
{
    static const char *const names[] = {"core",         "graphql",        "anonymous",
                                        "minute",       "graphql_minute", "concurrent",
                                        "graphql_page", "hints",          NULL};
    int64_t hints = 1;
    const struct {
        int64_t *to, other;
    } of[] = {{&g->limits[DS_GH_CORE], 5000},
              {&g->limits[DS_GH_GRAPHQL], 5000},
              {&g->anonymous, 60},
              {&g->points[DS_GH_CORE], 900},
              {&g->points[DS_GH_GRAPHQL], 2000},
              {&g->concurrent, 100},
              {&g->page_most, 0},
              {&hints, 1}};

    if (!ds_fake_settings_known(text, "--limit", names, err))
        return false;
    for (size_t i = 0; i < DS_COUNT(of); i++)
        if (!ds_fake_setting(text, names[i], of[i].other, of[i].to, err))
            return ds_wrap(err, "--limit");
    g->hints = hints != 0;
    return true;
}

static void close_state(void *state)
{
    ds_gh *g = state;

    if (!g)
        return;
    ds_gh_lists_free(g);
    ds_gh_world_free(g->world);
    ds_arena_free(g->arena);
    free(g);
}

static void *open_state(const ds_fake_options *options, int64_t now_ms, ds_err *err)
{
    ds_gh *g = ds_calloc(1, sizeof *g);

    g->arena = ds_arena_new();
    g->world = ds_gh_world_new(options->seed, now_ms, err);
    if (g->world && ds_gh_read_limits(g, options->limit, err))
        return g;
    close_state(g);
    return NULL;
}

const ds_fake_kind ds_fake_github = {
    .name = "github",
    .routes = routes,
    .routes_n = DS_COUNT(routes),
    .open = open_state,
    .close = close_state,
    .before = ds_gh_before,
    .after = ds_gh_after,
    .refuse = ds_gh_refuse,
    .fault = ds_gh_fault,
    .faults = ds_gh_faults,
};
