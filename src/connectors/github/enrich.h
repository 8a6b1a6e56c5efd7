/* src/connectors/github/enrich.h
 *
 * What a listing does not hold and a push alone can change: README, languages, contributors.  Each
 * is asked for where the route names it, and again only once `pushed_at` or the default branch has
 * moved.  What cannot be found out keeps its old value, and without one stays absent: unknown is
 * never written as empty.
 */
#ifndef DS_CONNECTORS_GITHUB_ENRICH_H
#define DS_CONNECTORS_GITHUB_ENRICH_H

#include "connectors/github/settings.h"

/* Sets the wanted extras of the page's records; those that have one (from GraphQL) keep it. */
DS_MUST_USE bool ds_github_enrich(ds_github *gh, ds_activity *act, ds_page *page, ds_err *err);

/* For tests and the other road: {"C": 1, ...} into names, the most bytes first; a list of people
 * into logins, the most contributions first; equals by name. NULL: it is no such thing. */
const ds_json *ds_github_language_names(const ds_json *bytes, ds_arena *a);
const ds_json *ds_github_logins(const ds_json *people, ds_arena *a);

#endif
