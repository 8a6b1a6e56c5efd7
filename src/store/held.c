/* src/store/held.c
 *
 * Records set aside: one row each, by key or, where a record has none, by its place in the source.
 * The number a unit has is kept beside it, so that `status` counts nothing.
 */
#include "store/internal.h"
#include "store/rows.h"

bool ds_held_count(ds_db *db, int64_t unit_id, int64_t more, ds_err *err)
{
    if (!more)
        return true;

    static const char sql[] = "UPDATE ledger SET held = held + ? WHERE unit_id = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_int(st, 1, more);
    ds_bind_int(st, 2, unit_id);
    return ds_db_run(db, st, err);
}

/* ---- from a pass ----------------------------------------------------------------------------- */

/* One of two statements with the same parameters; *done: it met or made a row. */
static bool write_held(ds_db *db, const char *literal, int64_t unit_id, int64_t run,
                       const ds_held *held, bool *done, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, literal, err);
    ds_hash_bytes hash = ds_hash_pack(held->hash);

    if (!st)
        return false;
    ds_bind_text(st, 1, held->reason);
    ds_bind_int(st, 2, held->since_ms);
    ds_bind_int(st, 3, held->attempts);
    ds_bind_int(st, 4, held->next_try_ms);
    ds_bind_blob(st, 5, hash.b, sizeof hash.b);
    ds_bind_int(st, 6, run);
    ds_bind_int(st, 7, unit_id);
    ds_bind_text(st, 8, held->key);
    ds_bind_int(st, 9, held->placed);
    return ds_db_run_met(db, st, done, err);
}

static bool update_held(ds_db *db, int64_t unit_id, int64_t run, const ds_held *held, bool *known,
                        ds_err *err)
{
    return write_held(db,
                      "UPDATE held SET reason = ?, since = ?, attempts = ?, next_try = ?, hash = ?,"
                      " run = ? WHERE unit_id = ? AND key = ? AND placed = ?",
                      unit_id, run, held, known, err);
}

static bool insert_held(ds_db *db, int64_t unit_id, int64_t run, const ds_held *held, ds_err *err)
{
    bool done;

    return write_held(db,
                      "INSERT INTO held(reason, since, attempts, next_try, hash, run, unit_id, key,"
                      " placed) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      unit_id, run, held, &done, err);
}

/* The words may be a connector's, which are cut anywhere: a server takes nothing but text. */
static ds_held with_text(const ds_held *held, ds_arena *a)
{
    const char *reason = held->reason ? held->reason : "";
    size_t n = strlen(reason);
    ds_held out = *held;

    out.reason = ds_utf8_repair(a, reason, &n);
    return out;
}

bool ds_held_put(ds_db *db, int64_t unit_id, int64_t run, const ds_held *held, size_t n,
                 ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    int64_t more = 0;
    bool known;

    for (size_t i = 0; i < n; i++) {
        const ds_held one = with_text(&held[i], a);

        if (!update_held(db, unit_id, run, &one, &known, err))
            return false;
        if (known)
            continue;
        if (!insert_held(db, unit_id, run, &one, err))
            return false;
        more++;
    }
    return ds_held_count(db, unit_id, more, err);
}

/* Runs a DELETE ... RETURNING adopt: a record that a person has adopted does not count any more.
 * (SQLite 3.40 answers `RETURNING adopt IS NULL` wrongly, so the look at it is ours.) */
static bool delete_counted(ds_db *db, ds_stmt *st, int64_t *gone, ds_err *err)
{
    bool row = true;

    while (row) {
        if (!ds_db_next(db, st, &row, err))
            return false;
        if (row && ds_col_null(st, 0))
            (*gone)++;
    }
    return true;
}

bool ds_held_release(ds_db *db, int64_t unit_id, const char *const *keys, size_t n, ds_err *err)
{
    int64_t gone = 0;

    for (size_t i = 0; i < n; i++) {
        static const char sql[] = "DELETE FROM held WHERE unit_id = ? AND key = ?"
                                  " AND placed = 0 RETURNING adopt";
        DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

        if (!st)
            return false;
        ds_bind_int(st, 1, unit_id);
        ds_bind_text(st, 2, keys[i]);
        if (!delete_counted(db, st, &gone, err))
            return false;
    }
    return ds_held_count(db, unit_id, -gone, err);
}

bool ds_held_meet(ds_db *db, int64_t unit_id, int64_t run, const char *const *keys, size_t n,
                  ds_err *err)
{
    for (size_t i = 0; i < n; i++) {
        static const char sql[] = "UPDATE held SET run = ? WHERE unit_id = ? AND key = ?"
                                  " AND placed = 0";
        DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

        if (!st)
            return false;
        ds_bind_int(st, 1, run);
        ds_bind_int(st, 2, unit_id);
        ds_bind_text(st, 3, keys[i]);
        if (!ds_db_run(db, st, err))
            return false;
    }
    return true;
}

/* What a person has adopted meanwhile waits for the next start, which makes a link of it. */
bool ds_held_replace(ds_db *db, int64_t unit_id, int64_t run, ds_err *err)
{
    static const char sql[] = "DELETE FROM held WHERE unit_id = ? AND run <> ?"
                              " AND adopt IS NULL RETURNING adopt";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    int64_t gone = 0;

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    ds_bind_int(st, 2, run);
    return delete_counted(db, st, &gone, err) && ds_held_count(db, unit_id, -gone, err);
}

bool ds_held_forget_keys(ds_db *db, int64_t unit_id, ds_err *err)
{
    static const char sql[] = "DELETE FROM held WHERE unit_id = ? AND placed = 0 RETURNING adopt";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    int64_t gone = 0;

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    return delete_counted(db, st, &gone, err) && ds_held_count(db, unit_id, -gone, err);
}

/* ---- reading --------------------------------------------------------------------------------- */

#define HELD_COLUMNS "h.key, h.placed, h.reason, h.since, h.attempts, h.next_try, h.hash, h.adopt"

static void held_from_row(ds_stmt *st, ds_arena *a, ds_held *held)
{
    held->key = ds_col_text(st, 0, a);
    held->placed = ds_col_int(st, 1) != 0;
    held->reason = ds_col_text(st, 2, a);
    held->since_ms = ds_col_int(st, 3);
    held->attempts = ds_col_int(st, 4);
    held->next_try_ms = ds_col_int(st, 5);
    held->hash = ds_col_hash(st, 6);
    if (!ds_col_null(st, 7))
        held->next_try_ms = INT64_MAX; /* a person has settled it: not to be created meanwhile */
}

/* A key and a place may read alike; they must not be torn apart, because the next page starts
 * behind the key. */
bool ds_held_page(ds_db *db, int64_t unit_id, const char *after, size_t max, ds_arena *a,
                  const ds_held **out, size_t *n, ds_err *err)
{
    static const char sql[] = "SELECT " HELD_COLUMNS " FROM held h WHERE h.unit_id = ?1"
                              " AND h.key > ?2 ORDER BY h.key, h.placed LIMIT ?3";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    ds_held *held = NULL;
    bool row = true;

    *n = 0;
    *out = NULL;
    if (!st)
        return false;
    max = DS_MIN(DS_MAX(max, (size_t)2), (size_t)INT32_MAX);
    ds_bind_int(st, 1, unit_id);
    ds_bind_text(st, 2, after ? after : "");
    ds_bind_int(st, 3, (int64_t)max + 1);
    while (row) {
        if (!ds_db_next(db, st, &row, err))
            return false;
        if (row)
            held_from_row(st, a, DS_ROWS_ADD(a, held, *n));
    }
    if (*n > max)
        *n = strcmp(held[max - 1].key, held[max].key) == 0 ? max - 1 : max;
    *out = held;
    return true;
}

static bool held_by_key(ds_db *db, int64_t unit_id, const char *key, ds_arena *a,
                        const ds_held **out, ds_err *err)
{
    static const char sql[] = "SELECT " HELD_COLUMNS " FROM held h WHERE h.unit_id = ?"
                              " AND h.key = ? AND h.placed = 0";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    ds_held *held;
    bool row = false;

    *out = NULL;
    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    ds_bind_text(st, 2, key);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (!row)
        return true;
    held = ds_new_in(a, ds_held);
    held_from_row(st, a, held);
    *out = held;
    return true;
}

bool ds_held_of(ds_db *db, int64_t unit_id, const char *const *keys, size_t n, ds_arena *a,
                const ds_held **out, ds_err *err)
{
    bool ok = ds_db_view(db, err);

    for (size_t i = 0; ok && i < n; i++)
        ok = held_by_key(db, unit_id, keys[i], a, &out[i], err);
    ds_db_view_end(db);
    return ok;
}

bool ds_held_unsure(ds_db *db, ds_unit_row *row, ds_err *err)
{
    static const char sql[] =
        "SELECT count(*), max(h.next_try) FROM intent i JOIN held h ON h.unit_id = i.unit_id"
        " AND h.key = i.key AND h.placed = 0 WHERE i.unit_id = ? AND h.adopt IS NULL"
        " AND h.next_try < ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool there = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, row->id);
    ds_bind_int(st, 2, INT64_MAX / 2); /* beyond are those that only a person can settle */
    if (!ds_db_next(db, st, &there, err))
        return false;
    assert(there); /* a count */
    row->unsure = ds_col_int(st, 0);
    row->unsure_until_ms = row->unsure ? ds_col_int(st, 1) : 0;
    return true;
}

bool ds_held_list(ds_db *db, const char *route, ds_arena *a, ds_held_row **out, size_t *n,
                  ds_err *err)
{
    static const char sql[] =
        "SELECT " HELD_COLUMNS ", r.name, m.unit FROM held h JOIN machine m ON m.id = h.unit_id"
        " JOIN route r ON r.id = m.route_id WHERE (?1 IS NULL OR r.name = ?1) AND h.adopt IS NULL"
        " ORDER BY r.name, m.unit, h.placed, CASE WHEN h.placed <> 0 THEN length(h.key) END, h.key";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    *n = 0;
    *out = NULL;
    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    for (;;) {
        if (!ds_db_next(db, st, &row, err))
            return false;
        if (!row)
            break;

        ds_held_row *held = DS_ROWS_ADD(a, *out, *n);

        held_from_row(st, a, &held->held);
        held->route = ds_col_text(st, 8, a);
        held->unit = ds_col_text(st, 9, a);
    }
    return true;
}
