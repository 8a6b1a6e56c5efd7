/* src/store/inbox.c - signals that are durable before they are answered, taken oldest first. */
#include "base/log.h"
#include "store/internal.h"
#include "store/state_json.h"

/* Of a unit, or of the route itself where ?2 is null. */
#define INBOX_OF " route = ?1 AND (unit = ?2 OR (?2 IS NULL AND unit IS NULL))"

static bool has_room(ds_db *db, ds_err *err)
{
    static const char sql[] = "SELECT count(*) FROM (SELECT 1 FROM inbox LIMIT ?) AS waiting";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, DS_INBOX_MAX);
    if (!ds_db_next(db, st, &row, err))
        return false;
    return ds_col_int(st, 0) < DS_INBOX_MAX ||
           ds_fail(err, DS_ERR_PERMANENT,
                   "%d signals wait already for units that were never seen: is the name right?",
                   DS_INBOX_MAX);
}

bool ds_tx_inbox_put(ds_tx *tx, const char *route, const char *unit, const ds_event *event,
                     int64_t now_ms, ds_err *err)
{
    DS_AUTO_BUF(text, DS_STATE_MAX);
    ds_json_writer w = ds_json_w(&text, false);

    ds_event_write(&w, event);
    if (!ds_buf_ok(&text, "signal", err) || !has_room(tx->db, err))
        return false;

    static const char sql[] = "INSERT INTO inbox(route, unit, event, at) VALUES(?, ?, ?, ?)";
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, sql, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    ds_bind_text(st, 2, unit);
    ds_bind_text(st, 3, text.data);
    ds_bind_int(st, 4, now_ms);
    return ds_db_run(tx->db, st, err);
}

/* An event that cannot be read (a newer program's) is passed over: it must not block the others. */
static void event_from_row(ds_stmt *st, ds_arena *a, ds_event **events, size_t *n)
{
    size_t bytes;
    const char *text = ds_col_peek(st, 0, &bytes);
    ds_err err = DS_ERR_INIT;
    ds_event event;
    const ds_json *json = ds_json_read(a, text ? text : "", bytes, &err);

    if (json && ds_event_read(json, a, &event, &err))
        *DS_ROWS_ADD(a, *events, *n) = event;
    else
        ds_log(DS_LOG_WARN, "signal_unreadable", "error", err.text, NULL);
}

static bool delete_taken(ds_db *db, const char *route, const char *unit, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, "DELETE FROM inbox WHERE" INBOX_OF, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    ds_bind_text(st, 2, unit);
    return ds_db_run(db, st, err);
}

bool ds_tx_inbox_take(ds_tx *tx, const char *route, const char *unit, ds_arena *a,
                      const ds_event **events, size_t *n, ds_err *err)
{
    static const char sql[] = "SELECT event FROM inbox WHERE" INBOX_OF " ORDER BY id";
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, sql, err);
    ds_event *taken = NULL;
    size_t rows = 0;
    bool row = false;

    *n = 0;
    *events = NULL;
    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    ds_bind_text(st, 2, unit);
    for (;;) {
        if (!ds_db_next(tx->db, st, &row, err))
            return false;
        if (!row)
            break;
        event_from_row(st, a, &taken, n);
        rows++;
    }
    *events = taken;
    return rows == 0 || delete_taken(tx->db, route, unit, err);
}

bool ds_tx_inbox_take_route(ds_tx *tx, const char *route, ds_arena *a, const ds_event **events,
                            size_t *n, ds_err *err)
{
    return ds_tx_inbox_take(tx, route, NULL, a, events, n, err);
}
