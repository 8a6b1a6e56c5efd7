/* src/connectors/memory/rig.c - how tests fill tables, break them, and look into them. */
#include "connectors/memory/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static ds_memory_line *of_unit(ds_memory_table *t, const char *unit, const char *key)
{
    for (size_t i = 0; i < t->lines_n; i++) {
        ds_memory_line *line = t->lines[i];

        if (line->key && strcmp(line->key, key) == 0 && strcmp(line->unit, unit) == 0)
            return line;
    }
    return NULL;
}

/* ---- filling --------------------------------------------------------------------------------- */

static void fill(ds_memory_line *line, const char *json)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_err err = DS_ERR_INIT;
    const ds_json *object = ds_json_read(a, json, strlen(json), &err);
    ds_record rec = {.arena = a};

    assert(object); /* the test's own text */
    ds_record_set_json(&rec, object);
    line->props_n = 0;
    ds_memory_merge(line, rec.props, rec.props_n, NULL);
}

void ds_memory_put_at(const char *store, const char *unit, const char *key, const char *json,
                      int64_t changed_ms)
{
    ds_memory_table *t = ds_memory_lock(store);
    ds_memory_line *line = of_unit(t, unit, key);

    line = line ? line : ds_memory_add(t, unit, key);
    line->changed_ms = changed_ms;
    fill(line, json);
    ds_memory_unlock(t);
}

void ds_memory_put(const char *store, const char *unit, const char *key, const char *json)
{
    ds_memory_put_at(store, unit, key, json, 0);
}

void ds_memory_put_held(const char *store, const char *unit, const char *place, const char *reason)
{
    ds_memory_table *t = ds_memory_lock(store);
    ds_memory_line *line = ds_memory_add(t, unit, NULL);

    line->place = ds_arena_strdup(line->arena, place);
    line->hold = ds_arena_strdup(line->arena, reason);
    ds_memory_unlock(t);
}

void ds_memory_take(const char *store, const char *unit, const char *key)
{
    ds_memory_table *t = ds_memory_lock(store);
    ds_memory_line *line = of_unit(t, unit, key);

    if (line)
        ds_memory_delete(t, line);
    ds_memory_unlock(t);
}

void ds_memory_add_unit(const char *store, const char *unit)
{
    ds_memory_table *t = ds_memory_lock(store);

    ds_memory_unit(t, unit);
    ds_memory_unlock(t);
}

void ds_memory_drop_unit(const char *store, const char *unit)
{
    ds_memory_table *t = ds_memory_lock(store);
    size_t kept = 0;

    for (size_t i = t->lines_n; i-- > 0;) {
        if (strcmp(t->lines[i]->unit, unit) == 0)
            ds_memory_delete(t, t->lines[i]);
    }
    for (size_t i = 0; i < t->units_n; i++) {
        char *name = t->units[i];

        if (strcmp(name, unit) == 0)
            free(name);
        else
            t->units[kept++] = name;
    }
    t->units_n = kept;
    ds_memory_unlock(t);
}

/* ---- looking --------------------------------------------------------------------------------- */

size_t ds_memory_count(const char *store, const char *key)
{
    ds_memory_table *t = ds_memory_lock(store);
    size_t n = 0;

    for (size_t i = 0; i < t->lines_n; i++) {
        const ds_memory_line *line = t->lines[i];

        n += !line->archived && (!key || (line->key && strcmp(line->key, key) == 0));
    }
    ds_memory_unlock(t);
    return n;
}

size_t ds_memory_archived(const char *store)
{
    ds_memory_table *t = ds_memory_lock(store);
    size_t n = 0;

    for (size_t i = 0; i < t->lines_n; i++)
        n += t->lines[i]->archived;
    ds_memory_unlock(t);
    return n;
}

const char *ds_memory_text(const char *store, const char *key, const char *property, ds_arena *a)
{
    ds_memory_table *t = ds_memory_lock(store);
    const ds_memory_line *line = ds_memory_find(t, key, NULL);
    const ds_value *value = line ? ds_memory_value(line, property) : NULL;
    const char *text = value ? ds_arena_strdup(a, ds_value_text(a, *value)) : NULL;

    ds_memory_unlock(t);
    return text;
}

const char *ds_memory_body(const char *store, const char *key, ds_arena *a)
{
    ds_memory_table *t = ds_memory_lock(store);
    const ds_memory_line *line = ds_memory_find(t, key, NULL);
    const char *body = line ? ds_arena_strdup(a, line->body) : NULL;

    ds_memory_unlock(t);
    return body;
}

static const char *row_json(const ds_memory_line *line, ds_arena *a)
{
    DS_AUTO_BUF(out, DS_RECORD_MAX * 6);
    ds_json_writer w = ds_json_w(&out, false);

    w.exact = true;
    ds_json_w_begin_object(&w);
    for (size_t i = 0; i < line->props_n; i++) {
        ds_json_w_name(&w, line->props[i].name);
        ds_json_w_value(&w, line->props[i].value);
    }
    ds_json_w_end_object(&w);
    return ds_arena_strdup(a, out.data);
}

const char *ds_memory_row(const char *store, const char *key, ds_arena *a)
{
    ds_memory_table *t = ds_memory_lock(store);
    const ds_memory_line *line = ds_memory_find(t, key, NULL);
    const char *json = line ? row_json(line, a) : NULL;

    ds_memory_unlock(t);
    return json;
}

/* ---- breaking -------------------------------------------------------------------------------- */

void ds_memory_fail(const char *store, const ds_memory_faults *faults)
{
    ds_memory_table *t = ds_memory_lock(store);

    t->faults = *faults;
    t->at_page = t->at_write = t->at_find = t->at_flush = 0;
    ds_memory_unlock(t);
}

ds_memory_counts ds_memory_counted(const char *store)
{
    ds_memory_table *t = ds_memory_lock(store);
    ds_memory_counts counts = t->counts;

    t->counts = (ds_memory_counts){0};
    ds_memory_unlock(t);
    return counts;
}

void ds_memory_watch(const char *store, void (*seen)(void *to, const char *what), void *to)
{
    ds_memory_table *t = ds_memory_lock(store);

    t->seen = seen;
    t->seen_to = to;
    ds_memory_unlock(t);
}
