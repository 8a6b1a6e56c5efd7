/* src/connectors/file/source.c
 *
 * A file, or each file a pattern stands for, page by page.  A cursor holds the offset and which
 * file in which state it belongs to.  A file that is not the same any more is read from its start
 * again: what one pass hands on is always one state of the file, whole.
 */
#include "connectors/file/csv.h"
#include "connectors/file/file.h"
#include "connectors/file/reader.h"
#include "connectors/file/units.h"

#include <string.h>
#include <unistd.h>

#define PAGE_BYTES ((int64_t)DS_MIB)
#define RECORDS_USUAL ((size_t)1000)
#define RECORDS_MOST ((size_t)100000)
#define RESTARTS_MOST 3

struct file_source {
    ds_source base;
    const char *path, *format, *key, *items, *delimiter;
    /* The file at hand. */
    ds_arena *own; /* NULL: none is open */
    const char *open_path;
    int fd;
    ds_file_id id;
    ds_file_reader reader;
    size_t key_column; /* CSV */
    int restarts;      /* of this pass */
};

static const ds_option options[] = {
    DS_OPT_PATH(struct file_source, path,
                "the file, or a pattern with * ? [ ] that makes one unit of each file"),
    DS_OPT_TEXT(
        struct file_source, key,
        "the property that is the primary key; a path such as owner.login for a nested one"),
    DS_OPT_CHOICE(struct file_source, format, "jsonl|json|csv", NULL,
                  "how the file is written; by default from its name's end"),
    DS_OPT_TEXT_OR(struct file_source, items, NULL,
                   "json: where the list of rows is, a member or a pointer such as /data/rows; by "
                   "default the document is the list"),
    DS_OPT_TEXT_OR(struct file_source, delimiter, NULL,
                   "csv: what separates the columns; a comma, in .tsv files a tab"),
    DS_OPT_END,
};

static bool validate(const ds_source *self, ds_err *err)
{
    const struct file_source *src = (const struct file_source *)self;

    if (!src->path || !*src->path)
        return ds_fail(err, DS_ERR_CONFIG, "`path` is empty: name the file to read");
    if (!src->key || !*src->key)
        return ds_fail(err, DS_ERR_CONFIG,
                       "`key` is empty: name the property that tells rows apart");
    if (!ds_file_check_form(src->format, src->delimiter, src->path, err))
        return false;
    if (src->items && ds_file_format_of(src->format, src->path) != DS_FILE_JSON)
        return ds_fail(err, DS_ERR_CONFIG, "`items` belongs to json files, and %s is none",
                       src->path);
    return true;
}

static void close_file(struct file_source *src)
{
    if (!src->own)
        return;
    close(src->fd);
    ds_arena_free(src->own);
    src->own = NULL;
}

static void close_source(ds_source *self)
{
    close_file((struct file_source *)self);
}

/* So that `check` names a missing file, and a pass fails before it begins. */
static bool open_source(ds_source *self, ds_activity *act, ds_err *err)
{
    struct file_source *src = (struct file_source *)self;
    int fd;

    if (!validate(self, err))
        return false;
    if (ds_file_is_pattern(src->path)) {
        ds_arena *a = ds_activity_arena(act);
        const char *folder = ds_arena_strndup(a, src->path, ds_file_fixed(src->path));

        return access(*folder ? folder : ".", R_OK | X_OK) == 0 ||
               ds_file_fail(err, "look into", folder);
    }
    fd = ds_file_open(src->path, err);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static bool units(ds_source *self, ds_activity *act, ds_units *found, ds_err *err)
{
    struct file_source *src = (struct file_source *)self;

    if (!ds_file_is_pattern(src->path))
        return ds_one_unit(self, act, found, err);
    return ds_file_list(src->path, act, found, err);
}

/* ---- records --------------------------------------------------------------------------------- */

static const char *place_of(const struct file_source *src, ds_page *page)
{
    static const char *const kinds[] = {
        [DS_FILE_JSONL] = "line", [DS_FILE_JSON] = "item", [DS_FILE_CSV] = "row"};

    return ds_arena_printf(page->arena, "%s:%lld", kinds[src->reader.format],
                           (long long)src->reader.number);
}

/* A key that cannot serve leaves the record without a name of its own: its place is one. */
static void set_key(const struct file_source *src, ds_page *page, ds_record *rec, const char *key)
{
    rec->primary_key = key;
    if (ds_key_problem(page->arena, key))
        rec->place = place_of(src, page);
}

static void key_from_json(const struct file_source *src, ds_page *page, ds_record *rec,
                          const ds_json *doc)
{
    static const char *const kinds[] = {
        [DS_JSON_NULL] = "null", [DS_JSON_BOOL] = "true or false", [DS_JSON_NUMBER] = "a number",
        [DS_JSON_TEXT] = "text", [DS_JSON_LIST] = "a list",        [DS_JSON_OBJECT] = "an object"};
    const ds_json *key = ds_json_get(doc, src->key);
    const char *text;

    if (!key)
        key = ds_json_path(doc, src->key);
    text = ds_json_str(key, NULL);
    if (key && !text)
        ds_record_hold(rec, place_of(src, page), "the key \"%s\" is %s, not text or a number",
                       src->key, kinds[ds_json_kind_of(key)]);
    else
        set_key(src, page, rec, text);
}

static bool hold_too_long(const struct file_source *src, ds_page *page, ds_record *rec)
{
    ds_record_hold(rec, place_of(src, page), "the record is longer than %zu MiB",
                   DS_RECORD_MAX / DS_MIB);
    return true;
}

/* The parser clears the four bytes behind its text: they are the next row's, and put back. */
static const ds_json *parse(ds_page *page, ds_file_row *row, ds_err *why)
{
    char next[4];
    const ds_json *doc;

    memcpy(next, row->text + row->n, sizeof(next));
    doc = ds_json_read_insitu(page->arena, row->text, row->n, why);
    memcpy(row->text + row->n, next, sizeof(next));
    return doc;
}

static const char *no_object(const struct file_source *src, const ds_json *doc)
{
    bool list = src->reader.format == DS_FILE_JSONL && ds_json_kind_of(doc) == DS_JSON_LIST;

    return list ? "this is a JSON list, not one record: `format: json` reads a file that is a list"
                : "this is JSON, but no object";
}

static void add_json(const struct file_source *src, ds_page *page, ds_file_row *row, ds_err *why)
{
    ds_record *rec = ds_page_add(page);
    const ds_json *doc;

    if (!row->text && hold_too_long(src, page, rec))
        return;
    doc = parse(page, row, why);
    if (!doc) {
        ds_record_hold(rec, place_of(src, page), "this is not JSON: %s", why->text);
        return;
    }
    if (ds_json_kind_of(doc) != DS_JSON_OBJECT) {
        ds_record_hold(rec, place_of(src, page), "%s", no_object(src, doc));
        return;
    }
    ds_record_set_json(rec, doc);
    key_from_json(src, page, rec, doc);
}

static void add_csv(const struct file_source *src, ds_page *page, ds_file_row *row,
                    const char *const *names)
{
    const ds_file_reader *r = &src->reader;
    ds_record *rec = ds_page_add(page);
    const char *key = NULL;
    size_t column = 0;

    if (!row->text && hold_too_long(src, page, rec))
        return;
    for (char *at = row->text, *end = at + row->n; at; column++) {
        ds_csv_field field = ds_csv_next(&at, end, r->delimiter);
        const char *text = ds_csv_value(&field);

        if (field.bad) {
            ds_record_hold(rec, place_of(src, page),
                           "row:%lld, column %zu: text follows the closing quote",
                           (long long)r->number, column + 1);
            return;
        }
        if (column >= r->names_n)
            continue;
        text = ds_utf8_repair(page->arena, text, &field.n);
        ds_record_append(rec, names[column], ds_text_n(text, field.n));
        if (column == src->key_column)
            key = text;
    }
    if (column > r->names_n)
        ds_record_hold(rec, place_of(src, page), "row:%lld has %zu values, the header %zu",
                       (long long)r->number, column, r->names_n);
    else
        set_key(src, page, rec, key);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static bool find_key_column(struct file_source *src, ds_err *err)
{
    const ds_file_reader *r = &src->reader;

    if (r->format != DS_FILE_CSV)
        return true;
    for (src->key_column = 0; src->key_column < r->names_n; src->key_column++)
        if (!strcmp(r->names[src->key_column], src->key))
            return true;
    return ds_fail(err, DS_ERR_CONFIG,
                   "`key: %s` is no column of %s: its header begins with %s%s%s", src->key, r->path,
                   r->names[0], r->names_n > 1 ? ", " : "", r->names_n > 1 ? r->names[1] : "");
}

static bool open_file(struct file_source *src, ds_activity *act, const char *path, ds_err *err)
{
    int fd;

    close_file(src);
    fd = ds_file_open(path, err);
    if (fd < 0)
        return false;
    src->fd = fd;
    src->own = ds_arena_new();
    src->open_path = ds_arena_strdup(src->own, path);
    src->reader = (ds_file_reader){
        .path = src->open_path,
        .format = ds_file_format_of(src->format, src->path),
        .delimiter = ds_file_delimiter_of(src->delimiter, src->path),
        .items = src->items,
    };
    ds_file_reader_page(&src->reader, act, ds_activity_arena(act));
    return ds_file_id_open(fd, path, &src->id, err) &&
           ds_file_reader_begin(&src->reader, fd, src->own, err) && find_key_column(src, err);
}

static bool parse_cursor(const char *cursor, int64_t *offset, int64_t *number, ds_file_id *id)
{
    return cursor && ds_file_digits(&cursor, offset) && *cursor++ == ':' &&
           ds_file_digits(&cursor, number) && *cursor++ == ':' && ds_file_id_parse(cursor, id);
}

/* The file of the unit, open and in the state it has now, with the reader at the cursor's place,
 * or at the start where the cursor is of another state. */
static bool go_to(struct file_source *src, ds_activity *act, const ds_fetch *want, ds_page *page,
                  const char *path, ds_err *err)
{
    int64_t offset, number;
    ds_file_id id, now;

    if (!ds_file_id_at(path, &now, err))
        return false;
    if (!src->own || strcmp(src->open_path, path) != 0 || !ds_file_id_same(src->id, now)) {
        if (!open_file(src, act, path, err))
            return false;
    }
    ds_file_reader_page(&src->reader, act, page->arena);
    if (parse_cursor(want->cursor, &offset, &number, &id) && ds_file_id_same(id, src->id) &&
        offset >= src->reader.start && offset <= id.size) {
        ds_file_reader_seek(&src->reader, offset, number);
        return true;
    }
    ds_file_reader_seek(&src->reader, src->reader.start, 0);
    page->restart = want->cursor != NULL;
    src->restarts += page->restart;
    return true;
}

/* Reads about as much as the page will hold, once it is known how long rows are. */
static void choose_block(ds_file_reader *r, size_t limit)
{
    int64_t read = ds_file_reader_tell(r) - r->start;

    if (r->number > 0)
        r->block = (size_t)DS_MIN(DS_MAX(read / r->number, 1) * (int64_t)(limit + 1),
                                  (int64_t)(256 * DS_KIB));
    r->block = DS_MAX(r->block, 16 * DS_KIB);
}

static const char *const *page_names(const struct file_source *src, ds_page *page)
{
    const ds_file_reader *r = &src->reader;
    const char **names = ds_arena_alloc(page->arena, (r->names_n + 1) * sizeof(*names));

    for (size_t i = 0; i < r->names_n; i++)
        names[i] = ds_arena_strdup(page->arena, r->names[i]);
    return names;
}

static bool read_rows(struct file_source *src, const ds_fetch *want, ds_page *page, ds_err *err)
{
    ds_file_reader *r = &src->reader;
    size_t limit = want->limit ? DS_MIN(want->limit, RECORDS_MOST) : RECORDS_USUAL;
    int64_t begin = ds_file_reader_tell(r), at = begin, number = r->number;
    const char *const *names = page_names(src, page);
    ds_file_got got = DS_FILE_ROW;
    ds_err why = DS_ERR_INIT;
    ds_file_row row;

    choose_block(r, limit);
    while (page->records_n < limit && at - begin < PAGE_BYTES) {
        got = ds_file_reader_next(r, &row, err);
        if (got != DS_FILE_ROW)
            break;
        if (r->format == DS_FILE_CSV)
            add_csv(src, page, &row, names);
        else
            add_json(src, page, &row, &why);
        at = ds_file_reader_tell(r);
        number = r->number;
    }
    if (got == DS_FILE_END)
        return true;
    if (got == DS_FILE_FAILED && (!page->records_n || err->kind == DS_ERR_CANCELLED))
        return false;
    /* What stands before a broken place is handed out; the next page reports it. */
    page->next_cursor = ds_arena_printf(page->arena, "%lld:%lld:%s", (long long)at,
                                        (long long)number, ds_file_id_text(page->arena, src->id));
    *err = DS_ERR_INIT;
    return true;
}

static int64_t expected(const struct file_source *src, const ds_page *page)
{
    const ds_file_reader *r = &src->reader;
    int64_t read = ds_file_reader_tell(r) - r->start;

    if (!r->number || read <= 0)
        return page->next_cursor ? -1 : 0;
    if (!page->next_cursor)
        return r->number;
    return (int64_t)((double)r->number / (double)read * (double)(src->id.size - r->start));
}

/* One try. *changed: somebody wrote to the file while it was read; the page is worth nothing. */
static bool try_page(struct file_source *src, ds_activity *act, const ds_fetch *want, ds_page *page,
                     const char *path, bool *changed, ds_err *err)
{
    bool there = go_to(src, act, want, page, path, err);
    bool read = there && read_rows(src, want, page, err);
    ds_err unseen = DS_ERR_INIT;
    ds_file_id now;

    *changed = src->own && ds_file_id_at(path, &now, &unseen) && now.inode &&
               !ds_file_id_same(now, src->id);
    if (read)
        page->total_hint = expected(src, page);
    return read;
}

static bool fetch_page(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                       ds_err *err)
{
    struct file_source *src = (struct file_source *)self;
    const char *path = src->path;
    bool changed = false, done;

    if (ds_activity_stopping(act))
        return ds_fail(err, DS_ERR_CANCELLED, "stopped before reading %s", path);
    if (ds_file_is_pattern(path))
        path = ds_file_of_unit(page->arena, path, want->unit, err);
    if (!path)
        return false;
    if (!want->cursor)
        src->restarts = 0;
    for (;;) {
        done = try_page(src, act, want, page, path, &changed, err);
        page->calls++;
        if (src->restarts > RESTARTS_MOST || (changed && src->restarts == RESTARTS_MOST))
            return ds_fail(err, DS_ERR_TRANSIENT,
                           "%s keeps changing while it is read: have it written under another name "
                           "and renamed into place",
                           path);
        if (!changed || (!done && err->kind == DS_ERR_CANCELLED))
            return done;
        src->restarts += !want->cursor; /* with a cursor the next try counts itself */
        *page = (ds_page){.arena = page->arena, .total_hint = -1, .calls = page->calls};
        *err = DS_ERR_INIT;
    }
}

const ds_source_ops ds_file_source = {
    .kind = "file",
    .help = "records from JSON lines, a JSON array or a CSV file",
    .abi = DS_CONNECTOR_ABI,
    .options = options,
    .instance_size = sizeof(struct file_source),
    .units = units,
    .fetch_page = fetch_page,
    .open = open_source,
    .close = close_source,
    .validate = validate,
};
