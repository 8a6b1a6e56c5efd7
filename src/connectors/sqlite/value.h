/* src/connectors/sqlite/value.h
 *
 * Between SQLite's five storage classes and neutral values.
 *
 *   read   INTEGER -> integer (0 and 1 of a BOOLEAN column -> boolean)
 *          REAL    -> number, the shortest text that names the same double
 *          TEXT    -> text; bad UTF-8 and NUL become U+FFFD
 *          BLOB    -> text, base64
 *          NULL    -> null
 *   write  What a column's declared type would change beyond recognition does not fit: SQLite
 * itself would take "abc" into an INTEGER column and turn "007" into 7.
 */
#ifndef DS_CONNECTORS_SQLITE_VALUE_H
#define DS_CONNECTORS_SQLITE_VALUE_H

#include "connectors/sqlite/schema.h"
#include <durable_sync/value.h>

ds_value ds_sqlite_value(ds_arena *a, sqlite3_stmt *st, int at, ds_sqlite_kind kind);

/* Binds `v` as column `c` keeps it; texts are borrowed until the statement is reset. NULL; else why
 * it does not fit, in `a`. */
DS_MUST_USE const char *ds_sqlite_bind(sqlite3_stmt *st, int at, const ds_sqlite_column *c,
                                       ds_value v, ds_arena *a);
/* The same for a primary key: the column must give back the very same text. */
DS_MUST_USE const char *ds_sqlite_bind_key(sqlite3_stmt *st, int at, const ds_sqlite_column *c,
                                           const char *key, ds_arena *a);

#endif
