/* src/connectors/postgresql/reader.c - finding out what is there to read. */
#include "connectors/postgresql/reader.h"

#include <stdlib.h>
#include <string.h>

const char *ds_pg_reader_what(const ds_pg_reader *r)
{
    return r->table ? r->table : "`query`";
}

/* ---- what is read, as SQL -------------------------------------------------------------------- */

static bool table_sql(ds_pg_reader *r, ds_err *err)
{
    const char *schema, *table;

    if (!ds_pg_split_name(r->table, r->arena, &schema, &table))
        return ds_fail(err, DS_ERR_CONFIG, "`table`: \"%.100s\" is no name of a table", r->table);
    r->relation = ds_sql_quoted(r->arena, table);
    if (schema)
        r->relation =
            ds_arena_printf(r->arena, "%s.%s", ds_sql_quoted(r->arena, schema), r->relation);
    r->from = ds_arena_printf(r->arena, "%s AS durable_sync", r->relation);
    return true;
}

/* On a line of its own the parenthesis stays out of a comment that ends the query. */
static bool query_sql(ds_pg_reader *r, ds_err *err)
{
    size_t n = strlen(r->query);
    const char *query;

    if (n > DS_PG_SQL_MAX)
        return ds_fail(err, DS_ERR_CONFIG, "`query` is longer than %zu bytes", DS_PG_SQL_MAX);
    query = ds_arena_strndup(r->arena, r->query, ds_sql_trimmed(r->query, n));
    query = ds_pg_since_sql(query, r->arena, &r->since_n);
    r->from = ds_arena_printf(r->arena, "(%s\n) AS durable_sync", query);
    return true;
}

/* ---- its columns ----------------------------------------------------------------------------- */

/* The statement gives other parameters than we have, or fewer: the server can only say how many. */
static bool fail_parameters(const ds_pg_reader *r, ds_err *err)
{
    if (r->since_n)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s: `query` has ${since} in a string or a comment, or parameters of its "
                       "own: write it without quotes, it is bound as a value",
                       r->db.at);
    return ds_fail(err, DS_ERR_CONFIG, "%s: `query` has parameters ($1): write the values into it",
                   r->db.at);
}

static bool fail_look(ds_pg_reader *r, ds_err *err)
{
    const char *code = r->db.said.code;

    if (strcmp(code, "08P01") == 0)
        return fail_parameters(r, err);
    ds_pg_reader_fail(r, err);
    if (strncmp(code, "22", 2) == 0 || strncmp(code, "0A", 2) == 0)
        err->kind = DS_ERR_CONFIG; /* a literal that is none; a part of SQL that it cannot have */
    if (r->query && strcmp(code, "42601") == 0)
        ds_wrap(err, "`query` is one SELECT, with no semicolon but at its end");
    if (r->since_n && strstr(err->text, "$1"))
        ds_wrap(err, "${since} is a timestamptz and stands without quotes");
    return false;
}

bool ds_pg_reader_fail(ds_pg_reader *r, ds_err *err)
{
    if (strcmp(r->db.said.code, "25006") != 0 || err->kind == DS_ERR_CANCELLED)
        return ds_wrap(err, "rows of %s", ds_pg_reader_what(r));
    return ds_fail(err, DS_ERR_CONFIG, "%s: %s would write: %s", r->db.at, ds_pg_reader_what(r),
                   r->db.said.words);
}

/* A statement that gives no row tells all that can be wrong with it. */
static PGresult *look_at_columns(ds_pg_reader *r, ds_err *err)
{
    const char **values = ds_arena_alloc(r->arena, (r->since_n + 1) * sizeof(*values));
    PGresult *res;

    ds_pg_since_values(r, values);
    res = ds_pg_query(&r->db,
                      ds_arena_printf(r->arena, "SELECT * FROM %s ORDER BY %s LIMIT 0", r->from,
                                      ds_sql_quoted(r->arena, r->key)),
                      (int)r->since_n, values, err);
    if (!res && *r->db.said.code && err->kind != DS_ERR_CANCELLED)
        fail_look(r, err);
    return res;
}

static bool add_column(ds_pg_reader *r, const char *name, ds_err *err)
{
    for (size_t i = 0; i < r->columns_n; i++) {
        if (strcmp(r->names[i], name) == 0)
            return ds_fail(err, DS_ERR_CONFIG,
                           "`query` gives two columns named \"%.100s\": tell them apart with AS",
                           name);
    }
    if (strcmp(name, r->key) == 0)
        r->key_at = r->columns_n;
    r->names[r->columns_n++] = ds_arena_strdup(r->arena, name);
    return true;
}

static bool find_columns(ds_pg_reader *r, ds_err *err)
{
    DS_AUTO(PGresult) res = look_at_columns(r, err);
    size_t n = res ? (size_t)PQnfields(res) : 0;
    Oid *oids = ds_arena_alloc(r->arena, (n + 1) * sizeof(*oids));

    if (!res)
        return false;
    r->names = ds_arena_alloc(r->arena, (n + 1) * sizeof(*r->names));
    r->types = ds_arena_alloc(r->arena, (n + 1) * sizeof(*r->types));
    for (size_t i = 0; i < n; i++) {
        oids[i] = PQftype(res, (int)i);
        if (!add_column(r, PQfname(res, (int)i), err))
            return false;
    }
    return ds_pg_types_read(&r->db, oids, n, r->arena, r->types, err) &&
           ds_pg_guard_make(r, res, err);
}

/* What the statistics say: to count a million rows for a progress bar is too dear. */
static bool estimate_rows(ds_pg_reader *r, ds_err *err)
{
    const char *values[] = {r->relation};
    PGresult *res;

    r->total = -1;
    if (r->query)
        return true;
    res = ds_pg_query(&r->db,
                      "SELECT reltuples::pg_catalog.int8 FROM pg_catalog.pg_class"
                      " WHERE oid " DS_PG_EQ " pg_catalog.to_regclass($1)",
                      1, values, err);
    if (res && PQntuples(res) == 1)
        r->total = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);
    return res != NULL;
}

static uint64_t mix(uint64_t hash, const char *text) /* FNV-1a, the ending NUL included */
{
    for (size_t i = 0, n = strlen(text); i <= n; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t fingerprint(const ds_pg_reader *r)
{
    uint64_t hash = mix(mix(UINT64_C(0xcbf29ce484222325), r->from), r->key_name);

    for (size_t i = 0; i < r->columns_n; i++)
        hash = mix(mix(hash, r->names[i]), r->types[i].name);
    /* earlier versions read those in another order */
    return r->types[r->key_at].composite ? mix(hash, "by text") : hash;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* What a query calls may not write either. */
static bool read_only(ds_pg_reader *r, ds_err *err)
{
    static const ds_pg_statement statements[] = {
        {.sql = "SET default_transaction_isolation = 'repeatable read'"},
        {.sql = "SET default_transaction_read_only = on"},
    };

    return ds_pg_run(&r->db, statements, DS_COUNT(statements), NULL, err);
}

/* A database without an encoding has texts that are no UTF-8. Asked for UTF-8, its server would
 * refuse the whole answer for one of them; as they are, each is repaired here. */
static bool take_bytes(ds_pg_reader *r, ds_err *err)
{
    const char *kept_in = PQparameterStatus(r->db.handle, "server_encoding");

    return !kept_in || strcmp(kept_in, "SQL_ASCII") != 0 ||
           ds_pg_exec(&r->db, "SET client_encoding = 'SQL_ASCII'", err);
}

static bool look(ds_pg_reader *r, ds_err *err)
{
    r->key_name = ds_arena_printf(r->arena, "durable_sync.%s", ds_sql_quoted(r->arena, r->key));
    r->relation = NULL;
    r->columns_n = r->since_n = 0;
    if (r->table ? !table_sql(r, err) : !query_sql(r, err))
        return false;
    if (!read_only(r, err) || !take_bytes(r, err) || !ds_pg_since_set(r, -1, err) ||
        !find_columns(r, err) || !estimate_rows(r, err))
        return false;
    r->fingerprint = fingerprint(r);
    return true;
}

bool ds_pg_reader_open(ds_pg_reader *r, ds_activity *act, ds_err *err)
{
    ds_pg_reader_close(r);
    r->arena = ds_arena_new();
    if (ds_pg_open(&r->db, &r->server, r->base.route, act, r->arena, err) && look(r, err))
        return true;
    ds_pg_reader_close(r);
    return false;
}

void ds_pg_reader_close(ds_pg_reader *r)
{
    r->db.act = NULL; /* the one that opened us may be gone */
    PQclear(r->ahead);
    r->ahead = NULL;
    r->streaming = false;
    ds_pg_close(&r->db);
    ds_arena_free(r->arena);
    r->arena = NULL;
    free(r->stands_at);
    r->stands_at = NULL;
}
