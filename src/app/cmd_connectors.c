/* src/app/cmd_connectors.c - what can be connected, and one kind's settings from its option table.
 */
#include "app/commands.h"
#include "app/kinds.h"
#include "app/out.h"
#include "base/text.h"
#include "config/tables.h"
#include <string.h>

static const char *type_name(ds_option_type type)
{
    switch (type) {
    case DS_OPTION_TEXT:
        return "text";
    case DS_OPTION_PATH:
        return "path";
    case DS_OPTION_SECRET:
        return "secret";
    case DS_OPTION_INT:
        return "integer";
    case DS_OPTION_BOOL:
        return "true or false";
    case DS_OPTION_DURATION:
        return "duration";
    case DS_OPTION_CHOICE:
        return "choice";
    case DS_OPTION_LIST:
        return "list";
    }
    return "";
}

static void options_json(ds_json_writer *w, const ds_option *options)
{
    ds_json_w_name(w, "options");
    ds_json_w_begin_list(w);
    for (; options && options->name; options++) {
        ds_json_w_begin_object(w);
        ds_w_text(w, "name", options->name);
        ds_w_text(w, "type", type_name(options->type));
        ds_w_bool(w, "required", options->required);
        ds_w_text(w, "default", options->fallback);
        ds_w_text(w, "choices", options->choices);
        if (options->min || options->max) {
            ds_w_int(w, "min", options->min); /* of a duration in milliseconds */
            ds_w_int(w, "max", options->max);
        }
        ds_w_text(w, "one_of", options->one_of);
        ds_w_text(w, "env", options->env);
        ds_w_text(w, "help", options->help);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
}

static const char *promise_letter(ds_arena *a, const ds_kind_side *side)
{
    return side->destination ? ds_arena_printf(a, "%c", (char)side->destination->promise) : NULL;
}

static void side_json(const ds_app *app, ds_json_writer *w, const ds_kind_side *side)
{
    ds_arena *a = app->arena;

    ds_json_w_begin_object(w);
    ds_w_text(w, "kind", side->kind);
    ds_w_text(w, "role", side->role);
    ds_w_text(w, "promise", promise_letter(a, side));
    ds_w_text(w, "file", ds_loader_path(app->loader, side->kind));
    ds_w_text(w, "help", side->help);
    ds_json_w_name(w, "abilities");
    ds_json_w_begin_list(w);
    for (const char *const *one = ds_kind_abilities(side, a); *one; one++)
        ds_json_w_text(w, *one);
    ds_json_w_end_list(w);
    options_json(w, side->options);
    ds_json_w_end_object(w);
}

static int print_json(const ds_app *app, const ds_kind_side *sides, size_t n)
{
    DS_AUTO_BUF(doc, DS_DOC_MAX);
    ds_json_writer w = ds_out_writer(&doc);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "connectors");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < n; i++)
        side_json(app, &w, &sides[i]);
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
    return ds_out_doc(app, &doc);
}

static int print_list(const ds_app *app, const ds_kind_side *sides, size_t n)
{
    static const char *const heads[] = {"KIND", "ROLE", "PROMISE", "WHAT"};
    ds_table table;

    ds_table_init(&table, app->arena, heads, DS_COUNT(heads));
    for (size_t i = 0; i < n; i++)
        ds_table_row(&table, DS_PLAIN,
                     (const char *const[]){sides[i].kind, sides[i].role,
                                           promise_letter(app->arena, &sides[i]), sides[i].help});
    ds_table_print(&table, app);
    return DS_EXIT_DONE;
}

static void print_side(const ds_app *app, const ds_kind_side *side)
{
    static const char *const heads[] = {"SETTING", "TAKES", "DEFAULT", "WHAT"};
    const char *const *abilities = ds_kind_abilities(side, app->arena);
    ds_arena *a = app->arena;
    ds_table table;

    printf("%s%s as a %s%s: %s\n", ds_paint(app, DS_BOLD), side->kind, side->role,
           ds_paint(app, DS_PLAIN), side->help);
    ds_table_init(&table, a, heads, DS_COUNT(heads));
    for (const ds_key *key = ds_side_keys; key->name; key++)
        ds_table_row(&table, DS_PLAIN,
                     (const char *const[]){key->name, ds_key_takes(key, a),
                                           key->required ? "required" : "none", key->help});
    for (const ds_option *o = side->options; o && o->name; o++)
        ds_table_row(&table, DS_PLAIN,
                     (const char *const[]){o->name, ds_option_takes(o, a),
                                           ds_option_default(o, side->options, a), o->help});
    ds_table_print(&table, app);
    if (side->destination)
        puts(ds_promise_text(side->destination->promise));
    for (size_t i = 0; abilities[i]; i++)
        printf("  %s\n", abilities[i]);
}

static int unknown_kind(const ds_app *app, const char *kind)
{
    const ds_connectors *c = app->connectors;
    size_t n = 0, more_n = 0;
    const char *const *more = c->more ? c->more->kinds(c->more, app->arena, &more_n) : NULL;
    const char **names = ds_arena_zalloc(
        app->arena, sizeof *names * (c->sources_n + c->destinations_n + more_n + 1));

    for (size_t i = 0; i < c->sources_n; i++)
        names[n++] = c->sources[i]->kind;
    for (size_t i = 0; i < c->destinations_n; i++)
        names[n++] = c->destinations[i]->kind;
    for (size_t i = 0; more && i < more_n; i++)
        names[n++] = more[i];

    const char *near = ds_nearest(kind, names, n);

    if (near)
        return ds_app_refuse(app, "no connector of kind \"%.60s\"; did you mean \"%s\"?", kind,
                             near);
    return ds_app_refuse(app, "no connector of kind \"%.60s\"; `connectors` lists them", kind);
}

int ds_cmd_connectors(ds_app *app)
{
    const char *kind = app->args->words_n ? app->args->words[0] : NULL;
    ds_kind_side *sides;
    size_t n;
    ds_err err = DS_ERR_INIT;

    if (!kind)
        ds_app_load_all(app);
    else if (!ds_connectors_have(app->connectors, kind, &err))
        return err.kind != DS_ERR_NONE ? ds_app_fail(app, &err) : unknown_kind(app, kind);
    n = ds_kind_sides(app->connectors, kind, app->arena, &sides);
    if (app->json)
        return print_json(app, sides, n);
    if (!kind)
        return print_list(app, sides, n);
    for (size_t i = 0; i < n; i++) {
        if (i)
            putchar('\n');
        print_side(app, &sides[i]);
    }
    if (ds_loader_path(app->loader, kind))
        printf("loaded from %s\n", ds_loader_path(app->loader, kind));
    return DS_EXIT_DONE;
}
