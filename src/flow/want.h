/* src/flow/want.h - what is asked of a unit and not yet served: adding, merging, deduplicating. */
#ifndef DS_FLOW_WANT_H
#define DS_FLOW_WANT_H

#include "flow/unit.h"

void ds_want_full(ds_want *want);
void ds_want_changes(ds_want *want);
/* Adds keys once each, copied into `a`. Past the caps it becomes a full request; keys that cannot
 * be any record's (empty, too long) are absorbed. */
void ds_want_items(ds_want *want, const char *const *items, size_t n, ds_arena *a);
/* What a pass was to serve and did not comes back. */
void ds_want_back(ds_want *want, const ds_want *unserved, ds_arena *a);

/* FNV-1a with a finish that spreads its low bits: the same on every machine, for ever. */
uint64_t ds_flow_hash(const char *text);

#endif
