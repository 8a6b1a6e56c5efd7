/* src/app/findings.c - one line a finding, or one JSON document of all. */
#include "app/findings.h"

#include <stdarg.h>
#include <string.h>

static const char *const level_names[] = {"ok", "warning", "error"};

void ds_findings_begin(ds_findings *f, const ds_app *app, const char *list, const char *subject)
{
    *f = (ds_findings){.app = app, .subject = subject};
    ds_buf_init(&f->doc, DS_DOC_MAX);
    f->w = ds_out_writer(&f->doc);
    ds_json_w_begin_object(&f->w);
    ds_json_w_name(&f->w, list);
    ds_json_w_begin_list(&f->w);
}

static void print_line(const ds_findings *f, ds_finding_level level, const char *where,
                       const char *remedy, const char *text)
{
    static const ds_color colors[] = {DS_GREEN, DS_YELLOW, DS_RED};
    ds_arena *a = f->app->arena;

    if (f->app->quiet && level == DS_FINDING_OK)
        return;
    printf("%s%-7s%s  %s%s%s\n", ds_paint(f->app, colors[level]), level_names[level],
           ds_paint(f->app, DS_PLAIN), where ? ds_safe(a, where) : "", where ? ": " : "",
           ds_safe(a, text));
    if (remedy)
        printf("         -> %s\n", ds_safe(a, remedy));
}

void ds_finding(ds_findings *f, ds_finding_level level, const char *where, const char *remedy,
                const char *fmt, ...)
{
    const char *text; /* a folder may have any name */
    va_list args;

    va_start(args, fmt);
    text = ds_said(f->app->arena, fmt, args);
    va_end(args);
    f->errors += level == DS_FINDING_ERROR;
    f->warnings += level == DS_FINDING_WARNING;
    if (!f->app->json) {
        print_line(f, level, where, remedy, text);
        return;
    }
    ds_json_w_begin_object(&f->w);
    ds_w_text(&f->w, "level", level_names[level]);
    ds_w_text(&f->w, f->subject, where);
    ds_w_text(&f->w, "text", text);
    ds_w_text(&f->w, "remedy", remedy);
    ds_json_w_end_object(&f->w);
}

int ds_findings_end(ds_findings *f)
{
    int code = f->errors ? DS_EXIT_USAGE : DS_EXIT_DONE;

    if (f->app->json) {
        ds_json_w_end_list(&f->w);
        ds_json_w_end_object(&f->w);

        int printed = ds_out_doc(f->app, &f->doc);

        code = printed ? printed : code;
    }
    ds_buf_fini(&f->doc);
    return code;
}
