/* src/connectors/postgresql/stream.c
 *
 * All rows from a place on, in the order of the key: one statement of one read-only transaction,
 * whose rows come one at a time.  The server waits while nobody takes them, so memory is constant
 * on both sides and no page costs a statement of its own.
 */
#include "connectors/postgresql/reader.h"

#include <stdlib.h>
#include <string.h>

/* What stands in front of the rows: a statement that waits for us must not run into the limit that
 * is meant for the server's own work. How long it may be silent, ds_pg_rows_next watches. */
static bool begin(ds_pg_reader *r, ds_err *err)
{
    const char *values[] = {r->relation};
    const ds_pg_statement statements[] = {
        {.sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
        {.sql = "SET LOCAL statement_timeout = 0"},
        {.sql = ds_pg_guard_needed, .n = 1, .values = values},
    };
    size_t n = DS_COUNT(statements) - (r->relation ? 0 : 1);
    PGresult *results[DS_COUNT(statements)] = {NULL};

    if (!ds_pg_run(&r->db, statements, n, results, err))
        return false;
    r->guarded = !r->relation || *PQgetvalue(results[2], 0, 0) == 't';
    for (size_t i = 0; i < n; i++)
        PQclear(results[i]);
    return true;
}

static bool send(ds_pg_reader *r, const char *sql, const char *last, ds_arena *a, ds_err *err)
{
    const char **values = ds_arena_alloc(a, (r->since_n + 1) * sizeof(*values));
    ds_pg_statement s = {.sql = sql, .n = (int)r->since_n + (last != NULL), .values = values};

    ds_pg_since_values(r, values);
    values[r->since_n] = last;
    r->streaming = ds_pg_rows_begin(&r->db, &s, err);
    return r->streaming;
}

static bool send_nulls(ds_pg_reader *r, int64_t skip, ds_arena *a, ds_err *err)
{
    const char *tail =
        ds_arena_printf(a, " WHERE %s IS NULL OFFSET %lld", r->key_name, (long long)skip);

    r->then_nulls = false;
    return send(r, ds_pg_guard_select(r, r->guarded, tail, "", a), NULL, a, err);
}

/* Equal keys may have several spellings (1.1 and 1.10 of a numeric), which a cursor tells apart:
 * then they have an order of their own among themselves. */
static bool has_spellings(const ds_pg_reader *r)
{
    ds_pg_kind kind = r->types[r->key_at].kind;

    return kind == DS_PG_NUMERIC || kind == DS_PG_FLOAT || kind == DS_PG_OTHER ||
           kind == DS_PG_ARRAY || kind == DS_PG_JSONB;
}

static const char *spelling(const ds_pg_reader *r, const char *key, ds_arena *a)
{
    return has_spellings(r)
               ? ds_arena_printf(a, "%s::pg_catalog.text COLLATE pg_catalog.\"C\"", key)
               : "";
}

/* A row of several columns can be compared with another one, but not with a text: the server reads
 * none. Then its text is what counts. */
static bool by_text(const ds_pg_reader *r)
{
    return r->types[r->key_at].composite;
}

static const char *order_by(const ds_pg_reader *r, const char *key, ds_arena *a)
{
    const char *spelled = spelling(r, key, a);

    if (by_text(r))
        return ds_arena_printf(a, " ORDER BY %s", spelled);
    return ds_arena_printf(a, " ORDER BY %s%s%s", key, *spelled ? ", " : "", spelled);
}

static const char *from_on(const ds_pg_reader *r, ds_arena *a)
{
    const char *key = r->key_name, *spelled = spelling(r, key, a), *tie = "";
    const char *home = r->types[r->key_at].home;
    size_t n = r->since_n + 1;

    if (by_text(r))
        return ds_arena_printf(a, " WHERE %s " DS_PG_GE " $%zu::pg_catalog.text", spelled, n);
    if (*spelled)
        tie = ds_arena_printf(a,
                              " AND (%s OPERATOR(%s.>) $%zu OR %s " DS_PG_GE " $%zu"
                              "::pg_catalog.text)",
                              key, home, n, spelled, n);
    return ds_arena_printf(a, " WHERE %s OPERATOR(%s.>=) $%zu%s", key, home, n, tie);
}

/* Rows equal to the place come again: the caller knows which of them it has had. Without a place
 * those whose key is NULL are the last ones anyway. */
static bool send_rows(ds_pg_reader *r, const char *from_key, ds_arena *a, ds_err *err)
{
    const char *tail = ds_arena_printf(a, "%s%s OFFSET 0", from_key ? from_on(r, a) : "",
                                       order_by(r, r->key_name, a));
    const char *order = order_by(r, ds_pg_guard_key(r, a), a);

    r->then_nulls = from_key != NULL;
    return send(r, ds_pg_guard_select(r, r->guarded, tail, order, a), from_key, a, err);
}

bool ds_pg_stream_start(ds_pg_reader *r, const ds_pg_spot *at, ds_arena *a, ds_err *err)
{
    if (!begin(r, err))
        return false;
    if (*at->value == 'n')
        return send_nulls(r, at->skip, a, err);
    return send_rows(r, *at->value == 't' ? at->value + 1 : NULL, a, err);
}

bool ds_pg_stream_next(ds_pg_reader *r, ds_arena *a, PGresult **row, ds_err *err)
{
    while (r->streaming) {
        if (!ds_pg_rows_next(&r->db, row, err))
            return ds_pg_reader_fail(r, err);
        if (*row)
            return true;
        r->streaming = false;
        if (r->then_nulls && !send_nulls(r, 0, a, err))
            return false;
    }
    *row = NULL;
    return ds_pg_exec(&r->db, "COMMIT", err);
}
