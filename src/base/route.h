/* src/base/route.h
 *
 * One route as plain data: the configuration fills it, the pass reads it, nobody changes it.
 * All of it lives in the configuration's arena.
 */
#ifndef DS_BASE_ROUTE_H
#define DS_BASE_ROUTE_H

#include "base/transform.h"
#include <durable_sync/base.h>
#include <durable_sync/destination.h>
#include <durable_sync/source.h>
#include <durable_sync/value.h>

typedef struct ds_at { /* where in the configuration; line 0: nowhere (made by the program) */
    int line, col;     /* 1-based */
} ds_at;

typedef enum ds_field_kind { DS_FIELD_FROM, DS_FIELD_VALUE, DS_FIELD_TEMPLATE } ds_field_kind;

typedef struct ds_map_pair {
    const char *from; /* compared with the value's text */
    ds_value to;
} ds_map_pair;

/* One line of `fields`. The value is found (from, value or template), then split, map, as, join are
 * applied in this order, and the default takes the place of absent and null (and of what `map` does
 * not name, where both are given). `map` goes over a list entry by entry. */
typedef struct ds_field {
    const char *to; /* destination property; of a body the name of the setting */
    ds_field_kind kind;
    const char *from;     /* FROM: source property or path */
    ds_value value;       /* VALUE */
    const char *template; /* TEMPLATE: "{owner.login}/{name}"; {{ and }} are braces */
    const char *split;    /* NULL: no */
    const char *join;
    const ds_map_pair *map;
    size_t map_n;
    ds_type as;        /* DS_ABSENT: as it comes */
    ds_value fallback; /* `default`; absent: none */
    ds_at at;
} ds_field;

typedef struct ds_where { /* the property equals one of `any`; null matches absent too */
    const char *name;
    const ds_value *any;
    size_t any_n;
    ds_at at;
} ds_where;

typedef enum ds_missing {
    DS_MISSING_IGNORE,
    DS_MISSING_MARK,
    DS_MISSING_ARCHIVE,
    DS_MISSING_DELETE,
} ds_missing;

typedef struct ds_route {
    const char *name;
    ds_at at;

    const ds_source_ops *source;
    const void *source_settings; /* an instance with its options filled: copied for each use */
    const ds_destination_ops *destination;
    const void *destination_settings;
    const char *identity;        /* the destination's, from its settings */
    const char *destination_key; /* its property that holds the primary key; NULL: none */

    int64_t every_ms; /* by cron: how often its units are listed again after an error */
    const struct ds_schedule *schedule; /* cron and quiet hours; NULL: `every`, at any hour */
    int64_t full_every_ms;
    bool has_fields; /* false: the source's properties under their own names */
    const ds_field *fields;
    size_t fields_n;
    const ds_field *body; /* what the record's body is made of; NULL: the source's own body */
    bool body_once;       /* it is written with a new row alone: another one is no change */
    const ds_where *where;
    size_t where_n;
    const ds_transformer *transformer;
    const char *transform; /* its program; NULL: none */
    bool has_owns;         /* false: owns what it maps */
    ds_texts owns;
    ds_texts create_only;
    const char *stamp; /* property; NULL: none */
    bool write_always;
    bool verify_all;
    double pace;                   /* writes a second; 0: no pace */
    _Atomic int64_t *pace_next_us; /* when the next write of any unit of the route may go out; the
                                      only thing here that changes. NULL: each pass for itself */
    ds_missing missing;
    const char *missing_mark; /* MARK: the property set to true */
    double limit_changes;     /* share of known rows, 0.25; below 0: no limit */

    const char *key_signature; /* `key` of both sides: a change waits for `approve` */
    const char *fingerprint;   /* hex; settings a resumed pass must not see changed */
} ds_route;

#define DS_INTERVAL_DEFAULT_MS (30 * DS_MINUTE_MS)

/* Fresh instances for one pass; free with ds_source_free / ds_destination_free, which also call
 * the connector's close when it was opened. */
ds_source *ds_source_new(const ds_route *route);
void ds_source_free(ds_source *source);
ds_destination *ds_destination_new(const ds_route *route);
void ds_destination_free(ds_destination *destination);

DS_AUTO_DEFINE(ds_source, ds_source_free)
DS_AUTO_DEFINE(ds_destination, ds_destination_free)

#endif
