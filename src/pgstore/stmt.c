/* src/pgstore/stmt.c
 *
 * Prepared statements.  A statement is prepared when it first runs on a connection, since only its
 * parameters tell their types.  All values travel in their binary form: whole numbers as 8 bytes,
 * text and bytes as they are.
 */
#include "pgstore/internal.h"

#include "store/schema.h"
#include <stdio.h>
#include <stdlib.h>

enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT4 = 23, OID_TEXT = 25 };

static ds_pgs_stmt *of(ds_stmt *st)
{
    return (ds_pgs_stmt *)st;
}

static bool changes_rows(const char *sql)
{
    static const char *const verbs[] = {"INSERT", "UPDATE", "DELETE"};

    for (size_t i = 0; i < DS_COUNT(verbs); i++) {
        if (strncmp(sql, verbs[i], strlen(verbs[i])) == 0)
            return true;
    }
    return false;
}

ds_stmt *ds_pgs_prepare(ds_db *base, const char *sql, ds_err *err)
{
    ds_pgs *db = (ds_pgs *)base;
    ds_pgs_stmt *st = ds_calloc(1, sizeof *st);

    (void)err;
    st->base.ops = &ds_pgs_ops;
    st->db = db;
    st->id = ++db->statements;
    st->row = -1;
    st->writes = changes_rows(sql);
    st->text = ds_pgs_statement(sql, &st->n);
    st->batch_text = ds_pgs_batch_text(st->text, st->n);
    return &st->base;
}

void ds_pgs_finalize(ds_db *db, ds_stmt *base)
{
    ds_pgs_stmt *st = of(base);

    (void)db;
    PQclear(st->res);
    free(st->batch_text);
    free(st->text);
    free(st);
}

/* ---- running --------------------------------------------------------------------------------- */

bool ds_pgs_send_one(ds_pgs_stmt *st, ds_pgs_due due, ds_err *err)
{
    static const int binary[DS_PGS_PARAMS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                                  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    ds_pgs *db = st->db;
    char name[24];

    if (!ds_pgs_batch_send(db, err))
        return false;
    if (!db->handle)
        return ds_pgs_fail_lost(db, err);
    db->wrote |= st->writes;
    snprintf(name, sizeof name, "s%u", st->id);
    if (st->session != db->session) {
        st->session = db->session;
        if (PQsendPrepare(db->handle, name, st->text, st->n, st->types) &&
            !ds_pgs_expect(db, (ds_pgs_due){.prepares = st}, err))
            return false;
    }
    if (!PQsendQueryPrepared(db->handle, name, st->n, st->values, st->lengths, binary, 1)) {
        return ds_pgs_fail_lost(db, err);
    }
    return ds_pgs_expect(db, due, err);
}

bool ds_pgs_next(ds_db *db, ds_stmt *base, bool *row, ds_err *err)
{
    ds_pgs_stmt *st = of(base);

    *row = false;
    if (!st->res &&
        (!ds_pgs_send_one(st, (ds_pgs_due){.rows = st}, err) || !ds_pgs_settle(db, err)))
        return false;
    *row = st->row + 1 < PQntuples(st->res);
    st->row += *row;
    return true;
}

bool ds_pgs_run(ds_db *db, ds_stmt *base, int64_t *changes, ds_err *err)
{
    ds_pgs_stmt *st = of(base);

    (void)db;
    if (st->batch_text)
        return ds_pgs_batch_add(st, changes, err);
    return ds_pgs_send_one(st, (ds_pgs_due){.changes = changes}, err);
}

static bool is_lent(ds_stmt *st)
{
    return of(st)->res != NULL;
}

static void reset(ds_stmt *base)
{
    ds_pgs_stmt *st = of(base);

    PQclear(st->res);
    st->res = NULL;
    st->row = -1;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void bind(ds_stmt *base, int at, Oid type, const char *value, size_t n)
{
    ds_pgs_stmt *st = of(base);

    assert(at >= 1 && at <= st->n && n <= INT32_MAX);
    st->types[at - 1] = type;
    st->values[at - 1] = value;
    st->lengths[at - 1] = (int)n;
}

static void bind_int(ds_stmt *base, int at, int64_t value)
{
    uint8_t *kept = of(base)->ints[at - 1];

    for (unsigned i = 0; i < 8; i++)
        kept[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    bind(base, at, OID_INT8, (const char *)kept, 8);
}

static void bind_text(ds_stmt *st, int at, const char *text)
{
    bind(st, at, OID_TEXT, text, text ? strlen(text) : 0);
}

static void bind_blob(ds_stmt *st, int at, const void *data, size_t n)
{
    bind(st, at, OID_BYTEA, data, n);
}

static bool col_null(ds_stmt *st, int at)
{
    return PQgetisnull(of(st)->res, of(st)->row, at) != 0;
}

/* Big-endian, in as many bytes as the type has: truths one, counts four or eight. */
static int64_t col_int(ds_stmt *base, int at)
{
    const ds_pgs_stmt *st = of(base);
    Oid type = PQftype(st->res, at);
    const unsigned char *bytes = (const unsigned char *)PQgetvalue(st->res, st->row, at);
    int n = PQgetlength(st->res, st->row, at);
    uint64_t value = 0;

    if (type != OID_INT8 && type != OID_INT4 && type != OID_BOOL)
        return 0;
    for (int i = 0; i < n && i < 8; i++)
        value = value << 8 | bytes[i];
    return type == OID_INT4 ? (int32_t)value : (int64_t)value;
}

static const void *col_blob(ds_stmt *base, int at, size_t *n)
{
    const ds_pgs_stmt *st = of(base);

    *n = (size_t)PQgetlength(st->res, st->row, at);
    return col_null(base, at) ? NULL : PQgetvalue(st->res, st->row, at);
}

static const char *col_text(ds_stmt *st, int at, size_t *n)
{
    return col_blob(st, at, n);
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool exec(ds_db *base, const char *sql, ds_err *err)
{
    ds_pgs *db = (ds_pgs *)base;
    char *text = ds_pgs_definition(sql);
    bool ok = ds_pgs_ask(db, text, 0, NULL, NULL, err);

    free(text);
    db->wrote = true;
    return ok;
}

static bool view(ds_db *base, ds_err *err)
{
    return ds_pgs_send((ds_pgs *)base, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0, NULL,
                       (ds_pgs_due){0}, err);
}

static bool now(ds_db *db, int64_t *ms, ds_err *err)
{
    static const char sql[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    DS_AUTO(PGresult) res = NULL;

    if (!ds_pgs_ask((ds_pgs *)db, sql, 0, NULL, &res, err))
        return false;
    *ms = atoll(PQgetvalue(res, 0, 0));
    return true;
}

static ds_db_fate fate(ds_db *base)
{
    const ds_pgs *db = (const ds_pgs *)base;

    if (!db->handle)
        return DS_DB_AWAY;
    return PQtransactionStatus(db->handle) == PQTRANS_IDLE ? DS_DB_TRANSACTION_OVER : DS_DB_GOES_ON;
}

/* How many relations the schema has, and what the table `meta` says where it is ours. */
static bool marks(ds_db *base, int64_t *application, int64_t *version, int64_t *tables, ds_err *err)
{
    ds_pgs *db = (ds_pgs *)base;
    DS_AUTO(PGresult) res = NULL;
    DS_AUTO(PGresult) format = NULL;
    const char *const values[] = {db->schema};

    *application = *version = 0;
    if (!ds_pgs_ask(db,
                    "SELECT count(*), count(*) FILTER (WHERE relname = 'meta' AND relkind = 'r')"
                    " FROM pg_class WHERE relkind IN ('r', 'v', 'm', 'p', 'f') AND relnamespace ="
                    " (SELECT oid FROM pg_namespace WHERE nspname = $1)",
                    1, values, &res, err))
        return false;
    *tables = atoll(PQgetvalue(res, 0, 0));
    if (strcmp(PQgetvalue(res, 0, 1), "1") != 0)
        return true;
    if (!ds_pgs_ask(db, "SELECT value FROM meta WHERE key = 'format'", 0, NULL, &format, err))
        return false;
    if (PQntuples(format) != 1)
        return true;
    *version = atoll(PQgetvalue(format, 0, 0));
    *application = DS_STORE_APPLICATION;
    return true;
}

static bool stamp(ds_db *base, int64_t application, int64_t version, ds_err *err)
{
    char text[24];
    const char *const values[] = {text};

    (void)application;
    snprintf(text, sizeof text, "%lld", (long long)version);
    return ds_pgs_ask((ds_pgs *)base,
                      "INSERT INTO meta(key, value) VALUES('format', $1)"
                      " ON CONFLICT(key) DO UPDATE SET value = excluded.value",
                      1, values, NULL, err);
}

/* The server looks after its own files; what can be seen from here is that all can be read. */
static bool quick_check(ds_db *base, ds_arena *a, const char **finding, ds_err *err)
{
    (void)a;
    *finding = NULL;
    return ds_pgs_ask((ds_pgs *)base, "SELECT count(*) FROM machine, meta", 0, NULL, NULL, err);
}

static void close_db(ds_db *base)
{
    ds_pgs *db = (ds_pgs *)base;

    ds_pgs_leave(db);
    ds_pgs_lose(db);
    ds_secret_free(db->url);
    free(db->schema);
    free((char *)(uintptr_t)base->place);
    free(db);
}

static bool ids_taken(ds_db *base, const char *table, ds_err *err)
{
    char sql[256];

    snprintf(sql, sizeof sql,
             "SELECT setval(pg_get_serial_sequence('%s', 'id'), greatest(max(id), 1), max(id) IS"
             " NOT NULL) FROM %s",
             table, table);
    return ds_pgs_ask((ds_pgs *)base, sql, 0, NULL, NULL, err);
}

const ds_db_ops ds_pgs_ops = {
    .close = close_db,
    .exec = exec,
    .prepare = ds_pgs_prepare,
    .finalize = ds_pgs_finalize,
    .is_lent = is_lent,
    .next = ds_pgs_next,
    .run = ds_pgs_run,
    .settle = ds_pgs_settle,
    .reset = reset,
    .bind_int = bind_int,
    .bind_text = bind_text,
    .bind_blob = bind_blob,
    .col_int = col_int,
    .col_text = col_text,
    .col_blob = col_blob,
    .col_null = col_null,
    .begin = ds_pgs_begin,
    .commit = ds_pgs_commit,
    .rollback = ds_pgs_rollback,
    .view = view,
    .view_end = ds_pgs_rollback,
    .damaged = ds_pgs_damaged,
    .fate = fate,
    .come_back = ds_pgs_come_back,
    .ids_taken = ids_taken,
    .now = now,
    .marks = marks,
    .stamp = stamp,
    .quick_check = quick_check,
};
