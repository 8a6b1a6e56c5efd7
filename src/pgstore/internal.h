/* src/pgstore/internal.h
 *
 * The store on PostgreSQL: one connection in libpq's pipeline mode.  A statement whose answer
 * nobody needs yet is sent and left; what is asked for next brings all answers up to there in one
 * round trip.  So a commit of many rows costs a few of them, wherever the server is.
 */
#ifndef DS_PGSTORE_INTERNAL_H
#define DS_PGSTORE_INTERNAL_H

#include "store/driver.h"
#include <libpq-fe.h>

enum {
    DS_PGS_PARAMS_MAX = 24,
    DS_PGS_PENDING_MAX = 2048, /* sent and not yet answered */
    DS_PGS_WORDS_MAX = 400,
    DS_PGS_SLICE_MS = 100,
};

typedef struct ds_pgs_stmt {
    ds_stmt base; /* first */
    struct ds_pgs *db;
    char *text;       /* with $1 instead of ?1 */
    char *batch_text; /* of many rows at once; NULL: one at a time */
    unsigned id;
    unsigned session; /* of the connection that knows it; 0: none */
    bool writes;
    int n; /* parameters */
    Oid types[DS_PGS_PARAMS_MAX];
    const char *values[DS_PGS_PARAMS_MAX];
    int lengths[DS_PGS_PARAMS_MAX];
    uint8_t ints[DS_PGS_PARAMS_MAX][8]; /* as sent: big-endian */
    PGresult *res;
    int row; /* -1: before the first */
} ds_pgs_stmt;

typedef struct ds_pgs_batch { /* rows for one INSERT that have not left yet */
    ds_pgs_stmt *st;          /* NULL: none */
    ds_buf columns[DS_PGS_PARAMS_MAX];
    size_t rows;
    int64_t **changes; /* of each row; NULL: nobody counts it */
    bool counted;      /* somebody does */
} ds_pgs_batch;

typedef struct ds_pgs_due { /* what an answer is for */
    int64_t *changes;       /* NULL: nobody counts */
    ds_pgs_stmt *rows;      /* NULL: it has none */
    PGresult **res;         /* NULL: not kept */
    ds_pgs_stmt *prepares;  /* makes it known to the server; NULL: it runs one */
} ds_pgs_due;

typedef struct ds_pgs {
    ds_db base;     /* first */
    PGconn *handle; /* NULL: lost */
    unsigned session;
    unsigned statements; /* ids given out */
    ds_pgs_due due[DS_PGS_PENDING_MAX];
    size_t due_n;
    ds_pgs_batch batch;
    bool refused; /* since the last settle */
    char code[6]; /* SQLSTATE of the last refusal; "": the connection itself */
    char words[DS_PGS_WORDS_MAX];

    ds_secret *url;
    char *schema;
    bool writer, shared;
    const atomic_bool *hurry; /* the store's, where this one reads beside it; NULL */
    bool shown;               /* the row in `writer` is there */
    char id[33];
    int64_t commits;     /* as that row counts them */
    bool wrote;          /* in this transaction */
    bool commit_unknown; /* a COMMIT left and was not answered */
    int backend;         /* the server's process; and when it began */
    char backend_start[64];
} ds_pgs;

extern const ds_db_ops ds_pgs_ops;

/* connect.c */
DS_MUST_USE bool ds_pgs_connect(ds_pgs *db, ds_err *err);
void ds_pgs_lose(ds_pgs *db);
/* false, with what the server said last and the reaction it asks for. */
bool ds_pgs_fail(ds_db *db, ds_err *err);
bool ds_pgs_damaged(const ds_db *db, ds_err *err, const char *what);
void ds_pgs_note(ds_pgs *db, const PGresult *res);
void ds_pgs_note_lost(ds_pgs *db);
/* The trouble is the server's, and passes: another try may go well. */
bool ds_pgs_passes(const char *code);

/* wire.c */
DS_MUST_USE bool ds_pgs_wait(ds_pgs *db, short events, int *patience_ms);
/* Sends one statement with text parameters; its answer comes with the next settle. */
DS_MUST_USE bool ds_pgs_send(ds_pgs *db, const char *sql, int n, const char *const *values,
                             ds_pgs_due due, ds_err *err);
DS_MUST_USE bool ds_pgs_expect(ds_pgs *db, ds_pgs_due due, ds_err *err);
DS_MUST_USE bool ds_pgs_settle(ds_db *db, ds_err *err);
bool ds_pgs_fail_lost(ds_pgs *db, ds_err *err);
/* Sends, settles. *res (NULL: not wanted) is the caller's. */
DS_MUST_USE bool ds_pgs_ask(ds_pgs *db, const char *sql, int n, const char *const *values,
                            PGresult **res, ds_err *err);

/* stmt.c: the table's functions of those names */
ds_stmt *ds_pgs_prepare(ds_db *db, const char *sql, ds_err *err);
void ds_pgs_finalize(ds_db *db, ds_stmt *st);
bool ds_pgs_next(ds_db *db, ds_stmt *st, bool *row, ds_err *err);
bool ds_pgs_run(ds_db *db, ds_stmt *st, int64_t *changes, ds_err *err);

/* Past the batch. */
DS_MUST_USE bool ds_pgs_send_one(ds_pgs_stmt *st, ds_pgs_due due, ds_err *err);

/* batch.c */
char *ds_pgs_batch_text(const char *text, int n); /* in heap memory; NULL: it is none */
DS_MUST_USE bool ds_pgs_batch_add(ds_pgs_stmt *st, int64_t *changes, ds_err *err);
DS_MUST_USE bool ds_pgs_batch_send(ds_pgs *db, ds_err *err);
void ds_pgs_batch_drop(ds_pgs *db);

/* dialect.c: in heap memory */
char *ds_pgs_statement(const char *sql, int *params);
char *ds_pgs_definition(const char *sql);

/* open.c */
ds_db *ds_pgs_open(const ds_store_at *at, ds_db_mode mode, pid_t *holder, ds_err *err);

/* writer.c: who writes */
/* Until `ready`, or the end of the session. */
DS_MUST_USE bool ds_pgs_lock_setup(ds_pgs *db, ds_err *err);
DS_MUST_USE bool ds_pgs_take_lock(ds_pgs *db, pid_t *holder, ds_err *err);
DS_MUST_USE bool ds_pgs_ready(ds_db *db, ds_err *err);
bool ds_pgs_begin(ds_db *db, ds_err *err);
bool ds_pgs_commit(ds_db *db, ds_err *err);
void ds_pgs_rollback(ds_db *db);
bool ds_pgs_come_back(ds_db *db, bool *committed, ds_err *err);
void ds_pgs_leave(ds_pgs *db); /* before a writer is closed */
const char *ds_pgs_holder(const ds_store_at *at, pid_t *pid, ds_arena *a);

DS_AUTO_DEFINE(PGresult, PQclear)

#endif
