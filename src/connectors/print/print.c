/* src/connectors/print/print.c
 *
 * One line per write on standard output, to see what a route does or to feed a pipe:
 *
 *   create KEY {"Name":"x"}                                    format: text
 *   {"op":"create","key":"KEY","properties":{"Name":"x"}}      format: json
 *
 * A line once printed cannot be looked up again, so a create whose fate is unknown is left to a
 * person (promise C).
 */
#include "connectors/print/print.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef struct printer {
    ds_destination base;
    const char *format; /* setting */
    bool written;       /* since the last flush */
    uint64_t flushed;
    ds_buf line;
} printer;

static const ds_option options[] = {
    DS_OPT_CHOICE(printer, format, "text|json", "text", "how a write is printed"),
    DS_OPT_END,
};

#define LINE_MAX_BYTES (DS_RECORD_MAX * 6) /* escapes may take six bytes for one */

static const char *identity(const ds_destination *self, ds_arena *a)
{
    (void)self;
    (void)a;
    return "print:stdout";
}

static bool open_printer(ds_destination *self, ds_activity *act, const ds_open_in *in,
                         ds_open_out *out, ds_err *err)
{
    printer *p = (printer *)self;

    (void)act;
    (void)in;
    (void)err;
    ds_buf_init(&p->line, LINE_MAX_BYTES);
    *out = (ds_open_out){.continues = true, .exists = true, .rows = -1};
    return true;
}

static void close_printer(ds_destination *self)
{
    ds_buf_fini(&((printer *)self)->line);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const char *op_name(ds_op op)
{
    return op == DS_OP_CREATE ? "create" : "update";
}

static bool is_printed(const ds_write *row, size_t i)
{
    return row->op == DS_OP_CREATE || !row->how || row->how[i] != DS_HOW_ONLY_NEW;
}

static void put_properties(ds_json_writer *w, const ds_write *row)
{
    ds_json_w_begin_object(w);
    for (size_t i = 0; i < row->props_n; i++) {
        if (!is_printed(row, i))
            continue;
        ds_json_w_name(w, row->props[i].name);
        ds_json_w_value(w, row->props[i].value);
    }
    ds_json_w_end_object(w);
}

static void put_json(ds_buf *line, const ds_write *row)
{
    ds_json_writer w = ds_json_w(line, false);

    w.exact = true;
    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "op");
    ds_json_w_text(&w, op_name(row->op));
    ds_json_w_name(&w, "key");
    ds_json_w_text(&w, row->key);
    ds_json_w_name(&w, "properties");
    put_properties(&w, row);
    if (row->body) {
        ds_json_w_name(&w, "body");
        ds_json_w_text(&w, row->body);
    }
    ds_json_w_end_object(&w);
}

static void put_text(ds_buf *line, const ds_write *row)
{
    ds_json_writer w = ds_json_w(line, false);

    w.exact = true;
    ds_buf_printf(line, "%s %s ", op_name(row->op), row->key);
    put_properties(&w, row);
    if (row->body) {
        ds_json_writer body = ds_json_w(line, false);

        ds_buf_char(line, ' ');
        ds_json_w_text(&body, row->body);
    }
}

static bool fail_output(ds_err *err)
{
    return ds_fail(err, DS_ERR_PERMANENT, "write to standard output: %s", strerror(errno));
}

static bool print_row(printer *p, ds_write *row, ds_arena *a, ds_err *err)
{
    ds_buf_clear(&p->line);
    if (p->format && strcmp(p->format, "json") == 0)
        put_json(&p->line, row);
    else
        put_text(&p->line, row);
    ds_buf_char(&p->line, '\n');
    if (p->line.overflow) {
        row->outcome = DS_OUT_HELD;
        row->reason = ds_arena_printf(a, "the line is longer than %zu bytes", LINE_MAX_BYTES);
        p->line.overflow = false;
        return true;
    }
    if (fwrite(p->line.data, 1, p->line.n, stdout) != p->line.n)
        return fail_output(err);
    row->outcome = row->op == DS_OP_CREATE ? DS_OUT_CREATED : DS_OUT_UPDATED;
    p->written = true;
    return true;
}

static bool print_rows(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                       ds_err *err)
{
    printer *p = (printer *)self;

    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    ds_crashpoint("print: before a batch");
    for (size_t i = 0; i < n; i++) {
        if (!print_row(p, &writes[i], ds_activity_arena(act), err))
            return false;
    }
    ds_crashpoint("print: after a batch");
    return true;
}

/* The lines are the reader's when this returns; a pipe cannot be synced further than that. */
static bool flush(ds_destination *self, ds_activity *act, const char **generation, ds_err *err)
{
    printer *p = (printer *)self;

    if (!p->written)
        return true;
    if (fflush(stdout) != 0 || ferror(stdout))
        return fail_output(err);
    p->written = false;
    *generation = ds_arena_printf(ds_activity_arena(act), "%llu", (unsigned long long)++p->flushed);
    return true;
}

const ds_destination_ops ds_print_destination = {
    .kind = "print",
    .help = "one line per write on standard output",
    .abi = DS_CONNECTOR_ABI,
    .options = options,
    .instance_size = sizeof(printer),
    .promise = DS_PROMISE_C,
    .has_bodies = true,
    .identity = identity,
    .write = print_rows,
    .open = open_printer,
    .close = close_printer,
    .flush = flush,
    .finish = flush,
};
