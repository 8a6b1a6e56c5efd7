/* tests/unit/test_notion_markdown.c - Markdown as blocks of Notion, and the requests they travel
 * in. */
#include "support/run.h"

#include "connectors/notion/blocks.h"

#include <stdio.h>
#include <string.h>

/* All blocks as one list, as a request without limits of its own would hold them. */
static const char *as_json(const char *markdown)
{
    ds_notion_blocks blocks;
    size_t from = 0, n, top;
    const char *json;

    ds_notion_markdown(markdown, strlen(markdown), scratch, &blocks);
    json = ds_notion_blocks_next(&blocks, &from, DS_NOTION_ROOM, scratch, &n, &top);
    assert_int_equal(from, blocks.n);
    return json ? json : "";
}

#define RUN(text_) "{\"text\":{\"content\":\"" text_ "\"}}"
#define LOOKS(text_, looks_)                                                                       \
    "{\"text\":{\"content\":\"" text_ "\"},\"annotations\":{\"" looks_ "\":true}}"
#define P(runs_) "[{\"paragraph\":{\"rich_text\":[" runs_ "]}}]"

static const struct sample {
    const char *name, *markdown, *json;
} samples[] = {
    {"nothing", "", ""},
    {"blanks", "\n \n", ""},
    {"a soft line break", "a\nb", P(RUN("a b"))},
    {"two blanks are a line break", "a  \nb", P(RUN("a\\nb"))},
    {"a backslash is a line break", "a\\\nb", P(RUN("a\\nb"))},
    {"more than one of them", "a\\\n\\\nb", P(RUN("a\\n\\nb"))},
    {"a backslash that nothing follows", "a\\\n\nb\\\\\nc",
     "[{\"paragraph\":{\"rich_text\":[" RUN("a\\\\") "]}},{\"paragraph\":{\"rich_text\":[" RUN(
         "b\\\\ c") "]}}]"},
    {"a heading", "# One #", "[{\"heading_1\":{\"rich_text\":[" RUN("One") "]}}]"},
    {"a deep heading", "#### Four", "[{\"heading_3\":{\"rich_text\":[" RUN("Four") "]}}]"},
    {"no heading", "#none", P(RUN("#none"))},
    {"an underlined heading", "One\n===", "[{\"heading_1\":{\"rich_text\":[" RUN("One") "]}}]"},
    {"one underlined by dashes", "Two\n---", "[{\"heading_2\":{\"rich_text\":[" RUN("Two") "]}}]"},
    {"a formula stays text", "$x^2$", P(RUN("$x^2$"))},
    {"a divider", "* * *", "[{\"divider\":{}}]"},
    {"a quote", "> a\n> b", "[{\"quote\":{\"rich_text\":[" RUN("a\\nb") "]}}]"},
    {"code", "```py\na\n  b\n```",
     "[{\"code\":{\"language\":\"python\",\"rich_text\":[" RUN("a\\n  b") "]}}]"},
    {"code without an end", "~~~\nopen",
     "[{\"code\":{\"language\":\"plain text\",\"rich_text\":[" RUN("open") "]}}]"},
    {"indented code", "    code",
     "[{\"code\":{\"language\":\"plain text\",\"rich_text\":[" RUN("code") "]}}]"},
    {"code keeps its tabs", "```\n\ta\n\t\tb\n\n```",
     "[{\"code\":{\"language\":\"plain text\",\"rich_text\":[" RUN("\\ta\\n\\t\\tb\\n") "]}}]"},
    {"code that a tab indents", "\t\tcode",
     "[{\"code\":{\"language\":\"plain text\",\"rich_text\":[" RUN("\\tcode") "]}}]"},
    {"a tab that is a part of the indentation", "- a\n\n  ```\n\tb\n  \tc\n  ```",
     "[{\"bulleted_list_item\":{\"rich_text\":[" RUN(
         "a") "],\"children\":["
              "{\"code\":{\"language\":\"plain text\",\"rich_text\":[" RUN("  b\\n\\tc") "]}}]}}]"},
    {"lines that end in two characters", "a  \r\nb\\\r\nc\r\nd", P(RUN("a\\nb\\nc d"))},
    {"tasks", "- [ ] open\n- [x] done",
     "[{\"to_do\":{\"checked\":false,\"rich_text\":[" RUN(
         "open") "]}},"
                 "{\"to_do\":{\"checked\":true,\"rich_text\":[" RUN("done") "]}}]"},
    {"a task of nothing", "- [ ]", "[{\"to_do\":{\"checked\":false,\"rich_text\":[]}}]"},
    {"a quote with line breaks", "> a\\\n> b  \n> c",
     "[{\"quote\":{\"rich_text\":[" RUN("a\\nb\\nc") "]}}]"},
    {"lists in lists", "1. a\n   - b\n2. c",
     "[{\"numbered_list_item\":{\"rich_text\":[" RUN(
         "a") "],\"children\":["
              "{\"bulleted_list_item\":{\"rich_text\":[" RUN(
                  "b") "]}}]}},"
                       "{\"numbered_list_item\":{\"rich_text\":[" RUN("c") "]}}]"},
    {"a paragraph in a list", "- a\n\n  more\n\nout",
     "[{\"bulleted_list_item\":{\"rich_text\":[" RUN(
         "a") "],\"children\":["
              "{\"paragraph\":{\"rich_text\":[" RUN("more") "]}}]}},"
                                                            "{\"paragraph\":{\"rich_text\":[" RUN(
                                                                "out") "]}}]"},
    {"a table", "| a | b |\n|---|:-:|\n| c\\|d |",
     "[{\"table\":{\"table_width\":2,\"has_column_header\":true,\"children\":["
     "{\"table_row\":{\"cells\":[[" RUN("a") "],[" RUN("b") "]]}},"
                                                            "{\"table_row\":{\"cells\":[[" RUN(
                                                                "c|d") "],[]]}}]}}]"},
    {"a table with a bar in code", "| `a\\|b` \\\\ |\n|---|",
     "[{\"table\":{\"table_width\":1,\"has_column_header\":true,\"children\":["
     "{\"table_row\":{\"cells\":[[" LOOKS("a|b", "code") "," RUN(" \\\\") "]]}}]}}]"},
    {"an image", "![alt](https://x.org/i.png)",
     "[{\"image\":{\"external\":{\"url\":\"https://x.org/i.png\"},\"caption\":[" RUN("alt") "]}}]"},
    {"an image with escapes and marks in its words", "![a\\*b **c**](https://x.org/i.png)",
     "[{\"image\":{\"external\":{\"url\":\"https://x.org/i.png\"},\"caption\":[" RUN(
         "a*b ") "," LOOKS("c", "bold") "]}}]"},
    {"an image without words", "![](https://x.org/i.png)",
     "[{\"image\":{\"external\":{\"url\":\"https://x.org/i.png\"},\"caption\":[]}}]"},
    {"an image of nowhere", "![alt](i.png)", P(RUN("alt"))},
    /* within a line */
    {"bold and italic", "**b** *i* __b__ _i_",
     P(LOOKS("b", "bold") "," RUN(" ") "," LOOKS("i", "italic") "," RUN(" ") "," LOOKS(
         "b", "bold") "," RUN(" ") "," LOOKS("i", "italic"))},
    {"struck out, and open code", "~~s~~ `c``", P(LOOKS("s", "strikethrough") "," RUN(" `c``"))},
    {"code with a backtick", "`` a`b ``", P(LOOKS("a`b", "code"))},
    {"marks within code are none", "**`a**`** *b `*`*",
     P("{\"text\":{\"content\":\"a**\"},\"annotations\":{\"bold\":true,\"code\":true}}," RUN(
         " ") "," LOOKS("b ", "italic") ",{\"text\":{\"content\":\"*\"},\"annotations\":{"
                                        "\"italic\":true,\"code\":true}}")},
    {"bold italic", "***x***",
     P("{\"text\":{\"content\":\"x\"},\"annotations\":{\"bold\":true,\"italic\":true}}")},
    {"marks that are none", "snake_case_name 2 * 3 * 4", P(RUN("snake_case_name 2 * 3 * 4"))},
    {"escapes and entities", "\\*not\\* &amp; **open", P(RUN("*not* & **open"))},
    {"links", "[t](https://x.org/a_b) <https://y.org>",
     P("{\"text\":{\"content\":\"t\",\"link\":{\"url\":\"https://x.org/a_b\"}}}," RUN(
         " ") ",{\"text\":{\"content\":\"https://y.org\",\"link\":{\"url\":\"https://y.org\"}}}")},
    {"a link with an escape in it, and code with brackets", "[`[`](https://x.org/a\\_b\\)c)",
     P("{\"text\":{\"content\":\"[\",\"link\":{\"url\":\"https://x.org/"
       "a_b)c\"}},\"annotations\":{\"code\":true}}")},
    {"a link to nowhere, and an open one", "[t](#here) [open", P(RUN("t") "," RUN(" [open"))},
    {"a badge", "[![b](https://x.org/b.svg)](https://x.org)",
     P("{\"text\":{\"content\":\"b\",\"link\":{\"url\":\"https://x.org\"}}}")},
    {"a comment", "a<!-- *b*\n c -->d <!---->e", P(RUN("ad e"))},
    {"nothing but a comment", "<!-- a -->\n\n<!-- b -->", ""},
    {"a comment without an end", "a <!-- b", P(RUN("a <!-- b"))},
    {"breaks of HTML", "a<br>b<br/>c<br />d", P(RUN("a\\nb\\nc\\nd"))},
    {"underlined", "<u>a *b*</u> <u>c",
     P(LOOKS("a ",
             "underline") ",{\"text\":{\"content\":\"b\"},"
                          "\"annotations\":{\"italic\":true,\"underline\":true}}," RUN(" <u>c"))},
    {"HTML", "<b>html</b>", P(RUN("<b>html</b>"))},
};

static void sample_is(void **state)
{
    const struct sample *s = *state;

    assert_string_equal(as_json(s->markdown), s->json);
}

static void add_many(ds_buf *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        ds_buf_text(out, text);
}

/* What a request may hold; true where it may. */
static void must_fit(const ds_json *list, int depth, size_t *blocks)
{
    assert_true(depth < 3 && ds_json_size(list) <= 100);
    DS_JSON_EACH (list, block) {
        ds_json_iter it = ds_json_iterate(block);
        const ds_json *content = ds_json_next(&it), *children = ds_json_get(content, "children");

        ++*blocks;
        assert_true(ds_json_size(ds_json_get(content, "rich_text")) <= 100);
        if (children)
            must_fit(children, depth + 1, blocks);
    }
}

/* Requests that the text takes. */
static size_t requests_for(const char *markdown, size_t n)
{
    ds_notion_blocks blocks;
    size_t from = 0, requests = 0, bytes, top;
    const char *json;
    ds_err err = DS_ERR_INIT;

    ds_notion_markdown(markdown, n, scratch, &blocks);
    while ((json = ds_notion_blocks_next(&blocks, &from, DS_NOTION_ROOM, scratch, &bytes, &top))) {
        const ds_json *list = ds_json_read(scratch, json, bytes, &err);
        size_t count = 0;

        assert_non_null(list);
        assert_int_equal(ds_json_size(list), top);
        assert_true(bytes <= DS_NOTION_ROOM);
        must_fit(list, 0, &count);
        assert_true(count <= 1000);
        requests++;
    }
    assert_int_equal(from, blocks.n);
    return requests;
}

static void requests_keep_their_limits(void **state)
{
    static const struct {
        const char *first, *then;
        size_t times, requests;
    } all[] = {
        {"", "p\n\n", 100, 1},
        {"", "p\n\n", 101, 2},
        {"", "- a\n  - b\n    - c\n      - d\n", 300, 0},
        {"- a\n", "  - b\n", 250, 0},
        {"|a|\n|-|\n", "|b|\n", 450, 0},
        {"", "**a** ", 5000, 0},
        {"", "[a](https://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) ", 9000, 0},
        {"|a|\n|-|\n|", "**b** ", 3000, 0},
        {"", "\x01", 400000, 0},
        {"```\n", "0123456789\n", 60000, 0},
        {"", "[", 100000, 0},
        {"", "*a **b _c __d ~~e `f ", 20000, 0},
        {"", "<a", 100000, 0},
        {"", "<!-- <u>", 60000, 0},
    };

    (void)state;
    for (size_t i = 0; i < DS_COUNT(all); i++) {
        DS_AUTO_BUF(text, 4 * DS_MIB);
        size_t requests;

        ds_buf_text(&text, all[i].first);
        add_many(&text, all[i].then, all[i].times);
        requests = requests_for(text.data, text.n);
        if (all[i].requests)
            assert_int_equal(requests, all[i].requests);
    }
}

static void languages(void **state)
{
    (void)state;
    assert_string_equal(ds_notion_language("C", 1), "c");
    assert_string_equal(ds_notion_language("yml", 3), "yaml");
    assert_string_equal(ds_notion_language("brainfog", 8), "plain text");
    assert_string_equal(ds_notion_language("", 0), "plain text");
}

int main(void)
{
    add_table(samples, sample_is);
    add_test(requests_keep_their_limits);
    add_test(languages);
    return run_tests("Markdown for Notion");
}
