/* src/app/planning.c */
#include "app/planning.h"

#include "app/out.h"
#include <string.h>

bool ds_planning_run(const ds_planning *p, ds_plan_result *out, ds_err *err)
{
    static const atomic_bool never = false;
    DS_AUTO(ds_ledger) ledger = ds_reader_ledger(p->reader, p->route->name, p->unit, err);
    const char *id = NULL;
    ds_pass_in in = {
        .route = p->route,
        .unit = p->unit,
        .kind = p->items ? DS_PASS_TARGETED : DS_PASS_FULL,
        .items = p->items,
        .items_n = p->items_n,
        .since_ms = -1,
        .ledger = ledger,
        .clock = p->app->clock,
        .stop = &never,
    };

    *out = (ds_plan_result){.err = DS_ERR_INIT};
    if (!ledger || !ds_reader_id(p->reader, p->app->arena, &id, err))
        return false;
    in.owner = ds_arena_printf(p->app->arena, "%s/%s/%s", id ? id : "new", p->route->name, p->unit);
    if (ds_pass_plan(&in, p->everything, p->each, p->to, out))
        return true;
    *err = out->err;
    return ds_wrap(err, "%s:%s", p->route->name, p->unit);
}

const char *ds_value_shown(ds_arena *a, ds_value v, size_t most)
{
    const char *text = ds_value_text(a, v);

    switch (v.type) {
    case DS_ABSENT:
        return "(absent)";
    case DS_NULL:
        return "null";
    case DS_TEXT:
    case DS_LIST:
        return ds_arena_printf(a, "\"%s\"", ds_safe_cut(a, text, most));
    case DS_BOOL:
    case DS_INT:
    case DS_NUMBER:
    case DS_DATE:
    case DS_DATETIME:
    case DS_NESTED:
        break;
    }
    return ds_safe_cut(a, text ? text : "null", most);
}

void ds_props_shown(const ds_app *app, ds_arena *a, const ds_prop *props, size_t n)
{
    size_t widest = 0;

    for (size_t i = 0; i < n; i++)
        widest = DS_MAX(widest, ds_text_width(ds_safe(a, props[i].name)));
    for (size_t i = 0; i < n; i++) {
        const char *name = ds_safe(a, props[i].name);

        printf("  %s%*s  %s\n", name, (int)(widest - ds_text_width(name)), "",
               ds_value_shown(a, props[i].value, app->verbose ? 65536 : 120));
    }
    if (n == 0)
        puts("  (no properties)");
}

void ds_w_props(ds_json_writer *w, const char *name, const ds_prop *props, size_t n, bool there)
{
    ds_json_w_name(w, name);
    if (!there) {
        ds_json_w_null(w);
        return;
    }
    ds_json_w_begin_object(w);
    for (size_t i = 0; i < n; i++) {
        if (props[i].value.type == DS_ABSENT)
            continue;
        ds_json_w_name(w, props[i].name);
        ds_json_w_value(w, props[i].value);
    }
    ds_json_w_end_object(w);
}

void ds_w_changes(ds_json_writer *w, const ds_planned *planned)
{
    ds_json_w_name(w, "fields");
    ds_json_w_begin_object(w);
    for (size_t i = 0; i < planned->changes_n; i++) {
        ds_json_w_name(w, planned->changes[i].name);
        ds_json_w_begin_object(w);
        ds_json_w_name(w, "from");
        ds_json_w_value(w, planned->changes[i].from);
        ds_json_w_name(w, "to");
        ds_json_w_value(w, planned->changes[i].to);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_object(w);
}

static const char *line_shown(ds_arena *a, const char *line, size_t most)
{
    return line ? ds_arena_printf(a, "\"%s\"", ds_safe_cut(a, line, most)) : "nothing";
}

const char *ds_body_shown(ds_arena *a, const ds_body_change *change, size_t most)
{
    const char *to = line_shown(a, change->to, most);

    if (!change->from && change->line == 1)
        return ds_arena_printf(a, "%s bytes, %s", ds_count_text(a, (int64_t)change->bytes), to);
    return ds_arena_printf(a, "line %zu: %s -> %s", change->line, line_shown(a, change->from, most),
                           to);
}

void ds_w_body(ds_json_writer *w, const ds_body_change *change)
{
    ds_json_w_name(w, "body");
    if (!change) {
        ds_json_w_null(w);
        return;
    }
    ds_json_w_begin_object(w);
    ds_w_int(w, "bytes", (int64_t)change->bytes);
    ds_w_int(w, "line", (int64_t)change->line);
    ds_w_text(w, "from", change->from);
    ds_w_text(w, "to", change->to);
    ds_json_w_end_object(w);
}
