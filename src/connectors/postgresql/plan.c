/* src/connectors/postgresql/plan.c
 *
 * What is the same for all records with the same properties: which column each goes to, and the
 * statements that write them.
 */
#include "connectors/postgresql/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEFT_OUT_MOST ((size_t)400) /* bytes of names in a warning */

static void plan_free(ds_pg_plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->names[i]);
    free(p->names);
    free(p->how);
    free(p->params);
    free(p->columns);
    free(p->refusal);
    free(p->insert);
    free(p->copy);
    free(p->meet);
    free(p);
}

void ds_pg_plans_free(ds_pg_writer *w)
{
    for (size_t i = 0; i < w->plans_n; i++)
        plan_free(w->plans[i]);
    w->plans_n = 0;
}

static ds_pg_plan *plan_new(const ds_write *row)
{
    ds_pg_plan *p = ds_calloc(1, sizeof(*p));

    p->n = p->key_at = row->props_n;
    p->params_n = 1;
    p->names = ds_calloc(p->n, sizeof(*p->names));
    p->params = ds_calloc(p->n, sizeof(*p->params));
    p->columns = ds_calloc(p->n, sizeof(*p->columns));
    for (size_t i = 0; i < p->n; i++)
        p->names[i] = ds_strdup(row->props[i].name);
    if (row->how) {
        p->how = ds_calloc(p->n, 1);
        memcpy(p->how, row->how, p->n);
    }
    return p;
}

/* ---- columns --------------------------------------------------------------------------------- */

DS_PRINTF(2, 3) static void refuse(ds_pg_plan *p, const char *fmt, ...)
{
    char text[DS_PG_WORDS_MAX + 128];
    va_list args;

    if (p->refusal)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    p->refusal = ds_strdup(text);
}

enum { COLUMNS_MOST = 1600 }; /* of any table; fewer where they are wide, says the server */

static bool is_missing(const ds_pg_writer *w, const char *name)
{
    return !ds_pg_column_named(&w->shape, name) && strcmp(name, w->key) != 0;
}

/* One statement for all of them. What the server has no room for refuses the record, not the batch.
 */
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
    if (strncmp(w->db.said.code, "54", 2) != 0)
        return false;
    refuse(p, "its columns cannot be made: %s", w->db.said.words);
    return ds_pg_exec(&w->db, "ROLLBACK TO SAVEPOINT ds", &ignored);
}

/* Properties that no column is named after get one, where columns come with the records. */
static bool make_columns(ds_pg_writer *w, ds_pg_plan *p, ds_err *err)
{
    DS_AUTO_BUF(list, DS_PG_SQL_MAX);
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++) {
        if (!is_missing(w, p->names[i]))
            continue;
        if (strlen(p->names[i]) > DS_PG_NAME_MAX)
            refuse(p, "a property's name is %zu bytes long, a column's at most %zu",
                   strlen(p->names[i]), DS_PG_NAME_MAX);
        ds_buf_text(&list, n++ ? ", ADD COLUMN IF NOT EXISTS " : "ADD COLUMN IF NOT EXISTS ");
        ds_pg_name(&list, p->names[i]);
        ds_buf_text(&list, " pg_catalog.text");
    }
    if (w->shape.columns_n + n > COLUMNS_MOST)
        refuse(p,
               "table \"%.100s\" has %zu columns, no %zu more fit: name the wanted ones in "
               "`fields`",
               w->table, w->shape.columns_n, n);
    return !n || p->refusal || add_columns(w, p, &list, err);
}

/* Gives property `i` its column, or leaves it out. */
static void place(const ds_pg_writer *w, ds_pg_plan *p, size_t i)
{
    const ds_pg_column *c = ds_pg_column_named(&w->shape, p->names[i]);

    if (strcmp(p->names[i], w->key) == 0) {
        p->key_at = i; /* the column holds the primary key */
        return;
    }
    if (!c || !ds_pg_is_writable(c))
        return;
    p->columns[i] = c;
    p->params[i] = (int)++p->params_n;
}

static void warn_left_out(ds_pg_writer *w, const ds_pg_plan *p)
{
    DS_AUTO_BUF(names, LEFT_OUT_MOST);

    for (size_t i = 0; i < p->n; i++) {
        if (!p->params[i] && i != p->key_at)
            ds_buf_printf(&names, "%s\"%s\"", names.n ? ", " : "", p->names[i]);
    }
    if (!names.n || w->warned_columns)
        return;
    w->warned_columns = true;
    ds_activity_warn(w->db.act, "table \"%s\" has no column to write for %s%s: left out", w->table,
                     names.data, names.overflow ? " and more" : "");
}

/* ---- finding the plan ------------------------------------------------------------------------ */

static bool serves(const ds_pg_plan *p, const ds_write *row)
{
    if (p->n != row->props_n || !p->how != !row->how)
        return false;
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->names[i], row->props[i].name) != 0)
            return false;
    }
    return !p->how || memcmp(p->how, row->how, p->n) == 0;
}

static ds_pg_plan *make_plan(ds_pg_writer *w, const ds_write *row, ds_err *err)
{
    ds_pg_plan *p = plan_new(row);

    if (w->create_table && !make_columns(w, p, err)) {
        plan_free(p);
        return NULL;
    }
    for (size_t i = 0; i < p->n && !p->refusal; i++)
        place(w, p, i);
    if (p->refusal)
        return p;
    warn_left_out(w, p);
    ds_pg_plan_sql(w, p);
    if (!p->insert || !p->copy || !p->meet)
        refuse(p, "the record has too many properties for one statement");
    return p;
}

/* Where a new plan goes: a free place, else that of the one not used for longest. A plan that the
 * batch under way has asked for is among the newest. */
static size_t place_for_plan(ds_pg_writer *w)
{
    size_t oldest = 0;

    if (w->plans_n < DS_PG_PLANS)
        return w->plans_n++;
    for (size_t i = 1; i < w->plans_n; i++) {
        if (w->plans[i]->used < w->plans[oldest]->used)
            oldest = i;
    }
    plan_free(w->plans[oldest]);
    return oldest;
}

ds_pg_plan *ds_pg_plan_for(ds_pg_writer *w, const ds_write *row, ds_err *err)
{
    ds_pg_plan *p = NULL;

    for (size_t i = 0; i < w->plans_n && !p; i++)
        p = serves(w->plans[i], row) ? w->plans[i] : NULL;
    if (!p) {
        p = make_plan(w, row, err);
        if (!p)
            return NULL;
        w->plans[place_for_plan(w)] = p;
    }
    p->used = ++w->lookups;
    return p;
}
