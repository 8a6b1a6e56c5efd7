/* src/connectors/file/journal.h
 *
 * What is to be merged into the destination's file, on disk beside it: a pass may be stopped at any
 * moment without losing what its links already count as written.
 *
 *   a line   CHECKSUM (16 hex digits) TAB meta TAB set NEWLINE, both parts JSON objects
 *   first    meta {"format": "jsonl", "key": "id", "base": "INODE:SIZE:MTIME"}, set {}
 *   entry    meta {"k": key, ...}, set {property: value, ...}
 *              "kv"    the key's own JSON value where it is not text (5 for "5")
 *              "made"  true: this journal's owner made the row
 *              "fresh" true: the row that the file has, if any, goes first
 *              "gone"  true: the row is to be removed; set is {}
 *              "new"   names in set that only a row made by this entry gets
 *            The last entry of a key says all there is to say about it.
 *   merged   meta {"merged": "INODE:SIZE:MTIME"}, set {}: written before the file with this
 *            identity takes its place; whoever finds both knows that the merge happened
 *
 * A line that is torn or damaged ends the journal: it was never promised to anyone.
 */
#ifndef DS_CONNECTORS_FILE_JOURNAL_H
#define DS_CONNECTORS_FILE_JOURNAL_H

#include "connectors/file/index.h"
#include "connectors/file/reader.h"

typedef struct ds_file_journal {
    const char *path, *format, *key; /* the caller fills these in */
    uint64_t seed;

    bool exists; /* on disk; else it is made with the first entry */
    int fd;      /* -1: none */
    ds_file_id base;
    bool is_merged;
    ds_file_id merged;
    int64_t entries;
    int64_t size;    /* with what is still in `pending` */
    int64_t written; /* handed to the system */
    int64_t synced;  /* on the disk */
    ds_buf pending;
    ds_file_index index; /* last entry of each key */
    ds_file_reader reader;
    ds_arena *pages;
    bool folder_synced;
} ds_file_journal;

typedef struct ds_file_entry {
    int64_t offset;
    const char *key, *key_value; /* key_value: JSON; NULL: the key as text */
    bool made, fresh, gone;
    const ds_json *only_new; /* list of names; NULL: none */
    const char *set_text;    /* the object as it stands there */
    size_t set_n;
    const ds_json *set; /* NULL until ds_file_entry_set */
} ds_file_entry;

/* Reads a journal that an interrupted pass left, at most its first `most` bytes; none is fine. What
 * is torn or behind them is cut off, unless reading_only. One for another format or key is dropped:
 * it fits nothing. */
DS_MUST_USE bool ds_file_journal_load(ds_file_journal *j, ds_activity *act, int64_t most,
                                      bool reading_only, ds_err *err);
/* Adds an entry; `body` is "meta TAB set". The journal is begun over `base` where there is none. */
DS_MUST_USE bool ds_file_journal_add(ds_file_journal *j, ds_activity *act, ds_arena *a,
                                     const char *key, const ds_buf *body, ds_file_id base,
                                     ds_err *err);
/* The last entry of a key, in `a`; *found false: none. */
DS_MUST_USE bool ds_file_journal_find(ds_file_journal *j, ds_activity *act, ds_arena *a,
                                      const char *key, ds_file_entry *out, bool *found,
                                      ds_err *err);
/* All on the disk, and its name in the folder. */
DS_MUST_USE bool ds_file_journal_sync(ds_file_journal *j, int folder_fd, ds_err *err);
/* Notes, durably, which file will take the place of the old one. */
DS_MUST_USE bool ds_file_journal_merged(ds_file_journal *j, ds_file_id id, ds_err *err);

/* Walking all entries in their order; ds_file_journal_turn takes the walk into an arena that was
 * emptied. */
DS_MUST_USE bool ds_file_journal_rewind(ds_file_journal *j, ds_activity *act, ds_arena *a,
                                        ds_err *err);
void ds_file_journal_turn(ds_file_journal *j, ds_activity *act, ds_arena *a);
ds_file_got ds_file_journal_next(ds_file_journal *j, ds_arena *a, ds_file_entry *out, ds_err *err);
/* It is the last one of its key. */
bool ds_file_journal_is_last(const ds_file_journal *j, const ds_file_entry *entry);
DS_MUST_USE bool ds_file_journal_at(ds_file_journal *j, ds_activity *act, ds_arena *a,
                                    int64_t offset, ds_file_entry *out, ds_err *err);
/* Parses `set`. */
DS_MUST_USE bool ds_file_entry_set(ds_file_entry *entry, ds_arena *a, ds_err *err);

void ds_file_journal_forget(ds_file_journal *j); /* memory of the last caller's arena */
void ds_file_journal_close(ds_file_journal *j);  /* the file stays */
void ds_file_journal_remove(ds_file_journal *j); /* the file goes, then as closed */

#endif
