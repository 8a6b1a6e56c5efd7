/* src/config/sketch.h
 *
 * The inside of the JSON Schema: the pieces (sketch.c), the shapes of the tables (jsonschema.c) and
 * the connectors (jsonschema_kinds.c).  ds_sk_X writes members into the object that is open.
 */
#ifndef DS_CONFIG_SKETCH_H
#define DS_CONFIG_SKETCH_H

#include "config/tables.h"
#include "json/member.h"

#define DS_SCALARS "string|number|boolean" /* as types: what counts as text */

typedef struct ds_sketch {
    ds_json_writer *w;
    ds_arena *a;
    const ds_connectors *connectors;
} ds_sketch;

/* An object: a member of that name, or an entry where the name is NULL. */
void ds_sk_begin(ds_sketch *s, const char *name);
void ds_sk_end(ds_sketch *s);
void ds_sk_begin_list(ds_sketch *s, const char *name);
void ds_sk_end_list(ds_sketch *s);
/* What stands between the two, or a reference that will stand for it. */
void ds_sk_begin_any(ds_sketch *s);
void ds_sk_end_any(ds_sketch *s);

void ds_sk_ref(ds_sketch *s, const char *definition);
void ds_sk_rules(ds_sketch *s, const char *rules); /* members that a table has as JSON */
void ds_sk_help(ds_sketch *s, const char *help, const char *fallback);
/* A list of texts; `names` are separated by '|'. */
void ds_sk_names(ds_sketch *s, const char *list, const char *names);
void ds_sk_choice(ds_sketch *s, const char *choices);
void ds_sk_pattern(ds_sketch *s, const char *pattern);
void ds_sk_duration(ds_sketch *s, int64_t min);
void ds_sk_names_list(ds_sketch *s, bool may_be_empty);

void ds_sk_shape(ds_sketch *s, const ds_shape *shape);
void ds_sk_key(ds_sketch *s, const ds_key *key); /* a member of its name */

void ds_sk_kinds(ds_sketch *s, ds_shape_type type); /* a kind, and by it one of the definitions */
void ds_sk_kind_definitions(ds_sketch *s);
/* A route may not ask its destination for what that cannot do. */
void ds_sk_abilities(ds_sketch *s);

#endif
