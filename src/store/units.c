/* src/store/units.c - the machines of kind "unit": each belongs to a route, and has a ledger.
 */
#include "store/internal.h"
#include "store/rows.h"
#include "store/state_json.h"

#define UNIT_QUERY                                                                                 \
    "SELECT m.id, r.name, m.unit, m.name, m.state, m.epoch, l.held, a.total, a.created,"           \
    " a.updated, a.unchanged, a.skipped, a.held, a.missing FROM machine m"                         \
    " JOIN route r ON r.id = m.route_id JOIN ledger l ON l.unit_id = m.id"                         \
    " LEFT JOIN activity a ON a.unit_id = m.id WHERE m.kind = 'unit'"

/* `json_a` is emptied: a state as JSON is several times what is kept of it. */
static bool unit_from_row(ds_db *db, ds_stmt *st, ds_arena *a, ds_arena *json_a, ds_unit_row *out,
                          ds_err *err)
{
    size_t key_n, n;
    const char *key = ds_col_peek(st, 3, &key_n), *state = ds_col_peek(st, 4, &n);
    const ds_json *json;

    ds_arena_reset(json_a);
    json = ds_json_read(json_a, state ? state : "", n, err);

    out->id = ds_col_int(st, 0);
    out->route = ds_col_text(st, 1, a);
    out->unit = ds_col_text(st, 2, a);
    if (!key || !out->route || !out->unit)
        return ds_db_damaged(db, err, "a unit has no name");
    if (!json)
        return ds_db_damaged(db, err, ds_arena_printf(a, "state of %s: %s", key, err->text));
    ds_state_read(json, key, a, &out->state);
    out->epoch = ds_col_int(st, 5);
    out->held = ds_col_int(st, 6);
    out->running_totals = ds_totals_from_row(st, 7);
    return true;
}

static bool units_from(ds_db *db, ds_stmt *st, ds_arena *a, ds_unit_row **out, size_t *n,
                       ds_err *err)
{
    DS_AUTO(ds_arena) json_a = ds_arena_new();
    bool row = true;

    *out = NULL;
    *n = 0;
    while (row) {
        if (!ds_db_next(db, st, &row, err))
            return false;
        if (row && !unit_from_row(db, st, a, json_a, DS_ROWS_ADD(a, *out, *n), err))
            return false;
    }
    return true;
}

bool ds_units_list(ds_db *db, const char *route, const char *unit, ds_arena *a, ds_unit_row **out,
                   size_t *n, ds_err *err)
{
    static const char sql[] = UNIT_QUERY " AND (?1 IS NULL OR r.name = ?1)"
                                         " AND (?2 IS NULL OR m.unit = ?2)"
                                         " ORDER BY r.name, m.unit";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    ds_bind_text(st, 2, unit);
    return units_from(db, st, a, out, n, err);
}

bool ds_tx_unit_get(ds_tx *tx, const char *route, const char *unit, ds_arena *a, ds_unit_row **out,
                    ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, UNIT_QUERY " AND r.name = ? AND m.unit = ?", err);
    size_t n;

    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    ds_bind_text(st, 2, unit);
    return units_from(tx->db, st, a, out, &n, err);
}

bool ds_tx_unit_by_id(ds_tx *tx, int64_t id, ds_arena *a, ds_unit_row **out, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, UNIT_QUERY " AND m.id = ?", err);
    size_t n;

    if (!st)
        return false;
    ds_bind_int(st, 1, id);
    return units_from(tx->db, st, a, out, &n, err);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool add_route(ds_db *db, const char *route, ds_err *err)
{
    static const char sql[] = "INSERT INTO route(name) VALUES(?) ON CONFLICT DO NOTHING";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    return ds_db_run(db, st, err);
}

static bool add_machine(ds_db *db, const char *key, const char *route, const char *unit,
                        int64_t *id, ds_err *err)
{
    static const char sql[] = "INSERT INTO machine(kind, name, route_id, unit, logic, state)"
                              " SELECT 'unit', ?1, id, ?2, ?3, '{}' FROM route"
                              " WHERE name = ?4 RETURNING id";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_text(st, 1, key);
    ds_bind_text(st, 2, unit);
    ds_bind_int(st, 3, DS_UNIT_LOGIC);
    ds_bind_text(st, 4, route);
    if (!ds_db_next(db, st, &row, err))
        return false;
    *id = ds_col_int(st, 0); /* the route is there */
    return ds_db_next(db, st, &row, err);
}

static bool add_ledger(ds_db *db, int64_t unit_id, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, "INSERT INTO ledger(unit_id) VALUES(?)", err);

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    return ds_db_run(db, st, err);
}

bool ds_tx_unit_add(ds_tx *tx, const char *route, const char *unit, int64_t now_ms, ds_arena *a,
                    ds_unit_row **out, ds_err *err)
{
    ds_unit_row *row = ds_new_in(a, ds_unit_row);
    const char *key = ds_arena_printf(a, "%s:%s", route, unit);

    *out = NULL;
    if (!add_route(tx->db, route, err) || !add_machine(tx->db, key, route, unit, &row->id, err))
        return ds_wrap(err, "add unit %s", key);
    if (row->id > DS_UNIT_ID_MAX)
        return ds_fail(err, DS_ERR_PERMANENT, "store %s: more than %lld units", ds_db_path(tx->db),
                       (long long)DS_UNIT_ID_MAX);
    row->route = ds_arena_strdup(a, route);
    row->unit = ds_arena_strdup(a, unit);
    ds_unit_init(&row->state, key, now_ms);
    if (!add_ledger(tx->db, row->id, err) || !ds_tx_unit_save(tx, row, 0, err))
        return false;
    *out = row;
    return true;
}

bool ds_tx_unit_save(ds_tx *tx, const ds_unit_row *row, int64_t next_due_ms, ds_err *err)
{
    DS_AUTO_BUF(text, DS_STATE_MAX);
    ds_json_writer w = ds_json_w(&text, false);
    ds_machine_row machine = {.id = row->id,
                              .name = row->state.key,
                              .logic = DS_UNIT_LOGIC,
                              .running = row->state.running};

    ds_state_write(&w, &row->state);
    if (!ds_buf_ok(&text, "state of a unit", err))
        return ds_wrap(err, "save %s", row->state.key);
    machine.state = text.data;
    return ds_tx_machine_save(tx, &machine, next_due_ms, err);
}
