/* The tasks of some lists: each list is a unit, each task a record. */
#include "tasks.h"

#include <inttypes.h>
#include <string.h>

struct tasks {
    ds_source base; /* first */
    struct tasks_api api;
    ds_texts lists;
    ds_http *http; /* from open to close */
    bool wants_notes;
};

static const ds_option options[] = {
    TASKS_API_OPTIONS(struct tasks),
    {.name = "lists",
     .type = DS_OPTION_LIST,
     .offset = offsetof(struct tasks, lists),
     .required = true,
     .help = "the names of the lists, as in their addresses"},
    DS_OPT_END,
};

static bool open_source(ds_source *self, ds_activity *act, ds_err *err)
{
    struct tasks *src = (struct tasks *)self;
    size_t n;
    const char *const *wanted = ds_activity_wanted(act, &n);

    for (size_t i = 0; i < n; i++)
        src->wants_notes |= strcmp(wanted[i], "notes") == 0; /* costs a call for each task */
    src->http = tasks_open(&src->api, act, err);
    return src->http != NULL;
}

static void close_source(ds_source *self)
{
    ds_http_close(((struct tasks *)self)->http);
}

static bool units(ds_source *self, ds_activity *act, ds_units *out, ds_err *err)
{
    const struct tasks *src = (const struct tasks *)self;

    (void)act, (void)err; /* they are all named in the settings: no call */
    for (size_t i = 0; i < src->lists.n; i++)
        ds_units_add(out, src->lists.items[i]);
    return true;
}

static void add_task(ds_page *page, const ds_json *task)
{
    ds_record *rec = ds_page_add(page);

    rec->primary_key = ds_json_text(task, "id"); /* never the title: titles change */
    ds_record_set_json(rec, task);               /* under the names of the API */
}

static bool fetch_page(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                       ds_err *err)
{
    struct tasks *src = (struct tasks *)self;
    const char *unit = ds_http_escape(page->arena, want->unit);
    DS_AUTO_BUF(path, 64 * DS_KIB);
    const ds_json *doc;

    ds_buf_printf(&path, "/lists/%s/tasks?limit=%zu", unit, DS_MIN(want->limit, (size_t)100));
    if (want->cursor) /* the last id of the page before: it stands for itself */
        ds_buf_printf(&path, "&after=%s", ds_http_escape(page->arena, want->cursor));
    if (want->since_ms >= 0)
        ds_buf_printf(&path, "&since=%" PRId64, want->since_ms);
    doc = tasks_get(src->http, act, path.data, "GET /lists/{list}/tasks", err);
    if (!doc)
        return ds_wrap(err, "list %s", want->unit);
    DS_JSON_EACH (ds_json_get(doc, "tasks"), task)
        add_task(page, task);
    page->next_cursor = ds_json_text(doc, "next"); /* NULL after the last page */
    return !src->wants_notes || tasks_add_notes(src->http, act, unit, page, err);
}

static bool lists_changes(const ds_source *self)
{
    (void)self;
    return true; /* it understands since_ms, whatever the settings */
}

static bool validate(const ds_source *self, ds_err *err)
{
    return ds_http_settings_ok(&((const struct tasks *)self)->api.http, err);
}

const ds_source_ops tasks_source = {
    .kind = "tasks",
    .help = "reads the tasks of some lists",
    .abi = DS_CONNECTOR_ABI,
    .options = options,
    .instance_size = sizeof(struct tasks),
    .units = units,
    .open = open_source,
    .close = close_source,
    .fetch_page = fetch_page,
    .validate = validate,
    .lists_changes = lists_changes,
};
