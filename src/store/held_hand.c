/* src/store/held_hand.c
 *
 * What a person does with a held record.  A pass numbers its new links by itself, so a record that
 * is adopted while one is under way becomes a link when the next one starts; until then nobody
 * tries it.
 */
#include "store/internal.h"
#include "store/rows.h"

typedef struct found {
    int64_t unit_id; /* 0: no unit of the route holds the key */
    int64_t route_id;
    bool placed; /* only as a place */
    bool busy;   /* the unit has a pass under way or interrupted */
} found;

/* The first unit that holds the key; a place only where no key reads like it. */
static bool find_held(ds_db *db, const char *route, const char *key, found *out, ds_err *err)
{
    static const char sql[] =
        "SELECT h.unit_id, m.route_id, h.placed, a.unit_id IS NOT NULL FROM route r"
        " JOIN machine m ON m.route_id = r.id JOIN held h ON h.unit_id = m.id"
        " LEFT JOIN activity a ON a.unit_id = m.id"
        " WHERE r.name = ? AND h.key = ? AND h.adopt IS NULL ORDER BY h.placed, h.unit_id LIMIT 1";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    *out = (found){0};
    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    ds_bind_text(st, 2, key);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (row)
        *out = (found){ds_col_int(st, 0), ds_col_int(st, 1), ds_col_int(st, 2) != 0,
                       ds_col_int(st, 3) != 0};
    return true;
}

static bool refuse_place(const char *key, const char *what, ds_err *err)
{
    return ds_fail(err, DS_ERR_CONFIG,
                   "%s is a place in the source, not a key, and cannot be %s; correct the source, "
                   "the next full pass takes it",
                   key, what);
}

bool ds_tx_held_retry(ds_tx *tx, const char *route, const char *key, bool *was_found, ds_err *err)
{
    found at;

    *was_found = false;
    if (!find_held(tx->db, route, key, &at, err))
        return false;
    if (!at.unit_id)
        return true;
    *was_found = true;
    if (at.placed)
        return refuse_place(key, "tried again", err);

    static const char sql[] =
        "UPDATE held SET next_try = 0 WHERE key = ? AND placed = 0 AND adopt IS NULL"
        " AND unit_id IN (SELECT id FROM machine WHERE route_id = ?)";
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, sql, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, key);
    ds_bind_int(st, 2, at.route_id);
    return ds_db_run(tx->db, st, err);
}

static bool drop_one(ds_db *db, const char *key, const found *at, ds_err *err)
{
    const char *const keys[] = {key};

    if (!at->placed)
        return ds_held_release(db, at->unit_id, keys, 1, err);

    static const char sql[] = "DELETE FROM held WHERE unit_id = ? AND key = ? AND placed = 1";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_int(st, 1, at->unit_id);
    ds_bind_text(st, 2, key);
    return ds_db_run(db, st, err) && ds_held_count(db, at->unit_id, -1, err);
}

bool ds_tx_held_drop(ds_tx *tx, const char *route, const char *key, bool *was_found, ds_err *err)
{
    found at;

    *was_found = false;
    for (;;) { /* every unit that holds it */
        if (!find_held(tx->db, route, key, &at, err))
            return false;
        if (!at.unit_id)
            return true;
        *was_found = true;
        if (!drop_one(tx->db, key, &at, err))
            return false;
    }
}

/* ---- adopting -------------------------------------------------------------------------------- */

static bool link_now(ds_db *db, ds_link_place at, const char *key, const char *id, ds_err *err)
{
    const char *const keys[] = {key};
    ds_link_writer w;

    return ds_link_writer_begin(&w, db, at, err) && ds_links_adopt(&w, key, id, err) &&
           ds_link_writer_end(&w, err) && ds_held_release(db, at.unit_id, keys, 1, err) &&
           ds_intents_clear(db, at.unit_id, keys, 1, err);
}

static bool link_later(ds_db *db, int64_t unit_id, const char *key, const char *id, ds_err *err)
{
    static const char sql[] =
        "UPDATE held SET adopt = ? WHERE unit_id = ? AND key = ? AND placed = 0";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, id);
    ds_bind_int(st, 2, unit_id);
    ds_bind_text(st, 3, key);
    return ds_db_run(db, st, err) && ds_held_count(db, unit_id, -1, err);
}

static bool expect_free(ds_db *db, const found *at, const char *key, ds_err *err)
{
    int64_t owner, flags;

    if (!ds_links_owner(db, at->route_id, key, &owner, &flags, err))
        return false;
    if (!owner || ds_link_unit(owner) == at->unit_id || (flags & DS_LINK_UNMET))
        return true;
    return ds_fail(err, DS_ERR_CONFIG,
                   "%s cannot be adopted: another unit of the route has that key already", key);
}

bool ds_tx_held_adopt(ds_tx *tx, const char *route, const char *key, const char *id,
                      bool *was_found, ds_err *err)
{
    found at;

    *was_found = false;
    if (!find_held(tx->db, route, key, &at, err))
        return false;
    if (!at.unit_id)
        return true;
    *was_found = true;
    if (at.placed)
        return refuse_place(key, "adopted", err);
    if (!expect_free(tx->db, &at, key, err))
        return false;
    if (at.busy)
        return link_later(tx->db, at.unit_id, key, id, err);
    return link_now(tx->db, (ds_link_place){at.unit_id, at.route_id}, key, id, err);
}

bool ds_held_adopt_waiting(ds_db *db, ds_link_place at, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();

    for (;;) {
        static const char sql[] =
            "SELECT key, adopt FROM held WHERE unit_id = ? AND placed = 0 AND adopt IS NOT NULL"
            " LIMIT 1";
        DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
        bool row = false;

        if (!st)
            return false;
        ds_bind_int(st, 1, at.unit_id);
        if (!ds_db_next(db, st, &row, err))
            return false;
        if (!row)
            return true;

        const char *key = ds_col_text(st, 0, a), *id = ds_col_text(st, 1, a);

        ds_stmt_give_back(st); /* before the row it stands on is deleted */
        if (!link_now(db, at, key, id, err))
            return false;
    }
}
