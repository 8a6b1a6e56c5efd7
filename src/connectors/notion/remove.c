/* src/connectors/notion/remove.c - rows into the trash of Notion, where they stay for 30 days. */
#include "connectors/notion/writer.h"

static ds_http_request trash(ds_arena *a, const char *id)
{
    static const char body[] = "{\"in_trash\":true}";

    return (ds_http_request){.method = "PATCH",
                             .path = ds_arena_printf(a, "/v1/pages/%s", id),
                             .body = body,
                             .body_n = sizeof(body) - 1,
                             .repeatable = true,
                             .endpoint = "PATCH /v1/pages/{id}"};
}

/* A row that is not there, or in the trash already, is done. */
static bool is_gone(ds_notion_writer *w, ds_activity *act, const char *id,
                    const ds_http_request *req, bool *gone, ds_err *err)
{
    const ds_json *page;

    *gone = req->status == 404;
    if (*gone || req->status != 400)
        return true;
    if (!ds_notion_page(w, act, id, &page, err))
        return false;
    *gone = !page || ds_json_bool(page, "in_trash") || ds_json_bool(page, "archived");
    return true;
}

bool ds_notion_remove(ds_destination *self, ds_activity *act, const char *const *keys,
                      const char *const *ids, size_t n, ds_err *err)
{
    ds_notion_writer *w = (ds_notion_writer *)self;
    ds_arena *a = ds_activity_arena(act);
    ds_http_request *reqs = ds_arena_zalloc(a, (n + 1) * sizeof(*reqs));
    size_t sent = 0;
    bool gone;

    for (size_t i = 0; i < n; i++)
        if (ds_notion_id(ids[i], a)) /* a row of ours always has one */
            reqs[sent++] = trash(a, ds_notion_id(ids[i], a));
    if (!ds_notion_client(w, act, err) || (sent && !ds_http_send(w->http, act, reqs, sent, err)))
        return false;
    for (size_t i = 0, at = 0; i < n; i++) {
        const ds_http_request *req;

        if (!ds_notion_id(ids[i], a))
            continue;
        req = &reqs[at++];
        if (req->err.kind == DS_ERR_NONE)
            continue;
        if (!is_gone(w, act, ds_notion_id(ids[i], a), req, &gone, err))
            return false;
        if (!gone) {
            *err = req->err;
            return ds_wrap(err, "key \"%.100s\"", keys[i]);
        }
    }
    return true;
}
