/* src/app/cmd_fake.c
 *
 * A stand-in of an API on loopback.  The stand-ins are an object of their own, beside the library,
 * so that no other command maps an HTTP server.
 */
#include "app/commands.h"
#include "base/text.h"
#include "fakes/fakes.h"
#include <stdio.h>
#include <string.h>

#define PORT_MOST 65535
#define KINDS_MOST 16

static const ds_fake_table *load(ds_app *app, ds_err *err)
{
    const ds_fake_table *fakes = ds_loader_part(app->loader, "fakes.so", DS_FAKES_SYMBOL, err);

    if (fakes && fakes->revision != DS_FAKES_REVISION) {
        ds_fail(err, DS_ERR_CONFIG, "fakes.so is of another release; install durable-sync whole");
        return NULL;
    }
    return fakes;
}

static const ds_fake_kind *find_kind(const ds_fake_table *fakes, const char *name, ds_err *err)
{
    const char *names[KINDS_MOST], *near;
    size_t n = DS_MIN(fakes->kinds_n, (size_t)KINDS_MOST);

    for (size_t i = 0; i < n; i++) {
        names[i] = fakes->kinds[i]->name;
        if (strcmp(names[i], name) == 0)
            return fakes->kinds[i];
    }
    near = ds_nearest(name, names, n);
    ds_fail(err, DS_ERR_CONFIG, "there is no stand-in of \"%.60s\"; %s%s%s", name,
            near ? "did you mean " : "`fake -h` names them", near ? near : "", near ? "?" : "");
    return NULL;
}

static bool read_options(const ds_app *app, ds_fake_options *out, ds_err *err)
{
    const char *port = ds_args_flag(app->args, "port");
    const char *latency = ds_args_flag(app->args, "latency");
    int64_t number = 0;

    *out = (ds_fake_options){
        .seed = ds_args_flag(app->args, "seed"),
        .faults = ds_args_flag(app->args, "faults"),
        .limit = ds_args_flag(app->args, "limit"),
        .now = ds_args_flag(app->args, "now"),
        .log = app->verbose,
    };
    if (port && (!ds_parse_int(port, &number) || number < 0 || number > PORT_MOST))
        return ds_fail(err, DS_ERR_CONFIG, "--port is from 0 to %d, not \"%.40s\"", PORT_MOST,
                       port);
    out->port = (int)number;
    if (latency && (!ds_parse_duration(latency, &out->latency_ms) || out->latency_ms > DS_HOUR_MS))
        return ds_fail(err, DS_ERR_CONFIG, "--latency is a duration (50ms, 2s), not \"%.40s\"",
                       latency);
    return true;
}

static void announce(void *to, int port)
{
    const ds_app *app = to;
    const char *kind = app->args->words[0];

    if (app->json)
        printf("{\"kind\":\"%s\",\"url\":\"http://127.0.0.1:%d\"}\n", kind, port);
    else
        printf("%s: http://127.0.0.1:%d\n", kind, port);
    fflush(stdout);
}

int ds_cmd_fake(ds_app *app)
{
    ds_err err = DS_ERR_INIT;
    ds_fake_options options;
    const ds_fake_table *fakes = load(app, &err);
    const ds_fake_kind *kind = fakes ? find_kind(fakes, app->args->words[0], &err) : NULL;

    if (!kind || !read_options(app, &options, &err) ||
        !fakes->serve(kind, &options, announce, app, &err))
        return ds_app_fail(app, &err);
    return DS_EXIT_DONE;
}
