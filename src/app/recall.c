/* src/app/recall.c - see recall.h. */
#include "app/recall.h"

#include "base/ledger.h"

static const char *recall(ds_memory *memory, bool shared, const char *key, ds_arena *a)
{
    const ds_recall *r = (const ds_recall *)memory;
    const char *value = NULL;

    if (r->shared_only && !shared)
        return NULL;
    for (size_t i = 0; i < r->n && !value; i++) {
        ds_err err = DS_ERR_INIT;

        if (!r->ledgers[i]->ops->recall(r->ledgers[i], shared, key, a, &value, &err))
            value = NULL;
    }
    return value;
}

static void keep(ds_memory *memory, bool shared, const char *key, const char *value)
{
    (void)memory, (void)shared, (void)key, (void)value;
}

void ds_recall_open(ds_recall *r, ds_reader *reader, const char *route)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_err err = DS_ERR_INIT;
    ds_unit_row *rows;
    size_t n = 0;

    *r = (ds_recall){.base = {.recall = recall, .keep = keep}};
    if (!ds_reader_units(reader, route, NULL, a, &rows, &n, &err))
        return;
    for (size_t i = 0; i < n && r->n < DS_RECALL_UNITS; i++) {
        r->ledgers[r->n] = ds_reader_ledger(reader, route, rows[i].unit, &err);
        r->n += r->ledgers[r->n] != NULL;
    }
}

void ds_recall_close(ds_recall *r)
{
    while (r->n)
        ds_ledger_close(r->ledgers[--r->n]);
}

/* ---- for the whole command ------------------------------------------------------------------- */

struct ds_app_recall {
    ds_recall recall;
    ds_reader *reader;
};

ds_memory *ds_app_memory(ds_app *app)
{
    ds_err err = DS_ERR_INIT; /* whose affair the store is says so */
    struct ds_app_recall *known = app->recall;

    if (known)
        return &known->recall.base;
    known = ds_new_in(app->arena, struct ds_app_recall);
    known->reader = ds_app_reader(app, &err);
    if (!known->reader)
        return NULL;
    app->recall = known;
    for (size_t i = 0; i < app->config->routes_n && !known->recall.n; i++)
        ds_recall_open(&known->recall, known->reader, app->config->routes[i]->name);
    known->recall.shared_only = true;
    return &known->recall.base;
}

void ds_app_memory_close(ds_app *app)
{
    if (!app->recall)
        return;
    ds_recall_close(&app->recall->recall);
    ds_reader_close(app->recall->reader);
    app->recall = NULL;
}
