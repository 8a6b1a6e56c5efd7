/* src/fakes/github/issues.c - issues, pull requests and releases of a repository. */
#include "fakes/github/routes.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct listing {
    bool pulls_only;
    const char *state, *sort, *creator, *labels;
    bool down;
    int64_t since_s;
} listing;

static int64_t sort_value(const listing *l, const ds_gh_issue *issue)
{
    if (strcmp(l->sort, "updated") == 0)
        return issue->updated_s;
    if (strcmp(l->sort, "comments") == 0 || strcmp(l->sort, "popularity") == 0)
        return issue->comments;
    return issue->created_s;
}

static int compare(const void *a, const void *b, void *to)
{
    const ds_gh_issue *x = *(ds_gh_issue *const *)a, *y = *(ds_gh_issue *const *)b;
    const listing *l = to;
    int64_t p = sort_value(l, x), q = sort_value(l, y);
    int order = (p > q) - (p < q);

    if (order == 0)
        order = (x->number > y->number) - (x->number < y->number);
    return l->down ? -order : order;
}

static bool has_label(const ds_gh_issue *issue, const char *name, size_t n)
{
    for (size_t i = 0; i < issue->labels_n; i++)
        if (strlen(issue->labels[i]) == n && strncasecmp(issue->labels[i], name, n) == 0)
            return true;
    return false;
}

static bool has_labels(const ds_gh_issue *issue, const char *list)
{
    while (list && *list) {
        size_t n = strcspn(list, ",");

        if (n > 0 && !has_label(issue, list, n))
            return false;
        list += n + (list[n] == ',');
    }
    return true;
}

static bool fits(const listing *l, const ds_gh_issue *issue)
{
    bool closed = strcmp(l->state, "closed") == 0;

    if (issue->gone || (l->pulls_only && !issue->pull_id) || issue->updated_s < l->since_s)
        return false;
    if (strcmp(l->state, "all") != 0 && issue->closed != closed)
        return false;
    if (l->creator && (!issue->user || strcasecmp(issue->user->login, l->creator) != 0))
        return false;
    return has_labels(issue, l->labels);
}

static ds_gh_issue **collect(listing *l, const ds_gh_repo *repo, ds_arena *a, size_t *n)
{
    ds_gh_issue **out = ds_arena_alloc(a, (repo->issues_n + 1) * sizeof *out);

    *n = 0;
    for (size_t i = 0; i < repo->issues_n; i++)
        if (fits(l, repo->issues[i]))
            out[(*n)++] = repo->issues[i];
    qsort_r(out, *n, sizeof *out, compare, l);
    return out;
}

static bool read_listing(listing *l, ds_fake_call *call)
{
    static const char *const states[] = {"open", "closed", "all", NULL};
    static const char *const ways[] = {"", "asc", "desc", NULL};
    static const char *const of_issues[] = {"created", "updated", "comments", NULL};
    static const char *const of_pulls[] = {"created", "updated", "popularity", "long-running",
                                           NULL};
    const char *way = ds_gh_choice(call, "direction", ways);

    l->state = way ? ds_gh_choice(call, "state", states) : NULL;
    l->sort = l->state ? ds_gh_choice(call, "sort", l->pulls_only ? of_pulls : of_issues) : NULL;
    if (!l->sort)
        return false;
    l->down = *way ? strcmp(way, "desc") == 0 : !l->pulls_only || strcmp(l->sort, "created") == 0;
    if (l->pulls_only) /* it has no `since` */
        return true;
    l->creator = ds_fake_query(call, "creator");
    l->labels = ds_fake_query(call, "labels");
    l->since_s = ds_gh_query_time(call, "since");
    return l->since_s >= 0;
}

static ds_gh_repo *filled_repo(ds_gh *g, ds_fake_call *call)
{
    ds_gh_repo *repo = ds_gh_repo_of(g, call);

    if (repo)
        ds_gh_fill(g->world, repo);
    return repo;
}

/* Without issues there are none, though its pull requests are numbered with them. */
static bool has_issues(ds_fake_call *call, const ds_gh_repo *repo)
{
    if (!repo->has_issues)
        ds_gh_error(call, 410, "Issues are disabled for this repo");
    return repo->has_issues;
}

static void list(ds_gh *g, ds_fake_call *call, ds_gh_repo *repo, bool pulls)
{
    listing l = {.pulls_only = pulls};
    ds_gh_show show = {g, call, NULL};
    ds_gh_issue **found;
    ds_gh_page page;
    size_t n;

    if (!read_listing(&l, call))
        return;
    found = collect(&l, repo, call->arena, &n);
    page = ds_gh_page_of(call, n,
                         ds_arena_printf(call->arena, "/repositories/%" PRId64 "/%s", repo->id,
                                         pulls ? "pulls" : "issues"));
    show.w = ds_fake_json(call, 200);
    ds_json_w_begin_list(show.w);
    for (size_t i = page.first; i < page.end; i++)
        if (pulls)
            ds_gh_show_pull(&show, repo, found[i], false);
        else
            ds_gh_show_issue(&show, repo, found[i]);
    ds_json_w_end_list(show.w);
}

void ds_gh_issues(void *state, ds_fake_call *call)
{
    ds_gh_repo *repo = filled_repo(state, call);

    if (repo && has_issues(call, repo))
        list(state, call, repo, false);
}

void ds_gh_pulls(void *state, ds_fake_call *call)
{
    ds_gh_repo *repo = filled_repo(state, call);

    if (repo)
        list(state, call, repo, true);
}

static ds_gh_issue *issue_of(ds_fake_call *call, const ds_gh_repo *repo)
{
    int64_t number = 0;
    ds_gh_issue *issue = NULL;

    if (ds_parse_int(ds_fake_param(call, "number"), &number))
        issue = ds_gh_issue_find(repo, number);
    if (issue && !issue->gone)
        return issue;
    ds_gh_error(call, issue ? 410 : 404, NULL);
    return NULL;
}

void ds_gh_one_issue(void *state, ds_fake_call *call)
{
    ds_gh_repo *repo = filled_repo(state, call);
    const ds_gh_issue *issue = repo && has_issues(call, repo) ? issue_of(call, repo) : NULL;
    ds_gh_show show = {state, call, NULL};

    if (!issue)
        return;
    show.w = ds_fake_json(call, 200);
    ds_gh_show_issue(&show, repo, issue);
}

void ds_gh_one_pull(void *state, ds_fake_call *call)
{
    ds_gh_repo *repo = filled_repo(state, call);
    const ds_gh_issue *pull = repo ? issue_of(call, repo) : NULL;
    ds_gh_show show = {state, call, NULL};

    if (!pull)
        return;
    if (!pull->pull_id) {
        ds_gh_error(call, 404, NULL);
        return;
    }
    show.w = ds_fake_json(call, 200);
    ds_gh_show_pull(&show, repo, pull, true);
}

/* ---- releases -------------------------------------------------------------------------------- */

static bool may_see(const ds_gh *g, const ds_gh_release *release)
{
    return !release->gone && (!release->draft || !g->who.blind);
}

static int newest_first(const void *a, const void *b)
{
    const ds_gh_release *x = *(ds_gh_release *const *)a, *y = *(ds_gh_release *const *)b;

    if (x->created_s != y->created_s)
        return x->created_s < y->created_s ? 1 : -1;
    return (x->id < y->id) - (x->id > y->id);
}

static ds_gh_release **collect_releases(const ds_gh *g, const ds_gh_repo *repo, ds_arena *a,
                                        size_t *n)
{
    ds_gh_release **out = ds_arena_alloc(a, (repo->releases_n + 1) * sizeof *out);

    *n = 0;
    for (size_t i = 0; i < repo->releases_n; i++)
        if (may_see(g, repo->releases[i]))
            out[(*n)++] = repo->releases[i];
    if (*n > 1)
        qsort(out, *n, sizeof *out, newest_first);
    return out;
}

void ds_gh_releases(void *state, ds_fake_call *call)
{
    ds_gh_repo *repo = filled_repo(state, call);
    ds_gh_show show = {state, call, NULL};
    ds_gh_release **found;
    ds_gh_page page;
    size_t n;

    if (!repo)
        return;
    found = collect_releases(state, repo, call->arena, &n);
    page = ds_gh_page_of(
        call, n, ds_arena_printf(call->arena, "/repositories/%" PRId64 "/releases", repo->id));
    show.w = ds_fake_json(call, 200);
    ds_json_w_begin_list(show.w);
    for (size_t i = page.first; i < page.end; i++)
        ds_gh_show_release(&show, repo, found[i]);
    ds_json_w_end_list(show.w);
}

/* The newest that is out and no preview of one. */
static const ds_gh_release *latest(const ds_gh *g, const ds_gh_repo *repo, ds_arena *a)
{
    size_t n;
    ds_gh_release **found = collect_releases(g, repo, a, &n);

    for (size_t i = 0; i < n; i++)
        if (!found[i]->draft && !found[i]->prerelease)
            return found[i];
    return NULL;
}

void ds_gh_one_release(void *state, ds_fake_call *call)
{
    const ds_gh_repo *repo = filled_repo(state, call);
    const char *which = ds_fake_param(call, "release");
    const ds_gh_release *release = NULL;
    ds_gh_show show = {state, call, NULL};
    int64_t id;

    if (!repo)
        return;
    if (strcmp(which, "latest") == 0)
        release = latest(state, repo, call->arena);
    else if (ds_parse_int(which, &id))
        release = ds_gh_release_find(repo, id);
    if (!release || !may_see(state, release)) {
        ds_gh_error(call, 404, NULL);
        return;
    }
    show.w = ds_fake_json(call, 200);
    ds_gh_show_release(&show, repo, release);
}
