/* src/app/cmd_history.c - the last passes, newest first. */
#include "app/commands.h"
#include "app/out.h"
#include "base/text.h"

#define LIMIT_USUAL 20
#define LIMIT_MOST 1000000

static int print_json(const ds_app *app, const ds_run_row *runs, size_t n)
{
    DS_AUTO_BUF(doc, DS_DOC_MAX);
    ds_json_writer w = ds_out_writer(&doc);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "passes");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < n; i++)
        ds_w_run(&w, &runs[i], true);
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
    return ds_out_doc(app, &doc);
}

static void add_row(ds_table *table, ds_arena *a, const ds_run_row *run)
{
    const ds_totals *t = &run->totals;
    int64_t took_ms = DS_MAX(run->ended_ms - run->started_ms, INT64_C(0));
    const char *cells[] = {
        ds_time_text(a, run->started_ms / 1000 * 1000, false),
        ds_arena_printf(a, "%s:%s", run->route, run->unit),
        ds_pass_kind_name(run->kind),
        ds_pass_outcome_name(run->outcome),
        ds_count_text(a, t->total),
        ds_count_text(a, t->created),
        ds_count_text(a, t->updated),
        ds_count_text(a, t->unchanged),
        ds_count_text(a, t->skipped),
        ds_count_text(a, t->held),
        ds_count_text(a, t->missing),
        ds_arena_printf(a, "%lld+%lld", (long long)run->source_calls,
                        (long long)run->destination_calls),
        ds_arena_printf(a, "%.2f s", (double)took_ms / 1000.0),
        run->error ? ds_safe_cut(a, run->error, 120) : "",
    };

    ds_table_row(table, run->outcome == DS_PASS_FAILED ? DS_RED : DS_PLAIN, cells);
}

static void print_text(const ds_app *app, const ds_run_row *runs, size_t n)
{
    static const char *const heads[] = {"STARTED", "UNIT",    "KIND",      "OUTCOME", "ROWS",
                                        "CREATED", "UPDATED", "UNCHANGED", "SKIPPED", "HELD",
                                        "GONE",    "CALLS",   "TOOK",      "NOTE"};
    ds_table table;

    ds_table_init(&table, app->arena, heads, DS_COUNT(heads));
    for (size_t i = 0; i < n; i++)
        add_row(&table, app->arena, &runs[i]);
    if (n)
        ds_table_print(&table, app);
    else if (!app->quiet)
        puts("no pass has ended yet");
}

int ds_cmd_history(ds_app *app)
{
    const char *limit_text = ds_args_flag(app->args, "limit");
    int64_t limit = LIMIT_USUAL;
    ds_unit_ref ref = {0};
    ds_err err = DS_ERR_INIT;
    int code = ds_app_config(app);

    if (code)
        return code;
    if (limit_text && (!ds_parse_int(limit_text, &limit) || limit < 1 || limit > LIMIT_MOST))
        return ds_app_refuse(app, "--limit takes a count from 1 to %d, not \"%.60s\"", LIMIT_MOST,
                             limit_text);
    if (app->args->words_n && (!ds_app_ref(app, app->args->words[0], true, &ref, &err) ||
                               !ds_app_known_unit(app, &ref, &err)))
        return ds_app_fail(app, &err);

    DS_AUTO(ds_reader) reader = ds_app_reader(app, &err);
    ds_run_row *runs;
    size_t n = 0;

    if (!reader ||
        !ds_reader_runs(reader, ref.route, ref.unit, (size_t)limit, app->arena, &runs, &n, &err))
        return ds_app_fail(app, &err);
    if (app->json)
        return print_json(app, runs, n);
    print_text(app, runs, n);
    return DS_EXIT_DONE;
}
