/* src/connectors/file/table.h
 *
 * The destination's file as it stands: one state of it, held open, with an index from keys to
 * rows.  Nothing here writes.
 */
#ifndef DS_CONNECTORS_FILE_TABLE_H
#define DS_CONNECTORS_FILE_TABLE_H

#include "connectors/file/index.h"
#include "connectors/file/reader.h"

typedef struct ds_file_table {
    /* The caller fills these in. */
    const char *path, *key;
    ds_file_format format;
    char delimiter;
    uint64_t seed; /* of the index */

    bool open;  /* the state is known; nothing below counts before */
    bool whole; /* the index is built: every row was read and is sound */
    ds_file_id id;
    int fd; /* -1: there is no file */
    ds_arena *own, *pages;
    ds_file_reader reader; /* empty files have nothing to read: reader.own is NULL */
    ds_file_index index;
    size_t key_column; /* CSV */
    size_t numbers;    /* JSON: rows whose key is written as a number */
} ds_file_table;

/* One row, in the arena it was read into. */
typedef struct ds_file_old {
    int64_t offset, end; /* of its text in the file */
    const char *text;    /* as it stands there */
    size_t n;
    const ds_json *doc;       /* JSON and JSON lines */
    const char *const *cells; /* CSV: values; NULL from the first missing one on */
    size_t cells_n;
} ds_file_old;

/* Takes hold of the file, if there is one. */
DS_MUST_USE bool ds_file_table_open(ds_file_table *t, ds_activity *act, ds_err *err);
/* Reads it all once. Broken files are refused here, naming the line: they are never written to. */
DS_MUST_USE bool ds_file_table_read(ds_file_table *t, ds_activity *act, ds_err *err);
void ds_file_table_close(ds_file_table *t);
/* Lets go of memory of the last caller's arena; each call from outside begins with it. */
void ds_file_table_forget(ds_file_table *t);

/* The next row that holds the key, one a call; *at starts at SIZE_MAX. */
DS_MUST_USE bool ds_file_table_each(ds_file_table *t, ds_activity *act, ds_arena *a,
                                    const char *key, size_t *at, ds_file_old *row, bool *found,
                                    ds_err *err);
/* How many rows hold the key, and the first of them, read into `a`. */
DS_MUST_USE bool ds_file_table_find(ds_file_table *t, ds_activity *act, ds_arena *a,
                                    const char *key, ds_file_old *row, size_t *n, ds_err *err);
DS_MUST_USE bool ds_file_table_row(ds_file_table *t, ds_activity *act, ds_arena *a, int64_t offset,
                                   ds_file_old *row, ds_err *err);
const char *ds_file_old_key(const ds_file_table *t, const ds_file_old *row); /* NULL: none */
/* CSV: the value under that column; NULL where the row has none. */
const char *ds_file_old_cell(const ds_file_table *t, const ds_file_old *row, const char *name);

#endif
