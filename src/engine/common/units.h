/* src/engine/common/units.h - which units a route has, and what the configuration says of them. */
#ifndef DS_ENGINE_COMMON_UNITS_H
#define DS_ENGINE_COMMON_UNITS_H

#include "base/bell.h"
#include "base/clock.h"
#include "base/route.h"
#include "flow/unit.h"
#include <stdatomic.h>

#define DS_SPREAD_FREE 16    /* so many units may start at once */
#define DS_SPREAD_EACH_MS 50 /* more of them start this far apart on average */

/* Asks the route's source, which may take its time; what it found is in `out`'s arena. The bell is
 * rung when `stop` is set; NULL: whoever waits has to look. */
DS_MUST_USE bool ds_list_units(const ds_route *route, ds_clock *clock, const atomic_bool *stop,
                               const ds_bell *stop_bell, ds_units *out, ds_err *err);
/* The units of a route that could all start now do within this time; 0: they are few. */
int64_t ds_spread_ms(const ds_route *route, size_t units);
/* Both write to one destination that does not meet rows by key itself: at the same time each may
 * look for a row that neither has made yet, and both make it. */
bool ds_routes_share_rows(const ds_route *one, const ds_route *other);
ds_event ds_ensure_event(const ds_route *route, int64_t spread_ms);

#endif
