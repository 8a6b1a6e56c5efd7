/* src/notice/command.c - a notice as the standard input of a program. */
#include "base/child.h"
#include "notice/notice.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX (4 * DS_KIB)
#define GRACE_MS (2 * DS_SECOND_MS) /* once we are to stop */

typedef struct by_command {
    ds_notice_channel base; /* first */
    char **argv, **env;
    const char *dir;
} by_command;

/* Its last line, as far as it is text: what a program says before it fails. */
static const char *last_words(ds_arena *a, const ds_buf *out)
{
    size_t n = out->n, from;
    char *line;

    while (n && strchr("\r\n \t", out->data[n - 1]))
        n--;
    for (from = n; from && out->data[from - 1] != '\n' && n - from < 200;)
        from--;
    line = ds_arena_strndup(a, n ? out->data + from : "", n - from);
    for (char *at = line; *at; at++)
        *at = *at < ' ' || *at > '~' ? '?' : *at;
    return line;
}

static bool run(ds_notice_channel *self, const char *text, const char *id, const atomic_bool *stop,
                ds_err *err)
{
    const by_command *by = (const by_command *)self;
    DS_AUTO(ds_arena) a = ds_arena_new();
    DS_AUTO_BUF(out, OUTPUT_MAX);
    const ds_child child = {
        .file = by->argv[0],
        .argv = by->argv,
        .env = by->env,
        .dir = by->dir,
        .input = ds_arena_printf(a, "%s\n", text),
        .errors_too = true,
        .limit_ms = DS_NOTICE_LIMIT_MS,
        .discard = true,
        .stop = stop,
        .grace_ms = GRACE_MS,
    };
    const char *words;

    (void)id; /* it is in the text */
    if (ds_child_run(&child, &out, err))
        return true;
    words = last_words(a, &out);
    if (err->kind != DS_ERR_CANCELLED && *words)
        ds_fail(err, err->kind, "%s: %s", ds_arena_strdup(a, err->text), words);
    return false;
}

static char **environment(ds_arena *a)
{
    static const char *const kept[] = {"PATH", "HOME", "USER", "LOGNAME"};
    char **env = ds_arena_zalloc(a, (DS_COUNT(kept) + 2) * sizeof(*env));
    size_t n = 0;

    env[n++] = ds_arena_strdup(a, "LANG=C.UTF-8");
    for (size_t i = 0; i < DS_COUNT(kept); i++) {
        const char *value = getenv(kept[i]);

        if (value)
            env[n++] = ds_arena_printf(a, "%s=%s", kept[i], value);
    }
    return env;
}

ds_notice_channel *ds_notice_by_command(const char *const *argv, const char *dir, ds_arena *a)
{
    by_command *by = ds_new_in(a, by_command);
    size_t n = 0;

    while (argv[n])
        n++;
    by->base = (ds_notice_channel){.name = "command", .send = run};
    by->argv = ds_arena_zalloc(a, (n + 1) * sizeof(*by->argv));
    for (size_t i = 0; i < n; i++)
        by->argv[i] = ds_arena_strdup(a, argv[i]);
    by->env = environment(a);
    by->dir = dir;
    return &by->base;
}
