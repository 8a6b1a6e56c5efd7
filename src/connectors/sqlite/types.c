/* src/connectors/sqlite/types.c
 *
 * Which type the values of a column have.  A declared type binds SQLite only in part: it makes a
 * number of what looks like one, and keeps whatever else comes.  So numbers and booleans are
 * believed where the first rows are as declared.  What a query or a view gives is not known.
 */
#include "connectors/sqlite/reader.h"

#include <string.h>

#define LOOKED_AT 1000 /* rows */

/* Of what is declared so; DS_ABSENT: anything may come. */
static ds_type type_of(const ds_sqlite_column *c)
{
    switch (c->kind) {
    case DS_KIND_TEXT: /* numbers become text, blobs are read as text */
        return DS_TEXT;
    case DS_KIND_INTEGER:
        return DS_INT;
    case DS_KIND_REAL:
    case DS_KIND_NUMERIC:
        return DS_NUMBER;
    case DS_KIND_BOOL:
        return DS_BOOL;
    case DS_KIND_ANY:
    case DS_KIND_TIME:
    case DS_KIND_LOOSE:
        break;
    }
    return DS_ABSENT;
}

/* An aggregate that is 0 where one of the rows has something else; 1 where nothing needs a look. */
static const char *test_of(ds_type type)
{
    switch (type) {
    case DS_INT:
        return "typeof(%s) IN ('integer', 'null')";
    case DS_NUMBER:
        return "typeof(%s) IN ('integer', 'real', 'null')";
    case DS_BOOL:
        return "coalesce(%s IN (0, 1), 1)";
    default:
        return NULL;
    }
}

static void add_test(ds_buf *sql, const ds_sqlite_column *c)
{
    const char *test = test_of(type_of(c)), *name = test ? strstr(test, "%s") : NULL;

    if (!test) {
        ds_buf_text(sql, "1");
        return;
    }
    ds_buf_printf(sql, "coalesce(min(%.*s", (int)(name - test), test);
    ds_sql_name(sql, c->name);
    ds_buf_printf(sql, "%s), 1)", name + 2);
}

/* One row: of each column whether the first rows are as it is declared. */
static sqlite3_stmt *look(ds_sqlite_reader *r, ds_err *err)
{
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);

    ds_buf_text(&sql, "SELECT ");
    for (size_t i = 0; i < r->shape.columns_n; i++) {
        ds_buf_text(&sql, i ? ", " : "");
        add_test(&sql, &r->shape.columns[i]);
    }
    ds_buf_printf(&sql, ", count(*) FROM (SELECT * FROM %s LIMIT %d)", r->from, LOOKED_AT);
    return ds_buf_ok(&sql, "a look at the types", err) ? ds_sqlite_prepare(&r->db, sql.data, err)
                                                       : NULL;
}

bool ds_sqlite_describe(ds_source *self, ds_activity *act, const ds_property **out, size_t *n,
                        ds_err *err)
{
    ds_sqlite_reader *r = (ds_sqlite_reader *)self;
    ds_arena *a = ds_activity_arena(act);
    ds_property *all = ds_arena_alloc(a, (r->shape.columns_n + 1) * sizeof(*all));

    *out = all;
    *n = 0;
    if (!r->table || strcmp(r->shape.what, "table") != 0)
        return true;

    DS_AUTO(sqlite3_stmt) st = look(r, err);

    if (!st)
        return false;
    if (sqlite3_step(st) != SQLITE_ROW)
        return ds_sqlite_fail(&r->db, err, "look at the types of \"%.100s\"", r->table);
    for (size_t i = 0; i < r->shape.columns_n; i++) {
        const ds_sqlite_column *c = &r->shape.columns[i];

        if (sqlite3_column_int(st, (int)i))
            all[(*n)++] = (ds_property){ds_arena_strdup(a, c->name), type_of(c)};
    }
    return true;
}
