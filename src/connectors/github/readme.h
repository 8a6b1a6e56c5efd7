/* src/connectors/github/readme.h - many READMEs in one call. */
#ifndef DS_CONNECTORS_GITHUB_README_H
#define DS_CONNECTORS_GITHUB_README_H

#include "connectors/github/settings.h"

/* Asks GraphQL for the READMEs of the repositories with these node ids. texts[i] stays NULL where
 * it cannot tell (another file name, no text, too long): REST knows. false: something that concerns
 * all. */
DS_MUST_USE bool ds_github_readmes(ds_github *gh, ds_activity *act, const char *const *ids,
                                   size_t n, const char **texts, ds_err *err);
/* The text in one node of the answer; NULL: none that is whole. */
const char *ds_github_readme_text(const ds_json *node);

#endif
