/* src/store/intents.c - "we are about to write this key", durable before the request leaves.
 *
 * One number says how far it is: above zero when the write left at the latest, zero while it may be
 * leaving, below zero when its row was looked for in vain (then the rest does not matter any more).
 */
#include "store/internal.h"
#include "store/rows.h"

bool ds_intents_put(ds_db *db, int64_t unit_id, const ds_commit *c, ds_err *err)
{
    const ds_intent *intents = c->intents;

    for (size_t i = 0; i < c->intents_n; i++) {
        static const char sql[] =
            "INSERT INTO intent(unit_id, key, issued) VALUES(?, ?, ?)"
            " ON CONFLICT(unit_id, key) DO UPDATE SET issued = excluded.issued";

        if (c->claimed && c->claimed[i].by)
            continue;

        DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

        if (!st)
            return false;
        ds_bind_int(st, 1, unit_id);
        ds_bind_text(st, 2, intents[i].key);
        ds_bind_int(st, 3, intents[i].looked_ms ? -intents[i].looked_ms : intents[i].issued_ms);
        if (!ds_db_run(db, st, err))
            return false;
    }
    return true;
}

bool ds_intents_clear(ds_db *db, int64_t unit_id, const char *const *keys, size_t n, ds_err *err)
{
    for (size_t i = 0; i < n; i++) {
        static const char sql[] = "DELETE FROM intent WHERE unit_id = ? AND key = ?";
        DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

        if (!st)
            return false;
        ds_bind_int(st, 1, unit_id);
        ds_bind_text(st, 2, keys[i]);
        if (!ds_db_run(db, st, err))
            return false;
    }
    return true;
}

static bool stamp(ds_db *db, const char *sql, int64_t at_ms, int64_t unit_id, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_int(st, 1, at_ms);
    ds_bind_int(st, 2, unit_id);
    return ds_db_run(db, st, err);
}

/* What is ahead of now was written by a clock that was set back since, and would wait for it. */
bool ds_intents_stamp(ds_db *db, int64_t unit_id, int64_t now_ms, ds_err *err)
{
    static const char left[] =
        "UPDATE intent SET issued = ?1 WHERE unit_id = ?2 AND (issued = 0 OR issued > ?1)";
    static const char looked[] = "UPDATE intent SET issued = ?1 WHERE unit_id = ?2 AND issued < ?1";

    return stamp(db, left, now_ms, unit_id, err) && stamp(db, looked, -now_ms, unit_id, err);
}

bool ds_intents_forget(ds_db *db, int64_t unit_id, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, "DELETE FROM intent WHERE unit_id = ?", err);

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    return ds_db_run(db, st, err);
}

static ds_intent intent_from_row(ds_stmt *st, ds_arena *a)
{
    int64_t at_ms = ds_col_int(st, 1);

    return (ds_intent){.key = ds_col_text(st, 0, a),
                       .issued_ms = DS_MAX(at_ms, 0),
                       .looked_ms = DS_MAX(-at_ms, 0)};
}

bool ds_intents_list(ds_db *db, int64_t unit_id, ds_arena *a, const ds_intent **out, size_t *n,
                     ds_err *err)
{
    static const char sql[] = "SELECT key, issued FROM intent WHERE unit_id = ? ORDER BY key";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    ds_intent *intents = NULL;
    bool row = false;

    *n = 0;
    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    for (;;) {
        if (!ds_db_next(db, st, &row, err))
            return false;
        if (!row)
            break;
        *DS_ROWS_ADD(a, intents, *n) = intent_from_row(st, a);
    }
    *out = intents;
    return true;
}
