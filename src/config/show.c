/* src/config/show.c
 *
 * Lines are walked by characters, since columns count characters; a long line is shown as a window
 * around its place.  What is hidden is replaced before anything is written, so that the caret
 * stands under what is seen.
 */
#include "config/show.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

#define WINDOW 120   /* characters of a line that are shown */
#define SPANS_MAX 16 /* hidden parts of one line; more: nothing of it is shown */

/* Length of the line break at text[0..n) as YAML 1.1 counts them; 0: none. */
static size_t break_step(const char *text, size_t n)
{
    static const char *const breaks[] = {"\r\n",     "\n",           "\r",
                                         "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};

    for (size_t i = 0; i < DS_COUNT(breaks); i++) {
        size_t len = strlen(breaks[i]);

        if (len <= n && !memcmp(text, breaks[i], len))
            return len;
    }
    return 0;
}

static size_t line_length(const char *text, size_t n)
{
    size_t at = 0;

    while (at < n && !break_step(text + at, n - at))
        at++;
    return at;
}

const char *ds_shown_line(const ds_shown *shown, int line, size_t *n)
{
    const char *text = shown->text;
    size_t left = shown->n;

    for (int now = 1; line > 0; now++) {
        size_t len = line_length(text, left), brk = break_step(text + len, left - len);

        if (now == line) {
            *n = len;
            return text;
        }
        if (!brk)
            break;
        text += len + brk;
        left -= len + brk;
    }
    *n = 0;
    return NULL;
}

static size_t char_step(const char *text, size_t n)
{
    size_t step = ds_utf8_step(text, n);

    return step ? step : 1;
}

ds_at ds_shown_at(const ds_shown *shown, size_t offset)
{
    ds_at at = {1, 1};

    for (size_t i = 0, step; i < offset && i < shown->n; i += step) {
        step = break_step(shown->text + i, shown->n - i);
        at = step ? (ds_at){at.line + 1, 1} : (ds_at){at.line, at.col + 1};
        step = step ? step : char_step(shown->text + i, shown->n - i);
    }
    return at;
}

/* A character as it may go to a terminal. */
static void put_char(ds_buf *out, const char *text, size_t n)
{
    unsigned char c = (unsigned char)*text;
    bool c1 = n == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0;

    if (c == '\t')
        ds_buf_char(out, ' ');
    else if (c < 0x20 || c == 0x7f || c1 || !ds_utf8_step(text, n))
        ds_buf_text(out, "\xef\xbf\xbd");
    else
        ds_buf_add(out, text, n);
}

/* The password of the first "scheme://user:password@" in text; false: none. */
static bool find_password(const char *text, size_t n, size_t *from, size_t *to)
{
    const char *scheme = memmem(text, n, "://", 3);
    size_t at = scheme ? (size_t)(scheme - text) + 3 : n, colon = n;

    for (; at < n && !strchr(" \t/\"'", text[at]); at++) {
        if (text[at] == ':' && colon == n)
            colon = at;
        if (text[at] == '@' && colon < at - 1) { /* and it is not empty */
            *from = colon + 1;
            *to = at;
            return true;
        }
    }
    return false;
}

void ds_shown_head(const ds_shown *shown, ds_at at, const char *text, ds_buf *out)
{
    size_t n = strlen(text), from = n, to = n;

    if (shown->path)
        ds_buf_text(out, shown->path);
    if (shown->path && at.line)
        ds_buf_printf(out, ":%d:%d", at.line, at.col);
    if (shown->path)
        ds_buf_text(out, ": ");
    find_password(text, n, &from, &to);
    for (size_t i = 0, step; i < n; i += step) {
        step = i == from ? to - from : char_step(text + i, n - i);
        if (i == from)
            ds_buf_text(out, "[secret]");
        else
            put_char(out, text + i, step);
    }
    ds_buf_char(out, '\n');
}

static bool before(ds_at a, ds_at b)
{
    return a.line < b.line || (a.line == b.line && a.col < b.col);
}

/* ---- one line -------------------------------------------------------------------------------- */

typedef struct view {      /* a line while it is written */
    int line, first, last; /* columns shown */
    ds_span hidden[SPANS_MAX + 1];
    size_t hidden_n;
    bool in_hidden;
    int width; /* written so far */
} view;

static void collect_hidden(view *v, const ds_shown *shown, const char *text, size_t n)
{
    size_t from, to;

    for (size_t i = 0; i < shown->hidden_n && v->hidden_n < SPANS_MAX; i++)
        if (shown->hidden[i].from.line <= v->line && shown->hidden[i].to.line >= v->line)
            v->hidden[v->hidden_n++] = shown->hidden[i];
    if (v->hidden_n == SPANS_MAX)
        v->hidden[0] = (ds_span){{v->line, 1}, {v->line + 1, 1}};
    if (find_password(text, n, &from, &to)) {
        ds_at a = {v->line, 1}, b;

        for (size_t i = 0; i < from; i += char_step(text + i, n - i))
            a.col++;
        b = a;
        for (size_t i = from; i < to; i += char_step(text + i, n - i))
            b.col++;
        v->hidden[v->hidden_n++] = (ds_span){a, b};
    }
}

static bool is_hidden(const view *v, ds_at at)
{
    for (size_t i = 0; i < v->hidden_n; i++)
        if (!before(at, v->hidden[i].from) && before(at, v->hidden[i].to))
            return true;
    return false;
}

static void put_column(view *v, int col, const char *text, size_t step, ds_buf *out)
{
    bool hide = is_hidden(v, (ds_at){v->line, col});

    if (hide && !v->in_hidden) {
        ds_buf_text(out, "[secret]");
        v->width += (int)strlen("[secret]");
    } else if (!hide) {
        put_char(out, text, step);
        v->width++;
    }
    v->in_hidden = hide;
}

void ds_shown_put(const ds_shown *shown, ds_at at, ds_buf *out)
{
    view v = {.line = at.line, .first = at.col > WINDOW - 20 ? at.col - WINDOW / 2 : 1};
    int caret = -1, col = 1;
    size_t n;
    const char *text = ds_shown_line(shown, at.line, &n);

    if (!text)
        return;
    v.last = v.first + WINDOW - 1;
    collect_hidden(&v, shown, text, n);
    ds_buf_printf(out, "%5d | %s", at.line, v.first > 1 ? "..." : "");
    v.width = v.first > 1 ? 3 : 0;
    for (size_t i = 0, step; i < n && col <= v.last; i += step, col++) {
        step = char_step(text + i, n - i);
        if (col == at.col)
            caret = v.in_hidden && is_hidden(&v, at) ? v.width - 1 : v.width;
        if (col >= v.first)
            put_column(&v, col, text + i, step, out);
    }
    ds_buf_printf(out, "%s\n      | %*s^\n", col > v.last ? "..." : "", caret < 0 ? v.width : caret,
                  "");
}

/* ---- what a line may give away --------------------------------------------------------------- */

static bool has_word(const char *name, size_t n, const char *word)
{
    size_t len = strlen(word);

    for (size_t at = 0; at + len <= n; at++)
        if (!strncasecmp(name + at, word, len))
            return true;
    return false;
}

bool ds_shown_is_secret(const ds_shown *shown, const char *name, size_t n)
{
    static const char *const words[] = {"token",       "secret",       "password", "passwd",
                                        "passphrase",  "api_key",      "apikey",   "credential",
                                        "private_key", "authorization"};

    for (size_t i = 0; i < DS_COUNT(words); i++)
        if (has_word(name, n, words[i]))
            return true;
    for (const char *const *own = shown->secret_names; *own; own++)
        if (strlen(*own) == n && !strncmp(name, *own, n))
            return true;
    return false;
}

/* A value that only says where the secret is. */
static bool is_reference(const char *value, const char *end)
{
    const char *close;

    while (value < end && strchr(" \"'", *value))
        value++;
    close = memchr(value, '}', (size_t)(end - value));
    return close && value[0] == '$' && value[1] == '{' &&
           !memmem(value, (size_t)(close - value), ":-", 2) &&
           (close + 1 == end || strchr(" ,}]\"'", close[1]));
}

/* The last word before the colon. */
static bool ends_in_secret_name(const ds_shown *shown, const char *from, const char *colon)
{
    const char *word;

    while (colon > from && strchr(" \"'", colon[-1]))
        colon--;
    for (word = colon; word > from && !strchr(" \"'{,-", word[-1]);)
        word--;
    return ds_shown_is_secret(shown, word, (size_t)(colon - word));
}

/* The colon behind the first name that looks like a secret's and has one written out. */
static const char *secret_colon(const ds_shown *shown, const char *text, size_t n)
{
    for (const char *from = text, *end = text + n; from < end;) {
        const char *colon = memchr(from, ':', (size_t)(end - from));

        if (!colon)
            return NULL;
        if (ends_in_secret_name(shown, from, colon) && !is_reference(colon + 1, end))
            return colon;
        from = colon + 1;
    }
    return NULL;
}

bool ds_shown_guess(const ds_shown *shown, int line, ds_span *secret)
{
    size_t n;
    const char *text = ds_shown_line(shown, line, &n);
    const char *value = text ? secret_colon(shown, text, n) : NULL;
    int col = 1;

    if (!value)
        return false;
    for (value++; value < text + n && *value == ' ';)
        value++;
    for (const char *at = text; at < value; at += char_step(at, (size_t)(text + n - at)))
        col++;
    secret->from = (ds_at){line, col};
    secret->to = (ds_at){line + 1, 1};
    return true;
}
