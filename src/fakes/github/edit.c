/* src/fakes/github/edit.c - what the side door sets, by tables of members. */
#include "fakes/github/edit.h"

#include "base/text.h"

#include <stddef.h>
#include <string.h>

typedef enum sort { TEXT, TEXT_OR_NULL, FLAG, COUNT, TIME } sort;

typedef struct member {
    const char *name;
    sort sort;
    size_t at; /* in the struct */
} member;

static bool set_text(ds_gh_world *w, const member *m, const ds_json *value, const char **at)
{
    ds_json_kind kind = ds_json_kind_of(value);

    if (kind == DS_JSON_TEXT)
        *at = ds_arena_strdup(w->arena, ds_json_str(value, NULL));
    else if (kind == DS_JSON_NULL && m->sort == TEXT_OR_NULL)
        *at = NULL;
    else
        return false;
    return true;
}

static bool set_time(const ds_json *value, int64_t *at)
{
    int64_t ms;

    if (ds_json_kind_of(value) == DS_JSON_NULL) {
        *at = 0;
        return true;
    }
    if (ds_json_kind_of(value) != DS_JSON_TEXT || !ds_parse_time(ds_json_str(value, NULL), &ms))
        return false;
    *at = ds_floor_div(ms, 1000);
    return true;
}

static bool set_member(ds_gh_world *w, void *to, const member *m, const ds_json *value)
{
    void *at = (char *)to + m->at;

    switch (m->sort) {
    case TEXT:
    case TEXT_OR_NULL:
        return set_text(w, m, value, at);
    case FLAG:
        *(bool *)at = ds_json_truth(value);
        return ds_json_kind_of(value) == DS_JSON_BOOL;
    case COUNT:
        return ds_json_int(value, at);
    case TIME:
        return set_time(value, at);
    }
    return false;
}

/* Sets the members that the table has; what it does not have goes to `other`, which says whether it
 * knows it and whether it could be set. */
typedef bool set_other(ds_gh_world *w, void *to, const char *name, const ds_json *value,
                       bool *known);

static bool set_all(ds_gh_world *w, void *to, const ds_json *from, const member *table, size_t n,
                    set_other *other, ds_err *err)
{
    DS_JSON_EACH (from, value) {
        const char *name = value_it.name;
        bool known = false, good = false;

        for (size_t i = 0; i < n && !known; i++) {
            known = strcmp(table[i].name, name) == 0;
            good = known && set_member(w, to, &table[i], value);
        }
        if (!known)
            good = other(w, to, name, value, &known);
        if (!known)
            return ds_fail(err, DS_ERR_PERMANENT, "nothing here is named \"%.60s\"", name);
        if (!good)
            return ds_fail(err, DS_ERR_PERMANENT, "%.60s cannot be that", name);
    }
    return true;
}

#define MEMBER(type, member_, name_, sort_)                                                        \
    {                                                                                              \
        name_, sort_, offsetof(type, member_)                                                      \
    }

/* ---- repositories ---------------------------------------------------------------------------- */

static const member of_repo[] = {
    MEMBER(ds_gh_repo, description, "description", TEXT_OR_NULL),
    MEMBER(ds_gh_repo, homepage, "homepage", TEXT_OR_NULL),
    MEMBER(ds_gh_repo, language, "language", TEXT_OR_NULL),
    MEMBER(ds_gh_repo, license, "license", TEXT_OR_NULL),
    MEMBER(ds_gh_repo, default_branch, "default_branch", TEXT),
    MEMBER(ds_gh_repo, readme_name, "readme_name", TEXT),
    MEMBER(ds_gh_repo, archived, "archived", FLAG),
    MEMBER(ds_gh_repo, fork, "fork", FLAG),
    MEMBER(ds_gh_repo, disabled, "disabled", FLAG),
    MEMBER(ds_gh_repo, is_template, "is_template", FLAG),
    MEMBER(ds_gh_repo, has_issues, "has_issues", FLAG),
    MEMBER(ds_gh_repo, contributors_too_many, "contributors_too_large", FLAG),
    MEMBER(ds_gh_repo, stars, "stargazers_count", COUNT),
    MEMBER(ds_gh_repo, forks, "forks_count", COUNT),
    MEMBER(ds_gh_repo, watchers, "subscribers_count", COUNT),
    MEMBER(ds_gh_repo, size_kb, "size", COUNT),
    MEMBER(ds_gh_repo, created_s, "created_at", TIME),
    MEMBER(ds_gh_repo, updated_s, "updated_at", TIME),
    MEMBER(ds_gh_repo, pushed_s, "pushed_at", TIME),
};

static bool set_visibility(ds_gh_repo *repo, const ds_json *value)
{
    const char *text = ds_json_str(value, NULL);

    if (ds_json_kind_of(value) == DS_JSON_BOOL)
        repo->visibility = ds_json_truth(value) ? DS_GH_PRIVATE : DS_GH_PUBLIC;
    else if (text && strcmp(text, "public") == 0)
        repo->visibility = DS_GH_PUBLIC;
    else if (text && strcmp(text, "private") == 0)
        repo->visibility = DS_GH_PRIVATE;
    else if (text && strcmp(text, "internal") == 0)
        repo->visibility = DS_GH_INTERNAL;
    else
        return false;
    return true;
}

static bool set_access(ds_gh_repo *repo, const ds_json *value)
{
    const char *text = ds_json_str(value, NULL);

    if (!text)
        repo->trouble = DS_GH_FINE;
    else if (strcmp(text, "blocked") == 0)
        repo->trouble = DS_GH_BLOCKED;
    else if (strcmp(text, "legal") == 0)
        repo->trouble = DS_GH_LEGAL;
    else
        return false;
    return true;
}

/* Copies a list of texts; false: not one, or longer than `most`. */
static bool set_texts(ds_gh_world *w, const ds_json *value, const char **to, size_t *n, size_t most)
{
    if (ds_json_kind_of(value) != DS_JSON_LIST || ds_json_size(value) > most)
        return false;
    *n = 0;
    DS_JSON_EACH (value, text) {
        if (ds_json_kind_of(text) != DS_JSON_TEXT)
            return false;
        to[(*n)++] = ds_arena_strdup(w->arena, ds_json_str(text, NULL));
    }
    return true;
}

static bool set_languages(ds_gh_world *w, ds_gh_repo *repo, const ds_json *value)
{
    if (ds_json_kind_of(value) != DS_JSON_OBJECT || ds_json_size(value) > DS_GH_LANGUAGES_MAX)
        return false;
    repo->languages_n = 0;
    DS_JSON_EACH (value, bytes) {
        ds_gh_language *to = &repo->languages[repo->languages_n];

        if (!ds_json_int(bytes, &to->bytes))
            return false;
        to->name = ds_arena_strdup(w->arena, bytes_it.name);
        repo->languages_n++;
    }
    repo->language = repo->languages_n ? repo->languages[0].name : NULL;
    return true;
}

static bool set_contributors(ds_gh_world *w, ds_gh_repo *repo, const ds_json *value)
{
    if (ds_json_kind_of(value) != DS_JSON_LIST || ds_json_size(value) > DS_GH_CONTRIBUTORS_MAX)
        return false;
    repo->contributors_n = 0;
    DS_JSON_EACH (value, one) {
        const char *login = ds_json_text(one, "login");
        ds_gh_contributor *to = &repo->contributors[repo->contributors_n];

        *to = (ds_gh_contributor){.name = "Someone", .email = "someone@example.com"};
        to->contributions = ds_json_integer(one, "contributions", 1);
        if (login && !(to->user = ds_gh_owner_find(w, login)))
            return false;
        repo->contributors_n++;
    }
    return true;
}

static bool set_readme(ds_gh_world *w, ds_gh_repo *repo, const ds_json *value)
{
    const char *text = ds_json_str(value, &repo->readme_n);

    repo->readme = text ? ds_arena_strndup(w->arena, text, repo->readme_n) : NULL;
    if (text && !repo->readme_name)
        repo->readme_name = "README.md";
    return text || ds_json_kind_of(value) == DS_JSON_NULL;
}

static bool set_name(ds_gh_world *w, ds_gh_repo *repo, const ds_json *value)
{
    const char *name = ds_json_kind_of(value) == DS_JSON_TEXT ? ds_json_str(value, NULL) : "";

    if (!*name || strchr(name, '/'))
        return false;
    if (strcmp(name, repo->name) != 0)
        ds_gh_repo_move(w, repo, repo->owner, name);
    return true;
}

static bool set_owner(ds_gh_world *w, ds_gh_repo *repo, const ds_json *value)
{
    const char *login = ds_json_str(value, NULL);
    ds_gh_owner *owner = login ? ds_gh_owner_find(w, login) : NULL;

    if (owner && owner != repo->owner)
        ds_gh_repo_move(w, repo, owner, repo->name);
    return owner != NULL;
}

static bool set_of_repo(ds_gh_world *w, void *to, const char *name, const ds_json *value,
                        bool *known)
{
    ds_gh_repo *repo = to;

    *known = true;
    if (strcmp(name, "visibility") == 0 || strcmp(name, "private") == 0)
        return set_visibility(repo, value);
    if (strcmp(name, "access") == 0)
        return set_access(repo, value);
    if (strcmp(name, "topics") == 0)
        return set_texts(w, value, repo->topics, &repo->topics_n, DS_GH_TOPICS_MAX);
    if (strcmp(name, "languages") == 0)
        return set_languages(w, repo, value);
    if (strcmp(name, "contributors") == 0)
        return set_contributors(w, repo, value);
    if (strcmp(name, "readme") == 0)
        return set_readme(w, repo, value);
    if (strcmp(name, "name") == 0)
        return set_name(w, repo, value);
    if (strcmp(name, "owner") == 0)
        return set_owner(w, repo, value);
    *known = false;
    return false;
}

bool ds_gh_edit(ds_gh_world *w, ds_gh_repo *repo, const ds_json *to, int64_t now_s, ds_err *err)
{
    ds_gh_repo before = *repo;

    w->revision++;
    repo->updated_s = now_s;
    if (set_all(w, repo, to, of_repo, DS_COUNT(of_repo), set_of_repo, err))
        return true;
    *repo = before;
    return false;
}

/* ---- issues and releases --------------------------------------------------------------------- */

static const member of_issue[] = {
    MEMBER(ds_gh_issue, title, "title", TEXT),
    MEMBER(ds_gh_issue, body, "body", TEXT_OR_NULL),
    MEMBER(ds_gh_issue, state_reason, "state_reason", TEXT_OR_NULL),
    MEMBER(ds_gh_issue, head, "head", TEXT),
    MEMBER(ds_gh_issue, base, "base", TEXT),
    MEMBER(ds_gh_issue, locked, "locked", FLAG),
    MEMBER(ds_gh_issue, draft, "draft", FLAG),
    MEMBER(ds_gh_issue, comments, "comments", COUNT),
    MEMBER(ds_gh_issue, created_s, "created_at", TIME),
    MEMBER(ds_gh_issue, updated_s, "updated_at", TIME),
};

static bool set_person(ds_gh_world *w, const ds_gh_owner **to, const ds_json *value)
{
    const char *login = ds_json_str(value, NULL);

    *to = login ? ds_gh_owner_find(w, login) : NULL;
    return *to || ds_json_kind_of(value) == DS_JSON_NULL;
}

static bool set_state(ds_gh_issue *issue, const ds_json *value)
{
    const char *state = ds_json_str(value, NULL);

    issue->closed = state && strcmp(state, "closed") == 0;
    issue->closed_s = issue->closed ? issue->updated_s : 0;
    issue->state_reason = issue->closed && !issue->pull_id ? "completed" : NULL;
    return issue->closed || (state && strcmp(state, "open") == 0);
}

static bool set_of_issue(ds_gh_world *w, void *to, const char *name, const ds_json *value,
                         bool *known)
{
    ds_gh_issue *issue = to;

    *known = true;
    if (strcmp(name, "pull") == 0) /* it was read when it was added */
        return true;
    if (strcmp(name, "state") == 0)
        return set_state(issue, value);
    if (strcmp(name, "user") == 0)
        return set_person(w, &issue->user, value);
    if (strcmp(name, "assignee") == 0)
        return set_person(w, &issue->assignee, value);
    if (strcmp(name, "labels") == 0)
        return set_texts(w, value, issue->labels, &issue->labels_n, DS_GH_LABELS_MAX);
    if (strcmp(name, "merged") == 0 && issue->pull_id) {
        issue->closed = true;
        issue->closed_s = issue->merged_s = issue->updated_s;
        return ds_json_truth(value);
    }
    *known = false;
    return false;
}

bool ds_gh_edit_issue_to(ds_gh_world *w, ds_gh_issue *issue, const ds_json *to, int64_t now_s,
                         ds_err *err)
{
    ds_gh_issue before = *issue;

    issue->updated_s = now_s;
    if (set_all(w, issue, to, of_issue, DS_COUNT(of_issue), set_of_issue, err))
        return true;
    *issue = before;
    return false;
}

static const member of_release[] = {
    MEMBER(ds_gh_release, tag, "tag_name", TEXT),
    MEMBER(ds_gh_release, name, "name", TEXT_OR_NULL),
    MEMBER(ds_gh_release, body, "body", TEXT_OR_NULL),
    MEMBER(ds_gh_release, draft, "draft", FLAG),
    MEMBER(ds_gh_release, prerelease, "prerelease", FLAG),
    MEMBER(ds_gh_release, created_s, "created_at", TIME),
    MEMBER(ds_gh_release, published_s, "published_at", TIME),
};

static bool set_nothing(ds_gh_world *w, void *to, const char *name, const ds_json *value,
                        bool *known)
{
    (void)w;
    (void)to;
    (void)name;
    (void)value;
    *known = false;
    return false;
}

bool ds_gh_edit_release_to(ds_gh_world *w, ds_gh_release *release, const ds_json *to, ds_err *err)
{
    ds_gh_release before = *release;

    if (set_all(w, release, to, of_release, DS_COUNT(of_release), set_nothing, err))
        return true;
    *release = before;
    return false;
}
