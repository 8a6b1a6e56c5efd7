/* src/store/ledger.c
 *
 * What one pass reads and commits (base/ledger.h) on top of the store: reads on a connection of its
 * own, each a short look so that the log can be moved into the file meanwhile; commits as one job
 * on the writer.
 */
#include "base/clock.h"
#include "base/plant.h"
#include "store/driver.h"
#include "store/internal.h"
#include "store/rows.h"
#include <stdlib.h>

typedef struct ledger {
    ds_ledger base;
    ds_store *store; /* NULL: for reading only */
    const ds_store_at *place;
    ds_db *db; /* NULL: there is no store yet */
    bool owns_db;
    ds_link_place at;
    int64_t epoch;
    ds_db *memos;       /* for recall, which runs beside the rest; NULL: not needed yet */
    ds_key_order order; /* used by whoever works for the pass: itself, or the writer it waits for */
} ledger;

/* ---- begin ----------------------------------------------------------------------------------- */

static bool read_known(ledger *l, ds_arena *a, ds_ledger_begin *out, ds_err *err)
{
    static const char sql[] = "SELECT links, next_seq, full_done, generation, identity,"
                              " key_signature, encoder, held FROM ledger WHERE unit_id = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(l->db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, l->at.unit_id);
    if (!ds_db_next(l->db, st, &row, err))
        return false;
    if (!row)
        return true; /* a unit that is new */
    out->links = ds_col_int(st, 0);
    out->next_seq = ds_col_int(st, 1);
    out->first = ds_col_int(st, 2) == 0;
    out->generation = ds_col_text(st, 3, a);
    out->identity = ds_col_text(st, 4, a);
    out->key_signature = ds_col_text(st, 5, a);
    out->encoder = ds_col_int(st, 6);
    out->held = ds_col_int(st, 7);
    return true;
}

static void checkpoint_from_row(ds_stmt *st, ds_arena *a, ds_checkpoint *out)
{
    out->cursor = ds_col_text(st, 2, a);
    out->source_done = ds_col_int(st, 3) != 0;
    out->totals = ds_totals_from_row(st, 4);
    out->changes = ds_col_int(st, 11);
    out->source_calls = ds_col_int(st, 12);
    out->destination_calls = ds_col_int(st, 13);
    out->seen = ds_col_blob(st, 14, a, &out->seen_n);
}

static bool fail_replaced(ds_err *err)
{
    return ds_fail(err, DS_ERR_CANCELLED, "the unit belongs to another pass now");
}

static bool read_checkpoint(ledger *l, ds_arena *a, ds_ledger_begin *out, ds_err *err)
{
    static const char sql[] = "SELECT epoch, kept, cursor, source_done, " DS_TOTALS_COLUMNS
                              ", changes, source_calls, destination_calls, seen"
                              " FROM activity WHERE unit_id = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(l->db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, l->at.unit_id);
    if (!ds_db_next(l->db, st, &row, err))
        return false;
    if (!l->store)
        return true; /* plan and explain look at a whole pass */
    if (!row || ds_col_int(st, 0) != l->epoch)
        return fail_replaced(err);
    out->resumed = ds_col_int(st, 1) != 0;
    if (out->resumed)
        checkpoint_from_row(st, a, &out->checkpoint);
    return true;
}

static bool begin(ds_ledger *base, ds_arena *a, ds_ledger_begin *out, ds_err *err)
{
    ledger *l = (ledger *)base;

    *out = (ds_ledger_begin){.next_seq = 1, .first = true};
    if (!l->db)
        return true;
    if (!ds_db_view(l->db, err))
        return false;

    bool ok = read_known(l, a, out, err) && ds_links_alone(l->db, l->at, &out->alone, err) &&
              read_checkpoint(l, a, out, err) &&
              ds_intents_list(l->db, l->at.unit_id, a, &out->intents, &out->intents_n, err);

    ds_db_view_end(l->db);
    return ok;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool walk(ds_ledger *base, int64_t after, size_t max, ds_arena *a, const ds_link **out,
                 size_t *n, ds_err *err)
{
    ledger *l = (ledger *)base;

    *out = NULL;
    *n = 0;
    return !l->db || ds_links_walk(l->db, l->at.unit_id, after, max, a, out, n, err);
}

static bool match(ds_ledger *base, const char *const *keys, size_t n, ds_arena *a,
                  ds_link_match *out, ds_err *err)
{
    ledger *l = (ledger *)base;

    for (size_t i = 0; !l->db && i < n; i++)
        out[i] = (ds_link_match){0};
    return !l->db || ds_links_match(l->db, l->at, keys, n, &l->order, a, out, err);
}

static bool held(ds_ledger *base, const char *after, size_t max, ds_arena *a, const ds_held **out,
                 size_t *n, ds_err *err)
{
    ledger *l = (ledger *)base;

    *out = NULL;
    *n = 0;
    return !l->db || ds_held_page(l->db, l->at.unit_id, after, max, a, out, n, err);
}

static bool held_of(ds_ledger *base, const char *const *keys, size_t n, ds_arena *a,
                    const ds_held **out, ds_err *err)
{
    ledger *l = (ledger *)base;

    for (size_t i = 0; i < n; i++)
        out[i] = NULL;
    return !l->db || ds_held_of(l->db, l->at.unit_id, keys, n, a, out, err);
}

/* A connection to read, beside the writer's. */
static ds_db *open_beside(const ds_store_at *at, ds_err *err)
{
    pid_t nobody;

    return at->driver ? at->driver->open(at, DS_DB_READ, &nobody, err)
                      : ds_db_open(at->path, DS_DB_READ, err);
}

/* Over a connection of its own: the source asks while the pass reads links. */
static bool recall(ds_ledger *base, bool shared, const char *key, ds_arena *a, const char **value,
                   ds_err *err)
{
    ledger *l = (ledger *)base;

    *value = NULL;
    if (!l->db)
        return true;
    if (!l->memos)
        l->memos = open_beside(l->place, err);
    return l->memos && ds_memo_get(l->memos, l->at.unit_id, shared, key, a, value, err);
}

/* ---- commit ---------------------------------------------------------------------------------- */

typedef struct commit_job {
    ds_job base;
    ledger *l;
    ds_commit *commit;
    int64_t asked_us;
} commit_job;

/* A server may be away for a while. */
static int64_t waited_ms(const commit_job *job)
{
    ds_clock *clock = ds_clock_system();

    return (clock->mono_us(clock) - job->asked_us) / 1000 + 1;
}

/* The row is locked until the commit: whoever starts another pass waits for it, and a pass that was
 * followed is refused, wherever its process runs. */
static bool expect_epoch(ds_db *db, const ledger *l, int64_t *run, ds_err *err)
{
    static const char sql[] = "SELECT epoch, run FROM activity WHERE unit_id = ?" DS_SQL_FOR_UPDATE;
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, l->at.unit_id);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (!row || (ds_col_int(st, 0) != l->epoch && !DS_PLANT("epoch unchecked")))
        return fail_replaced(err);
    *run = ds_col_int(st, 1);
    return true;
}

static bool save_known(ds_db *db, int64_t unit_id, const ds_commit *c, ds_err *err)
{
    if (!c->generation && !c->identity && !c->key_signature && !c->encoder && !c->replace_held &&
        !c->drop_links)
        return true;

    static const char sql[] = "UPDATE ledger SET generation = coalesce(?1, generation),"
                              " identity = coalesce(?2, identity),"
                              " key_signature = coalesce(?3, key_signature),"
                              " encoder = CASE WHEN ?4 = 0 THEN encoder ELSE ?4 END,"
                              " full_done = CASE WHEN ?7 <> 0 THEN 0 WHEN ?5 <> 0 THEN 1"
                              " ELSE full_done END WHERE unit_id = ?6";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, c->generation);
    ds_bind_text(st, 2, c->identity);
    ds_bind_text(st, 3, c->key_signature);
    ds_bind_int(st, 4, c->encoder);
    ds_bind_int(st, 5, c->replace_held); /* said at the end of a complete full pass only */
    ds_bind_int(st, 6, unit_id);
    ds_bind_int(st, 7, c->drop_links); /* with no link left the next pass is a first one again */
    return ds_db_run(db, st, err);
}

static bool is_claimed(const ds_commit *c, const char *key)
{
    for (size_t i = 0; i < c->intents_n; i++)
        if (c->claimed[i].by && strcmp(c->intents[i].key, key) == 0)
            return true;
    return false;
}

/* The row that a link leads to was met by its key, and is another unit's. */
static void leave_claimed(ds_commit *c)
{
    for (size_t i = c->claimed ? c->puts_n : 0; i-- > 0;) {
        ds_link_put put = c->puts[i];

        if (!put.is_new || !is_claimed(c, put.link.key))
            continue;
        c->puts[i] = c->puts[--c->puts_n];
        c->puts[c->puts_n] = put;
    }
}

static bool save_links(ds_db *db, ledger *l, ds_commit *c, ds_err *err)
{
    ds_link_writer w;

    leave_claimed(c);

    if (!c->void_hashes && !c->drop_links && !c->removes_n && !c->puts_n)
        return true;
    if (!ds_link_writer_begin(&w, db, l->at, err))
        return false;
    if (c->void_hashes)
        w.gen++;
    /* Other keys from here on: what is held or announced under the old ones means nothing. */
    if (c->drop_links && (!ds_links_drop(&w, err) || !ds_held_forget_keys(db, l->at.unit_id, err) ||
                          !ds_intents_forget(db, l->at.unit_id, err)))
        return false;
    return ds_links_remove(&w, c->removes, c->removes_n, err) &&
           ds_links_put(&w, c->puts, c->puts_n, &l->order, err) && ds_link_writer_end(&w, err);
}

/* The last ones are settled by the commit that comes now. */
static bool save_doubts(ds_db *db, int64_t unit_id, const ds_commit *c, ds_err *err)
{
    static const char put_sql[] = "INSERT INTO doubt(unit_id, seqs) VALUES(?1, ?2)"
                                  " ON CONFLICT(unit_id) DO UPDATE SET seqs = excluded.seqs";
    static const char settled_sql[] = "DELETE FROM doubt WHERE unit_id = ?1";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, c->doubts_n ? put_sql : settled_sql, err);

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    if (c->doubts_n)
        ds_bind_blob(st, 2, c->doubts, c->doubts_n * sizeof(*c->doubts));
    return ds_db_run(db, st, err);
}

static bool save_checkpoint(ds_db *db, int64_t unit_id, const ds_checkpoint *p, ds_err *err)
{
    if (!p)
        return true;

    static const char sql[] =
        "UPDATE activity SET kept = 1, cursor = ?1, source_done = ?2, total = ?3, created = ?4,"
        " updated = ?5, unchanged = ?6, skipped = ?7, held = ?8, missing = ?9, changes = ?10,"
        " source_calls = ?11, destination_calls = ?12, seen = ?13 WHERE unit_id = ?14";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, p->cursor);
    ds_bind_int(st, 2, p->source_done);
    ds_totals_bind(st, 3, &p->totals);
    ds_bind_int(st, 10, p->changes);
    ds_bind_int(st, 11, p->source_calls);
    ds_bind_int(st, 12, p->destination_calls);
    ds_bind_blob(st, 13, p->seen, p->seen_n);
    ds_bind_int(st, 14, unit_id);
    return ds_db_run(db, st, err);
}

static bool commit_run(ds_job *job, ds_tx *tx, ds_err *err)
{
    commit_job *this = (commit_job *)job;
    ds_commit copy = *this->commit, *c = &copy; /* it may be run again */
    ledger *l = this->l;
    int64_t unit_id = l->at.unit_id, run = 0;

    return expect_epoch(tx->db, l, &run, err) &&
           ds_intents_claim(tx->db, l->at, c, &l->order, err) &&
           ds_making_note(tx, l->at, c, waited_ms(this), err) &&
           save_known(tx->db, unit_id, c, err) && save_links(tx->db, l, c, err) &&
           save_doubts(tx->db, unit_id, c, err) &&
           ds_held_release(tx->db, unit_id, c->released, c->released_n, err) &&
           ds_held_put(tx->db, unit_id, run, c->held, c->held_n, err) &&
           ds_held_meet(tx->db, unit_id, run, c->met, c->met_n, err) &&
           (!c->replace_held || ds_held_replace(tx->db, unit_id, run, err)) &&
           ds_intents_clear(tx->db, unit_id, c->cleared, c->cleared_n, err) &&
           ds_intents_put(tx->db, unit_id, c, err) &&
           ((!c->void_hashes && !c->drop_links) || ds_memos_forget(tx->db, unit_id, err)) &&
           ds_memos_put(tx->db, unit_id, c->memos, c->memos_n, err) &&
           save_checkpoint(tx->db, unit_id, c->checkpoint, err);
}

static bool commit(ds_ledger *base, ds_commit *c, ds_err *err)
{
    ledger *l = (ledger *)base;
    ds_clock *clock = ds_clock_system();
    commit_job job = {
        .base = {.run = commit_run}, .l = l, .commit = c, .asked_us = clock->mono_us(clock)};

    if (!l->store)
        return ds_fail(err, DS_ERR_PERMANENT, "nothing may be written here: this pass only plans");
    return ds_store_do(l->store, DS_LANE_PAGE, &job.base, err);
}

static void close_ledger(ds_ledger *base)
{
    ledger *l = (ledger *)base;

    if (l->owns_db)
        ds_db_close(l->db);
    ds_db_close(l->memos);
    ds_key_order_fini(&l->order);
    free(l);
}

static const ds_ledger_ops ops = {
    .begin = begin,
    .walk = walk,
    .match = match,
    .held = held,
    .held_of = held_of,
    .recall = recall,
    .commit = commit,
    .close = close_ledger,
};

/* ---- opening --------------------------------------------------------------------------------- */

static ledger *new_ledger(void)
{
    ledger *l = ds_calloc(1, sizeof *l);

    l->base.ops = &ops;
    return l;
}

static bool find_route(ledger *l, const char *route, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(l->db, "SELECT id FROM route WHERE name = ?", err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    if (!ds_db_next(l->db, st, &row, err))
        return false;
    l->at.route_id = row ? ds_col_int(st, 0) : 0;
    return true;
}

static bool find_unit(ledger *l, const char *unit, ds_err *err)
{
    static const char sql[] =
        "SELECT id FROM machine WHERE kind = 'unit' AND route_id = ? AND unit = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(l->db, sql, err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, l->at.route_id);
    ds_bind_text(st, 2, unit);
    if (!ds_db_next(l->db, st, &row, err))
        return false;
    l->at.unit_id = row ? ds_col_int(st, 0) : 0;
    return true;
}

static bool find_route_of(ledger *l, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(l->db, "SELECT route_id FROM machine WHERE id = ?", err);
    bool row = false;

    if (!st)
        return false;
    ds_bind_int(st, 1, l->at.unit_id);
    if (!ds_db_next(l->db, st, &row, err))
        return false;
    if (!row)
        return ds_fail(err, DS_ERR_PERMANENT, "store %s has no unit number %lld", ds_db_path(l->db),
                       (long long)l->at.unit_id);
    l->at.route_id = ds_col_int(st, 0);
    return true;
}

ds_ledger *ds_store_ledger(ds_store *s, int64_t unit_id, int64_t epoch, ds_err *err)
{
    ledger *l = new_ledger();
    DS_AUTO(ds_ledger) out = &l->base;

    l->store = s;
    l->at.unit_id = unit_id;
    l->epoch = epoch;
    l->owns_db = true;
    l->place = ds_store_place(s);
    l->db = open_beside(l->place, err);
    if (!l->db || !find_route_of(l, err))
        return NULL;
    return DS_TAKE(&out);
}

ds_ledger *ds_reader_ledger(ds_reader *r, const char *route, const char *unit, ds_err *err)
{
    ledger *l = new_ledger();
    DS_AUTO(ds_ledger) out = &l->base;

    l->place = &r->at;
    l->db = r->db;
    if (l->db && (!find_route(l, route, err) || !find_unit(l, unit, err)))
        return NULL;
    return DS_TAKE(&out);
}
