/* src/app/args.c - reads the command line by the table of commands. */
#include "app/args.h"

#include "base/text.h"
#include <string.h>

#define COMMANDS_MAX 64

const ds_flag ds_global_flags[] = {
    {"config", 'c', "FILE", "else $DURABLE_SYNC_CONFIG, ./durable-sync.yaml, /etc/durable-sync/"},
    {"json", 0, NULL, "one JSON document on stdout"},
    {"quiet", 'q', NULL, "errors only"},
    {"verbose", 'v', NULL, "more of everything"},
    {"no-color", 0, NULL, "plain text (also: NO_COLOR)"},
    {"log-format", 0, "text|json", "form of the log lines on stderr"},
    {"version", 0, NULL, "print the version"},
    {"help", 'h', NULL, "this text; after a command: its own"},
    {NULL, 0, NULL, NULL},
};

typedef struct parser {
    int argc, at;
    char **argv;
    const ds_command *commands;
    ds_args *out;
    ds_err *err;
} parser;

static bool named(const ds_flag *flag, const char *name, size_t n, char letter)
{
    if (letter)
        return flag->letter == letter;
    return strlen(flag->name) == n && memcmp(flag->name, name, n) == 0;
}

/* Where the value of an option goes; NULL: there is no such option. */
static const char **place_of(const parser *p, const char *name, size_t n, char letter,
                             const ds_flag **flag)
{
    const ds_command *command = p->out->command;

    for (size_t i = 0; command && command->flags && command->flags[i].name; i++)
        if (named(*flag = &command->flags[i], name, n, letter))
            return &p->out->flags[i];
    for (size_t i = 0; ds_global_flags[i].name; i++)
        if (named(*flag = &ds_global_flags[i], name, n, letter))
            return &p->out->globals[i];
    return NULL;
}

static bool unknown_option(const parser *p, const char *arg)
{
    const char *names[2 * DS_FLAGS_MAX];
    const ds_command *command = p->out->command;
    char name[64];
    size_t n = 0;

    if (command && !command->run)
        return ds_fail(p->err, DS_ERR_CONFIG, "%s is not in this build", command->name);
    for (size_t i = 0; ds_global_flags[i].name; i++)
        names[n++] = ds_global_flags[i].name;
    for (size_t i = 0; command && command->flags && command->flags[i].name; i++)
        names[n++] = command->flags[i].name;

    size_t dashes = strncmp(arg, "--", 2) == 0 ? 2 : 1;
    size_t length = strcspn(arg + dashes, "=");

    if (length >= sizeof name)
        return ds_fail(p->err, DS_ERR_CONFIG, "unknown option \"%.60s...\"", arg);
    memcpy(name, arg + dashes, length);
    name[length] = '\0';

    const char *near = length > 1 ? ds_nearest(name, names, n) : NULL;

    if (near)
        return ds_fail(p->err, DS_ERR_CONFIG, "unknown option \"%s\"; did you mean \"--%s\"?", arg,
                       near);
    return ds_fail(p->err, DS_ERR_CONFIG,
                   "unknown option \"%s\" (a word that begins with \"-\" goes after \"--\")", arg);
}

static bool no_value(const parser *p, const ds_flag *flag)
{
    return ds_fail(p->err, DS_ERR_CONFIG, "--%s needs a value: %s", flag->name, flag->value);
}

static bool take_long(parser *p, const char *arg)
{
    const char *name = arg + 2;
    size_t n = strcspn(name, "=");
    const ds_flag *flag;
    const char **to = place_of(p, name, n, 0, &flag);

    if (!to)
        return unknown_option(p, arg);
    if (!flag->value) {
        if (name[n] == '=')
            return ds_fail(p->err, DS_ERR_CONFIG, "--%s takes no value", flag->name);
        *to = "";
        return true;
    }
    if (name[n] == '=')
        *to = name + n + 1;
    else if (p->at < p->argc)
        *to = p->argv[p->at++];
    else
        return no_value(p, flag);
    return true;
}

static bool take_short(parser *p, const char *arg)
{
    for (const char *letter = arg + 1; *letter; letter++) {
        const ds_flag *flag;
        const char **to = place_of(p, NULL, 0, *letter, &flag);

        if (!to)
            return unknown_option(p, arg);
        if (!flag->value) {
            *to = "";
            continue;
        }
        if (letter[1])
            *to = letter + 1;
        else if (p->at < p->argc)
            *to = p->argv[p->at++];
        else
            return no_value(p, flag);
        return true;
    }
    return true;
}

static bool take_command(parser *p, const char *word)
{
    const char *names[COMMANDS_MAX];
    size_t n = 0;

    for (const ds_command *c = p->commands; c->name; c++) {
        if (strcmp(c->name, word) == 0) {
            p->out->command = c;
            return true;
        }
        if (n < COMMANDS_MAX && c->name[0] != '_') /* those are not typed by hand */
            names[n++] = c->name;
    }

    const char *near = ds_nearest(word, names, n);

    if (near)
        return ds_fail(p->err, DS_ERR_CONFIG, "unknown command \"%.60s\"; did you mean \"%s\"?",
                       word, near);
    return ds_fail(p->err, DS_ERR_CONFIG, "unknown command \"%.60s\"; -h lists them all", word);
}

static bool take_word(parser *p, const char *word)
{
    if (!p->out->command)
        return take_command(p, word);
    p->out->words[p->out->words_n++] = word;
    return true;
}

static bool right_count(const ds_args *args, ds_err *err)
{
    const ds_command *c = args->command;
    int n = (int)args->words_n;

    if (ds_args_flag(args, "help") || !c->run)
        return true;
    if (n < c->words_min)
        return ds_fail(err, DS_ERR_CONFIG, "%s needs more: %s %s", c->name, c->name, c->usage);
    if (c->words_max >= 0 && n > c->words_max)
        return ds_fail(err, DS_ERR_CONFIG, "%s does not take \"%.60s\": %s%s%s", c->name,
                       args->words[c->words_max], c->name, *c->usage ? " " : "", c->usage);
    return true;
}

bool ds_args_parse(int argc, char **argv, const ds_command *commands, ds_arena *a, ds_args *out,
                   ds_err *err)
{
    parser p = {.argc = argc, .at = 1, .argv = argv, .commands = commands, .out = out, .err = err};
    bool words_only = false;

    *out = (ds_args){0};
    out->words = ds_arena_zalloc(a, sizeof *out->words * (size_t)(argc > 0 ? argc : 1));
    while (p.at < argc) {
        const char *arg = argv[p.at++];
        bool ok;

        if (!words_only && strcmp(arg, "--") == 0) {
            words_only = true;
            continue;
        }
        if (words_only || arg[0] != '-' || !arg[1])
            ok = take_word(&p, arg);
        else
            ok = arg[1] == '-' ? take_long(&p, arg) : take_short(&p, arg);
        if (!ok)
            return false;
    }

    const char *format = ds_args_flag(out, "log-format");

    if (format && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        return ds_fail(err, DS_ERR_CONFIG, "--log-format is text or json, not \"%.60s\"", format);
    return !out->command || right_count(out, err);
}

const char *ds_args_flag(const ds_args *args, const char *name)
{
    const ds_command *command = args->command;

    for (size_t i = 0; ds_global_flags[i].name; i++)
        if (strcmp(ds_global_flags[i].name, name) == 0)
            return args->globals[i];
    for (size_t i = 0; command && command->flags && command->flags[i].name; i++)
        if (strcmp(command->flags[i].name, name) == 0)
            return args->flags[i];
    return NULL;
}
