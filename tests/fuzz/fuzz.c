/* tests/fuzz/fuzz.c - see fuzz.h. */
#include "fuzz/fuzz.h"

#include "base/text.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fuzz_found(const char *file, int line, const char *truth, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, truth);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

void fuzz_error(const ds_err *err)
{
    fuzz_must(err->kind != DS_ERR_NONE, "\"%s\" is of no kind", err->text);
    fuzz_must(*err->text, "an error of kind %s without words", ds_err_kind_name(err->kind));
    fuzz_must(ds_utf8_ok(err->text, strlen(err->text)), "%s", err->text);
}

/* ---- the input ------------------------------------------------------------------------------- */

unsigned fuzz_byte(fuzz_input *in)
{
    if (!in->left)
        return 0;
    in->left--;
    return (unsigned char)*in->at++;
}

static char *take(fuzz_input *in, size_t n, size_t skip, ds_arena *a)
{
    char *text = ds_arena_strndup(a, n ? in->at : "", n);

    in->at += n + skip;
    in->left -= n + skip;
    return text;
}

char *fuzz_piece(fuzz_input *in, const char *separator, ds_arena *a, size_t *n)
{
    const char *end = in->left ? memmem(in->at, in->left, separator, strlen(separator)) : NULL;
    size_t len = end ? (size_t)(end - in->at) : in->left;

    if (n)
        *n = len;
    return take(in, len, end ? strlen(separator) : 0, a);
}

char *fuzz_rest(fuzz_input *in, ds_arena *a, size_t *n)
{
    if (n)
        *n = in->left;
    return take(in, in->left, 0, a);
}

const char *fuzz_fill(ds_arena *a, const char *text, const char *mark, const char *with)
{
    DS_AUTO_BUF(out, DS_MIB);
    const char *found;

    while ((found = strstr(text, mark)) != NULL) {
        ds_buf_add(&out, text, (size_t)(found - text));
        ds_buf_text(&out, with);
        text = found + strlen(mark);
    }
    ds_buf_text(&out, text);
    return ds_arena_strndup(a, out.n ? out.data : "", out.n);
}

/* ---- files ----------------------------------------------------------------------------------- */

static char dir_path[256];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void remove_dir(void)
{
    nftw(dir_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_dir(void)
{
    const char *under = getenv("TMPDIR");

    if (*dir_path)
        return dir_path;
    snprintf(dir_path, sizeof(dir_path), "%.200s/durable-sync-fuzz-XXXXXX", under ? under : "/tmp");
    fuzz_must(mkdtemp(dir_path), "no directory %s", dir_path);
    atexit(remove_dir);
    return dir_path;
}

const char *fuzz_path(ds_arena *a, const char *name)
{
    return ds_arena_printf(a, "%s/%s", fuzz_dir(), name);
}

void fuzz_put(const char *path, const void *data, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    fuzz_must(fd >= 0 && write(fd, data, n) == (ssize_t)n, "cannot write %s", path);
    close(fd);
}

const char *fuzz_get(const char *path, ds_arena *a, size_t *n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    off_t size;

    if (fd < 0)
        return NULL;
    size = lseek(fd, 0, SEEK_END);
    text = ds_arena_zalloc(a, (size_t)size + 1);
    fuzz_must(pread(fd, text, (size_t)size, 0) == size, "cannot read %s", path);
    close(fd);
    if (n)
        *n = (size_t)size;
    return text;
}

/* ---- records --------------------------------------------------------------------------------- */

ds_activity fuzz_activity(ds_arena *a)
{
    return (ds_activity){.arena = a, .clock = ds_clock_system(), .route = "r", .unit = "all"};
}

static void add_value(ds_buf *out, ds_value v)
{
    ds_json_writer w = ds_json_w(out, false);

    w.exact = true;
    ds_buf_printf(out, "%s:", ds_type_name(v.type));
    ds_json_w_value(&w, v);
}

const char *fuzz_show(const ds_record *rec, ds_arena *a)
{
    DS_AUTO_BUF(out, 64 * DS_MIB);

    ds_buf_printf(&out, "key %s place %s hold %s", rec->primary_key ? rec->primary_key : "-",
                  rec->place ? rec->place : "-", rec->hold ? rec->hold : "-");
    for (uint32_t i = 0; i < rec->props_n; i++) {
        ds_buf_printf(&out, " %s=", rec->props[i].name);
        add_value(&out, rec->props[i].value);
    }
    return ds_arena_strndup(a, out.data, out.n);
}

static void must_be_text(const char *text, size_t n)
{
    fuzz_must(text[n] == '\0' && strlen(text) == n, "text of %zu bytes ends after %zu", n,
              strlen(text));
    fuzz_must(ds_utf8_ok(text, n), "no UTF-8: %s", text);
}

void fuzz_value(ds_value v)
{
    switch (v.type) {
    case DS_NUMBER:
        fuzz_must(ds_is_number(v.as.text, v.n), "the number %s", v.as.text);
        must_be_text(v.as.text, v.n);
        break;
    case DS_TEXT:
    case DS_DATE:
    case DS_DATETIME:
        must_be_text(v.as.text, v.n);
        break;
    case DS_LIST:
        for (uint32_t i = 0; i < v.n; i++)
            must_be_text(v.as.list[i], strlen(v.as.list[i]));
        break;
    default:
        break;
    }
}

void fuzz_record(const ds_record *rec, ds_arena *a)
{
    if (rec->hold) {
        fuzz_must(*rec->hold && rec->place && *rec->place, "held without reason or place: %s",
                  fuzz_show(rec, a));
        must_be_text(rec->hold, strlen(rec->hold));
        return;
    }
    fuzz_must(!ds_key_problem(a, rec->primary_key) || rec->place, "neither key nor place: %s",
              fuzz_show(rec, a));
    for (uint32_t i = 0; i < rec->props_n; i++) {
        must_be_text(rec->props[i].name, strlen(rec->props[i].name));
        fuzz_value(rec->props[i].value);
    }
}
