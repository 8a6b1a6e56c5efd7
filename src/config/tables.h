/* src/config/tables.h
 *
 * What may stand in a configuration, as data.  The reader (schema.c) goes by the keys; the JSON
 * Schema, the reference pages and the manual are made from keys and shapes, so a setting is written
 * down once.  Whoever adds a key says what it takes and what it is for.
 */
#ifndef DS_CONFIG_TABLES_H
#define DS_CONFIG_TABLES_H

#include "config/config.h"
#include <durable_sync/json.h>

typedef struct ds_shape ds_shape;

typedef enum ds_key_type {
    DS_KEY_MEMBER, /* const ds_member *: read by hand, described by `shape` */
    DS_KEY_TEXT,   /* const char * */
    DS_KEY_DURATION,
    DS_KEY_CHOICE,
} ds_key_type;

typedef struct ds_key {
    const char *name;
    ds_key_type type;
    size_t offset; /* in what is filled */
    bool required;
    const char *choices;   /* CHOICE, separated by '|' */
    int64_t min, max;      /* DURATION */
    const ds_shape *shape; /* MEMBER; may narrow a TEXT */
    const char *fallback;  /* what holds where it is not given, for people; NULL: nothing to say */
    const char *help;      /* in words, `code` in backticks */
} ds_key;

typedef enum ds_shape_type {
    DS_SHAPE_TEXT,     /* text that is not empty, of the form `pattern` where there is one */
    DS_SHAPE_ANY_TEXT, /* may be empty */
    DS_SHAPE_CHOICE,   /* one of `choices` */
    DS_SHAPE_VALUE,    /* true, 5, 1.10, null, text; a list of texts where `list` */
    DS_SHAPE_NAMES,    /* a list of texts, each once */
    DS_SHAPE_LIST,     /* a list of `of`, one at least */
    DS_SHAPE_TABLE,    /* these `keys` */
    DS_SHAPE_MAP,      /* names of the user's own (`pattern`), each with an `of` */
    DS_SHAPE_EITHER,   /* any of `either` */
    DS_SHAPE_SOURCE,   /* a kind and its options: */
    DS_SHAPE_DESTINATION,
    DS_SHAPE_ACCOUNT,
} ds_shape_type;

struct ds_shape {
    ds_shape_type type;
    const char *takes;   /* in a few words: "a list of names" */
    const char *pattern; /* TEXT, MAP: a regular expression as JSON Schema has them */
    const char *choices;
    const ds_key *keys;
    const ds_shape *of;
    const ds_shape *const *either; /* ended by NULL */
    bool list, may_be_empty;
    size_t most; /* of a MAP's entries; 0: any number */
    /* Members of a JSON Schema: of a TABLE what its keys do not say; of a TEXT what may stand there
     * beside text. NULL: none. */
    const char *rules;
};

extern const ds_shape ds_shape_file; /* the whole of it */
extern const ds_shape ds_shape_route, ds_shape_field, ds_shape_fields, ds_shape_body,
    ds_shape_where;
extern const ds_shape ds_shape_cron, ds_shape_quiet, ds_shape_notify, ds_shape_store;
extern const ds_shape ds_shape_engine, ds_shape_temporal_tls;
extern const ds_key ds_engine_keys[];
extern const ds_shape ds_shape_missing, ds_shape_limits, ds_shape_pace;

/* What every source and destination may say beside its options. */
extern const ds_key ds_side_keys[];

typedef struct ds_reference_form { /* ${...} */
    const char *form, *help;
} ds_reference_form;
extern const ds_reference_form ds_reference_forms[]; /* ended by a NULL form */

/* "a text", "a duration from 1s to 3650d", "changed or always": what a key or an option takes. */
const char *ds_key_takes(const ds_key *key, ds_arena *a);
const char *ds_option_takes(const ds_option *option, ds_arena *a);
/* "a, b or c" of "a|b|c". */
const char *ds_choices_text(const char *choices, ds_arena *a);

/* The JSON Schema (draft 7) of a configuration with these connectors. */
void ds_config_schema(const ds_connectors *connectors, ds_arena *a, ds_json_writer *w);

/* The names of the routes in a file, without reading anything else in it and without a word about
 * what is wrong; for completion. */
size_t ds_config_route_names(const char *path, ds_arena *a, const char *const **out);

#endif
