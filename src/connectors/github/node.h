/* src/connectors/github/node.h - one repository of GraphQL as REST's object. */
#ifndef DS_CONNECTORS_GITHUB_NODE_H
#define DS_CONNECTORS_GITHUB_NODE_H

#include <durable_sync/json.h>

/* `failed` says of which of its fields the answer tells an error: what they hold is not known.
 * NULL: the object would be too large. */
const ds_json *ds_github_node_read(const ds_json *node, const char *base_url,
                                   bool (*failed)(const void *of, const char *field),
                                   const void *of, ds_arena *a);

#endif
