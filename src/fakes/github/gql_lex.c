/* src/fakes/github/gql_lex.c - a GraphQL document as words. */
#include "fakes/github/gql.h"

#include <string.h>

static bool is_name_start(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool starts(const ds_gql_lexer *l, const char *text)
{
    size_t n = strlen(text);

    return l->n - l->at >= n && memcmp(l->text + l->at, text, n) == 0;
}

static void wrong(ds_gql_lexer *l, const char *text)
{
    l->word = DS_GQL_WRONG;
    l->value = text;
}

static void new_line(ds_gql_lexer *l)
{
    l->line++;
    l->line_at = l->at;
}

/* Blanks, commas, comments, a byte order mark. */
static void skip(ds_gql_lexer *l)
{
    while (l->at < l->n) {
        char c = l->text[l->at];

        if (c == '\n') {
            l->at++;
            new_line(l);
        } else if (c == ' ' || c == '\t' || c == '\r' || c == ',') {
            l->at++;
        } else if (c == '#') {
            while (l->at < l->n && l->text[l->at] != '\n')
                l->at++;
        } else if (starts(l, "\xEF\xBB\xBF")) {
            l->at += 3;
        } else {
            return;
        }
    }
}

static void take(ds_gql_lexer *l, ds_gql_word word, size_t n)
{
    l->word = word;
    l->value = ds_arena_strndup(l->arena, l->text + l->at, n);
    l->at += n;
}

static void take_name(ds_gql_lexer *l)
{
    size_t n = 1;

    while (l->at + n < l->n && (is_name_start(l->text[l->at + n]) || is_digit(l->text[l->at + n])))
        n++;
    take(l, DS_GQL_NAME, n);
}

static size_t digits(const ds_gql_lexer *l, size_t at)
{
    size_t n = 0;

    while (at + n < l->n && is_digit(l->text[at + n]))
        n++;
    return n;
}

static void take_number(ds_gql_lexer *l)
{
    size_t at = l->at + (l->text[l->at] == '-'), n = digits(l, at);
    bool real = false;

    if (n == 0 || (n > 1 && l->text[at] == '0')) {
        wrong(l, "a number that is none");
        return;
    }
    at += n;
    if (at < l->n && l->text[at] == '.') {
        real = true;
        n = digits(l, at + 1);
        at += 1 + n;
    }
    if (n > 0 && at < l->n && (l->text[at] | 0x20) == 'e') {
        real = true;
        at++;
        if (at < l->n && (l->text[at] == '+' || l->text[at] == '-'))
            at++;
        n = digits(l, at);
        at += n;
    }
    if (n == 0 || (at < l->n && (is_name_start(l->text[at]) || l->text[at] == '.')))
        wrong(l, "a number that is none");
    else
        take(l, real ? DS_GQL_REAL : DS_GQL_NUMBER, at - l->at);
}

/* ---- strings --------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits at l->at + 2; -1: they are none. */
static int32_t code_unit(const ds_gql_lexer *l)
{
    int32_t code = 0;

    if (l->n - l->at < 6)
        return -1;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_digit(l->text[l->at + i]);

        if (digit < 0)
            return -1;
        code = code << 4 | digit;
    }
    return code;
}

static void add_character(ds_buf *out, int32_t c)
{
    if (c < 0x80) {
        ds_buf_char(out, (char)c);
    } else if (c < 0x800) {
        ds_buf_char(out, (char)(0xC0 | c >> 6));
        ds_buf_char(out, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        ds_buf_char(out, (char)(0xE0 | c >> 12));
        ds_buf_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
        ds_buf_char(out, (char)(0x80 | (c & 0x3F)));
    } else {
        ds_buf_char(out, (char)(0xF0 | c >> 18));
        ds_buf_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
        ds_buf_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
        ds_buf_char(out, (char)(0x80 | (c & 0x3F)));
    }
}

/* \u at l->at, with the second half of a pair where it is the first of one. */
static bool take_code(ds_gql_lexer *l, ds_buf *out)
{
    int32_t code = code_unit(l), low;

    if (code <= 0)
        return false;
    l->at += 6;
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (!starts(l, "\\u") || (low = code_unit(l)) < 0xDC00 || low > 0xDFFF)
            return false;
        l->at += 6;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
        return false;
    }
    add_character(out, code);
    return true;
}

static bool take_escape(ds_gql_lexer *l, ds_buf *out)
{
    static const char names[] = "\"\\/bfnrt", stands[] = "\"\\/\b\f\n\r\t";
    char c = l->at + 1 < l->n ? l->text[l->at + 1] : '\0';
    const char *found = c ? strchr(names, c) : NULL;

    if (c == 'u')
        return take_code(l, out);
    if (!found)
        return false;
    ds_buf_char(out, stands[found - names]);
    l->at += 2;
    return true;
}

static void take_string(ds_gql_lexer *l)
{
    DS_AUTO_BUF(out, DS_GQL_TEXT_MAX + 1);

    for (l->at++; l->at < l->n && l->text[l->at] != '"';) {
        unsigned char c = (unsigned char)l->text[l->at];

        if (c == '\\') {
            if (!take_escape(l, &out)) {
                wrong(l, "an escape that is none");
                return;
            }
        } else if (c < ' ' && c != '\t') {
            wrong(l, "a string that does not end on its line");
            return;
        } else {
            ds_buf_char(&out, (char)c);
            l->at++;
        }
    }
    if (l->at == l->n) {
        wrong(l, "a string that does not end");
        return;
    }
    l->at++;
    l->word = DS_GQL_TEXT;
    l->value = ds_arena_strndup(l->arena, out.data ? out.data : "", out.n);
}

static size_t line_length(const char *text, size_t n)
{
    const char *end = memchr(text, '\n', n);

    return end ? (size_t)(end - text) : n;
}

static size_t indent_of(const char *line, size_t n)
{
    size_t i = 0;

    while (i < n && (line[i] == ' ' || line[i] == '\t'))
        i++;
    return i;
}

/* A block string without the indentation that its lines but the first share, and without blank
 * lines at both ends. */
static const char *dedent(ds_arena *a, const char *text, size_t n)
{
    DS_AUTO_BUF(out, DS_GQL_TEXT_MAX + 1);
    size_t common = SIZE_MAX, kept = 0, line = 0;

    for (size_t at = 0, len; at <= n; at += len + 1, line++) {
        len = line_length(text + at, n - at);
        if (line > 0 && indent_of(text + at, len) < len)
            common = DS_MIN(common, indent_of(text + at, len));
    }
    line = 0;
    for (size_t at = 0, len; at <= n; at += len + 1, line++) {
        size_t cut;

        len = line_length(text + at, n - at);
        cut = line > 0 && common != SIZE_MAX ? DS_MIN(common, len) : 0;
        if (kept == 0 && indent_of(text + at, len) == len)
            continue;
        if (kept > 0)
            ds_buf_char(&out, '\n');
        ds_buf_add(&out, text + at + cut, len - cut);
        if (indent_of(text + at, len) < len)
            kept = out.n;
    }
    return ds_arena_strndup(a, out.data ? out.data : "", kept);
}

static void take_block(ds_gql_lexer *l)
{
    DS_AUTO_BUF(out, DS_GQL_TEXT_MAX + 1);

    for (l->at += 3; l->at < l->n && !starts(l, "\"\"\"");) {
        char c = l->text[l->at];

        if (starts(l, "\\\"\"\"")) {
            ds_buf_text(&out, "\"\"\"");
            l->at += 4;
            continue;
        }
        l->at++;
        if (c == '\n')
            new_line(l);
        if (c != '\r')
            ds_buf_char(&out, c);
    }
    if (l->at >= l->n) {
        wrong(l, "a block string that does not end");
        return;
    }
    l->at += 3;
    l->word = DS_GQL_TEXT;
    l->value = dedent(l->arena, out.data ? out.data : "", out.n);
}

void ds_gql_next(ds_gql_lexer *l)
{
    char c;

    if (l->word == DS_GQL_WRONG)
        return;
    skip(l);
    l->place = (ds_gql_place){l->line, (int)(l->at - l->line_at) + 1};
    l->word = DS_GQL_END;
    l->value = "";
    if (l->at == l->n)
        return;
    c = l->text[l->at];
    if (is_name_start(c))
        take_name(l);
    else if (is_digit(c) || c == '-')
        take_number(l);
    else if (starts(l, "\"\"\""))
        take_block(l);
    else if (c == '"')
        take_string(l);
    else if (starts(l, "..."))
        take(l, DS_GQL_SPREAD_WORD, 3);
    else if (c && strchr("!$&()*:=@[]{|}", c))
        take(l, DS_GQL_SIGN, 1);
    else
        wrong(l, "a character that has no place here");
}
