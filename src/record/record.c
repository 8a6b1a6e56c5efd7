/* src/record/record.c - records and the pages they travel in; all of it in the page's arena. */
#include "base/hash.h"
#include "base/text.h"
#include <durable_sync/record.h>
#include <durable_sync/source.h>

#include <stdio.h>
#include <string.h>

void ds_page_init(ds_page *page, ds_arena *a)
{
    *page = (ds_page){.arena = a, .total_hint = -1};
}

ds_record *ds_page_add(ds_page *page)
{
    ds_record *rec;

    if (page->records_n == page->records_cap) {
        size_t cap = page->records_cap ? page->records_cap * 2 : 64;

        page->records =
            ds_arena_grow(page->arena, page->records, page->records_cap * sizeof(*page->records),
                          cap * sizeof(*page->records));
        page->records_cap = cap;
    }
    rec = &page->records[page->records_n++];
    *rec = (ds_record){.arena = page->arena};
    return rec;
}

void ds_page_answers(ds_page *page, const char *item)
{
    if (page->answers_n == page->answers_cap) {
        size_t cap = page->answers_cap ? page->answers_cap * 2 : 16;

        page->answers =
            ds_arena_grow(page->arena, page->answers, page->answers_cap * sizeof(*page->answers),
                          cap * sizeof(*page->answers));
        page->answers_cap = cap;
    }
    page->answers[page->answers_n++] = item;
}

static void need_room(ds_record *rec, uint32_t n)
{
    uint32_t cap;

    if (rec->props_cap >= n)
        return;
    cap = DS_MAX(n, rec->props_cap ? rec->props_cap * 2 : 8);
    rec->props = ds_arena_grow(rec->arena, rec->props, rec->props_cap * sizeof(*rec->props),
                               cap * sizeof(*rec->props));
    rec->props_cap = cap;
}

void ds_record_append(ds_record *rec, const char *name, ds_value value)
{
    if (rec->props_n == DS_PROPERTIES_MAX) {
        rec->hold = "more than 10,000 properties";
        return;
    }
    need_room(rec, rec->props_n + 1);
    rec->props[rec->props_n++] = (ds_prop){name, value};
}

static ds_prop *find(const ds_record *rec, const char *name)
{
    for (uint32_t i = 0; i < rec->props_n; i++)
        if (!strcmp(rec->props[i].name, name))
            return &rec->props[i];
    return NULL;
}

void ds_record_set(ds_record *rec, const char *name, ds_value value)
{
    ds_prop *prop = find(rec, name);

    if (prop)
        prop->value = value;
    else
        ds_record_append(rec, name, value);
}

/* One of 64 bits that a name stands for: names seen so far that do not share it are surely others,
 * so an object of a dozen members is checked for doubled names without comparing them. */
static uint64_t name_bit(const char *name, size_t n)
{
    unsigned first = n ? (unsigned char)name[0] : 0, last = n ? (unsigned char)name[n - 1] : 0;

    return UINT64_C(1) << ((first * 31 + last * 7 + n) & 63);
}

void ds_record_set_json(ds_record *rec, const ds_json *object)
{
    ds_json_iter it = ds_json_iterate(object);
    uint64_t seen = 0;
    const ds_json *json;

    if (!it.object)
        return;
    need_room(rec, rec->props_n + (uint32_t)DS_MIN(it.left, DS_PROPERTIES_MAX - rec->props_n));
    if (rec->props_n)
        seen = UINT64_MAX;
    while (!rec->hold && (json = ds_json_next(&it)) != NULL) { /* held: too many of them already */
        ds_value value = ds_from_json(rec->arena, json);
        uint64_t bit = name_bit(it.name, it.name_n);

        if (seen & bit)
            ds_record_set(rec, it.name, value);
        else
            ds_record_append(rec, it.name, value);
        seen |= bit;
    }
}

const ds_value *ds_record_get(const ds_record *rec, const char *name)
{
    const ds_prop *prop = find(rec, name);

    return prop ? &prop->value : NULL;
}

/* The way ends at a null, or behind the last entry of a list: what would be there is null. A member
 * that an object does not have is another matter: nothing is said of it. */
static bool ends_in_null(const ds_json *json, const char *path, ds_arena *a)
{
    size_t n = strcspn(path, ".");
    int64_t index;

    if (ds_json_kind_of(json) == DS_JSON_NULL)
        return true;
    if (ds_json_kind_of(json) == DS_JSON_LIST) {
        if (!ds_parse_int(ds_arena_strndup(a, path, n), &index) || index < 0)
            return false;
        if ((size_t)index >= ds_json_size(json))
            return true;
        return path[n] && ends_in_null(ds_json_at(json, (size_t)index), path + n + 1, a);
    }
    for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.')) {
        const ds_json *inner = ds_json_get(json, ds_arena_strndup(a, path, (size_t)(dot - path)));

        if (inner && ends_in_null(inner, dot + 1, a))
            return true;
    }
    return false;
}

/* What `path` names inside a value; absent: nothing. */
static ds_value inside(ds_value v, const char *path, ds_arena *a)
{
    const ds_json *inner = v.type == DS_NESTED ? ds_json_path(v.as.nested, path) : NULL;
    int64_t index;

    if (inner)
        return ds_from_json(a, inner);
    if (v.type == DS_NULL || (v.type == DS_NESTED && ends_in_null(v.as.nested, path, a)))
        return DS_VALUE_NULL;
    if (v.type == DS_LIST && ds_parse_int(path, &index) && index >= 0)
        return index < v.n ? ds_text(v.as.list[index]) : DS_VALUE_NULL;
    return DS_VALUE_ABSENT;
}

ds_value ds_record_path(const ds_record *rec, const char *path, ds_arena *a)
{
    const ds_value *whole = ds_record_get(rec, path);
    ds_value nothing = DS_VALUE_ABSENT;

    if (whole)
        return *whole;
    for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.')) {
        size_t n = (size_t)(dot - path);

        for (uint32_t i = 0; i < rec->props_n; i++) {
            const ds_prop *prop = &rec->props[i];
            ds_value found;

            if (strncmp(prop->name, path, n) || prop->name[n])
                continue;
            found = inside(prop->value, dot + 1, a);
            if (found.type != DS_ABSENT && found.type != DS_NULL)
                return found;
            if (found.type == DS_NULL)
                nothing = found;
        }
    }
    return nothing;
}

void ds_record_hold(ds_record *rec, const char *place, const char *fmt, ...)
{
    char text[512];
    va_list args;
    size_t n;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    n = strlen(text);
    rec->place = place;
    rec->hold = ds_arena_strdup(rec->arena, ds_utf8_repair(rec->arena, text, &n));
}

const char *ds_key_problem(ds_arena *a, const char *key)
{
    size_t n = key ? strlen(key) : 0;

    if (!n)
        return key ? "the key is empty" : "the key is missing";
    if (n > DS_KEY_MAX)
        return ds_arena_printf(a, "the key is %zu bytes long, the limit is %zu", n, DS_KEY_MAX);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)key[i] < 0x20 || key[i] == 0x7F)
            return "the key has a control character";
    return ds_utf8_ok(key, n) ? NULL : "the key is not valid UTF-8";
}

void ds_json_w_value(ds_json_writer *w, ds_value v)
{
    switch (v.type) {
    case DS_ABSENT:
    case DS_NULL:
        ds_json_w_null(w);
        break;
    case DS_BOOL:
        ds_json_w_bool(w, v.as.boolean);
        break;
    case DS_INT:
        ds_json_w_int(w, v.as.integer);
        break;
    case DS_NUMBER:
        ds_json_w_number(w, v.as.text, v.n);
        break;
    case DS_TEXT:
    case DS_DATE:
    case DS_DATETIME:
        ds_json_w_text_n(w, v.as.text, v.n);
        break;
    case DS_LIST:
        ds_json_w_begin_list(w);
        for (uint32_t i = 0; i < v.n; i++)
            ds_json_w_text(w, v.as.list[i]);
        ds_json_w_end_list(w);
        break;
    case DS_NESTED:
        ds_json_w_json(w, v.as.nested);
        break;
    }
}

/* ---- units ----------------------------------------------------------------------------------- */

/* The slot of a key, or the empty one where it would go: half of them are empty. */
static uint32_t *unit_slot(const ds_units *units, const char *key)
{
    size_t mask = units->cap * 2 - 1, at = ds_hash64(key, strlen(key)) & mask;

    while (units->slots[at] && strcmp(units->keys[units->slots[at] - 1], key))
        at = (at + 1) & mask;
    return &units->slots[at];
}

static void more_units(ds_units *units)
{
    size_t cap = units->cap ? units->cap * 2 : 16;

    units->keys = ds_arena_grow(units->arena, units->keys, units->cap * sizeof(*units->keys),
                                cap * sizeof(*units->keys));
    units->slots = ds_arena_zalloc(units->arena, 2 * cap * sizeof(*units->slots));
    units->cap = cap;
    for (size_t i = 0; i < units->n; i++)
        *unit_slot(units, units->keys[i]) = (uint32_t)i + 1;
}

void ds_units_add(ds_units *units, const char *key)
{
    uint32_t *slot;

    if (units->n == units->cap)
        more_units(units);
    slot = unit_slot(units, key);
    if (*slot)
        return;
    units->keys[units->n++] = ds_arena_strdup(units->arena, key);
    *slot = (uint32_t)units->n;
}

bool ds_one_unit(ds_source *self, ds_activity *act, ds_units *units, ds_err *err)
{
    (void)self;
    (void)act;
    (void)err;
    ds_units_add(units, "all");
    return true;
}
