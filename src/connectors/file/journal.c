/* src/connectors/file/journal.c - appending to the journal and reading it back. */
#include "connectors/file/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SUM_N ((size_t)16) /* hex digits before the first tab */
#define PENDING_MOST (256 * DS_KIB)
#define PAGE_ENTRIES 2000
#define SMALL_BLOCK (8 * DS_KIB) /* for one entry somewhere */

/* ---- one line -------------------------------------------------------------------------------- */

static bool checksum_fits(const ds_file_row *line)
{
    char text[SUM_N + 1];

    if (!line->text || line->n < SUM_N + 1 || line->text[SUM_N] != '\t')
        return false;
    snprintf(text, sizeof(text), "%016llx",
             (unsigned long long)ds_file_checksum(line->text + SUM_N + 1, line->n - SUM_N - 1));
    return !memcmp(text, line->text, SUM_N);
}

/* Splits a sound line; NULL: it is none of ours. `set_text` keeps a NUL and spare bytes behind it.
 */
static const ds_json *read_meta(const ds_file_row *line, ds_arena *a, ds_file_entry *out)
{
    char *meta = line->text + SUM_N + 1;
    size_t n = line->n - SUM_N - 1;
    char *tab = memchr(meta, '\t', n);
    ds_err ignored = DS_ERR_INIT;

    if (!tab)
        return NULL;
    *out = (ds_file_entry){.offset = line->offset, .set_text = tab + 1};
    out->set_n = n - (size_t)(tab - meta) - 1;
    return ds_json_read(a, meta, (size_t)(tab - meta), &ignored);
}

static bool read_entry(const ds_file_row *line, ds_arena *a, ds_file_entry *out)
{
    const ds_json *meta = read_meta(line, a, out);

    out->key = ds_json_text(meta, "k");
    out->key_value = ds_json_text(meta, "kv");
    out->made = ds_json_bool(meta, "made");
    out->fresh = ds_json_bool(meta, "fresh");
    out->gone = ds_json_bool(meta, "gone");
    out->only_new = ds_json_get(meta, "new");
    return out->key != NULL;
}

/* What is written from it later is spliced into rows as it stands: it must be JSON by
 * itself, and say nothing of the key. */
static bool is_sound(const ds_file_journal *j, ds_file_entry *entry, ds_arena *a)
{
    ds_err ignored = DS_ERR_INIT;
    const char *set = entry->set_text, *value = entry->key_value, *key = entry->key;

    if (value)
        key = ds_json_str(ds_json_read(a, value, strlen(value), &ignored), NULL);
    if (!key || strcmp(key, entry->key) != 0)
        return false;
    if (entry->set_n < 2 || set[0] != '{' || set[entry->set_n - 1] != '}')
        return false;
    return ds_file_entry_set(entry, a, &ignored) && !ds_json_get(entry->set, j->key) &&
           (ds_json_size(entry->set) || entry->set_n == 2);
}

bool ds_file_entry_set(ds_file_entry *entry, ds_arena *a, ds_err *err)
{
    if (!entry->set)
        entry->set = ds_json_read(a, entry->set_text, entry->set_n, err);
    return entry->set || ds_wrap(err, "an entry of the journal");
}

/* ---- opening --------------------------------------------------------------------------------- */

static void note_last(ds_file_journal *j, ds_file_entry *entry, ds_activity *act, ds_arena *a);

static bool read_head(ds_file_journal *j, const ds_file_row *line, ds_arena *a)
{
    ds_file_entry head = {0};
    const ds_json *meta = read_meta(line, a, &head);
    const char *format = ds_json_text(meta, "format"), *key = ds_json_text(meta, "key");
    const char *base = ds_json_text(meta, "base");

    return format && key && base && !strcmp(format, j->format) && !strcmp(key, j->key) &&
           ds_file_id_parse(base, &j->base);
}

static bool read_merged(ds_file_journal *j, const ds_file_row *line, ds_arena *a)
{
    ds_file_entry ignored = {0};
    const char *merged = ds_json_text(read_meta(line, a, &ignored), "merged");

    if (!merged || !ds_file_id_parse(merged, &j->merged))
        return false;
    j->is_merged = true;
    return true;
}

/* Reads lines until one is not sound or goes beyond `most`; false only for what keeps us from
 * reading. */
static bool read_lines(ds_file_journal *j, ds_activity *act, int64_t most, ds_err *err)
{
    int64_t sound = 0;
    ds_file_row line;
    ds_file_got got = DS_FILE_ROW;

    for (int64_t n = 0; got == DS_FILE_ROW; n++) {
        ds_file_entry entry = {0};

        if (n % PAGE_ENTRIES == 0 || ds_arena_size(j->pages) > 8 * DS_MIB) {
            ds_file_reader_page(&j->reader, act, j->pages);
            ds_arena_reset(j->pages);
        }
        j->reader.block = 0;
        got = ds_file_reader_next(&j->reader, &line, err);
        if (got != DS_FILE_ROW || line.next > most || line.next == line.end ||
            !checksum_fits(&line))
            break;
        if (n == 0 && !read_head(j, &line, j->pages))
            break;
        if (n && read_entry(&line, j->pages, &entry) && is_sound(j, &entry, j->pages)) {
            j->entries++;
            note_last(j, &entry, act, j->pages);
            ds_file_reader_seek(&j->reader, line.next, 0);
        } else if (n && !read_merged(j, &line, j->pages)) {
            break;
        }
        sound = line.next;
    }
    j->size = j->written = sound; /* not `synced`: the pass that wrote it was interrupted */
    return got != DS_FILE_FAILED;
}

static void start_reader(ds_file_journal *j)
{
    j->pages = j->pages ? j->pages : ds_arena_new();
    j->reader = (ds_file_reader){.path = j->path, .format = DS_FILE_JSONL, .fd = j->fd};
    ds_buf_init(&j->pending, 4 * DS_RECORD_MAX);
}

bool ds_file_journal_load(ds_file_journal *j, ds_activity *act, int64_t most, bool reading_only,
                          ds_err *err)
{
    j->fd = open(j->path, (reading_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW);
    if (j->fd < 0)
        return errno == ENOENT || ds_file_fail(err, "open", j->path);
    j->exists = true;
    start_reader(j);
    if (!read_lines(j, act, most, err))
        return false;
    if (!j->size) { /* not even a head, or one for other settings */
        if (reading_only)
            ds_file_journal_close(j);
        else
            ds_file_journal_remove(j);
        return true;
    }
    if (reading_only)
        return true;
    return ftruncate(j->fd, (off_t)j->size) == 0 || ds_file_fail(err, "cut", j->path);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool write_pending(ds_file_journal *j, ds_err *err)
{
    if (!j->pending.n)
        return true;
    if (lseek(j->fd, (off_t)j->written, SEEK_SET) < 0) /* over what a full disk left half written */
        return ds_file_fail(err, "write", j->path);
    if (!ds_file_write_all(j->fd, j->path, j->pending.data, j->pending.n, err))
        return false;
    j->written += (int64_t)j->pending.n;
    ds_buf_clear(&j->pending);
    return true;
}

static bool add_line(ds_file_journal *j, const char *body, size_t n, ds_err *err)
{
    size_t before = j->pending.n;

    ds_buf_printf(&j->pending, "%016llx\t", (unsigned long long)ds_file_checksum(body, n));
    ds_buf_add(&j->pending, body, n);
    ds_buf_char(&j->pending, '\n');
    if (!ds_buf_ok(&j->pending, "the journal's buffer", err))
        return false;
    j->size += (int64_t)(j->pending.n - before);
    return j->pending.n < PENDING_MOST || write_pending(j, err);
}

static bool create(ds_file_journal *j, ds_file_id base, ds_err *err)
{
    DS_AUTO_BUF(head, 64 * DS_KIB);
    ds_json_writer w = ds_json_w(&head, false);

    j->fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0)
        return ds_file_fail(err, "create", j->path);
    start_reader(j);
    j->exists = true;
    j->base = base;
    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "format");
    ds_json_w_text(&w, j->format);
    ds_json_w_name(&w, "key");
    ds_json_w_text(&w, j->key);
    ds_json_w_name(&w, "base");
    ds_json_w_text(&w, ds_file_id_text(j->pages, base));
    ds_json_w_end_object(&w);
    ds_buf_text(&head, "\t{}");
    return ds_buf_ok(&head, "the journal's head", err) && add_line(j, head.data, head.n, err);
}

/* The slot of a key's last entry; false: it has none, or *err is set. */
static bool find_slot(ds_file_journal *j, ds_activity *act, ds_arena *a, const char *key,
                      size_t *slot, ds_file_entry *out, ds_err *err)
{
    uint64_t hash = ds_file_hash(j->seed, key);
    int64_t offset;

    *slot = SIZE_MAX;
    while ((offset = ds_file_index_next(&j->index, hash, slot)) >= 0) {
        if (!ds_file_journal_at(j, act, a, offset, out, err))
            return false;
        if (!strcmp(out->key, key))
            return true;
    }
    return false;
}

/* The index points to the newest entry of each key. An entry that cannot be read back is taken for
 * another key's: the merge then finds two last ones and applies both in order. */
static void note_last(ds_file_journal *j, ds_file_entry *entry, ds_activity *act, ds_arena *a)
{
    ds_file_entry older = {0};
    ds_err ignored = DS_ERR_INIT;
    size_t slot;

    if (find_slot(j, act, a, entry->key, &slot, &older, &ignored))
        ds_file_index_move(&j->index, slot, entry->offset);
    else
        ds_file_index_add(&j->index, ds_file_hash(j->seed, entry->key), entry->offset);
}

bool ds_file_journal_add(ds_file_journal *j, ds_activity *act, ds_arena *a, const char *key,
                         const ds_buf *body, ds_file_id base, ds_err *err)
{
    ds_file_entry entry = {.key = key};

    if (!j->exists && !create(j, base, err))
        return false;
    entry.offset = j->size;
    if (!add_line(j, body->data, body->n, err))
        return false;
    j->entries++;
    note_last(j, &entry, act, a);
    return true;
}

bool ds_file_journal_sync(ds_file_journal *j, int folder_fd, ds_err *err)
{
    if (!j->exists || !write_pending(j, err))
        return !j->exists;
    if (j->synced < j->written && !ds_file_sync(j->fd, "file: journal", j->path, err))
        return false;
    j->synced = j->written;
    if (!j->folder_synced && !ds_file_sync(folder_fd, "file: journal's folder", j->path, err))
        return false;
    j->folder_synced = true;
    return true;
}

bool ds_file_journal_merged(ds_file_journal *j, ds_file_id id, ds_err *err)
{
    DS_AUTO_BUF(line, DS_KIB);

    ds_buf_printf(&line, "{\"merged\":\"%s\"}\t{}", ds_file_id_text(j->pages, id));
    if (!add_line(j, line.data, line.n, err) || !write_pending(j, err) ||
        !ds_file_sync(j->fd, "file: journal's end", j->path, err))
        return false;
    j->synced = j->written;
    j->is_merged = true;
    j->merged = id;
    return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

bool ds_file_journal_at(ds_file_journal *j, ds_activity *act, ds_arena *a, int64_t offset,
                        ds_file_entry *out, ds_err *err)
{
    ds_file_row line;

    if (!write_pending(j, err))
        return false;
    if (j->reader.arena != a || j->reader.eof) /* the file may have grown since */
        ds_file_reader_page(&j->reader, act, a);
    j->reader.act = act;
    j->reader.block = SMALL_BLOCK;
    if (!ds_file_reader_at(&j->reader, offset, &line, err))
        return false;
    return (checksum_fits(&line) && read_entry(&line, a, out)) ||
           ds_fail(err, DS_ERR_PERMANENT, "%s is damaged at byte %lld: the disk may be failing",
                   j->path, (long long)offset + 1);
}

bool ds_file_journal_find(ds_file_journal *j, ds_activity *act, ds_arena *a, const char *key,
                          ds_file_entry *out, bool *found, ds_err *err)
{
    ds_err why = DS_ERR_INIT;
    size_t slot;

    *found = find_slot(j, act, a, key, &slot, out, &why);
    if (!*found && why.kind != DS_ERR_NONE)
        *err = why;
    return why.kind == DS_ERR_NONE;
}

bool ds_file_journal_rewind(ds_file_journal *j, ds_activity *act, ds_arena *a, ds_err *err)
{
    if (!write_pending(j, err))
        return false;
    ds_file_reader_page(&j->reader, act, a);
    ds_file_reader_seek(&j->reader, 0, 0);
    j->reader.block = 0;
    return true;
}

void ds_file_journal_turn(ds_file_journal *j, ds_activity *act, ds_arena *a)
{
    ds_file_reader_page(&j->reader, act, a);
}

ds_file_got ds_file_journal_next(ds_file_journal *j, ds_arena *a, ds_file_entry *out, ds_err *err)
{
    ds_file_row line;
    ds_file_got got;

    do {
        got = ds_file_reader_next(&j->reader, &line, err);
        if (got != DS_FILE_ROW || line.offset >= j->size)
            return got == DS_FILE_FAILED ? got : DS_FILE_END;
    } while (!checksum_fits(&line) || !read_entry(&line, a, out)); /* the head, marks of merges */
    return DS_FILE_ROW;
}

bool ds_file_journal_is_last(const ds_file_journal *j, const ds_file_entry *entry)
{
    uint64_t hash = ds_file_hash(j->seed, entry->key);
    size_t at = SIZE_MAX;
    int64_t offset;

    while ((offset = ds_file_index_next(&j->index, hash, &at)) >= 0)
        if (offset == entry->offset)
            return true;
    return false;
}

/* ---- leaving --------------------------------------------------------------------------------- */

void ds_file_journal_forget(ds_file_journal *j)
{
    if (j->exists)
        ds_file_reader_page(&j->reader, NULL, NULL);
}

void ds_file_journal_close(ds_file_journal *j)
{
    if (j->exists)
        close(j->fd);
    ds_buf_fini(&j->pending);
    ds_file_index_free(&j->index);
    ds_arena_free(j->pages);
    *j = (ds_file_journal){
        .path = j->path, .format = j->format, .key = j->key, .seed = j->seed, .fd = -1};
}

void ds_file_journal_remove(ds_file_journal *j)
{
    if (j->exists) {
        ds_crashpoint("file: journal removed");
        unlink(j->path); /* what stays behind is recognised as merged by the next pass */
        ds_crashpoint("file: journal removed");
    }
    ds_file_journal_close(j);
}
