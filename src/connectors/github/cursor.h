/* src/connectors/github/cursor.h
 *
 * Where a pass goes on: "rest ADDRESS", "graphql N GOOD PLACE" or "named INDEX".  It is stored, so
 * it may come back after the settings have changed.
 */
#ifndef DS_CONNECTORS_GITHUB_CURSOR_H
#define DS_CONNECTORS_GITHUB_CURSOR_H

#include "connectors/github/settings.h"

#define DS_GITHUB_BATCH_MOST 30 /* repositories a page of GraphQL; more takes it too long */
#define DS_GITHUB_BATCH_LEAST 5

typedef struct ds_github_place { /* in a sweep by GraphQL */
    int64_t n;                   /* repositories a page */
    int64_t good;                /* pages in a row that went well at this size */
    const char *after;           /* GraphQL's own cursor; NULL: the beginning */
} ds_github_place;

/* A page went well: after two in a row it may be half as large again. */
void ds_github_grow(ds_github_place *place);
/* It took too long. false: it is as small as it gets. */
DS_MUST_USE bool ds_github_shrink(ds_github_place *place);

const char *ds_github_place_text(const ds_github_place *place, ds_arena *a);
/* false: it is none, or not to be believed. Texts point into `text`. */
DS_MUST_USE bool ds_github_place_read(const char *text, ds_github_place *out);

/* The address behind "rest "; NULL: it is none of this API's. */
const char *ds_github_next_of(const ds_github *gh, const char *cursor);
const char *ds_github_next_text(const char *url, ds_arena *a);

#endif
