/* src/transform/message.c
 *
 * What libjq says of a program that does not compile.  It writes for the terminal of somebody who
 * typed the program into a shell:
 *
 *     jq: error: syntax error, unexpected $end (Unix shell quoting issues?) at <top-level>, line 1:
 *     .a |
 *
 * then a line that counts the errors.  Behind the source line 1.6 puts a space for each byte before
 * the place it means, which is where the column comes from.
 */
#include "base/text.h"
#include "transform/internal.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const noise[] = {" (Unix shell quoting issues?)"};

static const struct {
    const char *token, *words;
} tokens[] = {
    {"$end", "the end of it"},
    {"INVALID_CHARACTER", "a character that belongs nowhere here"},
    {"QQSTRING_START", "text in quotes"},
};

static void cut(char *text, const char *part)
{
    char *at = strstr(text, part);

    if (at)
        memmove(at, at + strlen(part), strlen(at + strlen(part)) + 1);
}

/* "unexpected $end" in words. What is expected instead is a list of libjq's own names: left out. */
static const char *in_words(ds_arena *a, char *text)
{
    char *at = strstr(text, "unexpected "), *expecting;

    for (size_t i = 0; i < DS_COUNT(noise); i++)
        cut(text, noise[i]);
    if (!at)
        return text;
    expecting = strstr(at, ", expecting ");
    if (expecting)
        *expecting = '\0';
    at += strlen("unexpected ");
    for (size_t i = 0; i < DS_COUNT(tokens); i++)
        if (!strcmp(at, tokens[i].token))
            return ds_arena_printf(a, "%.*s%s", (int)(at - text), text, tokens[i].words);
    return text;
}

/* The program's line, without its end. */
static const char *line_of(const char *program, int line, size_t *n)
{
    for (; line > 1 && program; line--) {
        program = strchr(program, '\n');
        program = program ? program + 1 : NULL;
    }
    *n = program ? strcspn(program, "\n") : 0;
    return program;
}

/* Characters before byte `n`, plus one. */
static int column_at(const char *text, size_t n)
{
    int column = 1;

    for (size_t i = 0; i < n; i++)
        column += ((unsigned char)text[i] & 0xc0) != 0x80;
    return column;
}

/* From the spaces behind the source line; 0: they are not there, as in other versions. */
static int column_of(const char *program, int line, const char *shown)
{
    size_t n, pad;
    const char *source = line_of(program, line, &n);

    if (!source || strncmp(shown, source, n) != 0)
        return 0;
    pad = strspn(shown + n, " ");
    if (shown[n + pad] || pad > n)
        return 0;
    return column_at(source, pad);
}

/* 0: no line that a program can have. */
static int line_number(const char *text)
{
    long line = strtol(text, NULL, 10);

    return line > 0 && line <= (long)DS_PROGRAM_MAX ? (int)line : 0;
}

void ds_jq_message(ds_arena *a, const char *program, const char *raw, size_t raw_n,
                   ds_transform_say *say, void *to)
{
    const char *clean = ds_utf8_repair(a, raw, &raw_n);
    char *text = ds_arena_strndup(a, clean, raw_n), *place;
    int line = 0, col = 0;
    size_t n;

    cut(text, "jq: error: ");
    cut(text, "error: ");
    if (!strncmp(text, "jq: ", 4)) /* "jq: 2 compile errors" */
        return;
    place = strstr(text, " at <top-level>, line ");
    if (place) {
        char *source = strchr(place, '\n');

        line = line_number(place + strlen(" at <top-level>, line "));
        col = source && line ? column_of(program, line, source + 1) : 0;
        *place = '\0';
    }
    n = strcspn(text, "\n");
    text[n] = '\0';
    say(to, line, col, in_words(a, text));
}
