/* src/connectors/postgresql/since.c
 *
 * Each ${since} of a query becomes a parameter of its own, a timestamptz; in a full pass it is
 * -infinity.
 *
 * Rows say by the database's clock when they changed, the engine by ours when the last pass began.
 * Where the database's clock is behind, `since` goes back by as much; it never goes forward, since
 * a program that writes rows may stamp them with a third clock.
 */
#include "connectors/postgresql/reader.h"

#include <stdlib.h>
#include <string.h>

bool ds_pg_since_is_in(const char *query)
{
    return strstr(query, DS_SQL_SINCE) != NULL;
}

const char *ds_pg_since_sql(const char *query, ds_arena *a, size_t *places)
{
    return ds_sql_since(query, "($", "::pg_catalog.timestamptz)", a, places);
}

static bool server_clock_ms(ds_pg_reader *r, int64_t *ms, ds_err *err)
{
    DS_AUTO(PGresult)
    res = ds_pg_query(&r->db,
                      "SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) " DS_PG_TIMES
                      " 1000)::pg_catalog.int8",
                      0, NULL, err);

    if (res)
        *ms = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    return res != NULL;
}

bool ds_pg_since_set(ds_pg_reader *r, int64_t since_ms, ds_err *err)
{
    int64_t now, behind;

    r->since = "-infinity";
    if (!r->since_n || since_ms < 0)
        return true;
    if (!server_clock_ms(r, &now, err))
        return false;
    behind = DS_MAX(ds_activity_now_ms(r->db.act) - now, INT64_C(0));
    r->since = ds_datetime_ms(r->arena, DS_MAX(since_ms - behind, INT64_C(0))).as.text;
    return true;
}

void ds_pg_since_values(const ds_pg_reader *r, const char **values)
{
    for (size_t i = 0; i < r->since_n; i++)
        values[i] = r->since;
}
