/* src/connectors/postgresql/batch.c
 *
 * Many rows in one statement, in a savepoint.  When the server refuses it for what is in a row, the
 * batch is halved until the row is alone: n rows with k bad ones take about k times log n
 * statements, and the good ones are written all the same.
 */
#include "connectors/postgresql/writer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX (256 * DS_MIB) /* the server takes 1 GiB */

enum { OID_TEXT = 25, OID_TEXT_ARRAY = 1009 };

/* ---- parameters ------------------------------------------------------------------------------ */

static void add_number(ds_buf *b, size_t number)
{
    uint32_t wire = htonl((uint32_t)number);

    ds_buf_add(b, &wire, sizeof(wire));
}

static void add_cell(ds_buf *b, const ds_pg_cell *cell)
{
    add_number(b, cell->text ? cell->n : UINT32_MAX);
    if (cell->text)
        ds_buf_add(b, cell->text, cell->n);
}

static void begin_array(ds_buf *b, size_t n)
{
    ds_buf_clear(b);
    add_number(b, n ? 1 : 0); /* dimensions */
    add_number(b, 1);         /* there may be nulls */
    add_number(b, OID_TEXT);
    if (!n)
        return;
    add_number(b, n);
    add_number(b, 1); /* the first index */
}

bool ds_pg_text_array(ds_buf *out, const ds_pg_cell *cells, size_t n, size_t stride)
{
    begin_array(out, n);
    for (size_t i = 0; i < n; i++)
        add_cell(out, &cells[i * stride]);
    return !out->overflow;
}

#define KEPT_MAX (DS_MIB) /* of a buffer that waits for the next batch */

typedef struct params {
    const char **values;
    int *lengths, *formats;
    Oid *types;
    size_t n;
} params;

static void make_arrays(ds_pg_writer *w, size_t n)
{
    if (n <= w->arrays_n)
        return;
    w->arrays = ds_realloc(w->arrays, n, sizeof(*w->arrays));
    for (; w->arrays_n < n; w->arrays_n++)
        ds_buf_init(&w->arrays[w->arrays_n], MESSAGE_MAX);
}

void ds_pg_arrays_free(ds_pg_writer *w)
{
    for (size_t i = 0; i < w->arrays_n; i++)
        ds_buf_fini(&w->arrays[i]);
    free(w->arrays);
    w->arrays = NULL;
    w->arrays_n = 0;
}

static void release_large_arrays(ds_pg_writer *w)
{
    for (size_t i = 0; i < w->arrays_n; i++) {
        if (w->arrays[i].cap > KEPT_MAX || w->arrays[i].overflow)
            ds_buf_fini(&w->arrays[i]);
    }
}

/* false: it is larger than a message may be. The arrays are the writer's, and live on. */
static bool params_fill(ds_pg_writer *w, params *p, size_t n, ds_pg_row **rows, size_t rows_n)
{
    ds_arena *a = ds_activity_arena(w->db.act);
    size_t total = 0;

    make_arrays(w, n);
    *p = (params){.values = ds_arena_alloc(a, n * sizeof(char *)),
                  .lengths = ds_arena_alloc(a, n * sizeof(int)),
                  .formats = ds_arena_alloc(a, n * sizeof(int)),
                  .types = ds_arena_alloc(a, n * sizeof(Oid)),
                  .n = n};
    for (size_t i = 0; i < n; i++) {
        ds_buf *b = &w->arrays[i];

        begin_array(b, rows_n);
        for (size_t r = 0; r < rows_n; r++)
            add_cell(b, &rows[r]->cells[i]);
        total += b->n;
        if (b->overflow || total > MESSAGE_MAX)
            return false;
        p->values[i] = b->data;
        p->lengths[i] = (int)b->n;
        p->formats[i] = 1;
        p->types[i] = OID_TEXT_ARRAY;
    }
    return true;
}

/* ---- whose fault ----------------------------------------------------------------------------- */

/* Classes of SQLSTATE that are no row's fault; all others are, those that a trigger makes up among
 * them. */
static const char *const batch_classes[] = {"08", "0B", "25", "26", "28", "2D", "3D",
                                            "40", "53", "55", "57", "58", "F0", "XX"};

/* These may mean that the table is not what it was, or that a trigger has the same trouble. */
static bool is_doubtful(const char *code)
{
    return strncmp(code, "42", 2) == 0 || strncmp(code, "3F", 2) == 0;
}

static bool same_columns(const ds_pg_table *a, const ds_pg_table *b)
{
    for (size_t i = 0; i < a->columns_n; i++) {
        const ds_pg_column *was = &a->columns[i], *is = ds_pg_column_named(b, was->name);

        if (!is || strcmp(is->declared, was->declared) != 0 || is->unique != was->unique ||
            ds_pg_is_writable(is) != ds_pg_is_writable(was) || is->may_select != was->may_select)
            return false;
    }
    return true;
}

bool ds_pg_is_rows_fault(ds_pg_writer *w, bool *is, ds_err *err)
{
    const char *code = w->db.said.code;
    ds_pg_said said = w->db.said;
    ds_pg_table now;

    *is = false;
    if (!*code || !w->db.handle)
        return true;
    for (size_t i = 0; i < DS_COUNT(batch_classes); i++) {
        if (strncmp(code, batch_classes[i], 2) == 0)
            return true;
    }
    if (!ds_pg_exec(&w->db, "ROLLBACK TO SAVEPOINT ds", err))
        return false;
    *is = true;
    if (is_doubtful(said.code)) {
        if (!ds_pg_table_read(&w->db, w->schema, w->name, ds_activity_arena(w->db.act), &now, err))
            return false;
        *is = now.oid == w->shape.oid && same_columns(&w->shape, &now);
        if (!*is)
            return ds_fail(err, DS_ERR_TRANSIENT,
                           "%s: %s: the table was changed meanwhile: the "
                           "next pass looks again",
                           w->db.at, said.words);
    }
    w->db.said = said;
    return true;
}

/* ---- one statement --------------------------------------------------------------------------- */

typedef enum ran { RAN, REFUSED, FAILED } ran;

/* Another row has the value: of a unique index, of an exclusion. */
static bool is_taken(const char *code)
{
    return strcmp(code, "23505") == 0 || strcmp(code, "23P01") == 0;
}

static const char other_key[] = "a trigger of the table's own gives this row another key";

void ds_pg_hold(ds_pg_row *row, const char *reason)
{
    row->done = true;
    row->write->outcome = DS_OUT_HELD;
    row->write->reason = reason;
}

/* Where triggers may do what nobody wants the savepoint is kept until that is known. */
static ran run(ds_pg_writer *w, const char *sql, const params *p, PGresult **out, ds_err *err)
{
    size_t n = w->shape.has_own_mind ? 2 : 3;
    const ds_pg_statement guarded[] = {
        {.sql = "SAVEPOINT ds"},
        {.sql = sql,
         .what = ds_arena_printf(ds_activity_arena(w->db.act), "write %s", w->table),
         .n = (int)p->n,
         .values = p->values,
         .lengths = p->lengths,
         .formats = p->formats,
         .types = p->types},
        {.sql = "RELEASE SAVEPOINT ds"},
    };
    PGresult *results[3] = {NULL};
    bool is_rows;

    if (ds_pg_run(&w->db, guarded, n, results, err)) {
        PQclear(results[0]);
        PQclear(results[2]);
        *out = results[1];
        return RAN;
    }
    return ds_pg_is_rows_fault(w, &is_rows, err) && is_rows ? REFUSED : FAILED;
}

/* REFUSED: for what is in the rows; db.said has the words. */
static ran attempt(ds_pg_writer *w, const char *sql, size_t params_n, ds_pg_row **rows, size_t n,
                   PGresult **out, ds_err *err)
{
    params p;
    bool fits = params_fill(w, &p, params_n, rows, n);
    ran how = REFUSED;

    *out = NULL;
    w->db.said = (ds_pg_said){.words = "the record is too large for one statement"};
    if (fits)
        how = run(w, sql, &p, out, err);
    release_large_arrays(w);
    return how;
}

/* What an answer means for the rows that were sent. false: a row has got another key. */
typedef bool settle_fn(const PGresult *res, ds_pg_row **rows, size_t n);

static void forget_answers(ds_pg_row **rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        rows[i]->done = false;
        rows[i]->write->outcome = DS_OUT_NONE;
    }
}

/* A row that only a trigger knows by its key would come again, and again be made: it must not stay.
 */
static ran take_answers(ds_pg_writer *w, const PGresult *res, ds_pg_row **rows, size_t n,
                        settle_fn *settle, ds_err *err)
{
    bool good = settle(res, rows, n);

    if (!w->shape.has_own_mind)
        return RAN;
    if (!ds_pg_exec(&w->db, good ? "RELEASE SAVEPOINT ds" : "ROLLBACK TO SAVEPOINT ds", err))
        return FAILED;
    if (good)
        return RAN;
    forget_answers(rows, n);
    w->db.said = (ds_pg_said){0};
    snprintf(w->db.said.words, sizeof(w->db.said.words), "%s", other_key);
    return REFUSED;
}

static bool run_rows(ds_pg_writer *w, const char *sql, const ds_pg_plan *p, ds_pg_row **rows,
                     size_t n, settle_fn *settle, ds_err *err)
{
    DS_AUTO(PGresult) res = NULL;
    ran how = n ? attempt(w, sql, p->params_n, rows, n, &res, err) : REFUSED;

    if (how == RAN)
        how = take_answers(w, res, rows, n, settle, err);
    if (how == FAILED)
        return false;
    if (how == REFUSED && n == 1) {
        ds_pg_hold(rows[0], ds_arena_strdup(ds_activity_arena(w->db.act), w->db.said.words));
        rows[0]->taken = is_taken(w->db.said.code);
    }
    if (how == REFUSED && n > 1)
        return run_rows(w, sql, p, rows, n / 2, settle, err) &&
               run_rows(w, sql, p, rows + n / 2, n - n / 2, settle, err);
    return true;
}

/* ---- what the answers say -------------------------------------------------------------------- */

/* Keys of the rows that were made, in the order they were sent in. */
static bool settle_insert(const PGresult *res, ds_pg_row **rows, size_t n)
{
    size_t at = 0;

    for (int i = 0; i < PQntuples(res); i++) {
        const char *key = PQgetvalue(res, i, 0);

        while (at < n && strcmp(rows[at]->write->key, key) != 0)
            at++;
        if (at == n)
            return false;
        rows[at]->done = true;
        rows[at++]->write->outcome = DS_OUT_CREATED;
    }
    return true;
}

static bool settle_meet(const PGresult *res, ds_pg_row **rows, size_t n)
{
    for (int i = 0; i < PQntuples(res); i++) {
        size_t number = strtoul(PQgetvalue(res, i, 0), NULL, 10);
        bool updated, wrong;

        if (number < 1 || number > n)
            continue;
        updated = *PQgetvalue(res, i, 1) == 't';
        wrong = *PQgetvalue(res, i, 2) == 't';
        if (updated && wrong)
            return false;
        rows[number - 1]->done = true;
        rows[number - 1]->write->outcome = updated ? DS_OUT_UPDATED : DS_OUT_UNCHANGED;
        if (wrong)
            ds_pg_hold(rows[number - 1], DS_PG_IGNORED);
    }
    return true;
}

bool ds_pg_insert_rows(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n,
                       ds_err *err)
{
    return run_rows(w, p->insert, p, rows, n, settle_insert, err);
}

bool ds_pg_meet_rows(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row **rows, size_t n, ds_err *err)
{
    return run_rows(w, p->meet, p, rows, n, settle_meet, err);
}
