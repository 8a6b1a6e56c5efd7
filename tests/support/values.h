/* tests/support/values.h
 *
 * Neutral values in a notation short enough for a table: JSON, and `absent`, `date:2026-01-31`,
 * `datetime:2026-01-31T09:30:00Z` for what JSON has no word for.
 */
#ifndef TESTS_SUPPORT_VALUES_H
#define TESTS_SUPPORT_VALUES_H

#include <durable_sync/record.h>

ds_value value_of(ds_arena *a, const char *notation);
const char *show_value(ds_arena *a, ds_value v); /* the same notation; objects and lists compact */
/* {"a": 1, "b": "date:2026-01-31"}: a record with these properties, in this order. */
ds_record *record_of(ds_arena *a, const char *json);
/* `a=1 b="x"`: the properties in their order. */
const char *show_props(ds_arena *a, const ds_prop *props, size_t n);

#endif
