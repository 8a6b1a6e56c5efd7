/* src/store/links.h
 *
 * Which row at the destination is ours: key -> the destination's own id and the hash of what was
 * last written.  Each link is stored twice.  `link` is appended in the order of the source and
 * walked in it, one sequential read a pass.  `link_key` answers for keys that come in another order
 * with one page read each, and is written in order of keys within each commit, so that a shuffled
 * source does not write one page a record.
 *
 * A link counts as valid while its `gen` is the unit's: raising that one number voids a million.
 */
#ifndef DS_STORE_LINKS_H
#define DS_STORE_LINKS_H

#include "store/db.h"
#include "store/keys.h"

/* The plan of this one is pinned by a test: a sort here made a pass 300 times slower. */
#define DS_SQL_WALK                                                                                \
    "SELECT id, key, dest, hash, flags, gen = (SELECT gen FROM ledger WHERE unit_id = ?4)"         \
    " FROM link WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3"

typedef struct ds_link_place { /* whose links */
    int64_t unit_id;           /* 0: no unit, which has none */
    int64_t route_id;          /* 0: no route */
} ds_link_place;

/* Reading, as ds_ledger_ops says. */
DS_MUST_USE bool ds_links_walk(ds_db *db, int64_t unit_id, int64_t after, size_t max, ds_arena *a,
                               const ds_link **out, size_t *n, ds_err *err);
DS_MUST_USE bool ds_links_match(ds_db *db, ds_link_place at, const char *const *keys, size_t n,
                                ds_key_order *order, ds_arena *a, ds_link_match *out, ds_err *err);
/* The same inside a transaction, of a unit that has a route. */
DS_MUST_USE bool ds_links_match_here(ds_db *db, ds_link_place at, const char *const *keys, size_t n,
                                     ds_key_order *order, ds_arena *a, ds_link_match *out,
                                     ds_err *err);
/* The route has no other unit. */
DS_MUST_USE bool ds_links_alone(ds_db *db, ds_link_place at, bool *alone, ds_err *err);

/* Writing: the counters start as the unit's and are saved by whoever began. */
typedef struct ds_link_writer {
    ds_db *db;
    ds_link_place at;
    int64_t gen;
    int64_t next_seq;
    int64_t links;
} ds_link_writer;

DS_MUST_USE bool ds_link_writer_begin(ds_link_writer *w, ds_db *db, ds_link_place at, ds_err *err);
DS_MUST_USE bool ds_link_writer_end(ds_link_writer *w, ds_err *err);
DS_MUST_USE bool ds_links_put(ds_link_writer *w, ds_link_put *puts, size_t n, ds_key_order *order,
                              ds_err *err);
DS_MUST_USE bool ds_links_remove(ds_link_writer *w, const ds_link *links, size_t n, ds_err *err);
/* Voids the links whose rows a pass was writing when it ended before it could say so. */
DS_MUST_USE bool ds_links_settle_doubts(ds_db *db, ds_link_place at, ds_err *err);
DS_MUST_USE bool ds_links_drop(ds_link_writer *w, ds_err *err);
/* Links a key to the row a person named, whatever the unit knew of it; to be compared before its
 * hash is believed. */
DS_MUST_USE bool ds_links_adopt(ds_link_writer *w, const char *key, const char *id, ds_err *err);
/* A unit that its source no longer has keeps its links, but not from another one that brings the
 * key; except while what it left is being swept. */
DS_MUST_USE bool ds_links_may_take(ds_db *db, int64_t unit_id, bool *may, ds_err *err);
/* The link that has the key, and its flags; 0: none. */
DS_MUST_USE bool ds_links_owner(ds_db *db, int64_t route_id, const char *key, int64_t *link_id,
                                int64_t *flags, ds_err *err);

#endif
