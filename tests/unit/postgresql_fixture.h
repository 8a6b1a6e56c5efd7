/* tests/unit/postgresql_fixture.h
 *
 * A destination on the server that $DS_PG_URL names (tests/support/pgserver.py starts it), and
 * somebody else's connection. Every test begins with an empty schema.
 */
#ifndef TESTS_UNIT_POSTGRESQL_FIXTURE_H
#define TESTS_UNIT_POSTGRESQL_FIXTURE_H

#include "connectors/postgresql/postgresql.h"
#include "connectors/postgresql/writer.h"
#include "support/seam.h"
#include "support/values.h"

#include <stdlib.h>
#include <string.h>

static PGconn *other;
static ds_secret *url;
static ds_pg_writer to;
static ds_open_out opened;
static const ds_column *columns; /* of the route; none where it has no fields */
static size_t columns_n;
static const char *owner = "store/route/unit";

/* Rows as psql would print them: a|b, one after the other with a blank between; "" for none. */
static inline const char *ask(PGconn *handle, const char *text)
{
    DS_AUTO_BUF(out, DS_MIB);
    PGresult *res = PQexec(handle, text);
    ExecStatusType status = PQresultStatus(res);

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", text, PQerrorMessage(handle));
    for (int row = 0; row < PQntuples(res); row++) {
        ds_buf_text(&out, row ? " " : "");
        for (int i = 0; i < PQnfields(res); i++)
            ds_buf_printf(&out, "%s%s", i ? "|" : "",
                          PQgetisnull(res, row, i) ? "NULL" : PQgetvalue(res, row, i));
    }
    PQclear(res);
    return ds_arena_strdup(scratch, out.data ? out.data : "");
}

static inline const char *query(const char *text)
{
    return ask(other, text);
}

static inline void sql(const char *text)
{
    (void)query(text);
}

static inline PGconn *connect_other(void)
{
    PGconn *made = PQconnectdb(getenv("DS_PG_URL"));

    if (PQstatus(made) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(made));
    ask(made, "SET client_min_messages = error");
    return made;
}

static inline void use_url(const char *text)
{
    ds_secret_free(url);
    url = ds_secret_new(text, strlen(text));
    to.settings.url = url;
}

static inline void begin(const char *text)
{
    ds_postgresql_destination.close(&to.base); /* of a test that failed */
    if (!other)
        other = connect_other();
    sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    sql(text);
    columns = NULL;
    columns_n = 0;
    owner = "store/route/unit";
    to = (ds_pg_writer){.base = {.ops = &ds_postgresql_destination, .route = "test"},
                        .settings = {.lock_timeout = 300, .statement_timeout = 60000},
                        .table = "t",
                        .key = "id"};
    use_url(getenv("DS_PG_URL"));
}

static inline void end(void)
{
    ds_postgresql_destination.close(&to.base);
    PQfinish(other);
    other = NULL;
    ds_secret_free(url);
    url = NULL;
}

static inline bool opens_as(const char *generation, bool reading_only)
{
    ds_open_in in = {.owner = owner,
                     .generation = generation,
                     .columns = columns,
                     .columns_n = columns_n,
                     .reading_only = reading_only};

    return ds_postgresql_destination.open(&to.base, seam_activity(), &in, &opened, &seam_err);
}

static inline void must_open(const char *generation)
{
    if (!opens_as(generation, false))
        fail_msg("%s", seam_err.text);
}

static inline void must_create(const char *generation)
{
    to.create_table = true;
    must_open(generation);
}

static inline ds_write *create(const char *key, const char *props)
{
    return seam_write(&to.base, DS_OP_CREATE, key, props);
}

static inline ds_write *update(const char *key, const char *props)
{
    return seam_write(&to.base, DS_OP_UPDATE, key, props);
}

static inline const char *finish(const char *before)
{
    return seam_finish(&to.base, before);
}

#define assert_outcome(row, outcome_) assert_int_equal((row)->outcome, DS_OUT_##outcome_)

static inline void assert_held(const ds_write *row, const char *part)
{
    assert_int_equal(row->outcome, DS_OUT_HELD);
    if (!strstr(row->reason, part))
        fail_msg("\"%s\" does not say \"%s\"", row->reason, part);
}

static inline void put_all(ds_write *rows, size_t n)
{
    if (!ds_pg_write(&to.base, seam_activity(), rows, n, &seam_err))
        fail_msg("%s", seam_err.text);
}

#endif
