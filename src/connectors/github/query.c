/* src/connectors/github/query.c - what is asked of GraphQL. */
#include "connectors/github/graphql.h"
#include "connectors/github/repo.h"

#include <stdio.h>
#include <string.h>

#define NODE                                                                                       \
    "id databaseId name nameWithOwner url homepageUrl sshUrl mirrorUrl description isPrivate "     \
    "isFork isArchived isDisabled isTemplate visibility stargazerCount forkCount diskUsage "       \
    "createdAt updatedAt pushedAt hasIssuesEnabled hasProjectsEnabled hasWikiEnabled "             \
    "hasDiscussionsEnabled primaryLanguage{name} licenseInfo{key name spdxId} "                    \
    "defaultBranchRef{name} owner{__typename id login url ... on User{databaseId} ... on "         \
    "Organization{databaseId}} repositoryTopics(first:20){nodes{topic{name}}}"
#define LANGUAGES                                                                                  \
    " languages(first:100,orderBy:{field:SIZE,direction:DESC}){totalCount edges{size node{name}}}"
#define OPEN_COUNTS " issues(states:OPEN){totalCount} pullRequests(states:OPEN){totalCount}"

int64_t ds_github_graphql_cost(const ds_github *gh, int64_t n)
{
    int64_t lists = 1 + gh->wants[DS_GITHUB_LANGUAGES] + 2 * gh->wants_open_issues;

    return DS_MAX((1 + n * lists + 50) / 100, 1);
}

/* Gates that the server knows; null would do for the others, but who knows for how long. */
static const char *gates(const ds_github *gh, ds_arena *a)
{
    const char *visibility = "", *forks = "", *archived = "";

    if (strcmp(gh->visibility, "public") == 0)
        visibility = ",privacy:PUBLIC";
    else if (strcmp(gh->visibility, "all") != 0)
        visibility = ",privacy:PRIVATE"; /* what is internal is not public either */
    if (strcmp(gh->forks, "include") != 0)
        forks = strcmp(gh->forks, "only") == 0 ? ",isFork:true" : ",isFork:false";
    if (strcmp(gh->archived, "include") != 0)
        archived = strcmp(gh->archived, "only") == 0 ? ",isArchived:true" : ",isArchived:false";
    return ds_arena_printf(a, "%s%s%s", visibility, forks, archived);
}

const char *ds_github_graphql_query(const ds_github *gh, const char *org,
                                    const ds_github_place *place, ds_arena *a)
{
    DS_AUTO_BUF(out, 64 * DS_KIB);
    ds_json_writer w = ds_json_w(&out, false);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "query");
    ds_json_w_text(
        &w, ds_arena_printf(
                a,
                "query($org:String!,$n:Int!,$after:String){rateLimit{cost remaining resetAt} "
                "organization(login:$org){repositories(first:$n,after:$after,"
                "ownerAffiliations:[OWNER],orderBy:{field:CREATED_AT,direction:ASC}%s){totalCount "
                "pageInfo{hasNextPage endCursor} nodes{" NODE "%s%s}}}}",
                gates(gh, a), gh->wants[DS_GITHUB_LANGUAGES] ? LANGUAGES : "",
                gh->wants_open_issues ? OPEN_COUNTS : ""));
    ds_json_w_name(&w, "variables");
    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "org");
    ds_json_w_text(&w, org);
    ds_json_w_name(&w, "n");
    ds_json_w_int(&w, place->n);
    ds_json_w_name(&w, "after");
    ds_json_w_text(&w, place->after);
    ds_json_w_end_object(&w);
    ds_json_w_end_object(&w);
    return ds_arena_strndup(a, out.data, out.n);
}
