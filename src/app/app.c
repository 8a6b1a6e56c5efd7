/* src/app/app.c - configuration, references to units, and errors, for every subcommand. */
#include "app/app.h"

#include "app/out.h"
#include "app/recall.h"
#include "base/activity.h"
#include "base/log.h"
#include "base/text.h"
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ERRORS_MAX (4 * DS_MIB)

int ds_app_fail(const ds_app *app, const ds_err *err)
{
    return ds_app_refuse(app, "%s", err->text);
}

int ds_app_refuse(const ds_app *app, const char *fmt, ...)
{
    const char *whole; /* a word of the command line may be no text */
    va_list args;

    va_start(args, fmt);
    whole = ds_safe(app->arena, ds_said(app->arena, fmt, args));
    va_end(args);
    fflush(stdout);
    ds_log_words(DS_LOG_ERROR, ds_arena_printf(app->arena, "%s: %s\n", app->program, whole));
    return DS_EXIT_USAGE;
}

int ds_app_in_use(const ds_app *app, const char *who)
{
    ds_app_refuse(app, "the store %s is in use by %s; wait for it or stop it",
                  app->config->store_path, who);
    return DS_EXIT_IN_USE;
}

/* The program's name as a route's: lower case letters, digits and dashes. */
static const char *route_name(const ds_app *app)
{
    char *name = ds_arena_strndup(app->arena, app->program, 64);

    for (char *at = name; *at; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
        else if (!(*at >= 'a' && *at <= 'z') && !(*at >= '0' && *at <= '9'))
            *at = '-';
    }
    return name;
}

/* ds_main_route without a file: one route, its store in the directory it is started in. */
static ds_config *config_of_program(const ds_app *app, ds_buf *errors)
{
    const char *name = route_name(app);
    const char *store = getenv("DURABLE_SYNC_STORE");

    if (!store || !*store)
        store = ds_arena_printf(app->arena, "%s.db", name);
    if (*store != '/') {
        char here[PATH_MAX];

        store = ds_arena_printf(app->arena, "%s/%s", getcwd(here, sizeof here) ? here : ".", store);
    }
    return ds_config_single(name, store, app->own_source, app->own_destination, errors);
}

int ds_app_config_errors(ds_app *app, ds_buf *errors)
{
    if (app->config)
        return DS_EXIT_DONE;

    const char *path = ds_config_find(ds_args_flag(app->args, "config"), app->arena);

    if (path)
        app->config = ds_config_load(path, app->connectors, errors);
    else if (app->own_source)
        app->config = config_of_program(app, errors);
    else
        ds_buf_text(errors, "no configuration: neither ./durable-sync.yaml nor "
                            "/etc/durable-sync/durable-sync.yaml exists; `durable-sync init` "
                            "writes one, -c FILE names another\n");
    if (app->config)
        ds_config_forget_environment(app->config);
    return app->config ? DS_EXIT_DONE : DS_EXIT_USAGE;
}

int ds_app_config(ds_app *app)
{
    DS_AUTO_BUF(errors, ERRORS_MAX);
    int code = ds_app_config_errors(app, &errors);

    if (code && errors.data)
        ds_log_words(DS_LOG_ERROR, errors.data);
    return code;
}

void ds_app_load_all(ds_app *app)
{
    const ds_connectors *c = app->connectors;
    size_t n = 0;
    const char *const *kinds = c->more ? c->more->kinds(c->more, app->arena, &n) : NULL;

    for (size_t i = 0; i < n; i++) {
        ds_err err = DS_ERR_INIT;

        if (!ds_connectors_have(c, kinds[i], &err))
            ds_app_refuse(app, "%s", err.text);
    }
}

int ds_app_config_to_run(ds_app *app)
{
    app->connectors->compile = true;
    return ds_app_config(app);
}

int ds_app_config_to_tell(ds_app *app)
{
    const char *path =
        app->config ? NULL : ds_config_find(ds_args_flag(app->args, "config"), app->arena);

    if (path)
        app->config = ds_config_outline(path, app->connectors);
    if (path && app->config && !ds_store_holder(app->config->store_path))
        ds_config_free(DS_TAKE(&app->config));
    return ds_app_config(app);
}

/* ---- references to units --------------------------------------------------------------------- */

static bool stored_route(const ds_app *app, const char *name)
{
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_reader) reader = ds_app_reader(app, &err);
    ds_unit_row *rows;
    size_t n = 0;

    return reader && ds_reader_units(reader, name, NULL, app->arena, &rows, &n, &err) && n > 0;
}

static bool unknown_route(const ds_app *app, const char *name, ds_err *err)
{
    const ds_config *config = app->config;
    const char **names = ds_arena_zalloc(app->arena, sizeof *names * (config->routes_n + 1));

    for (size_t i = 0; i < config->routes_n; i++)
        names[i] = config->routes[i]->name;

    const char *near = ds_nearest(name, names, config->routes_n);

    if (near)
        return ds_fail(err, DS_ERR_CONFIG, "no route is named \"%.64s\"; did you mean \"%s\"?",
                       name, near);
    return ds_fail(err, DS_ERR_CONFIG, "no route is named \"%.64s\" in %s", name, config->path);
}

bool ds_app_ref(ds_app *app, const char *word, bool stored, ds_unit_ref *out, ds_err *err)
{
    size_t n = strcspn(word, "/:"); /* tables and logs have the colon */
    const char *route = word[n] ? ds_arena_strndup(app->arena, word, n) : word;

    *out = (ds_unit_ref){.route = route, .unit = word[n] ? word + n + 1 : NULL};
    if (word[n] && !word[n + 1])
        return ds_fail(err, DS_ERR_CONFIG, "\"%s\" names no unit behind its \"%c\"", word, word[n]);
    if (ds_config_route(app->config, route) || (stored && stored_route(app, route)))
        return true;
    return unknown_route(app, route, err);
}

bool ds_app_refs(ds_app *app, const char *const *words, size_t n, ds_unit_ref **out, size_t *out_n,
                 ds_err *err)
{
    const ds_config *config = app->config;

    *out_n = n ? n : config->routes_n;
    *out = ds_arena_zalloc(app->arena, sizeof **out * (*out_n + 1));
    for (size_t i = 0; i < n; i++)
        if (!ds_app_ref(app, words[i], false, &(*out)[i], err))
            return false;
    for (size_t i = 0; !n && i < config->routes_n; i++)
        (*out)[i].route = config->routes[i]->name;
    return true;
}

bool ds_app_known_unit(ds_app *app, const ds_unit_ref *ref, ds_err *err)
{
    if (!ref->unit || app->config->temporal) /* there its workflow tells */
        return true;

    DS_AUTO(ds_reader) reader = ds_app_reader(app, err);
    ds_unit_row *rows;
    size_t n = 0;

    if (!reader || !ds_reader_units(reader, ref->route, NULL, app->arena, &rows, &n, err))
        return false;

    const char **names = ds_arena_zalloc(app->arena, sizeof *names * (n + 1));

    for (size_t i = 0; i < n; i++) {
        names[i] = rows[i].unit;
        if (strcmp(rows[i].unit, ref->unit) == 0)
            return true;
    }
    if (n == 0) /* the route has not run yet: what its units are is not known */
        return true;

    const char *near = ds_nearest(ref->unit, names, n);

    return ds_fail(err, DS_ERR_CONFIG, "route %s has no unit \"%s\"; %s \"%s\"?", ref->route,
                   ref->unit, near ? "did you mean" : "is it", near ? near : names[0]);
}

bool ds_app_units(ds_app *app, const ds_route *route, const char *only, ds_units *units,
                  ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_activity act = {.arena = a, .clock = app->clock, .route = route->name, .unit = "-"};
    act.memory = ds_app_memory(app);
    DS_AUTO(ds_source) source = ds_source_new(route);
    ds_units all = {.arena = app->arena};

    if (source->ops->open && !source->ops->open(source, &act, err))
        return ds_wrap(err, "open the source of %s", route->name);
    if (!source->ops->units(source, &act, &all, err))
        return ds_wrap(err, "list the units of %s", route->name);

    *units = (ds_units){.arena = app->arena};
    for (size_t i = 0; i < all.n; i++)
        if (!only || strcmp(only, all.keys[i]) == 0)
            ds_units_add(units, all.keys[i]);
    if (only && units->n == 0)
        return ds_fail(err, DS_ERR_CONFIG, "the source of %s has no unit \"%s\"", route->name,
                       only);
    return true;
}
