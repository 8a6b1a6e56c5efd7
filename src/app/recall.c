/* src/app/recall.c - see recall.h. */
#include "app/recall.h"

#include "base/ledger.h"

static const char *recall(ds_memory *memory, bool shared, const char *key, ds_arena *a)
{
    const ds_recall *r = (const ds_recall *)memory;
    const char *value = NULL;

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
