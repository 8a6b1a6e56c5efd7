/* tests/cli/cron_times.c
 *
 * For test_times.py: reads lines of zone, expression and a time in seconds since 1970, separated by
 * tabs, and writes the next time of each, "-" where there is none.
 */
#include "schedule/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool answer(char *line, ds_arena *a, ds_err *err)
{
    const char *zone_name = strsep(&line, "\t"), *text = strsep(&line, "\t");
    const ds_zone *zone;
    ds_cron cron;
    int64_t next_ms;

    if (!line)
        return ds_fail(err, DS_ERR_CONFIG, "a line has three fields");
    zone = ds_zone_named(DS_ZONE_DIRECTORY, zone_name, a, err);
    if (!zone || !ds_cron_parse(text, &cron, err))
        return false;
    next_ms = ds_cron_next(&cron, zone, strtoll(line, NULL, 10) * 1000);
    if (next_ms)
        printf("%lld\n", (long long)(next_ms / 1000));
    else
        puts("-");
    return true;
}

int main(void)
{
    ds_arena *a = ds_arena_new();
    ds_err err = DS_ERR_INIT;
    char line[1024];
    bool ok = true;

    while (ok && fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        ok = answer(line, a, &err);
        ds_arena_reset(a);
    }
    if (!ok)
        fprintf(stderr, "%s\n", err.text);
    ds_arena_free(a);
    return ok ? 0 : 1;
}
