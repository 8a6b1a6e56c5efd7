/* src/connectors/postgresql/wire.c - see wire.h. */
#include "connectors/postgresql/wire.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* ---- what the server said -------------------------------------------------------------------- */

void ds_pg_add_words(char *words, const char *before, const char *text)
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

void ds_pg_note_error(ds_pg *db, const PGresult *res)
{
    ds_pg_said *said = &db->said;
    const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    *said = (ds_pg_said){0};
    snprintf(said->code, sizeof(said->code), "%s", code ? code : "");
    ds_pg_add_words(said->words, "", text ? text : PQresultErrorMessage(res));
    if (*said->code)
        ds_pg_add_words(said->words, " (SQLSTATE ", said->code),
            ds_pg_add_words(said->words, "", ")");
    if (!detail_shows_the_row(said->code))
        ds_pg_add_words(said->words, ": ", PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL));
    ds_pg_add_words(said->words, "; hint: ", PQresultErrorField(res, PG_DIAG_MESSAGE_HINT));
    ds_pg_add_words(said->words, "; notice: ", db->notices);
}

bool ds_pg_lose(ds_pg *db)
{
    PQfinish(db->handle);
    db->handle = NULL;
    return false;
}

/* ---- waiting --------------------------------------------------------------------------------- */

bool ds_pg_stopping(const ds_pg *db)
{
    return db->act && ds_activity_stopping(db->act);
}

bool ds_pg_wait_slice(const PGconn *handle, short events)
{
    struct pollfd fd = {.fd = PQsocket(handle), .events = events};
    int got = poll(&fd, 1, DS_PG_SLICE_MS);

    return got > 0 || (got < 0 && errno == EINTR);
}

ds_pg_patience ds_pg_patience_of(const ds_pg *db)
{
    int64_t most = db->settings->statement_timeout;

    if (db->hurry_ms)
        return (ds_pg_patience){.most = db->hurry_ms / DS_PG_SLICE_MS};
    if (most) /* the server's own limit comes first, where it has one */
        most = most / DS_PG_SLICE_MS + DS_PG_CONNECT_SLICES;
    return (ds_pg_patience){.most = most};
}

static bool give_up(ds_pg *db, const char *why)
{
    db->said = (ds_pg_said){0};
    ds_pg_add_words(db->said.words, "", why);
    return ds_pg_lose(db);
}

bool ds_pg_await(ds_pg *db, short events, ds_pg_patience *p)
{
    if (ds_pg_wait_slice(db->handle, events)) {
        p->silent = 0;
        return true;
    }
    p->silent++;
    p->stopped += ds_pg_stopping(db);
    if (p->stopped == DS_PG_STOP_SLICES)
        ds_pg_cancel(db);
    if (p->stopped >= DS_PG_STOP_SLICES + DS_PG_CANCEL_SLICES)
        return give_up(db, "stopped before it answered");
    if (p->most && p->silent >= p->most)
        return give_up(db, "no answer within `statement_timeout`");
    return true;
}

bool ds_pg_pump(ds_pg *db, ds_pg_patience *p)
{
    int unsent = 1;

    while (PQisBusy(db->handle) || unsent) {
        unsent = unsent ? PQflush(db->handle) : 0;
        if (unsent < 0)
            return false;
        if (!PQisBusy(db->handle) && !unsent)
            return true;
        if (!ds_pg_await(db, (short)(POLLIN | (unsent ? POLLOUT : 0)), p) ||
            !PQconsumeInput(db->handle))
            return false;
    }
    return true;
}

/* ---- failing --------------------------------------------------------------------------------- */

bool ds_pg_fail_lost(ds_pg *db, bool told, ds_err *err)
{
    bool stopped = ds_pg_stopping(db);

    if (db->handle && !told) {
        db->said = (ds_pg_said){0};
        ds_pg_add_words(db->said.words, "", PQerrorMessage(db->handle));
    }
    if (db->handle)
        ds_pg_lose(db);
    if (stopped)
        return ds_fail(err, DS_ERR_CANCELLED, "%s: stopped", db->at);
    ds_pg_fail(db, err, "lost the connection");
    if (err->kind != DS_ERR_AUTH)
        err->kind = DS_ERR_TRANSIENT;
    return false;
}

bool ds_pg_fail_run(ds_pg *db, const char *sql, ds_err *err)
{
    if (strcmp(db->said.code, "57014") == 0 && ds_pg_stopping(db))
        return ds_fail(err, DS_ERR_CANCELLED, "%s: stopped", db->at);
    return ds_pg_fail(db, err, "%.40s", sql);
}
