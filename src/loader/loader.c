/* src/loader/loader.c - where connectors are looked for, and which have been loaded. */
#include "loader/loader.h"
#include "loader/object.h"
#include "loader/trust.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS_MAX 32
#define KINDS_MAX 256
#define KIND_BYTES_MAX ((size_t)64)
#define SYSTEM_FOLDER "/usr/lib/durable-sync/connectors"

typedef struct folder {
    const char *path;
    const char *below; /* beside the library: the part of the path under its folder; else NULL */
    bool asked_for;
} folder;

typedef struct answer { /* to a kind that was asked for */
    const char *kind;
    const char *path;
    const ds_connector *connector;
    ds_err err;
} answer;

struct ds_loader {
    ds_arena *arena;
    const char *library; /* the folder of libdurable_sync.so; NULL: not known */
    folder folders[FOLDERS_MAX];
    size_t folders_n;
    bool too_many;
    answer *answers[KINDS_MAX];
    size_t answers_n;
};

/* ---- folders --------------------------------------------------------------------------------- */

static void add_folder(ds_loader *l, const char *path, const char *below, bool asked_for)
{
    for (size_t i = 0; i < l->folders_n; i++)
        if (strcmp(l->folders[i].path, path) == 0)
            return;
    if (l->folders_n == FOLDERS_MAX)
        l->too_many = true;
    else
        l->folders[l->folders_n++] = (folder){path, below, asked_for};
}

/* Those of the variable, leaving room for the three that are always there. */
static void add_asked_for(ds_loader *l, const char *list)
{
    while (list && *list) {
        size_t n = strcspn(list, ":");

        if (n > 0 && l->folders_n < FOLDERS_MAX - 3)
            add_folder(l, ds_arena_strndup(l->arena, list, n), NULL, true);
        else if (n > 0)
            l->too_many = true;
        list += n + (list[n] == ':');
    }
}

static const char *folder_of_library(ds_arena *a)
{
    static const int here = 0;
    Dl_info info;
    char *real = dladdr(&here, &info) && info.dli_fname ? realpath(info.dli_fname, NULL) : NULL;
    char *slash = real ? strrchr(real, '/') : NULL;
    const char *found = NULL;

    if (slash)
        found = slash == real ? "/" : ds_arena_strndup(a, real, (size_t)(slash - real));
    free(real);
    return found;
}

ds_loader *ds_loader_new(ds_arena *a)
{
    static const char *const below[] = {"durable-sync/connectors", "connectors"};
    ds_loader *l = ds_new_in(a, ds_loader);

    l->arena = a;
    l->library = folder_of_library(a);
    add_asked_for(l, secure_getenv(DS_LOADER_VARIABLE));
    for (size_t i = 0; l->library && i < DS_COUNT(below); i++)
        add_folder(l, ds_arena_printf(a, "%s/%s", l->library, below[i]), below[i], false);
    add_folder(l, SYSTEM_FOLDER, NULL, false);
    return l;
}

/* Whoever may put another library in place of ours need not be kept from adding to it. */
static ds_trust trust_of_library(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return (ds_trust){.uid = geteuid()};
    return (ds_trust){.uid = st.st_uid, .group = st.st_mode & S_IWGRP, .gid = st.st_gid};
}

/* As ds_trust_open answers; `also` says who may write in it besides. */
static int open_folder(const ds_loader *l, const folder *f, ds_trust *also, ds_err *err)
{
    int library, fd;

    *also = (ds_trust){.uid = geteuid()};
    if (*f->path != '/') {
        ds_fail(err, DS_ERR_CONFIG, "not an absolute path, as $" DS_LOADER_VARIABLE " takes them");
        return -1;
    }
    if (!f->below)
        return ds_trust_open(-1, f->path, DS_TRUST_FOLDER, also, err);
    library = open(l->library, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (library < 0)
        return -1;
    *also = trust_of_library(library);
    fd = ds_trust_open(library, f->below, DS_TRUST_FOLDER, also, err);
    close(library);
    return fd;
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static bool is_kind(const char *text, size_t n)
{
    return n > 0 && n <= KIND_BYTES_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") >= n;
}

/* The kind of KIND.so; NULL: another file. */
static const char *kind_of_file(ds_arena *a, const char *name)
{
    size_t n = strlen(name);

    if (n <= 3 || strcmp(name + n - 3, ".so") != 0 || !is_kind(name, n - 3))
        return NULL;
    return ds_arena_strndup(a, name, n - 3);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t read_kinds(int fd, ds_arena *a, const char **kinds, size_t most)
{
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    size_t n = 0;

    if (!dir) {
        close(fd);
        return 0;
    }
    while (n < most && (entry = readdir(dir))) {
        kinds[n] = kind_of_file(a, entry->d_name);
        n += kinds[n] != NULL;
    }
    closedir(dir);
    if (n > 1)
        qsort(kinds, n, sizeof *kinds, by_name);
    return n;
}

const ds_loader_folder *ds_loader_folders(ds_loader *l, ds_arena *a, size_t *n)
{
    ds_loader_folder *out = ds_arena_zalloc(a, sizeof *out * FOLDERS_MAX);

    *n = l->folders_n;
    for (size_t i = 0; i < l->folders_n; i++) {
        const folder *f = &l->folders[i];
        const char **kinds = ds_arena_zalloc(a, sizeof *kinds * KINDS_MAX);
        ds_err err = DS_ERR_INIT;
        ds_trust also;
        int fd = open_folder(l, f, &also, &err);

        out[i] = (ds_loader_folder){.path = f->path, .asked_for = f->asked_for};
        out[i].exists = fd >= 0 || err.kind != DS_ERR_NONE;
        out[i].problem = err.kind != DS_ERR_NONE ? ds_arena_strdup(a, err.text) : NULL;
        out[i].kinds = kinds;
        if (fd >= 0)
            out[i].kinds_n = read_kinds(fd, a, kinds, KINDS_MAX);
    }
    return out;
}

const char *const *ds_loader_kinds(ds_loader *l, ds_arena *a, size_t *n)
{
    size_t folders_n, all_n = 0;
    const ds_loader_folder *folders = ds_loader_folders(l, a, &folders_n);
    const char **all = ds_arena_zalloc(a, sizeof *all * (folders_n * KINDS_MAX + 1));

    for (size_t i = 0; i < folders_n; i++)
        for (size_t k = 0; k < folders[i].kinds_n; k++)
            all[all_n++] = folders[i].kinds[k];
    if (all_n > 1)
        qsort(all, all_n, sizeof *all, by_name);
    *n = 0;
    for (size_t i = 0; i < all_n; i++)
        if (*n == 0 || strcmp(all[*n - 1], all[i]) != 0)
            all[(*n)++] = all[i];
    return all;
}

/* ---- loading --------------------------------------------------------------------------------- */

static const answer *answered(const ds_loader *l, const char *kind)
{
    for (size_t i = 0; i < l->answers_n; i++)
        if (strcmp(l->answers[i]->kind, kind) == 0)
            return l->answers[i];
    return NULL;
}

/* The network layer lies beside the library. A connector is loaded by its descriptor, from which no
 * run path leads there, so what it needs is there before it. */
static bool load_needed(ds_loader *l, int fd, ds_err *err)
{
    static const char name[] = "libdurable_sync_http.so";

    return !ds_object_mentions(fd, name) || ds_loader_part(l, name, "ds_http_open", err);
}

/* Looks in one folder; true when the search ends there. */
static bool look_in(ds_loader *l, const folder *f, answer *out)
{
    const char *file = ds_arena_printf(l->arena, "%s.so", out->kind);
    ds_trust also;
    int folder_fd = open_folder(l, f, &also, &out->err), fd = -1;

    if (folder_fd >= 0) {
        fd = ds_trust_open(folder_fd, file, DS_TRUST_FILE, &also, &out->err);
        close(folder_fd);
    }
    if (fd < 0 && out->err.kind == DS_ERR_NONE)
        return false;
    out->path = ds_arena_printf(l->arena, "%s/%s", f->path, file);
    if (fd >= 0 && load_needed(l, fd, &out->err))
        out->connector = ds_object_load(fd, out->path, out->kind, &out->err);
    else if (fd >= 0)
        close(fd);
    if (!out->connector)
        ds_wrap(&out->err, "connector %.200s", out->path);
    return true;
}

static const answer *find(ds_loader *l, const char *kind)
{
    answer *out = ds_new_in(l->arena, answer);

    *out = (answer){.kind = ds_arena_strdup(l->arena, kind), .err = DS_ERR_INIT};
    for (size_t i = 0; i < l->folders_n; i++)
        if (look_in(l, &l->folders[i], out))
            break;
    if (!out->path && l->too_many)
        ds_fail(&out->err, DS_ERR_CONFIG, "$" DS_LOADER_VARIABLE " names more than %d folders",
                FOLDERS_MAX - 3);
    if (l->answers_n < KINDS_MAX)
        l->answers[l->answers_n++] = out;
    return out;
}

const ds_connector *ds_loader_get(ds_loader *l, const char *kind, ds_err *err)
{
    const answer *found;

    if (!is_kind(kind, strlen(kind)))
        return NULL;
    found = answered(l, kind);
    if (!found)
        found = find(l, kind);
    if (!found->connector && found->err.kind != DS_ERR_NONE)
        *err = found->err;
    return found->connector;
}

const char *ds_loader_path(const ds_loader *l, const char *kind)
{
    const answer *found = answered(l, kind);

    return found && found->connector ? found->path : NULL;
}

/* ---- parts of our own ------------------------------------------------------------------------ */

static int open_beside(const ds_loader *l, const char *below, ds_err *err)
{
    int library = open(l->library, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;
    ds_trust also;

    if (library < 0)
        return -1;
    also = trust_of_library(library);
    fd = ds_trust_open(library, below, DS_TRUST_FILE, &also, err);
    close(library);
    return fd;
}

const void *ds_loader_part(ds_loader *l, const char *name, const char *symbol, ds_err *err)
{
    static const char *const folders[] = {"durable-sync/", ""};

    for (size_t i = 0; l->library && i < DS_COUNT(folders); i++) {
        const char *below = ds_arena_printf(l->arena, "%s%s", folders[i], name);
        int fd = open_beside(l, below, err);
        const char *path = ds_arena_printf(l->arena, "%s/%s", l->library, below);
        const void *found;

        if (fd < 0 && err->kind == DS_ERR_NONE)
            continue;
        found = fd < 0 ? NULL : ds_object_symbol(fd, path, symbol, err);
        if (!found)
            ds_wrap(err, "%.200s", path);
        return found;
    }
    ds_fail(err, DS_ERR_CONFIG, "%s is not beside the library in %s; install durable-sync whole",
            name, l->library ? l->library : "its folder");
    return NULL;
}
