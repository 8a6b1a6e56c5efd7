/* src/config/reference.c
 *
 * ${NAME}, ${NAME:-default}, ${file:PATH}, ${credential:NAME} and ${command:...} in scalars, filled
 * in after YAML was read, so that no value can change the shape of the file.  `$$` is a dollar
 * sign. What a reference stands for may be a secret: it is never part of a message.
 */
#include "base/text.h"
#include "config/load.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef bool from_fn(ds_load *ld, const char *what, ds_buf *out, ds_err *err);

static bool read_small_file(const char *path, ds_buf *out, ds_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char block[4096];
    struct stat st;
    ssize_t got = 0;

    if (fd < 0)
        return ds_fail(err, DS_ERR_CONFIG, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return ds_fail(err, DS_ERR_CONFIG, "%s: not a plain file", path);
    }
    while (!out->overflow && (got = read(fd, block, sizeof(block))) > 0)
        ds_buf_add(out, block, (size_t)got);
    if (got < 0)
        ds_fail(err, DS_ERR_CONFIG, "%s: %s", path, strerror(errno));
    explicit_bzero(block, sizeof(block));
    close(fd);
    return got >= 0;
}

static bool from_file(ds_load *ld, const char *path, ds_buf *out, ds_err *err)
{
    if (!*path)
        return ds_fail(err, DS_ERR_CONFIG, "no file is named; write ${file:PATH}");
    return read_small_file(ds_path_absolute(ld->arena, ld->dir, path), out, err);
}

/* The service's own, where root types a command beside it. */
#define OF_SERVICE "/run/credentials/durable-sync.service"

static const char *credentials_dir(void)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");

    if (dir && *dir)
        return dir;
    return access(OF_SERVICE, X_OK) == 0 ? OF_SERVICE : NULL;
}

static bool from_credential(ds_load *ld, const char *name, ds_buf *out, ds_err *err)
{
    const char *dir = credentials_dir();

    if (!*name || strchr(name, '/') || !strcmp(name, ".."))
        return ds_fail(err, DS_ERR_CONFIG, "a credential is a name without a slash");
    if (!dir)
        return ds_fail(
            err, DS_ERR_CONFIG,
            "CREDENTIALS_DIRECTORY is not set; systemd sets it for LoadCredential=%s:PATH", name);
    return read_small_file(ds_arena_printf(ld->arena, "%s/%s", dir, name), out, err);
}

static bool from_command(ds_load *ld, const char *command, ds_buf *out, ds_err *err)
{
    return ds_command_read(command, ld->dir, DS_COMMAND_LIMIT_MS, out, err);
}

/* Commands and files end in a line break that is no part of the value. */
static void strip_line_breaks(ds_buf *b)
{
    while (b->n && (b->data[b->n - 1] == '\n' || b->data[b->n - 1] == '\r'))
        b->n--;
}

static bool fetch(ds_load *ld, from_fn *from, const char *what, ds_buf *out, ds_err *err)
{
    DS_AUTO_BUF(got, DS_REFERENCE_BYTES_MAX);
    bool ok = from(ld, what, &got, err);

    if (ok && got.overflow)
        ok = ds_fail(err, DS_ERR_CONFIG, "gives more than 64 KiB");
    strip_line_breaks(&got);
    if (ok && got.n && (!ds_utf8_ok(got.data, got.n) || memchr(got.data, '\0', got.n)))
        ok = ds_fail(err, DS_ERR_CONFIG, "gives bytes that are not UTF-8 text");
    if (ok && got.n)
        ds_buf_add(out, got.data, got.n);
    if (got.data)
        explicit_bzero(got.data, got.cap);
    return ok;
}

const ds_reference_form ds_reference_forms[] = {
    {"${NAME}", "the environment variable `NAME`; an error where it is not set"},
    {"${NAME:-other}", "the same, or `other` where it is not set or empty"},
    {"${file:PATH}", "what a file holds, without the line end"},
    {"${credential:NAME}", "a credential that systemd hands over (`LoadCredential=NAME:PATH`)"},
    {"${command:...}", "what a shell command prints, within 10 seconds"},
    {"$$", "a dollar sign"},
    {NULL, NULL},
};

static size_t variable_length(const char *body)
{
    size_t n = 0;

    while (isalnum((unsigned char)body[n]) || body[n] == '_')
        n++;
    return isdigit((unsigned char)body[0]) ? 0 : n;
}

/* `body` is NAME or NAME:-default. */
static bool from_environment(ds_load *ld, ds_node *node, const char *body, ds_buf *out, ds_err *err)
{
    size_t n = variable_length(body);
    const char *name = ds_arena_strndup(ld->arena, body, n), *value = getenv(name);
    const char *other = body[n] ? body + n + 2 : NULL;

    if (value && (*value || !other)) {
        if (!ds_utf8_ok(value, strlen(value)))
            return ds_fail(err, DS_ERR_CONFIG, "the environment variable %s is not UTF-8 text",
                           name);
        node->from_away = true;
        ds_buf_text(out, value);
        return true;
    }
    if (!other)
        return ds_fail(err, DS_ERR_CONFIG,
                       "the environment variable %s is not set; set it, or write ${%s:-DEFAULT}",
                       name, name);
    if (strstr(other, "${"))
        return ds_fail(err, DS_ERR_CONFIG, "a default cannot hold a reference");
    ds_buf_text(out, other);
    return true;
}

static const struct {
    const char *prefix;
    from_fn *from;
} sources[] = {
    {"file:", from_file},
    {"credential:", from_credential},
    {"command:", from_command},
};

static bool fill_one(ds_load *ld, ds_node *node, const char *body, ds_buf *out, ds_err *err)
{
    size_t n = variable_length(body);

    if (node->keeps && !strcmp(body, node->keeps)) {
        ds_buf_printf(out, "${%s}", body);
        return true;
    }
    if (n && (!body[n] || !strncmp(body + n, ":-", 2)))
        return from_environment(ld, node, body, out, err);
    for (size_t i = 0; i < DS_COUNT(sources); i++) {
        size_t len = strlen(sources[i].prefix);

        if (strncmp(body, sources[i].prefix, len) != 0)
            continue;
        node->from_away = true;
        return fetch(ld, sources[i].from, body + len, out, err);
    }
    return ds_fail(err, DS_ERR_CONFIG,
                   "a reference is ${NAME}, ${NAME:-DEFAULT}, ${file:PATH}, ${credential:NAME} or "
                   "${command:...}; a dollar sign is $$");
}

/* The brace that closes the one before `text`; a command may hold pairs of its own. */
static const char *closing_brace(const char *text)
{
    int open = 1;

    for (; *text; text++) {
        open += *text == '{';
        open -= *text == '}';
        if (!open)
            return text;
    }
    return NULL;
}

/* A message names a reference; defaults and commands may hold what nobody should see. */
static const char *name_of(ds_load *ld, const char *body)
{
    size_t n = variable_length(body);

    if (!strncmp(body, "command:", 8))
        return "${command:...}";
    if (!n || (body[n] && strncmp(body + n, ":-", 2) != 0))
        n = DS_MIN(strcspn(body, "\n"), (size_t)60);
    return ds_arena_printf(ld->arena, "${%.*s}", (int)n, body);
}

/* What came from elsewhere, the last of `out`, stays out of messages, whatever becomes of it. */
static void mask(ds_load *ld, const char *body, const ds_buf *out, size_t from)
{
    if (out->n > from)
        ds_issues_mask(ld->issues, ds_secret_reveal(ds_load_keep_secret(ld, out->data + from)),
                       name_of(ld, body));
}

static bool fill_reference(ds_load *ld, ds_node *node, const char *body, ds_buf *out)
{
    size_t from = out->n;
    bool away = node->from_away;
    ds_err err = DS_ERR_INIT;

    node->from_away = false;
    if (!fill_one(ld, node, body, out, &err))
        return ds_issue(ld->issues, node->at, "%s: %s", name_of(ld, body), err.text);
    if (node->from_away)
        mask(ld, body, out, from);
    node->from_away = node->from_away || away;
    return true;
}

static bool fill(ds_load *ld, ds_node *node, ds_buf *out)
{
    for (const char *at = node->raw; *at; at++) {
        const char *close = at[0] == '$' && at[1] == '{' ? closing_brace(at + 2) : NULL;

        if (at[0] != '$' || (at[1] != '{' && at[1] != '$')) {
            ds_buf_char(out, *at);
            continue;
        }
        if (at[1] == '$') {
            ds_buf_char(out, *at++);
            continue;
        }
        if (!close)
            return ds_issue(ld->issues, node->at,
                            "\"${\" is not closed by \"}\"; a dollar sign is $$");
        if (!fill_reference(ld, node, ds_arena_strndup(ld->arena, at + 2, (size_t)(close - at - 2)),
                            out))
            return false;
        at = close;
    }
    return true;
}

const char *ds_node_text(ds_load *ld, ds_node *node)
{
    DS_AUTO_BUF(out, 2 * DS_TREE_BYTES_MAX);

    if (node->bad || node->text)
        return node->text;
    if (!strchr(node->raw, '$'))
        return node->text = node->raw;
    node->bad = !fill(ld, node, &out);
    if (out.overflow && !node->bad) {
        node->bad = true;
        ds_issue(ld->issues, node->at, "longer than 2 MiB once its references are filled in");
    }
    if (!node->bad)
        node->text = ds_arena_strndup(ld->arena, out.n ? out.data : "", out.n);
    if (out.data)
        explicit_bzero(out.data, out.cap);
    return node->text;
}

/* ---- later ----------------------------------------------------------------------------------- */

/* The body of the next reference of a text whose references are good; NULL: there is none. */
static const char *next_reference(const char *at)
{
    for (at = strchr(at, '$'); at && at[1] != '{'; at = strchr(at, '$'))
        at += at[1] == '$' ? 2 : 1;
    return at ? at + 2 : NULL;
}

/* Its variables are wiped once the configuration is read: one of them was only there then. */
static bool has_variable(const char *raw)
{
    for (const char *body = next_reference(raw); body; body = next_reference(body)) {
        size_t n = variable_length(body);

        if (body[n] == '}' || strncmp(body + n, ":-", 2) == 0)
            return true;
        body = closing_brace(body);
        assert(body);
    }
    return false;
}

bool ds_reference_may_change(const char *raw)
{
    bool begins = strncmp(raw, "${file:", 7) == 0 || strncmp(raw, "${credential:", 13) == 0 ||
                  strncmp(raw, "${command:", 10) == 0;

    return begins && !has_variable(raw);
}

ds_secret *ds_config_secret(const char *raw, const char *dir, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new_hidden();
    DS_AUTO_BUF(why, DS_TREE_BYTES_MAX);
    struct ds_secrets seen = {0}; /* masked in what is told */
    ds_load ld = {
        .arena = a, .issues = ds_issues_new(a, NULL, NULL, 0), .dir = dir, .secrets = &seen};
    ds_node node = {.kind = DS_NODE_SCALAR, .raw = ds_arena_strdup(a, raw), .n = strlen(raw)};
    const char *text = ds_node_text(&ld, &node);
    ds_secret *secret = text && *text ? ds_secret_new(text, strlen(text)) : NULL;

    if (!text) {
        ds_issues_write(ld.issues, &why);
        ds_fail(err, DS_ERR_CONFIG, "%.*s", (int)strcspn(why.data, "\n"), why.data);
    } else if (!secret) {
        ds_fail(err, DS_ERR_CONFIG, "it is empty");
    }
    for (size_t i = 0; i < seen.n; i++)
        ds_secret_free(seen.items[i]);
    return secret;
}

ds_secret *ds_reference_now(const char *raw, const char *dir)
{
    ds_err unheard = DS_ERR_INIT; /* the one that is known will do */

    return ds_config_secret(raw, dir, &unheard);
}
