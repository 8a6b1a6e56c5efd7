/* src/app/cmd_completion.c
 *
 * A completion script for a shell.  All three only hand the words to `_complete` (complete.c) and
 * show what it answers, so that they know whatever the table of commands knows.
 */
#include "app/commands.h"
#include "app/manual.h"
#include <stdio.h>
#include <string.h>

/* The program as it was typed is the one that is asked. COMP_WORDBREAKS cuts at ":" and "=". */
static const char bash[] =
    "# bash completion for @PROGRAM@, made by `@PROGRAM@ completion --shell bash`\n"
    "_@NAME@() {\n"
    "    local line\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "        :files) compopt -o default 2>/dev/null ;;\n"
    "        *) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
    "        esac\n"
    "    done < <(\"${COMP_WORDS[0]}\" _complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
    "2>/dev/null)\n"
    "}\n"
    "complete -F _@NAME@ @PROGRAM@\n";

static const char zsh[] =
    "#compdef @PROGRAM@\n"
    "# zsh completion for @PROGRAM@, made by `@PROGRAM@ completion --shell zsh`\n"
    "_@NAME@() {\n"
    "    local line tab=$'\\t'\n"
    "    local -a names shown\n"
    "    for line in \"${(@f)$(\"${(Q)words[1]}\" _complete -- \"${(@Q)words[2,CURRENT]}\" "
    "2>/dev/null)}\"; do\n"
    "        case $line in\n"
    "        '') ;;\n"
    "        :files) _files ;;\n"
    "        *) names+=(\"${line%%$tab*}\") shown+=(\"${line/$tab/  -- }\") ;;\n"
    "        esac\n"
    "    done\n"
    "    (( $#names )) && compadd -l -d shown -a names\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _@NAME@ ] || [ \"$funcstack[1]\" = _@PROGRAM@ ]; then\n"
    "    _@NAME@ \"$@\"\n"
    "else\n"
    "    compdef _@NAME@ @PROGRAM@\n"
    "fi\n";

static const char fish[] =
    "# fish completion for @PROGRAM@, made by `@PROGRAM@ completion --shell fish`\n"
    "function __@NAME@_complete\n"
    "    set -l words (commandline -opc) \"$(commandline -ct)\"\n"
    "    for line in ($words[1] _complete -- $words[2..-1] 2>/dev/null)\n"
    "        if test \"$line\" = :files\n"
    "            __fish_complete_path \"$(commandline -ct)\"\n"
    "        else\n"
    "            printf '%s\\n' $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c @PROGRAM@ -f -a '(__@NAME@_complete)'\n";

static const struct {
    const char *shell, *text;
} scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

/* As a function's name. */
static void put_name(ds_buf *out, const char *program)
{
    for (; *program; program++)
        ds_buf_char(out, strchr("-.+", *program) ? '_' : *program);
}

void ds_completion_script(ds_buf *out, const char *program, const char *shell)
{
    const char *text = "";

    for (size_t i = 0; i < DS_COUNT(scripts); i++)
        if (!strcmp(scripts[i].shell, shell))
            text = scripts[i].text;
    while (*text) {
        size_t n = strcspn(text, "@");

        ds_buf_add(out, text, n);
        text += n;
        if (!strncmp(text, "@PROGRAM@", 9)) {
            ds_buf_text(out, program);
            text += 9;
        } else if (!strncmp(text, "@NAME@", 6)) {
            put_name(out, program);
            text += 6;
        } else if (*text) {
            ds_buf_char(out, *text++);
        }
    }
}

int ds_cmd_completion(ds_app *app)
{
    const char *shell = ds_args_flag(app->args, "shell");
    DS_AUTO_BUF(text, DS_MIB);

    ds_completion_script(&text, app->program, shell ? shell : "bash");
    if (!text.n)
        return ds_app_refuse(app, "--shell is bash, zsh or fish, not \"%.60s\"", shell);
    fputs(text.data, stdout);
    return DS_EXIT_DONE;
}
