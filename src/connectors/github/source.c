/* src/connectors/github/source.c - GitHub as a source: what is opened, and which road a page goes.
 */
#include "connectors/github/api.h"
#include "connectors/github/github.h"
#include "connectors/github/repo.h"
#include "connectors/github/sweep.h"

#include <string.h>

/* "languages", or a path into it. */
static bool names(const char *path, const char *name)
{
    size_t n = strlen(name);

    return strncmp(path, name, n) == 0 && (!path[n] || path[n] == '.');
}

static void learn_wanted(ds_github *gh, ds_activity *act)
{
    static const char *const extras[DS_GITHUB_EXTRAS] = {"readme", "languages", "contributors"};
    size_t n;
    const char *const *wanted = ds_activity_wanted(act, &n);

    for (size_t i = 0; i < n; i++) {
        for (int extra = 0; extra < DS_GITHUB_EXTRAS; extra++)
            gh->wants[extra] |= names(wanted[i], extras[extra]);
        gh->wants_open_issues |= names(wanted[i], "open_issues_count");
    }
}

/* GraphQL brings languages with the listing; for the listing alone REST needs fewer calls. */
static bool is_by_graphql(const ds_github *gh)
{
    if (ds_github_items_of(gh) != DS_GITHUB_REPOS || !gh->orgs.n || strcmp(gh->road, "rest") == 0)
        return false;
    return strcmp(gh->road, "graphql") == 0 || (gh->token && ds_github_wants_extras(gh));
}

static bool open_source(ds_source *self, ds_activity *act, ds_err *err)
{
    ds_github *gh = (ds_github *)self;

    if (!ds_github_validate(self, err))
        return false;
    gh->arena = ds_arena_new();
    learn_wanted(gh, act);
    return ds_github_open(gh, act, is_by_graphql(gh), err);
}

static void close_source(ds_source *self)
{
    ds_github *gh = (ds_github *)self;

    ds_http_close(gh->rest);
    ds_http_close(gh->graphql);
    ds_arena_free(gh->arena);
    gh->rest = gh->graphql = NULL;
    gh->arena = NULL;
}

static bool fetch_page(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                       ds_err *err)
{
    ds_github *gh = (ds_github *)self;

    if (ds_github_items_of(gh) != DS_GITHUB_REPOS)
        return ds_github_inside_page(gh, act, want, page, err);
    if (want->seem_gone && strncmp(want->unit, DS_GITHUB_UNIT "@", sizeof(DS_GITHUB_UNIT)) == 0)
        return ds_github_again_page(gh, act, want, page, err);
    if (want->items)
        return ds_github_named_page(gh, act, want, want->items, want->items_n, page, err);
    if (strcmp(want->unit, DS_GITHUB_NAMED) == 0)
        return ds_github_named_page(gh, act, want, gh->repos.items, gh->repos.n, page, err);
    if (gh->graphql && ds_github_org_of(gh, want->unit))
        return ds_github_graphql_page(gh, act, want, page, err);
    return ds_github_rest_page(gh, act, want, page, err);
}

static bool lists_changes(const ds_source *self)
{
    ds_github_items items = ds_github_items_of((const ds_github *)self);

    return items == DS_GITHUB_ISSUES || items == DS_GITHUB_PULLS;
}

const ds_source_ops ds_github_source = {
    .kind = "github",
    .help = "repositories, issues, pull requests and releases of GitHub",
    .abi = DS_CONNECTOR_ABI,
    .options = ds_github_options,
    .instance_size = sizeof(ds_github),
    .units = ds_github_units,
    .fetch_page = fetch_page,
    .open = open_source,
    .close = close_source,
    .validate = ds_github_validate,
    .lists_changes = lists_changes,
    .targets_items = true,
    .names_items = true,
    .may_skip = true,
    .describe = ds_github_describe,
};
