/* tests/unit/test_github_graphql.c - GraphQL's answers as REST's objects, and what a page is. */
#include "connectors/github/enrich.h"
#include "connectors/github/graphql.h"
#include "connectors/github/readme.h"
#include "connectors/github/repo.h"
#include "support/run.h"

#include <string.h>

#define BASE "https://api.example.com"
#define NODES(nodes_)                                                                              \
    "{\"data\":{\"organization\":{\"repositories\":{\"totalCount\":7,\"pageInfo\":{"               \
    "\"hasNextPage\":true,\"endCursor\":\"Y3\"},\"nodes\":[" nodes_ "]}}}}"
#define WITH_ERROR(nodes_, error_)                                                                 \
    "{\"errors\":[" error_ "],\"data\":{\"organization\":{\"repositories\":{\"totalCount\":7,"     \
    "\"pageInfo\":{\"hasNextPage\":false,\"endCursor\":\"Y3\"},\"nodes\":[" nodes_ "]}}}}"
#define PAGE_INFO(info_)                                                                           \
    "{\"data\":{\"organization\":{\"repositories\":{\"pageInfo\":{" info_                          \
    "},\"nodes\":[{\"databaseId\":1}]}}}}"

static const ds_json *json(const char *text)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *doc = ds_json_read(scratch, text, strlen(text), &err);

    if (!doc)
        fail_msg("%s: %s", err.text, text);
    return doc;
}

static const char *shown(const ds_json *doc)
{
    DS_AUTO_BUF(out, DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);

    if (!doc)
        return "-";
    w.exact = true;
    ds_json_w_json(&w, doc);
    return ds_arena_strdup(scratch, out.data);
}

/* ---- one repository ---------------------------------------------------------------------------
 */

static const struct node {
    const char *name, *answer, *repo;
} nodes[] = {
    {"scalars take their other names",
     NODES("{\"databaseId\":9007199254740993,\"id\":\"R\",\"isFork\":true,\"stargazerCount\":3}"),
     "{\"id\":9007199254740993,\"node_id\":\"R\",\"fork\":true,\"stargazers_count\":3,"
     "\"watchers_count\":3}"},
    {"null is null, what is left out is left out",
     NODES("{\"databaseId\":1,\"description\":null,\"primaryLanguage\":null,\"licenseInfo\":null}"),
     "{\"id\":1,\"description\":null,\"language\":null,\"license\":null}"},
    {"addresses are made",
     NODES("{\"databaseId\":1,\"url\":\"https://h/a/b\",\"nameWithOwner\":\"a/b\"}"),
     "{\"id\":1,\"full_name\":\"a/b\",\"html_url\":\"https://h/a/b\",\"url\":\"" BASE
     "/repos/a/b\",\"clone_url\":\"https://h/a/b.git\"}"},
    {"visibility is in small letters", NODES("{\"databaseId\":1,\"visibility\":\"INTERNAL\"}"),
     "{\"id\":1,\"visibility\":\"internal\"}"},
    {"nested ones",
     NODES("{\"databaseId\":1,\"owner\":{\"__typename\":\"User\",\"id\":\"U\",\"login\":\"a\","
           "\"url\":\"u\",\"databaseId\":4},\"licenseInfo\":{\"key\":\"mit\",\"name\":\"MIT\","
           "\"spdxId\":\"MIT\"},\"repositoryTopics\":{\"nodes\":[{\"topic\":{\"name\":\"c\"}}]},"
           "\"defaultBranchRef\":{\"name\":\"main\"}}"),
     "{\"id\":1,\"owner\":{\"login\":\"a\",\"id\":4,\"node_id\":\"U\",\"type\":\"User\","
     "\"html_url\":\"u\"},\"license\":{\"key\":\"mit\",\"name\":\"MIT\",\"spdx_id\":\"MIT\"},"
     "\"topics\":[\"c\"],\"default_branch\":\"main\"}"},
    {"an empty one has no branch that is known",
     NODES("{\"databaseId\":1,\"defaultBranchRef\":null}"), "{\"id\":1}"},
    {"open issues and pull requests are one number",
     NODES("{\"databaseId\":1,\"issues\":{\"totalCount\":2},\"pullRequests\":{\"totalCount\":3}}"),
     "{\"id\":1,\"open_issues_count\":5}"},
    {"half of the number is none", NODES("{\"databaseId\":1,\"issues\":{\"totalCount\":2}}"),
     "{\"id\":1}"},
    {"languages by bytes",
     NODES("{\"databaseId\":1,\"languages\":{\"totalCount\":3,\"edges\":[{\"size\":1,\"node\":{"
           "\"name\":\"B\"}},{\"size\":5,\"node\":{\"name\":\"C\"}},{\"size\":1,\"node\":{\"name\":"
           "\"A\"}}]}}"),
     "{\"id\":1,\"languages\":[\"C\",\"A\",\"B\"]}"},
    {"languages that did not all come are not known",
     NODES("{\"databaseId\":1,\"languages\":{\"totalCount\":2,\"edges\":[{\"size\":1,\"node\":{"
           "\"name\":\"B\"}}]}}"),
     "{\"id\":1}"},
    {"a field with an error is not known",
     WITH_ERROR("{\"databaseId\":1,\"description\":null,\"homepageUrl\":null}",
                "{\"path\":[\"organization\",\"repositories\",\"nodes\",0,\"description\"]}"),
     "{\"id\":1,\"homepage\":null}"},
    {"an error of another node is not ours",
     WITH_ERROR("{\"databaseId\":1,\"description\":null}",
                "{\"path\":[\"organization\",\"repositories\",\"nodes\",1,\"description\"]}"),
     "{\"id\":1,\"description\":null}"},
    {"one that is hidden", NODES("null"), "-"},
    {"one that is no object", NODES("7"), "-"},
};

static void each_node(void **state)
{
    const struct node *row = *state;
    ds_github_graphql_answer out;

    ds_github_graphql_read(json(row->answer), BASE, scratch, &out);
    assert_int_equal(out.end, DS_GITHUB_GRAPHQL_READ);
    assert_int_equal(out.n, 1);
    assert_string_equal(shown(out.repos[0]), row->repo);
}

/* ---- the answer -------------------------------------------------------------------------------
 */

static const struct answer {
    const char *name, *text;
    ds_github_graphql_end end;
    size_t n;
    const char *next;
} answers[] = {
    {"a page", NODES("{\"databaseId\":1},{\"databaseId\":2}"), DS_GITHUB_GRAPHQL_READ, 2, "Y3"},
    {"the last page", WITH_ERROR("{\"databaseId\":1}", ""), DS_GITHUB_GRAPHQL_READ, 1, NULL},
    {"nothing in it", NODES(""), DS_GITHUB_GRAPHQL_READ, 0, "Y3"},
    {"no such organisation",
     "{\"data\":{\"organization\":null},\"errors\":[{\"type\":\"NOT_FOUND\",\"path\":["
     "\"organization"
     "\"],\"message\":\"no\"}]}",
     DS_GITHUB_GRAPHQL_REFUSED, 0, NULL},
    {"a scope that lacks", "{\"errors\":[{\"type\":\"INSUFFICIENT_SCOPES\",\"message\":\"no\"}]}",
     DS_GITHUB_GRAPHQL_REFUSED, 0, NULL},
    {"too much", "{\"data\":null,\"errors\":[{\"type\":\"RESOURCE_LIMITS_EXCEEDED\"}]}",
     DS_GITHUB_GRAPHQL_TOO_MUCH, 0, NULL},
    {"an error without a type", "{\"data\":null,\"errors\":[{\"message\":\"Something\"}]}",
     DS_GITHUB_GRAPHQL_TOO_MUCH, 0, NULL},
    {"a part with an error that concerns all of it",
     WITH_ERROR("{\"databaseId\":1}", "{\"message\":\"timeout\"}"), DS_GITHUB_GRAPHQL_TOO_MUCH, 0,
     NULL},
    {"more, and not where", PAGE_INFO("\"hasNextPage\":true"), DS_GITHUB_GRAPHQL_TOO_MUCH, 1, NULL},
    {"more, at null", PAGE_INFO("\"hasNextPage\":true,\"endCursor\":null"),
     DS_GITHUB_GRAPHQL_TOO_MUCH, 1, NULL},
    {"nothing of whether there is more", PAGE_INFO("\"endCursor\":\"Y3\""),
     DS_GITHUB_GRAPHQL_TOO_MUCH, 1, NULL},
    {"no data", "{}", DS_GITHUB_GRAPHQL_TOO_MUCH, 0, NULL},
    {"no JSON object", "[]", DS_GITHUB_GRAPHQL_TOO_MUCH, 0, NULL},
};

static void each_answer(void **state)
{
    const struct answer *row = *state;
    ds_github_graphql_answer out;

    ds_github_graphql_read(json(row->text), BASE, scratch, &out);
    assert_int_equal(out.end, row->end);
    assert_int_equal(out.n, row->n);
    if (row->next)
        assert_string_equal(out.next, row->next);
    else
        assert_null(out.next);
    if (row->end != DS_GITHUB_GRAPHQL_READ)
        assert_non_null(out.why);
}

static void one_without_a_number_is_named(void **state)
{
    ds_github_graphql_answer out;

    (void)state;
    ds_github_graphql_read(json(NODES("{\"databaseId\":null,\"nameWithOwner\":\"a/b\"}")), BASE,
                           scratch, &out);
    assert_string_equal(out.lost[0], "a/b");
}

/* ---- READMEs ----------------------------------------------------------------------------------
 */

#define BLOB(text_, n_) "{\"text\":" text_ ",\"byteSize\":" #n_ "}"
#define FILE_IN(name_) "{\"name\":\"" name_ "\",\"type\":\"blob\",\"mode\":33188}"
#define FOLDER(n_, ...) "\"d" #n_ "\":{\"entries\":[" __VA_ARGS__ "]}"
#define OTHERS FILE_IN("LICENSE") ",{\"name\":\"readme\",\"type\":\"tree\",\"mode\":16384}"
#define MD FOLDER(1, OTHERS "," FILE_IN("README.md"))

static const struct readme {
    const char *name, *node, *text; /* NULL: REST is to be asked; "-": there is none */
} readmes[] = {
    {"in the usual place", "{" MD ",\"r1\":" BLOB("\"# a\"", 3) "}", "# a"},
    {"of several folders the first",
     "{" FOLDER(0, FILE_IN("README.md")) "," MD ",\"r0\":" BLOB("\"b\"", 1) ",\"r1\":" BLOB(
         "\"# a\"", 3) "}",
     "b"},
    {"in the last folder",
     "{" FOLDER(1, OTHERS) "," FOLDER(2, FILE_IN("README.md")) ",\"r6\":" BLOB("\"b\"", 1) "}",
     "b"},
    {"of several names the usual one",
     "{" FOLDER(1, FILE_IN("README.rst") "," FILE_IN("README.md")) ",\"r1\":" BLOB(
         "\"# a\"", 3) ",\"r4\":" BLOB("\"b\"", 1) "}",
     "# a"},
    {"an empty one", "{" MD ",\"r1\":" BLOB("\"\"", 0) "}", ""},
    {"one whose text is not all of it", "{" MD ",\"r1\":" BLOB("\"# a\"", 4) "}", NULL},
    {"one without text hides those behind it",
     "{" MD
     "," FOLDER(2, FILE_IN("README.md")) ",\"r1\":" BLOB("null", 3) ",\"r6\":" BLOB("\"b\"", 1) "}",
     NULL},
    {"a binary one", "{" MD ",\"r1\":{\"text\":\"a\",\"byteSize\":1,\"isBinary\":true}}", NULL},
    {"one that was cut", "{" MD ",\"r1\":{\"text\":\"a\",\"byteSize\":1,\"isTruncated\":true}}",
     NULL},
    {"a link to another file",
     "{" FOLDER(1, "{\"name\":\"README.md\",\"type\":\"blob\",\"mode\":40960}") ",\"r1\":" BLOB(
         "\"doc/a.md\"", 8) "}",
     NULL},
    {"a name that was not asked for", "{" FOLDER(1, FILE_IN("ReadMe.adoc")) ",\"r1\":null}", NULL},
    {"such a name hides those in other folders",
     "{" FOLDER(0, FILE_IN("readme.org")) "," MD ",\"r1\":" BLOB("\"# a\"", 3) "}", NULL},
    {"none in any folder", "{" FOLDER(1, OTHERS) ",\"d0\":null,\"d2\":null}", "-"},
    {"nothing was pushed yet", "{\"isEmpty\":true,\"d1\":null}", "-"},
    {"a folder at the top that cannot be read", "{\"d1\":null,\"r1\":" BLOB("\"# a\"", 3) "}",
     NULL},
    {"entries that are none", "{" FOLDER(1, "null,7,{\"name\":\"README\"}") "}", "-"},
    {"a node that is hidden", "null", NULL},
};

static void each_readme(void **state)
{
    const struct readme *row = *state;
    ds_github_readme is = ds_github_readme_read(json(row->node));
    const char *said = is.none ? "-" : is.text;

    assert_int_equal(!said, !row->text);
    if (row->text)
        assert_string_equal(said, row->text);
}

/* ---- names in an order ------------------------------------------------------------------------
 */

static const struct ranked {
    const char *name, *text, *want;
} languages[] =
    {
        {"languages", "{\"B\":2,\"A\":2,\"C\":9}", "[\"C\",\"A\",\"B\"]"},
        {"no languages", "{}", "[]"},
        {"languages that are no object", "[]", "-"},
        {"languages without bytes", "{\"A\":\"x\"}", "-"},
},
  people[] = {
      {"people",
       "[{\"login\":\"b\",\"contributions\":2},{\"login\":\"a\",\"contributions\":2},"
       "{\"type\":\"Anonymous\",\"contributions\":99},{\"login\":\"c\",\"contributions\":3}]",
       "[\"c\",\"a\",\"b\"]"},
      {"people that are no list", "{}", "-"},
};

static void each_languages(void **state)
{
    const struct ranked *row = *state;

    assert_string_equal(shown(ds_github_language_names(json(row->text), scratch)), row->want);
}

static void each_people(void **state)
{
    const struct ranked *row = *state;

    assert_string_equal(shown(ds_github_logins(json(row->text), scratch)), row->want);
}

/* ---- records ----------------------------------------------------------------------------------
 */

static const struct reduced {
    const char *name, *text, *want;
} reduced[] = {
    {"members that are not named are dropped", "{\"x\":1,\"user\":null}", "{\"user\":null}"},
    {"people are cut to who they are", "{\"user\":{\"login\":\"a\",\"id\":1,\"avatar_url\":\"x\"}}",
     "{\"user\":{\"login\":\"a\",\"id\":1}}"},
    {"labels of both kinds become names", "{\"labels\":[{\"name\":\"bug\"},\"old\",{\"x\":1},7]}",
     "{\"labels\":[\"bug\",\"old\"]}"},
    {"an end loses its repository", "{\"head\":{\"ref\":\"r\",\"repo\":{\"id\":1}}}",
     "{\"head\":{\"ref\":\"r\"}}"},
};

static void each_reduced(void **state)
{
    static const char *const members[] = {"user", "labels", "head", NULL};
    const struct reduced *row = *state;
    DS_AUTO_BUF(out, DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);

    ds_github_reduce(&w, json(row->text), members);
    assert_string_equal(out.data, row->want);
}

static const struct keyed {
    const char *name, *text, *key;
} keys[] = {
    {"a number", "{\"id\":9223372036854775807}", "9223372036854775807"},
    {"no number", "{\"id\":\"7\"}", NULL},
    {"not above zero", "{\"id\":0}", NULL},
    {"a fraction", "{\"id\":1.5}", NULL},
    {"too large", "{\"id\":9223372036854775808}", NULL},
    {"none", "{}", NULL},
};

static void each_key(void **state)
{
    const struct keyed *row = *state;
    const char *key = ds_github_key(json(row->text), scratch);

    if (row->key)
        assert_string_equal(key, row->key);
    else
        assert_null(key);
}

int main(void)
{
    add_table(nodes, each_node);
    add_table(answers, each_answer);
    add_test(one_without_a_number_is_named);
    add_table(readmes, each_readme);
    add_table(languages, each_languages);
    add_table(people, each_people);
    add_table(reduced, each_reduced);
    add_table(keys, each_key);
    return run_tests("github_graphql");
}
