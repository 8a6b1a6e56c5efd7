/* tests/unit/test_notion_body.c - blocks of a page as Markdown. */
#include "connectors/notion/body.h"
#include "support/run.h"

#include <string.h>

/* A run of text, plain or with a mark; a list of one. */
#define RUN(text_) "{\"type\":\"text\",\"plain_text\":\"" text_ "\",\"annotations\":{}}"
#define MARKED(text_, mark_)                                                                       \
    "{\"type\":\"text\",\"plain_text\":\"" text_ "\",\"annotations\":{\"" mark_ "\":true}}"
#define LINK(text_, url_)                                                                          \
    "{\"type\":\"text\",\"plain_text\":\"" text_ "\",\"annotations\":{},\"href\":\"" url_ "\"}"
#define RICH(runs_) "\"rich_text\":[" runs_ "]"
#define BLOCK(type_, content_) "{\"type\":\"" type_ "\",\"" type_ "\":{" content_ "}}"
#define PARAGRAPH(runs_) BLOCK("paragraph", RICH(runs_))
#define ITEM(text_, more_) BLOCK("bulleted_list_item", RICH(RUN(text_)) more_)
#define NUMBERED(text_, more_) BLOCK("numbered_list_item", RICH(RUN(text_)) more_)
#define CHILDREN(blocks_) ",\"children\":[" blocks_ "]"
#define CELL(text_) "[" RUN(text_) "]"
#define ROW(cells_) BLOCK("table_row", "\"cells\":[" cells_ "]")

static const struct row {
    const char *name;
    const char *blocks; /* without the list around them; `children` is what stands within */
    const char *text;
} rows[] = {
    {"nothing", "", ""},
    {"a paragraph", PARAGRAPH(RUN("hello")), "hello\n"},
    {"two of them", PARAGRAPH(RUN("one")) "," PARAGRAPH(RUN("two")), "one\n\ntwo\n"},
    {"empty ones leave no line behind",
     PARAGRAPH("") "," PARAGRAPH(RUN("one")) "," PARAGRAPH("") "," PARAGRAPH("") "," PARAGRAPH(
         RUN("two")) "," PARAGRAPH(""),
     "one\n\ntwo\n"},
    {"what stands within a paragraph follows it",
     BLOCK("paragraph", RICH(RUN("a")) CHILDREN(PARAGRAPH(RUN("b")) "," PARAGRAPH(RUN("c")))),
     "a\n\nb\n\nc\n"},
    {"a line feed is a hard break", PARAGRAPH(RUN("one\\ntwo")), "one\\\ntwo\n"},
    {"a line feed between runs too", PARAGRAPH(RUN("one\\n") "," RUN("# two")), "one\\\n\\# two\n"},

    {"headings",
     BLOCK("heading_1", RICH(RUN("a"))) "," BLOCK("heading_2", RICH(RUN("b"))) "," BLOCK(
         "heading_3", RICH(RUN("c"))) "," BLOCK("heading_4", RICH(RUN("d"))),
     "# a\n\n## b\n\n### c\n\n#### d\n"},
    {"a heading is one line", BLOCK("heading_1", RICH(RUN("a\\nb"))), "# a b\n"},
    {"a heading that folds", BLOCK("heading_2", RICH(RUN("a")) CHILDREN(PARAGRAPH(RUN("b")))),
     "## a\n\nb\n"},
    {"an empty heading is none", BLOCK("heading_1", RICH("")), ""},

    {"a list", ITEM("a", "") "," ITEM("b", ""), "- a\n- b\n"},
    {"a list between paragraphs", PARAGRAPH(RUN("x")) "," ITEM("a", "") "," PARAGRAPH(RUN("y")),
     "x\n\n- a\n\ny\n"},
    {"lists within lists",
     ITEM("a", CHILDREN(ITEM("b", CHILDREN(ITEM("c", ""))))) "," ITEM("d", ""),
     "- a\n  - b\n    - c\n- d\n"},
    {"a paragraph within an item", ITEM("a", CHILDREN(PARAGRAPH(RUN("b")))) "," ITEM("c", ""),
     "- a\n\n  b\n- c\n"},
    {"code within an item",
     ITEM("a", CHILDREN(BLOCK("code", RICH(RUN("x\\n\\ny")) ",\"language\":\"c\""))),
     "- a\n\n  ```c\n  x\n\n  y\n  ```\n"},
    {"an item without text", BLOCK("bulleted_list_item", RICH("")), "-\n"},
    {"an item without text, with a list",
     BLOCK("bulleted_list_item", RICH("") CHILDREN(ITEM("a", ""))), "-\n  - a\n"},
    {"an item without text, with a paragraph",
     BLOCK("bulleted_list_item", RICH("") CHILDREN(PARAGRAPH(RUN("a")))), "- a\n"},
    {"numbers", NUMBERED("a", "") "," NUMBERED("b", CHILDREN(ITEM("c", ""))),
     "1. a\n2. b\n   - c\n"},
    {"numbers begin anew behind something else",
     NUMBERED("a", "") "," PARAGRAPH(RUN("x")) "," NUMBERED("b", ""), "1. a\n\nx\n\n1. b\n"},
    {"two kinds of lists", ITEM("a", "") "," NUMBERED("b", ""), "- a\n\n1. b\n"},
    {"tasks",
     BLOCK("to_do", RICH(RUN("a")) ",\"checked\":true") "," BLOCK(
         "to_do", RICH(RUN("b")) ",\"checked\":false"),
     "- [x] a\n- [ ] b\n"},
    {"a toggle", BLOCK("toggle", RICH(RUN("a")) CHILDREN(PARAGRAPH(RUN("b")))), "- a\n\n  b\n"},

    {"a quote", BLOCK("quote", RICH(RUN("a\\nb")) CHILDREN(ITEM("c", ""))),
     "> a\\\n> b\n>\n> - c\n"},
    {"a callout", BLOCK("callout", RICH(RUN("a")) ",\"icon\":{\"type\":\"emoji\",\"emoji\":\"!\"}"),
     "> ! a\n"},
    {"a callout without anything", BLOCK("callout", RICH("")), ">\n"},
    {"code", BLOCK("code", RICH(RUN("int *x;\\n")) ",\"language\":\"plain text\""),
     "```\nint *x;\n```\n"},
    {"code with a fence in it", BLOCK("code", RICH(RUN("````\\na")) ",\"language\":\"markdown\""),
     "`````markdown\n````\na\n`````\n"},
    {"code with a caption",
     BLOCK("code", RICH(RUN("a")) ",\"language\":\"vb.net\",\"caption\":[" RUN("b") "]"),
     "```vb.net\na\n```\n\nb\n"},
    {"an equation", BLOCK("equation", "\"expression\":\"a_1\""), "$$\na_1\n$$\n"},
    {"a divider", BLOCK("divider", ""), "---\n"},

    {"an image",
     BLOCK("image", "\"type\":\"external\",\"external\":{\"url\":\"https://a.example/x.png\"},"
                    "\"caption\":[" RUN("a") "]"),
     "![a](https://a.example/x.png)\n"},
    {"an image that Notion keeps, without its signature",
     BLOCK("image", "\"type\":\"file\",\"file\":{\"url\":\"https://s.example/y.png?sig=1\"}"),
     "![](https://s.example/y.png)\n"},
    {"a file has the name of its address",
     BLOCK("pdf", "\"type\":\"external\",\"external\":{\"url\":\"https://a.example/x y.pdf\"}"),
     "[x y.pdf](https://a.example/x%20y.pdf)\n"},
    {"a file without address", BLOCK("file", "\"type\":\"file_upload\",\"file_upload\":{}"), ""},
    {"a bookmark", BLOCK("bookmark", "\"url\":\"https://a.example/(b)\""),
     "[https://a.example/(b)](https://a.example/%28b%29)\n"},
    {"a page of its own",
     "{\"type\":\"child_page\",\"id\":\"0f0e0000-0000-0000-0000-000000000001\",\"child_page\":"
     "{\"title\":\"Notes\"}}",
     "[Notes](https://www.notion.so/0f0e0000000000000000000000000001)\n"},
    {"a link to a page",
     BLOCK("link_to_page",
           "\"type\":\"page_id\",\"page_id\":\"0f0e0000-0000-0000-0000-000000000001\""),
     "[https://www.notion.so/0f0e0000000000000000000000000001]"
     "(https://www.notion.so/0f0e0000000000000000000000000001)\n"},

    {"a table",
     BLOCK("table", "\"table_width\":2,\"has_column_header\":true" CHILDREN(
                        ROW(CELL("a") "," CELL("b")) "," ROW(CELL("c|d") "," CELL("e\\nf")))),
     "| a | b |\n| --- | --- |\n| c\\|d | e<br>f |\n"},
    {"a table without a head",
     BLOCK("table", "\"table_width\":1,\"has_column_header\":false" CHILDREN(ROW(CELL("a")))),
     "|  |\n| --- |\n| a |\n"},
    {"a row that is short",
     BLOCK("table", "\"table_width\":2,\"has_column_header\":true" CHILDREN(ROW(CELL("a")))),
     "| a |  |\n| --- | --- |\n"},

    {"columns follow each other",
     BLOCK("column_list",
           "\"x\":1" CHILDREN(BLOCK("column", "\"x\":1" CHILDREN(PARAGRAPH(RUN("a")))) "," BLOCK(
               "column", "\"x\":1" CHILDREN(PARAGRAPH(RUN("b")))))),
     "a\n\nb\n"},
    {"a synced block", BLOCK("synced_block", "\"synced_from\":null" CHILDREN(PARAGRAPH(RUN("a")))),
     "a\n"},
    {"what makes no text", BLOCK("breadcrumb", "") "," BLOCK("table_of_contents", ""), ""},
    {"a type of a later day, with text", BLOCK("shout", RICH(RUN("a"))), "a\n"},
    {"a type of a later day", BLOCK("hologram", ""), "<!-- hologram -->\n"},
    {"a type that is no name", "{\"type\":\"--> x\"}", "<!-- unknown -->\n"},
    {"no type at all", "{\"id\":\"a\"}", "<!-- unknown -->\n"},

    {"marks",
     PARAGRAPH(MARKED("a", "bold") "," RUN(" ") "," MARKED("b", "italic") "," RUN(" ") "," MARKED(
         "c", "strikethrough") "," RUN(" ") "," MARKED("d", "code")),
     "**a** *b* ~~c~~ `d`\n"},
    {"underlined", PARAGRAPH(MARKED("a", "underline")), "<u>a</u>\n"},
    {"blanks stand outside of marks", PARAGRAPH(RUN("a") "," MARKED(" b ", "bold") "," RUN("c")),
     "a **b** c\n"},
    {"a mark of blanks alone is none", PARAGRAPH(RUN("a") "," MARKED(" ", "bold") "," RUN("b")),
     "a b\n"},
    {"marks that go on",
     PARAGRAPH("{\"plain_text\":\"a\",\"annotations\":{\"bold\":true}},"
               "{\"plain_text\":\"b\",\"annotations\":{\"bold\":true,\"italic\":true}},"
               "{\"plain_text\":\"c\",\"annotations\":{\"italic\":true}}"),
     "**a*b***<!-- -->*c*\n"},
    {"a mark between a letter and a full stop",
     PARAGRAPH(RUN("a") "," MARKED("(b)", "bold") "," RUN("c")), "a<!-- -->**(b)**<!-- -->c\n"},
    {"a mark beside letters", PARAGRAPH(RUN("a") "," MARKED("b", "bold") "," RUN("c")),
     "a**b**c\n"},
    {"runs that differ in colour alone are one",
     PARAGRAPH("{\"plain_text\":\"a\",\"annotations\":{\"code\":true,\"color\":\"red\"}},"
               "{\"plain_text\":\"b\",\"annotations\":{\"code\":true}}"),
     "`ab`\n"},
    {"code with backticks", PARAGRAPH(MARKED("a`b", "code") "," RUN(" ") "," MARKED("`", "code")),
     "``a`b`` `` ` ``\n"},
    {"a link", PARAGRAPH(RUN("see ") "," LINK("it", "https://a.example/b c")),
     "see [it](https://a.example/b%20c)\n"},
    {"a link behind an exclamation mark is no image",
     PARAGRAPH(RUN("Look!") "," LINK("a", "https://a.example/*")),
     "Look\\![a](https://a.example/\\*)\n"},
    {"two links side by side",
     PARAGRAPH(LINK("a", "https://a.example") "," LINK("b", "https://b.example")),
     "[a](https://a.example)[b](https://b.example)\n"},
    {"mathematics within a line",
     PARAGRAPH("{\"type\":\"equation\",\"plain_text\":\"a_1*b\",\"annotations\":{}}"), "$a_1*b$\n"},
    {"what would be Markdown is escaped", PARAGRAPH(RUN("*a* `b` [c] <d> &amp; \\\\")),
     "\\*a\\* \\`b\\` \\[c\\] \\<d> \\&amp; \\\\\n"},
    {"what would not is left", PARAGRAPH(RUN("snake_case 1 < 2 AT&T a~b x|y -")),
     "snake_case 1 < 2 AT&T a~b x|y -\n"},
    {"starts of lines", PARAGRAPH(RUN("# a")) "," PARAGRAPH(RUN("- b")) "," PARAGRAPH(RUN("12. c")),
     "\\# a\n\n\\- b\n\n12\\. c\n"},
    {"a heading that ends in its own mark", BLOCK("heading_1", RICH(RUN("a #"))), "# a \\#\n"},
    {"starts of lines behind blanks", PARAGRAPH(RUN("a\\n 1. b")), "a\\\n 1\\. b\n"},
    {"a tilde that is struck out", PARAGRAPH(MARKED("~a", "strikethrough")), "~~\\~a~~\n"},
    {"a number is no list", PARAGRAPH(RUN("12 c. 3. d")), "12 c. 3. d\n"},
};

/* The tree of blocks that the API would give level by level. */
static ds_notion_body_blocks tree_of(const ds_json *list, int depth)
{
    ds_notion_body_blocks blocks = {0};

    ds_notion_body_add(&blocks, list, scratch);
    for (size_t i = 0; i < blocks.n; i++) {
        const ds_json *json = blocks.items[i].json;
        const char *type = ds_json_text(json, "type");
        const ds_json *below = type ? ds_json_get(ds_json_get(json, type), "children") : NULL;

        if (below && depth < DS_NOTION_BODY_DEPTH)
            blocks.items[i].below = tree_of(below, depth + 1);
    }
    return blocks;
}

static const char *markdown_of(const char *json)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *list = ds_json_read(scratch, json, strlen(json), &err);
    DS_AUTO_BUF(out, DS_MIB);
    ds_notion_body_blocks blocks;

    if (!list)
        fail_msg("%s: %s", json, err.text);
    blocks = tree_of(list, 1);
    ds_notion_body_text(&blocks, scratch, &out);
    assert_false(out.overflow);
    return ds_arena_strdup(scratch, out.n ? out.data : "");
}

static void steps(void **state)
{
    const struct row *row = *state;

    assert_string_equal(markdown_of(ds_arena_printf(scratch, "[%s]", row->blocks)), row->text);
}

static void deep_ones_end(void **state)
{
    const char *json = ITEM("x", "");

    (void)state;
    for (int i = 0; i < 14; i++)
        json = ds_arena_printf(scratch, BLOCK("quote", RICH(RUN("q")) ",\"children\":[%s]"), json);
    assert_non_null(strstr(markdown_of(ds_arena_printf(scratch, "[%s]", json)),
                           "> > > > > > > > > > > > > > - x\n"));
}

static void what_does_not_fit_is_told(void **state)
{
    const char *json = "[" PARAGRAPH(RUN("more than four bytes")) "]";
    ds_err err = DS_ERR_INIT;
    const ds_json *list = ds_json_read(scratch, json, strlen(json), &err);
    ds_notion_body_blocks blocks = tree_of(list, 1);
    DS_AUTO_BUF(out, 4);

    (void)state;
    ds_notion_body_text(&blocks, scratch, &out);
    assert_true(out.overflow);
}

static void what_is_within(void **state)
{
    static const struct {
        const char *json;
        bool below;
    } blocks[] = {{"{\"type\":\"toggle\",\"has_children\":true}", true},
                  {"{\"type\":\"toggle\",\"has_children\":false}", false},
                  {"{\"type\":\"child_page\",\"has_children\":true}", false},
                  {"{\"type\":\"child_database\",\"has_children\":true}", false}};

    (void)state;
    for (size_t i = 0; i < DS_COUNT(blocks); i++) {
        ds_err err = DS_ERR_INIT;
        const ds_json *json = ds_json_read(scratch, blocks[i].json, strlen(blocks[i].json), &err);

        assert_int_equal(ds_notion_body_has_below(json), blocks[i].below);
    }
}

int main(void)
{
    add_table(rows, steps);
    add_test(deep_ones_end);
    add_test(what_does_not_fit_is_told);
    add_test(what_is_within);
    return run_tests("notion bodies");
}
