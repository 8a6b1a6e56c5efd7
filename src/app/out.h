/* src/app/out.h
 *
 * Results on stdout: tables for people, one JSON document for programs.  Text that came from
 * outside may hold escape sequences; none of them reaches a terminal.
 */
#ifndef DS_APP_OUT_H
#define DS_APP_OUT_H

#include "app/app.h"
#include "json/member.h"
#include <stdarg.h>
#include <stdio.h>

#define DS_DOC_MAX (512 * DS_MIB) /* of one JSON document */

/* The text without control characters (each becomes "?", line breaks and tabs a blank); the text
 * itself where it has none. */
const char *ds_safe(ds_arena *a, const char *text);
/* The same, cut to `most` characters with "..." at the end. */
const char *ds_safe_cut(ds_arena *a, const char *text, size_t most);
size_t ds_text_width(const char *text); /* characters */

const char *ds_count_text(ds_arena *a, int64_t n); /* "12,345" */
const char *ds_bytes_text(ds_arena *a, int64_t n); /* "1.5 MiB" */

/* What is said to people, as text whatever was put in; cut at a kilobyte. */
const char *ds_said(ds_arena *a, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

typedef enum ds_color { DS_PLAIN, DS_BOLD, DS_DIM, DS_RED, DS_GREEN, DS_YELLOW } ds_color;
const char *ds_paint(const ds_app *app, ds_color color); /* "" where colours are off */

#define DS_TABLE_COLUMNS 16
typedef struct ds_table {
    ds_arena *arena;
    const char *const *heads;
    size_t columns;
    const char **cells; /* rows * columns */
    ds_color *colors;   /* of a row's first cell */
    size_t rows, cap;
} ds_table;

void ds_table_init(ds_table *t, ds_arena *a, const char *const *heads, size_t columns);
/* Cells are made safe and copied; a NULL cell shows "-". */
void ds_table_row(ds_table *t, ds_color color, const char *const *cells);
void ds_table_print(const ds_table *t, const ds_app *app);

/* Prints the finished document; 0 or an exit code. */
int ds_out_doc(const ds_app *app, const ds_buf *doc);
ds_json_writer ds_out_writer(ds_buf *doc); /* indented where stdout is a terminal */

/* More members, beside those of json/member.h. */
void ds_w_time(ds_json_writer *w, const char *name, int64_t at_ms); /* 0: null */
void ds_w_seconds(ds_json_writer *w, const char *name, int64_t ms);
/* One pass, as `once` and `history` show it. */
void ds_w_run(ds_json_writer *w, const ds_run_row *run, bool times);

#endif
