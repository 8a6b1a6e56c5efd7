/* src/fakes/github/gql_types.c - the types at the top: the query, owners, the limit. */
#include "fakes/github/gql_run.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void ds_gql_w_time(ds_gql_run *run, int64_t seconds)
{
    ds_json_w_text(run->w, seconds ? ds_time_text(run->arena, seconds * 1000, false) : NULL);
}

/* ---- owners ---------------------------------------------------------------------------------- */

static void owner_id(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const ds_gh_owner *owner = object;

    (void)chosen;
    ds_json_w_text(run->w, ds_gh_node_id(run->arena, owner->org ? "O" : "U", owner->id));
}

static void owner_number(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_int(run->w, ((const ds_gh_owner *)object)->id);
}

static void owner_login(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_text(run->w, ((const ds_gh_owner *)object)->login);
}

static void owner_url(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_text(run->w, ds_arena_printf(run->arena, "https://github.com/%s",
                                           ((const ds_gh_owner *)object)->login));
}

static void owner_created(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_gql_w_time(run, ((const ds_gh_owner *)object)->created_s);
}

#define REPOS_ARGS                                                                                 \
    " first after privacy visibility orderBy isArchived isFork affiliations ownerAffiliations "

#define OWNER_FIELDS                                                                               \
    {"id", NULL, NULL, false, owner_id}, {"login", NULL, NULL, false, owner_login},                \
        {"url", NULL, NULL, false, owner_url},                                                     \
    {                                                                                              \
        "repositories", &ds_gql_repositories, REPOS_ARGS, true, ds_gql_show_repos                  \
    }

static const ds_gql_field owner_fields[] = {OWNER_FIELDS};
static const ds_gql_field account_fields[] = {
    OWNER_FIELDS,
    {"name", NULL, NULL, false, owner_login},
    {"databaseId", NULL, NULL, false, owner_number},
    {"createdAt", NULL, NULL, false, owner_created},
};

const ds_gql_type ds_gql_owner = {"RepositoryOwner", NULL, owner_fields, DS_COUNT(owner_fields)};
const ds_gql_type ds_gql_user = {"User", " Node RepositoryOwner ", account_fields,
                                 DS_COUNT(account_fields)};
const ds_gql_type ds_gql_organization = {"Organization", " Node RepositoryOwner ", account_fields,
                                         DS_COUNT(account_fields)};

const ds_gql_type *ds_gql_type_of_owner(const ds_gh_owner *owner)
{
    return owner->org ? &ds_gql_organization : &ds_gql_user;
}

/* ---- the limit ------------------------------------------------------------------------------- */

static void limit_cost(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)object;
    (void)chosen;
    ds_json_w_int(run->w, run->cost);
}

static void limit_limit(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)object;
    (void)chosen;
    ds_json_w_int(run->w, ds_gh_limit(run->g, DS_GH_GRAPHQL));
}

static void limit_used(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)object;
    (void)chosen;
    ds_json_w_int(run->w, run->g->who.budget->hour[DS_GH_GRAPHQL].used);
}

static void limit_remaining(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)object;
    (void)chosen;
    ds_json_w_int(run->w, ds_gh_limit(run->g, DS_GH_GRAPHQL) -
                              run->g->who.budget->hour[DS_GH_GRAPHQL].used);
}

static void limit_nodes(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)object;
    (void)chosen;
    ds_json_w_int(run->w, run->nodes);
}

static void limit_reset(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)object;
    (void)chosen;
    ds_gql_w_time(run, run->g->who.budget->hour[DS_GH_GRAPHQL].reset_s);
}

static const ds_gql_field limit_fields[] = {
    {"cost", NULL, NULL, false, limit_cost},
    {"limit", NULL, NULL, false, limit_limit},
    {"used", NULL, NULL, false, limit_used},
    {"remaining", NULL, NULL, false, limit_remaining},
    {"nodeCount", NULL, NULL, false, limit_nodes},
    {"resetAt", NULL, NULL, false, limit_reset},
};
static const ds_gql_type limit = {"RateLimit", NULL, limit_fields, DS_COUNT(limit_fields)};

/* ---- the query ------------------------------------------------------------------------------- */

static void show_limit(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    ds_gql_show(run, &limit, object, chosen->sets);
}

static void show_viewer(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)object;
    if (run->g->who.user) {
        ds_gql_show(run, &ds_gql_user, run->g->who.user, chosen->sets);
        return;
    }
    ds_json_w_null(run->w);
    ds_gql_error(run, "FORBIDDEN", NULL, true, "Resource not accessible by integration");
}

typedef enum wanted { ANYONE, ORGANIZATION, USER } wanted;

static void show_owner(ds_gql_run *run, const ds_gql_chosen *chosen, wanted kind)
{
    static const char *const words[] = {"RepositoryOwner", "Organization", "User"};
    const char *login = ds_gql_arg_text(run, chosen->args, "login");
    const ds_gh_owner *owner = login ? ds_gh_owner_find(run->g->world, login) : NULL;

    if (owner && (kind == ANYONE || owner->org == (kind == ORGANIZATION))) {
        ds_gql_show(run, ds_gql_type_of_owner(owner), owner, chosen->sets);
        return;
    }
    ds_json_w_null(run->w);
    if (kind != ANYONE)
        ds_gql_error(run, "NOT_FOUND", NULL, true,
                     "Could not resolve to a%s %s with the login of '%.60s'.",
                     kind == ORGANIZATION ? "n" : "", words[kind], login ? login : "");
}

static void show_organization(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)object;
    show_owner(run, chosen, ORGANIZATION);
}

static void show_user(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)object;
    show_owner(run, chosen, USER);
}

static void show_anyone(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)object;
    show_owner(run, chosen, ANYONE);
}

/* By its name now or before. */
static void show_repository(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const char *owner = ds_gql_arg_text(run, chosen->args, "owner");
    const char *name = ds_gql_arg_text(run, chosen->args, "name");
    const ds_gh_repo *repo = owner && name ? ds_gh_repo_find(run->g->world, owner, name) : NULL;

    (void)object;
    if (repo && ds_gh_may_see(run->g, repo)) {
        ds_gql_show(run, &ds_gql_repository, repo, chosen->sets);
        return;
    }
    ds_json_w_null(run->w);
    ds_gql_error(run, "NOT_FOUND", NULL, true,
                 "Could not resolve to a Repository with the name '%.60s/%.60s'.",
                 owner ? owner : "", name ? name : "");
}

/* ---- nodes by id ----------------------------------------------------------------------------- */

static void show_node_of(ds_gql_run *run, const char *id, const ds_gql_set *sets)
{
    const char *digits = id ? strstr(id, "_kgDO") : NULL;
    int64_t number = digits ? (int64_t)strtoull(digits + 5, NULL, 16) : -1;
    const ds_gh_repo *repo = NULL;
    const ds_gh_owner *owner = NULL;

    if (digits && digits == id + 1 && *id == 'R')
        repo = ds_gh_repo_by_id(run->g->world, number);
    else if (digits && digits == id + 1 && (*id == 'O' || *id == 'U'))
        owner = ds_gh_owner_by_id(run->g->world, number);
    if (repo && ds_gh_may_see(run->g, repo)) {
        ds_gql_show(run, &ds_gql_repository, repo, sets);
    } else if (owner) {
        ds_gql_show(run, ds_gql_type_of_owner(owner), owner, sets);
    } else {
        ds_json_w_null(run->w);
        ds_gql_error(run, "NOT_FOUND", NULL, true,
                     "Could not resolve to a node with the global id of '%.60s'", id ? id : "");
    }
}

static void show_node(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)object;
    show_node_of(run, ds_gql_arg_text(run, chosen->args, "id"), chosen->sets);
}

static void show_nodes(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const ds_gql_value *ids = ds_gql_arg_value(run, chosen->args, "ids");
    const ds_gql_value *id = ids && ids->kind == DS_GQL_LIST ? ids->items : ids;
    int64_t index = 0;

    (void)object;
    ds_json_w_begin_list(run->w);
    for (; id; id = ids->kind == DS_GQL_LIST ? id->next : NULL) {
        const ds_gql_value *value = ds_gql_resolve(run, id);

        ds_gql_push(run, NULL, index++);
        show_node_of(run, value ? value->text : NULL, chosen->sets);
        ds_gql_pop(run);
    }
    ds_json_w_end_list(run->w);
}

static const ds_gql_field node_fields[] = {{"id", NULL, NULL, false, owner_id}};
static const ds_gql_type node = {"Node", NULL, node_fields, DS_COUNT(node_fields)};

static const ds_gql_field query_fields[] = {
    {"rateLimit", &limit, NULL, false, show_limit},
    {"viewer", &ds_gql_user, NULL, false, show_viewer},
    {"organization", &ds_gql_organization, " login ", false, show_organization},
    {"user", &ds_gql_user, " login ", false, show_user},
    {"repositoryOwner", &ds_gql_owner, " login ", false, show_anyone},
    {"repository", &ds_gql_repository, " owner name followRenames ", false, show_repository},
    {"node", &node, " id ", false, show_node},
    {"nodes", &node, " ids ", false, show_nodes},
};

const ds_gql_type ds_gql_query = {"Query", NULL, query_fields, DS_COUNT(query_fields)};

const ds_gql_type *const ds_gql_types[] = {
    &ds_gql_query,
    &node,
    &ds_gql_owner,
    &ds_gql_user,
    &ds_gql_organization,
    &ds_gql_repository,
    &ds_gql_git_object,
    &ds_gql_blob,
    &ds_gql_commit,
    &ds_gql_tree,
    NULL,
};
