/* src/connectors/file/units.c - patterns and the files they name. */
#include "connectors/file/units.h"
#include "connectors/file/disk.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

bool ds_file_is_pattern(const char *path)
{
    return strpbrk(path, "*?[") != NULL;
}

size_t ds_file_fixed(const char *pattern)
{
    size_t n = strcspn(pattern, "*?[\\");

    while (n && pattern[n - 1] != '/')
        n--;
    return n;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A unit's key is printed, stored and typed: a name that cannot be is left out aloud. */
static bool is_printable(ds_activity *act, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F)
            return false;
    return ds_utf8_repair(ds_activity_arena(act), name, &n) == name;
}

static void add_files(const glob_t *found, size_t fixed, ds_activity *act, ds_units *units)
{
    for (size_t i = 0; i < found->gl_pathc; i++) {
        const char *path = found->gl_pathv[i];
        struct stat st;

        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        if (is_printable(act, path + fixed))
            ds_units_add(units, path + fixed);
        else
            ds_activity_warn(act,
                             "a file in %.*s is left out: its name has control characters or "
                             "is no UTF-8",
                             (int)fixed, path);
    }
}

bool ds_file_list(const char *pattern, ds_activity *act, ds_units *units, ds_err *err)
{
    size_t fixed = ds_file_fixed(pattern);
    glob_t found = {0};
    int code = glob(pattern, GLOB_NOSORT | GLOB_ERR, NULL, &found), why = errno;

    if (code == 0) {
        qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv), by_bytes);
        add_files(&found, fixed, act, units);
    }
    globfree(&found);
    errno = code == GLOB_NOSPACE ? ENOMEM : why;
    /* A folder that cannot be read must not look like one whose files are gone. */
    return code == 0 || code == GLOB_NOMATCH || ds_file_fail(err, "look for files by", pattern);
}

const char *ds_file_of_unit(ds_arena *a, const char *pattern, const char *unit, ds_err *err)
{
    size_t fixed = ds_file_fixed(pattern);
    const char *path = ds_arena_printf(a, "%.*s%s", (int)fixed, pattern, unit);

    if (fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0)
        return path;
    ds_fail(err, DS_ERR_CONFIG, "the unit %s is no file that `path: %s` stands for", unit, pattern);
    return NULL;
}
