/* src/app/entry.c
 *
 * A main() as two functions: of durable-sync itself, and of a program built around two connectors
 * of one's own.  --version and -h end here, before anything is opened.
 */
#include "app/app.h"
#include "app/commands.h"
#include "app/out.h"
#include "app/recall.h"
#include "app/registry.h"
#include "base/log.h"
#include <durable_sync/durable_sync.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define WORDS_MAX (256 * DS_KIB) /* of a command line read from the system */

const char *ds_version(void)
{
    return DS_VERSION;
}

static const char *base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    if (!path || !*path)
        return "durable-sync";
    return slash && slash[1] ? slash + 1 : path;
}

static void set_up_output(ds_app *app)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    const char *format = ds_args_flag(app->args, "log-format");
    bool dumb = !term || strcmp(term, "dumb") == 0;
    bool daemon = app->args->command && strcmp(app->args->command->name, "run") == 0;
    ds_level level = daemon ? DS_LOG_INFO : DS_LOG_WARN;

    app->json = ds_args_flag(app->args, "json") != NULL;
    app->quiet = ds_args_flag(app->args, "quiet") != NULL;
    app->verbose = ds_args_flag(app->args, "verbose") != NULL;
    app->color = !ds_args_flag(app->args, "no-color") && !(no_color && *no_color) && !dumb &&
                 isatty(STDOUT_FILENO) == 1;
    app->progress = !app->quiet && !dumb && isatty(STDERR_FILENO) == 1;
    if (app->verbose)
        level = DS_LOG_DEBUG;
    if (app->quiet)
        level = DS_LOG_ERROR;
    ds_log_setup(level, format && strcmp(format, "json") == 0, STDERR_FILENO);
}

static int print_version(const ds_app *app)
{
    if (app->json)
        printf("{\"version\":\"%s\"}\n", ds_version());
    else
        printf("%s %s\n", app->program, ds_version());
    return DS_EXIT_DONE;
}

static int print_usage(const ds_app *app, FILE *to)
{
    DS_AUTO_BUF(text, DS_MIB);

    ds_help_all(&text, app->program, ds_commands);
    fputs(text.data, to);
    return to == stdout ? DS_EXIT_DONE : DS_EXIT_USAGE;
}

int ds_cmd_help(ds_app *app)
{
    const char *word = app->args->words_n ? app->args->words[0] : NULL;
    DS_AUTO_BUF(text, DS_MIB);

    if (!word)
        return print_usage(app, stdout);
    for (const ds_command *c = ds_commands; c->name; c++) {
        if (strcmp(c->name, word) != 0)
            continue;
        ds_help_command(&text, app->program, c);
        fputs(text.data, stdout);
        return DS_EXIT_DONE;
    }
    return ds_app_refuse(app, "no command is named \"%.60s\"; -h lists them all", word);
}

static int command_help(const ds_app *app)
{
    DS_AUTO_BUF(text, DS_MIB);

    ds_help_command(&text, app->program, app->args->command);
    fputs(text.data, stdout);
    return DS_EXIT_DONE;
}

static int dispatch(ds_app *app)
{
    const ds_command *command = app->args->command;

    if (ds_args_flag(app->args, "version"))
        return print_version(app);
    if (!command && ds_args_flag(app->args, "help"))
        return print_usage(app, stdout);
    if (!command)
        return print_usage(app, stderr);
    if (ds_args_flag(app->args, "help"))
        return command_help(app);
    if (!command->run)
        return ds_app_refuse(app, "%s is not in this build", command->name);
    return command->run(app);
}

/* A result that could not be printed is no result. */
static int flush_output(const ds_app *app, int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno != EPIPE)
        ds_app_refuse(app, "cannot write to the standard output: %s", strerror(errno));
    return code ? code : DS_EXIT_USAGE;
}

/* Who started us may have closed these. The store's lock or a table would get their number, and our
 * words with it: they stay as if closed, and are nobody else's. */
static void keep_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Secrets are in every command's memory: no file gets it when it dies, no debugger while it lives.
 * What it starts inherits the first of the two. */
static void hide_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they look into themselves   \
                                                                     */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
}

static int run_main(int argc, char **argv, const ds_source_ops *source,
                    const ds_destination_ops *destination)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_args args;
    ds_app app = {
        .program = base_name(argc > 0 ? argv[0] : NULL),
        .arena = a,
        .args = &args,
        .own_source = source,
        .own_destination = destination,
        .clock = ds_clock_system(),
    };
    ds_err err = DS_ERR_INIT;

    keep_streams();
    hide_memory();
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write, not our death */
    signal(SIGXFSZ, SIG_IGN); /* nor is a file that may not grow */
    signal(SIGCHLD, SIG_DFL); /* who started us may ignore it: how a child ends would be lost */
    if (!ds_args_parse(argc, argv, ds_commands, a, &args, &err))
        return ds_app_fail(&app, &err);
    set_up_output(&app);
    app.loader = ds_loader_new(a);
    app.connectors = ds_registry(a, app.loader, source, destination);

    int code = flush_output(&app, dispatch(&app));

    ds_app_memory_close(&app);
    ds_config_free(app.config);
    return code;
}

int ds_main(int argc, char **argv)
{
    return run_main(argc, argv, NULL, NULL);
}

/* The words this process was started with, for a main() that was not given them. */
static char **own_words(ds_arena *a, int *argc)
{
    size_t n = 0;
    char *text = ds_arena_zalloc(a, WORDS_MAX + 1);
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

    while (fd >= 0 && n < WORDS_MAX) {
        ssize_t got = read(fd, text + n, WORDS_MAX - n);

        if (got <= 0)
            break;
        n += (size_t)got;
    }
    if (fd >= 0)
        close(fd);

    size_t words = 0;
    char **argv = ds_arena_zalloc(a, (n + 2) * sizeof *argv);

    for (char *at = text; at < text + n; at += strlen(at) + 1)
        argv[words++] = at;
    *argc = (int)words;
    return argv;
}

int ds_main_route(const ds_source_ops *source, const ds_destination_ops *destination, char **argv)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    int argc = 0;

    if (!argv)
        argv = own_words(a, &argc);
    else
        while (argv[argc])
            argc++;
    return run_main(argc, argv, source, destination);
}
