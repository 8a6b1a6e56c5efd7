/* src/connectors/github/readme.c
 *
 * GraphQL finds no README by itself, as REST does.  It is asked for the usual names, and for what
 * is in the three folders that GitHub looks into: so it is known where there is none.  Whatever is
 * not as simple as that (another name, a link, a text that is cut) is left to REST.
 */
#include "connectors/github/readme.h"

#include <string.h>
#include <strings.h>

#define AT_ONCE ((size_t)30)  /* repositories a call, as in a page of the sweep */
#define AT_LEAST ((size_t)10) /* where so many took too long */
#define TEXT_MAX (DS_MIB - 1024)
#define MODE_LINK 0120000 /* of git: its text is where it leads */

/* In the order that GitHub prefers. */
static const char *const folders[] = {".github/", "", "docs/"};
static const char *const names[] = {".github/README.md", "README.md",  "readme.md",     "README",
                                    "README.rst",        "README.txt", "docs/README.md"};

static const char *query(ds_arena *a)
{
    DS_AUTO_BUF(out, 16 * DS_KIB);

    ds_buf_text(&out, "query($ids:[ID!]!){nodes(ids:$ids){... on Repository{id isEmpty");
    for (size_t i = 0; i < DS_COUNT(folders); i++)
        ds_buf_printf(
            &out, " d%zu:object(expression:\"HEAD:%.*s\"){... on Tree{entries{name type mode}}}", i,
            (int)strcspn(folders[i], "/"), folders[i]);
    for (size_t i = 0; i < DS_COUNT(names); i++)
        ds_buf_printf(&out,
                      " r%zu:object(expression:\"HEAD:%s\"){... on Blob{byteSize isBinary "
                      "isTruncated text}}",
                      i, names[i]);
    ds_buf_text(&out, "}}}");
    return ds_arena_strndup(a, out.data, out.n);
}

static const char *body_of(const char *const *ids, size_t n, ds_arena *a)
{
    DS_AUTO_BUF(out, 64 * DS_KIB);
    ds_json_writer w = ds_json_w(&out, false);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "query");
    ds_json_w_text(&w, query(a));
    ds_json_w_name(&w, "variables");
    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "ids");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < n; i++)
        ds_json_w_text(&w, ids[i]);
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
    ds_json_w_end_object(&w);
    return out.overflow ? NULL : ds_arena_strndup(a, out.data, out.n);
}

/* ---- one repository ---------------------------------------------------------------------------
 */

static const ds_json *numbered(const ds_json *node, char letter, size_t i)
{
    return ds_json_get(node, (char[]){letter, (char)('0' + i), '\0'});
}

static bool may_be_readme(const ds_json *entry)
{
    const char *name = ds_json_text(entry, "name"), *type = ds_json_text(entry, "type");

    return name && type && strcmp(type, "blob") == 0 && strncasecmp(name, "readme", 6) == 0;
}

/* A file of that very name; *any: there is one that GitHub may take for a README. */
static bool has_file(const ds_json *entries, const char *wanted, bool *any)
{
    bool found = false;

    DS_JSON_EACH (entries, entry) {
        if (!may_be_readme(entry))
            continue;
        *any = true;
        found |= strcmp(ds_json_text(entry, "name"), wanted) == 0 &&
                 ds_json_integer(entry, "mode", MODE_LINK) != MODE_LINK;
    }
    return found;
}

static ds_github_readme text_of(const ds_json *blob)
{
    const char *text = ds_json_text(blob, "text");

    if (ds_json_bool(blob, "isBinary") || ds_json_bool(blob, "isTruncated") || !text ||
        (int64_t)strlen(text) != ds_json_integer(blob, "byteSize", -1) || strlen(text) > TEXT_MAX)
        return (ds_github_readme){.text = NULL};
    return (ds_github_readme){.text = text};
}

/* The one that GitHub shows of a folder. *any: it has one, whether or not it can be told here. */
static ds_github_readme in_folder(const ds_json *node, size_t folder, bool *any)
{
    const ds_json *entries = ds_json_get(numbered(node, 'd', folder), "entries");
    size_t n = strlen(folders[folder]);

    *any = false;
    for (size_t i = 0; i < DS_COUNT(names); i++) {
        bool here = n ? strncmp(names[i], folders[folder], n) == 0 : !strchr(names[i], '/');

        if (here && has_file(entries, names[i] + n, any))
            return text_of(numbered(node, 'r', i));
    }
    return (ds_github_readme){.text = NULL};
}

ds_github_readme ds_github_readme_read(const ds_json *node)
{
    const ds_json *root = ds_json_get(numbered(node, 'd', 1), "entries");
    bool any = false;

    if (ds_json_bool(node, "isEmpty"))
        return (ds_github_readme){.none = true};
    if (ds_json_kind_of(root) != DS_JSON_LIST)
        return (ds_github_readme){.text = NULL};
    for (size_t i = 0; i < DS_COUNT(folders); i++) {
        ds_github_readme is = in_folder(node, i, &any);

        if (any)
            return is;
    }
    return (ds_github_readme){.none = true};
}

/* ---- calls ------------------------------------------------------------------------------------
 */

typedef struct batch {
    const char *ids[AT_ONCE];
    size_t place[AT_ONCE]; /* of each among all */
    size_t n;
} batch;

/* Errors of one node hide that alone: [\"nodes\", 3, ...]. false: one that concerns them all. */
static bool read_errors(const ds_json *errors, bool hidden[AT_ONCE])
{
    DS_JSON_EACH (errors, error) {
        const ds_json *path = ds_json_get(error, "path");
        const char *list = ds_json_str(ds_json_at(path, 0), NULL);
        int64_t index;

        if (!list || strcmp(list, "nodes") != 0 || !ds_json_int(ds_json_at(path, 1), &index) ||
            index < 0 || index >= (int64_t)AT_ONCE)
            return false;
        hidden[index] = true;
    }
    return true;
}

/* false: it says nothing of any, or not enough was done in time. */
static bool read_answer(ds_activity *act, const ds_http_request *req, const batch *b,
                        ds_github_readme *out)
{
    bool hidden[AT_ONCE] = {false};
    ds_err err = DS_ERR_INIT;
    const ds_json *doc = req->err.kind == DS_ERR_NONE ? ds_http_json(act, req, &err) : NULL;
    const ds_json *nodes = ds_json_path(doc, "data.nodes");

    if (!read_errors(ds_json_get(doc, "errors"), hidden) || ds_json_kind_of(nodes) != DS_JSON_LIST)
        return false;
    for (size_t i = 0; i < b->n; i++) {
        const ds_json *node = ds_json_at(nodes, i);
        const char *id = ds_json_text(node, "id");

        if (!hidden[i] && id && strcmp(id, b->ids[i]) == 0)
            out[b->place[i]] = ds_github_readme_read(node);
    }
    return true;
}

/* Those of `places`, so many a call. What was not answered stays in places[0..*n]. */
static bool ask(ds_github *gh, ds_activity *act, const char *const *ids, size_t *places, size_t *n,
                size_t most, ds_github_readme *out, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    size_t calls = (*n + most - 1) / most, left = 0;
    ds_http_request *requests = ds_arena_zalloc(a, (calls + 1) * sizeof(*requests));
    batch *batches = ds_arena_zalloc(a, (calls + 1) * sizeof(*batches));

    for (size_t i = 0; i < *n; i++) {
        batch *b = &batches[i / most];

        b->place[b->n] = places[i];
        b->ids[b->n++] = ids[places[i]];
    }
    for (size_t i = 0; i < calls; i++) {
        const char *body = body_of(batches[i].ids, batches[i].n, a);

        requests[i] = (ds_http_request){.method = "POST",
                                        .path = "/graphql",
                                        .body = body,
                                        .body_n = body ? strlen(body) : 0,
                                        .repeatable = true, /* it asks, and changes nothing */
                                        .endpoint = "POST /graphql",
                                        .pool = "graphql"};
    }
    if (calls && !ds_http_send(gh->graphql, act, requests, calls, err))
        return false;
    for (size_t i = 0; i < calls; i++) {
        bool read = read_answer(act, &requests[i], &batches[i], out);

        for (size_t k = 0; !read && k < batches[i].n; k++)
            places[left++] = batches[i].place[k];
    }
    *n = left;
    return true;
}

bool ds_github_readmes(ds_github *gh, ds_activity *act, const char *const *ids, size_t n,
                       ds_github_readme *out, ds_err *err)
{
    size_t *places = ds_arena_alloc(ds_activity_arena(act), (n + 1) * sizeof(*places));

    for (size_t i = 0; i < n; i++)
        places[i] = i;
    return ask(gh, act, ids, places, &n, AT_ONCE, out, err) &&
           (!n || ask(gh, act, ids, places, &n, AT_LEAST, out, err));
}
