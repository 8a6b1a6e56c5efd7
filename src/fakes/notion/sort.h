/* src/fakes/notion/sort.h - the order of a query's rows. */
#ifndef DS_FAKES_NOTION_SORT_H
#define DS_FAKES_NOTION_SORT_H

#include "fakes/notion/filter.h"

typedef struct ds_ws_key { /* what a row is sorted by, for one of the sorts */
    const char *text;      /* NULL: by `real` */
    double real;
    bool empty; /* behind all others, in either direction */
} ds_ws_key;

typedef struct ds_ws_place { /* a row in an order */
    const ds_ws_page *page;
    uint32_t serial;
    ds_ws_key *keys;
} ds_ws_place;

typedef struct ds_ws_order {
    size_t n; /* sorts; 0: the newest row first */
    const struct ds_ws_sort {
        const ds_ws_property *property; /* NULL: a time of the row */
        bool edited, down;
    } * sorts;
} ds_ws_order;

/* `sorts` NULL: none. Lives in `a`. */
DS_MUST_USE bool ds_ws_order_read(const ds_ws_source *source, const ds_json *sorts, ds_arena *a,
                                  ds_ws_order *order, ds_ws_why *why);
ds_ws_key *ds_ws_order_keys(const ds_ws_order *order, const ds_ws *ws, ds_ws_row row, ds_arena *a);
int ds_ws_order_compare(const ds_ws_order *order, const ds_ws_place *a, const ds_ws_place *b);
void ds_ws_order_sort(const ds_ws_order *order, ds_ws_place *places, size_t n);

#endif
