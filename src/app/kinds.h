/* src/app/kinds.h - what there is to say about a connector, for commands and pages alike. */
#ifndef DS_APP_KINDS_H
#define DS_APP_KINDS_H

#include "config/config.h"

typedef struct ds_kind_side { /* a kind as a source or as a destination */
    const char *kind, *role, *help;
    const ds_option *options;
    const ds_source_ops *source; /* one of the two is NULL */
    const ds_destination_ops *destination;
} ds_kind_side;

/* All sides of a kind, sources first; of every kind where it is NULL. */
size_t ds_kind_sides(const ds_connectors *c, const char *kind, ds_arena *a, ds_kind_side **out);

/* What the side can do beyond what every one can, each a phrase; ended by NULL. */
const char *const *ds_kind_abilities(const ds_kind_side *side, ds_arena *a);

const char *ds_promise_text(ds_promise promise); /* "promise A: exactly one row, ..." */

/* What holds where the option is not given: "none", "required", "$TOKEN", its default. */
const char *ds_option_default(const ds_option *option, const ds_option *all, ds_arena *a);

#endif
