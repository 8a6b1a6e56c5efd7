/* src/connectors/sqlite/schema.h
 *
 * What a table looks like: its columns with what SQLite makes of their declared types, whether a
 * column can serve as a key, and which name was probably meant.
 */
#ifndef DS_CONNECTORS_SQLITE_SCHEMA_H
#define DS_CONNECTORS_SQLITE_SCHEMA_H

#include "connectors/sqlite/db.h"

/* What a declared type means. The first five are SQLite's affinities; the last three are NUMERIC to
 * SQLite, whatever their names say, and need care of their own. */
typedef enum ds_sqlite_kind {
    DS_KIND_ANY, /* none, BLOB, ANY of a STRICT table: values stay as they are */
    DS_KIND_TEXT,
    DS_KIND_INTEGER,
    DS_KIND_REAL,
    DS_KIND_NUMERIC, /* NUMERIC, DECIMAL(10,2), MONEY */
    DS_KIND_BOOL,    /* BOOLEAN: 0 and 1 */
    DS_KIND_TIME,    /* DATE, DATETIME, TIMESTAMP: text */
    DS_KIND_LOOSE,   /* STRING, JSON, UUID: text, but what looks like a number becomes one */
} ds_sqlite_kind;

typedef struct ds_sqlite_column {
    const char *name;
    const char *type; /* as declared; "" */
    ds_sqlite_kind kind;
    bool generated;
    bool is_rowid; /* INTEGER PRIMARY KEY */
} ds_sqlite_column;

typedef struct ds_sqlite_table {
    const char *name; /* as its schema spells it; NULL: there is no such table */
    const char *what; /* "table", "view", "virtual", "shadow" */
    bool without_rowid, strict;
    bool autoincrement_or_triggers; /* an INSERT that inserts nothing leaves traces all the same */
    bool rolls_back;                /* a trigger may say RAISE(ROLLBACK) */
    bool defers;                    /* foreign keys may be checked at COMMIT only */
    const char *rowid;              /* a name of the rowid that no column hides; NULL: none */
    ds_sqlite_column *columns;
    size_t columns_n, columns_cap;
    ds_arena *arena;
} ds_sqlite_table;

DS_MUST_USE bool ds_sqlite_table_read(ds_sqlite *db, const char *name, ds_arena *a,
                                      ds_sqlite_table *out, ds_err *err);
void ds_sqlite_table_add(ds_sqlite_table *t, const char *name, const char *type);
/* Names differ by more than the case of ASCII letters, as for SQLite; NULL: no such column. */
const ds_sqlite_column *ds_sqlite_column_named(const ds_sqlite_table *t, const char *name);

/* At most one row a value: a primary key or a full unique index on exactly this column that
 * compares byte by byte. */
DS_MUST_USE bool ds_sqlite_is_unique(ds_sqlite *db, const ds_sqlite_table *t,
                                     const ds_sqlite_column *c, bool *unique, ds_err *err);

/* `; did you mean "Stars"?`, or "" where nothing is near. */
const char *ds_sqlite_guess_column(const ds_sqlite_table *t, const char *name, ds_arena *a);
DS_MUST_USE bool ds_sqlite_guess_table(ds_sqlite *db, const char *name, ds_arena *a,
                                       const char **guess, ds_err *err);

#endif
