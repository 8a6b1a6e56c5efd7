/* src/sync/transform.c
 *
 * The records of a page through the route's transform, between `fields` and `owns`.  A record that
 * the transform cannot do may cost it a quarter of a second and a worker, so one that was held for
 * it is not given to it again before it is due, unless it or the program has changed.
 */
#include "base/hash.h"
#include "sync/internal.h"

typedef struct through { /* what is on its way, in step */
    item **items;
    ds_transform_in *in;
    ds_transform_out *out;
    size_t n;
} through;

static ds_transform_in input_of(const item *it)
{
    return (ds_transform_in){
        .key = it->key, .props = it->mapped.props, .n = it->mapped.n, .body = it->mapped.body};
}

/* Held as before, without another try. */
static bool waits(pass *p, item *it, const ds_transform_in *in, ds_arena *a)
{
    if (!it->held || !held_waits(p, it->held) ||
        !ds_hash_same(it->held->hash, ds_mapping_hash_before(p->map, in, a)))
        return false;
    it->decision = DO_HOLD;
    it->reason = it->held->reason;
    it->mapped.hash = it->held->hash;
    return true;
}

static void take_out(pass *p, item *it, const ds_transform_in *in, const ds_transform_out *made,
                     ds_arena *a)
{
    const char *reason = made->reason;
    ds_map_result result = DS_MAP_HELD;

    if (made->fate == DS_TRANSFORM_DROPPED) {
        it->decision = DO_SKIP;
        it->dropped = true;
        it->why = "`transform` drops it";
        return;
    }
    if (made->fate == DS_TRANSFORM_KEPT)
        result = ds_mapping_after(p->map, in, made, a, &it->mapped, &reason);
    if (result == DS_MAP_HELD) {
        it->decision = DO_HOLD;
        it->reason = reason;
        it->mapped.hash = ds_mapping_hash_before(p->map, in, a);
    }
    if (!p->to->has_bodies)
        it->mapped.body = NULL;
}

bool transform_items(pass *p, item *items, size_t n, ds_arena *a, ds_err *err)
{
    const ds_transformer *by = p->route->transformer;
    through t = {.n = 0};

    if (!p->route->transform || !n)
        return true;
    t.items = ds_arena_alloc(a, n * sizeof(*t.items));
    t.in = ds_arena_alloc(a, n * sizeof(*t.in));
    t.out = ds_arena_zalloc(a, n * sizeof(*t.out));
    for (size_t i = 0; i < n; i++) {
        if (items[i].decision != DO_WRITE)
            continue;
        t.in[t.n] = input_of(&items[i]);
        if (!waits(p, &items[i], &t.in[t.n], a))
            t.items[t.n++] = &items[i];
    }
    if (!t.n)
        return true;
    if (!p->transform)
        p->transform = by->open(by, p->route->transform);
    if (!by->apply(p->transform, &p->act, t.in, t.n, a, t.out, err))
        return ds_wrap(err, "transform");
    for (size_t i = 0; i < t.n; i++)
        take_out(p, t.items[i], &t.in[i], &t.out[i], a);
    return true;
}
