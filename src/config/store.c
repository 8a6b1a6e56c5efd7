/* src/config/store.c
 *
 * `store`: a file, or a PostgreSQL server.  A server's address may hold a password, so it is a
 * secret; what messages call it is made here, from what is surely no part of one.
 */
#include "config/load.h"

#include "base/hash.h"
#include <string.h>

#define TAKES "sqlite:PATH or postgresql://USER@HOST/DATABASE"
#define SCHEMA_BYTES_MAX 63

typedef struct store { /* what was written */
    const ds_member *url, *schema;
} store;

static const ds_shape text_shape = {
    .type = DS_SHAPE_TEXT, .takes = TAKES, .pattern = "^sqlite:(?!//([^/]|$)).|^postgres(ql)?:."};
static const ds_shape schema_shape = {
    .type = DS_SHAPE_TEXT, .takes = "a name of at most 63 bytes", .pattern = "^.{1,63}$"};

static const ds_key keys[] = {
    {.name = "url",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(store, url),
     .required = true,
     .shape = &text_shape,
     .help = "as `store` itself: `sqlite:PATH`, `postgresql://USER@HOST/DATABASE`, or "
             "`postgresql:` and libpq's words, such as `postgresql:service=NAME`"},
    {.name = "schema",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(store, schema),
     .shape = &schema_shape,
     .fallback = "durable_sync",
     .help = "PostgreSQL: the schema it is kept in. Made at the first start, and nobody else's"},
    {.name = NULL},
};
static const ds_shape table_shape = {.type = DS_SHAPE_TABLE, .keys = keys};
const ds_shape ds_shape_store = {
    .type = DS_SHAPE_EITHER,
    .takes = "sqlite:PATH, postgresql://USER@HOST/DATABASE, or a table with url and schema",
    .either = (const ds_shape *const[]){&text_shape, &table_shape, NULL},
};

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static bool is_server(const char *text)
{
    return begins(text, "postgresql:") || begins(text, "postgres:");
}

static bool is_uri(const char *text)
{
    return begins(text, "postgresql://") || begins(text, "postgres://");
}

/* ---- a server's name without what is secret -------------------------------------------------- */

/* The value of one of libpq's words, in a URI's query or between blanks; NULL: not there. */
static const char *word_of(ds_arena *a, const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = text; (at = strstr(at, name)) != NULL; at += n) {
        const char *value = at + n + 1;

        if (at[n] == '=' && (at == text || strchr("?& ", at[-1])))
            return ds_arena_strndup(a, value, strcspn(value, "& "));
    }
    return NULL;
}

static const char *name_of_words(ds_arena *a, const char *words)
{
    static const char *const shown[] = {"service", "host", "port", "dbname", "user"};
    const char *out = "postgresql:";

    for (size_t i = 0; i < DS_COUNT(shown); i++) {
        const char *value = word_of(a, words, shown[i]);

        if (value)
            out = ds_arena_printf(a, "%s%s%s=%s", out, out[11] ? " " : "", shown[i], value);
    }
    return out;
}

/* A password with a bare @ in it goes up to the last one. */
static const char *name_of_uri(ds_arena *a, const char *uri)
{
    const char *from = strstr(uri, "://") + 3;
    size_t n = strcspn(from, "?");
    const char *at = memrchr(from, '@', n), *host = at ? at + 1 : from;
    const char *service = word_of(a, from + n, "service"), *folder = word_of(a, from + n, "host");
    const char *user = at ? ds_arena_printf(a, "%.*s@", (int)strcspn(from, ":@"), from) : "";
    const char *rest = ds_arena_strndup(a, host, (size_t)(from + n - host));

    if (service && (!*rest || !strcmp(rest, "/")))
        return ds_arena_printf(a, "postgresql:service=%s", service);
    return ds_arena_printf(a, "postgresql://%s%s%s%s", user, rest, folder ? "?host=" : "",
                           folder ? folder : "");
}

static bool has_no_password(const char *text)
{
    const char *user = is_uri(text) ? strstr(text, "://") + 3 : "";
    const char *at = strchr(user, '@');

    return !strstr(text, "password") && !(at && memchr(user, ':', (size_t)(at - user)));
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Beside the file. But nothing is kept under /etc: what a service of the whole machine remembers
 * is where its unit may write, and whoever asks without the unit's environment finds it too. */
static const char *usual_folder(ds_load *ld)
{
    const char *etc = ds_path_real(ld->arena, "/etc/durable-sync");

    return !strcmp(ld->dir, etc) ? "/var/lib/durable-sync" : ld->dir;
}

static bool keep_file(ds_load *ld, const char *dir, const char *path, ds_config *config)
{
    config->store_path = config->store_local = ds_path_of_store(ld->arena, dir, path);
    return true;
}

/* What is kept on this machine, the control socket, goes where a file would be. Two configurations
 * in one folder may have two servers. */
static bool read_server(ds_load *ld, const ds_member *m, const char *schema, ds_config *config)
{
    ds_arena *a = ld->arena;
    ds_secret *secret;
    const char *url, *name;

    if (!ds_read_secret(ld, m, has_no_password, &secret))
        return false;
    url = ds_secret_reveal(secret);
    if (!is_uri(url))
        config->store_url = ds_load_keep_secret(ld, url = strchr(url, ':') + 1);
    else
        config->store_url = secret;
    if (!strchr(url, '=') && !is_uri(url))
        return ds_issue(ld->issues, m->value->at, "%s: expected %s", m->name, TAKES);
    name = is_uri(url) ? name_of_uri(a, url) : name_of_words(a, url);
    config->store_path = name;
    config->store_schema = schema ? schema : "durable_sync";
    name = ds_arena_printf(a, "%s %s", name, config->store_schema);
    name = ds_arena_printf(a, "durable-sync-%016llx",
                           (unsigned long long)ds_hash64(name, strlen(name)));
    config->store_local = ds_path_absolute(a, usual_folder(ld), name);
    return true;
}

static bool read_place(ds_load *ld, const ds_member *m, const store *s, ds_config *config)
{
    const char *schema = NULL, *text, *path;

    if (!ds_read_text(ld, m, &text) || (s->schema && !ds_read_text(ld, s->schema, &schema)))
        return false;
    if (schema && strlen(schema) > SCHEMA_BYTES_MAX)
        return ds_issue(ld->issues, s->schema->value->at, "schema: longer than %d bytes",
                        SCHEMA_BYTES_MAX);
    if (is_server(text))
        return read_server(ld, m, schema, config);
    path = text + strlen("sqlite:");
    if (!begins(text, "sqlite:") || !*path || (begins(path, "//") && path[2] != '/'))
        return strchr(text, '@') /* what is before it may be a password */
                   ? ds_issue(ld->issues, m->value->at, "%s: expected %s", m->name, TAKES)
                   : ds_expected(ld, m, TAKES);
    if (schema)
        return ds_issue(ld->issues, s->schema->value->at, "schema: a file has none");
    return keep_file(ld, ld->dir, path, config);
}

bool ds_store_read(ds_load *ld, const ds_member *m, ds_config *config)
{
    store s = {0};

    if (!m)
        return keep_file(ld, usual_folder(ld), "durable-sync.db", config);
    if (m->value->kind != DS_NODE_MAP)
        return read_place(ld, m, &s, config);
    return ds_schema_read(ld, m, keys, &s) && read_place(ld, s.url, &s, config);
}

void ds_store_spare(ds_load *ld, const ds_config *config, const ds_node *table,
                    const ds_route *route)
{
    const ds_option *o = NULL;
    const char *kept, *path;

    if (!route->destination_settings || !config->store_local)
        return; /* has been said */
    kept = ds_path_end(ld->arena, config->store_local);
    while ((o = ds_next_path(route->destination->options, route->destination_settings, o, &path))) {
        if (!strcmp(ds_path_end(ld->arena, path), kept))
            ds_issue(ld->issues, ds_node_member(table, "destination")->value->at,
                     "destination: `%s` is the store of this configuration; name another file",
                     o->name);
    }
}
