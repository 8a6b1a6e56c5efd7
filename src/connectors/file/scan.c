/* src/connectors/file/scan.c - one pass over the bytes, no look back. */
#include "connectors/file/scan.h"

#include <string.h>

static size_t line_step(ds_file_scan *s, const char *p, size_t n)
{
    const char *end = memchr(p, '\n', n);

    s->done = end != NULL;
    return end ? (size_t)(end - p) + 1 : n;
}

ds_file_scan ds_file_scan_line(void)
{
    return (ds_file_scan){.step = line_step};
}

/* ---- one JSON value -------------------------------------------------------------------------- */

/* The rest of a string, with its closing quote. */
static size_t string_step(ds_file_scan *s, const char *p, size_t n)
{
    size_t i = 0;

    if (s->escaped && n) {
        s->escaped = false;
        i = 1;
    }
    for (; i < n; i++) {
        if (p[i] == '"') {
            s->in_text = false;
            return i + 1;
        }
        if (p[i] == '\\' && ++i == n)
            s->escaped = true;
    }
    return n;
}

static void open_bracket(ds_file_scan *s, bool list)
{
    s->depth++;
    s->deep = s->deep || s->depth > 64;
    s->lists = s->lists << 1 | list;
}

static void close_bracket(ds_file_scan *s, bool list)
{
    if (!s->deep && (s->lists & 1) != list)
        s->broken = true;
    s->lists >>= 1;
    s->done = --s->depth == 0 || s->broken;
}

static size_t value_step(ds_file_scan *s, const char *p, size_t n)
{
    size_t i = 0;

    while (i < n) {
        char c;

        if (s->in_text) {
            i += string_step(s, p + i, n - i);
            s->done = !s->in_text && !s->depth;
            if (s->done)
                return i;
            continue;
        }
        c = p[i];
        if (c == '"') {
            s->in_text = true;
        } else if (c == '{' || c == '[') {
            open_bracket(s, c == '[');
        } else if (!s->depth && (c == '}' || c == ']' || c == ',' || c == ' ' || c == '\n' ||
                                 c == '\r' || c == '\t')) {
            s->done = true; /* a number or word ends before it */
            return i;
        } else if (c == '}' || c == ']') {
            close_bracket(s, c == ']');
            if (s->done)
                return i + 1;
        }
        i++;
    }
    return n;
}

ds_file_scan ds_file_scan_value(void)
{
    return (ds_file_scan){.step = value_step};
}

/* ---- one CSV row ----------------------------------------------------------------------------- */

enum {
    FIELD,
    PLAIN,
    QUOTED,
    QUOTE
}; /* at a field's begin, in it, in quotes, behind a quote there */

static size_t row_step(ds_file_scan *s, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = p[i];

        if (s->state == QUOTED) {
            const char *quote = memchr(p + i, '"', n - i);

            if (!quote)
                return n;
            i = (size_t)(quote - p);
            s->state = QUOTE;
        } else if (c == '\n') {
            s->done = true;
            return i + 1;
        } else if (c == s->delimiter) {
            s->state = FIELD;
        } else if (c == '"' && s->state != PLAIN) {
            s->state = QUOTED; /* opens, or is a doubled one */
        } else {
            s->state = PLAIN;
        }
    }
    return n;
}

ds_file_scan ds_file_scan_row(char delimiter)
{
    return (ds_file_scan){.step = row_step, .delimiter = delimiter, .state = FIELD};
}

bool ds_file_scan_in_quotes(const ds_file_scan *s)
{
    return s->state == QUOTED;
}
