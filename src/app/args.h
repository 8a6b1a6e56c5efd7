/* src/app/args.h
 *
 * The command line as data: one table of commands, from which parsing, usage, the help of each
 * command, "did you mean" and the shell completion come.
 */
#ifndef DS_APP_ARGS_H
#define DS_APP_ARGS_H

#include <durable_sync/base.h>

struct ds_app;

typedef struct ds_flag {
    const char *name;  /* without dashes; NULL ends a list */
    char letter;       /* short form; 0: none */
    const char *value; /* what it takes, as shown in the usage; NULL: nothing */
    const char *help;
} ds_flag;

#define DS_FLAGS_MAX 8

typedef struct ds_command {
    const char *name;
    const char *usage;              /* its words, as shown: "ROUTE[/UNIT] [KEY...]" */
    const char *help;               /* one line */
    const char *more;               /* the paragraph of its own help; NULL: none */
    const ds_flag *flags;           /* NULL: none */
    int words_min, words_max;       /* words_max -1: any number */
    int (*run)(struct ds_app *app); /* exit code; NULL: of a later release, refused */
} ds_command;

typedef struct ds_args {
    const ds_command *command; /* NULL: none was named */
    const char **words;        /* what follows it, options left out */
    size_t words_n;
    const char *flags[DS_FLAGS_MAX];   /* by place in command->flags; "" where it takes no value */
    const char *globals[DS_FLAGS_MAX]; /* the same for ds_global_flags */
} ds_args;

extern const ds_flag ds_global_flags[];
extern const ds_command ds_commands[]; /* ends with a NULL name */

/* false with DS_ERR_CONFIG: one line that says what is wrong and what was meant. */
DS_MUST_USE bool ds_args_parse(int argc, char **argv, const ds_command *commands, ds_arena *a,
                               ds_args *out, ds_err *err);

/* The value of an option by its name, global or the command's own; NULL: not given. */
const char *ds_args_flag(const ds_args *args, const char *name);

/* Usage: of everything, or of one command. */
void ds_help_all(ds_buf *out, const char *program, const ds_command *commands);
void ds_help_command(ds_buf *out, const char *program, const ds_command *command);

#endif
