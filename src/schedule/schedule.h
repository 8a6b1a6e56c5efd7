/* src/schedule/schedule.h
 *
 * When a route's passes begin by themselves: at the times of a cron expression or (without one)
 * with the interval that the unit counts, but not within its quiet hours.
 */
#ifndef DS_SCHEDULE_SCHEDULE_H
#define DS_SCHEDULE_SCHEDULE_H

#include "schedule/cron.h"

#define DS_DAY_MINUTES 1440

typedef struct ds_quiet { /* bit n: the n-th minute of a day by the clock */
    uint64_t minutes[(DS_DAY_MINUTES + 63) / 64];
} ds_quiet;

typedef struct ds_schedule {
    const char *cron; /* as it was written; NULL: by interval */
    ds_cron times;    /* with `cron` */
    const ds_zone *zone;
    bool has_quiet;
    ds_quiet quiet;
} ds_schedule;

/* Adds "22:00-06:00"; over midnight where it ends before it begins. */
DS_MUST_USE bool ds_quiet_add(ds_quiet *quiet, const char *text, ds_err *err);
/* No minute is left in which something could begin. */
bool ds_quiet_is_all_day(const ds_quiet *quiet);

/* For all of these NULL is a route with an interval and without quiet hours. */

/* When the quiet hours end that at_ms is in; 0: it is in none. */
int64_t ds_schedule_quiet_until(const ds_schedule *s, int64_t at_ms);
/* The next begin after after_ms by cron; one in quiet hours is at their end. 0: there is none, or
 * no cron. */
int64_t ds_schedule_next(const ds_schedule *s, int64_t after_ms);

#endif
