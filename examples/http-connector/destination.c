/* A list whose tasks are kept mirrored: our key is in each task's `ref`. */
#include "tasks.h"

#include <string.h>

#define FIND_MOST ((size_t)50) /* refs in one question */

struct list {
    ds_destination base; /* first */
    struct tasks_api api;
    const char *list;
    ds_http *http; /* from open to close */
};

static const ds_option options[] = {
    TASKS_API_OPTIONS(struct list),
    DS_OPT_TEXT(struct list, list, "the name of the list, as in its address"),
    DS_OPT_END,
};

static const char *identity(const ds_destination *self, ds_arena *a)
{
    const struct list *to = (const struct list *)self;

    return ds_arena_printf(a, "tasks:%s/%s", to->api.http.base_url, to->list);
}

static bool open_list(ds_destination *self, ds_activity *act, const ds_open_in *in,
                      ds_open_out *out, ds_err *err)
{
    struct list *to = (struct list *)self;

    (void)in;
    out->exists = true;
    to->http = tasks_open(&to->api, act, err);
    return to->http != NULL;
}

static void close_list(ds_destination *self)
{
    ds_http_close(((struct list *)self)->http);
}

/* ---- which rows hold these keys -------------------------------------------------------------- */

static void note_found(const ds_json *task, ds_found *out, size_t n, ds_arena *a)
{
    const char *ref = ds_json_text(task, "ref");

    for (size_t i = 0; ref && i < n; i++) {
        if (strcmp(out[i].key, ref) != 0)
            continue;
        if (out[i].n++ > 0)
            continue; /* a second row with this key: the core holds the record and tells */
        out[i].id = ds_json_text(task, "id");
        out[i].row = ds_new_in(a, ds_record);
        out[i].row->arena = a;
        ds_record_set_json(out[i].row, task);
    }
}

static bool find_some(struct list *to, ds_activity *act, ds_found *out, size_t n, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    DS_AUTO_BUF(path, DS_MIB);
    const ds_json *doc;

    ds_buf_printf(&path, "/lists/%s/rows", ds_http_escape(a, to->list));
    for (size_t i = 0; i < n; i++)
        ds_buf_printf(&path, "%cref=%s", i ? '&' : '?', ds_http_escape(a, out[i].key));
    doc = tasks_get(to->http, act, path.data, "GET /lists/{list}/rows", err);
    DS_JSON_EACH (ds_json_get(doc, "tasks"), task)
        note_found(task, out, n, a);
    return doc != NULL;
}

static bool find(ds_destination *self, ds_activity *act, const char *const *keys, size_t n,
                 ds_found *out, ds_err *err)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (ds_found){.key = keys[i]};
    for (size_t i = 0; i < n; i += FIND_MOST)
        if (!find_some((struct list *)self, act, out + i, DS_MIN(n - i, FIND_MOST), err))
            return false;
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static const char *body_of(const ds_write *w, ds_arena *a, size_t *n)
{
    DS_AUTO_BUF(out, SIZE_MAX / 4); /* the core has capped the record */
    ds_json_writer json = ds_json_w(&out, false);

    ds_json_w_begin_object(&json);
    if (w->op == DS_OP_CREATE) {
        ds_json_w_name(&json, "ref");
        ds_json_w_text(&json, w->key);
    }
    for (size_t i = 0; i < w->props_n; i++) {
        if (w->op == DS_OP_UPDATE && w->how && w->how[i] == DS_HOW_ONLY_NEW)
            continue;
        ds_json_w_name(&json, w->props[i].name);
        ds_json_w_value(&json, w->props[i].value);
    }
    ds_json_w_end_object(&json);
    *n = out.n;
    return ds_arena_strndup(a, out.data, out.n);
}

static ds_http_request request_of(const struct list *to, const ds_write *w, ds_arena *a)
{
    const char *list = ds_http_escape(a, to->list);
    ds_http_request req = {.method = "POST", .endpoint = "POST /lists/{list}/tasks"};

    req.body = body_of(w, a, &req.body_n);
    req.path = ds_arena_printf(a, "/lists/%s/tasks", list);
    if (w->op == DS_OP_CREATE)
        return req; /* leaves once at most: twice would be two rows */
    req.method = "PATCH";
    req.path = ds_arena_printf(a, "/lists/%s/tasks/%s", list, ds_http_escape(a, w->id));
    req.endpoint = "PATCH /lists/{list}/tasks/{id}";
    req.repeatable = true;
    return req;
}

/* What became of one request. */
static ds_outcome outcome_of(ds_op op, const ds_http_request *req)
{
    if (req->fate == DS_HTTP_UNKNOWN)
        return DS_OUT_UNKNOWN; /* it left, and nobody knows: the core looks it up later */
    if (req->err.kind == DS_ERR_PERMANENT)
        return req->status == 404 && op == DS_OP_UPDATE ? DS_OUT_GONE : DS_OUT_HELD;
    if (req->fate == DS_HTTP_NOT_SENT)
        return DS_OUT_NONE; /* the next pass tries it */
    return op == DS_OP_CREATE ? DS_OUT_CREATED : DS_OUT_UPDATED;
}

static void conclude(ds_write *w, const ds_http_request *req, ds_activity *act)
{
    ds_err ignored = DS_ERR_INIT;

    w->outcome = outcome_of(w->op, req);
    if (w->outcome == DS_OUT_HELD)
        w->reason = ds_arena_strdup(ds_activity_arena(act), req->err.text);
    if (w->outcome != DS_OUT_CREATED)
        return;
    w->new_id = ds_json_text(ds_http_json(act, req, &ignored), "id");
    if (!w->new_id)
        w->outcome = DS_OUT_UNKNOWN; /* made, and it does not say where */
}

static bool write_tasks(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                        ds_err *err)
{
    struct list *to = (struct list *)self;
    ds_arena *a = ds_activity_arena(act);
    ds_http_request *reqs = ds_arena_zalloc(a, n * sizeof(*reqs));
    bool ok;

    for (size_t i = 0; i < n; i++)
        reqs[i] = request_of(to, &writes[i], a);
    ok = ds_http_send(to->http, act, reqs, n, err);
    for (size_t i = 0; i < n; i++) /* those that had ended before it failed count too */
        conclude(&writes[i], &reqs[i], act);
    return ok;
}

static bool remove_tasks(ds_destination *self, ds_activity *act, const char *const *keys,
                         const char *const *ids, size_t n, ds_err *err)
{
    struct list *to = (struct list *)self;
    ds_arena *a = ds_activity_arena(act);
    ds_http_request *reqs = ds_arena_zalloc(a, n * sizeof(*reqs));

    (void)keys;
    for (size_t i = 0; i < n; i++)
        reqs[i] = (ds_http_request){.method = "DELETE",
                                    .path = ds_arena_printf(a, "/lists/%s/tasks/%s",
                                                            ds_http_escape(a, to->list),
                                                            ds_http_escape(a, ids[i])),
                                    .repeatable = true,
                                    .endpoint = "DELETE /lists/{list}/tasks/{id}"};
    if (!ds_http_send(to->http, act, reqs, n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (reqs[i].err.kind == DS_ERR_NONE || reqs[i].status == 404)
            continue; /* what is not there is done */
        *err = reqs[i].err;
        return false;
    }
    return true;
}

/* ---- what `check` and `plan` say ------------------------------------------------------------- */

static bool check_schema(ds_destination *self, ds_activity *act, const ds_column *columns, size_t n,
                         void (*say)(void *to, bool is_error, const char *text, const char *remedy),
                         void *to, ds_err *err)
{
    static const char *const known[] = {"title", "done", "due", "notes"};

    (void)self, (void)err;
    for (size_t i = 0; i < n; i++) {
        bool found = false;

        for (size_t j = 0; j < DS_COUNT(known); j++)
            found |= strcmp(columns[i].name, known[j]) == 0;
        if (!found)
            say(to, true,
                ds_arena_printf(ds_activity_arena(act), "a task has no \"%s\"", columns[i].name),
                "it has title, done, due and notes");
    }
    return true;
}

static void estimate(const ds_destination *self, const ds_work_ahead *work, ds_cost *out)
{
    (void)self;
    ds_cost_add(out, "GET /lists/{list}/rows", (work->finds + 49) / 50);
    ds_cost_add(out, "POST /lists/{list}/tasks", work->creates);
    ds_cost_add(out, "PATCH /lists/{list}/tasks/{id}", work->updates);
    ds_cost_add(out, "DELETE /lists/{list}/tasks/{id}", work->removes);
}

static bool validate(const ds_destination *self, ds_err *err)
{
    return ds_http_settings_ok(&((const struct list *)self)->api.http, err);
}

const ds_destination_ops tasks_destination = {
    .kind = "tasks",
    .help = "keeps a list of tasks mirrored",
    .abi = DS_CONNECTOR_ABI,
    .options = options,
    .instance_size = sizeof(struct list),
    .promise = DS_PROMISE_B,
    .settle_ms = 30 * DS_SECOND_MS, /* the server works on no request for longer */
    .identity = identity,
    .open = open_list,
    .close = close_list,
    .find = find,
    .write = write_tasks,
    .remove = remove_tasks,
    .check_schema = check_schema,
    .estimate = estimate,
    .validate = validate,
};
