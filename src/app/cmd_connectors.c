/* src/app/cmd_connectors.c - what can be connected, and one kind's settings from its option table. */
#include "app/commands.h"
#include "app/out.h"
#include "base/text.h"
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
        ds_w_text(w, "env", options->env);
        ds_w_text(w, "help", options->help);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
}

static void connector_json(const ds_app *app, ds_json_writer *w, const char *kind, const char *role,
                           const char *help, const char *promise, const ds_option *options)
{
    ds_json_w_begin_object(w);
    ds_w_text(w, "kind", kind);
    ds_w_text(w, "role", role);
    ds_w_text(w, "promise", promise);
    ds_w_text(w, "file", ds_loader_path(app->loader, kind));
    ds_w_text(w, "help", help);
    options_json(w, options);
    ds_json_w_end_object(w);
}

static const char *promise_letter(ds_arena *a, const ds_destination_ops *ops)
{
    return ds_arena_printf(a, "%c", (char)ops->promise);
}

static int print_json(const ds_app *app, const char *kind)
{
    const ds_connectors *c = app->connectors;
    DS_AUTO_BUF(doc, DS_DOC_MAX);
    ds_json_writer w = ds_out_writer(&doc);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "connectors");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < c->sources_n; i++)
        if (!kind || strcmp(kind, c->sources[i]->kind) == 0)
            connector_json(app, &w, c->sources[i]->kind, "source", c->sources[i]->help, NULL,
                           c->sources[i]->options);
    for (size_t i = 0; i < c->destinations_n; i++)
        if (!kind || strcmp(kind, c->destinations[i]->kind) == 0)
            connector_json(app, &w, c->destinations[i]->kind, "destination",
                           c->destinations[i]->help,
                           promise_letter(app->arena, c->destinations[i]),
                           c->destinations[i]->options);
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
    return ds_out_doc(app, &doc);
}

static int print_list(const ds_app *app)
{
    static const char *const heads[] = {"KIND", "ROLE", "PROMISE", "WHAT"};
    const ds_connectors *c = app->connectors;
    ds_table table;

    ds_table_init(&table, app->arena, heads, DS_COUNT(heads));
    for (size_t i = 0; i < c->sources_n; i++)
        ds_table_row(&table, DS_PLAIN,
                     (const char *const[]){c->sources[i]->kind, "source", "", c->sources[i]->help});
    for (size_t i = 0; i < c->destinations_n; i++)
        ds_table_row(&table, DS_PLAIN,
                     (const char *const[]){c->destinations[i]->kind, "destination",
                                           promise_letter(app->arena, c->destinations[i]),
                                           c->destinations[i]->help});
    ds_table_print(&table, app);
    return DS_EXIT_DONE;
}

static const char *remark(ds_arena *a, const ds_option *option)
{
    if (option->required && option->env)
        return ds_arena_printf(a, "required, or $%s", option->env);
    if (option->required)
        return "required";
    if (option->env)
        return ds_arena_printf(a, "else $%s", option->env);
    return option->fallback ? ds_arena_printf(a, "default %s", option->fallback) : "";
}

static void print_options(const ds_app *app, const char *kind, const char *role, const char *help,
                          const ds_option *options)
{
    static const char *const heads[] = {"SETTING", "TAKES", "", "WHAT"};
    ds_arena *a = app->arena;
    ds_table table;

    printf("%s%s as a %s%s: %s\n", ds_paint(app, DS_BOLD), kind, role, ds_paint(app, DS_PLAIN),
           help);
    ds_table_init(&table, a, heads, DS_COUNT(heads));
    for (; options && options->name; options++) {
        const char *takes =
            options->type == DS_OPTION_CHOICE ? options->choices : type_name(options->type);

        ds_table_row(
            &table, DS_PLAIN,
            (const char *const[]){options->name, takes, remark(a, options), options->help});
    }
    ds_table_print(&table, app);
}

static void print_kind(const ds_app *app, const char *kind)
{
    const ds_source_ops *source = ds_connectors_source(app->connectors, kind);
    const ds_destination_ops *destination = ds_connectors_destination(app->connectors, kind);

    if (source)
        print_options(app, kind, "source", source->help, source->options);
    if (source && destination)
        putchar('\n');
    if (destination) {
        print_options(app, kind, "destination", destination->help, destination->options);
        printf("promise %c\n", (char)destination->promise);
    }
    if (ds_loader_path(app->loader, kind))
        printf("loaded from %s\n", ds_loader_path(app->loader, kind));
}

static int unknown_kind(const ds_app *app, const char *kind)
{
    const ds_connectors *c = app->connectors;
    size_t n = 0, more_n = 0;
    const char *const *more = c->more ? c->more->kinds(c->more, app->arena, &more_n) : NULL;
    const char **names =
        ds_arena_zalloc(app->arena, sizeof *names * (c->sources_n + c->destinations_n + more_n + 1));

    for (size_t i = 0; i < c->sources_n; i++)
        names[n++] = c->sources[i]->kind;
    for (size_t i = 0; i < c->destinations_n; i++)
        names[n++] = c->destinations[i]->kind;
    for (size_t i = 0; i < more_n; i++)
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
    ds_err err = DS_ERR_INIT;

    if (!kind)
        ds_app_load_all(app);
    else if (!ds_connectors_have(app->connectors, kind, &err))
        return err.kind != DS_ERR_NONE ? ds_app_fail(app, &err) : unknown_kind(app, kind);
    if (app->json)
        return print_json(app, kind);
    if (!kind)
        return print_list(app);
    print_kind(app, kind);
    return DS_EXIT_DONE;
}
