/* tests/fuzz/fuzz_pgvalue.c
 *
 * What a PostgreSQL server, or somebody who says he is one, may send as the text of a value: it
 * becomes a value that the core can take.  A list that was read is written as the same list; and so
 * is every other value that fits a column of its own type.
 *
 * Input: a byte (the type), one (the type of an array's entries), one (what parts them), then the
 * text.
 */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "connectors/postgresql/reader.h"
#include "connectors/postgresql/writer.h"

#include <string.h>

static const struct known { /* a type for each way of reading one */
    Oid oid;
    ds_pg_kind kind;
    int size;
} known[] = {
    {16, DS_PG_BOOL, 1},          {20, DS_PG_INT, 8},
    {23, DS_PG_INT, 4},           {21, DS_PG_INT, 2},
    {700, DS_PG_FLOAT, 4},        {701, DS_PG_FLOAT, 8},
    {1700, DS_PG_NUMERIC, -1},    {25, DS_PG_TEXT, -1},
    {DS_PG_NAME, DS_PG_TEXT, 64}, {1082, DS_PG_DATE, 4},
    {1114, DS_PG_TIMESTAMP, 8},   {1184, DS_PG_TIMESTAMPTZ, 8},
    {2950, DS_PG_UUID, 16},       {99999, DS_PG_ENUM, 4},
    {114, DS_PG_JSON, -1},        {3802, DS_PG_JSONB, -1},
    {17, DS_PG_BYTEA, -1},        {600, DS_PG_OTHER, 16},
    {1009, DS_PG_ARRAY, -1},      {DS_PG_BPCHAR, DS_PG_TEXT, -1},
};

static PGresult *answer(const char *text, size_t n)
{
    PGresAttDesc column = {.name = (char[]){"a"}};
    PGresult *res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    DS_AUTO(ds_arena) a = ds_arena_new();

    fuzz_must(res && PQsetResultAttrs(res, 1, &column) &&
                  PQsetvalue(res, 0, 0, ds_arena_strndup(a, text, n), (int)n),
              "no memory");
    return res;
}

static ds_value read_text(ds_arena *a, const ds_pg_type *type, const char *text, size_t n)
{
    DS_AUTO(PGresult) res = answer(text, n);
    ds_value v = ds_pg_value(a, res, 0, 0, type);

    fuzz_value(v);
    return v;
}

static const char *as_json(ds_arena *a, ds_value v)
{
    DS_AUTO_BUF(out, 8 * DS_MIB);
    ds_json_writer w = ds_json_w(&out, false);

    w.exact = true;
    ds_json_w_value(&w, v);
    return ds_arena_strdup(a, out.n ? out.data : "");
}

/* Written as the server would take it, and read as it would give it back. */
static void must_come_back(ds_arena *a, const ds_pg_column *c, ds_value v)
{
    ds_pg_cell cell;
    const char *refused = ds_pg_fit(c, v, a, &cell);

    if (refused) {
        fuzz_must(*refused && ds_utf8_ok(refused, strlen(refused)), "%s", refused);
        return;
    }
    if (v.type == DS_LIST || (v.type == DS_NESTED && c->type.kind == DS_PG_ARRAY)) {
        ds_value again = read_text(a, &c->type, cell.text, cell.n);

        fuzz_must(strcmp(as_json(a, v), as_json(a, again)) == 0, "%s became %s as %s",
                  as_json(a, v), as_json(a, again), cell.text);
    }
}

/* A key that fits is the very text that the column gives back. */
static void key_holds(ds_arena *a, const ds_pg_column *c, const char *key)
{
    const char *refused = ds_pg_fit_key(c, key, a), *again;

    if (refused || c->type.kind == DS_PG_TEXT)
        return;
    again = ds_value_text(a, read_text(a, &c->type, key, strlen(key)));
    fuzz_must(strcmp(key, again) == 0, "%s became %s", key, again);
}

static void names_hold(ds_arena *a, const char *text)
{
    const char *schema, *table, *again_schema, *again_table, *whole;
    size_t places;

    (void)ds_pg_since_sql(text, a, &places);
    fuzz_must((places > 0) == ds_pg_since_is_in(text), "%s", text);
    (void)ds_pg_url_is_harmless(text);
    if (!ds_pg_split_name(text, a, &schema, &table))
        return;
    whole = ds_sql_quoted(a, table);
    if (schema)
        whole = ds_arena_printf(a, "%s.%s", ds_sql_quoted(a, schema), whole);
    fuzz_must(ds_pg_split_name(whole, a, &again_schema, &again_table), "%s", whole);
    fuzz_must(strcmp(table, again_table) == 0 && !schema == !again_schema &&
                  (!schema || strcmp(schema, again_schema) == 0),
              "%s is not %s", whole, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    const struct known *k = &known[fuzz_byte(&in) % DS_COUNT(known)];
    const struct known *e = &known[fuzz_byte(&in) % DS_COUNT(known)];
    char delimiter = fuzz_byte(&in) == ';' ? ';' : ',';
    ds_pg_column column = {.name = "a",
                           .declared = "what it is",
                           .type = {.oid = k->oid,
                                    .name = "t",
                                    .kind = k->kind,
                                    .element = e->kind,
                                    .delimiter = delimiter,
                                    .size = k->size,
                                    .home = "pg_catalog"}};
    size_t len;
    char *text = fuzz_rest(&in, a, &len);
    ds_value v = read_text(a, &column.type, text, len);

    must_come_back(a, &column, v);
    if (!ds_key_problem(a, text))
        key_holds(a, &column, text);
    names_hold(a, text);
    return 0;
}
