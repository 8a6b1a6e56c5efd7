/* src/connectors/postgresql/state.c
 *
 * Transactions, and the line by which a later open knows them.  The line is written in the
 * transaction of the rows, so it also tells what became of a COMMIT whose answer was lost.
 */
#include "connectors/postgresql/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the line -------------------------------------------------------------------------------- */

typedef struct line {
    bool there;
    int64_t generation;
    Oid relation, filenode;
    char probe[DS_KEY_MAX + 1];
} line;

/* `tail` " FOR UPDATE": waits for the end of a transaction that is writing it. */
static bool read_line(ds_pg_writer *w, const char *tail, line *out, ds_err *err)
{
    const char *values[] = {w->owner, w->target};
    DS_AUTO(PGresult) res = NULL;

    *out = (line){0};
    if (!w->state)
        return true;
    res = ds_pg_query(&w->db,
                      ds_arena_printf(w->arena,
                                      "SELECT generation, relation, filenode, coalesce(probe, '')"
                                      " FROM %s WHERE owner " DS_PG_EQ " $1 AND target " DS_PG_EQ
                                      " $2%s",
                                      w->state, tail),
                      2, values, err);
    if (!res)
        return false;
    if (PQntuples(res) == 0)
        return true;
    out->there = true;
    out->generation = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    out->relation = (Oid)strtoul(PQgetvalue(res, 0, 1), NULL, 10);
    out->filenode = (Oid)strtoul(PQgetvalue(res, 0, 2), NULL, 10);
    snprintf(out->probe, sizeof(out->probe), "%s", PQgetvalue(res, 0, 3));
    return true;
}

static bool key_is_there(ds_pg_writer *w, const char *key, bool *there, ds_err *err)
{
    const ds_pg_column *c = ds_pg_column_named(&w->shape, w->key);
    const char *values[] = {key};
    DS_AUTO(PGresult) res = NULL;

    *there = false;
    if (!*key || !c || !c->may_select || ds_pg_fit_key(c, key, w->arena))
        return true;
    res = ds_pg_query(&w->db,
                      ds_arena_printf(w->arena, "SELECT 1 FROM %s AS t WHERE t.%s " DS_PG_EQ " %s",
                                      w->shape.sql, ds_sql_quoted(w->arena, c->name),
                                      ds_pg_as_type(c, "$1", w->arena)),
                      1, values, err);
    *there = res && PQntuples(res) > 0;
    return res != NULL;
}

/* Its rows can be gone without a trace in the catalogue: those of an unlogged table after a crash,
 * those of a partitioned one after a TRUNCATE. */
static bool needs_probe(const ds_pg_table *t)
{
    return t->unlogged || !t->filenode;
}

/* Whether the table is still the one that was left. */
static bool same_table(ds_pg_writer *w, const line *at, bool *same, ds_err *err)
{
    *same = at->there && at->relation == w->shape.oid && w->shape.oid;
    if (!*same || (at->filenode == w->shape.filenode && !needs_probe(&w->shape)))
        return true;
    return key_is_there(w, at->probe, same, err);
}

static const ds_sql_column_mark *marks_of(const ds_pg_table *t, ds_arena *a)
{
    ds_sql_column_mark *marks = ds_arena_alloc(a, (t->columns_n + 1) * sizeof(*marks));

    for (size_t i = 0; i < t->columns_n; i++)
        marks[i] = (ds_sql_column_mark){t->columns[i].name, t->columns[i].number};
    return marks;
}

/* A column that was dropped and made again is empty. One that came by hand is of no concern to a
 * route that names its own, and to one that makes what it lacks. */
static bool same_columns(const ds_pg_writer *w, const char *known)
{
    const ds_pg_table *t = &w->shape;
    size_t then;

    return ds_sql_same_columns(known, marks_of(t, w->arena), t->columns_n, &then) &&
           (w->columns.items || w->create_table || then == t->columns_n);
}

/* One commit more than the core knows of is its crash between our commit and its own. */
bool ds_pg_state_read(ds_pg_writer *w, const char *known, ds_err *err)
{
    int64_t expected = ds_sql_generation_number(known);
    bool same;
    line at;

    if (!read_line(w, "", &at, err) || !same_table(w, &at, &same, err))
        return false;
    memcpy(w->probe, at.probe, sizeof(w->probe));
    same = same && same_columns(w, known);
    w->continues = known && same && (at.generation == expected || at.generation == expected + 1);
    /* Two steps, so that this very number is never taken for one that was just lost. */
    w->generation = w->continues ? at.generation : DS_MAX(at.generation, expected) + 2;
    return true;
}

/* ---- transactions ---------------------------------------------------------------------------- */

/* Statements, the first of them BEGIN. */
static bool begin(ds_pg_writer *w, const ds_pg_statement *statements, size_t n, PGresult **results,
                  ds_err *err)
{
    ds_err ignored = DS_ERR_INIT;

    w->in_tx = ds_pg_run(&w->db, statements, n, results, err);
    if (!w->in_tx && w->db.handle && !ds_pg_exec(&w->db, "ROLLBACK", &ignored))
        ds_pg_close(&w->db);
    return w->in_tx;
}

#define LOCK "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))"

bool ds_pg_lock(ds_pg_writer *w, ds_err *err)
{
    const char *values[] = {ds_arena_printf(w->arena, "durable-sync %s", w->target)};
    const ds_pg_statement both[] = {
        {.sql = "BEGIN"},
        {.sql = LOCK, .n = 1, .values = values},
    };

    return begin(w, both, 2, NULL, err);
}

/* What a deferred constraint would refuse at COMMIT, of some row among thousands, it refuses at the
 * end of each statement: there the row can be found. */
static bool begin_rows(ds_pg_writer *w, Oid *oid, ds_err *err)
{
    const char *values[] = {w->shape.sql};
    const ds_pg_statement all[] = {
        {.sql = "BEGIN"},
        {.sql = "SET CONSTRAINTS ALL IMMEDIATE"},
        {.sql = "SELECT pg_catalog.to_regclass($1)::pg_catalog.oid", .n = 1, .values = values},
    };
    PGresult *results[3];

    if (!begin(w, all, 3, results, err))
        return false;
    *oid = (Oid)strtoul(PQgetvalue(results[2], 0, 0), NULL, 10);
    for (size_t i = 0; i < 3; i++)
        PQclear(results[i]);
    return true;
}

bool ds_pg_begin(ds_pg_writer *w, ds_err *err)
{
    Oid oid;

    if (w->lost)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s: what was written before was rolled back",
                       w->db.at);
    if (w->in_tx)
        return true;
    if (!begin_rows(w, &oid, err))
        return false;
    if (oid == w->shape.oid)
        return true;
    ds_pg_rollback(w);
    return ds_fail(err, DS_ERR_TRANSIENT,
                   "%s: another program made the table \"%.100s\" anew meanwhile: the next pass "
                   "looks again",
                   w->db.at, w->table);
}

void ds_pg_rollback(ds_pg_writer *w)
{
    ds_err ignored = DS_ERR_INIT;

    if (w->in_tx && w->db.handle && !ds_pg_exec(&w->db, "ROLLBACK", &ignored))
        ds_pg_close(&w->db); /* which rolls back, too */
    w->in_tx = w->changed = false;
}

/* Statements, the last of them COMMIT. */
static bool commit(ds_pg_writer *w, const ds_pg_statement *statements, size_t n, ds_err *err)
{
    PGresult *results[2] = {NULL};
    bool committed;

    ds_crashpoint("postgresql: before commit");
    if (!ds_pg_run(&w->db, statements, n, results, err))
        return false;
    ds_crashpoint("postgresql: after commit");
    committed = strcmp(PQcmdStatus(results[n - 1]), "COMMIT") == 0;
    for (size_t i = 0; i < n; i++)
        PQclear(results[i]);
    w->in_tx = w->changed = false;
    return committed || ds_fail(err, DS_ERR_TRANSIENT, "%s: the server rolled back", w->db.at);
}

bool ds_pg_commit(ds_pg_writer *w, ds_err *err)
{
    const ds_pg_statement one = {.sql = "COMMIT"};

    return commit(w, &one, 1, err);
}

/* ---- what a commit leaves behind ------------------------------------------------------------- */

static ds_pg_statement put_line(ds_pg_writer *w, int64_t generation, const char **values,
                                ds_arena *a)
{
    values[0] = w->owner;
    values[1] = w->target;
    values[2] = ds_arena_printf(a, "%" PRId64, generation);
    values[3] = ds_arena_printf(a, "%u", w->shape.oid);
    values[4] = ds_arena_printf(a, "%u", w->shape.filenode);
    values[5] = *w->probe ? w->probe : NULL;
    return (ds_pg_statement){
        .sql = ds_arena_printf(
            a,
            "INSERT INTO %s AS s (owner, target, generation, relation, filenode, probe)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (owner, target) DO UPDATE"
            " SET generation = excluded.generation, relation = excluded.relation,"
            " filenode = excluded.filenode, probe = excluded.probe",
            w->state),
        .n = 6,
        .values = values};
}

/* IF NOT EXISTS alone does not see what another route is just making. */
static bool create_state(ds_pg_writer *w, ds_err *err)
{
    const char *values[] = {ds_arena_printf(w->arena, "durable-sync state %s", w->shape.schema)};
    const ds_pg_statement both[] = {
        {.sql = LOCK, .n = 1, .values = values},
        {.sql = ds_arena_printf(w->arena,
                                "CREATE TABLE IF NOT EXISTS %s (owner pg_catalog.text NOT NULL,"
                                " target pg_catalog.text NOT NULL, generation bigint NOT NULL,"
                                " relation pg_catalog.oid NOT NULL,"
                                " filenode pg_catalog.oid NOT NULL, probe pg_catalog.text,"
                                " PRIMARY KEY (owner, target)) WITH (fillfactor = 50)",
                                w->state)},
    };

    return ds_pg_run(&w->db, both, DS_COUNT(both), NULL, err);
}

static bool make_state(ds_pg_writer *w, ds_err *err)
{
    if (w->shape.state && !w->shape.may_keep_state)
        return ds_fail(err, DS_ERR_CONFIG, "%s: the table %s may not be written: %s", w->db.at,
                       w->state, ds_pg_state_remedy(w, w->arena));
    if (!w->shape.state && !w->shape.may_make)
        return ds_fail(err, DS_ERR_CONFIG, "%s: no table can be made in schema \"%.63s\": %s",
                       w->db.at, w->shape.schema, ds_pg_state_remedy(w, w->arena));
    return w->shape.state || create_state(w, err);
}

/* What other owners know of the table that was here before is void as well. */
static bool forget_lines(ds_pg_writer *w, ds_err *err)
{
    const char *values[] = {w->target};
    DS_AUTO(PGresult)
    res = ds_pg_query(
        &w->db, ds_arena_printf(w->arena, "DELETE FROM %s WHERE target " DS_PG_EQ " $1", w->state),
        1, values, err);

    return res != NULL;
}

bool ds_pg_state_begin(ds_pg_writer *w, bool table_is_new, ds_err *err)
{
    const char *values[6];
    ds_pg_statement put;

    w->state =
        ds_arena_printf(w->arena, "%s.%s", ds_sql_quoted(w->arena, w->shape.schema), DS_PG_STATE);
    if (!make_state(w, err) || (table_is_new && !forget_lines(w, err)))
        return false;
    put = put_line(w, w->generation, values, w->arena);
    return ds_pg_run(&w->db, &put, 1, NULL, err);
}

/* The connection went with the answer. A line that says the new number came with the rows; one that
 * says the old one, once nobody holds it any more, tells that they are gone. */
static bool settle_lost(ds_pg_writer *w, ds_activity *act, ds_err *err)
{
    ds_err why = *err;
    line at;

    if (!ds_pg_connect(w, act, false, err) || !read_line(w, " FOR UPDATE", &at, err))
        return ds_wrap(err, "whether a commit was done is not known");
    if (at.there && at.generation == w->generation + 1 && at.relation == w->shape.oid)
        return true;
    *err = why;
    return false;
}

static bool commit_rows(ds_pg_writer *w, ds_activity *act, ds_err *err)
{
    const char *values[6];
    ds_pg_statement both[2] = {{.sql = NULL}, {.sql = "COMMIT"}};
    bool done;

    if (!ds_pg_begin(w, err))
        return false;
    both[0] = put_line(w, w->generation + 1, values, ds_activity_arena(act));
    done = commit(w, both, 2, err) || (!w->db.handle && settle_lost(w, act, err));
    if (!done)
        ds_pg_rollback(w);
    w->in_tx = w->changed = false;
    w->lost = !done;
    w->generation += done;
    return done;
}

bool ds_pg_flush(ds_destination *self, ds_activity *act, const char **generation, ds_err *err)
{
    ds_pg_writer *w = (ds_pg_writer *)self;
    ds_arena *a = ds_activity_arena(act);

    w->db.act = act;
    if (w->lost)
        return ds_pg_begin(w, err);
    if (!w->changed && w->continues) {
        ds_pg_rollback(w); /* nothing was written: nothing is */
        return true;
    }
    if (!w->changed && !(needs_probe(&w->shape) && *w->probe))
        ds_pg_rollback(w);
    else if (!commit_rows(w, act, err))
        return false;
    w->continues = true;
    *generation = ds_sql_generation(w->generation, marks_of(&w->shape, a), w->shape.columns_n, a);
    return true;
}
