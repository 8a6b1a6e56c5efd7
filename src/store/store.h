/* src/store/store.h
 *
 * The durable memory: one SQLite file (synchronous=FULL, WAL, one writer connection in one process,
 * its directory synced after creation, mode 0600), or a schema on a PostgreSQL server.
 *
 * One writer thread owns the write connection and commits in groups: a job is a function that runs
 * inside the writer's transaction; jobs that wait together are committed together, urgent ones
 * (lane 0, unit events) before pages (lane 1).  Readers open connections of their own.
 *
 * A failed commit or sync ends the process with a clear line: what the disk refused once cannot be
 * trusted by trying again; the next start recovers from what is durable.  A server that goes away
 * is waited for: what was not committed is done again, what may have been is looked up.
 */
#ifndef DS_STORE_STORE_H
#define DS_STORE_STORE_H

#include "base/clock.h"
#include "base/ledger.h"
#include "base/queue.h"
#include "flow/unit.h"
#include <durable_sync/base.h>
#include <stdatomic.h>
#include <sys/types.h>

typedef struct ds_store ds_store;   /* the writer: at most one per file, guarded by a lock */
typedef struct ds_reader ds_reader; /* a read-only connection, used by one thread */

#define DS_STORE_SCHEMA "durable_sync" /* where a server keeps it, unless told otherwise */

typedef struct ds_db_driver ds_db_driver; /* driver.h */

typedef struct ds_store_at { /* where a store is */
    const char *path;        /* the file; else the server, as messages name it: no password in it */
    const ds_db_driver *driver; /* NULL: a file */
    const ds_secret *url;       /* for the driver */
    const char *schema;         /* for the driver */
    bool shared;              /* with others that say so too; else this process has it for itself */
    const atomic_bool *hurry; /* true: give up soon where the server is away. NULL: nobody says */
} ds_store_at;

/* Opens for writing: migrates, starts the writer thread. Errors: CONFIG "store PATH is in use by
 * process 4711" (then *holder is its pid, else 0), newer version, not a database, corrupt,
 * read-only disk, full disk: each names the path and the remedy. */
DS_MUST_USE ds_store *ds_store_open_at(const ds_store_at *at, pid_t *holder, ds_err *err);
DS_MUST_USE ds_store *ds_store_open(const char *path, pid_t *holder, ds_err *err); /* a file */
/* What the store needs of its machine beside SQLite. A simulation brings its own, and then all
 * happens on the caller's thread: a job is done, and durable, when ds_store_submit returns. */
typedef struct ds_store_host {
    /* An empty file of ours alone (mode 0600), its name durable, unless there is one. */
    bool (*create)(const char *path, ds_err *err);
    bool (*sync_names)(const char *path, ds_err *err); /* of the files beside `path` */
    int wal_pages; /* so many in the log, and they go into the file */
} ds_store_host;

/* Without a lock: the caller knows that it is alone. */
DS_MUST_USE ds_store *ds_store_open_on(const ds_store_host *host, const char *path, ds_err *err);
void ds_store_close(ds_store *s); /* drains the queue, checkpoints */
/* Of a file that this process has made: closes it and takes it away, as nothing came of it. Where
 * somebody reads it, it stays. */
void ds_store_discard(ds_store *s);
const char *ds_store_id(const ds_store *s);   /* 32 hex digits, made at creation */
const char *ds_store_path(const ds_store *s); /* at->path */
const ds_store_at *ds_store_place(const ds_store *s);
/* From any thread: the process is to end, so no server is waited for beyond a few seconds. Jobs
 * that need one then fail as TRANSIENT. */
void ds_store_hurry(ds_store *s);
/* The writer waits for its server. */
bool ds_store_is_away(const ds_store *s);
/* The process that holds the write lock of the store at `path`; 0: none; -1: one that cannot be
 * named (it runs on another machine or in another container). */
pid_t ds_store_holder(const char *path);
/* The same. *who, in `a`: as a message names the holder; NULL: there is none. */
pid_t ds_store_holder_at(const ds_store_at *at, ds_arena *a, const char **who);

/* Reads may run beside a writer in another process. A file that does not exist gives a reader that
 * finds nothing. */
DS_MUST_USE ds_reader *ds_reader_open_at(const ds_store_at *at, ds_err *err);
DS_MUST_USE ds_reader *ds_reader_open(const char *path, ds_err *err); /* a file */
void ds_reader_close(ds_reader *r);

/* For `plan` and `doctor`. The id in `a`; NULL where there is no file yet. */
DS_MUST_USE bool ds_reader_id(ds_reader *r, ds_arena *a, const char **id, ds_err *err);
/* Version of the file's format; 0 where there is no file yet. */
DS_MUST_USE bool ds_reader_format(ds_reader *r, int64_t *version, ds_err *err);
const char *ds_store_library(void); /* version of SQLite: "3.40.1" */

DS_AUTO_DEFINE(ds_store, ds_store_close)
DS_AUTO_DEFINE(ds_reader, ds_reader_close)

/* ---- jobs on the writer ---------------------------------------------------------------------- */

typedef struct ds_tx ds_tx; /* the writer inside its transaction: valid within one job */

enum { DS_LANE_EVENT = 0, DS_LANE_PAGE = 1 };

typedef struct ds_job {
    ds_message message; /* the queue's */
    int lane;           /* the writer's */
    /* It need not be durable by itself: only what comes behind it counts, and that is not there
     * without it. It is done once it can be seen. */
    bool soft;
    /* Runs on the writer thread inside its own savepoint: false rolls back just this job. Runs once
     * more, from what is durable, where a server was lost with the transaction. */
    bool (*run)(struct ds_job *job, ds_tx *tx, ds_err *err);
    /* Called on the writer thread after the commit is durable (or the job failed: err not NULL).
     * May free the job. NULL: nobody waits. */
    void (*done)(struct ds_job *job, const ds_err *err);
} ds_job;

void ds_store_submit(ds_store *s, int lane, ds_job *job);
/* Submits and waits: true when durable. */
DS_MUST_USE bool ds_store_do(ds_store *s, int lane, ds_job *job, ds_err *err);
/* For now there is nothing to do: memory that only makes things faster goes back to the system,
 * behind whatever was submitted before. */
void ds_store_rest(ds_store *s);

/* Everything below that takes a ds_tx runs inside a job; what takes a ds_reader does not. */

/* The time that all processes on this store agree about: its server's. `own_ms`: of this process,
 * which has a store in a file for itself. */
DS_MUST_USE bool ds_tx_now(ds_tx *tx, int64_t own_ms, int64_t *out, ds_err *err);

/* ---- machines -------------------------------------------------------------------------------- */

/* What lives here, whatever its kind. Names are unique among all of them. */
typedef struct ds_machine_row {
    int64_t id;
    const char *name;
    int64_t logic;     /* revision of the rules that wrote the state */
    const char *state; /* JSON */
    bool running;      /* an activity of it is under way or interrupted */
} ds_machine_row;

/* By id, or by name (the other is 0 or NULL). *out NULL: there is none of this kind. */
DS_MUST_USE bool ds_tx_machine_get(ds_tx *tx, const char *kind, int64_t id, const char *name,
                                   ds_arena *a, ds_machine_row **out, ds_err *err);
/* Sets row->id. Units are added by ds_tx_unit_add: they have more than a state. */
DS_MUST_USE bool ds_tx_machine_add(ds_tx *tx, const char *kind, ds_machine_row *row,
                                   int64_t next_due_ms, ds_err *err);
/* Writes state, logic revision, running and next due (0: none). */
DS_MUST_USE bool ds_tx_machine_save(ds_tx *tx, const ds_machine_row *row, int64_t next_due_ms,
                                    ds_err *err);
/* Until the transaction ends no other process reads it by this, nor writes it. */
DS_MUST_USE bool ds_tx_machine_lock(ds_tx *tx, const char *kind, int64_t id, const char *name,
                                    ds_err *err);
/* Ids of the kind's machines due at or before now, earliest first; at most max. *next_ms: the
 * earliest due after those; 0: none. */
DS_MUST_USE bool ds_tx_machines_due(ds_tx *tx, const char *kind, int64_t now_ms, size_t max,
                                    ds_arena *a, const int64_t **ids, size_t *n, int64_t *next_ms,
                                    ds_err *err);
/* The same of those whose name begins so. */
DS_MUST_USE bool ds_tx_machines_due_of(ds_tx *tx, const char *kind, const char *prefix,
                                       int64_t now_ms, size_t max, ds_arena *a, const int64_t **ids,
                                       size_t *n, int64_t *next_ms, ds_err *err);

/* ---- routes and units ------------------------------------------------------------------------ */

typedef struct ds_unit_row {
    int64_t id;
    const char *route;
    const char *unit; /* as the source names it */
    ds_unit state;    /* state.key is ROUTE:UNIT */
    int64_t epoch;    /* of the running or last activity */
    int64_t held;     /* records set aside */
    /* Of those, writes whose answer was lost, and when the last of them has settled: then they are
     * looked up. By ds_reader_units alone. */
    int64_t unsure, unsure_until_ms;
    ds_totals running_totals; /* of the running activity's checkpoint */
} ds_unit_row;

DS_MUST_USE bool ds_tx_unit_get(ds_tx *tx, const char *route, const char *unit, ds_arena *a,
                                ds_unit_row **out, ds_err *err); /* *out NULL: none */
DS_MUST_USE bool ds_tx_unit_by_id(ds_tx *tx, int64_t id, ds_arena *a, ds_unit_row **out,
                                  ds_err *err);
/* Creates the machine (kind "unit"); returns its row. */
DS_MUST_USE bool ds_tx_unit_add(ds_tx *tx, const char *route, const char *unit, int64_t now_ms,
                                ds_arena *a, ds_unit_row **out, ds_err *err);
/* Writes state, logic revision and next due (0: none). */
DS_MUST_USE bool ds_tx_unit_save(ds_tx *tx, const ds_unit_row *row, int64_t next_due_ms,
                                 ds_err *err);
#define DS_INBOX_MAX 10000 /* signals that wait for units nobody has seen yet */

/* The inbox: a signal is durable before it is answered. unit NULL: every unit of the route,
 * those that come later in the same start included. PERMANENT when it is full. */
DS_MUST_USE bool ds_tx_inbox_put(ds_tx *tx, const char *route, const char *unit,
                                 const ds_event *event, int64_t now_ms, ds_err *err);
/* Takes (and deletes) what waits for one unit, oldest first. */
DS_MUST_USE bool ds_tx_inbox_take(ds_tx *tx, const char *route, const char *unit, ds_arena *a,
                                  const ds_event **events, size_t *n, ds_err *err);
/* Takes what was sent to whole routes. */
DS_MUST_USE bool ds_tx_inbox_take_route(ds_tx *tx, const char *route, ds_arena *a,
                                        const ds_event **events, size_t *n, ds_err *err);

/* What kept a route's units from being listed the last time it was tried; NULL: nothing. */
DS_MUST_USE bool ds_tx_listing_note(ds_tx *tx, const char *route, const char *error, ds_err *err);

/* The activity of a unit: one row while a pass runs or is interrupted. Starting a new one forgets
 * the old checkpoint; resuming keeps it when the fingerprint is the same. Both raise the epoch. */
DS_MUST_USE bool ds_tx_activity_start(ds_tx *tx, ds_unit_row *row, const char *fingerprint,
                                      bool fresh, int64_t now_ms, ds_err *err);
DS_MUST_USE bool ds_tx_activity_end(ds_tx *tx, const ds_unit_row *row, ds_err *err);

typedef struct ds_run_row { /* one pass in the history */
    const char *route, *unit;
    ds_pass_kind kind;
    ds_pass_outcome outcome;
    int64_t started_ms, ended_ms;
    ds_totals totals;
    int64_t source_calls, destination_calls;
    const char *error, *error_kind; /* NULL: none */
    int64_t error_status;
} ds_run_row;

#define DS_RUNS_KEPT 1000 /* a unit; older ones are dropped */

DS_MUST_USE bool ds_tx_run_add(ds_tx *tx, const ds_run_row *run, ds_err *err);

/* ---- reading (any process) ------------------------------------------------------------------- */

DS_MUST_USE bool ds_reader_units(ds_reader *r, const char *route, const char *unit, ds_arena *a,
                                 ds_unit_row **out, size_t *n, ds_err *err); /* NULL: all */
/* Newest first, at most max. */
DS_MUST_USE bool ds_reader_runs(ds_reader *r, const char *route, const char *unit, size_t max,
                                ds_arena *a, ds_run_row **out, size_t *n, ds_err *err);

/* As noted by ds_tx_listing_note; *error NULL: nothing. */
DS_MUST_USE bool ds_reader_listing(ds_reader *r, const char *route, ds_arena *a, const char **error,
                                   ds_err *err);

typedef struct ds_held_row {
    const char *route, *unit;
    ds_held held;
} ds_held_row;

DS_MUST_USE bool ds_reader_held(ds_reader *r, const char *route, ds_arena *a, ds_held_row **out,
                                size_t *n, ds_err *err); /* NULL: all */
/* Links of units whose route or unit is not among what the configuration has: counted by app. */
typedef struct ds_link_count {
    const char *route, *unit;
    int64_t links;
} ds_link_count;
DS_MUST_USE bool ds_reader_link_counts(ds_reader *r, ds_arena *a, ds_link_count **out, size_t *n,
                                       ds_err *err);
/* PRAGMA quick_check: NULL when sound, else what it says. */
DS_MUST_USE bool ds_reader_quick_check(ds_reader *r, ds_arena *a, const char **finding,
                                       ds_err *err);

/* ---- held records, by hand ------------------------------------------------------------------- */

/* retry: due at once; drop: forgotten until the source record changes or it fails again; adopt:
 * links the key to the destination row `id`. *found false: no such held record. Placed ones refuse
 * retry and adopt with DS_ERR_CONFIG. */
DS_MUST_USE bool ds_tx_held_retry(ds_tx *tx, const char *route, const char *key, bool *found,
                                  ds_err *err);
DS_MUST_USE bool ds_tx_held_drop(ds_tx *tx, const char *route, const char *key, bool *found,
                                 ds_err *err);
DS_MUST_USE bool ds_tx_held_adopt(ds_tx *tx, const char *route, const char *key, const char *id,
                                  bool *found, ds_err *err);

/* ---- the ledger of one pass ------------------------------------------------------------------ */

/* For the activity with this epoch: commits of an older one are refused as CANCELLED. */
DS_MUST_USE ds_ledger *ds_store_ledger(ds_store *s, int64_t unit_id, int64_t epoch, ds_err *err);
/* For plan and explain: reads only, commit fails. The unit may not exist yet. */
DS_MUST_USE ds_ledger *ds_reader_ledger(ds_reader *r, const char *route, const char *unit,
                                        ds_err *err);

#endif
