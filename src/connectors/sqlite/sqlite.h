/* src/connectors/sqlite/sqlite.h - tables and queries of SQLite databases, to read and to write. */
#ifndef DS_CONNECTORS_SQLITE_SQLITE_H
#define DS_CONNECTORS_SQLITE_SQLITE_H

#include <durable_sync/destination.h>
#include <durable_sync/source.h>

extern const ds_source_ops ds_sqlite_source;
extern const ds_destination_ops ds_sqlite_destination;

#endif
