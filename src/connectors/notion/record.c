/* src/connectors/notion/record.c - rows as records: which of their properties, and what of a page.
 */
#include "connectors/notion/reader.h"

#include <string.h>

#define FILTER_MOST ((size_t)60) /* columns that are asked for by their ids; of more all come */

/* ---- what is wanted -------------------------------------------------------------------------- */

/* "Due" wants Due, and so does "Due.end". */
static bool names(const char *wanted, const char *column)
{
    size_t n = strlen(column);

    return strncmp(wanted, column, n) == 0 && (!wanted[n] || wanted[n] == '.');
}

static bool is_wanted(const ds_notion_reader *r, const char *column)
{
    for (size_t i = 0; i < r->wanted_n; i++)
        if (names(r->wanted[i], column))
            return true;
    return !r->wanted;
}

static bool wants_body(const ds_notion_reader *r)
{
    return r->body ||
           (r->wanted && is_wanted(r, "body") && !ds_notion_column_named(&r->table, "body"));
}

static const char *query_path(const ds_notion_reader *r)
{
    const char *path = ds_notion_path(&r->settings, &r->table, "/query", r->arena);
    const char *first = r->table.columns_n ? r->table.columns[0].id : "title";
    DS_AUTO_BUF(ids, 16 * DS_KIB);
    size_t n = 0;

    for (size_t i = 0; r->wanted && i < r->table.columns_n; i++) {
        const ds_notion_column *c = &r->table.columns[i];

        if (c != r->key_column && !is_wanted(r, c->name))
            continue;
        ds_buf_printf(&ids, "%cfilter_properties=%s", n++ ? '&' : '?', c->id);
    }
    if (!r->wanted || n > FILTER_MOST || ids.overflow)
        return path;
    return n ? ds_arena_printf(r->arena, "%s%s", path, ids.data)
             : ds_arena_printf(r->arena, "%s?filter_properties=%s", path, first);
}

/* ---- the key --------------------------------------------------------------------------------- */

static bool can_be_key(ds_notion_type type)
{
    return type == DS_NOTION_TITLE || type == DS_NOTION_RICH_TEXT || type == DS_NOTION_NUMBER ||
           type == DS_NOTION_URL || type == DS_NOTION_EMAIL || type == DS_NOTION_PHONE ||
           type == DS_NOTION_UNIQUE_ID;
}

static bool refuse_key(const ds_notion_reader *r, ds_err *err)
{
    const char **all = ds_arena_alloc(r->arena, (r->table.columns_n + 1) * sizeof(*all));
    const char *near;

    for (size_t i = 0; i < r->table.columns_n; i++)
        all[i] = r->table.columns[i].name;
    near = ds_nearest(r->key, all, r->table.columns_n);
    return ds_fail(err, DS_ERR_CONFIG, "`key`: the table has no column \"%.60s\"%s%.60s%s", r->key,
                   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool find_key(ds_notion_reader *r, ds_err *err)
{
    if (!r->key)
        return true;
    r->key_column = ds_notion_column_named(&r->table, r->key);
    if (!r->key_column)
        return refuse_key(r, err);
    return can_be_key(r->key_column->type) ||
           ds_fail(err, DS_ERR_CONFIG,
                   "`key`: \"%.60s\" is a column of type %s: a key is a title, rich text, number, "
                   "URL, e-mail, phone number or unique ID; without `key` it is the page's id",
                   r->key, r->key_column->type_name);
}

bool ds_notion_reader_plan(ds_notion_reader *r, ds_activity *act, ds_err *err)
{
    r->wanted = ds_activity_wanted(act, &r->wanted_n);
    if (!find_key(r, err))
        return false;
    r->reads_bodies = wants_body(r);
    r->query_path = query_path(r);
    return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

bool ds_notion_row_read(const ds_json *json, ds_notion_row *row)
{
    const char *object = ds_json_text(json, "object");

    *row = (ds_notion_row){.json = json,
                           .id = ds_json_text(json, "id"),
                           .edited = ds_json_text(json, "last_edited_time"),
                           .created = ds_json_text(json, "created_time")};
    return object && strcmp(object, "page") == 0 && row->id && !ds_json_bool(json, "in_trash") &&
           !ds_json_bool(json, "archived");
}

static const ds_json *property_of(const ds_notion_row *row, const char *name)
{
    return ds_json_get(ds_json_get(row->json, "properties"), name);
}

const char *ds_notion_row_key(const ds_notion_reader *r, const ds_notion_row *row, ds_arena *a)
{
    if (!r->key_column)
        return row->id;
    return ds_value_text(a, ds_notion_value(property_of(row, r->key_column->name), a));
}

/* ---- what a page is beside its columns ------------------------------------------------------- */

static const char *icon_of(const ds_json *icon, ds_arena *a)
{
    const char *emoji = ds_json_text(icon, "emoji");

    return emoji ? emoji : ds_notion_file_url(icon, a);
}

static ds_value own_of(const ds_json *page, const char *name, ds_arena *a)
{
    const ds_json *value = ds_json_get(page, name);

    if (strcmp(name, "created_time") == 0 || strcmp(name, "last_edited_time") == 0)
        return ds_notion_time(ds_json_text(page, name), a);
    if (strcmp(name, "created_by") == 0 || strcmp(name, "last_edited_by") == 0)
        return ds_text(ds_json_text(value, "id"));
    if (strcmp(name, "icon") == 0 || strcmp(name, "cover") == 0)
        return ds_text(icon_of(value, a));
    return ds_text(ds_json_text(page, name));
}

static bool is_own(const char *name)
{
    static const char *const own[] = {"id",         "url",
                                      "public_url", "created_time",
                                      "created_by", "last_edited_time",
                                      "icon",       "last_edited_by",
                                      "cover"};

    for (size_t i = 0; i < DS_COUNT(own); i++)
        if (strcmp(own[i], name) == 0)
            return true;
    return false;
}

/* ---- records --------------------------------------------------------------------------------- */

/* What was read of it by itself, where the page showed a part. */
static const ds_json *whole(const ds_notion_row *row, const char *name, const ds_json *shown,
                            const ds_notion_long *longs, size_t longs_n)
{
    for (size_t i = 0; i < longs_n; i++)
        if (longs[i].record == row->record && strcmp(longs[i].name, name) == 0)
            return longs[i].property;
    return shown;
}

/* "Due.end": the longest beginning that is a column, and what is behind its dot. */
static bool put_part(ds_record *rec, const ds_notion_row *row, const char *path,
                     const ds_notion_long *longs, size_t longs_n)
{
    for (const char *dot = path + strlen(path); dot > path; dot--) {
        const char *name;
        const ds_json *property;

        if (*dot != '.')
            continue;
        name = ds_arena_strndup(rec->arena, path, (size_t)(dot - path));
        property = property_of(row, name);
        if (!property)
            continue;
        property = whole(row, name, property, longs, longs_n);
        ds_record_set(rec, path, ds_notion_part(property, dot + 1, rec->arena));
        return true;
    }
    return false;
}

static void put_wanted(const ds_notion_reader *r, ds_record *rec, const ds_notion_row *row,
                       const ds_notion_long *longs, size_t longs_n)
{
    for (size_t i = 0; i < r->wanted_n; i++) {
        const char *name = r->wanted[i];

        if (property_of(row, name) || put_part(rec, row, name, longs, longs_n))
            continue;
        if (is_own(name) && !ds_notion_column_named(&r->table, name))
            ds_record_set(rec, name, own_of(row->json, name, rec->arena));
    }
}

static void put_columns(const ds_notion_reader *r, ds_record *rec, const ds_notion_row *row,
                        const ds_notion_long *longs, size_t longs_n)
{
    ds_json_iter it = ds_json_iterate(ds_json_get(row->json, "properties"));
    const ds_json *shown;

    while ((shown = ds_json_next(&it)) != NULL) {
        const char *name = it.name;
        ds_value v;

        if (!is_wanted(r, name))
            continue;
        v = ds_notion_value(whole(row, name, shown, longs, longs_n), rec->arena);
        if (v.type != DS_ABSENT)
            ds_record_append(rec, name, v);
    }
}

static void put_record(const ds_notion_reader *r, ds_record *rec, const ds_notion_row *row,
                       const ds_notion_long *longs, size_t longs_n)
{
    const char *place = ds_arena_printf(rec->arena, "page:%s", row->id);

    rec->primary_key = ds_notion_row_key(r, row, rec->arena);
    rec->place = place;
    if (!ds_json_get(row->json, "properties")) {
        ds_record_hold(rec, place,
                       "Notion shows that the page is there, and nothing of it: give the "
                       "integration access to it");
        return;
    }
    for (size_t i = 0; i < longs_n; i++)
        if (longs[i].record == row->record && longs[i].err.kind != DS_ERR_NONE) {
            ds_record_hold(rec, place, "%.60s: %.300s", longs[i].name, longs[i].err.text);
            return;
        }
    put_columns(r, rec, row, longs, longs_n);
    put_wanted(r, rec, row, longs, longs_n);
}

/* The properties of the rows that come by themselves. */
static ds_notion_long *longs_of(const ds_notion_reader *r, const ds_notion_row *rows, size_t n,
                                ds_arena *a, size_t *longs_n)
{
    ds_notion_long *longs = NULL;
    size_t cap = 0;

    *longs_n = 0;
    for (size_t i = 0; i < n; i++) {
        ds_json_iter it = ds_json_iterate(ds_json_get(rows[i].json, "properties"));
        const ds_json *property;

        while ((property = ds_json_next(&it)) != NULL) {
            if (!is_wanted(r, it.name) || !ds_notion_is_cut(property))
                continue;
            if (*longs_n == cap) {
                longs =
                    ds_arena_grow(a, longs, cap * sizeof(*longs), (2 * cap + 16) * sizeof(*longs));
                cap = 2 * cap + 16;
            }
            longs[(*longs_n)++] = (ds_notion_long){.page = rows[i].id,
                                                   .name = ds_arena_strdup(a, it.name),
                                                   .property = property,
                                                   .record = rows[i].record,
                                                   .err = DS_ERR_INIT};
        }
    }
    return longs;
}

bool ds_notion_rows_put(ds_notion_reader *r, ds_activity *act, ds_notion_row *rows, size_t n,
                        ds_page *page, ds_err *err)
{
    size_t longs_n;
    ds_notion_long *longs;

    for (size_t i = 0; i < n; i++)
        rows[i].record = page->records_n + i;
    longs = longs_of(r, rows, n, page->arena, &longs_n);
    if (longs_n && !ds_notion_long_read(r->http, act, longs, longs_n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        put_record(r, ds_page_add(page), &rows[i], longs, longs_n);
    return !r->reads_bodies || ds_notion_bodies_put(r, act, rows, n, page, err);
}
