/* src/connectors/sql/name.c - names in SQL, and queries as they are written down. */
#include "connectors/sql/sql.h"

#include <ctype.h>
#include <string.h>

#define SQL_MAX (16 * DS_MIB)

void ds_sql_name(ds_buf *sql, const char *name)
{
    ds_buf_char(sql, '"');
    for (const char *c = name; *c; c++) {
        if (*c == '"')
            ds_buf_char(sql, '"');
        ds_buf_char(sql, *c);
    }
    ds_buf_char(sql, '"');
}

const char *ds_sql_quoted(ds_arena *a, const char *name)
{
    DS_AUTO_BUF(sql, SQL_MAX);

    ds_sql_name(&sql, name);
    return ds_arena_strdup(a, sql.data);
}

const char *ds_sql_guess_text(const char *near, ds_arena *a)
{
    return near ? ds_arena_printf(a, "; did you mean \"%s\"?", near) : "";
}

const char *ds_sql_guess(const char *name, const char *const *candidates, size_t n, ds_arena *a)
{
    return ds_sql_guess_text(ds_nearest(name, candidates, n), a);
}

const char *ds_sql_since(const char *query, const char *before, const char *behind, ds_arena *a,
                         size_t *places)
{
    DS_AUTO_BUF(sql, SQL_MAX);
    const char *at = query, *next;

    *places = 0;
    for (; (next = strstr(at, DS_SQL_SINCE)); at = next + strlen(DS_SQL_SINCE)) {
        ds_buf_add(&sql, at, (size_t)(next - at));
        ds_buf_printf(&sql, "%s%zu%s", before, ++*places, behind);
    }
    ds_buf_text(&sql, at);
    return ds_arena_strdup(a, sql.data ? sql.data : "");
}

size_t ds_sql_trimmed(const char *query, size_t n)
{
    while (n && (isspace((unsigned char)query[n - 1]) || query[n - 1] == ';'))
        n--;
    return n;
}
