/* src/connectors/file/disk.h
 *
 * What both sides ask of the file system: which format a name stands for, whether a file is still
 * the one it was, opening it with an error that says what to do, reading and writing whole blocks.
 */
#ifndef DS_CONNECTORS_FILE_DISK_H
#define DS_CONNECTORS_FILE_DISK_H

#include <durable_sync/activity.h>
#include <durable_sync/base.h>
#include <sys/stat.h>
#include <sys/types.h>

typedef enum ds_file_format {
    DS_FILE_UNKNOWN,
    DS_FILE_JSONL,
    DS_FILE_JSON,
    DS_FILE_CSV,
} ds_file_format;

/* From `format:` where it is set, else from the name's end. */
ds_file_format ds_file_format_of(const char *format, const char *path);
/* Format and delimiter as both sides' settings give them; false with DS_ERR_CONFIG. */
DS_MUST_USE bool ds_file_check_form(const char *format, const char *delimiter, const char *path,
                                    ds_err *err);
/* The byte between the columns of a CSV file; call ds_file_check_form first. */
char ds_file_delimiter_of(const char *delimiter, const char *path);

/* Which file, and in which state: a file that differs in any of these was written by someone. */
typedef struct ds_file_id {
    uint64_t inode; /* 0: there is no such file */
    int64_t size;
    int64_t mtime_ns;
} ds_file_id;

#define DS_FILE_ABSENT ((ds_file_id){0})

bool ds_file_id_same(ds_file_id a, ds_file_id b);
ds_file_id ds_file_id_of(const struct stat *st);
/* Of what stands at a path now; a missing file is no error. */
DS_MUST_USE bool ds_file_id_at(const char *path, ds_file_id *out, ds_err *err);
DS_MUST_USE bool ds_file_id_open(int fd, const char *path, ds_file_id *out, ds_err *err);
/* "INODE:SIZE:MTIME" or "absent"; parsing takes exactly that. */
const char *ds_file_id_text(ds_arena *a, ds_file_id id);
bool ds_file_id_parse(const char *text, ds_file_id *out);

/* Decimal digits up to `end`; moves *at behind them. false: none, or more than 63 bits. */
bool ds_file_digits(const char **at, int64_t *out);

/* A regular file, for reading. -1 with a missing file as TRANSIENT (it may just be replaced), what
 * needs a person as CONFIG. */
int ds_file_open(const char *path, ds_err *err);
/* Maps errno: full disks and I/O errors pass, rights and wrong paths need a person. */
bool ds_file_fail(ds_err *err, const char *doing, const char *path);

/* As many bytes as there are, up to n; -1 with *err set. */
ssize_t ds_file_read_at(int fd, const char *path, void *to, size_t n, int64_t at, ds_err *err);
DS_MUST_USE bool ds_file_write_all(int fd, const char *path, const void *from, size_t n,
                                   ds_err *err);
/* fsync of a file or a folder, with a crash point on either side. */
DS_MUST_USE bool ds_file_sync(int fd, const char *what, const char *path, ds_err *err);

/* The folder a file lies in, and a hidden name beside it: ".NAME.SUFFIX". */
const char *ds_file_folder(ds_arena *a, const char *path);
const char *ds_file_beside(ds_arena *a, const char *path, const char *suffix);

#endif
