/* src/fakes/github/edit.h - sets what a JSON object names; nothing of it where a part is wrong. */
#ifndef DS_FAKES_GITHUB_EDIT_H
#define DS_FAKES_GITHUB_EDIT_H

#include "fakes/github/world.h"

/* description, homepage, language, default_branch, license (its spdx id), name, owner (a login),
 * visibility, private, topics, archived, fork, disabled, is_template, has_issues, stargazers_count,
 * forks_count, subscribers_count, size, readme, readme_name, languages ({"C": 10}), contributors
 * ([{"login", "contributions"}]), contributors_too_large, access ("blocked", "legal" or null),
 * created_at, updated_at, pushed_at. */
DS_MUST_USE bool ds_gh_edit(ds_gh_world *w, ds_gh_repo *repo, const ds_json *to, int64_t now_s,
                            ds_err *err);
/* title, body, state, state_reason, user (a login or null), assignee, labels, comments, locked,
 * draft, head, base, merged, created_at, updated_at. */
DS_MUST_USE bool ds_gh_edit_issue_to(ds_gh_world *w, ds_gh_issue *issue, const ds_json *to,
                                     int64_t now_s, ds_err *err);
/* tag_name, name, body, draft, prerelease, created_at, published_at. */
DS_MUST_USE bool ds_gh_edit_release_to(ds_gh_world *w, ds_gh_release *release, const ds_json *to,
                                       ds_err *err);

#endif
