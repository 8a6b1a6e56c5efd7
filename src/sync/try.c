/* src/sync/try.c - one record of the source through the mapping, stage by stage: what `try` shows.
 */
#include "sync/internal.h"

typedef struct trial {
    const ds_try_in *in;
    ds_mapping *map;
    ds_activity act;
    ds_arena *arena;
    trail way; /* through the source */
} trial;

static void end_with(ds_tried *out, ds_try_end end, const char *reason)
{
    out->end = end;
    out->reason = reason;
}

static bool transform(trial *t, const ds_transform_in *in, ds_transform_out *made, ds_err *err)
{
    const ds_transformer *by = t->in->route->transformer;
    ds_transform *run = by->open(by, t->in->route->transform);
    bool ok = by->apply(run, &t->act, in, 1, t->arena, made, err);

    by->close(run);
    return ok || ds_wrap(err, "transform");
}

/* `owns` and the rest; what came out of the transform is in `made`. */
static void finish(trial *t, const ds_transform_in *in, const ds_transform_out *made, ds_tried *out)
{
    const char *reason = NULL;
    ds_mapped last;

    if (ds_mapping_after(t->map, in, made, t->arena, &last, &reason) == DS_MAP_HELD) {
        end_with(out, DS_TRY_HELD, reason);
        return;
    }
    out->props = last.props;
    out->props_n = last.n;
    out->how = last.how;
    out->body = t->in->route->destination->has_bodies ? last.body : NULL;
    end_with(out, DS_TRY_WRITTEN, NULL);
}

static bool run(trial *t, const ds_record *rec, ds_tried *out, ds_err *err)
{
    const char *reason = rec->hold ? rec->hold : ds_key_problem(t->arena, rec->primary_key);
    ds_transform_in in = {.n = 0};
    ds_transform_out made = {.fate = DS_TRANSFORM_KEPT};
    ds_map_result result;

    *out = (ds_tried){.source = rec, .body = rec->body, .end = DS_TRY_HELD, .reason = reason};
    if (reason)
        return true;
    result = ds_mapping_before(t->map, rec, t->arena, &in, &reason);
    if (result == DS_MAP_DROPPED)
        end_with(out, DS_TRY_DROPPED, "`where` does not want it");
    else
        out->reason = reason;
    if (result != DS_MAPPED)
        return true;
    out->mapped = made.props = (ds_prop *)(uintptr_t)in.props;
    out->mapped_n = made.n = in.n;
    made.body = in.body;
    if (t->in->route->transform && !transform(t, &in, &made, err))
        return false;
    if (made.fate == DS_TRANSFORM_DROPPED)
        end_with(out, DS_TRY_DROPPED, "`transform` drops it");
    else if (made.fate == DS_TRANSFORM_HELD)
        end_with(out, DS_TRY_HELD, made.reason);
    if (made.fate != DS_TRANSFORM_KEPT)
        return true;
    if (t->in->route->transform) {
        out->made = made.props;
        out->made_n = made.n;
    }
    finish(t, &in, &made, out);
    return true;
}

/* The record that was asked for; NULL: not on this page. `by_name`: whatever came is what the
 * source calls so. */
static const ds_record *pick(const trial *t, const ds_page *page, bool by_name)
{
    const char *key = t->in->key, *reason;
    ds_transform_in in;

    for (size_t i = 0; i < page->records_n; i++) {
        const ds_record *rec = &page->records[i];

        if (key && (by_name || (rec->primary_key && !strcmp(rec->primary_key, key))))
            return rec;
        if (!key && !rec->hold &&
            ds_mapping_before(t->map, rec, t->arena, &in, &reason) != DS_MAP_DROPPED)
            return rec;
    }
    return key || !page->records_n ? NULL : &page->records[0];
}

/* Page by page until it is there; without a key the first page that has any will do. */
static bool search(trial *t, ds_source *src, ds_tried *out, ds_err *err)
{
    ds_fetch want = {.unit = t->in->unit, .since_ms = -1, .limit = PAGE_RECORDS};

    if (t->in->key && src->ops->targets_items) {
        want.items = &t->in->key;
        want.items_n = 1;
    }
    for (;;) {
        const ds_record *rec;
        ds_page page;

        ds_page_init(&page, t->arena);
        if (ds_activity_stopping(&t->act))
            return ds_fail(err, DS_ERR_CANCELLED, "stopped");
        if (!src->ops->fetch_page(src, &t->act, &want, &page, err))
            return ds_wrap(err, "source");
        rec = pick(t, &page, want.items && src->ops->names_items);
        if (rec)
            return run(t, rec, out, err);
        if (!page.next_cursor)
            return true;
        if (!trail_follow(&t->way, src, &page, t->arena, err))
            return ds_wrap(err, "source");
        want.cursor = t->way.cursor.data;
        ds_arena_reset(t->arena);
    }
}

bool ds_pass_try(const ds_try_in *in, void (*show)(void *to, const ds_tried *tried), void *to,
                 ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO(ds_arena) keep = ds_arena_new(); /* the other is emptied page by page */
    DS_AUTO(ds_mapping) map = ds_mapping_new(in->route);
    DS_AUTO(ds_source) src = ds_source_new(in->route);
    trial t = {.in = in, .map = map, .arena = a};
    ds_tried tried = {.source = NULL};
    bool found;

    t.act = (ds_activity){.arena = a,
                          .clock = in->clock,
                          .stop = in->stop,
                          .memory = in->memory,
                          .route = in->route->name,
                          .unit = in->unit};
    t.act.wanted = ds_mapping_wanted(in->route, keep, &t.act.wanted_n);
    if (src->ops->open && !src->ops->open(src, &t.act, err))
        return ds_wrap(err, "source");
    trail_init(&t.way, NULL);
    found = search(&t, src, &tried, err);
    trail_fini(&t.way);
    if (!found)
        return false;
    show(to, &tried);
    return true;
}
