/* src/fakes/github/show.c - small parts of what the REST API shows: members, users, ids. */
#include "fakes/github/github.h"

#include "base/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void ds_gh_w_text(ds_json_writer *w, const char *name, const char *text)
{
    ds_json_w_name(w, name);
    ds_json_w_text(w, text);
}

void ds_gh_w_int(ds_json_writer *w, const char *name, int64_t number)
{
    ds_json_w_name(w, name);
    ds_json_w_int(w, number);
}

void ds_gh_w_bool(ds_json_writer *w, const char *name, bool truth)
{
    ds_json_w_name(w, name);
    ds_json_w_bool(w, truth);
}

void ds_gh_w_null(ds_json_writer *w, const char *name)
{
    ds_json_w_name(w, name);
    ds_json_w_null(w);
}

void ds_gh_w_time(ds_json_writer *w, const char *name, int64_t seconds)
{
    DS_AUTO(ds_arena) a = ds_arena_new();

    ds_gh_w_text(w, name, seconds ? ds_time_text(a, seconds * 1000, false) : NULL);
}

void ds_gh_w_url(const ds_gh_show *s, const char *name, const char *fmt, ...)
{
    char path[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(path, sizeof path, fmt, args);
    va_end(args);
    ds_gh_w_text(s->w, name, ds_arena_printf(s->call->arena, "%s%s", s->call->origin, path));
}

const char *ds_gh_node_id(ds_arena *a, const char *prefix, int64_t id)
{
    return ds_arena_printf(a, "%s_kgDO%08" PRIx64, prefix, (uint64_t)id);
}

const char *ds_gh_license_key(ds_arena *a, const char *spdx)
{
    char *key = ds_arena_strdup(a, strcmp(spdx, "NOASSERTION") == 0 ? "other" : spdx);

    for (char *at = key; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return key;
}

const char *ds_gh_object_id(ds_arena *a, const void *data, size_t n)
{
    char hex[65];
    ds_sha256 sum;

    ds_sha256_init(&sum);
    ds_sha256_add(&sum, data, n);
    ds_sha256_hex(&sum, hex);
    return ds_arena_strndup(a, hex, 40);
}

const char *ds_gh_commit_id(ds_arena *a, const ds_gh_repo *repo)
{
    uint64_t of[2] = {(uint64_t)repo->id, repo->pushes};

    return ds_gh_object_id(a, of, sizeof of);
}

const char *ds_gh_visibility_name(ds_gh_visibility visibility)
{
    return visibility == DS_GH_PUBLIC    ? "public"
           : visibility == DS_GH_PRIVATE ? "private"
                                         : "internal";
}

static const struct {
    const char *name, *path;
} user_urls[] = {
    {"url", ""},
    {"followers_url", "/followers"},
    {"following_url", "/following{/other_user}"},
    {"gists_url", "/gists{/gist_id}"},
    {"starred_url", "/starred{/owner}{/repo}"},
    {"subscriptions_url", "/subscriptions"},
    {"organizations_url", "/orgs"},
    {"repos_url", "/repos"},
    {"events_url", "/events{/privacy}"},
    {"received_events_url", "/received_events"},
};

void ds_gh_show_user(const ds_gh_show *s, const char *name, const ds_gh_owner *user)
{
    ds_json_writer *w = s->w;

    if (name)
        ds_json_w_name(w, name);
    if (!user) {
        ds_json_w_null(w);
        return;
    }
    ds_json_w_begin_object(w);
    ds_gh_w_text(w, "login", user->login);
    ds_gh_w_int(w, "id", user->id);
    ds_gh_w_text(w, "node_id", ds_gh_node_id(s->call->arena, user->org ? "O" : "U", user->id));
    ds_gh_w_url(s, "avatar_url", "/avatars/%" PRId64, user->id);
    ds_gh_w_text(w, "gravatar_id", "");
    for (size_t i = 0; i < DS_COUNT(user_urls); i++)
        ds_gh_w_url(s, user_urls[i].name, "/users/%s%s", user->login, user_urls[i].path);
    ds_gh_w_text(w, "html_url",
                 ds_arena_printf(s->call->arena, "https://github.com/%s", user->login));
    ds_gh_w_text(w, "type", user->org ? "Organization" : user->bot ? "Bot" : "User");
    ds_gh_w_text(w, "user_view_type", "public");
    ds_gh_w_bool(w, "site_admin", false);
    ds_json_w_end_object(w);
}
