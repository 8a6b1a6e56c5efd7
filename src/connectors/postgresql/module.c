/* src/connectors/postgresql/module.c - what the loader finds in postgresql.so. */
#include "connectors/postgresql/postgresql.h"
#include <durable_sync/connector.h>

DS_CONNECTOR(&ds_postgresql_source, &ds_postgresql_destination)
