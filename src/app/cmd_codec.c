/* src/app/cmd_codec.c
 *
 * Keys that encrypt what a Temporal server keeps, and a server that decrypts it for its Web UI and
 * its command line.
 */
#include "app/commands.h"
#include "base/log.h"
#include "base/text.h"
#include "codec/codec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MOST 65535
#define PORT_DEFAULT 8081

static const ds_codec_table *load(ds_app *app, ds_err *err)
{
    const ds_codec_table *tools =
        ds_loader_part(app->loader, DS_CODEC_LIBRARY, DS_CODEC_SYMBOL, err);

    if (tools && tools->revision != DS_CODEC_REVISION) {
        ds_fail(err, DS_ERR_CONFIG, "%s is of another release; install durable-sync whole",
                DS_CODEC_LIBRARY);
        return NULL;
    }
    return tools;
}

int ds_cmd_keygen(ds_app *app)
{
    ds_err err = DS_ERR_INIT;
    const ds_codec_table *tools = load(app, &err);
    char key[45];

    if (!tools || !tools->keygen(key, &err))
        return ds_app_fail(app, &err);
    printf(app->json ? "{\"key\":\"%s\"}\n" : "%s\n", key);
    return DS_EXIT_DONE;
}

/* ---- the server ------------------------------------------------------------------------------ */

typedef struct watched {
    const ds_app *app;
    const char *host;
} watched;

static void announce(void *to, int port)
{
    const watched *w = to;
    bool v6 = strchr(w->host, ':') != NULL;
    const char *url = ds_arena_printf(w->app->arena, "http://%s%s%s:%d", v6 ? "[" : "", w->host,
                                      v6 ? "]" : "", port);

    printf(w->app->json ? "{\"url\":\"%s\"}\n" : "codec-server: %s\n", url);
    fflush(stdout);
}

static void note(void *to, const char *message)
{
    (void)to;
    ds_log(DS_LOG_WARN, "codec", "text", message, NULL);
}

/* A variable of the environment, NULL where it is empty. */
static const char *setting(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static bool read_options(const ds_app *app, ds_codec_options *out, ds_err *err)
{
    const char *port = ds_args_flag(app->args, "port");
    const char *host = ds_args_flag(app->args, "host");
    const char *origin = ds_args_flag(app->args, "origin");
    int64_t number = PORT_DEFAULT;

    *out = (ds_codec_options){
        .keys = setting("DURABLE_SYNC_ENC_KEY"),
        .token = setting("DURABLE_SYNC_CODEC_TOKEN"),
        .host = host ? host : "127.0.0.1",
        .origins = origin ? origin : "http://localhost:8233",
    };
    if (port && (!ds_parse_int(port, &number) || number < 0 || number > PORT_MOST))
        return ds_fail(err, DS_ERR_CONFIG, "--port is from 0 to %d, not \"%.40s\"", PORT_MOST,
                       port);
    out->port = (int)number;
    if (!out->keys)
        return ds_fail(err, DS_ERR_CONFIG,
                       "DURABLE_SYNC_ENC_KEY is not set: without a key nothing can be decrypted; "
                       "set the one that the workers have");
    return true;
}

int ds_cmd_codec_server(ds_app *app)
{
    ds_err err = DS_ERR_INIT;
    ds_codec_options options;
    watched w = {.app = app};
    ds_codec_watch watch = {announce, note, &w};
    const ds_codec_table *tools;

    if (!read_options(app, &options, &err))
        return ds_app_fail(app, &err);
    w.host = options.host;
    tools = load(app, &err);
    if (!tools || !tools->serve(&options, &watch, &err))
        return ds_app_fail(app, &err);
    return DS_EXIT_DONE;
}
