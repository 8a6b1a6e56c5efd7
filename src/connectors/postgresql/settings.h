/* src/connectors/postgresql/settings.h
 *
 * What source and destination have in common: how to reach the database.  The address is whatever
 * libpq takes: a URI or `host=... dbname=...`, with PGHOST and its kin, service files, PGPASSFILE
 * and PGSSLMODE filling in what it leaves out.
 */
#ifndef DS_CONNECTORS_POSTGRESQL_SETTINGS_H
#define DS_CONNECTORS_POSTGRESQL_SETTINGS_H

#include <durable_sync/base.h>
#include <durable_sync/option.h>

typedef struct ds_pg_settings {
    ds_secret *url;                          /* may hold a password */
    int64_t lock_timeout, statement_timeout; /* ms; 0: none */
} ds_pg_settings;

/* Three rows of an option table; `member` is the ds_pg_settings of `type_`. */
#define DS_PG_OPTIONS(type_, member)                                                               \
    {.name = "url",                                                                                \
     .type = DS_OPTION_SECRET,                                                                     \
     .offset = offsetof(type_, member.url),                                                        \
     .required = true,                                                                             \
     .harmless = ds_pg_url_is_harmless,                                                            \
     .help = "the database: postgresql://USER@HOST/DATABASE, or service=NAME"},                    \
        {.name = "lock_timeout",                                                                   \
         .type = DS_OPTION_DURATION,                                                               \
         .offset = offsetof(type_, member.lock_timeout),                                           \
         .fallback = "10s",                                                                        \
         .min = 1,                                                                                 \
         .max = DS_DAY_MS,                                                                         \
         .help = "how long another session's lock is awaited"},                                    \
    {                                                                                              \
        .name = "statement_timeout", .type = DS_OPTION_DURATION,                                   \
        .offset = offsetof(type_, member.statement_timeout), .fallback = "5m", .min = 1,           \
        .max = DS_DAY_MS, .help = "how long one statement may take"                                \
    }

/* CONFIG where libpq cannot read it. No I/O beyond libpq's own files. */
DS_MUST_USE bool ds_pg_settings_check(const ds_pg_settings *settings, ds_err *err);
bool ds_pg_url_is_harmless(const char *url); /* it holds no password */

/* "host:port/database" as the settings and the environment give it, without user and password.
 * It names the place: equal texts are one database. */
const char *ds_pg_place(const ds_pg_settings *settings, ds_arena *a);

/* "schema.table", "table", or with quotes where a name has dots: "\"my.schema\".t". *schema is NULL
 * where none is named. false: it is no such name. */
DS_MUST_USE bool ds_pg_split_name(const char *text, ds_arena *a, const char **schema,
                                  const char **table);

#endif
