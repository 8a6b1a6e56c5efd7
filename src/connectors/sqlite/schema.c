/* src/connectors/sqlite/schema.c - reading what a table looks like. */
#include "connectors/sqlite/schema.h"

#include <string.h>

/* ---- kinds ----------------------------------------------------------------------------------- */

static bool holds(const char *type, const char *part) /* without regard to case */
{
    size_t n = strlen(part);

    for (; *type; type++) {
        if (sqlite3_strnicmp(type, part, (int)n) == 0)
            return true;
    }
    return false;
}

/* SQLite's own rules, in its order (https://www.sqlite.org/datatype3.html, 3.1), then ours for the
 * names that fall to NUMERIC. */
static const struct kind_rule {
    const char *part;
    ds_sqlite_kind kind;
} kind_rules[] = {
    {"INT", DS_KIND_INTEGER}, {"CHAR", DS_KIND_TEXT},     {"CLOB", DS_KIND_TEXT},
    {"TEXT", DS_KIND_TEXT},   {"BLOB", DS_KIND_ANY},      {"REAL", DS_KIND_REAL},
    {"FLOA", DS_KIND_REAL},   {"DOUB", DS_KIND_REAL},     {"BOOL", DS_KIND_BOOL},
    {"DATE", DS_KIND_TIME},   {"TIME", DS_KIND_TIME},     {"NUM", DS_KIND_NUMERIC},
    {"DEC", DS_KIND_NUMERIC}, {"MONEY", DS_KIND_NUMERIC},
};

/* ANY is a word like STRING: in STRICT tables alone does SQLite know it. */
static ds_sqlite_kind kind_of(const char *declared, bool strict)
{
    if (!*declared || (strict && sqlite3_stricmp(declared, "ANY") == 0))
        return DS_KIND_ANY;
    for (size_t i = 0; i < DS_COUNT(kind_rules); i++) {
        if (holds(declared, kind_rules[i].part))
            return kind_rules[i].kind;
    }
    return DS_KIND_LOOSE;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const char *column_text(sqlite3_stmt *st, int at, ds_arena *a)
{
    const char *text = (const char *)sqlite3_column_text(st, at);

    if (!text && sqlite3_column_type(st, at) != SQLITE_NULL)
        ds_out_of_memory(0);
    return ds_arena_strdup(a, text ? text : "");
}

static ds_sqlite_column *add_column(ds_sqlite_table *t)
{
    if (t->columns_n == t->columns_cap) {
        size_t cap = DS_MAX(t->columns_cap * 2, (size_t)16);

        t->columns = ds_arena_grow(t->arena, t->columns, t->columns_n * sizeof(*t->columns),
                                   cap * sizeof(*t->columns));
        t->columns_cap = cap;
    }
    t->columns[t->columns_n] = (ds_sqlite_column){.name = ""};
    return &t->columns[t->columns_n++];
}

void ds_sqlite_table_add(ds_sqlite_table *t, const char *name, const char *type)
{
    ds_sqlite_column *c = add_column(t);

    c->name = ds_arena_strdup(t->arena, name);
    c->type = ds_arena_strdup(t->arena, type);
    c->kind = kind_of(type, t->strict);
}

/* Whether it is there at all, and what it is. */
static bool read_head(ds_sqlite *db, const char *name, ds_sqlite_table *out, ds_err *err)
{
    DS_AUTO(sqlite3_stmt)
    st = ds_sqlite_prepare(
        db,
        "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
        " AND name = ?1 COLLATE NOCASE",
        err);
    int rc;

    if (!st)
        return false;
    sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        out->name = column_text(st, 0, out->arena);
        out->what = column_text(st, 1, out->arena);
        out->without_rowid = sqlite3_column_int(st, 2) != 0;
        out->strict = sqlite3_column_int(st, 3) != 0;
    }
    return rc == SQLITE_ROW || rc == SQLITE_DONE ||
           ds_sqlite_fail(db, err, "look for table \"%.100s\"", name);
}

enum { HIDDEN_VIRTUAL = 1 }; /* pragma_table_xinfo: 2 and 3 are generated columns */

static bool read_columns(ds_sqlite *db, ds_sqlite_table *out, ds_err *err)
{
    DS_AUTO(sqlite3_stmt)
    st = ds_sqlite_prepare(db, "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?1)", err);
    size_t keys = 0, key_at = 0;
    int rc;

    if (!st)
        return false;
    sqlite3_bind_text(st, 1, out->name, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        ds_sqlite_column *c;

        if (sqlite3_column_int(st, 3) == HIDDEN_VIRTUAL)
            continue;
        c = add_column(out);
        c->name = column_text(st, 0, out->arena);
        c->type = column_text(st, 1, out->arena);
        c->kind = kind_of(c->type, out->strict);
        c->generated = sqlite3_column_int(st, 3) != 0;
        if (sqlite3_column_int(st, 2)) {
            keys++;
            key_at = out->columns_n - 1;
        }
    }
    if (rc != SQLITE_DONE)
        return ds_sqlite_fail(db, err, "read the columns of \"%.100s\"", out->name);
    if (keys == 1 && !out->without_rowid && strcmp(out->what, "table") == 0)
        out->columns[key_at].is_rowid = sqlite3_stricmp(out->columns[key_at].type, "INTEGER") == 0;
    return true;
}

static bool read_traces(ds_sqlite *db, ds_sqlite_table *out, ds_err *err)
{
    DS_AUTO(sqlite3_stmt)
    st = ds_sqlite_prepare(
        db,
        "SELECT 1 FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE"
        " AND (type = 'trigger' OR (type = 'table' AND sql LIKE '%autoincrement%'))",
        err);
    int rc;

    if (!st)
        return false;
    sqlite3_bind_text(st, 1, out->name, -1, SQLITE_STATIC);
    rc = sqlite3_step(st);
    out->autoincrement_or_triggers = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ||
           ds_sqlite_fail(db, err, "read the triggers of \"%.100s\"", out->name);
}

/* Of all tables: a trigger of ours may wake those of others. What only looks like it in a comment
 * costs a little time. */
static bool read_dangers(ds_sqlite *db, ds_sqlite_table *out, ds_err *err)
{
    DS_AUTO(sqlite3_stmt)
    st = ds_sqlite_prepare(db,
                           "SELECT max(type = 'trigger' AND sql LIKE '%rollback%'),"
                           " max(type = 'table' AND sql LIKE '%deferr%') FROM sqlite_schema",
                           err);

    if (!st)
        return false;
    if (sqlite3_step(st) != SQLITE_ROW)
        return ds_sqlite_fail(db, err, "read the triggers");
    out->rolls_back = sqlite3_column_int(st, 0) != 0;
    out->defers = sqlite3_column_int(st, 1) != 0;
    return true;
}

static const char *free_rowid_name(const ds_sqlite_table *t)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};

    if (t->without_rowid || strcmp(t->what, "table") != 0)
        return NULL;
    for (size_t i = 0; i < DS_COUNT(names); i++) {
        if (!ds_sqlite_column_named(t, names[i]))
            return names[i];
    }
    return NULL;
}

bool ds_sqlite_table_read(ds_sqlite *db, const char *name, ds_arena *a, ds_sqlite_table *out,
                          ds_err *err)
{
    *out = (ds_sqlite_table){.arena = a};
    if (!read_head(db, name, out, err))
        return false;
    if (!out->name)
        return true;
    if (!read_columns(db, out, err) || !read_traces(db, out, err) || !read_dangers(db, out, err))
        return false;
    out->rowid = free_rowid_name(out);
    return true;
}

const ds_sqlite_column *ds_sqlite_column_named(const ds_sqlite_table *t, const char *name)
{
    for (size_t i = 0; i < t->columns_n; i++) {
        if (sqlite3_stricmp(t->columns[i].name, name) == 0)
            return &t->columns[i];
    }
    return NULL;
}

/* A NOCASE index would take "a" and "A" for one key: they are two. */
bool ds_sqlite_is_unique(ds_sqlite *db, const ds_sqlite_table *t, const ds_sqlite_column *c,
                         bool *unique, ds_err *err)
{
    DS_AUTO(sqlite3_stmt) st = NULL;
    int rc;

    *unique = c->is_rowid;
    if (c->is_rowid)
        return true;
    st = ds_sqlite_prepare(
        db,
        "SELECT count(*), max(x.name = ?2 COLLATE NOCASE AND x.coll = 'BINARY' COLLATE NOCASE)"
        " FROM pragma_index_list(?1) AS i, pragma_index_xinfo(i.name) AS x"
        " WHERE i.\"unique\" AND NOT i.partial AND x.key"
        " GROUP BY i.name HAVING count(*) = 1"
        " ORDER BY 2 DESC LIMIT 1",
        err);
    if (!st)
        return false;
    sqlite3_bind_text(st, 1, t->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, c->name, -1, SQLITE_STATIC);
    rc = sqlite3_step(st);
    *unique = rc == SQLITE_ROW && sqlite3_column_int(st, 1) == 1;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ||
           ds_sqlite_fail(db, err, "read the indexes of \"%.100s\"", t->name);
}

enum { NAMES_MOST = 10000 }; /* among which a name is looked for */

/* ---- guesses --------------------------------------------------------------------------------- */

const char *ds_sqlite_guess_column(const ds_sqlite_table *t, const char *name, ds_arena *a)
{
    const char **names = ds_arena_alloc(a, (t->columns_n + 1) * sizeof(*names));

    for (size_t i = 0; i < t->columns_n; i++)
        names[i] = t->columns[i].name;
    return ds_sql_guess(name, names, t->columns_n, a);
}

bool ds_sqlite_guess_table(ds_sqlite *db, const char *name, ds_arena *a, const char **guess,
                           ds_err *err)
{
    DS_AUTO(sqlite3_stmt)
    st = ds_sqlite_prepare(db, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')",
                           err);
    const char **names = ds_arena_alloc(a, NAMES_MOST * sizeof(*names));
    size_t n = 0;
    int rc;

    if (!st)
        return false;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        if (n < NAMES_MOST)
            names[n++] = column_text(st, 0, a);
    }
    *guess = ds_sql_guess(name, names, n, a);
    return rc == SQLITE_DONE || ds_sqlite_fail(db, err, "list the tables");
}
