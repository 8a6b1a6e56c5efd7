/* src/app/sheet.c - Markdown, and mdoc as mandoc's lint wants it. */
#include "app/sheet.h"

#include <ctype.h>
#include <string.h>

#define RELEASED                                                                                   \
    "November 25, 2026" /* what a manual page is dated: the last release, not today                \
                         */

/* ---- characters ------------------------------------------------------------------------------ */

static void put_man_char(ds_buf *out, char c, bool code)
{
    if (c == '\\')
        ds_buf_text(out, "\\e");
    else if (c == '-' && code)
        ds_buf_text(out, "\\-");
    else if (c == '\'')
        ds_buf_text(out, code ? "\\(aq" : "'");
    else if (c == '"')
        ds_buf_text(out, "\\(dq");
    else
        ds_buf_char(out, c);
}

static void put_md_char(ds_buf *out, char c, bool code, bool cell)
{
    if ((cell && c == '|') || (!code && strchr("*_[]<>", c)))
        ds_buf_char(out, '\\');
    ds_buf_char(out, c);
}

/* `n` bytes of text; a backtick begins and ends code. */
static void put_inline(ds_sheet *s, const char *text, size_t n, bool *code)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '`') {
            *code = !*code;
            ds_buf_text(s->out, !s->man ? "`" : *code ? "\\fB" : "\\fP");
        } else if (s->man) {
            put_man_char(s->out, text[i], *code);
        } else {
            put_md_char(s->out, text[i], *code, s->columns > 0);
        }
    }
}

/* An argument of a macro. */
static void put_argument(ds_sheet *s, const char *text)
{
    ds_buf_char(s->out, '"');
    for (; *text; text++)
        put_man_char(s->out, *text, true);
    ds_buf_char(s->out, '"');
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool ends_sentence(const char *word, size_t n)
{
    while (n && strchr(")`\"", word[n - 1]))
        n--;
    return n && strchr(".!?", word[n - 1]) && !(n > 2 && word[n - 2] == '.');
}

/* Words in lines: a manual's source has a new line for each sentence. */
static void put_flowing(ds_sheet *s, const char *text, size_t n)
{
    size_t width = s->man ? 72 : 78, start = s->out->n;
    bool code = false, full = false;

    s->after_head = false;
    for (size_t at = 0, len; at < n; at += len) {
        at += strspn(text + at, " \n");
        len = DS_MIN(strcspn(text + at, " \n"), n - DS_MIN(at, n));
        if (!len)
            break;
        if (full || (s->out->n > start && s->out->n - start + len >= width)) {
            ds_buf_char(s->out, '\n');
            start = s->out->n;
        }
        if (s->out->n > start)
            ds_buf_char(s->out, ' ');
        else if (s->man && strchr(".'", text[at]))
            ds_buf_text(s->out, "\\&");
        put_inline(s, text + at, len, &code);
        full = s->man && !code && ends_sentence(text + at, len);
    }
    ds_buf_char(s->out, '\n');
}

void ds_sheet_code(ds_sheet *s, const char *text)
{
    s->after_head = false;
    ds_buf_text(s->out, s->man ? ".Bd -literal -offset indent\n" : "\n```\n");
    for (const char *at = text; *at; at++) {
        bool begins = at == text || at[-1] == '\n';

        if (s->man && begins && strchr(".'", *at))
            ds_buf_text(s->out, "\\&");
        if (s->man)
            put_man_char(s->out, *at, true);
        else
            ds_buf_char(s->out, *at);
    }
    if (*text && text[strlen(text) - 1] != '\n')
        ds_buf_char(s->out, '\n');
    ds_buf_text(s->out, s->man ? ".Ed\n" : "```\n");
}

static size_t block_length(const char *text, bool literal)
{
    size_t n = 0;

    while (text[n]) {
        size_t line = strcspn(text + n, "\n");

        if (!line || literal != !strncmp(text + n, "  ", 2))
            break;
        n += line + (text[n + line] == '\n');
    }
    return n;
}

void ds_sheet_text(ds_sheet *s, const char *text)
{
    while (*text) {
        bool literal = !strncmp(text, "  ", 2);
        size_t n = block_length(text, literal);

        if (literal) {
            ds_sheet_code(s, ds_arena_strndup(s->a, text, n));
        } else if (n) {
            ds_buf_text(s->out, !s->man ? "\n" : s->after_head ? "" : ".Pp\n");
            put_flowing(s, text, n);
        }
        text += n;
        text += *text == '\n';
    }
}

const char *ds_sheet_sentence(ds_sheet *s, const char *phrase)
{
    char *text = ds_arena_printf(s->a, "%s.", phrase);

    *text = (char)toupper((unsigned char)*text);
    return text;
}

/* ---- heads ----------------------------------------------------------------------------------- */

static void put_upper(ds_buf *out, const char *text)
{
    for (; *text; text++)
        ds_buf_char(out, (char)toupper((unsigned char)*text));
}

void ds_sheet_title(ds_sheet *s, const char *name, const char *section, const char *what)
{
    if (!s->man) {
        ds_buf_printf(s->out, "# %s\n\n", name);
        put_flowing(s, what, strlen(what));
        return;
    }
    ds_buf_text(s->out,
                ".\\\" Made from the program's tables by `make docs`.\n.Dd " RELEASED "\n.Dt ");
    put_upper(s->out, name);
    ds_buf_printf(s->out, " %s\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n", section, name, what);
}

void ds_sheet_head(ds_sheet *s, const char *text)
{
    ds_buf_text(s->out, s->man ? ".Sh " : "\n## ");
    if (s->man)
        put_upper(s->out, text);
    else
        ds_buf_text(s->out, text);
    ds_buf_char(s->out, '\n');
    s->after_head = true;
}

void ds_sheet_subhead(ds_sheet *s, const char *text)
{
    s->after_head = true;
    ds_buf_printf(s->out, "%s%s\n", s->man ? ".Ss " : "\n### ", text);
}

/* ---- tables ---------------------------------------------------------------------------------- */

void ds_sheet_begin(ds_sheet *s, const char *const *heads, size_t columns)
{
    s->columns = columns;
    s->after_head = false;
    if (s->man) {
        ds_buf_text(s->out, ".Bl -tag -width Ds\n");
        return;
    }
    ds_buf_text(s->out, "\n|");
    for (size_t i = 0; i < columns; i++)
        ds_buf_printf(s->out, " %s |", heads[i]);
    ds_buf_text(s->out, "\n|");
    for (size_t i = 0; i < columns; i++)
        ds_buf_text(s->out, "---|");
    ds_buf_char(s->out, '\n');
}

static void md_row(ds_sheet *s, const char *const *cells)
{
    bool code = false;

    ds_buf_text(s->out, "| ");
    put_inline(s, ds_arena_printf(s->a, "`%s`", cells[0]), strlen(cells[0]) + 2, &code);
    for (size_t i = 1; i < s->columns; i++) {
        ds_buf_text(s->out, " | ");
        put_inline(s, cells[i], strlen(cells[i]), &code);
    }
    ds_buf_text(s->out, " |\n");
}

/* name (what it takes), then the text, then what holds without it. */
static void man_row(ds_sheet *s, const char *const *cells)
{
    const char *last = cells[s->columns - 1];

    ds_buf_text(s->out, ".It Sy ");
    put_argument(s, cells[0]);
    if (s->columns > 2 && *cells[1]) {
        ds_buf_text(s->out, " Pq ");
        put_argument(s, cells[1]);
    }
    ds_buf_char(s->out, '\n');
    if (s->columns > 3 && !strncmp(cells[2], "required", strlen("required")))
        last = ds_arena_printf(s->a, "%s.\nR%s.", last, cells[2] + 1);
    else if (s->columns > 3)
        last = ds_arena_printf(s->a, "%s.\nDefault: %s.", last, cells[2]);
    put_flowing(s, last, strlen(last));
}

void ds_sheet_row(ds_sheet *s, const char *const *cells)
{
    if (s->man)
        man_row(s, cells);
    else
        md_row(s, cells);
}

void ds_sheet_end(ds_sheet *s)
{
    if (s->man)
        ds_buf_text(s->out, ".El\n");
    s->columns = 0;
}
