/* src/connectors/notion/body.h
 *
 * A page's blocks as Markdown (CommonMark with the tables, tasks and strikethrough of GitHub).  No
 * I/O: the blocks have been read.  The same blocks give the same text, whenever they are read: a
 * file that Notion keeps has an address that changes with each answer, so it comes without its
 * signature.
 */
#ifndef DS_CONNECTORS_NOTION_BODY_H
#define DS_CONNECTORS_NOTION_BODY_H

#include <durable_sync/json.h>

#define DS_NOTION_BODY_DEPTH 16 /* levels of blocks within blocks; below them nothing is read */

typedef struct ds_notion_body_block ds_notion_body_block;

typedef struct ds_notion_body_blocks {
    ds_notion_body_block *items;
    size_t n, cap;
} ds_notion_body_blocks;

struct ds_notion_body_block {
    const ds_json *json;         /* as the API shows it */
    ds_notion_body_blocks below; /* what stands within it */
};

/* Adds all of a list, in its order; valid until the next one is added to the same. */
void ds_notion_body_add(ds_notion_body_blocks *to, const ds_json *list, ds_arena *a);
/* What stands within the block is part of this page: a page or a database is not. */
bool ds_notion_body_has_below(const ds_json *block);

/* Appends the text, with a line feed at its end where there is any. */
void ds_notion_body_text(const ds_notion_body_blocks *page, ds_arena *a, ds_buf *out);

/* ---- body_line.c: text within a line ------------------------------------------------------------
 */

typedef enum ds_notion_body_how {
    DS_NOTION_BODY_FLOWING, /* a line feed is a hard break */
    DS_NOTION_BODY_SINGLE,  /* a heading: a line feed is a blank */
    DS_NOTION_BODY_CELL,    /* of a table: a line feed is <br>, and | is escaped */
} ds_notion_body_how;

/* Rich text with its marks. What would be Markdown by accident is escaped. */
void ds_notion_body_line(const ds_json *rich, ds_notion_body_how how, ds_arena *a, ds_buf *out);
/* One text without marks, escaped likewise. */
void ds_notion_body_escape(const char *text, ds_notion_body_how how, ds_buf *out);
/* An address as it stands between ( and ). */
void ds_notion_body_address(const char *url, ds_buf *out);
/* A list of rich text without any marks or escapes: code. */
void ds_notion_body_raw(const ds_json *rich, ds_buf *out);

#endif
