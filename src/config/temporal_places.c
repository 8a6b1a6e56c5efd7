/* src/config/temporal_places.c - settings of a Temporal server from elsewhere than the
 * configuration: temporal.toml and the environment. */
#include "config/temporal.h"
#include "config/toml.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct place {
    ds_temporal_setting setting;
    const char *variable;
    const char *table, *name; /* in a profile; NULL: not there */
} places[] = {
    {DS_T_ADDRESS, "TEMPORAL_ADDRESS", NULL, "address"},
    {DS_T_NAMESPACE, "TEMPORAL_NAMESPACE", NULL, "namespace"},
    {DS_T_API_KEY, "TEMPORAL_API_KEY", NULL, "api_key"},
    {DS_T_AUTHORITY, "TEMPORAL_CLIENT_AUTHORITY", NULL, "authority"},
    {DS_T_TLS, "TEMPORAL_TLS", NULL, NULL},
    {DS_T_CA_PATH, "TEMPORAL_TLS_SERVER_CA_CERT_PATH", "tls", "server_ca_cert_path"},
    {DS_T_CA_DATA, "TEMPORAL_TLS_SERVER_CA_CERT_DATA", "tls", "server_ca_cert_data"},
    {DS_T_CERT_PATH, "TEMPORAL_TLS_CLIENT_CERT_PATH", "tls", "client_cert_path"},
    {DS_T_CERT_DATA, "TEMPORAL_TLS_CLIENT_CERT_DATA", "tls", "client_cert_data"},
    {DS_T_KEY_PATH, "TEMPORAL_TLS_CLIENT_KEY_PATH", "tls", "client_key_path"},
    {DS_T_KEY_DATA, "TEMPORAL_TLS_CLIENT_KEY_DATA", "tls", "client_key_data"},
    {DS_T_SERVER_NAME, "TEMPORAL_TLS_SERVER_NAME", "tls", "server_name"},
    {DS_T_NO_VERIFY, "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "tls", "disable_host_verification"},
    {DS_T_TASK_QUEUE, "DURABLE_SYNC_TASK_QUEUE", NULL, NULL},
    {DS_T_BUILD_ID, "DURABLE_SYNC_BUILD_ID", NULL, NULL},
    {DS_T_ENCRYPTION_KEY, "DURABLE_SYNC_ENC_KEY", NULL, NULL},
};

const ds_member *ds_temporal_member(ds_load *ld, const char *called, const char *text)
{
    ds_member *m = ds_new_in(ld->arena, ds_member);

    *m = (ds_member){.name = called, .value = ds_node_scalar(ld->arena, text)};
    return m;
}

/* "Foo_Bar" is sent as "foo-bar". */
void ds_temporal_add_header(ds_load *ld, ds_temporal_layer *layer, const char *name,
                            const ds_member *m)
{
    char *own = ds_arena_strdup(ld->arena, name);
    size_t i = 0;

    for (char *c = own; *c; c++)
        *c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
    while (i < layer->headers_n && strcmp(layer->header_names[i], own) != 0)
        i++;
    if (i == DS_T_HEADERS_MAX) {
        ds_issue(ld->issues, m->at, "grpc_meta: more than %zu headers", DS_T_HEADERS_MAX);
        return;
    }
    layer->header_names[i] = own;
    layer->headers[i] = m;
    layer->headers_n = DS_MAX(layer->headers_n, i + 1);
}

/* ---- the environment ------------------------------------------------------------------------- */

void ds_temporal_environment(ds_load *ld, ds_temporal_layer *out)
{
    static const char meta[] = "TEMPORAL_GRPC_META_";

    for (size_t i = 0; i < DS_COUNT(places); i++) {
        const char *value = getenv(places[i].variable);

        if (value && *value)
            out->of[places[i].setting] = ds_temporal_member(ld, places[i].variable, value);
    }
    for (char **at = environ; *at; at++) {
        const char *is = strchr(*at, '=');
        const char *name;

        if (!is || strncmp(*at, meta, sizeof(meta) - 1) != 0 || is == *at + sizeof(meta) - 1)
            continue;
        name = ds_arena_strndup(ld->arena, *at, (size_t)(is - *at));
        ds_temporal_add_header(ld, out, name + sizeof(meta) - 1,
                               ds_temporal_member(ld, name, is + 1));
    }
}

/* ---- temporal.toml --------------------------------------------------------------------------- */

typedef struct source {
    ds_load *ld;
    ds_at at;
    const char *path, *profile;
    bool named; /* the profile was asked for by its name */
} source;

/* NULL: there is no home. */
static const char *usual_file(ds_arena *a)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

    if (config && *config == '/')
        return ds_arena_printf(a, "%s/temporalio/temporal.toml", config);
    return home && *home ? ds_arena_printf(a, "%s/.config/temporalio/temporal.toml", home) : NULL;
}

/* false: it is not there, or an issue. */
static bool read_file(const source *s, bool must_be_there, ds_buf *out)
{
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char block[4096];
    struct stat st;
    ssize_t got = 0;

    if (fd < 0) {
        if (must_be_there || (errno != ENOENT && errno != ENOTDIR && errno != EACCES))
            ds_issue(
                s->ld->issues, s->at,
                "%s: %s; the profile \"%s\" is looked for there: write it, or name another file "
                "in `profile_file` or $TEMPORAL_CONFIG_FILE",
                s->path, strerror(errno), s->profile);
        return false;
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return ds_issue(s->ld->issues, s->at, "%s: not a plain file", s->path);
    }
    while (!out->overflow && (got = read(fd, block, sizeof(block))) > 0)
        ds_buf_add(out, block, (size_t)got);
    explicit_bzero(block, sizeof(block));
    close(fd);
    return (got >= 0 && !out->overflow) ||
           ds_issue(s->ld->issues, s->at, "%s: cannot be read, or is larger than 1 MiB", s->path);
}

static bool is_named(const ds_toml_item *item, size_t at, const char *name)
{
    return item->path_n > at && !strcmp(item->path[at], name);
}

static void wrong_type(const source *s, const ds_toml_item *item, const char *wanted)
{
    ds_issue(s->ld->issues, s->at, "%s:%d: %s: expected %s", s->path, item->line,
             item->path[item->path_n - 1], wanted);
}

static const ds_member *member_of(const source *s, const ds_toml_item *item)
{
    return ds_temporal_member(s->ld,
                              ds_arena_printf(s->ld->arena, "%s:%d: %s", s->path, item->line,
                                              item->path[item->path_n - 1]),
                              item->text);
}

/* The table stands for itself: TLS, unless it says otherwise. */
static void take_tls(const source *s, const ds_toml_item *item, ds_temporal_layer *out)
{
    bool off = is_named(item, 3, "disabled") && item->path_n == 4;

    if (off && item->kind != DS_TOML_TRUTH) {
        wrong_type(s, item, "true or false");
        return;
    }
    off = off && !strcmp(item->text, "true");
    if (off || !out->of[DS_T_TLS])
        out->of[DS_T_TLS] = ds_temporal_member(
            s->ld, ds_arena_printf(s->ld->arena, "%s: tls", s->path), off ? "false" : "true");
}

static const struct place *place_of(const ds_toml_item *item)
{
    for (size_t i = 0; i < DS_COUNT(places); i++) {
        const struct place *p = &places[i];

        if (p->name && !p->table && item->path_n == 3 && is_named(item, 2, p->name))
            return p;
        if (p->name && p->table && item->path_n == 4 && is_named(item, 2, p->table) &&
            is_named(item, 3, p->name))
            return p;
    }
    return NULL;
}

/* profile.NAME.address, profile.NAME.tls.server_name, profile.NAME.grpc_meta.x: others are for
 * other tools. */
static void take_item(const source *s, const ds_toml_item *item, ds_temporal_layer *out)
{
    const struct place *p = place_of(item);
    bool truth = p && p->setting == DS_T_NO_VERIFY;

    if (is_named(item, 2, "tls"))
        take_tls(s, item, out);
    if (is_named(item, 2, "grpc_meta") && item->path_n == 4) {
        if (item->kind == DS_TOML_TEXT)
            ds_temporal_add_header(s->ld, out, item->path[3], member_of(s, item));
        else
            wrong_type(s, item, "text in quotes");
    }
    if (!p)
        return;
    if (item->kind != (truth ? DS_TOML_TRUTH : DS_TOML_TEXT))
        wrong_type(s, item, truth ? "true or false" : "text in quotes");
    else if (*item->text)
        out->of[p->setting] = member_of(s, item);
}

/* What was meant, or else what can be done. */
static const char *other_than(const source *s, const char *const *names, size_t names_n)
{
    const char *near = ds_guess(s->ld, s->profile, names, names_n);

    if (*near)
        return near;
    return ds_arena_printf(s->ld->arena,
                           ": write [profile.%s] there, or name another one in `profile` or "
                           "$TEMPORAL_PROFILE",
                           s->profile);
}

static void take_profile(const source *s, const ds_toml *doc, ds_temporal_layer *out)
{
    const char *names[50];
    size_t names_n = 0;
    bool found = false;

    for (size_t i = 0; i < doc->n; i++) {
        const ds_toml_item *item = &doc->items[i];

        if (!is_named(item, 0, "profile") || item->path_n < 2)
            continue;
        if (names_n < DS_COUNT(names))
            names[names_n++] = item->path[1];
        if (strcmp(item->path[1], s->profile) != 0)
            continue;
        found = true;
        take_item(s, item, out);
    }
    if (!found && s->named)
        ds_issue(s->ld->issues, s->at, "%s: there is no profile \"%s\"%s", s->path, s->profile,
                 other_than(s, names, names_n));
}

void ds_temporal_profile(ds_load *ld, ds_at at, const char *file, const char *profile,
                         ds_temporal_layer *out)
{
    DS_AUTO_BUF(text, DS_TOML_BYTES_MAX + 1);
    DS_AUTO(ds_arena) a = ds_arena_new();
    source s = {.ld = ld, .at = at, .path = file, .profile = profile ? profile : "default"};
    ds_toml doc = {0};
    ds_err err = DS_ERR_INIT;

    s.path = file ? file : usual_file(ld->arena);
    s.named = profile && strcmp(profile, "default") != 0;
    if (!s.path || !read_file(&s, file || s.named, &text))
        return;
    if (!ds_toml_read(text.n ? text.data : "", text.n, a, &doc, &err))
        ds_issue(ld->issues, at, "%s: %s", s.path, err.text);
    else
        take_profile(&s, &doc, out);
    ds_toml_wipe(&doc);
    if (text.data)
        explicit_bzero(text.data, text.cap);
}
