/* src/config/temporal.c - `engine: {kind: temporal, ...}`: its keys, and the settings they become.
 */
#include "config/temporal.h"

#include "base/hostport.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_BYTES ((size_t)1000) /* of a queue, of a namespace: the server's own limit */

/* ---- what may be written --------------------------------------------------------------------- */

typedef struct written {
    ds_temporal_layer layer;
    const ds_member *kind, *tls, *grpc_meta, *profile, *profile_file;
} written;

#define OF(setting) (offsetof(written, layer.of) + sizeof(const ds_member *) * (setting))

static const ds_shape truth_shape = {.type = DS_SHAPE_VALUE, .takes = "true or false"};
static const ds_shape address_shape = {.type = DS_SHAPE_TEXT, .takes = "HOST:PORT"};
static const ds_shape text_shape = {.type = DS_SHAPE_TEXT};
static const ds_shape value_shape = {.type = DS_SHAPE_ANY_TEXT};
static const ds_shape meta_shape = {.type = DS_SHAPE_MAP,
                                    .takes = "a table from names to texts",
                                    .of = &value_shape,
                                    .may_be_empty = true};

static const ds_key tls_keys[] = {
    {.name = "server_ca_cert_path",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_CA_PATH),
     .shape = &text_shape,
     .fallback = "the system's",
     .help = "certificate authorities (PEM) that are trusted in place of the system's"},
    {.name = "server_ca_cert_data",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_CA_DATA),
     .help = "the same as text"},
    {.name = "client_cert_path",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_CERT_PATH),
     .shape = &text_shape,
     .help = "our own certificate (PEM), and behind it what it is signed by; read anew for each "
             "connection"},
    {.name = "client_cert_data",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_CERT_DATA),
     .help = "the same as text"},
    {.name = "client_key_path",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_KEY_PATH),
     .shape = &text_shape,
     .help = "its private key (PEM), without a passphrase"},
    {.name = "client_key_data",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_KEY_DATA),
     .help = "the same as text"},
    {.name = "server_name",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_SERVER_NAME),
     .shape = &text_shape,
     .fallback = "the address's host",
     .help = "the name that is asked for and that the server's certificate must be for"},
    {.name = "disable_host_verification",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_NO_VERIFY),
     .shape = &truth_shape,
     .fallback = "false",
     .help = "the server's certificate is not looked at. For tests: anybody in between can read "
             "and change everything"},
    {.name = NULL},
};
const ds_shape ds_shape_temporal_tls = {.type = DS_SHAPE_TABLE, .keys = tls_keys};
static const ds_shape tls_shape = {
    .type = DS_SHAPE_EITHER,
    .takes = "true, false, or a table",
    .either = (const ds_shape *const[]){&truth_shape, &ds_shape_temporal_tls, NULL},
};

static const ds_shape kind_shape = {.type = DS_SHAPE_CHOICE, .choices = "embedded|temporal"};
const ds_key ds_engine_keys[] = {
    {.name = "kind",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(written, kind),
     .required = true,
     .shape = &kind_shape,
     .help = "which engine. All other keys are of `temporal` alone"},
    {.name = "address",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_ADDRESS),
     .shape = &address_shape,
     .fallback = "localhost:7233",
     .help = "where the server's frontend is; without a port 7233"},
    {.name = "namespace",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_NAMESPACE),
     .shape = &text_shape,
     .fallback = "default",
     .help = "the namespace, which must be there"},
    {.name = "task_queue",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_TASK_QUEUE),
     .shape = &text_shape,
     .fallback = "durable-sync",
     .help = "the queue that the workers of this configuration share"},
    {.name = "prefix",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_PREFIX),
     .shape = &text_shape,
     .fallback = "durable-sync:{route}:",
     .help =
         "what a unit's workflow id begins with, before the unit's key; `{route}` is the "
         "route's name. `durable-sync:` makes the ids of the Python program of that name, for a "
         "configuration of one route"},
    {.name = "api_key",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_API_KEY),
     .help = "sent as a bearer with each call; turns TLS on. One that comes from a file, a "
             "credential or a command is read again, once a minute, when the server refuses it"},
    {.name = "tls",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(written, tls),
     .shape = &tls_shape,
     .fallback = "true with an api_key",
     .help = "whether the server speaks TLS; a table says how"},
    {.name = "authority",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_AUTHORITY),
     .shape = &text_shape,
     .fallback = "the address",
     .help = "sent as `:authority`, for proxies that choose by it"},
    {.name = "grpc_meta",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(written, grpc_meta),
     .shape = &meta_shape,
     .help = "headers of your own that are sent with each call"},
    {.name = "build_id",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_BUILD_ID),
     .shape = &text_shape,
     .help = "makes versioned workers: they get work once their version is Current"},
    {.name = "encryption_key",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_ENCRYPTION_KEY),
     .help = "encrypts what the server keeps. Commas between several keys: the first encrypts, all "
             "decrypt. `durable-sync keygen` makes one"},
    {.name = "encryption_required",
     .type = DS_KEY_MEMBER,
     .offset = OF(DS_T_ENCRYPTION_REQUIRED),
     .shape = &truth_shape,
     .fallback = "false",
     .help = "refuses what comes in clear, the command line's signals among it"},
    {.name = "profile",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(written, profile),
     .shape = &text_shape,
     .fallback = "default",
     .help = "which profile of `temporal.toml` holds for what is not given here"},
    {.name = "profile_file",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(written, profile_file),
     .shape = &text_shape,
     .fallback = "~/.config/temporalio/temporal.toml",
     .help = "that file"},
    {.name = NULL},
};

/* ---- three places to one --------------------------------------------------------------------- */

void ds_temporal_merge(ds_temporal_layer *base, const ds_temporal_layer *over)
{
    for (int i = 0; i < DS_T_N; i++) {
        int twin = i ^ 1;

        if (!over->of[i])
            continue;
        base->of[i] = over->of[i];
        if (i >= DS_T_CA_PATH && !over->of[twin])
            base->of[twin] = NULL;
    }
}

static void merge_headers(ds_load *ld, ds_temporal_layer *base, const ds_temporal_layer *over)
{
    for (size_t i = 0; i < over->headers_n; i++)
        ds_temporal_add_header(ld, base, over->header_names[i], over->headers[i]);
}

/* What the configuration says. The table `tls` means TLS. */
static bool read_written(ds_load *ld, const ds_member *m, written *w)
{
    if (m->value->kind != DS_NODE_MAP) /* the word alone */
        return true;
    if (!ds_schema_read(ld, m, ds_engine_keys, w))
        return false;
    if (w->tls && w->tls->value->kind == DS_NODE_MAP) {
        if (!ds_schema_read(ld, w->tls, tls_keys, w))
            return false;
        w->layer.of[DS_T_TLS] = ds_temporal_member(ld, "tls", "true");
    } else {
        w->layer.of[DS_T_TLS] = w->tls;
    }
    if (!w->grpc_meta)
        return true;
    if (!ds_read_map(ld, w->grpc_meta, "a table from names to texts"))
        return false;
    for (size_t i = 0; i < w->grpc_meta->value->n; i++) {
        const ds_member *header = &w->grpc_meta->value->members[i];

        ds_temporal_add_header(ld, &w->layer, header->name, header);
    }
    return true;
}

static void read_profile(ds_load *ld, const ds_member *m, const written *w, ds_temporal_layer *out)
{
    const char *file = getenv("TEMPORAL_CONFIG_FILE"), *profile = getenv("TEMPORAL_PROFILE");

    file = file && *file ? file : NULL;
    profile = profile && *profile ? profile : NULL;
    if (!file && w->profile_file && !ds_read_path(ld, w->profile_file, &file))
        return;
    if (!profile && w->profile && !ds_read_text(ld, w->profile, &profile))
        return;
    ds_temporal_profile(ld, m->value->at, file, profile, out);
}

/* ---- one setting ----------------------------------------------------------------------------- */

/* From the configuration relative to it, from elsewhere to where we run. */
static const char *read_file_path(ds_load *ld, const ds_member *m)
{
    const char *path = NULL;
    char here[4096];

    if (!m || !ds_read_path(ld, m, &path))
        return NULL;
    if (!m->at.line && m->value->raw[0] != '/' && getcwd(here, sizeof(here)))
        path = ds_path_absolute(ld->arena, here, m->value->text);
    if (access(path, R_OK) == 0)
        return path;
    ds_issue(ld->issues, m->value->at, "%s: %s cannot be read", m->name, path);
    return NULL;
}

static const char *read_name(ds_load *ld, const ds_member *m, const char *usual)
{
    const char *text = usual;

    if (!m || !ds_read_text(ld, m, &text))
        return usual;
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            ds_issue(ld->issues, m->value->at, "%s: a control character is in it", m->name);
            return usual;
        }
    }
    if (strlen(text) > NAME_MAX_BYTES)
        ds_issue(ld->issues, m->value->at, "%s: longer than 1000 bytes", m->name);
    return text;
}

static const ds_secret *read_secret(ds_load *ld, const ds_member *m)
{
    ds_secret *secret = NULL;

    if (m && !m->at.line) /* a variable's name; of a profile's place there is no variable */
        ds_load_secret_name(ld, m->name, strlen(m->name));
    return m && ds_read_secret(ld, m, NULL, &secret) ? secret : NULL;
}

/* ---- the key --------------------------------------------------------------------------------- */

static ds_secret *key_now(const ds_temporal *t)
{
    return ds_reference_now(t->api_key_from, t->dir);
}

static void read_key(ds_load *ld, const ds_member *m, ds_temporal *t)
{
    t->api_key = read_secret(ld, m);
    if (!t->api_key || !m->at.line || !ds_reference_may_change(m->value->raw))
        return;
    t->api_key_from = ds_arena_strdup(ld->arena, m->value->raw);
    t->dir = ld->dir;
    t->api_key_now = key_now;
}

/* In the environment 1 and 0 too, as the server's own tools have it. */
static bool read_truth(ds_load *ld, const ds_member *m, bool usual)
{
    const char *raw = m && !m->at.line ? m->value->text : "";
    bool truth = usual;

    if (!strcmp(raw, "1") || !strcmp(raw, "0"))
        return *raw == '1';
    return m && ds_read_bool(ld, m, &truth) ? truth : usual;
}

static void read_headers(ds_load *ld, const ds_temporal_layer *all, ds_temporal *t)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    ds_temporal_header *headers =
        ds_arena_zalloc(ld->arena, (all->headers_n + 1) * sizeof(*headers));

    for (size_t i = 0; i < all->headers_n; i++) {
        const char *name = all->header_names[i], *value = NULL;
        const ds_member *m = all->headers[i];

        if (!*name || strspn(name, letters) != strlen(name) || !strncmp(name, "grpc-", 5) ||
            !strcmp(name, "te") || !strcmp(name, "content-type") || !strcmp(name, "connection"))
            ds_issue(ld->issues, m->at, "grpc_meta: \"%s\" is no header of one's own", m->name);
        else if (!strcmp(name, "authorization"))
            ds_issue(ld->issues, m->at, "grpc_meta: write api_key in place of authorization");
        else if (!ds_read_any_text(ld, m, &value))
            continue;
        else if (strpbrk(value, "\r\n"))
            ds_issue(ld->issues, m->value->at, "%s: a line break is in it", m->name);
        else if (*value)
            headers[t->headers_n++] = (ds_temporal_header){name, value};
    }
    t->headers = headers;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void check_pairs(ds_load *ld, const ds_temporal_layer *all)
{
    for (int i = DS_T_CA_PATH; i < DS_T_N; i += 2) {
        if (all->of[i] && all->of[i + 1])
            ds_issue(ld->issues, all->of[i + 1]->at, "%s and %s: only one of both",
                     all->of[i]->name, all->of[i + 1]->name);
    }
}

static void read_tls(ds_load *ld, const ds_temporal_layer *all, ds_temporal *t)
{
    bool implied = t->api_key != NULL;

    for (int i = DS_T_SERVER_NAME; i < DS_T_N; i++)
        implied |= all->of[i] != NULL;
    t->tls = read_truth(ld, all->of[DS_T_TLS], implied);
    check_pairs(ld, all);
    t->server_name =
        all->of[DS_T_SERVER_NAME] ? read_name(ld, all->of[DS_T_SERVER_NAME], NULL) : NULL;
    t->no_verify = read_truth(ld, all->of[DS_T_NO_VERIFY], false);
    t->ca_file = read_file_path(ld, all->of[DS_T_CA_PATH]);
    t->ca_data = read_secret(ld, all->of[DS_T_CA_DATA]);
    t->cert_file = read_file_path(ld, all->of[DS_T_CERT_PATH]);
    t->cert_data = read_secret(ld, all->of[DS_T_CERT_DATA]);
    t->key_file = read_file_path(ld, all->of[DS_T_KEY_PATH]);
    t->key_data = read_secret(ld, all->of[DS_T_KEY_DATA]);
}

static void check_address(ds_load *ld, const ds_member *engine, const ds_temporal_layer *all,
                          const ds_temporal *t)
{
    const ds_member *m = all->of[DS_T_ADDRESS], *key = all->of[DS_T_API_KEY];
    const char *host, *port;

    if (!ds_hostport_read(t->address, "7233", ld->arena, &host, &port)) {
        ds_expected(ld, m, "HOST:PORT");
        return;
    }
    if (t->api_key && !t->tls && !ds_host_is_local(host))
        ds_issue(ld->issues, key->at.line ? key->at : engine->value->at,
                 "%s: it would go to %s in plain text, where others can read it: set tls: true",
                 key->name, host);
}

static void check_whole(ds_load *ld, const ds_member *engine, const ds_temporal_layer *all,
                        size_t routes_n, const ds_temporal *t)
{
    const ds_member *cert =
        all->of[DS_T_CERT_PATH] ? all->of[DS_T_CERT_PATH] : all->of[DS_T_CERT_DATA];
    const ds_member *key = all->of[DS_T_KEY_PATH] ? all->of[DS_T_KEY_PATH] : all->of[DS_T_KEY_DATA];
    const ds_member *prefix = all->of[DS_T_PREFIX];

    check_address(ld, engine, all, t);
    if ((cert && !key) || (key && !cert))
        ds_issue(ld->issues, (cert ? cert : key)->at, "%s: %s is missing",
                 (cert ? cert : key)->name,
                 cert ? "its key (tls.client_key_path)" : "its certificate (tls.client_cert_path)");
    if (routes_n > 1 && prefix && !strstr(t->prefix, "{route}"))
        ds_issue(ld->issues, prefix->value->at,
                 "prefix: with more than one route it needs {route}, or units of one name would "
                 "share a workflow");
    if (t->encryption_required && !all->of[DS_T_ENCRYPTION_KEY])
        ds_issue(ld->issues, all->of[DS_T_ENCRYPTION_REQUIRED]->at,
                 "encryption_required: there is no encryption_key");
}

const ds_temporal *ds_temporal_read(ds_load *ld, const ds_member *m, size_t routes_n)
{
    ds_temporal *t = ds_new_in(ld->arena, ds_temporal);
    ds_temporal_layer all = {0}, environment = {0};
    written w = {0};

    if (!read_written(ld, m, &w))
        return NULL;
    read_profile(ld, m, &w, &all);
    ds_temporal_environment(ld, &environment);
    ds_temporal_merge(&all, &w.layer);
    merge_headers(ld, &all, &w.layer);
    ds_temporal_merge(&all, &environment);
    merge_headers(ld, &all, &environment);

    t->address = read_name(ld, all.of[DS_T_ADDRESS], "localhost:7233");
    t->authority = read_name(ld, all.of[DS_T_AUTHORITY], NULL);
    t->namespace_ = read_name(ld, all.of[DS_T_NAMESPACE], "default");
    t->task_queue = read_name(ld, all.of[DS_T_TASK_QUEUE], "durable-sync");
    t->prefix = read_name(ld, all.of[DS_T_PREFIX], "durable-sync:{route}:");
    t->build_id = read_name(ld, all.of[DS_T_BUILD_ID], NULL);
    read_key(ld, all.of[DS_T_API_KEY], t);
    t->encryption_key = read_secret(ld, all.of[DS_T_ENCRYPTION_KEY]);
    t->encryption_required = read_truth(ld, all.of[DS_T_ENCRYPTION_REQUIRED], false);
    read_tls(ld, &all, t);
    read_headers(ld, &all, t);
    check_whole(ld, m, &all, routes_n, t);
    return t;
}
