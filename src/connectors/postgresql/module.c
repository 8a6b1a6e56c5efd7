/* src/connectors/postgresql/module.c - what the loader finds in postgresql.so. */
#include "connectors/postgresql/postgresql.h"
#include <durable_sync/connector.h>

DS_CONNECTOR(NULL, &ds_postgresql_destination)
