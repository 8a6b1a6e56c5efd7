/* src/app/results.c - one line a pass, or one JSON document of all. */
#include "app/results.h"

#include "app/live.h"
#include "base/text.h"
#include <string.h>

void ds_results_begin(ds_results *r, ds_app *app, ds_meter *meter)
{
    *r = (ds_results){.app = app, .meter = meter};
    ds_buf_init(&r->doc, DS_DOC_MAX);
    r->w = ds_out_writer(&r->doc);
    ds_json_w_begin_object(&r->w);
    ds_json_w_name(&r->w, "passes");
    ds_json_w_begin_list(&r->w);
}

static void remember(ds_results *r, const ds_run_row *run)
{
    ds_arena *a = r->app->arena;

    if (r->seen_n == r->seen_cap) {
        size_t cap = r->seen_cap ? 2 * r->seen_cap : 64;

        r->seen = ds_arena_grow(a, r->seen, r->seen_cap * sizeof *r->seen, cap * sizeof *r->seen);
        r->seen_cap = cap;
    }
    r->seen[r->seen_n++] = ds_arena_printf(a, "%s/%s", run->route, run->unit);
}

static ds_color color_of(ds_pass_outcome outcome)
{
    switch (outcome) {
    case DS_PASS_DONE:
        return DS_GREEN;
    case DS_PASS_FAILED:
        return DS_RED;
    case DS_PASS_PARTIAL:
    case DS_PASS_PAUSED:
    case DS_PASS_WAITING:
    case DS_PASS_CANCELLED:
    case DS_PASS_APPROVAL:
    case DS_PASS_SLICED:
        break;
    }
    return DS_YELLOW;
}

/* One that has moved to the other engine is paused by a note that says what to do. */
static bool is_resumed(const ds_run_row *run)
{
    return run->error_kind && strcmp(run->error_kind, "paused") == 0 &&
           !(run->error && strstr(run->error, "`durable-sync move "));
}

static void print_line(const ds_results *r, const ds_run_row *run)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    const ds_totals *t = &run->totals;
    int64_t took_ms = DS_MAX(run->ended_ms - run->started_ms, INT64_C(0));

    printf("%s:%s  %s  %s%s%s", ds_safe(a, run->route), ds_safe(a, run->unit),
           ds_pass_kind_name(run->kind), ds_paint(r->app, color_of(run->outcome)),
           ds_pass_outcome_name(run->outcome), ds_paint(r->app, DS_PLAIN));
    printf("  %s row%s: %s created, %s updated, %s unchanged, %s skipped, %s held",
           ds_count_text(a, t->total), t->total == 1 ? "" : "s", ds_count_text(a, t->created),
           ds_count_text(a, t->updated), ds_count_text(a, t->unchanged),
           ds_count_text(a, t->skipped), ds_count_text(a, t->held));
    if (t->missing)
        printf(", %s gone from the source", ds_count_text(a, t->missing));
    printf("  (%lld+%lld calls, %.2f s)\n", (long long)run->source_calls,
           (long long)run->destination_calls, (double)took_ms / 1000.0);
    if (run->error)
        printf("    %s\n", ds_safe(a, run->error));
    if (is_resumed(run))
        printf("    -> %s resume %s\n", r->app->program, run->route);
    if (run->error_kind && strcmp(run->error_kind, "approval") == 0)
        printf("    -> %s approve %s\n", r->app->program, run->route);
    fflush(stdout);
}

/* A unit that was named and does not exist is a slip of the person, not a pass that failed. */
static bool is_slip(const ds_results *r, const ds_run_row *run)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_reader) reader = NULL;
    ds_unit_row *rows;
    size_t n = 0;

    if (!run->error_kind || strcmp(run->error_kind, "config") != 0 || strcmp(run->unit, "-") == 0)
        return false;
    reader = ds_app_reader(r->app, &err);
    return reader && ds_reader_units(reader, run->route, run->unit, a, &rows, &n, &err) && n == 0;
}

void ds_results_add(void *results, const ds_run_row *run)
{
    ds_results *r = results;

    remember(r, run);
    switch (run->outcome) {
    case DS_PASS_FAILED:
        if (is_slip(r, run))
            r->no_such_unit = true;
        else
            r->failed = true;
        break;
    case DS_PASS_WAITING:
        r->failed = true;
        break;
    case DS_PASS_PAUSED:
    case DS_PASS_APPROVAL:
        r->person = true;
        break;
    case DS_PASS_CANCELLED:
        r->cancelled = true;
        break;
    case DS_PASS_PARTIAL:
        r->held = true;
        break;
    case DS_PASS_DONE:
    case DS_PASS_SLICED:
        break;
    }
    r->held = r->held || run->totals.held > 0;
    if (r->meter)
        ds_meter_clear(r->meter);
    if (r->app->json)
        ds_w_run(&r->w, run, true);
    else if (!r->app->quiet || run->outcome != DS_PASS_DONE || run->error)
        print_line(r, run);
}

static bool answered(const ds_results *r, const ds_unit_ref *ref)
{
    const char *name = ds_arena_printf(r->app->arena, "%s/%s", ref->route, ref->unit);
    const char *unlisted = ds_arena_printf(r->app->arena, "%s/-", ref->route);

    for (size_t i = 0; i < r->seen_n; i++)
        if (strcmp(r->seen[i], name) == 0 || strcmp(r->seen[i], unlisted) == 0)
            return true;
    return false;
}

/* A pass that was stopped from outside: by a pause, which waits for a person, or for another
 * reason, and then it did not do what was asked. */
static void judge_cancelled(ds_results *r)
{
    const ds_running *running;
    ds_err err = DS_ERR_INIT;
    ds_unit_row *rows;
    size_t n = 0, running_n;
    ds_live live;

    if (!ds_live_units(r->app, &(ds_unit_ref){0}, &live, &rows, &n, &running, &running_n, &err))
        n = 0;
    for (size_t i = 0; i < n; i++) {
        ds_unit_ref ref = {rows[i].route, rows[i].unit};

        if (rows[i].state.paused && answered(r, &ref))
            r->person = true;
    }
    if (!r->person)
        r->failed = true;
}

int ds_results_end(ds_results *r, const ds_unit_ref *refs, size_t refs_n)
{
    int code = DS_EXIT_DONE;

    if (r->cancelled)
        judge_cancelled(r);
    if (r->app->json) {
        ds_json_w_end_list(&r->w);
        ds_json_w_end_object(&r->w);
        code = ds_out_doc(r->app, &r->doc);
    }
    ds_buf_fini(&r->doc);
    for (size_t i = 0; i < refs_n; i++)
        if (refs[i].unit && !answered(r, &refs[i]))
            code = ds_app_refuse(r->app, "route %s has no unit \"%.100s\"", refs[i].route,
                                 refs[i].unit);
    if (r->no_such_unit && !code)
        code = DS_EXIT_USAGE;
    if (r->failed)
        return DS_EXIT_FAILED;
    if (code)
        return code;
    if (r->person)
        return DS_EXIT_PERSON;
    return r->held ? DS_EXIT_HELD : DS_EXIT_DONE;
}
