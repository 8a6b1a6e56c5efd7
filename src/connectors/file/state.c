/* src/connectors/file/state.c
 *
 * What survives between passes, and what a pass finds when it opens: the file, a journal that an
 * interrupted pass left, one that was merged just before the end came.
 *
 * The generation is "f:FILE" after a merge and "j:FILE:BYTES" in between: the file that the journal
 * is to be merged into, and how much of the journal was on disk.  It still holds when the file is
 * that file and the journal goes that far, or when the file is what the merge made of both.
 */
#include "connectors/file/state.h"
#include "connectors/file/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TRIES 3

/* ---- opening --------------------------------------------------------------------------------- */

static bool find_target(ds_file_dest *d, ds_err *err)
{
    char real[PATH_MAX];
    struct stat st;

    bool there = realpath(d->path, real) != NULL;

    if (!there && errno != ENOENT) /* else a link would be taken for the file, and replaced */
        return ds_file_fail(err, "look at", d->path);
    d->target = ds_arena_strdup(d->own, there ? real : d->path);
    if (stat(d->target, &st) == 0) {
        if (S_ISREG(st.st_mode))
            return true;
        return ds_fail(err, DS_ERR_CONFIG, "%s is %s: name a file in `path`", d->path,
                       S_ISDIR(st.st_mode) ? "a folder" : "no regular file");
    }
    if (errno != ENOENT)
        return ds_file_fail(err, "look at", d->path);
    return lstat(d->path, &st) < 0 ||
           ds_fail(err, DS_ERR_CONFIG, "%s is a link that leads nowhere: mend or remove it",
                   d->path);
}

static bool open_folder(ds_file_dest *d, ds_err *err)
{
    const char *folder = ds_file_folder(d->own, d->target);
    struct stat st;

    if (stat(folder, &st) < 0 && errno == ENOENT)
        return ds_fail(err, DS_ERR_CONFIG, "there is no folder %s: create it or correct `path`",
                       folder);
    if (d->reading_only)
        return true;
    if (access(folder, W_OK | X_OK) < 0)
        return ds_file_fail(err, "write into", folder);
    d->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->folder_fd < 0)
        return ds_file_fail(err, "open", folder);
    if (flock(d->folder_fd, LOCK_EX | LOCK_NB) == 0) { /* nobody merges: what is left is rubbish */
        unlink(d->temp);
        flock(d->folder_fd, LOCK_UN);
    }
    return true;
}

static void name_columns(ds_file_dest *d, const ds_open_in *in)
{
    d->columns = ds_names_new(d->own);
    for (size_t i = 0; i < in->columns_n; i++)
        if (ds_names_find(&d->columns, in->columns[i].name) == SIZE_MAX)
            ds_names_add(&d->columns, ds_arena_strdup(d->own, in->columns[i].name));
}

static void prepare(ds_file_dest *d, const char *owner)
{
    static const char *const formats[] = {[DS_FILE_UNKNOWN] = "",
                                          [DS_FILE_JSONL] = "jsonl",
                                          [DS_FILE_JSON] = "json",
                                          [DS_FILE_CSV] = "csv"};
    ds_file_format format = ds_file_format_of(d->format, d->path);
    uint64_t seed = ds_file_seed(), whose = ds_file_checksum(owner, strlen(owner));

    d->temp = ds_file_beside(d->own, d->target, "durable-sync-tmp");
    d->table = (ds_file_table){.path = d->target,
                               .key = d->key,
                               .format = format,
                               .seed = seed,
                               .delimiter = ds_file_delimiter_of(d->delimiter, d->path),
                               .fd = -1};
    d->journal = (ds_file_journal){
        .format = formats[format],
        .key = d->key,
        .seed = seed,
        .fd = -1,
        /* One for each owner: the units of a route may write to one file side by side. */
        .path = ds_file_beside(
            d->own, d->target,
            ds_arena_printf(d->own, "durable-sync-journal-%016llx", (unsigned long long)whose))};
    d->past = d->journal;
    ds_buf_init(&d->body, DS_RECORD_MAX - DS_KIB);
}

/* "j:FILE:BYTES" */
static bool parse_journaled(ds_arena *a, const char *text, ds_file_id *base, int64_t *bytes)
{
    const char *colon = strrchr(text, ':'), *digits;

    if (strncmp(text, "j:", 2) != 0 || colon <= text + 2)
        return false;
    digits = colon + 1;
    return ds_file_digits(&digits, bytes) && !*digits &&
           ds_file_id_parse(ds_arena_strndup(a, text + 2, (size_t)(colon - text) - 2), base);
}

/* All that was written up to the known generation is in the file or the journal. */
static bool goes_on(ds_file_dest *d)
{
    const ds_file_journal *left = d->past.exists ? &d->past : &d->journal;
    bool fits = !d->journal.exists || ds_file_id_same(d->journal.base, d->standing);
    ds_file_id id;
    int64_t bytes;

    if (!d->known || !fits)
        return false;
    if (!strncmp(d->known, "f:", 2) && ds_file_id_parse(d->known + 2, &id))
        return ds_file_id_same(id, d->standing) ||
               (d->past.exists && ds_file_id_same(id, d->past.base));
    return parse_journaled(d->own, d->known, &id, &bytes) && left->exists &&
           ds_file_id_same(id, left->base) && bytes <= left->size;
}

/* How much of the journal the core counts as written; INT64_MAX where its generation says nothing
 * about this journal. */
static int64_t known_bytes(const ds_file_dest *d)
{
    ds_file_id id;
    int64_t bytes;

    if (!d->known)
        return 0;
    if (!strncmp(d->known, "f:", 2) && ds_file_id_parse(d->known + 2, &id))
        bytes = 0;
    else if (!parse_journaled(d->own, d->known, &id, &bytes))
        return INT64_MAX;
    return ds_file_id_same(id, d->journal.base) ? bytes : INT64_MAX;
}

/* What a killed pass had written and the core never heard of goes, like a transaction that was not
 * committed: its rows have no links, and their records may have left. */
static bool drop_unknown(ds_file_dest *d, ds_activity *act, ds_err *err)
{
    int64_t most = known_bytes(d);

    if (d->journal.size <= most)
        return true;
    ds_file_journal_close(&d->journal);
    return ds_file_journal_load(&d->journal, act, most, d->reading_only, err);
}

static bool load_journal(ds_file_dest *d, ds_activity *act, ds_err *err)
{
    if (!ds_file_journal_load(&d->journal, act, INT64_MAX, d->reading_only, err))
        return false;
    if (d->journal.exists && d->journal.is_merged &&
        ds_file_id_same(d->journal.merged, d->standing)) {
        ds_file_journal none = d->past;

        d->past = d->journal;
        d->journal = none;
    } else if (!drop_unknown(d, act, err)) {
        return false;
    }
    d->left_over = d->past.exists ? d->past.size : d->journal.size;
    return true;
}

bool ds_file_dest_open(ds_file_dest *d, ds_activity *act, const ds_open_in *in, ds_open_out *out,
                       ds_err *err)
{
    d->own = ds_arena_new();
    d->scratch = ds_arena_new();
    d->folder_fd = -1;
    d->reading_only = in->reading_only;
    d->known = ds_arena_strdup(d->own, in->generation);
    if (!find_target(d, err))
        return false;
    prepare(d, in->owner ? in->owner : "");
    name_columns(d, in);
    if (!open_folder(d, err) || !ds_file_id_at(d->target, &d->standing, err) ||
        !load_journal(d, act, err))
        return false;
    *out = (ds_open_out){.continues = goes_on(d), .rows = -1};
    out->exists = d->standing.inode || d->journal.entries;
    return true;
}

void ds_file_dest_close(ds_file_dest *d)
{
    if (!d->own)
        return;
    ds_file_table_close(&d->table);
    if (d->past.exists && !d->reading_only)
        ds_file_journal_remove(&d->past);
    else
        ds_file_journal_close(&d->past);
    ds_file_journal_close(&d->journal);
    ds_buf_fini(&d->body);
    if (d->folder_fd >= 0)
        close(d->folder_fd);
    ds_arena_free(d->scratch);
    ds_arena_free(d->own);
    d->own = NULL;
}

/* ---- making durable -------------------------------------------------------------------------- */

bool ds_file_dest_flush(ds_file_dest *d, ds_activity *act, const char **generation, ds_err *err)
{
    ds_file_journal *j = &d->journal;

    if (!j->exists || j->synced == j->size)
        return true;
    if (!ds_file_journal_sync(j, d->folder_fd, err))
        return false;
    *generation =
        ds_arena_printf(ds_activity_arena(act), "j:%s:%lld",
                        ds_file_id_text(ds_activity_arena(act), j->base), (long long)j->size);
    return true;
}

static bool lock_folder(ds_file_dest *d, ds_err *err)
{
    while (flock(d->folder_fd, LOCK_EX) < 0) /* another merge in this folder: it ends soon */
        if (errno != EINTR)
            return ds_file_fail(err, "lock the folder of", d->target);
    return true;
}

/* *mixed: what was merged into is not what this pass compared with. */
static bool merge_locked(ds_file_dest *d, ds_activity *act, ds_file_id *id, bool *mixed,
                         ds_err *err)
{
    ds_file_merge_in in = {.act = act,
                           .table = &d->table,
                           .journal = &d->journal,
                           .temp = d->temp,
                           .folder_fd = d->folder_fd,
                           .columns = &d->columns};

    *mixed = false;
    for (int i = 0; i < TRIES; i++) {
        bool changed;
        ds_file_id now;

        if (!ds_file_id_at(d->target, &now, err))
            return false;
        if (!d->table.open || !ds_file_id_same(d->table.id, now)) {
            if (!ds_file_table_open(&d->table, act, err))
                return false;
        }
        *mixed = !ds_file_id_same(d->table.id, d->standing);
        if (!ds_file_merge(&in, id, &changed, err))
            return false;
        if (!changed)
            return true;
    }
    return ds_fail(err, DS_ERR_TRANSIENT, "%s keeps being written to while it is merged",
                   d->target);
}

static bool merge(ds_file_dest *d, ds_activity *act, const char **generation, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    ds_file_journal none = d->past;
    ds_file_id id;
    bool mixed, done;

    if (!ds_file_journal_sync(&d->journal, d->folder_fd, err) || !lock_folder(d, err))
        return false;
    done = merge_locked(d, act, &id, &mixed, err);
    flock(d->folder_fd, LOCK_UN);
    if (!done)
        return ds_wrap(err, "merge into %s", d->target);
    ds_file_table_close(&d->table);
    d->past = d->journal;
    d->journal = none;
    d->left_over = 0;
    d->standing = id;
    /* Rows found unchanged in the old state may have been changed in the new one: a generation that
     * no file can have makes the next pass compare them all. */
    *generation = ds_arena_printf(a, "%s:%s", mixed ? "mixed" : "f", ds_file_id_text(a, id));
    d->known = ds_arena_strdup(d->own, *generation);
    return true;
}

bool ds_file_dest_finish(ds_file_dest *d, ds_activity *act, const char **generation, ds_err *err)
{
    ds_arena *a = ds_activity_arena(act);
    const char *text;
    ds_file_id now;

    if (d->reading_only)
        return true;
    if (d->journal.entries)
        return merge(d, act, generation, err);
    if (!ds_file_id_at(d->target, &now, err))
        return false;
    text = ds_arena_printf(a, "f:%s", ds_file_id_text(a, now));
    if (ds_file_id_same(now, d->standing) && (!d->known || strcmp(d->known, text) != 0)) {
        *generation = text;
        d->known = ds_arena_strdup(d->own, text);
    }
    return true;
}
