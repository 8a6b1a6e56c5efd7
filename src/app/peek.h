/* src/app/peek.h - what a route writes, where only its records tell. */
#ifndef DS_APP_PEEK_H
#define DS_APP_PEEK_H

#include "base/activity.h"
#include "base/route.h"
#include <durable_sync/destination.h>

/* The names come with the records: there are no `fields`, or a transform whose makings no `owns`
 * names. */
bool ds_peek_is_needed(const ds_route *route);

/* Adds to columns[*n], in act->arena, what the first records of the first unit bring through
 * `where`, `fields`, `transform` and `owns`; the key and what is there already are left out. Reads
 * the source, and nothing else. */
DS_MUST_USE bool ds_peek_columns(const ds_route *route, ds_activity *act, const ds_column **columns,
                                 size_t *n, ds_err *err);

#endif
