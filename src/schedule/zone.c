/* src/schedule/zone.c - which offset holds when. */
#include "schedule/zone.h"

#include "base/text.h"
#include "schedule/zone_data.h"

#include <string.h>

const ds_zone *ds_zone_utc(void)
{
    static const ds_zone utc = {.name = "UTC"};

    return &utc;
}

const char *ds_zone_name(const ds_zone *zone)
{
    return zone->name;
}

const char *ds_zone_text(const ds_zone *zone, int64_t utc_ms, ds_arena *a)
{
    int64_t utc_s = ds_floor_div(utc_ms, 1000);
    int64_t local_s = utc_s + ds_zone_span(zone, utc_s).offset_s;
    const char *text = ds_time_text(a, local_s * 1000, false); /* YYYY-MM-DDThh:mm:ssZ */

    return ds_arena_printf(a, "%.10s %.5s %s", text, text + strlen("YYYY-MM-DDT"), zone->name);
}

/* How many rows of the table are not later than utc_s. */
static size_t rows_until(const ds_zone *zone, int64_t utc_s)
{
    size_t low = 0, high = zone->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (zone->at_s[middle] <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The rule counts from the last row on, even where its own last change was before. */
ds_span ds_zone_span(const ds_zone *zone, int64_t utc_s)
{
    size_t k = rows_until(zone, utc_s);
    ds_span rule, span = {
                      .from_s = k ? zone->at_s[k - 1] : -DS_ZONE_EVER,
                      .until_s = k < zone->n ? zone->at_s[k] : DS_ZONE_EVER,
                      .offset_s = k ? zone->offset_s[k - 1] : zone->first_s,
                      .before_s = k > 1 ? zone->offset_s[k - 2] : zone->first_s,
                  };

    if (k < zone->n || !zone->has_rule)
        return span;
    rule = ds_rule_span(&zone->rule, utc_s);
    span.offset_s = rule.offset_s;
    span.until_s = rule.until_s;
    if (rule.from_s > span.from_s) {
        span.from_s = rule.from_s;
        span.before_s = rule.before_s;
    }
    return span;
}
