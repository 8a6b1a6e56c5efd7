/* src/app/cmd_init.c
 *
 * A first configuration: from a template, or from a few answers on a terminal.  What is there is
 * never overwritten.
 */
#include "app/commands.h"
#include "app/out.h"
#include "app/templates.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_USUAL "durable-sync.yaml"
#define ANSWER_MAX 512

static const ds_template *template_named(const char *name)
{
    for (const ds_template *t = ds_templates; t->name; t++)
        if (strcmp(t->name, name) == 0)
            return t;
    return NULL;
}

static int unknown_template(const ds_app *app, const char *name)
{
    DS_AUTO_BUF(all, DS_KIB);
    const char *names[16];
    size_t n = 0;

    for (const ds_template *t = ds_templates; t->name && n < DS_COUNT(names); t++)
        names[n++] = t->name;

    const char *near = ds_nearest(name, names, n);

    if (near)
        return ds_app_refuse(app, "no template is named \"%.60s\"; did you mean \"%s\"?", name,
                             near);
    for (size_t i = 0; i < n; i++)
        ds_buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
    return ds_app_refuse(app, "no template is named \"%.60s\"; there are %s", name, all.data);
}

/* Writes a new file and puts it on the disk; EEXIST where there is one. */
static int write_new(const char *path, mode_t mode, const char *text, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0)
        return errno;
    for (size_t done = 0; done < n;) {
        ssize_t put = write(fd, text + done, n - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            int problem = errno;

            close(fd);
            unlink(path);
            return problem;
        }
        done += (size_t)put;
    }

    int problem = fsync(fd) != 0 ? errno : 0;

    close(fd);
    return problem;
}

/* ---- questions ------------------------------------------------------------------------------- */

/* An answer, or what is usual where there is none; NULL: the input ended. */
static const char *ask(const ds_app *app, const char *question, const char *usual)
{
    char line[ANSWER_MAX];

    fprintf(stderr, "%s [%s] ", question, usual);
    fflush(stderr);
    if (!fgets(line, sizeof line, stdin)) {
        fputc('\n', stderr);
        return NULL;
    }
    if (!strchr(line, '\n')) /* the rest of a line too long */
        for (int c = getchar(); c != EOF && c != '\n';)
            c = getchar();

    size_t from = strspn(line, " \t");
    size_t n = strcspn(line + from, "\r\n");

    while (n && (line[from + n - 1] == ' ' || line[from + n - 1] == '\t'))
        n--;
    return n ? ds_arena_strndup(app->arena, line + from, n) : usual;
}

/* An answer as a YAML scalar: always quoted, "$" doubled so that it names no variable. */
static const char *quoted(const ds_app *app, const char *text)
{
    DS_AUTO_BUF(doubled, 4 * ANSWER_MAX);
    DS_AUTO_BUF(out, 16 * ANSWER_MAX);
    ds_json_writer w = ds_json_w(&out, false);

    for (; *text; text++) {
        ds_buf_char(&doubled, *text);
        if (*text == '$')
            ds_buf_char(&doubled, '$');
    }
    ds_json_w_text(&w, doubled.data ? doubled.data : "");
    return ds_arena_strdup(app->arena, out.data);
}

static const ds_template *ask_template(const ds_app *app)
{
    ds_arena *a = app->arena;
    const char *path = ask(app, "File to read (.jsonl, .json or .csv)", "plants.jsonl");
    const char *key = path ? ask(app, "Property that tells its rows apart", "id") : NULL;
    const char *database = key ? ask(app, "SQLite database to write", "mirror.db") : NULL;
    const char *table = database ? ask(app, "Table in it", "plants") : NULL;

    if (!table)
        return NULL;

    const ds_template *usual = &ds_templates[0];
    ds_template *t = ds_new_in(a, ds_template);
    bool sample = strcmp(path, usual->sample) == 0 && strcmp(key, "id") == 0;

    *t = (ds_template){
        .name = "answers",
        .help = "a file, into a table",
        .route = "mirror",
        .source = ds_arena_printf(a, "      kind: file\n      path: %s\n      key: %s\n",
                                  quoted(app, path), quoted(app, key)),
        .destination = ds_arena_printf(
            a,
            "      kind: sqlite\n      path: %s\n      table: %s\n      key: %s\n"
            "      create_table: true       # make file and table where they do not exist\n",
            quoted(app, database), quoted(app, table), quoted(app, key)),
        .sample = sample ? usual->sample : NULL,
        .sample_text = sample ? usual->sample_text : NULL,
    };
    return t;
}

/* ---- the command ----------------------------------------------------------------------------- */

static const char *sample_path(const ds_app *app, const char *config, const ds_template *t)
{
    const char *slash = strrchr(config, '/');

    if (!slash)
        return t->sample;
    return ds_arena_printf(app->arena, "%.*s/%s", (int)(slash - config), config, t->sample);
}

static int write_all(const ds_app *app, const char *path, const ds_template *t)
{
    DS_AUTO_BUF(text, DS_MIB);

    ds_template_write(&text, t);

    int problem = write_new(path, 0600, text.data, text.n);

    if (problem == EEXIST)
        return ds_app_refuse(app, "%s is there already and is left as it is; -c names another file",
                             path);
    if (problem)
        return ds_app_refuse(app, "cannot write %s: %s", path, strerror(problem));
    if (app->json)
        puts("{\"done\":true}");
    else if (!app->quiet)
        printf("wrote %s: %s\n", path, t->help);
    if (!t->sample)
        return DS_EXIT_DONE;

    const char *sample = sample_path(app, path, t);

    problem = write_new(sample, 0644, t->sample_text, strlen(t->sample_text));
    if (problem && problem != EEXIST)
        return ds_app_refuse(app, "cannot write %s: %s", sample, strerror(problem));
    if (!problem && !app->quiet && !app->json)
        printf("wrote %s: three rows to try it with\n", sample);
    return DS_EXIT_DONE;
}

int ds_cmd_init(ds_app *app)
{
    const char *name = ds_args_flag(app->args, "template");
    const char *path = ds_args_flag(app->args, "config");
    bool terminal = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
    const ds_template *t = name ? template_named(name) : &ds_templates[0];

    if (!path)
        path = FILE_USUAL;
    if (!t)
        return unknown_template(app, name);
    if (access(path, F_OK) == 0)
        return ds_app_refuse(app, "%s is there already and is left as it is; -c names another file",
                             path);
    if (!name && terminal)
        t = ask_template(app);
    if (!t)
        return ds_app_refuse(app, "nothing was written");

    int code = write_all(app, path, t);

    if (code == DS_EXIT_DONE && !app->quiet && !app->json)
        printf("next: %s check, %s plan, %s once\n", app->program, app->program, app->program);
    return code;
}
