/* src/fakes/github/routes.h - the functions of the routes, in the files that are named. */
#ifndef DS_FAKES_GITHUB_ROUTES_H
#define DS_FAKES_GITHUB_ROUTES_H

#include "fakes/github/github.h"

/* repos.c */
void ds_gh_org_repos(void *state, ds_fake_call *call);
void ds_gh_user_repos(void *state, ds_fake_call *call);
void ds_gh_my_repos(void *state, ds_fake_call *call);
void ds_gh_installation_repos(void *state, ds_fake_call *call);
void ds_gh_one_repo(void *state, ds_fake_call *call);

/* content.c */
void ds_gh_readme(void *state, ds_fake_call *call);
void ds_gh_languages(void *state, ds_fake_call *call);
void ds_gh_contributors(void *state, ds_fake_call *call);

/* issues.c */
void ds_gh_issues(void *state, ds_fake_call *call);
void ds_gh_one_issue(void *state, ds_fake_call *call);
void ds_gh_pulls(void *state, ds_fake_call *call);
void ds_gh_one_pull(void *state, ds_fake_call *call);
void ds_gh_releases(void *state, ds_fake_call *call);
void ds_gh_one_release(void *state, ds_fake_call *call); /* {release}, or `latest` */

/* users.c */
void ds_gh_me(void *state, ds_fake_call *call);
void ds_gh_user(void *state, ds_fake_call *call);
void ds_gh_org(void *state, ds_fake_call *call);
void ds_gh_members(void *state, ds_fake_call *call);
void ds_gh_rate_limit(void *state, ds_fake_call *call);
void ds_gh_versions(void *state, ds_fake_call *call);
/* By {org}, {user} or {id}; NULL: nobody. */
ds_gh_owner *ds_gh_owner_of(const ds_gh *g, const ds_fake_call *call);

/* graphql.c */
void ds_gh_graphql(void *state, ds_fake_call *call);

/* control.c: the side door, below /_fake/ */
void ds_gh_add_repo(void *state, ds_fake_call *call);
void ds_gh_edit_repo(void *state, ds_fake_call *call);
void ds_gh_delete_repo(void *state, ds_fake_call *call);
void ds_gh_push(void *state, ds_fake_call *call);
void ds_gh_add_issue(void *state, ds_fake_call *call);
void ds_gh_add_release(void *state, ds_fake_call *call);
void ds_gh_edit_inside(void *state, ds_fake_call *call); /* {number}, or {release} */
void ds_gh_delete_inside(void *state, ds_fake_call *call);
void ds_gh_edit_owner(void *state, ds_fake_call *call);
void ds_gh_set_token(void *state, ds_fake_call *call);
void ds_gh_set_limits(void *state, ds_fake_call *call);

/* kind.c: "core=5000,..." into the limits. */
DS_MUST_USE bool ds_gh_read_limits(ds_gh *g, const char *text, ds_err *err);

#endif
