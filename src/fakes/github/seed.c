/* src/fakes/github/seed.c
 *
 * A made-up GitHub: the organisation `acme` with rows repositories, its neighbour `globex`, and the
 * user `ada`, who is who asks.  Every value follows from the seed and the place in the list, so two
 * runs are the same, and what is rare (no README, a README that is no UTF-8, nothing pushed yet, an
 * archived fork) comes up in any hundred of them.
 */
#include "fakes/github/world.h"

#include "fakes/router.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MOST 1000000
#define EACH_MOST 900 /* issues, pull requests, releases of one repository */
#define FIRST_REPO 700000
#define FIRST_ISSUE INT64_C(1000000000) /* of those made up: 4,000 for each repository */
#define DAY_S INT64_C(86400)
#define YEAR_S (365 * DAY_S)

static const char *const users[] = {"ada", "ben",  "cleo", "dora", "emil", "fay",
                                    "gus", "hana", "ivo",  "june", "kit",  "lou"};
static const char *const adjectives[] = {"quiet", "amber", "brisk", "calm",  "deep",  "early",
                                         "fair",  "green", "high",  "plain", "small", "warm"};
static const char *const nouns[] = {"loom",   "kettle", "harbor", "lantern", "mill",  "orchard",
                                    "ledger", "anvil",  "bridge", "compass", "gauge", "valve"};
static const char *const topics[] = {"sync", "c",     "database", "cli",
                                     "web",  "queue", "maps",     "search"};
static const char *const licenses[] = {"MIT", "Apache-2.0", "GPL-3.0", "NOASSERTION"};
static const char *const labels[] = {"bug", "enhancement", "question", "documentation"};
static const char *const languages[] = {"C", "Python", "Rust", "Go", "Shell", "TypeScript"};

/* Bits of one property of one thing. */
static uint64_t bits(const ds_gh_world *w, uint64_t thing, uint64_t property)
{
    return ds_fake_mix(ds_fake_mix(w->seed, thing), property);
}

#define PICK(list, number) ((list)[(number) % DS_COUNT(list)])

/* ---- a repository ---------------------------------------------------------------------------- */

static void fill_languages(ds_gh_repo *repo, uint64_t r)
{
    size_t n = 1 + r % 3;

    for (size_t i = 0; i < n; i++) {
        repo->languages[i].name = PICK(languages, r / 7 + i);
        repo->languages[i].bytes = (int64_t)(90000 / (i + 1) + r % 9973);
    }
    repo->languages_n = n;
    repo->language = repo->languages[0].name;
}

static void fill_contributors(ds_gh_world *w, ds_gh_repo *repo, uint64_t r)
{
    size_t n = 1 + r % 5;

    for (size_t i = 0; i < n; i++) {
        ds_gh_contributor *c = &repo->contributors[i];

        c->contributions = (int64_t)(200 / (i + 1) + r % 17);
        if (i == 4) { /* the last of many has no account */
            c->name = "Someone";
            c->email = "someone@example.com";
        } else {
            c->user = ds_gh_owner_find(w, PICK(users, r / 11 + i));
        }
    }
    repo->contributors_n = n;
}

static void fill_readme(ds_gh_world *w, ds_gh_repo *repo, size_t i, uint64_t r)
{
    DS_AUTO_BUF(text, DS_MIB);

    if (i % 11 == 10)
        return;
    repo->readme_name = i % 17 == 16 ? "README.rst" : "README.md";
    ds_buf_printf(&text, i % 17 == 16 ? "%s\n=====\n\n" : "# %s\n\n", repo->name);
    for (size_t line = 0; line < 4 + r % 12; line++)
        ds_buf_printf(&text, "The %s %s keeps %zu %ss in step.\n%s", PICK(adjectives, r + line),
                      PICK(nouns, r / 3 + line), line + 2, PICK(nouns, r / 5 + line),
                      line % 4 == 3 ? "\n" : "");
    if (i % 29 == 28)
        ds_buf_text(&text, "Caf\xE9, in an older encoding.\n");
    repo->readme = ds_arena_strndup(w->arena, text.data, text.n);
    repo->readme_n = text.n;
}

static void fill_times(ds_gh_world *w, ds_gh_repo *repo, uint64_t r)
{
    repo->created_s = w->now_s - YEAR_S - (int64_t)(r % (3 * 365)) * DAY_S;
    repo->pushed_s = repo->created_s + (int64_t)(r / 7 % (360 * DAY_S));
    repo->updated_s = repo->pushed_s + (int64_t)(r / 13 % DAY_S);
}

static void fill_repo(ds_gh_world *w, ds_gh_repo *repo, size_t i, int64_t private_percent)
{
    uint64_t r = bits(w, (uint64_t)repo->id, 1);

    fill_times(w, repo, bits(w, (uint64_t)repo->id, 2));
    repo->fork = i % 10 == 7;
    repo->archived = i % 14 == 13;
    repo->is_template = i % 40 == 39;
    repo->visibility = r / 3 % 100 < (uint64_t)private_percent ? DS_GH_PRIVATE : DS_GH_PUBLIC;
    repo->description = i % 9 == 8 ? NULL
                                   : ds_arena_printf(w->arena, "A %s %s", PICK(adjectives, r / 5),
                                                     PICK(nouns, r / 7));
    repo->homepage =
        i % 6 == 5 ? ds_arena_printf(w->arena, "https://%s.example", repo->name) : NULL;
    repo->stars = (int64_t)(r / 17 % 500);
    repo->forks = (int64_t)(r / 19 % 40);
    repo->watchers = (int64_t)(r / 23 % 30);
    repo->filled = false;
    for (size_t t = 0; t < r % 4; t++)
        repo->topics[repo->topics_n++] = PICK(topics, r / 29 + t);
    if (i % 50 == 49) { /* nothing was pushed yet */
        repo->pushed_s = repo->created_s;
        return;
    }
    repo->empty = false;
    repo->size_kb = (int64_t)(r / 31 % 20000) + 1;
    repo->license = i % 5 == 4 ? NULL : PICK(licenses, r / 37);
    fill_languages(repo, r / 41);
    fill_contributors(w, repo, r / 43);
    fill_readme(w, repo, i, r / 47);
}

static void add_repos(ds_gh_world *w, ds_gh_owner *owner, size_t n, int64_t private_percent)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t r = bits(w, i, (uint64_t)owner->id);
        const char *name = ds_arena_printf(w->arena, "%s-%s-%zu", PICK(adjectives, r),
                                           PICK(nouns, r / 100), i + 1);

        w->next_id += (int64_t)(r % 7);
        fill_repo(w, ds_gh_repo_add(w, owner, name, w->now_s), i, private_percent);
    }
}

/* ---- what is in it --------------------------------------------------------------------------- */

static void fill_issue(ds_gh_world *w, const ds_gh_repo *repo, ds_gh_issue *issue)
{
    uint64_t r = bits(w, (uint64_t)issue->id, 3);

    issue->title = ds_arena_printf(w->arena, "The %s %s is %s", PICK(adjectives, r),
                                   PICK(nouns, r / 3), PICK(adjectives, r / 5));
    issue->body = r % 7 == 6 ? NULL : ds_arena_printf(w->arena, "Seen with %s.", repo->name);
    issue->user = r % 23 == 22 ? NULL : ds_gh_owner_find(w, PICK(users, r / 7));
    issue->assignee = r % 3 ? NULL : ds_gh_owner_find(w, PICK(users, r / 11));
    issue->comments = (int64_t)(r / 13 % 5);
    issue->created_s = repo->created_s + (int64_t)(r / 17 % (300 * DAY_S));
    issue->updated_s = issue->created_s + (int64_t)(r / 19 % (30 * DAY_S));
    for (size_t i = 0; i < r / 23 % 3; i++)
        issue->labels[issue->labels_n++] = PICK(labels, r / 29 + i);
    issue->closed = r / 31 % 3 == 0;
    if (!issue->closed)
        return;
    issue->closed_s = issue->updated_s;
    if (issue->pull_id && r / 37 % 2)
        issue->merged_s = issue->closed_s;
    if (!issue->pull_id)
        issue->state_reason = r / 37 % 4 ? "completed" : "not_planned";
}

static void fill_release(ds_gh_world *w, const ds_gh_repo *repo, ds_gh_release *release, size_t i)
{
    release->tag = ds_arena_printf(w->arena, "v1.%zu.0", i);
    release->name = ds_arena_printf(w->arena, "%s 1.%zu", repo->name, i);
    release->body = "What changed is in the log.";
    release->author = ds_gh_owner_find(w, PICK(users, i));
    release->created_s = release->published_s = repo->created_s + (int64_t)i * 30 * DAY_S;
    release->prerelease = i % 5 == 4;
}

/* Ids of their own, so that it does not matter who is asked first. */
void ds_gh_fill(ds_gh_world *w, ds_gh_repo *repo)
{
    int64_t next = w->next_id;

    if (repo->filled)
        return;
    repo->filled = true;
    w->next_id = FIRST_ISSUE + (repo->id - FIRST_REPO) * 4 * 1000;
    for (int64_t i = 0; i < w->issues + w->pulls; i++) /* the pull requests last */
        fill_issue(w, repo, ds_gh_issue_add(w, repo, i >= w->issues));
    for (int64_t i = 0; i < (repo->empty ? 0 : w->releases); i++)
        fill_release(w, repo, ds_gh_release_add(w, repo), (size_t)i);
    w->next_id = next;
}

/* ---- all of it ------------------------------------------------------------------------------- */

typedef struct wants {
    int64_t rows, mine, private, issues, pulls, releases, seed;
} wants;

static bool read_wants(const char *text, wants *out, ds_err *err)
{
    static const char *const names[] = {"rows",  "mine",     "private", "issues",
                                        "pulls", "releases", "seed",    NULL};
    const struct {
        int64_t *to, other, most;
    } of[] = {{&out->rows, 30, ROWS_MOST}, {&out->mine, 3, ROWS_MOST},
              {&out->private, 0, 100},     {&out->issues, 3, EACH_MOST},
              {&out->pulls, 1, EACH_MOST}, {&out->releases, 1, EACH_MOST},
              {&out->seed, 1, INT64_MAX}};

    if (!ds_fake_settings_known(text, "--seed", names, err))
        return false;
    for (size_t i = 0; i < DS_COUNT(of); i++) {
        if (!ds_fake_setting(text, names[i], of[i].other, of[i].to, err))
            return ds_wrap(err, "--seed");
        if (*of[i].to > of[i].most)
            return ds_fail(err, DS_ERR_CONFIG, "--seed: %s is at most %lld", names[i],
                           (long long)of[i].most);
    }
    return true;
}

ds_gh_world *ds_gh_world_new(const char *seed, int64_t now_ms, ds_err *err)
{
    ds_gh_world *w;
    wants want;

    if (!read_wants(seed, &want, err))
        return NULL;
    w = ds_calloc(1, sizeof *w);
    w->arena = ds_arena_new();
    w->seed = (uint64_t)want.seed;
    w->issues = want.issues;
    w->pulls = want.pulls;
    w->releases = want.releases;
    w->now_s = now_ms / 1000;
    w->next_id = FIRST_REPO;
    for (size_t i = 0; i < DS_COUNT(users); i++)
        ds_gh_owner_add(w, users[i], false);
    ds_gh_owner_add(w, "robot[bot]", false)->bot = true;
    add_repos(w, ds_gh_owner_add(w, "acme", true), (size_t)want.rows, want.private);
    add_repos(w, ds_gh_owner_add(w, "globex", true), 2, 0);
    add_repos(w, ds_gh_owner_find(w, "ada"), (size_t)want.mine, want.private);
    return w;
}

void ds_gh_world_free(ds_gh_world *w)
{
    if (!w)
        return;
    ds_arena_free(w->arena);
    free(w);
}
