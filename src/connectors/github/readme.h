/* src/connectors/github/readme.h - many READMEs in one call. */
#ifndef DS_CONNECTORS_GITHUB_README_H
#define DS_CONNECTORS_GITHUB_README_H

#include "connectors/github/settings.h"

typedef struct ds_github_readme { /* neither: REST knows */
    bool none;                    /* there is certainly no README */
    const char *text;
} ds_github_readme;

/* Asks GraphQL for the READMEs of the repositories with these node ids; out[i], empty before, stays
 * so where it cannot tell (another file name, no text, too long). false: something that concerns
 * all. */
DS_MUST_USE bool ds_github_readmes(ds_github *gh, ds_activity *act, const char *const *ids,
                                   size_t n, ds_github_readme *out, ds_err *err);
/* What one node of the answer says. */
ds_github_readme ds_github_readme_read(const ds_json *node);

#endif
