/* src/connectors/github/repo.h
 *
 * A repository as a record.  Whichever road it came by, it is first a JSON object with the members
 * of the REST API that are the same in each of its forms (listed, single, from GraphQL), and only
 * those: so a record does not change with the way it was read.
 */
#ifndef DS_CONNECTORS_GITHUB_REPO_H
#define DS_CONNECTORS_GITHUB_REPO_H

#include "connectors/github/settings.h"

/* The members that are kept of a repository; NULL at the end. */
extern const char *const ds_github_repo_members[];

/* reduce.c: writes the named members of `object` that it has; names end with NULL. */
void ds_github_reduce(ds_json_writer *w, const ds_json *object, const char *const *names);
/* Its key: the id as text; NULL: it has none that is a whole number. */
const char *ds_github_key(const ds_json *object, ds_arena *a);
/* All members as properties: times as datetimes, lists of topics in the order of the alphabet. */
void ds_github_set_members(ds_record *rec, const ds_json *object, ds_arena *a);

/* Whether the route's gates let it through. */
bool ds_github_passes(const ds_github *gh, const ds_json *repo);
/* Adds it to the page; one without an id is held under its name. */
void ds_github_add_repo(ds_page *page, const ds_json *repo);
/* Something of the list is hidden from the token (ds_github_hidden; NULL: nothing): a record that
 * says so is held, so that nobody takes its rows for gone. */
void ds_github_hold_hidden(ds_page *page, const char *hidden);

/* types.c: what is known of the properties' types. */
bool ds_github_describe(ds_source *self, ds_activity *act, const ds_property **out, size_t *n,
                        ds_err *err);

#endif
