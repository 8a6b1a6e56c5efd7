/* src/fakes/notion/sort.c - what rows are sorted by, and which comes first. */
#include "fakes/notion/sort.h"

#include "fakes/notion/shape.h"

#include <stdlib.h>
#include <string.h>

typedef struct ds_ws_sort sort_by;

bool ds_ws_order_read(const ds_ws_source *source, const ds_json *sorts, ds_arena *a,
                      ds_ws_order *order, ds_ws_why *why)
{
    sort_by *by = ds_arena_zalloc(a, (ds_json_size(sorts) + 1) * sizeof(*by));

    *order = (ds_ws_order){.sorts = by};
    DS_JSON_EACH (sorts, asked) {
        const char *name = ds_json_text(asked, "property");
        sort_by *one = &by[order->n++];

        one->down = !strcmp(ds_json_text(asked, "direction"), "descending");
        if (!name) {
            one->edited = !strcmp(ds_json_text(asked, "timestamp"), "last_edited_time");
            continue;
        }
        one->property = ds_ws_property_find(source, name);
        if (!one->property)
            return ds_ws_invalid(why, "Could not find sort property with name or id: %s", name);
    }
    return true;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static ds_ws_key number_key(double real)
{
    return (ds_ws_key){.real = real};
}

static ds_ws_key date_key(const ds_ws_cell *cell, ds_arena *a)
{
    const char *start = ds_json_text(ds_ws_cell_json(cell, a), "start");
    ds_ws_time time;

    if (!start || !ds_ws_time_read(start, &time))
        return (ds_ws_key){.empty = true};
    return number_key((double)time.ms);
}

static ds_ws_key option_key(const ds_ws_property *p, const ds_ws_cell *cell)
{
    ds_ws_option *option = cell->n ? ds_ws_option_at(p, ds_ws_cell_option(cell, 0)) : NULL;

    return option ? number_key(option->number) : (ds_ws_key){.empty = true};
}

static ds_ws_key cell_key(const ds_ws_property *p, const ds_ws *ws, const ds_ws_row *row,
                          ds_arena *a)
{
    ds_ws_cell cell;

    if (!ds_ws_cell_find(row->cells, p->slot, &cell))
        return p->type == DS_WS_CHECKBOX ? number_key(0) : (ds_ws_key){.empty = true};
    switch (cell.form) {
    case DS_WS_REAL:
        return number_key(ds_ws_cell_real(&cell));
    case DS_WS_YES:
        return number_key(1);
    case DS_WS_OPTIONS:
        return option_key(p, &cell);
    case DS_WS_JSON:
        return date_key(&cell, a);
    case DS_WS_IDS:
        return number_key((double)ds_ws_cell_entries(&cell));
    default:
        return (ds_ws_key){.text = ds_ws_fold(ds_ws_cell_plain(ws, &cell, a), a)};
    }
}

static ds_ws_key key_of(const sort_by *by, const ds_ws *ws, const ds_ws_row *row, ds_arena *a)
{
    ds_ws_type type = by->property ? by->property->type
                      : by->edited ? DS_WS_EDITED_TIME
                                   : DS_WS_CREATED_TIME;

    switch (type) {
    case DS_WS_EDITED_TIME:
        return number_key((double)ds_ws_minute(row->edited_ms));
    case DS_WS_CREATED_TIME:
        return number_key((double)ds_ws_minute(row->page->thing.created_ms));
    case DS_WS_CREATED_BY:
        return number_key(row->page->thing.created_by);
    case DS_WS_EDITED_BY:
        return number_key(row->page->thing.edited_by);
    case DS_WS_UNIQUE_ID:
        return number_key(row->page->number);
    default:
        return cell_key(by->property, ws, row, a);
    }
}

ds_ws_key *ds_ws_order_keys(const ds_ws_order *order, const ds_ws *ws, ds_ws_row row, ds_arena *a)
{
    ds_ws_key *keys = ds_arena_alloc(a, (order->n + 1) * sizeof(*keys));

    for (size_t i = 0; i < order->n; i++)
        keys[i] = key_of(&order->sorts[i], ws, &row, a);
    return keys;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static int compare_keys(const ds_ws_key *a, const ds_ws_key *b)
{
    if (a->text && b->text)
        return strcmp(a->text, b->text);
    return (a->real > b->real) - (a->real < b->real);
}

int ds_ws_order_compare(const ds_ws_order *order, const ds_ws_place *a, const ds_ws_place *b)
{
    int serials = (a->serial > b->serial) - (a->serial < b->serial);

    for (size_t i = 0; i < order->n; i++) {
        const ds_ws_key *ka = &a->keys[i], *kb = &b->keys[i];
        int by;

        if (ka->empty != kb->empty)
            return ka->empty ? 1 : -1;
        by = ka->empty ? 0 : compare_keys(ka, kb);
        if (by)
            return order->sorts[i].down ? -by : by;
    }
    return order->n ? serials : -serials;
}

static int compare_places(const void *a, const void *b, void *order)
{
    return ds_ws_order_compare(order, a, b);
}

void ds_ws_order_sort(const ds_ws_order *order, ds_ws_place *places, size_t n)
{
    ds_ws_order copy = *order;

    qsort_r(places, n, sizeof(*places), compare_places, &copy);
}
