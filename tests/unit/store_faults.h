/* tests/unit/store_faults.h
 *
 * SQLite and the system refuse the store what it asks for: the linker (--wrap) catches the calls.
 * And a store with something of everything in it, for faults to happen to.
 */
#ifndef TESTS_UNIT_STORE_FAULTS_H
#define TESTS_UNIT_STORE_FAULTS_H

#include "store_fixture.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- SQLite ---------------------------------------------------------------------------------- */

#define STATEMENTS_MOST 400
#define STEPS_MOST 2000

static struct {
    bool statements; /* each statement's text fails once */
    int step;        /* this step from now on fails; 0: none */
    int code;        /* with this answer */
    bool hit;        /* it did */
    int number;      /* the system's, behind an answer of input or output; 0: none */
    int checkpoint;  /* the answer to moving the log into the file; 0: it is moved */
    const char *sql; /* where */
    char *failed[STATEMENTS_MOST];
    size_t failed_n;
} faults;

static _Thread_local bool failing; /* what this thread asked last has failed by our doing */

/* What nobody could do anything about is not counted: undoing what was lost already. */
static bool spared(const char *sql)
{
    return !sql || strcmp(sql, "ROLLBACK") == 0;
}

static bool hit(const char *sql)
{
    faults.hit = failing = true;
    faults.sql = sql;
    return true;
}

static bool statement_fails(const char *sql)
{
    failing = false;
    if (!faults.statements || faults.hit || spared(sql))
        return false;
    for (size_t i = 0; i < faults.failed_n; i++) {
        if (strcmp(faults.failed[i], sql) == 0)
            return false;
    }
    assert(faults.failed_n < STATEMENTS_MOST);
    faults.failed[faults.failed_n++] = ds_strdup(sql);
    return hit(faults.failed[faults.failed_n - 1]);
}

static bool step_fails(const char *sql)
{
    failing = false;
    return faults.step && !faults.hit && !spared(sql) && --faults.step == 0 && hit(sql);
}

int __real_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int n, sqlite3_stmt **st,
                              const char **tail);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int n, sqlite3_stmt **st,
                              const char **tail);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int n, sqlite3_stmt **st,
                              const char **tail)
{
    return statement_fails(sql) ? faults.code : __real_sqlite3_prepare_v2(db, sql, n, st, tail);
}

int __real_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int n, unsigned flags,
                              sqlite3_stmt **st, const char **tail);
int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int n, unsigned flags,
                              sqlite3_stmt **st, const char **tail);
int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int n, unsigned flags,
                              sqlite3_stmt **st, const char **tail)
{
    return statement_fails(sql) ? faults.code
                                : __real_sqlite3_prepare_v3(db, sql, n, flags, st, tail);
}

int __real_sqlite3_step(sqlite3_stmt *st);
int __wrap_sqlite3_step(sqlite3_stmt *st);
int __wrap_sqlite3_step(sqlite3_stmt *st)
{
    return step_fails(sqlite3_sql(st)) ? faults.code : __real_sqlite3_step(st);
}

int __real_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *to, char **message);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *to, char **message);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *to, char **message)
{
    bool looks = strcmp(sql, "COMMIT") == 0 && sqlite3_txn_state(db, NULL) != SQLITE_TXN_WRITE;

    if (!looks && (statement_fails(sql) || step_fails(sql)))
        return faults.code; /* the end of a mere look has nothing to lose */
    return __real_sqlite3_exec(db, sql, row, to, message);
}

int __real_sqlite3_errcode(sqlite3 *db);
int __wrap_sqlite3_errcode(sqlite3 *db);
int __wrap_sqlite3_errcode(sqlite3 *db)
{
    return failing ? faults.code : __real_sqlite3_errcode(db);
}

int __real_sqlite3_extended_errcode(sqlite3 *db);
int __wrap_sqlite3_extended_errcode(sqlite3 *db);
int __wrap_sqlite3_extended_errcode(sqlite3 *db)
{
    return failing ? faults.code : __real_sqlite3_extended_errcode(db);
}

int __real_sqlite3_system_errno(sqlite3 *db);
int __wrap_sqlite3_system_errno(sqlite3 *db);
int __wrap_sqlite3_system_errno(sqlite3 *db)
{
    return faults.number ? faults.number : __real_sqlite3_system_errno(db);
}

int __real_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *log, int *done);
int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *log, int *done);
int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *log, int *done)
{
    if (!faults.checkpoint)
        return __real_sqlite3_wal_checkpoint_v2(db, name, mode, log, done);
    faults.code = faults.checkpoint;
    failing = true;
    return faults.checkpoint;
}

/* ---- system calls ---------------------------------------------------------------------------- */

typedef enum call {
    CALL_NONE,
    CALL_OPEN,
    CALL_FSYNC,
    CALL_FTRUNCATE,
    CALL_PWRITE,
    CALL_FCNTL,
    CALL_KILL,
    CALL_THREAD,
} call;

static struct {
    call call;
    int nth; /* of that call from now on fails */
    int number;
} refused;

static const char *gone; /* this file is, by the time it is locked... */
static int gone_again;   /* ...and so many times more */

static bool is_refused(call which)
{
    if (refused.call != which || --refused.nth != 0)
        return false;
    errno = refused.number;
    return true;
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
    return is_refused(CALL_OPEN) ? -1 : __real_open64(path, flags, 0600);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    return is_refused(CALL_FSYNC) ? -1 : __real_fsync(fd);
}

int __real_ftruncate64(int fd, off_t n);
int __wrap_ftruncate64(int fd, off_t n);
int __wrap_ftruncate64(int fd, off_t n)
{
    return is_refused(CALL_FTRUNCATE) ? -1 : __real_ftruncate64(fd, n);
}

ssize_t __real_pwrite64(int fd, const void *from, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *from, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *from, size_t n, off_t at)
{
    return is_refused(CALL_PWRITE) ? -1 : __real_pwrite64(fd, from, n, at);
}

int __real_fcntl64(int fd, int command, void *arg);
int __wrap_fcntl64(int fd, int command, void *arg);
int __wrap_fcntl64(int fd, int command, void *arg)
{
    if (gone) {
        assert_int_equal(unlink(gone), 0);
        gone = gone_again-- > 0 ? gone : NULL;
    }
    return is_refused(CALL_FCNTL) ? -1 : __real_fcntl64(fd, command, arg);
}

int __real_kill(pid_t pid, int signal);
int __wrap_kill(pid_t pid, int signal);
int __wrap_kill(pid_t pid, int signal)
{
    return is_refused(CALL_KILL) ? -1 : __real_kill(pid, signal);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg)
{
    return is_refused(CALL_THREAD) ? refused.number : __real_pthread_create(thread, attr, run, arg);
}

/* ---- a store with something of everything in it ---------------------------------------------- */

typedef struct stand {
    fixture f;
    ds_unit_row *row;
    ds_ledger *ledger;
    bool dead; /* the process would have left: a commit was not certain */
} stand;

static void would_leave(void *to, const ds_err *err)
{
    (void)err;
    ((stand *)to)->dead = true;
}

static const int64_t doubts[] = {1};

static void fill(stand *s)
{
    static const char sql[] =
        "INSERT INTO held VALUES(1,'kept',0,'w',1,1,1,zeroblob(16),1,NULL),"
        "(1,'line:1',1,'w',1,1,1,zeroblob(16),1,NULL),(1,'mine',0,'w',1,1,1,zeroblob(16),1,'M'),"
        "(2,'waits',0,'w',1,1,1,zeroblob(16),1,'W'),(2,'stale',0,'w',1,1,1,zeroblob(16),0,NULL);"
        "UPDATE ledger SET held = held + 1 WHERE unit_id = 2;"
        "UPDATE ledger SET held = held + 2 WHERE unit_id = 1;"
        "INSERT INTO inbox(route,unit,event,at) VALUES('r','all','{\"type\":\"pause\"}',1),"
        "('r',NULL,'{\"type\":\"resume\"}',1);"
        "UPDATE machine SET state = '{\"gone\":true}' WHERE unit = 'gone';"
        "INSERT INTO machine(kind,name,logic,state,next_due) VALUES('token','t',1,'{}',5)";
    ds_link_put puts[] = {LINK(1, "a", 1), LINK(2, "b", 2), LINK(3, "c", 3)};
    ds_link_put other[] = {LINK(1, "taken", 4)}, left[] = {LINK(1, "left", 5)};
    ds_held held = {.key = "held", .reason = "why", .since_ms = NOW};
    ds_intent intent = {.key = "i"}, sent = {.key = "sent"};
    ds_ledger *l = pass_of(&s->f, "r", "other");

    must(&s->f, commit_to(&s->f, l, (ds_commit){PUTS(other), .intents = &sent, .intents_n = 1}));
    ds_ledger_close(l);
    s->row = start_pass(&s->f, "r", "all", "fp", true);
    l = pass_of(&s->f, "r", "gone");
    must(&s->f, commit_to(&s->f, l, (ds_commit){PUTS(left)}));
    ds_ledger_close(l);
    l = pass_of(&s->f, "other", "all"); /* a route with the same destination */
    must(&s->f, commit_to(&s->f, l, (ds_commit){.identity = "table"}));
    ds_ledger_close(l);
    l = ledger_of(&s->f, s->row);
    must(&s->f, commit_to(&s->f, l,
                          (ds_commit){PUTS(puts), .held = &held, .held_n = 1, .intents = &intent,
                                      .intents_n = 1, .identity = "table"}));
    must(&s->f, commit_to(&s->f, l, (ds_commit){.doubts = doubts, .doubts_n = 1}));
    ds_ledger_close(l);
    must(&s->f, do_tx(&s->f, exec_in_tx, (char *)(uintptr_t)sql));
}

static void stand_up(stand *s)
{
    *s = (stand){.f = fixture_new()};
    fill(s);
    fixture_reopen(&s->f); /* no statement is ready yet */
    s->ledger = ledger_of(&s->f, s->row);
    ds_writer_on_fatal(ds_store_writer(s->f.store), would_leave, s);
}

static void stand_down(stand *s)
{
    ds_ledger_close(s->ledger);
    fixture_end(&s->f);
}

#endif
