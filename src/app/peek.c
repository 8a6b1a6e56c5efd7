/* src/app/peek.c - what a route writes, as the first of its records and its source tell. */
#include "app/peek.h"

#include "sync/map.h"
#include <stdlib.h>
#include <string.h>

#define PEEKED ((size_t)100) /* records looked at where names come with them... */
#define TASTED ((size_t)10)  /* ...else: some of what they bring may cost a call each */

bool ds_peek_is_needed(const ds_route *route)
{
    return !route->has_fields || (route->transform && !route->has_owns);
}

ds_peek *ds_peek_open(const ds_route *route, ds_activity *act, ds_err *err)
{
    ds_peek *p = ds_calloc(1, sizeof(*p));

    *p = (ds_peek){.route = route, .act = act, .units = {.arena = act->arena}};
    ds_page_init(&p->page, act->arena);
    act->wanted = ds_mapping_wanted(route, act->arena, &act->wanted_n);
    p->source = ds_source_new(route);
    if (!p->source->ops->open || p->source->ops->open(p->source, act, err))
        return p;
    ds_peek_close(p);
    return NULL;
}

void ds_peek_close(ds_peek *p)
{
    if (!p)
        return;
    ds_source_free(p->source);
    free(p);
}

bool ds_peek_read(ds_peek *p, ds_err *err)
{
    const ds_source_ops *ops = p->source->ops;
    ds_fetch want = {.since_ms = -1, .limit = ds_peek_is_needed(p->route) ? PEEKED : TASTED};
    const char *unit = p->act->unit;
    bool ok;

    if (!ops->units(p->source, p->act, &p->units, err))
        return false;
    if (!p->units.n)
        return true;
    want.unit = p->act->unit = p->units.keys[0];
    ok = ops->fetch_page(p->source, p->act, &want, &p->page, err);
    p->act->unit = unit;
    p->is_all = ok && !p->page.next_cursor;
    return ok;
}

/* ---- records, mapped ------------------------------------------------------------------------- */

typedef void (*taker)(void *to, const ds_mapped *mapped);

static void map_all(const ds_peek *p, ds_mapping *mapping, taker take, void *to)
{
    size_t most = DS_MIN(p->page.records_n, PEEKED);

    for (size_t i = 0; i < most; i++) {
        const ds_record *rec = &p->page.records[i];
        ds_mapped mapped;
        const char *reason;

        if (!rec->hold &&
            ds_mapping_apply(mapping, rec, p->act->arena, &mapped, &reason) == DS_MAPPED)
            take(to, &mapped);
    }
}

static bool run(const ds_peek *p, const ds_transform_in *in, size_t n, ds_transform_out *out,
                ds_err *err)
{
    const ds_transformer *by = p->route->transformer;
    ds_transform *transform = by->open(by, p->route->transform);
    bool ok = by->apply(transform, p->act, in, n, p->act->arena, out, err);

    by->close(transform);
    return ok || ds_wrap(err, "transform");
}

/* What the expression makes of them, as in a pass. */
static bool transform_all(const ds_peek *p, ds_mapping *mapping, taker take, void *to, ds_err *err)
{
    ds_arena *a = p->act->arena;
    size_t most = DS_MIN(p->page.records_n, PEEKED), n = 0;
    ds_transform_in *in = ds_arena_alloc(a, most * sizeof(*in));
    ds_transform_out *out = ds_arena_zalloc(a, most * sizeof(*out));
    const char *reason;

    for (size_t i = 0; i < most; i++) {
        const ds_record *rec = &p->page.records[i];

        if (!rec->hold && !ds_key_problem(a, rec->primary_key) &&
            ds_mapping_before(mapping, rec, a, &in[n], &reason) == DS_MAPPED)
            n++;
    }
    if (n && !run(p, in, n, out, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        ds_mapped mapped;

        if (out[i].fate == DS_TRANSFORM_KEPT &&
            ds_mapping_after(mapping, &in[i], &out[i], a, &mapped, &reason) == DS_MAPPED)
            take(to, &mapped);
    }
    return true;
}

static bool for_each(const ds_peek *p, taker take, void *to, ds_err *err)
{
    DS_AUTO(ds_mapping) mapping = ds_mapping_new(p->route);

    if (p->route->transform)
        return transform_all(p, mapping, take, to, err);
    map_all(p, mapping, take, to);
    return true;
}

/* ---- columns --------------------------------------------------------------------------------- */

typedef struct names {
    const ds_route *route;
    ds_arena *a;
    ds_column *columns;
    size_t n;
} names;

static bool is_known(const names *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (!strcmp(c->columns[i].name, name))
            return true;
    return c->route->destination_key && !strcmp(c->route->destination_key, name);
}

static void collect_names(void *to, const ds_mapped *mapped)
{
    names *c = to;

    for (size_t i = 0; i < mapped->n && c->n < DS_PROPERTIES_MAX; i++) {
        if (is_known(c, mapped->props[i].name))
            continue;
        c->columns = ds_arena_grow(c->a, c->columns, c->n * sizeof(*c->columns),
                                   (c->n + 1) * sizeof(*c->columns));
        c->columns[c->n++] =
            (ds_column){.name = ds_arena_strdup(c->a, mapped->props[i].name), .type = DS_ABSENT};
    }
}

bool ds_peek_columns(ds_peek *p, ds_column **columns, size_t *n, ds_err *err)
{
    names c = {.route = p->route, .a = p->act->arena};

    c.columns = ds_mapping_columns(p->route, c.a, &c.n);
    if (ds_peek_is_needed(p->route) && !for_each(p, collect_names, &c, err))
        return false;
    *columns = c.columns;
    *n = c.n;
    return ds_mapping_learn(p->route, p->source, p->act, c.columns, c.n, err);
}

/* ---- values ---------------------------------------------------------------------------------- */

typedef struct values {
    const ds_column *columns;
    size_t n;
    ds_value **of; /* [n][PEEKED] */
    ds_peeked *out;
} values;

static void collect_values(void *to, const ds_mapped *mapped)
{
    values *v = to;

    for (size_t i = 0; i < v->n; i++) {
        for (size_t k = 0; k < mapped->n; k++) {
            if (strcmp(mapped->props[k].name, v->columns[i].name) != 0 ||
                mapped->props[k].value.type == DS_NULL)
                continue;
            v->of[i][v->out[i].n++] = mapped->props[k].value;
            break;
        }
    }
}

bool ds_peek_values(ds_peek *p, const ds_column *columns, size_t n, ds_peeked **out, ds_err *err)
{
    ds_arena *a = p->act->arena;
    size_t most = DS_MIN(p->page.records_n, PEEKED) + 1;
    values v = {.columns = columns, .n = n};

    v.of = ds_arena_alloc(a, (n + 1) * sizeof(*v.of));
    v.out = ds_arena_zalloc(a, (n + 1) * sizeof(*v.out));
    for (size_t i = 0; i < n; i++)
        v.out[i].values = v.of[i] = ds_arena_alloc(a, most * sizeof(**v.of));
    *out = v.out;
    return for_each(p, collect_values, &v, err);
}
