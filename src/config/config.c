/* src/config/config.c - the whole file: its top level, and the order in which its parts are read.
 */
#include "config/config.h"
#include "config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the top level
 * ------------------------------------------------------------------------------- */

typedef struct top { /* what was written */
    const ds_member *store, *engine, *accounts, *notify, *routes;
} top;

static const ds_shape engine_word = {.type = DS_SHAPE_CHOICE, .choices = "embedded|temporal"};
const ds_shape ds_shape_engine = {.type = DS_SHAPE_TABLE, .keys = ds_engine_keys};
static const ds_shape engine_shape = {
    .type = DS_SHAPE_EITHER,
    .takes = "embedded, temporal, or a table",
    .either = (const ds_shape *const[]){&engine_word, &ds_shape_engine, NULL},
};
static const ds_shape account_shape = {.type = DS_SHAPE_ACCOUNT};
static const ds_shape accounts_shape = {
    .type = DS_SHAPE_MAP,
    .takes = "a table from names to a kind and its settings",
    .of = &account_shape,
    .may_be_empty = true,
};
static const ds_shape routes_shape = {
    .type = DS_SHAPE_MAP,
    .takes = "a table from names to routes",
    .pattern = "^[a-z0-9-]{1,64}$",
    .of = &ds_shape_route,
    .most = DS_ROUTES_MAX,
};

static const ds_key top_keys[] = {
    {.name = "store",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(top, store),
     .shape = &ds_shape_store,
     .fallback = "sqlite:durable-sync.db",
     .help = "where the memory is kept: what is known of each row. A file, `sqlite:PATH`, to be "
             "kept; or a PostgreSQL server, `postgresql://USER@HOST/DATABASE`. For a "
             "configuration in `/etc/durable-sync` the default is "
             "`sqlite:/var/lib/durable-sync/durable-sync.db`"},
    {.name = "engine",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(top, engine),
     .shape = &engine_shape,
     .fallback = "embedded",
     .help = "what drives the passes: this program alone, or a Temporal server that any number of "
             "workers share"},
    {.name = "accounts",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(top, accounts),
     .shape = &accounts_shape,
     .help = "credentials with a name, shared by routes: what an account says holds for each side "
             "that names it, unless the side says it itself"},
    {.name = "notify",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(top, notify),
     .shape = &ds_shape_notify,
     .help = "who is told when a unit pauses, waits for approval, holds records or is well again"},
    {.name = "routes",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(top, routes),
     .required = true,
     .shape = &routes_shape,
     .help = "what is synced. A route's name is made of `a-z`, `0-9` and `-`, at most 64 of them"},
    {.name = NULL},
};

const ds_shape ds_shape_file = {.type = DS_SHAPE_TABLE, .keys = top_keys};

/* The name of an engine; NULL after an issue. */
static const char *engine_name(ds_load *ld, const ds_member *kind)
{
    static const char *const engines[] = {"embedded", "temporal"};
    const char *name;

    if (!ds_read_text(ld, kind, &name))
        return NULL;
    if (!strcmp(name, "embedded") || !strcmp(name, "temporal"))
        return name;
    ds_issue(ld->issues, kind->value->at, "unknown engine \"%s\"%s", name,
             ds_guess(ld, name, engines, DS_COUNT(engines)));
    return NULL;
}

static bool is_engine_key(const char *name)
{
    for (const ds_key *key = ds_engine_keys; key->name; key++) {
        if (!strcmp(key->name, name))
            return true;
    }
    return false;
}

/* The embedded one has no settings. */
static void read_embedded(ds_load *ld, const ds_member *m)
{
    static const char *const known[] = {"kind"};

    for (size_t i = 0; m->value->kind == DS_NODE_MAP && i < m->value->n; i++) {
        const ds_member *key = &m->value->members[i];

        if (!is_engine_key(key->name))
            ds_unknown_key(ld, key, known, DS_COUNT(known));
        else if (strcmp(key->name, known[0]) != 0)
            ds_issue(ld->issues, key->at, "%s: only engine temporal has this setting", key->name);
    }
}

/* `embedded`, `temporal`, or a table with the kind and its settings. */
static void read_engine(ds_load *ld, const ds_member *m, const ds_member *routes, ds_config *config)
{
    const ds_member *kind =
        m && m->value->kind == DS_NODE_MAP ? ds_node_member(m->value, "kind") : m;
    const char *name;

    if (!m)
        return;
    if (!kind) {
        ds_issue(ld->issues, m->at, "engine: \"kind\" is missing");
        return;
    }
    name = engine_name(ld, kind);
    if (name && *name == 'e')
        read_embedded(ld, m);
    else if (name)
        config->temporal = ds_temporal_read(ld, m, routes ? routes->value->n : 0);
}

static void read_routes(ds_load *ld, const ds_member *m, ds_config *config)
{
    size_t n;
    ds_route **routes;
    const ds_node **tables;

    if (!m || !ds_read_map(ld, m, "a table of routes"))
        return;
    n = m->value->n;
    if (!n || n > DS_ROUTES_MAX) {
        ds_issue(ld->issues, m->at,
                 n ? "routes: more than 10000 of them"
                   : "routes: nothing in it; `durable-sync init` writes a first one");
        return;
    }
    routes = ds_arena_zalloc(ld->arena, n * sizeof(*routes));
    tables = ds_arena_zalloc(ld->arena, n * sizeof(*tables));
    for (size_t i = 0; i < n; i++) {
        routes[i] = ds_route_read(ld, &m->value->members[i]);
        tables[i] = m->value->members[i].value;
        ds_store_spare(ld, config, tables[i], routes[i]);
    }
    ds_owners_check(ld, (const ds_route *const *)routes, tables, n);
    for (size_t i = 0; i < n && !ds_issues_count(ld->issues); i++)
        ds_route_seal(ld, routes[i]);
    config->routes = (const ds_route *const *)routes;
    config->routes_n = n;
}

static void read_top(ds_load *ld, ds_node *root, ds_config *config)
{
    ds_member m = {.name = "", .at = {1, 1}, .value = root};
    top t = {0};

    if (root->kind != DS_NODE_MAP) {
        ds_issue(ld->issues, root->at, "%s",
                 ds_node_is_null(root)
                     ? "nothing in it; `durable-sync init` writes a first configuration"
                     : "expected settings such as \"routes:\" here");
        return;
    }
    (void)!ds_schema_read(ld, &m, top_keys, &t);
    (void)!ds_store_read(ld, t.store, config);
    read_engine(ld, t.engine, t.routes, config);
    ds_accounts_read(ld, t.accounts, config);
    ds_notify_read(ld, t.notify, config);
    read_routes(ld, t.routes, config);
}

/* ---- begin and end
 * ------------------------------------------------------------------------------- */

ds_config *ds_load_begin(ds_load *ld, const char *path, const char *dir,
                         const ds_connectors *connectors)
{
    ds_arena *a = ds_arena_new();
    ds_config *config = ds_new_in(a, ds_config);

    config->arena = a;
    config->path = ds_arena_strdup(a, path);
    config->secrets = ds_new_in(a, struct ds_secrets);
    *ld = (ds_load){
        .arena = a, .connectors = connectors, .path = config->path, .secrets = config->secrets};
    ld->dir = ds_path_real(a, dir);
    return config;
}

void ds_config_forget_environment(const ds_config *config)
{
    for (const char *const *name = config->secret_names; *name; name++) {
        char *value = getenv(*name);

        if (value)
            explicit_bzero(value, strlen(value));
    }
}

ds_config *ds_load_end(ds_load *ld, ds_config *config, ds_buf *errors)
{
    if (ds_issues_count(ld->issues))
        ds_issues_write(ld->issues, errors);
    for (size_t i = 0; i < ld->wipe_n; i++) {
        ds_node *node = ld->wipe[i];

        if (node->text)
            explicit_bzero(node->text, strlen(node->text));
        explicit_bzero(node->raw, node->n);
    }
    ds_load_secret_name(ld, "", 0);
    ld->names[ld->names_n - 1] = NULL;
    config->secret_names = ld->names;
    if (!ds_issues_count(ld->issues))
        return config;
    ds_config_free(config);
    return NULL;
}

static ds_config *parse(const char *path, const char *text, size_t n, const char *dir,
                        bool others_read, const ds_connectors *connectors, ds_buf *errors)
{
    ds_load ld;
    ds_config *config = ds_load_begin(&ld, path, dir, connectors);
    size_t mark = n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0; /* a byte order mark */
    ds_node *root;

    ld.others_read = others_read;
    ld.issues = ds_issues_new(ld.arena, config->path, text + mark, n - mark);
    root = ds_yaml_read(ld.arena, ld.issues, text + mark, n - mark);
    if (root)
        ds_kinds_load_named(connectors, root);
    else
        ds_kinds_load_guessed(connectors, text + mark, n - mark);
    ds_issues_secret_names(ld.issues, ds_kinds_secret_names(connectors, ld.arena));
    if (root) {
        ds_tree_hide_secrets(ld.issues, root);
        read_top(&ld, root, config);
    } else {
        ds_issues_hide_guessed(ld.issues);
    }
    return ds_load_end(&ld, config, errors);
}

ds_config *ds_config_parse(const char *path, const char *text, size_t n, const char *dir,
                           const ds_connectors *connectors, ds_buf *errors)
{
    return parse(path, text, n, dir, false, connectors, errors);
}

/* ---- the file
 * ------------------------------------------------------------------------------------ */

static const char *remedy_of(int number)
{
    if (number == ENOENT)
        return "; `durable-sync init` writes a first one";
    if (number == EACCES)
        return "; let the user that runs this read it, and keep secrets in ${credential:NAME} or "
               "${file:PATH}";
    return "";
}

static bool read_file(const char *path, ds_buf *out, bool *others_read, ds_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char block[8192];
    struct stat st;
    ssize_t got = 0;

    if (fd < 0)
        return ds_fail(err, DS_ERR_CONFIG, "cannot be read: %s%s", strerror(errno),
                       remedy_of(errno));
    while (!out->overflow && (got = read(fd, block, sizeof(block))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        ds_buf_add(out, block, (size_t)got);
    }
    explicit_bzero(block, sizeof(block));
    *others_read = fstat(fd, &st) || (S_ISREG(st.st_mode) && (st.st_mode & 066) != 0);
    if (!out->overflow && got < 0)
        ds_fail(err, DS_ERR_CONFIG, "cannot be read: %s", strerror(errno));
    close(fd);
    return out->overflow || got == 0;
}

static const char *dir_of(ds_arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? ds_arena_strndup(a, path, (size_t)(slash - path) + 1) : ".";
}

ds_config *ds_config_load(const char *path, const ds_connectors *connectors, ds_buf *errors)
{
    DS_AUTO_BUF(text, DS_TREE_BYTES_MAX + 1);
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_err err = DS_ERR_INIT;
    ds_config *config = NULL;
    bool others_read = true;

    if (!read_file(path, &text, &others_read, &err))
        ds_buf_printf(errors, "%s: %s\n", path, err.text);
    else if (text.overflow)
        ds_buf_printf(errors, "%s: larger than 1 MiB, which is the most a configuration may have\n",
                      path);
    else
        config = parse(path, text.n ? text.data : "", text.n, dir_of(a, path), others_read,
                       connectors, errors);
    if (text.data)
        explicit_bzero(text.data, text.cap);
    return config;
}

/* `m` is there: it is required. */
static void outline_routes(const ds_load *ld, const ds_member *m, ds_config *config)
{
    size_t n = m->value->kind == DS_NODE_MAP ? m->value->n : 0;
    ds_route **routes = ds_arena_zalloc(ld->arena, (n + 1) * sizeof(*routes));

    for (size_t i = 0; i < n; i++) {
        routes[i] = ds_new_in(ld->arena, ds_route);
        routes[i]->name = m->value->members[i].name;
        routes[i]->at = m->value->members[i].at;
    }
    config->routes = (const ds_route *const *)routes;
    config->routes_n = n;
}

/* Secrets among them: nobody has looked which. */
static void forget(ds_node *node)
{
    if (node->kind == DS_NODE_SCALAR)
        explicit_bzero(node->raw, node->n);
    for (size_t i = 0; i < node->n && node->kind == DS_NODE_LIST; i++)
        forget(node->items[i]);
    for (size_t i = 0; i < node->n && node->kind == DS_NODE_MAP; i++)
        forget(node->members[i].value);
}

/* Another engine's daemon is no socket on this machine, and how it is reached is in its settings.
 */
static bool is_embedded(ds_load *ld, const ds_member *m)
{
    const ds_member *kind =
        m && m->value->kind == DS_NODE_MAP ? ds_node_member(m->value, "kind") : m;
    const char *name = kind ? engine_name(ld, kind) : NULL;

    return !m || (name && !strcmp(name, "embedded"));
}

static ds_config *outline(const char *path, const char *text, size_t n,
                          const ds_connectors *connectors, ds_buf *unheard)
{
    ds_load ld;
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_config *config = ds_load_begin(&ld, path, dir_of(a, path), connectors);
    ds_member m = {.name = "", .at = {1, 1}};
    top t = {0};

    ld.others_read = true; /* a secret in the store's place is none of ours */
    ld.issues = ds_issues_new(ld.arena, config->path, text, n);
    m.value = ds_yaml_read(ld.arena, ld.issues, text, n);
    if (m.value && m.value->kind == DS_NODE_MAP && ds_schema_read(&ld, &m, top_keys, &t) &&
        is_embedded(&ld, t.engine) && ds_store_read(&ld, t.store, config))
        outline_routes(&ld, t.routes, config);
    if (m.value)
        forget(m.value);
    config = ds_load_end(&ld, config, unheard);
    if (config && !config->routes_n)
        ds_config_free(DS_TAKE(&config));
    return config;
}

ds_config *ds_config_outline(const char *path, const ds_connectors *connectors)
{
    DS_AUTO_BUF(text, DS_TREE_BYTES_MAX + 1);
    DS_AUTO_BUF(unheard, 4 * DS_MIB);
    ds_err err = DS_ERR_INIT;
    ds_config *config = NULL;
    bool others_read;

    if (read_file(path, &text, &others_read, &err) && text.n && !text.overflow)
        config = outline(path, text.data, text.n, connectors, &unheard);
    if (text.data)
        explicit_bzero(text.data, text.cap);
    if (unheard.data)
        explicit_bzero(unheard.data, unheard.cap);
    return config;
}

size_t ds_config_route_names(const char *path, ds_arena *a, const char *const **out)
{
    DS_AUTO_BUF(text, DS_TREE_BYTES_MAX + 1);
    bool others_read;
    ds_err err = DS_ERR_INIT;
    const ds_member *routes = NULL;
    const char **names;
    size_t n;

    if (read_file(path, &text, &others_read, &err) && text.n && !text.overflow) {
        ds_issues *unheard = ds_issues_new(a, path, text.data, text.n);

        routes = ds_node_member(ds_yaml_read(a, unheard, text.data, text.n), "routes");
    }
    n = routes && routes->value->kind == DS_NODE_MAP ? routes->value->n : 0;
    names = ds_arena_zalloc(a, (n + 1) * sizeof(*names));
    for (size_t i = 0; i < n; i++)
        names[i] = routes->value->members[i].name;
    if (text.data)
        explicit_bzero(text.data, text.cap);
    *out = names;
    return n;
}

void ds_config_free(ds_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->secrets->n; i++)
        ds_secret_free(config->secrets->items[i]);
    ds_arena_free(config->arena);
}

const ds_route *ds_config_route(const ds_config *config, const char *name)
{
    for (size_t i = 0; i < config->routes_n; i++)
        if (!strcmp(config->routes[i]->name, name))
            return config->routes[i];
    return NULL;
}
