/* src/fakes/github/gql_run.h
 *
 * Runs a query against tables of types.  A field's function writes exactly one value.  Before
 * anything runs, the document is held against the tables (unknown fields, arguments, fragments),
 * and what it costs is counted as GitHub counts it: requests for connections, a hundred for a
 * point, and the nodes they may return.
 */
#ifndef DS_FAKES_GITHUB_GQL_RUN_H
#define DS_FAKES_GITHUB_GQL_RUN_H

#include "fakes/github/github.h"
#include "fakes/github/gql.h"

#define DS_GQL_NODES_MOST 500000
#define DS_GQL_PATH_MAX (DS_GQL_DEPTH_MAX * 2)
#define DS_GQL_ERRORS_MAX 100

typedef struct ds_gql_run ds_gql_run;
typedef struct ds_gql_type ds_gql_type;

typedef struct ds_gql_set { /* selections of one object; several where a field was named twice */
    const ds_gql_selection *first;
    const struct ds_gql_set *next;
} ds_gql_set;

typedef struct ds_gql_chosen { /* a field of an object, with all that was asked of it */
    const char *key;
    const struct ds_gql_field *field;
    const ds_gql_arg *args;
    const ds_gql_set *sets;
    struct ds_gql_chosen *next;
} ds_gql_chosen;

typedef struct ds_gql_field {
    const char *name;
    const ds_gql_type *type; /* of the object or objects it leads to; NULL: a scalar */
    const char *args; /* " first after " : what it takes, blanks around each; NULL: nothing */
    bool connection;  /* paged: counted for the cost */
    void (*show)(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen);
} ds_gql_field;

struct ds_gql_type {
    const char *name;
    const char *is; /* " Node RepositoryOwner ": what fragments on others reach it; NULL: none */
    const ds_gql_field *fields;
    size_t fields_n;
};

struct ds_gql_run {
    ds_gh *g;
    ds_fake_call *call;
    ds_arena *arena;
    ds_json_writer *w;
    const ds_gql_document *doc;
    const ds_gql_operation *operation;

    int64_t requests, nodes, cost; /* by the check */
    int64_t page_most;             /* the largest page that is asked for */

    struct { /* where we are, for errors */
        const char *key;
        int64_t index; /* where key is NULL */
    } path[DS_GQL_PATH_MAX];
    size_t path_n;
    ds_buf errors_text;
    ds_json_writer errors;
    size_t errors_n;
};

/* gql_types.c */
extern const ds_gql_type ds_gql_query, ds_gql_owner, ds_gql_user, ds_gql_organization;
extern const ds_gql_type *const ds_gql_types[]; /* those that fragments may name; NULL at the end */
const ds_gql_type *ds_gql_type_of_owner(const ds_gh_owner *owner);

/* ---- gql_run.c ------------------------------------------------------------------------------- */

/* Writes the object as far as it was asked for. `type` is what it is, not what leads to it. */
void ds_gql_show(ds_gql_run *run, const ds_gql_type *type, const void *object,
                 const ds_gql_set *sets);
const ds_gql_field *ds_gql_find_field(const ds_gql_type *type, const char *name);
const ds_gql_fragment *ds_gql_find_fragment(const ds_gql_run *run, const char *name);
/* A fragment on `condition` reaches an object of this type. */
bool ds_gql_is(const ds_gql_type *type, const char *condition);
void ds_gql_push(ds_gql_run *run, const char *key, int64_t index);
void ds_gql_pop(ds_gql_run *run);

/* One more error: at the place of the document (NULL: none), at the path where `with_path`.
 * `type` NULL: without one. */
DS_PRINTF(5, 6)
void ds_gql_error(ds_gql_run *run, const char *type, const ds_gql_place *place, bool with_path,
                  const char *fmt, ...);

/* Arguments, with variables resolved. NULL, or `other`: not given. */
const ds_gql_value *ds_gql_arg_value(const ds_gql_run *run, const ds_gql_arg *args,
                                     const char *name);
const char *ds_gql_arg_text(const ds_gql_run *run, const ds_gql_arg *args, const char *name);
int64_t ds_gql_arg_int(const ds_gql_run *run, const ds_gql_arg *args, const char *name,
                       int64_t other);
/* 1 true, 0 false, -1 not given. */
int ds_gql_arg_flag(const ds_gql_run *run, const ds_gql_arg *args, const char *name);
/* The member of an object that is an argument. */
const char *ds_gql_member_text(const ds_gql_run *run, const ds_gql_value *object, const char *name);
const ds_gql_value *ds_gql_resolve(const ds_gql_run *run, const ds_gql_value *value);
/* By @include and @skip. */
bool ds_gql_included(const ds_gql_run *run, const ds_gql_directive *directives);

/* ---- gql_check.c ----------------------------------------------------------------------------- */

/* Gives the variables their values, holds the operation against the types, counts what it costs.
 * false: errors were added. */
DS_MUST_USE bool ds_gql_check(ds_gql_run *run, const ds_json *variables);

/* Shows something of a repository; what follows is run with `run` and `repo`. */
#define DS_GQL_REPO(function, ...)                                                                 \
    static void function(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)         \
    {                                                                                              \
        const ds_gh_repo *repo = object;                                                           \
                                                                                                   \
        (void)chosen;                                                                              \
        __VA_ARGS__;                                                                               \
    }

/* ---- gql_repo.c, gql_files.c, gql_list.c
 * ------------------------------------------------------------------ */

extern const ds_gql_type ds_gql_repository, ds_gql_repositories, ds_gql_git_object, ds_gql_blob,
    ds_gql_tree, ds_gql_commit, ds_gql_languages, ds_gql_topics, ds_gql_count;

typedef struct ds_gql_list { /* a page of a list: what the functions of connections are handed */
    const ds_gh_repo *repo;  /* of languages and topics */
    ds_gh_repo **repos;      /* of an owner */
    size_t total, first, end;
    char by; /* n name, c created, u updated, p pushed, s stars: what cursors are made of */
} ds_gql_list;

/* The connections, as fields of what they belong to. */
void ds_gql_show_repos(ds_gql_run *run, const void *owner, const ds_gql_chosen *chosen);
void ds_gql_show_languages(ds_gql_run *run, const void *repo, const ds_gql_chosen *chosen);
void ds_gql_show_topics(ds_gql_run *run, const void *repo, const ds_gql_chosen *chosen);
void ds_gql_show_object(ds_gql_run *run, const void *repo, const ds_gql_chosen *chosen);
void ds_gql_w_time(ds_gql_run *run, int64_t seconds);

#endif
