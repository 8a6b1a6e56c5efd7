/* src/flow/due.h
 *
 * When a unit's next pass is due by itself: its interval or cron, and quiet hours.  For unit.c.
 */
#ifndef DS_FLOW_DUE_H
#define DS_FLOW_DUE_H

#include "flow/unit.h"

/* What the event tells of the schedule; before the event itself is applied. */
void ds_due_learn(ds_unit *u, const ds_event *ev, int64_t now_ms);
/* The configuration's word; `back`: the unit was gone until now. */
void ds_due_ensure(ds_unit *u, const ds_event *ev, bool back, int64_t now_ms, ds_arena *a);
void ds_due_every(ds_unit *u, int64_t interval_ms, int64_t now_ms);
/* Asks for a pass where one is due, and sets the time of the next. */
void ds_due_tick(ds_unit *u, int64_t now_ms);
/* A retry is never later than the next pass would be. */
void ds_due_limits_retry(ds_unit *u);
bool ds_due_is_quiet(const ds_unit *u, int64_t now_ms);

#endif
