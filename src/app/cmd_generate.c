/* src/app/cmd_generate.c
 *
 * `_generate FOLDER`: writes every page that is made from the tables, below that folder.  Hidden:
 * for `make docs` and its test.
 */
#include "app/commands.h"
#include "app/kinds.h"
#include "app/manual.h"
#include "config/tables.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define COMMANDS_MAX 64
#define PAGE_MAX (8 * DS_MIB)
#define PROGRAM "durable-sync"

static const char made[] = "Made from the program's tables by `make docs`.";

typedef struct maker {
    const ds_app *app;
    const char *folder;
    ds_err *err;
} maker;

/* ---- files ----------------------------------------------------------------------------------- */

static bool make_folders(char *path, ds_err *err)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return ds_fail(err, DS_ERR_CONFIG, "cannot make %s: %s", path, strerror(errno));
        *slash = '/';
    }
    return true;
}

static bool put_file(maker *m, const char *name, const ds_buf *text)
{
    char *path = ds_arena_printf(m->app->arena, "%s/%s", m->folder, name);
    FILE *file;
    bool ok;

    if (!ds_buf_ok(text, name, m->err) || !make_folders(path, m->err))
        return false;
    file = fopen(path, "we");
    ok = file && fwrite(text->data, 1, text->n, file) == text->n;
    if (file && fclose(file) != 0)
        ok = false;
    if (!ok)
        return ds_fail(m->err, DS_ERR_CONFIG, "cannot write %s: %s", path, strerror(errno));
    if (!m->app->quiet)
        puts(name);
    return true;
}

/* ---- Markdown -------------------------------------------------------------------------------- */

static ds_sheet sheet(maker *m, ds_buf *out, bool man)
{
    return (ds_sheet){.out = out, .a = m->app->arena, .man = man};
}

static void put_configuration(ds_sheet *s)
{
    ds_sheet_title(s, "The configuration file", NULL, made);
    ds_manual_example(s);
    ds_manual_file(s);
    ds_buf_text(s->out, "\nA route's keys are in [routes.md](routes.md), a connector's settings in "
                        "its page: [README.md](README.md).\n");
}

static void put_routes(ds_sheet *s)
{
    ds_sheet_title(s, "Routes", NULL, made);
    ds_manual_routes(s);
}

static void put_commands(ds_sheet *s)
{
    ds_sheet_title(s, "Commands", NULL, made);
    ds_manual_commands(s);
}

static const struct {
    const char *name;
    void (*put)(ds_sheet *s);
} pages[] = {
    {"docs/reference/configuration.md", put_configuration},
    {"docs/reference/routes.md", put_routes},
    {"docs/reference/commands.md", put_commands},
};

static bool make_pages(maker *m)
{
    for (size_t i = 0; i < DS_COUNT(pages); i++) {
        DS_AUTO_BUF(text, PAGE_MAX);
        ds_sheet s = sheet(m, &text, false);

        pages[i].put(&s);
        if (!put_file(m, pages[i].name, &text))
            return false;
    }
    return true;
}

/* The first side of a kind that has not been seen before. */
static bool is_first(const ds_kind_side *sides, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (!strcmp(sides[k].kind, sides[i].kind))
            return false;
    return true;
}

/* The front page: what there is. */
static bool make_index(maker *m)
{
    DS_AUTO_BUF(text, PAGE_MAX);
    ds_sheet s = sheet(m, &text, false);
    ds_kind_side *sides;
    size_t n = ds_kind_sides(m->app->connectors, NULL, m->app->arena, &sides);

    ds_sheet_title(&s, "Reference", NULL, made);
    ds_buf_text(&text, "\n- [The configuration file](configuration.md), and its JSON Schema for "
                       "editors, [" PROGRAM ".schema.json](" PROGRAM ".schema.json)\n"
                       "- [Routes](routes.md): what an entry of `routes` may say\n"
                       "- [Commands](commands.md): options, exit codes, environment, files\n");
    for (size_t i = 0; i < n; i++)
        if (is_first(sides, i))
            ds_buf_printf(&text, "- [`%s`](connector-%s.md): %s\n", sides[i].kind, sides[i].kind,
                          sides[i].help);
    return put_file(m, "docs/reference/README.md", &text);
}

static bool make_kinds(maker *m)
{
    ds_arena *a = m->app->arena;
    ds_kind_side *sides;
    size_t n = ds_kind_sides(m->app->connectors, NULL, a, &sides);

    for (size_t i = 0; i < n; i++) {
        DS_AUTO_BUF(text, PAGE_MAX);
        ds_sheet s = sheet(m, &text, false);

        if (!is_first(sides, i))
            continue;
        ds_sheet_title(&s, sides[i].kind, NULL, made);
        ds_manual_kind(&s, m->app->connectors, sides[i].kind);
        if (!put_file(m, ds_arena_printf(a, "docs/reference/connector-%s.md", sides[i].kind),
                      &text))
            return false;
    }
    return true;
}

/* ---- manual pages ---------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const ds_command *const *)a)->name, (*(const ds_command *const *)b)->name);
}

/* In the order of the alphabet, as manuals have it. */
static void put_see_also(ds_sheet *s, bool all, bool file)
{
    const ds_command *sorted[COMMANDS_MAX];
    size_t n = 0;

    for (const ds_command *c = ds_commands; all && c->name && n < COMMANDS_MAX; c++)
        if (c->run && !ds_command_is_hidden(c))
            sorted[n++] = c;
    if (n)
        qsort(sorted, n, sizeof(*sorted), by_name);
    ds_sheet_head(s, "See also");
    if (!all)
        ds_buf_printf(s->out, ".Xr " PROGRAM " 1%s\n", file ? " ," : "");
    for (size_t i = 0; i < n; i++)
        ds_buf_printf(s->out, ".Xr " PROGRAM "-%s 1 ,\n", sorted[i]->name);
    if (file)
        ds_buf_text(s->out, ".Xr " PROGRAM ".yaml 5\n");
}

static bool make_main_manual(maker *m)
{
    DS_AUTO_BUF(text, PAGE_MAX);
    ds_sheet s = sheet(m, &text, true);

    ds_sheet_title(&s, PROGRAM, "1", "keeps records of one tool mirrored in another");
    ds_buf_text(s.out, ".Sh SYNOPSIS\n.Nm\n.Op options\n.Ar command\n.Op Ar argument ...\n");
    ds_sheet_head(&s, "Description");
    ds_sheet_text(&s, "Reads records from a source and keeps them mirrored in a destination, each "
                      "row exactly once. What is synced is described by routes in a configuration "
                      "file.\n\nUnchanged records are recognised by a hash and cost the "
                      "destination nothing. A pass that is interrupted goes on from its last "
                      "checkpoint. A record that cannot be written is set aside with its reason.");
    ds_manual_commands(&s);
    ds_manual_example(&s);
    put_see_also(&s, true, true);
    return put_file(m, "docs/man/man1/" PROGRAM ".1", &text);
}

static bool make_command_manuals(maker *m)
{
    ds_arena *a = m->app->arena;

    for (const ds_command *c = ds_commands; c->name; c++) {
        DS_AUTO_BUF(text, PAGE_MAX);
        ds_sheet s = sheet(m, &text, true);

        if (!c->run || ds_command_is_hidden(c))
            continue;
        ds_sheet_title(&s, ds_arena_printf(a, PROGRAM "-%s", c->name), "1", c->help);
        ds_manual_command(&s, c);
        put_see_also(&s, false, true);
        if (!put_file(m, ds_arena_printf(a, "docs/man/man1/" PROGRAM "-%s.1", c->name), &text))
            return false;
    }
    return true;
}

static bool make_file_manual(maker *m)
{
    DS_AUTO_BUF(text, PAGE_MAX);
    ds_sheet s = sheet(m, &text, true);
    ds_kind_side *sides;
    size_t n = ds_kind_sides(m->app->connectors, NULL, m->app->arena, &sides);

    ds_sheet_title(&s, PROGRAM ".yaml", "5", "configuration of durable-sync");
    ds_sheet_head(&s, "Description");
    ds_sheet_text(&s, "One YAML file: the one named by `-c`, else by `$DURABLE_SYNC_CONFIG`, else "
                      "`./durable-sync.yaml`, else `/etc/durable-sync/durable-sync.yaml`. Relative "
                      "paths in it are relative to it. `durable-sync init` writes a commented one. "
                      "`durable-sync check` shows all that is wrong with it, each with its place.");
    ds_manual_example(&s);
    ds_manual_file(&s);
    ds_manual_routes(&s);
    ds_sheet_head(&s, "Connectors");
    for (size_t i = 0; i < n; i++)
        if (is_first(sides, i))
            ds_manual_kind(&s, m->app->connectors, sides[i].kind);
    ds_sheet_head(&s, "Editors");
    ds_sheet_text(&s, "`durable-sync schema config` prints a JSON Schema of this file. An editor "
                      "with a language server for YAML takes it from a first line:");
    ds_sheet_code(&s, "# yaml-language-server: $schema=durable-sync.schema.json\n");
    put_see_also(&s, false, false);
    return put_file(m, "docs/man/man5/" PROGRAM ".yaml.5", &text);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool make_completions(maker *m)
{
    static const struct {
        const char *shell, *name;
    } all[] = {
        {"bash", "packaging/completion/" PROGRAM ".bash"},
        {"zsh", "packaging/completion/_" PROGRAM},
        {"fish", "packaging/completion/" PROGRAM ".fish"},
    };

    for (size_t i = 0; i < DS_COUNT(all); i++) {
        DS_AUTO_BUF(text, PAGE_MAX);

        ds_completion_script(&text, PROGRAM, all[i].shell);
        if (!put_file(m, all[i].name, &text))
            return false;
    }
    return true;
}

static bool make_schema(maker *m)
{
    DS_AUTO_BUF(text, PAGE_MAX);
    ds_json_writer w = ds_json_w(&text, true);

    ds_config_schema(m->app->connectors, m->app->arena, &w);
    ds_buf_char(&text, '\n');
    return put_file(m, "docs/reference/" PROGRAM ".schema.json", &text);
}

int ds_cmd_generate(ds_app *app)
{
    ds_err err = DS_ERR_INIT;
    maker m = {.app = app, .folder = app->args->words[0], .err = &err};

    ds_app_load_all(app);
    if (make_pages(&m) && make_index(&m) && make_kinds(&m) && make_main_manual(&m) &&
        make_command_manuals(&m) && make_file_manual(&m) && make_completions(&m) && make_schema(&m))
        return DS_EXIT_DONE;
    return ds_app_fail(app, &err);
}
