/* src/connectors/postgresql/guard.c
 *
 * Rows that are too large do not leave the server: libpq would take them into memory whole before
 * anybody could say no.  What is read then is
 *
 *   SELECT g.c1, CASE WHEN (g.size > 33554432) IS NOT TRUE THEN g.c2 END, g.size FROM
 *     (SELECT r.id, r.note, CASE WHEN octet_length(r.note) > 33554432 THEN octet_length(r.note)
 *      END FROM t AS r ORDER BY r.id OFFSET 0) AS g (c1, c2, size) ORDER BY g.c1
 *
 * where OFFSET keeps the size from being computed once for each column.  It takes two steps, since
 * only some types know how long they are as text without being turned into it: a value that may be
 * too large by what it takes on the disk is measured.
 *
 * A row of more than a page has its large values in the table's TOAST table: where that is small no
 * row can be too large, and the guard is left out.
 */
#include "connectors/postgresql/reader.h"

#include <stdlib.h>

#define SHORT_MAX                                                                                  \
    (64 * 1024) /* a column declared shorter than this is none that can be too large */
#define GROWTH ((size_t)1024) /* of a value on the disk, unpacked and written as text */
#define TOAST_MAX "131072"    /* bytes of packed values that are no 32 MiB unpacked */

enum { VARHDRSZ_OF_MOD = 4 }; /* in the length that varchar(n) has been declared with */

static bool is_wide(const ds_pg_type *t, int declared)
{
    switch (t->kind) {
    case DS_PG_TEXT:
        return t->oid != DS_PG_NAME &&
               (declared < VARHDRSZ_OF_MOD || declared - VARHDRSZ_OF_MOD > SHORT_MAX);
    case DS_PG_BYTEA:
    case DS_PG_JSON:
    case DS_PG_JSONB:
    case DS_PG_ARRAY:
        return true;
    case DS_PG_OTHER:
        return t->size < 0;
    case DS_PG_BOOL:
    case DS_PG_INT:
    case DS_PG_FLOAT:
    case DS_PG_NUMERIC:
    case DS_PG_DATE:
    case DS_PG_TIMESTAMP:
    case DS_PG_TIMESTAMPTZ:
    case DS_PG_UUID:
    case DS_PG_ENUM:
        break;
    }
    return false;
}

/* `most`: of this one, so that all together are not too large. */
static void add_test(ds_buf *sql, const ds_pg_type *t, const char *column, size_t most)
{
    const char *size = "octet_length";

    if (t->kind == DS_PG_BYTEA) {
        most = most / 2 - 1; /* two digits for each, behind \x */
    } else if (t->kind != DS_PG_TEXT) {
        size = "pg_column_size";
        most = most / GROWTH;
    }
    ds_buf_printf(sql, "pg_catalog.%s(%s) " DS_PG_GT " %zu", size, column, most);
}

static void add_measure(ds_buf *sql, const ds_pg_type *t, const char *column)
{
    const char *cast = t->kind == DS_PG_TEXT || t->kind == DS_PG_BYTEA ? "" : "::pg_catalog.text";
    const char *spelled = t->kind == DS_PG_BYTEA ? " " DS_PG_TIMES " 2 " DS_PG_PLUS " 2" : "";

    ds_buf_printf(sql, "coalesce(pg_catalog.octet_length(%s%s)::bigint%s, 0)", column, cast,
                  spelled);
}

/* CASE WHEN one may be too large THEN bytes of all that may END */
static const char *size_sql(const ds_pg_reader *r)
{
    DS_AUTO_BUF(test, DS_PG_SQL_MAX);
    DS_AUTO_BUF(sum, DS_PG_SQL_MAX);

    for (size_t i = 0; i < r->columns_n; i++) {
        const char *column = ds_arena_printf(r->arena, "durable_sync.%s", r->quoted[i]);

        if (!r->wide[i])
            continue;
        ds_buf_text(&test, test.n ? " OR " : "");
        add_test(&test, &r->types[i], column, DS_RECORD_MAX / r->wide_n);
        ds_buf_text(&sum, sum.n ? " " DS_PG_PLUS " " : "");
        add_measure(&sum, &r->types[i], column);
    }
    if (test.overflow || sum.overflow)
        return NULL;
    return ds_arena_printf(r->arena, "CASE WHEN %s THEN %s END", test.data, sum.data);
}

/* What is left of a row: too large, it has its narrow columns. */
static void add_outer(const ds_pg_reader *r, ds_buf *sql)
{
    for (size_t i = 0; i < r->columns_n; i++) {
        if (r->wide[i])
            ds_buf_printf(sql, "CASE WHEN (g.size " DS_PG_GT " %zu) IS NOT TRUE THEN g.c%zu END, ",
                          DS_RECORD_MAX, i + 1);
        else
            ds_buf_printf(sql, "g.c%zu, ", i + 1);
    }
    ds_buf_text(sql, "g.size");
}

static const char *column_list(const ds_pg_reader *r)
{
    DS_AUTO_BUF(list, DS_PG_SQL_MAX);

    for (size_t i = 0; i < r->columns_n; i++)
        ds_buf_printf(&list, "%sdurable_sync.%s", i ? ", " : "", r->quoted[i]);
    return list.overflow ? NULL : ds_arena_strdup(r->arena, list.n ? list.data : "");
}

bool ds_pg_guard_make(ds_pg_reader *r, const PGresult *shape, ds_err *err)
{
    const char *size = NULL;

    r->quoted = ds_arena_alloc(r->arena, (r->columns_n + 1) * sizeof(*r->quoted));
    r->wide = ds_arena_zalloc(r->arena, r->columns_n + 1);
    r->wide_n = 0;
    for (size_t i = 0; i < r->columns_n; i++) {
        r->quoted[i] = ds_sql_quoted(r->arena, r->names[i]);
        r->wide[i] = is_wide(&r->types[i], PQfmod(shape, (int)i));
        r->wide_n += r->wide[i];
    }
    r->list = column_list(r);
    if (r->wide_n)
        size = size_sql(r);
    r->size = size;
    return (r->list && !r->wide_n == !size) ||
           ds_fail(err, DS_ERR_CONFIG, "%s: the names of the columns are too long", r->db.at);
}

const char *ds_pg_guard_select(const ds_pg_reader *r, bool guarded, const char *tail,
                               const char *order, ds_arena *a)
{
    DS_AUTO_BUF(sql, 4 * DS_PG_SQL_MAX);

    if (!guarded || !r->wide_n)
        return ds_arena_printf(a, "SELECT %s FROM %s%s", r->list, r->from, tail);
    ds_buf_text(&sql, "SELECT ");
    add_outer(r, &sql);
    ds_buf_printf(&sql, " FROM (SELECT %s, %s FROM %s%s) AS g (", r->list, r->size, r->from, tail);
    for (size_t i = 0; i < r->columns_n; i++)
        ds_buf_printf(&sql, "c%zu, ", i + 1);
    ds_buf_printf(&sql, "size)%s", order);
    return ds_arena_strdup(a, sql.data);
}

const char *ds_pg_guard_key(const ds_pg_reader *r, ds_arena *a)
{
    return ds_arena_printf(a, "g.c%zu", r->key_at + 1);
}

size_t ds_pg_guard_size(const ds_pg_reader *r, const PGresult *res, int at)
{
    int column = (int)r->columns_n;

    if (PQnfields(res) <= column || PQgetisnull(res, at, column))
        return 0;
    return strtoull(PQgetvalue(res, at, column), NULL, 10);
}

/* A generated column that is kept nowhere may be of any size. */
const char ds_pg_guard_needed[] =
    "WITH RECURSIVE tree(oid) AS (SELECT pg_catalog.to_regclass($1)::pg_catalog.oid"
    " UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i"
    " JOIN tree AS t ON i.inhparent " DS_PG_EQ " t.oid)"
    " SELECT coalesce(pg_catalog.bool_or(NOT (c.relkind " DS_PG_EQ
    " ANY ('{r,p,m}'::pg_catalog.\"char\"[]))"
    " OR EXISTS (SELECT 1 FROM pg_catalog.pg_attribute AS a WHERE "
    "a.attrelid " DS_PG_EQ " c.oid AND a.attgenerated " DS_PG_EQ " 'v')), true)"
    " OR "
    "coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(c."
    "reltoastrelid)), 0) " DS_PG_GT " " TOAST_MAX " FROM tree JOIN pg_catalog.pg_class AS c ON "
    "c.oid " DS_PG_EQ " tree.oid";
