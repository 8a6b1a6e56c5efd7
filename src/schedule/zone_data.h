/* src/schedule/zone_data.h - what a zone is made of; for the files of this folder alone. */
#ifndef DS_SCHEDULE_ZONE_DATA_H
#define DS_SCHEDULE_ZONE_DATA_H

#include "schedule/rule.h"

struct ds_zone {
    const char *name;
    int64_t first_s; /* the offset before the table */
    size_t n;        /* rows of the table */
    const int64_t *at_s;
    const int32_t *offset_s; /* from at_s on */
    bool has_rule;           /* for the time after the table */
    ds_rule rule;
};

#endif
