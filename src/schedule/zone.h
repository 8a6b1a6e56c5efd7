/* src/schedule/zone.h
 *
 * Time zones as plain data: which offset from UTC holds when.  They are read from the system's TZif
 * files (RFC 8536) by a reader of our own, since libc's knows one zone a process and keeps it in
 * global variables.  A zone lives in the arena it was made in and never changes.
 */
#ifndef DS_SCHEDULE_ZONE_H
#define DS_SCHEDULE_ZONE_H

#include <durable_sync/base.h>

#define DS_ZONE_DIRECTORY "/usr/share/zoneinfo"
#define DS_ZONE_LOCAL "/etc/localtime"
#define DS_ZONE_EVER (INT64_C(1) << 52) /* seconds; beyond every time there is */

typedef struct ds_zone ds_zone;

typedef struct ds_span {     /* a time in which one offset holds */
    int64_t from_s, until_s; /* UTC; -DS_ZONE_EVER and DS_ZONE_EVER: open */
    int64_t offset_s;        /* local time is UTC and this */
    int64_t before_s;        /* the offset that held before from_s */
} ds_span;

const ds_zone *ds_zone_utc(void); /* needs no file */
/* "Europe/Berlin" below `dir`. The error has a guess at what was meant. */
DS_MUST_USE const ds_zone *ds_zone_named(const char *dir, const char *name, ds_arena *a,
                                         ds_err *err);
/* The machine's own, at `path`; named after the zone it links to, else "local". Where there is no
 * such file the machine is on UTC. */
DS_MUST_USE const ds_zone *ds_zone_local(const char *path, ds_arena *a, ds_err *err);
/* A zone from the bytes of a TZif file. */
DS_MUST_USE const ds_zone *ds_zone_parse(const char *name, const void *bytes, size_t n, ds_arena *a,
                                         ds_err *err);

const char *ds_zone_name(const ds_zone *zone);
/* "2026-03-29 06:00 Europe/Berlin", for people. */
const char *ds_zone_text(const ds_zone *zone, int64_t utc_ms, ds_arena *a);
ds_span ds_zone_span(const ds_zone *zone, int64_t utc_s); /* the one that utc_s is in */

#endif
