/* src/app/registry.h - which connectors are built in. */
#ifndef DS_APP_REGISTRY_H
#define DS_APP_REGISTRY_H

#include "config/config.h"

/* The built-in connectors, and the two of ds_main_route where given (they win over a built-in one
 * of the same kind). */
const ds_connectors *ds_registry(ds_arena *a, const ds_source_ops *source,
                                 const ds_destination_ops *destination);

#endif
