/* src/app/peek.c - what a route writes, as the first of its records tell. */
#include "app/peek.h"

#include "sync/map.h"
#include <string.h>

#define PEEKED ((size_t)100) /* records looked at */

typedef struct peek {
    const ds_route *route;
    ds_activity *act;
    ds_arena *a;
    ds_mapping *mapping;
    ds_column *columns;
    size_t n;
} peek;

bool ds_peek_is_needed(const ds_route *route)
{
    return !route->has_fields || (route->transform && !route->has_owns);
}

static bool is_known(const peek *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->columns[i].name, name))
            return true;
    return p->route->destination_key && !strcmp(p->route->destination_key, name);
}

static void collect(peek *p, const ds_mapped *mapped)
{
    for (size_t i = 0; i < mapped->n && p->n < DS_PROPERTIES_MAX; i++) {
        if (is_known(p, mapped->props[i].name))
            continue;
        p->columns = ds_arena_grow(p->a, p->columns, p->n * sizeof(*p->columns),
                                   (p->n + 1) * sizeof(*p->columns));
        p->columns[p->n++] =
            (ds_column){.name = ds_arena_strdup(p->a, mapped->props[i].name), .type = DS_ABSENT};
    }
}

static void map_all(peek *p, const ds_page *page)
{
    for (size_t i = 0; i < page->records_n; i++) {
        ds_mapped mapped;
        const char *reason;

        if (!page->records[i].hold &&
            ds_mapping_apply(p->mapping, &page->records[i], p->a, &mapped, &reason) == DS_MAPPED)
            collect(p, &mapped);
    }
}

static bool run(peek *p, const ds_transform_in *in, size_t n, ds_transform_out *out, ds_err *err)
{
    const ds_transformer *by = p->route->transformer;
    ds_transform *transform = by->open(by, p->route->transform);
    bool ok = by->apply(transform, p->act, in, n, p->a, out, err);

    by->close(transform);
    return ok || ds_wrap(err, "transform");
}

/* What the expression makes of them, as in a pass. */
static bool transform_all(peek *p, const ds_page *page, ds_err *err)
{
    size_t most = DS_MIN(page->records_n, PEEKED), n = 0;
    ds_transform_in *in = ds_arena_alloc(p->a, most * sizeof(*in));
    ds_transform_out *out = ds_arena_zalloc(p->a, most * sizeof(*out));
    const char *reason;

    for (size_t i = 0; i < most; i++) {
        const ds_record *rec = &page->records[i];

        if (!rec->hold && !ds_key_problem(p->a, rec->primary_key) &&
            ds_mapping_before(p->mapping, rec, p->a, &in[n], &reason) == DS_MAPPED)
            n++;
    }
    if (n && !run(p, in, n, out, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        ds_mapped mapped;

        if (out[i].fate == DS_TRANSFORM_KEPT &&
            ds_mapping_after(p->mapping, &in[i], &out[i], p->a, &mapped, &reason) == DS_MAPPED)
            collect(p, &mapped);
    }
    return true;
}

/* The first page of the first unit; none where there is no unit. */
static bool read_some(const peek *p, ds_source *source, ds_page *page, ds_err *err)
{
    ds_units units = {.arena = p->a};
    ds_fetch want = {.since_ms = -1, .limit = PEEKED};
    const char *unit = p->act->unit;
    bool ok;

    ds_page_init(page, p->a);
    if ((source->ops->open && !source->ops->open(source, p->act, err)) ||
        !source->ops->units(source, p->act, &units, err))
        return false;
    if (!units.n)
        return true;
    want.unit = p->act->unit = units.keys[0];
    ok = source->ops->fetch_page(source, p->act, &want, page, err);
    p->act->unit = unit;
    return ok;
}

bool ds_peek_columns(const ds_route *route, ds_activity *act, const ds_column **columns, size_t *n,
                     ds_err *err)
{
    DS_AUTO(ds_mapping) mapping = ds_mapping_new(route);
    DS_AUTO(ds_source) source = ds_source_new(route); /* lends the page its names */
    peek p = {.route = route, .act = act, .a = act->arena, .mapping = mapping, .n = *n};
    ds_page page;

    p.columns = ds_arena_alloc(p.a, (*n + 1) * sizeof(*p.columns));
    if (*n)
        memcpy(p.columns, *columns, *n * sizeof(*p.columns));
    if (!read_some(&p, source, &page, err))
        return ds_wrap(err, "source %s", route->source->kind);
    if (!route->transform)
        map_all(&p, &page);
    else if (!transform_all(&p, &page, err))
        return false;
    *columns = p.columns;
    *n = p.n;
    return true;
}
