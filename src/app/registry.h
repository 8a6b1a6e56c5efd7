/* src/app/registry.h - which connectors there are. */
#ifndef DS_APP_REGISTRY_H
#define DS_APP_REGISTRY_H

#include "config/config.h"
#include "loader/loader.h"

/* The built-in connectors, and the two of ds_main_route where given (they win over a built-in one
 * of the same kind, and built-in ones over those that `loader` finds). All of it lives in `a`. */
ds_connectors *ds_registry(ds_arena *a, ds_loader *loader, const ds_source_ops *source,
                           const ds_destination_ops *destination);

#endif
