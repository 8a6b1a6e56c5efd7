/* src/engine/temporal/carry.h
 *
 * What a run of a unit's workflow begins with and hands on to the next one: the peer's SourceState,
 * which the peer could read, and beside it all that the unit is.  Pure.
 *
 *   {"logic":2, "paused":false, "pending_items":[], "runs_completed":0, "sync_requested":false,
 *    "spec":{"interval_minutes":15, "key":"ROUTE:UNIT", "params":{"route":"..","unit":".."}},
 *    "config":"..", "unit":{..}}
 *
 * A state that the peer or a person made has no "unit": it is a new one, due by its interval.
 */
#ifndef DS_ENGINE_TEMPORAL_CARRY_H
#define DS_ENGINE_TEMPORAL_CARRY_H

#include "flow/unit.h"
#include <durable_sync/json.h>

/* Of the keys that a unit is asked for, in its state and so in each run's input: a server ends a
 * run whose input is too large.  More of them become a full pass. */
#define DS_CARRY_ITEMS_BYTES ((size_t)96 * DS_KIB)

typedef struct ds_carry {
    int64_t logic; /* revision of the rules that the run is played by */
    const char *route, *unit_name;
    const char *config; /* what the configuration said last, word for word; "": nothing yet */
    ds_unit unit;
    bool made_by_hand; /* no state of ours: the unit is to be ensured with its interval */
} ds_carry;

/* PERMANENT: it is no state of a unit, or of rules that this program does not know. */
DS_MUST_USE bool ds_carry_read(const ds_json *json, ds_arena *a, ds_carry *out, ds_err *err);
void ds_carry_write(ds_json_writer *w, const ds_carry *carry);

/* Asks for everything where more keys are asked for than a run may carry. */
void ds_carry_limit(ds_unit *u);

#endif
