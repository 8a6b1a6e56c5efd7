/* src/fakes/notion/shape.h
 *
 * What a body must look like, as tables, and the words in which Notion says what is wrong with one:
 *
 *     body.children[0].paragraph.rich_text[0].text.content.length should be ≤ `2000`, instead was
 *     `2001`.
 *
 * Shape alone: whether a property exists or an option is known is seen to elsewhere.
 */
#ifndef DS_FAKES_NOTION_SHAPE_H
#define DS_FAKES_NOTION_SHAPE_H

#include "fakes/notion/workspace.h"

typedef enum ds_shape_kind {
    DS_SHAPE_ANY,
    DS_SHAPE_BOOL,
    DS_SHAPE_TRUE,
    DS_SHAPE_NUMBER, /* min and max are its range, when max is not 0 */
    DS_SHAPE_TEXT,   /* max: UTF-16 units; min likewise */
    DS_SHAPE_WORD,   /* one of `words` */
    DS_SHAPE_ID,
    DS_SHAPE_TIME,   /* a date, or a date with a time */
    DS_SHAPE_WHEN,   /* that, or one of ds_shape_relative */
    DS_SHAPE_LIST,   /* of `item`; max: entries */
    DS_SHAPE_BLOCKS, /* a list of blocks: at most 100, three lists deep, 1000 in all */
    DS_SHAPE_MAP,    /* an object whose members are `item`, whatever their names */
    DS_SHAPE_OBJECT,
    DS_SHAPE_EITHER, /* text or a list of texts */
} ds_shape_kind;

typedef struct ds_shape ds_shape;

typedef enum ds_need {
    DS_OPTIONAL,
    DS_REQUIRED,
    DS_VARIANT, /* exactly one of them, and `type`, where given, names it */
} ds_need;

typedef struct ds_member {
    const char *name;
    const ds_shape *shape;
    ds_need need;
} ds_member;

struct ds_shape {
    ds_shape_kind kind;
    bool nullable;
    bool may_lack; /* an object with variants may have none of them */
    bool whole;    /* a number without a fraction */
    double min, max;
    const ds_shape *item;
    const ds_member *members;
    size_t n;                 /* of members */
    const char *const *words; /* NULL at the end */
};

/* `where` is what the value is called: "body". false with why set. */
DS_MUST_USE bool ds_shape_check(const ds_shape *shape, const ds_json *json, const char *where,
                                ds_ws_why *why);
/* As JavaScript counts a text. */
size_t ds_utf16_length(const char *text, size_t n);

typedef struct ds_ws_time {
    int64_t ms;       /* UTC; a date is its midnight */
    bool clock, zone; /* it has a time of day; it says its offset */
} ds_ws_time;

/* "2026-01-31", "2026-01-31T09:30", "2026-01-31T09:30:00.000+02:00"; false: none of these. */
bool ds_ws_time_read(const char *text, ds_ws_time *time);

/* ---- the shapes (shapes.c, shapes_block.c) --------------------------------------------------- */

extern const ds_shape ds_shape_create_page, ds_shape_update_page;
extern const ds_shape ds_shape_query, ds_shape_search, ds_shape_search_old;
extern const ds_shape ds_shape_property_filter, ds_shape_timestamp_filter;
extern const char *const ds_shape_relative[]; /* "today", ... */
extern const ds_shape ds_shape_create_database, ds_shape_create_database_old;
extern const ds_shape ds_shape_update_database, ds_shape_update_database_old;
extern const ds_shape ds_shape_create_source, ds_shape_update_source;
extern const ds_shape ds_shape_append, ds_shape_update_block;
extern const ds_shape ds_shape_block;     /* one block with what is below it */
extern const ds_shape ds_shape_rich_text; /* a list of rich text */
extern const ds_shape ds_shape_icon, ds_shape_cover;
extern const char *const ds_shape_colors[], *const ds_shape_text_colors[];

/* The content of a block type as a shape; NULL: no such type. `name` becomes the constant one. */
const ds_shape *ds_shape_block_content(const char **name);

#endif
