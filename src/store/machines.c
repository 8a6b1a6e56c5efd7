/* src/store/machines.c - what lives, of whatever kind: a name, a state as JSON with the revision of
 * the rules that wrote it, and the time when it wants to be woken.  Units (units.c) are one kind,
 * and have their route and ledger beside.
 */
#include "store/internal.h"
#include "store/rows.h"

bool ds_tx_now(ds_tx *tx, int64_t own_ms, int64_t *out, ds_err *err)
{
    if (tx->db->ops->now)
        return tx->db->ops->now(tx->db, out, err);
    *out = own_ms;
    return true;
}

#define NAMED " AND substr(name, 1, length(?3)) = ?3"

static bool next_due_after(ds_db *db, const char *kind, const char *prefix, int64_t now_ms,
                           int64_t *next_ms, ds_err *err)
{
    static const char sql[] = "SELECT min(next_due) FROM machine WHERE next_due > 0"
                              " AND next_due > ?1 AND kind = ?2" NAMED;
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    *next_ms = 0;
    if (!st)
        return false;
    ds_bind_int(st, 1, now_ms);
    ds_bind_text(st, 2, kind);
    ds_bind_text(st, 3, prefix);
    if (!ds_db_next(db, st, &row, err))
        return false;
    *next_ms = ds_col_int(st, 0); /* 0 for the NULL of none */
    return true;
}

bool ds_tx_machines_due_of(ds_tx *tx, const char *kind, const char *prefix, int64_t now_ms,
                           size_t max, ds_arena *a, const int64_t **ids, size_t *n,
                           int64_t *next_ms, ds_err *err)
{
    static const char sql[] =
        "SELECT id, next_due FROM machine WHERE next_due > 0"
        " AND next_due <= ?1 AND kind = ?2" NAMED " ORDER BY next_due LIMIT ?4";
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, sql, err);
    int64_t *due = NULL;
    bool row = true;

    *n = 0;
    *ids = NULL;
    if (!st)
        return false;
    max = DS_MIN(max, (size_t)INT32_MAX);
    ds_bind_int(st, 1, now_ms);
    ds_bind_text(st, 2, kind);
    ds_bind_text(st, 3, prefix);
    ds_bind_int(st, 4, (int64_t)max + 1);
    while (row) {
        if (!ds_db_next(tx->db, st, &row, err))
            return false;
        if (row && *n == max) {
            *next_ms = ds_col_int(st, 1); /* due as well, but not in this bite */
            *ids = due;
            return true;
        }
        if (row)
            *DS_ROWS_ADD(a, due, *n) = ds_col_int(st, 0);
    }
    *ids = due;
    return next_due_after(tx->db, kind, prefix, now_ms, next_ms, err);
}

bool ds_tx_machines_due(ds_tx *tx, const char *kind, int64_t now_ms, size_t max, ds_arena *a,
                        const int64_t **ids, size_t *n, int64_t *next_ms, ds_err *err)
{
    return ds_tx_machines_due_of(tx, kind, "", now_ms, max, a, ids, n, next_ms, err);
}

/* In a file there is one writer; on a server an update that changes nothing locks the row. */
bool ds_tx_machine_lock(ds_tx *tx, const char *kind, int64_t id, const char *name, ds_err *err)
{
    static const char sql[] = "UPDATE machine SET logic = logic"
                              " WHERE kind = ?1 AND (id = ?2 OR name = ?3)";
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, sql, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, kind);
    ds_bind_int(st, 2, id);
    ds_bind_text(st, 3, name);
    return ds_db_run(tx->db, st, err);
}

bool ds_tx_machine_get(ds_tx *tx, const char *kind, int64_t id, const char *name, ds_arena *a,
                       ds_machine_row **out, ds_err *err)
{
    static const char sql[] = "SELECT id, name, logic, state, running <> 0 FROM machine"
                              " WHERE kind = ?1 AND (id = ?2 OR name = ?3)";
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, sql, err);
    bool row = false;

    *out = NULL;
    if (!st)
        return false;
    ds_bind_text(st, 1, kind);
    ds_bind_int(st, 2, id);
    ds_bind_text(st, 3, name);
    if (!ds_db_next(tx->db, st, &row, err))
        return false;
    if (!row)
        return true;
    *out = ds_new_in(a, ds_machine_row);
    **out = (ds_machine_row){
        .id = ds_col_int(st, 0),
        .name = ds_col_text(st, 1, a),
        .logic = ds_col_int(st, 2),
        .state = ds_col_text(st, 3, a),
        .running = ds_col_int(st, 4) != 0,
    };
    return true;
}

bool ds_tx_machine_add(ds_tx *tx, const char *kind, ds_machine_row *row, int64_t next_due_ms,
                       ds_err *err)
{
    static const char sql[] = "INSERT INTO machine(kind, name, logic, state, next_due, running)"
                              " VALUES(?, ?, ?, ?, ?, ?) RETURNING id";
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, sql, err);
    bool more = false;

    if (!st)
        return false;
    ds_bind_text(st, 1, kind);
    ds_bind_text(st, 2, row->name);
    ds_bind_int(st, 3, row->logic);
    ds_bind_text(st, 4, row->state);
    ds_bind_int(st, 5, next_due_ms);
    ds_bind_int(st, 6, row->running);
    if (!ds_db_next(tx->db, st, &more, err))
        return ds_wrap(err, "add %s %s", kind, row->name);
    row->id = ds_col_int(st, 0);
    return ds_db_next(tx->db, st, &more, err);
}

bool ds_tx_machine_save(ds_tx *tx, const ds_machine_row *row, int64_t next_due_ms, ds_err *err)
{
    static const char sql[] = "UPDATE machine SET state = ?, logic = ?, next_due = ?,"
                              " running = ? WHERE id = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, sql, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, row->state);
    ds_bind_int(st, 2, row->logic);
    ds_bind_int(st, 3, next_due_ms);
    ds_bind_int(st, 4, row->running);
    ds_bind_int(st, 5, row->id);
    return ds_db_run(tx->db, st, err);
}
