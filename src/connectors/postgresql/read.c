/* src/connectors/postgresql/read.c - what the server's types are, and their text as values. */
#include "connectors/postgresql/value.h"

#include <ctype.h>
#include <durable_sync/json.h>
#include <durable_sync/record.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- types ----------------------------------------------------------------------------------- */

static const struct known { /* src/include/catalog/pg_type.dat; these numbers never change */
    Oid oid;
    ds_pg_kind kind;
} known[] = {
    {16, DS_PG_BOOL},   {17, DS_PG_BYTEA},       {19, DS_PG_TEXT},          {20, DS_PG_INT},
    {21, DS_PG_INT},    {23, DS_PG_INT},         {25, DS_PG_TEXT},          {114, DS_PG_JSON},
    {700, DS_PG_FLOAT}, {701, DS_PG_FLOAT},      {1042, DS_PG_TEXT},        {1043, DS_PG_TEXT},
    {1082, DS_PG_DATE}, {1114, DS_PG_TIMESTAMP}, {1184, DS_PG_TIMESTAMPTZ}, {1700, DS_PG_NUMERIC},
    {2950, DS_PG_UUID}, {3802, DS_PG_JSONB},
};

/* Arrays to the catalog, but not in how they are written: 1 2 3. */
enum { INT2VECTOR = 22, OIDVECTOR = 30 };

enum { RECORD = 2249 }; /* what ROW(...) makes: of no type that a text could be read as */

static ds_pg_kind kind_of(Oid oid, char typtype)
{
    for (size_t i = 0; i < DS_COUNT(known); i++) {
        if (known[i].oid == oid)
            return known[i].kind;
    }
    return typtype == 'e' ? DS_PG_ENUM : DS_PG_OTHER;
}

static const char *oid_list(ds_arena *a, const Oid *oids, size_t n)
{
    DS_AUTO_BUF(list, DS_PG_SQL_MAX);

    for (size_t i = 0; i < n; i++)
        ds_buf_printf(&list, "%c%u", i ? ',' : '{', oids[i]);
    ds_buf_text(&list, n ? "}" : "{}");
    return ds_arena_strdup(a, list.data);
}

static void fill_type(ds_pg_type *out, const PGresult *res, int row, ds_arena *a)
{
    Oid element = (Oid)strtoul(PQgetvalue(res, row, 4), NULL, 10);

    out->oid = (Oid)strtoul(PQgetvalue(res, row, 1), NULL, 10);
    out->name = ds_arena_strdup(a, PQgetvalue(res, row, 2));
    out->kind = kind_of(out->oid, *PQgetvalue(res, row, 3));
    out->size = atoi(PQgetvalue(res, row, 7));
    out->home = ds_sql_quoted(a, PQgetvalue(res, row, 8));
    out->delimiter = *PQgetvalue(res, row, 6);
    out->composite = *PQgetvalue(res, row, 3) == 'c' || out->oid == RECORD;
    if (!element || strchr("\"\\{}", out->delimiter)) /* or there is none */
        return;
    if (out->oid == INT2VECTOR || out->oid == OIDVECTOR)
        return;
    out->kind = DS_PG_ARRAY;
    out->element = kind_of(element, *PQgetvalue(res, row, 5));
}

bool ds_pg_types_read(ds_pg *db, const Oid *oids, size_t n, ds_arena *a, ds_pg_type *out,
                      ds_err *err)
{
    const char *values[] = {oid_list(a, oids, n)};
    DS_AUTO(PGresult)
    res = ds_pg_query(
        db,
        "WITH RECURSIVE behind(asked, oid) AS ("
        " SELECT i, i FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS i"
        " UNION SELECT b.asked, t.typbasetype FROM behind AS b"
        " JOIN pg_catalog.pg_type AS t ON t.oid " DS_PG_EQ " b.oid AND t.typtype " DS_PG_EQ " 'd')"
        " SELECT b.asked, t.oid, pg_catalog.format_type(t.oid, -1), t.typtype,"
        " CASE WHEN t.typcategory " DS_PG_EQ
        " 'A' THEN t.typelem ELSE 0 END, e.typtype, e.typdelim,"
        " t.typlen, CASE WHEN t.typtype " DS_PG_EQ " 'b' AND NOT t.typcategory " DS_PG_EQ " 'A'"
        " THEN n.nspname ELSE 'pg_catalog' END"
        " FROM behind AS b"
        " JOIN pg_catalog.pg_type AS t ON t.oid " DS_PG_EQ " b.oid AND NOT t.typtype " DS_PG_EQ
        " 'd'"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid " DS_PG_EQ " t.typnamespace"
        " LEFT JOIN pg_catalog.pg_type AS e ON e.oid " DS_PG_EQ " t.typelem",
        1, values, err);

    if (!res)
        return false;
    for (size_t i = 0; i < n; i++) {
        out[i] = (ds_pg_type){
            .oid = oids[i], .name = "pg_catalog.text", .kind = DS_PG_OTHER, .home = "pg_catalog"};
        for (int row = 0; row < PQntuples(res); row++) {
            if (strtoul(PQgetvalue(res, row, 0), NULL, 10) == oids[i])
                fill_type(&out[i], res, row, a);
        }
    }
    return true;
}

/* ---- times ----------------------------------------------------------------------------------- */

/* "2026-01-31": not infinity, not 0044-03-15 BC, not 10000-01-01. */
static bool is_plain_date(const char *text)
{
    for (int i = 0; i < 10; i++) {
        if (i == 4 || i == 7 ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return false;
    }
    return true;
}

/* Whatever a server says its encoding is, and SQL_ASCII is none: texts may be anything. */
static ds_value text_value(ds_arena *a, const char *text, size_t n)
{
    const char *sound = ds_utf8_repair(a, ds_arena_strndup(a, text, n), &n);

    return ds_text_n(sound, n);
}

/* "2026-01-31 09:30:00.5", or the same with +00: we have asked for UTC. */
static ds_value time_value(ds_arena *a, const char *text, size_t n, const char *zone)
{
    size_t end = n - strlen(zone);
    char *out;

    if (n < 19 || !is_plain_date(text) || text[10] != ' ' || strcmp(text + end, zone) != 0 ||
        !isdigit((unsigned char)text[end - 1]) || strspn(text + 11, "0123456789:.") != end - 11)
        return text_value(a, text, n);
    out = ds_arena_printf(a, "%.*sZ", (int)end, text);
    out[10] = 'T';
    return ds_datetime(out);
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static bool is_json_scalar(ds_pg_kind kind)
{
    return kind == DS_PG_INT || kind == DS_PG_FLOAT || kind == DS_PG_NUMERIC;
}

typedef struct array_reader {
    const ds_pg_type *type;
    const char *at;
    char *room; /* for one entry */
    ds_json_writer *w;
    ds_arena *arena;
    int depth;
    enum { OPENED, WANTS_ENTRY, HAS_ENTRY } state; /* what stood there last */
} array_reader;

/* A list within the JSON of an entry would be taken for another dimension of the array: it stays
 * text, as which it is written. false: JSON's null would be taken for SQL's. */
static bool json_entry(ds_json_writer *w, const char *text, size_t n, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(a, text, n, &err);

    if (json && ds_json_kind_of(json) == DS_JSON_NULL)
        return false;
    if (json && ds_json_kind_of(json) != DS_JSON_LIST)
        ds_json_w_json(w, json);
    else
        ds_json_w_value(w, ds_text_n(text, n));
    return true;
}

static bool entry(array_reader *r, const char *text, size_t n)
{
    ds_pg_kind kind = r->type->element;

    if (kind == DS_PG_JSON || kind == DS_PG_JSONB)
        return json_entry(r->w, text, n, r->arena);
    if (kind == DS_PG_BOOL)
        ds_json_w_bool(r->w, *text == 't');
    else
        ds_json_w_value(r->w, is_json_scalar(kind) ? ds_number(text, n) : ds_text_n(text, n));
    return true;
}

/* One entry of the text form, from `at`: `plain`, `"quoted \" and \\"`. Returns what follows. */
static const char *take_entry(const char *at, char delimiter, char *out, size_t *n, bool *quoted)
{
    *n = 0;
    *quoted = *at == '"';
    if (*quoted)
        at++;
    while (*at && (*quoted ? *at != '"' : *at != delimiter && *at != '}')) {
        at += *at == '\\' && at[1];
        out[(*n)++] = *at++;
    }
    out[*n] = '\0';
    return at + (*quoted && *at == '"');
}

static bool open_list(array_reader *r)
{
    if (r->state == HAS_ENTRY || ++r->depth > DS_JSON_DEPTH_MAX / 2)
        return false;
    ds_json_w_begin_list(r->w);
    r->state = OPENED;
    r->at++;
    return true;
}

static bool close_list(array_reader *r)
{
    if (r->state == WANTS_ENTRY)
        return false;
    ds_json_w_end_list(r->w);
    r->state = HAS_ENTRY;
    r->depth--;
    r->at++;
    return true;
}

static bool read_entry(array_reader *r)
{
    bool quoted;
    size_t n;

    if (r->state == HAS_ENTRY)
        return false;
    r->at = take_entry(r->at, r->type->delimiter, r->room, &n, &quoted);
    r->state = HAS_ENTRY;
    if (quoted || strcmp(r->room, "NULL") != 0)
        return entry(r, r->room, n);
    ds_json_w_null(r->w);
    return true;
}

/* The array's text as JSON. false: no list says the same. */
static bool array_as_json(const ds_pg_type *type, const char *at, size_t n, ds_json_writer *w,
                          ds_arena *a)
{
    array_reader r = {.type = type, .at = at, .room = ds_arena_alloc(a, n + 1), .w = w, .arena = a};
    bool ok = *at == '{' && open_list(&r);

    while (ok && r.depth && *r.at) {
        if (*r.at == '{') {
            ok = open_list(&r);
        } else if (*r.at == '}') {
            ok = close_list(&r);
        } else if (*r.at == type->delimiter) {
            ok = r.state == HAS_ENTRY;
            r.state = WANTS_ENTRY;
            r.at++;
        } else {
            ok = read_entry(&r);
        }
    }
    return ok && !r.depth && !*r.at;
}

/* Text, which an array column takes back as it is, where a list would lose something: where
 * counting begins ([0:1]={a,b}), which of two nulls it is. */
static ds_value array_value(ds_arena *a, const ds_pg_type *type, const char *text, size_t n)
{
    DS_AUTO_BUF(out, DS_RECORD_MAX);
    ds_json_writer w = ds_json_w(&out, false);
    ds_err err = DS_ERR_INIT;
    const ds_json *json = NULL;

    w.exact = true;
    if (array_as_json(type, text, n, &w, a) && ds_buf_ok(&out, "an array", &err))
        json = ds_json_read(a, out.data, out.n, &err);
    return json ? ds_from_json(a, json) : text_value(a, text, n);
}

/* ---- values ---------------------------------------------------------------------------------- */

static ds_value json_value(ds_arena *a, const char *text, size_t n)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(a, text, n, &err);

    return json ? ds_from_json(a, json) : text_value(a, text, n);
}

/* Text where it is NaN or Infinity. */
static ds_value number_value(ds_arena *a, const char *text, size_t n)
{
    ds_value number = ds_number(text, n);

    if (number.type == DS_TEXT)
        return text_value(a, text, n);
    if (number.type == DS_NUMBER)
        number.as.text = ds_arena_strndup(a, text, n);
    return number;
}

ds_value ds_pg_value(ds_arena *a, const PGresult *res, int row, int column, const ds_pg_type *type)
{
    const char *text = PQgetvalue(res, row, column);
    size_t n = (size_t)PQgetlength(res, row, column);

    if (PQgetisnull(res, row, column))
        return DS_VALUE_NULL;
    switch (type->kind) {
    case DS_PG_BOOL:
        return ds_bool(*text == 't');
    case DS_PG_INT:
    case DS_PG_FLOAT:
    case DS_PG_NUMERIC:
        return number_value(a, text, n);
    case DS_PG_DATE:
        if (n == 10 && is_plain_date(text))
            return ds_date(ds_arena_strndup(a, text, n));
        break;
    case DS_PG_TIMESTAMP:
        return time_value(a, text, n, "");
    case DS_PG_TIMESTAMPTZ:
        return time_value(a, text, n, "+00");
    case DS_PG_JSON:
    case DS_PG_JSONB:
        return json_value(a, text, n);
    case DS_PG_ARRAY:
        return array_value(a, type, text, n);
    case DS_PG_OTHER:
    case DS_PG_TEXT:
    case DS_PG_UUID:
    case DS_PG_ENUM:
    case DS_PG_BYTEA:
        break;
    }
    return text_value(a, text, n);
}

const char *ds_pg_written(ds_arena *a, const PGresult *res, int row, int column)
{
    size_t n = (size_t)PQgetlength(res, row, column);

    return text_value(a, PQgetvalue(res, row, column), n).as.text;
}
