/* src/fakes/github/show_issue.c - issues, pull requests and releases as the REST API shows them. */
#include "fakes/github/github.h"

#include <inttypes.h>
#include <string.h>

static const char *base(const ds_gh_show *s, const ds_gh_repo *repo)
{
    return ds_arena_printf(s->call->arena, "/repos/%s/%s", repo->owner->login, repo->name);
}

static const char *page_of(const ds_gh_show *s, const ds_gh_repo *repo, const ds_gh_issue *issue)
{
    return ds_arena_printf(s->call->arena, "https://github.com/%s/%s/%s/%" PRId64,
                           repo->owner->login, repo->name, issue->pull_id ? "pull" : "issues",
                           issue->number);
}

static void show_labels(const ds_gh_show *s, const ds_gh_repo *repo, const ds_gh_issue *issue)
{
    ds_json_w_name(s->w, "labels");
    ds_json_w_begin_list(s->w);
    for (size_t i = 0; i < issue->labels_n; i++) {
        int64_t id = 5000 + (int64_t)i;

        ds_json_w_begin_object(s->w);
        ds_gh_w_int(s->w, "id", id);
        ds_gh_w_text(s->w, "node_id", ds_gh_node_id(s->call->arena, "LA", id));
        ds_gh_w_url(s, "url", "%s/labels/%s", base(s, repo), issue->labels[i]);
        ds_gh_w_text(s->w, "name", issue->labels[i]);
        ds_gh_w_text(s->w, "color", "d73a4a");
        ds_gh_w_bool(s->w, "default", true);
        ds_gh_w_text(s->w, "description", "");
        ds_json_w_end_object(s->w);
    }
    ds_json_w_end_list(s->w);
}

/* What issues and pull requests have alike. */
static void show_common(const ds_gh_show *s, const ds_gh_repo *repo, const ds_gh_issue *issue)
{
    ds_json_writer *w = s->w;

    ds_gh_w_int(w, "number", issue->number);
    ds_gh_w_text(w, "html_url", page_of(s, repo, issue));
    ds_gh_w_text(w, "title", issue->title);
    ds_gh_show_user(s, "user", issue->user);
    show_labels(s, repo, issue);
    ds_gh_w_text(w, "state", issue->closed ? "closed" : "open");
    ds_gh_w_bool(w, "locked", issue->locked);
    ds_gh_w_null(w, "active_lock_reason");
    if (!ds_gh_is_newer(s->call))
        ds_gh_show_user(s, "assignee", issue->assignee);
    ds_json_w_name(w, "assignees");
    ds_json_w_begin_list(w);
    if (issue->assignee)
        ds_gh_show_user(s, NULL, issue->assignee);
    ds_json_w_end_list(w);
    ds_gh_w_null(w, "milestone");
    ds_gh_w_time(w, "created_at", issue->created_s);
    ds_gh_w_time(w, "updated_at", issue->updated_s);
    ds_gh_w_time(w, "closed_at", issue->closed_s);
    ds_gh_w_text(w, "author_association", "CONTRIBUTOR");
    ds_gh_w_text(w, "body", issue->body);
}

static void show_pull_part(const ds_gh_show *s, const ds_gh_repo *repo, const ds_gh_issue *issue)
{
    const char *page = page_of(s, repo, issue);

    ds_gh_w_bool(s->w, "draft", issue->draft);
    ds_json_w_name(s->w, "pull_request");
    ds_json_w_begin_object(s->w);
    ds_gh_w_url(s, "url", "%s/pulls/%" PRId64, base(s, repo), issue->number);
    ds_gh_w_text(s->w, "html_url", page);
    ds_gh_w_text(s->w, "diff_url", ds_arena_printf(s->call->arena, "%s.diff", page));
    ds_gh_w_text(s->w, "patch_url", ds_arena_printf(s->call->arena, "%s.patch", page));
    ds_gh_w_time(s->w, "merged_at", issue->merged_s);
    ds_json_w_end_object(s->w);
}

void ds_gh_show_issue(const ds_gh_show *s, const ds_gh_repo *repo, const ds_gh_issue *issue)
{
    static const char *const below[] = {"labels", "comments", "events", "timeline"};
    const char *url =
        ds_arena_printf(s->call->arena, "%s/issues/%" PRId64, base(s, repo), issue->number);
    ds_json_writer *w = s->w;

    ds_json_w_begin_object(w);
    ds_gh_w_url(s, "url", "%s", url);
    ds_gh_w_url(s, "repository_url", "%s", base(s, repo));
    for (size_t i = 0; i < DS_COUNT(below); i++)
        ds_gh_w_url(s, ds_arena_printf(s->call->arena, "%s_url", below[i]), "%s/%s%s", url,
                    below[i], i == 0 ? "{/name}" : "");
    ds_gh_w_int(w, "id", issue->id);
    ds_gh_w_text(w, "node_id",
                 ds_gh_node_id(s->call->arena, issue->pull_id ? "PR" : "I", issue->id));
    show_common(s, repo, issue);
    ds_gh_w_int(w, "comments", issue->comments);
    ds_gh_w_text(w, "state_reason", issue->state_reason);
    if (issue->pull_id)
        show_pull_part(s, repo, issue);
    ds_json_w_end_object(w);
}

/* ---- pull requests --------------------------------------------------------------------------- */

static void show_end(const ds_gh_show *s, const char *name, ds_gh_repo *repo, const char *ref)
{
    ds_json_w_name(s->w, name);
    ds_json_w_begin_object(s->w);
    ds_gh_w_text(s->w, "label", ds_arena_printf(s->call->arena, "%s:%s", repo->owner->login, ref));
    ds_gh_w_text(s->w, "ref", ref);
    ds_gh_w_text(s->w, "sha", ds_gh_object_id(s->call->arena, ref, strlen(ref)));
    ds_gh_show_user(s, "user", repo->owner);
    ds_json_w_name(s->w, "repo");
    ds_gh_show_repo(s, repo, false);
    ds_json_w_end_object(s->w);
}

static void show_links(const ds_gh_show *s, const ds_gh_repo *repo, const ds_gh_issue *pull)
{
    static const struct {
        const char *name, *path;
    } of[] = {{"self", "/pulls/%"},
              {"html", "/pulls/%"},
              {"issue", "/issues/%"},
              {"comments", "/issues/%/comments"},
              {"commits", "/pulls/%/commits"},
              {"statuses", "/statuses/%"},
              {"review_comments", "/pulls/%/comments"},
              {"review_comment", "/pulls/comments{/number}"}};

    ds_json_w_name(s->w, "_links");
    ds_json_w_begin_object(s->w);
    for (size_t i = 0; i < DS_COUNT(of); i++) {
        DS_AUTO_BUF(path, DS_KIB);

        for (const char *at = of[i].path; *at; at++)
            if (*at == '%')
                ds_buf_printf(&path, "%" PRId64, pull->number);
            else
                ds_buf_char(&path, *at);
        ds_json_w_name(s->w, of[i].name);
        ds_json_w_begin_object(s->w);
        ds_gh_w_url(s, "href", "%s%s", base(s, repo), path.data);
        ds_json_w_end_object(s->w);
    }
    ds_json_w_end_object(s->w);
}

static void show_pull_urls(const ds_gh_show *s, const ds_gh_repo *repo, const ds_gh_issue *pull)
{
    const char *page = page_of(s, repo, pull), *at = base(s, repo);
    int64_t n = pull->number;

    ds_gh_w_url(s, "url", "%s/pulls/%" PRId64, at, n);
    ds_gh_w_text(s->w, "diff_url", ds_arena_printf(s->call->arena, "%s.diff", page));
    ds_gh_w_text(s->w, "patch_url", ds_arena_printf(s->call->arena, "%s.patch", page));
    ds_gh_w_url(s, "issue_url", "%s/issues/%" PRId64, at, n);
    ds_gh_w_url(s, "commits_url", "%s/pulls/%" PRId64 "/commits", at, n);
    ds_gh_w_url(s, "review_comments_url", "%s/pulls/%" PRId64 "/comments", at, n);
    ds_gh_w_url(s, "review_comment_url", "%s/pulls/comments{/number}", at);
    ds_gh_w_url(s, "comments_url", "%s/issues/%" PRId64 "/comments", at, n);
    ds_gh_w_url(s, "statuses_url", "%s/statuses/%" PRId64, at, n);
}

static void show_pull_whole(const ds_gh_show *s, const ds_gh_issue *pull)
{
    static const char *const counts[] = {"review_comments", "commits", "additions", "deletions",
                                         "changed_files"};

    ds_gh_w_bool(s->w, "merged", pull->merged_s != 0);
    ds_gh_w_null(s->w, "mergeable");
    ds_gh_w_null(s->w, "rebaseable");
    ds_gh_w_text(s->w, "mergeable_state", "unknown");
    ds_gh_show_user(s, "merged_by", pull->merged_s ? pull->user : NULL);
    ds_gh_w_int(s->w, "comments", pull->comments);
    ds_gh_w_bool(s->w, "maintainer_can_modify", true);
    for (size_t i = 0; i < DS_COUNT(counts); i++)
        ds_gh_w_int(s->w, counts[i], pull->number % 7 + (int64_t)i);
}

void ds_gh_show_pull(const ds_gh_show *s, ds_gh_repo *repo, const ds_gh_issue *pull, bool whole)
{
    static const char *const lists[] = {"requested_reviewers", "requested_teams"};
    ds_json_writer *w = s->w;

    ds_json_w_begin_object(w);
    show_pull_urls(s, repo, pull);
    ds_gh_w_int(w, "id", pull->pull_id);
    ds_gh_w_text(w, "node_id", ds_gh_node_id(s->call->arena, "PR", pull->pull_id));
    show_common(s, repo, pull);
    ds_gh_w_time(w, "merged_at", pull->merged_s);
    if (!ds_gh_is_newer(s->call))
        ds_gh_w_text(w, "merge_commit_sha",
                     pull->merged_s ? ds_gh_object_id(s->call->arena, &pull->id, sizeof pull->id)
                                    : NULL);
    for (size_t i = 0; i < DS_COUNT(lists); i++) {
        ds_json_w_name(w, lists[i]);
        ds_json_w_begin_list(w);
        ds_json_w_end_list(w);
    }
    ds_gh_w_bool(w, "draft", pull->draft);
    show_end(s, "head", repo, pull->head);
    show_end(s, "base", repo, pull->base);
    show_links(s, repo, pull);
    ds_gh_w_null(w, "auto_merge");
    if (whole)
        show_pull_whole(s, pull);
    ds_json_w_end_object(w);
}

/* ---- releases -------------------------------------------------------------------------------- */

void ds_gh_show_release(const ds_gh_show *s, const ds_gh_repo *repo, const ds_gh_release *release)
{
    const char *at = base(s, repo);
    ds_json_writer *w = s->w;

    ds_json_w_begin_object(w);
    ds_gh_w_url(s, "url", "%s/releases/%" PRId64, at, release->id);
    ds_gh_w_url(s, "assets_url", "%s/releases/%" PRId64 "/assets", at, release->id);
    ds_gh_w_url(s, "upload_url", "%s/releases/%" PRId64 "/assets{?name,label}", at, release->id);
    ds_gh_w_text(w, "html_url",
                 ds_arena_printf(s->call->arena, "https://github.com/%s/%s/releases/tag/%s",
                                 repo->owner->login, repo->name, release->tag));
    ds_gh_w_int(w, "id", release->id);
    ds_gh_show_user(s, "author", release->author);
    ds_gh_w_text(w, "node_id", ds_gh_node_id(s->call->arena, "RE", release->id));
    ds_gh_w_text(w, "tag_name", release->tag);
    ds_gh_w_text(w, "target_commitish", repo->default_branch);
    ds_gh_w_text(w, "name", release->name);
    ds_gh_w_bool(w, "draft", release->draft);
    ds_gh_w_bool(w, "prerelease", release->prerelease);
    ds_gh_w_time(w, "created_at", release->created_s);
    ds_gh_w_time(w, "published_at", release->published_s);
    ds_json_w_name(w, "assets");
    ds_json_w_begin_list(w);
    ds_json_w_end_list(w);
    ds_gh_w_url(s, "tarball_url", "%s/tarball/%s", at, release->tag);
    ds_gh_w_url(s, "zipball_url", "%s/zipball/%s", at, release->tag);
    ds_gh_w_text(w, "body", release->body);
    ds_json_w_end_object(w);
}
