/* src/fakes/github/control.c
 *
 * The side door: changes what the stand-in holds as somebody at GitHub would.  Members are named as
 * the REST API names them; an edit moves updated_at to the stand-in's time unless it says another.
 */
#include "fakes/github/routes.h"

#include "base/text.h"
#include "fakes/github/edit.h"

#include <stdlib.h>
#include <string.h>

static void wrong(ds_fake_call *call, int status, const char *text)
{
    ds_json_writer *w = ds_fake_json(call, status);

    ds_json_w_begin_object(w);
    ds_gh_w_text(w, "error", text);
    ds_json_w_end_object(w);
}

static int64_t now_s(const ds_fake_call *call)
{
    return ds_floor_div(call->now_ms, 1000);
}

/* By any name it has or had; NULL: answered with a 404. */
static ds_gh_repo *repo_of(ds_gh *g, ds_fake_call *call)
{
    ds_gh_repo *repo =
        ds_gh_repo_find(g->world, ds_fake_param(call, "owner"), ds_fake_param(call, "repo"));

    g->who = (ds_gh_who){0};
    if (repo && !repo->gone)
        return repo;
    wrong(call, 404, "no such repository");
    return NULL;
}

static void show_repo(ds_gh *g, ds_fake_call *call, ds_gh_repo *repo, int status)
{
    ds_gh_show show = {g, call, ds_fake_json(call, status)};

    ds_gh_show_repo(&show, repo, true);
}

/* ---- repositories ---------------------------------------------------------------------------- */

static void edit_and_show(ds_gh *g, ds_fake_call *call, ds_gh_repo *repo, int status)
{
    ds_err err = DS_ERR_INIT;

    if (ds_gh_edit(g->world, repo, call->json, now_s(call), &err))
        show_repo(g, call, repo, status);
    else
        wrong(call, 400, err.text);
}

void ds_gh_add_repo(void *state, ds_fake_call *call)
{
    ds_gh *g = state;
    const char *login = ds_json_text(call->json, "owner"), *name = ds_json_text(call->json, "name");
    ds_gh_owner *owner = login ? ds_gh_owner_find(g->world, login) : NULL;
    const ds_gh_repo *there = owner && name ? ds_gh_repo_find(g->world, login, name) : NULL;

    g->who = (ds_gh_who){0};
    if (!owner || !name || !*name)
        wrong(call, 400, "\"owner\" is one there is, \"name\" a text");
    else if (there && !there->gone && strcmp(there->name, name) == 0)
        wrong(call, 422, "there is one of that name");
    else
        edit_and_show(g, call, ds_gh_repo_add(g->world, owner, name, now_s(call)), 201);
}

void ds_gh_edit_repo(void *state, ds_fake_call *call)
{
    ds_gh_repo *repo = repo_of(state, call);

    if (repo)
        edit_and_show(state, call, repo, 200);
}

void ds_gh_delete_repo(void *state, ds_fake_call *call)
{
    ds_gh_repo *repo = repo_of(state, call);
    ds_gh *g = state;

    if (!repo)
        return;
    repo->gone = true;
    g->world->revision++;
    ds_fake_raw(call, 204, NULL, NULL, 0);
}

void ds_gh_push(void *state, ds_fake_call *call)
{
    ds_gh_repo *repo = repo_of(state, call);
    ds_gh *g = state;

    if (!repo)
        return;
    repo->pushes++;
    repo->empty = false;
    repo->size_kb++;
    repo->pushed_s = now_s(call);
    if (repo->contributors_n == 0)
        repo->contributors[repo->contributors_n++].user = g->world->owners[0];
    repo->contributors[0].contributions++;
    edit_and_show(g, call, repo, 200);
}

/* ---- issues and releases --------------------------------------------------------------------- */

typedef struct inside { /* one of the two */
    ds_gh_repo *repo;
    ds_gh_issue *issue;
    ds_gh_release *release;
} inside;

/* What the path names; false: answered that there is none. */
static bool find_inside(ds_gh *g, ds_fake_call *call, inside *it)
{
    const char *number = ds_fake_param(call, "number"), *id = ds_fake_param(call, "release");
    bool is_issue = *number != '\0'; /* the other route has no such part */
    int64_t n;

    *it = (inside){.repo = repo_of(g, call)};
    if (!it->repo)
        return false;
    ds_gh_fill(g->world, it->repo);
    if (ds_parse_int(is_issue ? number : id, &n)) {
        it->issue = is_issue ? ds_gh_issue_find(it->repo, n) : NULL;
        it->release = is_issue ? NULL : ds_gh_release_find(it->repo, n);
    }
    if ((it->issue && !it->issue->gone) || (it->release && !it->release->gone))
        return true;
    wrong(call, 404, is_issue ? "no such issue" : "no such release");
    return false;
}

static void edit_and_show_inside(ds_gh *g, ds_fake_call *call, const inside *it, int status)
{
    ds_err err = DS_ERR_INIT;
    ds_gh_show show = {g, call, NULL};

    if (it->issue ? !ds_gh_edit_issue_to(g->world, it->issue, call->json, now_s(call), &err)
                  : !ds_gh_edit_release_to(g->world, it->release, call->json, &err)) {
        wrong(call, 400, err.text);
        return;
    }
    show.w = ds_fake_json(call, status);
    if (it->issue)
        ds_gh_show_issue(&show, it->repo, it->issue);
    else
        ds_gh_show_release(&show, it->repo, it->release);
}

void ds_gh_add_issue(void *state, ds_fake_call *call)
{
    ds_gh *g = state;
    inside it = {.repo = repo_of(g, call)};

    if (!it.repo)
        return;
    ds_gh_fill(g->world, it.repo);
    it.issue = ds_gh_issue_add(g->world, it.repo, ds_json_bool(call->json, "pull"));
    it.issue->created_s = now_s(call);
    it.issue->user = g->world->owners[0];
    edit_and_show_inside(g, call, &it, 201);
}

void ds_gh_add_release(void *state, ds_fake_call *call)
{
    ds_gh *g = state;
    inside it = {.repo = repo_of(g, call)};

    if (!it.repo)
        return;
    ds_gh_fill(g->world, it.repo);
    it.release = ds_gh_release_add(g->world, it.repo);
    it.release->created_s = it.release->published_s = now_s(call);
    it.release->author = g->world->owners[0];
    edit_and_show_inside(g, call, &it, 201);
}

void ds_gh_edit_inside(void *state, ds_fake_call *call)
{
    inside it;

    if (find_inside(state, call, &it))
        edit_and_show_inside(state, call, &it, 200);
}

void ds_gh_delete_inside(void *state, ds_fake_call *call)
{
    inside it;

    if (!find_inside(state, call, &it))
        return;
    if (it.issue)
        it.issue->gone = true;
    else
        it.release->gone = true;
    ds_fake_raw(call, 204, NULL, NULL, 0);
}

/* ---- owners, tokens, limits ------------------------------------------------------------------ */

void ds_gh_edit_owner(void *state, ds_fake_call *call)
{
    ds_gh *g = state;
    ds_gh_owner *owner = ds_gh_owner_find(g->world, ds_fake_param(call, "user"));
    const char *login = ds_json_text(call->json, "login");

    if (!owner) {
        wrong(call, 404, "no such owner");
    } else if (!login || !*login || ds_gh_owner_find(g->world, login)) {
        wrong(call, 400, "\"login\" is a text that nobody else has");
    } else {
        ds_gh_owner_rename(g->world, owner, login);
        ds_fake_raw(call, 204, NULL, NULL, 0);
    }
}

static ds_gh_token *token_for(ds_gh *g, const char *text)
{
    for (size_t i = 0; i < g->tokens_n; i++)
        if (strcmp(g->tokens[i].text, text) == 0)
            return &g->tokens[i];
    if (g->tokens_n == DS_GH_TOKENS_MAX)
        return NULL;
    g->tokens[g->tokens_n].text = ds_arena_strdup(g->arena, text);
    return &g->tokens[g->tokens_n++];
}

/* {"token": "...", "login": "ben", "dead": true, "blind": true, "scopes": "repo", "hidden": "41"};
 * without a login it is ada's, with null an app's. */
void ds_gh_set_token(void *state, ds_fake_call *call)
{
    ds_gh *g = state;
    const char *text = ds_json_text(call->json, "token");
    const ds_json *login = ds_json_get(call->json, "login");
    ds_gh_token *token = text && *text ? token_for(g, text) : NULL;

    if (!token) {
        wrong(call, 400, "\"token\" is a text; 64 are known at most");
        return;
    }
    token->login = login ? ds_arena_strdup(g->arena, ds_json_str(login, NULL)) : "ada";
    token->scopes = ds_arena_strdup(g->arena, ds_json_text(call->json, "scopes"));
    token->dead = ds_json_bool(call->json, "dead");
    token->hidden = ds_arena_strdup(g->arena, ds_json_text(call->json, "hidden"));
    token->blind = ds_json_bool(call->json, "blind") || token->hidden;
    ds_fake_raw(call, 204, NULL, NULL, 0);
}

/* {"limits": "core=10,minute=0"}; what was spent is forgotten. */
void ds_gh_set_limits(void *state, ds_fake_call *call)
{
    ds_gh *g = state;
    const char *text = ds_json_text(call->json, "limits");
    ds_err err = DS_ERR_INIT;

    if (!ds_gh_read_limits(g, text, &err)) {
        wrong(call, 400, err.text);
        return;
    }
    g->budgets_n = 0;
    ds_fake_raw(call, 204, NULL, NULL, 0);
}
