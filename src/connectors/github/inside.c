/* src/connectors/github/inside.c
 *
 * What is inside of one repository: issues (without the pull requests that the API lists among
 * them), pull requests, releases.  A full pass reads in the order of creation.  A changes pass asks
 * for what was updated since; pull requests have no such filter, so theirs come the latest first
 * until they are older.
 */
#include "connectors/github/api.h"
#include "connectors/github/cursor.h"
#include "connectors/github/judge.h"
#include "connectors/github/repo.h"
#include "connectors/github/sweep.h"

#include <string.h>

#define OVERLAP_MS DS_MINUTE_MS /* its clock is not ours */

/* In their listed and their single form alike. */
static const char *const issue_members[] = {"id",
                                            "node_id",
                                            "number",
                                            "title",
                                            "state",
                                            "state_reason",
                                            "body",
                                            "user",
                                            "labels",
                                            "assignees",
                                            "milestone",
                                            "locked",
                                            "comments",
                                            "html_url",
                                            "url",
                                            "created_at",
                                            "updated_at",
                                            "closed_at",
                                            "draft",
                                            "type",
                                            "pull_request",
                                            "active_lock_reason",
                                            "author_association",
                                            "repository_url",
                                            NULL};
static const char *const pull_members[] = {"id",
                                           "node_id",
                                           "number",
                                           "title",
                                           "state",
                                           "body",
                                           "user",
                                           "labels",
                                           "assignees",
                                           "milestone",
                                           "locked",
                                           "html_url",
                                           "url",
                                           "created_at",
                                           "updated_at",
                                           "closed_at",
                                           "merged_at",
                                           "draft",
                                           "head",
                                           "base",
                                           "requested_reviewers",
                                           "active_lock_reason",
                                           "author_association",
                                           NULL};
static const char *const release_members[] = {
    "id",     "node_id",     "tag_name",     "name",
    "body",   "draft",       "prerelease",   "author",
    "assets", "created_at",  "published_at", "html_url",
    "url",    "tarball_url", "zipball_url",  "target_commitish",
    NULL};

static const struct {
    const char *path, *full, *changes;
    const char *endpoint, *single;
    const char *const *members;
} kinds[] = {
    [DS_GITHUB_ISSUES] = {"issues", "?state=all&sort=created&direction=asc",
                          "?state=all&sort=updated&direction=asc",
                          "GET /repos/{owner}/{repo}/issues",
                          "GET /repos/{owner}/{repo}/issues/{number}", issue_members},
    [DS_GITHUB_PULLS] = {"pulls", "?state=all&sort=created&direction=asc",
                         "?state=all&sort=updated&direction=desc",
                         "GET /repos/{owner}/{repo}/pulls",
                         "GET /repos/{owner}/{repo}/pulls/{number}", pull_members},
    [DS_GITHUB_RELEASES] = {"releases", "?", "?", "GET /repos/{owner}/{repo}/releases",
                            "GET /repos/{owner}/{repo}/releases/{release}", release_members},
};

/* "github:acme/loom#issues" -> "/repos/acme/loom"; NULL: it is no such unit. */
static const char *base_of(const ds_github *gh, const char *unit, ds_arena *a)
{
    const char *full = unit + strlen(DS_GITHUB_UNIT), *end = strchr(unit, '#'), *owner, *name;

    if (strncmp(unit, DS_GITHUB_UNIT, strlen(DS_GITHUB_UNIT)) != 0 || !end ||
        strcmp(end + 1, gh->items) != 0)
        return NULL;
    full = ds_arena_strndup(a, full, (size_t)(end - full));
    if (!ds_github_split(full, a, &owner, &name))
        return NULL;
    return ds_arena_printf(a, "/repos/%s/%s", owner, name);
}

static int64_t since_of(const ds_fetch *want)
{
    return want->since_ms < 0 ? -1 : DS_MAX(want->since_ms - OVERLAP_MS, INT64_C(0));
}

/* `from`: of issues, the time of the first; NULL: all. */
static const char *list_url(ds_github_items items, const char *base, const ds_fetch *want,
                            const char *from, ds_arena *a)
{
    size_t n = DS_MAX(DS_MIN(want->limit, DS_GITHUB_PAGE), (size_t)1);
    const char *url =
        ds_arena_printf(a, "%s/%s%s&per_page=%zu", base, kinds[items].path,
                        want->since_ms < 0 ? kinds[items].full : kinds[items].changes, n);

    return from ? ds_arena_printf(a, "%s&since=%s", url, ds_http_escape(a, from)) : url;
}

static const char *first_url(ds_github_items items, const char *base, const ds_fetch *want,
                             ds_arena *a)
{
    int64_t since = since_of(want);
    bool filters = since >= 0 && items == DS_GITHUB_ISSUES;

    return list_url(items, base, want,
                    filters ? ds_datetime_ms(a, since / 1000 * 1000).as.text : NULL, a);
}

/* Pages are numbered, and an issue that is edited meanwhile leaves its page for the end of the
 * list: those behind it move up, and one would be passed by. So the next page of a changes pass
 * begins at the time of the last one here, which comes once more. Where a whole page has one time
 * the number must do. */
static const char *next_url(const ds_github *gh, const char *base, const ds_fetch *want,
                            const ds_github_get *get, ds_arena *a)
{
    size_t n = ds_json_size(get->doc);
    const char *first = ds_json_text(ds_json_at(get->doc, 0), "updated_at"), *url;
    const char *last = n ? ds_json_text(ds_json_at(get->doc, n - 1), "updated_at") : NULL;

    if (!get->next || ds_github_items_of(gh) != DS_GITHUB_ISSUES || want->since_ms < 0 || !first ||
        !last || strcmp(first, last) >= 0)
        return get->next;
    url = ds_arena_printf(a, "%s%s", gh->http.base_url,
                          list_url(DS_GITHUB_ISSUES, base, want, last, a));
    return strcmp(url, get->url) == 0 ? get->next : url;
}

/* ---- records ----------------------------------------------------------------------------------
 */

/* {"full_name": "acme/loom"}, from the address of its page. */
static ds_value repository_of(const ds_json *object, ds_arena *a)
{
    const char *url = ds_json_text(object, "html_url"), *host = url ? strstr(url, "://") : NULL;
    const char *full = host ? strchr(host + 3, '/') : NULL,
               *end = full ? strchr(full + 1, '/') : NULL;
    ds_err err = DS_ERR_INIT;
    const char *owner, *name, *text;
    const ds_json *json;

    end = end ? end + 1 + strcspn(end + 1, "/?#") : NULL;
    text = end ? ds_arena_strndup(a, full + 1, (size_t)(end - full - 1)) : NULL;
    if (!text || !ds_github_split(text, a, &owner, &name))
        return DS_VALUE_ABSENT;
    text = ds_arena_printf(a, "{\"full_name\":\"%s\"}", text); /* letters, digits, - . _ / */
    json = ds_json_read(a, text, strlen(text), &err);
    return ds_from_json(a, json);
}

static void add_inside(ds_page *page, const ds_json *object)
{
    ds_record *rec = ds_page_add(page);
    ds_value repository = repository_of(object, page->arena);
    const char *url = ds_json_text(object, "url");

    rec->primary_key = ds_github_key(object, page->arena);
    rec->place = ds_arena_printf(page->arena, "item:%.200s", url ? url : "?");
    ds_github_set_members(rec, object, page->arena);
    if (repository.type != DS_ABSENT)
        ds_record_set(rec, "repository", repository);
}

static bool is_wanted(const ds_fetch *want, const ds_json *object, ds_page *page)
{
    ds_arena *a = page->arena;
    const char *key = ds_github_key(object, a);
    const char *number =
        ds_arena_printf(a, "#%lld", (long long)ds_json_integer(object, "number", -1));
    bool any = !want->items;

    for (size_t i = 0; want->items && i < want->items_n; i++) {
        if ((!key || strcmp(want->items[i], key) != 0) && strcmp(want->items[i], number) != 0)
            continue;
        ds_page_answers(page, want->items[i]);
        any = true;
    }
    return any;
}

/* Changed before what a changes pass asks for: in the listing of pull requests all that follows is
 * as old. */
static bool is_past(const ds_fetch *want, const ds_json *object, ds_arena *a)
{
    const char *updated = ds_json_text(object, "updated_at");
    int64_t since = since_of(want);

    if (since < 0 || !updated)
        return false;
    return strcmp(updated, ds_datetime_ms(a, since / 1000 * 1000).as.text) < 0;
}

/* Pull requests are other things, though they are numbered together. */
static void add_object(ds_github_items items, const ds_fetch *want, const ds_json *object,
                       ds_page *page)
{
    bool is_pull = ds_json_get(object, "pull_request") != NULL;

    if ((items != DS_GITHUB_ISSUES || !is_pull) && is_wanted(want, object, page))
        add_inside(page, object);
}

/* ---- pages ------------------------------------------------------------------------------------
 */

static bool list_page(ds_github *gh, ds_activity *act, const char *base, const ds_fetch *want,
                      ds_page *page, ds_err *err)
{
    ds_github_items items = ds_github_items_of(gh);
    ds_github_get get = {.endpoint = kinds[items].endpoint,
                         .members = kinds[items].members,
                         .fleeting = want->since_ms >= 0};
    const char *said;

    get.url = want->cursor ? ds_github_next_of(gh, want->cursor) : NULL;
    page->restart = want->cursor && !get.url;
    if (!get.url)
        get.url = first_url(items, base, want, page->arena);
    if (!ds_github_get_list(gh, act, &get, want->unit, err)) {
        if (!get.req.status ||
            ds_github_meaning_of(&get.req.answer, page->arena, &said) != DS_GITHUB_GONE)
            return false;
        *err = DS_ERR_INIT; /* issues are disabled: there are none */
        return true;
    }
    page->next_cursor =
        ds_github_next_text(next_url(gh, base, want, &get, page->arena), page->arena);
    DS_JSON_EACH (get.doc, object) {
        if (items == DS_GITHUB_PULLS && is_past(want, object, page->arena))
            page->next_cursor = NULL;
        else
            add_object(items, want, object, page);
    }
    return true;
}

/* Issues and pull requests by number, "#12"; releases by id. */
static const char *single_url(ds_github_items items, const char *base, const char *item,
                              ds_arena *a)
{
    const char *digits = items == DS_GITHUB_RELEASES ? item : *item == '#' ? item + 1 : "";
    size_t n = strlen(digits);

    if (!n || n > 19 || strspn(digits, "0123456789") != n)
        return NULL;
    return ds_arena_printf(a, "%s/%s/%s", base, kinds[items].path, digits);
}

static bool add_single(ds_github_items items, ds_activity *act, const ds_fetch *want,
                       const ds_github_get *get, ds_page *page, ds_err *err)
{
    const char *said;

    if (get->doc && ds_json_kind_of(get->doc) == DS_JSON_OBJECT) {
        add_object(items, want, get->doc, page);
        return true;
    }
    switch (ds_github_meaning_of(&get->req.answer, page->arena, &said)) {
    case DS_GITHUB_NOT_THERE: /* gone, perhaps: a full pass finds that out */
    case DS_GITHUB_GONE:
        if (get->req.status)
            return true;
        break;
    default:
        break;
    }
    return ds_github_fail(&get->req, act, get->url, err);
}

static bool single_page(ds_github *gh, ds_activity *act, const char *base, const ds_fetch *want,
                        ds_page *page, ds_err *err)
{
    ds_github_items items = ds_github_items_of(gh);
    ds_github_get *gets = ds_arena_zalloc(page->arena, (want->items_n + 1) * sizeof(*gets));

    for (size_t i = 0; i < want->items_n; i++) {
        gets[i].url = single_url(items, base, want->items[i], page->arena);
        gets[i].endpoint = kinds[items].single;
        gets[i].members = kinds[items].members;
    }
    if (!ds_github_get_all(gh, act, gets, want->items_n, err))
        return ds_wrap(err, "%s", want->unit);
    for (size_t i = 0; i < want->items_n; i++) {
        if (!add_single(items, act, want, &gets[i], page, err))
            return false;
    }
    return true;
}

bool ds_github_inside_page(ds_github *gh, ds_activity *act, const ds_fetch *want, ds_page *page,
                           ds_err *err)
{
    const char *base = base_of(gh, want->unit, page->arena);
    bool singly = want->items && want->items_n <= DS_GITHUB_PAGE;

    if (!base)
        return ds_fail(err, DS_ERR_CONFIG, "there is no unit %.100s", want->unit);
    for (size_t i = 0; singly && i < want->items_n; i++)
        singly = single_url(ds_github_items_of(gh), base, want->items[i], page->arena) != NULL;
    if (singly)
        return single_page(gh, act, base, want, page, err);
    return list_page(gh, act, base, want, page, err);
}
