/* src/connectors/postgresql/copy.c
 *
 * New rows by COPY, which costs the server half of what an INSERT does, and which it works on while
 * the next rows are still being made ready.  COPY knows no ON CONFLICT: where one row is there
 * already, or is refused, the batch is rolled back to its savepoint and written the longer way,
 * which finds out about each row.  The more often that happens, the less often COPY is tried.
 */
#include "connectors/postgresql/writer.h"

#include <string.h>

enum { ROWS_LEAST = 16, WAIT_MOST = 1024 };

#define PIECE (32 * DS_KIB)    /* sent at once */
#define ROW_MAX (128 * DS_MIB) /* as COPY spells it */
#define KEPT_MAX (DS_MIB)      /* of the buffer, from batch to batch */

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

/* ---- a batch --------------------------------------------------------------------------------- */

bool ds_pg_copy_is_worth_it(ds_pg_writer *w, size_t n)
{
    if (n < ROWS_LEAST || !w->shape.plain || w->shape.leaves_traces || w->look_first)
        return false;
    if (w->copy_wait == 0)
        return true;
    w->copy_wait--;
    return false;
}

bool ds_pg_copy_begin(ds_pg_writer *w, const ds_pg_plan *p, ds_err *err)
{
    ds_buf_clear(&w->copy_data);
    w->copy_data.max = ROW_MAX;
    return ds_pg_copy_open(&w->db, p->copy, err);
}

void ds_pg_copy_add(ds_pg_writer *w, const ds_pg_plan *p, const ds_pg_row *row)
{
    add_row(&w->copy_data, row, p->params_n);
    if (w->copy_data.n < PIECE || w->copy_data.overflow)
        return;
    ds_pg_copy_put(&w->db, &w->copy_data);
    ds_buf_clear(&w->copy_data);
}

static void settle(ds_pg_row **rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        rows[i]->done = true;
        rows[i]->write->outcome = DS_OUT_CREATED;
    }
}

static void try_later(ds_pg_writer *w)
{
    w->copy_every = DS_MIN(DS_MAX(w->copy_every * 2, 1), WAIT_MOST);
    w->copy_wait = w->copy_every;
}

bool ds_pg_copy_end(ds_pg_writer *w, ds_pg_row **rows, size_t n, ds_err *err)
{
    int64_t made = 0;
    bool is_rows, ok;

    ds_pg_copy_put(&w->db, &w->copy_data);
    ok = ds_pg_copy_close(&w->db, w->copy_data.overflow ? "too large" : NULL, &made, err);
    if (w->copy_data.cap > KEPT_MAX)
        ds_buf_fini(&w->copy_data);
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
