/* What costs a call of its own for each record: asked for only where the task has changed. */
#include "tasks.h"

#include <string.h>

/* "TIME " where the task says when it changed; NULL: nothing of it can be kept. */
static const char *stamp(const ds_record *rec)
{
    const char *at = ds_value_text(rec->arena, ds_record_path(rec, "changed_at", rec->arena));

    return at && rec->primary_key ? ds_arena_printf(rec->arena, "%s ", at) : NULL;
}

/* What was kept with the same time of change is still true. */
static bool set_kept(ds_activity *act, ds_record *rec)
{
    const char *now = stamp(rec), *kept = now ? ds_activity_recall(act, rec->primary_key) : NULL;

    if (!kept || strncmp(kept, now, strlen(now)) != 0)
        return false;
    ds_record_set(rec, "notes", ds_text(kept + strlen(now)));
    return true;
}

static bool set_answer(ds_activity *act, ds_record *rec, const ds_http_request *req, ds_err *err)
{
    const ds_json *doc;
    const char *text, *now = stamp(rec);

    if (req->err.kind != DS_ERR_NONE) { /* of this task alone: the others go on */
        ds_record_hold(rec, rec->primary_key, "its notes: %s", req->err.text);
        return true;
    }
    doc = ds_http_json(act, req, err);
    if (!doc)
        return false;
    text = ds_json_text(doc, "text");
    ds_record_set(rec, "notes", ds_text(text ? text : ""));
    if (now)
        ds_activity_keep(act, rec->primary_key,
                         ds_arena_printf(rec->arena, "%s%s", now, text ? text : ""));
    return true;
}

bool tasks_add_notes(ds_http *http, ds_activity *act, const char *list, ds_page *page, ds_err *err)
{
    ds_http_request *reqs = ds_arena_zalloc(page->arena, (page->records_n + 1) * sizeof(*reqs));
    ds_record **of = ds_arena_alloc(page->arena, (page->records_n + 1) * sizeof(*of));
    size_t n = 0;

    for (size_t i = 0; i < page->records_n; i++) {
        ds_record *rec = &page->records[i];

        if (!rec->primary_key || set_kept(act, rec))
            continue;
        of[n] = rec;
        reqs[n++] = (ds_http_request){
            .method = "GET",
            .path = ds_arena_printf(page->arena, "/lists/%s/tasks/%s/notes", list,
                                    ds_http_escape(page->arena, rec->primary_key)),
            .repeatable = true,
            .endpoint = "GET /lists/{list}/tasks/{id}/notes"};
    }
    if (!ds_http_send(http, act, reqs, n, err)) /* eight at once, as tasks_open says */
        return false;
    for (size_t i = 0; i < n; i++)
        if (!set_answer(act, of[i], &reqs[i], err))
            return false;
    return true;
}
