/* src/fakes/notion/filter_internal.h - a filter once it is read; for filter.c and match.c. */
#ifndef DS_FAKES_NOTION_FILTER_INTERNAL_H
#define DS_FAKES_NOTION_FILTER_INTERNAL_H

#include "fakes/notion/filter.h"

typedef enum ds_ws_operator {
    DS_OP_EQUALS,
    DS_OP_DIFFERS,
    DS_OP_CONTAINS,
    DS_OP_LACKS,
    DS_OP_STARTS,
    DS_OP_ENDS,
    DS_OP_ABOVE,
    DS_OP_BELOW,
    DS_OP_ABOVE_OR_EQUAL,
    DS_OP_BELOW_OR_EQUAL,
    DS_OP_BEFORE,
    DS_OP_AFTER,
    DS_OP_ON_OR_BEFORE,
    DS_OP_ON_OR_AFTER,
    DS_OP_WITHIN, /* this_week and its like */
    DS_OP_EMPTY,
    DS_OP_FILLED,
    DS_OPS,
} ds_ws_operator;

typedef struct ds_ws_condition {
    const ds_ws_property *property; /* NULL: a timestamp of the row itself */
    bool edited;                    /* that timestamp is last_edited_time */
    ds_ws_type as;                  /* compared as a value of this type */
    ds_ws_operator op;
    const char *text; /* folded */
    double real;
    bool yes;
    int64_t from_ms, until_ms; /* a time: the span that it names, the end outside */
    ds_ws_id id;
    const uint16_t *options; /* any of these */
    size_t options_n;
    const char **set; /* texts for EQUALS: open addressing, NULL where free */
    size_t set_cap;   /* a power of two; 0: no set */
} ds_ws_condition;

struct ds_ws_filter {
    enum { DS_FILTER_ALL, DS_FILTER_AND, DS_FILTER_OR, DS_FILTER_ONE } kind;
    const ds_ws_filter *const *parts;
    size_t n;
    ds_ws_condition one;
};

/* Where a text is in a set, or would be. */
size_t ds_ws_set_place(const ds_ws_condition *c, const char *text);

#endif
