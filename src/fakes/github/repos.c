/* src/fakes/github/repos.c - listings of repositories, and one of them. */
#include "fakes/github/routes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- lists ----------------------------------------------------------------------------------- */

typedef struct listing { /* what is listed, and in which order */
    ds_gh *g;
    const ds_gh_owner *owner; /* NULL: all that who asks has to do with */
    const char *type, *visibility, *affiliation, *sort;
    bool down; /* the largest first */
    int64_t since_s, before_s;
} listing;

static bool fits_type(const listing *l, const ds_gh_repo *repo)
{
    if (strcmp(l->type, "public") == 0)
        return repo->visibility == DS_GH_PUBLIC;
    if (strcmp(l->type, "private") == 0)
        return repo->visibility != DS_GH_PUBLIC;
    if (strcmp(l->type, "forks") == 0)
        return repo->fork;
    if (strcmp(l->type, "sources") == 0)
        return !repo->fork;
    if (strcmp(l->type, "none") == 0)
        return false;
    return true;
}

/* In an organisation's listing everything is its own; in one's own there are some of each. */
static bool fits_affiliation(const listing *l, const ds_gh_repo *repo)
{
    bool own = repo->owner == l->g->who.user;

    if (strcmp(l->type, "owner") == 0)
        return own;
    if (strcmp(l->type, "member") == 0)
        return !own && repo->owner->org;
    return strstr(l->affiliation, own ? "owner" : "organization_member") != NULL &&
           (own || repo->owner->org);
}

static bool fits(const listing *l, const ds_gh_repo *repo)
{
    if (!ds_gh_may_see(l->g, repo) || (l->owner && repo->owner != l->owner))
        return false;
    if (l->since_s && repo->updated_s < l->since_s)
        return false;
    if (l->before_s && repo->updated_s >= l->before_s)
        return false;
    if (l->owner)
        return fits_type(l, repo);
    return fits_affiliation(l, repo) && fits_type(l, repo) &&
           (strcmp(l->visibility, "all") == 0 ||
            (strcmp(l->visibility, "public") == 0) == (repo->visibility == DS_GH_PUBLIC));
}

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_name(const ds_gh_repo *a, const ds_gh_repo *b)
{
    int order = strcasecmp(a->owner->login, b->owner->login);

    return order ? order : strcasecmp(a->name, b->name);
}

static int compare(const void *a, const void *b, void *to)
{
    const ds_gh_repo *x = *(ds_gh_repo *const *)a, *y = *(ds_gh_repo *const *)b;
    const listing *l = to;
    int order;

    if (strcmp(l->sort, "full_name") == 0)
        order = by_name(x, y);
    else if (strcmp(l->sort, "updated") == 0)
        order = by_number(x->updated_s, y->updated_s);
    else if (strcmp(l->sort, "pushed") == 0)
        order = by_number(x->pushed_s, y->pushed_s);
    else
        order = by_number(x->created_s, y->created_s);
    if (order == 0)
        order = by_number(x->id, y->id);
    return l->down ? -order : order;
}

static const char *key_of(const listing *l, ds_arena *a)
{
    const ds_gh_who *who = &l->g->who;

    return ds_arena_printf(a, "%" PRId64 " %s %s %s %d %" PRId64 " %" PRId64 " %d %" PRId64 " %s",
                           l->owner ? l->owner->id : -1, l->type,
                           l->visibility ? l->visibility : "", l->sort, l->down, l->since_s,
                           l->before_s, who->blind, who->user ? who->user->id : -1,
                           l->affiliation ? l->affiliation : "");
}

static ds_gh_repo **collect(listing *l, ds_arena *a, size_t *n)
{
    const ds_gh_world *world = l->g->world;
    const char *key = key_of(l, a);
    ds_gh_repo **out = ds_gh_list_kept(l->g, key, n);

    if (out)
        return out;
    out = ds_arena_alloc(a, (world->repos_n + 1) * sizeof(ds_gh_repo *));
    *n = 0;
    for (size_t i = 0; i < world->repos_n; i++)
        if (fits(l, world->repos[i]))
            out[(*n)++] = world->repos[i];
    qsort_r(out, *n, sizeof(ds_gh_repo *), compare, l);
    ds_gh_list_keep(l->g, key, out, *n);
    return out;
}

/* Reads how it is to be sorted; false: refused. `first`: the order without a word. */
static bool read_order(listing *l, ds_fake_call *call, const char *first)
{
    static const char *const ways[] = {"", "asc", "desc", NULL};
    const char *sorts[] = {first, "created", "updated", "pushed", "full_name", NULL};
    const char *way = ds_gh_choice(call, "direction", ways);

    l->sort = way ? ds_gh_choice(call, "sort", sorts) : NULL;
    if (!l->sort)
        return false;
    l->down = *way ? strcmp(way, "desc") == 0 : strcmp(l->sort, "full_name") != 0;
    return true;
}

static void show_list(listing *l, ds_fake_call *call, const char *path)
{
    size_t n;
    ds_gh_repo **list = collect(l, call->arena, &n);
    ds_gh_page page = ds_gh_page_of(call, n, path);
    ds_gh_show show = {l->g, call, ds_fake_json(call, 200)};

    ds_json_w_begin_list(show.w);
    for (size_t i = page.first; i < page.end; i++)
        ds_gh_show_repo(&show, list[i], false);
    ds_json_w_end_list(show.w);
}

/* ---- routes ---------------------------------------------------------------------------------- */

static void list_of(ds_gh *g, ds_fake_call *call, const ds_gh_owner *owner)
{
    static const char *const of_org[] = {"all",     "public", "private", "forks",
                                         "sources", "member", NULL};
    static const char *const of_user[] = {"owner", "all", "member", NULL};
    listing l = {.g = g, .owner = owner};

    if (!owner) {
        ds_gh_error(call, 404, NULL);
        return;
    }
    l.type = ds_gh_choice(call, "type", owner->org ? of_org : of_user);
    if (!l.type || !read_order(&l, call, owner->org ? "created" : "full_name"))
        return;
    if (!owner->org)
        l.type = strcmp(l.type, "member") == 0 ? "none" : "public";
    show_list(
        &l, call,
        ds_arena_printf(call->arena,
                        owner->org ? "/organizations/%" PRId64 "/repos" : "/user/%" PRId64 "/repos",
                        owner->id));
}

void ds_gh_org_repos(void *state, ds_fake_call *call)
{
    ds_gh *g = state;
    const ds_gh_owner *owner = ds_gh_owner_of(g, call);

    list_of(g, call, owner && owner->org ? owner : NULL);
}

void ds_gh_user_repos(void *state, ds_fake_call *call)
{
    ds_gh *g = state;

    list_of(g, call, ds_gh_owner_of(g, call));
}

void ds_gh_my_repos(void *state, ds_fake_call *call)
{
    static const char *const sees[] = {"all", "public", "private", NULL};
    static const char *const types[] = {"all", "owner", "public", "private", "member", NULL};
    listing l = {.g = state};

    if (!l.g->who.user) {
        ds_gh_error(call, l.g->who.nobody ? 401 : 403,
                    l.g->who.nobody ? "Requires authentication"
                                    : "Resource not accessible by integration");
        return;
    }
    if (ds_fake_query(call, "type") &&
        (ds_fake_query(call, "visibility") || ds_fake_query(call, "affiliation"))) {
        ds_gh_invalid(call, "Search", "type");
        return;
    }
    l.affiliation = ds_fake_query(call, "affiliation");
    if (!l.affiliation)
        l.affiliation = "owner,collaborator,organization_member";
    l.visibility = ds_gh_choice(call, "visibility", sees);
    l.type = l.visibility ? ds_gh_choice(call, "type", types) : NULL;
    if (!l.type || !read_order(&l, call, "full_name"))
        return;
    l.since_s = ds_gh_query_time(call, "since");
    l.before_s = l.since_s >= 0 ? ds_gh_query_time(call, "before") : -1;
    if (l.before_s >= 0)
        show_list(&l, call, "/user/repos");
}

void ds_gh_installation_repos(void *state, ds_fake_call *call)
{
    listing l = {.g = state, .type = "all", .sort = "created"};
    ds_gh_page page;
    ds_gh_repo **list;
    ds_gh_show show = {l.g, call, NULL};
    size_t n;

    l.owner = ds_gh_owner_find(l.g->world, "acme");
    if (l.g->who.user || l.g->who.nobody || !l.owner) {
        ds_gh_error(call, 403, "Resource not accessible by personal access token");
        return;
    }
    list = collect(&l, call->arena, &n);
    page = ds_gh_page_of(call, n, "/installation/repositories");
    show.w = ds_fake_json(call, 200);
    ds_json_w_begin_object(show.w);
    ds_gh_w_int(show.w, "total_count", (int64_t)n);
    ds_json_w_name(show.w, "repositories");
    ds_json_w_begin_list(show.w);
    for (size_t i = page.first; i < page.end; i++)
        ds_gh_show_repo(&show, list[i], false);
    ds_json_w_end_list(show.w);
    ds_json_w_end_object(show.w);
}

void ds_gh_one_repo(void *state, ds_fake_call *call)
{
    ds_gh_repo *repo = ds_gh_repo_of(state, call);
    ds_gh_show show = {state, call, NULL};

    if (!repo)
        return;
    show.w = ds_fake_json(call, 200);
    ds_gh_show_repo(&show, repo, true);
}
