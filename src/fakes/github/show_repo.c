/* src/fakes/github/show_repo.c - a repository as the REST API shows it, in a list and whole. */
#include "fakes/github/github.h"

#include <inttypes.h>

static const struct {
    const char *name, *path; /* below the repository */
} urls[] = {
    {"url", ""},
    {"forks_url", "/forks"},
    {"keys_url", "/keys{/key_id}"},
    {"collaborators_url", "/collaborators{/collaborator}"},
    {"teams_url", "/teams"},
    {"hooks_url", "/hooks"},
    {"issue_events_url", "/issues/events{/number}"},
    {"events_url", "/events"},
    {"assignees_url", "/assignees{/user}"},
    {"branches_url", "/branches{/branch}"},
    {"tags_url", "/tags"},
    {"blobs_url", "/git/blobs{/sha}"},
    {"git_tags_url", "/git/tags{/sha}"},
    {"git_refs_url", "/git/refs{/sha}"},
    {"trees_url", "/git/trees{/sha}"},
    {"statuses_url", "/statuses/{sha}"},
    {"languages_url", "/languages"},
    {"stargazers_url", "/stargazers"},
    {"contributors_url", "/contributors"},
    {"subscribers_url", "/subscribers"},
    {"subscription_url", "/subscription"},
    {"commits_url", "/commits{/sha}"},
    {"git_commits_url", "/git/commits{/sha}"},
    {"comments_url", "/comments{/number}"},
    {"issue_comment_url", "/issues/comments{/number}"},
    {"contents_url", "/contents/{+path}"},
    {"compare_url", "/compare/{base}...{head}"},
    {"merges_url", "/merges"},
    {"archive_url", "/{archive_format}{/ref}"},
    {"downloads_url", "/downloads"},
    {"issues_url", "/issues{/number}"},
    {"pulls_url", "/pulls{/number}"},
    {"milestones_url", "/milestones{/number}"},
    {"notifications_url", "/notifications{?since,all,participating}"},
    {"labels_url", "/labels{/name}"},
    {"releases_url", "/releases{/id}"},
    {"deployments_url", "/deployments"},
};

static void show_places(const ds_gh_show *s, const ds_gh_repo *repo)
{
    ds_arena *a = s->call->arena;
    const char *name = ds_gh_full_name(a, repo);

    ds_gh_w_text(s->w, "html_url", ds_arena_printf(a, "https://github.com/%s", name));
    for (size_t i = 0; i < DS_COUNT(urls); i++)
        ds_gh_w_url(s, urls[i].name, "/repos/%s%s", name, urls[i].path);
    ds_gh_w_text(s->w, "git_url", ds_arena_printf(a, "git://github.com/%s.git", name));
    ds_gh_w_text(s->w, "ssh_url", ds_arena_printf(a, "git@github.com:%s.git", name));
    ds_gh_w_text(s->w, "clone_url", ds_arena_printf(a, "https://github.com/%s.git", name));
    ds_gh_w_text(s->w, "svn_url", ds_arena_printf(a, "https://github.com/%s", name));
    ds_gh_w_null(s->w, "mirror_url");
}

static void show_license(const ds_gh_show *s, const char *spdx)
{
    const char *key;

    if (!spdx) {
        ds_gh_w_null(s->w, "license");
        return;
    }
    key = ds_gh_license_key(s->call->arena, spdx);
    ds_json_w_name(s->w, "license");
    ds_json_w_begin_object(s->w);
    ds_gh_w_text(s->w, "key", key);
    ds_gh_w_text(s->w, "name", ds_arena_printf(s->call->arena, "%s License", spdx));
    ds_gh_w_text(s->w, "spdx_id", spdx);
    ds_gh_w_url(s, "url", "/licenses/%s", key);
    ds_gh_w_text(s->w, "node_id", ds_arena_printf(s->call->arena, "L_%s", key));
    ds_json_w_end_object(s->w);
}

static void show_counts(const ds_gh_show *s, ds_gh_repo *repo)
{
    int64_t open = ds_gh_open_issues(s->g->world, repo, true, true);
    ds_json_writer *w = s->w;

    ds_gh_w_int(w, "size", repo->size_kb);
    ds_gh_w_int(w, "stargazers_count", repo->stars);
    ds_gh_w_int(w, "watchers_count", repo->stars);
    ds_gh_w_int(w, "forks_count", repo->forks);
    ds_gh_w_int(w, "open_issues_count", open);
    ds_gh_w_int(w, "forks", repo->forks);
    ds_gh_w_int(w, "open_issues", open);
    ds_gh_w_int(w, "watchers", repo->stars);
}

static void show_flags(const ds_gh_show *s, const ds_gh_repo *repo)
{
    ds_json_writer *w = s->w;

    ds_gh_w_bool(w, "has_issues", repo->has_issues);
    ds_gh_w_bool(w, "has_projects", true);
    if (!ds_gh_is_newer(s->call))
        ds_gh_w_bool(w, "has_downloads", true);
    ds_gh_w_bool(w, "has_wiki", true);
    ds_gh_w_bool(w, "has_pages", false);
    ds_gh_w_bool(w, "has_discussions", false);
    ds_gh_w_bool(w, "archived", repo->archived);
    ds_gh_w_bool(w, "disabled", repo->disabled);
    ds_gh_w_bool(w, "allow_forking", true);
    ds_gh_w_bool(w, "is_template", repo->is_template);
    ds_gh_w_bool(w, "web_commit_signoff_required", false);
    ds_gh_w_text(w, "visibility", ds_gh_visibility_name(repo->visibility));
}

static void show_permissions(const ds_gh_show *s)
{
    static const char *const names[] = {"admin", "maintain", "push", "triage", "pull"};

    ds_json_w_name(s->w, "permissions");
    ds_json_w_begin_object(s->w);
    for (size_t i = 0; i < DS_COUNT(names); i++)
        ds_gh_w_bool(s->w, names[i], !s->g->who.nobody || i == 4);
    ds_json_w_end_object(s->w);
}

static void show_whole(const ds_gh_show *s, const ds_gh_repo *repo)
{
    ds_gh_w_null(s->w, "temp_clone_token");
    if (repo->owner->org)
        ds_gh_show_user(s, "organization", repo->owner);
    ds_gh_w_int(s->w, "network_count", repo->forks);
    ds_gh_w_int(s->w, "subscribers_count", repo->watchers);
}

void ds_gh_show_repo(const ds_gh_show *s, ds_gh_repo *repo, bool whole)
{
    ds_json_writer *w = s->w;

    ds_json_w_begin_object(w);
    ds_gh_w_int(w, "id", repo->id);
    ds_gh_w_text(w, "node_id", ds_gh_node_id(s->call->arena, "R", repo->id));
    ds_gh_w_text(w, "name", repo->name);
    ds_gh_w_text(w, "full_name", ds_gh_full_name(s->call->arena, repo));
    ds_gh_w_bool(w, "private", repo->visibility != DS_GH_PUBLIC);
    ds_gh_show_user(s, "owner", repo->owner);
    ds_gh_w_text(w, "description", repo->description);
    ds_gh_w_bool(w, "fork", repo->fork);
    show_places(s, repo);
    ds_gh_w_time(w, "created_at", repo->created_s);
    ds_gh_w_time(w, "updated_at", repo->updated_s);
    ds_gh_w_time(w, "pushed_at", repo->pushed_s);
    ds_gh_w_text(w, "homepage", repo->homepage);
    ds_gh_w_text(w, "language", repo->language);
    ds_gh_w_text(w, "default_branch", repo->default_branch);
    show_counts(s, repo);
    show_flags(s, repo);
    show_license(s, repo->license);
    ds_json_w_name(w, "topics");
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < repo->topics_n; i++)
        ds_json_w_text(w, repo->topics[i]);
    ds_json_w_end_list(w);
    if (!s->g->who.nobody)
        show_permissions(s);
    if (whole)
        show_whole(s, repo);
    ds_json_w_end_object(w);
}
