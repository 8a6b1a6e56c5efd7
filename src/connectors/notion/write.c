/* src/connectors/notion/write.c - a batch of records, several on their way at once. */
#include "connectors/notion/writer.h"

#include <string.h>

/* The request was answered with yes: the row is there. false: whoever said so, it was not Notion.
 */
static bool take_answer(ds_activity *act, ds_notion_job *job, const ds_http_request *req)
{
    ds_err none = DS_ERR_INIT;
    const ds_json *page = ds_http_json(act, req, &none);
    const char *id = ds_notion_id(ds_json_text(page, "id"), ds_activity_arena(act));
    const char *object = ds_json_text(page, "object");

    if (!id || (object && strcmp(object, "page") != 0)) {
        job->write->outcome = DS_OUT_UNKNOWN;
        return false;
    }
    job->write->outcome = job->page ? DS_OUT_UPDATED : DS_OUT_CREATED;
    if (!job->page)
        job->page = id;
    job->write->new_id = job->page;
    return true;
}

bool ds_notion_settle(ds_notion_writer *w, ds_activity *act, ds_notion_job *job,
                      ds_http_request *req, ds_err *err)
{
    if (req->fate == DS_HTTP_UNKNOWN) { /* of an answer that is too large, too */
        job->write->outcome = DS_OUT_UNKNOWN;
        return true;
    }
    switch (req->err.kind) {
    case DS_ERR_NONE:
        return !take_answer(act, job, req) || ds_notion_content(w, act, job, err);
    case DS_ERR_PERMANENT:
        return ds_notion_mend(w, act, job, req, err);
    default:
        *err = req->err;
        return false;
    }
}

/* ---- a batch --------------------------------------------------------------------------------- */

typedef struct batch {
    ds_notion_job *jobs; /* those that are sent */
    ds_http_request *requests;
    size_t n;
} batch;

/* The page to be changed, if there is one: by hand a row may be named by its address, too. */
static bool take_page(ds_notion_job *job, ds_arena *a)
{
    if (job->write->op == DS_OP_CREATE)
        return true;
    job->page = ds_notion_id(job->write->id, a);
    if (!job->page)
        ds_notion_hold(job, a, "\"%.100s\" is neither id nor address of a page",
                       job->write->id ? job->write->id : "");
    return job->page != NULL;
}

static bool prepare(ds_notion_writer *w, ds_activity *act, ds_write *writes, size_t n, batch *b,
                    ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);

    b->jobs = ds_arena_zalloc(a, (n + 1) * sizeof(*b->jobs));
    b->requests = ds_arena_zalloc(a, (n + 1) * sizeof(*b->requests));
    for (size_t i = 0; i < n; i++) {
        ds_notion_job *job = &b->jobs[b->n];

        *job = (ds_notion_job){.write = &writes[i]};
        if (!take_page(job, a))
            continue;
        if (!ds_notion_job_make(w, act, job, err)) {
            if (writes[i].outcome != DS_OUT_HELD)
                return false;
        } else if (!job->json) {
            if (!ds_notion_content_alone(w, act, job, err))
                return false;
        } else {
            b->n++;
        }
    }
    for (size_t i = 0; i < b->n; i++)
        b->requests[i] = ds_notion_job_request(&b->jobs[i], a);
    return true;
}

/* The batch as a whole came to an end; what was answered before counts. */
static void settle_some(ds_activity *act, batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        ds_notion_job *job = &b->jobs[i];
        const ds_http_request *req = &b->requests[i];

        if (req->fate == DS_HTTP_UNKNOWN)
            job->write->outcome = DS_OUT_UNKNOWN;
        if (req->fate != DS_HTTP_ANSWERED || req->err.kind != DS_ERR_NONE ||
            !take_answer(act, job, req))
            continue;
        if (job->resumes || job->at < job->blocks.n)
            job->write->outcome = DS_OUT_UNKNOWN; /* the body is not whole */
    }
}

static bool settle_all(ds_notion_writer *w, ds_activity *act, batch *b, ds_err *err)
{
    bool ok = true;

    for (size_t i = 0; i < b->n; i++) {
        ds_err why = DS_ERR_INIT;

        if (ds_notion_settle(w, act, &b->jobs[i], &b->requests[i], &why))
            continue;
        if (ok)
            *err = why;
        ok = false; /* the others have been sent: each is settled */
    }
    return ok;
}

bool ds_notion_write(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                     ds_err *err)
{
    ds_notion_writer *w = (ds_notion_writer *)self;
    batch b = {.n = 0};

    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    if (!ds_notion_ready(w, act, err) || !prepare(w, act, writes, n, &b, err))
        return false;
    ds_notion_keep_columns(w, act);
    if (b.n && !ds_http_send(w->http, act, b.requests, b.n, err)) {
        settle_some(act, &b);
        return false;
    }
    return settle_all(w, act, &b, err);
}
