/* src/connectors/postgresql/pages.c
 *
 * Pages are cut from the stream of rows, which goes on from page to page.  A fresh instance starts
 * a stream of its own behind the place that a cursor names.
 *
 * A cursor is FINGERPRINT:ROWS:SKIP:VALUE, a ds_pg_spot.  Where a page ends with a key that is too
 * long for a cursor, or no clean text, the cursor names the last place before it.
 */
#include "connectors/postgresql/reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES (4 * DS_MIB)     /* a page ends after this much, however many rows were wanted */
#define POSITION_MAX ((size_t)4096) /* bytes of a value that a cursor can hold */

/* ---- cursors --------------------------------------------------------------------------------- */

/* NULL: no cursor can name it. The key of a row that is too large may have stayed behind. */
static const char *value_of(const ds_pg_reader *r, const PGresult *row, ds_arena *a)
{
    const char *text = PQgetvalue(row, 0, (int)r->key_at);
    size_t n = (size_t)PQgetlength(row, 0, (int)r->key_at);
    char *value;

    if (PQgetisnull(row, 0, (int)r->key_at))
        return r->wide[r->key_at] && ds_pg_guard_size(r, row, 0) > DS_RECORD_MAX ? NULL : "n";
    if (n > POSITION_MAX || ds_utf8_repair(a, text, &n) != text)
        return NULL;
    value = ds_arena_alloc(a, n + 2); /* for each row: printf would take its time */
    value[0] = 't';
    memcpy(value + 1, text, n + 1);
    return value;
}

static const char *cursor_text(const ds_pg_reader *r, const ds_pg_spot *at, ds_arena *a)
{
    return ds_arena_printf(a, "%016" PRIx64 ":%" PRId64 ":%" PRId64 ":%s", r->fingerprint, at->rows,
                           at->skip, at->value);
}

/* false: not a cursor of what is there now. */
static bool cursor_read(const ds_pg_reader *r, const char *cursor, ds_pg_spot *at)
{
    char *end;

    if (strtoull(cursor, &end, 16) != r->fingerprint || *end != ':')
        return false;
    at->rows = strtoll(end + 1, &end, 10);
    if (at->rows < 0 || *end != ':')
        return false;
    at->skip = strtoll(end + 1, &end, 10);
    if (at->skip < 0 || *end != ':' || !end[1] || !strchr("nts", end[1]))
        return false;
    at->value = end + 1;
    return true;
}

/* ---- one row --------------------------------------------------------------------------------- */

const char **ds_pg_page_names(const ds_pg_reader *r, ds_arena *a)
{
    const char **names = ds_arena_alloc(a, (r->columns_n + 1) * sizeof(*names));

    for (size_t i = 0; i < r->columns_n; i++)
        names[i] = ds_arena_strdup(a, r->names[i]);
    return names;
}

static size_t row_bytes(const PGresult *res, int at, size_t columns_n)
{
    size_t sum = 0;

    for (size_t i = 0; i < columns_n; i++)
        sum += (size_t)PQgetlength(res, at, (int)i);
    return sum;
}

/* Entries, joined, that nothing else is spelt as. */
static bool says_all(ds_value list, const char *joined)
{
    for (uint32_t i = 0; i < list.n; i++) {
        if (strstr(list.as.list[i], ", "))
            return false;
    }
    return *joined && !strchr("{[", *joined);
}

/* {a,b} is the key "a, b"; where that could be another list, what the server writes. */
static const char *key_of(ds_arena *a, const PGresult *res, int at, int column, ds_value value)
{
    const char *text = ds_value_text(a, value);

    return value.type == DS_LIST && !says_all(value, text) ? ds_pg_written(a, res, at, column)
                                                           : text;
}

size_t ds_pg_add_row(const ds_pg_reader *r, const PGresult *res, int at, int64_t row,
                     const char *const *names, ds_page *page)
{
    size_t n = DS_MAX(ds_pg_guard_size(r, res, at), row_bytes(res, at, r->columns_n));
    ds_record *rec = ds_page_add(page);

    rec->place = ds_arena_printf(page->arena, "row:%" PRId64, row);
    if (n > DS_RECORD_MAX) {
        ds_record_hold(rec, rec->place, "the row has %zu bytes, the limit is %zu", n,
                       DS_RECORD_MAX);
        return 0;
    }
    for (size_t i = 0; i < r->columns_n; i++) {
        ds_value value = ds_pg_value(page->arena, res, at, (int)i, &r->types[i]);

        ds_record_append(rec, names[i], value);
        if (i == r->key_at)
            rec->primary_key = key_of(page->arena, res, at, (int)i, value);
    }
    return n + r->columns_n * sizeof(ds_prop);
}

/* ---- pages of everything --------------------------------------------------------------------- */

static void move(ds_pg_spot *at, const char *value)
{
    at->rows++;
    if (!value)
        return;
    at->skip = strcmp(at->value, value) == 0 ? at->skip + 1 : 1;
    at->value = value;
}

/* Behind a place the stream begins with rows that have its value: those handed out are left out. A
 * row that went away since cannot make one of another value be left out. */
static bool start_behind(ds_pg_reader *r, const ds_pg_spot *at, ds_arena *a, ds_err *err)
{
    int64_t skip = *at->value == 't' ? at->skip : 0;

    if (!ds_pg_stream_start(r, at, a, err) || !ds_pg_stream_next(r, a, &r->ahead, err))
        return false;
    for (; r->ahead && skip > 0; skip--) {
        const char *value = value_of(r, r->ahead, a);

        if (!value || strcmp(value, at->value) != 0)
            break;
        PQclear(DS_TAKE(&r->ahead));
        if (!ds_pg_stream_next(r, a, &r->ahead, err))
            return false;
    }
    return true;
}

static bool take_rows(ds_pg_reader *r, size_t limit, ds_pg_spot *at, ds_page *page, ds_err *err)
{
    const char **names = ds_pg_page_names(r, page->arena);
    size_t bytes = 0;

    while (r->ahead) {
        if (page->records_n && (page->records_n >= limit || bytes >= PAGE_BYTES))
            break;
        bytes += ds_pg_add_row(r, r->ahead, 0, at->rows + 1, names, page);
        move(at, value_of(r, r->ahead, page->arena));
        PQclear(DS_TAKE(&r->ahead));
        if (!ds_pg_stream_next(r, page->arena, &r->ahead, err))
            return false;
    }
    return true;
}

static bool all_page(ds_pg_reader *r, const ds_fetch *want, ds_page *page, ds_err *err)
{
    ds_pg_spot at = {.value = "s"};
    bool stands = r->stands_at && want->cursor && strcmp(r->stands_at, want->cursor) == 0;

    if (want->cursor && !cursor_read(r, want->cursor, &at)) {
        at = (ds_pg_spot){.value = "s"};
        page->restart = true;
    }
    if (!stands && !start_behind(r, &at, page->arena, err))
        return false;
    free(DS_TAKE(&r->stands_at));
    if (!take_rows(r, want->limit, &at, page, err))
        return false;
    if (r->ahead) {
        page->next_cursor = cursor_text(r, &at, page->arena);
        r->stands_at = ds_strdup(page->next_cursor);
    }
    page->total_hint = r->total;
    return true;
}

/* ---- the page -------------------------------------------------------------------------------- */

/* A stream that is asked for another place than its own is left, and its connection with it. */
static bool get_ready(ds_pg_reader *r, ds_activity *act, const ds_fetch *want, ds_err *err)
{
    bool stands = r->stands_at && want->cursor && strcmp(r->stands_at, want->cursor) == 0;

    r->db.act = act;
    if (stands)
        return true;
    if ((!r->arena || !r->db.handle || r->streaming) && !ds_pg_reader_open(r, act, err))
        return false;
    return ds_pg_since_set(r, want->since_ms, err);
}

bool ds_pg_fetch(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                 ds_err *err)
{
    ds_pg_reader *r = (ds_pg_reader *)self;

    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    page->calls = 1;
    if (get_ready(r, act, want, err) &&
        (want->items ? ds_pg_items_page(r, want, page, err) : all_page(r, want, page, err)))
        return true;
    ds_pg_reader_close(r); /* whatever state it is in, the next one starts from a clean one */
    return false;
}
