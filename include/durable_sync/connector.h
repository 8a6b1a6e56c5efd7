/* include/durable_sync/connector.h
 *
 * A connector as a shared object: KIND.so in a connector directory, found by the name in `kind:`
 * and loaded when a route needs it.  It links against libdurable_sync and says in one place what
 * it is:
 *
 *     DS_CONNECTOR(&tasks_source, &tasks_destination) // either may be NULL
 */
#ifndef DURABLE_SYNC_CONNECTOR_H
#define DURABLE_SYNC_CONNECTOR_H

#include <durable_sync/destination.h>
#include <durable_sync/source.h>

typedef struct ds_connector {
    uint32_t abi;   /* DS_CONNECTOR_ABI of the headers it was built with; read before all else */
    uint32_t bytes; /* sizeof(ds_connector) there */
    const ds_source_ops *source;           /* NULL: none of this kind */
    const ds_destination_ops *destination; /* NULL: none */
} ds_connector;

#define DS_CONNECTOR_SYMBOL "durable_sync_connector"

#define DS_CONNECTOR(source_, destination_)                                                        \
    DS_API extern const ds_connector durable_sync_connector;                                       \
    const ds_connector durable_sync_connector = {.abi = DS_CONNECTOR_ABI,                          \
                                                 .bytes = (uint32_t)sizeof(ds_connector),          \
                                                 .source = (source_),                              \
                                                 .destination = (destination_)};

#endif
