/* src/connectors/notion/markdown.c
 *
 * Markdown, line by line, into blocks: headings, lists in lists, tasks, code, quotes, tables,
 * dividers, images, paragraphs.  What is none of them (HTML, definitions of links) is a paragraph.
 */
#include "connectors/notion/blocks.h"

#include <ctype.h>
#include <string.h>

#define TABLE_ROWS ((size_t)100)
#define ROW_BYTES ((size_t)150000) /* of the rows of one table block */
#define ROW_LINE ((size_t)20000)   /* bytes of a line that is one row */
#define ROW_MARKUP ((size_t)100000)
#define HEAD_MAX (32 * DS_MIB)

typedef struct line {
    const char *start;
    const char *text; /* behind the indentation */
    size_t n;         /* without blanks at the end */
    size_t indent;    /* columns */
    bool broken;      /* it ends in two blanks: a line break is meant */
    bool slashed;     /* in a backslash: the same, where more follows */
} line;

typedef struct reader {
    ds_notion_blocks *out;
    ds_arena *arena;
    const char *at, *end;
    size_t indents[16]; /* of the lists around: where their text begins */
    unsigned lists;
    bool after_blank;
} reader;

/* ---- lines ----------------------------------------------------------------------------------- */

static bool read_line(const char **at, const char *end, line *l)
{
    const char *stop, *p = *at;

    if (p >= end)
        return false;
    stop = memchr(p, '\n', (size_t)(end - p));
    *at = stop ? stop + 1 : end;
    if (!stop)
        stop = end;
    if (stop > p && stop[-1] == '\r')
        stop--;
    l->start = p;
    l->indent = 0;
    for (; p < stop && (*p == ' ' || *p == '\t'); p++)
        l->indent += *p == '\t' ? 4 - l->indent % 4 : 1;
    l->text = p;
    l->broken = stop - p > 2 && stop[-1] == ' ' && stop[-2] == ' ';
    while (stop > p && isspace((unsigned char)stop[-1]))
        stop--;
    l->n = (size_t)(stop - p);
    l->slashed = false;
    while (stop > p && *--stop == '\\') /* each second one is a backslash itself */
        l->slashed = !l->slashed;
    return true;
}

static bool next_line(reader *r, line *l)
{
    return read_line(&r->at, r->end, l);
}

static bool peek(const reader *r, line *l)
{
    const char *at = r->at;

    return read_line(&at, r->end, l);
}

/* ---- what a line is -------------------------------------------------------------------------- */

/* A row of at least `least` of one character of `of`, blanks between allowed: "* * *". */
static bool is_rule(const line *l, const char *of, size_t least)
{
    size_t n = 0;

    if (!l->n || !strchr(of, l->text[0]))
        return false;
    for (size_t i = 0; i < l->n; i++) {
        if (l->text[i] == l->text[0])
            n++;
        else if (l->text[i] != ' ')
            return false;
    }
    return n >= least;
}

static size_t heading_level(const line *l)
{
    size_t n = 0;

    while (n < l->n && l->text[n] == '#')
        n++;
    return n && n <= 6 && (n == l->n || l->text[n] == ' ') ? n : 0;
}

/* Bytes of a list's mark and the blanks behind it; 0: it is none. */
static size_t list_mark(const line *l, bool *numbered)
{
    size_t n = 0;

    while (n < l->n && n < 9 && isdigit((unsigned char)l->text[n]))
        n++;
    *numbered = n > 0;
    if (n >= l->n || !strchr(*numbered ? ".)" : "-*+", l->text[n]) || is_rule(l, "-*", 3))
        return 0;
    n++;
    if (n == l->n)
        return n;
    if (l->text[n] != ' ')
        return 0;
    while (n < l->n && l->text[n] == ' ')
        n++;
    return n;
}

/* Length of the fence of a code block; 0: it is none. */
static size_t fence(const line *l)
{
    size_t n = 0;

    if (!l->n || !strchr("`~", l->text[0]))
        return 0;
    while (n < l->n && l->text[n] == l->text[0])
        n++;
    if (n < 3 || (l->text[0] == '`' && memchr(l->text + n, '`', l->n - n)))
        return 0;
    return n;
}

/* "|---|:-:|" */
static bool is_table_rule(const line *l)
{
    bool dash = false, pipe = false;

    for (size_t i = 0; i < l->n; i++) {
        dash |= l->text[i] == '-';
        pipe |= l->text[i] == '|';
        if (!strchr("|-: ", l->text[i]))
            return false;
    }
    return dash && pipe;
}

static bool begins_block(const line *l)
{
    bool numbered;

    return heading_level(l) || fence(l) || l->text[0] == '>' || is_rule(l, "-*_", 3) ||
           list_mark(l, &numbered);
}

/* ---- making blocks --------------------------------------------------------------------------- */

typedef struct kind {
    const char *name;
    const char *more; /* members beside its text: "\"checked\":true," */
    unsigned depth;
    bool nests;
} kind;

/* As many blocks of the kind as the text needs. */
static void add_line(reader *r, const kind *k, const ds_notion_line *text)
{
    size_t at = 0;

    do {
        DS_AUTO_BUF(open, HEAD_MAX);
        ds_json_writer w = ds_json_w(&open, false);

        ds_buf_printf(&open, "\"%s\":{%s\"rich_text\":", k->name, k->more);
        ds_notion_line_write(text, &at, &w);
        ds_notion_blocks_add(r->out, ds_arena_strndup(r->arena, open.data, open.n), open.n,
                             k->depth, 1, k->nests);
    } while (at < text->n);
}

static void add_text(reader *r, const kind *k, const char *text, size_t n)
{
    ds_notion_line out = {.arena = r->arena};

    ds_notion_inline(text, n, &out);
    if (out.n || strcmp(k->name, "paragraph") != 0) /* one of comments alone is none */
        add_line(r, k, &out);
}

/* Where there can be no second block: with too many marks the words stand alone. */
static void write_in_one(reader *r, const char *text, size_t n, bool plain, ds_buf *out)
{
    ds_notion_line all = {.arena = r->arena};
    ds_json_writer w = ds_json_w(out, false);
    size_t from = 0;

    if (!plain)
        ds_notion_inline(text, n, &all);
    if (plain || all.n > DS_NOTION_LIST_MAX) {
        all.n = 0;
        ds_notion_line_add(&all, (ds_notion_run){text, n, 0, NULL});
    }
    ds_notion_line_write(&all, &from, &w);
}

static void add_plain(reader *r, const char *open, unsigned depth)
{
    ds_notion_blocks_add(r->out, open, strlen(open), depth, 1, false);
}

/* ---- paragraphs ------------------------------------------------------------------------------ */

/* "![what it shows](https://...)" alone. */
static bool image(reader *r, const char *text, size_t n)
{
    const char *end = text + n, *bracket, *target, *behind;
    DS_AUTO_BUF(open, HEAD_MAX);
    ds_json_writer w = ds_json_w(&open, false);

    if (n < 5 || text[0] != '!' || text[1] != '[')
        return false;
    bracket = ds_notion_bracket(text + 2, end);
    target = bracket ? ds_notion_target(bracket + 1, end, &behind, r->arena) : NULL;
    if (!target || behind != end || !ds_notion_is_web(target) || target[0] == 'm')
        return false;
    ds_buf_text(&open, "\"image\":{\"external\":{\"url\":");
    ds_json_w_text(&w, target);
    ds_buf_text(&open, "},\"caption\":");
    write_in_one(r, text + 2, (size_t)(bracket - text - 2), false, &open);
    ds_notion_blocks_add(r->out, ds_arena_strndup(r->arena, open.data, open.n), open.n, r->lists, 1,
                         false);
    return true;
}

/* Behind a line that another one follows; `soft` where no break is meant. */
static void add_break(ds_buf *text, const line *l, char soft)
{
    if (l->slashed)
        text->data[--text->n] = '\0';
    ds_buf_char(text, l->broken || l->slashed ? '\n' : soft);
}

/* Lines up to the end of the paragraph become one text. 1 or 2: they were a heading, underlined. */
static int gather(reader *r, line l, ds_buf *text, bool may_be_heading)
{
    line next;

    for (;;) {
        ds_buf_add(text, l.text, l.n);
        if (!peek(r, &next) || !next.n)
            return 0;
        if (may_be_heading && (is_rule(&next, "=", 1) || is_rule(&next, "-", 2))) {
            next_line(r, &next);
            return next.text[0] == '=' ? 1 : 2;
        }
        if (begins_block(&next))
            return 0;
        add_break(text, &l, ' ');
        next_line(r, &l);
    }
}

static const char *const headings[] = {"heading_1", "heading_2", "heading_3"};

static void paragraph(reader *r, const line *l)
{
    DS_AUTO_BUF(text, HEAD_MAX);
    int level = gather(r, *l, &text, true);
    kind k = {.name = level ? headings[level - 1] : "paragraph",
              .more = "",
              .depth = r->lists,
              .nests = false};

    if (level || !image(r, text.data, text.n))
        add_text(r, &k, text.data, text.n);
}

static void heading(reader *r, const line *l, size_t level)
{
    const char *text = l->text + level;
    size_t n = l->n - level, end;

    while (n && *text == ' ') {
        text++;
        n--;
    }
    for (end = n; end && text[end - 1] == '#';)
        end--;
    if (end < n && (!end || text[end - 1] == ' ')) /* "# title #" */
        n = end;
    while (n && text[n - 1] == ' ')
        n--;
    add_text(r, &(kind){headings[DS_MIN(level, 3) - 1], "", r->lists, false}, text, n);
}

/* ---- lists, quotes --------------------------------------------------------------------------- */

static bool is_task(const line *l)
{
    return l->n >= 3 && l->text[0] == '[' && strchr(" xX", l->text[1]) && l->text[2] == ']' &&
           (l->n == 3 || l->text[3] == ' ');
}

static void item(reader *r, line l, size_t mark, bool numbered)
{
    kind k = {.name = numbered ? "numbered_list_item" : "bulleted_list_item",
              .more = "",
              .depth = r->lists,
              .nests = true};
    DS_AUTO_BUF(text, HEAD_MAX);

    if (r->lists < DS_COUNT(r->indents))
        r->indents[r->lists++] = l.indent + mark;
    l.text += mark;
    l.n -= mark;
    if (is_task(&l)) {
        k.name = "to_do";
        k.more = l.text[1] == ' ' ? "\"checked\":false," : "\"checked\":true,";
        l.text += DS_MIN(l.n, (size_t)4);
        l.n -= DS_MIN(l.n, (size_t)4);
    }
    (void)gather(r, l, &text, false);
    add_text(r, &k, text.n ? text.data : "", text.n);
}

static void quote(reader *r, line l)
{
    DS_AUTO_BUF(text, HEAD_MAX);
    line next;

    for (;;) {
        size_t skip = l.n > 1 && l.text[1] == ' ' ? 2 : 1;

        ds_buf_add(&text, l.text + skip, l.n - DS_MIN(skip, l.n));
        if (!peek(r, &next) || !next.n || next.text[0] != '>')
            break;
        add_break(&text, &l, '\n');
        next_line(r, &l);
    }
    add_text(r, &(kind){"quote", "", r->lists, true}, text.n ? text.data : "", text.n);
}

/* ---- code ------------------------------------------------------------------------------------ */

static void add_code(reader *r, const char *language, ds_buf *text)
{
    ds_notion_line out = {.arena = r->arena};
    const char *more = ds_arena_printf(r->arena, "\"language\":\"%s\",", language);

    if (text->n) /* the last line's end is no part of it */
        ds_notion_line_add(&out,
                           (ds_notion_run){ds_arena_strndup(r->arena, text->data, text->n - 1),
                                           text->n - 1, 0, NULL});
    add_line(r, &(kind){"code", more, r->lists, false}, &out);
}

/* The line as it stands, tabs and all, but for `most` columns of its indentation. */
static void add_raw(ds_buf *text, const line *l, const char *line_end, size_t most)
{
    const char *at = l->start;
    size_t column = 0;

    while (line_end > at && strchr("\r\n", line_end[-1]))
        line_end--;
    for (; column < most && at < line_end && (*at == ' ' || *at == '\t'); at++)
        column += *at == '\t' ? 4 - column % 4 : 1;
    for (; column > most; column--) /* a tab's rest */
        ds_buf_char(text, ' ');
    ds_buf_add(text, at, (size_t)(line_end - at));
    ds_buf_char(text, '\n');
}

static void fenced(reader *r, const line *first, size_t fence_n)
{
    size_t from = fence_n, to;
    DS_AUTO_BUF(text, HEAD_MAX);
    line l;

    while (from < first->n && first->text[from] == ' ')
        from++;
    for (to = from; to < first->n && !strchr(" {,", first->text[to]);)
        to++;
    while (next_line(r, &l)) {
        if (fence(&l) == l.n && l.n >= fence_n && l.text[0] == first->text[0])
            break;
        add_raw(&text, &l, r->at, first->indent);
    }
    add_code(r, ds_notion_language(first->text + from, to - from), &text);
}

static void indented(reader *r, line l)
{
    DS_AUTO_BUF(text, HEAD_MAX);
    line next;

    add_raw(&text, &l, r->at, 4);
    while (peek(r, &next) && next.n && next.indent >= 4) {
        next_line(r, &next);
        add_raw(&text, &next, r->at, 4);
    }
    add_code(r, "plain text", &text);
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* The cell at *at, and past the "|" behind it. false: there are no more. */
static bool next_cell(const line *l, size_t *at, const char **text, size_t *n)
{
    size_t from = *at, to;

    if (from >= l->n)
        return false;
    for (to = from; to < l->n && l->text[to] != '|'; to++)
        to += l->text[to] == '\\' && to + 1 < l->n;
    to = DS_MIN(to, l->n);
    *at = to + 1;
    while (from < to && l->text[from] == ' ')
        from++;
    while (to > from && l->text[to - 1] == ' ')
        to--;
    *text = l->text + from;
    *n = to - from;
    return true;
}

static size_t count_cells(const line *l)
{
    size_t at = l->text[0] == '|', n = 0, some;
    const char *text;

    while (next_cell(l, &at, &text, &some))
        n++;
    return DS_MIN(n, DS_NOTION_LIST_MAX);
}

/* "\|" is a bar wherever it stands in a cell, in code too. */
static const char *without_bars(reader *r, const char *text, size_t *n)
{
    char *copy, *out;

    if (!memmem(text, *n, "\\|", 2))
        return text;
    copy = out = ds_arena_alloc(r->arena, *n + 1);
    for (size_t i = 0; i < *n; i++) {
        i += text[i] == '\\' && i + 1 < *n && text[i + 1] == '|';
        *out++ = text[i];
    }
    *n = (size_t)(out - copy);
    return copy;
}

/* Markup may make a row longer than a block can be: then its words stand alone. */
static void write_row(reader *r, const line *l, size_t width, bool plain, ds_buf *row)
{
    size_t at = l->text[0] == '|', n;
    const char *text = "";

    ds_buf_text(row, "{\"table_row\":{\"cells\":[");
    for (size_t i = 0; i < width; i++) {
        if (i)
            ds_buf_char(row, ',');
        if (next_cell(l, &at, &text, &n))
            text = without_bars(r, text, &n);
        else
            n = 0;
        write_in_one(r, text, n, plain, row);
    }
    ds_buf_text(row, "]}}");
}

static void add_row(reader *r, const line *l, size_t width, ds_buf *rows)
{
    DS_AUTO_BUF(row, HEAD_MAX);

    write_row(r, l, width, false, &row);
    if (row.n > ROW_MARKUP) {
        ds_buf_clear(&row);
        write_row(r, l, width, true, &row);
    }
    if (rows->n)
        ds_buf_char(rows, ',');
    ds_buf_add(rows, row.data, row.n);
}

static void add_table(reader *r, size_t width, const ds_buf *rows, size_t rows_n, bool has_header)
{
    DS_AUTO_BUF(open, HEAD_MAX);

    ds_buf_printf(&open, "\"table\":{\"table_width\":%zu,\"has_column_header\":%s,\"children\":[",
                  width, has_header ? "true" : "false");
    ds_buf_add(&open, rows->data, rows->n);
    ds_buf_char(&open, ']');
    ds_notion_blocks_add(r->out, ds_arena_strndup(r->arena, open.data, open.n), open.n,
                         DS_MIN(r->lists, DS_NOTION_DEPTHS - 2), (unsigned)rows_n + 1, false);
}

static void table(reader *r, line l)
{
    size_t width = count_cells(&l), rows_n = 0;
    DS_AUTO_BUF(rows, HEAD_MAX);
    bool header = true;
    line rule;

    add_row(r, &l, width, &rows);
    rows_n++;
    next_line(r, &rule);
    while (peek(r, &l) && l.n && l.n < ROW_LINE && memchr(l.text, '|', l.n)) {
        next_line(r, &l);
        if (rows_n == TABLE_ROWS || rows.n > ROW_BYTES) { /* the rest is a table of its own */
            add_table(r, width, &rows, rows_n, header);
            header = false;
            rows_n = 0;
            ds_buf_clear(&rows);
        }
        add_row(r, &l, width, &rows);
        rows_n++;
    }
    add_table(r, width, &rows, rows_n, header);
}

static bool begins_table(const reader *r, const line *l)
{
    line next;

    return l->n < ROW_LINE && memchr(l->text, '|', l->n) && peek(r, &next) &&
           is_table_rule(&next) && count_cells(l) == count_cells(&next);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Leaves the lists that the line does not lie in. */
static void leave_lists(reader *r, const line *l)
{
    while (r->lists && l->indent < r->indents[r->lists - 1])
        r->lists--;
}

static void block(reader *r, const line *l)
{
    bool numbered;
    size_t n;

    leave_lists(r, l);
    if ((n = fence(l)) > 0)
        fenced(r, l, n);
    else if (l->indent >= 4 && !r->lists && r->after_blank)
        indented(r, *l);
    else if ((n = heading_level(l)) > 0)
        heading(r, l, n);
    else if (is_rule(l, "-*_", 3))
        add_plain(r, "\"divider\":{", r->lists);
    else if (l->text[0] == '>')
        quote(r, *l);
    else if ((n = list_mark(l, &numbered)) > 0)
        item(r, *l, n, numbered);
    else if (begins_table(r, l))
        table(r, *l);
    else
        paragraph(r, l);
}

void ds_notion_markdown(const char *text, size_t n, ds_arena *a, ds_notion_blocks *out)
{
    reader r = {.out = out, .arena = a, .at = text, .end = text + n, .after_blank = true};
    line l;

    *out = (ds_notion_blocks){.arena = a};
    while (next_line(&r, &l)) {
        if (l.n)
            block(&r, &l);
        r.after_blank = !l.n;
    }
}
