/* src/connectors/notion/content.c
 *
 * What of a body does not travel with its page: more blocks, behind those that are there.  To
 * append twice would double them, so after a lost answer the page's blocks are counted.
 */
#include "connectors/notion/writer.h"

#include <string.h>

#define TRIES 3

/* ---- bodies that were cut short -------------------------------------------------------------- */

static const char *kept_as(ds_activity *act, const char *page)
{
    return ds_arena_printf(ds_activity_arena(act), "unfinished %s", page);
}

bool ds_notion_is_unfinished(ds_activity *act, const char *page)
{
    return ds_activity_recall(act, kept_as(act, page)) != NULL;
}

void ds_notion_set_unfinished(ds_activity *act, const char *page, bool is)
{
    ds_activity_keep(act, kept_as(act, page), is ? "1" : NULL);
}

/* ---- counting -------------------------------------------------------------------------------- */

static bool count_blocks(ds_notion_writer *w, ds_activity *act, const char *page, size_t *n,
                         ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    const char *cursor = NULL;

    *n = 0;
    do {
        const char *more =
            cursor ? ds_arena_printf(a, "&start_cursor=%s", ds_http_escape(a, cursor)) : "";
        const ds_json *doc = ds_notion_get(
            w->http, act, ds_arena_printf(a, "/v1/blocks/%s/children?page_size=100%s", page, more),
            "GET /v1/blocks/{id}/children", err);

        if (!doc)
            return false;
        *n += ds_json_size(ds_json_get(doc, "results"));
        cursor = ds_json_bool(doc, "has_more") ? ds_json_text(doc, "next_cursor") : NULL;
    } while (cursor);
    return true;
}

/* ---- appending ------------------------------------------------------------------------------- */

static ds_http_request append(ds_activity *act, const char *page, const char *children, size_t n)
{
    ds_arena *a = ds_activity_arena(act);
    const char *body = ds_arena_printf(a, "{\"children\":%.*s}", (int)n, children);

    return (ds_http_request){.method = "PATCH",
                             .path = ds_arena_printf(a, "/v1/blocks/%s/children", page),
                             .body = body,
                             .body_n = strlen(body),
                             .endpoint = "PATCH /v1/blocks/{id}/children"};
}

/* One list of blocks, there exactly once: `before` blocks are there already. */
static bool append_once(ds_notion_writer *w, ds_activity *act, const ds_notion_job *job,
                        const char *children, size_t n, size_t before, ds_err *err)
{
    for (int i = 0; i < TRIES; i++) {
        ds_http_request req = append(act, job->page, children, n);
        size_t there;

        if (!ds_http_send(w->http, act, &req, 1, err))
            return false;
        *err = req.err;
        if (req.err.kind == DS_ERR_NONE)
            return true;
        if (req.fate != DS_HTTP_UNKNOWN)
            return false;
        if (!count_blocks(w, act, job->page, &there, err))
            return false;
        if (there > before)
            return true;
    }
    return false;
}

static bool append_rest(ds_notion_writer *w, ds_activity *act, ds_notion_job *job, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);

    while (job->at < job->blocks.n) {
        size_t n, top, before = job->top;
        const char *children =
            ds_notion_blocks_next(&job->blocks, &job->at, DS_NOTION_ROOM, a, &n, &top);

        if (!children || !append_once(w, act, job, children, n, before, err))
            return children ? false : ds_fail(err, DS_ERR_PERMANENT, "a block is too large");
        job->top += top;
    }
    return true;
}

bool ds_notion_content(ds_notion_writer *w, ds_activity *act, ds_notion_job *job, ds_err *err)
{
    ds_err why = DS_ERR_INIT;

    if (job->at >= job->blocks.n)
        return true;
    if (append_rest(w, act, job, &why)) {
        if (ds_notion_is_unfinished(act, job->page))
            ds_notion_set_unfinished(act, job->page, false);
        return true;
    }
    if (why.kind == DS_ERR_PERMANENT) { /* the row is there; so is what came before */
        ds_activity_warn(act, "key \"%s\": its body is not complete: %s", job->write->key,
                         why.text);
        return true;
    }
    ds_notion_set_unfinished(act, job->page, true);
    job->write->outcome = DS_OUT_UNKNOWN; /* written again, as far as there is anything to write */
    *err = why;
    return false;
}
