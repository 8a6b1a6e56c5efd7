/* src/store/rows.h - rows of tables that a transaction and a reader both read, or two files write.
 */
#ifndef DS_STORE_ROWS_H
#define DS_STORE_ROWS_H

#include "store/db.h"
#include "store/links.h"
#include "store/store.h"

/* The columns that ds_totals_bind and ds_totals_from_row mean, in their order. */
#define DS_TOTALS_COLUMNS "total, created, updated, unchanged, skipped, held, missing"

static inline void ds_totals_bind(ds_stmt *st, int at, const ds_totals *totals)
{
    ds_bind_int(st, at, totals->total);
    ds_bind_int(st, at + 1, totals->created);
    ds_bind_int(st, at + 2, totals->updated);
    ds_bind_int(st, at + 3, totals->unchanged);
    ds_bind_int(st, at + 4, totals->skipped);
    ds_bind_int(st, at + 5, totals->held);
    ds_bind_int(st, at + 6, totals->missing);
}

static inline ds_totals ds_totals_from_row(ds_stmt *st, int at)
{
    return (ds_totals){
        .total = ds_col_int(st, at),
        .created = ds_col_int(st, at + 1),
        .updated = ds_col_int(st, at + 2),
        .unchanged = ds_col_int(st, at + 3),
        .skipped = ds_col_int(st, at + 4),
        .held = ds_col_int(st, at + 5),
        .missing = ds_col_int(st, at + 6),
    };
}

/* units.c; NULL route or unit: any. */
DS_MUST_USE bool ds_units_list(ds_db *db, const char *route, const char *unit, ds_arena *a,
                               ds_unit_row **out, size_t *n, ds_err *err);

/* runs.c */
DS_MUST_USE bool ds_runs_list(ds_db *db, const char *route, const char *unit, size_t max,
                              ds_arena *a, ds_run_row **out, size_t *n, ds_err *err);

/* held.c: the counter in `ledger` is kept with every change. */
/* So many more are held, or fewer. */
DS_MUST_USE bool ds_held_count(ds_db *db, int64_t unit_id, int64_t more, ds_err *err);
DS_MUST_USE bool ds_held_put(ds_db *db, int64_t unit_id, int64_t run, const ds_held *held, size_t n,
                             ds_err *err);
/* Of keys only: what is held by its place leaves with ds_held_replace. */
DS_MUST_USE bool ds_held_release(ds_db *db, int64_t unit_id, const char *const *keys, size_t n,
                                 ds_err *err);
/* This run came by: keys that it left as they are. */
DS_MUST_USE bool ds_held_meet(ds_db *db, int64_t unit_id, int64_t run, const char *const *keys,
                              size_t n, ds_err *err);
/* Forgets what this run neither put nor met. */
DS_MUST_USE bool ds_held_replace(ds_db *db, int64_t unit_id, int64_t run, ds_err *err);
DS_MUST_USE bool ds_held_forget_keys(ds_db *db, int64_t unit_id, ds_err *err);
DS_MUST_USE bool ds_held_page(ds_db *db, int64_t unit_id, const char *after, size_t max,
                              ds_arena *a, const ds_held **out, size_t *n, ds_err *err);
/* out[i]: how keys[i] is held; NULL: it is not. */
DS_MUST_USE bool ds_held_of(ds_db *db, int64_t unit_id, const char *const *keys, size_t n,
                            ds_arena *a, const ds_held **out, ds_err *err);
/* Sets row->unsure and unsure_until_ms. */
DS_MUST_USE bool ds_held_unsure(ds_db *db, ds_unit_row *row, ds_err *err);
DS_MUST_USE bool ds_held_list(ds_db *db, const char *route, ds_arena *a, ds_held_row **out,
                              size_t *n, ds_err *err);
/* Makes links of the records that were adopted by hand while a pass was under way. */
DS_MUST_USE bool ds_held_adopt_waiting(ds_db *db, ds_link_place at, ds_err *err);

/* intents.c */
/* What may have been leaving when the pass before ended left by now. */
DS_MUST_USE bool ds_intents_stamp(ds_db *db, int64_t unit_id, int64_t now_ms, ds_err *err);
/* claims.c. Fills c->claimed. */
DS_MUST_USE bool ds_intents_claim(ds_db *db, ds_link_place at, const ds_commit *c,
                                  ds_key_order *order, ds_err *err);
/* making.c. Fills c->claimed for what other routes make; notes what this one makes, and has made.
 * The commit has waited for its turn since its times were read. */
DS_MUST_USE bool ds_making_note(ds_tx *tx, ds_link_place at, const ds_commit *c, int64_t waited_ms,
                                ds_err *err);
/* intents.c */
DS_MUST_USE bool ds_intents_put(ds_db *db, int64_t unit_id, const ds_commit *c, ds_err *err);
DS_MUST_USE bool ds_intents_clear(ds_db *db, int64_t unit_id, const char *const *keys, size_t n,
                                  ds_err *err);
DS_MUST_USE bool ds_intents_forget(ds_db *db, int64_t unit_id, ds_err *err);
DS_MUST_USE bool ds_intents_list(ds_db *db, int64_t unit_id, ds_arena *a, const ds_intent **out,
                                 size_t *n, ds_err *err);

/* memos.c */
DS_MUST_USE bool ds_memos_put(ds_db *db, int64_t unit_id, const ds_memo *memos, size_t n,
                              ds_err *err);
DS_MUST_USE bool ds_memos_forget(ds_db *db, int64_t unit_id, ds_err *err);
DS_MUST_USE bool ds_memo_get(ds_db *db, int64_t unit_id, bool shared, const char *key, ds_arena *a,
                             const char **value, ds_err *err);

#endif
