/* A source of your own, a destination of your own, and every command of durable-sync around them:
 * the tasks of a JSON file are printed once each, and again only when they change. */
#include <durable_sync/durable_sync.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct tasks {
    ds_source base; /* first */
    const char *path;
};

static const ds_option tasks_options[] = {
    {.name = "path", .type = DS_OPTION_PATH, .offset = offsetof(struct tasks, path),
     .fallback = "tasks.json", .help = "a list of {\"id\", \"title\", \"done\"}"}, DS_OPT_END};

static bool fetch_page(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                       ds_err *err)
{
    const struct tasks *src = (const struct tasks *)self;
    char *text = ds_arena_alloc(page->arena, DS_MIB);
    FILE *file = fopen(src->path, "r");

    (void)act, (void)want; /* a small file: one page, whatever is asked for */
    if (!file)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s: %s", src->path, strerror(errno));
    size_t n = fread(text, 1, DS_MIB, file); /* a longer file is cut, and then is no JSON */
    fclose(file);
    const ds_json *list = ds_json_read(page->arena, text, n, err);

    if (!list)
        return ds_wrap(err, "%s", src->path);
    DS_JSON_EACH(list, task) {
        ds_record *rec = ds_page_add(page);
        rec->primary_key = ds_json_text(task, "id"); /* never the title: titles change */
        ds_record_set(rec, "title", ds_text(ds_json_text(task, "title")));
        ds_record_set(rec, "done", ds_bool(ds_json_bool(task, "done")));
    }
    return true; /* page->next_cursor stays NULL: this was the last page */
}

static const ds_source_ops tasks_source = {
    .kind = "tasks", .help = "tasks in a JSON file", .abi = DS_CONNECTOR_ABI,
    .options = tasks_options, .instance_size = sizeof(struct tasks),
    .units = ds_one_unit, .fetch_page = fetch_page,
};

static const char *identity(const ds_destination *self, ds_arena *a)
{
    return ds_arena_printf(a, "%s:stdout", self->ops->kind);
}

static bool print(ds_destination *self, ds_activity *act, ds_write *writes, size_t n, ds_err *err)
{
    (void)self;
    for (ds_write *w = writes; w < writes + n; w++) {
        printf("%s %s", w->op == DS_OP_CREATE ? "new" : "changed", w->key);
        for (size_t i = 0; i < w->props_n; i++) {
            const char *text = ds_value_text(ds_activity_arena(act), w->props[i].value);
            printf(" | %s", text ? text : "-");
        }
        if (putchar('\n') == EOF || fflush(stdout) != 0)
            return ds_fail(err, DS_ERR_PERMANENT, "standard output: %s", strerror(errno));
        w->outcome = w->op == DS_OP_CREATE ? DS_OUT_CREATED : DS_OUT_UPDATED;
    }
    return true;
}

static const ds_option no_options[] = {DS_OPT_END};
static const ds_destination_ops printer_destination = {
    .kind = "printer", .help = "a line for each write", .abi = DS_CONNECTOR_ABI,
    .options = no_options, .instance_size = sizeof(ds_destination),
    .promise = DS_PROMISE_C, .identity = identity, .write = print,
};

int main(void)
{
    return ds_main_route(&tasks_source, &printer_destination, NULL);
}
