/* src/connectors/file/file.h - files as source and destination: JSON lines, a JSON array, CSV. */
#ifndef DS_CONNECTORS_FILE_FILE_H
#define DS_CONNECTORS_FILE_FILE_H

#include <durable_sync/destination.h>
#include <durable_sync/source.h>

extern const ds_source_ops ds_file_source;
extern const ds_destination_ops ds_file_destination;

#endif
