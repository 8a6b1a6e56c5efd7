/* src/app/cmd_plan.c
 *
 * What a pass would write, field by field, and what it costs.  Rows are printed as they are found,
 * so a plan of millions needs no memory; only the JSON document, whose lists are apart, is kept.
 */
#include "app/commands.h"
#include "app/out.h"
#include "app/planning.h"
#include <inttypes.h>
#include <string.h>

#define SHOWN_USUAL 20
#define CALL_USUAL_MS 100

typedef struct plan {
    ds_app *app;
    size_t most;         /* rows shown of each kind */
    size_t seen[3];      /* CREATED, UPDATED, HELD */
    size_t writes_total; /* over all units */
    ds_buf doc;
    ds_json_writer w;
    ds_buf create, update, held; /* of the unit at hand */
    ds_json_writer create_w, update_w, held_w;
} plan;

static void create_json(plan *p, const ds_planned *row)
{
    ds_json_writer *w = &p->create_w;

    ds_json_w_begin_object(w);
    ds_w_text(w, "key", row->key);
    ds_json_w_name(w, "properties");
    ds_json_w_begin_object(w);
    for (size_t i = 0; i < row->props_n; i++) {
        if (row->props[i].value.type == DS_ABSENT)
            continue;
        ds_json_w_name(w, row->props[i].name);
        ds_json_w_value(w, row->props[i].value);
    }
    ds_json_w_end_object(w);
    ds_w_body(w, row->body);
    ds_json_w_end_object(w);
}

static void update_json(plan *p, const ds_planned *row)
{
    ds_json_writer *w = &p->update_w;

    ds_json_w_begin_object(w);
    ds_w_text(w, "key", row->key);
    ds_w_text(w, "id", row->id ? row->id : row->key);
    ds_w_changes(w, row);
    ds_w_body(w, row->body);
    ds_json_w_end_object(w);
}

static void held_json(plan *p, const ds_planned *row)
{
    ds_json_writer *w = &p->held_w;

    ds_json_w_begin_object(w);
    ds_w_text(w, "key", row->key);
    ds_w_text(w, "reason", row->reason);
    ds_json_w_end_object(w);
}

static void row_text(plan *p, const ds_planned *row, size_t kind)
{
    static const char marks[] = "+~!";
    static const ds_color colors[] = {DS_GREEN, DS_YELLOW, DS_RED};
    DS_AUTO(ds_arena) a = ds_arena_new();
    size_t most = p->app->verbose ? 4096 : 60;
    const char *between = "  ";

    if (p->seen[kind]++ >= p->most)
        return;
    printf("  %s%c%s %s", ds_paint(p->app, colors[kind]), marks[kind], ds_paint(p->app, DS_PLAIN),
           ds_safe_cut(a, row->key ? row->key : "(no key)", 100));
    if (row->outcome == DS_OUT_HELD)
        printf("  held: %s", ds_safe(a, row->reason));
    for (size_t i = 0; row->outcome == DS_OUT_CREATED && i < row->props_n; i++) {
        if (row->props[i].value.type == DS_ABSENT)
            continue;
        printf("%s%s: %s", between, ds_safe(a, row->props[i].name),
               ds_value_shown(a, row->props[i].value, most));
        between = ", ";
    }
    for (size_t i = 0; row->outcome == DS_OUT_UPDATED && i < row->changes_n; i++) {
        printf("%s%s: %s -> %s", between, ds_safe(a, row->changes[i].name),
               ds_value_shown(a, row->changes[i].from, most),
               ds_value_shown(a, row->changes[i].to, most));
        between = ", ";
    }
    if (row->body)
        printf("%sbody: %s", between, ds_body_shown(a, row->body, most));
    putchar('\n');
}

static bool on_row(void *to, const ds_planned *row)
{
    plan *p = to;
    static const ds_outcome kinds[] = {DS_OUT_CREATED, DS_OUT_UPDATED, DS_OUT_HELD};
    static void (*const as_json[])(plan *, const ds_planned *) = {create_json, update_json,
                                                                  held_json};

    for (size_t kind = 0; !row->skipped && kind < DS_COUNT(kinds); kind++) {
        if (row->outcome != kinds[kind])
            continue;
        if (p->app->json)
            as_json[kind](p, row);
        else
            row_text(p, row, kind);
    }
    return true;
}

static void begin_list(ds_buf *buf, ds_json_writer *w)
{
    ds_buf_init(buf, DS_DOC_MAX);
    *w = ds_json_w(buf, false);
    ds_json_w_begin_list(w);
}

static void end_list(plan *p, const char *name, ds_buf *buf, ds_json_writer *w)
{
    ds_json_w_end_list(w);
    ds_json_w_name(&p->w, name);
    if (buf->overflow)
        p->doc.overflow = true;
    ds_json_w_raw(&p->w, buf->data, buf->n);
    ds_buf_fini(buf);
}

/* What the calls take, as the destination says; where it cannot tell, as they usually do. */
static int64_t calls_ms(const ds_cost *cost)
{
    int64_t calls = 0;

    for (size_t i = 0; i < cost->n; i++)
        calls += cost->lines[i].calls;
    return cost->ms >= 0 ? cost->ms : calls * CALL_USUAL_MS;
}

/* What it takes: reading as long as it just took, and writing at the route's pace where it has
 * one. A local destination has no calls, its cost is rows. */
static int64_t cost_ms(const ds_route *route, const ds_plan_result *result, int64_t read_ms)
{
    int64_t write_ms = result->has_cost ? calls_ms(&result->cost) : result->writes / 100;

    if (route->pace > 0) {
        int64_t paced_ms = (int64_t)((double)result->writes * 1000.0 / route->pace);

        write_ms = result->has_cost ? DS_MAX(write_ms, paced_ms) : paced_ms;
    }
    return read_ms + write_ms;
}

static int64_t calls_of(const ds_cost *cost, const char *endpoint)
{
    for (size_t i = 0; i < cost->n; i++)
        if (strcmp(cost->lines[i].endpoint, endpoint) == 0)
            return cost->lines[i].calls;
    return 0;
}

/* Both ends may be the same API: each endpoint has one sum. */
static void calls_json(ds_json_writer *w, const ds_plan_result *result)
{
    ds_json_w_name(w, "calls");
    ds_json_w_begin_object(w);
    for (size_t i = 0; i < result->reading.n; i++)
        ds_w_int(w, result->reading.lines[i].endpoint,
                 result->reading.lines[i].calls +
                     calls_of(&result->cost, result->reading.lines[i].endpoint));
    if (!result->has_cost)
        ds_w_int(w, "rows written", result->writes);
    for (size_t i = 0; i < result->cost.n; i++)
        if (!calls_of(&result->reading, result->cost.lines[i].endpoint))
            ds_w_int(w, result->cost.lines[i].endpoint, result->cost.lines[i].calls);
    ds_json_w_end_object(w);
}

static void lines_text(ds_arena *a, const ds_cost *cost)
{
    for (size_t i = 0; i < cost->n; i++)
        printf("%s%s: %s", i ? ", " : "", ds_safe(a, cost->lines[i].endpoint),
               ds_count_text(a, cost->lines[i].calls));
}

static void calls_text(ds_arena *a, const ds_plan_result *result)
{
    lines_text(a, &result->reading);
    if (result->reading.n)
        fputs("; ", stdout);
    if (!result->has_cost)
        printf("rows written: %s", ds_count_text(a, result->writes));
    else if (!result->cost.n)
        fputs(result->reading.n ? "no calls of the destination" : "no calls", stdout);
    lines_text(a, &result->cost);
}

static void unit_json(plan *p, const ds_route *route, const char *unit,
                      const ds_plan_result *result, int64_t ms)
{
    ds_json_writer *w = &p->w;

    ds_json_w_begin_object(w);
    ds_w_text(w, "route", route->name);
    ds_w_text(w, "unit", unit);
    ds_w_int(w, "total", result->totals.total);
    ds_w_int(w, "unchanged", result->totals.unchanged);
    ds_w_int(w, "skipped", result->totals.skipped);
    end_list(p, "held", &p->held, &p->held_w);
    end_list(p, "create", &p->create, &p->create_w);
    end_list(p, "update", &p->update, &p->update_w);
    ds_w_int(w, "missing", result->totals.missing);
    ds_w_text(w, "approval", result->approval);
    calls_json(w, result);
    ds_w_seconds(w, "seconds", ms);
    ds_json_w_end_object(w);
}

static void unit_text(plan *p, const ds_plan_result *result, int64_t ms)
{
    static const char *const names[] = {"creates", "updates", "held records"};
    const ds_totals *t = &result->totals;
    ds_arena *a = p->app->arena;

    for (size_t kind = 0; kind < DS_COUNT(names); kind++)
        if (p->seen[kind] > p->most)
            printf("    and %s more %s (--all shows them)\n",
                   ds_count_text(a, (int64_t)(p->seen[kind] - p->most)), names[kind]);
    printf("  %s to create, %s to update, %s unchanged, %s skipped, %s held",
           ds_count_text(a, t->created), ds_count_text(a, t->updated),
           ds_count_text(a, t->unchanged), ds_count_text(a, t->skipped), ds_count_text(a, t->held));
    if (result->totals.missing)
        printf(", %s gone from the source", ds_count_text(a, result->totals.missing));
    fputs("\n  cost: ", stdout);
    calls_text(a, result);
    printf(", about %.2f s\n", (double)ms / 1000.0);
    if (result->approval)
        printf("  a pass would wait for `approve`: %s\n", ds_safe(a, result->approval));
}

static bool plan_unit(plan *p, ds_reader *reader, const ds_route *route, const char *unit,
                      ds_err *err)
{
    ds_app *app = p->app;
    ds_planning planning = {
        .app = app, .reader = reader, .route = route, .unit = unit, .each = on_row, .to = p};
    ds_plan_result result;
    int64_t began_ms = app->clock->mono_us(app->clock) / 1000;

    memset(p->seen, 0, sizeof p->seen);
    begin_list(&p->create, &p->create_w);
    begin_list(&p->update, &p->update_w);
    begin_list(&p->held, &p->held_w);
    if (!app->json)
        printf("%s%s:%s%s\n", ds_paint(app, DS_BOLD), route->name, ds_safe(app->arena, unit),
               ds_paint(app, DS_PLAIN));

    bool ok = ds_planning_run(&planning, &result, err);
    int64_t ms =
        ok ? cost_ms(route, &result, app->clock->mono_us(app->clock) / 1000 - began_ms) : 0;

    if (ok && app->json)
        unit_json(p, route, unit, &result, ms);
    else if (ok)
        unit_text(p, &result, ms);
    if (ok)
        p->writes_total += (size_t)result.writes;
    ds_buf_fini(&p->create);
    ds_buf_fini(&p->update);
    ds_buf_fini(&p->held);
    return ok;
}

static bool plan_all(plan *p, const ds_unit_ref *refs, size_t refs_n, ds_err *err)
{
    DS_AUTO(ds_reader) reader = ds_app_reader(p->app, err);

    if (!reader)
        return false;
    for (size_t i = 0; i < refs_n; i++) {
        const ds_route *route = ds_config_route(p->app->config, refs[i].route);
        ds_units units;

        if (!ds_app_units(p->app, route, refs[i].unit, &units, err))
            return false;
        if (units.n == 0 && !p->app->json)
            printf("%s: its source has no units\n", route->name);
        for (size_t u = 0; u < units.n; u++)
            if (!plan_unit(p, reader, route, units.keys[u], err))
                return false;
    }
    return true;
}

int ds_cmd_plan(ds_app *app)
{
    plan p = {.app = app, .most = SHOWN_USUAL};
    ds_unit_ref *refs;
    size_t refs_n = 0;
    ds_err err = DS_ERR_INIT;
    int code = ds_app_config_to_run(app);

    if (code)
        return code;
    if (!ds_app_refs(app, app->args->words, app->args->words_n, &refs, &refs_n, &err))
        return ds_app_fail(app, &err);
    if (ds_args_flag(app->args, "all") || app->verbose)
        p.most = SIZE_MAX;
    ds_buf_init(&p.doc, DS_DOC_MAX);
    p.w = ds_out_writer(&p.doc);
    ds_json_w_begin_object(&p.w);
    ds_json_w_name(&p.w, "routes");
    ds_json_w_begin_list(&p.w);

    bool ok = plan_all(&p, refs, refs_n, &err);

    ds_json_w_end_list(&p.w);
    ds_json_w_end_object(&p.w);
    code = ok ? DS_EXIT_DONE : ds_app_fail(app, &err);
    if (ok && app->json)
        code = ds_out_doc(app, &p.doc);
    ds_buf_fini(&p.doc);
    if (code)
        return code;
    return ds_args_flag(app->args, "exit-code") && p.writes_total ? DS_EXIT_WOULD_WRITE : code;
}
