/* src/config/route.c - one entry of `routes`. */
#include "config/load.h"

#include <string.h>

#define NAME_MAX_BYTES ((size_t)64)

typedef struct entry { /* what was written */
    const ds_member *source, *destination, *fields, *where, *transform, *owns, *create_only,
        *missing, *limits, *pace, *cron, *zone, *quiet;
    const char *stamp, *write, *verify;
    int64_t every_ms, full_every_ms;
} entry;

#define MEMBER(name_)                                                                              \
    {                                                                                              \
        .name = #name_, .type = DS_KEY_MEMBER, .offset = offsetof(entry, name_)                    \
    }
#define LATER(name_)                                                                               \
    {                                                                                              \
        .name = #name_, .type = DS_KEY_LATER                                                       \
    }

static const ds_key keys[] = {
    {.name = "source", .type = DS_KEY_MEMBER, .offset = offsetof(entry, source), .required = true},
    {.name = "destination",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, destination),
     .required = true},
    {.name = "every",
     .type = DS_KEY_DURATION,
     .offset = offsetof(entry, every_ms),
     .min = DS_SECOND_MS,
     .max = DS_EVERY_MAX_MS},
    MEMBER(cron),
    MEMBER(zone),
    MEMBER(quiet),
    {.name = "full_every",
     .type = DS_KEY_DURATION,
     .offset = offsetof(entry, full_every_ms),
     .min = DS_SECOND_MS,
     .max = DS_EVERY_MAX_MS},
    MEMBER(fields),
    MEMBER(where),
    MEMBER(transform),
    MEMBER(owns),
    MEMBER(create_only),
    {.name = "stamp", .type = DS_KEY_TEXT, .offset = offsetof(entry, stamp)},
    {.name = "write",
     .type = DS_KEY_CHOICE,
     .offset = offsetof(entry, write),
     .choices = "changed|always"},
    {.name = "verify",
     .type = DS_KEY_CHOICE,
     .offset = offsetof(entry, verify),
     .choices = "never|all"},
    MEMBER(pace),
    MEMBER(missing),
    MEMBER(limits),
    {.name = NULL},
};

static void check_name(ds_load *ld, const ds_member *m)
{
    size_t n = strspn(m->name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    if (!n || m->name[n] || n > NAME_MAX_BYTES)
        ds_issue(ld->issues, m->at, "\"%.80s\" cannot name a route: 1 to %zu of a-z, 0-9 and \"-\"",
                 m->name, NAME_MAX_BYTES);
}

/* A list of properties that is not empty; false: not given, or an issue. */
static bool read_names(ds_load *ld, const ds_member *m, ds_texts *out)
{
    if (!m || !ds_read_texts(ld, m, out))
        return false;
    return out->n || ds_issue(ld->issues, m->value->at, "%s: nothing in it", m->name);
}

static void read_sides(ds_load *ld, const entry *e, ds_route *route)
{
    ds_side source = {0}, destination = {0};

    if (e->source && ds_side_read(ld, e->source, DS_SOURCE, route->name, &source))
        route->source_settings = source.settings;
    if (e->destination &&
        ds_side_read(ld, e->destination, DS_DESTINATION, route->name, &destination)) {
        route->destination_settings = destination.settings;
        route->identity = destination.destination->identity(destination.settings, ld->arena);
    }
    route->source = source.source;
    route->destination = destination.destination;
}

ds_route *ds_route_read(ds_load *ld, const ds_member *m)
{
    ds_route *route = ds_new_in(ld->arena, ds_route);
    entry e = {
        .every_ms = DS_INTERVAL_DEFAULT_MS, .full_every_ms = DS_DAY_MS, .write = "", .verify = ""};

    route->name = m->name;
    route->at = m->at;
    route->limit_changes = -1;
    check_name(ld, m);
    if (!ds_read_map(ld, m, "a table with a source and a destination"))
        return route;
    (void)!ds_schema_read(ld, m, keys, &e);
    route->every_ms = e.every_ms;
    route->full_every_ms = e.full_every_ms;
    ds_schedule_read(ld, m->value, route);
    route->stamp = e.stamp;
    route->write_always = !strcmp(e.write, "always");
    route->verify_all = !strcmp(e.verify, "all");
    read_sides(ld, &e, route);
    ds_fields_read(ld, e.fields, route);
    ds_where_read(ld, e.where, route);
    ds_transform_read(ld, e.transform, route);
    route->has_owns = read_names(ld, e.owns, &route->owns);
    (void)!read_names(ld, e.create_only, &route->create_only);
    ds_missing_read(ld, e.missing, route);
    ds_limits_read(ld, e.limits, route);
    ds_pace_read(ld, e.pace, route);
    ds_columns_check(ld, m->value, route);
    return route;
}
