/* src/app/cmd_explain.c - one record: as read, as mapped, as linked, compared, and the decision. */
#include "app/commands.h"
#include "app/out.h"
#include "app/planning.h"
#include <inttypes.h>
#include <string.h>

typedef struct explain {
    ds_app *app;
    const ds_route *route;
    const char *unit;
    const char *key;
    const char *gone; /* the source no longer has it: what becomes of its row, in a word */
    size_t found;
    ds_buf doc;
    ds_json_writer w;
} explain;

static const char *decision_of(const explain *e, const ds_planned *row)
{
    if (e->gone)
        return e->gone;
    if (row->skipped)
        return "skip";
    switch (row->outcome) {
    case DS_OUT_CREATED:
        return "create";
    case DS_OUT_UPDATED:
        return "update";
    case DS_OUT_UNCHANGED:
        return "leave alone";
    case DS_OUT_HELD:
        return "hold";
    case DS_OUT_NONE:
    case DS_OUT_UNKNOWN:
    case DS_OUT_GONE:
        break;
    }
    return "undecided";
}

static const char *hash_text(ds_arena *a, ds_hash hash)
{
    return ds_arena_printf(a, "%016" PRIx64 "%016" PRIx64, hash.high, hash.low);
}

/* ---- for people ------------------------------------------------------------------------------ */

static void head(const explain *e, const char *text)
{
    printf("%s%s%s\n", ds_paint(e->app, DS_BOLD), text, ds_paint(e->app, DS_PLAIN));
}

static void link_text(ds_arena *a, const ds_planned *row)
{
    const ds_link *link = row->link;

    if (!link) {
        puts("  none: this route has not written this record yet");
        return;
    }
    printf("  row %s at the destination%s%s\n", ds_safe(a, link->id ? link->id : link->key),
           link->flags & DS_LINK_CREATED ? ", created by this route" : ", adopted",
           link->flags & DS_LINK_MARKED ? ", marked as gone" : "");
    if (!link->valid)
        puts("  the destination has changed since: what it holds is looked up again");
    printf("  last written  %s\n  now           %s\n", hash_text(a, link->hash),
           hash_text(a, row->hash));
}

static void differences_text(const explain *e, ds_arena *a, const ds_planned *row)
{
    size_t most = e->app->verbose ? 65536 : 120;

    if (row->changes_n || row->body)
        head(e, "differences");
    for (size_t i = 0; i < row->changes_n; i++)
        printf("  %s: %s -> %s\n", ds_safe(a, row->changes[i].name),
               ds_value_shown(a, row->changes[i].from, most),
               ds_value_shown(a, row->changes[i].to, most));
    if (row->body)
        printf("  body: %s\n", ds_body_shown(a, row->body, most));
}

static void explain_text(const explain *e, const ds_planned *row)
{
    DS_AUTO(ds_arena) a = ds_arena_new();

    if (e->found > 1)
        putchar('\n');
    printf("%s:%s  %s\n\n", e->route->name, ds_safe(a, e->unit), ds_safe(a, row->key));
    head(e, "as read from the source");
    if (row->source)
        ds_props_shown(e->app, a, row->source->props, row->source->props_n);
    else
        puts("  it is not there");
    if (row->props || row->props_n) {
        head(e, "as mapped");
        ds_props_shown(e->app, a, row->props, row->props_n);
    }
    head(e, "link");
    link_text(a, row);
    if (row->row) {
        head(e, "at the destination");
        ds_props_shown(e->app, a, row->row->props, row->row->props_n);
    }
    differences_text(e, a, row);
    head(e, "decision");
    printf("  %s%s%s\n", decision_of(e, row), row->why ? ": " : "",
           row->why ? ds_safe(a, row->why) : "");
    if (row->reason && (!row->why || strcmp(row->why, row->reason) != 0))
        printf("  %s\n", ds_safe(a, row->reason));
    if (row->reason && strncmp(row->reason, "claimed by ", 11) == 0)
        puts("  that unit brings this key as well, and its row is written there: nothing is "
             "lacking;\n"
             "  this unit takes it over once a full pass of that one does not meet it");
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void link_json(ds_json_writer *w, ds_arena *a, const ds_link *link)
{
    ds_json_w_name(w, "link");
    if (!link) {
        ds_json_w_null(w);
        return;
    }
    ds_json_w_begin_object(w);
    ds_w_text(w, "id", link->id ? link->id : link->key);
    ds_w_text(w, "hash", hash_text(a, link->hash));
    ds_w_bool(w, "created", link->flags & DS_LINK_CREATED);
    ds_w_bool(w, "marked", link->flags & DS_LINK_MARKED);
    ds_w_bool(w, "valid", link->valid);
    ds_json_w_end_object(w);
}

static void explain_json(explain *e, const ds_planned *row)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_json_writer *w = &e->w;

    ds_json_w_begin_object(w);
    ds_w_text(w, "route", e->route->name);
    ds_w_text(w, "unit", e->unit);
    ds_w_text(w, "key", row->key);
    ds_w_props(w, "source", row->source ? row->source->props : NULL,
               row->source ? row->source->props_n : 0, row->source != NULL);
    ds_w_props(w, "mapped", row->props, row->props_n, row->props != NULL);
    link_json(w, a, row->link);
    ds_w_text(w, "hash", hash_text(a, row->hash));
    ds_w_props(w, "row", row->row ? row->row->props : NULL, row->row ? row->row->props_n : 0,
               row->row != NULL);
    ds_w_changes(w, row);
    ds_w_body(w, row->body);
    ds_w_text(w, "decision", decision_of(e, row));
    ds_w_text(w, "why", row->why);
    ds_w_text(w, "reason", row->reason);
    ds_json_w_end_object(w);
}

/* Of a source that knows it by another name nothing else comes. */
static bool on_row(void *to, const ds_planned *row)
{
    explain *e = to;

    if (!row->key || (!e->route->source->names_items && strcmp(row->key, e->key) != 0))
        return true;
    e->found++;
    if (e->app->json)
        explain_json(e, row);
    else
        explain_text(e, row);
    return true;
}

static const char *missing_word(ds_missing missing)
{
    switch (missing) {
    case DS_MISSING_IGNORE:
        break;
    case DS_MISSING_MARK:
        return "mark";
    case DS_MISSING_ARCHIVE:
        return "archive";
    case DS_MISSING_DELETE:
        return "delete";
    }
    return "leave alone";
}

/* What a complete full pass does with the row of a record that the source no longer has. */
static const char *decide_gone(explain *e, const ds_link *link)
{
    bool is_ours = link->flags & DS_LINK_CREATED, is_done = link->flags & DS_LINK_MARKED;
    ds_missing missing = e->route->missing;

    e->gone = missing_word(is_ours && !is_done ? missing : DS_MISSING_IGNORE);
    if (missing == DS_MISSING_IGNORE)
        return "the source no longer has it, and `missing` is ignore";
    if (!is_ours)
        return "the source no longer has it, but its row was not made by this route";
    if (is_done)
        return "the source no longer has it, and `missing` has been done";
    return "the source no longer has it: the next full pass does this";
}

/* Not in the source: what is known of it all the same. */
static bool explain_gone(explain *e, ds_reader *reader, ds_err *err)
{
    DS_AUTO(ds_ledger) ledger = ds_reader_ledger(reader, e->route->name, e->unit, err);
    ds_ledger_begin begin;
    ds_link_match match = {.link = NULL};

    if (!ledger || !ledger->ops->begin(ledger, e->app->arena, &begin, err) ||
        !ledger->ops->match(ledger, &e->key, 1, e->app->arena, &match, err))
        return false;
    if (!match.link)
        return true;

    ds_planned row = {.key = e->key,
                      .link = match.link,
                      .hash = match.link->hash,
                      .why = decide_gone(e, match.link)};
    bool ok = on_row(e, &row);

    e->gone = NULL;
    return ok;
}

static bool explain_units(explain *e, const ds_unit_ref *ref, ds_err *err)
{
    ds_app *app = e->app;
    DS_AUTO(ds_reader) reader = ds_app_reader(app, err);
    ds_units units;

    if (!reader || !ds_app_units(app, e->route, ref->unit, &units, err))
        return false;
    for (size_t i = 0; i < units.n; i++) {
        size_t before = e->found;
        ds_planning planning = {.app = app,
                                .reader = reader,
                                .route = e->route,
                                .unit = units.keys[i],
                                .items = &e->key,
                                .items_n = 1,
                                .everything = true,
                                .each = on_row,
                                .to = e};
        ds_plan_result result;

        e->unit = units.keys[i];
        if (!ds_planning_run(&planning, &result, err))
            return false;
        if (e->found == before && !explain_gone(e, reader, err))
            return false;
    }
    return true;
}

/* Neither read nor linked: a place such as line:7, or a record that never got so far. */
static int refuse_unknown(ds_app *app, const char *route, const char *key)
{
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_reader) reader = ds_app_reader(app, &err);
    ds_held_row *rows;
    size_t n = 0;

    if (!reader || !ds_reader_held(reader, route, app->arena, &rows, &n, &err))
        return ds_app_fail(app, &err);
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].held.key, key) == 0)
            return ds_app_refuse(app, "%s:%s holds %.200s: %s", route, rows[i].unit, key,
                                 rows[i].held.reason);
    return ds_app_refuse(
        app, "route %s knows no record \"%.200s\": neither its source nor a link has it", route,
        key);
}

int ds_cmd_explain(ds_app *app)
{
    explain e = {.app = app, .key = app->args->words[1]};
    ds_unit_ref ref;
    ds_err err = DS_ERR_INIT;
    int code = ds_app_config_to_run(app);

    if (code)
        return code;
    if (!ds_app_ref(app, app->args->words[0], false, &ref, &err))
        return ds_app_fail(app, &err);
    e.route = ds_config_route(app->config, ref.route);
    ds_buf_init(&e.doc, DS_DOC_MAX);
    e.w = ds_out_writer(&e.doc);
    ds_json_w_begin_object(&e.w);
    ds_json_w_name(&e.w, "records");
    ds_json_w_begin_list(&e.w);

    bool ok = explain_units(&e, &ref, &err);

    ds_json_w_end_list(&e.w);
    ds_json_w_end_object(&e.w);
    code = ok ? DS_EXIT_DONE : ds_app_fail(app, &err);
    if (ok && !e.found)
        code = refuse_unknown(app, ref.route, e.key);
    else if (ok && app->json)
        code = ds_out_doc(app, &e.doc);
    ds_buf_fini(&e.doc);
    return code;
}
