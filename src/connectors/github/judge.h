/* src/connectors/github/judge.h
 *
 * What GitHub means by an answer that is no success.  One status stands for many things (403 most
 * of all), so headers and words decide, in this one place.
 */
#ifndef DS_CONNECTORS_GITHUB_JUDGE_H
#define DS_CONNECTORS_GITHUB_JUDGE_H

#include <durable_sync/http.h>

typedef enum ds_github_meaning {
    DS_GITHUB_FINE,
    DS_GITHUB_BAD_LOGIN,     /* the token is refused, or too many were */
    DS_GITHUB_PRIMARY,       /* nothing left until the window ends */
    DS_GITHUB_SECONDARY,     /* too fast */
    DS_GITHUB_SSO,           /* the token is not authorised for the organisation's sign-on */
    DS_GITHUB_NO_PERMISSION, /* the token lacks a permission */
    DS_GITHUB_TOO_LARGE,     /* a list that the API does not give for this repository */
    DS_GITHUB_BLOCKED,       /* taken down, or access blocked */
    DS_GITHUB_NO_AGENT,      /* we sent no User-Agent */
    DS_GITHUB_FORBIDDEN,     /* 403 for another reason */
    DS_GITHUB_NOT_THERE,     /* 404: not there, or not for these eyes */
    DS_GITHUB_GONE,          /* 410 */
    DS_GITHUB_EMPTY,         /* 409: nothing was pushed yet */
    DS_GITHUB_REFUSED,       /* 400, 422, another 4xx: the request is wrong */
    DS_GITHUB_FAILED,        /* 5xx */
} ds_github_meaning;

/* `said`: the message of its body, in `a`; NULL: none. */
ds_github_meaning ds_github_meaning_of(const ds_http_answer *answer, ds_arena *a,
                                       const char **said);

/* A list that lacks what belongs to organisations whose single sign-on the token is not authorised
 * for: their numbers, "41,43"; NULL: nothing is hidden. */
const char *ds_github_hidden(const ds_http_answer *answer);

void ds_github_judge(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *verdict);
/* The same for GraphQL, where limits come with 200, and 502 or 504 asks for a smaller page. */
void ds_github_judge_graphql(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *verdict);

#endif
