/* src/pgstore/batch.c
 *
 * Many rows for one INSERT travel as arrays, one a column: the server plans and runs one statement
 * instead of thousands.  That is half the time of a first pass.
 *
 * Who wants to know which rows were made (ON CONFLICT DO NOTHING) nearly always hears: all.  Where
 * that is not so the batch is undone, and its rows are tried one by one.
 */
#include "pgstore/internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MAX = 4096, OID_BYTEA = 17, OID_INT8 = 20 };
#define COLUMN_MAX (64 * DS_MIB)
#define BYTES_MAX DS_MIB /* of all columns: then the batch leaves */

/* INSERT INTO t(...) VALUES(?1, ..., ?n) and nothing behind it but ON CONFLICT DO NOTHING. NULL: it
 * is another kind of statement. */
char *ds_pgs_batch_text(const char *text, int n)
{
    static const char values[] = " VALUES(";
    const char *at = strstr(text, values), *rest = at;
    DS_AUTO_BUF(out, DS_MIB);

    if (!at || strncmp(text, "INSERT INTO ", 12) != 0)
        return NULL;
    rest += strlen(values);
    ds_buf_printf(&out, "%.*s SELECT * FROM unnest(", (int)(at - text), text);
    for (int i = 1; i <= n; i++) {
        char param[16];
        int length = snprintf(param, sizeof param, "%s$%d", i > 1 ? ", " : "", i);

        if (strncmp(rest, param, (size_t)length) != 0)
            return NULL;
        rest += length;
        ds_buf_text(&out, param);
    }
    if (strcmp(rest, ")") != 0 && strcmp(rest, ") ON CONFLICT DO NOTHING") != 0)
        return NULL;
    ds_buf_text(&out, rest);
    return ds_strdup(out.data);
}

static Oid array_of(Oid type)
{
    return type == OID_INT8 ? 1016 : type == OID_BYTEA ? 1001 : 1009;
}

/* ---- rows in --------------------------------------------------------------------------------- */

static void add_number(ds_buf *out, uint32_t value)
{
    const char bytes[] = {(char)(value >> 24), (char)(value >> 16), (char)(value >> 8),
                          (char)value};

    ds_buf_add(out, bytes, sizeof bytes);
}

/* The head of an array in its binary form; the count of its elements is filled in at the end. */
static void begin_column(ds_buf *column, Oid type)
{
    add_number(column, 1); /* dimension */
    add_number(column, 1); /* there may be nulls */
    add_number(column, type);
    add_number(column, 0);
    add_number(column, 1); /* the first one's number */
}

#define COUNT_AT 12
#define HEAD_BYTES 20

bool ds_pgs_batch_add(ds_pgs_stmt *st, int64_t *changes, ds_err *err)
{
    ds_pgs_batch *b = &st->db->batch;
    size_t bytes = 0;

    if (b->st != st && !ds_pgs_batch_send(st->db, err))
        return false;
    if (!b->st)
        b->changes = ds_calloc(ROWS_MAX, sizeof(*b->changes));
    for (int i = 0; i < st->n; i++) {
        ds_buf *column = &b->columns[i];

        if (!b->st) {
            ds_buf_init(column, COLUMN_MAX);
            begin_column(column, st->types[i]);
        }
        add_number(column, st->values[i] ? (uint32_t)st->lengths[i] : UINT32_MAX);
        if (st->values[i])
            ds_buf_add(column, st->values[i], (size_t)st->lengths[i]);
        bytes += column->n;
        if (!ds_buf_ok(column, "rows for the store", err))
            return false;
    }
    b->st = st;
    b->counted |= changes != NULL;
    b->changes[b->rows++] = changes;
    return (b->rows < ROWS_MAX && bytes < BYTES_MAX) || ds_pgs_batch_send(st->db, err);
}

/* ---- rows out -------------------------------------------------------------------------------- */

static uint32_t number_at(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The parameters of the next row, out of the columns. */
static void take_row(ds_pgs_batch *b, size_t at[DS_PGS_PARAMS_MAX])
{
    for (int i = 0; i < b->st->n; i++) {
        const char *element = b->columns[i].data + at[i];
        uint32_t n = number_at(element);

        b->st->values[i] = n == UINT32_MAX ? NULL : element + 4;
        b->st->lengths[i] = n == UINT32_MAX ? 0 : (int)n;
        at[i] += 4 + (n == UINT32_MAX ? 0 : n);
    }
}

static bool send_singly(ds_pgs_batch *b, ds_err *err)
{
    size_t at[DS_PGS_PARAMS_MAX] = {0};

    for (int i = 0; i < b->st->n; i++)
        at[i] = HEAD_BYTES;
    for (size_t row = 0; row < b->rows; row++) {
        take_row(b, at);
        if (!ds_pgs_send_one(b->st, (ds_pgs_due){.changes = b->changes[row]}, err))
            return false;
    }
    return true;
}

static bool send_arrays(ds_pgs_batch *b, int64_t *made, ds_err *err)
{
    ds_pgs *db = b->st->db;
    Oid types[DS_PGS_PARAMS_MAX];
    const char *values[DS_PGS_PARAMS_MAX];
    int lengths[DS_PGS_PARAMS_MAX], binary[DS_PGS_PARAMS_MAX];

    for (int i = 0; i < b->st->n; i++) {
        ds_buf *column = &b->columns[i];

        for (unsigned k = 0; k < 4; k++)
            column->data[COUNT_AT + k] = (char)(b->rows >> (24 - 8 * k));
        types[i] = array_of(b->st->types[i]);
        values[i] = column->data;
        lengths[i] = (int)column->n;
        binary[i] = 1;
    }
    db->wrote = true;
    if (!db->handle || !PQsendQueryParams(db->handle, b->st->batch_text, b->st->n, types, values,
                                          lengths, binary, 1))
        return ds_pgs_fail_lost(db, err);
    return ds_pgs_expect(db, (ds_pgs_due){.changes = made}, err);
}

static bool send_counted(ds_pgs_batch *b, ds_err *err)
{
    ds_pgs *db = b->st->db;
    int64_t made = 0;

    if (!ds_pgs_send(db, "SAVEPOINT batch", 0, NULL, (ds_pgs_due){0}, err) ||
        !send_arrays(b, &made, err) || !ds_pgs_settle(&db->base, err))
        return false;
    if ((size_t)made != b->rows)
        return ds_pgs_send(db, "ROLLBACK TO batch", 0, NULL, (ds_pgs_due){0}, err) &&
               send_singly(b, err);
    for (size_t row = 0; row < b->rows; row++) {
        if (b->changes[row])
            *b->changes[row] = 1;
    }
    return ds_pgs_send(db, "RELEASE batch", 0, NULL, (ds_pgs_due){0}, err);
}

bool ds_pgs_batch_send(ds_pgs *db, ds_err *err)
{
    ds_pgs_batch b = db->batch;
    bool ok = true;

    if (!b.st)
        return true;
    db->batch = (ds_pgs_batch){0}; /* what is sent below does not find it */
    if (b.rows < 4)
        ok = send_singly(&b, err);
    else
        ok = b.counted ? send_counted(&b, err) : send_arrays(&b, NULL, err);
    for (int i = 0; i < b.st->n; i++)
        ds_buf_fini(&b.columns[i]);
    free(b.changes);
    return ok;
}

void ds_pgs_batch_drop(ds_pgs *db)
{
    for (int i = 0; db->batch.st && i < db->batch.st->n; i++)
        ds_buf_fini(&db->batch.columns[i]);
    free(db->batch.changes);
    db->batch = (ds_pgs_batch){0};
}
