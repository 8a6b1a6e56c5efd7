/* src/connectors/postgresql/postgresql.h - tables and queries of PostgreSQL, to read and to write.
 */
#ifndef DS_CONNECTORS_POSTGRESQL_POSTGRESQL_H
#define DS_CONNECTORS_POSTGRESQL_POSTGRESQL_H

#include <durable_sync/destination.h>
#include <durable_sync/source.h>

extern const ds_source_ops ds_postgresql_source;
extern const ds_destination_ops ds_postgresql_destination;

#endif
