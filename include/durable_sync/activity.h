/* include/durable_sync/activity.h
 *
 * What a connector is handed with every call: memory, the time, whether to stop.  Connectors never
 * sleep, retry, read the environment, look at the clock, start threads or log secrets.
 */
#ifndef DURABLE_SYNC_ACTIVITY_H
#define DURABLE_SYNC_ACTIVITY_H

#include <durable_sync/base.h>

typedef struct ds_activity ds_activity;

/* Memory of this call: a page's for fetch_page, that of one call for writes. */
DS_API ds_arena *ds_activity_arena(ds_activity *act);
DS_API int64_t ds_activity_now_ms(ds_activity *act); /* UTC since 1970 */
/* True once the pass should end (pause, SIGTERM). Long loops ask and return DS_ERR_CANCELLED. */
DS_API bool ds_activity_stopping(ds_activity *act);
/* For who waits in poll(2): descriptors that are readable once the pass should end, up to
 * DS_WAKE_FDS of them into `out`, borrowed; how many. 0: there is none to wait on, ask
 * ds_activity_stopping() every 50 ms. The http layer does it for those that use it. */
#define DS_WAKE_FDS 2
DS_API size_t ds_activity_wake_fds(ds_activity *act, int *out);
/* Milliseconds in which nobody else can have taken over the work, 0 when they are over, INT64_MAX
 * where nobody can. They may grow while one waits. No request may be under way beyond them: it
 * might be applied after those of the successor. */
DS_API int64_t ds_activity_lease_ms(ds_activity *act);
DS_API DS_PRINTF(2, 3) void ds_activity_warn(ds_activity *act, const char *fmt, ...);
/* A request went out to the other side. Counted into the pass's `calls`: in an activity that counts
 * them itself the core does not count its own calls of the connector. The http layer does it for
 * those that use it. `endpoint` lives as long as the program. */
DS_API void ds_activity_count(ds_activity *act, const char *endpoint);
/* Nothing goes out before then (UTC since 1970), since a rate limit is sat out; 0: it no longer is.
 * For people who watch. The http layer says it for those that use it. */
DS_API void ds_activity_limited(ds_activity *act, int64_t until_ms);
/* What is done on whose behalf, for sharing out what all routes draw on. */
typedef enum ds_haste {
    DS_HASTE_ASKED, /* somebody waits: a targeted pass, a look by hand */
    DS_HASTE_USUAL, /* a regular pass */
    DS_HASTE_FILL,  /* a unit's first pass: long, and nobody is worse off for a minute more */
} ds_haste;
DS_API const char *ds_activity_route(ds_activity *act); /* "-" where there is none */
DS_API ds_haste ds_activity_haste(ds_activity *act);
/* The properties that the route reads of a source's records, paths as in `from` ("owner.login"), n
 * of them, owned by the pass; NULL: all that come. What costs calls of its own (a README) is
 * fetched where it is named. */
DS_API const char *const *ds_activity_wanted(ds_activity *act, size_t *n);

/* ---- a small memory between passes ----------------------------------------------------------- */

/* What may be lost without harm: ETags, the result of a costly look at one record. Kept for this
 * route and unit, and committed together with the records of the page (or the writes of the batch)
 * in hand when it was kept: it never tells of a page whose records were lost. All of a unit's are
 * forgotten when its destination is another one, was recreated or put back, or its key changed.
 * `plan`, `check` and `try` keep nothing; `plan` recalls what passes have kept. */
#define DS_KEEP_KEY_MAX ((size_t)512) /* bytes; of a longer key nothing is kept */
#define DS_KEEP_VALUE_MAX DS_MIB      /* likewise */

/* In the activity's arena; NULL: nothing is known. What this pass has kept is recalled at once. */
DS_API const char *ds_activity_recall(ds_activity *act, const char *key);
DS_API void ds_activity_keep(ds_activity *act, const char *key,
                             const char *value); /* NULL: forget */
/* The same for what concerns all routes (what is known of a credential's limits). */
DS_API const char *ds_activity_recall_shared(ds_activity *act, const char *key);
DS_API void ds_activity_keep_shared(ds_activity *act, const char *key, const char *value);

#endif
