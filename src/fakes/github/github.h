/* src/fakes/github/github.h - the inside of the stand-in of GitHub, shared by its files. */
#ifndef DS_FAKES_GITHUB_GITHUB_H
#define DS_FAKES_GITHUB_GITHUB_H

#include "fakes/github/world.h"
#include "fakes/router.h"

typedef enum ds_gh_bucket { DS_GH_CORE, DS_GH_GRAPHQL, DS_GH_BUCKETS } ds_gh_bucket;

typedef struct ds_gh_budget { /* what one identity has spent, whichever of its tokens it used */
    const char *identity;     /* "user ada", "app", "nobody" */
    struct {
        int64_t used, reset_s;
    } hour[DS_GH_BUCKETS];
    struct {
        int64_t minute, used;
    } points[DS_GH_BUCKETS];
} ds_gh_budget;

typedef struct ds_gh_token { /* one that is not just any token */
    const char *text;
    const char *login; /* NULL: an installation of an app */
    const char *scopes;
    bool dead;          /* 401 */
    bool blind;         /* sees nothing private */
    const char *hidden; /* the organisations it is not authorised for: "41,43"; NULL: none */
} ds_gh_token;

typedef struct ds_gh_kept { /* a listing in its order */
    ds_arena *arena;        /* NULL: none yet */
    const char *key;
    uint64_t revision; /* of the world */
    ds_gh_repo **list;
    size_t n;
} ds_gh_kept;

#define DS_GH_LISTS 4
#define DS_GH_TOKENS_MAX 64
#define DS_GH_BUDGETS_MAX 64

typedef struct ds_gh_who {   /* who makes the request at hand */
    const ds_gh_owner *user; /* NULL: an app, or nobody */
    bool nobody, blind;
    const char *scopes, *hidden;
    ds_gh_budget *budget;
    ds_gh_bucket bucket;
    int64_t charged; /* of the budget, for this request */
    bool exhausted;  /* show that nothing is left, whatever the budget says */
    int64_t reset_s;
} ds_gh_who;

typedef struct ds_gh {
    ds_gh_world *world;
    ds_arena *arena; /* of tokens and budgets */
    int64_t limits[DS_GH_BUCKETS], points[DS_GH_BUCKETS], anonymous, concurrent;
    int64_t page_most; /* GraphQL: more at once take too long (502); 0: no bound */
    bool hints;        /* a secondary limit says how long to wait */
    ds_gh_token tokens[DS_GH_TOKENS_MAX];
    size_t tokens_n;
    ds_gh_budget *budgets[DS_GH_BUDGETS_MAX];
    size_t budgets_n;
    ds_gh_who who;
    ds_gh_kept kept[DS_GH_LISTS];
    size_t kept_next;
} ds_gh;

/* ---- gate.c: what every request goes through ------------------------------------------------- */

bool ds_gh_before(void *state, ds_fake_call *call);
void ds_gh_after(void *state, ds_fake_call *call);
/* Charges the request; false: too much, and it has been answered. */
bool ds_gh_charge(ds_gh *g, ds_fake_call *call, int64_t cost);
int64_t ds_gh_limit(const ds_gh *g, ds_gh_bucket bucket);
/* Asked for by the version 2026-03-10, which leaves some members out. */
bool ds_gh_is_newer(const ds_fake_call *call);
/* The time as the API shows it, or null for 0. */
void ds_gh_w_time(ds_json_writer *w, const char *name, int64_t seconds);

/* ---- errors.c -------------------------------------------------------------------------------- */

/* {"message", "documentation_url", "status"}; `text` NULL: what GitHub says with that status. */
void ds_gh_error(ds_fake_call *call, int status, const char *text);
void ds_gh_invalid(ds_fake_call *call, const char *resource, const char *field); /* 422 */
void ds_gh_refuse(void *state, ds_fake_call *call, int status, const char *text);
void ds_gh_fault(void *state, ds_fake_call *call, const char *name, const char *value);
void ds_gh_secondary(ds_fake_call *call, int64_t retry_after); /* -1: without a hint */
void ds_gh_primary(ds_gh *g, ds_fake_call *call, int64_t reset_s);
extern const char *const ds_gh_faults[];

/* ---- pages.c --------------------------------------------------------------------------------- */

typedef struct ds_gh_page {
    size_t first, end; /* of the list; first <= end <= its length */
} ds_gh_page;

/* The page that is asked for, and its Link header; `path` is how the next one is asked for. */
ds_gh_page ds_gh_page_of(ds_fake_call *call, size_t total, const char *path);
/* Whether a query argument is one of `allowed` (NULL at the end); the first is the default. NULL
 * with a 422: it is none of them. */
const char *ds_gh_choice(ds_fake_call *call, const char *name, const char *const *allowed);
/* An ISO time of the query, in seconds. 0: not given; -1 with a 422: none. */
int64_t ds_gh_query_time(ds_fake_call *call, const char *name);

/* ---- lists.c: `key` says all that a listing depends on ----------------------------------------
 */

/* NULL: it was not made lately, or something has changed since. */
ds_gh_repo **ds_gh_list_kept(const ds_gh *g, const char *key, size_t *n);
void ds_gh_list_keep(ds_gh *g, const char *key, ds_gh_repo **list, size_t n);
void ds_gh_lists_free(ds_gh *g);

/* ---- find.c ---------------------------------------------------------------------------------- */

/* The repository that the path names, by {owner}/{repo} or {id}, as who asks may see it. NULL: it
 * has been answered (301, 403, 404, 451). */
ds_gh_repo *ds_gh_repo_of(ds_gh *g, ds_fake_call *call);
bool ds_gh_may_see(const ds_gh *g, const ds_gh_repo *repo);

/* ---- show_repo.c, show_issue.c: as the REST API shows them ----------------------------------- */

typedef struct ds_gh_show {
    ds_gh *g;
    ds_fake_call *call;
    ds_json_writer *w;
} ds_gh_show;

void ds_gh_w_text(ds_json_writer *w, const char *name, const char *text);
void ds_gh_w_int(ds_json_writer *w, const char *name, int64_t number);
void ds_gh_w_bool(ds_json_writer *w, const char *name, bool truth);
void ds_gh_w_null(ds_json_writer *w, const char *name);
DS_PRINTF(3, 4)
void ds_gh_w_url(const ds_gh_show *s, const char *name, const char *fmt, ...);
/* A member `name`, or without one a value. NULL user: null. */
void ds_gh_show_user(const ds_gh_show *s, const char *name, const ds_gh_owner *user);
void ds_gh_show_repo(const ds_gh_show *s, ds_gh_repo *repo, bool whole);
void ds_gh_show_issue(const ds_gh_show *s, const ds_gh_repo *repo, const ds_gh_issue *issue);
void ds_gh_show_pull(const ds_gh_show *s, ds_gh_repo *repo, const ds_gh_issue *pull, bool whole);
void ds_gh_show_release(const ds_gh_show *s, const ds_gh_repo *repo, const ds_gh_release *release);
const char *ds_gh_node_id(ds_arena *a, const char *prefix, int64_t id);
const char *ds_gh_license_key(ds_arena *a, const char *spdx);
/* What stands for a commit or a blob: 40 hex digits of what it is made of. */
const char *ds_gh_object_id(ds_arena *a, const void *data, size_t n);
const char *ds_gh_commit_id(ds_arena *a, const ds_gh_repo *repo);
const char *ds_gh_visibility_name(ds_gh_visibility visibility);

#endif
