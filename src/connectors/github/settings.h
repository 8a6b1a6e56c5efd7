/* src/connectors/github/settings.h
 *
 * The source's instance: what the configuration says, and what is opened for one pass.
 */
#ifndef DS_CONNECTORS_GITHUB_SETTINGS_H
#define DS_CONNECTORS_GITHUB_SETTINGS_H

#include <durable_sync/http.h>
#include <durable_sync/source.h>

typedef enum ds_github_items {
    DS_GITHUB_REPOS,
    DS_GITHUB_ISSUES,
    DS_GITHUB_PULLS,
    DS_GITHUB_RELEASES,
} ds_github_items;

/* What costs more than the listing; read only where the route names it. */
typedef enum ds_github_extra {
    DS_GITHUB_README,
    DS_GITHUB_LANGUAGES,
    DS_GITHUB_CONTRIBUTORS,
    DS_GITHUB_EXTRAS,
} ds_github_extra;

typedef struct ds_github {
    ds_source base; /* first */

    ds_secret *token; /* NULL: anonymous */
    ds_http_settings http;
    ds_texts orgs, users, repos;
    bool mine;
    const char *items, *visibility, *forks, *archived, *road;
    ds_texts topics, languages;

    /* from open on */
    ds_http *rest, *graphql; /* graphql NULL: this pass goes by REST */
    ds_http_settings graphql_http;
    ds_arena *arena;         /* lives as long as the instance */
    const char *fingerprint; /* of host and token */
    bool wants[DS_GITHUB_EXTRAS];
    bool wants_open_issues; /* a count that GraphQL has to add up */
} ds_github;

extern const ds_option ds_github_options[];

DS_MUST_USE bool ds_github_validate(const ds_source *self, ds_err *err);
ds_github_items ds_github_items_of(const ds_github *gh);
bool ds_github_wants_extras(const ds_github *gh);
/* A token of an app's installation: it has no user. */
bool ds_github_is_app(const ds_github *gh);
/* A name of an owner or a repository: letters, digits, - . _ alone, and no climbing. */
bool ds_github_is_name(const char *name, size_t n);
/* "acme/loom" into its two; false: it is no such thing. */
bool ds_github_split(const char *full, ds_arena *a, const char **owner, const char **name);

#endif
