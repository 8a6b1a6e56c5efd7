/* include/durable_sync/activity.h
 *
 * What a connector is handed with every call: memory, the time, whether to stop.  Connectors never
 * sleep, retry, read the environment, look at the clock, start threads or log secrets.
 */
#ifndef DURABLE_SYNC_ACTIVITY_H
#define DURABLE_SYNC_ACTIVITY_H

#include <durable_sync/base.h>

typedef struct ds_activity ds_activity;

/* Memory of this call: a page's for fetch_page, a batch's for writes. */
DS_API ds_arena *ds_activity_arena(ds_activity *act);
DS_API int64_t ds_activity_now_ms(ds_activity *act); /* UTC since 1970 */
/* True once the pass should end (pause, SIGTERM). Long loops ask and return DS_ERR_CANCELLED. */
DS_API bool ds_activity_stopping(ds_activity *act);
DS_API DS_PRINTF(2, 3) void ds_activity_warn(ds_activity *act, const char *fmt, ...);

#endif
