/* src/connectors/sql/plan.c - see sql.h. */
#include "connectors/sql/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEFT_OUT_MOST ((size_t)400) /* bytes of names in a warning */
#define REFUSAL_MAX 640

void ds_sql_plan_init(ds_sql_plan *p, const ds_write *row)
{
    p->n = p->key_at = row->props_n;
    p->names = ds_calloc(p->n, sizeof(*p->names));
    p->params = ds_calloc(p->n, sizeof(*p->params));
    for (size_t i = 0; i < p->n; i++)
        p->names[i] = ds_strdup(row->props[i].name);
    if (row->how) {
        p->how = ds_calloc(p->n, 1);
        memcpy(p->how, row->how, p->n);
    }
}

void ds_sql_plan_fini(ds_sql_plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->names[i]);
    free(p->names);
    free(p->how);
    free(p->params);
    free(p->refusal);
}

void ds_sql_refuse(ds_sql_plan *p, const char *fmt, ...)
{
    char text[REFUSAL_MAX];
    va_list args;

    if (p->refusal)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    p->refusal = ds_strdup(text);
}

bool ds_sql_updates(const ds_sql_plan *p, size_t i)
{
    return p->params[i] && (!p->how || p->how[i] != DS_HOW_ONLY_NEW);
}

bool ds_sql_compares(const ds_sql_plan *p, size_t i)
{
    return ds_sql_updates(p, i) && (!p->how || p->how[i] != DS_HOW_ALONG);
}

void ds_sql_warn_left_out(const ds_sql_plan *p, const char *table, bool *warned, ds_activity *act)
{
    DS_AUTO_BUF(names, LEFT_OUT_MOST);

    for (size_t i = 0; i < p->n; i++) {
        if (!p->params[i] && i != p->key_at)
            ds_buf_printf(&names, "%s\"%s\"", names.n ? ", " : "", p->names[i]);
    }
    if (!names.n || *warned)
        return;
    *warned = true;
    ds_activity_warn(act, "table \"%s\" has no column to write for %s%s: left out", table,
                     names.data, names.overflow ? " and more" : "");
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool serves(const ds_sql_plan *p, const ds_write *row)
{
    if (p->n != row->props_n || !p->how != !row->how)
        return false;
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->names[i], row->props[i].name) != 0)
            return false;
    }
    return !p->how || memcmp(p->how, row->how, p->n) == 0;
}

ds_sql_plan *ds_sql_plans_find(ds_sql_plans *plans, const ds_write *row)
{
    for (size_t i = 0; i < plans->n; i++) {
        if (!serves(plans->items[i], row))
            continue;
        plans->items[i]->used = ++plans->lookups;
        return plans->items[i];
    }
    return NULL;
}

ds_sql_plan *ds_sql_plans_add(ds_sql_plans *plans, ds_sql_plan *p)
{
    ds_sql_plan *out;
    size_t oldest = 0;

    p->used = ++plans->lookups;
    if (plans->n < DS_SQL_PLANS) {
        plans->items[plans->n++] = p;
        return NULL;
    }
    for (size_t i = 1; i < plans->n; i++) {
        if (plans->items[i]->used < plans->items[oldest]->used)
            oldest = i;
    }
    out = plans->items[oldest];
    plans->items[oldest] = p;
    return out;
}
