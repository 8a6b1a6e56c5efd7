/* src/connectors/notion/inline.c
 *
 * Markdown within a paragraph: code, bold, italic, struck out, links, images, escapes.  What has no
 * end is text.  Looking for an end that is not there is done once for each kind, so that no text
 * takes more than a few walks over it.
 */
#include "connectors/notion/blocks.h"

#include <ctype.h>
#include <string.h>

#define NESTED_MAX 8
#define LABEL_MAX ((ptrdiff_t)1000) /* bytes of a link's text and of its target */
#define TICKS_MAX ((size_t)8)
#define BLOCK_BYTES ((size_t)60000) /* of one block's text */

typedef enum mark {
    STAR,
    STARS,
    LINE,
    LINES,
    TILDES,
    UNDERLINE,
    COMMENT,
    TICKS,
    MARKS = TICKS + TICKS_MAX
} mark;

typedef struct span { /* a piece of the text that looks one way */
    ds_notion_line *out;
    const char *at, *end;
    unsigned looks;
    const char *link;
    int nested;
    bool hopeless[MARKS]; /* no end of this kind from here on */
    ds_buf text;          /* not yet added */
} span;

static void walk(span *s);

void ds_notion_line_add(ds_notion_line *line, ds_notion_run run)
{
    if (!run.n)
        return;
    if (line->n == line->cap) {
        size_t cap = line->cap ? line->cap * 2 : 8, each = sizeof(*line->runs);

        line->runs = ds_arena_grow(line->arena, line->runs, line->cap * each, cap * each);
        line->cap = cap;
    }
    line->runs[line->n++] = run;
}

static void flush(span *s)
{
    if (s->text.n)
        ds_notion_line_add(s->out,
                           (ds_notion_run){ds_arena_strndup(s->out->arena, s->text.data, s->text.n),
                                           s->text.n, s->looks, s->link});
    ds_buf_clear(&s->text);
}

static void inside(span *s, const char *from, const char *to, unsigned looks, const char *link)
{
    span inner = {.out = s->out,
                  .at = from,
                  .end = to,
                  .looks = s->looks | looks,
                  .link = link ? link : s->link,
                  .nested = s->nested + 1};

    flush(s);
    ds_buf_init(&inner.text, s->text.max);
    walk(&inner);
    ds_buf_fini(&inner.text);
}

/* ---- code ------------------------------------------------------------------------------------ */

static size_t count(const char *at, const char *end, char c)
{
    size_t n = 0;

    while (at + n < end && at[n] == c)
        n++;
    return n;
}

static const char *ticks_again(const char *at, const char *end, size_t n)
{
    while (at < end) {
        size_t here = count(at, end, '`');

        if (here == n)
            return at;
        at += here ? here : 1;
    }
    return NULL;
}

static bool code(span *s)
{
    size_t n = count(s->at, s->end, '`');
    const char *from = s->at + n, *to = NULL;

    if (n <= TICKS_MAX && !s->hopeless[TICKS + n - 1]) {
        to = ticks_again(from, s->end, n);
        s->hopeless[TICKS + n - 1] = !to;
    }
    if (!to) {
        ds_buf_add(&s->text, s->at, n);
        s->at += n;
        return true;
    }
    s->at = to + n;
    if (to - from > 2 && *from == ' ' && to[-1] == ' ') {
        from++;
        to--;
    }
    flush(s);
    ds_notion_line_add(
        s->out, (ds_notion_run){from, (size_t)(to - from), s->looks | DS_NOTION_CODE, s->link});
    return true;
}

/* Past what stands at `at`, and code or an escaped character as a whole: no mark ends in them.
 * `open`: there are no more of so many backticks in a row. */
static const char *past(const char *at, const char *end, bool open[TICKS_MAX])
{
    size_t n = count(at, end, '`');
    const char *to;

    if (*at == '\\' && at + 1 < end)
        return at + 2;
    if (!n)
        return at + 1;
    if (n > TICKS_MAX || open[n - 1])
        return at + n;
    to = ticks_again(at + n, end, n);
    open[n - 1] = !to;
    return to ? to + n : at + n;
}

/* ---- emphasis -------------------------------------------------------------------------------- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* The end of what `n` marks began: as many, behind something. Longer rows end what is inside, too.
 */
static const char *closer(const char *from, const char *end, char c, size_t n)
{
    bool open[TICKS_MAX] = {false};

    for (const char *at = from; at < end;) {
        size_t here = count(at, end, c);

        if (!here) {
            at = past(at, end, open);
            continue;
        }
        if (at > from && !isspace((unsigned char)at[-1]) && here >= n && !(n == 1 && here == 2) &&
            !(c == '_' && at + here < end && is_word(at[here])))
            return at + here - n;
        at += here;
    }
    return NULL;
}

static bool emphasis(span *s, char c, size_t n, mark kind, unsigned looks)
{
    const char *from = s->at + n, *to;

    if (count(s->at, s->end, c) < n || from >= s->end || isspace((unsigned char)*from) ||
        s->hopeless[kind] || s->nested >= NESTED_MAX)
        return false;
    to = closer(from, s->end, c, n);
    s->hopeless[kind] = !to;
    if (!to)
        return false;
    inside(s, from, to, looks, NULL);
    s->at = to + n;
    return true;
}

static bool stars(span *s, const char *begin)
{
    char c = *s->at;

    if (c == '_' && s->at > begin && is_word(s->at[-1]))
        return false; /* snake_case */
    return emphasis(s, c, 2, c == '*' ? STARS : LINES, DS_NOTION_BOLD) ||
           emphasis(s, c, 1, c == '*' ? STAR : LINE, DS_NOTION_ITALIC);
}

/* ---- links ----------------------------------------------------------------------------------- */

const char *ds_notion_bracket(const char *text, const char *stop)
{
    const char *end = stop - text > LABEL_MAX ? text + LABEL_MAX : stop, *at = text;
    bool ticks[TICKS_MAX] = {false};
    int open = 1;

    while (at < end) {
        open += (*at == '[') - (*at == ']');
        if (!open)
            return at;
        at = past(at, end, ticks);
    }
    return NULL;
}

/* Of an address, without the backslashes before what would else mean something. */
static const char *plain(const char *from, const char *to, ds_arena *a)
{
    char *text = ds_arena_strndup(a, from, (size_t)(to - from)), *out = text;

    for (const char *at = text; *at; at++) {
        at += *at == '\\' && ispunct((unsigned char)at[1]);
        *out++ = *at;
    }
    *out = '\0';
    return text;
}

const char *ds_notion_target(const char *text, const char *stop, const char **end, ds_arena *a)
{
    const char *from = text + 1, *at, *to;
    int open = 1;

    if (text >= stop || *text != '(')
        return NULL;
    for (at = from; at < stop && at - from < LABEL_MAX + LABEL_MAX; at++) {
        open += (*at == '(') - (*at == ')');
        if (!open)
            break;
        at += *at == '\\' && at + 1 < stop;
    }
    if (open || at >= stop)
        return NULL;
    *end = at + 1;
    while (from < at && isspace((unsigned char)*from))
        from++;
    for (to = from; to < at && !isspace((unsigned char)*to);)
        to++;
    if (to - from > 2 && *from == '<' && to[-1] == '>') {
        from++;
        to--;
    }
    return plain(from, to, a);
}

/* "[label](target)", at the bracket; `image`: there is a "!" before it. */
static bool link_to(span *s, bool image)
{
    const char *from = s->at + 1 + image, *label_end, *target, *end;

    if (s->nested >= NESTED_MAX || from > s->end)
        return false;
    label_end = ds_notion_bracket(from, s->end);
    if (!label_end)
        return false;
    target = ds_notion_target(label_end + 1, s->end, &end, s->out->arena);
    if (!target)
        return false;
    /* What leads nowhere from Notion (a path, a fragment) keeps its text alone. */
    inside(s, from, label_end, 0, !s->link && ds_notion_is_web(target) ? target : NULL);
    s->at = end;
    return true;
}

/* "<https://example.org>" */
static bool address(span *s)
{
    const char *from = s->at + 1, *end = from, *url;

    while (end < s->end && end - from < LABEL_MAX && !strchr("<> \n", *end))
        end++;
    if (end >= s->end || *end != '>' || *from == '/')
        return false;
    url = ds_arena_strndup(s->out->arena, from, (size_t)(end - from));
    if (!ds_notion_is_web(url))
        return false;
    flush(s);
    ds_notion_line_add(s->out,
                       (ds_notion_run){url, strlen(url), s->looks, s->link ? s->link : url});
    s->at = end + 1;
    return true;
}

/* ---- HTML ------------------------------------------------------------------------------------ */

static bool starts_with(const span *s, const char *text)
{
    size_t n = strlen(text);

    return (size_t)(s->end - s->at) >= n && memcmp(s->at, text, n) == 0;
}

/* What readers of Markdown show nothing of. */
static bool comment(span *s)
{
    const char *from = s->at + 4, *end;

    if (!starts_with(s, "<!--") || s->hopeless[COMMENT])
        return false;
    end = memmem(from, (size_t)(s->end - from), "-->", 3);
    s->hopeless[COMMENT] = !end;
    if (end)
        s->at = end + 3;
    return end != NULL;
}

static bool line_break(span *s)
{
    static const char *const forms[] = {"<br>", "<br/>", "<br />"};

    for (size_t i = 0; i < DS_COUNT(forms); i++) {
        if (!starts_with(s, forms[i]))
            continue;
        ds_buf_char(&s->text, '\n');
        s->at += strlen(forms[i]);
        return true;
    }
    return false;
}

/* Markdown has no mark of its own for it. */
static bool underlined(span *s)
{
    const char *from = s->at + 3, *to = from;
    bool open[TICKS_MAX] = {false};

    if (!starts_with(s, "<u>") || s->hopeless[UNDERLINE] || s->nested >= NESTED_MAX)
        return false;
    while (s->end - to >= 4 && memcmp(to, "</u>", 4) != 0)
        to = past(to, s->end, open);
    s->hopeless[UNDERLINE] = s->end - to < 4;
    if (s->hopeless[UNDERLINE])
        return false;
    inside(s, from, to, DS_NOTION_UNDERLINE, NULL);
    s->at = to + 4;
    return true;
}

/* ---- entities -------------------------------------------------------------------------------- */

static bool entity(span *s)
{
    static const char *const known[][2] = {{"&amp;", "&"},   {"&lt;", "<"},  {"&gt;", ">"},
                                           {"&quot;", "\""}, {"&#39;", "'"}, {"&nbsp;", "\u00a0"}};

    for (size_t i = 0; i < DS_COUNT(known); i++) {
        size_t n = strlen(known[i][0]);

        if ((size_t)(s->end - s->at) < n || memcmp(s->at, known[i][0], n) != 0)
            continue;
        ds_buf_text(&s->text, known[i][1]);
        s->at += n;
        return true;
    }
    return false;
}

/* ---- walking --------------------------------------------------------------------------------- */

static bool special(span *s, const char *begin)
{
    bool more = s->at + 1 < s->end;

    switch (*s->at) {
    case '\\':
        if (!more || !ispunct((unsigned char)s->at[1]))
            return false;
        ds_buf_char(&s->text, s->at[1]);
        s->at += 2;
        return true;
    case '`':
        return code(s);
    case '*':
    case '_':
        return stars(s, begin);
    case '~':
        return emphasis(s, '~', 2, TILDES, DS_NOTION_STRIKE);
    case '!':
        return more && s->at[1] == '[' && link_to(s, true);
    case '[':
        return link_to(s, false);
    case '<':
        return more && (comment(s) || line_break(s) || underlined(s) || address(s));
    case '&':
        return entity(s);
    default:
        return false;
    }
}

static void walk(span *s)
{
    const char *begin = s->at;

    while (s->at < s->end) {
        if (special(s, begin))
            continue;
        do /* a row of marks that began nothing is passed as one */
            ds_buf_char(&s->text, *s->at++);
        while (s->at < s->end && s->at[-1] == *s->at && strchr("*_~", *s->at));
    }
    flush(s);
}

void ds_notion_inline(const char *text, size_t n, ds_notion_line *out)
{
    span s = {.out = out, .at = text, .end = text + n};

    ds_buf_init(&s.text, n * 2 + 64);
    walk(&s);
    ds_buf_fini(&s.text);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_looks(unsigned looks, ds_json_writer *w)
{
    static const char *const names[] = {"bold", "italic", "strikethrough", "code", "underline"};

    ds_json_w_name(w, "annotations");
    ds_json_w_begin_object(w);
    for (size_t i = 0; i < DS_COUNT(names); i++) {
        if (!(looks >> i & 1))
            continue;
        ds_json_w_name(w, names[i]);
        ds_json_w_bool(w, true);
    }
    ds_json_w_end_object(w);
}

static void write_run(const ds_notion_run *run, const char *text, size_t n, ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    ds_json_w_name(w, "text");
    ds_json_w_begin_object(w);
    ds_json_w_name(w, "content");
    ds_json_w_text_n(w, text, n);
    if (run->link) {
        ds_json_w_name(w, "link");
        ds_json_w_begin_object(w);
        ds_json_w_name(w, "url");
        ds_json_w_text(w, run->link);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_object(w);
    if (run->looks)
        write_looks(run->looks, w);
    ds_json_w_end_object(w);
}

void ds_notion_line_write(const ds_notion_line *line, size_t *at, ds_json_writer *w)
{
    size_t before = w->out->n, items = 0;

    ds_json_w_begin_list(w);
    while (*at < line->n && items < DS_NOTION_LIST_MAX && w->out->n - before < BLOCK_BYTES) {
        ds_notion_run *run = &line->runs[*at];
        size_t some = ds_notion_prefix(run->text, run->n, DS_NOTION_RUN_UNITS);

        write_run(run, run->text, some, w);
        items++;
        run->text += some;
        run->n -= some;
        *at += !run->n;
    }
    ds_json_w_end_list(w);
}
