/* src/store/facts.c - what is known of the store as a whole, and of routes that have no unit yet.
 */
#include "store/internal.h"
#include "store/schema.h"

bool ds_reader_id(ds_reader *r, ds_arena *a, const char **id, ds_err *err)
{
    bool row = false;

    *id = NULL;
    if (!r->db)
        return true;

    DS_AUTO(ds_stmt) st = ds_db_stmt(r->db, "SELECT value FROM meta WHERE key = 'id'", err);

    if (!st || !ds_db_next(r->db, st, &row, err))
        return false;
    if (row)
        *id = ds_col_text(st, 0, a);
    return true;
}

bool ds_reader_format(ds_reader *r, int64_t *version, ds_err *err)
{
    int64_t application, tables;

    *version = 0;
    return !r->db || r->db->ops->marks(r->db, &application, version, &tables, err);
}

/* ---- routes whose units could not be listed -------------------------------------------------- */

bool ds_tx_listing_note(ds_tx *tx, const char *route, const char *error, ds_err *err)
{
    static const char put_sql[] = "INSERT INTO meta(key, value) VALUES('listing ' || ?1, ?2)"
                                  " ON CONFLICT(key) DO UPDATE SET value = excluded.value";
    static const char well_sql[] = "DELETE FROM meta WHERE key = 'listing ' || ?1";
    DS_AUTO(ds_stmt) st = ds_db_stmt(tx->db, error ? put_sql : well_sql, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    if (error)
        ds_bind_text(st, 2, error);
    return ds_db_run(tx->db, st, err);
}

bool ds_reader_listing(ds_reader *r, const char *route, ds_arena *a, const char **error,
                       ds_err *err)
{
    static const char sql[] = "SELECT value FROM meta WHERE key = 'listing ' || ?1";
    bool row = false;

    *error = NULL;
    if (!r->db)
        return true;

    DS_AUTO(ds_stmt) st = ds_db_stmt(r->db, sql, err);

    if (!st)
        return false;
    ds_bind_text(st, 1, route);
    if (!ds_db_next(r->db, st, &row, err))
        return false;
    if (row)
        *error = ds_col_text(st, 0, a);
    return true;
}
