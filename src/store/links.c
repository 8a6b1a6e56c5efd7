/* src/store/links.c - reading links: the walk beside the source, and the look-up by key. */
#include "store/links.h"

#include "store/internal.h"
#include <durable_sync/json.h>
#include <stdlib.h>

enum { WALK_MAX = 10000 }; /* what one call may put into the caller's arena, whatever it asks for */

static void link_from_row(ds_stmt *st, ds_arena *a, ds_link *link)
{
    link->seq = ds_link_seq(ds_col_int(st, 0));
    link->key = ds_col_text(st, 1, a);
    link->id = ds_col_text(st, 2, a);
    link->hash = ds_col_hash(st, 3);
    link->flags = (uint8_t)ds_col_int(st, 4);
    link->valid = ds_col_int(st, 5) != 0;
}

bool ds_links_walk(ds_db *db, int64_t unit_id, int64_t after, size_t max, ds_arena *a,
                   const ds_link **out, size_t *n, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, DS_SQL_WALK, err);
    bool row = false;

    *n = 0;
    *out = NULL;
    if (!st)
        return false;
    max = DS_MIN(max, (size_t)WALK_MAX);
    ds_bind_int(st, 1, ds_link_id(unit_id, 0) + after);
    ds_bind_int(st, 2, ds_link_id(unit_id + 1, 0));
    ds_bind_int(st, 3, (int64_t)max);
    ds_bind_int(st, 4, unit_id);

    ds_link *links = NULL;

    for (;;) {
        if (!ds_db_next(db, st, &row, err))
            return false;
        if (!row)
            break;
        if (!links)
            links = ds_arena_alloc(a, max * sizeof *links);
        link_from_row(st, a, &links[(*n)++]);
    }
    *out = links;
    return true;
}

/* ---- by key ---------------------------------------------------------------------------------- */

bool ds_links_owner(ds_db *db, int64_t route_id, const char *key, int64_t *link_id, int64_t *flags,
                    ds_err *err)
{
    static const char sql[] = "SELECT id, flags FROM link_key WHERE route_id = ? AND key = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    *link_id = *flags = 0;
    if (!st)
        return false;
    ds_bind_int(st, 1, route_id);
    ds_bind_text(st, 2, key);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (row) {
        *link_id = ds_col_int(st, 0);
        *flags = ds_col_int(st, 1);
    }
    return true;
}

bool ds_links_alone(ds_db *db, ds_link_place at, bool *alone, ds_err *err)
{
    static const char sql[] = "SELECT NOT EXISTS(SELECT 1 FROM machine WHERE route_id = ?"
                              " AND kind = 'unit' AND id <> ?)";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, at.route_id);
    ds_bind_int(st, 2, at.unit_id);
    if (!ds_db_next(db, st, &row, err))
        return false;
    *alone = ds_col_int(st, 0) != 0; /* it answers always */
    return true;
}

static bool keeps_its_links(const ds_json *state)
{
    bool being_swept = ds_json_bool(state, "running") && ds_json_bool(state, "run_sweep");

    return !ds_json_bool(state, "gone") || ds_json_bool(state, "sweep") || being_swept;
}

bool ds_links_may_take(ds_db *db, int64_t unit_id, bool *may, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, "SELECT state FROM machine WHERE id = ?", err);
    bool row = false;
    size_t n;

    *may = false;
    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (!row)
        return true;

    DS_AUTO(ds_arena) a = ds_arena_new();
    const char *text = ds_col_peek(st, 0, &n);
    const ds_json *state =
        ds_json_read(a, text ? text : "", n, err); /* GCOVR_EXCL_BR_LINE no state is null */

    if (!state)
        return ds_db_damaged(db, err, ds_arena_printf(a, "state of a unit: %s", err->text));
    *may = !keeps_its_links(state);
    return true;
}

/* The units of one call are few: the last one is asked for most often. */
struct claimant {
    int64_t unit_id;
    const char *name;
    bool may_take;
};

static bool name_claimant(ds_db *db, int64_t unit_id, ds_arena *a, struct claimant *last,
                          ds_err *err)
{
    bool row = false;

    if (last->unit_id == unit_id)
        return true;

    DS_AUTO(ds_stmt) st = ds_db_stmt(db, "SELECT unit FROM machine WHERE id = ?", err);

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    if (!ds_db_next(db, st, &row, err))
        return false;
    last->unit_id = unit_id;
    last->name = row ? ds_col_text(st, 0, a) : ds_arena_strdup(a, "a unit that is gone");
    return ds_links_may_take(db, unit_id, &last->may_take, err);
}

static bool unit_gen(ds_db *db, int64_t unit_id, int64_t *gen, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, "SELECT gen FROM ledger WHERE unit_id = ?", err);
    bool row = false;

    *gen = 0;
    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (row)
        *gen = ds_col_int(st, 0);
    return true;
}

/* The answer to one key; *last is the claimant that was named before. */
static bool match_one(ds_db *db, ds_link_place at, int64_t gen, const char *key, ds_arena *a,
                      struct claimant *last, ds_link_match *out, ds_err *err)
{
    static const char sql[] = "SELECT id, key, dest, hash, flags, gen = ?3 FROM link_key"
                              " WHERE route_id = ?1 AND key = ?2";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, at.route_id);
    ds_bind_text(st, 2, key);
    ds_bind_int(st, 3, gen);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (!row)
        return true;

    int64_t unit_id = ds_link_unit(ds_col_int(st, 0));
    bool own = unit_id == at.unit_id;

    if (!own && !name_claimant(db, unit_id, a, last, err))
        return false;
    if (!own && !last->may_take && !(ds_col_int(st, 4) & DS_LINK_UNMET)) {
        out->claimed_by = last->name;
        return true;
    }

    ds_link *link = ds_arena_alloc(a, sizeof *link);

    link_from_row(st, a, link);
    *(own ? &out->link : &out->left) = link;
    return true;
}

static bool match_ordered(ds_db *db, ds_link_place at, const ds_key_order *order, ds_arena *a,
                          ds_link_match *out, ds_err *err)
{
    struct claimant last = {0, NULL, false};
    int64_t gen;

    if (!unit_gen(db, at.unit_id, &gen, err))
        return false;
    for (size_t i = 0; i < order->n; i++) {
        const ds_key_ref *ref = &order->refs[i];

        if (!match_one(db, at, gen, ref->key, a, &last, &out[ref->at], err))
            return false;
    }
    return true;
}

bool ds_links_match_here(ds_db *db, ds_link_place at, const char *const *keys, size_t n,
                         ds_key_order *order, ds_arena *a, ds_link_match *out, ds_err *err)
{
    memset(out, 0, n * sizeof *out);
    ds_key_order_clear(order, n);
    for (size_t i = 0; i < n; i++)
        ds_key_order_add(order, 0, keys[i], i);
    ds_key_order_by_key(order);
    return match_ordered(db, at, order, a, out, err);
}

bool ds_links_match(ds_db *db, ds_link_place at, const char *const *keys, size_t n,
                    ds_key_order *order, ds_arena *a, ds_link_match *out, ds_err *err)
{
    if (!n)
        return true;
    if (!at.route_id) {
        memset(out, 0, n * sizeof *out);
        return true;
    }
    if (!ds_db_view(db, err))
        return false;

    bool ok = ds_links_match_here(db, at, keys, n, order, a, out, err);

    ds_db_view_end(db);
    return ok;
}
