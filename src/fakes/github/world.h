/* src/fakes/github/world.h
 *
 * What the stand-in of GitHub holds: owners, repositories, their issues, pull requests and
 * releases. It is made up from a number, the same each time; issues and releases only when somebody
 * asks for those of a repository.  Whole seconds everywhere, as the API shows them.  All of it
 * lives in one arena: what is replaced stays until the stand-in is reset.
 */
#ifndef DS_FAKES_GITHUB_WORLD_H
#define DS_FAKES_GITHUB_WORLD_H

#include <durable_sync/base.h>
#include <durable_sync/json.h>

#define DS_GH_TOPICS_MAX 20
#define DS_GH_LANGUAGES_MAX 20
#define DS_GH_CONTRIBUTORS_MAX 40
#define DS_GH_LABELS_MAX 10

typedef struct ds_gh_owner {
    int64_t id;
    const char *login;
    bool org, bot;
    int64_t created_s;
} ds_gh_owner;

typedef struct ds_gh_language {
    const char *name;
    int64_t bytes;
} ds_gh_language;

typedef struct ds_gh_contributor {
    const ds_gh_owner *user; /* NULL: anonymous */
    const char *name, *email;
    int64_t contributions;
} ds_gh_contributor;

typedef enum ds_gh_visibility { DS_GH_PUBLIC, DS_GH_PRIVATE, DS_GH_INTERNAL } ds_gh_visibility;
typedef enum ds_gh_trouble { /* what the API refuses of a repository */
                             DS_GH_FINE,
                             DS_GH_BLOCKED, /* 403, access blocked */
                             DS_GH_LEGAL,   /* 451 */
} ds_gh_trouble;

typedef struct ds_gh_issue { /* or a pull request: both are numbered together */
    int64_t id, number;
    int64_t pull_id; /* 0: an issue */
    const char *title, *body;
    bool closed, locked, draft;
    const char *state_reason; /* NULL: none */
    const ds_gh_owner *user;  /* NULL: a ghost */
    const ds_gh_owner *assignee;
    const char *labels[DS_GH_LABELS_MAX];
    size_t labels_n;
    int64_t comments;
    int64_t created_s, updated_s, closed_s, merged_s; /* 0: not */
    const char *head, *base;
    bool gone; /* deleted: 410 */
} ds_gh_issue;

typedef struct ds_gh_release {
    int64_t id;
    const char *tag, *name, *body;
    bool draft, prerelease, gone;
    int64_t created_s, published_s; /* 0: not published */
    const ds_gh_owner *author;
} ds_gh_release;

typedef struct ds_gh_repo {
    int64_t id;
    ds_gh_owner *owner;
    const char *name;
    const char *description, *homepage, *language; /* NULL: null */
    const char *default_branch;
    const char *topics[DS_GH_TOPICS_MAX];
    size_t topics_n;
    ds_gh_language languages[DS_GH_LANGUAGES_MAX]; /* most bytes first */
    size_t languages_n;
    ds_gh_contributor contributors[DS_GH_CONTRIBUTORS_MAX]; /* most contributions first */
    size_t contributors_n;
    bool contributors_too_many; /* 403 */
    const char *license;        /* spdx id; NULL: null */
    ds_gh_visibility visibility;
    ds_gh_trouble trouble;
    bool fork, archived, disabled, is_template, has_issues;
    bool empty; /* nothing was ever pushed */
    int64_t stars, forks, watchers, size_kb;
    int64_t created_s, updated_s, pushed_s;
    const char *readme_name, *readme; /* NULL: it has none */
    size_t readme_n;
    uint64_t pushes;
    bool gone;

    bool filled; /* the following have been made up */
    ds_gh_issue **issues;
    size_t issues_n, issues_cap;
    ds_gh_release **releases;
    size_t releases_n, releases_cap;
} ds_gh_repo;

typedef struct ds_gh_world {
    ds_arena *arena;
    ds_gh_owner **owners;
    size_t owners_n, owners_cap;
    ds_gh_repo **repos; /* by id */
    size_t repos_n, repos_cap;
    struct ds_gh_names *names; /* owner/name, old ones too, to a repository */
    int64_t next_id;           /* of repositories, issues, pull requests, releases */
    uint64_t seed;
    int64_t issues, pulls, releases; /* made up for each repository */
    int64_t now_s;                   /* when it was made: everything in it is older */
    uint64_t revision;               /* of what listings are made from */
} ds_gh_world;

/* seed.c: NULL with DS_ERR_CONFIG. The organisation `acme` has rows repositories. */
DS_MUST_USE ds_gh_world *ds_gh_world_new(const char *seed, int64_t now_ms, ds_err *err);
void ds_gh_world_free(ds_gh_world *w);
/* Makes up the issues and releases of a repository where that has not been done. */
void ds_gh_fill(ds_gh_world *w, ds_gh_repo *repo);

/* world.c */
ds_gh_owner *ds_gh_owner_add(ds_gh_world *w, const char *login, bool org);
ds_gh_owner *ds_gh_owner_find(const ds_gh_world *w, const char *login); /* whatever its case */
ds_gh_owner *ds_gh_owner_by_id(const ds_gh_world *w, int64_t id);
/* Empty, public, with nothing set but what makes it one. */
ds_gh_repo *ds_gh_repo_add(ds_gh_world *w, ds_gh_owner *owner, const char *name, int64_t now_s);
/* By a name it has or had; NULL: nobody has. */
ds_gh_repo *ds_gh_repo_find(const ds_gh_world *w, const char *owner, const char *name);
ds_gh_repo *ds_gh_repo_by_id(const ds_gh_world *w, int64_t id); /* also one that is gone */
/* Another name or owner; the old ones go on leading to it. */
void ds_gh_repo_move(ds_gh_world *w, ds_gh_repo *repo, ds_gh_owner *owner, const char *name);
/* An organisation's or user's new login; its repositories are found by both. */
void ds_gh_owner_rename(ds_gh_world *w, ds_gh_owner *owner, const char *login);
const char *ds_gh_full_name(ds_arena *a, const ds_gh_repo *repo);

ds_gh_issue *ds_gh_issue_add(ds_gh_world *w, ds_gh_repo *repo, bool pull);
ds_gh_issue *ds_gh_issue_find(const ds_gh_repo *repo, int64_t number); /* also one that is gone */
ds_gh_release *ds_gh_release_add(ds_gh_world *w, ds_gh_repo *repo);
ds_gh_release *ds_gh_release_find(const ds_gh_repo *repo, int64_t id);
/* Of those that are there. */
int64_t ds_gh_open_issues(ds_gh_world *w, ds_gh_repo *repo, bool issues, bool pulls);

/* sha256.c: lowercase hex, 64 digits and the NUL. */
typedef struct ds_sha256 {
    uint32_t h[8];
    uint8_t block[64];
    uint64_t n;
} ds_sha256;
void ds_sha256_init(ds_sha256 *s);
void ds_sha256_add(ds_sha256 *s, const void *data, size_t n);
void ds_sha256_hex(ds_sha256 *s, char out[65]);

#endif
