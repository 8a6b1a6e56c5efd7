/* src/connectors/sqlite/plan.c
 *
 * What is the same for all records with the same properties: which column each goes to, and the two
 * statements that write them.
 *
 *   INSERT OR ABORT INTO t (key, a, b) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING
 *   UPDATE OR ABORT t SET a = ?2, b = ?3 WHERE key = ?1 AND (a IS NOT ?2 OR b IS NOT ?3)
 *
 * and, where triggers may ignore an update, one that tells whether it was needed.
 *
 * OR ABORT outranks whatever ON CONFLICT the table's own constraints say: REPLACE would delete rows
 * that are none of ours.  COLLATE BINARY makes "A" and "a" differ in a NOCASE column too.
 */
#include "connectors/sqlite/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES ((size_t)1024)

static void plan_free(ds_sqlite_plan *p)
{
    if (!p)
        return;
    ds_sql_plan_fini(&p->base);
    free(p->columns);
    sqlite3_finalize(p->insert);
    sqlite3_finalize(p->update);
    sqlite3_finalize(p->differs);
    free(p);
}

void ds_sqlite_plans_free(ds_sqlite_writer *w)
{
    for (size_t i = 0; i < w->plans.n; i++)
        plan_free((ds_sqlite_plan *)w->plans.items[i]);
    w->plans.n = 0;
}

static ds_sqlite_plan *plan_new(const ds_write *row)
{
    ds_sqlite_plan *p = ds_calloc(1, sizeof(*p));

    ds_sql_plan_init(&p->base, row);
    p->columns = ds_calloc(p->base.n, sizeof(*p->columns));
    return p;
}

/* ---- columns --------------------------------------------------------------------------------- */

/* A property no column is named after: makes one where columns come with the records. */
static bool new_column(ds_sqlite_writer *w, ds_sqlite_plan *p, const char *name, ds_err *err)
{
    const ds_column column = ds_sql_column_that_comes(&w->columns, name);
    int most = sqlite3_limit(w->db.handle, SQLITE_LIMIT_COLUMN, -1);

    if (strlen(name) > NAME_MAX_BYTES) {
        ds_sql_refuse(&p->base, "a property's name is %zu bytes long, the limit is %zu",
                      strlen(name), NAME_MAX_BYTES);
        return true;
    }
    if (w->shape.columns_n >= (size_t)most) {
        ds_sql_refuse(
            &p->base,
            "table \"%.100s\" has %d columns, no more fit: name the wanted ones in `fields`",
            w->table, most);
        return true;
    }
    if (ds_sqlite_add_column(w, name, ds_sqlite_type_for(&column), err))
        return true;
    if ((sqlite3_errcode(w->db.handle) & 0xff) != SQLITE_ERROR)
        return false;
    ds_sql_refuse(&p->base, "no column \"%.100s\" can be added: %s", name,
                  sqlite3_errmsg(w->db.handle));
    return true;
}

static bool is_taken(const ds_sqlite_plan *p, size_t n, const char *column)
{
    for (size_t i = 0; i < n; i++) {
        if (p->base.params[i] && strcmp(p->columns[i].name, column) == 0)
            return true;
    }
    return false;
}

/* Gives property `i` its column, or leaves it out. */
static bool place(ds_sqlite_writer *w, ds_sqlite_plan *p, size_t i, int *params, ds_err *err)
{
    const ds_sqlite_column *c = ds_sqlite_column_named(&w->shape, p->base.names[i]);

    if (sqlite3_stricmp(p->base.names[i], w->key_column.name) == 0) {
        p->base.key_at = i; /* the column holds the primary key */
        return true;
    }
    if (!c && w->create_table) {
        if (!new_column(w, p, p->base.names[i], err))
            return false;
        c = ds_sqlite_column_named(&w->shape, p->base.names[i]);
    }
    if (!c || c->generated)
        return true;
    if (is_taken(p, i, c->name))
        ds_sql_refuse(&p->base,
                      "two properties are column \"%.100s\": their names differ only in case",
                      c->name);
    p->columns[i] = *c;
    p->base.params[i] = ++*params;
    return true;
}

/* ---- statements ------------------------------------------------------------------------------ */

static sqlite3_stmt *prepare_insert(ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_err *err)
{
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);

    ds_buf_printf(&sql, "INSERT OR ABORT INTO main.%s (", w->name);
    ds_sql_name(&sql, w->key_column.name);
    for (size_t i = 0; i < p->base.n; i++) {
        if (!p->base.params[i])
            continue;
        ds_buf_text(&sql, ", ");
        ds_sql_name(&sql, p->columns[i].name);
    }
    ds_buf_text(&sql, ") VALUES (?1");
    for (size_t i = 0; i < p->base.n; i++) {
        if (p->base.params[i])
            ds_buf_printf(&sql, ", ?%d", p->base.params[i]);
    }
    ds_buf_text(&sql, ") ON CONFLICT (");
    ds_sql_name(&sql, w->key_column.name);
    ds_buf_printf(&sql, "%s) DO NOTHING", w->key_column.is_rowid ? "" : " COLLATE BINARY");
    return ds_buf_ok(&sql, "an INSERT", err) ? ds_sqlite_prepare(&w->db, sql.data, err) : NULL;
}

static void add_differs(const ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_buf *sql)
{
    const char *before = "";

    ds_buf_printf(sql, " WHERE %s AND (", w->match);
    for (size_t i = 0; i < p->base.n; i++) {
        if (!ds_sql_compares(&p->base, i))
            continue;
        ds_buf_text(sql, before);
        ds_sql_name(sql, p->columns[i].name);
        ds_buf_printf(sql, " IS NOT ?%d COLLATE BINARY", p->base.params[i]);
        before = " OR ";
    }
    ds_buf_text(sql, ")");
}

static sqlite3_stmt *prepare_differs(ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_err *err)
{
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);

    ds_buf_printf(&sql, "SELECT 1 FROM main.%s", w->name);
    add_differs(w, p, &sql);
    return ds_buf_ok(&sql, "a SELECT", err) ? ds_sqlite_prepare(&w->db, sql.data, err) : NULL;
}

static sqlite3_stmt *prepare_update(ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_err *err)
{
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);
    const char *before = "";

    ds_buf_printf(&sql, "UPDATE OR ABORT main.%s SET ", w->name);
    for (size_t i = 0; i < p->base.n; i++) {
        if (!ds_sql_updates(&p->base, i))
            continue;
        ds_buf_text(&sql, before);
        ds_sql_name(&sql, p->columns[i].name);
        ds_buf_printf(&sql, " = ?%d", p->base.params[i]);
        before = ", ";
    }
    add_differs(w, p, &sql);
    return ds_buf_ok(&sql, "an UPDATE", err) ? ds_sqlite_prepare(&w->db, sql.data, err) : NULL;
}

static bool prepare(ds_sqlite_writer *w, ds_sqlite_plan *p, ds_err *err)
{
    bool compares = false;

    p->insert = prepare_insert(w, p, err);
    for (size_t i = 0; i < p->base.n; i++)
        compares |= ds_sql_compares(&p->base, i);
    if (!p->insert || !compares)
        return p->insert != NULL;
    p->update = prepare_update(w, p, err);
    if (!p->update || !w->shape.autoincrement_or_triggers)
        return p->update != NULL;
    p->differs = prepare_differs(w, p, err);
    return p->differs != NULL;
}

/* ---- finding the plan ------------------------------------------------------------------------ */

static ds_sqlite_plan *make_plan(ds_sqlite_writer *w, const ds_write *row, ds_err *err)
{
    ds_sqlite_plan *p = plan_new(row);
    int params = 1; /* ?1 is the key */
    bool ok = true;

    for (size_t i = 0; ok && i < p->base.n; i++)
        ok = place(w, p, i, &params, err);
    if (ok && !p->base.refusal)
        ds_sql_warn_left_out(&p->base, w->table, &w->warned_columns, w->db.act);
    if (ok && (p->base.refusal || prepare(w, p, err)))
        return p;
    plan_free(p);
    return NULL;
}

ds_sqlite_plan *ds_sqlite_plan_for(ds_sqlite_writer *w, const ds_write *row, ds_err *err)
{
    ds_sqlite_plan *p = (ds_sqlite_plan *)ds_sql_plans_find(&w->plans, row);

    if (p)
        return p;
    p = make_plan(w, row, err);
    if (p)
        plan_free((ds_sqlite_plan *)ds_sql_plans_add(&w->plans, &p->base));
    return p;
}
