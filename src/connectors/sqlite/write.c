/* src/connectors/sqlite/write.c
 *
 * Rows, one statement each inside the transaction: what one row is refused for, SQLite takes back
 * alone.
 */
#include "connectors/sqlite/value.h"
#include "connectors/sqlite/writer.h"

#include <stdio.h>
#include <string.h>

typedef enum step {
    STEP_DONE,    /* a row was changed */
    STEP_NOTHING, /* none was */
    STEP_HELD,    /* refused: row->reason */
    STEP_FAILED,  /* the batch is over: *err */
} step;

/* ---- what a statement said ------------------------------------------------------------------- */

#define IGNORED "the table ignores this row: a trigger of its own refuses it"

static step hold(ds_write *row, const char *reason)
{
    row->outcome = DS_OUT_HELD;
    row->reason = reason;
    return STEP_HELD;
}

/* An error that is not the row's: the table itself is not what it was. */
static bool table_is_there(ds_sqlite_writer *w)
{
    return sqlite3_table_column_metadata(w->db.handle, "main", w->table, w->key_column.name, NULL,
                                         NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static step judge(ds_sqlite_writer *w, int rc, ds_write *row, ds_err *err)
{
    const char *words = ds_arena_strdup(ds_activity_arena(w->db.act), sqlite3_errmsg(w->db.handle));

    w->taken = sqlite3_extended_errcode(w->db.handle) == SQLITE_CONSTRAINT_UNIQUE;
    if (sqlite3_get_autocommit(w->db.handle)) { /* the disk may do so too, and that is no row's */
        if ((rc & 0xff) == SQLITE_CONSTRAINT)
            w->undone = words;
        ds_sqlite_fail(&w->db, err, "the transaction was rolled back at key \"%.100s\"", row->key);
        return STEP_FAILED;
    }
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return hold(row, words);
    case SQLITE_ERROR: /* a trigger's own failure, mostly */
        if (table_is_there(w))
            return hold(row, words);
        ds_fail(err, DS_ERR_TRANSIENT, "%s: %s: the next pass looks again", w->path, words);
        return STEP_FAILED;
    default:
        ds_sqlite_fail(&w->db, err, "write key \"%.100s\"", row->key);
        return STEP_FAILED;
    }
}

static step run(ds_sqlite_writer *w, sqlite3_stmt *st, ds_write *row, ds_err *err)
{
    int rc = sqlite3_step(st);
    step said;

    if (rc == SQLITE_DONE)
        said = sqlite3_changes(w->db.handle) ? STEP_DONE : STEP_NOTHING;
    else
        said = judge(w, rc, row, err);
    w->changed |= said == STEP_DONE;
    sqlite3_reset(st);
    return said;
}

/* ---- one row --------------------------------------------------------------------------------- */

/* NULL; else why a value does not fit. */
static const char *bind_row(ds_sqlite_writer *w, const ds_sqlite_plan *p, const ds_write *row,
                            sqlite3_stmt *st)
{
    ds_arena *a = ds_activity_arena(w->db.act);
    const char *reason = ds_sqlite_bind_key(st, 1, &w->key_column, row->key, a);

    for (size_t i = 0; i < p->base.n && !reason; i++) {
        bool has_place = st == p->insert    ? p->base.params[i] != 0
                         : st == p->differs ? ds_sql_compares(&p->base, i)
                                            : ds_sql_updates(&p->base, i);

        if (has_place)
            reason = ds_sqlite_bind(st, p->base.params[i], &p->columns[i], row->props[i].value, a);
    }
    return reason;
}

static step insert(ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_write *row, ds_err *err)
{
    const char *reason = bind_row(w, p, row, p->insert);

    return reason ? hold(row, reason) : run(w, p->insert, row, err);
}

static step update(ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_write *row, ds_err *err)
{
    const char *reason = p->update ? bind_row(w, p, row, p->update) : NULL;

    if (reason)
        return hold(row, reason);
    return p->update ? run(w, p->update, row, err) : STEP_NOTHING;
}

/* DONE: it is there. */
static step look(ds_sqlite_writer *w, ds_write *row, ds_err *err)
{
    ds_arena *a = ds_activity_arena(w->db.act);
    const char *reason;
    int rc;

    if (!w->exists)
        w->exists = ds_sqlite_prepare(
            &w->db, ds_arena_printf(a, "SELECT 1 FROM main.%s WHERE %s", w->name, w->match), err);
    if (!w->exists)
        return STEP_FAILED;
    reason = ds_sqlite_bind_key(w->exists, 1, &w->key_column, row->key, a);
    if (reason)
        return hold(row, reason);
    rc = sqlite3_step(w->exists);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        ds_sqlite_fail(&w->db, err, "look for key \"%.100s\"", row->key);
    sqlite3_reset(w->exists);
    return rc == SQLITE_ROW ? STEP_DONE : rc == SQLITE_DONE ? STEP_NOTHING : STEP_FAILED;
}

/* No update was done: a trigger may have ignored one that was needed. */
static step judge_unchanged(ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_write *row,
                            ds_err *err)
{
    const char *reason = bind_row(w, p, row, p->differs);
    step said = STEP_DONE;
    int rc;

    if (reason)
        return hold(row, reason);
    rc = sqlite3_step(p->differs);
    if (rc == SQLITE_ROW)
        said = hold(row, IGNORED);
    else if (rc != SQLITE_DONE)
        said = judge(w, rc, row, err);
    sqlite3_reset(p->differs);
    return said;
}

/* Updates what differs. NOTHING: there is no such row. */
static step meet(ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_write *row, ds_err *err)
{
    step said = update(w, p, row, err);

    row->outcome = said == STEP_DONE ? DS_OUT_UPDATED : row->outcome;
    if (said != STEP_NOTHING)
        return said;
    said = look(w, row, err);
    if (said == STEP_DONE && p->differs)
        said = judge_unchanged(w, p, row, err);
    row->outcome = said == STEP_DONE ? DS_OUT_UNCHANGED : row->outcome;
    return said;
}

static step create(ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_write *row, ds_err *err)
{
    step said = insert(w, p, row, err);

    row->outcome = said == STEP_DONE ? DS_OUT_CREATED : row->outcome;
    return said;
}

/* An insert can be refused for what only a new row needs (a column of the table's own that must not
 * be NULL, a trigger) although the row is there: then it is met like any other. */
static step meet_refused(ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_write *row, ds_err *err)
{
    const char *reason = row->reason;
    step said = meet(w, p, row, err);

    if (said == STEP_NOTHING)
        return hold(row, reason);
    row->reason = said == STEP_HELD ? row->reason : NULL;
    return said;
}

/* A new row is tried first where rows are expected to be new, else the one that is there. */
static step put(ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_write *row, ds_err *err)
{
    bool look_first = row->op == DS_OP_UPDATE || w->look_first;
    step said = look_first ? meet(w, p, row, err) : create(w, p, row, err);

    if (said == STEP_HELD && !look_first)
        said = meet_refused(w, p, row, err);
    else if (said == STEP_NOTHING)
        said = look_first ? create(w, p, row, err) : meet(w, p, row, err);
    if (said == STEP_NOTHING)
        return hold(row, IGNORED);
    if (row->op == DS_OP_CREATE && said == STEP_DONE) {
        row->adopted = row->outcome != DS_OUT_CREATED;
        w->look_first = row->adopted || w->shape.autoincrement_or_triggers;
    }
    return said;
}

/* Whether COMMIT would be refused, as of now, for a key that has nothing it refers to. */
static bool owes_a_key(const ds_sqlite_writer *w)
{
    int owes = 0, most;

    return sqlite3_db_status(w->db.handle, SQLITE_DBSTATUS_DEFERRED_FKS, &owes, &most, 0) ==
               SQLITE_OK &&
           owes;
}

/* Among thousands of rows COMMIT does not say which one it refuses them all for: it is the one
 * behind which it would do so for the first time. */
static step put_alone(ds_sqlite_writer *w, const ds_sqlite_plan *p, ds_write *row, ds_err *err)
{
    bool changed = w->changed, owed = owes_a_key(w);
    step said;

    if (!ds_sqlite_exec(&w->db, "SAVEPOINT ds", err))
        return STEP_FAILED;
    said = put(w, p, row, err);
    if (said == STEP_FAILED)
        return said;
    if (!owed && owes_a_key(w)) {
        if (!ds_sqlite_exec(&w->db, "ROLLBACK TO ds", err))
            return STEP_FAILED;
        w->changed = changed;
        row->adopted = false;
        said = hold(row, "FOREIGN KEY constraint failed");
    }
    return ds_sqlite_exec(&w->db, "RELEASE ds", err) ? said : STEP_FAILED;
}

/* A property of the key's name has no column: the key is there. That is worth a word where it says
 * something else. */
static void compare_key(ds_sqlite_writer *w, const ds_sqlite_plan *p, const ds_write *row)
{
    const char *text;

    if (p->base.key_at == p->base.n || w->warned_key)
        return;
    text = ds_value_text(ds_activity_arena(w->db.act), row->props[p->base.key_at].value);
    if (text && strcmp(text, row->key) == 0)
        return;
    w->warned_key = true;
    ds_activity_warn(w->db.act,
                     "column \"%s\" holds the primary key: the property \"%s\" is left out",
                     w->key_column.name, p->base.names[p->base.key_at]);
}

static bool write_row(ds_sqlite_writer *w, ds_write *row, ds_err *err)
{
    const ds_sqlite_plan *p = ds_sqlite_plan_for(w, row, err);

    if (!p)
        return false;
    if (p->base.refusal) {
        hold(row, ds_arena_strdup(ds_activity_arena(w->db.act), p->base.refusal));
        return true;
    }
    compare_key(w, p, row);
    return (w->shape.defers ? put_alone : put)(w, p, row, err) != STEP_FAILED;
}

/* ---- batches --------------------------------------------------------------------------------- */

/* After an error that is not a row's, rows that were reported as written are gone with the rest. */
static bool give_up(ds_sqlite_writer *w)
{
    w->lost = w->changed;
    ds_sqlite_rollback(w);
    return false;
}

static bool start(ds_sqlite_writer *w, ds_activity *act, ds_err *err)
{
    w->db.act = act;
    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    return ds_sqlite_begin(w, err);
}

/* A key that is surely there from now on. */
static void remember_key(ds_sqlite_writer *w, const ds_write *writes, size_t n)
{
    while (n-- > 0) {
        if (writes[n].outcome == DS_OUT_CREATED || writes[n].outcome == DS_OUT_UPDATED) {
            snprintf(w->probe, sizeof(w->probe), "%s", writes[n].key);
            return;
        }
    }
}

/* *taken: another row has a unique value of it. */
static bool write_one(ds_sqlite_writer *w, ds_write *row, bool *taken, ds_err *err)
{
    row->outcome = DS_OUT_NONE;
    row->reason = NULL;
    row->adopted = false;
    w->taken = false;
    if (!write_row(w, row, err))
        return false;
    *taken = w->taken && row->outcome == DS_OUT_HELD;
    return true;
}

static bool comes_again(const ds_write *writes, size_t n, size_t at)
{
    for (size_t i = at + 1; i < n; i++)
        if (strcmp(writes[i].key, writes[at].key) == 0)
            return true;
    return false;
}

/* What a row was refused for, one behind it may have given up since: positions that all move by
 * one. The last goes first, as long as that helps. */
static bool write_taken(ds_sqlite_writer *w, ds_write *writes, bool *taken, size_t n, size_t *at,
                        ds_err *err)
{
    for (bool helped = true; helped;) {
        helped = false;
        for (size_t i = n; i-- > 0;) {
            if (!taken[i] || comes_again(writes, n, i))
                continue;
            *at = i;
            if (!write_one(w, &writes[i], &taken[i], err))
                return false;
            helped |= !taken[i];
        }
    }
    return true;
}

/* All rows but those that are refused already; *at is the one that failed. */
static bool write_rows(ds_sqlite_writer *w, ds_write *writes, const char *const *refused, size_t n,
                       size_t *at, ds_err *err)
{
    bool *taken = ds_arena_zalloc(ds_activity_arena(w->db.act), n * sizeof(*taken));

    for (size_t i = 0; i < n; i++) {
        *at = i;
        if (refused[i])
            hold(&writes[i], refused[i]);
        else if (!write_one(w, &writes[i], &taken[i], err))
            return false;
    }
    return write_taken(w, writes, taken, n, at, err);
}

/* A trigger's RAISE(ROLLBACK) takes away what the batch has written so far, which is written again
 * without the row that woke it. What was written before the batch cannot be. */
static bool write_all(ds_sqlite_writer *w, ds_write *writes, size_t n, ds_err *err)
{
    const char **refused = ds_arena_zalloc(ds_activity_arena(w->db.act), n * sizeof(*refused));
    size_t at = 0;

    for (bool before = w->changed || w->ddl; !write_rows(w, writes, refused, n, &at, err);) {
        if (!w->undone || before || w->ddl)
            return false;
        refused[at] = w->undone;
        w->undone = NULL;
        ds_sqlite_rollback(w);
        if (!ds_sqlite_begin(w, err))
            return false;
    }
    return true;
}

bool ds_sqlite_write(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                     ds_err *err)
{
    ds_sqlite_writer *w = (ds_sqlite_writer *)self;

    if (!start(w, act, err))
        return false;
    ds_crashpoint("sqlite: before a batch");
    w->undone = NULL;
    if (!write_all(w, writes, n, err))
        return give_up(w);
    remember_key(w, writes, n);
    ds_crashpoint("sqlite: after a batch");
    return true;
}

/* A row that a trigger keeps is not gone. */
static bool is_gone(ds_sqlite_writer *w, const char *key, ds_err *err)
{
    ds_write row = {.key = key};
    step said = w->shape.autoincrement_or_triggers ? look(w, &row, err) : STEP_NOTHING;

    if (said != STEP_DONE)
        return said != STEP_FAILED;
    return ds_fail(err, DS_ERR_PERMANENT,
                   "%s: the table keeps the row \"%.100s\" that is to be removed: a trigger of its "
                   "own refuses it",
                   w->path, key);
}

static bool remove_row(ds_sqlite_writer *w, const char *key, ds_err *err)
{
    /* A key that does not fit the column is not there. */
    if (ds_sqlite_bind_key(w->remove, 1, &w->key_column, key, ds_activity_arena(w->db.act)))
        return true;
    if (sqlite3_step(w->remove) != SQLITE_DONE) {
        ds_sqlite_fail(&w->db, err, "delete key \"%.100s\"", key);
        sqlite3_reset(w->remove);
        return false;
    }
    w->changed |= sqlite3_changes(w->db.handle) > 0;
    if (strcmp(w->probe, key) == 0)
        *w->probe = '\0';
    sqlite3_reset(w->remove);
    return is_gone(w, key, err);
}

bool ds_sqlite_remove(ds_destination *self, ds_activity *act, const char *const *keys,
                      const char *const *ids, size_t n, ds_err *err)
{
    ds_sqlite_writer *w = (ds_sqlite_writer *)self;

    (void)ids; /* the key itself */
    if (!start(w, act, err))
        return false;
    if (!w->remove)
        w->remove =
            ds_sqlite_prepare(&w->db,
                              ds_arena_printf(ds_activity_arena(act),
                                              "DELETE FROM main.%s WHERE %s", w->name, w->match),
                              err);
    if (!w->remove)
        return give_up(w);
    ds_crashpoint("sqlite: before a batch");
    for (size_t i = 0; i < n; i++) {
        if (!remove_row(w, keys[i], err))
            return give_up(w);
    }
    ds_crashpoint("sqlite: after a batch");
    return true;
}
