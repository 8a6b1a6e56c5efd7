/* src/schedule/cron.h
 *
 * Cron expressions as sets, and the next time one names by the clock of a zone.
 *
 *   minute 0-59, hour 0-23, day of the month 1-31, month 1-12 or jan-dec, day of the week 0-7 or
 *   sun-sat (0 and 7 are Sunday); each a list of numbers, ranges (1-5) and *, ranges and * with a
 *   step (1-31/2); or @hourly, @daily, @weekly, @monthly, @yearly
 *
 * Where neither day begins with a *, either will do, else both must fit: as in every cron.
 */
#ifndef DS_SCHEDULE_CRON_H
#define DS_SCHEDULE_CRON_H

#include "schedule/zone.h"

#define DS_CRON_BYTES_MAX ((size_t)256)

typedef struct ds_cron { /* bit n: the n-th minute, hour, ... */
    uint64_t minutes;
    uint32_t hours, days, months, weekdays;
    bool any_day, any_weekday; /* begins with a * */
} ds_cron;

/* An expression that never comes (the 30th of February) is an error as well. */
DS_MUST_USE bool ds_cron_parse(const char *text, ds_cron *out, ds_err *err);

/* The first time after after_ms; 0: there is none for 50 years.
 *
 * Where the clock is put forward, a time that it leaves out comes at the moment of the jump; where
 * it is put back, a time that it shows twice comes the first time. So whatever names some hours of
 * the day comes as often as it says. What comes in every hour follows the clock instead: it leaves
 * out what is left out and comes twice in an hour that is there twice. */
int64_t ds_cron_next(const ds_cron *cron, const ds_zone *zone, int64_t after_ms);

#endif
