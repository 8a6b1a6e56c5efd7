/* src/store/activity.c
 *
 * The pass of a unit that runs or is interrupted.  Each start raises the epoch, and every commit
 * names the epoch it belongs to: a pass that was given up can no longer write.
 */
#include "base/plant.h"
#include "store/internal.h"
#include "store/links.h"
#include "store/rows.h"

static bool raise_epoch(ds_db *db, int64_t unit_id, int64_t *epoch, int64_t *route_id, ds_err *err)
{
    static const char sql[] =
        "UPDATE machine SET epoch = epoch + 1 WHERE id = ? RETURNING epoch, route_id";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (!row)
        return ds_fail(err, DS_ERR_PERMANENT, "store %s has no unit number %lld", ds_db_path(db),
                       (long long)unit_id);
    *epoch = ds_col_int(st, 0);
    *route_id = ds_col_int(st, 1);
    return ds_db_next(db, st, &row, err);
}

/* *kept: there was an activity of the same fingerprint, and its checkpoint goes on. */
static bool resume(ds_db *db, int64_t unit_id, int64_t epoch, const char *fingerprint, bool *kept,
                   ds_err *err)
{
    static const char sql[] = "UPDATE activity SET epoch = ? WHERE unit_id = ? AND fingerprint = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_int(st, 1, epoch);
    ds_bind_int(st, 2, unit_id);
    ds_bind_text(st, 3, fingerprint);
    return ds_db_run_met(db, st, kept, err);
}

static bool forget(ds_db *db, int64_t unit_id, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, "DELETE FROM activity WHERE unit_id = ?", err);

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    return ds_db_run(db, st, err);
}

static bool begin_anew(ds_db *db, int64_t unit_id, int64_t epoch, const char *fingerprint,
                       int64_t now_ms, ds_err *err)
{
    static const char sql[] = "INSERT INTO activity(unit_id, epoch, run, fingerprint, started)"
                              " VALUES(?1, ?2, ?2, ?3, ?4)";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st || !forget(db, unit_id, err))
        return false;
    ds_bind_int(st, 1, unit_id);
    ds_bind_int(st, 2, epoch);
    ds_bind_text(st, 3, fingerprint);
    ds_bind_int(st, 4, now_ms);
    return ds_db_run(db, st, err);
}

static bool stamp_intents(ds_db *db, int64_t unit_id, int64_t now_ms, ds_err *err)
{
    if (DS_PLANT("intents not stamped"))
        return true;
    return ds_intents_stamp(db, unit_id, now_ms, err);
}

bool ds_tx_activity_start(ds_tx *tx, ds_unit_row *row, const char *fingerprint, bool fresh,
                          int64_t now_ms, ds_err *err)
{
    ds_link_place at = {.unit_id = row->id};
    int64_t epoch = 0;
    bool kept = false;

    if (!raise_epoch(tx->db, row->id, &epoch, &at.route_id, err) ||
        !ds_links_settle_doubts(tx->db, at, err) || !stamp_intents(tx->db, row->id, now_ms, err) ||
        !ds_held_adopt_waiting(tx->db, at, err))
        return false;
    if (!fresh && !resume(tx->db, row->id, epoch, fingerprint, &kept, err))
        return false;
    if (!kept && !begin_anew(tx->db, row->id, epoch, fingerprint, now_ms, err))
        return false;
    if (!kept)
        row->running_totals = (ds_totals){0};
    row->epoch = epoch;
    return true;
}

bool ds_tx_activity_end(ds_tx *tx, const ds_unit_row *row, ds_err *err)
{
    return forget(tx->db, row->id, err);
}
