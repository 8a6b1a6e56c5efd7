/* src/app/cmd_store.c
 *
 * What a store in a file knows is taken into the one on a server that the configuration names by
 * now.  Nobody uses either meanwhile.
 */
#include "app/commands.h"
#include "app/out.h"
#include "store/copy.h"
#include <string.h>

static int print_json(const ds_app *app, const char *path, const ds_copied *copied, size_t n)
{
    DS_AUTO_BUF(doc, DS_DOC_MAX);
    ds_json_writer w = ds_out_writer(&doc);

    ds_json_w_begin_object(&w);
    ds_w_text(&w, "from", path);
    ds_w_text(&w, "to", app->config->store_path);
    ds_json_w_name(&w, "rows");
    ds_json_w_begin_object(&w);
    for (size_t i = 0; i < n; i++)
        ds_w_int(&w, copied[i].table, copied[i].rows);
    ds_json_w_end_object(&w);
    ds_json_w_end_object(&w);
    return ds_out_doc(app, &doc);
}

static int64_t rows_of(const char *table, const ds_copied *copied, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(copied[i].table, table) == 0)
            return copied[i].rows;
    }
    return 0;
}

static void print_text(const ds_app *app, const char *path, const ds_copied *copied, size_t n)
{
    ds_arena *a = app->arena;

    printf("copied to %s: %s links, %s held records, %s passes of the history\n",
           app->config->store_path, ds_count_text(a, rows_of("link", copied, n)),
           ds_count_text(a, rows_of("held", copied, n)),
           ds_count_text(a, rows_of("run", copied, n)));
    printf("%s is as it was, and of the past from now on: put it away\n", path);
}

/* With a server the workers of engine temporal would have it together; this has it alone. */
static ds_store *open_alone(const ds_app *app, int *code)
{
    ds_err err = DS_ERR_INIT;
    ds_store_at at;
    pid_t holder = 0;
    ds_store *store = NULL;

    if (ds_app_store(app, &at, &err)) {
        at.shared = false;
        store = ds_store_open_at(&at, &holder, &err);
    }
    if (!store)
        *code = ds_app_store_failed(app, &err, holder != 0);
    return store;
}

static int copy(ds_app *app, const char *path)
{
    const ds_copied *copied;
    ds_err err = DS_ERR_INIT;
    pid_t holder = 0;
    int code = DS_EXIT_DONE;
    size_t n;
    DS_AUTO(ds_store) to = open_alone(app, &code);

    if (!to)
        return code;
    if (!ds_store_copy(path, to, &holder, app->arena, &copied, &n, &err)) {
        ds_app_fail(app, &err);
        return holder ? DS_EXIT_IN_USE : err.kind == DS_ERR_CONFIG ? DS_EXIT_USAGE : DS_EXIT_FAILED;
    }
    if (app->json)
        return print_json(app, path, copied, n);
    if (!app->quiet)
        print_text(app, path, copied, n);
    return DS_EXIT_DONE;
}

int ds_cmd_store(ds_app *app)
{
    static const char scheme[] = "sqlite:";
    const ds_args *args = app->args;
    const char *path = args->words[1];
    int code = ds_app_config(app);

    if (code)
        return code;
    if (strcmp(args->words[0], "copy") != 0)
        return ds_app_refuse(app, "store knows copy, not \"%.40s\"", args->words[0]);
    if (strncmp(path, scheme, strlen(scheme)) == 0)
        path += strlen(scheme);
    if (!app->config->store_url)
        return ds_app_refuse(app,
                             "the configuration's store is the file %s: name the one on a server "
                             "first, `store: postgresql://...`, then copy the file's content there",
                             app->config->store_path);
    return copy(app, path);
}
