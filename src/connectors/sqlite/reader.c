/* src/connectors/sqlite/reader.c - finding out what is there to read, and in which order. */
#include "connectors/sqlite/reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- a table or view ------------------------------------------------------------------------- */

static bool find_table(ds_sqlite_reader *r, ds_err *err)
{
    const char *guess;
    DS_AUTO_BUF(name, DS_SQLITE_SQL_MAX);

    if (!ds_sqlite_table_read(&r->db, r->table, r->arena, &r->shape, err))
        return false;
    if (!r->shape.name) {
        if (!ds_sqlite_guess_table(&r->db, r->table, r->arena, &guess, err))
            return false;
        return ds_fail(err, DS_ERR_CONFIG, "%s: no such table: \"%.100s\"%s", r->path, r->table,
                       guess);
    }
    ds_sql_name(&name, r->shape.name);
    r->from = ds_arena_strdup(r->arena, name.data);
    return true;
}

static bool choose_order(ds_sqlite_reader *r, ds_err *err)
{
    bool unique = false;

    r->order = DS_ORDER_SNAPSHOT;
    if (r->query || strcmp(r->shape.what, "table") != 0)
        return true;
    if (!ds_sqlite_is_unique(&r->db, &r->shape, &r->shape.columns[r->key_at], &unique, err))
        return false;
    if (unique)
        r->order = DS_ORDER_KEY;
    else if (r->shape.rowid)
        r->order = DS_ORDER_ROWID;
    return true;
}

/* ---- a query --------------------------------------------------------------------------------- */

/* The text of the one statement, without the semicolon that may end it. */
static bool one_statement(ds_sqlite_reader *r, const char *sql, const char *tail, ds_err *err)
{
    DS_AUTO(sqlite3_stmt) more = NULL;
    size_t n = (size_t)(tail - sql);

    if (sqlite3_prepare_v2(r->db.handle, tail, -1, &more, NULL) != SQLITE_OK || more)
        return ds_fail(err, DS_ERR_CONFIG, "`query` is more than one statement: \"%.60s\"", tail);
    n = ds_sql_trimmed(sql, n);
    /* On a line of its own the parenthesis stays out of a comment that ends the query. */
    r->from = ds_arena_printf(r->arena, "(%.*s\n)", (int)n, sql);
    return true;
}

static bool query_columns(ds_sqlite_reader *r, sqlite3_stmt *st, ds_err *err)
{
    r->shape = (ds_sqlite_table){.name = "", .what = "query", .arena = r->arena};
    for (int i = 0; i < sqlite3_column_count(st); i++) {
        const char *name = sqlite3_column_name(st, i), *type = sqlite3_column_decltype(st, i);

        if (ds_sqlite_column_named(&r->shape, name))
            return ds_fail(err, DS_ERR_CONFIG,
                           "`query` gives two columns named \"%.100s\": tell them apart with AS",
                           name);
        ds_sqlite_table_add(&r->shape, name, type ? type : "");
    }
    return true;
}

static bool fail_query(ds_sqlite_reader *r, ds_err *err)
{
    ds_sqlite_fail(&r->db, err, "`query`");
    if ((sqlite3_errcode(r->db.handle) & 0xff) == SQLITE_ERROR)
        err->kind = DS_ERR_CONFIG; /* no such column, no such table, a slip of the pen */
    return false;
}

static bool find_query(ds_sqlite_reader *r, ds_err *err)
{
    DS_AUTO(sqlite3_stmt) st = NULL;
    const char *sql, *tail = NULL;

    if (strlen(r->query) > DS_SQLITE_SQL_MAX)
        return ds_fail(err, DS_ERR_CONFIG, "`query` is longer than %zu bytes", DS_SQLITE_SQL_MAX);
    sql = ds_sqlite_since_sql(r->query, r->arena, &r->since_n);
    if (sqlite3_prepare_v2(r->db.handle, sql, -1, &st, &tail) != SQLITE_OK)
        return fail_query(r, err);
    if (!st || sqlite3_column_count(st) == 0 || !sqlite3_stmt_readonly(st))
        return ds_fail(err, DS_ERR_CONFIG, "`query` is no SELECT: \"%.60s\"", r->query);
    return ds_sqlite_since_check(r, st, err) && one_statement(r, sql, tail, err) &&
           query_columns(r, st, err);
}

/* ---- both ------------------------------------------------------------------------------------ */

static bool find_key(ds_sqlite_reader *r, ds_err *err)
{
    const ds_sqlite_column *c = ds_sqlite_column_named(&r->shape, r->key);

    if (!c)
        return ds_fail(err, DS_ERR_CONFIG, "%s: `key`: no such column: \"%.100s\"%s", r->path,
                       r->key, ds_sqlite_guess_column(&r->shape, r->key, r->arena));
    r->key_at = (size_t)(c - r->shape.columns);
    return true;
}

static const char *column_list(const ds_sqlite_reader *r)
{
    DS_AUTO_BUF(list, DS_SQLITE_SQL_MAX);

    for (size_t i = 0; i < r->shape.columns_n; i++) {
        ds_buf_text(&list, i ? ", " : "");
        ds_sql_name(&list, r->shape.columns[i].name);
    }
    return ds_arena_strdup(r->arena, list.data);
}

/* COLLATE BINARY: the order of a NOCASE column would hold "a" and "A" for one. */
static const char *key_position(const ds_sqlite_reader *r)
{
    const ds_sqlite_column *key = &r->shape.columns[r->key_at];
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);

    assert(key); /* find_key has found it among them */
    ds_sql_name(&sql, key->name);
    ds_buf_text(&sql, key->is_rowid ? "" : " COLLATE BINARY");
    return ds_arena_strdup(r->arena, sql.data);
}

static uint64_t mix(uint64_t hash, const char *text) /* FNV-1a, the ending NUL included */
{
    for (size_t i = 0, n = strlen(text); i <= n; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t fingerprint(const ds_sqlite_reader *r)
{
    uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), r->from);

    hash = mix(mix(hash, r->position), ds_arena_printf(r->arena, "%d", (int)r->order));
    for (size_t i = 0; i < r->shape.columns_n; i++)
        hash = mix(mix(hash, r->shape.columns[i].name), r->shape.columns[i].type);
    if (r->order == DS_ORDER_ROWID) /* a VACUUM numbers rows anew and raises the version */
        hash = mix(hash, ds_arena_printf(r->arena, "%lld", (long long)r->schema_version));
    return hash;
}

static bool prepare_pages(ds_sqlite_reader *r, ds_err *err)
{
    const char *list = r->list;

    if (r->order == DS_ORDER_SNAPSHOT)
        return true; /* prepared with each snapshot */
    if (r->order == DS_ORDER_ROWID)
        list = ds_arena_printf(r->arena, "%s, %s", r->list, r->shape.rowid);
    r->first = ds_sqlite_prepare(&r->db,
                                 ds_arena_printf(r->arena,
                                                 "SELECT %s FROM %s ORDER BY %s LIMIT -1 OFFSET ?1",
                                                 list, r->from, r->position),
                                 err);
    r->next =
        ds_sqlite_prepare(&r->db,
                          ds_arena_printf(r->arena, "SELECT %s FROM %s WHERE %s > ?1 ORDER BY %s",
                                          list, r->from, r->position, r->position),
                          err);
    return r->first && r->next;
}

static bool look(ds_sqlite_reader *r, ds_err *err)
{
    if (!ds_sqlite_number(&r->db, "PRAGMA schema_version", 0, &r->schema_version, err))
        return false;
    if (r->table ? !find_table(r, err) : !find_query(r, err))
        return false;
    if (!find_key(r, err) || !choose_order(r, err))
        return false;
    r->list = column_list(r);
    r->position = r->order == DS_ORDER_ROWID ? r->shape.rowid : key_position(r);
    r->fingerprint = fingerprint(r);
    r->total = -1;
    return prepare_pages(r, err);
}

bool ds_sqlite_reader_open(ds_sqlite_reader *r, ds_activity *act, ds_err *err)
{
    ds_sqlite_reader_close(r);
    if (!ds_sqlite_open(&r->db, r->path, DS_SQLITE_READ, act, err))
        return false;
    sqlite3_db_config(r->db.handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    ds_sqlite_interruptible(&r->db);
    r->arena = ds_arena_new();
    if (look(r, err))
        return true;
    ds_sqlite_reader_close(r);
    return false;
}

void ds_sqlite_reader_close(ds_sqlite_reader *r)
{
    r->db.act = NULL; /* the one that opened us may be gone */
    sqlite3_finalize(r->first);
    sqlite3_finalize(r->next);
    r->first = r->next = NULL;
    ds_sqlite_close(&r->db);
    ds_arena_free(r->arena);
    r->arena = NULL;
    free(r->stands_at);
    r->stands_at = NULL;
}
