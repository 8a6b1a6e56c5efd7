/* src/connectors/postgresql/reader.h - the inside of the source, shared by its files. */
#ifndef DS_CONNECTORS_POSTGRESQL_READER_H
#define DS_CONNECTORS_POSTGRESQL_READER_H

#include "connectors/postgresql/conn.h"
#include "connectors/postgresql/value.h"
#include <durable_sync/source.h>

typedef struct ds_pg_reader {
    ds_source base;
    ds_pg_settings server; /* settings */
    const char *table, *query, *key;

    ds_pg db;
    ds_arena *arena;      /* of what was found out; NULL while closed */
    const char *relation; /* quoted; NULL: a query is read */
    const char *from; /* what is read, as SQL: that, or a query in parentheses, AS durable_sync */
    const char *key_name; /* durable_sync."id" */
    size_t since_n;       /* how often the query says ${since} */
    const char *since;    /* what it stands for */
    const char **names;   /* of the columns */
    ds_pg_type *types;
    size_t columns_n, key_at;
    const char **quoted;  /* their names as SQL */
    bool *wide;           /* those that may be larger than a record can be... */
    size_t wide_n;        /* ...so many */
    const char *list;     /* all of them, as SQL */
    const char *size;     /* of a row, where it may be too large; NULL: no column is wide */
    uint64_t fingerprint; /* of all that a cursor relies on */
    int64_t total;        /* rows, for progress; -1 unknown */

    /* The stream of rows, which goes on from page to page. */
    char *stands_at; /* the cursor whose page its next row begins; NULL: there is none */
    PGresult *ahead; /* that row */
    bool streaming;  /* a statement's rows are under way */
    bool guarded;    /* they do not come where they are too large */
    bool then_nulls; /* behind them come the rows without a key */
} ds_pg_reader;

typedef struct ds_pg_spot { /* between two rows */
    int64_t rows;           /* handed out before */
    int64_t skip;           /* the last ones of them that have the same `value` */
    const char *value;      /* their key's text behind a t; "n": it is NULL; "s": the beginning */
} ds_pg_spot;

/* reader.c: what is there to read. */
DS_MUST_USE bool ds_pg_reader_open(ds_pg_reader *r, ds_activity *act, ds_err *err);
void ds_pg_reader_close(ds_pg_reader *r);
/* The error of a statement that reads as one of this source. */
bool ds_pg_reader_fail(ds_pg_reader *r, ds_err *err);
const char *ds_pg_reader_what(const ds_pg_reader *r); /* the table's name, or "`query`" */

/* since.c: ${since} of a query, bound as a timestamptz, never pasted. */
bool ds_pg_since_is_in(const char *query);
/* The query with a parameter at each place. */
const char *ds_pg_since_sql(const char *query, ds_arena *a, size_t *places);
/* Finds out what it stands for from now on; since_ms -1: a time before everything. */
DS_MUST_USE bool ds_pg_since_set(ds_pg_reader *r, int64_t since_ms, ds_err *err);
void ds_pg_since_values(const ds_pg_reader *r, const char **values); /* [since_n] */

/* guard.c: rows that are too large stay where they are. */
/* Once the columns are known; `shape` is an answer that has them. */
DS_MUST_USE bool ds_pg_guard_make(ds_pg_reader *r, const PGresult *shape, ds_err *err);
/* SELECT of all columns; `tail` is what stands behind FROM, with an OFFSET at its end. Guarded, a
 * row has its size behind them where it may be too large, and is put in order by `order`, in terms
 * of ds_pg_guard_key. */
const char *ds_pg_guard_select(const ds_pg_reader *r, bool guarded, const char *tail,
                               const char *order, ds_arena *a);
const char *ds_pg_guard_key(const ds_pg_reader *r, ds_arena *a);
/* The bytes of an answer's row that may be too large, else 0. Beyond DS_RECORD_MAX the row is
 * without its wide columns. */
size_t ds_pg_guard_size(const ds_pg_reader *r, const PGresult *res, int at);
extern const char ds_pg_guard_needed[]; /* asks whether table $1, as SQL, may have such rows */

/* stream.c: the rows from a place on. *row NULL: there are no more; else the caller frees it. */
DS_MUST_USE bool ds_pg_stream_start(ds_pg_reader *r, const ds_pg_spot *at, ds_arena *a,
                                    ds_err *err);
DS_MUST_USE bool ds_pg_stream_next(ds_pg_reader *r, ds_arena *a, PGresult **row, ds_err *err);

/* pages.c: one page of all. */
bool ds_pg_fetch(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                 ds_err *err);
/* The columns' names on this page: it may outlive the reader's own. */
const char **ds_pg_page_names(const ds_pg_reader *r, ds_arena *a);
/* Puts row `at` of an answer on the page, as the source's `row`th; returns the bytes it took. */
size_t ds_pg_add_row(const ds_pg_reader *r, const PGresult *res, int at, int64_t row,
                     const char *const *names, ds_page *page);

/* items.c: one page of named rows. */
DS_MUST_USE bool ds_pg_items_page(ds_pg_reader *r, const ds_fetch *want, ds_page *page,
                                  ds_err *err);

#endif
