/* src/connectors/github/reduce.c
 *
 * What is kept of the API's objects.  Most members stay as they are; lists of people and labels
 * become their names, and objects that the API repeats everywhere keep what identifies them.
 */
#include "connectors/github/repo.h"

#include <string.h>

static void write_names(ds_json_writer *w, const ds_json *list, const char *member)
{
    ds_json_w_begin_list(w);
    DS_JSON_EACH (list, one) {
        const char *name = ds_json_text(one, member);

        if (!name && ds_json_kind_of(one) == DS_JSON_TEXT)
            name = ds_json_str(one, NULL); /* a label may be a text by itself */
        if (name)
            ds_json_w_text(w, name);
    }
    ds_json_w_end_list(w);
}

/* Of objects that the API repeats in full wherever they are named: what the listing of GraphQL
 * has, too. */
static const char *const owner[] = {"login", "id", "node_id", "type", "html_url", NULL};
static const char *const license[] = {"key", "name", "spdx_id", NULL};
static const char *const milestone[] = {"number", "title", "state", "due_on", "html_url", NULL};
static const char *const end[] = {"label", "ref", "sha", NULL};

static const struct {
    const char *name;
    const char *const *members;
} objects[] = {{"owner", owner},         {"user", owner}, {"author", owner}, {"license", license},
               {"milestone", milestone}, {"head", end},   {"base", end}};

static const struct {
    const char *name, *member;
} lists[] = {{"labels", "name"},
             {"assignees", "login"},
             {"requested_reviewers", "login"},
             {"assets", "browser_download_url"}};

static void write_member(ds_json_writer *w, const char *name, const ds_json *value)
{
    ds_json_kind kind = ds_json_kind_of(value);

    for (size_t i = 0; kind == DS_JSON_OBJECT && i < DS_COUNT(objects); i++) {
        if (strcmp(name, objects[i].name) == 0) {
            ds_github_reduce(w, value, objects[i].members);
            return;
        }
    }
    for (size_t i = 0; kind == DS_JSON_LIST && i < DS_COUNT(lists); i++) {
        if (strcmp(name, lists[i].name) == 0) {
            write_names(w, value, lists[i].member);
            return;
        }
    }
    ds_json_w_json(w, value);
}

void ds_github_reduce(ds_json_writer *w, const ds_json *object, const char *const *names)
{
    ds_json_w_begin_object(w);
    for (; *names; names++) {
        const ds_json *value = ds_json_get(object, *names);

        if (!value)
            continue;
        ds_json_w_name(w, *names);
        write_member(w, *names, value);
    }
    ds_json_w_end_object(w);
}
