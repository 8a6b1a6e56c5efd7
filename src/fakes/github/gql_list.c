/* src/fakes/github/gql_list.c
 *
 * Connections: an owner's repositories, a repository's languages and topics.  A cursor of
 * repositories holds what they are ordered by, so a page goes on behind it whatever came or went.
 */
#include "fakes/github/gql_run.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct edge { /* one of a list */
    const ds_gql_list *list;
    size_t i;
} edge;

/* ---- order and cursors ----------------------------------------------------------------------- */

static int64_t order_value(char by, const ds_gh_repo *repo)
{
    switch (by) {
    case 'u':
        return repo->updated_s;
    case 'p':
        return repo->pushed_s;
    case 's':
        return repo->stars;
    case 'n':
        return 0;
    default:
        return repo->created_s;
    }
}

typedef struct order {
    char by;
    bool down;
} order;

static int compare_values(const order *o, int64_t a, int64_t b, const char *a_name,
                          const char *b_name, int64_t a_id, int64_t b_id)
{
    int result = (a > b) - (a < b);

    if (o->by == 'n')
        result = strcasecmp(a_name, b_name);
    if (result == 0)
        result = (a_id > b_id) - (a_id < b_id);
    return o->down ? -result : result;
}

static int compare(const void *a, const void *b, void *to)
{
    const ds_gh_repo *x = *(ds_gh_repo *const *)a, *y = *(ds_gh_repo *const *)b;
    const order *o = to;

    return compare_values(o, order_value(o->by, x), order_value(o->by, y), x->name, y->name, x->id,
                          y->id);
}

static const char *cursor_of(const ds_gql_run *run, char by, const ds_gh_repo *repo)
{
    return ds_arena_printf(run->arena, "v1:%c:%" PRId64 ":%" PRId64 ":%s", by,
                           order_value(by, repo), repo->id, repo->name);
}

/* The first of the list that comes behind the cursor; false: it is none of this order. */
static bool behind_cursor(const order *o, const ds_gql_list *list, const char *cursor, size_t *at)
{
    char by;
    long long value, id;
    int name = 0;

    if (sscanf(cursor, "v1:%c:%lld:%lld:%n", &by, &value, &id, &name) != 3 || name == 0 ||
        by != o->by)
        return false;
    for (*at = 0; *at < list->total; ++*at) {
        const ds_gh_repo *repo = list->repos[*at];

        if (compare_values(o, order_value(by, repo), value, repo->name, cursor + name, repo->id,
                           id) > 0)
            break;
    }
    return true;
}

/* ---- an owner's repositories ----------------------------------------------------------------- */

typedef struct filter {
    const ds_gh_owner *owner;
    int archived, fork;     /* -1: either */
    const char *visibility; /* NULL: any */
} filter;

static bool fits(const ds_gql_run *run, const filter *f, const ds_gh_repo *repo)
{
    static const char *const names[] = {"PUBLIC", "PRIVATE", "INTERNAL"};

    return repo->owner == f->owner && ds_gh_may_see(run->g, repo) &&
           (f->archived < 0 || repo->archived == f->archived) &&
           (f->fork < 0 || repo->fork == f->fork) &&
           (!f->visibility || strcmp(names[repo->visibility], f->visibility) == 0);
}

static order order_of(const ds_gql_run *run, const ds_gql_chosen *chosen)
{
    const ds_gql_value *by = ds_gql_arg_value(run, chosen->args, "orderBy");
    const char *field = ds_gql_member_text(run, by, "field");
    const char *direction = ds_gql_member_text(run, by, "direction");
    const struct {
        const char *name;
        char by;
    } names[] = {{"NAME", 'n'}, {"UPDATED_AT", 'u'}, {"PUSHED_AT", 'p'}, {"STARGAZERS", 's'}};
    order o = {.by = 'c', .down = direction && strcmp(direction, "DESC") == 0};

    for (size_t i = 0; field && i < DS_COUNT(names); i++)
        if (strcmp(names[i].name, field) == 0)
            o.by = names[i].by;
    return o;
}

static void collect(const ds_gql_run *run, const filter *f, order *o, ds_gql_list *list)
{
    const ds_gh_world *world = run->g->world;
    const char *key = ds_arena_printf(
        run->arena, "graphql %" PRId64 " %d %d %s %c %d %d", f->owner->id, f->archived, f->fork,
        f->visibility ? f->visibility : "", o->by, o->down, run->g->who.blind);

    list->by = o->by;
    list->repos = ds_gh_list_kept(run->g, key, &list->total);
    if (list->repos)
        return;
    list->repos = ds_arena_alloc(run->arena, (world->repos_n + 1) * sizeof(ds_gh_repo *));
    for (size_t i = 0; i < world->repos_n; i++)
        if (fits(run, f, world->repos[i]))
            list->repos[list->total++] = world->repos[i];
    qsort_r(list->repos, list->total, sizeof *list->repos, compare, o);
    ds_gh_list_keep(run->g, key, list->repos, list->total);
}

static size_t page_end(const ds_gql_run *run, const ds_gql_chosen *chosen, size_t first,
                       size_t total)
{
    int64_t n = ds_gql_arg_int(run, chosen->args, "first", 0);

    return DS_MIN(total, first + (size_t)n);
}

void ds_gql_show_repos(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const char *privacy = ds_gql_arg_text(run, chosen->args, "privacy");
    const char *visibility = ds_gql_arg_text(run, chosen->args, "visibility");
    const char *after = ds_gql_arg_text(run, chosen->args, "after");
    filter f = {.owner = object,
                .archived = ds_gql_arg_flag(run, chosen->args, "isArchived"),
                .fork = ds_gql_arg_flag(run, chosen->args, "isFork"),
                .visibility = visibility ? visibility : privacy};
    order o = order_of(run, chosen);
    ds_gql_list list = {.repos = NULL};

    collect(run, &f, &o, &list);
    if (after && !behind_cursor(&o, &list, after, &list.first)) {
        ds_json_w_null(run->w);
        ds_gql_error(run, "INVALID_CURSOR_ARGUMENTS", NULL, true,
                     "`%.60s` does not appear to be a valid cursor.", after);
        return;
    }
    list.end = page_end(run, chosen, list.first, list.total);
    ds_gql_show(run, &ds_gql_repositories, &list, chosen->sets);
}

static void show_repo_nodes(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const ds_gql_list *list = object;

    ds_json_w_begin_list(run->w);
    for (size_t i = list->first; i < list->end; i++) {
        ds_gql_push(run, NULL, (int64_t)(i - list->first));
        ds_gql_show(run, &ds_gql_repository, list->repos[i], chosen->sets);
        ds_gql_pop(run);
    }
    ds_json_w_end_list(run->w);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void show_total(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_int(run->w, (int64_t)((const ds_gql_list *)object)->total);
}

static const char *cursor_at(const ds_gql_run *run, const ds_gql_list *list, size_t i)
{
    return list->repos ? cursor_of(run, list->by, list->repos[i])
                       : ds_arena_printf(run->arena, "v1:i:%zu", i);
}

static void show_has_next(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const ds_gql_list *list = object;

    (void)chosen;
    ds_json_w_bool(run->w, list->end < list->total);
}

static void show_has_previous(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_bool(run->w, ((const ds_gql_list *)object)->first > 0);
}

static void show_end_cursor(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const ds_gql_list *list = object;

    (void)chosen;
    ds_json_w_text(run->w, list->end > list->first ? cursor_at(run, list, list->end - 1) : NULL);
}

static void show_start_cursor(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const ds_gql_list *list = object;

    (void)chosen;
    ds_json_w_text(run->w, list->end > list->first ? cursor_at(run, list, list->first) : NULL);
}

static const ds_gql_field page_fields[] = {
    {"hasNextPage", NULL, NULL, false, show_has_next},
    {"hasPreviousPage", NULL, NULL, false, show_has_previous},
    {"endCursor", NULL, NULL, false, show_end_cursor},
    {"startCursor", NULL, NULL, false, show_start_cursor},
};
static const ds_gql_type page_info = {"PageInfo", NULL, page_fields, DS_COUNT(page_fields)};

static void show_page_info(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    ds_gql_show(run, &page_info, object, chosen->sets);
}

/* ---- edges ----------------------------------------------------------------------------------- */

static void show_edges(ds_gql_run *run, const ds_gql_list *list, const ds_gql_type *type,
                       const ds_gql_chosen *chosen)
{
    ds_json_w_begin_list(run->w);
    for (size_t i = list->first; i < list->end; i++) {
        edge e = {list, i};

        ds_gql_push(run, NULL, (int64_t)(i - list->first));
        ds_gql_show(run, type, &e, chosen->sets);
        ds_gql_pop(run);
    }
    ds_json_w_end_list(run->w);
}

static void show_cursor(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const edge *e = object;

    (void)chosen;
    ds_json_w_text(run->w, cursor_at(run, e->list, e->i));
}

static void show_repo_of_edge(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const edge *e = object;

    ds_gql_show(run, &ds_gql_repository, e->list->repos[e->i], chosen->sets);
}

static const ds_gql_field repo_edge_fields[] = {
    {"cursor", NULL, NULL, false, show_cursor},
    {"node", &ds_gql_repository, NULL, false, show_repo_of_edge},
};
static const ds_gql_type repo_edge = {"RepositoryEdge", NULL, repo_edge_fields,
                                      DS_COUNT(repo_edge_fields)};

static void show_repo_edges(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    show_edges(run, object, &repo_edge, chosen);
}

static const ds_gql_field repositories_fields[] = {
    {"totalCount", NULL, NULL, false, show_total},
    {"pageInfo", &page_info, NULL, false, show_page_info},
    {"nodes", &ds_gql_repository, NULL, false, show_repo_nodes},
    {"edges", &repo_edge, NULL, false, show_repo_edges},
};
const ds_gql_type ds_gql_repositories = {"RepositoryConnection", NULL, repositories_fields,
                                         DS_COUNT(repositories_fields)};

/* ---- languages and topics -------------------------------------------------------------------- */

static void show_name_of_edge(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const edge *e = object;

    (void)chosen;
    ds_json_w_text(run->w, e->list->repo->languages[e->i].name);
}

static void show_size_of_edge(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const edge *e = object;

    (void)chosen;
    ds_json_w_int(run->w, e->list->repo->languages[e->i].bytes);
}

static const ds_gql_field language_fields[] = {{"name", NULL, NULL, false, show_name_of_edge}};
static const ds_gql_type language = {"Language", NULL, language_fields, DS_COUNT(language_fields)};

static void show_language_of_edge(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    ds_gql_show(run, &language, object, chosen->sets);
}

static const ds_gql_field language_edge_fields[] = {
    {"cursor", NULL, NULL, false, show_cursor},
    {"size", NULL, NULL, false, show_size_of_edge},
    {"node", &language, NULL, false, show_language_of_edge},
};
static const ds_gql_type language_edge = {"LanguageEdge", NULL, language_edge_fields,
                                          DS_COUNT(language_edge_fields)};

static void show_language_edges(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    show_edges(run, object, &language_edge, chosen);
}

static void show_language_nodes(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    show_edges(run, object, &language, chosen);
}

static void show_total_size(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const ds_gh_repo *repo = ((const ds_gql_list *)object)->repo;
    int64_t total = 0;

    (void)chosen;
    for (size_t i = 0; i < repo->languages_n; i++)
        total += repo->languages[i].bytes;
    ds_json_w_int(run->w, total);
}

static const ds_gql_field languages_fields[] = {
    {"totalCount", NULL, NULL, false, show_total},
    {"totalSize", NULL, NULL, false, show_total_size},
    {"pageInfo", &page_info, NULL, false, show_page_info},
    {"nodes", &language, NULL, false, show_language_nodes},
    {"edges", &language_edge, NULL, false, show_language_edges},
};
const ds_gql_type ds_gql_languages = {"LanguageConnection", NULL, languages_fields,
                                      DS_COUNT(languages_fields)};

/* A list whose cursors are places in it. */
static ds_gql_list part_of(const ds_gql_run *run, const ds_gql_chosen *chosen,
                           const ds_gh_repo *repo, size_t total)
{
    const char *after = ds_gql_arg_text(run, chosen->args, "after");
    ds_gql_list list = {.repo = repo, .total = total};
    size_t at;

    if (after && sscanf(after, "v1:i:%zu", &at) == 1)
        list.first = DS_MIN(total, at + 1);
    list.end = page_end(run, chosen, list.first, total);
    return list;
}

void ds_gql_show_languages(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const ds_gh_repo *repo = object;
    ds_gql_list list = part_of(run, chosen, repo, repo->languages_n);

    ds_gql_show(run, &ds_gql_languages, &list, chosen->sets);
}

static void show_topic_name(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const edge *e = object;

    (void)chosen;
    ds_json_w_text(run->w, e->list->repo->topics[e->i]);
}

static const ds_gql_field topic_fields[] = {{"name", NULL, NULL, false, show_topic_name}};
static const ds_gql_type topic = {"Topic", NULL, topic_fields, DS_COUNT(topic_fields)};

static void show_topic(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    ds_gql_show(run, &topic, object, chosen->sets);
}

static const ds_gql_field repo_topic_fields[] = {{"topic", &topic, NULL, false, show_topic}};
static const ds_gql_type repo_topic = {"RepositoryTopic", NULL, repo_topic_fields,
                                       DS_COUNT(repo_topic_fields)};

static void show_topic_nodes(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    show_edges(run, object, &repo_topic, chosen);
}

static const ds_gql_field topics_fields[] = {
    {"totalCount", NULL, NULL, false, show_total},
    {"pageInfo", &page_info, NULL, false, show_page_info},
    {"nodes", &repo_topic, NULL, false, show_topic_nodes},
};
const ds_gql_type ds_gql_topics = {"RepositoryTopicConnection", NULL, topics_fields,
                                   DS_COUNT(topics_fields)};

void ds_gql_show_topics(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const ds_gh_repo *repo = object;
    ds_gql_list list = part_of(run, chosen, repo, repo->topics_n);

    ds_gql_show(run, &ds_gql_topics, &list, chosen->sets);
}
