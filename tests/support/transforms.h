/* tests/support/transforms.h - records through a transform worker, as short texts. */
#ifndef TESTS_SUPPORT_TRANSFORMS_H
#define TESTS_SUPPORT_TRANSFORMS_H

#include "support/run.h"
#include "support/seam.h"
#include "support/values.h"
#include "transform/transform.h"

#include <string.h>

/* "dropped", "held: REASON" without its "transform: ", or the properties. */
static inline const char *show_made(const ds_transform_out *out)
{
    switch (out->fate) {
    case DS_TRANSFORM_OPEN:
        return "open";
    case DS_TRANSFORM_KEPT:
        return show_props(scratch, out->props, out->n);
    case DS_TRANSFORM_DROPPED:
        return "dropped";
    case DS_TRANSFORM_HELD:
        break;
    }
    if (strncmp(out->reason, "transform: ", 11) != 0)
        return out->reason;
    return ds_arena_printf(scratch, "held: %s", out->reason + 11);
}

static inline ds_transform_in transform_input(const char *json)
{
    const ds_record *rec = record_of(scratch, json);

    return (ds_transform_in){.key = "k1", .props = rec->props, .n = rec->props_n};
}

/* One pass over n records; false with *err. */
static inline bool transform_all(const ds_jq *jq, const char *program, const ds_transform_in *in,
                                 size_t n, ds_transform_out *out, ds_err *err)
{
    ds_transform *t = jq->base.open(&jq->base, program);
    bool ok = jq->base.apply(t, seam_activity(), in, n, scratch, out, err);

    jq->base.close(t);
    return ok;
}

#endif
