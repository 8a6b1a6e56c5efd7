/* tests/unit/zone_fixture.h - times as text, and zones of this machine. */
#ifndef TESTS_UNIT_ZONE_FIXTURE_H
#define TESTS_UNIT_ZONE_FIXTURE_H

#include "base/text.h"
#include "schedule/schedule.h"
#include "support/run.h"

#include <stdio.h>
#include <string.h>

static inline int64_t at(const char *text)
{
    int64_t ms;

    if (!ds_parse_time(text, &ms))
        fail_msg("%s is no time", text);
    return ms;
}

static inline const ds_zone *zone_named(const char *name)
{
    ds_err err = DS_ERR_INIT;
    const ds_zone *zone = ds_zone_named(DS_ZONE_DIRECTORY, name, scratch, &err);

    if (!zone)
        fail_msg("%s", err.text);
    return zone;
}

/* "-": none. */
static inline const char *time_text(int64_t ms)
{
    return ms ? ds_time_text(scratch, ms, false) : "-";
}

static inline unsigned char *file_bytes(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = ds_arena_zalloc(scratch, 64 * DS_KIB);

    if (!file)
        fail_msg("%s cannot be read", path);
    *n = fread(bytes, 1, 64 * DS_KIB, file);
    fclose(file);
    return bytes;
}

static inline unsigned char *berlin(size_t *n)
{
    return file_bytes(DS_ZONE_DIRECTORY "/Europe/Berlin", n);
}

/* On the heap, so that a byte too many is seen by who looks for such. */

#endif
