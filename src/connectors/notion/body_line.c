/* src/connectors/notion/body_line.c
 *
 * Rich text as Markdown.  The API gives runs, each with all its marks; Markdown has marks that open
 * and close.  So marks stay open as long as the next run has them too, and blanks at the edge of a
 * marked run are put outside: `** bold**` would be no mark at all.
 */
#include "connectors/notion/body.h"

#include <ctype.h>
#include <string.h>

/* ---- escapes --------------------------------------------------------------------------------- */

static bool is_word(unsigned char c)
{
    return isalnum(c) || c >= 0x80;
}

/* "&amp;", "&#39;": what a reader would take for one character. */
static bool is_entity(const char *at)
{
    size_t n = strspn(at + 1, "#0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return n && at[1 + n] == ';';
}

/* A character that means something wherever it stands. */
static bool is_special(const char *text, const char *at, ds_notion_body_how how)
{
    switch (*at) {
    case '\\':
    case '`':
    case '*':
    case '[':
    case ']':
        return true;
    case '#': /* at a heading's end it would be no part of it */
        return how == DS_NOTION_BODY_SINGLE && (at == text || isspace((unsigned char)at[-1]));
    case '_': /* within a word it means nothing */
        return at == text || !is_word((unsigned char)at[-1]) || !is_word((unsigned char)at[1]);
    case '~':
        return at[1] == '~' || (at > text && at[-1] == '~');
    case '<':
        return isalpha((unsigned char)at[1]) || strchr("/!?", at[1]);
    case '&':
        return is_entity(at);
    case '|':
        return how == DS_NOTION_BODY_CELL;
    default:
        return false;
    }
}

/* How many characters from a line's start need a backslash before the last of them; 0: none. */
static size_t special_start(const char *line)
{
    size_t blanks = strspn(line, " \t"), digits = strspn(line + blanks, "0123456789");
    const char *at = line + blanks;

    if (digits && digits < 10 && (at[digits] == '.' || at[digits] == ')'))
        return blanks + digits + 1;
    return *at && strchr("#>-+=|", *at) ? blanks + 1 : 0;
}

static void line_feed(ds_notion_body_how how, ds_buf *out)
{
    static const char *const as[] = {"\\\n", " ", "<br>"};

    ds_buf_text(out, as[how]);
}

enum { STRUCK = 1, STRUCK_NEXT = 2, LINK_NEXT = 4 }; /* the text itself, what comes behind it */

/* One that would be counted to a mark of two, before the text or behind it; or that would make an
 * image of a link. */
static bool joins_mark(const char *text, const char *at, unsigned around, const ds_buf *out)
{
    bool after = at == text && out->n && out->data[out->n - 1] == '~';

    if (*at == '!')
        return !at[1] && (around & LINK_NEXT);
    return *at == '~' && ((around & STRUCK) || after || (!at[1] && (around & STRUCK_NEXT)));
}

/* `start`: the text stands at the start of a line. */
static void escape(const char *text, bool start, unsigned around, ds_notion_body_how how,
                   ds_buf *out)
{
    size_t ahead = start ? special_start(text) : 0;

    for (const char *at = text; *at; at++) {
        if (*at == '\n') {
            line_feed(how, out);
            ahead = how == DS_NOTION_BODY_FLOWING ? special_start(at + 1) : 0;
            continue;
        }
        if (ahead == 1 || is_special(text, at, how) || joins_mark(text, at, around, out))
            ds_buf_char(out, '\\');
        ahead -= ahead > 0;
        ds_buf_char(out, *at == '\r' ? ' ' : *at);
    }
}

void ds_notion_body_escape(const char *text, ds_notion_body_how how, ds_buf *out)
{
    escape(text, how == DS_NOTION_BODY_FLOWING, 0, how, out);
}

void ds_notion_body_address(const char *url, ds_buf *out)
{
    for (const char *at = url; *at; at++) {
        unsigned char c = (unsigned char)*at;

        if (c <= ' ' || c == 0x7F || strchr("()<>\\`", c))
            ds_buf_printf(out, "%%%02X", c);
        else
            ds_buf_printf(out, "%s%c", c == '*' || (c == '~' && at[1] == '~') ? "\\" : "", c);
    }
}

void ds_notion_body_raw(const ds_json *rich, ds_buf *out)
{
    DS_JSON_EACH (rich, run) {
        const char *plain = ds_json_text(run, "plain_text");

        ds_buf_text(out, plain ? plain : "");
    }
}

/* ---- runs ------------------------------------------------------------------------------------ */

enum { BOLD, ITALIC, STRIKE, UNDERLINE, LINK, MARKS };

static const char *const names[MARKS] = {"bold", "italic", "strikethrough", "underline", NULL};
static const char *const opens[MARKS] = {"**", "*", "~~", "<u>", "["};
static const char *const closes[MARKS] = {"**", "*", "~~", "</u>", NULL};

typedef struct run {
    const char *text;
    bool marks[MARKS];
    const char *url; /* LINK */
    bool code, math;
} run;

typedef struct writer {
    ds_buf *out;
    ds_notion_body_how how;
    run open;        /* the marks that are open */
    ds_buf pending;  /* blanks that came last: within the marks or behind them, as it turns out */
    size_t began_at; /* out->n before the first run */
    unsigned next;   /* STRUCK_NEXT, LINK_NEXT */
} writer;

static bool same_marks(const run *x, const run *y)
{
    return memcmp(x->marks, y->marks, sizeof(x->marks)) == 0 && x->code == y->code &&
           (!x->marks[LINK] || strcmp(x->url, y->url) == 0);
}

static run run_of(const ds_json *json)
{
    const ds_json *marks = ds_json_get(json, "annotations");
    const char *type = ds_json_text(json, "type"), *text = ds_json_text(json, "plain_text");
    run r = {.text = text ? text : "",
             .url = ds_json_text(json, "href"),
             .code = ds_json_bool(marks, "code"),
             .math = type && strcmp(type, "equation") == 0};

    for (size_t i = 0; i < LINK; i++)
        r.marks[i] = ds_json_bool(marks, names[i]);
    r.marks[LINK] = r.url && *r.url;
    return r;
}

static void flush(writer *w)
{
    for (size_t i = 0; i < w->pending.n; i++) {
        if (w->pending.data[i] == '\n')
            line_feed(w->how, w->out);
        else
            ds_buf_char(w->out, w->pending.data[i] == '\r' ? ' ' : w->pending.data[i]);
    }
    ds_buf_clear(&w->pending);
}

static bool stays_open(const writer *w, const run *next, size_t mark)
{
    if (!next->marks[mark])
        return false;
    return mark != LINK || strcmp(next->url, w->open.url) == 0;
}

/* Closes from the innermost outwards whatever must not stay, and what stands within that. */
static void close_marks(writer *w, const run *next)
{
    size_t keep = 0;

    while (keep < MARKS && (!w->open.marks[keep] || stays_open(w, next, keep)) &&
           (w->open.marks[keep] || !next->marks[keep]))
        keep++;
    for (size_t i = MARKS; i-- > keep;) {
        if (!w->open.marks[i])
            continue;
        if (i == LINK) {
            ds_buf_text(w->out, "](");
            ds_notion_body_address(w->open.url, w->out);
            ds_buf_char(w->out, ')');
        } else {
            ds_buf_text(w->out, closes[i]);
        }
        w->open.marks[i] = false;
    }
}

static void open_marks(writer *w, const run *next)
{
    for (size_t i = 0; i < MARKS; i++)
        if (next->marks[i] && !w->open.marks[i])
            ds_buf_text(w->out, opens[i]);
    memcpy(w->open.marks, next->marks, sizeof(next->marks));
    w->open.url = next->url;
}

/* Between more backticks than stand in it. */
static void put_code(writer *w, const char *text)
{
    size_t most = 0, here = 0;
    bool edge = *text == '`' || text[strlen(text) - 1] == '`';

    for (const char *at = text; *at; at++) {
        here = *at == '`' ? here + 1 : 0;
        most = DS_MAX(most, here);
    }
    for (size_t i = 0; i <= most; i++)
        ds_buf_char(w->out, '`');
    ds_buf_text(w->out, edge ? " " : "");
    for (const char *at = text; *at; at++) {
        if (*at == '|' && w->how == DS_NOTION_BODY_CELL)
            ds_buf_char(w->out, '\\');
        ds_buf_char(w->out, *at == '\n' || *at == '\r' ? ' ' : *at);
    }
    ds_buf_text(w->out, edge ? " " : "");
    for (size_t i = 0; i <= most; i++)
        ds_buf_char(w->out, '`');
}

static bool at_line_start(const writer *w)
{
    size_t n = w->out->n;

    while (n > w->began_at && strchr(" \t", w->out->data[n - 1]))
        n--;
    return w->how == DS_NOTION_BODY_FLOWING && (n == w->began_at || w->out->data[n - 1] == '\n');
}

static void put_text(writer *w, const run *r, const char *core)
{
    open_marks(w, r);
    if (r->code)
        put_code(w, core);
    else if (r->math)
        ds_buf_printf(w->out, "$%s$", core);
    else
        escape(core, at_line_start(w), (r->marks[STRIKE] ? STRUCK : 0) | w->next, w->how, w->out);
}

static bool begins_a_mark(const writer *w, const run *next)
{
    for (size_t i = 0; i < UNDERLINE; i++)
        if (next->marks[i] && !w->open.marks[i])
            return true;
    return false;
}

/* Marks count by what stands on both sides of them: a mark that ends where one begins, or one
 * between a letter and a full stop, would be another. Then a comment comes between. */
static bool needs_gap(const writer *w, const run *next, char before, char first, bool closed)
{
    bool begins = begins_a_mark(w, next), letter = is_word((unsigned char)first) && !next->code;

    if (closed)
        return begins || (!is_word((unsigned char)before) && letter);
    return begins && !letter && is_word((unsigned char)before);
}

/* What stands between the last run and this one. */
static void go_over(writer *w, const run *r, char first)
{
    size_t n = w->out->n;
    char before = w->out->data[n - 1];
    bool closed;

    close_marks(w, r);
    closed = w->out->n > n;
    if (w->pending.n)
        flush(w);
    else if (needs_gap(w, r, before, first, closed))
        ds_buf_text(w->out, "<!-- -->");
}

static void put_run(writer *w, const run *r, ds_arena *a)
{
    const char *blanks = " \t\n\r";
    size_t n = strlen(r->text), lead = strspn(r->text, blanks), end = n;

    while (end > lead && strchr(blanks, r->text[end - 1]))
        end--;
    if (lead == n) {
        ds_buf_text(&w->pending, r->text);
        return;
    }
    if (w->out->n > w->began_at) { /* blanks before all of it are no text */
        ds_buf_add(&w->pending, r->text, lead);
        go_over(w, r, r->text[lead]);
    }
    ds_buf_clear(&w->pending);
    put_text(w, r, ds_arena_strndup(a, r->text + lead, end - lead));
    ds_buf_add(&w->pending, r->text + end, n - end);
}

/* Runs that differ in nothing that Markdown has a word for are one: `a``b` is something else. */
static const ds_json *join(ds_json_iter *it, const ds_json *first, run *r, ds_arena *a)
{
    const ds_json *next;
    DS_AUTO_BUF(all, 4 * DS_MIB);

    *r = run_of(first);
    ds_buf_text(&all, r->text);
    while ((next = ds_json_next(it)) != NULL) {
        run other = run_of(next);

        if (r->math || other.math || !same_marks(r, &other))
            break;
        ds_buf_text(&all, other.text);
    }
    r->text = ds_arena_strndup(a, all.n ? all.data : "", all.n);
    return next;
}

static unsigned what_comes(const ds_json *json)
{
    run next = run_of(json);

    return (next.marks[STRIKE] ? STRUCK_NEXT : 0) | (next.marks[LINK] ? LINK_NEXT : 0);
}

void ds_notion_body_line(const ds_json *rich, ds_notion_body_how how, ds_arena *a, ds_buf *out)
{
    writer w = {.out = out, .how = how, .pending = {.max = 4 * DS_MIB}, .began_at = out->n};
    ds_json_iter it = ds_json_iterate(rich);
    const ds_json *at = ds_json_next(&it);
    run r;

    while (at) {
        at = join(&it, at, &r, a);
        w.next = at ? what_comes(at) : 0;
        put_run(&w, &r, a);
    }
    close_marks(&w, &(run){.url = NULL});
    ds_buf_fini(&w.pending);
}
