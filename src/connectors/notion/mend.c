/* src/connectors/notion/mend.c
 *
 * Rows that are not what they were thought to be: gone, in the trash, of a table that has changed.
 * What cannot be mended is held with Notion's own words, or ends the pass where it is about the
 * table.
 */
#include "connectors/notion/writer.h"

#include <string.h>

#define TRIES 4

/* ---- asking again ---------------------------------------------------------------------------- */

bool ds_notion_page(ds_notion_writer *w, ds_activity *act, const char *id, const ds_json **page,
                    ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);

    *page = ds_notion_get(w->http, act, ds_arena_printf(a, "/v1/pages/%s", id),
                          "GET /v1/pages/{id}", err);
    return *page || (err->kind == DS_ERR_PERMANENT && err->http_status == 404);
}

/* Makes the request anew, for `page`, and settles it. */
static bool again(ds_notion_writer *w, ds_activity *act, ds_notion_job *job, const char *page,
                  ds_err *err)
{
    ds_http_request req;

    job->page = page;
    if (!ds_notion_job_make(w, act, job, err))
        return job->write->outcome == DS_OUT_HELD;
    if (!job->json)
        return ds_notion_content_alone(w, act, job, err);
    req = ds_notion_job_request(job, ds_activity_arena(act));
    if (ds_http_send(w->http, act, &req, 1, err))
        return ds_notion_settle(w, act, job, &req, err);
    if (req.fate == DS_HTTP_UNKNOWN) /* it was on its way when the pass was ended */
        job->write->outcome = DS_OUT_UNKNOWN;
    return false;
}

/* The row is not there: the core looks for its key, and makes it again. */
static bool gone(ds_notion_job *job)
{
    job->write->outcome = DS_OUT_GONE;
    return true;
}

/* ---- the trash ------------------------------------------------------------------------------- */

/* Where another one has its key by now (another route had never met this one), that is the row. */
static bool restore(ds_notion_writer *w, ds_activity *act, ds_notion_job *job, ds_err *err)
{
    static const char body[] = "{\"in_trash\":false}";
    ds_http_request req = {.method = "PATCH",
                           .path =
                               ds_arena_printf(ds_activity_arena(act), "/v1/pages/%s", job->page),
                           .body = body,
                           .body_n = sizeof(body) - 1,
                           .repeatable = true,
                           .endpoint = "PATCH /v1/pages/{id}"};
    bool replaced;

    if (!ds_notion_shows(w, act, job->write->key, &replaced, err))
        return false;
    if (replaced)
        return gone(job);
    return ds_notion_ask(w->http, act, &req, err) && again(w, act, job, job->page, err);
}

static bool trashed(ds_notion_writer *w, ds_activity *act, ds_notion_job *job, ds_err *err)
{
    switch (ds_notion_trash_of(w)) {
    case DS_NOTION_RESTORE:
        return restore(w, act, job, err);
    case DS_NOTION_RECREATE:
        return gone(job);
    case DS_NOTION_LEAVE:
        break;
    }
    ds_notion_hold(job, ds_activity_arena(act),
                   "its row is in the trash of Notion: take it out, or set `trashed: restore`");
    return true;
}

/* ---- refusals -------------------------------------------------------------------------------- */

static bool fail_as(ds_err_kind kind, const ds_http_request *refused, const char *remedy,
                    ds_err *err)
{
    *err = refused->err;
    err->kind = kind;
    return remedy ? ds_wrap(err, "%s", remedy) : false;
}

/* What a table refuses, it refuses all alike. */
static bool is_about_all(const ds_http_request *refused, const ds_notion_job *job, const char *code)
{
    if (refused->status == 400)
        return *code && strcmp(code, "validation_error") != 0;
    return !job->page &&
           (refused->status == 403 || refused->status == 404 || refused->status == 409);
}

static bool fail_all(const ds_http_request *refused, ds_err *err)
{
    switch (refused->status) {
    case 403:
        return fail_as(DS_ERR_CONFIG, refused,
                       "the integration may not insert content here: give it that capability", err);
    case 404:
        return fail_as(DS_ERR_CONFIG, refused,
                       "the table is not there, or not shared with the integration", err);
    default:
        return fail_as(DS_ERR_PERMANENT, refused, NULL, err);
    }
}

/* A write that Notion finds wrong: of a row in the trash, or by what the table looked like once. */
static bool invalid(ds_notion_writer *w, ds_activity *act, ds_notion_job *job,
                    const ds_http_request *refused, ds_err *err)
{
    if (job->page) {
        const ds_json *page;

        if (!ds_notion_page(w, act, job->page, &page, err))
            return false;
        if (!page)
            return gone(job);
        if (ds_json_bool(page, "in_trash") || ds_json_bool(page, "archived"))
            return trashed(w, act, job, err);
    }
    if (!job->recent) /* another of its batch may have had the table looked at meanwhile */
        return (w->recent || ds_notion_renew(w, act, err)) && again(w, act, job, job->page, err);
    ds_notion_hold(job, ds_activity_arena(act), "%s", refused->err.text);
    return true;
}

bool ds_notion_mend(ds_notion_writer *w, ds_activity *act, ds_notion_job *job,
                    const ds_http_request *refused, ds_err *err)
{
    const char *code = ds_notion_code(&refused->answer, ds_activity_arena(act));

    if (is_about_all(refused, job, code))
        return fail_all(refused, err);
    if (++job->tries < TRIES) {
        if (job->page && refused->status == 404)
            return gone(job);
        if (refused->status == 400)
            return invalid(w, act, job, refused, err);
    }
    ds_notion_hold(job, ds_activity_arena(act), "%s", refused->err.text);
    return true;
}
