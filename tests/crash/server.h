/* tests/crash/server.h - the PostgreSQL server of a test: pgserver.py says in $DS_PG_URL where it
 * is. */
#ifndef TESTS_CRASH_SERVER_H
#define TESTS_CRASH_SERVER_H

#include <durable_sync/base.h>

bool server_is_there(void);
const char *server_url(void);
void server_reset(void); /* an empty database */
void server_exec(const char *sql);
void server_dump(const char *sql, ds_buf *out); /* rows as a|b|c, one a line */
void server_leave(void);

#endif
