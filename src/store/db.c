/* src/store/db.c - what is the same whatever database holds the store. */
#include "store/db.h"

void ds_db_close(ds_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < DS_DB_STATEMENTS_MAX; i++) {
        if (db->statements[i].st)
            db->ops->finalize(db, db->statements[i].st);
    }
    db->ops->close(db);
}

const char *ds_db_path(const ds_db *db)
{
    return db->place;
}

bool ds_db_damaged(const ds_db *db, ds_err *err, const char *what)
{
    return db->ops->damaged(db, err, what);
}

bool ds_db_exec(ds_db *db, const char *sql, ds_err *err)
{
    return db->ops->exec(db, sql, err);
}

bool ds_db_int(ds_db *db, const char *sql, int64_t other, int64_t *out, ds_err *err)
{
    ds_stmt *st = db->ops->prepare(db, sql, err);
    bool row = false;
    bool ok = st && ds_db_next(db, st, &row, err);

    *out = row ? ds_col_int(st, 0) : other;
    if (st)
        db->ops->finalize(db, st);
    return ok;
}

ds_stmt *ds_db_stmt(ds_db *db, const char *sql, ds_err *err)
{
    size_t at = (size_t)(((uintptr_t)sql >> 3) * 0x9E3779B9u % DS_DB_STATEMENTS_MAX);

    for (size_t tried = 0; db->statements[at].sql && db->statements[at].sql != sql; tried++) {
        assert(tried < DS_DB_STATEMENTS_MAX); /* raise it when the store knows more statements */
        at = (at + 1) % DS_DB_STATEMENTS_MAX;
    }
    if (db->statements[at].sql) {
        assert(!db->ops->is_lent(db->statements[at].st)); /* lent to one at a time */
        return db->statements[at].st;
    }
    db->statements[at].st = db->ops->prepare(db, sql, err);
    if (db->statements[at].st)
        db->statements[at].sql = sql;
    return db->statements[at].st;
}

bool ds_db_next(ds_db *db, ds_stmt *st, bool *row, ds_err *err)
{
    return db->ops->next(db, st, row, err);
}

bool ds_db_run(ds_db *db, ds_stmt *st, ds_err *err)
{
    return db->ops->run(db, st, NULL, err);
}

bool ds_db_run_counted(ds_db *db, ds_stmt *st, int64_t *changes, ds_err *err)
{
    return db->ops->run(db, st, changes, err);
}

bool ds_db_settle(ds_db *db, ds_err *err)
{
    return db->ops->settle(db, err);
}

bool ds_db_run_met(ds_db *db, ds_stmt *st, bool *met, ds_err *err)
{
    int64_t changes = 0;
    bool ok = ds_db_run_counted(db, st, &changes, err) && ds_db_settle(db, err);

    *met = changes > 0;
    return ok;
}

bool ds_db_view(ds_db *db, ds_err *err)
{
    return db->ops->view(db, err);
}

void ds_db_view_end(ds_db *db)
{
    db->ops->view_end(db);
}
