/* src/app/manual.h
 *
 * Everything that is written from the tables: reference pages, manual pages, completion scripts,
 * the JSON Schema.  `make docs` puts them into the tree, and a test keeps them current.
 */
#ifndef DS_APP_MANUAL_H
#define DS_APP_MANUAL_H

#include "app/app.h"
#include "app/sheet.h"

typedef struct ds_fact { /* a line of the manual that belongs to no command */
    const char *name, *help;
} ds_fact;

extern const ds_fact ds_exit_codes[]; /* each ended by a NULL name */
extern const ds_fact ds_environment[];
extern const ds_fact ds_files[];

/* A command for scripts of our own, shown nowhere. */
bool ds_command_is_hidden(const ds_command *command);

/* Parts of a page: manual_config.c, manual_kinds.c, manual_commands.c. */
void ds_manual_example(ds_sheet *s);
void ds_manual_file(ds_sheet *s);   /* the top level, accounts, references */
void ds_manual_routes(ds_sheet *s); /* a route, its fields and conditions */
void ds_manual_kind(ds_sheet *s, const ds_connectors *c, const char *kind);
void ds_manual_commands(ds_sheet *s); /* all of them, the options, exit codes, environment */
void ds_manual_command(ds_sheet *s, const ds_command *command);

void ds_completion_script(ds_buf *out, const char *program, const char *shell);

#endif
