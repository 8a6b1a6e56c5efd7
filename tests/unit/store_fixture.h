/* tests/unit/store_fixture.h - a store in a directory of its own, and jobs as plain functions.
 *
 * With STORE_ON_POSTGRESQL it is a schema of its own on the server that $DS_PG_URL names.
 */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include "store/internal.h"
#include "store/sqlite.h"
#include "support/run.h"
#include "support/tmpdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef STORE_ON_POSTGRESQL
#include "store/driver.h"
#include <libpq-fe.h>
extern const ds_db_driver ds_pgstore;
#endif

#define NOW INT64_C(1700000000000)

typedef struct fixture {
    tmpdir *dir;
    const char *path;
    ds_store_at at;
    ds_secret *url; /* what `at` names, where that is a server */
    ds_store *store;
    ds_err err;
} fixture;

/* Fails the test with what the store said. */
#define must(f, call)                                                                              \
    do {                                                                                           \
        if (!(call))                                                                               \
            fail_msg("%s", (f)->err.text);                                                         \
    } while (0)

/* A test that makes its fixture by hand says the path alone. */
static inline const ds_store_at *at_of(fixture *f)
{
    if (!f->at.path)
        f->at.path = f->path;
    return &f->at;
}

static inline void fixture_open(fixture *f)
{
    f->err = DS_ERR_INIT;
    f->store = ds_store_open_at(at_of(f), NULL, &f->err);
    if (!f->store)
        fail_msg("%s", f->err.text);
}

#ifdef STORE_ON_POSTGRESQL
static inline void fixture_place(fixture *f)
{
    const char *url = getenv("DS_PG_URL");

    if (!url)
        fail_msg("run it by tests/support/pgserver.py");
    f->url = ds_secret_new(url, strlen(url));
    f->at = (ds_store_at){.path = f->path,
                          .driver = &ds_pgstore,
                          .url = f->url,
                          .schema = ds_arena_printf(scratch, "s %s", f->path)};
}
#else
static inline void fixture_place(fixture *f)
{
    f->at = (ds_store_at){.path = f->path};
}
#endif

static inline fixture fixture_new(void)
{
    fixture f = {.dir = tmpdir_new(), .err = DS_ERR_INIT};

    f.path = tmpdir_file(f.dir, "s.db");
    fixture_place(&f);
    fixture_open(&f);
    return f;
}

static inline void fixture_reopen(fixture *f)
{
    ds_store_close(f->store);
    fixture_open(f);
}

static inline void fixture_end(fixture *f)
{
    ds_store_close(f->store);
    ds_secret_free(f->url);
    tmpdir_free(f->dir);
}

/* ---- a function as a job --------------------------------------------------------------------- */

typedef bool (*in_tx)(ds_tx *tx, void *arg, ds_err *err);

typedef struct call_job {
    ds_job base;
    in_tx fn;
    void *arg;
} call_job;

static inline bool call_run(ds_job *job, ds_tx *tx, ds_err *err)
{
    call_job *call = (call_job *)job;

    return call->fn(tx, call->arg, err);
}

static inline bool do_tx(fixture *f, in_tx fn, void *arg)
{
    call_job call = {.base = {.run = call_run}, .fn = fn, .arg = arg};

    f->err = DS_ERR_INIT;
    return ds_store_do(f->store, DS_LANE_EVENT, &call.base, &f->err);
}

static inline bool exec_in_tx(ds_tx *tx, void *sql, ds_err *err)
{
    return ds_db_exec(tx->db, sql, err);
}

/* ---- units ----------------------------------------------------------------------------------- */

typedef struct unit_call {
    const char *route, *unit;
    const char *fingerprint; /* NULL: starts no activity */
    bool fresh;
    ds_unit_row *row;
} unit_call;

static inline bool unit_in_tx(ds_tx *tx, void *arg, ds_err *err)
{
    unit_call *call = arg;

    if (!ds_tx_unit_get(tx, call->route, call->unit, scratch, &call->row, err))
        return false;
    if (!call->row && !ds_tx_unit_add(tx, call->route, call->unit, NOW, scratch, &call->row, err))
        return false;
    return !call->fingerprint ||
           ds_tx_activity_start(tx, call->row, call->fingerprint, call->fresh, NOW, err);
}

/* The unit's row; made where there is none. */
static inline ds_unit_row *unit_of(fixture *f, const char *route, const char *unit)
{
    unit_call call = {.route = route, .unit = unit};

    must(f, do_tx(f, unit_in_tx, &call));
    return call.row;
}

static inline ds_unit_row *start_pass(fixture *f, const char *route, const char *unit,
                                      const char *fingerprint, bool fresh)
{
    unit_call call = {.route = route, .unit = unit, .fingerprint = fingerprint, .fresh = fresh};

    must(f, do_tx(f, unit_in_tx, &call));
    return call.row;
}

static inline bool end_in_tx(ds_tx *tx, void *arg, ds_err *err)
{
    return ds_tx_activity_end(tx, arg, err);
}

static inline void end_pass(fixture *f, ds_unit_row *row)
{
    must(f, do_tx(f, end_in_tx, row));
}

static inline ds_ledger *ledger_of(fixture *f, const ds_unit_row *row)
{
    ds_ledger *l = ds_store_ledger(f->store, row->id, row->epoch, &f->err);

    if (!l)
        fail_msg("%s", f->err.text);
    return l;
}

/* A fresh pass of a route's unit, and its ledger. */
static inline ds_ledger *pass_of(fixture *f, const char *route, const char *unit)
{
    return ledger_of(f, start_pass(f, route, unit, "fp", true));
}

static inline ds_ledger_begin begin_of(fixture *f, ds_ledger *l)
{
    ds_ledger_begin begin;

    must(f, l->ops->begin(l, scratch, &begin, &f->err));
    return begin;
}

static inline bool commit_to(fixture *f, ds_ledger *l, ds_commit c)
{
    f->err = DS_ERR_INIT;
    return l->ops->commit(l, &c, &f->err);
}

/* ---- seen from outside ------------------------------------------------------------------------
 */

/* SQL of somebody else, who comes by the database's own library. */
#ifdef STORE_ON_POSTGRESQL
static inline void tamper_here(fixture *f, const char *sql)
{
    PGconn *handle = PQconnectdb(getenv("DS_PG_URL"));
    PGresult *res =
        PQexec(handle, ds_arena_printf(scratch, "SET search_path = \"%s\"; %s", f->at.schema, sql));

    if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
        fail_msg("%s", PQerrorMessage(handle));
    PQclear(res);
    PQfinish(handle);
}
#else
static inline void tamper_here(fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;

    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    sqlite3_close(db);
}
#endif

static inline void tamper(fixture *f, const char *sql)
{
    ds_store_close(f->store);
    tamper_here(f, sql);
    fixture_open(f);
}

static inline ds_reader *reader_of(fixture *f)
{
    ds_reader *r = ds_reader_open_at(at_of(f), &f->err);

    must(f, r);
    return r;
}

#define assert_says(f, kind_, part)                                                                \
    do {                                                                                           \
        assert_int_equal((f)->err.kind, (kind_));                                                  \
        if (!strstr((f)->err.text, (part)))                                                        \
            fail_msg("%s", (f)->err.text);                                                         \
    } while (0)

/* ---- links ----------------------------------------------------------------------------------- */

static inline size_t walk_all(fixture *f, ds_ledger *l, const ds_link **out)
{
    size_t n;

    must(f, l->ops->walk(l, 0, 100, scratch, out, &n, &f->err));
    return n;
}

static inline ds_link_match match_one(fixture *f, ds_ledger *l, const char *key)
{
    ds_link_match match;

    must(f, l->ops->match(l, &key, 1, scratch, &match, &f->err));
    return match;
}

#define LINK(seq_, key_, low_)                                                                     \
    {                                                                                              \
        .link = {.seq = (seq_), .key = (key_), .hash = {.low = (low_), .high = 9}}, .is_new = true \
    }

#define PUTS(list) .puts = (list), .puts_n = DS_COUNT(list)

#endif
