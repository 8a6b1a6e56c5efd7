/* src/store/memos.c - what connectors keep between passes; losing it costs requests, no more. */
#include "base/text.h"
#include "store/internal.h"
#include "store/rows.h"

#define SHARED INT64_C(0) /* no unit has this id */
#define KEY_MOST ((size_t)2000)

static bool forget_one(ds_db *db, int64_t unit_id, const char *key, ds_err *err)
{
    static const char sql[] = "DELETE FROM memo WHERE unit_id = ? AND key = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    ds_bind_text(st, 2, key);
    return ds_db_run(db, st, err);
}

static bool put_one(ds_db *db, int64_t unit_id, const ds_memo *memo, ds_err *err)
{
    static const char sql[] = "INSERT INTO memo(unit_id, key, value) VALUES(?, ?, ?)"
                              " ON CONFLICT(unit_id, key) DO UPDATE SET value = excluded.value";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    ds_bind_text(st, 2, memo->key);
    ds_bind_text(st, 3, memo->value);
    return ds_db_run(db, st, err);
}

/* A store on a server takes nothing but text, which a header of a server's need not be, and has no
 * room in its index for a very long key. */
static bool can_be_kept(const ds_memo *memo)
{
    return memo->value && strlen(memo->key) <= KEY_MOST &&
           ds_utf8_ok(memo->value, strlen(memo->value));
}

bool ds_memos_put(ds_db *db, int64_t unit_id, const ds_memo *memos, size_t n, ds_err *err)
{
    for (size_t i = 0; i < n; i++) {
        int64_t of = memos[i].shared ? SHARED : unit_id;

        if (can_be_kept(&memos[i]) ? !put_one(db, of, &memos[i], err)
                                   : !forget_one(db, of, memos[i].key, err))
            return false;
    }
    return true;
}

bool ds_memos_forget(ds_db *db, int64_t unit_id, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, "DELETE FROM memo WHERE unit_id = ?", err);

    if (!st)
        return false;
    ds_bind_int(st, 1, unit_id);
    return ds_db_run(db, st, err);
}

bool ds_memo_get(ds_db *db, int64_t unit_id, bool shared, const char *key, ds_arena *a,
                 const char **value, ds_err *err)
{
    static const char sql[] = "SELECT value FROM memo WHERE unit_id = ? AND key = ?";
    DS_AUTO(ds_stmt) st = ds_db_stmt(db, sql, err);
    bool row = false;

    *value = NULL;
    if (!st)
        return false;
    ds_bind_int(st, 1, shared ? SHARED : unit_id);
    ds_bind_text(st, 2, key);
    if (!ds_db_next(db, st, &row, err))
        return false;
    if (row)
        *value = ds_col_text(st, 0, a);
    return true;
}
