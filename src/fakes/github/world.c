/* src/fakes/github/world.c - owners and repositories, found by name, by an old name, by id. */
#include "fakes/github/world.h"

#include "base/hash.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- names ----------------------------------------------------------------------------------- */

typedef struct ds_gh_names { /* open addressing; never more than half full */
    struct {
        const char *name; /* "owner/name", small letters */
        ds_gh_repo *repo;
    } * slots;
    size_t cap, n;
} ds_gh_names;

static const char *small_letters(ds_arena *a, const char *owner, const char *name)
{
    char *text = ds_arena_printf(a, "%s/%s", owner, name);

    for (char *at = text; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return text;
}

static size_t slot_of(const ds_gh_names *names, const char *name)
{
    size_t at = (size_t)ds_hash64(name, strlen(name)) & (names->cap - 1);

    while (names->slots[at].name && strcmp(names->slots[at].name, name) != 0)
        at = (at + 1) & (names->cap - 1);
    return at;
}

static void names_grow(ds_gh_world *w, ds_gh_names *names)
{
    ds_gh_names old = *names;

    names->cap = old.cap ? old.cap * 2 : 256;
    names->slots = ds_arena_zalloc(w->arena, names->cap * sizeof *names->slots);
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].name)
            names->slots[slot_of(names, old.slots[i].name)] = old.slots[i];
}

static void set_name(ds_gh_world *w, ds_gh_repo *repo)
{
    const char *name = small_letters(w->arena, repo->owner->login, repo->name);
    size_t at;

    if (!w->names)
        w->names = ds_new_in(w->arena, ds_gh_names);
    if (2 * w->names->n >= w->names->cap)
        names_grow(w, w->names);
    at = slot_of(w->names, name);
    w->names->n += w->names->slots[at].name == NULL;
    w->names->slots[at].name = name;
    w->names->slots[at].repo = repo; /* a new one takes an old one's name over */
}

ds_gh_repo *ds_gh_repo_find(const ds_gh_world *w, const char *owner, const char *name)
{
    DS_AUTO(ds_arena) a = ds_arena_new();

    if (!w->names)
        return NULL;
    return w->names->slots[slot_of(w->names, small_letters(a, owner, name))].repo;
}

const char *ds_gh_full_name(ds_arena *a, const ds_gh_repo *repo)
{
    return ds_arena_printf(a, "%s/%s", repo->owner->login, repo->name);
}

/* ---- owners ---------------------------------------------------------------------------------- */

/* Makes room for one more in a list of pointers. */
static void *room(ds_arena *a, void *list, size_t n, size_t *cap)
{
    size_t before = *cap;

    if (n < before)
        return list;
    *cap = before ? before * 2 : 16;
    return ds_arena_grow(a, list, before * sizeof(void *), *cap * sizeof(void *));
}

ds_gh_owner *ds_gh_owner_add(ds_gh_world *w, const char *login, bool org)
{
    ds_gh_owner *owner = ds_new_in(w->arena, ds_gh_owner);

    owner->login = ds_arena_strdup(w->arena, login);
    owner->org = org;
    owner->id = 40 + (int64_t)w->owners_n;
    owner->created_s = w->now_s - 5 * 365 * 86400 + (int64_t)w->owners_n * 86400;
    w->owners = room(w->arena, w->owners, w->owners_n, &w->owners_cap);
    w->owners[w->owners_n++] = owner;
    return owner;
}

ds_gh_owner *ds_gh_owner_find(const ds_gh_world *w, const char *login)
{
    for (size_t i = 0; i < w->owners_n; i++)
        if (strcasecmp(w->owners[i]->login, login) == 0)
            return w->owners[i];
    return NULL;
}

ds_gh_owner *ds_gh_owner_by_id(const ds_gh_world *w, int64_t id)
{
    for (size_t i = 0; i < w->owners_n; i++)
        if (w->owners[i]->id == id)
            return w->owners[i];
    return NULL;
}

void ds_gh_owner_rename(ds_gh_world *w, ds_gh_owner *owner, const char *login)
{
    owner->login = ds_arena_strdup(w->arena, login);
    for (size_t i = 0; i < w->repos_n; i++)
        if (w->repos[i]->owner == owner && !w->repos[i]->gone)
            set_name(w, w->repos[i]);
    w->revision++;
}

/* ---- repositories ---------------------------------------------------------------------------- */

ds_gh_repo *ds_gh_repo_add(ds_gh_world *w, ds_gh_owner *owner, const char *name, int64_t now_s)
{
    ds_gh_repo *repo = ds_new_in(w->arena, ds_gh_repo);

    repo->id = w->next_id++;
    repo->owner = owner;
    repo->name = ds_arena_strdup(w->arena, name);
    repo->default_branch = "main";
    repo->has_issues = true;
    repo->empty = true;
    repo->filled = true;
    repo->created_s = repo->updated_s = repo->pushed_s = now_s;
    w->repos = room(w->arena, w->repos, w->repos_n, &w->repos_cap);
    w->repos[w->repos_n++] = repo;
    set_name(w, repo);
    w->revision++;
    return repo;
}

ds_gh_repo *ds_gh_repo_by_id(const ds_gh_world *w, int64_t id)
{
    size_t low = 0, high = w->repos_n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (w->repos[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->repos_n && w->repos[low]->id == id ? w->repos[low] : NULL;
}

void ds_gh_repo_move(ds_gh_world *w, ds_gh_repo *repo, ds_gh_owner *owner, const char *name)
{
    repo->owner = owner;
    repo->name = ds_arena_strdup(w->arena, name);
    set_name(w, repo);
    w->revision++;
}

/* ---- what is in them ------------------------------------------------------------------------- */

ds_gh_issue *ds_gh_issue_add(ds_gh_world *w, ds_gh_repo *repo, bool pull)
{
    ds_gh_issue *issue = ds_new_in(w->arena, ds_gh_issue);

    issue->id = w->next_id++;
    issue->pull_id = pull ? w->next_id++ : 0;
    issue->number = (int64_t)repo->issues_n + 1;
    issue->title = "";
    issue->head = "topic";
    issue->base = repo->default_branch;
    repo->issues = room(w->arena, repo->issues, repo->issues_n, &repo->issues_cap);
    repo->issues[repo->issues_n++] = issue;
    return issue;
}

ds_gh_issue *ds_gh_issue_find(const ds_gh_repo *repo, int64_t number)
{
    if (number < 1 || (uint64_t)number > repo->issues_n)
        return NULL;
    return repo->issues[number - 1];
}

ds_gh_release *ds_gh_release_add(ds_gh_world *w, ds_gh_repo *repo)
{
    ds_gh_release *release = ds_new_in(w->arena, ds_gh_release);

    release->id = w->next_id++;
    release->tag = "v0";
    repo->releases = room(w->arena, repo->releases, repo->releases_n, &repo->releases_cap);
    repo->releases[repo->releases_n++] = release;
    return release;
}

ds_gh_release *ds_gh_release_find(const ds_gh_repo *repo, int64_t id)
{
    for (size_t i = 0; i < repo->releases_n; i++)
        if (repo->releases[i]->id == id)
            return repo->releases[i];
    return NULL;
}

int64_t ds_gh_open_issues(ds_gh_world *w, ds_gh_repo *repo, bool issues, bool pulls)
{
    int64_t n = 0;

    ds_gh_fill(w, repo);
    for (size_t i = 0; i < repo->issues_n; i++) {
        const ds_gh_issue *issue = repo->issues[i];

        n += !issue->gone && !issue->closed && (issue->pull_id ? pulls : issues);
    }
    return n;
}
