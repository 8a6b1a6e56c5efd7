/* src/config/toml.h
 *
 * TOML, as far as the profiles of Temporal's own tools need it: tables, dotted and quoted names,
 * text of all four kinds, true and false.  Numbers, dates and lists are stepped over and kept as
 * they stand; what is no TOML is an error with its line.
 */
#ifndef DS_CONFIG_TOML_H
#define DS_CONFIG_TOML_H

#include <durable_sync/base.h>

#define DS_TOML_DEPTH_MAX ((size_t)16)
#define DS_TOML_BYTES_MAX DS_MIB

typedef enum ds_toml_kind {
    DS_TOML_TABLE, /* its own header, or an empty {} */
    DS_TOML_TEXT,
    DS_TOML_TRUTH, /* "true" or "false" */
    DS_TOML_OTHER, /* a number, a date, a list: as written */
} ds_toml_kind;

typedef struct ds_toml_item {
    const char *const *path; /* the names of the tables it is in, then its own */
    size_t path_n;
    ds_toml_kind kind;
    char *text; /* the value; wiped by ds_toml_wipe */
    int line;
} ds_toml_item;

typedef struct ds_toml {
    ds_toml_item *items; /* in the order of the file */
    size_t n, cap;
} ds_toml;

/* Everything in `a`. CONFIG: "line 3: ..."; never quotes a value. */
DS_MUST_USE bool ds_toml_read(const char *text, size_t n, ds_arena *a, ds_toml *out, ds_err *err);
void ds_toml_wipe(ds_toml *doc); /* the values, which may be secrets */

#endif
