/* src/config/template.c - checks "{owner.login}/{name}"; the pass compiles it. */
#include "config/load.h"

#include <string.h>

/* `text` is behind an opening brace: the length of the name in it; 0 where it is broken. */
static size_t name_length(const char *text, const char **problem)
{
    size_t n = strcspn(text, "{}");

    if (text[n] != '}')
        *problem = "\"{\" is not closed by \"}\"; a brace is written {{";
    else if (!n)
        *problem = "\"{}\" names no property";
    else if (text[0] == ' ' || text[n - 1] == ' ')
        *problem = "a name in braces has no spaces around it";
    else
        return n;
    return 0;
}

const char *ds_template_problem(const char *text)
{
    const char *problem = NULL;

    for (; *text; text++) {
        if (*text != '{' && *text != '}')
            continue;
        if (text[1] == *text) /* {{ and }} are braces */
            text++;
        else if (*text == '}')
            return "\"}\" closes nothing; a brace is written }}";
        else
            text += 1 + name_length(text + 1, &problem);
        if (problem)
            return problem;
    }
    return NULL;
}
