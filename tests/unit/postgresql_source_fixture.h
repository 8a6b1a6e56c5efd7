/* tests/unit/postgresql_source_fixture.h
 *
 * A source on the server that $DS_PG_URL names (tests/support/pgserver.py starts it), and somebody
 * else's connection. Every test begins with an empty schema.
 */
#ifndef TESTS_UNIT_POSTGRESQL_SOURCE_FIXTURE_H
#define TESTS_UNIT_POSTGRESQL_SOURCE_FIXTURE_H

#include "connectors/postgresql/postgresql.h"
#include "connectors/postgresql/reader.h"
#include "support/seam.h"
#include "support/values.h"

#include <stdlib.h>
#include <string.h>

static ds_secret *url;
static PGconn *other; /* the connection of somebody else */
static ds_pg_reader reader = {.base = {.ops = &ds_postgresql_source}};

static inline const char *sql(const char *text)
{
    PGresult *res = PQexec(other, text);
    const char *first = "";

    if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", text, PQresultErrorMessage(res));
    if (PQntuples(res))
        first = ds_arena_strdup(scratch, PQgetvalue(res, 0, 0));
    PQclear(res);
    return first;
}

static inline void settings(const char *table, const char *query)
{
    ds_postgresql_source.close(&reader.base);
    reader = (ds_pg_reader){.base = {.ops = &ds_postgresql_source, .route = "test"},
                            .server = {.url = url, .lock_timeout = 60000},
                            .table = table,
                            .query = query,
                            .key = "id"};
}

static inline void begin(const char *text) /* a database with this in it */
{
    ds_postgresql_source.close(&reader.base); /* of the test before */
    PQfinish(other);
    other = PQconnectdb(ds_secret_reveal(url));
    assert_int_equal(PQstatus(other), CONNECTION_OK);
    sql("SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    sql(text);
    settings("t", NULL);
}

static inline bool opens(void)
{
    return ds_postgresql_source.open(&reader.base, seam_activity(), &seam_err);
}

static inline bool fetches(ds_fetch want, ds_page *page)
{
    ds_page_init(page, scratch);
    return ds_pg_fetch(&reader.base, seam_activity(), &want, page, &seam_err);
}

static inline void add_keys(ds_buf *out, const ds_page *page)
{
    for (size_t i = 0; i < page->records_n; i++) {
        const ds_record *rec = &page->records[i];

        ds_buf_printf(out, "%s%s", i ? " " : "",
                      rec->hold          ? "!"
                      : rec->primary_key ? rec->primary_key
                                         : "-");
    }
}

/* Keys in the order they come, "-" for a row without one, "!" for a held one, "|" between pages.
 * `fresh`: each page by a new instance, as after a crash. */
static inline const char *keys_of(ds_fetch want, bool fresh)
{
    DS_AUTO_BUF(out, DS_MIB);
    ds_page page;

    want.unit = "all";
    for (int pages = 0; pages < 100; pages++) {
        if (!fetches(want, &page))
            fail_msg("%s", seam_err.text);
        ds_buf_text(&out, pages ? "|" : "");
        add_keys(&out, &page);
        want.cursor = page.next_cursor;
        if (!want.cursor)
            return ds_arena_strdup(scratch, out.n ? out.data : "");
        if (fresh)
            settings(reader.table, reader.query);
    }
    fail_msg("the pages do not end: %s", out.data);
    return NULL;
}

static inline const char *keys(size_t limit, bool fresh)
{
    return keys_of((ds_fetch){.since_ms = -1, .limit = limit}, fresh);
}

/* false: there is no server. */
static inline bool find_server(void)
{
    const char *where = getenv("DS_PG_URL");

    url = where ? ds_secret_new(where, strlen(where)) : NULL;
    return where != NULL;
}

static inline void end(void)
{
    ds_postgresql_source.close(&reader.base);
    PQfinish(other);
    ds_secret_free(url);
}

#endif
