/* src/pgstore/open.c - a store on PostgreSQL is opened, and what the shared object gives out. */
#include "pgstore/internal.h"

#include <stdio.h>
#include <stdlib.h>

/* The schema is made by whoever comes first; others wait until its tables are there. */
static bool make_schema(ds_pgs *db, ds_err *err)
{
    DS_AUTO(PGresult) there = NULL;
    DS_AUTO(PGresult) name = NULL;
    const char *const values[] = {db->schema};
    char *sql = NULL;
    bool ok;

    if (!ds_pgs_lock_setup(db, err) ||
        !ds_pgs_ask(db, "SELECT 1 FROM pg_namespace WHERE nspname = $1", 1, values, &there, err))
        return false;
    if (PQntuples(there) == 1)
        return true;
    if (!ds_pgs_ask(db, "SELECT quote_ident($1)", 1, values, &name, err))
        return false;
    if (asprintf(&sql, "CREATE SCHEMA %s", PQgetvalue(name, 0, 0)) < 0)
        ds_out_of_memory(strlen(db->schema));
    ok = ds_pgs_ask(db, sql, 0, NULL, NULL, err);
    free(sql);
    return ok;
}

ds_db *ds_pgs_open(const ds_store_at *at, ds_db_mode mode, pid_t *holder, ds_err *err)
{
    ds_pgs *db = ds_calloc(1, sizeof *db);
    DS_AUTO(ds_db) out = &db->base;
    const char *url = ds_secret_reveal(at->url);

    db->base.ops = &ds_pgs_ops;
    db->base.place = ds_strdup(at->path);
    db->url = ds_secret_new(url, strlen(url));
    db->schema = ds_strdup(at->schema);
    db->writer = mode == DS_DB_WRITE;
    db->shared = at->shared;
    db->hurry = at->hurry;
    *holder = 0;
    if (!ds_pgs_connect(db, err))
        return NULL;
    if (db->writer && (!make_schema(db, err) || !ds_pgs_take_lock(db, holder, err)))
        return NULL;
    return DS_TAKE(&out);
}

static const char *library(ds_arena *a)
{
    int version = PQlibVersion();

    return ds_arena_printf(a, "libpq %d.%d", version / 10000, version % 10000);
}

extern DS_API const ds_db_driver ds_pgstore;

const ds_db_driver ds_pgstore = {
    .bytes = sizeof(ds_db) + sizeof(ds_db_ops),
    .open = ds_pgs_open,
    .ready = ds_pgs_ready,
    .holder = ds_pgs_holder,
    .library = library,
};
