/* src/sync/map.c - from a source's record to what the destination is to hold. */
#include "base/hash.h"
#include "base/plant.h"
#include "sync/map.h"

#include <stdlib.h>
#include <string.h>

typedef struct shape { /* where the last record without `fields` had what */
    uint32_t *order;   /* indexes of its properties by name */
    size_t n, cap;
} shape;

struct ds_mapping {
    const ds_route *route;
    uint32_t *field_hint; /* [fields_n]: index of `from` in the last record */
    uint32_t *where_hint;
    uint32_t body_hint;
    uint32_t *order; /* fields by the name they write to */
    uint8_t *owned;  /* [fields_n] */
    uint8_t *how;    /* [fields_n] */
    bool any_only_new;
    shape last;
    ds_buf scratch;
};

bool ds_mapping_lists(ds_texts texts, const char *name)
{
    for (size_t i = 0; i < texts.n; i++)
        if (!strcmp(texts.items[i], name))
            return true;
    return false;
}

static int by_target(const void *a, const void *b, void *route)
{
    const ds_field *fields = ((const ds_route *)route)->fields;

    return strcmp(fields[*(const uint32_t *)a].to, fields[*(const uint32_t *)b].to);
}

ds_mapping *ds_mapping_new(const ds_route *route)
{
    ds_mapping *m = ds_calloc(1, sizeof(*m));

    m->route = route;
    m->field_hint = ds_calloc(route->fields_n, sizeof(*m->field_hint));
    m->where_hint = ds_calloc(route->where_n, sizeof(*m->where_hint));
    m->order = ds_calloc(route->fields_n, sizeof(*m->order));
    m->owned = ds_calloc(route->fields_n, 1);
    m->how = ds_calloc(route->fields_n, 1);
    ds_buf_init(&m->scratch, SIZE_MAX / 4);
    for (size_t i = 0; i < route->fields_n; i++) {
        m->order[i] = (uint32_t)i;
        m->owned[i] = !route->has_owns || ds_mapping_lists(route->owns, route->fields[i].to) ||
                      DS_PLANT("owns ignored");
        m->how[i] = ds_mapping_lists(route->create_only, route->fields[i].to);
        m->any_only_new |= m->how[i];
    }
    qsort_r(m->order, route->fields_n, sizeof(*m->order), by_target, (void *)(uintptr_t)route);
    return m;
}

void ds_mapping_free(ds_mapping *m)
{
    if (!m)
        return;
    free(m->field_hint);
    free(m->where_hint);
    free(m->order);
    free(m->owned);
    free(m->how);
    free(m->last.order);
    ds_buf_fini(&m->scratch);
    free(m);
}

/* The property of that name or path, first where it was in the last record. */
static ds_value look_up(const ds_record *rec, const char *name, uint32_t *hint, ds_arena *a)
{
    if (*hint < rec->props_n && !strcmp(rec->props[*hint].name, name))
        return rec->props[*hint].value;
    for (uint32_t i = 0; i < rec->props_n; i++) {
        if (!strcmp(rec->props[i].name, name)) {
            *hint = i;
            return rec->props[i].value;
        }
    }
    return ds_record_path(rec, name, a);
}

static bool wanted(ds_mapping *m, const ds_record *rec, ds_arena *a)
{
    for (size_t i = 0; i < m->route->where_n; i++) {
        const ds_where *where = &m->route->where[i];
        ds_value v = look_up(rec, where->name, &m->where_hint[i], a);
        bool any = false;

        for (size_t j = 0; j < where->any_n && !any; j++)
            any = ds_value_same(v, where->any[j]);
        if (!any)
            return false;
    }
    return true;
}

static bool is_list(ds_value v) /* of anything but texts alone */
{
    return v.type == DS_NESTED && ds_json_kind_of(v.as.nested) == DS_JSON_LIST;
}

static ds_value split(ds_arena *a, ds_value v, const char *by)
{
    const char *text = ds_value_text(a, v), *end;
    size_t by_n = strlen(by), n = 1, at = 0;
    const char **texts;

    if (!text || v.type == DS_LIST || is_list(v) || !by_n)
        return v;
    for (end = text; (end = strstr(end, by)) != NULL; end += by_n)
        n++;
    texts = ds_arena_alloc(a, n * sizeof(*texts));
    while ((end = strstr(text, by)) != NULL) {
        texts[at++] = ds_arena_strndup(a, text, (size_t)(end - text));
        text = end + by_n;
    }
    texts[at++] = text;
    return ds_list(texts, *texts[0] || at > 1 ? at : 0); /* "" splits into nothing */
}

static bool join(ds_arena *a, ds_value *v, const char *by, ds_err *err)
{
    DS_AUTO_BUF(out, DS_RECORD_MAX);

    if (v->type != DS_LIST)
        return true;
    for (uint32_t i = 0; i < v->n; i++) {
        ds_buf_text(&out, i ? by : "");
        ds_buf_text(&out, v->as.list[i]);
    }
    *v = ds_text_n(ds_arena_strndup(a, out.n ? out.data : "", out.n), out.n);
    return ds_buf_ok(&out, "the joined text", err);
}

/* What the field's map makes of a text; what it does not name becomes the default. */
static ds_value mapped(const ds_field *field, const char *text, ds_value other)
{
    for (size_t i = 0; text && i < field->map_n; i++)
        if (!strcmp(field->map[i].from, text))
            return field->map[i].to;
    return field->fallback.type == DS_ABSENT ? other : field->fallback;
}

/* A list is mapped entry by entry; what becomes null is dropped from it. */
static ds_value map_list(const ds_field *field, ds_arena *a, ds_value list)
{
    const char **texts = ds_arena_alloc(a, (list.n + 1) * sizeof(*texts));
    size_t n = 0;

    for (uint32_t i = 0; i < list.n; i++) {
        const char *entry = list.as.list[i];

        texts[n] = ds_value_text(a, mapped(field, entry, ds_text(entry)));
        n += texts[n] != NULL;
    }
    return ds_list(texts, n);
}

/* A text with nothing in it is no value where another type is asked for: an empty cell of CSV. */
static bool is_blank(const ds_field *field, ds_value v)
{
    return v.type == DS_TEXT && !v.n && field->as != DS_TEXT && field->as != DS_LIST;
}

/* split, map, as, join, default: in this order. false with the reason in err. */
static bool refine(const ds_field *field, ds_arena *a, ds_value *v, ds_err *err)
{
    if (field->split)
        *v = split(a, *v, field->split);
    if ((field->map_n || field->join) && is_list(*v))
        (void)!ds_value_as(a, *v, DS_LIST, v, err); /* any entry has a text: it does not fail */
    if (field->map_n && v->type == DS_LIST)
        *v = map_list(field, a, *v);
    else if (field->map_n)
        *v = mapped(field, ds_value_text(a, *v), *v);
    if (field->join && field->as == DS_TEXT && !join(a, v, field->join, err))
        return false; /* as text alone would join by ", " */
    if (field->as != DS_ABSENT && is_blank(field, *v))
        *v = DS_VALUE_NULL;
    if (field->as != DS_ABSENT && !ds_value_as(a, *v, field->as, v, err))
        return false;
    if (field->join && !join(a, v, field->join, err))
        return false;
    if (field->fallback.type != DS_ABSENT && (v->type == DS_ABSENT || v->type == DS_NULL))
        *v = field->fallback;
    return true;
}

static bool first_value(const ds_field *field, uint32_t *hint, const ds_record *rec, ds_arena *a,
                        ds_value *out, ds_err *err)
{
    switch (field->kind) {
    case DS_FIELD_FROM:
        *out = look_up(rec, field->from, hint, a);
        return true;
    case DS_FIELD_VALUE:
        *out = field->value;
        return true;
    case DS_FIELD_TEMPLATE:
        break;
    }
    return ds_template_fill(field->template, rec, a, out, err);
}

static ds_value flat(ds_value v, ds_arena *a)
{
    return v.type == DS_NESTED ? ds_text(ds_value_text(a, v)) : v;
}

static bool is_plain(const ds_field *field)
{
    return !field->split && !field->join && !field->map_n && field->as == DS_ABSENT &&
           field->fallback.type == DS_ABSENT;
}

static bool field_value(const ds_field *field, uint32_t *hint, const ds_record *rec, ds_arena *a,
                        ds_value *out, ds_err *err)
{
    return (first_value(field, hint, rec, a, out, err) &&
            (is_plain(field) || refine(field, a, out, err))) ||
           ds_wrap(err, "%s", field->to);
}

/* The source's own, or what the route makes it of. What is null has no text: it is cleared. */
static bool find_body(ds_mapping *m, const ds_record *rec, ds_arena *a, const char **body,
                      ds_err *err)
{
    ds_value v = DS_VALUE_ABSENT;

    *body = rec->body;
    if (!m->route->body)
        return true;
    if (!field_value(m->route->body, &m->body_hint, rec, a, &v, err))
        return false;
    *body = v.type == DS_NULL ? "" : ds_value_text(a, v);
    return true;
}

/* `owned` NULL: all fields are wanted. */
static bool apply_fields(ds_mapping *m, const ds_record *rec, const uint8_t *owned, ds_arena *a,
                         ds_prop *props, ds_err *err)
{
    for (size_t i = 0; i < m->route->fields_n; i++) {
        const ds_field *field = &m->route->fields[i];
        ds_value v = DS_VALUE_ABSENT;

        if ((!owned || owned[i]) && !field_value(field, &m->field_hint[i], rec, a, &v, err))
            return false;
        props[i] = (ds_prop){field->to, v};
    }
    return true;
}

/* Takes the absent ones out, keeping order[] and how[] in step. */
static size_t pack(ds_prop *props, size_t n, uint32_t *order, uint8_t *how)
{
    uint32_t *new_index = order + n; /* second half of the caller's memory */
    size_t kept = 0, kept_order = 0;

    for (size_t i = 0; i < n; i++) {
        new_index[i] = UINT32_MAX;
        if (props[i].value.type == DS_ABSENT)
            continue;
        new_index[i] = (uint32_t)kept;
        if (how)
            how[kept] = how[i];
        props[kept++] = props[i];
    }
    for (size_t i = 0; i < n; i++)
        if (new_index[order[i]] != UINT32_MAX)
            order[kept_order++] = new_index[order[i]];
    return kept;
}

static bool map_fields(ds_mapping *m, const ds_record *rec, ds_arena *a, ds_mapped *out,
                       ds_err *err)
{
    size_t n = m->route->fields_n;
    ds_prop *props = ds_arena_alloc(a, n * sizeof(*props));
    const uint32_t *order = m->order;
    const uint8_t *how = m->any_only_new ? m->how : NULL;
    const char *body;
    bool gaps = false;

    if (!apply_fields(m, rec, m->owned, a, props, err) || !find_body(m, rec, a, &body, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        props[i].value = flat(props[i].value, a);
        gaps |= props[i].value.type == DS_ABSENT;
    }
    if (gaps) {
        uint32_t *packed = ds_arena_alloc(a, 2 * n * sizeof(*packed));
        uint8_t *packed_how = how ? ds_arena_alloc(a, n) : NULL;

        memcpy(packed, m->order, n * sizeof(*packed));
        if (packed_how)
            memcpy(packed_how, how, n);
        n = pack(props, n, packed, packed_how);
        order = packed;
        how = packed_how;
    }
    *out = (ds_mapped){
        .props = props, .n = n, .how = how, .body = body, .body_once = m->route->body_once};
    out->hash = ds_encode_hash(&m->scratch, props, order, n, how, out->body_once ? NULL : body);
    return true;
}

static int by_name(const void *a, const void *b, void *props)
{
    return strcmp(((const ds_prop *)props)[*(const uint32_t *)a].name,
                  ((const ds_prop *)props)[*(const uint32_t *)b].name);
}

/* The order of the names; usually that of the last record, which costs one look along it. */
static const uint32_t *order_by_name(shape *last, const ds_prop *props, size_t n)
{
    bool same = last->n == n;

    for (size_t i = 1; same && i < n; i++)
        same = strcmp(props[last->order[i - 1]].name, props[last->order[i]].name) < 0;
    if (same)
        return last->order;
    if (last->cap < n) {
        last->cap = n * 2;
        last->order = ds_realloc(last->order, last->cap, sizeof(*last->order));
    }
    for (size_t i = 0; i < n; i++)
        last->order[i] = (uint32_t)i;
    qsort_r(last->order, n, sizeof(*last->order), by_name, (void *)(uintptr_t)props);
    last->n = n;
    return last->order;
}

/* Properties under names that no field gave them, less what is not owned and the key's own column.
 */
static void map_all(ds_mapping *m, const ds_prop *given, size_t given_n, const char *body,
                    ds_arena *a, ds_mapped *out)
{
    const ds_route *route = m->route;
    ds_prop *props = ds_arena_alloc(a, given_n * sizeof(*props));
    uint8_t *how = route->create_only.n ? ds_arena_zalloc(a, given_n) : NULL;
    size_t n = 0;

    for (size_t i = 0; i < given_n; i++) {
        const ds_prop *prop = &given[i];

        if (prop->value.type == DS_ABSENT ||
            (route->has_owns && !ds_mapping_lists(route->owns, prop->name)) ||
            (route->destination_key && !strcmp(route->destination_key, prop->name)))
            continue;
        if (how)
            how[n] = ds_mapping_lists(route->create_only, prop->name);
        props[n++] = (ds_prop){prop->name, flat(prop->value, a)};
    }
    *out = (ds_mapped){
        .props = props, .n = n, .how = how, .body = body, .body_once = route->body_once};
    out->hash = ds_encode_hash(&m->scratch, props, order_by_name(&m->last, props, n), n, how,
                               out->body_once ? NULL : body);
}

ds_map_result ds_mapping_apply(ds_mapping *m, const ds_record *rec, ds_arena *a, ds_mapped *out,
                               const char **reason)
{
    ds_err err = DS_ERR_INIT;

    if (!wanted(m, rec, a))
        return DS_MAP_DROPPED;
    if (!m->route->has_fields) {
        map_all(m, rec->props, rec->props_n, rec->body, a, out);
        return DS_MAPPED;
    }
    if (map_fields(m, rec, a, out, &err))
        return DS_MAPPED;
    *reason = ds_arena_strdup(a, err.text);
    return DS_MAP_HELD;
}

/* ---- around a transform ---------------------------------------------------------------------- */

/* The absent ones taken out. */
static size_t squeeze(ds_prop *props, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (props[i].value.type != DS_ABSENT)
            props[kept++] = props[i];
    return kept;
}

ds_map_result ds_mapping_before(ds_mapping *m, const ds_record *rec, ds_arena *a,
                                ds_transform_in *out, const char **reason)
{
    size_t n = m->route->has_fields ? m->route->fields_n : rec->props_n;
    ds_prop *props = ds_arena_alloc(a, (n + 1) * sizeof(*props));
    ds_err err = DS_ERR_INIT;

    *out = (ds_transform_in){.key = rec->primary_key, .props = props, .body = rec->body};
    if (!wanted(m, rec, a))
        return DS_MAP_DROPPED;
    if (!m->route->has_fields && n)
        memcpy(props, rec->props, n * sizeof(*props));
    if (m->route->has_fields &&
        (!apply_fields(m, rec, NULL, a, props, &err) || !find_body(m, rec, a, &out->body, &err))) {
        *reason = ds_arena_strdup(a, err.text);
        return DS_MAP_HELD;
    }
    out->n = squeeze(props, n);
    return DS_MAPPED;
}

/* The source has a property of this name, and this is its value. */
static bool went_in(const ds_transform_in *in, const ds_prop *prop)
{
    for (size_t i = 0; i < in->n; i++)
        if (!strcmp(in->props[i].name, prop->name))
            return ds_value_same(in->props[i].value, prop->value);
    return false;
}

/* What a property is called that the route writes by itself. A source's own property under the
 * key's name may go through: it is left out here as it is without a transform. */
static const char *taken(const ds_route *route, const ds_transform_in *in, const ds_prop *prop)
{
    if (route->stamp && !strcmp(route->stamp, prop->name))
        return "the stamp";
    if (route->missing_mark && !strcmp(route->missing_mark, prop->name))
        return "the mark of missing rows";
    if (route->destination_key && !strcmp(route->destination_key, prop->name) && !went_in(in, prop))
        return "the key";
    return NULL;
}

/* Whether the expression wrote a body that would get lost. */
static bool loses_body(const ds_route *route, const ds_transform_in *in,
                       const ds_transform_out *made)
{
    return made->body && !route->destination->has_bodies &&
           (!in->body || strcmp(in->body, made->body) != 0);
}

ds_map_result ds_mapping_after(ds_mapping *m, const ds_transform_in *in,
                               const ds_transform_out *made, ds_arena *a, ds_mapped *out,
                               const char **reason)
{
    for (size_t i = 0; i < made->n; i++) {
        const char *by = taken(m->route, in, &made->props[i]);

        if (!by)
            continue;
        *reason = ds_arena_printf(a, "transform: \"%.200s\" is %s, which is written by itself",
                                  made->props[i].name, by);
        return DS_MAP_HELD;
    }
    if (loses_body(m->route, in, made)) {
        *reason = ds_arena_printf(a,
                                  "transform: `.body` is set, and a destination of kind %s has no "
                                  "bodies; put the text into a property",
                                  m->route->destination->kind);
        return DS_MAP_HELD;
    }
    map_all(m, made->props, made->n, made->body, a, out);
    for (size_t i = 1; i < out->n; i++) {
        const char *name = out->props[m->last.order[i]].name;

        if (strcmp(out->props[m->last.order[i - 1]].name, name) != 0)
            continue;
        *reason = ds_arena_printf(a, "transform: two properties are named \"%.200s\"", name);
        return DS_MAP_HELD;
    }
    return DS_MAPPED;
}

ds_hash ds_mapping_hash_before(ds_mapping *m, const ds_transform_in *in, ds_arena *a)
{
    ds_prop *props = ds_arena_alloc(a, (in->n + 1) * sizeof(*props));
    ds_hash program = ds_hash128(m->route->transform, strlen(m->route->transform)), hash;

    for (size_t i = 0; i < in->n; i++)
        props[i] = (ds_prop){in->props[i].name, flat(in->props[i].value, a)};
    hash = ds_encode_hash(&m->scratch, props, order_by_name(&m->last, props, in->n), in->n, NULL,
                          in->body);
    return (ds_hash){hash.low ^ program.low, hash.high ^ program.high};
}
