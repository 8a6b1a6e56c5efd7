/* src/app/cmd_once.c - one full pass of each unit, or a targeted one, then exit. */
#include "app/commands.h"
#include "app/passes.h"
#include <string.h>

/* "K,K" to keys; an empty one is refused, it can only be a slip. */
static bool split_items(ds_app *app, const char *text, const char ***out, size_t *n, ds_err *err)
{
    size_t commas = 0;

    for (const char *at = text; *at; at++)
        commas += *at == ',';
    *out = ds_arena_zalloc(app->arena, sizeof **out * (commas + 1));
    *n = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");

        if (length == 0)
            return ds_fail(err, DS_ERR_CONFIG, "--items has an empty key: \"%.100s\"", text);
        (*out)[(*n)++] = ds_arena_strndup(app->arena, at, length);
        at += length;
        if (!*at)
            return true;
    }
}

int ds_cmd_once(ds_app *app)
{
    const char *list = ds_args_flag(app->args, "items");
    const char **items = NULL;
    size_t items_n = 0, refs_n = 0;
    ds_unit_ref *refs;
    ds_err err = DS_ERR_INIT;
    int code = ds_app_config_to_run(app);

    if (code)
        return code;
    if (list && !split_items(app, list, &items, &items_n, &err))
        return ds_app_fail(app, &err);
    if (!ds_app_refs(app, app->args->words, app->args->words_n, &refs, &refs_n, &err))
        return ds_app_fail(app, &err);
    return ds_passes_run(app, refs, refs_n, items, items_n);
}
