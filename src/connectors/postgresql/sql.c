/* src/connectors/postgresql/sql.c
 *
 * The statements of a plan (beside COPY).  Each takes a whole batch: one array of text a column,
 * unnested into rows and cast to the column's type, so that whatever the type is the value travels
 * one way.  In outline (every name is written with its schema, see conn.h):
 *
 *   INSERT INTO s.t AS t (key, a) SELECT v.k, v.c2::numeric FROM the arrays AS v (k, c2)
 *     ON CONFLICT (key) DO NOTHING RETURNING t.key::text
 *
 *   WITH v AS (SELECT ... WITH ORDINALITY AS v (k, c2, o)), u AS (UPDATE s.t AS t
 *     SET a = v.c2::numeric FROM v WHERE t.key = v.k AND (t.a differs from v.c2::numeric)
 *     RETURNING v.o, false AS wrong) SELECT v.o, u.o IS NOT NULL, coalesce(u.wrong, false) FROM v
 *     JOIN s.t AS t ON t.key = v.k LEFT JOIN u ON u.o = v.o
 *
 * ON CONFLICT DO UPDATE in one statement would lock, and so write, each row that it leaves as it
 * is.
 */
#include "connectors/postgresql/writer.h"

#include <string.h>

#define BYTES "COLLATE pg_catalog.\"C\"" /* one after the other, whatever the language */

/* ---- types ----------------------------------------------------------------------------------- */

/* Text is taken as it is: an explicit cast to varchar(3) would cut it, the assignment refuses. */
const char *ds_pg_as_type(const ds_pg_column *c, const char *value, ds_arena *a)
{
    if (c->type.kind == DS_PG_TEXT && c->type.oid != DS_PG_BPCHAR)
        return value;
    return ds_arena_printf(a, "%s::%s", value, c->type.name);
}

/* In pg_catalog. */
static bool has_equality(ds_pg_kind kind)
{
    return kind != DS_PG_OTHER && kind != DS_PG_JSON && kind != DS_PG_ARRAY;
}

static bool rounds(ds_pg_kind kind)
{
    return kind == DS_PG_NUMERIC || kind == DS_PG_TIMESTAMP || kind == DS_PG_TIMESTAMPTZ ||
           kind == DS_PG_OTHER;
}

/* Compared as the column would keep it: numeric(10,2) and timestamp(0) round. Types without an
 * equality of their own, or with one that says more than it knows (citext, box), go by their text.
 * IS DISTINCT FROM would take whatever `=` it meets first. */
static void add_differs(ds_buf *sql, const ds_pg_column *c, const char *value, ds_arena *a)
{
    const ds_pg_type *t = &c->type;
    const char *name = ds_sql_quoted(a, c->name);
    const char *kept = rounds(t->kind) || (t->kind == DS_PG_ARRAY && rounds(t->element))
                           ? ds_arena_printf(a, "%s::%s", value, c->declared)
                           : ds_pg_as_type(c, value, a);
    const char *as_text = "";

    if (t->kind == DS_PG_TEXT && t->oid != DS_PG_BPCHAR)
        as_text = "::pg_catalog.text " BYTES;
    else if (!has_equality(t->kind) && !(t->kind == DS_PG_ARRAY && has_equality(t->element)))
        as_text = "::pg_catalog.text";
    ds_buf_printf(sql,
                  "coalesce(t.%s%s " DS_PG_NE " %s%s, (t.%s IS NULL) " DS_PG_NE " (%s IS NULL))",
                  name, as_text, kept, as_text, name, kept);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static const char *param(ds_arena *a, int number)
{
    return ds_arena_printf(a, "v.c%d", number);
}

static void add_arrays(ds_buf *sql, const ds_pg_plan *p, const char *more)
{
    ds_buf_text(sql, "ROWS FROM (");
    for (size_t i = 1; i <= p->params_n; i++)
        ds_buf_printf(sql, "%spg_catalog.unnest($%zu::pg_catalog.text[])", i > 1 ? ", " : "", i);
    ds_buf_printf(sql, ")%s AS v (k", *more ? " WITH ORDINALITY" : "");
    for (size_t i = 2; i <= p->params_n; i++)
        ds_buf_printf(sql, ", c%zu", i);
    ds_buf_printf(sql, "%s)", more);
}

static void add_insert(const ds_pg_writer *w, const ds_pg_plan *p, ds_buf *sql, ds_arena *a)
{
    const char *key = ds_sql_quoted(a, w->key_column->name);

    ds_buf_printf(sql, "INSERT INTO %s AS t (%s", w->shape.sql, key);
    for (size_t i = 0; i < p->base.n; i++) {
        if (p->base.params[i])
            ds_buf_printf(sql, ", %s", ds_sql_quoted(a, p->columns[i]->name));
    }
    ds_buf_printf(sql, ") SELECT %s", w->key_value);
    for (size_t i = 0; i < p->base.n; i++) {
        if (p->base.params[i])
            ds_buf_printf(sql, ", %s",
                          ds_pg_as_type(p->columns[i], param(a, p->base.params[i]), a));
    }
    ds_buf_text(sql, " FROM ");
    add_arrays(sql, p, "");
    ds_buf_printf(sql, " ON CONFLICT (%s) DO NOTHING RETURNING t.%s::pg_catalog.text", key, key);
}

static void add_copy(const ds_pg_writer *w, const ds_pg_plan *p, ds_buf *sql, ds_arena *a)
{
    ds_buf_printf(sql, "COPY %s (%s", w->shape.sql, ds_sql_quoted(a, w->key_column->name));
    for (size_t i = 0; i < p->base.n; i++) {
        if (p->base.params[i])
            ds_buf_printf(sql, ", %s", ds_sql_quoted(a, p->columns[i]->name));
    }
    ds_buf_text(sql, ") FROM STDIN");
}

static void add_any_differs(const ds_pg_plan *p, ds_buf *sql, ds_arena *a)
{
    const char *before = "(";

    for (size_t i = 0; i < p->base.n; i++) {
        if (!ds_sql_compares(&p->base, i))
            continue;
        ds_buf_text(sql, before);
        add_differs(sql, p->columns[i], param(a, p->base.params[i]), a);
        before = " OR ";
    }
    ds_buf_text(sql, ")");
}

static void add_update(const ds_pg_writer *w, const ds_pg_plan *p, ds_buf *sql, ds_arena *a)
{
    const char *before = "", *key = ds_sql_quoted(a, w->key_column->name);

    ds_buf_printf(sql, "UPDATE %s AS t SET ", w->shape.sql);
    for (size_t i = 0; i < p->base.n; i++) {
        if (!ds_sql_updates(&p->base, i))
            continue;
        ds_buf_printf(sql, "%s%s = %s", before, ds_sql_quoted(a, p->columns[i]->name),
                      ds_pg_as_type(p->columns[i], param(a, p->base.params[i]), a));
        before = ", ";
    }
    ds_buf_printf(sql, " FROM v WHERE t.%s " DS_PG_EQ " %s AND ", key, w->key_value);
    add_any_differs(p, sql, a);
    ds_buf_text(sql, " RETURNING v.o, ");
    if (w->shape.has_own_mind)
        ds_buf_printf(sql, "coalesce(t.%s " DS_PG_NE " %s, true) AS wrong", key, w->key_value);
    else
        ds_buf_text(sql, "false AS wrong");
}

/* Wrong: an update gave the row another key; or there was none, although something differs. */
static void add_meet(const ds_pg_writer *w, const ds_pg_plan *p, ds_buf *sql, ds_arena *a)
{
    bool any = false;

    for (size_t i = 0; i < p->base.n; i++)
        any |= ds_sql_compares(&p->base, i);
    ds_buf_text(sql, "WITH v AS (SELECT * FROM ");
    add_arrays(sql, p, ", o");
    ds_buf_text(sql, any ? "), u AS (" : ")");
    if (any) {
        add_update(w, p, sql, a);
        ds_buf_text(sql, ")");
    }
    ds_buf_text(sql,
                any ? " SELECT v.o, u.o IS NOT NULL, coalesce(u.wrong, " : " SELECT v.o, false, (");
    if (any && w->shape.has_own_mind)
        add_any_differs(p, sql, a);
    else
        ds_buf_text(sql, "false");
    ds_buf_printf(sql, ") FROM v JOIN %s AS t ON t.%s " DS_PG_EQ " %s%s", w->shape.sql,
                  ds_sql_quoted(a, w->key_column->name), w->key_value,
                  any ? " LEFT JOIN u ON u.o " DS_PG_EQ " v.o" : "");
}

void ds_pg_plan_sql(const ds_pg_writer *w, ds_pg_plan *p)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO_BUF(insert, DS_PG_SQL_MAX);
    DS_AUTO_BUF(copy, DS_PG_SQL_MAX);
    DS_AUTO_BUF(meet, DS_PG_SQL_MAX);

    add_insert(w, p, &insert, a);
    add_copy(w, p, &copy, a);
    add_meet(w, p, &meet, a);
    p->insert = insert.overflow ? NULL : ds_strdup(insert.data);
    p->copy = copy.overflow ? NULL : ds_strdup(copy.data);
    p->meet = meet.overflow ? NULL : ds_strdup(meet.data);
}
