/* src/connectors/postgresql/settings.c
 *
 * What the address says.  It may hold a password, so nothing of it is quoted in a message but what
 * is known to be something else.
 */
#include "connectors/postgresql/settings.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void options_free(PQconninfoOption *options)
{
    PQconninfoFree(options);
}
DS_AUTO_DEFINE(PQconninfoOption, options_free)

static const char *option(const PQconninfoOption *options, const char *name)
{
    for (; options && options->keyword; options++) {
        if (strcmp(options->keyword, name) == 0)
            return options->val && *options->val ? options->val : NULL;
    }
    return NULL;
}

/* The name of an option that libpq does not know: the one thing of its message that is surely no
 * part of a password. "": it said something else. */
static const char *unknown_option(const char *message, char *name, size_t n)
{
    static const char *const heads[] = {"invalid URI query parameter: \"",
                                        "invalid connection option \""};
    size_t length;

    *name = '\0';
    for (size_t i = 0; i < DS_COUNT(heads); i++) {
        if (strncmp(message, heads[i], strlen(heads[i])) != 0)
            continue;
        message += strlen(heads[i]);
        length = strspn(message, "abcdefghijklmnopqrstuvwxyz_");
        if (length < n && message[length] == '"')
            snprintf(name, n, "%.*s", (int)length, message);
    }
    return name;
}

/* An @ or a / of a password that is not spelled %40 or %2F ends it: what follows is then taken for
 * the host or the database, which are shown. */
static bool is_misread(const char *url)
{
    const char *scheme = strstr(url, "://"), *rest;

    if (!scheme || strncmp(url, "postgres", 8) != 0)
        return false;
    rest = scheme + 3 + strcspn(scheme + 3, "@/");
    rest += *rest == '@';
    return memchr(rest, '@', strcspn(rest, "?")) != NULL;
}

bool ds_pg_settings_check(const ds_pg_settings *settings, ds_err *err)
{
    const char *url = ds_secret_reveal(settings->url);
    char *message = NULL, name[40] = "";
    DS_AUTO(PQconninfoOption) options = is_misread(url) ? NULL : PQconninfoParse(url, &message);

    if (message)
        unknown_option(message, name, sizeof(name));
    PQfreemem(message);
    if (options)
        return true;
    if (*name)
        return ds_fail(err, DS_ERR_CONFIG, "`url`: there is no connection option \"%s\"", name);
    return ds_fail(err, DS_ERR_CONFIG,
                   "`url` cannot be read: write postgresql://USER@HOST:PORT/DATABASE, "
                   "host=... dbname=..., or service=NAME (with %%40 for @ and %%2F for / in a "
                   "password)");
}

bool ds_pg_url_is_harmless(const char *url)
{
    DS_AUTO(PQconninfoOption) options = PQconninfoParse(url, NULL);

    return options && !is_misread(url) && !option(options, "password") &&
           !option(options, "sslpassword");
}

/* What the address says, else what libpq would fill in. A service's file is read when connecting:
 * until then its name stands for what it says. */
static const char *effective(const PQconninfoOption *given, const PQconninfoOption *defaults,
                             const char *name)
{
    const char *value = option(given, name);

    if (value || option(given, "service"))
        return value;
    return option(defaults, name);
}

const char *ds_pg_place(const ds_pg_settings *settings, ds_arena *a)
{
    DS_AUTO(PQconninfoOption) given = PQconninfoParse(ds_secret_reveal(settings->url), NULL);
    DS_AUTO(PQconninfoOption) defaults = PQconndefaults();
    const char *service = option(given, "service");
    const char *host = effective(given, defaults, "host");
    const char *port = effective(given, defaults, "port");
    const char *database = effective(given, defaults, "dbname");

    host = host ? host : effective(given, defaults, "hostaddr");
    database = database ? database : effective(given, defaults, "user");
    if (service && !host && !database)
        return ds_arena_printf(a, "service=%s", service);
    return ds_arena_printf(a, "%s%s%s:%s/%s", service ? service : "", service ? "," : "",
                           host ? host : "local",
                           port      ? port
                           : service ? ""
                                     : "5432",
                           database ? database : "");
}

/* ---- names of tables ------------------------------------------------------------------------- */

/* One part of a name, up to a dot or the end; in double quotes it may hold anything. */
static const char *part(const char *at, ds_arena *a, const char **out)
{
    char *name = ds_arena_alloc(a, strlen(at) + 1), *end = name;
    bool quoted = *at == '"';

    at += quoted;
    while (*at && (quoted || *at != '.')) {
        if (quoted && *at == '"' && *++at != '"') {
            quoted = false;
            break;
        }
        *end++ = *at++;
    }
    *end = '\0';
    *out = name;
    return quoted || end == name ? NULL : at;
}

bool ds_pg_split_name(const char *text, ds_arena *a, const char **schema, const char **table)
{
    const char *rest = part(text, a, table);

    *schema = NULL;
    if (rest && *rest == '.') {
        *schema = *table;
        rest = part(rest + 1, a, table);
    }
    return rest && !*rest;
}
