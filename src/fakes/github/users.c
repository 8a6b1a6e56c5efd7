/* src/fakes/github/users.c - users, organisations, who asks, and what is left of the limits. */
#include "fakes/github/routes.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

ds_gh_owner *ds_gh_owner_of(const ds_gh *g, const ds_fake_call *call)
{
    const char *org = ds_fake_param(call, "org"), *user = ds_fake_param(call, "user");
    int64_t id;

    if (*org || *user)
        return ds_gh_owner_find(g->world, *org ? org : user);
    return ds_parse_int(ds_fake_param(call, "id"), &id) ? ds_gh_owner_by_id(g->world, id) : NULL;
}

static int64_t count_repos(const ds_gh *g, const ds_gh_owner *owner, bool public)
{
    int64_t n = 0;

    for (size_t i = 0; i < g->world->repos_n; i++) {
        const ds_gh_repo *repo = g->world->repos[i];

        n += !repo->gone && repo->owner == owner && (repo->visibility == DS_GH_PUBLIC) == public;
    }
    return n;
}

/* Members of an object that is open already but for its closing brace. */
static void show_more(const ds_gh_show *s, const ds_gh_owner *user, const char *const *nulls)
{
    for (size_t i = 0; nulls[i]; i++)
        ds_gh_w_null(s->w, nulls[i]);
    ds_gh_w_text(s->w, "name", user->login);
    ds_gh_w_int(s->w, "public_repos", count_repos(s->g, user, true));
    ds_gh_w_int(s->w, "public_gists", 0);
    ds_gh_w_int(s->w, "followers", user->id % 50);
    ds_gh_w_int(s->w, "following", user->id % 7);
    ds_gh_w_time(s->w, "created_at", user->created_s);
    ds_gh_w_time(s->w, "updated_at", user->created_s);
}

static void show_private(const ds_gh_show *s, const ds_gh_owner *user)
{
    int64_t n = count_repos(s->g, user, false);

    ds_gh_w_int(s->w, "private_gists", 0);
    ds_gh_w_int(s->w, "total_private_repos", n);
    ds_gh_w_int(s->w, "owned_private_repos", n);
    ds_gh_w_int(s->w, "disk_usage", 0);
    ds_gh_w_int(s->w, "collaborators", 0);
    ds_gh_w_bool(s->w, "two_factor_authentication", true);
}

/* A user's short form, opened again and written on. */
static void show_user(const ds_gh_show *s, const ds_gh_owner *user, bool own)
{
    static const char *const nulls[] = {"bio",      "blog",     "company", "email",
                                        "hireable", "location", NULL};
    DS_AUTO_BUF(more, DS_MIB);
    DS_AUTO_BUF(text, DS_MIB);
    ds_json_writer short_w = ds_json_w(&text, false), more_w = ds_json_w(&more, false);
    ds_gh_show short_form = {s->g, s->call, &short_w}, rest = {s->g, s->call, &more_w};

    ds_gh_show_user(&short_form, NULL, user);
    ds_json_w_begin_object(&more_w);
    show_more(&rest, user, nulls);
    if (own)
        show_private(&rest, user);
    ds_json_w_end_object(&more_w);
    text.data[text.n - 1] = ',';
    ds_buf_add(&text, more.data + 1, more.n - 1);
    ds_json_w_raw(s->w, text.data, text.n);
}

void ds_gh_me(void *state, ds_fake_call *call)
{
    ds_gh *g = state;
    ds_gh_show show = {g, call, NULL};

    if (!g->who.user) {
        ds_gh_error(call, g->who.nobody ? 401 : 403,
                    g->who.nobody ? "Requires authentication"
                                  : "Resource not accessible by integration");
        return;
    }
    show.w = ds_fake_json(call, 200);
    show_user(&show, g->who.user, true);
}

static void show_org(const ds_gh_show *s, const ds_gh_owner *org)
{
    static const char *const urls[] = {"repos", "events", "hooks", "issues", "members"};
    static const char *const nulls[] = {"description", "archived_at", NULL};
    ds_json_writer *w = s->w;

    ds_json_w_begin_object(w);
    ds_gh_w_text(w, "login", org->login);
    ds_gh_w_int(w, "id", org->id);
    ds_gh_w_text(w, "node_id", ds_gh_node_id(s->call->arena, "O", org->id));
    ds_gh_w_url(s, "url", "/orgs/%s", org->login);
    for (size_t i = 0; i < DS_COUNT(urls); i++)
        ds_gh_w_url(s, ds_arena_printf(s->call->arena, "%s_url", urls[i]), "/orgs/%s/%s%s",
                    org->login, urls[i], i == 4 ? "{/member}" : "");
    ds_gh_w_url(s, "public_members_url", "/orgs/%s/public_members{/member}", org->login);
    ds_gh_w_url(s, "avatar_url", "/avatars/%" PRId64, org->id);
    ds_gh_w_text(w, "html_url",
                 ds_arena_printf(s->call->arena, "https://github.com/%s", org->login));
    ds_gh_w_bool(w, "has_organization_projects", true);
    ds_gh_w_bool(w, "has_repository_projects", true);
    ds_gh_w_text(w, "type", "Organization");
    show_more(s, org, nulls);
    ds_json_w_end_object(w);
}

void ds_gh_user(void *state, ds_fake_call *call)
{
    const ds_gh_owner *user = ds_gh_owner_of(state, call);
    ds_gh_show show = {state, call, NULL};

    if (!user) {
        ds_gh_error(call, 404, NULL);
        return;
    }
    show.w = ds_fake_json(call, 200);
    show_user(&show, user, false);
}

void ds_gh_org(void *state, ds_fake_call *call)
{
    const ds_gh_owner *org = ds_gh_owner_of(state, call);
    ds_gh_show show = {state, call, NULL};

    if (!org || !org->org) {
        ds_gh_error(call, 404, NULL);
        return;
    }
    show.w = ds_fake_json(call, 200);
    show_org(&show, org);
}

void ds_gh_members(void *state, ds_fake_call *call)
{
    ds_gh *g = state;
    const ds_gh_owner *org = ds_gh_owner_of(g, call);
    ds_gh_show show = {g, call, NULL};
    const ds_gh_owner **list;
    ds_gh_page page;
    size_t n = 0;

    if (!org || !org->org) {
        ds_gh_error(call, 404, NULL);
        return;
    }
    list = ds_arena_alloc(call->arena, g->world->owners_n * sizeof *list);
    for (size_t i = 0; i < g->world->owners_n; i++)
        if (!g->world->owners[i]->org && !g->world->owners[i]->bot)
            list[n++] = g->world->owners[i];
    page = ds_gh_page_of(
        call, n, ds_arena_printf(call->arena, "/organizations/%" PRId64 "/members", org->id));
    show.w = ds_fake_json(call, 200);
    ds_json_w_begin_list(show.w);
    for (size_t i = page.first; i < page.end; i++)
        ds_gh_show_user(&show, NULL, list[i]);
    ds_json_w_end_list(show.w);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void show_bucket(ds_json_writer *w, const ds_gh *g, const char *name, ds_gh_bucket bucket)
{
    int64_t limit = ds_gh_limit(g, bucket), used = g->who.budget->hour[bucket].used;

    ds_json_w_name(w, name);
    ds_json_w_begin_object(w);
    ds_gh_w_int(w, "limit", limit);
    ds_gh_w_int(w, "used", used);
    ds_gh_w_int(w, "remaining", limit - used);
    ds_gh_w_int(w, "reset", g->who.budget->hour[bucket].reset_s);
    ds_json_w_end_object(w);
}

void ds_gh_rate_limit(void *state, ds_fake_call *call)
{
    const ds_gh *g = state;
    ds_json_writer *w = ds_fake_json(call, 200);

    ds_json_w_begin_object(w);
    ds_json_w_name(w, "resources");
    ds_json_w_begin_object(w);
    show_bucket(w, g, "core", DS_GH_CORE);
    show_bucket(w, g, "search", DS_GH_CORE);
    show_bucket(w, g, "graphql", DS_GH_GRAPHQL);
    ds_json_w_end_object(w);
    if (!ds_gh_is_newer(call))
        show_bucket(w, g, "rate", DS_GH_CORE);
    ds_json_w_end_object(w);
}

void ds_gh_versions(void *state, ds_fake_call *call)
{
    ds_json_writer *w = ds_fake_json(call, 200);

    (void)state;
    ds_json_w_begin_list(w);
    ds_json_w_text(w, "2026-03-10");
    ds_json_w_text(w, "2022-11-28");
    ds_json_w_end_list(w);
}
