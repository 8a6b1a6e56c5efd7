/* src/config/route.c - one entry of `routes`. */
#include "config/load.h"

#include <string.h>

#define NAME_MAX_BYTES ((size_t)64)

typedef struct entry { /* what was written */
    const ds_member *source, *destination, *fields, *body, *where, *transform, *owns, *create_only,
        *missing, *limits, *pace, *cron, *zone, *quiet;
    const char *stamp, *write, *verify;
    int64_t every_ms, full_every_ms;
} entry;

static const ds_shape source_shape = {.type = DS_SHAPE_SOURCE, .takes = "a kind and its settings"};
static const ds_shape destination_shape = {.type = DS_SHAPE_DESTINATION,
                                           .takes = "a kind and its settings"};
static const ds_shape zone_shape = {.type = DS_SHAPE_TEXT, .takes = "the name of a time zone"};
static const ds_shape program_shape = {.type = DS_SHAPE_TEXT, .takes = "a jq program"};
static const ds_shape names_shape = {.type = DS_SHAPE_NAMES, .takes = "a list of names"};

static const ds_key keys[] = {
    {.name = "source",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, source),
     .required = true,
     .shape = &source_shape,
     .help = "where the records come from: `kind` and that connector's settings"},
    {.name = "destination",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, destination),
     .required = true,
     .shape = &destination_shape,
     .help = "where they are kept mirrored: `kind` and that connector's settings"},
    {.name = "every",
     .type = DS_KEY_DURATION,
     .offset = offsetof(entry, every_ms),
     .min = DS_SECOND_MS,
     .max = DS_EVERY_MAX_MS,
     .fallback = "30m",
     .help = "time between passes"},
    {.name = "cron",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, cron),
     .shape = &ds_shape_cron,
     .fallback = "none",
     .help =
         "the times at which passes begin, in place of `every`: minute, hour, day of the month, "
         "month, day of the week; `0 6 * * 1-5` is six in the morning of working days"},
    {.name = "zone",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, zone),
     .shape = &zone_shape,
     .fallback = "the machine's own",
     .help = "the time zone of `cron` and `quiet`: `Europe/Berlin`"},
    {.name = "quiet",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, quiet),
     .shape = &ds_shape_quiet,
     .fallback = "none",
     .help =
         "hours in which no pass begins by itself: `22:00-06:00`; one that is due then begins at "
         "their end"},
    {.name = "full_every",
     .type = DS_KEY_DURATION,
     .offset = offsetof(entry, full_every_ms),
     .min = DS_SECOND_MS,
     .max = DS_EVERY_MAX_MS,
     .fallback = "1d",
     .help = "a source that can list changes reads everything this often and only changes in "
             "between; others always read everything"},
    {.name = "fields",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, fields),
     .shape = &ds_shape_fields,
     .fallback = "all, under the same names",
     .help = "which properties the destination gets, and from what"},
    {.name = "body",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, body),
     .shape = &ds_shape_body,
     .fallback = "the source's own, where it has bodies",
     .help = "what the record's body is made of, such as the text of a page; it takes what a line "
             "of `fields` takes"},
    {.name = "where",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, where),
     .shape = &ds_shape_where,
     .fallback = "all records",
     .help = "which records to keep, by their properties at the source"},
    {.name = "transform",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, transform),
     .shape = &program_shape,
     .fallback = "none",
     .help = "a jq program over the whole mapped record `{primary_key, properties, body}`; null or "
             "nothing (`select`) drops it"},
    {.name = "owns",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, owns),
     .shape = &names_shape,
     .fallback = "what it maps",
     .help = "the destination's properties that this route may touch; each property has one owner"},
    {.name = "create_only",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, create_only),
     .shape = &names_shape,
     .fallback = "none",
     .help = "properties that are written when a row is created, and never again"},
    {.name = "stamp",
     .type = DS_KEY_TEXT,
     .offset = offsetof(entry, stamp),
     .fallback = "none",
     .help = "a property that takes the time of every other write of its row; never written alone"},
    {.name = "write",
     .type = DS_KEY_CHOICE,
     .offset = offsetof(entry, write),
     .choices = "changed|always",
     .fallback = "changed",
     .help = "`always` writes unchanged records too"},
    {.name = "verify",
     .type = DS_KEY_CHOICE,
     .offset = offsetof(entry, verify),
     .choices = "never|all",
     .fallback = "never",
     .help = "`all` reads unchanged rows again in each full pass and mends what others changed"},
    {.name = "pace",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, pace),
     .shape = &ds_shape_pace,
     .fallback = "unlimited",
     .help = "the most writes in a time"},
    {.name = "missing",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, missing),
     .shape = &ds_shape_missing,
     .fallback = "ignore",
     .help = "what becomes of rows that this route made and that are gone from the source: "
             "`ignore`, `archive` or `delete` them; `{mark: PROPERTY}` sets a property of theirs "
             "to true; acted on "
             "after a complete full pass only"},
    {.name = "limits",
     .type = DS_KEY_MEMBER,
     .offset = offsetof(entry, limits),
     .shape = &ds_shape_limits,
     .fallback = "none",
     .help = "how much one pass may change before it waits for `approve`"},
    {.name = NULL},
};

const ds_shape ds_shape_route = {
    .type = DS_SHAPE_TABLE,
    .takes = "a table with a source and a destination",
    .keys = keys,
    .rules = "\"dependencies\":{\"body\":[\"fields\"]},"
             "\"not\":{\"required\":[\"cron\",\"every\"]},"
             "\"if\":{\"required\":[\"zone\"]},"
             "\"then\":{\"anyOf\":[{\"required\":[\"cron\"]},{\"required\":[\"quiet\"]}]}",
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
        route->identity = ds_route_identity(ld, destination.destination, destination.settings);
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
    ds_body_read(ld, e.body, route);
    route->body_once = !strcmp(ds_body_choice(route), "create");
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
