/* src/connectors/file/reader.h
 *
 * The rows of a file, one after the other, in constant memory.  Blocks are read straight into the
 * arena the reader was given (a page's), rows are pieces of them: no row is copied, and the parser
 * works in place.
 */
#ifndef DS_CONNECTORS_FILE_READER_H
#define DS_CONNECTORS_FILE_READER_H

#include "connectors/file/disk.h"
#include "connectors/file/scan.h"
#include <durable_sync/record.h>

/* Writable bytes behind every row: the JSON reader needs four. */
#define DS_FILE_SPARE ((size_t)16)

typedef struct ds_file_reader {
    /* What to read; the caller fills these in. */
    const char *path;
    ds_file_format format;
    char delimiter;
    const char *items; /* JSON: pointer or member that holds the rows; NULL: the document */
    ds_activity *act;  /* asked between blocks whether to stop; of the present call */
    ds_arena *arena;   /* where blocks go; of the present page */
    size_t block;      /* how much to read at once; 0: the default */

    int fd;     /* borrowed */
    char *data; /* the window: what was read and not yet handed out lies behind `pos` */
    size_t n, pos;
    int64_t at; /* of data[0] in the file */
    bool eof;   /* the window reaches the end of the file */

    int64_t start;   /* of the first row in the file */
    int64_t number;  /* of the row handed out last: lines count blank ones, items and rows do not */
    int outer_depth; /* JSON: how deep the list of rows lies in the document */
    uint64_t outer_lists; /* and in what, as in ds_file_scan */
    ds_arena *own;        /* CSV: holds the header */
    const char **names;
    size_t names_n;
    int64_t header_end; /* behind its text, before its line end */
    bool crlf;          /* the header's line ends in CRLF */
} ds_file_reader;

typedef struct ds_file_row {
    char *text; /* without line end, DS_FILE_SPARE writable bytes behind it; NULL: too long */
    size_t n;
    int64_t offset, end; /* of the text in the file */
    int64_t next;        /* where the next row may begin */
} ds_file_row;

typedef enum ds_file_got { DS_FILE_FAILED, DS_FILE_ROW, DS_FILE_END } ds_file_got;

/* Finds the first row: skips a byte order mark, reads a CSV header, walks to the list that `items`
 * names. `own` outlives all pages. */
DS_MUST_USE bool ds_file_reader_begin(ds_file_reader *r, int fd, ds_arena *own, ds_err *err);
/* A new page: blocks come from `arena` now, what the old one held is forgotten. */
void ds_file_reader_page(ds_file_reader *r, ds_activity *act, ds_arena *arena);
/* Goes on at an offset that was a row's `next` (or its `offset`, to read it again). */
void ds_file_reader_seek(ds_file_reader *r, int64_t offset, int64_t number);
int64_t ds_file_reader_tell(const ds_file_reader *r);
ds_file_got ds_file_reader_next(ds_file_reader *r, ds_file_row *row, ds_err *err);
/* The one row at an offset; the place of ds_file_reader_next is lost. */
DS_MUST_USE bool ds_file_reader_at(ds_file_reader *r, int64_t offset, ds_file_row *row,
                                   ds_err *err);

/* For the formats' own files: */
/* The piece from here to its scan's end. `load`: in memory, unless longer than DS_RECORD_MAX.
 * When it meets the end of the file, s->done stays false and the piece is what was left. */
DS_MUST_USE bool ds_file_take(ds_file_reader *r, ds_file_scan *s, bool load, ds_file_row *row,
                              ds_err *err);
/* The next byte without taking it; -1 at the end of the file, -2 with *err set. */
int ds_file_peek(ds_file_reader *r, ds_err *err);
int ds_file_peek_json(ds_file_reader *r, ds_err *err); /* the same, behind white space */
/* PERMANENT: "PATH, line 3 (byte 71): text". */
DS_PRINTF(4, 5)
bool ds_file_broken(ds_file_reader *r, int64_t offset, ds_err *err, const char *fmt, ...);

DS_MUST_USE bool ds_file_json_begin(ds_file_reader *r, ds_err *err);
ds_file_got ds_file_json_next(ds_file_reader *r, ds_file_row *row, ds_err *err);
DS_MUST_USE bool ds_file_csv_begin(ds_file_reader *r, ds_err *err);
/* JSON lines and CSV rows. */
ds_file_got ds_file_next_line(ds_file_reader *r, ds_file_row *row, ds_err *err);

#endif
