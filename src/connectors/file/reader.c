/* src/connectors/file/reader.c
 *
 * The window moves over the file in blocks.  A row that is cut by a block's end takes its first
 * part along into the next block; one that is longer than that is measured first with a small
 * buffer, so that a line of a gigabyte costs no memory, and read whole only when it may be.
 */
#include "connectors/file/reader.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCK (64 * DS_KIB)
#define CARRY_MOST (32 * DS_KIB) /* a longer first part is measured, not carried along */

void ds_file_reader_page(ds_file_reader *r, ds_activity *act, ds_arena *arena)
{
    r->at += (int64_t)r->pos;
    r->data = NULL;
    r->n = r->pos = 0;
    r->eof = false;
    r->act = act;
    r->arena = arena;
}

void ds_file_reader_seek(ds_file_reader *r, int64_t offset, int64_t number)
{
    r->number = number;
    if (r->data && offset >= r->at && offset <= r->at + (int64_t)r->n) {
        r->pos = (size_t)(offset - r->at);
        return;
    }
    r->data = NULL;
    r->n = r->pos = 0;
    r->at = offset;
    r->eof = false;
}

int64_t ds_file_reader_tell(const ds_file_reader *r)
{
    return r->at + (int64_t)r->pos;
}

/* A new block: what is left of the old one, then at least `want` bytes more where there are. */
static bool fill(ds_file_reader *r, size_t want, ds_err *err)
{
    size_t left = r->n - r->pos;
    char *block = ds_arena_alloc(r->arena, left + want + DS_FILE_SPARE);
    ssize_t got;

    if (ds_activity_stopping(r->act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped while reading %s", r->path);
    if (left)
        memcpy(block, r->data + r->pos, left);
    got = ds_file_read_at(r->fd, r->path, block + left, want, r->at + (int64_t)r->n, err);
    if (got < 0)
        return false;
    r->at += (int64_t)r->pos;
    r->data = block;
    r->n = left + (size_t)got;
    r->pos = 0;
    r->eof = (size_t)got < want;
    return true;
}

/* Follows the scan beyond the window without keeping anything; *len grows to the whole piece. */
static bool measure(ds_file_reader *r, ds_file_scan *s, int64_t begin, int64_t *len, ds_err *err)
{
    char bytes[16 * DS_KIB];

    while (!s->done) {
        ssize_t got;

        if (ds_activity_stopping(r->act))
            return ds_fail(err, DS_ERR_CANCELLED, "stopped while reading %s", r->path);
        got = ds_file_read_at(r->fd, r->path, bytes, sizeof(bytes), begin + *len, err);
        if (got <= 0)
            return got == 0;
        *len += (int64_t)s->step(s, bytes, (size_t)got);
    }
    return true;
}

static bool take_long(ds_file_reader *r, ds_file_scan *s, size_t looked, bool load,
                      ds_file_row *row, ds_err *err)
{
    int64_t begin = ds_file_reader_tell(r), len = (int64_t)looked;

    if (!measure(r, s, begin, &len, err))
        return false;
    *row = (ds_file_row){.offset = begin, .end = begin + len, .next = begin + len};
    r->data = NULL;
    r->n = r->pos = 0;
    r->eof = false;
    r->at = begin + len;
    if (!load || len > (int64_t)DS_RECORD_MAX + 2) /* two: the line end */
        return true;
    r->at = begin;
    if (!fill(r, (size_t)len, err))
        return false;
    row->text = r->data;
    row->n = r->pos = DS_MIN((size_t)len, r->n);
    return true;
}

bool ds_file_take(ds_file_reader *r, ds_file_scan *s, bool load, ds_file_row *row, ds_err *err)
{
    size_t looked = 0;

    for (;;) {
        if (r->n > r->pos + looked)
            looked += s->step(s, r->data + r->pos + looked, r->n - r->pos - looked);
        if (s->done || r->eof)
            break;
        if (looked >= CARRY_MOST)
            return take_long(r, s, looked, load, row, err);
        if (!fill(r, r->block ? r->block : BLOCK, err))
            return false;
    }
    *row = (ds_file_row){.text = r->data + r->pos, .n = looked, .offset = ds_file_reader_tell(r)};
    row->end = row->next = row->offset + (int64_t)looked;
    r->pos += looked;
    return true;
}

int ds_file_peek(ds_file_reader *r, ds_err *err)
{
    if (r->pos == r->n && !r->eof && !fill(r, r->block ? r->block : BLOCK, err))
        return -2;
    return r->pos < r->n ? (unsigned char)r->data[r->pos] : -1;
}

int ds_file_peek_json(ds_file_reader *r, ds_err *err)
{
    int c;

    while ((c = ds_file_peek(r, err)) == ' ' || c == '\n' || c == '\r' || c == '\t')
        r->pos++;
    return c;
}

static int64_t line_of(ds_file_reader *r, int64_t offset)
{
    char bytes[16 * DS_KIB];
    int64_t line = 1, at = 0;
    ds_err ignored = DS_ERR_INIT;

    while (at < offset) {
        size_t want = (size_t)DS_MIN((int64_t)sizeof(bytes), offset - at);
        ssize_t got = ds_file_read_at(r->fd, r->path, bytes, want, at, &ignored);

        if (got <= 0)
            break;
        for (ssize_t i = 0; i < got; i++)
            line += bytes[i] == '\n';
        at += got;
    }
    return line;
}

bool ds_file_broken(ds_file_reader *r, int64_t offset, ds_err *err, const char *fmt, ...)
{
    char text[384];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return ds_fail(err, DS_ERR_PERMANENT, "%s, line %lld (byte %lld): %s", r->path,
                   (long long)line_of(r, offset), (long long)offset + 1, text);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* An empty line; in CSV one of white space may be a row of empty fields. */
static bool is_blank(const ds_file_row *row, bool csv)
{
    if (!row->text || (csv && row->n))
        return false;
    for (size_t i = 0; i < row->n; i++)
        if (row->text[i] != ' ' && row->text[i] != '\t' && row->text[i] != '\r')
            return false;
    return true;
}

/* Takes the line end off the text: of the last line a carriage return alone, too, since a line that
 * is added behind it makes it one. */
static void trim_line(ds_file_row *row)
{
    size_t cut = 0;

    if (!row->text)
        return;
    if (row->n && row->text[row->n - 1] == '\n')
        cut = row->n > 1 && row->text[row->n - 2] == '\r' ? 2 : 1;
    else if (row->n && row->text[row->n - 1] == '\r')
        cut = 1;
    row->n -= cut;
    row->end -= (int64_t)cut;
    if (row->n > DS_RECORD_MAX)
        row->text = NULL;
}

ds_file_got ds_file_next_line(ds_file_reader *r, ds_file_row *row, ds_err *err)
{
    for (;;) {
        bool csv = r->format == DS_FILE_CSV;
        ds_file_scan s = csv ? ds_file_scan_row(r->delimiter) : ds_file_scan_line();

        if (!ds_file_take(r, &s, true, row, err))
            return DS_FILE_FAILED;
        if (row->next == row->offset)
            return DS_FILE_END;
        if (csv && !s.done && ds_file_scan_in_quotes(&s)) {
            ds_file_broken(r, row->offset, err,
                           "row:%lld begins here, and a quote in it is never closed",
                           (long long)r->number + 1);
            return DS_FILE_FAILED;
        }
        trim_line(row);
        if (!csv)
            r->number++; /* of lines all are counted, as an editor does */
        if (is_blank(row, csv))
            continue;
        if (csv)
            r->number++;
        return DS_FILE_ROW;
    }
}

/* Files that are no text in UTF-8, by how they begin: one word says more than an error a line. */
static bool is_readable(const ds_file_reader *r, ds_err *err)
{
    static const struct {
        const char *begin, *what, *remedy;
    } others[] = {
        {"\xFF\xFE", "UTF-16", "save it as UTF-8 (iconv -f utf-16 -t utf-8)"},
        {"\xFE\xFF", "UTF-16", "save it as UTF-8 (iconv -f utf-16 -t utf-8)"},
        {"\x1F\x8B", "compressed by gzip", "unpack it (gzip -d)"},
        {"\x28\xB5\x2F\xFD", "compressed by zstd", "unpack it (zstd -d)"},
        {"PK\x03\x04", "a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV"},
    };

    for (size_t i = 0; i < DS_COUNT(others); i++) {
        size_t n = strlen(others[i].begin);

        if (r->n - r->pos >= n && !memcmp(r->data + r->pos, others[i].begin, n))
            return ds_fail(err, DS_ERR_PERMANENT, "%s is %s; %s", r->path, others[i].what,
                           others[i].remedy);
    }
    return true;
}

static bool skip_byte_order_mark(ds_file_reader *r, ds_err *err)
{
    if (ds_file_peek(r, err) == -2)
        return false;
    if (!is_readable(r, err))
        return false;
    if (r->n - r->pos >= 3 && !memcmp(r->data + r->pos, "\xEF\xBB\xBF", 3))
        r->pos += 3;
    return true;
}

bool ds_file_reader_begin(ds_file_reader *r, int fd, ds_arena *own, ds_err *err)
{
    r->fd = fd;
    r->own = own;
    ds_file_reader_seek(r, 0, 0);
    if (!skip_byte_order_mark(r, err))
        return false;
    if (r->format == DS_FILE_JSON && !ds_file_json_begin(r, err))
        return false;
    if (r->format == DS_FILE_CSV && !ds_file_csv_begin(r, err))
        return false;
    r->start = ds_file_reader_tell(r);
    r->number = 0;
    return true;
}

ds_file_got ds_file_reader_next(ds_file_reader *r, ds_file_row *row, ds_err *err)
{
    return r->format == DS_FILE_JSON ? ds_file_json_next(r, row, err)
                                     : ds_file_next_line(r, row, err);
}

bool ds_file_reader_at(ds_file_reader *r, int64_t offset, ds_file_row *row, ds_err *err)
{
    ds_file_scan value = ds_file_scan_value();

    ds_file_reader_seek(r, offset, 0);
    if (r->format == DS_FILE_JSON)
        return ds_file_take(r, &value, true, row, err);
    return ds_file_next_line(r, row, err) == DS_FILE_ROW ||
           ds_fail(err, DS_ERR_TRANSIENT, "%s changed while it was read", r->path);
}
