/* src/connectors/postgresql/put.c
 *
 * Rows of one kind: as new ones, as ones that are there, and once more where what they were refused
 * for may be over: a unique value that another row of the batch has had until it was written
 * itself. Positions that move up by one need no more than that, the last row first.  Names that
 * change places go in a circle: there the column is emptied first, in all rows of it.
 */
#include "connectors/postgresql/writer.h"

#define MESSAGE_MAX (16 * DS_MIB) /* of keys */

/* ---- new or not ------------------------------------------------------------------------------ */

/* Puts the rows in front that had no answer; returns how many. */
static size_t unanswered(ds_pg_row **rows, size_t n)
{
    size_t left = 0;

    for (size_t i = 0; i < n; i++) {
        if (!rows[i]->done)
            rows[left++] = rows[i];
    }
    return left;
}

/* An insert can be refused for what only a new row needs (a column of the table's own that must not
 * be null, a trigger) although the row is there: then it is met like any other. */
static void take_back_refusals(ds_pg_row **rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        rows[i]->refused = rows[i]->write->outcome == DS_OUT_HELD ? rows[i]->write->reason : NULL;
        rows[i]->done &= !rows[i]->refused;
    }
}

static void close_open_ones(ds_pg_row **rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ds_pg_row *row = rows[i];

        if (!row->done)
            ds_pg_hold(row, row->refused ? row->refused : DS_PG_IGNORED);
        else if (row->write->outcome != DS_OUT_HELD)
            row->write->reason = NULL;
    }
}

bool ds_pg_put_new(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n, ds_err *err)
{
    size_t left;

    if (!ds_pg_insert_rows(w, p, rows, n, err))
        return false;
    take_back_refusals(rows, n);
    left = unanswered(rows, n);
    if (!ds_pg_meet_rows(w, p, rows, left, err))
        return false;
    close_open_ones(rows, left);
    return true;
}

/* Those that were not there may be made by another route before they are made here. */
bool ds_pg_put_known(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n, ds_err *err)
{
    size_t left;

    if (!ds_pg_meet_rows(w, p, rows, n, err))
        return false;
    left = unanswered(rows, n);
    return !left || ds_pg_put_new(w, p, rows, left, err);
}

/* ---- once more ------------------------------------------------------------------------------- */

static void open_again(ds_pg_row **rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        rows[i]->done = rows[i]->taken = false;
        rows[i]->write->outcome = DS_OUT_NONE;
        rows[i]->write->reason = NULL;
    }
}

static void turn_round(ds_pg_row **rows, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        ds_pg_row *other = rows[i];

        rows[i] = rows[n - 1 - i];
        rows[n - 1 - i] = other;
    }
}

bool ds_pg_is_taken(const ds_pg_row *row)
{
    return row->taken && row->write->outcome == DS_OUT_HELD;
}

/* Puts those in front that still are; returns how many. */
static size_t still_taken(ds_pg_row **rows, size_t n)
{
    size_t left = 0;

    for (size_t i = 0; i < n; i++) {
        if (ds_pg_is_taken(rows[i]))
            rows[left++] = rows[i];
    }
    return left;
}

/* ---- circles --------------------------------------------------------------------------------- */

enum { CIRCLES_MOST = 4 }; /* with fewer rows each time */

/* NULL: no column of the plan can be emptied for a moment. */
static const char *emptying_sql(const ds_pg_writer *w, const ds_pg_plan *p, ds_arena *a)
{
    DS_AUTO_BUF(sql, DS_PG_SQL_MAX);
    size_t n = 0;

    ds_buf_printf(&sql, "UPDATE %s AS t SET ", w->shape.sql);
    for (size_t i = 0; i < p->base.n; i++) {
        if (ds_sql_compares(&p->base, i) && p->columns[i]->may_be_emptied)
            ds_buf_printf(&sql, "%s%s = NULL", n++ ? ", " : "",
                          ds_sql_quoted(a, p->columns[i]->name));
    }
    ds_buf_printf(
        &sql, " FROM pg_catalog.unnest($1::pg_catalog.text[]) AS v (k) WHERE t.%s " DS_PG_EQ " %s",
        ds_sql_quoted(a, w->key_column->name), w->key_value);
    return n && !sql.overflow && !w->shape.has_own_mind ? ds_arena_strdup(a, sql.data) : NULL;
}

/* In the savepoint `circle`. *emptied false: something of the table's own stands against it. */
static bool empty_rows(ds_pg_writer *w, const char *sql, ds_pg_row **rows, size_t n, bool *emptied,
                       ds_err *err)
{
    DS_AUTO_BUF(keys, MESSAGE_MAX);
    const char *value;
    int length, format = 1;
    bool is_rows;
    ds_pg_statement run[] = {
        {.sql = "SAVEPOINT circle"},
        {.sql = "SAVEPOINT ds"},
        {.sql = sql, .n = 1, .values = &value, .lengths = &length, .formats = &format}};
    ds_pg_cell *cells = ds_arena_alloc(ds_activity_arena(w->db.act), n * sizeof(*cells));

    *emptied = false;
    for (size_t i = 0; i < n; i++)
        cells[i] = rows[i]->cells[0];
    if (!ds_pg_text_array(&keys, cells, n, 1))
        return ds_fail(err, DS_ERR_PERMANENT, "%zu keys are too many at once", n);
    value = keys.data;
    length = (int)keys.n;
    *emptied = ds_pg_run(&w->db, run, DS_COUNT(run), NULL, err);
    return *emptied || (ds_pg_is_rows_fault(w, &is_rows, err) && is_rows);
}

static bool leave_circle(ds_pg_writer *w, bool keep, ds_err *err)
{
    static const ds_pg_statement run[] = {{.sql = "ROLLBACK TO SAVEPOINT circle"},
                                          {.sql = "RELEASE SAVEPOINT circle"}};

    return ds_pg_run(&w->db, &run[keep], keep ? 1 : 2, NULL, err);
}

/* Those in front that were written; the others are held for what they were held for before. */
static size_t written(ds_pg_row **rows, size_t n)
{
    size_t left = 0;

    for (size_t i = 0; i < n; i++) {
        ds_pg_row *row = rows[i];

        if (row->write->outcome != DS_OUT_UPDATED)
            continue;
        rows[i] = rows[left];
        rows[left++] = row;
    }
    return left;
}

static void note_reasons(ds_pg_row **rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rows[i]->refused = rows[i]->write->reason;
}

static void hold_all(ds_pg_row **rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ds_pg_hold(rows[i], rows[i]->refused);
}

/* All of them or none: a row that cannot be written would stay empty. Those that are refused all
 * the same want what a row outside has; without them it is tried again. */
static bool put_circle(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n,
                       ds_err *err)
{
    const char *sql = emptying_sql(w, p, ds_activity_arena(w->db.act));

    note_reasons(rows, n);
    for (int nth = 0; sql && n > 1 && nth < CIRCLES_MOST; nth++) {
        bool emptied;
        size_t good;

        if (!empty_rows(w, sql, rows, n, &emptied, err))
            return false;
        if (!emptied)
            return leave_circle(w, false, err);
        open_again(rows, n);
        if (!ds_pg_meet_rows(w, p, rows, n, err))
            return false;
        good = written(rows, n);
        if (good == n)
            return leave_circle(w, true, err);
        hold_all(rows, n);
        if (!leave_circle(w, false, err))
            return false;
        n = good;
    }
    return true;
}

bool ds_pg_put_again(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n, ds_err *err)
{
    size_t before;

    do {
        before = n;
        turn_round(rows, n);
        open_again(rows, n);
        if (!ds_pg_put_known(w, p, rows, n, err))
            return false;
        n = still_taken(rows, n);
    } while (n && n < before);
    return put_circle(w, p, rows, n, err);
}
