/* src/connectors/github/settings.c - what a route may say of GitHub, and what of it makes sense. */
#include "connectors/github/settings.h"

#include <ctype.h>
#include <string.h>

#define LIST(member_, help_)                                                                       \
    {                                                                                              \
        .name = #member_, .type = DS_OPTION_LIST, .offset = offsetof(ds_github, member_),          \
        .help = (help_)                                                                            \
    }

const ds_option ds_github_options[] = {
    {.name = "token",
     .type = DS_OPTION_SECRET,
     .offset = offsetof(ds_github, token),
     .env = "GITHUB_TOKEN",
     .help = "a personal access token, an OAuth token or an app's installation token, from "
             "github.com/settings/tokens; without one 60 calls an hour, public things alone"},
    LIST(orgs, "organisations whose repositories are read, by login: [acme]"),
    LIST(users, "users whose public repositories are read, by login: [ada]"),
    LIST(repos, "single repositories: [acme/loom]"),
    DS_OPT_BOOL(ds_github, mine, "all repositories that the token's user (or app) can reach"),
    DS_OPT_CHOICE(ds_github, items, "repos|issues|pulls|releases", "repos",
                  "what becomes a record: the repositories themselves, or what is in them"),
    DS_OPT_CHOICE(ds_github, visibility, "all|public|private|internal", "all",
                  "which repositories count, of those that the token sees"),
    DS_OPT_CHOICE(ds_github, forks, "include|exclude|only", "include", "what becomes of forks"),
    DS_OPT_CHOICE(ds_github, archived, "include|exclude|only", "include",
                  "what becomes of archived repositories"),
    LIST(topics, "repositories with one of these topics alone"),
    LIST(languages, "repositories with one of these as their main language alone: [C, Rust]"),
    DS_OPT_CHOICE(
        ds_github, road, "auto|rest|graphql", "auto",
        "how the repositories of `orgs` are read; auto: by GraphQL where that saves calls"),
    DS_HTTP_OPTIONS(ds_github, http, "https://api.github.com"),
    DS_OPT_END,
};

bool ds_github_is_name(const char *name, size_t n)
{
    bool dots = true;

    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char)name[i]) && !strchr("-._", name[i]))
            return false;
        dots &= name[i] == '.';
    }
    return n && n <= 100 && !dots;
}

bool ds_github_split(const char *full, ds_arena *a, const char **owner, const char **name)
{
    size_t n = strcspn(full, "/");

    if (!full[n] || !ds_github_is_name(full, n) ||
        !ds_github_is_name(full + n + 1, strlen(full + n + 1)))
        return false;
    *owner = ds_arena_strndup(a, full, n);
    *name = full + n + 1;
    return true;
}

ds_github_items ds_github_items_of(const ds_github *gh)
{
    static const char *const names[] = {"repos", "issues", "pulls", "releases"};
    size_t i = 0;

    while (i + 1 < DS_COUNT(names) && strcmp(gh->items, names[i]) != 0)
        i++;
    return (ds_github_items)i;
}

bool ds_github_wants_extras(const ds_github *gh)
{
    return gh->wants[DS_GITHUB_README] || gh->wants[DS_GITHUB_LANGUAGES] ||
           gh->wants[DS_GITHUB_CONTRIBUTORS];
}

bool ds_github_is_app(const ds_github *gh)
{
    return gh->token && strncmp(ds_secret_reveal(gh->token), "ghs_", 4) == 0;
}

static bool check_logins(const char *option, ds_texts logins, ds_err *err)
{
    for (size_t i = 0; i < logins.n; i++) {
        if (!ds_github_is_name(logins.items[i], strlen(logins.items[i])))
            return ds_fail(err, DS_ERR_CONFIG,
                           "`%s`: \"%.60s\" is no login: write what follows github.com/ in its "
                           "address",
                           option, logins.items[i]);
    }
    return true;
}

static bool check_repos(ds_texts repos, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    const char *owner, *name;

    for (size_t i = 0; i < repos.n; i++) {
        if (!ds_github_split(repos.items[i], a, &owner, &name))
            return ds_fail(err, DS_ERR_CONFIG,
                           "`repos`: \"%.60s\" is no repository: write OWNER/NAME, as in its "
                           "address",
                           repos.items[i]);
    }
    return true;
}

/* What it cannot serve would go by REST without a word. */
static bool check_graphql(const ds_github *gh, ds_err *err)
{
    if (!gh->token)
        return ds_fail(err, DS_ERR_CONFIG,
                       "`road: graphql` needs a `token`: GraphQL knows nobody "
                       "anonymous");
    if (!gh->orgs.n || ds_github_items_of(gh) != DS_GITHUB_REPOS)
        return ds_fail(err, DS_ERR_CONFIG,
                       "`road: graphql` is for the repositories of `orgs`; `users`, `repos`, "
                       "`mine` and what is in repositories come by REST: leave `road` out");
    return true;
}

bool ds_github_validate(const ds_source *self, ds_err *err)
{
    const ds_github *gh = (const ds_github *)self;

    if (!gh->orgs.n && !gh->users.n && !gh->repos.n && !gh->mine)
        return ds_fail(err, DS_ERR_CONFIG,
                       "nothing is named: give `orgs`, `users`, `repos` or `mine: true`");
    if (!check_logins("orgs", gh->orgs, err) || !check_logins("users", gh->users, err) ||
        !check_repos(gh->repos, err))
        return false;
    if (gh->mine && !gh->token)
        return ds_fail(err, DS_ERR_CONFIG, "`mine` needs a `token`: whose repositories else?");
    if (strcmp(gh->road, "graphql") == 0 && !check_graphql(gh, err))
        return false;
    return ds_http_settings_ok(&gh->http, err);
}
