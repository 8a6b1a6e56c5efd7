/* src/connectors/github/module.c - what the loader finds in github.so. */
#include "connectors/github/github.h"
#include <durable_sync/connector.h>

DS_CONNECTOR(&ds_github_source, NULL)
