/* src/store/link_write.c
 *
 * Writing links, inside the writer's transaction.  New keys are claimed first, in order of keys;
 * then the links are written in order of their numbers: both tables see an almost sequential write.
 */
#include "store/internal.h"
#include "store/links.h"
#include <assert.h>

bool ds_link_writer_begin(ds_link_writer *w, ds_db *db, ds_link_place at, ds_err *err)
{
    static const char sql[] = "SELECT gen, next_seq, links FROM ledger"
                              " WHERE unit_id = ?" DS_SQL_FOR_UPDATE;
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    *w = (ds_link_writer){.db = db, .at = at};
    if (!st)
        return false;
    ds_bind_int(st, 1, at.unit_id);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (!row)
        return ds_fail(err, DS_ERR_PERMANENT, "store %s has no unit number %lld", ds_db_path(db),
                       (long long)at.unit_id);
    w->gen = ds_col_int(st, 0);
    w->next_seq = ds_col_int(st, 1);
    w->links = ds_col_int(st, 2);
    return true;
}

bool ds_link_writer_end(ds_link_writer *w, ds_err *err)
{
    static const char sql[] =
        "UPDATE ledger SET gen = ?, next_seq = ?, links = ? WHERE unit_id = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(w->db, sql, err);

    if (!st)
        return false;
    ds_bind_int(st, 1, w->gen);
    ds_bind_int(st, 2, w->next_seq);
    ds_bind_int(st, 3, w->links);
    ds_bind_int(st, 4, w->at.unit_id);
    return ds_db_run(w->db, st, err);
}

/* ---- one statement each ---------------------------------------------------------------------- */

/* *was_there NULL: nobody asks. */
static bool drop_row(ds_link_writer *w, int64_t link_id, bool *was_there, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(w->db, "DELETE FROM link WHERE id = ?", err);

    if (!st)
        return false;
    ds_bind_int(st, 1, link_id);
    if (!was_there)
        return ds_db_run(w->db, st, err);
    return ds_db_run_met(w->db, st, was_there, err);
}

static bool delete_link(ds_link_writer *w, int64_t link_id, ds_err *err)
{
    bool was_there;

    if (!drop_row(w, link_id, &was_there, err))
        return false;
    w->links -= was_there;
    return true;
}

/* What ds_link_mark_in_doubt says. */
#define MARK_IN_DOUBT "flags = (flags & ~2) | ((flags & 2) * 2)"
static_assert(DS_LINK_MARKED == 2 && DS_LINK_LEAVING == 4, "as in MARK_IN_DOUBT");

/* The destination row may hold what the other unit wrote, or a lost pass: the next one is to look.
 */
static bool void_link(ds_link_writer *w, const char *key, int64_t link_id, ds_err *err)
{
    static const char link_sql[] =
        "UPDATE link SET gen = 0, hash = ?2, " MARK_IN_DOUBT " WHERE id = ?1";
    DS_AUTO(ds_stmt) link = ds_db_stmt(w->db, link_sql, err);
    static const char by_key_sql[] = "UPDATE link_key SET gen = 0, hash = ?3, " MARK_IN_DOUBT
                                     " WHERE route_id = ?1 AND key = ?2";
    DS_AUTO(ds_stmt) by_key = ds_db_stmt(w->db, by_key_sql, err);

    ds_hash_bytes none = ds_hash_pack((ds_hash){0, 0});

    if (!link || !by_key)
        return false;
    ds_bind_int(link, 1, link_id);
    ds_bind_blob(link, 2, none.b, sizeof none.b);
    ds_bind_int(by_key, 1, w->at.route_id);
    ds_bind_text(by_key, 2, key);
    ds_bind_blob(by_key, 3, none.b, sizeof none.b);
    return ds_db_run(w->db, link, err) && ds_db_run(w->db, by_key, err);
}

/* A link as it is written, with what the statements bind: dest, hash, flags, gen, then whose. */
typedef struct written {
    const ds_link *link;
    int64_t id;
    int64_t gen;
    const char *dest; /* NULL: the key, which most destinations use as theirs, is not kept twice */
    ds_hash_bytes hash;
} written;

static written written_of(const ds_link_writer *w, const ds_link *link, int64_t gen)
{
    return (written){
        .link = link,
        .id = ds_link_id(w->at.unit_id, link->seq),
        .gen = gen,
        .dest = link->id && strcmp(link->id, link->key) != 0 ? link->id : NULL,
        .hash = ds_hash_pack(link->hash),
    };
}

static void bind_written(ds_stmt *st, const written *x)
{
    ds_bind_text(st, 1, x->dest);
    ds_bind_blob(st, 2, x->hash.b, sizeof x->hash.b);
    ds_bind_int(st, 3, x->link->flags);
    ds_bind_int(st, 4, x->gen);
    ds_bind_int(st, 5, x->id);
    ds_bind_text(st, 6, x->link->key);
}

/* *rows, once that is settled: how many were written. Statements for each table and case. */
static bool write_row(ds_link_writer *w, const char *literal, bool by_key, const written *x,
                      int64_t *rows, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(w->db, literal, err);

    if (!st)
        return false;
    bind_written(st, x);
    if (by_key)
        ds_bind_int(st, 7, w->at.route_id);
    if (!rows)
        return ds_db_run(w->db, st, err);
    return ds_db_run_counted(w->db, st, rows, err);
}

static bool update_link(ds_link_writer *w, const written *x, int64_t *rows, ds_err *err)
{
    return write_row(w,
                     "UPDATE link SET dest = ?1, hash = ?2, flags = ?3, gen = ?4"
                     " WHERE id = ?5 AND key = ?6",
                     false, x, rows, err);
}

static bool insert_link(ds_link_writer *w, const written *x, ds_err *err)
{
    w->links++;
    w->next_seq = DS_MAX(w->next_seq, x->link->seq + 1);
    return write_row(w,
                     "INSERT INTO link(dest, hash, flags, gen, id, key)"
                     " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                     false, x, NULL, err);
}

static bool update_key(ds_link_writer *w, const written *x, int64_t *rows, ds_err *err)
{
    return write_row(w,
                     "UPDATE link_key SET dest = ?1, hash = ?2, flags = ?3, gen = ?4"
                     " WHERE route_id = ?7 AND key = ?6 AND id = ?5",
                     true, x, rows, err);
}

static bool insert_key(ds_link_writer *w, const written *x, int64_t *rows, ds_err *err)
{
    return write_row(w,
                     "INSERT INTO link_key(dest, hash, flags, gen, id, key, route_id)"
                     " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
                     true, x, rows, err);
}

static bool renumber_key(ds_link_writer *w, const written *x, ds_err *err)
{
    return write_row(w,
                     "UPDATE link_key SET dest = ?1, hash = ?2, flags = ?3, gen = ?4, id = ?5"
                     " WHERE route_id = ?7 AND key = ?6",
                     true, x, NULL, err);
}

/* ---- puts ------------------------------------------------------------------------------------ */

/* Its unit is gone, or no longer brings it: the key goes to the one that does. */
static bool take_over(ds_link_writer *w, int64_t link_id, const written *x, ds_err *err)
{
    static const char less_sql[] = "UPDATE ledger SET links = links - 1 WHERE unit_id = ?";
    DS_AUTO(ds_stmt) less = ds_db_stmt(w->db, less_sql, err);

    if (!less)
        return false;
    ds_bind_int(less, 1, ds_link_unit(link_id));
    return ds_db_run(w->db, less, err) && drop_row(w, link_id, NULL, err) &&
           renumber_key(w, x, err);
}

/* The key is in the table already. *taken: another unit of the route has it. A link that this unit
 * has under another number makes way, and hands on which of its flags it `keeps`: the new number is
 * the one that the running pass has seen. */
static bool claim_key(ds_link_writer *w, ds_link *link, int64_t gen, uint8_t keeps, bool *taken,
                      ds_err *err)
{
    written x = written_of(w, link, gen);
    int64_t owner, flags;
    bool may_take;

    *taken = false;
    if (!ds_links_owner(w->db, w->at.route_id, link->key, &owner, &flags, err))
        return false;
    if (ds_link_unit(owner) == w->at.unit_id) {
        link->flags |= (uint8_t)flags & keeps;
        return delete_link(w, owner, err) && renumber_key(w, &x, err);
    }
    if (!ds_links_may_take(w->db, ds_link_unit(owner), &may_take, err))
        return false;
    if (may_take || (flags & DS_LINK_UNMET))
        return take_over(w, owner, &x, err);
    *taken = true;
    return void_link(w, link->key, owner, err);
}

/* The puts of one commit in one of two orders, and what their statements met so far. */
typedef struct batch {
    ds_link_put *puts;
    const ds_key_order *order;
    int64_t *rows; /* [n], in that order */
} batch;

static ds_link_put *put_at(const batch *b, size_t i)
{
    return &b->puts[b->order->refs[i].at];
}

/* Two numbers for one key in one commit: the two tables would tell different stories. */
static bool expect_once(const ds_link_put *before, const ds_link_put *put, ds_err *err)
{
    if (strcmp(before->link.key, put->link.key) != 0)
        return true;
    if (before->link.seq == put->link.seq && !put->is_new)
        return true;
    return ds_fail(err, DS_ERR_PERMANENT, "one commit links the key %.60s twice", put->link.key);
}

static bool update_keys(ds_link_writer *w, const batch *b, ds_err *err)
{
    for (size_t i = 0; i < b->order->n; i++) {
        ds_link_put *put = put_at(b, i);
        written x = written_of(w, &put->link, w->gen);

        assert(put->link.seq >= 0 && put->link.seq < INT64_C(1) << DS_SEQ_BITS);
        put->conflict = false;
        b->rows[i] = 0;
        if ((i && !expect_once(put_at(b, i - 1), put, err)) ||
            (!put->is_new && !update_key(w, &x, &b->rows[i], err)))
            return false;
    }
    return ds_db_settle(w->db, err);
}

/* An update that found nothing was removed meanwhile: it is a row that was written, and its link
 * never gets lost. */
static bool insert_keys(ds_link_writer *w, const batch *b, ds_err *err)
{
    for (size_t i = 0; i < b->order->n; i++) {
        written x = written_of(w, &put_at(b, i)->link, w->gen);

        if (!b->rows[i] && !insert_key(w, &x, &b->rows[i], err))
            return false;
    }
    return ds_db_settle(w->db, err);
}

static bool claim_keys(ds_link_writer *w, const batch *b, ds_err *err)
{
    for (size_t i = 0; i < b->order->n; i++) {
        ds_link_put *put = put_at(b, i);

        if (!b->rows[i] && !claim_key(w, &put->link, w->gen, DS_LINK_CREATED, &put->conflict, err))
            return false;
    }
    return true;
}

static bool update_links(ds_link_writer *w, const batch *b, ds_err *err)
{
    for (size_t i = 0; i < b->order->n; i++) {
        const ds_link_put *put = put_at(b, i);
        written x = written_of(w, &put->link, w->gen);

        b->rows[i] = 0;
        if (!put->conflict && !put->is_new && !update_link(w, &x, &b->rows[i], err))
            return false;
    }
    return ds_db_settle(w->db, err);
}

static bool insert_links(ds_link_writer *w, const batch *b, ds_err *err)
{
    for (size_t i = 0; i < b->order->n; i++) {
        const ds_link_put *put = put_at(b, i);
        written x = written_of(w, &put->link, w->gen);

        if (!put->conflict && !b->rows[i] && !insert_link(w, &x, err))
            return false;
    }
    return true;
}

/* Each round goes out as a whole and is answered once. */
bool ds_links_put(ds_link_writer *w, ds_link_put *puts, size_t n, ds_key_order *order, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    const batch b = {puts, order, ds_arena_alloc(a, DS_MAX(n, (size_t)1) * sizeof(*b.rows))};

    ds_key_order_clear(order, n);
    for (size_t i = 0; i < n; i++)
        ds_key_order_add(order, 0, puts[i].link.key, i);
    ds_key_order_by_key(order);
    if (!update_keys(w, &b, err) || !insert_keys(w, &b, err) || !claim_keys(w, &b, err))
        return false;

    ds_key_order_clear(order, n);
    for (size_t i = 0; i < n; i++)
        ds_key_order_add(order, (uint64_t)puts[i].link.seq, NULL, i);
    ds_key_order_by_head(order);
    return update_links(w, &b, err) && insert_links(w, &b, err);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool remove_one(ds_link_writer *w, const ds_link *link, ds_err *err)
{
    static const char sql[] = "DELETE FROM link_key WHERE route_id = ? AND key = ? AND id = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(w->db, sql, err);
    int64_t id = ds_link_id(w->at.unit_id, link->seq);
    bool met;

    if (!st)
        return false;
    ds_bind_int(st, 1, w->at.route_id);
    ds_bind_text(st, 2, link->key);
    ds_bind_int(st, 3, id);
    if (!ds_db_run_met(w->db, st, &met, err))
        return false;
    return !met || delete_link(w, id, err);
}

bool ds_links_remove(ds_link_writer *w, const ds_link *links, size_t n, ds_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!remove_one(w, &links[i], err))
            return false;
    }
    return true;
}

/* *key in `a`; NULL: there is no such link any more. */
static bool key_of(ds_db *db, int64_t link_id, ds_arena *a, const char **key, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, "SELECT key FROM link WHERE id = ?", err);
    bool row = false;

    *key = NULL;
    if (!st)
        return false;
    ds_bind_int(st, 1, link_id);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (row)
        *key = ds_col_text(st, 0, a);
    return true;
}

static bool read_doubts(ds_db *db, int64_t unit_id, ds_arena *a, const int64_t **seqs, size_t *n,
                        ds_err *err)
{
    static const char sql[] = "DELETE FROM doubt WHERE unit_id = ? RETURNING seqs";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    size_t bytes;
    bool row = false;

    *n = 0;
    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (!row)
        return true;
    *seqs = ds_col_blob(st, 0, a, &bytes);
    *n = bytes / sizeof(**seqs);
    return ds_db_next(db, st, &row, err);
}

bool ds_links_settle_doubts(ds_db *db, ds_link_place at, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_link_writer w = {.db = db, .at = at};
    const int64_t *seqs = NULL;
    size_t n = 0;

    if (!read_doubts(db, at.unit_id, a, &seqs, &n, err))
        return false;
    assert(seqs || n == 0);
    for (size_t i = 0; i < n; i++) {
        int64_t id = ds_link_id(at.unit_id, seqs[i]);
        const char *key;

        if (!key_of(db, id, a, &key, err) || (key && !void_link(&w, key, id, err)))
            return false;
    }
    return true;
}

bool ds_links_drop(ds_link_writer *w, ds_err *err)
{
    static const char keys_sql[] = "DELETE FROM link_key WHERE route_id = ? AND id >= ? AND id < ?";
    DS_AUTO(ds_stmt) keys = ds_db_stmt(w->db, keys_sql, err);
    DS_AUTO(ds_stmt) links = ds_db_stmt(w->db, "DELETE FROM link WHERE id >= ? AND id < ?", err);

    if (!keys || !links)
        return false;
    ds_bind_int(keys, 1, w->at.route_id);
    ds_bind_int(keys, 2, ds_link_id(w->at.unit_id, 0));
    ds_bind_int(keys, 3, ds_link_id(w->at.unit_id + 1, 0));
    ds_bind_int(links, 1, ds_link_id(w->at.unit_id, 0));
    ds_bind_int(links, 2, ds_link_id(w->at.unit_id + 1, 0));
    w->links = 0;
    return ds_db_run(w->db, keys, err) && ds_db_run(w->db, links, err);
}

bool ds_links_adopt(ds_link_writer *w, const char *key, const char *id, ds_err *err)
{
    ds_link link = {.seq = w->next_seq, .key = key, .id = id};
    written x = written_of(w, &link, 0);
    int64_t rows = 0;
    bool taken = false;

    if (!insert_key(w, &x, &rows, err))
        return false;
    if (!ds_db_settle(w->db, err)) /* GCOVR_EXCL_BR_LINE a file has nothing to settle */
        return false;              /* GCOVR_EXCL_LINE the same */
    if (!rows && !claim_key(w, &link, 0, 0, &taken, err)) /* it may be another row */
        return false;
    return taken || insert_link(w, &x, err);
}
