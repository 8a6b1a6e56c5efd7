/* tests/support/seam.h - what a connector is called with, and short ways to call it. */
#ifndef TESTS_SUPPORT_SEAM_H
#define TESTS_SUPPORT_SEAM_H

#include "base/activity.h"
#include "support/run.h"
#include <durable_sync/destination.h>
#include <durable_sync/source.h>

/* Memory is `scratch`, the clock is seam_now_ms, the stop flag is seam_stop (cleared by the call).
 */
ds_activity *seam_activity(void);
extern int64_t seam_now_ms;
extern atomic_bool seam_stop;
extern ds_err seam_err; /* of the last call below that failed */

/* One page; a failed call fails the test. */
ds_page *seam_fetch(ds_source *source, const char *unit, const char *cursor, size_t limit);

/* Opens; false with seam_err. `generation` NULL: the core knows of nothing. */
bool seam_open(ds_destination *to, const char *generation, ds_open_out *out);
/* One record; `props` is an object in the notation of values.h. The outcome is in what is returned.
 */
ds_write *seam_write(ds_destination *to, ds_op op, const char *key, const char *props);
/* flush and finish; returns the generation, `before` where neither named one. */
const char *seam_finish(ds_destination *to, const char *before);
/* The one row found by the key; NULL: none. */
ds_record *seam_find(ds_destination *to, const char *key);
const char *seam_text(const ds_record *rec, const char *name); /* of one property; NULL: none */

#define assert_err(kind_, part)                                                                    \
    do {                                                                                           \
        assert_string_equal(ds_err_kind_name(seam_err.kind), ds_err_kind_name(kind_));             \
        if (!strstr(seam_err.text, (part)))                                                        \
            fail_msg("\"%s\" does not say \"%s\"", seam_err.text, (part));                         \
    } while (0)

#endif
