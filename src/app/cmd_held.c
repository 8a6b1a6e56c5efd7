/* src/app/cmd_held.c
 *
 * Records set aside: the list, and what a person may say about one of them.  Changes are jobs on
 * the store's writer, so they need the store to themselves; a daemon picks the result up with its
 * next pass.
 */
#include "app/commands.h"
#include "app/live.h"
#include "app/out.h"
#include "base/text.h"
#include <string.h>

/* Some records are not tried again by themselves: only a person can settle them. */
static bool for_a_person(const ds_held *held)
{
    return held->next_try_ms == INT64_MAX;
}

static const char *next_try(ds_arena *a, const ds_held *held)
{
    if (held->placed)
        return "when read again";
    if (for_a_person(held))
        return "by hand";
    return ds_time_text(a, held->next_try_ms / 1000 * 1000, false);
}

static int list_json(const ds_app *app, const ds_held_row *rows, size_t n)
{
    DS_AUTO_BUF(doc, DS_DOC_MAX);
    ds_json_writer w = ds_out_writer(&doc);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "held");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < n; i++) {
        const ds_held *held = &rows[i].held;

        ds_json_w_begin_object(&w);
        ds_w_text(&w, "route", rows[i].route);
        ds_w_text(&w, "unit", rows[i].unit);
        ds_w_text(&w, "key", held->key);
        ds_w_bool(&w, "placed", held->placed);
        ds_w_text(&w, "reason", held->reason);
        ds_w_time(&w, "since", held->since_ms);
        ds_w_int(&w, "attempts", held->attempts);
        ds_w_time(&w, "next_try", for_a_person(held) ? 0 : held->next_try_ms);
        ds_json_w_end_object(&w);
    }
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
    return ds_out_doc(app, &doc);
}

static void list_text(const ds_app *app, const ds_held_row *rows, size_t n)
{
    static const char *const heads[] = {"UNIT", "KEY", "SINCE", "TRIED", "NEXT TRY", "REASON"};
    ds_arena *a = app->arena;
    ds_table table;

    ds_table_init(&table, a, heads, DS_COUNT(heads));
    for (size_t i = 0; i < n; i++) {
        const ds_held *held = &rows[i].held;
        const char *cells[] = {
            ds_arena_printf(a, "%s:%s", rows[i].route, rows[i].unit),
            ds_safe_cut(a, held->key, 60),
            ds_time_text(a, held->since_ms / 1000 * 1000, false),
            ds_count_text(a, held->attempts),
            next_try(a, held),
            ds_safe_cut(a, held->reason, app->verbose ? 4096 : 160),
        };

        ds_table_row(&table, DS_PLAIN, cells);
    }
    if (n)
        ds_table_print(&table, app);
    else if (!app->quiet)
        puts("no record is held");
}

static int list(ds_app *app)
{
    ds_unit_ref ref = {0};
    ds_err err = DS_ERR_INIT;

    if (app->args->words_n > 1)
        return ds_app_refuse(app, "held %s: write retry, drop or adopt before the route",
                             app->args->words[0]);
    if (app->args->words_n && !ds_app_ref(app, app->args->words[0], true, &ref, &err))
        return ds_app_fail(app, &err);

    DS_AUTO(ds_reader) reader = ds_app_reader(app, &err);
    ds_held_row *rows;
    size_t n = 0;

    if (!reader || !ds_reader_held(reader, ref.route, app->arena, &rows, &n, &err))
        return ds_app_fail(app, &err);
    for (size_t i = 0; ref.unit && i < n;) { /* ROUTE/UNIT: the others are not asked for */
        if (strcmp(rows[i].unit, ref.unit) == 0)
            i++;
        else
            memmove(&rows[i], &rows[i + 1], (--n - i) * sizeof *rows);
    }
    if (app->json)
        return list_json(app, rows, n);
    list_text(app, rows, n);
    return DS_EXIT_DONE;
}

int ds_cmd_held(ds_app *app)
{
    const ds_args *args = app->args;
    const char *verb = args->words_n ? args->words[0] : "";
    bool adopt = strcmp(verb, "adopt") == 0;
    bool known = adopt || strcmp(verb, "retry") == 0 || strcmp(verb, "drop") == 0;
    ds_unit_ref ref;
    ds_err err = DS_ERR_INIT;
    int code = ds_app_config(app);

    if (code)
        return code;
    if (!known)
        return list(app);
    if (args->words_n != (adopt ? 4U : 3U))
        return ds_app_refuse(app, "held %s ROUTE KEY%s, not %zu words", verb, adopt ? " ID" : "",
                             args->words_n - 1);
    if (!ds_app_ref(app, args->words[1], true, &ref, &err))
        return ds_app_fail(app, &err);

    const ds_route *route = ds_config_route(app->config, ref.route);
    const char *id = adopt ? args->words[3] : NULL;
    bool found = false;

    if (adopt && route && route->destination->upserts &&
        strcmp(args->words[2], args->words[3]) != 0)
        return ds_app_refuse(app,
                             "a row of %s is known by its key: the one for %.200s is %.200s, not "
                             "%.200s; give that row this key, then `held retry %s %.200s`",
                             route->destination->kind, args->words[2], args->words[2],
                             args->words[3], ref.route, args->words[2]);
    if (adopt && route && route->destination->id_of) {
        id = route->destination->id_of(args->words[3], app->arena);
        if (!id)
            return ds_app_refuse(app, "\"%.200s\" is no id or address of a row of %s",
                                 args->words[3], route->destination->kind);
    }
    code = ds_live_held(app, verb, ref.route, args->words[2], id, &found);
    if (code)
        return code;
    if (!found)
        return ds_app_refuse(app, "route %s holds no record \"%.200s\"; `held %s` lists them",
                             ref.route, args->words[2], ref.route);
    if (app->json)
        puts("{\"done\":true}");
    else if (!app->quiet)
        printf("%s: %s\n",
               adopt            ? "adopted"
               : verb[0] == 'r' ? "due again"
                                : "dropped",
               ds_safe(app->arena, args->words[2]));
    return DS_EXIT_DONE;
}
