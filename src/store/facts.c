/* src/store/facts.c - what `plan` and `doctor` ask about the store as a whole. */
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
    *version = 0;
    return !r->db || ds_db_int(r->db, "PRAGMA user_version", 0, version, err);
}

const char *ds_store_library(void)
{
    return sqlite3_libversion();
}
