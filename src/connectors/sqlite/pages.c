/* src/connectors/sqlite/pages.c
 *
 * Pages cut by the key or the rowid: each starts behind the value the last one ended with, so that
 * no lock and no open statement outlives a page, and a fresh instance goes on from a cursor.
 *
 * A cursor is FINGERPRINT:ROWS:SKIP:VALUE.  ROWS were handed out before; SKIP of them have the last
 * VALUE (NULL keys, and keys that come twice), which is n, iINTEGER, rBITS, tTEXT, or xHEX and
 * bHEX for text that is not clean and blobs.
 */
#include "connectors/sqlite/reader.h"
#include "connectors/sqlite/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES (4 * DS_MIB)     /* a page ends after this much, however many rows were wanted */
#define POSITION_MAX ((size_t)4096) /* bytes of a value that a cursor can hold */
#define ROWS_MOST (INT64_C(1) << 53) /* a cursor that says more is none of ours */
#define ITEMS_MOST ((size_t)500)     /* keys looked up for one page */

typedef struct place {
    int64_t rows;
    int64_t skip;
    const char *value; /* as in a cursor; NULL: the very beginning */
} place;

/* ---- cursors --------------------------------------------------------------------------------- */

static const char *hex_of(ds_arena *a, char type, const unsigned char *bytes, size_t n)
{
    char *text = ds_arena_alloc(a, n * 2 + 2);

    text[0] = type;
    for (size_t i = 0; i < n; i++)
        snprintf(text + 1 + 2 * i, 3, "%02x", bytes[i]);
    text[1 + 2 * n] = '\0';
    return text;
}

static bool is_clean(ds_arena *a, const char *text, size_t n)
{
    return ds_utf8_repair(a, text, &n) == text;
}

/* NULL: too long for a cursor. */
static const char *value_of(ds_arena *a, sqlite3_stmt *st, int at)
{
    int type = sqlite3_column_type(st, at);
    const unsigned char *bytes;
    uint64_t bits;
    double real;
    size_t n;

    if (type == SQLITE_NULL)
        return "n";
    if (type == SQLITE_INTEGER)
        return ds_arena_printf(a, "i%" PRId64, (int64_t)sqlite3_column_int64(st, at));
    if (type == SQLITE_FLOAT) {
        real = sqlite3_column_double(st, at);
        memcpy(&bits, &real, sizeof(bits));
        return ds_arena_printf(a, "r%" PRIx64, bits);
    }
    bytes = type == SQLITE_TEXT ? sqlite3_column_text(st, at) : sqlite3_column_blob(st, at);
    n = (size_t)sqlite3_column_bytes(st, at);
    if (n > POSITION_MAX)
        return NULL;
    if (!bytes && (type == SQLITE_TEXT || n))
        ds_out_of_memory(n);
    if (type == SQLITE_TEXT && is_clean(a, (const char *)bytes, n))
        return ds_arena_printf(a, "t%.*s", (int)n, (const char *)bytes);
    return hex_of(a, type == SQLITE_TEXT ? 'x' : 'b', bytes, n);
}

static unsigned hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *found = c ? strchr(digits, c) : NULL;

    return found ? (unsigned)(found - digits) : 0;
}

static void bind_hex(sqlite3_stmt *st, int at, char type, const char *hex)
{
    size_t n = strlen(hex) / 2;
    unsigned char bytes[POSITION_MAX];
    int rc;

    n = DS_MIN(n, sizeof(bytes));
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    if (type == 'x')
        rc = sqlite3_bind_text(st, at, (const char *)bytes, (int)n, SQLITE_TRANSIENT);
    else
        rc = sqlite3_bind_blob(st, at, bytes, (int)n, SQLITE_TRANSIENT);
    if (rc == SQLITE_NOMEM) /* a place that is not bound is one behind which nothing comes */
        ds_out_of_memory(n);
}

static void bind_place(sqlite3_stmt *st, int at, const char *value)
{
    uint64_t bits;
    double real;

    switch (value[0]) {
    case 'i':
        sqlite3_bind_int64(st, at, strtoll(value + 1, NULL, 10));
        break;
    case 'r':
        bits = strtoull(value + 1, NULL, 16);
        memcpy(&real, &bits, sizeof(real));
        sqlite3_bind_double(st, at, real);
        break;
    case 't':
        sqlite3_bind_text(st, at, value + 1, -1, SQLITE_STATIC);
        break;
    case 'x':
    case 'b':
        bind_hex(st, at, value[0], value + 1);
        break;
    default:
        sqlite3_bind_null(st, at);
    }
}

static const char *cursor_text(const ds_sqlite_reader *r, const place *at, ds_arena *a)
{
    return ds_arena_printf(a, "%016" PRIx64 ":%" PRId64 ":%" PRId64 ":%s", r->fingerprint, at->rows,
                           at->skip, at->value);
}

/* false: not a cursor of what is there now. */
static bool cursor_read(const ds_sqlite_reader *r, const char *cursor, place *at)
{
    char *end;

    if (strtoull(cursor, &end, 16) != r->fingerprint || *end != ':')
        return false;
    at->rows = strtoll(end + 1, &end, 10);
    if (at->rows < 0 || at->rows > ROWS_MOST || *end != ':')
        return false;
    at->skip = strtoll(end + 1, &end, 10);
    if (at->skip < 0 || at->skip > at->rows || *end != ':' || !end[1] || !strchr("nirtxb", end[1]))
        return false;
    at->value = end + 1;
    return true;
}

/* Another program's change of tables ends the look that the names come from, and the page before
 * may still be written then. */
static const char **names_for(const ds_sqlite_reader *r, ds_arena *a)
{
    const char **names = ds_arena_alloc(a, (r->shape.columns_n + 1) * sizeof(*names));

    for (size_t i = 0; i < r->shape.columns_n; i++)
        names[i] = ds_arena_strdup(a, r->shape.columns[i].name);
    return names;
}

/* ---- one row --------------------------------------------------------------------------------- */

static size_t row_bytes(sqlite3_stmt *st, size_t columns_n)
{
    size_t sum = 0;

    for (int i = 0; i < (int)columns_n; i++) {
        int type = sqlite3_column_type(st, i);

        if (type == SQLITE_TEXT || type == SQLITE_BLOB)
            sum += (size_t)sqlite3_column_bytes(st, i);
    }
    return sum;
}

/* Puts the row under the statement on the page; returns the bytes it took. */
static size_t add_row(const ds_sqlite_reader *r, sqlite3_stmt *st, int64_t row, ds_page *page)
{
    size_t n = row_bytes(st, r->shape.columns_n);
    ds_record *rec = ds_page_add(page);
    const ds_sqlite_column *columns = r->shape.columns;
    ds_value key;

    if (n > DS_RECORD_MAX) {
        ds_record_hold(rec, ds_arena_printf(page->arena, "row:%" PRId64, row),
                       "the row has %zu bytes, the limit is %zu", n, DS_RECORD_MAX);
        return 0;
    }
    for (size_t i = 0; i < r->shape.columns_n; i++)
        ds_record_append(rec, r->names[i],
                         ds_sqlite_value(page->arena, st, (int)i, columns[i].kind));
    key = ds_sqlite_value(page->arena, st, (int)r->key_at, DS_KIND_ANY);
    rec->primary_key = ds_value_text(page->arena, key);
    if (!rec->primary_key || ds_key_problem(page->arena, rec->primary_key))
        rec->place = ds_arena_printf(page->arena, "row:%" PRId64, row);
    return n + r->shape.columns_n * sizeof(ds_prop);
}

/* ---- pages of everything --------------------------------------------------------------------- */

static void move(place *at, const char *value)
{
    bool same = at->value && strcmp(at->value, value) == 0;

    at->skip = same ? at->skip + 1 : 1;
    at->value = value;
    at->rows++;
}

/* Rows from the statement until the page is full and its end can be named; what a VALUE is read
 * from is column `position`. */
static bool take_rows(ds_sqlite_reader *r, sqlite3_stmt *st, int position, size_t limit, place *at,
                      ds_page *page, ds_err *err)
{
    size_t bytes = 0;
    bool named = true; /* at->value is where the page ends */
    int rc;

    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        const char *value;

        if (named && page->records_n && (page->records_n >= limit || bytes >= PAGE_BYTES))
            break;
        bytes += add_row(r, st, at->rows + 1, page);
        value = value_of(page->arena, st, position);
        named = value != NULL;
        if (named)
            move(at, value);
        else
            at->rows++;
    }
    sqlite3_reset(st);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return ds_sqlite_fail(&r->db, err, "read");
    if (rc == SQLITE_ROW)
        page->next_cursor = cursor_text(r, at, page->arena);
    return true;
}

static bool direct_page(ds_sqlite_reader *r, const ds_fetch *want, place *at, ds_page *page,
                        ds_err *err)
{
    bool by_rowid = r->order == DS_ORDER_ROWID;
    /* NULL keys come first, and none of them is greater than another: they are counted. */
    bool counted = !at->value || at->value[0] == 'n';
    sqlite3_stmt *st = counted ? r->first : r->next;

    if (counted)
        sqlite3_bind_int64(st, 1, at->skip);
    else
        bind_place(st, 1, at->value);
    if (!take_rows(r, st, (int)(by_rowid ? r->shape.columns_n : r->key_at), want->limit, at, page,
                   err))
        return ds_wrap(err, "rows of %s", r->table);
    return true;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

/* HEADc0, c1, ...TAIL: columns without types, so that values stay as they are. */
static const char *snapshot_sql(const ds_sqlite_reader *r, const char *head, const char *tail,
                                ds_arena *a)
{
    DS_AUTO_BUF(sql, DS_SQLITE_SQL_MAX);

    ds_buf_text(&sql, head);
    for (size_t i = 0; i < r->shape.columns_n; i++)
        ds_buf_printf(&sql, "%sc%zu", i ? ", " : "", i);
    ds_buf_text(&sql, tail);
    return ds_arena_strdup(a, sql.data);
}

static bool fill_snapshot(ds_sqlite_reader *r, const ds_fetch *want, const place *at, ds_arena *a,
                          ds_err *err)
{
    bool behind = at->value && at->value[0] != 'n';
    DS_AUTO(sqlite3_stmt)
    st = ds_sqlite_prepare(&r->db,
                           ds_arena_printf(a,
                                           "INSERT INTO temp.snapshot SELECT NULL, %s FROM %s%s%s%s"
                                           " ORDER BY %s LIMIT -1 OFFSET :skip",
                                           r->list, r->from, behind ? " WHERE " : "",
                                           behind ? r->position : "", behind ? " >= :position" : "",
                                           r->position),
                           err);

    if (!st)
        return false;
    if (behind)
        bind_place(st, sqlite3_bind_parameter_index(st, ":position"), at->value);
    sqlite3_bind_int64(st, sqlite3_bind_parameter_index(st, ":skip"), at->skip);
    ds_sqlite_since_bind(r, st, want->since_ms, a);
    if (sqlite3_step(st) != SQLITE_DONE)
        return ds_sqlite_fail(&r->db, err, "sort by \"%.100s\"", r->key);
    if (!at->value)
        r->total = sqlite3_changes64(r->db.handle);
    return true;
}

static bool take_snapshot(ds_sqlite_reader *r, const ds_fetch *want, const place *at, ds_arena *a,
                          ds_err *err)
{
    const char *make =
        snapshot_sql(r, "CREATE TEMP TABLE snapshot (n INTEGER PRIMARY KEY, ", ")", a);
    const char *read = snapshot_sql(r, "SELECT ", " FROM temp.snapshot WHERE n > ?1 ORDER BY n", a);

    sqlite3_finalize(r->next);
    r->next = NULL;
    if (!ds_sqlite_exec(&r->db, "DROP TABLE IF EXISTS temp.snapshot", err) ||
        !ds_sqlite_exec(&r->db, make, err) || !fill_snapshot(r, want, at, a, err))
        return false;
    r->next = ds_sqlite_prepare(&r->db, read, err);
    r->taken = 0;
    return r->next != NULL;
}

static bool snapshot_page(ds_sqlite_reader *r, const ds_fetch *want, place *at, ds_page *page,
                          ds_err *err)
{
    int64_t before = at->rows;

    if (!r->stands_at || !want->cursor || strcmp(r->stands_at, want->cursor) != 0) {
        if (!take_snapshot(r, want, at, page->arena, err))
            return false;
    }
    free(r->stands_at);
    r->stands_at = NULL;
    sqlite3_bind_int64(r->next, 1, r->taken);
    if (!take_rows(r, r->next, (int)r->key_at, want->limit, at, page, err))
        return false;
    r->taken += at->rows - before;
    if (page->next_cursor)
        r->stands_at = ds_strdup(page->next_cursor);
    return true;
}

/* ---- single rows ----------------------------------------------------------------------------- */

static bool is_wanted(const ds_fetch *want, size_t from, size_t to, const char *key)
{
    for (size_t i = from; i < to; i++) {
        if (key && strcmp(want->items[i], key) == 0)
            return true;
    }
    return false;
}

/* Keys as a JSON list, as text and as the integer that the text may spell: which of the two the
 * column holds is SQLite's business. */
static const char *items_json(const ds_fetch *want, size_t from, size_t to, ds_arena *a)
{
    DS_AUTO_BUF(out, DS_RECORD_MAX);
    ds_json_writer w = ds_json_w(&out, false);

    w.exact = true;
    ds_json_w_begin_list(&w);
    for (size_t i = from; i < to; i++) {
        ds_value number = ds_number(want->items[i], strlen(want->items[i]));

        ds_json_w_text(&w, want->items[i]);
        if (number.type == DS_INT)
            ds_json_w_int(&w, number.as.integer);
    }
    ds_json_w_end_list(&w);
    return out.overflow ? "[]" : ds_arena_strdup(a, out.data);
}

/* The cursor of a targeted pass is the number of items done. */
static bool items_page(ds_sqlite_reader *r, const ds_fetch *want, ds_page *page, ds_err *err)
{
    const char *value = r->order == DS_ORDER_ROWID ? NULL : r->position;
    size_t from = want->cursor ? (size_t)strtoull(want->cursor, NULL, 10) : 0, to;
    DS_AUTO_BUF(key, DS_SQLITE_SQL_MAX);
    DS_AUTO(sqlite3_stmt) st = NULL;
    int rc;

    from = DS_MIN(from, want->items_n);
    to = DS_MIN(from + DS_MIN(want->limit, ITEMS_MOST), want->items_n);
    ds_sql_name(&key, r->shape.columns[r->key_at].name);
    st = ds_sqlite_prepare(
        &r->db,
        ds_arena_printf(page->arena,
                        "SELECT %s FROM %s WHERE %s IN (SELECT value FROM json_each(:items))",
                        r->list, r->from, value ? value : key.data),
        err);
    if (!st)
        return false;
    ds_sqlite_since_bind(r, st, want->since_ms, page->arena);
    sqlite3_bind_text(st, sqlite3_bind_parameter_index(st, ":items"),
                      items_json(want, from, to, page->arena), -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        size_t before = page->records_n;

        add_row(r, st, (int64_t)before + 1, page);
        if (!is_wanted(want, from, to, page->records[before].primary_key))
            page->records_n = before; /* 1.0 is not the key 1 that was asked for */
    }
    if (rc != SQLITE_DONE)
        return ds_sqlite_fail(&r->db, err, "look up keys");
    if (to < want->items_n)
        page->next_cursor = ds_arena_printf(page->arena, "%zu", to);
    return true;
}

/* ---- the page -------------------------------------------------------------------------------- */

/* Another program may change the tables between two pages. */
static bool look_again(ds_sqlite_reader *r, ds_activity *act, ds_err *err)
{
    int64_t version;

    if (!r->arena) /* the last look failed */
        return ds_sqlite_reader_open(r, act, err);
    r->db.act = act;
    if (!ds_sqlite_number(&r->db, "PRAGMA schema_version", 0, &version, err))
        return false;
    return version == r->schema_version || ds_sqlite_reader_open(r, act, err);
}

static bool count_rows(ds_sqlite_reader *r, ds_arena *a, ds_err *err)
{
    if (r->total >= 0 || r->order == DS_ORDER_SNAPSHOT)
        return true;
    return ds_sqlite_number(&r->db, ds_arena_printf(a, "SELECT count(*) FROM %s", r->from), -1,
                            &r->total, err);
}

bool ds_sqlite_fetch(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                     ds_err *err)
{
    ds_sqlite_reader *r = (ds_sqlite_reader *)self;
    place at = {0};

    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped");
    if (!look_again(r, act, err))
        return false;
    page->calls = 1;
    r->names = names_for(r, page->arena);
    if (want->items)
        return items_page(r, want, page, err);
    if (want->cursor && !cursor_read(r, want->cursor, &at)) {
        at = (place){0};
        page->restart = true;
    }
    if (r->order == DS_ORDER_SNAPSHOT ? !snapshot_page(r, want, &at, page, err)
                                      : !direct_page(r, want, &at, page, err))
        return false;
    if (!count_rows(r, page->arena, err))
        return false;
    page->total_hint = r->total;
    return true;
}
