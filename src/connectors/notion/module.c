/* src/connectors/notion/module.c - what the loader finds in notion.so. */
#include "connectors/notion/notion.h"
#include <durable_sync/connector.h>

DS_CONNECTOR(&ds_notion_source, &ds_notion_destination)
