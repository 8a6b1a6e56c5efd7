/* src/app/peek.h - what the first records of a route bring, and what its source knows of them. */
#ifndef DS_APP_PEEK_H
#define DS_APP_PEEK_H

#include "base/activity.h"
#include "base/route.h"
#include <durable_sync/destination.h>

typedef struct ds_peek { /* its memory is that of `act` */
    const ds_route *route;
    ds_activity *act;
    ds_source *source; /* lends the page its names */
    ds_units units;
    ds_page page; /* the first one of the first unit; empty where there is none */
    bool is_all;  /* the unit holds no more */
} ds_peek;

/* One column, and what comes for it. */
typedef struct ds_peeked {
    const ds_value *values; /* as they would be written; nulls are left out */
    size_t n;
} ds_peeked;

/* The names come with the records: there are no `fields`, or a transform whose makings no `owns`
 * names. */
bool ds_peek_is_needed(const ds_route *route);

/* Opens the source; NULL with *err set. */
DS_MUST_USE ds_peek *ds_peek_open(const ds_route *route, ds_activity *act, ds_err *err);
void ds_peek_close(ds_peek *p);
/* Lists the units and reads a page of the first: a short one, unless names come with the records.
 */
DS_MUST_USE bool ds_peek_read(ds_peek *p, ds_err *err);
/* The columns that the route writes: what it names, and where names come with the records those of
 * the page, the key left out; with what the source knows of their types. */
DS_MUST_USE bool ds_peek_columns(ds_peek *p, ds_column **columns, size_t *n, ds_err *err);
/* What the page brings for each of them, through `where`, `fields`, `transform` and `owns`: n. */
DS_MUST_USE bool ds_peek_values(ds_peek *p, const ds_column *columns, size_t n, ds_peeked **out,
                                ds_err *err);

DS_AUTO_DEFINE(ds_peek, ds_peek_close)

#endif
