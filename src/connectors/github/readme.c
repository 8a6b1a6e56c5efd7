/* src/connectors/github/readme.c
 *
 * GraphQL finds no README by itself, as REST does: it is asked for the usual names, in the order
 * that GitHub prefers.  Whatever is not as simple as that is left to REST.
 */
#include "connectors/github/readme.h"

#include <string.h>

#define AT_ONCE ((size_t)10) /* repositories a call: each is several looks into its tree */
#define TEXT_MAX (DS_MIB - 1024)

static const char *const names[] = {".github/README.md", "README.md",  "readme.md",     "README",
                                    "README.rst",        "README.txt", "docs/README.md"};

static const char *query(ds_arena *a)
{
    DS_AUTO_BUF(out, 16 * DS_KIB);

    ds_buf_text(&out, "query($ids:[ID!]!){nodes(ids:$ids){... on Repository{id");
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

const char *ds_github_readme_text(const ds_json *node)
{
    for (size_t i = 0; i < DS_COUNT(names); i++) {
        char alias[] = {'r', (char)('0' + i), '\0'};
        const ds_json *blob = ds_json_get(node, alias);
        const char *text = ds_json_text(blob, "text");

        if (ds_json_kind_of(blob) != DS_JSON_OBJECT)
            continue; /* there is no such file */
        if (ds_json_bool(blob, "isBinary") || ds_json_bool(blob, "isTruncated") || !text ||
            (int64_t)strlen(text) != ds_json_integer(blob, "byteSize", -1) ||
            strlen(text) > TEXT_MAX)
            return NULL;
        return text;
    }
    return NULL;
}

static void read_answer(ds_activity *act, const ds_http_request *req, const char *const *ids,
                        size_t n, const char **texts)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *doc = req->err.kind == DS_ERR_NONE ? ds_http_json(act, req, &err) : NULL;

    if (ds_json_get(doc, "errors"))
        return; /* which of its nulls are true is anybody's guess */
    DS_JSON_EACH (ds_json_path(doc, "data.nodes"), node) {
        const char *id = ds_json_text(node, "id");

        for (size_t i = 0; id && i < n; i++) {
            if (strcmp(id, ids[i]) == 0)
                texts[i] = ds_github_readme_text(node);
        }
    }
}

bool ds_github_readmes(ds_github *gh, ds_activity *act, const char *const *ids, size_t n,
                       const char **texts, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    size_t calls = (n + AT_ONCE - 1) / AT_ONCE;
    ds_http_request *requests = ds_arena_zalloc(a, (calls + 1) * sizeof(*requests));

    for (size_t i = 0; i < calls; i++) {
        const char *body = body_of(ids + i * AT_ONCE, DS_MIN(n - i * AT_ONCE, AT_ONCE), a);

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
    for (size_t i = 0; i < calls; i++)
        read_answer(act, &requests[i], ids + i * AT_ONCE, DS_MIN(n - i * AT_ONCE, AT_ONCE),
                    texts + i * AT_ONCE);
    return true;
}
