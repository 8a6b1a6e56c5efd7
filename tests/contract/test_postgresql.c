/* tests/contract/test_postgresql.c - the contract for PostgreSQL, on the server that $DS_PG_URL
 * names. */
#include "contract.h"

#include "connectors/postgresql/postgresql.h"

#include <libpq-fe.h>
#include <stdlib.h>

static void sql(const char *text)
{
    PGconn *handle = PQconnectdb(getenv("DS_PG_URL"));
    PGresult *res = PQexec(handle, text);

    if (PQresultStatus(res) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", text, PQerrorMessage(handle));
    PQclear(res);
    PQfinish(handle);
}

static void reset(void)
{
    sql("SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

static void by_hand(tmpdir *dir)
{
    (void)dir;
    sql("ALTER TABLE t ADD COLUMN \"Note\" text; UPDATE t SET \"Note\" = 'mine' WHERE id = 'k1';"
        "INSERT INTO t (id, \"Name\") VALUES ('hand', 'by hand')");
}

static void fill_as(const char *columns, size_t n)
{
    reset();
    sql(ds_arena_printf(scratch,
                        "CREATE TABLE t (%s); INSERT INTO t (id, \"Name\", n) SELECT k, 'name of '"
                        " || k, i FROM generate_series(0, %zu - 1) AS i,"
                        " format('k%%s', lpad(i::text, 4, '0')) AS k",
                        columns, n));
}

static void fill_by_key(tmpdir *dir, size_t n)
{
    (void)dir;
    fill_as("id text PRIMARY KEY, \"Name\" text, n integer", n);
}

static void fill_without_index(tmpdir *dir, size_t n)
{
    (void)dir;
    fill_as("id varchar(9), \"Name\" text, n bigint", n);
}

#define TABLE                                                                                      \
    {                                                                                              \
        {"url", "$DS_PG_URL"}, {"table", "t"},                                                     \
        {                                                                                          \
            "key", "id"                                                                            \
        }                                                                                          \
    }

static const contract_source sources[] = {
    {"postgresql table, by key", &ds_postgresql_source, TABLE, fill_by_key, NULL},
    {"postgresql table without an index", &ds_postgresql_source, TABLE, fill_without_index, NULL},
    {"postgresql query",
     &ds_postgresql_source,
     {{"url", "$DS_PG_URL"}, {"query", "SELECT id, \"Name\", n FROM t"}, {"key", "id"}},
     fill_by_key,
     NULL},
};

static const contract_destination destination = {
    "postgresql",
    &ds_postgresql_destination,
    {{"url", "$DS_PG_URL"}, {"table", "t"}, {"key", "id"}, {"create_table", "true"}},
    &ds_postgresql_source,
    TABLE,
    by_hand,
    NULL,
    .reset = reset,
};

int main(void)
{
    for (size_t i = 0; i < DS_COUNT(sources); i++)
        contract_add_source(&sources[i]);
    contract_add_destination(&destination);
    return run_tests("contract of postgresql");
}
