/* src/connectors/sqlite/reader.h - the inside of the source, shared by its files. */
#ifndef DS_CONNECTORS_SQLITE_READER_H
#define DS_CONNECTORS_SQLITE_READER_H

#include "connectors/sqlite/schema.h"
#include <durable_sync/source.h>

/* In which order rows are read. Each lets a page start behind the last one's end by itself. */
typedef enum ds_sqlite_order {
    DS_ORDER_KEY,      /* the key has an index of its own */
    DS_ORDER_ROWID,    /* the table's own order; a VACUUM starts over */
    DS_ORDER_SNAPSHOT, /* neither: sorted by key into a temporary table first */
} ds_sqlite_order;

typedef struct ds_sqlite_reader {
    ds_source base;
    const char *path, *table, *query, *key, *since_as; /* settings */

    ds_sqlite db;
    ds_arena *arena; /* of what the schema says; NULL while closed */
    ds_sqlite_table shape;
    size_t key_at; /* of shape.columns */
    ds_sqlite_order order;
    const char *from;     /* what is read, as SQL: a quoted name or a query in parentheses */
    size_t since_n;       /* how often the query says ${since} */
    const char *list;     /* its columns, as SQL */
    const char *position; /* the column that pages are cut by, as SQL */
    int64_t schema_version;
    uint64_t fingerprint; /* of all that a cursor relies on */
    int64_t total;        /* rows, for progress; -1: not counted yet */
    sqlite3_stmt *first, *next;
    const char **names; /* of the columns, on the page being filled: it may outlive this look */
    char *stands_at;    /* SNAPSHOT: the cursor whose page the next row begins; NULL: none taken */
    int64_t taken;      /* SNAPSHOT: rows of it handed out */
} ds_sqlite_reader;

/* reader.c: what is there to read. */
DS_MUST_USE bool ds_sqlite_reader_open(ds_sqlite_reader *r, ds_activity *act, ds_err *err);
void ds_sqlite_reader_close(ds_sqlite_reader *r);

/* since.c: ${since} of a query, bound as a value, never pasted. */
/* The query with a parameter at each place. */
const char *ds_sqlite_since_sql(const char *query, ds_arena *a, size_t *places);
/* CONFIG where the statement of that query has other parameters, or not all of these. */
DS_MUST_USE bool ds_sqlite_since_check(const ds_sqlite_reader *r, sqlite3_stmt *st, ds_err *err);
/* since_ms -1: a time before everything. */
void ds_sqlite_since_bind(const ds_sqlite_reader *r, sqlite3_stmt *st, int64_t since_ms,
                          ds_arena *a);

/* types.c: what is known of the columns' types. */
bool ds_sqlite_describe(ds_source *self, ds_activity *act, const ds_property **out, size_t *n,
                        ds_err *err);

/* pages.c: one page of it. */
bool ds_sqlite_fetch(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                     ds_err *err);

#endif
