/* src/app/registry.c - the only file that knows every connector's name. */
#include "app/registry.h"

#include "connectors/file/file.h"
#include "connectors/memory/memory.h"
#include "connectors/print/print.h"
#include "connectors/sqlite/sqlite.h"

static const ds_source_ops *const sources[] = {
    &ds_file_source,
    &ds_sqlite_source,
    &ds_memory_source,
};

static const ds_destination_ops *const destinations[] = {
    &ds_file_destination,
    &ds_sqlite_destination,
    &ds_print_destination,
    &ds_memory_destination,
};

const ds_connectors *ds_registry(ds_arena *a, const ds_source_ops *source,
                                 const ds_destination_ops *destination)
{
    ds_connectors *c = ds_new_in(a, ds_connectors);
    const ds_source_ops **from = ds_arena_zalloc(a, sizeof sources + sizeof *from);
    const ds_destination_ops **to = ds_arena_zalloc(a, sizeof destinations + sizeof *to);

    if (source)
        from[c->sources_n++] = source;
    for (size_t i = 0; i < DS_COUNT(sources); i++)
        from[c->sources_n++] = sources[i];
    if (destination)
        to[c->destinations_n++] = destination;
    for (size_t i = 0; i < DS_COUNT(destinations); i++)
        to[c->destinations_n++] = destinations[i];
    c->sources = from;
    c->destinations = to;
    return c;
}
