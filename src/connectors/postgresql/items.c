/* src/connectors/postgresql/items.c
 *
 * Rows named by their keys.  The keys are compared as values of the key's type, so that an index
 * serves; one that is no value of it ("abc" where keys are integers) has the server refuse them
 * all, and then they are compared as text.
 */
#include "connectors/postgresql/reader.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MOST ((size_t)500) /* keys looked up for one page */

static const char *array_text(const ds_fetch *want, size_t from, size_t to, ds_arena *a)
{
    DS_AUTO_BUF(out, DS_RECORD_MAX);

    ds_buf_char(&out, '{');
    for (size_t i = from; i < to; i++) {
        ds_buf_text(&out, i > from ? ",\"" : "\"");
        for (const char *c = want->items[i]; *c; c++) {
            if (*c == '"' || *c == '\\')
                ds_buf_char(&out, '\\');
            ds_buf_char(&out, *c);
        }
        ds_buf_char(&out, '"');
    }
    ds_buf_char(&out, '}');
    return out.overflow ? "{}" : ds_arena_strdup(a, out.data);
}

/* How keys are compared: as values of their type, as keys of several parts are spelt, or as the
 * texts that the server writes. */
typedef enum way { BY_VALUE, BY_PARTS, BY_TEXT } way;

static const char *one_of(const char *text, size_t n, ds_arena *a)
{
    return ds_arena_printf(a, "(%s) " DS_PG_EQ " ANY ($%zu::pg_catalog.text[])", text, n);
}

/* JSON's texts without their quotes, as they are keys. */
static const char *key_as_text(const ds_pg_reader *r, ds_arena *a)
{
    if (r->types[r->key_at].kind == DS_PG_JSONB)
        return ds_arena_printf(a, "%s OPERATOR(pg_catalog.#>>) '{}'::pg_catalog.text[]",
                               r->key_name);
    return ds_arena_printf(a, "%s::pg_catalog.text", r->key_name);
}

/* A list's entries, as ds_pg_add_row joins them. */
static const char *joined_key(const ds_pg_reader *r, ds_arena *a)
{
    if (r->types[r->key_at].kind == DS_PG_ARRAY)
        return ds_arena_printf(a, "pg_catalog.array_to_string(%s, ', ')", r->key_name);
    return ds_arena_printf(a,
                           "SELECT pg_catalog.string_agg(e, ', ') FROM"
                           " pg_catalog.jsonb_array_elements_text(CASE"
                           " WHEN pg_catalog.jsonb_typeof(%s) " DS_PG_EQ " 'array' THEN %s"
                           " ELSE '[]' END) AS e",
                           r->key_name, r->key_name);
}

/* JSON is spelt without blanks there. */
static const char *is_same_json(const ds_pg_reader *r, size_t n, ds_arena *a)
{
    const char *key = r->key_name;

    if (r->types[r->key_at].kind == DS_PG_ARRAY)
        return one_of(ds_arena_printf(a, "pg_catalog.array_to_json(%s)::pg_catalog.text", key), n,
                      a);
    return ds_arena_printf(a,
                           "%s " DS_PG_EQ " ANY (SELECT k::pg_catalog.jsonb FROM"
                           " pg_catalog.unnest($%zu::pg_catalog.text[]) AS k"
                           " WHERE k OPERATOR(pg_catalog.~) '^[[{]')",
                           key, n);
}

static const char *where_of(const ds_pg_reader *r, way how, ds_arena *a)
{
    const char *home = r->types[r->key_at].home, *as_text;
    size_t n = r->since_n + 1;

    if (how == BY_VALUE)
        return ds_arena_printf(a, "%s OPERATOR(%s.=) ANY ($%zu)", r->key_name, home, n);
    as_text = one_of(key_as_text(r, a), n, a);
    if (how == BY_TEXT)
        return as_text;
    return ds_arena_printf(a, "%s OR %s OR %s", as_text, one_of(joined_key(r, a), n, a),
                           is_same_json(r, n, a));
}

static PGresult *ask(ds_pg_reader *r, way how, const char *keys, ds_arena *a, ds_err *err)
{
    const char **values = ds_arena_alloc(a, (r->since_n + 1) * sizeof(*values));
    const char *where = ds_arena_printf(a, " WHERE %s OFFSET 0", where_of(r, how, a));
    const char *sql = ds_pg_guard_select(r, true, where, "", a);

    ds_pg_since_values(r, values);
    values[r->since_n] = keys;
    return ds_pg_query(&r->db, sql, (int)r->since_n + 1, values, err);
}

/* About a value, or about comparing it; or its type can be read from no text (0A). */
static bool is_no_value(const ds_pg *db)
{
    return db->handle &&
           (strncmp(db->said.code, "22", 2) == 0 || strncmp(db->said.code, "42", 2) == 0 ||
            strncmp(db->said.code, "0A", 2) == 0);
}

static PGresult *look_up(ds_pg_reader *r, const char *keys, ds_arena *a, ds_err *err)
{
    ds_pg_kind kind = r->types[r->key_at].kind;
    bool parts = kind == DS_PG_ARRAY || kind == DS_PG_JSONB;
    PGresult *res = ask(r, parts ? BY_PARTS : BY_VALUE, keys, a, err);

    return res || !is_no_value(&r->db) ? res : ask(r, BY_TEXT, keys, a, err);
}

static bool is_wanted(const ds_fetch *want, size_t from, size_t to, const char *key)
{
    for (size_t i = from; key && i < to; i++) {
        if (strcmp(want->items[i], key) == 0)
            return true;
    }
    return false;
}

/* The cursor of a targeted pass is the number of items done. */
bool ds_pg_items_page(ds_pg_reader *r, const ds_fetch *want, ds_page *page, ds_err *err)
{
    const char **names = ds_pg_page_names(r, page->arena);
    size_t from = want->cursor ? (size_t)strtoull(want->cursor, NULL, 10) : 0, to;
    DS_AUTO(PGresult) res = NULL;

    from = DS_MIN(from, want->items_n);
    to = DS_MIN(from + DS_MIN(want->limit, ITEMS_MOST), want->items_n);
    res = look_up(r, array_text(want, from, to, page->arena), page->arena, err);
    if (!res)
        return ds_pg_reader_fail(r, err);
    for (int i = 0; i < PQntuples(res); i++) {
        size_t before = page->records_n;

        ds_pg_add_row(r, res, i, (int64_t)before + 1, names, page);
        if (!is_wanted(want, from, to, page->records[before].primary_key))
            page->records_n = before; /* 1.0 is not the key 1 that was asked for */
    }
    if (to < want->items_n)
        page->next_cursor = ds_arena_printf(page->arena, "%zu", to);
    return true;
}
