/* src/loader/loader.h
 *
 * Connectors as shared objects: KIND.so, looked for in this order and loaded when it is asked for.
 *
 *   each folder of $DURABLE_SYNC_CONNECTORS (colons between, absolute paths only; not looked at
 *     where the process has more rights than the one who started it)
 *   durable-sync/connectors beside libdurable_sync.so (as installed)
 *   connectors beside it (a build directory)
 *   /usr/lib/durable-sync/connectors
 *
 * trust.h says which of them are good enough.  Beside the library the one who can replace the
 * library itself is trusted too: a build directory is its owner's.  For one thread.
 */
#ifndef DS_LOADER_LOADER_H
#define DS_LOADER_LOADER_H

#include <durable_sync/base.h>
#include <durable_sync/connector.h>

#define DS_LOADER_VARIABLE "DURABLE_SYNC_CONNECTORS"

typedef struct ds_loader ds_loader;

/* Opens nothing yet. Lives in `a`, which must outlive every use of what is loaded. */
ds_loader *ds_loader_new(ds_arena *a);

/* The connector of that kind, loaded at the first call. NULL: no folder has one, and err->kind is
 * left alone; or it cannot be used, and `err` says why. Both answers are kept. */
DS_MUST_USE const ds_connector *ds_loader_get(ds_loader *l, const char *kind, ds_err *err);
/* The file a kind was loaded from; NULL: it was not. */
const char *ds_loader_path(const ds_loader *l, const char *kind);
/* All kinds that the folders have, each once and in order, without loading any. */
const char *const *ds_loader_kinds(ds_loader *l, ds_arena *a, size_t *n);

typedef struct ds_loader_folder {
    const char *path;
    bool asked_for; /* by the variable */
    bool exists;
    const char *problem; /* why nothing is taken from it; NULL: fine */
    const char *const *kinds;
    size_t kinds_n;
} ds_loader_folder;

/* The folders in their order, as they are now. */
const ds_loader_folder *ds_loader_folders(ds_loader *l, ds_arena *a, size_t *n);

/* What `symbol` names in a part of our own that only some commands need: the shared object `name`
 * beside the library. Mapped until the process ends. NULL with DS_ERR_CONFIG: not there, or it
 * cannot be used. */
DS_MUST_USE const void *ds_loader_part(ds_loader *l, const char *name, const char *symbol,
                                       ds_err *err);

#endif
