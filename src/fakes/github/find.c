/* src/fakes/github/find.c - the repository a path names, as who asks may see it. */
#include "fakes/github/github.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

bool ds_gh_may_see(const ds_gh *g, const ds_gh_repo *repo)
{
    return !repo->gone && (repo->visibility == DS_GH_PUBLIC || !g->who.blind);
}

/* A name it no longer has answers with the place that never changes. */
static void answer_moved(ds_fake_call *call, const ds_gh_repo *repo, const char *rest)
{
    const char *url =
        ds_arena_printf(call->arena, "%s/repositories/%" PRId64 "%s%s%s", call->origin, repo->id,
                        rest, *call->query ? "?" : "", call->query);
    ds_json_writer *w = ds_fake_json(call, 301);

    ds_json_w_begin_object(w);
    ds_gh_w_text(w, "message", "Moved Permanently");
    ds_gh_w_text(w, "url", url);
    ds_gh_w_text(w, "documentation_url",
                 "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-"
                 "redirects");
    ds_json_w_end_object(w);
    ds_fake_set(call, "location", "%s", url);
}

/* What follows /repos/OWNER/REPO. */
static const char *rest_of(const ds_fake_call *call)
{
    const char *at = call->path;

    for (int slashes = 0; *at; at++)
        if (*at == '/' && ++slashes == 4)
            break;
    return at;
}

static bool is_troubled(ds_fake_call *call, const ds_gh_repo *repo)
{
    switch (repo->trouble) {
    case DS_GH_FINE:
        return false;
    case DS_GH_BLOCKED:
        ds_gh_error(call, 403, "Repository access blocked");
        return true;
    case DS_GH_LEGAL:
        ds_gh_error(call, 451, NULL);
        return true;
    }
    return false;
}

ds_gh_repo *ds_gh_repo_of(ds_gh *g, ds_fake_call *call)
{
    const char *owner = ds_fake_param(call, "owner"), *name = ds_fake_param(call, "repo");
    ds_gh_repo *repo = NULL;
    int64_t id;

    if (*owner)
        repo = ds_gh_repo_find(g->world, owner, name);
    else if (ds_parse_int(ds_fake_param(call, "id"), &id))
        repo = ds_gh_repo_by_id(g->world, id);
    if (!repo || !ds_gh_may_see(g, repo)) {
        ds_gh_error(call, 404, NULL);
        return NULL;
    }
    if (*owner &&
        (strcasecmp(owner, repo->owner->login) != 0 || strcasecmp(name, repo->name) != 0)) {
        answer_moved(call, repo, rest_of(call));
        return NULL;
    }
    return is_troubled(call, repo) ? NULL : repo;
}
