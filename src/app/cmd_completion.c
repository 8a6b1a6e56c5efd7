/* src/app/cmd_completion.c - a completion script for a shell, made from the table of commands. */
#include "app/commands.h"
#include <stdio.h>
#include <string.h>

static void flag_words(const ds_flag *flags)
{
    for (; flags && flags->name; flags++)
        printf(" --%s", flags->name);
}

static void command_words(void)
{
    for (const ds_command *c = ds_commands; c->name; c++)
        if (c->run)
            printf(" %s", c->name);
}

static void print_bash(const char *program)
{
    printf("_durable_sync() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} words='");
    flag_words(ds_global_flags);
    printf("' command=\n"
           "    local i\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        case ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]}; break ;; esac\n"
           "    done\n"
           "    case $command in\n"
           "    '') words+='");
    command_words();
    printf("' ;;\n");
    for (const ds_command *c = ds_commands; c->name; c++) {
        if (!c->flags)
            continue;
        printf("    %s) words+='", c->name);
        flag_words(c->flags);
        printf("' ;;\n");
    }
    printf("    esac\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
           "}\n"
           "complete -o default -F _durable_sync %s\n",
           program);
}

static void print_zsh(const char *program)
{
    printf("#compdef %s\n_arguments -s", program);
    for (const ds_flag *flag = ds_global_flags; flag->name; flag++)
        printf(" '--%s%s[%s]'", flag->name, flag->value ? "=" : "", flag->help);
    printf(" '1:command:((");
    for (const ds_command *c = ds_commands; c->name; c++)
        if (c->run)
            printf("%s\\:\"%s\" ", c->name, c->help);
    printf("))' '*:word:_files'\n");
}

static void print_fish(const char *program)
{
    for (const ds_flag *flag = ds_global_flags; flag->name; flag++)
        printf("complete -c %s -l %s%s -d \"%s\"\n", program, flag->name, flag->value ? " -r" : "",
               flag->help);
    for (const ds_command *c = ds_commands; c->name; c++) {
        if (!c->run)
            continue;
        printf("complete -c %s -n __fish_use_subcommand -a %s -d \"%s\"\n", program, c->name,
               c->help);
        for (const ds_flag *flag = c->flags; flag && flag->name; flag++)
            printf("complete -c %s -n \"__fish_seen_subcommand_from %s\" -l %s%s -d \"%s\"\n",
                   program, c->name, flag->name, flag->value ? " -r" : "", flag->help);
    }
}

int ds_cmd_completion(ds_app *app)
{
    const char *shell = ds_args_flag(app->args, "shell");

    if (!shell || strcmp(shell, "bash") == 0)
        print_bash(app->program);
    else if (strcmp(shell, "zsh") == 0)
        print_zsh(app->program);
    else if (strcmp(shell, "fish") == 0)
        print_fish(app->program);
    else
        return ds_app_refuse(app, "--shell is bash, zsh or fish, not \"%.60s\"", shell);
    return DS_EXIT_DONE;
}
