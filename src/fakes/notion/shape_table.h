/* src/fakes/notion/shape_table.h - how the tables of shapes are written; for shapes*.c alone. */
#ifndef DS_FAKES_NOTION_SHAPE_TABLE_H
#define DS_FAKES_NOTION_SHAPE_TABLE_H

#include "fakes/notion/shape.h"

#define OBJECT(list)                                                                               \
    {                                                                                              \
        DS_SHAPE_OBJECT, .members = (list), .n = DS_COUNT(list)                                    \
    }
#define OBJECT_OR_NULL(list)                                                                       \
    {                                                                                              \
        DS_SHAPE_OBJECT, .nullable = true, .members = (list), .n = DS_COUNT(list)                  \
    }
#define LIST(entry, most)                                                                          \
    {                                                                                              \
        DS_SHAPE_LIST, .max = (most), .item = &(entry)                                             \
    }
#define TEXT(most)                                                                                 \
    {                                                                                              \
        DS_SHAPE_TEXT, .max = (most)                                                               \
    }
#define TEXT_OR_NULL(most)                                                                         \
    {                                                                                              \
        DS_SHAPE_TEXT, .nullable = true, .max = (most)                                             \
    }
#define WORD(list)                                                                                 \
    {                                                                                              \
        DS_SHAPE_WORD, .words = (list)                                                             \
    }

/* Shapes that need no more than their kind. */
extern const ds_shape ds_shape_any, ds_shape_bool, ds_shape_true, ds_shape_number, ds_shape_text,
    ds_shape_text_or_null, ds_shape_id, ds_shape_empty, ds_shape_type, ds_shape_date,
    ds_shape_page_size, ds_shape_cursor, ds_shape_page_parent, ds_shape_url;

#endif
