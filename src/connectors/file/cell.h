/* src/connectors/file/cell.h - neutral values as the two kinds of files write them. */
#ifndef DS_CONNECTORS_FILE_CELL_H
#define DS_CONNECTORS_FILE_CELL_H

#include <durable_sync/value.h>

/* Compact JSON; numbers keep their text. */
const char *ds_file_json_text(ds_arena *a, const ds_json *json);
/* CSV: text as it is, null empty, lists joined by ", " unless an entry holds that itself, nested
 * values and such lists as JSON. */
const char *ds_file_cell_text(ds_arena *a, ds_value v);
/* The JSON value is what writing v would make of it. */
bool ds_file_same_json(ds_arena *a, const ds_json *json, ds_value v);

#endif
