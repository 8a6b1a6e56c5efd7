/* src/connectors/notion/body.c
 *
 * Blocks as Markdown: each has its own few lines, and what stands within it goes below, indented as
 * its marker asks.
 */
#include "connectors/notion/body.h"
#include "connectors/notion/notion.h"

#include <stdio.h>
#include <string.h>

#define BLOCK_MAX (4 * DS_MIB)

/* ---- the tree -------------------------------------------------------------------------------- */

void ds_notion_body_add(ds_notion_body_blocks *to, const ds_json *list, ds_arena *a)
{
    size_t n = to->n + ds_json_size(list);

    if (n > to->cap) {
        size_t cap = DS_MAX(2 * to->cap, n);

        to->items =
            ds_arena_grow(a, to->items, to->cap * sizeof(*to->items), cap * sizeof(*to->items));
        to->cap = cap;
    }
    DS_JSON_EACH (list, json)
        to->items[to->n++] = (ds_notion_body_block){.json = json};
}

static const char *type_of(const ds_json *block)
{
    const char *type = ds_json_text(block, "type");

    return type ? type : "";
}

bool ds_notion_body_has_below(const ds_json *block)
{
    return ds_json_bool(block, "has_children") && strncmp(type_of(block), "child_", 6) != 0;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* A level of indentation: `lead` stands in its first line, `cont` in all others. */
typedef struct level {
    char lead[16], cont[16];
    bool fresh; /* its first line has not been written */
} level;

typedef struct page_writer {
    ds_buf *out;
    ds_arena *arena;
    level levels[DS_NOTION_BODY_DEPTH + 2];
    size_t depth;
} page_writer;

typedef enum list_kind {
    NO_LIST,
    BULLETS,
    NUMBERS,
} list_kind;

/* `after`: something stands before them; of the list `before`, if of any. */
static void put_blocks(page_writer *w, const ds_notion_body_blocks *blocks, bool after,
                       list_kind before);

static void push(page_writer *w, const char *lead, const char *cont)
{
    level *l = &w->levels[w->depth++];

    *l = (level){.fresh = true};
    snprintf(l->lead, sizeof(l->lead), "%s", lead);
    snprintf(l->cont, sizeof(l->cont), "%s", cont);
}

static bool is_full(const page_writer *w)
{
    return w->depth == DS_COUNT(w->levels);
}

static void put_prefix(page_writer *w)
{
    for (size_t i = 0; i < w->depth; i++) {
        ds_buf_text(w->out, w->levels[i].fresh ? w->levels[i].lead : w->levels[i].cont);
        w->levels[i].fresh = false;
    }
}

static void trim_line(ds_buf *out)
{
    while (out->n && out->data[out->n - 1] == ' ')
        out->data[--out->n] = '\0';
}

/* Each line of the text behind the prefix; an empty text is a line too. */
static void put_lines(page_writer *w, const char *text)
{
    for (;;) {
        size_t n = strcspn(text, "\n");

        put_prefix(w);
        ds_buf_add(w->out, text, n);
        if (!n)
            trim_line(w->out);
        ds_buf_char(w->out, '\n');
        if (!text[n] || !text[n + 1])
            return;
        text += n + 1;
    }
}

static void put_buf(page_writer *w, const ds_buf *text)
{
    put_lines(w, text->n ? text->data : "");
    if (text->overflow)
        w->out->overflow = true;
}

/* ---- kinds of blocks ------------------------------------------------------------------------- */

static const ds_json *content_of(const ds_notion_body_block *block)
{
    return ds_json_get(block->json, type_of(block->json));
}

static const ds_json *rich_of(const ds_notion_body_block *block)
{
    return ds_json_get(content_of(block), "rich_text");
}

static void put_rich(page_writer *w, const ds_notion_body_block *block, const char *before,
                     ds_notion_body_how how)
{
    DS_AUTO_BUF(text, BLOCK_MAX);

    ds_buf_text(&text, before);
    ds_notion_body_line(rich_of(block), how, w->arena, &text);
    if (text.n > strlen(before) || *before)
        put_buf(w, &text);
}

static void paragraph(page_writer *w, const ds_notion_body_block *block)
{
    put_rich(w, block, "", DS_NOTION_BODY_FLOWING);
    put_blocks(w, &block->below, ds_json_size(rich_of(block)) > 0, NO_LIST);
}

static void heading(page_writer *w, const ds_notion_body_block *block)
{
    char digit = type_of(block->json)[strlen("heading_")];
    size_t n = digit >= '1' && digit <= '6' ? (size_t)(digit - '0') : 1;

    if (ds_json_size(rich_of(block)))
        put_rich(w, block, &"###### "[6 - n], DS_NOTION_BODY_SINGLE);
    put_blocks(w, &block->below, ds_json_size(rich_of(block)) > 0, NO_LIST);
}

/* A quote, a callout: its text and all within it behind the same mark. */
static void quote(page_writer *w, const ds_notion_body_block *block)
{
    const char *emoji = ds_json_text(ds_json_get(content_of(block), "icon"), "emoji");

    if (is_full(w))
        return;
    push(w, "> ", "> ");
    put_rich(w, block, emoji ? ds_arena_printf(w->arena, "%s ", emoji) : "",
             DS_NOTION_BODY_FLOWING);
    if (w->levels[w->depth - 1].fresh && !block->below.n)
        put_lines(w, "");
    put_blocks(w, &block->below, !w->levels[w->depth - 1].fresh, NO_LIST);
    w->depth--;
}

static void put_code(page_writer *w, const char *info, const char *text)
{
    size_t most = 2, here = 0;
    const char *fence;

    for (const char *at = text; *at; at++) {
        here = *at == '`' ? here + 1 : 0;
        most = DS_MAX(most, here);
    }
    fence = memset(ds_arena_zalloc(w->arena, most + 2), '`', most + 1);
    put_lines(w, ds_arena_printf(w->arena, "%s%s", fence, info));
    if (*text)
        put_lines(w, text);
    put_lines(w, fence);
}

static void put_caption(page_writer *w, const ds_notion_body_block *block)
{
    DS_AUTO_BUF(text, BLOCK_MAX);

    ds_notion_body_line(ds_json_get(content_of(block), "caption"), DS_NOTION_BODY_FLOWING, w->arena,
                        &text);
    if (!text.n)
        return;
    put_lines(w, "");
    put_buf(w, &text);
}

/* The language's words in one: "plain text" is no language. */
static const char *info_of(const ds_notion_body_block *block, ds_arena *a)
{
    const char *language = ds_json_text(content_of(block), "language");
    char *info = ds_arena_strdup(a, language ? language : "");

    for (char *at = info; *at; at++)
        if (*at == ' ' || *at == '`' || *at == '\n')
            *at = '-';
    return strcmp(info, "plain-text") == 0 ? "" : info;
}

static void code(page_writer *w, const ds_notion_body_block *block)
{
    DS_AUTO_BUF(text, BLOCK_MAX);

    ds_notion_body_raw(rich_of(block), &text);
    put_code(w, info_of(block, w->arena), text.n ? text.data : "");
    w->out->overflow |= text.overflow;
    put_caption(w, block);
}

static void equation(page_writer *w, const ds_notion_body_block *block)
{
    const char *expression = ds_json_text(content_of(block), "expression");

    put_lines(w, "$$");
    put_lines(w, expression ? expression : "");
    put_lines(w, "$$");
}

static void divider(page_writer *w, const ds_notion_body_block *block)
{
    (void)block;
    put_lines(w, "---");
}

/* ---- links ----------------------------------------------------------------------------------- */

static void put_link(page_writer *w, const char *before, const char *text, const ds_json *rich,
                     const char *url)
{
    DS_AUTO_BUF(line, BLOCK_MAX);
    size_t began;

    ds_buf_printf(&line, "%s[", before);
    began = line.n;
    ds_notion_body_line(rich, DS_NOTION_BODY_SINGLE, w->arena, &line);
    if (line.n == began)
        ds_notion_body_escape(text, DS_NOTION_BODY_SINGLE, &line);
    ds_buf_text(&line, "](");
    ds_notion_body_address(url, &line);
    ds_buf_char(&line, ')');
    put_buf(w, &line);
}

static const char *last_part(const char *url)
{
    const char *slash = strrchr(url, '/');

    return slash && slash[1] ? slash + 1 : url;
}

/* A file of any kind. One that was uploaded a moment ago may have no address yet. */
static void media(page_writer *w, const ds_notion_body_block *block)
{
    const ds_json *content = content_of(block);
    const char *url = ds_notion_file_url(content, w->arena);
    const char *name = ds_json_text(content, "name");
    bool image = strcmp(type_of(block->json), "image") == 0;

    if (!url)
        return;
    if (!name || !*name)
        name = image ? "" : last_part(url);
    put_link(w, image ? "!" : "", name, ds_json_get(content, "caption"), url);
}

static void bookmark(page_writer *w, const ds_notion_body_block *block)
{
    const ds_json *content = content_of(block);
    const char *url = ds_json_text(content, "url");

    if (url)
        put_link(w, "", url, ds_json_get(content, "caption"), url);
}

static const char *address_of_id(const char *id, ds_arena *a)
{
    char *url = ds_arena_printf(a, "https://www.notion.so/%s", id), *to = strrchr(url, '/');

    for (const char *at = to; *at; at++)
        if (*at != '-')
            *to++ = *at;
    *to = '\0';
    return url;
}

/* A page or database of its own that stands here. */
static void child(page_writer *w, const ds_notion_body_block *block)
{
    const char *title = ds_json_text(content_of(block), "title");
    const char *id = ds_json_text(block->json, "id");

    if (id)
        put_link(w, "", title && *title ? title : "Untitled", NULL, address_of_id(id, w->arena));
}

static void link_to_page(page_writer *w, const ds_notion_body_block *block)
{
    const char *type = ds_json_text(content_of(block), "type");
    const char *id = type ? ds_json_text(content_of(block), type) : NULL;
    const char *url = id ? address_of_id(id, w->arena) : NULL;

    if (url)
        put_link(w, "", url, NULL, url);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static size_t width_of(const ds_notion_body_block *table)
{
    int64_t width = ds_json_integer(content_of(table), "table_width", 1);

    return (size_t)DS_MIN(DS_MAX(width, INT64_C(1)), INT64_C(1000));
}

static void put_row(page_writer *w, const ds_json *cells, size_t width)
{
    DS_AUTO_BUF(line, BLOCK_MAX);

    for (size_t i = 0; i < width; i++) {
        ds_buf_text(&line, "| ");
        ds_notion_body_line(ds_json_at(cells, i), DS_NOTION_BODY_CELL, w->arena, &line);
        ds_buf_char(&line, ' ');
    }
    ds_buf_char(&line, '|');
    put_buf(w, &line);
}

/* The first row is the head; where the table has none, an empty one. */
static void table(page_writer *w, const ds_notion_body_block *block)
{
    size_t width = width_of(block), at = 0;
    bool head = ds_json_bool(content_of(block), "has_column_header") && block->below.n;
    DS_AUTO_BUF(line, BLOCK_MAX);

    put_row(w, head ? ds_json_get(content_of(&block->below.items[at++]), "cells") : NULL, width);
    for (size_t i = 0; i < width; i++)
        ds_buf_text(&line, "| --- ");
    ds_buf_char(&line, '|');
    put_buf(w, &line);
    for (; at < block->below.n; at++)
        put_row(w, ds_json_get(content_of(&block->below.items[at]), "cells"), width);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static list_kind list_of(const ds_notion_body_block *block)
{
    const char *type = type_of(block->json);

    if (strcmp(type, "numbered_list_item") == 0)
        return NUMBERS;
    return strcmp(type, "bulleted_list_item") == 0 || strcmp(type, "to_do") == 0 ||
                   strcmp(type, "toggle") == 0
               ? BULLETS
               : NO_LIST;
}

static void put_item(page_writer *w, const ds_notion_body_block *block, size_t number)
{
    char marker[16] = "- ", blanks[16] = "  ";
    bool task = strcmp(type_of(block->json), "to_do") == 0;
    const char *box = ds_json_bool(content_of(block), "checked") ? "[x] " : "[ ] ";
    list_kind inner;

    if (is_full(w))
        return;
    if (list_of(block) == NUMBERS) {
        snprintf(marker, sizeof(marker), "%zu. ", number);
        memset(blanks, ' ', strlen(marker));
        blanks[strlen(marker)] = '\0';
    }
    push(w, marker, blanks);
    put_rich(w, block, task ? box : "", DS_NOTION_BODY_FLOWING);
    inner = block->below.n ? list_of(block->below.items) : NO_LIST;
    if (w->levels[w->depth - 1].fresh && (!block->below.n || inner))
        put_lines(w, "");
    put_blocks(w, &block->below, !w->levels[w->depth - 1].fresh, inner);
    w->depth--;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void within(page_writer *w, const ds_notion_body_block *block)
{
    put_blocks(w, &block->below, false, NO_LIST);
}

static void nothing(page_writer *w, const ds_notion_body_block *block)
{
    (void)w, (void)block;
}

/* Of a type of a later day: its text, what stands within it; else its name, so that nobody takes
 * the text for complete. */
static void unknown(page_writer *w, const ds_notion_body_block *block)
{
    const char *type = type_of(block->json);
    bool plain = *type && strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(type);

    if (ds_json_size(rich_of(block)) || block->below.n)
        paragraph(w, block);
    else
        put_lines(w, ds_arena_printf(w->arena, "<!-- %.60s -->", plain ? type : "unknown"));
}

static const struct kind {
    const char *type;
    void (*put)(page_writer *w, const ds_notion_body_block *block);
} kinds[] = {
    {"paragraph", paragraph},
    {"heading_1", heading},
    {"heading_2", heading},
    {"heading_3", heading},
    {"heading_4", heading},
    {"quote", quote},
    {"callout", quote},
    {"code", code},
    {"equation", equation},
    {"divider", divider},
    {"image", media},
    {"video", media},
    {"audio", media},
    {"pdf", media},
    {"file", media},
    {"bookmark", bookmark},
    {"embed", bookmark},
    {"link_preview", bookmark},
    {"child_page", child},
    {"child_database", child},
    {"link_to_page", link_to_page},
    {"table", table},
    {"column_list", within},
    {"column", within},
    {"synced_block", within},
    {"tab", within},
    {"breadcrumb", nothing},
    {"table_of_contents", nothing},
};

static void put_block(page_writer *w, const ds_notion_body_block *block)
{
    const char *type = type_of(block->json);

    for (size_t i = 0; i < DS_COUNT(kinds); i++)
        if (strcmp(kinds[i].type, type) == 0) {
            kinds[i].put(w, block);
            return;
        }
    unknown(w, block);
}

/* An empty line between two, but not between the items of a list; a block that writes nothing
 * leaves no line behind. */
static void put_blocks(page_writer *w, const ds_notion_body_blocks *blocks, bool after,
                       list_kind before)
{
    size_t number = 0;

    for (size_t i = 0; i < blocks->n; i++) {
        const ds_notion_body_block *block = &blocks->items[i];
        list_kind kind = list_of(block);
        size_t was = w->out->n, began;

        number = kind == NUMBERS ? number + 1 : 0;
        if (after && (kind != before || kind == NO_LIST))
            put_lines(w, "");
        began = w->out->n;
        if (kind)
            put_item(w, block, number);
        else
            put_block(w, block);
        if (w->out->n > began) {
            after = true;
            before = kind;
        } else if (was < began) {
            w->out->n = was;
            w->out->data[was] = '\0';
        }
    }
}

void ds_notion_body_text(const ds_notion_body_blocks *page, ds_arena *a, ds_buf *out)
{
    page_writer w = {.out = out, .arena = a};

    put_blocks(&w, page, false, NO_LIST);
}
