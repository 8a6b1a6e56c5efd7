/* src/pgstore/writer.c
 *
 * Who writes, and whether a COMMIT that was not answered was done.
 *
 * Each writer has a row of its own in `writer` that counts its commits, raised inside each of them.
 * A COMMIT whose answer is lost is looked up there over the next connection: the row is locked by
 * the old transaction for as long as that is undecided.  It needs no id of a transaction, so it
 * holds behind a failover and in a copy, too.
 *
 * A store that one process has for itself is guarded by an advisory lock of the session that
 * writes: where the session is gone nothing can be written any more, so the lock cannot be lost
 * without the writer's noticing.  The row names the holder.  Processes that share a store share
 * that lock: they keep out one that wants it for itself, and it keeps out them.
 */
#include "pgstore/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define LOCK_CLASS "1146320238" /* "DSyn" */
#define SETUP_CLASS "1146320239"
#define NUMBER_BYTES 24
#define LOCK_TRIES 100
#define LOCK_PAUSE_NS 50000000L

/* Of the schema's name: two stores of one database have locks of their own. */
static const char *lock_number(const char *schema, char text[NUMBER_BYTES])
{
    uint32_t hash = 2166136261u;

    for (const char *c = schema; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    snprintf(text, NUMBER_BYTES, "%d", (int)(int32_t)hash);
    return text;
}

static const char *host_name(char name[65])
{
    if (gethostname(name, 64) != 0)
        *name = '\0';
    name[64] = '\0';
    return name;
}

/* ---- the holder ------------------------------------------------------------------------------ */

/* Who keeps this one out: those who share are not in each other's way. */
#define HOLDER_SQL                                                                                 \
    "SELECT w.process, w.host, l.mode = 'ShareLock' FROM pg_locks l LEFT JOIN writer w"            \
    " ON w.backend = l.pid WHERE l.locktype = 'advisory' AND l.granted"                            \
    " AND l.classid = " LOCK_CLASS " AND l.objid::bigint = $1::bigint & 4294967295"                \
    " AND l.objsubid = 2 AND (l.mode <> 'ShareLock' OR NOT $2::boolean) AND l.database ="          \
    " (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY w.process LIMIT 1"

/* As ds_db_driver.holder, over a connection of any kind; *pid is 0 beside a name where the holder
 * does not show who it is: it comes or goes. */
static const char *look_for_holder(ds_pgs *db, pid_t *pid, ds_arena *a, ds_err *err)
{
    char number[NUMBER_BYTES], here[65];
    const char *const values[] = {lock_number(db->schema, number), db->shared ? "t" : "f"};
    DS_AUTO(PGresult) res = NULL;
    const char *as;

    *pid = 0;
    if (!ds_pgs_ask(db, HOLDER_SQL, 2, values, &res, err) || PQntuples(res) == 0)
        return NULL;
    as = *PQgetvalue(res, 0, 2) == 't' ? ", a worker of engine temporal" : "";
    if (PQgetisnull(res, 0, 0))
        return ds_arena_printf(a, "another process%s", as);
    *pid = -1;
    if (strcmp(PQgetvalue(res, 0, 1), host_name(here)) == 0) {
        *pid = (pid_t)atoi(PQgetvalue(res, 0, 0));
        return ds_arena_printf(a, "process %s%s", PQgetvalue(res, 0, 0), as);
    }
    return ds_arena_printf(a, "process %s on %s%s", PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1),
                           as);
}

static bool try_lock(ds_pgs *db, bool *taken, ds_err *err)
{
    char number[NUMBER_BYTES];
    const char *const values[] = {lock_number(db->schema, number)};
    const char *sql = db->shared ? "SELECT pg_try_advisory_lock_shared(" LOCK_CLASS ", $1::int)"
                                 : "SELECT pg_try_advisory_lock(" LOCK_CLASS ", $1::int)";
    DS_AUTO(PGresult) res = NULL;

    if (!ds_pgs_ask(db, sql, 1, values, &res, err))
        return false;
    *taken = *PQgetvalue(res, 0, 0) == 't';
    return true;
}

/* The server has not yet seen that the process is gone, or it went between two looks; or it has
 * taken the lock and not yet said so. */
static bool is_passing(const char *who, pid_t pid)
{
    return !who || !pid || (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH);
}

bool ds_pgs_take_lock(ds_pgs *db, pid_t *holder, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    const char *who = NULL;
    bool taken = false;

    *holder = 0;
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (i)
            nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
        if (!try_lock(db, &taken, err))
            return false;
        if (taken)
            break;
        who = look_for_holder(db, holder, a, err);
        if (err->kind != DS_ERR_NONE)
            return false;
        if (!is_passing(who, *holder))
            break;
    }
    if (taken) {
        *holder = 0;
        return true;
    }
    *holder = *holder ? *holder : -1;
    return ds_fail(err, DS_ERR_CONFIG, "store %s is in use by %s", db->base.place,
                   who ? who : "another process");
}

bool ds_pgs_lock_setup(ds_pgs *db, ds_err *err)
{
    char number[NUMBER_BYTES];
    const char *const values[] = {lock_number(db->schema, number)};

    return ds_pgs_ask(db, "SELECT pg_advisory_lock(" SETUP_CLASS ", $1::int)", 1, values, NULL,
                      err);
}

/* ---- the writer's row ------------------------------------------------------------------------ */

static bool make_id(ds_pgs *db, ds_err *err)
{
    uint8_t bytes[16];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return ds_fail(err, DS_ERR_TRANSIENT, "store %s: no random numbers: %s", db->base.place,
                       strerror(errno));
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(db->id + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

/* A process that was killed left its row behind. */
#define SWEEP_SQL                                                                                  \
    "DELETE FROM writer WHERE at < extract(epoch FROM now())::bigint - 86400 AND backend NOT IN"   \
    " (SELECT pid FROM pg_stat_activity)"

#define WRITER_SQL                                                                                 \
    "CREATE TABLE IF NOT EXISTS writer(id TEXT PRIMARY KEY, n BIGINT NOT NULL,"                    \
    " backend BIGINT NOT NULL, process BIGINT NOT NULL, host TEXT NOT NULL, at BIGINT NOT NULL)"

static bool show(ds_pgs *db, ds_err *err)
{
    char backend[NUMBER_BYTES], process[NUMBER_BYTES], here[65];
    const char *const values[] = {db->id, backend, process, host_name(here)};

    snprintf(backend, sizeof backend, "%d", db->backend);
    snprintf(process, sizeof process, "%ld", (long)getpid());
    return ds_pgs_ask(db,
                      "INSERT INTO writer(id, n, backend, process, host, at) VALUES($1, 0, $2, $3,"
                      " $4, extract(epoch FROM now())::bigint) ON CONFLICT(id) DO UPDATE SET"
                      " backend = excluded.backend, at = excluded.at",
                      4, values, NULL, err);
}

bool ds_pgs_ready(ds_db *base, ds_err *err)
{
    ds_pgs *db = (ds_pgs *)base;
    char number[NUMBER_BYTES];
    const char *const values[] = {lock_number(db->schema, number)};

    if (!make_id(db, err) || !ds_pgs_ask(db, WRITER_SQL, 0, NULL, NULL, err) ||
        !ds_pgs_ask(db, SWEEP_SQL, 0, NULL, NULL, err) || !show(db, err))
        return false;
    db->shown = true;
    return ds_pgs_ask(db, "SELECT pg_advisory_unlock(" SETUP_CLASS ", $1::int)", 1, values, NULL,
                      err);
}

void ds_pgs_leave(ds_pgs *db)
{
    const char *const values[] = {db->id};
    ds_err err = DS_ERR_INIT;

    if (!db->handle || !db->shown || db->commit_unknown)
        return;
    /* Who opens the store right behind this must not meet the lock of a session that is ending. */
    if (!ds_pgs_ask(db, "DELETE FROM writer WHERE id = $1", 1, values, NULL, &err) ||
        !ds_pgs_ask(db, "SELECT pg_advisory_unlock_all()", 0, NULL, NULL, &err))
        ds_pgs_lose(db); /* the row is swept by a later start */
}

/* ---- transactions ---------------------------------------------------------------------------- */

bool ds_pgs_begin(ds_db *base, ds_err *err)
{
    ds_pgs *db = (ds_pgs *)base;

    db->wrote = false;
    return ds_pgs_send(db, "BEGIN", 0, NULL, (ds_pgs_due){0}, err);
}

void ds_pgs_rollback(ds_db *base)
{
    ds_err err = DS_ERR_INIT;

    /* The first error is the one; where this fails the connection is lost, and that does it too. */
    if (((ds_pgs *)base)->handle && !ds_pgs_ask((ds_pgs *)base, "ROLLBACK", 0, NULL, NULL, &err))
        ds_pgs_lose((ds_pgs *)base);
}

bool ds_pgs_commit(ds_db *base, ds_err *err)
{
    static const char count[] = "UPDATE writer SET n = n + 1 WHERE id = $1";
    ds_pgs *db = (ds_pgs *)base;
    const char *const values[] = {db->id};

    if (!db->wrote || !db->shown)
        return ds_pgs_ask(db, "COMMIT", 0, NULL, NULL, err);
    if (!ds_pgs_send(db, count, 1, values, (ds_pgs_due){0}, err))
        return false;
    db->commit_unknown = true;
    if (!ds_pgs_ask(db, "COMMIT", 0, NULL, NULL, err)) {
        db->commit_unknown = db->handle == NULL; /* else it was refused: that is an answer */
        return false;
    }
    db->commit_unknown = false;
    db->commits++;
    return true;
}

/* ---- coming back ----------------------------------------------------------------------------- */

/* A server that has not heard of our end still keeps our locks. */
static bool end_old_session(ds_pgs *db, int backend, const char *began, ds_err *err)
{
    char text[NUMBER_BYTES];
    const char *const values[] = {text, began};

    snprintf(text, sizeof text, "%d", backend);
    return ds_pgs_ask(db,
                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1::int"
                      " AND backend_start = $2::timestamptz AND pid <> pg_backend_pid()",
                      2, values, NULL, err);
}

/* Waits for the old transaction where that still has the row. */
static bool look_up_commit(ds_pgs *db, bool *committed, ds_err *err)
{
    DS_AUTO(PGresult) res = NULL;
    const char *const values[] = {db->id};
    int64_t n;

    if (!ds_pgs_ask(db, "SELECT n FROM writer WHERE id = $1 FOR UPDATE", 1, values, &res, err))
        return false;
    n = PQntuples(res) == 1 ? atoll(PQgetvalue(res, 0, 0)) : -1;
    *committed = db->commit_unknown && n == db->commits + 1;
    if (!*committed && n != db->commits)
        return ds_fail(err, DS_ERR_CONFIG,
                       "store %s was replaced by an older state of it while it was in use; start "
                       "again",
                       db->base.place);
    db->commits = n;
    db->commit_unknown = false;
    return true;
}

bool ds_pgs_come_back(ds_db *base, bool *committed, ds_err *err)
{
    ds_pgs *db = (ds_pgs *)base;
    int backend = db->backend;
    char began[sizeof db->backend_start];
    pid_t holder = 0;

    *err = DS_ERR_INIT;
    *committed = false;
    memcpy(began, db->backend_start, sizeof began);
    if (!ds_pgs_connect(db, err))
        return false;
    if (end_old_session(db, backend, began, err) && ds_pgs_take_lock(db, &holder, err) &&
        look_up_commit(db, committed, err) && show(db, err))
        return true;
    /* Our own session that is about to end, or that of a process which takes our place: it is told
     * apart by its row. */
    if (err->kind == DS_ERR_CONFIG && holder == getpid())
        err->kind = DS_ERR_TRANSIENT;
    ds_pgs_lose(db);
    db->backend = backend;
    memcpy(db->backend_start, began, sizeof began);
    return false;
}

const char *ds_pgs_holder(const ds_store_at *at, pid_t *pid, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    DS_AUTO(ds_db) db = ds_pgs_open(at, DS_DB_READ, pid, &err);
    const char *who = db ? look_for_holder((ds_pgs *)db, pid, a, &err) : NULL;

    if (who && !*pid)
        *pid = -1;
    return who;
}
