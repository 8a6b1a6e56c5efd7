/* src/connectors/print/print.h - one line per write on standard output. */
#ifndef DS_CONNECTORS_PRINT_PRINT_H
#define DS_CONNECTORS_PRINT_PRINT_H

#include <durable_sync/destination.h>

extern const ds_destination_ops ds_print_destination;

#endif
