/* tests/support/seam.c - see seam.h. */
#include "support/seam.h"
#include "support/values.h"

int64_t seam_now_ms = INT64_C(1767225600000);
atomic_bool seam_stop;
ds_err seam_err;

static int64_t now_ms(ds_clock *clock)
{
    (void)clock;
    return seam_now_ms;
}

static ds_clock clock_ = {.now_ms = now_ms};
static ds_activity activity;

ds_activity *seam_activity(void)
{
    atomic_store(&seam_stop, false);
    seam_err = DS_ERR_INIT;
    activity = (ds_activity){
        .arena = scratch, .clock = &clock_, .stop = &seam_stop, .route = "test", .unit = "all"};
    return &activity;
}

ds_page *seam_fetch(ds_source *source, const char *unit, const char *cursor, size_t limit)
{
    ds_page *page = ds_new_in(scratch, ds_page);
    ds_fetch want = {.unit = unit, .cursor = cursor, .since_ms = -1, .limit = limit};

    ds_page_init(page, scratch);
    if (!source->ops->fetch_page(source, seam_activity(), &want, page, &seam_err))
        fail_msg("%s", seam_err.text);
    return page;
}

bool seam_open(ds_destination *to, const char *generation, ds_open_out *out)
{
    ds_open_in in = {.owner = "store/route/unit", .generation = generation};
    ds_open_out ignored;

    seam_activity();
    return !to->ops->open ||
           to->ops->open(to, seam_activity(), &in, out ? out : &ignored, &seam_err);
}

ds_write *seam_write(ds_destination *to, ds_op op, const char *key, const char *props)
{
    ds_write *row = ds_new_in(scratch, ds_write);
    const ds_record *rec = record_of(scratch, props);

    *row = (ds_write){.op = op, .key = key, .props = rec->props, .props_n = rec->props_n};
    if (!to->ops->write(to, seam_activity(), row, 1, &seam_err))
        fail_msg("%s", seam_err.text);
    return row;
}

const char *seam_finish(ds_destination *to, const char *before)
{
    const char *generation = before;

    if (to->ops->flush && !to->ops->flush(to, seam_activity(), &generation, &seam_err))
        fail_msg("%s", seam_err.text);
    if (to->ops->finish && !to->ops->finish(to, seam_activity(), &generation, &seam_err))
        fail_msg("%s", seam_err.text);
    return generation;
}

ds_record *seam_find(ds_destination *to, const char *key)
{
    ds_found found;

    if (!to->ops->find(to, seam_activity(), &key, 1, &found, &seam_err))
        fail_msg("%s", seam_err.text);
    assert_true(found.n <= 1);
    return found.n ? found.row : NULL;
}

const char *seam_text(const ds_record *rec, const char *name)
{
    const ds_value *value = rec ? ds_record_get(rec, name) : NULL;

    return value ? ds_value_text(scratch, *value) : NULL;
}
