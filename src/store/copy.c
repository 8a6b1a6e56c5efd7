/* src/store/copy.c
 *
 * Row by row, table by table.  Columns are named one by one, since the two databases are told the
 * type of each value; tests/unit/test_store_copy.c sees that none of the schema's is left out.
 */
#include "store/copy.h"

#include "store/internal.h"
#include "store/sqlite.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* Of columns: i, t, b are whole numbers, texts, bytes; n is a number that may be null and is never
 * 0. A table comes behind those it refers to. */
static const struct table {
    const char *name, *types;
    const char *read, *write, *count;
    bool numbers_rows; /* by itself, where it is not told */
} tables[] = {
#define TABLE(name, columns, values, types, numbers)                                               \
    {                                                                                              \
        name, types, "SELECT " columns " FROM " name,                                              \
            "INSERT INTO " name "(" columns ") VALUES(" values ")", "SELECT count(*) FROM " name,  \
            numbers                                                                                \
    }
#define FROM_META " FROM meta WHERE key <> 'format'" /* that is each database's own */
#define V2 "?1, ?2"
#define V5 V2 ", ?3, ?4, ?5"
#define V10 V5 ", ?6, ?7, ?8, ?9, ?10"
    {"meta", "tt", "SELECT key, value" FROM_META, "INSERT INTO meta(key, value) VALUES(?1, ?2)",
     "SELECT count(*)" FROM_META, false},
    TABLE("route", "id, name", V2, "it", true),
    TABLE("machine", "id, kind, name, route_id, unit, logic, state, next_due, running, epoch",
          "?1, ?2, ?3, NULLIF(?4, 0), ?5, ?6, ?7, ?8, ?9, ?10", "ittntitiii", true),
    TABLE("inbox", "id, route, unit, event, at", V5, "ittti", true),
    TABLE("activity",
          "unit_id, epoch, run, fingerprint, started, kept, cursor, source_done, total, created,"
          " updated, unchanged, skipped, held, missing, changes, source_calls, destination_calls,"
          " seen",
          V10 ", ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19", "iiitiitiiiiiiiiiiib", false),
    TABLE("ledger",
          "unit_id, generation, identity, key_signature, encoder, gen, full_done, next_seq, links,"
          " held",
          V10, "itttiiiiii", false),
    TABLE("link", "id, key, dest, hash, flags, gen", V5 ", ?6", "ittbii", false),
    TABLE("link_key", "route_id, key, id, dest, hash, flags, gen", V5 ", ?6, ?7", "ititbii", false),
    TABLE("intent", "unit_id, key, issued", V2 ", ?3", "iti", false),
    TABLE("held", "unit_id, key, placed, reason, since, attempts, next_try, hash, run, adopt", V10,
          "ititiiibit", false),
    TABLE("run",
          "id, unit_id, kind, outcome, started, ended, total, created, updated, unchanged, skipped,"
          " held, source_calls, destination_calls, error, error_kind, error_status, missing",
          V10 ", ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18", "iittiiiiiiiiiittii", true),
    TABLE("token", "name, sealed, at", V2 ", ?3", "tbi", false),
    TABLE("doubt", "unit_id, seqs", V2, "ib", false),
    TABLE("memo", "unit_id, key, value", V2 ", ?3", "itt", false),
    TABLE("making", "identity, key, route_id, until", V2 ", ?3, ?4", "ttii", false),
};

typedef struct copying {
    ds_job job; /* first */
    ds_db *from;
    ds_copied copied[DS_COUNT(tables)]; /* out */
} copying;

static void carry_value(ds_stmt *in, ds_stmt *out, int at, char type)
{
    size_t n = 0;
    const void *bytes;

    switch (type) {
    case 't':
        ds_bind_text(out, at + 1, ds_col_peek(in, at, &n));
        return;
    case 'b':
        bytes = in->ops->col_blob(in, at, &n);
        ds_bind_blob(out, at + 1, bytes || ds_col_null(in, at) ? bytes : "", n);
        return;
    default:
        ds_bind_int(out, at + 1, ds_col_int(in, at));
    }
}

static bool copy_rows(copying *c, const struct table *t, ds_db *to, int64_t *rows, ds_err *err)
{
    DS_AUTO(ds_stmt) in = ds_db_stmt(c->from, t->read, err);
    DS_AUTO(ds_stmt) out = in ? ds_db_stmt(to, t->write, err) : NULL;
    bool row;

    *rows = 0;
    if (!out)
        return false;
    while (ds_db_next(c->from, in, &row, err)) {
        if (!row)
            return true;
        for (int i = 0; t->types[i]; i++)
            carry_value(in, out, i, t->types[i]);
        if (!ds_db_run(to, out, err))
            return false;
        (*rows)++;
    }
    return false;
}

static bool copy_table(copying *c, size_t at, ds_db *to, ds_err *err)
{
    const struct table *t = &tables[at];
    int64_t rows, there = -1, arrived = -1;

    if (!copy_rows(c, t, to, &rows, err) || !ds_db_int(c->from, t->count, 0, &there, err) ||
        !ds_db_int(to, t->count, 0, &arrived, err))
        return false;
    c->copied[at] = (ds_copied){t->name, rows};
    if (rows != there || rows != arrived)
        return ds_fail(err, DS_ERR_PERMANENT,
                       "of %lld rows of table %s %lld were read and %lld arrived", (long long)there,
                       t->name, (long long)rows, (long long)arrived);
    return !t->numbers_rows || !to->ops->ids_taken || to->ops->ids_taken(to, t->name, err);
}

/* Beside `meta`, which has the store's name in any case. */
static bool is_empty(ds_db *to, ds_err *err)
{
    for (size_t i = 1; i < DS_COUNT(tables); i++) {
        int64_t rows = 0;

        if (!ds_db_int(to, tables[i].count, 0, &rows, err))
            return false;
        if (rows)
            return ds_fail(err, DS_ERR_CONFIG,
                           "store %s is not empty: table %s has %lld row%s; what it knows and what "
                           "comes cannot be made one, so name an empty one, or drop this one",
                           ds_db_path(to), tables[i].name, (long long)rows, rows == 1 ? "" : "s");
    }
    return true;
}

static bool copy_all(ds_job *job, ds_tx *tx, ds_err *err)
{
    copying *c = (copying *)job;

    if (!is_empty(tx->db, err) || !ds_db_exec(tx->db, "DELETE" FROM_META, err))
        return false;
    for (size_t i = 0; i < DS_COUNT(tables); i++) {
        if (!copy_table(c, i, tx->db, err))
            return ds_wrap(err, "copy table %s", tables[i].name);
    }
    return true;
}

bool ds_store_copy(const char *named, ds_store *to, pid_t *holder, ds_arena *a,
                   const ds_copied **out, size_t *n, ds_err *err)
{
    DS_AUTO(ds_store) held = NULL;
    DS_AUTO(ds_db) from = NULL;
    copying c = {.job.run = copy_all};
    char path[PATH_MAX]; /* a link to a store has another lock */
    int64_t units = 0;

    *holder = 0;
    if (!realpath(named, path))
        return ds_fail(err, DS_ERR_CONFIG, "there is no store at %s: %s", named, strerror(errno));
    held = ds_store_open(path, holder, err); /* of this format, and nobody else's for so long */
    from = held ? ds_db_open(path, DS_DB_READ, err) : NULL;
    if (!from || !ds_db_int(from, "SELECT count(*) FROM machine", 0, &units, err))
        return false;
    if (!units)
        return ds_fail(err, DS_ERR_CONFIG, "store %s is empty: there is nothing to copy", path);
    c.from = from;
    if (!ds_store_do(to, DS_LANE_EVENT, &c.job, err))
        return false;
    *n = DS_COUNT(tables);
    *out = memcpy(ds_arena_alloc(a, sizeof(c.copied)), c.copied, sizeof(c.copied));
    return true;
}
