/* src/connectors/postgresql/conn.c - opening, sending, waiting. */
#include "connectors/postgresql/conn.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* While waiting we look up this often: whether to stop, and how long nothing has come. */
enum { SLICE_MS = 100, CONNECT_SLICES = 100, STOP_SLICES = 10, CANCEL_SLICES = 30 };

/* ---- what the server said -------------------------------------------------------------------- */

/* Appends to one line: blanks and line breaks become one blank. */
static void add_words(char *words, const char *before, const char *text)
{
    size_t n = strlen(words);

    if (!text || !*text)
        return;
    snprintf(words + n, DS_PG_WORDS_MAX - n, "%s", n ? before : "");
    for (n = strlen(words); *text && n + 1 < DS_PG_WORDS_MAX; text++) {
        char c = iscntrl((unsigned char)*text) ? ' ' : *text;

        if (c != ' ' || (n && words[n - 1] != ' '))
            words[n++] = c;
    }
    while (n && *text && ((unsigned char)words[n - 1] & 0x80))
        n--; /* cut: not in the middle of a character */
    while (n && words[n - 1] == ' ')
        n--;
    words[n] = '\0';
}

/* The detail of these two shows the whole row, columns that are none of ours among them. */
static bool detail_shows_the_row(const char *code)
{
    return strcmp(code, "23502") == 0 || strcmp(code, "23514") == 0;
}

static void note_error(ds_pg *db, const PGresult *res)
{
    ds_pg_said *said = &db->said;
    const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    *said = (ds_pg_said){0};
    snprintf(said->code, sizeof(said->code), "%s", code ? code : "");
    add_words(said->words, "", text ? text : PQresultErrorMessage(res));
    if (*said->code)
        add_words(said->words, " (SQLSTATE ", said->code), add_words(said->words, "", ")");
    if (!detail_shows_the_row(said->code))
        add_words(said->words, ": ", PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL));
    add_words(said->words, "; hint: ", PQresultErrorField(res, PG_DIAG_MESSAGE_HINT));
    add_words(said->words, "; notice: ", db->notices);
}

static void take_notice(void *arg, const PGresult *res)
{
    ds_pg *db = arg;

    add_words(db->notices, "; ", PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
}

static bool lose(ds_pg *db)
{
    PQfinish(db->handle);
    db->handle = NULL;
    return false;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static bool stopping(const ds_pg *db)
{
    return db->act && ds_activity_stopping(db->act);
}

/* One slice; false: nothing came in it. */
static bool wait_slice(const PGconn *handle, short events)
{
    struct pollfd fd = {.fd = PQsocket(handle), .events = events};
    int got = poll(&fd, 1, SLICE_MS);

    return got > 0 || (got < 0 && errno == EINTR);
}

typedef struct patience { /* in slices in which nothing came */
    int64_t silent, most; /* most 0: no limit */
    int64_t stopped;      /* since we were asked to stop */
} patience;

static patience patience_of(const ds_pg *db)
{
    int64_t most = db->settings->statement_timeout / SLICE_MS;

    if (db->hurry_ms)
        return (patience){.most = db->hurry_ms / SLICE_MS};
    return (patience){.most =
                          most ? most + CONNECT_SLICES : 0}; /* the server's limit comes first */
}

/* Ends what the server is at, by a connection of its own: a cancel request of libpq would wait for
 * a server that says nothing for as long as it takes. */
static void cancel(ds_pg *db);

static bool give_up(ds_pg *db, const char *why)
{
    db->said = (ds_pg_said){0};
    add_words(db->said.words, "", why);
    return lose(db);
}

/* Until something can be read, or sent. */
static bool await(ds_pg *db, short events, patience *p)
{
    if (wait_slice(db->handle, events)) {
        p->silent = 0;
        return true;
    }
    p->silent++;
    p->stopped += stopping(db);
    if (p->stopped == STOP_SLICES)
        cancel(db);
    if (p->stopped >= STOP_SLICES + CANCEL_SLICES)
        return give_up(db, "stopped before it answered");
    if (p->most && p->silent >= p->most)
        return give_up(db, "no answer within `statement_timeout`");
    return true;
}

/* ---- opening --------------------------------------------------------------------------------- */

enum { PARAMS_MAX = 12 };

/* What is said before `dbname` gives way to what the address says. */
static PGconn *start(const ds_pg *db, const char *application)
{
    const char *const names[PARAMS_MAX] = {
        "fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout",          "dbname",          "client_encoding",     NULL};
    const char *const values[PARAMS_MAX] = {
        application, "30", "10", "3", "60000", ds_secret_reveal(db->settings->url), "UTF8", NULL};

    return PQconnectStartParams(names, values, 1);
}

static int64_t connect_slices(const ds_pg *db)
{
    PQconninfoOption *all = PQconninfo(db->handle);
    int64_t slices = CONNECT_SLICES, hosts = 1;

    for (const PQconninfoOption *o = all; o && o->keyword; o++) {
        if (o->val && strcmp(o->keyword, "connect_timeout") == 0 && atoi(o->val) > 0)
            slices = DS_MIN(atoi(o->val), 3600) * INT64_C(1000) / SLICE_MS;
        if (o->val && strcmp(o->keyword, "host") == 0)
            for (const char *c = o->val; *c; c++)
                hosts += *c == ',';
    }
    PQconninfoFree(all);
    return db->hurry_ms ? db->hurry_ms / SLICE_MS : slices * hosts;
}

/* false: *err, where it is none of the server's making. */
static bool poll_open(ds_pg *db, ds_err *err)
{
    PostgresPollingStatusType at = PGRES_POLLING_WRITING;
    int64_t left = connect_slices(db);

    while (PQstatus(db->handle) != CONNECTION_BAD) {
        if (!wait_slice(db->handle, at == PGRES_POLLING_READING ? POLLIN : POLLOUT)) {
            if (stopping(db))
                return ds_fail(err, DS_ERR_CANCELLED, "%s: stopped", db->at);
            if (--left <= 0)
                return ds_fail(err, DS_ERR_TRANSIENT,
                               "%s: no answer: see that the server runs and can be reached",
                               db->at);
            continue;
        }
        at = PQconnectPoll(db->handle);
        if (at == PGRES_POLLING_OK || at == PGRES_POLLING_FAILED)
            break;
    }
    return true;
}

/* libpq has no call that tells the SQLSTATE of a refused connection, only this form of its message:
 * `FATAL:  28P01: password authentication failed`. The last one counts where hosts were tried. */
static void code_of_refusal(const char *message, char code[6])
{
    for (const char *at = message; (at = strstr(at, ":  ")) != NULL; at += 3) {
        size_t n = strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");

        if (n == 5 && strncmp(at + 8, ": ", 2) == 0)
            snprintf(code, 6, "%.5s", at + 3);
    }
}

/* Without the lines that say in which file of the server it happened. */
static void words_of_refusal(const char *message, char *words)
{
    while (*message) {
        size_t n = strcspn(message, "\n");
        char line[DS_PG_WORDS_MAX];

        snprintf(line, sizeof(line), "%.*s", (int)DS_MIN(n, sizeof(line) - 1), message);
        if (strncmp(line, "LOCATION:", 9) != 0)
            add_words(words, "; ", line);
        message += n + (message[n] == '\n');
    }
}

static bool fail_open(ds_pg *db, ds_err *err)
{
    bool asked = PQconnectionNeedsPassword(db->handle) != 0;

    db->said = (ds_pg_said){0};
    code_of_refusal(PQerrorMessage(db->handle), db->said.code);
    words_of_refusal(PQerrorMessage(db->handle), db->said.words);
    if (asked)
        return ds_fail(err, DS_ERR_AUTH,
                       "%s: the server asks for a password: put it into ~/.pgpass, a service "
                       "file, or `url`",
                       db->at);
    if (!*PQhost(db->handle)) /* it came to no attempt */
        return ds_fail(err, DS_ERR_CONFIG, "%s: `url`: %s", db->at, db->said.words);
    return ds_pg_fail(db, err, "connect");
}

static bool reach(ds_pg *db, const char *application, ds_err *err)
{
    db->handle = start(db, application);
    if (!db->handle)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s: no memory", db->at);
    PQsetNoticeReceiver(db->handle, take_notice, db);
    PQsetErrorVerbosity(db->handle, PQERRORS_VERBOSE);
    if (!poll_open(db, err))
        return lose(db);
    if (PQstatus(db->handle) != CONNECTION_OK) {
        fail_open(db, err);
        return lose(db);
    }
    PQsetErrorVerbosity(db->handle, PQERRORS_DEFAULT);
    if (PQsetnonblocking(db->handle, 1) != 0 || !PQenterPipelineMode(db->handle)) {
        ds_fail(err, DS_ERR_TRANSIENT, "%s: connect: %s", db->at, PQerrorMessage(db->handle));
        return lose(db);
    }
    return true;
}

enum { OLDEST_SERVER = 120000 };

/* Values are read as text: its form must not hang on what the server is set to. */
static bool set_up(ds_pg *db, ds_arena *a, ds_err *err)
{
    const char *values[] = {
        ds_arena_printf(a, "%lld", (long long)db->settings->lock_timeout),
        ds_arena_printf(a, "%lld", (long long)db->settings->statement_timeout),
    };
    DS_AUTO(PGresult)
    res = ds_pg_query(db,
                      "SELECT pg_catalog.set_config(name, value, false) FROM (VALUES"
                      " ('lock_timeout', $1::text), ('statement_timeout', $2::text),"
                      " ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'),"
                      " ('TimeZone', 'UTC'), ('extra_float_digits', '1'), ('bytea_output', 'hex'),"
                      " ('jit', 'off')) AS v (name, value)",
                      2, values, err);
    const char *encoding = PQparameterStatus(db->handle, "server_encoding");

    db->unverified = encoding && strcmp(encoding, "SQL_ASCII") == 0;
    return res != NULL;
}

bool ds_pg_open(ds_pg *db, const ds_pg_settings *settings, const char *route, ds_activity *act,
                ds_arena *a, ds_err *err)
{
    *db = (ds_pg){.settings = settings, .act = act};
    db->at = ds_pg_place(settings, a);
    if (!reach(db, ds_arena_printf(a, "durable-sync %s", route ? route : ""), err))
        return false;
    if (PQserverVersion(db->handle) < OLDEST_SERVER) {
        ds_fail(err, DS_ERR_CONFIG, "%s: PostgreSQL %d: version 12 is the oldest that will do",
                db->at, PQserverVersion(db->handle) / 10000);
        return lose(db);
    }
    return set_up(db, a, err) || lose(db);
}

void ds_pg_close(ds_pg *db)
{
    lose(db);
}

static void cancel(ds_pg *db)
{
    ds_err err = DS_ERR_INIT;
    ds_pg other = {.settings = db->settings, .at = db->at, .hurry_ms = CANCEL_SLICES * SLICE_MS};
    char pid[24];
    const char *const values[] = {pid};
    PGresult *res;

    snprintf(pid, sizeof(pid), "%d", PQbackendPID(db->handle));
    if (!reach(&other, "durable-sync, cancelling", &err))
        return;
    res = ds_pg_query(&other, "SELECT pg_catalog.pg_cancel_backend($1::int)", 1, values, &err);
    PQclear(res);
    ds_pg_close(&other);
}

/* ---- statements ------------------------------------------------------------------------------ */

static bool send_all(ds_pg *db, const ds_pg_statement *statements, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const ds_pg_statement *s = &statements[i];

        if (!PQsendQueryParams(db->handle, s->sql, s->n, s->types, s->values, s->lengths,
                               s->formats, 0))
            return false;
    }
    return PQpipelineSync(db->handle) != 0;
}

/* Sends what is left while reading what comes: both ends may be full of the other's words. */
static bool pump(ds_pg *db, patience *p)
{
    int unsent = 1;

    while (PQisBusy(db->handle) || unsent) {
        unsent = unsent ? PQflush(db->handle) : 0;
        if (unsent < 0)
            return false;
        if (!PQisBusy(db->handle) && !unsent)
            return true;
        if (!await(db, (short)(POLLIN | (unsent ? POLLOUT : 0)), p) || !PQconsumeInput(db->handle))
            return false;
    }
    return true;
}

static bool is_answer(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);

    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
}

/* The answers up to the sync point. *failed: one of the statements was refused. */
static bool receive(ds_pg *db, PGresult **results, size_t n, bool *failed, patience *p)
{
    size_t at = 0;

    while (pump(db, p)) {
        PGresult *res = PQgetResult(db->handle);
        ExecStatusType status = PQresultStatus(res);

        if (res && status == PGRES_FATAL_ERROR && !*failed) { /* NULL parts the statements */
            note_error(db, res);
            *failed = true;
        }
        if (res && is_answer(res) && at < n)
            results[at++] = DS_TAKE(&res);
        PQclear(res);
        if (status == PGRES_PIPELINE_SYNC)
            return true;
        if (PQstatus(db->handle) == CONNECTION_BAD)
            return false;
    }
    return false;
}

/* The connection is gone; what the server said last is why, else what libpq knows. */
static bool fail_lost(ds_pg *db, bool told, ds_err *err)
{
    bool stopped = stopping(db);

    if (db->handle && !told) {
        db->said = (ds_pg_said){0};
        add_words(db->said.words, "", PQerrorMessage(db->handle));
    }
    if (db->handle)
        lose(db);
    if (stopped)
        return ds_fail(err, DS_ERR_CANCELLED, "%s: stopped", db->at);
    ds_pg_fail(db, err, "lost the connection");
    if (err->kind != DS_ERR_AUTH)
        err->kind = DS_ERR_TRANSIENT;
    return false;
}

static bool fail_run(ds_pg *db, const char *sql, ds_err *err)
{
    if (strcmp(db->said.code, "57014") == 0 && stopping(db))
        return ds_fail(err, DS_ERR_CANCELLED, "%s: stopped", db->at);
    return ds_pg_fail(db, err, "%.40s", sql);
}

static void clear_all(PGresult **results, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
}

enum { RUN_MOST = 16 };

bool ds_pg_run(ds_pg *db, const ds_pg_statement *statements, size_t n, PGresult **results,
               ds_err *err)
{
    PGresult *own[RUN_MOST] = {NULL}, **out = results ? results : own;
    patience p = patience_of(db);
    bool failed = false, ok;

    if (n > RUN_MOST)
        return ds_fail(err, DS_ERR_PERMANENT, "%zu statements at once", n);
    memset(out, 0, n * sizeof(PGresult *));
    *db->notices = '\0';
    db->said = (ds_pg_said){0};
    if (!db->handle)
        return fail_lost(db, true, err);
    ok = send_all(db, statements, n) && receive(db, out, n, &failed, &p);
    if (!results || !ok || failed)
        clear_all(out, n);
    if (!ok)
        return fail_lost(db, failed || !db->handle, err);
    return !failed || fail_run(db, statements[0].sql, err);
}

PGresult *ds_pg_query(ds_pg *db, const char *sql, int n, const char *const *values, ds_err *err)
{
    const ds_pg_statement one = {.sql = sql, .n = n, .values = values};
    PGresult *res;

    return ds_pg_run(db, &one, 1, &res, err) ? res : NULL;
}

bool ds_pg_exec(ds_pg *db, const char *sql, ds_err *err)
{
    PGresult *res = ds_pg_query(db, sql, 0, NULL, err);

    PQclear(res);
    return res != NULL;
}

/* ---- rows one at a time ---------------------------------------------------------------------- */

bool ds_pg_rows_begin(ds_pg *db, const ds_pg_statement *statement, ds_err *err)
{
    *db->notices = '\0';
    db->said = (ds_pg_said){0};
    if (!db->handle)
        return fail_lost(db, true, err);
    if (send_all(db, statement, 1) && PQsetSingleRowMode(db->handle))
        return true;
    return fail_lost(db, false, err);
}

/* All that is left of a statement that was refused, so that others can be run. */
static bool fail_rows(ds_pg *db, const PGresult *refusal, patience *p, ds_err *err)
{
    PGresult *none;
    bool failed = true;

    note_error(db, refusal);
    if (!receive(db, &none, 0, &failed, p))
        return fail_lost(db, true, err);
    return fail_run(db, "read", err);
}

bool ds_pg_rows_next(ds_pg *db, PGresult **row, ds_err *err)
{
    patience p = patience_of(db);

    *row = NULL;
    if (!db->handle)
        return fail_lost(db, true, err);
    while (pump(db, &p)) {
        DS_AUTO(PGresult) res = PQgetResult(db->handle);
        ExecStatusType status = PQresultStatus(res);

        if (status == PGRES_SINGLE_TUPLE) {
            *row = DS_TAKE(&res);
            return true;
        }
        if (res && status == PGRES_PIPELINE_SYNC)
            return true;
        if (res && status == PGRES_FATAL_ERROR)
            return fail_rows(db, res, &p, err);
        if (PQstatus(db->handle) == CONNECTION_BAD)
            break;
    }
    return fail_lost(db, !db->handle, err);
}

/* ---- many rows to the server ------------------------------------------------------------------
 */

/* COPY is the one thing that cannot be done in pipeline mode. */
bool ds_pg_copy_begin(ds_pg *db, const char *sql, ds_err *err)
{
    DS_AUTO_BUF(all, DS_PG_SQL_MAX);

    *db->notices = '\0';
    db->said = (ds_pg_said){0};
    if (!db->handle)
        return fail_lost(db, true, err);
    ds_buf_printf(&all, "SAVEPOINT ds; %s; RELEASE SAVEPOINT ds", sql);
    if (!ds_buf_ok(&all, "a COPY", err))
        return false;
    if (PQexitPipelineMode(db->handle) && PQsendQuery(db->handle, all.data) &&
        PQflush(db->handle) >= 0)
        return true;
    return fail_lost(db, false, err);
}

/* All of it, or what says that there is too much of it. */
static bool put_data(ds_pg *db, const ds_buf *data, patience *p)
{
    enum { PIECE = 64 * 1024 };
    size_t sent = 0;

    while (!data->overflow && sent < data->n) {
        size_t n = DS_MIN(data->n - sent, (size_t)PIECE);
        int taken = PQputCopyData(db->handle, data->data + sent, (int)n);

        if (taken < 0 || (!taken && (!await(db, POLLIN | POLLOUT, p) || PQflush(db->handle) < 0)))
            return false;
        sent += taken ? n : 0;
    }
    return PQputCopyEnd(db->handle, data->overflow ? "too much for one statement" : NULL) > 0;
}

/* The answers to all three statements. */
static bool finish_copy(ds_pg *db, const ds_buf *data, int64_t *rows, bool *failed)
{
    patience p = patience_of(db);

    while (pump(db, &p)) {
        DS_AUTO(PGresult) res = PQgetResult(db->handle);
        ExecStatusType status = PQresultStatus(res);

        if (!res)
            return true;
        if (status == PGRES_COPY_IN && !put_data(db, data, &p))
            return false;
        if (status == PGRES_FATAL_ERROR && !*failed) {
            note_error(db, res);
            *failed = true;
        }
        if (strncmp(PQcmdStatus(res), "COPY ", 5) == 0)
            *rows = strtoll(PQcmdTuples(res), NULL, 10);
        if (PQstatus(db->handle) == CONNECTION_BAD)
            return false;
    }
    return false;
}

bool ds_pg_copy_end(ds_pg *db, const ds_buf *data, int64_t *rows, ds_err *err)
{
    bool failed = false;

    *rows = 0;
    if (!finish_copy(db, data, rows, &failed) || !PQenterPipelineMode(db->handle))
        return fail_lost(db, failed || !db->handle, err);
    return !failed || fail_run(db, "COPY", err);
}

/* ---- names ----------------------------------------------------------------------------------- */

void ds_pg_name(ds_buf *sql, const char *name)
{
    ds_buf_char(sql, '"');
    for (const char *c = name; *c; c++) {
        if (*c == '"')
            ds_buf_char(sql, '"');
        ds_buf_char(sql, *c);
    }
    ds_buf_char(sql, '"');
}

const char *ds_pg_quoted(ds_arena *a, const char *name)
{
    DS_AUTO_BUF(sql, DS_PG_SQL_MAX);

    ds_pg_name(&sql, name);
    return ds_arena_strdup(a, sql.data);
}
