/* tests/crash/server.c - see server.h. */
#include "server.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static PGconn *conn;

bool server_is_there(void)
{
    return getenv("DS_PG_URL") != NULL;
}

const char *server_url(void)
{
    return getenv("DS_PG_URL");
}

static PGresult *run(const char *sql)
{
    PGresult *res;

    if (!conn)
        conn = PQconnectdb(server_url());
    res = PQexec(conn, sql);
    if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    return res;
}

void server_exec(const char *sql)
{
    PQclear(run(sql));
}

/* What a killed process had under way is gone before its tables can be dropped. */
void server_reset(void)
{
    server_exec(
        "SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
        "DROP SCHEMA IF EXISTS durable_sync CASCADE");
}

void server_dump(const char *sql, ds_buf *out)
{
    PGresult *res = run(sql);

    for (int row = 0; row < PQntuples(res); row++) {
        for (int i = 0; i < PQnfields(res); i++)
            ds_buf_printf(out, "%s%s", i ? "|" : "",
                          PQgetisnull(res, row, i) ? "NULL" : PQgetvalue(res, row, i));
        ds_buf_char(out, '\n');
    }
    PQclear(res);
}

void server_leave(void)
{
    PQfinish(conn);
    conn = NULL;
}
