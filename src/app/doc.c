/* src/app/doc.c - JSON on stdout, and the shapes that several commands share. */
#include "app/out.h"

#include "base/text.h"
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

ds_json_writer ds_out_writer(ds_buf *doc)
{
    return ds_json_w(doc, isatty(STDOUT_FILENO) == 1);
}

int ds_out_doc(const ds_app *app, const ds_buf *doc)
{
    ds_err err = DS_ERR_INIT;

    if (!ds_buf_ok(doc, "the JSON document", &err))
        return ds_app_fail(app, &err);
    fwrite(doc->data, 1, doc->n, stdout);
    putchar('\n');
    return DS_EXIT_DONE;
}

void ds_w_time(ds_json_writer *w, const char *name, int64_t at_ms)
{
    DS_AUTO(ds_arena) a = ds_arena_new();

    ds_w_text(w, name, at_ms ? ds_time_text(a, at_ms, false) : NULL);
}

void ds_w_seconds(ds_json_writer *w, const char *name, int64_t ms)
{
    char number[40];
    int n = snprintf(number, sizeof number, "%" PRId64 ".%03" PRId64, ms / 1000, ms % 1000);

    ds_json_w_name(w, name);
    ds_json_w_raw(w, number, (size_t)n);
}

/* What a pass that ended well says all the same is no error. */
static void write_error(ds_json_writer *w, const ds_run_row *run)
{
    bool well = ds_pass_ended_well(run->outcome);

    ds_w_text(w, "note", well ? run->error : NULL);
    ds_json_w_name(w, "error");
    if (!run->error || well) {
        ds_json_w_null(w);
        return;
    }
    ds_json_w_begin_object(w);
    ds_w_text(w, "kind", run->error_kind ? run->error_kind : "permanent");
    if (run->error_status)
        ds_w_int(w, "http_status", run->error_status);
    else
        ds_w_null(w, "http_status");
    ds_w_text(w, "text", run->error);
    ds_json_w_end_object(w);
}

void ds_w_run(ds_json_writer *w, const ds_run_row *run, bool times)
{
    ds_json_w_begin_object(w);
    ds_w_text(w, "route", run->route);
    ds_w_text(w, "unit", run->unit);
    ds_w_text(w, "kind", ds_pass_kind_name(run->kind));
    ds_w_text(w, "outcome", ds_pass_outcome_name(run->outcome));
    if (times) {
        ds_w_time(w, "started", run->started_ms);
        ds_w_time(w, "ended", run->ended_ms);
    }
    ds_w_totals(w, &run->totals);
    ds_json_w_name(w, "calls");
    ds_json_w_begin_object(w);
    ds_w_int(w, "source", run->source_calls);
    ds_w_int(w, "destination", run->destination_calls);
    ds_json_w_end_object(w);
    ds_w_seconds(w, "seconds", DS_MAX(run->ended_ms - run->started_ms, INT64_C(0)));
    write_error(w, run);
    ds_json_w_end_object(w);
}
