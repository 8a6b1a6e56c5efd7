/* src/store/state_json.h
 *
 * A unit's state and its events as JSON: the peer's field names first, so that the same text can be
 * the input of a workflow, then ours.  A member that is missing gets its default, one that is not
 * known is passed over: a file may be read by an older or newer program.
 */
#ifndef DS_STORE_STATE_JSON_H
#define DS_STORE_STATE_JSON_H

#include "flow/unit.h"
#include <durable_sync/json.h>

#define DS_STATE_MAX (64 * DS_MIB) /* 2 * DS_UNIT_ITEMS_MAX keys of 2,000 bytes, and room */

void ds_state_write(ds_json_writer *w, const ds_unit *u);
/* `key` is the machine's name, whatever the text says. */
void ds_state_read(const ds_json *json, const char *key, ds_arena *a, ds_unit *out);

void ds_event_write(ds_json_writer *w, const ds_event *event);
DS_MUST_USE bool ds_event_read(const ds_json *json, ds_arena *a, ds_event *out, ds_err *err);

#endif
