/* src/config/command.c - ${command:...}: what a shell command prints. */
#include "base/child.h"
#include "config/load.h"

#include <stdlib.h>
#include <string.h>

bool ds_command_read(const char *command, const char *dir, int64_t limit_ms, ds_buf *out,
                     ds_err *err)
{
    char shell[] = "sh", option[] = "-c", *text = ds_strdup(command);
    char *const argv[] = {shell, option, text, NULL};
    const ds_child child = {.file = "/bin/sh", .argv = argv, .dir = dir, .limit_ms = limit_ms};
    bool ok = ds_child_run(&child, out, err);

    explicit_bzero(text, strlen(text));
    free(text);
    if (!ok)
        err->kind = DS_ERR_CONFIG;
    return ok;
}
