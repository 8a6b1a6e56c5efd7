/* src/connectors/memory/table.c - named tables behind one lock. */
#include "connectors/memory/table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The only state of the process that connectors share; tests ask for it by name. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ds_memory_table *tables;
static int64_t tables_born;

ds_memory_table *ds_memory_lock(const char *store)
{
    ds_memory_table *t;

    pthread_mutex_lock(&lock);
    for (t = tables; t; t = t->next) {
        if (strcmp(t->name, store) == 0)
            return t;
    }
    t = ds_calloc(1, sizeof(*t));
    t->name = ds_strdup(store);
    t->born = ++tables_born;
    t->next = tables;
    tables = t;
    return t;
}

void ds_memory_unlock(ds_memory_table *t)
{
    (void)t;
    pthread_mutex_unlock(&lock);
}

void ds_memory_tell(const char *store, const char *what)
{
    ds_memory_table *t = ds_memory_lock(store);
    void (*seen)(void *to, const char *what) = t->seen;
    void *to = t->seen_to;

    ds_memory_unlock(t);
    if (seen)
        seen(to, what);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void line_free(ds_memory_line *line)
{
    ds_arena_free(line->arena);
    free(line->unit);
    free(line->key);
    free(line->id);
    free(line);
}

void ds_memory_unit(ds_memory_table *t, const char *unit)
{
    for (size_t i = 0; i < t->units_n; i++) {
        if (strcmp(t->units[i], unit) == 0)
            return;
    }
    if (t->units_n == t->units_cap) {
        t->units_cap = DS_MAX(t->units_cap * 2, (size_t)8);
        t->units = ds_realloc(t->units, t->units_cap, sizeof(*t->units));
    }
    t->units[t->units_n++] = ds_strdup(unit);
}

ds_memory_line *ds_memory_add(ds_memory_table *t, const char *unit, const char *key)
{
    ds_memory_line *line = ds_calloc(1, sizeof(*line));

    ds_memory_unit(t, unit);
    if (t->lines_n == t->lines_cap) {
        t->lines_cap = DS_MAX(t->lines_cap * 2, (size_t)64);
        t->lines = ds_realloc(t->lines, t->lines_cap, sizeof(*t->lines));
    }
    line->seq = ++t->next_seq;
    line->unit = ds_strdup(unit);
    line->key = key ? ds_strdup(key) : NULL;
    line->arena = ds_arena_new();
    t->lines[t->lines_n++] = line;
    return line;
}

static bool is_it(const ds_memory_line *line, const char *key, const char *id)
{
    if (id)
        return line->id && strcmp(line->id, id) == 0;
    return line->key && key && strcmp(line->key, key) == 0;
}

ds_memory_line *ds_memory_find(ds_memory_table *t, const char *key, const char *id)
{
    for (size_t i = 0; i < t->lines_n; i++) {
        if (!t->lines[i]->archived && is_it(t->lines[i], key, id))
            return t->lines[i];
    }
    return NULL;
}

void ds_memory_delete(ds_memory_table *t, ds_memory_line *line)
{
    size_t at = 0;

    while (t->lines[at] != line)
        at++;
    memmove(&t->lines[at], &t->lines[at + 1], (t->lines_n - at - 1) * sizeof(*t->lines));
    t->lines_n--;
    line_free(line);
}

/* ---- values ---------------------------------------------------------------------------------- */

ds_value ds_memory_copy(ds_arena *a, ds_value v)
{
    ds_err err = DS_ERR_INIT;
    const char **list, *text;

    switch (v.type) {
    case DS_ABSENT:
    case DS_NULL:
    case DS_BOOL:
    case DS_INT:
        return v;
    case DS_NUMBER:
    case DS_TEXT:
    case DS_DATE:
    case DS_DATETIME:
        v.as.text = ds_arena_strndup(a, v.as.text, v.n);
        return v;
    case DS_LIST:
        list = ds_arena_alloc(a, (v.n + 1) * sizeof(*list));
        for (uint32_t i = 0; i < v.n; i++)
            list[i] = ds_arena_strdup(a, v.as.list[i]);
        v.as.list = list;
        return v;
    case DS_NESTED:
        text = ds_value_text(a, v);
        v.as.nested = ds_json_read(a, text, strlen(text), &err);
        return v;
    }
    return v;
}

const ds_value *ds_memory_value(const ds_memory_line *line, const char *name)
{
    for (size_t i = 0; i < line->props_n; i++) {
        if (strcmp(line->props[i].name, name) == 0)
            return &line->props[i].value;
    }
    return NULL;
}

static void set(ds_memory_line *line, ds_arena *a, const ds_prop *prop)
{
    size_t at = 0;

    while (at < line->props_n && strcmp(line->props[at].name, prop->name) != 0)
        at++;
    line->props_n = DS_MAX(line->props_n, at + 1);
    line->props[at] = (ds_prop){ds_arena_strdup(a, prop->name), ds_memory_copy(a, prop->value)};
}

/* The old arena goes with the values that were replaced. */
void ds_memory_merge(ds_memory_line *line, const ds_prop *props, size_t n, const char *body)
{
    ds_arena *a = ds_arena_new(), *before = line->arena;
    ds_memory_line old = *line;

    line->props = ds_arena_zalloc(a, (old.props_n + n + 1) * sizeof(*line->props));
    line->props_n = 0;
    line->arena = a;
    line->body = ds_arena_strdup(a, body ? body : old.body);
    for (size_t i = 0; i < old.props_n; i++)
        set(line, a, &old.props[i]);
    for (size_t i = 0; i < n; i++)
        set(line, a, &props[i]);
    ds_arena_free(before);
}

/* ---- dropping -------------------------------------------------------------------------------- */

static void table_free(ds_memory_table *t)
{
    for (size_t i = 0; i < t->lines_n; i++)
        line_free(t->lines[i]);
    for (size_t i = 0; i < t->units_n; i++)
        free(t->units[i]);
    free(t->lines);
    free(t->units);
    free(t->name);
    free(t);
}

void ds_memory_drop(const char *store)
{
    ds_memory_table *t = ds_memory_lock(store), **at = &tables;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    ds_memory_unlock(t);
    table_free(t);
}

void ds_memory_drop_all(void)
{
    pthread_mutex_lock(&lock);
    while (tables) {
        ds_memory_table *t = tables;

        tables = t->next;
        table_free(t);
    }
    pthread_mutex_unlock(&lock);
}
