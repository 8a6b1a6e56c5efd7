/* tests/unit/test_github_settings.c - settings that make sense, units, and where a pass goes on. */
#include "connectors/github/cursor.h"
#include "connectors/github/sweep.h"
#include "support/seam.h"

#include <string.h>

static const char *const acme[] = {"acme"}, *const climbing[] = {"../acme"}, *const dots[] = {".."};
static const char *const loom[] = {"acme/loom"}, *const half[] = {"acme"};
static const char *const deep[] = {"acme/loom/x"}, *const query[] = {"acme/loom?x"};

#define LIST(names)                                                                                \
    {                                                                                              \
        names, 1                                                                                   \
    }

static const struct setting {
    const char *name;
    ds_texts orgs, repos;
    bool mine, token;
    const char *road, *base_url;
    const char *problem; /* NULL: none */
} settings[] = {
    {"an organisation", LIST(acme), {0}, false, false, "auto", "https://h", NULL},
    {"a repository", {0}, LIST(loom), false, false, "auto", "https://h/api/v3", NULL},
    {"one's own", {0}, {0}, true, true, "auto", "https://h", NULL},
    {"both, by GraphQL", LIST(acme), {0}, true, true, "graphql", "https://h", NULL},
    {"one's own by GraphQL", {0}, {0}, true, true, "graphql", "https://h", "come by REST"},
    {"nothing", {0}, {0}, false, true, "auto", "https://h", "nothing is named"},
    {"one's own without a token", {0}, {0}, true, false, "auto", "https://h", "`mine` needs"},
    {"GraphQL without a token",
     LIST(acme),
     {0},
     false,
     false,
     "graphql",
     "https://h",
     "needs a `token`"},
    {"a login that climbs", LIST(climbing), {0}, false, false, "auto", "https://h", "is no login"},
    {"a login of dots", LIST(dots), {0}, false, false, "auto", "https://h", "is no login"},
    {"a repository without its owner",
     {0},
     LIST(half),
     false,
     false,
     "auto",
     "https://h",
     "OWNER/NAME"},
    {"a repository with more", {0}, LIST(deep), false, false, "auto", "https://h", "OWNER/NAME"},
    {"a repository with a query",
     {0},
     LIST(query),
     false,
     false,
     "auto",
     "https://h",
     "OWNER/NAME"},
    {"an address that is none", LIST(acme), {0}, false, false, "auto", "ftp://h", "base_url"},
    {"plain http to others",
     LIST(acme),
     {0},
     false,
     false,
     "auto",
     "http://example.com",
     "plain http"},
};

static void each_setting(void **state)
{
    const struct setting *row = *state;
    ds_secret *token = ds_secret_new("t", 1);
    ds_github gh = {.orgs = row->orgs,
                    .repos = row->repos,
                    .mine = row->mine,
                    .token = row->token ? token : NULL,
                    .items = "repos",
                    .road = row->road,
                    .http = {.base_url = row->base_url}};
    ds_err err = DS_ERR_INIT;
    bool ok = ds_github_validate(&gh.base, &err);

    ds_secret_free(token);
    if (!row->problem && !ok)
        fail_msg("%s", err.text);
    if (!row->problem)
        return;
    assert_false(ok);
    assert_int_equal(err.kind, DS_ERR_CONFIG);
    if (!strstr(err.text, row->problem))
        fail_msg("\"%s\" does not say \"%s\"", err.text, row->problem);
}

/* ---- where a pass goes on ---------------------------------------------------------------------
 */

static const struct next {
    const char *name, *cursor, *url; /* NULL: not believed */
} nexts[] = {
    {"an address of this host", "rest https://h.example/repositories/1?page=2",
     "https://h.example/repositories/1?page=2"},
    {"the host in capitals", "rest HTTPS://H.EXAMPLE/x", "HTTPS://H.EXAMPLE/x"},
    {"another host", "rest https://evil.example/x", NULL},
    {"a host that begins alike", "rest https://h.example.evil/x", NULL},
    {"a user before another host", "rest https://h.example@evil/x", NULL},
    {"another port", "rest https://h.example:8443/x", NULL},
    {"another scheme", "rest http://h.example/x", NULL},
    {"of the other road", "graphql 30 0 Y3", NULL},
    {"nothing", "", NULL},
};

static void each_next(void **state)
{
    const struct next *row = *state;
    ds_github gh = {.http = {.base_url = "https://h.example/api/v3"}};
    const char *url = ds_github_next_of(&gh, row->cursor);

    if (row->url)
        assert_string_equal(url, row->url);
    else
        assert_null(url);
}

static const struct place {
    const char *name, *cursor;
    int64_t n, good; /* n 0: not believed */
    const char *after;
} places[] = {
    {"a place", "graphql 15 1 Y3Vyc29y", 15, 1, "Y3Vyc29y"},
    {"a place with blanks", "graphql 5 0 a b", 5, 0, "a b"},
    {"no place", "graphql 15 1 ", 0, 0, NULL},
    {"more than is asked for", "graphql 31 1 Y", 0, 0, NULL},
    {"none at all", "graphql 0 1 Y", 0, 0, NULL},
    {"a number that is long", "graphql 300 1 Y", 0, 0, NULL},
    {"of the other road", "rest https://h/x", 0, 0, NULL},
    {"cut short", "graphql ", 0, 0, NULL},
};

static void each_place(void **state)
{
    const struct place *row = *state;
    ds_github_place place;

    if (!row->n) {
        assert_false(ds_github_place_read(row->cursor, &place));
        return;
    }
    assert_true(ds_github_place_read(row->cursor, &place));
    assert_int_equal(place.n, row->n);
    assert_int_equal(place.good, row->good);
    assert_string_equal(place.after, row->after);
    assert_string_equal(ds_github_place_text(&place, scratch), row->cursor);
}

static void a_page_shrinks_to_five_and_grows_back(void **state)
{
    ds_github_place place = {.n = DS_GITHUB_BATCH_MOST};
    int pages = 0;

    (void)state;
    while (ds_github_shrink(&place))
        assert_in_range(place.n, DS_GITHUB_BATCH_LEAST, DS_GITHUB_BATCH_MOST / 2);
    assert_int_equal(place.n, DS_GITHUB_BATCH_LEAST);
    for (; place.n < DS_GITHUB_BATCH_MOST; pages++)
        ds_github_grow(&place);
    assert_int_equal(place.n, DS_GITHUB_BATCH_MOST);
    assert_in_range(pages, 4, 12);
}

/* ---- units ------------------------------------------------------------------------------------
 */

static void units_are_named_once(void **state)
{
    static const char *const orgs[] = {"Acme", "acme", "globex"}, *const repos[] = {"a/b", "c/d"};
    ds_github gh = {.orgs = {orgs, 3}, .repos = {repos, 2}, .mine = true, .items = "repos"};
    ds_units units = {.arena = scratch};
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(ds_github_units(&gh.base, seam_activity(), &units, &err));
    assert_int_equal(units.n, 4);
    assert_string_equal(units.keys[0], "github:acme");
    assert_string_equal(units.keys[1], "github:globex");
    assert_string_equal(units.keys[2], "github:@repos");
    assert_string_equal(units.keys[3], "github:@mine");
}

static void each_named_repository_is_a_unit_of_what_is_inside(void **state)
{
    static const char *const repos[] = {"a/b", "c/d"};
    ds_github gh = {.repos = {repos, 2}, .items = "pulls"};
    ds_units units = {.arena = scratch};
    ds_err err = DS_ERR_INIT;

    (void)state;
    assert_true(ds_github_units(&gh.base, seam_activity(), &units, &err));
    assert_int_equal(units.n, 2);
    assert_string_equal(units.keys[0], "github:a/b#pulls");
}

int main(void)
{
    add_table(settings, each_setting);
    add_table(nexts, each_next);
    add_table(places, each_place);
    add_test(a_page_shrinks_to_five_and_grows_back);
    add_test(units_are_named_once);
    add_test(each_named_repository_is_a_unit_of_what_is_inside);
    return run_tests("github_settings");
}
