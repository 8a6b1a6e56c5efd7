/* src/fakes/github/gql_repo.c - the fields of a repository. */
#include "fakes/github/gql_run.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

DS_GQL_REPO(show_id, ds_json_w_text(run->w, ds_gh_node_id(run->arena, "R", repo->id)))
DS_GQL_REPO(show_number, ds_json_w_int(run->w, repo->id))
DS_GQL_REPO(show_name, ds_json_w_text(run->w, repo->name))
DS_GQL_REPO(show_full_name, ds_json_w_text(run->w, ds_gh_full_name(run->arena, repo)))
DS_GQL_REPO(show_url, ds_json_w_text(run->w, ds_arena_printf(run->arena, "https://github.com/%s/%s",
                                                             repo->owner->login, repo->name)))
DS_GQL_REPO(show_ssh_url,
            ds_json_w_text(run->w, ds_arena_printf(run->arena, "git@github.com:%s/%s.git",
                                                   repo->owner->login, repo->name)))
DS_GQL_REPO(show_homepage, ds_json_w_text(run->w, repo->homepage))
DS_GQL_REPO(show_description, ds_json_w_text(run->w, repo->description))
DS_GQL_REPO(show_fork, ds_json_w_bool(run->w, repo->fork))
DS_GQL_REPO(show_archived, ds_json_w_bool(run->w, repo->archived))
DS_GQL_REPO(show_disabled, ds_json_w_bool(run->w, repo->disabled))
DS_GQL_REPO(show_template, ds_json_w_bool(run->w, repo->is_template))
DS_GQL_REPO(show_empty, ds_json_w_bool(run->w, repo->empty))
DS_GQL_REPO(show_private, ds_json_w_bool(run->w, repo->visibility != DS_GH_PUBLIC))
DS_GQL_REPO(show_in_organization, ds_json_w_bool(run->w, repo->owner->org))
DS_GQL_REPO(show_has_issues, ds_json_w_bool(run->w, repo->has_issues))
DS_GQL_REPO(show_true, (void)repo; ds_json_w_bool(run->w, true))
DS_GQL_REPO(show_false, (void)repo; ds_json_w_bool(run->w, false))
DS_GQL_REPO(show_null, (void)repo; ds_json_w_null(run->w))
DS_GQL_REPO(show_stars, ds_json_w_int(run->w, repo->stars))
DS_GQL_REPO(show_forks, ds_json_w_int(run->w, repo->forks))
DS_GQL_REPO(show_size, ds_json_w_int(run->w, repo->size_kb))
DS_GQL_REPO(show_created, ds_gql_w_time(run, repo->created_s))
DS_GQL_REPO(show_updated, ds_gql_w_time(run, repo->updated_s))
DS_GQL_REPO(show_pushed, ds_gql_w_time(run, repo->pushed_s))
DS_GQL_REPO(show_owner,
            ds_gql_show(run, ds_gql_type_of_owner(repo->owner), repo->owner, chosen->sets))

static void show_visibility(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    static const char *const names[] = {"PUBLIC", "PRIVATE", "INTERNAL"};

    (void)chosen;
    ds_json_w_text(run->w, names[((const ds_gh_repo *)object)->visibility]);
}

/* ---- language, licence, branch --------------------------------------------------------------- */

static void show_text_itself(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_text(run->w, object);
}

static const ds_gql_field language_fields[] = {{"name", NULL, NULL, false, show_text_itself},
                                               {"id", NULL, NULL, false, show_text_itself}};
static const ds_gql_type language = {"Language", NULL, language_fields, DS_COUNT(language_fields)};

static void show_language(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const char *name = ((const ds_gh_repo *)object)->language;

    if (name)
        ds_gql_show(run, &language, name, chosen->sets);
    else
        ds_json_w_null(run->w);
}

static void show_license_key(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_text(run->w, ds_gh_license_key(run->arena, object));
}

static void show_license_name(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_text(run->w, ds_arena_printf(run->arena, "%s License", (const char *)object));
}

static const ds_gql_field license_fields[] = {{"spdxId", NULL, NULL, false, show_text_itself},
                                              {"key", NULL, NULL, false, show_license_key},
                                              {"name", NULL, NULL, false, show_license_name}};
static const ds_gql_type license = {"License", NULL, license_fields, DS_COUNT(license_fields)};

static void show_license(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const char *spdx = ((const ds_gh_repo *)object)->license;

    if (spdx)
        ds_gql_show(run, &license, spdx, chosen->sets);
    else
        ds_json_w_null(run->w);
}

DS_GQL_REPO(show_branch_name, ds_json_w_text(run->w, repo->default_branch))
DS_GQL_REPO(show_branch_target, ds_gql_show(run, &ds_gql_commit, repo, chosen->sets))

static const ds_gql_field branch_fields[] = {
    {"name", NULL, NULL, false, show_branch_name},
    {"target", &ds_gql_git_object, NULL, false, show_branch_target},
};
static const ds_gql_type branch = {"Ref", NULL, branch_fields, DS_COUNT(branch_fields)};

static void show_branch(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    if (((const ds_gh_repo *)object)->empty)
        ds_json_w_null(run->w);
    else
        ds_gql_show(run, &branch, object, chosen->sets);
}

/* ---- counts ---------------------------------------------------------------------------------- */

static void show_count_itself(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_int(run->w, *(const int64_t *)object);
}

static const ds_gql_field count_fields[] = {{"totalCount", NULL, NULL, false, show_count_itself}};

const ds_gql_type ds_gql_count = {"Connection", NULL, count_fields, DS_COUNT(count_fields)};

/* Of `states`: all without it, none that matches: nothing. */
static void show_numbered(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen,
                          bool pulls)
{
    ds_gh_repo *repo = ds_gh_repo_by_id(run->g->world, ((const ds_gh_repo *)object)->id);
    const ds_gql_value *states = ds_gql_arg_value(run, chosen->args, "states");
    const ds_gql_value *one = states && states->kind == DS_GQL_LIST ? states->items : states;
    bool open = !states, closed = !states, merged = !states;
    int64_t n = 0;

    for (; one; one = states->kind == DS_GQL_LIST ? one->next : NULL) {
        const ds_gql_value *state = ds_gql_resolve(run, one);
        const char *name = state && state->text ? state->text : "";

        open = open || strcmp(name, "OPEN") == 0;
        closed = closed || strcmp(name, "CLOSED") == 0;
        merged = merged || strcmp(name, "MERGED") == 0;
    }
    ds_gh_fill(run->g->world, repo);
    for (size_t i = 0; i < repo->issues_n; i++) {
        const ds_gh_issue *issue = repo->issues[i];

        if (!issue->gone && (issue->pull_id != 0) == pulls)
            n += issue->merged_s ? merged : issue->closed ? closed : open;
    }
    ds_gql_show(run, &ds_gql_count, &n, chosen->sets);
}

DS_GQL_REPO(show_issues, show_numbered(run, repo, chosen, false))
DS_GQL_REPO(show_pulls, show_numbered(run, repo, chosen, true))
DS_GQL_REPO(show_watchers, ds_gql_show(run, &ds_gql_count, &repo->watchers, chosen->sets))
DS_GQL_REPO(show_stargazers, ds_gql_show(run, &ds_gql_count, &repo->stars, chosen->sets))

/* ---- the table ------------------------------------------------------------------------------- */

#define SCALAR(name, show)                                                                         \
    {                                                                                              \
        name, NULL, NULL, false, show                                                              \
    }

static const ds_gql_field repository_fields[] = {
    SCALAR("id", show_id),
    SCALAR("databaseId", show_number),
    SCALAR("name", show_name),
    SCALAR("nameWithOwner", show_full_name),
    SCALAR("url", show_url),
    SCALAR("sshUrl", show_ssh_url),
    SCALAR("mirrorUrl", show_null),
    SCALAR("homepageUrl", show_homepage),
    SCALAR("description", show_description),
    SCALAR("isFork", show_fork),
    SCALAR("isArchived", show_archived),
    SCALAR("isDisabled", show_disabled),
    SCALAR("isTemplate", show_template),
    SCALAR("isEmpty", show_empty),
    SCALAR("isPrivate", show_private),
    SCALAR("isMirror", show_false),
    SCALAR("isInOrganization", show_in_organization),
    SCALAR("hasIssuesEnabled", show_has_issues),
    SCALAR("hasWikiEnabled", show_true),
    SCALAR("hasProjectsEnabled", show_true),
    SCALAR("hasDiscussionsEnabled", show_false),
    SCALAR("visibility", show_visibility),
    SCALAR("stargazerCount", show_stars),
    SCALAR("forkCount", show_forks),
    SCALAR("diskUsage", show_size),
    SCALAR("createdAt", show_created),
    SCALAR("updatedAt", show_updated),
    SCALAR("pushedAt", show_pushed),
    {"owner", &ds_gql_owner, NULL, false, show_owner},
    {"primaryLanguage", &language, NULL, false, show_language},
    {"licenseInfo", &license, NULL, false, show_license},
    {"defaultBranchRef", &branch, NULL, false, show_branch},
    {"object", &ds_gql_git_object, " expression ", false, ds_gql_show_object},
    {"languages", &ds_gql_languages, " first after orderBy ", true, ds_gql_show_languages},
    {"repositoryTopics", &ds_gql_topics, " first after ", true, ds_gql_show_topics},
    {"issues", &ds_gql_count, " first states ", true, show_issues},
    {"pullRequests", &ds_gql_count, " first states ", true, show_pulls},
    {"watchers", &ds_gql_count, " first ", true, show_watchers},
    {"stargazers", &ds_gql_count, " first ", true, show_stargazers},
};

const ds_gql_type ds_gql_repository = {"Repository", " Node ", repository_fields,
                                       DS_COUNT(repository_fields)};
