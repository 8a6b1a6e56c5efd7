/* src/fakes/github/content.c - README, languages, contributors: what only a push changes. */
#include "fakes/github/routes.h"

#include "base/base64.h"

#include <inttypes.h>
#include <string.h>

#define LINE_BYTES ((size_t)45) /* sixty characters of base64 */

/* With a line break behind each sixty characters, as GitHub sends it. */
static const char *base64(ds_arena *a, const char *data, size_t n)
{
    char *out = ds_arena_alloc(a, (n / LINE_BYTES + 1) * 61 + 1), *end = out;

    for (size_t i = 0; i < n; i += LINE_BYTES) {
        size_t line_n = DS_MIN(n - i, LINE_BYTES);

        end = stpcpy(end, ds_base64_write((const uint8_t *)data + i, line_n, a));
        *end++ = '\n';
    }
    *end = '\0';
    return out;
}

static void show_readme(const ds_gh_show *s, const ds_gh_repo *repo)
{
    ds_arena *a = s->call->arena;
    const char *sha = ds_gh_object_id(a, repo->readme, repo->readme_n);
    const char *at = ds_arena_printf(a, "/repos/%s/%s", repo->owner->login, repo->name);
    const char *page = ds_arena_printf(a, "https://github.com/%s/%s/blob/%s/%s", repo->owner->login,
                                       repo->name, repo->default_branch, repo->readme_name);
    const char *self = ds_arena_printf(a, "%s%s/contents/%s?ref=%s", s->call->origin, at,
                                       repo->readme_name, repo->default_branch);
    const char *git = ds_arena_printf(a, "%s%s/git/blobs/%s", s->call->origin, at, sha);
    ds_json_writer *w = s->w;

    ds_json_w_begin_object(w);
    ds_gh_w_text(w, "name", repo->readme_name);
    ds_gh_w_text(w, "path", repo->readme_name);
    ds_gh_w_text(w, "sha", sha);
    ds_gh_w_int(w, "size", (int64_t)repo->readme_n);
    ds_gh_w_text(w, "url", self);
    ds_gh_w_text(w, "html_url", page);
    ds_gh_w_text(w, "git_url", git);
    ds_gh_w_url(s, "download_url", "%s/raw/%s", at, repo->readme_name);
    ds_gh_w_text(w, "type", "file");
    ds_gh_w_text(w, "content", base64(a, repo->readme, repo->readme_n));
    ds_gh_w_text(w, "encoding", "base64");
    ds_json_w_name(w, "_links");
    ds_json_w_begin_object(w);
    ds_gh_w_text(w, "self", self);
    ds_gh_w_text(w, "git", git);
    ds_gh_w_text(w, "html", page);
    ds_json_w_end_object(w);
    ds_json_w_end_object(w);
}

void ds_gh_readme(void *state, ds_fake_call *call)
{
    const ds_gh_repo *repo = ds_gh_repo_of(state, call);
    const char *accept = ds_fake_header(call, "accept");
    const char *ref = ds_fake_query(call, "ref");

    if (!repo)
        return;
    if (!repo->readme || (ref && strcmp(ref, repo->default_branch) != 0)) {
        ds_gh_error(call, 404, NULL);
    } else if (accept && strstr(accept, "raw")) {
        ds_fake_raw(call, 200, "application/vnd.github.raw+json; charset=utf-8", repo->readme,
                    repo->readme_n);
    } else {
        ds_gh_show show = {state, call, ds_fake_json(call, 200)};

        show_readme(&show, repo);
    }
}

void ds_gh_languages(void *state, ds_fake_call *call)
{
    const ds_gh_repo *repo = ds_gh_repo_of(state, call);
    ds_json_writer *w;

    if (!repo)
        return;
    w = ds_fake_json(call, 200);
    ds_json_w_begin_object(w);
    for (size_t i = 0; i < repo->languages_n; i++)
        ds_gh_w_int(w, repo->languages[i].name, repo->languages[i].bytes);
    ds_json_w_end_object(w);
}

/* ---- contributors ---------------------------------------------------------------------------- */

static void show_anonymous(ds_json_writer *w, const ds_gh_contributor *c)
{
    ds_json_w_begin_object(w);
    ds_gh_w_text(w, "email", c->email);
    ds_gh_w_text(w, "name", c->name);
    ds_gh_w_text(w, "type", "Anonymous");
    ds_gh_w_int(w, "contributions", c->contributions);
    ds_json_w_end_object(w);
}

/* A user with one member more. */
static void show_contributor(const ds_gh_show *s, const ds_gh_contributor *c)
{
    DS_AUTO_BUF(user, DS_MIB);
    ds_json_writer w = ds_json_w(&user, false);
    ds_gh_show inner = {s->g, s->call, &w};

    if (!c->user) {
        show_anonymous(s->w, c);
        return;
    }
    ds_gh_show_user(&inner, NULL, c->user);
    user.data[--user.n] = '\0'; /* its closing brace */
    ds_buf_printf(&user, ",\"contributions\":%" PRId64 "}", c->contributions);
    ds_json_w_raw(s->w, user.data, user.n);
}

static bool asks_for_anonymous(const ds_fake_call *call)
{
    const char *anon = ds_fake_query(call, "anon");

    return anon && (strcmp(anon, "1") == 0 || strcmp(anon, "true") == 0);
}

void ds_gh_contributors(void *state, ds_fake_call *call)
{
    const ds_gh_repo *repo = ds_gh_repo_of(state, call);
    const ds_gh_contributor *list[DS_GH_CONTRIBUTORS_MAX];
    bool anonymous = asks_for_anonymous(call);
    ds_gh_show show = {state, call, NULL};
    ds_gh_page page;
    size_t n = 0;

    if (!repo)
        return;
    if (repo->empty) {
        ds_fake_raw(call, 204, NULL, NULL, 0);
        return;
    }
    if (repo->contributors_too_many) {
        ds_gh_fault(state, call, "too-large", "");
        return;
    }
    for (size_t i = 0; i < repo->contributors_n; i++)
        if (repo->contributors[i].user || anonymous)
            list[n++] = &repo->contributors[i];
    page = ds_gh_page_of(
        call, n, ds_arena_printf(call->arena, "/repositories/%" PRId64 "/contributors", repo->id));
    show.w = ds_fake_json(call, 200);
    ds_json_w_begin_list(show.w);
    for (size_t i = page.first; i < page.end; i++)
        show_contributor(&show, list[i]);
    ds_json_w_end_list(show.w);
}
