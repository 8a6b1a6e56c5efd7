/* src/engine/common/engine.c - the seam of engines: whichever it is, it knows how. */
#include "engine/engine.h"

static const ds_engine_ops *ops_of(const ds_engine *e)
{
    return *(const ds_engine_ops *const *)(const void *)e;
}

bool ds_engine_run(ds_engine *e, ds_err *err)
{
    return ops_of(e)->run(e, err);
}

void ds_engine_stop(ds_engine *e)
{
    ops_of(e)->stop(e);
}

void ds_engine_free(ds_engine *e)
{
    if (e)
        ops_of(e)->free(e);
}

bool ds_engine_signal(ds_engine *e, const ds_unit_ref *ref, const ds_event *event, int64_t *units,
                      ds_err *err)
{
    return ops_of(e)->signal(e, ref, event, units, err);
}

size_t ds_engine_running(ds_engine *e, ds_arena *a, const ds_running **out)
{
    return ops_of(e)->running(e, a, out);
}

size_t ds_engine_sitting(ds_engine *e, ds_arena *a, const ds_running **out)
{
    return ops_of(e)->sitting ? ops_of(e)->sitting(e, a, out) : 0;
}
