/* src/connectors/github/api.h
 *
 * Requests to the REST API: lists page by page, single things in batches, both with the ETag of
 * last time.
 */
#ifndef DS_CONNECTORS_GITHUB_API_H
#define DS_CONNECTORS_GITHUB_API_H

#include "connectors/github/settings.h"

#define DS_GITHUB_PAGE ((size_t)100) /* the most that the API puts on one */
#define DS_GITHUB_BATCH ((size_t)30) /* repositories looked at one by one within one page */

/* The clients of this pass. GraphQL's is opened where `by_graphql`. */
DS_MUST_USE bool ds_github_open(ds_github *gh, ds_activity *act, bool by_graphql, ds_err *err);

typedef struct ds_github_get {
    const char *url;            /* a path, or in full */
    const char *endpoint;       /* a literal: "GET /repos/{owner}/{repo}" */
    const char *const *members; /* what is kept of each object */
    bool fleeting;              /* the address will not come again: nothing is kept of it */

    /* answers */
    ds_http_request req;
    const ds_json *doc; /* reduced: a list, or one object; NULL: req says why */
    const char *next;   /* where the list goes on; NULL: nowhere */
} ds_github_get;

/* Sends them together, each with the ETag of its last answer; an unchanged one is read from what
 * was kept. What each came to stands in it. false: something that concerns all. */
DS_MUST_USE bool ds_github_get_all(ds_github *gh, ds_activity *act, ds_github_get *gets, size_t n,
                                   ds_err *err);
/* One page of a list; a page that takes the server too long (502, 504) is asked for in halves.
 * false: the page could not be read; `what` begins the error. */
DS_MUST_USE bool ds_github_get_list(ds_github *gh, ds_activity *act, ds_github_get *get,
                                    const char *what, ds_err *err);

/* For what cannot do without it: what a refused request means for the pass. Always false. */
bool ds_github_fail(const ds_http_request *req, ds_activity *act, const char *what, ds_err *err);

/* Whether a cursor's address is of this API's host: it may be stored for long. */
bool ds_github_is_ours(const ds_github *gh, const char *url);

#endif
