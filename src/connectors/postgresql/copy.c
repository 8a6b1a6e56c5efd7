/* src/connectors/postgresql/copy.c
 *
 * New rows by COPY, which costs the server half of what an INSERT does.  It knows no ON CONFLICT:
 * where one row is there already, or is refused, the batch is rolled back to its savepoint and
 * written the longer way, which finds out about each row.  Tables that leave that to luck more
 * often are tried less often.
 */
#include "connectors/postgresql/writer.h"

#include <string.h>

enum { ROWS_LEAST = 16, WAIT_MOST = 1024 };

#define DATA_MAX (64 * DS_MIB)

/* ---- the text form --------------------------------------------------------------------------- */

static void add_text(ds_buf *out, const ds_pg_cell *cell)
{
    const char *at = cell->text, *end = at + cell->n;

    while (at < end) {
        size_t plain = strcspn(at, "\\\t\n\r");

        ds_buf_add(out, at, plain);
        at += plain;
        if (at == end)
            return;
        ds_buf_char(out, '\\');
        ds_buf_char(out, *at == '\t' ? 't' : *at == '\n' ? 'n' : *at == '\r' ? 'r' : '\\');
        at++;
    }
}

static void add_row(ds_buf *out, const ds_pg_row *row, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        if (i)
            ds_buf_char(out, '\t');
        if (row->cells[i].text)
            add_text(out, &row->cells[i]);
        else
            ds_buf_add(out, "\\N", 2);
    }
    ds_buf_char(out, '\n');
}

/* ---- trying it ------------------------------------------------------------------------------- */

static void try_later(ds_pg_writer *w)
{
    w->copy_every = DS_MIN(DS_MAX(w->copy_every * 2, 1), WAIT_MOST);
    w->copy_wait = w->copy_every;
}

static bool worth_trying(ds_pg_writer *w, size_t n)
{
    if (n < ROWS_LEAST || !w->shape.plain)
        return false;
    if (w->copy_wait == 0)
        return true;
    w->copy_wait--;
    return false;
}

static void settle(ds_pg_row **rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        rows[i]->done = true;
        rows[i]->write->outcome = DS_OUT_CREATED;
    }
}

/* Nothing is settled where it did not work out. false: the batch fails. */
bool ds_pg_copy_rows(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n, ds_err *err)
{
    ds_buf *data = &w->copy_data;
    int64_t made = 0;
    bool is_rows, ok;

    if (!worth_trying(w, n))
        return true;
    ds_buf_clear(data);
    data->max = DATA_MAX;
    if (!ds_pg_copy_begin(&w->db, p->copy, err))
        return false;
    for (size_t i = 0; i < n && !data->overflow; i++)
        add_row(data, rows[i], p->params_n);
    ok = ds_pg_copy_end(&w->db, data, &made, err);
    if (data->cap > 4 * DS_MIB)
        ds_buf_fini(data);
    if (!ok && (!ds_pg_is_rows_fault(w, &is_rows, err) || !is_rows))
        return false;
    if (ok && made == (int64_t)n) {
        w->copy_every = 0;
        settle(rows, n);
    } else {
        try_later(w);
    }
    return true;
}
