/* src/app/manual_commands.c - the command line for people, from the table of commands. */
#include "app/manual.h"

#include <string.h>

static void put_facts(ds_sheet *s, const char *head, const char *const *heads, const ds_fact *facts)
{
    ds_sheet_head(s, head);
    ds_sheet_begin(s, heads, 2);
    for (; facts->name; facts++)
        ds_sheet_row(s, (const char *const[]){facts->name, facts->help});
    ds_sheet_end(s);
}

static void put_flags(ds_sheet *s, const ds_flag *flags)
{
    static const char *const heads[] = {"option", "meaning"};

    ds_sheet_begin(s, heads, DS_COUNT(heads));
    for (; flags->name; flags++) {
        const char *form = ds_arena_printf(s->a, "--%s%s%s", flags->name, flags->value ? " " : "",
                                           flags->value ? flags->value : "");

        if (flags->letter)
            form = ds_arena_printf(s->a, "-%c, %s", flags->letter, form);
        ds_sheet_row(s, (const char *const[]){form, flags->help});
    }
    ds_sheet_end(s);
}

static const char *call_of(ds_sheet *s, const ds_command *c)
{
    return ds_arena_printf(s->a, "%s%s%s", c->name, *c->usage ? " " : "", c->usage);
}

static void put_table(ds_sheet *s)
{
    static const char *const heads[] = {"command", "does"};
    const char *later = "";

    ds_sheet_head(s, "Commands");
    ds_sheet_begin(s, heads, DS_COUNT(heads));
    for (const ds_command *c = ds_commands; c->name; c++) {
        if (c->run && !ds_command_is_hidden(c))
            ds_sheet_row(s, (const char *const[]){call_of(s, c), c->help});
        if (!c->run)
            later = ds_arena_printf(s->a, "%s%s`%s`", later, *later ? ", " : "", c->name);
    }
    ds_sheet_end(s);
    ds_sheet_text(
        s, "A unit is named `ROUTE/UNIT`, or `ROUTE:UNIT` as tables show it. A command that takes "
           "a route means all its units.");
    if (*later)
        ds_sheet_text(s, ds_arena_printf(s->a,
                                         "Not in this build, and refused with these words: "
                                         "%s.",
                                         later));
}

void ds_manual_commands(ds_sheet *s)
{
    static const char *const codes[] = {"code", "meaning"};
    static const char *const variables[] = {"variable", "meaning"};
    static const char *const files[] = {"file", "what it is"};

    put_table(s);
    if (!s->man) {
        for (const ds_command *c = ds_commands; c->name; c++)
            if (c->run && !ds_command_is_hidden(c))
                ds_manual_command(s, c);
    }
    ds_sheet_head(s, "Options");
    ds_sheet_text(s, "Before or after the command. Results go to standard output, logs and "
                     "progress to standard error.");
    put_flags(s, ds_global_flags);
    put_facts(s, "Environment", variables, ds_environment);
    put_facts(s, "Files", files, ds_files);
    put_facts(s, s->man ? "Exit status" : "Exit codes", codes, ds_exit_codes);
    ds_sheet_text(s, "Of 1, 3 and 4 the first that applies, in the order 1, 3, 4.");
}

void ds_manual_command(ds_sheet *s, const ds_command *c)
{
    if (s->man) {
        ds_buf_printf(s->out, ".Sh SYNOPSIS\n.Nm durable-sync %s\n", c->name);
        if (c->flags)
            ds_buf_text(s->out, ".Op options\n");
        if (*c->usage)
            ds_buf_printf(s->out, "%s\n", c->usage);
        ds_sheet_head(s, "Description");
    } else {
        ds_sheet_subhead(s, ds_arena_printf(s->a, "`%s`", call_of(s, c)));
    }
    ds_sheet_text(s, ds_sheet_sentence(s, c->help));
    if (c->more)
        ds_sheet_text(s, c->more);
    if (c->flags) {
        if (s->man)
            ds_sheet_head(s, "Options");
        put_flags(s, c->flags);
    }
}
