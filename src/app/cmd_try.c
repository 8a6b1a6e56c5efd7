/* src/app/cmd_try.c - one record before and after mapping, stage by stage; nothing is written. */
#include "app/commands.h"
#include "app/out.h"
#include "app/planning.h"
#include "app/recall.h"
#include "sync/pass.h"
#include <string.h>

typedef struct trying {
    ds_app *app;
    const ds_route *route;
    const char *unit, *key; /* key NULL: the first */
    bool found;
} trying;

static const char *end_of(const ds_tried *t)
{
    switch (t->end) {
    case DS_TRY_WRITTEN:
        return "written";
    case DS_TRY_DROPPED:
        return "dropped";
    case DS_TRY_HELD:
        break;
    }
    return "held";
}

static const char *key_of(const ds_tried *t)
{
    const ds_record *rec = t->source;

    return rec->primary_key ? rec->primary_key : rec->place;
}

/* ---- for people ------------------------------------------------------------------------------ */

static void head(const trying *t, const char *text)
{
    printf("%s%s%s\n", ds_paint(t->app, DS_BOLD), text, ds_paint(t->app, DS_PLAIN));
}

static bool same_props(const ds_prop *a, size_t a_n, const ds_prop *b, size_t b_n)
{
    bool same = a_n == b_n;

    for (size_t i = 0; i < a_n && same; i++)
        same = !strcmp(a[i].name, b[i].name) && ds_value_same(a[i].value, b[i].value);
    return same;
}

/* A stage; in one line where it changes nothing. */
static void stage(const trying *t, ds_arena *a, const char *name, const ds_prop *props, size_t n,
                  const ds_prop *before, size_t before_n)
{
    if (!props)
        return;
    head(t, name);
    if (before && same_props(props, n, before, before_n))
        puts("  as before");
    else
        ds_props_shown(t->app, a, props, n);
}

static void show_text(const trying *t, ds_arena *a, const ds_tried *tried)
{
    const ds_record *rec = tried->source;
    const char *key = key_of(tried);

    printf("%s:%s  %s\n\n", t->route->name, ds_safe(a, t->unit),
           key ? ds_safe(a, key) : "(no key)");
    head(t, "as read from the source");
    ds_props_shown(t->app, a, rec->props, rec->props_n);
    stage(t, a, "after where and fields", tried->mapped, tried->mapped_n, rec->props, rec->props_n);
    stage(t, a, "after transform", tried->made, tried->made_n, tried->mapped, tried->mapped_n);
    stage(t, a, "after owns", tried->props, tried->props_n,
          tried->made ? tried->made : tried->mapped, tried->made ? tried->made_n : tried->mapped_n);
    if (tried->body && tried->end == DS_TRY_WRITTEN)
        printf("  body: %s\n", ds_safe_cut(a, tried->body, t->app->verbose ? 65536 : 120));
    head(t, "it would be");
    printf("  %s%s%s\n", end_of(tried), tried->reason ? ": " : "",
           tried->reason ? ds_safe(a, tried->reason) : "");
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void show_json(const trying *t, const ds_tried *tried)
{
    DS_AUTO_BUF(doc, DS_DOC_MAX);
    ds_json_writer w = ds_out_writer(&doc);
    const ds_record *rec = tried->source;

    ds_json_w_begin_object(&w);
    ds_w_text(&w, "route", t->route->name);
    ds_w_text(&w, "unit", t->unit);
    ds_w_text(&w, "key", key_of(tried));
    ds_w_props(&w, "source", rec->props, rec->props_n, true);
    ds_w_props(&w, "mapped", tried->mapped, tried->mapped_n, tried->mapped != NULL);
    ds_w_props(&w, "transformed", tried->made, tried->made_n, tried->made != NULL);
    ds_w_props(&w, "written", tried->props, tried->props_n, tried->props != NULL);
    ds_w_text(&w, "body", tried->body);
    ds_w_text(&w, "end", end_of(tried));
    ds_w_text(&w, "reason", tried->reason);
    ds_json_w_end_object(&w);
    (void)ds_out_doc(t->app, &doc);
}

static void show(void *to, const ds_tried *tried)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    trying *t = to;

    if (!tried->source)
        return;
    t->found = true;
    if (t->app->json)
        show_json(t, tried);
    else
        show_text(t, a, tried);
}

/* The first unit that has it. */
static bool search(trying *t, const ds_unit_ref *ref, ds_err *err)
{
    static const atomic_bool never = false;
    ds_units units;

    if (!ds_app_units(t->app, t->route, ref->unit, &units, err))
        return false;
    for (size_t i = 0; i < units.n && !t->found; i++) {
        const ds_try_in in = {.route = t->route,
                              .memory = ds_app_memory(t->app),
                              .unit = units.keys[i],
                              .key = t->key,
                              .clock = t->app->clock,
                              .stop = &never};

        t->unit = units.keys[i];
        if (!ds_pass_try(&in, show, t, err))
            return ds_wrap(err, "%s:%s", t->route->name, t->unit);
    }
    return true;
}

int ds_cmd_try(ds_app *app)
{
    const ds_args *args = app->args;
    trying t = {.app = app, .key = args->words_n > 1 ? args->words[1] : NULL};
    ds_unit_ref ref;
    ds_err err = DS_ERR_INIT;
    int code = ds_app_config_to_run(app);

    if (code)
        return code;
    if (!ds_app_ref(app, args->words[0], false, &ref, &err))
        return ds_app_fail(app, &err);
    t.route = ds_config_route(app->config, ref.route);
    if (!search(&t, &ref, &err))
        return ds_app_fail(app, &err);
    if (t.found)
        return DS_EXIT_DONE;
    if (t.key)
        return ds_app_refuse(app, "the source of %s has no record \"%.200s\"", ref.route, t.key);
    return ds_app_refuse(app, "the source of %s has no records", ref.route);
}
