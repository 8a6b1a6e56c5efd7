/* src/store/runs.c - the history: the last DS_RUNS_KEPT passes of each unit. */
#include "store/internal.h"
#include "store/names.h"
#include "store/rows.h"

static bool unit_id_of(ds_db *db, const char *route, const char *unit, int64_t *id, ds_err *err)
{
    static const char sql[] = "SELECT m.id FROM machine m JOIN route r ON r.id = m.route_id"
                              " WHERE m.kind = 'unit' AND r.name = ? AND m.unit = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    ds_bind_text(st, 2, unit);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (!row)
        return ds_fail(err, DS_ERR_PERMANENT, "store %s has no unit %s/%s", ds_db_path(db), route,
                       unit);
    *id = ds_col_int(st, 0);
    return true;
}

static bool insert_run(ds_db *db, int64_t unit_id, const ds_run_row *run, ds_err *err)
{
    static const char sql[] =
        "INSERT INTO run(unit_id, kind, outcome, started, ended, " DS_TOTALS_COLUMNS ","
        " source_calls, destination_calls, error, error_kind, error_status)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    ds_bind_text(st, 2, ds_kind_word(run->kind));
    ds_bind_text(st, 3, ds_outcome_word(run->outcome));
    ds_bind_int(st, 4, run->started_ms);
    ds_bind_int(st, 5, run->ended_ms);
    ds_totals_bind(st, 6, &run->totals);
    ds_bind_int(st, 13, run->source_calls);
    ds_bind_int(st, 14, run->destination_calls);
    ds_bind_text(st, 15, run->error);
    ds_bind_text(st, 16, run->error_kind);
    ds_bind_int(st, 17, run->error_status);
    return ds_db_run(db, st, err);
}

static bool drop_old_runs(ds_db *db, int64_t unit_id, ds_err *err)
{
    static const char sql[] = "DELETE FROM run WHERE unit_id = ?1 AND id <="
                              " (SELECT id FROM run WHERE unit_id = ?1"
                              " ORDER BY id DESC LIMIT 1 OFFSET ?2)";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    ds_bind_int(st, 2, DS_RUNS_KEPT);
    return ds_db_run(db, st, err);
}

bool ds_tx_run_add(ds_tx *tx, const ds_run_row *run, ds_err *err)
{
    int64_t unit_id = 0;

    return unit_id_of(tx->db, run->route, run->unit, &unit_id, err) &&
           insert_run(tx->db, unit_id, run, err) && drop_old_runs(tx->db, unit_id, err);
}

static void run_from_row(ds_stmt *st, ds_arena *a, ds_run_row *run)
{
    size_t n;

    run->route = ds_col_text(st, 0, a);
    run->unit = ds_col_text(st, 1, a);
    run->kind = ds_kind_of_word(ds_col_peek(st, 2, &n));
    run->outcome = ds_outcome_of_word(ds_col_peek(st, 3, &n));
    run->started_ms = ds_col_int(st, 4);
    run->ended_ms = ds_col_int(st, 5);
    run->totals = ds_totals_from_row(st, 6);
    run->source_calls = ds_col_int(st, 13);
    run->destination_calls = ds_col_int(st, 14);
    run->error = ds_col_text(st, 15, a);
    run->error_kind = ds_col_text(st, 16, a);
    run->error_status = ds_col_int(st, 17);
}

bool ds_runs_list(ds_db *db, const char *route, const char *unit, size_t max, ds_arena *a,
                  ds_run_row **out, size_t *n, ds_err *err)
{
    static const char sql[] =
        "SELECT r.name, m.unit, u.kind, u.outcome, u.started, u.ended, " DS_TOTALS_COLUMNS ","
        " u.source_calls, u.destination_calls, u.error, u.error_kind, u.error_status"
        " FROM run u JOIN machine m ON m.id = u.unit_id JOIN route r ON r.id = m.route_id"
        " WHERE (?1 IS NULL OR r.name = ?1) AND (?2 IS NULL OR m.unit = ?2)"
        " ORDER BY u.id DESC LIMIT ?3";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = true;

    *n = 0;
    *out = NULL;
    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    ds_bind_text(st, 2, unit);
    ds_bind_int(st, 3, (int64_t)DS_MIN(max, (size_t)INT32_MAX));
    while (row) {
        if (!ds_db_next(db, st, &row, err))
            return false;
        if (row)
            run_from_row(st, a, DS_ROWS_ADD(a, *out, *n));
    }
    return true;
}
