/* src/app/store.c - from the configuration's `store` to the store. */
#include "app/app.h"
#include "app/temporal.h"
#include "store/driver.h"
#include <string.h>

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
