/* src/app/help.c - usage, made from the table of commands. */
#include "app/manual.h"

#include <stdio.h>

static void write_flags(ds_buf *out, const ds_flag *flags)
{
    for (; flags->name; flags++) {
        char form[64];

        snprintf(form, sizeof form, "%c%c%s--%s%s%s", flags->letter ? '-' : ' ',
                 flags->letter ? flags->letter : ' ', flags->letter ? ", " : "  ", flags->name,
                 flags->value ? " " : "", flags->value ? flags->value : "");
        ds_buf_printf(out, "  %-28s  %s\n", form, flags->help);
    }
}

static void write_commands(ds_buf *out, const ds_command *commands, bool later)
{
    for (const ds_command *c = commands; c->name; c++)
        if (!c->run == later && !ds_command_is_hidden(c))
            ds_buf_printf(out, "  %-12s  %s\n", c->name, c->help);
}

void ds_help_all(ds_buf *out, const char *program, const ds_command *commands)
{
    ds_buf_printf(out,
                  "usage: %s [options] COMMAND [...]\n\n"
                  "Keeps the records of one tool mirrored in another, each row exactly once.\n\n",
                  program);
    write_commands(out, commands, false);
    ds_buf_text(out, "\nNot in this build:\n");
    write_commands(out, commands, true);
    ds_buf_text(out, "\nOptions, before or after the command:\n");
    write_flags(out, ds_global_flags);
    ds_buf_text(out, "\nExit codes:\n");
    for (const ds_fact *code = ds_exit_codes; code->name; code++)
        ds_buf_printf(out, "  %2s  %s\n", code->name, code->help);
    ds_buf_printf(out, "\n`%s COMMAND -h` says more.\n", program);
}

void ds_help_command(ds_buf *out, const char *program, const ds_command *command)
{
    ds_buf_printf(out, "usage: %s %s%s%s\n\n%s\n", program, command->name,
                  *command->usage ? " " : "", command->usage, command->help);
    if (!command->run)
        ds_buf_text(out, "\nThis command is not in this build.\n");
    if (command->more)
        ds_buf_printf(out, "\n%s\n", command->more);
    if (command->flags) {
        ds_buf_text(out, "\nOptions:\n");
        write_flags(out, command->flags);
    }
    ds_buf_text(out, "\nGlobal options:\n");
    write_flags(out, ds_global_flags);
}
