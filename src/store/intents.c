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

typedef struct routes {
    int64_t *ids;
    size_t n;
} routes;

static bool list_neighbours(ds_db *db, int64_t unit_id, ds_arena *a, routes *out, ds_err *err)
{
    static const char sql[] =
        "SELECT DISTINCT m.route_id FROM ledger own JOIN machine u ON u.id = own.unit_id"
        " JOIN ledger l ON l.identity = own.identity JOIN machine m ON m.id = l.unit_id"
        " WHERE own.unit_id = ? AND m.route_id <> u.route_id";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    for (;;) {
        if (!ds_db_next(db, st, &row, err))
            return false;
        if (!row)
            return true;
        *DS_ROWS_ADD(a, out->ids, out->n) = ds_col_int(st, 0);
    }
}

/* Announced, and never made, as another route's own create says that met no row. */
static bool mark_theirs(ds_db *db, int64_t unit_id, ds_arena *a, ds_intent *intents, size_t n,
                        ds_err *err)
{
    routes others = {0};

    if (!n)
        return true;
    if (!list_neighbours(db, unit_id, a, &others, err))
        return false;
    for (size_t at = 0; at < n * others.n; at++) {
        ds_intent *intent = &intents[at % n];
        int64_t link_id, flags;

        if (!ds_links_owner(db, others.ids[at / n], intent->key, &link_id, &flags, err))
            return false;
        intent->theirs |= link_id && (flags & DS_LINK_CREATED);
    }
    return true;
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
    return mark_theirs(db, unit_id, a, intents, *n, err);
}
