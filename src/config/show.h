/* src/config/show.h - a line of the configuration with a caret under the place that is meant. */
#ifndef DS_CONFIG_SHOW_H
#define DS_CONFIG_SHOW_H

#include "base/route.h"
#include <durable_sync/base.h>

typedef struct ds_span {
    ds_at from, to; /* `to` is behind the last character */
} ds_span;

typedef struct ds_shown {
    const char *path; /* NULL: there is no file */
    const char *text; /* of the file */
    size_t n;
    ds_span *hidden;
    size_t hidden_n;
    const char *const *secret_names; /* settings with secret values, ended by NULL */
} ds_shown;

/* "FILE:LINE:COL: text"; passwords in addresses are left out, control characters replaced. */
void ds_shown_head(const ds_shown *shown, ds_at at, const char *text, ds_buf *out);
/* The line and the caret; nothing where there is no such line. */
void ds_shown_put(const ds_shown *shown, ds_at at, ds_buf *out);
/* The line without its end, NULL where there is none. Lines end as YAML says they do. */
const char *ds_shown_line(const ds_shown *shown, int line, size_t *n);
/* The place of a byte; behind the last one: of the end. */
ds_at ds_shown_at(const ds_shown *shown, size_t offset);
/* The name is one of secret_names, or has a word such as "token" in it. */
bool ds_shown_is_secret(const ds_shown *shown, const char *name, size_t n);
/* What follows the colon of a name that looks like a secret's; false: no such name on the line. */
bool ds_shown_guess(const ds_shown *shown, int line, ds_span *secret);

#endif
