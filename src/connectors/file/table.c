/* src/connectors/file/table.c - reading the destination's file and finding rows in it. */
#include "connectors/file/table.h"
#include "connectors/file/csv.h"

#include <string.h>
#include <unistd.h>

#define PAGE_ROWS 2000
#define NEAR (64 * DS_KIB) /* rows looked up in the file's order are read in large blocks */
#define FAR (4 * DS_KIB)

static bool find_key_column(ds_file_table *t, ds_err *err)
{
    const ds_file_reader *r = &t->reader;

    for (t->key_column = 0; t->key_column < r->names_n; t->key_column++)
        if (!strcmp(r->names[t->key_column], t->key))
            return true;
    return ds_fail(
        err, DS_ERR_CONFIG,
        "%s has no column \"%s\" (`key`): add it to the header, or write to another file", t->path,
        t->key);
}

static bool begin(ds_file_table *t, ds_activity *act, ds_err *err)
{
    t->reader = (ds_file_reader){.path = t->path, .format = t->format, .delimiter = t->delimiter};
    if (t->fd < 0 || !t->id.size) /* an empty file is one without rows, whatever its format */
        return true;
    ds_file_reader_page(&t->reader, act, t->pages);
    if (!ds_file_reader_begin(&t->reader, t->fd, t->own, err))
        return false;
    return t->format != DS_FILE_CSV || find_key_column(t, err);
}

bool ds_file_table_open(ds_file_table *t, ds_activity *act, ds_err *err)
{
    ds_file_table_close(t);
    if (!ds_file_id_at(t->path, &t->id, err))
        return false;
    t->fd = -1;
    if (t->id.inode) {
        t->fd = ds_file_open(t->path, err);
        if (t->fd < 0)
            return false;
        if (!ds_file_id_open(t->fd, t->path, &t->id, err)) {
            close(t->fd);
            return false;
        }
    }
    t->own = ds_arena_new();
    t->pages = ds_arena_new();
    t->open = true;
    if (begin(t, act, err))
        return true;
    ds_file_table_close(t);
    return false;
}

void ds_file_table_close(ds_file_table *t)
{
    if (!t->open)
        return;
    if (t->fd >= 0)
        close(t->fd);
    ds_arena_free(t->own);
    ds_arena_free(t->pages);
    ds_file_index_free(&t->index);
    t->fd = -1;
    t->open = t->whole = false;
}

void ds_file_table_forget(ds_file_table *t)
{
    if (t->open)
        ds_file_reader_page(&t->reader, NULL, NULL);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void read_cells(const ds_file_table *t, ds_arena *a, ds_file_old *row)
{
    char *text = ds_arena_strndup(a, row->text, row->n), *at = text;
    size_t n = ds_csv_count(text, row->n, t->delimiter);
    const char **cells = ds_arena_alloc(a, n * sizeof(*cells));

    for (row->cells_n = 0; at; row->cells_n++) {
        ds_csv_field field = ds_csv_next(&at, text + row->n, t->delimiter);
        char *value = ds_csv_value(&field);

        cells[row->cells_n] = ds_utf8_repair(a, value, &field.n);
    }
    row->cells = cells;
}

static bool parse(const ds_file_table *t, ds_file_reader *r, ds_arena *a, const ds_file_row *raw,
                  ds_file_old *row, ds_err *err)
{
    ds_err why = DS_ERR_INIT;

    *row = (ds_file_old){.offset = raw->offset, .end = raw->end, .text = raw->text, .n = raw->n};
    if (!raw->text)
        return ds_file_broken(r, raw->offset, err, "a row is longer than %zu MiB",
                              DS_RECORD_MAX / DS_MIB);
    if (t->format == DS_FILE_CSV) {
        read_cells(t, a, row);
        return true;
    }
    row->doc = ds_json_read(a, raw->text, raw->n, &why);
    if (!row->doc)
        return ds_file_broken(r, raw->offset, err, "this row is not JSON: %s", why.text);
    return ds_json_kind_of(row->doc) == DS_JSON_OBJECT ||
           ds_file_broken(r, raw->offset, err, "this row is JSON, but no object");
}

const char *ds_file_old_key(const ds_file_table *t, const ds_file_old *row)
{
    if (t->format == DS_FILE_CSV)
        return t->key_column < row->cells_n ? row->cells[t->key_column] : NULL;
    return ds_json_text(row->doc, t->key);
}

const char *ds_file_old_cell(const ds_file_table *t, const ds_file_old *row, const char *name)
{
    for (size_t i = 0; i < t->reader.names_n && i < row->cells_n; i++)
        if (!strcmp(t->reader.names[i], name))
            return row->cells[i];
    return NULL;
}

static void note_key(ds_file_table *t, const ds_file_old *row)
{
    const char *key = ds_file_old_key(t, row);

    if (!key || !*key)
        return;
    ds_file_index_add(&t->index, ds_file_hash(t->seed, key), row->offset);
    t->numbers += row->doc && ds_json_kind_of(ds_json_get(row->doc, t->key)) == DS_JSON_NUMBER;
}

static bool read_rows(ds_file_table *t, ds_activity *act, ds_err *err)
{
    ds_file_reader *r = &t->reader;
    ds_file_got got = DS_FILE_ROW;

    ds_file_reader_seek(r, r->start, 0);
    r->block = 0;
    t->numbers = 0;
    while (got == DS_FILE_ROW) {
        ds_arena_reset(t->pages);
        ds_file_reader_page(r, act, t->pages);
        for (size_t i = 0; i < PAGE_ROWS && ds_arena_size(t->pages) < 8 * DS_MIB; i++) {
            ds_file_row raw;
            ds_file_old row;

            got = ds_file_reader_next(r, &raw, err);
            if (got != DS_FILE_ROW)
                break;
            if (!parse(t, r, t->pages, &raw, &row, err))
                return false;
            note_key(t, &row);
        }
    }
    return got == DS_FILE_END;
}

/* The file is still the one it was when it was opened. */
static bool is_unchanged(const ds_file_table *t, ds_err *err)
{
    ds_file_id now = {0};

    if (t->fd < 0)
        return true;
    if (!ds_file_id_open(t->fd, t->path, &now, err))
        return false;
    return ds_file_id_same(now, t->id) ||
           ds_fail(err, DS_ERR_TRANSIENT, "%s was written to while it was read", t->path);
}

bool ds_file_table_read(ds_file_table *t, ds_activity *act, ds_err *err)
{
    if (!t->open && !ds_file_table_open(t, act, err))
        return false;
    if (t->whole)
        return true;
    if ((t->reader.own && !read_rows(t, act, err)) || !is_unchanged(t, err)) {
        ds_file_index_free(&t->index);
        return false;
    }
    t->whole = true;
    return true;
}

bool ds_file_table_row(ds_file_table *t, ds_activity *act, ds_arena *a, int64_t offset,
                       ds_file_old *row, ds_err *err)
{
    ds_file_reader *r = &t->reader;
    ds_file_row raw;
    int64_t ahead = offset - ds_file_reader_tell(r);

    r->block = ahead >= 0 && ahead < (int64_t)NEAR ? NEAR : FAR;
    if (r->arena != a)
        ds_file_reader_page(r, act, a);
    r->act = act;
    return ds_file_reader_at(r, offset, &raw, err) && parse(t, r, a, &raw, row, err);
}

bool ds_file_table_each(ds_file_table *t, ds_activity *act, ds_arena *a, const char *key,
                        size_t *at, ds_file_old *row, bool *found, ds_err *err)
{
    uint64_t hash = ds_file_hash(t->seed, key);
    int64_t offset;

    *found = false;
    if (!ds_file_table_read(t, act, err))
        return false;
    while ((offset = ds_file_index_next(&t->index, hash, at)) >= 0) {
        const char *its;

        if (!ds_file_table_row(t, act, a, offset, row, err))
            return false;
        its = ds_file_old_key(t, row);
        *found = its && !strcmp(its, key);
        if (*found)
            return true;
    }
    return true;
}

bool ds_file_table_find(ds_file_table *t, ds_activity *act, ds_arena *a, const char *key,
                        ds_file_old *row, size_t *n, ds_err *err)
{
    size_t at = SIZE_MAX;
    bool found = true;

    for (*n = 0; found; *n += found) {
        ds_file_old next;

        if (!ds_file_table_each(t, act, a, key, &at, &next, &found, err))
            return false;
        if (found && !*n)
            *row = next;
    }
    return true;
}
