/* src/store/making.c
 *
 * Which route makes the row of a key.  Routes that write to one destination need not agree on who
 * has which record: each may bring it, and write its own columns.  Where rows are met by look-ups
 * alone, the one that is there first makes the row, and the others wait until it shows.
 *
 * It goes by time, since the other route may be gone for good: what is announced counts for an
 * hour, and for as long as it may arrive late; what was made for as long as look-ups may miss it.
 */
#include "base/plant.h"
#include "store/internal.h"
#include "store/rows.h"

enum {
    OPEN_MS = DS_HOUR_MS, /* no write that was announced is sent later than that... */
    AHEAD_MS = DS_HOUR_MS /* ...and no clock has it for so much longer, unless it was set back */
};

/* When whatever is announced now has been sent, has arrived, and shows. */
static int64_t open_until(ds_look look)
{
    return look.now_ms + OPEN_MS + look.settle_ms + look.lag_ms;
}

/* What nobody asks for any more, however long ago he has looked. */
static bool forget_old(ds_db *db, int64_t now_ms, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, "DELETE FROM making WHERE until < ?", err);

    if (!st)
        return false;
    ds_bind_int(st, 1, now_ms - OPEN_MS);
    return ds_db_run(db, st, err);
}

/* *taken 0: another route has the key. One that has it for much longer than anybody may was written
 * by a clock that was set back since; a little longer is one that read the clock after us, and was
 * first all the same. */
static bool take(ds_db *db, ds_link_place at, const char *key, ds_look look, int64_t *taken,
                 ds_err *err)
{
    static const char sql[] =
        "INSERT INTO making(identity, key, route_id, until) SELECT identity, ?2, ?3, ?4"
        " FROM ledger WHERE unit_id = ?1 AND identity IS NOT NULL"
        " ON CONFLICT(identity, key) DO UPDATE SET route_id = excluded.route_id,"
        " until = excluded.until WHERE making.route_id = excluded.route_id"
        " OR making.until < ?5 OR making.until > ?6";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_int(st, 1, at.unit_id);
    ds_bind_text(st, 2, key);
    ds_bind_int(st, 3, at.route_id);
    ds_bind_int(st, 4, open_until(look));
    ds_bind_int(st, 5, look.at_ms);
    ds_bind_int(st, 6, open_until(look) + AHEAD_MS);
    return ds_db_run_counted(db, st, taken, err);
}

static bool name_maker(ds_db *db, ds_link_place at, const char *key, ds_arena *a, ds_claimed *out,
                       ds_err *err)
{
    static const char sql[] =
        "SELECT r.name FROM making m JOIN route r ON r.id = m.route_id WHERE m.key = ?2"
        " AND m.identity = (SELECT identity FROM ledger WHERE unit_id = ?1)";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, at.unit_id);
    ds_bind_text(st, 2, key);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (row)
        *out = (ds_claimed){.by = ds_col_text(st, 0, a), .route = true};
    return true;
}

/* Of what this unit has announced: another one of its route may be making the row. */
static bool note_made(ds_db *db, ds_link_place at, const ds_commit *c, ds_look look, ds_err *err)
{
    for (size_t i = 0; i < c->cleared_n; i++) {
        static const char sql[] =
            "UPDATE making SET until = ?4 WHERE key = ?2 AND route_id = ?3"
            " AND identity = (SELECT identity FROM ledger WHERE unit_id = ?1)"
            " AND EXISTS (SELECT 1 FROM intent WHERE unit_id = ?1 AND key = ?2)";
        DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

        if (!st)
            return false;
        ds_bind_int(st, 1, at.unit_id);
        ds_bind_text(st, 2, c->cleared[i]);
        ds_bind_int(st, 3, at.route_id);
        ds_bind_int(st, 4, look.now_ms + look.lag_ms);
        if (!ds_db_run(db, st, err))
            return false;
    }
    return true;
}

static bool asks(const ds_commit *c, size_t i)
{
    return c->intents[i].makes && !c->claimed[i].by;
}

static bool note_making(ds_db *db, ds_link_place at, const ds_commit *c, ds_look look, ds_err *err)
{
    int64_t *taken = ds_arena_zalloc(c->arena, c->intents_n * sizeof(*taken));

    if (!forget_old(db, look.now_ms, err))
        return false;
    for (size_t i = 0; i < c->intents_n; i++) {
        if (asks(c, i) && !take(db, at, c->intents[i].key, look, &taken[i], err))
            return false;
    }
    if (!ds_db_settle(db, err)) /* GCOVR_EXCL_BR_LINE a file has nothing to settle */
        return false;           /* GCOVR_EXCL_LINE the same */
    for (size_t i = 0; i < c->intents_n; i++) {
        if (asks(c, i) && !taken[i] &&
            !name_maker(db, at, c->intents[i].key, c->arena, &c->claimed[i], err))
            return false;
    }
    return true;
}

/* By the server's clock, where there is one, since hosts may differ: when it was looked is told by
 * how long ago that was. */
static bool by_one_clock(ds_tx *tx, int64_t waited_ms, ds_look *look, ds_err *err)
{
    int64_t ago_ms = DS_MAX(look->now_ms - look->at_ms, 0);

    if (!tx->db->ops->now)
        return true;
    if (!ds_tx_now(tx, look->now_ms, &look->now_ms, err)) /* GCOVR_EXCL_BR_LINE a server's alone */
        return false;                                     /* GCOVR_EXCL_LINE the same */
    look->at_ms = look->now_ms - ago_ms - waited_ms;
    return true;
}

bool ds_making_note(ds_tx *tx, ds_link_place at, const ds_commit *c, int64_t waited_ms, ds_err *err)
{
    ds_look look = c->look;

    if (!look.at_ms || (!c->cleared_n && !c->claimed) || DS_PLANT("makes unnoted"))
        return true;
    if (!by_one_clock(tx, waited_ms, &look, err)) /* GCOVR_EXCL_BR_LINE as there */
        return false;                             /* GCOVR_EXCL_LINE */
    if (!note_made(tx->db, at, c, look, err))
        return false;
    if (!c->claimed)
        return true;
    if (look.now_ms - look.at_ms > OPEN_MS) /* what was made and shown since is forgotten */
        return ds_fail(err, DS_ERR_TRANSIENT,
                       "rows were looked for more than an hour ago, and are not made after that");
    return note_making(tx->db, at, c, look, err);
}
