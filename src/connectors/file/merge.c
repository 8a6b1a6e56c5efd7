/* src/connectors/file/merge.c
 *
 * First the plan: for each key's last entry in the journal, the rows of the old file that it
 * concerns, or a place behind them.  Then one walk over the old file: what the plan does not name
 * is copied in long stretches, byte for byte.
 */
#include "connectors/file/merge.h"
#include "connectors/file/csv.h"
#include "connectors/file/row.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUT_MOST (256 * DS_KIB)
#define ARENA_MOST (4 * DS_MIB) /* what is read on the way is forgotten after that much */

typedef struct edit {
    int64_t offset; /* of the row in the old file */
    int64_t entry;  /* in the journal */
} edit;

typedef struct merge {
    const ds_file_merge_in *in;
    ds_file_table *t;
    ds_file_journal *j;
    ds_arena *rows, *entries; /* blocks and rows of either file */
    ds_arena *own;
    edit *edits;
    size_t edits_n, edits_cap, next;
    int64_t *appends; /* entries, in the journal's order */
    size_t appends_n, appends_cap;
    ds_names columns; /* CSV: the header as it will be */
    size_t old_columns;
    int fd; /* of the new file */
    ds_buf out;
    char last;      /* byte written */
    int64_t copied; /* the old file up to here is dealt with */
    /* JSON */
    size_t kept;    /* items in the new list so far */
    int64_t behind; /* the end of the item before, or the list's begin */
    int64_t first;  /* where the first item begins; -1: there is none */
} merge;

static void *room(void *items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 256;
    return ds_realloc(items, *cap, size);
}

static void release(merge *m)
{
    ds_arena_free(m->rows);
    ds_arena_free(m->entries);
    ds_arena_free(m->own);
    free(m->edits);
    free(m->appends);
    ds_buf_fini(&m->out);
    if (m->fd >= 0)
        close(m->fd);
}

/* ---- the plan -------------------------------------------------------------------------------- */

/* Names that the header does not have yet. A row that exists needs no column for a null. */
static bool plan_columns(merge *m, ds_file_entry *entry, bool exists, ds_err *err)
{
    ds_json_iter it;
    const ds_json *value;

    if (m->t->format != DS_FILE_CSV)
        return true;
    if (!ds_file_entry_set(entry, m->entries, err))
        return false;
    it = ds_json_iterate(entry->set);
    while ((value = ds_json_next(&it)) != NULL) {
        if (ds_names_find(&m->columns, it.name) != SIZE_MAX ||
            (exists &&
             (ds_json_kind_of(value) == DS_JSON_NULL || !ds_file_entry_get(entry, it.name))))
            continue;
        if (m->columns.n == DS_PROPERTIES_MAX)
            return ds_fail(err, DS_ERR_PERMANENT, "%s would have more than %zu columns", m->t->path,
                           DS_PROPERTIES_MAX);
        ds_names_add(&m->columns, ds_arena_strdup(m->own, it.name));
    }
    return true;
}

static bool plan_entry(merge *m, ds_file_entry *entry, ds_err *err)
{
    bool takes_all = entry->gone || entry->fresh, found = true, exists = false;
    size_t at = SIZE_MAX;

    while (found) {
        ds_file_old row;

        if (!ds_file_table_each(m->t, m->in->act, m->rows, entry->key, &at, &row, &found, err))
            return false;
        if (!found || (exists && !takes_all))
            break;
        exists = true;
        m->edits = room(m->edits, m->edits_n, &m->edits_cap, sizeof(*m->edits));
        m->edits[m->edits_n++] = (edit){row.offset, entry->offset};
    }
    if (entry->gone)
        return true;
    if (entry->fresh || !exists) {
        m->appends = room(m->appends, m->appends_n, &m->appends_cap, sizeof(*m->appends));
        m->appends[m->appends_n++] = entry->offset;
    }
    return plan_columns(m, entry, exists && !entry->fresh, err);
}

/* Bounded memory: nothing read so far is needed any more. */
static void turn_page(merge *m)
{
    if (ds_arena_size(m->entries) > ARENA_MOST) {
        ds_file_journal_turn(m->j, m->in->act, m->entries);
        ds_arena_reset(m->entries);
    }
    if (ds_arena_size(m->rows) > ARENA_MOST) {
        ds_file_reader_page(&m->t->reader, m->in->act, m->rows);
        ds_arena_reset(m->rows);
    }
}

static int by_offset(const void *a, const void *b)
{
    const edit *x = a, *y = b;

    return (x->offset > y->offset) - (x->offset < y->offset);
}

static void first_columns(merge *m)
{
    const ds_file_reader *r = &m->t->reader;
    const ds_names *wanted = m->in->columns;

    m->columns = ds_names_new(m->own);
    for (size_t i = 0; i < r->names_n; i++)
        ds_names_add(&m->columns, r->names[i]);
    m->old_columns = r->names_n;
    if (r->names_n)
        return;
    ds_names_add(&m->columns, m->t->key);
    for (size_t i = 0; i < wanted->n; i++)
        if (ds_names_find(&m->columns, wanted->items[i]) == SIZE_MAX)
            ds_names_add(&m->columns, wanted->items[i]);
}

static bool plan(merge *m, ds_err *err)
{
    ds_file_entry entry;
    ds_file_got got;

    if (!ds_file_table_read(m->t, m->in->act, err) ||
        !ds_file_journal_rewind(m->j, m->in->act, m->entries, err))
        return false;
    first_columns(m);
    while ((got = ds_file_journal_next(m->j, m->entries, &entry, err)) == DS_FILE_ROW) {
        if (ds_file_journal_is_last(m->j, &entry) && !plan_entry(m, &entry, err))
            return false;
        turn_page(m);
    }
    if (m->edits_n)
        qsort(m->edits, m->edits_n, sizeof(*m->edits), by_offset);
    return got == DS_FILE_END;
}

/* ---- the new file ---------------------------------------------------------------------------- */

static bool flush(merge *m, ds_err *err)
{
    if (!ds_buf_ok(&m->out, "a row", err) ||
        !ds_file_write_all(m->fd, m->in->temp, m->out.data, m->out.n, err))
        return false;
    if (m->out.n)
        m->last = m->out.data[m->out.n - 1];
    ds_buf_clear(&m->out);
    return true;
}

static bool flush_full(merge *m, ds_err *err)
{
    return m->out.n < OUT_MOST || flush(m, err);
}

/* Old bytes as they are. */
static bool copy_range(merge *m, int64_t from, int64_t to, ds_err *err)
{
    char bytes[16 * DS_KIB];

    while (from < to) {
        size_t want = (size_t)DS_MIN((int64_t)sizeof(bytes), to - from);
        ssize_t got = ds_file_read_at(m->t->fd, m->t->path, bytes, want, from, err);

        if (got < 0)
            return false;
        if ((size_t)got < want)
            return ds_fail(err, DS_ERR_TRANSIENT, "%s became shorter while it was read",
                           m->t->path);
        ds_buf_add(&m->out, bytes, want);
        from += (int64_t)want;
        if (!flush_full(m, err))
            return false;
        if (ds_activity_stopping(m->in->act))
            return ds_fail(err, DS_ERR_CANCELLED, "stopped while writing %s", m->t->path);
    }
    return true;
}

static bool copy_to(merge *m, int64_t to, ds_err *err)
{
    int64_t from = m->copied;

    m->copied = DS_MAX(m->copied, to);
    return copy_range(m, from, to, err);
}

static bool write_changed(merge *m, const ds_file_row *raw, ds_file_entry *entry, ds_err *err)
{
    int64_t here = ds_file_reader_tell(&m->t->reader), number = m->t->reader.number;
    ds_file_old old;

    if (!copy_to(m, raw->offset, err) ||
        !ds_file_table_row(m->t, m->in->act, m->rows, raw->offset, &old, err))
        return false;
    ds_file_reader_seek(&m->t->reader, here, number);
    m->copied = raw->end;
    if (m->t->format == DS_FILE_CSV)
        return ds_file_changed_csv(m->t, &m->columns, m->entries, &old, entry, &m->out, err);
    return ds_file_changed_json(m->entries, &old, entry, &m->out, err);
}

/* What the plan says of this row; entry->key NULL: nothing. */
static bool edit_of(merge *m, const ds_file_row *raw, ds_file_entry *entry, ds_err *err)
{
    *entry = (ds_file_entry){0};
    if (m->next == m->edits_n || m->edits[m->next].offset != raw->offset)
        return true;
    return ds_file_journal_at(m->j, m->in->act, m->entries, m->edits[m->next++].entry, entry, err);
}

static bool leaves(const ds_file_entry *entry)
{
    return entry->gone || entry->fresh;
}

static bool pad_row(merge *m, const ds_file_row *raw, ds_err *err)
{
    size_t n = raw->text ? ds_csv_count(raw->text, raw->n, m->t->delimiter) : m->columns.n;

    if (!copy_to(m, raw->end, err))
        return false;
    for (; n < m->columns.n; n++)
        ds_buf_char(&m->out, m->t->delimiter);
    return true;
}

/* A value beyond the header's last name is nobody's; under a new column it would become one's. */
static bool fits_header(merge *m, const ds_file_row *raw, ds_err *err)
{
    size_t n;

    if (m->t->format != DS_FILE_CSV || m->columns.n == m->old_columns || !raw->text)
        return true;
    n = ds_csv_count(raw->text, raw->n, m->t->delimiter);
    return n <= m->old_columns ||
           ds_file_broken(&m->t->reader, raw->offset, err,
                          "this row has %zu values, the header %zu; correct it, so that a column "
                          "can be added",
                          n, m->old_columns);
}

static bool line_row(merge *m, const ds_file_row *raw, ds_file_entry *entry, ds_err *err)
{
    if (!leaves(entry) && !fits_header(m, raw, err))
        return false;
    if (entry->key && !leaves(entry))
        return write_changed(m, raw, entry, err);
    if (entry->key) {
        if (!copy_to(m, raw->offset, err))
            return false;
        m->copied = raw->next;
        return true;
    }
    if (m->t->format == DS_FILE_CSV && m->columns.n > m->old_columns)
        return pad_row(m, raw, err);
    return true; /* stays in the stretch to copy */
}

/* An item leaves together with the comma before it; the first one kept takes the first one's place
 * behind the bracket. */
static bool json_row(merge *m, const ds_file_row *raw, ds_file_entry *entry, ds_err *err)
{
    int64_t before = m->behind;

    m->behind = raw->end;
    if (m->first < 0)
        m->first = raw->offset;
    if (leaves(entry)) {
        if (!copy_to(m, before, err))
            return false;
        m->copied = raw->end;
        return true;
    }
    if (!m->kept++ && raw->offset != m->first) {
        if (!copy_range(m, m->t->reader.start, m->first, err))
            return false;
        m->copied = raw->offset;
    }
    return !entry->key || write_changed(m, raw, entry, err);
}

static bool write_header(merge *m, ds_err *err)
{
    size_t from = m->old_columns;

    if (m->t->format != DS_FILE_CSV || (from && m->columns.n == from))
        return true;
    if (from && !copy_to(m, m->t->reader.header_end, err))
        return false;
    for (size_t i = from; i < m->columns.n; i++) {
        if (i)
            ds_buf_char(&m->out, m->t->delimiter);
        ds_csv_add(&m->out, m->columns.items[i], m->t->delimiter);
    }
    if (!from)
        ds_buf_char(&m->out, '\n');
    return true;
}

static bool write_old(merge *m, ds_err *err)
{
    ds_file_reader *r = &m->t->reader;
    ds_file_got got = DS_FILE_ROW;
    ds_file_row raw;

    if (!r->own) /* there is nothing old */
        return true;
    ds_file_reader_page(r, m->in->act, m->rows);
    ds_file_reader_seek(r, r->start, 0);
    m->behind = r->start;
    for (;;) {
        ds_file_entry entry;

        r->block = 0;
        got = ds_file_reader_next(r, &raw, err);
        if (got != DS_FILE_ROW)
            return got == DS_FILE_END;
        if (!edit_of(m, &raw, &entry, err) ||
            !(m->t->format == DS_FILE_JSON ? json_row(m, &raw, &entry, err)
                                           : line_row(m, &raw, &entry, err)))
            return false;
        turn_page(m);
        if (!flush_full(m, err))
            return false;
    }
}

/* What stands before a new item: the white space that stood before the first one. */
static const char *lead_of(merge *m, ds_err *err)
{
    char text[65];
    int64_t n = m->first - m->t->reader.start;

    if (m->first < 0 || n > 64)
        return "\n";
    if (ds_file_read_at(m->t->fd, m->t->path, text, (size_t)n, m->t->reader.start, err) < 0)
        return NULL;
    return ds_arena_strndup(m->own, text, (size_t)n);
}

static bool write_appends(merge *m, const char *lead, const char *end, ds_err *err)
{
    for (size_t i = 0; i < m->appends_n; i++) {
        ds_file_entry entry;

        if (!ds_file_journal_at(m->j, m->in->act, m->entries, m->appends[i], &entry, err))
            return false;
        if (m->t->format == DS_FILE_JSON && m->kept++)
            ds_buf_char(&m->out, ',');
        ds_buf_text(&m->out, lead);
        if (m->t->format == DS_FILE_CSV &&
            !ds_file_new_csv(m->t, &m->columns, m->entries, &entry, &m->out, err))
            return false;
        if (m->t->format != DS_FILE_CSV && !ds_file_new_json(m->t->key, &entry, &m->out))
            return ds_buf_ok(&m->out, "a new row", err);
        ds_buf_text(&m->out, end);
        turn_page(m);
        if (!flush_full(m, err))
            return false;
        if (ds_activity_stopping(m->in->act))
            return ds_fail(err, DS_ERR_CANCELLED, "stopped while writing %s", m->t->path);
    }
    return true;
}

static bool end_lines(merge *m, ds_err *err)
{
    bool crlf = m->t->format == DS_FILE_CSV && m->t->reader.crlf;
    char last;

    if (!copy_to(m, m->t->id.size, err))
        return false;
    last = m->out.n ? m->out.data[m->out.n - 1] : m->last;
    if (m->appends_n && last != '\n')
        ds_buf_text(&m->out, crlf ? "\r\n" : "\n");
    return write_appends(m, "", crlf ? "\r\n" : "\n", err);
}

static bool end_list(merge *m, ds_err *err)
{
    bool is_new = !m->t->reader.own;
    const char *lead = is_new ? "\n" : lead_of(m, err);

    if (!lead)
        return false;
    if (is_new)
        ds_buf_char(&m->out, '[');
    else if (!copy_to(m, m->behind, err))
        return false;
    if (!write_appends(m, lead, "", err))
        return false;
    if (is_new)
        ds_buf_text(&m->out, "\n]\n");
    else if (m->first < 0 && m->appends_n)
        ds_buf_char(&m->out, '\n');
    return is_new || copy_to(m, m->t->id.size, err);
}

static bool write_file(merge *m, ds_err *err)
{
    if (!write_header(m, err) || !write_old(m, err))
        return false;
    if (!(m->t->format == DS_FILE_JSON ? end_list(m, err) : end_lines(m, err)))
        return false;
    return flush(m, err);
}

/* ---- into place ------------------------------------------------------------------------------ */

/* The old file's owner and mode; a new file gets what the umask leaves of 0644. */
static bool create(merge *m, ds_err *err)
{
    struct stat st;
    bool exists = m->t->fd >= 0 && fstat(m->t->fd, &st) == 0;

    unlink(m->in->temp); /* of a merge that was interrupted: the folder's lock is ours */
    m->fd = open(m->in->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                 exists ? 0600 : 0644);
    if (m->fd < 0)
        return ds_file_fail(err, "create", m->in->temp);
    if (!exists)
        return true;
    if (fchown(m->fd, st.st_uid, st.st_gid) < 0 && errno != EPERM)
        return ds_file_fail(err, "give its owner to", m->in->temp);
    return fchmod(m->fd, st.st_mode & 07777) == 0 ||
           ds_file_fail(err, "give its mode to", m->in->temp);
}

static bool put_in_place(merge *m, ds_file_id *id, bool *changed, ds_err *err)
{
    const char *path = m->t->path, *temp = m->in->temp;
    ds_file_id now;

    if (!ds_file_sync(m->fd, "file: new file", temp, err) ||
        !ds_file_id_open(m->fd, temp, id, err) || !ds_file_journal_merged(m->j, *id, err) ||
        !ds_file_id_at(path, &now, err))
        return false;
    *changed = !ds_file_id_same(now, m->t->id);
    if (*changed)
        return true;
    ds_crashpoint("file: rename");
    if (rename(temp, path) < 0)
        return ds_file_fail(err, "rename into place", path);
    ds_crashpoint("file: rename");
    return ds_file_sync(m->in->folder_fd, "file: folder", path, err);
}

bool ds_file_merge(const ds_file_merge_in *in, ds_file_id *id, bool *changed, ds_err *err)
{
    merge m = {.in = in, .t = in->table, .j = in->journal, .fd = -1, .last = '\n', .first = -1};
    bool done;

    *changed = false;
    m.rows = ds_arena_new();
    m.entries = ds_arena_new();
    m.own = ds_arena_new();
    ds_buf_init(&m.out, 4 * DS_RECORD_MAX);
    ds_file_table_forget(m.t);
    done = plan(&m, err);
    if (done && !m.edits_n && !m.appends_n) {
        *id = m.t->id; /* what was added was removed again */
        done = ds_file_journal_merged(m.j, *id, err);
    } else if (done) {
        done = create(&m, err) && write_file(&m, err) && put_in_place(&m, id, changed, err);
        if (!done || *changed)
            unlink(in->temp);
    }
    ds_file_table_forget(m.t);
    ds_file_journal_forget(m.j);
    release(&m);
    return done;
}
