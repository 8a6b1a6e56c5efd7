/* src/connectors/github/graphql.h
 *
 * An organisation's repositories by GraphQL: the question, and its answer as the objects that REST
 * would have given.
 */
#ifndef DS_CONNECTORS_GITHUB_GRAPHQL_H
#define DS_CONNECTORS_GITHUB_GRAPHQL_H

#include "connectors/github/cursor.h"

/* What is sent, as JSON. */
const char *ds_github_graphql_query(const ds_github *gh, const char *org,
                                    const ds_github_place *place, ds_arena *a);
/* What it takes of the hour's points. */
int64_t ds_github_graphql_cost(const ds_github *gh, int64_t n);

typedef enum ds_github_graphql_end {
    DS_GITHUB_GRAPHQL_READ,
    DS_GITHUB_GRAPHQL_TOO_MUCH, /* the server gave up: a smaller page may do */
    DS_GITHUB_GRAPHQL_REFUSED,  /* no such organisation, or not for this token: `why` */
} ds_github_graphql_end;

typedef struct ds_github_graphql_answer {
    ds_github_graphql_end end;
    const ds_json **repos; /* with REST's members; NULL: one that is hidden from us */
    const char **lost;     /* beside each: the name of one that has no number; NULL */
    size_t n;
    const char *next;   /* NULL: that was the last page */
    int64_t total;      /* -1: not told */
    const char *why;    /* REFUSED, TOO_MUCH: the API's words */
    const char *hidden; /* as ds_github_hidden says; set by who has the headers */
} ds_github_graphql_answer;

/* `base_url`: what REST's own addresses begin with. Any JSON is safe. */
void ds_github_graphql_read(const ds_json *doc, const char *base_url, ds_arena *a,
                            ds_github_graphql_answer *out);

#endif
