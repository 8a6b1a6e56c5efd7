/* src/sync/find.c - looking rows up at the destination. */
#include "base/log.h"
#include "sync/internal.h"

#include <strings.h>

void count_call(pass *p, bool quiet)
{
    int64_t own = p->act.calls - p->counted;

    p->destination_calls += own ? own : !quiet;
    p->counted = p->act.calls;
}

bool find_keys(pass *p, const char *const *keys, size_t n, ds_found *found, ds_err *err)
{
    for (size_t at = 0; at < n; at += PAGE_RECORDS) {
        if (ds_activity_stopping(&p->act))
            return ds_fail(err, DS_ERR_CANCELLED, "stopped");
        size_t some = DS_MIN(n - at, PAGE_RECORDS);
        bool ok = p->to->find(p->dst, &p->act, keys + at, some, found + at, err);

        count_call(p, !ok);
        if (!ok)
            return ds_wrap(err, "look up %zu keys at the destination", some);
    }
    return true;
}

/* Rows that others have made with a key of ours, or a create that arrived when it was given up. */
static void warn_of_others(pass *p, const ds_found *found, const char *id)
{
    ds_log(DS_LOG_WARN, "rows_doubled", "route", p->route->name, "unit", p->act.unit, "key",
           found->key, "rows", ds_arena_printf(p->batch, "%zu", found->n), "id", id, "text",
           "several rows of the destination have this key: this one is written, the others are "
           "left alone",
           NULL);
}

/* Of several rows with one key the link says which is ours: a person may have picked it. */
static void prefer(pass *p, const char *id, ds_found *found)
{
    for (const ds_found *one = found; one && found->n > 1; one = one->other) {
        if (!one->id || strcmp(one->id, id) != 0)
            continue;
        warn_of_others(p, found, id);
        found->id = one->id;
        found->row = one->row;
        found->other = NULL;
        found->n = 1;
        return;
    }
}

bool find_rows(pass *p, item *const *items, size_t n, ds_found *found, ds_err *err)
{
    const char **keys = ds_arena_alloc(p->batch, n * sizeof(*keys));

    memset(found, 0, n * sizeof(*found));
    for (size_t i = 0; i < n; i++)
        keys[i] = items[i]->key;
    if (p->to->find && p->destination_exists && !find_keys(p, keys, n, found, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (items[i]->link && items[i]->link->id)
            prefer(p, items[i]->link->id, &found[i]);
    return true;
}

bool row_value(const pass *p, const ds_record *row, const char *name, ds_value *out)
{
    const ds_value *there = ds_record_get(row, name);

    for (uint32_t i = 0; !there && p->whole_rows && i < row->props_n; i++)
        if (!strcasecmp(row->props[i].name, name))
            there = &row->props[i].value;
    *out = there ? *there : DS_VALUE_NULL;
    return there || !p->whole_rows;
}

bool is_same_there(const pass *p, const char *name, ds_value wanted, ds_value there)
{
    if (ds_value_same(wanted, there))
        return true;
    return p->to->same && p->to->same(p->dst, name, wanted, there, p->batch);
}

/* One that is written once, into a row whose create was lost half-way, may be short. */
static bool body_is_same(const item *it, const ds_record *row)
{
    bool lost = it->intent && !it->link && !it->left;

    if (!it->mapped.body)
        return true;
    return it->mapped.body_once ? !lost : row->body && !strcmp(it->mapped.body, row->body);
}

bool row_is_same(const pass *p, const item *it, const ds_record *row)
{
    for (size_t i = 0; i < it->mapped.n; i++) {
        const ds_prop *prop = &it->mapped.props[i];
        ds_value there;

        if (it->mapped.how && it->mapped.how[i] != DS_HOW_ALWAYS)
            continue;
        if (row_value(p, row, prop->name, &there) &&
            !is_same_there(p, prop->name, prop->value, there))
            return false;
    }
    return body_is_same(it, row);
}
