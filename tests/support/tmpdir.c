/* tests/support/tmpdir.c - see tmpdir.h. */
#include "support/tmpdir.h"
#include "support/run.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct tmpdir {
    ds_arena *arena;
    char *path;
};

tmpdir *tmpdir_new(void)
{
    const char *under = getenv("TMPDIR");
    tmpdir *dir = ds_calloc(1, sizeof(*dir));

    dir->arena = ds_arena_new();
    dir->path = ds_arena_printf(dir->arena, "%s/durable-sync-test-XXXXXX", under ? under : "/tmp");
    if (!mkdtemp(dir->path))
        fail_msg("cannot make %s", dir->path);
    return dir;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

void tmpdir_free(tmpdir *dir)
{
    if (!dir)
        return;
    nftw(dir->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    ds_arena_free(dir->arena);
    free(dir);
}

const char *tmpdir_path(const tmpdir *dir)
{
    return dir->path;
}

const char *tmpdir_file(tmpdir *dir, const char *name)
{
    return ds_arena_printf(dir->arena, "%s/%s", dir->path, name);
}

void tmpdir_write(tmpdir *dir, const char *name, const void *data, size_t n)
{
    FILE *file = fopen(tmpdir_file(dir, name), "w");

    if (!file)
        fail_msg("cannot write %s", name);
    if (fwrite(data, 1, n, file) != n || fclose(file) != 0)
        fail_msg("cannot write %s", name);
}

const char *tmpdir_read(tmpdir *dir, const char *name, size_t *n)
{
    FILE *file = fopen(tmpdir_file(dir, name), "r");
    char *text = NULL;
    size_t used = 0, got = 1;

    if (!file)
        fail_msg("cannot read %s", name);
    while (got) {
        text = ds_arena_grow(dir->arena, text, used, used + DS_KIB);
        got = fread(text + used, 1, DS_KIB - 1, file);
        used += got;
    }
    fclose(file);
    text[used] = '\0';
    if (n)
        *n = used;
    return text;
}
