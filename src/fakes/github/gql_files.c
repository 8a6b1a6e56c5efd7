/* src/fakes/github/gql_files.c
 *
 * What is in a repository: its last commit, its README, and the folders as far as anybody asks,
 * which hold the README and a few files that most repositories have.
 */
#include "fakes/github/gql_run.h"

#include "base/text.h"

#include <string.h>

/* ---- commits and files ----------------------------------------------------------------------- */

DS_GQL_REPO(show_commit_id, ds_json_w_text(run->w, ds_gh_commit_id(run->arena, repo)))
DS_GQL_REPO(show_pushed, ds_gql_w_time(run, repo->pushed_s))
DS_GQL_REPO(show_false, (void)repo; ds_json_w_bool(run->w, false))
DS_GQL_REPO(show_blob_id,
            ds_json_w_text(run->w, ds_gh_object_id(run->arena, repo->readme, repo->readme_n)))
DS_GQL_REPO(show_blob_size, ds_json_w_int(run->w, (int64_t)repo->readme_n))
DS_GQL_REPO(show_blob_binary, ds_json_w_bool(run->w, !ds_utf8_ok(repo->readme, repo->readme_n)))

static void show_blob_text(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const ds_gh_repo *repo = object;

    (void)chosen;
    if (ds_utf8_ok(repo->readme, repo->readme_n))
        ds_json_w_text_n(run->w, repo->readme, repo->readme_n);
    else
        ds_json_w_null(run->w);
}

static const ds_gql_field git_object_fields[] = {{"oid", NULL, NULL, false, show_commit_id},
                                                 {"id", NULL, NULL, false, show_commit_id}};
static const ds_gql_field commit_fields[] = {
    {"oid", NULL, NULL, false, show_commit_id},
    {"id", NULL, NULL, false, show_commit_id},
    {"committedDate", NULL, NULL, false, show_pushed},
};
static const ds_gql_field blob_fields[] = {
    {"oid", NULL, NULL, false, show_blob_id},
    {"id", NULL, NULL, false, show_blob_id},
    {"byteSize", NULL, NULL, false, show_blob_size},
    {"isBinary", NULL, NULL, false, show_blob_binary},
    {"isTruncated", NULL, NULL, false, show_false},
    {"text", NULL, NULL, false, show_blob_text},
};

const ds_gql_type ds_gql_git_object = {"GitObject", NULL, git_object_fields,
                                       DS_COUNT(git_object_fields)};
const ds_gql_type ds_gql_commit = {"Commit", " GitObject Node ", commit_fields,
                                   DS_COUNT(commit_fields)};
const ds_gql_type ds_gql_blob = {"Blob", " GitObject Node ", blob_fields, DS_COUNT(blob_fields)};

/* ---- folders --------------------------------------------------------------------------------- */

#define ENTRIES_MAX 4

typedef struct entry {
    const char *name;
    bool folder;
} entry;

typedef struct tree {
    const ds_gh_repo *repo;
    entry entries[ENTRIES_MAX];
    size_t n;
} tree;

static void show_entry_name(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_text(run->w, ((const entry *)object)->name);
}

static void show_entry_type(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_text(run->w, ((const entry *)object)->folder ? "tree" : "blob");
}

static void show_entry_mode(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    (void)chosen;
    ds_json_w_int(run->w, ((const entry *)object)->folder ? 040000 : 0100644);
}

static const ds_gql_field entry_fields[] = {
    {"name", NULL, NULL, false, show_entry_name},
    {"type", NULL, NULL, false, show_entry_type},
    {"mode", NULL, NULL, false, show_entry_mode},
};
static const ds_gql_type tree_entry = {"TreeEntry", NULL, entry_fields, DS_COUNT(entry_fields)};

static void show_entries(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const tree *t = object;

    ds_json_w_begin_list(run->w);
    for (size_t i = 0; i < t->n; i++) {
        ds_gql_push(run, NULL, (int64_t)i);
        ds_gql_show(run, &tree_entry, &t->entries[i], chosen->sets);
        ds_gql_pop(run);
    }
    ds_json_w_end_list(run->w);
}

static void show_tree_id(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    show_commit_id(run, ((const tree *)object)->repo, chosen);
}

static const ds_gql_field tree_fields[] = {
    {"oid", NULL, NULL, false, show_tree_id},
    {"id", NULL, NULL, false, show_tree_id},
    {"entries", &tree_entry, NULL, false, show_entries},
};
const ds_gql_type ds_gql_tree = {"Tree", " GitObject Node ", tree_fields, DS_COUNT(tree_fields)};

/* The folder of that path, "" for the one at the top; n 0: there is none. */
static tree tree_at(const ds_gh_repo *repo, const char *path, ds_arena *a)
{
    tree t = {.repo = repo};
    size_t n = strlen(path);
    const char *readme = repo->readme ? repo->readme_name : NULL;

    if (readme && n && (strncmp(readme, path, n) != 0 || readme[n] != '/'))
        readme = NULL;
    if (readme) {
        const char *name = readme + (n ? n + 1 : 0);
        size_t length = strcspn(name, "/");

        t.entries[t.n++] = (entry){ds_arena_strndup(a, name, length), name[length] == '/'};
    }
    if (!n && repo->license)
        t.entries[t.n++] = (entry){"LICENSE", false};
    if (!n)
        t.entries[t.n++] = (entry){"src", true};
    return t;
}

/* ---- what an expression leads to ------------------------------------------------------------- */

/* "HEAD", "main", "HEAD:README.md", "HEAD:docs", "HEAD:". */
void ds_gql_show_object(ds_gql_run *run, const void *object, const ds_gql_chosen *chosen)
{
    const ds_gh_repo *repo = object;
    const char *expression = ds_gql_arg_text(run, chosen->args, "expression");
    size_t ref_n = expression ? strcspn(expression, ":") : 0;
    const char *ref = expression ? ds_arena_strndup(run->arena, expression, ref_n) : "";
    bool there = expression && !repo->empty &&
                 (strcmp(ref, "HEAD") == 0 || strcmp(ref, repo->default_branch) == 0);
    const char *path = there && expression[ref_n] ? expression + ref_n + 1 : NULL;
    tree t = {.n = 0};

    if (path)
        t = tree_at(repo, path, run->arena);
    if (there && !path)
        ds_gql_show(run, &ds_gql_commit, repo, chosen->sets);
    else if (path && repo->readme && strcmp(path, repo->readme_name) == 0)
        ds_gql_show(run, &ds_gql_blob, repo, chosen->sets);
    else if (t.n)
        ds_gql_show(run, &ds_gql_tree, &t, chosen->sets);
    else
        ds_json_w_null(run->w);
}
