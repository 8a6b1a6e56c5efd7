/* tests/support/mapping.h - routes as literals, and what their mapping makes of one record. */
#ifndef TESTS_SUPPORT_MAPPING_H
#define TESTS_SUPPORT_MAPPING_H

#include "support/run.h"
#include "support/values.h"
#include "sync/map.h"

#include <string.h>

#define TEXT(literal)                                                                              \
    {                                                                                              \
        .type = DS_TEXT, .n = sizeof(literal) - 1, .as = {.text = literal }                        \
    }
#define INT(number)                                                                                \
    {                                                                                              \
        .type = DS_INT, .as = {.integer = number }                                                 \
    }
#define NIL                                                                                        \
    {                                                                                              \
        .type = DS_NULL                                                                            \
    }
#define PAIRS(...)                                                                                 \
    .map = (const ds_map_pair[]){__VA_ARGS__},                                                     \
    .map_n = sizeof((const ds_map_pair[]){__VA_ARGS__}) / sizeof(ds_map_pair)
#define TEXTS(...)                                                                                 \
    {                                                                                              \
        .items = (const char *const[]){__VA_ARGS__},                                               \
        .n = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                           \
    }

/* The properties as show_props shows them, or "dropped", or "held: REASON". */
static inline const char *apply_mapping(const ds_route *route, const ds_record *rec, ds_mapped *out)
{
    ds_mapping *m = ds_mapping_new(route); /* freed before any assert */
    const char *reason = NULL;
    ds_map_result result = ds_mapping_apply(m, rec, scratch, out, &reason);

    if (result == DS_MAPPED && out->how) /* may be the mapping's own */
        out->how = memcpy(ds_arena_alloc(scratch, out->n), out->how, out->n);
    ds_mapping_free(m);
    if (result == DS_MAP_DROPPED)
        return "dropped";
    if (result == DS_MAP_HELD)
        return ds_arena_printf(scratch, "held: %s", reason);
    return show_props(scratch, out->props, out->n);
}

#endif
