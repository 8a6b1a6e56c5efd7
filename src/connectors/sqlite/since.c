/* src/connectors/sqlite/since.c
 *
 * Each ${since} of a query becomes a parameter of its own.  One that stands in a string or a
 * comment is none to SQLite, and so is found out.
 */
#include "connectors/sqlite/reader.h"

#include <stdio.h>
#include <string.h>

#define BEFORE_ALL_MS INT64_C(-62135596800000) /* 0001-01-01: all of SQLite's functions read it */

const char *ds_sqlite_since_sql(const char *query, ds_arena *a, size_t *places)
{
    return ds_sql_since(query, ":since", "", a, places);
}

/* 0: the statement does not have the n-th, counted from 1. */
static int number_of(sqlite3_stmt *st, size_t n)
{
    char name[32];

    snprintf(name, sizeof(name), ":since%zu", n);
    return sqlite3_bind_parameter_index(st, name);
}

bool ds_sqlite_since_check(const ds_sqlite_reader *r, sqlite3_stmt *st, ds_err *err)
{
    size_t there = 0;

    for (size_t i = 1; i <= r->since_n; i++)
        there += number_of(st, i) > 0;
    if (there != r->since_n)
        return ds_fail(err, DS_ERR_CONFIG,
                       "`query` has " DS_SQL_SINCE " in a string or a comment: write it without "
                       "quotes, it is bound as a value");
    if ((size_t)sqlite3_bind_parameter_count(st) > there)
        return ds_fail(err, DS_ERR_CONFIG, "`query` has parameters (?): write the values into it");
    return true;
}

static const char *time_text(const ds_sqlite_reader *r, int64_t ms, ds_arena *a)
{
    char *text = ds_arena_strdup(a, ds_datetime_ms(a, ms).as.text);
    size_t n = strlen(text);
    char *t = strchr(text, 'T');

    if (!t || strcmp(r->since_as, "datetime") != 0)
        return text;
    text[n - 1] = '\0'; /* "2026-01-31 09:30:00", as datetime() writes it */
    *t = ' ';
    return text;
}

void ds_sqlite_since_bind(const ds_sqlite_reader *r, sqlite3_stmt *st, int64_t since_ms,
                          ds_arena *a)
{
    int64_t s = (since_ms < 0 ? BEFORE_ALL_MS : since_ms) / 1000;

    for (size_t i = 1; i <= r->since_n; i++) {
        int at = number_of(st, i);

        if (!strcmp(r->since_as, "seconds"))
            sqlite3_bind_int64(st, at, s);
        else if (!strcmp(r->since_as, "milliseconds"))
            sqlite3_bind_int64(st, at, s * 1000);
        else
            sqlite3_bind_text(st, at, time_text(r, s * 1000, a), -1, SQLITE_TRANSIENT);
    }
}
