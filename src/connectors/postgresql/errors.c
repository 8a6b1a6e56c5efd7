/* src/connectors/postgresql/errors.c
 *
 * What the server said, and the reaction it asks for.  The kind is chosen by SQLSTATE alone.
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html)
 */
#include "connectors/postgresql/conn.h"

#include <stdio.h>
#include <string.h>

static const struct reaction {
    const char *code; /* a whole SQLSTATE, or its class; the first that fits counts */
    ds_err_kind kind;
    const char *remedy; /* NULL: the server's words say it all */
} reactions[] = {
    {"08P01", DS_ERR_PERMANENT, NULL}, /* protocol violation */
    {"08", DS_ERR_TRANSIENT, NULL},
    {"25006", DS_ERR_TRANSIENT, "the server takes no writes: a standby, or set to read only"},
    {"25P03", DS_ERR_TRANSIENT, NULL}, /* idle in transaction for too long */
    {"28", DS_ERR_AUTH, NULL},
    {"3D", DS_ERR_CONFIG, "make the database, or correct `url`"},
    {"3F", DS_ERR_CONFIG, "make the schema, or correct `table`"},
    {"40", DS_ERR_TRANSIENT, "it came into conflict with another session"},
    {"42501", DS_ERR_CONFIG, "grant it to the user of `url`"},
    {"42601", DS_ERR_CONFIG, NULL}, /* a slip of the pen in a query */
    {"42", DS_ERR_CONFIG, NULL},
    {"53100", DS_ERR_TRANSIENT, "make room on the server's disk"},
    {"53300", DS_ERR_TRANSIENT, "the server takes no more connections"},
    {"53", DS_ERR_TRANSIENT, NULL},
    {"55P03", DS_ERR_TRANSIENT, "another session holds it locked"},
    {"55", DS_ERR_TRANSIENT, NULL},
    {"57", DS_ERR_TRANSIENT, NULL}, /* stopped, cancelled, starting up */
    {"58", DS_ERR_TRANSIENT, NULL}, /* errors of the server's system */
};

ds_err_kind ds_pg_kind_of_error(const char *code, const char **remedy)
{
    for (size_t i = 0; i < DS_COUNT(reactions); i++) {
        if (strncmp(code, reactions[i].code, strlen(reactions[i].code)) != 0)
            continue;
        *remedy = reactions[i].remedy;
        return reactions[i].kind;
    }
    *remedy = NULL;
    return *code ? DS_ERR_PERMANENT : DS_ERR_TRANSIENT; /* no code: the connection itself */
}

bool ds_pg_fail(ds_pg *db, ds_err *err, const char *doing, ...)
{
    const char *remedy;
    ds_err_kind kind = ds_pg_kind_of_error(db->said.code, &remedy);
    const char *words = *db->said.words ? db->said.words : "the connection is lost";
    char what[160];
    va_list args;

    va_start(args, doing);
    vsnprintf(what, sizeof(what), doing, args);
    va_end(args);
    if (remedy)
        return ds_fail(err, kind, "%s: %s: %s (%s)", db->at, what, words, remedy);
    return ds_fail(err, kind, "%s: %s: %s", db->at, what, words);
}
