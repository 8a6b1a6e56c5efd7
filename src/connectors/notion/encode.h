/* src/connectors/notion/encode.h - neutral values as the API takes them, and what they are cut by.
 */
#ifndef DS_CONNECTORS_NOTION_ENCODE_H
#define DS_CONNECTORS_NOTION_ENCODE_H

#include "connectors/notion/notion.h"

#define DS_NOTION_RUN_UNITS ((size_t)2000) /* of one run of text */
#define DS_NOTION_LIST_MAX ((size_t)100)   /* entries of any list in a request */
#define DS_NOTION_URL_UNITS ((size_t)2000)

typedef enum ds_notion_overflow { /* what is too large for its column */
                                  DS_NOTION_SPLIT,
                                  DS_NOTION_TRUNCATE,
                                  DS_NOTION_HOLD,
} ds_notion_overflow;

typedef struct ds_notion_policy {
    ds_notion_overflow overflow;
    bool create_options; /* an option that a select does not have is made by the write */
} ds_notion_policy;

typedef struct ds_notion_cell {
    const char *json; /* {"rich_text": [...]}: what a property is set to */
    size_t n;
    bool cut; /* TRUNCATE took something away */
} ds_notion_cell;

/* NULL; else why the value does not fit, in `a`: to be read behind the column's name. */
DS_MUST_USE const char *ds_notion_encode(const ds_notion_column *c, ds_value v,
                                         const ds_notion_policy *policy, ds_arena *a,
                                         ds_notion_cell *out);
/* The same for a primary key: the column must give back the very same text. */
DS_MUST_USE const char *ds_notion_key_problem(const ds_notion_column *c, const char *key,
                                              ds_arena *a);
bool ds_notion_can_be_key(ds_notion_type type);

/* ---- text.c ---------------------------------------------------------------------------------- */

/* Lengths are counted in UTF-16 units, as JavaScript does. */
size_t ds_notion_units(const char *text, size_t n);
/* Bytes of the longest beginning of `text` with at most so many units: whole characters. */
size_t ds_notion_prefix(const char *text, size_t n, size_t units);
/* Writes runs of plain text, each within its limit; nothing for "". */
void ds_notion_runs(ds_json_writer *w, const char *text, size_t n);
bool ds_notion_is_web(const char *url); /* an address that Notion takes for a link */

#endif
