/* src/app/complete.c
 *
 * `_complete -- WORDS`: what could stand for the last word, one line each, its meaning behind a
 * tab; ":files" where a path could.  What a command takes is read from its usage, so a new command
 * completes without a line here.  Nothing is said about what is wrong: somebody is typing.
 */
#include "app/commands.h"
#include "app/kinds.h"
#include "app/manual.h"
#include "app/templates.h"
#include "config/tables.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE_MAX 512

typedef struct typing {
    ds_app *app;
    const ds_command *command; /* NULL: not yet named */
    const char **words;        /* that follow it */
    size_t words_n;
    const ds_flag *open;    /* an option whose value comes next */
    const char *config;     /* -c */
    bool words_only, lost;  /* "--" was there; a command that is none */
    const char *now;        /* what is being typed */
    const char *before_now; /* of the same word, already certain: "--shell=" */
} typing;

/* ---- candidates ------------------------------------------------------------------------------ */

static void offer_n(const typing *t, const char *name, size_t n, const char *help)
{
    size_t typed = strlen(t->now);

    if (typed > n || strncmp(name, t->now, typed) != 0)
        return;
    printf("%s%.*s%s%s\n", t->before_now, (int)n, name, help ? "\t" : "", help ? help : "");
}

static void offer(const typing *t, const char *name, const char *help)
{
    offer_n(t, name, strlen(name), help);
}

static void offer_commands(const typing *t)
{
    for (const ds_command *c = ds_commands; c->name; c++)
        if (c->run && !ds_command_is_hidden(c))
            offer(t, c->name, c->help);
}

/* Names that could not be a route's are no help, and might be anything. */
static void offer_routes(const typing *t)
{
    const char *path = ds_config_find(t->config, t->app->arena), *const * names;
    size_t n = path ? ds_config_route_names(path, t->app->arena, &names) : 0;

    for (size_t i = 0; i < n; i++)
        if (names[i][strspn(names[i], "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0')
            offer(t, names[i], "route");
}

/* By their files' names: nothing is loaded for a word that is being typed. */
static void offer_loadable(const typing *t)
{
    ds_more_connectors *more = t->app->connectors->more;
    size_t n = 0;
    const char *const *kinds = more ? more->kinds(more, t->app->arena, &n) : NULL;

    for (size_t i = 0; i < n; i++)
        offer(t, kinds[i], "connector to be loaded");
}

static void offer_kinds(const typing *t)
{
    ds_kind_side *sides;
    size_t n = ds_kind_sides(t->app->connectors, NULL, t->app->arena, &sides);

    for (size_t i = 0; i < n; i++) {
        bool seen = false;

        for (size_t k = 0; k < i; k++)
            seen |= !strcmp(sides[k].kind, sides[i].kind);
        if (!seen)
            offer(t, sides[i].kind, sides[i].help);
    }
    offer_loadable(t);
}

static void offer_templates(const typing *t)
{
    for (const ds_template *one = ds_templates; one->name; one++)
        offer(t, one->name, one->help);
}

static void offer_files(const typing *t)
{
    (void)t;
    puts(":files");
}

static const struct {
    const char *word; /* in a usage, or as what an option takes */
    void (*offer)(const typing *t);
} placeholders[] = {
    {"ROUTE", offer_routes},       {"ROUTE/UNIT", offer_routes}, {"KIND", offer_kinds},
    {"COMMAND", offer_commands},   {"FILE", offer_files},        {"FOLDER", offer_files},
    {"TEMPLATE", offer_templates},
};

/* "config|ROUTE": small letters stand for themselves. */
static void offer_token(const typing *t, const char *token)
{
    for (const char *at = token; *at;) {
        size_t n = strcspn(at, "|");

        if (islower((unsigned char)*at))
            offer_n(t, at, n, NULL);
        for (size_t i = 0; i < DS_COUNT(placeholders); i++)
            if (strlen(placeholders[i].word) == n && !strncmp(placeholders[i].word, at, n))
                placeholders[i].offer(t);
        at += n + (at[n] != '\0');
    }
}

static void offer_flags(const typing *t, const ds_flag *flags)
{
    for (; flags && flags->name; flags++)
        offer(t, ds_arena_printf(t->app->arena, "--%s", flags->name), flags->help);
}

/* ---- words by the usage ---------------------------------------------------------------------- */

/* The next token of an alternative without its brackets and dots; *many: it may come again. */
static const char *next_token(const char **usage, char *token, bool *many)
{
    size_t n = 0;

    *many = false;
    while (**usage == ' ')
        (*usage)++;
    for (; **usage && **usage != ' '; (*usage)++) {
        *many |= **usage == '.';
        if (!strchr("[].", **usage) && n + 1 < USAGE_MAX)
            token[n++] = **usage;
    }
    token[n] = '\0';
    return n ? token : NULL;
}

static bool is_one_of(const char *word, const char *token)
{
    size_t len = strlen(word);

    if (!islower((unsigned char)*token))
        return true; /* a placeholder: anything */
    for (const char *at = token; *at;) {
        size_t n = strcspn(at, "|");

        if (len == n && !strncmp(at, word, n))
            return true;
        at += n + (at[n] != '\0');
    }
    return false;
}

/* One alternative of a usage against the words before the one that is typed. */
static void offer_by_usage(const typing *t, const char *usage)
{
    char token[USAGE_MAX];
    bool many = false;

    for (size_t i = 0; i <= t->words_n; i++) {
        if (!many && !next_token(&usage, token, &many))
            return;
        if (i == t->words_n)
            offer_token(t, token);
        else if (!is_one_of(t->words[i], token))
            return;
    }
}

static void offer_words(const typing *t)
{
    const char *usage = t->command->usage;

    while (*usage) {
        const char *end = strstr(usage, " | ");
        size_t n = end ? (size_t)(end - usage) : strlen(usage);

        offer_by_usage(t, ds_arena_strndup(t->app->arena, usage, n));
        usage += n + (end ? strlen(" | ") : 0);
    }
}

/* ---- what was typed before ------------------------------------------------------------------- */

static const ds_flag *find_flag(const typing *t, const char *name, size_t n, char letter)
{
    const ds_flag *lists[] = {t->command ? t->command->flags : NULL, ds_global_flags};

    for (size_t i = 0; i < DS_COUNT(lists); i++)
        for (const ds_flag *flag = lists[i]; flag && flag->name; flag++)
            if (letter ? flag->letter == letter
                       : strlen(flag->name) == n && !strncmp(flag->name, name, n))
                return flag;
    return NULL;
}

/* A shell hands words over as they were typed: "~/x.yaml" is not yet what it will become. */
static void take_value(typing *t, const ds_flag *flag, const char *value)
{
    const char *home = getenv("HOME");

    if (strcmp(flag->name, "config") != 0)
        return;
    t->config = value;
    if (home && !strncmp(value, "~/", 2))
        t->config = ds_arena_printf(t->app->arena, "%s/%s", home, value + 2);
}

static void take_option(typing *t, const char *word)
{
    size_t n = strcspn(word, "=");
    const ds_flag *flag = NULL;

    if (word[1] == '-') {
        flag = find_flag(t, word + 2, n - 2, 0);
        if (flag && flag->value && word[n])
            take_value(t, flag, word + n + 1);
        else if (flag && flag->value)
            t->open = flag;
        return;
    }
    for (word++; *word; word++) {
        flag = find_flag(t, word, 0, *word);
        if (!flag || !flag->value)
            continue;
        if (word[1])
            take_value(t, flag, word + 1);
        else
            t->open = flag;
        return;
    }
}

static void take_word(typing *t, const char *word)
{
    if (t->command) {
        t->words[t->words_n++] = word;
        return;
    }
    for (const ds_command *c = ds_commands; c->name; c++)
        if (c->run && !ds_command_is_hidden(c) && !strcmp(c->name, word))
            t->command = c;
    t->lost |= !t->command;
}

static void take(typing *t, const char *word)
{
    if (t->open && !strcmp(word, "=")) /* bash makes words of their own of them */
        return;
    if (t->open) {
        take_value(t, t->open, word);
        t->open = NULL;
    } else if (!t->words_only && !strcmp(word, "--")) {
        t->words_only = true;
    } else if (!t->words_only && word[0] == '-' && word[1]) {
        take_option(t, word);
    } else {
        take_word(t, word);
    }
}

/* "--shell=fi": the value alone is open. */
static void split_now(typing *t)
{
    size_t n = strcspn(t->now, "=");
    const ds_flag *flag = NULL;

    if (!t->open && !t->words_only && !strncmp(t->now, "--", 2) && t->now[n])
        flag = find_flag(t, t->now + 2, n - 2, 0);
    if (flag && flag->value) {
        t->open = flag;
        t->before_now = ds_arena_strndup(t->app->arena, t->now, n + 1);
        t->now += n + 1;
    } else if (t->open && !strcmp(t->now, "=")) {
        t->now = "";
    }
}

int ds_cmd_complete(ds_app *app)
{
    const ds_args *args = app->args;
    typing t = {.app = app, .now = "", .before_now = "", .config = ds_args_flag(args, "config")};

    t.words = ds_arena_zalloc(app->arena, (args->words_n + 1) * sizeof(*t.words));
    for (size_t i = 0; i + 1 < args->words_n; i++)
        take(&t, args->words[i]);
    if (args->words_n)
        t.now = args->words[args->words_n - 1];
    split_now(&t);
    if (t.lost)
        return DS_EXIT_DONE;
    if (t.open) {
        offer_token(&t, t.open->value);
    } else if (!t.words_only && t.now[0] == '-') {
        offer_flags(&t, t.command ? t.command->flags : NULL);
        offer_flags(&t, ds_global_flags);
    } else if (!t.command) {
        offer_commands(&t);
    } else {
        offer_words(&t);
    }
    return DS_EXIT_DONE;
}
