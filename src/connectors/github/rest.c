/* src/connectors/github/rest.c
 *
 * Repositories by REST.  A listing is read in the order of creation: what is new comes at its end,
 * and a rename moves nothing.
 */
#include "connectors/github/api.h"
#include "connectors/github/cursor.h"
#include "connectors/github/enrich.h"
#include "connectors/github/judge.h"
#include "connectors/github/repo.h"
#include "connectors/github/sweep.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_wanted(const ds_fetch *want, const ds_json *repo, ds_arena *a)
{
    const char *key = ds_github_key(repo, a);

    for (size_t i = 0; want->items && i < want->items_n; i++) {
        if (key && strcmp(want->items[i], key) == 0)
            return true;
    }
    return !want->items;
}

bool ds_github_rest_page(ds_github *gh, ds_activity *act, const ds_fetch *want, ds_page *page,
                         ds_err *err)
{
    size_t limit = ds_github_wants_extras(gh) ? DS_GITHUB_BATCH : DS_GITHUB_PAGE;
    ds_github_get get = {.members = ds_github_repo_members};

    limit = DS_MAX(DS_MIN(want->limit, gh->token ? limit : limit / 3), (size_t)1);
    get.url = want->cursor ? ds_github_next_of(gh, want->cursor) : NULL;
    page->restart = want->cursor && !get.url;
    if (get.url)
        get.endpoint = "GET next page";
    else
        get.url = ds_github_listing(gh, want->unit, limit, page->arena, &get.endpoint);
    if (!get.url)
        return ds_fail(err, DS_ERR_CONFIG, "there is no unit %.100s", want->unit);
    if (!ds_github_get_list(gh, act, &get, want->unit, err))
        return false;
    DS_JSON_EACH (get.doc, repo) {
        if (ds_github_passes(gh, repo) && is_wanted(want, repo, page->arena))
            ds_github_add_repo(page, repo);
    }
    ds_github_hold_hidden(page, ds_github_hidden(&get.req.answer));
    page->next_cursor = ds_github_next_text(get.next, page->arena);
    return ds_github_enrich(gh, act, page, err);
}

bool ds_github_again_page(ds_github *gh, ds_activity *act, const ds_fetch *want, ds_page *page,
                          ds_err *err)
{
    if (strcmp(want->unit, DS_GITHUB_NAMED) == 0)
        return true; /* each was asked for by its name: what is not there is not named any more */
    return ds_github_rest_page(gh, act, want, page, err);
}

/* ---- single ones ------------------------------------------------------------------------------
 */

static bool is_id(const char *name)
{
    size_t n = strlen(name);

    return n && n < 20 && strspn(name, "0123456789") == n;
}

/* By id, "acme/loom", or "loom" in an owner's unit; NULL: it names none. */
static const char *address_of(const ds_fetch *want, const char *name, ds_arena *a)
{
    const char *owner = want->unit + strlen(DS_GITHUB_UNIT), *own, *rest;

    if (is_id(name))
        return ds_arena_printf(a, "/repositories/%s", name);
    if (ds_github_split(name, a, &own, &rest))
        return ds_arena_printf(a, "/repos/%s/%s", own, rest);
    if (*owner != '@' && ds_github_is_name(name, strlen(name)))
        return ds_arena_printf(a, "/repos/%s/%s", owner, name);
    return NULL;
}

/* One that was moved to another owner is there, and not in this unit any more. */
static bool is_still_here(const ds_fetch *want, const ds_json *repo)
{
    const char *login = ds_json_text(ds_json_get(repo, "owner"), "login");

    return !want->seem_gone ||
           (login && strcasecmp(login, want->unit + strlen(DS_GITHUB_UNIT)) == 0);
}

/* Looked at alone: what is not there is held, so that nobody takes its row for one that is gone. */
static bool add_one(ds_github *gh, ds_activity *act, const ds_fetch *want, const char *name,
                    const ds_github_get *get, ds_page *page, ds_err *err)
{
    const char *said, *why;
    ds_github_meaning is;

    if (get->doc && ds_json_kind_of(get->doc) == DS_JSON_OBJECT) {
        if (!ds_github_passes(gh, get->doc) || !is_still_here(want, get->doc))
            return true;
        ds_github_add_repo(page, get->doc);
        ds_page_answers(page, name);
        return true;
    }
    if (get->req.err.kind != DS_ERR_PERMANENT || !get->req.status)
        return ds_github_fail(&get->req, act, name, err);
    is = ds_github_meaning_of(&get->req.answer, page->arena, &said);
    if (is == DS_GITHUB_NO_PERMISSION || is == DS_GITHUB_NO_AGENT || is == DS_GITHUB_REFUSED)
        return ds_github_fail(&get->req, act, name, err);
    if (want->items && is == DS_GITHUB_NOT_THERE)
        return true; /* gone, perhaps: a full pass finds that out */
    why = is == DS_GITHUB_NOT_THERE ? "there is none of that name, or the token may not see it: "
                                    : "";
    ds_record_hold(ds_page_add(page), ds_arena_printf(page->arena, "repo:%.200s", name), "%s%s",
                   why, get->req.err.text);
    return true;
}

static size_t place_of(const ds_fetch *want, size_t n)
{
    const char *digits =
        want->cursor && strncmp(want->cursor, "named ", 6) == 0 ? want->cursor + 6 : "0";

    return DS_MIN((size_t)strtoull(digits, NULL, 10), n);
}

bool ds_github_named_page(ds_github *gh, ds_activity *act, const ds_fetch *want,
                          const char *const *names, size_t n, ds_page *page, ds_err *err)
{
    size_t from = place_of(want, n), to, gets_n = 0;
    size_t most = gh->token ? DS_GITHUB_BATCH : DS_GITHUB_BATCH / 3;
    ds_github_get *gets;
    const char **asked;

    to = DS_MIN(from + DS_MAX(DS_MIN(want->limit, most), (size_t)1), n);
    gets = ds_arena_zalloc(page->arena, (to - from + 1) * sizeof(*gets));
    asked = ds_arena_zalloc(page->arena, (to - from + 1) * sizeof(*asked));
    for (size_t i = from; i < to; i++) {
        gets[gets_n].url = address_of(want, names[i], page->arena);
        gets[gets_n].endpoint = "GET /repos/{owner}/{repo}";
        gets[gets_n].members = ds_github_repo_members;
        asked[gets_n] = names[i];
        gets_n += gets[gets_n].url != NULL;
    }
    if (!ds_github_get_all(gh, act, gets, gets_n, err))
        return ds_wrap(err, "%s", want->unit);
    for (size_t i = 0; i < gets_n; i++) {
        if (!add_one(gh, act, want, asked[i], &gets[i], page, err))
            return false;
    }
    if (to < n)
        page->next_cursor = ds_arena_printf(page->arena, "named %zu", to);
    return ds_github_enrich(gh, act, page, err);
}
