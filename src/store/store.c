/* src/store/store.c
 *
 * Opens the store for writing: lock, file, format, writer thread, in this order, and lets go of
 * them in the other.
 */
#include "store/store.h"

#include "base/plant.h"
#include "store/driver.h"
#include "store/internal.h"
#include "store/lock.h"
#include "store/schema.h"
#include "store/sqlite.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct ds_store {
    ds_store_at at;
    char *path, *schema;
    ds_secret *url;
    char id[33];
    int lock; /* -1: not taken */
    const ds_store_host *host;
    ds_db *db;
    ds_writer *writer;
    ds_job rest;
    atomic_bool resting; /* `rest` is on its way */
};

const char *ds_store_id(const ds_store *s)
{
    return s->id;
}

const char *ds_store_path(const ds_store *s)
{
    return s->path;
}

const ds_store_at *ds_store_place(const ds_store *s)
{
    return &s->at;
}

void ds_store_hurry(ds_store *s)
{
    atomic_store(&s->db->hurry, true);
}

bool ds_store_is_away(const ds_store *s)
{
    return atomic_load(&s->db->is_away);
}

ds_writer *ds_store_writer(ds_store *s)
{
    return s->writer;
}

pid_t ds_store_holder(const char *path)
{
    return ds_lock_holder(path);
}

pid_t ds_store_holder_at(const ds_store_at *at, ds_arena *a, const char **who)
{
    pid_t pid = 0;

    *who = NULL;
    if (at->driver) {
        *who = at->driver->holder(at, &pid, a);
        return pid;
    }
    pid = ds_lock_holder(at->path);
    if (pid)
        *who = pid > 0 ? ds_arena_printf(a, "process %ld", (long)pid) : "another process";
    return pid;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* A new file's name, and the log's beside it, must survive a power cut: SQLite syncs what is in the
 * files but not the directory that names them. */
static bool sync_directory(const char *path, ds_err *err)
{
    char *copy = ds_strdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int number = errno;

    free(copy);
    if (fd >= 0)
        close(fd);
    return ok || ds_fail(err, DS_ERR_TRANSIENT, "store %s: sync its directory: %s", path,
                         strerror(number));
}

static bool create_file(const char *path, ds_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0) {
        close(fd);
        ds_crashpoint("store created");
        return sync_directory(path, err);
    }
    if (errno == EEXIST)
        return true;
    if (errno == ENOSPC || errno == EDQUOT)
        return ds_fail(err, DS_ERR_TRANSIENT,
                       "store %s: the disk is full; free some space and start again", path);
    return ds_fail(err, DS_ERR_CONFIG,
                   "store %s cannot be created: %s; make its directory writable for this user, or "
                   "set `store` to another path",
                   path, strerror(errno));
}

static const ds_store_host machine = {.create = create_file, .sync_names = sync_directory};

static bool read_id(ds_store *s, ds_err *err)
{
    DS_AUTO(ds_stmt) st = ds_db_stmt(s->db, "SELECT value FROM meta WHERE key = 'id'", err);
    const char *id;
    size_t n;
    bool row;

    if (!st || !ds_db_next(s->db, st, &row, err))
        return false;
    id = row ? ds_col_peek(st, 0, &n) : NULL;
    if (!id || n != 32)
        return ds_fail(err, DS_ERR_CONFIG, "store %s is damaged: it has no id; move it away",
                       s->path);
    memcpy(s->id, id, 32);
    return true;
}

static bool sync_names(const ds_store *s, ds_err *err)
{
    if (DS_PLANT("names not synced"))
        return true;
    return s->host->sync_names(s->path, err);
}

static bool open_file(ds_store *s, ds_err *err)
{
    int64_t version = 0;

    if (!s->host->create(s->path, err))
        return false;
    s->db = ds_db_open(s->path, DS_DB_WRITE, err);
    if (!s->db || !ds_schema_version(s->db, DS_STORE_VERSION, &version, err) ||
        !ds_db_use_wal(s->db, err) ||
        !ds_schema_upgrade(s->db, version, ds_schema_steps, DS_STORE_VERSION, err) ||
        !sync_names(s, err) || !read_id(s, err))
        return false;
    if (DS_PLANT("sync off"))
        return ds_db_exec(s->db, "PRAGMA synchronous=OFF", err);
    return true;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static ds_store *new_store(const ds_store_at *at)
{
    ds_store *s = ds_calloc(1, sizeof *s);

    s->path = ds_strdup(at->path);
    s->lock = -1;
    s->at = (ds_store_at){.path = s->path, .driver = at->driver, .shared = at->shared};
    if (!at->driver)
        return s;

    const char *url = ds_secret_reveal(at->url);

    s->at.url = s->url = ds_secret_new(url, strlen(url));
    s->at.schema = s->schema = ds_strdup(at->schema);
    return s;
}

static bool open_server(ds_store *s, pid_t *holder, ds_err *err)
{
    int64_t version = 0;

    s->db = s->at.driver->open(&s->at, DS_DB_WRITE, holder, err);
    if (s->db)
        s->at.hurry = &s->db->hurry;
    return s->db && ds_schema_version(s->db, DS_STORE_VERSION, &version, err) &&
           ds_schema_upgrade(s->db, version, ds_schema_steps, DS_STORE_VERSION, err) &&
           s->at.driver->ready(s->db, err) && read_id(s, err);
}

static bool open_locked(ds_store *s, pid_t *holder, ds_err *err)
{
    s->host = &machine;
    s->lock = ds_lock_take(s->path, holder, err);
    return s->lock >= 0 && open_file(s, err);
}

ds_store *ds_store_open_at(const ds_store_at *at, pid_t *holder, ds_err *err)
{
    DS_AUTO(ds_store) s = new_store(at);
    pid_t by = 0;
    bool ok = at->driver ? open_server(s, &by, err) : open_locked(s, &by, err);

    if (holder)
        *holder = by;
    if (!ok)
        return NULL;
    s->writer = ds_writer_start(s->db, err);
    return s->writer ? DS_TAKE(&s) : NULL;
}

ds_store *ds_store_open(const char *path, pid_t *holder, ds_err *err)
{
    return ds_store_open_at(&(ds_store_at){.path = path}, holder, err);
}

ds_store *ds_store_open_on(const ds_store_host *host, const char *path, ds_err *err)
{
    DS_AUTO(ds_store) s = new_store(&(ds_store_at){.path = path});

    s->host = host;
    if (!open_file(s, err))
        return NULL;
    if (host->wal_pages > 0)
        ds_db_wal_limit(s->db, host->wal_pages);
    s->writer = ds_writer_here(s->db);
    return DS_TAKE(&s);
}

void ds_store_close(ds_store *s)
{
    if (!s)
        return;
    ds_writer_stop(s->writer);
    ds_db_close(s->db);
    ds_lock_release(s->lock);
    ds_secret_free(s->url);
    free(s->schema);
    free(s->path);
    free(s);
}

/* SQLite leaves its log where somebody else reads the store: it would remove the next one's. */
static bool is_read(const char *path)
{
    char *log = NULL;
    bool there;

    if (asprintf(&log, "%s-wal", path) < 0)
        ds_out_of_memory(strlen(path));
    there = access(log, F_OK) == 0;
    free(log);
    return there;
}

void ds_store_discard(ds_store *s)
{
    char *path = ds_strdup(s->path);
    int lock = s->lock;

    s->lock = -1; /* kept until all is gone */
    ds_store_close(s);
    if (!is_read(path)) {
        (void)unlink(path);
        ds_lock_remove(path);
    }
    ds_lock_release(lock);
    free(path);
}

void ds_store_submit(ds_store *s, int lane, ds_job *job)
{
    ds_writer_submit(s->writer, lane, job);
}

/* ---- rest ------------------------------------------------------------------------------------ */

static bool rest_run(ds_job *job, ds_tx *tx, ds_err *err)
{
    (void)job;
    (void)tx;
    (void)err;
    return true; /* a transaction without a change costs no sync */
}

/* On the writer's thread, whose cache it is; all threads' free memory goes. */
static void rest_done(ds_job *job, const ds_err *err)
{
    ds_store *s = (ds_store *)(void *)((char *)job - offsetof(ds_store, rest));

    (void)err; /* not even a lock is in the way of this */
    if (s->db->ops->rest)
        s->db->ops->rest(s->db);
    malloc_trim(0);
    atomic_store(&s->resting, false);
}

void ds_store_rest(ds_store *s)
{
    if (atomic_exchange(&s->resting, true))
        return;
    s->rest = (ds_job){.run = rest_run, .done = rest_done};
    ds_store_submit(s, DS_LANE_EVENT, &s->rest);
}

/* ---- a job that is waited for ---------------------------------------------------------------- */

struct waited {
    ds_job base;
    ds_job *inner;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_ended;
    ds_err err;
};

static bool waited_run(ds_job *job, ds_tx *tx, ds_err *err)
{
    struct waited *wait = (struct waited *)job;

    return wait->inner->run(wait->inner, tx, err);
}

static void waited_done(ds_job *job, const ds_err *err)
{
    struct waited *wait = (struct waited *)job;

    if (wait->inner->done)
        wait->inner->done(wait->inner, err);
    pthread_mutex_lock(&wait->lock);
    if (err)
        wait->err = *err;
    wait->has_ended = true;
    pthread_cond_signal(&wait->ended); /* under the lock: the waiter's stack is gone after it */
    pthread_mutex_unlock(&wait->lock);
}

bool ds_store_do(ds_store *s, int lane, ds_job *job, ds_err *err)
{
    struct waited wait = {.base = {.run = waited_run, .done = waited_done, .soft = job->soft},
                          .inner = job,
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .ended = PTHREAD_COND_INITIALIZER,
                          .err = DS_ERR_INIT};

    assert(!ds_writer_is_me(s->writer)); /* it would wait for itself */
    ds_store_submit(s, lane, &wait.base);
    pthread_mutex_lock(&wait.lock);
    while (!wait.has_ended)
        pthread_cond_wait(&wait.ended, &wait.lock);
    pthread_mutex_unlock(&wait.lock);
    pthread_cond_destroy(&wait.ended);
    pthread_mutex_destroy(&wait.lock);
    if (wait.err.kind == DS_ERR_NONE)
        return true;
    *err = wait.err;
    return false;
}
