/* src/connectors/github/units.c
 *
 * What a route is cut into: an owner each, the named repositories together, one's own; and where
 * records are what is inside of repositories, each repository by itself.
 */
#include "connectors/github/api.h"
#include "connectors/github/repo.h"
#include "connectors/github/sweep.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Logins know no case. */
static const char *owner_unit(const char *login, ds_arena *a)
{
    char *unit = ds_arena_printf(a, DS_GITHUB_UNIT "%s", login);

    for (char *at = unit; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return unit;
}

static const char *find(ds_texts logins, const char *unit)
{
    size_t n = strlen(DS_GITHUB_UNIT);

    for (size_t i = 0; i < logins.n; i++) {
        if (strncmp(unit, DS_GITHUB_UNIT, n) == 0 && strcasecmp(unit + n, logins.items[i]) == 0)
            return logins.items[i];
    }
    return NULL;
}

const char *ds_github_org_of(const ds_github *gh, const char *unit)
{
    return find(gh->orgs, unit);
}

/* The API's own filter where it has the gate; the others are looked at record by record. */
static const char *org_type(const ds_github *gh)
{
    if (strcmp(gh->visibility, "public") == 0)
        return "public";
    if (strcmp(gh->visibility, "all") != 0 || strcmp(gh->forks, "include") == 0)
        return "all";
    return strcmp(gh->forks, "only") == 0 ? "forks" : "sources";
}

const char *ds_github_listing(const ds_github *gh, const char *unit, size_t limit, ds_arena *a,
                              const char **endpoint)
{
    const char *order = ds_arena_printf(a, "sort=created&direction=asc&per_page=%zu", limit);
    const char *login = find(gh->orgs, unit);

    if (login) {
        *endpoint = "GET /orgs/{org}/repos";
        return ds_arena_printf(a, "/orgs/%s/repos?type=%s&%s", login, org_type(gh), order);
    }
    login = find(gh->users, unit);
    if (login) {
        *endpoint = "GET /users/{user}/repos";
        return ds_arena_printf(a, "/users/%s/repos?type=owner&%s", login, order);
    }
    if (!gh->mine || strcmp(unit, DS_GITHUB_MINE) != 0)
        return NULL;
    *endpoint = ds_github_is_app(gh) ? "GET /installation/repositories" : "GET /user/repos";
    if (ds_github_is_app(gh))
        return ds_arena_printf(a, "/installation/repositories?per_page=%zu", limit);
    return ds_arena_printf(a, "/user/repos?%s", order);
}

/* ---- repositories one by one ------------------------------------------------------------------
 */

static void add_inside(const ds_github *gh, ds_units *units, const char *full_name)
{
    ds_units_add(units,
                 ds_arena_printf(units->arena, DS_GITHUB_UNIT "%s#%s", full_name, gh->items));
}

/* The addresses of a listing's pages. */
typedef struct trail {
    const char **urls;
    size_t n, cap;
} trail;

/* false: it was there before. */
static bool follow(trail *t, const char *url, ds_arena *a)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->urls[i], url) == 0)
            return false;
    }
    if (t->n == t->cap) {
        size_t cap = 2 * t->cap + 16, each = sizeof(*t->urls);

        t->urls = ds_arena_grow(a, t->urls, t->n * each, cap * each);
        t->cap = cap;
    }
    t->urls[t->n++] = url;
    return true;
}

static bool add_of_listing(ds_github *gh, ds_activity *act, ds_units *units, const char *unit,
                           ds_err *err)
{
    static const char *const members[] = {"full_name", "visibility", "private",  "fork",
                                          "archived",  "topics",     "language", NULL};
    ds_github_get get = {.members = members};
    const char *owner, *name;
    trail pages = {.n = 0};

    get.url = ds_github_listing(gh, unit, DS_GITHUB_PAGE, units->arena, &get.endpoint);
    while (get.url) {
        if (!follow(&pages, get.url, units->arena))
            return ds_fail(err, DS_ERR_TRANSIENT, "%s: the listing has no end", unit);
        if (!ds_github_get_list(gh, act, &get, unit, err))
            return false;
        DS_JSON_EACH (get.doc, repo) {
            const char *full = ds_json_text(repo, "full_name");

            if (full && ds_github_split(full, units->arena, &owner, &name) &&
                ds_github_passes(gh, repo))
                add_inside(gh, units, full);
        }
        get.url = get.next;
    }
    return true;
}

static bool add_owners(ds_github *gh, ds_activity *act, ds_units *units, ds_texts logins,
                       ds_err *err)
{
    for (size_t i = 0; i < logins.n; i++) {
        const char *unit = owner_unit(logins.items[i], units->arena);

        if (ds_github_items_of(gh) == DS_GITHUB_REPOS)
            ds_units_add(units, unit);
        else if (!add_of_listing(gh, act, units, unit, err))
            return false;
    }
    return true;
}

bool ds_github_units(ds_source *self, ds_activity *act, ds_units *units, ds_err *err)
{
    ds_github *gh = (ds_github *)self;
    bool whole = ds_github_items_of(gh) == DS_GITHUB_REPOS;

    if (!add_owners(gh, act, units, gh->orgs, err) || !add_owners(gh, act, units, gh->users, err))
        return false;
    if (whole && gh->repos.n)
        ds_units_add(units, DS_GITHUB_NAMED);
    for (size_t i = 0; !whole && i < gh->repos.n; i++)
        add_inside(gh, units, gh->repos.items[i]);
    if (gh->mine && whole)
        ds_units_add(units, DS_GITHUB_MINE);
    return !gh->mine || whole || add_of_listing(gh, act, units, DS_GITHUB_MINE, err);
}
