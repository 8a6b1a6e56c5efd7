/* src/app/cmd_schema.c
 *
 * `schema config`: the JSON Schema of the configuration.  `schema ROUTE`: what the route writes
 * beside what its destination has; with --create the destination makes what is missing.
 */
#include "app/commands.h"
#include "app/out.h"
#include "app/peek.h"
#include "app/recall.h"
#include "base/activity.h"
#include "config/tables.h"
#include "sync/map.h"
#include <assert.h>
#include <string.h>

#define SCHEMA_MAX (16 * DS_MIB)

typedef struct finding {
    bool is_error;
    const char *text, *remedy;
} finding;

typedef struct view { /* one route */
    ds_app *app;
    ds_arena *a;
    ds_activity act;
    const ds_route *route;
    ds_column *wanted;
    size_t wanted_n;
    const ds_column_there *there;
    size_t there_n;
    bool listed; /* `there` is known */
    bool exists;
    const char **made;
    size_t made_n;
    finding *findings;
    size_t findings_n;
    size_t errors;
} view;

static void say(void *to, bool is_error, const char *text, const char *remedy)
{
    view *v = to;
    size_t n = v->findings_n;

    v->findings =
        ds_arena_grow(v->a, v->findings, n * sizeof(*v->findings), (n + 1) * sizeof(*v->findings));
    v->findings[v->findings_n++] = (finding){is_error, ds_arena_strdup(v->a, text),
                                             remedy ? ds_arena_strdup(v->a, remedy) : NULL};
    v->errors += is_error;
}

static void failed(view *v, const char *what, const ds_err *err)
{
    say(v, true, ds_arena_printf(v->a, "%s: %s", what, err->text), NULL);
}

static void did(void *to, const char *what)
{
    view *v = to;
    size_t n = v->made_n;

    v->made = ds_arena_grow(v->a, v->made, n * sizeof(*v->made), (n + 1) * sizeof(*v->made));
    v->made[v->made_n++] = ds_arena_strdup(v->a, what);
}

/* ---- what the route writes ------------------------------------------------------------------- */

/* A column of which the mapping does not say what it holds: the source may know. */
static bool any_open(const view *v)
{
    bool any = false;

    for (size_t i = 0; i < v->wanted_n; i++)
        any |= !v->wanted[i].typed;
    return any && v->route->source->describe && v->route->destination->ensure_schema;
}

static void find_wanted(view *v)
{
    ds_err err = DS_ERR_INIT;
    bool needed = ds_peek_is_needed(v->route);

    v->wanted = ds_mapping_columns(v->route, v->a, &v->wanted_n);
    if (!needed && !any_open(v))
        return;

    DS_AUTO(ds_peek) peek = ds_peek_open(v->route, &v->act, &err);

    if (peek && (!needed || ds_peek_read(peek, &err)) &&
        ds_peek_columns(peek, &v->wanted, &v->wanted_n, &err))
        return;
    ds_wrap(&err, "source %s", v->route->source->kind);
    say(v, needed || ds_args_flag(v->app->args, "create"), err.text, NULL);
}

/* ---- what the destination has ---------------------------------------------------------------- */

/* false: there is no use in asking on. */
static bool create(view *v)
{
    const ds_destination_ops *ops = v->route->destination;
    DS_AUTO(ds_destination) to = ds_destination_new(v->route);
    ds_err err = DS_ERR_INIT;

    if (!ops->ensure_schema)
        say(v, true,
            ds_arena_printf(v->a, "destination %s cannot make anything ahead of a pass", ops->kind),
            "leave --create out: what it needs, the first pass makes, or a hand");
    else if (!ops->ensure_schema(to, &v->act, v->wanted, v->wanted_n, did, v, &err))
        failed(v, "create", &err);
    return err.kind != DS_ERR_TRANSIENT && err.kind != DS_ERR_AUTH;
}

static bool list(view *v)
{
    const ds_destination_ops *ops = v->route->destination;
    DS_AUTO(ds_destination) to = ds_destination_new(v->route);
    ds_err err = DS_ERR_INIT;

    if (!ops->list_columns)
        return true;
    v->listed =
        ops->list_columns(to, &v->act, v->wanted, v->wanted_n, &v->there, &v->there_n, &err);
    if (!v->listed)
        failed(v, ds_arena_printf(v->a, "destination %s", ops->kind), &err);
    return v->listed;
}

static void ask(view *v)
{
    const ds_destination_ops *ops = v->route->destination;
    DS_AUTO(ds_destination) to = ds_destination_new(v->route);
    ds_open_in in = {
        .owner = "schema", .columns = v->wanted, .columns_n = v->wanted_n, .reading_only = true};
    ds_open_out out = {.exists = true, .rows = -1};
    const char *what = ds_arena_printf(v->a, "destination %s", ops->kind);
    ds_err err = DS_ERR_INIT;

    if (ops->open && !ops->open(to, &v->act, &in, &out, &err)) {
        failed(v, what, &err);
        return;
    }
    v->exists = out.exists;
    if (!out.exists && v->made_n)
        return; /* made just now; how the route comes to it was said there */

    size_t errors = v->errors;

    if (ops->check_schema && !ops->check_schema(to, &v->act, v->wanted, v->wanted_n, say, v, &err))
        failed(v, what, &err);
    if (!out.exists && v->errors == errors)
        say(v, false, ds_arena_printf(v->a, "%s is not there yet: the first pass creates it", what),
            NULL);
}

/* ---- showing --------------------------------------------------------------------------------- */

typedef struct line { /* a column; what is not known is NULL */
    const char *name, *writes, *from, *type;
    bool key, there;
    bool made; /* by the transform */
} line;

static const ds_field *field_of(const ds_route *r, const char *name)
{
    for (size_t i = 0; i < r->fields_n; i++)
        if (!strcmp(r->fields[i].to, name))
            return &r->fields[i];
    return NULL;
}

static const char *from_of(const view *v, const char *name)
{
    const ds_route *r = v->route;
    const ds_field *f = field_of(r, name);

    if (!f)
        return r->has_fields || r->transform ? NULL : name;
    return f->kind == DS_FIELD_FROM       ? f->from
           : f->kind == DS_FIELD_TEMPLATE ? f->template
                                          : ds_value_text(v->a, f->value);
}

static bool is_made(const ds_route *r, const char *name)
{
    bool by_itself = (r->stamp && !strcmp(r->stamp, name)) ||
                     (r->missing_mark && !strcmp(r->missing_mark, name));

    return r->transform && !field_of(r, name) && !by_itself;
}

static const ds_column_there *there_for(const view *v, const char *wanted)
{
    for (size_t i = 0; i < v->there_n; i++)
        if (wanted ? v->there[i].takes && !strcmp(v->there[i].takes, wanted) : v->there[i].is_key)
            return &v->there[i];
    return NULL;
}

static line line_of(const view *v, const ds_column *wanted)
{
    const ds_column_there *there = there_for(v, wanted ? wanted->name : NULL);
    ds_type holds = wanted ? ds_column_holds(wanted) : DS_TEXT;
    line l = {.name = wanted ? wanted->name : v->route->destination_key, .key = !wanted};

    assert(l.name); /* each column has one, and so has the key where it is shown */
    l.writes = holds == DS_ABSENT ? "any" : ds_type_name(holds);
    l.from = wanted ? from_of(v, l.name) : NULL;
    l.made = wanted && is_made(v->route, l.name);
    l.there = there != NULL;
    l.type = there ? there->type : NULL;
    return l;
}

/* The key, what the route writes, then what else is there. */
static size_t lines_of(const view *v, line **out)
{
    line *lines = ds_arena_zalloc(v->a, (v->wanted_n + v->there_n + 2) * sizeof(*lines));
    size_t n = 0;

    if (v->route->destination_key)
        lines[n++] = line_of(v, NULL);
    for (size_t i = 0; i < v->wanted_n; i++)
        lines[n++] = line_of(v, &v->wanted[i]);
    for (size_t i = 0; i < v->there_n; i++)
        if (!v->there[i].takes && !v->there[i].is_key)
            lines[n++] = (line){.name = v->there[i].name, .type = v->there[i].type, .there = true};
    *out = lines;
    return n;
}

static void findings_text(const view *v)
{
    for (size_t i = 0; i < v->made_n; i++)
        printf("%smade%s     %s\n", ds_paint(v->app, DS_GREEN), ds_paint(v->app, DS_PLAIN),
               ds_safe(v->a, v->made[i]));
    for (size_t i = 0; i < v->findings_n; i++) {
        const finding *f = &v->findings[i];

        printf("%s%-7s%s  %s\n", ds_paint(v->app, f->is_error ? DS_RED : DS_YELLOW),
               f->is_error ? "error" : "note", ds_paint(v->app, DS_PLAIN), ds_safe(v->a, f->text));
        if (f->remedy)
            printf("         -> %s\n", ds_safe(v->a, f->remedy));
    }
}

static void show_text(const view *v)
{
    static const char *const heads[] = {"COLUMN", "ROUTE WRITES", "FROM", "DESTINATION HAS"};
    line *lines;
    size_t n = lines_of(v, &lines);
    ds_table table;

    printf("%s%s%s: %s\n", ds_paint(v->app, DS_BOLD), v->route->name, ds_paint(v->app, DS_PLAIN),
           ds_safe(v->a, v->route->identity));
    ds_table_init(&table, v->a, heads, DS_COUNT(heads));
    for (size_t i = 0; i < n; i++) {
        const line *l = &lines[i];
        bool missing = v->listed && !l->there;
        const char *from = l->key ? "the key" : l->made ? "the transform" : l->from;
        const char *has = !v->listed ? NULL : missing ? "missing" : *l->type ? l->type : "any";

        ds_table_row(&table, missing ? DS_YELLOW : DS_PLAIN,
                     (const char *const[]){l->name, l->writes, from, has});
    }
    ds_table_print(&table, v->app);
    findings_text(v);
}

static void findings_json(const view *v, ds_json_writer *w)
{
    ds_json_w_name(w, "made");
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < v->made_n; i++)
        ds_json_w_text(w, v->made[i]);
    ds_json_w_end_list(w);
    ds_json_w_name(w, "findings");
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < v->findings_n; i++) {
        ds_json_w_begin_object(w);
        ds_w_text(w, "level", v->findings[i].is_error ? "error" : "warning");
        ds_w_text(w, "text", v->findings[i].text);
        ds_w_text(w, "remedy", v->findings[i].remedy);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
}

static void show_json(const view *v, ds_json_writer *w)
{
    line *lines;
    size_t n = lines_of(v, &lines);

    ds_json_w_begin_object(w);
    ds_w_text(w, "route", v->route->name);
    ds_w_text(w, "kind", v->route->destination->kind);
    ds_w_text(w, "identity", v->route->identity);
    ds_w_bool(w, "exists", v->exists);
    ds_json_w_name(w, "columns");
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < n; i++) {
        ds_json_w_begin_object(w);
        ds_w_text(w, "name", lines[i].name);
        ds_w_bool(w, "key", lines[i].key);
        ds_w_text(w, "writes", lines[i].writes);
        ds_w_text(w, "from", lines[i].from);
        if (v->listed)
            ds_w_bool(w, "there", lines[i].there);
        else
            ds_w_null(w, "there");
        ds_w_text(w, "type", lines[i].type);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
    findings_json(v, w);
    ds_json_w_end_object(w);
}

/* ---- the command ----------------------------------------------------------------------------- */

static size_t show_route(ds_app *app, const ds_route *route, ds_json_writer *w)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    view v = {.app = app, .a = a, .route = route};

    v.act = (ds_activity){.arena = a, .clock = app->clock, .route = route->name, .unit = "-"};
    v.act.memory = ds_app_memory(app);
    find_wanted(&v);
    if ((v.errors || !ds_args_flag(app->args, "create") || create(&v)) && list(&v))
        ask(&v);
    if (app->json)
        show_json(&v, w);
    else
        show_text(&v);
    return v.errors;
}

static int show_routes(ds_app *app, const char *const *words, size_t words_n)
{
    DS_AUTO_BUF(doc, DS_DOC_MAX);
    ds_json_writer w = ds_out_writer(&doc);
    ds_unit_ref *refs;
    size_t refs_n = 0, errors = 0;
    ds_err err = DS_ERR_INIT;
    int code = ds_app_config(app);

    if (code)
        return code;
    if (!ds_app_refs(app, words, words_n, &refs, &refs_n, &err))
        return ds_app_fail(app, &err);
    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "routes");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < refs_n; i++) {
        if (i && !app->json)
            putchar('\n');
        errors += show_route(app, ds_config_route(app->config, refs[i].route), &w);
    }
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
    code = app->json ? ds_out_doc(app, &doc) : DS_EXIT_DONE;
    return code ? code : errors ? DS_EXIT_USAGE : DS_EXIT_DONE;
}

static int show_config(ds_app *app)
{
    DS_AUTO_BUF(doc, SCHEMA_MAX);
    ds_json_writer w = ds_json_w(&doc, true);

    ds_app_load_all(app);
    ds_config_schema(app->connectors, app->arena, &w);
    return ds_out_doc(app, &doc);
}

int ds_cmd_schema(ds_app *app)
{
    const char *word = app->args->words_n ? app->args->words[0] : NULL;
    bool config = word && !strcmp(word, "config");

    if ((config || !word) && ds_args_flag(app->args, "create"))
        return ds_app_refuse(app, "--create is for one route: schema ROUTE --create");
    if (config)
        return show_config(app);
    return show_routes(app, app->args->words, app->args->words_n);
}
