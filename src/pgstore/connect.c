/* src/pgstore/connect.c - opening a connection, and what its refusals mean for the store. */
#include "pgstore/internal.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECT_MS 10000
#define OLDEST_SERVER 120000

/* ---- errors ---------------------------------------------------------------------------------- */

static const struct reaction {
    const char *code; /* a whole SQLSTATE, or its class; the first that fits counts */
    ds_err_kind kind;
    const char *remedy;
} reactions[] = {
    {"28", DS_ERR_CONFIG, "correct the user or the password: `store`, ~/.pgpass or a service file"},
    {"3D", DS_ERR_CONFIG, "make the database, or correct `store`"},
    {"42501", DS_ERR_CONFIG,
     "the user of `store` needs CREATE on the database, or the schema as its own"},
    {"25006", DS_ERR_TRANSIENT, "the server takes no writes: a standby, or set to read only"},
    {"53100", DS_ERR_TRANSIENT, "make room on the server's disk"},
    {"53300", DS_ERR_TRANSIENT, "the server takes no more connections"},
    {"40", DS_ERR_TRANSIENT, NULL},
    {"53", DS_ERR_TRANSIENT, NULL},
    {"55P03", DS_ERR_TRANSIENT, "another session holds it locked"},
    {"57", DS_ERR_TRANSIENT, NULL},
    {"58", DS_ERR_TRANSIENT, NULL},
    {"08", DS_ERR_TRANSIENT, NULL},
    {"XX", DS_ERR_CONFIG, "see the server's log: it says that its files are damaged"},
};

static const struct reaction *reaction_to(const char *code)
{
    for (size_t i = 0; i < DS_COUNT(reactions); i++) {
        if (strncmp(code, reactions[i].code, strlen(reactions[i].code)) == 0)
            return &reactions[i];
    }
    return NULL;
}

bool ds_pgs_passes(const char *code)
{
    const struct reaction *reaction = reaction_to(code);

    return !*code || (reaction && reaction->kind == DS_ERR_TRANSIENT);
}

/* One line, without what only a developer of the server needs. */
static void set_words(ds_pgs *db, const char *text)
{
    size_t n = 0;

    for (; *text && n + 1 < DS_PGS_WORDS_MAX; text++) {
        char c = iscntrl((unsigned char)*text) ? ' ' : *text;

        if (c != ' ' || (n && db->words[n - 1] != ' '))
            db->words[n++] = c;
    }
    while (n && *text && ((unsigned char)db->words[n - 1] & 0x80))
        n--; /* cut: not in the middle of a character */
    while (n && db->words[n - 1] == ' ')
        n--;
    db->words[n] = '\0';
}

void ds_pgs_note(ds_pgs *db, const PGresult *res)
{
    const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    snprintf(db->code, sizeof db->code, "%s", code ? code : "");
    set_words(db, text ? text : PQresultErrorMessage(res));
}

void ds_pgs_note_lost(ds_pgs *db)
{
    *db->code = '\0';
    set_words(db, "the connection is lost");
}

bool ds_pgs_fail(ds_db *base, ds_err *err)
{
    const ds_pgs *db = (const ds_pgs *)base;
    const struct reaction *reaction = reaction_to(db->code);
    ds_err_kind kind = reaction ? reaction->kind : DS_ERR_PERMANENT;

    if (!*db->code)
        return ds_fail(err, DS_ERR_TRANSIENT, "store %s: %s", base->place, db->words);
    if (reaction && reaction->remedy)
        return ds_fail(err, kind, "store %s: %s (SQLSTATE %s); %s", base->place, db->words,
                       db->code, reaction->remedy);
    return ds_fail(err, kind, "store %s: %s (SQLSTATE %s)", base->place, db->words, db->code);
}

bool ds_pgs_damaged(const ds_db *db, ds_err *err, const char *what)
{
    return ds_fail(
        err, DS_ERR_CONFIG,
        "store %s is damaged or no store (%s); move it away (ALTER SCHEMA \"%s\" RENAME TO "
        "damaged) and start again: rows that are at the destination already are found "
        "and linked again",
        db->place, what, ((const ds_pgs *)db)->schema);
}

/* ---- opening --------------------------------------------------------------------------------- */

void ds_pgs_lose(ds_pgs *db)
{
    PQfinish(db->handle);
    db->handle = NULL;
    db->due_n = 0;
    ds_pgs_batch_drop(db);
}

static PGconn *start(const ds_pgs *db)
{
    const char *const names[] = {
        "fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout",          "dbname",          "client_encoding",     NULL};
    const char *const values[] = {db->writer ? "durable-sync store" : "durable-sync store, reading",
                                  "30",
                                  "10",
                                  "3",
                                  "60000",
                                  ds_secret_reveal(db->url),
                                  "UTF8",
                                  NULL};

    return PQconnectStartParams(names, values, 1);
}

static void poll_open(ds_pgs *db)
{
    PostgresPollingStatusType at = PGRES_POLLING_WRITING;
    int patience_ms = CONNECT_MS;

    while (PQstatus(db->handle) != CONNECTION_BAD && at != PGRES_POLLING_OK &&
           at != PGRES_POLLING_FAILED) {
        if (!ds_pgs_wait(db, at == PGRES_POLLING_READING ? POLLIN : POLLOUT, &patience_ms))
            return;
        at = PQconnectPoll(db->handle);
    }
}

/* libpq tells the SQLSTATE of a refused connection in its message only: `FATAL:  28P01: ...`. */
static void note_refusal(ds_pgs *db)
{
    const char *text = PQerrorMessage(db->handle), *location = strstr(text, "\nLOCATION:");
    size_t n;

    *db->code = '\0';
    for (const char *at = text; (at = strstr(at, ":  ")) != NULL; at += 3) {
        n = strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (n == 5 && at[8] == ':')
            snprintf(db->code, sizeof db->code, "%.5s", at + 3);
    }

    char *words = ds_strdup(text);

    if (location)
        words[location - text] = '\0';
    set_words(db, words);
    free(words);
    /* libpq has begun its words, and nothing came that it could end them with. */
    n = strlen(db->words);
    if (n == 0 || db->words[n - 1] == ':')
        snprintf(db->words + n, sizeof db->words - n, "%sno answer: see that the server runs",
                 n ? " " : "");
}

static bool fail_open(ds_pgs *db, ds_err *err)
{
    bool asked = PQconnectionNeedsPassword(db->handle) != 0;
    bool tried = *PQhost(db->handle) != '\0';

    note_refusal(db);
    ds_pgs_lose(db);
    if (asked)
        return ds_fail(err, DS_ERR_CONFIG,
                       "store %s: the server asks for a password: put it into ~/.pgpass, a service "
                       "file, or `store`",
                       db->base.place);
    if (!tried) /* it came to no attempt */
        return ds_fail(err, DS_ERR_CONFIG, "store %s: correct `store`: %s", db->base.place,
                       db->words);
    return ds_pgs_fail(&db->base, err);
}

/* Names are looked for in our schema and nowhere else. What grows is read by an index, in its
 * order: a server that has not yet counted a new table would sort all that is left of it for each
 * page. */
static bool set_up(ds_pgs *db, ds_err *err)
{
    DS_AUTO(PGresult) res = NULL;
    const char *const values[] = {db->schema};

    if (!ds_pgs_ask(db,
                    "SELECT pg_catalog.pg_backend_pid(), pg_catalog.set_config(name, value, false),"
                    " (SELECT backend_start::pg_catalog.text FROM pg_catalog.pg_stat_activity WHERE"
                    " pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()) FROM (VALUES"
                    " ('search_path', pg_catalog.concat(pg_catalog.quote_ident($1), ', pg_temp')),"
                    " ('lock_timeout', '30000'), ('statement_timeout', '0'), ('jit', 'off'),"
                    " ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'),"
                    " ('idle_in_transaction_session_timeout', '0'),"
                    " ('default_transaction_isolation', 'read committed'),"
                    " ('synchronous_commit', CASE pg_catalog.current_setting('synchronous_commit')"
                    " WHEN 'off' THEN 'on' ELSE"
                    " pg_catalog.current_setting('synchronous_commit') END)"
                    ") AS v (name, value)",
                    1, values, &res, err))
        return false;
    db->backend = atoi(PQgetvalue(res, 0, 0));
    snprintf(db->backend_start, sizeof db->backend_start, "%s", PQgetvalue(res, 0, 2));
    return true;
}

/* What it says beside its answers is for nobody here; libpq would print it. */
static void hear_no_notice(void *to, const PGresult *res)
{
    (void)to;
    (void)res;
}

bool ds_pgs_connect(ds_pgs *db, ds_err *err)
{
    db->handle = start(db);
    if (!db->handle)
        ds_out_of_memory(sizeof(*db));
    db->session++;
    PQsetNoticeReceiver(db->handle, hear_no_notice, NULL);
    PQsetErrorVerbosity(db->handle, PQERRORS_VERBOSE);
    poll_open(db);
    if (PQstatus(db->handle) != CONNECTION_OK)
        return fail_open(db, err);
    PQsetErrorVerbosity(db->handle, PQERRORS_DEFAULT);
    if (PQserverVersion(db->handle) < OLDEST_SERVER) {
        ds_fail(err, DS_ERR_CONFIG,
                "store %s: PostgreSQL %d: version 12 is the oldest that will do", db->base.place,
                PQserverVersion(db->handle) / 10000);
        ds_pgs_lose(db);
        return false;
    }
    if (PQsetnonblocking(db->handle, 1) == 0 && PQenterPipelineMode(db->handle) && set_up(db, err))
        return true;
    ds_pgs_lose(db);
    return err->kind != DS_ERR_NONE ? false : ds_pgs_fail(&db->base, err);
}
