/* include/durable_sync/durable_sync.h
 *
 * The whole public API, and the way to build a program of your own around two connectors.
 */
#ifndef DURABLE_SYNC_DURABLE_SYNC_H
#define DURABLE_SYNC_DURABLE_SYNC_H

#include <durable_sync/activity.h>
#include <durable_sync/base.h>
#include <durable_sync/connector.h>
#include <durable_sync/destination.h>
#include <durable_sync/json.h>
#include <durable_sync/option.h>
#include <durable_sync/record.h>
#include <durable_sync/source.h>
#include <durable_sync/value.h>

/* "0.1.0" */
DS_API const char *ds_version(void);

/* A main(): every command of durable-sync over the connectors that are built in. argv[0] included.
 * Returns the exit code. */
DS_API int ds_main(int argc, char **argv);

/* A main() for one route of your own: `source` and `destination` are connectors beside the built-in
 * ones. Reads the configuration where there is one; else it is one route, named after the program,
 * with its settings from the environment and its store beside it. `argv` NULL: that of the process.
 */
DS_API int ds_main_route(const ds_source_ops *source, const ds_destination_ops *destination,
                         char **argv);

#endif
