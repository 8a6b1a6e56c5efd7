/* src/connectors/github/sweep.h - how the repositories of a unit are read, page by page. */
#ifndef DS_CONNECTORS_GITHUB_SWEEP_H
#define DS_CONNECTORS_GITHUB_SWEEP_H

#include "connectors/github/settings.h"

#define DS_GITHUB_UNIT "github:"
#define DS_GITHUB_NAMED DS_GITHUB_UNIT "@repos" /* no login has an @ */
#define DS_GITHUB_MINE DS_GITHUB_UNIT "@mine"

/* units.c: the keys of all units. */
DS_MUST_USE bool ds_github_units(ds_source *self, ds_activity *act, ds_units *units, ds_err *err);
/* "github:acme" -> the listing's address and endpoint; NULL: the unit is none of these. */
const char *ds_github_listing(const ds_github *gh, const char *unit, size_t limit, ds_arena *a,
                              const char **endpoint);
/* The organisation of that unit as it is configured; NULL: it is none. */
const char *ds_github_org_of(const ds_github *gh, const char *unit);

/* rest.c: a listing's page; single repositories, by name or id. */
DS_MUST_USE bool ds_github_rest_page(ds_github *gh, ds_activity *act, const ds_fetch *want,
                                     ds_page *page, ds_err *err);
/* Which of the items that seem gone are there, where a repository alone does not tell whose it is:
 * the listing is read again. */
DS_MUST_USE bool ds_github_again_page(ds_github *gh, ds_activity *act, const ds_fetch *want,
                                      ds_page *page, ds_err *err);
DS_MUST_USE bool ds_github_named_page(ds_github *gh, ds_activity *act, const ds_fetch *want,
                                      const char *const *names, size_t n, ds_page *page,
                                      ds_err *err);

/* graphql.c: a page of an organisation's sweep. */
DS_MUST_USE bool ds_github_graphql_page(ds_github *gh, ds_activity *act, const ds_fetch *want,
                                        ds_page *page, ds_err *err);

/* inside.c: issues, pull requests, releases of one repository. */
DS_MUST_USE bool ds_github_inside_page(ds_github *gh, ds_activity *act, const ds_fetch *want,
                                       ds_page *page, ds_err *err);

#endif
