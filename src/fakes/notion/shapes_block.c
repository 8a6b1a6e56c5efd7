/* src/fakes/notion/shapes_block.c - the shapes of blocks, and what a block of each type holds. */
#include "fakes/notion/shape_table.h"

#include <string.h>

static const ds_shape children = {.kind = DS_SHAPE_BLOCKS};
static const ds_shape text_color = WORD(ds_shape_text_colors);
static const char *const languages[] = {"abap",
                                        "abc",
                                        "agda",
                                        "arduino",
                                        "ascii art",
                                        "assembly",
                                        "bash",
                                        "basic",
                                        "bnf",
                                        "c",
                                        "c#",
                                        "c++",
                                        "clojure",
                                        "coffeescript",
                                        "coq",
                                        "css",
                                        "dart",
                                        "dhall",
                                        "diff",
                                        "docker",
                                        "ebnf",
                                        "elixir",
                                        "elm",
                                        "erlang",
                                        "f#",
                                        "flow",
                                        "fortran",
                                        "gherkin",
                                        "glsl",
                                        "go",
                                        "graphql",
                                        "groovy",
                                        "haskell",
                                        "hcl",
                                        "html",
                                        "idris",
                                        "java",
                                        "javascript",
                                        "json",
                                        "julia",
                                        "kotlin",
                                        "latex",
                                        "less",
                                        "lisp",
                                        "livescript",
                                        "llvm ir",
                                        "lua",
                                        "makefile",
                                        "markdown",
                                        "markup",
                                        "matlab",
                                        "mathematica",
                                        "mermaid",
                                        "nix",
                                        "notion formula",
                                        "objective-c",
                                        "ocaml",
                                        "pascal",
                                        "perl",
                                        "php",
                                        "plain text",
                                        "powershell",
                                        "prolog",
                                        "protobuf",
                                        "purescript",
                                        "python",
                                        "r",
                                        "racket",
                                        "reason",
                                        "ruby",
                                        "rust",
                                        "sass",
                                        "scala",
                                        "scheme",
                                        "scss",
                                        "shell",
                                        "smalltalk",
                                        "solidity",
                                        "sql",
                                        "swift",
                                        "toml",
                                        "typescript",
                                        "vb.net",
                                        "verilog",
                                        "vhdl",
                                        "visual basic",
                                        "webassembly",
                                        "xml",
                                        "yaml",
                                        "java/c/c++/c#",
                                        NULL};
static const ds_shape language = WORD(languages);

/* ---- contents -------------------------------------------------------------------------------- */

#define RICH                                                                                       \
    {                                                                                              \
        "rich_text", &ds_shape_rich_text, DS_REQUIRED                                              \
    }
#define COLOR                                                                                      \
    {                                                                                              \
        "color", &text_color, DS_OPTIONAL                                                          \
    }
#define CHILDREN                                                                                   \
    {                                                                                              \
        "children", &children, DS_OPTIONAL                                                         \
    }
#define CAPTION                                                                                    \
    {                                                                                              \
        "caption", &ds_shape_rich_text, DS_OPTIONAL                                                \
    }
#define TYPE                                                                                       \
    {                                                                                              \
        "type", &ds_shape_type, DS_OPTIONAL                                                        \
    }

static const ds_member text_members[] = {RICH, COLOR, CHILDREN};
static const ds_shape text = OBJECT(text_members);
static const ds_member icon_members[] = {
    RICH, COLOR, CHILDREN, {"icon", &ds_shape_icon, DS_OPTIONAL}};
static const ds_shape with_icon = OBJECT(icon_members);
static const ds_member heading_members[] = {
    RICH, COLOR, CHILDREN, {"is_toggleable", &ds_shape_bool, DS_OPTIONAL}};
static const ds_shape heading = OBJECT(heading_members);
static const ds_member todo_members[] = {
    RICH, COLOR, CHILDREN, {"checked", &ds_shape_bool, DS_OPTIONAL}};
static const ds_shape todo = OBJECT(todo_members);
static const ds_member template_members[] = {RICH, CHILDREN};
static const ds_shape template = OBJECT(template_members);
static const ds_member code_members[] = {RICH, CAPTION, {"language", &language, DS_REQUIRED}};
static const ds_shape code = OBJECT(code_members);

static const ds_shape expression = TEXT(1000);
static const ds_member equation_members[] = {{"expression", &expression, DS_REQUIRED}};
static const ds_shape equation = OBJECT(equation_members);
static const ds_member contents_members[] = {COLOR};
static const ds_shape contents = OBJECT(contents_members);

static const ds_member external_members[] = {{"url", &ds_shape_url, DS_REQUIRED}};
static const ds_shape external = OBJECT(external_members);
static const ds_member media_members[] = {TYPE, {"external", &external, DS_VARIANT}, CAPTION};
static const ds_shape media = OBJECT(media_members);
static const ds_member file_members[] = {
    TYPE, {"external", &external, DS_VARIANT}, CAPTION, {"name", &ds_shape_text, DS_OPTIONAL}};
static const ds_shape file = OBJECT(file_members);
static const ds_member link_members[] = {{"url", &ds_shape_url, DS_REQUIRED}, CAPTION};
static const ds_shape link_to = OBJECT(link_members);
static const ds_member page_link_members[] = {
    TYPE, {"page_id", &ds_shape_id, DS_VARIANT}, {"database_id", &ds_shape_id, DS_VARIANT}};
static const ds_shape page_link = OBJECT(page_link_members);

static const ds_shape cells = LIST(ds_shape_rich_text, 100);
static const ds_member row_members[] = {{"cells", &cells, DS_REQUIRED}};
static const ds_shape row = OBJECT(row_members);
static const ds_shape width = {DS_SHAPE_NUMBER, .min = 1, .max = 100};
static const ds_member table_members[] = {{"table_width", &width, DS_REQUIRED},
                                          {"has_column_header", &ds_shape_bool, DS_OPTIONAL},
                                          {"has_row_header", &ds_shape_bool, DS_OPTIONAL},
                                          {"children", &children, DS_REQUIRED}};
static const ds_shape table = OBJECT(table_members);
static const ds_member columns_members[] = {{"children", &children, DS_REQUIRED}};
static const ds_shape columns = OBJECT(columns_members);
static const ds_member column_members[] = {{"children", &children, DS_REQUIRED},
                                           {"width_ratio", &ds_shape_number, DS_OPTIONAL}};
static const ds_shape column = OBJECT(column_members);

static const ds_member origin_members[] = {TYPE, {"block_id", &ds_shape_id, DS_VARIANT}};
static const ds_shape origin = OBJECT_OR_NULL(origin_members);
static const ds_member synced_members[] = {{"synced_from", &origin, DS_REQUIRED}, CHILDREN};
static const ds_shape synced = OBJECT(synced_members);

/* ---- blocks ---------------------------------------------------------------------------------- */

static const char *const blocks_are[] = {"block", NULL};
static const ds_shape object = WORD(blocks_are);

#define BLOCK_TYPES                                                                                \
    {"paragraph", &with_icon, DS_VARIANT}, {"heading_1", &heading, DS_VARIANT},                    \
        {"heading_2", &heading, DS_VARIANT}, {"heading_3", &heading, DS_VARIANT},                  \
        {"heading_4", &heading, DS_VARIANT}, {"bulleted_list_item", &text, DS_VARIANT},            \
        {"numbered_list_item", &text, DS_VARIANT}, {"quote", &text, DS_VARIANT},                   \
        {"to_do", &todo, DS_VARIANT}, {"toggle", &text, DS_VARIANT},                               \
        {"callout", &with_icon, DS_VARIANT}, {"template", &template, DS_VARIANT},                  \
        {"code", &code, DS_VARIANT}, {"equation", &equation, DS_VARIANT},                          \
        {"divider", &ds_shape_empty, DS_VARIANT}, {"breadcrumb", &ds_shape_empty, DS_VARIANT},     \
        {"table_of_contents", &contents, DS_VARIANT}, {"embed", &link_to, DS_VARIANT},             \
        {"bookmark", &link_to, DS_VARIANT}, {"image", &media, DS_VARIANT},                         \
        {"video", &media, DS_VARIANT}, {"pdf", &media, DS_VARIANT}, {"audio", &media, DS_VARIANT}, \
        {"file", &file, DS_VARIANT}, {"link_to_page", &page_link, DS_VARIANT},                     \
        {"table", &table, DS_VARIANT}, {"table_row", &row, DS_VARIANT},                            \
        {"column_list", &columns, DS_VARIANT}, {"column", &column, DS_VARIANT},                    \
    {                                                                                              \
        "synced_block", &synced, DS_VARIANT                                                        \
    }

static const ds_member block_members[] = {
    {"object", &object, DS_OPTIONAL}, {"type", &ds_shape_type, DS_OPTIONAL}, BLOCK_TYPES};
const ds_shape ds_shape_block = OBJECT(block_members);

const ds_shape *ds_shape_block_content(const char **name)
{
    for (size_t i = 0; i < DS_COUNT(block_members); i++) {
        if (block_members[i].need != DS_VARIANT || strcmp(block_members[i].name, *name) != 0)
            continue;
        *name = block_members[i].name;
        return block_members[i].shape;
    }
    return NULL;
}

/* An update names one type or none. Its content is held against the type's shape, in blocks.c. */
static const ds_member update_members[] = {{"in_trash", &ds_shape_bool, DS_OPTIONAL},
                                           {"archived", &ds_shape_bool, DS_OPTIONAL},
                                           {"type", &ds_shape_type, DS_OPTIONAL},
                                           BLOCK_TYPES};
const ds_shape ds_shape_update_block = {DS_SHAPE_OBJECT, .may_lack = true,
                                        .members = update_members, .n = DS_COUNT(update_members)};

static const ds_shape list = {.kind = DS_SHAPE_BLOCKS};
static const char *const places[] = {"start", "end", "after_block", NULL};
static const ds_shape place = WORD(places);
static const ds_member behind_members[] = {{"id", &ds_shape_id, DS_REQUIRED}};
static const ds_shape behind = OBJECT(behind_members);
static const ds_member position_members[] = {{"type", &place, DS_REQUIRED},
                                             {"after_block", &behind, DS_OPTIONAL}};
static const ds_shape position = OBJECT(position_members);
static const ds_member append_members[] = {{"children", &list, DS_REQUIRED},
                                           {"position", &position, DS_OPTIONAL},
                                           {"after", &ds_shape_id, DS_OPTIONAL}};
const ds_shape ds_shape_append = OBJECT(append_members);
