/* src/app/registry.c
 *
 * The only file that knows every built-in connector's name.  What is loaded later is added to the
 * same lists, so that whoever reads them need not care.
 */
#include "app/registry.h"

#include "connectors/file/file.h"
#include "connectors/memory/memory.h"
#include "connectors/print/print.h"
#include "connectors/sqlite/sqlite.h"
#include "transform/transform.h"

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

typedef struct registry {
    ds_more_connectors more; /* first */
    ds_connectors all;
    ds_arena *arena;
    ds_loader *loader;
    const ds_source_ops **sources; /* those of `all` */
    const ds_destination_ops **destinations;
} registry;

/* The lists grow by one at a time: there are a handful of connectors. */
static void add_source(registry *r, const ds_source_ops *source)
{
    size_t n = r->all.sources_n, size = sizeof *r->sources;

    r->sources = ds_arena_grow(r->arena, r->sources, n * size, (n + 1) * size);
    r->sources[n] = source;
    r->all.sources = r->sources;
    r->all.sources_n++;
}

static void add_destination(registry *r, const ds_destination_ops *destination)
{
    size_t n = r->all.destinations_n, size = sizeof *r->destinations;

    r->destinations = ds_arena_grow(r->arena, r->destinations, n * size, (n + 1) * size);
    r->destinations[n] = destination;
    r->all.destinations = r->destinations;
    r->all.destinations_n++;
}

static bool is_there(const registry *r, const char *kind)
{
    return ds_connectors_source(&r->all, kind) || ds_connectors_destination(&r->all, kind);
}

static bool load(ds_more_connectors *self, const char *kind, ds_err *err)
{
    registry *r = (registry *)self;
    const ds_connector *found;

    if (is_there(r, kind))
        return true;
    found = ds_loader_get(r->loader, kind, err);
    if (!found)
        return false;
    if (found->source)
        add_source(r, found->source);
    if (found->destination)
        add_destination(r, found->destination);
    return true;
}

static const char *const *kinds(ds_more_connectors *self, ds_arena *a, size_t *n)
{
    return ds_loader_kinds(((registry *)self)->loader, a, n);
}

ds_connectors *ds_registry(ds_arena *a, ds_loader *loader, const ds_source_ops *source,
                           const ds_destination_ops *destination)
{
    registry *r = ds_new_in(a, registry);

    *r = (registry){.more = {load, kinds}, .arena = a, .loader = loader};
    r->all.more = &r->more;
    if (source)
        add_source(r, source);
    for (size_t i = 0; i < DS_COUNT(sources); i++)
        add_source(r, sources[i]);
    if (destination)
        add_destination(r, destination);
    for (size_t i = 0; i < DS_COUNT(destinations); i++)
        add_destination(r, destinations[i]);
    r->all.transformer = &ds_jq_installed.base;
    return &r->all;
}
