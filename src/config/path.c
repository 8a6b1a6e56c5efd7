/* src/config/path.c - where the configuration is, and what paths in it mean. */
#include "config/load.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_WIDE "/etc/durable-sync/durable-sync.yaml"
#define HERE "durable-sync.yaml"

const char *ds_config_find(const char *from_option, ds_arena *a)
{
    const char *named = getenv("DURABLE_SYNC_CONFIG");

    if (from_option)
        return ds_arena_strdup(a, from_option);
    if (named && *named)
        return ds_arena_strdup(a, named);
    if (!access(HERE, F_OK))
        return HERE;
    return access(SYSTEM_WIDE, F_OK) ? NULL : SYSTEM_WIDE;
}

const char *ds_path_real(ds_arena *a, const char *path)
{
    char real[PATH_MAX];

    return ds_arena_strdup(a, realpath(path, real) ? real : path);
}

const char *ds_path_end(ds_arena *a, const char *path)
{
    const char *name = strrchr(path, '/');
    char real[PATH_MAX];

    if (realpath(path, real))
        return ds_arena_strdup(a, real);
    if (realpath(ds_arena_strndup(a, path, (size_t)(name - path)), real))
        return ds_path_absolute(a, real, name + 1);
    return path;
}

const ds_option *ds_next_path(const ds_option *options, const void *settings,
                              const ds_option *after, const char **path)
{
    for (const ds_option *o = after ? after + 1 : options; o && o->name; o++) {
        if (o->type != DS_OPTION_PATH)
            continue;
        memcpy(path, (const char *)settings + o->offset, sizeof(*path));
        if (*path)
            return o;
    }
    return NULL;
}

/* Leaves out "." and doubled slashes, so that a file has one name as long as nobody writes "..". */
static void tidy(char *path)
{
    char *to = path;

    for (const char *from = path; *from;) {
        size_t n = strcspn(from, "/");

        if (n && !(n == 1 && *from == '.')) {
            *to++ = '/';
            memmove(to, from, n);
            to += n;
        }
        from += n + (from[n] == '/');
    }
    if (to == path)
        *to++ = '/';
    *to = '\0';
}

const char *ds_path_absolute(ds_arena *a, const char *dir, const char *path)
{
    char *joined =
        *path == '/' ? ds_arena_printf(a, "/%s", path) : ds_arena_printf(a, "/%s/%s", dir, path);

    tidy(joined);
    return joined;
}

const char *ds_path_of_store(ds_arena *a, const char *dir, const char *path)
{
    const char *named = ds_path_absolute(a, dir, path);
    struct stat st;

    return lstat(named, &st) == 0 && S_ISLNK(st.st_mode) ? ds_path_real(a, named) : named;
}
