/* src/store/schema.c
 *
 * The tables, and the steps that lead to them.  Where a table's shape was chosen by measurement,
 * the comment says so; a link's id is unit << 40 | seq (see links.h).
 */
#include "store/schema.h"

static const char *const version_1[] = {
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID",
    "INSERT INTO meta VALUES('id', lower(hex(randomblob(16))))",
    "CREATE TABLE route(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",

    /* What lives: a unit, or a token owner. `state` is JSON with the status query's names. */
    "CREATE TABLE machine(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL UNIQUE,"
    " route_id INTEGER REFERENCES route, unit TEXT, logic INTEGER NOT NULL,"
    " state TEXT NOT NULL, next_due INTEGER NOT NULL DEFAULT 0,"
    " running INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0) STRICT",
    "CREATE INDEX machine_due ON machine(next_due) WHERE next_due > 0",
    "CREATE INDEX machine_running ON machine(id) WHERE running <> 0",
    "CREATE UNIQUE INDEX machine_unit ON machine(route_id, unit) WHERE kind = 'unit'",

    /* Signals that wait; unit NULL: for every unit of the route. */
    "CREATE TABLE inbox(id INTEGER PRIMARY KEY AUTOINCREMENT, route TEXT NOT NULL, unit TEXT,"
    " event TEXT NOT NULL, at INTEGER NOT NULL) STRICT",
    "CREATE INDEX inbox_to ON inbox(route, unit)",

    /* The pass that runs or is interrupted, and how far it is. `run` is the epoch it began with. */
    "CREATE TABLE activity(unit_id INTEGER PRIMARY KEY REFERENCES machine, epoch INTEGER NOT NULL,"
    " run INTEGER NOT NULL, fingerprint TEXT NOT NULL, started INTEGER NOT NULL,"
    " kept INTEGER NOT NULL DEFAULT 0, cursor TEXT, source_done INTEGER NOT NULL DEFAULT 0,"
    " total INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL DEFAULT 0,"
    " updated INTEGER NOT NULL DEFAULT 0, unchanged INTEGER NOT NULL DEFAULT 0,"
    " skipped INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0,"
    " missing INTEGER NOT NULL DEFAULT 0, changes INTEGER NOT NULL DEFAULT 0,"
    " source_calls INTEGER NOT NULL DEFAULT 0, destination_calls INTEGER NOT NULL DEFAULT 0,"
    " seen BLOB) STRICT",

    /* What a unit knows of its destination, and counters that spare counting. */
    "CREATE TABLE ledger(unit_id INTEGER PRIMARY KEY REFERENCES machine, generation TEXT,"
    " identity TEXT, key_signature TEXT, encoder INTEGER NOT NULL DEFAULT 0,"
    " gen INTEGER NOT NULL DEFAULT 1, full_done INTEGER NOT NULL DEFAULT 0,"
    " next_seq INTEGER NOT NULL DEFAULT 1, links INTEGER NOT NULL DEFAULT 0,"
    " held INTEGER NOT NULL DEFAULT 0) STRICT",

    /* The same links twice: appended in the source's order and walked in it; and by key. */
    "CREATE TABLE link(id INTEGER PRIMARY KEY, key TEXT NOT NULL, dest TEXT, hash BLOB NOT NULL,"
    " flags INTEGER NOT NULL, gen INTEGER NOT NULL) STRICT",
    "CREATE TABLE link_key(route_id INTEGER NOT NULL, key TEXT NOT NULL, id INTEGER NOT NULL,"
    " dest TEXT, hash BLOB NOT NULL, flags INTEGER NOT NULL, gen INTEGER NOT NULL,"
    " PRIMARY KEY(route_id, key)) STRICT, WITHOUT ROWID",

    "CREATE TABLE intent(unit_id INTEGER NOT NULL REFERENCES machine, key TEXT NOT NULL,"
    " issued INTEGER NOT NULL, PRIMARY KEY(unit_id, key)) STRICT, WITHOUT ROWID",

    /* `adopt`: the destination row a person named while a pass was under way. */
    "CREATE TABLE held(unit_id INTEGER NOT NULL REFERENCES machine, key TEXT NOT NULL,"
    " placed INTEGER NOT NULL, reason TEXT NOT NULL, since INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, next_try INTEGER NOT NULL, hash BLOB NOT NULL,"
    " run INTEGER NOT NULL, adopt TEXT, PRIMARY KEY(unit_id, key, placed)) STRICT, WITHOUT ROWID",

    "CREATE TABLE run(id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " unit_id INTEGER NOT NULL REFERENCES machine, kind TEXT NOT NULL, outcome TEXT NOT NULL,"
    " started INTEGER NOT NULL, ended INTEGER NOT NULL, total INTEGER NOT NULL,"
    " created INTEGER NOT NULL, updated INTEGER NOT NULL, unchanged INTEGER NOT NULL,"
    " skipped INTEGER NOT NULL, held INTEGER NOT NULL, source_calls INTEGER NOT NULL,"
    " destination_calls INTEGER NOT NULL, error TEXT, error_kind TEXT,"
    " error_status INTEGER NOT NULL) STRICT",
    "CREATE INDEX run_unit ON run(unit_id)",

    "CREATE TABLE token(name TEXT PRIMARY KEY, sealed BLOB NOT NULL, at INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID",
    NULL,
};

static const char *const version_2[] = {
    /* Links whose rows are just being written for good, by their numbers (8 bytes each). Their
     * commit takes the line away; one that is left tells which links to void. */
    "CREATE TABLE doubt(unit_id INTEGER PRIMARY KEY REFERENCES machine, seqs BLOB NOT NULL) STRICT",
    NULL,
};

static const char *const version_3[] = {
    /* Rows that were gone from the source; nobody knows how many those of older passes were. */
    "ALTER TABLE run ADD COLUMN missing INTEGER NOT NULL DEFAULT 0",
    NULL,
};

static const char *const version_4[] = {
    /* What connectors keep between passes; unit_id 0: for all routes. */
    "CREATE TABLE memo(unit_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " UNIQUE(unit_id, key)) STRICT",
    NULL,
};

static const char *const version_5[] = {
    /* Which route makes the row of a key, or has made it a moment ago: until then another one with
     * that destination may not see it. */
    "CREATE TABLE making(identity TEXT NOT NULL, key TEXT NOT NULL, route_id INTEGER NOT NULL,"
    " until INTEGER NOT NULL, PRIMARY KEY(identity, key)) STRICT, WITHOUT ROWID",
    "CREATE INDEX making_until ON making(until)",
    NULL,
};

const char *const *const ds_schema_steps[DS_STORE_VERSION] = {version_1, version_2, version_3,
                                                              version_4, version_5};

bool ds_schema_version(ds_db *db, int64_t known, int64_t *version, ds_err *err)
{
    int64_t application = 0, tables = 0;

    *version = 0;
    if (!db->ops->marks(db, &application, version, &tables, err))
        return false;
    if (application == 0 && *version == 0 && tables == 0)
        return true;
    if (application != DS_STORE_APPLICATION)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s is a database of another program, not a store; set `store` to a path of "
                       "its own",
                       ds_db_path(db));
    if (*version > known)
        return ds_fail(err, DS_ERR_CONFIG,
                       "store %s was written by a newer version of durable-sync (format %lld, this "
                       "program knows %lld); install that version again, or set `store` to another "
                       "path",
                       ds_db_path(db), (long long)*version, (long long)known);
    return true;
}

static bool take_steps(ds_db *db, int64_t version, const char *const *const *steps, size_t n,
                       ds_err *err)
{
    for (size_t i = (size_t)version; i < n; i++) {
        for (const char *const *sql = steps[i]; *sql; sql++) {
            if (!ds_db_exec(db, *sql, err))
                return ds_wrap(err, "bring the store to format %zu", i + 1);
        }
    }
    return db->ops->stamp(db, DS_STORE_APPLICATION, (int64_t)n, err) && db->ops->commit(db, err);
}

bool ds_schema_upgrade(ds_db *db, int64_t version, const char *const *const *steps, size_t n,
                       ds_err *err)
{
    if ((size_t)version >= n)
        return true;
    if (!db->ops->begin(db, err))
        return false;
    ds_crashpoint("store schema");
    if (take_steps(db, version, steps, n, err)) {
        ds_crashpoint("store schema made");
        return true;
    }
    db->ops->rollback(db);
    return false;
}
