/* src/connectors/notion/content.c
 *
 * What of a body does not travel with its page: more blocks, behind those that are there.  To
 * append twice would double them, so after a lost answer the page's blocks are counted; and so they
 * are when an earlier pass has made the page and did not come to the end of its body.
 */
#include "connectors/notion/writer.h"

#include <string.h>

#define TRIES 3

/* ---- counting -------------------------------------------------------------------------------- */

typedef struct count {
    const ds_notion_blocks *blocks; /* to be compared with; NULL: none */
    size_t at;                      /* of them, the next one that lies in no other */
    size_t n;                       /* on the page */
    bool differs;                   /* one of them is of another type than ours in its place */
} count;

static void count_one(count *c, const ds_json *block)
{
    const char *type = ds_json_text(block, "type");
    const ds_notion_block *ours;
    size_t n = type ? strlen(type) : 0;

    c->n++;
    if (!c->blocks || c->at >= c->blocks->n)
        return;
    ours = &c->blocks->at[c->at];
    c->differs |= ours->open_n < n + 2 || memcmp(ours->open + 1, type ? type : "", n) != 0 ||
                  ours->open[n + 1] != '"';
    do
        c->at++;
    while (c->at < c->blocks->n && c->blocks->at[c->at].depth);
}

static bool count_blocks(ds_notion_writer *w, ds_activity *act, const char *page, count *c,
                         ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    const char *cursor = NULL;

    do {
        const char *more =
            cursor ? ds_arena_printf(a, "&start_cursor=%s", ds_http_escape(a, cursor)) : "";
        const ds_json *doc = ds_notion_get(
            w->http, act, ds_arena_printf(a, "/v1/blocks/%s/children?page_size=100%s", page, more),
            "GET /v1/blocks/{id}/children", err);

        const ds_json *blocks;

        if (!doc)
            return false;
        if (!ds_notion_list(doc, cursor, &blocks, &cursor, err))
            return ds_wrap(err, "the blocks of page %s", page);
        DS_JSON_EACH (blocks, block)
            count_one(c, block);
    } while (cursor);
    return true;
}

/* From where on the page lacks blocks. One that somebody has worked on since is left as it is. */
static bool find_rest(ds_notion_writer *w, ds_activity *act, ds_notion_job *job, ds_err *err)
{
    count c = {.blocks = &job->blocks};

    if (!count_blocks(w, act, job->page, &c, err))
        return false;
    job->at = c.differs ? job->blocks.n : c.at;
    job->top = c.n;
    job->resumes = false;
    if (job->at < job->blocks.n)
        job->write->outcome = DS_OUT_UPDATED;
    if (c.differs)
        ds_activity_warn(act,
                         "key \"%s\": its page was made, but maybe not with all of its body, and "
                         "somebody has changed it since: it is left as it is",
                         job->write->key);
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
        count c = {0};

        if (!ds_http_send(w->http, act, &req, 1, err))
            return false;
        *err = req.err;
        if (req.err.kind == DS_ERR_NONE)
            return true;
        if (req.fate != DS_HTTP_UNKNOWN)
            return false;
        if (!count_blocks(w, act, job->page, &c, err))
            return false;
        if (c.n > before)
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

    if (!job->resumes && job->at >= job->blocks.n)
        return true;
    if ((!job->resumes || find_rest(w, act, job, &why)) && append_rest(w, act, job, &why))
        return true;
    if (why.kind == DS_ERR_PERMANENT) { /* the row is there; so is what came before */
        ds_activity_warn(act, "key \"%s\": its body is not complete: %s", job->write->key,
                         why.text);
        return true;
    }
    job->write->outcome = DS_OUT_UNKNOWN; /* looked at again, as it is ours and not finished */
    *err = why;
    return false;
}

bool ds_notion_content_alone(ds_notion_writer *w, ds_activity *act, ds_notion_job *job, ds_err *err)
{
    job->write->new_id = job->page;
    job->write->outcome = DS_OUT_UNCHANGED;
    return !job->resumes || ds_notion_content(w, act, job, err);
}
