/* src/connectors/notion/language.c - languages of code blocks: Notion takes these and no others. */
#include "connectors/notion/blocks.h"

#include <string.h>
#include <strings.h>

static const char *const names[] = {
    "abap",         "abc",          "agda",       "arduino",     "ascii art", "assembly",
    "bash",         "basic",        "bnf",        "c",           "c#",        "c++",
    "clojure",      "coffeescript", "coq",        "css",         "dart",      "dhall",
    "diff",         "docker",       "ebnf",       "elixir",      "elm",       "erlang",
    "f#",           "flow",         "fortran",    "gherkin",     "glsl",      "go",
    "graphql",      "groovy",       "haskell",    "hcl",         "html",      "idris",
    "java",         "javascript",   "json",       "julia",       "kotlin",    "latex",
    "less",         "lisp",         "livescript", "llvm ir",     "lua",       "makefile",
    "markdown",     "markup",       "matlab",     "mathematica", "mermaid",   "nix",
    "objective-c",  "ocaml",        "pascal",     "perl",        "php",       "plain text",
    "powershell",   "prolog",       "protobuf",   "purescript",  "python",    "r",
    "racket",       "reason",       "ruby",       "rust",        "sass",      "scala",
    "scheme",       "scss",         "shell",      "smalltalk",   "solidity",  "sql",
    "swift",        "toml",         "typescript", "vb.net",      "verilog",   "vhdl",
    "visual basic", "webassembly",  "xml",        "yaml"};

static const char *const other_names[][2] = {{"asm", "assembly"},
                                             {"cc", "c++"},
                                             {"cpp", "c++"},
                                             {"cs", "c#"},
                                             {"csharp", "c#"},
                                             {"clj", "clojure"},
                                             {"console", "shell"},
                                             {"cxx", "c++"},
                                             {"dockerfile", "docker"},
                                             {"fsharp", "f#"},
                                             {"golang", "go"},
                                             {"h", "c"},
                                             {"hpp", "c++"},
                                             {"hs", "haskell"},
                                             {"js", "javascript"},
                                             {"json5", "json"},
                                             {"jsonc", "json"},
                                             {"jsx", "javascript"},
                                             {"kt", "kotlin"},
                                             {"make", "makefile"},
                                             {"md", "markdown"},
                                             {"ml", "ocaml"},
                                             {"objc", "objective-c"},
                                             {"pl", "perl"},
                                             {"proto", "protobuf"},
                                             {"ps1", "powershell"},
                                             {"py", "python"},
                                             {"rb", "ruby"},
                                             {"rs", "rust"},
                                             {"sh", "shell"},
                                             {"shell-session", "shell"},
                                             {"terraform", "hcl"},
                                             {"tex", "latex"},
                                             {"tf", "hcl"},
                                             {"ts", "typescript"},
                                             {"tsx", "typescript"},
                                             {"wasm", "webassembly"},
                                             {"yml", "yaml"},
                                             {"zsh", "shell"}};

static bool same(const char *known, const char *name, size_t n)
{
    return strlen(known) == n && strncasecmp(known, name, n) == 0;
}

const char *ds_notion_language(const char *name, size_t n)
{
    for (size_t i = 0; i < DS_COUNT(names); i++)
        if (same(names[i], name, n))
            return names[i];
    for (size_t i = 0; i < DS_COUNT(other_names); i++)
        if (same(other_names[i][0], name, n))
            return other_names[i][1];
    return "plain text";
}
