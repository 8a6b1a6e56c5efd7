/* src/app/cmd_codec.c
 *
 * Keys that encrypt what a Temporal server keeps, and a server that decrypts it for its Web UI and
 * its command line.
 */
#include "app/commands.h"
#include "base/log.h"
#include "base/text.h"
#include "codec/codec.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Where it is stands behind the flag; what it is would be there for all who list processes. */
static bool read_secret(const ds_app *app, const char *flag, ds_secret **out, ds_err *err)
{
    const char *where = ds_args_flag(app->args, flag);
    char dir[PATH_MAX];

    if (!where)
        return true;
    if (!getcwd(dir, sizeof(dir)))
        return ds_fail(err, DS_ERR_CONFIG, "the current directory: %s", strerror(errno));
    if (strncmp(where, "${", 2) != 0)
        return ds_fail(err, DS_ERR_CONFIG,
                       "--%s says where it is, as '${file:PATH}', '${credential:NAME}' or "
                       "'${command:...}': written out, everybody on this machine could read it",
                       flag);
    *out = ds_config_secret(where, dir, err);
    return *out || ds_wrap(err, "--%s", flag);
}

/* The configuration that the workers have, where there is one. */
static bool read_config(ds_app *app, ds_err *err)
{
    if (!ds_config_find(ds_args_flag(app->args, "config"), app->arena))
        return true;
    return ds_app_config(app) == DS_EXIT_DONE ||
           ds_fail(err, DS_ERR_CONFIG,
                   "the keys are in no variable, no --key says where they are, and the "
                   "configuration cannot be read");
}

static bool find_keys(ds_app *app, const ds_secret *flag, const char **keys, ds_err *err)
{
    const ds_temporal *t;

    *keys = flag ? ds_secret_reveal(flag) : setting("DURABLE_SYNC_ENC_KEY");
    if (*keys)
        return true;
    if (!read_config(app, err))
        return false;
    t = app->config ? app->config->temporal : NULL;
    *keys = t && t->encryption_key ? ds_secret_reveal(t->encryption_key) : NULL;
    return *keys ||
           ds_fail(err, DS_ERR_CONFIG,
                   "there is no key, and without one nothing can be decrypted: set "
                   "DURABLE_SYNC_ENC_KEY as the workers have it, say where it is with --key "
                   "'${file:PATH}', or start this where their configuration is");
}

typedef struct secrets {
    ds_secret *keys, *token;
} secrets;

static bool read_options(ds_app *app, secrets *from, ds_codec_options *out, ds_err *err)
{
    const char *port = ds_args_flag(app->args, "port");
    const char *host = ds_args_flag(app->args, "host");
    const char *origin = ds_args_flag(app->args, "origin");
    int64_t number = PORT_DEFAULT;

    *out = (ds_codec_options){
        .host = host ? host : "127.0.0.1",
        .origins = origin ? origin : "http://localhost:8233",
    };
    if (port && (!ds_parse_int(port, &number) || number < 0 || number > PORT_MOST))
        return ds_fail(err, DS_ERR_CONFIG, "--port is from 0 to %d, not \"%.40s\"", PORT_MOST,
                       port);
    out->port = (int)number;
    if (!read_secret(app, "key", &from->keys, err) ||
        !read_secret(app, "token", &from->token, err) ||
        !find_keys(app, from->keys, &out->keys, err))
        return false;
    out->token = from->token ? ds_secret_reveal(from->token) : setting("DURABLE_SYNC_CODEC_TOKEN");
    return true;
}

static bool serve(ds_app *app, secrets *from, ds_err *err)
{
    ds_codec_options options;
    watched w = {.app = app};
    ds_codec_watch watch = {announce, note, &w};
    const ds_codec_table *tools;

    if (!read_options(app, from, &options, err))
        return false;
    w.host = options.host;
    tools = load(app, err);
    return tools && tools->serve(&options, &watch, err);
}

int ds_cmd_codec_server(ds_app *app)
{
    ds_err err = DS_ERR_INIT;
    secrets from = {NULL, NULL};
    bool ok = serve(app, &from, &err);

    ds_secret_free(from.keys);
    ds_secret_free(from.token);
    return ok ? DS_EXIT_DONE : ds_app_fail(app, &err);
}
