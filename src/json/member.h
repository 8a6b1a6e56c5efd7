/* src/json/member.h - a named member of the object that is open, in one call. */
#ifndef DS_JSON_MEMBER_H
#define DS_JSON_MEMBER_H

#include "base/ledger.h"
#include <durable_sync/json.h>

void ds_w_text(ds_json_writer *w, const char *name, const char *text); /* NULL: null */
void ds_w_int(ds_json_writer *w, const char *name, int64_t number);
void ds_w_bool(ds_json_writer *w, const char *name, bool truth);
void ds_w_null(ds_json_writer *w, const char *name);
/* All six, each a member of its own. */
void ds_w_totals(ds_json_writer *w, const ds_totals *totals);

#endif
