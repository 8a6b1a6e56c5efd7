/* src/connectors/postgresql/write.c
 *
 * Batches of records, sorted by their properties into batches of rows.  Where rows are expected to
 * be new they are inserted first and those that were there are met; else the other way round.
 *
 * Rows are locked in the order of their keys, so that two routes that write the same ones wait for
 * each other and not in a circle.  That holds within a batch; a transaction has many.
 */
#include "connectors/postgresql/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFLICTS_MOST 4 /* of one batch; after that the pass ends */

/* Records that can be written in any order: each key once, few kinds of records. */
typedef struct segment {
    ds_pg_row *rows;
    ds_pg_plan **plan_of; /* [rows_n] */
    ds_pg_row **picked;
    size_t rows_n;
    uint32_t *slots; /* row + 1 by the key's hash */
    size_t slots_n;  /* a power of two */
    ds_pg_plan *plans[DS_SQL_PLANS];
    size_t plans_n;
} segment;

/* ---- one kind of records --------------------------------------------------------------------- */

/* Those that are expected to be new, and then the others. */
static bool put_kind(ds_pg_writer *w, const segment *s, ds_pg_plan *p, ds_err *err)
{
    for (int new_first = 1; new_first >= 0; new_first--) {
        size_t n = 0;

        for (size_t i = 0; i < s->rows_n; i++) {
            bool is_new = s->rows[i].write->op == DS_OP_CREATE && !w->look_first;

            if (s->plan_of[i] == p && !s->rows[i].done && is_new == (new_first == 1))
                s->picked[n++] = &s->rows[i];
        }
        if (n && !(new_first ? ds_pg_put_new : ds_pg_put_known)(w, p, s->picked, n, err))
            return false;
    }
    return true;
}

/* ---- records to rows ------------------------------------------------------------------------- */

/* A property of the key's name has no column: the key is there. That is worth a word where it says
 * something else. */
static void compare_key(ds_pg_writer *w, const ds_pg_plan *p, const ds_write *write)
{
    const char *text;

    if (p->base.key_at == p->base.n || w->warned_key)
        return;
    text = ds_value_text(ds_activity_arena(w->db.act), write->props[p->base.key_at].value);
    if (text && strcmp(text, write->key) == 0)
        return;
    w->warned_key = true;
    ds_activity_warn(w->db.act,
                     "column \"%s\" holds the primary key: the property \"%s\" is left out",
                     w->key_column->name, p->base.names[p->base.key_at]);
}

/* NULL; else why it cannot be written. */
static const char *fill_cells(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row *row)
{
    ds_arena *a = ds_activity_arena(w->db.act);
    const ds_write *write = row->write;
    const char *reason = p->base.refusal ? ds_arena_strdup(a, p->base.refusal)
                                         : ds_pg_fit_key(w->key_column, write->key, a);

    row->cells = ds_arena_zalloc(a, p->params_n * sizeof(*row->cells));
    row->cells[0] = (ds_pg_cell){write->key, strlen(write->key)};
    for (size_t i = 0; i < p->base.n && !reason; i++) {
        if (p->base.params[i])
            reason = ds_pg_fit(p->columns[i], write->props[i].value, a,
                               &row->cells[p->base.params[i] - 1]);
    }
    return reason;
}

static void fill(ds_pg_writer *w, const ds_pg_plan *p, ds_pg_row *row)
{
    const char *reason = fill_cells(w, p, row);

    if (reason)
        ds_pg_hold(row, reason);
    else
        compare_key(w, p, row->write);
}

/* ---- segments -------------------------------------------------------------------------------- */

static void segment_init(segment *s, size_t n, ds_arena *a)
{
    *s = (segment){.slots_n = 2};
    while (s->slots_n < n * 2)
        s->slots_n *= 2;
    s->rows = ds_arena_alloc(a, n * sizeof(*s->rows));
    s->plan_of = ds_arena_alloc(a, n * sizeof(*s->plan_of));
    s->picked = ds_arena_alloc(a, n * sizeof(*s->picked));
    s->slots = ds_arena_zalloc(a, s->slots_n * sizeof(*s->slots));
}

static uint64_t hash_of(const char *key) /* FNV-1a */
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
    return hash;
}

/* Where the key is, or would go. */
static size_t slot_of(const segment *s, const char *key)
{
    size_t at = hash_of(key) & (s->slots_n - 1);

    while (s->slots[at] && strcmp(s->rows[s->slots[at] - 1].write->key, key) != 0)
        at = (at + 1) & (s->slots_n - 1);
    return at;
}

static void note_plan(segment *s, ds_pg_plan *p)
{
    for (size_t i = 0; i < s->plans_n; i++) {
        if (s->plans[i] == p)
            return;
    }
    s->plans[s->plans_n++] = p;
}

static bool all_new(const segment *s)
{
    for (size_t i = 0; i < s->rows_n; i++) {
        if (s->rows[i].write->op != DS_OP_CREATE)
            return false;
    }
    return s->plans_n == 1 && !s->plans[0]->base.refusal;
}

/* The server begins while the rows are still being made ready. */
static bool copy_all(ds_pg_writer *w, const segment *s, ds_err *err)
{
    const ds_pg_plan *p = s->plans[0];
    size_t n = 0;

    if (!ds_pg_copy_begin(w, p, err))
        return false;
    for (size_t i = 0; i < s->rows_n; i++) {
        fill(w, p, &s->rows[i]);
        if (s->rows[i].done)
            continue;
        ds_pg_copy_add(w, p, &s->rows[i]);
        s->picked[n++] = &s->rows[i];
    }
    return ds_pg_copy_end(w, s->picked, n, err);
}

static bool put_all(ds_pg_writer *w, const segment *s, ds_err *err)
{
    if (all_new(s) && ds_pg_copy_is_worth_it(w, s->rows_n)) {
        if (!copy_all(w, s, err))
            return false;
    } else {
        for (size_t i = 0; i < s->rows_n; i++)
            fill(w, s->plan_of[i], &s->rows[i]);
    }
    for (size_t i = 0; i < s->plans_n; i++) {
        if (!put_kind(w, s, s->plans[i], err))
            return false;
    }
    return true;
}

/* A value that one row was refused for may be free by now. */
static bool put_taken(ds_pg_writer *w, const segment *s, ds_err *err)
{
    for (size_t at = 0; at < s->plans_n; at++) {
        size_t n = 0;

        for (size_t i = 0; i < s->rows_n; i++) {
            if (s->plan_of[i] == s->plans[at] && ds_pg_is_taken(&s->rows[i]))
                s->picked[n++] = &s->rows[i];
        }
        if (n && !ds_pg_put_again(w, s->plans[at], s->picked, n, err))
            return false;
    }
    return true;
}

static bool run_segment(ds_pg_writer *w, segment *s, ds_err *err)
{
    bool ok = put_all(w, s, err) && put_taken(w, s, err);

    for (size_t i = 0; i < s->rows_n && ok; i++) {
        ds_write *write = s->rows[i].write;
        bool wrote = write->outcome == DS_OUT_CREATED || write->outcome == DS_OUT_UPDATED;
        bool met = write->outcome == DS_OUT_UNCHANGED || write->outcome == DS_OUT_UPDATED;

        w->changed |= wrote;
        if (write->op != DS_OP_CREATE || !(wrote || met))
            continue;
        write->adopted = met;
        w->look_first = met || w->shape.leaves_traces;
    }
    s->rows_n = s->plans_n = 0;
    memset(s->slots, 0, s->slots_n * sizeof(*s->slots));
    return ok;
}

static bool add_write(ds_pg_writer *w, segment *s, ds_write *write, ds_err *err)
{
    ds_pg_plan *p;

    /* A plan that the segment uses must not make room for another one. */
    if ((s->slots[slot_of(s, write->key)] || s->plans_n == DS_SQL_PLANS - 1) &&
        !run_segment(w, s, err))
        return false;
    p = ds_pg_plan_for(w, write, err);
    if (!p)
        return false;
    s->rows[s->rows_n] = (ds_pg_row){.write = write};
    note_plan(s, p);
    s->slots[slot_of(s, write->key)] = (uint32_t)s->rows_n + 1;
    s->plan_of[s->rows_n++] = p;
    return true;
}

/* ---- batches --------------------------------------------------------------------------------- */

/* After an error that is not a row's, rows that were reported as written are gone with the rest. */
static bool give_up(ds_pg_writer *w)
{
    w->lost = w->changed;
    ds_pg_rollback(w);
    return false;
}

static bool start(ds_pg_writer *w, ds_activity *act, ds_err *err)
{
    w->db.act = act;
    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    return ds_pg_begin(w, err);
}

/* A key that is surely there from now on. */
static void remember_key(ds_pg_writer *w, const ds_write *writes, size_t n)
{
    while (n-- > 0) {
        if (writes[n].outcome == DS_OUT_HELD)
            continue;
        snprintf(w->probe, sizeof(w->probe), "%s", writes[n].key);
        return;
    }
}

static int by_key(const void *one, const void *two)
{
    const ds_write *a = *(ds_write *const *)one, *b = *(ds_write *const *)two;
    int order = strcmp(a->key, b->key);

    return order ? order : (a > b) - (a < b); /* of one key the later wins */
}

static ds_write **in_order(ds_write *writes, size_t n, ds_arena *a)
{
    ds_write **sorted = ds_arena_alloc(a, (n + 1) * sizeof(*sorted));

    for (size_t i = 0; i < n; i++)
        sorted[i] = &writes[i];
    qsort(sorted, n, sizeof(*sorted), by_key);
    return sorted;
}

static bool write_rows(ds_pg_writer *w, ds_write *const *sorted, size_t n, ds_err *err)
{
    segment s;

    for (size_t i = 0; i < n; i++) {
        sorted[i]->outcome = DS_OUT_NONE;
        sorted[i]->adopted = false;
        sorted[i]->reason = NULL;
    }
    segment_init(&s, n, ds_activity_arena(w->db.act));
    for (size_t i = 0; i < n; i++)
        if (!add_write(w, &s, sorted[i], err))
            return false;
    return run_segment(w, &s, err);
}

/* A deadlock, or a serialization failure: the same once more may well succeed. */
static bool is_conflict(const ds_pg_writer *w)
{
    return w->db.handle &&
           (strcmp(w->db.said.code, "40P01") == 0 || strcmp(w->db.said.code, "40001") == 0);
}

/* Once more, from the start of the transaction, and behind the other one: the server waits a little
 * first, longer with each time. */
static bool begin_again(ds_pg_writer *w, int nth, ds_err *err)
{
    const char *sql = ds_arena_printf(ds_activity_arena(w->db.act),
                                      "SELECT pg_catalog.pg_sleep(%d * (0.05 + 0.05 * "
                                      "pg_catalog.random()))",
                                      nth);
    PGresult *res;

    ds_pg_rollback(w);
    *err = DS_ERR_INIT;
    res = ds_pg_query(&w->db, sql, 0, NULL, err);
    PQclear(res);
    return res && start(w, w->db.act, err);
}

/* A conflict costs the whole transaction. Where nothing else is in it yet it is tried again here;
 * else by the next pass. */
static bool write_batch(ds_pg_writer *w, ds_write *const *sorted, size_t n, ds_err *err)
{
    size_t columns_n = w->shape.columns_n;
    bool alone = !w->changed;

    for (int nth = 1;; nth++) {
        if (write_rows(w, sorted, n, err))
            return true;
        if (!alone || nth > CONFLICTS_MOST || !is_conflict(w) || w->shape.columns_n != columns_n ||
            !begin_again(w, nth, err))
            return false;
    }
}

bool ds_pg_write(ds_destination *self, ds_activity *act, ds_write *writes, size_t n, ds_err *err)
{
    ds_pg_writer *w = (ds_pg_writer *)self;

    for (size_t i = 0; i < n; i++)
        writes[i].outcome = DS_OUT_NONE;
    if (!start(w, act, err))
        return false;
    ds_crashpoint("postgresql: before a batch");
    if (!write_batch(w, in_order(writes, n, ds_activity_arena(act)), n, err))
        return give_up(w);
    remember_key(w, writes, n);
    ds_crashpoint("postgresql: after a batch");
    return true;
}

/* ---- removing -------------------------------------------------------------------------------- */

static void note_removed(ds_pg_writer *w, const PGresult *res)
{
    for (int i = 0; i < PQntuples(res); i++) {
        w->changed = true;
        if (strcmp(PQgetvalue(res, i, 0), w->probe) == 0)
            *w->probe = '\0';
    }
}

static bool none_is_left(ds_pg_writer *w, const PGresult *res, ds_err *err)
{
    if (PQntuples(res) == 0)
        return true;
    return ds_fail(err, DS_ERR_PERMANENT,
                   "%s: the table keeps the row \"%.100s\" that is to be removed: a trigger or row "
                   "security of its own refuses it",
                   w->db.at, PQgetvalue(res, 0, 0));
}

#define KEYS "pg_catalog.unnest($1::pg_catalog.text[]) AS v (k)"

static bool remove_keys(ds_pg_writer *w, const ds_pg_cell *keys, size_t n, ds_err *err)
{
    ds_arena *a = ds_activity_arena(w->db.act);
    const char *column = ds_sql_quoted(a, w->key_column->name);
    DS_AUTO_BUF(array, DS_MIB * 16);
    const char *value;
    int length, format = 1;
    ds_pg_statement remove[2] = {
        {.n = 1, .values = &value, .lengths = &length, .formats = &format}};
    size_t remove_n = w->shape.has_own_mind ? 2 : 1;
    PGresult *results[2] = {NULL};
    bool ok;

    if (!ds_pg_text_array(&array, keys, n, 1))
        return ds_fail(err, DS_ERR_PERMANENT, "%zu keys are too many at once", n);
    value = array.data;
    length = (int)array.n;
    remove[1] = remove[0];
    remove[0].sql = ds_arena_printf(a,
                                    "DELETE FROM %s AS t USING " KEYS " WHERE t.%s " DS_PG_EQ
                                    " %s RETURNING t.%s::pg_catalog.text",
                                    w->shape.sql, column, w->key_value, column);
    remove[1].sql =
        ds_arena_printf(a, "SELECT v.k FROM " KEYS " JOIN %s AS t ON t.%s " DS_PG_EQ " %s LIMIT 1",
                        w->shape.sql, column, w->key_value);
    if (!ds_pg_run(&w->db, remove, remove_n, results, err))
        return false;
    note_removed(w, results[0]);
    ok = none_is_left(w, results[1], err);
    PQclear(results[0]);
    PQclear(results[1]);
    return ok;
}

bool ds_pg_remove(ds_destination *self, ds_activity *act, const char *const *keys,
                  const char *const *ids, size_t n, ds_err *err)
{
    ds_pg_writer *w = (ds_pg_writer *)self;
    ds_pg_cell *fit;
    size_t fit_n = 0;

    (void)ids; /* the key itself */
    if (!start(w, act, err))
        return false;
    fit = ds_arena_alloc(ds_activity_arena(act), (n + 1) * sizeof(*fit));
    for (size_t i = 0; i < n; i++) { /* a key that does not fit the column is not there */
        if (!ds_pg_fit_key(w->key_column, keys[i], ds_activity_arena(act)))
            fit[fit_n++] = (ds_pg_cell){keys[i], strlen(keys[i])};
    }
    ds_crashpoint("postgresql: before a batch");
    if (!remove_keys(w, fit, fit_n, err))
        return give_up(w);
    ds_crashpoint("postgresql: after a batch");
    return true;
}
