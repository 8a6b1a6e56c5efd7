/* src/connectors/file/names.h - names in their order, found quickly: the columns of a CSV file. */
#ifndef DS_CONNECTORS_FILE_NAMES_H
#define DS_CONNECTORS_FILE_NAMES_H

#include "connectors/file/index.h"
#include <durable_sync/base.h>

typedef struct ds_names {
    ds_arena *arena; /* of the list and of what finds names; the names themselves are borrowed */
    const char **items;
    size_t n, cap;
    uint64_t seed;
    size_t *slots; /* of a hash table: index + 1 */
    size_t slots_n;
} ds_names;

ds_names ds_names_new(ds_arena *a);
size_t ds_names_find(const ds_names *names, const char *name); /* SIZE_MAX: not there */
void ds_names_add(ds_names *names, const char *name);

#endif
