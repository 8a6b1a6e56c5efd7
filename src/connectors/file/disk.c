/* src/connectors/file/disk.c - the file system, with errors that name path and remedy. */
#include "connectors/file/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), end_n = strlen(end);

    return n >= end_n && !strcasecmp(text + n - end_n, end);
}

ds_file_format ds_file_format_of(const char *format, const char *path)
{
    static const struct {
        const char *name, *end;
        ds_file_format format;
    } known[] = {
        {"jsonl", ".jsonl", DS_FILE_JSONL}, {"jsonl", ".ndjson", DS_FILE_JSONL},
        {"json", ".json", DS_FILE_JSON},    {"csv", ".csv", DS_FILE_CSV},
        {"csv", ".tsv", DS_FILE_CSV},
    };

    for (size_t i = 0; i < DS_COUNT(known); i++)
        if (format ? !strcmp(format, known[i].name) : ends_with(path, known[i].end))
            return known[i].format;
    return DS_FILE_UNKNOWN;
}

static bool is_delimiter(const char *text)
{
    return !strcmp(text, "\\t") || !strcmp(text, "tab") ||
           (strlen(text) == 1 && !strchr("\"\r\n", *text) && (unsigned char)*text < 0x80);
}

bool ds_file_check_form(const char *format, const char *delimiter, const char *path, ds_err *err)
{
    ds_file_format found = ds_file_format_of(format, path);

    if (found == DS_FILE_UNKNOWN)
        return ds_fail(err, DS_ERR_CONFIG,
                       "the name %s does not tell its format: say `format: jsonl`, `json` or `csv`",
                       path);
    if (delimiter && found != DS_FILE_CSV)
        return ds_fail(err, DS_ERR_CONFIG, "`delimiter` belongs to csv files, and %s is none",
                       path);
    if (delimiter && !is_delimiter(delimiter))
        return ds_fail(err, DS_ERR_CONFIG,
                       "`delimiter` is one character such as \";\" or \"\\t\", not \"%s\"",
                       delimiter);
    return true;
}

char ds_file_delimiter_of(const char *delimiter, const char *path)
{
    if (!delimiter)
        return ends_with(path, ".tsv") ? '\t' : ',';
    return strlen(delimiter) == 1 ? *delimiter : '\t';
}

bool ds_file_id_same(ds_file_id a, ds_file_id b)
{
    return a.inode == b.inode && a.size == b.size && a.mtime_ns == b.mtime_ns;
}

ds_file_id ds_file_id_of(const struct stat *st)
{
    return (ds_file_id){
        .inode = (uint64_t)st->st_ino,
        .size = (int64_t)st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec,
    };
}

bool ds_file_id_at(const char *path, ds_file_id *out, ds_err *err)
{
    struct stat st;

    *out = DS_FILE_ABSENT;
    if (stat(path, &st) == 0)
        *out = ds_file_id_of(&st);
    else if (errno != ENOENT)
        return ds_file_fail(err, "look at", path);
    return true;
}

bool ds_file_id_open(int fd, const char *path, ds_file_id *out, ds_err *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return ds_file_fail(err, "look at", path);
    *out = ds_file_id_of(&st);
    return true;
}

const char *ds_file_id_text(ds_arena *a, ds_file_id id)
{
    if (!id.inode)
        return "absent";
    return ds_arena_printf(a, "%llu:%lld:%lld", (unsigned long long)id.inode, (long long)id.size,
                           (long long)id.mtime_ns);
}

bool ds_file_digits(const char **at, int64_t *out)
{
    const char *text = *at;
    int64_t number = 0;

    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *text - '0', &number))
            return false;
    if (text == *at)
        return false;
    *at = text;
    *out = number;
    return true;
}

bool ds_file_id_parse(const char *text, ds_file_id *out)
{
    int64_t inode;
    bool negative;

    *out = DS_FILE_ABSENT;
    if (!strcmp(text, "absent"))
        return true;
    if (!ds_file_digits(&text, &inode) || *text++ != ':' || !ds_file_digits(&text, &out->size) ||
        *text++ != ':')
        return false;
    negative = *text == '-'; /* a time before 1970 */
    text += negative;
    if (!ds_file_digits(&text, &out->mtime_ns) || *text)
        return false;
    out->mtime_ns = negative ? -out->mtime_ns : out->mtime_ns;
    out->inode = (uint64_t)inode;
    return true;
}

bool ds_file_fail(ds_err *err, const char *doing, const char *path)
{
    int code = errno;
    const char *why = strerror(code);

    switch (code) {
    case EACCES:
    case EPERM:
    case EROFS:
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s %s: %s; give the user that runs durable-sync the right to it", doing,
                       path, why);
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return ds_fail(err, DS_ERR_CONFIG, "%s %s: %s; correct `path`", doing, path, why);
    case ENOSPC:
    case EDQUOT:
        return ds_fail(err, DS_ERR_TRANSIENT, "%s %s: the disk is full (%s); make room", doing,
                       path, why);
    default:
        return ds_fail(err, DS_ERR_TRANSIENT, "%s %s: %s", doing, path, why);
    }
}

int ds_file_open(const char *path, ds_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang us */
    struct stat st = {0};

    if (fd < 0 && errno == ENOENT)
        ds_fail(err, DS_ERR_TRANSIENT, "there is no file %s; put it there or correct `path`", path);
    else if (fd < 0)
        ds_file_fail(err, "open", path);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    if (S_ISDIR(st.st_mode))
        ds_fail(err, DS_ERR_CONFIG, "%s is a folder: name a file, or a pattern such as %s/*.jsonl",
                path, path);
    else
        ds_fail(err, DS_ERR_CONFIG, "%s is no regular file: a pass must be able to read it twice",
                path);
    close(fd);
    return -1;
}

ssize_t ds_file_read_at(int fd, const char *path, void *to, size_t n, int64_t at, ds_err *err)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = pread(fd, (char *)to + done, n - done, (off_t)(at + (int64_t)done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            ds_file_fail(err, "read", path);
            return -1;
        }
        if (!got)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

bool ds_file_write_all(int fd, const char *path, const void *from, size_t n, ds_err *err)
{
    const char *at = from;

    while (n) {
        ssize_t put = write(fd, at, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return ds_file_fail(err, "write", path);
        at += put;
        n -= (size_t)put;
    }
    return true;
}

bool ds_file_sync(int fd, const char *what, const char *path, ds_err *err)
{
    ds_crashpoint(what);
    if (fsync(fd) < 0)
        return ds_file_fail(err, "sync", path);
    ds_crashpoint(what);
    return true;
}

const char *ds_file_folder(ds_arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return ".";
    return slash == path ? "/" : ds_arena_strndup(a, path, (size_t)(slash - path));
}

const char *ds_file_beside(ds_arena *a, const char *path, const char *suffix)
{
    const char *slash = strrchr(path, '/');
    size_t folder_n = slash ? (size_t)(slash - path) + 1 : 0;

    return ds_arena_printf(a, "%.*s.%s.%s", (int)folder_n, path, path + folder_n, suffix);
}
