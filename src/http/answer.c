/* src/http/answer.c - reading an answer: its JSON, its links. */
#include "http/internal.h"

#include <string.h>
#include <strings.h>

const ds_json *ds_http_json(ds_activity *act, const ds_http_request *req, ds_err *err)
{
    char name[256];
    ds_err why = DS_ERR_INIT;
    const ds_json *doc =
        ds_json_read(ds_activity_arena(act), req->answer.body, req->answer.body_n, &why);

    if (doc)
        return doc;
    ds_fail(
        err, DS_ERR_TRANSIENT,
        "%s: the answer is no JSON, so it is not the API's own (a proxy, or the login page of a "
        "network): %s",
        request_name(req, name, sizeof(name)), why.text);
    err->http_status = req->status;
    return NULL;
}

/* One of the words of a rel, which may be quoted. */
static bool names_rel(const char *params, size_t n, const char *rel)
{
    size_t rel_n = strlen(rel);

    for (size_t at = 0; at + 4 < n; at++) {
        const char *value = params + at + 4, *end = params + n;

        if (strncasecmp(params + at, "rel=", 4) != 0 || (at && !strchr("; \t", params[at - 1])))
            continue;
        value += *value == '"';
        while (value < end) {
            size_t word = strcspn(value, " \";,");

            if (word == rel_n && strncasecmp(value, rel, rel_n) == 0)
                return true;
            if (value[word] != ' ')
                return false;
            value += word + 1;
        }
    }
    return false;
}

const char *ds_http_link(const ds_http_answer *answer, const char *rel, ds_arena *a)
{
    const char *at = ds_http_header_of(answer, "link");

    while (at && (at = strchr(at, '<'))) {
        const char *end = strchr(at, '>'), *next;
        size_t n;

        if (!end)
            return NULL;
        next = strchr(end, '<');
        n = next ? (size_t)(next - end) : strlen(end);
        if (names_rel(end + 1, n - 1, rel))
            return ds_arena_strndup(a, at + 1, (size_t)(end - at - 1));
        at = next;
    }
    return NULL;
}
