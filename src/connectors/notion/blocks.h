/* src/connectors/notion/blocks.h
 *
 * A body: Markdown on our side, blocks on Notion's.
 *
 * Blocks are kept in a row, each with its depth, and made into as many requests as the limits ask
 * for: 100 blocks in a list, three lists deep, 1,000 in all.  What lies deeper, or would be the
 * 101st of its list, comes as the next block of a list that has room: nothing is left out, and the
 * order stays.
 */
#ifndef DS_CONNECTORS_NOTION_BLOCKS_H
#define DS_CONNECTORS_NOTION_BLOCKS_H

#include "connectors/notion/encode.h"

#define DS_NOTION_DEPTHS 3u /* lists in lists in one request */

typedef struct ds_notion_block {
    const char *open; /* "paragraph":{"rich_text":[...]   without the brace that ends it */
    size_t open_n;
    unsigned depth;
    unsigned blocks; /* it counts for: a table with its rows */
    bool nests;      /* others may lie in it */
} ds_notion_block;

typedef struct ds_notion_blocks {
    ds_arena *arena;
    ds_notion_block *at;
    size_t n, cap;
    /* of the last block at each depth */
    size_t last[DS_NOTION_DEPTHS], children[DS_NOTION_DEPTHS];
    bool nests[DS_NOTION_DEPTHS];
    size_t group_blocks, group_bytes; /* since the last one at depth 0 */
} ds_notion_blocks;

/* ---- markdown.c ------------------------------------------------------------------------------ */

/* `text` and what is made of it live in `a`. */
void ds_notion_markdown(const char *text, size_t n, ds_arena *a, ds_notion_blocks *out);

/* ---- blocks.c -------------------------------------------------------------------------------- */

/* `depth` is what is wished for. */
void ds_notion_blocks_add(ds_notion_blocks *b, const char *open, size_t open_n, unsigned depth,
                          unsigned blocks, bool nests);
/* The next ones, from *from on, as a JSON list of at most `room` bytes; moves *from. *top is how
 * many of them lie in no other. NULL: none are left, or the next one needs more room. */
const char *ds_notion_blocks_next(const ds_notion_blocks *b, size_t *from, size_t room, ds_arena *a,
                                  size_t *n, size_t *top);
#define DS_NOTION_ROOM ((size_t)450000) /* of a request: Notion takes 500 KB */

/* ---- inline.c -------------------------------------------------------------------------------- */

enum {
    DS_NOTION_BOLD = 1,
    DS_NOTION_ITALIC = 2,
    DS_NOTION_STRIKE = 4,
    DS_NOTION_CODE = 8,
    DS_NOTION_UNDERLINE = 16,
};

typedef struct ds_notion_run {
    const char *text;
    size_t n;
    unsigned looks;
    const char *link; /* NULL: none */
} ds_notion_run;

typedef struct ds_notion_line { /* text in runs, in `arena` */
    ds_arena *arena;
    ds_notion_run *runs;
    size_t n, cap;
} ds_notion_line;

/* Markdown within a paragraph. */
void ds_notion_inline(const char *text, size_t n, ds_notion_line *out);
void ds_notion_line_add(ds_notion_line *line, ds_notion_run run);
/* Writes runs from *at on, as many as one block takes; moves *at. */
void ds_notion_line_write(const ds_notion_line *line, size_t *at, ds_json_writer *w);
/* The target of `[text](target "title")` at a "(", in `a`; *end behind the ")". NULL: it is none.
 */
const char *ds_notion_target(const char *text, const char *stop, const char **end, ds_arena *a);
/* The "]" that belongs to a "[" just before `text`. NULL: none near. */
const char *ds_notion_bracket(const char *text, const char *stop);

/* ---- language.c ------------------------------------------------------------------------------ */

/* The name that Notion has for the language of a code block; "plain text" where it has none. */
const char *ds_notion_language(const char *name, size_t n);

#endif
