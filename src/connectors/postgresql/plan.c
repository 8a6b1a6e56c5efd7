/* src/connectors/postgresql/plan.c
 *
 * What is the same for all records with the same properties: which column each goes to, and the
 * statements that write them.
 */
#include "connectors/postgresql/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void plan_free(ds_pg_plan *p)
{
    if (!p)
        return;
    ds_sql_plan_fini(&p->base);
    free(p->columns);
    free(p->insert);
    free(p->copy);
    free(p->meet);
    free(p);
}

void ds_pg_plans_free(ds_pg_writer *w)
{
    for (size_t i = 0; i < w->plans.n; i++)
        plan_free((ds_pg_plan *)w->plans.items[i]);
    w->plans.n = 0;
}

static ds_pg_plan *plan_new(const ds_write *row)
{
    ds_pg_plan *p = ds_calloc(1, sizeof(*p));

    ds_sql_plan_init(&p->base, row);
    p->columns = ds_calloc(p->base.n, sizeof(*p->columns));
    p->params_n = 1;
    return p;
}

/* ---- columns --------------------------------------------------------------------------------- */

enum { COLUMNS_MOST = 1600 }; /* of any table; fewer where they are wide, says the server */

static bool is_missing(const ds_pg_writer *w, const char *name)
{
    return !ds_pg_column_named(&w->shape, name) && strcmp(name, w->key) != 0;
}

/* There is no room for them (54), or their names can be no column's: "", ctid. */
static bool is_records_fault(const char *code)
{
    return strncmp(code, "54", 2) == 0 || strcmp(code, "42601") == 0 || strcmp(code, "42701") == 0;
}

/* One statement for all of them. What is the record's fault refuses it, not the batch. */
static bool add_columns(ds_pg_writer *w, ds_pg_plan *p, ds_buf *list, ds_err *err)
{
    ds_err ignored = DS_ERR_INIT;
    const ds_pg_statement guarded[] = {
        {.sql = "SAVEPOINT ds"},
        {.sql = ds_arena_printf(w->arena, "ALTER TABLE %s %s", w->shape.sql, list->data)},
        {.sql = "RELEASE SAVEPOINT ds"},
    };

    if (ds_pg_run(&w->db, guarded, DS_COUNT(guarded), NULL, err)) {
        w->changed = true;
        return ds_pg_reload(w, err);
    }
    if (!is_records_fault(w->db.said.code))
        return false;
    ds_sql_refuse(&p->base, "its columns cannot be made: %s", w->db.said.words);
    return ds_pg_exec(&w->db, "ROLLBACK TO SAVEPOINT ds", &ignored);
}

/* Properties that no column is named after get one, where columns come with the records. */
static bool make_columns(ds_pg_writer *w, ds_pg_plan *p, ds_err *err)
{
    DS_AUTO_BUF(list, DS_PG_SQL_MAX);
    size_t n = 0;

    for (size_t i = 0; i < p->base.n; i++) {
        ds_column column;

        if (!is_missing(w, p->base.names[i]))
            continue;
        if (strlen(p->base.names[i]) > DS_PG_NAME_MAX)
            ds_sql_refuse(&p->base, "a property's name is %zu bytes long, a column's at most %zu",
                          strlen(p->base.names[i]), DS_PG_NAME_MAX);
        ds_buf_text(&list, n++ ? ", ADD COLUMN IF NOT EXISTS " : "ADD COLUMN IF NOT EXISTS ");
        ds_sql_name(&list, p->base.names[i]);
        column = ds_sql_column_that_comes(&w->columns, p->base.names[i]);
        ds_buf_printf(&list, " %s", ds_pg_type_for(&column).sql);
    }
    if (w->shape.columns_n + n > COLUMNS_MOST)
        ds_sql_refuse(&p->base,
                      "table \"%.100s\" has %zu columns, no %zu more fit: name the wanted ones in "
                      "`fields`",
                      w->table, w->shape.columns_n, n);
    return !n || p->base.refusal || add_columns(w, p, &list, err);
}

/* Gives property `i` its column, or leaves it out. */
static void place(const ds_pg_writer *w, ds_pg_plan *p, size_t i)
{
    const ds_pg_column *c = ds_pg_column_named(&w->shape, p->base.names[i]);

    if (strcmp(p->base.names[i], w->key) == 0) {
        p->base.key_at = i; /* the column holds the primary key */
        return;
    }
    if (!c || !ds_pg_is_writable(c))
        return;
    p->columns[i] = c;
    p->base.params[i] = (int)++p->params_n;
}

/* ---- finding the plan ------------------------------------------------------------------------ */

static ds_pg_plan *make_plan(ds_pg_writer *w, const ds_write *row, ds_err *err)
{
    ds_pg_plan *p = plan_new(row);

    if (w->create_table && !make_columns(w, p, err)) {
        plan_free(p);
        return NULL;
    }
    for (size_t i = 0; i < p->base.n && !p->base.refusal; i++)
        place(w, p, i);
    if (p->base.refusal)
        return p;
    ds_sql_warn_left_out(&p->base, w->table, &w->warned_columns, w->db.act);
    ds_pg_plan_sql(w, p);
    if (!p->insert || !p->copy || !p->meet)
        ds_sql_refuse(&p->base, "the record has too many properties for one statement");
    return p;
}

ds_pg_plan *ds_pg_plan_for(ds_pg_writer *w, const ds_write *row, ds_err *err)
{
    ds_pg_plan *p = (ds_pg_plan *)ds_sql_plans_find(&w->plans, row);

    if (p)
        return p;
    p = make_plan(w, row, err);
    if (p)
        plan_free((ds_pg_plan *)ds_sql_plans_add(&w->plans, &p->base));
    return p;
}
