/* src/schedule/rule.h
 *
 * The rule at the end of a TZif file, for all times after its table: "CET-1CEST,M3.5.0,M10.5.0/3".
 */
#ifndef DS_SCHEDULE_RULE_H
#define DS_SCHEDULE_RULE_H

#include "schedule/zone.h"

typedef enum ds_rule_form {
    DS_RULE_JULIAN, /* Jn: day 1 to 365, the 29th of February is never counted */
    DS_RULE_DAY,    /* n: day 0 to 365 */
    DS_RULE_WEEK,   /* Mm.w.d: weekday d of week w (5: the last) of month m */
} ds_rule_form;

typedef struct ds_rule_change {
    ds_rule_form form;
    int month, week, day;
    int64_t at_s; /* on that day, by the clock that is about to change; may be before or after it */
} ds_rule_change;

typedef struct ds_rule {
    int64_t standard_s, summer_s; /* offsets; local time is UTC and this */
    bool changes;                 /* false: standard time all year */
    ds_rule_change to_summer, to_standard;
} ds_rule;

/* false: it is none. */
DS_MUST_USE bool ds_rule_parse(const char *text, ds_rule *out);
ds_span ds_rule_span(const ds_rule *rule, int64_t utc_s);

#endif
