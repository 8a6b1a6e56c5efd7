/* src/connectors/postgresql/schema.c - reading what a table looks like. */
#include "connectors/postgresql/schema.h"

#include <stdlib.h>
#include <string.h>

static Oid oid_at(const PGresult *res, int row, int column)
{
    return (Oid)strtoul(PQgetvalue(res, row, column), NULL, 10);
}

static bool truth_at(const PGresult *res, int row, int column)
{
    return *PQgetvalue(res, row, column) == 't';
}

static const char *text_at(const PGresult *res, int row, int column, ds_arena *a)
{
    return PQgetisnull(res, row, column) ? NULL : ds_arena_strdup(a, PQgetvalue(res, row, column));
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct relation_kind { /* pg_class.relkind */
    char letter;
    const char *what;
} relation_kinds[] = {
    {'r', "table"},          {'p', "partitioned table"}, {'v', "view"},  {'m', "materialized view"},
    {'f', "foreign table"},  {'S', "sequence"},          {'i', "index"}, {'I', "index"},
    {'c', "composite type"},
};

static const char *what_is(char letter)
{
    for (size_t i = 0; i < DS_COUNT(relation_kinds); i++) {
        if (relation_kinds[i].letter == letter)
            return relation_kinds[i].what;
    }
    return "relation of an unknown kind";
}

/* pg_trigger.tgtype: 1 for each row, 2 before, 4 an INSERT, 8 a DELETE, 16 an UPDATE. */
static const char table_sql[] =
    "SELECT c.oid, coalesce(n.nspname, $2, pg_catalog.current_schema()), c.relname, c.relkind,"
    " coalesce(pg_catalog.pg_relation_filenode(c.oid), 0), c.relpersistence, c.relhasrules,"
    " c.reltuples::bigint, pg_catalog.has_table_privilege(c.oid, 'DELETE'),"
    " pg_catalog.has_schema_privilege(coalesce(n.oid, m.oid), 'CREATE'), s.oid,"
    " pg_catalog.has_table_privilege(s.oid, 'SELECT') AND"
    " pg_catalog.has_table_privilege(s.oid, 'INSERT') AND"
    " pg_catalog.has_table_privilege(s.oid, 'UPDATE') AND"
    " pg_catalog.has_table_privilege(s.oid, 'DELETE'),"
    " EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid " DS_PG_EQ " c.oid"
    "  AND NOT g.tgisinternal AND g.tgtype " DS_PG_BITS " 7 " DS_PG_EQ " 7) OR"
    " EXISTS (SELECT 1 FROM pg_catalog.pg_attribute AS a"
    "  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid " DS_PG_EQ
    " a.attrelid AND d.adnum " DS_PG_EQ " a.attnum"
    "  WHERE a.attrelid " DS_PG_EQ " c.oid AND (a.attidentity " DS_PG_NE " ''"
    "  OR pg_catalog.strpos(pg_catalog.pg_get_expr(d.adbin, d.adrelid), 'nextval') " DS_PG_GT
    " 0)),"
    " c.relrowsecurity OR c.relkind " DS_PG_EQ
    " 'p' OR EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS g"
    "  WHERE g.tgrelid " DS_PG_EQ " c.oid AND NOT g.tgisinternal AND g.tgtype " DS_PG_BITS
    " 3 " DS_PG_EQ " 3 AND g.tgtype " DS_PG_BITS " 28 " DS_PG_GT " 0)"
    " FROM (VALUES (1)) AS one"
    " LEFT JOIN pg_catalog.pg_class AS c ON c.oid " DS_PG_EQ " pg_catalog.to_regclass($1)"
    " LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid " DS_PG_EQ " c.relnamespace"
    " LEFT JOIN pg_catalog.pg_namespace AS m ON m.nspname " DS_PG_EQ " coalesce($2, "
    "pg_catalog.current_schema())"
    " LEFT JOIN pg_catalog.pg_class AS s ON s.relnamespace " DS_PG_EQ " coalesce(n.oid, m.oid)"
    " AND s.relname " DS_PG_EQ " '" DS_PG_STATE "'";

static void fill_table(const PGresult *res, const char *name, ds_arena *a, ds_pg_table *out)
{
    char kind = *PQgetvalue(res, 0, 3);

    *out = (ds_pg_table){.oid = oid_at(res, 0, 0), .schema = text_at(res, 0, 1, a), .rows = -1};
    out->name = out->oid ? text_at(res, 0, 2, a) : ds_arena_strdup(a, name);
    out->schema_there = !PQgetisnull(res, 0, 9);
    out->what = what_is(kind);
    out->writable_kind = kind == 'r' || kind == 'p';
    out->plain = kind == 'r';
    out->filenode = oid_at(res, 0, 4);
    out->unlogged = *PQgetvalue(res, 0, 5) == 'u';
    out->has_rules = truth_at(res, 0, 6);
    out->may_delete = truth_at(res, 0, 8);
    out->may_make = truth_at(res, 0, 9);
    out->state = oid_at(res, 0, 10);
    out->may_keep_state = truth_at(res, 0, 11);
    out->leaves_traces = truth_at(res, 0, 12);
    out->has_own_mind = truth_at(res, 0, 13); /* a partition may have triggers of its own */
    if (out->oid)
        out->rows = strtoll(PQgetvalue(res, 0, 7), NULL, 10);
    if (out->schema)
        out->sql =
            ds_arena_printf(a, "%s.%s", ds_sql_quoted(a, out->schema), ds_sql_quoted(a, out->name));
}

/* ---- its columns ----------------------------------------------------------------------------- */

/* A partial index, one on an expression, one that is checked only at the end of a transaction, and
 * one under whose collation two texts are equal that are not the same: none of them will do. */
static const char columns_sql[] =
    "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid,"
    " a.attgenerated " DS_PG_NE " '' OR a.attidentity " DS_PG_EQ " 'a',"
    " EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i"
    "  LEFT JOIN pg_catalog.pg_collation AS l ON l.oid " DS_PG_EQ " i.indcollation[0]"
    "  WHERE i.indrelid " DS_PG_EQ
    " a.attrelid AND i.indisunique AND i.indimmediate AND i.indisvalid"
    "  AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts " DS_PG_EQ " 1"
    "  AND i.indkey[0] " DS_PG_EQ " a.attnum AND coalesce(l.collisdeterministic, true)),"
    " pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'),"
    " pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'INSERT'),"
    " pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'UPDATE'),"
    " NOT coalesce(o.collisdeterministic, true),"
    " (SELECT n.conname FROM pg_catalog.pg_constraint AS n WHERE n.conrelid " DS_PG_EQ " a.attrelid"
    "  AND n.contype " DS_PG_EQ
    " ANY ('{p,u}'::pg_catalog.\"char\"[]) AND n.condeferrable AND n.conkey " DS_PG_EQ
    " ARRAY[a.attnum] LIMIT 1), a.attnum,"
    " NOT a.attnotnull AND EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i WHERE "
    "i.indrelid " DS_PG_EQ " a.attrelid AND i.indisunique AND a.attnum " DS_PG_EQ
    " ANY (i.indkey::smallint[]))"
    " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS n WHERE n.confrelid " DS_PG_EQ
    " a.attrelid AND a.attnum " DS_PG_EQ " ANY (n.confkey))"
    " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid " DS_PG_EQ
    " a.attrelid AND NOT g.tgisinternal AND g.tgtype " DS_PG_BITS " 16 " DS_PG_GT " 0)"
    " FROM pg_catalog.pg_attribute AS a"
    " LEFT JOIN pg_catalog.pg_collation AS o ON o.oid " DS_PG_EQ " a.attcollation"
    " WHERE a.attrelid " DS_PG_EQ " $1::pg_catalog.oid AND a.attnum " DS_PG_GT
    " 0 AND NOT a.attisdropped ORDER BY a.attnum";

/* As the server writes the type, "character varying(10)". */
static size_t most_characters(const char *declared)
{
    static const char before[] = "character varying(";
    size_t n = strlen(before);

    return declared && strncmp(declared, before, n) == 0 ? strtoul(declared + n, NULL, 10) : 0;
}

static void fill_column(const PGresult *res, int row, ds_arena *a, ds_pg_column *out)
{
    out->name = text_at(res, row, 0, a);
    out->declared = text_at(res, row, 1, a);
    out->declared_oid = oid_at(res, row, 2);
    out->most = most_characters(out->declared);
    out->generated = truth_at(res, row, 3);
    out->unique = truth_at(res, row, 4);
    out->may_select = truth_at(res, row, 5);
    out->may_insert = truth_at(res, row, 6);
    out->may_update = truth_at(res, row, 7);
    out->blurred = truth_at(res, row, 8);
    out->deferrable = text_at(res, row, 9, a);
    out->number = atoi(PQgetvalue(res, row, 10));
    out->may_be_emptied = truth_at(res, row, 11);
}

static bool read_columns(ds_pg *db, ds_arena *a, ds_pg_table *out, ds_err *err)
{
    const char *values[] = {ds_arena_printf(a, "%u", out->oid)};
    DS_AUTO(PGresult) res = ds_pg_query(db, columns_sql, 1, values, err);
    ds_pg_type *types;
    Oid *oids;

    if (!res)
        return false;
    out->columns_n = (size_t)PQntuples(res);
    out->columns = ds_arena_zalloc(a, (out->columns_n + 1) * sizeof(*out->columns));
    types = ds_arena_zalloc(a, (out->columns_n + 1) * sizeof(*types));
    oids = ds_arena_zalloc(a, (out->columns_n + 1) * sizeof(*oids));
    for (size_t i = 0; i < out->columns_n; i++) {
        fill_column(res, (int)i, a, &out->columns[i]);
        oids[i] = out->columns[i].declared_oid;
    }
    if (!ds_pg_types_read(db, oids, out->columns_n, a, types, err))
        return false;
    for (size_t i = 0; i < out->columns_n; i++)
        out->columns[i].type = types[i];
    return true;
}

bool ds_pg_table_read(ds_pg *db, const char *schema, const char *name, ds_arena *a,
                      ds_pg_table *out, ds_err *err)
{
    const char *quoted = ds_sql_quoted(a, name);
    const char *values[] = {
        schema ? ds_arena_printf(a, "%s.%s", ds_sql_quoted(a, schema), quoted) : quoted, schema};
    DS_AUTO(PGresult) res = ds_pg_query(db, table_sql, 2, values, err);

    if (!res)
        return false;
    fill_table(res, name, a, out);
    return !out->oid || read_columns(db, a, out, err);
}

const ds_pg_column *ds_pg_column_named(const ds_pg_table *t, const char *name)
{
    for (size_t i = 0; i < t->columns_n; i++) {
        if (strcmp(t->columns[i].name, name) == 0)
            return &t->columns[i];
    }
    return NULL;
}

/* ---- guesses --------------------------------------------------------------------------------- */

const char *ds_pg_guess_column(const ds_pg_table *t, const char *name, ds_arena *a)
{
    const char **names = ds_arena_alloc(a, (t->columns_n + 1) * sizeof(*names));

    for (size_t i = 0; i < t->columns_n; i++)
        names[i] = t->columns[i].name;
    return ds_sql_guess(name, names, t->columns_n, a);
}

/* Names with their schema where the search path does not find them. */
bool ds_pg_guess_table(ds_pg *db, const char *name, ds_arena *a, const char **guess, ds_err *err)
{
    DS_AUTO(PGresult)
    res =
        ds_pg_query(db,
                    "SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname"
                    " ELSE pg_catalog.concat(n.nspname, '.', c.relname) END"
                    " FROM pg_catalog.pg_class AS c"
                    " JOIN pg_catalog.pg_namespace AS n ON n.oid " DS_PG_EQ " c.relnamespace"
                    " WHERE c.relkind " DS_PG_EQ " ANY ('{r,p,v,m,f}'::pg_catalog.\"char\"[])"
                    " AND NOT n.nspname " DS_PG_EQ " ANY"
                    " ('{pg_catalog,information_schema,pg_toast}'::pg_catalog.name[]) LIMIT 10000",
                    0, NULL, err);
    const char **names, *best;
    size_t n;

    if (!res)
        return false;
    n = (size_t)PQntuples(res);
    names = ds_arena_alloc(a, (n + 1) * sizeof(*names));
    for (size_t i = 0; i < n; i++)
        names[i] = PQgetvalue(res, (int)i, 0);
    best = ds_nearest(name, names, n);
    for (size_t i = 0; i < n && !best; i++) { /* the right table in another schema */
        const char *dot = strrchr(names[i], '.');

        best = dot && strcmp(dot + 1, name) == 0 ? names[i] : NULL;
    }
    *guess = ds_sql_guess_text(best, a);
    return true;
}
