/* tests/simulate/vfs.c
 *
 * SQLite on the simulated disk: files, their locks, and the shared memory of the log, for several
 * connections of one thread.  Writes and syncs are operations at which the process may die.
 */
#include "tests/simulate/sim.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { REGION = 32768, REGIONS = 8, SHARED_FILES = 4 };

typedef struct handle handle;

/* What connections of one file have in common. */
typedef struct shared {
    char name[64];
    int users, readers;
    const handle *reserved, *pending, *exclusive;
    char *regions[REGIONS];
    const handle *shm_owner[SQLITE_SHM_NLOCK];
    int shm_readers[SQLITE_SHM_NLOCK];
} shared;

struct handle {
    sqlite3_file base; /* first */
    inode *f;
    shared *with; /* of a database's own file; else NULL */
    int level;
    int shm_shared; /* slots, one bit each */
    bool new_name;  /* its name is not durable yet */
};

static shared files[SHARED_FILES];

static shared *share(const char *name)
{
    for (size_t i = 0; i < SHARED_FILES; i++) {
        if (!files[i].users)
            memset(files[i].name, 0, sizeof(files[i].name));
        if (files[i].users && !strcmp(files[i].name, name))
            return files[i].users++, &files[i];
    }
    for (size_t i = 0; i < SHARED_FILES; i++) {
        if (files[i].users)
            continue;
        files[i] = (shared){.users = 1};
        strncpy(files[i].name, name, sizeof(files[i].name) - 1);
        return &files[i];
    }
    abort();
}

static void let_go(shared *s)
{
    if (--s->users)
        return;
    for (size_t i = 0; i < REGIONS; i++)
        free(s->regions[i]);
    *s = (shared){0};
}

void vfs_crashed(void)
{
    memset(files, 0, sizeof(files)); /* its memory went with the process's */
}

/* ---- a file ---------------------------------------------------------------------------------- */

static int close_file(sqlite3_file *file)
{
    handle *h = (handle *)file;

    if (h->with)
        let_go(h->with);
    return SQLITE_OK;
}

static int read_file(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
    size_t got = disk_read(((handle *)file)->f, (size_t)at, to, (size_t)n);

    if (got == (size_t)n)
        return SQLITE_OK;
    memset((char *)to + got, 0, (size_t)n - got);
    return SQLITE_IOERR_SHORT_READ;
}

static int write_file(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
    sim_op("disk write");
    check_bytes("store", from, (size_t)n);
    disk_write(((handle *)file)->f, (size_t)at, from, (size_t)n);
    return SQLITE_OK;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 n)
{
    sim_op("disk truncate");
    disk_truncate(((handle *)file)->f, (size_t)n);
    return SQLITE_OK;
}

/* As SQLite does it on Unix: the first sync of a log or journal it made is one of its name, too. */
static int sync_file(sqlite3_file *file, int flags)
{
    handle *h = (handle *)file;

    (void)flags;
    sim_op("disk sync");
    disk_sync(h->f);
    if (h->new_name)
        disk_sync_names();
    h->new_name = false;
    return SQLITE_OK;
}

static int size_of_file(sqlite3_file *file, sqlite3_int64 *n)
{
    *n = (sqlite3_int64)disk_size(((handle *)file)->f);
    return SQLITE_OK;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static bool others_read(const handle *h)
{
    return h->with->readers > (h->level >= SQLITE_LOCK_SHARED);
}

static int lock_shared(handle *h)
{
    if ((h->with->pending && h->with->pending != h) || h->with->exclusive)
        return SQLITE_BUSY;
    h->with->readers++;
    h->level = SQLITE_LOCK_SHARED;
    return SQLITE_OK;
}

static int lock_file(sqlite3_file *file, int level)
{
    handle *h = (handle *)file;
    shared *s = h->with;

    if (h->level >= level)
        return SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED)
        return lock_shared(h);
    if (s->reserved && s->reserved != h)
        return SQLITE_BUSY;
    s->reserved = h;
    if (level == SQLITE_LOCK_EXCLUSIVE) {
        s->pending = h;
        h->level = SQLITE_LOCK_PENDING;
        if (others_read(h))
            return SQLITE_BUSY;
        s->exclusive = h;
    }
    h->level = level;
    return SQLITE_OK;
}

static int unlock_file(sqlite3_file *file, int level)
{
    handle *h = (handle *)file;
    shared *s = h->with;

    if (h->level <= level)
        return SQLITE_OK;
    s->reserved = s->reserved == h ? NULL : s->reserved;
    s->pending = s->pending == h ? NULL : s->pending;
    s->exclusive = s->exclusive == h ? NULL : s->exclusive;
    s->readers -= level == SQLITE_LOCK_NONE;
    h->level = level;
    return SQLITE_OK;
}

static int is_reserved(sqlite3_file *file, int *out)
{
    *out = ((handle *)file)->with->reserved != NULL;
    return SQLITE_OK;
}

static int control(sqlite3_file *file, int what, void *arg)
{
    (void)file;
    if (what != SQLITE_FCNTL_HAS_MOVED)
        return SQLITE_NOTFOUND;
    *(int *)arg = 0;
    return SQLITE_OK;
}

static int sector(sqlite3_file *file)
{
    (void)file;
    return 4096;
}

static int traits(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- the log's shared memory ----------------------------------------------------------------- */

static int map_region(sqlite3_file *file, int nth, int n, int extend, void volatile **out)
{
    shared *s = ((handle *)file)->with;

    if (nth >= REGIONS || n > REGION)
        return SQLITE_IOERR_SHMMAP;
    if (!s->regions[nth] && extend)
        s->regions[nth] = ds_calloc(1, REGION);
    *out = s->regions[nth];
    return SQLITE_OK;
}

static int unlock_slots(handle *h, int from, int n)
{
    for (int i = from; i < from + n; i++) {
        if (h->shm_shared & 1 << i)
            h->with->shm_readers[i]--;
        h->shm_shared &= ~(1 << i);
        if (h->with->shm_owner[i] == h)
            h->with->shm_owner[i] = NULL;
    }
    return SQLITE_OK;
}

static int lock_slots(sqlite3_file *file, int from, int n, int flags)
{
    handle *h = (handle *)file;
    shared *s = h->with;

    if (flags & SQLITE_SHM_UNLOCK)
        return unlock_slots(h, from, n);
    for (int i = from; i < from + n; i++) {
        bool mine = h->shm_shared & 1 << i;

        if (s->shm_owner[i] && s->shm_owner[i] != h)
            return SQLITE_BUSY;
        if (flags & SQLITE_SHM_EXCLUSIVE && s->shm_readers[i] > mine)
            return SQLITE_BUSY;
    }
    for (int i = from; i < from + n; i++) {
        if (flags & SQLITE_SHM_EXCLUSIVE) {
            s->shm_owner[i] = h;
        } else if (!(h->shm_shared & 1 << i)) {
            h->shm_shared |= 1 << i;
            s->shm_readers[i]++;
        }
    }
    return SQLITE_OK;
}

static void barrier(sqlite3_file *file)
{
    (void)file;
}

static int unmap(sqlite3_file *file, int forget)
{
    handle *h = (handle *)file;

    (void)forget;
    return unlock_slots(h, 0, SQLITE_SHM_NLOCK);
}

/* ---- the file system ------------------------------------------------------------------------- */

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = is_reserved,
    .xFileControl = control,
    .xSectorSize = sector,
    .xDeviceCharacteristics = traits,
    .xShmMap = map_region,
    .xShmLock = lock_slots,
    .xShmBarrier = barrier,
    .xShmUnmap = unmap,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    handle *h = (handle *)file;
    inode *f = name ? disk_find(name) : NULL;

    (void)vfs;
    memset(h, 0, sizeof(*h));
    if (!name || (!f && !(flags & SQLITE_OPEN_CREATE)))
        return SQLITE_CANTOPEN;
    if (!f) {
        sim_op("disk create");
        f = disk_create(name);
        h->new_name = !(flags & SQLITE_OPEN_MAIN_DB);
    }
    h->f = f;
    h->with = flags & SQLITE_OPEN_MAIN_DB ? share(name) : NULL;
    h->base.pMethods = &methods;
    if (out)
        *out = flags;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    sim_op("disk delete");
    disk_delete(name);
    if (sync)
        disk_sync_names();
    return SQLITE_OK;
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    (void)flags;
    *out = disk_find(name) != NULL;
    return SQLITE_OK;
}

static int full_path(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
    (void)vfs;
    strncpy(out, name, (size_t)n);
    return SQLITE_OK;
}

static int randomness(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    for (int i = 0; i < n; i++)
        out[i] = (char)dice(256);
    return n;
}

static int rest(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    w.now_ms += us / 1000;
    w.mono_us += us;
    return us;
}

static int time_now(sqlite3_vfs *vfs, double *out)
{
    (void)vfs;
    *out = 2440587.5 + (double)w.now_ms / 86400000.0;
    return SQLITE_OK;
}

/* ---- the start ------------------------------------------------------------------------------- */

static void *sql_malloc(int n)
{
    return malloc((size_t)n);
}

static void *sql_realloc(void *at, int n)
{
    return realloc(at, (size_t)n);
}

static int sql_size(void *at)
{
    return at ? (int)((const size_t *)at)[-2] : 0; /* as heap.c lays it out */
}

static int sql_round(int n)
{
    return (n + 7) & ~7;
}

static int sql_begin(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void sql_end(void *unused)
{
    (void)unused;
}

void vfs_start(void)
{
    static sqlite3_mem_methods memory = {sql_malloc, free,      sql_realloc, sql_size,
                                         sql_round,  sql_begin, sql_end,     NULL};
    static sqlite3_vfs vfs = {.iVersion = 1,
                              .szOsFile = sizeof(handle),
                              .mxPathname = 63,
                              .zName = "simulated",
                              .xOpen = open_file,
                              .xDelete = delete_file,
                              .xAccess = access_file,
                              .xFullPathname = full_path,
                              .xRandomness = randomness,
                              .xSleep = rest,
                              .xCurrentTime = time_now};

    sqlite3_shutdown();
    if (sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK ||
        sqlite3_initialize() != SQLITE_OK || sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
        abort();
    sqlite3_randomness(0, NULL); /* seeds itself anew, from the dice */
}

/* ---- what the store asks of its machine ------------------------------------------------------ */

static bool host_create(const char *path, ds_err *err)
{
    (void)err;
    if (disk_find(path))
        return true;
    sim_op("store create");
    disk_create(path);
    sim_op("store created");
    disk_sync_names();
    return true;
}

static bool host_sync_names(const char *path, ds_err *err)
{
    (void)path;
    (void)err;
    sim_op("names sync");
    disk_sync_names();
    return true;
}

const ds_store_host disk_host = {.create = host_create,
                                 .sync_names = host_sync_names,
                                 .wal_pages = 12}; /* the log goes into the file often */
