/* src/connectors/postgresql/open.c - how a connection begins. */
#include "connectors/postgresql/wire.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void take_notice(void *arg, const PGresult *res)
{
    ds_pg *db = arg;

    ds_pg_add_words(db->notices, "; ", PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
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
    int64_t slices = DS_PG_CONNECT_SLICES, hosts = 1;

    for (const PQconninfoOption *o = all; o && o->keyword; o++) {
        if (o->val && strcmp(o->keyword, "connect_timeout") == 0 && atoi(o->val) > 0)
            slices = DS_MIN(atoi(o->val), 3600) * INT64_C(1000) / DS_PG_SLICE_MS;
        if (o->val && strcmp(o->keyword, "host") == 0)
            for (const char *c = o->val; *c; c++)
                hosts += *c == ',';
    }
    PQconninfoFree(all);
    return db->hurry_ms ? db->hurry_ms / DS_PG_SLICE_MS : slices * hosts;
}

/* false: *err, where it is none of the server's making. */
static bool poll_open(ds_pg *db, ds_err *err)
{
    PostgresPollingStatusType at = PGRES_POLLING_WRITING;
    int64_t left = connect_slices(db);

    while (PQstatus(db->handle) != CONNECTION_BAD) {
        if (!ds_pg_wait_slice(db->handle, at == PGRES_POLLING_READING ? POLLIN : POLLOUT)) {
            if (ds_pg_stopping(db))
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
            ds_pg_add_words(words, "; ", line);
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

bool ds_pg_reach(ds_pg *db, const char *application, ds_err *err)
{
    db->handle = start(db, application);
    if (!db->handle)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s: no memory", db->at);
    PQsetNoticeReceiver(db->handle, take_notice, db);
    PQsetErrorVerbosity(db->handle, PQERRORS_VERBOSE);
    if (!poll_open(db, err))
        return ds_pg_lose(db);
    if (PQstatus(db->handle) != CONNECTION_OK) {
        fail_open(db, err);
        return ds_pg_lose(db);
    }
    PQsetErrorVerbosity(db->handle, PQERRORS_DEFAULT);
    if (PQsetnonblocking(db->handle, 1) != 0 || !PQenterPipelineMode(db->handle)) {
        ds_fail(err, DS_ERR_TRANSIENT, "%s: connect: %s", db->at, PQerrorMessage(db->handle));
        return ds_pg_lose(db);
    }
    return true;
}

enum { OLDEST_SERVER = 120000 };

/* Values travel as text: its form must not hang on what the server is set to, nor a transaction on
 * how long a source takes for its next page. */
static bool set_up(ds_pg *db, ds_arena *a, ds_err *err)
{
    const char *values[] = {
        ds_arena_printf(a, "%lld", (long long)db->settings->lock_timeout),
        ds_arena_printf(a, "%lld", (long long)db->settings->statement_timeout),
    };
    DS_AUTO(PGresult)
    res = ds_pg_query(db,
                      "SELECT pg_catalog.pg_backend_pid(),"
                      " pg_catalog.set_config(name, value, false) FROM (VALUES"
                      " ('lock_timeout', $1::pg_catalog.text),"
                      " ('statement_timeout', $2::pg_catalog.text),"
                      " ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'),"
                      " ('TimeZone', 'UTC'), ('extra_float_digits', '1'), ('bytea_output', 'hex'),"
                      " ('array_nulls', 'on'), ('xmloption', 'content'),"
                      " ('default_transaction_isolation', 'read committed'),"
                      " ('idle_in_transaction_session_timeout', '0'), ('jit', 'off'))"
                      " AS v (name, value)",
                      2, values, err);

    if (res) /* behind a pooler it is another one than libpq was told */
        db->pid = atoi(PQgetvalue(res, 0, 0));
    return res != NULL;
}

bool ds_pg_open(ds_pg *db, const ds_pg_settings *settings, const char *route, ds_activity *act,
                ds_arena *a, ds_err *err)
{
    *db = (ds_pg){.settings = settings, .act = act};
    db->at = ds_pg_place(settings, a);
    if (!ds_pg_reach(db, ds_arena_printf(a, "durable-sync %s", route ? route : ""), err))
        return false;
    if (PQserverVersion(db->handle) < OLDEST_SERVER) {
        ds_fail(err, DS_ERR_CONFIG, "%s: PostgreSQL %d: version 12 is the oldest that will do",
                db->at, PQserverVersion(db->handle) / 10000);
        return ds_pg_lose(db);
    }
    return set_up(db, a, err) || ds_pg_lose(db);
}

void ds_pg_close(ds_pg *db)
{
    ds_pg_lose(db);
}

void ds_pg_cancel(ds_pg *db)
{
    ds_err err = DS_ERR_INIT;
    ds_pg other = {
        .settings = db->settings, .at = db->at, .hurry_ms = DS_PG_CANCEL_SLICES * DS_PG_SLICE_MS};
    char pid[24];
    const char *const values[] = {pid};
    PGresult *res;

    snprintf(pid, sizeof(pid), "%d", db->pid ? db->pid : PQbackendPID(db->handle));
    if (!ds_pg_reach(&other, "durable-sync, cancelling", &err))
        return;
    res = ds_pg_query(&other, "SELECT pg_catalog.pg_cancel_backend($1::int)", 1, values, &err);
    PQclear(res);
    ds_pg_close(&other);
}
