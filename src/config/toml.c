/* src/config/toml.c - a reader of TOML, as far as toml.h says. */
#include "config/toml.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX ((size_t)2000)

typedef struct path {
    const char *names[DS_TOML_DEPTH_MAX];
    size_t n;
} path;

typedef struct reader {
    const char *at, *end;
    int line;
    ds_arena *a;
    ds_toml *out;
    ds_err *err;
} reader;

static bool fail(reader *r, const char *what)
{
    return ds_fail(r->err, DS_ERR_CONFIG, "line %d: %s", r->line, what);
}

static char peek(const reader *r)
{
    return r->at < r->end ? *r->at : '\0';
}

static bool take(reader *r, char c)
{
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool take_text(reader *r, const char *text)
{
    size_t n = strlen(text);

    if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0)
        return false;
    r->at += n;
    return true;
}

static void skip_blanks(reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t')
        r->at++;
}

/* Blanks, comments and the ends of lines. */
static void skip_lines(reader *r)
{
    for (;;) {
        skip_blanks(r);
        if (peek(r) == '#') {
            while (r->at < r->end && *r->at != '\n')
                r->at++;
        } else if (take(r, '\n')) {
            r->line++;
        } else if (!take_text(r, "\r\n")) {
            return;
        } else {
            r->line++;
        }
    }
}

static bool end_of_line(reader *r)
{
    skip_blanks(r);
    if (peek(r) == '#') {
        while (r->at < r->end && *r->at != '\n')
            r->at++;
    }
    return r->at == r->end || peek(r) == '\n' ||
           (r->end - r->at > 1 && !memcmp(r->at, "\r\n", 2)) ||
           fail(r, "more stands here than one value");
}

/* ---- text ------------------------------------------------------------------------------------ */

static void add_character(ds_buf *out, uint32_t c)
{
    if (c < 0x80) {
        ds_buf_char(out, (char)c);
    } else if (c < 0x800) {
        ds_buf_char(out, (char)(0xc0 | c >> 6));
        ds_buf_char(out, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        ds_buf_char(out, (char)(0xe0 | c >> 12));
        ds_buf_char(out, (char)(0x80 | (c >> 6 & 63)));
        ds_buf_char(out, (char)(0x80 | (c & 63)));
    } else {
        ds_buf_char(out, (char)(0xf0 | c >> 18));
        ds_buf_char(out, (char)(0x80 | (c >> 12 & 63)));
        ds_buf_char(out, (char)(0x80 | (c >> 6 & 63)));
        ds_buf_char(out, (char)(0x80 | (c & 63)));
    }
}

/* \uXXXX, \UXXXXXXXX */
static bool unicode(reader *r, int digits, ds_buf *out)
{
    char text[9] = "";
    uint32_t c;

    if (r->end - r->at < digits)
        return fail(r, "a \\u without its digits");
    memcpy(text, r->at, (size_t)digits);
    c = (uint32_t)strtoul(text, NULL, 16);
    if (strspn(text, "0123456789abcdefABCDEF") != (size_t)digits || !c || c > 0x10ffff ||
        (c >= 0xd800 && c < 0xe000))
        return fail(r, "a \\u that stands for no character");
    r->at += digits;
    add_character(out, c);
    return true;
}

static bool escape(reader *r, bool lines, ds_buf *out)
{
    static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
    char c = peek(r);
    const char *known = c ? strchr(from, c) : NULL;

    if (known) {
        r->at++;
        ds_buf_char(out, to[known - from]);
        return true;
    }
    if (take(r, 'u'))
        return unicode(r, 4, out);
    if (take(r, 'U'))
        return unicode(r, 8, out);
    if (!lines || !strchr(" \t\r\n", c) || !c)
        return fail(r, "an unknown character behind a backslash");
    while (r->at < r->end && strchr(" \t\r\n", *r->at))
        r->line += *r->at++ == '\n';
    return true;
}

/* `quote` has been taken. In text of several lines it is three of them. */
static bool quoted(reader *r, char quote, bool lines, char **out)
{
    char close[4] = {quote, lines ? quote : '\0', quote, '\0'};
    DS_AUTO_BUF(text, DS_TOML_BYTES_MAX);
    bool fine = true, closed = false;

    if (lines && (take(r, '\n') || take_text(r, "\r\n")))
        r->line++;
    while (fine && !(closed = take_text(r, close)) && r->at < r->end) {
        char c = *r->at++;

        if (c == '\n' && !lines) {
            fine = fail(r, "text that does not end on its line");
        } else if (quote == '"' && c == '\\') {
            fine = escape(r, lines, &text);
        } else if ((unsigned char)c < ' ' && !strchr("\t\r\n", c)) {
            fine = fail(r, "a control character in text");
        } else {
            r->line += c == '\n';
            ds_buf_char(&text, c);
        }
    }
    if (fine && !closed)
        fine = fail(r, "text that has no end");
    *out = ds_arena_strndup(r->a, text.data ? text.data : "", text.n);
    if (text.data)
        explicit_bzero(text.data, text.cap);
    return fine;
}

static bool any_text(reader *r, char **out)
{
    char quote = peek(r);

    if (take_text(r, quote == '"' ? "\"\"\"" : "'''"))
        return quoted(r, quote, true, out);
    r->at++;
    return quoted(r, quote, false, out);
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool name(reader *r, path *to)
{
    const char *from = r->at;
    char *text = NULL, quote = peek(r);

    if (to->n == DS_TOML_DEPTH_MAX)
        return fail(r, "more than 16 tables in one another");
    if (quote == '"' || quote == '\'') {
        r->at++;
        if (!quoted(r, quote, false, &text))
            return false;
        to->names[to->n++] = text;
        return true;
    }
    while (r->at < r->end && is_bare(*r->at))
        r->at++;
    if (r->at == from)
        return fail(r, "expected a name here");
    to->names[to->n++] = ds_arena_strndup(r->a, from, (size_t)(r->at - from));
    return true;
}

static bool dotted(reader *r, path *to)
{
    do {
        skip_blanks(r);
        if (!name(r, to))
            return false;
        skip_blanks(r);
    } while (take(r, '.'));
    return true;
}

static bool same_path(const ds_toml_item *item, const path *p)
{
    if (item->path_n != p->n)
        return false;
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(item->path[i], p->names[i]) != 0)
            return false;
    }
    return true;
}

static bool add(reader *r, const path *p, ds_toml_kind kind, char *text)
{
    ds_toml *doc = r->out;
    const char **names = ds_arena_alloc(r->a, p->n * sizeof(*names));

    for (size_t i = 0; i < doc->n; i++) {
        if (same_path(&doc->items[i], p))
            return fail(r, "a name that has been given before");
    }
    if (doc->n == ITEMS_MAX)
        return fail(r, "more than 2000 values");
    if (doc->n == doc->cap) {
        size_t cap = doc->cap ? doc->cap * 2 : 16, size = sizeof(*doc->items);

        doc->items = ds_arena_grow(r->a, doc->items, doc->cap * size, cap * size);
        doc->cap = cap;
    }
    memcpy(names, p->names, p->n * sizeof(*names));
    doc->items[doc->n++] =
        (ds_toml_item){.path = names, .path_n = p->n, .kind = kind, .text = text, .line = r->line};
    return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool pair(reader *r, const path *in);

/* {a = 1, b.c = "x"} */
static bool inline_table(reader *r, const path *p)
{
    skip_blanks(r);
    if (take(r, '}'))
        return add(r, p, DS_TOML_TABLE, ds_arena_strdup(r->a, ""));
    do {
        skip_blanks(r);
        if (!pair(r, p))
            return false;
        skip_blanks(r);
    } while (take(r, ','));
    return take(r, '}') || fail(r, "expected } or , here");
}

/* Behind its [, to its ]: nobody here wants what is in it. */
static bool skip_list(reader *r)
{
    size_t depth = 1;
    char *text;

    while (depth) {
        skip_lines(r);
        if (r->at == r->end)
            return fail(r, "a list that has no end");
        if (*r->at == '"' || *r->at == '\'') {
            if (!any_text(r, &text))
                return false;
            explicit_bzero(text, strlen(text));
        } else if (strchr("[{", *r->at)) {
            depth++;
            r->at++;
        } else if (strchr("]}", *r->at)) {
            depth--;
            r->at++;
        } else {
            r->at++;
        }
    }
    return true;
}

static bool bare_value(reader *r, const path *p)
{
    const char *from = r->at;
    size_t n;
    bool truth;

    while (r->at < r->end && (is_bare(*r->at) || strchr("+.:", *r->at)))
        r->at++;
    n = (size_t)(r->at - from);
    if (!n)
        return fail(r, "expected a value here; text stands in quotes");
    truth = (n == 4 && !memcmp(from, "true", 4)) || (n == 5 && !memcmp(from, "false", 5));
    if (!truth && !strchr("0123456789+-in", *from))
        return fail(r, "a value that is none: text stands in quotes");
    return add(r, p, truth ? DS_TOML_TRUTH : DS_TOML_OTHER, ds_arena_strndup(r->a, from, n));
}

static bool value(reader *r, const path *p)
{
    char *text;

    skip_blanks(r);
    if (peek(r) == '"' || peek(r) == '\'')
        return any_text(r, &text) && add(r, p, DS_TOML_TEXT, text);
    if (take(r, '{'))
        return inline_table(r, p);
    if (take(r, '['))
        return skip_list(r) && add(r, p, DS_TOML_OTHER, ds_arena_strdup(r->a, "a list"));
    return bare_value(r, p);
}

static bool pair(reader *r, const path *in)
{
    path p = *in;

    return dotted(r, &p) && (take(r, '=') || fail(r, "expected = behind the name")) && value(r, &p);
}

/* [a.b] or [[a.b]] */
static bool header(reader *r, path *table)
{
    bool list = take(r, '[');

    table->n = 0;
    if (!dotted(r, table))
        return false;
    if (!take(r, ']') || (list && !take(r, ']')))
        return fail(r, "expected ] behind the table's name");
    if (list && table->n < DS_TOML_DEPTH_MAX) /* each by a name of its own, which nobody asks for */
        table->names[table->n++] = ds_arena_printf(r->a, "[%d]", r->line);
    return add(r, table, DS_TOML_TABLE, ds_arena_strdup(r->a, ""));
}

static bool read_all(reader *r)
{
    path table = {.n = 0};

    for (;;) {
        skip_lines(r);
        if (r->at == r->end)
            return true;
        if (!(take(r, '[') ? header(r, &table) : pair(r, &table)) || !end_of_line(r))
            return false;
    }
}

bool ds_toml_read(const char *text, size_t n, ds_arena *a, ds_toml *out, ds_err *err)
{
    reader r = {.at = text, .end = text + n, .line = 1, .a = a, .out = out, .err = err};

    *out = (ds_toml){0};
    *err = DS_ERR_INIT;
    if (n > DS_TOML_BYTES_MAX)
        return fail(&r, "larger than 1 MiB");
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        r.at += 3;
    if (!ds_utf8_ok(text, n) || memchr(text, '\0', n))
        return ds_fail(err, DS_ERR_CONFIG, "not UTF-8 text");
    return read_all(&r);
}

void ds_toml_wipe(ds_toml *doc)
{
    for (size_t i = 0; i < doc->n; i++)
        explicit_bzero(doc->items[i].text, strlen(doc->items[i].text));
}
