/* src/app/store.c - from the configuration's `store` to the store. */
#include "app/app.h"
#include "app/out.h"
#include "app/temporal.h"
#include "store/driver.h"
#include <string.h>
#include <unistd.h>

bool ds_app_store(const ds_app *app, ds_store_at *out, ds_err *err)
{
    const ds_config *config = app->config;

    *out = (ds_store_at){
        .path = config->store_path, .url = config->store_url, .schema = config->store_schema};
    if (!config->store_url)
        return true;
    out->shared = ds_app_is_temporal(app); /* its workers fence each other, pass by pass */
    out->driver = ds_loader_part(app->loader, DS_PGSTORE_FILE, DS_PGSTORE_SYMBOL, err);
    if (!out->driver)
        return ds_wrap(err, "store %s", out->path);
    return out->driver->bytes == ds_db_driver_bytes() ||
           ds_fail(err, DS_ERR_CONFIG,
                   "%s is of another version than this program; install both anew",
                   DS_PGSTORE_FILE);
}

ds_reader *ds_app_reader(const ds_app *app, ds_err *err)
{
    ds_store_at at;

    return ds_app_store(app, &at, err) ? ds_reader_open_at(&at, err) : NULL;
}

const char *ds_app_holder(const ds_app *app)
{
    ds_err err = DS_ERR_INIT;
    const char *who = NULL;
    ds_store_at at;

    if (ds_app_store(app, &at, &err)) /* else the one who opens it says why */
        (void)ds_store_holder_at(&at, app->arena, &who);
    return who;
}

int ds_app_store_failed(const ds_app *app, const ds_err *err, bool held)
{
    static const char by[] = " is in use by ";
    const char *who = held ? strstr(err->text, by) : NULL;

    return who ? ds_app_in_use(app, who + strlen(by)) : ds_app_fail(app, err);
}

ds_store *ds_app_store_open(const ds_app *app, int *code)
{
    ds_err err = DS_ERR_INIT;
    ds_store_at at;
    pid_t holder = 0;
    ds_store *store = ds_app_store(app, &at, &err) ? ds_store_open_at(&at, &holder, &err) : NULL;

    if (!store)
        *code = ds_app_store_failed(app, &err, holder != 0);
    return store;
}

/* ---- moved without its content --------------------------------------------------------------- */

bool ds_app_store_knows_nothing(const ds_app *app)
{
    ds_err err = DS_ERR_INIT; /* who uses it says so */
    DS_AUTO(ds_reader) reader = ds_app_reader(app, &err);
    ds_unit_row *units;
    size_t n;

    return reader && ds_reader_units(reader, NULL, NULL, app->arena, &units, &n, &err) && n == 0;
}

/* Rows that the file's store knows of routes that are configured. */
static int64_t links_in(const ds_app *app, const char *path)
{
    ds_err err = DS_ERR_INIT; /* one that cannot be read could not be copied either */
    DS_AUTO(ds_reader) reader = access(path, F_OK) == 0 ? ds_reader_open(path, &err) : NULL;
    ds_link_count *counts;
    int64_t links = 0;
    size_t n;

    if (!reader || !ds_reader_link_counts(reader, app->arena, &counts, &n, &err))
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (ds_config_route(app->config, counts[i].route))
            links += counts[i].links;
    }
    return links;
}

bool ds_app_left_no_store(const ds_app *app, ds_err *err)
{
    const char *local = app->config->store_local, *path;
    int64_t links;

    if (!app->config->store_url)
        return true;
    path = ds_arena_printf(app->arena, "%.*s/durable-sync.db", (int)(strrchr(local, '/') - local),
                           local);
    links = links_in(app, path);
    if (!links || !ds_app_store_knows_nothing(app))
        return true;
    return ds_fail(
        err, DS_ERR_CONFIG,
        "store %s knows nothing yet, and the store in the file %s knows %s row%s of this "
        "configuration's routes: take that along with `durable-sync store copy %s`, or put "
        "the file away",
        app->config->store_path, path, ds_count_text(app->arena, links), links == 1 ? "" : "s",
        path);
}
