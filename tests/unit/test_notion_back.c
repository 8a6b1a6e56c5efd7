/* tests/unit/test_notion_back.c
 *
 * What Notion shows becomes Markdown, and Markdown becomes what Notion is given: there and back, a
 * text is the same, and each letter of it looks the same.  Texts are drawn from pieces that mean
 * something in Markdown; the numbers they are drawn by are the same in each run.
 */
#include "support/run.h"

#include "connectors/notion/blocks.h"
#include "connectors/notion/body.h"

#include <stdio.h>
#include <string.h>

#define TEXTS 6000

static const char *const pieces[] = {
    "a",
    "word",
    "x1",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\t",
    "*",
    "**",
    "***",
    "_",
    "__",
    "~",
    "~~",
    "`",
    "``",
    "```",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "&",
    "&amp;",
    "&#39;",
    "\\",
    "#",
    "# ",
    "- ",
    "+ ",
    "1. ",
    "12) ",
    "> ",
    "|",
    "=",
    "---",
    "!",
    "![",
    "<br>",
    "<u>",
    "</u>",
    "<!--",
    "-->",
    "$",
    "http://x.org",
    ".",
    "[x] ",
    "\"",
    "'",
    "\xc3\xa4",
    "e\xcc\x81",
    "\xf0\x9f\x98\x80",
};
static const char *const kinds[] = {"paragraph",          "heading_1", "bulleted_list_item",
                                    "numbered_list_item", "to_do",     "quote"};
static const char *const links[] = {
    NULL, NULL, NULL, "https://x.org/a", "https://x.org/a_b*c/~~d", "mailto:a@example.org"};
static const char *const looks[] = {"bold", "italic", "strikethrough", "code", "underline"};

static uint64_t drawn;

static unsigned draw(unsigned below)
{
    drawn = drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(drawn >> 33) % below;
}

static const char *draw_text(void)
{
    DS_AUTO_BUF(text, DS_KIB);

    for (unsigned n = 1 + draw(6); n; n--)
        ds_buf_text(&text, pieces[draw(DS_COUNT(pieces))]);
    return ds_arena_strndup(scratch, text.data, text.n);
}

/* Each character with how it looks and where it leads. Blanks in a row are one, and have no looks;
 * a heading's line feeds are blanks. */
static void note(ds_buf *seen, const char *text, unsigned how, const char *link, bool heading)
{
    for (; *text; text++) {
        bool feed = *text == '\n' && !heading, blank = feed || strchr(" \t\n", *text);
        char last = seen->n ? seen->data[seen->n - 1] : '\0';

        if (!blank)
            ds_buf_printf(seen, "%c%s%c", 'A' + (char)how, link ? link : "", *text);
        else if (feed && last == ' ')
            seen->data[seen->n - 1] = '\n';
        else if (last && last != '\n' && (feed || last != ' '))
            ds_buf_char(seen, feed ? '\n' : ' ');
    }
}

static void end_notes(ds_buf *seen)
{
    while (seen->n && strchr(" \n", seen->data[seen->n - 1]))
        seen->data[--seen->n] = '\0';
}

/* A block of a few runs as the API shows it. */
static const char *draw_block(const char *kind, ds_buf *seen)
{
    DS_AUTO_BUF(out, 64 * DS_KIB);
    ds_json_writer w = ds_json_w(&out, false);

    ds_buf_printf(&out, "[{\"id\":\"x\",\"type\":\"%s\",\"%s\":{\"rich_text\":[", kind, kind);
    for (unsigned i = 0, n = 1 + draw(4); i < n; i++) {
        const char *text = draw_text(), *link;
        unsigned how = draw(32);

        if (strchr(text, '\n')) /* in code it would be a blank */
            how &= ~(unsigned)DS_NOTION_CODE;
        link = strspn(text, " \t\n") < strlen(text) ? links[draw(DS_COUNT(links))] : NULL;
        note(seen, text, how, link, strncmp(kind, "heading", 7) == 0);
        ds_buf_text(&out, i ? ",{\"type\":\"text\",\"plain_text\":"
                            : "{\"type\":\"text\",\"plain_text\":");
        w = ds_json_w(&out, false);
        ds_json_w_text(&w, text);
        if (link)
            ds_buf_printf(&out, ",\"href\":\"%s\"", link);
        ds_buf_text(&out, ",\"annotations\":{\"color\":\"default\"");
        for (size_t k = 0; k < DS_COUNT(looks); k++)
            ds_buf_printf(&out, ",\"%s\":%s", looks[k], how >> k & 1 ? "true" : "false");
        ds_buf_text(&out, "}}");
    }
    ds_buf_text(&out, "]}}]");
    return ds_arena_strndup(scratch, out.data, out.n);
}

static const ds_json *json(const char *text)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *doc = ds_json_read(scratch, text, strlen(text), &err);

    if (!doc)
        fail_msg("%s: %s", err.text, text);
    return doc;
}

static const char *markdown_of(const char *blocks)
{
    ds_notion_body_blocks page = {.n = 0};
    DS_AUTO_BUF(out, DS_MIB);

    ds_notion_body_add(&page, json(blocks), scratch);
    ds_notion_body_text(&page, scratch, &out);
    return ds_arena_strndup(scratch, out.n ? out.data : "", out.n);
}

/* What Notion would be given: one block of that kind. */
static void note_given(const char *markdown, const char *kind, ds_buf *seen)
{
    ds_notion_blocks blocks;
    size_t from = 0, n, top;
    const char *given;
    const ds_json *block;

    ds_notion_markdown(markdown, strlen(markdown), scratch, &blocks);
    given = ds_notion_blocks_next(&blocks, &from, DS_NOTION_ROOM, scratch, &n, &top);
    if (!given)
        return;
    block = ds_json_at(json(given), 0);
    if (top != 1 || !ds_json_get(block, kind))
        fail_msg("not one %s: %s\nof %s", kind, given, markdown);
    DS_JSON_EACH (ds_json_get(ds_json_get(block, kind), "rich_text"), run) {
        unsigned how = 0;

        for (unsigned k = 0; k < DS_COUNT(looks); k++)
            how |= (unsigned)ds_json_bool(ds_json_get(run, "annotations"), looks[k]) << k;
        note(seen, ds_json_text(ds_json_get(run, "text"), "content"), how,
             ds_json_text(ds_json_path(run, "text.link"), "url"), false);
    }
}

static void a_text_comes_back_as_it_was(void **state)
{
    ds_arena *all = scratch;

    (void)state;
    for (unsigned i = 0; i < TEXTS; i++) {
        DS_AUTO(ds_arena) one = ds_arena_new();
        DS_AUTO_BUF(shown, 64 * DS_KIB);
        DS_AUTO_BUF(given, 64 * DS_KIB);
        const char *kind, *blocks, *markdown;

        scratch = one;
        drawn = i;
        (void)draw(2);
        kind = kinds[draw(DS_COUNT(kinds))];
        blocks = draw_block(kind, &shown);
        markdown = markdown_of(blocks);
        note_given(markdown, kind, &given);
        end_notes(&shown);
        end_notes(&given);
        if (shown.n != given.n || (shown.n && memcmp(shown.data, given.data, shown.n) != 0))
            fail_msg("text %u: %s\nis %s\nand comes back as %s", i, blocks, markdown,
                     given.n ? given.data : "nothing");
        scratch = all;
    }
}

int main(void)
{
    add_test(a_text_comes_back_as_it_was);
    return run_tests("Notion, there and back");
}
