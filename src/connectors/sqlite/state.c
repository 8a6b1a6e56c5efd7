/* src/connectors/sqlite/state.c - transactions, and the numbers by which a later open knows them.
 */
#include "connectors/sqlite/value.h"
#include "connectors/sqlite/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool schema_version(ds_sqlite_writer *w, int64_t *out, ds_err *err)
{
    return ds_sqlite_number(&w->db, "PRAGMA schema_version", 0, out, err);
}

static bool has_state(ds_sqlite_writer *w, bool *has, ds_err *err)
{
    int64_t n;

    if (!ds_sqlite_number(
            &w->db, "SELECT count(*) FROM main.sqlite_schema WHERE name = '" DS_SQLITE_STATE "'", 0,
            &n, err))
        return false;
    *has = n > 0;
    return true;
}

typedef struct line {
    bool there;
    int64_t generation, schema;
    char probe[DS_KEY_MAX + 1];
} line;

static void take_probe(char *probe, const char *key)
{
    snprintf(probe, DS_KEY_MAX + 1, "%s", key ? key : "");
}

static bool read_line(ds_sqlite_writer *w, line *out, ds_err *err)
{
    DS_AUTO(sqlite3_stmt) st = NULL;
    bool has;
    int rc;

    *out = (line){0};
    if (!has_state(w, &has, err))
        return false;
    if (!has)
        return true;
    st = ds_sqlite_prepare(&w->db,
                           "SELECT generation, schema, probe FROM main." DS_SQLITE_STATE
                           " WHERE owner = ?1 AND target = ?2",
                           err);
    if (!st)
        return false;
    sqlite3_bind_text(st, 1, w->owner, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, w->target, -1, SQLITE_STATIC);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        *out = (line){true, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1), ""};
        if (!sqlite3_column_text(st, 2) && sqlite3_column_type(st, 2) != SQLITE_NULL)
            ds_out_of_memory(DS_KEY_MAX);
        take_probe(out->probe, (const char *)sqlite3_column_text(st, 2));
    }
    return rc == SQLITE_ROW || rc == SQLITE_DONE || ds_sqlite_fail(&w->db, err, "read the state");
}

static bool key_is_there(ds_sqlite_writer *w, const char *key, bool *there, ds_err *err)
{
    const ds_sqlite_column *c = ds_sqlite_column_named(&w->shape, w->key);
    DS_AUTO(sqlite3_stmt) st = NULL;
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);
    int rc;

    *there = false;
    if (!*key || !w->shape.name || !c)
        return true;
    ds_buf_printf(&sql, "SELECT 1 FROM main.%s WHERE ", w->name);
    ds_sql_name(&sql, c->name);
    ds_buf_text(&sql, " = ?1");
    st = ds_buf_ok(&sql, "a name", err) ? ds_sqlite_prepare(&w->db, sql.data, err) : NULL;
    if (!st)
        return false;
    if (ds_sqlite_bind_key(st, 1, c, key, w->arena))
        return true; /* the key column is of another type now */
    rc = sqlite3_step(st);
    *there = rc == SQLITE_ROW;
    return *there || rc == SQLITE_DONE || ds_sqlite_fail(&w->db, err, "look for a row");
}

/* Whether the table is still the one that was left, whatever else has changed in the database. */
static bool same_table(ds_sqlite_writer *w, const line *at, int64_t schema, bool *same, ds_err *err)
{
    *same = at->there && at->schema == schema;
    return *same || !at->there || key_is_there(w, at->probe, same, err);
}

/* ---- columns --------------------------------------------------------------------------------- */

static const ds_sql_column_mark *marks_of(const ds_sqlite_table *t, ds_arena *a)
{
    ds_sql_column_mark *marks = ds_arena_alloc(a, (t->columns_n + 1) * sizeof(*marks));

    for (size_t i = 0; i < t->columns_n; i++)
        marks[i] = (ds_sql_column_mark){t->columns[i].name, (int)i};
    return marks;
}

static bool has_values(ds_sqlite_writer *w, const ds_sqlite_column *c, bool *has, ds_err *err)
{
    int64_t n;
    const char *sql = ds_arena_printf(
        w->arena, "SELECT count(*) FROM (SELECT 1 FROM main.%s WHERE %s IS NOT NULL LIMIT 1)",
        w->name, ds_sqlite_quoted(w->arena, c->name));

    if (!ds_sqlite_number(&w->db, sql, 0, &n, err))
        return false;
    *has = n > 0;
    return true;
}

/* A column that was dropped and made again is empty, and stands behind all others: the order shows
 * it, unless it stood there before. Then it is the one that was last, and has no value; that is
 * looked at where somebody has changed tables. A column that came by hand is of no concern to a
 * route that names its own, and to one that makes what it lacks. */
static bool same_columns(ds_sqlite_writer *w, const char *known, bool touched, bool *same,
                         ds_err *err)
{
    const ds_sqlite_table *t = &w->shape;
    size_t then;

    *same = ds_sql_same_columns(known, marks_of(t, w->arena), t->columns_n, &then) &&
            (w->columns.items || w->create_table || then == t->columns_n);
    if (!*same || !touched || !known || !then)
        return true;
    return has_values(w, &t->columns[then - 1], same, err);
}

/* One commit more than the core knows of is its crash between our commit and its own. */
bool ds_sqlite_state_read(ds_sqlite_writer *w, const char *known, ds_err *err)
{
    int64_t expected = ds_sql_generation_number(known);
    bool same;
    line at;

    if (!schema_version(w, &w->schema, err) || !read_line(w, &at, err) ||
        !same_table(w, &at, w->schema, &same, err))
        return false;
    if (same && !same_columns(w, known, at.schema != w->schema, &same, err))
        return false;
    take_probe(w->probe, at.probe);
    w->continues = known && same && (at.generation == expected || at.generation == expected + 1);
    /* Two steps, so that this very number is never taken for one that was just lost. */
    w->generation = w->continues ? at.generation : DS_MAX(at.generation, expected) + 2;
    return true;
}

/* ---- transactions ---------------------------------------------------------------------------- */

/* Tables were changed since we last looked. When all changes were our own kind's, our line was
 * taken along; else the table may be another one by now. */
static bool follow_schema(ds_sqlite_writer *w, int64_t now, ds_err *err)
{
    const char *before =
        ds_sql_generation(0, marks_of(&w->shape, w->arena), w->shape.columns_n, w->arena);
    bool same;
    size_t then;
    line at;

    if (!read_line(w, &at, err) || !same_table(w, &at, now, &same, err) ||
        (same && !ds_sqlite_reload(w, err)))
        return false;
    if (!same ||
        !ds_sql_same_columns(before, marks_of(&w->shape, w->arena), w->shape.columns_n, &then))
        return ds_fail(
            err, DS_ERR_TRANSIENT,
            "%s: another program changed the tables meanwhile: the next pass looks again", w->path);
    w->schema = now;
    return true;
}

bool ds_sqlite_lock(ds_sqlite_writer *w, ds_err *err)
{
    w->in_tx = ds_sqlite_exec(&w->db, "BEGIN IMMEDIATE", err);
    return w->in_tx;
}

bool ds_sqlite_begin(ds_sqlite_writer *w, ds_err *err)
{
    int64_t now;

    if (w->lost)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s: what was written before was rolled back",
                       w->path);
    if (w->in_tx)
        return true;
    if (!ds_sqlite_lock(w, err))
        return false;
    if (!schema_version(w, &now, err) || (now != w->schema && !follow_schema(w, now, err))) {
        ds_sqlite_rollback(w);
        return false;
    }
    return true;
}

void ds_sqlite_rollback(ds_sqlite_writer *w)
{
    if (w->in_tx && !sqlite3_get_autocommit(w->db.handle))
        sqlite3_exec(w->db.handle, "ROLLBACK", NULL, NULL, NULL);
    w->in_tx = w->changed = w->ddl = false;
}

/* Lines that knew the database as it was before our own change know it as it is after. */
static bool take_lines_along(ds_sqlite_writer *w, int64_t now, ds_err *err)
{
    DS_AUTO(sqlite3_stmt) st = NULL;
    bool has;

    if (!has_state(w, &has, err))
        return false;
    if (!has)
        return true;
    st = ds_sqlite_prepare(
        &w->db, "UPDATE main." DS_SQLITE_STATE " SET schema = ?1 WHERE schema = ?2", err);
    if (!st)
        return false;
    sqlite3_bind_int64(st, 1, now);
    sqlite3_bind_int64(st, 2, w->schema);
    return sqlite3_step(st) == SQLITE_DONE || ds_sqlite_fail(&w->db, err, "write the state");
}

bool ds_sqlite_commit(ds_sqlite_writer *w, ds_err *err)
{
    int64_t now = w->schema;

    if (w->ddl && (!schema_version(w, &now, err) || !take_lines_along(w, now, err)))
        return false;
    ds_crashpoint("sqlite: before commit");
    if (!ds_sqlite_exec(&w->db, "COMMIT", err))
        return false;
    ds_crashpoint("sqlite: after commit");
    w->schema = now;
    w->in_tx = w->changed = w->ddl = false;
    return true;
}

/* ---- what a commit leaves behind ------------------------------------------------------------- */

static bool put_line(ds_sqlite_writer *w, int64_t generation, int64_t schema, ds_err *err)
{
    DS_AUTO(sqlite3_stmt)
    st =
        ds_sqlite_prepare(&w->db,
                          "INSERT OR REPLACE INTO main." DS_SQLITE_STATE
                          " (owner, target, generation, schema, probe) VALUES (?1, ?2, ?3, ?4, ?5)",
                          err);

    if (!st)
        return false;
    sqlite3_bind_text(st, 1, w->owner, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, w->target, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 3, generation);
    sqlite3_bind_int64(st, 4, schema);
    if (*w->probe)
        sqlite3_bind_text(st, 5, w->probe, -1, SQLITE_STATIC);
    return sqlite3_step(st) == SQLITE_DONE || ds_sqlite_fail(&w->db, err, "write the state");
}

static bool forget_lines(ds_sqlite_writer *w, ds_err *err)
{
    DS_AUTO(sqlite3_stmt)
    st = ds_sqlite_prepare(&w->db, "DELETE FROM main." DS_SQLITE_STATE " WHERE target = ?1", err);

    if (!st)
        return false;
    sqlite3_bind_text(st, 1, w->target, -1, SQLITE_STATIC);
    return sqlite3_step(st) == SQLITE_DONE || ds_sqlite_fail(&w->db, err, "write the state");
}

bool ds_sqlite_state_begin(ds_sqlite_writer *w, bool table_is_new, ds_err *err)
{
    bool has;

    if (!has_state(w, &has, err))
        return false;
    if (!has) {
        if (!ds_sqlite_exec(&w->db,
                            "CREATE TABLE main." DS_SQLITE_STATE
                            " (owner TEXT NOT NULL, target TEXT NOT NULL,"
                            " generation INTEGER NOT NULL, schema INTEGER NOT NULL, probe TEXT,"
                            " PRIMARY KEY (owner, target)) WITHOUT ROWID",
                            err))
            return false;
        w->ddl = true;
    }
    /* What other owners know of the table that was here before is void as well. */
    if (table_is_new && !forget_lines(w, err))
        return false;
    w->changed = true;
    return put_line(w, w->generation, w->schema, err);
}

static bool commit_rows(ds_sqlite_writer *w, ds_err *err)
{
    if (!ds_sqlite_begin(w, err))
        return false;
    if (!put_line(w, w->generation + 1, w->schema, err) || !ds_sqlite_commit(w, err)) {
        /* A reader in the way of the commit: the transaction stays, the flush can be asked again.
         */
        if (err->kind != DS_ERR_PERMANENT && !sqlite3_get_autocommit(w->db.handle))
            return false;
        ds_sqlite_rollback(w);
        w->lost = true;
        return false;
    }
    w->generation++;
    return true;
}

bool ds_sqlite_flush(ds_destination *self, ds_activity *act, const char **generation, ds_err *err)
{
    ds_sqlite_writer *w = (ds_sqlite_writer *)self;
    ds_arena *a = ds_activity_arena(act);

    w->db.act = act;
    if (w->lost)
        return ds_sqlite_begin(w, err);
    if (!w->changed) {
        ds_sqlite_rollback(w); /* nothing was written: nothing is */
        if (w->continues)
            return true;
    } else if (!commit_rows(w, err)) {
        return false;
    }
    w->continues = true;
    *generation = ds_sql_generation(w->generation, marks_of(&w->shape, a), w->shape.columns_n, a);
    return true;
}
